//! Trees: tuples, lists and dicts, nested, with arrays as leaves. What autograd calls containers.
//!
//! A tree is a *form* (what is nested in what, under which keys) and its leaves, in the order of the form; dicts are
//! ordered by their keys. Forms are shared, so a tree like another one is a list of leaves and a count. Leaves may be
//! boxed at any level: the engine knows nothing of trees, and an operator on functions of trees ([`mod@derive`]) is the
//! operator on functions of their leaves.
//!
//! Depth and size of a form have bounds, so walking it may recurse.

pub mod derive;
pub mod equations;
pub mod jacobian;
pub mod leaves;
mod list;

use crate::error::{Error, Result, excerpt};
use crate::kernels::memory::try_list;
use crate::trace::Array;
use list::List;
pub use list::trim;
use smallvec::SmallVec;
use std::rc::Rc;

/// Containers inside of containers.
pub const MAX_DEPTH: usize = 64;
/// Containers and leaves of one tree.
pub const MAX_NODES: usize = 1 << 24;

/// What a tree is at its root. The numbers are those of the C constants `AG_LEAF` to `AG_DICT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Kind {
    Leaf = 0,
    Tuple = 1,
    List = 2,
    Dict = 3,
}

/// The structure of a tree without its leaves; `None` is a leaf.
#[derive(Clone, Default)]
pub struct Form(Option<Rc<Node>>);

struct Node {
    kind: Kind,
    /// Of a dict, ascending.
    keys: Vec<Box<str>>,
    items: Vec<Form>,
    /// Leaves up to the end of each item.
    ends: Vec<usize>,
    nodes: usize,
    depth: usize,
}

/// Leaves of which a list needs no question.
const FEW: usize = 1024;

/// The leaves of a tree, or of several.
pub type Leaves = SmallVec<[Array; 1]>;

/// Some trees.
pub type Trees = SmallVec<[Tree; 4]>;

/// A form with its leaves.
#[derive(Clone, Default)]
pub struct Tree {
    form: Form,
    leaves: List,
}

impl Form {
    pub fn kind(&self) -> Kind {
        self.0.as_ref().map_or(Kind::Leaf, |n| n.kind)
    }

