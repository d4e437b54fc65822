//! Initial value problems: y' = f(y, t, a), and the derivatives of their solutions.
//!
//! # What is differentiated
//!
//! The adaptive method is that of Dormand and Prince with dense output (`steps`). A solution is what its steps computed, so
//! its derivative is that of the steps, with their places and lengths held fixed: what chose them is no part of the problem,
//! and differentiating it adds terms that mean nothing (P. Eberhard, C. Bischof, Automatic differentiation of numerical
//! integration algorithms, Mathematics of Computation 68, 1999). Such a derivative is stable where the solution was, as
//! accurate as the method is in its order (A. Walther, Automatic differentiation of explicit Runge-Kutta methods for optimal
//! control, Computational Optimization and Applications 36, 2007), and both modes give the same numbers but for rounding.
//!
//! Integrating y backwards beside its adjoint needs no memory, but what contracts forwards grows backwards: Van der Pol's
//! oscillator for 20 units of time leaves no digit. It is there on demand, and compares the state that comes back with the one
//! that set out.
//!
//! # Two primitives
//!
//! ```text
//! O[f, steps](y0, t, a)         the solution at the times t; without steps it chooses them
//! V[f, steps](y0, t, a, g)      the cotangents of y0 and a from those of the solution, by the sweep over the steps
//! F                             f and its tangent as one system: y' = f, s' = f_y s + f_a da
//! ```
//! The tangent of O is the lower half of O\[F, steps\], its cotangents are V. As V is the gradient of <g, O> by (y0, a), its
//! derivative in a direction is the gradient of the derivative of <g, O> in this direction, which O\[F, steps\] gives; and
//! <(u, w), V> is the derivative of <g, O> along (u, w), whose gradient is taken likewise. So both rules are gradients of
//! expressions in O, and every order follows; the state doubles with each.
//!
//! The steps don't depend on the times, so these have rules of their own: the solution at t_i moves by f(y_i, t_i) dt_i,
//! all of it by -s f(y_0, t_0) dt_0. Within the tolerances that is the derivative of what was computed.
//!
//! # Memory
//!
//! O keeps the states before its steps, if a tape is open, and only every second, fourth, ... one when these are too many;
//! V takes the steps between them again. Nothing else of the way is kept.
//!
//! The classical method of Runge and Kutta with fixed steps is recorded as it is: its derivatives are those of what it
//! computes.

mod report;
mod rk4;
mod steps;
mod sweep;

use super::again::of_unknown;
use super::checkpoint::{Stored, undisturbed};
use super::grad::{close, one, push_forward, record};
use crate::array::{DType, Shape, shape::Show};
use crate::error::{Error, Result};
use crate::kernels::memory::copied;
use crate::ops::elementwise::{self, astype, binary, unary};
use crate::ops::{create, reduce, shape};
use crate::trace::{ALL, Array, Context, Kept, Meta, Primitive, apply, apply_multi};
use report::Shared;
pub use report::{Report, last_report};
pub use rk4::{rk4, rk4_as};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;
use steps::{Grid, Keep, Slope, States};

/// How a problem is solved; 0 for what the precision asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub rtol: f64,
    pub atol: f64,
    pub first_step: f64,
    pub max_step: f64,
    /// In all.
    pub max_steps: usize,
    /// States kept for derivatives.
    pub max_states: usize,
    /// Derivatives integrate backwards and keep nothing, instead of sweeping over the steps.
    pub backwards: bool,
}

impl Options {
    /// With the tolerances of single precision, unless others were asked for.
    pub fn or_single(self) -> Options {
        Options { rtol: or(self.rtol, SINGLE), atol: or(self.atol, SINGLE), ..self }
    }
}

fn or(x: f64, default: f64) -> f64 {
    if x > 0.0 { x } else { default }
}

/// Tolerances that fit the precision; of `float64` that of scipy.integrate.odeint.
const SINGLE: f64 = 1e-5;
const DOUBLE: f64 = 1.490_12e-8;

