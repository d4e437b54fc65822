//! Derivatives as linear maps: products with the Jacobian from either side, once or any number of times.

use super::callback::{ag_function, arguments};
use super::tape::Pullback;
use super::{ag_array, ag_context, ag_tape, guard_as, store};
use crate::error::Error;
use crate::operators::grad::{self, Function, Recorded};
use crate::operators::linear;
use crate::trace::{Array, Arrays, Context, Meta};
use std::ffi::c_void;

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

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps the Jacobian with respect to
/// args[argnum] as a linear map: ag_vjp(cx, jvp, v) is its product with a tangent v of the argument, the tangent of the
/// result. Each product is a sweep, and no evaluation of the function (autograd's make_jvp_reversemode; for one product
/// ag_jvp costs less). End it with ag_tape_end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_make_jvp(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    value: *mut ag_array,
) -> ag_tape {
    make(cx, "ag_make_jvp", f, user, args, nargs, argnum, value, linear::make_jvp)
}

/// The gradient with respect to args[argnum] (to *gradient, which may be NULL), and the Hessian kept as a linear map:
/// ag_vjp(cx, hvp, v) is its product with v. Reverse over reverse: each product is a sweep, and no evaluation of the
/// function (for one product ag_hvp costs less). End it with ag_tape_end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_make_hvp(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    gradient: *mut ag_array,
) -> ag_tape {
    make(cx, "ag_make_hvp", f, user, args, nargs, argnum, gradient, linear::make_hvp)
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn make(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    value: *mut ag_array,
    operator: impl FnOnce(&Context, &Function<'_>, &[Array], &[usize]) -> (Arrays, Option<Recorded>),
) -> ag_tape {
    let null = ag_tape { bits: 0 };
    guard_as(cx, name, null, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, Some(argnum)) }) else { return null };
        let (mut values, recorded) = operator(&c.core, &c.function(name, f, user), &args, &[argnum]);
        let Some(recorded) = recorded else { return null };
        if !value.is_null() {
            let y = values.pop().unwrap_or_default();
            grad::settle(&c.core, std::iter::once(&y));
            // SAFETY: writable, the caller's promise.
            unsafe { store(value, c.put(grad::normal(y))) };
        }
        c.put_pullback(Pullback::Arrays(recorded))
    })
}
