//! Polynomials: vectors of coefficients, the highest power first.

use super::number::pair;
use super::shape::checked;
use super::statistics::optional;
use super::{ag_array, ag_context, guard_as, one, two};
use crate::ops::elementwise;
use crate::ops::polyfit;
use crate::ops::polynomial as ops;
use crate::trace::Array;

/// The values of a polynomial, given by its coefficients (the highest power first), at every element of `x`. A matrix of
/// coefficients has a polynomial in each column, any array one along its first axis: the other axes broadcast with those of `x`, so
/// that column j is evaluated in column j of `x`, and a matrix `x` with one column is evaluated in all of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polyval(cx: *mut ag_context, p: ag_array, x: ag_array) -> ag_array {
    two(cx, "ag_polyval", p, x, ops::polyval)
}

/// The sum of two polynomials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polyadd(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_polyadd", a, b, |c, a, b| ops::combine(c, "ag_polyadd", &elementwise::ADD, a, b))
}

/// The difference of two polynomials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polysub(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_polysub", a, b, |c, a, b| ops::combine(c, "ag_polysub", &elementwise::SUB, a, b))
}

/// The product of two polynomials. Leading zeros stay (NumPy drops them), so that the shape does not depend on values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polymul(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_polymul", a, b, ops::polymul)
}

/// The quotient of two polynomials, and in *remainder (unless NULL) the remainder. The quotient has as many coefficients as
/// `u` has more than `v`, and one more; the remainder one less than `v`, but one at least. If `u` is shorter than `v`, they
/// are 0 and `u`. (NumPy drops leading zeros of the remainder.) A `v` that begins with 0 gives infinities or NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polydiv(
    cx: *mut ag_context,
    u: ag_array,
    v: ag_array,
    remainder: *mut ag_array,
) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe { pair(cx, "ag_polydiv", &[u, v], remainder, |c, a| ops::polydiv(c, &a[0], &a[1])) }
}

/// The polynomial p of degree `deg` that fits data best: the sum of (w (y - p(x)))^2 is least. `x` is a vector of real
/// coordinates, of which more than `deg` are different; `y` has a number for each, or a row of a matrix, whose columns are
/// fitted one by one; `w` a real weight (the null array: all are 1). The result has `deg` + 1 coefficients or rows of them.
/// Differentiable with respect to `x`, `y` and `w`. (Where NumPy warns of too few coordinates, this is an error.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polyfit(cx: *mut ag_context, x: ag_array, y: ag_array, deg: i64, w: ag_array) -> ag_array {
    checked(cx, "ag_polyfit", x, |c, x| {
        let y = c.get("ag_polyfit", y);
        if y.is_null() {
            return Ok(Array::Null);
        }
        let w = optional(c, "ag_polyfit", w)?;
        polyfit::polyfit(&c.core, x, &y, deg, w.as_ref())
    })
}

/// The m-th derivative of a polynomial.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polyder(cx: *mut ag_context, p: ag_array, m: i64) -> ag_array {
    one(cx, "ag_polyder", p, |c, p| ops::polyder(c, p, m))
}

/// The m-th integral of a polynomial. `k` has the constants of integration, that of the first integration first: a vector
/// of at least m, one number for all, or the null array for zeros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polyint(cx: *mut ag_context, p: ag_array, m: i64, k: ag_array) -> ag_array {
    guard_as(cx, "ag_polyint", ag_array::NULL, |c| {
        let p = c.get("ag_polyint", p);
        let k = if k == ag_array::NULL { Array::Null } else { c.get("ag_polyint", k) };
        if c.core.failed() { ag_array::NULL } else { c.put(ops::polyint(&c.core, &p, m, &k)) }
    })
}

/// The matrix with a row of `n` powers for each element of the vector `x`: from the power n - 1 to 0, or from 0 on if
/// `increasing`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vander(cx: *mut ag_context, x: ag_array, n: i64, increasing: bool) -> ag_array {
    one(cx, "ag_vander", x, |c, x| ops::vander(c, x, n, increasing))
}

/// The coefficients of the polynomial with these roots (a vector) and leading coefficient 1. Of complex roots that come in
/// conjugate pairs they are real.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_poly(cx: *mut ag_context, roots: ag_array) -> ag_array {
    one(cx, "ag_poly", roots, ops::poly)
}
