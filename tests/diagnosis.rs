//! Watching changes nothing, finds what went wrong, and tells it.

mod helpers;

use autograd::array::DType;
use autograd::error::code;
use autograd::operators::check::{self, Modes, Options};
use autograd::operators::checkpoint::{Stored, checkpoint};
use autograd::operators::diagnosis::graph::{Graph, Shown};
use autograd::operators::diagnosis::profile::PASSES;
use autograd::operators::diagnosis::{Anomaly, Diagnosis, svg, text};
use autograd::operators::grad::{box_on, jvp, one, value_and_grads};
use autograd::operators::jacobian::{Mode, jacobian};
use autograd::ops::elementwise::{self, unary};
use autograd::ops::index::{self, Item, Plan};
use autograd::ops::take::{self, Outside};
use autograd::ops::{arrange, diagonal, order, pad, scan, shape};
use autograd::registry::{Derivative, entries};
use autograd::trace::sweep::pull_back;
use autograd::trace::{Array, Context, Kept, Primitive, apply};
use helpers::*;
use std::rc::Rc;

fn log(cx: &Context, x: &Array) -> Array {
    unary(cx, &elementwise::LOG, x)
}

fn sqrt(cx: &Context, x: &Array) -> Array {
    unary(cx, &elementwise::SQRT, x)
}

fn message(cx: &Context) -> String {
    let e = cx.clear_error().expect("an error is pending");
    assert_eq!(e.code, code::ANOMALY, "{e}");
    e.message.into_owned()
}

fn bits(cx: &Context, x: &Array) -> Vec<[u64; 2]> {
    elements(cx, x).iter().map(|z| [z.re.to_bits(), z.im.to_bits()]).collect()
}

/// Value and gradients of every operation are the same bits, whoever watches, and every picture can be drawn.
#[test]
fn watching_changes_nothing() {
    let mut cases = 0;
    for entry in entries().into_iter().filter(|e| e.derivative == Derivative::Both) {
        for case in &entry.cases {
            for &dtype in entry.dtypes.iter().filter(|d| matches!(d, DType::F64 | DType::C64)) {
                let run = |watch: usize| {
                    let cx = Context::new();
                    let diagnosis = Rc::new(Diagnosis::default());
                    let args: Vec<Array> =
                        case.args.iter().enumerate().map(|(k, a)| draw(&cx, a, dtype, 10 + k as u64)).collect();
                    match watch {
                        1 => diagnosis.begin_detail(&cx, 4),
                        2 => diagnosis.begin_profile(&cx, true).unwrap(),
                        _ => {}
                    }
                    let level = cx.trace.open(true);
                    let boxed: Vec<Array> = args.iter().map(|x| box_on(&cx, level, x)).collect();
                    let y = (case.run)(&cx, &boxed);
                    let tape = cx.trace.level(level).and_then(|l| l.tape).unwrap();
                    let mut found = vec![bits(&cx, &y)];
                    if let Some(((node, _), primal)) = y.layer(level) {
                        let inputs: Vec<u32> = boxed.iter().map(|x| x.layer(level).unwrap().0.0).collect();
                        let g = if primal.size() == 1 && primal.ndim() == 0 && primal.dtype() == DType::F64 {
                            Array::from(1.0)
                        } else {
                            autograd::ops::create::full(&cx, primal.dtype(), primal.shape(), 1.0)
                        };
                        let grads = pull_back(&cx, &tape, &[(node, g)], &inputs, false);
                        found.extend(grads.iter().filter(|g| !g.is_null()).map(|g| bits(&cx, g)));
                    }
                    if watch == 1 {
                        let graph = Graph::of(&tape.borrow());
                        let svg = svg::of_tape(&tape.borrow(), Shown::default(), 600).unwrap();
                        assert_eq!(svg.matches("<rect").count(), graph.nodes.len() + 1 + legend(&svg), "{svg}");
                        let text = text::tape_to_text(&tape.borrow(), Shown::default());
                        assert_eq!(text.lines().count(), graph.nodes.len());
                        assert!(!text.contains("a number"), "numbers have names: {text}");
                    }
                    assert!(!cx.failed(), "{} {}: {:?}", entry.name, case.label, cx.error());
                    found
                };
                let plain = run(0);
                assert_eq!(plain, run(1), "{} {} {}", entry.name, case.label, dtype.name());
                assert_eq!(plain, run(2), "{} {} {}, profiled", entry.name, case.label, dtype.name());
                cases += 1;
            }
        }
    }
    assert!(cases > 600, "only {cases} cases");
}