/// Steps, states and their bytes where nothing else was asked for.
const STEPS: usize = 100_000;
const STATES: usize = 32;
const BYTES: usize = 256 << 20;

/// How a problem is solved, with everything filled in.
struct How {
    rtol: f64,
    atol: f64,
    first_step: f64,
    max_step: f64,
    max_steps: usize,
    states: usize,
    /// Elements of the state whose error chooses the steps.
    controlled: usize,
}

impl How {
    fn new(options: &Options, dtype: DType, n: usize, controlled: usize) -> How {
        let tolerance = if dtype == DType::F32 { SINGLE } else { DOUBLE };
        let whole = |given: usize, default: usize| if given > 0 { given } else { default };
        How {
            rtol: or(options.rtol, tolerance),
            atol: or(options.atol, tolerance),
            first_step: options.first_step,
            max_step: or(options.max_step, f64::INFINITY),
            max_steps: whole(options.max_steps, STEPS),
            states: whole(options.max_states, (BYTES / (8 * n.max(1))).max(STATES)),
            controlled,
        }
    }

    /// The error allowed in an element that goes from `a` to `b`.
    fn scale(&self, a: f64, b: f64) -> f64 {
        self.atol + self.rtol * a.abs().max(b.abs())
    }
}

type Args = SmallVec<[Array; 4]>;

/// The unknown, in messages.
const STATE: &str = "the state";

/// The solution at the times `t`, along a new first axis, from `y0` at the first of them. `f` takes y, t and the arguments.
pub fn odeint(cx: &Context, f: &Stored, y0: &Array, t: &Array, args: &[Array], options: Options) -> Array {
    odeint_as(cx, "ag_odeint", f, y0, t, args, options)
}

/// The same, under another name.
pub fn odeint_as(
    cx: &Context,
    name: &'static str,
    f: &Stored,
    y0: &Array,
    t: &Array,
    args: &[Array],
    options: Options,
) -> Array {
    let problem =
        Problem { name, f: of_unknown(name, STATE, f), nargs: args.len() + 2, options, controlled: usize::MAX };
    problem.solve(cx, Role::Solution, y0, t, args)
}

fn wrong_shape(k: &Array, y: &[usize]) -> Error {
    Error::shape(format!("the function returned shape {}, the state has shape {}", Show(k.shape()), Show(y)))
}

fn check_problem(y0: &Array, t: &Array) -> Result<()> {
    if y0.dtype().is_complex() || t.dtype().is_complex() {
        return Err(Error::dtype("expected a real state and real times; the parts of a complex state make a real one"));
    }
    if t.ndim() != 1 || t.size() == 0 {
        return Err(Error::value(format!(
            "expected a vector of times, the first one that of y0, found {}",
            Show(t.shape())
        )));
    }
    Ok(())
}

/// What is solved.
struct Problem {
    name: &'static str,
    f: Stored,
    /// With y0 and the times.
    nargs: usize,
    options: Options,
    /// Elements of the state whose error chooses the steps.
    controlled: usize,
}

/// What a solution is for.
#[derive(Clone)]
enum Role {
    /// Somebody's problem.
    Solution,
    /// The tangents of a solution, along its steps.
    Tangents(Rc<Grid>),
    /// A derivative that chooses its steps, of the problem with this report; if it goes backwards, it comes to this state.
    Derivative(Shared, Option<Rc<Vec<f64>>>),
}

/// What a solution left behind.
struct Run {
    grid: Rc<Grid>,
    states: Option<States>,
}

fn flat(cx: &Context, x: &Array) -> Array {
    shape::reshape(cx, x, &[x.size()])
}

fn joined(cx: &Context, parts: &[Array]) -> Array {
    shape::concatenate(cx, &parts.iter().collect::<SmallVec<[&Array; 4]>>(), 0)
}

