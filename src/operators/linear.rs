//! Derivatives at a point as linear maps that are applied any number of times, and gradients beside other results.
//!
//! A recorded call is such a map: its VJP. So the two others are recorded calls of other functions. The VJP of the
//! gradient is the product with the Hessian. The VJP of the VJP is the JVP: for fixed arguments the VJP is linear in
//! the cotangent, and the transpose of the transposed Jacobian is the Jacobian.

use super::grad::{
    Function, Recorded, check_any_differentiable, check_scalar, close, normal, record, settle, value_and_grads,
};
use crate::array::Shape;
use crate::ops::{create, zeros};
use crate::trace::{Array, Arrays, Context, Meta};
use smallvec::SmallVec;

/// The values of `f`, and the record that maps tangents of the arguments `argnums` to tangents of the results. It is
/// null if the function failed.
pub fn make_jvp(cx: &Context, f: &Function<'_>, args: &[Array], argnums: &[usize]) -> (Arrays, Option<Recorded>) {
    let inner = record(cx, f, args, argnums);
    check_any_differentiable(cx, "ag_make_jvp", inner.values());
    if cx.failed() {
        close(cx, inner);
        return (Arrays::new(), None);
    }
    let values: Arrays = inner.values().cloned().collect();
    // A linear map has the same derivative everywhere.
    let origin: Arrays = values
        .iter()
        .map(|y| zeros(cx, &Meta { dtype: y.dtype().inexact(), shape: Shape::from_slice(y.shape()) }))
        .collect();
    let all: SmallVec<[usize; 4]> = (0..origin.len()).collect();
    let vjp = |cx: &Context, gs: &[Array]| {
        // The cotangents were boxed on the youngest level; a rule that takes their history away would make the map 0.
        let transposing = cx.transposing.replace(cx.trace.last_serial());
        let found = inner.pull(cx, gs, false).into_iter().collect();
        cx.transposing.set(transposing);
        found
    };
    let outer = record(cx, &vjp, &origin, &all);
    close(cx, inner);
    if cx.failed() {
        close(cx, outer);
        return (Arrays::new(), None);
    }
    (values, Some(outer))
}

/// The gradients of `f`, and the record that maps vectors to their products with the Hessian over the arguments
/// `argnums`: reverse over reverse. Each product costs a sweep, and no evaluation of the function.
pub fn make_hvp(cx: &Context, f: &Function<'_>, args: &[Array], argnums: &[usize]) -> (Arrays, Option<Recorded>) {
    let gradients =
        |cx: &Context, args: &[Array]| value_and_grads(cx, "ag_make_hvp", f, args, argnums).1.into_iter().collect();
    let recorded = record(cx, &gradients, args, argnums);
    if cx.failed() {
        close(cx, recorded);
        return (Arrays::new(), None);
    }
    (recorded.values().cloned().collect(), Some(recorded))
}

/// The gradient of the first result with respect to one argument, and all results.
pub fn grad_and_aux(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize) -> (Array, Arrays) {
    let recorded = record(cx, f, args, &[argnum]);
    let (mut gradient, values): (Array, Arrays) = (Array::Null, recorded.values().cloned().collect());
    if check_scalar(cx, "ag_grad_and_aux", &recorded.value()) {
        let mut seeds: Arrays = Array::nulls(values.len());
        seeds[0] = create::full(cx, values[0].dtype(), values[0].shape(), 1.0);
        gradient = recorded.pull(cx, &seeds, true).pop().unwrap_or_default();
    }
    close(cx, recorded);
    settle(cx, values.iter().chain([&gradient]));
    if cx.failed() {
        return (Array::Null, Array::nulls(values.len()));
    }
    (normal(gradient), values.into_iter().map(normal).collect())
}
