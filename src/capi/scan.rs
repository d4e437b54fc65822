//! Running sums and products, differences, gradients and integrals of samples.

use super::join::{results, several};
use super::shape::{checked, list};
use super::statistics::optional;
use super::{ag_array, ag_context, guard_as, one, slice};
use crate::array::shape as arithmetic;
use crate::error::{Error, Result};
use crate::ops::{scan, shape};
use crate::trace::{Array, Context};
use smallvec::SmallVec;

type Scan = fn(&Context, &Array, usize) -> Array;

fn flat(cx: *mut ag_context, name: &'static str, x: ag_array, f: Scan) -> ag_array {
    one(cx, name, x, |c, x| f(c, &shape::reshape(c, x, &[x.size()]), 0))
}

fn along(cx: *mut ag_context, name: &'static str, x: ag_array, axis: i64, f: Scan) -> ag_array {
    checked(cx, name, x, |c, x| Ok(f(&c.core, x, arithmetic::normalize_axis(axis, x.ndim())?)))
}

fn nansum(c: &Context, x: &Array, axis: usize) -> Array {
    scan::cumsum(c, &scan::without_nan(c, x, 0.0), axis)
}

fn nanprod(c: &Context, x: &Array, axis: usize) -> Array {
    scan::cumprod(c, &scan::without_nan(c, x, 1.0), axis)
}

/// The sums of the first 1, 2, ... elements in row-major order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cumsum(cx: *mut ag_context, x: ag_array) -> ag_array {
    flat(cx, "ag_cumsum", x, scan::cumsum)
}

/// The sums of the first 1, 2, ... elements along one axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cumsum_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    along(cx, "ag_cumsum_axis", x, axis, scan::cumsum)
}

/// The products of the first 1, 2, ... elements in row-major order. The derivative is exact also if some are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cumprod(cx: *mut ag_context, x: ag_array) -> ag_array {
    flat(cx, "ag_cumprod", x, scan::cumprod)
}

/// The products of the first 1, 2, ... elements along one axis. The derivative is exact also if some are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cumprod_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    along(cx, "ag_cumprod_axis", x, axis, scan::cumprod)
}

/// The sums of the first 1, 2, ... elements in row-major order, with 0 for NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nancumsum(cx: *mut ag_context, x: ag_array) -> ag_array {
    flat(cx, "ag_nancumsum", x, nansum)
}

/// The sums of the first 1, 2, ... elements along one axis, with 0 for NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nancumsum_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    along(cx, "ag_nancumsum_axis", x, axis, nansum)
}

/// The products of the first 1, 2, ... elements in row-major order, with 1 for NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nancumprod(cx: *mut ag_context, x: ag_array) -> ag_array {
    flat(cx, "ag_nancumprod", x, nanprod)
}

/// The products of the first 1, 2, ... elements along one axis, with 1 for NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nancumprod_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    along(cx, "ag_nancumprod_axis", x, axis, nanprod)
}

/// The sums of the first 1, 2, ... elements along an axis; with `include_initial` before them that of none, which is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cumulative_sum(
    cx: *mut ag_context,
    x: ag_array,
    axis: i64,
    include_initial: bool,
) -> ag_array {
    checked(cx, "ag_cumulative_sum", x, |c, x| scan::cumulative(&c.core, false, x, axis, include_initial))
}

/// The products of the first 1, 2, ... elements along an axis; with `include_initial` before them that of none, which
/// is 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cumulative_prod(
    cx: *mut ag_context,
    x: ag_array,
    axis: i64,
    include_initial: bool,
) -> ag_array {
    checked(cx, "ag_cumulative_prod", x, |c, x| scan::cumulative(&c.core, true, x, axis, include_initial))
}

fn cummax(c: &Context, x: &Array, axis: usize) -> Array {
    scan::cumulative_extremum(c, true, x, axis)
}

fn cummin(c: &Context, x: &Array, axis: usize) -> Array {
    scan::cumulative_extremum(c, false, x, axis)
}

/// The greatest of the first 1, 2, ... elements in row-major order (numpy.maximum.accumulate); NaN from the first NaN on. The
/// derivative goes to the element that is the greatest, of equal ones to the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cummax(cx: *mut ag_context, x: ag_array) -> ag_array {
    flat(cx, "ag_cummax", x, cummax)
}

/// The greatest of the first 1, 2, ... elements along one axis; NaN from the first NaN on. The derivative goes to the
/// element that is the greatest, of equal ones to the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cummax_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    along(cx, "ag_cummax_axis", x, axis, cummax)
}

/// The smallest of the first 1, 2, ... elements in row-major order (numpy.minimum.accumulate); NaN from the first NaN on. The
/// derivative goes to the element that is the smallest, of equal ones to the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cummin(cx: *mut ag_context, x: ag_array) -> ag_array {
    flat(cx, "ag_cummin", x, cummin)
}

/// The smallest of the first 1, 2, ... elements along one axis; NaN from the first NaN on. The derivative goes to the
/// element that is the smallest, of equal ones to the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cummin_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    along(cx, "ag_cummin_axis", x, axis, cummin)
}

/// log(sum(exp)) of the first 1, 2, ... elements in row-major order, without overflow; of real numbers. Where all elements so far
/// are -infinity, it is -infinity and the derivative 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logcumsumexp(cx: *mut ag_context, x: ag_array) -> ag_array {
    flat(cx, "ag_logcumsumexp", x, scan::logcumsumexp)
}

/// log(sum(exp)) of the first 1, 2, ... elements along one axis, without overflow; of real numbers. Where all elements
/// so far are -infinity, it is -infinity and the derivative 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logcumsumexp_axis(cx: *mut ag_context, x: ag_array, axis: i64) -> ag_array {
    along(cx, "ag_logcumsumexp_axis", x, axis, scan::logcumsumexp)
}

