//! Medians, quantiles, percentiles, with and without NaN.

use super::reduce::{Which, reduction};
use super::{ag_array, ag_context, slice};
use crate::error::{Error, Result};
use crate::ops::quantile::{self, Method, Request};

/// How a quantile between two elements is made; NumPy's default.
pub const AG_QUANTILE_LINEAR: i32 = 0;
/// The first element at which the distribution function reaches q.
pub const AG_QUANTILE_INVERTED_CDF: i32 = 1;
/// The first element at which the distribution function reaches q, the mean of two where that is exact.
pub const AG_QUANTILE_AVERAGED_INVERTED_CDF: i32 = 2;
/// The element whose number is nearest, of two the one with an even number.
pub const AG_QUANTILE_CLOSEST_OBSERVATION: i32 = 3;
/// Lines through the steps of the distribution function.
pub const AG_QUANTILE_INTERPOLATED_INVERTED_CDF: i32 = 4;
/// Lines through the middles of its steps.
pub const AG_QUANTILE_HAZEN: i32 = 5;
/// Lines through the elements' expected places.
pub const AG_QUANTILE_WEIBULL: i32 = 6;
/// Nearly the median of the quantile's estimates, whatever the distribution.
pub const AG_QUANTILE_MEDIAN_UNBIASED: i32 = 7;
/// Nearly without bias for the normal distribution.
pub const AG_QUANTILE_NORMAL_UNBIASED: i32 = 8;
/// The element below.
pub const AG_QUANTILE_LOWER: i32 = 9;
/// The element above.
pub const AG_QUANTILE_HIGHER: i32 = 10;
/// The mean of both.
pub const AG_QUANTILE_MIDPOINT: i32 = 11;
/// The nearer one.
pub const AG_QUANTILE_NEAREST: i32 = 12;

fn method(code: i32) -> Result<Method> {
    usize::try_from(code).ok().and_then(|k| Method::ALL.get(k)).map(|&(_, method)| method).ok_or_else(|| {
        Error::value(format!("{code} is not a valid method (AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST)"))
    })
}

/// What is said of quantiles, whichever function it is.
struct Kind {
    name: &'static str,
    method: i32,
    /// 100 for percentiles.
    scale: f64,
    ignore_nan: bool,
    keepdims: bool,
}

fn one(cx: *mut ag_context, x: ag_array, q: f64, which: Which, kind: Kind) -> ag_array {
    reduction(cx, kind.name, x, which, |c, x, axes| {
        let run = || {
            let Kind { ignore_nan, keepdims, .. } = kind;
            let (quantiles, method) = (&[scaled(q, &kind)?][..], method(kind.method)?);
            quantile::quantile(c, x, &Request { quantiles, axes, method, ignore_nan, keepdims })
        };
        c.take(kind.name, run())
    })
}

/// # Safety
/// `q` is NULL or points at `nq` numbers.
unsafe fn several(cx: *mut ag_context, x: ag_array, q: (*const f64, usize), which: Which, kind: Kind) -> ag_array {
    // The numbers are looked at in the context, where a failure can be noted.
    let list = super::guard(cx, None, |c| {
        // SAFETY: the caller's promise.
        let list = unsafe { slice(c, kind.name, "q", q.0, q.1) }?;
        let scaled = list.iter().map(|&q| scaled(q, &kind)).collect::<Result<Vec<f64>>>();
        c.check(kind.name, scaled)
    });
    reduction(cx, kind.name, x, which, |c, x, axes| {
        let run = || {
            let Kind { ignore_nan, keepdims, .. } = kind;
            let (quantiles, method) = (list.as_deref().unwrap_or(&[]), method(kind.method)?);
            quantile::quantiles(c, x, &Request { quantiles, axes, method, ignore_nan, keepdims })
        };
        c.take(kind.name, run())
    })
}

fn scaled(q: f64, kind: &Kind) -> Result<f64> {
    if kind.scale == 100.0 && !(0.0..=100.0).contains(&q) {
        return Err(Error::value("Percentiles must be in the range [0, 100]"));
    }
    Ok(q / kind.scale)
}

/// The median of all elements: of an even number the mean of the two in the middle. NaN if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_median(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_median", x, Which::All, |c, x, axes| {
        c.take("ag_median", quantile::median(c, x, axes, false, false))
    })
}

/// The median along one axis: of an even number of elements the mean of the two in the middle. NaN where there is one.
/// `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_median_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_median_axis", x, Which::One(axis), |c, x, axes| {
        c.take("ag_median", quantile::median(c, x, axes, false, keepdims))
    })
}

/// The median along several axes (NULL: all): of an even number of elements the mean of the two in the middle. NaN
/// where there is one. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_median_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_median_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        c.take("ag_median", quantile::median(c, x, axes, false, keepdims))
    })
}

/// The median of all elements but NaN; NaN if there is no other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmedian(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_nanmedian", x, Which::All, |c, x, axes| {
        c.take("ag_nanmedian", quantile::median(c, x, axes, true, false))
    })
}

/// The median of all elements but NaN along one axis; NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmedian_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_nanmedian_axis", x, Which::One(axis), |c, x, axes| {
        c.take("ag_nanmedian", quantile::median(c, x, axes, true, keepdims))
    })
}

/// The median of all elements but NaN along several axes (NULL: all); NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanmedian_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_nanmedian_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        c.take("ag_nanmedian", quantile::median(c, x, axes, true, keepdims))
    })
}

