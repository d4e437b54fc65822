//! log(sum(exp(x))), whose derivative is the softmax. Rows that lie in memory as they are to be reduced take one kernel for
//! both, and a node keeps the softmax in the place of x.

use super::*;
use crate::kernels::softmax::{Exponential, softmax};
use crate::trace::short::{Argument, ShortResult, Value, level, record};
use crate::trace::{StorePrimitive, StoredPrimitive};

/// `scipy.special.logsumexp`: log(sum(exp(x))) without overflow. The derivative is the softmax; where all elements are
/// -infinity it is 0.
pub fn logsumexp(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let x = &elementwise::astype(cx, x, x.dtype().inexact());
    if let Some(y) = short(cx, x, axes, keepdims) {
        return y.array(cx);
    }
    apply(cx, &LogSumExp { axes: axes.into(), keepdims, shape: Shape::from_slice(x.shape()) }, &[x])
}

#[derive(Clone)]
struct LogSumExp {
    axes: Axes,
    keepdims: bool,
    shape: Shape,
}

/// A real array whose rows lie in memory as they are to be reduced, with their length.
fn real_rows<'a>(cx: &Context, x: &'a Array, axes: &[usize]) -> Result<Option<(&'a Tensor, usize)>> {
    let Array::Plain(t) = x else { return Ok(None) };
    if !matches!(t.dtype(), DType::F64 | DType::F32) || t.size() == 0 {
        return Ok(None);
    }
    cx.engine.force(t)?;
    Ok(match side_by_side(t, axes) {
        Some((length, 1)) => Some((t, length)),
        _ => None,
    })
}

/// The kernel in shares of whole rows. What is not asked for is an empty slice.
fn shared<T: Exponential + Send + Sync>(
    cx: &Context,
    x: &[T],
    length: usize,
    mut logs: &mut [T],
    mut quotients: &mut [T],
) {
    fn take<'a, T>(rest: &mut &'a mut [T], n: usize) -> &'a mut [T] {
        let all = std::mem::take(rest);
        let (first, others) = all.split_at_mut(n.min(all.len()));
        *rest = others;
        first
    }
    let rows = (CHUNK / length).max(1);
    let parts = x.chunks(rows * length).map(|x| (x, take(&mut logs, rows), take(&mut quotients, rows * length)));
    share_out(&cx.engine, 4 * x.len(), parts, |_, (x, logs, quotients)| softmax(x, length, logs, quotients));
}

impl LogSumExp {
    /// In one pass, where real rows lie in memory as they are to be reduced.
    fn of_rows(&self, cx: &Context, x: &Array) -> Result<Option<Tensor>> {
        let Some((t, length)) = real_rows(cx, x, &self.axes)? else { return Ok(None) };
        let out = shape::reduced(t.shape(), &self.axes, self.keepdims);
        macro_rules! run {
            ($t:ty) => {
                cx.engine.build::<$t>(&out, |d| shared(cx, t.elements::<$t>(), length, d, &mut []))
            };
        }
        Ok(Some(if t.dtype() == DType::F64 { run!(f64)? } else { run!(f32)? }))
    }

    fn softmax(&self, cx: &Context, kept: &Kept<'_>) -> Array {
        apply(cx, &Softmax { axes: self.axes.clone() }, &[kept.arg(0)])
    }
}

/// Infinities replaced by 0, so that differences with them are not NaN.
fn finite_or_zero(cx: &Context, y: &Array) -> Array {
    select(cx, &elementwise::test(cx, &elementwise::ISFINITE, y), y, &Array::weak(0.0))
}

impl Primitive for LogSumExp {
    fn name(&self) -> &str {
        "ag_logsumexp"
    }

    fn parameters(&self) -> String {
        axes_text(&self.axes, &self.shape)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = &args[0];
        if let Some(y) = self.of_rows(cx, x)? {
            return Ok(y.into());
        }
        let top = if self.axes.iter().any(|&a| x.shape()[a] == 0) {
            create::full(cx, x.dtype().real(), &shape::reduced(x.shape(), &self.axes, true), 0.0)
        } else {
            finite_or_zero(cx, &extremum(cx, true, &complex::real(cx, x), &self.axes, true))
        };
        let powers = binary(cx, &elementwise::EXP_DIFFERENCE, x, &top);
        let log = if x.dtype().is_complex() {
            unary(cx, &elementwise::LOG, &sum(cx, &powers, &self.axes, true))
        } else {
            // The first of the greatest elements is the 1 of log(1 + rest).
            let ones = compare(cx, &elementwise::EQUAL, &powers, &Array::weak(1.0));
            let below = sum(cx, &select(cx, &ones, &Array::weak(0.0), &powers), &self.axes, true);
            let ones = sum(cx, &elementwise::astype(cx, &ones, x.dtype()), &self.axes, true);
            let others = binary(cx, &elementwise::SUB, &ones, &Array::weak(1.0));
            unary(cx, &elementwise::LOG1P, &binary(cx, &elementwise::ADD, &below, &others))
        };
        let y = binary(cx, &elementwise::ADD, &log, &top);
        Ok(reshape(cx, &y, &shape::reduced(x.shape(), &self.axes, self.keepdims)))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &elementwise::SCALED, &keepdims(cx, g, &self.shape, &self.axes), &self.softmax(cx, kept))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        sum(cx, &binary(cx, &elementwise::SCALED, t, &self.softmax(cx, kept)), &self.axes, self.keepdims)
    }
}

