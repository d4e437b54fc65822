//! Sums, dot products and extrema.
//!
//! A block of 512 elements is summed in 32 lanes (the order in which vector
//! registers add), and the block sums are added pairwise through a binary
//! counter of partial sums. An element takes part in about
//! 16 + 5 + log2(n/512) additions, so the error grows with log n as in NumPy's
//! pairwise summation (N. J. Higham, SIAM J. Sci. Comput. 14, 1993), and the
//! result does not depend on the instruction set except for fused
//! multiply-add in the dot product.

use super::num::{madd, madd32};

/// Lanes in which a block is summed.
pub const SUM_LANES: usize = 32;
const LANES: usize = SUM_LANES;
const BLOCK: usize = 512;

macro_rules! reductions {
    ($t:ty, $madd:ident, $sum_body:ident, $dot_body:ident, $pair:ident, $lanes:ident) => {
        /// Adds the lanes pairwise.
        #[inline(always)]
        fn $lanes(mut acc: [$t; LANES]) -> $t {
            let fold = |acc: &mut [$t], w: usize| {
                let (low, high) = acc.split_at_mut(w);
                low.iter_mut().zip(high).for_each(|(a, &mut b)| *a += b);
            };
            fold(&mut acc, 16);
            fold(&mut acc[..16], 8);
            // The compiler, seeing the end of this tree, would make the loops before it into one over the first lane and one over
            // the rest, which loads across cache lines.
            let mut acc: [$t; 8] = std::hint::black_box(*acc.first_chunk().expect("there are 32"));
            fold(&mut acc, 4);
            fold(&mut acc[..4], 2);
            acc[0] + acc[1]
        }

        /// Adds one block sum to the counter: equal-sized partial sums merge.
        #[inline(always)]
        fn $pair(stack: &mut [$t; 64], count: u64, mut s: $t) {
            let level = (count + 1).trailing_zeros() as usize;
            for partial in &stack[..level] {
                s += *partial;
            }
            stack[level] = s;
        }

        #[inline(always)]
        fn $sum_body<const FMA: bool>(x: &[$t]) -> $t {
            if x.len() < LANES {
                return short_sum(x);
            }
            let mut stack = [0.0; 64];
            let mut count = 0;
            let blocks = x.chunks_exact(BLOCK);
            let rest = blocks.remainder();
            for block in blocks {
                let mut acc = [0.0; LANES];
                for group in block.chunks_exact(LANES) {
                    for (a, &v) in acc.iter_mut().zip(group) {
                        *a += v;
                    }
                }
                $pair(&mut stack, count, $lanes(acc));
                count += 1;
            }
            let mut acc = [0.0; LANES];
            let groups = rest.chunks_exact(LANES);
            let tail: $t = groups.remainder().iter().sum();
            for group in groups {
                for (a, &v) in acc.iter_mut().zip(group) {
                    *a += v;
                }
            }
            let mut s = tail + $lanes(acc);
            // Usually one block or few: the list ends with the count.
            let levels = (u64::BITS - count.leading_zeros()) as usize;
            for (level, partial) in stack[..levels].iter().enumerate() {
                if count >> level & 1 == 1 {
                    s += partial;
                }
            }
            s
        }

        #[inline(always)]
        fn $dot_body<const FMA: bool>(x: &[$t], y: &[$t]) -> $t {
            assert_eq!(x.len(), y.len());
            let mut stack = [0.0; 64];
            let mut count = 0;
            let blocks = x.chunks_exact(BLOCK).zip(y.chunks_exact(BLOCK));
            for (bx, by) in blocks {
                let mut acc = [0.0; LANES];
                for (gx, gy) in bx.chunks_exact(LANES).zip(by.chunks_exact(LANES)) {
                    for ((a, &u), &v) in acc.iter_mut().zip(gx).zip(gy) {
                        *a = $madd::<FMA>(u, v, *a);
                    }
                }
                $pair(&mut stack, count, $lanes(acc));
                count += 1;
            }
            let done = x.len() / BLOCK * BLOCK;
            let (rx, ry) = (x[done..].chunks_exact(LANES), y[done..].chunks_exact(LANES));
            let mut tail = 0.0;
            for (&u, &v) in rx.remainder().iter().zip(ry.remainder()) {
                tail = $madd::<FMA>(u, v, tail);
            }
            let mut acc = [0.0; LANES];
            for (gx, gy) in rx.zip(ry) {
                for ((a, &u), &v) in acc.iter_mut().zip(gx).zip(gy) {
                    *a = $madd::<FMA>(u, v, *a);
                }
            }
            let mut s = tail + $lanes(acc);
            // Usually one block or few: the list ends with the count.
            let levels = (u64::BITS - count.leading_zeros()) as usize;
            for (level, partial) in stack[..levels].iter().enumerate() {
                if count >> level & 1 == 1 {
                    s += partial;
                }
            }
            s
        }
    };
}