fn dot(cx: &Context, x: &Array, y: &Array) -> Array {
    let product = binary(cx, &elementwise::MUL, x, y);
    reduce::sum(cx, &product, &reduce::all_axes(&product), false)
}

fn negative(cx: &Context, x: &Array) -> Array {
    unary(cx, &elementwise::NEG, x)
}

/// The sum of two values of which the first may be null for zero.
fn plus(cx: &Context, x: Array, y: &Array) -> Array {
    if x.is_null() { y.clone() } else { binary(cx, &elementwise::ADD, &x, y) }
}

/// Whether a value is recorded on an open tape, at whatever level.
fn is_recorded(cx: &Context, x: &Array) -> bool {
    let mut value = x.clone();
    loop {
        let level = value.level(&cx.trace);
        if level == 0 {
            return false;
        }
        if cx.trace.level(level).is_some_and(|l| l.tape.is_some()) {
            return true;
        }
        value = value.layer(level).expect("it is on this level").1;
    }
}

impl Problem {
    /// The solution, as an operation that can be differentiated.
    fn solve(self, cx: &Context, role: Role, y0: &Array, t: &Array, args: &[Array]) -> Array {
        let all: SmallVec<[&Array; 4]> = [y0, t].into_iter().chain(args).collect();
        let keep = if all.iter().any(|x| is_recorded(cx, x)) && !self.options.backwards {
            Wanted::States
        } else if all.iter().any(|x| x.level(&cx.trace) != 0) {
            Wanted::Steps
        } else {
            Wanted::Nothing
        };
        apply(cx, &Odeint { problem: Rc::new(self), role, keep, run: RefCell::default() }, &all)
    }

    /// f of boxed or plain values.
    fn slope(&self, cx: &Context, y: &Array, t: &Array, args: &[Array]) -> Array {
        let all: Args = [y, t].into_iter().chain(args).cloned().collect();
        undisturbed(cx, || (self.f)(cx, &all).pop().unwrap_or_default())
    }

    /// How far the state `y` moves along the solution when time number `i` moves by its tangent.
    fn moved(&self, cx: &Context, y: &Array, t: &Array, args: &[Array], i: usize, dt: &Array) -> Array {
        let slope = self.slope(cx, y, &shape::element(cx, t, i), args);
        binary(cx, &elementwise::MUL, &slope, &shape::element(cx, dt, i))
    }

    /// f and its tangent as one system, whose state is a vector: y, s. The tangents of the arguments `wanted` are arguments
    /// behind the others.
    fn lifted(&self, state: &[usize], wanted: &[usize]) -> Stored {
        let (name, f, m) = (self.name, self.f.clone(), self.nargs - 2);
        let (n, state) = (state.iter().product::<usize>(), Shape::from_slice(state));
        let argnums: SmallVec<[usize; 4]> = std::iter::once(0).chain(wanted.iter().copied()).collect();
        Rc::new(move |cx: &Context, args: &[Array]| {
            let part = |k: usize| shape::reshape(cx, &shape::slice_axis(cx, &args[0], 0, k * n, n), &state);
            let all: Args = std::iter::once(part(0)).chain(args[1..2 + m].iter().cloned()).collect();
            let tangents: Args = std::iter::once(part(1)).chain(args[2 + m..].iter().cloned()).collect();
            let (y, s) = push_forward(cx, name, &|cx, args| f(cx, args), &all, &argnums, &tangents);
            if cx.failed() {
                return SmallVec::new();
            }
            if y[0].shape() != state.as_slice() {
                cx.fail(wrong_shape(&y[0], &state).within(name));
                return SmallVec::new();
            }
            SmallVec::from_iter([joined(cx, &[flat(cx, &y[0]), flat(cx, &s[0])])])
        })
    }

