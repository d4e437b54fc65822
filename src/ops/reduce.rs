//! Reductions: sums, extrema, products, moments, log-sum-exp. Axes are normalised; all axes mean a reduction to rank 0.

mod fold;
mod logsumexp;
mod moments;
mod total;

pub use logsumexp::logsumexp;
pub use moments::{Sample, scale, squares_about_mean, std, std_of, var};
pub use total::{accumulate_total, total};

use super::elementwise::{self, binary, cast, compare, select, unary};
use super::shape::{broadcast_to, concatenate, inverse, moved_by_one, permuted, reshape, slice_axis, transpose};
use super::{complex, create};
use crate::array::{Axes, DType, Element, Shape, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::argbest;
use crate::kernels::products_excluding_one::products_excluding_one;
use crate::kernels::reduce::{self as kernels, Fold, Reduce};
use crate::trace::{ALL, ANS, Array, Context, Kept, Primitive, apply, apply_multi};
use crate::with_dtype;
use fold::{CHUNK, Grouped, fold, share, share_out, side_by_side, strip};
use smallvec::SmallVec;

/// All axes of an array.
pub fn all_axes(x: &Array) -> Axes {
    all_axes_of(x.ndim())
}

/// All axes of an array of this rank.
pub fn all_axes_of(ndim: usize) -> Axes {
    (0..ndim).collect()
}

/// At most this many elements are few.
const FEW: usize = 64;

/// A result without the reduced axes, spread over them again.
pub fn spread(cx: &Context, y: &Array, shape: &[usize], axes: &[usize]) -> Array {
    // A few elements are worth no view: what comes next is quicker with elements in a row.
    if let Array::Number { value, weak: false } = *y
        && shape.iter().product::<usize>() <= FEW
        && let Ok(t) = cx.engine.build::<f64>(shape, |x| x.fill(value))
    {
        return Array::Plain(t);
    }
    let kept = shape::reduced(shape, axes, true);
    let y = if y.shape() == kept.as_slice() { y.clone() } else { reshape(cx, y, &kept) };
    broadcast_to(cx, &y, shape)
}

/// The same, left to the broadcasting of the next operation.
fn keepdims(cx: &Context, y: &Array, shape: &[usize], axes: &[usize]) -> Array {
    reshape(cx, y, &shape::reduced(shape, axes, true))
}

/// The axes of a reduction for traces; nothing where it is over all of them.
fn axes_text(axes: &[usize], shape: &[usize]) -> String {
    match axes {
        _ if axes.len() == shape.len() => String::new(),
        [axis] => format!("axis={axis}"),
        axes => format!("axes={axes:?}"),
    }
}

// ---------------------------------------------------------------------------------------------------------------- sum

/// `numpy.sum`. The cotangent is spread over the axes.
pub fn sum(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    if axes.is_empty() && x.dtype() != DType::Bool && !x.is_null() {
        return x.clone();
    }
    if !keepdims
        && axes.len() == x.ndim()
        && let Some(number) = total(cx, x)
    {
        return number.into();
    }
    apply(cx, &Sum { axes: axes.into(), keepdims, shape: Shape::from_slice(x.shape()) }, &[x])
}

#[derive(Clone)]
struct Sum {
    axes: Axes,
    keepdims: bool,
    shape: Shape,
}

impl Primitive for Sum {
    fn name(&self) -> &str {
        "ag_sum"
    }

    fn parameters(&self) -> String {
        axes_text(&self.axes, &self.shape)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.lazy_tensor(&args[0])?;
        let t = if t.dtype() == DType::Bool { cast(cx, t, DType::I64)? } else { t };
        let out = shape::reduced(t.shape(), &self.axes, self.keepdims);
        if self.axes.len() == t.ndim()
            && out.is_empty()
            && let Some(pending) = cx.engine.sum_all(&t)?
        {
            return Ok(Array::Plain(pending));
        }
        // A number needs no memory of its own.
        if out.is_empty()
            && self.axes.len() == t.ndim()
            && t.dtype() == DType::F64
            && t.is_ready()
            && let Some(x) = t.slice::<f64>()
            && x.len() <= 2 * CHUNK
        {
            return Ok(Array::from(f64::row(Fold::Sum, x)));
        }
        Ok(fold(cx, Fold::Sum, &t, &self.axes, &out)?.into())
    }

    fn batched(&self, cx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
        Some(sum(cx, &args[0], &moved_by_one(&self.axes), self.keepdims))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        spread(cx, g, &self.shape, &self.axes)
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        sum(cx, t, &self.axes, self.keepdims)
    }
}

// --------------------------------------------------------------------------------------------------------------- mean

/// `numpy.mean`; of nothing, NaN.
pub fn mean(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let x = elementwise::astype(cx, x, x.dtype().inexact());
    if x.is_null() {
        return Array::Null;
    }
    let n: usize = axes.iter().map(|&a| x.shape()[a]).product();
    let total = sum(cx, &x, axes, keepdims);
    binary(cx, &elementwise::DIV, &total, &Array::weak(n as f64))
}

// ------------------------------------------------------------------------------------------------------------ extrema

/// `numpy.max` (`max`) or `numpy.min`. All elements that attain it share the cotangent equally.
pub fn extremum(cx: &Context, max: bool, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let operation = Extremum { max, axes: axes.into(), keepdims, shape: Shape::from_slice(x.shape()) };
    if x.level(&cx.trace) == 0 {
        return apply(cx, &operation, &[x]);
    }
    // A derivative will want the ties: while the elements are at hand they cost next to nothing.
    apply_multi(cx, &operation, &[x]).into_iter().next().unwrap_or_default()
}

#[derive(Clone)]
struct Extremum {
    max: bool,
    axes: Axes,
    keepdims: bool,
    shape: Shape,
}

impl Extremum {
    /// Where the extremum is attained, and how often along the reduced axes.
    fn ties(&self, cx: &Context, kept: &Kept<'_>) -> (Array, Array) {
        let (args, ans) = kept.all(1);
        let y = keepdims(cx, &ans[0], &self.shape, &self.axes);
        let mask = compare(cx, &elementwise::EQUAL, &args[0], &y);
        // Piecewise constant: nothing to differentiate.
        let count = ans.get(1).map_or(Array::Null, |count| keepdims(cx, &count.plain(), &self.shape, &self.axes));
        (mask, count)
    }

    fn check(&self, t: &Tensor) -> Result<()> {
        if self.axes.iter().any(|&a| t.shape()[a] == 0) {
            let name = if self.max { "maximum" } else { "minimum" };
            return Err(Error::value(format!("zero-size array to reduction operation {name} which has no identity")));
        }
        Ok(())
    }
}

impl Primitive for Extremum {
    fn name(&self) -> &str {
        if self.max { "ag_max" } else { "ag_min" }
    }

    fn parameters(&self) -> String {
        axes_text(&self.axes, &self.shape)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.tensor(&args[0])?;
        self.check(&t)?;
        let out = shape::reduced(t.shape(), &self.axes, self.keepdims);
        Ok(fold(cx, if self.max { Fold::Max } else { Fold::Min }, &t, &self.axes, &out)?.into())
    }

    /// The extrema, and in their shape how often each occurs.
    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        let t = cx.tensor(&args[0])?;
        self.check(&t)?;
        let out = shape::reduced(t.shape(), &self.axes, self.keepdims);
        let (best, ties) = match side_by_side(&t, &self.axes) {
            Some((length, inner)) if t.size() > 0 => extrema_with_ties(cx, self.max, &t, length, inner, &out)?,
            _ => {
                let best = self.eval(cx, args)?;
                let ties = count_ties(cx, &args[0], &keepdims(cx, &best, &self.shape, &self.axes), &self.axes)?;
                (cx.lazy_tensor(&best)?, ties.view_as(out.clone(), ties.offset(), shape::contiguous(&out)))
            }
        };
        let ties = cast(cx, ties, t.dtype().real().inexact())?;
        Ok(SmallVec::from_iter([best.into(), ties.into()]))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    /// The ties have no derivative.
    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        SmallVec::from_iter([self.jvp(cx, argnums[0], &ts[0], kept), Array::Null])
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let (mask, count) = self.ties(cx, kept);
        let g = keepdims(cx, g, &self.shape, &self.axes);
        let share = binary(cx, &elementwise::OVER, &g, &count);
        let rest = self.lost(cx, &count).map(|nan| binary(cx, &elementwise::SCALED, &g, &nan));
        select(cx, &mask, &share, &rest.unwrap_or_else(|| Array::weak(0.0)))
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let (mask, count) = self.ties(cx, kept);
        let total = sum(cx, &select(cx, &mask, t, &Array::weak(0.0)), &self.axes, true);
        let mut result = binary(cx, &elementwise::OVER, &total, &count);
        if let Some(nan) = self.lost(cx, &count) {
            let lost = sum(cx, &binary(cx, &elementwise::SCALED, t, &nan), &self.axes, true);
            result = binary(cx, &elementwise::ADD, &result, &lost);
        }
        reshape(cx, &result, &shape::reduced(&self.shape, &self.axes, self.keepdims))
    }
}

