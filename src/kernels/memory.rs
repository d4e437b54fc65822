//! Raw memory: aligned blocks seen as slices of elements.
//!
//! A block is zeroed once, when the system gives it, and afterwards holds whatever its last user left: every byte is
//! initialised at all times, so a block may be read as any of the numeric element types. Booleans are the exception
//! (a byte other than 0 or 1 is no `bool`); see [`Block::slice_mut`].
//!
//! Fresh memory is the slowest thing there is: touching a new 4 KiB page costs more than the arithmetic done on it.
//! Large blocks are therefore mapped with the advice to use huge pages, which measured eight times cheaper.

use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::ptr::NonNull;

/// A cache line; also enough for every vector instruction.
pub const ALIGN: usize = 64;
/// Bytes from which on a result that isn't written in the order of memory goes past the cache.
pub const PAST: usize = 2 << 20;
/// From here on blocks are mapped, not allocated.
const MAPPED: usize = 1 << 20;
const HUGE_PAGE: usize = 2 << 20;

/// Asks for the cache lines of so many bytes, which are going to be used soon. What `p` points to need not exist.
#[inline]
pub fn prefetch<T>(p: *const T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..bytes).step_by(ALIGN) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every processor of this kind has it, and it reads nothing that the program could see.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast::<i8>().wrapping_add(at)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (p, bytes);
}

/// Asks for the cache line of `p`, which is going to be used after more than the first-level cache holds.
#[inline]
pub fn prefetch_later<T>(p: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: as in `prefetch`.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}

/// Appends to a list that grows with the program, or gives the item back where there is no memory for it.
#[inline(always)]
pub fn try_push<T>(list: &mut Vec<T>, item: T) -> std::result::Result<(), T> {
    if list.len() == list.capacity() && list.try_reserve(1).is_err() {
        return Err(item);
    }
    list.push(item);
    Ok(())
}

/// A list that is to hold `n` items; `None` where there is no memory for it.
pub fn try_list<T>(n: usize) -> Option<Vec<T>> {
    let mut list = Vec::new();
    list.try_reserve_exact(n).ok()?;
    Some(list)
}

/// An empty list with room for `n` items, or an error where there is no memory for them.
pub fn with_room<T>(n: usize) -> Result<Vec<T>> {
    try_list(n).ok_or_else(|| Error::too_large(n.saturating_mul(size_of::<T>())))
}

/// `n` times the same item.
pub fn repeated<T: Clone>(item: T, n: usize) -> Result<Vec<T>> {
    let mut list = with_room(n)?;
    list.resize(n, item);
    Ok(list)
}

