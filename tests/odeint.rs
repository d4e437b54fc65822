//! Differential equations: solutions and derivatives of problems with known ones, in every mode and order.

mod helpers;

use autograd::array::DType;
use autograd::error::{Error, code};
use autograd::operators::checkpoint::Stored;
use autograd::operators::grad::{Function, jvp, one, value_and_grads};
use autograd::operators::jacobian::{Mode, hessian, jacobian};
use autograd::operators::odeint::{Options, Report, last_report, odeint};
use autograd::ops::elementwise::{self, unary};
use autograd::ops::{create, product, shape};
use autograd::trace::{Array, Arrays, Context};
use helpers::*;
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;

fn stored(f: impl Fn(&Context, &[Array]) -> Array + 'static) -> Stored {
    Rc::new(move |cx: &Context, args: &[Array]| SmallVec::from_elem(f(cx, args), 1))
}

const DEFAULT: Options =
    Options { rtol: 0.0, atol: 0.0, first_step: 0.0, max_step: 0.0, max_steps: 0, max_states: 0, backwards: false };

fn within(tolerance: f64) -> Options {
    Options { rtol: tolerance, atol: tolerance, ..DEFAULT }
}

fn el(cx: &Context, x: &Array, i: usize) -> Array {
    shape::element(cx, x, i)
}

fn of(cx: &Context, parts: &[Array]) -> Array {
    shape::stack(cx, &parts.iter().collect::<Vec<_>>(), 0)
}

fn neg(cx: &Context, x: &Array) -> Array {
    unary(cx, &elementwise::NEG, x)
}

fn times(cx: &Context, x: &Array, c: f64) -> Array {
    mul(cx, x, &Array::from(c))
}

/// Van der Pol's oscillator; the argument is mu.
fn vdp() -> Stored {
    stored(|cx, a| {
        let (y, v) = (el(cx, &a[0], 0), el(cx, &a[0], 1));
        let damping = mul(cx, &a[2], &sub(cx, &Array::from(1.0), &mul(cx, &y, &y)));
        of(cx, &[v.clone(), sub(cx, &mul(cx, &damping, &v), &y)])
    })
}

/// Lorenz' system; sigma, rho, beta are one vector.
fn lorenz() -> Stored {
    stored(|cx, a| {
        let (x, y, z) = (el(cx, &a[0], 0), el(cx, &a[0], 1), el(cx, &a[0], 2));
        let (sigma, rho, beta) = (el(cx, &a[2], 0), el(cx, &a[2], 1), el(cx, &a[2], 2));
        let dx = mul(cx, &sigma, &sub(cx, &y, &x));
        let dy = sub(cx, &mul(cx, &x, &sub(cx, &rho, &z)), &y);
        let dz = sub(cx, &mul(cx, &x, &y), &mul(cx, &beta, &z));
        of(cx, &[dx, dy, dz])
    })
}

/// The last row of a solution.
fn end_of(cx: &Context, ys: &Array) -> Array {
    if cx.failed() { Array::Null } else { el(cx, ys, ys.shape()[0] - 1) }
}

/// The end of a solution as a function of y0 and the arguments.
fn arrival(f: Stored, span: f64, options: Options) -> impl Fn(&Context, &[Array]) -> Array {
    move |cx, a| {
        let t = vector(cx, &[0.0, span]);
        end_of(cx, &odeint(cx, &f, &a[0], &t, &a[1..], options))
    }
}

fn worst(found: &[f64], truth: &[f64]) -> f64 {
    assert_eq!(found.len(), truth.len());
    let size = truth.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    found.iter().zip(truth).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / size
}

/// A problem with what is known of it: the state after `span`, and rows of its derivatives by the elements of an argument.
struct Case {
    f: Stored,
    span: f64,
    y0: Vec<f64>,
    a: Vec<f64>,
    y: Vec<f64>,
    by_a: Vec<Vec<f64>>,
    by_y0: Vec<Vec<f64>>,
    /// Relative errors at tolerances of 1e-8, of the state and of derivatives.
    errors: [f64; 2],
}

/// Values of a Radau method of order 13 in arithmetic with 113 bits whose steps were differentiated exactly; in closed form
/// where there is one.
fn cases() -> Vec<Case> {
    let (mut cases, w, turns) = (Vec::new(), 1.0, 20.0 * std::f64::consts::PI + 1.0);
    cases.push(Case {
        f: stored(|cx, a| mul(cx, &a[2], &a[0])),
        span: 10.0,
        y0: vec![1.0],
        a: vec![1.0],
        y: vec![22026.465794806717],
        by_a: vec![vec![220264.65794806717]],
        by_y0: vec![vec![22026.465794806717]],
        errors: [1e-7, 1e-7],
    });
    cases.push(Case {
        f: stored(|cx, a| {
            let (q, p) = (el(cx, &a[0], 0), el(cx, &a[0], 1));
            of(cx, &[p, neg(cx, &mul(cx, &mul(cx, &a[2], &a[2]), &q))])
        }),
        span: turns,
        y0: vec![1.0, 0.0],
        a: vec![w],
        y: vec![turns.cos(), -turns.sin()],
        by_a: vec![vec![-turns * turns.sin(), -turns.sin() - turns * turns.cos()]],
        by_y0: vec![vec![turns.cos(), -turns.sin()], vec![turns.sin(), turns.cos()]],
        errors: [1e-6, 1e-6],
    });
    cases.push(Case {
        f: stored(|cx, a| {
            let away = sub(cx, &a[0], &unary(cx, &elementwise::COS, &a[1]));
            neg(cx, &mul(cx, &a[2], &away))
        }),
        span: 10.0,
        y0: vec![0.0],
        a: vec![500.0],
        y: vec![-0.8401562106734],
        by_a: vec![vec![2.162633293654e-6]],
        by_y0: vec![],
        errors: [1e-7, 1e-4],
    });
    for (mu, y, by_a, by_y0) in [
        (
            1.0,
            [2.008149762175, -0.0425088752732],
            [0.1058186370171, 4.065494810411],
            [[0.05764346825712, 2.548305406711], [0.0212544376366, 0.9396172820396]],
        ),
        (
            10.0,
            [1.939358532783, -0.07008150573581],
            [0.1132911133675, 0.01397690921515],
            [[1.050051505051, 0.06487772616959], [0.0350407528679, 0.002165002724538]],
        ),
    ] {
        cases.push(Case {
            f: vdp(),
            span: 20.0,
            y0: vec![2.0, 0.0],
            a: vec![mu],
            y: y.to_vec(),
            by_a: vec![by_a.to_vec()],
            by_y0: by_y0.iter().map(|r| r.to_vec()).collect(),
            errors: [1e-6, 1e-5],
        });
    }
    for (span, y, by_a) in [
        (
            5.0,
            [-6.51211369942, -6.974042788417, 23.9241295721],
            [
                [-0.3863784656666, -0.9449152223319, -0.3211075115622],
                [-0.9926600149841, -2.575974589315, -0.5442177103683],
                [-0.4504322394476, -11.30001027513, -19.0029108958],
            ],
        ),
        (
            10.0,
            [-4.902687541135, -3.743872921803, 24.69085810279],
            [
                [1.221866020533, -2.63978317341, -6.532986067533],
                [2.233443362836, -3.351367830184, -9.830371470978],
                [16.2001043313, -5.023280345433, -50.26319889371],
            ],
        ),
    ] {
        cases.push(Case {
            f: lorenz(),
            span,
            y0: vec![1.0; 3],
            a: vec![10.0, 28.0, 8.0 / 3.0],
            y: y.to_vec(),
            by_a: by_a.iter().map(|r| r.to_vec()).collect(),
            by_y0: vec![],
            errors: [1e-5, 1e-4],
        });
    }
    cases
}

