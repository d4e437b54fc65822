//! Arrays put together and taken apart: stacks, blocks, splits, grids. Parts are views, whose derivatives add to the
//! whole in place, so that many parts cost no more than one.

use super::arrange::atleast;
use super::index::{self, Item, Plan};
use super::shape::{broadcast_to, concatenate, listed, reshape, transpose};
use super::take;
use crate::array::{DType, Shape, shape};
use crate::error::{Error, Result, excerpt};
use crate::kernels::memory::{collected, try_list};
use crate::trace::{Array, Context};

fn first<'a>(arrays: &[&'a Array]) -> Result<&'a Array> {
    arrays.first().copied().ok_or_else(|| Error::value("need at least one array to concatenate"))
}

fn joined(cx: &Context, arrays: &[Array], axis: usize) -> Result<Array> {
    Ok(concatenate(cx, &listed(arrays.iter())?, axis))
}

/// A list that is to hold `n` arrays.
fn list_of(n: usize) -> Result<Vec<Array>> {
    try_list(n).ok_or_else(|| Error::too_many(n))
}

/// `numpy.vstack`: rows, and matrices, one below the other.
pub fn vstack(cx: &Context, arrays: &[&Array]) -> Result<Array> {
    first(arrays)?;
    let parts = listed(arrays.iter().map(|a| atleast(cx, a, 2)))?;
    joined(cx, &parts, 0)
}

/// `numpy.hstack`: along axis 1, vectors along their only one.
pub fn hstack(cx: &Context, arrays: &[&Array]) -> Result<Array> {
    let axis = usize::from(first(arrays)?.ndim() > 1);
    let parts = listed(arrays.iter().map(|a| atleast(cx, a, 1)))?;
    joined(cx, &parts, axis)
}

/// `numpy.dstack`: along axis 2.
pub fn dstack(cx: &Context, arrays: &[&Array]) -> Result<Array> {
    first(arrays)?;
    let parts = listed(arrays.iter().map(|a| atleast(cx, a, 3)))?;
    joined(cx, &parts, 2)
}

/// `numpy.column_stack`: vectors as columns, matrices side by side.
pub fn column_stack(cx: &Context, arrays: &[&Array]) -> Result<Array> {
    first(arrays)?;
    let column = |a: &&Array| if a.ndim() < 2 { reshape(cx, a, &[a.size(), 1]) } else { (*a).clone() };
    let parts = listed(arrays.iter().map(column))?;
    joined(cx, &parts, 1)
}

/// `numpy.append` without an axis: both flattened.
pub fn append(cx: &Context, x: &Array, values: &Array) -> Array {
    concatenate(cx, &[&reshape(cx, x, &[x.size()]), &reshape(cx, values, &[values.size()])], 0)
}

/// `numpy.append` along an axis.
pub fn append_axis(cx: &Context, x: &Array, values: &Array, axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    Ok(concatenate(cx, &[x, values], axis))
}

/// `numpy.block` of two levels: rows of `lengths[i]` arrays each, joined along the last axis, then below each other.
pub fn block(cx: &Context, arrays: &[&Array], lengths: &[usize]) -> Result<Array> {
    if lengths.is_empty() || lengths.contains(&0) {
        return Err(Error::value("List depths are mismatched: a block needs rows, and a row needs arrays"));
    }
    let n = arrays.iter().map(|a| a.ndim()).max().unwrap_or(0).max(2);
    let mut rest = arrays;
    let mut bands = list_of(lengths.len())?;
    for &length in lengths {
        let (row, tail) = rest
            .split_at_checked(length)
            .ok_or_else(|| Error::value(format!("{} arrays are fewer than the rows need", arrays.len())))?;
        rest = tail;
        let parts = listed(row.iter().map(|a| {
            let mut shape = Shape::from_elem(1, n - a.ndim());
            shape.extend_from_slice(a.shape());
            reshape(cx, a, &shape)
        }))?;
        bands.push(joined(cx, &parts, n - 1)?);
    }
    joined(cx, &bands, n - 2)
}

// ------------------------------------------------------------------------------------------------------------- parts

/// `numpy.split` at positions, which may lie outside of the array or go backwards, as Python's slices.
pub fn split_at(cx: &Context, x: &Array, at: &[i64], axis: i64) -> Result<Vec<Array>> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    (0..=at.len())
        .map(|k| {
            let start = k.checked_sub(1).map(|k| at[k]);
            let item = Item::Slice(start, at.get(k).copied(), None);
            Ok(index::get(cx, x, &Plan::new(cx, x.shape(), &take::along(axis, item))?))
        })
        .collect()
}

