//! The exact kernels: arithmetic, comparisons, tests, casts, reductions, and
//! the integer, bool and complex forms of the functions of two arguments.

use autograd::kernels::math::{self as m, BinaryKernel, Compare, CompareKernel, Level};
use num_complex::{Complex32, Complex64};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

fn c(re: f64, im: f64) -> Complex64 {
    Complex64::new(re, im)
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// All three shapes on every level, long enough for the vector loop.
fn check(kernel: &BinaryKernel, a: f64, b: f64, want: f64) {
    for level in LEVELS {
        m::with_level(level, || {
            let (x, y) = ([a; 70], [b; 70]);
            let mut d = [0.0; 70];
            (kernel.f64.vv)(&mut d, &x, &y);
            assert!(d.iter().all(|&d| same(d, want)), "{} {a:e} {b:e}: {:e} {level:?}", kernel.name, d[0]);
            (kernel.f64.vs)(&mut d, &x, b);
            assert!(d.iter().all(|&d| same(d, want)), "{} vs", kernel.name);
            (kernel.f64.sv)(&mut d, a, &y);
            assert!(d.iter().all(|&d| same(d, want)), "{} sv", kernel.name);
            assert!(same((kernel.scalar)(a, b), want));
            let (x, y) = ([a as f32; 70], [b as f32; 70]);
            let mut d = [0f32; 70];
            (kernel.f32.vv)(&mut d, &x, &y);
            let expressible = f64::from(a as f32) == a && f64::from(b as f32) == b;
            if expressible {
                assert!(same(f64::from(d[0]), f64::from(want as f32)), "{} f32 {a:e} {b:e}: {:e}", kernel.name, d[0]);
            }
        });
    }
}

#[test]
fn quotients_follow_numpy() {
    // a, b, remainder, fmod, floor_divide; recorded from NumPy 2.
    let table = [
        (7.0, 3.0, 1.0, 1.0, 2.0),
        (-7.0, 3.0, 2.0, -1.0, -3.0),
        (7.0, -3.0, -2.0, 1.0, -3.0),
        (-7.0, -3.0, -1.0, -1.0, 2.0),
        (6.0, 3.0, 0.0, 0.0, 2.0),
        (-6.0, 3.0, 0.0, -0.0, -2.0),
        (6.0, -3.0, -0.0, 0.0, -2.0),
        (1.0, 0.1, 0.09999999999999995, 0.09999999999999995, 9.0),
        (0.0, -2.0, -0.0, 0.0, -0.0),
        (5.0, 0.0, NAN, NAN, INF),
        (-5.0, 0.0, NAN, NAN, -INF),
        (0.0, 0.0, NAN, NAN, NAN),
        (INF, 2.0, NAN, NAN, NAN),
        (5.0, INF, 5.0, 5.0, 0.0),
        (-5.0, INF, INF, -5.0, -1.0),
        (NAN, 2.0, NAN, NAN, NAN),
        (2.0, NAN, NAN, NAN, NAN),
        (0.5, 3.0, 0.5, 0.5, 0.0),
        (-0.5, 3.0, 2.5, -0.5, -1.0),
    ];
    for (a, b, remainder, fmod, floor) in table {
        check(&m::MOD, a, b, remainder);
        check(&m::FMOD, a, b, fmod);
        check(&m::FLOOR_DIVIDE, a, b, floor);
    }
    check(&m::FMOD, 1e300, 7.0, 1e300 % 7.0);
}

#[test]
fn selection_and_nan() {
    for (a, b, max, min, fmax, fmin) in [
        (1.0, 2.0, 2.0, 1.0, 2.0, 1.0),
        (NAN, 2.0, NAN, NAN, 2.0, 2.0),
        (2.0, NAN, NAN, NAN, 2.0, 2.0),
        (NAN, NAN, NAN, NAN, NAN, NAN),
        (-INF, INF, INF, -INF, INF, -INF),
    ] {
        check(&m::MAXIMUM, a, b, max);
        check(&m::MINIMUM, a, b, min);
        check(&m::FMAX, a, b, fmax);
        check(&m::FMIN, a, b, fmin);
    }
    check(&m::COPYSIGN, 3.0, -0.0, -3.0);
    check(&m::ADD, 1.5, 2.25, 3.75);
    check(&m::SUBTRACT, 1.5, 2.25, -0.75);
    check(&m::MULTIPLY, 1.5, -2.0, -3.0);
    check(&m::DIVIDE, 1.0, 0.0, INF);
    let maximum = m::MAXIMUM.c128.as_ref().unwrap();
    let mut z = [c(0.0, 0.0); 3];
    (maximum.vv)(&mut z, &[c(1.0, 2.0), c(1.0, 5.0), c(NAN, 0.0)], &[c(1.0, 3.0), c(0.0, 9.0), c(1.0, 1.0)]);
    assert_eq!(z[..2], [c(1.0, 3.0), c(1.0, 5.0)]);
    assert!(z[2].re.is_nan());
}

#[test]
fn integers_wrap() {
    let run = |k: &BinaryKernel, a: i64, b: i64| {
        let mut d = [0];
        (k.i64.as_ref().unwrap().vv)(&mut d, &[a], &[b]);
        d[0]
    };
    assert_eq!(run(&m::ADD, i64::MAX, 1), i64::MIN);
    assert_eq!(run(&m::MULTIPLY, i64::MAX, 2), -2);
    assert_eq!(run(&m::POWER, 3, 4), 81);
    assert_eq!(run(&m::POWER, -2, 63), i64::MIN);
    assert_eq!(run(&m::POWER, 2, 64), 0);
    assert_eq!(run(&m::POWER, 0, 0), 1);
    for (a, b, modulo, fmod, floor) in [
        (7, 3, 1, 1, 2),
        (-7, 3, 2, -1, -3),
        (7, -3, -2, 1, -3),
        (-7, -3, -1, -1, 2),
        (7, 0, 0, 0, 0),
        (i64::MIN, -1, 0, 0, i64::MIN),
    ] {
        assert_eq!(run(&m::MOD, a, b), modulo);
        assert_eq!(run(&m::FMOD, a, b), fmod);
        assert_eq!(run(&m::FLOOR_DIVIDE, a, b), floor);
    }
    let mut d = [0; 2];
    (m::ABSOLUTE.i64.unwrap())(&mut d, &[-3, i64::MIN]);
    assert_eq!(d, [3, i64::MIN]);
    let mut b = [false; 4];
    let (p, q) = ([false, false, true, true], [false, true, false, true]);
    (m::ADD.bool.as_ref().unwrap().vv)(&mut b, &p, &q);
    assert_eq!(b, [false, true, true, true]);
    (m::MULTIPLY.bool.as_ref().unwrap().vv)(&mut b, &p, &q);
    assert_eq!(b, [false, false, false, true]);
    assert!(m::DIVIDE.i64.is_none() && m::SUBTRACT.bool.is_none() && m::CBRT.c128.is_none());
}

#[test]
fn complex_arithmetic() {
    let run = |k: &BinaryKernel, a: Complex64, b: Complex64| {
        let mut d = [a];
        (k.c128.as_ref().unwrap().vv)(&mut d, &[a], &[b]);
        d[0]
    };
    let near = |a: Complex64, b: Complex64| (a - b).norm() <= 1e-15 * b.norm();
    assert_eq!(run(&m::MULTIPLY, c(1.0, 2.0), c(3.0, -1.0)), c(5.0, 5.0));
    assert!(near(run(&m::DIVIDE, c(5.0, 5.0), c(3.0, -1.0)), c(1.0, 2.0)));
    assert!(near(run(&m::DIVIDE, c(5.0, 5.0), c(1.0, 2.0)), c(3.0, -1.0)));
    assert!(near(run(&m::DIVIDE, c(1e300, 1e300), c(1e300, -1e300)), c(0.0, 1.0)));
    assert_eq!(run(&m::POWER, c(0.0, 0.0), c(0.0, 0.0)), c(1.0, 0.0));
    assert_eq!(run(&m::POWER, c(0.0, 0.0), c(2.0, 0.0)), c(0.0, 0.0));
    assert_eq!(run(&m::POWER, c(1.0, 1.0), c(2.0, 0.0)), c(0.0, 2.0));
    assert_eq!(run(&m::POWER, c(0.0, 2.0), c(-2.0, 0.0)), c(-0.25, 0.0));
    assert!(run(&m::POWER, c(0.0, 0.0), c(-1.0, 0.0)).re.is_nan());
    // i^i = e^(-pi/2).
    let i = c(0.0, 1.0);
    assert!(near(run(&m::POWER, i, i), c((-std::f64::consts::FRAC_PI_2).exp(), 0.0)));
    let z = [c(3.0, -4.0), c(-1e300, 1e300), c(INF, NAN)];
    let mut r = [0.0; 3];
    (m::ABS_COMPLEX.c128)(&mut r, &z);
    assert_eq!(r, [5.0, 1.4142135623730952e300, INF]);
    (m::REAL.c128)(&mut r, &z);
    assert_eq!(r, [3.0, -1e300, INF]);
    (m::ANGLE.c128)(&mut r[..2], &z[..2]);
    assert_eq!(r[..2], [(-4f64).atan2(3.0), 3.0 * std::f64::consts::FRAC_PI_4]);
    (m::ANGLE.f64)(&mut r, &[1.0, -1.0, NAN]);
    assert!(r[0] == 0.0 && r[1] == std::f64::consts::PI && r[2].is_nan());
    (m::IMAG.f64)(&mut r, &[1.0, INF, NAN]);
    assert_eq!(r, [0.0; 3]);
    let mut s = [z[0]];
    (m::SINC_DERIVATIVE.c128.unwrap())(&mut s, &[c(0.4, 0.0)]);
    assert!((s[0].re - (m::SINC_DERIVATIVE.scalar)(0.4)).abs() < 1e-15);
    (m::SINC_DERIVATIVE.c128.unwrap())(&mut s, &[c(1.7, 0.0)]);
    assert!((s[0].re - (m::SINC_DERIVATIVE.scalar)(1.7)).abs() < 1e-15);
}

fn compare<T: Copy>(k: &Compare<T>, a: T, b: T) -> bool {
    let (x, y) = ([a; 40], [b; 40]);
    let mut d = [false; 40];
    (k.vv)(&mut d, &x, &y);
    let first = d[0];
    assert!(d.iter().all(|&d| d == first));
    (k.vs)(&mut d, &x, b);
    assert!(d.iter().all(|&d| d == first));
    (k.sv)(&mut d, a, &y);
    assert!(d.iter().all(|&d| d == first));
    first
}

#[test]
fn comparisons() {
    let all: [(&CompareKernel, [bool; 3]); 9] = [
        // Results for 1 and 2, 2 and 2, NaN and 2.
        (&m::EQUAL, [false, true, false]),
        (&m::NOT_EQUAL, [true, false, true]),
        (&m::LESS, [true, false, false]),
        (&m::LESS_EQUAL, [true, true, false]),
        (&m::GREATER, [false, false, false]),
        (&m::GREATER_EQUAL, [false, true, false]),
        (&m::LOGICAL_AND, [true, true, true]),
        (&m::LOGICAL_OR, [true, true, true]),
        (&m::LOGICAL_XOR, [false, false, false]),
    ];
    for (k, want) in all {
        for ((a, b), want) in [(1.0, 2.0), (2.0, 2.0), (NAN, 2.0)].into_iter().zip(want) {
            assert_eq!(compare(&k.f64, a, b), want, "{}", k.name);
            assert_eq!(compare(&k.f32, a as f32, b as f32), want, "{}", k.name);
            assert_eq!((k.scalar)(a, b), want, "{}", k.name);
            let z = |v: f64| Complex32::new(v as f32, 0.0);
            assert_eq!(compare(&k.c64, z(a), z(b)), want, "{}", k.name);
            // The imaginary parts decide here.
            assert_eq!(compare(&k.c128, c(7.0, a), c(7.0, b)), want, "{}", k.name);
            if !a.is_nan() {
                assert_eq!(compare(&k.i64, a as i64, b as i64), want, "{}", k.name);
            }
        }
        for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
            let (x, y) = (f64::from(u8::from(a)), f64::from(u8::from(b)));
            assert_eq!(compare(&k.bool, a, b), (k.scalar)(x, y), "{} bool", k.name);
        }
    }
    assert!(!compare(&m::LESS.c128, c(1.0, NAN), c(2.0, 0.0)));
}

