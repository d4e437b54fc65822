//! The algebra in which element-wise derivatives are written, once.
//!
//! A rule such as `|g, _, y| g * (k(1.0) - y * y)` (`k` is a constant) is a function over any [`Elem`]. There are three of them:
//! `f64`, for tapes of numbers (the partial derivative is the rule at `g = 1`); [`Expr`], for arrays, where every
//! operation is an ordinary recorded operation of the library, so that the rule can be differentiated again; and
//! [`Uses`], which computes nothing but notes which of its arguments a rule reads, and so decides what a tape keeps.

use super::elementwise;
use crate::kernels::math;
use crate::trace::{Array, Context};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What a derivative rule may do with its arguments.
pub trait Elem:
    Copy
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn sqrt(self) -> Self;
    fn sign(self) -> Self;
    fn floor(self) -> Self;
    fn pow(self, exponent: Self) -> Self;
    /// 2 to the power of the argument.
    fn exp2(self) -> Self;
    fn rint(self) -> Self;
    fn floor_divide(self, other: Self) -> Self;
    fn tan(self) -> Self;
    fn tanh(self) -> Self;
    fn hypot(self, other: Self) -> Self;
    /// 1 / cosh^2, and so on: functions that start from the argument where the rounded value says too little, see
    /// `kernels/math/slopes.rs`.
    fn sech2(self) -> Self;
    fn sec2(self) -> Self;
    fn logistic_density(self) -> Self;
    /// exp(-x^2).
    fn gaussian(self) -> Self;
    /// sqrt(1 - x^2).
    fn cos_arcsin(self) -> Self;
    /// sqrt(1 + x^2).
    fn cosh_arcsinh(self) -> Self;
    /// sqrt(x - 1) sqrt(x + 1).
    fn sinh_arccosh(self) -> Self;
    /// x / sqrt(x^2 + y^2).
    fn direction(self, y: Self) -> Self;
    /// x / (x^2 + y^2).
    fn inversion(self, y: Self) -> Self;
    /// exp(x) / (exp(x) + exp(y)).
    fn weight(self, y: Self) -> Self;
    /// The same with powers of 2.
    fn weight2(self, y: Self) -> Self;
    /// x^(y - 1), the exponent not being rounded.
    fn pow_less_1(self, y: Self) -> Self;
    /// x^(y - 2), likewise.
    fn pow_less_2(self, y: Self) -> Self;
    /// `self * d`, and 0 where either is 0 whatever the other is: a derivative that wasn't asked for isn't NaN, nor is
    /// that of sqrt(x * x) at 0.
    fn scaled(self, d: Self) -> Self;
    /// `self / d`, and 0 where `self` is 0 whatever `d` is.
    fn over(self, d: Self) -> Self;
    /// A mask: where the two are equal.
    fn is(self, other: Self) -> Self;
    /// `a` where the mask holds, else `b`.
    fn choose(self, a: Self, b: Self) -> Self;
}

/// Functions of an algebra that are kernels: each with the row that it is.
macro_rules! kernels {
    ($algebra:ident) => {
        kernels! { $algebra of_one: tan TAN, tanh TANH, sech2 SECH2, sec2 SEC2, logistic_density LOGISTIC_DENSITY,
            gaussian GAUSSIAN, cos_arcsin COS_ARCSIN, cosh_arcsinh COSH_ARCSINH, sinh_arccosh SINH_ARCCOSH }
        kernels! { $algebra of_two: hypot HYPOT, direction DIRECTION, inversion INVERSION, weight WEIGHT, weight2 WEIGHT2 }
    };
    (number of_one: $($f:ident $row:ident),*) => {
        $(fn $f(self) -> f64 {
            (elementwise::$row.kernel.scalar)(self)
        })*
    };
    (number of_two: $($f:ident $row:ident),*) => {
        $(fn $f(self, other: f64) -> f64 {
            (elementwise::$row.kernel.scalar)(self, other)
        })*
    };
    (uses of_one: $($f:ident $row:ident),*) => {
        $(fn $f(self) -> Uses {
            self + Uses(FUNCTIONS)
        })*
    };
    (uses of_two: $($f:ident $row:ident),*) => {
        $(fn $f(self, other: Uses) -> Uses {
            self + other + Uses(FUNCTIONS)
        })*
    };
    (array of_one: $($f:ident $row:ident),*) => {
        $(fn $f(self) -> Expr<'c> {
            self.map(elementwise::$row.kernel.scalar, |cx, a| elementwise::unary(cx, &elementwise::$row, a))
        })*
    };
    (array of_two: $($f:ident $row:ident),*) => {
        $(fn $f(self, other: Expr<'c>) -> Expr<'c> {
            self.zip(other, elementwise::$row.kernel.scalar, |cx, a, b| elementwise::binary(cx, &elementwise::$row, a, b))
        })*
    };
}

