//! Polynomials: vectors of coefficients, the highest power first.

use super::{ag_array, ag_context, guard_as, one, two};
use crate::ops::elementwise as rows;
use crate::ops::polynomial as ops;
use crate::trace::Array;

/// The values of a polynomial, given by its coefficients (the highest power first), at every element of `x`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polyval(cx: *mut ag_context, p: ag_array, x: ag_array) -> ag_array {
    two(cx, "ag_polyval", p, x, ops::polyval)
}

/// The sum of two polynomials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polyadd(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_polyadd", a, b, |c, a, b| ops::combine(c, "ag_polyadd", &rows::ADD, a, b))
}

/// The difference of two polynomials.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polysub(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_polysub", a, b, |c, a, b| ops::combine(c, "ag_polysub", &rows::SUB, a, b))
}

/// The product of two polynomials. Leading zeros stay (NumPy drops them), so that the shape does not depend on values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_polymul(cx: *mut ag_context, a: ag_array, b: ag_array) -> ag_array {
    two(cx, "ag_polymul", a, b, ops::polymul)
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
