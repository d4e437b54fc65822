//! Complex elementary functions, one element at a time.
//!
//! The identities are the usual ones, e.g. sinh(x + iy) = sinh x cos y +
//! i cosh x sin y. What differs from the textbook is care at the ends: products
//! that overflow only in between are formed from half exponentials, the
//! logarithm near |z| = 1 is log1p(|z|^2 - 1)/2 with the argument in two
//! doubles, and tanh follows W. Kahan, "Branch Cuts for Complex Elementary
//! Functions", 1987. Special values and signed zeros follow C99 Annex G, which
//! NumPy adopts.
//!
//! Error bound, as tested: 6 epsilon in the norm (sinc; the others 2). A component that cancels (the real part of
//! expm1 near its zeros) has the corresponding absolute accuracy.

pub(crate) use super::complex_inverse::{acos, acosh, asin, asinh, atan, atanh};
use super::num::{PIO2_LO, two_prod, two_sum};
use num_complex::Complex64;
use std::f64::consts::{LN_2, PI};

pub(crate) const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);

#[inline(always)]
pub(crate) fn mul(a: Complex64, b: Complex64) -> Complex64 {
    Complex64::new(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)
}

#[inline(always)]
pub(crate) fn scale(a: Complex64, s: f64) -> Complex64 {
    Complex64::new(a.re * s, a.im * s)
}

/// Smith's division, both orders as selections so that the loop vectorises.
#[inline(always)]
pub(crate) fn div(a: Complex64, b: Complex64) -> Complex64 {
    // Parts at the ends of the range are moved inside, by powers of two.
    let (s, t) = (a.re.abs(), a.im.abs());
    let g = if (s > 1e307) | (t > 1e307) { 0.0625 } else { 1.0 };
    let a = scale(a, g);
    let (u, v) = (b.re.abs(), b.im.abs());
    let re_larger = u >= v;
    let top = if re_larger { u } else { v };
    let f = if top > 1e307 { 0.0625 } else { 1.0 };
    let f = if top < 1e-290 { 1267650600228229401496703205376.0 } else { f };
    let b = scale(b, f);
    let (p, q) = if re_larger { (b.re, b.im) } else { (b.im, b.re) };
    let r = if p == 0.0 { 0.0 } else { q / p };
    let d = p + q * r;
    let (s, t) = if re_larger { (a.re, a.im) } else { (a.im, a.re) };
    // (a.re + a.im r, a.im - a.re r)/d, or (a.re r + a.im, a.im r - a.re)/d.
    let re = (s + t * r) / d * (f / g);
    let im = (t - s * r) / d * (f / g);
    Complex64::new(re, if re_larger { im } else { -im })
}

/// z/|z|, 0 at 0. With one part infinite it is the direction of that.
pub(crate) fn sign(z: Complex64) -> Complex64 {
    if z == ZERO {
        return ZERO;
    }
    if z.re.is_infinite() != z.im.is_infinite() {
        let direction = |part: f64| if part.is_infinite() { part.signum() } else { 0.0 };
        return Complex64::new(direction(z.re), direction(z.im));
    }
    // The scale keeps the modulus in range without changing the direction.
    let top = z.re.abs().max(z.im.abs());
    let s = if top > 1e300 {
        0.5
    } else if top < 1e-290 {
        1e30
    } else {
        1.0
    };
    let (a, b) = (z.re * s, z.im * s);
    let h = a.hypot(b);
    Complex64::new(a / h, b / h)
}

/// |z|^2 - 1 (or |1 + z|^2 - 1 with `shift`), for moderate z, to double precision
/// relative to the result.
fn norm_minus_one(z: Complex64, shift: bool) -> f64 {
    // mul_add is exact in software too, where the processor lacks it.
    let (a, a_lo) = two_prod::<true>(z.re, z.re);
    let (b, b_lo) = two_prod::<true>(z.im, z.im);
    let start = if shift { 2.0 * z.re } else { -1.0 };
    let (s, e1) = two_sum(start, a);
    let (s, e2) = two_sum(s, b);
    let low = e1 + e2;
    // The two small parts may cancel against the head once more.
    let (s, e3) = two_sum(s, low);
    s + (e3 + (a_lo + b_lo))
}

