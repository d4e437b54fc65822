//! Picking elements by position: along an axis, or anywhere. All are readings of an index plan, so that their
//! derivatives add at the same places, and repeated positions accumulate.

use super::elementwise::{self as rows};
use super::index::{self, Item, Plan};
use super::shape::reshape;
use crate::array::{DType, Tensor};
use crate::context::Context;
use crate::error::Result;
use crate::trace::Array;

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
    rows::astype(cx, values, kept_dtype(x.dtype(), values.dtype()))
}

fn kept_dtype(x: DType, value: DType) -> DType {
    let keeps = x.is_complex() || x.is_inexact() && !value.is_complex();
    if keeps { x } else { x.promote(value) }
}
