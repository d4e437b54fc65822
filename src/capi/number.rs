//! Floating-point numbers taken apart, rounding, bounds; whole numbers and bits; questions about arrays.

use super::{ag_array, ag_context, guard, guard_as, one, slice, store, two};
use crate::ops::predicates::{self, Tolerance};
use crate::ops::{bessel, complex, elementwise, integers, number};
use crate::trace::{Array, Context};

/// x to the power of y in double precision at least, with broadcasting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_float_power(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_float_power", x, y, number::float_power)
}

/// 0 where x is negative, 1 where it is positive, y where it is 0, with broadcasting. The derivative by x is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_heaviside(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_heaviside", x, y, number::heaviside)
}

/// The modified Bessel function of the first kind and order 0, of real numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_i0(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_i0", x, bessel::i0)
}

/// A result, and a second one for the caller's pointer.
///
/// # Safety
/// `second` is NULL or may be written.
pub(super) unsafe fn pair(
    cx: *const ag_context,
    name: &'static str,
    args: &[ag_array],
    second: *mut ag_array,
    f: impl FnOnce(&Context, &[Array]) -> (Array, Array),
) -> ag_array {
    let (first, other) = guard_as(cx, name, (ag_array::NULL, ag_array::NULL), |c| {
        let args = c.get_all(name, args);
        if c.core.failed() {
            return (ag_array::NULL, ag_array::NULL);
        }
        let (a, b) = f(&c.core, &args);
        if c.core.failed() {
            return (ag_array::NULL, ag_array::NULL);
        }
        (c.put(a), if second.is_null() { ag_array::NULL } else { c.put(b) })
    });
    // SAFETY: the caller's promise.
    unsafe { store(second, other) };
    first
}

/// The fraction of every element, and in *whole (unless NULL) its whole part, a plain array. Both have the sign of x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_modf(cx: *mut ag_context, x: ag_array, whole: *mut ag_array) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe { pair(cx, "ag_modf", &[x], whole, |c, a| number::modf(c, &a[0])) }
}

/// The mantissa of every element, 0.5 or more and less than 1, and in *exponent (unless NULL) the power of 2 it is to be
/// multiplied by, a plain i64 array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_frexp(cx: *mut ag_context, x: ag_array, exponent: *mut ag_array) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe { pair(cx, "ag_frexp", &[x], exponent, |c, a| number::frexp(c, &a[0])) }
}

/// floor(x / y), a plain array, and in *remainder (unless NULL) the remainder with the sign of y; with broadcasting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_divmod(
    cx: *mut ag_context,
    x: ag_array,
    y: ag_array,
    remainder: *mut ag_array,
) -> ag_array {
    // SAFETY: the caller's promise.
    unsafe {
        pair(cx, "ag_divmod", &[x, y], remainder, |c, a| {
            (elementwise::floor_divide(c, &a[0], &a[1]), elementwise::binary(c, &elementwise::MOD, &a[0], &a[1]))
        })
    }
}

/// x 2^e with integers e, with broadcasting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ldexp(cx: *mut ag_context, x: ag_array, e: ag_array) -> ag_array {
    two(cx, "ag_ldexp", x, e, number::ldexp)
}

/// The next floating-point number after x on the way to y, with broadcasting. A plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nextafter(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_nextafter", x, y, number::nextafter)
}

/// The distance to the next floating-point number away from 0, with the sign of x. A plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_spacing(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_spacing", x, number::spacing)
}

/// Whether the sign is set, that of -0 and of NaN too. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_signbit(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_signbit", x, number::signbit)
}

/// The nearest whole number towards 0. Piecewise constant: a plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fix(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_fix", x, number::fix)
}

/// Rounded to so many decimals, halves to even; -1 rounds to tens and so on. A plain array, no derivative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_round(cx: *mut ag_context, x: ag_array, decimals: i64) -> ag_array {
    one(cx, "ag_round", x, |c, x| number::round(c, x, decimals))
}

/// Rounded to so many decimals, halves to even: another name of ag_round.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_around(cx: *mut ag_context, x: ag_array, decimals: i64) -> ag_array {
    one(cx, "ag_around", x, |c, x| number::round(c, x, decimals))
}

/// x limited by arrays of lower and upper bounds, with broadcasting; a null array is no bound. Outside and at a bound the
/// derivative belongs to the bound.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_clip_arrays(cx: *mut ag_context, x: ag_array, low: ag_array, high: ag_array) -> ag_array {
    guard_as(cx, "ag_clip_arrays", ag_array::NULL, |c| {
        let x = c.get("ag_clip_arrays", x);
        let [low, high] =
            [low, high].map(|h| if h == ag_array::NULL { Array::Null } else { c.get("ag_clip_arrays", h) });
        if c.core.failed() { ag_array::NULL } else { c.put(number::clip_arrays(&c.core, &x, &low, &high)) }
    })
}

/// x with NaN and the infinities replaced by the numbers given. The derivative is 0 where something was replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_nan_to_num_values(
    cx: *mut ag_context,
    x: ag_array,
    nan: f64,
    posinf: f64,
    neginf: f64,
) -> ag_array {
    one(cx, "ag_nan_to_num_values", x, |c, x| number::nan_to_num_values(c, x, nan, posinf, neginf))
}

/// The angle in the complex plane in degrees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_angle_degrees(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_angle_degrees", x, |c, x| elementwise::unary(c, &elementwise::RAD2DEG, &complex::angle(c, x)))
}

/// An array of the shape and dtype of `x`, every element `value`. A value that an integer cannot be is AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_full_like(cx: *mut ag_context, x: ag_array, value: f64) -> ag_array {
    one(cx, "ag_full_like", x, |c, x| number::full_like(c, x, value))
}

