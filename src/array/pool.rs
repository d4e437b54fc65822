//! The buffer pool of a context: blocks by size class, used again instead of given back.
//!
//! A size class is a power of two divided in four, so that at most a fifth of a block is unused. A buffer goes back to
//! its pool when its last array is dropped; a training loop in its steady state asks the system for nothing.

use super::Element;
use crate::error::{Error, Result};
use crate::kernels::memory::{ALIGN, Block, Foreign, try_push};
use crate::kernels::reserve::exhausted;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Four classes per power of two, up to 2^62 bytes.
const CLASSES: usize = 4 * 57;

/// Blocks of the first so many classes, up to 32 KiB, may be kept by the free cells of arrays.
pub const SMALL_CLASSES: usize = 37;

/// Free blocks and the accounts. Shared by the context and every buffer taken from it.
pub struct Pool {
    /// Has the blocks brought that free cells keep.
    strip: Box<dyn Fn()>,
    free: RefCell<Vec<Vec<Block>>>,
    in_use: Cell<usize>,
    peak: Cell<usize>,
    reserved: Cell<usize>,
    limit: Cell<usize>,
    system_allocations: Cell<u64>,
}

/// Bytes of array memory, see [`Pool::stats`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// In buffers of live arrays.
    pub in_use: usize,
    /// The highest `in_use` so far.
    pub peak: usize,
    /// In live buffers and in free ones kept for use again, and in tapes.
    pub reserved: usize,
    /// The limit on `reserved`; `usize::MAX` where none was set.
    pub limit: usize,
    /// Blocks asked from the system so far.
    pub system_allocations: u64,
}

/// The class of a request and the bytes of its blocks.
fn class(bytes: usize) -> Option<(usize, usize)> {
    let bytes = bytes.max(1).checked_next_multiple_of(ALIGN)?;
    let log = bytes.ilog2() as usize;
    // Blocks of class 4 (log - 6) + k have 2^log (1 + k/4) bytes.
    let step = (1usize << log) >> 2;
    let k = (bytes - (1 << log)).div_ceil(step);
    let size = (1usize << log).checked_add(k * step)?.checked_next_multiple_of(ALIGN)?;
    let index = 4 * (log - 6) + k;
    (index < CLASSES).then_some((index, size))
}

/// The class of a small request.
#[inline]
pub fn small_class(bytes: usize) -> Option<usize> {
    /// Of one cache line to eight.
    const FEW: [u8; 8] = [0, 4, 6, 8, 9, 10, 11, 12];
    match FEW.get(bytes.max(1).div_ceil(ALIGN) - 1) {
        Some(&class) => Some(usize::from(class)),
        None => class(bytes).map(|(class, _)| class).filter(|&class| class < SMALL_CLASSES),
    }
}

impl Pool {
    /// `strip` gives the pool what others keep for use again; it is called before the system is asked for too much.
    pub fn new(strip: Box<dyn Fn()>) -> Rc<Pool> {
        Rc::new(Pool {
            strip,
            free: RefCell::new((0..CLASSES).map(|_| Vec::new()).collect()),
            in_use: Cell::new(0),
            peak: Cell::new(0),
            reserved: Cell::new(0),
            limit: Cell::new(usize::MAX),
            system_allocations: Cell::new(0),
        })
    }

    /// A buffer of `n` elements with arbitrary contents.
    pub fn take<T: Element>(self: &Rc<Pool>, n: usize) -> Result<Buffer> {
        self.take_bytes(n.checked_mul(size_of::<T>()).ok_or_else(|| Error::too_large(usize::MAX))?)
    }

    pub fn take_bytes(self: &Rc<Pool>, bytes: usize) -> Result<Buffer> {
        let (class, block) = self.block(bytes)?;
        self.occupy(block.bytes());
        Ok(Buffer { store: Store::Own { block: Some(block), class: class as u16 }, pool: Some(self.clone()) })
    }

    /// A block of its class, not yet counted as in use.
    pub fn block(&self, bytes: usize) -> Result<(usize, Block)> {
        let (class, size) = class(bytes).ok_or_else(|| Error::too_large(bytes))?;
        let recycled = self.free.borrow_mut()[class].pop();
        let block = match recycled {
            Some(block) => block,
            None => self.allocate(size)?,
        };
        Ok((class, block))
    }

    /// Takes back a block of this class, counted as in use no longer.
    pub fn put_back(&self, class: usize, block: Block) {
        if let Err(block) = try_push(&mut self.free.borrow_mut()[class], block) {
            self.disclaim(block.bytes());
        }
    }

    /// Counts this many bytes more as in use.
    #[inline]
    pub fn occupy(&self, bytes: usize) {
        let in_use = self.in_use.get() + bytes;
        self.in_use.set(in_use);
        self.peak.set(self.peak.get().max(in_use));
    }

    /// Counts this many bytes less as in use.
    #[inline]
    pub fn vacate(&self, bytes: usize) {
        self.in_use.set(self.in_use.get() - bytes);
    }

