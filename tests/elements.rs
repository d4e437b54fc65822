//! Programs that walk through an array element by element: right in every mode and at every order, and in as many steps
//! as there are elements. (With work that grows with the square the larger cases would not end in an hour.)

mod helpers;

use autograd::array::DType;
use autograd::operators::grad::{hvps, jvp, one, record};
use autograd::operators::jacobian::{Mode, hessian, jacobian};
use autograd::ops::elementwise;
use autograd::ops::index::{self, Item, Plan};
use autograd::ops::{create, join, reduce, shape};
use autograd::trace::{Array, Context};
use helpers::*;

fn at(cx: &Context, x: &Array, i: i64) -> Array {
    let plan = Plan::new(cx, x.shape(), &[Item::Int(i)]).unwrap();
    index::get(cx, x, &plan)
}

/// The sum of i x_i^2 and x_i x_(i+1), by elements.
fn by_elements(cx: &Context, x: &Array) -> Array {
    let n = x.size();
    let mut sum = Array::from(0.0);
    let mut before = at(cx, x, 0);
    for i in 0..n {
        let square = mul(cx, &mul(cx, &before, &before), &Array::from(i as f64));
        sum = add(cx, &sum, &square);
        if i + 1 < n {
            // Also counted from the end.
            let next = at(cx, x, i as i64 + 1 - n as i64);
            sum = add(cx, &sum, &mul(cx, &before, &next));
            before = next;
        }
    }
    sum
}

/// The same by operations on the whole array.
fn whole(cx: &Context, x: &Array) -> Array {
    let n = x.size();
    let weights = vector(cx, &(0..n).map(|i| i as f64).collect::<Vec<_>>());
    let pairs = mul(cx, &shape::slice_axis(cx, x, 0, 0, n - 1), &shape::slice_axis(cx, x, 0, 1, n - 1));
    add(cx, &total(cx, &mul(cx, &mul(cx, x, x), &weights)), &total(cx, &pairs))
}

type Function = fn(&Context, &Array) -> Array;

/// By the elements of unstack, put together by stack.
fn by_stack(cx: &Context, x: &Array) -> Array {
    let parts = join::unstack(cx, x, 0).unwrap();
    whole(cx, &shape::stack(cx, &parts.iter().collect::<Vec<_>>(), 0))
}

/// By slices of one element, joined.
fn by_slices(cx: &Context, x: &Array) -> Array {
    let parts: Vec<Array> = (0..x.size()).map(|i| shape::slice_axis(cx, x, 0, i, 1)).collect();
    whole(cx, &shape::concatenate(cx, &parts.iter().collect::<Vec<_>>(), 0))
}

/// By rows of a matrix, each an element of its own and then read.
fn by_rows(cx: &Context, x: &Array) -> Array {
    let matrix = shape::reshape(cx, x, &[x.size(), 1]);
    let parts: Vec<Array> = (0..x.size() as i64).map(|i| at(cx, &at(cx, &matrix, i), 0)).collect();
    whole(cx, &shape::stack(cx, &parts.iter().collect::<Vec<_>>(), 0))
}

const WAYS: [(&str, Function); 4] =
    [("elements", by_elements), ("stack", by_stack), ("slices", by_slices), ("rows", by_rows)];

fn close(name: &str, got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{name}");
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 1e-9 * (1.0 + w.abs()), "{name}: {g}, not {w}");
    }
}

