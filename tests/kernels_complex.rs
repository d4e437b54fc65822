//! Complex kernels against recorded values (tests/reference/make_complex.py):
//! high-precision results at ordinary and extreme arguments, NumPy's results on
//! the branch cuts and at infinity.

use autograd::kernels::math::{self as m, BinaryKernel, UnaryKernel};
use num_complex::{Complex32, Complex64};

const KERNELS: &[&UnaryKernel] = &[
    &m::EXP,
    &m::EXP2,
    &m::EXPM1,
    &m::EXPIT,
    &m::LOG,
    &m::LOG2,
    &m::LOG10,
    &m::LOG1P,
    &m::SIN,
    &m::COS,
    &m::TAN,
    &m::SINH,
    &m::COSH,
    &m::TANH,
    &m::ARCSIN,
    &m::ARCCOS,
    &m::ARCTAN,
    &m::ARCSINH,
    &m::ARCCOSH,
    &m::ARCTANH,
    &m::SQRT,
    &m::SQUARE,
    &m::RECIPROCAL,
    &m::SIGN,
    &m::SINC,
];

/// The C99 notation for hexadecimal floats, as Python prints it.
fn parse(s: &str) -> f64 {
    let (sign, s) = s.strip_prefix('-').map_or((1.0, s), |s| (-1.0, s));
    let magnitude = match s {
        "inf" => f64::INFINITY,
        "nan" => f64::NAN,
        _ => {
            let (mantissa, exponent) = s.strip_prefix("0x").unwrap().split_once('p').unwrap();
            let (whole, fraction) = mantissa.split_once('.').unwrap();
            let bits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).unwrap();
            let e = exponent.parse::<i32>().unwrap() - 4 * fraction.len() as i32;
            // In two steps, because 2^e alone may be out of range.
            bits as f64 * 2f64.powi(e / 2) * 2f64.powi(e - e / 2)
        }
    };
    sign * magnitude
}

fn apply(k: &UnaryKernel, z: Complex64) -> Complex64 {
    let mut out = [z];
    (k.c128.unwrap())(&mut out, &[z]);
    out[0]
}

fn records() -> impl Iterator<Item = (&'static UnaryKernel, &'static str, Complex64, Complex64)> {
    include_str!("reference/complex.csv").lines().map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let kernel = KERNELS.iter().find(|k| k.name == cells[0]).unwrap();
        let v: Vec<f64> = cells[2..].iter().map(|c| parse(c)).collect();
        (*kernel, cells[1], Complex64::new(v[0], v[1]), Complex64::new(v[2], v[3]))
    })
}

/// Error of the result relative to its norm.
fn norm_error(got: Complex64, want: Complex64) -> f64 {
    let scale = want.re.abs().max(want.im.abs()).max(f64::MIN_POSITIVE);
    let (re, im) = (got.re / scale - want.re / scale, got.im / scale - want.im / scale);
    re.hypot(im)
}

