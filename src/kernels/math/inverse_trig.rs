//! arcsin, arccos, arctan and arctan2.
//!
//! arctan2 divides once: with a = min, b = max of the magnitudes and
//! t = a/b, (a - b)/(a + b) or -b/a on the sides of tan(pi/8) and tan(3 pi/8),
//! it is 0, pi/4 or pi/2 plus t + t^3 P(t^2), |t| <= tan(pi/8) (the intervals
//! of Cephes, S. L. Moshier, "Methods and Programs for Mathematical Functions",
//! 1989). arctan is the same with b = 1. arcsin uses x + x^3 P(x^2) up to 1/2
//! and pi/2 - 2 arcsin(sqrt((1 - |x|)/2)) above, the difference from pi/4
//! being formed exactly first.
//!
//! Error bounds, as tested: 2.5 ULP.
//! Coefficients: interpolation at Chebyshev nodes in 50 digit arithmetic.

use super::complex as cplx;
use super::num::*;
use super::table::{binary, unary};
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// (arcsin(s)/s - 1)/s^2 with z = s^2 in [0, 1/4].
#[inline(always)]
fn asin_tail<const FMA: bool>(z: f64) -> f64 {
    horner!(madd, FMA, z;
        0.16666666666666669, 0.07499999999998433, 0.04464285714635543,
        0.030381944138531247, 0.02237217294214989, 0.017352392720869973,
        0.013971212973552933, 0.011479177415184906, 0.01032281435018578,
        0.005457506718640358, 0.01740087944269402, -0.014851887071247204,
        0.028757851367421566)
}

#[inline(always)]
pub(crate) fn asin<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let small = a <= 0.5;
    let z = if small { a * a } else { madd::<FMA>(-0.5, a, 0.5) };
    let s = if small { a } else { z.sqrt() };
    let t = s * z * asin_tail::<FMA>(z);
    let large = FRAC_PI_4 + ((FRAC_PI_4 - 2.0 * s) - madd::<FMA>(2.0, t, -PIO2_LO));
    (if small { s + t } else { large }).copysign(x)
}

#[inline(always)]
pub(crate) fn acos<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let small = a <= 0.5;
    let z = if small { a * a } else { madd::<FMA>(-0.5, a, 0.5) };
    let s = if small { x } else { z.sqrt() };
    let t = s * z * asin_tail::<FMA>(z);
    let near = FRAC_PI_2 - (s - (PIO2_LO - t));
    let right = 2.0 * (s + t);
    let left = PI - 2.0 * (s + (t - PIO2_LO));
    let far = if x < 0.0 { left } else { right };
    if small { near } else { far }
}

/// arctan(a/b) for a, b >= 0, not both zero or infinite, in [0, pi/2], with
/// its low-order part not yet added.
#[inline(always)]
fn atan_fraction<const FMA: bool>(a: f64, b: f64) -> (f64, f64) {
    const T1: f64 = 0.4142135623730951;
    const T3: f64 = 2.414213562373095;
    let low = a <= T1 * b;
    let high = a > T3 * b;
    let (num, den) = (if low { a } else { a - b }, if low { b } else { a + b });
    let (num, den) = (if high { -b } else { num }, if high { a } else { den });
    let (base, base_lo) = if low { (0.0, 0.0) } else { (FRAC_PI_4, 0.5 * PIO2_LO) };
    let (base, base_lo) = if high { (FRAC_PI_2, PIO2_LO) } else { (base, base_lo) };
    let t = num / den;
    let z = t * t;
    let p = horner!(madd, FMA, z;
        -0.3333333333333333, 0.199999999999998, -0.14285714285659326,
        0.11111111105106705, -0.09090908751076636, 0.0769229630497447,
        -0.06666423628069258, 0.058789145444006215, -0.052303478730160745,
        0.04551108126325172, -0.034558092551413795, 0.01627194475162406);
    let (h, l) = fast_two_sum(base, t);
    (h, madd::<FMA>(z * t, p, l + base_lo))
}

#[inline(always)]
pub(crate) fn atan<const FMA: bool>(x: f64) -> f64 {
    let (h, l) = atan_fraction::<FMA>(x.abs(), 1.0);
    (h + l).copysign(x)
}

#[inline(always)]
pub(crate) fn atan2<const FMA: bool>(y: f64, x: f64) -> f64 {
    let (a, b) = (y.abs(), x.abs());
    // Away from the ends of the exponent range neither a + b nor a/b loses bits it should keep.
    let top = if a > b { a } else { b };
    let s = if top > 1e300 { 1e-30 } else { 1.0 };
    let s = if top < 1e-270 { 1e30 } else { s };
    let both_inf = a == f64::INFINITY && b == f64::INFINITY;
    let (sa, sb) = if both_inf { (1.0, 1.0) } else { (a * s, b * s) };
    let sb = if top == 0.0 { 1.0 } else { sb };
    let (h, l) = atan_fraction::<FMA>(sa, sb);
    let (h, l) = if x.is_sign_negative() {
        let (g, e) = fast_two_sum(PI, -h);
        (g, e + (2.0 * PIO2_LO - l))
    } else {
        (h, l)
    };
    let r = if a.is_nan() || b.is_nan() { f64::NAN } else { h + l };
    r.copysign(y)
}

unary!(ARCSIN, "arcsin", 0.9, |FMA, x|
    f64: asin::<FMA>(x);
    f32: asin::<FMA>(f64::from(x)) as f32;
    c128: cplx::asin(x);
);
unary!(ARCCOS, "arccos", 0.9, |FMA, x|
    f64: acos::<FMA>(x);
    f32: acos::<FMA>(f64::from(x)) as f32;
    c128: cplx::acos(x);
);
unary!(ARCTAN, "arctan", 0.8, |FMA, x|
    f64: atan::<FMA>(x);
    f32: atan::<FMA>(f64::from(x)) as f32;
    c128: cplx::atan(x);
);
binary!(ARCTAN2, "arctan2", 1.3, |FMA, a, b|
    f64: atan2::<FMA>(a, b);
    f32: atan2::<FMA>(f64::from(a), f64::from(b)) as f32;
);
