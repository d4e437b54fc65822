//! Statistics of samples: ranges, weighted averages, covariances, counts in bins; and interpolation between samples.

use super::diagonal::diagonal;
use super::elementwise::{self, binary, cast, compare, select, unary};
use super::index::{self, Item, Plan};
use super::order::{self, searchsorted, take_positions};
use super::shape::{broadcast_to, concatenate, expand_dims, reshape, transpose};
use super::take::{pick, slice};
use super::{complex, create, product, reduce};
use crate::array::{DType, Shape, Tensor, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// `numpy.ptp`: the greatest element less the smallest one.
pub fn ptp(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let end = |max| reduce::extremum(cx, max, x, axes, keepdims);
    let y = binary(cx, &elementwise::SUB, &end(true), &end(false));
    if !y.dtype().is_inexact() {
        return y;
    }
    // Of equal elements each is the greatest and the smallest one: its derivative is 0, also before an infinite cotangent.
    select(cx, &compare(cx, &elementwise::EQUAL, &y, &Array::weak(0.0)), &Array::weak(0.0), &y)
}

/// Whether a mask holds anywhere.
fn any(cx: &Context, mask: &Array) -> Result<bool> {
    let t = cx.tensor(&mask.plain())?;
    Ok(t.view::<bool>().iter().any(|&b| b))
}

/// `numpy.average`, and the sum of the weights. Weights have the shape of the array, or that of the axes given.
fn weighted(cx: &Context, x: &Array, weights: &Array, axes: &[usize], keepdims: bool) -> Result<(Array, Array)> {
    let weights = if weights.shape() == x.shape() {
        weights.clone()
    } else {
        let along: Shape = axes.iter().map(|&a| x.shape()[a]).collect();
        if weights.shape() != along.as_slice() {
            return Err(Error::value("Shape of weights must be consistent with shape of a along specified axis."));
        }
        // The weights' axes in the order of the array's.
        let mut order: Vec<usize> = (0..axes.len()).collect();
        order.sort_by_key(|&i| axes[i]);
        let mut shape = Shape::from_elem(1, x.ndim());
        axes.iter().for_each(|&a| shape[a] = x.shape()[a]);
        reshape(cx, &transpose(cx, weights, &order), &shape)
    };
    let dtype = elementwise::promote(x, &weights).inexact();
    let weights = elementwise::astype(cx, &weights, if dtype.is_complex() { dtype } else { dtype.real() });
    let total = reduce::sum(cx, &weights, axes, keepdims);
    let sum = reduce::sum(cx, &binary(cx, &elementwise::MUL, x, &weights), axes, keepdims);
    Ok((binary(cx, &elementwise::DIV, &sum, &total), total))
}

/// `numpy.average`; without weights, the mean.
pub fn average(cx: &Context, x: &Array, weights: Option<&Array>, axes: &[usize], keepdims: bool) -> Result<Array> {
    match weights {
        None => Ok(reduce::mean(cx, x, axes, keepdims)),
        Some(w) => {
            let (mean, total) = weighted(cx, x, w, axes, keepdims)?;
            if any(cx, &compare(cx, &elementwise::EQUAL, &total, &Array::weak(0.0)))? {
                return Err(Error::value("Weights sum to zero, can't be normalized"));
            }
            Ok(mean)
        }
    }
}

// ---------------------------------------------------------------------------------------------------------- covariance

/// Which observations count how often.
#[derive(Default)]
pub struct Weights<'a> {
    /// How often each observation was made.
    pub frequencies: Option<&'a Array>,
    /// How much each observation counts.
    pub importance: Option<&'a Array>,
}

/// Variables in rows, those of `y` after those of `x`, from arrays with variables in rows (`rowvar`) or columns.
fn variables(cx: &Context, x: &Array, y: Option<&Array>, rowvar: bool) -> Result<Array> {
    let of = |m: &Array, name: &str| -> Result<Array> {
        if m.ndim() > 2 {
            return Err(Error::value(format!("{name} has more than 2 dimensions")));
        }
        let rows = super::arrange::atleast(cx, &elementwise::astype(cx, m, m.dtype().inexact()), 2);
        let turn = !rowvar && m.ndim() == 2 && !(name == "y" && m.shape()[0] == 1);
        Ok(if turn { transpose(cx, &rows, &[1, 0]) } else { rows })
    };
    let x = of(x, "m")?;
    Ok(if let Some(y) = y { concatenate(cx, &[&x, &of(y, "y")?], 0) } else { x })
}

