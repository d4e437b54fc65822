//! The register machine: runs a list of element-wise instructions over arrays, block by block.
//!
//! A register is a block of [`BLOCK`] elements in the first-level cache. For every block of the arrays the machine goes
//! once through the instructions, each a call of a vectorised loop; so a long expression reads its inputs and writes
//! its outputs once, however many operations lie between.
//!
//! ```text
//! for each block:                         r0 = x[b]            (nothing to do: inputs are read where they lie)
//!     for each instruction:               r1 = tanh(r0)
//!         dst = op(src, src, src)         out[b] = r1 * r0
//! ```
//!
//! An input that only stands elsewhere isn't copied either: the register then names the place in the input. A transposed
//! input is brought in order band by band, many rows at a time, each band as far as the cache reaches.
//!
//! A destination never aliases an operand: the compiler's run-time overlap check would choose the scalar loop.
//! Sums are kept per block and added up afterwards, in the same order for any number of threads.

use super::chain::{self, ChainOp, Link, MAX_STRIPS};
use super::math::{self, Binary, Compare, Pair};
use super::memory;
use super::op::Op;
use super::rows::{self, Padding};
use super::strided::Layout;
use super::threads::Threads;
use crate::dtype::DType;
use num_complex::{Complex32, Complex64};
use std::mem::MaybeUninit;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Elements per block; 256 to 512 measured best.
pub const BLOCK: usize = 512;
/// Blocks that a thread takes at a time, if no input asks for more.
pub const CHUNK: usize = 16 * BLOCK;

/// Where an operand or a result is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Location {
    None,
    Register(u16),
    /// Row-major memory of the whole shape.
    Array(u16),
    Number(f64),
    /// Rows of an input, or of an output that is added to; only in a chain whose strips divide a row.
    Rows(u16),
}

