//! The short way of small arrays gives what the general way gives: values, gradients, gradients of gradients, sweeps that
//! leave the tape and sweeps that consume it. The switch that turns the short ways off turns nothing else off.

mod helpers;

use autograd::array::DType;
use autograd::operators::grad::{Recorded, close, grad, one, record, value_and_grads};
use autograd::ops::elementwise::{self, binary, unary};
use autograd::ops::{create, product, shape};
use autograd::trace::{Array, Context};
use helpers::*;

fn test_values(cx: &Context, dims: &[usize], first: usize, dtype: DType) -> Array {
    let n: usize = dims.iter().product();
    let values: Vec<f64> = (first..first + n).map(|i| ((i * 37 % 101) as f64 - 50.0) / 60.0).collect();
    elementwise::astype(cx, &array(cx, dims, &values), dtype)
}

/// A net on one example with everything that has a short way, and some that hasn't; `columns` of its last layer.
fn net(cx: &Context, p: &[Array], columns: usize) -> Array {
    let [y, w, b, v] = p else { unreachable!("four parameters") };
    let h = unary(cx, &elementwise::TANH, &add(cx, &product::dot(cx, y, w), b));
    // The matrix from the other side, and an argument that takes part twice.
    let back = product::matmul(cx, w, &mul(cx, &h, &h));
    let out = product::dot(cx, &add(cx, &h, &h), v);
    let scaled = binary(cx, &elementwise::MUL, &out, &Array::weak(0.7));
    let flipped = binary(cx, &elementwise::SUB, &Array::weak(1.5), &scaled);
    let powers = binary(cx, &elementwise::POW, &unary(cx, &elementwise::EXP, &flipped), &Array::weak(2.0));
    let ratio = div(cx, &powers, &add(cx, &unary(cx, &elementwise::SQUARE, &out), &Array::from(1.0)));
    // A row for all rows, and a number that is recorded.
    let table = mul(cx, v, &ratio);
    let mean = binary(cx, &elementwise::DIV, &total(cx, &back), &Array::weak(columns as f64));
    let shifted = sub(cx, &shape::transpose(cx, &table, &[1, 0]), &mean);
    let twice = binary(cx, &elementwise::MAXIMUM, &shifted, &unary(cx, &elementwise::NEG, &shifted));
    add(cx, &total(cx, &twice), &total(cx, &unary(cx, &elementwise::EXPIT, &back)))
}

fn parameters(cx: &Context, hidden: usize, columns: usize, dtype: DType) -> Vec<Array> {
    [(&[3][..], 0), (&[3, hidden], 5), (&[hidden], 40), (&[hidden, columns], 77)]
        .map(|(dims, first)| test_values(cx, dims, first, dtype))
        .to_vec()
}

const SIZES: [(usize, usize); 7] = [(4, 1), (9, 2), (17, 3), (64, 4), (5, 5), (33, 12), (1, 2)];

/// Value and gradients of the net; then the gradients of a norm of the first gradient.
fn derivatives(cx: &Context, hidden: usize, columns: usize, dtype: DType) -> Vec<Vec<f64>> {
    let p = parameters(cx, hidden, columns, dtype);
    let f = one(move |cx, p| net(cx, p, columns));
    let all = [0, 1, 2, 3];
    let (value, first) = value_and_grads(cx, "net", &f, &p, &all);
    let norm = one(|cx, p| {
        let g = grad(cx, "net", &f, p, 1);
        total(cx, &mul(cx, &g, &g))
    });
    let (_, second) = value_and_grads(cx, "norm", &norm, &p, &all);
    assert!(first.iter().chain(&second).all(|g| g.dtype() == dtype));
    std::iter::once(&value).chain(&first).chain(&second).map(|x| reals(cx, x)).collect()
}

fn long_ways() -> Context {
    let cx = Context::new();
    cx.set_short_ways(false);
    cx
}

#[test]
fn both_ways_agree() {
    for (dtype, tolerance) in [(DType::F64, 1e-14), (DType::F32, 1e-5)] {
        for (hidden, columns) in SIZES {
            let short = derivatives(&Context::new(), hidden, columns, dtype);
            let long = derivatives(&long_ways(), hidden, columns, dtype);
            for (k, (a, b)) in short.iter().zip(&long).enumerate() {
                let scale = b.iter().fold(1.0f64, |m, x| m.max(x.abs()));
                for (x, y) in a.iter().zip(b) {
                    assert!((x - y).abs() <= tolerance * scale, "{dtype:?} {hidden} {columns}, {k}: {x} {y}");
                }
            }
        }
    }
}

