//! Floating-point numbers taken apart and put together (`modf`, `frexp`, `ldexp`, `nextafter`, ...), rounding to decimals,
//! and limits: steps, bounds, replacements.
//!
//! Most are made of rows of the element-wise tables. What has a kernel of its own here is piecewise constant or linear.

use super::elementwise::{self, astype, binary, cast, compare, piecewise_constant, plain, select, test};
use super::shape::broadcast_to;
use super::{complex, create};
use crate::array::{DType, Element, Tensor, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context, Kept, Primitive, apply};
use num_complex::Complex64;

/// Two arrays broadcast to one shape, element by element.
pub(super) fn zip<A: Element, B: Element, C: Element>(
    cx: &Context,
    a: &Tensor,
    b: &Tensor,
    f: impl Fn(A, B) -> C,
) -> Result<Tensor> {
    let shape = shape::broadcast(a.shape(), b.shape())?;
    let spread = |t: &Tensor| cx.engine.contiguous(&cx.tensor(&broadcast_to(cx, &Array::Plain(t.clone()), &shape))?);
    let (a, b) = (spread(a)?, spread(b)?);
    cx.engine.build::<C>(&shape, |c| {
        for ((c, &a), &b) in c.iter_mut().zip(a.elements::<A>()).zip(b.elements::<B>()) {
            *c = f(a, b);
        }
    })
}

/// One array, element by element.
pub(super) fn map<A: Element, C: Element>(cx: &Context, a: &Tensor, f: impl Fn(A) -> C) -> Result<Tensor> {
    let a = cx.engine.contiguous(a)?;
    cx.engine.build::<C>(a.shape(), |c| c.iter_mut().zip(a.elements::<A>()).for_each(|(c, &a)| *c = f(a)))
}

pub(super) fn only_real(x: &Array) -> Result<()> {
    if x.dtype().is_complex() {
        return Err(Error::dtype(format!("not defined for dtype {}", x.dtype().name())));
    }
    Ok(())
}

fn run(cx: &Context, name: &str, f: impl FnOnce() -> Result<Array>) -> Array {
    if cx.failed() { Array::Null } else { cx.take(name, f()) }
}

/// `numpy.float_power`: the power in double precision at least.
pub fn float_power(cx: &Context, x: &Array, y: &Array) -> Array {
    let wide = |a: &Array| astype(cx, a, if a.dtype().is_complex() { DType::C128 } else { DType::F64 });
    binary(cx, &elementwise::POW, &wide(x), &wide(y))
}

/// `numpy.heaviside`: 0 for negative `x`, 1 for positive `x`, `y` at 0. The derivative by `x` is 0.
pub fn heaviside(cx: &Context, x: &Array, y: &Array) -> Array {
    run(cx, "ag_heaviside", || {
        only_real(x)?;
        only_real(y)?;
        let dtype = elementwise::promote(x, y).inexact();
        let (x, zero) = (astype(cx, &x.plain(), dtype), Array::weak(0.0));
        let y = astype(cx, y, dtype);
        let positive = astype(cx, &compare(cx, &elementwise::GREATER, &x, &zero), dtype);
        let elsewhere = select(cx, &test(cx, &elementwise::ISNAN, &x), &x, &positive);
        Ok(select(cx, &compare(cx, &elementwise::EQUAL, &x, &zero), &y, &elsewhere))
    })
}

// ------------------------------------------------------------------------------------------- parts of a number

/// `numpy.modf`: the fraction, with derivative 1, and the whole part, which is plain. Both have the sign of `x`.
pub fn modf(cx: &Context, x: &Array) -> (Array, Array) {
    if let Err(e) = only_real(x) {
        return (cx.fail(e.within("ag_modf")), Array::Null);
    }
    let x = astype(cx, x, x.dtype().inexact());
    let rest = binary(cx, &elementwise::FMOD, &x, &Array::weak(1.0));
    // Nothing is left of an infinity.
    let none = binary(cx, &elementwise::COPYSIGN, &Array::weak(0.0), &x.plain());
    (select(cx, &test(cx, &elementwise::ISINF, &x), &none, &rest), piecewise_constant(cx, &elementwise::TRUNC, &x))
}

/// `numpy.frexp`: x = mantissa 2^exponent with the mantissa in [0.5, 1). The exponent is plain; the derivative of the
/// mantissa is 2^-exponent.
pub fn frexp(cx: &Context, x: &Array) -> (Array, Array) {
    let x = astype(cx, x, x.dtype().inexact());
    let exponent = plain(
        cx,
        "ag_frexp",
        |cx| {
            only_real(&x)?;
            let wide = cast(cx, cx.lazy_tensor(&x)?, DType::F64)?;
            cx.engine.force(&wide)?;
            Ok(map::<f64, i64>(cx, &wide, exponent_of)?.into())
        },
        &[&x],
    );
    let minus = elementwise::unary(cx, &elementwise::NEG, &exponent);
    (ldexp(cx, &x, &minus), exponent)
}

