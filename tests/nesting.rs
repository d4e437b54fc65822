//! Derivatives of derivatives, closures, tapes: what makes the library more than a list of rules.

mod helpers;

use autograd::array::DType;
use autograd::error::{Result, code};
use autograd::operators::check::{Options, check_grads};
use autograd::operators::grad::{
    self as operators, box_on, elementwise_grad, holomorphic_grad, hvps, jvp, one, record, value_and_grads,
};
use autograd::operators::jacobian::{self, Mode, hessian};
use autograd::ops::elementwise::{self, binary, unary};
use autograd::ops::{complex, create, product, reduce, shape};
use autograd::trace::sweep::pull_back;
use autograd::trace::{Array, Arrays, Context, Kept, Primitive, apply};
use helpers::*;

fn forward(cx: &Context, f: impl Fn(&Context, &Array) -> Array, x: &Array) -> Array {
    let t = create::full(cx, x.dtype(), x.shape(), 1.0);
    jvp(cx, &one(|cx: &Context, a: &[Array]| f(cx, &a[0])), std::slice::from_ref(x), &[0], &[t]).1.pop().unwrap()
}

fn jacobian(cx: &Context, f: &operators::Function<'_>, args: &[Array], argnum: usize) -> Array {
    jacobian::jacobian(cx, f, args, argnum, Mode::Automatic)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a}, not {b}");
}

/// Numbers without a buffer, with one, and vectors: the three ways a value is recorded.
fn kinds(cx: &Context, x: f64) -> [Array; 3] {
    [Array::from(x), rank0(cx, x), vector(cx, &[x])]
}

#[test]
fn perturbations_are_not_confused() {
    let cx = Context::new();
    for x in kinds(&cx, 1.0) {
        // d/dx (x d/dy (x + y)) = 1, in all four combinations of modes.
        let y = Array::from(1.0);
        let rr = grad(&cx, |cx, x| total(cx, &mul(cx, x, &grad(cx, |cx, y| total(cx, &add(cx, x, y)), &y))), &x);
        let rf = grad(&cx, |cx, x| total(cx, &mul(cx, x, &forward(cx, |cx, y| total(cx, &add(cx, x, y)), &y))), &x);
        let fr = forward(&cx, |cx, x| mul(cx, x, &grad(cx, |cx, y| total(cx, &add(cx, x, y)), &y)), &x);
        let ff = forward(&cx, |cx, x| mul(cx, x, &forward(cx, |cx, y| add(cx, x, y), &y)), &x);
        for d in [rr, rf, fr, ff] {
            assert_eq!(number(&cx, &d), 1.0);
        }
        // d/dx (x d/dy (x y)) at y = x: x times x.
        let d = grad(&cx, |cx, x| total(cx, &mul(cx, x, &grad(cx, |cx, y| total(cx, &mul(cx, x, y)), x))), &x);
        assert_eq!(number(&cx, &d), 2.0);
    }
}

#[test]
fn five_derivatives_of_one_function_in_every_sequence_of_modes() {
    // f = sin(x) exp(x): f^(n) = 2^(n/2) exp(x) sin(x + n pi / 4).
    fn f(cx: &Context, x: &Array) -> Array {
        mul(cx, &sin(cx, x), &exp(cx, x))
    }
    fn nth(cx: &Context, x: &Array, n: usize, modes: usize) -> Array {
        if n == 0 {
            return f(cx, x);
        }
        let inner = |cx: &Context, x: &Array| nth(cx, x, n - 1, modes >> 1);
        if modes & 1 == 0 { grad(cx, |cx, x| total(cx, &inner(cx, x)), x) } else { forward(cx, inner, x) }
    }
    let cx = Context::new();
    for x in kinds(&cx, 0.7) {
        for n in 0..=5 {
            let want = 2f64.powf(n as f64 / 2.0) * 0.7f64.exp() * (0.7 + n as f64 * std::f64::consts::FRAC_PI_4).sin();
            for modes in 0..1 << n {
                close(number(&cx, &nth(&cx, &x, n, modes)), want);
            }
        }
    }
}

