//! Cases of indexing: reading, writing, adding.

use super::*;
use crate::ops::elementwise;
use crate::ops::index::{self, Item, Plan};
use crate::ops::index_reduce::{self, Combine};
use crate::ops::segment::{Kind, segment};
use crate::ops::take::Outside;
use crate::ops::{create, order, positions, shape};

/// `x[text]`, with `@` in the text standing for the next of the index arrays.
fn plan(cx: &Context, shape: &[usize], text: &str, arrays: &[Item]) -> crate::array::Shared<Plan> {
    let mut arrays = arrays.iter();
    let items: Vec<Item> = text
        .split(',')
        .flat_map(|entry| match entry.trim() {
            "@" => vec![arrays.next().expect("an index array for each @").clone()],
            entry => index::parse(entry).expect("a correct index").into_vec(),
        })
        .collect();
    Plan::new(cx, shape, &items).expect("an index that fits")
}

/// Index arrays.
fn integers(cx: &Context, shape: &[usize], values: &[i64]) -> Item {
    Item::Array(cx.engine.build::<i64>(shape, |d| d.copy_from_slice(values)).expect("a small array"))
}

fn mask(cx: &Context, shape: &[usize], values: &[u8]) -> Item {
    let fill = |d: &mut [bool]| d.iter_mut().zip(values).for_each(|(d, &v)| *d = v != 0);
    Item::Array(cx.engine.build::<bool>(shape, fill).expect("a small array"))
}

/// The indices of the tests: shape, text, index arrays.
type Indexing = (&'static [usize], &'static str, fn(&Context) -> Vec<Item>);
#[rustfmt::skip]
const INDICES: &[Indexing] = &[
    (&[5],       "2",               |_| vec![]),
    (&[5],       "-1",              |_| vec![]),
    (&[5],       "1:4",             |_| vec![]),
    (&[5],       "::-2",            |_| vec![]),
    (&[5],       "3:3",             |_| vec![]),
    (&[3, 4],    "1",               |_| vec![]),
    (&[3, 4],    ":, 2",            |_| vec![]),
    (&[3, 4],    "::-1, 1::2",      |_| vec![]),
    (&[3, 4],    "None, ..., 0",    |_| vec![]),
    (&[2, 3, 4], "1, ..., ::2",     |_| vec![]),
    (&[33, 40],  "1:, ::-1",        |_| vec![]),
    (&[5],       "@",               |cx| vec![integers(cx, &[3], &[0, 4, 2])]),
    (&[5],       "@",               |cx| vec![integers(cx, &[2, 3], &[0, 0, -1, 0, 4, 1])]),
    (&[5],       "@",               |cx| vec![integers(cx, &[0], &[])]),
    (&[5],       "@",               |cx| vec![mask(cx, &[5], &[1, 0, 1, 1, 0])]),
    (&[3, 4],    "@",               |cx| vec![integers(cx, &[2], &[2, 2])]),
    (&[3, 4],    ":, @",            |cx| vec![integers(cx, &[3], &[3, 0, 3])]),
    (&[3, 4],    "@, @",            |cx| vec![integers(cx, &[3], &[0, 2, 0]), integers(cx, &[3], &[1, 1, 1])]),
    (&[3, 4],    "@, @",            |cx| vec![integers(cx, &[2, 1], &[0, 2]), integers(cx, &[3], &[3, 1, 1])]),
    (&[3, 4],    "@",               |cx| vec![mask(cx, &[3, 4], &[1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1])]),
    (&[2, 3, 4], "1, :, @",         |cx| vec![integers(cx, &[2], &[3, 3])]),
    (&[2, 3, 4], "@, :, @",         |cx| vec![integers(cx, &[2], &[1, 1]), integers(cx, &[2], &[0, 0])]),
    (&[2, 3, 4], ":, @, @",         |cx| vec![integers(cx, &[2], &[1, 1]), integers(cx, &[2], &[0, 3])]),
    (&[2, 3, 4], "..., @, ::-1",    |cx| vec![mask(cx, &[3], &[1, 0, 1])]),
    (&[3, 4],    "1:, @",           |cx| vec![mask(cx, &[], &[1])]),
    (&[3, 4],    "@, @",            |cx| vec![mask(cx, &[], &[1]), integers(cx, &[3], &[2, 0, 2])]),
    (&[3, 4],    "@",               |cx| vec![mask(cx, &[], &[0])]),
];

