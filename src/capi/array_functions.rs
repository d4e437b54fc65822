//! Functions of arrays whose result is a tree: what a function of another language is that takes arrays and returns
//! whatever it likes. How many results it has, and in what structure, is found out by calling it.

use super::tape::Pullback;
use super::{ag_array, ag_context, ag_tape, ag_tree, guard_as, slice, store};
use crate::error::Error;
use crate::operators::grad;
use crate::operators::jacobian::Mode;
use crate::operators::tree::derive::{self, TreeFunction};
use crate::operators::tree::{Tree, jacobian, leaves};
use crate::trace::Context;
use smallvec::SmallVec;
use std::ffi::c_void;

/// A function of arrays with a tree as its result; as ag_function in everything else.
pub type ag_array_tree_function = Option<
    unsafe extern "C" fn(cx: *mut ag_context, args: *const ag_array, nargs: usize, user: *mut c_void) -> ag_tree,
>;

type Arguments = SmallVec<[Tree; 4]>;

/// Runs an operator on functions of trees, with arguments that are leaves.
#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn operator<R: Copy>(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_array_tree_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    null: R,
    run: impl FnOnce(&ag_context, &TreeFunction<'_>, &[Tree]) -> Option<R>,
) -> R {
    guard_as(cx, name, null, |c| {
        let Some(f) = f else {
            c.core.fail(Error::argument("the function f is NULL").within(name));
            return null;
        };
        // SAFETY: `nargs` handles, the caller's promise.
        let Some(args) = (unsafe { slice(c, name, "args", args, nargs) }) else { return null };
        if argnum >= nargs {
            c.core.fail(Error::argument(format!("argnum is {argnum}, but there are {nargs} arguments")).within(name));
            return null;
        }
        let args: Arguments = c.get_all(name, args).into_iter().map(Tree::from).collect();
        if c.core.failed() {
            return null;
        }
        let function = |_: &Context, args: &[Tree]| {
            let values: SmallVec<[_; 4]> = args.iter().map(|t| t.leaves()[0].clone()).collect();
            c.inside_of(name, || {
                c.tree_frame_of(&values, |cx, handles| {
                    // SAFETY: the caller's function, with a live context, live handles and the caller's pointer.
                    unsafe { f(cx, handles.as_ptr(), handles.len(), user) }
                })
            })
        };
        run(c, &function, &args).unwrap_or(null)
    })
}

/// Evaluates the function (its value, a tree, goes to *value, which may be NULL) and keeps what is needed for products with
/// its Jacobian with respect to args[argnum]: ag_tree_vjp(cx, vjp, g), with a g like the value, is a leaf. End it with
/// ag_tape_end; it also ends with its scope (in a callback it must be ended, see ag_tape_begin).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_array_tree_make_vjp(
    cx: *mut ag_context,
    f: ag_array_tree_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    value: *mut ag_tree,
) -> ag_tape {
    const NAME: &str = "ag_array_tree_make_vjp";
    operator(cx, NAME, f, user, args, nargs, argnum, ag_tape { bits: 0 }, |c, f, args| {
        let (found, map) = derive::record(&c.core, f, args, argnum);
        if c.core.failed() {
            grad::close(&c.core, map.recorded);
            return None;
        }
        if !value.is_null() {
            grad::settle(&c.core, found.leaves().iter());
            let found = c.put_tree(leaves::map(&found, |x| grad::normal(x.clone())));
            // SAFETY: writable, the caller's promise.
            unsafe { store(value, found) };
        }
        Some(c.put_pullback(Pullback::Trees(map)))
    })
}

/// The tangent of the result, a tree like it, for the tangent of args[argnum]; the value goes to *value, which may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_array_tree_jvp(
    cx: *mut ag_context,
    f: ag_array_tree_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    tangent: ag_array,
    value: *mut ag_tree,
) -> ag_tree {
    const NAME: &str = "ag_array_tree_jvp";
    operator(cx, NAME, f, user, args, nargs, argnum, ag_tree::NULL, |c, f, args| {
        let tangent = c.get(NAME, tangent);
        if tangent.is_null() {
            return None;
        }
        let (y, t) = c.check(NAME, derive::jvp(&c.core, f, args, argnum, &tangent.into()))??;
        if !value.is_null() {
            let y = c.put_tree(y);
            // SAFETY: writable, the caller's promise.
            unsafe { store(value, y) };
        }
        Some(c.put_tree(t))
    })
}

/// The Jacobian with respect to args[argnum]: a tree of the result's structure, in which each leaf has the shape of the
/// result's, then that of the argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_array_tree_jacobian(
    cx: *mut ag_context,
    f: ag_array_tree_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
) -> ag_tree {
    const NAME: &str = "ag_array_tree_jacobian";
    operator(cx, NAME, f, user, args, nargs, argnum, ag_tree::NULL, |c, f, args| {
        let found = jacobian::jacobian(&c.core, NAME, f, args, argnum, Mode::Automatic)?;
        Some(c.put_tree(found))
    })
}
