//! Context, errors, settings, versions.

use super::array::ag_drop;
use super::own_panics;
use super::presence::Presence;
use super::primitive::{Primitives, User};
use super::slots::{Content, Slots};
use super::tape::Tapes;
use super::{ag_array, ag_tree, guard_always};
use crate::error::Error;
use crate::kernels::{lock::Lock, reserve};
use crate::operators::diagnosis::Diagnosis;
use crate::trace::Context;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_void};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::*};

/// Success.
pub const AG_OK: i32 = 0;
/// The context is NULL, or cannot be freed now.
pub const AG_ERR_CONTEXT: i32 = 1;
/// A handle is null, stale, of another context, of another type, or no handle.
pub const AG_ERR_HANDLE: i32 = 2;
/// Shapes do not fit.
pub const AG_ERR_SHAPE: i32 = 3;
/// The operation is not defined for this dtype.
pub const AG_ERR_DTYPE: i32 = 4;
/// An argument has a value that it may not have, such as an axis that is not there.
pub const AG_ERR_VALUE: i32 = 5;
/// An index is out of range or cannot be read.
pub const AG_ERR_INDEX: i32 = 6;
/// The memory is exhausted, the limit is reached, or the size is absurd.
pub const AG_ERR_MEMORY: i32 = 7;
/// A derivative rule that is itself being differentiated reads the elements of a value.
pub const AG_ERR_TRACED: i32 = 8;
/// A callback returned something wrong.
pub const AG_ERR_CALLBACK: i32 = 9;
/// A derivative was asked for that has no rule.
pub const AG_ERR_DERIVATIVE: i32 = 10;
/// A scope was left twice, left by someone else's callback, or left open by one.
pub const AG_ERR_SCOPE: i32 = 11;
/// A tape has ended, is not the caller's to end, or was left open by a callback.
pub const AG_ERR_TAPE: i32 = 12;
/// The context is in use by another thread.
pub const AG_ERR_BUSY: i32 = 13;
/// ag_check_grads found a wrong derivative.
pub const AG_ERR_CHECK: i32 = 14;
/// A pointer argument is NULL, or a struct is too small.
pub const AG_ERR_ARGUMENT: i32 = 15;
/// An internal error; the context can only be freed. The message says where it happened. It is written to the standard
/// error, too, if the environment variable AUTOGRAD_SHOW_PANICS is 1, with a stack trace if RUST_BACKTRACE is.
pub const AG_ERR_PANIC: i32 = 16;
/// A NaN or an infinity came up between ag_anomaly_begin and ag_anomaly_end.
pub const AG_ERR_ANOMALY: i32 = 17;
/// A file cannot be read or written, or isn't what it should be.
pub const AG_ERR_FILE: i32 = 18;
/// Codes of callbacks begin here.
pub const AG_ERR_USER: i32 = 1000;

pub const AUTOGRAD_VERSION_MAJOR: i32 = 0;
pub const AUTOGRAD_VERSION_MINOR: i32 = 1;
pub const AUTOGRAD_VERSION_PATCH: i32 = 0;
/// 10000 major + 100 minor + patch.
pub const AUTOGRAD_VERSION_NUMBER: i32 = 100;

/// Called at the moment of a failure, on the thread that made the call. Functions of the library do nothing in it, but
/// for ag_error and ag_error_message.
pub type ag_error_hook = Option<unsafe extern "C" fn(code: i32, message: *const c_char, user: *mut c_void)>;

/// A context: everything that was made with it, arrays, tapes, primitives, memory, and the pending error. Contexts are
/// independent of each other and may be used on different threads at the same time; one context serves one thread at a
/// time, any thread.
pub struct ag_context {
    pub(crate) core: Context,
    pub(crate) slots: RefCell<Slots>,
    pub(crate) tapes: RefCell<Tapes>,
    pub(crate) primitives: RefCell<Primitives>,
    /// Depth of the scopes at the entry of each callback that is running.
    pub(crate) frames: RefCell<Vec<Frame>>,
    /// Whether the next callback is the forward function of a primitive.
    pub(crate) forward: Cell<bool>,
    message: RefCell<CString>,
    /// Texts given out, each with the depth of the scope that it lives in, and how many they are.
    texts: RefCell<Vec<(usize, CString)>>,
    text_count: Cell<usize>,
    pub(crate) diagnosis: Rc<Diagnosis>,
    /// Names of the rows of the last profile.
    pub(crate) profile_names: RefCell<Vec<CString>>,
    /// Handles to be released, given up on any thread.
    later: Lock<Vec<u64>>,
    has_later: AtomicBool,
    /// Emptied list for values to be dropped.
    dropped: Cell<Vec<Content>>,
    /// The thread inside. The last to go: what goes before may still ask.
    pub(super) presence: Presence,
}

