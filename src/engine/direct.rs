//! One element-wise operation by itself, on large arrays. Through registers everything would go once more.
//!
//! Where a row of every operand lies in one run, or is one number, the operation goes row by row in memory. Where all of
//! them lie so column by column (a transposed array, and a row or a column that stands for many), it is done so, tile by
//! tile, and what comes is transposed on its way to the result. (Where one lies this way and the other that way, the chunks
//! of a pass are faster than tiles of which the one is transposed first: 0.7 instead of 0.9 ms for a million numbers.)

use super::Engine;
use crate::array::{Buffer, DType, Element, Op, Operand, Pending, Tensor, shape};
use crate::error::Result;
use crate::kernels::math::Binary;
use crate::kernels::memory;
use crate::kernels::transpose::Columns;
use smallvec::SmallVec;

/// Shorter runs are not worth a call each.
const SHORT: usize = 64;
/// Elements that a thread takes at a time.
const PART: usize = 1 << 14;
/// Rows and columns of a tile of a result that stays in the cache: there the number of runs matters.
const TALL: [usize; 2] = [128, 32];
/// Of one that is written past the cache, as large ones are whose rows begin with a line of it.
const SQUARE: [usize; 2] = [64, 64];
/// Of a large one that cannot be.
const LOW: [usize; 2] = [32, 64];
/// Rows that a thread takes at a time, where there are tiles.
const ROWS: usize = 256;

/// Distances of neighbours along an axis, of both operands.
type Steps = [isize; 2];

/// An operand: memory, place of the first element, distances along the axes.
type StridedOperand<'a, T> = (&'a [T], isize, SmallVec<[isize; 4]>);

/// Runs a pending operation whose operands are there; `None` if it isn't of this kind.
pub(super) fn run(engine: &Engine, tensor: &Tensor, pending: &Pending) -> Result<Option<Buffer>> {
    let cost = f64::from(pending.op.cost()) * tensor.size() as f64;
    let (shape, operands) = (tensor.shape(), &pending.operands);
    match (pending.op, pending.dtype) {
        (Op::Binary(kernel), DType::F64) => run_on(engine, shape, &kernel.f64, operands, cost),
        (Op::Binary(kernel), DType::F32) => run_on(engine, shape, &kernel.f32, operands, cost),
        (Op::Compare(kernel), DType::F64) => run_on(engine, shape, &kernel.f64, operands, cost),
        (Op::Compare(kernel), DType::F32) => run_on(engine, shape, &kernel.f32, operands, cost),
        _ => Ok(None),
    }
}

