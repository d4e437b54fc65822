//! Operators on functions of trees.

use super::check::{AG_FORWARD, AG_REVERSE};
use super::check::{ag_check_options, checked};
use super::{ag_array, ag_context, ag_tree, guard_always, guard_as, store};
use crate::error::{Error, code};
use crate::operators::check::{Modes, Options};
use crate::operators::jacobian::Mode;
use crate::operators::tree::derive::{self, TreeFunction};
use crate::operators::tree::{Tree, Trees, jacobian};
use crate::trace::{Array, Context};
use smallvec::SmallVec;
use std::ffi::c_void;

/// A function of trees: args[0] to args[nargs - 1] are borrowed for the call, the result escapes by itself. An array is
/// returned as `ag_tree_leaf(cx, y)`, several results as a tuple or dict of them. It fails with
/// `ag_raise(cx, ...)` and a null tree. As ag_function in everything else.
pub type ag_tree_function =
    Option<unsafe extern "C" fn(cx: *mut ag_context, args: *const ag_tree, nargs: usize, user: *mut c_void) -> ag_tree>;

impl ag_context {
    /// A C function as one of the library's.
    pub(super) fn tree_function(
        &self,
        name: &'static str,
        f: ag_tree_function,
        user: *mut c_void,
    ) -> impl Fn(&Context, &[Tree]) -> Option<Tree> {
        move |_, args: &[Tree]| {
            self.inside_of(name, || {
                self.tree_frame(args, |cx, handles| match f {
                    // SAFETY: the caller's function, with a live context, live handles and the caller's pointer.
                    Some(f) => unsafe { f(cx, handles.as_ptr(), handles.len(), user) },
                    None => ag_tree::NULL,
                })
            })
        }
    }

    /// Runs a callback in a frame. `run` gets handles for trees and returns that of its result.
    pub(super) fn tree_frame(
        &self,
        args: &[Tree],
        run: impl FnOnce(*mut ag_context, &[ag_tree]) -> ag_tree,
    ) -> Option<Tree> {
        self.frame_to_tree(
            || args.iter().map(|t| self.put_tree(t.clone())).collect::<SmallVec<[ag_tree; 4]>>(),
            |cx, h| run(cx, h),
        )
    }

    /// The same with handles for arrays.
    pub(super) fn tree_frame_of(
        &self,
        args: &[Array],
        run: impl FnOnce(*mut ag_context, &[ag_array]) -> ag_tree,
    ) -> Option<Tree> {
        self.frame_to_tree(
            || args.iter().map(|x| self.put(x.clone())).collect::<SmallVec<[ag_array; 4]>>(),
            |cx, h| run(cx, h),
        )
    }

    fn frame_to_tree<H>(
        &self,
        handles: impl FnOnce() -> H,
        run: impl FnOnce(*mut ag_context, &H) -> ag_tree,
    ) -> Option<Tree> {
        self.framed(|cx| {
            let handles = handles();
            if self.core.failed() {
                return None;
            }
            let result = run(cx, &handles);
            if self.core.failed() {
                return None;
            }
            let found = self.slots.borrow().get_tree(result).cloned();
            match found {
                Ok(tree) => Some(tree),
                Err(problem) => {
                    self.wrong_result(result.bits, problem, None, "tree");
                    None
                }
            }
        })
    }
}

