//! Where elements are not 0. Positions have no derivative.

use super::elementwise;
use super::shape::slice_axis;
use crate::array::{DType, Tensor};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// The row-major positions of elements that are not zero.
pub fn flatnonzero(cx: &Context, x: &Array) -> Result<Tensor> {
    let truth = cx.engine.contiguous(&cx.tensor(&elementwise::astype(cx, &x.plain(), DType::Bool))?)?;
    let truth = truth.elements::<bool>();
    let count = truth.iter().filter(|&&t| t).count();
    cx.engine.build::<i64>(&[count], |d| {
        let found = truth.iter().enumerate().filter(|(_, t)| **t);
        d.iter_mut().zip(found).for_each(|(d, (i, _))| *d = i as i64);
    })
}

/// The coordinate along one axis of a row-major position.
fn coordinate(position: i64, shape: &[usize], axis: usize) -> i64 {
    let inner: usize = shape[axis + 1..].iter().product();
    (position as usize / inner.max(1) % shape[axis].max(1)) as i64
}

/// `numpy.nonzero`: the coordinates of elements that are not zero, an array for each axis.
pub fn nonzero(cx: &Context, x: &Array) -> Result<Vec<Array>> {
    if x.ndim() == 0 {
        return Err(Error::value("Calling nonzero on 0d arrays is not allowed. Use ag_atleast_1d first."));
    }
    let found = flatnonzero(cx, x)?;
    let along = |axis| {
        cx.engine.build::<i64>(found.shape(), |d| {
            d.iter_mut().zip(found.elements::<i64>()).for_each(|(d, &p)| *d = coordinate(p, x.shape(), axis));
        })
    };
    (0..x.ndim()).map(|axis| along(axis).map(Array::from)).collect()
}

/// `numpy.argwhere`: the same with a row for each element.
pub fn argwhere(cx: &Context, x: &Array) -> Result<Tensor> {
    let (found, n) = (flatnonzero(cx, x)?, x.ndim());
    cx.engine.build::<i64>(&[found.size(), n], |d| {
        if n > 0 {
            for (row, &p) in d.chunks_exact_mut(n).zip(found.elements::<i64>()) {
                row.iter_mut().enumerate().for_each(|(axis, d)| *d = coordinate(p, x.shape(), axis));
            }
        }
    })
}

/// `numpy.trim_zeros`: the smallest box with all elements that are not zero, along the axes given and at the sides given.
pub fn trim_zeros(cx: &Context, x: &Array, front: bool, back: bool, axes: &[usize]) -> Result<Array> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let places = nonzero(cx, x)?;
    let mut y = x.clone();
    for &axis in axes {
        let along = cx.tensor(&places[axis])?;
        let list = along.elements::<i64>();
        // Where nothing is different from zero there is nothing to keep, whichever side was asked for.
        let (mut start, mut stop) = (0, if list.is_empty() { 0 } else { x.shape()[axis] });
        if let (Some(&first), Some(&last)) = (list.iter().min(), list.iter().max()) {
            start = if front { first as usize } else { start };
            stop = if back { last as usize + 1 } else { stop };
        }
        y = slice_axis(cx, &y, axis, start, stop - start);
    }
    Ok(y)
}
