//! Tapes by hand.

use super::handle::{Kind, pack_serial};
use super::{ag_array, ag_context, ag_tape, guard, guard_always, slice};
use crate::error::Error;
use crate::operators::grad::{self, Recorded};
use crate::operators::tree::derive;
use crate::trace::Context;
use std::rc::Rc;

/// A call recorded for products with its Jacobian.
pub enum Pullback {
    Arrays(Recorded),
    Trees(derive::Pullback),
}

impl Pullback {
    fn level(&self) -> u64 {
        match self {
            Pullback::Arrays(recorded) => recorded.level,
            Pullback::Trees(pullback) => pullback.recorded.level,
        }
    }
}

/// A tape handle.
struct Entry {
    serial: u64,
    level: u64,
    /// How many scopes were open when it was begun.
    depth: usize,
    /// The recorded call of `ag_make_vjp` and its kin.
    pullback: Option<Rc<Pullback>>,
}

/// The open tapes of a context, in the order of their beginning.
#[derive(Default)]
pub struct Tapes {
    entries: Vec<Entry>,
}

impl Tapes {
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Where the tape with this serial number stands. They ascend, except where the blocks that they come from begin anew.
    fn position(&self, serial: u64) -> Option<usize> {
        let ascending = self.entries.binary_search_by_key(&serial, |e| e.serial);
        ascending.ok().or_else(|| self.entries.iter().position(|e| e.serial == serial))
    }

    pub fn close_all(self, cx: &Context) {
        for entry in self.entries.into_iter().rev() {
            drop(entry.pullback);
            cx.trace.close(entry.level);
        }
    }
}

impl ag_context {
    /// A handle for an open level.
    fn put_tape(&self, level: u64, pullback: Option<Rc<Pullback>>) -> ag_tape {
        let depth = self.slots.borrow().depth();
        let serial = self.slots.borrow_mut().stamps.next_serial();
        let mut tapes = self.tapes.borrow_mut();
        tapes.entries.push(Entry { serial, level, depth, pullback });
        ag_tape { bits: pack_serial(Kind::Tape, serial) }
    }

    /// Level and, for a pullback, recorded call of a tape handle; else an error of `name`.
    pub(super) fn find_tape(&self, name: &str, tape: ag_tape) -> Option<(usize, u64, Option<Rc<Pullback>>)> {
        let serial = self.slots.borrow().stamps.serial(Kind::Tape, tape.bits).map_err(|p| p.message("tape"));
        let found = serial.and_then(|serial| {
            let tapes = self.tapes.borrow();
            let at = tapes.position(serial);
            at.map(|at| (at, tapes.entries[at].level, tapes.entries[at].pullback.clone()))
                .ok_or_else(|| "the tape has ended".to_string())
        });
        match found {
            Ok(found) => Some(found),
            Err(message) => {
                self.core.fail(Error::tape(message).within(name));
                None
            }
        }
    }

    fn end_tape(&self, at: usize) {
        let entry = self.tapes.borrow_mut().entries.remove(at);
        // Dropped outside of the borrow: what a tape kept may belong to the caller.
        drop(entry.pullback);
        self.core.trace.close(entry.level);
    }

    /// Ends the tapes begun in the scopes from `depth` on; returns how many there were.
    pub(super) fn end_tapes_from(&self, depth: usize) -> usize {
        let mut ended = 0;
        loop {
            let last = self.tapes.borrow().entries.iter().rposition(|e| e.depth > depth);
            let Some(at) = last else { return ended };
            self.end_tape(at);
            ended += 1;
        }
    }

    /// Ends the tapes from number `count` on; returns how many there were.
    pub(super) fn end_tapes_above(&self, count: usize) -> usize {
        let mut ended = 0;
        while self.tapes.borrow().count() > count {
            let last = self.tapes.borrow().count() - 1;
            self.end_tape(last);
            ended += 1;
        }
        ended
    }
}

/// Begins a tape: what is computed from arrays boxed on it is recorded. Tapes nest; gradients taken on the inner one are
/// recorded on the outer one. It ends with ag_tape_end or with the scope in which it was begun; but a callback must end the
/// tapes that it begins, or it fails with AG_ERR_TAPE: a tape forgotten there would not be found otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_begin(cx: *mut ag_context) -> ag_tape {
    guard(cx, ag_tape { bits: 0 }, |c| {
        let level = c.core.trace.open(true);
        c.put_tape(level, None)
    })
}

/// `x` as an input of the tape, to take derivatives with respect to. Integers become f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_box(cx: *mut ag_context, tape: ag_tape, x: ag_array) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let Some((_, level, _)) = c.find_tape("ag_box", tape) else { return ag_array::NULL };
        let x = c.get("ag_box", x);
        if x.is_null() { ag_array::NULL } else { c.put(grad::box_on(&c.core, level, &x)) }
    })
}