fn run_on<T: Element, Z: Element>(
    engine: &Engine,
    shape: &[usize],
    kernel: &Binary<T, Z>,
    operands: &[Operand; 3],
    cost: f64,
) -> Result<Option<Buffer>> {
    let numbers =
        [&operands[0], &operands[1]].map(|o| if let Operand::Number(x) = o { T::from_f64(*x) } else { T::default() });
    let operand = |k: usize| -> Option<StridedOperand<'_, T>> {
        match &operands[k] {
            Operand::Array(t) => {
                let strides = shape::broadcast_strides(t.shape(), t.strides(), shape).expect("checked to broadcast");
                Some((t.memory::<T>(), t.offset() as isize, strides.iter().copied().collect()))
            }
            Operand::Number(_) => Some((&numbers[k..=k], 0, SmallVec::from_elem(0, shape.len()))),
            Operand::None => None,
        }
    };
    let (Some((x, x0, x_steps)), Some((y, y0, y_steps))) = (operand(0), operand(1)) else { return Ok(None) };
    let mut axes: SmallVec<[(usize, Steps); 4]> = SmallVec::new();
    for ((&n, &a), &b) in shape.iter().zip(&x_steps).zip(&y_steps) {
        match axes.last_mut() {
            _ if n == 1 => {}
            Some((m, steps)) if *steps == [a * n as isize, b * n as isize] => (*m, *steps) = (*m * n, [a, b]),
            _ => axes.push((n, [a, b])),
        }
    }
    let Some((length, steps)) = axes.pop() else { return Ok(None) };
    let operation = Operation { kernel, operands: [x, y], start: [x0, y0], outer: axes, length, steps };
    if length < SHORT {
        return Ok(None);
    }
    if in_runs(steps) {
        return operation.by_rows(engine, shape, cost).map(Some);
    }
    match operation.outer.last() {
        // Tiles of booleans are transposed one by one: they go through registers, where their operands are.
        Some(&(rows, down)) if rows >= SHORT && in_runs(down) && Z::DTYPE != DType::Bool => {
            operation.by_tiles(engine, shape, cost).map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether there is a loop for operands with these steps.
fn in_runs(steps: Steps) -> bool {
    matches!(steps, [1, 1] | [1, 0] | [0, 1])
}

/// An operation on rows of one length.
struct Operation<'a, T: 'static, Z: 'static> {
    kernel: &'a Binary<T, Z>,
    operands: [&'a [T]; 2],
    /// Places of the first elements.
    start: [isize; 2],
    /// Extent and steps of the other axes.
    outer: SmallVec<[(usize, Steps); 4]>,
    length: usize,
    steps: Steps,
}

impl<T: Element, Z: Element> Operation<'_, T, Z> {
    /// Where both operands are, so many rows from the first one.
    fn row(&self, mut row: usize) -> [isize; 2] {
        let [mut i, mut j] = self.start;
        for &(n, [a, b]) in self.outer.iter().rev() {
            let at = (row % n) as isize;
            (i, j) = (i + at * a, j + at * b);
            row /= n;
        }
        [i, j]
    }

    /// One run of the result, from such places.
    fn run(&self, z: &mut [Z], at: [isize; 2], steps: Steps) {
        let ([x, y], [i, j], n) = (self.operands, at.map(|i| i as usize), z.len());
        match steps {
            [1, 1] => (self.kernel.vv)(z, &x[i..i + n], &y[j..j + n]),
            [1, _] => (self.kernel.vs)(z, &x[i..i + n], y[j]),
            _ => (self.kernel.sv)(z, x[i], &y[j..j + n]),
        }
    }

    /// Whole rows, or pieces of one.
    fn by_rows(&self, engine: &Engine, shape: &[usize], cost: f64) -> Result<Buffer> {
        let length = self.length;
        let part = if self.outer.is_empty() { PART } else { (PART / length).max(1) * length };
        let size = shape::size_of(shape);
        let mut buffer = engine.heap.pool.take::<Z>(size)?;
        engine.share_out(cost, buffer.slice_mut::<Z>(size).chunks_mut(part), |k, mut rest| {
            let mut at = k * part;
            while !rest.is_empty() {
                let column = at % length;
                let (z, tail) = rest.split_at_mut(rest.len().min(length - column));
                let row = moved(self.row(at / length), column, self.steps);
                self.run(z, row, self.steps);
                at += z.len();
                rest = tail;
            }
        });
        Ok(buffer)
    }

    /// Columns of both operands lie in runs: the last two axes are matrices, of which a thread takes some rows at a time.
    fn by_tiles(&self, engine: &Engine, shape: &[usize], cost: f64) -> Result<Buffer> {
        let (rows, down) = *self.outer.last().expect("a matrix has two axes");
        let (length, blocks) = (self.length, rows.div_ceil(ROWS));
        let size = shape::size_of(shape);
        let large = size * size_of::<Z>() >= memory::PAST;
        let past = large && (length * size_of::<Z>()).is_multiple_of(memory::ALIGN);
        let [tall, wide] = match large {
            true if past => SQUARE,
            true => LOW,
            false => TALL,
        };
        let mut buffer = engine.heap.pool.take::<Z>(size)?;
        let matrices = buffer.slice_mut::<Z>(size).chunks_mut(rows * length);
        engine.share_out(cost, matrices.flat_map(|m| m.chunks_mut(ROWS * length)), |k, z| {
            let first = self.row(k / blocks * rows + k % blocks * ROWS);
            let mut lines = [Z::default(); SQUARE[0] * SQUARE[1]];
            for (r, z) in z.chunks_mut(tall * length).enumerate() {
                let (rows, row) = (z.len() / length, moved(first, r * tall, down));
                for left in (0..length).step_by(wide) {
                    let columns = wide.min(length - left);
                    for (c, line) in lines.chunks_exact_mut(rows).take(columns).enumerate() {
                        self.run(line, moved(row, left + c, self.steps), down);
                    }
                    let column_step = rows as isize;
                    let tile = Columns { at: 0, row_step: 1, column_step, rows, columns, ahead: 0, past };
                    tile.copy(&lines, &mut z[left..], length);
                }
            }
        });
        Ok(buffer)
    }
}

/// The places `n` steps further.
fn moved(at: [isize; 2], n: usize, [a, b]: Steps) -> [isize; 2] {
    [at[0] + n as isize * a, at[1] + n as isize * b]
}