    /// The rows of the solution and of its tangents, from the tangents of y0 (null for zero), of some arguments, and of the
    /// times (null for zero).
    fn tangents(
        &self,
        cx: &Context,
        run: Option<&Run>,
        args: &[Array],
        dy: &Array,
        das: &Das,
        dt: &Array,
    ) -> [Array; 2] {
        let (y0, t, args) = (&args[0], &args[1], &args[2..]);
        let (n, state) = (y0.size(), y0.shape());
        let mut s = dy.clone();
        if !dt.is_null() {
            let back = negative(cx, &self.moved(cx, y0, t, args, 0, dt));
            s = plus(cx, s, &back);
        }
        if s.is_null() && !cx.failed() {
            s = create::full(cx, y0.dtype().inexact(), state, 0.0);
        }
        let wanted: SmallVec<[usize; 4]> = das.iter().map(|a| a.0).collect();
        let mut extended: Args = args.into();
        extended.extend(das.iter().map(|a| a.1.clone()));
        let role = match run {
            Some(run) if !self.options.backwards => Role::Tangents(run.grid.clone()),
            run => Role::Derivative(run.map(|r| r.grid.report.clone()).unwrap_or_default(), None),
        };
        let z0 = joined(cx, &[flat(cx, y0), flat(cx, &s)]);
        let z =
            self.derived(self.lifted(state, &wanted), extended.len(), usize::MAX).solve(cx, role, &z0, t, &extended);
        let rows = shape::behind(t.size(), state);
        let half = |k: usize| shape::reshape(cx, &shape::slice_axis(cx, &z, 1, k * n, n), &rows);
        let (ys, mut ss) = (half(0), half(1));
        if !dt.is_null() {
            let parts: Vec<Array> =
                (0..t.size()).map(|i| self.moved(cx, &shape::element(cx, &ys, i), t, args, i, dt)).collect();
            let parts = shape::stack(cx, &parts.iter().collect::<Vec<_>>(), 0);
            ss = binary(cx, &elementwise::ADD, &ss, &parts);
        }
        [ys, ss]
    }

    /// The problem with another function of so many arguments behind the times.
    fn derived(&self, f: Stored, nargs: usize, controlled: usize) -> Problem {
        Problem { name: self.name, f, nargs: nargs + 2, options: self.options, controlled }
    }

    fn how(&self, dtype: DType, n: usize) -> How {
        How::new(&self.options, dtype, n, self.controlled)
    }
}

/// Tangents of arguments, by their numbers.
type Das = SmallVec<[(usize, Array); 4]>;

/// What derivatives will need.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Nothing,
    Steps,
    States,
}

/// O: the solution. A copy of it in a node has what the run left behind that this node belongs to: values of a batch are
/// computed one after the other, each noted before the next one.
#[derive(Clone)]
struct Odeint {
    problem: Rc<Problem>,
    role: Role,
    keep: Wanted,
    run: RefCell<Option<Rc<Run>>>,
}

/// How many tolerances a state that came back may be away from the one that set out.
const ASTRAY: f64 = 1000.0;

