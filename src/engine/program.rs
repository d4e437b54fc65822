//! From pending expressions to passes over memory.
//!
//! ```text
//! collect   the pending operations under what is wanted, operands before results
//! stage     a result is one stage later than an operand that must be complete first: a sum, another shape, or
//!           elements that are read at other places
//! group     operations of one stage and one shape are one pass
//! number    equal subexpressions become one; sin and cos of one operand one instruction; factors 1 disappear
//! locate    results that are wanted (or needed by a later stage) go to memory, all others to registers (`sequence.rs`)
//! ```
//! What only the program uses is never in memory. An intermediate that somebody else still holds is not stored either:
//! computing it again costs about what writing and reading it would; only when it is asked for a third time it is kept.
//!
//! All lists are kept between runs, so that running allocates nothing but results.

use super::Engine;
use super::direct;
use super::sequence::Registers;
use super::simplify::Simple;
use crate::array::{Buffer, DType, Op, Operand, Pending, Shape, Strides, Tensor, shape};
use crate::error::Result;
use crate::kernels::chain::ChainOp;
use crate::kernels::machine::{self, BLOCK, Code, Instruction, ListedRows, Location, Machine, Padded, Source, Strided};
use crate::kernels::math::{self, BinaryKernel};
use crate::kernels::rows::Padding;
use crate::kernels::strided::Layout;
use crate::with_dtype;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Computed this often on the way to something else, a value that is still referenced is kept.
const KEEP_AFTER: u8 = 2;

/// When this many operations are collected they are run before more are: places in a program are numbered with 16 bits. What
/// is wanted adds at most the engine's longest expression.
const MAX_NODES: usize = 4096;

/// Rows of a band, as long as they are not more than [`BAND`] elements: two lines of the cache where numbers are read. The
/// next band's lines are prefetched meanwhile, which measured twice as fast as bands of more rows.
const BAND_ROWS: usize = 16;
/// Elements of a band: 256 KiB of numbers.
const BAND: usize = 64 * BLOCK;
/// Rows come by so many: whole lines of the cache.
const LINE: usize = 8;
/// A band of longer rows would have too few of them.
const LONG_ROW: usize = BAND / LINE;

/// An operation of the collected graph.
struct Node {
    tensor: Tensor,
    stage: u32,
    /// References from operands inside the graph.
    uses: usize,
    output: bool,
    /// Where the current program has it.
    value: Value,
}

/// An operand in a program before registers are assigned.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Value {
    None,
    Number(f64),
    /// Result of an instruction; `true`: its second one.
    Result(u32, bool),
    /// Row-major input.
    Input(u16),
}

/// An instruction before registers are assigned, each of whose results is written once.
pub(super) struct SsaInstruction {
    pub(super) code: Code,
    pub(super) dtype: DType,
    pub(super) out: DType,
    pub(super) src: [Value; 3],
    /// Memory for the results that are wanted.
    pub(super) array: [Option<u16>; 2],
    /// By operands of instructions that are wanted, and the last of these in the sequence.
    pub(super) uses: [u32; 2],
    pub(super) last_use: [usize; 2],
    pub(super) location: [Location; 2],
    /// Rows that only chains use, strip by strip: nothing has to bring them.
    pub(super) direct: bool,
}

impl SsaInstruction {
    pub(super) fn is_epilogue(&self) -> bool {
        matches!(self.code, Code::Sum(_) | Code::Scatter(_))
    }

