//! Sorting, partitioning, searching.

use super::shape::{checked, joined, list, well};
use super::{ag_array, ag_context, guard_as, store};
use crate::ops::{order, shape};
use crate::trace::Array;

fn flat(c: &ag_context, x: &Array) -> Array {
    shape::reshape(&c.core, x, &[x.size()])
}

/// All elements in ascending order, NaN last; equal ones keep their order. The derivative follows the elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sort(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_sort", x, |c, x| order::sort(&c.core, &flat(c, x), 0))
}

/// The elements along one axis in ascending order, NaN last; equal ones keep their order. The derivative follows the
/// elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sort_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    checked(cx, "ag_sort_axis", x, |c, x| order::sort(&c.core, x, axis))
}

/// The positions, in row-major order, of the elements in ascending order; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argsort(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_argsort", x, |c, x| order::argsort(&c.core, &flat(c, x), 0))
}

/// The positions along one axis of its elements in ascending order; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argsort_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    checked(cx, "ag_argsort_axis", x, |c, x| order::argsort(&c.core, x, axis))
}

/// All elements in an order in which those numbered kths[0] to kths[n - 1] stand where sorting puts them, smaller ones
/// before and greater ones after. In linear time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_partition(cx: *mut ag_context, x: ag_array, kths: *const i64, n: usize) -> ag_array {
    checked(cx, "ag_partition", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        order::partition(&c.core, &flat(c, x), unsafe { list(c, "ag_partition", "kths", kths, n) }?, 0)
    })
}

/// The elements along one axis in an order in which those numbered kths[0] to kths[n - 1] stand where sorting puts
/// them, smaller ones before and greater ones after. In linear time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_partition_axis(
    cx: *mut ag_context,
    x: ag_array,
    kths: *const i64,
    n: usize,
    axis: i64,
) -> ag_array {
    checked(cx, "ag_partition_axis", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        order::partition(&c.core, x, unsafe { list(c, "ag_partition_axis", "kths", kths, n) }?, axis)
    })
}

/// The positions, in row-major order, of the elements that ag_partition puts there; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argpartition(cx: *mut ag_context, x: ag_array, kths: *const i64, n: usize) -> ag_array {
    checked(cx, "ag_argpartition", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        order::argpartition(&c.core, &flat(c, x), unsafe { list(c, "ag_argpartition", "kths", kths, n) }?, 0)
    })
}

/// The positions along one axis of the elements that ag_partition_axis puts there; a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argpartition_axis(
    cx: *mut ag_context,
    x: ag_array,
    kths: *const i64,
    n: usize,
    axis: i64,
) -> ag_array {
    checked(cx, "ag_argpartition_axis", x, |c, x| {
        // SAFETY: `n` numbers, the caller's promise.
        order::argpartition(&c.core, x, unsafe { list(c, "ag_argpartition_axis", "kths", kths, n) }?, axis)
    })
}

/// Where the elements of `values` belong in the sorted vector `sorted`: before those that equal them, or after them with
/// `right`. A plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_searchsorted(
    cx: *mut ag_context,
    sorted: ag_array,
    values: ag_array,
    right: bool,
) -> ag_array {
    joined(cx, "ag_searchsorted", [sorted, values].as_ptr(), 2, |c, a| {
        Ok(order::searchsorted(&c.core, a[0], a[1], right)?.into())
    })
}

/// The number of the bin that each element lies in, 0 before the first of the edges `bins`, which ascend or descend. A
/// bin has its left edge, with `right` its right one. A plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_digitize(cx: *mut ag_context, x: ag_array, bins: ag_array, right: bool) -> ag_array {
    joined(cx, "ag_digitize", [x, bins].as_ptr(), 2, |c, a| Ok(order::digitize(&c.core, a[0], a[1], right)?.into()))
}

/// The different elements in ascending order. A derivative goes to the first of equal ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_unique(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_unique", x, |c, x| Ok(order::unique(&c.core, x)?.values))
}

/// The different elements in ascending order, and plain i64 arrays: in *index where each value occurs first in
/// row-major order, in *inverse for each element the number of its value, in *counts how often each value occurs. Each
/// pointer may be NULL. A derivative goes to the first of equal elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_unique_all(
    cx: *mut ag_context,
    x: ag_array,
    index: *mut ag_array,
    inverse: *mut ag_array,
    counts: *mut ag_array,
) -> ag_array {
    const NAME: &str = "ag_unique_all";
    guard_as(cx, "ag_unique_all", ag_array::NULL, |c| {
        let x = c.get(NAME, x);
        if x.is_null() {
            return ag_array::NULL;
        }
        let found = order::unique(&c.core, &x);
        let Some(found) = c.check(NAME, found) else { return ag_array::NULL };
        for (to, part) in [(index, found.index), (inverse, found.inverse), (counts, found.counts)] {
            if !to.is_null() {
                // SAFETY: the caller's promise.
                unsafe { store(to, c.put(part)) };
            }
        }
        c.put(found.values)
    })
}

/// # Safety
/// `positions` is NULL or may be written.
unsafe fn largest(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    k: i64,
    axis: i64,
    positions: *mut ag_array,
) -> ag_array {
    let (values, found) = guard_as(cx, name, (ag_array::NULL, ag_array::NULL), |c| {
        let x = c.get(name, x);
        if x.is_null() {
            return (ag_array::NULL, ag_array::NULL);
        }
        match c.check(name, order::topk(&c.core, &x, k, axis)) {
            Some((values, at)) if well(c, name) => {
                (c.put(values), if positions.is_null() { ag_array::NULL } else { c.put(at) })
            }
            _ => (ag_array::NULL, ag_array::NULL),
        }
    });
    // SAFETY: the caller's promise.
    unsafe { store(positions, found) };
    values
}

/// The k largest elements along the last axis in descending order, and in *indices (unless NULL) their positions along it, a plain
/// i64 array. Of equal elements the earlier one comes first; NaN counts as largest. Derivatives follow the elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_topk(cx: *mut ag_context, x: ag_array, k: i64, indices: *mut ag_array) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe { largest(cx, "ag_topk", x, k, -1, indices) }
}

/// The k largest elements along an axis in descending order, and in *indices (unless NULL) their positions along it, a
/// plain i64 array. Of equal elements the earlier one comes first; NaN counts as largest. Derivatives follow the
/// elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_topk_axis(
    cx: *mut ag_context,
    x: ag_array,
    k: i64,
    axis: i64,
    indices: *mut ag_array,
) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe { largest(cx, "ag_topk_axis", x, k, axis, indices) }
}

/// The positions that put n arrays of one shape in order along their last axis, all together: by the last one, where its elements
/// are equal by the one before it, and so on. A plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_lexsort(cx: *mut ag_context, keys: *const ag_array, n: usize) -> ag_array {
    joined(cx, "ag_lexsort", keys, n, |c, keys| order::lexsort(&c.core, keys, -1))
}

/// The positions that put n arrays of one shape in order along an axis, all together: by the last one, where its
/// elements are equal by the one before it, and so on. A plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_lexsort_axis(cx: *mut ag_context, keys: *const ag_array, n: usize, axis: i64) -> ag_array {
    joined(cx, "ag_lexsort_axis", keys, n, |c, keys| order::lexsort(&c.core, keys, axis))
}
