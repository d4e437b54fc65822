//! Choosing by a mask.
//!
//! A mask has one byte per element, which the compiler widens step by step to the width of the elements. AVX-512 takes
//! eight or sixteen of them as bits, so it has loops of its own here.

#[cfg(target_arch = "x86_64")]
use super::dispatch::{Level, level};

/// What is chosen from.
#[derive(Clone, Copy)]
pub enum Branch<'a, T> {
    Array(&'a [T]),
    Number(T),
}

impl<T> Branch<'_, T> {
    fn fits(&self, n: usize) -> bool {
        matches!(self, Branch::Number(_)) || matches!(self, Branch::Array(a) if a.len() == n)
    }

    /// What is left behind the first `n`.
    fn from(self, n: usize) -> Self {
        match self {
            Branch::Array(a) => Branch::Array(&a[n..]),
            number => number,
        }
    }
}

/// dst = x where `c`, else y.
pub fn select<T: Copy>(dst: &mut [T], c: &[bool], x: Branch<'_, T>, y: Branch<'_, T>) {
    assert!(dst.len() == c.len() && x.fits(c.len()) && y.fits(c.len()));
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the level says that the processor has AVX-512; all have as many elements, of the size that is asked for.
    let done = unsafe {
        match (level(), size_of::<T>()) {
            (Level::Avx512, 8) => x86::select::<T, x86::Words>(dst, c, x, y),
            (Level::Avx512, 4) => x86::select::<T, x86::Singles>(dst, c, x, y),
            _ => 0,
        }
    };
    #[cfg(not(target_arch = "x86_64"))]
    let done = 0;
    select_any(&mut dst[done..], &c[done..], x.from(done), y.from(done));
}

#[inline(always)]
fn select_body<T: Copy, const FMA: bool>(dst: &mut [T], c: &[bool], x: Branch<'_, T>, y: Branch<'_, T>) {
    let places = dst.iter_mut().zip(c);
    match (x, y) {
        (Branch::Array(x), Branch::Array(y)) => {
            places.zip(x).zip(y).for_each(|(((d, &c), &x), &y)| *d = if c { x } else { y });
        }
        (Branch::Array(x), Branch::Number(y)) => places.zip(x).for_each(|((d, &c), &x)| *d = if c { x } else { y }),
        (Branch::Number(x), Branch::Array(y)) => places.zip(y).for_each(|((d, &c), &y)| *d = if c { x } else { y }),
        (Branch::Number(x), Branch::Number(y)) => places.for_each(|(d, &c)| *d = if c { x } else { y }),
    }
}

