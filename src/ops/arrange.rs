//! The same elements in another order, or several times: axes moved, flipped, rolled and turned, arrays tiled and
//! repeated, entries deleted and inserted. What can be a view is one; what repeats is a view until it is reshaped.

use super::elementwise;
use super::index::{self, Item, Plan};
use super::shape::{
    broadcast_cotangent, broadcast_to, concatenate, contiguous, expand_dims, linear, reshape, resolve, reversed,
    transpose,
};
use super::take::{self, positions, take_along, value_for};
use crate::array::{Axes, Shape, shape};
use crate::error::{Error, Result};
use crate::kernels::copy::copy;
use crate::kernels::memory::{collected, repeated, with_room};
use crate::kernels::strided::{self, Layout, StridedView};
use crate::trace::{Array, Context, Kept, Meta, Primitive, apply};
use crate::with_dtype;

// ---------------------------------------------------------------------------------------------------------------- axes

/// `numpy.moveaxis`: axis `source[i]` becomes axis `destination[i]`, the others keep their order.
pub fn moveaxis(cx: &Context, x: &Array, source: &[i64], destination: &[i64]) -> Result<Array> {
    let n = x.ndim();
    if source.len() != destination.len() {
        return Err(Error::value("`source` and `destination` arguments must have the same number of elements"));
    }
    let (source, destination) = (shape::normalize_axes(source, n)?, shape::normalize_axes(destination, n)?);
    let mut order: Axes = (0..n).filter(|a| !source.contains(a)).collect();
    let mut moves: Vec<(usize, usize)> = destination.iter().copied().zip(source.iter().copied()).collect();
    moves.sort_unstable();
    for (to, from) in moves {
        order.insert(to, from);
    }
    Ok(transpose(cx, x, &order))
}

/// `numpy.rollaxis`: axis `axis` comes before the axis `start`.
pub fn rollaxis(cx: &Context, x: &Array, axis: i64, start: i64) -> Result<Array> {
    let n = x.ndim();
    let axis = shape::normalize_axis(axis, n)?;
    let start = match usize::try_from(start) {
        Ok(start) if start <= n => start,
        Err(_) if start >= -(n as i64) => (start + n as i64) as usize,
        _ => {
            return Err(Error::value(format!(
                "'start' arg requires -{n} <= start < {}, but {start} was passed in",
                n + 1
            )));
        }
    };
    let mut order: Axes = (0..n).filter(|&a| a != axis).collect();
    order.insert(if axis < start { start - 1 } else { start }, axis);
    Ok(transpose(cx, x, &order))
}

/// `numpy.atleast_1d`, `atleast_2d` and `atleast_3d`: `n` is their number.
pub fn atleast(cx: &Context, x: &Array, n: usize) -> Array {
    let d = x.shape();
    match (n, d) {
        (1, []) => reshape(cx, x, &[1]),
        (2, []) => reshape(cx, x, &[1, 1]),
        (2, &[a]) => reshape(cx, x, &[1, a]),
        (3, []) => reshape(cx, x, &[1, 1, 1]),
        (3, &[a]) => reshape(cx, x, &[1, a, 1]),
        (3, &[a, b]) => reshape(cx, x, &[a, b, 1]),
        _ => x.clone(),
    }
}

/// `numpy.matrix_transpose`: the last two axes exchanged.
pub fn matrix_transpose(cx: &Context, x: &Array) -> Result<Array> {
    let n = x.ndim();
    if n < 2 {
        return Err(Error::value(format!("Input array must be at least 2-dimensional, but it is {n}")));
    }
    let mut order: Axes = (0..n).collect();
    order.swap(n - 1, n - 2);
    Ok(transpose(cx, x, &order))
}

/// `numpy.flip` along `axes`: a view.
pub fn flip(cx: &Context, x: &Array, axes: &[usize]) -> Result<Array> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let items: Vec<Item> = (0..x.ndim()).map(|a| Item::Slice(None, None, axes.contains(&a).then_some(-1))).collect();
    Ok(index::get(cx, x, &Plan::new(cx, x.shape(), &items)?))
}

/// `numpy.flipud` (axis 0) or `numpy.fliplr` (axis 1).
pub fn flip_matrix(cx: &Context, x: &Array, axis: usize) -> Result<Array> {
    if x.ndim() <= axis {
        return Err(Error::value(format!("Input must be >= {}-d.", axis + 1)));
    }
    flip(cx, x, &[axis])
}

