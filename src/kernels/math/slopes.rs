//! Functions that derivatives are made of, as accurate as the functions themselves.
//!
//! A derivative taken from a rounded value has lost what the value does not say: 1 - tanh(x)^2 is 0 from 20 on. So each
//! function here starts from the argument. sech^2 and the logistic density are products of e^-|x| (`exp.rs`); sqrt(1 - x^2) is made
//! of (1 - x)(1 + x), where nothing cancels; e^(-x^2) carries the rounding error of the square into the exponential;
//! x^(y-1) carries that of the exponent. Quotients by squares of lengths scale by powers of two, as `hypot` does.
//!
//! For complex numbers sqrt(1 - z^2) is the product of the roots of 1 - z and 1 + z (W. Kahan, "Branch Cuts for Complex
//! Elementary Functions", 1987), which neither overflows nor loses the sign of a zero that says on which side of a cut
//! z lies.
//!
//! Error bounds, as tested: 3 ULP; 4 for f32; of complex numbers 6 epsilon in the norm.

use super::complex as cplx;
use super::exp::{exp_below_one, exp_scaled, expit, expit_and_slope, tanh_and_slope};
use super::num::*;
use super::power::{less_regular, power_less};
use super::single;
use super::table::{binary, unary};
use super::trig;
use num_complex::Complex64;

/// 1/cos(x)^2 for |x| <= 1e6.
#[inline(always)]
fn sec2<const FMA: bool>(x: f64) -> f64 {
    let c = trig::cos::<FMA>(x);
    1.0 / (c * c)
}

fn sec2_far(x: f64) -> f64 {
    let c = x.cos();
    1.0 / (c * c)
}

/// e^(-x^2).
#[inline(always)]
pub(crate) fn gaussian<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let a = if a > 28.0 { 28.0 } else { a };
    let (h, l) = two_prod::<FMA>(a, a);
    exp_scaled::<FMA>(1.0, -h, -l, 0.0)
}

/// sqrt(1 + x^2).
#[inline(always)]
pub(crate) fn cosh_arcsinh<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    // Also keeps NaN.
    if a < 1e150 { madd::<FMA>(a, a, 1.0).sqrt() } else { a }
}

/// Powers of two that bring a number of this magnitude where its square is normal, and its reciprocal.
#[inline(always)]
fn scales(top: f64) -> f64 {
    const UP: f64 = f64::from_bits((1023 + 600) << 52);
    const DOWN: f64 = f64::from_bits((1023 - 600) << 52);
    let s = if top > 1e150 { DOWN } else { 1.0 };
    if top < 1e-145 { UP } else { s }
}

/// a/sqrt(a^2 + b^2), 0 at the origin. With both infinite the angle is that of equal numbers.
#[inline(always)]
fn direction<const FMA: bool>(a: f64, b: f64) -> f64 {
    let (p, q) = (a.abs(), b.abs());
    let top = if p > q { p } else { q };
    let far = top == f64::INFINITY;
    // Finite parts beside an infinite one are nothing.
    let part = |v: f64| if v == f64::INFINITY { 1.0 } else { v * 0.0 };
    let s = scales(top);
    let (u, v) = if far { (part(p), part(q)) } else { (p * s, q * s) };
    let r = u / madd::<FMA>(u, u, v * v).sqrt();
    (if top == 0.0 { p } else { r }).copysign(a)
}

/// a/(a^2 + b^2), 0 at the origin and at infinity.
#[inline(always)]
fn inversion<const FMA: bool>(a: f64, b: f64) -> f64 {
    let (p, q) = (a.abs(), b.abs());
    let top = if p > q { p } else { q };
    let s = scales(top);
    let (u, v) = (p * s, q * s);
    let r = u / madd::<FMA>(u, u, v * v) * s;
    let r = if (top == 0.0) | (top == f64::INFINITY) { 0.0 } else { r };
    let r = if p.is_nan() | q.is_nan() { f64::NAN } else { r };
    r.copysign(a)
}

/// a - b as a number that is not positive and its rounding error, and whether the order is kept.
#[inline(always)]
fn distance(a: f64, b: f64) -> (f64, f64, bool) {
    let (d, l) = two_sum(a, -b);
    let l = if d.abs() < f64::INFINITY { l } else { 0.0 };
    let below = d < 0.0;
    (if below { d } else { -d }, if below { l } else { -l }, below)
}

