//! Changes of shape: all linear, most of them views of the same memory. Their derivatives are their inverses.

use super::elementwise;
use crate::array::{Axes, DType, Element, Shape, Tensor, dims::same, shape};
use crate::error::{Error, Result};
use crate::kernels::strided::{self, Layout, StridedView};
use crate::trace::{Alike, Array, Context, Kept, Meta, Primitive, apply};
use crate::with_dtype;
use shape::Show;
use smallvec::SmallVec;

/// A linear primitive of one argument: nothing is kept, the tangent goes the same way as the value.
macro_rules! linear {
    ($id:ident $name:literal |$self:ident, $cx:ident, $t:ident| $eval:expr, |$vcx:ident, $g:ident| $vjp:expr
     $(, batch |$bcx:ident, $x:ident, $n:ident| $batch:expr)? $(, shown $shown:expr)?) => {
        impl Primitive for $id {
            fn name(&self) -> &str {
                $name
            }
            fn eval(&$self, $cx: &Context, args: &[Array]) -> Result<Array> {
                let $t = $cx.tensor(&args[0])?;
                Ok(Array::from($eval))
            }
            $(
                fn parameters(&$self) -> String {
                    $shown
                }
            )?
            fn keeps(&self, _: &[usize]) -> u64 {
                0
            }
            fn vjp(&$self, $vcx: &Context, _: usize, $g: &Array, _: &Kept<'_>) -> Array {
                $vjp
            }
            fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
                apply(cx, self, &[t])
            }
            $(
                fn batched(&$self, $bcx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
                    let $x = &args[0];
                    let $n = $x.shape()[0];
                    Some($batch)
                }
            )?
        }
    };
}

pub(super) use linear;

/// The same value in row-major order, if it is a transposed one: for what is going to be read several times.
pub(super) fn contiguous(cx: &Context, x: &Array) -> Array {
    let row_major = |t: &Tensor| {
        let transposed = t.is_ready() && Layout::new(t.shape(), t.strides(), t.offset()).is_transposed();
        transposed.then(|| cx.engine.contiguous(t))
    };
    let (value, back): (_, &dyn Fn(Tensor) -> Array) = match x {
        Array::Plain(t) => (t, &Array::Plain),
        &Array::Recorded { node, level, ref value } => (value, &move |value| Array::Recorded { node, level, value }),
        _ => return x.clone(),
    };
    match row_major(value) {
        None => x.clone(),
        Some(Ok(value)) => back(value),
        Some(Err(e)) => cx.fail(e),
    }
}

/// The order that undoes `order`.
pub(in crate::ops) fn inverse(order: &[usize]) -> Axes {
    let mut back = Axes::from_elem(0, order.len());
    order.iter().enumerate().for_each(|(i, &a)| back[a] = i);
    back
}

/// `numpy.reshape`, with the shape complete; see [`resolve`] for -1.
pub fn reshape(cx: &Context, x: &Array, shape: &[usize]) -> Array {
    if same(x.shape(), shape) && !x.is_null() {
        return x.clone();
    }
    apply(cx, &Reshape { from: x.shape().into(), to: shape.into() }, &[x])
}

#[derive(Clone)]
struct Reshape {
    from: Shape,
    to: Shape,
}

linear! { Reshape "ag_reshape" |self, cx, t| {
    let size = shape::checked_size(&self.to, 1)?;
    if size != t.size() {
        return Err(Error::shape(format!("cannot reshape array of size {} into shape {}", t.size(), Show(&self.to))));
    }
    let there = (size > 0 && !t.is_contiguous()).then(|| shape::reshaped_strides(t.shape(), t.strides(), &self.to));
    match there.flatten() {
        Some(strides) => t.view_as(self.to.clone(), t.offset(), strides),
        None => {
            let t = cx.engine.contiguous(&t)?;
            t.view_as(self.to.clone(), t.offset(), shape::contiguous(&self.to))
        }
    }
}, |cx, g| reshape(cx, &broadcast_cotangent(cx, g, &self.to), &self.from), batch |cx, x, n| reshape(cx, x, &behind(n, &self.to)),
shown format!("shape={}", Show(&self.to)) }

