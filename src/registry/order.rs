//! Cases of sorting, order statistics, statistics with and without NaN, and interpolation.

use super::scan::{growing, with_nan};
use super::*;
use crate::ops::elementwise;
use crate::ops::quantile::{self, Method, Request};
use crate::ops::statistics::{self, Outside, Weights};
use crate::ops::{nan, order, scan};

type Reduction = fn(&Context, &Array, &[usize], bool) -> Array;

/// Some choices of axes for a reduction.
fn of_axes(domain: Domain, f: Reduction) -> Vec<Case> {
    type Params = (&'static [usize], &'static [usize], bool);
    let params: [Params; 8] = [
        (&[], &[], false),
        (&[5], &[0], false),
        (&[3, 4], &[0, 1], true),
        (&[4, 3], &[0], false),
        (&[2, 3, 4], &[2, 0], true),
        (&[2, 3, 4], &[1], false),
        (&[0, 3], &[1], false),
        (&[33, 40], &[1], false),
    ];
    let case = |(shape, axes, keepdims): Params| Case {
        label: format!("{shape:?} axes {axes:?}{}", if keepdims { " keepdims" } else { "" }),
        args: vec![Arg { domain, shape }],
        run: Box::new(move |cx, a| f(cx, &a[0], axes, keepdims)),
    };
    params.into_iter().map(case).collect()
}

/// The same with NaN after every second element.
fn of_axes_with_nan(domain: Domain, f: Reduction) -> Vec<Case> {
    let mut cases = of_axes(domain, f);
    let without = of_axes(domain, f);
    for (case, inner) in cases.iter_mut().zip(without) {
        case.run = Box::new(move |cx, a| (inner.run)(cx, &[with_nan(cx, &a[0])]));
    }
    // There every line along some axes would be nothing but NaN.
    cases.retain(|c| c.args[0].shape.len() != 3);
    cases
}

fn whole(cx: &Context, values: &[i64]) -> Array {
    ok(cx, cx.engine.build::<i64>(&[values.len()], |d| d.copy_from_slice(values)).map(Array::from))
}

fn numbers(cx: &Context, values: &[f64]) -> Array {
    ok(cx, cx.engine.build::<f64>(&[values.len()], |d| d.copy_from_slice(values)).map(Array::from))
}

pub fn cases(list: &mut Vec<Entry>) {
    sorting(list);
    quantiles(list);
    reductions(list);
    samples(list);
}