/// Boxes of a picture's legend.
fn legend(svg: &str) -> usize {
    svg.matches("width=\"16\" height=\"12\"").count()
}

#[test]
fn the_first_anomaly_stops() {
    let cx = Context::new();
    let d = Rc::new(Diagnosis::default());
    let x = array(&cx, &[2, 2], &[1.0, 2.0, 0.0, 4.0]);
    d.label(&cx, &x, "weights");
    d.begin_anomaly(&cx, Anomaly::default());
    d.here("model.c", 42);
    // In an operation.
    assert!(log(&cx, &x).is_null());
    assert_eq!(
        message(&cx),
        "ag_log: the result, f64[2, 2], is -inf at [1, 0]; of args[0] f64[2, 2] \"weights\"; called at model.c:42"
    );
    let nan = array(&cx, &[2], &[1.0, f64::NAN]);
    add(&cx, &nan, &Array::from(2.0));
    let text = message(&cx);
    assert!(text.contains("is NaN at [1]; of args[0] f64[2] is NaN already, args[1] f64[] = 2;"), "{text}");
    // In a derivative rule, long after the operation; its line is remembered.
    let y = |cx: &Context, x: &Array| {
        d.here("model.c", 50);
        let y = sqrt(cx, x);
        d.here("model.c", 60);
        total(cx, &y)
    };
    assert!(grad(&cx, y, &x).is_null());
    let text = message(&cx);
    assert!(text.starts_with("ag_sqrt: the derivative with respect to args[0] f64[2, 2] \"weights\" is inf"), "{text}");
    assert!(
        text.contains("at [1, 0]; the cotangent of the result, f64[2, 2], is finite; called at model.c:50"),
        "{text}"
    );
    // The same of numbers, which are recorded without operations when nobody watches.
    assert!(grad(&cx, sqrt, &Array::from(0.0)).is_null());
    let text = message(&cx);
    assert!(text.starts_with("ag_sqrt: the derivative with respect to args[0] f64[] is inf"), "{text}");
    // In forward mode.
    let root = one(|cx: &Context, a: &[Array]| sqrt(cx, &a[0]));
    let xs = std::slice::from_ref(&x);
    jvp(&cx, &root, xs, &[0], xs);
    assert!(!cx.failed(), "0 times infinity counts as 0");
    let ones = array(&cx, &[2, 2], &[1.0; 4]);
    jvp(&cx, &root, xs, &[0], &[ones]);
    let text = message(&cx);
    assert!(text.starts_with("ag_sqrt: the tangent of the result, f64[2, 2], is inf at [1, 0]"), "{text}");
    // Of the second order: the rule of the rule.
    let cube_root =
        |cx: &Context, x: &Array| grad(cx, |cx, x| elementwise::binary(cx, &elementwise::POW, x, &Array::from(1.5)), x);
    assert!(grad(&cx, cube_root, &Array::from(0.0)).is_null());
    let text = message(&cx);
    assert!(text.contains("ag_pow"), "{text}");
    // Inside of a checkpoint, first when it is computed, then when it is computed again.
    let bad: Stored = Rc::new(|cx: &Context, a: &[Array]| smallvec::SmallVec::from_elem(log(cx, &a[0]), 1));
    assert!(grad(&cx, |cx, x| total(cx, &checkpoint(cx, &bad, std::slice::from_ref(x))), &x).is_null());
    assert!(message(&cx).contains("-inf"));
    assert!(d.end_anomaly(&cx, 0) && !d.end_anomaly(&cx, 0));
    // And afterwards infinities are numbers like any other.
    assert!(reals(&cx, &log(&cx, &x))[2].is_infinite());
}

