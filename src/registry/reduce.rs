//! Cases of the reductions: every choice of axes.

use super::*;
use crate::ops::elementwise;
use crate::ops::logsumexp::{Options, logsumexp_with};
use crate::ops::reduce;

type Reduction = fn(&Context, &Array, &[usize], bool) -> Array;

/// Every choice of axes for a reduction that has an identity (`empty`) or not.
fn of_axes(domain: Domain, empty: bool, f: Reduction) -> Vec<Case> {
    type Params = (&'static [usize], &'static [usize], bool);
    let mut params: Vec<Params> = vec![
        (&[], &[], false),
        (&[5], &[0], false),
        (&[5], &[0], true),
        (&[3, 4], &[0, 1], false),
        (&[3, 4], &[0, 1], true),
        (&[3, 4], &[0], false),
        (&[3, 4], &[1], true),
        (&[3, 4], &[], false),
        (&[2, 3, 4], &[1], false),
        (&[2, 3, 4], &[0, 2], false),
        (&[2, 3, 4], &[2, 0], true),
        (&[2, 1, 3], &[1], false),
        (&[0, 3], &[1], false),
        (&[33, 40], &[0, 1], false),
        (&[33, 40], &[0], false),
        (&[33, 40], &[1], true),
    ];
    if empty {
        params.extend::<[Params; 3]>([(&[0], &[0], false), (&[2, 0], &[1], true), (&[0, 2], &[0, 1], false)]);
    }
    let case = |(shape, axes, keepdims): Params| Case {
        label: format!("{shape:?} axes {axes:?}{}", if keepdims { " keepdims" } else { "" }),
        args: vec![Arg { domain, shape }],
        run: Box::new(move |cx, a| f(cx, &a[0], axes, keepdims)),
    };
    params.into_iter().map(case).collect()
}

/// Weights (of either sign where the sign is asked for), masks and axes.
fn weighted_exponentials() -> Vec<Case> {
    type Params = (&'static [usize], &'static [usize], &'static [i64], bool, bool);
    let params: [Params; 6] = [
        (&[5], &[5], &[0], false, true),
        (&[3, 4], &[4], &[1], true, false),
        (&[4], &[3, 1], &[0, 1], false, true),
        (&[2, 3, 4], &[3, 1], &[2, 0], false, false),
        (&[0, 3], &[3], &[1], false, true),
        (&[33, 40], &[40], &[0], false, false),
    ];
    let mut cases = Vec::new();
    for (shape, weights, axes, keepdims, signed) in params {
        for masked in [false, true] {
            let domain = if signed { Distinct } else { Positive };
            cases.push(Case {
                label: format!("{shape:?} weights {weights:?} axes {axes:?} masked {masked}"),
                args: vec![Arg { domain: Real, shape }, Arg { domain, shape: weights }],
                run: Box::new(move |cx, a| {
                    // Every third element has no influence.
                    let fill = |d: &mut [bool]| d.iter_mut().enumerate().for_each(|(i, d)| *d = i % 3 != 1);
                    let mask = || ok(cx, cx.engine.build::<bool>(a[0].shape(), fill).map(Array::from));
                    let mask = if masked { mask() } else { Array::Null };
                    let options = Options { axes, all: false, keepdims, weights: &a[1], mask: &mask, signed };
                    logsumexp_with(cx, &a[0], &options).0
                }),
            });
        }
    }
    cases.push(Case {
        label: "no weights".into(),
        args: vec![Arg { domain: Real, shape: &[2, 3] }],
        run: Box::new(|cx, a| {
            let none = &Array::Null;
            let options = Options { axes: &[], all: true, keepdims: true, weights: none, mask: none, signed: false };
            logsumexp_with(cx, &a[0], &options).0
        }),
    });
    cases
}

pub fn cases(list: &mut Vec<Entry>) {
    let mut add = |name, dtypes, derivative, cases| {
        list.push(Entry { name, family: "reductions", dtypes, derivative, cases });
    };
    add("ag_sum", ALL, Both, of_axes(Real, true, reduce::sum));
    add("ag_mean", ALL, Both, of_axes(Real, false, reduce::mean));
    add("ag_max", ALL, Both, of_axes(Distinct, false, |cx, x, axes, keep| reduce::extremum(cx, true, x, axes, keep)));
    add("ag_min", ALL, Both, of_axes(Distinct, false, |cx, x, axes, keep| reduce::extremum(cx, false, x, axes, keep)));
    // Around 1, lest the product of many overflow.
    let prod: Reduction = |cx, x, axes, keep| {
        let x = elementwise::binary(
            cx,
            &elementwise::ADD,
            &elementwise::binary(cx, &elementwise::MUL, x, &Array::weak(0.02)),
            &Array::weak(1.0),
        );
        reduce::prod(cx, &x, axes, keep)
    };
    add("ag_prod", ALL, Both, of_axes(Real, true, prod));
    add("ag_var", ALL, Both, of_axes(Real, false, |cx, x, axes, keep| reduce::var(cx, x, axes, 0.0, keep)));
    let mut std = of_axes(Distinct, false, |cx, x, axes, keep| reduce::std(cx, x, axes, 0.0, keep));
    // One element has no deviation: that is a singular point.
    std.retain(|case| !case.label.contains("axes []") && !case.label.contains("[2, 1, 3]"));
    std.push(Case {
        label: "ddof 1".into(),
        args: vec![Arg { domain: Distinct, shape: &[3, 4] }],
        run: Box::new(|cx, a| reduce::std(cx, &a[0], &[1], 1.0, false)),
    });
    add("ag_std", ALL, Both, std);
    add("ag_logsumexp", ALL, Both, of_axes(Real, false, reduce::logsumexp));
    add("ag_logsumexp_with", REAL, Both, weighted_exponentials());
    let (boolean, position) = (Constant("boolean"), Constant("positions"));
    add("ag_all", ALL, boolean, of_axes(Real, true, |cx, x, axes, keep| reduce::all_any(cx, true, x, axes, keep)));
    add("ag_any", ALL, boolean, of_axes(Real, true, |cx, x, axes, keep| reduce::all_any(cx, false, x, axes, keep)));
    for (name, max) in [("ag_argmax", true), ("ag_argmin", false)] {
        let case = |shape, axis: Option<usize>, keepdims| Case {
            label: format!("{shape:?} axis {axis:?}"),
            args: vec![Arg { domain: Distinct, shape }],
            run: Box::new(move |cx: &Context, a: &[Array]| reduce::argbest(cx, max, &a[0], axis, keepdims)),
        };
        let cases = vec![
            case(&[], None, false),
            case(&[3, 4], None, true),
            case(&[3, 4], Some(0), false),
            case(&[2, 3, 4], Some(1), true),
        ];
        add(name, ALL, position, cases);
    }
}
