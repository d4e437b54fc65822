//! L-BFGS, with bounds if there are any.
//!
//! Without bounds the direction is the two-loop recursion (J. Nocedal, S. Wright, Numerical Optimization, 2006,
//! algorithm 7.4). With bounds it is that of L-BFGS-B (R. Byrd, P. Lu, J. Nocedal, C. Zhu, A limited memory algorithm
//! for bound constrained optimization, 1995): along the projected gradient to the first minimum of the quadratic model
//! (algorithm CP), which tells the variables at their bounds; then the minimum of the model over the others (the
//! direct primal method), projected to the bounds (J. Morales, J. Nocedal, 2011). The model's matrix is theta I - W M
//! W', with W the last steps and changes of the gradient side by side, and M a small matrix. Step lengths satisfy the
//! strong Wolfe conditions. Stopping rules and defaults are those of SciPy's `L-BFGS-B`.

use super::line_search::{Found, Wolfe, line_search};
use super::{Callback, Outcome, Problem, Status, add_scaled, dot, norm, not_a_number, zeros};
use crate::error::{Error, Result};
use crate::kernels::memory::{collected, repeated, try_push, with_room};

/// How far to look back, and when to stop.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Steps kept.
    pub memory: usize,
    pub max_iterations: usize,
    pub max_evaluations: usize,
    /// Points of a line search.
    pub max_line_search: usize,
    /// The relative decrease of the value in a step.
    pub ftol: f64,
    /// The largest element of the projected gradient.
    pub gtol: f64,
}

/// The last steps and changes of the gradient.
struct History {
    /// The most that is kept.
    most: usize,
    s: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    /// s'y of each.
    sy: Vec<f64>,
    theta: f64,
    /// The matrix M of the compact form, row by row; of twice as many rows as there are steps.
    m: Vec<f64>,
    alphas: Vec<f64>,
}

impl History {
    fn new(most: usize) -> Result<History> {
        let (s, y, sy) = (Vec::new(), Vec::new(), Vec::new());
        Ok(History { most, s, y, sy, theta: 1.0, m: Vec::new(), alphas: zeros(most)? })
    }

    fn len(&self) -> usize {
        self.s.len()
    }

    fn clear(&mut self) {
        self.s.clear();
        self.y.clear();
        self.sy.clear();
        self.m.clear();
        self.theta = 1.0;
    }

    /// Takes in x1 - x0 and g1 - g0, if their curvature is that of a minimum.
    fn push(&mut self, x1: &[f64], x0: &[f64], g1: &[f64], g0: &[f64], compact: bool) -> Result<()> {
        let (mut s, mut y) = if self.len() == self.most {
            self.sy.remove(0);
            (self.s.remove(0), self.y.remove(0))
        } else {
            (zeros(x1.len())?, zeros(x1.len())?)
        };
        s.iter_mut().zip(x1.iter().zip(x0)).for_each(|(s, (a, b))| *s = a - b);
        y.iter_mut().zip(g1.iter().zip(g0)).for_each(|(y, (a, b))| *y = a - b);
        let (sy, yy) = (dot(&s, &y), dot(&y, &y));
        if sy > f64::EPSILON * yy {
            let full = || Error::too_many(self.most);
            try_push(&mut self.s, s).map_err(|_| full())?;
            try_push(&mut self.y, y).map_err(|_| full())?;
            try_push(&mut self.sy, sy).map_err(|_| full())?;
            self.theta = yy / sy;
        }
        if compact { self.compact() } else { Ok(()) }
    }

    /// d = -H g by the two-loop recursion.
    fn direction(&mut self, g: &[f64], d: &mut [f64]) {
        d.iter_mut().zip(g).for_each(|(d, g)| *d = -g);
        for i in (0..self.len()).rev() {
            self.alphas[i] = dot(&self.s[i], d) / self.sy[i];
            add_scaled(d, -self.alphas[i], &self.y[i]);
        }
        d.iter_mut().for_each(|d| *d /= self.theta);
        for i in 0..self.len() {
            let beta = dot(&self.y[i], d) / self.sy[i];
            add_scaled(d, self.alphas[i] - beta, &self.s[i]);
        }
    }