#[test]
fn closures_over_outer_variables() {
    let cx = Context::new();
    for x in kinds(&cx, 0.5) {
        // g(x) = d/dy (sin(x y) y) at y = 2: sin(2x) + 2 x cos(2x); g' = 4 cos 2x - 4 x sin 2x.
        let g = |cx: &Context, x: &Array| {
            grad(cx, |cx, y| total(cx, &mul(cx, &sin(cx, &mul(cx, x, y)), y)), &Array::from(2.0))
        };
        close(number(&cx, &grad(&cx, |cx, x| total(cx, &g(cx, x)), &x)), 4.0 * 1f64.cos() - 2.0 * 1f64.sin());
        // Three levels, the innermost function using both outer variables.
        let d = grad(
            &cx,
            |cx, x| {
                let inner = |cx: &Context, y: &Array| {
                    grad(cx, |cx, z| total(cx, &mul(cx, &mul(cx, x, y), &mul(cx, z, z))), &Array::from(3.0))
                };
                total(cx, &grad(cx, |cx, y| total(cx, &mul(cx, y, &inner(cx, y))), &Array::from(2.0)))
            },
            &x,
        );
        // d/dz = 6 x y; y times it: 6 x y^2; d/dy = 12 x y = 24 x; d/dx = 24.
        close(number(&cx, &d), 24.0);
    }
}

#[test]
fn values_of_ended_levels_are_plain() {
    let cx = Context::new();
    let leaked = std::cell::RefCell::new(Array::Null);
    let g = grad(
        &cx,
        |cx, x| {
            *leaked.borrow_mut() = mul(cx, x, x);
            mul(cx, x, &Array::from(2.0))
        },
        &Array::from(3.0),
    );
    assert_eq!(number(&cx, &g), 2.0);
    let leaked = leaked.into_inner();
    assert_eq!(leaked.level(&cx.trace), 0);
    assert_eq!(number(&cx, &leaked), 9.0);
    // Used in a newer derivative it is a constant.
    let g = grad(&cx, |cx, x| mul(cx, x, &leaked), &Array::from(1.0));
    assert_eq!(number(&cx, &g), 9.0);
}

