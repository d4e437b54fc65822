//! Walks the registry of operations: every case against differences, in every mode, dtype and layout.

mod helpers;

use autograd::array::DType::{self, *};
use autograd::operators::check::{Modes, Options, check_grads};
use autograd::operators::grad::{one, record};
use autograd::ops::create;
use autograd::ops::elementwise;
use autograd::registry::{Case, Derivative, Domain, Entry, ORDERS, entries, render};
use autograd::trace::{Array, Context};
use helpers::*;

/// The registry's large shapes are larger than this; in these tests they are computed deferred.
const LARGE: usize = 1024;

/// Collects what fails, so that one run shows everything.
#[derive(Default)]
struct Report {
    cases: usize,
    failures: Vec<String>,
}

impl Report {
    fn check(&mut self, what: String, result: Result<(), String>) {
        self.cases += 1;
        if let Err(e) = result {
            self.failures.push(format!("{what}: {e}"));
        }
    }

    fn finish(self, at_least: usize) {
        println!("{} cases", self.cases);
        assert!(self.failures.is_empty(), "{} of {}:\n{}", self.failures.len(), self.cases, self.failures.join("\n"));
        assert!(self.cases >= at_least, "only {} cases", self.cases);
    }
}

fn arguments(cx: &Context, case: &Case, dtype: DType) -> Vec<Array> {
    case.args.iter().enumerate().map(|(k, a)| draw(cx, a, dtype, 10 + k as u64)).collect()
}

fn differentiable() -> impl Iterator<Item = Entry> {
    entries().into_iter().filter(|e| e.derivative == Derivative::Both)
}

fn check(cx: &Context, case: &Case, args: &[Array], order: u32) -> Result<(), String> {
    let options = Options { order, modes: Modes { reverse: true, forward: true }, ..Options::default() };
    let result = check_grads(cx, &one(|cx: &Context, a: &[Array]| (case.run)(cx, a)), args, options);
    cx.clear_error();
    result.map_err(|e| e.to_string())
}

fn walk(dtypes: &[DType], small: usize, at_least: usize) {
    let mut report = Report::default();
    for entry in differentiable() {
        for case in &entry.cases {
            for &dtype in dtypes.iter().filter(|d| entry.dtypes.contains(d)) {
                let cx = deferring(small);
                let args = arguments(&cx, case, dtype);
                let what = format!("{} {} {}", entry.name, case.label, dtype.name());
                report.check(what, check(&cx, case, &args, ORDERS));
            }
        }
    }
    report.finish(at_least);
}

#[test]
fn every_case_in_double_precision() {
    walk(&[F64], LARGE, 400);
}

/// The same with nothing computed before it is asked for.
#[test]
fn every_case_put_off() {
    walk(&[F64, C128], 0, 700);
}

#[test]
fn every_case_of_complex_numbers() {
    walk(&[C128], LARGE, 300);
}

/// Large steps cross kinks, so differences are taken of few elements and of smooth functions only; everything is
/// compared with double precision.
#[test]
fn every_case_in_single_precision() {
    const KINKS: [&str; 9] = [
        "ag_mod",
        "ag_fmod",
        "ag_divmod",
        "ag_maximum",
        "ag_minimum",
        "ag_fmax",
        "ag_fmin",
        "ag_clip",
        "ag_clip_arrays",
    ];
    let mut report = Report::default();
    for entry in differentiable() {
        for case in &entry.cases {
            for &dtype in [F32, C64].iter().filter(|d| entry.dtypes.contains(d)) {
                let cx = deferring(LARGE);
                let args = arguments(&cx, case, dtype);
                let wide = if dtype == F32 { F64 } else { C128 };
                let widened: Vec<Array> = args.iter().map(|a| elementwise::astype(&cx, a, wide)).collect();
                let (a, b) = (outcome_parts(&cx, case, &args), outcome_parts(&cx, case, &widened));
                let worst = a.iter().zip(&b).fold(0.0, |m: f64, (a, b)| {
                    let (a, b) = (elements(&cx, a), elements(&cx, b));
                    let scale = b.iter().fold(1.0, |m: f64, z| m.max(z.norm()));
                    m.max(distance(&a, &b, epsilon(dtype), scale))
                });
                let what = format!("{} {} {}", entry.name, case.label, dtype.name());
                let close = if worst <= 40.0 { Ok(()) } else { Err(format!("{worst} eps from double precision")) };
                report.check(what.clone(), close);
                if args.iter().all(|a| a.size() <= 100) && !KINKS.contains(&entry.name) {
                    report.check(what, check(&cx, case, &args, ORDERS));
                }
            }
        }
    }
    report.finish(2000);
}

