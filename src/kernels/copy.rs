//! Copies of runs of elements.
//!
//! The C library's `memcpy` uses the processor's string instruction for lengths from 2 KiB to some 2 MiB. On AMD's Zen 3
//! and 4 that instruction reads back what it has just written when the destination lies a few bytes behind the source,
//! as far as the last 12 bits of their addresses go: it moves 3.5 GB/s instead of 100 at a distance of 8 bytes, half of
//! that at 16 and 24. Arrays begin at multiples of cache lines or pages, and shifting, joining and padding them moves
//! elements by just such distances. These copies are made by a loop over vector registers. All others stay with
//! `memcpy`, which writes to memory that is far away without reading it first.

use super::math::dispatch::dispatch;
use super::memory::ALIGN;

/// Bytes from which on, and below which, a loop may be used.
const FROM: usize = 1 << 11;
const BELOW: usize = 1 << 22;
/// The distances at which it is.
const PAGE: usize = 1 << 12;
const NEAR: std::ops::Range<usize> = 1..32;

/// Copies `src` to `dst`, which is as long.
#[inline]
pub fn copy<T: Copy>(dst: &mut [T], src: &[T]) {
    let distance = (dst.as_ptr() as usize).wrapping_sub(src.as_ptr() as usize) % PAGE;
    let slow = NEAR.contains(&distance) && (FROM..BELOW).contains(&size_of_val(src));
    if slow { by_chunks(dst, src) } else { dst.copy_from_slice(src) }
}

/// Copies `n` elements to another place in the same memory, which they do not reach into.
pub fn copy_apart<T: Copy>(memory: &mut [T], from: usize, to: usize, n: usize) {
    if from < to {
        let (before, behind) = memory.split_at_mut(to);
        copy(&mut behind[..n], &before[from..from + n]);
    } else {
        let (before, behind) = memory.split_at_mut(from);
        copy(&mut before[to..to + n], &behind[..n]);
    }
}

/// Copies past the cache, of which nothing is brought in to be overwritten; worth it for results that are larger than it.
/// Other memory operations see what was written once this is dropped.
pub struct Past(());

impl Past {
    pub fn begin() -> Past {
        Past(())
    }

    /// Copies `src` to `dst`, which is as long: past the cache if they are whole lines of it.
    #[inline]
    pub fn copy<T: Copy>(&self, dst: &mut [T], src: &[T]) {
        #[cfg(target_arch = "x86_64")]
        if dst.as_ptr().addr().is_multiple_of(ALIGN) && size_of_val(dst).is_multiple_of(ALIGN) {
            use std::arch::x86_64::{_mm_loadu_ps, _mm_stream_ps};
            assert_eq!(dst.len(), src.len());
            let (to, from) = (dst.as_mut_ptr().cast::<f32>(), src.as_ptr().cast::<f32>());
            for i in (0..size_of_val(src) / 4).step_by(4) {
                // SAFETY: 16 bytes of as many times 64; their type doesn't matter to a copy, and the beginning is aligned.
                unsafe { _mm_stream_ps(to.add(i), _mm_loadu_ps(from.add(i))) };
            }
            return;
        }
        copy(dst, src);
    }
}

impl Drop for Past {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every processor of this kind has it, and it touches no memory.
        unsafe {
            std::arch::x86_64::_mm_sfence()
        };
    }
}

dispatch!(fn by_chunks[T: Copy](dst: &mut [T], src: &[T]) = by_chunks_body);

#[inline(always)]
fn by_chunks_body<T: Copy, const FMA: bool>(dst: &mut [T], src: &[T]) {
    // 256 bytes at a time, for elements of every size that there is.
    match size_of::<T>() {
        1 => in_chunks::<T, 256>(dst, src),
        4 => in_chunks::<T, 64>(dst, src),
        8 => in_chunks::<T, 32>(dst, src),
        16 => in_chunks::<T, 16>(dst, src),
        _ => dst.copy_from_slice(src),
    }
}

#[inline(always)]
fn in_chunks<T: Copy, const N: usize>(dst: &mut [T], src: &[T]) {
    assert_eq!(dst.len(), src.len());
    let (to, rest) = dst.as_chunks_mut::<N>();
    let (from, last) = src.as_chunks::<N>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
        // Else the compiler makes a call of `memcpy` of the loop.
        std::hint::black_box(to);
    }
    rest.copy_from_slice(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Copy + PartialEq + std::fmt::Debug>(of: impl Fn(usize) -> T) {
        let src: Vec<T> = (0..5000).map(of).collect();
        for n in [0, 1, 127, 128, 511, 513, 2047, 2048, 2049, 4999] {
            for copy in [copy, by_chunks] {
                let mut dst = [src[4999]; 5000];
                copy(&mut dst[1..][..n], &src[..n]);
                assert_eq!(&dst[1..][..n], &src[..n]);
                assert!(dst[..1].iter().chain(&dst[n + 1..]).all(|d| *d == src[4999]));
            }
        }
    }

    #[test]
    fn copies_past_the_cache_are_the_same() {
        let src: Vec<f32> = (0..500).map(|i| i as f32).collect();
        let mut room = vec![0.0f32; 600];
        let first = room.as_ptr().align_offset(ALIGN);
        for (shift, n) in [(0, 480), (0, 16), (0, 0), (0, 17), (1, 64), (16, 32)] {
            room.fill(-1.0);
            Past::begin().copy(&mut room[first + shift..][..n], &src[3..3 + n]);
            let inside = |i: usize| i.checked_sub(first + shift).filter(|&k| k < n);
            assert!(room.iter().enumerate().all(|(i, &x)| x == inside(i).map_or(-1.0, |k| src[3 + k])));
        }
    }

    #[test]
    fn places_in_one_memory_do_not_mix() {
        for (from, to) in [(0, 600), (600, 0), (100, 1000)] {
            let mut memory: Vec<u32> = (0..1500).collect();
            copy_apart(&mut memory, from, to, 500);
            let moved = |i: usize| if (to..to + 500).contains(&i) { i - to + from } else { i };
            assert!((0..1500).all(|i| memory[i] == moved(i) as u32));
        }
    }

    #[test]
    fn every_length_is_copied_and_nothing_else() {
        check(|i| i as u8);
        check(|i| i as u32);
        check(|i| i as f64);
        check(|i| [i as u64, !i as u64]);
        check(|i| [i as u16; 3]);
    }
}
