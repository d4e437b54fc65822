//! Panics of the library's own, which are caught and become errors: what they say, and how they are kept off the terminal.
//!
//! Rust writes every panic to the program's standard error. A library must not: what happened is in the error that the
//! caller gets, with the place in the source. So a hook keeps quiet about panics that will be caught (of a thread that is at
//! work for the library, as [`install`] is told to find out), and passes all others on to the hook before it. Whoever
//! wants to see them sets [`SHOW`], and gets a stack trace if `RUST_BACKTRACE` says so.

use crate::error::excerpt_of;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{set_hook, take_hook};
use std::sync::Once;

/// The environment variable that has panics written: anything but nothing and 0.
pub const SHOW: &str = "AUTOGRAD_SHOW_PANICS";

/// How much of a panic's text is quoted.
const QUOTED: usize = 400;

thread_local! {
    /// Whether this thread is a worker.
    static WORKER: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of this thread was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Takes over the panics of the library, once. `at_work` says whether one in this source file, on this thread, is among
/// them.
pub fn install(at_work: fn(file: &str) -> bool) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let place = info.location();
            if !WORKER.get() && !at_work(place.map_or("", |p| p.file())) {
                return before(info);
            }
            PLACE.set(place.map(ToString::to_string));
            if std::env::var_os(SHOW).is_some_and(|v| !v.is_empty() && v != "0") {
                before(info);
            }
        }));
    });
}

/// Whether a source file is one of the library or of what it is built from.
pub fn is_own(file: &str) -> bool {
    let root = file!().strip_suffix("panics.rs").unwrap_or("src/");
    file.starts_with(root) || file.starts_with("/rustc/") || file.contains("/registry/src/")
}

/// Says that this thread works for the library only.
pub fn this_is_a_worker() {
    WORKER.set(true);
}

/// What a panic of this thread that was caught said, and where it was.
pub fn described(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let text = excerpt_of(text, QUOTED);
    match PLACE.take() {
        Some(place) => format!("{text} (at {place})"),
        None => text.into_owned(),
    }
}
