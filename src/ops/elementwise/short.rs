//! The short way of element-wise functions of small arrays, see `trace::short`. The loops are those of the general way, and
//! so are the results.

use super::*;
use crate::trace::short::{Argument, ShortResult, Value, level, record};

/// A function of one array.
#[inline]
pub fn unary(cx: &Context, row: &'static Unary, x: &Array) -> Option<ShortResult> {
    if cx.unusual() {
        return None;
    }
    let args = [Argument::of(x)?];
    let Value::Array(x) = args[0].value else { return None };
    let level = level(cx, &args)?;
    let mut rule: &'static dyn Primitive = row;
    let mut mask = if level == 0 { 0 } else { row.keeps(&[0]) };
    let (mut kept, mut both) = (args, None);
    if level != 0
        && let Some(shared) = &row.shared
    {
        both = cx.engine.small_both(shared.pair, x);
        match &both {
            Some((_, Some(slope))) => {
                kept[0].value = Value::Array(slope);
                (rule, mask) = ((shared.rule)(), 1);
            }
            Some((_, None)) => (rule, mask) = ((shared.from_value)(), crate::trace::ANS),
            None => {}
        }
    }
    // One place that records, since the code of what is done often should fit the nearest cache.
    let y = match &both {
        Some((y, _)) => y.clone(),
        None => cx.engine.small_unary(row.kernel, x)?,
    };
    record(cx, level, rule, kept, mask, y)
}

/// A function of two arguments of which one is an array.
#[inline]
pub fn binary(cx: &Context, row: &'static Binary, x: &Array, y: &Array) -> Option<ShortResult> {
    if cx.unusual() {
        return None;
    }
    if is_square(row, x, y) {
        return unary(cx, &SQUARE, x);
    }
    let args = [Argument::of(x)?, Argument::of(y)?];
    let level = level(cx, &args)?;
    let z = small(cx, row.kernel, [args[0].value, args[1].value])?;
    let used = |k: usize| if args[k].is_recorded() { row.uses(k) } else { 0 };
    record(cx, level, row, args, mask(used(0) | used(1), 2), z)
}

/// A cotangent times what is kept, if the product has the cotangent's form.
#[inline(always)]
pub(super) fn scaled(cx: &Context, g: &Tensor, x: &Array) -> Option<Tensor> {
    let part = small(cx, SCALED.kernel, [Value::Array(g), Argument::of(x)?.value])?;
    part.same_shape(g).then_some(part)
}

/// The loop, without the lists that the general way needs.
#[inline(always)]
pub(super) fn small(cx: &Context, kernel: &'static BinaryKernel, args: [Value<'_>; 2]) -> Option<Tensor> {
    // A number with a type of its own raises the precision of a narrower array.
    let goes_with = |t: &Tensor, weak: bool| weak || t.dtype() == DType::F64;
    match args {
        [Value::Array(a), Value::Array(b)] => {
            let flip = a.size() < b.size();
            let (big, other) = if flip { (b, a) } else { (a, b) };
            cx.engine.small_arrays(kernel, big, other, flip)
        }
        [Value::Array(t), Value::Number { value, weak }] if goes_with(t, weak) => {
            cx.engine.small_number(kernel, t, value, false)
        }
        [Value::Number { value, weak }, Value::Array(t)] if goes_with(t, weak) => {
            cx.engine.small_number(kernel, t, value, true)
        }
        _ => None,
    }
}

/// Whether an array is raised to the power 2: there is a function for that.
#[inline(always)]
pub(super) fn is_square(row: &'static Binary, x: &Array, y: &Array) -> bool {
    std::ptr::eq(row, &POW)
        && matches!((x, y), (Array::Plain(_) | Array::Recorded { .. }, Array::Number { value: 2.0, .. }))
        && promote(x, y) == x.dtype()
}
