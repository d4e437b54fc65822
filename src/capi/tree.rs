//! Trees: making, reading, mapping, arithmetic, handles.

use super::array::detached;
use super::callback::ag_function;
use super::context::text_of;
use super::{ag_array, ag_context, ag_scope, ag_tape, ag_tree, guard, guard_always, guard_as, slice, string};
use crate::array::format;
use crate::error::{Error, Result};
use crate::operators::grad;
use crate::operators::tree::{Kind, Leaves, Tree, leaves};
use crate::ops::elementwise::{self, Binary};
use crate::trace::{Array, Context};
use smallvec::SmallVec;
use std::ffi::{c_char, c_void};

/// An array.
pub const AG_LEAF: i32 = 0;
/// A tuple.
pub const AG_TUPLE: i32 = 1;
/// A list.
pub const AG_LIST: i32 = 2;
/// A dict: items by key, ordered by their keys.
pub const AG_DICT: i32 = 3;

impl ag_context {
    /// The value of a handle; a wrong handle is noted as an error of `name`.
    pub(super) fn get_tree(&self, name: &'static str, handle: ag_tree) -> Option<Tree> {
        match self.slots.borrow().get_tree(handle) {
            Ok(tree) => Some(tree.clone()),
            Err(problem) => {
                self.core.fail(Error::handle(problem.message("tree")).within(name));
                None
            }
        }
    }

    /// Several handles.
    ///
    /// # Safety
    /// `handles` is NULL or points at `n` handles.
    pub(super) unsafe fn get_trees(
        &self,
        name: &'static str,
        what: &str,
        handles: *const ag_tree,
        n: usize,
    ) -> Option<SmallVec<[Tree; 4]>> {
        // SAFETY: the caller's promise.
        let handles = unsafe { slice(self, name, what, handles, n) }?;
        handles.iter().map(|&h| self.get_tree(name, h)).collect()
    }

    /// A new handle in the innermost scope; the null handle if something failed.
    pub(super) fn put_tree(&self, tree: Tree) -> ag_tree {
        if self.core.failed() {
            return ag_tree::NULL;
        }
        let handle = self.slots.borrow_mut().put_tree(tree);
        if handle.bits == 0 {
            self.core
                .fail(Error::memory("no more handles: there is no memory for them, or 2^28 are alive in this context"));
        }
        handle
    }

    fn put_checked(&self, name: &'static str, tree: Result<Tree>) -> ag_tree {
        self.check(name, tree).map_or(ag_tree::NULL, |t| self.put_tree(t))
    }
}

/// A tree of one tree.
fn one(cx: *const ag_context, name: &'static str, x: ag_tree, f: impl FnOnce(&Context, &Tree) -> Tree) -> ag_tree {
    guard_as(cx, name, ag_tree::NULL, |c| c.get_tree(name, x).map_or(ag_tree::NULL, |x| c.put_tree(f(&c.core, &x))))
}

/// A tree of two trees like each other.
fn two(
    cx: *const ag_context,
    name: &'static str,
    x: ag_tree,
    y: ag_tree,
    f: impl FnOnce(&Context, &Tree, &Tree) -> Tree,
) -> ag_tree {
    guard_as(cx, name, ag_tree::NULL, |c| match c.get_tree(name, x).zip(c.get_tree(name, y)) {
        Some((x, y)) if c.check(name, leaves::check_like("the second tree", &x, &y)).is_some() => {
            c.put_tree(f(&c.core, &x, &y))
        }
        _ => ag_tree::NULL,
    })
}

/// An array as a tree, for functions that take trees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_leaf(cx: *mut ag_context, x: ag_array) -> ag_tree {
    guard(cx, ag_tree::NULL, |c| {
        let x = c.get("ag_tree_leaf", x);
        if x.is_null() { ag_tree::NULL } else { c.put_tree(x.into()) }
    })
}

/// A tuple of trees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_tuple(cx: *mut ag_context, items: *const ag_tree, n: usize) -> ag_tree {
    of_trees(cx, "ag_tree_tuple", Kind::Tuple, std::ptr::null(), items, n)
}

