//! The steps: the method of Dormand and Prince, how long a step may be, and the same steps again.

use super::report::Report;
use super::{How, wrong_shape};
use crate::array::{DType, Shape};
use crate::error::{Error, Result};
use crate::kernels::memory::{collected, copied, repeated, try_push, with_room};
use crate::operators::checkpoint::{Stored, value};
use crate::ops::elementwise::astype;
use crate::trace::{Array, Context};
use smallvec::SmallVec;

/// Nodes, weights of the stages and of the error, and those of the dense output (E. Hairer, S. P. Norsett, G. Wanner,
/// Solving Ordinary Differential Equations I, 2nd edition, table II.5.2 and section II.6). The last stage is the solution
/// at the end of the step, so its weights are those of the solution, and its slope is the first one of the next step.
pub const C: [f64; 7] = [0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];
pub const A: [[f64; 6]; 7] = [
    [0.0; 6],
    [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
    [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0],
    [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0, 0.0],
    [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
pub const E: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];
pub const D: [f64; 7] = [
    -12715105075.0 / 11282082432.0,
    0.0,
    87487479700.0 / 32700410799.0,
    -10690763975.0 / 1880347072.0,
    701980252875.0 / 199316789632.0,
    -1453857185.0 / 822651844.0,
    69997945.0 / 29380423.0,
];

/// A step as it was taken: from `t` to `t + h`.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub t: f64,
    pub h: f64,
}

/// Where a time of the solution lies: inside of a step, or at its end where `theta` is 1.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub step: usize,
    pub theta: f64,
}

/// The steps of a solution. Derivatives take them as they are.
#[derive(Default)]
pub struct Grid {
    pub steps: Vec<Step>,
    /// The number of times that are that of the start.
    pub starts: usize,
    /// The others, in their order.
    pub outputs: Vec<Output>,
    pub report: super::report::Shared,
}

/// States at the beginning of every `stride`-th step.
pub struct States {
    n: usize,
    most: usize,
    pub stride: usize,
    pub count: usize,
    kept: Vec<f64>,
}

impl States {
    /// For at most so many states of `n` numbers.
    pub fn new(n: usize, most: usize) -> States {
        States { n, most: most.max(2), stride: 1, count: 0, kept: Vec::new() }
    }

    /// Keeps the state before step number `step`, if it is one of those kept. When there is no more room every second one
    /// goes, since how many steps will come is unknown.
    fn note(&mut self, step: usize, y: &[f64]) -> Result<()> {
        if !step.is_multiple_of(self.stride) {
            return Ok(());
        }
        if self.count == self.most {
            let left = self.count.div_ceil(2);
            for i in 1..left {
                self.kept.copy_within(2 * i * self.n..(2 * i + 1) * self.n, i * self.n);
            }
            self.kept.truncate(left * self.n);
            self.count = left;
            self.stride *= 2;
            if !step.is_multiple_of(self.stride) {
                return Ok(());
            }
        }
        self.kept.try_reserve(y.len()).map_err(|_| Error::too_large(self.bytes()))?;
        self.kept.extend_from_slice(y);
        self.count += 1;
        Ok(())
    }

    /// The last state kept up to the beginning of a step, and whose it is.
    pub fn before(&self, step: usize) -> (usize, &[f64]) {
        let i = step / self.stride;
        (i * self.stride, &self.kept[i * self.n..(i + 1) * self.n])
    }

    pub fn bytes(&self) -> usize {
        size_of_val(self.kept.as_slice())
    }
}

/// The function on numbers.
pub struct Slope<'a> {
    pub cx: &'a Context,
    pub f: &'a Stored,
    pub args: SmallVec<[Array; 4]>,
    pub shape: Shape,
    pub dtype: DType,
    /// Whether what is being solved is a derivative, for messages.
    pub derivative: bool,
    /// Calls so far.
    pub evaluations: usize,
}

