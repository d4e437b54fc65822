//! Cases of the reductions: every form of axes.

use super::*;
use crate::ops::reduce;

type Reduction = fn(&Context, &Array, &[usize], bool) -> Array;

/// Every form of axes for a reduction that has an identity (`empty`) or not.
fn of_axes(domain: Domain, empty: bool, f: Reduction) -> Vec<Case> {
    type Form = (&'static [usize], &'static [usize], bool);
    let mut forms: Vec<Form> = vec![
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
        forms.extend::<[Form; 3]>([(&[0], &[0], false), (&[2, 0], &[1], true), (&[0, 2], &[0, 1], false)]);
    }
    let case = |(shape, axes, keepdims): Form| Case {
        label: format!("{shape:?} axes {axes:?}{}", if keepdims { " keepdims" } else { "" }),
        args: vec![Arg { domain, shape }],
        run: Box::new(move |cx, a| f(cx, &a[0], axes, keepdims)),
    };
    forms.into_iter().map(case).collect()
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
        let x = rows::binary(cx, &rows::ADD, &rows::binary(cx, &rows::MUL, x, &Array::weak(0.02)), &Array::weak(1.0));
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
