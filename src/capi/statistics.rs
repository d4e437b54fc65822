//! Statistics of samples, counts in bins, interpolation.

use super::reduce::{Which, reduction};
use super::shape::{checked, well};
use super::{ag_array, ag_context, guard_as, store};
use crate::array::{Axes, shape};
use crate::error::{Error, Result};
use crate::ops::reduce;
use crate::ops::statistics::{self, Outside, Weights};
use crate::trace::Array;

/// An array that may be left out, as the null handle.
pub(super) fn optional(c: &ag_context, name: &'static str, x: ag_array) -> Result<Option<Array>> {
    if x.bits == 0 {
        return Ok(None);
    }
    let x = c.get(name, x);
    if x.is_null() { Err(Error::argument("not seen: the first error stays")) } else { Ok(Some(x)) }
}

/// The greatest element less the smallest one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ptp(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_ptp", x, Which::All, |c, x, axes| statistics::ptp(c, x, axes, false))
}

/// The greatest element less the smallest one along one axis. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ptp_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_ptp_axis", x, Which::One(axis), |c, x, axes| statistics::ptp(c, x, axes, keepdims))
}

/// The greatest element less the smallest one along several axes (NULL: all). `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ptp_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_ptp_axes", x, Which::Several(axes, naxes), |c, x, axes| statistics::ptp(c, x, axes, keepdims))
}

/// # Safety
/// `axes` of `Which::Several` are NULL or so many.
unsafe fn averaged(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    weights: ag_array,
    which: Which,
    keepdims: bool,
) -> ag_array {
    checked(cx, name, x, |c, x| {
        let weights = optional(c, name, weights)?;
        let axes: Axes = match which {
            Which::All => reduce::all_axes(x),
            Which::Several(axes, _) if axes.is_null() => reduce::all_axes(x),
            Which::One(axis) => shape::normalize_axes(&[axis], x.ndim())?,
            // SAFETY: the caller's promise.
            Which::Several(axes, n) => {
                shape::normalize_axes(unsafe { super::shape::list(c, name, "axes", axes, n) }?, x.ndim())?
            }
        };
        statistics::average(&c.core, x, weights.as_ref(), &axes, keepdims)
    })
}

/// The mean of all elements with weights of the same shape, or all alike if they are the null handle. Differentiable in
/// both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_average(cx: *mut ag_context, x: ag_array, weights: ag_array) -> ag_array {
    // SAFETY: there are no axes.
    unsafe { averaged(cx, "ag_average", x, weights, Which::All, false) }
}

/// The mean along one axis with weights: a vector along it, or of the shape of x, or the null handle for all alike.
/// Differentiable in both. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_average_axis(
    cx: *mut ag_context,
    x: ag_array,
    weights: ag_array,
    axis: i64,
    keepdims: bool,
) -> ag_array {
    // SAFETY: one axis, by value.
    unsafe { averaged(cx, "ag_average_axis", x, weights, Which::One(axis), keepdims) }
}

/// The mean along several axes (NULL: all) with weights: of the shape of x, or with these axes alone, in the order
/// given, or the null handle for all alike. Differentiable in both. With `keepdims` the axes stay, with extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_average_axes(
    cx: *mut ag_context,
    x: ag_array,
    weights: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    // SAFETY: `naxes` axes, the caller's promise.
    unsafe { averaged(cx, "ag_average_axes", x, weights, Which::Several(axes, naxes), keepdims) }
}

/// The covariances of variables, in the rows of x (`rowvar`) or its columns: sums of products divided by n - 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cov(cx: *mut ag_context, x: ag_array, rowvar: bool) -> ag_array {
    checked(cx, "ag_cov", x, |c, x| statistics::cov(&c.core, x, None, rowvar, 1.0, &Weights::default()))
}

/// The covariances of variables, in the rows (`rowvar`) or the columns of x and then of y, divided by n - ddof.
/// `fweights` says how often each observation was made, `aweights` how much it counts. y and both weights may be the
/// null handle. Differentiable in all but fweights.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cov_with(
    cx: *mut ag_context,
    x: ag_array,
    y: ag_array,
    rowvar: bool,
    ddof: f64,
    fweights: ag_array,
    aweights: ag_array,
) -> ag_array {
    const NAME: &str = "ag_cov_with";
    checked(cx, NAME, x, |c, x| {
        let y = optional(c, NAME, y)?;
        let (f, a) = (optional(c, NAME, fweights)?, optional(c, NAME, aweights)?);
        let weights = Weights { frequencies: f.as_ref(), importance: a.as_ref() };
        statistics::cov(&c.core, x, y.as_ref(), rowvar, ddof, &weights)
    })
}

