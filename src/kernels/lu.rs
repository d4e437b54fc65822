//! Small dense systems: Gaussian elimination with partial pivoting (G. H. Golub, C. F. Van Loan, Matrix Computations, 4th
//! edition, algorithm 3.4.1).

/// Solves `a x = b` for `n` unknowns; `a` (row-major) is overwritten by its factors and `b` by the solution. `false` if a pivot
/// is 0 or not finite.
pub fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    assert_eq!(a.len(), n * n);
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
        let p = a[pivot * n + k];
        if p == 0.0 || !p.is_finite() {
            return false;
        }
        if pivot != k {
            for j in k..n {
                a.swap(k * n + j, pivot * n + j);
            }
            b.swap(k, pivot);
        }
        let (above, below) = a.split_at_mut((k + 1) * n);
        let row = &above[k * n..];
        for (i, line) in below.chunks_exact_mut(n).enumerate() {
            let factor = line[k] / p;
            if factor != 0.0 {
                line[k + 1..].iter_mut().zip(&row[k + 1..]).for_each(|(x, &y)| *x -= factor * y);
                b[k + 1 + i] -= factor * b[k];
            }
        }
    }
    for k in (0..n).rev() {
        let sum: f64 = (k + 1..n).map(|j| a[k * n + j] * b[j]).sum();
        b[k] = (b[k] - sum) / a[k * n + k];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_satisfy_their_systems() {
        for n in [0, 1, 2, 5, 30] {
            let matrix: Vec<f64> = (0..n * n).map(|i| ((i * i + 1) as f64 * 0.37).sin()).collect();
            let want: Vec<f64> = (0..n).map(|i| (i as f64 * 0.73).cos()).collect();
            let mut b: Vec<f64> = (0..n).map(|i| (0..n).map(|j| matrix[i * n + j] * want[j]).sum()).collect();
            assert!(solve(&mut matrix.clone(), &mut b));
            assert!(b.iter().zip(&want).all(|(x, y)| (x - y).abs() < 1e-10), "{n}: {b:?}");
        }
        assert!(!solve(&mut [1.0, 2.0, 2.0, 4.0], &mut [1.0, 1.0]));
        assert!(!solve(&mut [f64::NAN], &mut [1.0]));
        // The first pivot is 0 where it stands.
        let mut b = [2.0, 3.0];
        assert!(solve(&mut [0.0, 1.0, 1.0, 0.0], &mut b));
        assert_eq!(b, [3.0, 2.0]);
    }
}
