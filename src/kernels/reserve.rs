//! Memory for the moment when the system has none.
//!
//! What grows without bound (arrays, tapes, lists of a program's size) asks for its memory and fails with an error.
//! Small things, such as the cell of an array or a message, are made in too many places to ask each time. They come from
//! [`Allocator`], which turns to a *reserve* where the system refuses. The reserve was put aside when all was well, and it
//! is small; so the operation that draws on it is to be the last one:
//!
//! ```text
//! the system refuses a small request  ->  the reserve serves it, `exhausted` holds from now on
//! the running operation               ->  gets no new array; ends with an error, or with its result if it needs no more
//! the next operation                  ->  `refill`: let in if there is a whole reserve again, else refused
//! ```
//!
//! Only the C library has this allocator; a Rust program brings its own.

use super::lock::Lock;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Bytes of a chunk of the reserve. The system gives room for it, and memory only to what is used.
const CHUNK: usize = 16 << 20;
/// The largest request that the reserve serves: the blocks that matrix products pack.
const LARGEST: usize = 4 << 20;
/// Chunks that there can be: one more each time that what is left of all others is in use.
const CHUNKS: usize = 64;

/// A piece of memory, served from its beginning to its end; it begins anew when nothing of it is in use.
struct Chunk {
    /// 0 where there is none.
    start: AtomicUsize,
    served: AtomicUsize,
    in_use: AtomicUsize,
}

static RESERVE: [Chunk; CHUNKS] =
    [const { Chunk { start: AtomicUsize::new(0), served: AtomicUsize::new(0), in_use: AtomicUsize::new(0) } }; CHUNKS];
/// The chunks' lowest and highest address: what lies elsewhere is the system's.
static LOWEST: AtomicUsize = AtomicUsize::new(usize::MAX);
static HIGHEST: AtomicUsize = AtomicUsize::new(0);
static EXHAUSTED: AtomicBool = AtomicBool::new(false);
/// Held while the chunks are changed. Nothing is allocated meanwhile, so no thread waits for long.
static LOCK: Lock<()> = Lock::new(());

/// Whether the reserve has been drawn on since it was whole.
#[inline(always)]
pub fn exhausted() -> bool {
    EXHAUSTED.load(Relaxed)
}

/// Puts a first reserve aside. `false` where the system has no memory for it.
pub fn prepare() -> bool {
    locked(|| RESERVE.iter().any(|chunk| chunk.start.load(Relaxed) != 0) || add_chunk())
}

/// Sees to it that there is a whole chunk again. `false` where the system has no memory for one.
#[cold]
pub fn refill() -> bool {
    let whole = locked(|| {
        let unused = |chunk: &Chunk| chunk.start.load(Relaxed) != 0 && chunk.in_use.load(Relaxed) == 0;
        RESERVE.iter().any(unused) || add_chunk()
    });
    if whole {
        EXHAUSTED.store(false, Relaxed);
    }
    whole
}

fn locked<R>(work: impl FnOnce() -> R) -> R {
    let _held = LOCK.lock();
    work()
}

/// One chunk more, from the system; the lock is held.
fn add_chunk() -> bool {
    let Some(place) = RESERVE.iter().find(|chunk| chunk.start.load(Relaxed) == 0) else { return false };
    // SAFETY: the size is not 0.
    let start = unsafe { System.alloc(LAYOUT) } as usize;
    if start == 0 {
        return false;
    }
    place.start.store(start, Relaxed);
    LOWEST.fetch_min(start, Relaxed);
    HIGHEST.fetch_max(start + CHUNK, Relaxed);
    true
}

const LAYOUT: Layout = match Layout::from_size_align(CHUNK, 64) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// The chunk that a pointer lies in.
#[inline]
fn chunk_of(ptr: *mut u8) -> Option<&'static Chunk> {
    let at = ptr as usize;
    if at < LOWEST.load(Relaxed) || at >= HIGHEST.load(Relaxed) {
        return None;
    }
    RESERVE.iter().find(|chunk| {
        let start = chunk.start.load(Relaxed);
        start != 0 && (start..start + CHUNK).contains(&at)
    })
}

#[cold]
fn draw(layout: Layout) -> *mut u8 {
    if layout.size() > LARGEST {
        return std::ptr::null_mut();
    }
    locked(|| {
        EXHAUSTED.store(true, Relaxed);
        for chunk in &RESERVE {
            let start = chunk.start.load(Relaxed);
            if start == 0 {
                continue;
            }
            if chunk.in_use.load(Relaxed) == 0 {
                chunk.served.store(0, Relaxed);
            }
            let at = (start + chunk.served.load(Relaxed)).next_multiple_of(layout.align());
            let end = at + layout.size();
            if end <= start + CHUNK {
                chunk.served.store(end - start, Relaxed);
                chunk.in_use.fetch_add(1, Relaxed);
                return at as *mut u8;
            }
        }
        std::ptr::null_mut()
    })
}