#[rustfmt::skip]
fn sorting(list: &mut Vec<Entry>) {
    entry! { list, "sorting", "ag_sort", ALL, Both;
        "vector"    [Distinct [6]]          |cx, a| ok(cx, order::sort(cx, &a[0], 0));
        "first"     [Distinct [4, 3]]       |cx, a| ok(cx, order::sort(cx, &a[0], 0));
        "middle"    [Distinct [2, 3, 4]]    |cx, a| ok(cx, order::sort(cx, &a[0], 1));
        "last"      [Distinct [3, 4]]       |cx, a| ok(cx, order::sort(cx, &a[0], -1));
        "empty"     [Real [0, 3]]           |cx, a| ok(cx, order::sort(cx, &a[0], 0));
        "large"     [Distinct [33, 40]]     |cx, a| ok(cx, order::sort(cx, &a[0], 1));
    }
    entry! { list, "sorting", "ag_partition", ALL, Both;
        "vector"    [Distinct [6]]          |cx, a| ok(cx, order::partition(cx, &a[0], &[2], 0));
        "matrix"    [Distinct [4, 3]]       |cx, a| ok(cx, order::partition(cx, &a[0], &[-1, 1], 0));
    }
    entry! { list, "sorting", "ag_argsort", ALL, Constant("positions");
        "matrix"    [Distinct [4, 3]]       |cx, a| ok(cx, order::argsort(cx, &a[0], 0));
    }
    entry! { list, "sorting", "ag_argpartition", ALL, Constant("positions");
        "vector"    [Distinct [6]]          |cx, a| ok(cx, order::argpartition(cx, &a[0], &[1], 0));
    }
    entry! { list, "sorting", "ag_searchsorted", ALL, Constant("positions");
        "both"      [Distinct [6], Real [3]] |cx, a| ok(cx, order::sort(cx, &a[0], 0).and_then(|s| order::searchsorted(cx, &s, &a[1], false)).map(Array::from));
    }
    entry! { list, "sorting", "ag_digitize", REAL, Constant("positions");
        "vector"    [Real [6]]              |cx, a| ok(cx, order::digitize(cx, &a[0], &numbers(cx, &[-1.0, 0.0, 2.0]), false).map(Array::from));
    }
    entry! { list, "sorting", "ag_topk", ALL, Both;
        "vector"    [Distinct [6]]          |cx, a| ok(cx, order::topk(cx, &a[0], 2, -1).map(|t| t.0));
        "first"     [Distinct [4, 3]]       |cx, a| ok(cx, order::topk(cx, &a[0], 3, 0).map(|t| t.0));
        "whole"     [Distinct [2, 3]]       |cx, a| ok(cx, order::topk(cx, &a[0], 3, 1).map(|t| t.0));
        "none"      [Distinct [2, 3]]       |cx, a| ok(cx, order::topk(cx, &a[0], 0, 1).map(|t| t.0));
        "large"     [Distinct [33, 40]]     |cx, a| ok(cx, order::topk(cx, &a[0], 5, 1).map(|t| t.0));
    }
    entry! { list, "sorting", "ag_lexsort", ALL, Constant("positions");
        "matrices"  [Distinct [4, 3], Distinct [4, 3]] |cx, a| ok(cx, order::lexsort(cx, &[&a[0], &a[1]], -1));
    }
    entry! { list, "sorting", "ag_unique", ALL, Both;
        "different" [Distinct [3, 2]]       |cx, a| ok(cx, order::unique(cx, &a[0]).map(|u| u.values));
    }
}

fn quantiles(list: &mut Vec<Entry>) {
    let mut add = |name, dtypes, cases| {
        list.push(Entry { name, family: "order statistics", dtypes, derivative: Both, cases });
    };
    add("ag_median", ALL, of_axes(Distinct, |cx, x, axes, keep| ok(cx, quantile::median(cx, x, axes, false, keep))));
    let nanmedian: Reduction = |cx, x, axes, keep| ok(cx, quantile::median(cx, x, axes, true, keep));
    add("ag_nanmedian", ALL, of_axes_with_nan(Distinct, nanmedian));
    let request =
        |quantiles, axes, method, ignore_nan, keepdims| Request { quantiles, axes, method, ignore_nan, keepdims };
    for (name, ignore_nan) in [("ag_quantile", false), ("ag_nanquantile", true)] {
        let mut cases = Vec::new();
        for (label, method) in Method::ALL {
            for (shape, axes, keepdims) in [(&[5][..], &[0][..], false), (&[2, 3, 4], &[2, 0], true)] {
                cases.push(Case {
                    label: format!("{label} {shape:?}"),
                    args: vec![Arg { domain: Distinct, shape }],
                    run: Box::new(move |cx, a| {
                        let x = if ignore_nan { with_nan(cx, &a[0]) } else { a[0].clone() };
                        ok(cx, quantile::quantiles(cx, &x, &request(&[0.3, 0.85], axes, method, ignore_nan, keepdims)))
                    }),
                });
            }
        }
        cases.push(Case {
            label: "large".into(),
            args: vec![Arg { domain: Distinct, shape: &[33, 40] }],
            run: Box::new(move |cx, a| {
                ok(cx, quantile::quantile(cx, &a[0], &request(&[0.3], &[0], Method::Linear, ignore_nan, false)))
            }),
        });
        add(name, REAL, cases);
    }
    for (name, ignore_nan) in [("ag_percentile", false), ("ag_nanpercentile", true)] {
        let cases = vec![Case {
            label: "vector".into(),
            args: vec![Arg { domain: Distinct, shape: &[5] }],
            run: Box::new(move |cx, a| {
                ok(cx, quantile::quantile(cx, &a[0], &request(&[0.4], &[0], Method::Linear, ignore_nan, false)))
            }),
        }];
        add(name, REAL, cases);
    }
}

