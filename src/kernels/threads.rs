//! Worker threads of a context, for work that is worth the hand-over.
//!
//! The workers spin for a few microseconds after a task and then sleep, so that a sequence of parallel passes pays
//! 0.1 us for each hand-over and an idle program pays nothing. The calling thread takes part. Tasks divide themselves:
//! each worker draws chunk numbers from a counter, and what a chunk computes doesn't depend on who computes it, so that
//! results are the same bits for any number of threads.
//!
//! A worker that hasn't begun isn't waited for. Where the system gives its processor to another program, it comes
//! milliseconds late, when the caller has long done all chunks; it then finds the *gate* of the task closed:
//!
//! ```text
//! caller                                      worker
//!   gate = (new epoch, open, 0 inside)          sees the new epoch; gate += 1 if it is open, else waits again
//!   its own share                               its own share
//!   closes the gate, reads how many came        finished += 1
//!   waits until as many have finished
//! ```
//!
//! # Workers and the program around them
//!
//! What a thread is to the system must not show in a result, nor in the program's behaviour. So the caller's
//! floating-point environment ([`Environment`]) travels with each task: a worker rounds as its caller does at that moment,
//! and the exceptions that it came across are the caller's in the end. Workers take no signals, which are for the threads
//! of the program. A process that was forked has no workers; it does its work alone and waits for none of them.

use super::environment::Environment;
use super::lock::{Condition, Lock};
use crate::panics;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

/// Iterations of waiting before a worker sleeps: some 50 us.
const SPINS: u32 = 20_000;

type Task<'a> = dyn Fn(usize) + Sync + 'a;

/// The gate counts those inside below this bit, which says that it is closed; above is the number of the task.
const CLOSED: u64 = 1 << 16;

fn epoch_of(gate: u64) -> u64 {
    gate / (2 * CLOSED)
}

struct Shared {
    gate: AtomicU64,
    /// Points at the caller's `&Task` while the gate is open or somebody is inside.
    task: AtomicPtr<()>,
    /// The caller's rounding and its treatment of tiny numbers, for the current task.
    control: AtomicU32,
    /// The floating-point exceptions that workers came across in it.
    exceptions: AtomicU32,
    /// Workers that have left the current task.
    finished: AtomicUsize,
    stop: AtomicBool,
    /// What a worker's panic in it said.
    panicked: Lock<Option<String>>,
    sleepers: Lock<usize>,
    wake: Condition,
}

/// Runs closures on several threads at once.
pub struct Threads {
    shared: Arc<Shared>,
    workers: Vec<Worker>,
    /// The process that has these workers.
    process: u32,
}

impl Threads {
    /// `n` threads altogether, the caller's among them. Fewer, if the system refuses some.
    pub fn new(n: usize) -> Threads {
        let shared = Arc::new(Shared {
            gate: AtomicU64::new(CLOSED),
            task: AtomicPtr::new(std::ptr::null_mut()),
            control: AtomicU32::new(0),
            exceptions: AtomicU32::new(0),
            finished: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            panicked: Lock::default(),
            sleepers: Lock::new(0),
            wake: Condition::default(),
        });
        let workers = without_signals(|| {
            (1..n.clamp(1, CLOSED as usize)).map_while(|id| Worker::begin(shared.clone(), id)).collect()
        });
        Threads { shared, workers, process: std::process::id() }
    }

    pub fn count(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `task(worker)` on the caller's thread, as worker 0, and on those that come before it returns there; returns
    /// when all have finished. So tasks draw what they do from a counter. Not to be called from within a task.
    pub fn run(&self, task: &Task<'_>) {
        if self.workers.is_empty() || self.process != std::process::id() {
            return task(0);
        }
        let shared = &*self.shared;
        shared.control.store(Environment::here().control(), Relaxed);
        let reference: *const &Task<'_> = &raw const task;
        shared.task.store(reference.cast_mut().cast(), Relaxed);
        shared.finished.store(0, Relaxed);
        self.next_epoch(0);
        // Even if the caller's share panics, the others must be waited for: they hold a pointer to this frame.
        let own = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(0)));
        let inside = (shared.gate.fetch_or(CLOSED, AcqRel) % CLOSED) as usize;
        let mut spins = 0u32;
        while shared.finished.load(Acquire) != inside {
            spins += 1;
            if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        let exceptions = shared.exceptions.swap(0, Relaxed);
        if exceptions != 0 {
            Environment::here().with_exceptions(exceptions).enter();
        }
        let panicked = shared.panicked.lock().take();
        if let Some(payload) = own.err().or(panicked.map(|text| Box::new(text) as _)) {
            std::panic::resume_unwind(payload);
        }
    }

    /// Calls `part` with each of the numbers below `parts`, once, on whichever thread is free.
    pub fn share(&self, parts: usize, part: impl Fn(usize) + Sync) {
        let next = AtomicUsize::new(0);
        self.run(&|_| {
            loop {
                let i = next.fetch_add(1, Relaxed);
                if i >= parts {
                    return;
                }
                part(i);
            }
        });
    }

    /// Begins the next task, `gate` being 0 or `CLOSED`.
    fn next_epoch(&self, gate: u64) {
        let shared = &*self.shared;
        // Taken so that a worker about to sleep either sees the new epoch or is woken.
        let sleepers = shared.sleepers.lock();
        // No other thread changes a closed gate.
        let epoch = epoch_of(shared.gate.load(Relaxed)) + 1;
        shared.gate.store(epoch * 2 * CLOSED + gate, Release);
        if *sleepers > 0 {
            shared.wake.notify_all();
        }
    }
}

