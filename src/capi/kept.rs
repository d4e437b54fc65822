//! Callbacks that derivatives call again later, and what they are given: who owns it, and whether it is still there.
//!
//! A checkpoint, a fixed point or a differential equation keeps `f` and `user` for the sweep. `drop` says when they are no
//! longer needed. Without it the caller promises that what `user` points at stays; the promise is easily broken by a struct
//! on the stack of a function that has returned by then. That is found out where it can be, by addresses:
//!
//! * A tape that an operator opened is swept before the operator returns, and after the function that it records has
//!   returned. What lies on the stack below the operator's own frame is gone by then: an error at once.
//! * On a tape that the caller opened it is found out while lines are recorded (`AG_TRACE_LINES`), when the derivative is
//!   taken: the stack is walked, and what lies within a frame of this library's has ended. (What another function
//!   of the caller's has been called over isn't found out.)

use super::ag_context;
use super::callback::ag_function;
use super::primitive::User;
use crate::error::Error;
use crate::operators::checkpoint::Stored;
use crate::trace::{Array, Context};
use std::ops::Range;
use std::rc::Rc;

/// The stack of the running thread, where the system tells.
fn own_stack() -> Range<usize> {
    thread_local! {
        static STACK: Range<usize> = bounds();
    }
    STACK.with(Clone::clone)
}

#[cfg(target_os = "linux")]
fn bounds() -> Range<usize> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes are filled in before they are read, and given back.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return 0..0;
        }
        let found = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        if found == 0 { low as usize..(low as usize).saturating_add(size) } else { 0..0 }
    }
}

#[cfg(not(target_os = "linux"))]
fn bounds() -> Range<usize> {
    0..0
}

/// Whether an address on the running stack lies within a frame of this library's; false where that can't be told.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn within_own_frame(at: usize) -> bool {
    use std::ffi::{c_int, c_void};
    // The unwinder's interface (Itanium C++ ABI: Exception Handling, section 1.6), which the standard library links.
    unsafe extern "C" {
        fn _Unwind_Backtrace(
            each: extern "C" fn(frame: *mut c_void, search: *mut c_void) -> c_int,
            search: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(frame: *mut c_void) -> usize;
        fn _Unwind_GetCFA(frame: *mut c_void) -> usize;
    }
    struct Search {
        at: usize,
        /// Of the frame that the address lies in.
        code: usize,
    }
    extern "C" fn each(frame: *mut c_void, search: *mut c_void) -> c_int {
        // SAFETY: the search that was given to the unwinder, which gives frames that it made.
        let (search, ip, cfa) = unsafe { (&mut *search.cast::<Search>(), _Unwind_GetIP(frame), _Unwind_GetCFA(frame)) };
        // Where this frame ends, the one that it called begins, which was seen before.
        if cfa > search.at {
            return 1;
        }
        search.code = ip;
        0
    }
    let mut search = Search { at, code: 0 };
    // SAFETY: `each` takes what it is given here.
    unsafe { _Unwind_Backtrace(each, (&raw mut search).cast()) };
    search.code != 0 && image(search.code) == image(within_own_frame as fn(usize) -> bool as usize)
}

/// Where the library or program is loaded that holds this code.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn image(code: usize) -> Option<usize> {
    let mut found = std::mem::MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: filled in before it is read.
    unsafe { (libc::dladdr(code as *const _, found.as_mut_ptr()) != 0).then(|| found.assume_init().dli_fbase as usize) }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn within_own_frame(_: usize) -> bool {
    false
}

/// What a callback that is kept was given.
pub(super) struct Kept {
    pub(super) name: &'static str,
    user: User,
    /// Whether it lies on the stack of the thread that gave it.
    on_stack: bool,
}

impl Kept {
    /// The caller's pointer; an error is noted if what it points at is gone.
    pub(super) fn pointer(&self, core: &Context) -> Option<*mut std::ffi::c_void> {
        let at = self.user.pointer as usize;
        if self.on_stack && core.has_place() && own_stack().contains(&at) && within_own_frame(at) {
            core.fail(gone().within(self.name));
            return None;
        }
        Some(self.user.pointer)
    }
}

fn gone() -> Error {
    Error::argument(
        "`user` lies on the stack of a function that has returned when the derivative is taken: give memory that lives \
         longer, and a `drop` that frees it",
    )
}

impl ag_context {
    /// Takes over what a callback is given, for as long as derivatives with respect to `args` may call it.
    pub(super) fn kept<'a>(
        &self,
        name: &'static str,
        user: User,
        args: impl IntoIterator<Item = &'a Array>,
    ) -> Option<Rc<Kept>> {
        let at = user.pointer as usize;
        let on_stack = own_stack().contains(&at);
        if on_stack {
            let trace = &self.core.trace;
            for x in args {
                let mut value = x.clone();
                loop {
                    let level = value.level(trace);
                    let Some(open) = trace.level(level) else { break };
                    if open.tape.is_some() && own_stack().contains(&open.frame) && at < open.frame {
                        self.core.fail(gone().within(name));
                        return None;
                    }
                    let Some((_, primal)) = value.layer(level) else { break };
                    value = primal;
                }
            }
        }
        Some(Rc::new(Kept { name, user, on_stack }))
    }

    /// A C function that derivatives will call later: it lives on tapes of this context.
    pub(super) fn stored(&self, f: ag_function, kept: Rc<Kept>) -> Stored {
        let context = std::ptr::from_ref(self);
        Rc::new(move |core: &Context, args: &[Array]| {
            let Some(user) = kept.pointer(core) else { return Default::default() };
            // SAFETY: what holds this function is recorded on a tape of the context, and dropped with it.
            let c = unsafe { &*context };
            c.function(kept.name, f, user)(core, args)
        })
    }
}
