//! Special values of the real kernels on every level, and the functions whose
//! reference is their definition.

mod support;

use autograd::kernels::math::{self as m, BinaryKernel, UnaryKernel};
use support::{LEVELS, distance};

#[test]
fn special_values() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    use std::f64::consts::{FRAC_PI_2, PI};
    let table: &[(&UnaryKernel, &[(f64, f64)])] = &[
        (&m::EXP, &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (710.0, INF), (-745.2, 0.0), (-745.0, 5e-324)]),
        (&m::EXP2, &[(3.0, 8.0), (INF, INF), (-INF, 0.0), (1024.0, INF), (-1074.0, 5e-324), (-1076.0, 0.0)]),
        (&m::EXPM1, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (5e-324, 5e-324)]),
        (&m::EXPIT, &[(0.0, 0.5), (INF, 1.0), (-INF, 0.0)]),
        (&m::LOG, &[(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (-INF, NAN), (INF, INF)]),
        (&m::LOG2, &[(1.0, 0.0), (8.0, 3.0), (5e-324, -1074.0), (0.0, -INF), (-1.0, NAN), (INF, INF)]),
        (&m::LOG10, &[(1.0, 0.0), (1000.0, 3.0), (1e22, 22.0), (0.0, -INF), (-1.0, NAN), (INF, INF)]),
        (&m::LOG1P, &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-2.0, NAN), (INF, INF), (5e-324, 5e-324)]),
        (&m::SIN, &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (5e-324, 5e-324)]),
        (&m::COS, &[(0.0, 1.0), (INF, NAN), (-INF, NAN)]),
        (&m::TAN, &[(0.0, 0.0), (-0.0, -0.0), (INF, NAN)]),
        (&m::ARCSIN, &[(0.0, 0.0), (-0.0, -0.0), (1.0, FRAC_PI_2), (-1.0, -FRAC_PI_2), (1.1, NAN), (INF, NAN)]),
        (&m::ARCCOS, &[(1.0, 0.0), (-1.0, PI), (0.0, FRAC_PI_2), (1.1, NAN), (-INF, NAN)]),
        (&m::ARCTAN, &[(0.0, 0.0), (-0.0, -0.0), (INF, FRAC_PI_2), (-INF, -FRAC_PI_2)]),
        (&m::SINH, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (5e-324, 5e-324)]),
        (&m::COSH, &[(0.0, 1.0), (INF, INF), (-INF, INF)]),
        (&m::TANH, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (5e-324, 5e-324)]),
        (&m::ARCSINH, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)]),
        (&m::ARCCOSH, &[(1.0, 0.0), (0.5, NAN), (INF, INF), (-INF, NAN)]),
        (&m::ARCTANH, &[(0.0, 0.0), (-0.0, -0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN), (INF, NAN)]),
        (&m::SINC, &[(0.0, 1.0), (1.0, 0.0), (INF, 0.0), (1e300, 0.0)]),
        (&m::SINC_DERIVATIVE, &[(0.0, -0.0), (1.0, -1.0), (2.0, 0.5), (INF, 0.0)]),
        (&m::ERF, &[(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0)]),
        (&m::ERFC, &[(0.0, 1.0), (INF, 0.0), (-INF, 2.0), (30.0, 0.0)]),
        (&m::CBRT, &[(0.0, 0.0), (-0.0, -0.0), (27.0, 3.0), (-8.0, -2.0), (INF, INF), (-INF, -INF)]),
        (&m::SQRT, &[(-0.0, -0.0), (4.0, 2.0), (-1.0, NAN), (INF, INF)]),
        (&m::SIGN, &[(-3.0, -1.0), (3.0, 1.0), (-0.0, 0.0)]),
        (
            &m::FLOOR,
            &[
                (-0.5, -1.0),
                (0.5, 0.0),
                (-0.0, -0.0),
                (1e300, 1e300),
                (4503599627370495.5, 4503599627370495.0),
                (-INF, -INF),
            ],
        ),
        (&m::CEIL, &[(-0.5, -0.0), (0.5, 1.0), (-0.0, -0.0), (1e300, 1e300), (INF, INF)]),
        (&m::TRUNC, &[(-1.5, -1.0), (1.5, 1.0), (-0.5, -0.0), (0.49999999999999994, 0.0)]),
        (
            &m::RINT,
            &[(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, -0.0), (-2.5, -2.0), (4503599627370497.5, 4503599627370498.0)],
        ),
    ];
    for (kernel, values) in table {
        for level in LEVELS {
            let (x, want): (Vec<f64>, Vec<f64>) = values.iter().copied().chain([(NAN, NAN)]).unzip();
            let mut y = vec![0.0; x.len()];
            m::with_level(level, || (kernel.f64)(&mut y, &x));
            for i in 0..x.len() {
                let same = y[i].to_bits() == want[i].to_bits() || (y[i].is_nan() && want[i].is_nan());
                assert!(same, "{} {level:?} ({:e}) = {:e}, expected {:e}", kernel.name, x[i], y[i], want[i]);
            }
            let x32: Vec<f32> = x.iter().map(|&v| v as f32).collect();
            let mut y32 = vec![0f32; x.len()];
            m::with_level(level, || (kernel.f32)(&mut y32, &x32));
            for i in 0..x.len() {
                // Only arguments that f32 can express.
                if x[i].is_nan() || (f64::from(x32[i]) == x[i] && x[i].abs() < 500.0) || x[i].is_infinite() {
                    let w = want[i] as f32;
                    let same = y32[i].to_bits() == w.to_bits() || (y32[i].is_nan() && w.is_nan());
                    assert!(same, "{} f32 {level:?} ({:e}) = {:e}, expected {w:e}", kernel.name, x[i], y32[i]);
                }
            }
        }
    }
}