/// Runs `start`; the threads that it starts leave the program's signals to the program's own threads. What a thread
/// brings upon itself (a bad address, a division that traps) is still delivered where the caller takes it, so that a
/// handler for crashes sees those of workers, too.
fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    #[cfg(unix)]
    {
        const OWN: [libc::c_int; 6] =
            [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];
        let (mut all, mut before) = (std::mem::MaybeUninit::uninit(), std::mem::MaybeUninit::uninit());
        // SAFETY: each set is written before it is read: `all` by `sigfillset`, `before` by a `pthread_sigmask` that
        // succeeded. The mask is this thread's own.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            OWN.iter().for_each(|&signal| {
                libc::sigdelset(all.as_mut_ptr(), signal);
            });
            let blocked = libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr()) == 0;
            let result = start();
            if blocked {
                libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
            }
            result
        }
    }
    #[cfg(not(unix))]
    start()
}

/// A thread of the system's. The standard library's threads end the program where there is no memory for what they keep.
struct Worker {
    thread: libc::pthread_t,
}

struct Beginning {
    shared: Arc<Shared>,
    id: usize,
}

impl Worker {
    /// Bytes of stack: those of the standard library's threads.
    const STACK: usize = 2 << 20;

    /// `None`, if the system refuses one more.
    fn begin(shared: Arc<Shared>, id: usize) -> Option<Worker> {
        extern "C" fn run(beginning: *mut libc::c_void) -> *mut libc::c_void {
            // SAFETY: made below, for this thread alone.
            let Beginning { shared, id } = *unsafe { Box::from_raw(beginning.cast::<Beginning>()) };
            work(&shared, id);
            std::ptr::null_mut()
        }
        let beginning = Box::into_raw(Box::new(Beginning { shared, id }));
        let mut attributes = std::mem::MaybeUninit::uninit();
        let mut thread = std::mem::MaybeUninit::uninit();
        // SAFETY: the attributes are made, read and destroyed in this order; the thread takes what `beginning` points to, or,
        // where there is none, it is taken back.
        unsafe {
            if libc::pthread_attr_init(attributes.as_mut_ptr()) != 0 {
                drop(Box::from_raw(beginning));
                return None;
            }
            // Where this size isn't possible, the system's own is as good.
            libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), Worker::STACK);
            let refused = libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), run, beginning.cast());
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            if refused != 0 {
                drop(Box::from_raw(beginning));
                return None;
            }
            Some(Worker { thread: thread.assume_init() })
        }
    }

    /// Waits for its end.
    fn join(self) {
        // SAFETY: a thread of this process that no other thread waits for.
        unsafe { libc::pthread_join(self.thread, std::ptr::null_mut()) };
    }
}

fn work(shared: &Shared, id: usize) {
    panics::this_is_a_worker();
    let mut seen = 0;
    loop {
        let mut spins = 0u32;
        while epoch_of(shared.gate.load(Acquire)) == seen {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
                continue;
            }
            let mut sleepers = shared.sleepers.lock();
            *sleepers += 1;
            while epoch_of(shared.gate.load(Acquire)) == seen {
                shared.wake.wait(&mut sleepers);
            }
            *sleepers -= 1;
        }
        if shared.stop.load(Relaxed) {
            return;
        }
        let enter = |gate| (gate & CLOSED == 0).then_some(gate + 1);
        match shared.gate.fetch_update(AcqRel, Acquire, enter) {
            Ok(gate) => seen = epoch_of(gate),
            Err(gate) => {
                seen = epoch_of(gate);
                continue;
            }
        }
        // SAFETY: `run` stored a pointer to a reference in its frame before it opened the gate, and doesn't return before
        // all who went through have finished.
        let task: &Task<'_> = unsafe { *shared.task.load(Relaxed).cast::<&Task<'_>>() };
        // The caller's, with no exceptions yet.
        Environment::of_control(shared.control.load(Relaxed)).enter();
        if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(id))) {
            let text = panics::described(&*payload);
            *shared.panicked.lock() = Some(text);
        }
        let exceptions = Environment::here().exceptions();
        if exceptions != 0 {
            shared.exceptions.fetch_or(exceptions, Relaxed);
        }
        shared.finished.fetch_add(1, Release);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // They stayed with the process that was forked.
            return;
        }
        self.shared.stop.store(true, Relaxed);
        self.next_epoch(CLOSED);
        for worker in self.workers.drain(..) {
            worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_once() {
        let threads = Threads::new(3);
        for round in 0..200 {
            let sum = AtomicUsize::new(0);
            threads.share(100, |i| {
                sum.fetch_add(i, Relaxed);
            });
            assert_eq!(sum.load(Relaxed), 4950, "round {round}");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let threads = Threads::new(2);
        assert_eq!(threads.count(), 2, "the system refuses threads");
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let came = AtomicBool::new(false);
            threads.run(&|id| {
                came.fetch_or(id != 0, Relaxed);
                while !came.load(Relaxed) {
                    std::thread::yield_now();
                }
                assert_eq!(id, 0, "only the caller gets through");
            });
        }));
        assert!(caught.is_err());
        threads.run(&|_| ());
    }
}