#[test]
fn every_case_of_views() {
    let mut report = Report::default();
    for entry in differentiable() {
        for case in &entry.cases {
            for dtype in [F64, C128].into_iter().filter(|d| entry.dtypes.contains(d)) {
                let cx = deferring(LARGE);
                let args = arguments(&cx, case, dtype);
                let others: Vec<_> = args.iter().map(|a| layouts(&cx, a)).collect();
                for k in 0..3 {
                    if others.iter().all(|o| o.is_empty()) {
                        break;
                    }
                    let viewed: Vec<Array> =
                        args.iter().zip(&others).map(|(a, o)| o.get(k).map_or(a, |o| &o.1).clone()).collect();
                    let what = format!("{} {} {} view {k}", entry.name, case.label, dtype.name());
                    let same = distance(
                        &elements(&cx, &(case.run)(&cx, &args)),
                        &elements(&cx, &(case.run)(&cx, &viewed)),
                        f64::EPSILON,
                        1.0,
                    );
                    let result = if same > 100.0 { Err(format!("another value by {same} eps")) } else { Ok(()) };
                    report.check(what, result.and_then(|()| check(&cx, case, &viewed, 1)));
                }
                if case.args.iter().any(|a| a.domain == Domain::Distinct) {
                    continue;
                }
                let broadcast: Vec<Array> =
                    args.iter().map(|a| repeated(&cx, a).unwrap_or_else(|| a.clone())).collect();
                let what = format!("{} {} {} broadcast", entry.name, case.label, dtype.name());
                report.check(what, check(&cx, case, &broadcast, 1));
            }
        }
    }
    report.finish(4000);
}

/// Numbers live without a buffer and are recorded with their partial derivatives; the same as arrays of rank 0 goes
/// the general way. Both must give the same, in every combination.
#[test]
fn numbers_and_arrays_of_rank_0_agree() {
    let mut report = Report::default();
    for entry in differentiable() {
        for case in entry.cases.iter().filter(|c| c.args.iter().all(|a| a.shape.is_empty())) {
            let cx = deferring(LARGE);
            let numbers = arguments(&cx, case, F64);
            assert!(numbers.iter().all(|a| matches!(a, Array::Number { .. })));
            let want: Vec<f64> = outcome(&cx, case, &numbers);
            for mask in 0..1 << numbers.len() {
                let mixed: Vec<Array> = numbers
                    .iter()
                    .enumerate()
                    .map(|(k, a)| if mask >> k & 1 == 1 { rank0(&cx, number(&cx, a)) } else { a.clone() })
                    .collect();
                let what = format!("{} {} as arrays {mask:b}", entry.name, case.label);
                let got = outcome(&cx, case, &mixed);
                let close = got.len() == want.len()
                    && got.iter().zip(&want).all(|(a, b)| (a - b).abs() <= 1e-14 * (1.0 + a.abs()));
                report.check(what.clone(), if close { Ok(()) } else { Err(format!("{got:?}, not {want:?}")) });
                report.check(what, check(&cx, case, &mixed, 3));
            }
        }
    }
    report.finish(200);
}

/// Value, VJPs and JVP of a case, all elements.
fn outcome(cx: &Context, case: &Case, args: &[Array]) -> Vec<f64> {
    outcome_parts(cx, case, args).iter().flat_map(|p| elements(cx, p)).flat_map(|z| [z.re, z.im]).collect()
}

fn outcome_parts(cx: &Context, case: &Case, args: &[Array]) -> Vec<Array> {
    let run = |cx: &Context, a: &[Array]| (case.run)(cx, a);
    let all: Vec<usize> = (0..args.len()).collect();
    let value = run(cx, args);
    let seed = {
        let t = create::random(cx, 3, F64, value.shape(), create::Random::Uniform(0.5, 1.5)).unwrap();
        elementwise::astype(cx, &Array::from(t), value.dtype().inexact())
    };
    let mut parts = vec![value];
    let recorded = record(cx, &one(run), args, &all);
    parts.extend(recorded.pull(cx, &[seed], true));
    autograd::operators::grad::close(cx, recorded);
    let tangents: Vec<Array> = args.to_vec();
    parts.extend(autograd::operators::grad::jvp(cx, &one(run), args, &all, &tangents).1);
    assert!(!cx.failed(), "{:?}", cx.error());
    parts
}

#[test]
fn gradients_keep_shape_and_dtype() {
    let mut report = Report::default();
    for entry in differentiable() {
        for case in &entry.cases {
            for &dtype in entry.dtypes {
                let cx = deferring(LARGE);
                let args = arguments(&cx, case, dtype);
                let parts = outcome_parts(&cx, case, &args);
                for (k, (g, a)) in parts[1..].iter().zip(&args).enumerate() {
                    let what = format!("{} {} {} argument {k}", entry.name, case.label, dtype.name());
                    let same = g.shape() == a.shape() && g.dtype() == a.dtype();
                    report.check(what, if same { Ok(()) } else { Err(format!("{:?} {:?}", g.shape(), g.dtype())) });
                }
                let (value, tangent) = (&parts[0], parts.last().unwrap());
                let what = format!("{} {} {} tangent", entry.name, case.label, dtype.name());
                let same = tangent.shape() == value.shape() && tangent.dtype() == value.dtype();
                let keeps = entry.name == "ag_astype" || value.dtype() == dtype || value.dtype() == dtype.real();
                let text = || format!("{:?} {:?}", value.dtype(), tangent.dtype());
                report.check(what, if same && keeps { Ok(()) } else { Err(text()) });
            }
        }
    }
    report.finish(2000);
}

