//! Views give what their copies give: transposed, reversed and repeated arrays go through loops of their own in many
//! operations (copies by squares of registers, bands of a pass, elements that are looked at once), and values and
//! derivatives must not show it.

mod helpers;

use autograd::array::{DType, Tensor};
use autograd::error::Result;
use autograd::ops::elementwise;
use autograd::ops::index::{self, Item, Plan};
use autograd::ops::take::{self, Outside};
use autograd::ops::{arrange, create, einsum, order, pad, reduce, scan, shape};
use autograd::trace::{Array, Context};
use helpers::*;

const SHAPE: [usize; 3] = [3, 70, 45];

/// Distinct values, a few of them equal.
fn numbers(cx: &Context, n: usize, dtype: DType) -> Array {
    let values: Vec<f64> = (0..n).map(|i| ((i * 7919) % 1009) as f64 / 100.0 - 5.0).collect();
    let x = vector(cx, &values);
    if dtype == DType::Bool {
        elementwise::compare(cx, &elementwise::GREATER, &x, &Array::from(0.0))
    } else {
        elementwise::astype(cx, &x, dtype)
    }
}

/// Arrays of `SHAPE` in every manner of lying in memory.
fn views(cx: &Context, dtype: DType) -> Vec<Array> {
    let [a, b, c] = SHAPE;
    let of = |shape: &[usize]| shape::reshape(cx, &numbers(cx, shape.iter().product(), dtype), shape);
    let mut all = vec![
        shape::transpose(cx, &of(&[c, b, a]), &[2, 1, 0]),
        shape::transpose(cx, &of(&[a, c, b]), &[0, 2, 1]),
        shape::transpose(cx, &of(&[b, c, a]), &[2, 0, 1]),
        get(cx, &of(&SHAPE), "::-1, :, ::-1"),
        get(cx, &shape::transpose(cx, &of(&[c, b, a]), &[2, 1, 0]), ":, ::-1, :"),
        get(cx, &of(&[a, 2 * b, c + 3]), ":, 1::2, 2:-1"),
    ];
    for from in [vec![c], vec![b, 1], vec![1, 1], vec![a, 1, c], vec![a, 1, 1]] {
        all.push(shape::broadcast_to(cx, &of(&from), &SHAPE));
    }
    all
}

fn copied(cx: &Context, x: &Array) -> Array {
    let t = cx.tensor(x).unwrap();
    // An array of its own even if this one lies in order already.
    let own = cx.engine.contiguous(&t).unwrap();
    own.into()
}

type Operation = (&'static str, Box<dyn Fn(&Context, &Array) -> Result<Array>>);

fn named(name: &'static str, f: impl Fn(&Context, &Array) -> Result<Array> + 'static) -> Operation {
    (name, Box::new(f))
}

fn list(cx: &Context, shape: &[usize], below: i64) -> Tensor {
    let n: usize = shape.iter().product();
    ints(cx, shape, &(0..n as i64).map(|i| i * 31 % below).collect::<Vec<i64>>())
}

/// True for one element in `every`.
fn mask(cx: &Context, shape: &[usize], every: usize) -> Tensor {
    cx.engine.build::<bool>(shape, |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i % every == every / 2)).unwrap()
}

fn at(cx: &Context, x: &Array, items: &[Item]) -> Result<Array> {
    Ok(index::get(cx, x, &Plan::new(cx, x.shape(), items)?))
}