#[test]
fn tests_of_one_argument() {
    let x = [1.0, -0.0, INF, -INF, NAN];
    let mut d = [false; 5];
    for (k, want) in [
        (&m::ISNAN, [false, false, false, false, true]),
        (&m::ISINF, [false, false, true, true, false]),
        (&m::ISFINITE, [true, true, false, false, false]),
        (&m::LOGICAL_NOT, [false, true, false, false, false]),
    ] {
        (k.f64)(&mut d, &x);
        assert_eq!(d, want, "{}", k.name);
        (k.f32)(&mut d, &x.map(|v| v as f32));
        assert_eq!(d, want, "{}", k.name);
        (k.c128)(&mut d, &x.map(|v| c(v, 0.0)));
        assert_eq!(d, want, "{}", k.name);
        assert!((0..5).all(|i| (k.scalar)(x[i]) == want[i]));
    }
    (m::SIGNBIT.f64)(&mut d[..4], &x[..4]);
    assert_eq!(d[..4], [false, true, false, true]);
    (m::ISFINITE.i64)(&mut d[..2], &[1, 2]);
    assert_eq!(d[..2], [true, true]);
}

#[test]
fn casts() {
    let x = [1.7, -1.7, NAN, 1e300, -1e300, 0.0];
    let mut i = [0i64; 6];
    m::cast(&mut i, &x);
    assert_eq!(i, [1, -1, 0, i64::MAX, i64::MIN, 0]);
    let mut b = [false; 6];
    m::cast(&mut b, &x);
    assert_eq!(b, [true, true, true, true, true, false]);
    let mut z = [c(0.0, 0.0); 6];
    m::cast(&mut z, &x);
    assert_eq!(z[1], c(-1.7, 0.0));
    let mut s = [Complex32::new(0.0, 0.0); 1];
    m::cast(&mut s, &[c(1.5, -2.5)]);
    assert_eq!(s[0], Complex32::new(1.5, -2.5));
    let mut f = [0f32; 1];
    m::cast(&mut f, &s);
    assert_eq!(f, [1.5]);
    m::cast(&mut b[..1], &[c(0.0, 1.0)]);
    assert!(b[0]);
    m::cast(&mut f, &[true]);
    assert_eq!(f, [1.0]);
}

