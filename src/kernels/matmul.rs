//! Matrix products: strided operands, row-major result, our own split over threads.
//!
//! Large products go to the `gemm` crate, serially: dividing the rows (or columns) ourselves measured 1.3 to 1.7 times
//! faster at medium sizes than its own threads. Small real ones have loops of their own (`small_matmul`), integers plain ones.

use super::matvec;
use super::small_matmul;
use super::threads::Threads;
use crate::dtype::Element;
use num_complex::{Complex32, Complex64};
use std::ops::{Add, Mul};
use std::sync::atomic::{AtomicBool, Ordering};

/// A strided matrix in a slice: element (i, j) is `memory[offset + i * row + j * column]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    pub memory: &'a [T],
    pub offset: isize,
    pub row: isize,
    pub column: isize,
}

impl<T> Matrix<'_, T> {
    /// Rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Matrix { row: self.column, column: self.row, ..self }
    }

    /// Whether all of an `m` by `n` matrix lies in the slice.
    fn fits(&self, m: usize, n: usize) -> bool {
        let reach = |d: usize, s: isize| (d as isize - 1) * s;
        let (r, c) = (reach(m, self.row), reach(n, self.column));
        let low = self.offset + r.min(0) + c.min(0);
        let high = self.offset + r.max(0) + c.max(0);
        low >= 0 && (high as usize) < self.memory.len()
    }
}

/// Multiplications below which plain loops are faster than packing.
const TINY: usize = 64;
/// Multiplications up to which the loops of `small_matmul` are faster than packing.
const SMALL: usize = 1_500_000;
/// Multiplications from which on a second thread pays.
const PARALLEL: usize = 1_000_000;
/// Products that are added up for an element before they go to memory: so many the `gemm` crate takes whatever the shape.
const DEPTH: usize = 512;
/// Rows of a product that the crate is given at a time, lest it pack all of a long operand.
const BAND: usize = 512;
/// Results of so few elements are computed by other loops of that crate, so no part may have fewer than another one.
const HANDFUL: usize = 256;

/// Element types with a product.
pub trait Product: Element + Add<Output = Self> + Mul<Output = Self> {
    const PACKED: bool;
    /// Whether there is a kernel for matrices shorter than a register.
    const NARROW: bool = false;

    /// `self + x`; integers wrap.
    #[inline(always)]
    fn plus(self, x: Self) -> Self {
        self + x
    }

    /// `self + x y`; integers wrap.
    #[inline(always)]
    fn plus_product(self, x: Self, y: Self) -> Self {
        self + x * y
    }

    /// The loops for small products, where there are any.
    fn small(
        _: (usize, usize, usize),
        _: Matrix<'_, Self>,
        _: Matrix<'_, Self>,
        _: &mut [Self],
        _: &mut [Self],
    ) -> bool {
        false
    }

    /// A vector times a row-major matrix of two to four columns, or times its transpose.
    fn narrow(_: &[Self], _: usize, _: &[Self], _: &mut [Self], _transposed: bool) {
        unreachable!("asked for where `NARROW` says so")
    }

    /// A matrix times a vector; `false` where there is no loop for it, or the matrix lies so that it doesn't serve.
    fn matvec(_: Matrix<'_, Self>, _: &[Self], _: &mut [Self]) -> bool {
        false
    }
}

macro_rules! real {
    ($($t:ty, $small:path, $matvec:path);*) => {$(
        impl Product for $t {
            const PACKED: bool = true;
            const NARROW: bool = true;

            fn small(
                shape: (usize, usize, usize),
                a: Matrix<'_, Self>,
                b: Matrix<'_, Self>,
                c: &mut [Self],
                scratch: &mut [Self],
            ) -> bool {
                $small(shape, a, b, c, scratch);
                true
            }

            fn matvec(a: Matrix<'_, Self>, x: &[Self], y: &mut [Self]) -> bool {
                $matvec(a, x, y)
            }

            fn narrow(b: &[Self], columns: usize, x: &[Self], y: &mut [Self], transposed: bool) {
                matvec::narrow(b, columns, x, y, transposed);
            }
        }
    )*};
}
real!(f64, small_matmul::small_f64, matvec::matvec_f64; f32, small_matmul::small_f32, matvec::matvec_f32);

