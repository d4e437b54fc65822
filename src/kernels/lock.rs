//! A lock of the system's: it needs no memory, and tools that look for races know it.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

/// A value that one thread at a time sees.
pub struct Lock<T> {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through `Held` only, of which there is one at a time; it may change threads.
unsafe impl<T: Send> Sync for Lock<T> {}

/// The value, until the lock's release.
pub struct Held<'a, T>(&'a Lock<T>);

impl<T> Lock<T> {
    pub const fn new(value: T) -> Lock<T> {
        Lock { mutex: UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER), value: UnsafeCell::new(value) }
    }

    /// Waits for its turn. Not to be called while this thread holds it.
    pub fn lock(&self) -> Held<'_, T> {
        // SAFETY: initialised, and never moved while it is held, since `Held` borrows it.
        unsafe { libc::pthread_mutex_lock(self.mutex.get()) };
        Held(self)
    }

    /// `None` where somebody holds it.
    pub fn try_lock(&self) -> Option<Held<'_, T>> {
        // SAFETY: as above.
        let refused = unsafe { libc::pthread_mutex_trylock(self.mutex.get()) };
        (refused == 0).then_some(Held(self))
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Lock<T> {
        Lock::new(T::default())
    }
}

/// Something that is waited for by those who hold a lock. It doesn't move while somebody waits.
pub struct Condition(UnsafeCell<libc::pthread_cond_t>);

// SAFETY: the system's functions on it are for several threads.
unsafe impl Sync for Condition {}
// SAFETY: no thread waits while it moves.
unsafe impl Send for Condition {}

impl Default for Condition {
    fn default() -> Condition {
        Condition(UnsafeCell::new(libc::PTHREAD_COND_INITIALIZER))
    }
}

impl Condition {
    /// Gives the lock up until it is woken, which may also happen for no reason.
    pub fn wait<T>(&self, held: &mut Held<'_, T>) {
        // SAFETY: initialised, and this thread holds the mutex.
        unsafe { libc::pthread_cond_wait(self.0.get(), held.0.mutex.get()) };
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        // SAFETY: initialised.
        unsafe { libc::pthread_cond_broadcast(self.0.get()) };
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: no other thread sees it before the release.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        // SAFETY: this thread holds it.
        unsafe { libc::pthread_mutex_unlock(self.0.mutex.get()) };
    }
}