    /// Whether anything comes of it; known once the uses are.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_epilogue() || self.array != [None; 2] || self.uses != [0; 2]
    }

    /// Whether it only brings an input, at whatever time.
    pub(super) fn is_source(&self) -> bool {
        matches!(self.code, Code::Load(_) | Code::Rows(_) | Code::Pad(_))
    }

    /// What it is as a step of a chain: with the first operand as `acc`, and with the second.
    pub(super) fn step(&self) -> Option<(ChainOp, ChainOp)> {
        if !matches!(self.dtype, DType::F64 | DType::F32) || self.out != self.dtype {
            return None;
        }
        let op = match self.code {
            Code::Op(op) => op,
            Code::Sum(_) => return Some((ChainOp::Sum, ChainOp::Sum)),
            Code::Scatter(_) if self.direct => return Some((ChainOp::AddTo, ChainOp::AddTo)),
            _ => return None,
        };
        let is = |kernel: &BinaryKernel| op.key() == std::ptr::from_ref(kernel) as usize;
        match op {
            Op::Binary(_) if is(&math::MULTIPLY) => Some((ChainOp::Multiply, ChainOp::Multiply)),
            Op::Binary(_) if is(&math::SCALED) => Some((ChainOp::Scaled, ChainOp::Scaled)),
            Op::Binary(_) if is(&math::ADD) => Some((ChainOp::Add, ChainOp::Add)),
            Op::Binary(_) if is(&math::SUBTRACT) => Some((ChainOp::Subtract, ChainOp::SubtractFrom)),
            Op::Binary(_) if is(&math::DIVIDE) => Some((ChainOp::Divide, ChainOp::DivideInto)),
            Op::Binary(_) if is(&math::OVER) => Some((ChainOp::Over, ChainOp::OverInto)),
            Op::Unary(k) if std::ptr::eq(k, &math::NEGATIVE) => Some((ChainOp::Negative, ChainOp::Negative)),
            Op::Unary(k) if std::ptr::eq(k, &math::SQUARE) => Some((ChainOp::Square, ChainOp::Square)),
            _ => None,
        }
    }

    pub(super) fn uses_result(&self, instruction: u32) -> bool {
        self.src.contains(&Value::Result(instruction, false))
    }
}

type Key = (usize, DType, DType, [(u8, u64); 3]);