#[derive(Clone, Copy)]
pub enum Code {
    Op(Op),
    /// The functions of a pair, each to a destination.
    Both(&'static Pair),
    /// The same, the second function to the first destination.
    BothSwapped(&'static Pair),
    /// The block of a strided input.
    Load(u16),
    /// The block of rows of an input, in the order of a list.
    Rows(u16),
    /// The block of an input inside zeros.
    Pad(u16),
    /// The operand's rows are added to an output at the places of a list. One thread only.
    Scatter(u16),
    /// The sum of the operand goes to this row of `sums`.
    Sum(u16),
    /// Several steps from this one on, at most [`MAX_STEPS`]. Their locations are the operands and results. If there is a
    /// step `Sum`, what it adds up goes to that row of `sums`; its location is a register.
    Chain {
        first: u32,
        count: u16,
        sum: Option<u16>,
    },
}

/// Steps of a chain, at most.
pub const MAX_STEPS: usize = 48;
/// Operands of a chain in rows, at most.
pub const MAX_TABLES: usize = 6;

#[derive(Clone, Copy)]
pub struct Instruction {
    pub code: Code,
    /// Of the operands.
    pub dtype: DType,
    /// Of the result.
    pub out: DType,
    pub dst: Location,
    pub dst2: Location,
    pub src: [Location; 3],
}

/// An input that isn't row-major, or is broadcast.
pub struct Strided {
    pub memory: *const u8,
    /// Elements that may be read from `memory` on.
    pub extent: usize,
    pub element: usize,
    pub layout: Layout,
    /// The number of its band, if it is transposed.
    pub band: Option<usize>,
}

/// Row-major memory and a list of its rows.
pub struct ListedRows {
    pub memory: *mut u8,
    /// Elements from `memory` on.
    pub extent: usize,
    pub element: usize,
    pub list: *const i64,
    pub count: usize,
    /// Elements of a row.
    pub row: usize,
}

/// An input that stands inside zeros.
pub struct Padded {
    pub memory: *const u8,
    pub extent: usize,
    pub element: usize,
    pub padding: Padding,
}

/// Blocks of `size` elements that go in chunks. Those of a chunk begin with it.
pub fn blocks(size: usize, chunk: usize) -> usize {
    size / chunk * chunk.div_ceil(BLOCK) + (size % chunk).div_ceil(BLOCK)
}

/// A block on its way through the code: elements `start..start + n`, of the chunk that begins at `first`.
#[derive(Clone, Copy)]
struct Part {
    worker: usize,
    /// Its number among all.
    block: usize,
    first: usize,
    start: usize,
    n: usize,
}

/// Memory and instructions of one pass.
pub struct Machine<'a> {
    pub code: &'a [Instruction],
    /// What chains consist of.
    pub steps: &'a [(ChainOp, Location)],
    /// Starts of the row-major inputs and outputs.
    pub arrays: &'a [*mut u8],
    pub strided: &'a [Strided],
    pub rows: &'a [ListedRows],
    pub padded: &'a [Padded],
    /// Registers, `workers * registers * register_bytes` bytes.
    pub registers: *mut u8,
    /// Where the contents of each register are: in it, or in an input. `workers * registers` entries.
    pub contents: *mut *mut u8,
    pub register_count: usize,
    pub register_bytes: usize,
    /// Elements in all.
    pub size: usize,
    /// Elements that a thread takes at a time, in blocks of which the last one may be shorter.
    pub chunk: usize,
    /// The transposed inputs of a chunk in order, `workers * band_count * band_bytes` bytes.
    pub bands: *mut u8,
    pub band_count: usize,
    pub band_bytes: usize,
    /// `sums[row * blocks + block]`, complex as two rows.
    pub sums: *mut f64,
    pub blocks: usize,
}

// SAFETY: the pointers stand for memory that lives through `run`; threads write disjoint blocks of it, and each has
// registers of its own.
unsafe impl Sync for Machine<'_> {}

impl Machine<'_> {
    /// Runs all blocks, on `threads` if there are any.
    ///
    /// # Safety
    /// `arrays` hold `size` elements of the dtype the instructions give them, inputs initialised and outputs distinct
    /// from everything else; `strided` layouts, `rows` and `padded` stay inside their memory; `chunk` is not 0, a band has
    /// room for so many elements, and `blocks` is [`blocks`] of them; with a `Scatter` there are no `threads`; `registers`,
    /// `contents` and `sums` are as long as stated; every location named exists; no destination is also an operand.
    pub unsafe fn run(&self, threads: Option<&Threads>) {
        let next = AtomicUsize::new(0);
        let workers = threads.map_or(1, Threads::count);
        let work = |worker: usize| {
            loop {
                let chunk = next.fetch_add(1, Relaxed);
                let Some(first) = chunk.checked_mul(self.chunk).filter(|&first| first < self.size) else { return };
                let end = self.size.min(first.saturating_add(self.chunk));
                // SAFETY: passed on from the caller.
                unsafe { self.bring_bands(worker, first, end, workers * self.chunk) };
                let number = chunk * self.chunk.div_ceil(BLOCK);
                for (i, start) in (first..end).step_by(BLOCK).enumerate() {
                    let part = Part { worker, block: number + i, first, start, n: BLOCK.min(end - start) };
                    // SAFETY: passed on from the caller; the block lies inside, and each one is drawn once.
                    unsafe { self.block(part) };
                }
            }
        };
        match threads {
            Some(threads) => threads.run(&work),
            None => work(0),
        }
    }

    /// Brings elements `start..end` of the transposed inputs in order. Those `ahead` are likely this worker's next ones.
    ///
    /// # Safety
    /// As for `run`, and no other thread uses this worker number.
    unsafe fn bring_bands(&self, worker: usize, start: usize, end: usize, ahead: usize) {
        for s in self.strided {
            let Some(band) = s.band else { continue };
            // SAFETY: the layout stays inside `extent` elements, and a band has room for a chunk.
            unsafe {
                let dst = self.band(worker, band);
                match s.element {
                    1 => bring::<u8>(s, start, dst, end - start, ahead),
                    4 => bring::<u32>(s, start, dst, end - start, ahead),
                    8 => bring::<u64>(s, start, dst, end - start, ahead),
                    _ => bring::<[u64; 2]>(s, start, dst, end - start, ahead),
                }
            }
        }
    }

