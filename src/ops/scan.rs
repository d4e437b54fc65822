//! Running sums, products and extrema, and the inverses of sums: differences, gradients of samples, integrals of samples.
//!
//! All in linear time, the derivatives too: that of a running product is a linear recurrence, which is a primitive here
//! whose derivatives are linear recurrences again. So products with zeros are no special case.

mod extremum;
mod logcumsumexp;

pub use extremum::cumulative_extremum;
pub use logcumsumexp::logcumsumexp;

use super::elementwise::{self, binary, cast, compare, select};
use super::shape::{behind, broadcast_cotangent, broadcast_to, concatenate, linear, reshape};
use super::take::slice;
use super::{create, reduce};
use crate::array::{DType, Element, Shape, Tensor, shape};
use crate::error::{self, Error, Result};
use crate::kernels::strided::Layout;
use crate::trace::{ANS, Array, Context, Kept, Meta, Primitive, apply};
use crate::with_dtype;
use num_complex::{Complex32, Complex64};
use smallvec::SmallVec;

/// Sums and products of an element type; those of integers wrap around.
trait Scan: Element {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
}
macro_rules! scan {
    ($($t:ty, |$a:ident, $b:ident| $plus:expr, $minus:expr, $times:expr;)*) => {$(
        impl Scan for $t {
            fn plus(self, $b: $t) -> $t {
                let $a = self;
                $plus
            }
            fn minus(self, $b: $t) -> $t {
                let $a = self;
                $minus
            }
            fn times(self, $b: $t) -> $t {
                let $a = self;
                $times
            }
        }
    )*};
}
scan! {
    f64, |a, b| a + b, a - b, a * b;
    f32, |a, b| a + b, a - b, a * b;
    Complex64, |a, b| a + b, a - b, a * b;
    Complex32, |a, b| a + b, a - b, a * b;
    i64, |a, b| a.wrapping_add(b), a.wrapping_sub(b), a.wrapping_mul(b);
    bool, |a, b| a | b, a ^ b, a & b;
}

/// Rows of a transposed array that are brought in order together: twice what a line of the cache holds of a column.
const TRANSPOSED_ROWS: usize = 16;

/// Along which axis, in which direction, of which shape.
#[derive(Clone)]
struct ScanAxis {
    axis: usize,
    reverse: bool,
    shape: Shape,
}

impl ScanAxis {
    fn text(&self) -> String {
        format!("axis={}{}", self.axis, if self.reverse { ", from the end" } else { "" })
    }

    fn reversed(&self) -> ScanAxis {
        ScanAxis { reverse: !self.reverse, ..self.clone() }
    }

    /// The same in each of `n` arrays along a new first axis.
    fn behind(&self, n: usize) -> ScanAxis {
        ScanAxis { axis: self.axis + 1, reverse: self.reverse, shape: behind(n, &self.shape) }
    }

    /// Fills row after row, each from the one before it along the axis: `step` gets the row's first position, that of
    /// the row before, and the length.
    fn walk(&self, mut step: impl FnMut(usize, Option<usize>, usize)) {
        let n = self.shape[self.axis];
        let inner: usize = self.shape[self.axis + 1..].iter().product();
        let outer: usize = self.shape[..self.axis].iter().product();
        for block in 0..outer {
            let row = |k: usize| block * n * inner + if self.reverse { n - 1 - k } else { k } * inner;
            for k in 0..n {
                step(row(k), k.checked_sub(1).map(row), inner);
            }
        }
    }

    /// Whether neighbours along the axis are neighbours in memory.
    fn is_last(&self) -> bool {
        self.shape[self.axis + 1..].iter().all(|&d| d == 1)
    }