/// A hash of a few words, which are addresses and small numbers of our own: no defence against chosen keys is needed, and
/// the standard one costs more than all else of compiling a short program.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.chunks(8).for_each(|c| {
            let mut word = [0; 8];
            word[..c.len()].copy_from_slice(c);
            self.write_u64(u64::from_le_bytes(word));
        });
    }
    fn write_u8(&mut self, x: u8) {
        self.write_u64(u64::from(x));
    }
    fn write_usize(&mut self, x: usize) {
        self.write_u64(x as u64);
    }
    fn write_u64(&mut self, x: u64) {
        // The multiplier is odd and its bits are mixed: 2^64 divided by the golden ratio. Buckets come from both ends.
        let product = u128::from(self.0 ^ x) * 0x9E37_79B9_7F4A_7C15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

#[derive(Default)]
pub struct Scratch {
    nodes: Vec<Node>,
    stack: Vec<(Tensor, usize)>,
    group: Vec<u32>,
    pass: Pass,
    code: Vec<Instruction>,
    steps: Vec<(ChainOp, Location)>,
    /// The instructions that are wanted, in the order in which they run.
    sequence: Vec<u32>,
    free: Vec<u16>,
}

/// What one pass reads and writes.
#[derive(Default)]
pub(super) struct Pass {
    pub(super) ssa: Vec<SsaInstruction>,
    known: HashMap<Key, Value, BuildHasherDefault<Mix>>,
    inputs: HashMap<(usize, usize, Shape, Strides), Value, BuildHasherDefault<Mix>>,
    arrays: Vec<*mut u8>,
    strided: Vec<Strided>,
    /// The transposed inputs that are brought in order band by band, and elements of the longest of their rows.
    bands: usize,
    longest_row: usize,
    /// Row-major copies of inputs, for as long as the pass lasts.
    copies: Vec<Tensor>,
    pub(super) rows: Vec<ListedRows>,
    padded: Vec<Padded>,
    /// Whether an output is written out of order, so that one thread must do it.
    scatters: bool,
    /// Tensor and buffer of each output; sums have a row instead of a buffer.
    outputs: Vec<(u32, Buffer)>,
    sums: Vec<u32>,
    cost: f64,
}

/// One operation on whole row-major arrays.
pub fn run_one(op: Op, dtype: DType, out: DType, dst: *mut u8, sources: [Source; 3], n: usize) {
    // SAFETY: the engine made sources of `n` elements of `dtype`, and `dst` for `n` of `out` in a fresh buffer.
    unsafe { machine::apply(op, dtype, out, dst, sources, n) }
}

impl Scratch {
    /// Computes what is wanted.
    pub fn run<'a>(&mut self, engine: &Engine, wanted: impl Iterator<Item = &'a Tensor>) -> Result<()> {
        for tensor in wanted {
            if !tensor.is_ready() {
                self.collect(tensor);
                self.nodes[tensor.mark() as usize - 1].output = true;
            }
            if self.nodes.len() >= MAX_NODES {
                self.finish(engine)?;
            }
        }
        self.finish(engine)
    }

    /// Computes what was collected.
    fn finish(&mut self, engine: &Engine) -> Result<()> {
        let done = self.stages(engine);
        for node in self.nodes.drain(..) {
            node.tensor.set_mark(0);
        }
        self.pass.clear();
        done
    }

    /// Puts `root` and the pending operations under it into `nodes`, operands first, without recursion.
    fn collect(&mut self, root: &Tensor) {
        self.stack.push((root.clone(), 0));
        while let Some((tensor, next)) = self.stack.last_mut() {
            if tensor.mark() != 0 {
                self.stack.pop();
                continue;
            }
            let pending = tensor.pending_op();
            let operands = &pending.as_ref().expect("only pending arrays are collected").operands;
            let mut child = None;
            while *next < 3 && child.is_none() {
                if let Operand::Array(t) = &operands[*next]
                    && !t.is_ready()
                    && t.mark() == 0
                {
                    child = Some(t.clone());
                }
                *next += 1;
            }
            drop(pending);
            match child {
                Some(child) => self.stack.push((child, 0)),
                None => {
                    let (tensor, _) = self.stack.pop().expect("it is the last one");
                    self.add(tensor);
                }
            }
        }
    }

    fn add(&mut self, tensor: Tensor) {
        let mut stage = 0;
        {
            let pending = tensor.pending_op();
            let pending = pending.as_ref().expect("only pending arrays are collected");
            for operand in &pending.operands {
                let Operand::Array(t) = operand else { continue };
                if t.is_ready() {
                    continue;
                }
                let node = &mut self.nodes[t.mark() as usize - 1];
                node.uses += 1;
                let complete_first = node.is_epilogue()
                    || pending.op.moves()
                    || !pending.op.is_epilogue() && t.shape() != tensor.shape();
                stage = stage.max(node.stage + u32::from(complete_first));
            }
        }
        tensor.set_mark(self.nodes.len() as u32 + 1);
        self.nodes.push(Node { tensor, stage, uses: 0, output: false, value: Value::None });
    }

    fn stages(&mut self, engine: &Engine) -> Result<()> {
        self.choose_outputs();
        let last = self.nodes.iter().map(|n| n.stage).max().unwrap_or(0);
        for stage in 0..=last {
            let mut first = 0;
            while let Some(leader) = (first..self.nodes.len())
                .find(|&i| self.nodes[i].stage == stage && !self.nodes[i].tensor.is_ready() && !self.group_done(i))
            {
                let shape: Shape = self.nodes[leader].loop_shape();
                self.group.clear();
                for i in leader..self.nodes.len() {
                    let node = &self.nodes[i];
                    // A sum that an earlier pass of this stage computed looks like a number now.
                    if node.stage == stage && !node.tensor.is_ready() && node.loop_shape() == shape {
                        self.group.push(i as u32);
                    }
                }
                let begun = engine.passes.begin();
                self.run_group(engine, &shape)?;
                engine.passes.end(begun, self.group.len(), || self.stored());
                first = leader + 1;
            }
        }
        Ok(())
    }

    /// Bytes of the results of the group that are kept in memory.
    fn stored(&self) -> usize {
        let nodes = self.group.iter().map(|&i| &self.nodes[i as usize]).filter(|n| n.output);
        nodes.map(|n| n.tensor.size() * n.tensor.dtype().size()).sum()
    }

    /// Whether an operation was part of an earlier pass (its value then names a place there).
    fn group_done(&self, i: usize) -> bool {
        self.nodes[i].value != Value::None
    }

    /// Marks what must be in memory after its pass.
    fn choose_outputs(&mut self) {
        for i in 0..self.nodes.len() {
            let tensor = self.nodes[i].tensor.clone();
            let pending = tensor.pending_op();
            let Some(pending) = pending.as_ref() else { continue };
            for operand in &pending.operands {
                if let Operand::Array(t) = operand
                    && !t.is_ready()
                {
                    let stage = self.nodes[i].stage;
                    let shape = self.nodes[i].loop_shape();
                    let child = &mut self.nodes[t.mark() as usize - 1];
                    if child.stage != stage || child.is_epilogue() || child.loop_shape() != shape {
                        child.output = true;
                    }
                }
            }
            // `tensor` here and the one in `nodes` are ours.
            let outside = tensor.references() > self.nodes[i].uses + 2;
            if !self.nodes[i].output {
                pending.runs.set(pending.runs.get().saturating_add(1));
                if outside && pending.runs.get() > KEEP_AFTER {
                    self.nodes[i].output = true;
                }
            }
        }
    }

    /// One pass over arrays of `shape`.
    fn run_group(&mut self, engine: &Engine, shape: &Shape) -> Result<()> {
        let size = shape::size_of(shape);
        self.pass.clear();
        if let [only] = self.group[..] {
            let node = &mut self.nodes[only as usize];
            let done = match node.tensor.pending_op().as_ref() {
                Some(pending) => direct::run(engine, &node.tensor, pending)?,
                None => None,
            };
            if let Some(buffer) = done {
                node.tensor.fulfil(buffer);
                return Ok(());
            }
        }
        for k in 0..self.group.len() {
            let i = self.group[k] as usize;
            let value = self.pass.compile(engine, &self.nodes, i, shape)?;
            self.nodes[i].value = value;
            if self.nodes[i].output && !self.nodes[i].is_epilogue() {
                self.pass.store(engine, &self.nodes[i], i as u32, value, size)?;
            }
        }
        let registers = self.assign();
        let chunk = self.pass.chunk();
        let blocks = machine::blocks(size, chunk);
        let threads = engine.threads_for(self.pass.cost * size as f64).filter(|_| !self.pass.scatters);
        let workers = threads.as_ref().map_or(1, |t| t.count());
        let wide = self.pass.ssa.iter().any(|l| l.dtype == DType::C128 || l.out == DType::C128);
        let register_bytes = BLOCK * if wide { 16 } else { 8 };
        let pool = &engine.heap.pool;
        let register_elements = (workers * registers as usize * register_bytes / 8).max(1);
        let mut register_memory = pool.take::<f64>(register_elements)?;
        // Pointers of no type: memory for them is counted in words.
        let mut contents = pool.take::<i64>((workers * registers as usize).max(1))?;
        let band_bytes = chunk * register_bytes / BLOCK;
        let band_elements = (workers * self.pass.bands * band_bytes / 8).max(1);
        let mut bands = pool.take::<f64>(band_elements)?;
        let sum_elements = (2 * self.pass.sums.len() * blocks).max(1);
        let mut sums = pool.take::<f64>(sum_elements)?;
        let machine = Machine {
            code: &self.code,
            steps: &self.steps,
            arrays: &self.pass.arrays,
            strided: &self.pass.strided,
            rows: &self.pass.rows,
            padded: &self.pass.padded,
            registers: register_memory.slice_mut::<f64>(register_elements).as_mut_ptr().cast(),
            contents: contents.slice_mut::<i64>((workers * registers as usize).max(1)).as_mut_ptr().cast(),
            register_count: registers as usize,
            register_bytes,
            size,
            chunk,
            bands: bands.slice_mut::<f64>(band_elements).as_mut_ptr().cast(),
            band_count: self.pass.bands,
            band_bytes,
            sums: sums.slice_mut::<f64>(sum_elements).as_mut_ptr(),
            blocks,
        };
        // SAFETY: inputs and outputs are row-major over `shape` (checked when they were added); other inputs carry
        // their extent, lists their length; registers, contents and sums were just made this long; `assign` gives each result a register that no
        // operand of the same instruction has.
        unsafe { machine.run(threads.as_deref()) };
        for (row, &i) in self.pass.sums.iter().enumerate() {
            let parts = &sums.slice::<f64>(sum_elements)[2 * row * blocks..];
            let (re, im) = (math::sum_f64(&parts[..blocks]), math::sum_f64(&parts[blocks..2 * blocks]));
            let tensor = &self.nodes[i as usize].tensor;
            let mut result = pool.take_bytes(tensor.dtype().size())?;
            match tensor.dtype() {
                DType::F64 => result.slice_mut::<f64>(1)[0] = re,
                DType::F32 => result.slice_mut::<f32>(1)[0] = re as f32,
                DType::C64 => {
                    result.slice_mut::<num_complex::Complex32>(1)[0] = num_complex::Complex32::new(re as f32, im as f32)
                }
                _ => result.slice_mut::<num_complex::Complex64>(1)[0] = num_complex::Complex64::new(re, im),
            }
            tensor.fulfil(result);
        }
        for (i, buffer) in self.pass.outputs.drain(..) {
            self.nodes[i as usize].tensor.fulfil(buffer);
        }
        Ok(())
    }

    /// Gives results registers (free again after the last use) and writes the final code. Returns how many there are.
    fn assign(&mut self) -> u16 {
        self.pass.count_uses();
        self.pass.find_direct();
        self.pass.order(&mut self.sequence);
        self.pass.find_last_uses(&self.sequence);
        self.code.clear();
        self.steps.clear();
        self.free.clear();
        let mut registers = Registers { free: &mut self.free, count: 0 };
        let mut at = 0;
        while at < self.sequence.len() {
            let instruction = self.sequence[at];
            let chain = self.pass.chain_at(&self.sequence[at..]);
            if self.pass.is_brought(instruction) {
                at += 1;
            } else if chain >= 2 || self.pass.needs_chain(instruction) {
                let run = at..at + chain;
                self.code.push(self.pass.chain(&self.sequence, run, &mut self.steps, &mut registers));
                at += chain;
            } else {
                self.code.push(self.pass.instruction(instruction, at, &mut registers));
                at += 1;
            }
        }
        registers.count
    }
}

