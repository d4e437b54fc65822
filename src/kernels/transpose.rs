//! Matrices whose columns lie one after the other in memory, in row-major order.
//!
//! Element by element, either reading or writing would jump from cache line to cache line. So the matrix goes in squares
//! whose side is a vector register: a few registers are filled with lines, their elements change places among the
//! registers, and these are written as rows. Squares come in tiles, so that lines and pages that a square only begins are
//! still there for the next one.
//!
//! A result larger than the cache is written past it: rows are too far apart for the processor to see the next line coming,
//! and to bring a line in only to overwrite all of it took as long as everything else.

#[cfg(target_arch = "x86_64")]
use super::math::Level;
use super::math::level;
use super::memory;

/// Side of a tile.
const TILE: usize = 64;

/// A matrix of `rows` by `columns`: element (r, c) is `memory[at + r row_step + c column_step]`.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    pub at: isize,
    pub row_step: isize,
    pub column_step: isize,
    pub rows: usize,
    pub columns: usize,
    /// How many rows further on the lines are prefetched, since they are copied next; 0 if none are.
    pub ahead: usize,
    /// Written past the cache where that can be done, as is done with large matrices anyway.
    pub past: bool,
}

impl Columns {
    /// Copies the matrix to `dst`, where rows are contiguous and begin `pitch` elements apart. Fast where rows are
    /// neighbours in memory (`row_step` 1 or -1).
    pub fn copy<T: Copy>(self, memory: &[T], dst: &mut [T], pitch: usize) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        let end = |step: isize, n: usize| {
            let last = step.checked_mul(n as isize - 1).expect("a matrix outside of its memory");
            (last.min(0), last.max(0))
        };
        let (rows, columns) = (end(self.row_step, self.rows), end(self.column_step, self.columns));
        let (first, last) = (self.at + rows.0 + columns.0, self.at + rows.1 + columns.1);
        assert!(first >= 0 && (last as usize) < memory.len(), "a matrix outside of its memory");
        let room = pitch.checked_mul(self.rows - 1).and_then(|n| n.checked_add(self.columns));
        assert!(room.is_some_and(|n| n <= dst.len()), "no room for a matrix");
        let (from, to) = (memory.as_ptr().wrapping_offset(self.at), dst.as_mut_ptr());
        // SAFETY: all elements lie in the memory, and there is room for all rows, as was just seen.
        unsafe { self.copy_any(from, to, pitch as isize) }
    }

    /// # Safety
    /// All elements of the matrix lie in memory, `from` being the first one, and there is room at `to`.
    unsafe fn copy_any<T: Copy>(self, from: *const T, to: *mut T, pitch: isize) {
        // SAFETY: the caller's promise; the processor has what the level says; elements are plain memory of these sizes.
        unsafe {
            match (self.row_step, size_of::<T>(), level()) {
                #[cfg(target_arch = "x86_64")]
                (1 | -1, 8, Level::Avx512) => x86::avx512(self, from.cast(), to.cast(), pitch),
                #[cfg(target_arch = "x86_64")]
                (1 | -1, 8, Level::Avx2) => x86::avx2::<u64, x86::FourWords>(self, from.cast(), to.cast(), pitch),
                #[cfg(target_arch = "x86_64")]
                (1 | -1, 4, Level::Avx2 | Level::Avx512) => {
                    x86::avx2::<u32, x86::EightSingles>(self, from.cast(), to.cast(), pitch);
                }
                (1 | -1, ..) => self.tiles::<T, Plain>(from, to, pitch),
                _ => self.tiles::<T, Single>(from, to, pitch),
            }
        }
    }

    /// # Safety
    /// As for [`Columns::copy_any`]; the processor has the instructions of `S`.
    #[inline(always)]
    unsafe fn tiles<T: Copy, S: Square<T>>(self, from: *const T, to: *mut T, pitch: isize) {
        let backwards = self.row_step == -1 && S::SIDE > 1;
        for r0 in (0..self.rows).step_by(TILE) {
            let r1 = self.rows.min(r0 + TILE);
            for c0 in (0..self.columns).step_by(TILE) {
                let c1 = self.columns.min(c0 + TILE);
                for c in (c0..c1).step_by(S::SIDE) {
                    for r in (r0..r1).step_by(S::SIDE) {
                        let (rows, columns) = (S::SIDE.min(r1 - r), S::SIDE.min(c1 - c));
                        if self.ahead > 0 && S::SIDE > 1 {
                            let next = (r + self.ahead) as isize * self.row_step;
                            for c in c..c + columns {
                                memory::prefetch_later(from.wrapping_offset(next + c as isize * self.column_step));
                            }
                        }
                        // Backwards the square begins with its last row, as its lines do.
                        let (first, width) = if backwards { (r + rows - 1, -pitch) } else { (r, pitch) };
                        // SAFETY: inside the matrix, by the caller's promise.
                        unsafe {
                            let from = from.offset(first as isize * self.row_step + c as isize * self.column_step);
                            let to = to.offset(first as isize * pitch + c as isize);
                            if rows == S::SIDE && columns == S::SIDE {
                                S::turn(from, self.column_step, to, width);
                            } else {
                                S::turn_part(from, self.column_step, to, width, [rows, columns]);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Lines that become columns: line `i` begins at `from + i line`, and its element `q` becomes element `i` of the row at
/// `to + q width`.
trait Square<T: Copy> {
    const SIDE: usize;
    /// # Safety
    /// `SIDE` lines of `SIDE` elements, room for as many rows, and a processor with the instructions used.
    unsafe fn turn(from: *const T, line: isize, to: *mut T, width: isize);
    /// Of fewer elements (rows, at last) and lines (columns).
    ///
    /// # Safety
    /// As for `turn`, for so many.
    #[inline(always)]
    unsafe fn turn_part(from: *const T, line: isize, to: *mut T, width: isize, [rows, columns]: [usize; 2]) {
        for q in 0..rows as isize {
            for i in 0..columns as isize {
                // SAFETY: the caller's promise.
                unsafe { *to.offset(q * width + i) = *from.offset(i * line + q) };
            }
        }
    }
}

/// One element.
struct Single;

impl<T: Copy> Square<T> for Single {
    const SIDE: usize = 1;
    #[inline(always)]
    unsafe fn turn(from: *const T, _: isize, to: *mut T, _: isize) {
        // SAFETY: the caller's promise.
        unsafe { *to = *from }
    }
}

/// Elements of any size, by the processor's usual registers.
struct Plain;

impl<T: Copy> Square<T> for Plain {
    const SIDE: usize = 4;
    #[inline(always)]
    unsafe fn turn(from: *const T, line: isize, to: *mut T, width: isize) {
        // SAFETY: the caller's promise.
        unsafe {
            let lines: [[T; 4]; 4] = std::array::from_fn(|i| from.offset(i as isize * line).cast::<[T; 4]>().read());
            for q in 0..4 {
                to.offset(q as isize * width).cast::<[T; 4]>().write(lines.map(|l| l[q]));
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Columns, Square, memory};
    use std::arch::x86_64::*;

    /// # Safety
    /// As for [`Columns::copy_any`], with AVX-512.
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
    pub unsafe fn avx512(m: Columns, from: *const u64, to: *mut u64, pitch: isize) {
        let lines = to.addr().is_multiple_of(memory::ALIGN) && pitch % 8 == 0;
        // SAFETY: the caller's promise; the features are this function's; rows begin with a line.
        unsafe {
            if lines && (m.past || m.rows * m.columns * size_of::<u64>() >= memory::PAST) {
                m.tiles::<u64, EightWords<true>>(from, to, pitch);
                // What was written past the cache comes before everything that this thread does from here on.
                _mm_sfence();
            } else {
                m.tiles::<u64, EightWords<false>>(from, to, pitch);
            }
        }
    }

    /// # Safety
    /// As for [`Columns::copy_any`], with AVX2.
    #[target_feature(enable = "avx2")]
    pub unsafe fn avx2<T: Copy, S: Square<T>>(m: Columns, from: *const T, to: *mut T, pitch: isize) {
        // SAFETY: the caller's promise; the features are this function's.
        unsafe { m.tiles::<T, S>(from, to, pitch) }
    }

    pub struct FourWords;

    impl Square<u64> for FourWords {
        const SIDE: usize = 4;
        #[inline(always)]
        unsafe fn turn(from: *const u64, line: isize, to: *mut u64, width: isize) {
            // SAFETY: the caller's promise.
            unsafe { four_words(from, line, to, width) }
        }
    }

    /// # Safety
    /// As for [`Square::turn`].
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn four_words(from: *const u64, line: isize, to: *mut u64, width: isize) {
        // SAFETY: the caller's promise.
        unsafe {
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| _mm256_loadu_si256(from.offset(i * line).cast()));
            let (even, odd) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
            let (even2, odd2) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
            let rows = [
                _mm256_permute2x128_si256::<0x20>(even, even2),
                _mm256_permute2x128_si256::<0x20>(odd, odd2),
                _mm256_permute2x128_si256::<0x31>(even, even2),
                _mm256_permute2x128_si256::<0x31>(odd, odd2),
            ];
            for (q, row) in rows.into_iter().enumerate() {
                _mm256_storeu_si256(to.offset(q as isize * width).cast(), row);
            }
        }
    }

    pub struct EightSingles;

    impl Square<u32> for EightSingles {
        const SIDE: usize = 8;
        #[inline(always)]
        unsafe fn turn(from: *const u32, line: isize, to: *mut u32, width: isize) {
            // SAFETY: the caller's promise.
            unsafe { eight_singles(from, line, to, width) }
        }
    }

    /// # Safety
    /// As for [`Square::turn`].
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn eight_singles(from: *const u32, line: isize, to: *mut u32, width: isize) {
        // SAFETY: the caller's promise.
        unsafe {
            let l = [0, 1, 2, 3, 4, 5, 6, 7].map(|i| _mm256_loadu_si256(from.offset(i * line).cast()));
            // Pairs of lines, then pairs of pairs, each in two halves of 128 bits; then the halves.
            let low = [0, 2, 4, 6].map(|i| _mm256_unpacklo_epi32(l[i], l[i + 1]));
            let high = [0, 2, 4, 6].map(|i| _mm256_unpackhi_epi32(l[i], l[i + 1]));
            let four = |x: [__m256i; 4], k: usize| {
                (_mm256_unpacklo_epi64(x[k], x[k + 1]), _mm256_unpackhi_epi64(x[k], x[k + 1]))
            };
            let (upper, lower) = ([four(low, 0), four(high, 0)], [four(low, 2), four(high, 2)]);
            for k in 0..2 {
                for (j, (a, b)) in [(upper[k].0, lower[k].0), (upper[k].1, lower[k].1)].into_iter().enumerate() {
                    let q = (2 * k + j) as isize;
                    _mm256_storeu_si256(to.offset(q * width).cast(), _mm256_permute2x128_si256::<0x20>(a, b));
                    _mm256_storeu_si256(to.offset((q + 4) * width).cast(), _mm256_permute2x128_si256::<0x31>(a, b));
                }
            }
        }
    }

    /// `STREAM`: rows begin with a line of the cache, and are written past it.
    struct EightWords<const STREAM: bool>;

    impl<const STREAM: bool> Square<u64> for EightWords<STREAM> {
        const SIDE: usize = 8;
        #[inline(always)]
        unsafe fn turn(from: *const u64, line: isize, to: *mut u64, width: isize) {
            // SAFETY: the caller's promise.
            unsafe { eight_words::<true, STREAM>(from, line, to, width, [8, 8]) }
        }
        #[inline(always)]
        unsafe fn turn_part(from: *const u64, line: isize, to: *mut u64, width: isize, part: [usize; 2]) {
            // SAFETY: the caller's promise.
            unsafe { eight_words::<false, false>(from, line, to, width, part) }
        }
    }

    /// # Safety
    /// As for [`Square::turn_part`].
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn eight_words<const WHOLE: bool, const STREAM: bool>(
        from: *const u64,
        line: isize,
        to: *mut u64,
        width: isize,
        [rows, columns]: [usize; 2],
    ) {
        let first = |n: usize| if WHOLE { 0xff } else { ((1u32 << n) - 1) as u8 };
        let (read, written) = (first(rows), first(columns));
        // SAFETY: the caller's promise; masks keep to the part.
        unsafe {
            let l = [0, 1, 2, 3, 4, 5, 6, 7].map(|i: usize| {
                if WHOLE {
                    _mm512_loadu_epi64(from.offset(i as isize * line).cast())
                } else if i < columns {
                    _mm512_maskz_loadu_epi64(read, from.offset(i as isize * line).cast())
                } else {
                    _mm512_setzero_si512()
                }
            });
            // Pairs of lines: elements 0 2 4 6 and 1 3 5 7 of both. Two pairs: elements 0 4, 1 5, 2 6, 3 7 of four lines.
            let pairs =
                [0, 2, 4, 6].map(|i| [_mm512_unpacklo_epi64(l[i], l[i + 1]), _mm512_unpackhi_epi64(l[i], l[i + 1])]);
            for q in 0..4 {
                let half = |k: usize| {
                    let (a, b) = (pairs[k][q % 2], pairs[k + 1][q % 2]);
                    if q < 2 { _mm512_shuffle_i64x2::<0x88>(a, b) } else { _mm512_shuffle_i64x2::<0xdd>(a, b) }
                };
                let (upper, lower) = (half(0), half(2));
                let two = [_mm512_shuffle_i64x2::<0x88>(upper, lower), _mm512_shuffle_i64x2::<0xdd>(upper, lower)];
                for (row, q) in two.into_iter().zip([q, q + 4]) {
                    let to: *mut i64 = to.wrapping_offset(q as isize * width).cast();
                    if STREAM {
                        _mm512_stream_si512(to.cast(), row);
                    } else if WHOLE {
                        _mm512_storeu_epi64(to, row);
                    } else if q < rows {
                        _mm512_mask_storeu_epi64(to, written, row);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::math::{Level, with_level};

    fn check<T: Copy + PartialEq + std::fmt::Debug>(of: impl Fn(usize) -> T) {
        let memory: Vec<T> = (0..40_000).map(&of).collect();
        for (rows, columns) in [(1, 1), (3, 9), (4, 4), (8, 8), (8, 20), (17, 5), (64, 64), (65, 130), (100, 100)] {
            for row_step in [1, -1, 2] {
                for column_step in [150isize, -150, 101] {
                    let start = |step: isize, n: usize| if step < 0 { -step * (n as isize - 1) } else { 0 };
                    let at = start(row_step, rows) + start(column_step, columns) + 3;
                    let m = Columns { at, row_step, column_step, rows, columns, ahead: rows % 2, past: rows % 3 == 0 };
                    for pitch in [columns, columns + 3] {
                        let mut dst = vec![of(7); pitch * rows];
                        m.copy(&memory, &mut dst, pitch);
                        for (k, d) in dst.iter().enumerate() {
                            let (r, c) = ((k / pitch) as isize, (k % pitch) as isize);
                            let want = memory[(at + r * row_step + c * column_step).max(0) as usize % 40_000];
                            let want = if c < columns as isize { want } else { of(7) };
                            assert_eq!(*d, want, "{m:?} {pitch} {k}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_element_comes_to_its_place() {
        for l in [Level::Baseline, Level::Avx2, Level::Avx512] {
            with_level(l, || {
                check(|i| i as u64);
                check(|i| i as f32);
                check(|i| [i as u64, !i as u64]);
                check(|i| (i % 251) as u8);
            });
        }
    }

    #[test]
    fn large_results_past_the_cache_are_the_same() {
        let (rows, columns) = (515, 520);
        let memory: Vec<u64> = (0..rows as u64 * columns as u64).collect();
        let mut room = vec![0; rows * columns + 16];
        let first = room.as_ptr().align_offset(memory::ALIGN);
        for shift in [0, 1] {
            for row_step in [1, -1] {
                let at = if row_step < 0 { rows as isize - 1 } else { 0 };
                let m = Columns { at, row_step, column_step: rows as isize, rows, columns, ahead: 0, past: false };
                let dst = &mut room[first + shift..][..rows * columns];
                dst.fill(0);
                m.copy(&memory, dst, columns);
                for (k, d) in dst.iter().enumerate() {
                    let want = at + (k / columns) as isize * row_step + (k % columns * rows) as isize;
                    assert_eq!(*d, memory[want as usize], "{row_step} {shift} {k}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "outside of its memory")]
    fn nothing_is_read_outside() {
        let m = Columns { at: 0, row_step: 1, column_step: 10, rows: 10, columns: 11, ahead: 0, past: false };
        m.copy(&[0u64; 109], &mut [0; 110], 11);
    }
}