/// The correlation coefficients of variables, in the rows (`rowvar`) or the columns of x and then of y, which may be the
/// null handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_corrcoef(cx: *mut ag_context, x: ag_array, y: ag_array, rowvar: bool) -> ag_array {
    checked(cx, "ag_corrcoef", x, |c, x| {
        let y = optional(c, "ag_corrcoef", y)?;
        statistics::corrcoef(&c.core, x, y.as_ref(), rowvar)
    })
}

/// How often each of the numbers 0, 1, ... occurs in a vector of integers, at least `minlength` of them; with weights
/// (null handle: none) the sums of those that go with each, differentiable in the weights.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_bincount(cx: *mut ag_context, x: ag_array, weights: ag_array, minlength: i64) -> ag_array {
    checked(cx, "ag_bincount", x, |c, x| {
        let weights = optional(c, "ag_bincount", weights)?;
        statistics::bincount(&c.core, x, weights.as_ref(), minlength)
    })
}

fn histogram(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    weights: ag_array,
    density: bool,
    edges_out: *mut ag_array,
    edges: impl FnOnce(&ag_context, &Array) -> Result<Array>,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        if x.is_null() {
            return ag_array::NULL;
        }
        let run = || -> Result<(Array, Array)> {
            let weights = optional(c, name, weights)?;
            let edges = edges(c, &x)?;
            let counts = statistics::histogram(&c.core, &x, &edges, weights.as_ref(), density)?;
            Ok((counts, edges))
        };
        let made = run();
        let Some((counts, edges)) = c.check(name, made).filter(|_| well(c, name)) else { return ag_array::NULL };
        if !edges_out.is_null() {
            // SAFETY: the caller's promise.
            unsafe { store(edges_out, c.put(edges)) };
        }
        c.put(counts)
    })
}

/// How many elements lie in each of `bins` equal bins over the range of the elements; the last bin has both its edges.
/// The edges, one more than bins, go to *edges, which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_histogram(cx: *mut ag_context, x: ag_array, bins: i64, edges: *mut ag_array) -> ag_array {
    histogram(cx, "ag_histogram", x, ag_array::NULL, false, edges, |c, x| statistics::bin_edges(&c.core, x, bins, None))
}

/// How many elements lie in each of `bins` equal bins from `low` to `high`; the last bin has both its edges. With
/// weights of the shape of x (null handle: none) the sums of those in each bin, differentiable in the weights; with
/// `density` divided by the total and by the bins' width. The edges, one more than bins, go to *edges, which may be
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_histogram_range(
    cx: *mut ag_context,
    x: ag_array,
    bins: i64,
    low: f64,
    high: f64,
    weights: ag_array,
    density: bool,
    edges: *mut ag_array,
) -> ag_array {
    histogram(cx, "ag_histogram_range", x, weights, density, edges, |c, x| {
        statistics::bin_edges(&c.core, x, bins, Some((low, high)))
    })
}

/// How many elements lie in each bin between the edges given, which ascend; the last bin has both its edges. With
/// weights of the shape of x (null handle: none) the sums of those in each bin, differentiable in the weights; with
/// `density` divided by the total and by the bins' width.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_histogram_edges(
    cx: *mut ag_context,
    x: ag_array,
    edges: ag_array,
    weights: ag_array,
    density: bool,
) -> ag_array {
    const NAME: &str = "ag_histogram_edges";
    histogram(cx, NAME, x, weights, density, std::ptr::null_mut(), |c, _| {
        let edges = c.get(NAME, edges);
        if edges.is_null() { Err(Error::argument("not seen: the first error stays")) } else { Ok(edges.plain()) }
    })
}

/// The broken line through the samples fp at the ascending coordinates xp, at each of x; constant outside. Differentiable
/// in all three; at a sample the slope is that of the part to its right.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_interp(cx: *mut ag_context, x: ag_array, xp: ag_array, fp: ag_array) -> ag_array {
    super::shape::joined(cx, "ag_interp", [x, xp, fp].as_ptr(), 3, |c, a| {
        statistics::interp(&c.core, a[0], a[1], a[2], &Outside::default())
    })
}

/// The broken line of ag_interp, with numbers for what lies to the left and to the right (null handles: those of the
/// first and last samples). It is periodic if `period` is not 0: then the samples need no order, and left and right
/// have no say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_interp_with(
    cx: *mut ag_context,
    x: ag_array,
    xp: ag_array,
    fp: ag_array,
    left: ag_array,
    right: ag_array,
    period: f64,
) -> ag_array {
    const NAME: &str = "ag_interp_with";
    super::shape::joined(cx, NAME, [x, xp, fp].as_ptr(), 3, |c, a| {
        let (left, right) = (optional(c, NAME, left)?, optional(c, NAME, right)?);
        let period = (period != 0.0).then_some(period);
        statistics::interp(&c.core, a[0], a[1], a[2], &Outside { left: left.as_ref(), right: right.as_ref(), period })
    })
}