/// A callback that is running.
#[derive(Clone, Copy)]
pub struct Frame {
    pub scopes: usize,
    pub tapes: usize,
    /// Settings of diagnosis.
    pub settings: usize,
    /// Whether it is the forward function of a primitive.
    pub forward: bool,
}

const BUSY: &CStr = c"the context is in use by another thread";
const ENDING: &CStr = c"the context is being freed";

/// Values that are dropped together.
const SOME: usize = 1 << 12;

impl ag_context {
    fn new() -> ag_context {
        ag_context {
            core: Context::new(),
            slots: RefCell::default(),
            tapes: RefCell::default(),
            primitives: RefCell::default(),
            frames: RefCell::default(),
            forward: Cell::new(false),
            presence: Presence::new(),
            message: RefCell::default(),
            texts: RefCell::default(),
            text_count: Cell::new(0),
            diagnosis: Rc::default(),
            profile_names: RefCell::default(),
            later: Lock::default(),
            has_later: AtomicBool::new(false),
            dropped: Cell::default(),
        }
    }

    /// A text that stays until the innermost scope is left.
    pub(crate) fn text(&self, text: String) -> *const c_char {
        let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
        let pointer = text.as_ptr();
        let mut texts = self.texts.borrow_mut();
        texts.push((self.slots.borrow().depth(), text));
        self.text_count.set(texts.len());
        pointer
    }

    /// Why a thread isn't let in.
    fn refusal(&self) -> *const c_char {
        if self.presence.is_closed() { ENDING.as_ptr() } else { BUSY.as_ptr() }
    }

    /// Gives up all that the caller may be told about, while the context is whole: first with every function working as ever,
    /// then, for what was made anew meanwhile, with none of them.
    fn end(&self) {
        for closed in [false, true] {
            if closed {
                self.presence.close();
            }
            self.release_later();
            let values = self.slots.borrow_mut().drain();
            drop(values);
            let tapes = std::mem::take(&mut *self.tapes.borrow_mut());
            tapes.close_all(&self.core);
            let primitives = std::mem::take(&mut *self.primitives.borrow_mut());
            drop(primitives);
            let solution = self.core.last_solution.take();
            drop(solution);
        }
        self.diagnosis.trim();
        self.core.trim();
        self.core.set_hook(None);
    }

    /// The pending error's message; empty if there is none.
    fn pending_message(&self) -> *const c_char {
        match self.core.error() {
            None => c"".as_ptr(),
            Some(e) => {
                let text = CString::new(e.message.replace('\0', "?")).unwrap_or_default();
                let mut message = self.message.borrow_mut();
                if *message != text {
                    *message = text;
                }
                message.as_ptr()
            }
        }
    }

    /// Notes a handle to be released; on any thread.
    pub(crate) fn give_up(&self, bits: u64) {
        if bits == 0 {
            return;
        }
        let mut later = self.later.lock();
        // What there is no memory for is released with its scope.
        if later.try_reserve(1).is_ok() {
            later.push(bits);
        }
        self.has_later.store(true, Release);
    }

    /// Releases what was given up for later. Handles that are void already don't matter.
    pub(crate) fn release_later(&self) {
        // Asked first without writing, which is quicker, and mostly enough.
        if !self.has_later.load(Acquire) || !self.has_later.swap(false, AcqRel) {
            return;
        }
        let handles = std::mem::take(&mut *self.later.lock());
        for bits in handles {
            let array = self.slots.borrow_mut().release(ag_array { bits });
            let tree = if array.is_err() { self.slots.borrow_mut().release_tree(ag_tree { bits }).ok() } else { None };
            drop((array, tree));
        }
    }

    /// Leaves the innermost scope; what it held is dropped outside of every borrow.
    pub(crate) fn leave_scope(&self) {
        let mut dropped = self.dropped.take();
        if self.slots.borrow().extent() > SOME {
            self.drop_most(&mut dropped);
        }
        self.slots.borrow_mut().leave(&mut dropped);
        if !dropped.is_empty() {
            dropped.clear();
        }
        self.dropped.set(dropped);
        if self.text_count.get() > 0 {
            self.drop_texts();
        }
    }

