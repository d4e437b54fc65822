//! Inverse trigonometric and hyperbolic functions of complex numbers.
//!
//! arcsin, arccos, arcsinh and arccosh are W. Kahan's formulas ("Branch Cuts
//! for Complex Elementary Functions", 1987): products of the square roots of
//! 1 - z and 1 + z, in which no cancellation occurs and signed zeros select the
//! side of the cut. Beyond 1e10 they reduce to logarithms. arctanh uses
//! log1p(4x/((1-x)^2 + y^2))/4 with the real part made positive first.
//!
//! Error bound, as tested: 2 epsilon in the norm. Cuts and infinities as C99 Annex G.

use super::complex::{ln_abs, sqrt};
use num_complex::Complex64;
use std::f64::consts::{FRAC_PI_2, LN_2};

/// Where 1 + z and z agree to double precision squared.
const LARGE: f64 = 1e10;

fn is_large(z: Complex64) -> bool {
    z.re.abs() > LARGE || z.im.abs() > LARGE
}

/// Im(conj(u) v).
fn cross(u: Complex64, v: Complex64) -> f64 {
    u.re * v.im - u.im * v.re
}

/// The kernel's own formula: std's loses accuracy for some arguments.
fn real_asinh(x: f64) -> f64 {
    super::hyperbolic::asinh::<false>(x)
}

/// log |2z| for large z; infinite if either part is.
fn ln_twice(z: Complex64) -> f64 {
    if z.re.is_infinite() || z.im.is_infinite() { f64::INFINITY } else { ln_abs(z) + LN_2 }
}

/// The square roots of 1 - z and 1 + z.
pub(crate) fn roots(z: Complex64) -> (Complex64, Complex64) {
    (sqrt(Complex64::new(1.0 - z.re, -z.im)), sqrt(Complex64::new(1.0 + z.re, z.im)))
}

pub(crate) fn asin(z: Complex64) -> Complex64 {
    if is_large(z) {
        return Complex64::new(z.re.atan2(z.im.abs()), ln_twice(z).copysign(z.im));
    }
    if z.re.is_nan() || z.im.is_nan() {
        let re = if z.re == 0.0 { z.re } else { f64::NAN };
        return Complex64::new(re, f64::NAN);
    }
    let (m, p) = roots(z);
    let re = z.re.atan2(m.re * p.re - m.im * p.im);
    Complex64::new(re, real_asinh(cross(m, p)).copysign(z.im))
}

pub(crate) fn acos(z: Complex64) -> Complex64 {
    if is_large(z) {
        let re = z.im.abs().atan2(z.re);
        return Complex64::new(re, ln_twice(z).copysign(-z.im));
    }
    if z.re.is_nan() || z.im.is_nan() {
        let re = if z.re == 0.0 { FRAC_PI_2 } else { f64::NAN };
        return Complex64::new(re, f64::NAN);
    }
    let (m, p) = roots(z);
    let im = real_asinh(cross(p, m)).copysign(-z.im);
    Complex64::new(2.0 * m.re.atan2(p.re), im)
}

pub(crate) fn asinh(z: Complex64) -> Complex64 {
    // i arcsin(-iz).
    let w = asin(Complex64::new(z.im, -z.re));
    Complex64::new(-w.im, w.re)
}

pub(crate) fn acosh(z: Complex64) -> Complex64 {
    if is_large(z) {
        return Complex64::new(ln_twice(z), z.im.atan2(z.re));
    }
    if z.re.is_nan() || z.im.is_nan() {
        return Complex64::new(f64::NAN, f64::NAN);
    }
    let m = sqrt(Complex64::new(z.re - 1.0, z.im));
    let p = sqrt(Complex64::new(z.re + 1.0, z.im));
    let re = real_asinh(m.re * p.re + m.im * p.im);
    Complex64::new(re, 2.0 * m.im.atan2(p.re))
}

pub(crate) fn atanh(z: Complex64) -> Complex64 {
    let (x, y) = (z.re.abs(), z.im);
    if y.is_infinite() || x.is_infinite() && !y.is_nan() {
        return Complex64::new(0f64.copysign(z.re), FRAC_PI_2.copysign(y));
    }
    if x.is_nan() || y.is_nan() {
        let re = if x == 0.0 || x.is_infinite() { 0f64.copysign(z.re) } else { f64::NAN };
        return Complex64::new(re, f64::NAN);
    }
    if is_large(z) {
        // The real part of 1/z, with squares that cannot overflow.
        let h = (0.5 * x).hypot(0.5 * y);
        return Complex64::new((0.25 * x / h / h).copysign(z.re), FRAC_PI_2.copysign(y));
    }
    let re = if x == 1.0 && y.abs() < 1e-100 {
        // (1 - x)^2 + y^2 would underflow.
        0.5 * (LN_2 - y.abs().ln())
    } else {
        let d = 1.0 - x;
        0.25 * (4.0 * x / (d * d + y * y)).ln_1p()
    };
    let im = 0.5 * (2.0 * y).atan2((1.0 - x) * (1.0 + x) - y * y);
    Complex64::new(re.copysign(z.re), im)
}

pub(crate) fn atan(z: Complex64) -> Complex64 {
    // -i arctanh(iz).
    let w = atanh(Complex64::new(-z.im, z.re));
    Complex64::new(w.im, -w.re)
}