    /// # Safety
    /// As for `run`; the band exists.
    unsafe fn band(&self, worker: usize, band: usize) -> *mut u8 {
        // SAFETY: bands are as many and as long as stated.
        unsafe { self.bands.add((worker * self.band_count + band) * self.band_bytes) }
    }

    /// # Safety
    /// As for `run`, and no other thread runs this block or uses this worker number.
    unsafe fn block(&self, part: Part) {
        for i in self.code {
            // SAFETY: the caller's promises.
            unsafe { self.step(i, part) };
        }
    }

    /// Where the operand `location` is read.
    ///
    /// # Safety
    /// As for `block`; a register has been written before.
    #[inline]
    unsafe fn operand(&self, location: Location, element: usize, worker: usize, start: usize) -> *mut u8 {
        match location {
            // SAFETY: an entry of this worker.
            Location::Register(r) => unsafe { *self.contents.add(worker * self.register_count + r as usize) },
            // SAFETY: passed on.
            location => unsafe { self.at(location, element, worker, start) },
        }
    }

    /// Notes where the contents of a register are.
    ///
    /// # Safety
    /// As for `block`.
    #[inline]
    unsafe fn set_contents(&self, location: Location, worker: usize, contents: *mut u8) {
        if let Location::Register(r) = location {
            // SAFETY: an entry of this worker.
            unsafe { *self.contents.add(worker * self.register_count + r as usize) = contents };
        }
    }

    /// Where the result `location` is written.
    ///
    /// # Safety
    /// As for `block`.
    #[inline]
    unsafe fn at(&self, location: Location, element: usize, worker: usize, start: usize) -> *mut u8 {
        match location {
            // SAFETY: inside the registers of this worker.
            Location::Register(r) => unsafe {
                self.registers.add((worker * self.register_count + r as usize) * self.register_bytes)
            },
            // SAFETY: inside the array: `start < size`.
            Location::Array(a) => unsafe { self.arrays[a as usize].add(start * element) },
            Location::Number(_) | Location::None | Location::Rows(_) => std::ptr::null_mut(),
        }
    }