/// `numpy.rot90`: turned `k` times by 90 degrees from the first axis towards the second.
pub fn rot90(cx: &Context, x: &Array, k: i64, axis1: i64, axis2: i64) -> Result<Array> {
    let n = x.ndim();
    let (a, b) = (shape::normalize_axis(axis1, n)?, shape::normalize_axis(axis2, n)?);
    if a == b {
        return Err(Error::value("Axes must be different."));
    }
    let mut order: Axes = (0..n).collect();
    order.swap(a, b);
    match k.rem_euclid(4) {
        0 => Ok(x.clone()),
        1 => Ok(transpose(cx, &flip(cx, x, &[b])?, &order)),
        2 => flip(cx, x, &[a, b]),
        _ => flip(cx, &transpose(cx, x, &order), &[b]),
    }
}

// ---------------------------------------------------------------------------------------------------------------- roll

/// `numpy.roll` along several axes; an axis that occurs twice is rolled twice.
pub fn roll(cx: &Context, x: &Array, shifts: &[i64], axes: &[i64]) -> Result<Array> {
    if shifts.len() != axes.len() {
        return Err(Error::value(format!("{} shifts for {} axes", shifts.len(), axes.len())));
    }
    let mut y = x.clone();
    for (&shift, &axis) in shifts.iter().zip(axes) {
        let axis = shape::normalize_axis(axis, x.ndim())?;
        y = roll_axis(cx, &y, shift, axis);
    }
    Ok(y)
}

/// Rolled along one axis.
pub fn roll_axis(cx: &Context, x: &Array, shift: i64, axis: usize) -> Array {
    let length = x.shape().get(axis).copied().unwrap_or(0);
    let shift = if length == 0 { 0 } else { shift.rem_euclid(length as i64) as usize };
    if shift == 0 { x.clone() } else { apply(cx, &Roll { axis, shift, shape: x.shape().into() }, &[x]) }
}

/// `numpy.roll` of the flattened array.
pub fn roll_flat(cx: &Context, x: &Array, shift: i64) -> Array {
    let shift = if x.size() == 0 { 0 } else { shift.rem_euclid(x.size() as i64) as usize };
    if shift == 0 { x.clone() } else { apply(cx, &RollFlat { shift, shape: x.shape().into() }, &[x]) }
}

/// All elements in row-major order, as one row.
#[derive(Clone)]
struct RollFlat {
    /// Between 0 and their number.
    shift: usize,
    shape: Shape,
}

linear! { RollFlat "ag_roll" |self, cx, t| {
    let layout = Layout::new(&self.shape, t.strides(), t.offset());
    let transposed = layout.is_transposed();
    // Rows that are runs are faster copied to their places, and all of them shifted then.
    let t = if transposed { t } else { cx.engine.contiguous(&t)? };
    with_dtype!(t.dtype(), T => cx.engine.build::<T>(&self.shape, |d| {
        let back = d.len() - self.shift;
        if !transposed {
            return roll_rows(t.elements::<T>(), d, d.len(), self.shift);
        }
        let (last, first) = d.split_at_mut(self.shift);
        layout.read_rows(t.memory::<T>(), 0, first, 0);
        layout.read_rows(t.memory::<T>(), back, last, 0);
    })?)
}, |cx, g| {
    let back = shape::size_of(&self.shape) - self.shift;
    apply(cx, &RollFlat { shift: back, shape: self.shape.clone() }, &[&broadcast_cotangent(cx, g, &self.shape)])
}, batch |cx, x, n| {
    let rows = reshape(cx, x, &[n, shape::size_of(&self.shape)]);
    reshape(cx, &roll_axis(cx, &rows, self.shift as i64, 1), x.shape())
}, shown format!("shift={}", self.shift) }

/// Rows rolled by `shift` elements. All elements move by the same distance, but for a few at the ends of rows: where
/// these are few, one copy of everything and their correction are faster than two short copies per row.
fn roll_rows<T: Copy>(from: &[T], to: &mut [T], row: usize, shift: usize) {
    let (n, back) = (from.len(), row - shift);
    if shift <= FEW {
        copy(&mut to[shift..], &from[..n - shift]);
        for k in 0..shift {
            let (to, from) = (to[k..].iter_mut().step_by(row), from[back + k..].iter().step_by(row));
            to.zip(from).for_each(|(to, &from)| *to = from);
        }
    } else if back <= FEW {
        copy(&mut to[..n - back], &from[back..]);
        for k in 0..back {
            let (to, from) = (to[shift + k..].iter_mut().step_by(row), from[k..].iter().step_by(row));
            to.zip(from).for_each(|(to, &from)| *to = from);
        }
    } else {
        for (to, from) in to.chunks_exact_mut(row).zip(from.chunks_exact(row)) {
            copy(&mut to[shift..], &from[..back]);
            copy(&mut to[..shift], &from[back..]);
        }
    }
}