/// Rows and columns changed.
fn transposed(rows: &[Vec<f64>]) -> Vec<f64> {
    (0..rows[0].len()).flat_map(|j| rows.iter().map(move |r| r[j])).collect()
}

#[test]
fn derivatives_of_known_problems() {
    let cx = Context::new();
    for (i, case) in cases().into_iter().enumerate() {
        let a = if let [a] = case.a[..] { Array::from(a) } else { vector(&cx, &case.a) };
        let args = [vector(&cx, &case.y0), a];
        let f = one(arrival(case.f, case.span, within(1e-8)));
        let y = reals(&cx, &f(&cx, &args)[0]);
        assert!(worst(&y, &case.y) < case.errors[0], "case {i}: {y:?}, error {:e}", worst(&y, &case.y));
        for (argnum, truth) in [(0, &case.by_y0), (1, &case.by_a)].into_iter().filter(|(_, t)| !t.is_empty()) {
            let [back, ahead] =
                [Mode::Reverse, Mode::Forward].map(|m| reals(&cx, &jacobian(&cx, &f, &args, argnum, m)));
            let error = worst(&back, &transposed(truth));
            let of_tangents = last_report(&cx).tangent_error;
            assert!(error < case.errors[1], "case {i} by {argnum}: {back:?}, error {error:e}");
            // Transposes of one another, not only within the tolerances.
            assert!(worst(&back, &ahead) < 1e-11, "case {i} by {argnum}: {back:?}, {ahead:?}");
            jacobian(&cx, &f, &args, argnum, Mode::Reverse);
            let of_cotangents = last_report(&cx).cotangent_error;
            assert!(of_tangents > 0.1 && of_cotangents > 0.1 * of_tangents, "{i}: {of_tangents} {of_cotangents}");
        }
    }
}

/// A planet on a long ellipse: the start depends on the eccentricity.
#[test]
fn close_encounters() {
    let cx = Context::new();
    let kepler = stored(|cx, a| {
        let (q, p) = (shape::slice_axis(cx, &a[0], 0, 0, 2), shape::slice_axis(cx, &a[0], 0, 2, 2));
        let r2 = total(cx, &mul(cx, &q, &q));
        let pull = div(cx, &a[2], &mul(cx, &r2, &unary(cx, &elementwise::SQRT, &r2)));
        shape::concatenate(cx, &[&p, &neg(cx, &mul(cx, &pull, &q))], 0)
    });
    let f = one(move |cx: &Context, a: &[Array]| {
        let (m, e) = (&a[0], &a[1]);
        let (less, more) = (sub(cx, &Array::from(1.0), e), add(cx, &Array::from(1.0), e));
        let zero = Array::from(0.0);
        let y0 = of(cx, &[less.clone(), zero.clone(), zero, unary(cx, &elementwise::SQRT, &div(cx, &more, &less))]);
        let ys = odeint(cx, &kepler, &y0, &vector(cx, &[0.0, 20.0]), std::slice::from_ref(m), within(1e-11));
        end_of(cx, &ys)
    });
    let args = [Array::from(1.0), Array::from(0.9)];
    let y = [-1.295266250988, 0.4003938963792, -0.6775390924708, -0.1270838154279];
    let found = reals(&cx, &f(&cx, &args)[0]);
    assert!(worst(&found, &y) < 1e-7, "{:e}", worst(&found, &y));
    let by_m = [-365.2801217867, -77.4907555113, 293.4218762377, -95.39826487634];
    let by_e = [-1.622364777659, -2.013337614772, 0.675000919394, 0.4914331102078];
    for (argnum, truth) in [by_m, by_e].iter().enumerate() {
        let back = reals(&cx, &jacobian(&cx, &f, &args, argnum, Mode::Reverse));
        let ahead = reals(&cx, &jacobian(&cx, &f, &args, argnum, Mode::Forward));
        assert!(worst(&back, truth) < 1e-6, "{back:?}: {:e}", worst(&back, truth));
        assert!(worst(&back, &ahead) < 1e-11);
    }
    // Steps that suit the state suit its derivative less near the sun.
    assert!(last_report(&cx).tangent_error > 3.0);
}

