//! Accuracy of the real kernels against `pxfm`, whose functions are correctly
//! rounded: the distance is counted in representable numbers, so a bound of 2
//! means an error below 2.5 ULP. Every level is tested.

mod support;

use autograd::kernels::math::{self as m, BinaryKernel, UnaryKernel};
use support::{LEVELS, distance, distance32};

/// Reproducible uniform numbers (S. Vigna's splitmix64).
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Grid, uniform random and log-uniform random points of both signs in [lo, hi].
fn points(lo: f64, hi: f64, seed: u64) -> Vec<f64> {
    const N: usize = 20_000;
    let mut r = Random(seed);
    let mut x: Vec<f64> = (0..=N).map(|i| lo + (hi - lo) * (i as f64 / N as f64)).collect();
    x.extend((0..N).map(|_| r.uniform(lo, hi)));
    let top = lo.abs().max(hi.abs()).log2();
    x.extend((0..N).filter_map(|_| {
        let v = r.uniform(top - 60.0, top).exp2();
        let v = if r.bits() & 1 == 0 { v } else { -v };
        (lo..=hi).contains(&v).then_some(v)
    }));
    // The ends of the format, where they belong to the range.
    let tiny = [0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1e-300, 1e-20];
    x.extend(tiny.into_iter().flat_map(|v| [v, -v]).filter(|v| (lo..=hi).contains(v)));
    x
}

type Oracle = fn(f64) -> f64;
type Oracle32 = fn(f32) -> f32;

struct Case(&'static UnaryKernel, Oracle, &'static [(f64, f64)], u64);

const CASES: &[Case] = &[
    Case(&m::EXP, pxfm::f_exp, &[(-1.0, 1.0), (-20.0, 20.0), (-746.0, 710.0)], 1),
    Case(&m::EXP2, pxfm::f_exp2, &[(-1.0, 1.0), (-20.0, 20.0), (-1076.0, 1025.0)], 1),
    Case(&m::EXPM1, pxfm::f_expm1, &[(-1.0, 1.0), (-50.0, 50.0), (-746.0, 710.0)], 1),
    Case(&m::EXPIT, pxfm::f_logistic, &[(-1.0, 1.0), (-40.0, 40.0), (-700.0, 700.0)], 2),
    Case(&m::LOG, pxfm::f_log, &[(0.5, 2.0), (0.0, 100.0), (0.0, 1e308)], 1),
    Case(&m::LOG2, pxfm::f_log2, &[(0.5, 2.0), (0.0, 100.0), (0.0, 1e308)], 1),
    Case(&m::LOG10, pxfm::f_log10, &[(0.5, 2.0), (0.0, 100.0), (0.0, 1e308)], 1),
    Case(&m::LOG1P, pxfm::f_log1p, &[(-1.0, 1.0), (-1.0, 100.0), (-0.5, 1e308)], 1),
    Case(&m::SIN, pxfm::f_sin, &[(-4.0, 4.0), (-100.0, 100.0), (-1.2e6, 1.2e6), (-1e22, 1e22)], 1),
    Case(&m::COS, pxfm::f_cos, &[(-4.0, 4.0), (-100.0, 100.0), (-1.2e6, 1.2e6), (-1e22, 1e22)], 1),
    Case(&m::TAN, pxfm::f_tan, &[(-4.0, 4.0), (-100.0, 100.0), (-1.2e6, 1.2e6), (-1e22, 1e22)], 2),
    Case(&m::ARCSIN, pxfm::f_asin, &[(-1.0, 1.0), (-0.6, 0.6)], 2),
    Case(&m::ARCCOS, pxfm::f_acos, &[(-1.0, 1.0), (-0.6, 0.6)], 2),
    Case(&m::ARCTAN, pxfm::f_atan, &[(-3.0, 3.0), (-50.0, 50.0), (-1e300, 1e300)], 2),
    Case(&m::SINH, pxfm::f_sinh, &[(-1.0, 1.0), (-30.0, 30.0), (-711.0, 711.0)], 2),
    Case(&m::COSH, pxfm::f_cosh, &[(-1.0, 1.0), (-30.0, 30.0), (-711.0, 711.0)], 2),
    Case(&m::TANH, pxfm::f_tanh, &[(-1.0, 1.0), (-30.0, 30.0)], 2),
    Case(&m::ARCSINH, pxfm::f_asinh, &[(-1.0, 1.0), (-50.0, 50.0), (-1e308, 1e308)], 2),
    Case(&m::ARCCOSH, pxfm::f_acosh, &[(1.0, 2.0), (1.0, 50.0), (1.0, 1e308)], 2),
    Case(&m::ARCTANH, pxfm::f_atanh, &[(-1.0, 1.0), (-0.6, 0.6)], 2),
    Case(&m::SINC, pxfm::f_sincpi, &[(-1.0, 1.0), (-20.0, 20.0), (-1e5, 1e5)], 2),
    Case(&m::ERF, pxfm::f_erf, &[(-1.0, 1.0), (-6.5, 6.5)], 2),
    Case(&m::ERFC, pxfm::f_erfc, &[(-1.0, 1.0), (-6.5, 10.0), (0.0, 27.3)], 3),
    Case(&m::CBRT, pxfm::f_cbrt, &[(-1.0, 1.0), (-100.0, 100.0), (-1e308, 1e308)], 1),
];