#[test]
fn reductions() {
    for n in [0, 1, 31, 32, 33, 511, 512, 513, 5000, 100_003] {
        let x: Vec<f64> = (0..n).map(|i| f64::from((i * 7919) % 1009) - 500.0).collect();
        let y: Vec<f64> = (0..n).map(|i| f64::from((i * 31) % 17)).collect();
        let f: Vec<f32> = x.iter().map(|&v| v as f32 / 1024.0).collect();
        // Integers below 2^53: every order gives the exact sum.
        let (sum, dot) = (x.iter().sum::<f64>() + 0.0, x.iter().zip(&y).map(|(a, b)| a * b).sum::<f64>() + 0.0);
        let (max, min) = (x.iter().copied().fold(-INF, f64::max), x.iter().copied().fold(INF, f64::min));
        for level in LEVELS {
            m::with_level(level, || {
                assert_eq!(m::sum_f64(&x), sum, "{n}");
                assert_eq!(m::dot_f64(&x, &y), dot, "{n}");
                assert_eq!(m::max_f64(&x), max);
                assert_eq!(m::min_f64(&x), min);
                assert!((f64::from(m::sum_f32(&f)) - sum / 1024.0).abs() <= 1e-6 * f64::from(n.max(1)));
                assert!(
                    (f64::from(m::dot_f32(&f, &f)) - f.iter().map(|&v| f64::from(v * v)).sum::<f64>()).abs()
                        <= 1e-6 * f64::from(n.max(1))
                );
                assert_eq!(f64::from(m::max_f32(&f)), max / 1024.0);
                assert_eq!(f64::from(m::min_f32(&f)), min / 1024.0);
                for at in [0, n / 2, n - 1] {
                    if n > 0 {
                        let mut x = x.clone();
                        x[at as usize] = NAN;
                        assert!(m::max_f64(&x).is_nan() && m::min_f64(&x).is_nan());
                    }
                }
            });
        }
    }
    // Pairwise: a million tenths keep 15 digits.
    let tenths = vec![0.1; 1_000_000];
    assert!((m::sum_f64(&tenths) - 100_000.0).abs() < 1e-9);
}

#[test]
fn selection() {
    let mut y = [0i64; 3];
    m::select(&mut y, &[true, false, true], m::Branch::Array(&[1, 2, 3]), m::Branch::Array(&[4, 5, 6]));
    assert_eq!(y, [1, 5, 3]);
}
