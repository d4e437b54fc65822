//! log(sum(b exp(x))) with weights and a mask: `scipy.special.logsumexp` with `b=`, and the `where=` of `jax.nn.logsumexp`.
//!
//! Everything is relative to the greatest term `b[r] exp(x[r])` of a line: the others are quotients of at most 1, so nothing
//! overflows, and where they are small log1p keeps their digits. The derivatives are two kinds of shares, by x that of a term,
//! b exp(x) / sum, by b that of its exponential, exp(x) / sum. They are computed from the terms, not from the rounded
//! logarithm, and are primitives whose derivatives are made of shares again.

use super::elementwise::{self, astype, binary, compare, select, unary};
use super::order::grouped;
use super::reduce::{extremum, sum};
use super::shape::{behind, broadcast_cotangent, broadcast_to, reshape};
use crate::array::{DType, Element, Shape, Tensor, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context, Kept, Primitive, apply};
use shape::Show;

/// How it is done. Weights and mask broadcast with the array; null stands for ones, and for everything.
pub struct Options<'a> {
    /// Of what array and weights broadcast to.
    pub axes: &'a [i64],
    /// Every axis, whatever `axes` says.
    pub all: bool,
    pub keepdims: bool,
    pub weights: &'a Array,
    pub mask: &'a Array,
    /// The logarithm of the absolute value of the sum, and its sign besides; else a negative sum gives NaN.
    pub signed: bool,
}

const NAME: &str = "ag_logsumexp_with";

/// The logarithm, and the sign (a plain array of -1, 0, 1 or NaN; null unless it is asked for).
pub fn logsumexp_with(cx: &Context, x: &Array, options: &Options<'_>) -> (Array, Array) {
    if cx.failed() {
        return (Array::Null, Array::Null);
    }
    run(cx, x, options).unwrap_or_else(|e| (cx.fail(e.within(NAME)), Array::Null))
}

fn run(cx: &Context, x: &Array, options: &Options<'_>) -> Result<(Array, Array)> {
    let &Options { weights, mask, keepdims, signed, .. } = options;
    let weights = if weights.is_null() { Array::weak(1.0) } else { weights.clone() };
    if let Some(complex) = [x, &weights].into_iter().find(|a| a.dtype().is_complex()) {
        return Err(Error::dtype(format!("not defined for dtype {}", complex.dtype().name())));
    }
    if !mask.is_null() && mask.dtype() != DType::Bool {
        let name = mask.dtype().name();
        return Err(Error::dtype(format!("Cannot cast array data from dtype('{name}') to dtype('bool')")));
    }
    let dtype = elementwise::promote(x, &weights).inexact();
    let to = shape::broadcast(x.shape(), weights.shape())?;
    shape::checked_size(&to, 8)?;
    let whole = |a: &Array| broadcast_to(cx, &astype(cx, a, dtype), &to);
    let (mut x, mut weights) = (whole(x), whole(&weights));
    if !mask.is_null() {
        if shape::broadcast(mask.shape(), &to).ok().as_ref() != Some(&to) {
            let (a, b) = (Show(mask.shape()), Show(&to));
            return Err(Error::shape(format!("the mask of shape {a} does not broadcast to the array of shape {b}")));
        }
        // What is left out is a term of 0, whatever the array holds there.
        let mask = &mask.plain();
        x = select(cx, mask, &x, &Array::weak(f64::NEG_INFINITY));
        weights = select(cx, mask, &weights, &Array::weak(0.0));
    }
    let axes = if options.all { (0..to.len()).collect() } else { shape::normalize_axes(options.axes, to.len())? };
    let kept = shape::reduced(&to, &axes, keepdims);
    let (x, weights) = (grouped(cx, &x, &axes)?.0, grouped(cx, &weights, &axes)?.0);
    let line = |part: Part| Terms { part, signed, shape: x.shape().into() };
    let y = reshape(cx, &apply(cx, &line(Part::Value), &[&x, &weights]), &kept);
    if !signed {
        return Ok((y, Array::Null));
    }
    let (plain, plain_weights) = (x.plain(), weights.plain());
    let sign = elementwise::plain(cx, NAME, |cx| line(Part::Sign).eval(cx, &[plain, plain_weights]), &[&x, &weights]);
    Ok((y, reshape(cx, &sign, &kept)))
}

/// What is computed of the terms b exp(x) of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// The logarithm of the sum.
    Value,
    Sign,
    /// b exp(x) / sum, of every element.
    Terms,
    /// exp(x) / sum, of every element.
    Exponentials,
}

/// Of arrays of a shape, along the last axis: values x and weights b.
#[derive(Clone)]
struct Terms {
    part: Part,
    /// Whether a negative sum has a logarithm.
    signed: bool,
    shape: Shape,
}

/// The difference of two exponents; infinities count alike.
fn apart(x: f64, y: f64) -> f64 {
    if x == y { 0.0 } else { x - y }
}