/// What all operators on functions of trees check first.
///
/// # Safety
/// `args` is NULL or points at `nargs` handles.
pub(super) unsafe fn arguments(
    c: &ag_context,
    name: &'static str,
    f: ag_tree_function,
    args: *const ag_tree,
    nargs: usize,
    argnum: Option<usize>,
) -> Option<SmallVec<[Tree; 4]>> {
    if f.is_none() {
        c.core.fail(Error::argument("the function f is NULL").within(name));
        return None;
    }
    if let Some(k) = argnum.filter(|&k| k >= nargs) {
        c.core.fail(Error::argument(format!("argnum is {k}, but there are {nargs} arguments")).within(name));
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { c.get_trees(name, "args", args, nargs) }
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
pub(super) fn operator(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: Option<usize>,
    run: impl FnOnce(&ag_context, &TreeFunction<'_>, &[Tree]) -> Option<Tree>,
) -> ag_tree {
    guard_as(cx, name, ag_tree::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, argnum) }) else { return ag_tree::NULL };
        run(c, &c.tree_function(name, f, user), &args).map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}

/// The gradient of a function with respect to args[argnum], a tree like it: the result is one array, real and of one
/// element. Integers and booleans in the argument reach the function as they are; their part of the gradient is zeros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_grad(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_grad";
    operator(cx, NAME, f, user, args, nargs, Some(argnum), |c, f, args| derive::grad(&c.core, NAME, f, args, argnum))
}

/// The value of a function, and its gradient with respect to args[argnum] in *gradient, see ag_tree_grad.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_value_and_grad(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    gradient: *mut ag_tree,
) -> ag_array {
    // SAFETY: the caller's promises about the pointers.
    unsafe { value_and_grads(cx, "ag_tree_value_and_grad", f, user, args, nargs, &argnum, 1, gradient) }
}

/// The value of a function, and its gradients with respect to args[argnums[i]] in gradients[i], from one sweep. argnums
/// NULL: with respect to all arguments (nargnums is ignored).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_value_and_grads(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnums: *const usize,
    nargnums: usize,
    gradients: *mut ag_tree,
) -> ag_array {
    // SAFETY: the caller's promises about the pointers.
    unsafe { value_and_grads(cx, "ag_tree_value_and_grads", f, user, args, nargs, argnums, nargnums, gradients) }
}

/// # Safety
/// Of the C functions.
#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
unsafe fn value_and_grads(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnums: *const usize,
    nargnums: usize,
    gradients: *mut ag_tree,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, None) }) else { return ag_array::NULL };
        let argnums: SmallVec<[usize; 4]> = if argnums.is_null() {
            (0..nargs).collect()
        } else {
            // SAFETY: `nargnums` numbers, the caller's promise.
            let Some(list) = (unsafe { super::slice(c, name, "argnums", argnums, nargnums) }) else {
                return ag_array::NULL;
            };
            list.into()
        };
        let bad = argnums.iter().find(|&&k| k >= nargs);
        if bad.is_some() || gradients.is_null() && !argnums.is_empty() {
            let message = bad.map_or_else(
                || "the place for the gradients is NULL".to_string(),
                |k| format!("argnum is {k}, but there are {nargs} arguments"),
            );
            c.core.fail(Error::argument(message).within(name));
            return ag_array::NULL;
        }
        let found = derive::value_and_grads(&c.core, name, &c.tree_function(name, f, user), &args, &argnums);
        let (value, grads) = found.map_or((ag_array::NULL, Trees::new()), |(value, grads)| (c.put(value), grads));
        let mut grads = grads.into_iter();
        for i in 0..argnums.len() {
            let g = grads.next().map_or(ag_tree::NULL, |g| c.put_tree(g));
            // SAFETY: room for as many handles as there are argnums, the caller's promise.
            unsafe { gradients.add(i).write(g) };
        }
        value
    })
}

/// The gradient of the first item of a function's result, which is a tuple of an array (real, of one element) and of
/// anything else; the latter goes to *aux, the value to *value (either may be NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_grad_and_aux(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    value: *mut ag_array,
    aux: *mut ag_tree,
) -> ag_tree {
    operator(cx, "ag_tree_grad_and_aux", f, user, args, nargs, Some(argnum), |c, f, args| {
        let (gradient, rest, y) = derive::grad_and_aux(&c.core, f, args, argnum)?;
        let (y, rest) = (c.put(y), c.put_tree(rest));
        // SAFETY: NULL or writable, the caller's promise.
        unsafe {
            store(value, y);
            store(aux, rest);
        }
        Some(gradient)
    })
}