impl<'a> Slope<'a> {
    /// Of the problem with these arguments: y0, the times, and what the function gets besides.
    pub fn new(cx: &'a Context, f: &'a Stored, args: &[Array], derivative: bool) -> Slope<'a> {
        let (shape, dtype) = (Shape::from_slice(args[0].shape()), args[0].dtype().inexact());
        Slope { cx, f, args: args.into(), shape, dtype, derivative, evaluations: 0 }
    }

    /// Elements of the state.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn at(&mut self, y: &[f64], t: f64, k: &mut [f64]) -> Result<()> {
        self.set(y, t)?;
        let found = value(self.cx, self.f, &self.args);
        self.take(found, t, k)
    }

    /// Makes `y` and `t` the arguments of the next call.
    pub fn set(&mut self, y: &[f64], t: f64) -> Result<()> {
        let state = self.cx.engine.build::<f64>(&self.shape, |d| d.copy_from_slice(y))?;
        self.args[0] = astype(self.cx, &state.into(), self.dtype);
        self.args[1] = Array::from(t);
        self.evaluations += 1;
        Ok(())
    }

    /// Reads what the function returned.
    pub fn take(&self, found: Result<Array>, t: f64, k: &mut [f64]) -> Result<()> {
        let cx = self.cx;
        let read = || {
            let found = found?;
            if cx.failed() {
                return Ok(());
            }
            if found.shape() != self.shape.as_slice() {
                return Err(wrong_shape(&found, &self.shape));
            }
            if found.dtype().is_complex() {
                return Err(Error::dtype("the function returned complex numbers for a real state"));
            }
            self.read(&found, k)
        };
        let result = read().map_err(|e| self.placed(e, t));
        match cx.error() {
            Some(_) => {
                cx.amend_error(|e| self.placed(e, t));
                cx.error().map_or(Ok(()), Err)
            }
            None => result,
        }
    }

    /// The numbers of an array of the state's shape.
    pub fn read(&self, x: &Array, to: &mut [f64]) -> Result<()> {
        let cx = self.cx;
        let x = cx.engine.contiguous(&cx.tensor(&astype(cx, x, DType::F64))?)?;
        to.copy_from_slice(x.elements::<f64>());
        Ok(())
    }

    /// An error with the time at which it came.
    fn placed(&self, mut e: Error, t: f64) -> Error {
        e.message = format!("{} (at t = {t}{})", e.message, self.part()).into();
        e
    }

    /// Which part of the work an error belongs to.
    pub fn part(&self) -> &'static str {
        if self.derivative { ", in the derivative" } else { "" }
    }
}

/// The root of the mean square, of numbers of any size.
pub fn norm(x: impl Iterator<Item = f64> + Clone, n: usize) -> f64 {
    let n = n.max(1) as f64;
    let plain = x.clone().map(|x| x * x).sum::<f64>();
    if (1e-200..f64::INFINITY).contains(&plain) || plain.is_nan() {
        return (plain / n).sqrt();
    }
    let most = x.clone().fold(0.0, |m: f64, x| m.max(x.abs()));
    if most == 0.0 || most.is_infinite() {
        return most;
    }
    most * (x.map(|x| (x / most) * (x / most)).sum::<f64>() / n).sqrt()
}

/// One step with its stages.
pub struct Stages {
    /// The slopes.
    pub k: [Vec<f64>; 7],
    /// The last stage but one, and the state at the end.
    stage: Vec<f64>,
    pub new: Vec<f64>,
}

/// y + h times the sum of the slopes so far with the weights of a stage.
pub fn stage(to: &mut [f64], y: &[f64], h: f64, done: &[Vec<f64>], weights: &[f64]) {
    for (j, s) in to.iter_mut().enumerate() {
        *s = y[j] + h * done.iter().zip(weights).map(|(k, a)| a * k[j]).sum::<f64>();
    }
}

/// `n` numbers for each stage.
pub fn of_stages(n: usize) -> Result<[Vec<f64>; 7]> {
    let mut all: [Vec<f64>; 7] = Default::default();
    for numbers in &mut all {
        *numbers = repeated(0.0, n)?;
    }
    Ok(all)
}

impl Stages {
    pub fn new(n: usize) -> Result<Stages> {
        Ok(Stages { k: of_stages(n)?, stage: repeated(0.0, n)?, new: repeated(0.0, n)? })
    }

