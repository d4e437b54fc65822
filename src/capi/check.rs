//! Checks of derivatives against differences.

use super::callback::{ag_function, arguments};
use super::{ag_array, ag_context, guard_always, options, slice};
use crate::error::{Error, code};
use crate::operators::check::{self, Modes, Options};

use std::ffi::c_void;

/// Reverse mode, for ag_check_grads.
pub const AG_REVERSE: i32 = 1;

/// Forward mode, for ag_check_grads.
pub const AG_FORWARD: i32 = 2;

/// How derivatives are checked. Set struct_size to sizeof(ag_check_options) and everything that isn't used to 0, which
/// stands for what is said in brackets; NULL is allowed for all 0.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct ag_check_options {
    pub struct_size: usize,
    /// Up to this order [2; 1 for ag_check_vjp and ag_check_jvp].
    pub order: i32,
    /// AG_REVERSE | AG_FORWARD [both]; also of derivatives of derivatives.
    pub modes: i32,
    /// Two values agree if they differ by less than atol, or than rtol times the sum of their absolute values [1e-6;
    /// with single precision 0.02].
    pub rtol: f64,
    pub atol: f64,
    /// The distance of the two values of a difference [1e-6; with single precision 0.01].
    pub step: f64,
    /// Of the random directions [1].
    pub seed: u64,
}

/// The options of a check; an error is noted where they are wrong.
pub(super) fn checked(
    c: &ag_context,
    name: &'static str,
    given: *const ag_check_options,
    order: i32,
    modes: Option<i32>,
) -> Option<Options> {
    // SAFETY: NULL, or a struct whose first field says how long it is: the caller's promise.
    let o = unsafe { options(c, name, given, ag_check_options::default()) }?;
    let order = if o.order == 0 { order } else { o.order };
    if order < 1 || !(0..=3).contains(&o.modes) {
        let e = Error::argument(format!("order is {order} (from 1 on), modes is {} (0 to 3)", o.modes));
        c.core.fail(e.within(name));
        return None;
    }
    if let Some(x) = [o.rtol, o.atol, o.step].into_iter().find(|x| !(x.is_finite() && *x >= 0.0)) {
        let e = Error::argument(format!("rtol, atol and step must be finite and not negative, one is {x}"));
        c.core.fail(e.within(name));
        return None;
    }
    let modes = modes.unwrap_or(if o.modes == 0 { AG_REVERSE | AG_FORWARD } else { o.modes });
    let modes = Modes { reverse: modes & AG_REVERSE != 0, forward: modes & AG_FORWARD != 0 };
    Some(Options { order: order as u32, modes, rtol: o.rtol, atol: o.atol, step: o.step, seed: o.seed })
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn check_with(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    options: *const ag_check_options,
    order: i32,
    modes: Option<i32>,
) -> i32 {
    guard_always(cx, code::CONTEXT, |c| {
        if c.core.failed() {
            return c.core.error_code();
        }
        // SAFETY: the caller's promise about `args`.
        if let Some(args) = unsafe { arguments(c, name, f, args, nargs, None) }
            && let Some(options) = checked(c, name, options, order, modes)
            && let Err(e) = check::check_grads(&c.core, &c.function(name, f, user), &args, options)
        {
            c.core.amend_error(|_| e.clone().within(name));
            c.core.fail(e.within(name));
        }
        c.core.error_code()
    })
}

/// Compares the derivatives of a function, with respect to all its arguments, with differences: reverse and forward
/// mode (`modes`: AG_REVERSE | AG_FORWARD, 0 for both), up to the given order. Returns AG_OK, or the code of the error
/// that is pending then: AG_ERR_CHECK, with both values in the message, if a derivative is wrong. For primitives of
/// your own above all. Arguments should be away from points where the function has no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_check_grads(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    order: i32,
    modes: i32,
) -> i32 {
    let order = if order == 0 { -1 } else { order };
    let options =
        ag_check_options { struct_size: size_of::<ag_check_options>(), order, modes, ..ag_check_options::default() };
    check_with(cx, "ag_check_grads", f, user, args, nargs, &raw const options, 2, None)
}

/// ag_check_grads with all its options. The message names the place of the largest difference, where the arguments have
/// 2000 elements at most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_check_grads_with(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    options: *const ag_check_options,
) -> i32 {
    check_with(cx, "ag_check_grads_with", f, user, args, nargs, options, 2, None)
}

/// ag_check_grads_with in reverse mode only, to the first order unless the options say otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_check_vjp(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    options: *const ag_check_options,
) -> i32 {
    check_with(cx, "ag_check_vjp", f, user, args, nargs, options, 1, Some(AG_REVERSE))
}

/// ag_check_grads_with in forward mode only, to the first order unless the options say otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_check_jvp(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    options: *const ag_check_options,
) -> i32 {
    check_with(cx, "ag_check_jvp", f, user, args, nargs, options, 1, Some(AG_FORWARD))
}

/// ag_check_grads_with for every combination of one array from each list: args[i] is one of the counts[i] arrays
/// lists[i][0], lists[i][1], ... The message names the combination that failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_combo_check(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    lists: *const *const ag_array,
    counts: *const usize,
    nargs: usize,
    options: *const ag_check_options,
) -> i32 {
    const NAME: &str = "ag_combo_check";
    guard_always(cx, code::CONTEXT, |c| {
        if c.core.failed() {
            return c.core.error_code();
        }
        let run = || {
            // SAFETY: no arguments yet.
            unsafe { arguments(c, NAME, f, std::ptr::null(), 0, None) }?;
            // SAFETY: `nargs` lists and their lengths, the caller's promise.
            let (lists, counts) =
                unsafe { (slice(c, NAME, "lists", lists, nargs)?, slice(c, NAME, "counts", counts, nargs)?) };
            let mut values = Vec::new();
            for (i, (&list, &count)) in lists.iter().zip(counts).enumerate() {
                // SAFETY: as many handles as its count says, the caller's promise.
                let list = unsafe { slice(c, NAME, &format!("lists[{i}]"), list, count) }?;
                values.push(c.get_all(NAME, list).into_vec());
            }
            let options = checked(c, NAME, options, 2, None).filter(|_| !c.core.failed())?;
            if let Err(e) = check::combo_check(&c.core, &c.function(NAME, f, user), &values, options) {
                c.core.amend_error(|_| e.clone().within(NAME));
                c.core.fail(e.within(NAME));
            }
            Some(())
        };
        let _ = run();
        c.core.error_code()
    })
}