#[test]
fn irregular_elements_do_not_disturb_their_block() {
    let mut x: Vec<f64> = (0..200).map(|i| f64::from(i) * 0.37 - 30.0).collect();
    x[70] = 1e300;
    x[71] = f64::INFINITY;
    let mut y = vec![0.0; x.len()];
    (m::SIN.f64)(&mut y, &x);
    for (&x, &y) in x.iter().zip(&y) {
        assert!(distance(y, x.sin()) <= 1, "{x}");
    }
    let (mut s, mut c) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    m::sincos_f64(&mut s, &mut c, &x);
    for i in 0..x.len() {
        assert!(distance(s[i], x[i].sin()) <= 1 && distance(c[i], x[i].cos()) <= 1);
    }
}

#[test]
fn sinc_derivative_agrees_with_its_definition() {
    // Far from the zeros of the derivative; there the absolute error counts.
    for i in 1..4000 {
        let x = f64::from(i) * 0.01;
        let (s, c) = (pxfm::f_sinpi(x), pxfm::f_cospi(x));
        let want = (c - s / (std::f64::consts::PI * x)) / x;
        let (got, opposite) =
            m::with_level(m::best_level(), || ((m::SINC_DERIVATIVE.scalar)(x), (m::SINC_DERIVATIVE.scalar)(-x)));
        let tolerance = if x < 0.3 { 1e-13 } else { 1e-15 / x.min(1.0) };
        assert!((got - want).abs() <= tolerance, "{x}: {got} {want}");
        assert_eq!(opposite, -got);
    }
    let x = 1e-5;
    let want = -3.2898681336964528e-5 + 3.246969701133415e-15;
    assert!(distance((m::SINC_DERIVATIVE.scalar)(x), want) <= 2);
}

#[test]
fn log_add_exp() {
    for (a, b, e, two) in [
        (0.0, 0.0, std::f64::consts::LN_2, 1.0),
        (1000.0, 1000.0, 1000.0 + std::f64::consts::LN_2, 1001.0),
        (-1e300, 5.0, 5.0, 5.0),
        (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY),
        (f64::NEG_INFINITY, 3.0, 3.0, 3.0),
        (f64::INFINITY, 3.0, f64::INFINITY, f64::INFINITY),
        (f64::INFINITY, f64::INFINITY, f64::INFINITY, f64::INFINITY),
        (f64::NAN, 3.0, f64::NAN, f64::NAN),
        (1.0, 2.0, 2.313261687518223, 2.584962500721156),
    ] {
        for (a, b) in [(a, b), (b, a)] {
            assert!(distance((m::LOGADDEXP.scalar)(a, b), e) <= 1, "{a} {b}");
            assert!(distance((m::LOGADDEXP2.scalar)(a, b), two) <= 1, "{a} {b}");
        }
    }
}

