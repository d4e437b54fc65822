//! Derivatives of functions of trees as linear maps that are applied any number of times.

use super::tape::Pullback;
use super::tree_operators::{ag_tree_function, arguments};
use super::{ag_context, ag_tape, ag_tree, guard_as, store};
use crate::error::Error;
use crate::operators::grad;
use crate::operators::tree::derive::{self, TreeFunction};
use crate::operators::tree::{Tree, leaves};
use std::ffi::c_void;

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn make(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    value: *mut ag_tree,
    operator: impl FnOnce(&ag_context, &TreeFunction<'_>, &[Tree]) -> Option<(Tree, derive::Pullback)>,
) -> ag_tape {
    let null = ag_tape { bits: 0 };
    guard_as(cx, name, null, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, Some(argnum)) }) else { return null };
        let Some((found, map)) = operator(c, &c.tree_function(name, f, user), &args) else { return null };
        if c.core.failed() {
            grad::close(&c.core, map.recorded);
            return null;
        }
        if !value.is_null() {
            grad::settle(&c.core, found.leaves().iter());
            let found = c.put_tree(leaves::map(&found, |x| grad::normal(x.clone())));
            // SAFETY: writable, the caller's promise.
            unsafe { store(value, found) };
        }
        c.put_pullback(Pullback::Trees(map))
    })
}

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps what is needed for products with its
/// Jacobian by ag_tree_vjp, any number of times. End it with ag_tape_end; it also ends with its scope (in a callback it must
/// be ended, see ag_tape_begin).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_make_vjp(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    value: *mut ag_tree,
) -> ag_tape {
    make(cx, "ag_tree_make_vjp", f, user, args, nargs, argnum, value, |c, f, args| {
        Some(derive::record(&c.core, f, args, argnum))
    })
}

/// Evaluates the function (its value goes to *value, which may be NULL) and keeps the Jacobian with respect to
/// args[argnum] as a linear map: ag_tree_vjp(cx, jvp, v) is its product with a tangent v, a tree like the argument; a
/// tree like the result. See ag_make_jvp. End it with ag_tape_end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_make_jvp(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    value: *mut ag_tree,
) -> ag_tape {
    make(cx, "ag_tree_make_jvp", f, user, args, nargs, argnum, value, |c, f, args| {
        derive::make_jvp(&c.core, f, args, argnum)
    })
}

/// The gradient with respect to args[argnum] (to *gradient, which may be NULL), and the Hessian kept as a linear map:
/// ag_tree_vjp(cx, hvp, v) is its product with v, both trees like the argument. See ag_make_hvp. End it with
/// ag_tape_end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_make_hvp(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    args: *const ag_tree,
    nargs: usize,
    argnum: usize,
    gradient: *mut ag_tree,
) -> ag_tape {
    const NAME: &str = "ag_tree_make_hvp";
    make(cx, NAME, f, user, args, nargs, argnum, gradient, |c, f, args| {
        derive::make_hvp(&c.core, NAME, f, args, argnum)
    })
}

/// The cotangent of the argument, a tree like it, for a cotangent `g` of the result, a tree like that, of what
/// ag_tree_make_vjp kept. Also the products of what ag_tree_make_jvp and ag_tree_make_hvp kept, with a `g` like the
/// argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_vjp(cx: *mut ag_context, vjp: ag_tape, g: ag_tree) -> ag_tree {
    const NAME: &str = "ag_tree_vjp";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        let Some((map, g)) = c.pullback(NAME, vjp).zip(c.get_tree(NAME, g)) else { return ag_tree::NULL };
        let Pullback::Trees(map) = &*map else {
            c.core.fail(Error::tape("this was not made by ag_tree_make_vjp; use ag_vjp").within(NAME));
            return ag_tree::NULL;
        };
        let found = c.check(NAME, map.product(&c.core, &g)).flatten();
        found.map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}
