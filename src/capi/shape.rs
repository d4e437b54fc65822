//! Changes of shape. Most are views of the same memory.

use super::{ag_array, ag_context, guard_as, one, slice};
use crate::array::{Axes, shape};
use crate::error::{Error, Result};
use crate::ops::{reduce, shape as ops};
use crate::trace::Array;

/// Whether all is well; a failure of an operation that `name` is made of is put down to `name`, which the caller knows.
pub(super) fn well(c: &ag_context, name: &'static str) -> bool {
    if !c.core.failed() {
        return true;
    }
    c.core.amend_error(|e| match e.message.split_once(": ") {
        Some((inner, text))
            if inner != name && (inner.starts_with("ag_") || ["slice", "recurrence"].contains(&inner)) =>
        {
            Error { message: format!("{name}: {text}").into(), ..e }
        }
        _ => e,
    });
    false
}

/// A handle for the result of an operation made of others.
pub(super) fn made(c: &ag_context, name: &'static str, result: Result<Array>) -> ag_array {
    match c.check(name, result) {
        Some(y) if well(c, name) => c.put(y),
        _ => ag_array::NULL,
    }
}

/// An operation of one array whose arguments are checked against it first.
pub(super) fn checked(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    f: impl FnOnce(&ag_context, &Array) -> Result<Array>,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        if x.is_null() {
            return ag_array::NULL;
        }
        let result = f(c, &x);
        made(c, name, result)
    })
}

/// A list of numbers; an error was noted where there is none.
///
/// # Safety
/// `data` is NULL or points at `n` numbers.
pub(super) unsafe fn list<'a>(
    c: &ag_context,
    name: &'static str,
    what: &str,
    data: *const i64,
    n: usize,
) -> Result<&'a [i64]> {
    // SAFETY: the caller's promise.
    unsafe { slice(c, name, what, data, n) }.ok_or_else(|| Error::argument("not seen: the first error stays"))
}

/// The elements of x in another shape, in row-major order. One extent may be -1: it follows from the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_reshape(cx: *mut ag_context, x: ag_array, shape: *const i64, ndim: usize) -> ag_array {
    checked(cx, "ag_reshape", x, |c, x| {
        // SAFETY: `ndim` extents, the caller's promise.
        let shape = ops::resolve(unsafe { list(c, "ag_reshape", "shape", shape, ndim) }?, x.size())?;
        Ok(ops::reshape(&c.core, x, &shape))
    })
}

/// All elements in one axis, in row-major order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ravel(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_ravel", x, |c, x| ops::reshape(c, x, &[x.size()]))
}

/// The axes in reverse order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_transpose(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_transpose", x, |c, x| ops::transpose(c, x, &ops::reversed(x.ndim())))
}

/// The axes in the order given: axis i of the result is axis axes[i] of x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_transpose_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
) -> ag_array {
    checked(cx, "ag_transpose_axes", x, |c, x| {
        // SAFETY: `naxes` axes, the caller's promise.
        let axes = unsafe { list(c, "ag_transpose_axes", "axes", axes, naxes) }?;
        if naxes != x.ndim() {
            return Err(Error::value(format!("axes don't match array: {naxes} axes for an array of {}", x.ndim())));
        }
        Ok(ops::transpose(&c.core, x, &shape::normalize_axes(axes, x.ndim())?))
    })
}

/// Two axes exchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_swapaxes(cx: *mut ag_context, x: ag_array, axis1: i64, axis2: i64) -> ag_array {
    checked(cx, "ag_swapaxes", x, |c, x| {
        let mut axes: Axes = (0..x.ndim()).collect();
        axes.swap(shape::normalize_axis(axis1, x.ndim())?, shape::normalize_axis(axis2, x.ndim())?);
        Ok(ops::transpose(&c.core, x, &axes))
    })
}

/// Repeated along axes of extent 1 and new leading axes, without copies.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_broadcast_to(cx: *mut ag_context, x: ag_array, shape: *const i64, ndim: usize) -> ag_array {
    guard_as(cx, "ag_broadcast_to", ag_array::NULL, |c| {
        let (x, shape) = (c.get("ag_broadcast_to", x), c.shape("ag_broadcast_to", shape, ndim));
        match shape {
            Some(shape) if !x.is_null() => c.put(ops::broadcast_to(&c.core, &x, &shape)),
            _ => ag_array::NULL,
        }
    })
}

/// A new axis of extent 1, which is axis `axis` of the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_expand_dims(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    checked(cx, "ag_expand_dims", x, |c, x| {
        Ok(ops::expand_dims(&c.core, x, shape::normalize_axis(axis, x.ndim() + 1)?))
    })
}

/// New axes of extent 1, which are the axes `axes` of the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_expand_dims_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
) -> ag_array {
    checked(cx, "ag_expand_dims_axes", x, |c, x| {
        // SAFETY: `naxes` axes, the caller's promise.
        ops::expand_dims_axes(&c.core, x, unsafe { list(c, "ag_expand_dims_axes", "axes", axes, naxes) }?)
    })
}

/// Without the axes of extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_squeeze(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_squeeze", x, |c, x| {
        let axes: Axes = reduce::all_axes(x).iter().copied().filter(|&a| x.shape()[a] == 1).collect();
        ops::squeeze(c, x, &axes)
    })
}

/// Without the axes given, which must have extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_squeeze_axes(cx: *mut ag_context, x: ag_array, axes: *const i64, naxes: usize) -> ag_array {
    checked(cx, "ag_squeeze_axes", x, |c, x| {
        // SAFETY: `naxes` axes, the caller's promise.
        let axes = shape::normalize_axes(unsafe { list(c, "ag_squeeze_axes", "axes", axes, naxes) }?, x.ndim())?;
        Ok(ops::squeeze(&c.core, x, &axes))
    })
}

pub(super) fn joined(
    cx: *const ag_context,
    name: &'static str,
    arrays: *const ag_array,
    n: usize,
    f: impl FnOnce(&ag_context, &[&Array]) -> Result<Array>,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        // SAFETY: `n` handles, the caller's promise.
        let Some(arrays) = (unsafe { slice(c, name, "arrays", arrays, n) }) else { return ag_array::NULL };
        let arrays = c.get_all(name, arrays);
        if c.core.failed() {
            return ag_array::NULL;
        }
        made(c, name, ops::listed(arrays.iter()).and_then(|references| f(c, &references)))
    })
}

/// Arrays one after the other along an axis that all of them have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_concatenate(cx: *mut ag_context, arrays: *const ag_array, n: usize, axis: i64) -> ag_array {
    joined(cx, "ag_concatenate", arrays, n, |c, arrays| {
        let first = arrays.first().ok_or_else(|| Error::value("need at least one array to concatenate"))?;
        if first.ndim() == 0 {
            return Err(Error::value("zero-dimensional arrays cannot be concatenated"));
        }
        Ok(ops::concatenate(&c.core, arrays, shape::normalize_axis(axis, first.ndim())?))
    })
}

/// Arrays of one shape along a new axis, which is axis `axis` of the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_stack(cx: *mut ag_context, arrays: *const ag_array, n: usize, axis: i64) -> ag_array {
    joined(cx, "ag_stack", arrays, n, |c, arrays| Ok(ops::stack(&c.core, arrays, axis)))
}