    /// # Safety
    /// As for `block`.
    unsafe fn step(&self, i: &Instruction, part: Part) {
        let Part { worker, block, first, start, n } = part;
        let element = i.dtype.size();
        // SAFETY: places exist by the promise to `run`.
        let dst = unsafe {
            let dst = self.at(i.dst, i.out.size(), worker, start);
            self.set_contents(i.dst, worker, dst);
            dst
        };
        let source = |k: usize| -> Source {
            match i.src[k] {
                Location::Number(x) => Source::Number(x),
                location => {
                    let element = if k == 0 && matches!(i.code, Code::Op(Op::Select)) { 1 } else { element };
                    // SAFETY: as above.
                    Source::Memory(unsafe { self.operand(location, element, worker, start) })
                }
            }
        };
        match i.code {
            // SAFETY: operands and result hold `n` elements of the dtypes named, the result apart from the operands.
            Code::Op(op) => unsafe { apply(op, i.dtype, i.out, dst, [source(0), source(1), source(2)], n) },
            Code::Both(pair) | Code::BothSwapped(pair) => {
                // SAFETY: places exist; two results apart from each other and from the operand.
                unsafe {
                    let dst2 = self.at(i.dst2, element, worker, start);
                    self.set_contents(i.dst2, worker, dst2);
                    let (a, b) = if matches!(i.code, Code::Both(_)) { (dst, dst2) } else { (dst2, dst) };
                    match i.dtype {
                        DType::F64 => (pair.f64)(write(a, n), write(b, n), source(0).read(n)),
                        _ => (pair.f32)(write(a, n), write(b, n), source(0).read(n)),
                    };
                }
            }
            Code::Load(k) => {
                let s = &self.strided[k as usize];
                if let Some(band) = s.band {
                    // SAFETY: the elements of this chunk are in the band.
                    unsafe {
                        let from = self.band(worker, band).add((start - first) * s.element);
                        return match i.dst {
                            Location::Register(_) => self.set_contents(i.dst, worker, from),
                            _ => std::ptr::copy_nonoverlapping(from, dst, n * s.element),
                        };
                    }
                }
                // SAFETY: the layout stays inside `extent` elements; `dst` has room for `n`.
                unsafe {
                    match s.element {
                        1 => load::<u8>(s, start, dst, n),
                        4 => load::<u32>(s, start, dst, n),
                        8 => load::<u64>(s, start, dst, n),
                        _ => load::<[u64; 2]>(s, start, dst, n),
                    }
                }
            }
            Code::Rows(k) => {
                let r = &self.rows[k as usize];
                // SAFETY: `extent` elements and `count` entries are there; `dst` has room for `n`.
                unsafe {
                    match r.element {
                        1 => gather::<u8>(r, start, dst, n),
                        4 => gather::<u32>(r, start, dst, n),
                        8 => gather::<u64>(r, start, dst, n),
                        _ => gather::<[u64; 2]>(r, start, dst, n),
                    }
                }
            }
            Code::Pad(k) => {
                let p = &self.padded[k as usize];
                // SAFETY: `extent` elements are there, of which `inside` names `n`; `dst` has room for `n`.
                unsafe {
                    if let (Location::Register(_), Some(at)) = (i.dst, p.padding.inside(start, n)) {
                        assert!(at + n <= p.extent);
                        return self.set_contents(i.dst, worker, p.memory.add(at * p.element).cast_mut());
                    }
                    match p.element {
                        1 => pad::<u8>(p, start, dst, n),
                        4 => pad::<u32>(p, start, dst, n),
                        8 => pad::<u64>(p, start, dst, n),
                        _ => pad::<[u64; 2]>(p, start, dst, n),
                    }
                }
            }
            Code::Scatter(k) => {
                let r = &self.rows[k as usize];
                // SAFETY: the operand holds `n` elements of `dtype`, the output `extent`, which no other thread touches.
                unsafe {
                    match i.dtype {
                        DType::F64 => scatter::<f64>(r, start, source(0), n),
                        DType::F32 => scatter::<f32>(r, start, source(0), n),
                        DType::C128 => scatter::<Complex64>(r, start, source(0), n),
                        DType::C64 => scatter::<Complex32>(r, start, source(0), n),
                        DType::I64 | DType::Bool => unreachable!("integers are not scattered by a pass"),
                    }
                }
            }
            // SAFETY: passed on.
            Code::Chain { first: at, count, sum } => unsafe {
                let steps = &self.steps[at as usize..][..count as usize];
                let total = self.chain(steps, i.dtype, worker, start, n);
                if let Some(row) = sum {
                    self.set_sum(row, block, total, 0.0);
                }
            },
            Code::Sum(row) => {
                // SAFETY: the operand holds `n` elements; `sums` has two entries per row and block.
                unsafe {
                    let (re, im) = match i.dtype {
                        DType::F64 => (math::sum_f64(source(0).read(n)), 0.0),
                        DType::F32 => (f64::from(math::sum_f32(source(0).read(n))), 0.0),
                        DType::C128 => {
                            let s: Complex64 = source(0).read::<Complex64>(n).iter().sum();
                            (s.re, s.im)
                        }
                        DType::C64 => {
                            let zero = Complex64::default();
                            let s = source(0)
                                .read::<Complex32>(n)
                                .iter()
                                .fold(zero, |s, z| s + Complex64::new(f64::from(z.re), f64::from(z.im)));
                            (s.re, s.im)
                        }
                        DType::I64 | DType::Bool => unreachable!("integer sums are not deferred"),
                    };
                    self.set_sum(row, block, re, im);
                }
            }
        }
    }
}

