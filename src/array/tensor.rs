//! Plain arrays: dtype, shape, and elements that are there or still to be computed.
//!
//! A [`Tensor`] is a counted reference to an immutable value. Its elements lie in a buffer of its own (row-major), in
//! the buffer of another tensor seen through strides (a view), or nowhere yet: then it holds the *pending* element-wise
//! operation that will produce them, which the engine runs when somebody needs the values. Whether it is pending
//! cannot be seen from outside, except in time and memory.
//!
//! The cells behind the references are used again like the buffers are, so that a loop in its steady state does not
//! call the system's allocator for them either. Most of what a small array costs is its making and its end, so its cell
//! keeps the memory and the descriptor when it is free: to make an array like another one is to take a free cell and to see
//! that its descriptor is the same.

use super::descriptor::{Descriptor, Descriptors};
use super::pending::Pending;
use super::pool::{Buffer, Pool, SMALL_CLASSES};
use super::shape::{self, Shape, Strides};
use super::{DType, Element};
use crate::error::Result;
use crate::kernels::memory::{Block, prefetch, try_push};
use ndarray::{ArrayViewD, IxDyn, ShapeBuilder};
use std::cell::{Cell, OnceCell, RefCell};
use std::ops::Deref;
use std::rc::{Rc, Weak};

/// The pool, the descriptors and the free cells of one context.
pub struct Heap {
    pub pool: Rc<Pool>,
    descriptors: Descriptors,
    /// Free cells with their memory, by its size class.
    furnished: RefCell<[Vec<Rc<Body>>; SMALL_CLASSES]>,
    /// Other free cells.
    bare: RefCell<Vec<Rc<Body>>>,
    /// Whether cells are kept no longer.
    closed: Cell<bool>,
}

/// Who made a heap. Cells know their heap, also those that it keeps: they are given back when the owner goes.
pub struct HeapOwner(Rc<Heap>);

impl Deref for HeapOwner {
    type Target = Rc<Heap>;
    fn deref(&self) -> &Rc<Heap> {
        &self.0
    }
}

impl Drop for HeapOwner {
    fn drop(&mut self) {
        self.closed.set(true);
        self.trim();
    }
}

/// Two cache lines. The elements behind them are asked for by the processor itself.
const NEAR: usize = 128;
/// Among more free cells than this the next one was emptied so long ago that it is not in the nearest cache any more.
const COLD: usize = 200;
/// More free cells than this are given back.
const FREE_CELLS: usize = 1 << 16;

impl Heap {
    #[expect(clippy::new_ret_no_self, reason = "its cells refer to it, so it needs somebody to end it")]
    pub fn new() -> HeapOwner {
        HeapOwner(Rc::new_cyclic(|heap: &Weak<Heap>| {
            let heap = heap.clone();
            let strip = move || {
                if let Some(heap) = heap.upgrade() {
                    heap.strip();
                }
            };
            Heap {
                pool: Pool::new(Box::new(strip)),
                descriptors: Descriptors::default(),
                furnished: RefCell::new(std::array::from_fn(|_| Vec::new())),
                bare: RefCell::default(),
                closed: Cell::new(false),
            }
        }))
    }

    /// Gives back what isn't in use.
    pub fn trim(&self) {
        self.pool.trim();
        self.bare.take();
        self.descriptors.trim();
    }

    /// Gives the memory of free cells to the pool.
    fn strip(&self) {
        let free = std::mem::replace(&mut *self.furnished.borrow_mut(), std::array::from_fn(|_| Vec::new()));
        for (class, list) in free.into_iter().enumerate() {
            for mut rc in list {
                if let Some(Memory::Kept(block)) = Rc::get_mut(&mut rc).and_then(|body| body.memory.take()) {
                    self.pool.put_back(class, block);
                }
            }
        }
    }
}

