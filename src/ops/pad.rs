//! Padding: each axis in turn gets a piece before and a piece after, made of what is there already, so that later axes
//! pad the corners. Differentiable in the array, and in the constants and ends given.

mod continued;

use super::elementwise::{self, binary};
use super::shape::{broadcast_cotangent, broadcast_to, concatenate, linear, reshape, slice_axis};
use super::take::{pick, positions, slice, take_along, value_for};
use super::{linspace, reduce};
use crate::array::{DType, Element, Shape, shape};
use crate::error::{Error, Result};
use crate::kernels::strided::{self, StridedView};
use crate::trace::{Array, Context, Kept, Primitive, apply};
use crate::with_dtype;

/// What the new elements are made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// The nearest element.
    Edge,
    /// A statistic of the line, or of its first and last elements.
    Maximum,
    Mean,
    Median,
    Minimum,
    /// Mirrored at the first and last elements; `odd`: turned about them.
    Reflect {
        odd: bool,
    },
    /// Mirrored at the borders, so that the first and last elements come twice.
    Symmetric {
        odd: bool,
    },
    /// Periodic.
    Wrap,
}

impl Mode {
    /// Whether new elements are more than copies.
    fn is_odd(self) -> bool {
        matches!(self, Mode::Reflect { odd: true } | Mode::Symmetric { odd: true })
    }
}

/// How many elements before and after along each axis, from one pair for all axes or a pair for each.
pub fn widths(x: &Array, numbers: &[i64]) -> Result<Vec<[usize; 2]>> {
    let pairs = pairs(x, numbers)?;
    let mut shape = Shape::new();
    for (&d, w) in x.shape().iter().zip(&pairs) {
        let extent = d.checked_add(w[0]).and_then(|d| d.checked_add(w[1]));
        shape.push(extent.ok_or_else(|| Error::memory("the padded array is larger than the address space"))?);
    }
    shape::checked_size(&shape, x.dtype().size())?;
    Ok(pairs)
}

fn pairs(x: &Array, numbers: &[i64]) -> Result<Vec<[usize; 2]>> {
    let n = x.ndim();
    if numbers.iter().any(|&w| w < 0) {
        return Err(Error::value("index can't contain negative values"));
    }
    let pair = |p: &[i64]| [p[0] as usize, p[1] as usize];
    match numbers {
        [_, _] => Ok(vec![pair(numbers); n]),
        _ if numbers.len() == 2 * n => Ok(numbers.chunks_exact(2).map(pair).collect()),
        _ => Err(Error::value(format!(
            "operands could not be broadcast together: {} pairs of widths for an array of {n} dimensions",
            numbers.len() / 2
        ))),
    }
}

/// Before, the array, and after, along one axis.
fn around(cx: &Context, before: Option<Array>, x: &Array, after: Option<Array>, axis: usize) -> Array {
    let parts: Vec<&Array> = before.iter().chain([x]).chain(after.iter()).collect();
    if parts.len() == 1 { x.clone() } else { concatenate(cx, &parts, axis) }
}

/// An array of `width` along an axis and otherwise of the shape of `x`, from one that broadcasts to it.
fn piece(cx: &Context, x: &Array, value: &Array, axis: usize, width: usize) -> Option<Array> {
    let mut shape = Shape::from_slice(x.shape());
    shape[axis] = width;
    (width > 0).then(|| broadcast_to(cx, value, &shape))
}

/// The values for each axis and side, from an array that broadcasts to (ndim, 2), in the dtype of `x`.
fn sides(cx: &Context, x: &Array, values: &Array) -> Result<Vec<[Array; 2]>> {
    let n = x.ndim();
    if shape::broadcast_strides(values.shape(), &shape::contiguous(values.shape()), &[n, 2]).is_none() {
        return Err(Error::shape(format!(
            "operands could not be broadcast together with remapped shapes: {} to ({n}, 2)",
            shape::Show(values.shape())
        )));
    }
    let values = broadcast_to(cx, &value_for(cx, values, x), &[n, 2]);
    let one = |k: i64| -> Result<Array> { Ok(reshape(cx, &pick(cx, &values, positions(cx, &[k])?)?, &[])) };
    (0..n as i64).map(|axis| Ok([one(2 * axis)?, one(2 * axis + 1)?])).collect()
}

