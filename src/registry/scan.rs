//! Cases of running sums and products, differences, gradients and integrals of samples.

use super::*;
use crate::ops::elementwise;
use crate::ops::{create, scan};

/// x with some elements replaced by 0, where a quotient of products would not do.
fn with_zeros(cx: &Context, x: &Array, at: &[usize]) -> Array {
    let keep = cx.engine.build::<f64>(x.shape(), |d| {
        d.iter_mut().enumerate().for_each(|(i, d)| *d = f64::from(u8::from(!at.contains(&i))));
    });
    let keep = elementwise::astype(cx, &ok(cx, keep.map(Array::from)), x.dtype().real());
    elementwise::binary(cx, &elementwise::MUL, x, &keep)
}

/// Around 1, lest the product of many overflow.
fn near_one(cx: &Context, x: &Array) -> Array {
    elementwise::binary(
        cx,
        &elementwise::ADD,
        &elementwise::binary(cx, &elementwise::MUL, x, &Array::weak(0.1)),
        &Array::weak(1.0),
    )
}

/// Coordinates that grow by at least a half.
pub(super) fn growing(cx: &Context, x: &Array) -> Array {
    let one = create::full(cx, x.dtype(), x.shape(), 0.5);
    scan::cumsum(
        cx,
        &elementwise::binary(cx, &elementwise::ADD, &elementwise::unary(cx, &elementwise::SQUARE, x), &one),
        0,
    )
}

