//! The reverse sweep over the steps of a solution: cotangents of where it began and of the arguments.
//!
//! ```text
//! y_i  = y + h sum_{j<i} a_ij k_j,   k_i = f(y_i),   y(theta) = y + h sum_i b_i(theta) k_i          a step, i = 1..7
//! kbar_i = h (b_i l + sum_q b_i(theta_q) g_q + sum_{j>i} a_ji ybar_j),   ybar_i, abar += pull of f at y_i with kbar_i
//! l := l + sum_q g_q + sum_i ybar_i                                                                its transpose, i = 7..1
//! ```
//! l is the cotangent of the state, g_q that of the solution at a time inside of the step. The stages are computed again
//! from the state before the step; each is recorded on a tape of its own as it is computed, and pulled once. That state was
//! kept, or is found by taking the steps again from the last one that was.

use super::How;
use super::report::Report;
use super::steps::{A, C, E, Gauge, Grid, Slope, Stages, States, finite, norm, of_stages, overflow, stage, weights};
use crate::array::DType;
use crate::error::{Error, Result};
use crate::kernels::memory::{copied, repeated, try_push};
use crate::operators::grad::{Recorded, close, record, settle};
use crate::ops::{accumulate, elementwise::astype};
use crate::trace::Array;
use smallvec::SmallVec;

/// States on the way from one that was kept.
struct Nearer {
    found: Vec<(usize, Vec<f64>)>,
    spare: Vec<Vec<f64>>,
    stages: Stages,
}

impl Nearer {
    fn push(&mut self, step: usize, y: &[f64]) -> Result<()> {
        let full = || Error::too_large(size_of_val(y));
        let mut place = self.spare.pop().unwrap_or_default();
        place.clear();
        place.try_reserve(y.len()).map_err(|_| full())?;
        place.extend_from_slice(y);
        try_push(&mut self.found, (step, place)).map_err(|_| full())
    }

    /// Makes the state before step number `step` the last one here, keeping at most `most` of those on the way to it.
    fn reach(
        &mut self,
        slope: &mut Slope<'_>,
        grid: &Grid,
        states: &States,
        step: usize,
        most: usize,
        report: &mut Report,
    ) -> Result<()> {
        while self.found.last().is_some_and(|s| s.0 > step) {
            let (_, place) = self.found.pop().expect("there is one");
            // Where the list cannot grow the place isn't used again.
            let _ = try_push(&mut self.spare, place);
        }
        let (from, kept) = states.before(step);
        if self.found.last().is_none_or(|s| s.0 < from) {
            self.push(from, kept)?;
        }
        let (from, y) = self.found.last().expect("one was put there");
        let from = *from;
        if from == step {
            return Ok(());
        }
        let mut y = copied(y)?;
        let room = most.saturating_sub(self.found.len()).max(1);
        let every = (step - from).div_ceil(room);
        slope.at(&y, grid.steps[from].t, &mut self.stages.k[0])?;
        for i in from..step {
            self.stages.advance(slope, &y, grid.steps[i].t, grid.steps[i].h)?;
            self.stages.forward(&mut y);
            report.steps_again += 1;
            if (i + 1 - from).is_multiple_of(every) || i + 1 == step {
                self.push(i + 1, &y)?;
            }
        }
        Ok(())
    }
}

/// The stages of a step while they are open.
struct Open<'s, 'a> {
    slope: &'s mut Slope<'a>,
    stages: SmallVec<[Recorded; 7]>,
}

impl Open<'_, '_> {
    /// Calls the function at (y, t) and records the call.
    fn record(&mut self, y: &[f64], t: f64, argnums: &[usize], k: &mut [f64]) -> Result<()> {
        let cx = self.slope.cx;
        self.slope.set(y, t)?;
        let f = self.slope.f;
        let recorded = record(cx, &|cx, args| f(cx, args), &self.slope.args, argnums);
        let value = recorded.value();
        self.stages.push(recorded);
        let value = if value.level(&cx.trace) == 0 { Ok(value) } else { Err(Error::argument(DEPENDS)) };
        self.slope.take(value, t, k)
    }

    fn close(&mut self) {
        while let Some(recorded) = self.stages.pop() {
            close(self.slope.cx, recorded);
        }
    }
}

impl Drop for Open<'_, '_> {
    fn drop(&mut self) {
        self.close();
    }
}

const DEPENDS: &str =
    "the function depends on a value that is being differentiated and is none of its arguments: pass it as one";