/// Mode "constant": with values for each axis and side.
pub fn constant(cx: &Context, x: &Array, widths: &[[usize; 2]], values: &Array) -> Result<Array> {
    let mut y = x.clone();
    for (axis, (w, v)) in widths.iter().zip(sides(cx, x, values)?).enumerate() {
        if cx.failed() {
            return Ok(Array::Null);
        }
        let y0 = elementwise::astype(cx, &y, v[0].dtype().promote(y.dtype()));
        y = around(cx, piece(cx, &y, &v[0], axis, w[0]), &y0, piece(cx, &y, &v[1], axis, w[1]), axis);
    }
    Ok(y)
}

/// Mode "linear_ramp": from the edge to the end values, which are reached.
pub fn linear_ramp(cx: &Context, x: &Array, widths: &[[usize; 2]], ends: &Array) -> Result<Array> {
    no_empty_axis(x, widths)?;
    let mut y = x.clone();
    for (axis, (w, v)) in widths.iter().zip(sides(cx, x, ends)?).enumerate() {
        if cx.failed() {
            return Ok(Array::Null);
        }
        let n = y.shape()[axis];
        let ramp = |k: usize| -> Result<Option<Array>> {
            if w[k] == 0 || y.size() == 0 {
                return Ok(piece(cx, &y, &v[k], axis, w[k]));
            }
            let at = if k == 0 { 0 } else { n - 1 };
            let edge = slice(cx, &y, axis, at, at + 1, 1)?;
            let edge = reshape(cx, &edge, &shape::reduced(edge.shape(), &[axis], false));
            let ramp = linspace::linspace(cx, &v[k], &edge, w[k] as i64, false, axis as i64)?;
            let ramp = if y.dtype().is_inexact() {
                ramp
            } else {
                elementwise::piecewise_constant(cx, &elementwise::FLOOR, &ramp)
            };
            let ramp = elementwise::astype(cx, &ramp, y.dtype().promote(v[k].dtype()));
            Ok(Some(if k == 0 { ramp } else { super::arrange::flip(cx, &ramp, &[axis])? }))
        };
        let (before, after) = (ramp(0)?, ramp(1)?);
        y = around(cx, before, &y, after, axis);
    }
    Ok(y)
}

fn no_empty_axis(x: &Array, widths: &[[usize; 2]]) -> Result<()> {
    match x.shape().iter().zip(widths).position(|(&d, w)| d == 0 && *w != [0, 0]) {
        Some(axis) => {
            Err(Error::value(format!("can't extend empty axis {axis} using modes other than 'constant' or 'empty'")))
        }
        None => Ok(()),
    }
}