/// `numpy.array_split` (or `numpy.split`, if the parts must be `equal`) into a number of parts.
pub fn split(cx: &Context, x: &Array, sections: i64, axis: i64, equal: bool) -> Result<Vec<Array>> {
    let n = x.shape().get(shape::normalize_axis(axis, x.ndim())?).copied().unwrap_or(0);
    let sections = usize::try_from(sections)
        .ok()
        .filter(|&s| s > 0)
        .ok_or_else(|| Error::value("number sections must be larger than 0."))?;
    if equal && !n.is_multiple_of(sections) {
        return Err(Error::value(format!(
            "array split does not result in an equal division: {n} entries in {sections} sections"
        )));
    }
    if sections > 1 << 28 {
        return Err(Error::memory(format!("{sections} sections are more arrays than there can be")));
    }
    let (each, extras) = (n / sections, n % sections);
    let at: Vec<i64> = collected((1..sections).map(|k| (k * each + k.min(extras)) as i64))?;
    split_at(cx, x, &at, axis)
}

/// The axis of `numpy.vsplit` (0), `hsplit` (1; 0 of vectors) and `dsplit` (2).
pub fn split_axis(name: &str, x: &Array, axis: usize) -> Result<i64> {
    let n = x.ndim();
    if axis == 1 && n == 1 {
        return Ok(0);
    }
    let least = if axis == 1 { 1 } else { axis.max(1) + 1 };
    if n < least {
        return Err(Error::value(format!("{name} only works on arrays of {least} or more dimensions")));
    }
    Ok(axis as i64)
}

/// `numpy.unstack`: the entries along an axis.
pub fn unstack(cx: &Context, x: &Array, axis: i64) -> Result<Vec<Array>> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    if x.ndim() == 1 && x.dtype() == DType::F64 {
        let mut elements = list_of(x.shape()[0])?;
        elements.extend((0..x.shape()[0] as i64).map_while(|i| index::element(cx, x, &[i])));
        if elements.len() == x.shape()[0] {
            return Ok(elements);
        }
    }
    let mut parts = list_of(x.shape()[axis])?;
    for i in 0..x.shape()[axis] as i64 {
        parts.push(index::get(cx, x, &Plan::new(cx, x.shape(), &take::along(axis, Item::Int(i)))?));
    }
    Ok(parts)
}

// ------------------------------------------------------------------------------------------------------------- grids

/// `numpy.broadcast_arrays`.
pub fn broadcast_arrays(cx: &Context, arrays: &[&Array]) -> Result<Vec<Array>> {
    let mut shape = Shape::new();
    for a in arrays {
        shape = shape::broadcast(&shape, a.shape()).map_err(|_| {
            let shapes: Vec<String> = arrays.iter().map(|a| shape::Show(a.shape()).to_string()).collect();
            Error::shape(format!(
                "shape mismatch: objects cannot be broadcast to a single shape: {}",
                excerpt(&shapes.join(" "))
            ))
        })?;
    }
    Ok(arrays.iter().map(|a| broadcast_to(cx, a, &shape)).collect())
}

/// `numpy.meshgrid`: with `matrix` in the order of axes ("ij"), else the first two exchanged ("xy"); `sparse` leaves
/// extents of 1.
pub fn meshgrid(cx: &Context, arrays: &[&Array], matrix: bool, sparse: bool) -> Result<Vec<Array>> {
    let n = arrays.len();
    if n > shape::MAX_NDIM {
        return Err(Error::value(format!("maximum supported dimension for an array is 64, found {n}")));
    }
    let lines: Vec<Array> = arrays
        .iter()
        .enumerate()
        .map(|(i, a)| {
            let mut shape = Shape::from_elem(1, n);
            shape[i] = a.size();
            let line = reshape(cx, a, &shape);
            if matrix || n < 2 {
                return line;
            }
            let mut order: crate::array::Axes = (0..n).collect();
            order.swap(0, 1);
            transpose(cx, &line, &order)
        })
        .collect();
    if sparse { Ok(lines) } else { broadcast_arrays(cx, &lines.iter().collect::<Vec<&Array>>()) }
}