impl Odeint {
    fn eval_plain(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        check_problem(&args[0], &args[1])?;
        let p = &*self.problem;
        let mut slope = Slope::new(cx, &p.f, args, !matches!(self.role, Role::Solution));
        let n = slope.size();
        let (how, dtype) = (p.how(slope.dtype, n), slope.dtype);
        let y0 = numbers(cx, &args[0])?;
        let keep = match self.keep {
            Wanted::Nothing => Keep::Nothing,
            Wanted::Steps => Keep::Steps,
            Wanted::States => Keep::States(how.states),
        };
        let (rows, run) = match &self.role {
            Role::Tangents(grid) => {
                let mut now = Report::default();
                let followed = steps::follow(&mut slope, &y0, grid, &how, &keep, &mut now);
                now.derivative_evaluations = slope.evaluations;
                report::amend(cx, &grid.report, |r| r.add_derivative(&now));
                let (rows, states) = followed?;
                (rows, Run { grid: grid.clone(), states })
            }
            role => {
                let times = numbers(cx, &args[1])?;
                let mut now = Report::default();
                let solved = steps::solve(&mut slope, &y0, &times, &how, &keep, &mut now);
                now.evaluations = slope.evaluations;
                let states = solved.as_ref().ok().and_then(|s| s.states.as_ref());
                (now.states, now.stride, now.bytes) = states.map_or((0, 0, 0), |s| (s.count, s.stride, s.bytes()));
                let shared = match role {
                    Role::Derivative(report, _) => {
                        report::amend(cx, report, |r| r.add_derivative(&now.as_derivative()));
                        report.clone()
                    }
                    _ => {
                        let report = Shared::default();
                        report::amend(cx, &report, |r| *r = now);
                        report
                    }
                };
                let solved = solved?;
                if let Role::Derivative(_, Some(start)) = role {
                    came_back(&solved.rows[solved.rows.len() - n..], start, &times, &how)?;
                }
                (solved.rows, Run { grid: Rc::new(Grid { report: shared, ..solved.grid }), states: solved.states })
            }
        };
        self.run.replace((self.keep != Wanted::Nothing).then(|| Rc::new(run)));
        let to = shape::behind(args[1].size(), args[0].shape());
        let found = cx.engine.build::<f64>(&to, |d| d.copy_from_slice(&rows))?;
        Ok(astype(cx, &found.into(), dtype))
    }

    /// The cotangents that the adjoint system, integrated backwards beside y, leads to: of y0, of the arguments `wanted`,
    /// and of y0 without what its own row adds.
    fn backwards(&self, cx: &Context, wanted: &[usize], g: &Array, all: &[Array], ys: &Array) -> SmallVec<[Array; 4]> {
        let (p, y0, t, args) = (&*self.problem, &all[0], &all[1], &all[2..]);
        let state = Shape::from_slice(y0.shape());
        let (n, last) = (y0.size(), t.size() - 1);
        let report = self.run.borrow().as_ref().map(|r| r.grid.report.clone()).unwrap_or_default();
        let at = |x: &Array, i: usize| flat(cx, &shape::element(cx, x, i));
        // (y, l, m...) of the adjoint, as one vector.
        let system: Stored = {
            let (f, state) = (p.f.clone(), state.clone());
            let argnums: SmallVec<[usize; 4]> = std::iter::once(0).chain(wanted.iter().copied()).collect();
            Rc::new(move |cx: &Context, args: &[Array]| {
                let part = |k: usize| shape::reshape(cx, &shape::slice_axis(cx, &args[0], 0, k * n, n), &state);
                let (y, l) = (part(0), part(1));
                let all: Args = std::iter::once(&y).chain(&args[1..]).cloned().collect();
                let recorded = record(cx, &|cx, args| f(cx, args), &all, &argnums);
                let mut parts: SmallVec<[Array; 4]> = SmallVec::new();
                if !cx.failed() {
                    let slope = recorded.value();
                    parts.push(flat(cx, &slope));
                    let pulled = recorded.pull(cx, &[l], true);
                    parts.extend(pulled.iter().map(|g| negative(cx, &flat(cx, g))));
                }
                close(cx, recorded);
                let result = if cx.failed() { Array::Null } else { joined(cx, &parts) };
                SmallVec::from_iter([result])
            })
        };
        let mut l = at(g, last);
        let sums: usize = wanted.iter().map(|&k| all[k].size()).sum();
        let mut m = create::full(cx, l.dtype(), &[sums], 0.0);
        for i in (1..=last).rev() {
            if cx.failed() {
                return Array::nulls(wanted.len() + 2);
            }
            let start = numbers(cx, &shape::element(cx, ys, i - 1)).ok().map(Rc::new);
            let z = joined(cx, &[at(ys, i), l, m]);
            let back = [shape::element(cx, t, i), shape::element(cx, t, i - 1)];
            let back = shape::stack(cx, &[&back[0], &back[1]], 0);
            // Sums over the way, of which there may be many, are no part of the error that chooses the steps.
            let adjoint = p.derived(system.clone(), args.len(), 2 * n);
            let z = adjoint.solve(cx, Role::Derivative(report.clone(), start), &z, &back, args);
            let z = shape::element(cx, &z, 1);
            l = shape::slice_axis(cx, &z, 0, n, n);
            m = shape::slice_axis(cx, &z, 0, 2 * n, sums);
            if i > 1 {
                l = binary(cx, &elementwise::ADD, &l, &at(g, i - 1));
            }
        }
        let (mut found, before) = (SmallVec::new(), l.clone());
        found.push(shape::reshape(
            cx,
            &if last > 0 { binary(cx, &elementwise::ADD, &l, &at(g, 0)) } else { l },
            &state,
        ));
        let mut start = 0;
        for &k in wanted {
            let part = shape::slice_axis(cx, &m, 0, start, all[k].size());
            start += all[k].size();
            found.push(shape::reshape(cx, &part, all[k].shape()));
        }
        found.push(shape::reshape(cx, &before, &state));
        found
    }
}