fn integer(cx: *const ag_context, f: &'static integers::Function, x: ag_array, y: ag_array) -> ag_array {
    two(cx, f.name, x, y, |c, x, y| integers::apply(c, f, x, y))
}

/// The greatest common divisor of integers, with broadcasting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_gcd(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    integer(cx, &integers::GCD, x, y)
}

/// The least common multiple of integers, with broadcasting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_lcm(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    integer(cx, &integers::LCM, x, y)
}

/// The bits that both integers have, with broadcasting; of booleans the logical and.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_bitwise_and(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    integer(cx, &integers::BITWISE_AND, x, y)
}

/// The bits that one of two integers has, with broadcasting; of booleans the logical or.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_bitwise_or(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    integer(cx, &integers::BITWISE_OR, x, y)
}

/// The bits that exactly one of two integers has, with broadcasting; of booleans the logical xor.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_bitwise_xor(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    integer(cx, &integers::BITWISE_XOR, x, y)
}

/// All bits of integers turned over; of booleans the negation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_invert(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_invert", x, integers::invert)
}

/// The bits of x moved up by y places, with broadcasting; 0 if y is negative or 64 and more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_left_shift(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    integer(cx, &integers::LEFT_SHIFT, x, y)
}

/// The bits of x moved down by y places, with broadcasting, the sign stays; all of them if y is negative or 64 and more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_right_shift(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    integer(cx, &integers::RIGHT_SHIFT, x, y)
}

/// Whether |x - y| <= absolute + relative |y|, element by element, with broadcasting (NumPy's defaults: relative 1e-5,
/// absolute 1e-8). Infinities are close to themselves, NaN to NaN if `equal_nan`. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isclose(
    cx: *mut ag_context,
    x: ag_array,
    y: ag_array,
    relative: f64,
    absolute: f64,
    equal_nan: bool,
) -> ag_array {
    two(cx, "ag_isclose", x, y, |c, x, y| predicates::isclose(c, x, y, Tolerance { relative, absolute, equal_nan }))
}

/// The answer to a question about two arrays; false on error.
fn question(
    cx: *const ag_context,
    name: &'static str,
    [x, y]: [ag_array; 2],
    f: impl FnOnce(&Context, &Array, &Array) -> Array,
) -> bool {
    guard_as(cx, name, false, |c| {
        let (Some(x), Some(y)) = (c.readable(name, x), c.readable(name, y)) else { return false };
        let answer = f(&c.core, &x, &y);
        let read = |t: crate::array::Tensor| t.first::<bool>();
        !c.core.failed() && c.check(name, c.core.tensor(&answer).map(read)) == Some(true)
    })
}

/// Whether all elements are close, see ag_isclose. false on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_allclose(
    cx: *mut ag_context,
    x: ag_array,
    y: ag_array,
    relative: f64,
    absolute: f64,
    equal_nan: bool,
) -> bool {
    let tolerance = Tolerance { relative, absolute, equal_nan };
    question(cx, "ag_allclose", [x, y], |c, x, y| predicates::allclose(c, x, y, tolerance))
}

/// Whether two arrays have the same shape and elements; NaN equals NaN if `equal_nan`. false on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_array_equal(cx: *mut ag_context, x: ag_array, y: ag_array, equal_nan: bool) -> bool {
    question(cx, "ag_array_equal", [x, y], |c, x, y| predicates::array_equal(c, x, y, equal_nan))
}

/// Whether two arrays have the same elements after broadcasting. false on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_array_equiv(cx: *mut ag_context, x: ag_array, y: ag_array) -> bool {
    question(cx, "ag_array_equiv", [x, y], predicates::array_equiv)
}

/// Whether the imaginary part is 0, element by element. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isreal(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_isreal", x, |c, x| predicates::isreal(c, true, x))
}

/// Whether the imaginary part is not 0, element by element. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_iscomplex(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_iscomplex", x, |c, x| predicates::isreal(c, false, x))
}

/// Whether the array is of a real dtype. false on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isrealobj(cx: *mut ag_context, x: ag_array) -> bool {
    guard(cx, false, |c| {
        let x = c.get("ag_isrealobj", x);
        !x.is_null() && !x.dtype().is_complex()
    })
}

/// Whether the array is of a complex dtype. false on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_iscomplexobj(cx: *mut ag_context, x: ag_array) -> bool {
    guard(cx, false, |c| {
        let x = c.get("ag_iscomplexobj", x);
        !x.is_null() && x.dtype().is_complex()
    })
}

/// Which real elements are +infinity. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isposinf(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_isposinf", x, |c, x| predicates::isinf(c, true, x))
}

/// Which real elements are -infinity. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isneginf(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_isneginf", x, |c, x| predicates::isinf(c, false, x))
}

/// Which elements of x are among those of `values`, or with `invert` are not. NaN is among nothing. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_isin(cx: *mut ag_context, x: ag_array, values: ag_array, invert: bool) -> ag_array {
    two(cx, "ag_isin", x, values, |c, x, values| predicates::isin(c, x, values, invert))
}

/// The dtype that results from combining the arrays; -1 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_result_type(cx: *mut ag_context, arrays: *const ag_array, n: usize) -> i32 {
    const NAME: &str = "ag_result_type";
    guard(cx, -1, |c| {
        // SAFETY: `n` handles, the caller's promise.
        let Some(arrays) = (unsafe { slice(c, NAME, "arrays", arrays, n) }) else { return -1 };
        let arrays = c.get_all(NAME, arrays);
        if c.core.failed() {
            return -1;
        }
        let Some(first) = arrays.first() else {
            c.core.fail(crate::error::Error::value("at least one array is required").within(NAME));
            return -1;
        };
        arrays.iter().fold(first.dtype(), |d, a| d.promote(a.dtype())) as i32
    })
}
