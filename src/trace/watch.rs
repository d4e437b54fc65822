//! Watching operations: where those who diagnose look in, and what a tape remembers for them.
//!
//! Without a watcher it costs nothing: operations ask one question, whether anything is unusual ([`Context::unusual`]), and a
//! pending failure is another answer to it. With a watcher every operation and every derivative rule runs inside one of the
//! calls of [`Watcher`]. Numbers are recorded as ever, from the same
//! formulas, so that watching doesn't change a bit of the results.

use super::apply::{Primitive, apply_all, apply_one};
use super::context::Context;
use super::tape::{NO_NODE, Tape};
use super::value::Array;
use crate::array::DType;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

/// A line of the user's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    pub file: Rc<str>,
    pub line: u32,
}

/// An argument of a noted operation.
#[derive(Clone)]
pub enum NotedArgument {
    /// A node of the same tape.
    Node(u32),
    /// Not recorded there: text that says what it was.
    Constant(Rc<str>),
}

/// What is remembered of a node beside what its rule needs.
#[derive(Clone, Default)]
pub struct Note {
    /// The operation; `None` for an input.
    pub name: Option<Rc<str>>,
    pub parameters: String,
    pub args: SmallVec<[NotedArgument; 3]>,
    /// The operation whose derivative rule this one is part of.
    pub within: Option<Rc<str>>,
    pub called_at: Option<SourceLine>,
    pub label: Option<Rc<str>>,
    /// Of small ones, where that was asked for.
    pub value: Option<String>,
    /// What is wrong with the node: its value, or its derivative.
    pub wrong: Option<String>,
}

/// The notes of a tape, in the order of the nodes.
#[derive(Default)]
pub struct Notes(Vec<(u32, Note)>);

impl Notes {
    pub fn get(&self, node: u32) -> Option<&Note> {
        self.0.binary_search_by_key(&node, |n| n.0).ok().map(|i| &self.0[i].1)
    }

    /// The note of a node, a new one if it has none.
    pub fn of(&mut self, node: u32) -> &mut Note {
        // Mostly it is the youngest node.
        let found = match self.0.last() {
            Some(last) if last.0 >= node => self.0.binary_search_by_key(&node, |n| n.0),
            _ => Err(self.0.len()),
        };
        let at = found.unwrap_or_else(|at| {
            self.0.insert(at, (node, Note::default()));
            at
        });
        &mut self.0[at].1
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// An operation that is about to run.
pub struct Call<'a> {
    pub name: &'a str,
    /// `None` for what is never recorded.
    pub primitive: Option<&'a dyn Primitive>,
    pub args: &'a [&'a Array],
}

/// A step of a sweep that is about to run.
pub struct Pull<'a> {
    pub tape: &'a Rc<RefCell<Tape>>,
    pub node: u32,
    /// `None` where only the node's note knows.
    pub name: Option<&'a str>,
    /// `None` for numbers, their elements and sums.
    pub primitive: Option<&'a dyn Primitive>,
    pub gs: &'a [Array],
    /// Number of the argument, node.
    pub parents: &'a [(u32, u32)],
}

/// A row or a column of a Jacobian that is computed by itself.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// `row` or `column`.
    pub what: &'static str,
    pub number: usize,
}

/// Who watches. Each call runs what it is about, and may look at values before and after.
pub trait Watcher {
    fn operation(
        &self,
        cx: &Context,
        call: &Call<'_>,
        run: &mut dyn FnMut() -> SmallVec<[Array; 1]>,
    ) -> SmallVec<[Array; 1]>;

    /// The forward-mode rule of the running operation.
    fn push(
        &self,
        cx: &Context,
        p: &dyn Primitive,
        tangents: &[Array],
        run: &mut dyn FnMut() -> SmallVec<[Array; 1]>,
    ) -> SmallVec<[Array; 1]>;

    /// The reverse-mode rule of a node, whose contributions are added to `cotangents`.
    fn pull(&self, cx: &Context, pull: &Pull<'_>, cotangents: &mut [Array], run: &mut dyn FnMut(&mut [Array]));

    /// What is computed from now on is this entry of a Jacobian; returns what it was before.
    fn entry(&self, entry: Option<Entry>) -> Option<Entry>;

    /// A value has become an input of a tape.
    fn boxed(&self, value: &Array, tape: &Rc<RefCell<Tape>>, node: u32);
}

#[cold]
pub(super) fn apply(cx: &Context, p: &dyn Primitive, args: &[&Array]) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    let Some(watcher) = cx.watcher() else { return apply_one(cx, p, args) };
    let call = Call { name: p.name(), primitive: Some(p), args };
    let mut run = || SmallVec::from_buf([number(cx, p, args).unwrap_or_else(|| apply_one(cx, p, args))]);
    watcher.operation(cx, &call, &mut run).pop().unwrap_or_default()
}

#[cold]
pub(super) fn apply_multi(cx: &Context, p: &dyn Primitive, args: &[&Array]) -> SmallVec<[Array; 1]> {
    if cx.failed() {
        return SmallVec::new();
    }
    let Some(watcher) = cx.watcher() else { return apply_all(cx, p, args) };
    let call = Call { name: p.name(), primitive: Some(p), args };
    watcher.operation(cx, &call, &mut || apply_all(cx, p, args))
}

/// Runs an operation that is never recorded.
#[cold]
pub fn plain(cx: &Context, watcher: &dyn Watcher, name: &str, args: &[&Array], run: impl FnOnce() -> Array) -> Array {
    let mut run = Some(run);
    let mut once = || run.take().map(|run| SmallVec::from_buf([run()])).unwrap_or_default();
    watcher.operation(cx, &Call { name, primitive: None, args }, &mut once).pop().unwrap_or_default()
}

#[cold]
pub(super) fn push(
    cx: &Context,
    watcher: &dyn Watcher,
    p: &dyn Primitive,
    tangents: &[Array],
    run: impl FnOnce() -> SmallVec<[Array; 1]>,
) -> SmallVec<[Array; 1]> {
    let mut run = Some(run);
    watcher.push(cx, p, tangents, &mut || run.take().map(|run| run()).unwrap_or_default())
}

/// Numbers on one tape, recorded as they are without a watcher; `None` for everything else.
fn number(cx: &Context, p: &dyn Primitive, args: &[&Array]) -> Option<Array> {
    if args.len() > 2 {
        return None;
    }
    let (mut top, mut parents, mut values) = (0, [NO_NODE; 2], [0.0; 2]);
    for (k, a) in args.iter().enumerate() {
        match **a {
            Array::Number { value, .. } => values[k] = value,
            // One that has a name.
            Array::Plain(ref t) if t.ndim() == 0 && t.dtype() == DType::F64 && t.is_ready() => values[k] = t.first(),
            Array::Variable { node, level, value } => {
                values[k] = value;
                if cx.trace.is_live(level) {
                    if top != 0 && top != level {
                        return None;
                    }
                    (top, parents[k]) = (level, node);
                }
            }
            _ => return None,
        }
    }
    if top == 0 {
        return None;
    }
    let (value, mut partials) = p.number(&values[..args.len()])?;
    for (partial, _) in partials.iter_mut().zip(parents).filter(|(_, parent)| *parent == NO_NODE) {
        *partial = 0.0;
    }
    let node = cx.trace.push_number(top, parents, partials)?;
    Some(Array::Variable { node, level: top, value })
}
