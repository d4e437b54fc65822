//! Computes plain arrays: element-wise operations at once when they are small, later and fused when they are large.
//!
//! An element-wise operation cannot fail once its shapes fit, so a large one is only noted: the result is *pending*.
//! What needs values (a reduction, a product, a reader) *forces* it: the pending operations under it are compiled to a
//! program for the register machine and run block by block in one pass over memory. Since derivative rules are nothing
//! but more element-wise operations, value and gradient of a chain become one pass, too.
//!
//! Small arrays gain nothing from that (one block holds them), so they are computed at once, and so is everything after
//! `set_eager(true)`.

mod direct;
pub mod passes;
mod program;
mod sequence;
mod simplify;
mod small_elementwise;

use crate::array::dims::same;
use crate::array::{Buffer, DType, Element, Heap, HeapOwner, Op, Operand, Pending, Shape, Strides, Tensor, shape};
use crate::error::Result;
use crate::kernels::machine::Source;
use crate::kernels::math;
use crate::kernels::rows::Padding;
use crate::kernels::strided::{self, Layout};
use crate::kernels::threads::Threads;
use crate::with_dtype;
use program::Scratch;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Mutex;

/// Up to this many elements an operation is run at once.
const SMALL: usize = 4096;
/// Longer expressions are computed before they grow further.
const MAX_WEIGHT: u32 = 256;
/// Nanoseconds of work from which on a second thread pays.
pub const PARALLEL: f64 = 30_000.0;

/// Memory, threads and settings of one context.
pub struct Engine {
    pub heap: HeapOwner,
    threads: RefCell<Option<Rc<Threads>>>,
    eager: Cell<bool>,
    small: Cell<usize>,
    scratch: RefCell<Scratch>,
    /// Slopes of a small array that may not be needed.
    pub passes: passes::Passes,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

impl Engine {
    pub fn new() -> Engine {
        Engine {
            heap: Heap::new(),
            threads: RefCell::new(None),
            eager: Cell::new(false),
            small: Cell::new(SMALL),
            scratch: RefCell::default(),
            passes: passes::Passes::default(),
        }
    }

    /// Computes everything at once from now on (or no longer).
    pub fn set_eager(&self, eager: bool) {
        self.eager.set(eager);
    }

    /// Computes at once what has up to `n` elements; tests put off everything.
    #[doc(hidden)]
    pub fn set_small(&self, n: usize) {
        self.small.set(n);
    }

    pub fn set_threads(&self, n: usize) {
        let n = n.clamp(1, 256);
        if n != self.thread_count() {
            *self.threads.borrow_mut() = (n > 1).then(|| Rc::new(Threads::new(n)));
        }
    }

    pub fn thread_count(&self) -> usize {
        self.threads.borrow().as_ref().map_or(1, |t| t.count())
    }

    /// The worker threads, if the work (in nanoseconds on one thread) is worth their while.
    pub fn threads_for(&self, nanoseconds: f64) -> Option<Rc<Threads>> {
        if nanoseconds < PARALLEL { None } else { self.threads.borrow().clone() }
    }

    /// Calls `work` with each part and its number, on several threads if that is worth their while.
    pub fn share_out<P: Send>(&self, nanoseconds: f64, parts: impl Iterator<Item = P>, work: impl Fn(usize, P) + Sync) {
        match self.threads_for(nanoseconds) {
            None => parts.enumerate().for_each(|(i, part)| work(i, part)),
            Some(threads) => {
                let parts: Vec<Mutex<Option<P>>> = parts.map(|part| Mutex::new(Some(part))).collect();
                threads.share(parts.len(), |i| {
                    if let Some(part) = parts[i].lock().ok().and_then(|mut slot| slot.take()) {
                        work(i, part);
                    }
                });
            }
        }
    }

    /// A new row-major array, filled by `fill`.
    pub fn build<T: Element>(&self, shape: &[usize], fill: impl FnOnce(&mut [T])) -> Result<Tensor> {
        Tensor::build(&self.heap, shape, fill)
    }

    /// One element repeated.
    pub fn full(&self, dtype: DType, shape: &[usize], value: f64) -> Result<Tensor> {
        with_dtype!(dtype, T => Tensor::splat::<T>(&self.heap, shape, T::from_f64(value)))
    }

    /// `op` element by element over `shape`, to which all operands broadcast. Operands have `dtype` (the first one of
    /// `Select` is boolean), the result has `out`.
    pub fn elementwise(
        &self,
        op: Op,
        dtype: DType,
        out: DType,
        shape: &[usize],
        operands: [Operand; 3],
    ) -> Result<Tensor> {
        let n = shape::checked_size(shape, out.size())?;
        if n > 1
            && let Some(ones) = one_element(&operands)
        {
            let one = self.immediate(op, dtype, out, &[], 1, &ones)?;
            return Ok(one.view_as(shape.into(), 0, Strides::from_elem(0, shape.len())));
        }
        if self.eager.get() || n <= self.small.get() {
            return self.immediate(op, dtype, out, shape, n, &operands);
        }
        let (op, operands) = match self.without_sign(op, &operands)? {
            Some(operands) => (Op::Binary(&math::SUBTRACT), operands),
            None => (op, operands),
        };
        self.defer(op, dtype, out, shape.into(), operands)
    }

