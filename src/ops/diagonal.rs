//! Diagonals and triangles: reading a diagonal is a view, its derivative puts a diagonal into zeros, and the other way
//! round. Triangles are copies of parts.

use super::index::{self, Item, Plan, for_each_offset};
use super::shape::{broadcast_cotangent, broadcast_to, linear, reshape};
use super::take::value_for;
use super::{arrange, reduce};
use crate::array::{Shape, Strides, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::copy::copy;
use crate::kernels::strided::Layout;
use crate::trace::{Array, Context, Kept, Primitive, apply};
use crate::with_dtype;

/// Which diagonal of an array of which shape.
#[derive(Clone)]
struct DiagonalSpec {
    shape: Shape,
    axes: [usize; 2],
    offset: i64,
}

impl DiagonalSpec {
    fn text(&self) -> String {
        format!("offset={}, axis1={}, axis2={}", self.offset, self.axes[0], self.axes[1])
    }

    fn new(shape: &[usize], offset: i64, axis1: i64, axis2: i64) -> Result<DiagonalSpec> {
        let n = shape.len();
        if n < 2 {
            return Err(Error::value("diag requires an array of at least two dimensions"));
        }
        let axes = [shape::normalize_axis(axis1, n)?, shape::normalize_axis(axis2, n)?];
        if axes[0] == axes[1] {
            return Err(Error::value("axis1 and axis2 cannot be the same"));
        }
        Ok(DiagonalSpec { shape: shape.into(), axes, offset })
    }

    /// Its shape (the other axes, then its length), strides and start, for an array with these strides.
    fn over(&self, strides: &[isize]) -> (Shape, Strides, isize) {
        let [a, b] = self.axes;
        let shift = usize::try_from(self.offset.unsigned_abs()).unwrap_or(usize::MAX);
        let (rows, columns) = (self.shape[a], self.shape[b]);
        let (rows, columns, at) = if self.offset >= 0 {
            (rows, columns.saturating_sub(shift), shift.min(columns) as isize * strides[b])
        } else {
            (rows.saturating_sub(shift), columns, shift.min(rows) as isize * strides[a])
        };
        let others = (0..self.shape.len()).filter(|i| !self.axes.contains(i));
        let mut shape: Shape = others.clone().map(|i| self.shape[i]).collect();
        let mut steps: Strides = others.map(|i| strides[i]).collect();
        shape.push(rows.min(columns));
        steps.push(strides[a] + strides[b]);
        (shape, steps, at)
    }

    fn result(&self) -> Shape {
        self.over(&shape::contiguous(&self.shape)).0
    }
}

/// `numpy.diagonal`: the diagonal becomes the last axis.
pub fn diagonal(cx: &Context, x: &Array, offset: i64, axis1: i64, axis2: i64) -> Result<Array> {
    Ok(apply(cx, &Diagonal(DiagonalSpec::new(x.shape(), offset, axis1, axis2)?), &[x]))
}

#[derive(Clone)]
struct Diagonal(DiagonalSpec);

linear! { Diagonal "ag_diagonal" |self, _cx, t| {
    let (shape, strides, at) = self.0.over(t.strides());
    t.view_as(shape, (t.offset() as isize + at) as usize, strides)
}, |cx, g| apply(cx, &MakeDiagonal(self.0.clone()), &[&broadcast_cotangent(cx, g, &self.0.result())]), shown self.0.text() }

/// Zeros with the last axis of `x` as diagonal: the inverse of [`diagonal`]. Axes are those of the result.
pub fn make_diagonal(cx: &Context, x: &Array, offset: i64, axis1: i64, axis2: i64) -> Result<Array> {
    let Some((&length, others)) = x.shape().split_last() else {
        return Err(Error::value("make_diagonal requires an array of at least one dimension"));
    };
    let n = x.ndim() + 1;
    let mut axes = [shape::normalize_axis(axis1, n)?, shape::normalize_axis(axis2, n)?];
    axes.sort_unstable();
    let side = usize::try_from(offset.unsigned_abs()).ok().and_then(|shift| length.checked_add(shift));
    let side = side.ok_or_else(|| Error::memory("the diagonal is larger than the address space"))?;
    let mut shape = Shape::from_slice(others);
    for a in axes {
        // Equal axes are found out below.
        shape.insert(a.min(shape.len()), side);
    }
    let spec = DiagonalSpec::new(&shape, offset, axis1, axis2)?;
    shape::checked_size(&shape, x.dtype().size())?;
    Ok(apply(cx, &MakeDiagonal(spec), &[x]))
}

#[derive(Clone)]
struct MakeDiagonal(DiagonalSpec);

linear! { MakeDiagonal "ag_make_diagonal" |self, cx, t| {
    let t = cx.engine.contiguous(&t)?;
    let (shape, strides, at) = self.0.over(&shape::contiguous(&self.0.shape));
    with_dtype!(t.dtype(), T => cx.engine.build::<T>(&self.0.shape, |d| {
        d.fill(T::default());
        let mut next = t.elements::<T>().iter();
        for_each_offset(shape.iter().copied().zip(strides.iter().copied()), at, |at| {
            if let Some(&v) = next.next() {
                d[at as usize] = v;
            }
        });
    })?)
}, |cx, g| apply(cx, &Diagonal(self.0.clone()), &[&broadcast_cotangent(cx, g, &self.0.shape)]), shown self.0.text() }

/// `numpy.diag`: the `k`-th diagonal of a matrix, or a matrix with a vector as `k`-th diagonal.
pub fn diag(cx: &Context, x: &Array, k: i64) -> Result<Array> {
    match x.ndim() {
        1 => make_diagonal(cx, x, k, 0, 1),
        2 => diagonal(cx, x, k, 0, 1),
        n => Err(Error::value(format!("Input must be 1- or 2-d, found {n} dimensions"))),
    }
}

/// `numpy.diagflat`: a matrix with all elements on the `k`-th diagonal.
pub fn diagflat(cx: &Context, x: &Array, k: i64) -> Result<Array> {
    make_diagonal(cx, &reshape(cx, x, &[x.size()]), k, 0, 1)
}

/// `numpy.trace`: the sum of a diagonal.
pub fn trace(cx: &Context, x: &Array, offset: i64, axis1: i64, axis2: i64) -> Result<Array> {
    let d = diagonal(cx, x, offset, axis1, axis2)?;
    Ok(reduce::sum(cx, &d, &[d.ndim().saturating_sub(1)], false))
}

/// `numpy.triu` (`upper`) or `numpy.tril`: zeros below (above) the `k`-th diagonal of the last two axes.
pub fn triangle(cx: &Context, upper: bool, x: &Array, k: i64) -> Result<Array> {
    let x = match x.shape() {
        [] => return Err(Error::value("a triangle requires an array of at least one dimension")),
        // As in NumPy the rows of a square.
        &[n] => broadcast_to(cx, x, &[n, n]),
        _ => x.clone(),
    };
    let part = Triangle { upper, k, shape: x.shape().into() };
    Ok(if upper { apply(cx, &Upper(part), &[&x]) } else { apply(cx, &Lower(part), &[&x]) })
}

/// A part of all matrices of a stack.
#[derive(Clone)]
struct Triangle {
    upper: bool,
    k: i64,
    shape: Shape,
}

#[derive(Clone)]
struct Upper(Triangle);
#[derive(Clone)]
struct Lower(Triangle);

impl Triangle {
    /// Elements per share of the work.
    const SHARE: usize = 1 << 15;

    /// Row by row a copy and zeros: of row-major memory, what becomes zero isn't read.
    fn of(&self, cx: &Context, t: &Tensor) -> Result<Tensor> {
        let (contiguous, at) = (t.is_contiguous(), t.offset());
        let layout = Layout::new(t.shape(), t.strides(), t.offset());
        let &[.., n, m] = &self.shape[..] else { unreachable!("a triangle of a matrix") };
        with_dtype!(t.dtype(), T => cx.engine.build::<T>(&self.shape, |d| {
            if d.is_empty() {
                return;
            }
            let (x, rows) = (t.memory::<T>(), (Triangle::SHARE / m).next_multiple_of(16));
            cx.engine.share_out(0.3 * d.len() as f64, d.chunks_mut(rows * m), |share, d| {
                let first = share * rows;
                if layout.is_transposed() {
                    layout.read_rows(x, first * m, d, rows * m);
                }
                for (i, row) in (first..).zip(d.chunks_exact_mut(m)) {
                    // The first column above the diagonal's left neighbour.
                    let edge = ((i % n) as i64).saturating_add(self.k).saturating_add(i64::from(!self.upper));
                    let edge = edge.clamp(0, m as i64) as usize;
                    let (kept, zero) = if self.upper { (edge..m, 0..edge) } else { (0..edge, edge..m) };
                    row[zero].fill(T::default());
                    if contiguous {
                        copy(&mut row[kept.clone()], &x[at + i * m..][kept]);
                    } else if !layout.is_transposed() {
                        layout.read(x, i * m + kept.start, &mut row[kept]);
                    }
                }
            });
        }))
    }

    fn along(&self, shape: &[usize]) -> Triangle {
        Triangle { shape: shape.into(), ..self.clone() }
    }

    fn text(&self) -> String {
        format!("k={}", self.k)
    }
}

linear! { Upper "ag_triu" |self, cx, t| self.0.of(cx, &t)?,
|cx, g| apply(cx, self, &[&broadcast_cotangent(cx, g, &self.0.shape)]),
batch |cx, x, _n| apply(cx, &Upper(self.0.along(x.shape())), &[x]), shown self.0.text() }

linear! { Lower "ag_tril" |self, cx, t| self.0.of(cx, &t)?,
|cx, g| apply(cx, self, &[&broadcast_cotangent(cx, g, &self.0.shape)]),
batch |cx, x, _n| apply(cx, &Lower(self.0.along(x.shape())), &[x]), shown self.0.text() }

/// `numpy.fill_diagonal`, which returns the changed array: `values`, flattened and repeated, on the main diagonal. With
/// `wrap` it begins anew in a tall matrix.
pub fn fill_diagonal(cx: &Context, x: &Array, values: &Array, wrap: bool) -> Result<Array> {
    let (end, step) = match x.shape() {
        [] | [_] => return Err(Error::value("array must be at least 2-d")),
        &[_, m] => (if wrap { x.size() } else { m.saturating_mul(m).min(x.size()) }, m + 1),
        all if all.windows(2).any(|w| w[0] != w[1]) => {
            return Err(Error::value("All dimensions of input must be of equal length"));
        }
        all => (x.size(), shape::contiguous(all).iter().sum::<isize>() as usize),
    };
    let item = Item::Slice(Some(0), Some(end as i64), Some(step as i64));
    let plan = Plan::new(cx, &[x.size()], &[item])?;
    let count = plan.to[0];
    if values.size() == 0 && count > 0 {
        return Err(Error::value("cannot fill a diagonal with no values"));
    }
    let values = if values.size() == 0 || values.size() == 1 {
        reshape(cx, values, if values.size() == 0 { &[0] } else { &[] })
    } else {
        arrange::resize(cx, values, &[count])?
    };
    let values = value_for(cx, &values, x);
    let flat = reshape(cx, x, &[x.size()]);
    Ok(reshape(cx, &index::set(cx, &flat, &plan, &values), x.shape()))
}