    /// Fills rows along the last axis, several at once: each element waits for the one before, other rows don't. `first` and
    /// `next` get the position, `next` also the result before, which stays in a register.
    fn walk_rows<T: Scan>(&self, d: &mut [T], first: impl Fn(usize) -> T, next: impl Fn(usize, T) -> T) {
        const ROWS: usize = 8;
        let n = self.shape[self.axis];
        if n == 0 {
            return;
        }
        let place = |k: usize| if self.reverse { n - 1 - k } else { k };
        let whole = d.len() / (ROWS * n) * (ROWS * n);
        let (groups, single) = d.split_at_mut(whole);
        for (i, rows) in groups.chunks_exact_mut(ROWS * n).enumerate() {
            let begin = i * ROWS * n;
            let mut last: [T; ROWS] = std::array::from_fn(|j| first(begin + j * n + place(0)));
            for (j, &z) in last.iter().enumerate() {
                rows[j * n + place(0)] = z;
            }
            for k in 1..n {
                for (j, z) in last.iter_mut().enumerate() {
                    let at = j * n + place(k);
                    *z = next(begin + at, *z);
                    rows[at] = *z;
                }
            }
        }
        for (i, row) in single.chunks_exact_mut(n).enumerate() {
            let begin = whole + i * n;
            let mut last = first(begin + place(0));
            row[place(0)] = last;
            for k in 1..n {
                last = next(begin + place(k), last);
                row[place(k)] = last;
            }
        }
    }

    fn scan<T: Scan>(&self, d: &mut [T], x: &[T], op: impl Fn(T, T) -> T) {
        if self.is_last() {
            return self.walk_rows(d, |at| x[at], |at, last| op(last, x[at]));
        }
        self.walk(|at, before, len| match before {
            None => d[at..at + len].copy_from_slice(&x[at..at + len]),
            Some(before) => (0..len).for_each(|i| d[at + i] = op(d[before + i], x[at + i])),
        });
    }

    /// The same in place.
    fn scan_in_place<T: Scan>(&self, d: &mut [T], op: impl Fn(T, T) -> T) {
        self.walk(|at, before, len| {
            let Some(before) = before else { return };
            let (low, high) = d.split_at_mut(at.max(before));
            let (from, to) = if before < at {
                (&low[before..before + len], &mut high[..len])
            } else {
                (&high[..len], &mut low[at..at + len])
            };
            to.iter_mut().zip(from).for_each(|(d, &last)| *d = op(last, *d));
        });
    }

    /// A view is brought in order in the place of the result.
    fn scanned<T: Scan>(&self, cx: &Context, t: &Tensor, op: impl Fn(T, T) -> T) -> Result<Tensor> {
        if !self.is_last() && !t.is_contiguous() {
            let mut own = cx.engine.contiguous(t)?;
            self.scan_in_place(own.unique_mut::<T>().expect("a new array"), op);
            return Ok(own);
        }
        let layout = Layout::new(t.shape(), t.strides(), t.offset());
        if self.is_last() && layout.is_transposed() {
            // Some rows at a time, while they are near.
            let part = TRANSPOSED_ROWS * self.shape[self.axis];
            let mut room = cx.engine.heap.pool.take::<T>(part)?;
            let room = room.slice_mut::<T>(part);
            return cx.engine.build::<T>(&self.shape, |d| {
                for (i, rows) in d.chunks_mut(part).enumerate() {
                    let x = &mut room[..rows.len()];
                    layout.read_rows(t.memory::<T>(), i * part, x, part);
                    self.scan(rows, x, &op);
                }
            });
        }
        let t = cx.engine.contiguous(t)?;
        cx.engine.build::<T>(&self.shape, |d| self.scan(d, t.elements::<T>(), op))
    }

    /// The neighbours in the direction walked: the row before each, `first` before the first one.
    fn before(&self, cx: &Context, x: &Array, first: f64) -> Array {
        let n = self.shape[self.axis];
        if n == 0 || cx.failed() {
            return x.clone();
        }
        let mut edge = self.shape.clone();
        edge[self.axis] = 1;
        let edge = create::full(cx, x.dtype(), &edge, first);
        let rest = |from: usize| cx.take(error::PART, slice(cx, x, self.axis, from, from + n - 1, 1));
        if self.reverse {
            concatenate(cx, &[&rest(1), &edge], self.axis)
        } else {
            concatenate(cx, &[&edge, &rest(0)], self.axis)
        }
    }
}

