//! Derivatives where there is none, or where formulas would give NaN: `docs/singular-points.md` has a line for each.

mod helpers;

use autograd::array::DType;
use autograd::operators::grad::{jvp, one};
use autograd::operators::jacobian::hessian;
use autograd::ops::elementwise::{self, binary, unary};
use autograd::ops::logsumexp::{self, logsumexp_with};
use autograd::ops::masked::{Kind, Options, reduce as reduce_masked};
use autograd::ops::pooling::{Pooling, pool2d};
use autograd::ops::segment::{self, segment};
use autograd::ops::{bessel, complex, nan, number, order, quantile, reduce, scan, statistics};
use autograd::trace::{Array, Context};
use helpers::*;
use std::f64::consts::PI;

const INF: f64 = f64::INFINITY;

type Function<'a> = &'a dyn Fn(&Context, &Array) -> Array;

fn forward(cx: &Context, f: Function<'_>, x: &Array) -> Array {
    let t = elementwise::astype(cx, &autograd::ops::create::full(cx, DType::F64, x.shape(), 1.0), x.dtype());
    let f = one(|cx: &Context, a: &[Array]| f(cx, &a[0]));
    jvp(cx, &f, std::slice::from_ref(x), &[0], &[t]).1.pop().unwrap()
}

/// A derivative of every order given, of a function of one number, in reverse and forward mode, for a number, an array
/// of rank 0, one of a single element, and a large one.
fn derivatives(f: Function<'_>, x: f64, want: &[f64]) {
    fn nested(cx: &Context, f: Function<'_>, x: &Array, order: usize, modes: usize) -> Array {
        if order == 0 {
            return f(cx, x);
        }
        let inner = |cx: &Context, x: &Array| nested(cx, f, x, order - 1, modes >> 1);
        if modes & 1 == 0 { grad(cx, |cx, x| total(cx, &inner(cx, x)), x) } else { forward(cx, &inner, x) }
    }
    for (order, &want) in want.iter().enumerate() {
        for modes in 0..1 << order {
            let cx = Context::new();
            let large = autograd::ops::create::full(&cx, DType::F64, &[9000], x);
            for (kind, x) in
                [("number", Array::from(x)), ("rank 0", rank0(&cx, x)), ("vector", vector(&cx, &[x])), ("large", large)]
            {
                for got in reals(&cx, &nested(&cx, f, &x, order, modes)) {
                    let same = got == want || (got - want).abs() <= 1e-12 * want.abs() || got.is_nan() && want.is_nan();
                    assert!(same, "order {order}, modes {modes:b}, {kind}: {got}, not {want}");
                }
            }
        }
    }
}

fn gradient(f: Function<'_>, x: &[f64], want: &[f64]) {
    let cx = Context::new();
    let x = vector(&cx, x);
    let got = reals(&cx, &grad(&cx, |cx, x| total(cx, &f(cx, x)), &x));
    assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() <= 1e-14), "{got:?}, not {want:?}");
}

/// Gradients by both arguments, for numbers and for arrays.
fn pair(f: &dyn Fn(&Context, &Array, &Array) -> Array, x: f64, y: f64, want: [f64; 2]) {
    let cx = Context::new();
    let run = |cx: &Context, a: &[Array]| f(cx, &a[0], &a[1]);
    for (x, y) in
        [(Array::from(x), Array::from(y)), (vector(&cx, &[x]), vector(&cx, &[y])), (rank0(&cx, x), Array::from(y))]
    {
        let g = elementwise::astype(&cx, &autograd::ops::create::full(&cx, DType::F64, x.shape(), 1.0), DType::F64);
        let got = vjp(&cx, &run, &[x.clone(), y.clone()], &g);
        let got = [number(&cx, &got[0]), number(&cx, &got[1])];
        assert_eq!(got, want);
        // Forward mode along each argument.
        #[expect(clippy::needless_range_loop, reason = "the number of the argument")]
        for k in 0..2 {
            let t = if k == 0 { &x } else { &y };
            let one_like = autograd::ops::create::full(&cx, DType::F64, t.shape(), 1.0);
            let (_, t) = jvp(&cx, &one(run), &[x.clone(), y.clone()], &[k], &[one_like]);
            assert_eq!(number(&cx, &t[0]), want[k]);
        }
    }
}

/// The second derivatives xx, xy, yx, yy of a function of two numbers, in every sequence of modes, for numbers and arrays.
fn second(f: &dyn Fn(&Context, &Array, &Array) -> Array, x: f64, y: f64, want: [f64; 4]) {
    type Run<'a> = &'a dyn Fn(&Context, &[Array]) -> Array;
    fn by(cx: &Context, f: Run<'_>, args: &[Array], k: usize, forward: bool) -> Array {
        if forward {
            let t = autograd::ops::create::full(cx, DType::F64, args[k].shape(), 1.0);
            return jvp(cx, &one(f), args, &[k], &[t]).1.pop().unwrap();
        }
        let sum = one(|cx: &Context, a: &[Array]| total(cx, &f(cx, a)));
        autograd::operators::grad::grad(cx, "grad", &sum, args, k)
    }
    let run = |cx: &Context, a: &[Array]| f(cx, &a[0], &a[1]);
    for (i, want) in want.into_iter().enumerate() {
        for modes in 0..4 {
            let cx = Context::new();
            let large = |v: f64| autograd::ops::create::full(&cx, DType::F64, &[5000], v);
            for args in [
                [Array::from(x), Array::from(y)],
                [rank0(&cx, x), rank0(&cx, y)],
                [vector(&cx, &[x, x]), vector(&cx, &[y, y])],
                [large(x), large(y)],
            ] {
                let inner = |cx: &Context, a: &[Array]| by(cx, &run, a, i / 2, modes & 1 == 1);
                for got in reals(&cx, &by(&cx, &inner, &args, i % 2, modes & 2 == 2)) {
                    assert!(got == want || got.is_nan() && want.is_nan(), "{i}, modes {modes:b}: {got}, not {want}");
                }
            }
        }
    }
}

#[test]
fn abs_at_0() {
    derivatives(&|cx, x| complex::abs(cx, x), 0.0, &[0.0, 0.0, 0.0]);
    derivatives(&|cx, x| unary(cx, &elementwise::FABS, x), -0.0, &[0.0, 0.0]);
}