/// The elements of a plain value in double precision.
fn numbers(cx: &Context, x: &Array) -> Result<Vec<f64>> {
    let x = cx.engine.contiguous(&cx.tensor(&astype(cx, &x.plain(), DType::F64))?)?;
    copied(x.elements::<f64>())
}

/// Whether the state that came back is the one that set out.
fn came_back(z: &[f64], start: &[f64], times: &[f64], how: &How) -> Result<()> {
    let away = z.iter().zip(start).map(|(z, y)| (z - y) / how.scale(*y, *y));
    let away = steps::norm(away, start.len());
    // NaN is nowhere near.
    if away <= ASTRAY {
        return Ok(());
    }
    Err(Error::value(format!(
        "integrating backwards from t = {} led to a state at t = {} that is {away:.1e} tolerances away from the one that          set out there, in the derivative: the problem contracts, so take the derivative of its steps",
        times[0],
        times[times.len() - 1]
    )))
}

impl Primitive for Odeint {
    fn name(&self) -> &str {
        self.problem.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        undisturbed(cx, || self.eval_plain(cx, args))
    }

    /// Value by value. The steps are those of all tangents, but the states of one run are not those of the batch.
    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let count = args.iter().zip(lead).find(|a| *a.1).map_or(0, |a| a.0.shape()[0]);
        let values: Vec<Array> = (0..count)
            .map(|i| {
                let one =
                    args.iter().zip(lead).map(|(x, &lead)| if lead { shape::element(cx, x, i) } else { x.clone() });
                let one: Args = one.collect();
                apply(cx, self, &one.iter().collect::<SmallVec<[&Array; 4]>>())
            })
            .collect();
        self.run.replace(match &self.role {
            Role::Tangents(grid) => Some(Rc::new(Run { grid: grid.clone(), states: None })),
            _ => None,
        });
        Some(shape::stack(cx, &values.iter().collect::<Vec<_>>(), 0))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let p = &self.problem;
        let (all, ans) = kept.all(p.nargs);
        let (y0, t, args, ys, g) = (&all[0], &all[1], &all[2..], &ans[0], &gs[0]);
        let wanted: SmallVec<[usize; 4]> = argnums.iter().copied().filter(|&k| k > 1).collect();
        let with_times = argnums.contains(&1) && t.size() > 1;
        let row = |x: &Array, i: usize| shape::element(cx, x, i);
        // Of y0, with and without the cotangent of the row that is y0, and of the arguments.
        let (of_y0, of_start, of_args): (Array, Array, SmallVec<[Array; 4]>) = if p.options.backwards {
            let mut found = self.backwards(cx, &wanted, g, all, ys);
            let of_start = found.pop().unwrap_or_default();
            let of_args = found.drain(1..).collect();
            (found.swap_remove(0), of_start, of_args)
        } else {
            let sweep = Sweep { problem: p.clone(), run: self.run.borrow().clone(), wanted: wanted.clone() };
            let mut found = apply_multi(cx, &sweep, &all.iter().chain([g]).collect::<SmallVec<[&Array; 4]>>());
            if found.is_empty() {
                return Array::nulls(argnums.len());
            }
            let of_args = found.drain(1..).collect();
            let of_y0 = found.swap_remove(0);
            let start = if with_times { binary(cx, &elementwise::SUB, &of_y0, &row(g, 0)) } else { Array::Null };
            (of_y0, start, of_args)
        };
        let mut of_times = Array::Null;
        if with_times && !cx.failed() {
            let at = |y: &Array, i: usize| p.slope(cx, y, &row(t, i), args);
            let first = negative(cx, &dot(cx, &of_start, &at(y0, 0)));
            let later = (1..t.size()).map(|i| dot(cx, &row(g, i), &at(&row(ys, i), i)));
            let each: Vec<Array> = std::iter::once(first).chain(later).collect();
            of_times = shape::stack(cx, &each.iter().collect::<Vec<_>>(), 0);
        }
        if cx.failed() {
            return Array::nulls(argnums.len());
        }
        let mut of_args = of_args.into_iter();
        argnums
            .iter()
            .map(|&k| match k {
                0 => of_y0.clone(),
                1 => of_times.clone(),
                _ => of_args.next().unwrap_or_default(),
            })
            .collect()
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let (all, _) = kept.all(self.problem.nargs);
        let along = Along::new(argnums, ts);
        let run = self.run.borrow().clone();
        let [_, s] =
            self.problem.tangents(cx, run.as_deref(), all, &along.of(0), &along.args(2..usize::MAX), &along.of(1));
        SmallVec::from_iter([s])
    }
}

