//! Value and gradient of an element-wise expression: the engine beside one loop fused by hand from the same kernels, on
//! one thread. The aim is at most 1.6 times the loop's time from 10^4 elements on.

use autograd::kernels::math::fused::elementwise_by_hand;
use autograd::operators::grad::{one, value_and_grads};
use autograd::ops::elementwise::{self, binary, unary};
use autograd::ops::reduce;
use autograd::trace::{Array, Context};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;

fn loss(cx: &Context, args: &[Array]) -> Array {
    let x = &args[0];
    let square = binary(cx, &elementwise::MUL, x, x);
    let left = binary(
        cx,
        &elementwise::MUL,
        &unary(cx, &elementwise::TANH, x),
        &unary(cx, &elementwise::EXP, &unary(cx, &elementwise::NEG, &square)),
    );
    let right =
        binary(cx, &elementwise::MUL, &unary(cx, &elementwise::LOG1P, &square), &unary(cx, &elementwise::SIN, x));
    reduce::sum(cx, &binary(cx, &elementwise::ADD, &left, &right), &[0], false)
}

fn elementwise(c: &mut Criterion) {
    for n in [10_000usize, 1_000_000, 10_000_000] {
        let x: Vec<f64> = (0..n).map(|i| 4.0 * ((i * 7919 % n) as f64 + 0.5) / n as f64 - 2.0).collect();
        let mut g = vec![0.0; n];
        let cx = Context::new();
        let array = Array::from(cx.engine.build::<f64>(&[n], |d| d.copy_from_slice(&x)).expect("memory"));
        let mut group = c.benchmark_group("elementwise");
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("by hand", n), |b| {
            b.iter(|| elementwise_by_hand(black_box(&x), black_box(&mut g)));
        });
        group.bench_function(BenchmarkId::new("engine", n), |b| {
            b.iter(|| value_and_grads(&cx, "bench", &one(loss), std::slice::from_ref(&array), &[0]));
        });
        group.finish();
    }
}

criterion_group! {
    name = expressions;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = elementwise
}
criterion_main!(expressions);
