//! Products of vectors and of whole arrays: `kron`, `vdot`, `vecdot`, `matvec`, `vecmat`, `cross`. All are made of
//! element-wise multiplication, sums and matrix products, and have their derivatives from there.

use super::complex::conj;
use super::elementwise::{self, astype, binary};
use super::product::stacked;
use super::reduce::sum;
use super::shape::{concatenate, reshape, slice_axis, transpose};
use crate::array::{Axes, DType, Shape, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};
use shape::Show;

/// Reports what `f` finds wrong as a failure of `name`.
fn checked(cx: &Context, name: &str, f: impl FnOnce() -> Result<Array>) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    cx.take(name, f())
}

/// `numpy.kron`: every element of `a` times the whole of `b`.
pub fn kron(cx: &Context, a: &Array, b: &Array) -> Array {
    checked(cx, "ag_kron", || {
        let n = a.ndim().max(b.ndim());
        let padded = |x: &Array| -> Shape {
            let mut shape = Shape::from_elem(1, n - x.ndim());
            shape.extend_from_slice(x.shape());
            shape
        };
        let (p, q) = (padded(a), padded(b));
        let out: Shape = p.iter().zip(&q).map(|(&x, &y)| x.saturating_mul(y)).collect();
        shape::checked_size(&out, 1)?;
        // Axes of a and b in turn, so that each pair becomes one axis.
        let mut of_a = Shape::new();
        let mut of_b = Shape::new();
        for (&x, &y) in p.iter().zip(&q) {
            // An axis of extent 1 needs no place of its own; that keeps high ranks within the limit.
            if x != 1 && y != 1 {
                of_a.extend([x, 1]);
                of_b.extend([1, y]);
            } else {
                of_a.push(x);
                of_b.push(y);
            }
        }
        let product = binary(cx, &elementwise::MUL, &reshape(cx, a, &of_a), &reshape(cx, b, &of_b));
        Ok(reshape(cx, &product, &out))
    })
}

/// `numpy.vdot`: the sum of conj(a) b over all elements.
pub fn vdot(cx: &Context, a: &Array, b: &Array) -> Array {
    checked(cx, "ag_vdot", || {
        if a.size() != b.size() {
            return Err(Error::shape(format!(
                "cannot reshape array of size {} into shape {}",
                b.size(),
                Show(&[a.size()])
            )));
        }
        let a = reshape(cx, &conj(cx, a), &[1, a.size()]);
        let b = reshape(cx, b, &[b.size(), 1]);
        Ok(reshape(cx, &stacked(cx, &a, &b), &[]))
    })
}

/// Errors of NumPy's functions with core dimensions.
fn core(signature: &str, which: usize, x: &Array, needs: usize) -> Result<()> {
    if x.ndim() >= needs {
        return Ok(());
    }
    Err(Error::value(format!(
        "Input operand {which} does not have enough dimensions (has {}, gufunc core with signature {signature} requires \
         {needs})",
        x.ndim()
    )))
}

fn same_core(signature: &str, axis: usize, got: usize, expected: usize) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(Error::shape(format!(
        "Input operand 1 has a mismatch in its core dimension {axis}, with gufunc signature {signature} (size {got} is \
         different from {expected})"
    )))
}

/// `numpy.vecdot`: the sum of conj(a) b along one axis of both, the others broadcast.
pub fn vecdot(cx: &Context, a: &Array, b: &Array, axis: i64) -> Array {
    const SIGNATURE: &str = "(n),(n)->()";
    checked(cx, "ag_vecdot", || {
        core(SIGNATURE, 0, a, 1)?;
        core(SIGNATURE, 1, b, 1)?;
        let (a, b) = (to_last(cx, a, axis)?, to_last(cx, b, axis)?);
        if cx.failed() {
            return Ok(Array::Null);
        }
        let n = a.shape()[a.ndim() - 1];
        same_core(SIGNATURE, 0, b.shape()[b.ndim() - 1], n)?;
        let a = conj(cx, &a);
        if a.ndim() == 1 && b.ndim() == 1 {
            let product = stacked(cx, &reshape(cx, &a, &[1, n]), &reshape(cx, &b, &[n, 1]));
            return Ok(reshape(cx, &product, &[]));
        }
        let product = binary(cx, &elementwise::MUL, &a, &b);
        if cx.failed() {
            return Ok(Array::Null);
        }
        let total = sum(cx, &product, &[product.ndim() - 1], false);
        Ok(if product.dtype() == DType::Bool { astype(cx, &total, DType::Bool) } else { total })
    })
}

