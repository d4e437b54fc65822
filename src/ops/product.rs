//! Products: one contraction of matrices under `dot`, `matmul`, `inner`, `outer` and `tensordot`.
//!
//! Everything is brought to a batched matrix product, with transposition as a flag: the kernel takes any strides, so
//! that neither a forward pass nor a derivative copies an operand for its orientation. In the complex convention the
//! cotangents of C = A B are g B^T and A^T g, without conjugation.

mod vecmat;

use super::elementwise::{self, binary};
use super::shape::{reshape, transpose, with_ndim};
use super::silence::{silenced, suspicious};
use crate::array::{Axes, Buffer, DType, Op, Operand, Shape, Strides, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::math;
use crate::kernels::matmul::{Matrix, Product, matmul as kernel, scratch};
use crate::kernels::transpose::Columns;
use crate::trace::short::ShortResult;
use crate::trace::{Array, Context, Kept, Primitive, apply};
use shape::Show;
use smallvec::SmallVec;
use std::marker::PhantomData;
use vecmat::{VecMat, vecmat};

/// Runs `$body` with the element type of a product of this dtype.
macro_rules! with_product {
    ($dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            DType::F64 => with_product!(@ $t = f64, $body),
            DType::F32 => with_product!(@ $t = f32, $body),
            DType::C128 => with_product!(@ $t = num_complex::Complex64, $body),
            DType::C64 => with_product!(@ $t = num_complex::Complex32, $body),
            DType::I64 | DType::Bool => with_product!(@ $t = i64, $body),
        }
    };
    (@ $t:ident = $type:ty, $body:expr) => {{
        type $t = $type;
        $body
    }};
}
use with_product;

/// The product of stacks of matrices (..., m, k) and (..., k, n), leading axes broadcast.
pub(super) fn stacked(cx: &Context, a: &Array, b: &Array) -> Array {
    apply(cx, &Stacked { transposed: [false; 2], silent: false }, &[a, b])
}

/// Each operand as it is, or with its last two axes exchanged. So the derivatives of products are products of the same
/// operands, and make no views.
#[derive(Clone)]
struct Stacked {
    transposed: [bool; 2],
    /// In derivatives: a factor of 0 makes a product 0, see `silence`.
    silent: bool,
}

impl Stacked {
    fn of(cx: &Context, a: (&Array, bool), b: (&Array, bool), silent: bool) -> Array {
        apply(cx, &Stacked { transposed: [a.1, b.1], silent }, &[a.0, b.0])
    }

    fn multiply(&self, cx: &Context, a: &Tensor, b: &Tensor, dtype: DType) -> Result<Tensor> {
        let (a, b) = (MatrixStack::new(a, self.transposed[0]), MatrixStack::new(b, self.transposed[1]));
        if a.columns == 1 && b.rows == 1 && dtype.is_inexact() && a.tensor.ndim().max(b.tensor.ndim()) > 2 {
            // A stack of columns times rows: nothing is added up, and it may become part of a pass.
            let mut shape = shape::broadcast(a.lead().0, b.lead().0)?;
            shape.extend([a.rows, b.columns]);
            let operands = [Operand::Array(a.view()), Operand::Array(b.view()), Operand::None];
            let kernel = if self.silent { &math::SCALED } else { &math::MULTIPLY };
            return cx.engine.elementwise(Op::Binary(kernel), dtype, dtype, &shape, operands);
        }
        let c = with_product!(dtype, T => product::<T>(cx, &a, &b))?;
        self.silenced(cx, a.tensor, b.tensor, c)
    }

    fn silenced(&self, cx: &Context, a: &Tensor, b: &Tensor, c: Tensor) -> Result<Tensor> {
        if !self.silent || !a.dtype().is_inexact() || !suspicious(a, b, &c) {
            return Ok(c);
        }
        let plain = Stacked { transposed: self.transposed, silent: false };
        silenced(cx, a, b, &|a, b| plain.multiply(cx, a, b, a.dtype()))
    }
}

impl Primitive for Stacked {
    fn name(&self) -> &str {
        "ag_matmul"
    }

