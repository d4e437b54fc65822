//! Cases of the operations that arrange, join and split arrays.

use super::*;
use crate::error::Result;
use crate::ops::elementwise;
use crate::ops::{arrange, diagonal, join, linspace, pad, shape};

/// Several results as one, so that all of them are differentiated: side by side, each with a weight of its own.
fn all(cx: &Context, parts: Result<Vec<Array>>) -> Array {
    match parts {
        Err(e) => cx.fail(e.within("case")),
        Ok(parts) => {
            let weighted: Vec<Array> = parts
                .iter()
                .enumerate()
                .map(|(k, p)| {
                    let flat = shape::reshape(cx, p, &[p.size()]);
                    elementwise::binary(cx, &elementwise::MUL, &flat, &Array::weak(1.0 + k as f64))
                })
                .collect();
            shape::concatenate(cx, &weighted.iter().collect::<Vec<_>>(), 0)
        }
    }
}

fn sine(cx: &Context, x: &Array) -> Array {
    elementwise::unary(cx, &elementwise::SIN, x)
}

#[rustfmt::skip]
pub fn cases(list: &mut Vec<Entry>) {
    order(list);
    diagonals(list);
    joins(list);
    pads(list);
    spaces(list);
}

#[rustfmt::skip]
fn order(list: &mut Vec<Entry>) {
    entry! { list, "order", "ag_moveaxis", ALL, Both;
        "one"       [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::moveaxis(cx, &a[0], &[0], &[-1]));
        "two"       [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::moveaxis(cx, &a[0], &[0, 1], &[2, 0]));
    }
    entry! { list, "order", "ag_rollaxis", ALL, Both;
        "back"      [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::rollaxis(cx, &a[0], 2, 0));
        "forth"     [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::rollaxis(cx, &a[0], -3, 3));
    }
    entry! { list, "order", "ag_atleast_1d", ALL, Both;
        "number"    [Real []]           |cx, a| arrange::atleast(cx, &a[0], 1);
    }
    entry! { list, "order", "ag_atleast_2d", ALL, Both;
        "number"    [Real []]           |cx, a| arrange::atleast(cx, &a[0], 2);
        "vector"    [Real [3]]          |cx, a| arrange::atleast(cx, &a[0], 2);
    }
    entry! { list, "order", "ag_atleast_3d", ALL, Both;
        "vector"    [Real [3]]          |cx, a| arrange::atleast(cx, &a[0], 3);
        "matrix"    [Real [3, 2]]       |cx, a| arrange::atleast(cx, &a[0], 3);
        "cube"      [Real [3, 2, 2]]    |cx, a| arrange::atleast(cx, &a[0], 3);
    }
    entry! { list, "order", "ag_matrix_transpose", ALL, Both;
        "stack"     [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::matrix_transpose(cx, &a[0]));
    }
    entry! { list, "order", "ag_flip", ALL, Both;
        "number"    [Real []]           |cx, a| ok(cx, arrange::flip(cx, &a[0], &[]));
        "vector"    [Real [4]]          |cx, a| ok(cx, arrange::flip(cx, &a[0], &[0]));
        "one axis"  [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::flip(cx, &a[0], &[1]));
        "two axes"  [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::flip(cx, &a[0], &[2, 0]));
        "empty"     [Real [0, 3]]       |cx, a| ok(cx, arrange::flip(cx, &a[0], &[0, 1]));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, arrange::flip(cx, &sine(cx, &a[0]), &[0, 1]));
    }
    entry! { list, "order", "ag_flipud", ALL, Both;
        "matrix"    [Real [3, 2]]       |cx, a| ok(cx, arrange::flip_matrix(cx, &a[0], 0));
    }
    entry! { list, "order", "ag_fliplr", ALL, Both;
        "matrix"    [Real [3, 2]]       |cx, a| ok(cx, arrange::flip_matrix(cx, &a[0], 1));
    }
    entry! { list, "order", "ag_rot90", ALL, Both;
        "once"      [Real [3, 2]]       |cx, a| ok(cx, arrange::rot90(cx, &a[0], 1, 0, 1));
        "twice"     [Real [3, 2]]       |cx, a| ok(cx, arrange::rot90(cx, &a[0], 2, 0, 1));
        "back"      [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::rot90(cx, &a[0], -1, 2, 0));
    }
    entry! { list, "order", "ag_roll", ALL, Both;
        "number"    [Real []]           |cx, a| arrange::roll_flat(cx, &a[0], 3);
        "flat"      [Real [3, 4]]       |cx, a| arrange::roll_flat(cx, &a[0], 5);
        "axis"      [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::roll(cx, &a[0], &[-1], &[1]));
        "axes"      [Real [2, 3, 4]]    |cx, a| ok(cx, arrange::roll(cx, &a[0], &[1, 2, 7], &[0, 2, 2]));
        "empty"     [Real [0, 3]]       |cx, a| ok(cx, arrange::roll(cx, &a[0], &[1, 1], &[0, 1]));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, arrange::roll(cx, &sine(cx, &a[0]), &[5], &[1]));
    }
    entry! { list, "order", "ag_tile", ALL, Both;
        "number"    [Real []]           |cx, a| ok(cx, arrange::tile(cx, &a[0], &[2, 3]));
        "vector"    [Real [3]]          |cx, a| ok(cx, arrange::tile(cx, &a[0], &[2, 2]));
        "matrix"    [Real [2, 3]]       |cx, a| ok(cx, arrange::tile(cx, &a[0], &[3]));
        "none"      [Real [2, 3]]       |cx, a| ok(cx, arrange::tile(cx, &a[0], &[0, 1]));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, arrange::tile(cx, &sine(cx, &a[0]), &[2, 1]));
    }
    entry! { list, "order", "ag_repeat", ALL, Both;
        "vector"    [Real [3]]          |cx, a| ok(cx, arrange::repeat(cx, &a[0], 2, 0));
        "first"     [Real [2, 3]]       |cx, a| ok(cx, arrange::repeat(cx, &a[0], 3, 0));
        "last"      [Real [2, 3]]       |cx, a| ok(cx, arrange::repeat(cx, &a[0], 2, 1));
        "none"      [Real [2, 3]]       |cx, a| ok(cx, arrange::repeat(cx, &a[0], 0, 1));
        "counts"    [Real [2, 3]]       |cx, a| ok(cx, arrange::repeat_counts(cx, &a[0], &[2, 0, 1], 1));
    }
    entry! { list, "order", "ag_reshape_f", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| ok(cx, arrange::reshape_f(cx, &a[0], &[2, -1]));
    }
    entry! { list, "order", "ag_ravel_f", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| arrange::ravel_f(cx, &a[0]);
    }
    entry! { list, "order", "ag_resize", ALL, Both;
        "longer"    [Real [2, 3]]       |cx, a| ok(cx, arrange::resize(cx, &a[0], &[4, 4]));
        "shorter"   [Real [2, 3]]       |cx, a| ok(cx, arrange::resize(cx, &a[0], &[2, 2]));
        "nothing"   [Real [0]]          |cx, a| ok(cx, arrange::resize(cx, &a[0], &[2]));
    }
    entry! { list, "order", "ag_delete", ALL, Both;
        "rows"      [Real [4, 3]]       |cx, a| ok(cx, arrange::delete(cx, &a[0], &[1, -1, 1], 0));
        "columns"   [Real [4, 3]]       |cx, a| ok(cx, arrange::delete(cx, &a[0], &[0], 1));
    }
    entry! { list, "order", "ag_insert", ALL, Both;
        "one"       [Real [4], Real [2]]        |cx, a| ok(cx, arrange::insert(cx, &a[0], &[1], &a[1], 0));
        "several"   [Real [3, 2], Real [2, 2]]  |cx, a| ok(cx, arrange::insert(cx, &a[0], &[3, 0], &a[1], 0));
        "broadcast" [Real [3, 2], Real []]      |cx, a| ok(cx, arrange::insert(cx, &a[0], &[1, 1], &a[1], 1));
    }
}