impl Product for Complex64 {
    const PACKED: bool = true;
}
impl Product for Complex32 {
    const PACKED: bool = true;
}
impl Product for i64 {
    const PACKED: bool = false;

    #[inline(always)]
    fn plus(self, x: i64) -> i64 {
        self.wrapping_add(x)
    }

    #[inline(always)]
    fn plus_product(self, x: i64, y: i64) -> i64 {
        self.wrapping_add(x.wrapping_mul(y))
    }
}

/// Elements of scratch memory that [`matmul`] wants.
pub fn scratch((m, k, n): (usize, usize, usize)) -> usize {
    match m.saturating_mul(n).saturating_mul(k) {
        _ if m == 1 || n == 1 => k + parts(m.max(n), k) * m.max(n),
        work if work <= SMALL => small_matmul::scratch(k, n),
        _ => 0,
    }
}

/// Elements of the vector that are multiplied with their columns at a time, where the sums over all of them are long and
/// there are few: so the threads read whole stretches of memory, and the results don't depend on their number.
const COLUMNS: usize = 1024;
/// Longer results are divided themselves.
const FEW: usize = 2048;

/// In so many parts the sums of a matrix of `m` by `k`, with its columns side by side, are made; 0 for undivided ones.
fn parts(m: usize, k: usize) -> usize {
    if m <= FEW && k >= 4 * COLUMNS { k.div_ceil(COLUMNS) } else { 0 }
}

/// `c = a b`, with `a` of `m` by `k`, `b` of `k` by `n` and `c` row-major.
pub fn matmul<T: Product>(
    threads: Option<&Threads>,
    (m, k, n): (usize, usize, usize),
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    scratch: &mut [T],
) {
    assert_eq!(c.len(), m * n);
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        return c.fill(T::default());
    }
    assert!(a.fits(m, k) && b.fits(k, n), "operands lie inside their memory");
    let work = m.saturating_mul(n).saturating_mul(k);
    if work <= TINY || !T::PACKED {
        return plain((m, k, n), a, b, c);
    }
    if n == 1 && vector(threads, (m, k), a, (b, b.row), c, scratch) {
        return;
    }
    // A row from the left is a column from the right of the transposed matrix.
    if m == 1 && vector(threads, (n, k), b.transposed(), (a, a.column), c, scratch) {
        return;
    }
    if work <= SMALL && m > 1 && n > 1 && T::small((m, k, n), a, b, c, scratch) {
        return;
    }
    let threads = threads.filter(|_| work >= PARALLEL);
    let parts = threads.map_or(1, |t| t.count());
    // The longer side is divided, in steps that keep the inner kernels full.
    let by_rows = m >= n;
    let length = if by_rows { m } else { n };
    let least = if m * n > HANDFUL { HANDFUL / m.min(n) + 1 } else { length };
    let step = length.div_ceil(parts).max(least).next_multiple_of(8);
    // What is left over goes with the last part.
    let parts = (length / step).max(1);
    let out = Out(c.as_mut_ptr());
    let part = |i: usize| {
        let (first, end) = (i * step, if i + 1 == parts { length } else { (i + 1) * step });
        let rows = if by_rows { first..end } else { 0..m };
        let columns = if by_rows { 0..n } else { first..end };
        // SAFETY: `fits` covers the whole of both operands, hence these rows and columns; `c` has `m * n` elements, and
        // different parts are disjoint.
        unsafe { packed(rows, columns, k, n, &a, &b, out.start()) }
    };
    match threads {
        Some(threads) => threads.share(parts, part),
        None => part(0),
    }
}

/// `y = x b` of a vector and a matrix of `x.len()` by `y.len()` that the caches hold.
pub fn vecmat_small<T: Product>(x: &[T], b: Matrix<'_, T>, y: &mut [T]) {
    let (k, n) = (x.len(), y.len());
    if k == 0 || n == 0 {
        y.fill(T::default());
        return;
    }
    assert!(b.fits(k, n), "the matrix lies inside its memory");
    if !(T::PACKED && k * n > TINY && T::matvec(b.transposed(), x, y)) {
        plain((1, k, n), Matrix { memory: x, offset: 0, row: 0, column: 1 }, b, y);
    }
}

