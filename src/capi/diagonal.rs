//! Diagonals and triangles.

use super::shape::{checked, made};
use super::{ag_array, ag_context, guard_as};
use crate::ops::diagonal;

/// The main diagonal of the first two axes, as the last axis of the result: a view.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diagonal(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_diagonal", x, |c, x| diagonal::diagonal(&c.core, x, 0, 0, 1))
}

/// The diagonal `offset` places above the main one (below, if negative) of two axes, as the last axis of the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diagonal_axes(
    cx: *mut ag_context,
    x: ag_array,
    offset: i64,
    axis1: i64,
    axis2: i64,
) -> ag_array {
    checked(cx, "ag_diagonal_axes", x, |c, x| diagonal::diagonal(&c.core, x, offset, axis1, axis2))
}

/// Zeros with the last axis of x as such a diagonal: the inverse of ag_diagonal_axes. axis1 and axis2 are axes of the
/// result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_make_diagonal(
    cx: *mut ag_context,
    x: ag_array,
    offset: i64,
    axis1: i64,
    axis2: i64,
) -> ag_array {
    checked(cx, "ag_make_diagonal", x, |c, x| diagonal::make_diagonal(&c.core, x, offset, axis1, axis2))
}

/// The k-th diagonal of a matrix, or a matrix with a vector as k-th diagonal and zeros elsewhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diag(cx: *mut ag_context, x: ag_array, k: i64) -> ag_array {
    checked(cx, "ag_diag", x, |c, x| diagonal::diag(&c.core, x, k))
}

/// A matrix with all elements of x on the k-th diagonal and zeros elsewhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diagflat(cx: *mut ag_context, x: ag_array, k: i64) -> ag_array {
    checked(cx, "ag_diagflat", x, |c, x| diagonal::diagflat(&c.core, x, k))
}

/// The sum of the main diagonal of the first two axes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trace(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_trace", x, |c, x| diagonal::trace(&c.core, x, 0, 0, 1))
}

/// The sum of the diagonal `offset` places above the main one of two axes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trace_axes(
    cx: *mut ag_context,
    x: ag_array,
    offset: i64,
    axis1: i64,
    axis2: i64,
) -> ag_array {
    checked(cx, "ag_trace_axes", x, |c, x| diagonal::trace(&c.core, x, offset, axis1, axis2))
}

/// The upper triangle of the last two axes: zeros below the k-th diagonal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_triu(cx: *mut ag_context, x: ag_array, k: i64) -> ag_array {
    checked(cx, "ag_triu", x, |c, x| diagonal::triangle(&c.core, true, x, k))
}

/// The lower triangle of the last two axes: zeros above the k-th diagonal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tril(cx: *mut ag_context, x: ag_array, k: i64) -> ag_array {
    checked(cx, "ag_tril", x, |c, x| diagonal::triangle(&c.core, false, x, k))
}

/// x with `values` (flattened, and from the beginning again) on the main diagonal, of all axes if there are more than
/// two. With `wrap` the diagonal begins anew in a matrix with more rows than columns. x itself stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fill_diagonal(cx: *mut ag_context, x: ag_array, values: ag_array, wrap: bool) -> ag_array {
    const NAME: &str = "ag_fill_diagonal";
    guard_as(cx, "ag_fill_diagonal", ag_array::NULL, |c| {
        let (x, values) = (c.get(NAME, x), c.get(NAME, values));
        if x.is_null() || values.is_null() {
            return ag_array::NULL;
        }
        let y = diagonal::fill_diagonal(&c.core, &x, &values, wrap);
        made(c, NAME, y)
    })
}