impl Machine<'_> {
    /// # Safety
    /// As for `block`; the row exists.
    unsafe fn set_sum(&self, row: u16, block: usize, re: f64, im: f64) {
        // SAFETY: `sums` has two entries per row and block.
        unsafe {
            *self.sums.add(2 * row as usize * self.blocks + block) = re;
            *self.sums.add((2 * row as usize + 1) * self.blocks + block) = im;
        }
    }

    /// Runs steps; returns the sum, if one of them is that.
    ///
    /// # Safety
    /// As for `block`.
    unsafe fn chain(&self, steps: &[(ChainOp, Location)], dtype: DType, worker: usize, start: usize, n: usize) -> f64 {
        let mut parts = None;
        let mut tables = [const { MaybeUninit::<[MaybeUninit<*mut u8>; MAX_STRIPS]>::uninit() }; MAX_TABLES];
        let mut free = tables.iter_mut();
        let mut links = [const { MaybeUninit::uninit() }; MAX_STEPS];
        // In order: a register's contents may be elsewhere until the chain itself writes to it.
        for (link, &(mut step, location)) in links.iter_mut().zip(steps) {
            // SAFETY: places exist by the promise to `run`.
            let operand = unsafe {
                match (step, location) {
                    (_, Location::Number(x)) => chain::Source::Number(x),
                    (_, Location::Rows(k)) => {
                        let table = free.next().expect("no more than `MAX_TABLES`");
                        let table = table.write([const { MaybeUninit::uninit() }; MAX_STRIPS]);
                        self.rows[k as usize].strips(table, start, n, chain::strip(dtype).expect("a dtype of chains"));
                        chain::Source::Strips(table.as_ptr().cast())
                    }
                    (ChainOp::Store, _) => {
                        let dst = self.at(location, dtype.size(), worker, start);
                        self.set_contents(location, worker, dst);
                        chain::Source::Memory(dst)
                    }
                    (ChainOp::Sum, _) if n == BLOCK => chain::Source::Number(0.0),
                    (ChainOp::Sum, _) => {
                        // Not whole strips: they are stored, and added up afterwards.
                        step = ChainOp::Store;
                        let dst = self.at(location, dtype.size(), worker, start);
                        parts = Some(Source::Memory(dst));
                        chain::Source::Memory(dst)
                    }
                    _ => chain::Source::Memory(self.operand(location, dtype.size(), worker, start)),
                }
            };
            link.write(Link { op: step, operand });
        }
        // SAFETY: so many were just written. Each operand is a block of `n` elements; what is stored is the same block as
        // another operand or has nothing in common with it.
        unsafe {
            let links = std::slice::from_raw_parts(links.as_ptr().cast(), steps.len().min(MAX_STEPS));
            let total =
                if dtype == DType::F64 { chain::run_f64(links, n) } else { f64::from(chain::run_f32(links, n)) };
            match parts {
                Some(parts) if dtype == DType::F64 => math::sum_f64(parts.read(n)),
                Some(parts) => f64::from(math::sum_f32(parts.read(n))),
                None => total,
            }
        }
    }
}

/// An operand of one call.
#[derive(Clone, Copy)]
pub enum Source {
    Memory(*const u8),
    Number(f64),
}

impl Source {
    /// # Safety
    /// Memory of at least `n` initialised elements of `T`.
    unsafe fn read<'a, T>(self, n: usize) -> &'a [T] {
        match self {
            // SAFETY: the caller's promise.
            Source::Memory(p) => unsafe { std::slice::from_raw_parts(p.cast(), n) },
            Source::Number(_) => unreachable!("a number stands only where a loop takes one"),
        }
    }
}

impl ListedRows {
    /// Where the strips of the elements `start..start + n` lie; a row consists of whole strips.
    fn strips(&self, table: &mut [MaybeUninit<*mut u8>; MAX_STRIPS], start: usize, n: usize, strip: usize) {
        // SAFETY: as many as stated.
        let list = unsafe { std::slice::from_raw_parts(self.list, self.count) };
        let (mut at, mut column) = (start / self.row, start % self.row);
        for place in &mut table[..n / strip] {
            let first = list[at] as usize * self.row + column;
            column += strip;
            if column == self.row {
                (at, column) = (at + 1, 0);
            }
            assert!(first < self.extent && strip <= self.extent - first, "a row outside of its memory");
            // SAFETY: inside the memory, as was just seen.
            let p = unsafe { self.memory.add(first * self.element) };
            // The first line, before its turn; that the next ones follow, the processor sees by itself.
            memory::prefetch(p, 1);
            place.write(p);
        }
    }
}

