//! Questions about arrays: nearness, equality, membership, where elements are not 0. Answers are plain arrays.

use super::complex;
use super::elementwise::{self, astype, binary, cast, compare, plain, test};
use super::number::{map, only_real};
use super::reduce::{all_any, all_axes};
use crate::array::{DType, Tensor, shape};
use crate::error::Result;
use crate::kernels::memory::{copied, with_room};
use crate::trace::{Array, Context};
use num_complex::Complex64;

/// How near two numbers must be to count as close: |x - y| <= absolute + relative |y|.
#[derive(Clone, Copy)]
pub struct Tolerance {
    pub relative: f64,
    pub absolute: f64,
    /// Whether two NaN are close.
    pub equal_nan: bool,
}

/// `numpy.isclose`.
pub fn isclose(cx: &Context, x: &Array, y: &Array, tolerance: Tolerance) -> Array {
    plain(
        cx,
        "ag_isclose",
        |cx| {
            let dtype = elementwise::promote(x, y).inexact();
            let (x, y) = (astype(cx, &x.plain(), dtype), astype(cx, &y.plain(), dtype));
            let distance = complex::abs(cx, &binary(cx, &elementwise::SUB, &x, &y));
            let relative = binary(cx, &elementwise::MUL, &complex::abs(cx, &y), &Array::weak(tolerance.relative));
            let allowed = binary(cx, &elementwise::ADD, &relative, &Array::weak(tolerance.absolute));
            let near = compare(cx, &elementwise::LESS_EQUAL, &distance, &allowed);
            let near = compare(cx, &elementwise::LOGICAL_AND, &near, &test(cx, &elementwise::ISFINITE, &y));
            let close = compare(cx, &elementwise::LOGICAL_OR, &near, &compare(cx, &elementwise::EQUAL, &x, &y));
            Ok(if tolerance.equal_nan { or_both_nan(cx, &close, &x, &y) } else { close })
        },
        &[x, y],
    )
}

fn or_both_nan(cx: &Context, mask: &Array, x: &Array, y: &Array) -> Array {
    let nan = |x: &Array| test(cx, &elementwise::ISNAN, x);
    compare(cx, &elementwise::LOGICAL_OR, mask, &compare(cx, &elementwise::LOGICAL_AND, &nan(x), &nan(y)))
}

/// Whether all of a mask holds.
fn all(cx: &Context, mask: &Array) -> Array {
    if cx.failed() { Array::Null } else { all_any(cx, true, mask, &all_axes(mask), false) }
}

/// `numpy.allclose`.
pub fn allclose(cx: &Context, x: &Array, y: &Array, tolerance: Tolerance) -> Array {
    all(cx, &isclose(cx, x, y, tolerance))
}

fn answer(cx: &Context, name: &str, yes: bool) -> Array {
    cx.take(name, cx.engine.build::<bool>(&[], |d| d[0] = yes).map(Array::from))
}

/// `numpy.array_equal`: the same shape and elements.
pub fn array_equal(cx: &Context, x: &Array, y: &Array, equal_nan: bool) -> Array {
    if cx.failed() || x.shape() != y.shape() {
        return answer(cx, "ag_array_equal", false);
    }
    let equal = compare(cx, &elementwise::EQUAL, x, y);
    all(cx, &if equal_nan { or_both_nan(cx, &equal, x, y) } else { equal })
}

/// `numpy.array_equiv`: equal elements after broadcasting.
pub fn array_equiv(cx: &Context, x: &Array, y: &Array) -> Array {
    if cx.failed() || shape::broadcast(x.shape(), y.shape()).is_err() {
        return answer(cx, "ag_array_equiv", false);
    }
    all(cx, &compare(cx, &elementwise::EQUAL, x, y))
}

/// `numpy.isreal` (`real`) or `numpy.iscomplex`: whether the imaginary part is 0, or is not.
pub fn isreal(cx: &Context, real: bool, x: &Array) -> Array {
    let row = if real { &elementwise::EQUAL } else { &elementwise::NOT_EQUAL };
    compare(cx, row, &complex::imag(cx, &x.plain()), &Array::weak(0.0))
}

/// `numpy.isposinf` (`positive`) or `numpy.isneginf`.
pub fn isinf(cx: &Context, positive: bool, x: &Array) -> Array {
    let (name, value) = if positive { ("ag_isposinf", f64::INFINITY) } else { ("ag_isneginf", f64::NEG_INFINITY) };
    match only_real(x) {
        Ok(()) => compare(cx, &elementwise::EQUAL, x, &Array::weak(value)),
        Err(e) => cx.fail(e.within(name)),
    }
}

/// `numpy.isin`: which elements of `x` are among those of `values`; with `invert`, which are not.
pub fn isin(cx: &Context, x: &Array, values: &Array, invert: bool) -> Array {
    plain(
        cx,
        "ag_isin",
        |cx| {
            let dtype = elementwise::promote(x, values);
            let of = |x: &Array, dtype: DType| -> Result<Tensor> {
                let t = cast(cx, cx.lazy_tensor(x)?, dtype)?;
                cx.engine.force(&t)?;
                cx.engine.contiguous(&t)
            };
            if !dtype.is_inexact() {
                let mut sorted = copied(of(values, DType::I64)?.elements::<i64>())?;
                sorted.sort_unstable();
                let found = |v: i64| sorted.binary_search(&v).is_ok() != invert;
                return Ok(map(cx, &of(x, DType::I64)?, found)?.into());
            }
            // In the order of real, then imaginary parts; zeros of both signs are one, NaN is nothing.
            let key = |z: Complex64| (z.re + 0.0, z.im + 0.0);
            let order = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
            let values = of(values, DType::C128)?;
            let mut sorted: Vec<(f64, f64)> = with_room(values.size())?;
            sorted.extend(values.elements::<Complex64>().iter().filter(|z| !z.is_nan()).map(|&z| key(z)));
            sorted.sort_unstable_by(order);
            let found = |z: Complex64| sorted.binary_search_by(|v| order(v, &key(z))).is_ok() != invert;
            Ok(map(cx, &of(x, DType::C128)?, found)?.into())
        },
        &[x, values],
    )
}