/// e^a/(e^a + e^b): a half where both are +infinity, 0 where both are -infinity.
#[inline(always)]
fn weight<const FMA: bool>(a: f64, b: f64) -> f64 {
    let (d, l, below) = distance(a, b);
    // The exponential does not exceed 1; of numbers far apart the smaller one has all the digits.
    let e = exp_below_one::<FMA>(d, l);
    let w = (if below { e } else { UP }) / madd::<FMA>(e, DOWN, 1.0) * DOWN;
    alike(a, b, w)
}

/// The same with powers of two.
#[inline(always)]
fn weight2<const FMA: bool>(a: f64, b: f64) -> f64 {
    let (d, l, below) = distance(a, b);
    let d = if d < -1100.0 { -1100.0 } else { d };
    let n = (d + MAGIC) - MAGIC;
    // (d - n) + l is below 1 and goes through e^x, its product with ln 2 in two parts.
    let t = d - n;
    let (h, h_lo) = two_prod::<FMA>(t, std::f64::consts::LN_2);
    let low = madd::<FMA>(t, 2.3190468138462996e-17, madd::<FMA>(l, std::f64::consts::LN_2, h_lo));
    let e = exp_scaled::<FMA>(1.0, h, low, 0.0) * pow2(if n < -1082.0 { -1022.0 } else { n + 60.0 });
    let w = (if below { e } else { UP }) / madd::<FMA>(e, DOWN, 1.0) * DOWN;
    alike(a, b, w)
}

const UP: f64 = f64::from_bits((1023 + 60) << 52);
const DOWN: f64 = f64::from_bits((1023 - 60) << 52);

/// The weight of equal numbers, which may be infinite and then have no difference.
#[inline(always)]
fn alike(a: f64, b: f64, w: f64) -> f64 {
    let half = if a == f64::NEG_INFINITY { 0.0 } else { 0.5 };
    let w = if a == b { half } else { w };
    if a.is_nan() | b.is_nan() { f64::NAN } else { w }
}

/// e^(a - b), 1 where the two are equal.
#[inline(always)]
pub(crate) fn exp_difference<const FMA: bool>(a: f64, b: f64) -> f64 {
    let (d, l) = two_sum(a, -b);
    let l = if d.abs() < 1e3 { l } else { 0.0 };
    let y = exp_scaled::<FMA>(1.0, d, l, 0.0);
    if a == b { 1.0 } else { y }
}

fn complex_exp_difference(a: Complex64, b: Complex64) -> Complex64 {
    let turn = cplx::exp(Complex64::new(0.0, a.im - b.im));
    let r = exp_difference::<false>(a.re, b.re);
    if r == 0.0 { cplx::ZERO } else { cplx::scale(turn, r) }
}