#[test]
fn every_mode_and_order() {
    for (name, f) in WAYS {
        for dtype in [DType::F64, DType::F32] {
            let cx = Context::new();
            let x = elementwise::astype(&cx, &vector(&cx, &[0.5, -1.0, 2.0, 0.25]), dtype);
            let t = elementwise::astype(&cx, &vector(&cx, &[1.0, 0.5, -2.0, 3.0]), dtype);
            let what = format!("{name}, {}", dtype.name());
            close(&what, &reals(&cx, &f(&cx, &x)), &reals(&cx, &whole(&cx, &x)));
            let gradient = |f: Function| reals(&cx, &grad(&cx, f, &x));
            close(&what, &gradient(f), &gradient(whole));
            let forward = |f: Function| {
                let f = one(move |cx: &Context, a: &[Array]| f(cx, &a[0]));
                reals(&cx, &jvp(&cx, &f, std::slice::from_ref(&x), &[0], std::slice::from_ref(&t)).1[0])
            };
            close(&what, &forward(f), &forward(whole));
            let hessians = |f: Function| {
                let f = one(move |cx: &Context, a: &[Array]| f(cx, &a[0]));
                let h = hessian(&cx, &f, std::slice::from_ref(&x), 0);
                let product = hvps(&cx, &f, std::slice::from_ref(&x), &[0], std::slice::from_ref(&t));
                [reals(&cx, &h), reals(&cx, &product[0])].concat()
            };
            close(&what, &hessians(f), &hessians(whole));
            // Reverse over reverse, and over forward; the third order of what has none.
            let twice = |f: Function| {
                let inner = |cx: &Context, x: &Array| {
                    let g = grad(cx, f, x);
                    total(cx, &mul(cx, &g, &mul(cx, &g, x)))
                };
                let forward = |cx: &Context, x: &Array| {
                    let f = one(move |cx: &Context, a: &[Array]| f(cx, &a[0]));
                    jvp(cx, &f, std::slice::from_ref(x), &[0], std::slice::from_ref(&t)).1.pop().unwrap()
                };
                [
                    reals(&cx, &grad(&cx, inner, &x)),
                    reals(&cx, &grad(&cx, forward, &x)),
                    reals(&cx, &grad(&cx, |cx, x| total(cx, &grad(cx, inner, x)), &x)),
                ]
                .concat()
            };
            close(&what, &twice(f), &twice(whole));
            // Batches.
            let squares = |f: Function| {
                let f = one(move |cx: &Context, a: &[Array]| mul(cx, &a[0], &f(cx, &a[0])));
                [Mode::Reverse, Mode::Forward]
                    .map(|m| reals(&cx, &jacobian(&cx, &f, std::slice::from_ref(&x), 0, m)))
                    .concat()
            };
            close(&what, &squares(f), &squares(whole));
        }
    }
}

