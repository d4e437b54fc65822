//! Sorting in registers of AVX-512.
//!
//! *Short lists* are laid out as a matrix, a register a row, and padded with what comes last. Its columns are sorted by
//! a network of registers: lesser and greater of two rows, no element changes its lane. Then neighbouring columns are
//! merged, twice two, twice four, until all of them are one sequence down the columns: the second half is read
//! backwards and compared with the first, and both halves, which rise and fall once, are put in order by comparing at
//! halved distances (Batcher's bitonic merge); distances within a column are again whole registers. In the end the
//! matrix is transposed.
//!
//! *Long lists* are divided at an element of theirs (quicksort): what is up to it goes to the left, the rest to the
//! right, a register at a time, from both ends inwards. Reading goes on at the side that has less room, so that no
//! element is written over before it has been read. A division at the greatest element is done again below it, which
//! sets apart all that equals it; and after twice as many divisions as halving needs, a sort that nothing can slow down
//! takes over.

use super::lanes::{Lanes, Record};

/// Registers read at a time by a division.
const UNROLL: usize = 4;

/// In order: all, or only so that the elements of those numbers stand where sorting puts them.
///
/// # Safety
/// The processor has AVX-512 F and POPCNT; `memory` has `n` elements, none of them NaN. `wanted` ascends and is below `n`.
#[target_feature(enable = "avx512f,popcnt")]
pub unsafe fn arrange<R: Record>(memory: R::Memory, n: usize, wanted: Option<&[usize]>) {
    // SAFETY: the caller's promise.
    unsafe { part::<R>(memory, 0, n, wanted, 2 * n.max(1).ilog2()) }
}

/// `n` elements from `start`.
///
/// # Safety
/// As for [`arrange`].
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn part<R: Record>(memory: R::Memory, mut start: usize, mut n: usize, wanted: Option<&[usize]>, depth: u32) {
    let (mut wanted, mut depth) = (wanted, depth);
    loop {
        if wanted.is_some_and(|w| w.is_empty()) {
            return;
        }
        // SAFETY: the caller's promise; both parts of a division lie in the list.
        unsafe {
            if n <= R::ROWS * R::Key::LANES {
                return short::<R>(memory, start, n);
            }
            if depth == 0 {
                return R::sort_anyhow(memory, start, n);
            }
            depth -= 1;
            let pivot = middle::<R::Key>(R::keys(memory).add(start), n);
            let left = divide::<R, false>(memory, start, n, pivot);
            let (left, done) = if left < n { (left, left) } else { (divide::<R, true>(memory, start, n, pivot), n) };
            let (low, high) = match wanted {
                None => (None, None),
                Some(w) => {
                    let (low, rest) = w.split_at(w.partition_point(|&k| k < start + left));
                    (Some(low), Some(&rest[rest.partition_point(|&k| k < start + done)..]))
                }
            };
            // The shorter part first, by itself.
            let (first, second) = ((start, left, low), (start + done, n - done, high));
            let (small, large) = if left < n - done { (first, second) } else { (second, first) };
            if small.1 > 0 {
                part::<R>(memory, small.0, small.1, small.2, depth);
            }
            (start, n, wanted) = large;
        }
    }
}

/// About the middle of a list: the median of medians of medians of three, of 9 elements, or of 27 where that pays.
///
/// # Safety
/// `n` elements lie at `keys`.
#[inline]
unsafe fn middle<K: Lanes>(keys: *const K::T, n: usize) -> K::T {
    let of_three = |a: K::T, b: K::T, c: K::T| {
        let (low, high) = if b < a { (b, a) } else { (a, b) };
        let top = if c < high { c } else { high };
        if top < low { low } else { top }
    };
    let step = n / 27;
    // SAFETY: `i` is below 27.
    let at = |i: usize| unsafe { *keys.add(i * step + step / 2) };
    let ninth = |i: usize, d: usize| {
        let three = |i: usize| of_three(at(i), at(i + d), at(i + 2 * d));
        of_three(three(i), three(i + 3 * d), three(i + 6 * d))
    };
    if n < 1024 { ninth(0, 3) } else { of_three(ninth(0, 1), ninth(9, 1), ninth(18, 1)) }
}

