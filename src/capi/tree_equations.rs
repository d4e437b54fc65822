//! Functions of trees that derivatives call again: checkpoints, and values that are defined by equations.

use super::array::ag_drop;
use super::implicit::{ag_odeint_options, ag_solve_options, checked_odeint_options, stop};
use super::kept::Kept;
use super::primitive::User;
use super::tree_operators::{ag_tree_function, arguments, operator};
use super::{ag_array, ag_context, ag_tree, guard_as};
use crate::error::{Error, Result};
use crate::operators::implicit::Stop;
use crate::operators::tree::Tree;
use crate::operators::tree::derive::{self, StoredTree, TreeStep};
use crate::operators::tree::equations::{self, Method};
use crate::trace::Context;
use std::ffi::c_void;
use std::rc::Rc;

/// A step of a loop over trees: args[0] is the state before step number `i`, the other arguments are those of the loop;
/// returns the state after it. As ag_tree_function in everything else.
pub type ag_tree_step_function = Option<
    unsafe extern "C" fn(
        cx: *mut ag_context,
        i: usize,
        args: *const ag_tree,
        nargs: usize,
        user: *mut c_void,
    ) -> ag_tree,
>;

impl ag_context {
    /// A C function that derivatives will call later: it lives on tapes of this context.
    fn stored_tree(&self, f: ag_tree_function, kept: Rc<Kept>) -> StoredTree {
        let context = std::ptr::from_ref(self);
        Rc::new(move |core: &Context, args: &[Tree]| {
            let user = kept.pointer(core)?;
            // SAFETY: what holds this function is recorded on a tape of the context, and dropped with it.
            let c = unsafe { &*context };
            c.tree_function(kept.name, f, user)(core, args)
        })
    }

    /// Takes over what a callback is given, see [`ag_context::kept`].
    fn kept_for(&self, name: &'static str, user: User, args: &[Tree]) -> Option<Rc<Kept>> {
        self.kept(name, user, args.iter().flat_map(|t| t.leaves().iter()))
    }
}

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. f(args), computed again when its
/// derivative is taken instead of kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_checkpoint(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_tree,
    nargs: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_checkpoint";
    let kept = User::new(user, drop);
    operator(cx, NAME, f, user, args, nargs, None, |c, _, args| {
        let kept = c.kept_for(NAME, kept, args)?;
        derive::checkpoint(&c.core, &c.stored_tree(f, kept), args)
    })
}

/// `step` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. `steps` times args[0] =
/// step(i, args), with a state that is a tree, see ag_checkpoint_loop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_checkpoint_loop(
    cx: *mut ag_context,
    step: ag_tree_step_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_tree,
    nargs: usize,
    steps: usize,
) -> ag_tree {
    const NAME: &str = "ag_tree_checkpoint_loop";
    let user = User::new(user, drop);
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        let Some(step) = step else {
            c.core.fail(Error::argument("the function step is NULL").within(NAME));
            return ag_tree::NULL;
        };
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { c.get_trees(NAME, "args", args, nargs) }) else { return ag_tree::NULL };
        if args.is_empty() {
            c.core.fail(Error::argument("expected the state as the first argument, got no arguments").within(NAME));
            return ag_tree::NULL;
        }
        let Some(user) = c.kept_for(NAME, user, &args) else { return ag_tree::NULL };
        let context = std::ptr::from_ref(c);
        let stored: TreeStep = Rc::new(move |core: &Context, i: usize, args: &[Tree]| {
            let user = user.pointer(core)?;
            // SAFETY: as in `stored_tree`.
            let c = unsafe { &*context };
            c.inside_of(NAME, || {
                c.tree_frame(args, |cx, handles| {
                    // SAFETY: the caller's function, with a live context, live handles and the caller's pointer.
                    unsafe { step(cx, i, handles.as_ptr(), handles.len(), user) }
                })
            })
        });
        derive::checkpoint_loop(&c.core, &stored, &args, steps).map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}

type Solve = fn(&Context, &'static str, &StoredTree, &[Tree], Stop) -> Result<Option<Tree>>;

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn solved(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_tree_function,
    user: User,
    args: *const ag_tree,
    nargs: usize,
    options: *const ag_solve_options,
    max_steps: usize,
    solve: Solve,
) -> ag_tree {
    guard_as(cx, name, ag_tree::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, None) }) else { return ag_tree::NULL };
        // SAFETY: the caller's promise about the options.
        let Some(stop) = (unsafe { stop(c, name, options, nargs, max_steps) }) else { return ag_tree::NULL };
        let Some(user) = c.kept_for(name, user, &args) else { return ag_tree::NULL };
        let found = c.check(name, solve(&c.core, name, &c.stored_tree(f, user), &args, stop)).flatten();
        found.map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. x with x = f(x, args[1], ...), by
/// iteration from args[0] on: a tree like it, and like what f returns; see ag_fixed_point for derivatives, which are with
/// respect to every leaf of the other arguments. The leaves of x are real, and integers among them become f64; those of the others reach f as they are.
/// The length of a step is that over all leaves together. If one of them is f32, the tolerance of single precision is the
/// default. Another structure or shape of the result: AG_ERR_VALUE, AG_ERR_SHAPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_fixed_point(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_tree,
    nargs: usize,
    options: *const ag_solve_options,
) -> ag_tree {
    solved(cx, "ag_tree_fixed_point", f, User::new(user, drop), args, nargs, options, 1000, equations::fixed_point)
}

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. x with f(x, args[1], ...) = 0, by
/// Newton's method from args[0] on: a tree like it, and like what f returns. See ag_root
/// and ag_tree_fixed_point.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_root(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_tree,
    nargs: usize,
    options: *const ag_solve_options,
) -> ag_tree {
    solved(cx, "ag_tree_root", f, User::new(user, drop), args, nargs, options, 100, equations::root)
}

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. The solution of
/// y' = f(y, t, args...) with y = y0 at t[0], at all times of the vector t: a tree like y0, each leaf with
/// an axis of the size of t in front. f gets the time as a tree that is a leaf, and returns a tree like y. See ag_odeint
/// for the method and for derivatives, which are with respect to every leaf and to t, and ag_tree_fixed_point for what the
/// leaves are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_odeint(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    drop: ag_drop,
    y0: ag_tree,
    t: ag_array,
    args: *const ag_tree,
    nargs: usize,
    options: *const ag_odeint_options,
) -> ag_tree {
    const NAME: &str = "ag_tree_odeint";
    let user = User::new(user, drop);
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, None) }) else { return ag_tree::NULL };
        // SAFETY: the caller's promise about the options.
        let Some(o) = (unsafe { checked_odeint_options(c, NAME, options) }) else { return ag_tree::NULL };
        let Some(y0) = c.get_tree(NAME, y0) else { return ag_tree::NULL };
        let t = c.get(NAME, t);
        if t.is_null() {
            return ag_tree::NULL;
        }
        let method = if o.rk4_steps > 0 { Method::Rk4(o.rk4_steps) } else { Method::Adaptive(o.into()) };
        let leaves = y0.leaves().iter().chain([&t]).chain(args.iter().flat_map(|a| a.leaves().iter()));
        let Some(user) = c.kept(NAME, user, leaves) else { return ag_tree::NULL };
        let f = c.stored_tree(f, user);
        let found = c.check(NAME, equations::odeint(&c.core, NAME, &f, &y0, &t, &args, method)).flatten();
        found.map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}
