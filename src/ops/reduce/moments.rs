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

/// Of which elements a deviation is taken, and by what the squares are divided.
#[derive(Clone)]
pub struct Sample {
    /// Selects elements, in the shape of the array; null for all. A plain array.
    pub mask: Array,
    /// How many elements there are, with the reduced axes kept.
    pub count: Array,
    /// By what the sum of squares is divided, with the reduced axes kept.
    pub freedom: Array,
}

/// `numpy.std`. Of equal elements the derivative is 0, at every order.
pub fn std(cx: &Context, x: &Array, axes: &[usize], ddof: f64, keepdims: bool) -> Array {
    let count = Array::weak(freedom(x.shape(), axes, 0.0));
    let freedom = Array::weak(freedom(x.shape(), axes, ddof));
    std_of(cx, x, axes, keepdims, Sample { mask: Array::Null, count, freedom })
}

/// The standard deviation of what is selected.
pub fn std_of(cx: &Context, x: &Array, axes: &[usize], keepdims: bool, sample: Sample) -> Array {
    let x = rows::astype(cx, x, x.dtype().inexact());
    apply(cx, &Std { axes: axes.into(), keepdims, shape: Shape::from_slice(x.shape()), sample }, &[&x])
}

#[derive(Clone)]
struct Std {
    axes: Axes,
    keepdims: bool,
    shape: Shape,
    sample: Sample,
}

/// The value of an array of one element or more, as numbers.
fn numbers(cx: &Context, x: &Array) -> Option<Vec<f64>> {
    let t = cx.tensor(&rows::astype(cx, &x.plain(), DType::F64)).and_then(|t| cx.engine.contiguous(&t)).ok()?;
    Some(t.elements::<f64>().to_vec())
}

impl Std {
    /// x, and 0 for what is not selected.
    fn selected(&self, cx: &Context, x: &Array) -> Array {
        let mask = &self.sample.mask;
        if mask.is_null() { x.clone() } else { select(cx, mask, x, &Array::weak(0.0)) }
    }

    fn mean(&self, cx: &Context, x: &Array) -> Array {
        let total = sum(cx, &self.selected(cx, x), &self.axes, true);
        binary(cx, &rows::DIV, &total, &self.sample.count)
    }

    /// The relative error that a mean may have.
    fn rounding(&self, dtype: DType) -> f64 {
        let epsilon = if dtype.real() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let n: usize = self.axes.iter().map(|&a| self.shape[a]).product();
        epsilon * (16.0 + n as f64)
    }

    /// x - mean, 0 for what is not selected. A mean is rounded, which matters where the elements are equal, or nearly: then
    /// the mean of what is left is taken off, too. (Of equal elements small equal differences are left, whose mean is exact.)
    fn deviations(&self, cx: &Context, x: &Array, y: &Array) -> Array {
        let mean = self.mean(cx, x);
        let d = self.selected(cx, &binary(cx, &rows::SUB, x, &mean));
        let rounding = self.rounding(x.dtype());
        let far = numbers(cx, &complex::abs(cx, &mean.plain())).zip(numbers(cx, y)).is_some_and(|(mean, y)| {
            let mut pairs = mean.iter().cycle().zip(&y);
            pairs.all(|(m, y)| *y > rounding * m)
        });
        if far { d } else { self.selected(cx, &binary(cx, &rows::SUB, &d, &self.mean(cx, &d))) }
    }

    /// The sum of squares by the degrees of freedom, of deviations.
    fn root(&self, cx: &Context, d: &Array) -> Array {
        let square = if d.dtype().is_complex() {
            complex::real(cx, &binary(cx, &rows::MUL, d, &complex::conj(cx, d)))
        } else {
            unary(cx, &rows::SQUARE, d)
        };
        let total = sum(cx, &square, &self.axes, true);
        unary(cx, &rows::SQRT, &binary(cx, &rows::DIV, &total, &self.sample.freedom))
    }

