//! Jacobians and Hessians. The rows of a Jacobian are one sweep over the tape with a batch of cotangents, its columns one
//! forward pass with a batch of tangents (see the essay in `trace`); many rows at a time, as long as a batch stays within
//! a bound of memory. Where a rule has no way of working on batches, they are computed one by one.

use super::again::alike;
use super::grad::{Function, Recorded, check_differentiable, close, normal, one, push_forward, record, settle};
use crate::array::{Element, Shape};
use crate::ops::{self, complex, create, elementwise, shape};
use crate::trace::{Array, Context, Entry, Meta};
use num_complex::Complex64;

/// Elements of the largest array of a batch.
const BATCH: usize = 1 << 20;

/// How a Jacobian is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// By its rows.
    Reverse,
    /// By its columns; complex arguments are differentiated along the real axis.
    Forward,
    /// By its columns where they are fewer by far and real, else by its rows.
    Automatic,
}

/// The Jacobian: shape of the result, then shape of the argument. For complex results in the library's convention:
/// row i is the holomorphic derivative du/dx - i du/dy of result i (for real arguments du/dx + i dv/dx).
pub fn jacobian(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize, mode: Mode) -> Array {
    if mode == Mode::Reverse {
        // One call.
        return recorded(cx, f, args, argnum, mode);
    }
    let name = if mode == Mode::Forward { "ag_jacobian_forward" } else { "ag_jacobian" };
    let f: &Function<'_> = &alike(name, f);
    if mode == Mode::Forward {
        let checked = one(|cx: &Context, args: &[Array]| {
            let y = f(cx, args).pop().unwrap_or_default();
            if check_differentiable(cx, "ag_jacobian_forward", &y) { y } else { Array::Null }
        });
        return by_columns(cx, &checked, args, argnum);
    }
    recorded(cx, f, args, argnum, mode)
}

/// The same from a recorded call, unless its columns are fewer by far.
fn recorded(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize, mode: Mode) -> Array {
    let x = &args[argnum];
    let recorded = record(cx, f, args, &[argnum]);
    check_differentiable(cx, "ag_jacobian", &recorded.value());
    // A pass by columns calls the function again, and costs about half of a sweep.
    let columns = mode == Mode::Automatic
        && !x.dtype().is_complex()
        && recorded.value().size() > 4 * x.size()
        && recorded.value().size() > 4;
    let mut result = Array::Null;
    if !columns {
        result = by_rows(cx, &recorded, x);
    }
    close(cx, recorded);
    if columns {
        // A primitive may have a rule for reverse mode only.
        return match cx.attempt_columns(|| by_columns(cx, f, args, argnum)) {
            Some(result) => result,
            None => jacobian(cx, f, args, argnum, Mode::Reverse),
        };
    }
    settle(cx, std::iter::once(&result));
    normal(result)
}

/// The Hessian: shape of the result, then twice the shape of the argument. For real arguments tangents of the Jacobian, all
/// of them in one pass; else the Jacobian of the Jacobian.
pub fn hessian(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize) -> Array {
    let f = alike("ag_hessian", f);
    let inner = one(|cx: &Context, args: &[Array]| jacobian(cx, &f, args, argnum, Mode::Reverse));
    if !args[argnum].dtype().is_complex()
        && let Some(hessian) = cx.attempt_columns(|| by_columns(cx, &inner, args, argnum))
    {
        return hessian;
    }
    jacobian(cx, &inner, args, argnum, Mode::Reverse)
}

/// The number of values of `size` elements that make a batch.
fn batch(n: usize, size: usize) -> usize {
    (BATCH / size.max(1)).clamp(1, n.max(1))
}

/// Unit vectors `first..first + count` of the space of `x`, times -i if `imaginary`.
fn basis(cx: &Context, x: &Array, first: usize, count: usize, imaginary: bool) -> Array {
    fn of<T: Element>(cx: &Context, x: &Array, first: usize, count: usize, one: T) -> Array {
        let n = x.size();
        let block = cx.engine.build::<T>(&shape::behind(count, x.shape()), |d| {
            d.fill(T::default());
            d.iter_mut().skip(first).step_by(n + 1).take(if n == 0 { 0 } else { count }).for_each(|d| *d = one);
        });
        cx.take("ag_jacobian", block.map(Array::from))
    }
    let dtype = x.dtype().inexact();
    let block =
        if imaginary { of(cx, x, first, count, Complex64::new(0.0, -1.0)) } else { of(cx, x, first, count, 1.0) };
    elementwise::astype(cx, &block, dtype)
}