/// # Safety
/// Memory of at least `n` elements of `T` that nothing else reads or writes meanwhile.
unsafe fn write<'a, T>(p: *mut u8, n: usize) -> &'a mut [T] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(p.cast(), n) }
}

/// # Safety
/// `dst` has room for `n` elements of `T`, the element size of `s`.
unsafe fn load<T: Copy>(s: &Strided, start: usize, dst: *mut u8, n: usize) {
    // SAFETY: `extent` elements of this size lie from `memory` on; `dst` by the caller's promise.
    let (memory, dst) = unsafe { (std::slice::from_raw_parts(s.memory.cast::<T>(), s.extent), write::<T>(dst, n)) };
    s.layout.read(memory, start, dst);
}

/// # Safety
/// As for [`load`].
unsafe fn bring<T: Copy>(s: &Strided, start: usize, dst: *mut u8, n: usize, ahead: usize) {
    // SAFETY: as there.
    let (memory, dst) = unsafe { (std::slice::from_raw_parts(s.memory.cast::<T>(), s.extent), write::<T>(dst, n)) };
    s.layout.read_rows(memory, start, dst, ahead);
}

/// # Safety
/// `dst` has room for `n` elements of `T`, the element size of `r`; memory and list are as long as stated.
unsafe fn gather<T: Copy>(r: &ListedRows, start: usize, dst: *mut u8, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let memory = std::slice::from_raw_parts(r.memory.cast::<T>().cast_const(), r.extent);
        rows::gather(memory, std::slice::from_raw_parts(r.list, r.count), r.row, start, write::<T>(dst, n));
    }
}

/// # Safety
/// `values` hold `n` elements of `T`, the type of the memory, to which there is no other reference; it and the list are as long as
/// stated.
unsafe fn scatter<T: Copy + AddAssign>(r: &ListedRows, start: usize, values: Source, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let memory = std::slice::from_raw_parts_mut(r.memory.cast::<T>(), r.extent);
        rows::scatter(memory, std::slice::from_raw_parts(r.list, r.count), r.row, start, values.read(n));
    }
}

/// # Safety
/// As for `gather`.
unsafe fn pad<T: Copy + Default>(p: &Padded, start: usize, dst: *mut u8, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let memory = std::slice::from_raw_parts(p.memory.cast::<T>(), p.extent);
        p.padding.read(memory, start, write::<T>(dst, n));
    }
}

