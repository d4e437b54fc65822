//! Cases of picking by position and choosing by condition.

use super::*;
use crate::ops::choose;
use crate::ops::elementwise;
use crate::ops::gather::{self, Outside};

fn whole(cx: &Context, shape: &[usize], values: &[i64]) -> Array {
    ok(cx, cx.engine.build::<i64>(shape, |d| d.copy_from_slice(values)).map(Array::from))
}

fn truth(cx: &Context, shape: &[usize], values: &[u8]) -> Array {
    let fill = |d: &mut [bool]| d.iter_mut().zip(values).for_each(|(d, &v)| *d = v != 0);
    ok(cx, cx.engine.build::<bool>(shape, fill).map(Array::from))
}

/// True for every third element.
fn thirds(cx: &Context, x: &Array) -> Array {
    let fill = |d: &mut [bool]| d.iter_mut().enumerate().for_each(|(i, d)| *d = i % 3 == 1);
    ok(cx, cx.engine.build::<bool>(x.shape(), fill).map(Array::from))
}

/// Zeros where the mask, a row, is 0.
fn framed(cx: &Context, x: &Array, mask: &[u8]) -> Array {
    elementwise::select(cx, &truth(cx, &[mask.len()], mask), x, &Array::weak(0.0))
}

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "choosing", "ag_take", ALL, Both;
        "number"    [Real [4]]          |cx, a| ok(cx, gather::take(cx, &a[0], &whole(cx, &[], &[-1]), 0, Outside::Raise));
        "repeated"  [Real [2, 3]]       |cx, a| ok(cx, gather::take(cx, &a[0], &whole(cx, &[2, 2], &[1, 1, 0, 2]), 1, Outside::Raise));
        "wrap"      [Real [3, 2]]       |cx, a| ok(cx, gather::take(cx, &a[0], &whole(cx, &[3], &[-1, 3, 7]), 0, Outside::Wrap));
        "clip"      [Real [3]]          |cx, a| ok(cx, gather::take(cx, &a[0], &whole(cx, &[3], &[-1, 3, 1]), 0, Outside::Clip));
        "none"      [Real [3]]          |cx, a| ok(cx, gather::take(cx, &a[0], &whole(cx, &[0], &[]), 0, Outside::Raise));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, gather::take(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &whole(cx, &[3], &[0, 9, 0]), 1, Outside::Raise));
    }
    entry! { list, "choosing", "ag_take_along_axis", ALL, Both;
        "vector"    [Real [4]]          |cx, a| ok(cx, gather::take_along_axis(cx, &a[0], &whole(cx, &[3], &[3, 0, 3]), 0));
        "rows"      [Real [2, 3]]       |cx, a| ok(cx, gather::take_along_axis(cx, &a[0], &whole(cx, &[2, 2], &[1, 1, -1, 0]), 1));
        "broadcast" [Real [3, 2]]       |cx, a| ok(cx, gather::take_along_axis(cx, &a[0], &whole(cx, &[2, 1], &[2, 0]), 0));
    }
    entry! { list, "choosing", "ag_put_along_axis", ALL, Both;
        "rows"      [Real [2, 3], Real [2, 2]]          |cx, a| ok(cx, gather::put_along_axis(cx, &a[0], &whole(cx, &[2, 2], &[1, 1, -1, 0]), &a[1], 1));
        "number"    [Real [3, 2], Real []]              |cx, a| ok(cx, gather::put_along_axis(cx, &a[0], &whole(cx, &[1, 2], &[2, 0]), &a[1], 0));
    }
    entry! { list, "choosing", "ag_choose", ALL, Both;
        "numbers"   [Real [], Real []]                  |cx, a| ok(cx, choose::choose(cx, &whole(cx, &[3], &[1, 0, 1]), &[&a[0], &a[1]], Outside::Raise));
        "broadcast" [Real [2, 3], Real [3], Real [2, 1]] |cx, a| ok(cx, choose::choose(cx, &whole(cx, &[3], &[2, 0, 1]), &[&a[0], &a[1], &a[2]], Outside::Raise));
        "wrap"      [Real [4], Real []]                 |cx, a| ok(cx, choose::choose(cx, &whole(cx, &[4], &[-1, 4, 3, 0]), &[&a[0], &a[1]], Outside::Wrap));
    }
    entry! { list, "choosing", "ag_select", ALL, Both;
        "two"       [Real [2, 3], Real [3], Real []]    |cx, a| ok(cx, {
            let (c, d) = (thirds(cx, &a[0]), truth(cx, &[3], &[0, 1, 1]));
            choose::select(cx, &[&c, &d], &[&a[0], &a[1]], &a[2])
        });
        "large"     [Real [33, 40], Real [40], Real []] |cx, a| ok(cx, {
            choose::select(cx, &[&thirds(cx, &a[0])], &[&a[1]], &elementwise::binary(cx, &elementwise::MUL, &a[0], &a[2]))
        });
    }
    entry! { list, "choosing", "ag_piecewise", ALL, Both;
        "pieces"    [Real [5], Real []]                 |cx, a| ok(cx, {
            let (c, square) = (thirds(cx, &a[0]), elementwise::unary(cx, &elementwise::SQUARE, &a[0]));
            choose::piecewise(cx, &a[0], &[&c], &[&square, &a[1]])
        });
        "rest is 0" [Real [2, 3]]                       |cx, a| ok(cx, {
            let (c, d) = (thirds(cx, &a[0]), truth(cx, &[3], &[0, 1, 1]));
            choose::piecewise(cx, &a[0], &[&c, &d], &[&a[0], &elementwise::unary(cx, &elementwise::SIN, &a[0])])
        });
    }
    entry! { list, "choosing", "ag_compress", ALL, Both;
        "vector"    [Real [4]]          |cx, a| ok(cx, choose::compress(cx, &truth(cx, &[3], &[1, 0, 1]), &a[0], 0));
        "columns"   [Real [2, 3]]       |cx, a| ok(cx, choose::compress(cx, &truth(cx, &[3], &[1, 0, 1]), &a[0], -1));
    }
    entry! { list, "choosing", "ag_extract", ALL, Both;
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, choose::extract(cx, &thirds(cx, &a[0]), &a[0]));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, choose::extract(cx, &thirds(cx, &a[0]), &elementwise::unary(cx, &elementwise::SIN, &a[0])));
    }
    entry! { list, "choosing", "ag_trim_zeros", ALL, Both;
        "number"    [Real []]           |cx, a| ok(cx, choose::trim_zeros(cx, &a[0], true, true, &[]));
        "vector"    [Nonzero [5]]       |cx, a| ok(cx, choose::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0, 0]), true, true, &[0]));
        "front"     [Nonzero [5]]       |cx, a| ok(cx, choose::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0, 0]), true, false, &[0]));
        "box"       [Nonzero [3, 4]]    |cx, a| ok(cx, choose::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0]), true, true, &[0, 1]));
        "columns"   [Nonzero [3, 4]]    |cx, a| ok(cx, choose::trim_zeros(cx, &framed(cx, &a[0], &[0, 1, 1, 0]), false, true, &[1]));
        "empty"     [Real [0, 3]]       |cx, a| ok(cx, choose::trim_zeros(cx, &a[0], true, true, &[0, 1]));
    }
    entry! { list, "choosing", "ag_ix", ALL, Both;
        "columns"   [Real [2], Real [3]] |cx, a| ok(cx, choose::ix(cx, &[&a[0], &a[1]]).map(|parts| elementwise::binary(cx, &elementwise::MUL, &parts[0], &parts[1])));
    }
    entry! { list, "choosing", "ag_put", ALL, Both;
        "list"      [Real [2, 3], Real [3]]     |cx, a| ok(cx, gather::put(cx, &a[0], &whole(cx, &[3], &[4, -1, 0]), &a[1], Outside::Raise));
        "repeated"  [Real [2, 3], Real [2]]     |cx, a| ok(cx, gather::put(cx, &a[0], &whole(cx, &[2, 2], &[7, 1, 13, 5]), &a[1], Outside::Wrap));
        "clip"      [Real [4], Real [3, 2]]     |cx, a| ok(cx, gather::put(cx, &a[0], &whole(cx, &[3], &[9, 2, -4]), &a[1], Outside::Clip));
        "number"    [Real [4], Real []]         |cx, a| ok(cx, gather::put(cx, &a[0], &whole(cx, &[2], &[1, 2]), &a[1], Outside::Raise));
        "none"      [Real [4], Real [0]]        |cx, a| ok(cx, gather::put(cx, &a[0], &whole(cx, &[2], &[1, 2]), &a[1], Outside::Raise));
        "large"     [Real [33, 40], Real [3]]   |cx, a| ok(cx, gather::put(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &whole(cx, &[3], &[0, 90, 0]), &a[1], Outside::Raise));
    }
    entry! { list, "choosing", "ag_place", ALL, Both;
        "list"      [Real [2, 3], Real [3]]     |cx, a| ok(cx, gather::place(cx, &a[0], &truth(cx, &[2, 3], &[1, 0, 1, 0, 0, 1]), &a[1]));
        "repeated"  [Real [2, 3], Real [2]]     |cx, a| ok(cx, gather::place(cx, &a[0], &truth(cx, &[6], &[1, 0, 1, 1, 1, 1]), &a[1]));
        "none"      [Real [3], Real [0]]        |cx, a| ok(cx, gather::place(cx, &a[0], &truth(cx, &[3], &[0, 0, 0]), &a[1]));
        "large"     [Real [33, 40], Real [7]]   |cx, a| ok(cx, gather::place(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &thirds(cx, &a[0]), &a[1]));
    }
    entry! { list, "choosing", "ag_putmask", ALL, Both;
        "matrix"    [Real [2, 3], Real [2, 3]]  |cx, a| ok(cx, gather::putmask(cx, &a[0], &truth(cx, &[2, 3], &[1, 0, 1, 0, 0, 1]), &a[1]));
        "repeated"  [Real [2, 3], Real [4]]     |cx, a| ok(cx, gather::putmask(cx, &a[0], &truth(cx, &[6], &[1, 0, 1, 1, 1, 1]), &a[1]));
        "number"    [Real [3], Real []]         |cx, a| ok(cx, gather::putmask(cx, &a[0], &truth(cx, &[3], &[1, 0, 1]), &a[1]));
        "large"     [Real [33, 40], Real [40]]  |cx, a| ok(cx, gather::putmask(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &thirds(cx, &a[0]), &a[1]));
    }
    entry! { list, "choosing", "ag_flatnonzero", ALL, Constant("positions");
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, choose::flatnonzero(cx, &a[0]).map(Array::from));
    }
    entry! { list, "choosing", "ag_nonzero", ALL, Constant("positions");
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, choose::nonzero(cx, &a[0]).map(|mut parts| parts.remove(1)));
    }
    entry! { list, "choosing", "ag_argwhere", ALL, Constant("positions");
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, choose::argwhere(cx, &a[0]).map(Array::from));
    }
}