/// What the references to an array refer to. What is asked for most stands first.
#[repr(C)]
struct Body {
    heap: Rc<Heap>,
    descriptor: Rc<Descriptor>,
    memory: OnceCell<Memory>,
    /// Scratch of the engine while it walks an expression: the node's number plus one, else 0.
    mark: Cell<u32>,
    /// Not read once the elements exist.
    pending: RefCell<Option<Pending>>,
}

/// Where the elements are. Of the first two kinds they lie in row-major order from the beginning of the memory on. The kind
/// has a byte of its own: it is asked for several times in every operation.
#[repr(u8)]
enum Memory {
    /// In a small block that stays with the cell.
    Kept(Block),
    Own(Buffer),
    Strided(Strided),
}

/// Elements with a layout of their own.
struct Strided {
    storage: Storage,
    offset: usize,
    strides: Strides,
    contiguous: bool,
}

enum Storage {
    Own(Buffer),
    /// A tensor whose memory isn't another one's.
    Of(Tensor),
}

pub struct Tensor {
    body: Rc<Body>,
}

impl Clone for Tensor {
    #[inline(always)]
    fn clone(&self) -> Tensor {
        Tensor { body: self.body.clone() }
    }
}

impl Drop for Tensor {
    #[inline(always)]
    fn drop(&mut self) {
        if Rc::strong_count(&self.body) == 1 {
            self.recycle();
        }
    }
}

impl Tensor {
    /// Whether dropping this reference calls no callback. The end of memory that a caller lent calls one.
    #[inline]
    pub fn drops_quietly(&self) -> bool {
        self.references() > 1 || matches!(self.body.memory.get(), Some(Memory::Kept(_)))
    }

    /// The last reference goes: the heap gets another one to the cell, with its memory or emptied (the buffer goes to the pool).
    fn recycle(&mut self) {
        if let Some(Memory::Kept(block)) = self.body.memory.get() {
            let heap = &self.body.heap;
            heap.pool.vacate(block.bytes());
            if let Some(free) = heap.furnished.borrow_mut().get_mut(usize::from(self.body.descriptor.class))
                && free.len() < FREE_CELLS
                && !heap.closed.get()
            {
                // Where the list cannot grow the cell is emptied.
                if try_push(free, self.body.clone()).is_ok() {
                    return;
                }
            }
        }
        self.empty();
    }

    #[cold]
    #[inline(never)]
    fn empty(&mut self) {
        let Some(body) = Rc::get_mut(&mut self.body) else { return };
        if let Some(Memory::Kept(block)) = body.memory.take() {
            body.heap.pool.put_back(usize::from(body.descriptor.class), block);
        }
        if let pending @ Some(_) = body.pending.get_mut() {
            *pending = None;
        }
        let heap = &self.body.heap;
        let mut bare = heap.bare.borrow_mut();
        if bare.len() < FREE_CELLS && !heap.closed.get() {
            let _ = try_push(&mut *bare, self.body.clone());
        }
    }

    /// A cell with this descriptor, empty.
    fn bare(heap: &Rc<Heap>, descriptor: Rc<Descriptor>) -> Rc<Body> {
        let recycled = {
            let mut bare = heap.bare.borrow_mut();
            let recycled = bare.pop();
            if let (Some(next), COLD..) = (bare.last(), bare.len()) {
                prefetch(Rc::as_ptr(next), size_of::<Body>());
            }
            recycled
        };
        match recycled {
            Some(mut rc) => {
                let body = Rc::get_mut(&mut rc).expect("a free cell has no other reference");
                heap.descriptors.release(std::mem::replace(&mut body.descriptor, descriptor));
                rc
            }
            None => Rc::new(Body {
                heap: heap.clone(),
                descriptor,
                memory: OnceCell::new(),
                mark: Cell::new(0),
                pending: RefCell::new(None),
            }),
        }
    }

    fn with_memory(heap: &Rc<Heap>, descriptor: Rc<Descriptor>, memory: Memory) -> Tensor {
        let body = Tensor::bare(heap, descriptor);
        let _ = body.memory.set(memory);
        Tensor { body }
    }