/// A shape behind the axis of a batch of `n`.
pub fn behind(n: usize, shape: &[usize]) -> Shape {
    std::iter::once(n).chain(shape.iter().copied()).collect()
}

/// Axes behind that of a batch.
pub(super) fn moved_by_one(axes: &[usize]) -> Axes {
    axes.iter().map(|a| a + 1).collect()
}

/// A batch with axes of extent 1 behind its first one, so that its values have `ndim` axes and broadcast as each alone
/// would.
pub(super) fn with_ndim(cx: &Context, x: &Array, ndim: usize) -> Array {
    let [n, shape @ ..] = x.shape() else { return x.clone() };
    if shape.len() >= ndim {
        return x.clone();
    }
    let mut padded = behind(*n, &Shape::from_elem(1, ndim - shape.len()));
    padded.extend_from_slice(shape);
    reshape(cx, x, &padded)
}

/// A batch of results of an operation that works element by element.
pub(crate) fn batched_elementwise(cx: &Context, p: &dyn Primitive, args: &[Array], lead: &[bool]) -> Option<Array> {
    let ndim = args.iter().zip(lead).map(|(a, &lead)| a.ndim() - usize::from(lead)).max().unwrap_or(0);
    let args: SmallVec<[Array; 3]> =
        args.iter().zip(lead).map(|(a, &lead)| if lead { with_ndim(cx, a, ndim) } else { a.clone() }).collect();
    Some(apply(cx, p, &args.iter().collect::<SmallVec<[&Array; 3]>>()))
}

/// Entry `i` along the first axis.
pub fn element(cx: &Context, x: &Array, i: usize) -> Array {
    let one = slice_axis(cx, x, 0, i, 1);
    reshape(cx, &one, one.shape().get(1..).unwrap_or(&[]))
}

/// A cotangent as the rule of a shape change needs it: with the whole shape of the result.
pub(super) fn broadcast_cotangent(cx: &Context, g: &Array, shape: &[usize]) -> Array {
    if same(g.shape(), shape) { g.clone() } else { broadcast_to(cx, g, shape) }
}

/// The shape that a request with at most one -1 means for `size` elements.
pub fn resolve(request: &[i64], size: usize) -> Result<Shape> {
    let mut known = 1usize;
    let mut unknown = None;
    for (i, &d) in request.iter().enumerate() {
        match d {
            -1 if unknown.is_none() => unknown = Some(i),
            -1 => return Err(Error::value("can only specify one unknown dimension")),
            d if d < 0 => return Err(Error::value(format!("negative dimensions are not allowed, found {d}"))),
            d => {
                known = known
                    .checked_mul(d as usize)
                    .ok_or_else(|| Error::memory("the shape is larger than the address space"))?
            }
        }
    }
    let mut shape: Shape = request.iter().map(|&d| d.max(0) as usize).collect();
    if let Some(i) = unknown {
        if known == 0 || !size.is_multiple_of(known) {
            shape[i] = 0;
            return Err(Error::shape(format!(
                "cannot reshape array of size {size} into shape ({}) with an unknown dimension",
                request.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
            )));
        }
        shape[i] = size / known;
    }
    Ok(shape)
}

/// `numpy.transpose`: axis `i` of the result is axis `axes[i]` of `x`.
pub fn transpose(cx: &Context, x: &Array, axes: &[usize]) -> Array {
    if axes.iter().enumerate().all(|(i, &a)| i == a) && axes.len() == x.ndim() && !x.is_null() {
        return x.clone();
    }
    apply(cx, &Transpose(axes.into()), &[x])
}

#[derive(Clone)]
struct Transpose(Axes);

linear! { Transpose "ag_transpose" |self, cx, t| {
    if self.0.len() != t.ndim() {
        return Err(Error::value("axes don't match array"));
    }
    permuted(&t, &self.0)
}, |cx, g| {
    transpose(cx, g, &inverse(&self.0))
}, batch |cx, x, _n| {
    let mut axes = moved_by_one(&self.0);
    axes.insert(0, 0);
    transpose(cx, x, &axes)
}, shown format!("axes={}", Show(&self.0)) }

