//! Cases of the polynomials.

use super::*;
use crate::ops::elementwise;
use crate::ops::polyfit;
use crate::ops::polynomial as ops;

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "polynomials", "ag_polyval", ALL, Both;
        "at a number"      [Real [4], Real []]             |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "at a matrix"      [Real [3], Real [2, 3]]         |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "constant"         [Real [], Real [4]]             |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "columns"          [Real [4, 3], Real [2, 1]]      |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "at nothing"       [Real [3], Real [0]]            |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "large"            [Real [4], Unit [33, 40]]       |cx, a| ops::polyval(cx, &a[0], &a[1]);
    }
    entry! { list, "polynomials", "ag_polyadd", ALL, Both;
        "equal degrees"    [Real [3], Real [3]]            |cx, a| ops::combine(cx, "ag_polyadd", &elementwise::ADD, &a[0], &a[1]);
        "shorter"          [Real [2], Real [4]]            |cx, a| ops::combine(cx, "ag_polyadd", &elementwise::ADD, &a[0], &a[1]);
        "with a number"    [Real [3], Real []]             |cx, a| ops::combine(cx, "ag_polyadd", &elementwise::ADD, &a[0], &a[1]);
        "with nothing"     [Real [0], Real [2]]            |cx, a| ops::combine(cx, "ag_polyadd", &elementwise::ADD, &a[0], &a[1]);
    }
    entry! { list, "polynomials", "ag_polysub", ALL, Both;
        "shorter"          [Real [2], Real [4]]            |cx, a| ops::combine(cx, "ag_polysub", &elementwise::SUB, &a[0], &a[1]);
        "longer"           [Real [4], Real [2]]            |cx, a| ops::combine(cx, "ag_polysub", &elementwise::SUB, &a[0], &a[1]);
    }
    entry! { list, "polynomials", "ag_polymul", ALL, Both;
        "two"              [Real [3], Real [4]]            |cx, a| ops::polymul(cx, &a[0], &a[1]);
        "a square"         [Real [3]]                      |cx, a| ops::polymul(cx, &a[0], &a[0]);
        "with a number"    [Real [], Real [3]]             |cx, a| ops::polymul(cx, &a[0], &a[1]);
    }
    entry! { list, "polynomials", "ag_polydiv", ALL, Both;
        "quotient"         [Real [5], Positive [3]]        |cx, a| ops::polydiv(cx, &a[0], &a[1]).0;
        "remainder"        [Real [5], Positive [3]]        |cx, a| ops::polydiv(cx, &a[0], &a[1]).1;
        "by a number"      [Real [3], Positive []]         |cx, a| ops::polydiv(cx, &a[0], &a[1]).0;
        "of a shorter one" [Real [2], Positive [3]]        |cx, a| ops::polydiv(cx, &a[0], &a[1]).1;
    }
    entry! { list, "polynomials", "ag_polyfit", REAL, Both;
        "parabola"         [Real [6], Real [6]]            |cx, a| ok(cx, polyfit::polyfit(cx, &apart(cx, &a[0]), &a[1], 2, None));
        "weights"          [Real [5], Real [5], Positive [5]] |cx, a| ok(cx, polyfit::polyfit(cx, &apart(cx, &a[0]), &a[1], 1, Some(&a[2])));
        "through all"      [Real [4], Real [4]]            |cx, a| ok(cx, polyfit::polyfit(cx, &apart(cx, &a[0]), &a[1], 3, None));
        "columns"          [Real [4], Real [4, 2]]         |cx, a| ok(cx, polyfit::polyfit(cx, &apart(cx, &a[0]), &a[1], 1, None));
        "mean"             [Real [3], Real [3]]            |cx, a| ok(cx, polyfit::polyfit(cx, &apart(cx, &a[0]), &a[1], 0, None));
    }
    entry! { list, "polynomials", "ag_polyder", ALL, Both;
        "first"            [Real [4]]                      |cx, a| ops::polyder(cx, &a[0], 1);
        "third"            [Real [5]]                      |cx, a| ops::polyder(cx, &a[0], 3);
        "none"             [Real [3]]                      |cx, a| ops::polyder(cx, &a[0], 0);
        "of a constant"    [Real [1]]                      |cx, a| ops::polyder(cx, &a[0], 2);
    }
    entry! { list, "polynomials", "ag_polyint", ALL, Both;
        "first"            [Real [3]]                      |cx, a| ops::polyint(cx, &a[0], 1, &Array::Null);
        "third, constants" [Real [2], Real [3]]            |cx, a| ops::polyint(cx, &a[0], 3, &a[1]);
        "one constant"     [Real [2], Real []]             |cx, a| ops::polyint(cx, &a[0], 2, &a[1]);
        "none"             [Real [3]]                      |cx, a| ops::polyint(cx, &a[0], 0, &Array::Null);
        "of nothing"       [Real [0]]                      |cx, a| ops::polyint(cx, &a[0], 1, &Array::Null);
    }
    entry! { list, "polynomials", "ag_vander", ALL, Both;
        "decreasing"       [Real [3]]                      |cx, a| ops::vander(cx, &a[0], 4, false);
        "increasing"       [Real [3]]                      |cx, a| ops::vander(cx, &a[0], 3, true);
        "one column"       [Real [3]]                      |cx, a| ops::vander(cx, &a[0], 1, true);
        "no columns"       [Real [3]]                      |cx, a| ops::vander(cx, &a[0], 0, true);
        "empty"            [Real [0]]                      |cx, a| ops::vander(cx, &a[0], 3, true);
    }
    entry! { list, "polynomials", "ag_poly", ALL, Both;
        "one root"         [Real [1]]                      |cx, a| ops::poly(cx, &a[0]);
        "three roots"      [Real [3]]                      |cx, a| ops::poly(cx, &a[0]);
        "four roots"       [Real [4]]                      |cx, a| ops::poly(cx, &a[0]);
        "five roots"       [Real [5]]                      |cx, a| ops::poly(cx, &a[0]);
        "a number"         [Real []]                       |cx, a| ops::poly(cx, &a[0]);
    }
}

/// Coordinates that are different also where `x` repeats an element.
fn apart(cx: &Context, x: &Array) -> Array {
    let steps = cx.engine.build::<f64>(x.shape(), |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i as f64));
    let steps = steps.expect("a small array").into();
    elementwise::binary(cx, &elementwise::ADD, x, &elementwise::astype(cx, &steps, x.dtype()))
}