/// The cotangents of y0 and of the arguments `wanted`, from those of all rows of the solution.
pub fn sweep(
    slope: &mut Slope<'_>,
    grid: &Grid,
    states: &States,
    wanted: &[usize],
    g: &[f64],
    how: &How,
    report: &mut Report,
) -> Result<(Vec<f64>, SmallVec<[Array; 2]>)> {
    let (cx, n) = (slope.cx, slope.size());
    let mut open = Open { slope, stages: SmallVec::new() };
    let argnums: SmallVec<[usize; 4]> = std::iter::once(0).chain(wanted.iter().copied()).collect();
    let mut sums: SmallVec<[Array; 2]> = Array::nulls(wanted.len());
    let mut nearer = Nearer { found: Vec::new(), spare: Vec::new(), stages: Stages::new(n)? };
    let row = |q: usize| &g[(grid.starts + q) * n..(grid.starts + q + 1) * n];
    let mut l = repeated(0.0, n)?;
    let (mut k, mut ybar) = (of_stages(n)?, of_stages(n)?);
    let (mut place, mut kbar) = (repeated(0.0, n)?, repeated(0.0, n)?);
    let mut left = grid.outputs.len();
    let mut inside: SmallVec<[(usize, [f64; 7]); 4]> = SmallVec::new();
    let mut gauge = Gauge::new(0.0, grid.steps.len())?;
    let add = |to: &mut [f64], part: &[f64], factor: f64| to.iter_mut().zip(part).for_each(|(l, g)| *l += factor * g);
    for (i, step) in grid.steps.iter().enumerate().rev() {
        nearer.reach(open.slope, grid, states, i, how.states, report)?;
        let y = &nearer.found.last().expect("it was reached").1;
        inside.clear();
        while left > 0 && grid.outputs[left - 1].step == i {
            left -= 1;
            match grid.outputs[left].theta {
                1.0 => add(&mut l, row(left), 1.0),
                theta => {
                    inside.try_reserve(1).map_err(|_| Error::too_large(size_of_val(g)))?;
                    inside.push((left, weights(theta)));
                }
            }
        }
        // The slope at the end matters to what lies inside only.
        let count = if inside.is_empty() { 6 } else { 7 };
        for s in 0..count {
            let (done, rest) = k.split_at_mut(s);
            stage(&mut place, y, step.h, done, &A[s]);
            open.record(&place, step.t + C[s] * step.h, &argnums, &mut rest[0])?;
        }
        gauge.size = norm(l.iter().copied(), n);
        for s in (0..count).rev() {
            kbar.fill(0.0);
            if s < 6 && A[6][s] != 0.0 {
                add(&mut kbar, &l, A[6][s]);
            }
            for (q, b) in &inside {
                add(&mut kbar, row(*q), b[s]);
            }
            for later in s + 1..count {
                add(&mut kbar, &ybar[later], A[later][s]);
            }
            let seed = cx.engine.build::<f64>(&open.slope.shape, |d| {
                d.iter_mut().zip(&kbar).for_each(|(d, k)| *d = step.h * k);
            })?;
            let recorded = open.stages.pop().expect("as many as were recorded");
            let pulled = recorded.pull(cx, &[seed.into()], true);
            close(cx, recorded);
            open.slope.read(&pulled[0], &mut ybar[s])?;
            for (sum, part) in sums.iter_mut().zip(&pulled[1..]) {
                // In double precision: there may be many.
                let wide = if part.dtype().is_complex() { DType::C128 } else { DType::F64 };
                let so_far = std::mem::take(sum);
                *sum = accumulate(cx, so_far, astype(cx, part, wide));
            }
            if let Some(e) = cx.error() {
                return Err(e);
            }
        }
        settle(cx, sums.iter());
        if inside.is_empty() {
            let error = |j: usize| (0..6).map(|s| WEIGHTS[s] * ybar[s][j]).sum::<f64>();
            let (error, before) = (norm((0..n).map(error), n), gauge.size);
            place.copy_from_slice(&l);
            ybar[..6].iter().for_each(|part| add(&mut l, part, 1.0));
            let (after, change) = (norm(l.iter().copied(), n), norm(l.iter().zip(&place).map(|(a, b)| a - b), n));
            let change = change / before.max(after);
            gauge.step(after, if change < 1.0 { error * change * change } else { error });
        } else {
            inside.iter().for_each(|(q, _)| add(&mut l, row(*q), 1.0));
            ybar.iter().for_each(|part| add(&mut l, part, 1.0));
            gauge.size = norm(l.iter().copied(), n);
        }
        report.derivative_reached = step.t;
        report.derivative_steps += 1;
        if !gauge.size.is_finite() && g.iter().all(|g| g.is_finite()) && finite(cx, &open.slope.args[2..]) {
            return Err(overflow(step.t));
        }
    }
    (0..grid.starts).for_each(|q| add(&mut l, &g[q * n..(q + 1) * n], 1.0));
    report.cotangent_error = gauge.ratio(how);
    Ok((l, sums))
}

/// The slopes of l are ybar_i / (h b_i), so these are the weights of the error over those of the solution; the last stage
/// stands in for that of the end. As the stages of the transposed method are less accurate, its estimate is two orders lower
/// than the error, and is multiplied by the square of how much l changes.
const WEIGHTS: [f64; 6] =
    [E[0] / A[6][0], 0.0, E[2] / A[6][2], E[3] / A[6][3], E[4] / A[6][4], (E[5] + E[6]) / A[6][5]];