struct Case32(&'static UnaryKernel, Oracle32, &'static [(f64, f64)], u64);

const CASES32: &[Case32] = &[
    Case32(&m::EXP, pxfm::f_expf, &[(-1.0, 1.0), (-20.0, 20.0), (-105.0, 89.5)], 2),
    Case32(&m::EXPM1, pxfm::f_expm1f, &[(-1.0, 1.0), (-20.0, 20.0), (-105.0, 89.5)], 2),
    Case32(&m::EXPIT, pxfm::f_logisticf, &[(-1.0, 1.0), (-80.0, 80.0)], 2),
    Case32(&m::LOG, pxfm::f_logf, &[(0.5, 2.0), (0.0, 100.0), (0.0, 3e38)], 1),
    Case32(&m::LOG1P, pxfm::f_log1pf, &[(-1.0, 1.0), (-0.5, 100.0), (0.0, 3e38)], 2),
    Case32(&m::SIN, pxfm::f_sinf, &[(-4.0, 4.0), (-100.0, 100.0), (-1e5, 1e5), (-1e10, 1e10)], 2),
    Case32(&m::COS, pxfm::f_cosf, &[(-4.0, 4.0), (-100.0, 100.0), (-1e5, 1e5), (-1e10, 1e10)], 2),
    Case32(&m::TANH, pxfm::f_tanhf, &[(-1.0, 1.0), (-12.0, 12.0)], 2),
    Case32(&m::ERF, pxfm::f_erff, &[(-1.0, 1.0), (-4.5, 4.5)], 2),
    Case32(&m::TAN, pxfm::f_tanf, &[(-4.0, 4.0), (-1e10, 1e10)], 1),
    Case32(&m::ARCSINH, pxfm::f_asinhf, &[(-4.0, 4.0), (-3e38, 3e38)], 1),
    Case32(&m::ERFC, pxfm::f_erfcf, &[(-4.0, 11.0)], 1),
    Case32(&m::CBRT, pxfm::f_cbrtf, &[(-4.0, 11.0), (-3e38, 3e38)], 1),
];