impl Extremum {
    /// Where the extremum is NaN, so that no element attains it, a derivative of NaN; 0 elsewhere. `None` where that is
    /// nowhere.
    fn lost(&self, cx: &Context, count: &Array) -> Option<Array> {
        let counts = cx.tensor(count).and_then(|t| cx.engine.contiguous(&t)).ok()?;
        let any = match counts.dtype() {
            DType::F32 => counts.elements::<f32>().contains(&0.0),
            _ => counts.elements::<f64>().contains(&0.0),
        };
        let slope = |x: f64| create::full(cx, count.dtype(), &[], x);
        let none = || compare(cx, &elementwise::EQUAL, count, &Array::weak(0.0));
        any.then(|| select(cx, &none(), &slope(f64::NAN), &slope(0.0)))
    }
}

/// Extrema of a row-major array seen as (outer, `length`, `inner`) and how often each occurs, both of shape `out`.
fn extrema_with_ties(
    cx: &Context,
    max: bool,
    t: &Tensor,
    length: usize,
    inner: usize,
    out: &[usize],
) -> Result<(Tensor, Tensor)> {
    let mut ties_memory = cx.engine.heap.pool.take::<f64>(shape::size_of(out))?;
    let ties = ties_memory.slice_mut::<f64>(shape::size_of(out));
    let best = with_dtype!(t.dtype(), T => {
        let x = t.elements::<T>();
        cx.engine.build::<T>(out, |best| {
            let block = length * inner;
            // Rows in groups, columns in strips: what a thread takes at a time.
            let group = if inner == 1 { (CHUNK / length).max(1) } else { strip(&cx.engine, x.len(), inner) };
            let part = if inner == 1 { group } else { inner };
            let parts = best.chunks_mut(part).zip(ties.chunks_mut(part));
            if inner == 1 {
                share_out(&cx.engine, x.len(), parts, |i, (best, ties)| {
                    let rows = x[i * group * length..].chunks_exact(length);
                    for ((best, ties), row) in best.iter_mut().zip(ties).zip(rows) {
                        (*best, *ties) = kernels::extremum_of_row(max, row);
                    }
                });
            } else {
                for (i, (best, ties)) in parts.enumerate() {
                    let x = &x[i * block..(i + 1) * block];
                    let strips = best.chunks_mut(group).zip(ties.chunks_mut(group));
                    share_out(&cx.engine, x.len(), strips, |k, (best, ties)| {
                        kernels::extrema_of_columns(max, x, inner, k * group, best, ties);
                    });
                }
            }
        })
    })?;
    Ok((best, Tensor::from_buffer(&cx.engine.heap, DType::F64, out.into(), ties_memory)))
}