#[test]
fn what_counts_as_an_anomaly() {
    let cx = Context::new();
    let d = Rc::new(Diagnosis::default());
    d.begin_anomaly(&cx, Anomaly { nan_only: true, derivatives_only: false });
    let x = vector(&cx, &[0.0, 1.0]);
    let y = log(&cx, &x);
    assert!(!cx.failed());
    sub(&cx, &y, &y);
    assert!(message(&cx).contains("NaN at [0]"));
    // The innermost setting counts.
    d.begin_anomaly(&cx, Anomaly { nan_only: false, derivatives_only: true });
    sub(&cx, &y, &y);
    assert!(!cx.failed());
    assert!(grad(&cx, |cx, x| total(cx, &sqrt(cx, x)), &x).is_null());
    message(&cx);
    d.end_anomaly(&cx, 0);
    sub(&cx, &y, &y);
    message(&cx);
    d.end_anomaly(&cx, 0);
    // What a rule computes on the way and does not return is no anomaly.
    d.begin_anomaly(&cx, Anomaly::default());
    let f = |cx: &Context, x: &Array| total(cx, &elementwise::binary(cx, &elementwise::POW, x, &Array::from(2.5)));
    assert_eq!(reals(&cx, &grad(&cx, f, &x)), [0.0, 2.5]);
    assert_eq!(d.truncate(&cx, 0), 1);
    assert!(!cx.watched());
}

fn line<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|l| l.contains(part)).unwrap_or_else(|| panic!("no {part} in\n{text}"))
}

#[test]
fn traces_name_everything() {
    let cx = Context::new();
    let d = Rc::new(Diagnosis::default());
    let f = one(|cx: &Context, a: &[Array]| {
        let y = mul(cx, &sin(cx, &a[0]), &Array::from(2.0));
        total(cx, &mul(cx, &y, &a[1]))
    });
    let (x, w) = (vector(&cx, &[0.0, 1.0]), vector(&cx, &[3.0, 4.0]));
    d.label(&cx, &w, "w");
    let trace = text::trace(&d, &cx, &f, &[x.clone(), w.clone()], 0).unwrap();
    let expected = "v0 : f64[2] = input \"args[0]\"\n\
                    v1 : f64[2] = input \"w\"\n\
                    v2 : f64[2] = ag_sin(v0)\n\
                    v3 : f64[2] = ag_mul(v2, 2)\n\
                    v4 : f64[2] = ag_mul(v3, v1)\n\
                    v5 : f64[] = ag_sum(v4)\n\
                    return v5\n";
    assert_eq!(trace, expected);
    // The gradient: w * 2 * cos(x), made by the rules.
    let trace = text::trace_grad(&d, &cx, &f, &[x, w], 0, 2).unwrap();
    assert!(line(&trace, "ag_cos").ends_with("ag_cos(v0)  # = [1, 0.540302]  # derivative of ag_sin"), "{trace}");
    assert!(trace.lines().last().unwrap().starts_with("return v"));
    // Numbers.
    let f = one(|cx: &Context, a: &[Array]| mul(cx, &a[0], &add(cx, &a[0], &Array::from(1.5))));
    let trace = text::trace(&d, &cx, &f, &[Array::from(2.0)], 1).unwrap();
    let expected = "v0 : f64[] = input \"args[0]\"  # = 2\n\
                    v1 : f64[] = ag_add(v0, 1.5)  # = 3.5\n\
                    v2 : f64[] = ag_mul(v0, v1)  # = 7\n\
                    return v2\n";
    assert_eq!(trace, expected);
    assert!(!cx.watched() && cx.trace.top() == 0);
}

