//! Operators made of others: linear maps, checkpoints, products with tensors, derivatives in forward mode, functions
//! along an axis.

use super::array::ag_drop;
use super::function::{ag_function, arguments, unary_operator};
use super::primitive::{User, ag_multi_function};
use super::tape::Pullback;
use super::{ag_array, ag_context, ag_tape, guard_as, returned, slice, store};
use crate::context::Context;
use crate::error::Error;
use crate::operators::along::apply_along_axis;
use crate::operators::checkpoint::{self, LoopBody};
use crate::operators::grad::{self, Arrays, Function, Recorded};
use crate::operators::jacobian::{Mode, jacobian};
use crate::operators::{linear, tensor};
use crate::ops::positions;
use crate::trace::Array;
use std::ffi::c_void;
use std::rc::Rc;

/// A step of a loop: args[0] is the state before step number `i`, the other arguments are those of the loop; returns the
/// state after it. As ag_function in everything else.
pub type ag_step_function = Option<
    unsafe extern "C" fn(
        cx: *mut ag_context,
        i: usize,
        args: *const ag_array,
        nargs: usize,
        user: *mut c_void,
    ) -> ag_array,
>;

/// f(args), called again when the derivative is taken: `f` and `user` are kept until then. `drop` is called with `user` exactly once when nothing needs it any more: when the last tape that holds this call is gone, or at
/// once where nothing is recorded, or if the call fails; NULL: what `user` points at stays until the derivatives have been
/// taken (a struct on the stack of a function that has returned by then is AG_ERR_ARGUMENT, where that can be seen).
/// For the derivative the arguments are kept only; what happens inside is computed again. For parts of a computation that hold
/// more memory than they take time. The function must do the same each time, with a result of the same shape (AG_ERR_SHAPE)
/// and dtype (AG_ERR_DTYPE), and may depend
/// on values being differentiated through its arguments only (AG_ERR_ARGUMENT).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_checkpoint(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_array,
    nargs: usize,
) -> ag_array {
    const NAME: &str = "ag_checkpoint";
    let user = User::new(user, drop);
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, None) }) else { return ag_array::NULL };
        let Some(user) = c.kept(NAME, user, &args) else { return ag_array::NULL };
        c.put(checkpoint::checkpoint(&c.core, &c.stored(f, user), &args))
    })
}

/// `steps` times args[0] = step(i, args), beginning with the args[0] given; returns the last state. The derivative keeps
/// about sqrt(steps) states, and computes the steps between them again, sqrt(steps) at a time: `step`, `user` and `drop` are
/// as `f`, `user` and `drop` of ag_checkpoint.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_checkpoint_loop(
    cx: *mut ag_context,
    step: ag_step_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_array,
    nargs: usize,
    steps: usize,
) -> ag_array {
    const NAME: &str = "ag_checkpoint_loop";
    let user = User::new(user, drop);
    guard_as(cx, NAME, ag_array::NULL, |c| {
        let Some(step) = step else {
            c.core.fail(Error::argument("the function step is NULL").within(NAME));
            return ag_array::NULL;
        };
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { slice(c, NAME, "args", args, nargs) }) else { return ag_array::NULL };
        if args.is_empty() {
            c.core.fail(Error::argument("expected the state as the first argument, got no arguments").within(NAME));
            return ag_array::NULL;
        }
        let args = c.get_all(NAME, args);
        if c.core.failed() {
            return ag_array::NULL;
        }
        let Some(user) = c.kept(NAME, user, &args) else { return ag_array::NULL };
        let context = std::ptr::from_ref(c);
        let stored: LoopBody = Rc::new(move |core: &Context, i: usize, args: &[Array]| {
            let Some(user) = user.pointer(core) else { return Array::Null };
            // SAFETY: as in `ag_checkpoint`.
            let c = unsafe { &*context };
            let mut found = c.inside_of(NAME, || {
                c.frame(args, 1, |cx, handles, out| {
                    // SAFETY: the caller's function, with a live context, live handles and the caller's pointer.
                    out[0] = unsafe { step(cx, i, handles.as_ptr(), handles.len(), user) };
                })
            });
            found.pop().unwrap_or_default()
        });
        c.put(checkpoint::checkpoint_loop(&c.core, &stored, &args, steps))
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

/// The Jacobian with respect to args[argnum], as ag_jacobian, in reverse mode whatever the shapes are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_jacobian_reverse(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    unary_operator(cx, "ag_jacobian_reverse", f, user, args, nargs, argnum, |c, f, args| {
        jacobian(c, f, args, argnum, Mode::Reverse)
    })
}

