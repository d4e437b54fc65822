//! Positions as arrays of integers: those of triangles, diagonals and whole grids, and places in row-major order as coordinates
//! and back. Nothing here has a derivative.

use super::join::broadcast_arrays;
use super::nonzero::flatnonzero;
use super::shape::reshape;
use super::take::{Outside, integers};
use crate::array::{DType, Shape, Strides, Tensor, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};
use shape::Show;

fn vector(cx: &Context, n: usize, fill: impl FnOnce(&mut [i64])) -> Result<Tensor> {
    cx.engine.build::<i64>(&[n], fill)
}

/// An extent from the caller, who may have given any number.
fn extent(n: i64) -> Result<usize> {
    usize::try_from(n).map_err(|_| Error::value(format!("negative dimensions are not allowed, found {n}")))
}

/// How many places of `n` rows of `m` are on or below the `k`-th diagonal.
fn below(n: i128, m: i128, k: i128) -> i128 {
    // Row i has i + k + 1 of them, 0 at least and m at most: from `first` on it has one, from `full` on all.
    let first = (-k).clamp(0, n);
    let full = (m - k - 1).clamp(first, n);
    let (a, b) = (first + k + 1, full + k);
    (if full > first { (a + b) * (full - first) / 2 } else { 0 }) + (n - full) * m
}

/// `numpy.triu_indices` (`upper`) or `numpy.tril_indices`: rows and columns of the places of a triangle of `n` rows of `m`, from (up
/// to) the `k`-th diagonal.
pub fn triangle(cx: &Context, upper: bool, n: i64, k: i64, m: i64) -> Result<Vec<Array>> {
    let (n, m) = (extent(n)?, extent(m)?);
    let (rows, columns) = (n as i128, m as i128);
    let count = if upper {
        rows * columns - below(rows, columns, i128::from(k) - 1)
    } else {
        below(rows, columns, i128::from(k))
    };
    let count = usize::try_from(count).ok().filter(|&c| shape::checked_size(&[c], 8).is_ok());
    let count = count.ok_or_else(|| Error::memory("the triangle is larger than the address space"))?;
    // Rows without a place at either end are left out, however many there are.
    let rows_with =
        if upper { 0..(columns - i128::from(k)).clamp(0, rows) } else { (-i128::from(k)).clamp(0, rows)..rows };
    let each = |place: &mut dyn FnMut(i64, i64)| {
        if count == 0 {
            return;
        }
        for i in rows_with.clone() {
            let edge = (i + i128::from(k)).clamp(-1, columns);
            let range = if upper { edge.max(0)..columns } else { 0..(edge + 1).min(columns) };
            range.for_each(|j| place(i as i64, j as i64));
        }
    };
    let part = |row: bool| {
        vector(cx, count, |d| {
            let mut d = d.iter_mut();
            each(&mut |i, j| {
                if let Some(d) = d.next() {
                    *d = if row { i } else { j };
                }
            });
        })
    };
    Ok(vec![part(true)?.into(), part(false)?.into()])
}

/// The extents of the last two axes, for which NumPy wants a matrix.
pub fn triangle_from(cx: &Context, upper: bool, x: &[usize], k: i64) -> Result<Vec<Array>> {
    match *x {
        [n, m] => triangle(cx, upper, n as i64, k, m as i64),
        _ => Err(Error::value(format!("input array must be 2-d, found shape {}", Show(x)))),
    }
}

/// `numpy.diag_indices`: the coordinates of the main diagonal of `ndim` axes of extent `n`, one array for all of them.
pub fn diagonal(cx: &Context, n: i64, ndim: usize) -> Result<Vec<Array>> {
    shape::check_ndim(ndim)?;
    let all: Array = vector(cx, extent(n)?, |d| (0i64..).zip(d).for_each(|(i, d)| *d = i))?.into();
    Ok(vec![all; ndim])
}

/// `numpy.diag_indices_from`.
pub fn diagonal_from(cx: &Context, x: &[usize]) -> Result<Vec<Array>> {
    match x {
        [] | [_] => Err(Error::value("input array must be at least 2-d")),
        all if all.windows(2).any(|w| w[0] != w[1]) => {
            Err(Error::value(format!("All dimensions of input must be of equal length, found shape {}", Show(x))))
        }
        all => diagonal(cx, all[0] as i64, all.len()),
    }
}

/// For each axis of a grid the coordinate along it, in the shape of the grid: views.
pub fn coordinates(cx: &Context, grid: &[usize], dtype: DType) -> Result<Vec<Array>> {
    shape::check_ndim(grid.len())?;
    shape::checked_size(grid, dtype.size())?;
    let along = |axis: usize| {
        let line = super::create::arange(cx, dtype, 0.0, grid[axis] as f64, 1.0)?;
        let mut steps = Strides::from_elem(0, grid.len());
        steps[axis] = 1;
        Ok(line.view_as(grid.into(), line.offset(), steps).into())
    };
    (0..grid.len()).map(along).collect()
}

