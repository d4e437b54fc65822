//! The short way of recording: operations on small arrays, plain or recorded on the innermost tape, which is what nearly all
//! operations of a small program are. Arguments are looked at where they lie, nothing is copied but references, and the
//! node is written where it stays.
//!
//! An operation first checks that the case is one of these, and else returns `None`: then it goes the general way of `apply`,
//! errors included. No callback runs from here, and nothing is dropped whose end a caller is told of.

use super::apply::{ANS, Alike, Kept, Primitive};
use super::context::Context;
use super::tape::{Meta, NO_NODE};
use super::value::Array;
use crate::array::{DType, Descriptor, Shape, Tensor};
use smallvec::SmallVec;
use std::num::NonZeroU32;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// An argument, with the node that it is, if any.
#[derive(Clone, Copy)]
pub struct Argument<'a> {
    pub value: Value<'a>,
    /// 0 for a plain value.
    pub level: u64,
    node: u32,
}

#[derive(Clone, Copy)]
pub enum Value<'a> {
    Number { value: f64, weak: bool },
    Array(&'a Tensor),
}

impl<'a> Argument<'a> {
    #[inline(always)]
    pub fn is_recorded(&self) -> bool {
        self.level != 0
    }

    #[inline(always)]
    pub fn of(x: &'a Array) -> Option<Argument<'a>> {
        let plain = |value| Argument { value, level: 0, node: NO_NODE };
        Some(match *x {
            Array::Plain(ref t) => plain(Value::Array(t)),
            Array::Number { value, weak } => plain(Value::Number { value, weak }),
            Array::Recorded { node, level, ref value } => Argument { value: Value::Array(value), level, node },
            Array::Variable { node, level, value } => {
                Argument { value: Value::Number { value, weak: false }, level, node }
            }
            _ => return None,
        })
    }
}

impl Value<'_> {
    /// The argument as a rule reads it.
    #[inline(always)]
    fn array(self) -> Array {
        match self {
            Value::Number { value, weak } => Array::Number { value, weak },
            Value::Array(t) => Array::Plain(t.clone()),
        }
    }
}

/// The level on which an operation of these arguments is recorded, 0 for none; `None` if it isn't the innermost one.
#[inline(always)]
pub fn level<const N: usize>(cx: &Context, args: &[Argument<'_>; N]) -> Option<u64> {
    let top = cx.trace.top();
    let mut level = 0;
    for arg in args {
        if arg.level != 0 {
            if arg.level != top {
                return None;
            }
            level = top;
        }
    }
    Some(level)
}

/// A node of the short way: a rule without parameters, of one result and two arguments at most. Tapes of small programs are
/// long, so it is kept small, and written where it stays.
pub struct ShortNode {
    /// `None` after a sweep that consumed the tape.
    pub rule: Option<&'static dyn Primitive>,
    /// By the number of the argument; [`NO_NODE`] for one that isn't recorded.
    pub parents: [u32; 2],
    /// What the arguments have in common with the result.
    pub alike: [Alike; 2],
    /// How many values are kept, and which, see [`Kept`].
    count: u8,
    mask: u64,
    /// Of the value; `None` for a number, whose cotangent and kept values may be on other levels.
    descriptor: Option<Rc<Descriptor>>,
    kept: [Array; 2],
}

/// A copy of what a short node keeps.
pub struct Taken {
    mask: u64,
    items: SmallVec<[Array; 2]>,
}

/// A number's node, apart from its tape.
pub(super) struct Step {
    pub(super) rule: &'static dyn Primitive,
    pub(super) parents: [u32; 2],
    mask: u64,
    items: [Array; 2],
    count: usize,
}

impl Step {
    pub(super) fn kept(&self) -> Kept<'_> {
        Kept::Some { mask: self.mask, items: &self.items[..self.count] }
    }
}

impl Taken {
    pub fn kept(&self) -> Kept<'_> {
        Kept::Some { mask: self.mask, items: &self.items }
    }
}

impl ShortNode {
    /// Without anything in it.
    const EMPTY: ShortNode = ShortNode {
        rule: None,
        parents: [NO_NODE; 2],
        alike: [Alike::Unknown; 2],
        count: 0,
        mask: 0,
        descriptor: None,
        kept: [Array::Null, Array::Null],
    };