/// A view with the axes in another order.
pub fn permuted(t: &Tensor, axes: &[usize]) -> Tensor {
    let shape = axes.iter().map(|&a| t.shape()[a]).collect();
    let strides = axes.iter().map(|&a| t.strides()[a]).collect();
    t.view_as(shape, t.offset(), strides)
}

/// The axes of `ndim` in reverse.
pub fn reversed(ndim: usize) -> Axes {
    (0..ndim).rev().collect()
}

/// `numpy.broadcast_to`: a view with strides of 0, so one element stays one in memory.
pub fn broadcast_to(cx: &Context, x: &Array, shape: &[usize]) -> Array {
    if same(x.shape(), shape) && !x.is_null() {
        return x.clone();
    }
    apply(cx, &BroadcastTo(shape.into()), &[x])
}

#[derive(Clone)]
struct BroadcastTo(Shape);

// The cotangent is summed over the new axes by whoever called the rule, as after every broadcast.
linear! { BroadcastTo "ag_broadcast_to" |self, cx, t| {
    shape::checked_size(&self.0, t.dtype().size())?;
    let strides = shape::broadcast_strides(t.shape(), t.strides(), &self.0).ok_or_else(|| {
        Error::shape(format!("cannot broadcast array of shape {} to shape {}", Show(t.shape()), Show(&self.0)))
    })?;
    t.view_as(self.0.clone(), t.offset(), strides)
}, |_cx, g| g.clone(), batch |cx, x, n| broadcast_to(cx, &with_ndim(cx, x, self.0.len()), &behind(n, &self.0)),
shown format!("shape={}", Show(&self.0)) }

/// `numpy.expand_dims`: a new axis of extent 1 before axis `axis`.
pub fn expand_dims(cx: &Context, x: &Array, axis: usize) -> Array {
    let mut shape = Shape::from_slice(x.shape());
    shape.insert(axis, 1);
    reshape(cx, x, &shape)
}

/// `numpy.expand_dims` with several axes: those of the result that are new.
pub fn expand_dims_axes(cx: &Context, x: &Array, axes: &[i64]) -> Result<Array> {
    let ndim = x.ndim() + axes.len();
    shape::check_ndim(ndim)?;
    let axes = shape::normalize_axes(axes, ndim)?;
    let mut rest = x.shape().iter();
    let old = |i| if axes.contains(&i) { None } else { rest.next() };
    let shape: Shape = (0..ndim).map(old).map(|d| d.copied().unwrap_or(1)).collect();
    Ok(reshape(cx, x, &shape))
}

/// `numpy.squeeze`: without the axes given, which must have extent 1.
pub fn squeeze(cx: &Context, x: &Array, axes: &[usize]) -> Array {
    if let Some(&a) = axes.iter().find(|&&a| x.shape()[a] != 1) {
        let e = Error::value(format!(
            "cannot select an axis to squeeze out which has size not equal to one: axis {a} of shape {}",
            Show(x.shape())
        ));
        return cx.fail(e.within("ag_squeeze"));
    }
    let shape = shape::reduced(x.shape(), axes, false);
    reshape(cx, x, &shape)
}

/// `numpy.concatenate` along an existing axis.
pub fn concatenate(cx: &Context, arrays: &[&Array], axis: usize) -> Array {
    match listed(arrays.iter().map(|a| a.shape().get(axis).copied().unwrap_or(0))) {
        Ok(lengths) => apply(cx, &Concatenate { axis, lengths }, arrays),
        Err(e) => cx.fail(e),
    }
}

/// A list that may be as long as a program's data, which is asked for first.
pub fn listed<T>(items: impl ExactSizeIterator<Item = T>) -> Result<SmallVec<[T; 4]>> {
    let mut list = SmallVec::new();
    list.try_reserve(items.len()).map_err(|_| Error::too_many(items.len()))?;
    list.extend(items);
    Ok(list)
}

#[derive(Clone)]
struct Concatenate {
    axis: usize,
    /// Extents of the operands along the axis.
    lengths: SmallVec<[usize; 4]>,
}

impl Concatenate {
    fn start(&self, argnum: usize) -> usize {
        self.lengths[..argnum].iter().sum()
    }
}

/// Whether what lies behind one place of the first axis lies in a row.
fn in_lines(t: &Tensor) -> bool {
    t.shape().is_empty() || shape::is_contiguous(&t.shape()[1..], &t.strides()[1..])
}

