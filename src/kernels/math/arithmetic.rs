//! Arithmetic, rounding and selection: the functions that are one or a few
//! machine operations.
//!
//! All are exact or correctly rounded, complex division, reciprocal and sign
//! excepted (2 to 3 ULP of the larger component). Complex division scales by
//! the larger component of the divisor (R. L. Smith, Comm. ACM 5, 1962), as
//! NumPy does. maximum and minimum hand on NaN, fmax and fmin avoid it.
//! Integer arithmetic wraps.

use super::compare::{complex_ge, complex_le};
use super::complex as cplx;
use super::num::*;
use super::table::{binary, unary};
use num_complex::Complex64;

const RAD_TO_DEG: f64 = 180.0 / std::f64::consts::PI;
const DEG_TO_RAD: f64 = std::f64::consts::PI / 180.0;

/// Three-way sign; NaN stays NaN and zeros become +0.
macro_rules! sign {
    ($x:ident) => {
        if $x > 0.0 {
            1.0
        } else if $x < 0.0 {
            -1.0
        } else {
            $x + 0.0
        }
    };
}

macro_rules! larger {
    ($a:ident, $b:ident) => {
        if $a >= $b || $a.is_nan() { $a } else { $b }
    };
}

macro_rules! smaller {
    ($a:ident, $b:ident) => {
        if $a <= $b || $a.is_nan() { $a } else { $b }
    };
}

#[inline(always)]
fn scaled(a: f64, b: f64) -> f64 {
    if (a == 0.0) | (b == 0.0) { 0.0 } else { a * b }
}

/// By 0 each part is divided by itself: so infinite derivatives have a direction, the same in both modes.
#[inline(always)]
fn over(a: Complex64, b: Complex64) -> Complex64 {
    let z = cplx::div(a, b);
    let part = |a: f64| if a == 0.0 { 0.0 } else { a / 0.0 };
    let z = if (b.re == 0.0) & (b.im == 0.0) { Complex64::new(part(a.re), part(a.im)) } else { z };
    if (a.re == 0.0) & (a.im == 0.0) { a } else { z }
}

// Products and quotients for derivative rules: a zero factor makes the product zero, whatever the other is, and a zero
// cotangent stays zero whatever divides it.
binary!(SCALED, "scaled", 0.15, |FMA, a, b|
    f64: if (a == 0.0) | (b == 0.0) { 0.0 } else { a * b };
    f32: if (a == 0.0) | (b == 0.0) { 0.0 } else { a * b };
    c128: Complex64::new(scaled(a.re, b.re) - scaled(a.im, b.im), scaled(a.re, b.im) + scaled(a.im, b.re));
);
binary!(OVER, "over", 0.3, |FMA, a, b|
    f64: if a == 0.0 { 0.0 } else { a / b };
    f32: if a == 0.0 { 0.0 } else { a / b };
    c128: over(a, b);
);
unary!(NEGATIVE, "negative", 0.1, |FMA, x|
    f64: -x; f32: -x; c128: -x; i64: x.wrapping_neg();
    .without_bool("the negative of booleans is not defined"););
unary!(POSITIVE, "positive", 0.1, |FMA, x| f64: x; f32: x; c128: x; i64: x;);
unary!(
    /// Real and integer only; see `ABS_COMPLEX`.
    ABSOLUTE, "absolute", 0.1, |FMA, x| f64: x.abs(); f32: x.abs(); i64: x.wrapping_abs();
);
unary!(RECIPROCAL, "reciprocal", 0.3, |FMA, x|
    f64: 1.0 / x;
    f32: 1.0 / x;
    c128: cplx::div(Complex64::new(1.0, 0.0), x);
    i64: if x == 0 { i64::MIN } else { 1 / x };
);
unary!(SQUARE, "square", 0.1, |FMA, x|
    f64: x * x; f32: x * x; c128: cplx::mul(x, x); i64: x.wrapping_mul(x););
