//! Plain arrays: dtype, shape, and elements that are there or still to be computed.
//!
//! A [`Tensor`] is a counted reference to an immutable value. Its elements lie in a buffer of its own (row-major), in
//! the buffer of another tensor seen through strides (a view), or nowhere yet: then it holds the *pending* element-wise
//! operation that will produce them, which the engine runs when somebody needs the values. Whether it is pending
//! cannot be seen from outside, except in time and memory.
//!
//! The cells behind the references are used again like the buffers are, so that a loop in its steady state does not
//! call the system's allocator for them either. A cell with a small block of memory is kept *together* with it: most of
//! what a small array costs is its making and its end.

use super::dims::same;
use super::pending::Pending;
use super::pool::{self, Buffer, Pool, SMALL_CLASSES};
use super::shape::{self, Shape, Strides};
use super::{DType, Element};
use crate::error::Result;
use crate::kernels::memory::fetch;
use ndarray::{ArrayViewD, IxDyn, ShapeBuilder};
use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

/// The pool and the free cells of one context.
pub struct Heap {
    pub pool: Rc<Pool>,
    cells: RefCell<Vec<Rc<Cell>>>,
    /// Free cells with their memory, by its size class.
    furnished: RefCell<[Vec<Rc<Cell>>; SMALL_CLASSES]>,
}

/// With so many free cells, the next one was emptied so long ago that it is not in the nearest cache any more.
const COLD: usize = 200;
/// More free cells than this are given back.
const FREE_CELLS: usize = 1 << 16;

impl Heap {
    pub fn new() -> Rc<Heap> {
        Rc::new_cyclic(|heap: &Weak<Heap>| {
            let heap = heap.clone();
            let strip = move || {
                if let Some(heap) = heap.upgrade() {
                    heap.strip();
                }
            };
            let furnished = RefCell::new(std::array::from_fn(|_| Vec::new()));
            Heap { pool: Pool::new(Box::new(strip)), cells: RefCell::new(Vec::new()), furnished }
        })
    }

    /// Gives back what nobody uses.
    pub fn trim(&self) {
        self.pool.trim();
        self.cells.take();
    }

    /// Gives the memory of free cells to the pool.
    fn strip(&self) {
        let free: Vec<Rc<Cell>> = self.furnished.borrow_mut().iter_mut().flat_map(std::mem::take).collect();
        for rc in free {
            if let Some(Ready { storage: Storage::Own(buffer), .. }) = rc.ready.get() {
                self.pool.occupy(buffer.bytes());
            }
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.strip();
    }
}

/// The pending operation stands last: of an array that is there nobody reads it.
#[repr(C)]
struct Cell {
    heap: Option<Rc<Heap>>,
    dtype: DType,
    shape: Shape,
    size: usize,
    ready: OnceCell<Ready>,
    /// Scratch of the engine while it walks an expression: the node's number plus one, else 0.
    mark: std::cell::Cell<u32>,
    /// Whether it keeps its memory when it is free.
    furnished: bool,
    pending: RefCell<Option<Pending>>,
}

/// Elements in memory.
struct Ready {
    storage: Storage,
    offset: usize,
    strides: Strides,
    contiguous: bool,
}

enum Storage {
    Own(Buffer),
    /// A tensor whose storage is `Own`.
    Of(Tensor),
}

pub struct Tensor {
    /// `None` only while being dropped.
    cell: Option<Rc<Cell>>,
}

impl Clone for Tensor {
    fn clone(&self) -> Tensor {
        Tensor { cell: self.cell.clone() }
    }
}

impl Drop for Tensor {
    #[inline]
    fn drop(&mut self) {
        if let Some(rc) = self.cell.take()
            && Rc::strong_count(&rc) == 1
        {
            Tensor::recycle(rc);
        }
    }
}

impl Tensor {
    /// Whether dropping this reference calls nobody, as the end of somebody else's memory does.
    #[inline]
    pub fn drops_quietly(&self) -> bool {
        self.references() > 1 || self.cell().furnished
    }

