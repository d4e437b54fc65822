//! Order statistics: medians, quantiles, percentiles, with and without NaN. Which elements count, and with which weight,
//! is found out on the plain values; the result is their weighted sum, and so is its derivative.

use super::create;
use super::elementwise::{self, binary, select};
use super::order::{Ordered, grouped, order_positions};
use super::shape::reshape;
use super::take::pick;
use crate::array::{DType, Shape, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::memory::{repeated, with_room};
use crate::kernels::sort::Scratch;
use crate::trace::{Array, Context};
use crate::with_dtype;

/// How a quantile between two elements is made; the names are NumPy's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    Linear,
    InvertedCdf,
    AveragedInvertedCdf,
    ClosestObservation,
    InterpolatedInvertedCdf,
    Hazen,
    Weibull,
    MedianUnbiased,
    NormalUnbiased,
    Lower,
    Higher,
    Midpoint,
    Nearest,
}

impl Method {
    pub const ALL: [(&'static str, Method); 13] = [
        ("linear", Method::Linear),
        ("inverted_cdf", Method::InvertedCdf),
        ("averaged_inverted_cdf", Method::AveragedInvertedCdf),
        ("closest_observation", Method::ClosestObservation),
        ("interpolated_inverted_cdf", Method::InterpolatedInvertedCdf),
        ("hazen", Method::Hazen),
        ("weibull", Method::Weibull),
        ("median_unbiased", Method::MedianUnbiased),
        ("normal_unbiased", Method::NormalUnbiased),
        ("lower", Method::Lower),
        ("higher", Method::Higher),
        ("midpoint", Method::Midpoint),
        ("nearest", Method::Nearest),
    ];

    /// Whether the result is always one of the elements.
    fn picks(self) -> bool {
        use Method::*;
        matches!(self, InvertedCdf | ClosestObservation | Lower | Higher | Nearest)
    }

    /// Between which of `n` sorted elements the quantile lies, and the weight of the second one.
    fn place(self, n: usize, q: f64) -> (usize, usize, f64) {
        let (count, top) = (n as f64, n as f64 - 1.0);
        let between = |alpha: f64, beta: f64| count * q + (alpha + q * (1.0 - alpha - beta)) - 1.0;
        let exactly = |at: f64| (at, 0.0);
        // The position, and the weight of the next element.
        let (at, weight) = match self {
            Method::Linear => (top * q, (top * q).fract()),
            Method::InvertedCdf => exactly((count * q - 1.0).ceil()),
            Method::ClosestObservation => {
                let at = count * q - 1.5;
                let odd = at.floor().rem_euclid(2.0) == 1.0;
                exactly(if at == at.floor() && odd { at } else { at.floor() + 1.0 })
            }
            Method::Lower => exactly((top * q).floor()),
            Method::Higher => exactly((top * q).ceil()),
            Method::Nearest => exactly((top * q).round_ties_even()),
            Method::Midpoint => {
                let at = 0.5 * ((top * q).floor() + (top * q).ceil());
                (at, if at == at.floor() { 0.0 } else { 0.5 })
            }
            Method::AveragedInvertedCdf => {
                let at = count * q - 1.0;
                (at, if at == at.floor() { 0.5 } else { 1.0 })
            }
            Method::InterpolatedInvertedCdf => (between(0.0, 1.0), f64::NAN),
            Method::Hazen => (between(0.5, 0.5), f64::NAN),
            Method::Weibull => (between(0.0, 0.0), f64::NAN),
            Method::MedianUnbiased => (between(1.0 / 3.0, 1.0 / 3.0), f64::NAN),
            Method::NormalUnbiased => (between(3.0 / 8.0, 3.0 / 8.0), f64::NAN),
        };
        if at >= top {
            return (n - 1, n - 1, 0.0);
        }
        if at < 0.0 {
            return (0, 0, 0.0);
        }
        let low = at.floor() as usize;
        let weight = if weight.is_nan() { at - at.floor() } else { weight };
        // An element without weight has no say, not even if it is infinite.
        match weight {
            0.0 => (low, low, 0.0),
            1.0 => (low + 1, low + 1, 0.0),
            _ => (low, low + 1, weight),
        }
    }
}

/// What is asked for.
pub struct Request<'a> {
    /// Between 0 and 1.
    pub quantiles: &'a [f64],
    pub axes: &'a [usize],
    pub method: Method,
    pub ignore_nan: bool,
    pub keepdims: bool,
}

/// `numpy.quantile` and `numpy.nanquantile`: quantiles along a new first axis.
pub fn quantiles(cx: &Context, x: &Array, request: &Request<'_>) -> Result<Array> {
    if !request.quantiles.iter().all(|q| (0.0..=1.0).contains(q)) {
        return Err(Error::value("Quantiles must be in the range [0, 1]"));
    }
    if x.dtype().is_complex() {
        return Err(Error::dtype("a must be an array of real numbers"));
    }
    ordered(cx, x, request)
}