    /// The step `h` from (t, y), whose slope is there already.
    pub fn advance(&mut self, slope: &mut Slope<'_>, y: &[f64], t: f64, h: f64) -> Result<()> {
        for i in 1..7 {
            let (done, rest) = self.k.split_at_mut(i);
            let to = if i == 6 { &mut self.new } else { &mut self.stage };
            stage(to, y, h, done, &A[i]);
            slope.at(to, t + C[i] * h, &mut rest[0])?;
        }
        Ok(())
    }

    /// The estimated error of component `j`.
    fn error(&self, h: f64, j: usize) -> f64 {
        h * (0..7).map(|i| E[i] * self.k[i][j]).sum::<f64>()
    }

    /// The step times the fastest rate of decay or growth that shows in the last two stages (Hairer, Wanner, Solving Ordinary
    /// Differential Equations II, section IV.2).
    fn stability(&self, h: f64) -> f64 {
        let n = self.new.len();
        let (end, before) = (&self.k[6], &self.k[5]);
        let slopes = norm(end.iter().zip(before).map(|(a, b)| a - b), n);
        let states = norm(self.new.iter().zip(&self.stage).map(|(a, b)| a - b), n);
        if states > 0.0 { h.abs() * slopes / states } else { 0.0 }
    }

    /// Appends the state at the part `theta` of the step.
    fn output(&self, rows: &mut Vec<f64>, y: &[f64], h: f64, theta: f64) {
        if theta == 1.0 {
            rows.extend_from_slice(&self.new);
            return;
        }
        let (k, rest) = (&self.k, 1.0 - theta);
        rows.extend((0..y.len()).map(|j| {
            let difference = self.new[j] - y[j];
            let first = h * k[0][j] - difference;
            let second = difference - h * k[6][j] - first;
            let third = h * (0..7).map(|i| D[i] * k[i][j]).sum::<f64>();
            y[j] + theta * (difference + rest * (first + theta * (second + rest * third)))
        }));
    }

    /// The end of the step becomes the beginning of the next one.
    pub fn forward(&mut self, y: &mut Vec<f64>) {
        std::mem::swap(y, &mut self.new);
        self.k.swap(0, 6);
    }
}

/// The weights of the slopes in the state at the part `theta` of a step: those of `Stages::output`, and of its derivative.
pub fn weights(theta: f64) -> [f64; 7] {
    let rest = 1.0 - theta;
    let mut b: [f64; 7] = std::array::from_fn(|i| {
        let whole = if i < 6 { A[6][i] } else { 0.0 };
        theta * ((1.0 - rest + 2.0 * rest * theta) * whole + rest * theta * rest * D[i])
    });
    b[0] += theta * rest * rest;
    b[6] -= theta * rest * theta;
    b
}

/// What a run leaves behind for derivatives.
pub enum Keep {
    Nothing,
    /// The steps.
    Steps,
    /// And at most so many states.
    States(usize),
}

/// The rows of a solution, and what was kept.
pub struct Solved {
    pub rows: Vec<f64>,
    pub grid: Grid,
    pub states: Option<States>,
}

/// What may tell why steps get too small.
#[derive(Default)]
struct Symptoms {
    /// Sizes of the slope before the last steps.
    slopes: [f64; 16],
    /// The last rejected step, and how much the slope changed in it, relative to what it was at its beginning.
    leap: (f64, f64),
    /// Whether the last step led to NaN or infinity.
    invalid: bool,
}

