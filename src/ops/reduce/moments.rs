//! Variances and standard deviations.

use super::*;
use crate::kernels::reduce::Real;

/// `numpy.var`: the mean of |x - mean|^2, divided by n - ddof. Real, also of complex arrays.
pub fn var(cx: &Context, x: &Array, axes: &[usize], ddof: f64, keepdims: bool) -> Array {
    let count = Array::weak(freedom(x.shape(), axes, 0.0));
    let total = squares_about_mean(cx, x, axes, keepdims, Array::Null, count);
    binary(cx, &elementwise::DIV, &total, &Array::weak(freedom(x.shape(), axes, ddof)))
}

/// The sums of |x - mean|^2 of what a mask selects (null for all): `mask` and `count` as in [`Sample`].
pub fn squares_about_mean(cx: &Context, x: &Array, axes: &[usize], keepdims: bool, mask: Array, count: Array) -> Array {
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    let lines = Lines { axes: axes.into(), shape: Shape::from_slice(x.shape()), mask, count };
    apply(cx, &Squares { lines, keepdims }, &[&x])
}

/// What is reduced together, and what of it counts.
#[derive(Clone)]
struct Lines {
    axes: Axes,
    shape: Shape,
    /// See [`Sample`].
    mask: Array,
    count: Array,
}

impl Lines {
    /// x, and 0 for what is not selected.
    fn selected(&self, cx: &Context, x: &Array) -> Array {
        if self.mask.is_null() { x.clone() } else { select(cx, &self.mask, x, &Array::weak(0.0)) }
    }

    fn mean(&self, cx: &Context, x: &Array) -> Array {
        let total = sum(cx, &self.selected(cx, x), &self.axes, true);
        binary(cx, &elementwise::DIV, &total, &self.count)
    }

    /// x - mean, 0 for what is not selected.
    fn deviations(&self, cx: &Context, x: &Array) -> Array {
        self.selected(cx, &binary(cx, &elementwise::SUB, x, &self.mean(cx, x)))
    }

    /// A number for each line, with the reduced axes kept, times the deviations.
    fn scaled(&self, cx: &Context, g: &Array, x: &Array) -> Array {
        apply(cx, &Deviations { lines: self.clone() }, &[g, x])
    }

    /// The sums of products of the deviations of two arrays, with the reduced axes kept.
    fn products(&self, cx: &Context, x: &Array, y: &Array) -> Array {
        apply(cx, &Products { lines: self.clone() }, &[x, y])
    }

    /// The same of arrays with one more axis in front.
    fn batched(&self, shape: &[usize]) -> Lines {
        Lines { axes: moved_by_one(&self.axes), shape: shape.into(), ..self.clone() }
    }

    /// An array for each of a batch.
    fn repeated(&self, cx: &Context, x: &Array, batch: usize) -> Array {
        let mut shape = Shape::from_slice(&[batch]);
        shape.extend_from_slice(&self.shape);
        broadcast_to(cx, x, &shape)
    }

    fn text(&self) -> String {
        axes_text(&self.axes, &self.shape)
    }
}

/// The sum of |x - mean|^2.
#[derive(Clone)]
struct Squares {
    lines: Lines,
    keepdims: bool,
}

impl Squares {
    /// Along some axes of a real array, while its rows or columns are near.
    fn direct<T: Real>(&self, cx: &Context, t: &Tensor) -> Result<Tensor> {
        let Lines { axes, shape, .. } = &self.lines;
        let grouped = Grouped::new(&cx.engine, t, axes)?;
        let (x, length, inner) = (grouped.tensor.elements::<T>(), grouped.length, grouped.inner);
        let result = cx.engine.build::<T>(&grouped.kept_shape(), |d| {
            let (block, group) = (length * inner, (CHUNK / (length * inner)).max(1));
            share(&cx.engine, x.len(), d, group * inner, |i, d| {
                kernels::squares_about_mean(&x[i * group * block..], length, inner, d);
            });
        })?;
        grouped.finish(&cx.engine, &result, &shape::reduced(shape, axes, self.keepdims))
    }
}