fn reductions(list: &mut Vec<Entry>) {
    let mut add = |name, derivative, cases| {
        list.push(Entry { name, family: "statistics", dtypes: ALL, derivative, cases });
    };
    // Of nothing there is no extremum.
    let some = |mut cases: Vec<Case>| {
        cases.retain(|c| c.args[0].shape != [0, 3]);
        cases
    };
    add("ag_nansum", Both, of_axes_with_nan(Real, nan::sum));
    add("ag_nanprod", Both, some(of_axes_with_nan(Unit, nan::prod)));
    add("ag_nanmean", Both, of_axes_with_nan(Real, nan::mean));
    add(
        "ag_nanmax",
        Both,
        some(of_axes_with_nan(Distinct, |cx, x, axes, keep| nan::extremum(cx, true, x, axes, keep))),
    );
    add(
        "ag_nanmin",
        Both,
        some(of_axes_with_nan(Distinct, |cx, x, axes, keep| nan::extremum(cx, false, x, axes, keep))),
    );
    add("ag_nanvar", Both, of_axes_with_nan(Real, |cx, x, axes, keep| nan::var(cx, x, axes, 0.0, keep)));
    let mut std = of_axes_with_nan(Distinct, |cx, x, axes, keep| nan::std(cx, x, axes, 0.0, keep));
    // One element has no deviation: that is a singular point.
    std.retain(|c| !c.args[0].shape.is_empty());
    add("ag_nanstd", Both, std);
    add("ag_ptp", Both, some(of_axes(Distinct, statistics::ptp)));
    let (positions, counts) = (Constant("positions"), Constant("counts"));
    let argmax: Reduction = |cx, x, _, _| ok(cx, nan::argbest(cx, true, x, None, false));
    add("ag_nanargmax", positions, some(of_axes_with_nan(Distinct, argmax)));
    let argmin: Reduction = |cx, x, _, _| ok(cx, nan::argbest(cx, false, x, None, false));
    add("ag_nanargmin", positions, some(of_axes_with_nan(Distinct, argmin)));
    add("ag_count_nonzero", counts, of_axes(Real, order::count_nonzero));
}

