//! The deferred engine: whatever is put off must come out as if it had been computed at once.

mod helpers;

use autograd::array::{DType, Tensor};
use autograd::error::code;
use autograd::ops::create::{self, Random};
use autograd::ops::elementwise::{self, binary, unary};
use autograd::ops::take::{Outside, take};
use autograd::ops::{complex, reduce, shape};
use autograd::trace::{Array, Context};
use helpers::*;
use num_complex::Complex64;

const N: usize = 3000;

fn pending(x: &Array) -> bool {
    matches!(x, Array::Plain(t) if !t.is_ready())
}

fn random(cx: &Context, seed: u64, shape: &[usize]) -> Array {
    create::random(cx, seed, DType::F64, shape, Random::Uniform(-1.5, 1.5)).unwrap().into()
}

/// Runs `f` deferred and eagerly and compares all its results.
fn both_ways(eps: f64, f: impl Fn(&Context) -> Vec<Array>) {
    let run = |eager: bool| -> Vec<Vec<Complex64>> {
        let cx = deferring(1000);
        cx.engine.set_eager(eager);
        let all = f(&cx);
        assert!(!cx.failed(), "{:?}", cx.error());
        all.iter().map(|x| elements(&cx, x)).collect()
    };
    for (k, (a, b)) in run(false).iter().zip(run(true)).enumerate() {
        let d = distance(a, &b, f64::EPSILON, 1.0);
        assert!(d <= eps, "result {k}: {d} eps apart");
    }
}

/// A sum is a number once its pass is done, and no part of the pass over numbers that comes next.
#[test]
fn a_sum_beside_a_pending_number() {
    let cx = deferring(0);
    let x = sin(&cx, &random(&cx, 1, &[N]));
    let c = unary(&cx, &elementwise::COS, &rank0(&cx, 0.5));
    let s = total(&cx, &x);
    let all: Vec<Tensor> = [&x, &c, &s].map(|a| cx.lazy_tensor(a).unwrap()).into();
    assert!(all.iter().all(|t| !t.is_ready()));
    cx.engine.force_all(all.iter()).unwrap();
    assert_eq!(number(&cx, &c), 0.5f64.cos());
    let sum: f64 = reals(&cx, &x).iter().sum();
    assert!((number(&cx, &s) - sum).abs() < 1e-10);
}

#[test]
fn large_operations_wait_and_small_ones_do_not() {
    let cx = deferring(1000);
    assert!(pending(&sin(&cx, &random(&cx, 1, &[1001]))));
    assert!(!pending(&sin(&cx, &random(&cx, 1, &[1000]))));
    assert!(pending(&sin(&Context::new(), &random(&cx, 1, &[100_000]))), "by default, too");
    let x = sin(&cx, &random(&cx, 1, &[N]));
    assert!(pending(&x));
    let y = add(&cx, &x, &x);
    cx.tensor(&y).unwrap();
    assert!(!pending(&y) && pending(&x), "what somebody only holds isn't stored");
    // Asked for again and again it is.
    for _ in 0..4 {
        cx.tensor(&add(&cx, &x, &y)).unwrap();
    }
    assert!(!pending(&x));
    cx.engine.set_eager(true);
    assert!(!pending(&sin(&cx, &y)));
}

#[test]
fn equal_subexpressions_and_pairs_of_sin_and_cos() {
    for first_sin in [true, false] {
        both_ways(4.0, |cx| {
            let x = random(cx, 1, &[N]);
            let (s, c) = if first_sin {
                let s = sin(cx, &x);
                (s, unary(cx, &elementwise::COS, &x))
            } else {
                let c = unary(cx, &elementwise::COS, &x);
                (sin(cx, &x), c)
            };
            let again = mul(cx, &sin(cx, &x), &unary(cx, &elementwise::COS, &x));
            let sum = add(cx, &mul(cx, &s, &c), &again);
            let tensors: Vec<Tensor> = [&s, &c, &sum].iter().map(|a| cx.lazy_tensor(a).unwrap()).collect();
            cx.engine.force_all(tensors.iter()).unwrap();
            // Also alone, and with only one of the two asked for.
            vec![s, c, sum, sin(cx, &x), again]
        });
    }
    both_ways(4.0, |cx| {
        let x = elementwise::astype(cx, &random(cx, 2, &[N]), DType::F32);
        let (c, s) = (unary(cx, &elementwise::COS, &x), sin(cx, &x));
        // Squared, so that both results stay inside the program.
        vec![elementwise::astype(cx, &add(cx, &mul(cx, &c, &c), &mul(cx, &s, &s)), DType::F64)]
            .into_iter()
            .map(|y| elementwise::piecewise_constant(cx, &elementwise::RINT, &mul(cx, &y, &Array::from(1e4))))
            .collect()
    });
}

