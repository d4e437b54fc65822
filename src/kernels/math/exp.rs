//! exp, exp2, expm1 and the logistic function.
//!
//! x = n ln 2 + r with |r| <= ln(2)/2; e^r is a polynomial of degree 12, and
//! 2^n is multiplied in as two factors, so that results below the normal range
//! round once and results above it become infinite by the multiplication
//! itself. expm1 adds 2^n - 1 and 2^n r with the error of the sum carried
//! along (Dekker's fast two-sum), so the cancellation for n = -1 and n = 1
//! costs nothing.
//!
//! Error bounds, as tested: exp, exp2, expm1 1.5 ULP; logistic 2.5 ULP.
//! Coefficients: interpolation of (e^r - 1 - r)/r^2 at Chebyshev nodes, done in
//! 50 digit arithmetic; relative error of the fit 2.4e-19.

use super::complex as cplx;
use super::dispatch::dispatch;
use super::num::*;
use super::single;
use super::table::{Pair, unary};

const LOG2_E: f64 = std::f64::consts::LOG2_E;

/// (e^r - 1 - r)/r^2 for |r| <= 0.3485.
#[inline(always)]
fn tail<const FMA: bool>(r: f64) -> f64 {
    horner!(madd, FMA, r;
        0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333325848,
        0.0013888888888883544, 0.00019841269875819578, 2.4801587326261104e-05,
        2.755725413931689e-06, 2.7557272742699346e-07, 2.5105739219586713e-08,
        2.0915059884917686e-09)
}

/// x = n ln 2 + r.
#[inline(always)]
fn reduce<const FMA: bool>(x: f64) -> (f64, f64) {
    let n = madd::<FMA>(x, LOG2_E, MAGIC) - MAGIC;
    let r = madd::<FMA>(n, -LN2_HI, x);
    (n, madd::<FMA>(n, -LN2_LO, r))
}

/// y * 2^n for |n| <= 2046, rounded once.
#[inline(always)]
fn scale(y: f64, n: f64) -> f64 {
    let half = (n * 0.5 + MAGIC) - MAGIC;
    y * pow2(half) * pow2(n - half)
}

/// 2^-shift f e^(x + lo), for a small `lo`; `f` takes part before the last rounding.
#[inline(always)]
pub(crate) fn exp_scaled<const FMA: bool>(f: f64, x: f64, lo: f64, shift: f64) -> f64 {
    let x = clamp(x, -760.0, 712.0);
    let (n, r) = reduce::<FMA>(x);
    let r = r + lo;
    let p = madd::<FMA>(r * r, tail::<FMA>(r), r);
    scale(madd::<FMA>(f, p, f), n - shift)
}

/// e^x for |x| <= 700, where one factor scales.
#[inline(always)]
pub(crate) fn exp_moderate<const FMA: bool>(x: f64) -> f64 {
    let (n, r) = reduce::<FMA>(x);
    (1.0 + madd::<FMA>(r * r, tail::<FMA>(r), r)) * pow2(n)
}

/// e^x.
#[inline(always)]
pub(crate) fn exp<const FMA: bool>(x: f64) -> f64 {
    let x = clamp(x, -760.0, 712.0);
    let (n, r) = reduce::<FMA>(x);
    scale(1.0 + madd::<FMA>(r * r, tail::<FMA>(r), r), n)
}

/// 2^x.
#[inline(always)]
pub(crate) fn exp2<const FMA: bool>(x: f64) -> f64 {
    let x = clamp(x, -1100.0, 1030.0);
    let n = (x + MAGIC) - MAGIC;
    let t = x - n;
    let r = t * std::f64::consts::LN_2;
    // t (ln 2 - fl(ln 2)) and the rounding of the product.
    let lo = if FMA { t.mul_add(std::f64::consts::LN_2, -r) } else { 0.0 };
    let e = madd::<FMA>(t, 2.3190468138462996e-17, lo);
    let p = 1.0 + (madd::<FMA>(r * r, tail::<FMA>(r), e) + r);
    scale(p, n)
}

/// 2^-SHIFT (e^x - 1), |x| below 710 + SHIFT ln 2. The caller's range must
/// keep n - SHIFT within the exponent range. Not for arguments so small that
/// the scaling would leave the normal range.
#[inline(always)]
pub(crate) fn expm1_scaled<const FMA: bool>(x: f64, shift: f64) -> f64 {
    expm1_reduced::<FMA>(reduce::<FMA>(x), shift)
}

#[inline(always)]
fn expm1_reduced<const FMA: bool>((n, r): (f64, f64), shift: f64) -> f64 {
    let p = r * r * tail::<FMA>(r);
    let s = pow2(n - shift);
    let (sum, err) = if FMA {
        let base = s - pow2(-shift);
        let sum = s.mul_add(r, base);
        (sum, s.mul_add(r, base - sum))
    } else {
        // The product by a power of two is exact.
        fast_two_sum(s - pow2(-shift), s * r)
    };
    sum + madd::<FMA>(s, p, err)
}

/// e^x - 1.
#[inline(always)]
pub(crate) fn expm1<const FMA: bool>(x: f64) -> f64 {
    // Half the result, because 2^1024 is not a number.
    let y = 2.0 * expm1_scaled::<FMA>(clamp(x, -50.0, 709.79), 1.0);
    if x.abs() < 1e-17 { x } else { y }
}

const UP: f64 = f64::from_bits((1023 + 60) << 52);
const DOWN: f64 = f64::from_bits((1023 - 60) << 52);

/// 2^60 e^-a for a >= 0: normal, so one factor scales and a last step by 2^-60 rounds. From 750 on it stays what it is
/// there, of which nothing is left after that step.
#[inline(always)]
fn exp_below<const FMA: bool>(a: f64) -> f64 {
    exp_below_reduced::<FMA>(reduce::<FMA>(-if a > 750.0 { 750.0 } else { a }))
}

