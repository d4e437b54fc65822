//! Element-wise functions, in the order of the tables in `ops::elementwise`.

use super::{ag_array, ag_context, guard, guard_as, one, two};
use crate::ops::{complex, elementwise, integers};
use crate::trace::short::ShortResult;
use crate::trace::{Array, Context, NO_NODE, Number};

/// An operand: an array, or a number that takes the array's precision.
#[derive(Clone, Copy)]
enum Operand {
    Array(ag_array),
    Number(f64),
}

/// The short way for a number, plain or on one tape: from slot to slot, without being copied as a value. `f` gives value
/// and partial derivative. `None` where something is in the way: the long way finds out what.
///
/// Nothing here panics, so there is nothing to catch.
#[inline(always)]
fn short(cx: *const ag_context, x: ag_array, f: impl FnOnce(f64) -> (f64, f64)) -> Option<ag_array> {
    // SAFETY: null, or a context that the caller hasn't freed, as in `enter`.
    let c = unsafe { cx.as_ref() }?;
    let _inside = c.presence.enter()?;
    let mut slots = c.slots.try_borrow_mut().ok()?;
    let x = slots.number(x)?;
    let recordable = x.level == 0 || x.level == c.core.trace.top();
    if c.core.unusual() || !recordable || !slots.has_room() {
        return None;
    }
    let (value, partial) = f(x.value);
    let node = match x.level {
        0 => NO_NODE,
        level => c.core.trace.push_number(level, [x.node, NO_NODE], [partial, 0.0])?,
    };
    Some(slots.put_in_room(Number { node, level: x.level, value }))
}

/// A function of one argument.
#[inline]
fn unary(cx: *const ag_context, row: &'static elementwise::Unary, x: ag_array) -> ag_array {
    unary_as(cx, row.name, row, x)
}

/// The same, exported under another name.
#[inline]
fn unary_as(cx: *const ag_context, name: &'static str, row: &'static elementwise::Unary, x: ag_array) -> ag_array {
    if let Some(y) = short(cx, x, |x| row.of_number(x)) {
        return y;
    }
    guard(cx, ag_array::NULL, |c| {
        let number = c.slots.borrow().number(x);
        if let Some(x) = number.filter(|_| !c.core.unusual()) {
            return c.put_number(elementwise::unary_number(&c.core, row, x));
        }
        let done = c.slots.borrow().value(x).and_then(|x| elementwise::short_unary(&c.core, row, x));
        if let Some(y) = done {
            return c.put_short(y);
        }
        let _calling = c.core.calling(name);
        let x = c.get(name, x);
        if x.is_null() { ag_array::NULL } else { c.put(elementwise::unary(&c.core, row, &x)) }
    })
}

/// A function of an array and a number.
#[inline(always)]
fn with_number(
    cx: *const ag_context,
    name: &'static str,
    row: &'static elementwise::Binary,
    x: ag_array,
    y: f64,
) -> ag_array {
    let done = short(cx, x, |x| {
        let z = (row.kernel.scalar)(x, y);
        (z, (row.rules[0].number)([1.0, x, y, z]))
    });
    done.unwrap_or_else(|| mixed(cx, name, row, x, y, false))
}

/// A function of a number and an array.
#[inline(always)]
fn of_number(
    cx: *const ag_context,
    name: &'static str,
    row: &'static elementwise::Binary,
    x: f64,
    y: ag_array,
) -> ag_array {
    let done = short(cx, y, |y| {
        let z = (row.kernel.scalar)(x, y);
        (z, (row.rules[1].number)([1.0, x, y, z]))
    });
    done.unwrap_or_else(|| mixed(cx, name, row, y, x, true))
}

/// A function of two arrays.
fn of_two(cx: *const ag_context, row: &'static elementwise::Binary, x: ag_array, y: ag_array) -> ag_array {
    pair(cx, row.name, row, x, y)
}

/// What the short way found, if anything.
enum Done {
    Number(Number),
    Array(ShortResult),
    Nothing,
}

