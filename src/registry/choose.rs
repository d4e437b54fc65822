//! Cases of choosing by condition.

use super::*;
use crate::ops::choose;
use crate::ops::elementwise;
use crate::ops::take::Outside;

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
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
}