/// Takes back what a chunk served. The last piece served can be served again at once; a whole chunk is kept, others go back
/// to the system.
#[cold]
fn give_back(chunk: &Chunk, at: usize, size: usize) {
    let whole = |chunk: &&Chunk| chunk.start.load(Relaxed) != 0 && chunk.in_use.load(Relaxed) == 0;
    let spare = locked(|| {
        let start = chunk.start.load(Relaxed);
        if at + size == start + chunk.served.load(Relaxed) {
            chunk.served.store(at - start, Relaxed);
        }
        if chunk.in_use.fetch_sub(1, Relaxed) > 1 || RESERVE.iter().filter(whole).count() < 2 {
            return None;
        }
        // No pointer into the chunk is left to be looked up, and its memory is given out again after this only.
        chunk.start.store(0, Relaxed);
        Some(start)
    });
    if let Some(start) = spare {
        // SAFETY: it came from the system, and nothing of it is in use.
        unsafe { System.dealloc(start as *mut u8, LAYOUT) };
    }
}

/// The system's allocator, with the reserve behind it.
pub struct Allocator;

// SAFETY: memory is the system's, or a part of a chunk that isn't served again before it is given back; both are as
// large and as aligned as asked for. Nothing in it unwinds.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let ptr = unsafe { System.alloc(layout) };
        if ptr.is_null() { draw(layout) } else { ptr }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let mut ptr = unsafe { System.alloc_zeroed(layout) };
        if ptr.is_null() {
            ptr = draw(layout);
            if !ptr.is_null() {
                // SAFETY: so many bytes were served.
                unsafe { ptr.write_bytes(0, layout.size()) };
            }
        }
        ptr
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        match chunk_of(ptr) {
            // SAFETY: what no chunk served came from the system.
            None => unsafe { System.dealloc(ptr, layout) },
            Some(chunk) => give_back(chunk, ptr as usize, layout.size()),
        }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if chunk_of(ptr).is_none() {
            // SAFETY: it came from the system, and the caller's promise.
            let grown = unsafe { System.realloc(ptr, layout, new_size) };
            if !grown.is_null() {
                return grown;
            }
        }
        // SAFETY: the caller's promise covers the new size; both have the bytes that are copied, and the old ones are given
        // back only when they have been.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(ptr, layout.size().min(new_size));
                self.dealloc(ptr, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_reserve_serves_is_separate_and_comes_back() {
        assert!(prepare());
        let layouts =
            [(1, 1), (40, 8), (4096, 64), (LARGEST, 16), (3, 1)].map(|(n, a)| Layout::from_size_align(n, a).unwrap());
        let blocks: Vec<*mut u8> = layouts.iter().map(|&layout| draw(layout)).collect();
        assert!(exhausted());
        for (i, (&p, layout)) in blocks.iter().zip(layouts).enumerate() {
            assert!(!p.is_null() && (p as usize).is_multiple_of(layout.align()) && chunk_of(p).is_some());
            // SAFETY: so many bytes were served, to this test.
            unsafe { p.write_bytes(i as u8, layout.size()) };
        }
        for (i, (&p, layout)) in blocks.iter().zip(layouts).enumerate() {
            // SAFETY: as above; it is given back once.
            unsafe {
                assert!(std::slice::from_raw_parts(p, layout.size()).iter().all(|&b| b == i as u8));
                Allocator.dealloc(p, layout);
            }
        }
        assert!(draw(Layout::from_size_align(LARGEST + 1, 1).unwrap()).is_null());
        assert!(refill() && !exhausted());
        // Growing out of the reserve, into what the system has again.
        let small = Layout::from_size_align(100, 8).unwrap();
        let p = draw(small);
        // SAFETY: 100 bytes were served; the grown block is given back with its size.
        unsafe {
            p.write_bytes(7, 100);
            let q = Allocator.realloc(p, small, 5 << 20);
            assert!(chunk_of(q).is_none() && std::slice::from_raw_parts(q, 100).iter().all(|&b| b == 7));
            Allocator.dealloc(q, Layout::from_size_align(5 << 20, 8).unwrap());
        }
        assert!(refill());
    }
}
