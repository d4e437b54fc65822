//! The logarithms of running sums of exponentials.
//!
//! With y the result, y[k] grows out of y[k - 1] and x[k] as a mean weighs two things: `before` = exp(y[k - 1] - y[k]) and `new` =
//! exp(x[k] - y[k]), whose sum is 1. So tangents and cotangents go along the axis in a linear recurrence with these weights, in
//! linear time. The weights are quotients of sums of exp(x - running maximum): differences of the rounded y would lose the digits
//! that large y don't have. They are a primitive of their own, whose derivative is made of both of them.

use super::super::elementwise::{self, binary, unary};
use super::super::shape::broadcast_cotangent;
use super::{ScanAxis, recurrence, scan_axis};
use crate::array::{DType, Element, Tensor};
use crate::error::{Error, Result};
use crate::trace::{Array, Context, Kept, Primitive, apply};

/// `jax.lax.cumlogsumexp` along an axis. What is -infinity up to some place is -infinity there, with derivative 0.
pub fn logcumsumexp(cx: &Context, x: &Array, axis: usize) -> Array {
    if x.dtype().is_complex() {
        let e = Error::dtype(format!("not defined for dtype {}", x.dtype().name()));
        return cx.fail(e.within("ag_logcumsumexp"));
    }
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    of(cx, &scan_axis(&x, axis), Part::Value, &x)
}

/// What is computed of the sums.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// The logarithm.
    Value,
    /// The share of what came before.
    Before,
    /// The share of the new element.
    New,
}

fn of(cx: &Context, scan: &ScanAxis, part: Part, x: &Array) -> Array {
    apply(cx, &LogCumSumExp { scan: scan.clone(), part }, &[x])
}

/// Takes one more element in: `largest` is the largest one so far, `others` the sum of exp(x - largest) of all but that one.
#[inline]
fn step(largest: &mut f64, others: &mut f64, x: f64, part: Part) -> f64 {
    if x == f64::NEG_INFINITY && *largest == x {
        // Still nothing.
        return if part == Part::Value { x } else { 0.0 };
    }
    // Numerators of the shares, in units of exp(the largest element now).
    let (before, new);
    if x > *largest {
        before = (*others + 1.0) * (*largest - x).exp();
        new = 1.0;
        (*largest, *others) = (x, before);
    } else {
        // Infinities count alike, and their difference is no number.
        new = if x == *largest { 1.0 } else { (x - *largest).exp() };
        before = *others + 1.0;
        *others += new;
    }
    match part {
        Part::Value => *largest + others.ln_1p(),
        Part::Before => before / (*others + 1.0),
        Part::New => new / (*others + 1.0),
    }
}

#[derive(Clone)]
struct LogCumSumExp {
    scan: ScanAxis,
    part: Part,
}

impl LogCumSumExp {
    /// Single precision is added up in double precision.
    fn scanned<T: Element>(&self, cx: &Context, t: &Tensor) -> Result<Tensor> {
        let n = self.scan.shape[self.scan.axis];
        let inner: usize = self.scan.shape[self.scan.axis + 1..].iter().product();
        let mut room = cx.engine.heap.pool.take::<f64>(2 * inner)?;
        let (largest, others) = room.slice_mut::<f64>(2 * inner).split_at_mut(inner);
        cx.engine.build::<T>(t.shape(), |d| {
            if d.is_empty() {
                return;
            }
            for (d, x) in d.chunks_exact_mut(n * inner).zip(t.elements::<T>().chunks_exact(n * inner)) {
                largest.fill(f64::NEG_INFINITY);
                others.fill(0.0);
                for (d, x) in d.chunks_exact_mut(inner).zip(x.chunks_exact(inner)) {
                    for (i, (d, x)) in d.iter_mut().zip(x).enumerate() {
                        *d = T::from_f64(step(&mut largest[i], &mut others[i], x.to_complex().re, self.part));
                    }
                }
            }
        })
    }

    /// What the derivative of the logarithms makes of a tangent.
    fn pushed(&self, cx: &Context, x: &Array, t: &Array) -> Array {
        let own = binary(cx, &elementwise::SCALED, t, &of(cx, &self.scan, Part::New, x));
        recurrence(cx, &self.scan, &of(cx, &self.scan, Part::Before, x), &own)
    }

    /// The same of a cotangent.
    fn pulled(&self, cx: &Context, x: &Array, g: &Array) -> Array {
        let back = self.scan.reversed();
        let before = of(cx, &self.scan, Part::Before, x);
        let along = recurrence(cx, &back, &back.before(cx, &before, 0.0), g);
        binary(cx, &elementwise::SCALED, &along, &of(cx, &self.scan, Part::New, x))
    }

    /// The derivative of a share by the difference of x[k] and y[k - 1]: the product of both shares, with a sign.
    fn slope(&self, cx: &Context, x: &Array) -> Array {
        let [before, new] = [Part::Before, Part::New].map(|part| of(cx, &self.scan, part, x));
        let product = binary(cx, &elementwise::MUL, &before, &new);
        if self.part == Part::New { product } else { unary(cx, &elementwise::NEG, &product) }
    }
}

impl Primitive for LogCumSumExp {
    fn name(&self) -> &str {
        match self.part {
            Part::Value => "ag_logcumsumexp",
            Part::Before => "logcumsumexp_before",
            Part::New => "logcumsumexp_new",
        }
    }

    fn parameters(&self) -> String {
        self.scan.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.engine.contiguous(&cx.tensor(&args[0])?)?;
        Ok(if t.dtype() == DType::F32 { self.scanned::<f32>(cx, &t)? } else { self.scanned::<f64>(cx, &t)? }.into())
    }

    fn batched(&self, cx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
        Some(of(cx, &self.scan.behind(args[0].shape()[0]), self.part, &args[0]))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let (g, x) = (broadcast_cotangent(cx, g, &self.scan.shape), kept.arg(0));
        if self.part == Part::Value {
            return self.pulled(cx, x, &g);
        }
        let direct = binary(cx, &elementwise::SCALED, &g, &self.slope(cx, x));
        // That of y[k - 1] stands at k.
        let shifted = self.scan.reversed().before(cx, &direct, 0.0);
        binary(cx, &elementwise::SUB, &direct, &self.pulled(cx, x, &shifted))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let x = kept.arg(0);
        let pushed = self.pushed(cx, x, t);
        if self.part == Part::Value {
            return pushed;
        }
        let apart = binary(cx, &elementwise::SUB, t, &self.scan.before(cx, &pushed, 0.0));
        binary(cx, &elementwise::SCALED, &apart, &self.slope(cx, x))
    }
}
