//! Vector registers by name: what the matrix kernels hold their sums in.
//!
//! Element-wise kernels are plain loops that the compiler vectorises. Sums over many rows are not: an array of
//! accumulators written as plain numbers is kept as numbers by the compiler, and ends up in memory.

/// A vector register of `T`.
///
/// # Safety
/// The methods may be called only where the processor has the instructions that the type stands for; `load` reads and
/// `store` writes `LANES` elements, `load_first` and `store_first` the first `n` of them (all if there are no more).
pub unsafe trait Vector<T>: Copy {
    const LANES: usize;
    /// How many of them the processor has.
    const REGISTERS: usize;
    unsafe fn splat(x: T) -> Self;
    unsafe fn load(p: *const T) -> Self;
    /// The other lanes are 0.
    unsafe fn load_first(p: *const T, n: usize) -> Self;
    unsafe fn store(self, p: *mut T);
    unsafe fn store_first(self, p: *mut T, n: usize);
    /// `a * b + self`
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    /// The sum of the lanes.
    unsafe fn total(self) -> T;
}

macro_rules! plain {
    ($($t:ident),*) => {$(
        // SAFETY: one lane; the methods do what the trait says.
        unsafe impl Vector<$t> for $t {
            const LANES: usize = 1;
            const REGISTERS: usize = 16;
            unsafe fn splat(x: $t) -> Self {
                x
            }
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's promise.
                unsafe { *p }
            }
            unsafe fn load_first(p: *const $t, n: usize) -> Self {
                // SAFETY: the caller's promise.
                if n == 0 { 0.0 } else { unsafe { *p } }
            }
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's promise.
                unsafe { *p = self }
            }
            unsafe fn store_first(self, p: *mut $t, n: usize) {
                if n > 0 {
                    // SAFETY: the caller's promise.
                    unsafe { *p = self }
                }
            }
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                a * b + self
            }
            unsafe fn add(self, other: Self) -> Self {
                self + other
            }
            unsafe fn total(self) -> $t {
                self
            }
        }
    )*};
}
plain!(f64, f32);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Vector;
    use std::arch::x86_64::*;

    /// The first `n` lanes of 32 bits, as the masks of AVX want them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn lanes32(n: usize) -> __m256i {
        _mm256_cmpgt_epi32(_mm256_set1_epi32(n.min(8) as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
    }

    /// The first `n` lanes of 64 bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn lanes64(n: usize) -> __m256i {
        _mm256_cmpgt_epi64(_mm256_set1_epi64x(n.min(4) as i64), _mm256_setr_epi64x(0, 1, 2, 3))
    }

    /// The first `n` lanes as a mask of AVX-512.
    fn bits(n: usize) -> u32 {
        1u32.checked_shl(n as u32).unwrap_or(0).wrapping_sub(1)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn total_pd(v: __m256d) -> f64 {
        let pair = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
        _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn total_ps(v: __m256) -> f32 {
        let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }

    macro_rules! vector {
        ($v:ident, $t:ty, $lanes:literal, $registers:literal, $features:literal, $set:ident, $load:ident, $store:ident, $fma:ident,
         $add:ident, $total:ident, |$n:ident| $mask:expr, |$p:ident, $m:ident| $load_first:expr,
         |$q:ident, $k:ident, $s:ident| $store_first:expr) => {
            // SAFETY: each method is compiled for the features its instructions need and does what the trait says.
            unsafe impl Vector<$t> for $v {
                const LANES: usize = $lanes;
                const REGISTERS: usize = $registers;
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn splat(x: $t) -> Self {
                    $set(x)
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn load(p: *const $t) -> Self {
                    // SAFETY: the caller's promise.
                    unsafe { $load(p) }
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn load_first($p: *const $t, $n: usize) -> Self {
                    let $m = $mask;
                    // SAFETY: the caller's promise; lanes outside of the mask are not read.
                    unsafe { $load_first }
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn store(self, p: *mut $t) {
                    // SAFETY: the caller's promise.
                    unsafe { $store(p, self) }
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn store_first(self, $q: *mut $t, $n: usize) {
                    let ($k, $s) = ($mask, self);
                    // SAFETY: the caller's promise; lanes outside of the mask are not written.
                    unsafe { $store_first }
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn add_product(self, a: Self, b: Self) -> Self {
                    $fma(a, b, self)
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn add(self, other: Self) -> Self {
                    $add(self, other)
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn total(self) -> $t {
                    $total(self)
                }
            }
        };
    }
    vector!(
        __m512d,
        f64,
        8,
        32,
        "avx512f",
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd,
        _mm512_add_pd,
        _mm512_reduce_add_pd,
        |n| bits(n.min(8)) as __mmask8,
        |p, m| _mm512_maskz_loadu_pd(m, p),
        |p, m, v| _mm512_mask_storeu_pd(p, m, v)
    );
    vector!(
        __m512,
        f32,
        16,
        32,
        "avx512f",
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_reduce_add_ps,
        |n| bits(n.min(16)) as __mmask16,
        |p, m| _mm512_maskz_loadu_ps(m, p),
        |p, m, v| _mm512_mask_storeu_ps(p, m, v)
    );
    vector!(
        __m256d,
        f64,
        4,
        16,
        "avx2,fma",
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        _mm256_add_pd,
        total_pd,
        |n| lanes64(n),
        |p, m| _mm256_maskload_pd(p, m),
        |p, m, v| _mm256_maskstore_pd(p, m, v)
    );
    vector!(
        __m256,
        f32,
        8,
        16,
        "avx2,fma",
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        total_ps,
        |n| lanes32(n),
        |p, m| _mm256_maskload_ps(p, m),
        |p, m, v| _mm256_maskstore_ps(p, m, v)
    );
}