pub fn cases(list: &mut Vec<Entry>) {
    let label = |(shape, text, _): &Indexing, i: usize| format!("{i}: {shape:?} [{text}]");
    let mut get = Vec::new();
    let (mut set, mut add) = (Vec::new(), Vec::new());
    for (i, &row) in INDICES.iter().enumerate() {
        let (shape, text, arrays) = row;
        let make = move |cx: &Context| plan(cx, shape, text, &arrays(cx));
        let x = Arg { domain: Real, shape };
        get.push(Case {
            label: label(&row, i),
            args: vec![x],
            run: Box::new(move |cx, a| index::get(cx, &a[0], &make(cx))),
        });
        // Values of the selection's shape, made from a vector, and one number for all.
        let value = Arg { domain: Real, shape: &[] };
        let whole = move |cx: &Context, a: &Array, to: &[usize]| {
            let steps = create::linspace(cx, 1.0, 3.0, to.iter().product::<usize>() as i64);
            let steps = shape::reshape(cx, &Array::from(steps.expect("a small array")), to);
            let steps = elementwise::astype(cx, &steps, a.dtype());
            elementwise::unary(cx, &elementwise::SIN, &elementwise::binary(cx, &elementwise::MUL, &steps, a))
        };
        set.push(Case {
            label: label(&row, i),
            args: vec![x, value],
            run: Box::new(move |cx, a| {
                let plan = make(cx);
                index::set(cx, &a[0], &plan, &whole(cx, &a[1], &plan.to))
            }),
        });
        add.push(Case {
            label: label(&row, i),
            args: vec![x, value],
            run: Box::new(move |cx, a| {
                let plan = make(cx);
                index::add(cx, &a[0], &plan, &whole(cx, &a[1], &plan.to))
            }),
        });
        set.push(Case {
            label: format!("{} to a number", label(&row, i)),
            args: vec![x, value],
            run: Box::new(move |cx, a| index::set(cx, &a[0], &make(cx), &a[1])),
        });
    }
    for how in [Combine::Mul, Combine::Max, Combine::Min] {
        let cases = INDICES.iter().enumerate().map(|(i, &row)| {
            let (shape, text, arrays) = row;
            Case {
                label: label(&row, i),
                args: vec![Arg { domain: Distinct, shape }, Arg { domain: Distinct, shape: &[] }],
                run: Box::new(move |cx, a| {
                    let plan = plan(cx, shape, text, &arrays(cx));
                    // Values apart from each other and from the array.
                    let steps = create::linspace(cx, 0.13, 2.9, plan.to.iter().product::<usize>() as i64);
                    let steps = shape::reshape(cx, &Array::from(steps.expect("a small array")), &plan.to);
                    let steps = elementwise::astype(cx, &steps, a[1].dtype());
                    let values = elementwise::binary(
                        cx,
                        &elementwise::MUL,
                        &elementwise::unary(cx, &elementwise::SIN, &steps),
                        &a[1],
                    );
                    index_reduce::combine(cx, how, &a[0], &plan, &values)
                }),
            }
        });
        list.push(Entry {
            name: how.name(),
            family: "indexing",
            dtypes: ALL,
            derivative: Both,
            cases: cases.collect(),
        });
    }
    let kinds = [
        ("ag_segment_sum", Kind::Sum),
        ("ag_segment_prod", Kind::Prod),
        ("ag_segment_max", Kind::Max),
        ("ag_segment_min", Kind::Min),
    ];
    for (name, kind) in kinds {
        // No segment is empty: its extrema would be infinite.
        type Params = (&'static [usize], &'static [usize], &'static [i64], i64);
        let params: [Params; 4] = [
            (&[6], &[6], &[0, 2, 0, 2, 2, 1], 3),
            (&[5, 3], &[5], &[1, 0, 1, 1, 0], 2),
            (&[2, 3, 2], &[2, 3], &[1, 1, 0, 2, 3, 1], 4),
            (&[0, 2], &[0], &[], 0),
        ];
        let case = |(shape, lead, ids, n): Params| Case {
            label: format!("{shape:?} ids {ids:?}"),
            args: vec![Arg { domain: Distinct, shape }],
            run: Box::new(move |cx, a| {
                let Item::Array(ids) = integers(cx, lead, ids) else { unreachable!("an array") };
                ok(cx, segment(cx, kind, &a[0], &ids.into(), n))
            }),
        };
        let cases = params.into_iter().map(case).collect();
        list.push(Entry { name, family: "indexing", dtypes: ALL, derivative: Both, cases });
    }
    let position = Constant("positions");
    entry! { list, "indexing", "ag_unravel_index", ALL, position;
        "matrix" [Distinct [6]] |cx, a| ok(cx, order::argsort(cx, &a[0], 0).and_then(|p| positions::unravel_index(cx, &p, &[2, 3])).map(|mut p| p.remove(1)));
    }
    entry! { list, "indexing", "ag_ravel_multi_index", ALL, position;
        "matrix" [Distinct [6]] |cx, a| ok(cx, order::argsort(cx, &a[0], 0).and_then(|p| positions::ravel_multi_index(cx, &[&p, &p], &[4, 3], Outside::Wrap)));
    }
    let mut push = |name, cases| {
        list.push(Entry { name, family: "indexing", dtypes: ALL, derivative: Both, cases });
    };
    push("ag_index", get);
    push("ag_index_set", set);
    push("ag_index_add", add);
}