/// Arrays that follow each other along an axis, in a row-major array of this shape.
fn put_together<T: Element>(parts: &[Tensor], axis: usize, shape: &[usize], out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    let inner: usize = shape[axis + 1..].iter().product();
    let (strides, row, line) = (shape::contiguous(shape), shape[axis] * inner, out.len() / shape[0]);
    let width = |t: &Tensor| t.shape()[axis] * inner;
    // Elements by turns, from the whole arrays, or from what lies behind one place of the first axis.
    if axis > 0 && parts.len() <= strided::MAX_INTERLEAVED && parts.iter().all(|t| width(t) == 1 && in_lines(t)) {
        let line = if parts.iter().all(Tensor::is_contiguous) { out.len() } else { line };
        for (i, out) in out.chunks_exact_mut(line).enumerate() {
            let first = |t: &Tensor| t.offset().wrapping_add_signed(i as isize * t.strides()[0]);
            let sources: SmallVec<[&[T]; strided::MAX_INTERLEAVED]> =
                parts.iter().map(|t| &t.memory::<T>()[first(t)..]).collect();
            strided::interleave(&sources, out);
        }
        return;
    }
    let mut column = 0;
    for t in parts {
        if width(t) == 1 && t.is_contiguous() {
            let to = out[column..].iter_mut().step_by(row);
            to.zip(t.elements::<T>()).for_each(|(to, from)| *to = *from);
        } else if width(t) == row {
            strided::copy_all(&Layout::new(t.shape(), t.strides(), t.offset()), t.memory::<T>(), out);
        } else {
            let from = StridedView { offset: t.offset(), strides: t.strides() };
            strided::copy_to(t.shape(), t.memory::<T>(), from, out, StridedView { offset: column, strides: &strides });
        }
        column += width(t);
    }
}

impl Primitive for Concatenate {
    fn name(&self) -> &str {
        "ag_concatenate"
    }

    fn parameters(&self) -> String {
        format!("axis={}", self.axis)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let Some(first) = args.first() else { return Err(Error::value("need at least one array to concatenate")) };
        let axis = self.axis;
        if axis >= first.ndim() {
            return Err(Error::value(format!("axis {axis} is out of bounds for array of dimension {}", first.ndim())));
        }
        let mut dtype = first.dtype();
        let mut shape = Shape::from_slice(first.shape());
        for (k, a) in args.iter().enumerate().skip(1) {
            dtype = dtype.promote(a.dtype());
            let fits = a.ndim() == shape.len() && (0..shape.len()).all(|i| i == axis || a.shape()[i] == shape[i]);
            if !fits {
                return Err(Error::shape(format!(
                    "all the input array dimensions except for the concatenation axis {axis} must match exactly, but \
                     the array at index 0 has shape {} and the array at index {k} has shape {}",
                    Show(first.shape()),
                    Show(a.shape())
                )));
            }
            shape[axis] += a.shape()[axis];
        }
        let mut parts: SmallVec<[Tensor; 4]> = SmallVec::new();
        for a in args {
            let t = elementwise::cast(cx, cx.lazy_tensor(a)?, dtype)?;
            cx.engine.force(&t)?;
            // Transposing first and reading by turns then is faster than one element here and one there.
            let interleaved =
                args.len() <= strided::MAX_INTERLEAVED && t.shape()[axis..].iter().all(|&n| n == 1) && !in_lines(&t);
            parts.push(if interleaved { cx.engine.contiguous(&t)? } else { t });
        }
        with_dtype!(dtype, T => Ok(cx.engine.build::<T>(&shape, |out| put_together::<T>(&parts, axis, &shape, out))?.into()))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let n = args.iter().zip(lead).find(|(_, lead)| **lead)?.0.shape()[0];
        let spread =
            |(a, &lead): (&Array, &bool)| if lead { a.clone() } else { broadcast_to(cx, a, &behind(n, a.shape())) };
        let args: SmallVec<[Array; 4]> = args.iter().zip(lead).map(spread).collect();
        Some(concatenate(cx, &args.iter().collect::<SmallVec<[&Array; 4]>>(), self.axis + 1))
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, _: &Kept<'_>) -> Array {
        let total = self.lengths.iter().sum();
        let mut shape = Shape::from_slice(g.shape());
        if shape.is_empty() {
            return g.clone();
        }
        shape[self.axis] = total;
        slice_axis(cx, &broadcast_cotangent(cx, g, &shape), self.axis, self.start(argnum), self.lengths[argnum])
    }