    /// Drops what a scope of many values held, piece by piece.
    #[cold]
    fn drop_most(&self, dropped: &mut Vec<Content>) {
        let mut at = 0;
        loop {
            at = self.slots.borrow_mut().take_some(at, SOME, dropped);
            if dropped.is_empty() {
                break;
            }
            dropped.clear();
        }
    }

    /// Drops the texts of scopes that were left.
    #[cold]
    fn drop_texts(&self) {
        let depth = self.slots.borrow().depth();
        let mut texts = self.texts.borrow_mut();
        while texts.last().is_some_and(|(at, _)| *at > depth) {
            texts.pop();
        }
        self.text_count.set(texts.len());
    }
}

/// A new context, to be freed with ag_context_free. NULL when there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_context_new() -> *mut ag_context {
    if !reserve::prepare() {
        return std::ptr::null_mut();
    }
    let made = std::panic::catch_unwind(|| Box::new(ag_context::new()));
    let enough = !reserve::exhausted() || reserve::refill();
    let Some(made) = made.ok().filter(|_| enough) else { return std::ptr::null_mut() };
    let cx = Box::into_raw(made);
    own_panics::look_at(cx);
    cx
}

/// Frees a context with everything in it; every handle of it is void from then on. NULL is allowed. Inside of anything
/// that the context has called (a function, a kernel, a rule, a `drop`, a hook), or while another thread is inside, it
/// is an error and nothing is freed. What is told by `drop` that the context ends may call the library as ever, but
/// what it makes ends, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_context_free(cx: *mut ag_context) {
    // SAFETY: null or a live context, the caller's promise.
    let Some(c) = (unsafe { cx.as_ref() }) else { return };
    // Who was turned away before may end it all the same.
    c.presence.forget_refusal();
    let Some(inside) = c.presence.enter() else {
        c.presence.refuse();
        return;
    };
    let again = inside.again();
    let ended = guard_always(cx, again, |c| {
        if again {
            c.core.fail(
                Error { code: AG_ERR_CONTEXT, message: "a context cannot be freed inside one of its callbacks".into() }
                    .within("ag_context_free"),
            );
            return false;
        }
        c.end();
        true
    });
    if !again {
        own_panics::leave_out(c);
    }
    drop(inside);
    if !again {
        // What has panicked at its end is not looked at again, and its memory not given back.
        if !ended {
            return;
        }
        // SAFETY: made by `ag_context_new`, not NULL, and nobody is inside, or ever will be.
        let context = unsafe { Box::from_raw(cx) };
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(context)));
    }
}

/// The code of the pending error, AG_OK if there is none. Of NULL: AG_ERR_CONTEXT. AG_ERR_BUSY while another thread is
/// inside, and on a thread that was turned away for that reason, until it calls ag_error_clear: till then its calls do
/// nothing. The thread that was inside isn't told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_error(cx: *const ag_context) -> i32 {
    // SAFETY: null or a live context, the caller's promise.
    let Some(c) = (unsafe { cx.as_ref() }) else { return AG_ERR_CONTEXT };
    let refused = if c.presence.is_closed() { AG_ERR_CONTEXT } else { AG_ERR_BUSY };
    c.presence.enter().map_or(refused, |_inside| c.core.error_code())
}

/// What happened, in one line; empty if no error is pending. Never NULL; valid until the error is cleared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_error_message(cx: *const ag_context) -> *const c_char {
    // SAFETY: null or a live context, the caller's promise.
    let Some(c) = (unsafe { cx.as_ref() }) else { return c"the context is NULL".as_ptr() };
    c.presence.enter().map_or_else(|| c.refusal(), |_inside| c.pending_message())
}

/// Runs `f`, which makes a text; that of the pending error where there is one, before or after it. Never null: C prints it.
pub(super) fn text_of(cx: *const ag_context, f: impl FnOnce(&ag_context) -> Option<String>) -> *const c_char {
    // SAFETY: null or a live context, the caller's promise.
    let Some(c) = (unsafe { cx.as_ref() }) else { return c"the context is NULL".as_ptr() };
    let Some(_inside) = c.presence.enter() else {
        c.presence.refuse();
        return c.refusal();
    };
    let made = guard_always(cx, None, |c| f(c).map(|text| c.text(text)));
    made.unwrap_or_else(|| c.pending_message())
}