/// NaN after every second element.
pub(super) fn with_nan(cx: &Context, x: &Array) -> Array {
    let mask = cx.engine.build::<bool>(x.shape(), |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i % 2 == 1));
    elementwise::select(cx, &ok(cx, mask.map(Array::from)), &Array::weak(f64::NAN), x)
}

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "scans", "ag_cumsum", ALL, Both;
        "vector"    [Real [5]]          |cx, a| scan::cumsum(cx, &a[0], 0);
        "first"     [Real [3, 4]]       |cx, a| scan::cumsum(cx, &a[0], 0);
        "middle"    [Real [2, 3, 4]]    |cx, a| scan::cumsum(cx, &a[0], 1);
        "last"      [Real [2, 3]]       |cx, a| scan::cumsum(cx, &a[0], 1);
        "empty"     [Real [2, 0]]       |cx, a| scan::cumsum(cx, &a[0], 1);
        "large"     [Real [33, 40]]     |cx, a| scan::cumsum(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), 0);
    }
    entry! { list, "scans", "ag_cumprod", ALL, Both;
        "vector"    [Real [5]]          |cx, a| scan::cumprod(cx, &a[0], 0);
        "one"       [Real [1, 3]]       |cx, a| scan::cumprod(cx, &a[0], 0);
        "zero"      [Real [4]]          |cx, a| scan::cumprod(cx, &with_zeros(cx, &a[0], &[1]), 0);
        "zeros"     [Real [3, 4]]       |cx, a| scan::cumprod(cx, &with_zeros(cx, &a[0], &[0, 5, 6, 11]), 1);
        "middle"    [Real [2, 3, 2]]    |cx, a| scan::cumprod(cx, &a[0], 1);
        "empty"     [Real [0, 2]]       |cx, a| scan::cumprod(cx, &a[0], 0);
        "large"     [Real [33, 40]]     |cx, a| scan::cumprod(cx, &near_one(cx, &a[0]), 1);
    }
    entry! { list, "scans", "ag_nancumsum", ALL, Both;
        "vector"    [Real [5]]          |cx, a| scan::cumsum(cx, &scan::without_nan(cx, &with_nan(cx, &a[0]), 0.0), 0);
    }
    entry! { list, "scans", "ag_nancumprod", ALL, Both;
        "vector"    [Real [5]]          |cx, a| scan::cumprod(cx, &scan::without_nan(cx, &with_nan(cx, &a[0]), 1.0), 0);
    }
    entry! { list, "scans", "ag_cumulative_sum", ALL, Both;
        "initial"   [Real [3, 2]]       |cx, a| ok(cx, scan::cumulative(cx, false, &a[0], 0, true));
    }
    entry! { list, "scans", "ag_cumulative_prod", ALL, Both;
        "initial"   [Real [3, 2]]       |cx, a| ok(cx, scan::cumulative(cx, true, &a[0], -1, true));
    }
    for (name, max) in [("ag_cummax", true), ("ag_cummin", false)] {
        let params: [(&[usize], usize); 5] = [(&[6], 0), (&[2, 3, 4], 1), (&[3, 4], 1), (&[0, 2], 0), (&[33, 40], 0)];
        let case = |(shape, axis)| Case {
            label: format!("{shape:?} axis {axis}"),
            args: vec![Arg { domain: Distinct, shape }],
            run: Box::new(move |cx: &Context, a: &[Array]| scan::cumulative_extremum(cx, max, &a[0], axis)),
        };
        list.push(Entry { name, family: "scans", dtypes: ALL, derivative: Both, cases: params.into_iter().map(case).collect() });
    }
    entry! { list, "scans", "ag_logcumsumexp", REAL, Both;
        "vector"    [Real [5]]          |cx, a| scan::logcumsumexp(cx, &a[0], 0);
        "middle"    [Real [2, 3, 4]]    |cx, a| scan::logcumsumexp(cx, &a[0], 1);
        "last"      [Distinct [3, 4]]   |cx, a| scan::logcumsumexp(cx, &a[0], 1);
        "one"       [Real [1, 3]]       |cx, a| scan::logcumsumexp(cx, &a[0], 0);
        "empty"     [Real [2, 0]]       |cx, a| scan::logcumsumexp(cx, &a[0], 1);
        "large"     [Real [33, 40]]     |cx, a| scan::logcumsumexp(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), 1);
    }
    entry! { list, "scans", "ag_diff", ALL, Both;
        "vector"    [Real [5]]          |cx, a| ok(cx, scan::diff(cx, &a[0], 1, -1, None, None));
        "twice"     [Real [4, 2]]       |cx, a| ok(cx, scan::diff(cx, &a[0], 2, 0, None, None));
        "too often" [Real [2]]          |cx, a| ok(cx, scan::diff(cx, &a[0], 3, 0, None, None));
        "ends"      [Real [2, 3], Real [], Real [2, 2]] |cx, a| ok(cx, scan::diff(cx, &a[0], 1, 1, Some(&a[1]), Some(&a[2])));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, scan::diff(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), 1, 0, None, None));
    }
    entry! { list, "scans", "ag_ediff1d", ALL, Both;
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, scan::ediff1d(cx, &a[0], None, None));
        "ends"      [Real [3], Real [2], Real []] |cx, a| ok(cx, scan::ediff1d(cx, &a[0], Some(&a[1]), Some(&a[2])));
    }
    entry! { list, "scans", "ag_gradient", ALL, Both;
        "two"       [Real [2]]          |cx, a| ok(cx, scan::gradient(cx, &a[0], &Array::weak(1.0), 0, 1));
        "first"     [Real [4, 3]]       |cx, a| ok(cx, scan::gradient(cx, &a[0], &Array::weak(0.5), 0, 1));
        "second"    [Real [2, 5]]       |cx, a| ok(cx, scan::gradient(cx, &a[0], &Array::weak(0.5), -1, 2));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, scan::gradient(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &Array::weak(1.0), 0, 2));
    }
    entry! { list, "scans", "ag_gradient_axis", REAL, Both;
        "step"      [Real [5], Positive []]     |cx, a| ok(cx, scan::gradient(cx, &a[0], &a[1], 0, 2));
        "first"     [Real [4, 2], Real [4]]     |cx, a| ok(cx, scan::gradient(cx, &a[0], &growing(cx, &a[1]), 0, 1));
        "second"    [Real [2, 5], Real [5]]     |cx, a| ok(cx, scan::gradient(cx, &a[0], &growing(cx, &a[1]), 1, 2));
    }
    entry! { list, "scans", "ag_trapezoid", ALL, Both;
        "vector"    [Real [5]]          |cx, a| ok(cx, scan::trapezoid(cx, &a[0], &Array::weak(0.5), 0));
        "matrix"    [Real [3, 2]]       |cx, a| ok(cx, scan::trapezoid(cx, &a[0], &Array::weak(2.0), -2));
        "one"       [Real [2, 1]]       |cx, a| ok(cx, scan::trapezoid(cx, &a[0], &Array::weak(2.0), 1));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, scan::trapezoid(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &Array::weak(1.0), 1));
    }
    entry! { list, "scans", "ag_trapezoid_x", ALL, Both;
        "vector"    [Real [4, 2], Real [4]]     |cx, a| ok(cx, scan::trapezoid(cx, &a[0], &a[1], 0));
        "matrix"    [Real [2, 4], Real [2, 4]]  |cx, a| ok(cx, scan::trapezoid(cx, &a[0], &a[1], 1));
    }
    entry! { list, "scans", "ag_unwrap", REAL, Both;
        "vector"    [Distinct [7]]      |cx, a| ok(cx, scan::unwrap(cx, &a[0], 0.0, -1, 1.9));
        "matrix"    [Distinct [4, 2]]   |cx, a| ok(cx, scan::unwrap(cx, &a[0], 2.3, 0, 4.0));
    }
}
