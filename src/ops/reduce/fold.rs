//! How reductions walk over memory: reduced axes brought side by side, work divided among threads.

use crate::array::{Axes, DType, Element, Shape, Tensor, shape};
use crate::engine::Engine;
use crate::error::Result;
use crate::kernels::reduce::{self as kernels, Fold, Reduce};
use crate::ops::shape::{inverse, permuted};
use crate::trace::Context;
use crate::with_dtype;

/// An array in row-major memory whose reduced axes lie side by side: (outer, length, inner).
pub(super) struct Grouped {
    pub(super) tensor: Tensor,
    pub(super) length: usize,
    pub(super) inner: usize,
    /// Axis `i` of `tensor` is axis `order[i]` of the original.
    pub(super) order: Axes,
    pub(super) axes: Axes,
}

impl Grouped {
    /// Axes in the order of memory, so that a transposed array is as good as a contiguous one.
    pub(super) fn order(t: &Tensor, axes: &[usize]) -> Axes {
        let mut order: Axes = (0..t.ndim()).collect();
        order.sort_by_key(|&a| std::cmp::Reverse(t.strides()[a].unsigned_abs()));
        let side_by_side = |order: &[usize]| {
            let mut runs = 0;
            let mut inside = false;
            for &a in order.iter().filter(|&&a| t.shape()[a] != 1) {
                let reduced = axes.contains(&a);
                runs += usize::from(reduced && !inside);
                inside = reduced;
            }
            runs <= 1
        };
        if permuted(t, &order).is_contiguous() && side_by_side(&order) {
            return order;
        }
        let in_order: Axes = (0..t.ndim()).collect();
        if side_by_side(&in_order) {
            return in_order;
        }
        let mut order: Axes = (0..t.ndim()).filter(|a| !axes.contains(a)).collect();
        order.extend(axes.iter().copied());
        order
    }

    /// Whether the array already lies so.
    pub(super) fn in_place(t: &Tensor, axes: &[usize]) -> bool {
        permuted(t, &Grouped::order(t, axes)).is_contiguous()
    }

    pub(super) fn new(engine: &Engine, t: &Tensor, axes: &[usize]) -> Result<Grouped> {
        let order = Grouped::order(t, axes);
        let tensor = engine.contiguous(&permuted(t, &order))?;
        let length = axes.iter().map(|&a| t.shape()[a]).product();
        let last = order.iter().rposition(|a| axes.contains(a) && t.shape()[*a] != 1);
        let inner = last.map_or(1, |last| tensor.shape()[last + 1..].iter().product());
        Ok(Grouped { tensor, length, inner, order, axes: axes.into() })
    }

    /// The shape of a result in this order of axes, the reduced ones kept.
    pub(super) fn kept_shape(&self) -> Shape {
        let shape = self.tensor.shape();
        self.order.iter().zip(shape).map(|(a, &d)| if self.axes.contains(a) { 1 } else { d }).collect()
    }

    /// A result of `kept_shape` with its axes in the original order.
    pub(super) fn restore(&self, result: &Tensor) -> Tensor {
        permuted(result, &inverse(&self.order))
    }

    /// A result of `kept_shape` in the original order, row-major, as `out`: with the reduced axes or without.
    pub(super) fn finish(&self, engine: &Engine, result: &Tensor, out: &[usize]) -> Result<Tensor> {
        let result = engine.contiguous(&self.restore(result))?;
        Ok(result.view_as(out.into(), result.offset(), shape::contiguous(out)))
    }
}

/// For a row-major array whose reduced axes lie side by side as they are: their common length, and what comes after.
pub(super) fn side_by_side(t: &Tensor, axes: &[usize]) -> Option<(usize, usize)> {
    if !t.is_contiguous() {
        return None;
    }
    let reduced = axes.iter().fold(0u64, |mask, &a| mask | 1 << a);
    let (mut length, mut inner, mut inside, mut passed) = (1, 1, false, false);
    for (a, &d) in t.shape().iter().enumerate().rev() {
        match (reduced >> a & 1 == 1, d) {
            (_, 1) => {}
            (true, _) if passed => return None,
            (true, d) => (length, inside) = (length * d, true),
            (false, d) if !inside => inner *= d,
            (false, _) => passed = true,
        }
    }
    Some((length, inner))
}

