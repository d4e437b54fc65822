//! Cases of the changes of shape.

use super::*;
use crate::ops::elementwise;
use crate::ops::shape;

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "shapes", "ag_reshape", ALL, Both;
        "split"     [Real [12]]         |cx, a| shape::reshape(cx, &a[0], &[3, 4]);
        "merge"     [Real [2, 3, 2]]    |cx, a| shape::reshape(cx, &a[0], &[4, 3]);
        "number"    [Real []]           |cx, a| shape::reshape(cx, &a[0], &[1, 1]);
        "to number" [Real [1, 1]]       |cx, a| shape::reshape(cx, &a[0], &[]);
        "empty"     [Real [0, 3]]       |cx, a| shape::reshape(cx, &a[0], &[2, 0]);
        "large"     [Real [33, 40]]     |cx, a| shape::reshape(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &[40, 33]);
    }
    entry! { list, "shapes", "ag_ravel", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| shape::reshape(cx, &a[0], &[a[0].size()]);
    }
    entry! { list, "shapes", "ag_transpose", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| shape::transpose(cx, &a[0], &[1, 0]);
        "cycle"     [Real [2, 3, 4]]    |cx, a| shape::transpose(cx, &a[0], &[2, 0, 1]);
        "empty"     [Real [0, 3]]       |cx, a| shape::transpose(cx, &a[0], &[1, 0]);
        "large"     [Real [33, 40]]     |cx, a| shape::transpose(cx, &elementwise::unary(cx, &elementwise::SIN, &a[0]), &[1, 0]);
    }
    entry! { list, "shapes", "ag_swapaxes", ALL, Both;
        "outermost and innermost" [Real [2, 3, 4]] |cx, a| shape::transpose(cx, &a[0], &[2, 1, 0]);
    }
    entry! { list, "shapes", "ag_broadcast_to", ALL, Both;
        "number"    [Real []]           |cx, a| shape::broadcast_to(cx, &a[0], &[2, 3]);
        "new axes"  [Real [3]]          |cx, a| shape::broadcast_to(cx, &a[0], &[2, 4, 3]);
        "both"      [Real [2, 1]]       |cx, a| shape::broadcast_to(cx, &a[0], &[3, 2, 4]);
        "empty"     [Real [1, 3]]       |cx, a| shape::broadcast_to(cx, &a[0], &[0, 3]);
        "large"     [Real [33, 1]]      |cx, a| shape::broadcast_to(cx, &a[0], &[33, 40]);
    }
    entry! { list, "shapes", "ag_expand_dims", ALL, Both;
        "first"     [Real [3]]          |cx, a| shape::expand_dims(cx, &a[0], 0);
        "last"      [Real [2, 3]]       |cx, a| shape::expand_dims(cx, &a[0], 2);
        "several"   [Real [2, 3]]       |cx, a| ok(cx, shape::expand_dims_axes(cx, &a[0], &[-1, 0, 2]));
        "none"      [Real [0, 3]]       |cx, a| ok(cx, shape::expand_dims_axes(cx, &a[0], &[]));
    }
    entry! { list, "shapes", "ag_squeeze", ALL, Both;
        "one"       [Real [3, 1]]       |cx, a| shape::squeeze(cx, &a[0], &[1]);
        "all"       [Real [1, 3, 1]]    |cx, a| shape::squeeze(cx, &a[0], &[0, 2]);
    }
    entry! { list, "shapes", "ag_concatenate", ALL, Both;
        "one"       [Real [3]]                              |cx, a| shape::concatenate(cx, &[&a[0]], 0);
        "rows"      [Real [2, 3], Real [1, 3]]              |cx, a| shape::concatenate(cx, &[&a[0], &a[1]], 0);
        "columns"   [Real [2, 3], Real [2, 0], Real [2, 2]] |cx, a| shape::concatenate(cx, &[&a[0], &a[1], &a[2]], 1);
        "itself"    [Real [2, 3]]                           |cx, a| shape::concatenate(cx, &[&a[0], &a[0]], 1);
        "large"     [Real [33, 40], Real [2, 40]]           |cx, a| shape::concatenate(cx, &[&elementwise::unary(cx, &elementwise::SIN, &a[0]), &a[1]], 0);
    }
    entry! { list, "shapes", "ag_stack", ALL, Both;
        "numbers"   [Real [], Real []]                      |cx, a| shape::stack(cx, &[&a[0], &a[1]], 0);
        "first"     [Real [3], Real [3]]                    |cx, a| shape::stack(cx, &[&a[0], &a[1]], 0);
        "last"      [Real [2, 3], Real [2, 3]]              |cx, a| shape::stack(cx, &[&a[0], &a[1]], -1);
    }
}
