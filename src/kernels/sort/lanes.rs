//! What the sorting networks move: registers of AVX-512 with elements, alone or with their positions beside them.

use std::arch::x86_64::*;

/// A register of `LANES` elements of a type whose order is `<`: floating-point numbers without NaN, or integers.
///
/// # Safety
/// The methods may be called only where the processor has AVX-512 F; those with pointers touch the elements whose bit
/// in `lanes` is set, or all `LANES` of them.
pub unsafe trait Lanes: Copy {
    type T: Copy + PartialOrd;
    const LANES: usize;
    unsafe fn splat(x: Self::T) -> Self;
    unsafe fn load(p: *const Self::T) -> Self;
    /// In the other lanes is what no element comes after.
    unsafe fn load_lanes(p: *const Self::T, lanes: u32) -> Self;
    unsafe fn store(self, p: *mut Self::T);
    unsafe fn store_lanes(self, p: *mut Self::T, lanes: u32);
    unsafe fn least(self, other: Self) -> Self;
    unsafe fn greatest(self, other: Self) -> Self;
    /// Lanes in which `self <= other`.
    unsafe fn up_to(self, other: Self) -> u32;
    /// Lanes in which `self < other`.
    unsafe fn below(self, other: Self) -> u32;
    /// `other` in `lanes`, `self` elsewhere.
    unsafe fn blend(self, lanes: u32, other: Self) -> Self;
    /// Lane `i` gets lane `i ^ D`.
    unsafe fn exchange<const D: usize>(self) -> Self;
    /// What is in `lanes` first, then the others, each in their order.
    unsafe fn split(self, lanes: u32) -> Self;
}

/// Elements, or elements with positions, of which a register (or two) is moved at a time.
///
/// # Safety
/// As for [`Lanes`]; `at` counts elements of `memory`.
pub unsafe trait Record: Copy {
    type Key: Lanes;
    type Memory: Copy;
    /// Registers that a network may fill: as many as the processor has, less those it computes in.
    const ROWS: usize;
    unsafe fn load(memory: Self::Memory, at: usize) -> Self;
    unsafe fn load_lanes(memory: Self::Memory, at: usize, lanes: u32) -> Self;
    unsafe fn store(self, memory: Self::Memory, at: usize);
    /// `at` is the place of lane 0, which may lie before the memory if that lane is not stored.
    unsafe fn store_lanes(self, memory: Self::Memory, at: isize, lanes: u32);
    fn keys(memory: Self::Memory) -> *mut <Self::Key as Lanes>::T;
    fn key(self) -> Self::Key;
    /// In every lane the lesser one, and the other one.
    unsafe fn ordered(self, other: Self) -> (Self, Self);
    /// The lesser one of lanes `i` and `i ^ D` to that which is not in `upper`.
    unsafe fn ordered_lanes<const D: usize>(self, upper: u32) -> Self;
    unsafe fn blend(self, lanes: u32, other: Self) -> Self;
    unsafe fn exchange<const D: usize>(self) -> Self;
    unsafe fn split(self, lanes: u32) -> Self;
    /// Sorts without registers, in a time that no order of the elements can spoil.
    unsafe fn sort_anyhow(memory: Self::Memory, start: usize, n: usize);
}

const fn exchanged<const L: usize>(d: usize) -> [i64; L] {
    let (mut list, mut i) = ([0; L], 0);
    while i < L {
        list[i] = (i ^ d) as i64;
        i += 1;
    }
    list
}

const fn exchanged32(d: usize) -> [i32; 16] {
    let (mut list, mut i) = ([0; 16], 0);
    while i < 16 {
        list[i] = (i ^ d) as i32;
        i += 1;
    }
    list
}

/// For every set of lanes their numbers, then those of the others.
static SPLIT: [[u8; 8]; 256] = {
    let (mut table, mut set) = ([[0; 8]; 256], 0);
    while set < 256 {
        let (mut n, mut pass) = (0, 0);
        while pass < 2 {
            let mut i = 0;
            while i < 8 {
                if (set >> i & 1 == 1) == (pass == 0) {
                    table[set][n] = i as u8;
                    n += 1;
                }
                i += 1;
            }
            pass += 1;
        }
        set += 1;
    }
    table
};