    /// Each part's beginning is counted once.
    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        metas: &[Meta],
        _: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let g = broadcast_cotangent(cx, &gs[0], &metas[0].shape);
        let (mut start, mut next) = (0, 0);
        let part = |&argnum: &usize| {
            start += self.lengths[next..argnum].iter().sum::<usize>();
            next = argnum;
            slice_axis(cx, &g, self.axis, start, self.lengths[argnum])
        };
        argnums.iter().map(part).collect()
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, _: &Kept<'_>) -> Array {
        let total: usize = self.lengths.iter().sum();
        let start = self.start(argnum);
        pad_axis(cx, t, self.axis, start, total - start - self.lengths[argnum])
    }

    /// The tangents put together, with zeros for the others.
    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        if let ([argnum], [t]) = (argnums, ts) {
            return SmallVec::from_iter([self.jvp(cx, *argnum, t, kept)]);
        }
        let mut given = argnums.iter().zip(ts).peekable();
        let parts: Vec<Array> = (0..self.lengths.len())
            .map(|k| match given.next_if(|(argnum, _)| **argnum == k) {
                Some((_, t)) => t.clone(),
                None => {
                    let mut shape = Shape::from_slice(kept.ans().shape());
                    shape[self.axis] = self.lengths[k];
                    super::zeros(cx, &Meta { dtype: kept.ans().dtype(), shape })
                }
            })
            .collect();
        SmallVec::from_iter([concatenate(cx, &parts.iter().collect::<Vec<_>>(), self.axis)])
    }
}

/// `length` elements along `axis`, from `start` on.
pub fn slice_axis(cx: &Context, x: &Array, axis: usize, start: usize, length: usize) -> Array {
    let total = x.shape().get(axis).copied().unwrap_or(0);
    let inner = x.shape().iter().skip(axis + 1).product();
    apply(cx, &SliceAxis { axis, start, length, total, inner }, &[x])
}

#[derive(Clone)]
struct SliceAxis {
    axis: usize,
    start: usize,
    length: usize,
    total: usize,
    /// Elements behind one place of the axis.
    inner: usize,
}

impl Primitive for SliceAxis {
    fn name(&self) -> &str {
        "slice"
    }

    fn parameters(&self) -> String {
        format!("{}:{}, axis={}", self.start, self.start + self.length, self.axis)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.tensor(&args[0])?;
        let mut shape = Shape::from_slice(t.shape());
        shape[self.axis] = self.length;
        let offset = t.offset() as isize + self.start as isize * t.strides()[self.axis];
        Ok(t.view_as(shape, offset as usize, t.strides().into()).into())
    }

    fn batched(&self, cx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
        Some(slice_axis(cx, &args[0], self.axis + 1, self.start, self.length))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        pad_axis(cx, g, self.axis, self.start, self.total - self.start - self.length)
    }

    fn run(&self) -> Option<(usize, usize)> {
        (self.axis == 0).then_some((self.start * self.inner, self.length * self.inner))
    }

    /// Adds to what is there already, so that many slices cost no more than the whole.
    fn vjp_into(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>, _: Alike, sum: &mut Array) -> bool {
        let (Array::Plain(g), Array::Plain(there)) = (g, sum) else { return false };
        if g.dtype() != there.dtype() || !there.is_ready() || g.ndim() != there.ndim() {
            return false;
        }
        let Ok(g) = cx.engine.contiguous(g) else { return false };
        let inner: usize = there.shape()[self.axis + 1..].iter().product();
        let (row, part, first) = (self.total * inner, self.length * inner, self.start * inner);
        if part == 0 {
            return true;
        }
        macro_rules! added {
            ($t:ty) => {
                there.unique_mut::<$t>().map(|d| {
                    for (d, g) in d.chunks_exact_mut(row).zip(g.elements::<$t>().chunks_exact(part)) {
                        d[first..first + part].iter_mut().zip(g).for_each(|(d, g)| *d += *g);
                    }
                })
            };
        }
        match g.dtype() {
            DType::F64 => added!(f64),
            DType::F32 => added!(f32),
            DType::C128 => added!(num_complex::Complex64),
            DType::C64 => added!(num_complex::Complex32),
            _ => None,
        }
        .is_some()
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        apply(cx, self, &[t])
    }
}