/// `numpy.cov`: variables in rows (`rowvar`) or columns, those of `y` after those of `x`.
pub fn cov(
    cx: &Context,
    x: &Array,
    y: Option<&Array>,
    rowvar: bool,
    ddof: f64,
    weights: &Weights<'_>,
) -> Result<Array> {
    let mut x = variables(cx, x, y, rowvar)?;
    // Everything in the precision of the result.
    let given = [weights.frequencies, weights.importance].into_iter().flatten().filter(|w| w.dtype().is_inexact());
    x = elementwise::astype(cx, &x, given.fold(x.dtype(), |d, w| d.promote(w.dtype())));
    if cx.failed() {
        return Ok(Array::Null);
    }
    let n = x.shape()[1];
    for (w, name) in [(weights.frequencies, "fweights"), (weights.importance, "aweights")] {
        if let Some(w) = w
            && w.shape() != [n]
        {
            return Err(Error::value(format!(
                "incompatible numbers of samples and {name}: {n} and {}",
                shape::Show(w.shape())
            )));
        }
        let Some(w) = w else { continue };
        if any(cx, &compare(cx, &elementwise::LESS, w, &Array::weak(0.0)))? {
            return Err(Error::value(format!("{name} cannot be negative")));
        }
        if name == "fweights"
            && any(
                cx,
                &compare(cx, &elementwise::NOT_EQUAL, w, &elementwise::piecewise_constant(cx, &elementwise::RINT, w)),
            )?
        {
            return Err(Error::value("fweights must be integer"));
        }
    }
    let w = match (weights.frequencies, weights.importance) {
        (Some(f), Some(a)) => Some(binary(cx, &elementwise::MUL, f, a)),
        (f, a) => f.or(a).cloned(),
    };
    let (mean, total) = match &w {
        None => (reduce::mean(cx, &x, &[1], true), Array::weak(n as f64)),
        Some(w) => {
            let real = elementwise::astype(cx, w, x.dtype().real());
            let (mean, _) = weighted(cx, &x, &real, &[1], true)?;
            (mean, reduce::sum(cx, &real, &[0], false))
        }
    };
    let lost = match (weights.importance, &w) {
        (Some(a), Some(w)) if ddof != 0.0 => {
            let squares = reduce::sum(cx, &binary(cx, &elementwise::MUL, w, a), &[0], false);
            let squares = elementwise::astype(cx, &squares, x.dtype().real());
            binary(cx, &elementwise::MUL, &binary(cx, &elementwise::DIV, &squares, &total), &Array::weak(ddof))
        }
        _ => Array::weak(ddof),
    };
    let freedom = binary(cx, &elementwise::SUB, &total, &lost);
    let freedom = binary(cx, &elementwise::MAXIMUM, &freedom, &Array::weak(0.0));
    let away = binary(cx, &elementwise::SUB, &x, &mean);
    let other = match &w {
        None => away.clone(),
        Some(w) => binary(cx, &elementwise::MUL, &away, &elementwise::astype(cx, w, x.dtype().real())),
    };
    let products = product::dot(cx, &away, &complex::conj(cx, &transpose(cx, &other, &[1, 0])));
    let c = binary(cx, &elementwise::DIV, &products, &freedom);
    let kept: Shape = c.shape().iter().copied().filter(|&d| d != 1).collect();
    Ok(reshape(cx, &c, &kept))
}

/// `numpy.corrcoef`.
pub fn corrcoef(cx: &Context, x: &Array, y: Option<&Array>, rowvar: bool) -> Result<Array> {
    let mut x = variables(cx, x, y, rowvar)?;
    if x.size() > 0 && !cx.failed() {
        // No unit changes a correlation; in these no square over- or underflows.
        x = binary(cx, &elementwise::DIV, &x, &reduce::scale(cx, &x, &[1])?);
    }
    let c = cov(cx, &x, None, true, 1.0, &Weights::default())?;
    if c.ndim() == 0 {
        return Ok(binary(cx, &elementwise::DIV, &c, &c));
    }
    let deviation = unary(cx, &elementwise::SQRT, &complex::real(cx, &diagonal(cx, &c, 0, 0, 1)?));
    let c = binary(cx, &elementwise::DIV, &c, &expand_dims(cx, &deviation, 1));
    let c = binary(cx, &elementwise::DIV, &c, &deviation);
    let inside = |part: &Array| elementwise::clip(cx, part, -1.0, 1.0);
    Ok(if c.dtype().is_complex() {
        complex::join(cx, &inside(&complex::real(cx, &c)), &inside(&complex::imag(cx, &c)))
    } else {
        inside(&c)
    })
}

