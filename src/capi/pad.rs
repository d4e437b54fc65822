//! Padding. Widths are pairs (before and after): one pair for all axes, or one for each.

use super::shape::{checked, list};
use super::{ag_array, ag_context};
use crate::error::{Error, Result};
use crate::ops::pad::{self, Mode};
use crate::trace::Array;

/// Zeros.
pub const AG_PAD_ZEROS: i32 = 0;
/// The nearest element.
pub const AG_PAD_EDGE: i32 = 1;
/// The greatest element along the axis.
pub const AG_PAD_MAXIMUM: i32 = 2;
/// The mean of the elements along the axis.
pub const AG_PAD_MEAN: i32 = 3;
/// The median of the elements along the axis.
pub const AG_PAD_MEDIAN: i32 = 4;
/// The smallest element along the axis.
pub const AG_PAD_MINIMUM: i32 = 5;
/// Mirrored at the first and last elements: c b | a b c | b a.
pub const AG_PAD_REFLECT: i32 = 6;
/// Turned about the first and last elements: mirrored and subtracted from twice these.
pub const AG_PAD_REFLECT_ODD: i32 = 7;
/// Mirrored at the borders: b a | a b c | c b.
pub const AG_PAD_SYMMETRIC: i32 = 8;
/// Mirrored at the borders and subtracted from twice the first and last elements.
pub const AG_PAD_SYMMETRIC_ODD: i32 = 9;
/// Periodic: b c | a b c | a b.
pub const AG_PAD_WRAP: i32 = 10;

fn mode(code: i32) -> Result<Option<Mode>> {
    Ok(Some(match code {
        AG_PAD_ZEROS => return Ok(None),
        AG_PAD_EDGE => Mode::Edge,
        AG_PAD_MAXIMUM => Mode::Maximum,
        AG_PAD_MEAN => Mode::Mean,
        AG_PAD_MEDIAN => Mode::Median,
        AG_PAD_MINIMUM => Mode::Minimum,
        AG_PAD_REFLECT => Mode::Reflect { odd: false },
        AG_PAD_REFLECT_ODD => Mode::Reflect { odd: true },
        AG_PAD_SYMMETRIC => Mode::Symmetric { odd: false },
        AG_PAD_SYMMETRIC_ODD => Mode::Symmetric { odd: true },
        AG_PAD_WRAP => Mode::Wrap,
        _ => return Err(Error::value(format!("mode {code} is not supported (AG_PAD_ZEROS to AG_PAD_WRAP)"))),
    }))
}

fn padded(
    cx: *mut ag_context,
    name: &'static str,
    x: ag_array,
    widths: *const i64,
    npairs: usize,
    f: impl FnOnce(&ag_context, &Array, &[[usize; 2]]) -> Result<Array>,
) -> ag_array {
    checked(cx, name, x, |c, x| {
        // SAFETY: so many pairs, the caller's promise.
        let numbers = unsafe { list(c, name, "widths", widths, npairs.saturating_mul(2)) }?;
        f(c, x, &pad::widths(x, numbers)?)
    })
}

/// x with new elements around it: widths[2 i] before and widths[2 i + 1] after along axis i, if npairs is the number of
/// axes; with npairs 1 the same for all axes. `mode_code` is AG_PAD_ZEROS to AG_PAD_WRAP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_pad(
    cx: *mut ag_context,
    x: ag_array,
    widths: *const i64,
    npairs: usize,
    mode_code: i32,
) -> ag_array {
    padded(cx, "ag_pad", x, widths, npairs, |c, x, widths| match mode(mode_code)? {
        None => pad::zeros(&c.core, x, widths),
        Some(mode) => pad::pad(&c.core, x, widths, mode, None),
    })
}

/// x with new elements around it as by ag_pad, where the maximum, mean, median or minimum is that of the first
/// lengths[2 i] and the last lengths[2 i + 1] elements along axis i only (as many pairs as widths has). Other modes
/// take no notice of the lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_pad_statistic(
    cx: *mut ag_context,
    x: ag_array,
    widths: *const i64,
    npairs: usize,
    mode_code: i32,
    lengths: *const i64,
) -> ag_array {
    const NAME: &str = "ag_pad_statistic";
    padded(cx, NAME, x, widths, npairs, |c, x, widths| {
        // SAFETY: so many pairs, the caller's promise.
        let lengths = unsafe { list(c, NAME, "lengths", lengths, npairs.saturating_mul(2)) }?;
        match mode(mode_code)? {
            None => pad::zeros(&c.core, x, widths),
            Some(mode) => pad::pad(&c.core, x, widths, mode, Some(lengths)),
        }
    })
}

/// x with constants around it, with widths as for ag_pad. The values broadcast to (axes, 2): for each axis those before
/// and after. Differentiable in both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_pad_constant(
    cx: *mut ag_context,
    x: ag_array,
    widths: *const i64,
    npairs: usize,
    values: ag_array,
) -> ag_array {
    const NAME: &str = "ag_pad_constant";
    padded(cx, NAME, x, widths, npairs, |c, x, widths| {
        let values = c.get(NAME, values);
        if values.is_null() { Ok(Array::Null) } else { pad::constant(&c.core, x, widths, &values) }
    })
}

/// x with lines around it from its edges to end values, with widths as for ag_pad. The end values broadcast to (axes,
/// 2): for each axis those before and after. Differentiable in both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_pad_linear_ramp(
    cx: *mut ag_context,
    x: ag_array,
    widths: *const i64,
    npairs: usize,
    end_values: ag_array,
) -> ag_array {
    const NAME: &str = "ag_pad_linear_ramp";
    padded(cx, NAME, x, widths, npairs, |c, x, widths| {
        let ends = c.get(NAME, end_values);
        if ends.is_null() { Ok(Array::Null) } else { pad::linear_ramp(&c.core, x, widths, &ends) }
    })
}
