//! A profile: how often every operation and its derivative rule ran, how long they took, how large the results were.
//!
//! Time is counted once: what runs inside of something else that is counted (a callback's operations inside of a
//! checkpoint, a pass over memory inside of an operation that wanted a value) is not part of its row. Element-wise
//! operations on large arrays are put off and fused, so their own rows hold the time of noting them; the passes have a
//! row together. An eager profile computes everything at once instead: times belong to operations, and are longer.

use crate::engine::passes::Counts;
use crate::trace::Context;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::rc::Rc;
use std::time::Instant;

/// An operation in a profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileRow {
    pub name: String,
    /// How often it was applied; for the passes, how many there were.
    pub calls: u64,
    /// How often its derivative rule ran.
    pub rule_calls: u64,
    pub seconds: f64,
    pub rule_seconds: f64,
    /// Bytes of the results, and of what its rule returned, stored or not; for the passes, of what they stored.
    pub bytes: u64,
    pub rule_bytes: u64,
    /// Of the passes: how many operations they held.
    pub fused_operations: u64,
}

impl ProfileRow {
    pub fn total(&self) -> f64 {
        self.seconds + self.rule_seconds
    }
}

/// The name of the row of fused passes.
pub const PASSES: &str = "fused passes";

/// See the module's head.
#[derive(Default)]
pub struct Profile {
    running: Cell<bool>,
    eager: Cell<bool>,
    rows: RefCell<HashMap<String, ProfileRow>>,
    /// Names of operations, each stored once.
    names: RefCell<HashSet<Rc<str>>>,
    /// Seconds that rows hold.
    accounted: Cell<f64>,
    begun: Cell<Option<Instant>>,
    result: RefCell<Vec<ProfileRow>>,
    /// Seconds from beginning to end.
    elapsed: Cell<f64>,
}

/// Something that is being measured.
pub struct Measurement {
    begun: Instant,
    accounted: f64,
}

impl Profile {
    pub fn is_running(&self) -> bool {
        self.running.get()
    }

    pub fn is_eager(&self) -> bool {
        self.running.get() && self.eager.get()
    }

    pub fn start(&self, cx: &Context, eager: bool) {
        self.rows.borrow_mut().clear();
        self.accounted.set(0.0);
        self.eager.set(eager);
        self.running.set(true);
        // Of an eager profile passes are part of the operation that ran them.
        if !eager {
            cx.engine.passes.start();
        }
        self.begun.set(Some(Instant::now()));
    }

    /// Ends the profile and sorts its rows by time.
    pub fn stop(&self, cx: &Context) {
        self.elapsed.set(self.begun.take().map_or(0.0, |begun| begun.elapsed().as_secs_f64()));
        self.running.set(false);
        cx.engine.passes.stop();
        let mut rows: Vec<ProfileRow> = self.rows.borrow_mut().drain().map(|(_, row)| row).collect();
        let counts = if self.eager.get() { Counts::default() } else { cx.engine.passes.counts() };
        let Counts { passes, operations, bytes, seconds } = counts;
        if passes > 0 {
            let name = PASSES.into();
            rows.push(ProfileRow {
                name,
                calls: passes,
                seconds,
                bytes,
                fused_operations: operations,
                ..ProfileRow::default()
            });
        }
        rows.sort_by(|a, b| b.total().total_cmp(&a.total()).then_with(|| a.name.cmp(&b.name)));
        *self.result.borrow_mut() = rows;
    }

    fn accounted(&self, cx: &Context) -> f64 {
        self.accounted.get() + if self.eager.get() { 0.0 } else { cx.engine.passes.counts().seconds }
    }

    /// The name of an operation, to be kept.
    pub fn name(&self, name: &str) -> Rc<str> {
        let mut names = self.names.borrow_mut();
        if let Some(found) = names.get(name) {
            return found.clone();
        }
        let new: Rc<str> = name.into();
        names.insert(new.clone());
        new
    }

    pub fn begin(&self, cx: &Context) -> Option<Measurement> {
        self.running.get().then(|| Measurement { accounted: self.accounted(cx), begun: Instant::now() })
    }

    /// Counts what was begun to the row of `name`.
    pub fn end(
        &self,
        cx: &Context,
        measurement: Option<Measurement>,
        name: &str,
        rule: bool,
        bytes: impl FnOnce() -> usize,
    ) {
        let Some(m) = measurement.filter(|_| self.running.get()) else { return };
        let seconds = (m.begun.elapsed().as_secs_f64() - (self.accounted(cx) - m.accounted)).max(0.0);
        self.accounted.set(self.accounted.get() + seconds);
        let mut rows = self.rows.borrow_mut();
        if !rows.contains_key(name) {
            rows.insert(name.into(), ProfileRow { name: name.into(), ..ProfileRow::default() });
        }
        let row = rows.get_mut(name).expect("it is there");
        let (calls, time, size) = match rule {
            false => (&mut row.calls, &mut row.seconds, &mut row.bytes),
            true => (&mut row.rule_calls, &mut row.rule_seconds, &mut row.rule_bytes),
        };
        *calls += 1;
        *time += seconds;
        *size += bytes() as u64;
    }

    /// The rows of the last profile that ended, the longest time first.
    pub fn rows(&self) -> Vec<ProfileRow> {
        self.result.borrow().clone()
    }

    /// The last profile as a table.
    pub fn table(&self) -> String {
        let rows = self.result.borrow();
        let width = rows.iter().map(|r| r.name.len()).max().unwrap_or(0).max("everything else".len());
        let mut text = format!(
            "{:width$} {:>9} {:>11} {:>10} {:>6} {:>9} {:>11} {:>10}\n",
            "operation", "calls", "seconds", "result", "time", "rules", "seconds", "result"
        );
        let elapsed = self.elapsed.get();
        let percent = |x: f64| if elapsed > 0.0 { 100.0 * x / elapsed } else { 0.0 };
        for r in rows.iter() {
            let _ = writeln!(
                text,
                "{:width$} {:>9} {:>11.6} {:>10} {:>5.1}% {:>9} {:>11.6} {:>10}",
                r.name,
                r.calls,
                r.seconds,
                size(r.bytes),
                percent(r.total()),
                r.rule_calls,
                r.rule_seconds,
                size(r.rule_bytes)
            );
        }
        let rest = (elapsed - rows.iter().map(ProfileRow::total).sum::<f64>()).max(0.0);
        let _ = writeln!(
            text,
            "{:width$} {:>9} {rest:>11.6} {:>10} {:>5.1}%\n{:width$} {:>9} {elapsed:>11.6}",
            "everything else",
            "",
            "",
            percent(rest),
            "total",
            ""
        );
        if let Some(passes) = rows.iter().find(|r| r.name == PASSES) {
            let _ = writeln!(
                text,
                "The {} fused passes held {} element-wise operations; their time is in that row.",
                passes.calls, passes.fused_operations
            );
        }
        text
    }
}

/// Bytes as text.
fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}
