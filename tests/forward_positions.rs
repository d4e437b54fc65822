//! Positions, running and largest elements, segments, polynomials side by side and weighted sums of exponentials, against what
//! `tests/reference/make_positions.py` recorded.

mod helpers;
mod recorded;
mod support;

use autograd::array::shape as arithmetic;
use autograd::error::{Error, Result};
use autograd::operators::grad::one;
use autograd::operators::jacobian::hessian;
use autograd::ops::logsumexp::{Options, logsumexp_with};
use autograd::ops::segment::{Kind, segment};
use autograd::ops::take::{self, Outside};
use autograd::ops::{order, polynomial, positions, scan};
use autograd::trace::{Array, Context};
use helpers::{get, grad, reals, vector};
use recorded::{Call, Near, walk_by};

type Function<'a> = &'a dyn Fn(&Context, &Array) -> Array;

fn outside(call: &Call<'_>) -> Outside {
    match call.parameters["mode"] {
        "raise" => Outside::Raise,
        "wrap" => Outside::Wrap,
        _ => Outside::Clip,
    }
}

fn part(call: &Call<'_>, parts: Vec<Array>) -> Result<Array> {
    parts.get(call.integer("part") as usize).cloned().ok_or_else(|| Error::index("fewer parts"))
}

fn run(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let a = &call.args;
    let shape = || -> Vec<usize> { call.integers("shape").iter().map(|&d| d as usize).collect() };
    let axis = || arithmetic::normalize_axis(call.integer("axis"), a[0].ndim());
    let segments = |kind| segment(cx, kind, &a[0], &a[1], call.integer("n"));
    Ok(match call.name {
        "tril_indices" | "triu_indices" => {
            let upper = call.name == "triu_indices";
            part(call, positions::triangle(cx, upper, call.integer("n"), call.integer("k"), call.integer("m"))?)?
        }
        "diag_indices" => part(call, positions::diagonal(cx, call.integer("n"), call.integer("ndim") as usize)?)?,
        "indices" => positions::indices(cx, &shape())?,
        "unravel_index" => part(call, positions::unravel_index(cx, &a[0], &shape())?)?,
        "ravel_multi_index" => {
            positions::ravel_multi_index(cx, &a.iter().collect::<Vec<_>>(), &shape(), outside(call))?
        }
        "cummax" => scan::cumulative_extremum(cx, true, &a[0], axis()?),
        "cummin" => scan::cumulative_extremum(cx, false, &a[0], axis()?),
        "topk" => order::topk(cx, &a[0], call.integer("k"), call.integer("axis"))?.0,
        "topk_positions" => order::topk(cx, &a[0], call.integer("k"), call.integer("axis"))?.1,
        "lexsort" => order::lexsort(cx, &a.iter().collect::<Vec<_>>(), call.integer("axis"))?,
        "put" => take::put(cx, &a[0], &a[1], &a[2], outside(call))?,
        "place" => take::place(cx, &a[0], &a[1], &a[2])?,
        "putmask" => take::putmask(cx, &a[0], &a[1], &a[2])?,
        "segment_sum" => segments(Kind::Sum)?,
        "segment_prod" => segments(Kind::Prod)?,
        "segment_max" => segments(Kind::Max)?,
        "segment_min" => segments(Kind::Min)?,
        "polyval" => polynomial::polyval(cx, &a[0], &a[1]),
        "logcumsumexp" | "logcumsumexp_near" => scan::logcumsumexp(cx, &a[0], axis()?),
        "logsumexp" => {
            let signed = call.flag("signed");
            let (axes, keepdims) = (call.integers("axis"), call.flag("keepdims"));
            let options = Options { axes: &axes, all: false, keepdims, weights: &a[1], mask: &a[2], signed };
            let (y, sign) = logsumexp_with(cx, &a[0], &options);
            part(call, vec![y, sign])?
        }
        other => panic!("no operation {other}"),
    })
}

#[test]
fn positions_segments_and_exponentials() {
    let near = |name: &str| match name {
        "segment_sum" | "segment_prod" | "polyval" | "logcumsumexp_near" => Near::Sums,
        "logsumexp" | "logcumsumexp" => Near::EitherZero,
        _ => Near::Elements,
    };
    walk_by(include_str!("reference/numpy_positions.txt"), 4000, near, run);
}

/// Large triangles are counted, not walked.
#[test]
fn triangles_of_any_extent() {
    let cx = Context::new();
    let size = |upper, n, k, m| positions::triangle(&cx, upper, n, k, m).map(|p| p[0].size());
    assert_eq!(size(false, i64::MAX, -i64::MAX + 2, 3).unwrap(), 3);
    assert_eq!(size(true, i64::MAX, 0, 2).unwrap(), 3);
    assert_eq!(size(true, 2, i64::MAX, i64::MAX).unwrap(), 0);
    assert_eq!(size(false, i64::MAX, i64::MIN, i64::MAX).unwrap(), 0);
    assert_eq!(size(false, 3, i64::MAX, 2).unwrap(), 6);
    assert!(size(false, i64::MAX, 0, i64::MAX).is_err() && size(true, -1, 0, 2).is_err());
    cx.clear_error();
}

/// Shares are quotients of sums, not exponentials of differences of logarithms, which large exponents make inexact.
#[test]
fn shares_of_large_exponents() {
    let cx = Context::new();
    let sum = 1.0 + 1f64.exp() + 2f64.exp();
    let want = [0, 1, 2].map(|k| f64::from(k).exp() / sum);
    let last = |cx: &Context, x: &Array| get(cx, &scan::logcumsumexp(cx, x, 0), "-1");
    let weighted = |cx: &Context, x: &Array| {
        let (axes, none) = (&[], &Array::Null);
        let options = Options { axes, all: true, keepdims: false, weights: none, mask: none, signed: false };
        logsumexp_with(cx, x, &options).0
    };
    let functions: [Function<'_>; 2] = [&last, &weighted];
    for begin in [0.0, 1e10, -3e14] {
        let x = vector(&cx, &[begin, begin + 1.0, begin + 2.0]);
        for f in functions {
            let got = reals(&cx, &grad(&cx, f, &x));
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() <= 3e-16), "{begin}: {got:?}, not {want:?}");
            // The second derivative is diag(w) - w w'.
            let rows = hessian(&cx, &one(|cx: &Context, a: &[Array]| f(cx, &a[0])), std::slice::from_ref(&x), 0);
            for (i, got) in reals(&cx, &rows).into_iter().enumerate() {
                let (a, b) = (want[i / 3], want[i % 3]);
                let want = if i / 3 == i % 3 { a * (1.0 - a) } else { -a * b };
                assert!((got - want).abs() <= 5e-16, "{begin}, {i}: {got}, not {want}");
            }
        }
    }
}
