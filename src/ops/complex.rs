//! Real and imaginary parts, conjugation, absolute value, angle.
//!
//! The library's complex convention: for f = u + iv of z = x + iy the gradient is du/dx - i du/dy. A holomorphic
//! function's VJP is then `g` times its derivative, without conjugation, and the functions of this file get the rules
//! that stand beside them. Tangents are ordinary directional derivatives.

use super::elementwise::{self, binary, cast, compare, select, unary};
use crate::array::{DType, Op, Operand, Shape};
use crate::error::Result;
use crate::kernels::math::{self, ToRealKernel};
use crate::trace::{ANS, Array, Context, Kept, Primitive, apply};
use num_complex::{Complex32, Complex64};

/// A complex number as an array of rank 0.
pub fn number(cx: &Context, re: f64, im: f64) -> Array {
    let t = cx.engine.build::<Complex64>(&[], |d| d[0] = Complex64::new(re, im));
    cx.take("ag_scalar_complex", t.map(Array::from))
}

/// `x` times a power of i, in the precision of `x`. An infinite part stays alone.
pub fn times_i(cx: &Context, x: &Array, sign: f64) -> Array {
    let i = number(cx, 0.0, sign);
    let i = elementwise::astype(cx, &i, x.dtype().complex());
    binary(cx, &elementwise::SCALED, x, &i)
}

fn to_real(cx: &Context, kernel: &'static ToRealKernel, x: &Array) -> Result<Array> {
    let t = cx.lazy_tensor(x)?;
    let t = cast(cx, t.clone(), t.dtype().inexact())?;
    let (dtype, shape) = (t.dtype(), Shape::from_slice(t.shape()));
    let operands = [Operand::Array(t), Operand::None, Operand::None];
    Ok(cx.engine.elementwise(Op::ToReal(kernel), dtype, dtype.real(), &shape, operands)?.into())
}

/// A primitive of one argument without parameters.
macro_rules! primitive {
    ($id:ident $name:literal keeps $keeps:expr;
     eval |$cx:ident, $x:ident| $eval:expr;
     vjp |$vcx:ident, $g:ident, $vk:ident| $vjp:expr;
     jvp |$jcx:ident, $t:ident, $jk:ident| $jvp:expr;) => {
        #[derive(Clone)]
        struct $id;

        impl Primitive for $id {
            fn name(&self) -> &str {
                $name
            }
            fn eval(&self, $cx: &Context, args: &[Array]) -> Result<Array> {
                let $x = &args[0];
                $eval
            }
            fn keeps(&self, _: &[usize]) -> u64 {
                $keeps
            }
            fn is_elementwise(&self) -> bool {
                true
            }
            #[allow(unused_variables)]
            fn vjp(&self, $vcx: &Context, _: usize, $g: &Array, $vk: &Kept<'_>) -> Array {
                $vjp
            }
            #[allow(unused_variables)]
            fn jvp(&self, $jcx: &Context, _: usize, $t: &Array, $jk: &Kept<'_>) -> Array {
                $jvp
            }
        }
    };
}

/// `numpy.real`: of a real array the array itself.
pub fn real(cx: &Context, x: &Array) -> Array {
    if x.dtype().is_complex() { apply(cx, &Real, &[x]) } else { x.clone() }
}

primitive! { Real "ag_real" keeps 0;
    eval |cx, x| to_real(cx, &math::REAL, x);
    vjp |cx, g, kept| g.clone();
    jvp |cx, t, kept| real(cx, t);
}

/// `numpy.imag`: of a real array zeros.
pub fn imag(cx: &Context, x: &Array) -> Array {
    if !x.dtype().is_inexact() && !x.is_null() {
        return super::create::full(cx, x.dtype(), x.shape(), 0.0);
    }
    apply(cx, &Imag, &[x])
}

primitive! { Imag "ag_imag" keeps 0;
    eval |cx, x| to_real(cx, &math::IMAG, x);
    vjp |cx, g, kept| times_i(cx, g, -1.0);
    jvp |cx, t, kept| imag(cx, t);
}

/// `numpy.conj`: of a real array the array itself.
pub fn conj(cx: &Context, x: &Array) -> Array {
    if x.dtype().is_complex() { apply(cx, &Conj, &[x]) } else { x.clone() }
}

primitive! { Conj "ag_conj" keeps 0;
    eval |cx, x| {
        let t = cx.lazy_tensor(x)?;
        let (dtype, shape) = (t.dtype(), Shape::from_slice(t.shape()));
        let operands = [Operand::Array(t), Operand::None, Operand::None];
        Ok(cx.engine.elementwise(Op::Unary(&math::CONJ), dtype, dtype, &shape, operands)?.into())
    };
    vjp |cx, g, kept| conj(cx, g);
    jvp |cx, t, kept| conj(cx, t);
}

/// `numpy.absolute`. At 0 the derivative is 0, real or complex.
pub fn abs(cx: &Context, x: &Array) -> Array {
    match x.dtype() {
        DType::Bool => x.clone(),
        DType::I64 => {
            elementwise::plain(cx, "ag_abs", |cx| elementwise::unary_kernel(cx, &math::ABSOLUTE, &x.plain()), &[x])
        }
        t if t.is_complex() => apply(cx, &Abs, &[x]),
        _ => unary(cx, &elementwise::FABS, x),
    }
}

