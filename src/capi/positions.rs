//! Positions as arrays of integers, and sums of rows that belong together.

use super::join::{results, several, together};
use super::shape::{joined, made};
use super::take::outside;
use super::{ag_array, ag_context, guard_as};
use crate::array::Shape;
use crate::error::{Error, Result};
use crate::ops::positions;
use crate::ops::segment::{Kind, segment};
use crate::trace::Array;
use smallvec::SmallVec;

/// Arrays made of numbers, to `out`.
fn arrays(
    cx: *mut ag_context,
    name: &'static str,
    out: *mut ag_array,
    room: usize,
    f: impl FnOnce(&ag_context) -> Result<Vec<Array>>,
) -> bool {
    guard_as(cx, name, false, |c| results(c, name, out, room, f(c).map(SmallVec::from_vec)))
}

/// A shape whose error was noted.
fn grid(c: &ag_context, name: &'static str, shape: *const i64, ndim: usize) -> Result<Shape> {
    c.shape(name, shape, ndim).ok_or_else(|| Error::argument("not seen: the first error stays"))
}

/// Rows (out[0]) and columns (out[1]) of the places on and above the k-th diagonal of n rows of m columns, in row-major order; plain
/// i64 arrays, for ag_index_items. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_triu_indices(cx: *mut ag_context, n: i64, k: i64, m: i64, out: *mut ag_array) -> bool {
    arrays(cx, "ag_triu_indices", out, 2, |c| positions::triangle(&c.core, true, n, k, m))
}

/// Rows (out[0]) and columns (out[1]) of the places on and below the k-th diagonal of n rows of m columns, in row-major order; plain
/// i64 arrays. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tril_indices(cx: *mut ag_context, n: i64, k: i64, m: i64, out: *mut ag_array) -> bool {
    arrays(cx, "ag_tril_indices", out, 2, |c| positions::triangle(&c.core, false, n, k, m))
}

/// ag_triu_indices for the extents of a matrix.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_triu_indices_from(cx: *mut ag_context, x: ag_array, k: i64, out: *mut ag_array) -> bool {
    several(cx, "ag_triu_indices_from", x, out, 2, |c, x| positions::triangle_from(&c.core, true, x.shape(), k))
}

/// ag_tril_indices for the extents of a matrix.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tril_indices_from(cx: *mut ag_context, x: ag_array, k: i64, out: *mut ag_array) -> bool {
    several(cx, "ag_tril_indices_from", x, out, 2, |c, x| positions::triangle_from(&c.core, false, x.shape(), k))
}

/// The coordinates of the main diagonal of ndim axes of extent n, along axis i in out[i]: 0 to n - 1 in each, plain i64 arrays. False
/// on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diag_indices(cx: *mut ag_context, n: i64, ndim: usize, out: *mut ag_array) -> bool {
    arrays(cx, "ag_diag_indices", out, ndim, |c| positions::diagonal(&c.core, n, ndim))
}

/// ag_diag_indices for the extents of an array, which are equal: ndim arrays, two at least.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diag_indices_from(cx: *mut ag_context, x: ag_array, out: *mut ag_array) -> bool {
    const NAME: &str = "ag_diag_indices_from";
    let room = guard_as(cx, "ag_diag_indices_from", 0, |c| c.get(NAME, x).ndim());
    several(cx, NAME, x, out, room, |c, x| positions::diagonal_from(&c.core, x.shape()))
}

/// The coordinates of all places of a grid: of the shape (ndim, shape...), with those along axis i at position i of the first axis. A
/// plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_indices(cx: *mut ag_context, shape: *const i64, ndim: usize) -> ag_array {
    const NAME: &str = "ag_indices";
    guard_as(cx, "ag_indices", ag_array::NULL, |c| {
        let y = grid(c, NAME, shape, ndim).and_then(|grid| positions::indices(&c.core, &grid));
        made(c, NAME, y)
    })
}

