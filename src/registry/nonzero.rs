//! Cases of where elements are not 0.

use super::*;
use crate::ops::{elementwise, nonzero};

/// Zeros where the mask, a row, is 0.
fn framed(cx: &Context, x: &Array, mask: &[u8]) -> Array {
    elementwise::select(cx, &truth(cx, &[mask.len()], mask), x, &Array::weak(0.0))
}

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "choosing", "ag_trim_zeros", ALL, Both;
        "number"    [Real []]           |cx, a| ok(cx, nonzero::trim_zeros(cx, &a[0], true, true, &[]));
        "vector"    [Nonzero [5]]       |cx, a| ok(cx, nonzero::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0, 0]), true, true, &[0]));
        "front"     [Nonzero [5]]       |cx, a| ok(cx, nonzero::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0, 0]), true, false, &[0]));
        "box"       [Nonzero [3, 4]]    |cx, a| ok(cx, nonzero::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0]), true, true, &[0, 1]));
        "columns"   [Nonzero [3, 4]]    |cx, a| ok(cx, nonzero::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0]), false, true, &[1]));
        "empty"     [Real [0, 3]]       |cx, a| ok(cx, nonzero::trim_zeros(cx, &a[0], true, true, &[0, 1]));
    }
    entry! { list, "choosing", "ag_flatnonzero", ALL, Constant("positions");
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, nonzero::flatnonzero(cx, &a[0]).map(Array::from));
    }
    entry! { list, "choosing", "ag_nonzero", ALL, Constant("positions");
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, nonzero::nonzero(cx, &a[0]).map(|mut parts| parts.remove(1)));
    }
    entry! { list, "choosing", "ag_argwhere", ALL, Constant("positions");
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, nonzero::argwhere(cx, &a[0]).map(Array::from));
    }
}
