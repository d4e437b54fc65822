//! sin, cos, tan, their fused pair, sinc and its derivative.
//!
//! x = n pi/2 + r + e by a three-part Cody-Waite reduction (W. J. Cody and
//! W. Waite, "Software Manual for the Elementary Functions", 1980). With fused
//! multiply-add the first part of pi/2 is a full double and the first step is
//! still exact; without it the parts have 33, 33 and 53 bits. Both hold for
//! |x| <= 1e6; a block with a larger element goes through the platform's
//! functions one by one. The tail `e` is carried into the polynomials for sine
//! and cosine on [-pi/4, pi/4], of which the quadrant selects one.
//!
//! sinc reduces x itself by integers, which is exact for every x, so it is 0 at
//! the nonzero integers where NumPy leaves a rounding residue near 1e-17.
//!
//! Error bounds, as tested: sin, cos 1.5; tan, sinc 2.5 ULP. The derivative of sinc:
//! 2.5 ULP for |x| < 0.7, else 1e-15 absolute.
//! Coefficients: interpolation at Chebyshev nodes in 50 digit arithmetic.

use super::complex as cplx;
use super::num::*;
use super::single;
use super::table::{Pair, unary};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Largest argument of the vector reduction.
const LIMIT: f64 = 1e6;
/// 1.5 * 2^52 added to n keeps n mod 4 in the low bits.
type Quadrant = u64;

/// Quadrant, remainder and tail of the remainder.
#[inline(always)]
fn reduce<const FMA: bool>(x: f64) -> (Quadrant, f64, f64) {
    let t = madd::<FMA>(x, FRAC_2_PI, MAGIC);
    let n = t - MAGIC;
    let (r, e);
    if FMA {
        const P3: f64 = -1.4973849048591698e-33;
        let h = n.mul_add(-FRAC_PI_2, x);
        // With the product rounded first, h - r - w is exact where h and w cancel.
        let w = n * PIO2_LO;
        r = h - w;
        e = ((h - r) - w) - n.mul_add(P3, n.mul_add(PIO2_LO, -w));
    } else {
        const P1: f64 = 1.5707963267341256;
        const P2: f64 = 6.077100506303966e-11;
        const P3: f64 = 2.0222662487959506e-21;
        let h = x - n * P1;
        let w = n * P2;
        let head = h - w;
        // n P3 can exceed the last bit of the remainder, so the sum is normalised.
        (r, e) = fast_two_sum(head, ((h - head) - w) - n * P3);
    }
    (t.to_bits(), r, e)
}

/// sin(r + e) and cos(r + e) for |r| <= pi/4.
#[inline(always)]
fn kernels<const FMA: bool>(r: f64, e: f64) -> (f64, f64) {
    let z = r * r;
    let p = horner!(madd, FMA, z;
        -0.16666666666666666, 0.008333333333330946, -0.0001984126983675497,
        2.755731610068303e-06, -2.5051131455427946e-08, 1.591810123027412e-10);
    let q = horner!(madd, FMA, z;
        0.041666666666666664, -0.0013888888888887395, 2.4801587298763433e-05,
        -2.7557317270560326e-07, 2.0876146024689747e-09, -1.1382614868556325e-11);
    let h = 0.5 * z;
    let s = r + madd::<FMA>(z * r, p, madd::<FMA>(-h, e, e));
    let w = 1.0 - h;
    let c = w + (((1.0 - w) - h) + madd::<FMA>(z * z, q, -(r * e)));
    (s, c)
}

/// Negates `v` in the lower half plane of the quadrants.
#[inline(always)]
fn signed(v: f64, q: Quadrant) -> f64 {
    f64::from_bits(v.to_bits() ^ ((q & 2) << 62))
}

/// Sine and cosine for |x| <= 1e6.
#[inline(always)]
pub(crate) fn sincos<const FMA: bool>(x: f64) -> (f64, f64) {
    let (q, r, e) = reduce::<FMA>(x);
    let (s, c) = kernels::<FMA>(r, e);
    let odd = q & 1 != 0;
    let sin = signed(if odd { c } else { s }, q);
    let cos = signed(if odd { s } else { c }, q.wrapping_add(1));
    (if x.abs() < 1e-8 { x } else { sin }, cos)
}

#[inline(always)]
pub(crate) fn sin<const FMA: bool>(x: f64) -> f64 {
    sincos::<FMA>(x).0
}

#[inline(always)]
pub(crate) fn cos<const FMA: bool>(x: f64) -> f64 {
    sincos::<FMA>(x).1
}

#[inline(always)]
pub(crate) fn tan<const FMA: bool>(x: f64) -> f64 {
    let (q, r, e) = reduce::<FMA>(x);
    let (s, c) = kernels::<FMA>(r, e);
    let odd = q & 1 != 0;
    let t = (if odd { -c } else { s }) / (if odd { s } else { c });
    if x.abs() < 1e-8 { x } else { t }
}

/// Whether the vector reduction serves `x`; NaN passes.
#[inline(always)]
pub(crate) fn in_range(x: f64) -> bool {
    x.abs() <= LIMIT || x.is_nan()
}

/// Sine and cosine of every element.
pub fn sincos_f64(sin: &mut [f64], cos: &mut [f64], x: &[f64]) {
    pair_f64(sin, cos, x);
}

/// Sine and cosine of one number: the same bits as of an element.
pub fn sincos_of(x: f64) -> (f64, f64) {
    pair_of(x)
}

#[inline(always)]
fn pair_of_body<const FMA: bool>(x: f64) -> (f64, f64) {
    if in_range(x) { sincos::<FMA>(x) } else { x.sin_cos() }
}
super::dispatch::dispatch!(fn pair_of[](x: f64) -> (f64, f64) = pair_of_body);