/// The Brusselator on a torus of 16 by 16 points: a state of 512 numbers as an array of three axes.
#[test]
fn a_reaction_that_diffuses() {
    let cx = Context::new();
    let n = 16;
    let lap: Vec<f64> = (0..n * n)
        .map(|k| match (k / n + n - k % n) % n {
            0 => -2.0,
            1 | 15 => 1.0,
            _ => 0.0,
        })
        .collect();
    let lap = times(&cx, &array(&cx, &[n, n], &lap), 256.0);
    let f = stored(move |cx, args| {
        let (u, v) = (el(cx, &args[0], 0), el(cx, &args[0], 1));
        let (a, b, d) = (&args[2], &args[3], &args[4]);
        let spread = |x: &Array| mul(cx, d, &add(cx, &product::dot(cx, &lap, x), &product::dot(cx, x, &lap)));
        let uuv = mul(cx, &mul(cx, &u, &u), &v);
        let du = add(cx, &sub(cx, &add(cx, a, &uuv), &mul(cx, &add(cx, b, &Array::from(1.0)), &u)), &spread(&u));
        let dv = add(cx, &sub(cx, &mul(cx, b, &u), &uuv), &spread(&v));
        of(cx, &[du, dv])
    });
    let at = |k: usize| (k / n) as f64 / 16.0;
    let mut start: Vec<f64> = (0..n * n).map(|k| 22.0 * at(k % n * n) * (1.0 - at(k % n * n)).powf(1.5)).collect();
    start.extend((0..n * n).map(|k| 27.0 * at(k) * (1.0 - at(k)).powf(1.5)));
    let y0 = array(&cx, &[2, n, n], &start);
    let g = move |cx: &Context, a: &[Array]| {
        let y = end_of(cx, &odeint(cx, &f, &y0, &vector(cx, &[0.0, 11.5]), a, DEFAULT));
        of(cx, &[total(cx, &el(cx, &y, 0)), total(cx, &el(cx, &y, 1)), get(cx, &y, "0, 0, 0")])
    };
    let args = [Array::from(1.0), Array::from(3.4), Array::from(0.1)];
    let recorded = autograd::operators::grad::record(&cx, &one(g), &args, &[0, 1, 2]);
    let y = reals(&cx, &recorded.value());
    assert!(worst(&y, &[80.19855082374, 1014.540795962, 0.3132755891552]) < 1e-8, "{y:?}");
    let truth = [
        [166.0245418833, -34.68385358272, 0.4647937196994],
        [2140.370112168, -35.01638506514, 29.85455607343],
        [0.6485333667317, -0.1354838030575, 0.001815600467576],
    ];
    for (i, row) in truth.iter().enumerate() {
        let seed = vector(&cx, &std::array::from_fn::<f64, 3, _>(|j| f64::from(i == j)));
        let pulled = recorded.pull(&cx, &[seed], false);
        let found: Vec<f64> = pulled.iter().map(|x| number(&cx, x)).collect();
        assert!(worst(&found, row) < [1e-7, 1e-7, 1e-3][i], "{found:?}: {:e}", worst(&found, row));
    }
    autograd::operators::grad::close(&cx, recorded);
    // Stability limits some steps, so what a single element owes to d is less accurate, and the report says so.
    let report = last_report(&cx);
    assert!(report.limited > 0 && report.cotangent_error > 1e3 && report.derivatives == 3, "{report:?}");
}

/// What used to be lost: the state forgets where it came from, so nothing comes back.
#[test]
fn contraction_over_a_long_time() {
    let cx = Context::new();
    let sum = |cx: &Context, mu: &Array, options: Options| {
        let t = vector(cx, &[0.0, 5.0, 50.0]);
        total(cx, &odeint(cx, &vdp(), &vector(cx, &[2.0, 0.0]), &t, std::slice::from_ref(mu), options))
    };
    let mu = Array::from(1.0);
    let by_mu = number(&cx, &grad(&cx, |cx, mu| sum(cx, mu, DEFAULT), &mu));
    assert!((by_mu + 13.0704).abs() < 1e-4, "{by_mu}");
    // Backwards that is an error.
    let options = Options { backwards: true, ..DEFAULT };
    grad(&cx, |cx, mu| sum(cx, mu, options), &mu);
    let e = cx.clear_error().unwrap();
    assert!(e.code == code::VALUE && e.message.contains("in the derivative"), "{e}");
    let relaxation = stored(|cx, a| {
        let away = sub(cx, &a[0], &unary(cx, &elementwise::COS, &a[1]));
        neg(cx, &mul(cx, &a[2], &away))
    });
    let end = |cx: &Context, k: &Array, options: Options| {
        let t = vector(cx, &[0.0, 3.0]);
        end_of(cx, &odeint(cx, &relaxation, &Array::from(0.0), &t, std::slice::from_ref(k), options))
    };
    let k = Array::from(500.0);
    let found = number(&cx, &grad(&cx, |cx, k| end(cx, k, DEFAULT), &k));
    // y = (k^2 cos t + k sin t) / (k^2 + 1) + what has died away.
    let (k2, (sin, cos)) = (250_000.0, 3f64.sin_cos());
    let truth = (1000.0 * cos + sin) / (k2 + 1.0) - 1000.0 * (k2 * cos + 500.0 * sin) / (k2 + 1.0f64).powi(2);
    assert!((found / truth - 1.0).abs() < 1e-3, "{found:e}, {truth:e}");
    grad(&cx, |cx, k| end(cx, k, options), &k);
    assert!(cx.clear_error().unwrap().message.contains("in the derivative"));
}