/// The array with one axis moved to the end.
fn to_last(cx: &Context, x: &Array, axis: i64) -> Result<Array> {
    let axis = shape::normalize_axis(axis, x.ndim())?;
    let mut axes: Axes = (0..x.ndim()).filter(|&a| a != axis).collect();
    axes.push(axis);
    Ok(transpose(cx, x, &axes))
}

/// `numpy.matvec`: matrices of the last two axes of `a` times vectors of the last axis of `b`.
pub fn matvec(cx: &Context, a: &Array, b: &Array) -> Array {
    const SIGNATURE: &str = "(m,n),(n)->(m)";
    checked(cx, "ag_matvec", || {
        core(SIGNATURE, 0, a, 2)?;
        core(SIGNATURE, 1, b, 1)?;
        same_core(SIGNATURE, 0, b.shape()[b.ndim() - 1], a.shape()[a.ndim() - 1])?;
        let mut column = Shape::from_slice(b.shape());
        column.push(1);
        let c = stacked(cx, a, &reshape(cx, b, &column));
        if c.is_null() {
            return Ok(c);
        }
        Ok(reshape(cx, &c, &c.shape()[..c.ndim() - 1]))
    })
}

/// `numpy.vecmat`: conjugated vectors of the last axis of `a` times matrices of the last two axes of `b`.
pub fn vecmat(cx: &Context, a: &Array, b: &Array) -> Array {
    const SIGNATURE: &str = "(n),(n,m)->(m)";
    checked(cx, "ag_vecmat", || {
        core(SIGNATURE, 0, a, 1)?;
        core(SIGNATURE, 1, b, 2)?;
        same_core(SIGNATURE, 0, b.shape()[b.ndim() - 2], a.shape()[a.ndim() - 1])?;
        let mut row = Shape::from_slice(a.shape());
        row.insert(a.ndim() - 1, 1);
        let c = stacked(cx, &reshape(cx, &conj(cx, a), &row), b);
        if c.is_null() {
            return Ok(c);
        }
        let mut shape = Shape::from_slice(c.shape());
        shape.remove(c.ndim() - 2);
        Ok(reshape(cx, &c, &shape))
    })
}

/// `numpy.cross`, of vectors with two or three components along `axisa` and `axisb`; those of the result lie along
/// `axisc`. Of two vectors in the plane it is the third component alone.
pub fn cross(cx: &Context, a: &Array, b: &Array, [axisa, axisb, axisc]: [i64; 3]) -> Array {
    checked(cx, "ag_cross", || {
        if a.ndim() == 0 || b.ndim() == 0 {
            return Err(Error::value("At least one array has zero dimension"));
        }
        let named = |name: &str, axis: i64, ndim: usize| {
            shape::normalize_axis(axis, ndim).map_err(|e| Error { message: format!("{name}: {e}").into(), ..e })
        };
        named("axisa", axisa, a.ndim())?;
        named("axisb", axisb, b.ndim())?;
        let (a, b) = (to_last(cx, a, axisa)?, to_last(cx, b, axisb)?);
        if cx.failed() {
            return Ok(Array::Null);
        }
        let (m, n) = (a.shape()[a.ndim() - 1], b.shape()[b.ndim() - 1]);
        if !(2..=3).contains(&m) || !(2..=3).contains(&n) {
            return Err(Error::shape(format!(
                "incompatible dimensions for cross product (dimension must be 2 or 3, found {m} and {n})"
            )));
        }
        let lead = shape::broadcast(&a.shape()[..a.ndim() - 1], &b.shape()[..b.ndim() - 1])?;
        let of = |x: &Array, i: usize| slice_axis(cx, x, x.ndim() - 1, i, 1);
        let times = |i: usize, j: usize| binary(cx, &elementwise::MUL, &of(&a, i), &of(&b, j));
        let minus = |p: &Array, q: &Array| binary(cx, &elementwise::SUB, p, q);
        // Component 2 of a vector in the plane is 0.
        let pair = |i: usize, j: usize| match (i < m && j < n, j < m && i < n) {
            (true, true) => minus(&times(i, j), &times(j, i)),
            (true, false) => times(i, j),
            _ => elementwise::unary(cx, &elementwise::NEG, &times(j, i)),
        };
        if m == 2 && n == 2 {
            return Ok(reshape(cx, &pair(0, 1), &lead));
        }
        let last = lead.len();
        let to = named("axisc", axisc, last + 1)?;
        let vectors = concatenate(cx, &[&pair(1, 2), &pair(2, 0), &pair(0, 1)], last);
        let mut axes: Axes = (0..last).collect();
        axes.insert(to, last);
        Ok(transpose(cx, &vectors, &axes))
    })
}
