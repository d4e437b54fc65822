//! Cases of convolutions, correlations and pooling.

use super::*;
use crate::ops::convolve::{self, Mode, Pairs};
use crate::ops::pooling::{Pooling, pool2d};

const MODES: [(&str, Mode); 3] = [("full", Mode::Full), ("same", Mode::Same), ("valid", Mode::Valid)];

type Run2 = fn(&Context, &Array, &Array, Mode) -> Array;

/// Every mode for pairs of shapes.
fn moded(pairs: &[[&'static [usize]; 2]], f: Run2) -> Vec<Case> {
    let mut cases = Vec::new();
    for &[a, b] in pairs {
        for (name, mode) in MODES {
            cases.push(Case {
                label: format!("{a:?} {b:?} {name}"),
                args: vec![Arg { domain: Real, shape: a }, Arg { domain: Real, shape: b }],
                run: Box::new(move |cx, x| f(cx, &x[0], &x[1], mode)),
            });
        }
    }
    cases
}

pub fn cases(list: &mut Vec<Entry>) {
    let mut add = |name, cases| {
        list.push(Entry { name, family: "convolutions", dtypes: ALL, derivative: Both, cases });
    };
    let vectors: &[[&'static [usize]; 2]] =
        &[[&[], &[]], [&[5], &[3]], [&[2], &[5]], [&[4], &[4]], [&[1], &[3]], [&[40], &[7]]];
    add("ag_convolve", moded(vectors, convolve::convolve));
    add("ag_correlate", moded(vectors, convolve::correlate));
    let arrays: &[[&'static [usize]; 2]] = &[
        [&[], &[]],
        [&[5], &[2]],
        [&[2], &[5]],
        [&[4, 5], &[2, 3]],
        [&[2, 3], &[4, 3]],
        [&[3, 2, 4], &[2, 2, 1]],
        [&[33, 40], &[2, 2]],
    ];
    add("ag_signal_convolve", moded(arrays, |cx, a, b, m| convolve::convolve_all(cx, "ag_signal_convolve", a, b, m)));
    add(
        "ag_signal_correlate",
        moded(arrays, |cx, a, b, m| convolve::correlate_all(cx, "ag_signal_correlate", a, b, m)),
    );
    some_axes(list);
    layers(list);
}

fn some_axes(list: &mut Vec<Entry>) {
    type Params = (&'static [usize], &'static [usize], [&'static [usize]; 4]);
    let params: &[Params] = &[
        (&[4, 3, 2], &[2, 3], [&[0], &[1], &[], &[]]),
        (&[4, 3, 2], &[2, 3], [&[1], &[1], &[2], &[0]]),
        (&[3, 4, 2], &[2, 2, 5], [&[1, 0], &[1, 0], &[], &[]]),
        (&[3, 4, 2], &[2, 5, 4], [&[0, 2], &[0, 1], &[1], &[2]]),
        (&[3, 2], &[3, 4], [&[], &[], &[0], &[0]]),
        (&[3, 2], &[4], [&[], &[], &[], &[]]),
        (&[0, 4], &[3], [&[1], &[0], &[], &[]]),
        // Enough channels for a product of matrices.
        (&[2, 3, 6], &[4, 3, 3], [&[2], &[2], &[1], &[1]]),
    ];
    let mut cases = Vec::new();
    for &(a, b, [conv_a, conv_b, dot_a, dot_b]) in params {
        for (name, mode) in MODES {
            let (conv, dot) = (Pairs { a: conv_a, b: conv_b }, Pairs { a: dot_a, b: dot_b });
            // Along these axes neither array is the larger one.
            if mode == Mode::Valid && (a, b) == (&[3, 4, 2][..], &[2, 5, 4][..]) {
                continue;
            }
            cases.push(Case {
                label: format!("{a:?} {b:?} axes {conv_a:?} {conv_b:?} dot {dot_a:?} {dot_b:?} {name}"),
                args: vec![Arg { domain: Real, shape: a }, Arg { domain: Real, shape: b }],
                run: Box::new(move |cx, x| {
                    convolve::convolve_axes(cx, "ag_signal_convolve_axes", &x[0], &x[1], conv, dot, mode)
                }),
            });
        }
    }
    list.push(Entry { name: "ag_signal_convolve_axes", family: "convolutions", dtypes: ALL, derivative: Both, cases });
}

#[rustfmt::skip]
fn layers(list: &mut Vec<Entry>) {
    const ONE: [i64; 2] = [1, 1];
    const NONE: [i64; 2] = [0, 0];
    entry! { list, "convolutions", "ag_conv2d", ALL, Both;
        "one channel"    [Real [1, 1, 4, 5], Real [1, 1, 2, 3]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, ONE, 1);
        "channels"       [Real [2, 3, 4, 3], Real [4, 3, 2, 2]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, ONE, 1);
        "stride"         [Real [1, 2, 5, 6], Real [4, 2, 2, 3]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], [2, 3], NONE, ONE, 1);
        "padding"        [Real [1, 2, 3, 2], Real [4, 2, 2, 3]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, [1, 2], ONE, 1);
        "dilation"       [Real [1, 1, 5, 6], Real [2, 1, 2, 3]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, [3, 2], 1);
        "all of them"    [Real [2, 2, 5, 4], Real [4, 2, 2, 3]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], [2, 1], [1, 2], [2, 1], 1);
        "groups"         [Real [1, 4, 3, 4], Real [8, 2, 2, 2]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, [1, 0], ONE, 2);
        "depthwise"      [Real [2, 3, 3, 4], Real [3, 1, 2, 2]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], [1, 2], ONE, ONE, 3);
        "points"         [Real [2, 8, 2, 3], Real [4, 8, 1, 1]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, ONE, 1);
        "spread points"  [Real [1, 8, 3, 3], Real [4, 8, 1, 1]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], [2, 2], NONE, ONE, 1);
        "the whole"      [Real [2, 2, 3, 3], Real [4, 2, 3, 3]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, ONE, 1);
        "no images"      [Real [0, 2, 3, 3], Real [4, 2, 2, 2]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, ONE, 1);
        "no channels"    [Real [2, 0, 3, 3], Real [4, 0, 2, 2]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, ONE, 1);
        "no results"     [Real [2, 2, 3, 3], Real [0, 2, 2, 2]]  |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, NONE, ONE, 1);
        "larger"         [Real [1, 1, 33, 40], Real [4, 1, 3, 3]] |cx, a| convolve::conv2d(cx, &a[0], &a[1], ONE, ONE, ONE, 1);
    }
    entry! { list, "convolutions", "ag_mean_pool2d", ALL, Both;
        "one image"      [Real [4, 6]]                           |cx, a| pool2d(cx, Pooling::Mean, &a[0], [2, 3], [2, 3], NONE);
        "overlapping"    [Real [2, 1, 5, 4]]                     |cx, a| pool2d(cx, Pooling::Mean, &a[0], [3, 2], [1, 1], NONE);
        "padding"        [Real [2, 4, 3]]                        |cx, a| pool2d(cx, Pooling::Mean, &a[0], [3, 2], [2, 1], [2, 1]);
        "none"           [Real [0, 4, 3]]                        |cx, a| pool2d(cx, Pooling::Mean, &a[0], [2, 2], [2, 2], NONE);
        "larger"         [Real [33, 40]]                         |cx, a| pool2d(cx, Pooling::Mean, &a[0], [2, 2], [2, 2], NONE);
    }
    entry! { list, "convolutions", "ag_max_pool2d", REAL, Both;
        "one image"      [Distinct [4, 6]]                       |cx, a| pool2d(cx, Pooling::Max, &a[0], [2, 3], [2, 3], NONE);
        "overlapping"    [Distinct [2, 1, 5, 4]]                 |cx, a| pool2d(cx, Pooling::Max, &a[0], [3, 2], [1, 1], NONE);
        "padding"        [Distinct [2, 4, 3]]                    |cx, a| pool2d(cx, Pooling::Max, &a[0], [3, 2], [2, 1], [2, 1]);
        "none"           [Distinct [0, 4, 3]]                    |cx, a| pool2d(cx, Pooling::Max, &a[0], [2, 2], [2, 2], NONE);
        "pairs"          [Distinct [2, 5, 6]]                    |cx, a| pool2d(cx, Pooling::Max, &a[0], [2, 2], [2, 2], NONE);
        "larger"         [Distinct [33, 40]]                     |cx, a| pool2d(cx, Pooling::Max, &a[0], [2, 2], [2, 2], NONE);
    }
}
