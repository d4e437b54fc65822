//! Traces as text, a line per operation.

use super::graph::{Graph, Node, Shown};
use super::{Diagnosis, each_node};
use crate::operators::grad::{self, Function, box_on, one};
use crate::trace::{Array, Context, Tape};
use smallvec::SmallVec;
use std::fmt::Write;
use std::rc::Rc;

/// A tape as text: `v3 : f64[2, 3] = ag_tanh(v2)`.
pub fn tape_to_text(tape: &Tape, shown: Shown) -> String {
    let mut text = String::new();
    for node in &Graph::of(tape).nodes {
        line(&mut text, node, shown);
    }
    text
}

fn line(text: &mut String, node: &Node, shown: Shown) {
    for (k, (id, result)) in (node.id..).zip(&node.results).enumerate() {
        let _ = write!(text, "{}v{id} : {}", if k == 0 { "" } else { ", " }, result.kind);
    }
    let _ = write!(text, " = {}", node.call());
    let label = |l: &Rc<str>| if node.name.is_none() { format!(" \"{l}\"") } else { format!("  # \"{l}\"") };
    let mut remarks: Vec<String> = node.results.iter().filter_map(|r| r.label.as_ref()).map(label).collect();
    for value in node.results.iter().filter_map(|r| r.value.as_ref()).filter(|_| !shown.hide_values) {
        remarks.push(format!("  # = {value}"));
    }
    remarks.extend(node.within.as_ref().map(|w| format!("  # derivative of {w}")));
    if let Some(called_at) = node.called_at.as_ref().filter(|_| !shown.hide_places) {
        remarks.push(format!("  # {}:{}", called_at.file, called_at.line));
    }
    remarks.extend(node.wrong.as_ref().map(|w| format!("  # {w}")));
    *text += &remarks.concat();
    text.push('\n');
}

/// The operations of `f(args)`, as text; values of up to so many elements are shown.
pub fn trace(
    diagnosis: &Rc<Diagnosis>,
    cx: &Context,
    f: &Function<'_>,
    args: &[Array],
    elements: usize,
) -> Option<String> {
    let first = diagnosis.depth();
    diagnosis.begin_detail(cx, elements);
    let level = cx.trace.open(true);
    let mut boxed: SmallVec<[Array; 4]> = args.into();
    for (k, x) in boxed.iter_mut().enumerate().filter(|(_, x)| x.dtype().is_inexact()) {
        let label = diagnosis.label_of(cx, x).unwrap_or_else(|| format!("args[{k}]").into());
        *x = box_on(cx, level, x);
        each_node(cx, x, |tape, node, on| {
            if on == level {
                tape.borrow_mut().notes.of(node).label = Some(label.clone());
            }
        });
    }
    let results = if cx.failed() { SmallVec::new() } else { f(cx, &boxed) };
    diagnosis.end_detail(cx, first);
    let mut text = String::new();
    if let Some(tape) = cx.trace.level(level).and_then(|l| l.tape).filter(|_| !cx.failed()) {
        text = tape_to_text(&tape.borrow(), Shown::default());
        let names = results.iter().map(|y| match y.layer(level) {
            Some(((node, _), _)) => format!("v{node}"),
            None => diagnosis.constant(cx, y, elements).to_string(),
        });
        let _ = writeln!(text, "return {}", names.collect::<Vec<String>>().join(", "));
    }
    drop((boxed, results));
    cx.trace.close(level);
    (!cx.failed()).then_some(text)
}

/// The operations of the gradient of `f` with respect to an argument.
pub fn trace_grad(
    diagnosis: &Rc<Diagnosis>,
    cx: &Context,
    f: &Function<'_>,
    args: &[Array],
    argnum: usize,
    elements: usize,
) -> Option<String> {
    let gradient = one(|cx: &Context, args: &[Array]| grad::grad(cx, "ag_grad_to_text", f, args, argnum));
    trace(diagnosis, cx, &gradient, args, elements)
}
