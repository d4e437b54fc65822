//! A lock of the system's: it needs no memory, and tools that look for races know it.

use std::cell::UnsafeCell;

/// A lock that holds nothing; what it guards stands beside it.
pub struct Lock(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: locking and unlocking from several threads is what it is for.
unsafe impl Sync for Lock {}

/// Ends with the lock's release.
pub struct Held<'a>(&'a Lock);

impl Lock {
    #[expect(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> Lock {
        Lock(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER))
    }

    /// Waits for its turn. Not to be called while this thread holds it.
    pub fn lock(&self) -> Held<'_> {
        // SAFETY: initialised, and never moved while it is held, since `Held` borrows it.
        unsafe { libc::pthread_mutex_lock(self.0.get()) };
        Held(self)
    }

    /// `None` where somebody holds it.
    pub fn try_lock(&self) -> Option<Held<'_>> {
        // SAFETY: as above.
        let refused = unsafe { libc::pthread_mutex_trylock(self.0.get()) };
        (refused == 0).then_some(Held(self))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: this thread holds it.
        unsafe { libc::pthread_mutex_unlock(self.0.0.get()) };
    }
}