#[rustfmt::skip]
fn diagonals(list: &mut Vec<Entry>) {
    entry! { list, "diagonals", "ag_diagonal", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| ok(cx, diagonal::diagonal(cx, &a[0], 0, 0, 1));
        "above"     [Real [3, 4]]       |cx, a| ok(cx, diagonal::diagonal(cx, &a[0], 2, 0, 1));
        "below"     [Real [4, 3]]       |cx, a| ok(cx, diagonal::diagonal(cx, &a[0], -1, -2, -1));
        "outside"   [Real [3, 4]]       |cx, a| ok(cx, diagonal::diagonal(cx, &a[0], 9, 0, 1));
        "cube"      [Real [2, 3, 4]]    |cx, a| ok(cx, diagonal::diagonal(cx, &a[0], 1, 2, 0));
        "empty"     [Real [0, 3]]       |cx, a| ok(cx, diagonal::diagonal(cx, &a[0], 0, 0, 1));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, diagonal::diagonal(cx, &sine(cx, &a[0]), 3, 0, 1));
    }
    entry! { list, "diagonals", "ag_make_diagonal", ALL, Both;
        "vector"    [Real [3]]          |cx, a| ok(cx, diagonal::make_diagonal(cx, &a[0], 0, 0, 1));
        "stack"     [Real [2, 3]]       |cx, a| ok(cx, diagonal::make_diagonal(cx, &a[0], 1, -1, -2));
        "first"     [Real [2, 3]]       |cx, a| ok(cx, diagonal::make_diagonal(cx, &a[0], -2, 0, 2));
        "empty"     [Real [0]]          |cx, a| ok(cx, diagonal::make_diagonal(cx, &a[0], 1, 0, 1));
    }
    entry! { list, "diagonals", "ag_diag", ALL, Both;
        "vector"    [Real [3]]          |cx, a| ok(cx, diagonal::diag(cx, &a[0], -1));
        "matrix"    [Real [3, 5]]       |cx, a| ok(cx, diagonal::diag(cx, &a[0], 1));
    }
    entry! { list, "diagonals", "ag_diagflat", ALL, Both;
        "matrix"    [Real [2, 2]]       |cx, a| ok(cx, diagonal::diagflat(cx, &a[0], 1));
        "number"    [Real []]           |cx, a| ok(cx, diagonal::diagflat(cx, &a[0], 0));
    }
    entry! { list, "diagonals", "ag_trace", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| ok(cx, diagonal::trace(cx, &a[0], 0, 0, 1));
        "cube"      [Real [2, 3, 4]]    |cx, a| ok(cx, diagonal::trace(cx, &a[0], 1, 2, 1));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, diagonal::trace(cx, &sine(cx, &a[0]), -2, 0, 1));
    }
    entry! { list, "diagonals", "ag_triu", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| ok(cx, diagonal::triangle(cx, true, &a[0], 0));
        "cube"      [Real [2, 3, 3]]    |cx, a| ok(cx, diagonal::triangle(cx, true, &a[0], -1));
        "vector"    [Real [3]]          |cx, a| ok(cx, diagonal::triangle(cx, true, &a[0], 0));
        "large"     [Real [33, 40]]     |cx, a| ok(cx, diagonal::triangle(cx, true, &a[0], 1));
    }
    entry! { list, "diagonals", "ag_tril", ALL, Both;
        "matrix"    [Real [3, 4]]       |cx, a| ok(cx, diagonal::triangle(cx, false, &a[0], 0));
        "cube"      [Real [2, 3, 3]]    |cx, a| ok(cx, diagonal::triangle(cx, false, &a[0], 1));
        "empty"     [Real [0, 3]]       |cx, a| ok(cx, diagonal::triangle(cx, false, &a[0], 1));
    }
    entry! { list, "diagonals", "ag_fill_diagonal", ALL, Both;
        "number"    [Real [3, 4], Real []]      |cx, a| ok(cx, diagonal::fill_diagonal(cx, &a[0], &a[1], false));
        "vector"    [Real [4, 3], Real [2]]     |cx, a| ok(cx, diagonal::fill_diagonal(cx, &a[0], &a[1], false));
        "wrap"      [Real [7, 2], Real [7]]     |cx, a| ok(cx, diagonal::fill_diagonal(cx, &a[0], &a[1], true));
        "cube"      [Real [2, 2, 2], Real [1]]  |cx, a| ok(cx, diagonal::fill_diagonal(cx, &a[0], &a[1], false));
    }
}

