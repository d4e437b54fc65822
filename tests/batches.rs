//! Many cotangents in one sweep, many tangents in one pass: every case of the registry against one after the other.

mod helpers;

use autograd::array::DType::{self, C128, F64};
use autograd::array::Element;
use autograd::operators::grad::{close, jvp, one, record};
use autograd::operators::jacobian::{Mode, hessian, jacobian};
use autograd::ops::elementwise;
use autograd::ops::{reduce, shape};
use autograd::registry::{Case, Derivative, entries};
use autograd::trace::{Array, Context};
use helpers::*;

/// The unit vectors of the space of `x`, along a new first axis.
fn units(cx: &Context, x: &Array) -> Array {
    let n = x.size();
    let block = cx.engine.build::<f64>(&shape::behind(n, x.shape()), |d| {
        d.fill(f64::default());
        d.iter_mut().step_by(n + 1).take(n).for_each(|d| *d = f64::from_f64(1.0));
    });
    elementwise::astype(cx, &block.unwrap().into(), x.dtype().inexact())
}

/// The primal of a batch, or the one value for all.
fn opened(cx: &Context, level: u64, n: usize, x: &Array) -> Array {
    x.layer(level).map_or_else(|| shape::broadcast_to(cx, x, &shape::behind(n, x.shape())), |(_, primal)| primal)
}

fn agree(cx: &Context, what: &str, a: &Array, b: &Array) -> Result<(), String> {
    if let Some(e) = cx.clear_error() {
        return Err(format!("{what}: {e}"));
    }
    if a.shape() != b.shape() || a.dtype() != b.dtype() {
        let (p, q) = (a.dtype().name(), b.dtype().name());
        return Err(format!("{what}: shape {:?} and dtype {p}, not {:?} and {q}", a.shape(), b.shape()));
    }
    let (x, y) = (elements(cx, a), elements(cx, b));
    let scale = y.iter().fold(1.0, |m: f64, z| m.max(z.norm()));
    match x.iter().zip(&y).position(|(x, y)| (x - y).norm() > 1e-11 * scale) {
        Some(i) => Err(format!("{what}: element {i} is {}, not {}", x[i], y[i])),
        None => Ok(()),
    }
}

/// Rows and columns of the Jacobian with respect to each argument, together and one by one.
fn check(cx: &Context, case: &Case, args: &[Array]) -> Result<usize, String> {
    let f = one(|cx: &Context, a: &[Array]| (case.run)(cx, a));
    let mut checked = 0;
    for argnum in 0..args.len() {
        let x = &args[argnum];
        let recorded = record(cx, &f, args, &[argnum]);
        let y = recorded.value();
        let (m, n) = (y.size(), x.size());
        if m * n > 4000 || !y.dtype().is_inexact() {
            close(cx, recorded);
            continue;
        }
        if m > 0 {
            let level = cx.trace.open_batch(m);
            let pulled = recorded.pull(cx, &[Array::batch(level, units(cx, &y))], false).pop().unwrap_or_default();
            let together = opened(cx, level, m, &pulled);
            cx.trace.close(level);
            let seeds = units(cx, &y);
            let alone: Vec<Array> = (0..m)
                .map(|i| recorded.pull(cx, &[shape::element(cx, &seeds, i)], false).pop().unwrap_or_default())
                .collect();
            let alone = shape::stack(cx, &alone.iter().collect::<Vec<_>>(), 0);
            agree(cx, "rows", &together, &alone)?;
            checked += 1;
        }
        close(cx, recorded);
        if n > 0 {
            let level = cx.trace.open_batch(n);
            let tangent = Array::batch(level, units(cx, x));
            let pushed = jvp(cx, &f, args, &[argnum], &[tangent]).1.pop().unwrap_or_default();
            let together = opened(cx, level, n, &pushed);
            cx.trace.close(level);
            let seeds = units(cx, x);
            let alone: Vec<Array> = (0..n)
                .map(|i| jvp(cx, &f, args, &[argnum], &[shape::element(cx, &seeds, i)]).1.pop().unwrap_or_default())
                .collect();
            let alone = shape::stack(cx, &alone.iter().collect::<Vec<_>>(), 0);
            agree(cx, "columns", &together, &alone)?;
            checked += 1;
        }
    }
    Ok(checked)
}

