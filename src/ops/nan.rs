//! Reductions that leave NaN out. What was left out has no influence: its derivative is 0.

use super::elementwise::{self, binary, compare, select};
use super::{complex, create, reduce};
use crate::array::{DType, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// Where there is no NaN.
fn valid(cx: &Context, x: &Array) -> Array {
    let nan = elementwise::test(cx, &elementwise::ISNAN, &x.plain());
    elementwise::test(cx, &elementwise::LOGICAL_NOT, &nan)
}

fn filled(cx: &Context, x: &Array, with: f64) -> Array {
    if x.dtype().is_inexact() { select(cx, &valid(cx, x), x, &Array::weak(with)) } else { x.clone() }
}

/// How many elements count, in the precision of the result.
fn count(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let n = if x.dtype().is_inexact() {
        reduce::sum(cx, &elementwise::astype(cx, &valid(cx, x), DType::I64), axes, keepdims)
    } else {
        let n: usize = axes.iter().map(|&a| x.shape()[a]).product();
        create::full(cx, DType::I64, &shape::reduced(x.shape(), axes, keepdims), n as f64)
    };
    elementwise::astype(cx, &n, x.dtype().real())
}

/// `numpy.nansum`.
pub fn sum(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    reduce::sum(cx, &filled(cx, x, 0.0), axes, keepdims)
}

/// `numpy.nanprod`.
pub fn prod(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    reduce::prod(cx, &filled(cx, x, 1.0), axes, keepdims)
}

/// `numpy.nanmean`; of nothing, NaN.
pub fn mean(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    binary(cx, &elementwise::DIV, &sum(cx, &x, axes, keepdims), &count(cx, &x, axes, keepdims))
}

/// `numpy.nanmax` (`max`) or `numpy.nanmin`; of nothing but NaN, NaN.
pub fn extremum(cx: &Context, max: bool, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let least = if max { f64::NEG_INFINITY } else { f64::INFINITY };
    if !x.dtype().is_inexact() {
        return reduce::extremum(cx, max, x, axes, keepdims);
    }
    let y = if x.dtype().is_complex() {
        // No complex number with both parts infinite is in the way of another one.
        let bound = elementwise::astype(cx, &complex::number(cx, least, least), x.dtype());
        reduce::extremum(cx, max, &select(cx, &valid(cx, x), x, &bound), axes, keepdims)
    } else {
        reduce::extremum(cx, max, &filled(cx, x, least), axes, keepdims)
    };
    let none = compare(cx, &elementwise::EQUAL, &count(cx, x, axes, keepdims), &Array::weak(0.0));
    select(cx, &none, &Array::weak(f64::NAN), &y)
}

/// `numpy.nanvar`: NaN where not more than `ddof` elements count.
pub fn var(cx: &Context, x: &Array, axes: &[usize], ddof: f64, keepdims: bool) -> Array {
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    let total = reduce::squares_about_mean(cx, &x, axes, keepdims, valid(cx, &x), count(cx, &x, axes, true));
    let freedom = binary(cx, &elementwise::SUB, &count(cx, &x, axes, keepdims), &Array::weak(ddof));
    let enough = compare(cx, &elementwise::GREATER, &freedom, &Array::weak(0.0));
    select(cx, &enough, &binary(cx, &elementwise::DIV, &total, &freedom), &Array::weak(f64::NAN))
}

/// `numpy.nanstd`. Of equal elements the derivative is 0.
pub fn std(cx: &Context, x: &Array, axes: &[usize], ddof: f64, keepdims: bool) -> Array {
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    let (mask, count) = (valid(cx, &x), count(cx, &x, axes, true));
    let freedom = binary(cx, &elementwise::SUB, &count, &Array::weak(ddof));
    // Where not more than `ddof` elements count, NaN.
    let enough = compare(cx, &elementwise::GREATER, &freedom, &Array::weak(0.0));
    let freedom = select(cx, &enough, &freedom, &Array::weak(f64::NAN));
    reduce::std_of(cx, &x, axes, keepdims, reduce::Sample { mask, count, freedom })
}

/// `numpy.nanargmax` (`max`) or `numpy.nanargmin`.
pub fn argbest(cx: &Context, max: bool, x: &Array, axis: Option<usize>, keepdims: bool) -> Result<Array> {
    let axes = axis.map_or_else(|| reduce::all_axes(x), |a| crate::array::Axes::from_slice(&[a]));
    let x = x.plain();
    if x.dtype().is_inexact() {
        let counts = cx.tensor(&elementwise::astype(cx, &count(cx, &x, &axes, false), DType::F64))?;
        if counts.view::<f64>().iter().any(|&c| c == 0.0) {
            return Err(Error::value("All-NaN slice encountered"));
        }
    }
    let least = if max { f64::NEG_INFINITY } else { f64::INFINITY };
    Ok(reduce::argbest(cx, max, &filled(cx, &x, least), axis, keepdims))
}