/// The modes that need nothing but the array. `lengths` are for statistics: of how many elements on either side.
pub fn pad(cx: &Context, x: &Array, widths: &[[usize; 2]], mode: Mode, lengths: Option<&[i64]>) -> Result<Array> {
    let statistic = matches!(mode, Mode::Maximum | Mode::Mean | Mode::Median | Mode::Minimum);
    no_empty_axis(x, widths)?;
    let lengths = lengths.map(|l| pairs(x, l)).transpose()?;
    if !statistic && !mode.is_odd() && !cx.failed() {
        let padded = |(&n, &[before, after]): (&usize, &[usize; 2])| {
            let new = if x.size() == 0 { 0 } else { before + after };
            let mut ends = Vec::new();
            ends.try_reserve_exact(new)
                .map_err(|_| Error::memory("no memory for the places of so many new elements"))?;
            ends.extend((0..new).map(|i| source(mode, n as i64, place(i, before, n)).0 as usize));
            Ok(continued::PaddedAxis { n, before, total: before + n + after, ends })
        };
        let padded = x.shape().iter().zip(widths).map(padded).collect::<Result<Vec<_>>>()?;
        return Ok(continued::continued(cx, x, padded));
    }
    let mut y = x.clone();
    for (axis, &[before, after]) in widths.iter().enumerate() {
        if cx.failed() {
            return Ok(Array::Null);
        }
        let n = y.shape()[axis];
        if n == 0 {
            continue;
        }
        if statistic {
            let [a, b] = lengths.as_ref().map_or([n, n], |l| l[axis].map(|l| l.min(n)));
            let first = statistic_of(cx, mode, &slice(cx, &y, axis, 0, a, 1)?, axis)?;
            let last = statistic_of(cx, mode, &slice(cx, &y, axis, n - b, n, 1)?, axis)?;
            y = around(cx, piece(cx, &y, &first, axis, before), &y, piece(cx, &y, &last, axis, after), axis);
        } else if before + after > 0 {
            y = mirrored(cx, &y, axis, before, after, mode)?;
        }
    }
    Ok(y)
}

fn statistic_of(cx: &Context, mode: Mode, x: &Array, axis: usize) -> Result<Array> {
    if x.shape().get(axis) == Some(&0) && matches!(mode, Mode::Maximum | Mode::Minimum) {
        return Err(Error::value("stat_length of 0 yields no value for padding"));
    }
    let value = match mode {
        Mode::Maximum => reduce::extremum(cx, true, x, &[axis], true),
        Mode::Minimum => reduce::extremum(cx, false, x, &[axis], true),
        Mode::Median => super::quantile::median(cx, x, &[axis], false, true)?,
        _ => reduce::mean(cx, x, &[axis], true),
    };
    let value =
        if x.dtype() == DType::I64 { elementwise::piecewise_constant(cx, &elementwise::RINT, &value) } else { value };
    Ok(elementwise::astype(cx, &value, x.dtype()))
}

/// Where the new element `i` of an axis stands, counted from the first one of its `n` old elements.
fn place(i: usize, before: usize, n: usize) -> i64 {
    if i < before { i as i64 - before as i64 } else { (n + i - before) as i64 }
}

/// The element that stands at place `k` of the continued axis of `n` elements (at least one, if it is asked): position,
/// sign, and how often the first and the last element are added.
fn source(mode: Mode, n: i64, k: i64) -> (i64, i64, i64, i64) {
    let reflected = |period: i64, end: i64| {
        let (q, r) = (k.div_euclid(period), k.rem_euclid(period));
        if r < n { (r, 1, -2 * q, 2 * q) } else { (end - r, -1, -2 * q, 2 * q + 2) }
    };
    match mode {
        Mode::Wrap => (k.rem_euclid(n), 1, 0, 0),
        Mode::Reflect { .. } if n > 1 => reflected(2 * (n - 1), 2 * (n - 1)),
        Mode::Symmetric { .. } if n > 1 => reflected(2 * n, 2 * n - 1),
        // A single element is continued by itself, as in NumPy.
        _ => (k.clamp(0, n - 1), 1, 0, 0),
    }
}