#[rustfmt::skip]
fn joins(list: &mut Vec<Entry>) {
    entry! { list, "joining", "ag_vstack", ALL, Both;
        "vectors"   [Real [3], Real [2, 3]]         |cx, a| ok(cx, join::vstack(cx, &[&a[0], &a[1]]));
    }
    entry! { list, "joining", "ag_hstack", ALL, Both;
        "vectors"   [Real [3], Real []]             |cx, a| ok(cx, join::hstack(cx, &[&a[0], &a[1]]));
        "matrices"  [Real [2, 3], Real [2, 1]]      |cx, a| ok(cx, join::hstack(cx, &[&a[0], &a[1]]));
    }
    entry! { list, "joining", "ag_dstack", ALL, Both;
        "both"      [Real [3], Real [1, 3, 2]]      |cx, a| ok(cx, join::dstack(cx, &[&a[0], &a[1]]));
    }
    entry! { list, "joining", "ag_column_stack", ALL, Both;
        "both"      [Real [3], Real [3, 2]]         |cx, a| ok(cx, join::column_stack(cx, &[&a[0], &a[1], &a[0]]));
    }
    entry! { list, "joining", "ag_append", ALL, Both;
        "flat"      [Real [2, 3], Real []]          |cx, a| join::append(cx, &a[0], &a[1]);
        "axis"      [Real [2, 3], Real [2, 2]]      |cx, a| ok(cx, join::append_axis(cx, &a[0], &a[1], -1));
    }
    entry! { list, "joining", "ag_block", ALL, Both;
        "square"    [Real [2, 2], Real [2, 1], Real [1, 2], Real [1]]
            |cx, a| ok(cx, join::block(cx, &[&a[0], &a[1], &a[2], &a[3]], &[2, 2]));
        "ragged"    [Real [1, 3], Real [], Real [2]]
            |cx, a| ok(cx, join::block(cx, &[&a[0], &a[1], &a[2]], &[1, 2]));
    }
    entry! { list, "joining", "ag_split", ALL, Both;
        "rows"      [Real [4, 3]]                   |cx, a| all(cx, join::split(cx, &a[0], 2, 0, true));
        "at"        [Real [5]]                      |cx, a| all(cx, join::split_at(cx, &a[0], &[3, 1, -1], 0));
        "large"     [Real [33, 40]]                 |cx, a| all(cx, join::split(cx, &sine(cx, &a[0]), 8, 1, true));
    }
    entry! { list, "joining", "ag_array_split", ALL, Both;
        "uneven"    [Real [2, 5]]                   |cx, a| all(cx, join::split(cx, &a[0], 3, -1, false));
    }
    entry! { list, "joining", "ag_unstack", ALL, Both;
        "columns"   [Real [2, 3]]                   |cx, a| all(cx, join::unstack(cx, &a[0], 1));
    }
    entry! { list, "joining", "ag_broadcast_arrays", ALL, Both;
        "both"      [Real [2, 1], Real [3]]         |cx, a| all(cx, join::broadcast_arrays(cx, &[&a[0], &a[1]]));
    }
    entry! { list, "joining", "ag_meshgrid", ALL, Both;
        "pictures"  [Real [2], Real [3]]            |cx, a| all(cx, join::meshgrid(cx, &[&a[0], &a[1]], false, false));
        "matrix"    [Real [2], Real [3], Real []]   |cx, a| all(cx, join::meshgrid(cx, &[&a[0], &a[1], &a[2]], true, false));
        "sparse"    [Real [2], Real [3]]            |cx, a| all(cx, join::meshgrid(cx, &[&a[0], &a[1]], false, true));
    }
}

