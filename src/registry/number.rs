//! Cases of floating-point numbers taken apart, bounds, whole numbers, questions, and masked reductions.

use super::*;
use crate::ops::create::full;
use crate::ops::elementwise;
use crate::ops::masked::{Kind, Options, reduce};
use crate::ops::predicates::{self, Tolerance};
use crate::ops::{bessel, complex, integers, number};

pub fn cases(list: &mut Vec<Entry>) {
    differentiable(list);
    constant(list);
    masked(list);
}

/// Some exponents or whole numbers that broadcast with anything.
fn whole(cx: &Context, values: &[i64]) -> Array {
    let shape: &[usize] = if values.len() == 1 { &[] } else { &[values.len()] };
    cx.engine.build::<i64>(shape, |d| d.copy_from_slice(values)).expect("a small array").into()
}

fn differentiable(list: &mut Vec<Entry>) {
    let mut add = |name, dtypes, cases| {
        list.push(Entry { name, family: "floating-point numbers", dtypes, derivative: Both, cases });
    };
    // In double precision whatever comes in, so not compared with itself in single precision.
    add("ag_float_power", &[F64, C128], of_pairs([Positive, Real], |cx, a| number::float_power(cx, &a[0], &a[1])));
    add("ag_heaviside", REAL, of_pairs([Nonzero, Real], |cx, a| number::heaviside(cx, &a[0], &a[1])));
    add("ag_i0", REAL, of_shapes(Real, |cx, a| bessel::i0(cx, &a[0])));
    add("ag_modf", REAL, of_shapes(Unit, |cx, a| number::modf(cx, &a[0]).0));
    add("ag_frexp", REAL, of_shapes(Distinct, |cx, a| number::frexp(cx, &a[0]).0));
    let mut ldexp = of_shapes(Real, |cx, a| number::ldexp(cx, &a[0], &whole(cx, &[3])));
    ldexp.push(Case {
        label: "broadcast".into(),
        args: vec![Arg { domain: Real, shape: &[3, 1] }],
        run: Box::new(|cx, a| number::ldexp(cx, &a[0], &whole(cx, &[-2, 0, 1, 4]))),
    });
    add("ag_ldexp", REAL, ldexp);
    add("ag_nan_to_num_values", ALL, of_shapes(Real, |cx, a| number::nan_to_num_values(cx, &a[0], 1.0, 2.0, 3.0)));
    add(
        "ag_angle_degrees",
        ALL,
        of_shapes(Nonzero, |cx, a| elementwise::unary(cx, &elementwise::RAD2DEG, &complex::angle(cx, &a[0]))),
    );
    bounds(list);
}

#[rustfmt::skip]
fn bounds(list: &mut Vec<Entry>) {
    entry! { list, "floating-point numbers", "ag_clip_arrays", REAL, Both;
        "numbers"       [Real [], Unit [], AboveOne []]                     |cx, a| number::clip_arrays(cx, &a[0], &a[1], &a[2]);
        "arrays"        [Real [3, 4], Unit [3, 4], AboveOne [3, 4]]         |cx, a| number::clip_arrays(cx, &a[0], &a[1], &a[2]);
        "broadcast"     [Real [3, 1], Unit [4], AboveOne [2, 1, 1]]         |cx, a| number::clip_arrays(cx, &a[0], &a[1], &a[2]);
        "lower bound"   [Real [3, 4], Unit [4]]                             |cx, a| number::clip_arrays(cx, &a[0], &a[1], &Array::Null);
        "upper bound"   [Real [3, 4], Unit [3, 1]]                          |cx, a| number::clip_arrays(cx, &a[0], &Array::Null, &a[1]);
        "crossed"       [Real [4], AboveOne [4], Unit [4]]                  |cx, a| number::clip_arrays(cx, &a[0], &a[1], &a[2]);
        "no bound"      [Real [4]]                                          |cx, a| number::clip_arrays(cx, &a[0], &Array::Null, &Array::Null);
        "empty"         [Real [0], Unit [1], AboveOne []]                   |cx, a| number::clip_arrays(cx, &a[0], &a[1], &a[2]);
        "large"         [Real [33, 40], Unit [40], AboveOne []]             |cx, a| number::clip_arrays(cx, &a[0], &a[1], &a[2]);
    }
    entry! { list, "floating-point numbers", "ag_divmod", REAL, Both;
        "the remainder" [Real [3, 4], Nonzero [4]]                          |cx, a| elementwise::binary(cx, &elementwise::MOD, &a[0], &a[1]);
    }
}