/// `numpy.indices`: the same in one array, with the number of the axis in front.
pub fn indices(cx: &Context, grid: &[usize]) -> Result<Array> {
    let mut to = Shape::from_slice(&[grid.len()]);
    to.extend_from_slice(grid);
    shape::check_ndim(to.len())?;
    shape::checked_size(&to, 8)?;
    let steps = shape::contiguous(grid);
    let size = shape::size_of(grid);
    let t = cx.engine.build::<i64>(&to, |d| {
        for (axis, d) in d.chunks_exact_mut(size.max(1)).enumerate() {
            let (step, n) = (steps[axis] as usize, grid[axis]);
            d.iter_mut().enumerate().for_each(|(i, d)| *d = (i / step % n) as i64);
        }
    })?;
    Ok(t.into())
}

/// `numpy.unravel_index`: the coordinates, in a grid, of row-major places; an array for each axis.
pub fn unravel_index(cx: &Context, places: &Array, grid: &[usize]) -> Result<Vec<Array>> {
    let (places, size) = (integers(cx, places)?, shape::checked_size(grid, 1)?);
    let list = places.elements::<i64>();
    if let Some(k) = list.iter().find(|&&k| usize::try_from(k).map_or(true, |k| k >= size)) {
        return Err(Error::value(format!("index {k} is out of bounds for array with size {size}")));
    }
    let steps = shape::contiguous(grid);
    let along = |axis: usize| {
        let (step, n) = (steps[axis] as i64, grid[axis] as i64);
        let fill = |d: &mut [i64]| d.iter_mut().zip(list).for_each(|(d, &k)| *d = k / step % n);
        Ok(cx.engine.build::<i64>(places.shape(), fill)?.into())
    };
    (0..grid.len()).map(along).collect()
}

/// `numpy.ravel_multi_index`: the row-major places of coordinates, one array for each axis, which broadcast. `Raise` refuses
/// negative ones, too.
pub fn ravel_multi_index(cx: &Context, coordinates: &[&Array], grid: &[usize], outside: Outside) -> Result<Array> {
    let (n, axes) = (coordinates.len(), grid.len());
    if n != axes || n == 0 {
        return Err(Error::value(format!("parameter multi_index must be a sequence of length {axes}, found {n}")));
    }
    shape::checked_size(grid, 1)?;
    let whole = coordinates.iter().map(|x| integers(cx, x).map(Array::from)).collect::<Result<Vec<Array>>>()?;
    let whole = broadcast_arrays(cx, &whole.iter().collect::<Vec<&Array>>())?;
    let whole = whole.iter().map(|x| cx.engine.contiguous(&cx.tensor(x)?)).collect::<Result<Vec<Tensor>>>()?;
    let mut wrong = None;
    let places = cx.engine.build::<i64>(whole[0].shape(), |d| {
        d.fill(0);
        for (axis, t) in whole.iter().enumerate() {
            let length = grid[axis] as i64;
            for (d, &k) in d.iter_mut().zip(t.elements::<i64>()) {
                let k = match outside {
                    _ if (0..length).contains(&k) => k,
                    Outside::Wrap if length > 0 => k.rem_euclid(length),
                    Outside::Clip if length > 0 => k.clamp(0, length - 1),
                    _ => {
                        wrong = wrong.or(Some((k, axis)));
                        0
                    }
                };
                *d = *d * length + k;
            }
        }
    })?;
    match wrong {
        None => Ok(places.into()),
        Some((k, axis)) => {
            let n = grid[axis];
            Err(Error::value(format!("invalid entry in coordinates array: {k} along axis {axis} with size {n}")))
        }
    }
}

/// `numpy.ix_`: each vector along an axis of its own, so that indexing with all of them gives the elements where chosen
/// rows and columns meet. Conditions become positions.
pub fn ix(cx: &Context, vectors: &[&Array]) -> Result<Vec<Array>> {
    shape::check_ndim(vectors.len())?;
    let along = |(axis, &v): (usize, &&Array)| {
        if v.ndim() != 1 {
            return Err(Error::value("Cross index must be 1 dimensional"));
        }
        let v = if v.dtype() == DType::Bool { Array::from(flatnonzero(cx, v)?) } else { v.clone() };
        let mut shape = Shape::from_elem(1, vectors.len());
        shape[axis] = v.size();
        Ok(reshape(cx, &v, &shape))
    };
    vectors.iter().enumerate().map(along).collect()
}