/// What is up to `pivot` (below it, if `STRICT`) goes to the left; returns how many these are.
///
/// # Safety
/// As for [`arrange`], and there are at least `2 UNROLL` registers of elements.
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn divide<R: Record, const STRICT: bool>(
    memory: R::Memory,
    start: usize,
    n: usize,
    pivot: <R::Key as Lanes>::T,
) -> usize {
    let lanes = R::Key::LANES;
    let (block, all) = (UNROLL * lanes, u32::MAX >> (32 - lanes));
    // SAFETY: both ends and what does not fill a block are held in registers, so there are 2 blocks of room and more,
    // and a block at either side after each reading; a register takes no more than its own length of each.
    unsafe {
        let pivot = R::Key::splat(pivot);
        let goes_left = |v: R| if STRICT { v.key().below(pivot) } else { v.key().up_to(pivot) };
        let rest = (n - 2 * block) % block;
        let count = |i: usize| rest.saturating_sub(i * lanes).min(lanes);
        // Plain loops: what `from_fn` calls would not be compiled for these registers.
        let mut ends = [R::load(memory, start); 2 * UNROLL];
        let mut partial = [ends[0]; UNROLL];
        for i in 0..UNROLL {
            ends[i] = R::load(memory, start + i * lanes);
            ends[UNROLL + i] = R::load(memory, start + n - (i + 1) * lanes);
            partial[i] = R::load_lanes(memory, start + block + i * lanes, !(u32::MAX << count(i)));
        }
        let (mut left, mut right) = (start, start + n);
        let (mut from_left, mut from_right) = (start + block + rest, start + n - block);
        while from_left < from_right {
            let at = if right - from_right < from_left - left {
                from_right -= block;
                from_right
            } else {
                from_left += block;
                from_left - block
            };
            let mut read = [R::load(memory, at); UNROLL];
            for (i, v) in read.iter_mut().enumerate().skip(1) {
                *v = R::load(memory, at + i * lanes);
            }
            for v in read {
                let set = goes_left(v);
                let v = v.split(set);
                v.store(memory, left);
                v.store(memory, right - lanes);
                left += set.count_ones() as usize;
                right -= lanes - set.count_ones() as usize;
            }
        }
        let mut put = |v: R, there: usize| {
            let set = goes_left(v) & !(u32::MAX << there);
            let (v, below) = (v.split(set), set.count_ones());
            v.store_lanes(memory, left as isize, !(u32::MAX << below));
            v.store_lanes(memory, right as isize - there as isize, all & (u32::MAX << below) & !(u32::MAX << there));
            left += below as usize;
            right -= there - below as usize;
        };
        for v in ends {
            put(v, lanes);
        }
        for (i, v) in partial.into_iter().enumerate() {
            put(v, count(i));
        }
        left - start
    }
}

/// A list that fits the registers.
///
/// # Safety
/// As for [`arrange`].
#[target_feature(enable = "avx512f")]
unsafe fn short<R: Record>(memory: R::Memory, start: usize, n: usize) {
    let rows = n.div_ceil(R::Key::LANES);
    // SAFETY: the caller's promise.
    unsafe {
        match rows {
            0..=1 => columns::<R, 1>(memory, start, n),
            2 => columns::<R, 2>(memory, start, n),
            3..=4 => columns::<R, 4>(memory, start, n),
            5..=8 => columns::<R, 8>(memory, start, n),
            _ => columns::<R, 16>(memory, start, n),
        }
    }
}

/// Rows of a matrix, pair by pair.
macro_rules! rows {
    ($v:ident: $($a:literal $b:literal),*) => { $( ($v[$a], $v[$b]) = $v[$a].ordered($v[$b]); )* };
}

/// Rows at distance `$d`.
macro_rules! distant_rows {
    ($v:ident, $n:ident: $($d:literal)*) => { $(
        if $d < $n {
            let mut i = 0;
            while i < $n {
                if i & $d == 0 {
                    ($v[i], $v[i | $d]) = $v[i].ordered($v[i | $d]);
                }
                i += 1;
            }
        }
    )* };
}