#[test]
fn pictures_mark_the_bad_node() {
    let cx = Context::new();
    let d = Rc::new(Diagnosis::default());
    d.begin_detail(&cx, 3);
    let level = cx.trace.open(true);
    let x = box_on(&cx, level, &vector(&cx, &[1.0, -1.0]));
    let bad = log(&cx, &sin(&cx, &x));
    add(&cx, &bad, &exp(&cx, &x));
    let tape = cx.trace.level(level).and_then(|l| l.tape).unwrap();
    let graph = Graph::of(&tape.borrow());
    let marked = &graph.nodes[graph.bad.unwrap()];
    assert_eq!((marked.name.as_deref(), marked.wrong.as_deref()), (Some("ag_log"), Some("NaN at [1]")));
    let dot = graph.to_dot(Shown::default());
    assert!(line(&dot, "ag_log").contains("penwidth=2.5") && dot.matches("penwidth").count() == 1);
    assert!(dot.contains("n1 -> n2;") && dot.contains("n2 -> n4;") && dot.contains("n3 -> n4;"));
    let hidden = graph.to_dot(Shown { hide_values: true, ..Shown::default() });
    assert!(dot.contains("= [1, -1]") && !hidden.contains("= [1, -1]"));
    let svg = svg::to_svg(&graph, Shown::default()).unwrap();
    assert!(svg.contains("the first NaN or infinity") && svg.contains("NaN or infinity, too"));
    let e = svg::of_tape(&tape.borrow(), Shown::default(), 4).unwrap_err();
    assert!(e.message.starts_with("the tape has 5 nodes, a picture of more than 4 cannot be read"), "{e}");
    // A tape that nobody watched has its graph all the same; an operation on numbers has no name there.
    d.truncate(&cx, 0);
    let level = cx.trace.open(true);
    let x = box_on(&cx, level, &Array::from(2.0));
    add(&cx, &x, &sin(&cx, &x));
    let tape = cx.trace.level(level).and_then(|l| l.tape).unwrap();
    let text = text::tape_to_text(&tape.borrow(), Shown::default());
    assert_eq!(text, "v0 : f64[] = input\nv1 : f64[] = a number(v0)\nv2 : f64[] = a number(v0, v1)\n");
}

#[test]
fn profiles_count() {
    let cx = deferring(1000);
    let d = Rc::new(Diagnosis::default());
    let x = vector(&cx, &[0.5; 5000]);
    for eager in [true, false] {
        d.begin_profile(&cx, eager).unwrap();
        assert!(d.begin_profile(&cx, eager).is_err());
        for _ in 0..3 {
            grad(&cx, |cx, x| total(cx, &mul(cx, &sin(cx, x), &exp(cx, x))), &x);
            grad(&cx, |cx, x| mul(cx, x, &sin(cx, x)), &Array::from(0.3));
        }
        d.end_profile(&cx).unwrap();
        assert!(d.end_profile(&cx).is_err() && !cx.watched());
        let rows = d.profile.rows();
        let row = |name: &str| rows.iter().find(|r| r.name == name).unwrap_or_else(|| panic!("no {name}: {rows:?}"));
        assert_eq!((row("ag_sin").calls, row("ag_sin").rule_calls), (6, 6));
        assert_eq!((row("ag_mul").calls, row("ag_mul").rule_calls), (6, 6));
        assert_eq!((row("ag_sum").calls, row("ag_sum").rule_calls), (3, 3));
        assert_eq!(row("ag_exp").bytes, 3 * 5000 * 8);
        assert!(rows.is_sorted_by(|a, b| a.total() >= b.total()));
        assert!(rows.iter().all(|r| r.name != "ag_cos"), "what a rule does is part of it");
        let passes = rows.iter().find(|r| r.name == PASSES);
        assert_eq!(passes.is_some(), !eager);
        if let Some(passes) = passes {
            // A pass for the value and one for the gradient at most, in each of three rounds.
            assert!(passes.calls >= 3 && passes.fused_operations >= 3 * 5, "{passes:?}");
        }
        let table = d.profile.table();
        assert!(table.contains("everything else") && table.contains("ag_exp"), "{table}");
    }
}

/// sin with a VJP that is wrong at one place.
#[derive(Clone)]
struct Wrong;

impl Primitive for Wrong {
    fn name(&self) -> &str {
        "wrong"
    }
    fn eval(&self, cx: &Context, args: &[Array]) -> autograd::error::Result<Array> {
        Ok(sin(cx, &args[0]))
    }
    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }
    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let factor = array(cx, &[2, 3], &[1.0, 1.0, 1.0, 1.0, 1.0, 1.5]);
        mul(cx, &mul(cx, g, &factor), &unary(cx, &elementwise::COS, kept.arg(0)))
    }
    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        self.vjp(cx, argnum, t, kept)
    }
}

