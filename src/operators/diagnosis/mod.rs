//! What went wrong: a watcher that stops at the first NaN, notes what tapes are to show, and measures.
//!
//! One [`Diagnosis`] belongs to a context. While a setting of it is open (they nest like scopes) it watches every
//! operation and every derivative rule (`trace::watch`). Three things can be asked for: *anomaly* stops at the first
//! value that is no number, *detail* notes on tapes what pictures and traces show beside the bare graph, a *profile*
//! counts and takes times. Operations inside of an operation (a rule is made of operations) are part of it: they are
//! neither checked nor counted by themselves. What a callback of the user's does is the user's, and is.

pub mod graph;
pub mod profile;
pub mod svg;
pub mod text;
mod values;

use crate::array::Tensor;
use crate::error::{self, Error, Result, excerpt};
use crate::trace::watch::{Call, Note, NotedArgument, Pull};
use crate::trace::{Array, Context, Entry, Meta, Primitive, SourceLine, Tape, Watcher};
use profile::Profile;
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
pub use values::{Bad, kind};

/// What anomaly mode stops at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Anomaly {
    /// NaN only; infinities are let through.
    pub nan_only: bool,
    /// Derivative rules only.
    pub derivatives_only: bool,
}

#[derive(Clone, Copy)]
enum Setting {
    Anomaly(Anomaly),
    /// Values with up to so many elements are noted.
    Detail(usize),
}

/// At most this many arguments of an operation are told of in a message.
const SHOWN: usize = 8;

/// See the module's head.
#[derive(Default)]
pub struct Diagnosis {
    settings: RefCell<Vec<Setting>>,
    /// Whether an operation or a rule is running, of which what follows is part.
    busy: Cell<bool>,
    /// The derivative rules that are running.
    rules: RefCell<Vec<Rc<str>>>,
    called_at: RefCell<Option<SourceLine>>,
    /// The row or column of a Jacobian that is being computed by itself.
    entry: Cell<Option<Entry>>,
    /// Plain arrays with labels. An array without another reference is let go when the next one gets a label.
    labels: RefCell<Vec<(Tensor, Rc<str>)>>,
    pub profile: Profile,
}

impl Diagnosis {
    /// Stops at the first anomaly until [`Diagnosis::end_anomaly`].
    pub fn begin_anomaly(self: &Rc<Self>, cx: &Context, anomaly: Anomaly) {
        self.settings.borrow_mut().push(Setting::Anomaly(anomaly));
        self.watch(cx);
    }

    /// Ends the innermost anomaly setting from number `first` on; `false` if there is none.
    pub fn end_anomaly(self: &Rc<Self>, cx: &Context, first: usize) -> bool {
        self.end(cx, first, |s| matches!(s, Setting::Anomaly(_)))
    }

    /// Notes on tapes what pictures show, values of up to so many elements among it.
    pub fn begin_detail(self: &Rc<Self>, cx: &Context, elements: usize) {
        self.settings.borrow_mut().push(Setting::Detail(elements));
        self.watch(cx);
    }

    pub fn end_detail(self: &Rc<Self>, cx: &Context, first: usize) -> bool {
        self.end(cx, first, |s| matches!(s, Setting::Detail(_)))
    }

    fn end(self: &Rc<Self>, cx: &Context, first: usize, is: impl Fn(&Setting) -> bool) -> bool {
        let found = self.settings.borrow().iter().rposition(is).filter(|&at| at >= first);
        if let Some(at) = found {
            self.settings.borrow_mut().remove(at);
            self.watch(cx);
        }
        found.is_some()
    }

    /// How many settings are open.
    pub fn depth(&self) -> usize {
        self.settings.borrow().len()
    }

    /// Ends the settings from number `depth` on; returns how many there were.
    pub fn truncate(self: &Rc<Self>, cx: &Context, depth: usize) -> usize {
        let left = self.depth().saturating_sub(depth);
        if left > 0 {
            self.settings.borrow_mut().truncate(depth);
            self.watch(cx);
        }
        left
    }

    /// Begins a profile, which forgets the last one. An eager one computes every operation at once.
    pub fn begin_profile(self: &Rc<Self>, cx: &Context, eager: bool) -> Result<()> {
        if self.profile.is_running() {
            return Err(Error::argument("a profile is being taken already"));
        }
        self.profile.start(cx, eager);
        self.watch(cx);
        Ok(())
    }

    pub fn end_profile(self: &Rc<Self>, cx: &Context) -> Result<()> {
        if !self.profile.is_running() {
            return Err(Error::argument("no profile is being taken"));
        }
        self.profile.stop(cx);
        self.watch(cx);
        Ok(())
    }

