//! Operators on functions, and how a function of the caller's is called.

use super::context::Frame;
use super::handle::Problem;
use super::tape::Pullback;
use super::{ag_array, ag_context, ag_tape, guard_as, slice, store};
use crate::context::Context;
use crate::error::Error;
use crate::kernels::stack;
use crate::operators::grad::{self, Arrays};
use crate::operators::jacobian::{Mode, hessian, jacobian};
use crate::trace::{Array, Meta};
use smallvec::SmallVec;
use std::ffi::c_void;

/// A function of arrays: args[0] to args[nargs - 1] are borrowed for the call, the result escapes by itself, everything
/// else that was made is released at the end. It fails with `return ag_raise(cx, ...)`. It may call every function of
/// the library but ag_context_free, and must not throw or longjmp.
pub type ag_function = Option<
    unsafe extern "C" fn(cx: *mut ag_context, args: *const ag_array, nargs: usize, user: *mut c_void) -> ag_array,
>;

/// Reverse mode, for ag_check_grads.
pub const AG_REVERSE: i32 = 1;
/// Forward mode, for ag_check_grads.
pub const AG_FORWARD: i32 = 2;

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

/// The gradient of a function with real result of one element, with respect to args[argnum]: an array of its shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_grad(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    const NAME: &str = "ag_grad";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, Some(argnum)) }) else { return ag_array::NULL };
        c.put(grad::grad(&c.core, NAME, &c.function(NAME, f, user), &args, argnum))
    })
}

/// The value of a function, and its gradient with respect to args[argnum] in *gradient. Computed together, for little
/// more than the gradient alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_value_and_grad(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    gradient: *mut ag_array,
) -> ag_array {
    value_and_grads(cx, "ag_value_and_grad", f, user, args, nargs, Some(&[argnum]), gradient)
}

/// The value of a function, and its gradients with respect to args[argnums[i]] in gradients[i], from one sweep. argnums
/// NULL: with respect to all arguments, nargs of them (nargnums is ignored).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_value_and_grads(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnums: *const usize,
    nargnums: usize,
    gradients: *mut ag_array,
) -> ag_array {
    const NAME: &str = "ag_value_and_grads";
    if argnums.is_null() {
        return value_and_grads(cx, NAME, f, user, args, nargs, None, gradients);
    }
    if nargnums > isize::MAX as usize / 8 || !argnums.is_aligned() {
        return guard_as(cx, NAME, ag_array::NULL, |c| {
            c.core.fail(Error::argument("argnums is misaligned or too long").within(NAME));
            ag_array::NULL
        });
    }
    // SAFETY: `nargnums` numbers, the caller's promise.
    let argnums = unsafe { std::slice::from_raw_parts(argnums, nargnums) };
    value_and_grads(cx, NAME, f, user, args, nargs, Some(argnums), gradients)
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn value_and_grads(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnums: Option<&[usize]>,
    gradients: *mut ag_array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, None) }) else { return ag_array::NULL };
        let all: SmallVec<[usize; 4]> = argnums.map_or_else(|| (0..nargs).collect(), SmallVec::from_slice);
        if gradients.is_null() && !all.is_empty() {
            c.core.fail(Error::argument("the place for the gradients is NULL").within(name));
            return ag_array::NULL;
        }
        if let Some(k) = all.iter().find(|&&k| k >= nargs) {
            let e = Error::argument(format!("argnum is {k}, but there are {nargs} arguments"));
            c.core.fail(e.within(name));
        }
        let (value, grads) = if c.core.failed() {
            (Array::Null, Array::nulls(all.len()))
        } else {
            grad::value_and_grads(&c.core, name, &c.function(name, f, user), &args, &all)
        };
        for (i, g) in grads.into_iter().enumerate() {
            // SAFETY: room for as many handles as there are argnums, the caller's promise.
            unsafe { gradients.add(i).write(c.put(g)) };
        }
        c.put(value)
    })
}

/// The gradient of the sum of a function's elements with respect to args[argnum]: its derivative, for a function that
/// works element by element. The result has the shape of the argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_elementwise_grad(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    unary_operator(cx, "ag_elementwise_grad", f, user, args, nargs, argnum, |c, f, args| {
        grad::elementwise_grad(c, f, args, argnum)
    })
}

/// f'(z) of a holomorphic function of complex args[argnum].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_holomorphic_grad(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    unary_operator(cx, "ag_holomorphic_grad", f, user, args, nargs, argnum, |c, f, args| {
        grad::holomorphic_grad(c, f, args, argnum)
    })
}

/// The Jacobian with respect to args[argnum]: shape of the result, then shape of the argument. Its rows are one sweep with
/// many cotangents at a time; where a real argument has by far fewer elements than the result, its columns are one forward
/// pass instead, for which `f` is called again. ag_jacobian_reverse and ag_jacobian_forward do the one or the other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_jacobian(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    unary_operator(cx, "ag_jacobian", f, user, args, nargs, argnum, |c, f, args| {
        jacobian(c, f, args, argnum, Mode::Automatic)
    })
}

