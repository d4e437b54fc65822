//! Order: sorting, partitioning, searching. Which element goes where is found out on the plain values; the elements
//! themselves are then picked, so that derivatives follow them to their places; where there is nothing to differentiate,
//! values are sorted alone. NaN comes last, complex numbers are
//! compared by their real, then by their imaginary parts, and what is equal keeps its order.

use super::arrange::moveaxis;
use super::elementwise::{self, cast};
use super::index::Along;
use super::shape::{permuted, reshape};
use super::take::pick;
use crate::array::{Axes, DType, Element, Shape, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::memory::{collected, repeated, with_room};
use crate::kernels::sort::{self, Scratch, Sorted};
use crate::trace::{Array, Context};
use crate::with_dtype;
use num_complex::{Complex32, Complex64};
use std::cmp::Ordering::{self, Equal, Greater, Less};

/// NumPy's order of the elements.
pub trait Ordered: Element {
    fn order(&self, other: &Self) -> Ordering;
    fn is_nan(&self) -> bool {
        false
    }
    /// Whether there are keys: integers in the same order, equal for equal elements and for any two NaN.
    const KEYED: bool = false;
    fn key(self) -> i64 {
        0
    }
    /// Whether a list can be put in order by comparing its elements alone: no two of them are equal and yet different.
    fn are_numbers(_list: &[Self]) -> bool {
        false
    }
    /// In order, or only the elements of some numbers; `are_numbers` holds.
    fn put_in_order(_list: &mut [Self], _wanted: Option<&[usize]>) {}
}

/// What types have that are put in order by themselves.
macro_rules! arranged {
    () => {
        fn are_numbers(list: &[Self]) -> bool {
            sort::are_plain(list)
        }
        fn put_in_order(list: &mut [Self], wanted: Option<&[usize]>) {
            Self::arrange(list, wanted);
        }
    };
}

impl Ordered for bool {
    fn order(&self, other: &bool) -> Ordering {
        self.cmp(other)
    }
    const KEYED: bool = true;
    fn key(self) -> i64 {
        i64::from(self)
    }
    arranged! {}
}
impl Ordered for i64 {
    fn order(&self, other: &i64) -> Ordering {
        self.cmp(other)
    }
    const KEYED: bool = true;
    fn key(self) -> i64 {
        self
    }
    arranged! {}
}
macro_rules! ordered {
    ($($real:ty, $bits:ty, $complex:ty;)*) => {$(
        impl Ordered for $real {
            fn order(&self, other: &$real) -> Ordering {
                self.partial_cmp(other).unwrap_or_else(|| <$real>::is_nan(*self).cmp(&<$real>::is_nan(*other)))
            }
            fn is_nan(&self) -> bool {
                <$real>::is_nan(*self)
            }
            const KEYED: bool = true;
            fn key(self) -> i64 {
                // The sum makes 0 of -0. Negative numbers have their magnitudes in reverse.
                let bits = (self + 0.0).to_bits() as $bits;
                let key = if bits < 0 { bits ^ <$bits>::MAX } else { bits };
                // NaN is not the greatest integer: a sort in registers has a use for that one.
                i64::from(if <$real>::is_nan(self) { <$bits>::MAX - 1 } else { key })
            }
            arranged! {}
        }
        impl Ordered for $complex {
            fn order(&self, other: &$complex) -> Ordering {
                // Those with NaN in the imaginary part come before those with NaN in the real part.
                let class = |z: &$complex| 2 * u8::from(z.re.is_nan()) + u8::from(z.im.is_nan());
                let parts = || self.re.order(&other.re).then(self.im.order(&other.im));
                class(self).cmp(&class(other)).then_with(parts)
            }
            fn is_nan(&self) -> bool {
                self.re.is_nan() || self.im.is_nan()
            }
        }
    )*};
}
ordered! { f64, i64, Complex64; f32, i32, Complex32; }

/// By position among equals: the choice does not depend on how the work is done.
fn by_position<T: Ordered>(row: &[T]) -> impl Fn(&i64, &i64) -> Ordering {
    |a, b| row[*a as usize].order(&row[*b as usize]).then(a.cmp(b))
}

/// The positions in the order of the elements. With `wanted` ones only these stand where sorting puts them; `at` may be
/// longer than the row, what is behind it stays as it is.
pub fn order_positions<T: Ordered>(at: &mut [i64], row: &[T], wanted: Option<&[usize]>, scratch: &mut Scratch) {
    if T::KEYED {
        return sort::places(at, row.iter().map(|x| x.key()), wanted, scratch);
    }
    at.iter_mut().enumerate().for_each(|(i, at)| *at = i as i64);
    match wanted {
        None => at.sort_unstable_by(by_position(row)),
        Some(wanted) => sort::select(at, 0, wanted, &by_position(row)),
    }
}

/// The lines along an axis, one after the other, and the order of axes that brings them back to their places.
fn lines(cx: &Context, x: &Array, axis: usize) -> Result<(Tensor, Axes)> {
    let t = cx.tensor(x)?;
    let mut order: Axes = (0..t.ndim()).filter(|&a| a != axis).collect();
    order.push(axis);
    let mut back: Axes = (0..t.ndim().saturating_sub(1)).collect();
    back.insert(axis, t.ndim() - 1);
    Ok((cx.engine.contiguous(&permuted(&t, &order))?, back))
}

/// The order of the elements along an axis, for each line, in the shape of the array: positions along the axis.
fn positions(cx: &Context, x: &Array, axis: usize, kths: Option<&[usize]>) -> Result<Tensor> {
    let (t, back) = lines(cx, &x.plain(), axis)?;
    let n = t.shape()[t.ndim() - 1].max(1);
    let mut scratch = Scratch::new(n)?;
    let found = with_dtype!(t.dtype(), T => cx.engine.build::<i64>(t.shape(), |d| {
        for (at, row) in d.chunks_exact_mut(n).zip(t.elements::<T>().chunks_exact(n)) {
            order_positions(at, row, kths, &mut scratch);
        }
    }))?;
    cx.engine.contiguous(&permuted(&found, &back))
}

/// The elements in order, where it isn't asked where they came from: they are sorted by themselves. Nothing, if equal ones
/// might differ.
fn values(cx: &Context, x: &Array, axis: usize, kths: Option<&[usize]>) -> Result<Option<Array>> {
    let Array::Plain(t) = x else { return Ok(None) };
    if t.is_ready() && t.size() > 0 && t.strides()[axis] == 0 {
        // Equal elements are in order.
        return Ok(Some(cx.engine.contiguous(t)?.into()));
    }
    let (t, back) = lines(cx, x, axis)?;
    let n = t.shape()[t.ndim() - 1].max(1);
    let sorted = with_dtype!(t.dtype(), T => {
        let elements = t.elements::<T>();
        if !T::are_numbers(elements) {
            return Ok(None);
        }
        cx.engine.build::<T>(t.shape(), |d| {
            for (d, row) in d.chunks_exact_mut(n).zip(elements.chunks_exact(n)) {
                d.copy_from_slice(row);
                T::put_in_order(d, kths);
            }
        })?
    });
    Ok(Some(cx.engine.contiguous(&permuted(&sorted, &back))?.into()))
}

/// The elements at `at` along an axis, of which there are as many as in `x` along the others.
pub fn take_positions(cx: &Context, x: &Array, at: &Tensor, axis: usize) -> Result<Array> {
    Ok(Along::new(cx, x.shape(), &at.clone().into(), axis as i64)?.take(cx, x))
}

/// The numbers wanted of a partition, each once, ascending.
fn wanted(kths: &[i64], n: usize) -> Result<Vec<usize>> {
    let mut list = kths
        .iter()
        .map(|&k| {
            let at = if k < 0 { k.saturating_add(n as i64) } else { k };
            usize::try_from(at)
                .ok()
                .filter(|&at| at < n)
                .ok_or_else(|| Error::value(format!("kth(={k}) out of bounds ({n})")))
        })
        .collect::<Result<Vec<usize>>>()?;
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// `numpy.sort` along an axis.
pub fn sort(cx: &Context, x: &Array, axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    match values(cx, x, axis, None)? {
        Some(sorted) => Ok(sorted),
        None => take_positions(cx, x, &positions(cx, x, axis, None)?, axis),
    }
}

/// `numpy.argsort` along an axis.
pub fn argsort(cx: &Context, x: &Array, axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    Ok(positions(cx, x, axis, None)?.into())
}

/// `numpy.partition` along an axis, in linear time.
pub fn partition(cx: &Context, x: &Array, kths: &[i64], axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let kths = wanted(kths, x.shape()[axis])?;
    match values(cx, x, axis, Some(&kths))? {
        Some(partitioned) => Ok(partitioned),
        None => take_positions(cx, x, &positions(cx, x, axis, Some(&kths))?, axis),
    }
}

/// `numpy.argpartition` along an axis.
pub fn argpartition(cx: &Context, x: &Array, kths: &[i64], axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let kths = wanted(kths, x.shape()[axis])?;
    Ok(positions(cx, x, axis, Some(&kths))?.into())
}

/// The axes given go last and become one; the shape of the others.
pub fn grouped(cx: &Context, x: &Array, axes: &[usize]) -> Result<(Array, Shape)> {
    if cx.failed() {
        return Ok((Array::Null, Shape::new()));
    }
    let n = x.ndim();
    let source: Vec<i64> = axes.iter().map(|&a| a as i64).collect();
    let last: Vec<i64> = (n - axes.len()..n).map(|a| a as i64).collect();
    let kept = shape::reduced(x.shape(), axes, false);
    let mut to = kept.clone();
    to.push(axes.iter().map(|&a| x.shape()[a]).product());
    Ok((reshape(cx, &moveaxis(cx, x, &source, &last)?, &to), kept))
}

// ----------------------------------------------------------------------------------------------------------- searching

/// Both in their common dtype, row-major.
fn common(cx: &Context, a: &Array, b: &Array) -> Result<(Tensor, Tensor)> {
    let dtype = a.dtype().promote(b.dtype());
    let ready = |x: &Array| cx.engine.contiguous(&cast(cx, cx.lazy_tensor(x)?, dtype)?);
    Ok((ready(a)?, ready(b)?))
}

/// `numpy.searchsorted`: where each of `v` would have to be inserted into the sorted vector `a`, before (or, `right`,
/// after) those that equal it.
pub fn searchsorted(cx: &Context, a: &Array, v: &Array, right: bool) -> Result<Tensor> {
    if a.ndim() != 1 {
        return Err(Error::value(format!("object too deep for desired array: {} axes, not 1", a.ndim())));
    }
    let (a, v) = common(cx, a, v)?;
    with_dtype!(v.dtype(), T => cx.engine.build::<i64>(v.shape(), |d| {
        let sorted = a.elements::<T>();
        for (d, v) in d.iter_mut().zip(v.elements::<T>()) {
            let stays = |a: &T| match a.order(v) {
                Less => true,
                Equal => right,
                Greater => false,
            };
            *d = sorted.partition_point(stays) as i64;
        }
    }))
}

/// `numpy.digitize`: the number of the bin that each element lies in; bins ascend or descend.
pub fn digitize(cx: &Context, x: &Array, bins: &Array, right: bool) -> Result<Tensor> {
    if x.dtype().is_complex() {
        return Err(Error::dtype("x may not be complex"));
    }
    if bins.ndim() != 1 || bins.dtype().is_complex() {
        return Err(Error::value("bins must be a real vector"));
    }
    let edges = cx.engine.contiguous(&cast(cx, cx.lazy_tensor(bins)?, DType::F64)?)?;
    let edges = edges.elements::<f64>();
    if edges.windows(2).all(|w| w[0] <= w[1]) {
        return searchsorted(cx, bins, x, !right);
    }
    if !edges.windows(2).all(|w| w[0] >= w[1]) {
        return Err(Error::value("bins must be monotonically increasing or decreasing"));
    }
    let flipped = super::arrange::flip(cx, &bins.plain(), &[0])?;
    let found = searchsorted(cx, &flipped, x, !right)?;
    cx.engine.build::<i64>(found.shape(), |d| {
        d.iter_mut().zip(found.elements::<i64>()).for_each(|(d, &k)| *d = edges.len() as i64 - k);
    })
}

/// What `numpy.unique` finds.
pub struct Unique {
    /// The elements that are different, in order.
    pub values: Array,
    /// Where each of them occurs first.
    pub index: Array,
    /// For each element the number of its value, in the shape of the array.
    pub inverse: Array,
    pub counts: Array,
}

/// `numpy.unique` of all elements. A derivative goes to the first of equal ones.
pub fn unique(cx: &Context, x: &Array) -> Result<Unique> {
    let t = cx.engine.contiguous(&cx.tensor(&x.plain())?)?;
    let (mut first, mut counts) = (with_room(t.size())?, with_room(t.size())?);
    let inverse = with_dtype!(t.dtype(), T => {
        let row = t.elements::<T>();
        let mut at = repeated(0, row.len())?;
        order_positions(&mut at, row, None, &mut Scratch::new(row.len())?);
        cx.engine.build::<i64>(t.shape(), |d| {
            let mut last: Option<T> = None;
            for &i in &at {
                let value = row[i as usize];
                let same = last.is_some_and(|l| l.order(&value) == Equal || l.is_nan() && value.is_nan());
                if !same {
                    first.push(i);
                    counts.push(0);
                }
                last = Some(value);
                *counts.last_mut().expect("pushed before") += 1;
                d[i as usize] = counts.len() as i64 - 1;
            }
        })?
    });
    let list = |v: &[i64]| cx.engine.build::<i64>(&[v.len()], |d| d.copy_from_slice(v));
    let index = list(&first)?;
    Ok(Unique {
        values: pick(cx, x, index.clone())?,
        index: index.into(),
        inverse: inverse.into(),
        counts: list(&counts)?.into(),
    })
}

/// Elements that are not zero.
pub fn count_nonzero(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let truth = elementwise::astype(cx, &x.plain(), DType::Bool);
    let count = super::reduce::sum(cx, &truth, axes, keepdims);
    elementwise::astype(cx, &count, DType::I64)
}

// ------------------------------------------------------------------------------------------- the largest, several keys

/// `jax.lax.top_k` along an axis: the `k` largest elements in descending order, and their positions along it. Of equal elements
/// the earlier one comes first; NaN counts as largest, since it is last in order.
pub fn topk(cx: &Context, x: &Array, k: i64, axis: i64) -> Result<(Array, Array)> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let n = x.shape()[axis];
    let k = usize::try_from(k)
        .ok()
        .filter(|&k| k <= n)
        .ok_or_else(|| Error::value(format!("k must be from 0 to the length of the axis, {n}, found {k}")))?;
    let (t, back) = lines(cx, &x.plain(), axis)?;
    let mut to = Shape::from_slice(t.shape());
    *to.last_mut().expect("there is the axis") = k;
    let mut at: Vec<i64> = with_room(n)?;
    let found = with_dtype!(t.dtype(), T => cx.engine.build::<i64>(&to, |d| {
        if d.is_empty() {
            return;
        }
        for (d, row) in d.chunks_exact_mut(k).zip(t.elements::<T>().chunks_exact(n)) {
            let descending = |a: &i64, b: &i64| row[*b as usize].order(&row[*a as usize]).then(a.cmp(b));
            at.clear();
            at.extend(0..n as i64);
            if k < n {
                at.select_nth_unstable_by(k - 1, descending);
            }
            at[..k].sort_unstable_by(descending);
            d.copy_from_slice(&at[..k]);
        }
    }))?;
    let found = cx.engine.contiguous(&permuted(&found, &back))?;
    Ok((take_positions(cx, x, &found, axis)?, found.into()))
}

/// `numpy.lexsort`: the order by several keys of one shape along an axis; the last key counts most.
pub fn lexsort(cx: &Context, keys: &[&Array], axis: i64) -> Result<Array> {
    let Some(first) = keys.first() else { return Err(Error::value("need sequence of keys with len > 0 in lexsort")) };
    if let Some(other) = keys.iter().find(|k| k.shape() != first.shape()) {
        let (a, b) = (shape::Show(first.shape()), shape::Show(other.shape()));
        return Err(Error::shape(format!("all keys need to be the same shape, found {a} and {b}")));
    }
    let axis = shape::normalize_axis(axis, first.ndim())?;
    let (t, back) = lines(cx, &first.plain(), axis)?;
    let n = first.shape()[axis].max(1);
    let mut order: Vec<i64> = collected((0..t.size()).map(|i| (i % n) as i64))?;
    let mut ranks = repeated(0, n.min(t.size()))?;
    // By each key in turn: what it finds equal keeps the order that those before it gave.
    for key in keys {
        let t = lines(cx, &key.plain(), axis)?.0;
        with_dtype!(t.dtype(), T => for (at, row) in order.chunks_exact_mut(n).zip(t.elements::<T>().chunks_exact(n)) {
            at.iter().enumerate().for_each(|(rank, &k)| ranks[k as usize] = rank);
            let before = |&k: &i64| ranks[k as usize];
            at.sort_unstable_by(|a, b| row[*a as usize].order(&row[*b as usize]).then(before(a).cmp(&before(b))));
        });
    }
    let found = cx.engine.build::<i64>(t.shape(), |d| d.copy_from_slice(&order))?;
    Ok(cx.engine.contiguous(&permuted(&found, &back))?.into())
}