/// The solution at the times, with steps that keep to the tolerances.
pub fn solve(
    slope: &mut Slope<'_>,
    y0: &[f64],
    times: &[f64],
    how: &How,
    keep: &Keep,
    report: &mut Report,
) -> Result<Solved> {
    let n = y0.len();
    let forwards = times.windows(2).all(|w| w[0] <= w[1]);
    if times.iter().any(|t| !t.is_finite()) || !forwards && times.windows(2).any(|w| w[0] < w[1]) {
        return Err(Error::value("the times must be finite, and either never fall or never rise"));
    }
    let (mut t, end) = (times[0], times[times.len() - 1]);
    let sign = if end >= t { 1.0 } else { -1.0 };
    report.reached = t;
    let mut y = copied(y0)?;
    let mut rows = with_room(n.saturating_mul(times.len()))?;
    let mut next = 0;
    while next < times.len() && times[next] == t {
        rows.extend_from_slice(&y);
        next += 1;
    }
    let mut solved = Solved {
        rows,
        grid: Grid { starts: next, ..Grid::default() },
        states: if let Keep::States(most) = *keep { Some(States::new(n, most)) } else { None },
    };
    if next == times.len() {
        return Ok(solved);
    }
    let mut s = Stages::new(n)?;
    slope.at(&y, t, &mut s.k[0])?;
    if let Some(j) = y.iter().chain(&s.k[0]).position(|x| !x.is_finite()) {
        let what = if j < n { "the state" } else { "the function" };
        let j = j % n;
        return Err(Error::value(format!("{what} is NaN or infinite at t = {t}, in element {j}{}", slope.part())));
    }
    let mut h = if how.first_step > 0.0 {
        how.first_step
    } else {
        first_step(slope, &y, t, sign, (end - t).abs(), &s.k[0], how)?
    };
    let (mut rejected, mut previous) = (false, 1e-4);
    let mut symptoms = Symptoms::default();
    let mut tried = 0;
    while next < times.len() {
        let rest = (end - t).abs();
        h = h.min(how.max_step);
        // The last step goes all the way rather than leave next to nothing.
        let last = h >= rest || 1.01 * h >= rest && rest <= how.max_step;
        if last {
            h = rest;
        }
        if h.is_nan() || !last && h <= 10.0 * f64::EPSILON * t.abs().max(end.abs()) {
            return Err(too_small(slope, &s, &y, t, h, how, report, &symptoms));
        }
        tried += 1;
        if tried > how.max_steps {
            let done = report.steps.max(1);
            return Err(Error::value(format!(
                "{} steps led from t = {} to {t} only, not to {end}{}: {} were rejected, the others had length {:.3e} on \
                 average, and stability limited {} % of them{}",
                how.max_steps,
                times[0],
                slope.part(),
                report.rejected,
                (t - times[0]).abs() / done as f64,
                100 * report.limited / done,
                too_many_digits(slope, how, &y).map_or(String::new(), |text| format!("; {text}"))
            )));
        }
        let step = sign * h;
        s.advance(slope, &y, t, step)?;
        let error = (0..how.controlled.min(n)).map(|j| s.error(step, j) / how.scale(y[j], s.new[j]));
        let size = norm(error, how.controlled.min(n));
        if size.is_nan() || size > 1.0 {
            report.rejected += 1;
            symptoms.invalid = !size.is_finite() && s.k.iter().flatten().any(|k| !k.is_finite());
            report.invalid += usize::from(symptoms.invalid);
            let differences = s.k.iter().skip(1).map(|k| norm(k.iter().zip(&s.k[0]).map(|(a, b)| a - b), n));
            symptoms.leap = (h, differences.fold(0.0, f64::max) / norm(s.k[0].iter().copied(), n));
            h *= if size.is_finite() { (0.9 * size.powf(-0.2)).max(0.2) } else { 0.2 };
            rejected = true;
            continue;
        }
        let reached = if last { end } else { t + step };
        let number = solved.grid.steps.len();
        while next < times.len() && sign * times[next] <= sign * reached {
            let theta = if times[next] == reached { 1.0 } else { ((times[next] - t) / step).min(1.0) };
            s.output(&mut solved.rows, &y, step, theta);
            if !matches!(keep, Keep::Nothing) {
                let outputs = &mut solved.grid.outputs;
                try_push(outputs, Output { step: number, theta }).map_err(|_| Error::too_large(size_of_val(times)))?;
            }
            next += 1;
        }
        if let Some(states) = &mut solved.states {
            states.note(number, &y)?;
        }
        if !matches!(keep, Keep::Nothing) {
            let full = |_| Error::too_large((number + 1) * size_of::<Step>());
            try_push(&mut solved.grid.steps, Step { t, h: step }).map_err(full)?;
        }
        let stability = s.stability(step);
        symptoms.slopes[report.steps % 16] = norm(s.k[0].iter().copied(), n);
        report.smallest_step = if report.steps == 0 { h } else { report.smallest_step.min(h) };
        report.largest_step = report.largest_step.max(h);
        report.limited += usize::from(stability > NEAR_THE_LIMIT);
        (report.last_step, report.reached, report.stability) = (h, reached, stability);
        report.steps += 1;
        t = reached;
        s.forward(&mut y);
        // Where stability limits the step, integral control alone makes it swing, so there the error before counts, too
        // (Gustafsson; Hairer, Wanner, section IV.2). Elsewhere that only costs steps.
        let grow = if stability > 0.6 * NEAR_THE_LIMIT {
            0.9 * size.powf(-0.17) * f64::powf(previous, 0.04)
        } else {
            0.9 * size.powf(-0.2)
        };
        let grow = if size == 0.0 { 10.0 } else { grow.clamp(0.2, 10.0) };
        previous = size.max(1e-4);
        h *= if rejected { grow.min(1.0) } else { grow };
        rejected = false;
    }
    Ok(solved)
}

