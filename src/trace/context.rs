//! What one user of the library owns: memory, levels, settings, and the first thing that went wrong.

use super::{Array, SourceLine, Trace, Watcher};
use crate::array::selection::Plan;
use crate::array::{Home, Tensor};
use crate::engine::Engine;
use crate::error::{Error, Result, code, excerpt};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::OnceLock;

/// Called at the moment of a failure with its code and message.
pub type Hook = Rc<dyn Fn(i32, &str)>;

/// What stands between a message and the caller's line.
const CALLED_AT: &str = "; called at ";

const FAILED: u8 = 1;
const WATCHED: u8 = 2;
const LONG_WAYS: u8 = 4;

/// Whether the environment variable `AUTOGRAD_SHORT_WAYS` doesn't turn them off, for those who debug.
fn short_ways_wanted() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| std::env::var_os("AUTOGRAD_SHORT_WAYS").is_none_or(|value| value != "0"))
}

/// A context. Everything made with it lives and dies with it; two contexts know nothing of each other.
///
/// Errors are *sticky*: the first failure stays, and from then on every operation returns the null value at once. So an
/// expression (or a derivative rule) may be written as one, and be checked once.
#[derive(Default)]
pub struct Context {
    pub engine: Engine,
    pub trace: Trace,
    /// What keeps operations off their short ways: bits of [`FAILED`], [`WATCHED`] and [`LONG_WAYS`].
    unusual: Cell<u8>,
    /// Who watches operations, see `trace::watch`.
    watcher: RefCell<Option<Rc<dyn Watcher>>>,
    error: RefCell<Option<Error>>,
    hook: RefCell<Option<Hook>>,
    /// Whether the hook is running: the failure that it is told of is not to be changed meanwhile.
    telling: Cell<bool>,
    /// The name of the exported function that is running, which errors carry; empty outside of them.
    called: Cell<&'static str>,
    /// The line of the caller's program, if it says so.
    called_at: RefCell<Option<SourceLine>>,
    /// Whether something is being tried that has another way of being done: the hook isn't told of a failure then.
    trying: Cell<bool>,
    /// The youngest level when the running derivative rule began; `u64::MAX` outside of rules.
    rule_level: Cell<Option<u64>>,
    /// Whether a JVP must not be made of one VJP per element: whoever asks has a better way.
    pub no_elements: Cell<bool>,
    /// The level on which a VJP is being recorded as a function of its cotangent, 0 for none.
    pub transposing: Cell<u64>,
    /// Whether a derivative rule of a primitive of the caller's is running that is itself being differentiated.
    pub rule_differentiated: Cell<bool>,
    /// Whether the last derivative's output turned out not to depend on its input.
    pub independent: Cell<bool>,
    /// Temporaries of element-wise rules, see `ops::algebra`.
    pub arena: RefCell<Vec<Array>>,
    /// Cotangents of a sweep, kept for their memory.
    pub cotangents: Cell<Vec<Array>>,
    pub number_cotangents: Cell<Vec<f64>>,
    /// Cells of resolved indices.
    pub plans: Rc<Home<Plan>>,
    /// What the last solution of a differential equation has to tell, see `operators::odeint`.
    pub last_solution: RefCell<Option<Rc<dyn Any>>>,
}

/// See [`Context::calling`].
pub struct Calling<'a> {
    called: &'a Cell<&'static str>,
    before: &'static str,
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.called.set(self.before);
    }
}

impl Context {
    pub fn new() -> Context {
        let engine = Engine::default();
        let trace = Trace::new(engine.heap.pool.clone());
        let cx = Context { engine, trace, ..Context::default() };
        cx.set_short_ways(short_ways_wanted());
        cx
    }

    /// Whether operations on numbers and small arrays, and sweeps of tapes of them, may take their short ways (at first they
    /// may). The general ways have the same results but for roundings, in more time: another difference would be a fault of a
    /// short one.
    pub fn set_short_ways(&self, on: bool) {
        let bit = if on { 0 } else { LONG_WAYS };
        self.unusual.set(self.unusual.get() & !LONG_WAYS | bit);
    }