    /// M = [-D L'; L theta S'S]^-1, equation 3.4 of Byrd et al.
    fn compact(&mut self) -> Result<()> {
        let k = self.len();
        let n = 2 * k;
        let (mut inverse, mut unit) = (zeros(n * n)?, zeros(n * n)?);
        for i in 0..k {
            inverse[i * n + i] = -self.sy[i];
            for j in 0..i {
                // L: products of later steps with earlier changes.
                let l = dot(&self.s[i], &self.y[j]);
                inverse[(k + i) * n + j] = l;
                inverse[j * n + k + i] = l;
            }
            for j in 0..=i {
                let ss = self.theta * dot(&self.s[i], &self.s[j]);
                inverse[(k + i) * n + k + j] = ss;
                inverse[(k + j) * n + k + i] = ss;
            }
        }
        (0..n).for_each(|i| unit[i * n + i] = 1.0);
        if solve(&mut inverse, n, &mut unit, n) {
            self.m = unit;
        } else {
            self.clear();
        }
        Ok(())
    }

    /// Row `i` of W = [Y, theta S].
    fn row(&self, i: usize, w: &mut [f64]) {
        let k = self.len();
        for j in 0..k {
            w[j] = self.y[j][i];
            w[k + j] = self.theta * self.s[j][i];
        }
    }

    /// W'v.
    fn transposed(&self, v: &[f64], out: &mut [f64]) {
        let k = self.len();
        for j in 0..k {
            out[j] = dot(&self.y[j], v);
            out[k + j] = self.theta * dot(&self.s[j], v);
        }
    }

    /// M v.
    fn times_m(&self, v: &[f64], out: &mut [f64]) {
        let n = 2 * self.len();
        out.iter_mut().enumerate().for_each(|(i, out)| *out = dot(&self.m[i * n..(i + 1) * n], v));
    }
}

/// Solves a (n by n) X = b (n by `columns`) with partial pivoting; the solution is in `b`. False if `a` is singular.
fn solve(a: &mut [f64], n: usize, b: &mut [f64], columns: usize) -> bool {
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
        let top = a[pivot * n + k];
        if top == 0.0 || !top.is_finite() {
            return false;
        }
        if pivot != k {
            (0..n).for_each(|j| a.swap(pivot * n + j, k * n + j));
            (0..columns).for_each(|j| b.swap(pivot * columns + j, k * columns + j));
        }
        for i in (0..n).filter(|&i| i != k) {
            let factor = a[i * n + k] / a[k * n + k];
            if factor != 0.0 {
                (k..n).for_each(|j| a[i * n + j] -= factor * a[k * n + j]);
                (0..columns).for_each(|j| b[i * columns + j] -= factor * b[k * columns + j]);
            }
        }
    }
    for i in 0..n {
        (0..columns).for_each(|j| b[i * columns + j] /= a[i * n + i]);
    }
    b.iter().all(|x| x.is_finite())
}

/// Lower and upper bounds; infinite where there are none.
pub struct Bounds<'b> {
    pub lower: &'b [f64],
    pub upper: &'b [f64],
}

impl Bounds<'_> {
    fn clamp(&self, i: usize, x: f64) -> f64 {
        x.max(self.lower[i]).min(self.upper[i])
    }

    /// The element of the gradient that is left where the bounds forbid to follow it.
    fn projected(&self, i: usize, x: f64, g: f64) -> f64 {
        x - self.clamp(i, x - g)
    }

    /// How far from `x` along `d` one may go.
    fn room(&self, x: &[f64], d: &[f64]) -> f64 {
        let mut longest = f64::INFINITY;
        for i in 0..x.len() {
            let to = if d[i] > 0.0 { self.upper[i] } else { self.lower[i] };
            if d[i] != 0.0 && to.is_finite() {
                longest = f64::min(longest, ((to - x[i]) / d[i]).max(0.0));
            }
        }
        longest
    }
}

