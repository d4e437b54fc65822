//! Checkpoints: functions whose inner values are computed again for the derivative.

use super::array::ag_drop;
use super::callback::{ag_function, arguments};
use super::primitive::User;
use super::{ag_array, ag_context, guard_as, slice};
use crate::error::Error;
use crate::operators::checkpoint::{self, LoopBody};
use crate::trace::{Array, Context};
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
