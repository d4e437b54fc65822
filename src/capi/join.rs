//! Arrays put together and taken apart.

use super::shape::{joined, list, made, well};
use super::{ag_array, ag_context, guard_as, slice};
use crate::error::{Error, Result};
use crate::ops::join;
use crate::ops::shape::listed;
use crate::trace::Array;
use smallvec::SmallVec;

/// Rows and matrices one below the other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vstack(cx: *mut ag_context, arrays: *const ag_array, n: usize) -> ag_array {
    joined(cx, "ag_vstack", arrays, n, |c, arrays| join::vstack(&c.core, arrays))
}

/// Arrays one after the other along axis 1, vectors along their only one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hstack(cx: *mut ag_context, arrays: *const ag_array, n: usize) -> ag_array {
    joined(cx, "ag_hstack", arrays, n, |c, arrays| join::hstack(&c.core, arrays))
}

/// Arrays one behind the other, along axis 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_dstack(cx: *mut ag_context, arrays: *const ag_array, n: usize) -> ag_array {
    joined(cx, "ag_dstack", arrays, n, |c, arrays| join::dstack(&c.core, arrays))
}

/// Vectors as columns, and matrices, side by side.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_column_stack(cx: *mut ag_context, arrays: *const ag_array, n: usize) -> ag_array {
    joined(cx, "ag_column_stack", arrays, n, |c, arrays| join::column_stack(&c.core, arrays))
}

/// The elements of both, in one axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_append(cx: *mut ag_context, x: ag_array, values: ag_array) -> ag_array {
    super::two(cx, "ag_append", x, values, join::append)
}

/// One after the other along an axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_append_axis(cx: *mut ag_context, x: ag_array, values: ag_array, axis: i64) -> ag_array {
    let pair = [x, values];
    joined(cx, "ag_append_axis", pair.as_ptr(), 2, |c, a| join::append_axis(&c.core, a[0], a[1], axis))
}

/// A matrix of blocks, row by row: row i has lengths[i] arrays, nrows rows in all. Rows may be of different lengths if
/// their sizes fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_block(
    cx: *mut ag_context,
    arrays: *const ag_array,
    lengths: *const usize,
    nrows: usize,
) -> ag_array {
    const NAME: &str = "ag_block";
    guard_as(cx, "ag_block", ag_array::NULL, |c| {
        // SAFETY: `nrows` numbers, the caller's promise.
        let Some(lengths) = (unsafe { slice(c, NAME, "lengths", lengths, nrows) }) else { return ag_array::NULL };
        let total = lengths.iter().try_fold(0usize, |n, &l| n.checked_add(l)).unwrap_or(usize::MAX);
        // SAFETY: as many handles, the caller's promise.
        let Some(handles) = (unsafe { slice(c, NAME, "arrays", arrays, total) }) else { return ag_array::NULL };
        let arrays = c.get_all(NAME, handles);
        if c.core.failed() {
            return ag_array::NULL;
        }
        let y = listed(arrays.iter()).and_then(|arrays| join::block(&c.core, &arrays, lengths));
        made(c, NAME, y)
    })
}

/// As many handles as a context has.
const MOST_PARTS: usize = 1 << 28;

/// Results to `out`, which has room for `room` of them; nulls there after a failure. Whether all is well.
pub(super) fn results(
    c: &ag_context,
    name: &'static str,
    out: *mut ag_array,
    room: usize,
    made: Result<SmallVec<[Array; 4]>>,
) -> bool {
    let made = made.and_then(|made| {
        if out.is_null() || !out.is_aligned() {
            return Err(Error::argument("the argument out is NULL or misaligned"));
        }
        if made.len() == room || c.core.failed() {
            return Ok(made);
        }
        Err(Error::argument(format!("there are {} results, and room for {room}", made.len())))
    });
    let made = c.check(name, made).filter(|_| well(c, name));
    // There is no room for more results than there can be handles.
    for i in 0..if room <= MOST_PARTS { room } else { 0 } {
        let handle = made.as_ref().map_or(ag_array::NULL, |made| c.put(made[i].clone()));
        if !out.is_null() && out.is_aligned() {
            // SAFETY: room for so many, the caller's promise.
            unsafe { out.add(i).write(handle) };
        }
    }
    made.is_some() && !c.core.failed()
}

/// An operation of one array with several results.
pub(super) fn several(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    out: *mut ag_array,
    room: usize,
    f: impl FnOnce(&ag_context, &Array) -> Result<Vec<Array>>,
) -> bool {
    guard_as(cx, name, false, |c| {
        let x = c.get(name, x);
        let made = if x.is_null() { Err(Error::argument("not seen: the first error stays")) } else { f(c, &x) };
        results(c, name, out, room, made.map(SmallVec::from_vec))
    })
}