/// Of two arrays.
fn pair(
    cx: *const ag_context,
    name: &'static str,
    row: &'static elementwise::Binary,
    x: ag_array,
    y: ag_array,
) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let done = {
            let slots = c.slots.borrow();
            match (slots.value(x), slots.value(y)) {
                (Some(x), Some(y)) => short_way(c, row, x, y, || x.strong_number().zip(y.strong_number())),
                _ => Done::Nothing,
            }
        };
        finish(c, done, || long_binary(c, name, row, Operand::Array(x), Operand::Array(y)))
    })
}

/// Of an array and a number, which is the first argument if `flip`.
fn mixed(
    cx: *const ag_context,
    name: &'static str,
    row: &'static elementwise::Binary,
    x: ag_array,
    y: f64,
    flip: bool,
) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let number = Array::weak(y);
        let done = match c.slots.borrow().value(x) {
            Some(x) => {
                let (a, b) = if flip { (&number, x) } else { (x, &number) };
                short_way(c, row, a, b, || {
                    let (x, y) = (x.strong_number()?, Number::plain(y));
                    Some(if flip { (y, x) } else { (x, y) })
                })
            }
            None => Done::Nothing,
        };
        let (a, b) = (Operand::Array(x), Operand::Number(y));
        finish(c, done, || if flip { long_binary(c, name, row, b, a) } else { long_binary(c, name, row, a, b) })
    })
}

/// The short ways: of numbers, and of small arrays, at which they are looked where they lie.
#[inline(always)]
fn short_way(
    c: &ag_context,
    row: &'static elementwise::Binary,
    x: &Array,
    y: &Array,
    numbers: impl FnOnce() -> Option<(Number, Number)>,
) -> Done {
    match numbers() {
        Some((x, y)) if !c.core.unusual() => {
            elementwise::binary_numbers(&c.core, row, x, y).map_or(Done::Nothing, Done::Number)
        }
        Some(_) => Done::Nothing,
        None => elementwise::short_binary(&c.core, row, x, y).map_or(Done::Nothing, Done::Array),
    }
}

#[inline(always)]
fn finish(c: &ag_context, done: Done, long: impl FnOnce() -> ag_array) -> ag_array {
    match done {
        Done::Number(number) => c.put_number(number),
        Done::Array(short) => c.put_short(short),
        Done::Nothing => long(),
    }
}

/// The general way of a function of two arguments, which finds out what is wrong, too.
fn long_binary(
    c: &ag_context,
    name: &'static str,
    row: &'static elementwise::Binary,
    x: Operand,
    y: Operand,
) -> ag_array {
    let _calling = c.core.calling(name);
    let value = |operand: Operand| match operand {
        Operand::Array(h) => c.get(name, h),
        Operand::Number(value) => Array::weak(value),
    };
    let sides = (x, y);
    let (mut x, mut y) = (value(x), value(y));
    match sides {
        (Operand::Array(_), Operand::Number(n)) if row.kernel.i64.is_some() => {
            y = number_for(c, &x, n, row.kernel.no_negative_integer)
        }
        (Operand::Number(n), Operand::Array(_)) if row.kernel.i64.is_some() => x = number_for(c, &y, n, false),
        _ => {}
    }
    if x.is_null() || y.is_null() { ag_array::NULL } else { c.put(elementwise::binary(&c.core, row, &x, &y)) }
}

/// A number beside an array, in the array's precision; beside integers (and booleans) a whole number is an integer, as `2` is
/// in NumPy. `power`: as an exponent of integers it must not be negative.
pub(super) fn number_for(c: &ag_context, x: &Array, n: f64, power: bool) -> Array {
    const WHOLE: std::ops::RangeInclusive<f64> = -9_007_199_254_740_992.0..=9_007_199_254_740_992.0;
    let whole = n.fract() == 0.0 && WHOLE.contains(&n) && !(power && n < 0.0);
    if x.dtype().is_inexact() || !whole || x.is_null() {
        return Array::weak(n);
    }
    integers::number(&c.core, n as i64)
}