#[test]
fn one_value_wanted_under_several_names() {
    both_ways(0.0, |cx| {
        let x = random(cx, 1, &[N]);
        // Equal expressions, and products with 1, are one value in the program but several arrays.
        let (a, b) = (exp(cx, &x), exp(cx, &x));
        let c = mul(cx, &a, &Array::from(1.0));
        let d = mul(cx, &create::full(cx, DType::F64, &[N], 1.0), &x);
        let all = [&a, &b, &c, &d].map(|a| cx.lazy_tensor(a).unwrap());
        cx.engine.force_all(all.iter()).unwrap();
        vec![a, b, c, d]
    });
}

#[test]
fn several_stages() {
    both_ways(8.0, |cx| {
        let x = exp(cx, &random(cx, 1, &[60, 50]));
        // Sums inside of what follows them, twice; sums over axes; a shape that changes on the way.
        let p = div(cx, &x, &total(cx, &x));
        let q = div(cx, &p, &total(cx, &mul(cx, &p, &p)));
        let rows_of = div(cx, &q, &reduce::sum(cx, &q, &[1], true));
        let column = sin(cx, &random(cx, 2, &[60, 1]));
        let grown = add(cx, &mul(cx, &rows_of, &column), &sin(cx, &random(cx, 3, &[50])));
        let max = reduce::extremum(cx, true, &grown, &[0, 1], false);
        vec![p, rows_of, sub(cx, &grown, &max), max]
    });
    // A pending array broadcast against a larger one.
    both_ways(2.0, |cx| {
        let row = sin(cx, &random(cx, 1, &[1, N]));
        let block = sin(cx, &random(cx, 2, &[3, N]));
        let sum = add(cx, &row, &block);
        vec![mul(cx, &sum, &row), total(cx, &row), total(cx, &sum)]
    });
}

#[test]
fn sums_of_every_floating_type() {
    for (dtype, eps) in [(DType::F64, 100.0), (DType::F32, 1e11), (DType::C128, 100.0), (DType::C64, 1e11)] {
        both_ways(eps, |cx| {
            let x = random(cx, 1, &[N]);
            let x = if dtype.is_complex() { complex::join(cx, &x, &random(cx, 2, &[N])) } else { x };
            let y = exp(cx, &elementwise::astype(cx, &x, dtype));
            let (s, t) = (total(cx, &y), total(cx, &mul(cx, &y, &y)));
            let mean = div(cx, &s, &Array::weak(N as f64));
            vec![mean, div(cx, &t, &Array::weak(N as f64))]
        });
    }
}

#[test]
fn several_dtypes_in_one_program() {
    both_ways(2.0, |cx| {
        let x = random(cx, 1, &[N]);
        let single = elementwise::astype(cx, &x, DType::F32);
        let back = elementwise::astype(cx, &mul(cx, &single, &single), DType::F64);
        let z = complex::join(cx, &x, &back);
        let mask = elementwise::compare(cx, &elementwise::GREATER, &x, &single);
        let whole = elementwise::astype(cx, &mul(cx, &x, &Array::from(100.0)), DType::I64);
        let counted = add(cx, &whole, &mask);
        let chosen = elementwise::select(cx, &mask, &z, &counted);
        let one = elementwise::select(cx, &mask, &Array::from(1.0), &Array::weak(-1.0));
        let two = elementwise::select(cx, &mask, &x, &Array::weak(-1.0));
        let three = elementwise::select(cx, &mask, &Array::weak(-1.0), &single);
        vec![back, counted, chosen, complex::abs(cx, &z), one, two, three, elementwise::astype(cx, &mask, DType::F64)]
    });
}