/// What an iterator gives, in a list that is asked for before.
pub fn collected<T>(items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>> {
    let mut list = with_room(items.len())?;
    list.extend(items);
    Ok(list)
}

/// A copy of a list.
pub fn copied<T: Copy>(items: &[T]) -> Result<Vec<T>> {
    collected(items.iter().copied())
}

/// An owned block of initialised bytes.
pub struct Block {
    ptr: NonNull<u8>,
    bytes: usize,
    /// The number of bytes from the beginning that are known to be booleans.
    booleans: usize,
    /// Start and length of the mapping that contains the block, for large ones.
    mapping: Option<(NonNull<c_void>, usize)>,
}

impl Block {
    /// A zeroed block, or `None` where the system refuses. `bytes` is a multiple of [`ALIGN`], not zero.
    pub fn new(bytes: usize) -> Option<Block> {
        debug_assert!(bytes > 0 && bytes.is_multiple_of(ALIGN));
        if bytes >= MAPPED { Block::map(bytes) } else { Block::allocate(bytes) }
    }

    fn allocate(bytes: usize) -> Option<Block> {
        let layout = Layout::from_size_align(bytes, ALIGN).ok()?;
        // SAFETY: the size is not zero.
        let ptr = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Block { ptr, bytes, booleans: bytes, mapping: None })
    }

    #[cfg(target_os = "linux")]
    fn map(bytes: usize) -> Option<Block> {
        // Room to move the start to a huge-page boundary: only whole aligned pages are made huge.
        let slack = if bytes >= HUGE_PAGE { HUGE_PAGE } else { 0 };
        let length = bytes.checked_add(slack)?;
        // SAFETY: an anonymous private mapping of its own; nothing else is touched.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = NonNull::new(start)?;
        let address = start.as_ptr() as usize;
        let shift = if slack > 0 { address.next_multiple_of(HUGE_PAGE) - address } else { 0 };
        // SAFETY: `shift < slack`, so the result lies in the mapping.
        let ptr = unsafe { start.cast::<u8>().add(shift) };
        if slack > 0 {
            // SAFETY: the range lies in the mapping made above. Advice only: a refusal changes nothing.
            unsafe { libc::madvise(ptr.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
        }
        Some(Block { ptr, bytes, booleans: bytes, mapping: Some((start, length)) })
    }

    #[cfg(not(target_os = "linux"))]
    fn map(bytes: usize) -> Option<Block> {
        Block::allocate(bytes)
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Asks for the cache lines of the first `bytes`, which are going to be used soon.
    #[inline]
    pub fn prefetch(&self, bytes: usize) {
        prefetch(self.ptr.as_ptr(), bytes.min(self.bytes));
    }

    /// The first `n` elements. For `bool` the caller has written them all as booleans.
    pub fn slice<T: Element>(&self, n: usize) -> &[T] {
        assert!(n <= self.bytes / size_of::<T>());
        // SAFETY: aligned for every element type, long enough by the assertion, initialised (see the module's head),
        // and borrowed for as long as `self` is.
        unsafe { std::slice::from_raw_parts(self.ptr.cast::<T>().as_ptr(), n) }
    }

    /// The first `n` elements, to be written. Where booleans are to be and the last user may have left other bytes, they are
    /// cleared first.
    pub fn slice_mut<T: Element>(&mut self, n: usize) -> &mut [T] {
        assert!(n <= self.bytes / size_of::<T>());
        if T::DTYPE == DType::Bool && n > self.booleans {
            // SAFETY: `n` bytes lie in the block by the assertion above.
            unsafe { std::ptr::write_bytes(self.ptr.as_ptr().add(self.booleans), 0, n - self.booleans) };
            self.booleans = n;
        }
        self.elements_mut(n)
    }

    /// The first `n` elements, to be changed. For `bool` the caller has written them all as booleans.
    pub fn elements_mut<T: Element>(&mut self, n: usize) -> &mut [T] {
        assert!(n <= self.bytes / size_of::<T>());
        if T::DTYPE != DType::Bool {
            self.booleans = 0;
        }
        // SAFETY: as in `slice`, and `&mut self` makes the borrow exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.cast::<T>().as_ptr(), n) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        match self.mapping {
            #[cfg(target_os = "linux")]
            // SAFETY: the mapping was made by `map` and is released once.
            Some((start, length)) => unsafe {
                libc::munmap(start.as_ptr(), length);
            },
            // SAFETY: allocated by `allocate` with this very layout.
            _ => unsafe { dealloc(self.ptr.as_ptr(), Layout::from_size_align_unchecked(self.bytes, ALIGN)) },
        }
    }
}

/// Memory that somebody else owns, read until `drop` is called, once.
pub struct Foreign {
    ptr: NonNull<u8>,
    bytes: usize,
    user: *mut c_void,
    drop: Option<unsafe extern "C" fn(*mut c_void)>,
}

impl Foreign {
    /// # Safety
    /// `bytes` bytes from `ptr` are initialised, readable and unchanged until `drop(user)` is called, and aligned for
    /// the type they are read as.
    pub unsafe fn new(
        ptr: NonNull<u8>,
        bytes: usize,
        user: *mut c_void,
        drop: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> Foreign {
        Foreign { ptr, bytes, user, drop }
    }

    /// Takes other memory instead, with the same owner.
    ///
    /// # Safety
    /// As for `new`.
    pub unsafe fn reset(&mut self, ptr: NonNull<u8>, bytes: usize) {
        self.ptr = ptr;
        self.bytes = bytes;
    }

    pub fn slice<T: Element>(&self, n: usize) -> &[T] {
        assert!(n <= self.bytes / size_of::<T>() && T::DTYPE != DType::Bool);
        // SAFETY: promised by the caller of `new`; the length is checked above.
        unsafe { std::slice::from_raw_parts(self.ptr.cast::<T>().as_ptr(), n) }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the owner's own function on the owner's own pointer, called this once.
            unsafe { drop(self.user) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_zeroed_and_aligned() {
        for bytes in [64, 4096, 1 << 20, 5 << 20] {
            let mut b = Block::new(bytes).unwrap();
            assert_eq!(b.ptr.as_ptr() as usize % ALIGN, 0);
            assert!(b.slice::<f64>(bytes / 8).iter().all(|&x| x == 0.0));
            b.slice_mut::<f64>(bytes / 8).fill(f64::NAN);
            assert!(!b.slice_mut::<bool>(bytes)[bytes - 1]);
        }
    }

    #[test]
    fn refusal_is_none() {
        assert!(Block::new(1 << 60).is_none());
    }
}