/// The q-quantile of all elements, q from 0 to 1, by lines between neighbours. NaN if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_quantile(cx: *mut ag_context, x: ag_array, q: f64) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::All,
        Kind { name: "ag_quantile", method: AG_QUANTILE_LINEAR, scale: 1.0, ignore_nan: false, keepdims: false },
    )
}

/// The q-quantile along one axis, q from 0 to 1, by a method of AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN where
/// there is one. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_quantile_axis(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axis: i64,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(cx, x, q, Which::One(axis), Kind { name: "ag_quantile_axis", method, scale: 1.0, ignore_nan: false, keepdims })
}

/// The q-quantile along several axes (NULL: all), q from 0 to 1, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN where there is one. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_quantile_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::Several(axes, naxes),
        Kind { name: "ag_quantile_axes", method, scale: 1.0, ignore_nan: false, keepdims },
    )
}

/// Several quantiles along several axes (NULL: all), in a new first axis of extent nq.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_quantiles_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: *const f64,
    nq: usize,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    // SAFETY: `nq` numbers, the caller's promise.
    unsafe {
        several(
            cx,
            x,
            (q, nq),
            Which::Several(axes, naxes),
            Kind { name: "ag_quantiles_axes", method, scale: 1.0, ignore_nan: false, keepdims },
        )
    }
}

/// The q-th percentile of all elements, q from 0 to 100, by lines between neighbours. NaN if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_percentile(cx: *mut ag_context, x: ag_array, q: f64) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::All,
        Kind { name: "ag_percentile", method: AG_QUANTILE_LINEAR, scale: 100.0, ignore_nan: false, keepdims: false },
    )
}

/// The q-th percentile along one axis, q from 0 to 100, by a method of AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN
/// where there is one. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_percentile_axis(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axis: i64,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::One(axis),
        Kind { name: "ag_percentile_axis", method, scale: 100.0, ignore_nan: false, keepdims },
    )
}

/// The q-th percentile along several axes (NULL: all), q from 0 to 100, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN where there is one. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_percentile_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::Several(axes, naxes),
        Kind { name: "ag_percentile_axes", method, scale: 100.0, ignore_nan: false, keepdims },
    )
}

/// Several percentiles along several axes (NULL: all), in a new first axis of extent nq.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_percentiles_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: *const f64,
    nq: usize,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    // SAFETY: `nq` numbers, the caller's promise.
    unsafe {
        several(
            cx,
            x,
            (q, nq),
            Which::Several(axes, naxes),
            Kind { name: "ag_percentiles_axes", method, scale: 100.0, ignore_nan: false, keepdims },
        )
    }
}

/// The q-quantile of all elements but NaN; NaN if there is no other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanquantile(cx: *mut ag_context, x: ag_array, q: f64) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::All,
        Kind { name: "ag_nanquantile", method: AG_QUANTILE_LINEAR, scale: 1.0, ignore_nan: true, keepdims: false },
    )
}

/// The q-quantile of all elements but NaN along one axis, q from 0 to 1, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanquantile_axis(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axis: i64,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::One(axis),
        Kind { name: "ag_nanquantile_axis", method, scale: 1.0, ignore_nan: true, keepdims },
    )
}

/// The q-quantile of all elements but NaN along several axes (NULL: all), q from 0 to 1, by a method of
/// AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanquantile_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::Several(axes, naxes),
        Kind { name: "ag_nanquantile_axes", method, scale: 1.0, ignore_nan: true, keepdims },
    )
}

/// Several quantiles along several axes (NULL: all), in a new first axis of extent nq.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanquantiles_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: *const f64,
    nq: usize,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    // SAFETY: `nq` numbers, the caller's promise.
    unsafe {
        several(
            cx,
            x,
            (q, nq),
            Which::Several(axes, naxes),
            Kind { name: "ag_nanquantiles_axes", method, scale: 1.0, ignore_nan: true, keepdims },
        )
    }
}

/// The q-th percentile of all elements but NaN; NaN if there is no other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanpercentile(cx: *mut ag_context, x: ag_array, q: f64) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::All,
        Kind { name: "ag_nanpercentile", method: AG_QUANTILE_LINEAR, scale: 100.0, ignore_nan: true, keepdims: false },
    )
}

/// The q-th percentile of all elements but NaN along one axis, q from 0 to 100, by a method of AG_QUANTILE_LINEAR to
/// AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanpercentile_axis(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axis: i64,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::One(axis),
        Kind { name: "ag_nanpercentile_axis", method, scale: 100.0, ignore_nan: true, keepdims },
    )
}

/// The q-th percentile of all elements but NaN along several axes (NULL: all), q from 0 to 100, by a method of
/// AG_QUANTILE_LINEAR to AG_QUANTILE_NEAREST. NaN if there is no other. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanpercentile_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: f64,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    one(
        cx,
        x,
        q,
        Which::Several(axes, naxes),
        Kind { name: "ag_nanpercentile_axes", method, scale: 100.0, ignore_nan: true, keepdims },
    )
}

/// Several percentiles along several axes (NULL: all), in a new first axis of extent nq.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nanpercentiles_axes(
    cx: *mut ag_context,
    x: ag_array,
    q: *const f64,
    nq: usize,
    axes: *const i64,
    naxes: usize,
    method: i32,
    keepdims: bool,
) -> ag_array {
    // SAFETY: `nq` numbers, the caller's promise.
    unsafe {
        several(
            cx,
            x,
            (q, nq),
            Which::Several(axes, naxes),
            Kind { name: "ag_nanpercentiles_axes", method, scale: 100.0, ignore_nan: true, keepdims },
        )
    }
}