// ------------------------------------------------------------------------------------------------------ the short way

/// The logarithms along the last axis, recorded with the softmax in the place of x: both are made of the same powers, and
/// the rule needs nothing else.
fn short(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Option<ShortResult> {
    if cx.unusual() || *axes != [x.ndim().checked_sub(1)?] {
        return None;
    }
    let args = [Argument::of(x)?];
    let Value::Array(t) = args[0].value else { return None };
    let level = level(cx, &args)?;
    if level == 0 || t.size() == 0 || !t.is_ready() || !t.is_contiguous() {
        return None;
    }
    let out = shape::reduced(t.shape(), axes, keepdims);
    let (y, quotients) = match t.dtype() {
        DType::F64 => both::<f64>(cx, t, &out)?,
        DType::F32 => both::<f32>(cx, t, &out)?,
        _ => return None,
    };
    let mut kept = args;
    kept[0].value = Value::Array(&quotients);
    record(cx, level, if keepdims { &KEPT } else { &DROPPED }, kept, 1, y)
}

fn both<T: Exponential + Send + Sync>(cx: &Context, t: &Tensor, out: &[usize]) -> Option<(Tensor, Tensor)> {
    let length = *t.shape().last()?;
    let mut y = None;
    let quotients = t.like::<T>(|q| {
        y = cx.engine.build::<T>(out, |d| shared(cx, t.elements(), length, d, q)).ok();
    })?;
    Some((y?, quotients))
}

/// The rule of a node that keeps the softmax along the last axis.
struct Weighed {
    keepdims: bool,
}

static KEPT: Weighed = Weighed { keepdims: true };
static DROPPED: Weighed = Weighed { keepdims: false };

impl StorePrimitive for Weighed {
    fn stored(&self) -> StoredPrimitive {
        StoredPrimitive::Static(if self.keepdims { &KEPT } else { &DROPPED })
    }
}

impl Primitive for Weighed {
    fn name(&self) -> &str {
        "ag_logsumexp"
    }

    fn parameters(&self) -> String {
        "axis=-1".into()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let shape = Shape::from_slice(args[0].shape());
        LogSumExp { axes: last(&args[0]), keepdims: self.keepdims, shape }.eval(cx, args)
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let softmax = kept.arg(0);
        binary(cx, &elementwise::SCALED, &keepdims(cx, g, softmax.shape(), &last(softmax)), softmax)
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let softmax = kept.arg(0);
        sum(cx, &binary(cx, &elementwise::SCALED, t, softmax), &last(softmax), self.keepdims)
    }
}

fn last(x: &Array) -> Axes {
    Axes::from_slice(&[x.ndim() - 1])
}

// ------------------------------------------------------------------------------------------------------------- softmax

/// exp(x) / sum(exp(x)) along the axes. 0 where all elements are -infinity.
#[derive(Clone)]
struct Softmax {
    axes: Axes,
}

impl Softmax {
    /// In one pass, where real rows lie in memory as they are to be reduced.
    fn of_rows(&self, cx: &Context, x: &Array) -> Result<Option<Tensor>> {
        let Some((t, length)) = real_rows(cx, x, &self.axes)? else { return Ok(None) };
        macro_rules! run {
            ($t:ty) => {
                cx.engine.build::<$t>(t.shape(), |d| shared(cx, t.elements::<$t>(), length, &mut [], d))
            };
        }
        Ok(Some(if t.dtype() == DType::F64 { run!(f64)? } else { run!(f32)? }))
    }

    /// w (t - sum(w t)), which is the derivative in both modes: it is symmetric. Beside the greatest weight, which may be 1,
    /// the difference would cancel; so the steps count from that of the greatest element (their mean, if there are several).
    fn slope(&self, cx: &Context, t: &Array, kept: &Kept<'_>) -> Array {
        let (x, w) = (complex::real(cx, &kept.arg(0).plain()), kept.ans());
        let at_top = compare(cx, &elementwise::EQUAL, &x, &extremum(cx, true, &x, &self.axes, true));
        let ties = sum(cx, &elementwise::astype(cx, &at_top, x.dtype()), &self.axes, true);
        let there = sum(cx, &select(cx, &at_top, t, &Array::weak(0.0)), &self.axes, true);
        let t = binary(cx, &elementwise::SUB, t, &binary(cx, &elementwise::OVER, &there, &ties));
        let mean = sum(cx, &binary(cx, &elementwise::SCALED, &t, w), &self.axes, true);
        binary(cx, &elementwise::SCALED, &binary(cx, &elementwise::SUB, &t, &mean), w)
    }
}

impl Primitive for Softmax {
    fn name(&self) -> &str {
        "softmax"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = &args[0];
        if let Some(w) = self.of_rows(cx, x)? {
            return Ok(w.into());
        }
        if x.size() == 0 {
            return Ok(x.clone());
        }
        let top = extremum(cx, true, &complex::real(cx, x), &self.axes, true);
        let powers = binary(cx, &elementwise::EXP_DIFFERENCE, x, &top);
        let total = sum(cx, &powers, &self.axes, true);
        let nothing = compare(cx, &elementwise::EQUAL, &top, &Array::weak(f64::NEG_INFINITY));
        Ok(select(cx, &nothing, &Array::weak(0.0), &binary(cx, &elementwise::DIV, &powers, &total)))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1 | ANS
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        self.slope(cx, g, kept)
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        self.slope(cx, t, kept)
    }
}