fn exponent_of(x: f64) -> i64 {
    const HIDDEN: u64 = 52;
    if x == 0.0 || !x.is_finite() {
        return 0;
    }
    let biased = (x.to_bits() >> HIDDEN & 0x7ff) as i64;
    // A subnormal number becomes a normal one first.
    if biased == 0 { exponent_of(x * 2f64.powi(64)) - 64 } else { biased - 1022 }
}

/// x 2^e, rounded once.
fn scaled(mut x: f64, e: i64) -> f64 {
    let mut e = e.clamp(-2200, 2200) as i32;
    while e > 1023 {
        x *= 2f64.powi(1023);
        e -= 1023;
    }
    // In steps that keep enough digits for the last one, which may round.
    while e < -1022 {
        x *= 2f64.powi(-969);
        e += 969;
    }
    x * 2f64.powi(e)
}

/// `numpy.ldexp`: x 2^e with integers `e`.
pub fn ldexp(cx: &Context, x: &Array, e: &Array) -> Array {
    run(cx, "ag_ldexp", || {
        only_real(x)?;
        if !matches!(e.dtype(), DType::I64 | DType::Bool) {
            return Err(Error::dtype(format!("the exponents must be integers, found dtype {}", e.dtype().name())));
        }
        let e = cast(cx, cx.lazy_tensor(e)?, DType::I64)?;
        Ok(apply(cx, &Ldexp(e), &[&astype(cx, x, x.dtype().inexact())]))
    })
}

#[derive(Clone)]
struct Ldexp(Tensor);

impl Primitive for Ldexp {
    fn name(&self) -> &str {
        "ag_ldexp"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        cx.engine.force(&self.0)?;
        let dtype = args[0].dtype();
        // A cotangent may be complex.
        let y = if dtype.is_complex() {
            let wide = cx.tensor(&astype(cx, &args[0], DType::C128))?;
            zip(cx, &wide, &self.0, |x: Complex64, e: i64| Complex64::new(scaled(x.re, e), scaled(x.im, e)))?
        } else {
            let wide = cast(cx, cx.lazy_tensor(&args[0])?, DType::F64)?;
            cx.engine.force(&wide)?;
            zip(cx, &wide, &self.0, scaled)?
        };
        Ok(cast(cx, y, dtype)?.into())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        apply(cx, self, &[g])
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        apply(cx, self, &[t])
    }
}

macro_rules! neighbours {
    ($next:ident, $spacing:ident, $t:ty) => {
        fn $next(x: $t, y: $t) -> $t {
            if x.is_nan() || y.is_nan() || x == y {
                return if x.is_nan() { x } else { y };
            }
            if x == 0.0 {
                return <$t>::from_bits(1).copysign(y);
            }
            // Neighbours have neighbouring bits; away from 0 they grow.
            let away = (y > x) == (x > 0.0);
            <$t>::from_bits(if away { x.to_bits() + 1 } else { x.to_bits() - 1 })
        }

        fn $spacing(x: $t) -> $t {
            if x.is_finite() { $next(x, <$t>::INFINITY.copysign(x)) - x } else { <$t>::NAN }
        }
    };
}
neighbours!(next64, spacing64, f64);
neighbours!(next32, spacing32, f32);

/// `numpy.nextafter`: the next number after `x` on the way to `y`.
pub fn nextafter(cx: &Context, x: &Array, y: &Array) -> Array {
    plain(
        cx,
        "ag_nextafter",
        |cx| {
            only_real(x)?;
            only_real(y)?;
            let dtype = elementwise::promote(x, y).inexact();
            let (x, y) = (cx.tensor(&astype(cx, x, dtype))?, cx.tensor(&astype(cx, y, dtype))?);
            let z = if dtype == DType::F32 { zip(cx, &x, &y, next32) } else { zip(cx, &x, &y, next64) };
            Ok(z?.into())
        },
        &[x, y],
    )
}

/// `numpy.spacing`: the distance to the next number away from 0, with the sign of `x`.
pub fn spacing(cx: &Context, x: &Array) -> Array {
    plain(
        cx,
        "ag_spacing",
        |cx| {
            only_real(x)?;
            let x = cx.tensor(&astype(cx, x, x.dtype().inexact()))?;
            let y = if x.dtype() == DType::F32 { map(cx, &x, spacing32) } else { map(cx, &x, spacing64) };
            Ok(y?.into())
        },
        &[x],
    )
}