impl Node {
    fn is_epilogue(&self) -> bool {
        self.tensor.pending_op().as_ref().is_some_and(|p| p.op.is_epilogue())
    }

    /// The shape that the pass runs over.
    fn loop_shape(&self) -> Shape {
        let pending = self.tensor.pending_op();
        match pending.as_ref() {
            Some(p) if p.op.is_epilogue() => match &p.operands[0] {
                Operand::Array(t) => t.shape().into(),
                _ => Shape::new(),
            },
            _ => self.tensor.shape().into(),
        }
    }
}

impl Pass {
    fn clear(&mut self) {
        self.ssa.clear();
        self.known.clear();
        self.inputs.clear();
        self.arrays.clear();
        self.strided.clear();
        self.bands = 0;
        self.longest_row = 0;
        self.copies.clear();
        self.rows.clear();
        self.padded.clear();
        self.scatters = false;
        self.outputs.clear();
        self.sums.clear();
        self.cost = 0.0;
    }

    /// Elements that a thread takes at a time: of transposed inputs so many whole rows that each line of the cache is read
    /// once, and for one band only.
    fn chunk(&self) -> usize {
        let row = self.longest_row;
        let chunk = if self.bands == 0 {
            machine::CHUNK
        } else if BAND_ROWS * row <= machine::CHUNK {
            (machine::CHUNK / row).next_multiple_of(LINE) * row
        } else {
            (BAND / row / LINE * LINE).clamp(LINE, BAND_ROWS) * row
        };
        // Chains read listed rows in strips, of which every block then has a whole number.
        if self.rows.is_empty() { chunk } else { chunk.next_multiple_of(BLOCK) }
    }