/// Where nothing contracts, both ways agree, times and second derivatives included.
#[test]
fn backwards() {
    let cx = Context::new();
    let f = |options: Options| {
        one(move |cx: &Context, a: &[Array]| {
            let ys = odeint(cx, &lorenz(), &a[0], &a[1], &a[2..], options);
            total(cx, &mul(cx, &ys, &ys))
        })
    };
    let args = [vector(&cx, &[1.0, 1.0, 1.0]), vector(&cx, &[0.0, 0.1, 0.3]), vector(&cx, &[10.0, 28.0, 8.0 / 3.0])];
    let tight = within(1e-11);
    let (steps, back) = (f(tight), f(Options { backwards: true, ..tight }));
    let by = |f: &Function<'_>| {
        let (_, g) = value_and_grads(&cx, "grad", &f, &args, &[0, 1, 2]);
        g.iter().flat_map(|g| reals(&cx, g)).collect::<Vec<_>>()
    };
    assert!(worst(&by(&back), &by(&steps)) < 1e-7);
    let [h, k] = [reals(&cx, &hessian(&cx, &steps, &args, 2)), reals(&cx, &hessian(&cx, &back, &args, 2))];
    assert!(worst(&k, &h) < 1e-5, "{k:?}, {h:?}");
}

/// Second derivatives with known values, and all of them together: symmetric, though no rule says so.
#[test]
fn second_derivatives() {
    let cx = Context::new();
    let tight = within(1e-8);
    for (i, truth) in [[-8.718012416616, -5.448924975104], [29.67244806142, 19.49344219778]].into_iter().enumerate() {
        let f = one(move |cx: &Context, a: &[Array]| {
            let y0 = of(cx, &[el(cx, &a[0], 1), Array::from(0.0)]);
            el(cx, &arrival(vdp(), 20.0, tight)(cx, &[y0, el(cx, &a[0], 0)]), i)
        });
        let h = reals(&cx, &hessian(&cx, &f, &[vector(&cx, &[1.0, 2.0])], 0));
        assert!(worst(&h[..2], &truth) < 1e-5, "{h:?}");
        assert!((h[1] - h[2]).abs() < 1e-11 * h[1].abs(), "{h:?}");
    }
    let truth = [-0.6388527061449, -0.01147550664176, 1.498593921859];
    for (i, truth) in truth.into_iter().enumerate() {
        let f = one(move |cx: &Context, a: &[Array]| {
            let y0 = vector(cx, &[1.0; 3]);
            el(cx, &arrival(lorenz(), 5.0, tight)(cx, &[y0, a[0].clone()]), i)
        });
        // The derivative by rho, then that by sigma: reverse over forward and forward over reverse.
        let args = [vector(&cx, &[10.0, 28.0, 8.0 / 3.0])];
        let rho = vector(&cx, &[0.0, 1.0, 0.0]);
        let along = |cx: &Context, a: &Array| {
            jvp(cx, &f, std::slice::from_ref(a), &[0], std::slice::from_ref(&rho)).1.pop().unwrap()
        };
        let mixed = reals(&cx, &grad(&cx, along, &args[0]));
        assert!((mixed[0] - truth).abs() < 1e-4, "{mixed:?}, {truth}");
        if i > 0 {
            continue;
        }
        let gradient = |cx: &Context, a: &[Array]| value_and_grads(cx, "grad", &f, a, &[0]).1.into_iter().collect();
        let h = jvp(&cx, &gradient, &args, &[0], std::slice::from_ref(&rho)).1.pop().unwrap();
        assert!(worst(&reals(&cx, &h), &mixed) < 1e-11);
        // And reverse over reverse.
        let inner =
            |cx: &Context, a: &Array| el(cx, &grad(cx, |cx, a| f(cx, std::slice::from_ref(a))[0].clone(), a), 1);
        assert!(worst(&reals(&cx, &grad(&cx, inner, &args[0])), &mixed) < 1e-11);
    }
    // All arguments, times among them, as one vector.
    let f = one(|cx: &Context, a: &[Array]| {
        let part = |k: usize, n: usize| shape::slice_axis(cx, &a[0], 0, k, n);
        let ys = odeint(cx, &lorenz(), &part(0, 3), &part(3, 3), &[part(6, 3)], within(1e-10));
        total(cx, &sin(cx, &ys))
    });
    let all = vector(&cx, &[1.0, 1.1, 0.9, 0.1, 0.25, 0.7, 10.0, 28.0, 8.0 / 3.0]);
    let h = reals(&cx, &hessian(&cx, &f, std::slice::from_ref(&all), 0));
    let size = h.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    for i in 0..9 {
        for j in 0..i {
            assert!((h[9 * i + j] - h[9 * j + i]).abs() < 1e-12 * size, "{i} {j}: {} {}", h[9 * i + j], h[9 * j + i]);
        }
    }
    // Within the tolerances it is that of the equation: against differences of gradients.
    let g = |x: Vec<f64>| reals(&cx, &grad(&cx, |cx, a| f(cx, std::slice::from_ref(a))[0].clone(), &vector(&cx, &x)));
    for j in [0, 3, 4, 5, 7] {
        let moved = |d: f64| {
            let mut x = reals(&cx, &all);
            x[j] += d;
            g(x)
        };
        let slope: Vec<f64> = moved(1e-4).iter().zip(moved(-1e-4)).map(|(a, b)| (a - b) / 2e-4).collect();
        assert!(worst(&h[9 * j..9 * j + 9], &slope) < 1e-4, "{j}: {:?}, {slope:?}", &h[9 * j..9 * j + 9]);
    }
}