fn ordered(cx: &Context, x: &Array, request: &Request<'_>) -> Result<Array> {
    let x = if x.dtype() == DType::Bool { elementwise::astype(cx, x, DType::F64) } else { x.clone() };
    let (x2, kept) = grouped(cx, &x, request.axes)?;
    if cx.failed() {
        return Ok(Array::Null);
    }
    let nq = request.quantiles.len();
    let mut to: Shape = shape::reduced(x.shape(), request.axes, request.keepdims);
    to.insert(0, nq);
    let inexact = x.dtype().inexact();
    let n = x2.shape()[kept.len()];
    if n == 0 {
        return Ok(create::full(cx, inexact, &to, f64::NAN));
    }
    let count: usize = kept.iter().product();
    shape::checked_size(&[nq, count], 8)?;
    // For each quantile and line the positions of both elements, the second one's weight, and whether there is none.
    let (mut low, mut high) = (repeated(0i64, nq * count)?, repeated(0i64, nq * count)?);
    let mut weight = repeated(0.0, nq * count)?;
    let mut void = repeated(false, count)?;
    let t = cx.engine.contiguous(&cx.tensor(&x2.plain())?)?;
    // Where it isn't asked where elements came from, they are put in order themselves, and stand where their numbers say.
    let mut ordered = None;
    with_dtype!(t.dtype(), T => {
        if matches!(x2, Array::Plain(_)) && T::are_numbers(t.elements::<T>()) {
            ordered = Some(cx.engine.build::<T>(&[count * n], |d| d.copy_from_slice(t.elements::<T>()))?);
        }
        let mut copied = ordered.as_mut().and_then(|copy: &mut Tensor| copy.unique_mut::<T>());
        let alone = copied.is_some();
        // For orders of positions only.
        let length = if alone { 0 } else { n };
        let (mut at, mut scratch) = (repeated(0i64, length)?, Scratch::new(length)?);
        // Most lines have as many elements as the one before, and then the same places.
        let (mut last, mut places, mut wanted) = (0, with_room(nq)?, with_room(2 * nq)?);
        for (k, row) in t.elements::<T>().chunks_exact(n).enumerate() {
            let valid = row.iter().filter(|v| !v.is_nan()).count();
            if valid == 0 || valid < n && !request.ignore_nan {
                void[k] = true;
                continue;
            }
            if valid != last {
                last = valid;
                places.clear();
                places.extend(request.quantiles.iter().map(|&q| request.method.place(valid, q)));
                wanted.clear();
                wanted.extend(places.iter().flat_map(|&(a, b, _)| [a, b]));
                wanted.sort_unstable();
                wanted.dedup();
            }
            match &mut copied {
                Some(copied) => T::put_in_order(&mut copied[k * n..(k + 1) * n], Some(&wanted)),
                None => order_positions(&mut at, row, Some(&wanted), &mut scratch),
            }
            for (j, &(a, b, w)) in places.iter().enumerate() {
                let i = j * count + k;
                let place = |p: usize| (k * n) as i64 + if alone { p as i64 } else { at[p] };
                (low[i], high[i], weight[i]) = (place(a), place(b), w);
            }
        }
    });
    let list = |v: &[i64]| cx.engine.build::<i64>(&[nq, count], |d| d.copy_from_slice(v));
    let flat = ordered.map_or_else(|| reshape(cx, &x2, &[count * n]), Array::from);
    let a = pick(cx, &flat, list(&low)?)?;
    let y = if request.method.picks() {
        a
    } else {
        let b = pick(cx, &flat, list(&high)?)?;
        let weights = |f: &dyn Fn(f64) -> f64| -> Result<Array> {
            let t =
                cx.engine.build::<f64>(&[nq, count], |d| d.iter_mut().zip(&weight).for_each(|(d, &w)| *d = f(w)))?;
            Ok(elementwise::astype(cx, &t.into(), inexact.real()))
        };
        let part = |w: &Array, v: &Array| binary(cx, &elementwise::SCALED, w, v);
        binary(cx, &elementwise::ADD, &part(&weights(&|w| 1.0 - w)?, &a), &part(&weights(&|w| w)?, &b))
    };
    let y = if void.contains(&true) {
        let mask = cx.engine.build::<bool>(&[count], |d| d.copy_from_slice(&void))?;
        select(cx, &mask.into(), &Array::weak(f64::NAN), &y)
    } else {
        y
    };
    Ok(reshape(cx, &y, &to))
}

/// One quantile, without the axis for several.
pub fn quantile(cx: &Context, x: &Array, request: &Request<'_>) -> Result<Array> {
    let y = quantiles(cx, x, request)?;
    Ok(reshape(cx, &y, y.shape().get(1..).unwrap_or(&[])))
}

/// `numpy.median` and `numpy.nanmedian`: of an even number of elements the mean of the two in the middle.
pub fn median(cx: &Context, x: &Array, axes: &[usize], ignore_nan: bool, keepdims: bool) -> Result<Array> {
    let request = Request { quantiles: &[0.5], axes, method: Method::Midpoint, ignore_nan, keepdims };
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    let y = ordered(cx, &x, &request)?;
    Ok(reshape(cx, &y, y.shape().get(1..).unwrap_or(&[])))
}