/// The same with a row-major matrix, which fits between the vectors, transposed if `transposed`; nothing is empty.
#[inline]
pub fn vecmat_rows<T: Product>(x: &[T], b: &[T], columns: usize, transposed: bool, y: &mut [T]) {
    if T::NARROW && (2..=4).contains(&columns) {
        assert_eq!(b.len(), x.len() * y.len());
        return T::narrow(b, columns, x, y, transposed);
    }
    let row_major = Matrix { memory: b, offset: 0, row: columns as isize, column: 1 };
    vecmat_small(x, if transposed { row_major.transposed() } else { row_major }, y)
}

/// A matrix of `m` by `k` times the vector that begins `v` and goes on in steps of `step`.
fn vector<T: Product>(
    threads: Option<&Threads>,
    (m, k): (usize, usize),
    a: Matrix<'_, T>,
    (v, step): (Matrix<'_, T>, isize),
    y: &mut [T],
    scratch: &mut [T],
) -> bool {
    if !T::PACKED || a.column != 1 && a.row != 1 {
        return false;
    }
    let (x, partial) = scratch.split_at_mut(k);
    let x = if step == 1 || k == 1 {
        &v.memory[v.offset as usize..][..k]
    } else {
        for (p, x) in x.iter_mut().enumerate() {
            *x = v.memory[(v.offset + p as isize * step) as usize];
        }
        x
    };
    if a.column != 1 && parts(m, k) > 0 {
        return sums_of_parts(threads, m, a, x, y, partial);
    }
    let rows = |first: usize, y: &mut [T]| T::matvec(Matrix { offset: a.offset + first as isize * a.row, ..a }, x, y);
    let Some(threads) = threads else { return rows(0, y) };
    // Whole cache lines for each part.
    let step = m.div_ceil(threads.count()).next_multiple_of(16);
    let out = Out(y.as_mut_ptr());
    let done = AtomicBool::new(true);
    threads.share(threads.count(), |i| {
        let (first, end) = (i * step, ((i + 1) * step).min(m));
        if first < end {
            // SAFETY: `y` has `m` elements, and different parts are disjoint.
            let part = unsafe { std::slice::from_raw_parts_mut(out.start().add(first), end - first) };
            if !rows(first, part) {
                done.store(false, Ordering::Relaxed);
            }
        }
    });
    done.into_inner()
}

/// The same, [`COLUMNS`] columns at a time; the parts' results are added up in their order.
fn sums_of_parts<T: Product>(
    threads: Option<&Threads>,
    m: usize,
    a: Matrix<'_, T>,
    x: &[T],
    y: &mut [T],
    partial: &mut [T],
) -> bool {
    let count = parts(m, x.len());
    let partial = &mut partial[..count * m];
    let out = Out(partial.as_mut_ptr());
    let done = AtomicBool::new(true);
    let work = |part: usize| {
        let first = part * COLUMNS;
        let x = &x[first..(first + COLUMNS).min(x.len())];
        // SAFETY: `partial` has `count * m` elements, and each part is drawn once.
        let y = unsafe { std::slice::from_raw_parts_mut(out.start().add(part * m), m) };
        if !T::matvec(Matrix { offset: a.offset + first as isize * a.column, ..a }, x, y) {
            done.store(false, Ordering::Relaxed);
        }
    };
    match threads {
        Some(threads) => threads.share(count, work),
        None => (0..count).for_each(work),
    }
    y.fill(T::default());
    for part in partial.chunks_exact(m) {
        y.iter_mut().zip(part).for_each(|(y, &p)| *y = *y + p);
    }
    done.into_inner()
}

/// The result's start, shared by the workers.
struct Out<T>(*mut T);

// SAFETY: workers write disjoint parts.
unsafe impl<T: Send> Sync for Out<T> {}

impl<T> Out<T> {
    fn start(&self) -> *mut T {
        self.0
    }
}

/// Some rows and columns of the product.
///
/// # Safety
/// The operands hold these rows and columns of a product over `k`; `c` is the start of a row-major matrix with `width`
/// columns that has them too, and no other thread touches that part of it.
unsafe fn packed<T: Product>(
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    k: usize,
    width: usize,
    a: &Matrix<'_, T>,
    b: &Matrix<'_, T>,
    c: *mut T,
) {
    let (zero, one) = (T::default(), T::from_f64(1.0));
    // In one call the crate would choose for itself, by the shape of the part, how many products go into a sum at a time.
    let calls = k.div_ceil(DEPTH).max(1);
    let step = k.div_ceil(calls);
    if !has_room::<T>(rows.len().max(columns.len()), step) {
        // SAFETY: the caller's promise.
        return unsafe { one_by_one(rows, columns, k, width, a, b, c) };
    }
    let mut left = rows;
    while !left.is_empty() {
        // No band is left with few rows, see `HANDFUL`.
        let band = left.start..if left.len() < 2 * BAND { left.end } else { left.start + BAND };
        left.start = band.end;
        for depth in (0..calls).map(|i| i * step) {
            let (p, first) = (depth as isize, depth == 0);
            // SAFETY: the caller's promise.
            unsafe {
                gemm::gemm(
                    band.len(),
                    columns.len(),
                    step.min(k - depth),
                    c.add(band.start * width + columns.start),
                    1,
                    width as isize,
                    !first,
                    a.memory.as_ptr().offset(a.offset + band.start as isize * a.row + p * a.column),
                    a.column,
                    a.row,
                    b.memory.as_ptr().offset(b.offset + columns.start as isize * b.column + p * b.row),
                    b.column,
                    b.row,
                    if first { zero } else { one },
                    one,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
        }
    }
}

/// Whether there is memory for what the `gemm` crate packs, which it takes without asking: a band of one operand, a few
/// rows of the other one, of a depth.
fn has_room<T>(extent: usize, depth: usize) -> bool {
    let elements = depth * (extent.min(2 * BAND) + BAND);
    Vec::<T>::new().try_reserve_exact(elements).is_ok()
}

/// The product without memory of its own.
///
/// # Safety
/// As for [`packed`].
#[cold]
unsafe fn one_by_one<T: Product>(
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    k: usize,
    width: usize,
    a: &Matrix<'_, T>,
    b: &Matrix<'_, T>,
    c: *mut T,
) {
    for i in rows {
        for j in columns.clone() {
            let mut sum = T::default();
            for p in 0..k as isize {
                let x = a.memory[(a.offset + i as isize * a.row + p * a.column) as usize];
                let y = b.memory[(b.offset + p * b.row + j as isize * b.column) as usize];
                sum = sum.plus_product(x, y);
            }
            // SAFETY: row and column are inside, by the caller's promise, and nobody else's.
            unsafe { c.add(i * width + j).write(sum) };
        }
    }
}

/// Three loops, for what is too small to pack and for integers (which wrap).
pub fn plain<T: Product>((m, k, n): (usize, usize, usize), a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T]) {
    for i in 0..m {
        let row = &mut c[i * n..(i + 1) * n];
        row.fill(T::default());
        for p in 0..k {
            let x = a.memory[(a.offset + i as isize * a.row + p as isize * a.column) as usize];
            for (j, r) in row.iter_mut().enumerate() {
                let y = b.memory[(b.offset + p as isize * b.row + j as isize * b.column) as usize];
                *r = r.plus_product(x, y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic numbers in [0, 1).
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        }

        fn below(&mut self, n: usize) -> usize {
            (self.next() * n as f64) as usize
        }
    }

    fn same_for_any_number_of_threads<T: Product>(shapes: usize, random: &mut Random) {
        let teams: Vec<Threads> = (2..=8).map(Threads::new).collect();
        for _ in 0..shapes {
            // Thin, deep and square ones, of some million multiplications.
            let mut extents = [1 + random.below(40), 20 + random.below(400), 0];
            extents[2] = (PARALLEL + random.below(PARALLEL)) / (extents[0] * extents[1]) + 1;
            extents.rotate_left(random.below(3));
            if random.below(2) == 0 {
                extents.swap(0, 1);
            }
            let [m, k, n] = extents;
            let mut memory = |len: usize| -> Vec<T> { (0..len).map(|_| T::from_f64(random.next() - 0.5)).collect() };
            let (a, b) = (memory(m * k), memory(k * n));
            let lying = |memory, rows: usize, columns: usize, transposed: bool| {
                let (row, column) = if transposed { (1, rows as isize) } else { (columns as isize, 1) };
                Matrix { memory, offset: 0, row, column }
            };
            let (ta, tb) = (random.below(2) == 0, random.below(2) == 0);
            let (left, right) = (lying(&a[..], m, k, ta), lying(&b[..], k, n, tb));
            let mut room = vec![T::default(); scratch((m, k, n))];
            let (mut want, mut got) = (vec![T::default(); m * n], vec![T::from_f64(f64::NAN); m * n]);
            matmul(None, (m, k, n), left, right, &mut want, &mut room);
            for team in &teams {
                matmul(Some(team), (m, k, n), left, right, &mut got, &mut room);
                assert!(
                    got == want,
                    "{:?} ({m} x {k}) ({k} x {n}), transposed {ta} {tb}, {} threads",
                    T::DTYPE,
                    team.count()
                );
            }
        }
    }

    #[test]
    fn the_same_bits_for_any_number_of_threads() {
        let random = &mut Random(7);
        same_for_any_number_of_threads::<f64>(60, random);
        same_for_any_number_of_threads::<f32>(30, random);
        same_for_any_number_of_threads::<Complex64>(30, random);
        same_for_any_number_of_threads::<Complex32>(20, random);
    }

    #[test]
    fn integers_wrap() {
        let (a, b) = ([i64::MAX, 3], [2i64, 1]);
        let row = Matrix { memory: &a, offset: 0, row: 2, column: 1 };
        let column = Matrix { memory: &b, offset: 0, row: 1, column: 1 };
        let mut c = [0];
        matmul(None, (1, 2, 1), row, column, &mut c, &mut []);
        assert_eq!(c, [1]);
    }

    #[test]
    fn strided_and_divided_products_equal_the_plain_loops() {
        let threads = Threads::new(3);
        for (m, k, n) in [
            (1, 1, 1),
            (3, 4, 5),
            (17, 9, 31),
            (128, 130, 140),
            (300, 64, 90),
            (64, 2000, 9),
            (0, 3, 2),
            (500, 70, 1),
            (1, 500, 700),
            (37, 5000, 1),
            (1, 5000, 37),
            (30, 8, 1),
        ] {
            let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.37).sin()).collect();
            let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.73).cos()).collect();
            let row_major = Matrix { memory: &a, offset: 0, row: k as isize, column: 1 };
            // b as the transpose of its memory, rows in reverse order.
            let reversed = Matrix { memory: &b, offset: k as isize - 1, row: -1, column: k as isize };
            let (mut want, mut got) = (vec![0.0; m * n], vec![f64::NAN; m * n]);
            if m > 0 {
                plain((m, k, n), row_major, reversed, &mut want);
            }
            let mut memory = vec![0.0; scratch((m, k, n))];
            matmul(Some(&threads), (m, k, n), row_major, reversed, &mut got, &mut memory);
            for (x, y) in got.iter().zip(&want) {
                assert!((x - y).abs() <= 1e-12 * k as f64, "{m} {k} {n}: {x} {y}");
            }
            // Both as they lie; the same bits for any number of threads.
            let b = Matrix { memory: &b, offset: 0, row: n as isize, column: 1 };
            if m > 0 {
                plain((m, k, n), row_major, b, &mut want);
            }
            matmul(Some(&threads), (m, k, n), row_major, b, &mut got, &mut memory);
            for (x, y) in got.iter().zip(&want) {
                assert!((x - y).abs() <= 1e-12 * k as f64, "{m} {k} {n}: {x} {y}");
            }
            if m == 1 || n == 1 {
                let mut alone = vec![f64::NAN; m * n];
                matmul(None, (m, k, n), row_major, b, &mut alone, &mut memory);
                assert_eq!(alone, got);
            }
        }
    }
}
