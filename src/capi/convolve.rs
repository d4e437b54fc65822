//! Convolutions, correlations, pooling.

use super::{ag_array, ag_context, guard_as, slice, string};
use crate::array::{Axes, shape};
use crate::error::{Error, Result};
use crate::ops::convolve::{self as ops, Mode, Pairs};
use crate::ops::pooling::{Pooling, pool2d};
use crate::trace::{Array, Context};
use std::ffi::c_char;

/// An operation of two arrays and a mode.
///
/// # Safety
/// `mode` is NULL or a string that ends with 0.
unsafe fn moded(
    cx: *const ag_context,
    name: &'static str,
    [a, b]: [ag_array; 2],
    mode: *const c_char,
    f: impl FnOnce(&ag_context, &Array, &Array, Mode) -> Result<Array>,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let (a, b) = (c.get(name, a), c.get(name, b));
        if c.core.failed() {
            return ag_array::NULL;
        }
        // SAFETY: the caller's promise.
        let Some(mode) = (unsafe { string(c, name, "mode", mode) }) else { return ag_array::NULL };
        let result = Mode::parse(mode).and_then(|mode| f(c, &a, &b, mode));
        c.check(name, result).map_or(ag_array::NULL, |y| c.put(y))
    })
}

/// The convolution of two vectors, as numpy.convolve: sums of a[n] v[k - n]. The mode is "full" (wherever the vectors
/// overlap), "same" (its middle, as long as the longer vector) or "valid" (where they overlap completely). Numbers count
/// as vectors of one element; an empty vector is AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_convolve(cx: *mut ag_context, a: ag_array, v: ag_array, mode: *const c_char) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe { moded(cx, "ag_convolve", [a, v], mode, |c, a, v, mode| Ok(ops::convolve(&c.core, a, v, mode))) }
}

/// The correlation of two vectors, as numpy.correlate: sums of a[n + k] conj(v[n]); modes as of ag_convolve (NumPy's
/// default is "valid").
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_correlate(cx: *mut ag_context, a: ag_array, v: ag_array, mode: *const c_char) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe { moded(cx, "ag_correlate", [a, v], mode, |c, a, v, mode| Ok(ops::correlate(&c.core, a, v, mode))) }
}

/// The convolution over all axes of two arrays of one rank, as scipy.signal.convolve. "full" has extents m + n - 1, "same"
/// those of `a`, and for "valid" one array must be at least as large as the other along every axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_signal_convolve(
    cx: *mut ag_context,
    a: ag_array,
    b: ag_array,
    mode: *const c_char,
) -> ag_array {
    const NAME: &str = "ag_signal_convolve";
    // SAFETY: the caller's promise.
    unsafe { moded(cx, NAME, [a, b], mode, |c, a, b, mode| Ok(ops::convolve_all(&c.core, NAME, a, b, mode))) }
}

/// The correlation over all axes of two arrays of one rank, as scipy.signal.correlate: the convolution of `a` with conj(b)
/// read backwards. Modes as of ag_signal_convolve.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_signal_correlate(
    cx: *mut ag_context,
    a: ag_array,
    b: ag_array,
    mode: *const c_char,
) -> ag_array {
    const NAME: &str = "ag_signal_correlate";
    // SAFETY: the caller's promise.
    unsafe { moded(cx, NAME, [a, b], mode, |c, a, b, mode| Ok(ops::correlate_all(&c.core, NAME, a, b, mode))) }
}

/// The convolution over some axes: axes_a[i] of `a` is convolved with axes_b[i] of `b`, the products are summed over
/// dot_a[i] of `a` with dot_b[i] of `b`, and of the remaining axes all combinations are taken. The result has the
/// remaining axes of a, those of b, and the convolved ones. Modes as of ag_signal_convolve.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_signal_convolve_axes(
    cx: *mut ag_context,
    a: ag_array,
    b: ag_array,
    axes_a: *const i64,
    axes_b: *const i64,
    naxes: usize,
    dot_a: *const i64,
    dot_b: *const i64,
    ndot: usize,
    mode: *const c_char,
) -> ag_array {
    const NAME: &str = "ag_signal_convolve_axes";
    let run = |c: &ag_context, a: &Array, b: &Array, mode: Mode| {
        // SAFETY: as many axes as said, the caller's promise.
        let list = |what: &str, data: *const i64, n: usize| unsafe {
            slice(c, NAME, what, data, n).ok_or_else(|| Error::argument("not seen: the first error stays"))
        };
        let (conv_a, conv_b) = (list("axes_a", axes_a, naxes)?, list("axes_b", axes_b, naxes)?);
        let (dot_a, dot_b) = (list("dot_a", dot_a, ndot)?, list("dot_b", dot_b, ndot)?);
        // Together, so that an axis named twice is found.
        let together = |conv: &[i64], dot: &[i64], ndim: usize| -> Result<Axes> {
            let all: smallvec::SmallVec<[i64; 8]> = conv.iter().chain(dot).copied().collect();
            shape::normalize_axes(&all, ndim)
        };
        let (all_a, all_b) = (together(conv_a, dot_a, a.ndim())?, together(conv_b, dot_b, b.ndim())?);
        let conv = Pairs { a: &all_a[..naxes], b: &all_b[..naxes] };
        let dot = Pairs { a: &all_a[naxes..], b: &all_b[naxes..] };
        Ok(ops::convolve_axes(&c.core, NAME, a, b, conv, dot, mode))
    };
    // SAFETY: the caller's promise.
    unsafe { moded(cx, NAME, [a, b], mode, run) }
}

