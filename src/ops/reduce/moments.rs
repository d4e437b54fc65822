//! Variances and standard deviations.

use super::*;
use crate::kernels::reduce::Real;

/// `numpy.var`: the mean of |x - mean|^2, divided by n - ddof. Real, also of complex arrays.
pub fn var(cx: &Context, x: &Array, axes: &[usize], ddof: f64, keepdims: bool) -> Array {
    let x = rows::astype(cx, x, x.dtype().inexact());
    let total = if x.dtype().is_complex() || axes.len() == x.ndim() {
        squares(cx, &x, axes, keepdims)
    } else {
        apply(cx, &Squares { axes: axes.into(), keepdims, shape: Shape::from_slice(x.shape()) }, &[&x])
    };
    binary(cx, &rows::DIV, &total, &Array::weak(freedom(x.shape(), axes, ddof)))
}

/// The sum of |x - mean|^2.
fn squares(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let d = binary(cx, &rows::SUB, x, &mean(cx, x, axes, true));
    let square = if x.dtype().is_complex() {
        complex::real(cx, &binary(cx, &rows::MUL, &d, &complex::conj(cx, &d)))
    } else {
        unary(cx, &rows::SQUARE, &d)
    };
    sum(cx, &square, axes, keepdims)
}

/// The same along some axes of a real array, while its rows or columns are near.
#[derive(Clone)]
struct Squares {
    axes: Axes,
    keepdims: bool,
    shape: Shape,
}

impl Squares {
    fn direct<T: Real>(&self, cx: &Context, t: &Tensor) -> Result<Tensor> {
        let grouped = Grouped::new(&cx.engine, t, &self.axes)?;
        let (x, length, inner) = (grouped.tensor.elements::<T>(), grouped.length, grouped.inner);
        let result = cx.engine.build::<T>(&grouped.kept_shape(), |d| {
            let (block, group) = (length * inner, (CHUNK / (length * inner)).max(1));
            share(&cx.engine, x.len(), d, group * inner, |i, d| {
                kernels::squares_about_mean(&x[i * group * block..], length, inner, d);
            });
        })?;
        grouped.finish(&cx.engine, &result, &shape::reduced(&self.shape, &self.axes, self.keepdims))
    }

    /// The derivative by x: 2 (x - mean).
    fn slope(&self, cx: &Context, kept: &Kept<'_>) -> Array {
        let d = binary(cx, &rows::SUB, kept.arg(0), &mean(cx, kept.arg(0), &self.axes, true));
        binary(cx, &rows::MUL, &d, &Array::weak(2.0))
    }
}

impl Primitive for Squares {
    fn name(&self) -> &str {
        "ag_var"
    }

    fn parameters(&self) -> String {
        axes_text(&self.axes, &self.shape)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.tensor(&args[0])?;
        let near = t.size() > 0 && Grouped::in_place(&t, &self.axes);
        match t.dtype() {
            DType::F64 if near => Ok(self.direct::<f64>(cx, &t)?.into()),
            DType::F32 if near => Ok(self.direct::<f32>(cx, &t)?.into()),
            _ => Ok(squares(cx, &t.into(), &self.axes, self.keepdims)),
        }
    }

    fn batched(&self, cx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
        let shape = Shape::from_slice(args[0].shape());
        Some(apply(cx, &Squares { axes: moved_by_one(&self.axes), keepdims: self.keepdims, shape }, &[&args[0]]))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &rows::SCALED, &keepdims(cx, g, &self.shape, &self.axes), &self.slope(cx, kept))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        sum(cx, &binary(cx, &rows::SCALED, t, &self.slope(cx, kept)), &self.axes, self.keepdims)
    }
}

fn freedom(shape: &[usize], axes: &[usize], ddof: f64) -> f64 {
    let n: usize = axes.iter().map(|&a| shape[a]).product();
    (n as f64 - ddof).max(0.0)
}

/// `numpy.std`. Of a constant array the derivative is 0.
pub fn std(cx: &Context, x: &Array, axes: &[usize], ddof: f64, keepdims: bool) -> Array {
    let x = rows::astype(cx, x, x.dtype().inexact());
    apply(cx, &Std { axes: axes.into(), ddof, keepdims, shape: Shape::from_slice(x.shape()) }, &[&x])
}

#[derive(Clone)]
struct Std {
    axes: Axes,
    ddof: f64,
    keepdims: bool,
    shape: Shape,
}

impl Std {
    /// conj(x - mean) / std / (n - ddof), 0 where x is the mean.
    fn slope(&self, cx: &Context, kept: &Kept<'_>) -> Array {
        let x = kept.arg(0);
        let d = binary(cx, &rows::SUB, x, &mean(cx, x, &self.axes, true));
        let y = keepdims(cx, kept.ans(), &self.shape, &self.axes);
        let y = binary(cx, &rows::MUL, &y, &Array::weak(freedom(&self.shape, &self.axes, self.ddof)));
        binary(cx, &rows::OVER, &complex::conj(cx, &d), &y)
    }
}

impl Primitive for Std {
    fn name(&self) -> &str {
        "ag_std"
    }

    fn parameters(&self) -> String {
        axes_text(&self.axes, &self.shape)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        Ok(unary(cx, &rows::SQRT, &var(cx, &args[0], &self.axes, self.ddof, self.keepdims)))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1 | ANS
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &rows::SCALED, &keepdims(cx, g, &self.shape, &self.axes), &self.slope(cx, kept))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        complex::real(cx, &sum(cx, &binary(cx, &rows::SCALED, t, &self.slope(cx, kept)), &self.axes, self.keepdims))
    }
}
