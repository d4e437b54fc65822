//! Pooling: the largest element, or the mean, of a window that moves over the last two axes.
//!
//! The mean is a correlation with ones. The maximum is piecewise linear: its derivative takes, for every window, the
//! mean over those elements that attain the maximum, and that map and its transpose are one primitive, `Pick`.

use super::convolve::{Both, mean_pool2d, moving};
use crate::array::{DType, Shape, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::convolve::Axis;
use crate::kernels::pooling as pairs;
use crate::trace::{Array, Context, Kept, Primitive, apply};
use shape::Show;
use std::ops::Range;

/// Which pooling.
#[derive(Clone, Copy, PartialEq)]
pub enum Pooling {
    Max,
    Mean,
}

/// Pools windows of `window` elements, `stride` apart, of images with `padding` elements around them that count for
/// nothing.
pub fn pool2d(cx: &Context, which: Pooling, x: &Array, window: Both, stride: Both, padding: Both) -> Array {
    let name = if which == Pooling::Max { "ag_max_pool2d" } else { "ag_mean_pool2d" };
    if cx.failed() {
        return Array::Null;
    }
    let checked = || -> Result<[Axis; 2]> {
        let &[.., height, width] = x.shape() else {
            return Err(Error::value(format!("expected at least two axes, found shape {}", Show(x.shape()))));
        };
        if which == Pooling::Max && (x.dtype().is_complex() || x.dtype() == DType::Bool) {
            return Err(Error::dtype(format!("not defined for dtype {}", x.dtype().name())));
        }
        let axis = |i: usize, input: usize| -> Result<Axis> {
            let kernel = usize::try_from(window[i]).unwrap_or(0);
            if padding[i] >= window[i].max(1) {
                return Err(Error::value(format!(
                    "the padding must be smaller than the window, found {} and {}",
                    padding[i], window[i]
                )));
            }
            moving(input, kernel, "window", [stride[i], padding[i], 1])
        };
        let axes = [axis(0, height)?, axis(1, width)?];
        if height == 0 || width == 0 {
            return Err(Error::value(format!("an image has no elements: shape {}", Show(x.shape()))));
        }
        Ok(axes)
    };
    match (checked(), which) {
        (Err(e), _) => cx.fail(e.within(name)),
        (Ok(axes), Pooling::Mean) => mean_pool2d(cx, x, &axes),
        (Ok(axes), Pooling::Max) => apply(cx, &MaxPool(Windows(axes)), &[x]),
    }
}

/// Windows over images of the last two axes.
#[derive(Clone)]
struct Windows([Axis; 2]);

impl Windows {
    fn text(&self) -> String {
        let [a, b] = &self.0;
        let text = format!("window=({}, {}), stride=({}, {})", a.kernel, b.kernel, a.stride, b.stride);
        if a.before + b.before == 0 { text } else { format!("{text}, padding=({}, {})", a.before, b.before) }
    }

    fn image(&self) -> usize {
        self.0[0].input * self.0[1].input
    }

    fn field(&self) -> usize {
        self.0[0].output * self.0[1].output
    }

    /// A shape with the extents of images, or of results, as its last two.
    fn shape(&self, like: &[usize], pooled: bool) -> Shape {
        let mut shape = Shape::from_slice(&like[..like.len() - 2]);
        shape.extend(self.0.iter().map(|a| if pooled { a.output } else { a.input }));
        shape
    }

    /// The part of a window that is inside of the image.
    fn inside(a: &Axis, p: usize) -> Range<usize> {
        let from = p * a.stride;
        from.saturating_sub(a.before)..(from + a.kernel - a.before.min(from + a.kernel)).min(a.input)
    }

    /// Calls `f` for every window of every image: its number, and a function that gives its rows as ranges of elements.
    #[inline(always)]
    fn every<R: Iterator<Item = Range<usize>>>(
        &self,
        images: usize,
        rows: impl Fn(usize, Range<usize>, Range<usize>) -> R,
        mut f: impl FnMut(usize, R),
    ) {
        let [a, b] = &self.0;
        for image in 0..images {
            for p in 0..a.output {
                for q in 0..b.output {
                    let window = rows(image * self.image(), Windows::inside(a, p), Windows::inside(b, q));
                    f(image * self.field() + p * b.output + q, window);
                }
            }
        }
    }

    /// The rows of a window, as ranges of elements; the first argument is where the image begins.
    fn rows(&self) -> impl Fn(usize, Range<usize>, Range<usize>) -> WindowRows + use<> {
        let width = self.0[1].input;
        move |start, rows, columns| WindowRows {
            at: start + rows.start * width,
            end: start + rows.end * width,
            width,
            columns,
        }
    }

    /// Whether windows are two by two and two apart.
    fn in_pairs(&self) -> bool {
        self.0.iter().all(|a| a.kernel == 2 && a.stride == 2 && a.before == 0 && 2 * a.output <= a.input)
    }

    /// Such windows, a row of them at a time: where the elements of their two rows are, and where the windows.
    fn pairs(&self, images: usize, mut f: impl FnMut(Range<usize>, Range<usize>, Range<usize>)) {
        let [a, b] = &self.0;
        for image in 0..images {
            for p in 0..a.output {
                let (top, line) = (image * self.image() + 2 * p * b.input, image * self.field() + p * b.output);
                let low = top + b.input;
                f(top..top + 2 * b.output, low..low + 2 * b.output, line..line + b.output);
            }
        }
    }

    fn largest<T: pairs::Ordered>(&self, cx: &Context, x: &Tensor) -> Result<Tensor> {
        let images = x.size() / self.image();
        let data = x.elements::<T>();
        cx.engine.build::<T>(&self.shape(x.shape(), true), |y| {
            if self.in_pairs() {
                return self
                    .pairs(images, |above, below, line| pairs::largest(&data[above], &data[below], &mut y[line]));
            }
            self.every(images, self.rows(), |i, rows| {
                let mut best = None;
                for row in rows {
                    for &v in &data[row] {
                        best = if replaces(best, v) { Some(v) } else { best };
                    }
                }
                y[i] = best.unwrap_or_default();
            });
        })
    }

    /// From tangents of the images to those of the results, or from cotangents of the results to those of the images.
    fn picked<T, U>(&self, cx: &Context, x: &Tensor, t: &Tensor, back: bool) -> Result<Tensor>
    where
        T: pairs::Ordered,
        U: pairs::Moved,
    {
        let images = x.size() / self.image();
        let (data, t) = (x.elements::<T>(), t.elements::<U>());
        // Where the largest elements of a window are.
        let mut places = Vec::new();
        cx.engine.build::<U>(&self.shape(x.shape(), !back), |out| {
            out.fill(U::default());
            if self.in_pairs() {
                return self.pairs(images, |above, below, line| {
                    let (top, low) = (&data[above.clone()], &data[below.clone()]);
                    if back {
                        let (head, tail) = out.split_at_mut(below.start);
                        pairs::spread(top, low, &t[line], &mut head[above], &mut tail[..low.len()]);
                    } else {
                        pairs::picked(top, low, &t[above], &t[below], &mut out[line]);
                    }
                });
            }
            self.every(images, self.rows(), |i, rows| {
                places.clear();
                let mut best = None;
                for at in rows.flatten() {
                    if replaces(best, data[at]) {
                        best = Some(data[at]);
                        places.clear();
                    }
                    if best == Some(data[at]) {
                        places.push(at);
                    }
                }
                if places.is_empty() {
                    return;
                }
                let count = U::from_f64(places.len() as f64);
                if back {
                    let share = t[i] / count;
                    places.iter().for_each(|&at| out[at] = out[at] + share);
                } else {
                    out[i] = places.iter().fold(U::default(), |s, &at| s + t[at]) / count;
                }
            });
        })
    }
}

/// Whether `v` is larger than the largest so far. A NaN, which is unordered with itself, wins and stays.
#[inline(always)]
fn replaces<T: PartialOrd + Copy>(best: Option<T>, v: T) -> bool {
    best.is_none_or(|b| v > b || v.partial_cmp(&v).is_none())
}

/// The rows of one window.
struct WindowRows {
    at: usize,
    end: usize,
    width: usize,
    columns: Range<usize>,
}

impl Iterator for WindowRows {
    type Item = Range<usize>;

    #[inline(always)]
    fn next(&mut self) -> Option<Range<usize>> {
        if self.at >= self.end {
            return None;
        }
        let row = self.at + self.columns.start..self.at + self.columns.end;
        self.at += self.width;
        Some(row)
    }
}

#[derive(Clone)]
struct MaxPool(Windows);

impl Primitive for MaxPool {
    fn name(&self) -> &str {
        "ag_max_pool2d"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = cx.engine.contiguous(&cx.tensor(&args[0])?)?;
        Ok(match x.dtype() {
            DType::F32 => self.0.largest::<f32>(cx, &x),
            DType::I64 => self.0.largest::<i64>(cx, &x),
            _ => self.0.largest::<f64>(cx, &x),
        }?
        .into())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        apply(cx, &Pick { windows: self.0.clone(), back: true }, &[kept.arg(0), g])
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        apply(cx, &Pick { windows: self.0.clone(), back: false }, &[kept.arg(0), t])
    }
}

/// The derivative of the maximum at the first argument, applied to the second; `back`: its transpose. Linear in the
/// second argument, piecewise constant in the first.
#[derive(Clone)]
struct Pick {
    windows: Windows,
    back: bool,
}

impl Primitive for Pick {
    fn name(&self) -> &str {
        "ag_max_pool2d"
    }

    fn parameters(&self) -> String {
        format!("{}, {}", self.windows.text(), if self.back { "back" } else { "at the maxima" })
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = cx.engine.contiguous(&cx.tensor(&args[0])?)?;
        let t = cx.engine.contiguous(&cx.tensor(&args[1])?)?;
        use num_complex::{Complex32, Complex64};
        // A real function's derivative may be applied to complex numbers.
        Ok(match (x.dtype(), t.dtype()) {
            (DType::F32, DType::F32) => self.windows.picked::<f32, f32>(cx, &x, &t, self.back),
            (DType::F32, DType::F64) => self.windows.picked::<f32, f64>(cx, &x, &t, self.back),
            (DType::F32, DType::C64) => self.windows.picked::<f32, Complex32>(cx, &x, &t, self.back),
            (DType::F32, _) => self.windows.picked::<f32, Complex64>(cx, &x, &t, self.back),
            (_, DType::F32) => self.windows.picked::<f64, f32>(cx, &x, &t, self.back),
            (_, DType::F64) => self.windows.picked::<f64, f64>(cx, &x, &t, self.back),
            (_, DType::C64) => self.windows.picked::<f64, Complex32>(cx, &x, &t, self.back),
            (_, _) => self.windows.picked::<f64, Complex64>(cx, &x, &t, self.back),
        }?
        .into())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        if argnum == 0 {
            return Array::Null;
        }
        apply(cx, &Pick { windows: self.windows.clone(), back: !self.back }, &[kept.arg(0), g])
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if argnum == 0 { Array::Null } else { apply(cx, self, &[kept.arg(0), t]) }
    }
}