/// The number of elements at an end of a row that are corrected one by one.
const FEW: usize = 4;

#[derive(Clone)]
struct Roll {
    axis: usize,
    /// Between 0 and the extent.
    shift: usize,
    shape: Shape,
}

linear! { Roll "ag_roll" |self, cx, t| {
    let inner: usize = self.shape[self.axis + 1..].iter().product();
    let (n, shift) = (self.shape[self.axis], self.shift);
    with_dtype!(t.dtype(), T => cx.engine.build::<T>(&self.shape, |d| {
        if d.is_empty() {
            return;
        }
        if t.is_contiguous() {
            return roll_rows(t.elements::<T>(), d, n * inner, shift * inner);
        }
        // Two parts of a view, which change places.
        let strides = shape::contiguous(&self.shape);
        for (first, length, to) in [(0, n - shift, shift), (n - shift, shift, 0)] {
            let mut part = self.shape.clone();
            part[self.axis] = length;
            let offset = t.offset() as isize + first as isize * t.strides()[self.axis];
            let from = StridedView { offset: offset as usize, strides: t.strides() };
            strided::copy_to(&part, t.memory::<T>(), from, d, StridedView { offset: to * inner, strides: &strides });
        }
    })?)
}, |cx, g| {
    let back = self.shape[self.axis] - self.shift;
    apply(cx, &Roll { axis: self.axis, shift: back, shape: self.shape.clone() }, &[&broadcast_cotangent(cx, g, &self.shape)])
}, batch |cx, x, _n| roll_axis(cx, x, self.shift as i64, self.axis + 1), shown format!("shift={}, axis={}", self.shift, self.axis) }

// ------------------------------------------------------------------------------------------------------- repetitions

/// `numpy.tile`.
pub fn tile(cx: &Context, x: &Array, reps: &[i64]) -> Result<Array> {
    if let Some(r) = reps.iter().find(|&&r| r < 0) {
        return Err(Error::value(format!("negative dimensions are not allowed, found {r} repetitions")));
    }
    let n = reps.len().max(x.ndim());
    // Each axis is split in two where there is something to repeat and something to be repeated.
    let (mut single, mut spread, mut merged) = (Shape::new(), Shape::new(), Shape::new());
    for i in 0..n {
        let d = (i + x.ndim()).checked_sub(n).map_or(1, |k| x.shape()[k]);
        let r = (i + reps.len()).checked_sub(n).map_or(1, |k| reps[k]) as usize;
        if r != 1 {
            single.push(1);
            spread.push(r);
        }
        if r == 1 || d != 1 {
            single.push(d);
            spread.push(d);
        }
        merged.push(r.checked_mul(d).ok_or_else(|| Error::memory("the tiles are larger than the address space"))?);
    }
    shape::checked_size(&merged, x.dtype().size())?;
    Ok(reshape(cx, &broadcast_to(cx, &reshape(cx, x, &single), &spread), &merged))
}

/// `numpy.repeat` with one count for all elements along an axis.
pub fn repeat(cx: &Context, x: &Array, count: i64, axis: usize) -> Result<Array> {
    let count = usize::try_from(count).map_err(|_| Error::value("counts cannot be negative"))?;
    let mut spread = Shape::from_slice(x.shape());
    let mut merged = spread.clone();
    spread.insert(axis + 1, count);
    merged[axis] = merged[axis]
        .checked_mul(count)
        .ok_or_else(|| Error::memory("the repeated array is larger than the address space"))?;
    shape::checked_size(&merged, x.dtype().size())?;
    let x = expand_dims(cx, &contiguous(cx, x), axis + 1);
    Ok(reshape(cx, &broadcast_to(cx, &x, &spread), &merged))
}

/// `numpy.repeat` with a count for each element along an axis.
pub fn repeat_counts(cx: &Context, x: &Array, counts: &[i64], axis: usize) -> Result<Array> {
    let n = x.shape()[axis];
    if let [one] = counts {
        return repeat(cx, x, *one, axis);
    }
    if counts.len() != n {
        return Err(Error::shape(format!(
            "operands could not be broadcast together with shape ({n},) ({},)",
            counts.len()
        )));
    }
    let mut total = 0usize;
    for &c in counts {
        let c = usize::try_from(c).map_err(|_| Error::value("counts cannot be negative"))?;
        total =
            total.checked_add(c).ok_or_else(|| Error::memory("the repeated array is larger than the address space"))?;
    }
    let list = cx.engine.build::<i64>(&[total], |d| {
        let mut at = 0;
        for (i, &c) in counts.iter().enumerate() {
            d[at..at + c as usize].fill(i as i64);
            at += c as usize;
        }
    })?;
    take_along(cx, x, axis, list)
}

