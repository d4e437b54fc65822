//! pow, hypot, and the functions made of a quotient: remainder, fmod,
//! floor_divide.
//!
//! x^y = e^(y log x) with log x as a sum of two doubles, relative error below
//! 2^-64, so that a product up to 745 still has an absolute error below an
//! eighth of an ULP. With s = (m-1)/(m+1) in two doubles,
//! log m = 2 s (1 + z/3 + z^2 (1/5 + z/7 + ...)), z = s^2 <= 0.0295; the
//! first two terms are formed in double-double arithmetic (T. J. Dekker, Numer.
//! Math. 18, 1971), the rest in double. Zeros, infinities and NaN go through
//! the platform's pow, which follows the C standard.
//!
//! fmod: with fused multiply-add, a - b trunc(a/b) is exact while the quotient
//! is below 2^52, even when the rounded quotient is one too large, which the
//! sign of the result shows. Everything else goes through the exact operation.
//!
//! Error bounds, as tested: pow and hypot 1.5 ULP, fmod exact.
//! Coefficients: interpolation at Chebyshev nodes in 50 digit arithmetic.

use super::complex as cplx;
use super::exp::{exp, exp_scaled};
use super::log::{log, split};
use super::num::*;
use super::table::binary;

/// log x as head and tail, for finite x > 0.
#[inline(always)]
fn log_dd<const FMA: bool>(x: f64) -> (f64, f64) {
    let (m, k) = split(x);
    let f = m - 1.0;
    let d = m + 1.0;
    let d_lo = m - (d - 1.0);
    let inv = 1.0 / d;
    let s = f * inv;
    let (p, p_lo) = two_prod::<FMA>(s, d);
    let s_lo = (((f - p) - p_lo) - s * d_lo) * inv;
    let (z, z_err) = two_prod::<FMA>(s, s);
    let z_lo = madd::<FMA>(2.0 * s, s_lo, z_err);
    const THIRD: f64 = 1.0 / 3.0;
    let (a, a_err) = two_prod::<FMA>(z, THIRD);
    let a_lo = madd::<FMA>(z_lo, THIRD, madd::<FMA>(z, 1.850371707708594e-17, a_err));
    let rest = z
        * z
        * horner!(madd, FMA, z;
        0.2, 0.14285714285714685, 0.11111111110826383, 0.09090909168049924,
        0.0769229744350359, 0.0666740439940617, 0.05853063232281699,
        0.058621635304233734);
    let (u, u_err) = fast_two_sum(a, rest);
    let u_lo = u_err + a_lo;
    let (w, w_err) = two_prod::<FMA>(s, u);
    let w_lo = madd::<FMA>(s, u_lo, madd::<FMA>(s_lo, u, w_err));
    let (l, l_err) = fast_two_sum(s, w);
    let l_lo = l_err + (w_lo + s_lo);
    let (h, h_err) = fast_two_sum(k * LN2_HI, 2.0 * l);
    (h, h_err + madd::<FMA>(2.0, l_lo, k * LN2_LO))
}

/// 0 for even, 1 for odd integers, NaN for other numbers.
#[inline(always)]
fn parity<const FMA: bool>(y: f64) -> f64 {
    let half = 0.5 * y;
    let odd = if rint::<FMA>(half) == half { 0.0 } else { 1.0 };
    if rint::<FMA>(y) == y { odd } else { f64::NAN }
}

/// Sign to give to |x|^y: 1, -1, or NaN.
#[inline(always)]
fn power_sign<const FMA: bool>(x: f64, y: f64) -> f64 {
    if x < 0.0 { 1.0 - 2.0 * parity::<FMA>(y) } else { 1.0 }
}