#[test]
fn matrices_of_derivatives() {
    let cx = Context::new();
    let x = vector(&cx, &[0.3, -0.7, 1.1]);
    let a = array(&cx, &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let f = one(|cx: &Context, args: &[Array]| sin(cx, &product::dot(cx, &a, &args[0])));
    let j = jacobian(&cx, &f, std::slice::from_ref(&x), 0);
    assert_eq!(j.shape(), [2, 3]);
    let xs = reals(&cx, &x);
    let row = |i: usize| [1.0 + 3.0 * i as f64, 2.0 + 3.0 * i as f64, 3.0 + 3.0 * i as f64];
    let at = |i: usize| row(i).iter().zip(&xs).map(|(a, x)| a * x).sum::<f64>();
    for (k, v) in reals(&cx, &j).iter().enumerate() {
        close(*v, at(k / 3).cos() * row(k / 3)[k % 3]);
    }
    // Jacobian of the Jacobian.
    let jj = jacobian(&cx, &one(|cx: &Context, args: &[Array]| jacobian(cx, &f, args, 0)), std::slice::from_ref(&x), 0);
    let h = hessian(&cx, &f, std::slice::from_ref(&x), 0);
    assert_eq!(jj.shape(), [2, 3, 3]);
    assert_eq!(h.shape(), [2, 3, 3]);
    for (k, (v, w)) in reals(&cx, &jj).iter().zip(reals(&cx, &h)).enumerate() {
        let (i, m, n) = (k / 9, k / 3 % 3, k % 3);
        close(*v, -at(i).sin() * row(i)[m] * row(i)[n]);
        close(w, *v);
    }
    // Jacobian of the gradient, of the sum of the Jacobian, empty ones.
    let s = one(|cx: &Context, args: &[Array]| total(cx, &f(cx, args)[0]));
    let h = hessian(&cx, &s, std::slice::from_ref(&x), 0);
    assert_eq!(h.shape(), [3, 3]);
    let empty = vector(&cx, &[]);
    let j = jacobian(&cx, &one(|cx: &Context, args: &[Array]| sin(cx, &args[0])), std::slice::from_ref(&empty), 0);
    assert_eq!(j.shape(), [0, 0]);
    let j = jacobian(&cx, &one(|cx: &Context, args: &[Array]| total(cx, &args[0])), std::slice::from_ref(&empty), 0);
    assert_eq!(j.shape(), [0]);
    let j = jacobian(&cx, &one(|cx: &Context, args: &[Array]| sin(cx, &args[0])), &[Array::from(0.0)], 0);
    assert_eq!((j.shape(), number(&cx, &j)), (&[][..], 1.0));
}

#[test]
fn jacobians_of_complex_functions() {
    let cx = Context::new();
    // Holomorphic: f'(z).
    let z = complex::number(&cx, 0.3, 0.4);
    let j = jacobian(&cx, &one(|cx: &Context, a: &[Array]| mul(cx, &a[0], &a[0])), std::slice::from_ref(&z), 0);
    let j = elements(&cx, &j)[0];
    close(j.re, 0.6);
    close(j.im, 0.8);
    let h = holomorphic_grad(&cx, &one(|cx: &Context, a: &[Array]| mul(cx, &a[0], &a[0])), &[z], 0);
    assert!((elements(&cx, &h)[0] - j).norm() < 1e-15);
    // Of a real argument: du/dx + i dv/dx.
    let f = one(|cx: &Context, a: &[Array]| exp(cx, &mul(cx, &a[0], &complex::number(cx, 0.0, 1.0))));
    let j = elements(&cx, &jacobian(&cx, &f, &[vector(&cx, &[0.5])], 0))[0];
    close(j.re, -0.5f64.sin());
    close(j.im, 0.5f64.cos());
}

#[test]
fn the_three_complex_gradients_of_the_tutorial() {
    let cx = Context::new();
    let z = complex::number(&cx, 1.0, 2.0);
    let squared = |cx: &Context, z: &Array| complex::real(cx, &mul(cx, z, &complex::conj(cx, z)));
    let at = |f: &dyn Fn(&Context, &Array) -> Array, re: f64, im: f64| {
        elements(&cx, &grad(&cx, f, &complex::number(&cx, re, im)))[0]
    };
    let same = |z: num_complex::Complex64, re: f64, im: f64| assert!((z.re - re).abs() + (z.im - im).abs() < 1e-15);
    same(at(&squared, 1.0, 2.0), 2.0, -4.0);
    same(at(&complex::real, 1.0, 2.0), 1.0, 0.0);
    same(at(&complex::imag, 1.0, 2.0), 0.0, -1.0);
    same(at(&complex::abs, 3.0, 4.0), 0.6, -0.8);
    let e = operators::value_and_grads(&cx, "ag_grad", &one(|_: &Context, a: &[Array]| a[0].clone()), &[z], &[0]);
    assert!(e.0.is_null());
    assert_eq!(cx.clear_error().unwrap().code, code::DTYPE);
}

#[test]
fn products_with_hessians() {
    let cx = Context::new();
    let x = vector(&cx, &[0.3, -0.7, 1.1]);
    let y = array(&cx, &[2], &[0.5, 2.0]);
    let f = one(|cx: &Context, a: &[Array]| {
        let s = total(cx, &exp(cx, &mul(cx, &a[0], &a[0])));
        mul(cx, &s, &product::dot(cx, &a[1], &sin(cx, &a[1])))
    });
    let args = [x.clone(), y.clone()];
    let v = vector(&cx, &[1.0, 2.0, -1.0]);
    let h = reals(&cx, &hessian(&cx, &f, &args, 0));
    let hv = reals(&cx, &hvps(&cx, &f, &args, &[0], std::slice::from_ref(&v))[0]);
    for i in 0..3 {
        close(hv[i], h[3 * i] + 2.0 * h[3 * i + 1] - h[3 * i + 2]);
    }
    // Over both arguments: the mixed blocks take part. Compared with reverse over reverse.
    let w = vector(&cx, &[-0.5, 0.25]);
    let vs = [v, w];
    let both = hvps(&cx, &f, &args, &[0, 1], &vs);
    let rr = vjp(
        &cx,
        &|cx, a| {
            let g = value_and_grads(cx, "grad", &f, a, &[0, 1]).1;
            let p = |k: usize| total(cx, &mul(cx, &g[k], &vs[k]));
            add(cx, &p(0), &p(1))
        },
        &args,
        &Array::from(1.0),
    );
    for k in 0..2 {
        for (a, b) in reals(&cx, &both[k]).iter().zip(reals(&cx, &rr[k])) {
            close(*a, b);
        }
    }
    // Differentiable themselves.
    let third = grad(&cx, |cx, x| total(cx, &hvps(cx, &f, &[x.clone(), y.clone()], &[0], &vs[..1])[0]), &x);
    assert!(reals(&cx, &third).iter().all(|d| d.is_finite() && *d != 0.0));
}

#[test]
fn independent_outputs_are_zeros_and_a_flag() {
    let cx = Context::new();
    for x in [Array::from(2.0), rank0(&cx, 2.0), vector(&cx, &[1.0, 2.0])] {
        let g = grad(&cx, |_, _| Array::from(5.0), &x);
        assert!(cx.independent.get());
        assert_eq!(g.shape(), x.shape());
        assert!(reals(&cx, &g).iter().all(|&g| g == 0.0));
        let g = grad(&cx, total, &x);
        assert!(!cx.independent.get());
        assert!(reals(&cx, &g).iter().all(|&g| g == 1.0));
        // A derivative that is 0 is not independence.
        let g = grad(&cx, |cx, x| total(cx, &mul(cx, x, &Array::from(0.0))), &x);
        assert!(!cx.independent.get());
        assert!(reals(&cx, &g).iter().all(|&g| g == 0.0));
        let t = forward(&cx, |_, _| Array::from(5.0), &x);
        assert!(cx.independent.get());
        assert_eq!(number(&cx, &t), 0.0);
        // Only recorded arguments matter for a derivative of a derivative.
        let second = grad(&cx, |cx, x| total(cx, &grad(cx, total, x)), &x);
        assert!(reals(&cx, &second).iter().all(|&g| g == 0.0));
    }
    // One of two arguments.
    let g = vjp(&cx, &|cx, a| sin(cx, &a[1]), &[vector(&cx, &[1.0]), Array::from(0.0)], &Array::from(1.0));
    assert!(cx.independent.get());
    assert_eq!((number(&cx, &g[0]), number(&cx, &g[1])), (0.0, 1.0));
    // The identity.
    let g = grad(&cx, |_, x| x.clone(), &Array::from(2.0));
    assert_eq!(number(&cx, &g), 1.0);
}

#[test]
fn wide_fans_and_diamonds() {
    let cx = Context::new();
    for x in [Array::from(1.5), rank0(&cx, 1.5), vector(&cx, &[1.5, 2.5])] {
        let f = |cx: &Context, x: &Array| {
            let mut y = x.clone();
            for _ in 0..2000 {
                y = div(cx, &add(cx, &y, &y), &Array::from(2.0));
            }
            total(cx, &y)
        };
        assert!(reals(&cx, &grad(&cx, f, &x)).iter().all(|&g| g == 1.0));
        // A thousand uses of one value.
        let f = |cx: &Context, x: &Array| {
            let mut sum = Array::from(0.0);
            for k in 0..1000 {
                sum = add(cx, &sum, &mul(cx, x, &Array::from(f64::from(k))));
            }
            total(cx, &sum)
        };
        assert!(reals(&cx, &grad(&cx, f, &x)).iter().all(|&g| g == 499_500.0));
    }
}

/// A cotangent that is shared by two parents must not be changed in place through one of them.
#[test]
fn accumulated_gradients_do_not_alias() {
    let cx = Context::new();
    for n in [3, 5000] {
        let x = Array::from(create::arange(&cx, DType::F64, 0.0, n as f64, 1.0).unwrap());
        let take = |cx: &Context, x: &Array, text: &str| get(cx, x, text);
        // Mixed dense and indexed contributions, in both orders.
        for order in 0..2 {
            let f = |cx: &Context, x: &Array| {
                let a = take(cx, x, "0");
                let b = take(cx, x, "0:2");
                let dense = add(cx, x, x);
                let parts = [total(cx, &dense), a, total(cx, &b), total(cx, &mul(cx, x, x))];
                let order: Vec<usize> = if order == 0 { (0..4).collect() } else { (0..4).rev().collect() };
                order.iter().fold(Array::from(0.0), |s, &k| add(cx, &s, &parts[k]))
            };
            let g = reals(&cx, &grad(&cx, f, &x));
            assert_eq!(g[0], 2.0 + 1.0 + 1.0);
            assert_eq!(g[1], 2.0 + 1.0 + 2.0);
            assert_eq!(g[2], 2.0 + 4.0);
        }
        // The same cotangent flows to both operands of a sum; one of them is then scattered into.
        let seed = create::full(&cx, DType::F64, &[n], 1.0);
        let seed = Array::Plain(cx.engine.contiguous(&cx.tensor(&seed).unwrap()).unwrap());
        let f = |cx: &Context, a: &[Array]| {
            let u = add(cx, &a[0], &a[1]);
            let first = get(cx, &a[0], "0");
            add(cx, &u, &first)
        };
        let g = vjp(&cx, &f, &[x.clone(), x.clone()], &seed);
        let (a, b) = (reals(&cx, &g[0]), reals(&cx, &g[1]));
        assert_eq!((a[0], a[1]), (n as f64 + 1.0, 1.0));
        assert!(b.iter().all(|&b| b == 1.0));
        assert!(reals(&cx, &seed).iter().all(|&s| s == 1.0), "the caller's seed is untouched");
        // Repeated pulls along one record give the same.
        let recorded = record(&cx, &one(|cx: &Context, a: &[Array]| f(cx, &[a[0].clone(), a[0].clone()])), &[x], &[0]);
        let first = reals(&cx, &recorded.pull(&cx, std::slice::from_ref(&seed), false)[0]);
        for _ in 0..3 {
            assert_eq!(reals(&cx, &recorded.pull(&cx, std::slice::from_ref(&seed), false)[0]), first);
        }
        operators::close(&cx, recorded);
    }
}

#[test]
fn a_million_numbers_in_a_chain() {
    let cx = Context::new();
    for x in [Array::from(0.5), rank0(&cx, 0.5)] {
        let f = |cx: &Context, x: &Array| {
            let mut y = x.clone();
            for _ in 0..1_000_000 {
                y = add(cx, &mul(cx, &y, &Array::from(0.999_999)), &Array::from(1e-7));
            }
            y
        };
        close(number(&cx, &grad(&cx, f, &x)), 0.999_999f64.powi(1_000_000));
    }
    // Arrays, two levels, and forward mode: no recursion anywhere, neither in dropping.
    let chain = |n: usize| {
        move |cx: &Context, x: &Array| {
            let mut y = x.clone();
            for _ in 0..n {
                y = sin(cx, &y);
            }
            total(cx, &y)
        }
    };
    assert!(number(&cx, &grad(&cx, chain(200_000), &vector(&cx, &[0.5]))).is_finite());
    assert!(number(&cx, &forward(&cx, chain(200_000), &vector(&cx, &[0.5]))).is_finite());
    assert!(number(&cx, &grad(&cx, |cx, x| grad(cx, chain(20_000), x), &Array::from(0.5))).is_finite());
    assert!(
        number(&cx, &grad(&cx, chain(20_000), &create::full(&cx, DType::F64, &[1500], 0.5)).plain_first(&cx))
            .is_finite()
    );
}

trait PlainFirst {
    fn plain_first(&self, cx: &Context) -> Array;
}

impl PlainFirst for Array {
    fn plain_first(&self, cx: &Context) -> Array {
        get(cx, self, "0")
    }
}

#[test]
fn a_tape_keeps_only_what_rules_use() {
    const MIB: usize = 1 << 20;
    let cx = Context::new();
    let x = create::random(&cx, 1, DType::F64, &[1000, 1000], create::Random::Normal(0.0, 1.0)).unwrap().into();
    let step = |cx: &Context, y: &Array| -> Array {
        let y = add(cx, y, &Array::from(1.0));
        let y = mul(cx, &y, &Array::from(0.5));
        sub(cx, &y, &Array::from(2.0))
    };
    for eager in [true, false] {
        cx.engine.set_eager(eager);
        cx.trim();
        cx.engine.heap.pool.reset_peak();
        let g = grad(
            &cx,
            |cx, x| {
                let mut y = x.clone();
                for _ in 0..100 {
                    y = step(cx, &y);
                }
                total(cx, &y)
            },
            &x,
        );
        assert_eq!(number(&cx, &get(&cx, &g, "0, 0")), 0.5f64.powi(100));
        let peak = cx.engine.heap.pool.stats().peak;
        assert!(peak < 45 * MIB, "eager {eager}: {} MiB, five arrays are 40", peak / MIB);
    }
    // exp keeps its result, once; tanh of it another one.
    cx.engine.set_eager(true);
    cx.engine.heap.pool.reset_peak();
    grad(&cx, |cx, x| total(cx, &unary(cx, &elementwise::TANH, &exp(cx, x))), &x);
    let peak = cx.engine.heap.pool.stats().peak;
    assert!(peak < 65 * MIB, "{} MiB", peak / MIB);
    drop(x);
    assert!(cx.engine.heap.pool.stats().in_use < MIB, "nothing is left: {:?}", cx.engine.heap.pool.stats());
}

#[test]
fn integers_become_floating_when_boxed() {
    let cx = Context::new();
    let n = Array::from(ints(&cx, &[3], &[1, 2, 3]));
    let g = grad(&cx, |cx, x| total(cx, &mul(cx, x, x)), &n);
    assert_eq!((g.dtype(), reals(&cx, &g)), (DType::F64, vec![2.0, 4.0, 6.0]));
    let t = {
        let t = vector(&cx, &[1.0, 0.0, 1.0]);
        jvp(&cx, &one(|cx: &Context, a: &[Array]| mul(cx, &a[0], &a[0])), &[n], &[0], &[t]).1.pop().unwrap()
    };
    assert_eq!((t.dtype(), reals(&cx, &t)), (DType::F64, vec![2.0, 0.0, 6.0]));
    // Integers on the way are constants.
    let g = grad(
        &cx,
        |cx, x| total(cx, &mul(cx, &elementwise::astype(cx, &elementwise::astype(cx, x, DType::I64), DType::F64), x)),
        &vector(&cx, &[1.5, 2.5]),
    );
    assert_eq!(reals(&cx, &g), [1.0, 2.0]);
}

#[test]
fn single_precision_stays_single() {
    let cx = Context::new();
    let x = elementwise::astype(&cx, &vector(&cx, &[0.5, 1.5]), DType::F32);
    let f = |cx: &Context, x: &Array| {
        let y = mul(cx, &exp(cx, x), &Array::weak(2.0));
        reduce::mean(cx, &y, &[0], false)
    };
    let g = grad(&cx, f, &x);
    assert_eq!(g.dtype(), DType::F32);
    let h = hessian(&cx, &one(|cx: &Context, a: &[Array]| f(cx, &a[0])), &[x], 0);
    assert_eq!((h.dtype(), h.shape()), (DType::F32, &[2, 2][..]));
}

#[test]
fn wrong_shapes_and_functions_are_errors_that_pass() {
    let cx = Context::new();
    let x = vector(&cx, &[1.0, 2.0]);
    assert!(grad(&cx, sin, &x).is_null());
    assert_eq!(cx.clear_error().unwrap().code, code::SHAPE);
    let t =
        jvp(&cx, &one(|cx: &Context, a: &[Array]| sin(cx, &a[0])), std::slice::from_ref(&x), &[0], &[Array::from(1.0)]);
    assert!(t.0.is_empty() || t.0[0].is_null());
    assert_eq!(cx.clear_error().unwrap().code, code::SHAPE);
    let e = elementwise_grad(
        &cx,
        &one(|cx: &Context, a: &[Array]| complex::join(cx, &a[0], &a[0])),
        std::slice::from_ref(&x),
        0,
    );
    assert!(e.is_null() && cx.clear_error().is_some());
    // A failure inside of the function: the first message stays, levels are closed.
    let g = grad(&cx, |cx, x| total(cx, &product::dot(cx, x, &vector(cx, &[1.0, 2.0, 3.0]))), &x);
    assert!(g.is_null());
    let e = cx.clear_error().unwrap();
    assert_eq!(e.code, code::SHAPE);
    assert_eq!(e.message, "ag_dot: shapes (2,) and (3,) not aligned: 2 (dim 0) != 3 (dim 0)");
    assert_eq!(cx.trace.top(), 0);
    assert_eq!(reals(&cx, &grad(&cx, |cx, x| total(cx, &mul(cx, x, x)), &x)), [2.0, 4.0]);
    assert!(cx.arena.borrow().is_empty());
}

#[test]
fn tapes_by_hand() {
    let cx = Context::new();
    let outer = cx.trace.open(true);
    let x = box_on(&cx, outer, &Array::from(3.0));
    let inner = cx.trace.open(true);
    let y = box_on(&cx, inner, &x);
    let z = mul(&cx, &mul(&cx, &y, &y), &y);
    let node = |v: &Array, level: u64| v.layer(level).unwrap().0.0;
    let tape = |level: u64| cx.trace.level(level).unwrap().tape.unwrap();
    let first = pull_back(&cx, &tape(inner), &[(node(&z, inner), Array::from(1.0))], &[node(&y, inner)], false);
    assert_eq!(number(&cx, &first[0]), 27.0);
    let second = pull_back(&cx, &tape(outer), &[(node(&first[0], outer), Array::from(1.0))], &[node(&x, outer)], false);
    assert_eq!(number(&cx, &second[0]), 18.0);
    // Several targets at once, one of which is on the way to another.
    let w = sin(&cx, &z);
    let seeds = [(node(&w, inner), Array::from(1.0)), (node(&z, inner), Array::from(1.0))];
    let both = pull_back(&cx, &tape(inner), &seeds, &[node(&y, inner), node(&z, inner)], false);
    close(number(&cx, &both[1]), 1.0 + 27f64.cos());
    close(number(&cx, &both[0]), 27.0 * (1.0 + 27f64.cos()));
    // A value of the younger tape cannot be an input of the older one.
    assert!(box_on(&cx, outer, &y).is_null());
    assert_eq!(cx.clear_error().unwrap().code, code::TAPE);
    // What is on the tape already becomes a new input.
    let again = box_on(&cx, inner, &z);
    assert_eq!(again.depth(&cx.trace), 2);
    assert!(cx.trace.close(inner) && cx.trace.close(outer) && !cx.trace.close(inner));
    assert_eq!((z.level(&cx.trace), number(&cx, &z)), (0, 27.0));
    assert!(box_on(&cx, inner, &z).is_null() && cx.clear_error().is_some());
}

/// Closing the older tape first leaves the younger one working.
#[test]
fn tapes_end_in_any_order() {
    let cx = Context::new();
    for x in [Array::from(3.0), vector(&cx, &[3.0])] {
        let outer = cx.trace.open(true);
        let a = box_on(&cx, outer, &x);
        let inner = cx.trace.open(true);
        let b = box_on(&cx, inner, &a);
        let y = mul(&cx, &b, &b);
        cx.trace.close(outer);
        let z = mul(&cx, &y, &b);
        let (node, input) = (z.layer(inner).unwrap().0.0, b.layer(inner).unwrap().0.0);
        let tape = cx.trace.level(inner).unwrap().tape.unwrap();
        let one = create::full(&cx, DType::F64, x.shape(), 1.0);
        let g = pull_back(&cx, &tape, &[(node, one)], &[input], false);
        assert_eq!(number(&cx, &g[0]), 27.0);
        assert_eq!(g[0].level(&cx.trace), 0);
        drop(tape);
        cx.trace.close(inner);
    }
}

/// A cube with one of its rules wrong.
#[derive(Clone)]
struct Cube {
    wrong: Option<&'static str>,
}

impl Primitive for Cube {
    fn name(&self) -> &str {
        "cube"
    }
    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        Ok(mul(cx, &args[0], &mul(cx, &args[0], &args[0])))
    }
    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }
    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let x = match self.wrong {
            Some("order 2") => kept.arg(0).plain(),
            _ => kept.arg(0).clone(),
        };
        let factor = if self.wrong == Some("vjp") { 2.5 } else { 3.0 };
        mul(cx, &mul(cx, g, &Array::from(factor)), &mul(cx, &x, &x))
    }
    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if self.wrong == Some("jvp") { t.clone() } else { Cube { wrong: None }.vjp(cx, argnum, t, kept) }
    }
}