#[test]
fn inputs_of_every_layout() {
    both_ways(0.0, |cx| {
        let x = random(cx, 1, &[40, 50]);
        let inputs = [
            random(cx, 2, &[50]),
            random(cx, 3, &[40, 1]),
            Array::from(0.7),
            rank0(cx, 0.7),
            get(cx, &x, "::-1, ::-1"),
            get(cx, &x, "::-1, :"),
            get(cx, &random(cx, 4, &[40, 100]), ":, 1::2"),
            shape::transpose(cx, &random(cx, 5, &[50, 40]), &[1, 0]),
            shape::broadcast_to(cx, &random(cx, 6, &[50]), &[40, 50]),
            create::full(cx, DType::F64, &[40, 50], 2.0),
            get(cx, &random(cx, 7, &[1]), "0"),
        ];
        let mut all = vec![x.clone()];
        for y in &inputs {
            all.push(sub(cx, y, &x));
            all.push(sub(cx, &x, y));
            all.push(binary(cx, &elementwise::MAXIMUM, &unary(cx, &elementwise::SQUARE, y), &x));
            all.push(elementwise::compare(cx, &elementwise::LESS, y, &x));
            all.push(elementwise::select(cx, &elementwise::compare(cx, &elementwise::LESS, &x, y), y, &x));
            all.push(mul(cx, y, &create::full(cx, DType::F64, &[40, 50], 3.0)));
        }
        all
    });
}

/// Rows that are whole strips of vectors are read, and added to, where they lie; others are copied.
#[test]
fn rows_of_a_list() {
    for dtype in [DType::F64, DType::F32] {
        for row in [1, 7, 64, 96, 128, 512, 640] {
            // Some of them twice in a block, and a last block that isn't whole.
            let list: Vec<i64> = (0..50).map(|k| k * k % 23 % 11).collect();
            let rows_of = |cx: &Context, x: &Array| {
                take(cx, x, &Array::from(ints(cx, &[list.len()], &list)), 0, Outside::Raise).unwrap()
            };
            let eps = if dtype == DType::F64 { 8.0 } else { 8e9 };
            both_ways(eps, |cx| {
                let x = elementwise::astype(cx, &random(cx, 1, &[11, row]), dtype);
                let w = elementwise::astype(cx, &random(cx, 2, &[50, row]), dtype);
                let f = |cx: &Context, x: &Array| {
                    let y = rows_of(cx, x);
                    let z = add(cx, &mul(cx, &y, &y), &mul(cx, &w, &rows_of(cx, &mul(cx, &x.plain(), &x.plain()))));
                    add(cx, &total(cx, &z), &total(cx, &exp(cx, &y)))
                };
                let y = rows_of(cx, &x);
                vec![f(cx, &x), grad(cx, f, &x), mul(cx, &y, &w), sub(cx, &w, &y), exp(cx, &y), y]
            });
        }
    }
}

/// Reductions look at repeated elements once; the results are those of copies.
#[test]
fn repeated_elements_are_reduced_like_copies() {
    let cx = Context::new();
    let values = [1.5, -2.0, f64::INFINITY, f64::NAN, 0.25];
    for dtype in [DType::F64, DType::F32, DType::C128, DType::C64, DType::I64, DType::Bool] {
        for (from, kept) in [(vec![5], 5), (vec![5, 1], 5), (vec![1, 1], 1), (vec![2, 1, 5], 5)] {
            let to: &[usize] = if from.len() == 3 { &[2, 3, 5] } else { &[5, 5] };
            let count: usize = from.iter().product();
            let finite = |v: f64| if dtype.is_inexact() || v.is_finite() { v } else { 3.0 };
            let list: Vec<f64> = (0..count).map(|k| finite(values[k % kept])).collect();
            let x = elementwise::astype(&cx, &array(&cx, &from, &list), dtype);
            let view = shape::broadcast_to(&cx, &x, to);
            let copy = Array::from(cx.engine.contiguous(&cx.tensor(&view).unwrap()).unwrap());
            for axes in [&[0][..], &[1], &[0, 1]] {
                for keepdims in [false, true] {
                    let all = |x: &Array| {
                        let mut all = vec![reduce::sum(&cx, x, axes, keepdims), reduce::prod(&cx, x, axes, keepdims)];
                        all.extend([true, false].map(|max| reduce::extremum(&cx, max, x, axes, keepdims)));
                        all
                    };
                    for (k, (got, want)) in all(&view).iter().zip(all(&copy)).enumerate() {
                        assert_eq!(got.shape(), want.shape());
                        for (a, b) in elements(&cx, got).iter().zip(elements(&cx, &want)) {
                            let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
                            assert!(same(a.re, b.re) && same(a.im, b.im), "{dtype:?} {from:?} {axes:?} {k}: {a} {b}");
                        }
                    }
                }
            }
        }
    }
    assert!(!cx.failed(), "{:?}", cx.error());
}