fn pads(list: &mut Vec<Entry>) {
    use pad::Mode::*;
    const MODES: &[(&str, pad::Mode)] = &[
        ("edge", Edge),
        ("maximum", Maximum),
        ("mean", Mean),
        ("median", Median),
        ("minimum", Minimum),
        ("reflect", Reflect { odd: false }),
        ("reflect odd", Reflect { odd: true }),
        ("symmetric", Symmetric { odd: false }),
        ("symmetric odd", Symmetric { odd: true }),
        ("wrap", Wrap),
    ];
    let mut cases = Vec::new();
    for &(label, mode) in MODES {
        for (shape, numbers) in
            [(&[3][..], &[2, 4][..]), (&[2, 3], &[1, 0, 0, 2]), (&[1, 2], &[5, 3]), (&[33, 40], &[1, 0, 0, 2])]
        {
            cases.push(Case {
                label: format!("{label} {shape:?}"),
                args: vec![Arg { domain: Distinct, shape }],
                run: Box::new(move |cx, a| {
                    let x = &a[0];
                    ok(cx, pad::widths(x, numbers).and_then(|w| pad::pad(cx, x, &w, mode, None)))
                }),
            });
        }
    }
    cases.push(Case {
        label: "lengths".into(),
        args: vec![Arg { domain: Distinct, shape: &[5] }],
        run: Box::new(|cx, a| ok(cx, pad::pad(cx, &a[0], &[[1, 2]], Mean, Some(&[2, 3])))),
    });
    type Zeros = (&'static [usize], &'static [[usize; 2]]);
    let zeros: [Zeros; 4] =
        [(&[3], &[[2, 4]]), (&[2, 3], &[[1, 0], [0, 2]]), (&[0, 2], &[[1, 1], [1, 1]]), (&[33, 40], &[[1, 0], [0, 2]])];
    for (shape, widths) in zeros {
        cases.push(Case {
            label: format!("zeros {shape:?}"),
            args: vec![Arg { domain: Distinct, shape }],
            run: Box::new(move |cx, a| ok(cx, pad::zeros(cx, &a[0], widths))),
        });
    }
    list.push(Entry { name: "ag_pad", family: "padding", dtypes: ALL, derivative: Both, cases });
    values(list);
}

