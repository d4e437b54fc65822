//! Reductions. Each in three forms: over all axes, over one axis, over several.

use super::{ag_array, ag_context, guard, guard_as, slice};
use crate::array::{Axes, shape};
use crate::ops::reduce;
use crate::trace::{Array, Context};

/// Which axes are reduced.
pub(super) enum Which {
    All,
    One(i64),
    /// Pointer and number; NULL for all axes.
    Several(*const i64, usize),
}

pub(super) fn reduction(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    which: Which,
    f: impl FnOnce(&Context, &Array, &[usize]) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        if x.is_null() {
            return ag_array::NULL;
        }
        let axes: Option<Axes> = match which {
            Which::All => Some(reduce::all_axes(&x)),
            Which::Several(axes, _) if axes.is_null() => Some(reduce::all_axes(&x)),
            Which::One(axis) => c.check(name, shape::normalize_axes(&[axis], x.ndim())),
            // SAFETY: `n` axes, the caller's promise.
            Which::Several(axes, n) => unsafe { slice(c, name, "axes", axes, n) }
                .and_then(|axes| c.check(name, shape::normalize_axes(axes, x.ndim()))),
        };
        axes.map_or(ag_array::NULL, |axes| super::shape::made(c, name, Ok(f(&c.core, &x, &axes))))
    })
}

/// The sum of a small array, looked at where it lies. `None` for the general way, errors included.
fn total(cx: *const ag_context, x: ag_array) -> Option<ag_array> {
    guard(cx, None, |c| {
        let number = reduce::total(&c.core, c.slots.borrow().value(x)?)?;
        Some(c.put_number(number))
    })
}

/// The sum of all elements; of booleans how many are true.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sum(cx: *mut ag_context, x: ag_array) -> ag_array {
    total(cx, x).unwrap_or_else(|| reduction(cx, "ag_sum", x, Which::All, |c, x, axes| reduce::sum(c, x, axes, false)))
}

/// The sum along one axis; of booleans how many are true. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sum_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_sum_axis", x, Which::One(axis), |c, x, axes| reduce::sum(c, x, axes, keepdims))
}

/// The sum along several axes (NULL: all); of booleans how many are true. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sum_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_sum_axes", x, Which::Several(axes, naxes), |c, x, axes| reduce::sum(c, x, axes, keepdims))
}

/// The mean of all elements; NaN of none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mean(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_mean", x, Which::All, |c, x, axes| reduce::mean(c, x, axes, false))
}

/// The mean along one axis; NaN of nothing. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mean_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_mean_axis", x, Which::One(axis), |c, x, axes| reduce::mean(c, x, axes, keepdims))
}

/// The mean along several axes (NULL: all); NaN of nothing. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mean_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_mean_axes", x, Which::Several(axes, naxes), |c, x, axes| reduce::mean(c, x, axes, keepdims))
}

/// The largest element; NaN if there is one. Elements that tie share the cotangent equally. Of none AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_max(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_max", x, Which::All, |c, x, axes| reduce::extremum(c, true, x, axes, false))
}

/// The largest element along one axis; NaN where there is one. Ties share the cotangent equally. Of nothing
/// AG_ERR_VALUE. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_max_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_max_axis", x, Which::One(axis), |c, x, axes| reduce::extremum(c, true, x, axes, keepdims))
}

/// The largest element along several axes (NULL: all); NaN where there is one. Ties share the cotangent equally. Of
/// nothing AG_ERR_VALUE. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_max_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_max_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        reduce::extremum(c, true, x, axes, keepdims)
    })
}

/// The smallest element; NaN if there is one. Elements that tie share the cotangent equally. Of none AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_min(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_min", x, Which::All, |c, x, axes| reduce::extremum(c, false, x, axes, false))
}

/// The smallest element along one axis; NaN where there is one. Ties share the cotangent equally. Of nothing
/// AG_ERR_VALUE. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_min_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_min_axis", x, Which::One(axis), |c, x, axes| reduce::extremum(c, false, x, axes, keepdims))
}

/// The smallest element along several axes (NULL: all); NaN where there is one. Ties share the cotangent equally. Of
/// nothing AG_ERR_VALUE. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_min_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_min_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        reduce::extremum(c, false, x, axes, keepdims)
    })
}

/// The product of all elements. The derivative is exact also if some are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_prod(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_prod", x, Which::All, |c, x, axes| reduce::prod(c, x, axes, false))
}

/// The product along one axis, with an exact derivative also if some elements are 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_prod_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_prod_axis", x, Which::One(axis), |c, x, axes| reduce::prod(c, x, axes, keepdims))
}

/// The product along several axes (NULL: all), with an exact derivative also if some elements are 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_prod_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_prod_axes", x, Which::Several(axes, naxes), |c, x, axes| reduce::prod(c, x, axes, keepdims))
}