    fn parameters(&self) -> String {
        match self.transposed {
            [false, false] => "",
            [true, false] => "the first one transposed",
            [false, true] => "the second one transposed",
            [true, true] => "both transposed",
        }
        .into()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        on_tensors(cx, args, |a, b, dtype| self.multiply(cx, a, b, dtype))
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let [ta, tb] = self.transposed;
        let ndim = args.iter().zip(lead).map(|(a, &lead)| a.ndim() - usize::from(lead)).max()?;
        let of = |k: usize| if lead[k] { with_ndim(cx, &args[k], ndim) } else { args[k].clone() };
        let (a, b) = (of(0), of(1));
        // A batch of rows times one matrix, or one matrix times a batch of columns, is one product.
        if let (&[n, p, q], 2, true) = (a.shape(), b.ndim(), lead[0])
            && !lead[1]
            && (!ta || p == 1 || q == 1)
        {
            let (m, k) = if ta { (q, p) } else { (p, q) };
            let c = Stacked::of(cx, (&reshape(cx, &a, &[n * m, k]), false), (&b, tb), self.silent);
            let columns = c.shape().get(1).copied().unwrap_or(0);
            return Some(reshape(cx, &c, &[n, m, columns]));
        }
        if let (2, &[n, p, q], true) = (a.ndim(), b.shape(), lead[1])
            && !lead[0]
            && (if tb { p } else { q }) == 1
        {
            let c = Stacked::of(cx, (&reshape(cx, &b, &[n, p * q]), false), (&a, !ta), self.silent);
            let rows = c.shape().get(1).copied().unwrap_or(0);
            return Some(reshape(cx, &c, &[n, rows, 1]));
        }
        Some(Stacked::of(cx, (&a, ta), (&b, tb), self.silent))
    }

    fn keeps(&self, argnums: &[usize]) -> u64 {
        // The cotangent of one operand needs the other.
        argnums.iter().fold(0, |mask, &k| mask | if k == 0 { 2 } else { 1 })
    }

    /// Of C = A B: g B^T and A^T g; of a transposed operand the transpose of that.
    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let [ta, tb] = self.transposed;
        match (argnum, self.transposed[argnum]) {
            (0, false) => Stacked::of(cx, (g, false), (kept.arg(1), !tb), true),
            (0, true) => Stacked::of(cx, (kept.arg(1), tb), (g, true), true),
            (_, false) => Stacked::of(cx, (kept.arg(0), !ta), (g, false), true),
            (_, true) => Stacked::of(cx, (g, true), (kept.arg(0), ta), true),
        }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let [a, b] = if argnum == 0 { [t, kept.arg(1)] } else { [kept.arg(0), t] };
        apply(cx, &Stacked { transposed: self.transposed, silent: true }, &[a, b])
    }
}

/// Multiplies two arrays, whose elements are there and of the same dtype by then. Of booleans it is the logical product,
/// as `numpy.dot`.
fn on_tensors(
    cx: &Context,
    args: &[Array],
    multiply: impl FnOnce(&Tensor, &Tensor, DType) -> Result<Tensor>,
) -> Result<Array> {
    if let [Array::Plain(a), Array::Plain(b)] = args
        && a.dtype() == b.dtype()
        && a.dtype() != DType::Bool
    {
        cx.engine.force(a)?;
        cx.engine.force(b)?;
        return Ok(multiply(a, b, a.dtype())?.into());
    }
    let promoted = args[0].dtype().promote(args[1].dtype());
    let dtype = if promoted == DType::Bool { DType::I64 } else { promoted };
    let operand = |x: &Array| -> Result<Tensor> {
        let t = elementwise::cast(cx, cx.lazy_tensor(x)?, dtype)?;
        cx.engine.force(&t)?;
        Ok(t)
    };
    let c = multiply(&operand(&args[0])?, &operand(&args[1])?, dtype)?;
    Ok(if promoted == DType::Bool { elementwise::cast(cx, c, DType::Bool)?.into() } else { c.into() })
}

/// An operand: a stack of matrices, with what leads from one to the next.
struct MatrixStack<'t> {
    tensor: &'t Tensor,
    rows: usize,
    columns: usize,
    row: isize,
    column: isize,
}