#[test]
fn unary_f64() {
    let mut failures = Vec::new();
    for Case(kernel, oracle, ranges, bound) in CASES {
        let x: Vec<f64> = ranges.iter().flat_map(|&(lo, hi)| points(lo, hi, 7)).collect();
        let expected: Vec<f64> = x.iter().map(|&v| oracle(v)).collect();
        for level in LEVELS {
            let mut y = vec![0.0; x.len()];
            m::with_level(level, || (kernel.f64)(&mut y, &x));
            let worst = (0..x.len()).max_by_key(|&i| distance(y[i], expected[i])).unwrap();
            let d = distance(y[worst], expected[worst]);
            println!("{:10} {level:?} {d} at {:e}", kernel.name, x[worst]);
            if d > *bound {
                failures.push(format!(
                    "{} {level:?}: {d} > {bound} at {:e}: {:e}, expected {:e}",
                    kernel.name, x[worst], y[worst], expected[worst]
                ));
            }
            // The scalar entry evaluates the same formula.
            m::with_level(level, || {
                for i in (0..x.len()).step_by(97) {
                    assert_eq!((kernel.scalar)(x[i]).to_bits(), y[i].to_bits(), "{}", kernel.name);
                }
            });
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn unary_f32() {
    let mut failures = Vec::new();
    for Case32(kernel, oracle, ranges, bound) in CASES32 {
        let x: Vec<f32> = ranges.iter().flat_map(|&(lo, hi)| points(lo, hi, 11)).map(|v| v as f32).collect();
        for level in LEVELS {
            let mut y = vec![0f32; x.len()];
            m::with_level(level, || (kernel.f32)(&mut y, &x));
            let worst = (0..x.len()).max_by_key(|&i| distance32(y[i], oracle(x[i]))).unwrap();
            let d = distance32(y[worst], oracle(x[worst]));
            println!("{:10} f32 {level:?} {d} at {:e}", kernel.name, x[worst]);
            if d > *bound {
                failures.push(format!(
                    "{} f32 {level:?}: {d} > {bound} at {:e}: {:e}, expected {:e}",
                    kernel.name,
                    x[worst],
                    y[worst],
                    oracle(x[worst])
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check_binary(kernel: &BinaryKernel, oracle: fn(f64, f64) -> f64, a: &[f64], b: &[f64], bound: u64) {
    for level in LEVELS {
        let mut y = vec![0.0; a.len()];
        m::with_level(level, || (kernel.f64.vv)(&mut y, a, b));
        let worst = (0..a.len()).max_by_key(|&i| distance(y[i], oracle(a[i], b[i]))).unwrap();
        let e = oracle(a[worst], b[worst]);
        let d = distance(y[worst], e);
        println!("{:10} {level:?} {d} at {:e}, {:e}", kernel.name, a[worst], b[worst]);
        assert!(
            d <= bound,
            "{} {level:?}: {d} > {bound} at {:e}, {:e}: {:e}, expected {e:e}",
            kernel.name,
            a[worst],
            b[worst],
            y[worst]
        );
        // Scalar operands take the same path.
        let mut z = vec![0.0; a.len()];
        m::with_level(level, || (kernel.f64.vs)(&mut z, a, b[3]));
        let mut w = vec![0.0; a.len()];
        let fixed = vec![b[3]; a.len()];
        m::with_level(level, || (kernel.f64.vv)(&mut w, a, &fixed));
        assert!(z.iter().zip(&w).all(|(p, q)| p.to_bits() == q.to_bits() || p.is_nan()));
        m::with_level(level, || (kernel.f64.sv)(&mut z, b[3], a));
        m::with_level(level, || (kernel.f64.vv)(&mut w, &fixed, a));
        assert!(z.iter().zip(&w).all(|(p, q)| p.to_bits() == q.to_bits() || p.is_nan()));
    }
}

fn pairs(n: usize, f: impl Fn(&mut Random) -> (f64, f64)) -> (Vec<f64>, Vec<f64>) {
    let mut r = Random(5);
    (0..n).map(|_| f(&mut r)).unzip()
}

#[test]
fn power() {
    let (a, b) = pairs(40_000, |r| (r.uniform(0.0, 10.0), r.uniform(-10.0, 10.0)));
    check_binary(&m::POWER, pxfm::f_pow, &a, &b, 1);
    // Results over the whole exponent range, subnormal ones included.
    let (a, b) = pairs(40_000, |r| {
        let x = r.uniform(-1000.0, 1000.0).exp2();
        (x, r.uniform(-1080.0, 1030.0) / x.log2())
    });
    check_binary(&m::POWER, pxfm::f_pow, &a, &b, 1);
    let (a, b) = pairs(40_000, |r| (1.0 + r.uniform(-1e-3, 1e-3), r.uniform(-7e5, 7e5)));
    check_binary(&m::POWER, pxfm::f_pow, &a, &b, 1);
    let (a, b) = pairs(20_000, |r| (r.uniform(-10.0, 10.0), r.uniform(-20.0, 20.0).round()));
    check_binary(&m::POWER, pxfm::f_pow, &a, &b, 1);
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        3.0,
        0.5,
        -0.5,
        1e308,
        1e-308,
        5e-324,
        -5e-324,
        9007199254740991.0,
        9007199254740993.0,
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    for x in special {
        for y in special {
            let (got, want) = ((m::POWER.scalar)(x, y), x.powf(y));
            assert!(
                distance(got, want) <= 1 && (want.is_nan() || got.is_sign_negative() == want.is_sign_negative()),
                "{x:e}^{y:e}: {got:e}, expected {want:e}"
            );
        }
    }
    let mut y = [0f32; 4];
    (m::POWER.f32.vv)(&mut y, &[2.0, 0.0, -2.0, 1.5], &[0.5, 0.0, 3.0, -7.25]);
    assert_eq!(y, [2f32.sqrt(), 1.0, -8.0, pxfm::f_powf(1.5, -7.25)]);
}

#[test]
fn two_arguments() {
    let (a, b) = pairs(60_000, |r| {
        let s = r.uniform(-300.0, 300.0).exp2();
        (r.uniform(-5.0, 5.0) * s, r.uniform(-5.0, 5.0) * s)
    });
    check_binary(&m::ARCTAN2, pxfm::f_atan2, &a, &b, 2);
    check_binary(&m::HYPOT, pxfm::f_hypot, &a, &b, 1);
    let fmod = |a: f64, b: f64| a % b;
    check_binary(&m::FMOD, fmod, &a, &b, 0);
    let (a, b) = pairs(60_000, |r| (r.uniform(-600.0, 600.0).exp2(), r.uniform(-600.0, 600.0).exp2()));
    check_binary(&m::ARCTAN2, pxfm::f_atan2, &a, &b, 2);
    check_binary(&m::HYPOT, pxfm::f_hypot, &a, &b, 1);
    // Quotients at and around integers.
    let (a, b) = pairs(60_000, |r| {
        let b = r.uniform(0.1, 10.0);
        let a = b * r.uniform(-1e6, 1e6).round();
        (f64::from_bits(a.to_bits().wrapping_add(r.bits() % 3).wrapping_sub(1)), b)
    });
    check_binary(&m::FMOD, fmod, &a, &b, 0);
    let ends = [0.0, -0.0, 1.0, -1.0, f64::MAX, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    for x in ends {
        for y in ends {
            let got = (m::ARCTAN2.scalar)(x, y);
            let want = x.atan2(y);
            assert!(distance(got, want) <= 1, "arctan2({x}, {y}) = {got}");
            assert!(want.is_nan() || got.is_sign_negative() == want.is_sign_negative());
            assert!(distance((m::HYPOT.scalar)(x, y), x.hypot(y)) <= 1, "hypot({x}, {y})");
            assert!(distance((m::FMOD.scalar)(x, y), x % y) == 0, "fmod({x}, {y})");
        }
    }
}
