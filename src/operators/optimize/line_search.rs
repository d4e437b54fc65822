//! A step length that satisfies the strong Wolfe conditions: J. Nocedal, S. Wright, Numerical Optimization (2006),
//! algorithms 3.5 and 3.6, with cubic interpolation (equation 3.59) kept inside of the bracket.
//!
//! At a kink no slope is ever small. There a step will do that satisfies the weak conditions, on the far side of the kink:
//! the change of the gradient across it tells the next direction more than any step before it (A. Lewis, M. Overton,
//! Nonsmooth optimization via quasi-Newton methods, 2013).

use crate::error::Result;

/// Value and slope at a step length.
#[derive(Clone, Copy, Debug)]
struct Trial {
    step: f64,
    value: f64,
    slope: f64,
}

/// What is asked of a step.
pub struct Wolfe {
    /// The decrease expected of the first derivative's.
    pub c1: f64,
    /// What is left of the slope.
    pub c2: f64,
    /// The longest step allowed.
    pub longest: f64,
    pub trials: usize,
}

/// How the search ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// The last point evaluated will do.
    Step(f64),
    /// The same, as far as can be told: the slope there isn't small, because of a kink or of rounding.
    Nearly(f64),
    /// The value falls as far as one may look; the last point evaluated has the least.
    Endless,
    /// None of the points; whether all of them were no numbers.
    Nothing { undefined: bool },
}

/// Looks for a step. `evaluate` returns value and slope at a step length; the caller keeps what belongs to the last
/// one. A value that isn't finite is a step too long.
pub fn line_search(
    wolfe: &Wolfe,
    value: f64,
    slope: f64,
    first: f64,
    mut evaluate: impl FnMut(f64) -> Result<(f64, f64)>,
) -> Result<Found> {
    let start = Trial { step: 0.0, value, slope };
    let mut undefined = true;
    let mut left = wolfe.trials;
    let mut last = f64::NAN;
    let bottomless = std::cell::Cell::new(false);
    let mut at = |step: f64, left: &mut usize, undefined: &mut bool, last: &mut f64| -> Result<Trial> {
        *left -= 1;
        let (value, slope) = evaluate(step)?;
        bottomless.set(value == f64::NEG_INFINITY);
        let finite = value.is_finite() && slope.is_finite();
        *undefined &= !finite;
        *last = step;
        Ok(Trial {
            step,
            value: if finite { value } else { f64::INFINITY },
            slope: if finite { slope } else { f64::NAN },
        })
    };
    let decreased = |t: &Trial| t.value <= value + wolfe.c1 * t.step * slope;
    let flat = |t: &Trial| t.slope.abs() <= -wolfe.c2 * slope;

    // Algorithm 3.5: a bracket, or a step on the way to it.
    let (mut before, mut step) = (start, first.min(wolfe.longest));
    let (mut low, mut high);
    // The best point that satisfies the weak conditions.
    let mut weak: Option<Trial> = None;
    let mut note = |t: &Trial| {
        if decreased(t) && t.slope >= wolfe.c2 * slope && weak.is_none_or(|w| t.value < w.value) {
            weak = Some(*t);
        }
    };
    loop {
        if left == 0 || !step.is_finite() {
            return Ok(if before.step > 0.0 { Found::Endless } else { Found::Nothing { undefined } });
        }
        let here = at(step, &mut left, &mut undefined, &mut last)?;
        if bottomless.get() {
            // As far as the last value that is a number.
            if before.step > 0.0 {
                at(before.step, &mut 1, &mut undefined, &mut last)?;
                return Ok(Found::Endless);
            }
            return Ok(Found::Nothing { undefined: false });
        }
        note(&here);
        if !decreased(&here) || before.step > 0.0 && here.value >= before.value {
            (low, high) = (before, here);
            break;
        }
        if flat(&here) {
            return Ok(Found::Step(step));
        }
        if here.slope >= 0.0 {
            (low, high) = (here, before);
            break;
        }
        if step >= wolfe.longest {
            return Ok(Found::Step(step));
        }
        // As far as the cubic through both points suggests, but at least twice and at most ten times.
        let guess = minimum_of_cubic(&before, &here).unwrap_or(f64::INFINITY);
        (before, step) = (here, guess.clamp(2.0 * step, 10.0 * step).min(wolfe.longest));
    }

    // Algorithm 3.6: the bracket shrinks.
    let mut width = (high.step - low.step).abs();
    while left > 0 {
        let span = high.step - low.step;
        if span.abs() <= 1e-15 * high.step.abs().max(low.step.abs()) {
            break;
        }
        let inside = |t: f64| (t - low.step) / span;
        let step = minimum_of_cubic(&low, &high)
            .filter(|&t| high.value.is_finite() && (0.1..=0.9).contains(&inside(t)))
            .unwrap_or(low.step + if high.value.is_finite() { 0.5 } else { 0.1 } * span);
        let here = at(step, &mut left, &mut undefined, &mut last)?;
        note(&here);
        if !decreased(&here) || here.value >= low.value {
            high = here;
        } else {
            if flat(&here) {
                return Ok(Found::Step(step));
            }
            if here.slope * span >= 0.0 {
                high = low;
            }
            low = here;
        }
        let shrunk = (high.step - low.step).abs();
        // Where rounding hides the slope, a decrease has to do.
        if shrunk > 0.99 * width && left < wolfe.trials / 2 {
            break;
        }
        width = shrunk;
    }
    let other = if low.step > 0.0 && decreased(&low) { Some(low) } else { None };
    if let Some(end) = weak.or(other) {
        if last != end.step {
            at(end.step, &mut 1, &mut undefined, &mut last)?;
        }
        return Ok(Found::Nearly(end.step));
    }
    Ok(Found::Nothing { undefined })
}

