//! Values that are defined by equations: fixed points, roots, solutions of differential equations.

use super::array::ag_drop;
use super::function::{ag_function, arguments};
use super::primitive::User;
use super::{ag_array, ag_context, guard, options};
use crate::error::Error;
use crate::operators::checkpoint::Stored;
use crate::operators::implicit::{self, Stop};
use crate::operators::odeint;
use crate::trace::Array;
use std::ffi::c_void;

/// When an iteration ends. Set struct_size to sizeof(ag_solve_options) and everything that isn't used to 0, which stands
/// for what is said in brackets; NULL is allowed for all 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct ag_solve_options {
    pub struct_size: usize,
    /// A step ends it whose length is at most this times one plus that of x [1.8e-12; in single precision 6.4e-6].
    pub tolerance: f64,
    /// So many steps without that are an error [1000; of ag_root 100].
    pub max_steps: usize,
}

/// When an iteration with these options ends.
///
/// # Safety
/// `given` is NULL or points at options.
pub(super) unsafe fn stop(
    c: &ag_context,
    name: &'static str,
    given: *const ag_solve_options,
    nargs: usize,
    max_steps: usize,
) -> Option<Stop> {
    // SAFETY: the caller's promise.
    let o = unsafe { options(c, name, given, ag_solve_options::default()) }?;
    if nargs == 0 {
        c.core.fail(Error::argument("expected x as the first argument, got no arguments").within(name));
        return None;
    }
    if !(o.tolerance.is_finite() && o.tolerance >= 0.0) {
        let e = Error::argument(format!("the tolerance must be finite and not negative, found {}", o.tolerance));
        c.core.fail(e.within(name));
        return None;
    }
    Some(Stop { tolerance: o.tolerance, steps: if o.max_steps == 0 { max_steps } else { o.max_steps } })
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn solved(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_function,
    user: User,
    args: *const ag_array,
    nargs: usize,
    given: *const ag_solve_options,
    max_steps: usize,
    solve: impl FnOnce(&ag_context, &Stored, &[Array], Stop) -> Array,
) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, name, f, args, nargs, None) }) else { return ag_array::NULL };
        // SAFETY: the caller's promise about the options.
        let Some(stop) = (unsafe { stop(c, name, given, nargs, max_steps) }) else { return ag_array::NULL };
        let Some(user) = c.kept(name, user, &args) else { return ag_array::NULL };
        c.put(solve(c, &c.stored(f, user), &args, stop))
    })
}

/// `f` and `user` are kept for the derivatives; `drop` is called with `user` exactly once when nothing needs it any more, as
/// for ag_checkpoint. x with x = f(x, args[1], ...), by iteration from args[0] on; real. f returns an array of the shape of x. Derivatives
/// with respect to the other arguments, of any order and in both modes, come from the implicit function theorem and need no
/// memory for the iterations; with respect to where it began they are zero. The iteration must converge, and so must its
/// derivative. `f` may depend on values being differentiated through its arguments only. No convergence: AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fixed_point(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_array,
    nargs: usize,
    options: *const ag_solve_options,
) -> ag_array {
    solved(cx, "ag_fixed_point", f, User::new(user, drop), args, nargs, options, 1000, |c, f, args, stop| {
        implicit::fixed_point(&c.core, f, args, stop)
    })
}

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. x with f(x, args[1], ...) = 0, by Newton's method from args[0] on, with the true Jacobian; real. f returns an array of
/// the shape of x. Derivatives are as for ag_fixed_point. A singular Jacobian, or no
/// convergence: AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_root(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    drop: ag_drop,
    args: *const ag_array,
    nargs: usize,
    options: *const ag_solve_options,
) -> ag_array {
    solved(cx, "ag_root", f, User::new(user, drop), args, nargs, options, 100, |c, f, args, stop| {
        implicit::root(&c.core, f, args, stop)
    })
}

/// How a differential equation is solved. Set struct_size to sizeof(ag_odeint_options) and everything that isn't used to
/// 0, which stands for what is said in brackets; NULL is allowed for all 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct ag_odeint_options {
    pub struct_size: usize,
    /// The error of a step is at most atol plus rtol times the state, in the root of the mean square [1.49012e-8 both; in
    /// single precision 1e-5].
    pub rtol: f64,
    pub atol: f64,
    /// In units of time [chosen].
    pub first_step: f64,
    /// In units of time [none].
    pub max_step: f64,
    /// More of them in all are an error [100000].
    pub max_steps: usize,
    /// Not 0: the classical method of Runge and Kutta instead, with so many steps from each time to the next. It is
    /// recorded as it is, step by step; the other options don't matter.
    pub rk4_steps: usize,
}

impl From<ag_odeint_options> for odeint::Options {
    fn from(o: ag_odeint_options) -> odeint::Options {
        odeint::Options {
            rtol: o.rtol,
            atol: o.atol,
            first_step: o.first_step,
            max_step: o.max_step,
            max_steps: o.max_steps,
        }
    }
}

/// The options with what isn't said filled in.
///
/// # Safety
/// `given` is NULL or points at options.
pub(super) unsafe fn checked_odeint_options(
    c: &ag_context,
    name: &'static str,
    given: *const ag_odeint_options,
) -> Option<ag_odeint_options> {
    // SAFETY: the caller's promise.
    let o = unsafe { options(c, name, given, ag_odeint_options::default()) }?;
    if let Some(x) = [o.rtol, o.atol, o.first_step, o.max_step].iter().find(|x| !(x.is_finite() && **x >= 0.0)) {
        let e = Error::argument(format!("tolerances and steps must be finite and not negative, one is {x}"));
        c.core.fail(e.within(name));
        return None;
    }
    Some(o)
}

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. The solution of y' = f(y, t, args...) with y = y0 at t[0], at all times of the vector t (which never fall, or never
/// rise): shape (size of t,) + shape of y0. Real; f gets y, the time as a number, and args, and returns an array of the
/// shape of y. y0 may hold many states, which then share their steps. By the method of Dormand and Prince with steps that
/// keep to the tolerances, and dense output. Derivatives with respect to y0, t and args, of any order, are solutions of
/// differential equations again: of the adjoint one, backwards, in reverse mode, of the sensitivities in forward mode; so
/// nothing of the way is kept. `f` may depend on values being differentiated through its arguments only. Where the step size collapses: AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_odeint(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    drop: ag_drop,
    y0: ag_array,
    t: ag_array,
    args: *const ag_array,
    nargs: usize,
    options: *const ag_odeint_options,
) -> ag_array {
    const NAME: &str = "ag_odeint";
    let user = User::new(user, drop);
    guard(cx, ag_array::NULL, |c| {
        // SAFETY: the caller's promise about `args`.
        let Some(args) = (unsafe { arguments(c, NAME, f, args, nargs, None) }) else { return ag_array::NULL };
        // SAFETY: the caller's promise about the options.
        let Some(o) = (unsafe { checked_odeint_options(c, NAME, options) }) else { return ag_array::NULL };
        let (y0, t) = (c.get(NAME, y0), c.get(NAME, t));
        if c.core.failed() {
            return ag_array::NULL;
        }
        let Some(user) = c.kept(NAME, user, [&y0, &t].into_iter().chain(&args)) else { return ag_array::NULL };
        let f = c.stored(f, user);
        if o.rk4_steps > 0 {
            return c.put(odeint::rk4(&c.core, &f, &y0, &t, &args, o.rk4_steps));
        }
        c.put(odeint::odeint(&c.core, &f, &y0, &t, &args, o.into()))
    })
}