    /// What is subtracted instead of adding `-x` inside zeros, as the derivative of a difference of neighbours does: what is
    /// put inside zeros has to be complete, and a sign is not worth a pass.
    fn without_sign(&self, op: Op, operands: &[Operand; 3]) -> Result<Option<[Operand; 3]>> {
        let is = |op: Op, key: usize| op.key() == key;
        if !is(op, Op::Binary(&math::ADD).key()) {
            return Ok(None);
        }
        for k in [1, 0] {
            let Operand::Array(t) = &operands[k] else { continue };
            let pending = t.pending_op();
            let Some(Pending { op: Op::Pad, operands: [Operand::Array(x), Operand::Array(list), _], .. }) = &*pending
            else {
                continue;
            };
            let inner = x.pending_op();
            let Some(Pending { op, operands: [Operand::Array(positive), ..], .. }) = &*inner else { continue };
            if is(*op, Op::Unary(&math::NEGATIVE).key()) {
                let padded = self.moved(Op::Pad, positive, list.clone(), t.shape())?;
                return Ok(Some([operands[1 - k].clone(), Operand::Array(padded), Operand::None]));
            }
        }
        Ok(None)
    }

    /// The sum of all elements, as an array of rank 0; deferred when its operand is. Floating types only.
    pub fn sum_all(&self, x: &Tensor) -> Result<Option<Tensor>> {
        if self.eager.get() || x.is_ready() || !x.dtype().is_inexact() {
            return Ok(None);
        }
        let operands = [Operand::Array(x.clone()), Operand::None, Operand::None];
        self.defer(Op::Sum, x.dtype(), x.dtype(), Shape::new(), operands).map(Some)
    }

    /// Whether an operation on so many elements is put off.
    pub fn defers(&self, n: usize) -> bool {
        !self.eager.get() && n > self.small.get()
    }

    /// Deferred: rows of `x` in the order of `list` (row-major, all in range), together an array of `shape`.
    pub fn rows(&self, x: &Tensor, list: &Tensor, shape: &[usize]) -> Result<Tensor> {
        self.moved(Op::Rows, x, list.clone(), shape)
    }

    /// Deferred: `x` inside zeros, together an array of `shape`.
    pub fn pad(&self, x: &Tensor, padding: Padding, shape: &[usize]) -> Result<Tensor> {
        let numbers = padding.to_list();
        let list = self.build::<i64>(&[numbers.len()], |d| d.copy_from_slice(&numbers))?;
        self.moved(Op::Pad, x, list, shape)
    }

    fn moved(&self, op: Op, x: &Tensor, list: Tensor, shape: &[usize]) -> Result<Tensor> {
        let x = if x.is_ready() { self.contiguous(x)? } else { x.clone() };
        let dtype = x.dtype();
        self.defer(op, dtype, dtype, shape.into(), [Operand::Array(x), Operand::Array(list), Operand::None])
    }

    /// Deferred: zeros of `shape`, with the rows of `x` added at the places in `list` (row-major, all in range). Floating
    /// types only.
    pub fn scatter(&self, x: &Tensor, list: &Tensor, shape: &[usize]) -> Result<Tensor> {
        let dtype = x.dtype();
        let operands = [Operand::Array(x.clone()), Operand::Array(list.clone()), Operand::None];
        self.defer(Op::Scatter, dtype, dtype, shape.into(), operands)
    }

    fn defer(&self, op: Op, dtype: DType, out: DType, shape: Shape, operands: [Operand; 3]) -> Result<Tensor> {
        let weigh = |operands: &[Operand; 3]| {
            operands.iter().fold(1u32, |w, o| match o {
                Operand::Array(t) => w.saturating_add(t.pending_op().as_ref().map_or(0, |p| p.weight)),
                _ => w,
            })
        };
        let mut weight = weigh(&operands);
        if weight > MAX_WEIGHT {
            let heavy = operands.iter().filter_map(|o| match o {
                Operand::Array(t) => Some(t),
                _ => None,
            });
            self.force_all(heavy)?;
            weight = weigh(&operands);
        }
        let pending = Pending { op, dtype, operands, weight, runs: Cell::new(0) };
        Ok(Tensor::pending(&self.heap, out, shape, pending))
    }

    /// Computes the elements, if they aren't there.
    pub fn force(&self, x: &Tensor) -> Result<()> {
        if x.is_ready() { Ok(()) } else { self.force_all(std::iter::once(x)) }
    }

