//! Numbers in steps between two ends that may depend on something: `linspace`, `logspace`, `geomspace`. Differentiable
//! in both ends, which may be arrays.

use super::elementwise::{self, binary, select, unary};
use super::shape::{broadcast_cotangent, expand_dims};
use super::{arrange, create};
use crate::array::{DType, Shape, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// The parts of the way at which the samples lie, along a first axis before `ndim` others, and where the end stands.
fn way(cx: &Context, num: i64, endpoint: bool, ndim: usize, dtype: DType) -> Result<(Array, Array)> {
    let n =
        usize::try_from(num).map_err(|_| Error::value(format!("Number of samples, {num}, must be non-negative.")))?;
    let steps = if endpoint { n.saturating_sub(1).max(1) } else { n.max(1) } as f64;
    let mut shape = Shape::from_elem(1, ndim + 1);
    shape[0] = n;
    shape::checked_size(&shape, 8)?;
    let w = cx.engine.build::<f64>(&shape, |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i as f64 / steps))?;
    let last = cx.engine.build::<bool>(&shape, |d| {
        d.fill(false);
        if endpoint && n > 1 {
            d[n - 1] = true;
        }
    })?;
    Ok((elementwise::astype(cx, &w.into(), dtype.real()), last.into()))
}

/// Both ends in one shape and dtype, with a first axis of extent 1.
fn ends(cx: &Context, start: &Array, stop: &Array) -> Result<(Array, Array)> {
    let shape = shape::broadcast(start.shape(), stop.shape())?;
    let dtype = elementwise::promote(start, stop).inexact();
    let end = |x: &Array| expand_dims(cx, &broadcast_cotangent(cx, &elementwise::astype(cx, x, dtype), &shape), 0);
    Ok((end(start), end(stop)))
}

/// The samples' axis, which comes first, brought to its place; `finish` makes the samples.
fn spaced(
    cx: &Context,
    start: &Array,
    stop: &Array,
    num: i64,
    endpoint: bool,
    axis: i64,
    samples: impl FnOnce(&Array, &Array, &Array) -> Array,
) -> Result<Array> {
    let (start, stop) = ends(cx, start, stop)?;
    let axis = shape::normalize_axis(axis, start.ndim())?;
    let (w, last) = way(cx, num, endpoint, start.ndim() - 1, start.dtype())?;
    let y = samples(&start, &stop, &w);
    // As NumPy does, since the last step may round.
    let y = if endpoint && num > 1 { select(cx, &last, &stop, &y) } else { y };
    arrange::moveaxis(cx, &y, &[0], &[axis as i64])
}

/// `numpy.linspace` between arrays, the samples along `axis` of the result.
pub fn linspace(cx: &Context, start: &Array, stop: &Array, num: i64, endpoint: bool, axis: i64) -> Result<Array> {
    spaced(cx, start, stop, num, endpoint, axis, |start, stop, w| {
        let way = binary(cx, &elementwise::SUB, stop, start);
        binary(cx, &elementwise::ADD, start, &binary(cx, &elementwise::MUL, &way, w))
    })
}

/// `numpy.logspace`: powers of `base` whose exponents are those of [`linspace`].
pub fn logspace(
    cx: &Context,
    start: &Array,
    stop: &Array,
    num: i64,
    endpoint: bool,
    base: f64,
    axis: i64,
) -> Result<Array> {
    let exponents = linspace(cx, start, stop, num, endpoint, axis)?;
    Ok(binary(cx, &elementwise::POW, &Array::weak(base), &exponents))
}

/// `numpy.geomspace`: each number is the one before times the same factor. Ends may be negative (both) or complex.
pub fn geomspace(cx: &Context, start: &Array, stop: &Array, num: i64, endpoint: bool, axis: i64) -> Result<Array> {
    for end in [start, stop] {
        let zero = elementwise::compare(cx, &elementwise::EQUAL, end, &create::full(cx, end.dtype(), &[], 0.0));
        let t = cx.tensor(&zero)?;
        if t.view::<bool>().iter().any(|&zero| zero) {
            return Err(Error::value("Geometric sequence cannot include zero"));
        }
    }
    spaced(cx, start, stop, num, endpoint, axis, |start, stop, w| {
        // Real ends by their powers, in units of the mean of both, lest the factor overflow; complex ones by the logarithm of
        // the factor, which turns the shorter way round.
        let y = if start.dtype().is_complex() {
            let factor = unary(cx, &elementwise::LOG, &binary(cx, &elementwise::DIV, stop, start));
            binary(
                cx,
                &elementwise::MUL,
                start,
                &unary(cx, &elementwise::EXP, &binary(cx, &elementwise::MUL, &factor, w)),
            )
        } else {
            let sign = elementwise::piecewise_constant(cx, &elementwise::SIGN, start);
            let log =
                |x: &Array| unary(cx, &elementwise::LOG2, &elementwise::unary(cx, &elementwise::FABS, &x.plain()));
            let both = binary(cx, &elementwise::ADD, &log(start), &log(stop));
            let middle = elementwise::piecewise_constant(
                cx,
                &elementwise::FLOOR,
                &binary(cx, &elementwise::MUL, &both, &Array::weak(0.5)),
            );
            let unit = binary(cx, &elementwise::MUL, &unary(cx, &elementwise::EXP2, &middle), &sign);
            let power =
                |x: &Array, p: &Array| binary(cx, &elementwise::POW, &binary(cx, &elementwise::DIV, x, &unit), p);
            let y = binary(
                cx,
                &elementwise::MUL,
                &power(start, &binary(cx, &elementwise::SUB, &Array::weak(1.0), w)),
                &power(stop, w),
            );
            binary(cx, &elementwise::MUL, &y, &unit)
        };
        let beginning = elementwise::compare(cx, &elementwise::EQUAL, w, &Array::weak(0.0));
        select(cx, &beginning, start, &y)
    })
}
