//! Rows of a matrix in the order of a list, rows added at the places of a list, and arrays inside zeros: what indexing
//! and its derivative do, block by block, so that neither needs memory for what passes through.
//!
//! "Matrix" means row-major memory cut into rows of one length, which may be 1.

use super::copy::{Past, copy};
use super::memory::{PAST, prefetch};
use super::transpose::Columns;
use crate::dtype::Element;
use std::ops::{AddAssign, Mul};

/// Elements `start..start + dst.len()` of the rows of `memory` that `list` names, one after the other.
pub fn gather<T: Copy>(memory: &[T], list: &[i64], row: usize, start: usize, dst: &mut [T]) {
    if row == 1 {
        // Looked at and read while it is near.
        let list = &list[start..start + dst.len()];
        for (dst, list) in dst.chunks_mut(1024).zip(list.chunks(1024)) {
            Offsets::new(list).pick(memory, 0, dst);
        }
        return;
    }
    let row_bytes = row * size_of::<T>();
    for_each_part(row, start, dst.len(), |i, columns, done| {
        let from = list[i] as usize * row + columns.start;
        if let Some(&next) = list.get(i + 1).filter(|_| FETCHED.contains(&row_bytes)) {
            prefetch(memory.as_ptr().wrapping_add(next as usize * row), row_bytes);
        }
        copy(&mut dst[done..done + columns.len()], &memory[from..from + columns.len()]);
    });
}

/// Bytes of rows of which the next one is prefetched while one is copied.
const FETCHED: std::ops::Range<usize> = 512..1 << 15;
/// Columns of a matrix that are brought in order together.
const STRIP: usize = 64;

/// The rows that `list` names of a matrix whose columns lie one after the other in memory, from strips of which each is
/// transposed and read while it is near, in `room` of [`strip_room`] elements.
pub fn gather_transposed<T: Copy>(matrix: Columns, memory: &[T], list: &[i64], dst: &mut [T], room: &mut [T]) {
    let past = (size_of_val(dst) >= PAST).then(Past::begin);
    for first in (0..matrix.columns).step_by(STRIP) {
        let columns = STRIP.min(matrix.columns - first);
        Columns { at: matrix.at + first as isize * matrix.column_step, columns, ..matrix }.copy(memory, room, columns);
        for (dst, &i) in dst.chunks_exact_mut(matrix.columns).zip(list) {
            let (dst, row) = (&mut dst[first..first + columns], &room[i as usize * columns..][..columns]);
            match &past {
                Some(past) => past.copy(dst, row),
                None => copy(dst, row),
            }
        }
    }
}

/// Elements of a strip of this matrix.
pub fn strip_room(matrix: Columns) -> usize {
    matrix.rows * STRIP.min(matrix.columns)
}

/// Distances from a beginning, none of them negative, and the greatest one.
#[derive(Clone, Copy)]
pub struct Offsets<'a> {
    list: &'a [i64],
    top: u64,
}