/// Every function of the tables, of numbers and of small arrays: values, first and second derivatives agree to 64 units in
/// the last place. (The ways differ in what they multiply first.)
#[test]
fn every_row_agrees_both_ways() {
    let values = [-2.5, -1.0, -0.3, -0.0, 0.0, 1e-9, 0.7, 1.0, 1.5, 21.0, 1e200, f64::INFINITY, f64::NAN];
    let derivatives = |cx: &Context, f: &dyn Fn(&Context, &Array) -> Array, x: &Array| -> Vec<Vec<f64>> {
        let sum = |cx: &Context, x: &Array| total(cx, &f(cx, x));
        let first = |cx: &Context, x: &Array| total(cx, &helpers::grad(cx, sum, x));
        let all = [f(cx, x), helpers::grad(cx, sum, x), helpers::grad(cx, first, x)];
        assert!(cx.error().is_none(), "{:?}", cx.error().map(|e| e.message.clone()));
        all.iter().map(|y| reals(cx, y)).collect()
    };
    let (short, long) = (Context::new(), long_ways());
    let compare = |name: &str, values: &[f64], eps: f64, f: &dyn Fn(&Context, &Array) -> Array| {
        let least = if name.starts_with("ag_") { 1e-300 } else { 1.0 };
        let all = |cx: &Context| {
            let numbers = values.iter().flat_map(|&v| derivatives(cx, f, &Array::from(v)));
            numbers.chain(derivatives(cx, f, &vector(cx, values))).flatten().collect::<Vec<_>>()
        };
        for (a, b) in all(&short).into_iter().zip(all(&long)) {
            let near = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= eps * a.abs().max(b.abs()).max(least);
            assert!(near, "{name}: {a:e}, the long way {b:e}");
        }
    };
    const EPS: f64 = 64.0 * f64::EPSILON;
    // Parts of rules, which C has no name for, are not differentiated twice at infinity and NaN, and where their second
    // derivative cancels it is compared with 1.
    let of = |name: &str| if name.starts_with("ag_") { &values[..] } else { &values[..values.len() - 2] };
    for row in elementwise::UNARY {
        compare(row.name, of(row.name), EPS, &|cx, x| unary(cx, row, x));
    }
    for row in elementwise::BINARY {
        for y in [0.0, 2.0, -1.5, 3.0] {
            compare(row.name, of(row.name), EPS, &|cx, x| binary(cx, row, x, &Array::weak(y)));
            compare(row.name, of(row.name), EPS, &|cx, x| binary(cx, row, &Array::weak(y), x));
        }
        // Terms that cancel are left out: of those only the rounding would be compared.
        compare(row.name, &[0.3, 0.7, 1.5], 1e-12, &|cx, x| {
            let y = binary(cx, row, x, &exp(cx, x));
            add(cx, &y, &mul(cx, &exp(cx, x), &Array::from(100.0)))
        });
    }
}

/// By the environment, for programs that are looked into: this program runs itself once more.
#[test]
fn the_environment_turns_the_short_ways_off() {
    const VARIABLE: &str = "AUTOGRAD_SHORT_WAYS";
    let off = std::env::var(VARIABLE).is_ok_and(|value| value == "0");
    assert_eq!(Context::new().unusual(), off);
    if !off {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let again = again.args(["--exact", "the_environment_turns_the_short_ways_off"]).env(VARIABLE, "0").output();
        assert!(again.unwrap().status.success());
    }
}

fn recorded(cx: &Context) -> Recorded {
    let p = parameters(cx, 9, 2, DType::F64);
    record(cx, &one(|cx, p| net(cx, p, 2)), &p, &[0, 1, 2, 3])
}

#[test]
fn a_tape_can_be_swept_until_it_is_consumed() {
    let cx = Context::new();
    let recorded = recorded(&cx);
    let seed = [create::full(&cx, DType::F64, &[], 1.0)];
    let read = |grads: &[Array]| grads.iter().map(|g| reals(&cx, g)).collect::<Vec<_>>();
    let first = read(&recorded.pull(&cx, &seed, false));
    let again = read(&recorded.pull(&cx, &seed, false));
    let last = read(&recorded.pull(&cx, &seed, true));
    assert_eq!(first, again);
    assert_eq!(first, last);
    recorded.pull(&cx, &seed, true);
    let message = cx.error().expect("nothing is left to sweep").message.to_string();
    assert!(message.contains("consumed"), "{message}");
    cx.clear_error();
    close(&cx, recorded);
}

