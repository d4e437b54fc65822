//! Matrix products that fit the caches: no blocking, no allocation, one pass of register tiles.
//!
//! ```text
//! for each strip of two vectors of columns:
//!     for each group of 4 (or 8) rows:
//!         acc[rows][2] = 0                               in registers
//!         for p in 0..k:  acc[r] += a[r, p] * b[p, strip]
//! ```
//! The right operand must have its columns side by side; it is copied to scratch memory if it hasn't. A strip that is
//! narrower is read and written under a mask. Up to some 10^5 multiplications this beats packing both operands.
//! Without AVX2 the loops are plain.

use super::math::{Level, level};
use super::matmul::{Matrix, Product, plain};
use super::vector::Vector;

/// Rows of a tile, and of one that 32 registers hold.
const ROWS: usize = 4;
const TALL: usize = 8;

/// Elements of scratch memory that [`small_f64`] and [`small_f32`] need.
pub fn scratch(k: usize, n: usize) -> usize {
    k * n
}

type Shape = (usize, usize, usize);

/// `c = a b`; the operands lie inside their memory, `scratch` is at least as long as [`scratch`] says.
pub fn small_f64(shape: Shape, a: Matrix<'_, f64>, b: Matrix<'_, f64>, c: &mut [f64], scratch: &mut [f64]) {
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found that the processor has these features.
        Level::Avx512 => unsafe { avx512::<f64, std::arch::x86_64::__m512d>(shape, a, b, c, scratch) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2::<f64, std::arch::x86_64::__m256d>(shape, a, b, c, scratch) },
        _ => plain(shape, a, b, c),
    }
}

/// As [`small_f64`].
pub fn small_f32(shape: Shape, a: Matrix<'_, f32>, b: Matrix<'_, f32>, c: &mut [f32], scratch: &mut [f32]) {
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found that the processor has these features.
        Level::Avx512 => unsafe { avx512::<f32, std::arch::x86_64::__m512>(shape, a, b, c, scratch) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2::<f32, std::arch::x86_64::__m256>(shape, a, b, c, scratch) },
        _ => plain(shape, a, b, c),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn avx512<T: Product, V: Vector<T>>(
    shape: Shape,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    scratch: &mut [T],
) {
    // SAFETY: the vectors' instructions are among this function's features.
    unsafe { strips::<T, V>(shape, a, b, c, scratch) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<T: Product, V: Vector<T>>(
    shape: Shape,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    scratch: &mut [T],
) {
    // SAFETY: the vectors' instructions are among this function's features.
    unsafe { strips::<T, V>(shape, a, b, c, scratch) }
}

/// # Safety
/// The processor has the instructions of `V`; `a` and `b` hold `m` by `k` and `k` by `n` matrices.
#[inline(always)]
unsafe fn strips<T: Product, V: Vector<T>>(
    (m, k, n): Shape,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    scratch: &mut [T],
) {
    assert_eq!(c.len(), m * n);
    let strip = 2 * V::LANES;
    // Rows of the right operand.
    let (rows, width): (&[T], usize) = if b.column == 1 && b.row >= n as isize {
        (&b.memory[b.offset as usize..], b.row as usize)
    } else {
        for p in 0..k {
            let from = b.offset + p as isize * b.row;
            for (j, x) in scratch[p * n..(p + 1) * n].iter_mut().enumerate() {
                *x = b.memory[(from + j as isize * b.column) as usize];
            }
        }
        (&scratch[..k * n], n)
    };
    assert!(k == 0 || (k - 1) * width + n <= rows.len());
    for j in (0..n).step_by(strip) {
        let columns = strip.min(n - j);
        let mut i = 0;
        // SAFETY: rows `i..` and the columns of strip `j` lie in the operands, by the caller's promise and the assertion.
        unsafe {
            while V::REGISTERS == 32 && columns == strip && i + TALL <= m {
                tile::<T, V, TALL, true>(k, &a, i, &rows[j..], width, &mut c[i * n + j..], n, columns);
                i += TALL;
            }
            while i + ROWS <= m {
                let c = &mut c[i * n + j..];
                match columns == strip {
                    true => tile::<T, V, ROWS, true>(k, &a, i, &rows[j..], width, c, n, columns),
                    false => tile::<T, V, ROWS, false>(k, &a, i, &rows[j..], width, c, n, columns),
                }
                i += ROWS;
            }
            while i < m {
                tile::<T, V, 1, false>(k, &a, i, &rows[j..], width, &mut c[i * n + j..], n, columns);
                i += 1;
            }
        }
    }
}

/// `R` rows from row `i` on, and two vectors of columns; if these are not `FULL`, the first `columns` of them.
///
/// # Safety
/// As for [`strips`]; `rows` has `k` rows of `width`, of which the first `columns` elements are read.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the loop's variables")]
unsafe fn tile<T: Product, V: Vector<T>, const R: usize, const FULL: bool>(
    k: usize,
    a: &Matrix<'_, T>,
    i: usize,
    rows: &[T],
    width: usize,
    c: &mut [T],
    n: usize,
    columns: usize,
) {
    let second = columns.saturating_sub(V::LANES);
    // SAFETY: all reads lie in the operands by the caller's promise; writes go to slices of `columns` elements.
    unsafe {
        let zero = V::splat(T::default());
        let mut sums = [[zero; 2]; R];
        let start = a.memory.as_ptr().offset(a.offset + i as isize * a.row);
        for p in 0..k {
            let line = rows.as_ptr().add(p * width);
            let (b0, b1) = if FULL {
                (V::load(line), V::load(line.add(V::LANES)))
            } else {
                (V::load_first(line, columns), V::load_first(line.wrapping_add(V::LANES), second))
            };
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = V::splat(*start.offset(r as isize * a.row + p as isize * a.column));
                sum[0] = sum[0].add_product(x, b0);
                sum[1] = sum[1].add_product(x, b1);
            }
        }
        for (r, sum) in sums.iter().enumerate() {
            let line = c[r * n..][..columns].as_mut_ptr();
            if FULL {
                sum[0].store(line);
                sum[1].store(line.wrapping_add(V::LANES));
                continue;
            }
            sum[0].store_first(line, columns);
            sum[1].store_first(line.wrapping_add(V::LANES), second);
        }
    }
}
