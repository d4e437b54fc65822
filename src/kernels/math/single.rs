//! f32 formulas for the functions where single precision should run at twice
//! the speed of double precision.
//!
//! The methods are those of the f64 files with shorter polynomials. sin and cos
//! reduce by three f32 parts of pi/2, exact with fused multiply-add up to 1e5;
//! without it the parts would be too short, and the f64 formula is used. erf
//! above 0.9 is 1 - e^(-S(x)) with a polynomial S for -log(erfc), which needs no
//! division.
//!
//! Error bound, as tested: 2.5 ULP. Coefficients: interpolation at Chebyshev nodes in 50 digit
//! arithmetic, then rounded to f32.

use super::exp::FROM_VALUE;
use super::num::*;
use super::trig;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts; the first has 15 bits.
const HI: f32 = 0.69314575;
const LO: f32 = 1.4286068e-06;

#[inline(always)]
fn reduce<const FMA: bool>(x: f32) -> (f32, f32) {
    let n = madd32::<FMA>(x, LOG2_E, MAGIC32) - MAGIC32;
    let r = madd32::<FMA>(n, -HI, x);
    (n, madd32::<FMA>(n, -LO, r))
}

/// (e^r - 1 - r)/r^2.
#[inline(always)]
fn tail<const FMA: bool>(r: f32) -> f32 {
    horner!(madd32, FMA, r; 0.5, 0.16666575, 0.041666552, 0.008363472, 0.0013926551)
}

#[inline(always)]
pub(crate) fn exp<const FMA: bool>(x: f32) -> f32 {
    let x = clampf(x, -106.0, 90.0);
    let (n, r) = reduce::<FMA>(x);
    let p = 1.0 + madd32::<FMA>(r * r, tail::<FMA>(r), r);
    let half = (n * 0.5 + MAGIC32) - MAGIC32;
    p * pow2f(half) * pow2f(n - half)
}

/// e^(a - b), 1 where the two are equal.
#[inline(always)]
pub(crate) fn exp_difference<const FMA: bool>(a: f32, b: f32) -> f32 {
    let d = a - b;
    let t = d - a;
    let low = (a - (d - t)) - (b + t);
    let low = if d.abs() < 200.0 { low } else { 0.0 };
    let y = exp::<FMA>(d);
    if a == b { 1.0 } else { madd32::<FMA>(y, low, y) }
}

/// (e^x - 1)/2 for x in [-30, 89].
#[inline(always)]
fn half_expm1<const FMA: bool>(x: f32) -> f32 {
    half_expm1_reduced::<FMA>(reduce::<FMA>(x))
}

#[inline(always)]
fn half_expm1_reduced<const FMA: bool>((n, r): (f32, f32)) -> f32 {
    let p = r * r * tail::<FMA>(r);
    let s = pow2f(n - 1.0);
    let base = s - 0.5;
    // The product by a power of two is exact.
    let sr = s * r;
    let sum = base + sr;
    sum + madd32::<FMA>(s, p, sr - (sum - base))
}

#[inline(always)]
pub(crate) fn expm1<const FMA: bool>(x: f32) -> f32 {
    let y = 2.0 * half_expm1::<FMA>(clampf(x, -30.0, 89.0));
    if x.abs() < 1e-9 { x } else { y }
}

#[inline(always)]
pub(crate) fn tanh<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let h = half_expm1::<FMA>(clampf(-2.0 * a, -30.0, 0.0));
    let y = -h / (h + 1.0);
    (if a < 1e-5 { a } else { y }).copysign(x)
}