/// As many parts as will come out; none of a number that isn't one.
fn parts(sections: i64) -> usize {
    usize::try_from(sections).unwrap_or(0)
}

/// `sections` equal parts along an axis, to out[0] to out[sections - 1]: views. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_split(
    cx: *mut ag_context,
    x: ag_array,
    sections: i64,
    axis: i64,
    out: *mut ag_array,
) -> bool {
    several(cx, "ag_split", x, out, parts(sections), |c, x| join::split(&c.core, x, sections, axis, true))
}

/// `sections` parts along an axis, as equal as can be, to out[0] to out[sections - 1]: views. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_array_split(
    cx: *mut ag_context,
    x: ag_array,
    sections: i64,
    axis: i64,
    out: *mut ag_array,
) -> bool {
    several(cx, "ag_array_split", x, out, parts(sections), |c, x| join::split(&c.core, x, sections, axis, false))
}

/// The parts before, between and after n positions along an axis, to out[0] to out[n]: views. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_split_at(
    cx: *mut ag_context,
    x: ag_array,
    positions: *const i64,
    n: usize,
    axis: i64,
    out: *mut ag_array,
) -> bool {
    several(cx, "ag_split_at", x, out, n.saturating_add(1), |c, x| {
        // SAFETY: `n` positions, the caller's promise.
        join::split_at(&c.core, x, unsafe { list(c, "ag_split_at", "positions", positions, n) }?, axis)
    })
}

fn split_along(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    sections: i64,
    axis: usize,
    out: *mut ag_array,
) -> bool {
    several(cx, name, x, out, parts(sections), |c, x| {
        join::split(&c.core, x, sections, join::split_axis(&name[3..], x, axis)?, true)
    })
}

/// ag_split along axis 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vsplit(cx: *mut ag_context, x: ag_array, sections: i64, out: *mut ag_array) -> bool {
    split_along(cx, "ag_vsplit", x, sections, 0, out)
}

/// ag_split along axis 1, of vectors along their only one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hsplit(cx: *mut ag_context, x: ag_array, sections: i64, out: *mut ag_array) -> bool {
    split_along(cx, "ag_hsplit", x, sections, 1, out)
}

/// ag_split along axis 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_dsplit(cx: *mut ag_context, x: ag_array, sections: i64, out: *mut ag_array) -> bool {
    split_along(cx, "ag_dsplit", x, sections, 2, out)
}

/// The n entries along an axis, without it, to out[0] to out[n - 1]: views. False on failure, also if there are not n.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_unstack(cx: *mut ag_context, x: ag_array, axis: i64, out: *mut ag_array, n: usize) -> bool {
    several(cx, "ag_unstack", x, out, n, |c, x| join::unstack(&c.core, x, axis))
}

pub(super) fn together(
    cx: *mut ag_context,
    name: &'static str,
    arrays: *const ag_array,
    n: usize,
    out: *mut ag_array,
    f: impl FnOnce(&ag_context, &[&Array]) -> Result<Vec<Array>>,
) -> bool {
    guard_as(cx, name, false, |c| {
        // SAFETY: `n` handles, the caller's promise.
        let Some(handles) = (unsafe { slice(c, name, "arrays", arrays, n) }) else { return false };
        let arrays = c.get_all(name, handles);
        let made = if c.core.failed() {
            Err(Error::argument("not seen: the first error stays"))
        } else {
            listed(arrays.iter()).and_then(|arrays| f(c, &arrays))
        };
        results(c, name, out, n, made.map(SmallVec::from_vec))
    })
}

/// n arrays broadcast together, to out[0] to out[n - 1]: views. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_broadcast_arrays(
    cx: *mut ag_context,
    arrays: *const ag_array,
    n: usize,
    out: *mut ag_array,
) -> bool {
    together(cx, "ag_broadcast_arrays", arrays, n, out, |c, arrays| join::broadcast_arrays(&c.core, arrays))
}

/// Coordinates of a grid from those along each axis, to out[0] to out[n - 1]. Axis i of the grid belongs to arrays[i];
/// without `matrix_indexing` the first two are exchanged, as for pictures (x to the right, y downwards). With `sparse`
/// extents of 1 stay, for broadcasting. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_meshgrid(
    cx: *mut ag_context,
    arrays: *const ag_array,
    n: usize,
    matrix_indexing: bool,
    sparse: bool,
    out: *mut ag_array,
) -> bool {
    together(cx, "ag_meshgrid", arrays, n, out, |c, arrays| join::meshgrid(&c.core, arrays, matrix_indexing, sparse))
}
