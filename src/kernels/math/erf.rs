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
//! Error bounds, as tested: erf 2.5, erfc 3.5, cbrt 1.5 ULP; of complex numbers 20 epsilon in the norm.
//! Coefficients: interpolation at Chebyshev nodes in 50 digit arithmetic.

use super::complex as cplx;
use super::exp::{exp_moderate, exp_scaled};
use super::log::split;
use super::num::*;
use super::single;
use super::table::unary;
use num_complex::Complex64;
use std::f64::consts::PI;

const FRAC_1_SQRT_PI: f64 = std::f64::consts::FRAC_2_SQRT_PI / 2.0;

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

/// The step of the sums in [`complementary`], sqrt(pi / 12).
const STEP: f64 = 0.5116633539732443;
/// Squares of the nodes (k + 1/2) h and exp of their negatives.
const HALVES: [[f64; 12]; 2] = [
    [
        0.06544984694978737,
        0.5890486225480862,
        1.6362461737446838,
        3.2070425005395813,
        5.301437602932776,
        7.919431480924271,
        11.061024134514064,
        14.726215563702157,
        18.915005768488545,
        23.627394748873233,
        28.86338250485623,
        34.62296903643752,
    ],
    [
        0.9366460212365959,
        0.5548549101598534,
        0.19470957808529032,
        0.04047614460380571,
        0.004984423132468589,
        0.00036360898638930413,
        1.571296901780048e-05,
        4.02240542156481e-07,
        6.099824915912173e-09,
        5.479650239757549e-11,
        2.9160317551794876e-13,
        9.192541525134333e-16,
    ],
];
/// The same of the nodes k h, from k = 1 on.
const WHOLES: [[f64; 11]; 2] = [
    [
        0.26179938779914946,
        1.0471975511965979,
        2.356194490192345,
        4.188790204786391,
        6.544984694978735,
        9.42477796076938,
        12.828170002158325,
        16.755160819145566,
        21.205750411731103,
        26.17993877991494,
        31.677725923697086,
    ],
    [
        0.7696654124932398,
        0.3509198071784109,
        0.09478022484215486,
        0.015164619864546564,
        0.0014373060804075326,
        8.069951757030463e-05,
        2.684086793096736e-06,
        5.288422116944148e-08,
        6.17247886522432e-10,
        4.267731135455234e-12,
        1.7479879405654947e-14,
    ],
];

/// erfc(x - iy) for x, y >= 0.
///
/// erfc(x - iy) = e^(u^2) w(u) with u = y + ix, and for Im u > 0 w(u) = (2iu/pi) times the integral of e^(-t^2) / (u^2 - t^2)
/// over t > 0. The trapezoidal rule with step h takes it with an error of e^(-(pi/h)^2) as long as the poles at t = u are
/// far from the axis; near to it the residue, 2 e^(-u^2) / (1 + e^(-2 pi i u/h)) for nodes halfway between the multiples of
/// h, 1 - e^(...) for nodes at the multiples, makes up for them (C. Chiarella and A. Reichel, Math. Comp. 22, 1968). Of the
/// two sets of nodes the one is taken that Re u is not close to.
fn complementary(x: f64, y: f64) -> Complex64 {
    // Less than the smallest number, also where squares overflow.
    if x - y > 40.0 {
        return Complex64::new(0.0, 0.0);
    }
    let u = Complex64::new(y, x);
    // u^2, with what rounding takes away.
    let ((p, p_low), (q, q_low)) = (two_prod::<true>(y, y), two_prod::<true>(x, x));
    let (size, rest) = two_sum(p, -q);
    let (angle, angle_low) = two_prod::<true>(2.0 * x, y);
    let square = Complex64::new(size, angle);
    let angle_low = if angle.is_finite() { angle_low } else { 0.0 };
    let far = x.max(y) > 1e9;
    let place = y / STEP - (y / STEP).floor();
    let whole = x < y && (0.25..=0.75).contains(&place);
    let sum = if far {
        cplx::div(Complex64::new(0.0, FRAC_1_SQRT_PI), u)
    } else {
        let (nodes, weights): (&[f64], &[f64]) =
            if whole && x < PI / STEP { (&WHOLES[0], &WHOLES[1]) } else { (&HALVES[0], &HALVES[1]) };
        let mut sum = Complex64::new(0.0, 0.0);
        for (&t, &w) in nodes.iter().zip(weights) {
            sum += cplx::div(Complex64::new(w, 0.0), Complex64::new(square.re - t, square.im));
        }
        let mut sum = cplx::mul(sum, cplx::scale(Complex64::new(-x, y), 2.0));
        if nodes.len() == WHOLES[0].len() {
            sum += cplx::div(Complex64::new(0.0, 1.0), u);
        }
        cplx::scale(sum, STEP / PI)
    };
    // Half of the exponential at a time: the whole may overflow where the product does not.
    let (half, (sin, cos)) = ((size / 2.0).exp(), angle.sin_cos());
    let turn = Complex64::new(cos - angle_low * sin, sin + angle_low * cos);
    if half.is_infinite() {
        // Each part is infinite by itself, or nothing.
        let w = cplx::mul(turn, sum);
        let part = |v: f64| if v == 0.0 { v } else { v * half };
        return Complex64::new(part(w.re), part(w.im));
    }
    let grown = cplx::scale(cplx::mul(turn, cplx::scale(sum, half)), half * (1.0 + rest + p_low - q_low));
    if far || x >= PI / STEP {
        return grown;
    }
    let (sin, cos) = (2.0 * PI * place).sin_cos();
    let wave = cplx::scale(Complex64::new(cos, -sin), (2.0 * PI / STEP * x).exp());
    let one = Complex64::new(1.0, 0.0);
    grown + cplx::div(Complex64::new(2.0, 0.0), if whole { one - wave } else { one + wave })
}