#[test]
fn checks_say_where_the_difference_is() {
    let cx = Context::new();
    let x = array(&cx, &[2, 3], &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    let f = one(|cx: &Context, a: &[Array]| apply(cx, &Wrong, &[&a[0]]));
    for (reverse, what) in [(true, "[1, 2] of argument 0"), (false, "[1, 2] of the result")] {
        let options = Options { order: 1, modes: Modes { reverse, forward: !reverse }, seed: 7, ..Options::default() };
        let e = check::check_grads(&cx, &f, std::slice::from_ref(&x), options).unwrap_err();
        assert_eq!(e.code, code::CHECK);
        assert!(e.message.contains(&format!("the largest difference is at {what}: analytic ")), "{e}");
        // A tolerance that large lets it pass.
        let loose = Options { rtol: 3.0, atol: 3.0, ..options };
        check::check_grads(&cx, &f, std::slice::from_ref(&x), loose).unwrap();
    }
    let z = elementwise::astype(&cx, &x, DType::C128);
    let f = one(|cx: &Context, a: &[Array]| {
        let wrong = apply(cx, &Wrong, &[&a[1]]);
        mul(cx, &a[0], &wrong)
    });
    let e = check::check_grads(&cx, &f, &[z, x.clone()], Options { order: 1, ..Options::default() }).unwrap_err();
    assert!(e.message.contains("at [1, 2] of argument 1"), "{e}");

    let good = one(|cx: &Context, a: &[Array]| mul(cx, &sin(cx, &a[0]), &a[1]));
    let lists = [vec![x.clone(), Array::from(0.5)], vec![Array::from(2.0), vector(&cx, &[1.0, 2.0, 3.0])]];
    check::combo_check(&cx, &good, &lists, Options::default()).unwrap();
    let mixed =
        one(|cx: &Context, a: &[Array]| if a[0].ndim() == 2 { apply(cx, &Wrong, &[&a[0]]) } else { sin(cx, &a[0]) });
    let lists = [vec![Array::from(0.5), x]];
    let e = check::combo_check(&cx, &mixed, &lists, Options::default()).unwrap_err();
    assert!(e.message.starts_with("combination [1]: reverse derivative: "), "{e}");
    assert!(check::combo_check(&cx, &mixed, &[vec![]], Options::default()).is_err());
}

/// Begun in the middle, ended in the middle: nothing is lost.
/// What a printed line says of operations whose arguments are not all that matters.
#[test]
fn traces_show_parameters() {
    let cx = Context::new();
    let d = Rc::new(Diagnosis::default());
    let x = array(&cx, &[2, 3], &[1.0, -2.0, 3.0, 0.5, 5.0, 6.0]);
    let f = one(|cx: &Context, a: &[Array]| {
        let x = &a[0];
        let list = |at: &[i64]| take::positions(cx, at).unwrap();
        let plan = |items: &[Item]| Plan::new(cx, &[2, 3], items).unwrap();
        let columns = plan(&[Item::Slice(None, None, Some(-1)), Item::Array(list(&[0, 2]))]);
        let window = plan(&[Item::Int(1), Item::Slice(Some(0), Some(2), None), Item::NewAxis]);
        let even =
            cx.engine.build::<bool>(&[2, 3], |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i % 4 == 0)).unwrap();
        let mask = plan(&[Item::Array(even)]);
        let parts = [
            shape::transpose(cx, x, &[1, 0]),
            shape::reshape(cx, x, &[3, 2]),
            shape::broadcast_to(cx, x, &[4, 2, 3]),
            shape::slice_axis(cx, x, 1, 1, 2),
            index::get(cx, x, &columns),
            index::get(cx, x, &window),
            index::get(cx, x, &mask),
            index::set(cx, x, &columns, &Array::from(0.0)),
            arrange::roll_axis(cx, x, -1, 1),
            pad::zeros(cx, x, &[[1, 0], [0, 2]]).unwrap(),
            scan::cumsum(cx, x, 1),
            order::sort(cx, x, 1).unwrap(),
            diagonal::diagonal(cx, x, 1, 0, 1).unwrap(),
            elementwise::clip(cx, x, -1.5, 2.0),
            take::take(cx, x, &Array::from(cx.engine.build::<i64>(&[8], |d| d.fill(1)).unwrap()), 1, Outside::Raise)
                .unwrap(),
        ];
        parts.iter().fold(Array::from(0.0), |sum, part| add(cx, &sum, &total(cx, part)))
    });
    let trace = text::trace(&d, &cx, &f, std::slice::from_ref(&x), 0).unwrap();
    for (part, whole) in [
        ("ag_transpose", "ag_transpose(v0, axes=(1, 0))"),
        ("ag_reshape(v0, shape=(3", "v2 : f64[3, 2] = ag_reshape(v0, shape=(3, 2))"),
        ("ag_broadcast_to", "ag_broadcast_to(v0, shape=(4, 2, 3))"),
        ("slice", "slice(v0, 1:3, axis=1)"),
        ("::-1", "ag_index(v0, [1::-1, [0, 2]])"),
        ("None", "ag_index(v0, [1, 0:2, None])"),
        ("ag_index_set", "ag_index_set(v0, 0, [1::-1, [0, 2]])"),
        ("ag_roll", "ag_roll(v0, shift=2, axis=1)"),
        ("ag_pad", "ag_pad(v0, pad_width=((1, 0), (0, 2)))"),
        ("ag_cumsum", "ag_cumsum(v0, axis=1)"),
        ("i64[2, 3]", "ag_take_along_axis(v0, axis=1, indices=i64[2, 3])"),
        ("mask", "ag_index(v0, [mask of 2])"),
        ("ag_diagonal", "ag_diagonal(v0, offset=1, axis1=0, axis2=1)"),
        ("ag_clip", "ag_clip(v0, -1.5, 2)"),
        ("i64[8]", "ag_index(v0, [:, i64[8]])"),
    ] {
        assert!(line(&trace, part).ends_with(whole), "{trace}");
    }
}