/// Zeros put before and after, along `axis`.
pub fn pad_axis(cx: &Context, x: &Array, axis: usize, before: usize, after: usize) -> Array {
    if before == 0 && after == 0 || x.is_null() {
        return x.clone();
    }
    let meta = |length: usize| {
        let mut shape = Shape::from_slice(x.shape());
        shape[axis] = length;
        super::zeros(cx, &Meta { dtype: x.dtype(), shape })
    };
    let (before, after) = (meta(before), meta(after));
    concatenate(cx, &[&before, x, &after], axis)
}

/// A vector of numbers.
#[derive(Clone)]
struct Numbers(usize);

impl Primitive for Numbers {
    fn name(&self) -> &str {
        "ag_stack"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let mut wrong = Ok(());
        let t = cx.engine.build::<f64>(&[args.len()], |d| {
            for (d, a) in d.iter_mut().zip(args) {
                *d = match a {
                    Array::Number { value, .. } => *value,
                    a => cx.tensor(a).map(|t| t.first::<f64>()).unwrap_or_else(|e| {
                        wrong = Err(e);
                        f64::NAN
                    }),
                };
            }
        })?;
        wrong.map(|()| t.into())
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let n = args.iter().zip(lead).find(|(_, lead)| **lead)?.0.shape()[0];
        let column = |(a, &lead): (&Array, &bool)| {
            let a = if lead { a.clone() } else { broadcast_to(cx, a, &[n]) };
            reshape(cx, &a, &[n, 1])
        };
        let columns: Vec<Array> = args.iter().zip(lead).map(column).collect();
        Some(concatenate(cx, &columns.iter().collect::<Vec<_>>(), 1))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, _: &Kept<'_>) -> Array {
        element(cx, &broadcast_cotangent(cx, g, &[self.0]), argnum)
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let g = broadcast_cotangent(cx, &gs[0], &[self.0]);
        // Of numbers, all at once; of what is recorded, each as an element.
        if let Array::Plain(t) = &g
            && t.dtype() == DType::F64
            && let Ok(t) = cx.engine.contiguous(t)
        {
            let g = t.elements::<f64>();
            return argnums.iter().map(|&k| Array::from(g[k])).collect();
        }
        let one = |&k: &usize| super::index::element(cx, &g, &[k as i64]).unwrap_or_else(|| self.vjp(cx, k, &g, kept));
        argnums.iter().map(one).collect()
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], _: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let zero = Array::from(0.0);
        let mut parts: Vec<&Array> = vec![&zero; self.0];
        argnums.iter().zip(ts).for_each(|(&k, t)| parts[k] = t);
        SmallVec::from_iter([stack(cx, &parts, 0)])
    }
}

/// `numpy.stack`: the arrays along a new axis.
pub fn stack(cx: &Context, arrays: &[&Array], axis: i64) -> Array {
    let run = || -> Result<usize> {
        let first = arrays.first().ok_or_else(|| Error::value("need at least one array to stack"))?;
        if !arrays.iter().all(|a| same(a.shape(), first.shape())) {
            return Err(Error::shape("all input arrays must have the same shape"));
        }
        shape::normalize_axis(axis, first.ndim() + 1)
    };
    match run() {
        Err(e) => cx.fail(e.within("ag_stack")),
        Ok(_) if arrays.len() > 1 && arrays.iter().all(|a| a.ndim() == 0 && a.dtype() == DType::F64) => {
            apply(cx, &Numbers(arrays.len()), arrays)
        }
        Ok(axis) => {
            let expanded = listed(arrays.iter().map(|a| expand_dims(cx, a, axis)));
            let joined = expanded.and_then(|expanded| Ok(concatenate(cx, &listed(expanded.iter())?, axis)));
            joined.unwrap_or_else(|e| cx.fail(e))
        }
    }
}