/// What a consumed tape keeps goes on the way, and the context asks the system for nothing in its steady state.
#[test]
fn memory_is_given_back_and_used_again() {
    let cx = Context::new();
    let p = parameters(&cx, 33, 3, DType::F64);
    let f = one(|cx, p| net(cx, p, 3));
    let step = || drop(value_and_grads(&cx, "net", &f, &p, &[0, 1, 2, 3]));
    (0..3).for_each(|_| step());
    let before = cx.engine.heap.pool.stats();
    (0..20).for_each(|_| step());
    let after = cx.engine.heap.pool.stats();
    assert_eq!(before.in_use, after.in_use);
    assert_eq!(before.system_allocations, after.system_allocations);
    drop(p);
    cx.trim();
    assert_eq!(cx.engine.heap.pool.stats().reserved, cx.engine.heap.pool.stats().in_use);
}

/// Cells that keep their memory count as free: a limit on memory has them give it back.
#[test]
fn a_limit_reaches_the_memory_of_free_cells() {
    let cx = Context::new();
    let many: Vec<Array> = (0..2000).map(|k| test_values(&cx, &[64], k, DType::F64)).collect();
    drop(many);
    let reserved = cx.engine.heap.pool.stats().reserved;
    cx.engine.heap.pool.set_limit(reserved);
    let large = create::full(&cx, DType::F64, &[1], 1.0);
    let large = cx.engine.contiguous(&cx.tensor(&shape::broadcast_to(&cx, &large, &[reserved / 16])).unwrap()).unwrap();
    assert_eq!(large.size(), reserved / 16);
    assert!(cx.engine.heap.pool.stats().reserved <= reserved);
}

/// tanh and the logistic function keep their derivative only where a value is large; an element has the same one beside
/// large elements and without them.
#[test]
fn a_derivative_does_not_depend_on_the_neighbours() {
    let cx = Context::new();
    for row in [&elementwise::TANH, &elementwise::EXPIT] {
        for dtype in [DType::F64, DType::F32] {
            let derivatives = |x: &[f64]| {
                let x = elementwise::astype(&cx, &array(&cx, &[x.len()], x), dtype);
                let f = one(move |cx, p| total(cx, &unary(cx, row, &p[0])));
                reals(&cx, &grad(&cx, "sum", &f, &[x], 0))
            };
            let x: Vec<f64> = (0..41).map(|i| (i - 20) as f64 * 0.05).collect();
            let alone = derivatives(&x);
            let beside = derivatives(&[&x[..], &[30.0]].concat());
            assert_eq!(alone, beside[..41], "{dtype:?}");
            let last = beside[41];
            assert!(last > 0.0 && last < 1e-12, "{dtype:?}: {last}");
            assert!(alone.iter().zip(&x).all(|(d, x)| *d > 0.1 && (*x != 0.0 || *d >= 0.25)), "{dtype:?}: {alone:?}");
        }
    }
}

/// A cotangent that nobody else sees is changed in its place; one that the caller holds is not. Both give the same bits, for
/// each function of one argument, at ordinary and at singular points.
#[test]
fn cotangents_in_their_place_are_the_same_bits() {
    let cx = Context::new();
    let x = array(&cx, &[8], &[0.3, -0.7, 0.0, -0.0, 1.0, 2.5, -30.0, 1e200]);
    let seed = array(&cx, &[8], &[1.5, -2.0, 0.25, 3.0, 0.0, -0.0, 1e-300, 7.0]);
    let factor = array(&cx, &[8], &[0.0, -0.0, 2.0, 1e300, 1.0, -3.0, 0.5, 1e-300]);
    let negated = |y: &Array| unary(&cx, &elementwise::NEG, y);
    let bits = |f: &dyn Fn(&Array) -> Array| {
        let recorded = record(&cx, &one(|_, p| f(&p[0])), std::slice::from_ref(&x), &[0]);
        let grads = recorded.pull(&cx, std::slice::from_ref(&seed), true);
        close(&cx, recorded);
        reals(&cx, &grads[0]).into_iter().map(f64::to_bits).collect::<Vec<_>>()
    };
    let both = |name: &str, f: &dyn Fn(&Array) -> Array| {
        // The sign of a cotangent changes twice, so it is one that the sweep has made.
        assert_eq!(bits(f), bits(&|x| negated(&negated(&f(x)))), "{name}");
    };
    for row in elementwise::UNARY {
        both(row.name, &|x| unary(&cx, row, x));
    }
    let numbers = [Array::weak(0.7), Array::from(0.0), Array::from(-3.0)];
    for with in numbers.iter().chain([&factor]) {
        for row in [&elementwise::MUL, &elementwise::ADD, &elementwise::SUB, &elementwise::DIV] {
            both(row.name, &|x| binary(&cx, row, x, with));
            both(row.name, &|x| binary(&cx, row, with, x));
        }
    }
}