    /// The number of items; 0 of a leaf.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |n| n.items.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of leaves.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, |n| n.ends.last().copied().unwrap_or(0))
    }

    fn nodes(&self) -> usize {
        self.0.as_ref().map_or(1, |n| n.nodes)
    }

    fn depth(&self) -> usize {
        self.0.as_ref().map_or(0, |n| n.depth)
    }

    fn new(kind: Kind, keys: Vec<Box<str>>, items: Vec<Form>) -> Result<Form> {
        let nodes = items.iter().fold(1, |n: usize, f| n.saturating_add(f.nodes()));
        let depth = 1 + items.iter().map(Form::depth).max().unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err(Error::value(format!("containers are nested {depth} deep, {MAX_DEPTH} is the most")));
        }
        if nodes > MAX_NODES {
            return Err(Error::memory(format!("a tree has {nodes} items, {MAX_NODES} is the most")));
        }
        let mut end = 0;
        let ends = items.iter().map(|f| (end += f.count(), end).1).collect();
        Ok(Form(Some(Rc::new(Node { kind, keys, items, ends, nodes, depth }))))
    }

    /// The items with the ranges of their leaves.
    fn items(&self) -> impl Iterator<Item = (&Form, std::ops::Range<usize>)> {
        let (items, ends) = self.0.as_ref().map_or((&[][..], &[][..]), |n| (&n.items[..], &n.ends[..]));
        items.iter().zip(ends).map(|(f, &end)| (f, end - f.count()..end))
    }

    /// How item `i` is called: the key of a dict, else the number.
    pub fn name(&self, i: usize) -> String {
        self.key(i).map_or_else(|| i.to_string(), String::from)
    }

    /// The form of item `i`.
    pub fn item(&self, i: usize) -> Option<&Form> {
        self.0.as_ref()?.items.get(i)
    }

    /// The key of item `i` of a dict.
    pub fn key(&self, i: usize) -> Option<&str> {
        self.0.as_ref()?.keys.get(i).map(|k| &**k)
    }

    /// The number of the item called `name`.
    fn find(&self, name: &str) -> Option<usize> {
        let node = self.0.as_ref()?;
        match node.kind {
            Kind::Dict => node.keys.binary_search_by(|k| (**k).cmp(name)).ok(),
            _ => name.parse().ok().filter(|&i: &usize| i < node.items.len() && !name.starts_with('+')),
        }
    }

    /// Where leaf `i` is: the names of the items on the way, `layers/0/w`. Empty for a tree that is a leaf.
    pub fn path(&self, mut i: usize) -> String {
        let (mut form, mut path) = (self, String::new());
        while let Some(node) = &form.0 {
            let k = node.ends.partition_point(|&end| end <= i);
            if !path.is_empty() {
                path.push('/');
            }
            path += &form.name(k);
            i -= node.ends[k] - node.items[k].count();
            form = &node.items[k];
        }
        path
    }

    /// This form with another one in place of each leaf.
    pub fn graft(&self, leaf: &Form) -> Result<Form> {
        let Some(node) = &self.0 else { return Ok(leaf.clone()) };
        let items: Result<Vec<Form>> = node.items.iter().map(|f| f.graft(leaf)).collect();
        Form::new(node.kind, node.keys.clone(), items?)
    }

    /// The first place where two forms differ, in words; `None` if they don't.
    pub fn difference(&self, other: &Form) -> Option<String> {
        let mut path = Vec::new();
        let (expected, got) = self.differs(other, &mut path)?;
        path.reverse();
        let place = if path.is_empty() { "the root".to_string() } else { path.join("/") };
        Some(format!("at {}: expected {}, got {}", excerpt(&place), expected.describe(), got.describe()))
    }

    /// The two forms there; the names on the way from there to the root go to `path`.
    fn differs<'f>(&'f self, other: &'f Form, path: &mut Vec<String>) -> Option<(&'f Form, &'f Form)> {
        let (a, b) = match (&self.0, &other.0) {
            (None, None) => return None,
            (Some(a), Some(b)) if Rc::ptr_eq(a, b) => return None,
            (Some(a), Some(b)) if a.kind == b.kind && a.keys == b.keys && a.items.len() == b.items.len() => (a, b),
            _ => return Some((self, other)),
        };
        for (i, (f, g)) in a.items.iter().zip(&b.items).enumerate() {
            if let difference @ Some(_) = f.differs(g, path) {
                path.push(self.name(i));
                return difference;
            }
        }
        None
    }

    /// The root in a few words.
    pub fn describe(&self) -> String {
        const SHOWN: usize = 6;
        let Some(node) = &self.0 else { return "an array".into() };
        match node.kind {
            Kind::Dict if node.keys.is_empty() => "an empty dict".into(),
            Kind::Dict => {
                let mut keys: Vec<&str> = node.keys.iter().take(SHOWN).map(|k| &**k).collect();
                if node.keys.len() > SHOWN {
                    keys.push("...");
                }
                format!("a dict with the keys {}", excerpt(&keys.join(", ")))
            }
            kind => {
                let kind = if kind == Kind::Tuple { "tuple" } else { "list" };
                format!("a {kind} of {}", node.items.len())
            }
        }
    }
}

impl From<Array> for Tree {
    fn from(x: Array) -> Tree {
        Tree { form: Form::default(), leaves: List::from_iter([x]) }
    }
}

impl Tree {
    /// The leaves of `form`, as many as it has.
    pub fn new(form: Form, leaves: impl IntoIterator<Item = Array>) -> Tree {
        let leaves: List = leaves.into_iter().collect();
        debug_assert_eq!(form.count(), leaves.len());
        Tree { form, leaves }
    }

    /// A tuple or list.
    pub fn sequence(kind: Kind, items: Vec<Tree>) -> Result<Tree> {
        debug_assert!(matches!(kind, Kind::Tuple | Kind::List));
        Tree::container(kind, Vec::new(), items)
    }