/// The order of lanes that [`Lanes::split`] puts eight lanes in.
#[inline]
#[target_feature(enable = "avx512f")]
fn split_order(lanes: u32) -> __m512i {
    let bytes = i64::from_le_bytes(SPLIT[(lanes & 255) as usize]);
    _mm512_cvtepu8_epi64(_mm_cvtsi64_si128(bytes))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn exchange_words<const D: usize>() -> __m512i {
    let order: [i64; 8] = const { exchanged(D) };
    // SAFETY: eight words, read as such.
    unsafe { _mm512_loadu_si512(order.as_ptr().cast()) }
}

macro_rules! lanes {
    ($v:ident, $t:ty, $n:literal, $mask:ty, $last:expr, $set:ident, $load:ident, $load_mask:ident, $store:ident,
     $store_mask:ident, $min:ident, $max:ident, |$a:ident, $b:ident| $le:expr, $lt:expr, $blend:ident,
     |$x:ident, $d:ident| $exchange:expr, |$s:ident, $m:ident| $split:expr) => {
        // SAFETY: each method is compiled for AVX-512 F and does what the trait says.
        unsafe impl Lanes for $v {
            type T = $t;
            const LANES: usize = $n;
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn splat(x: $t) -> Self {
                $set(x)
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's promise.
                unsafe { $load(p.cast()) }
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn load_lanes(p: *const $t, lanes: u32) -> Self {
                // SAFETY: the caller's promise; other lanes are not read.
                unsafe { $load_mask($set($last), lanes as $mask, p.cast()) }
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's promise.
                unsafe { $store(p.cast(), self) }
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn store_lanes(self, p: *mut $t, lanes: u32) {
                // SAFETY: the caller's promise; other lanes are not written.
                unsafe { $store_mask(p.cast(), lanes as $mask, self) }
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn least(self, other: Self) -> Self {
                $min(self, other)
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn greatest(self, other: Self) -> Self {
                $max(self, other)
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn up_to(self, other: Self) -> u32 {
                let ($a, $b) = (self, other);
                u32::from($le)
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn below(self, other: Self) -> u32 {
                let ($a, $b) = (self, other);
                u32::from($lt)
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn blend(self, lanes: u32, other: Self) -> Self {
                $blend(lanes as $mask, self, other)
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn exchange<const $d: usize>(self) -> Self {
                let $x = self;
                $exchange
            }
            #[inline]
            #[target_feature(enable = "avx512f")]
            unsafe fn split(self, lanes: u32) -> Self {
                let ($s, $m) = (self, lanes);
                $split
            }
        }
    };
}
lanes!(
    __m512d,
    f64,
    8,
    __mmask8,
    f64::INFINITY,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_mask_loadu_pd,
    _mm512_storeu_pd,
    _mm512_mask_storeu_pd,
    _mm512_min_pd,
    _mm512_max_pd,
    |a, b| _mm512_cmp_pd_mask::<_CMP_LE_OQ>(a, b),
    _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b),
    _mm512_mask_blend_pd,
    |x, D| _mm512_permutexvar_pd(exchange_words::<D>(), x),
    |s, m| _mm512_permutexvar_pd(split_order(m), s)
);
lanes!(
    __m512i,
    i64,
    8,
    __mmask8,
    i64::MAX,
    _mm512_set1_epi64,
    _mm512_loadu_epi64,
    _mm512_mask_loadu_epi64,
    _mm512_storeu_epi64,
    _mm512_mask_storeu_epi64,
    _mm512_min_epi64,
    _mm512_max_epi64,
    |a, b| _mm512_cmple_epi64_mask(a, b),
    _mm512_cmplt_epi64_mask(a, b),
    _mm512_mask_blend_epi64,
    |x, D| _mm512_permutexvar_epi64(exchange_words::<D>(), x),
    |s, m| _mm512_permutexvar_epi64(split_order(m), s)
);
lanes!(
    __m512,
    f32,
    16,
    __mmask16,
    f32::INFINITY,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_mask_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mask_storeu_ps,
    _mm512_min_ps,
    _mm512_max_ps,
    |a, b| _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b),
    _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b),
    _mm512_mask_blend_ps,
    |x, D| {
        let order: [i32; 16] = const { exchanged32(D) };
        // SAFETY: sixteen numbers of 32 bits, read as such.
        _mm512_permutexvar_ps(unsafe { _mm512_loadu_si512(order.as_ptr().cast()) }, x)
    },
    |s, m| {
        // A table would be too long: both parts are packed, and the second one is moved behind the first.
        let first = m.count_ones();
        let lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        let moved = _mm512_sub_epi32(lane, _mm512_set1_epi32(first as i32));
        let (low, high) = (_mm512_maskz_compress_ps(m as u16, s), _mm512_maskz_compress_ps(!m as u16, s));
        _mm512_mask_permutexvar_ps(low, (u32::MAX << first) as u16, moved, high)
    }
);

/// Elements by themselves.
#[derive(Clone, Copy)]
pub struct Alone<K>(K);

// SAFETY: each method is compiled for AVX-512 F and does what the trait says.
unsafe impl<K: Lanes> Record for Alone<K> {
    type Key = K;
    type Memory = *mut K::T;
    const ROWS: usize = 16;
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load(memory: *mut K::T, at: usize) -> Self {
        // SAFETY: the caller's promise.
        Alone(unsafe { K::load(memory.add(at)) })
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load_lanes(memory: *mut K::T, at: usize, lanes: u32) -> Self {
        // SAFETY: the caller's promise.
        Alone(unsafe { K::load_lanes(memory.wrapping_add(at), lanes) })
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn store(self, memory: *mut K::T, at: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.store(memory.add(at)) }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn store_lanes(self, memory: *mut K::T, at: isize, lanes: u32) {
        // SAFETY: the caller's promise.
        unsafe { self.0.store_lanes(memory.wrapping_offset(at), lanes) }
    }
    #[inline]
    fn keys(memory: *mut K::T) -> *mut K::T {
        memory
    }
    #[inline]
    fn key(self) -> K {
        self.0
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn ordered(self, other: Self) -> (Self, Self) {
        // SAFETY: the caller's promise.
        unsafe { (Alone(self.0.least(other.0)), Alone(self.0.greatest(other.0))) }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn ordered_lanes<const D: usize>(self, upper: u32) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let other = self.0.exchange::<D>();
            Alone(self.0.least(other).blend(upper, self.0.greatest(other)))
        }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn blend(self, lanes: u32, other: Self) -> Self {
        // SAFETY: the caller's promise.
        Alone(unsafe { self.0.blend(lanes, other.0) })
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn exchange<const D: usize>(self) -> Self {
        // SAFETY: the caller's promise.
        Alone(unsafe { self.0.exchange::<D>() })
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn split(self, lanes: u32) -> Self {
        // SAFETY: the caller's promise.
        Alone(unsafe { self.0.split(lanes) })
    }
    #[cold]
    unsafe fn sort_anyhow(memory: *mut K::T, start: usize, n: usize) {
        // SAFETY: the caller's promise.
        let list = unsafe { std::slice::from_raw_parts_mut(memory.add(start), n) };
        list.sort_unstable_by(|a, b| a.partial_cmp(b).expect("there is no NaN"));
    }
}

/// Elements of 8 bytes with positions, which lie in a second list.
#[derive(Clone, Copy)]
pub struct Placed<K>(K, __m512i);

// SAFETY: each method is compiled for AVX-512 F and does what the trait says.
unsafe impl<K: Lanes> Record for Placed<K> {
    type Key = K;
    type Memory = (*mut K::T, *mut i64);
    const ROWS: usize = 8;
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load((keys, places): Self::Memory, at: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Placed(K::load(keys.add(at)), <__m512i as Lanes>::load(places.add(at))) }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load_lanes((keys, places): Self::Memory, at: usize, lanes: u32) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Placed(
                K::load_lanes(keys.wrapping_add(at), lanes),
                <__m512i as Lanes>::load_lanes(places.wrapping_add(at), lanes),
            )
        }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn store(self, (keys, places): Self::Memory, at: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            self.0.store(keys.add(at));
            self.1.store(places.add(at));
        }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn store_lanes(self, (keys, places): Self::Memory, at: isize, lanes: u32) {
        // SAFETY: the caller's promise.
        unsafe {
            self.0.store_lanes(keys.wrapping_offset(at), lanes);
            self.1.store_lanes(places.wrapping_offset(at), lanes);
        }
    }
    #[inline]
    fn keys(memory: Self::Memory) -> *mut K::T {
        memory.0
    }
    #[inline]
    fn key(self) -> K {
        self.0
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn ordered(self, other: Self) -> (Self, Self) {
        // SAFETY: the caller's promise.
        unsafe {
            let swapped = other.0.below(self.0);
            (self.blend(swapped, other), other.blend(swapped, self))
        }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn ordered_lanes<const D: usize>(self, upper: u32) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let other = self.exchange::<D>();
            // Either both lanes of a pair change, or none: otherwise one position would come twice.
            let swapped = other.0.below(self.0) & !upper | self.0.below(other.0) & upper;
            self.blend(swapped, other)
        }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn blend(self, lanes: u32, other: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Placed(self.0.blend(lanes, other.0), self.1.blend(lanes, other.1)) }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn exchange<const D: usize>(self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Placed(self.0.exchange::<D>(), self.1.exchange::<D>()) }
    }
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn split(self, lanes: u32) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Placed(self.0.split(lanes), self.1.split(lanes)) }
    }
    #[cold]
    unsafe fn sort_anyhow((keys, places): Self::Memory, start: usize, n: usize) {
        // SAFETY: the caller's promise.
        let (keys, places) = unsafe {
            (std::slice::from_raw_parts_mut(keys.add(start), n), std::slice::from_raw_parts_mut(places.add(start), n))
        };
        let mut pairs: Vec<(K::T, i64)> = keys.iter().copied().zip(places.iter().copied()).collect();
        pairs.sort_unstable_by(|a, b| a.0.partial_cmp(&b.0).expect("there is no NaN"));
        for ((key, place), pair) in keys.iter_mut().zip(places).zip(pairs) {
            (*key, *place) = pair;
        }
    }
}
