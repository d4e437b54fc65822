//! How much of the running thread's stack is left. Recursion that follows the nesting of a program asks before it goes on.
//!
//! A program may run on other memory than the stack that the system knows: a coroutine has a stack of its own, and valgrind
//! lets a stack grow in pieces, of which the C library finds the first one alone after a fork. What lies below the known
//! stack is taken for such memory, whose end only the program knows, and nothing is refused there.

use std::cell::Cell;

/// Bytes that must be left for what does not ask: kernels with their blocks, and the host's own functions.
pub const MARGIN: usize = 24 << 10;

thread_local! {
    /// The lowest address of the thread's stack: 0 before anybody asked, 1 where the system doesn't say.
    static LOWEST: Cell<usize> = const { Cell::new(0) };
    /// Whether somebody was found below it, and the system asked again.
    static ASKED_AGAIN: Cell<bool> = const { Cell::new(false) };
}

/// Whether less than [`MARGIN`] is left.
#[inline]
pub fn is_short() -> bool {
    left() < MARGIN
}

/// Bytes left, more than there can be where the system doesn't say.
#[inline]
pub fn left() -> usize {
    let here = 0u8;
    let lowest = match LOWEST.get() {
        0 => find(),
        lowest => lowest,
    };
    let here = &raw const here as usize;
    if here < lowest { below(here) } else { here - lowest }
}

/// Bytes left on memory below the stack's known end: the end may have been moved (`setrlimit`), or the memory is another.
#[cold]
#[inline(never)]
fn below(here: usize) -> usize {
    let lowest = if ASKED_AGAIN.replace(true) { LOWEST.get() } else { find() };
    here.checked_sub(lowest).unwrap_or(usize::MAX)
}

#[cold]
fn find() -> usize {
    let lowest = lowest().unwrap_or(1);
    LOWEST.set(lowest);
    lowest
}

#[cfg(target_os = "linux")]
fn lowest() -> Option<usize> {
    let mut attributes = std::mem::MaybeUninit::uninit();
    let (mut start, mut size, mut guard) = (std::ptr::null_mut(), 0, 0);
    // SAFETY: the attributes are written by the first call, read if it succeeds, and destroyed once.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let found = libc::pthread_attr_getstack(attributes.as_ptr(), &mut start, &mut size) == 0
            && libc::pthread_attr_getguardsize(attributes.as_ptr(), &mut guard) == 0;
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        // The C library may count the guard to the stack.
        found.then(|| start as usize + guard)
    }
}

#[cfg(not(target_os = "linux"))]
fn lowest() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_refused_below_the_known_stack() {
        std::thread::spawn(|| {
            left();
            LOWEST.set(usize::MAX);
            assert!((1..usize::MAX).contains(&left()), "the end has moved, and was asked for again");
            LOWEST.set(usize::MAX);
            assert!(left() == usize::MAX && !is_short());
        })
        .join()
        .unwrap();
    }

    #[test]
    fn what_is_left_gets_less_with_every_call() {
        #[inline(never)]
        fn deeper(n: usize) -> usize {
            let block = std::hint::black_box([n as u8; 1000]);
            if n == 0 { left() } else { deeper(n - 1).min(usize::MAX - usize::from(block[7])) }
        }
        let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(|| {
            let (here, there) = (left(), deeper(50));
            assert!(here > there + 50_000 && here <= 260 << 10 && there > 32 << 10, "{here} {there}");
            assert!(!is_short());
        });
        thread.unwrap().join().unwrap();
    }
}
