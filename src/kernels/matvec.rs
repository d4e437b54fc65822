//! Products of a matrix and a vector: the matrix is read once, as it lies in memory.
//!
//! With its rows side by side, four rows at a time are multiplied with the vector and added up. With its columns side
//! by side, the result stays in registers while column after column, times its element of the vector, is added to it.
//! A matrix of two to four columns (or rows, transposed) is shorter than a register in that direction, so several of its rows
//! are taken together, as they lie.

use super::math::dispatch::dispatch;
use super::math::{Level, level};
use super::matmul::Matrix;
use super::vector::Vector;
use crate::dtype::Element;
use std::ops::{Add, Mul};

/// Vectors of the result held at a time where columns are added.
const WIDE: usize = 4;

/// `y = a x` with an `y.len()` by `x.len()` matrix inside its memory. `false`, and nothing is done, if the matrix
/// has its elements side by side in neither direction, or the processor has no kernel.
pub fn matvec_f64(a: Matrix<'_, f64>, x: &[f64], y: &mut [f64]) -> bool {
    if a.column != 1 && a.row != 1 {
        return false;
    }
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found that the processor has these features.
        Level::Avx512 => unsafe { avx512::<f64, std::arch::x86_64::__m512d>(a, x, y) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2::<f64, std::arch::x86_64::__m256d>(a, x, y) },
        _ => return false,
    }
    true
}

/// As [`matvec_f64`].
pub fn matvec_f32(a: Matrix<'_, f32>, x: &[f32], y: &mut [f32]) -> bool {
    if a.column != 1 && a.row != 1 {
        return false;
    }
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found that the processor has these features.
        Level::Avx512 => unsafe { avx512::<f32, std::arch::x86_64::__m512>(a, x, y) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2::<f32, std::arch::x86_64::__m256>(a, x, y) },
        _ => return false,
    }
    true
}

/// `y = x b` with a row-major matrix `b` of two to four columns; with `b` transposed if `transposed`.
pub fn narrow<T: Real>(b: &[T], columns: usize, x: &[T], y: &mut [T], transposed: bool) {
    if transposed { narrow_transposed(b, columns, x, y) } else { narrow_row_major(b, columns, x, y) }
}

dispatch!(fn narrow_row_major[T: Real](b: &[T], columns: usize, x: &[T], y: &mut [T]) = row_major_body);
dispatch!(fn narrow_transposed[T: Real](b: &[T], columns: usize, x: &[T], y: &mut [T]) = transposed_body);

#[inline(always)]
fn row_major_body<T: Real, const FMA: bool>(b: &[T], columns: usize, x: &[T], y: &mut [T]) {
    match columns {
        2 => sum_rows::<T, 2, 16>(b, x, y),
        3 => sum_rows::<T, 3, 24>(b, x, y),
        _ => sum_rows::<T, 4, 16>(b, x, y),
    }
}

#[inline(always)]
fn transposed_body<T: Real, const FMA: bool>(b: &[T], columns: usize, x: &[T], y: &mut [T]) {
    match columns {
        2 => each_row::<T, 2>(b, x, y),
        3 => each_row::<T, 3>(b, x, y),
        _ => each_row::<T, 4>(b, x, y),
    }
}

/// The rows of `N` columns times their elements of `x`, summed up in `L` places, a multiple of `N`.
#[inline(always)]
fn sum_rows<T: Real, const N: usize, const L: usize>(b: &[T], x: &[T], y: &mut [T]) {
    let mut sums = [T::default(); L];
    let (blocks, rest) = b.as_chunks::<L>();
    for (block, x) in blocks.iter().zip(x.chunks_exact(L / N)) {
        for (l, sum) in sums.iter_mut().enumerate() {
            *sum = *sum + block[l] * x[l / N];
        }
    }
    for (row, &x) in rest.chunks_exact(N).zip(&x[blocks.len() * (L / N)..]) {
        for (sum, &b) in sums.iter_mut().zip(row) {
            *sum = *sum + b * x;
        }
    }
    for (j, y) in y.iter_mut().enumerate() {
        *y = sums[j..].iter().step_by(N).fold(T::default(), |y, &sum| y + sum);
    }
}

/// Each row of `N` columns times `x`.
#[inline(always)]
fn each_row<T: Real, const N: usize>(b: &[T], x: &[T], y: &mut [T]) {
    let x: [T; N] = std::array::from_fn(|j| x[j]);
    for (row, y) in b.as_chunks::<N>().0.iter().zip(y) {
        *y = (1..N).fold(row[0] * x[0], |sum, j| sum + row[j] * x[j]);
    }
}