    fn push(&mut self, code: Code, dtype: DType, out: DType, src: [Value; 3], cost: f32) -> Value {
        self.cost += f64::from(cost);
        self.ssa.push(SsaInstruction {
            code,
            dtype,
            out,
            src,
            array: [None; 2],
            uses: [0; 2],
            last_use: [0; 2],
            location: [Location::None; 2],
            direct: false,
        });
        Value::Result(self.ssa.len() as u32 - 1, false)
    }

    /// The value of node `i`, whose operands are inputs or were compiled before.
    fn compile(&mut self, engine: &Engine, nodes: &[Node], i: usize, shape: &Shape) -> Result<Value> {
        let pending = nodes[i].tensor.pending_op();
        let pending = pending.as_ref().expect("not computed yet");
        let out = nodes[i].tensor.dtype();
        let (op, dtype) = (pending.op, pending.dtype);
        if op.moves() {
            return Ok(self.moved(op, pending, shape));
        }
        let mut src = [Value::None; 3];
        for k in 0..if op.is_epilogue() { 1 } else { 3 } {
            src[k] = match &pending.operands[k] {
                Operand::None => Value::None,
                Operand::Number(x) => Value::Number(*x),
                Operand::Array(t) if !t.is_ready() => nodes[t.mark() as usize - 1].value,
                Operand::Array(t) => {
                    let number_allowed = match op {
                        Op::Binary(_) | Op::Compare(_) => k == 0 || !matches!(src[0], Value::Number(_)),
                        Op::Select => k > 0,
                        _ => false,
                    } && !matches!(&pending.operands[1], Operand::Number(_) if k == 0);
                    match super::splat_number(t) {
                        Some(x) if number_allowed => Value::Number(x),
                        _ => self.input(engine, t, shape)?,
                    }
                }
            };
        }
        let (op, src) = match self.simplified(op, dtype, src) {
            Simple::Value(value) => return Ok(value),
            Simple::Operation(op, src) => (op, src),
        };
        if let Op::Scatter = op {
            let size = nodes[i].tensor.size();
            let mut buffer = engine.heap.pool.take_bytes(size * dtype.size())?;
            let memory = with_dtype!(dtype, T => {
                let output = buffer.slice_mut::<T>(size);
                output.fill(T::default());
                output.as_mut_ptr().cast::<u8>()
            });
            let rows = listed(memory, size, dtype, list(pending), shape::size_of(shape));
            self.rows.push(rows);
            self.outputs.push((i as u32, buffer));
            self.scatters = true;
            return Ok(self.push(Code::Scatter(self.rows.len() as u16 - 1), dtype, out, src, 0.5));
        }
        if let Op::Sum = op {
            // Not shared through `known`: each sum has a row of its own.
            self.sums.push(i as u32);
            let row = self.sums.len() as u16 - 1;
            return Ok(self.push(Code::Sum(row), dtype, out, src, 0.05));
        }
        let key = |op: usize| -> Key { (op, dtype, out, src.map(value_key)) };
        if let Some(&known) = self.known.get(&key(op.key())) {
            return Ok(known);
        }
        if matches!(dtype, DType::F64 | DType::F32)
            && let Op::Unary(kernel) = op
            && let Some(pair) =
                math::PAIRS.iter().find(|p| std::ptr::eq(p.first, kernel) || std::ptr::eq(p.second, kernel))
        {
            let second = std::ptr::eq(pair.second, kernel);
            let partner = Op::Unary(if second { pair.first } else { pair.second });
            if let Some(&Value::Result(instruction, false)) = self.known.get(&key(partner.key())) {
                // Whichever came first keeps the first result, so that nothing compiled before changes its meaning.
                self.ssa[instruction as usize].code = if second { Code::Both(pair) } else { Code::BothSwapped(pair) };
                self.cost += 0.3;
                let value = Value::Result(instruction, true);
                self.known.insert(key(op.key()), value);
                return Ok(value);
            }
        }
        let value = self.push(Code::Op(op), dtype, out, src, op.cost());
        self.known.insert(key(op.key()), value);
        Ok(value)
    }