/// A box around another one takes no more steps than the first: otherwise this would go on for minutes.
#[test]
fn boxes_at_ten_thousands_of_levels() {
    let cx = Context::new();
    for x in kinds(&cx, 0.5) {
        let (mut boxed, mut levels) = (x.clone(), Vec::new());
        for _ in 0..30_000 {
            levels.push(cx.trace.open(true));
            boxed = box_on(&cx, levels[levels.len() - 1], &boxed);
        }
        assert!(!cx.failed(), "{:?}", cx.error());
        assert_eq!((boxed.depth(&cx.trace), boxed.shape()), (30_000, x.shape()));
        levels.into_iter().rev().for_each(|level| assert!(cx.trace.close(level)));
        assert_eq!(number(&cx, &boxed), 0.5);
    }
}

#[test]
fn the_checker_finds_wrong_rules() {
    for (wrong, message) in [
        (None, ""),
        (Some("vjp"), "reverse derivative"),
        (Some("jvp"), "forward derivative"),
        (Some("order 2"), "reverse of reverse"),
    ] {
        let cx = Context::new();
        let x = vector(&cx, &[0.5, 1.5]);
        let f = one(|cx: &Context, a: &[Array]| apply(cx, &Cube { wrong }, &[&a[0]]));
        let result = check_grads(&cx, &f, &[x], Options { order: 3, ..Options::default() });
        match wrong {
            None => assert!(result.is_ok(), "{result:?}"),
            Some(_) => {
                let e = result.unwrap_err();
                assert_eq!(e.code, code::CHECK);
                assert!(e.message.contains(message), "{}", e.message);
            }
        }
    }
}