#[test]
fn complex_abs_angle_and_sign_at_0() {
    let cx = Context::new();
    let z = complex::number(&cx, 0.0, 0.0);
    let sign = |cx: &Context, z: &Array| {
        add(cx, &complex::real(cx, &complex::sign(cx, z)), &complex::imag(cx, &complex::sign(cx, z)))
    };
    let functions: [Function<'_>; 3] = [&complex::abs, &complex::angle, &sign];
    for f in functions {
        assert_eq!(elements(&cx, &grad(&cx, f, &z))[0].norm(), 0.0);
        assert_eq!(elements(&cx, &forward(&cx, &f, &z))[0].norm(), 0.0);
    }
    // To order 2, as functions of the parts.
    for f in functions {
        second(&|cx, x, y| f(cx, &complex::join(cx, x, y)), 0.0, 0.0, [0.0; 4]);
    }
}

#[test]
fn angle_of_real_numbers() {
    for x in [0.0, -0.0, 2.0, -2.0] {
        let value = if f64::is_sign_negative(x) { PI } else { 0.0 };
        derivatives(&complex::angle, x, &[value, 0.0, 0.0]);
    }
}

#[test]
fn roots_of_complex_multiples_of_0() {
    // The slope is infinite, in the direction of the root of the factor.
    for (re, im, want) in [(1.0, 1.0, INF), (1.0, 0.0, INF), (-1.0, 0.5, -INF), (0.0, 1.0, 0.0)] {
        let f = move |cx: &Context, x: &Array| {
            complex::real(cx, &unary(cx, &elementwise::SQRT, &mul(cx, &complex::number(cx, re, im), x)))
        };
        derivatives(&f, 0.0, &[0.0, want]);
    }
}

#[test]
fn sqrt_of_0_under_a_zero_cotangent() {
    let positive = |cx: &Context, x: &Array| elementwise::compare(cx, &elementwise::GREATER, x, &Array::weak(0.0));
    let masked = |cx: &Context, x: &Array| {
        elementwise::select(cx, &positive(cx, x), &unary(cx, &elementwise::SQRT, x), &Array::weak(0.0))
    };
    derivatives(&masked, 0.0, &[0.0, 0.0, 0.0]);
    // Under any other cotangent it is what it is.
    derivatives(&|cx, x| unary(cx, &elementwise::SQRT, x), 0.0, &[0.0, INF]);
}

#[test]
fn factors_that_are_0_silence_infinite_derivatives() {
    let cx = Context::new();
    for row in
        [&elementwise::SQRT, &elementwise::LOG, &elementwise::RECIPROCAL, &elementwise::LOG2, &elementwise::LOG10]
    {
        for x in [Array::from(0.0), rank0(&cx, 0.0), vector(&cx, &[0.0, 0.0])] {
            let g =
                grad(&cx, |cx, x| total(cx, &elementwise::select(cx, &Array::from(0.0), &unary(cx, row, x), x)), &x);
            assert!(reals(&cx, &g).iter().all(|&g| g == 1.0), "{}", row.name);
        }
    }
    for row in [&elementwise::ARCSIN, &elementwise::ARCCOS, &elementwise::ARCTANH, &elementwise::ARCCOSH] {
        let g = grad(&cx, |cx, x| elementwise::select(cx, &Array::from(0.0), &unary(cx, row, x), x), &Array::from(1.0));
        assert_eq!(number(&cx, &g), 1.0, "{}", row.name);
    }
}

#[test]
fn hypot_at_the_origin() {
    pair(&|cx, x, y| binary(cx, &elementwise::HYPOT, x, y), 0.0, 0.0, [0.0, 0.0]);
    pair(&|cx, x, y| binary(cx, &elementwise::HYPOT, x, y), 3.0, 0.0, [1.0, 0.0]);
    second(&|cx, x, y| binary(cx, &elementwise::HYPOT, x, y), 0.0, 0.0, [0.0; 4]);
    second(&|cx, x, y| binary(cx, &elementwise::HYPOT, x, y), 2.0, 0.0, [0.0, 0.0, 0.0, 0.5]);
}

/// The norm of a tree of zeros, and of leaves of which one is 0.
#[test]
fn tree_norm_at_the_origin() {
    use autograd::operators::tree::{Tree, leaves};
    let cx = Context::new();
    let norm = |cx: &Context, x: &Array| leaves::norm(cx, &Tree::from(x.clone()));
    let f = one(|cx: &Context, a: &[Array]| norm(cx, &a[0]));
    let x = vector(&cx, &[0.0, 0.0]);
    assert_eq!(reals(&cx, &grad(&cx, norm, &x)), [0.0, 0.0]);
    assert_eq!(number(&cx, &forward(&cx, &norm, &x)), 0.0);
    assert_eq!(reals(&cx, &hessian(&cx, &f, &[x], 0)), [0.0; 4]);
    derivatives(&norm, 0.0, &[0.0, 0.0, 0.0]);
}

#[test]
fn hypot_and_arctan2_at_infinity() {
    let root = 1.0 / 2f64.sqrt();
    let hypot = |cx: &Context, x: &Array, y: &Array| binary(cx, &elementwise::HYPOT, x, y);
    pair(&hypot, INF, 1.0, [1.0, 0.0]);
    pair(&hypot, 1.0, -INF, [0.0, -1.0]);
    pair(&hypot, INF, -INF, [root, -root]);
    let angle = |cx: &Context, x: &Array, y: &Array| binary(cx, &elementwise::ARCTAN2, x, y);
    pair(&angle, INF, 1.0, [0.0, 0.0]);
    pair(&angle, -INF, INF, [0.0, 0.0]);
}

#[test]
fn arctan2_at_the_origin() {
    pair(&|cx, x, y| binary(cx, &elementwise::ARCTAN2, x, y), 0.0, 0.0, [0.0, 0.0]);
    pair(&|cx, x, y| binary(cx, &elementwise::ARCTAN2, x, y), 0.0, 2.0, [0.5, 0.0]);
    second(&|cx, x, y| binary(cx, &elementwise::ARCTAN2, x, y), 0.0, 0.0, [0.0; 4]);
    second(&|cx, x, y| binary(cx, &elementwise::ARCTAN2, x, y), 0.0, 2.0, [0.0, -0.25, -0.25, 0.0]);
}

#[test]
fn sinc_at_0() {
    let (p2, p4) = (PI * PI, PI.powi(4));
    derivatives(&elementwise::sinc, 0.0, &[1.0, 0.0, -p2 / 3.0, 0.0, p4 / 5.0]);
}

#[test]
fn ties_of_max_and_min() {
    let max = |cx: &Context, x: &Array| reduce::extremum(cx, true, x, &reduce::all_axes(x), false);
    let min = |cx: &Context, x: &Array| reduce::extremum(cx, false, x, &reduce::all_axes(x), false);
    gradient(&max, &[1.0, 3.0, 3.0, 2.0], &[0.0, 0.5, 0.5, 0.0]);
    gradient(&min, &[1.0, 1.0, 3.0, 1.0], &[1.0 / 3.0, 1.0 / 3.0, 0.0, 1.0 / 3.0]);
    gradient(&max, &[0.0, -0.0], &[0.5, 0.5]);
    let cx = Context::new();
    let x = array(&cx, &[2, 3], &[1.0, 2.0, 2.0, 5.0, 5.0, 5.0]);
    let g = grad(&cx, |cx, x| total(cx, &reduce::extremum(cx, true, x, &[1], false)), &x);
    let third = 1.0 / 3.0;
    assert_eq!(reals(&cx, &g), [0.0, 0.5, 0.5, third, third, third]);
    let g = forward(&cx, &|cx, x| reduce::extremum(cx, true, x, &[1], true), &x);
    assert_eq!(reals(&cx, &g), [1.0, 1.0]);
}

#[test]
fn ties_of_maximum_and_minimum() {
    for row in [&elementwise::MAXIMUM, &elementwise::MINIMUM, &elementwise::FMAX, &elementwise::FMIN] {
        pair(&|cx, x, y| binary(cx, row, x, y), 2.0, 2.0, [0.5, 0.5]);
    }
    derivatives(&|cx, x| binary(cx, &elementwise::MAXIMUM, x, &Array::weak(0.0)), 0.0, &[0.0, 0.5, 0.0]);
    // NaN is ignored by fmax, and takes no gradient.
    pair(&|cx, x, y| binary(cx, &elementwise::FMAX, x, y), f64::NAN, 2.0, [0.0, 1.0]);
    pair(&|cx, x, y| binary(cx, &elementwise::FMIN, x, y), 2.0, f64::NAN, [1.0, 0.0]);
    pair(&|cx, x, y| binary(cx, &elementwise::MAXIMUM, x, y), f64::NAN, 2.0, [0.0, 0.0]);
}

#[test]
fn ties_of_max_pooling() {
    let pooled = |cx: &Context, x: &Array| pool2d(cx, Pooling::Max, x, [1, 2], [1, 2], [0, 0]);
    let cx = Context::new();
    let x = array(&cx, &[1, 6], &[2.0, 2.0, 1.0, 3.0, f64::NAN, 1.0]);
    let g = grad(&cx, |cx, x| total(cx, &pooled(cx, x)), &x);
    assert_eq!(reals(&cx, &g), [0.5, 0.5, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(reals(&cx, &forward(&cx, &pooled, &x)), [1.0, 1.0, 0.0]);
}

#[test]
fn cbrt_of_0() {
    derivatives(&|cx, x| unary(cx, &elementwise::CBRT, x), 0.0, &[0.0, INF]);
    derivatives(&|cx, x| unary(cx, &elementwise::CBRT, &mul(cx, x, x)), 0.0, &[0.0, 0.0]);
}

#[test]
fn copysign_at_0() {
    pair(&|cx, x, y| binary(cx, &elementwise::COPYSIGN, x, y), 0.0, -1.0, [0.0, 0.0]);
    derivatives(&|cx, x| binary(cx, &elementwise::COPYSIGN, x, &Array::weak(-1.0)), 0.0, &[-0.0, 0.0, 0.0]);
}

#[test]
fn heaviside_at_0() {
    pair(&number::heaviside, 0.0, 0.5, [0.0, 1.0]);
    pair(&number::heaviside, 1.0, 0.5, [0.0, 0.0]);
}

#[test]
fn i0_at_0() {
    derivatives(&bessel::i0, 0.0, &[1.0, 0.0, 0.5, 0.0, 0.375]);
}

#[test]
fn clip_arrays_at_a_bound() {
    pair(&|cx, x, low| number::clip_arrays(cx, x, low, &Array::Null), 1.0, 1.0, [0.0, 1.0]);
    pair(&|cx, x, high| number::clip_arrays(cx, x, &Array::Null, high), 1.0, 1.0, [0.0, 1.0]);
    pair(&|cx, x, high| number::clip_arrays(cx, x, &Array::Null, high), f64::NAN, 1.0, [1.0, 0.0]);
}

#[test]
fn modf_and_frexp_at_steps() {
    derivatives(&|cx, x| number::modf(cx, x).0, 2.0, &[0.0, 1.0, 0.0]);
    derivatives(&|cx, x| number::modf(cx, x).0, INF, &[0.0, 0.0, 0.0]);
    derivatives(&|cx, x| number::frexp(cx, x).0, 2.0, &[0.5, 0.25, 0.0]);
    derivatives(&|cx, x| number::frexp(cx, x).0, 0.0, &[0.0, 1.0, 0.0]);
}

#[test]
fn reductions_of_nothing_selected() {
    let cx = Context::new();
    let mask: Array = cx.engine.build::<bool>(&[2], |d| d.fill(false)).unwrap().into();
    let run = |kind: Kind, ddof: f64| {
        let initial = if kind == Kind::Max { Array::from(1.0) } else { Array::Null };
        let x = vector(&cx, &[f64::NAN, 5.0]);
        let f = |cx: &Context, x: &Array| {
            let options = Options { axes: &[0], keepdims: false, mask: &mask, initial: &initial, ddof };
            reduce_masked(cx, "reduce", kind, x, &options)
        };
        reals(&cx, &grad(&cx, f, &x))
    };
    for kind in [Kind::Sum, Kind::Prod, Kind::Max] {
        assert_eq!(run(kind, 0.0), [0.0, 0.0], "{kind:?}");
    }
}

#[test]
fn std_with_a_mask_of_equal_elements() {
    let cx = Context::new();
    let mask: Array = cx.engine.build::<bool>(&[3], |d| d.copy_from_slice(&[true, true, false])).unwrap().into();
    let f = |cx: &Context, x: &Array| {
        let options = Options { axes: &[0], keepdims: false, mask: &mask, initial: &Array::Null, ddof: 0.0 };
        reduce_masked(cx, "reduce", Kind::Std, x, &options)
    };
    let x = vector(&cx, &[2.0, 2.0, 7.0]);
    assert_eq!(reals(&cx, &grad(&cx, f, &x)), [0.0, 0.0, 0.0]);
    assert_eq!(number(&cx, &forward(&cx, &f, &x)), 0.0);
}

#[test]
fn where_keeps_the_untaken_branch_out() {
    let f = |cx: &Context, x: &Array| {
        let taken = elementwise::compare(cx, &elementwise::GREATER, x, &Array::weak(0.0));
        let log = unary(cx, &elementwise::LOG, x);
        elementwise::select(cx, &taken, &mul(cx, x, &log), &mul(cx, x, x))
    };
    derivatives(&f, 0.0, &[0.0, 0.0, 2.0, 0.0]);
    derivatives(&f, -1.0, &[1.0, -2.0, 2.0]);
    derivatives(&f, 1.0, &[0.0, 1.0, 1.0, -1.0]);
}

#[test]
fn prod_with_zeros_is_exact_to_order_2() {
    let prod = |cx: &Context, x: &Array| reduce::prod(cx, x, &reduce::all_axes(x), false);
    gradient(&prod, &[0.0, 2.0, 3.0], &[6.0, 0.0, 0.0]);
    gradient(&prod, &[0.0, 2.0, 0.0], &[0.0, 0.0, 0.0]);
    gradient(&prod, &[5.0], &[1.0]);
    for x in [[0.0, 2.0, 3.0, 4.0], [0.0, 2.0, 0.0, 4.0], [0.0, 0.0, 0.0, 4.0], [1.0, 2.0, 3.0, 4.0]] {
        let cx = Context::new();
        let f = one(|cx: &Context, a: &[Array]| prod(cx, &a[0]));
        let h = reals(&cx, &hessian(&cx, &f, &[vector(&cx, &x)], 0));
        for i in 0..4 {
            for j in 0..4 {
                let want: f64 = if i == j { 0.0 } else { (0..4).filter(|&k| k != i && k != j).map(|k| x[k]).product() };
                assert_eq!(h[4 * i + j], want, "{x:?} {i} {j}");
            }
        }
    }
}

#[test]
fn cumprod_with_zeros_is_exact_to_order_2() {
    let last = |cx: &Context, x: &Array| get(cx, &scan::cumprod(cx, x, 0), "-1");
    let products = |cx: &Context, x: &Array| scan::cumprod(cx, x, 0);
    gradient(&products, &[2.0, 0.0, 3.0], &[1.0, 8.0, 0.0]);
    gradient(&products, &[0.0, 0.0, 3.0], &[1.0, 0.0, 0.0]);
    // A factor of 0 silences the infinite slope of a root, in both modes.
    let cx = Context::new();
    let roots = |cx: &Context, x: &Array| total(cx, &unary(cx, &elementwise::SQRT, &scan::cumprod(cx, x, 0)));
    for (x, want, sum) in [([1.0, 0.0, 2.0], [0.5, INF, 0.0], INF), ([0.0, 0.0, 0.0], [INF, 0.0, 0.0], INF)] {
        let x = vector(&cx, &x);
        assert_eq!(reals(&cx, &grad(&cx, roots, &x)), want);
        assert_eq!(number(&cx, &forward(&cx, &roots, &x)), sum);
    }
    for x in [[0.0, 2.0, 3.0, 4.0], [0.0, 2.0, 0.0, 4.0], [0.0, 0.0, 0.0, 4.0], [1.0, 2.0, 3.0, 4.0]] {
        let cx = Context::new();
        let f = one(|cx: &Context, a: &[Array]| last(cx, &a[0]));
        let h = reals(&cx, &hessian(&cx, &f, &[vector(&cx, &x)], 0));
        for i in 0..4 {
            for j in 0..4 {
                let want: f64 = if i == j { 0.0 } else { (0..4).filter(|&k| k != i && k != j).map(|k| x[k]).product() };
                assert_eq!(h[4 * i + j], want, "{x:?} {i} {j}");
            }
        }
    }
}

#[test]
fn unwrap_has_slope_1() {
    let unwrap = |cx: &Context, x: &Array| cx.take("unwrap", scan::unwrap(cx, x, 0.0, 0, 4.0));
    gradient(&unwrap, &[0.0, 2.0, 5.0, 3.0, -9.0], &[1.0; 5]);
}

#[test]
fn equal_elements_keep_their_order() {
    let weighted = |cx: &Context, y: &Array| {
        let steps: Vec<f64> = (1..=y.size()).map(|k| k as f64).collect();
        mul(cx, y, &vector(cx, &steps))
    };
    let sort = |cx: &Context, x: &Array| weighted(cx, &cx.take("sort", order::sort(cx, x, 0)));
    gradient(&sort, &[2.0, 1.0, 2.0, 1.0], &[3.0, 1.0, 4.0, 2.0]);
    gradient(&sort, &[0.0, -0.0, f64::NAN, 0.0], &[1.0, 2.0, 4.0, 3.0]);
    let unique = |cx: &Context, x: &Array| cx.take("unique", order::unique(cx, x).map(|u| u.values));
    gradient(&unique, &[2.0, 1.0, 2.0, 1.0], &[1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn quantiles_among_equal_elements() {
    let median = |cx: &Context, x: &Array| cx.take("median", quantile::median(cx, x, &[0], false, false));
    gradient(&median, &[2.0, 2.0, 2.0], &[0.0, 1.0, 0.0]);
    gradient(&median, &[2.0, 1.0, 2.0, 3.0], &[0.5, 0.0, 0.5, 0.0]);
    gradient(&median, &[INF, 1.0, INF], &[1.0, 0.0, 0.0]);
}

#[test]
fn quantiles_of_nan() {
    let median = |cx: &Context, x: &Array| cx.take("median", quantile::median(cx, x, &[0], false, false));
    let nanmedian = |cx: &Context, x: &Array| cx.take("median", quantile::median(cx, x, &[0], true, false));
    gradient(&median, &[2.0, f64::NAN, 3.0], &[0.0, 0.0, 0.0]);
    gradient(&nanmedian, &[2.0, f64::NAN, 3.0], &[0.5, 0.0, 0.5]);
    gradient(&nanmedian, &[f64::NAN, f64::NAN], &[0.0, 0.0]);
}

#[test]
fn nan_is_left_out() {
    gradient(&|cx, x| nan::sum(cx, x, &[0], false), &[1.0, f64::NAN], &[1.0, 0.0]);
    gradient(&|cx, x| nan::prod(cx, x, &[0], false), &[2.0, f64::NAN, 3.0], &[3.0, 0.0, 2.0]);
    gradient(&|cx, x| nan::mean(cx, x, &[0], false), &[2.0, f64::NAN, 3.0], &[0.5, 0.0, 0.5]);
    gradient(&|cx, x| nan::var(cx, x, &[0], 0.0, false), &[2.0, f64::NAN, 4.0], &[-1.0, 0.0, 1.0]);
    gradient(&|cx, x| nan::var(cx, x, &[0], 0.0, false), &[f64::NAN, f64::NAN], &[0.0, 0.0]);
}

#[test]
fn nanstd_of_a_constant() {
    gradient(&|cx, x| nan::std(cx, x, &[0], 0.0, false), &[2.0, f64::NAN, 2.0], &[0.0, 0.0, 0.0]);
    gradient(&|cx, x| nan::std(cx, x, &[0], 0.0, false), &[f64::NAN, 3.0], &[0.0, 0.0]);
}

#[test]
fn ties_of_nanmax_and_ptp() {
    gradient(&|cx, x| nan::extremum(cx, true, x, &[0], false), &[2.0, f64::NAN, 2.0, 1.0], &[0.5, 0.0, 0.5, 0.0]);
    gradient(&|cx, x| nan::extremum(cx, true, x, &[0], false), &[f64::NAN], &[0.0]);
    gradient(&|cx, x| statistics::ptp(cx, x, &[0], false), &[2.0, 2.0, 1.0], &[0.5, 0.5, -1.0]);
    // Equal elements: 0, also under the infinite slope of a root.
    let cx = Context::new();
    let root = |cx: &Context, x: &Array| unary(cx, &elementwise::SQRT, &statistics::ptp(cx, x, &[0], false));
    let x = vector(&cx, &[1.0, 1.0]);
    assert_eq!(reals(&cx, &grad(&cx, root, &x)), [0.0, 0.0]);
    assert_eq!(number(&cx, &forward(&cx, &root, &x)), 0.0);
}

#[test]
fn interp_at_its_samples() {
    let line = |cx: &Context, x: &Array| {
        let (xp, fp) = (vector(cx, &[0.0, 1.0, 3.0]), vector(cx, &[0.0, 5.0, 7.0]));
        cx.take("interp", statistics::interp(cx, x, &xp, &fp, &Default::default()))
    };
    gradient(&line, &[-1.0, 0.0, 1.0, 3.0, 4.0], &[0.0, 5.0, 1.0, 0.0, 0.0]);
}

#[test]
fn corrcoef_at_its_bound() {
    let corrcoef = |cx: &Context, x: &Array| {
        let rows = autograd::ops::shape::reshape(cx, x, &[2, 3]);
        cx.take("corrcoef", statistics::corrcoef(cx, &rows, None, true))
    };
    gradient(&corrcoef, &[-1.0, 0.0, 1.0, -2.0, 0.0, 2.0], &[0.0; 6]);
}

#[test]
fn powers_of_0() {
    for (p, want) in [
        (0.0, [1.0, 0.0, 0.0]),
        (1.0, [0.0, 1.0, 0.0]),
        (2.0, [0.0, 0.0, 2.0]),
        (3.0, [0.0, 0.0, 0.0]),
        (0.5, [0.0, INF, -INF]),
    ] {
        derivatives(&|cx, x| binary(cx, &elementwise::POW, x, &Array::weak(p)), 0.0, &want);
    }
    // By the exponent: 0^y is constant for positive y.
    for y in [0.5, 1.0, 2.0] {
        pair(
            &|cx, x, y| binary(cx, &elementwise::POW, x, y),
            0.0,
            y,
            [if y < 1.0 { INF } else { f64::from(y == 1.0) }, 0.0],
        );
    }
    pair(&|cx, x, y| binary(cx, &elementwise::POW, x, y), 0.0, 0.0, [0.0, 0.0]);
}

#[test]
fn mixed_derivative_of_a_power_at_exponent_0() {
    // d/dy d/dx x^y = x^(y-1) (1 + y log x), which is 1 / x at y = 0.
    let cx = Context::new();
    for x in [Array::from(4.0), vector(&cx, &[4.0])] {
        let mixed = grad(
            &cx,
            |cx, y| total(cx, &grad(cx, |cx, x| total(cx, &binary(cx, &elementwise::POW, x, y)), &x)),
            &Array::from(0.0),
        );
        assert_eq!(number(&cx, &mixed), 0.25);
    }
}

#[test]
fn powers_of_negative_numbers() {
    derivatives(&|cx, x| binary(cx, &elementwise::POW, x, &Array::weak(3.0)), -2.0, &[-8.0, 12.0, -12.0]);
    derivatives(&|cx, x| binary(cx, &elementwise::POW, x, &Array::weak(2.0)), -2.0, &[4.0, -4.0, 2.0]);
}

#[test]
fn std_of_a_constant() {
    let std = |cx: &Context, x: &Array| reduce::std(cx, x, &reduce::all_axes(x), 0.0, false);
    gradient(&std, &[2.0, 2.0, 2.0], &[0.0, 0.0, 0.0]);
    gradient(&std, &[7.0], &[0.0]);
    let cx = Context::new();
    let t = forward(&cx, &std, &vector(&cx, &[2.0, 2.0]));
    assert_eq!(number(&cx, &t), 0.0);
}

#[test]
fn logsumexp_of_nothing_but_minus_infinity() {
    let f = |cx: &Context, x: &Array| reduce::logsumexp(cx, x, &reduce::all_axes(x), false);
    gradient(&f, &[-INF, -INF], &[0.0, 0.0]);
    gradient(&f, &[-INF, 1.0], &[0.0, 1.0]);
    let cx = Context::new();
    assert_eq!(number(&cx, &f(&cx, &vector(&cx, &[-INF, -INF]))), -INF);
    let second = grad(&cx, |cx, x| total(cx, &grad(cx, |cx, x| f(cx, x), x)), &vector(&cx, &[-INF, 0.0]));
    assert_eq!(reals(&cx, &second), [0.0, 0.0]);
}

#[test]
fn logsumexp_beside_plus_infinity() {
    let all = |cx: &Context, x: &Array| reduce::logsumexp(cx, x, &reduce::all_axes(x), false);
    gradient(&all, &[INF, 1.0], &[1.0, 0.0]);
    gradient(&all, &[INF, 1.0, INF, -INF], &[0.5, 0.0, 0.5, 0.0]);
    // Along an axis that isn't the last.
    let cx = Context::new();
    let x = array(&cx, &[2, 3], &[INF, -INF, 2.0, 1.0, -INF, 2.0]);
    let columns = |cx: &Context, x: &Array| reduce::logsumexp(cx, x, &[0], false);
    let g = grad(&cx, |cx, x| total(cx, &columns(cx, x)), &x);
    assert_eq!(reals(&cx, &g), [1.0, 0.0, 0.5, 0.0, 0.0, 0.5]);
    assert_eq!(reals(&cx, &forward(&cx, &columns, &x)), [1.0, 0.0, 1.0]);
}

#[test]
fn logaddexp_of_minus_infinity() {
    for row in [&elementwise::LOGADDEXP, &elementwise::LOGADDEXP2] {
        pair(&|cx, x, y| binary(cx, row, x, y), -INF, -INF, [0.0, 0.0]);
        pair(&|cx, x, y| binary(cx, row, x, y), -INF, 1.0, [0.0, 1.0]);
    }
}

#[test]
fn logaddexp_of_plus_infinity() {
    for row in [&elementwise::LOGADDEXP, &elementwise::LOGADDEXP2] {
        pair(&|cx, x, y| binary(cx, row, x, y), INF, 1.0, [1.0, 0.0]);
        pair(&|cx, x, y| binary(cx, row, x, y), INF, -INF, [1.0, 0.0]);
        pair(&|cx, x, y| binary(cx, row, x, y), INF, INF, [0.5, 0.5]);
    }
}

#[test]
fn clip_at_its_bounds() {
    for (x, want) in [(-2.0, 0.0), (-1.0, 0.0), (0.5, 1.0), (1.0, 0.0), (3.0, 0.0), (f64::NAN, 0.0)] {
        let value = if x.is_nan() { x } else { x.clamp(-1.0, 1.0) };
        derivatives(&|cx, x| elementwise::clip(cx, x, -1.0, 1.0), x, &[value, want, 0.0]);
    }
}

#[test]
fn nan_to_num_where_it_replaces() {
    derivatives(&elementwise::nan_to_num, f64::NAN, &[0.0, 0.0]);
    derivatives(&elementwise::nan_to_num, INF, &[f64::MAX, 0.0]);
    derivatives(&elementwise::nan_to_num, -INF, &[f64::MIN, 0.0]);
    derivatives(&elementwise::nan_to_num, 2.0, &[2.0, 1.0, 0.0]);
}

#[test]
fn var_of_one_element() {
    gradient(&|cx, x| reduce::var(cx, x, &[0], 0.0, false), &[4.0], &[0.0]);
}

#[test]
fn division_under_a_zero_cotangent() {
    let f = |cx: &Context, x: &Array| {
        let zero = elementwise::compare(cx, &elementwise::EQUAL, x, &Array::weak(0.0));
        elementwise::select(cx, &zero, &Array::weak(1.0), &div(cx, &sin(cx, x), x))
    };
    derivatives(&f, 0.0, &[1.0, 0.0, 0.0]);
}

#[test]
fn a_norm_written_out() {
    let norm = |cx: &Context, x: &Array| unary(cx, &elementwise::SQRT, &total(cx, &mul(cx, x, x)));
    gradient(&norm, &[0.0, 0.0, 0.0], &[0.0, 0.0, 0.0]);
    derivatives(&|cx, x| unary(cx, &elementwise::SQRT, &mul(cx, x, x)), 0.0, &[0.0, 0.0]);
    derivatives(&|cx, x| unary(cx, &elementwise::SQRT, &unary(cx, &elementwise::SQUARE, x)), 0.0, &[0.0, 0.0]);
}

#[test]
fn steps_have_zero_derivatives() {
    for row in elementwise::PIECEWISE_CONSTANT {
        let value = number(&Context::new(), &elementwise::piecewise_constant(&Context::new(), row, &Array::from(2.0)));
        derivatives(&|cx, x| elementwise::piecewise_constant(cx, row, x), 2.0, &[value, 0.0, 0.0]);
    }
}

#[test]
fn topk_among_equal_elements() {
    let weights = |cx: &Context| vector(cx, &[1.0, 10.0]);
    let f = |cx: &Context, x: &Array| mul(cx, &order::topk(cx, x, 2, 0).unwrap().0, &weights(cx));
    gradient(&f, &[2.0, 1.0, 2.0, 2.0], &[1.0, 0.0, 10.0, 0.0]);
    gradient(&f, &[2.0, f64::NAN, 3.0, f64::NAN], &[0.0, 1.0, 0.0, 10.0]);
}

#[test]
fn ties_of_cummax_and_cummin() {
    for max in [true, false] {
        let f = |cx: &Context, x: &Array| {
            let x = if max { x.clone() } else { unary(cx, &elementwise::NEG, x) };
            let y = scan::cumulative_extremum(cx, max, &x, 0);
            if max { y } else { unary(cx, &elementwise::NEG, &y) }
        };
        gradient(&f, &[1.0, 3.0, 3.0, 2.0, 3.0], &[1.0, 4.0, 0.0, 0.0, 0.0]);
        gradient(&f, &[1.0, f64::NAN, 3.0, f64::NAN], &[1.0, 3.0, 0.0, 0.0]);
        let cx = Context::new();
        let t = forward(&cx, &f, &vector(&cx, &[1.0, 1.0, f64::NAN, 5.0]));
        assert_eq!(reals(&cx, &t), [1.0, 1.0, 1.0, 1.0]);
    }
}

/// Both modes, and the second derivative, which is finite.
#[test]
fn logcumsumexp_of_infinities() {
    let f = |cx: &Context, x: &Array| scan::logcumsumexp(cx, x, 0);
    for (x, g, t) in [
        (vec![-INF, -INF, 1.0, 1.0], vec![0.0, 0.0, 1.5, 0.5], vec![0.0, 0.0, 1.0, 1.0]),
        (vec![-INF, -INF], vec![0.0, 0.0], vec![0.0, 0.0]),
        (vec![2.0, INF, INF, 1.0], vec![1.0, 2.0, 1.0, 0.0], vec![1.0, 1.0, 1.0, 1.0]),
    ] {
        gradient(&f, &x, &g);
        let cx = Context::new();
        let x = vector(&cx, &x);
        assert_eq!(reals(&cx, &forward(&cx, &f, &x)), t);
        let of_gradient = |cx: &Context, x: &Array| {
            let g = grad(cx, |cx, x| total(cx, &f(cx, x)), x);
            mul(cx, &g, &g)
        };
        let second = reals(&cx, &grad(&cx, |cx, x| total(cx, &of_gradient(cx, x)), &x));
        assert!(second.iter().all(|d| d.is_finite()), "{second:?}");
    }
}

/// log(sum(b exp(x))) of vectors, with its sign ignored.
fn weighted(cx: &Context, x: &Array, b: &Array) -> Array {
    let none = &Array::Null;
    let options = logsumexp::Options { axes: &[], all: true, keepdims: false, weights: b, mask: none, signed: true };
    logsumexp_with(cx, x, &options).0
}

#[test]
fn logsumexp_with_of_nothing() {
    let cx = Context::new();
    for (x, b) in [([1.0, 2.0], [0.0, 0.0]), ([-INF, -INF], [1.0, 2.0]), ([-INF, f64::NAN], [1.0, 0.0])] {
        let (x, b) = (vector(&cx, &x), vector(&cx, &b));
        let f = |cx: &Context, a: &[Array]| weighted(cx, &a[0], &a[1]);
        assert_eq!(number(&cx, &weighted(&cx, &x, &b)), -INF);
        let got = vjp(&cx, &f, &[x, b], &Array::from(1.0));
        assert!(got.iter().all(|g| reals(&cx, g) == [0.0, 0.0]));
    }
}

#[test]
fn logsumexp_with_at_weight_0() {
    let cx = Context::new();
    let b = vector(&cx, &[2.0, 0.0]);
    for x in [1.0, 900.0, INF, f64::NAN] {
        gradient(&|cx, x| weighted(cx, x, &b), &[0.0, x], &[1.0, 0.0]);
        let t = forward(&cx, &|cx, x| weighted(cx, x, &b), &vector(&cx, &[0.0, x]));
        assert_eq!(number(&cx, &t), 1.0);
    }
    gradient(&|cx, b| weighted(cx, &vector(cx, &[0.0, 1.0]), b), &[2.0, 0.0], &[0.5, 0.5 * 1f64.exp()]);
}

#[test]
fn ties_of_segments() {
    let cx = Context::new();
    let ids: Array = ints(&cx, &[5], &[1, 0, 1, 1, 0]).into();
    for (kind, sign) in [(segment::Kind::Max, 1.0), (segment::Kind::Min, -1.0)] {
        let f = |cx: &Context, x: &Array| {
            let x = mul(cx, x, &Array::weak(sign));
            mul(cx, &segment(cx, kind, &x, &ids, 2).unwrap(), &Array::weak(sign))
        };
        gradient(&f, &[3.0, 1.0, 3.0, 2.0, 0.0], &[0.5, 1.0, 0.5, 0.0, 0.0]);
    }
}

/// Every line of the page names tests of this file, and every test has a line.
/// A sum of squares as a product, in every way of writing it: a factor of 0 silences an infinite cotangent as it does
/// element by element, so the root of it has slope 0 at 0 in every mode.
#[test]
fn a_norm_as_a_product() {
    use autograd::ops::convolve::{Mode, convolve};
    use autograd::ops::{bilinear, einsum, product, shape};
    let column = |cx: &Context, x: &Array| shape::reshape(cx, x, &[x.size(), 1]);
    let row = |cx: &Context, x: &Array| shape::reshape(cx, x, &[1, x.size()]);
    let ways: [(&str, Function<'_>); 9] = [
        ("dot", &|cx, x| product::dot(cx, x, x)),
        ("matmul", &|cx, x| product::matmul(cx, &row(cx, x), &column(cx, x))),
        ("vector and matrix", &|cx, x| product::matmul(cx, x, &column(cx, x))),
        ("inner", &|cx, x| product::inner(cx, x, x)),
        ("vdot", &|cx, x| bilinear::vdot(cx, x, x)),
        ("vecdot", &|cx, x| bilinear::vecdot(cx, x, x, -1)),
        ("tensordot", &|cx, x| product::tensordot_n(cx, x, x, 1)),
        ("einsum", &|cx, x| einsum::einsum(cx, "i,i->", &[x, x])),
        ("convolve", &|cx, x| {
            let flipped = shape::stack(
                cx,
                &(0..x.size()).rev().map(|i| shape::element(cx, x, i)).collect::<Vec<_>>().iter().collect::<Vec<_>>(),
                0,
            );
            convolve(cx, x, &flipped, Mode::Valid)
        }),
    ];
    for (name, f) in ways {
        for n in [1usize, 3, 40] {
            let cx = Context::new();
            let zeros = vec![0.0; n];
            for dtype in [DType::F64, DType::F32] {
                let x = elementwise::astype(&cx, &vector(&cx, &zeros), dtype);
                let norm = |cx: &Context, x: &Array| total(cx, &unary(cx, &elementwise::SQRT, &f(cx, x)));
                assert_eq!(reals(&cx, &grad(&cx, norm, &x)), zeros, "{name} of {n}, reverse");
                assert_eq!(number(&cx, &forward(&cx, &norm, &x)), 0.0, "{name} of {n}, forward");
            }
        }
    }
    // Infinities that meet something else than 0 stay, with their sign.
    let cx = Context::new();
    let a = array(&cx, &[2, 3], &[0.0, 2.0, -1.0, 0.0, 0.0, 0.0]);
    let sum = |cx: &Context, x: &Array| {
        let y = product::matmul(cx, &a, &column(cx, x));
        total(cx, &mul(cx, &array(cx, &[2, 1], &[INF, INF]), &y))
    };
    assert_eq!(reals(&cx, &grad(&cx, sum, &vector(&cx, &[1.0, 1.0, 1.0]))), [0.0, INF, -INF]);
}

/// The second derivative of a norm that is written out, at 0: infinite along each axis, 0 across, in every sequence of modes.
#[test]
fn the_curvature_of_a_norm() {
    use autograd::ops::product;
    let ways: [(&str, Function<'_>); 3] = [
        ("products", &|cx, x| unary(cx, &elementwise::SQRT, &total(cx, &mul(cx, x, x)))),
        ("squares", &|cx, x| unary(cx, &elementwise::SQRT, &total(cx, &unary(cx, &elementwise::SQUARE, x)))),
        ("dot", &|cx, x| unary(cx, &elementwise::SQRT, &product::dot(cx, x, x))),
    ];
    for (name, f) in ways {
        let cx = Context::new();
        let (x, t) = (vector(&cx, &[0.0, 0.0]), vector(&cx, &[1.0, 0.0]));
        let along = |cx: &Context, f: Function<'_>, x: &Array| {
            let f = one(|cx: &Context, a: &[Array]| f(cx, &a[0]));
            jvp(cx, &f, std::slice::from_ref(x), &[0], std::slice::from_ref(&t)).1.pop().unwrap()
        };
        let first = |cx: &Context, x: &Array| grad(cx, f, x);
        let tangent = |cx: &Context, x: &Array| along(cx, f, x);
        assert_eq!(number(&cx, &along(&cx, &tangent, &x)), INF, "{name}");
        assert_eq!(reals(&cx, &along(&cx, &first, &x)), [INF, 0.0], "{name}");
        assert_eq!(reals(&cx, &grad(&cx, tangent, &x)), [INF, 0.0], "{name}");
        assert_eq!(reals(&cx, &grad(&cx, |cx, x| total(cx, &mul(cx, &t, &first(cx, x))), &x)), [INF, 0.0], "{name}");
        let h = hessian(&cx, &one(|cx: &Context, a: &[Array]| f(cx, &a[0])), std::slice::from_ref(&x), 0);
        assert_eq!(reals(&cx, &h), [INF, 0.0, 0.0, INF], "{name}");
    }
}

/// The curvature of the root of a variance, written out, at a constant: infinities with the signs of the deviations, the
/// same in every sequence of modes.
#[test]
fn the_curvature_of_a_root_of_a_variance() {
    let ways: [(&str, Function<'_>); 4] = [
        ("var", &|cx, x| reduce::var(cx, x, &[0], 0.0, false)),
        ("var of a row", &|cx, x| reduce::var(cx, &autograd::ops::shape::reshape(cx, x, &[1, 2]), &[1], 1.0, false)),
        ("nanvar", &|cx, x| nan::var(cx, x, &[0], 0.0, false)),
        ("var_with", &|cx, x| {
            let mask = cx.engine.build::<bool>(&[2], |d| d.fill(true)).unwrap().into();
            let options = Options { axes: &[0], keepdims: false, mask: &mask, initial: &Array::Null, ddof: 0.0 };
            reduce_masked(cx, "var", Kind::Var, x, &options)
        }),
    ];
    for (name, f) in ways {
        for c in [0.0, 0.1, -3.0] {
            let cx = Context::new();
            let root = |cx: &Context, x: &Array| total(cx, &unary(cx, &elementwise::SQRT, &f(cx, x)));
            let (x, t) = (vector(&cx, &[c, c]), vector(&cx, &[1.0, 0.0]));
            let along = |cx: &Context, f: Function<'_>, x: &Array| {
                let f = one(|cx: &Context, a: &[Array]| f(cx, &a[0]));
                jvp(cx, &f, std::slice::from_ref(x), &[0], std::slice::from_ref(&t)).1.pop().unwrap()
            };
            let first = |cx: &Context, x: &Array| grad(cx, root, x);
            let tangent = |cx: &Context, x: &Array| along(cx, &root, x);
            let want = [INF, -INF];
            assert_eq!(reals(&cx, &first(&cx, &x)), [0.0, 0.0], "{name}");
            assert_eq!(number(&cx, &along(&cx, &tangent, &x)), INF, "{name}");
            assert_eq!(reals(&cx, &along(&cx, &first, &x)), want, "{name}");
            assert_eq!(reals(&cx, &grad(&cx, tangent, &x)), want, "{name}");
            assert_eq!(reals(&cx, &grad(&cx, |cx, x| total(cx, &mul(cx, &t, &first(cx, x))), &x)), want, "{name}");
            let h = hessian(&cx, &one(|cx: &Context, a: &[Array]| root(cx, &a[0])), std::slice::from_ref(&x), 0);
            assert_eq!(reals(&cx, &h), [INF, -INF, -INF, INF], "{name}");
        }
    }
}

/// What is infinite in one direction and minus infinite in another has no sum. Reverse mode adds directions up where the
/// function takes differences, forward mode sees one of them.
#[test]
fn opposite_infinities_of_differences() {
    let cx = Context::new();
    let product = |cx: &Context, x: &Array| {
        let d = binary(cx, &elementwise::SUB, x, &reduce::mean(cx, x, &[0], true));
        autograd::ops::product::dot(cx, &d, &vector(cx, &[1.0, -2.0, 1.0]))
    };
    let root = |cx: &Context, x: &Array| unary(cx, &elementwise::SQRT, &product(cx, x));
    let x = vector(&cx, &[-1.0, 0.0, 1.0]);
    assert!(reals(&cx, &grad(&cx, root, &x)).iter().all(|g| g.is_nan()));
    for (k, want) in [INF, -INF, INF].into_iter().enumerate() {
        let mut t = [0.0; 3];
        t[k] = 1.0;
        let f = one(|cx: &Context, a: &[Array]| root(cx, &a[0]));
        let t = jvp(&cx, &f, std::slice::from_ref(&x), &[0], &[vector(&cx, &t)]).1.pop().unwrap();
        assert_eq!(number(&cx, &t), want);
    }
}

/// The deviation of rows that are equal, through a matrix of covariances.
#[test]
fn a_deviation_from_covariances() {
    let cx = Context::new();
    let x = array(&cx, &[2, 3], &[1.0; 6]);
    let deviation = |cx: &Context, x: &Array| {
        let c = statistics::cov(cx, x, None, true, 1.0, &statistics::Weights::default()).unwrap();
        total(cx, &unary(cx, &elementwise::SQRT, &autograd::ops::diagonal::diagonal(cx, &c, 0, 0, 1).unwrap()))
    };
    assert_eq!(reals(&cx, &grad(&cx, deviation, &x)), [0.0; 6]);
    assert_eq!(number(&cx, &forward(&cx, &deviation, &x)), 0.0);
}

/// Where the extremum is NaN there is no element that attains it: NaN in both modes, and 0 for a cotangent of 0.
#[test]
fn extrema_that_are_nan() {
    let cx = Context::new();
    let x = array(&cx, &[2, 2], &[1.0, f64::NAN, 2.0, 1.0]);
    for max in [true, false] {
        let f = |cx: &Context, x: &Array| reduce::extremum(cx, max, x, &[1], false);
        let g = reals(&cx, &grad(&cx, |cx, x| total(cx, &f(cx, x)), &x));
        assert!(g[0].is_nan() && g[1].is_nan(), "{g:?}");
        assert_eq!(g[2..], if max { [1.0, 0.0] } else { [0.0, 1.0] });
        let t = reals(&cx, &forward(&cx, &f, &x));
        assert!(t[0].is_nan() && t[1] == 1.0, "{t:?}");
        let masked = |cx: &Context, x: &Array| total(cx, &mul(cx, &vector(cx, &[0.0, 1.0]), &f(cx, x)));
        assert_eq!(reals(&cx, &grad(&cx, masked, &x))[..2], [0.0, 0.0]);
    }
    let g = reals(&cx, &grad(&cx, |cx, x| total(cx, &statistics::ptp(cx, x, &[1], false)), &x));
    assert!(g[0].is_nan() && g[1].is_nan() && g[2..] == [1.0, -1.0], "{g:?}");
}

#[test]
fn the_page_refers_to_these_tests() {
    let page = include_str!("../docs/singular-points.md");
    let source = include_str!("singular.rs");
    let tests: Vec<&str> = source
        .split("#[test]\nfn ")
        .skip(1)
        .filter_map(|t| t.split('(').next())
        .filter(|t| *t != "the_page_refers_to_these_tests")
        .collect();
    for test in &tests {
        assert!(page.contains(&format!("`{test}`")), "docs/singular-points.md doesn't mention {test}");
    }
    for line in page.lines().filter(|l| l.starts_with("| ") && l.contains('`') && !l.contains("---")) {
        let named = line.rsplit('|').nth(1).unwrap_or_default().trim().trim_matches('`');
        assert!(tests.contains(&named), "no test is called {named}");
    }
}
