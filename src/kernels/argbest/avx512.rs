//! Positions of extrema in short rows of floating-point numbers, with AVX-512: the extremum, then a bit for each element
//! that equals it, so that there is a branch for 64 of them only.

use std::arch::x86_64::*;

/// Elements that have a bit each.
const BITS: usize = 64;

macro_rules! rows {
    ($name:ident, $row:ident, $t:ty, $mask:ty, $lanes:literal, $set1:ident, $load:ident, $load_some:ident, $max:ident,
     $min:ident, $compare:ident, $reduce_max:ident, $reduce_min:ident) => {
        /// The position in each row of `x`, in its order. Rows are not empty.
        ///
        /// # Safety
        /// The processor has AVX-512 (F, DQ, VL, BW).
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        pub unsafe fn $name<const MAX: bool>(x: &[$t], length: usize, dst: &mut [i64]) {
            for (d, row) in dst.iter_mut().zip(x.chunks_exact(length)) {
                *d = $row::<MAX>(row) as i64;
            }
        }

        #[inline]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        fn $row<const MAX: bool>(row: &[$t]) -> usize {
            let fill = $set1(if MAX { <$t>::NEG_INFINITY } else { <$t>::INFINITY });
            let better = |a, b| if MAX { $max(a, b) } else { $min(a, b) };
            let (whole, tail) = row.as_chunks::<$lanes>();
            // SAFETY: a chunk is a vector.
            let load = |chunk: &[$t; $lanes]| unsafe { $load(chunk.as_ptr()) };
            let mask = ((1 as $mask) << tail.len()) - 1;
            // SAFETY: the mask keeps to the tail.
            let last = unsafe { $load_some(fill, mask, tail.as_ptr()) };
            let (mut best, mut other, mut odd) = (last, fill, $compare::<_CMP_UNORD_Q>(last, last));
            let (pairs, rest) = whole.as_chunks::<2>();
            for [v, w] in pairs {
                let (v, w) = (load(v), load(w));
                (best, other) = (better(best, v), better(other, w));
                odd |= $compare::<_CMP_UNORD_Q>(v, w);
            }
            for v in rest {
                let v = load(v);
                best = better(best, v);
                odd |= $compare::<_CMP_UNORD_Q>(v, v);
            }
            if odd != 0 {
                return row.iter().position(|v| v.is_nan()).unwrap_or(0);
            }
            let best = better(best, other);
            let best = $set1(if MAX { $reduce_max(best) } else { $reduce_min(best) });
            let mut start = 0;
            for part in whole.chunks(BITS / $lanes) {
                let mut bits = 0u64;
                for (k, v) in part.iter().enumerate() {
                    bits |= u64::from($compare::<_CMP_EQ_OQ>(load(v), best)) << (k * $lanes);
                }
                if bits != 0 {
                    return start + bits.trailing_zeros() as usize;
                }
                start += BITS;
            }
            row.len() - tail.len() + ($compare::<_CMP_EQ_OQ>(last, best) & mask).trailing_zeros() as usize
        }
    };
}

rows!(
    rows_f64,
    row_f64,
    f64,
    u8,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_mask_loadu_pd,
    _mm512_max_pd,
    _mm512_min_pd,
    _mm512_cmp_pd_mask,
    _mm512_reduce_max_pd,
    _mm512_reduce_min_pd
);
rows!(
    rows_f32,
    row_f32,
    f32,
    u16,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_mask_loadu_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_cmp_ps_mask,
    _mm512_reduce_max_ps,
    _mm512_reduce_min_ps
);
