//! The short way of recording: operations on small arrays, plain or recorded on the innermost tape, which is what nearly all
//! operations of a small program are. Arguments are looked at where they lie, nothing is copied but references, and the
//! node is written where it stays.
//!
//! Whoever takes it looks whether all is as it should be, and else returns `None`: then the operation goes the general
//! way of `apply`, errors included. So nobody is called from here, and nothing is dropped that somebody could see.

use super::apply::{ANS, Primitive, Rule};
use super::tape::{General, Meta};
use super::value::Array;
use crate::array::{Tensor, dims::same};
use crate::context::Context;

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

    /// The argument as a rule reads it.
    #[inline]
    fn array(&self) -> Array {
        match self.value {
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

/// The result of an operation, recorded if it has a level. `keeps` says what the rules for the arguments that are marked
/// read (see [`Primitive::keeps`]). `None` if the tape is full.
#[inline(always)]
pub fn record<const N: usize>(
    cx: &Context,
    level: u64,
    rule: &'static dyn Primitive,
    args: [Given<'_>; N],
    keeps: impl FnOnce([bool; N]) -> u64,
    ans: Tensor,
) -> Option<Array> {
    if level == 0 {
        return Some(Array::Plain(ans));
    }
    let node = cx.trace.with_top(level, |tape| {
        let mut node = tape.blank();
        describe(&mut node, rule, &args, keeps(args.map(|arg| arg.level != 0)), &ans);
        tape.push(node)
    })??;
    Some(Array::Recorded { node, level, value: ans })
}

#[inline(always)]
fn describe(node: &mut General, rule: &'static dyn Primitive, args: &[Given<'_>], mask: u64, ans: &Tensor) {
    node.rule = Some(Rule::Row(rule));
    node.mask = mask;
    for (k, arg) in args.iter().enumerate() {
        if arg.level != 0 {
            node.parents.push((k as u32, arg.node));
            if let Value::Array(t) = arg.value
                && t.dtype() == ans.dtype()
                && same(t.shape(), ans.shape())
            {
                node.alike |= 1 << k;
            }
        }
        if mask >> k & 1 == 1 {
            node.kept.push(arg.array());
        }
    }
    if mask & ANS != 0 {
        node.kept.push(Array::Plain(ans.clone()));
    }
    node.metas.push(Meta { dtype: ans.dtype(), shape: ans.shape().into() });
}
