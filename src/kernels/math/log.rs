//! log, log2, log10, log1p, logaddexp and logaddexp2.
//!
//! x = 2^k m with m in [sqrt(1/2), sqrt 2), taken from the bit pattern without
//! integer conversions; f = m - 1, s = f/(2 + f) and
//! log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)), the decomposition of fdlibm
//! (Sun Microsystems, e_log.c, 1993). log2 and log10 split f - f^2/2 into a
//! 21 bit head and a tail before they multiply by 1/ln 2 or 1/ln 10, as
//! FreeBSD's e_log2.c and e_log10.c do. log1p carries the rounding error of
//! 1 + x into the last sum.
//!
//! Error bound, as tested: 1.5 ULP.
//! Coefficients of R: interpolation at Chebyshev nodes in 50 digit arithmetic,
//! relative error 4.7e-18.

use super::complex as cplx;
use super::num::*;
use super::single;
use super::table::{binary, unary};

/// Bits of sqrt(1/2).
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
const MANTISSA: u64 = 0x000f_ffff_ffff_ffff;
const ONE: u64 = 0x3ff0_0000_0000_0000;
const LN_2: f64 = std::f64::consts::LN_2;

/// Mantissa in [sqrt(1/2), sqrt 2) and exponent + 1023 in the low bits, of a
/// positive normal number.
#[inline(always)]
fn split_bits(x: f64) -> (f64, u64) {
    let t = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    (f64::from_bits((t & MANTISSA) + SQRT_HALF), t >> 52)
}

#[inline(always)]
fn exponent(biased: u64) -> f64 {
    f64::from_bits(biased | TWO52.to_bits()) - (TWO52 + 1023.0)
}

/// Mantissa and exponent of any positive number.
#[inline(always)]
pub(crate) fn split(x: f64) -> (f64, f64) {
    let tiny = x < f64::MIN_POSITIVE;
    let (m, k) = split_bits(if tiny { x * 18014398509481984.0 } else { x });
    (m, exponent(k) - if tiny { 54.0 } else { 0.0 })
}

/// s (f^2/2 + R) and f^2/2.
#[inline(always)]
fn parts<const FMA: bool>(f: f64) -> (f64, f64) {
    let s = f / (2.0 + f);
    let z = s * s;
    let r = horner!(madd, FMA, z;
        0.666666666666667, 0.3999999999989889, 0.28571428626253836,
        0.22222211089379496, 0.1818289243253687, 0.15331611722055008,
        0.14617807153417325);
    let h = 0.5 * f * f;
    (s * madd::<FMA>(z, r, h), h)
}

/// The values at and below zero and at infinity.
#[inline(always)]
fn special(x: f64, y: f64) -> f64 {
    let y = if x > 0.0 {
        y
    } else if x == 0.0 {
        f64::NEG_INFINITY
    } else {
        f64::NAN
    };
    if x == f64::INFINITY { x } else { y }
}

/// Natural logarithm.
#[inline(always)]
pub(crate) fn log<const FMA: bool>(x: f64) -> f64 {
    let (m, k) = split(x);
    let f = m - 1.0;
    let (t, h) = parts::<FMA>(f);
    let y = madd::<FMA>(k, LN2_HI, f - (h - madd::<FMA>(k, LN2_LO, t)));
    special(x, y)
}

/// log(1 + f) as head with 21 bits and tail.
#[inline(always)]
fn head_tail<const FMA: bool>(f: f64) -> (f64, f64) {
    let (t, h) = parts::<FMA>(f);
    let head = f64::from_bits((f - h).to_bits() & 0xffff_ffff_0000_0000);
    (head, (f - head) - h + t)
}

/// Logarithm to base 2.
#[inline(always)]
pub(crate) fn log2<const FMA: bool>(x: f64) -> f64 {
    const INV_HI: f64 = 1.4426946640014648;
    const INV_LO: f64 = 3.768874985636099e-07;
    let (m, k) = split(x);
    let (h, l) = head_tail::<FMA>(m - 1.0);
    let a = h * INV_HI;
    let b = madd::<FMA>(l, INV_HI, (l + h) * INV_LO);
    let (s, e) = fast_two_sum(k, a);
    special(x, s + (e + b))
}