/// Infinities, the largest and the smallest numbers in what derivatives are made of.
#[test]
fn ends_of_the_slopes() {
    const INF: f64 = f64::INFINITY;
    const MAX: f64 = f64::MAX;
    let unary: &[(&UnaryKernel, &[(f64, f64)])] = &[
        (&m::SECH2, &[(0.0, 1.0), (INF, 0.0), (-MAX, 0.0), (5e-324, 1.0)]),
        (&m::SEC2, &[(0.0, 1.0), (INF, f64::NAN), (5e-324, 1.0)]),
        (&m::LOGISTIC_DENSITY, &[(0.0, 0.25), (INF, 0.0), (-INF, 0.0), (MAX, 0.0)]),
        (&m::GAUSSIAN, &[(0.0, 1.0), (INF, 0.0), (-MAX, 0.0), (5e-324, 1.0)]),
        (&m::COS_ARCSIN, &[(0.0, 1.0), (1.0, 0.0), (-1.0, 0.0), (2.0, f64::NAN), (INF, f64::NAN)]),
        (&m::COSH_ARCSINH, &[(0.0, 1.0), (INF, INF), (-INF, INF), (-MAX, MAX), (5e-324, 1.0)]),
        (&m::SINH_ARCCOSH, &[(1.0, 0.0), (INF, INF), (0.5, f64::NAN)]),
    ];
    for (kernel, values) in unary {
        for level in LEVELS {
            for &(x, want) in values.iter().chain(&[(f64::NAN, f64::NAN)]) {
                let (mut y, mut y32) = ([0.0], [0f32]);
                m::with_level(level, || (kernel.f64)(&mut y, &[x]));
                m::with_level(level, || (kernel.f32)(&mut y32, &[x as f32]));
                assert!(distance(y[0], want) == 0, "{} {level:?} ({x:e}) = {:e}", kernel.name, y[0]);
                let want = want as f32;
                assert!(
                    y32[0] == want || y32[0].is_nan() && want.is_nan(),
                    "{} f32 ({x:e}) = {:e}",
                    kernel.name,
                    y32[0]
                );
            }
        }
    }
    type Values = &'static [(f64, f64, f64)];
    let binary: &[(&BinaryKernel, Values)] = &[
        (&m::DIRECTION, &[(0.0, 0.0, 0.0), (-0.0, 1.0, -0.0), (INF, 1.0, 1.0), (1.0, INF, 0.0), (-INF, 5e-324, -1.0)]),
        (&m::DIRECTION, &[(0.0, f64::NAN, f64::NAN), (f64::NAN, INF, f64::NAN), (MAX, 1.0, 1.0), (5e-324, 0.0, 1.0)]),
        (&m::INVERSION, &[(0.0, 0.0, 0.0), (INF, 1.0, 0.0), (1.0, INF, 0.0), (0.0, 2.0, 0.0), (2.0, 0.0, 0.5)]),
        (&m::INVERSION, &[(1e-300, 0.0, 1e300), (1e-310, 0.0, INF), (f64::NAN, 1.0, f64::NAN)]),
        (
            &m::WEIGHT,
            &[
                (INF, INF, 0.5),
                (-INF, -INF, 0.0),
                (INF, -INF, 1.0),
                (-INF, INF, 0.0),
                (MAX, -MAX, 1.0),
                (-MAX, MAX, 0.0),
            ],
        ),
        (
            &m::WEIGHT2,
            &[(INF, INF, 0.5), (-INF, -INF, 0.0), (INF, 1.0, 1.0), (-MAX, MAX, 0.0), (f64::NAN, 1.0, f64::NAN)],
        ),
        (
            &m::EXP_DIFFERENCE,
            &[(INF, INF, 1.0), (-INF, -INF, 1.0), (-INF, 1.0, 0.0), (MAX, -MAX, INF), (f64::NAN, INF, f64::NAN)],
        ),
        (
            &m::POWER_LESS_1,
            &[
                (0.0, 1.0, 1.0),
                (0.0, 3.0, 0.0),
                (INF, 0.5, 0.0),
                (-2.0, 3.0, 4.0),
                (-2.0, 4.0, -8.0),
                (-1.0, 1e300, -1.0),
            ],
        ),
        (&m::POWER_LESS_2, &[(0.0, 2.0, 1.0), (-2.0, 3.0, -2.0), (-2.0, 4.0, 4.0), (-0.5, 2.5, f64::NAN)]),
    ];
    for (kernel, values) in binary {
        for level in LEVELS {
            for &(a, b, want) in *values {
                let mut y = [0.0];
                m::with_level(level, || (kernel.f64.vv)(&mut y, &[a], &[b]));
                assert!(
                    distance(y[0], want) == 0,
                    "{} {level:?} ({a:e}, {b:e}) = {:e}, not {want:e}",
                    kernel.name,
                    y[0]
                );
            }
        }
    }
}

/// What the pairs give is what the kernels give.
#[test]
fn values_with_their_slopes() {
    let x: Vec<f64> = (-9000..9000).map(|i| f64::from(i) * 0.0871).collect();
    let x32: Vec<f32> = x.iter().map(|&v| v as f32).collect();
    for level in LEVELS {
        for pair in m::PAIRS {
            m::with_level(level, || {
                let (mut y, mut z, mut one) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
                (pair.f64)(&mut y, &mut z, &x);
                for (kernel, both) in [(pair.first, &y), (pair.second, &z)] {
                    (kernel.f64)(&mut one, &x);
                    assert!(one.iter().zip(both).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", kernel.name);
                }
                for (i, &x) in x.iter().enumerate().step_by(37) {
                    assert_eq!((pair.scalar)(x), (y[i], z[i]), "{}", pair.first.name);
                }
                let (mut y, mut z, mut one) = (vec![0f32; x.len()], vec![0f32; x.len()], vec![0f32; x.len()]);
                (pair.f32)(&mut y, &mut z, &x32);
                for (kernel, both) in [(pair.first, &y), (pair.second, &z)] {
                    (kernel.f32)(&mut one, &x32);
                    assert!(one.iter().zip(both).all(|(a, b)| a.to_bits() == b.to_bits()), "f32 {}", kernel.name);
                }
            });
        }
    }
}