unary!(SQRT, "sqrt", 0.5, |FMA, x| f64: x.sqrt(); f32: x.sqrt(); c128: cplx::sqrt(x););
unary!(CONJ, "conjugate", 0.1, |FMA, x| f64: x; f32: x; c128: x.conj(); i64: x;);
unary!(
    /// z/|z| for complex numbers.
    SIGN, "sign", 0.1, |FMA, x|
    f64: sign!(x); f32: sign!(x); c128: cplx::sign(x); i64: x.signum();
    .without_bool("the sign of booleans is not defined");
);
unary!(RAD2DEG, "rad2deg", 0.1, |FMA, x|
    f64: x * RAD_TO_DEG; f32: x * (RAD_TO_DEG as f32););
unary!(DEG2RAD, "deg2rad", 0.1, |FMA, x|
    f64: x * DEG_TO_RAD; f32: x * (DEG_TO_RAD as f32););
unary!(FLOOR, "floor", 0.1, |FMA, x|
    f64: floor::<FMA>(x); f32: floor::<FMA>(f64::from(x)) as f32; i64: x;);
unary!(CEIL, "ceil", 0.1, |FMA, x|
    f64: ceil::<FMA>(x); f32: ceil::<FMA>(f64::from(x)) as f32; i64: x;);
unary!(TRUNC, "trunc", 0.1, |FMA, x|
    f64: trunc::<FMA>(x); f32: trunc::<FMA>(f64::from(x)) as f32; i64: x;);
unary!(
    /// Nearest integer, halves to even.
    RINT, "rint", 0.1, |FMA, x|
    f64: rint::<FMA>(x); f32: rint::<FMA>(f64::from(x)) as f32; c128: Complex64::new(rint::<FMA>(x.re), rint::<FMA>(x.im));
);

binary!(ADD, "add", 0.1, |FMA, a, b|
    f64: a + b; f32: a + b; c128: a + b; i64: a.wrapping_add(b); bool: a | b;);
binary!(SUBTRACT, "subtract", 0.1, |FMA, a, b|
    f64: a - b; f32: a - b; c128: a - b; i64: a.wrapping_sub(b);
    .without_bool("the difference of booleans is not defined; use ag_logical_xor"););
binary!(MULTIPLY, "multiply", 0.1, |FMA, a, b|
    f64: a * b; f32: a * b; c128: cplx::mul(a, b); i64: a.wrapping_mul(b); bool: a & b;);
binary!(DIVIDE, "divide", 0.3, |FMA, a, b|
    f64: a / b; f32: a / b; c128: cplx::div(a, b););
binary!(MAXIMUM, "maximum", 0.1, |FMA, a, b|
    f64: larger!(a, b);
    f32: larger!(a, b);
    c128: if complex_ge(a, b) || a.is_nan() { a } else { b };
    i64: if a > b { a } else { b };
    bool: a | b;
);
binary!(MINIMUM, "minimum", 0.1, |FMA, a, b|
    f64: smaller!(a, b);
    f32: smaller!(a, b);
    c128: if complex_le(a, b) || a.is_nan() { a } else { b };
    i64: if a < b { a } else { b };
    bool: a & b;
);
binary!(FMAX, "fmax", 0.1, |FMA, a, b|
    f64: if a >= b || b.is_nan() { a } else { b };
    f32: if a >= b || b.is_nan() { a } else { b };
    c128: if complex_ge(a, b) || b.is_nan() { a } else { b };
    i64: if a > b { a } else { b };
    bool: a | b;
);
binary!(FMIN, "fmin", 0.1, |FMA, a, b|
    f64: if a <= b || b.is_nan() { a } else { b };
    f32: if a <= b || b.is_nan() { a } else { b };
    c128: if complex_le(a, b) || b.is_nan() { a } else { b };
    i64: if a < b { a } else { b };
    bool: a & b;
);
binary!(COPYSIGN, "copysign", 0.1, |FMA, a, b| f64: a.copysign(b); f32: a.copysign(b););