    /// Whether a failure is pending.
    #[inline]
    pub fn failed(&self) -> bool {
        self.unusual.get() & FAILED != 0
    }

    /// Whether a failure is pending, operations are being watched, or short ways are turned off: one question for all, so that
    /// they cost nothing ordinarily.
    #[inline(always)]
    pub fn unusual(&self) -> bool {
        self.unusual.get() != 0
    }

    #[inline]
    pub fn watched(&self) -> bool {
        self.unusual.get() & WATCHED != 0
    }

    /// Who watches operations.
    #[inline]
    pub fn watcher(&self) -> Option<Rc<dyn Watcher>> {
        if self.watched() { self.watcher.borrow().clone() } else { None }
    }

    /// All operations from now on are watched, or none with `None`.
    pub fn watch(&self, watcher: Option<Rc<dyn Watcher>>) {
        let bit = if watcher.is_some() { WATCHED } else { 0 };
        self.unusual.set(self.unusual.get() & !WATCHED | bit);
        *self.watcher.borrow_mut() = watcher;
    }

    /// Notes a failure, unless one is pending; returns the null value for the caller to return.
    #[cold]
    pub fn fail(&self, error: Error) -> Array {
        if !self.failed() {
            let error = self.placed(error.of(self.called.get()));
            let (code, message) = (error.code, error.message.clone());
            self.unusual.set(self.unusual.get() | FAILED);
            *self.error.borrow_mut() = Some(error);
            // No cell is borrowed while it runs, and it lives until it returns.
            let hook = if self.trying.get() { None } else { self.hook.borrow().clone() };
            if let Some(hook) = hook {
                self.telling.set(true);
                hook(code, &message);
                self.telling.set(false);
            }
        }
        Array::Null
    }

    /// Whether the hook is being told of a failure.
    pub fn telling(&self) -> bool {
        self.telling.get()
    }

    /// The failure with the caller's line; an anomaly knows its own.
    fn placed(&self, mut error: Error) -> Error {
        if let Some(called_at) = &*self.called_at.borrow()
            && error.code != code::ANOMALY
            && !error.message.contains(CALLED_AT)
        {
            error.message =
                format!("{}{CALLED_AT}{}:{}", error.message, excerpt(&called_at.file), called_at.line).into();
        }
        error
    }

    /// Calls from here on are made at this line.
    pub fn here(&self, file: &str, line: u32) {
        match &mut *self.called_at.borrow_mut() {
            Some(called_at) if *called_at.file == *file => called_at.line = line,
            called_at => *called_at = Some(SourceLine { file: file.into(), line }),
        }
    }

    /// The lines of calls from here on are unknown.
    pub fn nowhere(&self) {
        self.called_at.take();
    }

    /// Whether the caller says its lines.
    pub fn has_place(&self) -> bool {
        self.called_at.borrow().is_some()
    }

    /// Runs a callback, whose lines end with it.
    pub fn elsewhere<R>(&self, run: impl FnOnce() -> R) -> R {
        let called_at = self.called_at.borrow().clone();
        let result = run();
        *self.called_at.borrow_mut() = called_at;
        result
    }

    /// Until the result is dropped, failures of the operations that a function consists of are its own.
    #[must_use]
    pub fn calling(&self, name: &'static str) -> Calling<'_> {
        Calling { called: &self.called, before: self.called.replace(name) }
    }

    /// The exported function that is running, if there is one.
    pub fn called(&self) -> &'static str {
        self.called.get()
    }

