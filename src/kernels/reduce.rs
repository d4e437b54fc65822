//! Reductions over one axis of a row-major array seen as (outer, axis, inner).
//!
//! With `inner == 1` every row is reduced by itself; otherwise rows are combined into the result element by element,
//! a walk through memory in order. Both are loops that the compiler vectorises; sums of long rows are pairwise.

use super::math;
use crate::dtype::Element;
use num_complex::{Complex32, Complex64};
use std::ops::{AddAssign, Div, Mul, Sub};

/// How two elements are combined; `max` and `min` propagate NaN as NumPy's do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    Sum,
    Prod,
    Max,
    Min,
}

/// Element types with reductions.
pub trait Reduce: Element {
    fn combine(fold: Fold, a: Self, b: Self) -> Self;
    fn row(fold: Fold, row: &[Self]) -> Self {
        row[1..].iter().fold(row[0], |a, &b| Self::combine(fold, a, b))
    }
    /// The sum of a row of fewer than 32 elements, as [`Reduce::row`] has it, to become part of a loop over rows.
    #[inline(always)]
    fn short_sum(row: &[Self]) -> Self {
        row[1..].iter().fold(row[0], |a, &b| Self::combine(Fold::Sum, a, b))
    }
    /// Whether `a` comes before `b` as the greater (smaller) one; NaN comes before all.
    fn beats(self, other: Self, max: bool) -> bool;
    /// The same where neither is NaN: one comparison.
    #[inline(always)]
    fn exceeds(self, other: Self, max: bool) -> bool {
        self.beats(other, max)
    }
}

macro_rules! real {
    ($t:ty, $sum:path, $max:path, $min:path) => {
        impl Reduce for $t {
            #[inline(always)]
            fn combine(fold: Fold, a: $t, b: $t) -> $t {
                match fold {
                    Fold::Sum => a + b,
                    Fold::Prod => a * b,
                    Fold::Max => {
                        if a > b || a.is_nan() {
                            a
                        } else {
                            b
                        }
                    }
                    Fold::Min => {
                        if a < b || a.is_nan() {
                            a
                        } else {
                            b
                        }
                    }
                }
            }
            fn row(fold: Fold, row: &[$t]) -> $t {
                match fold {
                    Fold::Sum => $sum(row),
                    Fold::Max => $max(row),
                    Fold::Min => $min(row),
                    Fold::Prod => product(row),
                }
            }
            #[inline(always)]
            fn short_sum(row: &[$t]) -> $t {
                math::short_sum(row)
            }
            fn beats(self, other: $t, max: bool) -> bool {
                if self.is_nan() {
                    !other.is_nan()
                } else if max {
                    self > other
                } else {
                    self < other
                }
            }
            #[inline(always)]
            fn exceeds(self, other: $t, max: bool) -> bool {
                if max { self > other } else { self < other }
            }
        }
    };
}
real!(f64, math::sum_f64, math::max_f64, math::min_f64);
real!(f32, math::sum_f32, math::max_f32, math::min_f32);

macro_rules! complex {
    ($t:ty) => {
        impl Reduce for $t {
            fn combine(fold: Fold, a: $t, b: $t) -> $t {
                match fold {
                    Fold::Sum => a + b,
                    Fold::Prod => a * b,
                    Fold::Max => {
                        if b.beats(a, true) {
                            b
                        } else {
                            a
                        }
                    }
                    Fold::Min => {
                        if b.beats(a, false) {
                            b
                        } else {
                            a
                        }
                    }
                }
            }
            fn beats(self, other: $t, max: bool) -> bool {
                if self.is_nan() || other.is_nan() {
                    return self.is_nan() && !other.is_nan();
                }
                let (a, b) = ((self.re, self.im), (other.re, other.im));
                if max { a > b } else { a < b }
            }
        }
    };
}
complex!(Complex64);
complex!(Complex32);

impl Reduce for i64 {
    fn combine(fold: Fold, a: i64, b: i64) -> i64 {
        match fold {
            Fold::Sum => a.wrapping_add(b),
            Fold::Prod => a.wrapping_mul(b),
            Fold::Max => a.max(b),
            Fold::Min => a.min(b),
        }
    }
    fn beats(self, other: i64, max: bool) -> bool {
        if max { self > other } else { self < other }
    }
}

impl Reduce for bool {
    fn combine(fold: Fold, a: bool, b: bool) -> bool {
        match fold {
            Fold::Sum | Fold::Max => a | b,
            Fold::Prod | Fold::Min => a & b,
        }
    }
    fn beats(self, other: bool, max: bool) -> bool {
        if max { self & !other } else { !self & other }
    }
}

super::math::dispatch::dispatch!(fn product[T: Reduce](row: &[T]) -> T = product_body);