/// `numpy.sign`: of a real number -1, 0 or 1, which is piecewise constant; of a complex one x / |x|, 0 at 0, where the
/// derivative is 0, too. With one part infinite it is the direction of that, and constant.
pub fn sign(cx: &Context, x: &Array) -> Array {
    if x.dtype().is_complex() {
        apply(cx, &Sign, &[x])
    } else {
        elementwise::piecewise_constant(cx, &elementwise::SIGN, x)
    }
}

// A step t turns the sign s by Im(conj(s) t) / |x|: the part of t along s changes nothing, and is not computed.
primitive! { Sign "ag_sign" keeps 1 | ANS;
    eval |cx, x| {
        let t = cx.lazy_tensor(x)?;
        let (dtype, shape) = (t.dtype(), Shape::from_slice(t.shape()));
        let operands = [Operand::Array(t), Operand::None, Operand::None];
        Ok(cx.engine.elementwise(Op::Unary(&math::SIGN), dtype, dtype, &shape, operands)?.into())
    };
    vjp |cx, g, kept| {
        let (x, s) = (kept.arg(0), kept.ans());
        let turn = imag(cx, &binary(cx, &elementwise::SCALED, g, s));
        let slope = binary(cx, &elementwise::OVER, &conj(cx, s), &abs(cx, x));
        times_i(cx, &binary(cx, &elementwise::SCALED, &turn, &slope), 1.0)
    };
    jvp |cx, t, kept| {
        let (x, s) = (kept.arg(0), kept.ans());
        let turn = imag(cx, &binary(cx, &elementwise::SCALED, t, &conj(cx, s)));
        let slope = binary(cx, &elementwise::OVER, s, &abs(cx, x));
        times_i(cx, &binary(cx, &elementwise::SCALED, &turn, &slope), 1.0)
    };
}

primitive! { Abs "ag_abs" keeps 1;
    eval |cx, x| to_real(cx, &math::ABS_COMPLEX, x);
    vjp |cx, g, kept| binary(cx, &elementwise::SCALED, g, &conj(cx, &sign(cx, kept.arg(0))));
    jvp |cx, t, kept| real(cx, &binary(cx, &elementwise::SCALED, t, &conj(cx, &sign(cx, kept.arg(0)))));
}

/// `numpy.angle`: of a real number 0 or pi, which is piecewise constant. At 0 all derivatives are 0.
pub fn angle(cx: &Context, x: &Array) -> Array {
    if x.dtype().is_complex() {
        return apply(cx, &Angle, &[x]);
    }
    elementwise::plain(cx, "ag_angle", |cx| to_real(cx, &math::ANGLE, &x.plain()), &[x])
}

/// -i / x, 0 at 0 with all its derivatives: the angle is the imaginary part of log x.
fn rotation(cx: &Context, x: &Array) -> Array {
    let zero = compare(cx, &elementwise::EQUAL, x, &Array::weak(0.0));
    let inverse = unary(cx, &elementwise::RECIPROCAL, &select(cx, &zero, &Array::weak(1.0), x));
    times_i(cx, &select(cx, &zero, &Array::weak(0.0), &inverse), -1.0)
}

primitive! { Angle "ag_angle" keeps 1;
    eval |cx, x| to_real(cx, &math::ANGLE, x);
    vjp |cx, g, kept| binary(cx, &elementwise::SCALED, g, &rotation(cx, kept.arg(0)));
    jvp |cx, t, kept| real(cx, &binary(cx, &elementwise::SCALED, t, &rotation(cx, kept.arg(0))));
}

/// `numpy.real_if_close` with its default tolerance: the real part where all imaginary parts are within 100 machine
/// epsilons of 0, else the array itself.
pub fn real_if_close(cx: &Context, x: &Array) -> Array {
    if !x.dtype().is_complex() || cx.failed() {
        return x.clone();
    }
    let close = cx.tensor(x).map(|t| match t.dtype() {
        DType::C64 => t.view::<Complex32>().iter().all(|z| z.im.abs() < 100.0 * f32::EPSILON),
        _ => t.view::<Complex64>().iter().all(|z| z.im.abs() < 100.0 * f64::EPSILON),
    });
    match close {
        Ok(true) => real(cx, x),
        Ok(false) => x.clone(),
        Err(e) => cx.fail(e.within("ag_real_if_close")),
    }
}

/// re + i im, of two real arrays.
pub fn join(cx: &Context, re: &Array, im: &Array) -> Array {
    binary(cx, &elementwise::ADD, re, &times_i(cx, im, 1.0))
}

/// Where `x` is 0, `replacement`.
pub fn replace_zero(cx: &Context, x: &Array, replacement: f64) -> Array {
    let zero = compare(cx, &elementwise::EQUAL, x, &Array::weak(0.0));
    select(cx, &zero, &Array::weak(replacement), x)
}