/// The coordinates, in a grid of a shape, of places in row-major order: those along axis i in out[i], in the shape of `indices`, for
/// all ndim axes; plain i64 arrays. AG_ERR_VALUE for a place that isn't there, also for a negative one. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_unravel_index(
    cx: *mut ag_context,
    indices: ag_array,
    shape: *const i64,
    ndim: usize,
    out: *mut ag_array,
) -> bool {
    const NAME: &str = "ag_unravel_index";
    several(cx, NAME, indices, out, ndim, |c, indices| {
        positions::unravel_index(&c.core, indices, &grid(c, NAME, shape, ndim)?)
    })
}

/// The places in row-major order of coordinates in a grid of a shape: coordinates[i] has those along axis i, ndim arrays of integers
/// that broadcast. `mode` is AG_TAKE_RAISE (those outside are AG_ERR_VALUE, negative ones too) to AG_TAKE_CLIP. A plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ravel_multi_index(
    cx: *mut ag_context,
    coordinates: *const ag_array,
    shape: *const i64,
    ndim: usize,
    mode: i32,
) -> ag_array {
    const NAME: &str = "ag_ravel_multi_index";
    joined(cx, NAME, coordinates, ndim, |c, coordinates| {
        positions::ravel_multi_index(&c.core, coordinates, &grid(c, NAME, shape, ndim)?, outside(mode)?)
    })
}

fn segments(
    cx: *mut ag_context,
    name: &'static str,
    kind: Kind,
    x: ag_array,
    ids: ag_array,
    num_segments: i64,
) -> ag_array {
    joined(cx, name, [x, ids].as_ptr(), 2, |c, a| segment(&c.core, kind, a[0], a[1], num_segments))
}

/// The sums of rows that belong together: row i of x is added to row segment_ids[i] of the result, which has num_segments rows; a
/// segment without rows is 0. segment_ids has integers from 0 to num_segments - 1 (AG_ERR_INDEX), in any order, for each place along
/// the first axis of x, or the first axes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_segment_sum(
    cx: *mut ag_context,
    x: ag_array,
    segment_ids: ag_array,
    num_segments: i64,
) -> ag_array {
    segments(cx, "ag_segment_sum", Kind::Sum, x, segment_ids, num_segments)
}

/// The products of rows that belong together, as ag_segment_sum; a segment without rows is 1. The derivative is exact also if
/// elements are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_segment_prod(
    cx: *mut ag_context,
    x: ag_array,
    segment_ids: ag_array,
    num_segments: i64,
) -> ag_array {
    segments(cx, "ag_segment_prod", Kind::Prod, x, segment_ids, num_segments)
}

/// The greatest elements of rows that belong together, as ag_segment_sum; a segment without rows is -infinity, of integers the least
/// one. Elements that tie share the cotangent equally.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_segment_max(
    cx: *mut ag_context,
    x: ag_array,
    segment_ids: ag_array,
    num_segments: i64,
) -> ag_array {
    segments(cx, "ag_segment_max", Kind::Max, x, segment_ids, num_segments)
}

/// The smallest elements of rows that belong together, as ag_segment_sum; a segment without rows is infinity, of integers the greatest
/// one. Elements that tie share the cotangent equally.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_segment_min(
    cx: *mut ag_context,
    x: ag_array,
    segment_ids: ag_array,
    num_segments: i64,
) -> ag_array {
    segments(cx, "ag_segment_min", Kind::Min, x, segment_ids, num_segments)
}

/// Vectors of positions for indexing a block out of n axes: out[i] is arrays[i] along axis i, with extent 1 along the others,
/// so that ag_index_items with all of them gives the elements where the chosen rows and columns meet. Boolean vectors
/// become the positions where they are true. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ix(cx: *mut ag_context, arrays: *const ag_array, n: usize, out: *mut ag_array) -> bool {
    together(cx, "ag_ix", arrays, n, out, |c, arrays| positions::ix(&c.core, arrays))
}
