//! Who is inside a context: one thread at a time, without a locked instruction for the thread that mostly is.
//!
//! # Seats
//!
//! A context is *biased* to a thread, its maker at first: that thread has the seat, and comes in with a store of its own
//! and a second look at whether the seat is still its own.
//!
//! ```text
//! owner                                   another thread, under the lock
//!   seat is mine?                           somebody inside? then busy
//!   inside = me                             seat = claimed
//!   (the compiler keeps the order)          a barrier in every thread of the process (membarrier)
//!   seat is still mine? else back out       somebody inside? then seat = owner's again, busy
//!                                           else seat = shared
//! ```
//!
//! The processor may let the owner's second look overtake its store; the barrier is where that ends. Whoever runs it finds
//! either the store, or an owner whose second look comes later and finds the claim. So one of both backs out, and the
//! owner pays nothing for it. Each thread has a seat of its own to write `inside` to, since an owner that was held up may
//! write long after the context has gone to others.
//!
//! From then on the context is *shared*: everybody comes in with one locked instruction, so that a context which goes from
//! hand to hand doesn't need a barrier each time. A thread that comes in many times in a row gets the seat. Where there is
//! no such barrier a context is always shared.
//!
//! # Refusals
//!
//! Who was refused is told so, until it forgets the error; the thread inside isn't. So refusals are noted with the thread.

use crate::kernels::lock::Lock;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::*, compiler_fence};
use std::sync::{Arc, OnceLock};

/// A shared context is biased to a thread that makes this many calls in a row.
const STREAK: u32 = 256;

/// Something that differs between threads: where the processor finds the thread's own data.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[inline(always)]
fn thread() -> usize {
    let pointer: usize;
    // SAFETY: reads the first word at `fs`, which the x86-64 ABI defines as the thread pointer itself.
    unsafe {
        std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nostack, preserves_flags, readonly));
    }
    pointer
}

/// Something that differs between threads.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[inline]
fn thread() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    MARK.with(|m| std::ptr::from_ref(m) as usize)
}

/// A place to be inside.
struct Seat {
    /// The thread that has it; 0 where it is shared.
    thread: usize,
    /// The thread inside, 0 for none.
    inside: AtomicUsize,
}

impl Seat {
    const fn new(thread: usize) -> Seat {
        Seat { thread, inside: AtomicUsize::new(0) }
    }
}

/// While it lives, its thread is inside the context.
pub struct Inside<'c>(Option<&'c AtomicUsize>);

impl Inside<'_> {
    /// Whether the thread was inside before: somebody whom the library has called calls it.
    pub fn again(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(inside) = self.0 {
            inside.store(0, Release);
        }
    }
}

/// The threads of one context.
pub struct Presence {
    /// The seat of the thread that it is biased to, `shared`, or [`CLAIMED`].
    seat: AtomicPtr<Seat>,
    shared: Arc<Seat>,
    /// The thread that came in last while it was shared, and how many times in a row.
    last: AtomicUsize,
    streak: AtomicU32,
    /// One for each thread that it was ever biased to. Whoever holds the lock may give the seat to another.
    seats: Lock<Vec<Arc<Seat>>>,
    /// Tells contexts apart where refusals are noted.
    serial: u64,
    /// Whether some thread was ever refused.
    refused: AtomicBool,
    /// Whether no thread gets in any more.
    closed: AtomicBool,
}

/// Stands for the seat while a thread finds out whether its owner is inside.
static CLAIMED: Seat = Seat::new(0);