/// Elements from which on a reduction is shared among threads, and elements per share.
pub(super) const CHUNK: usize = 1 << 15;
/// Nanoseconds that an element takes, for the decision whether to share.
pub(super) const SHARE: f64 = 0.2;

/// Reduces a tensor over `axes` to `out`.
pub(super) fn fold(cx: &Context, fold: Fold, t: &Tensor, axes: &[usize], out: &[usize]) -> Result<Tensor> {
    cx.engine.force(t)?;
    if t.size() == 0 || axes.is_empty() {
        if t.size() > 0 {
            let t = cx.engine.contiguous(t)?;
            return Ok(t.view_as(out.into(), t.offset(), shape::contiguous(out)));
        }
        let identity = if fold == Fold::Sum { 0.0 } else { 1.0 };
        let identity = if t.dtype() == DType::Bool { f64::from(u8::from(fold == Fold::Min)) } else { identity };
        let empty = cx.engine.full(t.dtype(), out, identity)?;
        return cx.engine.contiguous(&empty);
    }
    if let Some(result) = fold_repeated(cx, fold, t, axes, out)? {
        return Ok(result);
    }
    if let Some((length, inner)) = side_by_side(t, axes) {
        return with_dtype!(t.dtype(), T => {
            let x = t.elements::<T>();
            cx.engine.build::<T>(out, |d| fold_shared::<T>(&cx.engine, fold, x, length, inner, d))
        });
    }
    if let Some((first, others)) = t.is_contiguous().then(|| first_run(t.shape(), axes)).flatten() {
        // One run of axes after the other, from the outside, needs no copy.
        let part = self::fold(cx, fold, t, &first, &shape::reduced(t.shape(), &first, true))?;
        return self::fold(cx, fold, &part, &others, out);
    }
    let group = Grouped::new(&cx.engine, t, axes)?;
    let shape = group.kept_shape();
    let result = with_dtype!(t.dtype(), T => {
        let x = group.tensor.elements::<T>();
        cx.engine.build::<T>(&shape, |d| fold_shared::<T>(&cx.engine, fold, x, group.length, group.inner, d))
    })?;
    group.finish(&cx.engine, &result, out)
}

/// The reduced axes that come first and lie side by side, and the others; `None` if these are all.
fn first_run(shape: &[usize], axes: &[usize]) -> Option<(Axes, Axes)> {
    let mut sorted: Axes = axes.iter().copied().filter(|&a| shape[a] != 1).collect();
    sorted.sort_unstable();
    let apart = |pair: &[usize]| shape[pair[0] + 1..pair[1]].iter().any(|&d| d != 1);
    let end = 1 + sorted.windows(2).position(apart)?;
    let others = axes.iter().copied().filter(|a| !sorted[..end].contains(a)).collect();
    Some((Axes::from_slice(&sorted[..end]), others))
}