/// The gradient of `y`, real and with one element, with respect to `x`, which is recorded on the tape (boxed, or computed
/// there). Zeros, and ag_independent, if y does not depend on x. May be called any number of times.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_grad(cx: *mut ag_context, tape: ag_tape, y: ag_array, x: ag_array) -> ag_array {
    let mut g = ag_array::NULL;
    pull(cx, "ag_tape_grad", tape, y, None, [x].as_ptr(), 1, &mut g);
    g
}

/// The gradients of `y` with respect to several arrays at once: grads[i] for xs[i], one sweep for all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_grads(
    cx: *mut ag_context,
    tape: ag_tape,
    y: ag_array,
    xs: *const ag_array,
    nxs: usize,
    grads: *mut ag_array,
) {
    pull(cx, "ag_tape_grads", tape, y, None, xs, nxs, grads);
}

/// The vector-Jacobian product: cotangents of xs for the cotangent `g` of y, which has the shape of y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_vjp(
    cx: *mut ag_context,
    tape: ag_tape,
    y: ag_array,
    g: ag_array,
    xs: *const ag_array,
    nxs: usize,
    grads: *mut ag_array,
) {
    pull(cx, "ag_tape_vjp", tape, y, Some(g), xs, nxs, grads);
}

#[expect(clippy::too_many_arguments, reason = "those of the C functions")]
fn pull(
    cx: *mut ag_context,
    name: &str,
    tape: ag_tape,
    y: ag_array,
    g: Option<ag_array>,
    xs: *const ag_array,
    nxs: usize,
    grads: *mut ag_array,
) {
    if !grads.is_null() && nxs < isize::MAX as usize / 8 {
        // SAFETY: room for `nxs` handles, the caller's promise. Null unless all goes well.
        unsafe { (0..nxs).for_each(|i| grads.add(i).write(ag_array::NULL)) };
    }
    guard(cx, (), |c| {
        // SAFETY: `nxs` handles, the caller's promise.
        let Some(xs) = (unsafe { slice(c, name, "xs", xs, nxs) }) else { return };
        if grads.is_null() {
            c.core.fail(Error::argument("the argument grads is NULL").within(name));
            return;
        }
        let Some((_, level, _)) = c.find_tape(name, tape) else { return };
        let (y, xs) = (c.get(name, y), c.get_all(name, xs));
        let g = g.map(|g| c.get(name, g));
        if c.core.failed() {
            return;
        }
        let found = grad::pull_on(&c.core, name, level, &y, g, &xs);
        for (i, g) in found.into_iter().enumerate() {
            // SAFETY: as above.
            unsafe { grads.add(i).write(c.put(grad::normal(g))) };
        }
    });
}

/// Ends a tape. Arrays recorded on it become plain ones. Works while an error is pending. A callback cannot end a tape
/// that was begun outside of it. Also ends what ag_make_vjp returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_end(cx: *mut ag_context, tape: ag_tape) {
    guard_always(cx, (), |c| {
        let Some((at, _, _)) = c.find_tape("ag_tape_end", tape) else { return };
        if c.frames.borrow().last().is_some_and(|f| at < f.tapes) {
            let e = Error::tape("the tape was begun outside of this callback, which cannot end it");
            c.core.fail(e.within("ag_tape_end"));
            return;
        }
        c.end_tape(at);
    });
}

/// How many nodes the tape has; 0 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_length(cx: *mut ag_context, tape: ag_tape) -> usize {
    guard(cx, 0, |c| {
        let level = c.find_tape("ag_tape_length", tape).and_then(|(_, level, _)| c.core.trace.level(level));
        level.and_then(|l| l.tape).map_or(0, |t| t.borrow().heads.len())
    })
}

impl ag_context {
    /// Keeps a recorded call for `ag_vjp` or `ag_tree_vjp`.
    pub(super) fn put_pullback(&self, pullback: Pullback) -> ag_tape {
        self.put_tape(pullback.level(), Some(Rc::new(pullback)))
    }

    /// The level of an open tape.
    pub(super) fn tape_level(&self, name: &str, tape: ag_tape) -> Option<u64> {
        self.find_tape(name, tape).map(|(_, level, _)| level)
    }

    /// The recorded call behind a handle of `ag_make_vjp`.
    pub(super) fn pullback(&self, name: &str, tape: ag_tape) -> Option<Rc<Pullback>> {
        let (_, _, pullback) = self.find_tape(name, tape)?;
        if pullback.is_none() {
            self.core.fail(Error::tape("this tape was not made by ag_make_vjp; use ag_tape_vjp").within(name));
        }
        pullback
    }
}
