//! Elements picked, and put, by position or by a mask.

use super::shape::joined;
use super::{ag_array, ag_context, guard};
use crate::error::{Error, Result};
use crate::ops::take::{self, Outside};
use crate::ops::{index, shape};
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
    pair(cx, "ag_take", x, indices, |c, x, at| take::take(&c.core, &flat(c, x), at, 0, outside(mode)?))
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
    pair(cx, "ag_take_axis", x, indices, |c, x, at| take::take(&c.core, x, at, axis, outside(mode)?))
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
    pair(cx, "ag_take_along_axis", x, indices, |c, x, at| take::take_along_axis(&c.core, x, at, axis))
}

/// The elements for which the condition holds, in one axis; both are read in row-major order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_extract(cx: *mut ag_context, condition: ag_array, x: ag_array) -> ag_array {
    pair(cx, "ag_extract", condition, x, |c, condition, x| take::extract(&c.core, condition, x))
}

/// The elements of the flattened array for which the condition, a vector, holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_compress(cx: *mut ag_context, condition: ag_array, x: ag_array) -> ag_array {
    pair(cx, "ag_compress", condition, x, |c, condition, x| take::compress(&c.core, condition, &flat(c, x), 0))
}

/// The entries along an axis for which the condition, a vector, holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_compress_axis(
    cx: *mut ag_context,
    condition: ag_array,
    x: ag_array,
    axis: i64,
) -> ag_array {
    pair(cx, "ag_compress_axis", condition, x, |c, condition, x| take::compress(&c.core, condition, x, axis))
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
        take::put_along_axis(&c.core, a[0], a[1], a[2], axis)
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
    joined(cx, "ag_put", [x, indices, values].as_ptr(), 3, |c, a| take::put(&c.core, a[0], a[1], a[2], outside(mode)?))
}

/// x with the first of `values` in the first place where the mask holds, the second one in the second place, and so on, from the
/// beginning again if there are fewer. The mask has as many elements as x. x itself stays as it is. Differentiable in x and values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_place(cx: *mut ag_context, x: ag_array, mask: ag_array, values: ag_array) -> ag_array {
    joined(cx, "ag_place", [x, mask, values].as_ptr(), 3, |c, a| take::place(&c.core, a[0], a[1], a[2]))
}

/// x with values where the mask holds: at the i-th place in row-major order values[i], from the beginning again if there are fewer
/// than x has elements. No values change nothing. The mask has as many elements as x. x itself stays as it is. Differentiable in
/// x and values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_putmask(cx: *mut ag_context, x: ag_array, mask: ag_array, values: ag_array) -> ag_array {
    joined(cx, "ag_putmask", [x, mask, values].as_ptr(), 3, |c, a| take::putmask(&c.core, a[0], a[1], a[2]))
}