/// e^(a t): every derivative is known, to any order and in every sequence of modes.
#[test]
fn third_derivatives() {
    let cx = Context::new();
    let growth = stored(|cx, a| mul(cx, &a[2], &a[0]));
    let f = move |cx: &Context, a: &Array| {
        let t = vector(cx, &[0.0, 2.0]);
        end_of(cx, &odeint(cx, &growth, &Array::from(1.0), &t, std::slice::from_ref(a), within(1e-11)))
    };
    let a = Array::from(-0.5);
    type Derivative<'a> = &'a dyn Fn(&Context, &dyn Fn(&Context, &Array) -> Array, &Array) -> Array;
    let back: Derivative<'_> = &|cx, f, x| grad(cx, f, x);
    let ahead: Derivative<'_> = &|cx, f, x| {
        let f = one(|cx: &Context, a: &[Array]| f(cx, &a[0]));
        jvp(cx, &f, std::slice::from_ref(x), &[0], &[Array::from(1.0)]).1.pop().unwrap()
    };
    let truth = 8.0 * (-1f64).exp();
    let mut all = Vec::new();
    for first in [back, ahead] {
        for second in [back, ahead] {
            for third in [back, ahead] {
                let one = |cx: &Context, a: &Array| first(cx, &f, a);
                let two = |cx: &Context, a: &Array| second(cx, &one, a);
                let found = number(&cx, &third(&cx, &two, &a));
                assert!((found - truth).abs() < 1e-8, "{found}, {truth}");
                all.push(found);
            }
        }
    }
    assert!(all.iter().all(|x| (x - all[0]).abs() < 1e-12 * truth), "{all:?}");
}

/// v . JVP u is u . VJP v: also of y0, times and arguments together, and of many states.
#[test]
fn transposes() {
    let cx = Context::new();
    let f = one(|cx: &Context, a: &[Array]| {
        let net =
            stored(|cx, a| unary(cx, &elementwise::TANH, &add(cx, &product::dot(cx, &a[0], &a[2]), &sin(cx, &a[1]))));
        odeint(cx, &net, &a[0], &a[1], &a[2..], DEFAULT)
    });
    let y0 = array(&cx, &[2, 3], &[0.1, -0.4, 0.3, 0.7, -0.2, 0.5]);
    let w = array(&cx, &[3, 3], &[0.2, -1.1, 0.3, 1.1, 0.25, -0.2, -0.3, 0.1, -1.15]);
    let args = [y0, vector(&cx, &[0.0, 0.3, 1.5, 1.5, 4.0]), w];
    let u = [6, 5, 9].map(|n| vector(&cx, &(0..n).map(|i| (1.3 * i as f64).sin() + 0.2).collect::<Vec<_>>()));
    let u: Vec<Array> = u.iter().zip(&args).map(|(u, a)| shape::reshape(&cx, u, a.shape())).collect();
    let v = array(&cx, &[5, 2, 3], &(0..30).map(|i| (0.7 * f64::from(i)).cos()).collect::<Vec<_>>());
    let (_, ahead) = jvp(&cx, &f, &args, &[0, 1, 2], &u);
    let back: Arrays = vjp(&cx, &|cx, a| f(cx, a)[0].clone(), &args, &v);
    let inner = |a: &Array, b: &Array| number(&cx, &total(&cx, &mul(&cx, a, b)));
    let (one, other) = (inner(&v, &ahead[0]), u.iter().zip(&back).map(|(u, b)| inner(u, b)).sum::<f64>());
    assert!((one - other).abs() < 1e-12 * one.abs(), "{one}, {other}");
}

/// Times in between change neither the steps nor the derivative, and their own derivatives come out.
#[test]
fn times_in_between() {
    let cx = Context::new();
    let by = |times: &[f64]| {
        let f = |cx: &Context, a: &[Array]| {
            let ys = odeint(cx, &vdp(), &a[0], &vector(cx, times), &a[1..], DEFAULT);
            total(cx, &end_of(cx, &ys))
        };
        let (_, g) = value_and_grads(&cx, "grad", &one(f), &[vector(&cx, &[2.0, 0.0]), Array::from(1.0)], &[0, 1]);
        g.iter().flat_map(|g| reals(&cx, g)).collect::<Vec<_>>()
    };
    let few = by(&[0.0, 8.0]);
    let many: Vec<f64> = (0..=1000).map(|i| f64::from(i) * 0.008).collect();
    assert!(worst(&by(&many), &few) < 1e-13);
    assert!(worst(&by(&[0.0, 0.0, 0.0, 3.0, 3.0, 8.0, 8.0]), &few) < 1e-13);
    // The sum over rows inside of steps, against differences.
    let sum = |mu: f64| {
        let t = vector(&cx, &many[..200]);
        odeint(&cx, &vdp(), &vector(&cx, &[2.0, 0.0]), &t, &[Array::from(mu)], within(1e-12))
    };
    let slope = number(&cx, &total(&cx, &sub(&cx, &sum(1.0 + 1e-5), &sum(1.0 - 1e-5)))) / 2e-5;
    let f = |cx: &Context, mu: &Array| {
        let t = vector(cx, &many[..200]);
        total(cx, &odeint(cx, &vdp(), &vector(cx, &[2.0, 0.0]), &t, std::slice::from_ref(mu), within(1e-10)))
    };
    let found = number(&cx, &grad(&cx, f, &Array::from(1.0)));
    assert!((found / slope - 1.0).abs() < 1e-6, "{found}, {slope}");
}

/// With few states kept the same derivative takes longer.
#[test]
fn little_memory() {
    let cx = Context::new();
    let by = |max_states: usize| {
        let t = vector(&cx, &[0.0, 1.0, 20.0]);
        let f = |cx: &Context, a: &[Array]| {
            total(cx, &odeint(cx, &vdp(), &a[0], &t, &a[1..], Options { max_states, ..DEFAULT }))
        };
        let (_, g) = value_and_grads(&cx, "grad", &one(f), &[vector(&cx, &[2.0, 0.0]), Array::from(1.0)], &[0, 1]);
        (g.iter().flat_map(|g| reals(&cx, g)).collect::<Vec<_>>(), last_report(&cx))
    };
    let (all, report) = by(0);
    assert!(report.states == report.steps && report.stride == 1 && report.steps_again == 0, "{report:?}");
    for most in [1, 2, 3, 7, 20, 40, report.steps - 1] {
        let (few, now) = by(most);
        assert_eq!(few, all, "{most}");
        assert!(now.states <= most.max(2) && now.bytes == 16 * now.states, "{now:?}");
        assert!(now.stride.is_power_of_two() && now.steps_again > 0, "{now:?}");
        if most == 40 {
            assert!(now.steps_again <= now.steps, "{now:?}");
        }
    }
}