/// Whether `y - n` is not rounded: then an ordinary power serves, which knows squares.
fn is_exact(y: f64, n: f64) -> bool {
    let e = y - n;
    e + n == y && y - e == n
}

impl Elem for f64 {
    kernels! { number }
    fn rint(self) -> f64 {
        f64::round_ties_even(self)
    }
    fn floor_divide(self, other: f64) -> f64 {
        (math::FLOOR_DIVIDE.scalar)(self, other)
    }
    fn pow_less_1(self, y: f64) -> f64 {
        if is_exact(y, 1.0) { self.powf(y - 1.0) } else { (math::POWER_LESS_1.scalar)(self, y) }
    }
    fn pow_less_2(self, y: f64) -> f64 {
        if is_exact(y, 2.0) { self.powf(y - 2.0) } else { (math::POWER_LESS_2.scalar)(self, y) }
    }
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    fn ln(self) -> f64 {
        f64::ln(self)
    }
    fn sin(self) -> f64 {
        f64::sin(self)
    }
    fn cos(self) -> f64 {
        f64::cos(self)
    }
    fn sinh(self) -> f64 {
        f64::sinh(self)
    }
    fn cosh(self) -> f64 {
        f64::cosh(self)
    }
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    fn sign(self) -> f64 {
        if self == 0.0 { 0.0 } else { self.signum() }
    }
    fn floor(self) -> f64 {
        f64::floor(self)
    }
    fn pow(self, exponent: f64) -> f64 {
        self.powf(exponent)
    }
    fn exp2(self) -> f64 {
        f64::exp2(self)
    }
    fn scaled(self, d: f64) -> f64 {
        if self == 0.0 || d == 0.0 { 0.0 } else { self * d }
    }
    fn over(self, d: f64) -> f64 {
        if self == 0.0 { 0.0 } else { self / d }
    }
    fn is(self, other: f64) -> f64 {
        f64::from(self == other)
    }
    fn choose(self, a: f64, b: f64) -> f64 {
        if self != 0.0 { a } else { b }
    }
}

/// A set of arguments, as bits, and whether there is more to the rule than arithmetic.
#[derive(Clone, Copy)]
pub struct Uses(pub u8);

/// The bit for functions whose vectors have a kernel of their own: its last bits are not those of the number's function.
const FUNCTIONS: u8 = 1 << 7;

impl Uses {
    /// Whether an argument, given by its bit, is read.
    pub fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub fn functions(self) -> bool {
        self.has(FUNCTIONS)
    }
}

impl From<f64> for Uses {
    fn from(_: f64) -> Uses {
        Uses(0)
    }
}

macro_rules! uses {
    ($($op:ident $f:ident),*) => {$(
        impl $op for Uses {
            type Output = Uses;
            #[allow(clippy::suspicious_arithmetic_impl)]
            fn $f(self, other: Uses) -> Uses {
                Uses(self.0 | other.0)
            }
        }
    )*};
}
uses!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Uses {
    type Output = Uses;
    fn neg(self) -> Uses {
        self
    }
}

