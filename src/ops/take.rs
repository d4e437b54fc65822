//! Picking elements by position: along an axis, or anywhere. All are readings of an index plan, so that their
//! derivatives add at the same places, and repeated positions accumulate.

use super::elementwise::{self, cast};
use super::index::{self, Along, Item, Plan};
use super::shape::reshape;
use super::{arrange, nonzero::flatnonzero};
use crate::array::shape;
use crate::array::{DType, Tensor};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// The elements at row-major `positions`, in their shape.
pub fn pick(cx: &Context, x: &Array, positions: Tensor) -> Result<Array> {
    let plan = Plan::new(cx, &[x.size()], &[Item::Array(positions)])?;
    Ok(index::get(cx, &reshape(cx, x, &[x.size()]), &plan))
}

/// An index that leaves the axes before `axis` whole.
pub fn along(axis: usize, item: Item) -> Vec<Item> {
    let mut items = vec![Item::Slice(None, None, None); axis];
    items.push(item);
    items
}

/// The elements at the `positions` along an axis.
pub fn take_along(cx: &Context, x: &Array, axis: usize, positions: Tensor) -> Result<Array> {
    let plan = Plan::new(cx, x.shape(), &along(axis, Item::Array(positions)))?;
    Ok(index::get(cx, x, &plan))
}

/// A list of positions as an index array.
pub fn positions(cx: &Context, list: &[i64]) -> Result<Tensor> {
    cx.engine.build::<i64>(&[list.len()], |d| d.copy_from_slice(list))
}

/// `start`, `start + step`, ... before `stop` along an axis: a view, whose derivative adds in place.
pub fn slice(cx: &Context, x: &Array, axis: usize, start: usize, stop: usize, step: i64) -> Result<Array> {
    let item = Item::Slice(Some(start as i64), Some(stop as i64), Some(step));
    let plan = Plan::new(cx, x.shape(), &along(axis, item))?;
    Ok(index::get(cx, x, &plan))
}

/// Values to be put into `x`, in its dtype as in NumPy; but where that cannot be differentiated, in one that can.
pub fn value_for(cx: &Context, values: &Array, x: &Array) -> Array {
    elementwise::astype(cx, values, kept_dtype(x.dtype(), values.dtype()))
}

fn kept_dtype(x: DType, value: DType) -> DType {
    let keeps = x.is_complex() || x.is_inexact() && !value.is_complex();
    if keeps { x } else { x.promote(value) }
}

/// What becomes of positions outside of the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outside {
    /// They are errors; negative ones count from the end.
    Raise,
    /// They begin anew.
    Wrap,
    /// They become the first or last position.
    Clip,
}

impl Outside {
    /// A position within `0..n`.
    fn place(self, k: i64, n: usize, axis: usize) -> Result<i64> {
        let length = n as i64;
        match self {
            _ if (0..length).contains(&k) => Ok(k),
            Outside::Raise if k < 0 && k >= -length => Ok(k + length),
            Outside::Raise => Err(Error::index(format!("index {k} is out of bounds for axis {axis} with size {n}"))),
            _ if n == 0 => Err(Error::index("cannot do a non-empty take from an empty axes.")),
            Outside::Wrap => Ok(k.rem_euclid(length)),
            Outside::Clip => Ok(k.clamp(0, length - 1)),
        }
    }
}

/// An array of integers, or booleans taken for such, in row-major order.
pub fn integers(cx: &Context, x: &Array) -> Result<Tensor> {
    if x.dtype().is_inexact() {
        return Err(Error::dtype(format!(
            "Cannot cast array data from dtype('{}') to dtype('int64') according to the rule 'safe'",
            x.dtype().name()
        )));
    }
    cx.engine.contiguous(&cast(cx, cx.lazy_tensor(&x.plain())?, DType::I64)?)
}

/// Fills a new index array; the first error ends it.
fn filled(cx: &Context, shape: &[usize], fill: impl FnOnce(&mut [i64]) -> Result<()>) -> Result<Tensor> {
    let mut verdict = Ok(());
    let t = cx.engine.build::<i64>(shape, |d| verdict = fill(d))?;
    verdict.map(|()| t)
}

