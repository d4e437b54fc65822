//! Positions of extrema. NaN comes before everything else, as in NumPy, and of equal elements the first one counts.
//!
//! In a row the extremum is found first, in blocks that stay in the first-level cache, and then looked for in the block
//! that had it: both are loops over many lanes without a branch, for which AVX-512 has forms of its own. Columns keep
//! their extremum beside its row's number.

#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(target_arch = "x86_64")]
use super::math;
use super::math::dispatch::dispatch;
use super::reduce::{Fold, Greatest, Least, Reduce, Which};
use crate::dtype::DType;

const BLOCK: usize = 512;
/// Elements compared side by side.
const LANES: usize = 32;
/// Elements that are looked at together where there is hardly anything to be found.
const GROUP: usize = 128;
/// Elements compared side by side in short rows.
const FEW: usize = 8;

/// Positions along the middle axis of `x`, seen as (outer, `length`, `inner`), for `dst`, seen as (outer, inner).
/// `length` is not 0.
pub fn along<T: Reduce>(max: bool, x: &[T], length: usize, inner: usize, dst: &mut [i64]) {
    if dst.is_empty() {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if inner == 1 && length <= BLOCK && short_rows(max, x, length, dst) {
        return;
    }
    match (inner, max) {
        (1, true) => rows::<T, Greatest>(x, length, dst),
        (1, false) => rows::<T, Least>(x, length, dst),
        (_, true) => columns::<T, Greatest>(x, length, inner, dst),
        (_, false) => columns::<T, Least>(x, length, inner, dst),
    }
}

/// Rows of a type for which AVX-512 has a form; `false` if there is none.
#[cfg(target_arch = "x86_64")]
fn short_rows<T: Reduce>(max: bool, x: &[T], length: usize, dst: &mut [i64]) -> bool {
    if math::level() != math::Level::Avx512 {
        return false;
    }
    let any: &dyn std::any::Any = &x[0];
    // SAFETY: elements of `x` are of the type asked for; `level` found that the processor has AVX-512.
    unsafe {
        if any.is::<f64>() {
            let x = std::slice::from_raw_parts(x.as_ptr().cast(), x.len());
            if max { avx512::rows_f64::<true>(x, length, dst) } else { avx512::rows_f64::<false>(x, length, dst) }
        } else if any.is::<f32>() {
            let x = std::slice::from_raw_parts(x.as_ptr().cast(), x.len());
            if max { avx512::rows_f32::<true>(x, length, dst) } else { avx512::rows_f32::<false>(x, length, dst) }
        } else {
            return false;
        }
    }
    true
}

/// All positions of the extremum of a row that is not empty.
pub fn all<T: Reduce>(max: bool, row: &[T]) -> impl Iterator<Item = usize> {
    let mut first = [0];
    along(max, row, row.len(), 1, &mut first);
    let first = first[0] as usize;
    let best = row[first];
    let mut next = Some(first);
    std::iter::from_fn(move || {
        let found = next?;
        let rest = &row[found + 1..];
        next = Some(found + 1 + next_of(rest, best)).filter(|&i| i < row.len());
        Some(found)
    })
}

/// The place of the first element that is `best`, or the length.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is not equal to itself")]
fn next_of_body<T: Reduce, const FMA: bool>(x: &[T], best: T) -> usize {
    if best == best { first_place(x, |v| v == best) } else { first_place(x, |v| v != v) }
}

#[inline(always)]
fn first_place<T: Copy>(x: &[T], found: impl Fn(T) -> bool) -> usize {
    let is_there = |group: &&[T]| group.iter().fold(false, |any, &v| any | found(v));
    let skipped = x.chunks_exact(GROUP).take_while(|group| !is_there(group)).count() * GROUP;
    x[skipped..].iter().position(|&v| found(v)).map_or(x.len(), |i| skipped + i)
}

dispatch!(fn next_of[T: Reduce](x: &[T], best: T) -> usize = next_of_body);
dispatch!(fn rows[T: Reduce, W: Which](x: &[T], length: usize, dst: &mut [i64]) = rows_body);
dispatch!(fn columns[T: Reduce, W: Which](x: &[T], length: usize, inner: usize, dst: &mut [i64]) = columns_body);

#[inline(always)]
fn rows_body<T: Reduce, W: Which, const FMA: bool>(x: &[T], length: usize, dst: &mut [i64]) {
    for (d, row) in dst.iter_mut().zip(x.chunks_exact(length)) {
        let (mut best, mut start) = (row[0], 0);
        for (k, block) in row.chunks(BLOCK).enumerate() {
            let top = best_of::<T, W>(block);
            if k == 0 || top.beats(best, W::MAX) {
                (best, start) = (top, k * BLOCK);
            }
        }
        let block = &row[start..row.len().min(start + BLOCK)];
        *d = (start + first_of(block, best)) as i64;
    }
}

/// The extremum of a block, NaN if there is one.
#[inline(always)]
fn best_of<T: Reduce, W: Which>(block: &[T]) -> T {
    match block.len() {
        LANES.. if matches!(T::DTYPE, DType::F64 | DType::F32) => {
            T::row(if W::MAX { Fold::Max } else { Fold::Min }, block)
        }
        LANES.. => best_in_lanes::<T, W, LANES>(block),
        FEW.. => best_in_lanes::<T, W, FEW>(block),
        _ => block.iter().fold(block[0], |best, &v| if v.beats(best, W::MAX) { v } else { best }),
    }
}

/// Groups of `N` elements, the last of which begins where it has to: elements that are seen twice change nothing. To
/// look at what is left over one by one would bring the lanes back from registers to memory.
#[inline(always)]
fn groups<T, const N: usize>(block: &[T]) -> impl Iterator<Item = (usize, &[T; N])> {
    let last = block.len() - N;
    (0..block.len()).step_by(N).map(move |at| {
        let at = at.min(last);
        (at, block[at..].first_chunk::<N>().expect("begins early enough"))
    })
}

#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is not equal to itself")]
fn best_in_lanes<T: Reduce, W: Which, const N: usize>(block: &[T]) -> T {
    let (mut best, mut odd) = ([block[0]; N], [block[0]; N]);
    for (_, group) in groups::<T, N>(block) {
        for j in 0..N {
            let v = group[j];
            best[j] = if v.exceeds(best[j], W::MAX) { v } else { best[j] };
            odd[j] = if v != v { v } else { odd[j] };
        }
    }
    let mut width = N / 2;
    while width > 0 {
        for j in 0..width {
            let (v, w) = (best[j + width], odd[j + width]);
            best[j] = if v.exceeds(best[j], W::MAX) { v } else { best[j] };
            odd[j] = if w != w { w } else { odd[j] };
        }
        width /= 2;
    }
    if odd[0] != odd[0] { odd[0] } else { best[0] }
}

/// Where `best` is first in a block that has it.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is not equal to itself")]
fn first_of<T: Reduce>(block: &[T], best: T) -> usize {
    if best != best {
        return block.iter().position(|&v| v != v).unwrap_or(0);
    }
    match block.len() {
        LANES.. => first_in_lanes::<T, LANES>(block, best),
        FEW.. => first_in_lanes::<T, FEW>(block, best),
        _ => block.iter().position(|&v| v == best).unwrap_or(0),
    }
}

#[inline(always)]
fn first_in_lanes<T: Reduce, const N: usize>(block: &[T], best: T) -> usize {
    let is_there = |group: &[T]| group.iter().fold(false, |any, &v| any | (v == best));
    let Some((at, group)) = groups::<T, N>(block).find(|(_, group)| is_there(*group)) else { return 0 };
    let part = group.chunks_exact(FEW).position(is_there).unwrap_or(0) * FEW;
    at + part + group[part..].iter().position(|&v| v == best).unwrap_or(0)
}

#[inline(always)]
fn columns_body<T: Reduce, W: Which, const FMA: bool>(x: &[T], length: usize, inner: usize, dst: &mut [i64]) {
    let mut best = [T::default(); BLOCK];
    for (x, dst) in x.chunks_exact(length * inner).zip(dst.chunks_exact_mut(inner)) {
        for (k, at) in dst.chunks_mut(BLOCK).enumerate() {
            let columns = k * BLOCK..k * BLOCK + at.len();
            let best = &mut best[..at.len()];
            best.copy_from_slice(&x[columns.clone()]);
            at.fill(0);
            for (r, row) in x.chunks_exact(inner).enumerate().skip(1) {
                for ((best, at), &v) in best.iter_mut().zip(at.iter_mut()).zip(&row[columns.clone()]) {
                    let beats = v.beats(*best, W::MAX);
                    *at = if beats { r as i64 } else { *at };
                    *best = if beats { v } else { *best };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive<T: Reduce>(max: bool, x: &[T], length: usize, inner: usize) -> Vec<i64> {
        let mut found = vec![];
        for block in x.chunks_exact(length * inner) {
            for j in 0..inner {
                let mut at = 0;
                for r in 1..length {
                    if block[r * inner + j].beats(block[at * inner + j], max) {
                        at = r;
                    }
                }
                found.push(at as i64);
            }
        }
        found
    }

    fn check<T: Reduce>(x: &[T], length: usize, inner: usize) {
        for max in [true, false] {
            let want = naive(max, x, length, inner);
            let mut got = vec![-1; want.len()];
            along(max, x, length, inner, &mut got);
            assert_eq!(got, want, "{length} {inner} {max}");
            let best = x[naive(max, x, x.len(), 1)[0] as usize];
            let places: Vec<usize> = all(max, x).collect();
            // Neither comes before the other: equal, or both NaN.
            let as_good = |&i: &usize| !x[i].beats(best, max) && !best.beats(x[i], max);
            let want: Vec<usize> = (0..x.len()).filter(as_good).collect();
            assert_eq!(places, want);
        }
    }

    #[test]
    fn positions_agree_with_the_obvious_loop() {
        let mut state = 7u64;
        let mut noise = |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        for length in [1, 2, 7, 8, 13, 31, 32, 33, 100, 511, 512, 513, 1300] {
            for inner in [1, 2, 5, 40, 513] {
                for below in [2, 10, 1 << 30] {
                    let n = 2 * length * inner;
                    let mut x: Vec<f64> = (0..n).map(|_| noise(below) as f64 - 3.0).collect();
                    check(&x, length, inner);
                    check(&x.iter().map(|&v| v as f32).collect::<Vec<f32>>(), length, inner);
                    check(&x.iter().map(|&v| v as i64).collect::<Vec<i64>>(), length, inner);
                    check(&x.iter().map(|&v| v > 0.0).collect::<Vec<bool>>(), length, inner);
                    for _ in 0..3 {
                        let at = noise(n as u64) as usize;
                        x[at] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][noise(3) as usize];
                    }
                    check(&x, length, inner);
                    let z: Vec<_> = x.iter().map(|&v| num_complex::Complex64::new(v, 1.0)).collect();
                    check(&z, length, inner);
                    along::<f64>(true, &[], length, 0, &mut []);
                }
            }
        }
    }
}
