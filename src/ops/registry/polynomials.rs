//! Cases of the polynomials.

use super::*;
use crate::ops::polynomial as ops;

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "polynomials", "ag_polyval", ALL, Both;
        "at a number"      [Real [4], Real []]             |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "at a matrix"      [Real [3], Real [2, 3]]         |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "constant"         [Real [], Real [4]]             |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "at nothing"       [Real [3], Real [0]]            |cx, a| ops::polyval(cx, &a[0], &a[1]);
        "large"            [Real [4], Unit [33, 40]]       |cx, a| ops::polyval(cx, &a[0], &a[1]);
    }
    entry! { list, "polynomials", "ag_polyadd", ALL, Both;
        "equal degrees"    [Real [3], Real [3]]            |cx, a| ops::combine(cx, "ag_polyadd", &rows::ADD, &a[0], &a[1]);
        "shorter"          [Real [2], Real [4]]            |cx, a| ops::combine(cx, "ag_polyadd", &rows::ADD, &a[0], &a[1]);
        "with a number"    [Real [3], Real []]             |cx, a| ops::combine(cx, "ag_polyadd", &rows::ADD, &a[0], &a[1]);
        "with nothing"     [Real [0], Real [2]]            |cx, a| ops::combine(cx, "ag_polyadd", &rows::ADD, &a[0], &a[1]);
    }
    entry! { list, "polynomials", "ag_polysub", ALL, Both;
        "shorter"          [Real [2], Real [4]]            |cx, a| ops::combine(cx, "ag_polysub", &rows::SUB, &a[0], &a[1]);
        "longer"           [Real [4], Real [2]]            |cx, a| ops::combine(cx, "ag_polysub", &rows::SUB, &a[0], &a[1]);
    }
    entry! { list, "polynomials", "ag_polymul", ALL, Both;
        "two"              [Real [3], Real [4]]            |cx, a| ops::polymul(cx, &a[0], &a[1]);
        "a square"         [Real [3]]                      |cx, a| ops::polymul(cx, &a[0], &a[0]);
        "with a number"    [Real [], Real [3]]             |cx, a| ops::polymul(cx, &a[0], &a[1]);
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