/// x^y for finite x other than 0 and finite y.
#[inline(always)]
pub(crate) fn pow<const FMA: bool>(x: f64, y: f64) -> f64 {
    let (h, l) = log_dd::<FMA>(x.abs());
    // Beyond 1e20 the result is 0, 1 or infinite, and the product stays finite.
    let e = clamp(y, -1e20, 1e20);
    let (p, p_err) = two_prod::<FMA>(e, h);
    let lo = madd::<FMA>(e, l, p_err);
    let lo = if p.abs() > 800.0 { 0.0 } else { lo };
    exp_scaled::<FMA>(1.0, p, lo, 0.0) * power_sign::<FMA>(x, y)
}

/// x^(y - n) for finite x other than 0, finite y and a small whole n: the exponent is not rounded.
#[inline(always)]
pub(crate) fn power_less<const FMA: bool>(x: f64, y: f64, n: f64) -> f64 {
    let (h, l) = log_dd::<FMA>(x.abs());
    let (e, e_lo) = two_sum(y, -n);
    let e = clamp(e, -1e20, 1e20);
    let (p, p_err) = two_prod::<FMA>(e, h);
    let lo = madd::<FMA>(e, l, madd::<FMA>(e_lo, h, p_err));
    let lo = if p.abs() > 800.0 { 0.0 } else { lo };
    let odd = if n == 1.0 { power_sign::<FMA>(x, 1.0) } else { 1.0 };
    exp_scaled::<FMA>(1.0, p, lo, 0.0) * power_sign::<FMA>(x, y) * odd
}

#[inline(always)]
pub(crate) fn less_regular(x: f64, y: f64) -> bool {
    pow_regular(x, y)
}

#[inline(always)]
fn pow_regular(x: f64, y: f64) -> bool {
    x.is_finite() && x != 0.0 && y.is_finite()
}

/// In f64 the product needs no second word for an f32 result.
#[inline(always)]
fn powf<const FMA: bool>(x: f32, y: f32) -> f32 {
    let (x, y) = (f64::from(x), f64::from(y));
    (exp::<FMA>(y * log::<FMA>(x.abs())) * power_sign::<FMA>(x, y)) as f32
}

