//! Reductions with a mask and an initial value.

use super::shape::{list, well};
use super::statistics::optional;
use super::{ag_array, ag_context, guard_as, slice, store};
use crate::array::shape;
use crate::error::Result;
use crate::ops::logsumexp::{self, logsumexp_with};
use crate::ops::masked::{Kind, Options, reduce};
use crate::ops::reduce::all_axes;
use crate::trace::Array;

/// How a reduction is done. Set struct_size to sizeof(ag_reduce_options) and everything that isn't used to 0; NULL is
/// allowed for all 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_reduce_options {
    pub struct_size: usize,
    /// The axes reduced; NULL: all.
    pub axes: *const i64,
    pub naxes: usize,
    /// The axes reduced stay, with extent 1.
    pub keepdims: bool,
    /// NumPy's where: a boolean array that broadcasts to the one reduced; elements where it is false have no influence.
    /// Null: all elements take part.
    pub mask: ag_array,
    /// An array of rank 0 that the sum, product or extremum begins with. Null: none. An extremum of nothing, or with a
    /// mask, needs one.
    pub initial: ag_array,
    /// Variances are divided by the number of elements less this.
    pub ddof: f64,
}

fn with(
    cx: *const ag_context,
    name: &'static str,
    kind: Kind,
    x: ag_array,
    options: *const ag_reduce_options,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let (axes, null) = (std::ptr::null(), ag_array::NULL);
        let defaults =
            ag_reduce_options { struct_size: 0, axes, naxes: 0, keepdims: false, mask: null, initial: null, ddof: 0.0 };
        // SAFETY: NULL, or a struct whose first field says how long it is: the caller's promise.
        let Some(options) = (unsafe { super::options(c, name, options, defaults) }) else { return ag_array::NULL };
        let x = c.get(name, x);
        let [mask, initial] =
            [options.mask, options.initial].map(|h| if h == ag_array::NULL { Array::Null } else { c.get(name, h) });
        if c.core.failed() {
            return ag_array::NULL;
        }
        let axes = if options.axes.is_null() {
            Some(all_axes(&x))
        } else {
            // SAFETY: `naxes` axes, the caller's promise.
            unsafe { slice(c, name, "axes", options.axes, options.naxes) }
                .and_then(|axes| c.check(name, shape::normalize_axes(axes, x.ndim())))
        };
        let Some(axes) = axes else { return ag_array::NULL };
        let options =
            Options { axes: &axes, keepdims: options.keepdims, mask: &mask, initial: &initial, ddof: options.ddof };
        c.put(reduce(&c.core, name, kind, &x, &options))
    })
}

/// The sum with options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_sum_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_sum_with", Kind::Sum, x, options)
}

/// The product with options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_prod_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_prod_with", Kind::Prod, x, options)
}

/// The largest element with options. Elements that tie share the cotangent equally, the initial value takes half of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_max_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_max_with", Kind::Max, x, options)
}

/// The smallest element with options. Elements that tie share the cotangent equally, the initial value takes half of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_min_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_min_with", Kind::Min, x, options)
}

/// The mean with options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_mean_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_mean_with", Kind::Mean, x, options)
}

/// The variance with options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_var_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_var_with", Kind::Var, x, options)
}

/// The standard deviation with options. Of equal elements the derivative is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_std_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_std_with", Kind::Std, x, options)
}

/// Whether all elements are true (not 0), with options. A plain boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_all_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_all_with", Kind::All, x, options)
}

/// Whether any element is true (not 0), with options. A plain boolean array.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_any_with(cx: *mut ag_context, x: ag_array, options: *const ag_reduce_options) -> ag_array {
    with(cx, "ag_any_with", Kind::Any, x, options)
}

/// log(sum(b exp(x))) over several axes (NULL: all) of what x and the weights b broadcast to, without overflow; with `keepdims`
/// the axes stay, with extent 1. Without weights (the null array) they are 1; an element with weight 0 has no influence on the sum.
/// Elements where the boolean array `mask` is false have no influence at all (the null array: there is no mask). Of nothing, or if
/// the sum is 0, it is -infinity. If the sum is negative, it is NaN; but with `sign` (not NULL) it is the logarithm of the absolute value, and
/// *sign is a plain array of the sums' signs: -1, 0 or 1. Differentiable in x and b; real numbers only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_logsumexp_with(
    cx: *mut ag_context,
    x: ag_array,
    axes: *const i64,
    naxes: usize,
    keepdims: bool,
    b: ag_array,
    mask: ag_array,
    sign: *mut ag_array,
) -> ag_array {
    const NAME: &str = "ag_logsumexp_with";
    let (y, found) = guard_as(cx, "ag_logsumexp_with", (ag_array::NULL, ag_array::NULL), |c| {
        let run = || -> Result<(Array, Array)> {
            let x = c.get(NAME, x);
            let (weights, mask) = (optional(c, NAME, b)?, optional(c, NAME, mask)?);
            let all = axes.is_null();
            // SAFETY: `naxes` axes, the caller's promise.
            let axes = if all { &[] } else { unsafe { list(c, NAME, "axes", axes, naxes) }? };
            let (weights, mask) = (weights.unwrap_or_default(), mask.unwrap_or_default());
            let signed = !sign.is_null();
            let options = logsumexp::Options { axes, all, keepdims, weights: &weights, mask: &mask, signed };
            Ok(logsumexp_with(&c.core, &x, &options))
        };
        match c.check(NAME, run()) {
            Some((y, s)) if well(c, NAME) => (c.put(y), if sign.is_null() { ag_array::NULL } else { c.put(s) }),
            _ => (ag_array::NULL, ag_array::NULL),
        }
    });
    // SAFETY: NULL, or may be written: the caller's promise.
    unsafe { store(sign, found) };
    y
}