/// Fewer elements than lanes: four sums side by side.
#[inline(always)]
pub(crate) fn short_sum<T: Copy + Default + std::ops::Add<Output = T>>(x: &[T]) -> T {
    let mut acc = [T::default(); 4];
    let groups = x.chunks_exact(4);
    let rest = groups.remainder();
    for g in groups {
        acc = [acc[0] + g[0], acc[1] + g[1], acc[2] + g[2], acc[3] + g[3]];
    }
    let tail = rest.iter().fold(T::default(), |s, &v| s + v);
    (acc[0] + acc[2]) + (acc[1] + acc[3]) + tail
}

/// The sum of the lanes of a block.
pub fn lanes_f64(lanes: [f64; LANES]) -> f64 {
    lanes64(lanes)
}

/// The sum of the lanes of a block.
pub fn lanes_f32(lanes: [f32; LANES]) -> f32 {
    lanes32(lanes)
}

reductions!(f64, madd, sum64_body, dot64_body, pair64, lanes64);
reductions!(f32, madd32, sum32_body, dot32_body, pair32, lanes32);

/// Largest (or with `LEAST` smallest) element; a NaN anywhere is the result. Elements are compared in lanes, and lanes in
/// pairs; the last group begins where it has to, since elements that are seen twice change nothing.
macro_rules! extremum {
    ($body:ident, $in_lanes:ident, $better:ident, $t:ty) => {
        /// `v`, if it comes before `a`, else `a`: one instruction, which takes no `v` that is NaN.
        #[inline(always)]
        fn $better<const LEAST: bool>(v: $t, a: $t) -> $t {
            if LEAST { if v < a { v } else { a } } else { if v > a { v } else { a } }
        }

        #[inline(always)]
        fn $in_lanes<const LEAST: bool, const N: usize>(x: &[$t]) -> $t {
            let group = |at: usize| x[at..].first_chunk::<N>().expect("begins early enough");
            let mut acc = *group(0);
            // NaN loses every comparison, and is looked for beside them: it would be in the sum. Additions and comparisons don't
            // wait for each other.
            let mut sum = acc;
            let mut add = |group: &[$t; N]| {
                for ((a, s), &v) in acc.iter_mut().zip(&mut sum).zip(group) {
                    *a = $better::<LEAST>(v, *a);
                    *s += v;
                }
            };
            let groups = x[N..].chunks_exact(N);
            groups.for_each(|v| add(v.first_chunk().expect("a whole group")));
            add(group(x.len() - N));
            // Infinities may have made one, too.
            if sum.iter().fold(false, |any, s| any | s.is_nan())
                && let Some(&nan) = x.iter().find(|x| x.is_nan())
            {
                return nan;
            }
            let mut w = N / 2;
            while w > 0 {
                for i in 0..w {
                    acc[i] = $better::<LEAST>(acc[i + w], acc[i]);
                }
                w /= 2;
            }
            acc[0]
        }

        #[inline(always)]
        fn $body<const LEAST: bool, const FMA: bool>(x: &[$t]) -> $t {
            let start = if LEAST { <$t>::INFINITY } else { <$t>::NEG_INFINITY };
            match x.len() {
                LANES.. => $in_lanes::<LEAST, LANES>(x),
                FEW.. => $in_lanes::<LEAST, FEW>(x),
                _ => x.iter().fold(start, |a, &v| if v.is_nan() { v } else { $better::<LEAST>(v, a) }),
            }
        }
    };
}

/// Lanes for short rows.
const FEW: usize = 8;

extremum!(extremum64, extremum_in_lanes64, better64, f64);
extremum!(extremum32, extremum_in_lanes32, better32, f32);

/// Names the four specialisations for the dispatcher.
macro_rules! fixed {
    ($($name:ident = $body:ident, $least:literal, $t:ty);*) => {
        $(#[inline(always)]
        fn $name<const FMA: bool>(x: &[$t]) -> $t {
            $body::<$least, FMA>(x)
        })*
    };
}
fixed!(max64 = extremum64, false, f64; min64 = extremum64, true, f64;
       max32 = extremum32, false, f32; min32 = extremum32, true, f32);

macro_rules! public {
    ($($(#[$m:meta])* $name:ident($($a:ident),+) $inner:ident = $body:ident, $t:ty);* $(;)?) => {
        $(
            super::dispatch::dispatch!(fn $inner[]($($a: &[$t]),+) -> $t = $body);
            $(#[$m])*
            pub fn $name($($a: &[$t]),+) -> $t {
                $inner($($a),+)
            }
        )*
    };
}

public! {
    /// Sum.
    sum_f64(x) run_sum64 = sum64_body, f64;
    /// Sum, accumulated in f32.
    sum_f32(x) run_sum32 = sum32_body, f32;
    /// Sum of products.
    dot_f64(x, y) run_dot64 = dot64_body, f64;
    /// Sum of products, accumulated in f32.
    dot_f32(x, y) run_dot32 = dot32_body, f32;
    /// Largest element; NaN if there is one; -infinity for no elements.
    max_f64(x) run_max64 = max64, f64;
    /// Smallest element; NaN if there is one; infinity for no elements.
    min_f64(x) run_min64 = min64, f64;
    /// Largest element; NaN if there is one; -infinity for no elements.
    max_f32(x) run_max32 = max32, f32;
    /// Smallest element; NaN if there is one; infinity for no elements.
    min_f32(x) run_min32 = min32, f32;
}