/// The minimizer of the cubic with these values and slopes (equation 3.59).
fn minimum_of_cubic(a: &Trial, b: &Trial) -> Option<f64> {
    let d1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.step - b.step);
    let d2 = (b.step - a.step).signum() * (d1 * d1 - a.slope * b.slope).sqrt();
    let step = b.step - (b.step - a.step) * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    step.is_finite().then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps on functions with minima near and far satisfy both conditions.
    #[test]
    fn kinks_and_abysses() {
        let wolfe = Wolfe { c1: 1e-4, c2: 0.9, longest: 1e300, trials: 40 };
        let kink =
            line_search(&wolfe, 2.0, -1.0, 1.0, |a| Ok(((a - 2.0).abs(), if a < 2.0 { -1.0 } else { 1.0 }))).unwrap();
        let Found::Nearly(step) = kink else { panic!("{kink:?}") };
        assert!((2.0..2.1).contains(&step), "{step}");
        let mut last = 0.0;
        let down = |a: f64, last: &mut f64| {
            *last = a;
            Ok((-a, -1.0))
        };
        assert_eq!(line_search(&wolfe, 0.0, -1.0, 1.0, |a| down(a, &mut last)).unwrap(), Found::Endless);
        assert!(last > 1e6);
        // Down to minus infinity: the last number.
        let fall = line_search(&wolfe, -1.0, -1.0, 1.0, |a| {
            last = a;
            Ok((-a.exp(), -a.exp()))
        });
        assert_eq!(fall.unwrap(), Found::Endless);
        assert!((1.0..710.0).contains(&last), "{last}");
    }

    #[test]
    fn strong_wolfe_conditions_hold() {
        type Function = fn(f64) -> (f64, f64);
        // From More and Thuente, Line search algorithms with guaranteed sufficient decrease (1994), section 5, and
        // others.
        let functions: [Function; 4] = [
            |a| (-a / (a * a + 2.0), (a * a - 2.0) / (a * a + 2.0).powi(2)),
            |a| {
                let b = a + 0.004;
                (b.powi(5) - 2.0 * b.powi(4), 5.0 * b.powi(4) - 8.0 * b.powi(3))
            },
            |a| ((a - 3.0).powi(2), 2.0 * (a - 3.0)),
            // Undefined from 1 on.
            |a| (-(a * 2.0) - (1.0 - a).ln(), -2.0 + 1.0 / (1.0 - a)),
        ];
        for (k, f) in functions.iter().enumerate() {
            let (value, slope) = f(0.0);
            for first in [1e-3, 0.1, 1.0, 10.0, 1e3] {
                let wolfe = Wolfe { c1: 1e-4, c2: 0.4, longest: 1e10, trials: 60 };
                let mut seen = f64::NAN;
                let found = line_search(&wolfe, value, slope, first, |a| {
                    seen = a;
                    Ok(f(a))
                });
                let Ok(Found::Step(a)) = found else { panic!("function {k} from {first}: {found:?}") };
                let (v, s) = f(a);
                assert_eq!(a, seen);
                assert!(v <= value + 1e-4 * a * slope && s.abs() <= -0.4 * slope, "function {k} from {first}: {a}");
            }
        }
    }
}
