//! Nanoseconds per element (the throughput figure is elements per second) of
//! every kernel at every level, n = 4096, next to the platform's scalar
//! function where there is one. A kernel that no longer vectorises shows as
//! fast as the scalar loop.

use autograd::kernels::math::{self as m, BinaryKernel, Level, UnaryKernel};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

const N: usize = 4096;

fn points(lo: f64, hi: f64) -> Vec<f64> {
    // A full-period permutation keeps neighbouring arguments apart.
    (0..N).map(|i| lo + (hi - lo) * ((i * 1597 % N) as f64 + 0.5) / N as f64).collect()
}

type Scalar = Option<fn(f64) -> f64>;

/// Kernel, range, the platform's function.
const UNARY: &[(&UnaryKernel, f64, f64, Scalar)] = &[
    (&m::EXP, -20.0, 20.0, Some(f64::exp)),
    (&m::EXP2, -20.0, 20.0, Some(f64::exp2)),
    (&m::EXPM1, -5.0, 5.0, Some(f64::exp_m1)),
    (&m::EXPIT, -10.0, 10.0, None),
    (&m::LOG, 0.01, 100.0, Some(f64::ln)),
    (&m::LOG2, 0.01, 100.0, Some(f64::log2)),
    (&m::LOG10, 0.01, 100.0, Some(f64::log10)),
    (&m::LOG1P, -0.9, 20.0, Some(f64::ln_1p)),
    (&m::SIN, -100.0, 100.0, Some(f64::sin)),
    (&m::COS, -100.0, 100.0, Some(f64::cos)),
    (&m::TAN, -100.0, 100.0, Some(f64::tan)),
    (&m::ARCSIN, -1.0, 1.0, Some(f64::asin)),
    (&m::ARCCOS, -1.0, 1.0, Some(f64::acos)),
    (&m::ARCTAN, -5.0, 5.0, Some(f64::atan)),
    (&m::SINH, -5.0, 5.0, Some(f64::sinh)),
    (&m::COSH, -5.0, 5.0, Some(f64::cosh)),
    (&m::TANH, -5.0, 5.0, Some(f64::tanh)),
    (&m::ARCSINH, -50.0, 50.0, Some(f64::asinh)),
    (&m::ARCCOSH, 1.0, 50.0, Some(f64::acosh)),
    (&m::ARCTANH, -1.0, 1.0, Some(f64::atanh)),
    (&m::SINC, -5.0, 5.0, None),
    (&m::SINC_DERIVATIVE, -5.0, 5.0, None),
    (&m::ERF, -4.0, 4.0, None),
    (&m::ERFC, -4.0, 10.0, None),
    (&m::CBRT, -100.0, 100.0, Some(f64::cbrt)),
    (&m::SQRT, 0.0, 100.0, Some(f64::sqrt)),
    (&m::RECIPROCAL, 1.0, 100.0, None),
    (&m::SQUARE, -1.0, 1.0, None),
    (&m::NEGATIVE, -1.0, 1.0, None),
    (&m::ABSOLUTE, -1.0, 1.0, None),
    (&m::SIGN, -1.0, 1.0, None),
    (&m::FLOOR, -100.0, 100.0, Some(f64::floor)),
    (&m::CEIL, -100.0, 100.0, Some(f64::ceil)),
    (&m::TRUNC, -100.0, 100.0, Some(f64::trunc)),
    (&m::RINT, -100.0, 100.0, Some(f64::round_ties_even)),
];

type Scalar2 = Option<fn(f64, f64) -> f64>;

const BINARY: &[(&BinaryKernel, Scalar2)] = &[
    (&m::ADD, None),
    (&m::MULTIPLY, None),
    (&m::DIVIDE, None),
    (&m::POWER, Some(f64::powf)),
    (&m::ARCTAN2, Some(f64::atan2)),
    (&m::HYPOT, Some(f64::hypot)),
    (&m::LOGADDEXP, None),
    (&m::LOGADDEXP2, None),
    (&m::MOD, Some(|a, b| a % b)),
    (&m::FMOD, Some(|a, b| a % b)),
    (&m::FLOOR_DIVIDE, None),
    (&m::MAXIMUM, None),
    (&m::FMAX, None),
    (&m::COPYSIGN, None),
];

const LEVELS: [(Level, &str); 3] = [(Level::Avx512, "avx512"), (Level::Avx2, "avx2"), (Level::Baseline, "baseline")];

fn unary(c: &mut Criterion) {
    for (kernel, lo, hi, scalar) in UNARY {
        let mut g = c.benchmark_group(kernel.name);
        g.throughput(Throughput::Elements(N as u64));
        let x = points(*lo, *hi);
        let x32: Vec<f32> = x.iter().map(|&v| v as f32).collect();
        let (mut y, mut y32) = (vec![0.0; N], vec![0f32; N]);
        for (level, name) in LEVELS {
            m::with_level(level, || {
                g.bench_function(BenchmarkId::new("f64", name), |b| {
                    b.iter(|| (kernel.f64)(black_box(&mut y), black_box(&x)));
                });
                g.bench_function(BenchmarkId::new("f32", name), |b| {
                    b.iter(|| (kernel.f32)(black_box(&mut y32), black_box(&x32)));
                });
            });
        }
        if let Some(f) = scalar {
            g.bench_function("f64/platform", |b| {
                b.iter(|| {
                    for (d, &v) in black_box(&mut y).iter_mut().zip(black_box(&x)) {
                        *d = f(v);
                    }
                });
            });
        }
        g.finish();
    }
}

fn binary(c: &mut Criterion) {
    let (x, z) = (points(0.1, 10.0), points(0.3, 7.0));
    let z: Vec<f64> = z.into_iter().rev().collect();
    let mut y = vec![0.0; N];
    for (kernel, scalar) in BINARY {
        let mut g = c.benchmark_group(kernel.name);
        g.throughput(Throughput::Elements(N as u64));
        for (level, name) in LEVELS {
            m::with_level(level, || {
                g.bench_function(BenchmarkId::new("f64", name), |b| {
                    b.iter(|| (kernel.f64.vv)(black_box(&mut y), black_box(&x), black_box(&z)));
                });
            });
        }
        if let Some(f) = scalar {
            g.bench_function("f64/platform", |b| {
                b.iter(|| {
                    let operands = black_box(&x).iter().zip(black_box(&z));
                    for (d, (&u, &v)) in black_box(&mut y).iter_mut().zip(operands) {
                        *d = f(u, v);
                    }
                });
            });
        }
        g.finish();
    }
}

fn reductions(c: &mut Criterion) {
    let (x, z) = (points(-1.0, 1.0), points(0.3, 7.0));
    let (mut s, mut t) = (vec![0.0; N], vec![0.0; N]);
    let mut g = c.benchmark_group("reductions");
    g.throughput(Throughput::Elements(N as u64));
    for (level, name) in LEVELS {
        m::with_level(level, || {
            g.bench_function(BenchmarkId::new("sum", name), |b| {
                b.iter(|| m::sum_f64(black_box(&x)));
            });
            g.bench_function(BenchmarkId::new("dot", name), |b| {
                b.iter(|| m::dot_f64(black_box(&x), black_box(&z)));
            });
            g.bench_function(BenchmarkId::new("max", name), |b| {
                b.iter(|| m::max_f64(black_box(&x)));
            });
            g.bench_function(BenchmarkId::new("sincos", name), |b| {
                b.iter(|| m::sincos_f64(black_box(&mut s), black_box(&mut t), black_box(&x)));
            });
        });
    }
    g.finish();
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(100));
    targets = unary, binary, reductions
}
criterion_main!(kernels);
