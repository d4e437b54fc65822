//! The same elements in another order, or several times.

use super::shape::{checked, list, made};
use super::{ag_array, ag_context, guard_as, one};
use crate::array::{Shape, shape};
use crate::error::{Error, Result};
use crate::ops::{arrange, reduce, shape as shapes};
use crate::trace::Array;

/// Axis source[i] becomes axis destination[i], for n axes; the others keep their order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_moveaxis(
    cx: *mut ag_context,
    x: ag_array,
    source: *const i64,
    destination: *const i64,
    n: usize,
) -> ag_array {
    const NAME: &str = "ag_moveaxis";
    checked(cx, NAME, x, |c, x| {
        // SAFETY: `n` axes each, the caller's promise.
        let (from, to) =
            unsafe { (list(c, NAME, "source", source, n)?, list(c, NAME, "destination", destination, n)?) };
        arrange::moveaxis(&c.core, x, from, to)
    })
}

/// Axis `axis` comes to stand before the axis `start`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rollaxis(cx: *mut ag_context, x: ag_array, axis: i64, start: i64) -> ag_array {
    checked(cx, "ag_rollaxis", x, |c, x| arrange::rollaxis(&c.core, x, axis, start))
}

/// A number as an array of one axis; others as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_atleast_1d(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_atleast_1d", x, |c, x| arrange::atleast(c, x, 1))
}

/// Numbers and vectors as matrices of one row; others as they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_atleast_2d(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_atleast_2d", x, |c, x| arrange::atleast(c, x, 2))
}

/// At least three axes: a vector becomes (1, n, 1), a matrix (m, n, 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_atleast_3d(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_atleast_3d", x, |c, x| arrange::atleast(c, x, 3))
}

/// The last two axes exchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_matrix_transpose(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_matrix_transpose", x, |c, x| arrange::matrix_transpose(&c.core, x))
}

/// Reversed along every axis: a view.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_flip(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_flip", x, |c, x| arrange::flip(&c.core, x, &reduce::all_axes(x)))
}

/// Reversed along one axis: a view.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_flip_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    checked(cx, "ag_flip_axis", x, |c, x| arrange::flip(&c.core, x, &[shape::normalize_axis(axis, x.ndim())?]))
}

/// Reversed along several axes (NULL: all): a view.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_flip_axes(cx: *mut ag_context, x: ag_array, axes: *const i64, naxes: usize) -> ag_array {
    checked(cx, "ag_flip_axes", x, |c, x| {
        if axes.is_null() {
            return arrange::flip(&c.core, x, &reduce::all_axes(x));
        }
        // SAFETY: `naxes` axes, the caller's promise.
        let axes = unsafe { list(c, "ag_flip_axes", "axes", axes, naxes) }?;
        arrange::flip(&c.core, x, &shape::normalize_axes(axes, x.ndim())?)
    })
}

/// Reversed along axis 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_flipud(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_flipud", x, |c, x| arrange::flip_matrix(&c.core, x, 0))
}

/// Reversed along axis 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fliplr(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_fliplr", x, |c, x| arrange::flip_matrix(&c.core, x, 1))
}

/// Turned k times by 90 degrees, from axis 0 towards axis 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rot90(cx: *mut ag_context, x: ag_array, k: i64) -> ag_array {
    checked(cx, "ag_rot90", x, |c, x| arrange::rot90(&c.core, x, k, 0, 1))
}

/// Turned k times by 90 degrees, from axis1 towards axis2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rot90_axes(cx: *mut ag_context, x: ag_array, k: i64, axis1: i64, axis2: i64) -> ag_array {
    checked(cx, "ag_rot90_axes", x, |c, x| arrange::rot90(&c.core, x, k, axis1, axis2))
}

/// The elements moved on by `shift` places in row-major order; what leaves at the end comes in at the beginning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_roll(cx: *mut ag_context, x: ag_array, shift: i64) -> ag_array {
    one(cx, "ag_roll", x, |c, x| arrange::roll_flat(c, x, shift))
}

/// The elements moved on by `shift` places along one axis; what leaves at the end comes in at the beginning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_roll_axis(cx: *mut ag_context, x: ag_array, shift: i64, axis: i64) -> ag_array {
    checked(cx, "ag_roll_axis", x, |c, x| arrange::roll(&c.core, x, &[shift], &[axis]))
}

/// The elements moved on by shifts[i] places along axes[i], for several axes; what leaves at the end comes in at the
/// beginning.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_roll_axes(
    cx: *mut ag_context,
    x: ag_array,
    shifts: *const i64,
    axes: *const i64,
    n: usize,
) -> ag_array {
    const NAME: &str = "ag_roll_axes";
    checked(cx, NAME, x, |c, x| {
        // SAFETY: `n` numbers each, the caller's promise.
        let (shifts, axes) = unsafe { (list(c, NAME, "shifts", shifts, n)?, list(c, NAME, "axes", axes, n)?) };
        arrange::roll(&c.core, x, shifts, axes)
    })
}

/// The array reps[i] times along axis i; where there are more repetitions than axes, new ones come first, and the other
/// way round.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tile(cx: *mut ag_context, x: ag_array, reps: *const i64, n: usize) -> ag_array {
    checked(cx, "ag_tile", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        arrange::tile(&c.core, x, unsafe { list(c, "ag_tile", "reps", reps, n) }?)
    })
}

