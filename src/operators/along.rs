//! Functions of vectors, applied along an axis of an array.

use super::grad::Function;
use crate::array::{Shape, shape};
use crate::error::{Error, Result};
use crate::ops::shape::{reshape, stack};
use crate::ops::{arrange, join};
use crate::trace::{Array, Context};
use shape::Show;

/// `numpy.apply_along_axis`: the function's results for all lines along the axis. Their axes stand where it was. The null
/// value if the function failed.
pub fn apply_along_axis(cx: &Context, f: &Function<'_>, x: &Array, axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let moved = arrange::moveaxis(cx, x, &[axis as i64], &[-1])?;
    if cx.failed() {
        return Ok(Array::Null);
    }
    let (&length, outer) = moved.shape().split_last().expect("there is the axis");
    let lines = shape::size_of(outer);
    if lines == 0 {
        return Err(Error::value("Cannot apply_along_axis when any iteration dimensions are 0"));
    }
    let mut results: Vec<Array> = Vec::new();
    let rows = reshape(cx, &moved, &[lines, length]);
    if cx.failed() {
        return Ok(Array::Null);
    }
    for line in join::unstack(cx, &rows, 0)? {
        let Some(y) = f(cx, &[line]).into_iter().next().filter(|_| !cx.failed()) else { return Ok(Array::Null) };
        if let Some(first) = results.first().filter(|first| first.shape() != y.shape()) {
            let (first, y) = (Show(first.shape()), Show(y.shape()));
            return Err(Error::shape(format!("the results of the function have shapes {first} and {y}")));
        }
        results.push(y);
    }
    let inner = Shape::from_slice(results[0].shape());
    shape::check_ndim(outer.len() + inner.len())?;
    let y = stack(cx, &results.iter().collect::<Vec<&Array>>(), 0);
    let all: Shape = outer.iter().chain(&inner).copied().collect();
    let y = reshape(cx, &y, &all);
    if cx.failed() {
        return Ok(Array::Null);
    }
    let places = |first: usize| (first as i64..(first + inner.len()) as i64).collect::<Vec<i64>>();
    arrange::moveaxis(cx, &y, &places(outer.len()), &places(axis))
}