/// A list of trees. Like a tuple in everything but its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_list(cx: *mut ag_context, items: *const ag_tree, n: usize) -> ag_tree {
    of_trees(cx, "ag_tree_list", Kind::List, std::ptr::null(), items, n)
}

/// A dict of trees: items[i] under keys[i]. Keys are copied; they are texts without "/", which separates keys in paths,
/// and each is there once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_dict(
    cx: *mut ag_context,
    keys: *const *const c_char,
    items: *const ag_tree,
    n: usize,
) -> ag_tree {
    of_trees(cx, "ag_tree_dict", Kind::Dict, keys, items, n)
}

/// A tuple of arrays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_tuple_of(cx: *mut ag_context, arrays: *const ag_array, n: usize) -> ag_tree {
    of_arrays(cx, "ag_tree_tuple_of", Kind::Tuple, std::ptr::null(), arrays, n)
}

/// A list of arrays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_list_of(cx: *mut ag_context, arrays: *const ag_array, n: usize) -> ag_tree {
    of_arrays(cx, "ag_tree_list_of", Kind::List, std::ptr::null(), arrays, n)
}

/// A dict of arrays, see ag_tree_dict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_dict_of(
    cx: *mut ag_context,
    keys: *const *const c_char,
    arrays: *const ag_array,
    n: usize,
) -> ag_tree {
    of_arrays(cx, "ag_tree_dict_of", Kind::Dict, keys, arrays, n)
}

fn of_trees(
    cx: *mut ag_context,
    name: &'static str,
    kind: Kind,
    keys: *const *const c_char,
    items: *const ag_tree,
    n: usize,
) -> ag_tree {
    guard_as(cx, name, ag_tree::NULL, |c| {
        // SAFETY: `n` handles, the caller's promise.
        let Some(items) = (unsafe { c.get_trees(name, "items", items, n) }) else { return ag_tree::NULL };
        // SAFETY: `n` texts, the caller's promise.
        unsafe { container(c, name, kind, keys, items.into_vec()) }
    })
}

fn of_arrays(
    cx: *mut ag_context,
    name: &'static str,
    kind: Kind,
    keys: *const *const c_char,
    arrays: *const ag_array,
    n: usize,
) -> ag_tree {
    guard_as(cx, name, ag_tree::NULL, |c| {
        // SAFETY: `n` handles, the caller's promise.
        let Some(arrays) = (unsafe { slice(c, name, "arrays", arrays, n) }) else { return ag_tree::NULL };
        let items: Vec<Tree> = c.get_all(name, arrays).into_iter().map(Tree::from).collect();
        if c.core.failed() {
            return ag_tree::NULL;
        }
        // SAFETY: `n` texts, the caller's promise.
        unsafe { container(c, name, kind, keys, items) }
    })
}

/// # Safety
/// `keys` points at as many texts as there are items, if it is a dict.
unsafe fn container(
    c: &ag_context,
    name: &'static str,
    kind: Kind,
    keys: *const *const c_char,
    items: Vec<Tree>,
) -> ag_tree {
    if kind != Kind::Dict {
        return c.put_checked(name, Tree::sequence(kind, items));
    }
    // SAFETY: the caller's promise.
    let Some(keys) = (unsafe { slice(c, name, "keys", keys, items.len()) }) else { return ag_tree::NULL };
    let mut pairs = Vec::new();
    for (&key, item) in keys.iter().zip(items) {
        // SAFETY: NULL or a text, the caller's promise.
        let Some(key) = (unsafe { string(c, name, "key", key) }) else { return ag_tree::NULL };
        pairs.push((key.into(), item));
    }
    c.put_checked(name, Tree::dict(pairs))
}

/// What the tree is at its root: AG_LEAF, AG_TUPLE, AG_LIST or AG_DICT; -1 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_kind(cx: *mut ag_context, t: ag_tree) -> i32 {
    guard(cx, -1, |c| c.get_tree("ag_tree_kind", t).map_or(-1, |t| t.form().kind() as i32))
}

