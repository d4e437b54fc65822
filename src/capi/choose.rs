//! Choices that depend on conditions, on numbers, on bounds.

use super::elementwise::number_for;
use super::shape::{joined, made};
use super::take::outside;
use super::{ag_array, ag_context, guard, guard_as, slice};
use crate::array::DType;
use crate::error::Result;
use crate::ops::choose;
use crate::ops::elementwise;
use crate::trace::Array;

/// x where the condition holds (is not 0), else y, with broadcasting. What isn't chosen has no influence on the value, and
/// a zero derivative, NaN or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_where(cx: *mut ag_context, condition: ag_array, x: ag_array, y: ag_array) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let [condition, x, y] = [condition, x, y].map(|h| c.get("ag_where", h));
        if c.core.failed() { ag_array::NULL } else { c.put(elementwise::select(&c.core, &condition, &x, &y)) }
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
        let number = number_for(c, &x, number, false);
        let (x, y) = if flip { (&number, &x) } else { (&x, &number) };
        c.put(elementwise::select(&c.core, &condition, x, y))
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
        let bounds = [low, high].map(|b| if b.is_infinite() { None } else { Some(number_for(c, &x, b, false)) });
        let whole = |b: &Option<Array>| b.as_ref().is_none_or(|b| !b.dtype().is_inexact());
        if x.dtype().is_inexact() || x.dtype() == DType::Bool || !bounds.iter().all(whole) {
            return c.put(elementwise::clip(&c.core, &x, low, high));
        }
        let [low, high] = bounds;
        let y = low.map_or_else(|| x.clone(), |low| elementwise::binary(&c.core, &elementwise::MAXIMUM, &x, &low));
        c.put(high.map_or_else(|| y.clone(), |high| elementwise::binary(&c.core, &elementwise::MINIMUM, &y, &high)))
    })
}

/// Each element from the one of n arrays whose number stands in its place in `numbers`; all of them broadcast. `mode` is
/// AG_TAKE_RAISE (numbers outside are AG_ERR_VALUE, negative ones too) to AG_TAKE_CLIP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_choose(
    cx: *mut ag_context,
    numbers: ag_array,
    choices: *const ag_array,
    n: usize,
    mode: i32,
) -> ag_array {
    const NAME: &str = "ag_choose";
    joined(cx, NAME, choices, n, |c, choices| {
        let numbers = c.get(NAME, numbers);
        if numbers.is_null() {
            return Ok(Array::Null);
        }
        choose::choose(&c.core, &numbers, choices, outside(mode)?)
    })
}

/// Each element from values[i] for the first i whose condition holds there, else from `otherwise`: n conditions (boolean)
/// and n values; all of them broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_select(
    cx: *mut ag_context,
    conditions: *const ag_array,
    values: *const ag_array,
    n: usize,
    otherwise: ag_array,
) -> ag_array {
    lists(cx, "ag_select", conditions, n, values, n, otherwise, |c, conditions, values, otherwise| {
        choose::select(&c.core, conditions, values, otherwise)
    })
}

/// A function of x in pieces: where conditions[i] holds, values[i], of several the last one; elsewhere values[n], if there
/// are n + 1 values, or 0. Conditions and values broadcast to the shape of x; compute values from x for derivatives by x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_piecewise(
    cx: *mut ag_context,
    x: ag_array,
    conditions: *const ag_array,
    n: usize,
    values: *const ag_array,
    nvalues: usize,
) -> ag_array {
    lists(cx, "ag_piecewise", conditions, n, values, nvalues, x, |c, conditions, values, x| {
        choose::piecewise(&c.core, x, conditions, values)
    })
}

/// Two lists of arrays, and one more array.
#[expect(clippy::too_many_arguments, reason = "two lists")]
fn lists(
    cx: *mut ag_context,
    name: &'static str,
    conditions: *const ag_array,
    n: usize,
    values: *const ag_array,
    m: usize,
    other: ag_array,
    f: impl FnOnce(&ag_context, &[&Array], &[&Array], &Array) -> Result<Array>,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        // SAFETY: so many handles, the caller's promise.
        let Some(conditions) = (unsafe { slice(c, name, "conditions", conditions, n) }) else { return ag_array::NULL };
        // SAFETY: the same.
        let Some(values) = (unsafe { slice(c, name, "values", values, m) }) else { return ag_array::NULL };
        let (conditions, values, other) = (c.get_all(name, conditions), c.get_all(name, values), c.get(name, other));
        if c.core.failed() {
            return ag_array::NULL;
        }
        let (conditions, values): (Vec<&Array>, Vec<&Array>) = (conditions.iter().collect(), values.iter().collect());
        let y = f(c, &conditions, &values, &other);
        made(c, name, y)
    })
}