    /// The last reference is gone: empties the cell (the buffer goes to the pool) and keeps it.
    fn recycle(mut rc: Rc<Cell>) {
        let Some(cell) = Rc::get_mut(&mut rc) else { return };
        let Some(heap) = cell.heap.take() else { return };
        if cell.furnished
            && let Some(Ready { storage: Storage::Own(buffer), .. }) = cell.ready.get_mut()
            && let Some(class) = buffer.small_class()
        {
            let free = &mut heap.furnished.borrow_mut()[class];
            if free.len() < FREE_CELLS {
                heap.pool.vacate(buffer.bytes());
                free.push(rc);
            }
            return;
        }
        drop(cell.ready.take());
        if let pending @ Some(_) = cell.pending.get_mut() {
            *pending = None;
        }
        let mut cells = heap.cells.borrow_mut();
        if cells.len() < FREE_CELLS {
            cells.push(rc);
        }
    }

    /// A cell of this form, empty.
    #[inline]
    fn empty(heap: &Rc<Heap>, dtype: DType, shape: Shape, size: usize) -> Rc<Cell> {
        let recycled = {
            let mut cells = heap.cells.borrow_mut();
            let recycled = cells.pop();
            if let (Some(next), COLD..) = (cells.last(), cells.len()) {
                fetch(Rc::as_ptr(next), size_of::<Cell>());
            }
            recycled
        };
        match recycled {
            Some(mut rc) => {
                let cell = Rc::get_mut(&mut rc).expect("a free cell has no other reference");
                cell.heap = Some(heap.clone());
                cell.dtype = dtype;
                cell.shape = shape;
                cell.size = size;
                rc
            }
            None => Rc::new(Cell {
                heap: Some(heap.clone()),
                dtype,
                shape,
                size,
                ready: OnceCell::new(),
                pending: RefCell::new(None),
                mark: std::cell::Cell::new(0),
                furnished: false,
            }),
        }
    }

    #[inline]
    fn with_memory(heap: &Rc<Heap>, dtype: DType, shape: Shape, size: usize, ready: Ready) -> Tensor {
        let rc = Tensor::empty(heap, dtype, shape, size);
        let _ = rc.ready.set(ready);
        Tensor { cell: Some(rc) }
    }

    /// A row-major array over `buffer`.
    pub fn from_buffer(heap: &Rc<Heap>, dtype: DType, shape: Shape, buffer: Buffer) -> Tensor {
        let strides = shape::contiguous(&shape);
        let ready = Ready { storage: Storage::Own(buffer), offset: 0, strides, contiguous: true };
        let size = shape::size_of(&shape);
        Tensor::with_memory(heap, dtype, shape, size, ready)
    }

    /// A new row-major array of `n` elements, that many as the shape says, which `fill` writes.
    #[inline(always)]
    fn fresh<T: Element>(
        heap: &Rc<Heap>,
        (shape, strides): (Shape, Strides),
        n: usize,
        fill: impl FnOnce(&mut [T]),
    ) -> Result<Tensor> {
        let class = pool::small_class(n * size_of::<T>());
        let free = class.and_then(|class| heap.furnished.borrow_mut()[class].pop());
        let Some(mut rc) = free else { return Tensor::fresh_cell(heap, (shape, strides), n, class, fill) };
        let cell = Rc::get_mut(&mut rc).expect("a free cell has no other reference");
        cell.heap = Some(heap.clone());
        cell.dtype = T::DTYPE;
        cell.shape = shape;
        cell.size = n;
        let ready = cell.ready.get_mut().expect("a furnished cell has its memory");
        ready.strides = strides;
        let Storage::Own(buffer) = &mut ready.storage else { unreachable!("a furnished cell has its own memory") };
        heap.pool.occupy(buffer.bytes());
        fill(buffer.slice_mut::<T>(n));
        Ok(Tensor { cell: Some(rc) })
    }

    /// The same where no furnished cell is free.
    #[cold]
    fn fresh_cell<T: Element>(
        heap: &Rc<Heap>,
        (shape, strides): (Shape, Strides),
        n: usize,
        class: Option<usize>,
        fill: impl FnOnce(&mut [T]),
    ) -> Result<Tensor> {
        let mut buffer = heap.pool.take::<T>(n)?;
        fill(buffer.slice_mut::<T>(n));
        let ready = Ready { storage: Storage::Own(buffer), offset: 0, strides, contiguous: true };
        let mut rc = Tensor::empty(heap, T::DTYPE, shape, n);
        let cell = Rc::get_mut(&mut rc).expect("a new cell has no other reference");
        cell.furnished = class.is_some();
        let _ = cell.ready.set(ready);
        Ok(Tensor { cell: Some(rc) })
    }