/// Reduces an array in which elements are repeated by looking at each once; `None` if there are none, or where that is
/// another result. Equal results are repeated, too; a sum of equal real elements is a multiple.
fn fold_repeated(cx: &Context, fold: Fold, t: &Tensor, axes: &[usize], out: &[usize]) -> Result<Option<Tensor>> {
    // The product of a complex infinity and a number would have a part that is NaN.
    let differs = fold == Fold::Prod || fold == Fold::Sum && t.dtype().is_complex();
    let repeated = |a: usize| t.strides()[a] == 0 && t.shape()[a] > 1 && !(differs && axes.contains(&a));
    if !(0..t.ndim()).any(repeated) {
        return Ok(None);
    }
    let (mut small, mut small_out, mut copies) = (Shape::from_slice(t.shape()), Shape::from_slice(out), 1);
    let keepdims = out.len() == t.ndim();
    let mut at = 0;
    for a in 0..t.ndim() {
        let reduced = axes.contains(&a);
        if repeated(a) {
            small[a] = 1;
            if reduced {
                copies *= t.shape()[a];
            } else {
                small_out[at] = 1;
            }
        }
        at += usize::from(keepdims || !reduced);
    }
    let t = t.view_as(small, t.offset(), t.strides().into());
    let mut once = self::fold(cx, fold, &t, axes, &small_out)?;
    if fold == Fold::Sum && copies > 1 {
        once = with_dtype!(once.dtype(), T => {
            let (x, copies) = (once.elements::<T>(), <T as Element>::from_f64(copies as f64));
            cx.engine.build::<T>(&small_out, |d| {
                d.iter_mut().zip(x).for_each(|(d, &x)| *d = T::combine(Fold::Prod, x, copies));
            })?
        });
    }
    let strides = once.strides().iter().zip(&small_out).zip(out);
    let strides = strides.map(|((&s, &small), &n)| if small == n { s } else { 0 }).collect();
    Ok(Some(once.view_as(out.into(), once.offset(), strides)))
}

/// One reduction, divided among threads where it is large: by results if there are enough, else in chunks of a fixed
/// size, so that the order of additions doesn't depend on the number of threads.
pub(super) fn fold_shared<T: Reduce>(engine: &Engine, fold: Fold, x: &[T], length: usize, inner: usize, dst: &mut [T]) {
    let rows = dst.len() / inner.max(1);
    if inner == 1 && rows == 1 && length > 2 * CHUNK {
        let parts = length.div_ceil(CHUNK);
        let mut partial = vec![T::default(); parts];
        share(engine, x.len(), &mut partial, 1, |i, p| {
            p[0] = T::row(fold, &x[i * CHUNK..((i + 1) * CHUNK).min(length)]);
        });
        dst[0] = T::row(fold, &partial);
        return;
    }
    if inner > 1 && rows < 8 && x.len() > 2 * CHUNK {
        let (block, strip) = (length * inner, strip(engine, x.len(), inner));
        for (dst, x) in dst.chunks_exact_mut(inner).zip(x.chunks_exact(block)) {
            share(engine, x.len(), dst, strip, |k, d| kernels::columns(fold, x, inner, k * strip, d));
        }
        return;
    }
    if rows > 1 && x.len() > 2 * CHUNK {
        let block = length * inner;
        let group = (CHUNK / block.max(1)).max(1);
        share(engine, x.len(), dst, group * inner, |i, d| {
            let first = i * group * block;
            kernels::reduce(fold, &x[first..first + d.len() / inner * block], length, inner, d);
        });
        return;
    }
    kernels::reduce(fold, x, length, inner, dst);
}

/// Calls `work` with each chunk of `dst`, on several threads if `elements` are many.
pub(super) fn share<T: Send + Copy>(
    engine: &Engine,
    elements: usize,
    dst: &mut [T],
    chunk: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    share_out(engine, elements, dst.chunks_mut(chunk), work);
}

/// Calls `work` with each part and its number, on several threads if `elements` are many.
pub(super) fn share_out<P: Send>(
    engine: &Engine,
    elements: usize,
    parts: impl Iterator<Item = P>,
    work: impl Fn(usize, P) + Sync,
) {
    engine.share_out(elements as f64 * SHARE, parts, work);
}

/// Columns that a thread takes at a time: whole cache lines, at most a first-level cache's worth of results. One thread by
/// itself takes them all, and reads memory as it lies; results do not depend on it.
pub(super) fn strip(engine: &Engine, elements: usize, inner: usize) -> usize {
    match engine.threads_for(elements as f64 * SHARE) {
        Some(_) => inner.div_ceil(8).next_multiple_of(64).min(1024),
        None => inner,
    }
}
