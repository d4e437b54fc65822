//! Cases of the products.

use super::*;
use crate::ops::product;

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    entry! { list, "products", "ag_dot", ALL, Both;
        "numbers"          [Real [], Real []]                  |cx, a| product::dot(cx, &a[0], &a[1]);
        "number, matrix"   [Real [], Real [3, 4]]              |cx, a| product::dot(cx, &a[0], &a[1]);
        "vectors"          [Real [4], Real [4]]                |cx, a| product::dot(cx, &a[0], &a[1]);
        "matrix, vector"   [Real [3, 4], Real [4]]             |cx, a| product::dot(cx, &a[0], &a[1]);
        "vector, matrix"   [Real [3], Real [3, 4]]             |cx, a| product::dot(cx, &a[0], &a[1]);
        "matrices"         [Real [3, 4], Real [4, 2]]          |cx, a| product::dot(cx, &a[0], &a[1]);
        "a matrix twice"   [Real [3, 3]]                       |cx, a| product::dot(cx, &a[0], &a[0]);
        "higher ranks"     [Real [2, 3, 4], Real [2, 4, 3]]    |cx, a| product::dot(cx, &a[0], &a[1]);
        "empty inside"     [Real [3, 0], Real [0, 2]]          |cx, a| product::dot(cx, &a[0], &a[1]);
        "empty outside"    [Real [0, 3], Real [3, 2]]          |cx, a| product::dot(cx, &a[0], &a[1]);
        "larger"           [Real [9, 20], Real [20, 11]]       |cx, a| product::dot(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_matmul", ALL, Both;
        "vectors"          [Real [4], Real [4]]                |cx, a| product::matmul(cx, &a[0], &a[1]);
        "matrix, vector"   [Real [3, 4], Real [4]]             |cx, a| product::matmul(cx, &a[0], &a[1]);
        "vector, matrix"   [Real [3], Real [3, 4]]             |cx, a| product::matmul(cx, &a[0], &a[1]);
        "matrices"         [Real [3, 4], Real [4, 2]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
        "stacks"           [Real [2, 3, 4], Real [2, 4, 2]]    |cx, a| product::matmul(cx, &a[0], &a[1]);
        "broadcast stacks" [Real [2, 1, 3, 4], Real [3, 4, 2]] |cx, a| product::matmul(cx, &a[0], &a[1]);
        "stack, vector"    [Real [2, 3, 4], Real [4]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
        "vector, stack"    [Real [3], Real [2, 3, 4]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
        "empty stack"      [Real [0, 3, 4], Real [4, 2]]       |cx, a| product::matmul(cx, &a[0], &a[1]);
        "empty inside"     [Real [3, 0], Real [0, 2]]          |cx, a| product::matmul(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_inner", ALL, Both;
        "numbers"          [Real [], Real []]                  |cx, a| product::inner(cx, &a[0], &a[1]);
        "vectors"          [Real [4], Real [4]]                |cx, a| product::inner(cx, &a[0], &a[1]);
        "higher ranks"     [Real [2, 3], Real [4, 2, 3]]       |cx, a| product::inner(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_outer", ALL, Both;
        "numbers"          [Real [], Real []]                  |cx, a| product::outer(cx, &a[0], &a[1]);
        "vectors"          [Real [3], Real [4]]                |cx, a| product::outer(cx, &a[0], &a[1]);
        "matrices"         [Real [2, 2], Real [3]]             |cx, a| product::outer(cx, &a[0], &a[1]);
        "empty"            [Real [0], Real [3]]                |cx, a| product::outer(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_tensordot", ALL, Both;
        "no axes"          [Real [2], Real [3]]                |cx, a| product::tensordot_n(cx, &a[0], &a[1], 0);
        "one axis"         [Real [2, 3], Real [3, 4]]          |cx, a| product::tensordot_n(cx, &a[0], &a[1], 1);
        "two axes"         [Real [2, 3, 4], Real [3, 4, 2]]    |cx, a| product::tensordot_n(cx, &a[0], &a[1], 2);
        "all axes"         [Real [2, 3], Real [2, 3]]          |cx, a| product::tensordot_n(cx, &a[0], &a[1], 2);
        "lists of axes"    [Real [2, 3, 4], Real [4, 5, 2]]    |cx, a| product::tensordot(cx, "ag_tensordot", &a[0], &a[1], &[0, 2], &[2, 0]);
    }
}
