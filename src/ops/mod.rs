//! The operations: one file per family, and in each file one paragraph per operation, with kernel, derivative and test
//! domain side by side. Derivatives are written with these same operations, so every order follows.

pub mod algebra;
pub mod arrange;
pub mod bessel;
pub mod bilinear;
pub mod choose;
pub mod complex;
pub mod convolve;
pub mod create;
pub mod diagonal;
pub mod domain;
pub mod einsum;
pub mod elementwise;
pub mod index;
pub mod index_reduce;
pub mod integers;
pub mod join;
pub mod linspace;
pub mod logsumexp;
pub mod masked;
pub mod nan;
pub mod nonzero;
pub mod number;
pub mod order;
pub mod pad;
pub mod polyfit;
pub mod polynomial;
pub mod pooling;
pub mod positions;
pub mod predicates;
pub mod product;
pub mod quantile;
pub mod reduce;
pub mod scan;
pub mod segment;
pub mod shape;
mod silence;
pub mod solve;
pub mod statistics;
pub mod take;

use crate::array::Tensor;
use crate::array::dims::same;
use crate::trace::{Array, Context, Meta};

/// The sum of two cotangents or tangents, null standing for zero.
pub fn accumulate(cx: &Context, a: Array, b: Array) -> Array {
    match (a, b) {
        (Array::Null, x) | (x, Array::Null) => x,
        (mut sum @ Array::Plain(_), Array::Plain(part)) => match accumulate_short(cx, &mut sum, part) {
            Ok(()) => sum,
            Err(part) => elementwise::binary(cx, &elementwise::ADD, &sum, &Array::Plain(part)),
        },
        (a, b) => elementwise::binary(cx, &elementwise::ADD, &a, &b),
    }
}

/// Adds a plain part to a cotangent, null standing for zero, without calling anybody; gives it back where it can't.
#[inline]
pub fn accumulate_short(cx: &Context, sum: &mut Array, part: Tensor) -> Result<(), Tensor> {
    match sum {
        Array::Null => {
            sum.fill(Array::Plain(part));
            Ok(())
        }
        Array::Plain(there) => cx.engine.add_in_place(there, part),
        _ => Err(part),
    }
}

/// A cotangent times the partial derivative of a number.
pub fn scaled(cx: &Context, g: &Array, partial: f64) -> Array {
    elementwise::binary(cx, &elementwise::SCALED, g, &Array::from(partial))
}

/// Brings a cotangent to the form of the value it belongs to: sums over axes along which the value was broadcast
/// (NumPy's `unbroadcast`), drops an imaginary part that a real value has no use for, converts the precision.
pub fn unbroadcast(cx: &Context, g: Array, meta: &Meta) -> Array {
    if let Array::Number { value, .. } = g
        && meta.shape.is_empty()
        && meta.dtype == crate::array::DType::F64
    {
        return Array::from(value);
    }
    let g = match_dtype(cx, g, meta);
    if g.is_null() || same(g.shape(), &meta.shape) {
        return g;
    }
    let g = if g.ndim() < meta.shape.len() {
        let mut shape = crate::array::Shape::from_elem(1, meta.shape.len() - g.ndim());
        shape.extend_from_slice(g.shape());
        shape::reshape(cx, &g, &shape)
    } else {
        g
    };
    let lead = g.ndim().saturating_sub(meta.shape.len());
    let axes: crate::array::Axes =
        (0..g.ndim()).filter(|&i| i < lead || meta.shape[i - lead] == 1 && g.shape()[i] != 1).collect();
    let g = if axes.is_empty() { g } else { reduce::sum(cx, &g, &axes, true) };
    if g.is_null() || same(g.shape(), &meta.shape) {
        return g;
    }
    if g.size() == meta.shape.iter().product::<usize>() {
        return shape::reshape(cx, &g, &meta.shape);
    }
    // A rule that returned one number for a whole array meant it for each element.
    shape::broadcast_to(cx, &g, &meta.shape)
}

fn match_dtype(cx: &Context, g: Array, meta: &Meta) -> Array {
    if g.is_null() || g.dtype() == meta.dtype && !g.is_weak() {
        return g;
    }
    let g = if g.dtype().is_complex() && !meta.dtype.is_complex() { complex::real(cx, &g) } else { g };
    elementwise::astype(cx, &g, meta.dtype)
}

/// Brings a tangent to the shape and dtype of the value it belongs to.
pub fn broadcast_tangent(cx: &Context, t: &Array, value: &Array) -> Array {
    let meta = Meta::of(value);
    let t = match_dtype(cx, t.clone(), &meta);
    if t.is_null() || same(t.shape(), value.shape()) { t } else { shape::broadcast_to(cx, &t, &meta.shape) }
}

/// Zeros in the form of a value.
pub fn zeros(cx: &Context, meta: &Meta) -> Array {
    create::full(cx, meta.dtype, &meta.shape, 0.0)
}
