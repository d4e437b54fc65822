//! Every operation whose own first steps fail says so, at any order of recording, and panics nowhere.

mod helpers;

use autograd::array::DType;
use autograd::operators::diagnosis::{Anomaly, Diagnosis};
use autograd::operators::grad::box_on;
use autograd::ops::elementwise::{self, binary};
use autograd::registry::{Derivative, entries};
use autograd::trace::{Array, Context};
use helpers::*;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::rc::Rc;
use std::sync::Once;

thread_local! {
    /// Where the last panic was.
    static PLACE: Cell<String> = const { Cell::new(String::new()) };
}

/// Runs every operation on arguments that `prepare` has seen last, plain and recorded. How many failed, and which panicked.
fn failures(prepare: impl Fn(&Context, &Rc<Diagnosis>, Vec<Array>) -> Vec<Array>) -> (usize, Vec<String>) {
    let (mut failed, mut panicked) = (0, Vec::new());
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            if !place.contains("src/registry/") {
                before(info);
            }
            PLACE.set(place);
        }));
    });
    for entry in entries() {
        for case in &entry.cases {
            for &dtype in entry.dtypes.iter().filter(|d| matches!(d, DType::F64 | DType::C128)) {
                for recorded in [false, true] {
                    if recorded && entry.derivative != Derivative::Both {
                        continue;
                    }
                    let cx = Context::new();
                    let diagnosis = Rc::new(Diagnosis::default());
                    let drawn = case.args.iter().enumerate().map(|(k, a)| draw(&cx, a, dtype, 10 + k as u64)).collect();
                    let mut args = prepare(&cx, &diagnosis, drawn);
                    if recorded {
                        let level = cx.trace.open(true);
                        args = args.iter().map(|x| box_on(&cx, level, x)).collect();
                    }
                    if cx.failed() {
                        continue;
                    }
                    let run = || {
                        let y = (case.run)(&cx, &args);
                        let _ = cx.tensor(&y.plain());
                    };
                    if catch_unwind(AssertUnwindSafe(run)).is_err() {
                        let place = PLACE.take();
                        // What a case needs itself is there, it takes for granted.
                        if !place.contains("src/registry/") {
                            panicked.push(format!("{} {} {}: {place}", entry.name, case.label, dtype.name()));
                        }
                    }
                    failed += usize::from(cx.failed());
                }
            }
        }
    }
    panicked.dedup();
    (failed, panicked)
}

#[test]
fn arguments_that_are_anomalies() {
    let (failed, panicked) = failures(|cx, diagnosis, args| {
        let nan = Array::from(f64::NAN);
        let spoiled =
            args.iter().map(|x| binary(cx, &elementwise::MUL, x, &nan)).map(|x| cx.tensor(&x).map(Array::from));
        let spoiled = spoiled.map(|x| x.expect("a product")).collect();
        diagnosis.begin_anomaly(cx, Anomaly::default());
        spoiled
    });
    assert!(panicked.is_empty(), "{panicked:#?}");
    assert!(failed > 500, "only {failed} failed");
}

#[test]
fn no_memory() {
    let (failed, panicked) = failures(|cx, _, args| {
        cx.engine.heap.trim();
        cx.engine.heap.pool.set_limit(cx.engine.heap.pool.stats().in_use.max(1));
        args
    });
    assert!(panicked.is_empty(), "{panicked:#?}");
    assert!(failed > 500, "only {failed} failed");
}