impl<'t> MatrixStack<'t> {
    fn new(tensor: &'t Tensor, transposed: bool) -> MatrixStack<'t> {
        let at = tensor.ndim() - 2;
        let (shape, strides) = (tensor.shape(), tensor.strides());
        let (i, j) = if transposed { (at + 1, at) } else { (at, at + 1) };
        MatrixStack { tensor, rows: shape[i], columns: shape[j], row: strides[i], column: strides[j] }
    }

    fn lead(&self) -> (&[usize], &[isize]) {
        let n = self.tensor.ndim() - 2;
        (&self.tensor.shape()[..n], &self.tensor.strides()[..n])
    }

    fn view(&self) -> Tensor {
        let (mut shape, mut strides): (Shape, Strides) = (self.lead().0.into(), self.lead().1.into());
        shape.extend([self.rows, self.columns]);
        strides.extend([self.row, self.column]);
        self.tensor.view_as(shape, self.tensor.offset(), strides)
    }

    fn matrix<T: Product>(&self, offset: isize) -> Matrix<'_, T> {
        Matrix { memory: self.tensor.memory::<T>(), offset, row: self.row, column: self.column }
    }
}

/// The kernel over all matrices of the stacks.
fn product<T: Product>(cx: &Context, a: &MatrixStack<'_>, b: &MatrixStack<'_>) -> Result<Tensor> {
    let size @ (m, k, n) = (a.rows, a.columns, b.columns);
    debug_assert_eq!(k, b.rows);
    let work = m as f64 * k as f64 * n as f64;
    // Nanoseconds of a multiplication and addition: with a vector they wait for memory.
    let threads = cx.engine.threads_for(work * if m == 1 || n == 1 { 0.1 } else { 0.03 });
    let extra = scratch(size);
    let mut extra_memory = cx.engine.heap.pool.take::<T>(extra)?;
    let extra_memory = extra_memory.slice_mut::<T>(extra);
    let (offset_a, offset_b) = (a.tensor.offset() as isize, b.tensor.offset() as isize);
    let ((lead_a, strides_a), (lead_b, strides_b)) = (a.lead(), b.lead());
    if lead_a.is_empty() && lead_b.is_empty() {
        return cx.engine.build::<T>(&[m, n], |c| {
            kernel(threads.as_deref(), size, a.matrix(offset_a), b.matrix(offset_b), c, extra_memory);
        });
    }
    let lead = shape::broadcast(lead_a, lead_b)?;
    let mut out = lead.clone();
    out.extend([m, n]);
    shape::checked_size(&out, size_of::<T>())?;
    let strides_a = shape::broadcast_strides(lead_a, strides_a, &lead).expect("broadcast above");
    let strides_b = shape::broadcast_strides(lead_b, strides_b, &lead).expect("broadcast above");
    if let ((1, 1), &[count], &[step_a], &[step_b]) = ((m, n), &lead[..], &strides_a[..], &strides_b[..]) {
        let (mut a, mut b) = (Vectors::new(cx, a, count, step_a)?, Vectors::new(cx, b, count, step_b)?);
        return cx.engine.build::<T>(&out, |c| {
            for (i, c) in c.iter_mut().enumerate() {
                let c = std::slice::from_mut(c);
                kernel(threads.as_deref(), size, a.vector(i), b.vector(i), c, extra_memory);
            }
        });
    }
    cx.engine.build::<T>(&out, |c| {
        for (i, c) in c.chunks_exact_mut((m * n).max(1)).enumerate() {
            let at = |strides: &[isize], offset: isize| {
                let mut rest = i;
                lead.iter().zip(strides).rev().fold(offset, |at, (&d, &s)| {
                    let here = rest % d;
                    rest /= d;
                    at + here as isize * s
                })
            };
            let (x, y) = (a.matrix(at(&strides_a, offset_a)), b.matrix(at(&strides_b, offset_b)));
            kernel(threads.as_deref(), size, x, y, c, extra_memory);
        }
    })
}