/// Of the product of step and rate, from which on stability and not accuracy chooses the step.
const NEAR_THE_LIMIT: f64 = 3.25;

/// Why the step size collapsed, as far as one can see.
#[expect(clippy::too_many_arguments, reason = "all that is known")]
fn too_small(
    slope: &Slope<'_>,
    s: &Stages,
    y: &[f64],
    t: f64,
    h: f64,
    how: &How,
    report: &Report,
    symptoms: &Symptoms,
) -> Error {
    let n = how.controlled.min(y.len());
    let errors = || (0..n).map(|j| (s.error(h, j) / how.scale(y[j], s.new[j])).abs());
    let worst = (0..n).zip(errors()).fold((0, 0.0), |worst, e| if e.1 > worst.1 || e.1.is_nan() { e } else { worst }).0;
    let before = symptoms.slopes[report.steps % 16];
    let now = norm(s.k[0].iter().copied(), y.len());
    let reason = if symptoms.invalid {
        "beyond it the function returns NaN or infinity; solve up to there".to_string()
    } else if let Some(text) = too_many_digits(slope, how, y) {
        text
    } else if before > 0.0 && now > 3.0 * before {
        "the function grows without bound, so the solution may have a singularity there; end before it".to_string()
    } else if symptoms.leap.0 < 1e4 * h && symptoms.leap.1 > 1.0 {
        "the function jumps there; solve up to it, and on from there".to_string()
    } else {
        "the solution may have a singularity there, or be too stiff for this method".to_string()
    };
    Error::value(format!(
        "the step size became too small at t = {t}{}: {reason} (h = {h:.1e} after {} steps and {} rejected ones, step times \
         rate {:.2}, the largest error in element {worst})",
        slope.part(),
        report.steps,
        report.rejected,
        report.stability
    ))
}

/// What is wrong with tolerances that rounding alone exceeds.
fn too_many_digits(slope: &Slope<'_>, how: &How, y: &[f64]) -> Option<String> {
    let digits = 100.0 * if slope.dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let size = norm(y.iter().copied(), y.len());
    let name = slope.dtype.name();
    (how.scale(size, size) < digits * size)
        .then(|| format!("the tolerances ask for more digits than {name} has; raise rtol to {digits:.0e} at least"))
}

/// A first step with about the right error (Hairer, Norsett, Wanner, section II.4).
fn first_step(slope: &mut Slope<'_>, y: &[f64], t: f64, sign: f64, span: f64, k: &[f64], how: &How) -> Result<f64> {
    let n = y.len();
    let scaled = |x: f64, y: &f64| x / how.scale(*y, *y);
    let d0 = norm(y.iter().map(|y| scaled(*y, y)), n);
    let d1 = norm(k.iter().zip(y).map(|(k, y)| scaled(*k, y)), n);
    let h0 = if d0 < 1e-5 || d1 < 1e-5 { 1e-6 } else { 0.01 * d0 / d1 }.min(span);
    let moved = collected(y.iter().zip(k).map(|(y, k)| y + sign * h0 * k))?;
    let mut after = repeated(0.0, n)?;
    slope.at(&moved, t + sign * h0, &mut after)?;
    let d2 = norm(after.iter().zip(k).zip(y).map(|((a, k), y)| scaled(a - k, y)), n) / h0;
    let most = d1.max(d2);
    let h1 = if most <= 1e-15 { (h0 * 1e-3).max(1e-6) } else { (0.01 / most).powf(0.2) };
    let h = (100.0 * h0).min(h1).min(span);
    Ok(if h.is_finite() && h > 0.0 { h } else { span.min(1e-6) })
}