#[test]
fn long_chains_stay_bounded() {
    let cx = deferring(1000);
    let x = random(&cx, 1, &[20_000]);
    let mut y = x.clone();
    for _ in 0..5000 {
        y = add(&cx, &mul(&cx, &y, &Array::from(0.5)), &x);
    }
    let peak = cx.engine.heap.pool.stats().peak;
    assert!(peak < 5_000_000, "{peak} bytes for a chain over 160 kB");
    let (got, start) = (reals(&cx, &y), reals(&cx, &x));
    assert!(got.iter().zip(&start).all(|(y, x)| (y - 2.0 * x).abs() < 1e-14));
    // Doubling: a graph of 2^k paths must not be walked path by path.
    let mut y = x.clone();
    for _ in 0..2000 {
        y = sin(&cx, &add(&cx, &y, &y));
    }
    assert!(reals(&cx, &y).iter().all(|y| y.is_finite()));
}

#[test]
fn many_arrays_forced_together() {
    let cx = deferring(1000);
    let x = random(&cx, 1, &[1100]);
    // More values than a program can number, each an input and an output of its own.
    let all: Vec<Array> = (0..40_000)
        .map(|k| add(&cx, &mul(&cx, &x, &create::full(&cx, DType::F64, &[1100], f64::from(k))), &Array::from(1.0)))
        .collect();
    let tensors: Vec<Tensor> = all.iter().step_by(1).map(|a| cx.lazy_tensor(a).unwrap()).collect();
    cx.engine.force_all(tensors.iter()).unwrap();
    let first = reals(&cx, &x)[0];
    for (k, t) in tensors.iter().enumerate() {
        assert_eq!(t.first::<f64>(), first * k as f64 + 1.0);
    }
}

