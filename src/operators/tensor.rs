//! Products of derivatives with tensors, and derivatives in forward mode: the operators of autograd that are made of others.

use super::again::alike;
use super::grad::{Function, check_differentiable, grad, hvps, jvp, normal, one, push_forward, record, settle};
use super::jacobian::{Mode, jacobian};
use crate::array::{Axes, shape};
use crate::error::{Error, Result};
use crate::ops::{create, product};
use crate::trace::{Array, Arrays, Context};
use shape::Show;

/// The leading axes of `tensor` and of `y`, all of them of the former or of the latter, must agree.
fn check(name: &str, what: &str, tensor: &[usize], of: &[usize]) -> Result<()> {
    if tensor.len() > of.len() || tensor != &of[..tensor.len()] {
        return Err(Error::shape(format!(
            "the tensor has shape {}, expected the first axes of {what}, which has shape {}",
            Show(tensor),
            Show(of)
        ))
        .within(name));
    }
    Ok(())
}

/// `tensor` contracted with the first axes of `y`.
fn contract(cx: &Context, tensor: &Array, y: &Array) -> Array {
    let axes: Axes = (0..tensor.ndim()).collect();
    product::tensordot(cx, "ag_tensordot", tensor, y, &axes, &axes)
}

/// `tensor_jacobian_product`: the tensor, over the first axes of the result, contracted with the Jacobian. Shape: what is left
/// of the result's, then the argument's.
pub fn tensor_jacobian_product(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize, tensor: &Array) -> Array {
    const NAME: &str = "ag_tensor_jacobian_product";
    let contracted = one(|cx: &Context, args: &[Array]| {
        let y = f(cx, args).pop().unwrap_or_default();
        if !check_differentiable(cx, NAME, &y) {
            return Array::Null;
        }
        match check(NAME, "the result", tensor.shape(), y.shape()) {
            Ok(()) => contract(cx, tensor, &y),
            Err(e) => cx.fail(e),
        }
    });
    jacobian(cx, &contracted, args, argnum, Mode::Reverse)
}

/// `hessian_tensor_product`: the tensor, over the first axes of the argument, contracted with the Hessian. Shape: what is
/// left of the argument's, then the argument's.
pub fn hessian_tensor_product(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize, tensor: &Array) -> Array {
    const NAME: &str = "ag_hessian_tensor_product";
    let x = &args[argnum];
    if let Err(e) = check(NAME, "the argument", tensor.shape(), x.shape()) {
        return cx.fail(e);
    }
    if tensor.ndim() == x.ndim() {
        // A product with a vector: forward over reverse, which never records the gradient's own operations.
        return hvps(cx, f, args, &[argnum], std::slice::from_ref(tensor)).pop().unwrap_or_default();
    }
    let contracted = one(|cx: &Context, args: &[Array]| contract(cx, tensor, &grad(cx, NAME, f, args, argnum)));
    jacobian(cx, &contracted, args, argnum, Mode::Reverse)
}

/// `deriv`: the derivative of a function of a number, or of one that works element by element, in forward mode.
pub fn deriv(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize) -> Array {
    let x = &args[argnum];
    let ones = create::full(cx, x.dtype().inexact(), x.shape(), 1.0);
    let (values, mut found) = push_forward(cx, "ag_deriv", f, args, &[argnum], &[ones]);
    super::grad::check_any_differentiable(cx, "ag_deriv", values.iter());
    if cx.failed() { Array::Null } else { found.pop().unwrap_or_default() }
}

/// `make_ggnvp`: the generalised Gauss-Newton product J^T H J v, with J the Jacobian of `f` with respect to an argument and
/// H the Hessian of `g` (real, of one element) at the result of `f`.
pub fn ggnvp(cx: &Context, f: &Function<'_>, g: &Function<'_>, args: &[Array], argnum: usize, v: &Array) -> Array {
    ggnvps(cx, f, g, args, &[argnum], std::slice::from_ref(v)).pop().unwrap_or_default()
}

/// The same with respect to several arguments together; `g` takes all results of `f`.
pub fn ggnvps(
    cx: &Context,
    f: &Function<'_>,
    g: &Function<'_>,
    args: &[Array],
    argnums: &[usize],
    vs: &[Array],
) -> Arrays {
    let f: &Function<'_> = &alike("ag_ggnvp", f);
    let (ys, jvs) = jvp(cx, f, args, argnums, vs);
    if cx.failed() {
        return Array::nulls(argnums.len());
    }
    // Integers among the results are no variables of g.
    let inner: Vec<usize> = (0..ys.len()).filter(|&i| ys[i].dtype().is_inexact()).collect();
    let jvs: Arrays = inner.iter().map(|&i| jvs[i].clone()).collect();
    let mut hjvs: Arrays = Array::nulls(ys.len());
    for (&i, hjv) in inner.iter().zip(hvps(cx, g, &ys, &inner, &jvs)) {
        hjvs[i] = hjv;
    }
    let recorded = record(cx, f, args, argnums);
    let found: Arrays = if cx.failed() { Array::nulls(argnums.len()) } else { recorded.pull(cx, &hjvs, true) };
    super::grad::close(cx, recorded);
    settle(cx, found.iter());
    found.into_iter().map(normal).collect()
}