/// An array of which others hold the cotangent, or that is used as a whole, too; a view; a complex one.
#[test]
fn elements_beside_other_uses() {
    let cx = Context::new();
    let x = vector(&cx, &[0.5, -1.0, 2.0]);
    let both = |cx: &Context, x: &Array| {
        let sum = total(cx, &mul(cx, x, x));
        let sum = add(cx, &sum, &mul(cx, &at(cx, x, 1), &at(cx, x, 2)));
        add(cx, &sum, &total(cx, x))
    };
    close("before and after", &reals(&cx, &grad(&cx, both, &x)), &[2.0, 1.0, 4.0]);
    let transposed = |cx: &Context, x: &Array| {
        let matrix = shape::transpose(cx, &shape::reshape(cx, x, &[2, 3]), &[1, 0]);
        let plan = Plan::new(cx, &[3, 2], &[Item::Int(2), Item::Int(-2)]).unwrap();
        let y = index::get(cx, &matrix, &plan);
        mul(cx, &y, &y)
    };
    let six = vector(&cx, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(number(&cx, &transposed(&cx, &six)), 9.0);
    close("a view", &reals(&cx, &grad(&cx, transposed, &six)), &[0.0, 0.0, 6.0, 0.0, 0.0, 0.0]);
    // Two levels, of which the inner one reads elements of an outer array.
    let outer = |cx: &Context, x: &Array| {
        let inner = |cx: &Context, y: &Array| mul(cx, &mul(cx, y, y), &at(cx, x, 2));
        grad(cx, inner, &at(cx, x, 0))
    };
    close("closed over", &reals(&cx, &grad(&cx, outer, &x)), &[4.0, 0.0, 1.0]);
}

/// Many elements: value and gradient, tangents, products with the Hessian.
#[test]
fn steps_grow_with_the_elements() {
    let n = 30_000;
    for (name, f) in WAYS {
        let cx = Context::new();
        let x = vector(&cx, &(0..n).map(|i| ((i * 37) % 101) as f64 / 101.0).collect::<Vec<_>>());
        let ones = create::full(&cx, DType::F64, &[n], 1.0);
        close(name, &reals(&cx, &grad(&cx, f, &x)), &reals(&cx, &grad(&cx, whole, &x)));
        let along = |f: Function| {
            let f = one(move |cx: &Context, a: &[Array]| f(cx, &a[0]));
            let t = jvp(&cx, &f, std::slice::from_ref(&x), &[0], std::slice::from_ref(&ones)).1;
            let h = hvps(&cx, &f, std::slice::from_ref(&x), &[0], std::slice::from_ref(&ones));
            [reals(&cx, &t[0]), reals(&cx, &h[0])].concat()
        };
        close(name, &along(f), &along(whole));
        let twice = |f: Function| reals(&cx, &grad(&cx, |cx, x| total(cx, &grad(cx, f, x)), &x));
        close(name, &twice(f), &twice(whole));
    }
}

/// A sum with its axes kept, which has no short way.
fn long_total(cx: &Context, x: &Array) -> Array {
    let axes: Vec<usize> = (0..x.ndim()).collect();
    shape::reshape(cx, &reduce::sum(cx, x, &axes, true), &[])
}

/// Sums of what is recorded, of an input, of one twice, beside other uses and elements, of a sum's square, of a view; of a
/// matrix and of more than a few elements.
#[test]
fn sums_of_small_arrays_equal_sums_the_long_way() {
    type Sum = fn(&Context, &Array) -> Array;
    fn of(cx: &Context, x: &Array, sum: Sum) -> Array {
        let square = mul(cx, x, x);
        let product = mul(cx, &sum(cx, &square), &sum(cx, x));
        let beside = sum(cx, &mul(cx, &square, &sum(cx, &square)));
        let transposed = shape::transpose(cx, &exp(cx, x), &[1, 0]);
        let both = add(cx, &sum(cx, &transposed), &sum(cx, x));
        let element = get(cx, &square, "1, 0");
        add(cx, &add(cx, &product, &mul(cx, &beside, &element)), &both)
    }
    for shape in [[2, 1], [3, 4], [20, 30]] {
        let cx = Context::new();
        let n = shape[0] * shape[1];
        let values: Vec<f64> = (0..n).map(|i| ((i * 37 % 101) as f64 - 50.0) / 60.0).collect();
        let x = array(&cx, &shape, &values);
        let t = mul(&cx, &x, &exp(&cx, &x));
        let all = |sum: Sum| {
            let f = one(move |cx: &Context, a: &[Array]| of(cx, &a[0], sum));
            let xs = std::slice::from_ref(&x);
            let ts = std::slice::from_ref(&t);
            let again = |cx: &Context, x: &Array| {
                let g = grad(cx, |cx, x| of(cx, x, sum), x);
                sum(cx, &mul(cx, &g, x))
            };
            [
                reals(&cx, &of(&cx, &x, sum)),
                reals(&cx, &grad(&cx, |cx, x| of(cx, x, sum), &x)),
                reals(&cx, &jvp(&cx, &f, xs, &[0], ts).1[0]),
                reals(&cx, &hvps(&cx, &f, xs, &[0], ts)[0]),
                reals(&cx, &grad(&cx, again, &x)),
            ]
            .concat()
        };
        close(&format!("{shape:?}"), &all(total), &all(long_total));
    }
}

/// What a sum's cotangent meets: none, an infinity, a NaN, a tape that is kept for a second sweep.
#[test]
fn cotangents_of_sums() {
    let cx = Context::new();
    let x = vector(&cx, &[1.0, -2.0, 3.0]);
    for factor in [0.0, f64::INFINITY, f64::NAN, -0.5] {
        let scaled = |cx: &Context, x: &Array| mul(cx, &total(cx, &mul(cx, x, x)), &Array::from(factor));
        let want = [2.0, -4.0, 6.0].map(|d| d * factor);
        let got = reals(&cx, &grad(&cx, scaled, &x));
        assert!(got.iter().zip(want).all(|(g, w)| *g == w || g.is_nan() && w.is_nan()), "{factor}: {got:?}");
    }
    let unused = |cx: &Context, x: &Array| {
        total(cx, &mul(cx, x, x));
        total(cx, x)
    };
    assert_eq!(reals(&cx, &grad(&cx, unused, &x)), [1.0; 3]);
    let kept = one(|cx: &Context, a: &[Array]| total(cx, &mul(cx, &a[0], &a[0])));
    let recorded = record(&cx, &kept, std::slice::from_ref(&x), &[0]);
    for g in [1.0, 3.0] {
        let pulled = recorded.pull(&cx, &[Array::from(g)], false);
        assert_eq!(reals(&cx, &pulled[0]), [2.0 * g, -4.0 * g, 6.0 * g]);
    }
}
