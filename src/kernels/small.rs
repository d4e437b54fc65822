//! Matrix products that fit the caches: no blocking, no allocation, one pass of register tiles.
//!
//! ```text
//! for each strip of two vectors of columns:
//!     for each group of 4 rows:
//!         acc[4][2] = 0                                  in registers
//!         for p in 0..k:  acc[r] += a[r, p] * b[p, strip]
//! ```
//! The right operand must have its columns side by side; it is copied to scratch memory (padded with zeros to whole strips)
//! if it hasn't, or if the last strip is narrower. Up to some 10^5 multiplications this beats packing both operands.
//!
//! Vectors are named here, unlike in the element-wise kernels: an array of accumulators written as plain numbers is
//! kept as numbers by the compiler, and ends up in memory. Without AVX2 the loops are plain.

use super::math::{Level, level};
use super::matmul::{Matrix, Product, plain};

/// Rows of a tile.
const ROWS: usize = 4;
/// The widest strip of any type and level.
const WIDEST: usize = 32;

/// Elements of scratch memory that [`small_f64`] and [`small_f32`] need.
pub fn scratch(k: usize, n: usize) -> usize {
    k * n.next_multiple_of(WIDEST)
}

/// A vector register of `T`.
///
/// # Safety
/// The methods may be called only where the processor has the instructions that the type stands for; `load` reads and
/// `store` writes `LANES` elements.
unsafe trait Vector<T>: Copy {
    const LANES: usize;
    unsafe fn splat(x: T) -> Self;
    unsafe fn load(p: *const T) -> Self;
    unsafe fn store(self, p: *mut T);
    /// `a * b + self`
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
}

#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    ($v:ident, $t:ty, $lanes:literal, $features:literal, $set:ident, $load:ident, $store:ident, $fma:ident) => {
        // SAFETY: each method is compiled for the features its instructions need and does what the trait says.
        unsafe impl Vector<$t> for std::arch::x86_64::$v {
            const LANES: usize = $lanes;
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn splat(x: $t) -> Self {
                std::arch::x86_64::$set(x)
            }
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's promise.
                unsafe { std::arch::x86_64::$load(p) }
            }
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's promise.
                unsafe { std::arch::x86_64::$store(p, self) }
            }
            #[inline]
            #[target_feature(enable = $features)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                std::arch::x86_64::$fma(a, b, self)
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
vector!(__m512d, f64, 8, "avx512f", _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd);
#[cfg(target_arch = "x86_64")]
vector!(__m512, f32, 16, "avx512f", _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps);
#[cfg(target_arch = "x86_64")]
vector!(__m256d, f64, 4, "avx,fma", _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd);
#[cfg(target_arch = "x86_64")]
vector!(__m256, f32, 8, "avx,fma", _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps);

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
    // Rows of the right operand, a whole number of strips long.
    let (rows, width): (&[T], usize) = if b.column == 1 && b.row >= n as isize && n.is_multiple_of(strip) {
        (&b.memory[b.offset as usize..], b.row as usize)
    } else {
        let width = n.next_multiple_of(strip);
        for p in 0..k {
            let line = &mut scratch[p * width..(p + 1) * width];
            let from = b.offset + p as isize * b.row;
            if b.column == 1 {
                line[..n].copy_from_slice(&b.memory[from as usize..from as usize + n]);
            } else {
                for (j, x) in line[..n].iter_mut().enumerate() {
                    *x = b.memory[(from + j as isize * b.column) as usize];
                }
            }
            line[n..].fill(T::default());
        }
        (&scratch[..k * width], width)
    };
    assert!(k == 0 || (k - 1) * width + n.next_multiple_of(strip) <= rows.len());
    for j in (0..n).step_by(strip) {
        let columns = strip.min(n - j);
        let mut i = 0;
        // SAFETY: rows `i..` and strip `j` lie in the operands, by the caller's promise and the assertion.
        unsafe {
            while i + ROWS <= m {
                tile::<T, V, ROWS>(k, &a, i, &rows[j..], width, &mut c[i * n + j..], n, columns);
                i += ROWS;
            }
            while i < m {
                tile::<T, V, 1>(k, &a, i, &rows[j..], width, &mut c[i * n + j..], n, columns);
                i += 1;
            }
        }
    }
}

/// `R` rows from row `i` on, and two vectors of columns.
///
/// # Safety
/// As for [`strips`]; `rows` has `k` rows of `width`, of which the first `2 LANES` elements are read.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the loop's variables")]
unsafe fn tile<T: Product, V: Vector<T>, const R: usize>(
    k: usize,
    a: &Matrix<'_, T>,
    i: usize,
    rows: &[T],
    width: usize,
    c: &mut [T],
    n: usize,
    columns: usize,
) {
    // SAFETY: all reads lie in the operands by the caller's promise; writes go to
    // slices of two vectors, or to a local array.
    unsafe {
        let zero = V::splat(T::default());
        let mut sums = [[zero; 2]; R];
        let start = a.memory.as_ptr().offset(a.offset + i as isize * a.row);
        for p in 0..k {
            let line = rows.as_ptr().add(p * width);
            let (b0, b1) = (V::load(line), V::load(line.add(V::LANES)));
            for (r, sum) in sums.iter_mut().enumerate() {
                let x = V::splat(*start.offset(r as isize * a.row + p as isize * a.column));
                sum[0] = sum[0].add_product(x, b0);
                sum[1] = sum[1].add_product(x, b1);
            }
        }
        for (r, sum) in sums.iter().enumerate() {
            if columns == 2 * V::LANES {
                let line = &mut c[r * n..][..columns];
                sum[0].store(line.as_mut_ptr());
                sum[1].store(line.as_mut_ptr().add(V::LANES));
                continue;
            }
            let mut line = [T::default(); WIDEST];
            sum[0].store(line.as_mut_ptr());
            sum[1].store(line.as_mut_ptr().add(V::LANES));
            c[r * n..][..columns].copy_from_slice(&line[..columns]);
        }
    }
}