    /// A new array of the shape and dtype of this one, which is row-major as well. `None` where there is no memory.
    #[inline(always)]
    pub fn like<T: Element>(&self, fill: impl FnOnce(&mut [T])) -> Option<Tensor> {
        let (cell, ready) = (self.cell(), self.ready());
        debug_assert!(ready.contiguous && cell.dtype == T::DTYPE);
        Tensor::fresh(self.heap(), (cell.shape.clone(), ready.strides.clone()), cell.size, fill).ok()
    }

    /// A new array of one axis. `None` where there is no memory.
    #[inline(always)]
    pub fn vector<T: Element>(heap: &Rc<Heap>, n: usize, fill: impl FnOnce(&mut [T])) -> Option<Tensor> {
        Tensor::fresh(heap, (Shape::from_elem(n, 1), Strides::from_elem(1, 1)), n, fill).ok()
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
        let ready = Ready { storage: Storage::Own(buffer), offset, strides, contiguous };
        let size = shape::size_of(&shape);
        Tensor::with_memory(heap, dtype, shape, size, ready)
    }

    /// Makes and fills a new array.
    pub fn build<T: Element>(heap: &Rc<Heap>, shape: &[usize], fill: impl FnOnce(&mut [T])) -> Result<Tensor> {
        let n = shape::checked_size(shape, size_of::<T>())?;
        Tensor::fresh(heap, (shape.into(), shape::contiguous(shape)), n, fill)
    }

    /// An array of one element repeated: one number in memory whatever the shape.
    pub fn splat<T: Element>(heap: &Rc<Heap>, shape: &[usize], value: T) -> Result<Tensor> {
        shape::checked_size(shape, size_of::<T>())?;
        let one = Tensor::build::<T>(heap, &[], |x| x[0] = value)?;
        Ok(if shape.is_empty() { one } else { one.view_as(shape.into(), 0, Strides::from_elem(0, shape.len())) })
    }

    /// An array to be computed later.
    pub fn pending(heap: &Rc<Heap>, dtype: DType, shape: Shape, pending: Pending) -> Tensor {
        let size = shape::size_of(&shape);
        let mut rc = Tensor::empty(heap, dtype, shape, size);
        *Rc::get_mut(&mut rc).expect("a new cell has no other reference").pending.get_mut() = Some(pending);
        Tensor { cell: Some(rc) }
    }

    /// The same memory, read with another shape, offset and strides; ready arrays only.
    pub fn view_as(&self, shape: Shape, offset: usize, strides: Strides) -> Tensor {
        let ready = self.ready();
        let base = match &ready.storage {
            Storage::Own(_) => self.clone(),
            Storage::Of(base) => base.clone(),
        };
        let contiguous = shape::is_contiguous(&shape, &strides);
        // Where nothing is read, a position may lie outside of the buffer.
        let size = shape::size_of(&shape);
        let offset = if size == 0 { 0 } else { offset };
        let ready = Ready { storage: Storage::Of(base), offset, strides, contiguous };
        Tensor::with_memory(self.heap(), self.dtype(), shape, size, ready)
    }

    /// Asks for what is known of the array, which is going to be used soon.
    pub fn fetch(&self) {
        fetch(std::ptr::from_ref(self.cell()), size_of::<Cell>());
    }

    #[inline(always)]
    fn cell(&self) -> &Cell {
        self.cell.as_ref().expect("a live tensor has its cell")
    }

    #[inline(always)]
    pub fn heap(&self) -> &Rc<Heap> {
        self.cell().heap.as_ref().expect("a live cell knows its heap")
    }

    #[inline(always)]
    pub fn dtype(&self) -> DType {
        self.cell().dtype
    }

    #[inline(always)]
    pub fn shape(&self) -> &[usize] {
        &self.cell().shape
    }

    #[inline(always)]
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    #[inline(always)]
    pub fn size(&self) -> usize {
        self.cell().size
    }

    /// Whether both have the same extents.
    #[inline(always)]
    pub fn same_shape(&self, other: &Tensor) -> bool {
        let (a, b) = (self.cell(), other.cell());
        // Of vectors and numbers the size says it all.
        a.size == b.size && a.shape.len() == b.shape.len() && (a.shape.len() < 2 || same(&a.shape, &b.shape))
    }

    #[inline(always)]
    pub fn is_ready(&self) -> bool {
        self.cell().ready.get().is_some()
    }