/// log |z|.
pub(crate) fn ln_abs(z: Complex64) -> f64 {
    let (a, b) = (z.re.abs(), z.im.abs());
    let (lo, hi) = if a < b { (a, b) } else { (b, a) };
    if hi > 1e300 {
        return (0.5 * a).hypot(0.5 * b).ln() + LN_2;
    }
    if hi < 1e-290 {
        // 2^600
        let up = f64::from_bits((1023 + 600) << 52);
        return (a * up).hypot(b * up).ln() - 600.0 * LN_2;
    }
    if (0.5..3.0).contains(&hi) && lo < 3.0 {
        let d = norm_minus_one(z, false);
        if d > -0.5 && d < 3.0 {
            return 0.5 * d.ln_1p();
        }
    }
    a.hypot(b).ln()
}

pub(crate) fn ln(z: Complex64) -> Complex64 {
    Complex64::new(ln_abs(z), z.im.atan2(z.re))
}

pub(crate) fn ln_1p(z: Complex64) -> Complex64 {
    let im = z.im.atan2(1.0 + z.re);
    if z.re.abs() < 3.0 && z.im.abs() < 3.0 {
        let d = norm_minus_one(z, true);
        if d > -0.5 {
            return Complex64::new(0.5 * d.ln_1p(), im);
        }
    }
    Complex64::new(ln_abs(Complex64::new(1.0 + z.re, z.im)), im)
}

/// e^x (c, s) without overflow before the product overflows.
fn polar_exp(x: f64, c: f64, s: f64) -> Complex64 {
    if x.abs() > 700.0 && x.is_finite() {
        let e = (0.5 * x.clamp(-3000.0, 3000.0)).exp();
        return Complex64::new(e * c * e, e * s * e);
    }
    let e = x.exp();
    Complex64::new(e * c, e * s)
}

pub(crate) fn exp(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return Complex64::new(x.exp(), y);
    }
    if !y.is_finite() {
        return if x == f64::NEG_INFINITY {
            ZERO
        } else if x == f64::INFINITY {
            Complex64::new(x, f64::NAN)
        } else {
            Complex64::new(f64::NAN, f64::NAN)
        };
    }
    let (s, c) = y.sin_cos();
    polar_exp(x, c, s)
}

pub(crate) fn exp2(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return Complex64::new(x.exp2(), y);
    }
    if !y.is_finite() {
        // The special values do not depend on the base.
        return exp(z);
    }
    let (s, c) = (y * LN_2).sin_cos();
    if x.abs() > 1000.0 && x.is_finite() {
        let e = (0.5 * x.clamp(-4000.0, 4000.0)).exp2();
        return Complex64::new(e * c * e, e * s * e);
    }
    let e = x.exp2();
    Complex64::new(e * c, e * s)
}

pub(crate) fn expm1(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    if x.abs() > 40.0 || !x.is_finite() || !y.is_finite() {
        let e = exp(z);
        return Complex64::new(e.re - 1.0, e.im);
    }
    if y == 0.0 {
        return Complex64::new(x.exp_m1(), y);
    }
    let h = (0.5 * y).sin();
    let (s, c) = y.sin_cos();
    Complex64::new(x.exp_m1() * c - 2.0 * h * h, x.exp() * s)
}

pub(crate) fn expit(z: Complex64) -> Complex64 {
    if z.re >= 0.0 {
        div(ONE, ONE + exp(-z))
    } else {
        let e = exp(z);
        div(e, ONE + e)
    }
}

pub(crate) fn sqrt(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    if y.is_infinite() {
        return Complex64::new(f64::INFINITY, y);
    }
    if x == 0.0 && y == 0.0 {
        return Complex64::new(0.0, y);
    }
    if x.is_infinite() {
        let small = if y.is_nan() { y } else { 0.0 };
        return if x > 0.0 { Complex64::new(x, small.copysign(y)) } else { Complex64::new(small, x.abs().copysign(y)) };
    }
    let top = x.abs().max(y.abs());
    // Even powers of two, so that their roots are exact.
    let (s, back) = if top > 1e300 {
        (0.0625, 4.0)
    } else if top < 1e-290 {
        (f64::from_bits((1023 + 200) << 52), f64::from_bits((1023 - 100) << 52))
    } else {
        (1.0, 1.0)
    };
    let (x, y) = (x * s, y * s);
    let t = (0.5 * (x.abs() + x.hypot(y))).sqrt();
    let u = y.abs() / (2.0 * t);
    let (re, im) = if x >= 0.0 { (t, u) } else { (u, t) };
    Complex64::new(re * back, (im * back).copysign(z.im))
}