#[test]
fn high_precision_values() {
    let mut failures = Vec::new();
    let mut worst = std::collections::BTreeMap::new();
    for (k, source, z, want) in records().filter(|r| r.1 == "mpmath") {
        let got = apply(k, z);
        let error = norm_error(got, want) / f64::EPSILON;
        let entry = worst.entry(k.name).or_insert(0f64);
        *entry = entry.max(error);
        // Also component by component, except where a component cancels: the
        // condition allows 1e-11 there.
        let parts = [(got.re, want.re), (got.im, want.im)]
            .into_iter()
            .all(|(g, w)| (g - w).abs() <= 1e-11 * w.abs() + 1e-300 || (g - w).abs() <= 2e-16);
        if error.is_nan() || error > 6.0 || !parts {
            failures.push(format!("{} {source} {z:e}: {got:e}, expected {want:e} ({error:.1})", k.name));
        }
    }
    println!("{worst:.2?}");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn branch_cuts_and_infinities() {
    let mut failures = Vec::new();
    let close = |g: f64, w: f64| {
        (g.is_nan() && w.is_nan())
            || (g == w && (g != 0.0 || g.is_sign_negative() == w.is_sign_negative()))
            || (g - w).abs() <= 1e-15 * w.abs()
            // A zero of the exact function that neither argument hits exactly.
            || (g.abs() < 1e-15 && w.abs() < 1e-15 && w != 0.0)
    };
    for (k, _, z, want) in records().filter(|r| r.1 == "numpy") {
        let got = apply(k, z);
        if !close(got.re, want.re) || !close(got.im, want.im) {
            failures.push(format!("{} {z:e}: {got:e}, expected {want:e}", k.name));
        }
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn complex64_rounds_the_wider_result() {
    let z = Complex32::new(0.3, -1.7);
    for k in KERNELS {
        let mut out = [z];
        (k.c64.unwrap())(&mut out, &[z]);
        let w = apply(k, Complex64::new(f64::from(z.re), f64::from(z.im)));
        assert_eq!(out[0], Complex32::new(w.re as f32, w.im as f32), "{}", k.name);
    }
}

/// Where squares leave the range, and where C99 Annex G says what stands beside a NaN.
#[test]
fn ends_of_the_plane() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    const MAX: f64 = f64::MAX;
    let (quarter, half) = (std::f64::consts::FRAC_PI_2, 0.5f64.sqrt());
    let table: &[(&UnaryKernel, [f64; 4])] = &[
        (&m::ARCTANH, [MAX, MAX, 2.781342323134e-309, quarter]),
        (&m::ARCTAN, [MAX, -MAX, quarter, -2.781342323134e-309]),
        (&m::ARCTANH, [INF, NAN, 0.0, NAN]),
        (&m::ARCTANH, [NAN, 0.0, NAN, NAN]),
        (&m::ARCTANH, [NAN, INF, 0.0, quarter]),
        (&m::TANH, [INF, -MAX, 1.0, 0.0]),
        (&m::TAN, [MAX, INF, 0.0, 1.0]),
        (&m::ERF, [0.0, 1e300, 0.0, INF]),
        (&m::ERFC, [0.0, -INF, 1.0, INF]),
        (&m::RECIPROCAL, [MAX, MAX, 2.781342323134e-309, -2.781342323134e-309]),
        (&m::RECIPROCAL, [4e-320, 0.0, INF, -0.0]),
        (&m::RECIPROCAL, [8e-308, -8e-308, 6.25e306, 6.25e306]),
        (&m::SIGN, [MAX, -MAX, half, -half]),
        (&m::SIGN, [5e-324, 5e-324, half, half]),
        (&m::SIGN, [-INF, 3.0, -1.0, 0.0]),
        (&m::SECH2, [INF, 1.0, 0.0, 0.0]),
        (&m::SECH2, [-800.0, 1.0, 0.0, 0.0]),
        (&m::GAUSSIAN, [INF, 1.0, 0.0, 0.0]),
    ];
    for (kernel, [x, y, re, im]) in table {
        let mut w = [Complex64::new(0.0, 0.0)];
        (kernel.c128.unwrap())(&mut w, &[Complex64::new(*x, *y)]);
        let close = |a: f64, b: f64| a.is_nan() && b.is_nan() || a == b || (a - b).abs() <= 1e-15 * b.abs() + 1e-321;
        assert!(close(w[0].re, *re) && close(w[0].im, *im), "{} ({x:e}, {y:e}): {:e}", kernel.name, w[0]);
    }
    // Products and quotients of rules: a part that is 0 stays 0, what is divided by 0 keeps its direction.
    let run = |kernel: &BinaryKernel, a: (f64, f64), b: (f64, f64)| {
        let mut w = [Complex64::new(0.0, 0.0)];
        (kernel.c128.as_ref().unwrap().vv)(&mut w, &[Complex64::new(a.0, a.1)], &[Complex64::new(b.0, b.1)]);
        (w[0].re, w[0].im)
    };
    assert_eq!(run(&m::SCALED, (INF, 0.0), (0.0, 1.0)), (0.0, INF));
    assert_eq!(run(&m::OVER, (-2.0, 0.0), (0.0, 0.0)), (-INF, 0.0));
    assert_eq!(run(&m::DIVIDE, (1e308, 1e308), (MAX, MAX)), (1e308 / MAX, 0.0));
}