/// What the sums are made of.
pub trait Real: Element + Add<Output = Self> + Mul<Output = Self> {}
impl Real for f64 {}
impl Real for f32 {}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn avx512<T: Real, V: Vector<T>>(a: Matrix<'_, T>, x: &[T], y: &mut [T]) {
    // SAFETY: the vectors' instructions are among this function's features.
    unsafe { product::<T, V>(a, x, y) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<T: Real, V: Vector<T>>(a: Matrix<'_, T>, x: &[T], y: &mut [T]) {
    // SAFETY: the vectors' instructions are among this function's features.
    unsafe { product::<T, V>(a, x, y) }
}

/// # Safety
/// The processor has the instructions of `V`; `a` holds a `y.len()` by `x.len()` matrix, side by side in one direction.
#[inline(always)]
unsafe fn product<T: Real, V: Vector<T>>(a: Matrix<'_, T>, x: &[T], y: &mut [T]) {
    // SAFETY: the first element exists, where anything is read; rows and columns lie in `a` by the caller's promise.
    unsafe {
        let start = a.memory.as_ptr().offset(a.offset);
        if a.column == 1 {
            let mut rows = y.chunks_exact_mut(4);
            let mut line = start;
            for y in &mut rows {
                dots::<T, V, 4>(line, a.row, x, y);
                line = line.wrapping_offset(4 * a.row);
            }
            let mut pairs = rows.into_remainder().chunks_exact_mut(2);
            for y in &mut pairs {
                dots::<T, V, 2>(line, a.row, x, y);
                line = line.wrapping_offset(2 * a.row);
            }
            for y in pairs.into_remainder().chunks_mut(1) {
                dots::<T, V, 1>(line, a.row, x, y);
            }
        } else {
            let mut top = start;
            let mut strips = y.chunks_exact_mut(WIDE * V::LANES);
            for y in &mut strips {
                columns::<T, V, WIDE, true>(top, a.column, x, y);
                top = top.wrapping_add(y.len());
            }
            let y = strips.into_remainder();
            match y.len().div_ceil(V::LANES) {
                0 => {}
                1 => columns::<T, V, 1, false>(top, a.column, x, y),
                2 => columns::<T, V, 2, false>(top, a.column, x, y),
                3 => columns::<T, V, 3, false>(top, a.column, x, y),
                _ => columns::<T, V, WIDE, false>(top, a.column, x, y),
            }
        }
    }
}

/// `R` rows times `x`.
///
/// # Safety
/// `R` rows of `x.len()` elements lie at `line`, `row` elements apart; `y` has `R` elements.
#[inline(always)]
unsafe fn dots<T: Real, V: Vector<T>, const R: usize>(line: *const T, row: isize, x: &[T], y: &mut [T]) {
    // SAFETY: reads stay below `x.len()` in `x` and in each row.
    unsafe {
        let zero = V::splat(T::default());
        let (mut even, mut odd) = ([zero; R], [zero; R]);
        let whole = x.len() / (2 * V::LANES) * (2 * V::LANES);
        for p in (0..whole).step_by(2 * V::LANES) {
            let (x0, x1) = (V::load(x.as_ptr().add(p)), V::load(x.as_ptr().add(p + V::LANES)));
            for r in 0..R {
                let at = line.offset(r as isize * row).add(p);
                even[r] = even[r].add_product(V::load(at), x0);
                odd[r] = odd[r].add_product(V::load(at.add(V::LANES)), x1);
            }
        }
        let rest = x.len() - whole;
        if rest > 0 {
            let (first, second) = (rest.min(V::LANES), rest.saturating_sub(V::LANES));
            let tail = x.as_ptr().add(whole);
            let (x0, x1) = (V::load_first(tail, first), V::load_first(tail.wrapping_add(V::LANES), second));
            for r in 0..R {
                let at = line.offset(r as isize * row).add(whole);
                even[r] = even[r].add_product(V::load_first(at, first), x0);
                odd[r] = odd[r].add_product(V::load_first(at.wrapping_add(V::LANES), second), x1);
            }
        }
        for r in 0..R {
            y[r] = even[r].add(odd[r]).total();
        }
    }
}

/// `W` vectors of the result: columns times elements of `x`, two of them at a time for the sake of latency. The last vector
/// may be a part of one unless `WHOLE`.
///
/// # Safety
/// `x.len()` columns of `y.len()` elements lie at `top`, `column` elements apart; `y` fills `W` vectors, the
/// last one in part perhaps where it isn't `WHOLE`.
#[inline(always)]
unsafe fn columns<T: Real, V: Vector<T>, const W: usize, const WHOLE: bool>(
    top: *const T,
    column: isize,
    x: &[T],
    y: &mut [T],
) {
    let last = y.len() - (W - 1) * V::LANES;
    // SAFETY: reads and writes stay below `y.len()` in each column and in `y`.
    unsafe {
        let zero = V::splat(T::default());
        let (mut even, mut odd) = ([zero; W], [zero; W]);
        let mut pairs = x.chunks_exact(2);
        let mut at = top;
        let load = |at: *const T, w: usize| {
            let at = at.add(w * V::LANES);
            if WHOLE || w + 1 < W { V::load(at) } else { V::load_first(at, last) }
        };
        for pair in &mut pairs {
            let (x0, x1) = (V::splat(pair[0]), V::splat(pair[1]));
            let next = at.wrapping_offset(column);
            for w in 0..W {
                even[w] = even[w].add_product(load(at, w), x0);
                odd[w] = odd[w].add_product(load(next, w), x1);
            }
            at = next.wrapping_offset(column);
        }
        for &x in pairs.remainder() {
            let x = V::splat(x);
            for (w, even) in even.iter_mut().enumerate() {
                *even = even.add_product(load(at, w), x);
            }
        }
        for w in 0..W {
            let (sum, to) = (even[w].add(odd[w]), y.as_mut_ptr().add(w * V::LANES));
            if WHOLE { sum.store(to) } else { sum.store_first(to, if w + 1 < W { V::LANES } else { last }) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::math::{best_level, with_level};

    #[test]
    fn narrow_matrices_equal_the_plain_loops() {
        for (k, n) in [(1, 2), (7, 2), (64, 2), (67, 3), (24, 3), (5, 4), (130, 4)] {
            let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.37).sin()).collect();
            let x: Vec<f64> = (0..k).map(|i| (i as f64 * 0.73).cos()).collect();
            let g: Vec<f64> = (0..n).map(|i| (i as f64 * 0.51).cos()).collect();
            let (mut y, mut z) = (vec![f64::NAN; n], vec![f64::NAN; k]);
            narrow(&b, n, &x, &mut y, false);
            narrow(&b, n, &g, &mut z, true);
            for j in 0..n {
                let want: f64 = (0..k).map(|i| x[i] * b[i * n + j]).sum();
                assert!((y[j] - want).abs() < 1e-14 * k as f64, "{k} {n}");
            }
            for i in 0..k {
                let want: f64 = (0..n).map(|j| g[j] * b[i * n + j]).sum();
                assert!((z[i] - want).abs() < 1e-14, "{k} {n}");
            }
        }
    }

    #[test]
    fn equal_the_plain_loops_at_every_level() {
        for (m, k) in [(1, 1), (3, 5), (4, 16), (7, 33), (20, 9), (40, 70), (65, 3), (130, 64)] {
            let memory: Vec<f64> = (0..m * (k + 3) + 40).map(|i| (i as f64 * 0.37).sin()).collect();
            let narrow: Vec<f32> = memory.iter().map(|&v| v as f32).collect();
            let x: Vec<f64> = (0..k).map(|i| (i as f64 * 0.73).cos()).collect();
            let y: Vec<f32> = x.iter().map(|&v| v as f32).collect();
            for (row, column) in [(k as isize + 1, 1), (1, m as isize + 1)] {
                let entry = |i: usize, p: usize| memory[(2 + i as isize * row + p as isize * column) as usize];
                let want: Vec<f64> = (0..m).map(|i| (0..k).map(|p| entry(i, p) * x[p]).sum()).collect();
                for level in [Level::Avx512, Level::Avx2] {
                    if level > best_level() {
                        continue;
                    }
                    with_level(level, || {
                        let (mut got, mut got32) = (vec![f64::NAN; m], vec![f32::NAN; m]);
                        assert!(matvec_f64(Matrix { memory: &memory, offset: 2, row, column }, &x, &mut got));
                        assert!(matvec_f32(Matrix { memory: &narrow, offset: 2, row, column }, &y, &mut got32));
                        for i in 0..m {
                            assert!((got[i] - want[i]).abs() < 1e-13 * k as f64, "{m} {k}: {} {}", got[i], want[i]);
                            assert!((f64::from(got32[i]) - want[i]).abs() < 1e-5 * k as f64);
                        }
                    });
                }
            }
        }
    }
}
