//! Several contexts on several threads, each differentiating for itself at the same time: right, and the same bits as
//! alone. `make test-threads` runs it under ThreadSanitizer.

mod helpers;

use autograd::array::DType;
use autograd::operators::diagnosis::{Anomaly, Diagnosis};
use autograd::operators::grad::{jvp, one, value_and_grads};
use autograd::operators::jacobian::{Mode, hessian, jacobian};
use autograd::ops::create::{self, Random};
use autograd::ops::elementwise::{self, unary};
use autograd::ops::{product, reduce, shape};
use autograd::trace::{Array, Context};
use helpers::*;
use std::rc::Rc;
use std::sync::Barrier;

const THREADS: usize = 4;

fn random(cx: &Context, seed: u64, dims: &[usize]) -> Array {
    create::random(cx, seed, DType::F64, dims, Random::Uniform(-1.5, 1.5)).unwrap().into()
}

fn bits(cx: &Context, values: &[Array], into: &mut Vec<u64>) {
    for x in values {
        into.extend(elements(cx, x).iter().flat_map(|z| [z.re.to_bits(), z.im.to_bits()]));
    }
}

/// Everything that threads could share by mistake: kernels chosen at run time, pools, worker threads, tapes of numbers,
/// fused passes, products, sums, forward mode, nesting, a watcher.
fn work(workers: usize, rounds: usize) -> Vec<u64> {
    let cx = Context::new();
    cx.engine.set_threads(workers);
    let mut found = Vec::new();
    for round in 0..rounds {
        let (x, w) = (random(&cx, 1, &[96, 80]), random(&cx, 2, &[80, 64]));
        let net = one(|cx: &Context, a: &[Array]| {
            let h = unary(cx, &elementwise::TANH, &product::matmul(cx, &a[0], &a[1]));
            total(cx, &mul(cx, &h, &exp(cx, &sin(cx, &h))))
        });
        let (value, grads) = value_and_grads(&cx, "net", &net, &[x.clone(), w], &[0, 1]);
        bits(&cx, &[value], &mut found);
        bits(&cx, &grads, &mut found);

        // A fused pass that is divided among the workers.
        let long = random(&cx, 3, &[150_000]);
        let chain = one(|cx: &Context, a: &[Array]| {
            let y = mul(
                cx,
                &sin(cx, &a[0]),
                &exp(cx, &unary(cx, &elementwise::NEG, &unary(cx, &elementwise::SQUARE, &a[0]))),
            );
            total(cx, &unary(cx, &elementwise::LOG1P, &unary(cx, &elementwise::SQUARE, &y)))
        });
        let (value, grads) = value_and_grads(&cx, "chain", &chain, std::slice::from_ref(&long), &[0]);
        assert!((number(&cx, &value) - expected(&reals(&cx, &long))).abs() < 1e-8);
        bits(&cx, &[value, reduce::sum(&cx, &grads[0], &[0], false)], &mut found);

        let numbers = one(|cx: &Context, a: &[Array]| {
            let mut y = a[0].clone();
            for _ in 0..200 {
                y = sin(cx, &add(cx, &y, &mul(cx, &y, &Array::from(0.25))));
            }
            y
        });
        let (value, grads) = value_and_grads(&cx, "numbers", &numbers, &[Array::from(0.7)], &[0]);
        bits(&cx, &[value, grads[0].clone()], &mut found);

        let small = random(&cx, 4, &[6]);
        let norm = one(|cx: &Context, a: &[Array]| total(cx, &mul(cx, &exp(cx, &a[0]), &sin(cx, &a[0]))));
        let vector = one(|cx: &Context, a: &[Array]| shape::reshape(cx, &exp(cx, &a[0]), &[2, 3]));
        bits(&cx, &[hessian(&cx, &norm, std::slice::from_ref(&small), 0)], &mut found);
        bits(&cx, &[jacobian(&cx, &vector, std::slice::from_ref(&small), 0, Mode::Automatic)], &mut found);
        let (_, tangents) = jvp(&cx, &chain, std::slice::from_ref(&long), &[0], std::slice::from_ref(&long));
        bits(&cx, &tangents, &mut found);

        // Watched in every second round: the same bits again.
        let diagnosis = Rc::new(Diagnosis::default());
        if round % 2 == 1 {
            diagnosis.begin_anomaly(&cx, Anomaly::default());
        }
        let (value, grads) = value_and_grads(&cx, "numbers", &numbers, &[Array::from(-0.3)], &[0]);
        bits(&cx, &[value, grads[0].clone()], &mut found);
        if round % 2 == 1 {
            assert!(diagnosis.end_anomaly(&cx, 0));
        }
        assert!(!cx.failed(), "{:?}", cx.error());
    }
    found
}

/// The value of `chain` by a loop.
fn expected(x: &[f64]) -> f64 {
    x.iter().map(|x| (x.sin() * (-x * x).exp()).powi(2).ln_1p()).sum()
}

#[test]
fn contexts_on_threads_do_not_disturb_each_other() {
    let slow = std::env::var_os("AUTOGRAD_TEST_SLOW_MACHINE").is_some();
    let rounds = if slow { 2 } else { 6 };
    let alone = work(1, rounds);
    assert_eq!(alone[..alone.len() / rounds], alone[alone.len() / rounds..2 * alone.len() / rounds]);
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|k| {
                let (barrier, alone) = (&barrier, &alone);
                scope.spawn(move || {
                    barrier.wait();
                    // Every other one with workers of its own.
                    let found = work(1 + k % 2 * 2, rounds);
                    assert!(found == *alone, "thread {k} found other bits");
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().expect("the thread's assertions hold"));
    });
}

/// Contexts come and go on all threads while others work: nothing outlives its context.
#[test]
fn contexts_come_and_go() {
    std::thread::scope(|scope| {
        for k in 0..THREADS {
            scope.spawn(move || {
                for i in 0..20 {
                    let cx = Context::new();
                    cx.engine.set_threads(1 + (i + k) % 3);
                    let x = random(&cx, i as u64, &[70_000]);
                    let g = grad(&cx, |cx, x| total(cx, &sin(cx, x)), &x);
                    let (x, g) = (reals(&cx, &x), reals(&cx, &g));
                    assert!(x.iter().zip(&g).all(|(x, g)| (g - x.cos()).abs() < 1e-14));
                }
            });
        }
    });
}