/// The solution of a system (y, tangents) with steps that were chosen before.
pub fn follow(
    slope: &mut Slope<'_>,
    y0: &[f64],
    grid: &Grid,
    how: &How,
    keep: &Keep,
    report: &mut Report,
) -> Result<(Vec<f64>, Option<States>)> {
    let n = y0.len();
    let mut y = copied(y0)?;
    let mut rows = with_room(n.saturating_mul(grid.starts + grid.outputs.len()))?;
    (0..grid.starts).for_each(|_| rows.extend_from_slice(y0));
    let mut states = if let Keep::States(most) = *keep { Some(States::new(n, most)) } else { None };
    let Some(first) = grid.steps.first() else { return Ok((rows, states)) };
    let mut s = Stages::new(n)?;
    slope.at(&y, first.t, &mut s.k[0])?;
    let (half, mut outputs) = (n / 2, grid.outputs.iter().peekable());
    let mut gauge = Gauge::new(norm(y[half..].iter().copied(), n - half), grid.steps.len())?;
    for (i, &Step { t, h }) in grid.steps.iter().enumerate() {
        if let Some(states) = &mut states {
            states.note(i, &y)?;
        }
        s.advance(slope, &y, t, h)?;
        while let Some(output) = outputs.next_if(|o| o.step == i) {
            s.output(&mut rows, &y, h, output.theta);
        }
        let after = norm(s.new[half..].iter().copied(), n - half);
        gauge.step(after, norm((half..n).map(|j| s.error(h, j)), n - half));
        report.derivative_reached = t + h;
        report.derivative_steps += 1;
        if !gauge.size.is_finite() && y0.iter().all(|y| y.is_finite()) && finite(slope.cx, &slope.args[2..]) {
            return Err(overflow(t + h));
        }
        s.forward(&mut y);
    }
    report.tangent_error = gauge.ratio(how);
    Ok((rows, states))
}

pub fn overflow(t: f64) -> Error {
    Error::value(format!("the derivative became NaN or infinite at t = {t}, in the derivative"))
}

/// Whether all of some arrays is: asked only where something isn't.
pub fn finite(cx: &Context, arrays: &[Array]) -> bool {
    arrays.iter().filter(|x| x.dtype().is_inexact()).all(|x| {
        let wide = if x.dtype().is_complex() { DType::C128 } else { DType::F64 };
        let Ok(x) = cx.tensor(&astype(cx, x, wide)).and_then(|x| cx.engine.contiguous(&x)) else { return true };
        if wide == DType::F64 {
            x.elements::<f64>().iter().all(|x| x.is_finite())
        } else {
            x.elements::<num_complex::Complex64>().iter().all(|x| x.is_finite())
        }
    })
}

/// Compares the local errors of a derivative with what the tolerances allow. A derivative may have any size, and may be 0
/// where it begins, so what is absolute in them counts in units of its mean size.
pub struct Gauge {
    /// The size of the derivative now.
    pub size: f64,
    /// Size and error of each step.
    steps: Vec<(f64, f64)>,
}

impl Gauge {
    /// From a derivative of this size on.
    pub fn new(size: f64, steps: usize) -> Result<Gauge> {
        Ok(Gauge { size, steps: with_room(steps)? })
    }

    /// A step led to a derivative of this size, with this error.
    pub fn step(&mut self, size: f64, error: f64) {
        self.steps.push((self.size.max(size), error));
        self.size = size;
    }

    /// The largest error in units of what is allowed.
    pub fn ratio(&self, how: &How) -> f64 {
        let usual = self.steps.iter().map(|s| s.0 / self.steps.len() as f64).sum::<f64>();
        let ratios = self.steps.iter().map(|(size, error)| error / (how.rtol * size + how.atol * usual));
        ratios.filter(|r| r.is_finite()).fold(0.0, f64::max)
    }
}
