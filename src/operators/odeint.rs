//! Initial value problems: y' = f(y, t, a), and the derivatives of their solutions.
//!
//! The adaptive method is that of Dormand and Prince with dense output (E. Hairer, S. P. Norsett, G. Wanner, Solving
//! Ordinary Differential Equations I, 2nd edition, sections II.4 to II.6). Derivatives are solutions of differential
//! equations again, so the steps are chosen for them alone and nothing of the way is kept:
//!
//! ```text
//! tangents    s' = f_y s + f_a da,  beside y, forwards                          (forward sensitivities)
//! cotangents  l' = -l f_y,  m' = -l f_a,  beside y, backwards from one time to the one before; there the cotangent of
//!             the solution at that time is added to l                            (the adjoint)
//! times       the solution at t_i moves by f(y_i, t_i) dt_i; all of it by -s f(y_0, t_0) dt_0
//! ```
//! (L. S. Pontryagin et al., The Mathematical Theory of Optimal Processes, 1962.) These equations are written with the
//! library's own operations and solved by the same operation, so every order follows.
//!
//! The classical method of Runge and Kutta with fixed steps is recorded as it is: its derivatives are those of what it
//! computes.

use super::checkpoint::{Stored, undisturbed, value};
use super::grad::{close, push_forward, record};
use crate::array::{DType, Shape, shape::Show};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::ops::elementwise::{self as rows, astype, binary, unary};
use crate::ops::{create, reduce, shape};
use crate::trace::{ALL, Array, Kept, Meta, Primitive, apply};
use smallvec::SmallVec;
use std::rc::Rc;

/// How a problem is solved; 0 for what the precision asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub rtol: f64,
    pub atol: f64,
    pub first_step: f64,
    pub max_step: f64,
    /// In all.
    pub max_steps: usize,
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

type Args = SmallVec<[Array; 4]>;

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
    let all: SmallVec<[&Array; 4]> = [y0, t].into_iter().chain(args).collect();
    apply(cx, &Odeint { name, f: f.clone(), nargs: all.len(), options }, &all)
}

/// The same by the classical method of fourth order, with `steps` steps from each time to the next.
pub fn rk4(cx: &Context, f: &Stored, y0: &Array, t: &Array, args: &[Array], steps: usize) -> Array {
    rk4_as(cx, "ag_odeint", f, y0, t, args, steps)
}