/// x^n by repeated squaring, wrapping; 0 for n < 0, which callers exclude.
#[inline(always)]
fn powi(x: i64, n: i64) -> i64 {
    if n < 0 {
        return 0;
    }
    let (mut base, mut n, mut r) = (x, n, 1i64);
    while n > 0 {
        if n & 1 == 1 {
            r = r.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        n >>= 1;
    }
    r
}

#[inline(always)]
pub(crate) fn hypot<const FMA: bool>(a: f64, b: f64) -> f64 {
    let (a, b) = (a.abs(), b.abs());
    let top = if a > b { a } else { b };
    // Powers of two, so that scaling is exact.
    const UP: f64 = f64::from_bits((1023 + 600) << 52);
    const DOWN: f64 = f64::from_bits((1023 - 600) << 52);
    let (s, back) = if top > 1e150 { (DOWN, UP) } else { (1.0, 1.0) };
    let (s, back) = if top < 1e-145 { (UP, DOWN) } else { (s, back) };
    let (u, v) = (a * s, b * s);
    let y = madd::<FMA>(u, u, v * v).sqrt() * back;
    if a == f64::INFINITY || b == f64::INFINITY { f64::INFINITY } else { y }
}

/// Whether the quotient is small enough for `fmod_fast`.
#[inline(always)]
fn quotient_small<const FMA: bool>(a: f64, b: f64) -> bool {
    let q = (a / b).abs();
    FMA && q < TWO52 && b.abs() > 1e-290 && b.abs() < 1e300
}

/// The remainder with the sign of `a`.
#[inline(always)]
fn fmod_fast<const FMA: bool>(a: f64, b: f64) -> f64 {
    let (x, y) = (a.abs(), b.abs());
    let r = madd::<FMA>(-trunc::<FMA>(x / y), y, x);
    (if r < 0.0 { r + y } else { r }).copysign(a)
}

/// The remainder with the sign of `b`, from the one with the sign of `a`.
#[inline(always)]
fn python_mod(m: f64, b: f64) -> f64 {
    let moved = if (m < 0.0) != (b < 0.0) { m + b } else { m };
    if m == 0.0 { (0.0f64).copysign(b) } else { moved }
}

#[inline(always)]
fn floor_quotient<const FMA: bool>(a: f64, b: f64, m: f64) -> f64 {
    let d = (a - m) / b;
    let d = if m != 0.0 && (m < 0.0) != (b < 0.0) { d - 1.0 } else { d };
    let f = floor::<FMA>(d);
    let f = if d - f > 0.5 { f + 1.0 } else { f };
    if d == 0.0 { (0.0f64).copysign(a / b) } else { f }
}

fn mod_slow(a: f64, b: f64) -> f64 {
    if b == 0.0 { f64::NAN } else { python_mod(a % b, b) }
}

fn floor_divide_slow(a: f64, b: f64) -> f64 {
    if b == 0.0 { a / b } else { floor_quotient::<false>(a, b, a % b) }
}

binary!(
    /// x^y as C's pow; complex powers as NumPy. Negative integer exponents of
    /// integers must be refused by the caller, as the kernel says.
    POWER, "power", 3.0, |FMA, a, b|
    f64: pow::<FMA>(a, b), if pow_regular(a, b), else a.powf(b);
    f32: powf::<FMA>(a, b), if pow_regular(f64::from(a), f64::from(b)), else a.powf(b);
    c128: cplx::pow(a, b);
    i64: powi(a, b);
    .without_negative_integer();
);
binary!(HYPOT, "hypot", 0.4, |FMA, a, b|
    f64: hypot::<FMA>(a, b);
    f32: {
        let (x, y) = (f64::from(a), f64::from(b));
        let r = madd::<FMA>(x, x, y * y).sqrt() as f32;
        if a.abs() == f32::INFINITY || b.abs() == f32::INFINITY { f32::INFINITY } else { r }
    };
);
binary!(
    /// The remainder with the sign of the divisor; 0 for an integer divisor 0.
    MOD, "remainder", 0.6, |FMA, a, b|
    f64: python_mod(fmod_fast::<FMA>(a, b), b), if quotient_small::<FMA>(a, b), else mod_slow(a, b);
    f32: python_mod(fmod_fast::<FMA>(f64::from(a), f64::from(b)), f64::from(b)) as f32,
        if quotient_small::<FMA>(f64::from(a), f64::from(b)),
        else mod_slow(f64::from(a), f64::from(b)) as f32;
    i64: {
        let m = if b == 0 { 0 } else { a.wrapping_rem(b) };
        if m != 0 && (m < 0) != (b < 0) { m + b } else { m }
    };
);
binary!(
    /// The remainder with the sign of the dividend.
    FMOD, "fmod", 0.5, |FMA, a, b|
    f64: fmod_fast::<FMA>(a, b), if quotient_small::<FMA>(a, b), else a % b;
    f32: fmod_fast::<FMA>(f64::from(a), f64::from(b)) as f32,
        if quotient_small::<FMA>(f64::from(a), f64::from(b)), else a % b;
    i64: if b == 0 { 0 } else { a.wrapping_rem(b) };
);
binary!(
    /// floor(a/b) consistent with `MOD`; 0 for an integer divisor 0.
    FLOOR_DIVIDE, "floor_divide", 1.0, |FMA, a, b|
    f64: floor_quotient::<FMA>(a, b, fmod_fast::<FMA>(a, b)),
        if quotient_small::<FMA>(a, b), else floor_divide_slow(a, b);
    f32: floor_quotient::<FMA>(f64::from(a), f64::from(b), fmod_fast::<FMA>(f64::from(a), f64::from(b))) as f32,
        if quotient_small::<FMA>(f64::from(a), f64::from(b)),
        else floor_divide_slow(f64::from(a), f64::from(b)) as f32;
    i64: {
        let q = if b == 0 { 0 } else { a.wrapping_div(b) };
        let m = if b == 0 { 0 } else { a.wrapping_rem(b) };
        if m != 0 && (m < 0) != (b < 0) { q - 1 } else { q }
    };
);
