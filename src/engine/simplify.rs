//! Signs and factors that an operation's neighbours can take over: derivatives are full of them.

use super::program::{Pass, Value};
use crate::array::{DType, Op};
use crate::kernels::machine::Code;
use crate::kernels::math::{self, BinaryKernel};

impl Pass {
    /// An operation without signs and factors that its neighbours can take over. Derivatives are full of them. All of it
    /// is exact: signs, and factors that are powers of two.
    pub(super) fn simplified(&self, op: Op, dtype: DType, src: [Value; 3]) -> Simple {
        let same = Simple::Operation(op, src);
        if !dtype.is_inexact() {
            return same;
        }
        let [a, b, _] = src;
        match op {
            Op::Binary(k) if std::ptr::eq(k, &math::ADD) => match (self.negated(a), self.negated(b)) {
                (_, Some(b)) => Simple::of(&math::SUBTRACT, a, b),
                (Some(a), None) => Simple::of(&math::SUBTRACT, b, a),
                _ => same,
            },
            Op::Binary(k) if std::ptr::eq(k, &math::SUBTRACT) => match self.negated(b) {
                Some(b) => Simple::of(&math::ADD, a, b),
                None => same,
            },
            Op::Unary(k) if std::ptr::eq(k, &math::NEGATIVE) => match self.multiple(a) {
                Some((k, x, c)) => Simple::of(k, x, Value::Number(-c)),
                None => same,
            },
            Op::Binary(k) if is_product(k) => {
                let (x, c) = match (a, b) {
                    (Value::Number(c), x) | (x, Value::Number(c)) if !matches!(x, Value::Number(_)) => (x, c),
                    _ => return same,
                };
                if c == 1.0 {
                    return Simple::Value(x);
                }
                if let Some(x) = self.negated(x) {
                    return Simple::of(k, x, Value::Number(-c));
                }
                match self.multiple(x) {
                    Some((inner, y, d)) if doubles(c) && is_finite(c * d, dtype) => {
                        Simple::of(inner, y, Value::Number(c * d))
                    }
                    _ => same,
                }
            }
            _ => same,
        }
    }

    /// What the instruction that makes `value` does, if it has one result.
    fn made_by(&self, value: Value) -> Option<(Op, [Value; 3])> {
        let Value::Result(instruction, false) = value else { return None };
        match self.ssa[instruction as usize].code {
            Code::Op(op) => Some((op, self.ssa[instruction as usize].src)),
            _ => None,
        }
    }

    /// `x`, if the value is `-x`.
    fn negated(&self, value: Value) -> Option<Value> {
        match self.made_by(value)? {
            (Op::Unary(k), src) if std::ptr::eq(k, &math::NEGATIVE) => Some(src[0]),
            _ => None,
        }
    }

    /// `x` and `c`, if the value is `x` times a number other than 0; and by which of the two products.
    fn multiple(&self, value: Value) -> Option<(&'static BinaryKernel, Value, f64)> {
        let (Op::Binary(k), [a, b, _]) = self.made_by(value)? else { return None };
        match (a, b) {
            (Value::Number(c), x) | (x, Value::Number(c)) if is_product(k) && c != 0.0 => Some((k, x, c)),
            _ => None,
        }
    }
}

/// What is left of an operation.
pub(super) enum Simple {
    Value(Value),
    Operation(Op, [Value; 3]),
}

impl Simple {
    fn of(kernel: &'static BinaryKernel, a: Value, b: Value) -> Simple {
        Simple::Operation(Op::Binary(kernel), [a, b, Value::None])
    }
}

fn is_product(k: &BinaryKernel) -> bool {
    std::ptr::eq(k, &math::MULTIPLY) || std::ptr::eq(k, &math::SCALED)
}

/// Whether a number is finite in the precision of a dtype.
fn is_finite(x: f64, dtype: DType) -> bool {
    if matches!(dtype, DType::F32 | DType::C64) { (x as f32).is_finite() } else { x.is_finite() }
}

/// Whether multiplying by `c` is exact, but for overflow, which comes in any order: plus or minus 2, 4, 8, ...
fn doubles(c: f64) -> bool {
    c.abs() >= 2.0 && c.is_finite() && c.to_bits() << 12 == 0
}