    /// The value, or the null value with the failure noted as one of `operation`.
    pub fn take(&self, operation: &str, result: Result<Array>) -> Array {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(error.within(operation)),
        }
    }

    pub fn error_code(&self) -> i32 {
        self.error.borrow().as_ref().map_or(code::OK, |e| e.code)
    }

    pub fn error(&self) -> Option<Error> {
        self.error.borrow().clone()
    }

    /// Forgets the pending failure and returns it. A panic is not forgotten: what it left behind is unknown.
    pub fn clear_error(&self) -> Option<Error> {
        if self.error_code() == code::PANIC {
            return self.error();
        }
        self.unusual.set(self.unusual.get() & !FAILED);
        self.error.borrow_mut().take()
    }

    /// Replaces the pending failure's message by one that says more about where it happened.
    pub fn amend_error(&self, amend: impl FnOnce(Error) -> Error) {
        let mut error = self.error.borrow_mut();
        *error = error.take().map(amend);
    }

    pub fn set_hook(&self, hook: Option<Hook>) {
        // The one before ends outside of the borrow: it may tell somebody.
        let before = self.hook.replace(hook);
        drop(before);
    }

    /// Runs `f`, which the caller has another way for: `None`, and no pending failure, if it fails.
    pub fn attempt<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        self.attempted(f).ok()
    }

    /// The same, with what failed. Nothing is run, and that stays pending, if something has failed already.
    pub fn attempted<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        if let Some(e) = self.error() {
            return Err(e);
        }
        let outer = self.trying.replace(true);
        let result = f();
        self.trying.set(outer);
        self.clear_error().map_or(Ok(result), Err)
    }

    /// Runs `f`, a way of computing columns beside which rows are the better way where a primitive has a VJP only: its JVP
    /// would take a VJP for each element. See [`Context::attempt`].
    pub fn attempt_columns<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        let outer = self.no_elements.replace(true);
        let result = self.attempt(f);
        self.no_elements.set(outer);
        result
    }

    /// Values boxed at a level that is open now must not be read until [`Context::leave_rule`]: the derivative of the
    /// rule that is about to run would silently miss what was read.
    pub fn enter_rule(&self) -> Option<u64> {
        self.rule_level.replace(Some(self.trace.last_serial()))
    }

    /// For a function that a rule calls again: what it reads is not part of the rule. Ends with
    /// [`Context::leave_rule`].
    pub fn leave_all_rules(&self) -> Option<u64> {
        self.rule_level.replace(None)
    }

    pub fn leave_rule(&self, outer: Option<u64>) {
        self.rule_level.set(outer);
    }

    /// Whether reading the elements of `x` is allowed here.
    pub fn readable(&self, x: &Array) -> bool {
        match self.rule_level.get() {
            None => true,
            Some(limit) => {
                // Any open level up to `limit` forbids it, also below younger ones.
                let mut value = x.clone();
                loop {
                    let level = value.level(&self.trace);
                    if level == 0 {
                        return true;
                    }
                    if level <= limit {
                        return false;
                    }
                    value = value.layer(level).expect("it is on this level").1;
                }
            }
        }
    }

    /// Notes a failure if `x` was saved by a forward function and the running rule is being differentiated.
    pub fn refuse_saved(&self, x: &Array) {
        if self.rule_differentiated.get() && x.is_saved() {
            self.fail(Error::traced(
                "a derivative rule that is itself being differentiated uses a value which the forward function saved: the \
                 next derivative would miss how it depends on the arguments. Make it a result of the primitive, compute it \
                 in the rule, or pass it through ag_value if it depends on no argument",
            ));
        }
    }

    /// A plain value as a tensor with its elements computed.
    pub fn tensor(&self, x: &Array) -> Result<Tensor> {
        let t = self.lazy_tensor(x)?;
        self.engine.force(&t)?;
        Ok(t)
    }

    /// A plain value as a tensor, pending if it is.
    pub fn lazy_tensor(&self, x: &Array) -> Result<Tensor> {
        match x.plain() {
            Array::Number { value, .. } => self.engine.build::<f64>(&[], |d| d[0] = value),
            Array::Plain(t) => Ok(t),
            _ => Err(Error::handle("the null array has no elements")),
        }
    }

    /// Gives all memory back that isn't in use.
    pub fn trim(&self) {
        self.engine.heap.trim();
        self.trace.trim();
        self.cotangents.take();
        self.number_cotangents.take();
    }
}