/// `numpy.take` along an axis, which the axes of `at` replace.
pub fn take(cx: &Context, x: &Array, at: &Array, axis: i64, outside: Outside) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let (at, n) = (integers(cx, at)?, x.shape()[axis]);
    if at.ndim() == 0 {
        let at = outside.place(at.first::<i64>(), n, axis)?;
        // A loop over the elements, one at a time.
        if let (1, Some(y)) = (x.ndim(), index::element(cx, x, &[at])) {
            return Ok(y);
        }
        return Ok(index::get(cx, x, &Plan::new(cx, x.shape(), &along(axis, Item::Int(at)))?));
    }
    if outside == Outside::Raise {
        return take_along(cx, x, axis, at);
    }
    let list = filled(cx, at.shape(), |d| {
        d.iter_mut().zip(at.elements::<i64>()).try_for_each(|(d, &k)| {
            *d = outside.place(k, n, axis)?;
            Ok(())
        })
    })?;
    take_along(cx, x, axis, list)
}

/// `numpy.take_along_axis`.
pub fn take_along_axis(cx: &Context, x: &Array, at: &Array, axis: i64) -> Result<Array> {
    Ok(Along::new(cx, x.shape(), at, axis)?.take(cx, x))
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

/// `numpy.put_along_axis`, which returns the changed array; of values for the same place the last one stays.
pub fn put_along_axis(cx: &Context, x: &Array, at: &Array, values: &Array, axis: i64) -> Result<Array> {
    let places = Along::new(cx, x.shape(), at, axis)?.places(cx)?;
    let plan = Plan::new(cx, &[x.size()], &[Item::Array(places)])?;
    let flat = reshape(cx, x, &[x.size()]);
    Ok(reshape(cx, &index::set(cx, &flat, &plan, &value_for(cx, values, x)), x.shape()))
}

/// `values`, flattened, as often from the beginning as it takes to have `count`; one value is left to broadcasting.
fn repeated(cx: &Context, values: &Array, x: &Array, count: usize) -> Result<Array> {
    let values = value_for(cx, values, x);
    if values.size() == 1 { Ok(reshape(cx, &values, &[])) } else { arrange::resize(cx, &values, &[count]) }
}

/// `values` at the row-major places `list` of `x`; the last one of several for one place stays.
fn put_at(cx: &Context, x: &Array, list: Tensor, values: &Array) -> Result<Array> {
    let plan = Plan::new(cx, &[x.size()], &[Item::Array(list)])?;
    Ok(reshape(cx, &index::set(cx, &reshape(cx, x, &[x.size()]), &plan, values), x.shape()))
}

/// `numpy.put`, which returns the changed array: `values`, flattened and repeated, at row-major positions.
pub fn put(cx: &Context, x: &Array, at: &Array, values: &Array, outside: Outside) -> Result<Array> {
    let (at, n) = (integers(cx, at)?, x.size());
    let list = filled(cx, &[at.size()], |d| {
        d.iter_mut().zip(at.elements::<i64>()).try_for_each(|(d, &k)| {
            *d = outside.place(k, n, 0)?;
            Ok(())
        })
    })?;
    if values.size() == 0 {
        return Ok(x.clone());
    }
    put_at(cx, x, list, &repeated(cx, values, x, at.size())?)
}

/// The row-major places where a mask of as many elements as `x` holds.
fn masked(cx: &Context, x: &Array, mask: &Array) -> Result<Tensor> {
    if mask.size() != x.size() {
        let (m, n) = (mask.size(), x.size());
        return Err(Error::value(format!("mask and data must be the same size, found {m} and {n} elements")));
    }
    flatnonzero(cx, mask)
}

/// `numpy.place`, which returns the changed array: the first values go where the mask holds, in this order.
pub fn place(cx: &Context, x: &Array, mask: &Array, values: &Array) -> Result<Array> {
    let list = masked(cx, x, mask)?;
    let count = list.size();
    if values.size() == 0 && count > 0 {
        return Err(Error::value("Cannot insert from an empty array!"));
    }
    if count == 0 { Ok(x.clone()) } else { put_at(cx, x, list, &repeated(cx, values, x, count)?) }
}

/// `numpy.putmask`, which returns the changed array: where the mask holds, the value in the same row-major place.
pub fn putmask(cx: &Context, x: &Array, mask: &Array, values: &Array) -> Result<Array> {
    let (list, n) = (masked(cx, x, mask)?, values.size());
    if n == 0 || list.size() == 0 {
        return Ok(x.clone());
    }
    let values = value_for(cx, values, x);
    if n == 1 {
        return put_at(cx, x, list, &reshape(cx, &values, &[]));
    }
    let same = filled(cx, list.shape(), |d| {
        d.iter_mut().zip(list.elements::<i64>()).for_each(|(d, &k)| *d = k % n as i64);
        Ok(())
    })?;
    let chosen = pick(cx, &values, same)?;
    put_at(cx, x, list, &chosen)
}