    /// The elements of a complete array at other places.
    fn moved(&mut self, op: Op, pending: &Pending, shape: &Shape) -> Value {
        let Operand::Array(t) = &pending.operands[0] else { unreachable!("only arrays are moved") };
        let list = list(pending);
        let key = (t.memory_key().0, t.memory_key().1, shape.clone(), Strides::from_elem(list.as_ptr() as isize, 1));
        if let Some(&known) = self.inputs.get(&key) {
            return known;
        }
        let (dtype, memory) = (t.dtype(), super::pointer(t).cast_mut());
        let code = if let Op::Rows = op {
            self.rows.push(listed(memory, t.size(), dtype, list, shape::size_of(shape)));
            Code::Rows(self.rows.len() as u16 - 1)
        } else {
            let padding = Padding::from_list(list);
            self.padded.push(Padded { memory, extent: t.size(), element: dtype.size(), padding });
            Code::Pad(self.padded.len() as u16 - 1)
        };
        let value = self.push(code, dtype, dtype, [Value::None; 3], 0.2);
        self.inputs.insert(key, value);
        value
    }

    /// A ready array as an operand.
    fn input(&mut self, engine: &Engine, t: &Tensor, shape: &Shape) -> Result<Value> {
        let (buffer, offset) = t.memory_key();
        let key = (buffer, offset, Shape::from_slice(t.shape()), t.strides().into());
        if let Some(&known) = self.inputs.get(&key) {
            return Ok(known);
        }
        let copy;
        let t = match Layout::new(t.shape(), t.strides(), t.offset()).transposed_row() {
            // Block by block it would be read across its lines. Where a band doesn't hold enough rows, either, a copy is
            // faster, although it is read twice.
            Some(row) if row > LONG_ROW => {
                copy = engine.contiguous(t)?;
                self.copies.push(copy.clone());
                &copy
            }
            _ => t,
        };
        let value = if t.is_contiguous() && t.shape() == shape.as_slice() {
            self.arrays.push(super::pointer(t).cast_mut());
            Value::Input(self.arrays.len() as u16 - 1)
        } else {
            let strides = shape::broadcast_strides(t.shape(), t.strides(), shape).expect("checked to broadcast");
            let (memory, extent) = with_dtype!(t.dtype(), T => {
                let memory = t.memory::<T>();
                (memory.as_ptr().cast(), memory.len())
            });
            let layout = Layout::new(shape, &strides, t.offset());
            let band = layout.transposed_row().map(|row| {
                self.longest_row = self.longest_row.max(row);
                self.bands += 1;
                self.bands - 1
            });
            self.strided.push(Strided { memory, extent, element: t.dtype().size(), layout, band });
            let k = self.strided.len() as u16 - 1;
            self.push(Code::Load(k), t.dtype(), t.dtype(), [Value::None; 3], 0.2)
        };
        self.inputs.insert(key, value);
        Ok(value)
    }