/// The terms of a line: the greatest one, which is that of an exponent and a weight, and the sum of the others in units of it.
struct ScaledSum {
    exponent: f64,
    weight: f64,
    others: f64,
}

impl ScaledSum {
    /// `None` if there is no term but 0.
    fn new<T: Element>(x: &[T], b: &[T]) -> Option<ScaledSum> {
        let real = |v: &T| v.to_complex().re;
        let terms = || {
            let all = x.iter().zip(b).map(|(x, b)| (real(x), real(b)));
            all.enumerate().filter(|(_, (x, b))| *b != 0.0 && *x != f64::NEG_INFINITY)
        };
        let mut best = None;
        for (i, (x, b)) in terms() {
            let size = x + b.abs().ln();
            // NaN stays, since nothing is greater.
            if best.is_none_or(|(_, top): (usize, f64)| size.is_nan() || size > top) {
                best = Some((i, size));
            }
            if size.is_nan() {
                break;
            }
        }
        let (best, _) = best?;
        let mut scaled = ScaledSum { exponent: real(&x[best]), weight: real(&b[best]), others: 0.0 };
        scaled.others = terms().filter(|(i, _)| *i != best).map(|(_, (x, b))| scaled.term(x, b)).sum();
        Some(scaled)
    }

    /// A term in units of the greatest one.
    fn term(&self, x: f64, b: f64) -> f64 {
        let (factor, exponent) = (b / self.weight, apart(x, self.exponent));
        if factor.is_normal() && exponent > -700.0 && exponent < 700.0 {
            return factor * exponent.exp();
        }
        if x == self.exponent {
            return factor;
        }
        // One part overflows or vanishes alone, perhaps not both together.
        (exponent + (b.abs().ln() - self.weight.abs().ln())).exp().copysign(factor)
    }

    /// The sum in units of the greatest term.
    fn sum(&self) -> f64 {
        1.0 + self.others
    }

    fn sign(&self) -> f64 {
        let product = self.sum() * self.weight.signum();
        if product == 0.0 {
            0.0
        } else if product.is_nan() {
            product
        } else {
            product.signum()
        }
    }

    fn value(&self, signed: bool) -> f64 {
        if !signed && self.sign() < 0.0 {
            return f64::NAN;
        }
        let log = if self.others.abs() < 0.5 { self.others.ln_1p() } else { self.sum().abs().ln() };
        self.exponent + self.weight.abs().ln() + log
    }

    /// exp(x) / sum.
    fn exponential(&self, x: f64) -> f64 {
        if x == f64::NEG_INFINITY { 0.0 } else { apart(x, self.exponent).exp() / self.weight / self.sum() }
    }
}

impl Terms {
    fn of(&self, cx: &Context, part: Part, x: &Array, b: &Array) -> Array {
        apply(cx, &Terms { part, ..self.clone() }, &[x, b])
    }

    fn line(&self) -> usize {
        self.shape.len() - 1
    }

    /// The sum along the line, which stays as an axis of extent 1.
    fn sum(&self, cx: &Context, x: &Array) -> Array {
        sum(cx, x, &[self.line()], true)
    }

    /// v (t - sum(v t)), the derivative of the shares v by x in both modes. Beside the greatest share, which may be 1, the
    /// difference would cancel; so the steps count from that of the greatest (the mean of several), which changes nothing
    /// as shares add up to 1.
    fn slope(&self, cx: &Context, t: &Array, v: &Array) -> Array {
        let size = unary(cx, &elementwise::FABS, &v.plain());
        let at_top = compare(cx, &elementwise::EQUAL, &size, &extremum(cx, true, &size, &[self.line()], true));
        let ties = self.sum(cx, &astype(cx, &at_top, size.dtype()));
        let there = binary(cx, &elementwise::OVER, &self.sum(cx, &select(cx, &at_top, t, &Array::weak(0.0))), &ties);
        let there = select(cx, &elementwise::test(cx, &elementwise::ISFINITE, &there), &there, &Array::weak(0.0));
        let t = binary(cx, &elementwise::SUB, t, &there);
        let mean = self.sum(cx, &binary(cx, &elementwise::SCALED, &t, v));
        binary(cx, &elementwise::SCALED, &binary(cx, &elementwise::SUB, &t, &mean), v)
    }

    /// A result for every line, with an axis of extent 1 for it.
    fn keepdims(&self, cx: &Context, y: &Array) -> Array {
        let kept = &self.shape[..self.line()];
        let mut to = Shape::from_slice(kept);
        to.push(1);
        reshape(cx, &broadcast_cotangent(cx, y, kept), &to)
    }

