//! Fixed points, roots and differential equations: values against closed forms, derivatives against differences.

mod helpers;

use autograd::array::DType;
use autograd::error::code;
use autograd::operators::check::{Modes, Options as Check, check_grads};
use autograd::operators::checkpoint::Stored;
use autograd::operators::grad::one;
use autograd::operators::implicit::{Stop, fixed_point, root};
use autograd::operators::jacobian::{Mode, hessian, jacobian};
use autograd::operators::odeint::{Options, odeint, rk4};
use autograd::ops::elementwise::{self, unary};
use autograd::ops::{create, product, shape};
use autograd::trace::{Array, Context};
use helpers::*;
use smallvec::SmallVec;
use std::rc::Rc;

const STOP: Stop = Stop { tolerance: 1e-14, steps: 2000 };

fn stored(f: impl Fn(&Context, &[Array]) -> Array + 'static) -> Stored {
    Rc::new(move |cx: &Context, args: &[Array]| SmallVec::from_elem(f(cx, args), 1))
}

fn check(cx: &Context, f: impl Fn(&Context, &[Array]) -> Array, args: &[Array], order: u32) {
    let options = Check { order, modes: Modes { reverse: true, forward: true }, ..Check::default() };
    check_grads(cx, &one(f), args, options).unwrap();
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{a}, not {b}");
}

/// Newton's iteration for the square root: its fixed point's derivatives are those of the root.
#[test]
fn square_roots_as_fixed_points() {
    let cx = Context::new();
    let newton = stored(|cx, a| mul(cx, &Array::weak(0.5), &add(cx, &a[0], &div(cx, &a[1], &a[0]))));
    let f = move |cx: &Context, a: &[Array]| fixed_point(cx, &newton, &[Array::from(1.0), a[0].clone()], STOP);
    let two = Array::from(2.0);
    close(number(&cx, &f(&cx, std::slice::from_ref(&two))), 2f64.sqrt(), 1e-14);
    let g = |cx: &Context, x: &Array| grad(cx, |cx, x| f(cx, std::slice::from_ref(x)), x);
    close(number(&cx, &g(&cx, &two)), 0.5 / 2f64.sqrt(), 1e-13);
    close(number(&cx, &grad(&cx, g, &two)), -0.25 / 2f64.powf(1.5), 1e-12);
    check(&cx, f, &[two], 3);
}

/// x = tanh(W x + b) with a contraction W: vectors and matrices, all arguments, order 2 in every sequence of modes.
#[test]
fn fixed_points_of_vectors() {
    let cx = Context::new();
    let layer = stored(|cx, a| unary(cx, &elementwise::TANH, &add(cx, &product::dot(cx, &a[1], &a[0]), &a[2])));
    let w = array(&cx, &[3, 3], &[0.2, -0.1, 0.3, 0.1, 0.25, -0.2, -0.3, 0.1, 0.15]);
    let b = vector(&cx, &[0.3, -0.2, 0.5]);
    let zeros = create::full(&cx, DType::F64, &[3], 0.0);
    let f =
        move |cx: &Context, a: &[Array]| fixed_point(cx, &layer, &[zeros.clone(), a[0].clone(), a[1].clone()], STOP);
    check(&cx, &f, &[w.clone(), b.clone()], 2);
    // A Jacobian, whose rows are one adjoint iteration together or one by one.
    let j = jacobian(&cx, &one(&f), &[w, b], 1, Mode::Reverse);
    assert_eq!(j.shape(), [3, 3]);
    assert!(!cx.failed());
}

#[test]
fn roots() {
    let cx = Context::new();
    // x exp(x) = a, Lambert's W: W' = W / (a (1 + W)).
    let lambert = stored(|cx, a| sub(cx, &mul(cx, &a[0], &exp(cx, &a[0])), &a[1]));
    let f = move |cx: &Context, a: &[Array]| root(cx, &lambert, &[Array::from(1.0), a[0].clone()], STOP);
    let a = Array::from(2.0);
    let w = number(&cx, &f(&cx, std::slice::from_ref(&a)));
    close(w * w.exp(), 2.0, 1e-14);
    close(number(&cx, &grad(&cx, |cx, x| f(cx, std::slice::from_ref(x)), &a)), w / (2.0 * (1.0 + w)), 1e-13);
    check(&cx, f, &[a], 3);
    // Three equations with a matrix of parameters: A x + x^3 = b.
    let system = stored(|cx, a| {
        let cube = mul(cx, &a[0], &mul(cx, &a[0], &a[0]));
        sub(cx, &add(cx, &product::dot(cx, &a[1], &a[0]), &cube), &a[2])
    });
    let zeros = create::full(&cx, DType::F64, &[3], 0.0);
    let f = move |cx: &Context, a: &[Array]| root(cx, &system, &[zeros.clone(), a[0].clone(), a[1].clone()], STOP);
    let matrix = array(&cx, &[3, 3], &[2.0, -0.1, 0.3, 0.1, 1.5, -0.2, -0.3, 0.1, 1.8]);
    check(&cx, f, &[matrix, vector(&cx, &[0.3, -0.2, 0.5])], 2);
}