/// The number of items at the root; 0 of a leaf, and on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_length(cx: *mut ag_context, t: ag_tree) -> usize {
    guard(cx, 0, |c| c.get_tree("ag_tree_length", t).map_or(0, |t| t.form().len()))
}

/// The array of a tree that is a leaf; AG_ERR_VALUE for another one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_array(cx: *mut ag_context, t: ag_tree) -> ag_array {
    array_of(cx, "ag_tree_array", t, |t| Ok(t.clone()))
}

/// The array at a path such as "layers/0/w": keys and numbers of items with "/" between them. AG_ERR_INDEX if nothing
/// is there, AG_ERR_VALUE if something else than an array is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_array_at(cx: *mut ag_context, t: ag_tree, path: *const c_char) -> ag_array {
    const NAME: &str = "ag_tree_array_at";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: NULL or a text, the caller's promise.
        let Some(path) = (unsafe { string(c, NAME, "path", path) }) else { return ag_array::NULL };
        array_of(cx, NAME, t, |t| t.get(path))
    })
}

fn array_of(
    cx: *const ag_context,
    name: &'static str,
    t: ag_tree,
    find: impl FnOnce(&Tree) -> Result<Tree>,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let found = c.get_tree(name, t).and_then(|t| c.check(name, find(&t)));
        let Some(found) = found else { return ag_array::NULL };
        match found.array() {
            Some(x) => c.put(x.clone()),
            None => {
                let e = Error::value(format!("expected an array, got {}", found.form().describe()));
                c.core.fail(e.within(name));
                ag_array::NULL
            }
        }
    })
}

/// Item `i`; negative numbers count from the end. AG_ERR_INDEX if it isn't there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_item(cx: *mut ag_context, t: ag_tree, i: i64) -> ag_tree {
    const NAME: &str = "ag_tree_item";
    guard_as(cx, NAME, ag_tree::NULL, |c| c.get_tree(NAME, t).map_or(ag_tree::NULL, |t| c.put_checked(NAME, t.item(i))))
}

/// The tree at a path, see ag_tree_array_at; a path may be a single key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_get(cx: *mut ag_context, t: ag_tree, path: *const c_char) -> ag_tree {
    const NAME: &str = "ag_tree_get";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        // SAFETY: NULL or a text, the caller's promise.
        let Some(path) = (unsafe { string(c, NAME, "path", path) }) else { return ag_tree::NULL };
        c.get_tree(NAME, t).map_or(ag_tree::NULL, |t| c.put_checked(NAME, t.get(path)))
    })
}

/// Whether something is at a path. False on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_has(cx: *mut ag_context, t: ag_tree, path: *const c_char) -> bool {
    const NAME: &str = "ag_tree_has";
    guard_as(cx, NAME, false, |c| {
        // SAFETY: NULL or a text, the caller's promise.
        let Some(path) = (unsafe { string(c, NAME, "path", path) }) else { return false };
        c.get_tree(NAME, t).is_some_and(|t| t.get(path).is_ok())
    })
}

/// Key `i` of a dict, in ascending order. Valid until the innermost scope is left. Never NULL: on error its message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_key(cx: *mut ag_context, t: ag_tree, i: usize) -> *const c_char {
    const NAME: &str = "ag_tree_key";
    text_of(cx, |c| {
        let t = c.get_tree(NAME, t).filter(|_| !c.core.failed())?;
        let key = t.form().key(i).map(String::from);
        c.check(NAME, key.ok_or_else(|| Error::index(format!("{} has no key {i}", t.form().describe()))))
    })
}

/// The number of leaves in all; 0 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_leaf_count(cx: *mut ag_context, t: ag_tree) -> usize {
    guard(cx, 0, |c| c.get_tree("ag_tree_leaf_count", t).map_or(0, |t| t.leaves().len()))
}

