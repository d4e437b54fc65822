//! Whole numbers: divisors, multiples, bits. None of these functions has a derivative; results are plain arrays.

use super::elementwise::{self, cast, plain};
use super::number::{map, zip};
use crate::array::{DType, Tensor};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// A whole number, an array of rank 0.
pub fn number(cx: &Context, n: i64) -> Array {
    let t = cx.engine.build::<i64>(&[], |d| d[0] = n);
    cx.take("ag_scalar_int", t.map(Array::from))
}

/// A function of two whole numbers, and of two booleans where there is one.
pub struct Function {
    pub name: &'static str,
    whole: fn(i64, i64) -> i64,
    boolean: Option<fn(bool, bool) -> bool>,
    /// Whether booleans count as 0 and 1 where there is no function of them.
    booleans: bool,
}

const fn function(name: &'static str, whole: fn(i64, i64) -> i64, booleans: bool) -> Function {
    Function { name, whole, boolean: None, booleans }
}

const fn bits(name: &'static str, whole: fn(i64, i64) -> i64, boolean: fn(bool, bool) -> bool) -> Function {
    Function { name, whole, boolean: Some(boolean), booleans: true }
}

pub static GCD: Function = function("ag_gcd", gcd, false);
pub static LCM: Function = function("ag_lcm", lcm, false);
pub static BITWISE_AND: Function = bits("ag_bitwise_and", |a, b| a & b, |a, b| a & b);
pub static BITWISE_OR: Function = bits("ag_bitwise_or", |a, b| a | b, |a, b| a | b);
pub static BITWISE_XOR: Function = bits("ag_bitwise_xor", |a, b| a ^ b, |a, b| a ^ b);
// A shift by 64 and more, or by a negative number, shifts everything out.
pub static LEFT_SHIFT: Function = function("ag_left_shift", |a, b| if (0..64).contains(&b) { a << b } else { 0 }, true);
pub static RIGHT_SHIFT: Function =
    function("ag_right_shift", |a, b| a >> if (0..64).contains(&b) { b } else { 63 }, true);

/// All of them.
pub static FUNCTIONS: [&Function; 7] = [&GCD, &LCM, &BITWISE_AND, &BITWISE_OR, &BITWISE_XOR, &LEFT_SHIFT, &RIGHT_SHIFT];

/// Euclid's algorithm. Divisor and multiple wrap where they do not fit.
fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a as i64
}

fn lcm(a: i64, b: i64) -> i64 {
    let quotient = a.unsigned_abs().checked_div(gcd(a, b).unsigned_abs());
    quotient.map_or(0, |q| q.wrapping_mul(b.unsigned_abs()) as i64)
}

fn unsupported(dtype: DType) -> Error {
    Error::dtype(format!("defined for integers only, found dtype {}", dtype.name()))
}

fn whole(cx: &Context, x: &Array) -> Result<Tensor> {
    let t = cast(cx, cx.lazy_tensor(x)?, DType::I64)?;
    cx.engine.force(&t)?;
    Ok(t)
}

/// Applies one of them, with broadcasting.
pub fn apply(cx: &Context, f: &'static Function, x: &Array, y: &Array) -> Array {
    plain(
        cx,
        f.name,
        |cx| {
            let dtype = elementwise::promote(x, y);
            Ok(match (dtype, f.boolean) {
                (DType::Bool, Some(boolean)) => zip(cx, &cx.tensor(x)?, &cx.tensor(y)?, boolean)?.into(),
                (DType::I64, _) => zip(cx, &whole(cx, x)?, &whole(cx, y)?, f.whole)?.into(),
                (DType::Bool, _) if f.booleans => zip(cx, &whole(cx, x)?, &whole(cx, y)?, f.whole)?.into(),
                _ => return Err(unsupported(dtype)),
            })
        },
        &[x, y],
    )
}

/// `numpy.invert`: all bits turned over; of booleans the negation.
pub fn invert(cx: &Context, x: &Array) -> Array {
    plain(
        cx,
        "ag_invert",
        |cx| match x.dtype() {
            DType::Bool => Ok(map(cx, &cx.tensor(x)?, |a: bool| !a)?.into()),
            DType::I64 => Ok(map(cx, &cx.tensor(x)?, |a: i64| !a)?.into()),
            other => Err(unsupported(other)),
        },
        &[x],
    )
}
