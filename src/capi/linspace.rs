//! Numbers in steps between two ends, which may be arrays and may be recorded.

use super::{ag_array, ag_context};
use crate::ops::linspace;

/// `num` numbers in equal steps from start to stop (up to but not including it without `endpoint`), along `axis` of the
/// result; start and stop broadcast together. Differentiable in both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_linspace_arrays(
    cx: *mut ag_context,
    start: ag_array,
    stop: ag_array,
    num: i64,
    endpoint: bool,
    axis: i64,
) -> ag_array {
    super::shape::joined(cx, "ag_linspace_arrays", [start, stop].as_ptr(), 2, |c, a| {
        linspace::linspace(&c.core, a[0], a[1], num, endpoint, axis)
    })
}

/// The powers of `base` whose exponents ag_linspace_arrays makes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logspace(
    cx: *mut ag_context,
    start: ag_array,
    stop: ag_array,
    num: i64,
    endpoint: bool,
    base: f64,
    axis: i64,
) -> ag_array {
    super::shape::joined(cx, "ag_logspace", [start, stop].as_ptr(), 2, |c, a| {
        linspace::logspace(&c.core, a[0], a[1], num, endpoint, base, axis)
    })
}

/// `num` numbers from start to stop (up to but not including it without `endpoint`), each the one before times the same
/// factor, along `axis` of the result. Neither end may be 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_geomspace(
    cx: *mut ag_context,
    start: ag_array,
    stop: ag_array,
    num: i64,
    endpoint: bool,
    axis: i64,
) -> ag_array {
    super::shape::joined(cx, "ag_geomspace", [start, stop].as_ptr(), 2, |c, a| {
        linspace::geomspace(&c.core, a[0], a[1], num, endpoint, axis)
    })
}