/// An operation of an array and a number beside it.
fn with_real(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    y: f64,
    f: impl FnOnce(&Context, &Array, &Array) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        let y = number_for(c, &x, y, false);
        if x.is_null() { ag_array::NULL } else { c.put(f(&c.core, &x, &y)) }
    })
}

/// An operation of an array and a number that takes the array's precision.
pub(super) fn scalar(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    y: f64,
    f: impl FnOnce(&Context, &Array, &Array) -> Array,
) -> ag_array {
    one(cx, name, x, |c, x| f(c, x, &Array::weak(y)))
}

/// -x. The negative of booleans is AG_ERR_DTYPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_neg(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::NEG, x)
}

/// Absolute value; of a complex array a real one. The derivative at 0 is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_abs(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_abs", x, complex::abs)
}

/// Absolute value of a real array. The derivative at 0 is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fabs(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::FABS, x)
}

/// 1 / x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_reciprocal(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::RECIPROCAL, x)
}

/// Exponential function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_exp(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::EXP, x)
}

/// 2 to the power of x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_exp2(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::EXP2, x)
}

/// exp(x) - 1, exact also near 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_expm1(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::EXPM1, x)
}

/// Natural logarithm: -inf at 0, NaN below 0 (of real arrays).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_log(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::LOG, x)
}

/// Logarithm to base 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_log2(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::LOG2, x)
}

/// Logarithm to base 10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_log10(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::LOG10, x)
}

/// log(1 + x), exact also near 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_log1p(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::LOG1P, x)
}

/// Sine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sin(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::SIN, x)
}

/// Cosine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cos(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::COS, x)
}

/// Tangent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tan(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::TAN, x)
}

/// Inverse sine; NaN outside [-1, 1] (of real arrays).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arcsin(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ARCSIN, x)
}

/// Inverse cosine; NaN outside [-1, 1] (of real arrays).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arccos(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ARCCOS, x)
}

/// Inverse tangent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arctan(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ARCTAN, x)
}

/// Hyperbolic sine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sinh(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::SINH, x)
}

/// Hyperbolic cosine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cosh(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::COSH, x)
}

/// Hyperbolic tangent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tanh(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::TANH, x)
}

/// Inverse hyperbolic sine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arcsinh(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ARCSINH, x)
}

/// Inverse hyperbolic cosine; NaN below 1 (of real arrays).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arccosh(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ARCCOSH, x)
}

/// Inverse hyperbolic tangent; NaN outside [-1, 1] (of real arrays).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arctanh(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ARCTANH, x)
}

/// Radians to degrees. Real arrays only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rad2deg(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::RAD2DEG, x)
}

/// Radians to degrees, another name of ag_rad2deg.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_degrees(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary_as(cx, "ag_degrees", &elementwise::RAD2DEG, x)
}

/// Degrees to radians. Real arrays only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_deg2rad(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::DEG2RAD, x)
}

/// Degrees to radians, another name of ag_deg2rad.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_radians(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary_as(cx, "ag_radians", &elementwise::DEG2RAD, x)
}

/// x * x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_square(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::SQUARE, x)
}

/// Square root; NaN below 0 (of real arrays). At 0 the derivative is infinite, but a zero cotangent stays zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sqrt(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::SQRT, x)
}

/// Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_erf(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ERF, x)
}

/// Complementary error function, 1 - erf(x), accurate where that is small.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_erfc(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::ERFC, x)
}

/// Cube root, also of negative numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_cbrt(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::CBRT, x)
}

/// Logistic function, 1 / (1 + exp(-x)).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_expit(cx: *mut ag_context, x: ag_array) -> ag_array {
    unary(cx, &elementwise::EXPIT, x)
}

/// sin(pi x) / (pi x), 1 at 0; every derivative is exact at 0, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sinc(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_sinc", x, elementwise::sinc)
}

