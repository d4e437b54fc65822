//! Cases of `einsum` and of the products of vectors and of whole arrays.

use super::*;
use crate::ops::{bilinear, einsum::einsum};

/// Subscripts, and the operands' shapes.
type Request = (&'static str, &'static [&'static [usize]]);
const REQUESTS: &[Request] = &[
    ("ii", &[&[3, 3]]),
    ("ii->i", &[&[3, 3]]),
    ("iij->ji", &[&[2, 2, 3]]),
    ("ij->ji", &[&[2, 3]]),
    ("ij->j", &[&[2, 3]]),
    ("ij->", &[&[2, 3]]),
    ("ba", &[&[2, 3]]),
    ("...->", &[&[]]),
    ("...i->i...", &[&[2, 3, 2]]),
    ("i...j", &[&[2, 3, 2]]),
    ("i...i->...", &[&[3, 2, 3]]),
    ("iii->i", &[&[2, 2, 2]]),
    (",", &[&[], &[]]),
    ("i,i", &[&[3], &[3]]),
    ("i,i->i", &[&[3], &[3]]),
    ("i,j->ij", &[&[3], &[2]]),
    ("i,j->j", &[&[3], &[2]]),
    ("ij,jk", &[&[2, 3], &[3, 4]]),
    ("ij,jk->ki", &[&[2, 3], &[3, 4]]),
    ("ji,jk->ik", &[&[3, 2], &[3, 4]]),
    ("ij,kj->ik", &[&[2, 3], &[4, 3]]),
    ("ii,i->i", &[&[3, 3], &[3]]),
    ("ij,ij->ij", &[&[2, 3], &[2, 3]]),
    ("ij,jk->ik", &[&[2, 1], &[3, 4]]),
    ("ij,j->i", &[&[2, 3], &[1]]),
    ("i,ij->j", &[&[1], &[2, 3]]),
    ("bij,bjk->bik", &[&[2, 2, 3], &[2, 3, 2]]),
    ("bij,bjk->bik", &[&[1, 2, 3], &[2, 3, 2]]),
    ("bi,bi->b", &[&[3, 2], &[3, 2]]),
    ("bac,dcb->da", &[&[2, 3, 2], &[2, 2, 2]]),
    ("...ij,...jk", &[&[2, 2, 3], &[3, 2]]),
    ("...i,i...->...", &[&[2, 3], &[3, 2]]),
    ("i...,i...->...", &[&[3, 1], &[3, 2]]),
    ("ij,jk,kl", &[&[2, 3], &[3, 2], &[2, 4]]),
    ("i,i,i->", &[&[3], &[3], &[3]]),
    ("ij,i,j->", &[&[2, 3], &[2], &[3]]),
    ("ai,bi,ci,di->abcd", &[&[2, 2], &[1, 2], &[2, 2], &[2, 2]]),
    ("a,b,c,d,e,f->acf", &[&[2], &[2], &[1], &[2], &[1], &[2]]),
    ("ij,jk", &[&[3, 0], &[0, 2]]),
    ("ij,jk", &[&[0, 3], &[3, 2]]),
    ("ij,j->i", &[&[33, 40], &[40]]),
    ("ij,ij->i", &[&[33, 40], &[33, 40]]),
];

pub fn cases(list: &mut Vec<Entry>) {
    let case = |&(text, shapes): &Request| Case {
        label: format!("{text} {shapes:?}"),
        args: shapes.iter().map(|&shape| Arg { domain: Real, shape }).collect(),
        run: Box::new(move |cx, a| einsum(cx, text, &a.iter().collect::<Vec<_>>())),
    };
    let mut cases: Vec<Case> = REQUESTS.iter().map(case).collect();
    cases.push(Case {
        label: "an array twice".into(),
        args: vec![Arg { domain: Real, shape: &[3, 3] }],
        run: Box::new(|cx, a| einsum(cx, "ij,jk", &[&a[0], &a[0]])),
    });
    list.push(Entry { name: "ag_einsum", family: "products", dtypes: ALL, derivative: Both, cases });
    vectors(list);
}

#[rustfmt::skip]
fn vectors(list: &mut Vec<Entry>) {
    entry! { list, "products", "ag_kron", ALL, Both;
        "numbers"         [Real [], Real []]                 |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "vectors"         [Real [2], Real [3]]               |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "matrices"        [Real [2, 3], Real [3, 2]]         |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "number, matrix"  [Real [], Real [2, 3]]             |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "matrix, vector"  [Real [2, 3], Real [2]]            |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "rank 3"          [Real [2, 1, 2], Real [1, 3, 2]]   |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "ranks 4, 3"      [Real [1, 2, 1, 2], Real [2, 2, 1]] |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "empty"           [Real [0, 2], Real [3]]            |cx, a| bilinear::kron(cx, &a[0], &a[1]);
        "large"           [Real [33, 2], Real [1, 40]]       |cx, a| bilinear::kron(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_vdot", ALL, Both;
        "numbers"         [Real [], Real []]                 |cx, a| bilinear::vdot(cx, &a[0], &a[1]);
        "vectors"         [Real [4], Real [4]]               |cx, a| bilinear::vdot(cx, &a[0], &a[1]);
        "other shapes"    [Real [2, 3], Real [3, 2]]         |cx, a| bilinear::vdot(cx, &a[0], &a[1]);
        "empty"           [Real [0], Real [2, 0]]            |cx, a| bilinear::vdot(cx, &a[0], &a[1]);
        "itself"          [Real [4]]                         |cx, a| bilinear::vdot(cx, &a[0], &a[0]);
    }
    entry! { list, "products", "ag_vecdot", ALL, Both;
        "vectors"         [Real [4], Real [4]]               |cx, a| bilinear::vecdot(cx, &a[0], &a[1], -1);
        "broadcast"       [Real [2, 3], Real [3]]            |cx, a| bilinear::vecdot(cx, &a[0], &a[1], -1);
        "both broadcast"  [Real [2, 1, 3], Real [4, 3]]      |cx, a| bilinear::vecdot(cx, &a[0], &a[1], -1);
        "first axis"      [Real [3, 2], Real [3, 2]]         |cx, a| bilinear::vecdot(cx, &a[0], &a[1], 0);
        "empty sum"       [Real [2, 0], Real [2, 0]]         |cx, a| bilinear::vecdot(cx, &a[0], &a[1], -1);
        "large"           [Real [33, 40], Real [33, 40]]     |cx, a| bilinear::vecdot(cx, &a[0], &a[1], -1);
    }
    entry! { list, "products", "ag_matvec", ALL, Both;
        "one"             [Real [2, 3], Real [3]]            |cx, a| bilinear::matvec(cx, &a[0], &a[1]);
        "stacks"          [Real [2, 2, 3], Real [2, 3]]      |cx, a| bilinear::matvec(cx, &a[0], &a[1]);
        "broadcast"       [Real [2, 1, 2, 3], Real [3, 3]]   |cx, a| bilinear::matvec(cx, &a[0], &a[1]);
        "empty"           [Real [2, 0], Real [0]]            |cx, a| bilinear::matvec(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_vecmat", ALL, Both;
        "one"             [Real [3], Real [3, 2]]            |cx, a| bilinear::vecmat(cx, &a[0], &a[1]);
        "stacks"          [Real [2, 3], Real [2, 3, 2]]      |cx, a| bilinear::vecmat(cx, &a[0], &a[1]);
        "broadcast"       [Real [3, 1, 3], Real [2, 3, 2]]   |cx, a| bilinear::vecmat(cx, &a[0], &a[1]);
        "empty"           [Real [0], Real [0, 2]]            |cx, a| bilinear::vecmat(cx, &a[0], &a[1]);
    }
    entry! { list, "products", "ag_cross", ALL, Both;
        "space"           [Real [3], Real [3]]               |cx, a| bilinear::cross(cx, &a[0], &a[1], [-1; 3]);
        "plane"           [Real [2], Real [2]]               |cx, a| bilinear::cross(cx, &a[0], &a[1], [-1; 3]);
        "plane, space"    [Real [2], Real [3]]               |cx, a| bilinear::cross(cx, &a[0], &a[1], [-1; 3]);
        "space, plane"    [Real [4, 3], Real [2]]            |cx, a| bilinear::cross(cx, &a[0], &a[1], [-1; 3]);
        "broadcast"       [Real [2, 1, 3], Real [4, 3]]      |cx, a| bilinear::cross(cx, &a[0], &a[1], [-1; 3]);
        "axes"            [Real [3, 2], Real [2, 3]]         |cx, a| bilinear::cross(cx, &a[0], &a[1], [0, 1, 0]);
        "planes, axes"    [Real [2, 3], Real [3, 2]]         |cx, a| bilinear::cross(cx, &a[0], &a[1], [0, 1, 0]);
        "empty"           [Real [0, 3], Real [3]]            |cx, a| bilinear::cross(cx, &a[0], &a[1], [-1; 3]);
    }
}
