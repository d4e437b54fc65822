//! Products.

use super::{ag_array, ag_context, guard, slice, two};
use crate::array::shape;
use crate::ops::product;

/// Inner product of vectors, matrix product of matrices; in general the sum over the last axis of `a` and the last but one
/// of `b` (the only one of a vector). Of rank 0: the product.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_dot(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_dot", a, b, product::dot)
}

/// Matrix product of the last two axes, the axes before them broadcast; vectors count as a row on the left, a column on the
/// right. Rank 0 is AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_matmul(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_matmul", a, b, product::matmul)
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
    guard(cx, ag_array::NULL, |c| {
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