/// The gradient of the sum of all elements of a function's result, whatever its structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_elementwise_grad(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    operator(cx, "ag_tree_elementwise_grad", f, user, args, nargs, Some(argnum), |c, f, args| {
        derive::elementwise_grad(&c.core, f, args, argnum)
    })
}

/// The derivatives of a holomorphic function, of one result, by the complex leaves of args[argnum].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_holomorphic_grad(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    operator(cx, "ag_tree_holomorphic_grad", f, user, args, nargs, Some(argnum), |c, f, args| {
        derive::holomorphic_grad(&c.core, f, args, argnum)
    })
}

/// The Jacobian with respect to args[argnum]: a tree like the result, with a tree like the argument in place of each
/// leaf. The shapes are those of ag_jacobian for the two leaves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_jacobian(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_jacobian";
    operator(cx, NAME, f, user, args, nargs, Some(argnum), |c, f, args| {
        jacobian::jacobian(&c.core, NAME, f, args, argnum, Mode::Automatic)
    })
}

/// The Jacobian with respect to args[argnum], as ag_tree_jacobian, in reverse mode whatever the shapes are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_jacobian_reverse(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_jacobian_reverse";
    operator(cx, NAME, f, user, args, nargs, Some(argnum), |c, f, args| {
        jacobian::jacobian(&c.core, NAME, f, args, argnum, Mode::Reverse)
    })
}

/// The Jacobian with respect to args[argnum], as ag_tree_jacobian, in forward mode whatever the shapes are, see
/// ag_jacobian_forward.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_jacobian_forward(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_jacobian_forward";
    operator(cx, NAME, f, user, args, nargs, Some(argnum), |c, f, args| {
        jacobian::jacobian(&c.core, NAME, f, args, argnum, Mode::Forward)
    })
}

/// The Hessian of a function with one result (real, of one element) with respect to args[argnum]: a tree like the
/// argument, with a tree like the argument in place of each leaf. Real leaves are taken in a few groups, for each of which
/// `f` is called once; of two blocks across the diagonal one is computed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_hessian(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    operator(cx, "ag_tree_hessian", f, user, args, nargs, Some(argnum), |c, f, args| {
        jacobian::hessian(&c.core, f, args, argnum)
    })
}

/// The Hessian with respect to args[argnum] times `v`, a tree like the argument, see ag_hvp.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_hvp(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    v: ag_tree,
) -> ag_tree {
    const NAME: &str = "ag_tree_hvp";
    operator(cx, NAME, f, user, args, nargs, Some(argnum), |c, f, args| {
        let v = c.get_tree(NAME, v)?;
        c.check(NAME, derive::hvp(&c.core, f, args, argnum, &v))?
    })
}

/// The Hessian with respect to all arguments together, times vs[0] to vs[nargs - 1], trees like them; results in hvs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_hvps(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    vs: *const ag_tree,
    hvs: *mut ag_tree,
) {
    const NAME: &str = "ag_tree_hvps";
    guard_as(cx, NAME, (), |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, None) }) else { return };
        if hvs.is_null() && nargs > 0 {
            c.core.fail(Error::argument("the argument hvs is NULL").within(NAME));
            return;
        }
        // SAFETY: `nargs` handles, the caller's promise.
        let vs = unsafe { c.get_trees(NAME, "vs", vs, nargs) };
        let all: SmallVec<[usize; 4]> = (0..nargs).collect();
        let found = vs.and_then(|vs| {
            c.check(NAME, derive::hvps(&c.core, NAME, &c.tree_function(NAME, f, user), &args, &all, &vs)).flatten()
        });
        let mut found = found.unwrap_or_default().into_iter();
        for i in 0..nargs {
            let product = found.next().map_or(ag_tree::NULL, |t| c.put_tree(t));
            // SAFETY: room for `nargs` handles, the caller's promise.
            unsafe { hvs.add(i).write(product) };
        }
    });
}