fn walk(dtype: DType, small: usize, at_least: usize) {
    let (mut checked, mut failures) = (0, Vec::new());
    for entry in entries().into_iter().filter(|e| e.derivative == Derivative::Both && e.dtypes.contains(&dtype)) {
        for case in &entry.cases {
            let cx = deferring(small);
            let args: Vec<Array> =
                case.args.iter().enumerate().map(|(k, a)| draw(&cx, a, dtype, 10 + k as u64)).collect();
            match check(&cx, case, &args) {
                Ok(n) => checked += n,
                Err(e) => failures.push(format!("{} {} {}: {e}", entry.name, case.label, dtype.name())),
            }
        }
    }
    println!("{checked} Jacobians");
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
    assert!(checked >= at_least, "only {checked} were compared");
}

#[test]
fn every_case() {
    walk(F64, 1024, 2000);
}

#[test]
fn every_case_put_off() {
    walk(F64, 0, 2000);
}

#[test]
fn every_case_of_complex_numbers() {
    walk(C128, 1024, 1000);
}

/// By rows, by columns, and what is chosen; Hessians of both kinds; a Jacobian inside a gradient.
#[test]
fn operators() {
    let cx = Context::new();
    let x = vector(&cx, &[0.3, -0.7, 1.1]);
    let wide = one(|cx: &Context, a: &[Array]| {
        let outer = elementwise::binary(cx, &elementwise::MUL, &shape::reshape(cx, &a[0], &[3, 1]), &a[0]);
        shape::concatenate(cx, &[&outer, &elementwise::unary(cx, &elementwise::SIN, &outer)], 0)
    });
    let args = std::slice::from_ref(&x);
    let by_rows = jacobian(&cx, &wide, args, 0, Mode::Reverse);
    assert_eq!(by_rows.shape(), [6, 3, 3]);
    for mode in [Mode::Forward, Mode::Automatic] {
        agree(&cx, "mode", &jacobian(&cx, &wide, args, 0, mode), &by_rows).unwrap();
    }
    // sum of exp(x_i x_j) over the matrix: Hessian by columns of the gradient, and by rows.
    let scalar = one(|cx: &Context, a: &[Array]| {
        let outer = elementwise::binary(cx, &elementwise::MUL, &shape::reshape(cx, &a[0], &[3, 1]), &a[0]);
        let e = elementwise::unary(cx, &elementwise::EXP, &outer);
        reduce::sum(cx, &e, &reduce::all_axes(&e), false)
    });
    let inner = one(|cx: &Context, a: &[Array]| jacobian(cx, &scalar, a, 0, Mode::Reverse));
    let twice = jacobian(&cx, &inner, args, 0, Mode::Reverse);
    agree(&cx, "Hessian", &hessian(&cx, &scalar, args, 0), &twice).unwrap();
    // The gradient of the sum of squares of a Jacobian, in both modes.
    let squares = |mode: Mode| {
        move |cx: &Context, a: &[Array]| {
            let f = one(|cx: &Context, a: &[Array]| {
                let outer = elementwise::binary(cx, &elementwise::MUL, &shape::reshape(cx, &a[0], &[3, 1]), &a[0]);
                elementwise::unary(cx, &elementwise::SIN, &outer)
            });
            let j = jacobian(cx, &f, a, 0, mode);
            let s = elementwise::unary(cx, &elementwise::SQUARE, &j);
            reduce::sum(cx, &s, &reduce::all_axes(&s), false)
        }
    };
    let by_rows = jacobian(&cx, &one(squares(Mode::Reverse)), args, 0, Mode::Reverse);
    agree(&cx, "nested", &jacobian(&cx, &one(squares(Mode::Forward)), args, 0, Mode::Reverse), &by_rows).unwrap();
    agree(&cx, "nested", &jacobian(&cx, &one(squares(Mode::Reverse)), args, 0, Mode::Forward), &by_rows).unwrap();
}