/// log(sum(exp(x))) without overflow. The derivative is the softmax; where all elements are -infinity it is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logsumexp(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_logsumexp", x, Which::All, |c, x, axes| reduce::logsumexp(c, x, axes, false))
}

/// log(sum(exp(x))) along one axis, without overflow. The derivative is the softmax; where all elements are -infinity
/// it is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logsumexp_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_logsumexp_axis", x, Which::One(axis), |c, x, axes| reduce::logsumexp(c, x, axes, keepdims))
}

/// log(sum(exp(x))) along several axes (NULL: all), without overflow. The derivative is the softmax; where all elements
/// are -infinity it is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logsumexp_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_logsumexp_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        reduce::logsumexp(c, x, axes, keepdims)
    })
}

/// The variance of all elements: the mean of |x - mean|^2. ag_var_axis and ag_var_axes divide by n - ddof.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_var(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_var", x, Which::All, |c, x, axes| reduce::var(c, x, axes, 0.0, false))
}

/// The variance along one axis: the sum of |x - mean|^2, divided by n - ddof. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_var_axis(
    cx: *mut ag_context,
    x: ag_array,
    axis: i64,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_var_axis", x, Which::One(axis), |c, x, axes| reduce::var(c, x, axes, ddof, keepdims))
}

/// The variance along several axes (NULL: all): the sum of |x - mean|^2, divided by n - ddof. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_var_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_var_axes", x, Which::Several(axes, naxes), |c, x, axes| reduce::var(c, x, axes, ddof, keepdims))
}

/// The standard deviation of all elements. Of equal elements the derivative is 0. ag_std_axis and ag_std_axes divide by
/// n - ddof.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_std(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_std", x, Which::All, |c, x, axes| reduce::std(c, x, axes, 0.0, false))
}

/// The standard deviation along one axis, from squares divided by n - ddof. Of equal elements the derivative is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_std_axis(
    cx: *mut ag_context,
    x: ag_array,
    axis: i64,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_std_axis", x, Which::One(axis), |c, x, axes| reduce::std(c, x, axes, ddof, keepdims))
}

/// The standard deviation along several axes (NULL: all), from squares divided by n - ddof. Of equal elements the
/// derivative is 0. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_std_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    ddof: f64,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_std_axes", x, Which::Several(axes, naxes), |c, x, axes| reduce::std(c, x, axes, ddof, keepdims))
}

/// Whether all elements are not 0. A plain boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_all(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_all", x, Which::All, |c, x, axes| reduce::all_any(c, true, x, axes, false))
}

/// Whether all elements are not 0, along one axis: a plain boolean array. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_all_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_all_axis", x, Which::One(axis), |c, x, axes| reduce::all_any(c, true, x, axes, keepdims))
}

/// Whether all elements are not 0, along several axes (NULL: all): a plain boolean array. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_all_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_all_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        reduce::all_any(c, true, x, axes, keepdims)
    })
}

/// Whether some element is not 0. A plain boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_any(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_any", x, Which::All, |c, x, axes| reduce::all_any(c, false, x, axes, false))
}

/// Whether some element is not 0, along one axis: a plain boolean array. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_any_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_any_axis", x, Which::One(axis), |c, x, axes| reduce::all_any(c, false, x, axes, keepdims))
}

/// Whether some element is not 0, along several axes (NULL: all): a plain boolean array. `keepdims` leaves extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_any_axes(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
) -> ag_array {
    reduction(cx, "ag_any_axes", x, Which::Several(axes, naxes), |c, x, axes| {
        reduce::all_any(c, false, x, axes, keepdims)
    })
}

/// The position of the first largest element in row-major order; a plain i64 array of rank 0. Of none AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argmax(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_argmax", x, Which::All, |c, x, _| reduce::argbest(c, true, x, None, false))
}

/// The positions of the first largest elements along one axis; with `keepdims` it stays, with extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argmax_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_argmax_axis", x, Which::One(axis), |c, x, axes| {
        reduce::argbest(c, true, x, Some(axes[0]), keepdims)
    })
}

/// The position of the first smallest element in row-major order; a plain i64 array of rank 0. Of none AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argmin(cx: *mut ag_context, x: ag_array) -> ag_array {
    reduction(cx, "ag_argmin", x, Which::All, |c, x, _| reduce::argbest(c, false, x, None, false))
}

/// The positions of the first smallest elements along one axis; with `keepdims` it stays, with extent 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_argmin_axis(cx: *mut ag_context, x: ag_array, axis: i64, keepdims: bool) -> ag_array {
    reduction(cx, "ag_argmin_axis", x, Which::One(axis), |c, x, axes| {
        reduce::argbest(c, false, x, Some(axes[0]), keepdims)
    })
}