    /// Of the value, if that is an array.
    #[inline]
    pub fn descriptor(&self) -> Option<&Rc<Descriptor>> {
        self.descriptor.as_ref()
    }

    /// Dtype and shape of the value.
    #[inline]
    pub fn form(&self) -> (DType, &[usize]) {
        self.descriptor.as_ref().map_or((DType::F64, &[]), |descriptor| (descriptor.dtype, &descriptor.shape))
    }

    /// Shape and dtype of the value.
    pub fn meta(&self) -> Meta {
        let (dtype, shape) = self.form();
        Meta { dtype, shape: Shape::from_slice(shape) }
    }

    fn items(&self) -> &[Array] {
        &self.kept[..usize::from(self.count).min(2)]
    }

    /// The arrays among what is kept.
    #[inline(always)]
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.kept.iter().filter_map(|x| if let Array::Plain(t) = x { Some(t) } else { None })
    }

    /// The number of the recorded argument and its node, if there is but one.
    #[inline(always)]
    pub fn only_parent(&self) -> Option<(usize, u32)> {
        match self.parents {
            [parent, NO_NODE] => Some((0, parent)),
            [NO_NODE, parent] => Some((1, parent)),
            _ => None,
        }
    }

    /// The recorded arguments: number of the argument, node.
    pub fn recorded(&self) -> SmallVec<[(u32, u32); 2]> {
        (0..).zip(self.parents).filter(|p| p.1 != NO_NODE).collect()
    }

    /// What the rule reads, where it lies.
    #[inline(always)]
    pub fn kept(&self) -> Kept<'_> {
        Kept::Some { mask: self.mask, items: self.items() }
    }

    /// The same, to be read while the tape is not borrowed.
    pub fn taken(&self) -> Taken {
        Taken { mask: self.mask, items: self.items().into() }
    }

    /// What a step of the sweep needs of a number's node. What is kept is moved out if the node is not needed any more.
    pub(super) fn step(&mut self, consume: bool) -> Option<Step> {
        let (rule, parents, mask, count) = (self.rule?, self.parents, self.mask, usize::from(self.count));
        let items = if consume { self.take() } else { self.kept.clone() };
        Some(Step { rule, parents, mask, items, count })
    }

    /// Drops what is kept, since the node is not needed any more. Where a caller is told of the end of memory nothing is done,
    /// and the answer is `false`.
    #[inline(always)]
    pub fn end(&mut self) -> bool {
        let quiet = |x: &Array| if let Array::Plain(t) = x { t.drops_quietly() } else { true };
        if !self.kept.iter().all(quiet) {
            return false;
        }
        self.rule = None;
        for kept in &mut self.kept {
            kept.clear();
        }
        true
    }

    /// The same, with what is kept returned, to be dropped while the tape is not borrowed.
    pub fn take(&mut self) -> [Array; 2] {
        self.rule = None;
        std::mem::take(&mut self.kept)
    }

    /// Fills an empty node. It is written field by field where it stays: what is put together elsewhere first is read before it
    /// has been written.
    #[inline(always)]
    fn fill<const N: usize>(
        &mut self,
        rule: &'static dyn Primitive,
        args: &[Argument<'_>; N],
        mask: u64,
        ans: &Tensor,
    ) {
        self.rule = Some(rule);
        self.mask = mask;
        let node = |k: usize| args.get(k).map_or(NO_NODE, |arg| arg.node);
        let alike = |k: usize| match args.get(k).map(|arg| arg.value) {
            Some(Value::Array(t)) => common(t, ans),
            _ => Alike::Unknown,
        };
        self.parents = [node(0), node(1)];
        self.alike = [alike(0), alike(1)];
        // A loop fills a node with a value of the same shape as the last time.
        if !self.descriptor.as_ref().is_some_and(|descriptor| Rc::ptr_eq(descriptor, ans.descriptor())) {
            self.descriptor = Some(ans.descriptor().clone());
        }
        self.count = 0;
        if mask != 0 {
            self.keep(args, ans);
        }
    }

    /// Fills an empty node for a number on several levels. Takes the arguments that the rule reads.
    pub(super) fn fill_number(
        &mut self,
        rule: &'static dyn Primitive,
        parents: [u32; 2],
        mask: u64,
        primals: &mut [Array],
        ans: &Array,
    ) {
        self.rule = Some(rule);
        self.mask = mask;
        self.parents = parents;
        self.alike = [Alike::Unknown; 2];
        self.descriptor = None;
        self.count = 0;
        for (k, primal) in primals.iter_mut().enumerate() {
            if mask >> k & 1 == 1 {
                self.kept[usize::from(self.count)].fill(std::mem::take(primal));
                self.count += 1;
            }
        }
        if mask & ANS != 0 {
            self.kept[usize::from(self.count)].fill(ans.clone());
            self.count += 1;
        }
    }

    /// Puts aside what the mask says.
    #[inline(always)]
    fn keep(&mut self, args: &[Argument<'_>], ans: &Tensor) {
        let mut at = self.kept.iter_mut();
        let mut put = |x: Array| {
            if let Some(place) = at.next() {
                self.count += 1;
                place.fill(x);
            }
        };
        for (k, arg) in args.iter().enumerate() {
            if self.mask >> k & 1 == 1 {
                put(arg.value.array());
            }
        }
        if self.mask & ANS != 0 {
            put(Array::Plain(ans.clone()));
        }
    }
}

/// The short nodes of a tape. Those behind the last one hold nothing but a descriptor, and are filled again where they lie.
#[derive(Default)]
pub struct ShortNodes {
    nodes: Vec<ShortNode>,
    count: usize,
}

impl Deref for ShortNodes {
    type Target = [ShortNode];

    #[inline(always)]
    fn deref(&self) -> &[ShortNode] {
        &self.nodes[..self.count]
    }
}

impl DerefMut for ShortNodes {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [ShortNode] {
        &mut self.nodes[..self.count]
    }
}

impl ShortNodes {
    /// One more node, empty. Where a new one is made, `room` asks for its memory first.
    #[inline(always)]
    pub(super) fn push(&mut self, room: impl FnOnce(&mut Vec<ShortNode>) -> Option<()>) -> Option<&mut ShortNode> {
        let k = self.count;
        if k == self.nodes.len() {
            room(&mut self.nodes)?;
            self.nodes.push(ShortNode::EMPTY);
        }
        self.count = k + 1;
        self.nodes.get_mut(k)
    }

    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Empties all nodes.
    pub(super) fn clear(&mut self) {
        // After a sweep that consumed the tape they hold nothing.
        for node in self.iter_mut().filter(|node| node.rule.is_some()) {
            drop(node.take());
        }
        self.count = 0;
    }
}

/// A result of the short way. It fits two registers.
pub struct ShortResult {
    /// The node and one more; the greatest number for a plain result, as no tape has so many nodes.
    node: NonZeroU32,
    value: Tensor,
}

impl ShortResult {
    const PLAIN: NonZeroU32 = NonZeroU32::MAX;

    /// The result as a value. What is recorded is so on the innermost level.
    #[inline(always)]
    pub fn array(self, cx: &Context) -> Array {
        if self.node == ShortResult::PLAIN {
            Array::Plain(self.value)
        } else {
            Array::Recorded { node: self.node.get() - 1, level: cx.trace.top(), value: self.value }
        }
    }
}

/// What an argument has in common with the result.
#[inline(always)]
fn common(x: &Tensor, ans: &Tensor) -> Alike {
    if Rc::ptr_eq(x.descriptor(), ans.descriptor()) {
        Alike::DtypeAndShape
    } else if x.dtype() != ans.dtype() {
        Alike::Unknown
    } else if x.same_shape(ans) {
        Alike::DtypeAndShape
    } else {
        Alike::Dtype
    }
}

/// The result of an operation, recorded if it has a level. The mask says what the rules of the recorded arguments read (see
/// [`Primitive::keeps`]). `None` if the tape is full, or a node of this kind doesn't hold what there is to say.
#[inline(always)]
pub fn record<const N: usize>(
    cx: &Context,
    level: u64,
    rule: &'static dyn Primitive,
    args: [Argument<'_>; N],
    mask: u64,
    ans: Tensor,
) -> Option<ShortResult> {
    if level == 0 {
        return Some(ShortResult { node: ShortResult::PLAIN, value: ans });
    }
    if mask == ANS | 3 {
        return None;
    }
    let node = {
        let tape = cx.trace.top_tape(level)?;
        let mut tape = tape.borrow_mut();
        let (node, short) = tape.push_short()?;
        short.fill(rule, &args, mask, &ans);
        NonZeroU32::new(node + 1)?
    };
    Some(ShortResult { node, value: ans })
}
