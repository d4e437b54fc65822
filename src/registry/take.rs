//! Cases of picking and putting by position, or by a mask.

use super::*;
use crate::ops::take::{self, Outside};
use crate::ops::{elementwise, positions};

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "choosing", "ag_take", ALL, Both;
        "number"    [Real [4]]          |cx, a| ok(cx, take::take(cx, &a[0], &whole(cx, &[], &[-1]), 0, Outside::Raise));
        "repeated"  [Real [2, 3]]       |cx, a| ok(cx, take::take(cx, &a[0], &whole(cx, &[2, 2], &[1, 1, 0, 2]), 1, Outside::Raise));
        "wrap"      [Real [3, 2]]       |cx, a| ok(cx, take::take(cx, &a[0], &whole(cx, &[3], &[-1, 3, 7]), 0, Outside::Wrap));
        "clip"      [Real [3]]          |cx, a| ok(cx, take::take(cx, &a[0], &whole(cx, &[3], &[-1, 3, 1]), 0, Outside::Clip));
        "none"      [Real [3]]          |cx, a| ok(cx, take::take(cx, &a[0], &whole(cx, &[0], &[]), 0, Outside::Raise));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, take::take(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &whole(cx, &[3], &[0, 9, 0]), 1, Outside::Raise));
    }
    entry! { list, "choosing", "ag_take_along_axis", ALL, Both;
        "vector"    [Real [4]]          |cx, a| ok(cx, take::take_along_axis(cx, &a[0], &whole(cx, &[3], &[3, 0, 3]), 0));
        "rows"      [Real [2, 3]]       |cx, a| ok(cx, take::take_along_axis(cx, &a[0], &whole(cx, &[2, 2], &[1, 1, -1, 0]), 1));
        "broadcast" [Real [3, 2]]       |cx, a| ok(cx, take::take_along_axis(cx, &a[0], &whole(cx, &[2, 1], &[2, 0]), 0));
    }
    entry! { list, "choosing", "ag_put_along_axis", ALL, Both;
        "rows"      [Real [2, 3], Real [2, 2]]          |cx, a| ok(cx, take::put_along_axis(cx, &a[0], &whole(cx, &[2, 2], &[1, 1, -1, 0]), &a[1], 1));
        "number"    [Real [3, 2], Real []]              |cx, a| ok(cx, take::put_along_axis(cx, &a[0], &whole(cx, &[1, 2], &[2, 0]), &a[1], 0));
    }
    entry! { list, "choosing", "ag_compress", ALL, Both;
        "vector"    [Real [4]]          |cx, a| ok(cx, take::compress(cx, &truth(cx, &[3], &[1, 0, 1]), &a[0], 0));
        "columns"   [Real [2, 3]]       |cx, a| ok(cx, take::compress(cx, &truth(cx, &[3], &[1, 0, 1]), &a[0], -1));
    }
    entry! { list, "choosing", "ag_extract", ALL, Both;
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, take::extract(cx, &thirds(cx, &a[0]), &a[0]));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, take::extract(cx, &thirds(cx, &a[0]), &elementwise::unary(cx, &elementwise::SIN, &a[0])));
    }
    entry! { list, "choosing", "ag_put", ALL, Both;
        "list"      [Real [2, 3], Real [3]]     |cx, a| ok(cx, take::put(cx, &a[0], &whole(cx, &[3], &[4, -1, 0]), &a[1], Outside::Raise));
        "repeated"  [Real [2, 3], Real [2]]     |cx, a| ok(cx, take::put(cx, &a[0], &whole(cx, &[2, 2], &[7, 1, 13, 5]), &a[1], Outside::Wrap));
        "clip"      [Real [4], Real [3, 2]]     |cx, a| ok(cx, take::put(cx, &a[0], &whole(cx, &[3], &[9, 2, -4]), &a[1], Outside::Clip));
        "number"    [Real [4], Real []]         |cx, a| ok(cx, take::put(cx, &a[0], &whole(cx, &[2], &[1, 2]), &a[1], Outside::Raise));
        "none"      [Real [4], Real [0]]        |cx, a| ok(cx, take::put(cx, &a[0], &whole(cx, &[2], &[1, 2]), &a[1], Outside::Raise));
        "large"     [Real [33, 40], Real [3]]   |cx, a| ok(cx, take::put(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &whole(cx, &[3], &[0, 90, 0]), &a[1], Outside::Raise));
    }
    entry! { list, "choosing", "ag_place", ALL, Both;
        "list"      [Real [2, 3], Real [3]]     |cx, a| ok(cx, take::place(cx, &a[0], &truth(cx, &[2, 3], &[1, 0, 1, 0, 0, 1]), &a[1]));
        "repeated"  [Real [2, 3], Real [2]]     |cx, a| ok(cx, take::place(cx, &a[0], &truth(cx, &[6], &[1, 0, 1, 1, 1, 1]), &a[1]));
        "none"      [Real [3], Real [0]]        |cx, a| ok(cx, take::place(cx, &a[0], &truth(cx, &[3], &[0, 0, 0]), &a[1]));
        "large"     [Real [33, 40], Real [7]]   |cx, a| ok(cx, take::place(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &thirds(cx, &a[0]), &a[1]));
    }
    entry! { list, "choosing", "ag_putmask", ALL, Both;
        "matrix"    [Real [2, 3], Real [2, 3]]  |cx, a| ok(cx, take::putmask(cx, &a[0], &truth(cx, &[2, 3], &[1, 0, 1, 0, 0, 1]), &a[1]));
        "repeated"  [Real [2, 3], Real [4]]     |cx, a| ok(cx, take::putmask(cx, &a[0], &truth(cx, &[6], &[1, 0, 1, 1, 1, 1]), &a[1]));
        "number"    [Real [3], Real []]         |cx, a| ok(cx, take::putmask(cx, &a[0], &truth(cx, &[3], &[1, 0, 1]), &a[1]));
        "large"     [Real [33, 40], Real [40]]  |cx, a| ok(cx, take::putmask(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &thirds(cx, &a[0]), &a[1]));
    }
    entry! { list, "choosing", "ag_ix", ALL, Both;
        "columns"   [Real [2], Real [3]] |cx, a| ok(cx, positions::ix(cx, &[&a[0], &a[1]]).map(|parts| elementwise::binary(cx, &elementwise::MUL, &parts[0], &parts[1])));
    }
}