/// The product of a row that is not empty, in lanes, which are multiplied in pairs.
#[inline(always)]
fn product_body<T: Reduce, const FMA: bool>(row: &[T]) -> T {
    const LANES: usize = 32;
    let times = |a: T, b: T| T::combine(Fold::Prod, a, b);
    let (groups, rest) = row.as_chunks::<LANES>();
    let Some((first, others)) = groups.split_first() else {
        return row[1..].iter().fold(row[0], |a, &b| times(a, b));
    };
    let mut acc = *first;
    for group in others {
        acc.iter_mut().zip(group).for_each(|(a, &b)| *a = times(*a, b));
    }
    let mut w = LANES / 2;
    while w > 0 {
        for i in 0..w {
            acc[i] = times(acc[i], acc[i + w]);
        }
        w /= 2;
    }
    rest.iter().fold(acc[0], |a, &b| times(a, b))
}

/// Reduces `x`, of `dst.len() / inner` times `length` times `inner` elements, over the middle one. `length` is not 0.
pub fn reduce<T: Reduce>(fold: Fold, x: &[T], length: usize, inner: usize, dst: &mut [T]) {
    if inner == 1 && fold == Fold::Sum && SHORT.contains(&length) {
        return sums_of_short_rows(x, length, dst);
    }
    if inner == 1 {
        for (d, row) in dst.iter_mut().zip(x.chunks_exact(length)) {
            *d = T::row(fold, row);
        }
        return;
    }
    for (out, block) in dst.chunks_exact_mut(inner).zip(x.chunks_exact(length * inner)) {
        columns(fold, block, inner, 0, out);
    }
}

/// Rows of which many are summed up side by side.
const SHORT: std::ops::RangeInclusive<usize> = 2..=8;

super::math::dispatch::dispatch!(fn sums_of_short_rows[T: Reduce](x: &[T], length: usize, dst: &mut [T]) = short_rows_body);

#[inline(always)]
fn short_rows_body<T: Reduce, const FMA: bool>(x: &[T], length: usize, dst: &mut [T]) {
    match length {
        2 => sums_of_rows_of::<T, 2>(x, dst),
        3 => sums_of_rows_of::<T, 3>(x, dst),
        4 => sums_of_rows_of::<T, 4>(x, dst),
        5 => sums_of_rows_of::<T, 5>(x, dst),
        6 => sums_of_rows_of::<T, 6>(x, dst),
        7 => sums_of_rows_of::<T, 7>(x, dst),
        _ => sums_of_rows_of::<T, 8>(x, dst),
    }
}

#[inline(always)]
fn sums_of_rows_of<T: Reduce, const N: usize>(x: &[T], dst: &mut [T]) {
    dst.iter_mut().zip(x.as_chunks::<N>().0).for_each(|(d, row)| *d = T::short_sum(row));
}

// The columns from `first` on that `dst` has room for, of one outer block.
super::math::dispatch::dispatch!(fn columns[T: Reduce](
    fold: Fold, block: &[T], inner: usize, first: usize, dst: &mut [T]
) = columns_body);

#[inline(always)]
fn columns_body<T: Reduce, const FMA: bool>(fold: Fold, block: &[T], inner: usize, first: usize, dst: &mut [T]) {
    // In pieces that stay in the first-level cache while the rows pass by.
    const PIECE: usize = 2048;
    for (k, out) in dst.chunks_mut(PIECE).enumerate() {
        let columns = first + k * PIECE..first + k * PIECE + out.len();
        out.copy_from_slice(&block[columns.clone()]);
        for row in block.chunks_exact(inner).skip(1) {
            let row = &row[columns.clone()];
            // One loop per fold: a choice inside would keep it scalar.
            match fold {
                Fold::Sum => out.iter_mut().zip(row).for_each(|(a, &b)| *a = T::combine(Fold::Sum, *a, b)),
                Fold::Prod => out.iter_mut().zip(row).for_each(|(a, &b)| *a = T::combine(Fold::Prod, *a, b)),
                Fold::Max => out.iter_mut().zip(row).for_each(|(a, &b)| *a = T::combine(Fold::Max, *a, b)),
                Fold::Min => out.iter_mut().zip(row).for_each(|(a, &b)| *a = T::combine(Fold::Min, *a, b)),
            }
        }
    }
}

/// Extrema, and how often each occurs, in one pass: `x` as in [`reduce`], of which the columns from `first` on that `best`
/// has room for; one outer block.
pub fn extrema_of_columns<T: Reduce>(max: bool, x: &[T], inner: usize, first: usize, best: &mut [T], ties: &mut [f64]) {
    if max {
        columns_with_ties::<T, Greatest>(x, inner, first, best, ties);
    } else {
        columns_with_ties::<T, Least>(x, inner, first, best, ties);
    }
}

/// The same of one row.
pub fn extremum_of_row<T: Reduce>(max: bool, row: &[T]) -> (T, f64) {
    let best = T::row(if max { Fold::Max } else { Fold::Min }, row);
    (best, occurrences(row, best))
}