// ------------------------------------------------------------------------------------------------------------- counting

/// `numpy.bincount`: how often each number occurs, or the sum of the weights that go with it.
pub fn bincount(cx: &Context, x: &Array, weights: Option<&Array>, least: i64) -> Result<Array> {
    let t = cx.tensor(&x.plain())?;
    if t.dtype().is_inexact() {
        return Err(Error::dtype(format!("Cannot cast array data from {} to int64", t.dtype().name())));
    }
    if t.ndim() != 1 {
        return Err(Error::value(format!("object too deep for desired array: {} axes, not 1", t.ndim())));
    }
    let t = cx.engine.contiguous(&cast(cx, t, DType::I64)?)?;
    let numbers = t.elements::<i64>();
    let least = usize::try_from(least).map_err(|_| Error::value("'minlength' must not be negative"))?;
    if numbers.iter().any(|&k| k < 0) {
        return Err(Error::value("'list' argument must have no negative elements"));
    }
    let n = numbers.iter().max().map_or(0, |&k| (k as usize).saturating_add(1)).max(least);
    counted(cx, n, t.clone(), weights, "The weights and list don't have the same length.")
}

/// Counts at positions, or sums of weights.
fn counted(cx: &Context, n: usize, at: Tensor, weights: Option<&Array>, unequal: &'static str) -> Result<Array> {
    shape::checked_size(&[n], 8)?;
    let Some(weights) = weights else {
        let counts = cx.engine.build::<i64>(&[n], |d| {
            d.fill(0);
            at.elements::<i64>().iter().for_each(|&k| d[k as usize] += 1);
        })?;
        return Ok(counts.into());
    };
    if weights.shape() != at.shape() {
        return Err(Error::value(unequal));
    }
    let weights = elementwise::astype(cx, weights, weights.dtype().inexact());
    let plan = Plan::new(cx, &[n], &[Item::Array(at)])?;
    Ok(index::add(cx, &create::full(cx, weights.dtype(), &[n], 0.0), &plan, &weights))
}

/// The edges of `bins` equal bins over `range`, or over all elements.
pub fn bin_edges(cx: &Context, x: &Array, bins: i64, range: Option<(f64, f64)>) -> Result<Array> {
    if bins < 1 {
        return Err(Error::value("`bins` must be positive, when an integer"));
    }
    let (mut low, mut high) = match range {
        Some((low, high)) if low > high => {
            return Err(Error::value("max must be larger than min in range parameter."));
        }
        Some(range) => range,
        None if x.size() == 0 => (0.0, 1.0),
        None => {
            let axes = reduce::all_axes(x);
            let end = |max| -> Result<f64> {
                let y = elementwise::astype(cx, &reduce::extremum(cx, max, &x.plain(), &axes, false), DType::F64);
                Ok(cx.tensor(&y)?.first::<f64>())
            };
            (end(false)?, end(true)?)
        }
    };
    if !(low.is_finite() && high.is_finite()) {
        let which = if range.is_some() { "supplied" } else { "autodetected" };
        return Err(Error::value(format!("{which} range of [{low}, {high}] is not finite")));
    }
    if low == high {
        (low, high) = (low - 0.5, high + 0.5);
    }
    let n = bins.checked_add(1).ok_or_else(|| Error::memory("the bins are more than the address space holds"))?;
    Ok(create::linspace(cx, low, high, n)?.into())
}

