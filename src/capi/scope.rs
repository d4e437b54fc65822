//! Scopes, and handles one by one.

use super::handle::{Kind, pack_serial};
use super::{ag_array, ag_context, ag_scope, ag_tree, guard, guard_always};
use crate::error::Error;
use crate::trace::Array;

impl ag_context {
    /// The depth of an open scope that the running code may name.
    pub(super) fn scope_depth(&self, name: &'static str, scope: ag_scope) -> Option<usize> {
        let found = self.slots.borrow().stamps.serial(Kind::Scope, scope.bits).map_err(|p| p.message("scope"));
        let depth = found.and_then(|serial| {
            self.slots.borrow().depth_of(serial).ok_or_else(|| "the scope was already left".to_string())
        });
        match depth {
            Ok(depth) => Some(depth),
            Err(message) => {
                self.core.fail(Error::scope(message).within(name));
                None
            }
        }
    }

    /// Whether what belongs to the scope at depth `from` outlives the forward function of a primitive that is running once it
    /// belongs to the one at depth `to`.
    pub(super) fn outlives_forward(&self, from: usize, to: usize) -> bool {
        // The scope of the frame itself is the last of those that it found.
        self.frames.borrow().iter().any(|f| f.forward && to + 1 < f.scopes && from + 1 >= f.scopes)
    }

    /// The number of scopes that the running callback found open; the context's own one outside of callbacks.
    fn barrier(&self) -> usize {
        self.frames.borrow().last().map_or(1, |f| f.scopes)
    }
}

/// Enters a scope: every handle made from now on belongs to it until it is left. A scope per step of a loop keeps the
/// step's temporaries from piling up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_scope_enter(cx: *mut ag_context) -> ag_scope {
    guard_always(cx, ag_scope { bits: 0 }, |c| {
        c.release_later();
        let Some(serial) = c.slots.borrow_mut().enter() else {
            c.core.fail(Error::memory("no memory for one more scope").within("ag_scope_enter"));
            return ag_scope { bits: 0 };
        };
        ag_scope { bits: pack_serial(Kind::Scope, serial) }
    })
}

/// Leaves a scope: all handles that belong to it are void, scopes inside of it are left first, tapes begun in it are
/// ended. Works while an error is pending. Leaving a scope twice, or one that was entered outside of the running
/// callback, is AG_ERR_SCOPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_scope_leave(cx: *mut ag_context, scope: ag_scope) {
    guard_always(cx, (), |c| {
        c.release_later();
        let Some(depth) = c.scope_depth("ag_scope_leave", scope) else { return };
        if depth < c.barrier() {
            let e = Error::scope("the scope was entered outside of this callback, which cannot leave it");
            c.core.fail(e.within("ag_scope_leave"));
            return;
        }
        c.end_tapes_from(depth);
        while c.slots.borrow().depth() > depth {
            c.leave_scope();
        }
    });
}

/// Lets `x` survive the leaving of `scope`: it belongs to the scope around it from now on. Returns `x`, the same handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_keep(cx: *mut ag_context, scope: ag_scope, x: ag_array) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let Some(depth) = c.scope_depth("ag_keep", scope) else { return ag_array::NULL };
        let from = c.slots.borrow().owner(x);
        let saved = from.is_ok_and(|from| c.outlives_forward(from, depth.saturating_sub(1)));
        let kept = c.slots.borrow_mut().keep(x, depth);
        match kept {
            Ok(()) if saved => {
                let value = Array::saved(c.get("ag_keep", x));
                let _ = c.slots.borrow_mut().replace(x, value);
                x
            }
            Ok(()) => x,
            Err(p) => {
                c.core.fail(Error::handle(p.message("array")).within("ag_keep"));
                ag_array::NULL
            }
        }
    })
}

/// Makes the handle `dst` stand for the value of `src`: for values that live longer than a scope, such as the parameters
/// of a loop. Pointers got from `dst` before (ag_data, ag_shape) are void.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_set(cx: *mut ag_context, dst: ag_array, src: ag_array) {
    guard(cx, (), |c| {
        let mut value = c.get("ag_set", src);
        if value.is_null() {
            return;
        }
        let (from, to) = (c.slots.borrow().owner(src), c.slots.borrow().owner(dst));
        if from.is_ok_and(|from| to.is_ok_and(|to| c.outlives_forward(from, to))) {
            value = Array::saved(value);
        }
        let old = c.slots.borrow_mut().replace(dst, value);
        if let Err(p) = old {
            c.core.fail(Error::handle(p.message("array")).within("ag_set"));
        }
    });
}

/// A second handle for the same value, in the innermost scope.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_dup(cx: *mut ag_context, x: ag_array) -> ag_array {
    guard(cx, ag_array::NULL, |c| c.put(c.get("ag_dup", x)))
}

/// Gives up one handle before its scope is left. Works while an error is pending; the null array is allowed. Giving up a
/// handle twice is AG_ERR_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_release(cx: *mut ag_context, x: ag_array) {
    guard_always(cx, (), |c| {
        if x.bits == 0 {
            return;
        }
        let old = c.slots.borrow_mut().release(x);
        if let Err(p) = old {
            c.core.fail(Error::handle(p.message("array")).within("ag_release"));
        }
    });
}

/// Gives up a handle whenever it suits: on any thread, also while the context is busy on another one, as finalizers of other
/// languages must. The handle is void from then on, and is released with the next ag_scope_enter, ag_scope_leave, ag_live,
/// ag_memory or ag_memory_trim, or at the end of a callback. Raises nothing; null and void handles don't matter. The
/// context must not have been freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_release_later(cx: *mut ag_context, x: ag_array) {
    // SAFETY: null or a live context, the caller's promise. What is touched may be touched by any thread.
    if let Some(c) = unsafe { cx.as_ref() } {
        c.give_up(x.bits);
    }
}

/// Gives up a handle of a tree whenever it suits, on any thread, as ag_release_later does with one of an array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_release_later(cx: *mut ag_context, t: ag_tree) {
    // SAFETY: as above.
    if let Some(c) = unsafe { cx.as_ref() } {
        c.give_up(t.bits);
    }
}

/// Asks without a trace: who is turned away isn't told.
fn is_valid(cx: *const ag_context, ask: impl FnOnce(&ag_context) -> bool) -> bool {
    // SAFETY: null or a live context, the caller's promise.
    let inside = unsafe { cx.as_ref() }.and_then(|c| c.presence.enter());
    inside.is_some_and(|_inside| guard_always(cx, false, ask))
}

/// Whether a handle stands for an array of this context now. Raises nothing, whatever the bits are; false while another
/// thread is inside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_is_valid(cx: *mut ag_context, x: ag_array) -> bool {
    is_valid(cx, |c| c.slots.borrow().is_array(x))
}

/// Whether a handle stands for a tree of this context now. Raises nothing, whatever the bits are; false while another
/// thread is inside.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_is_valid(cx: *mut ag_context, t: ag_tree) -> bool {
    is_valid(cx, |c| c.slots.borrow().get_tree(t).is_ok())
}