    /// A row-major array over `buffer`.
    pub fn from_buffer(heap: &Rc<Heap>, dtype: DType, shape: Shape, buffer: Buffer) -> Tensor {
        Tensor::with_memory(heap, heap.descriptors.of(dtype, &shape), Memory::Own(buffer))
    }

    /// A new row-major array, which `fill` writes.
    #[inline(always)]
    fn fresh<T: Element>(heap: &Rc<Heap>, descriptor: &Rc<Descriptor>, fill: impl FnOnce(&mut [T])) -> Result<Tensor> {
        let free = heap.furnished.borrow_mut().get_mut(usize::from(descriptor.class)).and_then(Vec::pop);
        let mut body = match free {
            Some(body) => body,
            None => Tensor::furnish(heap, descriptor)?,
        };
        let cell = Rc::get_mut(&mut body).expect("a free cell has no other reference");
        if !Rc::ptr_eq(&cell.descriptor, descriptor) {
            heap.descriptors.release(std::mem::replace(&mut cell.descriptor, descriptor.clone()));
        }
        match cell.memory.get_mut() {
            Some(Memory::Kept(block)) => {
                heap.pool.occupy(block.bytes());
                fill(block.slice_mut::<T>(descriptor.size));
            }
            Some(Memory::Own(buffer)) => fill(buffer.slice_mut::<T>(descriptor.size)),
            _ => unreachable!("it was made to be filled"),
        }
        Ok(Tensor { body })
    }

    /// A cell with this descriptor and memory, which is to be counted as in use if it is of the kind that is kept.
    #[cold]
    fn furnish(heap: &Rc<Heap>, descriptor: &Rc<Descriptor>) -> Result<Rc<Body>> {
        let bytes = descriptor.size * descriptor.dtype.size();
        let memory = if usize::from(descriptor.class) < SMALL_CLASSES {
            Memory::Kept(heap.pool.block(bytes)?.1)
        } else {
            Memory::Own(heap.pool.take_bytes(bytes)?)
        };
        let body = Tensor::bare(heap, descriptor.clone());
        let _ = body.memory.set(memory);
        Ok(body)
    }

    /// A new array of the shape and dtype of this one. `None` where there is no memory.
    #[inline(always)]
    pub fn like<T: Element>(&self, fill: impl FnOnce(&mut [T])) -> Option<Tensor> {
        debug_assert!(self.dtype() == T::DTYPE);
        Tensor::fresh(&self.body.heap, &self.body.descriptor, fill).ok()
    }

    /// A new row-major array with this descriptor, which `fill` writes. `None` where there is no memory.
    #[inline]
    pub fn with_descriptor<T: Element>(
        heap: &Rc<Heap>,
        descriptor: &Rc<Descriptor>,
        fill: impl FnOnce(&mut [T]),
    ) -> Option<Tensor> {
        (descriptor.dtype == T::DTYPE).then(|| Tensor::fresh(heap, descriptor, fill).ok()).flatten()
    }

    /// A new array of one axis. `None` where there is no memory.
    #[inline(always)]
    pub fn vector<T: Element>(heap: &Rc<Heap>, n: usize, fill: impl FnOnce(&mut [T])) -> Option<Tensor> {
        Tensor::fresh(heap, &heap.descriptors.of(T::DTYPE, &[n]), fill).ok()
    }

    /// An array over `buffer` with a layout of its own, checked by the caller to lie inside.
    pub fn from_strided(
        heap: &Rc<Heap>,
        dtype: DType,
        shape: Shape,
        buffer: Buffer,
        offset: usize,
        strides: Strides,
    ) -> Tensor {
        let contiguous = shape::is_contiguous(&shape, &strides);
        let strided = Strided { storage: Storage::Own(buffer), offset, strides, contiguous };
        Tensor::with_memory(heap, heap.descriptors.of(dtype, &shape), Memory::Strided(strided))
    }