/// The Jacobian with respect to args[argnum], as ag_jacobian, in forward mode whatever the shapes are: a pass with many
/// tangents at a time. Complex arguments are differentiated along the real axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_jacobian_forward(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_array {
    unary_operator(cx, "ag_jacobian_forward", f, user, args, nargs, argnum, |c, f, args| {
        jacobian(c, f, args, argnum, Mode::Forward)
    })
}

/// A tensor contracted with the Jacobian with respect to args[argnum], over all axes of the tensor: they have the extents of
/// the first axes of the result, or of all (a tensor of rank 0 is a factor). Shape: the remaining axes of the result, then
/// those of the argument. For arrays only: the axes of a tree's
/// leaves have nothing in common (products with trees are those of ag_tree_make_vjp).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tensor_jacobian_product(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    tensor: ag_array,
) -> ag_array {
    with_tensor(cx, "ag_tensor_jacobian_product", f, user, args, nargs, argnum, tensor, |c, f, args, t| {
        tensor::tensor_jacobian_product(c, f, args, argnum, t)
    })
}

/// A tensor contracted with the Hessian with respect to args[argnum] over the first axes of the argument, whose shape the
/// tensor has. Shape: the remaining axes of the argument, then all of them. For arrays only; ag_tree_hvp is the product
/// with a tree.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hessian_tensor_product(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    tensor: ag_array,
) -> ag_array {
    with_tensor(cx, "ag_hessian_tensor_product", f, user, args, nargs, argnum, tensor, |c, f, args, t| {
        tensor::hessian_tensor_product(c, f, args, argnum, t)
    })
}

/// The generalised Gauss-Newton product J^T H J v: J is the Jacobian of `f` with respect to args[argnum], H the Hessian of
/// `g`, a function of the one result of `f` with a real result of one element; v has the shape of the argument. Both
/// functions get the same `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ggnvp(
    cx: *mut ag_context,
    f: ag_function,
    g: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    v: ag_array,
) -> ag_array {
    const NAME: &str = "ag_ggnvp";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, Some(argnum)) }) else { return ag_array::NULL };
        if g.is_none() {
            c.core.fail(Error::argument("the function g is NULL").within(NAME));
            return ag_array::NULL;
        }
        let v = c.get(NAME, v);
        if v.is_null() {
            return ag_array::NULL;
        }
        c.put(tensor::ggnvp(&c.core, &c.function(NAME, f, user), &c.function(NAME, g, user), &args, argnum, &v))
    })
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn with_tensor(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    tensor: ag_array,
    operator: impl FnOnce(&Context, &Function<'_>, &[Array], &Array) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, Some(argnum)) }) else { return ag_array::NULL };
        let tensor = c.get(name, tensor);
        if tensor.is_null() {
            return ag_array::NULL;
        }
        c.put(operator(&c.core, &c.function(name, f, user), &args, &tensor))
    })
}

/// The results of a function for all lines of x along an axis: args[0] is a line, a vector. They must have one shape, and
/// their axes stand where `axis` was. Differentiable, as the function is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_apply_along_axis(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    x: ag_array,
    axis: i64,
) -> ag_array {
    const NAME: &str = "ag_apply_along_axis";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: one handle.
        let Some(args) = (unsafe { arguments(c, NAME, f, &raw const x, 1, None) }) else { return ag_array::NULL };
        let y = apply_along_axis(&c.core, &c.function(NAME, f, user), &args[0], axis);
        c.check(NAME, y).map_or(ag_array::NULL, |y| c.put(y))
    })
}

/// f of the coordinates of a grid: args[i], of the shape given and of this dtype (NumPy's default is AG_F64), has those along axis
/// i. What f returns is the result, whatever its shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fromfunction(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    shape: *const i64,
    ndim: usize,
    dtype: i32,
) -> ag_array {
    const NAME: &str = "ag_fromfunction";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        if f.is_none() {
            c.core.fail(Error::argument("the function f is NULL").within(NAME));
            return ag_array::NULL;
        }
        let (Some(grid), Some(dtype)) = (c.shape(NAME, shape, ndim), c.dtype(NAME, dtype)) else {
            return ag_array::NULL;
        };
        let coordinates = c.check(NAME, positions::coordinates(&c.core, &grid, dtype));
        let y = coordinates.and_then(|args| c.function(NAME, f, user)(&c.core, &args).pop());
        y.filter(|_| !c.core.failed()).map_or(ag_array::NULL, |y| c.put(y))
    })
}