/// The Hessian with respect to args[argnum]: shape of the result, then twice the shape of the argument. For real arguments
/// one forward pass through the gradient with many tangents at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hessian(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    unary_operator(cx, "ag_hessian", f, user, args, nargs, argnum, |c, f, args| hessian(c, f, args, argnum))
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
    operator: impl FnOnce(&Context, &grad::Function<'_>, &[Array]) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, Some(argnum)) }) else { return ag_array::NULL };
        c.put(operator(&c.core, &c.function(name, f, user), &args))
    })
}

/// The Hessian with respect to args[argnum] times `v`, which has the shape of the argument; costs a few evaluations of
/// the function and never forms the Hessian.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hvp(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    v: ag_array,
) -> ag_array {
    const NAME: &str = "ag_hvp";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, Some(argnum)) }) else { return ag_array::NULL };
        let v = c.get(NAME, v);
        if v.is_null() {
            return ag_array::NULL;
        }
        let mut result = grad::hvps(&c.core, &c.function(NAME, f, user), &args, &[argnum], &[v]);
        c.put(result.pop().unwrap_or_default())
    })
}

/// The Hessian with respect to all arguments together, times vs[0] to vs[nargs - 1]; results in hvs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hvps(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    vs: *const ag_array,
    hvs: *mut ag_array,
) {
    const NAME: &str = "ag_hvps";
    guard_as(cx, NAME, (), |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, None) }) else { return };
        // SAFETY: `nargs` handles, the caller's promise.
        let Some(vs) = (unsafe { slice(c, NAME, "vs", vs, nargs) }) else { return };
        if hvs.is_null() {
            c.core.fail(Error::argument("the argument hvs is NULL").within(NAME));
            return;
        }
        let vs = c.get_all(NAME, vs);
        let all: SmallVec<[usize; 4]> = (0..nargs).collect();
        let results = if c.core.failed() {
            Arrays::new()
        } else {
            grad::hvps(&c.core, &c.function(NAME, f, user), &args, &all, &vs)
        };
        for i in 0..nargs {
            let result = results.get(i).cloned().unwrap_or_default();
            // SAFETY: room for `nargs` handles, the caller's promise.
            unsafe { hvs.add(i).write(c.put(result)) };
        }
    });
}

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps what is needed to compute
/// vector-Jacobian products with respect to args[argnum] with ag_vjp, any number of times. End it with ag_tape_end; it
/// also ends with its scope (in a callback it must be ended, see ag_tape_begin).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_make_vjp(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    value: *mut ag_array,
) -> ag_tape {
    const NAME: &str = "ag_make_vjp";
    let null = ag_tape { bits: 0 };
    guard_as(cx, NAME, null, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, Some(argnum)) }) else { return null };
        let recorded = grad::record(&c.core, &c.function(NAME, f, user), &args, &[argnum]);
        if !grad::check_differentiable(&c.core, NAME, &recorded.value()) {
            grad::close(&c.core, recorded);
            return null;
        }
        if !value.is_null() {
            // SAFETY: writable, the caller's promise.
            unsafe { store(value, c.put(recorded.value())) };
        }
        c.put_pullback(Pullback::Arrays(recorded))
    })
}

/// The vector-Jacobian product of what ag_make_vjp kept: the cotangent of the argument for the cotangent `g` of the
/// result. AG_ERR_SHAPE if g hasn't the shape of the result. Also the products of what ag_make_jvp and ag_make_hvp kept,
/// with a `g` of the shape of the argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vjp(cx: *mut ag_context, vjp: ag_tape, g: ag_array) -> ag_array {
    const NAME: &str = "ag_vjp";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        let (Some(recorded), g) = (c.pullback(NAME, vjp), c.get(NAME, g)) else { return ag_array::NULL };
        let Pullback::Arrays(recorded) = &*recorded else {
            c.core.fail(Error::tape("this was made by ag_tree_make_vjp; use ag_tree_vjp").within(NAME));
            return ag_array::NULL;
        };
        if g.is_null() {
            return ag_array::NULL;
        }
        let value = recorded.value();
        if let Err(e) = grad::check_direction("the cotangent", &g, "expected", &Meta::of(&value)) {
            c.core.fail(e.within(NAME));
            return ag_array::NULL;
        }
        let result = recorded.pull(&c.core, &[g], false).pop().unwrap_or_default();
        grad::settle(&c.core, [&value, &result].into_iter());
        c.put(grad::normal(result))
    })
}

/// The Jacobian-vector product in forward mode: returns the tangent of the result for the tangent of args[argnum] (of
/// its shape); the value goes to *value, which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_jvp(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    tangent: ag_array,
    value: *mut ag_array,
) -> ag_array {
    const NAME: &str = "ag_jvp";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, Some(argnum)) }) else { return ag_array::NULL };
        let t = c.get(NAME, tangent);
        if t.is_null() {
            return ag_array::NULL;
        }
        let (mut values, mut tangents) = grad::jvp(&c.core, &c.function(NAME, f, user), &args, &[argnum], &[t]);
        if !value.is_null() {
            let y = c.put(values.pop().unwrap_or_default());
            // SAFETY: writable, the caller's promise.
            unsafe { store(value, y) };
        }
        c.put(tangents.pop().unwrap_or_default())
    })
}
