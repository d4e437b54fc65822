//! Max pooling with windows of two by two, two apart: by far the most frequent kind. A pair of rows is a row of windows of
//! four elements; without a branch, so that the compiler works on many windows at a time.
//!
//! A NaN wins over everything and is equal to nothing: in its window no element attains the maximum.

use super::math::dispatch::dispatch;
use crate::dtype::Element;
use std::ops::{Add, Div};

/// What has a maximum.
pub trait Ordered: Element + PartialOrd {}
impl<T: Element + PartialOrd> Ordered for T {}

/// What the derivative moves.
pub trait Moved: Element + Add<Output = Self> + Div<Output = Self> {}
impl<T: Element + Add<Output = T> + Div<Output = T>> Moved for T {}

#[inline(always)]
fn larger<T: Ordered>(best: T, v: T) -> T {
    if v > best || v.partial_cmp(&v).is_none() { v } else { best }
}

/// The largest element, which of the four are equal to it, and how many.
#[inline(always)]
fn window<T: Ordered>(a: &[T], b: &[T]) -> (T, [bool; 4], f64) {
    let four = [a[0], a[1], b[0], b[1]];
    let best = larger(larger(larger(four[0], four[1]), four[2]), four[3]);
    let hits = four.map(|v| v == best);
    let count = hits.iter().fold(0u8, |n, &hit| n + u8::from(hit));
    (best, hits, f64::from(count))
}

// Largest elements of the windows of two rows; cotangents of the elements from those of the windows; tangents of the
// windows from those of the elements.
dispatch!(fn largest[T: Ordered](top: &[T], low: &[T], y: &mut [T]) = largest_body);
dispatch!(fn spread[T: Ordered, U: Moved](
    top: &[T], low: &[T], g: &[U], to_top: &mut [U], to_low: &mut [U]
) = spread_body);
dispatch!(fn picked[T: Ordered, U: Moved](top: &[T], low: &[T], t_top: &[U], t_low: &[U], y: &mut [U]) = picked_body);

#[inline(always)]
fn largest_body<T: Ordered, const FMA: bool>(top: &[T], low: &[T], y: &mut [T]) {
    for ((y, a), b) in y.iter_mut().zip(top.chunks_exact(2)).zip(low.chunks_exact(2)) {
        *y = window(a, b).0;
    }
}

/// Every window's cotangent, shared by its largest elements.
#[inline(always)]
fn spread_body<T: Ordered, U: Moved, const FMA: bool>(
    top: &[T],
    low: &[T],
    g: &[U],
    to_top: &mut [U],
    to_low: &mut [U],
) {
    let windows = top.chunks_exact(2).zip(low.chunks_exact(2));
    let places = to_top.chunks_exact_mut(2).zip(to_low.chunks_exact_mut(2));
    for (((a, b), (to_a, to_b)), &g) in windows.zip(places).zip(g) {
        let (_, hits, count) = window(a, b);
        let share = g / U::from_f64(count.max(1.0));
        let [p, q, r, s] = hits.map(|hit| if hit { share } else { U::default() });
        (to_a[0], to_a[1], to_b[0], to_b[1]) = (p, q, r, s);
    }
}

/// The mean of the tangents of every window's largest elements.
#[inline(always)]
fn picked_body<T: Ordered, U: Moved, const FMA: bool>(top: &[T], low: &[T], t_top: &[U], t_low: &[U], y: &mut [U]) {
    let windows = top.chunks_exact(2).zip(low.chunks_exact(2));
    let tangents = t_top.chunks_exact(2).zip(t_low.chunks_exact(2));
    for (((a, b), (s, t)), y) in windows.zip(tangents).zip(y) {
        let (_, hits, count) = window(a, b);
        let four = [s[0], s[1], t[0], t[1]];
        let sum = hits.iter().zip(four).fold(U::default(), |sum, (&hit, t)| if hit { sum + t } else { sum });
        *y = sum / U::from_f64(count.max(1.0));
    }
}