    /// A callback of the user's begins: operations in it are the user's again. Returns what `leave` wants.
    pub fn enter(&self) -> bool {
        self.busy.replace(false)
    }

    pub fn leave(&self, outer: bool) {
        self.busy.set(outer);
    }

    fn watch(self: &Rc<Self>, cx: &Context) {
        let wanted = !self.settings.borrow().is_empty() || self.profile.is_running();
        if !wanted {
            self.called_at.take();
        }
        cx.watch(wanted.then(|| self.clone() as Rc<dyn Watcher>));
    }

    /// Where the user's program is.
    pub fn here(&self, file: &str, line: u32) {
        let mut called_at = self.called_at.borrow_mut();
        match &mut *called_at {
            Some(called_at) if *called_at.file == *file => called_at.line = line,
            called_at => *called_at = Some(SourceLine { file: file.into(), line }),
        }
    }

    /// Names an array: on the tapes on which it is recorded, or the plain array itself. A plain number has no identity that
    /// a name could stick to; as an array of rank 0 it has.
    pub fn label(&self, cx: &Context, x: &Array, label: &str) {
        let label: Rc<str> = label.into();
        each_node(cx, x, |tape, node, _| tape.borrow_mut().notes.of(node).label = Some(label.clone()));
        if let Array::Plain(t) = x {
            let mut labels = self.labels.borrow_mut();
            labels.retain(|(other, _)| other.references() > 1 && !other.same(t));
            labels.push((t.clone(), label));
        }
    }

    /// Forgets labels of arrays without another reference.
    pub fn trim(&self) {
        self.labels.borrow_mut().retain(|(t, _)| t.references() > 1);
    }

    fn label_of(&self, cx: &Context, x: &Array) -> Option<Rc<str>> {
        let mut found = None;
        each_node(cx, x, |tape, node, _| {
            found = found.take().or_else(|| tape.borrow().notes.get(node).and_then(|n| n.label.clone()));
        });
        found.or_else(|| match x.plain() {
            Array::Plain(t) => self.labels.borrow().iter().find(|(other, _)| other.same(&t)).map(|l| l.1.clone()),
            _ => None,
        })
    }

    fn anomaly(&self) -> Option<Anomaly> {
        self.settings.borrow().iter().rev().find_map(|s| if let Setting::Anomaly(a) = s { Some(*a) } else { None })
    }

    /// Up to how many elements of values are noted.
    fn shown(&self) -> usize {
        let settings = self.settings.borrow();
        settings.iter().map(|s| if let Setting::Detail(elements) = s { *elements } else { 0 }).max().unwrap_or(0)
    }

    fn noting(&self) -> bool {
        !self.settings.borrow().is_empty()
    }

    fn computes_at_once(&self) -> bool {
        self.noting() || self.profile.is_eager()
    }