    /// Computes several arrays together: what they share is computed once, and in one pass where shapes allow.
    pub fn force_all<'a>(&self, wanted: impl Iterator<Item = &'a Tensor>) -> Result<()> {
        self.scratch.borrow_mut().run(self, wanted)
    }

    /// The same array with its elements in row-major order.
    pub fn contiguous(&self, x: &Tensor) -> Result<Tensor> {
        self.force(x)?;
        if x.is_contiguous() { Ok(x.clone()) } else { self.copy(x, x.shape()) }
    }

    /// A row-major copy, broadcast to `shape`.
    fn copy(&self, x: &Tensor, shape: &[usize]) -> Result<Tensor> {
        let buffer = self.spread(x, shape)?;
        Ok(Tensor::from_buffer(&self.heap, x.dtype(), shape.into(), buffer))
    }

    /// The elements of a ready array, broadcast to `shape`, in row-major order in a new buffer.
    fn spread(&self, x: &Tensor, shape: &[usize]) -> Result<Buffer> {
        let n = shape::checked_size(shape, x.dtype().size())?;
        let strides = shape::broadcast_strides(x.shape(), x.strides(), shape).expect("checked to broadcast");
        let layout = Layout::new(shape, &strides, x.offset());
        with_dtype!(x.dtype(), T => {
            let mut buffer = self.heap.pool.take::<T>(n)?;
            if n > 0 {
                strided::copy_all(&layout, x.memory::<T>(), buffer.slice_mut::<T>(n));
            }
            Ok(buffer)
        })
    }

    /// Runs one operation over whole arrays.
    fn immediate(
        &self,
        op: Op,
        dtype: DType,
        out: DType,
        shape: &[usize],
        n: usize,
        operands: &[Operand; 3],
    ) -> Result<Tensor> {
        let mut copies: [Option<Buffer>; 3] = [None, None, None];
        let mut sources = [Source::Number(0.0); 3];
        for k in 0..3 {
            match &operands[k] {
                Operand::None => {}
                Operand::Number(x) => sources[k] = Source::Number(*x),
                Operand::Array(t) => {
                    self.force(t)?;
                    if n == 0 {
                        continue;
                    }
                    let number_allowed = match op {
                        Op::Binary(_) | Op::Compare(_) if k == 0 => !matches!(operands[1], Operand::Number(_)),
                        Op::Binary(_) | Op::Compare(_) => matches!(sources[0], Source::Memory(_)),
                        Op::Select => k > 0,
                        _ => false,
                    };
                    if t.is_contiguous() && same(t.shape(), shape) {
                        sources[k] = Source::Memory(pointer(t));
                    } else if let (true, Some(x)) = (number_allowed, splat_number(t)) {
                        sources[k] = Source::Number(x);
                    } else {
                        let copy = self.spread(t, shape)?;
                        sources[k] = Source::Memory(buffer_pointer(&copy, t.dtype(), n));
                        copies[k] = Some(copy);
                    }
                }
            }
        }
        let mut buffer = self.heap.pool.take_bytes(n * out.size())?;
        if n > 0 {
            let dst = with_dtype!(out, T => buffer.slice_mut::<T>(n).as_mut_ptr().cast::<u8>());
            program::run_one(op, dtype, out, dst, sources, n);
        }
        drop(copies);
        Ok(Tensor::from_buffer(&self.heap, out, shape.into(), buffer))
    }
}

/// The operands with their one element, if each array is an element repeated: so is the result, then.
fn one_element(operands: &[Operand; 3]) -> Option<[Operand; 3]> {
    let repeated = |t: &Tensor| t.is_ready() && t.is_splat();
    if !operands.iter().all(|o| if let Operand::Array(t) = o { repeated(t) } else { true }) {
        return None;
    }
    let one = |o: &Operand| match o {
        Operand::Array(t) => Operand::Array(t.view_as(Shape::new(), t.offset(), Strides::new())),
        other => other.clone(),
    };
    Some([one(&operands[0]), one(&operands[1]), one(&operands[2])])
}

/// The number of a real floating array whose elements are all the same one.
fn splat_number(t: &Tensor) -> Option<f64> {
    if !t.is_splat() || t.size() == 0 {
        return None;
    }
    match t.dtype() {
        DType::F64 => Some(t.first::<f64>()),
        DType::F32 => Some(f64::from(t.first::<f32>())),
        _ => None,
    }
}

/// Where the first element of a ready array is.
fn pointer(t: &Tensor) -> *const u8 {
    with_dtype!(t.dtype(), T => t.memory::<T>()[t.offset()..].as_ptr().cast())
}

fn buffer_pointer(buffer: &Buffer, dtype: DType, n: usize) -> *const u8 {
    with_dtype!(dtype, T => buffer.slice::<T>(n).as_ptr().cast())
}