/// Tangents of some arguments.
struct Along<'a> {
    argnums: &'a [usize],
    ts: &'a [Array],
}

impl<'a> Along<'a> {
    fn new(argnums: &'a [usize], ts: &'a [Array]) -> Along<'a> {
        Along { argnums, ts }
    }

    /// That of one argument, null if it has none.
    fn of(&self, k: usize) -> Array {
        self.argnums.iter().position(|&a| a == k).map(|i| self.ts[i].clone()).unwrap_or_default()
    }

    fn args(&self, range: std::ops::Range<usize>) -> Das {
        let all = self.argnums.iter().zip(self.ts).filter(|(k, t)| range.contains(k) && !t.is_null());
        all.map(|(&k, t)| (k, t.clone())).collect()
    }
}

/// V: the cotangents of y0 and of the arguments `wanted`, from those of the solution, which are the last argument.
#[derive(Clone)]
struct Sweep {
    problem: Rc<Problem>,
    /// The solution's, where it is known.
    run: Option<Rc<Run>>,
    wanted: SmallVec<[usize; 4]>,
}

impl Sweep {
    fn eval_plain(&self, cx: &Context, all: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        let p = &*self.problem;
        let (g, args) = all.split_last().expect("the cotangents of the solution");
        let mut slope = Slope::new(cx, &p.f, args, true);
        let (how, dtype) = (p.how(slope.dtype, slope.size()), slope.dtype);
        let g = numbers(cx, g)?;
        let mut now = Report::default();
        let report = self.run.as_ref().map(|r| r.grid.report.clone()).unwrap_or_default();
        let found = self.states(&mut slope, args, &how, &mut now).and_then(|run| {
            let states = run.states.as_ref().expect("they were kept");
            sweep::sweep(&mut slope, &run.grid, states, &self.wanted, &g, &how, &mut now)
        });
        now.derivative_evaluations = slope.evaluations;
        report::amend(cx, &report, |r| r.add_derivative(&now));
        let (l, sums) = found?;
        let l = cx.engine.build::<f64>(&slope.shape, |d| d.copy_from_slice(&l))?;
        let mut results = SmallVec::from_iter([astype(cx, &l.into(), dtype)]);
        for (&k, sum) in self.wanted.iter().zip(sums) {
            let x = &args[k];
            // Without a step nothing depends on them.
            let sum = if sum.is_null() { create::full(cx, x.dtype().inexact(), x.shape(), 0.0) } else { sum };
            results.push(astype(cx, &sum, x.dtype().inexact()));
        }
        Ok(results)
    }