/// How many elements equal the extremum, with the reduced axes kept; in the precision of the array.
fn count_ties(cx: &Context, x: &Array, y: &Array, axes: &[usize]) -> Result<Tensor> {
    let (x, y) = (cx.tensor(x)?, cx.tensor(y)?);
    let shape = Shape::from_slice(y.shape());
    let (x, y) = (Grouped::new(&cx.engine, &x, axes)?, cx.engine.contiguous(&permuted_kept(&y, &x, axes))?);
    let counts = with_dtype!(x.tensor.dtype(), T => {
        let (data, best) = (x.tensor.elements::<T>(), y.elements::<T>());
        cx.engine.build::<f64>(&x.kept_shape(), |counts| {
            counts.fill(0.0);
            let block = x.length * x.inner;
            if block == 0 {
                return;
            }
            let groups = counts.chunks_exact_mut(x.inner).zip(best.chunks_exact(x.inner));
            for ((counts, best), block) in groups.zip(data.chunks_exact(block)) {
                if x.inner == 1 {
                    counts[0] = block.iter().filter(|&&v| v == best[0]).count() as f64;
                } else {
                    for row in block.chunks_exact(x.inner) {
                        for ((c, b), v) in counts.iter_mut().zip(best).zip(row) {
                            *c += f64::from(u8::from(v == b));
                        }
                    }
                }
            }
        })
    })?;
    let counts = x.restore(&counts);
    let counts = cast(cx, cx.engine.contiguous(&counts)?, x.tensor.dtype().real())?;
    cx.engine.force(&counts)?;
    Ok(counts.view_as(shape.clone(), counts.offset(), shape::contiguous(&shape)))
}