fn flat(c: &ag_context, x: &Array) -> Array {
    shapes::reshape(&c.core, x, &[x.size()])
}

/// Each element of the flattened array `count` times.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_repeat(cx: *mut ag_context, x: ag_array, count: i64) -> ag_array {
    checked(cx, "ag_repeat", x, |c, x| arrange::repeat(&c.core, &flat(c, x), count, 0))
}

/// Each entry along an axis `count` times.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_repeat_axis(cx: *mut ag_context, x: ag_array, count: i64, axis: i64) -> ag_array {
    checked(cx, "ag_repeat_axis", x, |c, x| arrange::repeat(&c.core, x, count, shape::normalize_axis(axis, x.ndim())?))
}

/// Element i of the flattened array counts[i] times (all of them counts[0] times, if n is 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_repeat_counts(cx: *mut ag_context, x: ag_array, counts: *const i64, n: usize) -> ag_array {
    checked(cx, "ag_repeat_counts", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        let counts = unsafe { list(c, "ag_repeat_counts", "counts", counts, n) }?;
        arrange::repeat_counts(&c.core, &flat(c, x), counts, 0)
    })
}

/// Entry i along an axis counts[i] times (all of them counts[0] times, if n is 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_repeat_counts_axis(
    cx: *mut ag_context,
    x: ag_array,
    counts: *const i64,
    n: usize,
    axis: i64,
) -> ag_array {
    checked(cx, "ag_repeat_counts_axis", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        let counts = unsafe { list(c, "ag_repeat_counts_axis", "counts", counts, n) }?;
        arrange::repeat_counts(&c.core, x, counts, shape::normalize_axis(axis, x.ndim())?)
    })
}

/// The elements of x in another shape, both in column-major order (NumPy's order "F"). One extent may be -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_reshape_f(cx: *mut ag_context, x: ag_array, shape: *const i64, ndim: usize) -> ag_array {
    checked(cx, "ag_reshape_f", x, |c, x| {
        // SAFETY: `ndim` extents, the caller's promise.
        arrange::reshape_f(&c.core, x, unsafe { list(c, "ag_reshape_f", "shape", shape, ndim) }?)
    })
}

/// All elements in one axis, in column-major order (NumPy's order "F").
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ravel_f(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_ravel_f", x, arrange::ravel_f)
}

/// An array of any shape with the elements of x in row-major order, from the beginning again where there are too few.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_resize(cx: *mut ag_context, x: ag_array, shape: *const i64, ndim: usize) -> ag_array {
    const NAME: &str = "ag_resize";
    guard_as(cx, "ag_resize", ag_array::NULL, |c| {
        let (x, shape): (Array, Option<Shape>) = (c.get(NAME, x), c.shape(NAME, shape, ndim));
        match shape {
            Some(shape) if !x.is_null() => {
                let y = arrange::resize(&c.core, &x, &shape);
                made(c, NAME, y)
            }
            _ => ag_array::NULL,
        }
    })
}

/// The flattened array without the elements at n positions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_delete(cx: *mut ag_context, x: ag_array, positions: *const i64, n: usize) -> ag_array {
    checked(cx, "ag_delete", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        let at = unsafe { list(c, "ag_delete", "positions", positions, n) }?;
        arrange::delete(&c.core, &flat(c, x), at, 0)
    })
}

/// The array without the entries at n positions along an axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_delete_axis(
    cx: *mut ag_context,
    x: ag_array,
    positions: *const i64,
    n: usize,
    axis: i64,
) -> ag_array {
    checked(cx, "ag_delete_axis", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        let at = unsafe { list(c, "ag_delete_axis", "positions", positions, n) }?;
        arrange::delete(&c.core, x, at, shape::normalize_axis(axis, x.ndim())?)
    })
}

fn inserted(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    positions: (*const i64, usize),
    values: ag_array,
    f: impl FnOnce(&ag_context, &Array, &[i64], &Array) -> Result<Array>,
) -> ag_array {
    checked(cx, name, x, |c, x| {
        let values = c.get(name, values);
        if values.is_null() {
            return Err(Error::argument("not seen: the first error stays"));
        }
        // SAFETY: so many numbers, the caller's promise.
        let at = unsafe { list(c, name, "positions", positions.0, positions.1) }?;
        f(c, x, at, &values)
    })
}

/// The flattened array with values before n positions: all of them before the only one, or one before each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_insert(
    cx: *mut ag_context,
    x: ag_array,
    positions: *const i64,
    n: usize,
    values: ag_array,
) -> ag_array {
    inserted(cx, "ag_insert", x, (positions, n), values, |c, x, at, values| {
        arrange::insert(&c.core, &flat(c, x), at, values, 0)
    })
}

/// The array with values before n positions along an axis: all entries of `values` before the only position, or one
/// before each of several.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_insert_axis(
    cx: *mut ag_context,
    x: ag_array,
    positions: *const i64,
    n: usize,
    values: ag_array,
    axis: i64,
) -> ag_array {
    inserted(cx, "ag_insert_axis", x, (positions, n), values, |c, x, at, values| {
        arrange::insert(&c.core, x, at, values, shape::normalize_axis(axis, x.ndim())?)
    })
}