impl<'a> Offsets<'a> {
    /// Looked at once, so that elements are read without a question for each.
    pub fn new(list: &'a [i64]) -> Offsets<'a> {
        let top = greatest(list);
        assert!(top <= i64::MAX as u64, "a place before the beginning");
        Offsets { list, top }
    }

    /// The elements at these distances from `start`.
    pub fn pick<T: Copy>(self, memory: &[T], start: usize, dst: &mut [T]) {
        let memory = &memory[start..];
        assert!(dst.len() == self.list.len() && (self.list.is_empty() || self.top < memory.len() as u64));
        for (d, &i) in dst.iter_mut().zip(self.list) {
            // SAFETY: not negative, not above `top`, which lies in the memory.
            *d = unsafe { *memory.get_unchecked(i as usize) };
        }
    }
}

/// Whether all are places of an axis of extent `n`, counted from its beginning.
pub fn all_below(list: &[i64], n: usize) -> bool {
    list.is_empty() || greatest(list) < n as u64
}

super::math::dispatch::dispatch!(fn greatest[](list: &[i64]) -> u64 = greatest_body);

/// Of the numbers without a sign: a negative one is greater than all others.
#[inline(always)]
fn greatest_body<const FMA: bool>(list: &[i64]) -> u64 {
    list.iter().fold(0, |top, &i| top.max(i as u64))
}

/// Adds `values`, elements `start..` of rows as above, to the rows of `memory` that `list` names.
pub fn scatter<T: Copy + AddAssign>(memory: &mut [T], list: &[i64], row: usize, start: usize, values: &[T]) {
    scatter_any(memory, list, row, start, values);
}

super::math::dispatch::dispatch!(fn scatter_any[T: Scattered](
    memory: &mut [T], list: &[i64], row: usize, start: usize, values: &[T]
) = scatter_body);

/// Adds `values` element by element.
pub fn add<T: Copy + AddAssign>(memory: &mut [T], values: &[T]) {
    add_any(memory, values);
}

super::math::dispatch::dispatch!(fn add_any[T: Scattered](memory: &mut [T], values: &[T]) = add_body);

#[inline(always)]
fn add_body<T: Scattered, const FMA: bool>(memory: &mut [T], values: &[T]) {
    memory.iter_mut().zip(values).for_each(|(m, &v)| *m += v);
}

/// Adds `row`, times the element of `column` that belongs to it, to each row of a matrix; `false`, and nothing is added, if
/// one of these elements is an infinity or NaN.
pub fn add_outer<T: Multiplied>(matrix: &mut [T], column: &[T], row: &[T]) -> bool {
    debug_assert_eq!(matrix.len(), column.len() * row.len());
    if row.is_empty() {
        return true;
    }
    add_outer_any(matrix, column, row)
}

super::math::dispatch::dispatch!(
    fn add_outer_any[T: Multiplied](matrix: &mut [T], column: &[T], row: &[T]) -> bool = outer_body
);

#[inline(always)]
fn outer_body<T: Multiplied, const FMA: bool>(matrix: &mut [T], column: &[T], row: &[T]) -> bool {
    if !T::all_finite(row) || !T::all_finite(column) {
        return false;
    }
    match *row {
        [a] => matrix.iter_mut().zip(column).for_each(|(m, &x)| *m += x * a),
        [a, b] => narrow_body(matrix, column, [a, b]),
        [a, b, c] => narrow_body(matrix, column, [a, b, c]),
        [a, b, c, d] => narrow_body(matrix, column, [a, b, c, d]),
        _ => {
            for (sums, &x) in matrix.chunks_exact_mut(row.len()).zip(column) {
                sums.iter_mut().zip(row).for_each(|(m, &y)| *m += x * y);
            }
        }
    }
    true
}

/// Rows shorter than a register, whose number of columns the compiler knows.
#[inline(always)]
fn narrow_body<T: Multiplied, const N: usize>(matrix: &mut [T], column: &[T], row: [T; N]) {
    for (sums, &x) in matrix.as_chunks_mut::<N>().0.iter_mut().zip(column) {
        for (m, y) in sums.iter_mut().zip(row) {
            *m += x * y;
        }
    }
}

/// Numbers that are multiplied and add up.
pub trait Multiplied: Scattered + Element + Mul<Output = Self> {}
impl<T: Scattered + Element + Mul<Output = T>> Multiplied for T {}

/// Numbers that add up.
pub trait Scattered: Copy + AddAssign {}
impl<T: Copy + AddAssign> Scattered for T {}

#[inline(always)]
fn scatter_body<T: Scattered, const FMA: bool>(memory: &mut [T], list: &[i64], row: usize, start: usize, values: &[T]) {
    if row == 1 {
        for (&v, &i) in values.iter().zip(&list[start..]) {
            memory[i as usize] += v;
        }
        return;
    }
    for_each_part(row, start, values.len(), |i, columns, done| {
        let to = list[i] as usize * row + columns.start;
        let values = &values[done..done + columns.len()];
        memory[to..to + columns.len()].iter_mut().zip(values).for_each(|(m, &v)| *m += v);
    });
}

/// Calls `each` with the rows that elements `start..start + n` belong to: number, columns, elements before.
#[inline(always)]
fn for_each_part(row: usize, start: usize, n: usize, mut each: impl FnMut(usize, std::ops::Range<usize>, usize)) {
    let (mut i, mut first, mut done) = (start / row, start % row, 0);
    while done < n {
        let length = (row - first).min(n - done);
        each(i, first..first + length, done);
        done += length;
        i += 1;
        first = 0;
    }
}

/// Where an array stands inside zeros, along one axis: both are seen as (outer, axis, inner).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Padding {
    /// Extent of the axis with the zeros.
    pub total: usize,
    /// Position of the first element, and the distance of neighbours (at least 1).
    pub start: usize,
    pub step: usize,
    /// Extent of the axis without zeros.
    pub length: usize,
    pub inner: usize,
}