impl Elem for Uses {
    kernels! { uses }
    fn rint(self) -> Uses {
        self
    }
    fn floor_divide(self, other: Uses) -> Uses {
        self + other + Uses(FUNCTIONS)
    }
    fn pow_less_1(self, y: Uses) -> Uses {
        self.pow(y)
    }
    fn pow_less_2(self, y: Uses) -> Uses {
        self.pow(y)
    }
    fn exp(self) -> Uses {
        self + Uses(FUNCTIONS)
    }
    fn ln(self) -> Uses {
        self + Uses(FUNCTIONS)
    }
    fn sin(self) -> Uses {
        self + Uses(FUNCTIONS)
    }
    fn cos(self) -> Uses {
        self + Uses(FUNCTIONS)
    }
    fn sinh(self) -> Uses {
        self + Uses(FUNCTIONS)
    }
    fn cosh(self) -> Uses {
        self + Uses(FUNCTIONS)
    }
    fn sqrt(self) -> Uses {
        self
    }
    fn sign(self) -> Uses {
        self
    }
    fn floor(self) -> Uses {
        self
    }
    fn pow(self, exponent: Uses) -> Uses {
        self + exponent + Uses(FUNCTIONS)
    }
    fn exp2(self) -> Uses {
        self + Uses(FUNCTIONS)
    }
    fn scaled(self, d: Uses) -> Uses {
        self + d
    }
    fn over(self, d: Uses) -> Uses {
        self + d
    }
    fn is(self, other: Uses) -> Uses {
        self + other
    }
    fn choose(self, a: Uses, b: Uses) -> Uses {
        self + a + b
    }
}

/// An array in a rule. It is a number or a place in the context's arena of temporaries, and hence can be copied.
#[derive(Clone, Copy)]
pub enum Expr<'c> {
    Number(f64),
    At(&'c Context, u32),
}

impl From<f64> for Expr<'_> {
    fn from(x: f64) -> Self {
        Expr::Number(x)
    }
}

impl<'c> Expr<'c> {
    fn new(cx: &'c Context, x: Array) -> Expr<'c> {
        let mut arena = cx.arena.borrow_mut();
        arena.push(x);
        Expr::At(cx, arena.len() as u32 - 1)
    }

    fn array(self) -> Array {
        match self {
            Expr::Number(x) => Array::weak(x),
            Expr::At(cx, i) => cx.arena.borrow()[i as usize].clone(),
        }
    }

    fn map(self, number: fn(f64) -> f64, array: impl Fn(&Context, &Array) -> Array) -> Expr<'c> {
        match self {
            Expr::Number(x) => Expr::Number(number(x)),
            Expr::At(cx, _) => Expr::new(cx, array(cx, &self.array())),
        }
    }

    fn zip(
        self,
        other: Expr<'c>,
        number: fn(f64, f64) -> f64,
        array: impl Fn(&Context, &Array, &Array) -> Array,
    ) -> Expr<'c> {
        match (self, other) {
            (Expr::Number(x), Expr::Number(y)) => Expr::Number(number(x, y)),
            (Expr::At(cx, _), _) | (_, Expr::At(cx, _)) => Expr::new(cx, array(cx, &self.array(), &other.array())),
        }
    }
}

/// Runs a rule on arrays and clears the temporaries away.
pub fn with_exprs<'c, const N: usize>(
    cx: &'c Context,
    args: [Option<&Array>; N],
    rule: impl FnOnce([Expr<'c>; N]) -> Expr<'c>,
) -> Array {
    let before = cx.arena.borrow().len();
    // What a rule doesn't read isn't there; a number stands in for it.
    let exprs = args.map(|a| match a {
        None => Expr::Number(f64::NAN),
        Some(Array::Number { value, .. }) => Expr::Number(*value),
        Some(a) => Expr::new(cx, a.clone()),
    });
    let result = rule(exprs).array();
    cx.arena.borrow_mut().truncate(before);
    result
}

macro_rules! operators {
    ($($op:ident $f:ident $row:ident),*) => {$(
        impl<'c> $op for Expr<'c> {
            type Output = Expr<'c>;
            fn $f(self, other: Expr<'c>) -> Expr<'c> {
                self.zip(other, $op::$f, |cx, a, b| elementwise::binary(cx, &elementwise::$row, a, b))
            }
        }
    )*};
}
operators!(Add add ADD, Sub sub SUB, Mul mul MUL, Div div DIV);

impl<'c> Neg for Expr<'c> {
    type Output = Expr<'c>;
    fn neg(self) -> Expr<'c> {
        self.map(|x| -x, |cx, a| elementwise::unary(cx, &elementwise::NEG, a))
    }
}

impl<'c> Expr<'c> {
    /// x^(y - n), by its row unless n can be subtracted exactly.
    fn pow_less(self, y: Expr<'c>, n: f64, row: &'static elementwise::Binary) -> Expr<'c> {
        match y {
            Expr::Number(e) if is_exact(e, n) => self.pow(Expr::Number(e - n)),
            _ => self.zip(y, row.kernel.scalar, |cx, a, b| elementwise::binary(cx, row, a, b)),
        }
    }
}

