//! The element-wise operations that an array may still have to go through: data only, the engine runs them.

use super::{DType, Tensor};
use crate::kernels::op::Op;
use std::cell::Cell;

/// What an operation reads.
#[derive(Clone)]
pub enum Operand {
    None,
    /// A real number, in the precision of the other operand.
    Number(f64),
    /// An array that broadcasts to the shape of the operation.
    Array(Tensor),
}

/// An operation whose result is not there yet.
pub struct Pending {
    pub op: Op,
    /// Of the operands (of the second, for `Select`).
    pub dtype: DType,
    pub operands: [Operand; 3],
    /// Upper bound of the operations that will run when the value is wanted.
    pub weight: u32,
    /// How often it has been computed on the way to something else. Who is asked again and again is kept.
    pub runs: Cell<u8>,
}
