//! The exported C functions. They check, convert and call; what an operation does stands in `ops` and `operators`.
//!
//! # How a call goes
//!
//! Every function goes through `guard` (or `guard_always`, for what must work while an error is pending): the
//! context pointer is checked, the thread is compared with the one inside, a pending error makes the call return its
//! null at once, and a panic becomes `AG_ERR_PANIC`. Handles are looked up in the context's slots (`slots`); a wrong
//! one is an error, never a wild pointer.
//!
//! # Callbacks
//!
//! Functions and primitives of the caller run inside a *frame*: a scope of their own, and a barrier below which they
//! may leave no scope and end no tape. No borrow of the context's cells is held while a callback (or a destructor of
//! the caller) runs, because it may call any function of the library. Callbacks are `extern "C"`; they must not unwind.
//!
//! # The header
//!
//! `include/autograd.h` is rendered from this folder by cbindgen, so the comments on exported items are written for the
//! C reader: what it is, who owns the result and until when, failure.

#![allow(rustdoc::all, reason = "the comments on exported items are C documentation: args[0] is no link")]
#![expect(non_camel_case_types, reason = "the names are those of the C header")]
#![expect(clippy::missing_safety_doc, reason = "the comments are the C header's; its conventions stand at its head")]

pub mod along;
pub mod arrange;
pub mod array;
pub mod array_functions;
pub mod callback;
pub mod check;
pub mod checkpoint;
pub mod choose;
pub mod compare;
pub mod context;
pub mod convolve;
pub mod diagnosis;
pub mod diagonal;
pub mod elementwise;
pub mod files;
pub mod grad;
pub mod handle;
pub mod implicit;
pub mod index;
pub mod jacobian;
pub mod join;
mod kept;
pub mod linear;
pub mod linspace;
pub mod masked;
pub mod nan;
pub mod nonzero;
pub mod number;
pub mod optimize;
pub mod order;
mod own_panics;
pub mod pad;
pub mod polynomial;
pub mod positions;
mod presence;
pub mod primitive;
pub mod product;
pub mod quantile;
pub mod raw;
pub mod reduce;
pub mod scan;
pub mod scope;
pub mod shape;
mod slots;
mod stamps;
pub mod statistics;
pub mod take;
pub mod tape;
pub mod tree;
pub mod tree_equations;
pub mod tree_linear;
pub mod tree_operators;
pub mod with_complex;

pub use context::ag_context;
pub use handle::{ag_array, ag_primitive, ag_scope, ag_tape, ag_tree};

