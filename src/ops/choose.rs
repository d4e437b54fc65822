//! Choosing by conditions: which array each element comes from, and where a condition holds. What isn't chosen has no
//! influence, whatever it holds.

use super::create;
use super::elementwise::{self, select as either};
use super::gather::{Outside, integers, pick, take_along};
use super::shape::{broadcast_to, concatenate, reshape, slice_axis};
use crate::array::{DType, Shape, Strides, Tensor, shape};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::trace::Array;

/// The shape to which all broadcast.
fn together<'a>(shapes: impl Iterator<Item = &'a [usize]>) -> Result<Shape> {
    let mut to = Shape::new();
    for s in shapes {
        to = shape::broadcast(&to, s)?;
    }
    shape::checked_size(&to, 16)?;
    Ok(to)
}

/// `numpy.choose`: each element from the array whose number stands in its place.
pub fn choose(cx: &Context, numbers: &Array, choices: &[&Array], outside: Outside) -> Result<Array> {
    let Some(first) = choices.first() else { return Err(Error::value("choose needs at least one array")) };
    let numbers = integers(cx, numbers)?;
    let to = together(choices.iter().map(|c| c.shape()).chain([numbers.shape()]))?;
    let dtype = choices.iter().fold(first.dtype(), |d, c| d.promote(c.dtype()));
    let flat: Vec<Array> =
        choices.iter().map(|c| reshape(cx, &elementwise::astype(cx, c, dtype), &[c.size()])).collect();
    // All choices lie one after the other; where each begins, and how it broadcasts.
    let mut begin = 0;
    let places: Vec<(isize, Strides)> = choices
        .iter()
        .map(|c| {
            let strides = shape::broadcast_strides(c.shape(), &shape::contiguous(c.shape()), &to);
            let at = begin;
            begin += c.size() as isize;
            (at, strides.expect("broadcast above"))
        })
        .collect();
    let steps = shape::broadcast_strides(numbers.shape(), numbers.strides(), &to).expect("broadcast above");
    let numbers = cx.engine.contiguous(&numbers.view_as(to.clone(), numbers.offset(), steps))?;
    let n = choices.len() as i64;
    let mut wrong = None;
    let list = cx.engine.build::<i64>(&to, |d| {
        let row_major = shape::contiguous(&to);
        for (i, (d, &k)) in d.iter_mut().zip(numbers.elements::<i64>()).enumerate() {
            let k = match outside {
                _ if (0..n).contains(&k) => k,
                Outside::Raise => {
                    wrong = Some(k);
                    0
                }
                Outside::Wrap => k.rem_euclid(n),
                Outside::Clip => k.clamp(0, n - 1),
            };
            let (begin, strides) = &places[k as usize];
            let offset = |(axis, &step): (usize, &isize)| (i / row_major[axis] as usize % to[axis]) as isize * step;
            *d = (begin + strides.iter().enumerate().map(offset).sum::<isize>()) as i64;
        }
    })?;
    if let Some(k) = wrong {
        return Err(Error::value(format!("invalid entry in choice array: {k}, with {n} choices")));
    }
    pick(cx, &concatenate(cx, &flat.iter().collect::<Vec<&Array>>(), 0), list)
}

/// `numpy.select`: the choice of the first condition that holds, else the default.
pub fn select(cx: &Context, conditions: &[&Array], choices: &[&Array], default: &Array) -> Result<Array> {
    if conditions.len() != choices.len() {
        return Err(Error::value("list of cases must be same length as list of conditions"));
    }
    if conditions.is_empty() {
        return Err(Error::value("select with an empty condition list is not possible"));
    }
    if let Some(i) = conditions.iter().position(|c| c.dtype() != DType::Bool) {
        return Err(Error::dtype(format!("invalid entry {i} in condlist: should be boolean ndarray")));
    }
    together(conditions.iter().chain(choices).map(|a| a.shape()).chain([default.shape()]))?;
    let mut y = default.clone();
    for (c, x) in conditions.iter().zip(choices).rev() {
        y = either(cx, c, x, &y);
    }
    Ok(y)
}

/// `numpy.piecewise` with values instead of functions: where conditions hold, the value of the last one; elsewhere the
/// additional value, or 0.
pub fn piecewise(cx: &Context, x: &Array, conditions: &[&Array], values: &[&Array]) -> Result<Array> {
    let (n, m) = (conditions.len(), values.len());
    if m != n && m != n + 1 {
        return Err(Error::value(format!(
            "with {n} condition(s), either {n} or {} functions are expected, found {m}",
            n + 1
        )));
    }
    let mut y = match values.get(n) {
        Some(rest) => (*rest).clone(),
        None => create::full(cx, x.dtype(), &[], 0.0),
    };
    for (c, v) in conditions.iter().zip(values) {
        let c = elementwise::astype(cx, &c.plain(), DType::Bool);
        y = either(cx, &c, v, &y);
    }
    if y.shape() == x.shape() { Ok(y) } else { Ok(broadcast_to(cx, &y, x.shape())) }
}

// -------------------------------------------------------------------------------------------------------------- places

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

/// `numpy.compress`: the entries along an axis for which the condition, a vector, holds.
pub fn compress(cx: &Context, condition: &Array, x: &Array, axis: i64) -> Result<Array> {
    if condition.ndim() != 1 {
        return Err(Error::value("condition must be a 1-d array"));
    }
    let axis = shape::normalize_axis(axis, x.ndim())?;
    take_along(cx, x, axis, flatnonzero(cx, condition)?)
}

/// `numpy.extract`: the elements for which the condition holds, both flattened.
pub fn extract(cx: &Context, condition: &Array, x: &Array) -> Result<Array> {
    take_along(cx, &reshape(cx, x, &[x.size()]), 0, flatnonzero(cx, condition)?)
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