/// The power series, for |z| <= 1.
fn erf_series(z: Complex64) -> Complex64 {
    let square = -(z * z);
    let (mut term, mut sum) = (z, z);
    for n in 1..20 {
        term = cplx::mul(term, square) / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    cplx::scale(sum, 2.0 * FRAC_1_SQRT_PI)
}

/// erf and erfc of a complex number. Real numbers stay real, imaginary ones (of erf) imaginary.
fn both(z: Complex64) -> (Complex64, Complex64) {
    let one = Complex64::new(1.0, 0.0);
    if z.im == 0.0 {
        return (Complex64::new(erf::<false>(z.re), z.im), Complex64::new(erfc::<false>(z.re), -z.im));
    }
    if z.re == 0.0 && z.im.abs() > 30.0 {
        let far = f64::INFINITY.copysign(z.im);
        return (Complex64::new(z.re, far), Complex64::new(1.0, -far));
    }
    if z.re.is_infinite() && z.im.is_finite() {
        let erf = Complex64::new(1f64.copysign(z.re), 0f64.copysign(z.im));
        return (erf, one - erf);
    }
    if z.norm_sqr() <= 1.0 {
        let erf = erf_series(z);
        return (erf, one - erf);
    }
    let c = complementary(z.re.abs(), z.im.abs());
    // The upper half plane mirrors the lower one, the left half is the negative of the right one.
    let right = z.re.is_sign_positive();
    let c = if (z.im > 0.0) == right { c.conj() } else { c };
    let (erf, erfc) = if right { (one - c, c) } else { (c - one, one + one - c) };
    (if z.re == 0.0 { Complex64::new(z.re, erf.im) } else { erf }, erfc)
}

unary!(ERF, "erf", 1.3, |FMA, x|
    f64: erf::<FMA>(x);
    f32: single::erf::<FMA>(x);
    c128: both(x).0;
);
unary!(ERFC, "erfc", 1.8, |FMA, x|
    f64: erfc::<FMA>(x);
    f32: erfc::<FMA>(f64::from(x)) as f32;
    c128: both(x).1;
);
unary!(CBRT, "cbrt", 1.4, |FMA, x|
    f64: cbrt::<FMA>(x);
    f32: cbrt::<FMA>(f64::from(x)) as f32;
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_the_complex_plane() {
        let inf = f64::INFINITY;
        let at = |re: f64, im: f64| both(Complex64::new(re, im));
        assert_eq!(at(inf, -1.0), (Complex64::new(1.0, -0.0), Complex64::new(0.0, 0.0)));
        assert_eq!(at(-inf, 2.0), (Complex64::new(-1.0, 0.0), Complex64::new(2.0, 0.0)));
        assert_eq!(at(1e200, 3.0).0, Complex64::new(1.0, 0.0));
        assert_eq!(at(-40.0, 39.0).0.re, -1.0);
        assert_eq!(at(-0.0, 0.5).0.re.to_bits(), (-0.0f64).to_bits());
        assert!(at(f64::NAN, 1.0).0.is_nan() && at(1.0, inf).1.is_nan());
        // Where the sums change over, values stay together.
        for edge in [STEP * 7.25, STEP * 7.75, PI / STEP, 1.0] {
            for other in [1e-9, 0.3, 2.0, edge * (1.0 - 1e-15)] {
                for (x, y) in [(edge, other), (other, edge)] {
                    let (a, b) =
                        (both(Complex64::new(x, y)).1, both(Complex64::new(x * (1.0 + 1e-15), y * (1.0 + 1e-15))).1);
                    assert!((a - b).norm() <= 2e-13 * b.norm(), "{x} {y}: {a} {b}");
                }
            }
        }
    }
}
