//! A vector times a matrix. It has a primitive of its own, so that a layer of a net on one example, or the right side of
//! a differential equation, is one node: no vector is made a matrix and back. The derivatives are products of the same
//! kind, and a matrix that takes part again and again gets its gradients added up in place.

use super::{MatrixStack, Stacked, elementwise, on_tensors, outer_by, silenced, suspicious, with_product};
use crate::array::{DType, Tensor};
use crate::error::Result;
use crate::kernels::matmul::{Matrix, Product, matmul, scratch, vecmat_rows, vecmat_small};
use crate::kernels::reduce::all_finite;
use crate::ops::accumulate_short;
use crate::ops::shape::reshape;
use crate::trace::short::{Argument, ShortResult, Value, level, record};
use crate::trace::{Alike, Array, Context, Kept, Primitive, StorePrimitive, StoredPrimitive, apply};

/// `x m` of a vector and a matrix whose extents fit; `x m^T`, which is `m x`, if the matrix is transposed.
pub(super) fn vecmat(cx: &Context, x: &Array, m: &Array, of: &'static VecMat) -> Array {
    short(cx, x, m, of).map_or_else(|| apply(cx, of, &[x, m]), |y| y.array(cx))
}

/// The short way, for a vector and a matrix of one real dtype; extents that don't fit are for somebody else to find.
#[inline]
pub(super) fn short(cx: &Context, x: &Array, m: &Array, of: &'static VecMat) -> Option<ShortResult> {
    if cx.unusual() {
        return None;
    }
    let args = [Argument::of(x)?, Argument::of(m)?];
    let level = level(cx, &args)?;
    let [Value::Array(x), Value::Array(m)] = [args[0].value, args[1].value] else { return None };
    let y = contiguous(x, m, of)?;
    let mask = u64::from(args[1].is_recorded()) | u64::from(args[0].is_recorded()) << 1;
    record(cx, level, of, args, mask, y)
}

/// The product where both own their elements, in row-major order. A silent one must be all finite.
#[inline(always)]
fn contiguous(x: &Tensor, m: &Tensor, of: &VecMat) -> Option<Tensor> {
    match x.dtype() {
        DType::F64 => contiguous_of::<f64>(x, m, of),
        DType::F32 => contiguous_of::<f32>(x, m, of),
        _ => None,
    }
}

#[inline]
fn contiguous_of<T: Product>(x: &Tensor, m: &Tensor, of: &VecMat) -> Option<Tensor> {
    let transposed = of.transposed;
    let (&[length], &[rows, columns]) = (x.shape(), m.shape()) else { return None };
    let (vector, matrix) = (x.owned_slice::<T>()?, m.owned_slice::<T>()?);
    let (k, n) = if transposed { (columns, rows) } else { (rows, columns) };
    if k != length || matrix.len() > SMALL || n == 0 {
        return None;
    }
    let mut finite = true;
    let y = Tensor::vector::<T>(x.heap(), n, |y| {
        vecmat_rows(vector, matrix, columns, transposed, y);
        finite = !of.silent || all_finite(y);
    });
    y.filter(|_| finite)
}

/// y_j is the sum of x_i m_ij over i, or of x_i m_ji if the matrix is transposed.
pub(super) struct VecMat {
    transposed: bool,
    /// In derivatives: a factor of 0 makes a product 0, see `silence`.
    silent: bool,
}

impl VecMat {
    /// All there are.
    pub(super) fn of(transposed: bool, silent: bool) -> &'static VecMat {
        match (transposed, silent) {
            (false, false) => &VecMat { transposed: false, silent: false },
            (false, true) => &VecMat { transposed: false, silent: true },
            (true, false) => &VecMat { transposed: true, silent: false },
            (true, true) => &VecMat { transposed: true, silent: true },
        }
    }
}

impl StorePrimitive for VecMat {
    fn stored(&self) -> StoredPrimitive {
        StoredPrimitive::Static(VecMat::of(self.transposed, self.silent))
    }
}

impl Primitive for VecMat {
    fn name(&self) -> &str {
        "ag_dot"
    }