    fn computed<T: Element>(&self, cx: &Context, x: &Tensor, b: &Tensor) -> Result<Tensor> {
        let n = self.shape[self.line()];
        let (x, b) = (x.elements::<T>(), b.elements::<T>());
        let lines = || x.chunks_exact(n.max(1)).zip(b.chunks_exact(n.max(1)));
        if matches!(self.part, Part::Terms | Part::Exponentials) {
            return cx.engine.build::<T>(&self.shape, |d| {
                for (d, (x, b)) in d.chunks_exact_mut(n.max(1)).zip(lines()) {
                    let scaled = ScaledSum::new(x, b);
                    for (d, (x, b)) in d.iter_mut().zip(x.iter().zip(b)) {
                        let (x, b) = (x.to_complex().re, b.to_complex().re);
                        *d = T::from_f64(match &scaled {
                            None => 0.0,
                            Some(_) if self.part == Part::Terms && b == 0.0 => 0.0,
                            Some(_) if x == f64::NEG_INFINITY => 0.0,
                            Some(scaled) if self.part == Part::Terms => scaled.term(x, b) / scaled.sum(),
                            Some(scaled) => scaled.exponential(x),
                        });
                    }
                }
            });
        }
        let of = |scaled: Option<ScaledSum>| match (scaled, self.part) {
            (None, Part::Sign) => 0.0,
            (None, _) => f64::NEG_INFINITY,
            (Some(scaled), Part::Sign) => scaled.sign(),
            (Some(scaled), _) => scaled.value(self.signed),
        };
        cx.engine.build::<T>(&self.shape[..self.line()], |d| {
            d.fill(T::from_f64(of(None)));
            d.iter_mut().zip(lines()).for_each(|(d, (x, b))| *d = T::from_f64(of(ScaledSum::new(x, b))));
        })
    }
}

impl Primitive for Terms {
    fn name(&self) -> &str {
        match self.part {
            Part::Value => NAME,
            Part::Sign => "logsumexp_sign",
            Part::Terms => "logsumexp_terms",
            Part::Exponentials => "logsumexp_exponentials",
        }
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let dtype = args[0].dtype().promote(args[1].dtype());
        let ready = |a: &Array| cx.engine.contiguous(&cx.tensor(&astype(cx, a, dtype))?);
        let (x, b) = (ready(&args[0])?, ready(&args[1])?);
        Ok(if dtype == DType::F32 { self.computed::<f32>(cx, &x, &b)? } else { self.computed::<f64>(cx, &x, &b)? }
            .into())
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let n = args.iter().zip(lead).find(|(_, lead)| **lead)?.0.shape()[0];
        let to = behind(n, &self.shape);
        let many = |k: usize| if lead[k] { args[k].clone() } else { broadcast_to(cx, &args[k], &to) };
        Some(apply(cx, &Terms { shape: to.clone(), ..self.clone() }, &[&many(0), &many(1)]))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0b11
    }

    // With v the terms' shares and w the exponentials', d log = sum(v dx + w db), dv = v (dx - d log) + w db, dw = w (dx - d log).
    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let (x, b) = (kept.arg(0), kept.arg(1));
        let own = |part: Part| self.of(cx, part, x, b);
        let scaled = |a: &Array, b: &Array| binary(cx, &elementwise::SCALED, a, b);
        let direction = if argnum == 0 { Part::Terms } else { Part::Exponentials };
        match self.part {
            Part::Value | Part::Sign => scaled(&self.keepdims(cx, g), &own(direction)),
            Part::Terms if argnum == 0 => self.slope(cx, &broadcast_cotangent(cx, g, &self.shape), &own(Part::Terms)),
            part => {
                let g = broadcast_cotangent(cx, g, &self.shape);
                let weighted = scaled(&g, &own(part));
                let common = scaled(&self.sum(cx, &weighted), &own(direction));
                match (part, argnum) {
                    (_, 0) => binary(cx, &elementwise::SUB, &weighted, &common),
                    (Part::Terms, _) => binary(cx, &elementwise::SUB, &scaled(&g, &own(Part::Exponentials)), &common),
                    _ => unary(cx, &elementwise::NEG, &common),
                }
            }
        }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let (x, b) = (kept.arg(0), kept.arg(1));
        let own = |part: Part| self.of(cx, part, x, b);
        let scaled = |a: &Array, b: &Array| binary(cx, &elementwise::SCALED, a, b);
        let direction = if argnum == 0 { Part::Terms } else { Part::Exponentials };
        if self.part == Part::Terms && argnum == 0 {
            return self.slope(cx, t, &own(Part::Terms));
        }
        let weighted = scaled(t, &own(direction));
        match self.part {
            Part::Value | Part::Sign => sum(cx, &weighted, &[self.line()], false),
            part => {
                let common = scaled(&self.sum(cx, &weighted), &own(part));
                match (part, argnum) {
                    (_, 0) => binary(cx, &elementwise::SUB, &scaled(t, &own(part)), &common),
                    (Part::Terms, _) => binary(cx, &elementwise::SUB, &weighted, &common),
                    _ => unary(cx, &elementwise::NEG, &common),
                }
            }
        }
    }
}