#[test]
fn conditions_and_loops_read_values() {
    let cx = Context::new();
    // Newton's square root: as many steps as the value needs.
    let root = |cx: &Context, a: &Array| {
        let mut x = a.clone();
        loop {
            let next = div(cx, &add(cx, &x, &div(cx, a, &x)), &Array::from(2.0));
            if (number(cx, &next) - number(cx, &x)).abs() < 1e-15 {
                return next;
            }
            x = next;
        }
    };
    for a in kinds(&cx, 2.0) {
        close(number(&cx, &grad(&cx, |cx, a| total(cx, &root(cx, a)), &a)), 0.5 / 2f64.sqrt());
        let second = grad(&cx, |cx, a| total(cx, &grad(cx, |cx, a| total(cx, &root(cx, a)), a)), &a);
        close(number(&cx, &second), -0.25 * 2f64.powf(-1.5));
    }
}

#[test]
fn several_results_and_arguments() {
    let cx = Context::new();
    let f = |cx: &Context, a: &[Array]| -> smallvec::SmallVec<[Array; 1]> {
        [mul(cx, &a[0], &a[1]), sin(cx, &a[0]), Array::from(7.0)].into_iter().collect()
    };
    let (x, y) = (vector(&cx, &[0.5, 1.5]), Array::from(2.0));
    let (values, tangents) =
        jvp(&cx, &f, &[x.clone(), y.clone()], &[0, 1], &[vector(&cx, &[1.0, 0.0]), Array::from(1.0)]);
    assert_eq!(values.len(), 3);
    assert_eq!(reals(&cx, &tangents[0]), [2.5, 1.5]);
    assert_eq!(number(&cx, &tangents[2]), 0.0);
    let recorded = record(&cx, &f, &[x, y], &[0, 1]);
    let gs: Arrays = [vector(&cx, &[1.0, 1.0]), Array::Null, Array::from(1.0)].into_iter().collect();
    let g = recorded.pull(&cx, &gs, true);
    assert_eq!(reals(&cx, &g[0]), [2.0, 2.0]);
    assert_eq!(number(&cx, &g[1]), 2.0);
    operators::close(&cx, recorded);
}