    /// Makes and fills a new array.
    pub fn build<T: Element>(heap: &Rc<Heap>, shape: &[usize], fill: impl FnOnce(&mut [T])) -> Result<Tensor> {
        shape::checked_size(shape, size_of::<T>())?;
        Tensor::fresh(heap, &heap.descriptors.of(T::DTYPE, shape), fill)
    }

    /// An array of one element repeated: one number in memory whatever the shape.
    pub fn splat<T: Element>(heap: &Rc<Heap>, shape: &[usize], value: T) -> Result<Tensor> {
        shape::checked_size(shape, size_of::<T>())?;
        let one = Tensor::build::<T>(heap, &[], |x| x[0] = value)?;
        Ok(if shape.is_empty() { one } else { one.view_as(shape.into(), 0, Strides::from_elem(0, shape.len())) })
    }

    /// An array to be computed later.
    pub fn pending(heap: &Rc<Heap>, dtype: DType, shape: Shape, pending: Pending) -> Tensor {
        let body = Tensor::bare(heap, heap.descriptors.of(dtype, &shape));
        *body.pending.borrow_mut() = Some(pending);
        Tensor { body }
    }

    /// The same memory, read with another shape, offset and strides; ready arrays only.
    pub fn view_as(&self, shape: Shape, offset: usize, strides: Strides) -> Tensor {
        let contiguous = shape::is_contiguous(&shape, &strides);
        let descriptor = self.body.heap.descriptors.of(self.dtype(), &shape);
        // Where nothing is read, a position may lie outside of the buffer.
        let offset = if descriptor.size == 0 { 0 } else { offset };
        let strided = Strided { storage: Storage::Of(self.base().clone()), offset, strides, contiguous };
        Tensor::with_memory(&self.body.heap, descriptor, Memory::Strided(strided))
    }

    /// The array in whose memory the elements lie.
    #[inline]
    fn base(&self) -> &Tensor {
        match self.ready() {
            Memory::Strided(Strided { storage: Storage::Of(base), .. }) => base,
            _ => self,
        }
    }

    /// Asks for what is known of the array, which is going to be used soon.
    pub fn prefetch(&self) {
        prefetch(Rc::as_ptr(&self.body), size_of::<Body>());
    }

    /// Asks for what is read first of an array that is going to be used soon.
    #[inline]
    pub fn prefetch_head(&self) {
        prefetch(Rc::as_ptr(&self.body), NEAR);
    }

    /// Asks for the first elements, which are going to be used soon.
    #[inline]
    pub fn prefetch_elements(&self) {
        if let Some(Memory::Kept(block)) = self.body.memory.get() {
            block.prefetch(NEAR);
        }
    }

    #[inline(always)]
    pub fn heap(&self) -> &Rc<Heap> {
        &self.body.heap
    }

    #[inline(always)]
    pub fn descriptor(&self) -> &Rc<Descriptor> {
        &self.body.descriptor
    }

    #[inline(always)]
    pub fn dtype(&self) -> DType {
        self.body.descriptor.dtype
    }

    #[inline(always)]
    pub fn shape(&self) -> &[usize] {
        &self.body.descriptor.shape
    }

    #[inline(always)]
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    #[inline(always)]
    pub fn size(&self) -> usize {
        self.body.descriptor.size
    }

    /// Whether both have the same extents.
    #[inline(always)]
    pub fn same_shape(&self, other: &Tensor) -> bool {
        Rc::ptr_eq(&self.body.descriptor, &other.body.descriptor)
            || self.body.descriptor.same_shape(&other.body.descriptor)
    }

    #[inline(always)]
    pub fn is_ready(&self) -> bool {
        self.body.memory.get().is_some()
    }

    #[inline(always)]
    fn ready(&self) -> &Memory {
        self.body.memory.get().expect("the engine has computed what is read")
    }