/// Two numbers, or the default where there are none.
///
/// # Safety
/// `data` is NULL or points at two numbers.
unsafe fn both(
    c: &ag_context,
    name: &'static str,
    what: &str,
    data: *const i64,
    default: [i64; 2],
) -> Option<[i64; 2]> {
    if data.is_null() {
        return Some(default);
    }
    // SAFETY: the caller's promise.
    unsafe { slice(c, name, what, data, 2) }.map(|d| [d[0], d[1]])
}

/// The convolution of neural nets, a sum of x[n, c, i stride + k dilation - padding] w[o, c, k] over c and k (that is, the
/// kernel is not read backwards). x: images (batch, channels, rows, columns); w: kernels (channels of the result, channels
/// of a group, rows, columns); the result: (batch, channels of the result, rows, columns). `stride`, `padding` and
/// `dilation` are two numbers each, for rows and columns, NULL for 1, 0 and 1; padding means so many zeros on either
/// side. With `groups` > 1 the channels are divided: each group of the result sees one group of the images.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_conv2d(
    cx: *mut ag_context,
    x: ag_array,
    w: ag_array,
    stride: *const i64,
    padding: *const i64,
    dilation: *const i64,
    groups: i64,
) -> ag_array {
    const NAME: &str = "ag_conv2d";
    guard_as(cx, "ag_conv2d", ag_array::NULL, |c| {
        let (x, w) = (c.get(NAME, x), c.get(NAME, w));
        if c.core.failed() {
            return ag_array::NULL;
        }
        // SAFETY: two numbers each or NULL, the caller's promise.
        let settings = unsafe {
            (
                both(c, NAME, "stride", stride, [1, 1]),
                both(c, NAME, "padding", padding, [0, 0]),
                both(c, NAME, "dilation", dilation, [1, 1]),
            )
        };
        let (Some(stride), Some(padding), Some(dilation)) = settings else { return ag_array::NULL };
        c.put(ops::conv2d(&c.core, &x, &w, stride, padding, dilation, groups))
    })
}

/// A pooling operation.
///
/// # Safety
/// The pointers are NULL or point at two numbers.
unsafe fn pooling(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    [window, stride, padding]: [*const i64; 3],
    f: impl FnOnce(&Context, &Array, [[i64; 2]; 3]) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        // SAFETY: two numbers, the caller's promise.
        let Some(window) = (unsafe { slice(c, name, "window", window, 2) }) else { return ag_array::NULL };
        let window = [window[0], window[1]];
        // SAFETY: two numbers each or NULL, the caller's promise.
        let settings = unsafe { (both(c, name, "stride", stride, window), both(c, name, "padding", padding, [0, 0])) };
        match settings {
            (Some(stride), Some(padding)) if !x.is_null() => c.put(f(&c.core, &x, [window, stride, padding])),
            _ => ag_array::NULL,
        }
    })
}

/// The largest element of a window that moves over the last two axes; NaN if there is one in it. `window`, `stride` and
/// `padding` are two numbers each, for rows and columns; NULL is the window for the stride, 0 for the padding. What lies
/// in the padding never wins. Elements that tie share the cotangent equally.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_max_pool2d(
    cx: *mut ag_context,
    x: ag_array,
    window: *const i64,
    stride: *const i64,
    padding: *const i64,
) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe {
        pooling(cx, "ag_max_pool2d", x, [window, stride, padding], |c, x, [w, s, p]| {
            pool2d(c, Pooling::Max, x, w, s, p)
        })
    }
}

/// The mean over a window that moves over the last two axes; arguments as of ag_max_pool2d. What lies in the padding does
/// not count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mean_pool2d(
    cx: *mut ag_context,
    x: ag_array,
    window: *const i64,
    stride: *const i64,
    padding: *const i64,
) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe {
        pooling(cx, "ag_mean_pool2d", x, [window, stride, padding], |c, x, [w, s, p]| {
            pool2d(c, Pooling::Mean, x, w, s, p)
        })
    }
}
