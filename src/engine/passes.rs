//! Counts passes over memory while a profile is taken.

use std::cell::Cell;
use std::time::Instant;

/// What was run since [`Passes::start`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    pub passes: u64,
    /// Operations that the passes held.
    pub operations: u64,
    /// Bytes of the arrays that they stored.
    pub bytes: u64,
    pub seconds: f64,
}

/// The counter of an engine.
#[derive(Default)]
pub struct Passes {
    on: Cell<bool>,
    counts: Cell<Counts>,
}

impl Passes {
    pub fn start(&self) {
        self.counts.take();
        self.on.set(true);
    }

    pub fn stop(&self) {
        self.on.set(false);
    }

    pub fn counts(&self) -> Counts {
        self.counts.get()
    }

    /// When a pass begins; `None` while passes aren't counted.
    pub fn begin(&self) -> Option<Instant> {
        self.on.get().then(Instant::now)
    }

    pub fn end(&self, begun: Option<Instant>, operations: usize, bytes: impl FnOnce() -> usize) {
        let Some(begun) = begun else { return };
        let mut counts = self.counts.get();
        counts.passes += 1;
        counts.operations += operations as u64;
        counts.bytes += bytes() as u64;
        counts.seconds += begun.elapsed().as_secs_f64();
        self.counts.set(counts);
    }
}