fn scan_axis(x: &Array, axis: usize) -> ScanAxis {
    ScanAxis { axis, reverse: false, shape: x.shape().into() }
}

/// Elements that are there; booleans are counted as integers.
fn counted(cx: &Context, t: Tensor) -> Result<Tensor> {
    let t = if t.dtype() == DType::Bool { cast(cx, t, DType::I64)? } else { t };
    cx.engine.force(&t)?;
    Ok(t)
}

// ---------------------------------------------------------------------------------------------------------------- sums

/// `numpy.cumsum` along an axis.
pub fn cumsum(cx: &Context, x: &Array, axis: usize) -> Array {
    apply(cx, &CumSum(scan_axis(x, axis)), &[x])
}

#[derive(Clone)]
struct CumSum(ScanAxis);

linear! { CumSum "ag_cumsum" |self, cx, t| {
    let t = counted(cx, t)?;
    with_dtype!(t.dtype(), T => self.0.scanned::<T>(cx, &t, T::plus)?)
}, |cx, g| apply(cx, &CumSum(self.0.reversed()), &[&broadcast_cotangent(cx, g, &self.0.shape)]),
batch |cx, x, n| apply(cx, &CumSum(self.0.behind(n)), &[x]), shown self.0.text() }

// ------------------------------------------------------------------------------------------------------------ products

/// `numpy.cumprod` along an axis.
pub fn cumprod(cx: &Context, x: &Array, axis: usize) -> Array {
    apply(cx, &CumProd(scan_axis(x, axis)), &[x])
}

#[derive(Clone)]
struct CumProd(ScanAxis);

impl Primitive for CumProd {
    fn name(&self) -> &str {
        "ag_cumprod"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = counted(cx, cx.tensor(&args[0])?)?;
        with_dtype!(t.dtype(), T => {
            Ok(self.0.scanned::<T>(cx, &t, T::times)?.into())
        })
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1 | ANS
    }

    // With y the products, the cotangent of y[k] reaches x[k] by y[k - 1], and y[k - 1] by x[k].
    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let back = self.0.reversed();
        let g = recurrence(cx, &back, &back.before(cx, kept.arg(0), 0.0), &broadcast_cotangent(cx, g, &self.0.shape));
        binary(cx, &elementwise::SCALED, &g, &self.0.before(cx, kept.ans(), 1.0))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let own = binary(cx, &elementwise::SCALED, t, &self.0.before(cx, kept.ans(), 1.0));
        recurrence(cx, &self.0, kept.arg(0), &own)
    }
}

/// z[k] = a[k] z[k - 1] + b[k]; where one of the factors is 0 their product is 0, whatever the other one is.
fn recurrence(cx: &Context, scan: &ScanAxis, a: &Array, b: &Array) -> Array {
    let dtype = elementwise::promote(a, b);
    let (a, b) = (elementwise::astype(cx, a, dtype), elementwise::astype(cx, b, dtype));
    apply(cx, &Recurrence(scan.clone()), &[&a, &b])
}

#[derive(Clone)]
struct Recurrence(ScanAxis);

impl Recurrence {
    /// The cotangent of b, from which that of a follows.
    fn pulled(&self, cx: &Context, g: &Array, kept: &Kept<'_>) -> Array {
        let back = self.0.reversed();
        recurrence(cx, &back, &back.before(cx, kept.arg(0), 0.0), &broadcast_cotangent(cx, g, &self.0.shape))
    }

    fn of_factor(&self, cx: &Context, pulled: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &elementwise::SCALED, pulled, &self.0.before(cx, kept.ans(), 0.0))
    }
}

