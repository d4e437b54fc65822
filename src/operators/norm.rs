//! The length of a vector of numbers, for criteria: no square in it over- or underflows. (The length of an array that is
//! to be differentiated is `tree::leaves::norm`.)

/// The root of the sum of squares, of any finite numbers that have one.
pub fn length(x: &[f64]) -> f64 {
    /// Squares whose sum lies between these have lost nothing that matters.
    const SAFE: std::ops::Range<f64> = 1e-270..1e300;
    let plain: f64 = x.iter().map(|x| x * x).sum();
    if SAFE.contains(&plain) {
        return plain.sqrt();
    }
    let largest = x.iter().fold(0.0f64, |m, x| if x.is_nan() { f64::NAN } else { m.max(x.abs()) });
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * x.iter().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths_of_any_size() {
        for scale in [1.0, 1e-200, 1e-300, 1e200, 1e307] {
            let found = length(&[3.0 * scale, -4.0 * scale]);
            assert!((found / (5.0 * scale) - 1.0).abs() < 1e-15, "{found} at {scale}");
        }
        assert_eq!(length(&[]), 0.0);
        assert_eq!(length(&[0.0, -0.0]), 0.0);
        assert_eq!(length(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(length(&[f64::INFINITY, f64::NAN, 1.0]).is_nan());
    }
}
