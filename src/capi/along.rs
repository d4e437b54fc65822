//! Functions called with the lines of an array, or with the coordinates of a grid.

use super::callback::{ag_function, arguments};
use super::{ag_array, ag_context, guard_as};
use crate::error::Error;
use crate::operators::along::apply_along_axis;
use crate::ops::positions;
use std::ffi::c_void;

/// The results of a function for all lines of x along an axis: args[0] is a line, a vector. They must have one shape, and
/// their axes stand where `axis` was. Differentiable, as the function is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_apply_along_axis(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    x: ag_array,
    axis: i64,
) -> ag_array {
    const NAME: &str = "ag_apply_along_axis";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        // SAFETY: one handle.
        let Some(args) = (unsafe { arguments(c, NAME, f, &raw const x, 1, None) }) else { return ag_array::NULL };
        let y = apply_along_axis(&c.core, &c.function(NAME, f, user), &args[0], axis);
        c.check(NAME, y).map_or(ag_array::NULL, |y| c.put(y))
    })
}

/// f of the coordinates of a grid: args[i], of the shape given and of this dtype (NumPy's default is AG_F64), has those along axis
/// i. What f returns is the result, whatever its shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_fromfunction(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    shape: *const i64,
    ndim: usize,
    dtype: i32,
) -> ag_array {
    const NAME: &str = "ag_fromfunction";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        if f.is_none() {
            c.core.fail(Error::argument("the function f is NULL").within(NAME));
            return ag_array::NULL;
        }
        let (Some(grid), Some(dtype)) = (c.shape(NAME, shape, ndim), c.dtype(NAME, dtype)) else {
            return ag_array::NULL;
        };
        let coordinates = c.check(NAME, positions::coordinates(&c.core, &grid, dtype));
        let y = coordinates.and_then(|args| c.function(NAME, f, user)(&c.core, &args).pop());
        y.filter(|_| !c.core.failed()).map_or(ag_array::NULL, |y| c.put(y))
    })
}
