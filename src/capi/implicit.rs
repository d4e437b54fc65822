//! Values that are defined by equations: fixed points, roots, solutions of differential equations.

use super::array::ag_drop;
use super::callback::{ag_function, arguments};
use super::primitive::User;
use super::{ag_array, ag_context, guard_always, guard_as, options};
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
    guard_as(cx, name, ag_array::NULL, |c| {
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
    /// How derivatives are taken: AG_ODEINT_STEPS or AG_ODEINT_BACKWARDS [AG_ODEINT_STEPS].
    pub derivative: i32,
    /// States kept for derivatives, and as many again for a while when one is taken; with fewer of them than steps, steps
    /// between them are taken again. Twice the square root of the number of steps costs one solution more [as many as fit
    /// 256 MiB, and 32 at least].
    pub max_states: usize,
}

/// Derivatives of ag_odeint are those of the steps it took.
pub const AG_ODEINT_STEPS: i32 = 0;
/// Derivatives of ag_odeint in reverse mode integrate the adjoint equation and the state itself backwards, and keep nothing of
/// the way; in forward mode they choose steps for the tangents, too. Of no use where the problem contracts: what contracts
/// forwards grows backwards. The state that comes back is compared with the one that set out, and if it isn't the same
/// (within 1000 tolerances) that is AG_ERR_VALUE.
pub const AG_ODEINT_BACKWARDS: i32 = 1;

impl From<ag_odeint_options> for odeint::Options {
    fn from(o: ag_odeint_options) -> odeint::Options {
        odeint::Options {
            rtol: o.rtol,
            atol: o.atol,
            first_step: o.first_step,
            max_step: o.max_step,
            max_steps: o.max_steps,
            max_states: o.max_states,
            backwards: o.derivative == AG_ODEINT_BACKWARDS,
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
    if ![AG_ODEINT_STEPS, AG_ODEINT_BACKWARDS].contains(&o.derivative) {
        let e = Error::argument(format!("expected AG_ODEINT_STEPS or AG_ODEINT_BACKWARDS, found {}", o.derivative));
        c.core.fail(e.within(name));
        return None;
    }
    Some(o)
}

/// `f` and `user` are kept for the derivatives, and `drop` ends that, as for ag_checkpoint. The solution of
/// y' = f(y, t, args...) with y = y0 at t[0], at all times of the vector t (which never fall, or never
/// rise): shape (size of t,) + shape of y0. Real; f gets y, the time as a number, and args, and returns an array of the
/// shape of y. y0 may hold many states, which then share their steps. By the method of Dormand and Prince with steps that
/// keep to the tolerances, and dense output. Derivatives with respect to y0, t and args, of any order, are those of the steps
/// it took, with their places and lengths held fixed: as stable as the solution, alike in both modes but for rounding, and
/// right within the tolerances (of which they may need smaller ones, see ag_odeint_last_report). While a tape is open the
/// state before each step is kept for them, within a bound (max_states). `f` must do the same each time, and may depend on values being differentiated through its arguments only. Where
/// the step size collapses, where f returns NaN or infinity, and where a derivative does: AG_ERR_VALUE; the message says why
/// as far as one can see, and "in the derivative" where the solution itself was fine. An error that f raises ends the
/// solution and keeps its code and message; the time is added.
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
    guard_as(cx, NAME, ag_array::NULL, |c| {
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

/// What a call of ag_odeint or ag_tree_odeint took, and its derivatives. Set struct_size to sizeof(ag_odeint_report) before
/// the call of ag_odeint_last_report.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct ag_odeint_report {
    pub struct_size: usize,
    /// Steps that counted.
    pub steps: usize,
    /// Steps that were tried again with a shorter length, because they were too inaccurate or f returned NaN or infinity;
    /// how many of them for the latter.
    pub rejected: usize,
    pub invalid: usize,
    /// Calls of f.
    pub evaluations: usize,
    /// Lengths of the steps that counted.
    pub smallest_step: f64,
    pub largest_step: f64,
    pub last_step: f64,
    /// The time that the solution got to: the last one, if there was no error.
    pub reached: f64,
    /// The last step times the fastest rate of decay at its end. About 3.3 is where stability limits the step: the problem is
    /// stiff there.
    pub stability: f64,
    /// So many steps were near that limit.
    pub limited: usize,
    /// States kept for derivatives, one before every stride-th step, and the bytes they take.
    pub states: usize,
    pub stride: usize,
    pub bytes: usize,
    /// Derivatives taken so far: sweeps of reverse mode, and tangents of forward mode. The fields behind it are sums over
    /// them, or of the last one.
    pub derivatives: usize,
    /// Steps that they went through.
    pub derivative_steps: usize,
    /// Steps that had to be taken again, to find states that had not been kept.
    pub steps_again: usize,
    /// Calls of f, or of f with its derivative.
    pub derivative_evaluations: usize,
    /// The time that the last of them got to: the first one after a sweep, if there was no error.
    pub derivative_reached: f64,
    /// The largest local error of a tangent as estimated, over what rtol and atol allow for a state of its size. Steps are
    /// chosen for the solution; where this is 100, expect tangents and gradients with two digits less, and ask for smaller
    /// tolerances if these are needed.
    pub tangent_error: f64,
    /// The largest local error of a cotangent, likewise, in a sweep between whose steps no time of the solution lies. It is
    /// rougher than tangent_error, and far too large where stability limits the steps.
    pub cotangent_error: f64,
}

/// Fills in the report of the differential equation that was solved or differentiated last, as far as struct_size reaches;
/// all 0 if there was none. The context owns it. A gradient is taken long after the solution it belongs to: its sweep adds to
/// that solution's report, which is the last one from then on. So after ag_grad it is that of the first ag_odeint in the
/// function, and after a solution alone that of the solution. It is there also while an error is pending, and says how far
/// things went. With rk4_steps nothing is reported.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_odeint_last_report(cx: *mut ag_context, report: *mut ag_odeint_report) {
    guard_always(cx, (), |c| {
        // SAFETY: NULL, or a struct whose first field says how long it is: the caller's promise.
        let size = unsafe { report.cast::<usize>().as_ref() }.copied().unwrap_or(0);
        if size < size_of::<usize>() {
            let e = Error::argument(if report.is_null() {
                "the argument report is NULL".to_string()
            } else {
                format!("struct_size is {size}, expected {}", size_of::<ag_odeint_report>())
            });
            c.core.fail(e.within("ag_odeint_last_report"));
            return;
        }
        let r = odeint::last_report(&c.core);
        let filled = ag_odeint_report {
            struct_size: size,
            steps: r.steps,
            rejected: r.rejected,
            invalid: r.invalid,
            evaluations: r.evaluations,
            smallest_step: r.smallest_step,
            largest_step: r.largest_step,
            last_step: r.last_step,
            reached: r.reached,
            stability: r.stability,
            limited: r.limited,
            states: r.states,
            stride: r.stride,
            bytes: r.bytes,
            derivatives: r.derivatives,
            derivative_steps: r.derivative_steps,
            steps_again: r.steps_again,
            derivative_evaluations: r.derivative_evaluations,
            derivative_reached: r.derivative_reached,
            tangent_error: r.tangent_error,
            cotangent_error: r.cotangent_error,
        };
        // SAFETY: a program built with an older, shorter struct gets the fields that it knows.
        unsafe {
            let bytes = size.min(size_of::<ag_odeint_report>());
            std::ptr::copy_nonoverlapping((&raw const filled).cast::<u8>(), report.cast(), bytes);
        }
    });
}
