//! Elements replaced by others: `where`, `clip`, `nan_to_num`. What is replaced gets no cotangent.

use super::*;
use crate::ops::complex;

/// `numpy.where(condition, x, y)`. What isn't chosen has no influence, and gets a zero cotangent.
pub fn select(cx: &Context, condition: &Array, x: &Array, y: &Array) -> Array {
    apply(cx, &Where, &[condition, x, y])
}

#[derive(Clone)]
struct Where;

impl Primitive for Where {
    fn name(&self) -> &str {
        "ag_where"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let (x, y) = (&args[1], &args[2]);
        let dtype = promote(x, y);
        let shape = shape::broadcast(&shape::broadcast(args[0].shape(), x.shape())?, y.shape())?;
        let condition = cast(cx, cx.lazy_tensor(&args[0])?, DType::Bool)?;
        let operands = [Operand::Array(condition), operand(cx, x, dtype)?, operand(cx, y, dtype)?];
        Ok(cx.engine.elementwise(Op::Select, dtype, dtype, &shape, operands)?.into())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let zero = Array::weak(0.0);
        match argnum {
            1 => select(cx, kept.arg(0), g, &zero),
            2 => select(cx, kept.arg(0), &zero, g),
            _ => Array::Null,
        }
    }
}

/// `numpy.clip` with numbers as bounds: the gradient is 0 outside and at the bounds.
pub fn clip(cx: &Context, x: &Array, low: f64, high: f64) -> Array {
    apply(cx, &Clip { low, high }, &[x])
}

#[derive(Clone)]
struct Clip {
    low: f64,
    high: f64,
}

impl Primitive for Clip {
    fn name(&self) -> &str {
        "ag_clip"
    }

    fn parameters(&self) -> String {
        format!("{}, {}", self.low, self.high)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = binary_kernel(cx, &math::MAXIMUM, &args[0], &Array::weak(self.low))?;
        binary_kernel(cx, &math::MINIMUM, &x, &Array::weak(self.high))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let x = kept.arg(0);
        let above = compare(cx, &GREATER, x, &Array::weak(self.low));
        let below = compare(cx, &LESS, x, &Array::weak(self.high));
        let inside = compare(cx, &LOGICAL_AND, &above, &below);
        select(cx, &inside, g, &Array::weak(0.0))
    }
}

/// `numpy.nan_to_num` with its default replacements: NaN by 0, infinities by the largest numbers. The gradient is 0
/// where something was replaced.
pub fn nan_to_num(cx: &Context, x: &Array) -> Array {
    apply(cx, &NanToNum, &[x])
}

#[derive(Clone)]
struct NanToNum;

impl Primitive for NanToNum {
    fn name(&self) -> &str {
        "ag_nan_to_num"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = &args[0];
        if !x.dtype().is_inexact() {
            return Ok(x.clone());
        }
        if x.dtype().is_complex() {
            let re = nan_to_num(cx, &complex::real(cx, x));
            let im = nan_to_num(cx, &complex::imag(cx, x));
            return Ok(complex::join(cx, &re, &im));
        }
        let largest = if x.dtype() == DType::F32 { f64::from(f32::MAX) } else { f64::MAX };
        let nan = test(cx, &ISNAN, x);
        let finite = clip(cx, x, -largest, largest);
        Ok(select(cx, &nan, &Array::weak(0.0), &finite))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        select(cx, &test(cx, &ISFINITE, kept.arg(0)), g, &Array::weak(0.0))
    }
}