#[test]
fn broadcast_cotangents_are_summed_at_every_level() {
    let cx = Context::new();
    let b = vector(&cx, &[1.0, 2.0]);
    let x = array(&cx, &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let f = one(|cx: &Context, a: &[Array]| total(cx, &mul(cx, &x, &mul(cx, &a[0], &mul(cx, &a[0], &a[0])))));
    let h = hessian(&cx, &f, std::slice::from_ref(&b), 0);
    assert_eq!(reals(&cx, &h), [54.0, 0.0, 0.0, 144.0]);
    let s = one(|cx: &Context, a: &[Array]| {
        total(cx, &binary(cx, &elementwise::POW, &shape::expand_dims(cx, &x, 0), &a[0]))
    });
    check_grads(&cx, &s, &[array(&cx, &[1, 1, 1, 1], &[1.5])], Options::default()).unwrap();
}

/// A number without a type takes the precision of what it meets; one with a type is `float64`.
#[test]
fn weak_numbers() {
    let cx = Context::new();
    let cast = |dtype| elementwise::astype(&cx, &vector(&cx, &[1.5, 2.5]), dtype);
    for (x, weak, strong) in [
        (DType::F32, DType::F32, DType::F64),
        (DType::F64, DType::F64, DType::F64),
        (DType::C64, DType::C64, DType::C128),
        (DType::I64, DType::F64, DType::F64),
        (DType::Bool, DType::F64, DType::F64),
    ] {
        let x = cast(x);
        for row in [&elementwise::ADD, &elementwise::MUL, &elementwise::POW] {
            assert_eq!(binary(&cx, row, &x, &Array::weak(2.0)).dtype(), weak, "{} {:?}", row.name, x.dtype());
            assert_eq!(binary(&cx, row, &Array::from(3.0), &x).dtype(), strong, "{} {:?}", row.name, x.dtype());
        }
    }
    // Recorded, a weak number is a number like any other.
    let g = grad(&cx, |cx, x| mul(cx, x, x), &Array::weak(3.0));
    assert!(!g.is_weak() && number(&cx, &g) == 6.0);
}
