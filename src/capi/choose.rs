//! Picking elements by position, and choosing them by conditions.

use super::join::several;
use super::shape::{checked, joined, list, made};
use super::{ag_array, ag_context, guard, guard_as, slice};
use crate::array::shape::normalize_axes;
use crate::error::{Error, Result};
use crate::ops::gather::{self, Outside};
use crate::ops::{choose, index, reduce, shape};
use crate::trace::Array;
use smallvec::SmallVec;

/// Positions outside of an axis are errors (AG_ERR_INDEX); negative ones count from the end.
pub const AG_TAKE_RAISE: i32 = 0;
/// Positions outside of an axis begin anew.
pub const AG_TAKE_WRAP: i32 = 1;
/// Positions outside of an axis become the first or the last one.
pub const AG_TAKE_CLIP: i32 = 2;

pub(super) fn outside(mode: i32) -> Result<Outside> {
    match mode {
        AG_TAKE_RAISE => Ok(Outside::Raise),
        AG_TAKE_WRAP => Ok(Outside::Wrap),
        AG_TAKE_CLIP => Ok(Outside::Clip),
        _ => Err(Error::value(format!("clipmode {mode} is not understood (AG_TAKE_RAISE to AG_TAKE_CLIP)"))),
    }
}

fn pair(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    y: ag_array,
    f: impl FnOnce(&ag_context, &Array, &Array) -> Result<Array>,
) -> ag_array {
    joined(cx, name, [x, y].as_ptr(), 2, |c, a| f(c, a[0], a[1]))
}

fn flat(c: &ag_context, x: &Array) -> Array {
    shape::reshape(&c.core, x, &[x.size()])
}

/// An element, if `indices` is one position in range, which may count from the end.
fn one_element(cx: *const ag_context, x: ag_array, indices: ag_array, mode: i32) -> Option<ag_array> {
    guard(cx, None, |c| {
        let slots = c.slots.borrow();
        let at = slots.integer(indices).or_else(|| match slots.value(indices)? {
            Array::Plain(position) if position.ndim() == 0 => position.owned_slice::<i64>()?.first().copied(),
            _ => None,
        })?;
        let x = slots.value(x)?;
        let at = if at < 0 && mode == AG_TAKE_RAISE { at + x.size() as i64 } else { at };
        let at = usize::try_from(at).ok()?;
        let number = index::flat_element(&c.core, x, at);
        if number.is_some() || at >= x.size() {
            drop(slots);
            return number.map(|number| c.put_number(number));
        }
        // Values may end while it is recorded on several levels, so nothing is borrowed then.
        let x = x.clone();
        drop(slots);
        let mut places: SmallVec<[i64; 4]> = SmallVec::new();
        let mut rest = at;
        for &n in x.shape().iter().rev() {
            places.push((rest % n) as i64);
            rest /= n;
        }
        places.reverse();
        index::element(&c.core, &x, &places).map(|element| c.put(element))
    })
}

/// The elements at row-major positions, in the shape of the array of integers `indices`. `mode` is AG_TAKE_RAISE to
/// AG_TAKE_CLIP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_take(cx: *mut ag_context, x: ag_array, indices: ag_array, mode: i32) -> ag_array {
    if outside(mode).is_ok()
        && let Some(element) = one_element(cx, x, indices, mode)
    {
        return element;
    }
    pair(cx, "ag_take", x, indices, |c, x, at| gather::take(&c.core, &flat(c, x), at, 0, outside(mode)?))
}

/// The entries at positions along an axis; the axes of `indices` take its place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_take_axis(
    cx: *mut ag_context,
    x: ag_array,
    indices: ag_array,
    axis: i64,
    mode: i32,
) -> ag_array {
    pair(cx, "ag_take_axis", x, indices, |c, x, at| gather::take(&c.core, x, at, axis, outside(mode)?))
}

/// For each line along an axis the elements at positions of its own, as ag_argsort_axis and its kin give them; the other
/// axes of both arrays broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_take_along_axis(
    cx: *mut ag_context,
    x: ag_array,
    indices: ag_array,
    axis: i64,
) -> ag_array {
    pair(cx, "ag_take_along_axis", x, indices, |c, x, at| gather::take_along_axis(&c.core, x, at, axis))
}

/// x with values at such places; of values for the same place the last one stays. x itself stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_put_along_axis(
    cx: *mut ag_context,
    x: ag_array,
    indices: ag_array,
    values: ag_array,
    axis: i64,
) -> ag_array {
    joined(cx, "ag_put_along_axis", [x, indices, values].as_ptr(), 3, |c, a| {
        gather::put_along_axis(&c.core, a[0], a[1], a[2], axis)
    })
}