/// The product of a vector and a matrix, or of a matrix and a vector, if they are such; their extents fit.
fn with_vector(cx: &Context, a: &Array, b: &Array) -> Option<Array> {
    match (a.ndim(), b.ndim()) {
        (1, 2) => Some(vecmat(cx, a, b, VecMat::of(false, false))),
        (2, 1) => Some(vecmat(cx, b, a, VecMat::of(true, false))),
        _ => None,
    }
}

/// `numpy.matmul`.
pub fn matmul(cx: &Context, a: &Array, b: &Array) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    if a.ndim() == 0 || b.ndim() == 0 {
        let e = Error::value("input operand does not have enough dimensions (a scalar; use ag_mul)");
        return cx.fail(e.within("ag_matmul"));
    }
    let (va, vb) = (a.ndim() == 1, b.ndim() == 1);
    let (k, l) = (a.shape()[a.ndim() - 1], b.shape()[if vb { 0 } else { b.ndim() - 2 }]);
    if k != l {
        let e = Error::shape(format!(
            "mismatch in the core dimension of the operands: shapes {} and {}: {k} != {l}",
            Show(a.shape()),
            Show(b.shape())
        ));
        return cx.fail(e.within("ag_matmul"));
    }
    if let Some(y) = with_vector(cx, a, b) {
        return y;
    }
    let a2 = if va { reshape(cx, a, &[1, k]) } else { a.clone() };
    let b2 = if vb { reshape(cx, b, &[k, 1]) } else { b.clone() };
    let c = stacked(cx, &a2, &b2);
    if !va && !vb || c.is_null() {
        return c;
    }
    let mut shape = Shape::from_slice(c.shape());
    let n = shape.len();
    if vb {
        shape.remove(n - 1);
    }
    if va {
        shape.remove(n - 2);
    }
    reshape(cx, &c, &shape)
}

/// `numpy.tensordot` over pairs of axes: the remaining axes of `a`, then those of `b`.
pub fn tensordot(cx: &Context, name: &str, a: &Array, b: &Array, axes_a: &[usize], axes_b: &[usize]) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    for (&i, &j) in axes_a.iter().zip(axes_b) {
        if a.shape()[i] != b.shape()[j] {
            let e = Error::shape(format!(
                "shapes {} and {} not aligned: {} (dim {i}) != {} (dim {j})",
                Show(a.shape()),
                Show(b.shape()),
                a.shape()[i],
                b.shape()[j]
            ));
            return cx.fail(e.within(name));
        }
    }
    if matches!((axes_a, axes_b), (&[last], &[0]) if last + 1 == a.ndim()) {
        if a.ndim() == 2 && b.ndim() == 2 {
            return stacked(cx, a, b);
        }
        if let Some(y) = with_vector(cx, a, b) {
            return y;
        }
    }
    let free = |x: &Array, axes: &[usize]| -> Axes { (0..x.ndim()).filter(|i| !axes.contains(i)).collect() };
    let extents = |x: &Array, axes: &[usize]| -> Shape { axes.iter().map(|&i| x.shape()[i]).collect() };
    let (free_a, free_b) = (free(a, axes_a), free(b, axes_b));
    let (rows, columns) = (extents(a, &free_a), extents(b, &free_b));
    let k: usize = extents(a, axes_a).iter().product();
    let order = |first: &[usize], second: &[usize]| -> Axes { first.iter().chain(second).copied().collect() };
    let a2 = transpose(cx, a, &order(&free_a, axes_a));
    let a2 = reshape(cx, &a2, &[rows.iter().product(), k]);
    let b2 = transpose(cx, b, &order(axes_b, &free_b));
    let b2 = reshape(cx, &b2, &[k, columns.iter().product()]);
    let c = stacked(cx, &a2, &b2);
    let shape: Shape = rows.iter().chain(&columns).copied().collect();
    reshape(cx, &c, &shape)
}

/// `numpy.dot` of a small vector and matrix, or matrix and vector, on the short way.
#[inline]
pub fn short_dot(cx: &Context, a: &Array, b: &Array) -> Option<ShortResult> {
    vecmat::short(cx, a, b, VecMat::of(false, false)).or_else(|| vecmat::short(cx, b, a, VecMat::of(true, false)))
}