#[test]
fn what_has_no_solution_is_an_error() {
    let cx = Context::new();
    let away = stored(|cx, a| add(cx, &mul(cx, &a[0], &Array::weak(2.0)), &Array::weak(1.0)));
    fixed_point(&cx, &away, &[Array::from(1.0)], Stop { tolerance: 0.0, steps: 50 });
    let e = cx.clear_error().unwrap();
    assert!(e.code == code::VALUE && e.message.contains("no fixed point was reached in 50 steps"), "{e}");
    let never = stored(|cx, a| add(cx, &mul(cx, &a[0], &a[0]), &Array::weak(1.0)));
    root(&cx, &never, &[Array::from(0.7)], Stop { tolerance: 0.0, steps: 50 });
    let e = cx.clear_error().unwrap();
    assert!(e.code == code::VALUE && e.message.starts_with("ag_root: no root was found"), "{e}");
    root(&cx, &never, &[Array::from(0.0)], STOP);
    assert!(cx.clear_error().unwrap().message.contains("the Jacobian is singular"));
    let wrong = stored(|cx, _| vector(cx, &[1.0, 2.0]));
    fixed_point(&cx, &wrong, &[Array::from(1.0)], STOP);
    assert_eq!(cx.clear_error().unwrap().code, code::SHAPE);
    odeint(&cx, &wrong, &Array::from(1.0), &vector(&cx, &[0.0, 1.0]), &[], Options::default());
    assert_eq!(cx.clear_error().unwrap().code, code::SHAPE);
    // y' = y^2 from 1: infinite at t = 1.
    let blows_up = stored(|cx, a| mul(cx, &a[0], &a[0]));
    odeint(&cx, &blows_up, &Array::from(1.0), &vector(&cx, &[0.0, 2.0]), &[], Options::default());
    let e = cx.clear_error().unwrap();
    assert!(e.code == code::VALUE && e.message.contains("the step size became too small at t = "), "{e}");
    for times in [&[0.0, 1.0, 0.5][..], &[0.0, f64::NAN]] {
        odeint(&cx, &blows_up, &Array::from(0.1), &vector(&cx, times), &[], Options::default());
        assert!(cx.clear_error().unwrap().message.contains("never fall or never rise"));
    }
    let few = Options { max_steps: 3, ..TIGHT };
    odeint(&cx, &blows_up, &Array::from(0.1), &vector(&cx, &[0.0, 5.0]), &[], few);
    assert!(cx.clear_error().unwrap().message.contains("3 steps led from t = 0"));
}

const TIGHT: Options =
    Options { rtol: 1e-12, atol: 1e-12, first_step: 0.0, max_step: 0.0, max_steps: 0, max_states: 0, backwards: false };

/// y'' = -k y as a system: (y, v), with the frequency as an argument.
fn oscillator() -> Stored {
    stored(|cx, a| {
        let (y, v) = (shape::slice_axis(cx, &a[0], 0, 0, 1), shape::slice_axis(cx, &a[0], 0, 1, 1));
        shape::concatenate(cx, &[&v, &unary(cx, &elementwise::NEG, &mul(cx, &a[2], &y))], 0)
    })
}

#[test]
fn solutions_in_both_directions() {
    let cx = Context::new();
    let times: Vec<f64> = (0..=20).map(|i| i as f64 * 0.5).collect();
    let k = Array::from(2.25);
    for sign in [1.0, -1.0] {
        let t = vector(&cx, &times.iter().map(|t| sign * t).collect::<Vec<_>>());
        let y = odeint(&cx, &oscillator(), &vector(&cx, &[1.0, 0.0]), &t, std::slice::from_ref(&k), TIGHT);
        assert_eq!(y.shape(), [21, 2]);
        for (i, row) in reals(&cx, &y).chunks(2).enumerate() {
            let t = 1.5 * sign * times[i];
            close(row[0], t.cos(), 1e-8);
            close(row[1], -1.5 * t.sin(), 1e-8);
        }
    }
    // Loose tolerances give a rough solution, in fewer evaluations.
    let rough = Options { rtol: 1e-4, atol: 1e-4, ..TIGHT };
    let y = odeint(&cx, &oscillator(), &vector(&cx, &[1.0, 0.0]), &vector(&cx, &[0.0, 10.0]), &[k], rough);
    close(reals(&cx, &y)[2], 15f64.cos(), 5e-2);
    // Many states at once, and in single precision.
    let decay = stored(|cx, a| unary(cx, &elementwise::NEG, &a[0]));
    let y0 = elementwise::astype(&cx, &array(&cx, &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), DType::F32);
    let y = odeint(&cx, &decay, &y0, &vector(&cx, &[0.0, 0.0, 1.0]), &[], Options::default());
    assert_eq!((y.shape(), y.dtype()), (&[3, 2, 3][..], DType::F32));
    let y = reals(&cx, &y);
    assert_eq!(y[..6], y[6..12]);
    (0..6).for_each(|i| close(y[12 + i], (i as f64 + 1.0) * (-1f64).exp(), 1e-4));
}