    /// The powers of 2 next to the greatest magnitudes, 1 where there is none.
    fn scale(&self, cx: &Context, x: &Array) -> Result<Array> {
        let sizes = complex::abs(cx, x);
        let t = cx.tensor(&rows::astype(cx, &extremum(cx, true, &sizes, &self.axes, true), DType::F64))?;
        let t = cx.engine.contiguous(&t)?;
        let scales = cx.engine.build::<f64>(t.shape(), |d| {
            for (d, v) in d.iter_mut().zip(t.elements::<f64>()) {
                *d = if *v > 0.0 && v.is_finite() { v.log2().floor().exp2() } else { 1.0 };
            }
        })?;
        Ok(rows::astype(cx, &scales.into(), x.dtype().real()))
    }

    /// The deviation with all care: its squares neither over- nor underflow, equal elements have none.
    fn careful(&self, cx: &Context, x: &Array) -> Result<Array> {
        let x = self.selected(cx, x);
        let outer = self.scale(cx, &x)?;
        let x = binary(cx, &rows::DIV, &x, &outer);
        let d = self.selected(cx, &binary(cx, &rows::SUB, &x, &self.mean(cx, &x)));
        let d = self.selected(cx, &binary(cx, &rows::SUB, &d, &self.mean(cx, &d)));
        let inner = self.scale(cx, &d)?;
        let y = self.root(cx, &binary(cx, &rows::DIV, &d, &inner));
        Ok(binary(cx, &rows::MUL, &binary(cx, &rows::MUL, &y, &inner), &outer))
    }

    /// Whether the root of a sum of squares may have lost digits.
    fn doubtful(&self, cx: &Context, x: &Array, y: &Array) -> Result<bool> {
        let safe = if x.dtype().real() == DType::F32 { 1e-15..1e18 } else { 1e-135..1e150 };
        let t = cx.engine.contiguous(&cx.tensor(&rows::astype(cx, y, DType::F64))?)?;
        let y = t.elements::<f64>();
        if !y.iter().all(|y| safe.contains(y)) {
            return Ok(true);
        }
        // An element says how large the mean may be, where the deviation is rounding alone.
        let first = if self.sample.mask.is_null() {
            self.axes.iter().fold(x.clone(), |x, &a| slice_axis(cx, &x, a, 0, 1))
        } else {
            self.mean(cx, x)
        };
        let rounding = self.rounding(x.dtype());
        let sizes = numbers(cx, &complex::abs(cx, &first)).unwrap_or_default();
        Ok(sizes.iter().zip(y).any(|(size, y)| *y <= rounding * size))
    }

    /// conj(x - mean) / std / freedom, 0 where x is the mean, and with all its derivatives where the deviation is 0.
    fn slope(&self, cx: &Context, kept: &Kept<'_>) -> Array {
        let x = kept.arg(0);
        let y = keepdims(cx, kept.ans(), &self.shape, &self.axes);
        let d = self.deviations(cx, x, &y);
        let y = binary(cx, &rows::MUL, &y, &self.sample.freedom);
        let flat = compare(cx, &rows::EQUAL, &y, &Array::weak(0.0));
        let any =
            cx.tensor(&flat).and_then(|t| cx.engine.contiguous(&t)).is_ok_and(|t| t.elements::<bool>().contains(&true));
        // Nothing divided by an infinity has a derivative.
        let y = if any { select(cx, &flat, &Array::weak(f64::INFINITY), &y) } else { y };
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
        let x = &args[0];
        let out = shape::reduced(&self.shape, &self.axes, self.keepdims);
        let quick = if self.sample.mask.is_null() && !x.dtype().is_complex() && self.axes.len() < x.ndim() {
            let op = Squares { axes: self.axes.clone(), keepdims: true, shape: self.shape.clone() };
            let total = op.eval(cx, args)?;
            unary(cx, &rows::SQRT, &binary(cx, &rows::DIV, &total, &self.sample.freedom))
        } else {
            let d = self.selected(cx, &binary(cx, &rows::SUB, x, &self.mean(cx, x)));
            self.root(cx, &d)
        };
        if cx.failed() {
            return Ok(Array::Null);
        }
        let empty = self.shape.contains(&0);
        let y = if !empty && self.doubtful(cx, x, &quick)? { self.careful(cx, x)? } else { quick };
        Ok(reshape(cx, &y, &out))
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