pub(crate) fn sinh(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        return Complex64::new(x.sinh(), y);
    }
    if !y.is_finite() {
        let re = if x == 0.0 || x.is_infinite() { x } else { f64::NAN };
        return Complex64::new(re, f64::NAN);
    }
    let (s, c) = y.sin_cos();
    if x.abs() > 40.0 && x.is_finite() {
        let e = polar_exp(x.abs(), 0.5 * c, 0.5 * s);
        return Complex64::new(e.re * x.signum(), e.im);
    }
    Complex64::new(x.sinh() * c, x.cosh() * s)
}

pub(crate) fn cosh(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    if y == 0.0 {
        let sign = if x.is_nan() { 1.0 } else { x.signum() };
        return Complex64::new(x.cosh(), y * sign);
    }
    if !y.is_finite() {
        return if x == 0.0 {
            Complex64::new(f64::NAN, x)
        } else if x.is_infinite() {
            Complex64::new(f64::INFINITY, f64::NAN)
        } else {
            Complex64::new(f64::NAN, f64::NAN)
        };
    }
    let (s, c) = y.sin_cos();
    if x.abs() > 40.0 && x.is_finite() {
        let e = polar_exp(x.abs(), 0.5 * c, 0.5 * s);
        return Complex64::new(e.re, e.im * x.signum());
    }
    let im = if x == 0.0 { x * s } else { x.sinh() * s };
    Complex64::new(x.cosh() * c, im)
}

pub(crate) fn tanh(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    if x.is_infinite() {
        let im = if y.is_finite() { y.sin() * y.cos() } else { 1.0 };
        return Complex64::new(1f64.copysign(x), 0f64.copysign(im));
    }
    if y == 0.0 {
        return Complex64::new(x.tanh(), y);
    }
    if !y.is_finite() {
        let re = if x == 0.0 { x } else { f64::NAN };
        return Complex64::new(re, f64::NAN);
    }
    if x.abs() > 22.0 {
        let (s, c) = y.sin_cos();
        let e = (-x.abs()).exp();
        return Complex64::new(1f64.copysign(x), 4.0 * s * c * e * e);
    }
    let t = y.tan();
    let beta = 1.0 + t * t;
    let s = x.sinh();
    let rho = (1.0 + s * s).sqrt();
    let d = 1.0 + beta * s * s;
    Complex64::new(beta * rho * s / d, t / d)
}

/// 1/cosh(z)^2.
pub(crate) fn sech2(z: Complex64) -> Complex64 {
    // An even function: the right half plane serves.
    let z = if z.re < 0.0 { -z } else { z };
    if z.re <= 20.0 {
        let c = cosh(z);
        return div(ONE, mul(c, c));
    }
    // 4 e^(-2z) / (1 + e^(-2z))^2; the exponential of half the argument keeps the square from underflowing early.
    let e = exp(scale(z, -1.0));
    let d = ONE + mul(e, e);
    div(scale(mul(e, div(e, d)), 4.0), d)
}

/// e^(-z^2), with the rounding errors of the square.
pub(crate) fn gaussian(z: Complex64) -> Complex64 {
    let (x, y) = (z.re, z.im);
    let ((a, a_lo), (b, b_lo)) = (two_prod::<true>(x, x), two_prod::<true>(y, y));
    let (h, h_lo) = two_sum(b, -a);
    let (m, m_lo) = two_prod::<true>(-2.0 * x, y);
    let w = exp(Complex64::new(h, m));
    let low = Complex64::new(h_lo + (b_lo - a_lo), m_lo);
    if low.re.abs() < 1e-3 && low.im.abs() < 1e-3 { w + mul(w, low) } else { w }
}

/// sqrt(1 - z) sqrt(1 + z).
pub(crate) fn cos_arcsin(z: Complex64) -> Complex64 {
    if z.re.is_infinite() || z.im.is_infinite() {
        return Complex64::new(f64::INFINITY, 0.0);
    }
    let (m, p) = super::complex_inverse::roots(z);
    mul(m, p)
}