/// The same, under another name.
pub fn rk4_as(cx: &Context, name: &str, f: &Stored, y0: &Array, t: &Array, args: &[Array], steps: usize) -> Array {
    let check = || -> Result<()> {
        check_problem(y0, t)?;
        if steps == 0 {
            return Err(Error::value("expected at least one step between two times, found 0"));
        }
        Ok(())
    };
    if cx.failed() {
        return Array::Null;
    }
    if let Err(e) = check() {
        return cx.fail(e.within(name));
    }
    let mut y = astype(cx, y0, y0.dtype().inexact());
    let slope = |y: &Array, t: &Array| {
        let args: Args = [y, t].into_iter().chain(args).cloned().collect();
        let k = f(cx, &args).pop().unwrap_or_default();
        if !cx.failed() && k.shape() != y.shape() { cx.fail(wrong_shape(&k, y.shape()).within(name)) } else { k }
    };
    let along = |y: &Array, h: &Array, k: &Array| binary(cx, &rows::ADD, y, &binary(cx, &rows::MUL, h, k));
    let times = |x: &Array, c: f64| binary(cx, &rows::MUL, x, &Array::weak(c));
    let plus = |x: &Array, y: &Array| binary(cx, &rows::ADD, x, y);
    let mut found = vec![y.clone()];
    for i in 1..t.size() {
        let (from, to) = (shape::element(cx, t, i - 1), shape::element(cx, t, i));
        let h = times(&binary(cx, &rows::SUB, &to, &from), 1.0 / steps as f64);
        let (half, sixth) = (times(&h, 0.5), times(&h, 1.0 / 6.0));
        for step in 0..steps {
            if cx.failed() {
                return Array::Null;
            }
            let now = plus(&from, &times(&h, step as f64));
            let (middle, end) = (plus(&now, &half), plus(&now, &h));
            let k1 = slope(&y, &now);
            let k2 = slope(&along(&y, &half, &k1), &middle);
            let k3 = slope(&along(&y, &half, &k2), &middle);
            let k4 = slope(&along(&y, &h, &k3), &end);
            let sum = plus(&plus(&k1, &k4), &times(&plus(&k2, &k3), 2.0));
            // The precision of the state is that of y0, whatever the times have.
            y = astype(cx, &along(&y, &sixth, &sum), y0.dtype().inexact());
        }
        found.push(y.clone());
    }
    shape::stack(cx, &found.iter().collect::<Vec<_>>(), 0)
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

#[derive(Clone)]
struct Odeint {
    name: &'static str,
    f: Stored,
    nargs: usize,
    options: Options,
}

impl Odeint {
    /// f of boxed or plain values.
    fn slope(&self, cx: &Context, y: &Array, t: &Array, args: &[Array]) -> Array {
        let all: Args = [y, t].into_iter().chain(args).cloned().collect();
        undisturbed(cx, || (self.f)(cx, &all).pop().unwrap_or_default())
    }

    fn again(&self, cx: &Context, f: Stored, z: &Array, t: &Array, args: &[Array]) -> Array {
        odeint_as(cx, self.name, &f, z, t, args, self.options)
    }
}

fn flat(cx: &Context, x: &Array) -> Array {
    shape::reshape(cx, x, &[x.size()])
}

fn joined(cx: &Context, parts: &[Array]) -> Array {
    shape::concatenate(cx, &parts.iter().collect::<SmallVec<[&Array; 4]>>(), 0)
}

fn dot(cx: &Context, x: &Array, y: &Array) -> Array {
    let product = binary(cx, &rows::MUL, x, y);
    reduce::sum(cx, &product, &reduce::all_axes(&product), false)
}

fn negative(cx: &Context, x: &Array) -> Array {
    unary(cx, &rows::NEG, x)
}

impl Primitive for Odeint {
    fn name(&self) -> &str {
        self.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        check_problem(&args[0], &args[1])?;
        undisturbed(cx, || solution(cx, &self.f, args, self.options))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        self.vjp_all(cx, &[argnum], std::slice::from_ref(g), &[], kept).pop().unwrap_or_default()
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let (all, ans) = kept.all(self.nargs);
        let (y0, t, args, ys) = (&all[0], &all[1], &all[2..], &ans[0]);
        let state = Shape::from_slice(y0.shape());
        let (n, last) = (y0.size(), t.size() - 1);
        let wanted: SmallVec<[usize; 4]> = argnums.iter().copied().filter(|&k| k > 1).collect();
        let at = |x: &Array, i: usize| flat(cx, &shape::element(cx, x, i));
        // (y, l, m...) of the adjoint, as one vector.
        let system: Stored = {
            let (f, state, wanted) = (self.f.clone(), state.clone(), wanted.clone());
            Rc::new(move |cx: &Context, args: &[Array]| {
                let part = |k: usize| shape::reshape(cx, &shape::slice_axis(cx, &args[0], 0, k * n, n), &state);
                let (y, l) = (part(0), part(1));
                let all: Args = std::iter::once(&y).chain(&args[1..]).cloned().collect();
                let argnums: SmallVec<[usize; 4]> = std::iter::once(0).chain(wanted.iter().copied()).collect();
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
        let mut l = at(&gs[0], last);
        let sums: usize = wanted.iter().map(|&k| all[k].size()).sum();
        let mut m = create::full(cx, l.dtype(), &[sums], 0.0);
        let mut of_times: Vec<Array> = Vec::new();
        let with_times = argnums.contains(&1);
        for i in (1..=last).rev() {
            if cx.failed() {
                return Array::nulls(argnums.len());
            }
            let y = shape::element(cx, ys, i);
            if with_times {
                let slope = self.slope(cx, &y, &shape::element(cx, t, i), args);
                of_times.push(dot(cx, &shape::element(cx, &gs[0], i), &slope));
            }
            let z = joined(cx, &[flat(cx, &y), l, m]);
            let back = [shape::element(cx, t, i), shape::element(cx, t, i - 1)];
            let back = shape::stack(cx, &[&back[0], &back[1]], 0);
            let z = shape::element(cx, &self.again(cx, system.clone(), &z, &back, args), 1);
            l = shape::slice_axis(cx, &z, 0, n, n);
            m = shape::slice_axis(cx, &z, 0, 2 * n, sums);
            if with_times && i == 1 {
                let slope = self.slope(cx, y0, &shape::element(cx, t, 0), args);
                of_times.push(negative(cx, &dot(cx, &shape::reshape(cx, &l, &state), &slope)));
            }
            l = binary(cx, &rows::ADD, &l, &at(&gs[0], i - 1));
        }
        if cx.failed() {
            return Array::nulls(argnums.len());
        }
        let mut start = 0;
        argnums
            .iter()
            .map(|&k| match k {
                0 => shape::reshape(cx, &l, &state),
                1 if last == 0 => Array::Null,
                1 => {
                    of_times.reverse();
                    shape::stack(cx, &of_times.iter().collect::<Vec<_>>(), 0)
                }
                k => {
                    let part = shape::slice_axis(cx, &m, 0, start, all[k].size());
                    start += all[k].size();
                    shape::reshape(cx, &part, all[k].shape())
                }
            })
            .collect()
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        self.jvp_all(cx, &[argnum], std::slice::from_ref(t), kept).pop().unwrap_or_default()
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let (all, ans) = kept.all(self.nargs);
        let (y0, t, args, ys) = (&all[0], &all[1], &all[2..], &ans[0]);
        let (n, m) = (y0.size(), args.len());
        let state = Shape::from_slice(y0.shape());
        let tangent = |k: usize| argnums.iter().position(|&a| a == k).map(|i| ts[i].clone());
        let mut s = tangent(0).unwrap_or_else(|| create::full(cx, y0.dtype().inexact(), &state, 0.0));
        let of_times = tangent(1);
        let moved = |y: &Array, i: usize, dt: &Array| {
            binary(cx, &rows::MUL, &self.slope(cx, y, &shape::element(cx, t, i), args), &shape::element(cx, dt, i))
        };
        if let Some(dt) = &of_times {
            s = binary(cx, &rows::SUB, &s, &moved(y0, 0, dt));
        }
        let wanted: SmallVec<[usize; 4]> = argnums.iter().copied().filter(|&k| k > 1).collect();
        let mut extended: Args = args.into();
        extended.extend(wanted.iter().filter_map(|&k| tangent(k)));
        // (y, s) of the sensitivities, as one vector; the tangents of the arguments are arguments.
        let system: Stored = {
            let (name, f, state) = (self.name, self.f.clone(), state.clone());
            Rc::new(move |cx: &Context, args: &[Array]| {
                let part = |k: usize| shape::reshape(cx, &shape::slice_axis(cx, &args[0], 0, k * n, n), &state);
                let all: Args = std::iter::once(part(0)).chain(args[1..2 + m].iter().cloned()).collect();
                let argnums: SmallVec<[usize; 4]> = std::iter::once(0).chain(wanted.iter().copied()).collect();
                let tangents: Args = std::iter::once(part(1)).chain(args[2 + m..].iter().cloned()).collect();
                let (y, s) = push_forward(cx, name, &|cx, args| f(cx, args), &all, &argnums, &tangents);
                if cx.failed() {
                    return SmallVec::new();
                }
                SmallVec::from_iter([joined(cx, &[flat(cx, &y[0]), flat(cx, &s[0])])])
            })
        };
        let z = self.again(cx, system, &joined(cx, &[flat(cx, y0), flat(cx, &s)]), t, &extended);
        let mut result = shape::reshape(cx, &shape::slice_axis(cx, &z, 1, n, n), ys.shape());
        if let Some(dt) = &of_times {
            let parts: Vec<Array> = (0..t.size()).map(|i| moved(&shape::element(cx, ys, i), i, dt)).collect();
            let parts = shape::stack(cx, &parts.iter().collect::<Vec<_>>(), 0);
            result = binary(cx, &rows::ADD, &result, &parts);
        }
        SmallVec::from_iter([result])
    }
}

// -------------------------------------------------------------------------------------------------- the adaptive method

/// Nodes, weights of the stages and of the error, and those of the dense output.
const C: [f64; 7] = [0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];
const A: [[f64; 6]; 7] = [
    [0.0; 6],
    [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0],
    [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0],
    [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0, 0.0],
    [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
const E: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339200.0, 22.0 / 525.0, -1.0 / 40.0];
const D: [f64; 7] = [
    -12715105075.0 / 11282082432.0,
    0.0,
    87487479700.0 / 32700410799.0,
    -10690763975.0 / 1880347072.0,
    701980252875.0 / 199316789632.0,
    -1453857185.0 / 822651844.0,
    69997945.0 / 29380423.0,
];

/// The function on numbers.
struct Slope<'a> {
    cx: &'a Context,
    f: &'a Stored,
    args: Args,
    shape: Shape,
    dtype: DType,
}

impl Slope<'_> {
    fn at(&mut self, y: &[f64], t: f64, k: &mut [f64]) -> Result<()> {
        let cx = self.cx;
        let state = cx.engine.build::<f64>(&self.shape, |d| d.copy_from_slice(y))?;
        self.args[0] = astype(cx, &state.into(), self.dtype);
        self.args[1] = Array::from(t);
        let found = value(cx, self.f, &self.args)?;
        if let Some(e) = cx.error() {
            return Err(e);
        }
        if found.shape() != self.shape.as_slice() {
            return Err(wrong_shape(&found, &self.shape));
        }
        if found.dtype().is_complex() {
            return Err(Error::dtype("the function returned complex numbers for a real state"));
        }
        let found = cx.engine.contiguous(&cx.tensor(&astype(cx, &found, DType::F64))?)?;
        k.copy_from_slice(found.elements::<f64>());
        Ok(())
    }
}

/// The root of the mean square of x / scale.
fn norm<'a>(x: impl Iterator<Item = f64> + 'a, scale: impl Iterator<Item = f64> + 'a, n: usize) -> f64 {
    (x.zip(scale).map(|(x, s)| (x / s) * (x / s)).sum::<f64>() / n.max(1) as f64).sqrt()
}

fn solution(cx: &Context, f: &Stored, args: &[Array], options: Options) -> Result<Array> {
    let dtype = args[0].dtype().inexact();
    let tensor = |x: &Array| cx.engine.contiguous(&cx.tensor(&astype(cx, x, DType::F64))?);
    let (y0, times) = (tensor(&args[0])?, tensor(&args[1])?);
    let times = times.elements::<f64>();
    let (n, shape) = (y0.size(), Shape::from_slice(y0.shape()));
    let forwards = times.windows(2).all(|w| w[0] <= w[1]);
    if times.iter().any(|t| !t.is_finite()) || !forwards && times.windows(2).any(|w| w[0] < w[1]) {
        return Err(Error::value("the times must be finite, and either never fall or never rise"));
    }
    let single = dtype == DType::F32;
    let tolerance = if single { SINGLE } else { DOUBLE };
    let (rtol, atol) = (or(options.rtol, tolerance), or(options.atol, tolerance));
    let max_steps = if options.max_steps > 0 { options.max_steps } else { 100_000 };
    let mut all: Args = args.into();
    all[1] = Array::from(0.0);
    let mut slope = Slope { cx, f, args: all, shape: shape.clone(), dtype };
    let mut y = y0.elements::<f64>().to_vec();
    let mut rows = y.clone();
    let mut k: [Vec<f64>; 7] = std::array::from_fn(|_| vec![0.0; n]);
    let (mut new, mut stage) = (vec![0.0; n], vec![0.0; n]);
    let (mut t, end) = (times[0], times[times.len() - 1]);
    let sign = if end >= t { 1.0 } else { -1.0 };
    let mut next = 1;
    while next < times.len() && times[next] == t {
        rows.extend_from_slice(&y);
        next += 1;
    }
    if next < times.len() {
        slope.at(&y, t, &mut k[0])?;
    }
    let mut h = if next < times.len() && options.first_step <= 0.0 {
        first_step(&mut slope, &y, t, sign, (end - t).abs(), &k[0], rtol, atol)?
    } else {
        options.first_step
    };
    let largest = or(options.max_step, f64::INFINITY);
    let (mut steps, mut rejected) = (0, false);
    while next < times.len() {
        h = h.min(largest).min((end - t).abs());
        let least = 10.0 * f64::EPSILON * t.abs().max(end.abs());
        if h.is_nan() || h <= least {
            return Err(Error::value(format!(
                "the step size became too small at t = {t}: the solution may have a singularity there, or be too stiff \
                 for this method"
            )));
        }
        steps += 1;
        if steps > max_steps {
            return Err(Error::value(format!("{max_steps} steps led from t = {} to {t} only, not to {end}", times[0])));
        }
        let step = sign * h;
        for i in 1..7 {
            let (done, rest) = k.split_at_mut(i);
            for (j, s) in stage.iter_mut().enumerate() {
                *s = y[j] + step * done.iter().zip(&A[i]).map(|(k, a)| a * k[j]).sum::<f64>();
            }
            slope.at(&stage, t + C[i] * step, &mut rest[0])?;
        }
        // The last stage is the solution at the end of the step.
        new.copy_from_slice(&stage);
        let error = (0..n).map(|j| step * (0..7).map(|i| E[i] * k[i][j]).sum::<f64>());
        let scale = y.iter().zip(&new).map(|(a, b)| atol + rtol * a.abs().max(b.abs()));
        let size = norm(error, scale, n);
        if size.is_nan() || size > 1.0 {
            h *= if size.is_finite() { (0.9 * size.powf(-0.2)).max(0.2) } else { 0.2 };
            rejected = true;
            continue;
        }
        let reached = if h == (end - t).abs() { end } else { t + step };
        while next < times.len() && sign * times[next] <= sign * reached {
            let theta = if times[next] == reached { 1.0 } else { (times[next] - t) / step };
            rows.extend((0..n).map(|j| {
                let difference = new[j] - y[j];
                let first = step * k[0][j] - difference;
                let second = difference - step * k[6][j] - first;
                let third = step * (0..7).map(|i| D[i] * k[i][j]).sum::<f64>();
                let rest = 1.0 - theta;
                y[j] + theta * (difference + rest * (first + theta * (second + rest * third)))
            }));
            next += 1;
        }
        t = reached;
        std::mem::swap(&mut y, &mut new);
        let (first, rest) = k.split_at_mut(1);
        std::mem::swap(&mut first[0], &mut rest[5]);
        let grow = if size == 0.0 { 10.0 } else { (0.9 * size.powf(-0.2)).clamp(0.2, 10.0) };
        h *= if rejected { grow.min(1.0) } else { grow };
        rejected = false;
    }
    let mut to = Shape::from_slice(&[times.len()]);
    to.extend(shape.iter().copied());
    let found = cx.engine.build::<f64>(&to, |d| d.copy_from_slice(&rows))?;
    Ok(astype(cx, &found.into(), dtype))
}

/// A first step with about the right error (Hairer, Norsett, Wanner, section II.4).
#[expect(clippy::too_many_arguments, reason = "what a problem is made of")]
fn first_step(
    slope: &mut Slope<'_>,
    y: &[f64],
    t: f64,
    sign: f64,
    span: f64,
    k: &[f64],
    rtol: f64,
    atol: f64,
) -> Result<f64> {
    let n = y.len();
    let scale = || y.iter().map(|y| atol + rtol * y.abs());
    let (d0, d1) = (norm(y.iter().copied(), scale(), n), norm(k.iter().copied(), scale(), n));
    let h0 = if d0 < 1e-5 || d1 < 1e-5 { 1e-6 } else { 0.01 * d0 / d1 }.min(span);
    let moved: Vec<f64> = y.iter().zip(k).map(|(y, k)| y + sign * h0 * k).collect();
    let mut after = vec![0.0; n];
    slope.at(&moved, t + sign * h0, &mut after)?;
    let d2 = norm(after.iter().zip(k).map(|(a, k)| a - k), scale(), n) / h0;
    let most = d1.max(d2);
    let h1 = if most <= 1e-15 { (h0 * 1e-3).max(1e-6) } else { (0.01 / most).powf(0.2) };
    let h = (100.0 * h0).min(h1).min(span);
    Ok(if h.is_finite() && h > 0.0 { h } else { span.min(1e-6) })
}
