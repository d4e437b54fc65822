//! Jacobians and Hessians, whole or multiplied by something.

use super::callback::{ag_function, arguments, unary_operator};
use super::{ag_array, ag_context, guard_as, slice};
use crate::error::Error;
use crate::operators::grad::{self, Function};
use crate::operators::jacobian::{Mode, hessian, jacobian};
use crate::operators::tensor;
use crate::trace::{Array, Arrays, Context};
use smallvec::SmallVec;
use std::ffi::c_void;

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