/// x with `values` at the row-major positions `indices`, in their order and from the beginning again if there are fewer; of several
/// values for one place the last one stays. No values change nothing. `mode` is AG_TAKE_RAISE to AG_TAKE_CLIP. x itself stays as
/// it is. Differentiable in x and values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_put(
    cx: *mut ag_context,
    x: ag_array,
    indices: ag_array,
    values: ag_array,
    mode: i32,
) -> ag_array {
    joined(cx, "ag_put", [x, indices, values].as_ptr(), 3, |c, a| {
        gather::put(&c.core, a[0], a[1], a[2], outside(mode)?)
    })
}

/// x with the first of `values` in the first place where the mask holds, the second one in the second place, and so on, from the
/// beginning again if there are fewer. The mask has as many elements as x. x itself stays as it is. Differentiable in x and values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_place(cx: *mut ag_context, x: ag_array, mask: ag_array, values: ag_array) -> ag_array {
    joined(cx, "ag_place", [x, mask, values].as_ptr(), 3, |c, a| gather::place(&c.core, a[0], a[1], a[2]))
}

/// x with values where the mask holds: at the i-th place in row-major order values[i], from the beginning again if there are fewer
/// than x has elements. No values change nothing. The mask has as many elements as x. x itself stays as it is. Differentiable in
/// x and values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_putmask(cx: *mut ag_context, x: ag_array, mask: ag_array, values: ag_array) -> ag_array {
    joined(cx, "ag_putmask", [x, mask, values].as_ptr(), 3, |c, a| gather::putmask(&c.core, a[0], a[1], a[2]))
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

/// The elements for which the condition holds, in one axis; both are read in row-major order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_extract(cx: *mut ag_context, condition: ag_array, x: ag_array) -> ag_array {
    pair(cx, "ag_extract", condition, x, |c, condition, x| choose::extract(&c.core, condition, x))
}

/// The elements of the flattened array for which the condition, a vector, holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_compress(cx: *mut ag_context, condition: ag_array, x: ag_array) -> ag_array {
    pair(cx, "ag_compress", condition, x, |c, condition, x| choose::compress(&c.core, condition, &flat(c, x), 0))
}

/// The entries along an axis for which the condition, a vector, holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_compress_axis(
    cx: *mut ag_context,
    condition: ag_array,
    x: ag_array,
    axis: i64,
) -> ag_array {
    pair(cx, "ag_compress_axis", condition, x, |c, condition, x| choose::compress(&c.core, condition, x, axis))
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

/// The row-major positions of the elements that are not 0; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_flatnonzero(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_flatnonzero", x, |c, x| Ok(choose::flatnonzero(&c.core, x)?.into()))
}

/// The coordinates of the elements that are not 0, along axis i in out[i], for all ndim axes; plain i64 arrays. False on
/// failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nonzero(cx: *mut ag_context, x: ag_array, out: *mut ag_array) -> bool {
    let room = guard_as(cx, "ag_nonzero", 0, |c| c.get("ag_nonzero", x).ndim());
    several(cx, "ag_nonzero", x, out, room, |c, x| choose::nonzero(&c.core, x))
}

/// The coordinates of the elements that are not 0, a row for each; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argwhere(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_argwhere", x, |c, x| Ok(choose::argwhere(&c.core, x)?.into()))
}

/// The smallest part of x with all its elements that are not 0: zeros before the first one (with `front`) and after the last
/// one (with `back`) are left out, along every axis. Nothing of an array of zeros is left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trim_zeros(cx: *mut ag_context, x: ag_array, front: bool, back: bool) -> ag_array {
    checked(cx, "ag_trim_zeros", x, |c, x| choose::trim_zeros(&c.core, x, front, back, &reduce::all_axes(x)))
}

/// The smallest part of x along some axes with all its elements that are not 0; the other axes stay whole. Zeros before
/// the first such element (with `front`) and after the last one (with `back`) are left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trim_zeros_axes(
    cx: *mut ag_context,
    x: ag_array,
    front: bool,
    back: bool,
    axes: *const i64,
    naxes: usize,
) -> ag_array {
    checked(cx, "ag_trim_zeros_axes", x, |c, x| {
        // SAFETY: `naxes` axes, the caller's promise.
        let axes = normalize_axes(unsafe { list(c, "ag_trim_zeros_axes", "axes", axes, naxes) }?, x.ndim())?;
        choose::trim_zeros(&c.core, x, front, back, &axes)
    })
}