/// The differences of neighbours along an axis, n times. Of booleans: whether they are different.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diff(cx: *mut ag_context, x: ag_array, n: i64, axis: i64) -> ag_array {
    checked(cx, "ag_diff", x, |c, x| scan::diff(&c.core, x, n, axis, None, None))
}

/// The differences of neighbours along an axis, n times, after `prepend` and `append` were put before and after x. Each
/// may be the null handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_diff_with(
    cx: *mut ag_context,
    x: ag_array,
    n: i64,
    axis: i64,
    prepend: ag_array,
    append: ag_array,
) -> ag_array {
    const NAME: &str = "ag_diff_with";
    checked(cx, NAME, x, |c, x| {
        let (before, after) = (optional(c, NAME, prepend)?, optional(c, NAME, append)?);
        scan::diff(&c.core, x, n, axis, before.as_ref(), after.as_ref())
    })
}

/// The differences of neighbours in row-major order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ediff1d(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_ediff1d", x, |c, x| scan::ediff1d(&c.core, x, None, None))
}

/// The differences of neighbours in row-major order, with to_begin before them and to_end after them. Each may be the
/// null handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ediff1d_with(
    cx: *mut ag_context,
    x: ag_array,
    to_begin: ag_array,
    to_end: ag_array,
) -> ag_array {
    const NAME: &str = "ag_ediff1d_with";
    checked(cx, NAME, x, |c, x| {
        let (begin, end) = (optional(c, NAME, to_begin)?, optional(c, NAME, to_end)?);
        scan::ediff1d(&c.core, x, begin.as_ref(), end.as_ref())
    })
}

/// The slopes of samples at distance 1 along each axis, to out[0] to out[ndim - 1]: differences of second order inside,
/// of `edge_order` (1 or 2) at the ends. False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_gradient(cx: *mut ag_context, x: ag_array, edge_order: i64, out: *mut ag_array) -> bool {
    const NAME: &str = "ag_gradient";
    let room = guard_as(cx, "ag_gradient", 0, |c| c.get(NAME, x).ndim());
    several(cx, NAME, x, out, room, |c, x| {
        (0..x.ndim() as i64).map(|axis| scan::gradient(&c.core, x, &Array::weak(1.0), axis, edge_order)).collect()
    })
}

/// The slopes of samples along one axis. `spacing` is their distance, or a vector of their coordinates; differentiable
/// in both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_gradient_axis(
    cx: *mut ag_context,
    x: ag_array,
    spacing: ag_array,
    axis: i64,
    edge_order: i64,
) -> ag_array {
    super::shape::joined(cx, "ag_gradient_axis", [x, spacing].as_ptr(), 2, |c, a| {
        scan::gradient(&c.core, a[0], a[1], axis, edge_order)
    })
}

/// The slopes of samples along n axes, to out[0] to out[n - 1], with spacings[i] along axes[i] as in ag_gradient_axis.
/// False on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_gradient_axes(
    cx: *mut ag_context,
    x: ag_array,
    spacings: *const ag_array,
    axes: *const i64,
    n: usize,
    edge_order: i64,
    out: *mut ag_array,
) -> bool {
    const NAME: &str = "ag_gradient_axes";
    guard_as(cx, "ag_gradient_axes", false, |c| {
        let run = || -> Result<SmallVec<[Array; 4]>> {
            let noted = || Error::argument("not seen: the first error stays");
            let x = c.get(NAME, x);
            // SAFETY: `n` of each, the caller's promise.
            let (handles, axes) = unsafe {
                (slice(c, NAME, "spacings", spacings, n).ok_or_else(noted)?, list(c, NAME, "axes", axes, n)?)
            };
            let spacings = c.get_all(NAME, handles);
            if c.core.failed() {
                return Err(noted());
            }
            arithmetic::normalize_axes(axes, x.ndim())?;
            axes.iter().zip(&spacings).map(|(&a, h)| scan::gradient(&c.core, &x, h, a, edge_order)).collect()
        };
        results(c, NAME, out, n, run())
    })
}

/// The integral of samples along an axis, `dx` apart, by the trapezoidal rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trapezoid(cx: *mut ag_context, y: ag_array, dx: f64, axis: i64) -> ag_array {
    checked(cx, "ag_trapezoid", y, |c, y| scan::trapezoid(&c.core, y, &Array::weak(dx), axis))
}

/// The integral of samples along an axis by the trapezoidal rule. They are taken at the coordinates x, a vector or an
/// array that broadcasts with y. Differentiable in both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trapezoid_x(cx: *mut ag_context, y: ag_array, x: ag_array, axis: i64) -> ag_array {
    super::shape::joined(cx, "ag_trapezoid_x", [y, x].as_ptr(), 2, |c, a| scan::trapezoid(&c.core, a[0], a[1], axis))
}

/// Angles in radians made continuous along the last axis: where neighbours are more than pi apart, whole turns are
/// added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_unwrap(cx: *mut ag_context, x: ag_array) -> ag_array {
    checked(cx, "ag_unwrap", x, |c, x| scan::unwrap(&c.core, x, 0.0, -1, std::f64::consts::TAU))
}

/// Angles made continuous along an axis: where neighbours are more than `discont` (at least half a period) apart, whole
/// periods are added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_unwrap_axis(
    cx: *mut ag_context,
    x: ag_array,
    discont: f64,
    axis: i64,
    period: f64,
) -> ag_array {
    checked(cx, "ag_unwrap_axis", x, |c, x| scan::unwrap(&c.core, x, discont, axis, period))
}
