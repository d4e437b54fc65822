//! Newton's method with conjugate gradients: J. Nocedal, S. Wright, Numerical Optimization (2006), algorithm 7.1, with
//! the forcing sequence, the treatment of negative curvature and the stopping rule of SciPy's `Newton-CG`. Products
//! with the Hessian are exact: the gradient is recorded once per iteration, and each product is a sweep.

use super::line_search::{Found, Wolfe, line_search};
use super::{Callback, Outcome, Problem, Status, add_scaled, dot, norm, not_a_number, zeros};
use crate::error::Result;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub max_iterations: usize,
    pub max_evaluations: usize,
    /// The mean change of the variables in a step.
    pub xtol: f64,
    /// The largest element of the gradient; 0 leaves it to `xtol`.
    pub gtol: f64,
}

/// Minimizes from `x` on, which is the minimizer in the end.
pub fn minimize(
    problem: &mut Problem<'_>,
    x: &mut [f64],
    options: &Options,
    mut callback: Option<&mut Callback<'_>>,
) -> Result<Outcome> {
    let n = problem.n;
    let [mut g, mut p, mut r, mut d, mut hd, mut trial, mut g_trial] =
        [zeros(n)?, zeros(n)?, zeros(n)?, zeros(n)?, zeros(n)?, zeros(n)?, zeros(n)?];
    let mut value = problem.value_and_grad(x, &mut g)?;
    for k in 0.. {
        let size = norm(&g);
        if value.is_nan() || size.is_nan() {
            return Err(not_a_number(k));
        }
        let done = |status| Ok(problem.outcome(status, k, value, size));
        if g.iter().fold(0.0, |m: f64, g| m.max(g.abs())) <= options.gtol {
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

        // Conjugate gradients on H p = -g, as exactly as the gradient is small.
        let total: f64 = g.iter().map(|g| g.abs()).sum();
        let enough = total.sqrt().min(0.5) * total;
        let hessian = problem.hessian(x)?;
        p.fill(0.0);
        r.copy_from_slice(&g);
        d.iter_mut().zip(&g).for_each(|(d, g)| *d = -g);
        let mut rr = dot(&r, &r);
        let mut solved = Ok(());
        for i in 0..20 * n {
            if r.iter().map(|r| r.abs()).sum::<f64>() <= enough {
                break;
            }
            solved = problem.product(&hessian, &d, &mut hd);
            if solved.is_err() {
                break;
            }
            let curvature = dot(&d, &hd);
            if (0.0..=3.0 * f64::EPSILON).contains(&curvature) {
                break;
            }
            if curvature < 0.0 {
                if i == 0 {
                    // The direction of steepest descent, with the length that the curvature suggests.
                    p.iter_mut().zip(&d).for_each(|(p, d)| *p = rr / -curvature * d);
                }
                break;
            }
            let length = rr / curvature;
            add_scaled(&mut p, length, &d);
            add_scaled(&mut r, length, &hd);
            let new = dot(&r, &r);
            d.iter_mut().zip(&r).for_each(|(d, r)| *d = new / rr * *d - r);
            rr = new;
        }
        problem.close(hessian);
        solved?;

        let mut slope = dot(&g, &p);
        if slope.is_nan() || slope >= 0.0 && size > 0.0 {
            // Nothing came of it: steepest descent.
            p.iter_mut().zip(&g).for_each(|(p, g)| *p = -g);
            slope = -size * size;
        }
        if slope == 0.0 {
            return Ok(problem.outcome(Status::Change, k, value, size));
        }
        let wolfe = Wolfe { c1: 1e-4, c2: 0.9, longest: f64::MAX, trials: 50 };
        let mut at = value;
        let found = line_search(&wolfe, value, slope, 1.0, |step| {
            trial.iter_mut().zip(x.iter().zip(&p)).for_each(|(t, (x, p))| *t = x + step * p);
            at = problem.value_and_grad(&trial, &mut g_trial)?;
            Ok((at, dot(&g_trial, &p)))
        })?;
        let step = match found {
            Found::Step(step) | Found::Nearly(step) => step,
            Found::Endless => {
                x.copy_from_slice(&trial);
                return Ok(problem.outcome(Status::Unbounded, k + 1, at, norm(&g_trial)));
            }
            Found::Nothing { undefined: true } => return Err(not_a_number(k + 1)),
            Found::Nothing { .. } => return Ok(problem.outcome(Status::LineSearch, k, value, size)),
        };
        x.copy_from_slice(&trial);
        std::mem::swap(&mut g, &mut g_trial);
        value = at;
        if step * p.iter().map(|p| p.abs()).sum::<f64>() <= options.xtol * n as f64 {
            return Ok(problem.outcome(Status::Change, k + 1, value, norm(&g)));
        }
    }
    unreachable!("the loop ends inside")
}