/// `numpy.dot`.
pub fn dot(cx: &Context, a: &Array, b: &Array) -> Array {
    let (m, n) = (a.ndim(), b.ndim());
    if m == 0 || n == 0 {
        return binary(cx, &elementwise::MUL, a, b);
    }
    tensordot(cx, "ag_dot", a, b, &[m - 1], &[n.saturating_sub(2)])
}

/// `numpy.inner`: over the last axes of both.
pub fn inner(cx: &Context, a: &Array, b: &Array) -> Array {
    if a.ndim() == 0 || b.ndim() == 0 {
        return binary(cx, &elementwise::MUL, a, b);
    }
    tensordot(cx, "ag_inner", a, b, &[a.ndim() - 1], &[b.ndim() - 1])
}

/// `numpy.outer`: all products of two flattened arrays.
pub fn outer(cx: &Context, a: &Array, b: &Array) -> Array {
    outer_by(cx, &elementwise::MUL, a, b)
}

fn outer_by(cx: &Context, row: &'static elementwise::Binary, a: &Array, b: &Array) -> Array {
    let a = reshape(cx, a, &[a.size(), 1]);
    let b = reshape(cx, b, &[1, b.size()]);
    binary(cx, row, &a, &b)
}

/// The last `n` axes of `a` with the first `n` of `b`.
pub fn tensordot_n(cx: &Context, a: &Array, b: &Array, n: usize) -> Array {
    if n > a.ndim() || n > b.ndim() {
        let e = Error::value(format!("{n} axes to be summed over, but the arrays have {} and {}", a.ndim(), b.ndim()));
        return cx.fail(e.within("ag_tensordot"));
    }
    let axes_a: SmallVec<[usize; 4]> = (a.ndim() - n..a.ndim()).collect();
    let axes_b: SmallVec<[usize; 4]> = (0..n).collect();
    tensordot(cx, "ag_tensordot", a, b, &axes_a, &axes_b)
}

/// A stack of vectors, one after the other. If neighbours in memory belong to different vectors, some vectors at a time
/// are brought in order: each line of the cache is read once, and no copy of everything goes through memory.
struct Vectors<'t, T: Product> {
    all: Columns,
    stack: &'t MatrixStack<'t>,
    group: Option<Buffer>,
    of: PhantomData<T>,
}

/// Vectors at a time, and their elements.
const GROUP: usize = 16;
const GROUP_ELEMENTS: usize = 1 << 16;

/// Whether stacks of vectors of this length are multiplied without a copy of everything, whatever the order of elements.
pub(super) fn in_groups(length: usize) -> bool {
    GROUP * length <= GROUP_ELEMENTS
}

impl<'t, T: Product> Vectors<'t, T> {
    fn new(cx: &Context, stack: &'t MatrixStack<'t>, count: usize, step: isize) -> Result<Vectors<'t, T>> {
        let (length, along) = if stack.rows == 1 { (stack.columns, stack.column) } else { (stack.rows, stack.row) };
        let at = stack.tensor.offset() as isize;
        let all =
            Columns { at, row_step: step, column_step: along, rows: count, columns: length, ahead: GROUP, past: false };
        let transposed = length >= GROUP && count >= GROUP && step != 0 && step.unsigned_abs() < along.unsigned_abs();
        let group = (transposed && in_groups(length)).then(|| cx.engine.heap.pool.take::<T>(GROUP * length));
        Ok(Vectors { all, stack, group: group.transpose()?, of: PhantomData })
    }

    /// Vector `i`; they are asked for in order.
    fn vector(&mut self, i: usize) -> Matrix<'_, T> {
        let first = self.all.at + i as isize * self.all.row_step;
        let Some(group) = &mut self.group else { return self.stack.matrix(first) };
        let length = self.all.columns;
        let memory = group.elements_mut::<T>(GROUP * length);
        if i.is_multiple_of(GROUP) {
            let part = Columns { at: first, rows: GROUP.min(self.all.rows - i), ..self.all };
            part.copy(self.stack.tensor.memory::<T>(), memory, length);
        }
        Matrix { memory, offset: (i % GROUP * length) as isize, row: 1, column: 1 }
    }
}