impl Primitive for Recurrence {
    fn name(&self) -> &str {
        "recurrence"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let row_major = |x: &Array| cx.engine.contiguous(&counted(cx, cx.tensor(x)?)?);
        let (a, b) = (row_major(&args[0])?, row_major(&args[1])?);
        with_dtype!(b.dtype(), T => {
            let (a, b) = (a.elements::<T>(), b.elements::<T>());
            let next = |at: usize, z: T| if z == T::default() || a[at] == T::default() { b[at] } else { a[at].times(z).plus(b[at]) };
            Ok(cx.engine.build::<T>(&self.0.shape, |d| if self.0.is_last() {
                self.0.walk_rows(d, |at| b[at], next);
            } else {
                self.0.walk(|at, before, len| match before {
                    None => d[at..at + len].copy_from_slice(&b[at..at + len]),
                    Some(before) => (0..len).for_each(|i| d[at + i] = next(at + i, d[before + i])),
                });
            })?.into())
        })
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let n = args.iter().zip(lead).find(|(_, lead)| **lead)?.0.shape()[0];
        let scan = self.0.behind(n);
        let many = |k: usize| if lead[k] { args[k].clone() } else { broadcast_to(cx, &args[k], &scan.shape) };
        Some(apply(cx, &Recurrence(scan.clone()), &[&many(0), &many(1)]))
    }

    fn keeps(&self, argnums: &[usize]) -> u64 {
        if argnums.contains(&0) { 1 | ANS } else { 1 }
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let pulled = self.pulled(cx, g, kept);
        if argnum == 1 { pulled } else { self.of_factor(cx, &pulled, kept) }
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let pulled = self.pulled(cx, &gs[0], kept);
        argnums.iter().map(|&k| if k == 1 { pulled.clone() } else { self.of_factor(cx, &pulled, kept) }).collect()
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let own = if argnum == 1 {
            t.clone()
        } else {
            binary(cx, &elementwise::SCALED, t, &self.0.before(cx, kept.ans(), 0.0))
        };
        recurrence(cx, &self.0, kept.arg(0), &own)
    }
}

/// NaN replaced, as `nancumsum` (by 0) and `nancumprod` (by 1) do.
pub fn without_nan(cx: &Context, x: &Array, replacement: f64) -> Array {
    if !x.dtype().is_inexact() {
        return x.clone();
    }
    select(cx, &elementwise::test(cx, &elementwise::ISNAN, x), &Array::weak(replacement), x)
}

/// `numpy.cumulative_sum`, or `cumulative_prod` (`product`), optionally beginning with that of no elements.
pub fn cumulative(cx: &Context, product: bool, x: &Array, axis: i64, initial: bool) -> Result<Array> {
    let x = super::arrange::atleast(cx, x, 1);
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let y = if product { cumprod(cx, &x, axis) } else { cumsum(cx, &x, axis) };
    if !initial {
        return Ok(y);
    }
    let mut edge = Shape::from_slice(y.shape());
    if let Some(d) = edge.get_mut(axis) {
        *d = 1;
    }
    let edge = create::full(cx, y.dtype(), &edge, if product { 1.0 } else { 0.0 });
    Ok(concatenate(cx, &[&edge, &y], axis))
}

// --------------------------------------------------------------------------------------------------------- differences

/// Neighbours along an axis: all but the last, and all but the first.
fn neighbours(cx: &Context, x: &Array, axis: usize) -> Result<(Array, Array)> {
    let n = x.shape().get(axis).copied().unwrap_or(0);
    Ok((slice(cx, x, axis, 0, n.saturating_sub(1), 1)?, slice(cx, x, axis, 1.min(n), n, 1)?))
}

/// Differences of neighbours along an axis of arrays of a shape.
#[derive(Clone)]
struct Diff(ScanAxis);

