//! Reductions that leave NaN out.

use super::reduce::{Which, reduction};
use super::{ag_array, ag_context};
use crate::ops::{nan, order};

/// The sum of all elements but NaN, by which the derivative is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nansum(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nansum", x, Which::All, |c, x, axes| nan::sum(c, x, axes, false))
}

/// The sum of all elements but NaN along one axis; the derivative by these is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nansum_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nansum_axis", x, Which::One(axis), |c, x, axes| nan::sum(c, x, axes, keepdims))
}

/// The sum of all elements but NaN along several axes (NULL: all); the derivative by these is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nansum_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nansum_axes", x, Which::Several(axes, naxes), |c, x, axes| nan::sum(c, x, axes, keepdims))
}

/// The product of all elements but NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanprod(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanprod", x, Which::All, |c, x, axes| nan::prod(c, x, axes, false))
}

/// The product of all elements but NaN along one axis; the derivative by these is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanprod_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nanprod_axis", x, Which::One(axis), |c, x, axes| nan::prod(c, x, axes, keepdims))
}

/// The product of all elements but NaN along several axes (NULL: all); the derivative by these is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanprod_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanprod_axes", x, Which::Several(axes, naxes), |c, x, axes| nan::prod(c, x, axes, keepdims))
}

/// The mean of all elements but NaN; NaN if there is no other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmean(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanmean", x, Which::All, |c, x, axes| nan::mean(c, x, axes, false))
}

/// The mean of all elements but NaN along one axis; NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmean_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nanmean_axis", x, Which::One(axis), |c, x, axes| nan::mean(c, x, axes, keepdims))
}

/// The mean of all elements but NaN along several axes (NULL: all); NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmean_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanmean_axes", x, Which::Several(axes, naxes), |c, x, axes| nan::mean(c, x, axes, keepdims))
}

/// The greatest of all elements but NaN; NaN if there is no other. Ties share the cotangent equally.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmax(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanmax", x, Which::All, |c, x, axes| nan::extremum(c, true, x, axes, false))
}

/// The greatest of all elements but NaN along one axis; NaN if there is no other. Ties share the cotangent equally.
/// `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmax_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nanmax_axis", x, Which::One(axis), |c, x, axes| nan::extremum(c, true, x, axes, keepdims))
}

/// The greatest of all elements but NaN along several axes (NULL: all); NaN if there is no other. Ties share the
/// cotangent equally. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmax_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanmax_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        nan::extremum(c, true, x, axes, keepdims)
    })
}

/// The smallest of all elements but NaN; NaN if there is no other. Ties share the cotangent equally.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmin(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanmin", x, Which::All, |c, x, axes| nan::extremum(c, false, x, axes, false))
}

/// The smallest of all elements but NaN along one axis; NaN if there is no other. Ties share the cotangent equally.
/// `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmin_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nanmin_axis", x, Which::One(axis), |c, x, axes| nan::extremum(c, false, x, axes, keepdims))
}

/// The smallest of all elements but NaN along several axes (NULL: all); NaN if there is no other. Ties share the
/// cotangent equally. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmin_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanmin_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        nan::extremum(c, false, x, axes, keepdims)
    })
}

/// The variance of all elements but NaN. ag_nanvar_axis and ag_nanvar_axes divide by n - ddof, and give NaN where that
/// is not positive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanvar(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanvar", x, Which::All, |c, x, axes| nan::var(c, x, axes, 0.0, false))
}

/// The variance of all elements but NaN along one axis, from squares divided by n - ddof; NaN where that is not
/// positive. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanvar_axis(
    cx: *mut ag_context,
    x: ag_array,
    axis: i64,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanvar_axis", x, Which::One(axis), |c, x, axes| nan::var(c, x, axes, ddof, keepdims))
}

/// The variance of all elements but NaN along several axes (NULL: all), from squares divided by n - ddof; NaN where
/// that is not positive. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanvar_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanvar_axes", x, Which::Several(axes, naxes), |c, x, axes| nan::var(c, x, axes, ddof, keepdims))
}

/// The standard deviation of all elements but NaN. Of equal elements the derivative is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanstd(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanstd", x, Which::All, |c, x, axes| nan::std(c, x, axes, 0.0, false))
}

/// The standard deviation of all elements but NaN along one axis, from squares divided by n - ddof; NaN where that is
/// not positive. Of equal elements the derivative is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanstd_axis(
    cx: *mut ag_context,
    x: ag_array,
    axis: i64,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanstd_axis", x, Which::One(axis), |c, x, axes| nan::std(c, x, axes, ddof, keepdims))
}

/// The standard deviation of all elements but NaN along several axes (NULL: all), from squares divided by n - ddof; NaN
/// where that is not positive. Of equal elements the derivative is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanstd_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanstd_axes", x, Which::Several(axes, naxes), |c, x, axes| nan::std(c, x, axes, ddof, keepdims))
}

/// How many elements are not 0; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_count_nonzero(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_count_nonzero", x, Which::All, |c, x, axes| order::count_nonzero(c, x, axes, false))
}

/// How many elements are not 0, along one axis: a plain i64 array. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_count_nonzero_axis(
    cx: *mut ag_context,
    x: ag_array,
    axis: i64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_count_nonzero_axis", x, Which::One(axis), |c, x, axes| order::count_nonzero(c, x, axes, keepdims))
}

/// How many elements are not 0, along several axes (NULL: all): a plain i64 array. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_count_nonzero_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_count_nonzero_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        order::count_nonzero(c, x, axes, keepdims)
    })
}

/// The position of the first greatest element that is not NaN, in row-major order; a plain i64 array of rank 0. Of nothing
/// but NaN AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanargmax(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanargmax", x, Which::All, |c, x, _| {
        c.take("ag_nanargmax", nan::argbest(c, true, x, None, false))
    })
}

/// The positions of the first greatest elements that are not NaN along one axis; with `keepdims` it stays, with extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanargmax_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nanargmax_axis", x, Which::One(axis), |c, x, axes| {
        c.take("ag_nanargmax_axis", nan::argbest(c, true, x, Some(axes[0]), keepdims))
    })
}

/// The position of the first smallest element that is not NaN, in row-major order; a plain i64 array of rank 0. Of nothing
/// but NaN AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanargmin(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanargmin", x, Which::All, |c, x, _| {
        c.take("ag_nanargmin", nan::argbest(c, false, x, None, false))
    })
}

/// The positions of the first smallest elements that are not NaN along one axis; with `keepdims` it stays, with extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanargmin_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nanargmin_axis", x, Which::One(axis), |c, x, axes| {
        c.take("ag_nanargmin_axis", nan::argbest(c, false, x, Some(axes[0]), keepdims))
    })
}