/// Real part; of a real array the array itself. The gradient with respect to a complex array is g.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_real(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_real", x, complex::real)
}

/// Imaginary part; of a real array zeros. The gradient with respect to a complex array is -i g.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_imag(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_imag", x, complex::imag)
}

/// Complex conjugate; of a real array the array itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_conj(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_conj", x, complex::conj)
}

/// Angle in the complex plane, in radians; of a real array 0 or pi. The derivative at 0 is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_angle(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_angle", x, complex::angle)
}

/// The real part if all imaginary parts are within 100 machine epsilons of 0, else the array itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_real_if_close(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_real_if_close", x, complex::real_if_close)
}

/// NaN replaced by 0 and infinities by the largest finite numbers; the gradient is 0 where something was replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nan_to_num(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_nan_to_num", x, elementwise::nan_to_num)
}

/// -1, 0 or 1: piecewise constant, a plain array without a derivative. Of a complex array x / |x|, which has one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sign(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_sign", x, complex::sign)
}

/// The largest integer not above x. Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_floor(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_floor", x, |c, x| elementwise::piecewise_constant(c, &elementwise::FLOOR, x))
}

/// The smallest integer not below x. Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ceil(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_ceil", x, |c, x| elementwise::piecewise_constant(c, &elementwise::CEIL, x))
}

/// The integer part. Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_trunc(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_trunc", x, |c, x| elementwise::piecewise_constant(c, &elementwise::TRUNC, x))
}

/// The nearest integer, halves to the even one. Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rint(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_rint", x, |c, x| elementwise::piecewise_constant(c, &elementwise::RINT, x))
}

/// Whether elements are NaN. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isnan(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_isnan", x, |c, x| elementwise::test(c, &elementwise::ISNAN, x))
}

/// Whether elements are infinite. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isinf(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_isinf", x, |c, x| elementwise::test(c, &elementwise::ISINF, x))
}

/// Whether elements are neither infinite nor NaN. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isfinite(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_isfinite", x, |c, x| elementwise::test(c, &elementwise::ISFINITE, x))
}

/// Whether elements are 0. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logical_not(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_logical_not", x, |c, x| elementwise::test(c, &elementwise::LOGICAL_NOT, x))
}

/// x + y, with broadcasting; of booleans the logical or.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_add(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::ADD, x, y)
}

/// x + y for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_add_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_add_scalar", &elementwise::ADD, x, y)
}

/// x - y, with broadcasting. Of booleans AG_ERR_DTYPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sub(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::SUB, x, y)
}

/// x - y for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sub_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_sub_scalar", &elementwise::SUB, x, y)
}

/// y - x for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rsub_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    of_number(cx, "ag_rsub_scalar", &elementwise::SUB, y, x)
}

/// x * y, with broadcasting; of booleans the logical and.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mul(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::MUL, x, y)
}

/// x * y for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mul_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_mul_scalar", &elementwise::MUL, x, y)
}

/// x / y, with broadcasting; integers are divided as f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_div(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::DIV, x, y)
}

/// x / y for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_div_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_div_scalar", &elementwise::DIV, x, y)
}

/// y / x for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rdiv_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    of_number(cx, "ag_rdiv_scalar", &elementwise::DIV, y, x)
}

/// x to the power of y, with broadcasting. At x = 0 the derivative with respect to y is 0, at y = 0 the one with
/// respect to x. Integers to negative powers are AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_pow(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::POW, x, y)
}

/// x to the power of a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_pow_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_pow_scalar", &elementwise::POW, x, y)
}

/// A number y to the power of x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rpow_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    of_number(cx, "ag_rpow_scalar", &elementwise::POW, y, x)
}

/// The remainder of x / y with the sign of y, with broadcasting. The derivative with respect to y is -floor(x / y).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mod(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::MOD, x, y)
}

/// The remainder of x / y with the sign of the number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mod_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_mod_scalar", &elementwise::MOD, x, y)
}