/// Derivatives of y0 exp(a t) with respect to everything are known.
#[test]
fn derivatives_of_growth() {
    let cx = Context::new();
    let growth = stored(|cx, a| mul(cx, &a[2], &a[0]));
    let t = vector(&cx, &[0.2, 0.7, 1.3]);
    let f = move |cx: &Context, a: &[Array]| {
        let y = odeint(cx, &growth, &a[0], &a[1], &a[2..], TIGHT);
        shape::reshape(cx, &shape::slice_axis(cx, &y, 0, 2, 1), &[])
    };
    let args = [Array::from(1.5), t, Array::from(0.8)];
    let y = 1.5 * (0.8f64 * 1.1).exp();
    close(number(&cx, &f(&cx, &args)), y, 1e-10);
    let g: Vec<Vec<f64>> =
        (0..3).map(|k| reals(&cx, &autograd::operators::grad::grad(&cx, "grad", &one(&f), &args, k))).collect();
    close(g[0][0], y / 1.5, 1e-9);
    (0..3).for_each(|i| close(g[1][i], [-0.8 * y, 0.0, 0.8 * y][i], 1e-9));
    close(g[2][0], 1.1 * y, 1e-9);
    let h = hessian(&cx, &one(&f), &args, 2);
    close(number(&cx, &h), 1.1 * 1.1 * y, 1e-8);
}

/// All arguments, both modes and their mixtures, against differences; a system that depends on time.
#[test]
fn derivatives_of_solutions() {
    let cx = Context::new();
    let driven = stored(|cx, a| {
        let force = sin(cx, &mul(cx, &a[1], &a[3]));
        add(cx, &unary(cx, &elementwise::TANH, &product::dot(cx, &a[2], &a[0])), &force)
    });
    let t = vector(&cx, &[0.0, 0.4, 0.9]);
    let w = array(&cx, &[2, 2], &[0.3, -0.8, 0.9, 0.1]);
    let args = [vector(&cx, &[0.5, -0.3]), t, w, vector(&cx, &[1.3, 0.7])];
    let f = move |cx: &Context, a: &[Array]| odeint(cx, &driven, &a[0], &a[1], &a[2..], TIGHT);
    check(&cx, &f, &args, 1);
    // To order 2 with fewer arguments: every further order solves a larger system.
    let fixed = args.clone();
    let g = move |cx: &Context, a: &[Array]| f(cx, &[a[0].clone(), fixed[1].clone(), a[1].clone(), fixed[3].clone()]);
    let options = Check { order: 2, rtol: 1e-5, atol: 1e-5, ..Check::default() };
    check_grads(&cx, &one(g), &[args[0].clone(), args[2].clone()], options).unwrap();
}

#[test]
fn the_classical_method() {
    let cx = Context::new();
    let t = vector(&cx, &[0.0, 1.0, 2.0]);
    let y0 = vector(&cx, &[1.0, 0.0]);
    let k = Array::from(2.25);
    let y = rk4(&cx, &oscillator(), &y0, &t, std::slice::from_ref(&k), 100);
    close(reals(&cx, &y)[4], 3f64.cos(), 1e-7);
    let f = |cx: &Context, a: &[Array]| rk4(cx, &oscillator(), &a[0], &a[1], &a[2..], 5);
    check(&cx, f, &[y0, t, k], 2);
}

/// An iteration that grows is no fixed point, however large its values are; one among large values is.
#[test]
fn divergence_is_not_convergence() {
    let cx = Context::new();
    let linear = |factor: f64, offset: f64| {
        stored(move |cx, a| add(cx, &mul(cx, &a[0], &Array::weak(factor)), &Array::weak(offset)))
    };
    let stop = Stop { tolerance: 0.0, steps: 100_000 };
    // On the way to infinity the length of several finite numbers is infinite before they are.
    for start in [vec![1.0, 1.0], vec![1.0, 2.0, 3.0], vec![1.0; 4]] {
        for stop in [Stop { tolerance: 1e-10, ..stop }, stop] {
            fixed_point(&cx, &linear(3.0, 0.0), &[vector(&cx, &start)], stop);
            assert_eq!(cx.clear_error().map(|e| e.code), Some(code::VALUE), "{start:?}");
        }
    }
    for start in [Array::from(1.0), vector(&cx, &[1.0, 3.0])] {
        fixed_point(&cx, &linear(2.0, 2.0), std::slice::from_ref(&start), stop);
        assert_eq!(cx.clear_error().map(|e| e.code), Some(code::VALUE));
        let found = fixed_point(&cx, &linear(0.5, 1e200), &[start], stop);
        reals(&cx, &found).iter().for_each(|x| close(*x / 1e200, 2.0, 1e-11));
    }
    // Newton's method among such values: x^3 = 1e270, x^2 = 1e-260.
    let power = |n: f64, c: f64| {
        stored(move |cx, a| {
            sub(cx, &autograd::ops::elementwise::binary(cx, &elementwise::POW, &a[0], &Array::weak(n)), &Array::weak(c))
        })
    };
    let x = root(&cx, &power(3.0, 1e270), &[vector(&cx, &[3e90])], stop);
    close(number(&cx, &x) / 1e90, 1.0, 1e-12);
}
