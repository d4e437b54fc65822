//! Arithmetic of an array and a complex number, which C has no type for that every compiler knows.

use super::{ag_array, ag_context, one};
use crate::ops::{complex, elementwise};

/// An operation of an array and a complex number, in the array's precision; the number is the first argument if `flip`.
fn with_complex(
    cx: *mut ag_context,
    name: &'static str,
    row: &'static elementwise::Binary,
    x: ag_array,
    (re, im): (f64, f64),
    flip: bool,
) -> ag_array {
    one(cx, name, x, |c, x| {
        let y = elementwise::astype(c, &complex::number(c, re, im), x.dtype().inexact().complex());
        if flip { elementwise::binary(c, row, &y, x) } else { elementwise::binary(c, row, x, &y) }
    })
}

/// x + y for a complex number y = re + i im; the result is complex, in the precision of x.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_add_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_add_complex", &elementwise::ADD, x, (re, im), false)
}

/// x - y for a complex number y, see ag_add_complex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sub_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_sub_complex", &elementwise::SUB, x, (re, im), false)
}

/// y - x for a complex number y, see ag_add_complex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rsub_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_rsub_complex", &elementwise::SUB, x, (re, im), true)
}

/// x * y for a complex number y, see ag_add_complex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mul_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_mul_complex", &elementwise::MUL, x, (re, im), false)
}

/// x / y for a complex number y, see ag_add_complex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_div_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_div_complex", &elementwise::DIV, x, (re, im), false)
}

/// y / x for a complex number y, see ag_add_complex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rdiv_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_rdiv_complex", &elementwise::DIV, x, (re, im), true)
}

/// x to the power of a complex number y, see ag_add_complex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_pow_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_pow_complex", &elementwise::POW, x, (re, im), false)
}

/// A complex number y to the power of x, see ag_add_complex.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_rpow_complex(cx: *mut ag_context, x: ag_array, re: f64, im: f64) -> ag_array {
    with_complex(cx, "ag_rpow_complex", &elementwise::POW, x, (re, im), true)
}