#[test]
fn nothing_is_left_when_memory_ends() {
    let cx = deferring(1000);
    let x = random(&cx, 1, &[100_000]);
    let y = exp(&cx, &sin(&cx, &x));
    cx.engine.heap.pool.set_limit(1_000_000);
    assert!(cx.tensor(&y).is_err());
    let s = total(&cx, &y);
    assert_eq!(number(&cx, &s), number(&cx, &total(&cx, &y)), "a sum needs no memory");
    // The same pending array, once there is room.
    cx.engine.heap.pool.set_limit(0);
    let want: f64 = reals(&cx, &y).iter().sum();
    assert!((want - number(&cx, &s)).abs() < 1e-9);
    // In the middle of derivatives: an error, levels closed, and everything usable afterwards.
    let f = |cx: &Context, x: &Array| {
        let mut y = x.clone();
        for _ in 0..40 {
            y = sin(cx, &y);
            // Forces the values, so that the tape holds them.
            number(
                cx,
                &Array::from(cx.tensor(&get_first(cx, &y)).unwrap_or_else(|_| cx.tensor(&Array::from(0.0)).unwrap())),
            );
        }
        total(cx, &y)
    };
    cx.engine.heap.pool.set_limit(cx.engine.heap.pool.stats().in_use + 10_000_000);
    let g = autograd::operators::grad::grad(
        &cx,
        "grad",
        &autograd::operators::grad::one(|cx: &Context, a: &[Array]| {
            let mut y = a[0].clone();
            for _ in 0..40 {
                y = sin(cx, &y);
                if cx.tensor(&y).map_err(|e| cx.fail(e)).is_err() {
                    return Array::Null;
                }
            }
            total(cx, &y)
        }),
        std::slice::from_ref(&x),
        0,
    );
    assert!(g.is_null());
    assert_eq!(cx.clear_error().unwrap().code, code::MEMORY);
    assert_eq!(cx.trace.top(), 0);
    cx.engine.heap.pool.set_limit(0);
    let g = grad(&cx, f, &x);
    assert!(reals(&cx, &g).iter().all(|g| g.is_finite()));
    // Absurd sizes.
    for shape in [&[1 << 40][..], &[1 << 31, 1 << 31], &[usize::MAX, 2]] {
        let zeros = create::full(&cx, DType::F64, shape, 0.0);
        let y = if cx.failed() { zeros } else { sin(&cx, &zeros) };
        // One element repeated needs no memory, not even its sine; elements of their own do.
        if !cx.failed()
            && let Err(e) = cx.tensor(&y).and_then(|t| cx.engine.contiguous(&t))
        {
            cx.fail(e);
        }
        assert_eq!(cx.clear_error().unwrap().code, code::MEMORY, "{shape:?}");
    }
    drop((x, y, s, g));
    cx.trim();
    assert_eq!(cx.engine.heap.pool.stats().in_use, 0);
}

fn get_first(cx: &Context, x: &Array) -> Array {
    get(cx, &x.plain(), "0:1")
}

/// A small generator: tests must not depend on a library's stream.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// A random graph over a few shapes that broadcast; everything stays of size 1 or so, and no operation has a jump
/// where a rounding error could matter.
fn graph(cx: &Context, seed: u64) -> Vec<Array> {
    let mut dice = Dice(seed);
    let shapes: [&[usize]; 5] = [&[30, 40], &[40], &[30, 1], &[], &[30, 40]];
    let mut pool: Vec<Array> = (0..5).map(|k| random(cx, seed * 7 + k, shapes[k as usize])).collect();
    pool.push(get(cx, &pool[0], "::-1, ::-1"));
    pool.push(shape::broadcast_to(cx, &pool[1], &[30, 40]));
    pool.push(create::full(cx, DType::F64, &[30, 40], 0.25 + 0.5 * dice.roll(2) as f64));
    pool.push(Array::from(1.0));
    let mask = elementwise::compare(cx, &elementwise::GREATER, &pool[0], &pool[1]);
    let single = seed.is_multiple_of(3);
    let mut results = Vec::new();
    for _ in 0..8 + dice.roll(30) {
        let (a, b) = (pool[dice.roll(pool.len())].clone(), pool[dice.roll(pool.len())].clone());
        let y = match dice.roll(16) {
            0 => sin(cx, &a),
            1 => unary(cx, &elementwise::COS, &a),
            2 => unary(cx, &elementwise::TANH, &a),
            3 => unary(cx, &elementwise::EXPIT, &a),
            4 => mul(cx, &unary(cx, &elementwise::TANH, &a), &b),
            5 => sub(cx, &a, &b),
            6 => unary(cx, &elementwise::ARCTAN, &add(cx, &a, &b)),
            7 => binary(cx, &elementwise::MAXIMUM, &a, &b),
            8 => elementwise::select(cx, &mask, &a, &b),
            9 => elementwise::select(cx, &mask, &a, &Array::weak(0.5)),
            10 => div(cx, &a, &add(cx, &mul(cx, &b, &b), &Array::from(1.0))),
            11 if single => elementwise::astype(cx, &elementwise::astype(cx, &a, DType::F32), DType::F64),
            12 => reduce::mean(cx, &a, &reduce::all_axes(&a), false),
            13 if a.ndim() == 2 => reduce::mean(cx, &a, &[dice.roll(2)], true),
            14 if a.shape() == [30, 40] => shape::transpose(cx, &get(cx, &a, "::-1, :"), &[1, 0]),
            _ => unary(cx, &elementwise::ERF, &a),
        };
        let y = if y.shape() == [40, 30] { shape::transpose(cx, &y, &[1, 0]) } else { y };
        // Some are asked for at once, some held, some dropped.
        match dice.roll(8) {
            0 => {
                elements(cx, &y);
            }
            1 => results.push(y.clone()),
            2 => {
                let at = dice.roll(pool.len());
                pool[at] = unary(cx, &elementwise::TANH, &y);
                continue;
            }
            _ => {}
        }
        pool.push(unary(cx, &elementwise::TANH, &y));
    }
    results.push(pool.last().unwrap().clone());
    // Together, as value and gradients are.
    if dice.roll(2) == 0 {
        let tensors: Vec<Tensor> = results.iter().map(|a| cx.lazy_tensor(a).unwrap()).collect();
        cx.engine.force_all(tensors.iter()).unwrap();
    }
    results
}

