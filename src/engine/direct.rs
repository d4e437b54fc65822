//! One element-wise operation by itself, on large arrays whose rows lie as the loops want them: row by row in memory, also
//! where a row, or one number for each row, stands for many. Through registers everything would go once more.

use super::Engine;
use crate::array::{Buffer, DType, Element, Op, Operand, Pending, Tensor, shape};
use crate::error::Result;
use crate::kernels::math::Binary;
use smallvec::SmallVec;

/// Shorter rows are not worth a call each.
const SHORT: usize = 64;
/// Elements that a thread takes at a time.
const PART: usize = 1 << 14;

/// An axis of the operation: its extent, and the steps of both operands.
type Axis = (usize, [isize; 2]);

/// An operand: memory, place of the first element, steps along the axes.
type Side<'a, T> = (&'a [T], usize, SmallVec<[isize; 4]>);

/// Runs a pending operation whose operands are there; `None` if it isn't of this kind.
pub(super) fn run(engine: &Engine, tensor: &Tensor, pending: &Pending) -> Result<Option<Buffer>> {
    let Op::Binary(kernel) = pending.op else { return Ok(None) };
    let cost = f64::from(pending.op.cost());
    match pending.dtype {
        DType::F64 => rows(engine, tensor.shape(), &kernel.f64, &pending.operands, cost),
        DType::F32 => rows(engine, tensor.shape(), &kernel.f32, &pending.operands, cost),
        _ => Ok(None),
    }
}

fn rows<T: Element>(
    engine: &Engine,
    shape: &[usize],
    kernel: &Binary<T>,
    operands: &[Operand; 3],
    cost: f64,
) -> Result<Option<Buffer>> {
    let numbers =
        [&operands[0], &operands[1]].map(|o| if let Operand::Number(x) = o { T::from_f64(*x) } else { T::default() });
    let side = |k: usize| -> Option<Side<'_, T>> {
        match &operands[k] {
            Operand::Array(t) => {
                let strides = shape::broadcast_strides(t.shape(), t.strides(), shape).expect("checked to broadcast");
                Some((t.memory::<T>(), t.offset(), strides.iter().copied().collect()))
            }
            Operand::Number(_) => Some((&numbers[k..=k], 0, SmallVec::from_elem(0, shape.len()))),
            Operand::None => None,
        }
    };
    let (Some((x, x0, x_steps)), Some((y, y0, y_steps))) = (side(0), side(1)) else { return Ok(None) };
    let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
    for ((&n, &a), &b) in shape.iter().zip(&x_steps).zip(&y_steps) {
        match axes.last_mut() {
            _ if n == 1 => {}
            Some((m, steps)) if *steps == [a * n as isize, b * n as isize] => (*m, *steps) = (*m * n, [a, b]),
            _ => axes.push((n, [a, b])),
        }
    }
    let Some((&(length, steps), outer)) = axes.split_last() else { return Ok(None) };
    if length < SHORT || !matches!(steps, [1, 1] | [1, 0] | [0, 1]) {
        return Ok(None);
    }
    // Whole rows, or pieces of one.
    let part = if outer.is_empty() { PART } else { (PART / length).max(1) * length };
    let size = shape::size_of(shape);
    let mut buffer = engine.heap.pool.take::<T>(size)?;
    engine.share_out(cost * size as f64, buffer.slice_mut::<T>(size).chunks_mut(part), |k, mut rest| {
        let mut at = k * part;
        while !rest.is_empty() {
            let (mut row, column) = (at / length, at % length);
            let (z, tail) = rest.split_at_mut(rest.len().min(length - column));
            let (mut i, mut j) = (x0 as isize + column as isize * steps[0], y0 as isize + column as isize * steps[1]);
            for &(n, [a, b]) in outer.iter().rev() {
                let at = (row % n) as isize;
                (i, j) = (i + at * a, j + at * b);
                row /= n;
            }
            let (i, j) = (i as usize, j as usize);
            match steps {
                [1, 1] => (kernel.vv)(z, &x[i..i + z.len()], &y[j..j + z.len()]),
                [1, _] => (kernel.vs)(z, &x[i..i + z.len()], y[j]),
                _ => (kernel.sv)(z, x[i], &y[j..j + z.len()]),
            }
            at += z.len();
            rest = tail;
        }
    });
    Ok(Some(buffer))
}