/// An axis continued by its own elements. In the odd modes a new element is +-x[i] plus multiples of the first and the
/// last element.
fn mirrored(cx: &Context, x: &Array, axis: usize, before: usize, after: usize, mode: Mode) -> Result<Array> {
    let n = x.shape()[axis] as i64;
    let source = |k: i64| source(mode, n, k);
    let new = |i: usize| place(i, before, n as usize);
    let list = cx.engine.build::<i64>(&[before + after], |d| {
        d.iter_mut().enumerate().for_each(|(i, d)| *d = source(new(i)).0);
    })?;
    let mut y = take_along(cx, x, axis, list)?;
    if mode.is_odd() && n > 1 {
        let dtype = x.dtype();
        let mut shape = Shape::from_elem(1, x.ndim());
        shape[axis] = before + after;
        // No multiple of an infinite element is 0, not NaN.
        let times = if dtype.is_inexact() { &elementwise::SCALED } else { &elementwise::MUL };
        let multiple = |f: &dyn Fn((i64, i64, i64, i64)) -> i64, of: &Array| -> Result<Array> {
            let t = cx.engine.build::<i64>(&shape, |d| {
                d.iter_mut().enumerate().for_each(|(i, d)| *d = f(source(new(i))));
            })?;
            Ok(binary(cx, times, &elementwise::astype(cx, &t.into(), dtype), of))
        };
        let signed = multiple(&|s| s.1, &y)?;
        let firsts = multiple(&|s| s.2, &slice(cx, x, axis, 0, 1, 1)?)?;
        let lasts = multiple(&|s| s.3, &slice(cx, x, axis, n as usize - 1, n as usize, 1)?)?;
        y = binary(cx, &elementwise::ADD, &binary(cx, &elementwise::ADD, &firsts, &lasts), &signed);
    }
    let part = |from: usize, to: usize| (to > from).then(|| slice(cx, &y, axis, from, to, 1)).transpose();
    Ok(around(cx, part(0, before)?, x, part(before, before + after)?, axis))
}

/// Zeros on all sides at once. Also mode "empty", whose new elements NumPy leaves undefined.
pub fn zeros(cx: &Context, x: &Array, widths: &[[usize; 2]]) -> Result<Array> {
    if x.is_null() || widths.iter().all(|&w| w == [0, 0]) {
        return Ok(x.clone());
    }
    let from = Shape::from_slice(x.shape());
    let to = from.iter().zip(widths).map(|(d, w)| w[0] + d + w[1]).collect();
    Ok(apply(cx, &Surrounded { from, to, before: widths.iter().map(|w| w[0]).collect() }, &[x]))
}

#[derive(Clone)]
struct Surrounded {
    from: Shape,
    to: Shape,
    /// How many zeros stand before, along each axis.
    before: Shape,
}

impl Surrounded {
    /// Writes the zeros of a part of the result that has the axes from this one on.
    fn surround<T: Element>(&self, axis: usize, d: &mut [T]) {
        if d.is_empty() {
            return;
        }
        let size: usize = self.to[axis + 1..].iter().product();
        let (before, rest) = d.split_at_mut(self.before[axis] * size);
        let (inside, after) = rest.split_at_mut(self.from[axis] * size);
        before.fill(T::default());
        after.fill(T::default());
        if self.from[axis + 1..] != self.to[axis + 1..] {
            inside.chunks_exact_mut(size).for_each(|part| self.surround(axis + 1, part));
        }
    }
}

linear! { Surrounded "ag_pad" |self, cx, t| {
    let strides = shape::contiguous(&self.to);
    let offset = self.before.iter().zip(&strides).map(|(&n, &s)| n * s as usize).sum();
    let (from, to) = (StridedView { offset: t.offset(), strides: t.strides() }, StridedView { offset, strides: &strides });
    with_dtype!(t.dtype(), T => cx.engine.build::<T>(&self.to, |d| {
        self.surround(0, d);
        strided::copy_to(&self.from, t.memory::<T>(), from, d, to);
    })?)
}, |cx, g| {
    let g = broadcast_cotangent(cx, g, &self.to);
    (0..self.from.len()).fold(g, |g, axis| slice_axis(cx, &g, axis, self.before[axis], self.from[axis]))
}, shown {
    let after = |k: usize| self.to[k] - self.before[k] - self.from[k];
    let widths: Vec<String> = (0..self.to.len()).map(|k| format!("({}, {})", self.before[k], after(k))).collect();
    format!("pad_width=({})", widths.join(", "))
} }