impl Primitive for Squares {
    fn name(&self) -> &str {
        "ag_var"
    }

    fn parameters(&self) -> String {
        self.lines.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.tensor(&args[0])?;
        let axes = &self.lines.axes;
        let some = self.lines.mask.is_null() && axes.len() < t.ndim();
        let near = some && t.size() > 0 && Grouped::in_place(&t, axes);
        match t.dtype() {
            DType::F64 if near => Ok(self.direct::<f64>(cx, &t)?.into()),
            DType::F32 if near => Ok(self.direct::<f32>(cx, &t)?.into()),
            _ => {
                let d = self.lines.deviations(cx, &t.into());
                Ok(sum(cx, &square_of_magnitude(cx, &d), axes, self.keepdims))
            }
        }
    }

    fn batched(&self, cx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
        let lines = self.lines.batched(args[0].shape());
        Some(apply(cx, &Squares { lines, keepdims: self.keepdims }, &[&args[0]]))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let g = binary(cx, &elementwise::MUL, g, &Array::weak(2.0));
        let g = keepdims(cx, &g, &self.lines.shape, &self.lines.axes);
        self.lines.scaled(cx, &g, &complex::conj(cx, kept.arg(0)))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let half = complex::real(cx, &self.lines.products(cx, t, &complex::conj(cx, kept.arg(0))));
        let out = shape::reduced(&self.lines.shape, &self.lines.axes, self.keepdims);
        reshape(cx, &binary(cx, &elementwise::MUL, &half, &Array::weak(2.0)), &out)
    }
}

/// |d|^2
fn square_of_magnitude(cx: &Context, d: &Array) -> Array {
    if d.dtype().is_complex() {
        complex::real(cx, &binary(cx, &elementwise::MUL, d, &complex::conj(cx, d)))
    } else {
        unary(cx, &elementwise::SQUARE, d)
    }
}

/// g (x - mean of x), where g is a number for each line. It is linear in both, and symmetric as a map of x; so the
/// derivatives of this and of [`Products`] are of the same two kinds, and an infinite g meets deviations, never their sum.
/// (The root of a variance has an infinite curvature at a constant: the mean of what has such a factor would be NaN.)
#[derive(Clone)]
struct Deviations {
    lines: Lines,
}

impl Primitive for Deviations {
    fn name(&self) -> &str {
        "deviations"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let [g, x] = args else { unreachable!("two arguments") };
        let d = self.lines.deviations(cx, x);
        Ok(binary(cx, &elementwise::SCALED, g, &d))
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let x = if lead[1] { args[1].clone() } else { self.lines.repeated(cx, &args[1], args[0].shape()[0]) };
        Some(self.lines.batched(x.shape()).scaled(cx, &args[0], &x))
    }

    fn keeps(&self, argnums: &[usize]) -> u64 {
        argnums.iter().fold(0, |mask, &k| mask | if k == 0 { 2 } else { 1 })
    }

    fn vjp(&self, cx: &Context, argnum: usize, h: &Array, kept: &Kept<'_>) -> Array {
        if argnum == 1 {
            return self.lines.scaled(cx, kept.arg(0), h);
        }
        self.lines.products(cx, h, kept.arg(1))
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let [g, x] = if argnum == 0 { [t, kept.arg(1)] } else { [kept.arg(0), t] };
        self.lines.scaled(cx, g, x)
    }
}

/// The sum of (x - mean of x) (y - mean of y), for which one of the two means is enough.
#[derive(Clone)]
struct Products {
    lines: Lines,
}

impl Primitive for Products {
    fn name(&self) -> &str {
        "products of deviations"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let d = self.lines.deviations(cx, &args[1]);
        Ok(sum(cx, &binary(cx, &elementwise::SCALED, &args[0], &d), &self.lines.axes, true))
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let batch = args[usize::from(!lead[0])].shape()[0];
        let of = |k: usize| if lead[k] { args[k].clone() } else { self.lines.repeated(cx, &args[k], batch) };
        let (x, y) = (of(0), of(1));
        Some(self.lines.batched(x.shape()).products(cx, &x, &y))
    }

