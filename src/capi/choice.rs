//! Comparisons, and choices that depend on them: equal and its kin, logic, where, clip.

use super::elementwise::{beside, scalar};
use super::{ag_array, ag_context, guard, guard_as, two};
use crate::array::DType;
use crate::ops::elementwise as rows;
use crate::trace::Array;

/// x == y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_equal", x, y, |c, x, y| rows::compare(c, &rows::EQUAL, x, y))
}

/// x == y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_equal_scalar", x, y, |c, x, y| rows::compare(c, &rows::EQUAL, x, y))
}

/// x != y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_not_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_not_equal", x, y, |c, x, y| rows::compare(c, &rows::NOT_EQUAL, x, y))
}

/// x != y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_not_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_not_equal_scalar", x, y, |c, x, y| rows::compare(c, &rows::NOT_EQUAL, x, y))
}

/// x < y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_less", x, y, |c, x, y| rows::compare(c, &rows::LESS, x, y))
}

/// x < y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_less_scalar", x, y, |c, x, y| rows::compare(c, &rows::LESS, x, y))
}

/// x <= y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_less_equal", x, y, |c, x, y| rows::compare(c, &rows::LESS_EQUAL, x, y))
}

/// x <= y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_less_equal_scalar", x, y, |c, x, y| rows::compare(c, &rows::LESS_EQUAL, x, y))
}

/// x > y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_greater", x, y, |c, x, y| rows::compare(c, &rows::GREATER, x, y))
}

/// x > y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_greater_scalar", x, y, |c, x, y| rows::compare(c, &rows::GREATER, x, y))
}

/// x >= y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_greater_equal", x, y, |c, x, y| rows::compare(c, &rows::GREATER_EQUAL, x, y))
}

/// x >= y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_greater_equal_scalar", x, y, |c, x, y| rows::compare(c, &rows::GREATER_EQUAL, x, y))
}

/// Logical and of what is not 0. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logical_and(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_logical_and", x, y, |c, x, y| rows::compare(c, &rows::LOGICAL_AND, x, y))
}

/// Logical or of what is not 0. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logical_or(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_logical_or", x, y, |c, x, y| rows::compare(c, &rows::LOGICAL_OR, x, y))
}

/// Logical xor of what is not 0. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logical_xor(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_logical_xor", x, y, |c, x, y| rows::compare(c, &rows::LOGICAL_XOR, x, y))
}

/// x where the condition holds (is not 0), else y, with broadcasting. What isn't chosen has no influence on the value, and
/// a zero derivative, NaN or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_where(cx: *mut ag_context, condition: ag_array, x: ag_array, y: ag_array) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let [condition, x, y] = [condition, x, y].map(|h| c.get("ag_where", h));
        if c.core.failed() { ag_array::NULL } else { c.put(rows::select(&c.core, &condition, &x, &y)) }
    })
}

/// x limited to [low, high]; an infinite bound is none. Integers stay integers between whole bounds. The derivative is 0 outside and at the bounds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_clip(cx: *mut ag_context, x: ag_array, low: f64, high: f64) -> ag_array {
    const NAME: &str = "ag_clip";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        let x = c.get(NAME, x);
        if x.is_null() {
            return ag_array::NULL;
        }
        let bounds = [low, high].map(|b| if b.is_infinite() { None } else { Some(beside(c, &x, b, false)) });
        let whole = |b: &Option<Array>| b.as_ref().is_none_or(|b| !b.dtype().is_inexact());
        if x.dtype().is_inexact() || x.dtype() == DType::Bool || !bounds.iter().all(whole) {
            return c.put(rows::clip(&c.core, &x, low, high));
        }
        let [low, high] = bounds;
        let y = low.map_or_else(|| x.clone(), |low| rows::binary(&c.core, &rows::MAXIMUM, &x, &low));
        c.put(high.map_or_else(|| y.clone(), |high| rows::binary(&c.core, &rows::MINIMUM, &y, &high)))
    })
}

/// x where the condition holds, else the number y, see ag_where. In the precision of x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_where_scalar(cx: *mut ag_context, condition: ag_array, x: ag_array, y: f64) -> ag_array {
    where_number(cx, "ag_where_scalar", condition, x, y, false)
}

/// The number x where the condition holds, else y, see ag_where. In the precision of y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rwhere_scalar(cx: *mut ag_context, condition: ag_array, x: f64, y: ag_array) -> ag_array {
    where_number(cx, "ag_rwhere_scalar", condition, y, x, true)
}

fn where_number(
    cx: *mut ag_context,
    name: &'static str,
    condition: ag_array,
    x: ag_array,
    number: f64,
    flip: bool,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let [condition, x] = [condition, x].map(|h| c.get(name, h));
        if c.core.failed() {
            return ag_array::NULL;
        }
        let number = beside(c, &x, number, false);
        let (x, y) = if flip { (&number, &x) } else { (&x, &number) };
        c.put(rows::select(&c.core, &condition, x, y))
    })
}