#[rustfmt::skip]
fn values(list: &mut Vec<Entry>) {
    entry! { list, "padding", "ag_pad_constant", ALL, Both;
        "number"    [Real [3], Real []]             |cx, a| ok(cx, pad::constant(cx, &a[0], &[[1, 2]], &a[1]));
        "each"      [Real [2, 3], Real [2, 2]]      |cx, a| ok(cx, pad::constant(cx, &a[0], &[[1, 2], [0, 1]], &a[1]));
        "empty"     [Real [0], Real [2]]            |cx, a| ok(cx, pad::constant(cx, &a[0], &[[1, 2]], &a[1]));
    }
    entry! { list, "padding", "ag_pad_linear_ramp", ALL, Both;
        "number"    [Real [3], Real []]             |cx, a| ok(cx, pad::linear_ramp(cx, &a[0], &[[1, 2]], &a[1]));
        "each"      [Real [2, 3], Real [2, 2]]      |cx, a| ok(cx, pad::linear_ramp(cx, &a[0], &[[1, 2], [0, 3]], &a[1]));
    }
}

#[rustfmt::skip]
fn spaces(list: &mut Vec<Entry>) {
    entry! { list, "spaces", "ag_linspace_arrays", ALL, Both;
        "numbers"   [Real [], Real []]              |cx, a| ok(cx, linspace::linspace(cx, &a[0], &a[1], 5, true, 0));
        "open"      [Real [2, 1], Real [3]]         |cx, a| ok(cx, linspace::linspace(cx, &a[0], &a[1], 3, false, -1));
        "one"       [Real [2], Real []]             |cx, a| ok(cx, linspace::linspace(cx, &a[0], &a[1], 1, true, 0));
        "none"      [Real [2], Real []]             |cx, a| ok(cx, linspace::linspace(cx, &a[0], &a[1], 0, true, 0));
    }
    entry! { list, "spaces", "ag_logspace", ALL, Both;
        "numbers"   [Real [], Real []]              |cx, a| ok(cx, linspace::logspace(cx, &a[0], &a[1], 4, true, 2.0, 0));
        "arrays"    [Real [2], Real [2]]            |cx, a| ok(cx, linspace::logspace(cx, &a[0], &a[1], 3, false, 10.0, 1));
    }
    entry! { list, "spaces", "ag_geomspace", ALL, Both;
        "numbers"   [Positive [], Positive []]      |cx, a| ok(cx, linspace::geomspace(cx, &a[0], &a[1], 4, true, 0));
        "arrays"    [Positive [2], Positive [2]]    |cx, a| ok(cx, linspace::geomspace(cx, &a[0], &a[1], 3, false, 1));
    }
}