thread_local! {
    /// The contexts that have refused this thread.
    static REFUSED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Presence {
    pub fn new() -> Presence {
        static CONTEXTS: AtomicU64 = AtomicU64::new(0);
        let presence = Presence {
            seat: AtomicPtr::default(),
            shared: Arc::new(Seat::new(0)),
            last: AtomicUsize::new(0),
            streak: AtomicU32::new(0),
            seats: Lock::default(),
            serial: CONTEXTS.fetch_add(1, Relaxed),
            refused: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        };
        let first = if barrier::ready() { presence.seat_of(thread()) } else { presence.shared() };
        presence.seat.store(first, Release);
        presence
    }

    fn shared(&self) -> *mut Seat {
        Arc::as_ptr(&self.shared).cast_mut()
    }

    /// The seat of a thread, the same one each time.
    fn seat_of(&self, thread: usize) -> *mut Seat {
        let mut seats = self.seats.lock();
        let at = seats.iter().position(|s| s.thread == thread).unwrap_or_else(|| {
            seats.push(Arc::new(Seat::new(thread)));
            seats.len() - 1
        });
        Arc::as_ptr(&seats[at]).cast_mut()
    }

    /// Marks this thread as being inside, which it may be already; `None` while another one is, or while this one hasn't
    /// forgotten yet that it was refused.
    #[inline(always)]
    pub fn enter(&self) -> Option<Inside<'_>> {
        let (me, at) = (thread(), self.seat.load(Acquire));
        // SAFETY: `CLAIMED`, or a seat that lives as long as `self`.
        let seat = unsafe { &*at };
        if seat.thread == me {
            if seat.inside.load(Relaxed) != 0 {
                return Some(Inside(None));
            }
            seat.inside.store(me, Relaxed);
            compiler_fence(SeqCst);
            if self.seat.load(Acquire) == at {
                return Some(Inside(Some(&seat.inside)));
            }
            seat.inside.store(0, Release);
        }
        self.enter_slowly(me)
    }

    #[cold]
    #[inline(never)]
    fn enter_slowly(&self, me: usize) -> Option<Inside<'_>> {
        if self.is_closed() || self.is_refused() {
            return None;
        }
        loop {
            if self.seat.load(Acquire) == self.shared() {
                match self.enter_shared(me) {
                    Ok(inside) => return inside,
                    Err(Moved) => continue,
                }
            }
            let _seats = self.seats.lock();
            let at = self.seat.load(Acquire);
            if at == self.shared() {
                continue;
            }
            // SAFETY: a seat that lives as long as `self`.
            let seat = unsafe { &*at };
            let now = seat.inside.load(Acquire);
            if seat.thread == me {
                // Somebody had claimed it, in vain.
                if now == 0 {
                    seat.inside.store(me, Relaxed);
                }
                return Some(Inside((now == 0).then_some(&seat.inside)));
            }
            if now != 0 {
                return None;
            }
            self.seat.store((&raw const CLAIMED).cast_mut(), SeqCst);
            barrier::everywhere();
            if seat.inside.load(Acquire) != 0 {
                self.seat.store(at, Release);
                return None;
            }
            self.seat.store(self.shared(), Release);
        }
    }

    /// Enters the shared seat; `None` while somebody else is inside.
    fn enter_shared(&self, me: usize) -> Result<Option<Inside<'_>>, Moved> {
        let inside = &self.shared.inside;
        match inside.compare_exchange(0, me, SeqCst, Acquire) {
            Ok(_) => {}
            Err(now) => return Ok((now == me).then_some(Inside(None))),
        }
        let here = Inside(Some(inside));
        if self.seat.load(SeqCst) != self.shared() {
            return Err(Moved);
        }
        if self.last.load(Relaxed) != me {
            self.last.store(me, Relaxed);
            self.streak.store(0, Relaxed);
        }
        let streak = self.streak.load(Relaxed) + 1;
        self.streak.store(streak, Relaxed);
        if streak < STREAK || !barrier::ready() {
            return Ok(Some(here));
        }
        self.streak.store(0, Relaxed);
        let own = self.seat_of(me);
        // SAFETY: a seat that lives as long as `self`.
        let seat = unsafe { &*own };
        seat.inside.store(me, Relaxed);
        // Whoever finds the shared seat empty, after `here`, finds this.
        self.seat.store(own, SeqCst);
        drop(here);
        Ok(Some(Inside(Some(&seat.inside))))
    }

    /// Whether this thread is inside. Changes nothing, and waits for no lock.
    pub fn is_inside(&self) -> bool {
        let me = thread();
        let own = |s: &Arc<Seat>| s.inside.load(Relaxed) == me;
        own(&self.shared) || self.seats.try_lock().is_some_and(|seats| seats.iter().any(own))
    }

    /// Lets no thread in any more, not even the one that is inside.
    pub fn close(&self) {
        let _seats = self.seats.lock();
        self.closed.store(true, Relaxed);
        self.seat.store((&raw const CLAIMED).cast_mut(), Release);
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// Notes that this thread was refused.
    #[cold]
    pub fn refuse(&self) {
        if self.is_closed() {
            return;
        }
        let _ = REFUSED.try_with(|list| {
            let mut list = list.borrow_mut();
            if !list.contains(&self.serial) {
                list.push(self.serial);
            }
        });
        self.refused.store(true, Relaxed);
    }

    /// Whether this thread was refused and hasn't forgotten it.
    pub fn is_refused(&self) -> bool {
        // A thread sees its own store.
        self.refused.load(Relaxed) && REFUSED.try_with(|list| list.borrow().contains(&self.serial)).unwrap_or(false)
    }

    /// Forgets that this thread was refused; whether it was.
    pub fn forget_refusal(&self) -> bool {
        let was = self.is_refused();
        if was {
            let _ = REFUSED.try_with(|list| list.borrow_mut().retain(|&s| s != self.serial));
        }
        was
    }
}

