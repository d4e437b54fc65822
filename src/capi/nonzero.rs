//! Where elements are not 0.

use super::join::several;
use super::shape::{checked, list};
use super::{ag_array, ag_context, guard_as};
use crate::array::shape::normalize_axes;
use crate::ops::{nonzero, reduce};

/// The row-major positions of the elements that are not 0; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_flatnonzero(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_flatnonzero", x, |c, x| Ok(nonzero::flatnonzero(&c.core, x)?.into()))
}

/// The coordinates of the elements that are not 0, along axis i in out[i], for all ndim axes; plain i64 arrays. False on
/// failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nonzero(cx: *mut ag_context, x: ag_array, out: *mut ag_array) -> bool {
    let room = guard_as(cx, "ag_nonzero", 0, |c| c.get("ag_nonzero", x).ndim());
    several(cx, "ag_nonzero", x, out, room, |c, x| nonzero::nonzero(&c.core, x))
}

/// The coordinates of the elements that are not 0, a row for each; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argwhere(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_argwhere", x, |c, x| Ok(nonzero::argwhere(&c.core, x)?.into()))
}

/// The smallest part of x with all its elements that are not 0: zeros before the first one (with `front`) and after the last
/// one (with `back`) are left out, along every axis. Nothing of an array of zeros is left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trim_zeros(cx: *mut ag_context, x: ag_array, front: bool, back: bool) -> ag_array {
    checked(cx, "ag_trim_zeros", x, |c, x| nonzero::trim_zeros(&c.core, x, front, back, &reduce::all_axes(x)))
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
        nonzero::trim_zeros(&c.core, x, front, back, &axes)
    })
}
