//! Products.

use super::{ag_array, ag_context, guard_as, slice, string, two, two_short};
use crate::array::shape;
use crate::ops::{bilinear, einsum, product};
use crate::trace::Array;
use smallvec::SmallVec;
use std::ffi::c_char;

/// Inner product of vectors, matrix product of matrices; in general the sum over the last axis of `a` and the last but one
/// of `b` (the only one of a vector). Of rank 0: the product.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_dot(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two_short(cx, "ag_dot", a, b, product::short_dot, product::dot)
}

/// Matrix product of the last two axes, the axes before them broadcast; vectors count as a row on the left, a column on the
/// right. Rank 0 is AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_matmul(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two_short(cx, "ag_matmul", a, b, product::short_dot, product::matmul)
}

/// Sum over the last axes of both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_inner(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_inner", a, b, product::inner)
}

/// All products of the elements of `a` with those of `b`: a matrix, of the flattened arrays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_outer(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_outer", a, b, product::outer)
}

/// Sum over the last `naxes` axes of `a` with the first ones of `b`, in order; 0 gives all products.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tensordot(cx: *mut ag_context, a: ag_array, b: ag_array, naxes: usize) -> ag_array {
    two(cx, "ag_tensordot", a, b, |c, a, b| product::tensordot_n(c, a, b, naxes))
}

/// Sum over axes_a[i] of `a` with axes_b[i] of `b`: the remaining axes of a, then those of b.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tensordot_axes(
    cx: *mut ag_context,
    a: ag_array,
    b: ag_array,
    axes_a: *const i64,
    axes_b: *const i64,
    naxes: usize,
) -> ag_array {
    const NAME: &str = "ag_tensordot_axes";
    guard_as(cx, "ag_tensordot_axes", ag_array::NULL, |c| {
        let (a, b) = (c.get(NAME, a), c.get(NAME, b));
        if c.core.failed() {
            return ag_array::NULL;
        }
        // SAFETY: `naxes` axes each, the caller's promise.
        let lists = unsafe { (slice(c, NAME, "axes_a", axes_a, naxes), slice(c, NAME, "axes_b", axes_b, naxes)) };
        let (Some(axes_a), Some(axes_b)) = lists else { return ag_array::NULL };
        let axes_a = c.check(NAME, shape::normalize_axes(axes_a, a.ndim()));
        let axes_b = c.check(NAME, shape::normalize_axes(axes_b, b.ndim()));
        match (axes_a, axes_b) {
            (Some(i), Some(j)) => c.put(product::tensordot(&c.core, NAME, &a, &b, &i, &j)),
            _ => ag_array::NULL,
        }
    })
}

/// numpy.einsum: the sum of products over named axes, as in "ij,jk->ik". A letter that occurs twice in one operand is its
/// diagonal ("ii" is the trace); "..." stands for the axes not named, which are broadcast, as axes of extent 1 are.
/// Without "->" the result has the letters that occur once, in alphabetical order, after the axes of "...". Three and
/// more operands are multiplied in the order that costs least.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_einsum(
    cx: *mut ag_context,
    subscripts: *const c_char,
    operands: *const ag_array,
    n: usize,
) -> ag_array {
    const NAME: &str = "ag_einsum";
    guard_as(cx, "ag_einsum", ag_array::NULL, |c| {
        // SAFETY: a string that ends with 0, and `n` handles: the caller's promise.
        let (Some(text), Some(operands)) =
            (unsafe { (string(c, NAME, "subscripts", subscripts), slice(c, NAME, "operands", operands, n)) })
        else {
            return ag_array::NULL;
        };
        let operands = c.get_all(NAME, operands);
        if c.core.failed() {
            return ag_array::NULL;
        }
        let references: SmallVec<[&Array; 4]> = operands.iter().collect();
        c.put(einsum::einsum(&c.core, text, &references))
    })
}

/// The Kronecker product: every element of `a` times the whole of `b`, of any ranks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_kron(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_kron", a, b, bilinear::kron)
}

/// The sum of conj(a) b over all elements, which are taken in row-major order. Different sizes are AG_ERR_SHAPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vdot(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_vdot", a, b, bilinear::vdot)
}

/// The sum of conj(a) b along the last axis of both, the other axes broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vecdot(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_vecdot", a, b, |c, a, b| bilinear::vecdot(c, a, b, -1))
}

/// The sum of conj(a) b along `axis` of both, the other axes broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vecdot_axis(cx: *mut ag_context, a: ag_array, b: ag_array, axis: i64) -> ag_array {
    two(cx, "ag_vecdot_axis", a, b, |c, a, b| bilinear::vecdot(c, a, b, axis))
}

/// Matrices of the last two axes of `a` times vectors of the last axis of `b`, the axes before them broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_matvec(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_matvec", a, b, bilinear::matvec)
}

/// Conjugated vectors of the last axis of `a` times matrices of the last two axes of `b`, the axes before them broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vecmat(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_vecmat", a, b, bilinear::vecmat)
}

/// The cross product of vectors along the last axis, the other axes broadcast. A vector of two components has 0 as its
/// third; if both are such, the result is the third component alone, without the axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cross(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_cross", a, b, |c, a, b| bilinear::cross(c, a, b, [-1; 3]))
}

/// The cross product with the components along `axisa` of `a`, `axisb` of `b` and `axisc` of the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cross_axes(
    cx: *mut ag_context,
    a: ag_array,
    b: ag_array,
    axisa: i64,
    axisb: i64,
    axisc: i64,
) -> ag_array {
    two(cx, "ag_cross_axes", a, b, |c, a, b| bilinear::cross(c, a, b, [axisa, axisb, axisc]))
}