/// Forgets the pending error, so that the context can be used again. An AG_ERR_PANIC stays. A thread that was turned
/// away forgets that, and nothing else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_error_clear(cx: *mut ag_context) {
    // SAFETY: null or a live context, the caller's promise.
    let Some(c) = (unsafe { cx.as_ref() }) else { return };
    if c.presence.forget_refusal() {
        return;
    }
    if let Some(_inside) = c.presence.enter()
        && !c.core.telling()
    {
        c.core.clear_error();
    }
}

/// Raises an error, for callbacks: `return ag_raise(cx, AG_ERR_USER + 1, "what went wrong");`. Returns the null array. A
/// code of 0 counts as AG_ERR_CALLBACK; a message that is NULL or empty says that much; an error that is pending already
/// stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_raise(cx: *mut ag_context, code: i32, message: *const c_char) -> ag_array {
    guard_always(cx, ag_array::NULL, |c| {
        // SAFETY: NULL or a C string, the caller's promise.
        let text = if message.is_null() { "".into() } else { unsafe { CStr::from_ptr(message) }.to_string_lossy() };
        let text = if text.is_empty() { "a callback raised an error without a message".into() } else { text };
        // A user cannot bring about the state that only freeing ends.
        let code = if code == AG_OK || code == AG_ERR_PANIC { AG_ERR_CALLBACK } else { code };
        c.core.fail(Error { code, message: text.into_owned().into() });
        ag_array::NULL
    })
}

/// Keeps `hook` and `user`, until another hook takes their place or the context ends; `drop` is called with `user`
/// exactly once when that happens, or at once if the call fails (NULL: nobody is told). `hook` is called at the moment
/// of each failure: a place for a breakpoint, or for logging. ag_error and ag_error_message tell the failure in it;
/// every other function, ag_error_clear and ag_context_free among them, does nothing there. NULL: no longer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_set_error_hook(cx: *mut ag_context, hook: ag_error_hook, user: *mut c_void, drop: ag_drop) {
    let user = User::new(user, drop);
    guard_always(cx, (), |c| {
        c.core.set_hook(hook.map(|hook| -> crate::trace::Hook {
            // The whole of it, with its end.
            Rc::new(move |code, message| {
                let user = &user;
                let text = CString::new(message.replace('\0', "?")).unwrap_or_default();
                // SAFETY: the caller's function with the caller's pointer.
                unsafe { hook(code, text.as_ptr(), user.pointer) }
            })
        }));
    });
}

/// The library's version, "0.1.0"; compare with AUTOGRAD_VERSION_STRING. Valid forever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_version() -> *const c_char {
    const { concat_version() }.as_ptr()
}

const fn concat_version() -> &'static CStr {
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("the version has no NUL"),
    }
}

/// The library's version as a number; compare with AUTOGRAD_VERSION_NUMBER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_version_number() -> i32 {
    AUTOGRAD_VERSION_NUMBER
}

/// How many array handles are alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_live(cx: *mut ag_context) -> usize {
    guard_always(cx, 0, |c| {
        c.release_later();
        c.slots.borrow().live()
    })
}

/// Bytes of memory. Set struct_size to sizeof(ag_memory_stats) before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ag_memory_stats {
    pub struct_size: usize,
    /// In buffers of arrays that are alive, on tapes or behind handles.
    pub in_use: usize,
    /// The highest in_use so far.
    pub peak: usize,
    /// In use, or kept to be used again; and what tapes take.
    pub reserved: usize,
    /// The limit on reserved; 0 for none.
    pub limit: usize,
    /// How often the system was asked for a buffer. In the steady state of a loop it stands still.
    pub system_allocations: u64,
}