/// Shapes and kinds of numbers: none, one, single precision, integers.
#[test]
fn states_of_any_kind() {
    let cx = Context::new();
    let decay = stored(|cx, a| neg(cx, &mul(cx, &a[2], &a[0])));
    let k = Array::from(0.5);
    let f = |t: &Array, options: Options| {
        let (t, decay) = (t.clone(), decay.clone());
        one(move |cx: &Context, a: &[Array]| odeint(cx, &decay, &a[0], &t, &a[1..], options))
    };
    // None.
    let nothing = create::full(&cx, DType::F64, &[0, 2], 0.0);
    let t = vector(&cx, &[0.0, 1.0, 2.0]);
    let (y, g) = value_and_grads(
        &cx,
        "grad",
        &one(|cx: &Context, a: &[Array]| total(cx, &f(&t, DEFAULT)(cx, a)[0])),
        &[nothing.clone(), k.clone()],
        &[0, 1],
    );
    assert_eq!((number(&cx, &y), g[0].shape(), number(&cx, &g[1])), (0.0, &[0, 2][..], 0.0));
    // One time only: the state itself.
    for mode in [Mode::Reverse, Mode::Forward] {
        let alone = f(&vector(&cx, &[3.0]), DEFAULT);
        let args = [vector(&cx, &[1.0, 2.0]), k.clone()];
        assert_eq!(reals(&cx, &alone(&cx, &args)[0]), [1.0, 2.0]);
        assert_eq!(reals(&cx, &jacobian(&cx, &alone, &args, 0, mode)), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(reals(&cx, &jacobian(&cx, &alone, &args, 1, mode)), [0.0, 0.0]);
        let moved = one(|cx: &Context, a: &[Array]| odeint(cx, &decay, &Array::from(1.0), &a[0], &a[1..], DEFAULT));
        assert_eq!(reals(&cx, &jacobian(&cx, &moved, &[vector(&cx, &[3.0]), k.clone()], 0, mode)), [0.0]);
    }
    // Backwards in time, by every argument.
    let back = vector(&cx, &[1.0, 0.25, -1.0]);
    let args = [Array::from(2.0), k.clone()];
    for mode in [Mode::Reverse, Mode::Forward] {
        let truth = [1.0, (0.375f64).exp(), 1f64.exp()];
        let f = f(&back, within(1e-11));
        assert!(worst(&reals(&cx, &jacobian(&cx, &f, &args, 0, mode)), &truth) < 1e-9);
        let truth = [0.0, 1.5 * truth[1], 4.0 * truth[2]];
        assert!(worst(&reals(&cx, &jacobian(&cx, &f, &args, 1, mode)), &truth) < 1e-9);
    }
    // Single precision: of the state, of an argument, of the times.
    let single = |x: &Array| elementwise::astype(&cx, x, DType::F32);
    let (y0, y0_32, k_32) = (vector(&cx, &[1.0, 2.0]), single(&vector(&cx, &[1.0, 2.0])), single(&k));
    for (y0, k, t, tolerance) in
        [(&y0_32, &k_32, single(&t), 1e-4), (&y0_32, &k, t.clone(), 1e-4), (&y0, &k_32, single(&t), 1e-6)]
    {
        let f = |cx: &Context, a: &[Array]| total(cx, &odeint(cx, &decay, &a[0], &a[1], &a[2..], DEFAULT));
        let args = [y0.clone(), t.clone(), k.clone()];
        let (_, g) = value_and_grads(&cx, "grad", &one(f), &args, &[0, 1, 2]);
        for (g, a) in g.iter().zip(&args) {
            assert_eq!((g.dtype(), g.shape()), (a.dtype(), a.shape()));
        }
        let e = |t: f64| (-0.5 * t).exp();
        let whole = 1.0 + e(1.0) + e(2.0);
        assert!(worst(&reals(&cx, &g[0]), &[whole, whole]) < tolerance);
        let truth = [1.5 * (e(1.0) + e(2.0)), -1.5 * e(1.0), -1.5 * e(2.0)];
        assert!(worst(&reals(&cx, &g[1]), &truth) < tolerance, "{:?}", reals(&cx, &g[1]));
        assert!(worst(&reals(&cx, &g[2]), &[-3.0 * (e(1.0) + 2.0 * e(2.0))]) < tolerance);
    }
    // Integers for the state and the times; they count as double precision.
    let (y0, t) = (Array::Plain(ints(&cx, &[2], &[1, 2])), Array::Plain(ints(&cx, &[2], &[0, 2])));
    let f = one(|cx: &Context, a: &[Array]| odeint(cx, &decay, &a[0], &a[1], &a[2..], within(1e-11)));
    let args = [y0, t, k];
    let y = f(&cx, &args).pop().unwrap();
    assert_eq!(y.dtype(), DType::F64);
    let e = (-1f64).exp();
    assert!(worst(&reals(&cx, &y), &[1.0, 2.0, e, 2.0 * e]) < 1e-9);
    for mode in [Mode::Reverse, Mode::Forward] {
        let of = |k: usize| reals(&cx, &jacobian(&cx, &f, &args, k, mode))[2 * [2, 2, 1][k]..].to_vec();
        assert!(worst(&of(0), &[e, 0.0, 0.0, e]) < 1e-9);
        assert!(worst(&of(1), &[0.5 * e, -0.5 * e, e, -e]) < 1e-9);
        assert!(worst(&of(2), &[-2.0 * e, -4.0 * e]) < 1e-9);
    }
    assert!(!cx.failed());
}

/// A complex argument of a real state, and two problems that share an argument.
#[test]
fn arguments_of_any_kind() {
    let cx = Context::new();
    let turning = stored(|cx, a| {
        let w = autograd::ops::complex::imag(cx, &mul(cx, &a[2], &a[2]));
        let (q, p) = (el(cx, &a[0], 0), el(cx, &a[0], 1));
        of(cx, &[mul(cx, &w, &p), neg(cx, &mul(cx, &w, &q))])
    });
    let f = one(move |cx: &Context, a: &[Array]| {
        let go = |t: f64| arrival(turning.clone(), t, within(1e-11))(cx, &[vector(cx, &[0.0, 1.0]), a[0].clone()]);
        // sin(w) + sin(2 w)
        add(cx, &el(cx, &go(1.0), 0), &el(cx, &go(2.0), 0))
    });
    // w = 2 re im
    let z = cx.engine.build::<num_complex::Complex64>(&[], |d| d[0] = num_complex::Complex64::new(0.5, 0.8)).unwrap();
    let g = value_and_grads(&cx, "grad", &f, &[z.into()], &[0]).1.pop().unwrap();
    let slope = 0.8f64.cos() + 2.0 * 1.6f64.cos();
    let g = elements(&cx, &g)[0];
    // The convention of the library: the derivative by the real part, less i times that by the imaginary one.
    assert!((g.re - 1.6 * slope).abs() < 1e-8 && (g.im + 1.0 * slope).abs() < 1e-8, "{g}");
}

/// Numbers near the largest one: squares of them aren't.
#[test]
fn large_numbers() {
    let cx = Context::new();
    let decay = stored(|cx, a| neg(cx, &mul(cx, &a[2], &a[0])));
    let f = arrival(decay, 1.0, within(1e-10));
    let args = [vector(&cx, &[1e200, 2e200]), Array::from(1.0)];
    let e = (-1f64).exp();
    assert!(worst(&reals(&cx, &f(&cx, &args)), &[1e200 * e, 2e200 * e]) < 1e-8);
    let by_k = jacobian(&cx, &one(&f), &args, 1, Mode::Reverse);
    assert!(worst(&reals(&cx, &by_k), &[-1e200 * e, -2e200 * e]) < 1e-8);
    assert!(last_report(&cx).tangent_error.is_finite());
}

/// Steps that end within rounding of the last time, and spans of a few units in the last place.
#[test]
fn ends_are_met() {
    let cx = Context::new();
    let one_per_second = stored(|_, _| Array::from(1.0));
    for (from, to) in [(1.0, 1.0 + f64::EPSILON), (1e9, 1e9 + 1e-6), (0.0, 1e-300), (-3.0, -3.0 - 4.0 * f64::EPSILON)] {
        let y = odeint(&cx, &one_per_second, &Array::from(0.0), &vector(&cx, &[from, to]), &[], DEFAULT);
        assert!((reals(&cx, &y)[1] - (to - from)).abs() <= 1e-14 * (to - from).abs(), "{from} {to}");
    }
    for first_step in [0.1, 1.0 / 3.0, 0.3333333333333333] {
        let options = Options { first_step, max_step: first_step, ..DEFAULT };
        let t = vector(&cx, &[0.0, 1.0]);
        let y = odeint(&cx, &one_per_second, &Array::from(0.0), &t, &[], options);
        assert!((reals(&cx, &y)[1] - 1.0).abs() < 1e-15);
        assert!(last_report(&cx).largest_step <= first_step);
    }
}

fn failure(cx: &Context) -> Error {
    cx.clear_error().expect("something is wrong")
}

#[test]
fn errors_say_what_is_wrong() {
    let cx = Context::new();
    let go = |f: Stored, y0: f64, to: f64, options: Options| {
        odeint(&cx, &f, &Array::from(y0), &vector(&cx, &[0.0, to]), &[], options);
        let e = failure(&cx);
        (e.code, e.message.into_owned(), last_report(&cx))
    };
    let says = |found: &(i32, String, Report), parts: &[&str]| {
        assert!(parts.iter().all(|p| found.1.contains(p)) && found.0 == code::VALUE, "{found:?}");
    };
    let square = || stored(|cx, a| mul(cx, &a[0], &a[0]));
    let e = go(square(), 1.0, 2.0, DEFAULT);
    says(&e, &["ag_odeint: the step size became too small at t = 1.0", "grows without bound", "after ", "element 0"]);
    assert!(e.2.steps > 0 && (e.2.reached - 1.0).abs() < 1e-6 && e.2.evaluations > 6 * e.2.steps, "{e:?}");
    // A jump that is higher than the tolerance is for any step.
    let jump = stored(|cx, a| Array::from(if number(cx, &a[1]) > 0.3 { 1e30 } else { 1.0 }));
    says(&go(jump, 1.0, 1.0, DEFAULT), &["too small at t = 0.29999", "the function jumps there"]);
    let e = go(stored(|cx, a| neg(cx, &a[0])), 1.0, 1.0, Options { max_steps: 1000, ..within(1e-30) });
    says(&e, &["more digits than float64 has", "raise rtol"]);
    let edge = stored(|cx, a| unary(cx, &elementwise::SQRT, &sub(cx, &Array::from(0.5), &a[1])));
    let e = go(edge, 0.0, 1.0, DEFAULT);
    says(&e, &["returns NaN or infinity", "too small at t = 0.49999"]);
    assert!(e.2.invalid > 0 && e.2.invalid <= e.2.rejected, "{e:?}");
    says(
        &go(stored(|cx, a| unary(cx, &elementwise::LOG, &a[0])), -1.0, 1.0, DEFAULT),
        &["the function is NaN or infinite at t = 0"],
    );
    says(&go(square(), f64::NAN, 1.0, DEFAULT), &["the state is NaN or infinite at t = 0, in element 0"]);
    let stiff =
        stored(|cx, a| neg(cx, &mul(cx, &Array::from(1e6), &sub(cx, &a[0], &unary(cx, &elementwise::COS, &a[1])))));
    let e = go(stiff, 1.0, 10.0, Options { max_steps: 500, ..DEFAULT });
    says(&e, &["500 steps led from t = 0 to", "stability limited"]);
    assert!(e.2.limited > e.2.steps / 2 && e.2.stability > 2.5 && e.2.stability < 5.0, "{e:?}");
    // The function's own errors keep their words; their place is added.
    let refuses = stored(|cx, a| {
        if number(cx, &a[1]) > 0.4 {
            cx.fail(Error { code: code::USER + 3, message: "not there".into() })
        } else {
            a[0].clone()
        }
    });
    let e = go(refuses, 1.0, 1.0, DEFAULT);
    assert!(e.0 == code::USER + 3 && e.1.starts_with("not there (at t = 0.") && !e.1.contains("derivative"), "{e:?}");
    let changes = stored(|cx, a| if number(cx, &a[1]) > 0.4 { vector(cx, &[1.0, 2.0]) } else { a[0].clone() });
    let e = go(changes, 1.0, 1.0, DEFAULT);
    assert!(e.0 == code::SHAPE && e.1.contains("returned shape (2,)") && e.1.contains("(at t = 0."), "{e:?}");
}

/// What fails in the sweep or along the tangents says so.
#[test]
fn errors_in_the_derivative() {
    let cx = Context::new();
    let broken = Rc::new(Cell::new(0));
    let f = {
        let broken = broken.clone();
        stored(move |cx, a| match broken.get() {
            1 => cx.fail(Error { code: code::USER + 1, message: "out of order".into() }),
            2 => vector(cx, &[1.0, 2.0]),
            _ => mul(cx, &a[2], &a[0]),
        })
    };
    let go = |how: i32, backwards: bool, max_states: usize| {
        broken.set(0);
        let args = [Array::from(1.0), Array::from(0.5)];
        let solve = arrival(f.clone(), 1.0, Options { backwards, max_states, ..DEFAULT });
        let recorded = autograd::operators::grad::record(&cx, &one(&solve), &args, &[0, 1]);
        broken.set(how);
        recorded.pull(&cx, &[Array::from(1.0)], true);
        autograd::operators::grad::close(&cx, recorded);
        broken.set(0);
        failure(&cx)
    };
    for (backwards, few) in [(false, 0), (false, 2), (true, 0)] {
        let e = go(1, backwards, few);
        assert_eq!(e.code, code::USER + 1);
        assert!(e.message.starts_with("out of order (at t = ") && e.message.contains(", in the derivative)"), "{e}");
        let e = go(2, backwards, few);
        assert!(e.message.contains(", in the derivative)"), "{e}");
    }
    // Nothing is left open: the next derivative is right.
    let e = grad(&cx, |cx, y| arrival(f.clone(), 1.0, DEFAULT)(cx, &[y.clone(), Array::from(0.5)]), &Array::from(1.0));
    assert!((number(&cx, &e) - 0.5f64.exp()).abs() < 1e-6);
    assert_eq!(cx.trace.top(), 0);
    // A derivative larger than any number, of a state that isn't.
    let unstable = stored(|cx, a| mul(cx, &Array::from(1000.0), &a[0]));
    let short = Options { max_step: 0.004, ..DEFAULT };
    let g = |cx: &Context, y: &Array| arrival(unstable.clone(), 1.0, short)(cx, std::slice::from_ref(y));
    let y0 = Array::from(0.0);
    for forward in [false, true] {
        if forward {
            let f = one(|cx: &Context, a: &[Array]| g(cx, &a[0]));
            jvp(&cx, &f, std::slice::from_ref(&y0), &[0], &[Array::from(1.0)]);
        } else {
            grad(&cx, g, &y0);
        }
        let e = failure(&cx);
        assert!(e.message.contains("the derivative became NaN or infinite at t = "), "{e}");
        assert!(e.message.contains("in the derivative"), "{e}");
    }
    // What is NaN from outside stays NaN.
    let args = [Array::from(1.0), Array::from(0.5)];
    let solve = arrival(f.clone(), 1.0, DEFAULT);
    let recorded = autograd::operators::grad::record(&cx, &one(&solve), &args, &[0, 1]);
    let pulled = recorded.pull(&cx, &[Array::from(f64::NAN)], true);
    autograd::operators::grad::close(&cx, recorded);
    assert!(pulled.iter().all(|x| number(&cx, x).is_nan()));
}

/// The report is that of the problem worked on last, and counts its derivatives.
#[test]
fn reports() {
    let cx = Context::new();
    assert_eq!(last_report(&cx), Report::default());
    let solve = arrival(vdp(), 10.0, DEFAULT);
    let args = [vector(&cx, &[2.0, 0.0]), Array::from(1.0)];
    solve(&cx, &args);
    let plain = last_report(&cx);
    assert!(plain.steps > 100 && plain.states == 0 && plain.derivatives == 0, "{plain:?}");
    assert_eq!(plain.evaluations, 2 + 6 * (plain.steps + plain.rejected));
    assert!(
        plain.smallest_step > 0.0 && plain.smallest_step <= plain.last_step && plain.last_step <= plain.largest_step
    );
    assert!(plain.reached == 10.0 && plain.stability > 0.0 && plain.stability < 3.5);
    // Of two problems the sweep comes to the first one last.
    let f = |cx: &Context, mu: &Array| {
        let first = solve(cx, &[vector(cx, &[2.0, 0.0]), mu.clone()]);
        let second = arrival(vdp(), 1.0, DEFAULT)(cx, &[vector(cx, &[2.0, 0.0]), mu.clone()]);
        assert_eq!(last_report(cx).reached, 1.0);
        total(cx, &mul(cx, &first, &second))
    };
    grad(&cx, f, &args[1]);
    let now = last_report(&cx);
    let solution = Report { states: now.states, stride: 1, bytes: now.bytes, ..plain };
    assert_eq!(now.states, now.steps);
    assert_eq!((now.derivatives, now.derivative_steps, now.steps_again), (1, now.steps, 0));
    assert_eq!((now.derivative_reached, now.derivative_evaluations), (0.0, 6 * now.steps));
    assert!(now.cotangent_error > 0.1 && now.cotangent_error < 100.0);
    let undone = Report { derivatives: 0, derivative_steps: 0, derivative_evaluations: 0, cotangent_error: 0.0, ..now };
    assert_eq!(undone, solution);
}