/// The Jacobian of a function whose derivative is infinite at one element, by rows and by columns, a batch of them at once.
#[test]
fn anomalies_in_a_batch_name_the_row() {
    let cx = Context::new();
    let d = Rc::new(Diagnosis::default());
    let x = array(&cx, &[2, 2], &[1.0, 2.0, 0.0, 4.0]);
    let f = one(|cx: &Context, a: &[Array]| sqrt(cx, &a[0]));
    d.begin_anomaly(&cx, Anomaly::default());
    let of = |mode| jacobian(&cx, &f, std::slice::from_ref(&x), 0, mode);
    assert!(of(Mode::Reverse).is_null());
    assert_eq!(
        message(&cx),
        "ag_sqrt: the derivative with respect to args[0] f64[2, 2] is inf at [1, 0]; the cotangent of the result, \
         f64[2, 2], is finite; in row 2 of a Jacobian"
    );
    assert!(of(Mode::Forward).is_null());
    let text = message(&cx);
    assert!(
        text.contains("f64[2, 2], is inf at [1, 0]; that") && text.ends_with("in column 2 of a Jacobian"),
        "{text}"
    );
    // Outside of it nothing is said of rows.
    assert!(log(&cx, &x).is_null());
    assert!(!message(&cx).contains("Jacobian"));
}

#[test]
fn settings_may_change_while_a_tape_is_open() {
    let cx = Context::new();
    let d = Rc::new(Diagnosis::default());
    let level = cx.trace.open(true);
    let x = box_on(&cx, level, &Array::from(2.0));
    let y = sin(&cx, &x);
    d.begin_detail(&cx, 1);
    let z = mul(&cx, &y, &x);
    d.end_detail(&cx, 0);
    let w = exp(&cx, &z);
    d.label(&cx, &y, "y");
    let tape = cx.trace.level(level).and_then(|l| l.tape).unwrap();
    let text = text::tape_to_text(&tape.borrow(), Shown::default());
    let expected = "v0 : f64[] = input\nv1 : f64[] = a number(v0)  # \"y\"\n\
                    v2 : f64[] = ag_mul(v1, v0)  # = 1.81859\nv3 : f64[] = a number(v2)\n";
    assert_eq!(text, expected);
    let (wn, xn) = (w.layer(level).unwrap().0.0, x.layer(level).unwrap().0.0);
    let g = pull_back(&cx, &tape, &[(wn, Array::from(1.0))], &[xn], false);
    let exact = |x: f64| (x * x.sin()).exp() * (x.sin() + x * x.cos());
    assert!((number(&cx, &g[0]) - exact(2.0)).abs() < 1e-14 * exact(2.0).abs());
    let f = one(|cx: &Context, a: &[Array]| exp(cx, &mul(cx, &sin(cx, &a[0]), &a[0])));
    let (_, unwatched) = value_and_grads(&cx, "f", &f, &[Array::from(2.0)], &[0]);
    assert_eq!(number(&cx, &unwatched[0]).to_bits(), number(&cx, &g[0]).to_bits());
}