    /// Sends `value` to memory.
    fn store(&mut self, engine: &Engine, node: &Node, i: u32, value: Value, size: usize) -> Result<()> {
        let dtype = node.tensor.dtype();
        let mut buffer = engine.heap.pool.take_bytes(size * dtype.size())?;
        let start = with_dtype!(dtype, T => buffer.slice_mut::<T>(size).as_mut_ptr().cast::<u8>());
        self.arrays.push(start);
        let array = self.arrays.len() as u16 - 1;
        match value {
            Value::Result(instruction, second)
                if self.ssa[instruction as usize].array[usize::from(second)].is_none() =>
            {
                self.ssa[instruction as usize].array[usize::from(second)] = Some(array);
            }
            // An input, or a value that is stored already for somebody else: a copy.
            _ => {
                let Value::Result(copy, _) =
                    self.push(Code::Op(Op::Cast), dtype, dtype, [value, Value::None, Value::None], 0.1)
                else {
                    unreachable!("an instruction has a result")
                };
                self.ssa[copy as usize].array[0] = Some(array);
            }
        }
        self.outputs.push((i, buffer));
        Ok(())
    }
}

/// The list of an operation that has one.
fn list(pending: &Pending) -> &[i64] {
    match &pending.operands[1] {
        Operand::Array(list) => list.elements::<i64>(),
        _ => unreachable!("made with a list"),
    }
}