/// The direction of L-BFGS-B at `x`; false if the small systems cannot be solved.
fn bounded_direction(h: &History, b: &Bounds<'_>, x: &[f64], g: &[f64], d: &mut [f64]) -> Result<bool> {
    let (n, k2) = (x.len(), 2 * h.len());
    // Algorithm CP. In `d` the direction of the path, in `cauchy` the point.
    let mut times: Vec<(f64, usize)> = with_room(n)?;
    for i in 0..n {
        let bound = if g[i] < 0.0 { b.upper[i] } else { b.lower[i] };
        let t = if g[i] == 0.0 { f64::INFINITY } else { (x[i] - bound) / g[i] };
        d[i] = if t <= 0.0 { 0.0 } else { -g[i] };
        if t > 0.0 && t.is_finite() {
            times.push((t, i));
        }
    }
    times.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut cauchy = zeros(n)?;
    cauchy.copy_from_slice(x);
    let [mut p, mut c, mut w, mut m, mut mw] = [zeros(k2)?, zeros(k2)?, zeros(k2)?, zeros(k2)?, zeros(k2)?];
    h.transposed(d, &mut p);
    let mut slope = -dot(d, d);
    h.times_m(&p, &mut m);
    let mut curvature = -h.theta * slope - dot(&p, &m);
    let smallest = f64::EPSILON * curvature.abs();
    let (mut reached, mut fixed) = (0.0, repeated(false, n)?);
    for i in (0..n).filter(|&i| d[i] == 0.0 && g[i] != 0.0) {
        fixed[i] = true;
    }
    let mut step = -slope / curvature;
    for &(t, i) in &times {
        let span = t - reached;
        if step < span {
            break;
        }
        cauchy[i] = if d[i] > 0.0 { b.upper[i] } else { b.lower[i] };
        fixed[i] = true;
        let z = cauchy[i] - x[i];
        add_scaled(&mut c, span, &p);
        h.row(i, &mut w);
        h.times_m(&w, &mut mw);
        slope += span * curvature + g[i] * g[i] + h.theta * g[i] * z - g[i] * dot(&mw, &c);
        curvature -= h.theta * g[i] * g[i] + 2.0 * g[i] * dot(&mw, &p) + g[i] * g[i] * dot(&mw, &w);
        curvature = curvature.max(smallest);
        add_scaled(&mut p, g[i], &w);
        d[i] = 0.0;
        step = -slope / curvature;
        reached = t;
    }
    let step = if slope < 0.0 { step.max(0.0) } else { 0.0 };
    if step.is_finite() {
        for i in (0..n).filter(|&i| !fixed[i]) {
            cauchy[i] = b.clamp(i, x[i] + (reached + step) * d[i]);
        }
        add_scaled(&mut c, step, &p);
    }

    // The minimum over the free variables: r is the model's gradient at the Cauchy point.
    let mut free: Vec<usize> = with_room(n)?;
    free.extend((0..n).filter(|&i| !fixed[i] && b.lower[i] < b.upper[i]));
    d.iter_mut().zip(cauchy.iter().zip(x)).for_each(|(d, (c, x))| *d = c - x);
    if k2 == 0 || free.is_empty() {
        return Ok(true);
    }
    // In `m` first M c, then what M is multiplied with.
    h.times_m(&c, &mut m);
    let [mut r, mut v, mut wtw] = [zeros(free.len())?, zeros(k2)?, zeros(k2 * k2)?];
    for (r, &i) in r.iter_mut().zip(&free) {
        h.row(i, &mut w);
        *r = g[i] + h.theta * (cauchy[i] - x[i]) - dot(&w, &m);
        add_scaled(&mut v, *r, &w);
        for a in 0..k2 {
            add_scaled(&mut wtw[a * k2..(a + 1) * k2], w[a], &w);
        }
    }
    m.copy_from_slice(&v);
    h.times_m(&m, &mut v);
    // I - M W'W / theta over the free variables.
    let mut system = zeros(k2 * k2)?;
    for a in 0..k2 {
        for j in 0..k2 {
            let product: f64 = (0..k2).map(|e| h.m[a * k2 + e] * wtw[e * k2 + j]).sum();
            system[a * k2 + j] = f64::from(u8::from(a == j)) - product / h.theta;
        }
    }
    if !solve(&mut system, k2, &mut v, 1) {
        return Ok(false);
    }
    let newton = |i: usize, r: f64, w: &mut [f64]| {
        h.row(i, w);
        -r / h.theta - dot(w, &v) / (h.theta * h.theta)
    };
    // The residuals become the steps.
    free.iter().zip(&mut r).for_each(|(&i, r)| *r = newton(i, *r, &mut w));
    let steps = r;
    for (&i, step) in free.iter().zip(&steps) {
        d[i] = b.clamp(i, cauchy[i] + step) - x[i];
    }
    if dot(d, g) >= 0.0 {
        // Projected it is no descent: as far along it as the bounds allow.
        let mut alpha = 1.0f64;
        for (&i, step) in free.iter().zip(&steps) {
            let to = if *step > 0.0 { b.upper[i] } else { b.lower[i] };
            if *step != 0.0 && to.is_finite() {
                alpha = alpha.min((to - cauchy[i]) / step);
            }
        }
        for (&i, step) in free.iter().zip(&steps) {
            d[i] = b.clamp(i, cauchy[i] + alpha * step) - x[i];
        }
    }
    Ok(true)
}

/// The search ends after this many steps in a row that change next to nothing and don't do what their direction promises.
const DOUBTS: usize = 50;

/// The length of the projected gradient.
fn projected_norm(b: &Bounds<'_>, x: &[f64], g: &[f64]) -> Result<f64> {
    Ok(norm(&collected((0..x.len()).map(|i| b.projected(i, x[i], g[i])))?))
}