super::dispatch::dispatch!(fn select_any[T: Copy](dst: &mut [T], c: &[bool], x: Branch<'_, T>, y: Branch<'_, T>) = select_body);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Branch;
    use std::arch::x86_64::*;

    /// Elements of a size.
    pub trait Width {
        const LANES: usize;
        /// # Safety
        /// A processor with AVX-512; an element at `x`.
        unsafe fn splat(x: *const u8) -> __m512i;
        /// # Safety
        /// A processor with AVX-512; `LANES` bytes at `c`.
        unsafe fn choose(c: *const u8, x: __m512i, y: __m512i) -> __m512i;
    }

    pub struct Words;
    pub struct Singles;

    impl Width for Words {
        const LANES: usize = 8;
        #[inline]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        unsafe fn splat(x: *const u8) -> __m512i {
            // SAFETY: the caller's promise.
            _mm512_set1_epi64(unsafe { x.cast::<i64>().read_unaligned() })
        }
        #[inline]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        unsafe fn choose(c: *const u8, x: __m512i, y: __m512i) -> __m512i {
            // SAFETY: the caller's promise.
            let bytes = unsafe { _mm_loadl_epi64(c.cast()) };
            _mm512_mask_blend_epi64(_mm_test_epi8_mask(bytes, bytes) as u8, y, x)
        }
    }

    impl Width for Singles {
        const LANES: usize = 16;
        #[inline]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        unsafe fn splat(x: *const u8) -> __m512i {
            // SAFETY: the caller's promise.
            _mm512_set1_epi32(unsafe { x.cast::<i32>().read_unaligned() })
        }
        #[inline]
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
        unsafe fn choose(c: *const u8, x: __m512i, y: __m512i) -> __m512i {
            // SAFETY: the caller's promise.
            let bytes = unsafe { _mm_loadu_si128(c.cast()) };
            _mm512_mask_blend_epi32(_mm_test_epi8_mask(bytes, bytes), y, x)
        }
    }

    /// Whole vectors; returns how many elements they are.
    ///
    /// # Safety
    /// The processor has AVX-512 (F, DQ, VL, BW); `T` has the size that `W` stands for; all have as many elements.
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
    pub unsafe fn select<T: Copy, W: Width>(dst: &mut [T], c: &[bool], x: Branch<'_, T>, y: Branch<'_, T>) -> usize {
        // SAFETY: every vector lies inside of all arrays, which are as long as the mask.
        unsafe {
            match (x, y) {
                (Branch::Array(x), Branch::Array(y)) => vectors::<T, W>(dst, c, x.as_ptr(), 1, y.as_ptr(), 1),
                (Branch::Array(x), Branch::Number(y)) => vectors::<T, W>(dst, c, x.as_ptr(), 1, &raw const y, 0),
                (Branch::Number(x), Branch::Array(y)) => vectors::<T, W>(dst, c, &raw const x, 0, y.as_ptr(), 1),
                (Branch::Number(x), Branch::Number(y)) => vectors::<T, W>(dst, c, &raw const x, 0, &raw const y, 0),
            }
        }
    }

    /// # Safety
    /// As for [`select`]; a step of 0 stands for one element, a step of 1 for as many as the mask has.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
    unsafe fn vectors<T: Copy, W: Width>(
        dst: &mut [T],
        c: &[bool],
        x: *const T,
        x_step: usize,
        y: *const T,
        y_step: usize,
    ) -> usize {
        let whole = dst.len() - dst.len() % W::LANES;
        if whole == 0 {
            // Of an array without elements there is none to repeat.
            return 0;
        }
        // SAFETY: the caller's promise.
        unsafe {
            let (one_x, one_y) = (W::splat(x.cast()), W::splat(y.cast()));
            for i in (0..whole).step_by(W::LANES) {
                let x = if x_step == 0 { one_x } else { _mm512_loadu_si512(x.add(i).cast()) };
                let y = if y_step == 0 { one_y } else { _mm512_loadu_si512(y.add(i).cast()) };
                let z = W::choose(c.as_ptr().add(i).cast(), x, y);
                _mm512_storeu_si512(dst.as_mut_ptr().add(i).cast(), z);
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::super::dispatch::with_level;
    use super::*;

    fn check<T: Copy + PartialEq + std::fmt::Debug>(of: impl Fn(usize) -> T) {
        for n in (0..40).chain([64, 100, 513]) {
            let c: Vec<bool> = (0..n).map(|i| i * 7 % 5 < 2).collect();
            let (x, y): (Vec<T>, Vec<T>) = ((0..n).map(&of).collect(), (0..n).map(|i| of(i + 1000)).collect());
            let number = (of(77), of(99));
            for k in 0..4 {
                let a = if k % 2 == 0 { Branch::Array(&x[..]) } else { Branch::Number(number.0) };
                let b = if k < 2 { Branch::Array(&y[..]) } else { Branch::Number(number.1) };
                let mut z = vec![of(5); n];
                select(&mut z, &c, a, b);
                for i in 0..n {
                    let at = |branch: Branch<'_, T>| match branch {
                        Branch::Array(a) => a[i],
                        Branch::Number(x) => x,
                    };
                    assert_eq!(z[i], if c[i] { at(a) } else { at(b) }, "{n} {k} {i}");
                }
            }
        }
    }

    #[test]
    fn every_element_comes_from_its_side() {
        for l in [Level::Baseline, Level::Avx2, Level::Avx512] {
            with_level(l, || {
                check(|i| i as f64);
                check(|i| i as f32);
                check(|i| i as i64);
                check(|i| i % 3 == 0);
                check(|i| num_complex::Complex64::new(i as f64, -1.0));
                check(|i| num_complex::Complex32::new(i as f32, -1.0));
            });
        }
    }
}
