//! Comparisons and logic, element by element.

use super::elementwise::scalar;
use super::{ag_array, ag_context, two};
use crate::ops::elementwise;

/// x == y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_equal", x, y, |c, x, y| elementwise::compare(c, &elementwise::EQUAL, x, y))
}

/// x == y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_equal_scalar", x, y, |c, x, y| elementwise::compare(c, &elementwise::EQUAL, x, y))
}

/// x != y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_not_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_not_equal", x, y, |c, x, y| elementwise::compare(c, &elementwise::NOT_EQUAL, x, y))
}

/// x != y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_not_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_not_equal_scalar", x, y, |c, x, y| elementwise::compare(c, &elementwise::NOT_EQUAL, x, y))
}

/// x < y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_less", x, y, |c, x, y| elementwise::compare(c, &elementwise::LESS, x, y))
}

/// x < y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_less_scalar", x, y, |c, x, y| elementwise::compare(c, &elementwise::LESS, x, y))
}

/// x <= y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_less_equal", x, y, |c, x, y| elementwise::compare(c, &elementwise::LESS_EQUAL, x, y))
}

/// x <= y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_less_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_less_equal_scalar", x, y, |c, x, y| elementwise::compare(c, &elementwise::LESS_EQUAL, x, y))
}

/// x > y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_greater", x, y, |c, x, y| elementwise::compare(c, &elementwise::GREATER, x, y))
}

/// x > y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_greater_scalar", x, y, |c, x, y| elementwise::compare(c, &elementwise::GREATER, x, y))
}

/// x >= y, element by element, with broadcasting. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater_equal(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_greater_equal", x, y, |c, x, y| elementwise::compare(c, &elementwise::GREATER_EQUAL, x, y))
}

/// x >= y for a number y. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_greater_equal_scalar(cx: *mut ag_context, x: ag_array, y: f64) -> ag_array {
    scalar(cx, "ag_greater_equal_scalar", x, y, |c, x, y| elementwise::compare(c, &elementwise::GREATER_EQUAL, x, y))
}

/// Logical and of what is not 0. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logical_and(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_logical_and", x, y, |c, x, y| elementwise::compare(c, &elementwise::LOGICAL_AND, x, y))
}

/// Logical or of what is not 0. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logical_or(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_logical_or", x, y, |c, x, y| elementwise::compare(c, &elementwise::LOGICAL_OR, x, y))
}

/// Logical xor of what is not 0. A boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logical_xor(cx: *mut ag_context, x: ag_array, y: ag_array) -> ag_array {
    two(cx, "ag_logical_xor", x, y, |c, x, y| elementwise::compare(c, &elementwise::LOGICAL_XOR, x, y))
}
