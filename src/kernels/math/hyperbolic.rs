//! sinh, cosh, tanh and their inverses.
//!
//! With q = e^|x| - 1, sinh = (q + q/(q+1))/2 and tanh = -p/(p + 2) for
//! p = e^(-2|x|) - 1; cosh = (e^|x| + e^-|x|)/2. The exponentials are computed
//! at a quarter of their value so that nothing overflows before the result
//! does. The inverses are log1p of an argument formed without cancellation,
//! e.g. arcsinh = log1p(x + x^2/(1 + sqrt(1 + x^2))), as in fdlibm (Sun
//! Microsystems, 1993), except that no branch is taken.
//!
//! Error bound, as tested: 2.5 ULP.

use super::complex as cplx;
use super::exp::{exp_scaled, expm1_scaled};
use super::log::log1p_core;
use super::num::*;
use super::single;
use super::table::unary;

const LN_2: f64 = std::f64::consts::LN_2;

#[inline(always)]
pub(crate) fn sinh<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let q = expm1_scaled::<FMA>(if a > 710.6 { 710.6 } else { a }, 2.0);
    let y = 2.0 * q + 2.0 * (q / madd::<FMA>(4.0, q, 1.0));
    (if a < 1e-8 { a } else { y }).copysign(x)
}

#[inline(always)]
pub(crate) fn cosh<const FMA: bool>(x: f64) -> f64 {
    let e = exp_scaled::<FMA>(1.0, x.abs(), 0.0, 2.0);
    2.0 * (e + 0.0625 / e)
}

#[inline(always)]
pub(crate) fn tanh<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let a = if a > 40.0 { 40.0 } else { a };
    let p = expm1_scaled::<FMA>(-2.0 * a, 0.0);
    (-p / (p + 2.0)).copysign(x)
}

#[inline(always)]
pub(crate) fn asinh<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    // From 1e18 on, 1 + x = x and the square root adds ln 2.
    let big = a > 1e18;
    let t = if big { 1.0 } else { a };
    let q = t * t / (1.0 + madd::<FMA>(t, t, 1.0).sqrt());
    let s = if big { a } else { t + q };
    let y = log1p_core::<FMA>(s) + if big { LN_2 } else { 0.0 };
    let y = if a < 1e-9 { a } else { y };
    (if a == f64::INFINITY { a } else { y }).copysign(x)
}

#[inline(always)]
pub(crate) fn acosh<const FMA: bool>(x: f64) -> f64 {
    let big = x > 1e18;
    let t = (if big { 2.0 } else { x }) - 1.0;
    let s = t + madd::<FMA>(t, t, 2.0 * t).sqrt();
    let s = if big { x } else { s };
    let y = log1p_core::<FMA>(s) + if big { LN_2 } else { 0.0 };
    let y = if x >= 1.0 { y } else { f64::NAN };
    if x == f64::INFINITY { x } else { y }
}

#[inline(always)]
pub(crate) fn atanh<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let d = 1.0 - a;
    let t = 2.0 * a / d;
    let y = 0.5 * log1p_core::<FMA>(t);
    let y = if a < 1e-9 { a } else { y };
    let y = if a == 1.0 { f64::INFINITY } else { y };
    (if a <= 1.0 { y } else { f64::NAN }).copysign(x)
}

unary!(SINH, "sinh", 0.9, |FMA, x|
    f64: sinh::<FMA>(x);
    f32: sinh::<FMA>(f64::from(x)) as f32;
    c128: cplx::sinh(x);
);
unary!(COSH, "cosh", 0.8, |FMA, x|
    f64: cosh::<FMA>(x);
    f32: cosh::<FMA>(f64::from(x)) as f32;
    c128: cplx::cosh(x);
);
unary!(TANH, "tanh", 0.7, |FMA, x|
    f64: tanh::<FMA>(x);
    f32: single::tanh::<FMA>(x);
    c128: cplx::tanh(x);
);
unary!(ARCSINH, "arcsinh", 1.4, |FMA, x|
    f64: asinh::<FMA>(x);
    f32: asinh::<FMA>(f64::from(x)) as f32;
    c128: cplx::asinh(x);
);
unary!(ARCCOSH, "arccosh", 1.2, |FMA, x|
    f64: acosh::<FMA>(x);
    f32: acosh::<FMA>(f64::from(x)) as f32;
    c128: cplx::acosh(x);
);
unary!(ARCTANH, "arctanh", 1.1, |FMA, x|
    f64: atanh::<FMA>(x);
    f32: atanh::<FMA>(f64::from(x)) as f32;
    c128: cplx::atanh(x);
);