/// `numpy.histogram` with the edges given: how many elements lie between neighbours of them (the last edge belongs to
/// the last bin), or the sum of their weights; with `density` divided by the total and by the width of the bin.
pub fn histogram(cx: &Context, x: &Array, edges: &Array, weights: Option<&Array>, density: bool) -> Result<Array> {
    if x.dtype().is_complex() || edges.dtype().is_complex() {
        return Err(Error::dtype("a histogram is of real numbers"));
    }
    if edges.ndim() != 1 {
        return Err(Error::value("`bins` must be 1d, when an array"));
    }
    let e = cx.engine.contiguous(&cast(cx, cx.lazy_tensor(edges)?, DType::F64)?)?;
    let e = e.elements::<f64>();
    if e.windows(2).any(|w| w[0] > w[1]) {
        return Err(Error::value("`bins` must increase monotonically, when an array"));
    }
    if weights.is_some_and(|w| w.shape() != x.shape()) {
        return Err(Error::value("weights should have the same shape as a."));
    }
    let bins = e.len().saturating_sub(1);
    let v = cx.engine.contiguous(&cast(cx, cx.lazy_tensor(x)?, DType::F64)?)?;
    // What lies outside is counted after the last bin, and left away.
    let at = cx.engine.build::<i64>(&[v.size()], |d| {
        for (d, v) in d.iter_mut().zip(v.elements::<f64>()) {
            let k = e.partition_point(|e| e <= v);
            *d = match e.last() {
                Some(last) if v == last && bins > 0 => bins - 1,
                Some(last) if k > 0 && v < last => k - 1,
                _ => bins,
            } as i64;
        }
    })?;
    let weights = weights.map(|w| reshape(cx, w, &[w.size()]));
    let counts = counted(cx, bins + 1, at, weights.as_ref(), "weights should have the same shape as a.")?;
    let counts = slice(cx, &counts, 0, 0, bins, 1)?;
    if !density {
        return Ok(counts);
    }
    let widths = cx.engine.build::<f64>(&[bins], |d| {
        d.iter_mut().zip(e.windows(2)).for_each(|(d, w)| *d = w[1] - w[0]);
    })?;
    let counts = elementwise::astype(cx, &counts, counts.dtype().inexact());
    let total = reduce::sum(cx, &counts, &[0], false);
    let widths = elementwise::astype(cx, &widths.into(), counts.dtype().real());
    Ok(binary(cx, &elementwise::DIV, &binary(cx, &elementwise::DIV, &counts, &widths), &total))
}

// -------------------------------------------------------------------------------------------------------- interpolation

/// What `numpy.interp` may be told.
#[derive(Default)]
pub struct Outside<'a> {
    /// The value before the first sample; by default that of the first one.
    pub left: Option<&'a Array>,
    /// The value after the last sample; by default that of the last one.
    pub right: Option<&'a Array>,
    pub period: Option<f64>,
}

fn any_infinite(cx: &Context, x: &Array) -> Result<bool> {
    let t = cx.engine.contiguous(&cx.tensor(&x.plain())?)?;
    Ok(match t.dtype() {
        DType::F32 => t.elements::<f32>().iter().any(|v| v.is_infinite()),
        DType::F64 => t.elements::<f64>().iter().any(|v| v.is_infinite()),
        _ => false,
    })
}