fn leaf<R: Copy>(
    cx: *mut ag_context,
    name: &'static str,
    t: ag_tree,
    i: usize,
    null: R,
    read: impl FnOnce(&ag_context, &Tree) -> R,
) -> R {
    guard_as(cx, name, null, |c| match c.get_tree(name, t) {
        Some(t) if i < t.leaves().len() => read(c, &t),
        Some(t) => {
            c.core.fail(Error::index(format!("leaf {i} is out of range: there are {}", t.leaves().len())).within(name));
            null
        }
        None => null,
    })
}

/// Leaf `i`, in the order of the tree, of dicts that of their keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_leaf_at(cx: *mut ag_context, t: ag_tree, i: usize) -> ag_array {
    leaf(cx, "ag_tree_leaf_at", t, i, ag_array::NULL, |c, t| c.put(t.leaves()[i].clone()))
}

/// The path of leaf `i`, such as "layers/0/w"; empty for a tree that is a leaf. Valid until the innermost scope is left.
/// Never NULL: on error its message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_path_at(cx: *mut ag_context, t: ag_tree, i: usize) -> *const c_char {
    const NAME: &str = "ag_tree_path_at";
    text_of(cx, |c| {
        let t = c.get_tree(NAME, t).filter(|_| !c.core.failed())?;
        let (n, path) = (t.leaves().len(), || t.form().path(i));
        let path =
            if i < n { Ok(path()) } else { Err(Error::index(format!("leaf {i} is out of range: there are {n}"))) };
        c.check(NAME, path)
    })
}

/// A tree of the structure of `like` with other leaves, `n` of them in its order, of any shapes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_with_leaves(
    cx: *mut ag_context,
    like: ag_tree,
    leaves: *const ag_array,
    n: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_with_leaves";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        // SAFETY: `n` handles, the caller's promise.
        let leaves = unsafe { slice(c, NAME, "leaves", leaves, n) };
        let Some((like, leaves)) = c.get_tree(NAME, like).zip(leaves) else { return ag_tree::NULL };
        if n != like.leaves().len() {
            c.core.fail(Error::argument(format!("expected {} leaves, got {n}", like.leaves().len())).within(NAME));
            return ag_tree::NULL;
        }
        let leaves: Leaves = c.get_all(NAME, leaves).into_iter().collect();
        if c.core.failed() { ag_tree::NULL } else { c.put_tree(like.with(leaves)) }
    })
}

/// What is different between the structures of two trees, in words, such as "at layers/1: expected a list of 2, got an
/// array"; empty if nothing is. Shapes and dtypes don't count. Valid until the innermost scope is left. Never NULL: on error
/// its message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_difference(cx: *mut ag_context, x: ag_tree, y: ag_tree) -> *const c_char {
    const NAME: &str = "ag_tree_difference";
    text_of(cx, |c| {
        let (x, y) = c.get_tree(NAME, x).zip(c.get_tree(NAME, y)).filter(|_| !c.core.failed())?;
        Some(x.form().difference(y.form()).unwrap_or_default())
    })
}

/// The tree as text, as Python writes it, with its arrays as ag_to_string has them. Valid until the innermost scope is
/// left. Never NULL: on error its message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_to_string(cx: *mut ag_context, t: ag_tree) -> *const c_char {
    const NAME: &str = "ag_tree_to_string";
    text_of(cx, |c| {
        let t = c.get_tree(NAME, t).filter(|_| !c.core.failed())?;
        let text = t.text(&mut |x| {
            let depth = x.depth(&c.core.trace);
            let suffix = if depth > 0 { format!(", level={depth}") } else { String::new() };
            Ok(format(&c.core.tensor(x)?, &suffix))
        });
        c.check(NAME, text)
    })
}