    /// A dict. Keys are texts without `/`, each there once.
    pub fn dict(mut items: Vec<(Box<str>, Tree)>) -> Result<Tree> {
        items.sort_by(|a, b| a.0.cmp(&b.0));
        for (i, (key, _)) in items.iter().enumerate() {
            if key.is_empty() || key.contains('/') {
                return Err(Error::value(format!(
                    "the key \"{}\" is empty or has a / in it, which separates keys",
                    excerpt(key)
                )));
            }
            if i > 0 && items[i - 1].0 == *key {
                return Err(Error::value(format!("the key \"{}\" is there twice", excerpt(key))));
            }
        }
        let (keys, items) = items.into_iter().unzip();
        Tree::container(Kind::Dict, keys, items)
    }

    fn container(kind: Kind, keys: Vec<Box<str>>, items: Vec<Tree>) -> Result<Tree> {
        let form = Form::new(kind, keys, items.iter().map(|t| t.form.clone()).collect())?;
        let leaves = items.iter().flat_map(|t| t.leaves.iter().cloned());
        let count = items.iter().map(|t| t.leaves.len()).sum();
        if count <= FEW {
            return Ok(Tree { form, leaves: leaves.collect() });
        }
        // Trees in trees grow quickly: the same tree may be there several times.
        let no_memory = || Error::memory(format!("no memory for a tree of {count} leaves"));
        let mut list = try_list(count).ok_or_else(no_memory)?;
        list.extend(leaves);
        Ok(Tree { form, leaves: List::of(list) })
    }

    pub fn form(&self) -> &Form {
        &self.form
    }

    pub fn leaves(&self) -> &[Array] {
        &self.leaves
    }

    /// The leaves, to be replaced by others.
    pub fn leaves_mut(&mut self) -> &mut [Array] {
        self.leaves.make_mut()
    }

    /// The leaves by themselves.
    pub fn into_leaves(self) -> Leaves {
        self.leaves.take()
    }

    /// The array of a tree that is a leaf.
    pub fn array(&self) -> Option<&Array> {
        if self.form.0.is_none() { self.leaves.first() } else { None }
    }

    /// Item `i`, counted from the end if it is negative.
    pub fn item(&self, i: i64) -> Result<Tree> {
        let n = self.form.len();
        let k = usize::try_from(if i < 0 { i.saturating_add(n as i64) } else { i }).ok().filter(|&k| k < n);
        let found = k.and_then(|k| self.form.items().nth(k));
        let (form, range) =
            found.ok_or_else(|| Error::index(format!("index {i} is out of range for {}", self.form.describe())))?;
        Ok(Tree { form: form.clone(), leaves: self.leaves[range].iter().cloned().collect() })
    }

    /// The tree at `path`: keys and numbers of items with `/` between them.
    pub fn get(&self, path: &str) -> Result<Tree> {
        let (mut form, mut start) = (&self.form, 0);
        for name in path.split('/') {
            let found = form.find(name).and_then(|i| form.items().nth(i));
            let (item, range) = found.ok_or_else(|| {
                Error::index(format!("no \"{}\" of \"{}\" in {}", excerpt(name), excerpt(path), form.describe()))
            })?;
            (form, start) = (item, start + range.start);
        }
        Ok(Tree { form: form.clone(), leaves: self.leaves[start..start + form.count()].iter().cloned().collect() })
    }

    /// A tree of the same form.
    pub fn with(&self, leaves: impl IntoIterator<Item = Array>) -> Tree {
        Tree::new(self.form.clone(), leaves)
    }

    /// The items, taken apart.
    pub fn items(&self) -> impl Iterator<Item = Tree> {
        self.form
            .items()
            .map(|(form, range)| Tree { form: form.clone(), leaves: self.leaves[range].iter().cloned().collect() })
    }

    /// As Python writes it, an item on each line; `leaf` writes an array, of several lines perhaps.
    pub fn text(&self, leaf: &mut impl FnMut(&Array) -> Result<String>) -> Result<String> {
        let mut out = String::new();
        write(&self.form, &self.leaves, 0, &mut out, leaf)?;
        Ok(out)
    }
}