impl Diff {
    fn new(axis: usize, shape: &[usize]) -> Diff {
        Diff(ScanAxis { axis, reverse: false, shape: shape.into() })
    }

    /// The shape of the differences.
    fn to(&self) -> Shape {
        let mut to = self.0.shape.clone();
        to[self.0.axis] -= 1;
        to
    }
}

linear! { Diff "ag_diff" |self, cx, t| {
    let (left, right) = neighbours(cx, &t.clone().into(), self.0.axis)?;
    cx.lazy_tensor(&binary(cx, &elementwise::SUB, &right, &left))?
}, |cx, g| apply(cx, &DiffBack(self.clone()), &[&broadcast_cotangent(cx, g, &self.to())]), batch |cx, x, n| {
    apply(cx, &Diff::new(self.0.axis + 1, &behind(n, &self.0.shape)), &[x])
}, shown self.0.text() }

/// What the derivative of [`Diff`] makes of a cotangent: the differences of it between zeros, with the other sign.
#[derive(Clone)]
struct DiffBack(Diff);

linear! { DiffBack "diff_back" |self, cx, t| {
    let ScanAxis { axis, ref shape, .. } = self.0.0;
    let t = cx.engine.contiguous(&t)?;
    let inner: usize = shape[axis + 1..].iter().product();
    with_dtype!(t.dtype(), T => cx.engine.build::<T>(shape, |d| {
        let rows = (shape[axis] - 1) * inner;
        for (i, d) in d.chunks_exact_mut((rows + inner).max(1)).enumerate() {
            let g = &t.elements::<T>()[i * rows..][..rows];
            if g.is_empty() {
                d.fill(T::default());
                continue;
            }
            let (first, rest) = d.split_at_mut(inner);
            first.iter_mut().zip(g).for_each(|(d, &g)| *d = T::default().minus(g));
            let (middle, last) = rest.split_at_mut(rows - inner);
            middle.iter_mut().zip(g).zip(&g[inner..]).for_each(|((d, &before), &g)| *d = before.minus(g));
            last.copy_from_slice(&g[middle.len()..]);
        }
    })?)
}, |cx, g| apply(cx, &self.0, &[&broadcast_cotangent(cx, g, &self.0.0.shape)]), batch |cx, x, n| {
    apply(cx, &DiffBack(Diff::new(self.0.0.axis + 1, &behind(n, &self.0.0.shape))), &[x])
}, shown self.0.0.text() }

/// `numpy.diff`: `n` times the differences of neighbours along an axis; `before` and `after` are put there first.
pub fn diff(
    cx: &Context,
    x: &Array,
    n: i64,
    axis: i64,
    before: Option<&Array>,
    after: Option<&Array>,
) -> Result<Array> {
    if n == 0 {
        return Ok(x.clone());
    }
    if n < 0 {
        return Err(Error::value(format!("order must be non-negative but got {n}")));
    }
    if x.ndim() == 0 {
        return Err(Error::value("diff requires input that is at least one dimensional"));
    }
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let end = |v: &Array| {
        if v.ndim() > 0 {
            return v.clone();
        }
        let mut shape = Shape::from_slice(x.shape());
        shape[axis] = 1;
        super::shape::broadcast_to(cx, v, &shape)
    };
    let (before, after) = (before.map(end), after.map(end));
    let parts: Vec<&Array> = before.iter().chain([x]).chain(after.iter()).collect();
    let mut y = if parts.len() == 1 { x.clone() } else { concatenate(cx, &parts, axis) };
    for _ in 0..n {
        if y.is_null() || y.shape()[axis] == 0 {
            break;
        }
        y = if y.dtype() == DType::Bool {
            let (left, right) = neighbours(cx, &y, axis)?;
            compare(cx, &elementwise::NOT_EQUAL, &right, &left)
        } else {
            apply(cx, &Diff::new(axis, y.shape()), &[&y])
        };
    }
    Ok(y)
}