#[rustfmt::skip]
fn samples(list: &mut Vec<Entry>) {

    const EDGES: [f64; 4] = [-1.0, 0.0, 0.5, 2.0];
    entry! { list, "statistics", "ag_average", ALL, Both;
        "mean"      [Real [2, 3]]                       |cx, a| ok(cx, statistics::average(cx, &a[0], None, &[0], true));
        "all"       [Real [2, 3], Positive [2, 3]]      |cx, a| ok(cx, statistics::average(cx, &a[0], Some(&a[1]), &[0, 1], false));
        "axis"      [Real [2, 3], Positive [3]]         |cx, a| ok(cx, statistics::average(cx, &a[0], Some(&a[1]), &[1], true));
        "axes"      [Real [2, 3, 2], Positive [3, 2]]   |cx, a| ok(cx, statistics::average(cx, &a[0], Some(&a[1]), &[1, 0], false));
        "large"     [Real [33, 40], Positive [40]]      |cx, a| ok(cx, statistics::average(cx, &a[0], Some(&a[1]), &[1], false));
    }
    entry! { list, "statistics", "ag_cov", ALL, Both;
        "vector"    [Real [4]]                          |cx, a| ok(cx, statistics::cov(cx, &a[0], None, true, 1.0, &Weights::default()));
        "rows"      [Real [2, 4]]                       |cx, a| ok(cx, statistics::cov(cx, &a[0], None, true, 1.0, &Weights::default()));
        "columns"   [Real [4, 2]]                       |cx, a| ok(cx, statistics::cov(cx, &a[0], None, false, 0.0, &Weights::default()));
        "more"      [Real [2, 4], Real [4]]             |cx, a| ok(cx, statistics::cov(cx, &a[0], Some(&a[1]), true, 1.0, &Weights::default()));
    }
    entry! { list, "statistics", "ag_cov_with", REAL, Both;
        "weights"   [Real [2, 4], Positive [4]]         |cx, a| {
            let often = whole(cx, &[1, 2, 0, 3]);
            ok(cx, statistics::cov(cx, &a[0], None, true, 1.0, &Weights { frequencies: Some(&often), importance: Some(&a[1]) }))
        };
        "no ddof"   [Real [2, 4], Positive [4]]         |cx, a| ok(cx, statistics::cov(cx, &a[0], None, true, 0.0, &Weights { frequencies: None, importance: Some(&a[1]) }));
    }
    entry! { list, "statistics", "ag_corrcoef", REAL, Both;
        "rows"      [Real [3, 5]]                       |cx, a| ok(cx, statistics::corrcoef(cx, &a[0], None, true));
        "columns"   [Real [5, 2], Real [5, 1]]          |cx, a| ok(cx, statistics::corrcoef(cx, &a[0], Some(&a[1]), false));
    }
    entry! { list, "statistics", "ag_bincount", ALL, Both;
        "weights"   [Real [4]]                          |cx, a| ok(cx, statistics::bincount(cx, &whole(cx, &[2, 0, 2, 5]), Some(&a[0]), 7));
    }
    entry! { list, "statistics", "ag_histogram_edges", ALL, Both;
        "weights"   [Real [4]]                          |cx, a| ok(cx, statistics::histogram(cx, &numbers(cx, &[0.2, -1.0, 2.0, 9.0]), &numbers(cx, &EDGES), Some(&a[0]), false));
        "density"   [Positive [4]]                      |cx, a| ok(cx, statistics::histogram(cx, &numbers(cx, &[0.2, -1.0, 2.0, 9.0]), &numbers(cx, &EDGES), Some(&a[0]), true));
    }
    entry! { list, "statistics", "ag_histogram", REAL, Constant("counts");
        "vector"    [Real [7]]                          |cx, a| ok(cx, statistics::bin_edges(cx, &a[0], 3, None).and_then(|e| statistics::histogram(cx, &a[0], &e, None, false)));
    }
    entry! { list, "statistics", "ag_interp", REAL, Both;
        "inside"    [Unit [2, 3], Real [4], Real [4]]   |cx, a| ok(cx, {
            let xp = elementwise::binary(cx, &elementwise::SUB, &growing(cx, &a[1]), &Array::weak(1.7));
            statistics::interp(cx, &a[0], &xp, &a[2], &Outside::default())
        });
        "number"    [Unit [], Real [3], Real [3]]       |cx, a| ok(cx, {
            let xp = elementwise::binary(cx, &elementwise::SUB, &growing(cx, &a[1]), &Array::weak(1.7));
            statistics::interp(cx, &a[0], &xp, &a[2], &Outside::default())
        });
        "outside"   [Real [5], Real [3], Real [3], Real [], Real []] |cx, a| ok(cx, {
            let xp = scan::cumsum(cx, &elementwise::unary(cx, &elementwise::SQUARE, &a[1]), 0);
            statistics::interp(cx, &a[0], &xp, &a[2], &Outside { left: Some(&a[3]), right: Some(&a[4]), period: None })
        });
        "periodic"  [Real [5], Distinct [3], Real [3]]  |cx, a| ok(cx, {
            statistics::interp(cx, &a[0], &a[1], &a[2], &Outside { left: None, right: None, period: Some(2.3) })
        });
    }
}