    fn keeps(&self, argnums: &[usize]) -> u64 {
        argnums.iter().fold(0, |mask, &k| mask | if k == 0 { 2 } else { 1 })
    }

    fn vjp(&self, cx: &Context, argnum: usize, h: &Array, kept: &Kept<'_>) -> Array {
        self.lines.scaled(cx, h, kept.arg(1 - argnum))
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        self.lines.products(cx, t, kept.arg(1 - argnum))
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
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    let Sample { mask, count, freedom } = sample;
    let lines = Lines { axes: axes.into(), shape: Shape::from_slice(x.shape()), mask, count };
    apply(cx, &Std { lines, keepdims, freedom }, &[&x])
}

#[derive(Clone)]
struct Std {
    lines: Lines,
    keepdims: bool,
    /// See [`Sample`].
    freedom: Array,
}

/// The value of an array of one element or more, as numbers.
fn numbers(cx: &Context, x: &Array) -> Option<Vec<f64>> {
    let t = cx.tensor(&elementwise::astype(cx, &x.plain(), DType::F64)).and_then(|t| cx.engine.contiguous(&t)).ok()?;
    Some(t.elements::<f64>().to_vec())
}

/// The powers of 2 next to the greatest magnitudes along the axes, which are kept; 1 where there is none. A plain array.
pub fn scale(cx: &Context, x: &Array, axes: &[usize]) -> Result<Array> {
    let sizes = complex::abs(cx, &x.plain());
    let t = cx.tensor(&elementwise::astype(cx, &extremum(cx, true, &sizes, axes, true), DType::F64))?;
    let t = cx.engine.contiguous(&t)?;
    let scales = cx.engine.build::<f64>(t.shape(), |d| {
        for (d, v) in d.iter_mut().zip(t.elements::<f64>()) {
            *d = if *v > 0.0 && v.is_finite() { v.log2().floor().exp2() } else { 1.0 };
        }
    })?;
    Ok(elementwise::astype(cx, &scales.into(), x.dtype().real()))
}

impl Std {
    /// The relative error that a mean may have.
    fn rounding(&self, dtype: DType) -> f64 {
        let epsilon = if dtype.real() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let n: usize = self.lines.axes.iter().map(|&a| self.lines.shape[a]).product();
        epsilon * (16.0 + n as f64)
    }

    /// x - mean, 0 for what is not selected. A mean is rounded, which matters where the elements are equal, or nearly: then
    /// the mean of what is left is taken off, too. (Of equal elements small equal differences are left, whose mean is exact.)
    fn deviations(&self, cx: &Context, x: &Array, y: &Array) -> Array {
        let mean = self.lines.mean(cx, x);
        let d = self.lines.selected(cx, &binary(cx, &elementwise::SUB, x, &mean));
        let rounding = self.rounding(x.dtype());
        let far = numbers(cx, &complex::abs(cx, &mean.plain())).zip(numbers(cx, y)).is_some_and(|(mean, y)| {
            let mut pairs = mean.iter().cycle().zip(&y);
            pairs.all(|(m, y)| *y > rounding * m)
        });
        if far { d } else { self.lines.selected(cx, &binary(cx, &elementwise::SUB, &d, &self.lines.mean(cx, &d))) }
    }

    /// The sum of squares by the degrees of freedom, of deviations.
    fn root(&self, cx: &Context, d: &Array) -> Array {
        let total = sum(cx, &square_of_magnitude(cx, d), &self.lines.axes, true);
        unary(cx, &elementwise::SQRT, &binary(cx, &elementwise::DIV, &total, &self.freedom))
    }

