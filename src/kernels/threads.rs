//! Worker threads of a context, for work that is worth the hand-over.
//!
//! The workers spin for a few microseconds after a task and then sleep, so that a sequence of parallel passes pays
//! 0.1 us for each hand-over and an idle program pays nothing. The calling thread takes part. Tasks divide themselves:
//! each worker draws chunk numbers from a counter, and what a chunk computes doesn't depend on who computes it, so that
//! results are the same bits for any number of threads.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::*};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

/// Iterations of waiting before a worker sleeps: some 50 us.
const SPINS: u32 = 20_000;

type Task<'a> = dyn Fn(usize) + Sync + 'a;

struct Shared {
    /// The number of the current task; workers wait for it to change.
    epoch: AtomicUsize,
    /// Points at the caller's `&Task` during a run.
    task: AtomicPtr<()>,
    /// Workers that still have to finish the current task.
    running: AtomicUsize,
    stop: AtomicBool,
    panicked: AtomicBool,
    sleepers: Mutex<usize>,
    wake: Condvar,
}

/// Runs closures on several threads at once.
pub struct Threads {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Threads {
    /// `n` threads altogether, the caller's among them. Fewer, if the system refuses some.
    pub fn new(n: usize) -> Threads {
        let shared = Arc::new(Shared {
            epoch: AtomicUsize::new(0),
            task: AtomicPtr::new(std::ptr::null_mut()),
            running: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            sleepers: Mutex::new(0),
            wake: Condvar::new(),
        });
        let workers = (1..n.max(1))
            .map_while(|id| {
                let shared = shared.clone();
                std::thread::Builder::new().name(format!("autograd-{id}")).spawn(move || work(&shared, id)).ok()
            })
            .collect();
        Threads { shared, workers }
    }

    pub fn count(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `task(worker)` once on every thread, 0 on the caller's, and returns when all have finished.
    /// Not to be called from within a task.
    pub fn run(&self, task: &Task<'_>) {
        if self.workers.is_empty() {
            return task(0);
        }
        let shared = &*self.shared;
        let reference: *const &Task<'_> = &raw const task;
        shared.task.store(reference.cast_mut().cast(), Relaxed);
        shared.running.store(self.workers.len(), Relaxed);
        {
            // Taken so that a worker about to sleep either sees the new epoch or is woken.
            let sleepers = shared.sleepers.lock().unwrap_or_else(|e| e.into_inner());
            shared.epoch.fetch_add(1, Release);
            if *sleepers > 0 {
                shared.wake.notify_all();
            }
        }
        // Even if the caller's share panics, the others must be waited for: they hold a pointer to this frame.
        let own = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(0)));
        let mut spins = 0u32;
        while shared.running.load(Acquire) != 0 {
            spins += 1;
            if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        if let Err(payload) = own {
            std::panic::resume_unwind(payload);
        }
        assert!(!shared.panicked.swap(false, Relaxed), "a worker thread panicked");
    }
}

fn work(shared: &Shared, id: usize) {
    let mut seen = 0;
    loop {
        let mut spins = 0u32;
        while shared.epoch.load(Acquire) == seen {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
                continue;
            }
            let mut sleepers = shared.sleepers.lock().unwrap_or_else(|e| e.into_inner());
            *sleepers += 1;
            while shared.epoch.load(Acquire) == seen {
                sleepers = shared.wake.wait(sleepers).unwrap_or_else(|e| e.into_inner());
            }
            *sleepers -= 1;
        }
        seen += 1;
        if shared.stop.load(Relaxed) {
            return;
        }
        // SAFETY: `run` stored a pointer to a reference in its frame and doesn't return before `running` is 0.
        let task: &Task<'_> = unsafe { *shared.task.load(Relaxed).cast::<&Task<'_>>() };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(id))).is_err() {
            shared.panicked.store(true, Relaxed);
        }
        shared.running.fetch_sub(1, Release);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        {
            let _guard = self.shared.sleepers.lock().unwrap_or_else(|e| e.into_inner());
            self.shared.epoch.fetch_add(1, Release);
            self.shared.wake.notify_all();
        }
        for worker in self.workers.drain(..) {
            let _ = worker.join();
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
            let next = AtomicUsize::new(0);
            let sum = AtomicUsize::new(0);
            threads.run(&|_| {
                loop {
                    let i = next.fetch_add(1, Relaxed);
                    if i >= 100 {
                        break;
                    }
                    sum.fetch_add(i, Relaxed);
                }
            });
            assert_eq!(sum.load(Relaxed), 4950, "round {round}");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let threads = Threads::new(2);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            threads.run(&|id| assert_eq!(id, 0, "only the caller gets through"));
        }));
        assert!(caught.is_err());
        threads.run(&|_| ());
    }
}