/// `numpy.ediff1d`: the differences of neighbours in row-major order, with `begin` before and `end` after them.
pub fn ediff1d(cx: &Context, x: &Array, begin: Option<&Array>, end: Option<&Array>) -> Result<Array> {
    let flat = |v: &Array| reshape(cx, v, &[v.size()]);
    // In the precision of the result.
    let dtype = [begin, end].into_iter().flatten().fold(x.dtype(), |d, v| d.promote(v.dtype()));
    let (left, right) = neighbours(cx, &flat(&elementwise::astype(cx, x, dtype)), 0)?;
    let y = binary(cx, &elementwise::SUB, &right, &left);
    let (begin, end) = (begin.map(flat), end.map(flat));
    let parts: Vec<&Array> = begin.iter().chain([&y]).chain(end.iter()).collect();
    Ok(if parts.len() == 1 { y } else { concatenate(cx, &parts, 0) })
}

// ------------------------------------------------------------------------------------------------------------ samples

/// A vector of coordinates along one of `ndim` axes.
fn along(cx: &Context, x: &Array, axis: usize, ndim: usize) -> Array {
    let mut shape = Shape::from_elem(1, ndim);
    shape[axis] = x.size();
    reshape(cx, x, &shape)
}

/// `numpy.gradient` along one axis: differences of second order inside, of `edge_order` at the ends. `spacing` is a
/// number, or the coordinates.
pub fn gradient(cx: &Context, x: &Array, spacing: &Array, axis: i64, edge_order: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let n = x.shape()[axis];
    if !(1..=2).contains(&edge_order) {
        return Err(Error::value("'edge_order' greater than 2 not supported, nor less than 1"));
    }
    if n < edge_order as usize + 1 {
        return Err(Error::value(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required.",
        ));
    }
    let f = elementwise::astype(cx, x, x.dtype().inexact());
    let spacing = elementwise::astype(cx, spacing, f.dtype().real());
    let steps = match spacing.ndim() {
        0 => {
            let mut shape = Shape::from_elem(1, x.ndim());
            shape[axis] = n - 1;
            super::shape::broadcast_to(cx, &spacing, &shape)
        }
        1 if spacing.size() == n => along(cx, &diff(cx, &spacing, 1, 0, None, None)?, axis, x.ndim()),
        1 => {
            return Err(Error::value(format!(
                "{} coordinates for axis {axis}, which has {n} elements: there must be one for each",
                spacing.size()
            )));
        }
        d => return Err(Error::value(format!("distances must be either scalars or 1d, they have {d} axes"))),
    };
    let op = |row: &'static elementwise::Binary, a: &Array, b: &Array| binary(cx, row, a, b);
    let slope = op(&elementwise::DIV, &diff(cx, &f, 1, axis as i64, None, None)?, &steps);
    let (before, after) = neighbours(cx, &steps, axis)?;
    let whole = op(&elementwise::ADD, &before, &after);
    let rise = if spacing.ndim() == 0 {
        op(&elementwise::SUB, &slice(cx, &f, axis, 2, n, 1)?, &slice(cx, &f, axis, 0, n - 2, 1)?)
    } else {
        // The slopes on both sides, each weighted with the other step.
        let (left, right) = neighbours(cx, &slope, axis)?;
        op(&elementwise::ADD, &op(&elementwise::MUL, &left, &after), &op(&elementwise::MUL, &right, &before))
    };
    let inside = op(&elementwise::DIV, &rise, &whole);
    let end = |at: usize, next: usize| -> Result<Array> {
        let own = slice(cx, &slope, axis, at, at + 1, 1)?;
        if edge_order == 1 {
            return Ok(own);
        }
        // The line through the two slopes next to the end, continued for half a step.
        let part = |x: &Array, k: usize| slice(cx, x, axis, k, k + 1, 1);
        let (step, further) = (part(&steps, at)?, part(&steps, next)?);
        let turn = op(
            &elementwise::DIV,
            &op(&elementwise::SUB, &own, &part(&slope, next)?),
            &op(&elementwise::ADD, &step, &further),
        );
        Ok(op(&elementwise::ADD, &own, &op(&elementwise::MUL, &turn, &step)))
    };
    let (first, last) = (end(0, 1)?, end(n - 2, n.saturating_sub(3))?);
    Ok(concatenate(cx, &[&first, &inside, &last], axis))
}