/// f of the leaves of trees of one structure: args[0] of the first tree, args[1] of the second, and so on; a tree of
/// that structure with the results. Differentiable, as f is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_map(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    trees: *const ag_tree,
    ntrees: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_map";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        // SAFETY: `ntrees` handles, the caller's promise.
        let Some(trees) = (unsafe { c.get_trees(NAME, "trees", trees, ntrees) }) else { return ag_tree::NULL };
        let fail = |message: &str| {
            c.core.fail(Error::argument(message.to_string()).within(NAME));
            ag_tree::NULL
        };
        if f.is_none() {
            return fail("the function f is NULL");
        }
        let Some((first, others)) = trees.split_first() else { return fail("expected a tree, got none") };
        for (k, other) in others.iter().enumerate() {
            if let Some(d) = first.form().difference(other.form()) {
                return fail(&format!("tree {} has another structure: {d}", k + 1));
            }
        }
        let function = c.function(NAME, f, user);
        let mut results = Leaves::new();
        for i in 0..first.leaves().len() {
            let args: SmallVec<[Array; 4]> = trees.iter().map(|t| t.leaves()[i].clone()).collect();
            results.push(function(&c.core, &args).pop().unwrap_or_default());
            if c.core.failed() {
                return ag_tree::NULL;
            }
        }
        c.put_tree(first.with(results))
    })
}

/// All leaves as one vector, of the dtype that holds all of them. Differentiable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_flatten(cx: *mut ag_context, t: ag_tree) -> ag_array {
    const NAME: &str = "ag_tree_flatten";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        c.get_tree(NAME, t).map_or(ag_array::NULL, |t| c.put(leaves::flatten(&c.core, &t)))
    })
}

/// The inverse of ag_tree_flatten: a tree like `like` with the elements of a vector. Each leaf has its shape and its
/// dtype: of complex elements a real leaf takes the real part. Differentiable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_unflatten(cx: *mut ag_context, like: ag_tree, flat: ag_array) -> ag_tree {
    const NAME: &str = "ag_tree_unflatten";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        let (like, flat) = (c.get_tree(NAME, like), c.get(NAME, flat));
        match like {
            Some(like) if !flat.is_null() => c.put_tree(leaves::unflatten(&c.core, &like, &flat)),
            _ => ag_tree::NULL,
        }
    })
}

fn binary(cx: *mut ag_context, name: &'static str, row: &'static Binary, x: ag_tree, y: ag_tree) -> ag_tree {
    two(cx, name, x, y, |c, x, y| leaves::binary(c, row, x, y))
}

/// x + y, leaf by leaf; the trees have one structure and shapes. Differentiable, as is all arithmetic of trees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_add(cx: *mut ag_context, x: ag_tree, y: ag_tree) -> ag_tree {
    binary(cx, "ag_tree_add", &elementwise::ADD, x, y)
}

/// x - y, leaf by leaf.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_sub(cx: *mut ag_context, x: ag_tree, y: ag_tree) -> ag_tree {
    binary(cx, "ag_tree_sub", &elementwise::SUB, x, y)
}

/// x y, element by element.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_mul(cx: *mut ag_context, x: ag_tree, y: ag_tree) -> ag_tree {
    binary(cx, "ag_tree_mul", &elementwise::MUL, x, y)
}

/// Every leaf times a number, in its own precision.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_mul_scalar(cx: *mut ag_context, x: ag_tree, factor: f64) -> ag_tree {
    one(cx, "ag_tree_mul_scalar", x, |c, x| leaves::scale(c, x, factor))
}

/// The inner product: the sum of conj(x) y over all elements, its real part.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_dot(cx: *mut ag_context, x: ag_tree, y: ag_tree) -> ag_array {
    const NAME: &str = "ag_tree_dot";
    guard_as(cx, NAME, ag_array::NULL, |c| match c.get_tree(NAME, x).zip(c.get_tree(NAME, y)) {
        Some((x, y)) if c.check(NAME, leaves::check_like("the second tree", &x, &y)).is_some() => {
            c.put(leaves::dot(&c.core, x.leaves(), y.leaves()))
        }
        _ => ag_array::NULL,
    })
}

/// The Euclidean norm of all elements together.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_norm(cx: *mut ag_context, x: ag_tree) -> ag_array {
    const NAME: &str = "ag_tree_norm";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        c.get_tree(NAME, x).map_or(ag_array::NULL, |x| c.put(leaves::norm(&c.core, &x)))
    })
}