#[test]
fn deferred_and_eager_agree() {
    let mut report = Report::default();
    for entry in differentiable() {
        for case in entry.cases.iter().filter(|c| c.args.iter().any(|a| a.shape.iter().product::<usize>() > LARGE)) {
            for &dtype in entry.dtypes {
                let run = |eager: bool| {
                    let cx = deferring(LARGE);
                    cx.engine.set_eager(eager);
                    let args = arguments(&cx, case, dtype);
                    let parts = outcome_parts(&cx, case, &args);
                    parts.iter().map(|p| elements(&cx, p)).collect::<Vec<_>>()
                };
                let (a, b) = (run(false), run(true));
                let worst = a.iter().zip(&b).fold(0.0, |m: f64, (a, b)| {
                    // Sums of many terms differ by the order of additions: relative to the largest element.
                    let scale = if a.len() < 100 { 30.0 } else { 1e-3 };
                    m.max(distance(a, b, epsilon(dtype), scale))
                });
                let what = format!("{} {} {}", entry.name, case.label, dtype.name());
                report.check(what, if worst <= 16.0 { Ok(()) } else { Err(format!("{worst} eps apart")) });
            }
        }
    }
    report.finish(300);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let shape: &'static [usize] = &[700, 601];
    let mut cases = 0;
    for entry in differentiable() {
        let family = entry.family;
        let large = entry.cases.iter().filter(|c| {
            c.args.iter().any(|a| a.shape.iter().product::<usize>() > LARGE)
                && (family.starts_with("element-wise") || family == "reductions")
        });
        // One case per element-wise function is enough; of reductions every axis matters.
        let count = if family == "reductions" { 3 } else { 1 };
        for case in large.take(count) {
            let run = |threads: usize| {
                let cx = deferring(LARGE);
                cx.engine.set_threads(threads);
                let args: Vec<Array> = case
                    .args
                    .iter()
                    .enumerate()
                    .map(|(k, a)| {
                        let grown = autograd::registry::Arg {
                            shape: if a.shape.len() == 2 && a.shape[1] > 1 && a.shape[0] > 1 { shape } else { &[] },
                            ..*a
                        };
                        draw(&cx, &grown, F64, 7 + k as u64)
                    })
                    .collect();
                let parts = outcome_parts(&cx, case, &args);
                parts.iter().map(|p| elements(&cx, p)).collect::<Vec<_>>()
            };
            let bits = |parts: Vec<Vec<num_complex::Complex64>>| -> Vec<u64> {
                parts.iter().flatten().map(|z| z.re.to_bits()).collect()
            };
            assert!(bits(run(1)) == bits(run(3)), "{} {}", entry.name, case.label);
            cases += 1;
        }
    }
    println!("{cases} cases");
    assert!(cases >= 60);
}

#[test]
fn constant_operations_have_zero_gradients() {
    let mut cases = 0;
    for entry in entries().iter().filter(|e| e.derivative != Derivative::Both) {
        for case in &entry.cases {
            for &dtype in entry.dtypes {
                let cx = deferring(LARGE);
                let args = arguments(&cx, case, dtype);
                let all: Vec<usize> = (0..args.len()).collect();
                let f = one(|cx: &Context, a: &[Array]| {
                    let y = (case.run)(cx, a);
                    assert!(cx.failed() || y.level(&cx.trace) == 0, "{} returns plain arrays", entry.name);
                    elementwise::astype(cx, &y, F64)
                });
                let recorded = record(&cx, &f, &args, &all);
                let value = recorded.value();
                assert!(!cx.failed(), "{} {} {}: {:?}", entry.name, case.label, dtype.name(), cx.error());
                let g = create::full(&cx, F64, value.shape(), 1.0);
                let pulled = recorded.pull(&cx, &[g], true);
                autograd::operators::grad::close(&cx, recorded);
                assert!(cx.independent.get());
                for (g, a) in pulled.iter().zip(&args) {
                    assert_eq!((g.shape(), g.dtype()), (a.shape(), a.dtype()));
                    assert!(elements(&cx, g).iter().all(|z| z.norm() == 0.0));
                }
                cases += 1;
            }
        }
    }
    println!("{cases} cases");
    assert!(cases > 700);
}

#[test]
fn names_are_unique_and_every_entry_has_cases() {
    let list = entries();
    for (i, e) in list.iter().enumerate() {
        assert!(!e.cases.is_empty() && !e.dtypes.is_empty(), "{}", e.name);
        assert!(list[..i].iter().all(|o| o.name != e.name), "{} twice", e.name);
    }
}

#[test]
fn the_documented_table_is_a_fresh_rendering() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
    let fresh = render();
    if std::env::var_os("AUTOGRAD_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == fresh,
        "docs/operations.md is not up to date; AUTOGRAD_UPDATE_DOCS=1 cargo test --test gradients writes it"
    );
}
