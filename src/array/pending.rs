//! The element-wise operations that an array may still have to go through: data only, the engine runs them.

use super::{DType, Tensor};
use crate::kernels::math::{BinaryKernel, CompareKernel, TestKernel, ToRealKernel, UnaryKernel};
use std::cell::Cell;

/// One operation of the register machine, together with its operands' dtype it names a loop over memory.
#[derive(Clone, Copy)]
pub enum Op {
    Unary(&'static UnaryKernel),
    Binary(&'static BinaryKernel),
    Compare(&'static CompareKernel),
    Test(&'static TestKernel),
    ToReal(&'static ToRealKernel),
    /// To the dtype of the result, as `numpy.astype`.
    Cast,
    /// `where(a, b, c)`: `a` is boolean.
    Select,
    /// The sum of all elements, of rank 0.
    Sum,
    /// Rows of `a` in the order of the list `b`, see [`crate::kernels::rows`]. `a` must be complete.
    Rows,
    /// Zeros, with the rows of `a` added at the places in the list `b`.
    Scatter,
    /// `a` inside zeros; `b` holds the numbers of a [`crate::kernels::rows::Padding`]. `a` must be complete.
    Pad,
}

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

impl Op {
    /// Identity for finding equal subexpressions.
    pub fn key(&self) -> usize {
        match self {
            Op::Unary(k) => std::ptr::from_ref(*k) as usize,
            Op::Binary(k) => std::ptr::from_ref(*k) as usize,
            Op::Compare(k) => std::ptr::from_ref(*k) as usize,
            Op::Test(k) => std::ptr::from_ref(*k) as usize,
            Op::ToReal(k) => std::ptr::from_ref(*k) as usize,
            Op::Cast => 1,
            Op::Select => 2,
            Op::Sum => 3,
            Op::Rows => 4,
            Op::Scatter => 5,
            Op::Pad => 6,
        }
    }

    /// Whether the operation goes over its operand's elements and has a result of another shape, there at the end.
    pub fn is_epilogue(&self) -> bool {
        matches!(self, Op::Sum | Op::Scatter)
    }

    /// Whether the operation reads its operand's elements at other places than its result's.
    pub fn moves(&self) -> bool {
        matches!(self, Op::Rows | Op::Pad)
    }

    /// Nanoseconds per element, roughly, with wide vectors.
    pub fn cost(&self) -> f32 {
        match self {
            Op::Unary(k) => k.cost,
            Op::Binary(k) => k.cost,
            _ => 0.1,
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Op::Unary(k) => k.name,
            Op::Binary(k) => k.name,
            Op::Compare(k) => k.name,
            Op::Test(k) => k.name,
            Op::ToReal(k) => k.name,
            Op::Cast => "astype",
            Op::Select => "where",
            Op::Sum => "sum",
            Op::Rows | Op::Scatter | Op::Pad => "index",
        }
    }
}