#[inline(always)]
fn pair_body<const FMA: bool>(sin: &mut [f64], cos: &mut [f64], x: &[f64]) {
    assert!(sin.len() == x.len() && cos.len() == x.len());
    for ((s, c), x) in sin.chunks_mut(64).zip(cos.chunks_mut(64)).zip(x.chunks(64)) {
        let bad = x.iter().fold(0u64, |t, &x| t | u64::from(!in_range(x)));
        if bad == 0 {
            for ((s, c), &x) in s.iter_mut().zip(c).zip(x) {
                (*s, *c) = sincos::<FMA>(x);
            }
        } else {
            for ((s, c), &x) in s.iter_mut().zip(c).zip(x) {
                (*s, *c) = pair_of_body::<FMA>(x);
            }
        }
    }
}
super::dispatch::dispatch!(fn pair_f64[](sin: &mut [f64], cos: &mut [f64], x: &[f64]) = pair_body);

/// Signed remainder of x by integers and the parity of the quotient as a sign bit.
#[inline(always)]
fn reduce_pi<const FMA: bool>(x: f64) -> (f64, u64) {
    let n = rint::<FMA>(x);
    // Parity: n/2 has a fraction exactly when n is odd.
    let half = 0.5 * n;
    let odd = rint::<FMA>(half) != half;
    (x - n, u64::from(odd) << 63)
}

/// sin(pi r)/(pi r) for |r| <= 1/2.
#[inline(always)]
fn sinc_core<const FMA: bool>(r: f64) -> f64 {
    let z = r * r;
    horner!(madd, FMA, z;
        1.0, -1.6449340668482264, 0.8117424252833536, -0.19075182412208389, 0.026147847817640887, -0.0023460810351695984, 0.00014842878972244714, -6.975851185363494e-06, 2.530326750618603e-07, -7.113977528117353e-09)
}

/// sinc(x) by the reduced argument, whose parity sign is given.
#[inline(always)]
fn sinc_reduced<const FMA: bool>(x: f64, r: f64, sign: u64) -> f64 {
    // sin(pi r)/(pi x); the quotient is 1 up to 1/2.
    let quotient = if x == 0.0 { 1.0 } else { r / x };
    let y = sinc_core::<FMA>(r) * quotient;
    // The zeros at the integers are positive.
    f64::from_bits(y.to_bits() ^ sign) + 0.0
}

/// sin(pi x)/(pi x), and 1 at 0.
#[inline(always)]
pub(crate) fn sinc<const FMA: bool>(x: f64) -> f64 {
    let (r, sign) = reduce_pi::<FMA>(x);
    let y = sinc_reduced::<FMA>(x, r, sign);
    if x.is_infinite() { 0.0 } else { y }
}

/// d/dx of `sinc`: (cos(pi x) - sinc(x))/x.
#[inline(always)]
pub(crate) fn sinc_derivative<const FMA: bool>(x: f64) -> f64 {
    let z = x * x;
    let series = x * horner!(madd, FMA, z;
        -3.289868133696453, 3.2469697011334144, -1.1445109447325053,
        0.20918278254123804, -0.023460810354552525, 0.0017811455163195232,
        -9.76622309526039e-05, 4.0499466844854815e-06, -1.3148201730026494e-07,
        3.4288948338068973e-09, -7.010920940566596e-11);
    let (r, sign) = reduce_pi::<FMA>(x);
    // cos(pi r) = 1 - 2 sin^2(pi r/2).
    let h = r * FRAC_PI_2 * sinc_core::<FMA>(0.5 * r);
    let c = f64::from_bits(madd::<FMA>(-2.0 * h, h, 1.0).to_bits() ^ sign);
    let y = (c - sinc_reduced::<FMA>(x, r, sign)) / x;
    let y = if z < 0.5 { series } else { y };
    if x.is_infinite() { 0.0 } else { y }
}

/// The fused pair.
pub static SIN_AND_COS: Pair = Pair {
    first: &SIN,
    second: &COS,
    scalar: sincos_of,
    f64: |sin, cos, x| {
        sincos_f64(sin, cos, x);
        false
    },
    f32: |sin, cos, x| {
        single::sincos_f32(sin, cos, x);
        false
    },
};

unary!(SIN, "sin", 0.8, |FMA, x|
    f64: sin::<FMA>(x), if in_range(x), else x.sin();
    f32: single::sin::<FMA>(x), if single::in_range(x), else f64::from(x).sin() as f32;
    c128: cplx::sin(x);
);
unary!(COS, "cos", 0.8, |FMA, x|
    f64: cos::<FMA>(x), if in_range(x), else x.cos();
    f32: single::cos::<FMA>(x), if single::in_range(x), else f64::from(x).cos() as f32;
    c128: cplx::cos(x);
);
unary!(TAN, "tan", 0.9, |FMA, x|
    f64: tan::<FMA>(x), if in_range(x), else x.tan();
    f32: tan::<FMA>(f64::from(x)) as f32, if in_range(f64::from(x)), else f64::from(x).tan() as f32;
    c128: cplx::tan(x);
);
unary!(
    /// sin(pi x)/(pi x), and 1 at 0.
    SINC, "sinc", 0.5, |FMA, x|
    f64: sinc::<FMA>(x);
    f32: sinc::<FMA>(f64::from(x)) as f32;
    c128: cplx::sinc(x);
);
unary!(
    /// The derivative of `SINC`.
    SINC_DERIVATIVE, "sinc_derivative", 1.2, |FMA, x|
    f64: sinc_derivative::<FMA>(x);
    f32: sinc_derivative::<FMA>(f64::from(x)) as f32;
    c128: cplx::sinc_derivative(x);
);