#[inline(always)]
fn exp_below_reduced<const FMA: bool>((n, r): (f64, f64)) -> f64 {
    let p = madd::<FMA>(r * r, tail::<FMA>(r), r);
    (1.0 + p) * pow2(n + 60.0)
}

/// 2^60 e^(x + lo) for x <= 0 and a small `lo`.
#[inline(always)]
pub(crate) fn exp_below_one<const FMA: bool>(x: f64, lo: f64) -> f64 {
    let (n, r) = reduce::<FMA>(if x < -750.0 { -750.0 } else { x });
    exp_below_reduced::<FMA>((n, r + lo))
}

/// 1/(1 + e^-x), from the side where the exponential does not exceed 1.
#[inline(always)]
pub(crate) fn expit<const FMA: bool>(x: f64) -> f64 {
    let e = exp_below::<FMA>(x.abs());
    (if x < 0.0 { e } else { UP }) / madd::<FMA>(e, DOWN, 1.0) * DOWN
}

/// Values up to here give the derivatives of tanh and of the logistic function, with an error of 5 units in the last place:
/// that of the value is multiplied by 2 y^2 / (1 - y^2), or y / (1 - y), which is below 4. So an array whose values stay below
/// needs no other memory for its derivative.
pub const FROM_VALUE: f64 = 0.8;

/// The logistic function with its derivative y (1 - y), for larger values e^-|x| w^2 with w = 1/(1 + e^-|x|): one
/// exponential, one division.
#[inline(always)]
pub(crate) fn expit_and_slope<const FMA: bool>(x: f64) -> (f64, f64) {
    let e = exp_below::<FMA>(x.abs());
    let y = (if x < 0.0 { e } else { UP }) / madd::<FMA>(e, DOWN, 1.0) * DOWN;
    let w = if x < 0.0 { 1.0 - y } else { y };
    (y, if y <= FROM_VALUE { y * (1.0 - y) } else { e * (w * w) * DOWN })
}

/// tanh with its derivative (1 - y)(1 + y); with e = e^(-2|x|) and y = (1 - e)/(1 + e) that is e (1 + y)^2, where nothing
/// cancels, for larger values.
#[inline(always)]
pub(crate) fn tanh_and_slope<const FMA: bool>(x: f64) -> (f64, f64) {
    let a = x.abs();
    let (n, r) = reduce::<FMA>(-2.0 * if a > 375.0 { 375.0 } else { a });
    let e = exp_below_reduced::<FMA>((n, r));
    // From 20 on the value is 1, whatever the exponent.
    let p = expm1_reduced::<FMA>((if n < -1000.0 { -1000.0 } else { n }, r), 0.0);
    let y = -p / (p + 2.0);
    let w = 1.0 + y;
    (y.copysign(x), if y <= FROM_VALUE { (1.0 - y) * (1.0 + y) } else { e * (w * w) * DOWN })
}

unary!(EXP, "exp", 0.5, |FMA, x|
    f64: exp::<FMA>(x);
    f32: single::exp::<FMA>(x);
    c128: cplx::exp(x);
);
unary!(EXP2, "exp2", 0.6, |FMA, x|
    f64: exp2::<FMA>(x);
    f32: exp2::<FMA>(f64::from(x)) as f32;
    c128: cplx::exp2(x);
);
unary!(EXPM1, "expm1", 0.6, |FMA, x|
    f64: expm1::<FMA>(x);
    f32: single::expm1::<FMA>(x);
    c128: cplx::expm1(x);
);
unary!(
    /// The logistic function 1/(1 + e^-x).
    EXPIT, "expit", 0.7, |FMA, x|
    f64: expit::<FMA>(x);
    f32: single::expit::<FMA>(x);
    c128: cplx::expit(x);
);

macro_rules! pair {
    ($(#[$m:meta])* $st:ident, $first:ident, $second:ident, $f:ident) => {
        $(#[$m])*
        pub static $st: Pair = {
            #[inline(always)]
            fn wide<const FMA: bool>(y: &mut [f64], slope: &mut [f64], x: &[f64]) -> bool {
                assert!(y.len() == x.len() && slope.len() == x.len());
                let mut within = true;
                for ((y, s), &x) in y.iter_mut().zip(slope).zip(x) {
                    (*y, *s) = $f::<FMA>(x);
                    within &= y.abs() <= FROM_VALUE;
                }
                within
            }
            #[inline(always)]
            fn narrow<const FMA: bool>(y: &mut [f32], slope: &mut [f32], x: &[f32]) -> bool {
                assert!(y.len() == x.len() && slope.len() == x.len());
                let mut within = true;
                for ((y, s), &x) in y.iter_mut().zip(slope).zip(x) {
                    (*y, *s) = single::$f::<FMA>(x);
                    within &= y.abs() <= FROM_VALUE as f32;
                }
                within
            }
            dispatch!(fn of_f64[](y: &mut [f64], slope: &mut [f64], x: &[f64]) -> bool = wide);
            dispatch!(fn of_f32[](y: &mut [f32], slope: &mut [f32], x: &[f32]) -> bool = narrow);
            dispatch!(fn of_number[](x: f64) -> (f64, f64) = $f);
            Pair { first: &super::$first, second: &super::$second, f64: of_f64, f32: of_f32, scalar: of_number }
        };
    };
}
pair!(
    /// tanh and its derivative.
    TANH_AND_SLOPE, TANH, SECH2, tanh_and_slope
);
pair!(
    /// The logistic function and its derivative.
    EXPIT_AND_SLOPE, EXPIT, LOGISTIC_DENSITY, expit_and_slope
);
