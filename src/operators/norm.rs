//! The length of a vector of numbers, for criteria: no square in it over- or underflows. (The length of an array that is
//! to be differentiated is `tree::leaves::norm`.)

/// The root of the sum of squares, of any finite numbers that have one.
pub fn length(x: &[f64]) -> f64 {
    length_of(x.iter().copied())
}

fn length_of(x: impl Iterator<Item = f64> + Clone) -> f64 {
    /// Squares whose sum lies between these have lost nothing that matters.
    const SAFE: std::ops::Range<f64> = 1e-270..1e300;
    let plain: f64 = x.clone().map(|x| x * x).sum();
    if SAFE.contains(&plain) || plain.is_nan() {
        return plain.sqrt();
    }
    let largest = x.clone().fold(0.0f64, |m, x| m.max(x.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * x.map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt()
}

/// Whether a step is no longer than `tolerance * (1 + |x|)`. Lengths of finite numbers may be beyond the largest one; the
/// two are compared in a smaller unit then, since everything is small beside an infinite length.
pub fn is_short(step: &[f64], x: &[f64], tolerance: f64) -> bool {
    let (step_length, x_length) = (length(step), length(x));
    if step_length.is_finite() && x_length.is_finite() {
        return step_length <= tolerance * (1.0 + x_length);
    }
    let unit = 2f64.powi(-600);
    let shrunk = |x: &[f64]| length_of(x.iter().map(|x| x * unit));
    let step_length = shrunk(step);
    step_length.is_finite() && step_length <= tolerance * (unit + shrunk(x))
}

#[cfg(test)]
mod tests {
    use super::{is_short, length};

    #[test]
    fn steps_beside_lengths_beyond_the_largest_number() {
        let x = [1.5e308; 3];
        assert!(!is_short(&[1e308; 3], &x, 1e-8));
        assert!(is_short(&[1e299; 3], &x, 1e-8));
        assert!(!is_short(&[f64::INFINITY, 0.0, 0.0], &x, 1e-8));
        assert!(!is_short(&[f64::NAN, 0.0, 0.0], &x, 1e-8));
        assert!(is_short(&[1e-9], &[0.0], 1e-8) && !is_short(&[1e-7], &[0.0], 1e-8));
    }

    #[test]
    fn lengths_of_any_size() {
        for scale in [1.0, 1e-200, 1e-300, 1e200, 1e307] {
            let found = length(&[3.0 * scale, -4.0 * scale]);
            assert!((found / (5.0 * scale) - 1.0).abs() < 1e-15, "{found} at {scale}");
        }
        assert_eq!(length(&[]), 0.0);
        assert_eq!(length(&[0.0, -0.0]), 0.0);
        assert_eq!(length(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        for nan in [[f64::INFINITY, f64::NAN, 1.0], [f64::NAN, 0.0, 0.0], [0.0, f64::NAN, 1e-200]] {
            assert!(length(&nan).is_nan());
        }
    }
}