/// The context is biased to somebody by now.
struct Moved;

/// A barrier in all threads of the process at once.
mod barrier {
    use super::OnceLock;

    /// Whether there is one; asked once, when the first context is made.
    pub fn ready() -> bool {
        static READY: OnceLock<bool> = OnceLock::new();
        *READY.get_or_init(register)
    }

    #[cfg(target_os = "linux")]
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    #[cfg(target_os = "linux")]
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    #[cfg(target_os = "linux")]
    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the system call takes three numbers and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    #[cfg(target_os = "linux")]
    fn register() -> bool {
        membarrier(REGISTER_PRIVATE_EXPEDITED)
    }

    #[cfg(not(target_os = "linux"))]
    fn register() -> bool {
        false
    }

    /// Runs it.
    pub fn everywhere() {
        #[cfg(target_os = "linux")]
        if membarrier(PRIVATE_EXPEDITED) || (register() && membarrier(PRIVATE_EXPEDITED)) {
            return;
        }
        // A program may forbid the call later on. A store is seen by everybody within far less than this.
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threads that come and go all the time are never inside together, and all get in.
    fn exclusive(presence: &Presence, each: usize) {
        let (inside, entered) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    let mut mine = 0;
                    while mine < each {
                        let Some(_here) = presence.enter() else {
                            std::thread::yield_now();
                            continue;
                        };
                        assert_eq!(inside.swap(thread(), Relaxed), 0);
                        let again = presence.enter().expect("who is inside comes in again");
                        drop(again);
                        assert_eq!(inside.swap(0, Relaxed), thread());
                        mine += 1;
                        entered.fetch_add(1, Relaxed);
                    }
                });
            }
        });
        assert_eq!(entered.load(Relaxed), 4 * each);
    }

    #[test]
    fn one_thread_at_a_time() {
        exclusive(&Presence::new(), 50_000);
    }

    #[test]
    fn one_thread_at_a_time_without_bias() {
        let presence = Presence::new();
        presence.seat.store(presence.shared(), Release);
        exclusive(&presence, 200);
    }

    #[test]
    fn who_comes_in_many_times_gets_the_seat() {
        let presence = Presence::new();
        if !barrier::ready() {
            return;
        }
        let mine = presence.seat.load(Acquire);
        std::thread::scope(|s| {
            s.spawn(|| {
                assert!(presence.enter().is_some());
                assert_eq!(presence.seat.load(Acquire), presence.shared());
                (0..STREAK).for_each(|_| assert!(presence.enter().is_some()));
                assert_eq!(presence.seat.load(Acquire), presence.seat_of(thread()));
            });
        });
        (0..=STREAK).for_each(|_| assert!(presence.enter().is_some()));
        assert_eq!(presence.seat.load(Acquire), mine);
    }

    #[test]
    fn who_was_refused_stays_refused_until_it_forgets() {
        let presence = Presence::new();
        let here = presence.enter();
        std::thread::scope(|s| {
            s.spawn(|| {
                assert!(presence.enter().is_none() && !presence.is_refused());
                presence.refuse();
            });
        });
        assert!(!presence.is_refused() && presence.enter().is_some());
        drop(here);
        std::thread::scope(|s| {
            s.spawn(|| {
                presence.refuse();
                assert!(presence.enter().is_none() && presence.forget_refusal());
                assert!(presence.enter().is_some() && !presence.forget_refusal());
            });
        });
    }
}