/// The extrema (reduced axes kept) in the order of axes that `x` was grouped in.
fn permuted_kept(y: &Tensor, x: &Tensor, axes: &[usize]) -> Tensor {
    permuted(y, &Grouped::order(x, axes))
}

// ---------------------------------------------------------------------------------------------------------------- prod

/// `numpy.prod`. The derivative is the product of the other elements, computed as such, so that zeros are no problem.
pub fn prod(cx: &Context, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    apply(cx, &Prod { axes: axes.into(), keepdims, shape: Shape::from_slice(x.shape()) }, &[x])
}

#[derive(Clone)]
struct Prod {
    axes: Axes,
    keepdims: bool,
    shape: Shape,
}

impl Prod {
    /// For each element the product of all others along the axes, in the shape of the argument.
    fn products_excluding_one(&self, cx: &Context, x: &Array) -> Array {
        // The reduced axes go last and become one.
        let mut order: Axes = (0..self.shape.len()).filter(|a| !self.axes.contains(a)).collect();
        let kept: Shape = order.iter().map(|&a| self.shape[a]).collect();
        order.extend(self.axes.iter().copied());
        let transposed = transpose(cx, x, &order);
        let transposed_shape = Shape::from_slice(transposed.shape());
        let n: usize = self.axes.iter().map(|&a| self.shape[a]).product();
        let mut flat = kept.clone();
        flat.push(n);
        let products = excluding_one(cx, &reshape(cx, &transposed, &flat));
        transpose(cx, &reshape(cx, &products, &transposed_shape), &inverse(&order))
    }
}

/// The products of all elements but one along the last axis: at once, or in operations that can be differentiated.
fn excluding_one(cx: &Context, x: &Array) -> Array {
    let n = x.shape().last().copied().unwrap_or(0);
    let Array::Plain(t) = x else { return excluding_one_along_last(cx, x) };
    if n == 0 || !t.dtype().is_inexact() {
        return excluding_one_along_last(cx, x);
    }
    let build = || {
        let t = cx.engine.contiguous(t)?;
        with_dtype!(t.dtype(), T => cx.engine.build::<T>(t.shape(), |d| products_excluding_one(t.elements(), n, T::from_f64(1.0), d)))
    };
    build().map_or_else(|e| cx.fail(e), Array::Plain)
}

/// With the halves a and b of x and o the products of others in a * b: those of a are o * b, those of b are o * a.
fn excluding_one_along_last(cx: &Context, x: &Array) -> Array {
    let axis = x.ndim().saturating_sub(1);
    let n = x.shape().last().copied().unwrap_or(0);
    if cx.failed() || n == 0 {
        return x.clone();
    }
    if n == 1 {
        return create::full(cx, x.dtype(), x.shape(), 1.0);
    }
    let half = n / 2;
    let a = slice_axis(cx, x, axis, 0, half);
    let b = slice_axis(cx, x, axis, half, half);
    let pairs = binary(cx, &elementwise::MUL, &a, &b);
    let rest = slice_axis(cx, x, axis, 2 * half, n - 2 * half);
    let o = excluding_one_along_last(cx, &concatenate(cx, &[&pairs, &rest], axis));
    let pairs = slice_axis(cx, &o, axis, 0, half);
    let rest = slice_axis(cx, &o, axis, half, n - 2 * half);
    let of_a = binary(cx, &elementwise::MUL, &pairs, &b);
    let of_b = binary(cx, &elementwise::MUL, &pairs, &a);
    concatenate(cx, &[&of_a, &of_b, &rest], axis)
}

impl Primitive for Prod {
    fn name(&self) -> &str {
        "ag_prod"
    }

    fn parameters(&self) -> String {
        axes_text(&self.axes, &self.shape)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.tensor(&args[0])?;
        let t = if t.dtype() == DType::Bool { cast(cx, t, DType::I64)? } else { t };
        let out = shape::reduced(t.shape(), &self.axes, self.keepdims);
        Ok(fold(cx, Fold::Prod, &t, &self.axes, &out)?.into())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(
            cx,
            &elementwise::SCALED,
            &keepdims(cx, g, &self.shape, &self.axes),
            &self.products_excluding_one(cx, kept.arg(0)),
        )
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        sum(
            cx,
            &binary(cx, &elementwise::SCALED, t, &self.products_excluding_one(cx, kept.arg(0))),
            &self.axes,
            self.keepdims,
        )
    }
}