impl Padding {
    /// As numbers, which is how the engine keeps it beside an operation.
    pub fn to_list(self) -> [i64; 5] {
        [self.total, self.start, self.step, self.length, self.inner].map(|v| v as i64)
    }

    pub fn from_list(list: &[i64]) -> Padding {
        let at = |i: usize| list[i] as usize;
        Padding { total: at(0), start: at(1), step: at(2), length: at(3), inner: at(4) }
    }

    /// Where the elements `start..start + n` lie in the array without zeros, if none of them is such a zero.
    pub fn inside(&self, start: usize, n: usize) -> Option<usize> {
        let row = self.total * self.inner;
        let (outer, column) = (start / row, start % row);
        let (first, width) = (self.start * self.inner, self.length * self.inner);
        let here = self.step == 1 && column >= first && column + n <= first + width;
        here.then(|| outer * width + column - first)
    }

    /// Elements `start..start + dst.len()` of `x` inside zeros.
    pub fn read<T: Copy + Default>(&self, x: &[T], start: usize, dst: &mut [T]) {
        if self.step == 1 {
            // Whole runs: zeros before, what is there, zeros after.
            let (row, first) = (self.total * self.inner, self.start * self.inner);
            let width = self.length * self.inner;
            for_each_part(row, start, dst.len(), |outer, columns, done| {
                let part = &mut dst[done..done + columns.len()];
                let low = first.clamp(columns.start, columns.end);
                let high = (first + width).clamp(low, columns.end);
                let (before, rest) = part.split_at_mut(low - columns.start);
                let (inside, after) = rest.split_at_mut(high - low);
                before.fill(T::default());
                after.fill(T::default());
                if !inside.is_empty() {
                    let from = outer * width + low - first;
                    copy(inside, &x[from..from + inside.len()]);
                }
            });
            return;
        }
        for_each_part(self.inner, start, dst.len(), |row, columns, done| {
            let (outer, at) = (row / self.total, row % self.total);
            let part = &mut dst[done..done + columns.len()];
            let distance = at.wrapping_sub(self.start);
            if at >= self.start && distance.is_multiple_of(self.step) && distance / self.step < self.length {
                let from = (outer * self.length + distance / self.step) * self.inner;
                copy(part, &x[from + columns.start..from + columns.end]);
            } else {
                part.fill(T::default());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_rows_are_those_of_the_whole() {
        for row in [1, 3, 64, 700] {
            let memory: Vec<u64> = (0..20 * row as u64).collect();
            let list: Vec<i64> = (0..50).map(|i| i * 7 % 20).collect();
            let whole: Vec<u64> = list.iter().flat_map(|&i| memory[i as usize * row..][..row].to_vec()).collect();
            let (mut sums, mut want) = (vec![0u64; memory.len()], vec![0u64; memory.len()]);
            for (k, &i) in list.iter().enumerate() {
                for j in 0..row {
                    want[i as usize * row + j] += whole[k * row + j];
                }
            }
            for start in (0..whole.len()).step_by(512) {
                let n = 512.min(whole.len() - start);
                let mut block = vec![0; n];
                gather(&memory, &list, row, start, &mut block);
                assert_eq!(block, whole[start..start + n]);
                scatter(&mut sums, &list, row, start, &block);
            }
            assert_eq!(sums, want);
        }
    }

    #[test]
    fn blocks_inside_zeros_are_those_of_the_whole() {
        for (total, start, step, length) in
            [(9, 0, 1, 8), (9, 1, 1, 8), (9, 2, 3, 3), (9, 8, 1, 1), (7, 1, 2, 3), (4, 2, 1, 0)]
        {
            for inner in [1, 5] {
                let padding = Padding { total, start, step, length, inner };
                assert_eq!(Padding::from_list(&padding.to_list()), padding);
                let x: Vec<u32> = (1..=(3 * length * inner) as u32).collect();
                let mut want = vec![0; 3 * total * inner];
                for (k, row) in x.chunks_exact(inner).enumerate() {
                    let (outer, at) = (k / length, start + k % length * step);
                    want[(outer * total + at) * inner..][..inner].copy_from_slice(row);
                }
                for begin in 0..want.len() {
                    for end in begin..=want.len() {
                        let mut block = vec![77; end - begin];
                        padding.read(&x, begin, &mut block);
                        assert_eq!(block, want[begin..end], "{padding:?} {begin} {end}");
                        if let Some(at) = padding.inside(begin, end - begin).filter(|_| begin < end) {
                            assert_eq!(x[at..at + block.len()], block);
                        }
                    }
                }
            }
        }
    }
}