    /// The operation that will produce the elements, while they are not there.
    pub fn pending_op(&self) -> std::cell::Ref<'_, Option<Pending>> {
        self.body.pending.borrow()
    }

    /// Ends being pending: the elements are in `buffer`. The operation and what it held are dropped.
    pub fn fulfil(&self, buffer: Buffer) {
        if self.body.memory.set(Memory::Own(buffer)).is_ok() {
            let done = self.body.pending.borrow_mut().take();
            drop(done);
        }
    }

    #[inline(always)]
    pub fn strides(&self) -> &[isize] {
        match self.ready() {
            Memory::Strided(strided) => &strided.strides,
            _ => &self.body.descriptor.strides,
        }
    }

    #[inline(always)]
    pub fn offset(&self) -> usize {
        match self.ready() {
            Memory::Strided(strided) => strided.offset,
            _ => 0,
        }
    }

    #[inline(always)]
    pub fn is_contiguous(&self) -> bool {
        match self.ready() {
            Memory::Strided(strided) => strided.contiguous,
            _ => true,
        }
    }

    /// Every element is the same one in memory.
    pub fn is_splat(&self) -> bool {
        self.strides().iter().zip(self.shape()).all(|(&s, &d)| s == 0 || d == 1)
    }

    /// Identity of the memory read: the same key, the same elements.
    pub fn memory_key(&self) -> (usize, usize) {
        (self.base().id(), self.offset())
    }

    /// Identity of the array.
    pub fn id(&self) -> usize {
        Rc::as_ptr(&self.body).addr()
    }

    pub fn same(&self, other: &Tensor) -> bool {
        self.id() == other.id()
    }

    pub fn mark(&self) -> u32 {
        self.body.mark.get()
    }

    pub fn set_mark(&self, mark: u32) {
        self.body.mark.set(mark);
    }

    /// How many references there are; to see whether somebody besides an expression wants the value.
    #[inline(always)]
    pub fn references(&self) -> usize {
        Rc::strong_count(&self.body)
    }

    /// One past the highest element that the strides reach, in elements of the buffer.
    fn extent(&self) -> usize {
        let Memory::Strided(strided) = self.ready() else { return self.size() };
        if strided.contiguous {
            return strided.offset + self.size();
        }
        if self.size() == 0 {
            return strided.offset;
        }
        let reach: isize = self.shape().iter().zip(&strided.strides).map(|(&d, &s)| (d as isize - 1) * s.max(0)).sum();
        (strided.offset as isize + reach) as usize + 1
    }

    /// The buffer from its beginning up to the last element reached; index it with `offset` and `strides`.
    pub fn memory<T: Element>(&self) -> &[T] {
        debug_assert_eq!(T::DTYPE, self.dtype());
        let n = self.extent();
        match self.base().ready() {
            Memory::Kept(block) => block.slice(n),
            Memory::Own(buffer) | Memory::Strided(Strided { storage: Storage::Own(buffer), .. }) => buffer.slice(n),
            Memory::Strided(_) => unreachable!("a base has its own memory"),
        }
    }

    /// The elements in row-major order, where they lie so.
    pub fn slice<T: Element>(&self) -> Option<&[T]> {
        self.is_contiguous().then(|| &self.memory::<T>()[self.offset()..])
    }

    /// The elements in row-major order of an array known to lie so.
    #[inline(always)]
    pub fn elements<T: Element>(&self) -> &[T] {
        debug_assert_eq!(T::DTYPE, self.dtype());
        match self.ready() {
            Memory::Kept(block) => block.slice(self.size()),
            Memory::Own(buffer) => buffer.slice(self.size()),
            Memory::Strided(_) => self.slice().expect("made contiguous before"),
        }
    }

    /// The elements of an array of this type that owns them and is there, as most small ones are.
    #[inline(always)]
    pub fn owned_slice<T: Element>(&self) -> Option<&[T]> {
        let descriptor = &*self.body.descriptor;
        match self.body.memory.get() {
            Some(Memory::Kept(block)) if descriptor.dtype == T::DTYPE => Some(block.slice(descriptor.size)),
            Some(Memory::Own(buffer)) if descriptor.dtype == T::DTYPE => Some(buffer.slice(descriptor.size)),
            _ => None,
        }
    }

    /// The first element of an array that has one.
    pub fn first<T: Element>(&self) -> T {
        self.memory::<T>()[self.offset()]
    }

    /// The elements to be changed in place, if that can't be seen elsewhere: one reference, own memory, row-major.
    #[inline]
    pub fn unique_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        let body = Rc::get_mut(&mut self.body)?;
        if body.descriptor.dtype != T::DTYPE {
            return None;
        }
        match body.memory.get_mut()? {
            Memory::Kept(block) => Some(block.elements_mut(body.descriptor.size)),
            Memory::Own(buffer) if buffer.is_own() => Some(buffer.elements_mut(body.descriptor.size)),
            _ => None,
        }
    }

    /// An `ndarray` view.
    pub fn view<T: Element>(&self) -> ArrayViewD<'_, T> {
        if self.size() == 0 {
            // Strides of nothing may point anywhere.
            return ArrayViewD::from_shape(IxDyn(self.shape()), &[]).expect("no elements are needed");
        }
        // `ndarray` takes slices with non-negative strides: start at the lowest element, then turn axes around.
        let mut start = self.offset() as isize;
        let mut strides: smallvec::SmallVec<[usize; 4]> = smallvec::SmallVec::new();
        for (&d, &s) in self.shape().iter().zip(self.strides()) {
            if s < 0 && d > 0 {
                start += (d as isize - 1) * s;
            }
            strides.push(s.unsigned_abs());
        }
        let memory = &self.memory::<T>()[start as usize..];
        let layout = IxDyn(self.shape()).strides(IxDyn(&strides));
        let mut view = ArrayViewD::from_shape(layout, memory).expect("the layout lies inside the buffer");
        for (axis, &s) in self.strides().iter().enumerate() {
            if s < 0 {
                view.invert_axis(ndarray::Axis(axis));
            }
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heap_ends_with_its_owner_and_its_last_array() {
        let owner = Heap::new();
        let heap = Rc::downgrade(&*owner);
        let numbers = Tensor::build::<f64>(&owner, &[3], |x| x.copy_from_slice(&[1.0, 2.0, 3.0])).unwrap();
        let large = Tensor::build::<f64>(&owner, &[100_000], |x| x.fill(4.0)).unwrap();
        let view = large.view_as([2].as_slice().into(), 7, Strides::from_elem(1, 1));
        for _ in 0..10 {
            drop(numbers.like::<f64>(|x| x.fill(0.0)));
        }
        drop((owner, large));
        assert!(heap.upgrade().is_some());
        assert_eq!(
            (numbers.elements::<f64>(), view.elements::<f64>()),
            ([1.0, 2.0, 3.0].as_slice(), [4.0; 2].as_slice())
        );
        drop((numbers, view));
        assert!(heap.upgrade().is_none());
    }

    #[test]
    fn free_cells_are_used_again_whatever_the_form() {
        let owner = Heap::new();
        let ids: Vec<usize> = (1..=8)
            .map(|n| {
                let t = Tensor::build::<f64>(&owner, &[n], |x| x.fill(n as f64)).unwrap();
                assert_eq!(
                    (t.elements::<f64>(), t.shape(), t.strides()),
                    (vec![n as f64; n].as_slice(), [n].as_slice(), [1].as_slice())
                );
                t.id()
            })
            .collect();
        assert!(ids.iter().all(|&id| id == ids[0]));
        assert_eq!((owner.pool.stats().system_allocations, owner.pool.stats().in_use), (1, 0));
        owner.trim();
        assert_eq!(owner.pool.stats().reserved, 0);
    }
}
