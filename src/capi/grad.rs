//! Gradients and derivatives of functions of arrays.

use super::callback::{ag_function, arguments, unary_operator};
use super::primitive::ag_multi_function;
use super::{ag_array, ag_context, guard_as, returned, slice};
use crate::error::Error;
use crate::operators::grad;
use crate::operators::{linear, tensor};
use crate::trace::{Array, Context};
use smallvec::SmallVec;
use std::ffi::c_void;

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

/// The gradient of the first result of a function with respect to args[argnum], and its other results: the function has
/// naux + 1 results, of which the first is real and has one element. results[0] to results[naux] are the values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_grad_and_aux(
    cx: *mut ag_context,
    f: ag_multi_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    naux: usize,
    results: *mut ag_array,
) -> ag_array {
    const NAME: &str = "ag_grad_and_aux";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        let fail = |message: &str| {
            c.core.fail(Error::argument(message.to_string()).within(NAME));
            ag_array::NULL
        };
        let Some(f) = f else { return fail("the function f is NULL") };
        if results.is_null() {
            return fail("the argument results is NULL");
        }
        if naux >= 1 << 16 {
            return fail("naux is at most 65535");
        }
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { slice(c, NAME, "args", args, nargs) }) else { return ag_array::NULL };
        if argnum >= nargs {
            return fail(&format!("argnum is {argnum}, but there are {nargs} arguments"));
        }
        let args = c.get_all(NAME, args);
        if c.core.failed() {
            return ag_array::NULL;
        }
        let function = |core: &Context, args: &[Array]| {
            c.inside_of(NAME, || {
                c.frame(args, naux + 1, |cx, handles, out| {
                    // SAFETY: the caller's function, with a live context, live handles, room for the results, and the
                    // caller's pointer.
                    let code = unsafe { f(cx, handles.as_ptr(), handles.len(), out.as_mut_ptr(), naux + 1, user) };
                    if code != 0 && !core.failed() {
                        core.fail(returned(code, format!("the callback failed with code {code}")));
                    }
                })
            })
        };
        let (gradient, values) = linear::grad_and_aux(&c.core, &function, &args, argnum);
        for i in 0..=naux {
            let value = c.put(values.get(i).cloned().unwrap_or_default());
            // SAFETY: room for `naux + 1` handles, the caller's promise.
            unsafe { results.add(i).write(value) };
        }
        c.put(gradient)
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

/// The derivative of a function of a number, or of one that works element by element, with respect to args[argnum], in
/// forward mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_deriv(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    unary_operator(cx, "ag_deriv", f, user, args, nargs, argnum, |c, f, args| tensor::deriv(c, f, args, argnum))
}
