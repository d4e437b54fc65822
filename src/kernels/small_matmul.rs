//! Matrix products that fit the caches: no blocking, no allocation, one pass of register tiles.
//!
//! ```text
//! for each strip of two vectors of columns:
//!     for each group of 4 (or 8) rows:
//!         acc[rows][2] = 0                               in registers
//!         for p in 0..k:  acc[r] += a[r, p] * b[p, strip]
//! ```
//! The right operand must have its columns side by side; it is copied to scratch memory if it hasn't. A narrower strip is
//! read and written under a mask, and is one vector where that holds it. Up to some 10^5 multiplications this beats packing both operands.
//! Without AVX2 the loops are plain.

use super::math::{Level, level};
use super::matmul::{Matrix, Product, plain};
use super::transpose::Columns;
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
    let memory = b.memory;
    let (rows, width): (&[T], usize) = if b.column == 1 && b.row >= n as isize {
        (&b.memory[b.offset as usize..], b.row as usize)
    } else {
        let b = Columns {
            at: b.offset,
            row_step: b.row,
            column_step: b.column,
            rows: k,
            columns: n,
            ahead: 0,
            past: false,
        };
        b.copy(memory, scratch, n);
        (&scratch[..k * n], n)
    };
    assert!(k == 0 || (k - 1) * width + n <= rows.len());
    for j in (0..n).step_by(strip) {
        let columns = strip.min(n - j);
        let right = Right { rows: &rows[j..], width, columns };
        let c = &mut c[j..];
        // SAFETY: all rows and the columns of strip `j` lie in the operands, by the caller's promise and the assertion.
        unsafe {
            match (columns == strip, columns > V::LANES) {
                (true, _) => strip_of::<T, V, 2, true>(m, k, &a, &right, c, n),
                (_, true) => strip_of::<T, V, 2, false>(m, k, &a, &right, c, n),
                (_, false) => strip_of::<T, V, 1, false>(m, k, &a, &right, c, n),
            }
        }
    }
}

/// A strip of the right operand's columns.
struct Right<'a, T> {
    rows: &'a [T],
    width: usize,
    columns: usize,
}

/// All rows of a strip of `W` vectors of columns; if these are not `FULL`, the first `columns` of them. `c` begins at the
/// strip's first element and has rows of `n`.
///
/// # Safety
/// As for [`strips`].
#[inline(always)]
unsafe fn strip_of<T: Product, V: Vector<T>, const W: usize, const FULL: bool>(
    m: usize,
    k: usize,
    a: &Matrix<'_, T>,
    right: &Right<'_, T>,
    c: &mut [T],
    n: usize,
) {
    let mut i = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while V::REGISTERS == 32 && i + TALL <= m {
            tile::<T, V, TALL, W, FULL>(k, a, i, right, &mut c[i * n..], n);
            i += TALL;
        }
        while i + ROWS <= m {
            tile::<T, V, ROWS, W, FULL>(k, a, i, right, &mut c[i * n..], n);
            i += ROWS;
        }
        while i < m {
            tile::<T, V, 1, W, FULL>(k, a, i, right, &mut c[i * n..], n);
            i += 1;
        }
    }
}

/// `R` rows from row `i` on.
///
/// # Safety
/// As for [`strips`]; the strip has `k` rows, of which the first `columns` elements are read.
#[inline(always)]
unsafe fn tile<T: Product, V: Vector<T>, const R: usize, const W: usize, const FULL: bool>(
    k: usize,
    a: &Matrix<'_, T>,
    i: usize,
    right: &Right<'_, T>,
    c: &mut [T],
    n: usize,
) {
    let columns = right.columns;
    // SAFETY: all reads lie in the operands by the caller's promise; writes go to slices of `columns` elements.
    unsafe {
        let mut sums = [[V::splat(T::default()); W]; R];
        let start = a.memory.as_ptr().offset(a.offset + i as isize * a.row);
        for p in 0..k {
            let line = right.rows.as_ptr().add(p * right.width);
            let mut b = [V::splat(T::default()); W];
            for (w, b) in b.iter_mut().enumerate() {
                let at = line.wrapping_add(w * V::LANES);
                *b = if FULL { V::load(at) } else { V::load_first(at, columns.saturating_sub(w * V::LANES)) };
            }
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = V::splat(*start.offset(r as isize * a.row + p as isize * a.column));
                for (sum, b) in sum.iter_mut().zip(b) {
                    *sum = sum.add_product(x, b);
                }
            }
        }
        for (r, sum) in sums.iter().enumerate() {
            let line = c[r * n..][..columns].as_mut_ptr();
            for (w, sum) in sum.iter().enumerate() {
                let at = line.wrapping_add(w * V::LANES);
                if FULL {
                    sum.store(at);
                } else {
                    sum.store_first(at, columns.saturating_sub(w * V::LANES));
                }
            }
        }
    }
}
