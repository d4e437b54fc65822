//! The sum of a small array of numbers, as a number: the end of most losses.
//!
//! Its node is a parent on the tape, nothing more. In a sweep its cotangent is added to all elements of the parent's in
//! place, or fills a new one.

use super::*;
use crate::array::Descriptor;
use crate::trace::{NO_NODE, Number};
use std::rc::Rc;

/// The sum of all elements of a real array in double precision, plain or recorded on the innermost tape, that is small and
/// lies in order. `None` for anything else, and while somebody watches.
#[inline]
pub fn total(cx: &Context, x: &Array) -> Option<Number> {
    let (node, level, t) = match x {
        Array::Plain(t) => (NO_NODE, 0, t),
        Array::Recorded { node, level, value } => (*node, *level, value),
        _ => return None,
    };
    if cx.unusual() || !cx.engine.is_small(t) {
        return None;
    }
    let value = f64::row(Fold::Sum, t.owned_slice::<f64>()?);
    if level == 0 {
        return Some(Number::plain(value));
    }
    let node = cx.trace.top_tape(level)?.borrow_mut().push_total(node)?;
    Some(Number { node, level, value })
}

/// Adds a number to all elements of a plain cotangent, in place; a null one becomes an array with the descriptor given, if any.
/// `false` where that can't be done, and nothing has changed.
pub fn accumulate_total<'a>(
    cx: &Context,
    sum: &mut Array,
    descriptor: impl FnOnce() -> Option<&'a Rc<Descriptor>>,
    g: f64,
) -> bool {
    match sum {
        Array::Null => {
            let Some(t) = descriptor()
                .and_then(|descriptor| Tensor::with_descriptor::<f64>(&cx.engine.heap, descriptor, |d| d.fill(g)))
            else {
                return false;
            };
            sum.fill(Array::Plain(t));
            true
        }
        Array::Plain(t) if t.dtype() == DType::F64 => match t.unique_mut::<f64>() {
            Some(d) => {
                d.iter_mut().for_each(|d| *d += g);
                true
            }
            None => false,
        },
        _ => false,
    }
}