fn constant(list: &mut Vec<Entry>) {
    const TOLERANCE: Tolerance = Tolerance { relative: 0.1, absolute: 0.5, equal_nan: true };
    let mut add = |name, dtypes, why, cases| {
        list.push(Entry { name, family: "numbers and questions", dtypes, derivative: Constant(why), cases });
    };
    let real = [Nonzero, Nonzero];
    add("ag_nextafter", REAL, "a unit of precision", of_pairs(real, |cx, a| number::nextafter(cx, &a[0], &a[1])));
    add("ag_spacing", REAL, "a unit of precision", of_shapes(Nonzero, |cx, a| number::spacing(cx, &a[0])));
    add("ag_signbit", REAL, "boolean", of_shapes(Nonzero, |cx, a| number::signbit(cx, &a[0])));
    add("ag_fix", REAL, "piecewise constant", of_shapes(Nonzero, |cx, a| number::fix(cx, &a[0])));
    add("ag_round", REAL, "piecewise constant", of_shapes(Nonzero, |cx, a| number::round(cx, &a[0], 1)));
    add("ag_zeros_like", ALL, "constant", of_shapes(Nonzero, |cx, a| full(cx, a[0].dtype(), a[0].shape(), 0.0)));
    add("ag_ones_like", ALL, "constant", of_shapes(Nonzero, |cx, a| full(cx, a[0].dtype(), a[0].shape(), 1.0)));
    add("ag_full_like", REAL, "constant", of_shapes(Nonzero, |cx, a| number::full_like(cx, &a[0], 2.0)));
    for f in integers::FUNCTIONS {
        let run = move |cx: &Context, a: &[Array]| {
            let whole = |x: &Array| elementwise::astype(cx, x, I64);
            integers::apply(cx, f, &whole(&a[0]), &whole(&a[1]))
        };
        add(f.name, REAL, "integers", of_pairs(real, run));
    }
    add(
        "ag_invert",
        REAL,
        "integers",
        of_shapes(Real, |cx, a| integers::invert(cx, &elementwise::astype(cx, &a[0], I64))),
    );
    add("ag_isclose", ALL, "boolean", of_pairs(real, |cx, a| predicates::isclose(cx, &a[0], &a[1], TOLERANCE)));
    add("ag_allclose", ALL, "boolean", of_pairs(real, |cx, a| predicates::allclose(cx, &a[0], &a[1], TOLERANCE)));
    add("ag_array_equal", ALL, "boolean", of_pairs(real, |cx, a| predicates::array_equal(cx, &a[0], &a[1], true)));
    add("ag_array_equiv", ALL, "boolean", of_pairs(real, |cx, a| predicates::array_equiv(cx, &a[0], &a[1])));
    add("ag_isin", ALL, "boolean", of_pairs(real, |cx, a| predicates::isin(cx, &a[0], &a[1], false)));
    add("ag_isreal", ALL, "boolean", of_shapes(Nonzero, |cx, a| predicates::isreal(cx, true, &a[0])));
    add("ag_iscomplex", ALL, "boolean", of_shapes(Nonzero, |cx, a| predicates::isreal(cx, false, &a[0])));
    add("ag_isposinf", REAL, "boolean", of_shapes(Nonzero, |cx, a| predicates::isinf(cx, true, &a[0])));
    add("ag_isneginf", REAL, "boolean", of_shapes(Nonzero, |cx, a| predicates::isinf(cx, false, &a[0])));
}

fn masked(list: &mut Vec<Entry>) {
    type Params = (&'static [usize], &'static [usize], bool, bool);
    let params: &[Params] = &[
        (&[5], &[0], false, false),
        (&[3, 4], &[0, 1], false, true),
        (&[3, 4], &[0], true, false),
        (&[3, 4], &[1], false, true),
        (&[2, 3, 4], &[2, 0], false, true),
        (&[0, 4], &[1], false, true),
        (&[33, 40], &[1], false, true),
    ];
    let kinds = [
        ("ag_sum_with", Kind::Sum, Both),
        ("ag_prod_with", Kind::Prod, Both),
        ("ag_max_with", Kind::Max, Both),
        ("ag_min_with", Kind::Min, Both),
        ("ag_mean_with", Kind::Mean, Both),
        ("ag_var_with", Kind::Var, Both),
        ("ag_std_with", Kind::Std, Both),
        ("ag_all_with", Kind::All, Constant("boolean")),
        ("ag_any_with", Kind::Any, Constant("boolean")),
    ];
    for (name, kind, derivative) in kinds {
        let begins = matches!(kind, Kind::Sum | Kind::Prod | Kind::Max | Kind::Min);
        let mut cases = Vec::new();
        for &(shape, axes, keepdims, selected) in params {
            for initial in [true, false] {
                let extremum = matches!(kind, Kind::Max | Kind::Min);
                if initial && !begins || !initial && extremum && selected {
                    continue;
                }
                let x = Arg { domain: Distinct, shape };
                cases.push(Case {
                    label: format!("{shape:?} axes {axes:?}{}", if initial { " with an initial value" } else { "" }),
                    args: if initial { vec![x, Arg { domain: Unit, shape: &[] }] } else { vec![x] },
                    run: Box::new(move |cx, a| {
                        // Every third element of the last axis is left out.
                        let mask = |d: &mut [bool]| d.iter_mut().enumerate().for_each(|(i, d)| *d = i % 3 != 1);
                        let n = shape[shape.len() - 1];
                        let mask = cx.engine.build::<bool>(&[n], mask).expect("a small array");
                        let mask = if selected { mask.into() } else { Array::Null };
                        let initial = a.get(1).cloned().unwrap_or_default();
                        let options = Options { axes, keepdims, mask: &mask, initial: &initial, ddof: 0.5 };
                        // A product of many stays in range when they are near 1.
                        let near = |x: &Array| {
                            let x = elementwise::binary(cx, &elementwise::MUL, x, &Array::weak(0.02));
                            elementwise::binary(cx, &elementwise::ADD, &x, &Array::weak(1.0))
                        };
                        reduce(cx, name, kind, &if kind == Kind::Prod { near(&a[0]) } else { a[0].clone() }, &options)
                    }),
                });
            }
        }
        list.push(Entry { name, family: "reductions with a mask", dtypes: ALL, derivative, cases });
    }
}