/// Minimizes from `x` on, which is moved inside the bounds first, and is the minimizer in the end.
pub fn minimize(
    problem: &mut Problem<'_>,
    x: &mut [f64],
    bounds: Option<&Bounds<'_>>,
    options: &Options,
    mut callback: Option<&mut Callback<'_>>,
) -> Result<Outcome> {
    let n = problem.n;
    if let Some(b) = bounds {
        (0..n).for_each(|i| x[i] = b.clamp(i, x[i]));
    }
    let [mut g, mut d, mut trial, mut g_trial] = [zeros(n)?, zeros(n)?, zeros(n)?, zeros(n)?];
    let mut history = History::new(options.memory)?;
    let mut value = problem.value_and_grad(x, &mut g)?;
    let mut doubts = 0;
    for k in 0.. {
        let (mut largest, mut size) = (0.0f64, norm(&g));
        if value.is_nan() || size.is_nan() {
            return Err(not_a_number(k));
        }
        if let Some(b) = bounds {
            size = projected_norm(b, x, &g)?;
        }
        for i in 0..n {
            largest = largest.max(bounds.map_or(g[i], |b| b.projected(i, x[i], g[i])).abs());
        }
        let done = |status| Ok(problem.outcome(status, k, value, size));
        if largest <= options.gtol {
            return done(Status::Gradient);
        }
        if k >= options.max_iterations {
            return done(Status::Iterations);
        }
        if problem.evaluations >= options.max_evaluations {
            return done(Status::Evaluations);
        }
        if problem.ask(callback.as_deref_mut(), k, value, x, &g, size)? {
            return done(Status::Callback);
        }

        let mut at = value;
        let mut found = Found::Nothing { undefined: false };
        // A second time from the gradient alone, if what is remembered leads nowhere.
        for _ in 0..2 {
            match bounds {
                None => history.direction(&g, &mut d),
                Some(b) => {
                    if !bounded_direction(&history, b, x, &g, &mut d)? {
                        history.clear();
                        bounded_direction(&history, b, x, &g, &mut d)?;
                    }
                }
            }
            let slope = dot(&d, &g);
            if slope < 0.0 && slope.is_finite() {
                let longest = bounds.map_or(f64::MAX, |b| b.room(x, &d).min(f64::MAX));
                // Of the first direction the length means nothing, unless it leads to a minimum inside of a box.
                let first = if history.len() == 0 { (1.0 / norm(&d)).min(1.0) } else { 1.0 };
                let wolfe = Wolfe { c1: 1e-3, c2: 0.9, longest, trials: options.max_line_search };
                found = line_search(&wolfe, value, slope, first, |step| {
                    trial.iter_mut().zip(x.iter().zip(&d)).for_each(|(t, (x, d))| *t = x + step * d);
                    if let Some(b) = bounds {
                        (0..n).for_each(|i| trial[i] = b.clamp(i, trial[i]));
                    }
                    at = problem.value_and_grad(&trial, &mut g_trial)?;
                    Ok((at, dot(&g_trial, &d)))
                })?;
            }
            if !matches!(found, Found::Nothing { .. }) || history.len() == 0 {
                break;
            }
            history.clear();
        }
        match found {
            Found::Step(_) | Found::Nearly(_) => {}
            Found::Endless => {
                x.copy_from_slice(&trial);
                return Ok(problem.outcome(Status::Unbounded, k + 1, at, norm(&g_trial)));
            }
            Found::Nothing { undefined: true } => return Err(not_a_number(k + 1)),
            Found::Nothing { .. } => return Ok(problem.outcome(Status::LineSearch, k, value, size)),
        }
        history.push(&trial, x, &g_trial, &g, bounds.is_some())?;
        let decrease = (value - at) / value.abs().max(at.abs()).max(1.0);
        x.copy_from_slice(&trial);
        std::mem::swap(&mut g, &mut g_trial);
        value = at;
        let small = decrease <= options.ftol;
        // Beside a kink a step may be short although its direction promises more: that is no convergence.
        let promise = -dot(&d, &g_trial) / value.abs().max(1.0);
        if small && promise > 100.0 * options.ftol.max(f64::EPSILON) {
            doubts += 1;
            if doubts == DOUBTS {
                return Ok(problem.outcome(Status::LineSearch, k + 1, value, norm(&g)));
            }
            continue;
        }
        doubts = 0;
        if small {
            let size = bounds.map_or_else(|| Ok(norm(&g)), |b| projected_norm(b, x, &g))?;
            return Ok(problem.outcome(Status::Change, k + 1, value, size));
        }
    }
    unreachable!("the loop ends inside")
}