/// `numpy.interp`: the broken line through the samples `fp` at the ascending `xp`. Differentiable in everything; at a
/// sample the slope is that of the part to its right.
pub fn interp(cx: &Context, x: &Array, xp: &Array, fp: &Array, outside: &Outside<'_>) -> Result<Array> {
    if x.dtype().is_complex() || xp.dtype().is_complex() {
        return Err(Error::dtype("interpolation is between real coordinates"));
    }
    if xp.ndim() != 1 || fp.ndim() != 1 {
        return Err(Error::value("Data points must be 1-D sequences"));
    }
    if xp.size() != fp.size() {
        return Err(Error::value("fp and xp are not of the same length."));
    }
    if xp.size() == 0 {
        return Err(Error::value("array of sample points is empty"));
    }
    // Everything in the precision of the result.
    let given = [outside.left, outside.right].into_iter().flatten().filter(|_| outside.period.is_none());
    let result = given.fold(elementwise::promote(x, xp).promote(fp.dtype()).inexact(), |d, v| d.promote(v.dtype()));
    let dtype = result.real();
    let (mut x, mut xp) = (elementwise::astype(cx, x, dtype), elementwise::astype(cx, xp, dtype));
    let mut fp = elementwise::astype(cx, fp, if fp.dtype().is_complex() { dtype.complex() } else { dtype });
    if let Some(period) = outside.period {
        if period == 0.0 || period.is_nan() {
            return Err(Error::value("period must be a non-zero value"));
        }
        let period = period.abs();
        let inside = |x: &Array| binary(cx, &elementwise::MOD, x, &Array::weak(period));
        (x, xp) = (inside(&x), inside(&xp));
        let sorted = cx.tensor(&order::argsort(cx, &xp, 0)?)?;
        (xp, fp) = (take_positions(cx, &xp, &sorted, 0)?, take_positions(cx, &fp, &sorted, 0)?);
        let n = xp.size();
        let (first, last) = (|v: &Array| slice(cx, v, 0, 0, 1, 1), |v: &Array| slice(cx, v, 0, n - 1, n, 1));
        let before = binary(cx, &elementwise::SUB, &last(&xp)?, &Array::weak(period));
        let after = binary(cx, &elementwise::ADD, &first(&xp)?, &Array::weak(period));
        xp = concatenate(cx, &[&before, &xp, &after], 0);
        fp = concatenate(cx, &[&last(&fp)?, &fp, &first(&fp)?], 0);
    }
    let n = xp.size() as i64;
    let found = searchsorted(cx, &xp.plain(), &x.plain(), true)?;
    let at = |shift: i64| {
        cx.engine.build::<i64>(found.shape(), |d| {
            let top = (n - 2).max(0);
            let place = |k: i64| ((k - 1).clamp(0, top) + shift).min(n - 1);
            d.iter_mut().zip(found.elements::<i64>()).for_each(|(d, &k)| *d = place(k));
        })
    };
    let (low, high) = (at(0)?, at(1)?);
    let (x0, x1) = (pick(cx, &xp, low.clone())?, pick(cx, &xp, high.clone())?);
    let (f0, f1) = (pick(cx, &fp, low)?, pick(cx, &fp, high)?);
    let sub = |a: &Array, b: &Array| binary(cx, &elementwise::SUB, a, b);
    let part = binary(cx, &elementwise::OVER, &sub(&x, &x0), &sub(&x1, &x0));
    // At a sample its neighbour has no say, whatever it is.
    let rise = sub(&f1, &f0);
    let mut y = binary(cx, &elementwise::ADD, &f0, &binary(cx, &elementwise::SCALED, &part, &rise));
    if !fp.dtype().is_complex() && any_infinite(cx, &fp)? {
        // Beside an infinite sample the line is followed from its other end, as NumPy does; between equal ones it is level.
        let back = binary(cx, &elementwise::SCALED, &sub(&part, &Array::weak(1.0)), &rise);
        let nan = |y: &Array| elementwise::test(cx, &elementwise::ISNAN, y);
        y = select(cx, &nan(&y), &binary(cx, &elementwise::ADD, &f1, &back), &y);
        let level = compare(cx, &elementwise::LOGICAL_AND, &nan(&y), &compare(cx, &elementwise::EQUAL, &f0, &f1));
        y = select(cx, &level, &f0, &y);
    }
    // The ends, as numbers.
    let end =
        |v: &Array, k: i64| -> Result<Array> { Ok(reshape(cx, &pick(cx, v, super::take::positions(cx, &[k])?)?, &[])) };
    let value = |given: Option<&Array>, k: i64| -> Result<Array> {
        match given.filter(|_| outside.period.is_none()) {
            Some(v) if v.ndim() > 0 => Err(Error::value(format!(
                "the value outside must be a number, not of shape {}",
                shape::Show(v.shape())
            ))),
            Some(v) => Ok(elementwise::astype(cx, v, v.dtype().promote(fp.dtype()))),
            None => end(&fp, k),
        }
    };
    let (first, last) = (end(&xp, 0)?.plain(), end(&xp, n - 1)?.plain());
    let y = select(cx, &compare(cx, &elementwise::LESS, &x, &first), &value(outside.left, 0)?, &y);
    let y = select(cx, &compare(cx, &elementwise::EQUAL, &x, &last), &end(&fp, n - 1)?, &y);
    let y = select(cx, &compare(cx, &elementwise::GREATER, &x, &last), &value(outside.right, n - 1)?, &y);
    // No NaN is lost in a level part.
    let y = select(cx, &elementwise::test(cx, &elementwise::ISNAN, &x), &x, &y);
    Ok(if y.shape() == x.shape() { y } else { broadcast_to(cx, &y, x.shape()) })
}