super::math::dispatch::dispatch!(fn occurrences[T: Reduce](row: &[T], value: T) -> f64 = occurrences_body);
super::math::dispatch::dispatch!(fn columns_with_ties[T: Reduce, W: Which](
    x: &[T], inner: usize, first: usize, best: &mut [T], ties: &mut [f64]
) = columns_with_ties_body);

/// The greatest or the least, chosen when the loop is compiled.
pub trait Which {
    const MAX: bool;
}
pub struct Greatest;
pub struct Least;
impl Which for Greatest {
    const MAX: bool = true;
}
impl Which for Least {
    const MAX: bool = false;
}

#[inline(always)]
fn occurrences_body<T: Reduce, const FMA: bool>(row: &[T], value: T) -> f64 {
    row.iter().map(|&v| u64::from(v == value)).sum::<u64>() as f64
}

#[inline(always)]
fn columns_with_ties_body<T: Reduce, W: Which, const FMA: bool>(
    x: &[T],
    inner: usize,
    first: usize,
    best: &mut [T],
    ties: &mut [f64],
) {
    // In pieces that stay in the first-level cache while the rows pass by.
    const PIECE: usize = 1024;
    for (k, (best, ties)) in best.chunks_mut(PIECE).zip(ties.chunks_mut(PIECE)).enumerate() {
        let columns = first + k * PIECE..first + k * PIECE + best.len();
        best.copy_from_slice(&x[columns.clone()]);
        ties.fill(1.0);
        for row in x.chunks_exact(inner).skip(1) {
            for ((best, ties), &v) in best.iter_mut().zip(ties.iter_mut()).zip(&row[columns.clone()]) {
                let (beats, equal) = (v.beats(*best, W::MAX), v == *best);
                *ties = if beats { 1.0 } else { *ties + f64::from(u8::from(equal)) };
                *best = if beats { v } else { *best };
            }
        }
    }
}

/// Whether no element is an infinity or NaN.
pub fn all_finite<T: Element>(x: &[T]) -> bool {
    all_finite_any(x)
}
super::math::dispatch::dispatch!(fn all_finite_any[T: Element](x: &[T]) -> bool = all_finite_body);

#[inline(always)]
fn all_finite_body<T: Element, const FMA: bool>(x: &[T]) -> bool {
    T::all_finite(x)
}

/// Floating-point numbers.
pub trait Real: Reduce + PartialOrd + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + AddAssign {}
impl Real for f64 {}
impl Real for f32 {}

/// The sums of (x - mean)^2 of rows or columns: `x` as in [`reduce`].
pub fn squares_about_mean<T: Real>(x: &[T], length: usize, inner: usize, dst: &mut [T]) {
    if inner == 1 {
        return squares_of_rows(x, length, dst);
    }
    for (out, block) in dst.chunks_exact_mut(inner).zip(x.chunks_exact(length * inner)) {
        squares_of_columns(block, out);
    }
}

super::math::dispatch::dispatch!(fn squares_of_rows[T: Real](x: &[T], length: usize, dst: &mut [T]) = squares_of_rows_body);
super::math::dispatch::dispatch!(fn squares_of_columns[T: Real](x: &[T], dst: &mut [T]) = squares_of_columns_body);

#[inline(always)]
fn squares_of_rows_body<T: Real, const FMA: bool>(x: &[T], length: usize, dst: &mut [T]) {
    // Sums of blocks, and sums of these.
    const BLOCK: usize = 512;
    let (mut squares, mut parts) = ([T::default(); BLOCK], [T::default(); BLOCK]);
    for (d, row) in dst.iter_mut().zip(x.chunks_exact(length)) {
        let mean = T::row(Fold::Sum, row) / T::from_f64(length as f64);
        *d = T::default();
        for blocks in row.chunks(BLOCK * BLOCK) {
            let count = blocks.len().div_ceil(BLOCK);
            for (part, block) in parts.iter_mut().zip(blocks.chunks(BLOCK)) {
                squares.iter_mut().zip(block).for_each(|(s, &v)| *s = (v - mean) * (v - mean));
                *part = T::row(Fold::Sum, &squares[..block.len()]);
            }
            *d += T::row(Fold::Sum, &parts[..count]);
        }
    }
}

#[inline(always)]
fn squares_of_columns_body<T: Real, const FMA: bool>(x: &[T], dst: &mut [T]) {
    // In pieces that stay in the first-level cache while the rows pass by.
    const PIECE: usize = 1024;
    let (inner, mut means) = (dst.len(), [T::default(); PIECE]);
    let count = T::from_f64((x.len() / inner) as f64);
    for (k, out) in dst.chunks_mut(PIECE).enumerate() {
        let means = &mut means[..out.len()];
        columns(Fold::Sum, x, inner, k * PIECE, means);
        means.iter_mut().for_each(|m| *m = *m / count);
        out.fill(T::default());
        for row in x.chunks_exact(inner) {
            let row = &row[k * PIECE..k * PIECE + out.len()];
            for ((d, &v), &mean) in out.iter_mut().zip(row).zip(&*means) {
                *d += (v - mean) * (v - mean);
            }
        }
    }
}