    /// Computes values that are pending.
    fn settle<'a>(&self, cx: &Context, values: impl Iterator<Item = &'a Array>) {
        if self.computes_at_once() && !cx.failed() {
            let plain: SmallVec<[Array; 2]> = values.map(Array::plain).collect();
            super::grad::settle(cx, plain.iter());
        }
    }

    /// Writes on the tapes what an operation was.
    fn note(&self, cx: &Context, call: &Call<'_>, results: &[Array]) {
        let (name, within) = (self.profile.name(call.name), self.rules.borrow().last().cloned());
        let shown = self.shown();
        for result in results {
            each_node(cx, result, |tape, node, level| {
                let args = call.args.iter().map(|a| match a.layer(level) {
                    Some(((node, _), _)) => NotedArgument::Node(node),
                    None => NotedArgument::Constant(self.constant(cx, a, shown)),
                });
                let args = args.collect();
                let mut tape = tape.borrow_mut();
                let note = tape.notes.of(node);
                if note.name.is_some() {
                    return;
                }
                let bad = values::first_bad(result, false);
                *note = Note {
                    name: Some(name.clone()),
                    parameters: call.primitive.map(|p| p.parameters()).unwrap_or_default(),
                    args,
                    within: within.clone(),
                    called_at: self.called_at.borrow().clone(),
                    label: note.label.take(),
                    value: (result.size() <= shown).then(|| values::elements(result)).flatten(),
                    wrong: bad.map(|bad| bad.to_string()),
                };
            });
        }
    }

    /// What an argument that isn't recorded was.
    fn constant(&self, cx: &Context, x: &Array, shown: usize) -> Rc<str> {
        if let Some(label) = self.label_of(cx, x) {
            return format!("\"{label}\"").into();
        }
        let value = if x.size() <= shown.max(1) { values::elements(x) } else { None };
        value.unwrap_or_else(|| kind(x.dtype(), x.shape())).into()
    }

    /// An argument in a message: `args[0] f64[2, 3] "W" is NaN already`.
    fn argument(&self, cx: &Context, k: usize, x: &Array, nan_only: bool) -> String {
        let mut text = format!("args[{k}] {}", kind(x.dtype(), x.shape()));
        if let Some(label) = self.label_of(cx, x) {
            text += &format!(" \"{}\"", excerpt(&label));
        }
        match values::first_bad(x, nan_only) {
            Some(bad) => text += &format!(" is {} already", bad.named()),
            None if x.size() == 1 => text += &values::elements(x).map(|v| format!(" = {v}")).unwrap_or_default(),
            None => {}
        }
        text
    }

    /// What stands before a message about an operation inside of a rule.
    fn inside(&self) -> String {
        self.rules.borrow().last().map(|name| format!(", in the derivative of {}", excerpt(name))).unwrap_or_default()
    }

    /// What stands behind a message: the row of a Jacobian that is being computed, and the line of the program.
    fn whence(&self, called_at: Option<&SourceLine>) -> String {
        let entry = self.entry.get().map(|e| format!("; in {} {} of a Jacobian", e.what, e.number));
        let called_at = called_at.map(|p| format!("; called at {}:{}", excerpt(&p.file), p.line));
        [entry, called_at].into_iter().flatten().collect()
    }

    fn check_results(&self, cx: &Context, anomaly: Anomaly, call: &Call<'_>, results: &[Array]) {
        for (i, y) in results.iter().enumerate() {
            let Some(bad) = values::first_bad(y, anomaly.nan_only) else { continue };
            let which = if results.len() > 1 { format!("result {i}") } else { "the result".into() };
            let mut text = format!("{which}, {}, is {bad}{}", kind(y.dtype(), y.shape()), self.inside());
            for (k, x) in call.args.iter().enumerate() {
                text += if k == 0 { "; of " } else { ", " };
                if k == SHOWN {
                    text += "...";
                    break;
                }
                text += &self.argument(cx, k, x, anomaly.nan_only);
            }
            text += &self.whence(self.called_at.borrow().as_ref());
            fail(cx, call.primitive, call.name, text);
            return;
        }
    }

    fn check_pull(&self, cx: &Context, anomaly: Anomaly, name: &str, pull: &Pull<'_>, cotangents: &[Array]) {
        let bad = |x: &Array| values::first_bad(x, anomaly.nan_only);
        let Some((&(k, parent), found)) = pull.parents.iter().find_map(|p| Some((p, bad(&cotangents[p.1 as usize])?)))
        else {
            return;
        };
        let mut tape = pull.tape.borrow_mut();
        let meta = tape.meta(parent).unwrap_or_else(|| Meta::of(&Array::from(0.0)));
        let label = tape.notes.get(parent).and_then(|n| n.label.clone());
        let label = label.map(|l| format!(" \"{}\"", excerpt(&l))).unwrap_or_default();
        let note = tape.notes.of(pull.node);
        note.wrong = Some(format!("its derivative is {found}"));
        let within =
            note.within.as_ref().map(|w| format!(" (part of the derivative of {})", excerpt(w))).unwrap_or_default();
        let mut text = format!(
            "the derivative with respect to args[{k}] {}{label} is {found}{within}",
            kind(meta.dtype, &meta.shape)
        );
        for g in pull.gs.iter().filter(|g| !g.is_null()) {
            let state = bad(g).map_or("is finite".into(), |b| format!("is {} already", b.named()));
            text += &format!("; the cotangent of the result, {}, {state}", kind(g.dtype(), g.shape()));
        }
        text += &self.whence(note.called_at.as_ref());
        drop(tape);
        fail(cx, pull.primitive, name, text);
    }
}

/// The nodes of a value, on all open tapes, highest level first.
fn each_node(cx: &Context, x: &Array, mut f: impl FnMut(&Rc<RefCell<Tape>>, u32, u64)) {
    let mut value = x.clone();
    loop {
        let number = value.level(&cx.trace);
        if number == 0 {
            return;
        }
        let ((node, _), primal) = value.layer(number).expect("it is on this level");
        if let Some(tape) = cx.trace.level(number).and_then(|l| l.tape) {
            f(&tape, node, number);
        }
        value = primal;
    }
}

/// Fails with an anomaly of an operation. One that C has no name for is a part of what the caller knows.
fn fail(cx: &Context, p: Option<&dyn Primitive>, name: &str, text: String) {
    let e = Error::anomaly(text);
    cx.fail(match p {
        Some(p) => p.failure(e),
        None => e.within(if name.starts_with("ag_") { name } else { error::PART }),
    });
}