/// The remainder of y / x with the sign of x, for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rmod_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    of_number(cx, "ag_rmod_scalar", &elementwise::MOD, y, x)
}

/// The remainder of x / y with the sign of x, with broadcasting. The derivative with respect to y is -trunc(x / y).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fmod(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::FMOD, x, y)
}

/// The remainder of x / y with the sign of x, for a number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fmod_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_fmod_scalar", &elementwise::FMOD, x, y)
}

/// The remainder of y / x with the sign of the number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rfmod_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    of_number(cx, "ag_rfmod_scalar", &elementwise::FMOD, y, x)
}

/// The absolute value of x with the sign of y, with broadcasting. At x = 0 the derivative is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_copysign(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::COPYSIGN, x, y)
}

/// The absolute value of x with the sign of the number y.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_copysign_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_copysign_scalar", &elementwise::COPYSIGN, x, y)
}

/// The larger of x and y, NaN if one is NaN. A tie gives half of the cotangent to each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_maximum(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::MAXIMUM, x, y)
}

/// The larger of x and a number y; at a tie the derivative is 1/2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_maximum_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_maximum_scalar", &elementwise::MAXIMUM, x, y)
}

/// The smaller of x and y, NaN if one is NaN. A tie gives half of the cotangent to each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_minimum(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::MINIMUM, x, y)
}

/// The smaller of x and a number y; at a tie the derivative is 1/2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_minimum_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_minimum_scalar", &elementwise::MINIMUM, x, y)
}

/// The larger of x and y, the other one if one is NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fmax(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::FMAX, x, y)
}

/// The larger of x and a number y, y where x is NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fmax_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_fmax_scalar", &elementwise::FMAX, x, y)
}

/// The smaller of x and y, the other one if one is NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fmin(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::FMIN, x, y)
}

/// The smaller of x and a number y, y where x is NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fmin_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_fmin_scalar", &elementwise::FMIN, x, y)
}

/// log(exp(x) + exp(y)) without overflow. Where both are -infinity the derivatives are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logaddexp(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::LOGADDEXP, x, y)
}

/// log(exp(x) + exp(y)) for a number y, without overflow.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logaddexp_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_logaddexp_scalar", &elementwise::LOGADDEXP, x, y)
}

/// log2(2^x + 2^y) without overflow. Where both are -infinity the derivatives are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logaddexp2(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::LOGADDEXP2, x, y)
}

/// log2(2^x + 2^y) for a number y, without overflow.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logaddexp2_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_logaddexp2_scalar", &elementwise::LOGADDEXP2, x, y)
}

/// The angle of the point (y, x), that is of x / y with the right quadrant. At the origin the derivatives are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arctan2(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::ARCTAN2, x, y)
}

/// The angle of the point (y, x) for a number y, see ag_arctan2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arctan2_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_arctan2_scalar", &elementwise::ARCTAN2, x, y)
}

/// The angle of the point (x, y) for a number y: that of y / x, see ag_arctan2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rarctan2_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    of_number(cx, "ag_rarctan2_scalar", &elementwise::ARCTAN2, y, x)
}

/// sqrt(x^2 + y^2) without overflow. At the origin the derivatives are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hypot(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    of_two(cx, &elementwise::HYPOT, x, y)
}

/// sqrt(x^2 + y^2) for a number y, without overflow.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_hypot_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_number(cx, "ag_hypot_scalar", &elementwise::HYPOT, x, y)
}

/// floor(x / y). Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_floor_divide(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_floor_divide", x, y, elementwise::floor_divide)
}

/// floor(x / y) for a number y. Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_floor_divide_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_real(cx, "ag_floor_divide_scalar", x, y, elementwise::floor_divide)
}

/// floor(y / x) for a number y. Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rfloor_divide_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    with_real(cx, "ag_rfloor_divide_scalar", x, y, |c, x, y| elementwise::floor_divide(c, y, x))
}