/// The rows that make `elements` elements in the order of `list`.
fn listed(memory: *mut u8, extent: usize, dtype: DType, list: &[i64], elements: usize) -> ListedRows {
    let row = elements / list.len().max(1);
    ListedRows { memory, extent, element: dtype.size(), list: list.as_ptr(), count: list.len(), row }
}

/// A value as part of a key.
fn value_key(v: Value) -> (u8, u64) {
    match v {
        Value::None => (0, 0),
        Value::Number(x) => (1, x.to_bits()),
        Value::Result(i, second) => (2, u64::from(i) << 1 | u64::from(second)),
        Value::Input(i) => (3, u64::from(i)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::math::{BinaryKernel, UnaryKernel};

    const N: usize = 10_000;

    fn unary(e: &Engine, k: &'static UnaryKernel, x: &Tensor) -> Tensor {
        let operands = [Operand::Array(x.clone()), Operand::None, Operand::None];
        e.elementwise(Op::Unary(k), DType::F64, DType::F64, &[N], operands).unwrap()
    }

    fn binary(e: &Engine, k: &'static BinaryKernel, x: &Tensor, y: &Tensor) -> Tensor {
        let operands = [Operand::Array(x.clone()), Operand::Array(y.clone()), Operand::None];
        e.elementwise(Op::Binary(k), DType::F64, DType::F64, &[N], operands).unwrap()
    }

    /// How many operations the last pass of computing `x` has.
    fn instructions(e: &Engine, x: &Tensor) -> usize {
        e.force(x).unwrap();
        e.scratch.borrow().sequence.len()
    }

    #[test]
    fn programs_are_as_short_as_they_can_be() {
        let e = Engine::new();
        let x = e.build::<f64>(&[N], |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i as f64 * 1e-4)).unwrap();
        // exp(x) + exp(x): one exp.
        let twice = binary(&e, &math::ADD, &unary(&e, &math::EXP, &x), &unary(&e, &math::EXP, &x));
        assert_eq!(instructions(&e, &twice), 2);
        // sin(x) cos(x), in either order: one instruction for both.
        for pair in [[&math::SIN, &math::COS], [&math::COS, &math::SIN]] {
            let product = binary(&e, &math::MULTIPLY, &unary(&e, pair[0], &x), &unary(&e, pair[1], &x));
            assert_eq!(instructions(&e, &product), 2);
        }
        // 1 * exp(x): the factor goes, and so do ones that a derivative begins with.
        let ones = e.full(DType::F64, &[N], 1.0).unwrap();
        let y = binary(&e, &math::MULTIPLY, &ones, &unary(&e, &math::EXP, &x));
        assert_eq!(instructions(&e, &binary(&e, &math::SCALED, &ones, &y)), 1);
        // 2 (-(3 exp(x))) - (-x): the signs and the factor 2 go into the other operations.
        let times = |x: &Tensor, c: f64| {
            let operands = [Operand::Array(x.clone()), Operand::Number(c), Operand::None];
            e.elementwise(Op::Binary(&math::MULTIPLY), DType::F64, DType::F64, &[N], operands).unwrap()
        };
        let inner = times(&unary(&e, &math::NEGATIVE, &times(&unary(&e, &math::EXP, &x), 3.0)), 2.0);
        let y = binary(&e, &math::SUBTRACT, &inner, &unary(&e, &math::NEGATIVE, &x));
        assert_eq!(instructions(&e, &y), 3);
        let want = x.elements::<f64>().iter().map(|&x| {
            let mut exp = [0.0];
            (math::EXP.f64)(&mut exp, &[x]);
            x - 2.0 * (3.0 * exp[0])
        });
        assert!(y.elements::<f64>().iter().copied().eq(want));
        // exp(x / sum(exp(x))): the sum is a number for the second pass.
        let sum = e.sum_all(&unary(&e, &math::EXP, &x)).unwrap().unwrap();
        assert_eq!(instructions(&e, &unary(&e, &math::EXP, &binary(&e, &math::DIVIDE, &x, &sum))), 2);
    }
}
