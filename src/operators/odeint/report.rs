//! What a solution and its derivatives took.

use crate::trace::Context;
use std::cell::Cell;
use std::rc::Rc;

/// What one problem took: first its solution, then all that its derivatives have done since.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Steps that counted.
    pub steps: usize,
    /// Steps that were too inaccurate, and those among them in which the function returned NaN or infinity.
    pub rejected: usize,
    pub invalid: usize,
    /// Calls of the function.
    pub evaluations: usize,
    /// Of the steps that counted.
    pub smallest_step: f64,
    pub largest_step: f64,
    pub last_step: f64,
    /// The time that the solution got to.
    pub reached: f64,
    /// The last step times the fastest rate of decay there: about 3.3 is where stability limits the step.
    pub stability: f64,
    /// Steps near that limit.
    pub limited: usize,
    /// States kept for derivatives, one every `stride` steps, and what they take.
    pub states: usize,
    pub stride: usize,
    pub bytes: usize,
    /// Derivatives taken: sweeps and runs of tangents.
    pub derivatives: usize,
    /// Steps they went through, and those that had to be run again for the states that had not been kept.
    pub derivative_steps: usize,
    pub steps_again: usize,
    /// Calls of the function or of its derivative.
    pub derivative_evaluations: usize,
    /// The time that the last of them got to.
    pub derivative_reached: f64,
    /// The largest local error of tangents as estimated, over what the tolerances allow for a state of that size.
    pub tangent_error: f64,
    /// The same of cotangents: rough, and far too large where stability limits the steps.
    pub cotangent_error: f64,
}

impl Report {
    /// Adds what a derivative took.
    pub(super) fn add_derivative(&mut self, of: &Report) {
        self.derivatives += 1;
        self.derivative_steps += of.derivative_steps;
        self.steps_again += of.steps_again;
        self.derivative_evaluations += of.derivative_evaluations;
        self.derivative_reached = of.derivative_reached;
        self.tangent_error = self.tangent_error.max(of.tangent_error);
        self.cotangent_error = self.cotangent_error.max(of.cotangent_error);
    }

    /// The solution of an equation for a derivative, seen as one.
    pub(super) fn as_derivative(&self) -> Report {
        Report {
            derivative_steps: self.steps,
            derivative_evaluations: self.evaluations,
            derivative_reached: self.reached,
            ..Report::default()
        }
    }
}

/// A report that the steps of a problem share with its derivatives.
pub type Shared = Rc<Cell<Report>>;

/// Changes a report; from now on it is the last one.
pub fn amend(cx: &Context, report: &Shared, change: impl FnOnce(&mut Report)) {
    let mut now = report.get();
    change(&mut now);
    report.set(now);
    let last = cx.last_solution.borrow().as_ref().is_some_and(|r| std::ptr::addr_eq(Rc::as_ptr(r), Rc::as_ptr(report)));
    if !last {
        cx.last_solution.replace(Some(report.clone()));
    }
}

/// That of the problem which was solved or differentiated last; all 0 before the first one.
pub fn last_report(cx: &Context) -> Report {
    let last = cx.last_solution.borrow();
    last.as_ref().and_then(|r| r.downcast_ref::<Cell<Report>>()).map_or_else(Report::default, Cell::get)
}