/// Blocks of entries along a new first axis: `n` of them, `step` at a time where `together` works, else one by one.
fn blocks(
    cx: &Context,
    what: &'static str,
    n: usize,
    step: usize,
    together: impl Fn(usize, usize) -> Array,
    alone: impl Fn(usize) -> Array,
) -> Array {
    let mut one_by_one = n == 1;
    let (mut found, mut first) = (Vec::new(), 0);
    while first < n && !cx.failed() {
        let count = step.min(n - first);
        let block = if one_by_one { None } else { cx.attempt(|| together(first, count)) };
        let block = block.unwrap_or_else(|| {
            one_by_one = true;
            let entries: Vec<Array> = (first..first + count)
                .map(|number| {
                    let Some(watcher) = cx.watcher() else { return alone(number) };
                    let outer = watcher.entry(Some(Entry { what, number }));
                    let entry = alone(number);
                    watcher.entry(outer);
                    entry
                })
                .collect();
            shape::stack(cx, &entries.iter().collect::<Vec<_>>(), 0)
        });
        settle(cx, std::iter::once(&block));
        found.push(block);
        first += count;
    }
    match &found[..] {
        _ if cx.failed() => Array::Null,
        [block] => block.clone(),
        found => shape::concatenate(cx, &found.iter().collect::<Vec<_>>(), 0),
    }
}

/// Runs `f` with a level for batches of `n`, and takes that layer off its result.
fn on_batch(cx: &Context, n: usize, f: impl FnOnce(u64) -> Array) -> Array {
    let level = cx.trace.open_batch(n);
    let result = f(level);
    let result = match result.layer(level) {
        Some((_, primal)) => primal,
        // The same for all of them.
        None => shape::broadcast_to(cx, &result, &shape::behind(n, result.shape())),
    };
    cx.trace.close(level);
    result
}

fn by_rows(cx: &Context, recorded: &Recorded, x: &Array) -> Array {
    let y = recorded.value();
    if cx.failed() {
        return Array::Null;
    }
    let n = y.size();
    let mut shape: Shape = y.shape().into();
    shape.extend(x.shape().iter().copied());
    if n == 0 {
        return ops::zeros(cx, &Meta { dtype: x.dtype().inexact().promote(y.dtype().inexact()), shape });
    }
    let independent = std::cell::Cell::new(false);
    // The rows from their cotangents, whether one or a batch of them.
    let pull = |seed: &dyn Fn(bool) -> Array| {
        let pulled = |imaginary| {
            let found = recorded.pull(cx, &[seed(imaginary)], false).pop().unwrap_or_default();
            independent.set(independent.get() | cx.independent.get());
            found
        };
        let re = pulled(false);
        // The imaginary part of a complex result is the real part of -i times it.
        if y.dtype().is_complex() && !x.dtype().is_complex() { complex::join(cx, &re, &pulled(true)) } else { re }
    };
    let together = |first, count| {
        on_batch(cx, count, |level| pull(&|imaginary| Array::batch(level, basis(cx, &y, first, count, imaginary))))
    };
    let alone = |i| pull(&|imaginary| shape::element(cx, &basis(cx, &y, i, 1, imaginary), 0));
    let rows = blocks(cx, "row", n, batch(n, recorded.largest()), together, alone);
    cx.independent.set(independent.get());
    shape::reshape(cx, &rows, &shape)
}

fn by_columns(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize) -> Array {
    const NAME: &str = "ag_jacobian_forward";
    let x = &args[argnum];
    let push = |tangent: Array| push_forward(cx, NAME, f, args, &[argnum], &[tangent]).1.pop().unwrap_or_default();
    if x.size() == 0 {
        // One pass, for the shape of the result.
        let y = push(create::full(cx, x.dtype().inexact(), x.shape(), 0.0));
        if cx.failed() {
            return Array::Null;
        }
        let mut shape: Shape = y.shape().into();
        shape.extend(x.shape().iter().copied());
        return create::full(cx, x.dtype().inexact(), &shape, 0.0);
    }
    let together =
        |first, count| on_batch(cx, count, |level| push(Array::batch(level, basis(cx, x, first, count, false))));
    let alone = |i| push(shape::element(cx, &basis(cx, x, i, 1, false), 0));
    let columns = blocks(cx, "column", x.size(), batch(x.size(), x.size()), together, alone);
    if cx.failed() {
        return Array::Null;
    }
    let mut shape: Shape = columns.shape()[1..].into();
    let mut axes: crate::array::Axes = (1..columns.ndim()).collect();
    axes.push(0);
    shape.extend(x.shape().iter().copied());
    let result = shape::reshape(cx, &shape::transpose(cx, &columns, &axes), &shape);
    settle(cx, std::iter::once(&result));
    normal(result)
}
