//! Functions of numbers and masked reductions, against the values that `tests/reference/make_number.py` recorded.

mod helpers;
mod recorded;
mod support;

use autograd::array::DType;
use autograd::error::Result;
use autograd::ops::masked::{Kind, Options, reduce};
use autograd::ops::predicates::{self, Tolerance};
use autograd::ops::{bessel, complex, elementwise, integers, nonzero, number, order};
use autograd::trace::{Array, Context};
use recorded::{Call, Near, walk};

fn run(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let a = &call.args;
    let full = format!("ag_{}", call.name);
    if let Some(f) = integers::FUNCTIONS.iter().find(|f| f.name == full) {
        return Ok(integers::apply(cx, f, &a[0], &a[1]));
    }
    let tolerance =
        || Tolerance { relative: call.number("rtol"), absolute: call.number("atol"), equal_nan: call.flag("nan") };
    Ok(match call.name {
        "cbrt" => elementwise::unary(cx, &elementwise::CBRT, &a[0]),
        "erf" => elementwise::unary(cx, &elementwise::ERF, &a[0]),
        "erfc" => elementwise::unary(cx, &elementwise::ERFC, &a[0]),
        "fmod" => elementwise::binary(cx, &elementwise::FMOD, &a[0], &a[1]),
        "copysign" => elementwise::binary(cx, &elementwise::COPYSIGN, &a[0], &a[1]),
        "float_power" => number::float_power(cx, &a[0], &a[1]),
        "heaviside" => number::heaviside(cx, &a[0], &a[1]),
        "nextafter" => number::nextafter(cx, &a[0], &a[1]),
        "spacing" => number::spacing(cx, &a[0]),
        "signbit" => number::signbit(cx, &a[0]),
        "fix" => number::fix(cx, &a[0]),
        "round" => number::round(cx, &a[0], call.integer("decimals")),
        "i0" => bessel::i0(cx, &a[0]),
        "modf_0" => number::modf(cx, &a[0]).0,
        "modf_1" => number::modf(cx, &a[0]).1,
        "frexp_0" => number::frexp(cx, &a[0]).0,
        "frexp_1" => number::frexp(cx, &a[0]).1,
        "ldexp" => number::ldexp(cx, &a[0], &a[1]),
        "clip" => {
            let mut bounds = a[1..].iter().cloned();
            let mut bound = |key: &str| if call.flag(key) { bounds.next().unwrap() } else { Array::Null };
            let low = bound("low");
            number::clip_arrays(cx, &a[0], &low, &bound("high"))
        }
        "nan_to_num" => {
            number::nan_to_num_values(cx, &a[0], call.number("nan"), call.number("posinf"), call.number("neginf"))
        }
        "angle_degrees" => elementwise::unary(cx, &elementwise::RAD2DEG, &complex::angle(cx, &a[0])),
        "invert" => integers::invert(cx, &a[0]),
        "isreal" => predicates::isreal(cx, true, &a[0]),
        "iscomplex" => predicates::isreal(cx, false, &a[0]),
        "isposinf" => predicates::isinf(cx, true, &a[0]),
        "isneginf" => predicates::isinf(cx, false, &a[0]),
        "isclose" => predicates::isclose(cx, &a[0], &a[1], tolerance()),
        "allclose" => predicates::allclose(cx, &a[0], &a[1], tolerance()),
        "array_equal" => predicates::array_equal(cx, &a[0], &a[1], call.flag("nan")),
        "array_equiv" => predicates::array_equiv(cx, &a[0], &a[1]),
        "isin" => predicates::isin(cx, &a[0], &a[1], call.flag("invert")),
        "count_nonzero" => {
            let axes = call.axes("axis", a[0].ndim())?;
            order::count_nonzero(cx, &a[0], &axes, call.flag("keepdims"))
        }
        "flatnonzero" => nonzero::flatnonzero(cx, &a[0])?.into(),
        "argwhere" => nonzero::argwhere(cx, &a[0])?.into(),
        "nonzero" => nonzero::nonzero(cx, &a[0])?.pop().unwrap_or_default(),
        other => panic!("no operation {other}"),
    })
}

#[test]
fn numbers() {
    walk(include_str!("reference/numpy_number.txt"), 600, Near::Elements, run);
}

#[test]
fn reductions_with_a_mask() {
    walk(include_str!("reference/numpy_masked.txt"), 2000, Near::Sums, |cx, call| {
        let kind = match call.name {
            "sum" => Kind::Sum,
            "prod" => Kind::Prod,
            "max" => Kind::Max,
            "min" => Kind::Min,
            "mean" => Kind::Mean,
            "var" => Kind::Var,
            "all" => Kind::All,
            "any" => Kind::Any,
            _ => Kind::Std,
        };
        let mut given = call.args[1..].iter().cloned();
        let mut next = |key: &str| if call.flag(key) { given.next().unwrap() } else { Array::Null };
        let (mask, initial) = (next("mask"), next("initial"));
        let axes = call.axes("axis", call.args[0].ndim())?;
        let (keepdims, ddof) = (call.flag("keepdims"), call.number("ddof"));
        let options = Options { axes: &axes, keepdims, mask: &mask, initial: &initial, ddof };
        Ok(reduce(cx, call.name, kind, &call.args[0], &options))
    });
}

/// The dtype of questions is boolean also where nothing is compared.
#[test]
fn answers_are_boolean() {
    let cx = Context::new();
    let x = helpers::vector(&cx, &[1.0, 2.0]);
    let answer = predicates::array_equal(&cx, &x, &Array::from(1.0), false);
    assert_eq!((answer.dtype(), helpers::number(&cx, &answer)), (DType::Bool, 0.0));
}
