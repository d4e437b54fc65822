//! Polynomials against the values that NumPy gave, recorded by `tests/reference/make_polynomial.py`.

mod helpers;
mod recorded;
mod support;

use autograd::ops::elementwise;
use autograd::ops::polyfit;
use autograd::ops::polynomial as ops;
use recorded::{Near, walk};

#[test]
fn polynomials() {
    walk(include_str!("reference/numpy_polynomial.txt"), 700, Near::Sums, |cx, call| {
        let a = &call.args;
        Ok(match call.name {
            "polyval" => ops::polyval(cx, &a[0], &a[1]),
            "polyadd" => ops::combine(cx, "ag_polyadd", &elementwise::ADD, &a[0], &a[1]),
            "polysub" => ops::combine(cx, "ag_polysub", &elementwise::SUB, &a[0], &a[1]),
            "polymul" => ops::polymul(cx, &a[0], &a[1]),
            "polydiv" => ops::polydiv(cx, &a[0], &a[1]).0,
            "remainder" => ops::polydiv(cx, &a[0], &a[1]).1,
            "polyfit" => polyfit::polyfit(cx, &a[0], &a[1], call.integer("deg"), a.get(2))?,
            "polyder" => ops::polyder(cx, &a[0], call.integer("m")),
            "polyint" => ops::polyint(cx, &a[0], call.integer("m"), &a.get(1).cloned().unwrap_or_default()),
            "vander" => ops::vander(cx, &a[0], call.integer("n"), call.flag("increasing")),
            "poly" => ops::poly(cx, &a[0]),
            other => panic!("no operation {other}"),
        })
    });
}