    fn parameters(&self) -> String {
        if self.transposed { "the matrix transposed" } else { "" }.into()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        on_tensors(cx, args, |x, m, dtype| {
            let plain = |x: &Tensor, m: &Tensor| with_product!(dtype, T => product::<T>(cx, x, &MatrixStack::new(m, self.transposed)));
            let y = plain(x, m)?;
            if self.silent && dtype.is_inexact() && suspicious(x, m, &y) { silenced(cx, x, m, &plain) } else { Ok(y) }
        })
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let (x, m) = (&args[0], &args[1]);
        if !lead[1] {
            return Some(Stacked::of(cx, (x, false), (m, self.transposed), self.silent));
        }
        let k = *x.shape().last()?;
        let row = if lead[0] { reshape(cx, x, &[x.shape()[0], 1, k]) } else { reshape(cx, x, &[1, k]) };
        let y = Stacked::of(cx, (&row, false), (m, self.transposed), self.silent);
        let &[batch, _, n] = y.shape() else { return Some(Array::Null) };
        Some(reshape(cx, &y, &[batch, n]))
    }

    fn keeps(&self, argnums: &[usize]) -> u64 {
        argnums.iter().fold(0, |mask, &k| mask | if k == 0 { 2 } else { 1 })
    }

    /// Of x: g m^T. Of m: x^T g, the product of a column and a row.
    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        match (argnum, self.transposed) {
            (0, transposed) => vecmat(cx, g, kept.arg(1), VecMat::of(!transposed, true)),
            (_, false) => outer_by(cx, &elementwise::SCALED, kept.arg(0), g),
            (_, true) => outer_by(cx, &elementwise::SCALED, g, kept.arg(0)),
        }
    }

    /// The gradient of the matrix grows row after row.
    fn vjp_into(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>, alike: Alike, sum: &mut Array) -> bool {
        if argnum == 0 {
            let (Array::Plain(g), Array::Plain(m)) = (g, kept.arg(1)) else { return false };
            let part = if alike >= Alike::Dtype { contiguous(g, m, VecMat::of(!self.transposed, true)) } else { None };
            return part.is_some_and(|part| accumulate_short(cx, sum, part).is_ok());
        }
        let (Array::Plain(g), Array::Plain(x)) = (g, kept.arg(0)) else { return false };
        let Array::Plain(sum) = sum else { return false };
        // What isn't finite is left to the general way: it must meet no zero.
        let (column, row) = if self.transposed { (g, x) } else { (x, g) };
        cx.engine.add_outer(sum, column, row)
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let [x, m] = if argnum == 0 { [t, kept.arg(1)] } else { [kept.arg(0), t] };
        vecmat(cx, x, m, VecMat::of(self.transposed, true))
    }
}

fn product<T: Product>(cx: &Context, x: &Tensor, m: &MatrixStack<'_>) -> Result<Tensor> {
    let (k, n) = (m.rows, m.columns);
    if k * n <= SMALL && x.is_contiguous() {
        return small::<T>(cx, x, m);
    }
    // Nanoseconds of a multiplication and addition that wait for memory.
    let threads = cx.engine.threads_for(k as f64 * n as f64 * 0.1);
    let extra = scratch((1, k, n));
    let mut extra_memory = cx.engine.heap.pool.take::<T>(extra)?;
    let extra_memory = extra_memory.slice_mut::<T>(extra);
    let vector = Matrix { memory: x.memory::<T>(), offset: x.offset() as isize, row: 0, column: x.strides()[0] };
    let matrix = m.matrix::<T>(m.tensor.offset() as isize);
    cx.engine.build::<T>(&[n], |y| matmul(threads.as_deref(), (1, k, n), vector, matrix, y, extra_memory))
}

/// Elements of a matrix that the caches hold.
const SMALL: usize = 1 << 14;

/// The kernel on one thread and a vector that lies in order: nothing is taken from the pool but the result.
#[inline]
fn small<T: Product>(cx: &Context, x: &Tensor, m: &MatrixStack<'_>) -> Result<Tensor> {
    let matrix = m.matrix::<T>(m.tensor.offset() as isize);
    cx.engine.build::<T>(&[m.columns], |y| {
        vecmat_small(x.elements::<T>(), matrix, y);
    })
}