impl Watcher for Diagnosis {
    fn operation(
        &self,
        cx: &Context,
        call: &Call<'_>,
        run: &mut dyn FnMut() -> SmallVec<[Array; 1]>,
    ) -> SmallVec<[Array; 1]> {
        let part = self.busy.replace(true);
        let begun = if part { None } else { self.profile.begin(cx) };
        let results = run();
        self.settle(cx, results.iter());
        self.busy.set(part);
        self.profile.end(cx, begun, call.name, false, || values::bytes(results.iter()));
        if cx.failed() {
            return results;
        }
        if !self.noting() {
            // Numbers' nodes don't know their operation, which the row of its rule is to name.
            if let [Array::Variable { .. }] = results[..] {
                let name = self.profile.name(call.name);
                each_node(cx, &results[0], |tape, node, _| tape.borrow_mut().notes.of(node).name = Some(name.clone()));
            }
            return results;
        }
        self.note(cx, call, &results);
        if let Some(anomaly) = self.anomaly().filter(|a| !part && !a.derivatives_only) {
            self.check_results(cx, anomaly, call, &results);
        }
        if cx.failed() { Array::nulls(results.len()) } else { results }
    }

    fn push(
        &self,
        cx: &Context,
        p: &dyn Primitive,
        tangents: &[Array],
        run: &mut dyn FnMut() -> SmallVec<[Array; 1]>,
    ) -> SmallVec<[Array; 1]> {
        self.rules.borrow_mut().push(self.profile.name(p.name()));
        let begun = self.profile.begin(cx);
        let results = run();
        self.settle(cx, results.iter());
        self.profile.end(cx, begun, p.name(), true, || values::bytes(results.iter()));
        self.rules.borrow_mut().pop();
        if let Some(anomaly) = self.anomaly().filter(|_| !cx.failed()) {
            let bad = |x: &Array| values::first_bad(x, anomaly.nan_only);
            if let Some((y, found)) = results.iter().find_map(|y| Some((y, bad(y)?))) {
                let mut text = format!("the tangent of the result, {}, is {found}", kind(y.dtype(), y.shape()));
                for t in tangents {
                    let state = bad(t).map_or("is finite".into(), |b| format!("is {} already", b.named()));
                    text += &format!("; that of an argument, {}, {state}", kind(t.dtype(), t.shape()));
                }
                text += &self.whence(self.called_at.borrow().as_ref());
                fail(cx, Some(p), p.name(), text);
            }
        }
        results
    }

    fn pull(&self, cx: &Context, pull: &Pull<'_>, cotangents: &mut [Array], run: &mut dyn FnMut(&mut [Array])) {
        let noted = pull.tape.borrow().notes.get(pull.node).and_then(|n| n.name.clone());
        let name = pull.name.map(|n| self.profile.name(n)).or(noted);
        let name = name.unwrap_or_else(|| self.profile.name("a number"));
        self.rules.borrow_mut().push(name.clone());
        // What the rule does is done on behalf of the line that called the operation.
        let called = pull.tape.borrow().notes.get(pull.node).and_then(|n| n.called_at.clone());
        let called_at = self.called_at.replace(called);
        let part = self.busy.replace(true);
        let begun = self.profile.begin(cx);
        run(cotangents);
        let touched = || pull.parents.iter().map(|p| &cotangents[p.1 as usize]);
        self.settle(cx, touched());
        self.profile.end(cx, begun, &name, true, || values::bytes(touched()));
        self.busy.set(part);
        self.called_at.replace(called_at);
        self.rules.borrow_mut().pop();
        if let Some(anomaly) = self.anomaly().filter(|_| !cx.failed()) {
            self.check_pull(cx, anomaly, &name, pull, cotangents);
        }
    }

    fn entry(&self, entry: Option<Entry>) -> Option<Entry> {
        self.entry.replace(entry)
    }

    fn boxed(&self, value: &Array, tape: &Rc<RefCell<Tape>>, node: u32) {
        if !self.noting() {
            return;
        }
        let label = match value {
            Array::Plain(t) => self.labels.borrow().iter().find(|(other, _)| other.same(t)).map(|l| l.1.clone()),
            _ => None,
        };
        let shown = self.shown();
        let mut tape = tape.borrow_mut();
        let note = tape.notes.of(node);
        note.label = label;
        note.value = if value.size() <= shown { values::elements(value) } else { None };
        note.wrong = values::first_bad(value, false).map(|bad| bad.to_string());
    }
}
