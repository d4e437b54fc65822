//! How a function of the caller's is called: its frame, its results, what fails in it.

use super::context::Frame;
use super::handle::Problem;
use super::{ag_array, ag_context, guard_as, slice};
use crate::error::Error;
use crate::kernels::stack;
use crate::operators::grad::Function;
use crate::trace::{Array, Context};
use smallvec::SmallVec;
use std::ffi::c_void;

/// A function of arrays: args[0] to args[nargs - 1] are borrowed for the call, the result escapes by itself, everything
/// else that was made is released at the end. It fails with `return ag_raise(cx, ...)`. It may call every function of
/// the library but ag_context_free, and must not throw or longjmp.
pub type ag_function = Option<
    unsafe extern "C" fn(cx: *mut ag_context, args: *const ag_array, nargs: usize, user: *mut c_void) -> ag_array,
>;

impl ag_context {
    /// Runs `body` in a frame of its own: a scope, and a barrier for scopes and tapes. What it returns has been taken out
    /// of the scope.
    pub(super) fn framed<T>(&self, body: impl FnOnce(*mut ag_context) -> Option<T>) -> Option<T> {
        let core = &self.core;
        if stack::is_short() {
            self.forward.set(false);
            let (running, left) = (self.frames.borrow().len(), stack::left());
            core.fail(Error::callback(format!(
                "callbacks are nested too deep: {running} of them are running, and {left} bytes of the stack are left"
            )));
            return None;
        }
        if self.slots.borrow_mut().enter().is_none() {
            self.forward.set(false);
            core.fail(Error::memory("no memory for the scope of a callback"));
            return None;
        }
        let scopes = self.slots.borrow().depth();
        let tapes = self.tapes.borrow().count();
        // Settings of diagnosis are open only while the context is watched.
        let settings = if core.watched() { self.diagnosis.depth() } else { 0 };
        self.frames.borrow_mut().push(Frame { scopes, tapes, settings, forward: self.forward.take() });
        let outer = core.watched().then(|| self.diagnosis.enter());
        // What fails in there is called by the callback, not by whoever called this.
        let calling = core.calling("");
        let found = core.elsewhere(|| body(std::ptr::from_ref(self).cast_mut()));
        drop(calling);
        self.frames.borrow_mut().pop();
        self.release_later();
        let open_settings = if core.watched() { self.diagnosis.truncate(core, settings) } else { 0 };
        if let Some(outer) = outer {
            self.diagnosis.leave(outer);
        }
        let open_tapes = self.end_tapes_above(tapes);
        let open_scopes = self.slots.borrow().depth() - scopes;
        if open_tapes > 0 {
            core.fail(Error::tape(format!("the callback left {open_tapes} tape(s) open")));
        } else if open_scopes > 0 {
            core.fail(Error::scope(format!("the callback left {open_scopes} scope(s) open")));
        } else if open_settings > 0 {
            core.fail(Error::scope(format!("the callback left {open_settings} setting(s) of diagnosis open")));
        }
        while self.slots.borrow().depth() >= scopes {
            self.leave_scope();
        }
        if core.failed() { None } else { found }
    }

    /// Runs a callback in a frame. `run` gets handles for `values` and returns handles of results.
    pub(super) fn frame(
        &self,
        values: &[Array],
        results: usize,
        run: impl FnOnce(*mut ag_context, &[ag_array], &mut [ag_array]),
    ) -> SmallVec<[Array; 1]> {
        self.frame_up_to(values, results, results, run)
    }

    /// The same with at least `least` results; the first null beyond them ends the list.
    pub(super) fn frame_up_to(
        &self,
        values: &[Array],
        least: usize,
        results: usize,
        run: impl FnOnce(*mut ag_context, &[ag_array], &mut [ag_array]),
    ) -> SmallVec<[Array; 1]> {
        let found = self.framed(|cx| {
            let handles: SmallVec<[ag_array; 4]> = values.iter().map(|v| self.put(v.clone())).collect();
            let mut out: SmallVec<[ag_array; 1]> = SmallVec::from_elem(ag_array::NULL, results);
            if !self.core.failed() {
                run(cx, &handles, &mut out);
            }
            let mut found = SmallVec::new();
            for (i, &h) in out.iter().enumerate() {
                if self.core.failed() {
                    return None;
                }
                if h.bits == 0 && i >= least {
                    break;
                }
                let value = self.value(h);
                match value {
                    Ok(value) => found.push(value),
                    Err(problem) => {
                        let place = if results > 1 { Some(i) } else { None };
                        self.wrong_result(h.bits, problem, place, "array");
                    }
                }
            }
            Some(found)
        });
        found.unwrap_or_default()
    }

    /// Notes that a callback returned no handle of a result.
    pub(super) fn wrong_result(&self, bits: u64, problem: Problem, place: Option<usize>, what: &str) {
        if bits == 0 {
            let e = format!("the callback returned the null {what} without raising an error");
            self.core.fail(Error::callback(e));
            return;
        }
        let begin = match place {
            Some(i) => format!("result {i} of the callback: "),
            None => "the callback returned: ".into(),
        };
        self.core.fail(Error::handle(begin + &problem.message(what)));
    }

    /// A C function as one of the library's.
    pub(super) fn function(
        &self,
        name: &'static str,
        f: ag_function,
        user: *mut c_void,
    ) -> impl Fn(&Context, &[Array]) -> SmallVec<[Array; 1]> {
        move |_, args: &[Array]| {
            self.inside_of(name, || {
                self.frame(args, 1, |cx, handles, out| {
                    if let Some(f) = f {
                        // SAFETY: the caller's function, with a live context, live handles and the caller's pointer.
                        out[0] = unsafe { f(cx, handles.as_ptr(), handles.len(), user) };
                    }
                })
            })
        }
    }

    /// Runs a callback that was given to the exported function `name`; the message of what fails in it says so.
    pub(super) fn inside_of<R>(&self, name: &'static str, run: impl FnOnce() -> R) -> R {
        let before = self.core.failed();
        let result = run();
        if self.core.failed() && !before {
            self.core.amend_error(|e| e.inside_of(name));
        }
        result
    }
}

/// What all operators on functions check first.
///
/// # Safety
/// `args` is NULL or points at `nargs` handles.
pub(super) unsafe fn arguments(
    c: &ag_context,
    name: &'static str,
    f: ag_function,
    args: *const ag_array,
    nargs: usize,
    argnum: Option<usize>,
) -> Option<SmallVec<[Array; 4]>> {
    if f.is_none() {
        c.core.fail(Error::argument("the function f is NULL").within(name));
        return None;
    }
    // SAFETY: the caller's promise.
    let args = unsafe { slice(c, name, "args", args, nargs) }?;
    if argnum.is_some_and(|k| k >= nargs) {
        let e = Error::argument(format!("argnum is {}, but there are {nargs} arguments", argnum.unwrap_or(0)));
        c.core.fail(e.within(name));
        return None;
    }
    let args = c.get_all(name, args);
    (!c.core.failed()).then_some(args)
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
pub(super) fn unary_operator(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    operator: impl FnOnce(&Context, &Function<'_>, &[Array]) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, Some(argnum)) }) else { return ag_array::NULL };
        c.put(operator(&c.core, &c.function(name, f, user), &args))
    })
}