#[test]
fn random_graphs() {
    let mut worst: f64 = 0.0;
    let (mut compared, mut put_off) = (0, 0);
    for seed in 1..=6000 {
        let mut run = |eager: bool| -> Vec<Vec<Complex64>> {
            let cx = deferring([0, 45, 1000][seed as usize % 3]);
            cx.engine.set_eager(eager);
            let all = graph(&cx, seed / 3);
            assert!(!cx.failed(), "{seed}: {:?}", cx.error());
            put_off += all.iter().filter(|x| pending(x)).count();
            all.iter().map(|x| elements(&cx, x)).collect()
        };
        let eps = if seed / 3 % 3 == 0 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        for (a, b) in run(false).iter().zip(run(true)) {
            let d = distance(a, &b, eps, 1.0);
            assert!(d <= 40.0, "graph {seed}: {d} eps apart");
            worst = worst.max(d);
            compared += 1;
        }
    }
    println!("{compared} results of 6000 graphs, at most {worst} eps apart; {put_off} were put off");
    assert!(put_off > 5000);
}

#[test]
fn gradients_of_random_graphs() {
    let mut compared = 0;
    for seed in 1..=600u64 {
        let run = |eager: bool| -> Vec<Vec<Complex64>> {
            let cx = deferring(1000);
            cx.engine.set_eager(eager);
            let mut dice = Dice(seed);
            let x = random(&cx, seed, &[30, 40]);
            let b = random(&cx, seed + 1, &[40]);
            let picks: Vec<usize> = (0..30).map(|_| dice.roll(1000)).collect();
            let f = |cx: &Context, a: &[Array]| {
                let mut pool = vec![a[0].clone(), a[1].clone(), mul(cx, &a[0], &a[1])];
                for p in picks.chunks(3) {
                    let (u, v) = (pool[p[0] % pool.len()].clone(), pool[p[1] % pool.len()].clone());
                    pool.push(match p[2] % 6 {
                        0 => sin(cx, &add(cx, &u, &v)),
                        1 => unary(cx, &elementwise::TANH, &mul(cx, &u, &v)),
                        2 => div(cx, &u, &add(cx, &exp(cx, &unary(cx, &elementwise::TANH, &v)), &Array::from(1.0))),
                        3 => sub(cx, &u, &reduce::mean(cx, &v, &reduce::all_axes(&v), false)),
                        4 => elementwise::select(
                            cx,
                            &elementwise::compare(cx, &elementwise::GREATER, &a[0], &a[1]),
                            &u,
                            &v,
                        ),
                        _ => unary(cx, &elementwise::COS, &u),
                    });
                }
                reduce::mean(cx, pool.last().unwrap(), &reduce::all_axes(pool.last().unwrap()), false)
            };
            let g = vjp(&cx, &f, &[x, b], &Array::from(1.0));
            g.iter().map(|g| elements(&cx, g)).collect()
        };
        for (a, b) in run(false).iter().zip(run(true)) {
            let d = distance(a, &b, f64::EPSILON, 1.0);
            assert!(d <= 200.0, "graph {seed}: {d} eps apart");
            compared += 1;
        }
    }
    println!("{compared} gradients");
}
