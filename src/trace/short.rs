//! The short way of recording: operations on small arrays, plain or recorded on the innermost tape, which is what nearly all
//! operations of a small program are. Arguments are looked at where they lie, nothing is copied but references, and the
//! node is written where it stays.
//!
//! Whoever takes it looks whether all is as it should be, and else returns `None`: then the operation goes the general
//! way of `apply`, errors included. So nobody is called from here, and nothing is dropped that somebody could see.

use super::apply::{ANS, Alike, Kept, Primitive, Rule};
use super::tape::{General, Meta};
use super::value::Array;
use crate::array::{DType, Tensor};
use crate::context::Context;
use smallvec::SmallVec;
use std::num::NonZeroU32;

/// An argument, with the node that it is, if any.
#[derive(Clone, Copy)]
pub struct Given<'a> {
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

impl<'a> Given<'a> {
    #[inline(always)]
    pub fn of(x: &'a Array) -> Option<Given<'a>> {
        let plain = |value| Given { value, level: 0, node: u32::MAX };
        Some(match *x {
            Array::Plain(ref t) => plain(Value::Array(t)),
            Array::Number { value, weak } => plain(Value::Number { value, weak }),
            Array::Recorded { node, level, ref value } => Given { value: Value::Array(value), level, node },
            Array::Variable { node, level, value } => {
                Given { value: Value::Number { value, weak: false }, level, node }
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
pub fn level<const N: usize>(cx: &Context, args: &[Given<'_>; N]) -> Option<u64> {
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
pub struct Row {
    /// `None` after a sweep that consumed the tape.
    pub rule: Option<&'static dyn Primitive>,
    /// By the number of the argument; [`NONE`] for one that isn't recorded.
    pub parents: [u32; 2],
    /// What the arguments have in common with the result, see [`Alike`].
    pub alike: u8,
    /// What is kept: bits of the arguments, and [`KEPT_ANS`].
    keeps: u8,
    form: Form,
    kept: [Array; 2],
}

/// No node.
pub const NONE: u32 = u32::MAX;
/// The result, in [`Row::keeps`].
const KEPT_ANS: u8 = 1 << 7;

/// Shape and dtype of a value, in fewer bytes than [`Meta`].
#[derive(Clone, Copy)]
struct Form {
    dtype: DType,
    ndim: u8,
    extents: [u32; AXES],
}

/// Arrays with more axes go the general way.
const AXES: usize = 4;

impl Form {
    /// Of an array with few axes and elements; there are some, so that no extent is greater than their number.
    #[inline(always)]
    fn of(t: &Tensor) -> Option<Form> {
        let shape = t.shape();
        let extents = match *shape {
            _ if t.size() > u32::MAX as usize => return None,
            [] => [0; AXES],
            [a] => [a as u32, 0, 0, 0],
            [a, b] => [a as u32, b as u32, 0, 0],
            [a, b, c] => [a as u32, b as u32, c as u32, 0],
            [a, b, c, d] => [a as u32, b as u32, c as u32, d as u32],
            _ => return None,
        };
        Some(Form { dtype: t.dtype(), ndim: shape.len() as u8, extents })
    }

    fn shape(&self) -> &[u32] {
        &self.extents[..usize::from(self.ndim).min(AXES)]
    }
}

/// A copy of what a row keeps.
pub struct Taken {
    mask: u64,
    items: SmallVec<[Array; 2]>,
}

impl Taken {
    pub fn kept(&self) -> Kept<'_> {
        Kept::Some { mask: self.mask, items: &self.items }
    }
}

impl Row {
    /// To be filled where it stays.
    const BLANK: Row = Row {
        rule: None,
        parents: [NONE; 2],
        alike: 0,
        keeps: 0,
        form: Form { dtype: DType::F64, ndim: 0, extents: [0; AXES] },
        kept: [Array::Null, Array::Null],
    };

    /// Shape and dtype of the value.
    pub fn meta(&self) -> Meta {
        Meta { dtype: self.form.dtype, shape: self.form.shape().iter().map(|&d| d as usize).collect() }
    }

    /// Whether a cotangent has the form of the value.
    #[inline]
    pub fn fits(&self, g: &Array) -> bool {
        let (shape, own) = (g.shape(), self.form.shape());
        g.dtype() == self.form.dtype
            && shape.len() == own.len()
            && shape.iter().zip(own).all(|(&a, &b)| a == b as usize)
    }

    /// What the rule reads, where it lies.
    #[inline(always)]
    pub fn kept(&self) -> Kept<'_> {
        Kept::Some { mask: self.mask(), items: &self.kept[..self.count().min(2)] }
    }

    /// The same, to be read while the tape is not borrowed.
    pub fn taken(&self) -> Taken {
        Taken { mask: self.mask(), items: self.kept.iter().take(self.count()).cloned().collect() }
    }

    /// Drops what is kept, for the node is not needed any more, if nobody is told of that; `false` and nothing is done
    /// otherwise.
    #[inline(always)]
    pub fn end(&mut self) -> bool {
        let quiet = |x: &Array| if let Array::Plain(t) = x { t.drops_quietly() } else { true };
        if !self.kept.iter().all(quiet) {
            return false;
        }
        self.rule = None;
        for kept in &mut self.kept {
            if !kept.is_null() {
                *kept = Array::Null;
            }
        }
        true
    }

    /// The same, with what is kept returned, to be dropped while the tape is not borrowed.
    pub fn take(&mut self) -> [Array; 2] {
        self.rule = None;
        std::mem::take(&mut self.kept)
    }

    /// Puts aside what is kept.
    #[inline(always)]
    fn keep(&mut self, args: &[Given<'_>], ans: &Tensor) {
        let mut at = self.kept.iter_mut();
        for (k, arg) in args.iter().enumerate() {
            if self.keeps >> k & 1 == 1
                && let Some(place) = at.next()
            {
                *place = arg.value.array();
            }
        }
        if self.keeps & KEPT_ANS != 0
            && let Some(place) = at.next()
        {
            *place = Array::Plain(ans.clone());
        }
    }

    /// How many values are kept.
    #[inline(always)]
    fn count(&self) -> usize {
        usize::from(self.keeps & 1) + usize::from(self.keeps >> 1 & 1) + usize::from(self.keeps >> 7)
    }

    #[inline(always)]
    fn mask(&self) -> u64 {
        u64::from(self.keeps & 3) | if self.keeps & KEPT_ANS != 0 { ANS } else { 0 }
    }

    /// The same node as the general way has it, for a sweep that is more than numbers.
    pub fn general(&self) -> General {
        let mask = self.mask();
        let mut node = General { rule: self.rule.map(Rule::Row), mask, ..General::default() };
        node.alike = self.alike;
        node.parents.extend((0..).zip(self.parents).filter(|p| p.1 != NONE));
        node.kept.extend(self.kept.iter().take(self.count()).cloned());
        node.metas.push(self.meta());
        node
    }
}

/// A result of the short way. It fits two registers.
pub struct Short {
    /// The node and one more; `u32::MAX` for a plain result, as no tape has so many nodes.
    node: NonZeroU32,
    value: Tensor,
}

impl Short {
    const PLAIN: NonZeroU32 = NonZeroU32::MAX;

    /// The result as a value. What is recorded is so on the innermost level.
    #[inline(always)]
    pub fn array(self, cx: &Context) -> Array {
        if self.node == Short::PLAIN {
            Array::Plain(self.value)
        } else {
            Array::Recorded { node: self.node.get() - 1, level: cx.trace.top(), value: self.value }
        }
    }
}

/// The result of an operation, recorded if it has a level. `keeps` says what the rules for the arguments that are marked
/// read (see [`Primitive::keeps`]). `None` if the tape is full, or a node of this kind doesn't hold what there is to say.
#[inline(always)]
pub fn record<const N: usize>(
    cx: &Context,
    level: u64,
    rule: &'static dyn Primitive,
    args: [Given<'_>; N],
    keeps: impl FnOnce([bool; N]) -> u64,
    ans: Tensor,
) -> Option<Short> {
    if level == 0 {
        return Some(Short { node: Short::PLAIN, value: ans });
    }
    let mask = keeps(args.map(|arg| arg.level != 0));
    let keeps = mask as u8 & 3 | if mask & ANS != 0 { KEPT_ANS } else { 0 };
    if keeps == KEPT_ANS | 3 {
        return None;
    }
    let form = Form::of(&ans)?;
    let (mut parents, mut alike) = ([NONE; 2], 0);
    for (k, arg) in args.iter().enumerate() {
        if arg.level != 0 {
            parents[k] = arg.node;
            if let Value::Array(t) = arg.value
                && t.dtype() == ans.dtype()
            {
                alike |= if t.same_shape(&ans) { Alike::Form } else { Alike::Dtype }.bits(k);
            }
        }
    }
    let node = cx.trace.with_top(level, |tape| {
        // Written field by field where it stays: what is put together first is read before it has been written.
        let (node, row) = tape.push_row(Row::BLANK)?;
        row.rule = Some(rule);
        row.parents = parents;
        row.alike = alike;
        row.keeps = keeps;
        row.form = form;
        if keeps != 0 {
            row.keep(&args, &ans);
        }
        NonZeroU32::new(node + 1)
    })??;
    Some(Short { node, value: ans })
}