/// `numpy.signbit`.
static SIGNBIT: elementwise::Test = elementwise::Test { name: "ag_signbit", kernel: &crate::kernels::math::SIGNBIT };

pub fn signbit(cx: &Context, x: &Array) -> Array {
    match only_real(x) {
        Ok(()) => test(cx, &SIGNBIT, x),
        Err(e) => cx.fail(e.within("ag_signbit")),
    }
}

/// `numpy.fix`: towards 0.
pub fn fix(cx: &Context, x: &Array) -> Array {
    static FIX: elementwise::PiecewiseConstant =
        elementwise::PiecewiseConstant { name: "ag_fix", kernel: &crate::kernels::math::TRUNC };
    piecewise_constant(cx, &FIX, x)
}

/// `numpy.round`: to so many decimals, halves to even; negative numbers of decimals round to tens, hundreds, ...
pub fn round(cx: &Context, x: &Array, decimals: i64) -> Array {
    plain(
        cx,
        "ag_round",
        |cx| {
            let x = x.plain();
            let integer = !x.dtype().is_inexact();
            if decimals >= 0 && integer {
                return Ok(x);
            }
            if decimals == 0 {
                return Ok(piecewise_constant(cx, &elementwise::RINT, &x));
            }
            // Powers of ten beyond the type's range: there are no such decimals, or all digits go.
            let most = if matches!(x.dtype(), DType::F32 | DType::C64) { 38 } else { 308 };
            if decimals > most {
                return Ok(x);
            }
            if decimals < -most {
                let zero = astype(cx, &Array::from(0.0), x.dtype());
                return Ok(select(cx, &test(cx, &elementwise::ISFINITE, &x), &zero, &x));
            }
            let factor = Array::weak(10f64.powi(decimals.unsigned_abs() as i32));
            let (there, back) = if decimals > 0 {
                (&elementwise::MUL, &elementwise::DIV)
            } else {
                (&elementwise::DIV, &elementwise::MUL)
            };
            let shifted = binary(cx, there, &x, &factor);
            let rounded = binary(cx, back, &piecewise_constant(cx, &elementwise::RINT, &shifted), &factor);
            if integer {
                return Ok(astype(cx, &rounded, x.dtype()));
            }
            // Where the shift overflows there are no such decimals either.
            Ok(select(cx, &test(cx, &elementwise::ISFINITE, &shifted), &rounded, &x))
        },
        &[x],
    )
}

// --------------------------------------------------------------------------------------- bounds and replacements

/// `numpy.clip` with arrays as bounds, null for none. At a bound the derivative belongs to the bound.
pub fn clip_arrays(cx: &Context, x: &Array, low: &Array, high: &Array) -> Array {
    run(cx, "ag_clip_arrays", || {
        let inside = |x: &Array, bound: &Array, row| {
            let beyond = compare(cx, row, x, bound);
            let nan = test(cx, &elementwise::ISNAN, x);
            select(cx, &compare(cx, &elementwise::LOGICAL_OR, &beyond, &nan), x, bound)
        };
        let x = if low.is_null() { x.clone() } else { inside(x, low, &elementwise::GREATER) };
        Ok(if high.is_null() { x } else { inside(&x, high, &elementwise::LESS) })
    })
}

/// `numpy.nan_to_num` with the replacements given. The derivative is 0 where something was replaced.
pub fn nan_to_num_values(cx: &Context, x: &Array, nan: f64, posinf: f64, neginf: f64) -> Array {
    if !x.dtype().is_inexact() || cx.failed() {
        return x.clone();
    }
    if x.dtype().is_complex() {
        let part = |x: Array| nan_to_num_values(cx, &x, nan, posinf, neginf);
        return complex::join(cx, &part(complex::real(cx, x)), &part(complex::imag(cx, x)));
    }
    let x = astype(cx, x, x.dtype());
    let at = |value: f64| compare(cx, &elementwise::EQUAL, &x, &Array::weak(value));
    let y = select(cx, &at(f64::INFINITY), &Array::weak(posinf), &x);
    let y = select(cx, &at(f64::NEG_INFINITY), &Array::weak(neginf), &y);
    select(cx, &test(cx, &elementwise::ISNAN, &x), &Array::weak(nan), &y)
}

/// `numpy.full_like`.
pub fn full_like(cx: &Context, x: &Array, value: f64) -> Array {
    match create::as_element(x.dtype(), value) {
        Ok(value) => create::full(cx, x.dtype(), x.shape(), value),
        Err(e) => cx.fail(e.within("ag_full_like")),
    }
}