/// Merges groups of columns: `$g` is twice the size of a group, `$d` are the distances of columns after the first one.
macro_rules! merge {
    ($v:ident, $n:ident, $lanes:ident: $g:literal: $($d:literal)*) => {
        if $g <= $lanes {
            let upper = lanes_with($g / 2);
            if $n == 1 {
                $v[0] = $v[0].ordered_lanes::<{ $g - 1 }>(upper);
            }
            let mut i = 0;
            while i < $n / 2 {
                let (low, high) = $v[i].ordered($v[$n - 1 - i].exchange::<{ $g - 1 }>());
                $v[i] = low.blend(upper, high);
                $v[$n - 1 - i] = high.blend(upper, low).exchange::<{ $g - 1 }>();
                i += 1;
            }
            $(
                let mut i = 0;
                while i < $n {
                    $v[i] = $v[i].ordered_lanes::<$d>(lanes_with($d));
                    i += 1;
                }
            )*
            distant_rows!($v, $n: 8 4 2 1);
        }
    };
}

/// A stage of a transposition: squares of side `$d` change places.
macro_rules! squares {
    ($v:ident, $n:ident, $lanes:ident: $($d:literal)*) => { $(
        if $d < $n && $d < $lanes {
            let upper = lanes_with($d);
            let mut i = 0;
            while i < $n {
                if i & $d == 0 {
                    let (a, b) = ($v[i], $v[i | $d]);
                    $v[i] = a.blend(upper, b.exchange::<$d>());
                    $v[i | $d] = a.exchange::<$d>().blend(upper, b);
                }
                i += 1;
            }
        }
    )* };
}

/// The lanes whose numbers have the bit `d`.
const fn lanes_with(d: u32) -> u32 {
    let (mut set, mut i) = (0, 0);
    while i < 32 {
        set |= ((i & d != 0) as u32) << i;
        i += 1;
    }
    set
}

/// A list of up to `N` registers.
///
/// # Safety
/// As for [`arrange`].
#[target_feature(enable = "avx512f")]
unsafe fn columns<R: Record, const N: usize>(memory: R::Memory, start: usize, n: usize) {
    let lanes = R::Key::LANES;
    let first = |count: usize| !u32::MAX.checked_shl(count as u32).unwrap_or(0);
    // SAFETY: the caller's promise; lanes beyond the list are neither read nor written.
    unsafe {
        let mut v = [R::load_lanes(memory, start, first(n.min(lanes))); N];
        let mut i = 1;
        while i < N {
            v[i] = R::load_lanes(memory, start + i * lanes, first(n.saturating_sub(i * lanes).min(lanes)));
            i += 1;
        }
        // The networks with the fewest comparisons for so many rows; that for 16 is Green's.
        if N == 2 {
            rows!(v: 0 1);
        }
        if N == 4 {
            rows!(v: 0 1, 2 3, 0 2, 1 3, 1 2);
        }
        if N == 8 {
            rows!(v: 0 1, 2 3, 4 5, 6 7, 0 2, 1 3, 4 6, 5 7, 1 2, 5 6, 0 4, 3 7, 1 5, 2 6, 1 4, 3 6, 2 4, 3 5, 3 4);
        }
        if N == 16 {
            rows!(v: 0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15);
            rows!(v: 0 2, 1 3, 4 6, 5 7, 8 10, 9 11, 12 14, 13 15);
            rows!(v: 0 4, 1 5, 2 6, 3 7, 8 12, 9 13, 10 14, 11 15);
            rows!(v: 0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15);
            rows!(v: 5 10, 6 9, 3 12, 13 14, 4 8, 7 11, 1 2);
            rows!(v: 1 4, 7 13, 2 8, 11 14);
            rows!(v: 2 4, 5 6, 9 10, 11 13, 3 8, 7 12);
            rows!(v: 6 8, 10 12, 3 5, 7 9);
            rows!(v: 3 4, 5 6, 7 8, 9 10, 11 12);
            rows!(v: 6 7, 8 9);
        }
        merge!(v, N, lanes: 2:);
        merge!(v, N, lanes: 4: 1);
        merge!(v, N, lanes: 8: 2 1);
        merge!(v, N, lanes: 16: 4 2 1);
        squares!(v, N, lanes: 1 2 4 8);
        // Each register holds pieces of columns, of `side` elements.
        let side = N.min(lanes);
        let mut i = 0;
        while i < N {
            let mut q = 0;
            while q < lanes / side {
                let at = (q * side + i % side) * N + i / side * side;
                let here = first(n.saturating_sub(at).min(side)) << (q * side);
                v[i].store_lanes(memory, (start + at) as isize - (q * side) as isize, here);
                q += 1;
            }
            i += 1;
        }
    }
}