/// Fills in the memory statistics, as far as struct_size reaches.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_memory(cx: *mut ag_context, stats: *mut ag_memory_stats) {
    guard_always(cx, (), |c| {
        c.release_later();
        // SAFETY: NULL, or a struct whose first field says how long it is: the caller's promise.
        let size = unsafe { stats.cast::<usize>().as_ref() }.copied().unwrap_or(0);
        if size < 2 * size_of::<usize>() {
            let e = Error::argument(if stats.is_null() {
                "the argument stats is NULL".to_string()
            } else {
                format!("struct_size is {size}, expected {}", size_of::<ag_memory_stats>())
            });
            c.core.fail(e.within("ag_memory"));
            return;
        }
        let s = c.core.engine.heap.pool.stats();
        let filled = ag_memory_stats {
            struct_size: size,
            in_use: s.in_use,
            peak: s.peak,
            reserved: s.reserved,
            limit: if s.limit == usize::MAX { 0 } else { s.limit },
            system_allocations: s.system_allocations,
        };
        // SAFETY: a program built with an older, shorter struct gets the fields that it knows.
        unsafe {
            let bytes = size.min(size_of::<ag_memory_stats>());
            std::ptr::copy_nonoverlapping((&raw const filled).cast::<u8>(), stats.cast(), bytes);
        }
    });
}

/// Limits the bytes of memory that arrays and tapes take; what would exceed them fails with AG_ERR_MEMORY. 0: no limit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_set_memory_limit(cx: *mut ag_context, bytes: usize) {
    guard_always(cx, (), |c| c.core.engine.heap.pool.set_limit(bytes));
}

/// Gives memory that is kept for use again back to the system.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_memory_trim(cx: *mut ag_context) {
    guard_always(cx, (), |c| {
        c.release_later();
        c.diagnosis.trim();
        c.core.trim();
        c.slots.borrow_mut().trim();
        c.dropped.take();
        crate::operators::tree::trim();
    });
}

/// Lets large operations use `n` threads, the caller's among them; 1 at first. Results are the same bits for any
/// number. The other threads compute in the floating-point environment of the caller (how it rounds, whether it
/// flushes tiny numbers to 0), and the exceptions that they come across are raised in it. They take none of the
/// process's signals. A process that was forked goes on with the caller's thread alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_set_threads(cx: *mut ag_context, n: usize) {
    guard_always(cx, (), |c| c.core.engine.set_threads(n));
}

/// The number of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_threads(cx: *mut ag_context) -> usize {
    guard_always(cx, 0, |c| c.core.engine.thread_count())
}

/// Computes every operation at once instead of deferring and fusing element-wise ones. For debugging; slower.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_set_eager(cx: *mut ag_context, eager: bool) {
    guard_always(cx, (), |c| c.core.engine.set_eager(eager));
}

/// Whether the output of the last derivative did not depend on (some of) its inputs, whose gradients are zeros then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_independent(cx: *mut ag_context) -> bool {
    guard_always(cx, false, |c| c.core.independent.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::code;

    #[test]
    fn codes_and_version_are_those_of_the_library() {
        let pairs = [
            (AG_OK, code::OK),
            (AG_ERR_CONTEXT, code::CONTEXT),
            (AG_ERR_HANDLE, code::HANDLE),
            (AG_ERR_SHAPE, code::SHAPE),
            (AG_ERR_DTYPE, code::DTYPE),
            (AG_ERR_VALUE, code::VALUE),
            (AG_ERR_INDEX, code::INDEX),
            (AG_ERR_MEMORY, code::MEMORY),
            (AG_ERR_TRACED, code::TRACED),
            (AG_ERR_CALLBACK, code::CALLBACK),
            (AG_ERR_DERIVATIVE, code::DERIVATIVE),
            (AG_ERR_SCOPE, code::SCOPE),
            (AG_ERR_TAPE, code::TAPE),
            (AG_ERR_BUSY, code::BUSY),
            (AG_ERR_CHECK, code::CHECK),
            (AG_ERR_ARGUMENT, code::ARGUMENT),
            (AG_ERR_PANIC, code::PANIC),
            (AG_ERR_ANOMALY, code::ANOMALY),
            (AG_ERR_FILE, code::FILE),
            (AG_ERR_USER, code::USER),
        ];
        pairs.iter().for_each(|(c, rust)| assert_eq!(c, rust));
        let version = format!("{AUTOGRAD_VERSION_MAJOR}.{AUTOGRAD_VERSION_MINOR}.{AUTOGRAD_VERSION_PATCH}");
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        let number = 10000 * AUTOGRAD_VERSION_MAJOR + 100 * AUTOGRAD_VERSION_MINOR + AUTOGRAD_VERSION_PATCH;
        assert_eq!(number, AUTOGRAD_VERSION_NUMBER);
    }
}
