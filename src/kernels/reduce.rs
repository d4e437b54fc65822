//! Reductions over one axis of a row-major array seen as (outer, axis, inner).
//!
//! With `inner == 1` every row is reduced by itself; otherwise rows are combined into the result element by element,
//! a walk through memory in order. Both are loops that the compiler vectorises; sums of long rows are pairwise.

use super::math;
use crate::array::Element;
use num_complex::{Complex32, Complex64};

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
    /// Whether `a` comes before `b` as the greater (smaller) one; NaN comes before all.
    fn beats(self, other: Self, max: bool) -> bool;
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
                    Fold::Prod => row.iter().product(),
                }
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

/// Reduces `x`, of `dst.len() / inner` times `length` times `inner` elements, over the middle one. `length` is not 0.
pub fn reduce<T: Reduce>(fold: Fold, x: &[T], length: usize, inner: usize, dst: &mut [T]) {
    if inner == 1 {
        for (d, row) in dst.iter_mut().zip(x.chunks_exact(length)) {
            *d = T::row(fold, row);
        }
        return;
    }
    for (out, block) in dst.chunks_exact_mut(inner).zip(x.chunks_exact(length * inner)) {
        // Columns in pieces that stay in the first-level cache while the rows pass by.
        const PIECE: usize = 2048;
        for (k, out) in out.chunks_mut(PIECE).enumerate() {
            let columns = k * PIECE..k * PIECE + out.len();
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
}

/// Positions of the first greatest (smallest) elements of each row.
pub fn argbest<T: Reduce>(max: bool, x: &[T], length: usize, dst: &mut [i64]) {
    for (d, row) in dst.iter_mut().zip(x.chunks_exact(length)) {
        let mut best = 0;
        for (i, &v) in row.iter().enumerate() {
            if v.beats(row[best], max) {
                best = i;
            }
        }
        *d = best as i64;
    }
}