/// The generalised Gauss-Newton product J^T H J v with respect to args[argnum]: J is the Jacobian of `f`, H the Hessian of
/// `g`, a function of the result of `f`, a tree, with one real result of one element; v is a tree like the argument, and
/// so is the product. Both functions get the same `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_ggnvp(
    cx: *mut ag_context,
    f: ag_tree_function,
    g: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    v: ag_tree,
) -> ag_tree {
    const NAME: &str = "ag_tree_ggnvp";
    operator(cx, NAME, f, user, args, nargs, Some(argnum), |c, f, args| {
        if g.is_none() {
            c.core.fail(Error::argument("the function g is NULL").within(NAME));
            return None;
        }
        let v = c.get_tree(NAME, v)?;
        c.check(NAME, derive::ggnvp(&c.core, f, &c.tree_function(NAME, g, user), args, argnum, &v))?
    })
}

/// The derivative with respect to args[argnum] of a function that works element by element, in forward mode: the tangent of
/// the result, whatever its structure, for a tangent of ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_deriv(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    operator(cx, "ag_tree_deriv", f, user, args, nargs, Some(argnum), |c, f, args| {
        derive::deriv(&c.core, f, args, argnum)
    })
}

/// The tangent of the result for a tangent of args[argnum], a tree like it, in forward mode. The value goes to *value,
/// which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_jvp(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    tangent: ag_tree,
    value: *mut ag_tree,
) -> ag_tree {
    const NAME: &str = "ag_tree_jvp";
    operator(cx, NAME, f, user, args, nargs, Some(argnum), |c, f, args| {
        let tangent = c.get_tree(NAME, tangent)?;
        let (y, t) = c.check(NAME, derive::jvp(&c.core, f, args, argnum, &tangent))??;
        if !value.is_null() {
            let y = c.put_tree(y);
            // SAFETY: writable, the caller's promise.
            unsafe { store(value, y) };
        }
        Some(t)
    })
}

/// ag_tree_check_grads with all its options, see ag_check_grads_with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_check_grads_with(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    options: *const ag_check_options,
) -> i32 {
    const NAME: &str = "ag_tree_check_grads_with";
    guard_always(cx, code::CONTEXT, |c| {
        if c.core.failed() {
            return c.core.error_code();
        }
        let _calling = c.core.calling(NAME);
        // SAFETY: the caller's promise about `args`.
        if let Some(args) = unsafe { arguments(c, NAME, f, args, nargs, None) }
            && let Some(options) = checked(c, NAME, options, 2, None)
            && let Err(e) = derive::check_grads(&c.core, &c.tree_function(NAME, f, user), &args, options)
        {
            c.core.fail(e.within(NAME));
        }
        c.core.error_code()
    })
}

/// Compares the derivatives of a function of trees, with respect to all leaves of all arguments, with differences, as
/// ag_check_grads does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_check_grads(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    order: i32,
    modes: i32,
) -> i32 {
    const NAME: &str = "ag_tree_check_grads";
    guard_always(cx, code::CONTEXT, |c| {
        if c.core.failed() {
            return c.core.error_code();
        }
        let _calling = c.core.calling(NAME);
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, None) }) else { return c.core.error_code() };
        if order < 1 || !(0..=3).contains(&modes) {
            let e = Error::argument(format!("order is {order} (from 1 on), modes is {modes} (0 to 3)"));
            c.core.fail(e.within(NAME));
            return c.core.error_code();
        }
        let modes = if modes == 0 { AG_REVERSE | AG_FORWARD } else { modes };
        let modes = Modes { reverse: modes & AG_REVERSE != 0, forward: modes & AG_FORWARD != 0 };
        let options = Options { order: order as u32, modes, ..Options::default() };
        if let Err(e) = derive::check_grads(&c.core, &c.tree_function(NAME, f, user), &args, options) {
            c.core.fail(e.within(NAME));
        }
        c.core.error_code()
    })
}
