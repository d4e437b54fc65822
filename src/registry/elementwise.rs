//! Cases of the element-wise tables, of the other element-wise operations and of those on complex numbers.

use super::*;
use crate::ops::complex;
use crate::ops::elementwise::{self, BINARY, COMPARISONS, PIECEWISE_CONSTANT, TESTS, UNARY};

pub fn tables(list: &mut Vec<Entry>) {
    for &row in UNARY {
        list.push(Entry {
            name: row.name,
            family: "element-wise, one argument",
            dtypes: if row.kernel.c128.is_some() { ALL } else { REAL },
            derivative: Both,
            cases: of_shapes(row.domain, move |cx, a| elementwise::unary(cx, row, &a[0])),
        });
    }
    for &row in BINARY {
        let mut cases = of_pairs(row.domains, move |cx, a| elementwise::binary(cx, row, &a[0], &a[1]));
        cases.push(Case {
            label: "of one array twice".into(),
            args: vec![Arg { domain: row.domains[1], shape: &[5] }],
            run: Box::new(move |cx, a| {
                // Positive, and twice the other: no function has a kink there.
                let x = elementwise::unary(cx, &elementwise::SQUARE, &a[0]);
                elementwise::binary(cx, row, &elementwise::binary(cx, &elementwise::ADD, &x, &x), &x)
            }),
        });
        list.push(Entry {
            name: row.name,
            family: "element-wise, two arguments",
            dtypes: if row.kernel.c128.is_some() { ALL } else { REAL },
            derivative: Both,
            cases,
        });
    }
    // The sign of a complex number is no step, and has a derivative: see below.
    for &row in PIECEWISE_CONSTANT.iter().filter(|row| !std::ptr::eq(**row, &elementwise::SIGN)) {
        list.push(Entry {
            name: row.name,
            family: "steps and tests",
            dtypes: if row.kernel.c128.is_some() { ALL } else { REAL },
            derivative: Constant("piecewise constant"),
            cases: of_shapes(Nonzero, move |cx, a| elementwise::piecewise_constant(cx, row, &a[0])),
        });
    }
    for &row in TESTS {
        list.push(Entry {
            name: row.name,
            family: "steps and tests",
            dtypes: ALL,
            derivative: Constant("boolean"),
            cases: of_shapes(Nonzero, move |cx, a| elementwise::test(cx, row, &a[0])),
        });
    }
    for &row in COMPARISONS {
        list.push(Entry {
            name: row.name,
            family: "steps and tests",
            dtypes: ALL,
            derivative: Constant("boolean"),
            cases: of_pairs([Nonzero, Nonzero], move |cx, a| elementwise::compare(cx, row, &a[0], &a[1])),
        });
    }
}

#[rustfmt::skip]
pub fn explicit(list: &mut Vec<Entry>) {
    const F: &str = "steps and tests";
    list.push(Entry { name: "ag_floor_divide", family: F, dtypes: REAL, derivative: Constant("piecewise constant"),
        cases: of_pairs([Real, Nonzero], |cx, a| elementwise::floor_divide(cx, &a[0], &a[1])) });
    entry! { list, "element-wise, other", "ag_where", ALL, Both;
        "numbers"              [Nonzero [], Real [], Real []]                |cx, a| elementwise::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "arrays"               [Nonzero [3, 4], Real [3, 4], Real [3, 4]]    |cx, a| elementwise::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "broadcast condition"  [Nonzero [4], Real [3, 1], Real [3, 4]]       |cx, a| elementwise::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "broadcast operands"   [Nonzero [3, 4], Real [], Real [4]]           |cx, a| elementwise::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "one operand a number" [Nonzero [3, 4], Real [3, 4]]                 |cx, a| elementwise::select(cx, &positive(cx, &a[0]), &a[1], &Array::weak(2.0));
        "empty"                [Nonzero [0], Real [0], Real [1]]             |cx, a| elementwise::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
        "large"                [Nonzero [40], Real [33, 40], Real [33, 1]]   |cx, a| elementwise::select(cx, &positive(cx, &a[0]), &a[1], &a[2]);
    }
    list.push(Entry { name: "ag_clip", family: "element-wise, other", dtypes: REAL, derivative: Both,
        cases: of_shapes(Nonzero, |cx, a| elementwise::clip(cx, &a[0], -0.7, 0.9)) });
    list.push(Entry { name: "ag_nan_to_num", family: "element-wise, other", dtypes: ALL, derivative: Both,
        cases: of_shapes(Real, |cx, a| elementwise::nan_to_num(cx, &a[0])) });
    list.push(Entry { name: "ag_sinc", family: "element-wise, other", dtypes: ALL, derivative: Both,
        cases: of_shapes(Real, |cx, a| elementwise::sinc(cx, &a[0])) });
    list.push(Entry { name: "ag_astype", family: "element-wise, other", dtypes: ALL, derivative: Both,
        cases: of_shapes(Real, |cx, a| {
            let to = if a[0].dtype().is_complex() { C128 } else { F64 };
            let back = elementwise::astype(cx, &elementwise::astype(cx, &a[0], to.complex()), to);
            elementwise::binary(cx, &elementwise::MUL, &back, &a[0])
        }) });
}

fn positive(cx: &Context, x: &Array) -> Array {
    elementwise::compare(cx, &elementwise::GREATER, x, &Array::weak(0.0))
}

pub fn complexes(list: &mut Vec<Entry>) {
    type F = fn(&Context, &Array) -> Array;
    let rows: [(&'static str, F); 7] = [
        ("ag_real", complex::real),
        ("ag_imag", complex::imag),
        ("ag_conj", complex::conj),
        ("ag_abs", complex::abs),
        ("ag_angle", complex::angle),
        ("ag_sign", complex::sign),
        ("ag_real_if_close", complex::real_if_close),
    ];
    for (name, f) in rows {
        list.push(Entry {
            name,
            family: "complex numbers",
            dtypes: ALL,
            derivative: Both,
            cases: of_shapes(Nonzero, move |cx, a| f(cx, &a[0])),
        });
    }
}