    /// The run with the states before its steps; again, where they weren't kept.
    fn states(&self, slope: &mut Slope<'_>, args: &[Array], how: &How, now: &mut Report) -> Result<Rc<Run>> {
        if let Some(run) = self.run.as_ref().filter(|run| run.states.is_some()) {
            return Ok(run.clone());
        }
        let (y0, keep, mut forget) = (numbers(slope.cx, &args[0])?, Keep::States(how.states), Report::default());
        let run = if let Some(run) = &self.run {
            let states = steps::follow(slope, &y0, &run.grid, how, &keep, &mut forget)?.1;
            Run { grid: run.grid.clone(), states }
        } else {
            let times = numbers(slope.cx, &args[1])?;
            let solved = steps::solve(slope, &y0, &times, how, &keep, &mut forget)?;
            Run { grid: Rc::new(solved.grid), states: solved.states }
        };
        now.steps_again += run.grid.steps.len();
        Ok(Rc::new(run))
    }

    fn args(&self, kept: &Kept<'_>) -> Args {
        (0..=self.problem.nargs).map(|k| kept.arg(k).clone()).collect()
    }

    /// The gradients of an expression by some of `args`, in library operations.
    fn gradients(
        cx: &Context,
        args: &[Array],
        argnums: &[usize],
        of: impl Fn(&Context, &[Array]) -> Array,
    ) -> SmallVec<[Array; 2]> {
        undisturbed(cx, || {
            let recorded = record(cx, &one(of), args, argnums);
            let found = recorded.pull(cx, &[Array::from(1.0)], true);
            close(cx, recorded);
            if cx.failed() { Array::nulls(argnums.len()) } else { found.into_iter().collect() }
        })
    }
}

impl Primitive for Sweep {
    fn name(&self) -> &str {
        self.problem.name
    }

    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        undisturbed(cx, || self.eval_plain(cx, args))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        let n = self.problem.nargs + 1;
        if n < 63 { (1 << n) - 1 } else { ALL }
    }

    /// <(u, w), V> is the tangent of <g, O> along (u, w).
    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let (args, n) = (self.args(kept), self.problem.nargs);
        let of_args = self.wanted.iter().zip(gs.iter().skip(1)).filter(|w| !w.1.is_null());
        let w: Das = of_args.map(|(&k, w)| (k, w.clone())).collect();
        Sweep::gradients(cx, &args, argnums, |cx, args| {
            let [_, s] = self.problem.tangents(cx, self.run.as_deref(), &args[..n], &gs[0], &w, &Array::Null);
            dot(cx, &args[n], &s)
        })
    }

    /// V is the gradient of <g, O> by (y0, a), so its tangent is that of the tangent of <g, O>.
    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let (args, n) = (self.args(kept), self.problem.nargs);
        let (along, p) = (Along::new(argnums, ts), &self.problem);
        if argnums == [n] {
            return apply_multi(cx, self, &args[..n].iter().chain(ts).collect::<SmallVec<[&Array; 4]>>());
        }
        let by: SmallVec<[usize; 4]> = std::iter::once(0).chain(self.wanted.iter().copied()).collect();
        let (dg, g) = (along.of(n), args[n].clone());
        let found = Sweep::gradients(cx, &args[..n], &by, |cx, args| {
            let das = along.args(2..n);
            let [ys, s] = p.tangents(cx, self.run.as_deref(), args, &along.of(0), &das, &along.of(1));
            let of_s = dot(cx, &g, &s);
            if dg.is_null() { of_s } else { binary(cx, &elementwise::ADD, &of_s, &dot(cx, &dg, &ys)) }
        });
        found.into_iter().collect()
    }
}