/// sqrt(z - 1) sqrt(z + 1).
pub(crate) fn sinh_arccosh(z: Complex64) -> Complex64 {
    if z.re.is_infinite() || z.im.is_infinite() {
        return Complex64::new(f64::INFINITY, 0.0);
    }
    mul(sqrt(Complex64::new(z.re - 1.0, z.im)), sqrt(Complex64::new(z.re + 1.0, z.im)))
}

/// f(iz), rotated back: i^-1 f(iz), for the odd functions.
fn rotated(f: fn(Complex64) -> Complex64, z: Complex64) -> Complex64 {
    let w = f(Complex64::new(-z.im, z.re));
    Complex64::new(w.im, -w.re)
}

pub(crate) fn sin(z: Complex64) -> Complex64 {
    rotated(sinh, z)
}

pub(crate) fn cos(z: Complex64) -> Complex64 {
    cosh(Complex64::new(-z.im, z.re))
}

pub(crate) fn tan(z: Complex64) -> Complex64 {
    rotated(tanh, z)
}

/// sin(pi z) and cos(pi z). The real part is reduced exactly; what rounding takes from the product with pi is added to
/// first order, since the exponential of the imaginary part would show it.
pub(crate) fn sincos_pi(z: Complex64) -> (Complex64, Complex64) {
    const PI_LO: f64 = 2.0 * PIO2_LO;
    let n = z.re.round_ties_even();
    let r = z.re - n;
    let ((x, x_lo), (y, y_lo)) = (two_prod::<true>(r, PI), two_prod::<true>(z.im, PI));
    let (w, low) = (Complex64::new(x, y), Complex64::new(x_lo + r * PI_LO, y_lo + z.im * PI_LO));
    let (s, c) = (sin(w), cos(w));
    let small = low.re.abs() < 1e-3 && low.im.abs() < 1e-3 && s.re.is_finite() && s.im.is_finite();
    let (s, c) = if small { (s + mul(c, low), c - mul(s, low)) } else { (s, c) };
    if n % 2.0 == 0.0 { (s, c) } else { (-s, -c) }
}

pub(crate) fn sinc(z: Complex64) -> Complex64 {
    if z == ZERO {
        return ONE;
    }
    div(sincos_pi(z).0, scale(z, PI))
}

pub(crate) fn sinc_derivative(z: Complex64) -> Complex64 {
    if z.re.abs().max(z.im.abs()) < 0.5 {
        // sum over k >= 1 of (-1)^k pi^2k 2k/(2k+1)! z^(2k-1).
        let w = scale(mul(z, z), -PI * PI);
        let mut term = scale(z, -PI * PI / 6.0);
        let mut sum = ZERO;
        let mut k = 1.0;
        while k < 16.0 {
            sum += scale(term, 2.0 * k);
            let m = 2.0 * k;
            term = scale(mul(term, w), 1.0 / ((m + 2.0) * (m + 3.0)));
            k += 1.0;
        }
        return sum;
    }
    div(sincos_pi(z).1 - sinc(z), z)
}

/// a^b with NumPy's special cases.
pub(crate) fn pow(a: Complex64, b: Complex64) -> Complex64 {
    if b == ZERO {
        return ONE;
    }
    if a == ZERO {
        return if b.re > 0.0 { ZERO } else { Complex64::new(f64::NAN, f64::NAN) };
    }
    if b.im == 0.0 && b.re == b.re.trunc() && b.re.abs() < 100.0 {
        return powi(a, b.re as i32);
    }
    let (l, t) = (ln_abs(a), a.im.atan2(a.re));
    let (s, c) = (b.im * l + b.re * t).sin_cos();
    polar_exp(b.re * l - b.im * t, c, s)
}

fn powi(a: Complex64, n: i32) -> Complex64 {
    match n {
        1 => return a,
        2 => return mul(a, a),
        3 => return mul(a, mul(a, a)),
        _ => {}
    }
    let (mut m, mut p, mut r) = (n.unsigned_abs(), a, ONE);
    loop {
        if m & 1 == 1 {
            r = mul(r, p);
        }
        m >>= 1;
        if m == 0 {
            break;
        }
        p = mul(p, p);
    }
    if n < 0 { div(ONE, r) } else { r }
}