/// Operations with a derivative.
fn smooth() -> Vec<Operation> {
    let [a, b, c] = SHAPE;
    let mut all = vec![
        named("flatten", move |cx, x| Ok(shape::reshape(cx, x, &[a * b * c]))),
        named("split an axis", move |cx, x| Ok(shape::reshape(cx, x, &[a, 10, 7, c / 5, 5]))),
        named("merge axes", move |cx, x| Ok(shape::reshape(cx, x, &[a * b, c]))),
        named("new axis", |cx, x| Ok(shape::expand_dims(cx, x, 1))),
        named("roll", |cx, x| Ok(arrange::roll_flat(cx, x, 1000))),
        named("roll by axes", |cx, x| arrange::roll(cx, x, &[1, -3], &[0, 2])),
        named("tile", |cx, x| arrange::tile(cx, x, &[2, 1, 2])),
        named("few mask", |cx, x| at(cx, x, &[Item::Array(mask(cx, &SHAPE, 50))])),
        named("many mask", |cx, x| at(cx, x, &[Item::Array(mask(cx, &SHAPE, 2))])),
        named("mask of rows", |cx, x| at(cx, x, &[Item::Array(mask(cx, &SHAPE[..2], 3))])),
        named("mask behind", |cx, x| at(cx, x, &[Item::Ellipsis, Item::Array(mask(cx, &SHAPE[1..], 3))])),
        named("mask twice", |cx, x| {
            let y = at(cx, x, &[Item::Array(mask(cx, &SHAPE[..1], 2)), Item::Slice(None, None, Some(-2))])?;
            at(cx, &y, &[Item::Array(mask(cx, y.shape(), 4))])
        }),
        named("rows", move |cx, x| {
            at(cx, x, &[Item::Array(list(cx, &[20], 3)), Item::Array(list(cx, &[20], b as i64))])
        }),
        named("pad", |cx, x| pad::zeros(cx, x, &[[1, 0], [0, 2], [3, 1]])),
        named("pad with an edge", |cx, x| pad::pad(cx, x, &[[1, 0], [0, 2], [3, 1]], pad::Mode::Edge, None)),
        named("concatenate", |cx, x| Ok(shape::concatenate(cx, &[x, x], 2))),
        named("stack", |cx, x| Ok(shape::stack(cx, &[x, x], -1))),
        named("einsum of rows", move |cx, x| {
            let y = shape::reshape(cx, &numbers(cx, a * b * c, x.dtype()), &SHAPE);
            Ok(einsum::einsum(cx, "abc,abc->ab", &[x, &y]))
        }),
        named("einsum of itself", |cx, x| Ok(einsum::einsum(cx, "abc,abd->ad", &[x, x]))),
        named("einsum of three", move |cx, x| {
            let y = numbers(cx, b, x.dtype());
            Ok(einsum::einsum(cx, "abc,b,abd->cd", &[x, &y, x]))
        }),
        // Large enough for a few bands, with an output that is kept.
        named("a pass", |cx, x| {
            let y = add(cx, x, &mul(cx, &arrange::flip(cx, x, &[1])?, x));
            Ok(sub(cx, &y, &reduce::sum(cx, x, &[1], true)))
        }),
        named("a pass over a large one", |cx, x| {
            let large = shape::broadcast_to(cx, &shape::expand_dims(cx, x, 0), &[4, SHAPE[0], SHAPE[1], SHAPE[2]]);
            Ok(mul(cx, &large, &add(cx, &shape::reshape(cx, &large, large.shape()), x)))
        }),
    ];
    for axis in 0..3 {
        all.extend([
            named("take along", move |cx, x| {
                let mut shape = SHAPE;
                shape[axis] = 4;
                take::take_along_axis(cx, x, &list(cx, &shape, SHAPE[axis] as i64).into(), axis as i64)
            }),
            named("take along, broadcast", move |cx, x| {
                let mut shape = [1; 3];
                shape[axis] = 5;
                take::take_along_axis(cx, x, &list(cx, &shape, SHAPE[axis] as i64).into(), axis as i64)
            }),
            named("take", move |cx, x| {
                take::take(cx, x, &list(cx, &[2, 30], SHAPE[axis] as i64).into(), axis as i64, Outside::Raise)
            }),
            named("repeat", move |cx, x| arrange::repeat(cx, x, 3, axis)),
            named("roll along", move |cx, x| Ok(arrange::roll_axis(cx, x, 2, axis))),
            named("cumsum", move |cx, x| Ok(scan::cumsum(cx, x, axis))),
            named("diff", move |cx, x| scan::diff(cx, x, 2, axis as i64, None, None)),
            named("sort", move |cx, x| order::sort(cx, x, axis as i64)),
            named("max", move |cx, x| Ok(reduce::extremum(cx, true, x, &[axis], false))),
        ]);
    }
    all
}

fn check(cx: &Context, name: &str, view: &Array, got: &Array, want: &Array) {
    assert!(!cx.failed(), "{name}: {:?}", cx.error());
    assert_eq!((got.shape(), got.dtype()), (want.shape(), want.dtype()), "{name}");
    let want_elements = elements(cx, want);
    let scale = want_elements.iter().fold(1.0f64, |m, z| m.max(z.norm()));
    let d = distance(&elements(cx, got), &want_elements, epsilon(got.dtype()), scale);
    let strides = cx.tensor(view).unwrap().strides().to_vec();
    assert!(d <= 64.0, "{name}, {:?} with strides {strides:?}: {d} eps apart", view.dtype());
}