/// `numpy.trapezoid`: the integral of samples along an axis, `x` being their distance, or their coordinates.
pub fn trapezoid(cx: &Context, y: &Array, x: &Array, axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, y.ndim())?;
    // In the precision of the result.
    let y = elementwise::astype(cx, y, elementwise::promote(y, x).inexact());
    let steps = match x.ndim() {
        0 => x.clone(),
        // As in NumPy a single step, there or here, goes with any number.
        1 if x.size() != y.shape()[axis] && x.size() != 2 && y.shape()[axis] != 2 => {
            return Err(Error::shape(format!(
                "{} coordinates for axis {axis} of an array of shape {}",
                x.size(),
                shape::Show(y.shape())
            )));
        }
        1 => along(cx, &diff(cx, x, 1, 0, None, None)?, axis, y.ndim()),
        _ => diff(cx, x, 1, axis as i64 - y.ndim() as i64, None, None)?,
    };
    let (left, right) = neighbours(cx, &y, axis)?;
    let means = binary(cx, &elementwise::MUL, &binary(cx, &elementwise::ADD, &left, &right), &Array::weak(0.5));
    let parts = binary(cx, &elementwise::MUL, &steps, &means);
    if parts.is_null() {
        return Ok(parts);
    }
    let axis = parts.ndim() - (y.ndim() - axis);
    Ok(reduce::sum(cx, &parts, &[axis], false))
}

/// `numpy.unwrap`: whole periods are added where neighbours are further apart than `discont`. What is added is
/// constant, so the derivative is 1.
pub fn unwrap(cx: &Context, x: &Array, discont: f64, axis: i64, period: f64) -> Result<Array> {
    if x.ndim() == 0 {
        return Err(Error::value("diff requires input that is at least one dimensional"));
    }
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    if x.dtype().is_complex() {
        return Err(Error::dtype(format!("unwrap is not defined for dtype {}", x.dtype().name())));
    }
    if x.shape()[axis] == 0 || cx.failed() {
        return Ok(x);
    }
    let op = |row: &'static elementwise::Binary, a: &Array, b: f64| binary(cx, row, a, &Array::weak(b));
    let d = diff(cx, &x.plain(), 1, axis as i64, None, None)?;
    let half = period / 2.0;
    let near = op(&elementwise::SUB, &op(&elementwise::MOD, &op(&elementwise::ADD, &d, half), period), half);
    // Half a period may go either way: it keeps its sign.
    let ambiguous = compare(cx, &elementwise::EQUAL, &near, &Array::weak(-half));
    let upwards = compare(cx, &elementwise::GREATER, &d, &Array::weak(0.0));
    let near = select(cx, &compare(cx, &elementwise::LOGICAL_AND, &ambiguous, &upwards), &Array::weak(half), &near);
    let jump = binary(cx, &elementwise::SUB, &near, &d);
    let smooth = compare(cx, &elementwise::LESS, &super::complex::abs(cx, &d), &Array::weak(discont.max(half)));
    let jump = cumsum(cx, &select(cx, &smooth, &Array::weak(0.0), &jump), axis);
    let mut edge = Shape::from_slice(x.shape());
    edge[axis] = 1;
    let edge = create::full(cx, x.dtype(), &edge, 0.0);
    Ok(binary(cx, &elementwise::ADD, &x, &concatenate(cx, &[&edge, &jump], axis)))
}
