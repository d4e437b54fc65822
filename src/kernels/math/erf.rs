//! The error function and its complement, and the cube root.
//!
//! erf(x) = x P(x^2) up to 0.9 and 1 - e^(-x^2) Q(t), t = (x - 3)/(x + 3),
//! above, where the second term needs absolute accuracy only. erfc uses
//! 1 - erf up to 0.46 and above it e^(-x^2) Q(t)/(1 + 2x), t = (x - 3.5)/(x + 3.5),
//! with the rounding error of x^2 carried into the exponential; the mapping and
//! the factor 1 + 2x are those of M. M. Shepherd and J. G. Laframboise,
//! Math. Comp. 36 (1981). cbrt starts from a polynomial for m^(-1/3), improves
//! it by one third-order and one second-order step without division, and ends
//! with a Newton step on the cube root itself.
//!
//! Error bounds, as tested: erf 2.5, erfc 3.5, cbrt 1.5 ULP.
//! Coefficients: interpolation at Chebyshev nodes in 50 digit arithmetic.

use super::exp::{exp_moderate, exp_scaled};
use super::log::split;
use super::num::*;
use super::single;
use super::table::unary;

/// erf(x)/x - 1 with z = x^2 <= 0.81.
#[inline(always)]
fn erf_tail<const FMA: bool>(z: f64) -> f64 {
    horner!(madd, FMA, z;
        0.1283791670955126, -0.3761263890318373, 0.11283791670953792,
        -0.0268661706448234, 0.005223977621766896, -0.000854832676425319,
        0.00012055321374349772, -1.4925307337159171e-05, 1.645532564924694e-06,
        -1.627649674520215e-07, 1.4051319281278355e-08, -8.493614638206203e-10)
}

#[inline(always)]
pub(crate) fn erf<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    let small = madd::<FMA>(a, erf_tail::<FMA>(z), a);
    // erf rounds to 1 from 5.93 on.
    let b = if a > 6.0 { 6.0 } else { a };
    let t = (b - 3.0) / (b + 3.0);
    let q = horner!(madd, FMA, t;
        0.17900115118138996, -0.32623356004303694, 0.2456038017123368,
        -0.15011593650083604, 0.0716658371972409, -0.024392499315287457,
        0.004269136368697222, 0.0007077463698111054, -0.0005970628002531173,
        4.525555095570809e-05, 6.406696219569968e-05, -1.2851985278636362e-05,
        -8.038433294526831e-06, 2.0146561620418802e-06, 1.3528264088103326e-06,
        6.763467772809567e-08);
    let large = madd::<FMA>(-exp_moderate::<FMA>(-(b * b)), q, 1.0);
    (if a < 0.9 { small } else { large }).copysign(x)
}

#[inline(always)]
pub(crate) fn erfc<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let z = a * a;
    let p = erf_tail::<FMA>(z);
    // In this order the sum stays accurate: 1 - x - x P.
    let small = 1.0 - madd::<FMA>(x, p, x);
    let b = if a > 27.3 { 27.3 } else { a };
    let (h, l) = two_prod::<FMA>(b, b);
    let t = (b - 3.5) / (b + 3.5);
    let q = horner!(madd, FMA, t;
        1.2423492448711544, -0.1400091801376194, -0.010555596332218403,
        0.09751909515325553, -0.11508959816018499, 0.08798315382497433,
        -0.04882332582806304, 0.019099330940678116, -0.0042150199059891825,
        -0.0003022678628259812, 0.0005643844069176676, -0.00012151249305171786,
        -4.278219504535896e-05, 2.4261147318270078e-05, 2.328240045797583e-06,
        -3.81478574266213e-06, -4.416366511785448e-08, 6.006122559616764e-07,
        -7.971738594417258e-09, -9.33066530280867e-08, 5.825062624139343e-10,
        1.047559805498202e-08);
    let f = q / madd::<FMA>(2.0, b, 1.0);
    let r = exp_scaled::<FMA>(f, -h, -l, 0.0);
    let r = if a > 27.3 { 0.0 } else { r };
    let far = if x < 0.0 { 2.0 - r } else { r };
    let y = if a < 0.46 { small } else { far };
    if x.is_nan() { x } else { y }
}

#[inline(always)]
pub(crate) fn cbrt<const FMA: bool>(x: f64) -> f64 {
    let a = x.abs();
    let (m, k) = split(a);
    // k = 3 n + j with j in {-1, 0, 1}; y = m 2^j in [0.353, 2.829).
    let n = (k * (1.0 / 3.0) + MAGIC) - MAGIC;
    let y = m * pow2(k - 3.0 * n);
    let g = horner!(madd, FMA, y;
        2.0919200611750077, -2.8617284987522975, 3.3868208870915324,
        -2.40703343290559, 0.9836454606790385, -0.21289795489654867,
        0.018877989963367148);
    // g -> y^(-1/3); with e = 1 - y g^3 the next term of the series is 14/81 e^3.
    let e = madd::<FMA>(-y * g, g * g, 1.0);
    let g = madd::<FMA>(g * e, madd::<FMA>(2.0 / 9.0, e, 1.0 / 3.0), g);
    let e = madd::<FMA>(-y * g, g * g, 1.0);
    let g = madd::<FMA>(g * e, 1.0 / 3.0, g);
    let g2 = g * g;
    let c = y * g2;
    // Residual y - c^3 with the rounding errors of the square and of the cube.
    let (s, s_lo) = two_prod::<FMA>(c, c);
    let (w, w_lo) = two_prod::<FMA>(s, c);
    let d = (y - w) - madd::<FMA>(s_lo, c, w_lo);
    let c = madd::<FMA>(d * (1.0 / 3.0), g2, c) * pow2(n);
    let c = if a == f64::INFINITY || a == 0.0 || a.is_nan() { a } else { c };
    c.copysign(x)
}

unary!(ERF, "erf", 1.3, |FMA, x|
    f64: erf::<FMA>(x);
    f32: single::erf::<FMA>(x);
);
unary!(ERFC, "erfc", 1.8, |FMA, x|
    f64: erfc::<FMA>(x);
    f32: erfc::<FMA>(f64::from(x)) as f32;
);
unary!(CBRT, "cbrt", 1.4, |FMA, x|
    f64: cbrt::<FMA>(x);
    f32: cbrt::<FMA>(f64::from(x)) as f32;
);