/// One operation on `n` elements.
///
/// # Safety
/// Operands in memory hold `n` initialised elements of `dtype` (the first of `Select`: booleans), `dst` room for `n` of
/// `out` that are no operand's.
pub unsafe fn apply(op: Op, dtype: DType, out: DType, dst: *mut u8, src: [Source; 3], n: usize) {
    macro_rules! by_dtype {
        ($k:expr, $($d:ident $t:ident),*) => {
            match dtype {
                // SAFETY: the caller's promise for operand and result of this dtype.
                $(DType::$d => unsafe { ($k.$t.expect_loop())(write(dst, n), src[0].read(n)) },)*
                #[allow(unreachable_patterns)]
                _ => unreachable!("{} has no loop for {}", op.name(), dtype.name()),
            }
        };
    }
    match op {
        Op::Unary(k) => by_dtype!(k, F64 f64, F32 f32, C128 c128, C64 c64, I64 i64),
        Op::Test(k) => by_dtype!(k, F64 f64, F32 f32, C128 c128, C64 c64, I64 i64, Bool bool),
        Op::ToReal(k) => by_dtype!(k, F64 f64, F32 f32, C128 c128, C64 c64),
        // SAFETY: the caller's promise, passed on with the types that `dtype` names.
        Op::Binary(k) => unsafe {
            match dtype {
                DType::F64 => binary(&k.f64, dst, src, n, |x| x),
                DType::F32 => binary(&k.f32, dst, src, n, |x| x as f32),
                DType::C128 => binary(k.c128.as_ref().expect("checked"), dst, src, n, Complex64::from),
                DType::C64 => binary(k.c64.as_ref().expect("checked"), dst, src, n, |x| Complex32::new(x as f32, 0.0)),
                DType::I64 => binary(k.i64.as_ref().expect("checked"), dst, src, n, |x| x as i64),
                DType::Bool => binary(k.bool.as_ref().expect("checked"), dst, src, n, |x| x != 0.0),
            }
        },
        // SAFETY: as above.
        Op::Compare(k) => unsafe {
            match dtype {
                DType::F64 => compare(&k.f64, dst, src, n, |x| x),
                DType::F32 => compare(&k.f32, dst, src, n, |x| x as f32),
                DType::C128 => compare(&k.c128, dst, src, n, Complex64::from),
                DType::C64 => compare(&k.c64, dst, src, n, |x| Complex32::new(x as f32, 0.0)),
                DType::I64 => compare(&k.i64, dst, src, n, |x| x as i64),
                DType::Bool => compare(&k.bool, dst, src, n, |x| x != 0.0),
            }
        },
        // SAFETY: as above.
        Op::Cast => unsafe {
            crate::with_dtype!(dtype, From => crate::with_dtype!(out, To => {
                math::cast::<From, To>(write::<To>(dst, n), src[0].read::<From>(n))
            }))
        },
        // SAFETY: as above; numbers become one-element loops of their own.
        Op::Select => unsafe {
            let c = src[0].read::<bool>(n);
            crate::with_dtype!(dtype, T => {
                let dst = write::<T>(dst, n);
                let side = |s: Source| match s {
                    Source::Memory(_) => math::Branch::Array(s.read::<T>(n)),
                    Source::Number(x) => math::Branch::Number(<T as crate::dtype::Element>::from_f64(x)),
                };
                math::select(dst, c, side(src[1]), side(src[2]));
            })
        },
        Op::Sum | Op::Rows | Op::Scatter | Op::Pad => unreachable!("an instruction of its own"),
    }
}

/// A loop that may be missing for a dtype; the operations ask before they come here.
trait ExpectLoop {
    type Loop;
    fn expect_loop(self) -> Self::Loop;
}

impl<T, U> ExpectLoop for fn(&mut [T], &[U]) {
    type Loop = Self;
    fn expect_loop(self) -> Self {
        self
    }
}

impl<L> ExpectLoop for Option<L> {
    type Loop = L;
    fn expect_loop(self) -> L {
        self.expect("the operation checked that there is a loop")
    }
}

/// # Safety
/// As for `apply`.
unsafe fn binary<T: Copy>(k: &Binary<T>, dst: *mut u8, src: [Source; 3], n: usize, number: impl Fn(f64) -> T) {
    // SAFETY: the caller's promise.
    unsafe {
        match (src[0], src[1]) {
            (Source::Number(x), _) => (k.sv)(write(dst, n), number(x), src[1].read(n)),
            (_, Source::Number(y)) => (k.vs)(write(dst, n), src[0].read(n), number(y)),
            _ => (k.vv)(write(dst, n), src[0].read(n), src[1].read(n)),
        }
    }
}

/// # Safety
/// As for `apply`.
unsafe fn compare<T: Copy>(k: &Compare<T>, dst: *mut u8, src: [Source; 3], n: usize, number: impl Fn(f64) -> T) {
    // SAFETY: the caller's promise.
    unsafe {
        match (src[0], src[1]) {
            (Source::Number(x), _) => (k.sv)(write(dst, n), number(x), src[1].read(n)),
            (_, Source::Number(y)) => (k.vs)(write(dst, n), src[0].read(n), number(y)),
            _ => (k.vv)(write(dst, n), src[0].read(n), src[1].read(n)),
        }
    }
}