// ------------------------------------------------------------------------------------------- without a derivative

/// `numpy.all` (`all`) or `numpy.any`.
pub fn all_any(cx: &Context, all: bool, x: &Array, axes: &[usize], keepdims: bool) -> Array {
    let name = if all { "ag_all" } else { "ag_any" };
    elementwise::plain(
        cx,
        name,
        |cx| {
            let t = cast(cx, cx.lazy_tensor(x)?, DType::Bool)?;
            cx.engine.force(&t)?;
            let out = shape::reduced(t.shape(), axes, keepdims);
            Ok(fold(cx, if all { Fold::Min } else { Fold::Max }, &t, axes, &out)?.into())
        },
        &[x],
    )
}

/// `numpy.argmax` (`max`) or `numpy.argmin` along one axis, of the flattened array without one.
pub fn argbest(cx: &Context, max: bool, x: &Array, axis: Option<usize>, keepdims: bool) -> Array {
    let name = if max { "ag_argmax" } else { "ag_argmin" };
    elementwise::plain(
        cx,
        name,
        |cx| {
            let t = cx.tensor(x)?;
            let axes: Axes = axis.map_or_else(|| (0..t.ndim()).collect(), |a| Axes::from_slice(&[a]));
            let length: usize = axes.iter().map(|&a| t.shape()[a]).product();
            if length == 0 {
                return Err(Error::value("attempt to get the position of an extremum of an empty sequence"));
            }
            let out = shape::reduced(t.shape(), &axes, keepdims);
            if axes.len() == t.ndim() {
                return Ok(best_of_all(cx, max, &t, &out)?.into());
            }
            // Along a repeated axis the first element is as good as any; what is found is repeated as elements are.
            let axis = |(&n, &s): (&usize, &isize)| if s == 0 { n.min(1) } else { n };
            let once: Shape = t.shape().iter().zip(t.strides()).map(axis).collect();
            let small = shape::reduced(&once, &axes, keepdims);
            let t = t.view_as(once, t.offset(), t.strides().into());
            let group = Grouped::new(&cx.engine, &t, &axes)?;
            let found = with_dtype!(t.dtype(), T => {
                let x = group.tensor.elements::<T>();
                cx.engine.build::<i64>(&group.kept_shape(), |d| argbest::along::<T>(max, x, group.length, group.inner, d))
            })?;
            let found = cx.engine.contiguous(&group.restore(&found))?;
            let mut strides = shape::contiguous(&small);
            strides.iter_mut().zip(small.iter().zip(&out)).filter(|(_, (m, n))| m != n).for_each(|(s, _)| *s = 0);
            Ok(found.view_as(out, found.offset(), strides).into())
        },
        &[x],
    )
}

/// The row-major position of the first extremum of all, of an array that is not empty.
fn best_of_all(cx: &Context, max: bool, t: &Tensor, out: &[usize]) -> Result<Tensor> {
    let mut order: Axes = (0..t.ndim()).collect();
    order.sort_by_key(|&a| std::cmp::Reverse(t.strides()[a].unsigned_abs()));
    let as_it_lies = permuted(t, &order);
    if t.is_contiguous() || !as_it_lies.is_contiguous() {
        let t = cx.engine.contiguous(t)?;
        return with_dtype!(t.dtype(), T => cx.engine.build::<i64>(out, |d| {
            argbest::along::<T>(max, t.elements::<T>(), t.size(), 1, d);
        }));
    }
    // Read in the order of memory. Of several extrema the one that comes first in the order of the axes is meant.
    let strides = shape::contiguous(t.shape());
    let position = |mut i: usize| {
        let mut at = 0;
        for (&a, &d) in order.iter().zip(as_it_lies.shape()).rev() {
            at += (i % d) as i64 * strides[a] as i64;
            i /= d;
        }
        at
    };
    with_dtype!(t.dtype(), T => cx.engine.build::<i64>(out, |d| {
        d[0] = argbest::all::<T>(max, as_it_lies.elements::<T>()).map(position).min().unwrap_or(0);
    }))
}