fn write(
    form: &Form,
    leaves: &[Array],
    column: usize,
    out: &mut String,
    leaf: &mut impl FnMut(&Array) -> Result<String>,
) -> Result<()> {
    let newline = |column: usize| format!("\n{:column$}", "");
    let (open, close) = match form.kind() {
        Kind::Leaf => {
            out.push_str(&leaf(&leaves[0])?.replace('\n', &newline(column)));
            return Ok(());
        }
        // A tuple of one has a comma, as in Python.
        Kind::Tuple if form.len() == 1 => ("(", ",)"),
        Kind::Tuple => ("(", ")"),
        Kind::List => ("[", "]"),
        Kind::Dict => ("{", "}"),
    };
    out.push_str(open);
    for (i, (item, range)) in form.items().enumerate() {
        if i > 0 {
            out.push(',');
            out.push_str(&newline(column + 1));
        }
        let key = form.key(i).map_or_else(String::new, |k| format!("'{}': ", k.escape_debug()));
        out.push_str(&key);
        write(item, &leaves[range], column + 1 + key.chars().count(), out, leaf)?;
    }
    out.push_str(close);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(x: f64) -> Tree {
        Array::from(x).into()
    }

    fn sample() -> Tree {
        let layer = |x: f64| Tree::dict(vec![("w".into(), number(x)), ("b".into(), number(-x))]).unwrap();
        let layers = Tree::sequence(Kind::List, vec![layer(1.0), layer(2.0)]).unwrap();
        Tree::dict(vec![("scale".into(), number(3.0)), ("layers".into(), layers)]).unwrap()
    }

    #[test]
    fn leaves_have_paths_and_paths_have_leaves() {
        let t = sample();
        let paths: Vec<String> = (0..t.form().count()).map(|i| t.form().path(i)).collect();
        assert_eq!(paths, ["layers/0/b", "layers/0/w", "layers/1/b", "layers/1/w", "scale"]);
        for (path, x) in paths.iter().zip(t.leaves()) {
            let found = t.get(path).unwrap();
            assert!(
                matches!((found.array(), x), (Some(Array::Number { value: a, .. }), Array::Number { value: b, .. }) if a == b)
            );
        }
        assert_eq!(t.get("layers").unwrap().item(-1).unwrap().form().count(), 2);
        for wrong in ["", "layers/2", "layers/+1", "layers/-1", "layers//0", "scale/0", "nothing"] {
            assert!(t.get(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn differences_are_named() {
        let (t, mut u) = (sample(), sample());
        assert_eq!(t.form().difference(u.form()), None);
        u = Tree::dict(vec![("scale".into(), number(3.0)), ("layers".into(), number(0.0))]).unwrap();
        assert_eq!(t.form().difference(u.form()).unwrap(), "at layers: expected a list of 2, got an array");
        assert_eq!(
            u.form().difference(&Form::default()).unwrap(),
            "at the root: expected a dict with the keys layers, scale, got an array"
        );
    }

    #[test]
    fn depth_and_size_have_bounds() {
        let (mut deep, mut wide) = (number(1.0), Tree::sequence(Kind::Tuple, vec![]).unwrap());
        let nest = |t: &Tree| Tree::sequence(Kind::List, vec![t.clone()]);
        for _ in 0..MAX_DEPTH {
            deep = nest(&deep).unwrap();
        }
        assert!(nest(&deep).is_err());
        let mut doubled = 0;
        while let Ok(t) = Tree::sequence(Kind::Tuple, vec![wide.clone(), wide.clone()]) {
            (wide, doubled) = (t, doubled + 1);
        }
        assert!((20..30).contains(&doubled));
    }

    #[test]
    fn text_is_pythons() {
        let text = sample().text(&mut |x| Ok(format!("array(\n {})", x.size()))).unwrap();
        assert!(text.starts_with("{'layers': [{'b': array(\n                   1),"), "{text}");
        let one = Tree::sequence(Kind::Tuple, vec![number(1.0)]).unwrap();
        assert_eq!(one.text(&mut |_| Ok("x".into())).unwrap(), "(x,)");
    }
}
