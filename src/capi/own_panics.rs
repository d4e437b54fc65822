//! Which panics are the library's: those of a thread that is inside of a context.
//!
//! That is found out when a panic happens, by looking at all contexts, so that no call pays for it.

use super::ag_context;
use crate::kernels::lock::Lock;
use crate::panics;
use std::collections::BTreeSet;

/// The addresses of all contexts.
static CONTEXTS: Lock<BTreeSet<usize>> = Lock::new(BTreeSet::new());

/// Lets a context be looked at from now on, until [`leave_out`].
pub fn look_at(c: *const ag_context) {
    panics::install(at_work);
    CONTEXTS.lock().insert(c.expose_provenance());
}

/// A context is about to be freed.
pub fn leave_out(c: *const ag_context) {
    CONTEXTS.lock().remove(&c.addr());
}

/// Whether this thread is inside of a context; while a callback of that is running, whether the file is one of ours.
fn at_work(file: &str) -> bool {
    let Some(contexts) = CONTEXTS.try_lock() else { return false };
    contexts.iter().any(|&address| {
        let c = std::ptr::with_exposed_provenance::<ag_context>(address);
        // SAFETY: whoever frees a context takes it out before, which needs the lock. Its cells are looked at on the
        // thread inside only.
        let c = unsafe { &*c };
        c.presence.is_inside() && (c.frames.try_borrow().is_ok_and(|f| f.is_empty()) || panics::is_own(file))
    })
}

#[cfg(test)]
mod tests {
    use super::super::context::{ag_context_free, ag_context_new, ag_error, ag_error_message};
    use super::super::guard_always;
    use crate::error::code;
    use std::ffi::CStr;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    /// What a panic inside of a call leaves in the context.
    fn message_of(f: impl FnOnce(&super::ag_context)) -> String {
        // SAFETY: the context is live until it is freed, and so is its message.
        unsafe {
            let cx = ag_context_new();
            guard_always(cx, (), f);
            assert_eq!(ag_error(cx), code::PANIC);
            let text = CStr::from_ptr(ag_error_message(cx)).to_string_lossy().into_owned();
            ag_context_free(cx);
            text
        }
    }

    #[test]
    fn the_message_says_what_and_where() {
        let text = message_of(|_| panic!("the caller's"));
        assert!(text.contains("the caller's (at ") && text.contains("own_panics.rs:"), "{text}");
        let text = message_of(|_| panic!("{}", "x".repeat(1 << 20)));
        assert!(text.contains("xxx... (at ") && text.len() < 600, "{} bytes", text.len());
        let text = message_of(|c| {
            c.core.engine.set_threads(2);
            let threads = c.core.engine.threads_for(1e9).expect("there are two");
            let came = AtomicBool::new(false);
            threads.run(&|id| {
                came.fetch_or(id != 0, Relaxed);
                while !came.load(Relaxed) {
                    std::thread::yield_now();
                }
                assert!(id == 0, "the worker's");
            });
        });
        assert!(text.contains("the worker's (at ") && text.contains("own_panics.rs:"), "{text}");
        // Those of the program around are none of ours.
        assert!(std::thread::spawn(|| panic!("of another thread")).join().is_err());
        assert!(std::panic::catch_unwind(|| panic!("outside of a call")).is_err());
    }

    /// What this test's neighbour writes to the standard error.
    fn written(show: Option<&str>) -> String {
        let mut command = std::process::Command::new(std::env::current_exe().expect("a test has a path"));
        command.args(["--exact", "capi::own_panics::tests::the_message_says_what_and_where", "--nocapture"]);
        command.env_remove(crate::panics::SHOW);
        if let Some(show) = show {
            command.env(crate::panics::SHOW, show);
        }
        let output = command.output().expect("the test can be started");
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed"));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    #[test]
    fn nothing_is_written_unless_it_is_asked_for() {
        let ours = ["the caller's", "the worker's", "xxx"];
        for show in [None, Some("0"), Some("")] {
            let text = written(show);
            assert!(ours.iter().all(|o| !text.contains(o)), "{text}");
            assert!(text.contains("of another thread") && text.contains("outside of a call"), "{text}");
        }
        let text = written(Some("1"));
        assert!(ours.iter().all(|o| text.contains(o)), "{text}");
    }
}