unary!(
    /// 1/cosh(x)^2, the derivative of tanh.
    SECH2, "sech2", 0.6, |FMA, x|
    f64: tanh_and_slope::<FMA>(x).1;
    f32: single::tanh_and_slope::<FMA>(x).1;
    c128: cplx::sech2(x);
);
unary!(
    /// 1/cos(x)^2, the derivative of tan.
    SEC2, "sec2", 0.9, |FMA, x|
    f64: sec2::<FMA>(x), if trig::in_range(x), else sec2_far(x);
    f32: sec2::<FMA>(f64::from(x)) as f32, if trig::in_range(f64::from(x)), else sec2_far(f64::from(x)) as f32;
    c128: cplx::sech2(Complex64::new(-x.im, x.re));
);
unary!(
    /// e^-x/(1 + e^-x)^2, the derivative of the logistic function.
    LOGISTIC_DENSITY, "logistic_density", 0.6, |FMA, x|
    f64: expit_and_slope::<FMA>(x).1;
    f32: single::expit_and_slope::<FMA>(x).1;
    c128: cplx::scale(cplx::sech2(cplx::scale(x, 0.5)), 0.25);
);
unary!(
    /// e^(-x^2).
    GAUSSIAN, "gaussian", 0.7, |FMA, x|
    f64: gaussian::<FMA>(x);
    f32: exp_scaled::<FMA>(1.0, -f64::from(x) * f64::from(x), 0.0, 0.0) as f32;
    c128: cplx::gaussian(x);
);
unary!(
    /// sqrt(1 - x^2), on the side of the cuts where x lies.
    COS_ARCSIN, "cos_arcsin", 0.5, |FMA, x|
    f64: ((1.0 - x) * (1.0 + x)).sqrt();
    f32: ((1.0 - x) * (1.0 + x)).sqrt();
    c128: cplx::cos_arcsin(x);
);
unary!(
    /// sqrt(1 + x^2), likewise.
    COSH_ARCSINH, "cosh_arcsinh", 0.5, |FMA, x|
    f64: cosh_arcsinh::<FMA>(x);
    f32: if x.abs() < 1e18 { madd32::<FMA>(x, x, 1.0).sqrt() } else { x.abs() };
    c128: cplx::cos_arcsin(Complex64::new(-x.im, x.re));
);
unary!(
    /// sqrt(x - 1) sqrt(x + 1): one root of x^2 - 1 has the wrong sign in half of the complex plane.
    SINH_ARCCOSH, "sinh_arccosh", 0.9, |FMA, x|
    f64: (x - 1.0).sqrt() * (x + 1.0).sqrt();
    f32: (x - 1.0).sqrt() * (x + 1.0).sqrt();
    c128: cplx::sinh_arccosh(x);
);
binary!(
    /// a/sqrt(a^2 + b^2), the derivative of hypot by its first argument.
    DIRECTION, "direction", 0.6, |FMA, a, b|
    f64: direction::<FMA>(a, b);
    f32: direction::<FMA>(f64::from(a), f64::from(b)) as f32;
);
binary!(
    /// a/(a^2 + b^2): of which the derivatives of arctan2 are made.
    INVERSION, "inversion", 0.6, |FMA, a, b|
    f64: inversion::<FMA>(a, b);
    f32: inversion::<FMA>(f64::from(a), f64::from(b)) as f32;
);
binary!(
    /// e^a/(e^a + e^b), the derivative of logaddexp by its first argument.
    WEIGHT, "weight", 0.8, |FMA, a, b|
    f64: weight::<FMA>(a, b);
    f32: alike(f64::from(a), f64::from(b), expit::<FMA>(f64::from(a) - f64::from(b))) as f32;
);
binary!(
    /// 2^a/(2^a + 2^b), that of logaddexp2.
    WEIGHT2, "weight2", 0.9, |FMA, a, b|
    f64: weight2::<FMA>(a, b);
    f32: weight2::<FMA>(f64::from(a), f64::from(b)) as f32;
);
binary!(
    /// a^(b - 1).
    POWER_LESS_1, "power_less_1", 3.2, |FMA, a, b|
    f64: power_less::<FMA>(a, b, 1.0), if less_regular(a, b), else a.powf(b - 1.0);
    f32: power_less::<FMA>(f64::from(a), f64::from(b), 1.0) as f32, if less_regular(f64::from(a), f64::from(b)),
        else f64::from(a).powf(f64::from(b) - 1.0) as f32;
    c128: cplx::pow(a, Complex64::new(b.re - 1.0, b.im));
);
binary!(
    /// a^(b - 2).
    POWER_LESS_2, "power_less_2", 3.2, |FMA, a, b|
    f64: power_less::<FMA>(a, b, 2.0), if less_regular(a, b), else a.powf(b - 2.0);
    f32: power_less::<FMA>(f64::from(a), f64::from(b), 2.0) as f32, if less_regular(f64::from(a), f64::from(b)),
        else f64::from(a).powf(f64::from(b) - 2.0) as f32;
    c128: cplx::pow(a, Complex64::new(b.re - 2.0, b.im));
);
binary!(
    /// e^(a - b), 1 where the two are equal, infinities included.
    EXP_DIFFERENCE, "exp_difference", 0.6, |FMA, a, b|
    f64: exp_difference::<FMA>(a, b);
    f32: single::exp_difference::<FMA>(a, b);
    c128: complex_exp_difference(a, b);
);