/// Logarithm to base 10.
#[inline(always)]
pub(crate) fn log10<const FMA: bool>(x: f64) -> f64 {
    const INV_HI: f64 = 0.4342944622039795;
    const INV_LO: f64 = 1.9699272335463627e-08;
    const TWO_HI: f64 = 0.30102999566395283;
    const TWO_LO: f64 = 2.8363394551044964e-14;
    let (m, k) = split(x);
    let (h, l) = head_tail::<FMA>(m - 1.0);
    let a = h * INV_HI;
    let b = madd::<FMA>(l, INV_HI, (l + h) * INV_LO);
    let (s, e) = fast_two_sum(k * TWO_HI, a);
    special(x, s + (e + madd::<FMA>(k, TWO_LO, b)))
}

/// log(1 + x), special values excepted.
#[inline(always)]
pub(crate) fn log1p_core<const FMA: bool>(x: f64) -> f64 {
    let u = 1.0 + x;
    let c = if x > 1.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
    let (m, k) = split_bits(u);
    // 2^(1-k); one factor of two is kept apart so that k = 1024 stays valid.
    let scale = f64::from_bits(2047u64.wrapping_sub(k) << 52);
    let k = exponent(k);
    let (f, lo) = fast_two_sum(m - 1.0, 0.5 * c * scale);
    let (t, h) = parts::<FMA>(f);
    let low = madd::<FMA>(k, LN2_LO, t) + lo;
    madd::<FMA>(k, LN2_HI, f - (h - low))
}

/// log(1 + x).
#[inline(always)]
pub(crate) fn log1p<const FMA: bool>(x: f64) -> f64 {
    let y = special(1.0 + x, log1p_core::<FMA>(x));
    // Also keeps the sign of zero.
    if x.abs() < 1e-17 { x } else { y }
}

/// log(e^a + e^b).
#[inline(always)]
pub(crate) fn logaddexp<const FMA: bool>(a: f64, b: f64) -> f64 {
    let d = a - b;
    let m = if d > 0.0 { a } else { b };
    let y = m + log1p_core::<FMA>(super::exp::exp::<FMA>(-d.abs()));
    let y = if d.is_nan() { f64::NAN } else { y };
    // Equal infinities have no difference.
    if a == b { a + LN_2 } else { y }
}

/// log2(2^a + 2^b).
#[inline(always)]
pub(crate) fn logaddexp2<const FMA: bool>(a: f64, b: f64) -> f64 {
    let d = a - b;
    let m = if d > 0.0 { a } else { b };
    let y = log1p_core::<FMA>(super::exp::exp2::<FMA>(-d.abs()));
    let y = madd::<FMA>(y, std::f64::consts::LOG2_E, m);
    let y = if d.is_nan() { f64::NAN } else { y };
    if a == b { a + 1.0 } else { y }
}

unary!(LOG, "log", 0.8, |FMA, x|
    f64: log::<FMA>(x);
    f32: single::log::<FMA>(x);
    c128: cplx::ln(x);
);
unary!(LOG2, "log2", 0.9, |FMA, x|
    f64: log2::<FMA>(x);
    f32: log2::<FMA>(f64::from(x)) as f32;
    c128: cplx::scale(cplx::ln(x), std::f64::consts::LOG2_E);
);
unary!(LOG10, "log10", 0.9, |FMA, x|
    f64: log10::<FMA>(x);
    f32: log10::<FMA>(f64::from(x)) as f32;
    c128: cplx::scale(cplx::ln(x), std::f64::consts::LOG10_E);
);
unary!(LOG1P, "log1p", 0.8, |FMA, x|
    f64: log1p::<FMA>(x);
    f32: single::log1p::<FMA>(x);
    c128: cplx::ln_1p(x);
);
binary!(LOGADDEXP, "logaddexp", 2.0, |FMA, a, b|
    f64: logaddexp::<FMA>(a, b);
    f32: logaddexp::<FMA>(f64::from(a), f64::from(b)) as f32;
);
binary!(LOGADDEXP2, "logaddexp2", 2.0, |FMA, a, b|
    f64: logaddexp2::<FMA>(a, b);
    f32: logaddexp2::<FMA>(f64::from(a), f64::from(b)) as f32;
);