use crate::error::{Error, Result, code};
use crate::kernels::reserve;
use crate::ops::integers;
use crate::ops::shape::listed;
use crate::panics;
use crate::trace::short::ShortResult;
use crate::trace::{Array, Context, Number};
use handle::Problem;
use slots::Slots;
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f` unless an error is pending; see the module's head.
#[inline]
fn guard<R>(cx: *const ag_context, null: R, f: impl FnOnce(&ag_context) -> R) -> R {
    enter(cx, null, false, f)
}

/// Runs `f` unless an error is pending; what fails in it is a failure of the exported function `name`.
#[inline]
fn guard_as<R>(cx: *const ag_context, name: &'static str, null: R, f: impl FnOnce(&ag_context) -> R) -> R {
    guard(cx, null, |c| {
        let _calling = c.core.calling(name);
        f(c)
    })
}

/// Runs `f` also while an error is pending.
#[inline]
fn guard_always<R>(cx: *const ag_context, null: R, f: impl FnOnce(&ag_context) -> R) -> R {
    enter(cx, null, true, f)
}

/// The C library's allocator: small requests that the system refuses are served from a reserve.
#[cfg(feature = "capi")]
#[global_allocator]
static ALLOCATOR: reserve::Allocator = reserve::Allocator;

/// After somebody drew on the reserve: whether it is whole again, so that an operation may begin. Else that is an error.
#[cold]
fn refilled(c: &ag_context) -> bool {
    let whole = reserve::refill();
    if !whole {
        c.core.fail(Error::memory("the system has no memory left"));
    }
    whole
}

#[inline]
fn enter<R>(cx: *const ag_context, null: R, always: bool, f: impl FnOnce(&ag_context) -> R) -> R {
    // SAFETY: null, or a context that `ag_context_new` made and the caller hasn't freed: the one thing that a C caller
    // must promise.
    let Some(c) = (unsafe { cx.as_ref() }) else { return null };
    let Some(_inside) = c.presence.enter() else {
        c.presence.refuse();
        return null;
    };
    let refused = c.core.failed() && (!always || c.core.telling());
    if refused || !always && reserve::exhausted() && !refilled(c) {
        // While this thread is inside: it may tell the caller that something isn't needed.
        drop(f);
        return null;
    }
    match catch_unwind(AssertUnwindSafe(|| f(c))) {
        Ok(result) => result,
        Err(payload) => {
            let text = format!("internal error, please report it: {}", panics::described(&*payload));
            c.core.fail(Error { code: code::PANIC, message: text.into() });
            null
        }
    }
}

impl ag_context {
    /// The value of a handle; a wrong handle is noted as an error of `name`.
    #[inline]
    fn get(&self, name: &str, handle: ag_array) -> Array {
        match self.value(handle) {
            Ok(value) => value,
            Err(problem) => self.core.fail(Error::handle(problem.message("array")).within(name)),
        }
    }

    /// The value of a handle; null where there is no memory for the array of an integer, which is an error then.
    #[inline]
    fn value(&self, handle: ag_array) -> std::result::Result<Array, Problem> {
        Slots::get(&self.slots, handle, |n| integers::number(&self.core, n))
    }

    /// A handle that was made; a null one is an error.
    #[inline(always)]
    fn made(&self, handle: ag_array) -> ag_array {
        if handle.bits == 0 {
            self.core
                .fail(Error::memory("no more handles: there is no memory for them, or 2^28 are alive in this context"));
        }
        handle
    }

    /// A new handle in the innermost scope; the null handle for the null value.
    #[inline]
    fn put(&self, value: Array) -> ag_array {
        if value.is_null() {
            return ag_array::NULL;
        }
        let handle = self.slots.borrow_mut().put(value);
        self.made(handle)
    }

    /// A new handle for a result of the short way.
    #[inline(always)]
    fn put_short(&self, z: ShortResult) -> ag_array {
        let handle = self.slots.borrow_mut().put(z.array(&self.core));
        self.made(handle)
    }

    /// A new handle for a number; null if recording it failed.
    #[inline(always)]
    fn put_number(&self, x: Number) -> ag_array {
        if self.core.failed() {
            return ag_array::NULL;
        }
        let handle = self.slots.borrow_mut().put_number(x);
        self.made(handle)
    }

    /// Notes a failure of `name`, or passes the value on.
    fn check<T>(&self, name: &str, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(e) => {
                self.core.fail(e.within(name));
                None
            }
        }
    }

    /// Several handles.
    fn get_all(&self, name: &str, handles: &[ag_array]) -> smallvec::SmallVec<[Array; 4]> {
        listed(handles.iter().map(|&h| self.get(name, h))).unwrap_or_else(|e| {
            self.core.fail(e.within(name));
            smallvec::SmallVec::new()
        })
    }
}

/// An operation of one array.
#[inline]
fn one(cx: *const ag_context, name: &'static str, x: ag_array, f: impl FnOnce(&Context, &Array) -> Array) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        if x.is_null() {
            return ag_array::NULL;
        }
        c.put(f(&c.core, &x))
    })
}

/// An operation of two arrays.
#[inline]
fn two(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    y: ag_array,
    f: impl FnOnce(&Context, &Array, &Array) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        let y = c.get(name, y);
        if x.is_null() || y.is_null() {
            return ag_array::NULL;
        }
        c.put(f(&c.core, &x, &y))
    })
}

/// The same where there is a short way for small arrays, see `trace::short`: it looks at the values where they lie.
#[inline]
fn two_short(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    y: ag_array,
    short: impl FnOnce(&Context, &Array, &Array) -> Option<ShortResult>,
    f: impl FnOnce(&Context, &Array, &Array) -> Array,
) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let done = {
            let slots = c.slots.borrow();
            slots.value(x).zip(slots.value(y)).and_then(|(x, y)| short(&c.core, x, y))
        };
        done.map_or_else(|| two(cx, name, x, y, f), |z| c.put_short(z))
    })
}

/// The failure that a callback reported by its code. Some codes say what only the library can know: that a context is of no
/// use any more, or is used elsewhere. From a callback these, and what the library keeps for codes to come, are
/// `AG_ERR_CALLBACK`; the message has the code.
fn returned(status: i32, message: String) -> Error {
    let own =
        matches!(status, code::CONTEXT | code::BUSY | code::PANIC) || (code::FILE + 1..code::USER).contains(&status);
    let code = if own { code::CALLBACK } else { status };
    Error { code, message: message.into() }
}

/// A slice from a pointer and a length; NULL is the empty one if the length is 0, else an error.
///
/// # Safety
/// `data` is NULL or points at `n` initialised elements that stay for the call.
unsafe fn slice<'a, T>(c: &ag_context, name: &str, what: &str, data: *const T, n: usize) -> Option<&'a [T]> {
    if n == 0 {
        return Some(&[]);
    }
    if data.is_null() || !data.is_aligned() || n > isize::MAX as usize / size_of::<T>().max(1) {
        let reason = if data.is_null() { "is NULL" } else { "is misaligned or too long" };
        c.core.fail(Error::argument(format!("the argument {what} {reason} (with {n} elements)")).within(name));
        return None;
    }
    // SAFETY: not null, aligned, of a possible length; initialised by the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(data, n) })
}

/// A text argument; an error is noted where there is none.
///
/// # Safety
/// `text` is NULL or a string that ends with 0 and stays for the call.
unsafe fn string<'a>(c: &ag_context, name: &str, what: &str, text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        c.core.fail(Error::argument(format!("the argument {what} is NULL")).within(name));
        return None;
    }
    // SAFETY: not null, and ends with 0 by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_str();
    if text.is_err() {
        c.core.fail(Error::argument(format!("the argument {what} is no UTF-8 text")).within(name));
    }
    text.ok()
}

/// Options as the caller gave them: NULL stands for `zero`, and so does what a shorter, older struct doesn't have.
///
/// # Safety
/// `given` is NULL or points at a struct whose first field, of type `usize`, says how long it is.
unsafe fn options<T: Copy>(c: &ag_context, name: &str, given: *const T, zero: T) -> Option<T> {
    if given.is_null() {
        return Some(zero);
    }
    // SAFETY: the caller's promise.
    let size = unsafe { given.cast::<usize>().read_unaligned() };
    if size < size_of::<usize>() {
        c.core.fail(Error::argument(format!("struct_size is {size}, expected {}", size_of::<T>())).within(name));
        return None;
    }
    let mut options = zero;
    // SAFETY: as many bytes as both structs have.
    unsafe {
        let bytes = size.min(size_of::<T>());
        std::ptr::copy_nonoverlapping(given.cast::<u8>(), (&raw mut options).cast(), bytes);
    }
    Some(options)
}

/// Writes a result where the caller wants it; NULL is allowed for optional ones.
///
/// # Safety
/// `to` is NULL or may be written.
unsafe fn store<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(value) }
    }
}