    /// The deviation with all care: its squares neither over- nor underflow, equal elements have none.
    fn careful(&self, cx: &Context, x: &Array) -> Result<Array> {
        let x = self.lines.selected(cx, x);
        let outer = scale(cx, &x, &self.lines.axes)?;
        let x = binary(cx, &elementwise::DIV, &x, &outer);
        let d = self.lines.selected(cx, &binary(cx, &elementwise::SUB, &x, &self.lines.mean(cx, &x)));
        let d = self.lines.selected(cx, &binary(cx, &elementwise::SUB, &d, &self.lines.mean(cx, &d)));
        let inner = scale(cx, &d, &self.lines.axes)?;
        let y = self.root(cx, &binary(cx, &elementwise::DIV, &d, &inner));
        Ok(binary(cx, &elementwise::MUL, &binary(cx, &elementwise::MUL, &y, &inner), &outer))
    }

    /// Whether the root of a sum of squares may have lost digits.
    fn doubtful(&self, cx: &Context, x: &Array, y: &Array) -> Result<bool> {
        let safe = if x.dtype().real() == DType::F32 { 1e-15..1e18 } else { 1e-135..1e150 };
        let t = cx.engine.contiguous(&cx.tensor(&elementwise::astype(cx, y, DType::F64))?)?;
        let y = t.elements::<f64>();
        if !y.iter().all(|y| safe.contains(y)) {
            return Ok(true);
        }
        // An element says how large the mean may be, where the deviation is rounding alone.
        let first = if self.lines.mask.is_null() {
            self.lines.axes.iter().fold(x.clone(), |x, &a| slice_axis(cx, &x, a, 0, 1))
        } else {
            self.lines.mean(cx, x)
        };
        let rounding = self.rounding(x.dtype());
        let sizes = numbers(cx, &complex::abs(cx, &first)).unwrap_or_default();
        Ok(sizes.iter().zip(y).any(|(size, y)| *y <= rounding * size))
    }

    /// conj(x - mean) / std / freedom, 0 where x is the mean, and with all its derivatives where the deviation is 0.
    fn slope(&self, cx: &Context, kept: &Kept<'_>) -> Array {
        let x = kept.arg(0);
        let y = keepdims(cx, kept.ans(), &self.lines.shape, &self.lines.axes);
        let d = self.deviations(cx, x, &y);
        let y = binary(cx, &elementwise::MUL, &y, &self.freedom);
        let flat = compare(cx, &elementwise::EQUAL, &y, &Array::weak(0.0));
        let any =
            cx.tensor(&flat).and_then(|t| cx.engine.contiguous(&t)).is_ok_and(|t| t.elements::<bool>().contains(&true));
        // Nothing divided by an infinity has a derivative.
        let y = if any { select(cx, &flat, &Array::weak(f64::INFINITY), &y) } else { y };
        binary(cx, &elementwise::OVER, &complex::conj(cx, &d), &y)
    }
}

impl Primitive for Std {
    fn name(&self) -> &str {
        "ag_std"
    }

    fn parameters(&self) -> String {
        self.lines.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = &args[0];
        let out = shape::reduced(&self.lines.shape, &self.lines.axes, self.keepdims);
        let quick = if self.lines.mask.is_null() && !x.dtype().is_complex() && self.lines.axes.len() < x.ndim() {
            let op = Squares { lines: self.lines.clone(), keepdims: true };
            let total = op.eval(cx, args)?;
            unary(cx, &elementwise::SQRT, &binary(cx, &elementwise::DIV, &total, &self.freedom))
        } else {
            let d = self.lines.deviations(cx, x);
            self.root(cx, &d)
        };
        if cx.failed() {
            return Ok(Array::Null);
        }
        let empty = self.lines.shape.contains(&0);
        let y = if !empty && self.doubtful(cx, x, &quick)? { self.careful(cx, x)? } else { quick };
        Ok(reshape(cx, &y, &out))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1 | ANS
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &elementwise::SCALED, &keepdims(cx, g, &self.lines.shape, &self.lines.axes), &self.slope(cx, kept))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        complex::real(
            cx,
            &sum(cx, &binary(cx, &elementwise::SCALED, t, &self.slope(cx, kept)), &self.lines.axes, self.keepdims),
        )
    }
}