impl<'c> Elem for Expr<'c> {
    kernels! { array }
    fn rint(self) -> Expr<'c> {
        self.map(f64::round_ties_even, |cx, a| elementwise::piecewise_constant(cx, &elementwise::RINT, a))
    }
    fn floor_divide(self, other: Expr<'c>) -> Expr<'c> {
        self.zip(other, Elem::floor_divide, elementwise::floor_divide)
    }
    fn pow_less_1(self, y: Expr<'c>) -> Expr<'c> {
        self.pow_less(y, 1.0, &elementwise::POWER_LESS_1)
    }
    fn pow_less_2(self, y: Expr<'c>) -> Expr<'c> {
        self.pow_less(y, 2.0, &elementwise::POWER_LESS_2)
    }
    fn exp(self) -> Expr<'c> {
        self.map(f64::exp, |cx, a| elementwise::unary(cx, &elementwise::EXP, a))
    }
    fn ln(self) -> Expr<'c> {
        self.map(f64::ln, |cx, a| elementwise::unary(cx, &elementwise::LOG, a))
    }
    fn sin(self) -> Expr<'c> {
        self.map(f64::sin, |cx, a| elementwise::unary(cx, &elementwise::SIN, a))
    }
    fn cos(self) -> Expr<'c> {
        self.map(f64::cos, |cx, a| elementwise::unary(cx, &elementwise::COS, a))
    }
    fn sinh(self) -> Expr<'c> {
        self.map(f64::sinh, |cx, a| elementwise::unary(cx, &elementwise::SINH, a))
    }
    fn cosh(self) -> Expr<'c> {
        self.map(f64::cosh, |cx, a| elementwise::unary(cx, &elementwise::COSH, a))
    }
    fn sqrt(self) -> Expr<'c> {
        self.map(f64::sqrt, |cx, a| elementwise::unary(cx, &elementwise::SQRT, a))
    }
    fn sign(self) -> Expr<'c> {
        self.map(Elem::sign, |cx, a| elementwise::piecewise_constant(cx, &elementwise::SIGN, a))
    }
    fn floor(self) -> Expr<'c> {
        self.map(f64::floor, |cx, a| elementwise::piecewise_constant(cx, &elementwise::FLOOR, a))
    }
    fn pow(self, exponent: Expr<'c>) -> Expr<'c> {
        self.zip(exponent, f64::powf, |cx, a, b| elementwise::binary(cx, &elementwise::POW, a, b))
    }
    fn exp2(self) -> Expr<'c> {
        self.map(f64::exp2, |cx, a| elementwise::unary(cx, &elementwise::EXP2, a))
    }
    fn scaled(self, d: Expr<'c>) -> Expr<'c> {
        self.zip(d, Elem::scaled, |cx, a, b| elementwise::binary(cx, &elementwise::SCALED, a, b))
    }
    fn over(self, d: Expr<'c>) -> Expr<'c> {
        self.zip(d, Elem::over, |cx, a, b| elementwise::binary(cx, &elementwise::OVER, a, b))
    }
    fn is(self, other: Expr<'c>) -> Expr<'c> {
        self.zip(other, Elem::is, |cx, a, b| elementwise::compare(cx, &elementwise::EQUAL, a, b))
    }
    fn choose(self, a: Expr<'c>, b: Expr<'c>) -> Expr<'c> {
        match self {
            Expr::Number(m) => {
                if m != 0.0 {
                    a
                } else {
                    b
                }
            }
            Expr::At(cx, _) => Expr::new(cx, elementwise::select(cx, &self.array(), &a.array(), &b.array())),
        }
    }
}