// ------------------------------------------------------------------------------------------------------------- shapes

/// `numpy.reshape` with order 'F': elements in column-major order.
pub fn reshape_f(cx: &Context, x: &Array, request: &[i64]) -> Result<Array> {
    let mut to = resolve(request, x.size())?;
    let size = shape::checked_size(&to, 1)?;
    if size != x.size() {
        return Err(Error::shape(format!("cannot reshape array of size {} into shape {}", x.size(), shape::Show(&to))));
    }
    to.reverse();
    let transposed = reshape(cx, &transpose(cx, x, &reversed(x.ndim())), &to);
    Ok(transpose(cx, &transposed, &reversed(to.len())))
}

/// `numpy.ravel` with order 'F'.
pub fn ravel_f(cx: &Context, x: &Array) -> Array {
    reshape(cx, &transpose(cx, x, &reversed(x.ndim())), &[x.size()])
}

/// `numpy.resize`: as many elements as the shape needs, from the beginning again where there are too few; zeros if
/// there is none.
pub fn resize(cx: &Context, x: &Array, to: &[usize]) -> Result<Array> {
    let (n, size) = (shape::checked_size(to, x.dtype().size())?, x.size());
    if size == 0 {
        return Ok(super::zeros(cx, &Meta { dtype: x.dtype(), shape: to.into() }));
    }
    let tiled = tile(cx, &reshape(cx, x, &[size]), &[n.div_ceil(size) as i64])?;
    let enough = take::slice(cx, &tiled, 0, 0, n, 1)?;
    Ok(reshape(cx, &enough, to))
}

// --------------------------------------------------------------------------------------------- deleting and inserting

/// `numpy.delete` along an axis; positions may be negative and occur several times.
pub fn delete(cx: &Context, x: &Array, at: &[i64], axis: usize) -> Result<Array> {
    let n = x.shape()[axis];
    let mut stays = repeated(true, n)?;
    for &i in at {
        stays[place(i, n, n, axis)?] = false;
    }
    let mut list: Vec<i64> = with_room(n)?;
    list.extend((0..n as i64).filter(|&i| stays[i as usize]));
    take_along(cx, x, axis, positions(cx, &list)?)
}

/// A position from 0 up to, but not including, `end`, of an axis of extent `n`.
fn place(i: i64, n: usize, end: usize, axis: usize) -> Result<usize> {
    let at = if i < 0 { i.saturating_add(n as i64) } else { i };
    usize::try_from(at)
        .ok()
        .filter(|&at| at < end)
        .ok_or_else(|| Error::index(format!("index {i} is out of bounds for axis {axis} with size {n}")))
}

/// `numpy.insert` along an axis, before the positions given. With one position all of `values` go there; with several,
/// one entry of `values` (broadcast) before each.
pub fn insert(cx: &Context, x: &Array, at: &[i64], values: &Array, axis: usize) -> Result<Array> {
    let n = x.shape()[axis];
    let mut places: Vec<usize> = with_room(at.len())?;
    for &i in at {
        places.push(place(i, n, n + 1, axis)?);
    }
    let mut shape = Shape::from_slice(x.shape());
    let lead = values.ndim().saturating_sub(shape.len());
    shape[axis] = if let [one] = places[..] {
        // Values with fewer axes than the array are aligned at the last ones.
        let extent = (axis + values.ndim()).checked_sub(shape.len()).map_or(1, |a| values.shape()[a]);
        places = repeated(one, extent)?;
        extent
    } else {
        places.len()
    };
    let ones = values.shape()[..lead].iter().all(|&d| d == 1);
    let rest = &values.shape()[lead..];
    if !ones || shape::broadcast_strides(rest, &shape::contiguous(rest), &shape).is_none() {
        return Err(Error::shape(format!(
            "could not broadcast input array from shape {} into shape {}",
            shape::Show(values.shape()),
            shape::Show(&shape)
        )));
    }
    let values = reshape(cx, values, rest);
    let values = broadcast_to(cx, &value_for(cx, &values, x), &shape);
    let mut order: Vec<usize> = collected(0..places.len())?;
    order.sort_unstable_by_key(|&k| (places[k], k));
    let mut new = order.into_iter().peekable();
    let mut list = with_room(n + places.len() + 1)?;
    for i in 0..=n {
        while let Some(k) = new.next_if(|&k| places[k] == i) {
            list.push((n + k) as i64);
        }
        list.push(i as i64);
    }
    list.pop();
    let x = elementwise::astype(cx, x, values.dtype());
    take_along(cx, &concatenate(cx, &[&x, &values], axis), axis, positions(cx, &list)?)
}