#[test]
fn values_are_those_of_copies() {
    for small in [0, 4096] {
        let cx = deferring(small);
        for dtype in [DType::F64, DType::F32, DType::C128, DType::I64, DType::Bool] {
            for x in views(&cx, dtype) {
                let copy = copied(&cx, &x);
                for (name, f) in smooth() {
                    if dtype == DType::Bool && name.contains("pass") {
                        continue;
                    }
                    check(&cx, name, &x, &f(&cx, &x).unwrap(), &f(&cx, &copy).unwrap());
                }
                for axis in 0..3 {
                    for keepdims in [false, true] {
                        for max in [false, true] {
                            let f = |x: &Array| reduce::argbest(&cx, max, x, Some(axis), keepdims);
                            check(&cx, "argmax", &x, &f(&x), &f(&copy));
                        }
                    }
                    let f = |x: &Array| order::argsort(&cx, x, axis as i64).unwrap();
                    let sorted = |x: &Array| take::take_along_axis(&cx, x, &f(x), axis as i64).unwrap();
                    check(&cx, "argsort", &x, &sorted(&x), &sorted(&copy));
                    if dtype != DType::Bool {
                        let f = |x: &Array| scan::cumprod(&cx, x, axis);
                        check(&cx, "cumprod", &x, &f(&x), &f(&copy));
                    }
                }
                let f = |x: &Array| reduce::argbest(&cx, true, x, None, false);
                check(&cx, "argmax of all", &x, &f(&x), &f(&copy));
            }
        }
    }
}

/// Large enough for tiles, with rows that begin with a line of the cache and others.
#[test]
fn single_operations_on_large_views_are_those_of_copies() {
    let cx = deferring(0);
    for dtype in [DType::F64, DType::F32] {
        for shape in [[2, 300, 520], [3, 301, 331], [1, 70, 4001]] {
            let [a, b, c] = shape;
            let of = |shape: &[usize]| shape::reshape(&cx, &numbers(&cx, shape.iter().product(), dtype), shape);
            let transposed = shape::transpose(&cx, &of(&[a, c, b]), &[0, 2, 1]);
            let others = [
                shape::transpose(&cx, &of(&[c, b, a]), &[2, 1, 0]),
                get(&cx, &shape::transpose(&cx, &of(&[a, c + 1, b]), &[0, 2, 1]), ":, :, :0:-1"),
                get(&cx, &shape::transpose(&cx, &of(&[a, c, 2 * b]), &[0, 2, 1]), ":, ::2, :"),
                shape::transpose(&cx, &of(&[c, b]), &[1, 0]),
                of(&[c]),
                of(&[b, 1]),
                of(&[a, b, c]),
                Array::from(0.75),
            ];
            for y in &others {
                let copies = [copied(&cx, &transposed), copied(&cx, y)];
                check(&cx, "x - y", &transposed, &sub(&cx, &transposed, y), &sub(&cx, &copies[0], &copies[1]));
                check(&cx, "y - x", &transposed, &sub(&cx, y, &transposed), &sub(&cx, &copies[1], &copies[0]));
            }
        }
    }
}

/// Rows of a transposed array, from strips of it: small and large, with rows that begin with a line of the cache and others.
#[test]
fn rows_of_transposed_arrays_are_those_of_copies() {
    let cx = deferring(0);
    for dtype in [DType::F64, DType::F32, DType::C128, DType::I64, DType::Bool] {
        for [a, b] in [[20, 130], [10, 9], [301, 904], [500, 333], [600, 1104]] {
            let base = shape::reshape(&cx, &numbers(&cx, a * b, dtype), &[b, a]);
            let flipped = get(&cx, &shape::transpose(&cx, &base, &[1, 0]), "::-1, :");
            for x in [shape::transpose(&cx, &base, &[1, 0]), flipped] {
                let copy = copied(&cx, &x);
                for n in [a / 2, a + 200] {
                    let rows = Array::from(list(&cx, &[n], a as i64));
                    let f = |x: &Array| take::take(&cx, x, &rows, 0, Outside::Raise).unwrap();
                    check(&cx, "take", &x, &f(&x), &f(&copy));
                }
                let split = |x: &Array| shape::reshape(&cx, x, &[a, b]);
                let places = [list(&cx, &[2, 80], a as i64), list(&cx, &[80], b as i64)].map(Item::Array);
                let f = |x: &Array| at(&cx, &split(x), &places).unwrap();
                check(&cx, "elements", &x, &f(&x), &f(&copy));
            }
        }
    }
}