#[inline(always)]
pub(crate) fn expit<const FMA: bool>(x: f32) -> f32 {
    let e = exp::<FMA>(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// The logistic function with its derivative, see `exp::expit_and_slope`.
#[inline(always)]
pub(crate) fn expit_and_slope<const FMA: bool>(x: f32) -> (f32, f32) {
    let e = exp::<FMA>(-x.abs());
    let y = (if x < 0.0 { e } else { 1.0 }) / (1.0 + e);
    let w = if x < 0.0 { 1.0 - y } else { y };
    (y, if y <= FROM_VALUE as f32 { y * (1.0 - y) } else { e * (w * w) })
}

/// tanh with its derivative, see `exp::tanh_and_slope`.
#[inline(always)]
pub(crate) fn tanh_and_slope<const FMA: bool>(x: f32) -> (f32, f32) {
    let a = x.abs();
    let (n, r) = reduce::<FMA>(clampf(-2.0 * a, -106.0, 0.0));
    let half = (n * 0.5 + MAGIC32) - MAGIC32;
    let e = (1.0 + madd32::<FMA>(r * r, tail::<FMA>(r), r)) * pow2f(half) * pow2f(n - half);
    let h = half_expm1_reduced::<FMA>((if n < -100.0 { -100.0 } else { n }, r));
    let y = -h / (h + 1.0);
    let y = if a < 1e-5 { a } else { y };
    let w = 1.0 + y;
    (y.copysign(x), if y <= FROM_VALUE as f32 { (1.0 - y) * (1.0 + y) } else { e * (w * w) })
}

/// Bits of sqrt(1/2).
const SQRT_HALF: u32 = 0x3f35_04f3;
const ONE: u32 = 0x3f80_0000;
const MANTISSA: u32 = 0x007f_ffff;
const TWO23: f32 = 8388608.0;

#[inline(always)]
fn split_bits(x: f32) -> (f32, u32) {
    let t = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    (f32::from_bits((t & MANTISSA) + SQRT_HALF), t >> 23)
}

#[inline(always)]
fn exponent(biased: u32) -> f32 {
    f32::from_bits(biased | TWO23.to_bits()) - (TWO23 + 127.0)
}

/// s (f^2/2 + R) and f^2/2.
#[inline(always)]
fn log_parts<const FMA: bool>(f: f32) -> (f32, f32) {
    let s = f / (2.0 + f);
    let z = s * s;
    let r = horner!(madd32, FMA, z; 0.66666687, 0.3998876, 0.29580986);
    let h = 0.5 * f * f;
    (s * madd32::<FMA>(z, r, h), h)
}

#[inline(always)]
fn special(x: f32, y: f32) -> f32 {
    let y = if x > 0.0 {
        y
    } else if x == 0.0 {
        f32::NEG_INFINITY
    } else {
        f32::NAN
    };
    if x == f32::INFINITY { x } else { y }
}

#[inline(always)]
pub(crate) fn log<const FMA: bool>(x: f32) -> f32 {
    let tiny = x < f32::MIN_POSITIVE;
    let (m, k) = split_bits(if tiny { x * 33554432.0 } else { x });
    let k = exponent(k) - if tiny { 25.0 } else { 0.0 };
    let f = m - 1.0;
    let (t, h) = log_parts::<FMA>(f);
    let y = madd32::<FMA>(k, HI, f - (h - madd32::<FMA>(k, LO, t)));
    special(x, y)
}

#[inline(always)]
pub(crate) fn log1p<const FMA: bool>(x: f32) -> f32 {
    let u = 1.0 + x;
    let c = if x > 1.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
    let (m, k) = split_bits(u);
    let scale = f32::from_bits(255u32.wrapping_sub(k) << 23);
    let k = exponent(k);
    let base = m - 1.0;
    let c = 0.5 * c * scale;
    let f = base + c;
    let lo = c - (f - base);
    let (t, h) = log_parts::<FMA>(f);
    let y = madd32::<FMA>(k, HI, f - (h - (madd32::<FMA>(k, LO, t) + lo)));
    let y = special(u, y);
    if x.abs() < 1e-9 { x } else { y }
}

/// Whether `sin` and `cos` serve `x`; NaN passes.
#[inline(always)]
pub(crate) fn in_range(x: f32) -> bool {
    x.abs() <= 1e5 || x.is_nan()
}

/// Sine and cosine for |x| <= 1e5.
#[inline(always)]
pub(crate) fn sincos<const FMA: bool>(x: f32) -> (f32, f32) {
    if !FMA {
        let (s, c) = trig::sincos::<false>(f64::from(x));
        return (s as f32, c as f32);
    }
    let t = x.mul_add(std::f32::consts::FRAC_2_PI, MAGIC32);
    let n = t - MAGIC32;
    let q = t.to_bits();
    let h = n.mul_add(-std::f32::consts::FRAC_PI_2, x);
    // With the product rounded first, h - r - w is exact where h and w cancel.
    const P2: f32 = -4.371139e-08;
    const P3: f32 = -1.7151245e-15;
    let w = n * P2;
    let r = h - w;
    let e = ((h - r) - w) - n.mul_add(P3, n.mul_add(P2, -w));
    let z = r * r;
    let p = horner!(madd32, FMA, z; -0.16666667, 0.008333332, -0.00019840086, 2.7249864e-06);
    let c = horner!(madd32, FMA, z; 0.041666664, -0.0013888302, 2.4547891e-05);
    let s = r + madd32::<FMA>(z * r, p, e);
    let h = 0.5 * z;
    let w = 1.0 - h;
    let c = w + (((1.0 - w) - h) + madd32::<FMA>(z * z, c, -(r * e)));
    let odd = q & 1 != 0;
    let flip = |v: f32, q: u32| f32::from_bits(v.to_bits() ^ ((q & 2) << 30));
    let sin = flip(if odd { c } else { s }, q);
    let cos = flip(if odd { s } else { c }, q.wrapping_add(1));
    (if x.abs() < 1e-4 { x } else { sin }, cos)
}

#[inline(always)]
pub(crate) fn sin<const FMA: bool>(x: f32) -> f32 {
    sincos::<FMA>(x).0
}

#[inline(always)]
pub(crate) fn cos<const FMA: bool>(x: f32) -> f32 {
    sincos::<FMA>(x).1
}

/// Sine and cosine of every element.
pub fn sincos_f32(sin: &mut [f32], cos: &mut [f32], x: &[f32]) {
    pair_f32(sin, cos, x);
}

#[inline(always)]
fn pair_body<const FMA: bool>(sin: &mut [f32], cos: &mut [f32], x: &[f32]) {
    assert!(sin.len() == x.len() && cos.len() == x.len());
    for ((s, c), x) in sin.chunks_mut(64).zip(cos.chunks_mut(64)).zip(x.chunks(64)) {
        let bad = x.iter().fold(0u32, |t, &x| t | u32::from(!in_range(x)));
        if bad == 0 {
            for ((s, c), &x) in s.iter_mut().zip(c).zip(x) {
                (*s, *c) = sincos::<FMA>(x);
            }
        } else {
            for ((s, c), &x) in s.iter_mut().zip(c).zip(x) {
                (*s, *c) = if in_range(x) {
                    sincos::<FMA>(x)
                } else {
                    let (s, c) = f64::from(x).sin_cos();
                    (s as f32, c as f32)
                };
            }
        }
    }
}
super::dispatch::dispatch!(fn pair_f32[](sin: &mut [f32], cos: &mut [f32], x: &[f32]) = pair_body);

#[inline(always)]
pub(crate) fn erf<const FMA: bool>(x: f32) -> f32 {
    let a = x.abs();
    let z = a * a;
    let p = horner!(madd32, FMA, z;
        0.12837915, -0.37612528, 0.112821944, -0.026780719, 0.0050144843, -0.0006102687);
    let small = madd32::<FMA>(a, p, a);
    // erf rounds to 1 from 3.92 on.
    let b = if a > 4.0 { 4.0 } else { a };
    let s = horner!(madd32, FMA, b;
        -0.0003173165, 1.1302267, 0.63183045, 0.11008187, -0.026425045, 0.0047618453,
        -0.00059744425, 4.6149693e-05, -1.6424639e-06);
    let large = 1.0 - exp::<FMA>(-s);
    (if a < 0.9 { small } else { large }).copysign(x)
}