    #[inline(always)]
    fn ready(&self) -> &Ready {
        self.cell().ready.get().expect("the engine has computed what is read")
    }

    /// The operation that will produce the elements, while they are not there.
    pub fn pending_op(&self) -> std::cell::Ref<'_, Option<Pending>> {
        self.cell().pending.borrow()
    }

    /// Ends being pending: the elements are in `buffer`. The operation and what it held are dropped.
    pub fn fulfil(&self, buffer: Buffer) {
        let strides = shape::contiguous(self.shape());
        let ready = Ready { storage: Storage::Own(buffer), offset: 0, strides, contiguous: true };
        if self.cell().ready.set(ready).is_ok() {
            let done = self.cell().pending.borrow_mut().take();
            drop(done);
        }
    }

    #[inline(always)]
    pub fn strides(&self) -> &[isize] {
        &self.ready().strides
    }

    #[inline(always)]
    pub fn offset(&self) -> usize {
        self.ready().offset
    }

    #[inline(always)]
    pub fn is_contiguous(&self) -> bool {
        self.ready().contiguous
    }

    /// Every element is the same one in memory.
    pub fn is_splat(&self) -> bool {
        self.ready().strides.iter().zip(self.shape()).all(|(&s, &d)| s == 0 || d == 1)
    }

    fn buffer(&self) -> &Buffer {
        match &self.ready().storage {
            Storage::Own(buffer) => buffer,
            Storage::Of(base) => base.buffer(),
        }
    }

    /// Identity of the memory read: the same key, the same elements.
    pub fn memory_key(&self) -> (usize, usize) {
        (std::ptr::from_ref(self.buffer()) as usize, self.offset())
    }

    /// Identity of the array.
    pub fn id(&self) -> usize {
        std::ptr::from_ref(self.cell()) as usize
    }

    pub fn same(&self, other: &Tensor) -> bool {
        self.id() == other.id()
    }

    pub fn mark(&self) -> u32 {
        self.cell().mark.get()
    }

    pub fn set_mark(&self, mark: u32) {
        self.cell().mark.set(mark);
    }

    /// How many references there are; to see whether somebody besides an expression wants the value.
    pub fn references(&self) -> usize {
        Rc::strong_count(self.cell.as_ref().expect("a live tensor has its cell"))
    }

    /// One past the highest element that the strides reach, in elements of the buffer.
    fn extent(&self) -> usize {
        let ready = self.ready();
        if ready.contiguous {
            return ready.offset + self.size();
        }
        if self.size() == 0 {
            return ready.offset;
        }
        let reach: isize = self.shape().iter().zip(self.strides()).map(|(&d, &s)| (d as isize - 1) * s.max(0)).sum();
        (self.offset() as isize + reach) as usize + 1
    }

    /// The buffer from its beginning up to the last element reached; index it with `offset` and `strides`.
    pub fn memory<T: Element>(&self) -> &[T] {
        debug_assert_eq!(T::DTYPE, self.dtype());
        self.buffer().slice(self.extent())
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
            // Most arrays own what they are and begin where it begins.
            Ready { storage: Storage::Own(buffer), offset: 0, contiguous: true, .. } => buffer.slice(self.size()),
            _ => self.slice().expect("made contiguous before"),
        }
    }

    /// The elements of an array of this type that owns them and is there, as most small ones are.
    #[inline(always)]
    pub fn row<T: Element>(&self) -> Option<&[T]> {
        let cell = self.cell();
        match cell.ready.get() {
            Some(Ready { storage: Storage::Own(buffer), offset: 0, contiguous: true, .. })
                if cell.dtype == T::DTYPE =>
            {
                Some(buffer.slice(cell.size))
            }
            _ => None,
        }
    }

    /// The first element of an array that has one.
    pub fn first<T: Element>(&self) -> T {
        self.memory::<T>()[self.offset()]
    }

    /// The elements to be changed in place, if nobody else can see them: one reference, own memory, row-major.
    #[inline]
    pub fn unique_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        let n = self.size();
        let cell = Rc::get_mut(self.cell.as_mut()?)?;
        let ready = cell.ready.get_mut()?;
        match &mut ready.storage {
            Storage::Own(buffer)
                if ready.contiguous && ready.offset == 0 && buffer.is_own() && cell.dtype == T::DTYPE =>
            {
                Some(buffer.elements_mut(n))
            }
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