/// Zeros of the shapes and dtypes of `x`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_zeros_like(cx: *mut ag_context, x: ag_tree) -> ag_tree {
    one(cx, "ag_tree_zeros_like", x, leaves::zeros_like)
}

/// The values without their history, see ag_value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_value(cx: *mut ag_context, x: ag_tree) -> ag_tree {
    one(cx, "ag_tree_value", x, |c, x| leaves::map(x, |x| detached(c, x)))
}

/// The real and complex leaves as inputs of a tape; the others as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_box(cx: *mut ag_context, tape: ag_tape, x: ag_tree) -> ag_tree {
    const NAME: &str = "ag_tree_box";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        let Some((level, x)) = c.tape_level(NAME, tape).zip(c.get_tree(NAME, x)) else { return ag_tree::NULL };
        c.put_tree(leaves::map(
            &x,
            |x| {
                if x.dtype().is_inexact() { grad::box_on(&c.core, level, x) } else { x.clone() }
            },
        ))
    })
}

/// A second handle for the same tree, in the innermost scope.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_dup(cx: *mut ag_context, t: ag_tree) -> ag_tree {
    one(cx, "ag_tree_dup", t, |_, t| t.clone())
}

/// Makes the handle `dst` stand for the tree of `src`, as ag_set: for trees that live longer than a scope, such as the
/// parameters of a loop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_set(cx: *mut ag_context, dst: ag_tree, src: ag_tree) {
    const NAME: &str = "ag_tree_set";
    guard_as(cx, NAME, (), |c| {
        let Some(mut tree) = c.get_tree(NAME, src) else { return };
        let (from, to) = (c.slots.borrow().owner_tree(src), c.slots.borrow().owner_tree(dst));
        if from.is_ok_and(|from| to.is_ok_and(|to| c.outlives_forward(from, to))) {
            tree = leaves::map(&tree, |x| Array::saved(x.clone()));
        }
        c.set_tree(NAME, dst, tree);
    });
}

impl ag_context {
    /// Puts another tree behind a handle.
    pub(super) fn set_tree(&self, name: &'static str, handle: ag_tree, tree: Tree) {
        let old = self.slots.borrow_mut().replace_tree(handle, tree);
        if let Err(p) = old {
            self.core.fail(Error::handle(p.message("tree")).within(name));
        }
    }
}

/// Lets a tree survive the leaving of `scope`, as ag_keep. Returns the same handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_keep(cx: *mut ag_context, scope: ag_scope, t: ag_tree) -> ag_tree {
    const NAME: &str = "ag_tree_keep";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        let Some(depth) = c.scope_depth(NAME, scope) else { return ag_tree::NULL };
        let from = c.slots.borrow().owner_tree(t);
        let saved = from.is_ok_and(|from| c.outlives_forward(from, depth.saturating_sub(1)));
        let kept = c.slots.borrow_mut().keep_tree(t, depth);
        match kept {
            Ok(()) if saved => {
                if let Some(tree) = c.get_tree(NAME, t) {
                    c.set_tree(NAME, t, leaves::map(&tree, |x| Array::saved(x.clone())));
                }
                t
            }
            Ok(()) => t,
            Err(p) => {
                c.core.fail(Error::handle(p.message("tree")).within(NAME));
                ag_tree::NULL
            }
        }
    })
}

/// Gives up one handle before its scope is left, as ag_release.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_release(cx: *mut ag_context, t: ag_tree) {
    guard_always(cx, (), |c| {
        if t.bits == 0 {
            return;
        }
        let old = c.slots.borrow_mut().release_tree(t);
        if let Err(p) = old {
            c.core.fail(Error::handle(p.message("tree")).within("ag_tree_release"));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_the_library() {
        let kinds = [Kind::Leaf, Kind::Tuple, Kind::List, Kind::Dict].map(|k| k as i32);
        assert_eq!(kinds, [AG_LEAF, AG_TUPLE, AG_LIST, AG_DICT]);
    }
}