    fn allocate(&self, size: usize) -> Result<Block> {
        if exhausted() {
            return Err(Error::too_large(size));
        }
        if !self.claim(size) {
            return Err(Error::memory(format!(
                "{size} bytes more would exceed the limit of {} bytes ({} in use)",
                self.limit.get(),
                self.in_use.get()
            )));
        }
        let block = Block::new(size).or_else(|| {
            self.trim();
            Block::new(size)
        });
        let Some(block) = block else {
            self.disclaim(size);
            return Err(Error::too_large(size));
        };
        self.system_allocations.set(self.system_allocations.get() + 1);
        Ok(block)
    }

    /// Counts so many bytes more as reserved, unless that would exceed the limit. What isn't in buffers of the pool (the
    /// memory of tapes) is counted like that, too.
    pub fn claim(&self, bytes: usize) -> bool {
        let fits = || self.reserved.get().checked_add(bytes).filter(|&r| r <= self.limit.get());
        let sum = fits().or_else(|| {
            self.trim();
            fits()
        });
        sum.inspect(|&sum| self.reserved.set(sum)).is_some()
    }

    /// Gives back what was claimed.
    pub fn disclaim(&self, bytes: usize) {
        self.reserved.set(self.reserved.get() - bytes);
    }

    /// Gives all free blocks back to the system.
    pub fn trim(&self) {
        (self.strip)();
        for list in self.free.borrow_mut().iter_mut() {
            for block in list.drain(..) {
                self.disclaim(block.bytes());
            }
        }
    }

    pub fn set_limit(&self, bytes: usize) {
        self.limit.set(if bytes == 0 { usize::MAX } else { bytes });
    }

    pub fn stats(&self) -> Stats {
        Stats {
            in_use: self.in_use.get(),
            peak: self.peak.get(),
            reserved: self.reserved.get(),
            limit: self.limit.get(),
            system_allocations: self.system_allocations.get(),
        }
    }

    /// Starts a new measurement of the peak.
    pub fn reset_peak(&self) {
        self.peak.set(self.in_use.get());
    }
}

enum Store {
    /// `None` only while being dropped.
    Own {
        block: Option<Block>,
        class: u16,
    },
    Foreign(Foreign),
}

/// The memory of an array: a block of the pool, or somebody else's.
pub struct Buffer {
    store: Store,
    pool: Option<Rc<Pool>>,
}

impl Buffer {
    pub fn foreign(foreign: Foreign) -> Buffer {
        Buffer { store: Store::Foreign(foreign), pool: None }
    }

    #[inline]
    pub fn slice<T: Element>(&self, n: usize) -> &[T] {
        match &self.store {
            Store::Own { block, .. } => block.as_ref().expect("a live buffer has its block").slice(n),
            Store::Foreign(f) => f.slice(n),
        }
    }

    /// To be written; foreign memory never is (its arrays are never unique in that sense, see `is_own`).
    #[inline]
    pub fn slice_mut<T: Element>(&mut self, n: usize) -> &mut [T] {
        match &mut self.store {
            Store::Own { block, .. } => block.as_mut().expect("a live buffer has its block").slice_mut(n),
            Store::Foreign(_) => unreachable!("foreign memory is read-only"),
        }
    }

    /// To be changed: like [`Buffer::slice_mut`], but the elements are those that are there.
    #[inline]
    pub fn elements_mut<T: Element>(&mut self, n: usize) -> &mut [T] {
        match &mut self.store {
            Store::Own { block, .. } => block.as_mut().expect("a live buffer has its block").elements_mut(n),
            Store::Foreign(_) => unreachable!("foreign memory is read-only"),
        }
    }

    #[inline]
    pub fn is_own(&self) -> bool {
        matches!(self.store, Store::Own { .. })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let (Store::Own { block, class }, Some(pool)) = (&mut self.store, &self.pool)
            && let Some(block) = block.take()
        {
            pool.vacate(block.bytes());
            pool.put_back(usize::from(*class), block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_cover_and_do_not_overlap() {
        for bytes in (1..5000).chain([1 << 20, (1 << 20) + 1, 3 << 30]) {
            let (c, size) = class(bytes).unwrap();
            assert!(size >= bytes && size % ALIGN == 0);
            assert!(bytes < 4096 || size <= bytes + bytes / 4 + ALIGN);
            assert_eq!(small_class(bytes), (c < SMALL_CLASSES).then_some(c));
            assert_eq!(class(size).unwrap(), (c, size), "the block of {bytes} bytes is of its own class");
        }
        assert!(class(usize::MAX).is_none());
    }

    #[test]
    fn buffers_are_used_again() {
        let pool = Pool::new(Box::new(|| ()));
        drop(pool.take::<f64>(1000).unwrap());
        drop(pool.take::<f32>(1999).unwrap());
        assert_eq!(pool.stats().system_allocations, 1);
        assert_eq!(pool.stats().in_use, 0);
        pool.trim();
        assert_eq!(pool.stats().reserved, 0);
    }

    #[test]
    fn the_limit_holds() {
        let pool = Pool::new(Box::new(|| ()));
        pool.set_limit(10_000);
        let a = pool.take::<f64>(1000).unwrap();
        assert!(pool.take::<f64>(1000).is_err());
        drop(a);
        assert!(pool.take::<f64>(1000).is_ok());
    }
}