/// Large enough for parts of rows that go one below the other, and for several rows of a scan at once.
#[test]
fn large_arrays_along_an_axis_are_those_of_loops() {
    let cx = deferring(0);
    for dtype in [DType::F64, DType::F32, DType::I64] {
        for [a, b, c] in [[1, 300, 501], [2, 301, 400]] {
            let x = shape::reshape(&cx, &numbers(&cx, a * b * c, dtype), &[a, b, c]);
            let flipped = get(&cx, &x, "..., ::-1");
            let rows = list(&cx, &[a, 250, c], b as i64);
            for x in [&x, &flipped] {
                let got = take::take_along_axis(&cx, x, &Array::from(rows.clone()), 1).unwrap();
                let (all, got) = (elements(&cx, x), elements(&cx, &got));
                for (i, (got, k)) in got.iter().zip(rows.elements::<i64>()).enumerate() {
                    let (block, column) = (i / (250 * c), i % c);
                    assert_eq!(*got, all[(block * b + *k as usize) * c + column], "{i}");
                }
                let sums = elements(&cx, &scan::cumsum(&cx, x, 2));
                for (sums, row) in sums.chunks(c).zip(all.chunks(c)) {
                    let mut sum = all[0] * 0.0;
                    for (got, z) in sums.iter().zip(row) {
                        sum += z;
                        assert!((got - sum).norm() <= 1e-3 * (1.0 + sum.norm()), "{got} for {sum}");
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_of_elements_along_an_axis_are_sums() {
    let cx = deferring(0);
    let (n, c) = (300, 501);
    let rows = list(&cx, &[n, c], n as i64 / 2);
    let x = shape::reshape(&cx, &numbers(&cx, n * c, DType::F64), &[n, c]);
    let f = |cx: &Context, x: &[Array]| {
        take::take_along_axis(cx, &x[0], &Array::from(rows.clone()), 0).unwrap_or_else(|e| cx.fail(e))
    };
    let g = elements(&cx, &vjp(&cx, &f, std::slice::from_ref(&x), &x)[0]);
    let mut want = vec![0.0; n * c];
    for (i, (k, v)) in rows.elements::<i64>().iter().zip(elements(&cx, &x)).enumerate() {
        want[*k as usize * c + i % c] += v.re;
    }
    assert!(g.iter().zip(&want).all(|(g, w)| (g.re - w).abs() < 1e-9));
}

#[test]
fn gradients_are_those_of_copies() {
    for small in [0, 4096] {
        let cx = deferring(small);
        for x in views(&cx, DType::F64) {
            let copy = copied(&cx, &x);
            for (name, f) in smooth() {
                let y = f(&cx, &copy).unwrap();
                let g = create::random(&cx, 5, DType::F64, y.shape(), create::Random::Uniform(-1.0, 1.0)).unwrap();
                let f = |cx: &Context, x: &[Array]| f(cx, &x[0]).unwrap();
                let pulled = |x: &Array| vjp(&cx, &f, std::slice::from_ref(x), &g.clone().into())[0].clone();
                check(&cx, name, &x, &pulled(&x), &pulled(&copy));
            }
        }
    }
}

#[test]
fn threads_do_not_show() {
    let run = |threads: usize| -> Vec<Vec<f64>> {
        let cx = Context::new();
        cx.engine.set_threads(threads);
        let (n, m) = (701, 803);
        let x = shape::reshape(&cx, &numbers(&cx, n * m, DType::F64), &[m, n]);
        let transposed = shape::transpose(&cx, &x, &[1, 0]);
        let (row, column) = (get(&cx, &transposed, "3"), get(&cx, &transposed, ":, 5:6"));
        let pass = mul(&cx, &add(&cx, &transposed, &row), &sub(&cx, &transposed, &column));
        let all = [
            add(&cx, &transposed, &transposed),
            add(&cx, &transposed, &row),
            mul(&cx, &row, &column),
            total(&cx, &pass),
            pass,
            reduce::var(&cx, &x, &[0], 0.0, false),
            reduce::var(&cx, &x, &[1], 0.0, false),
            reduce::prod(&cx, &div(&cx, &x, &Array::from(5.0)), &[1], false),
        ];
        assert!(!cx.failed(), "{:?}", cx.error());
        all.iter().map(|y| reals(&cx, y)).collect()
    };
    let one = run(1);
    for threads in [2, 3] {
        assert!(one == run(threads), "{threads} threads");
    }
}
