//! Digits that must not get lost: results in the common dtype of all arguments, lengths whose squares are no numbers,
//! deviations of nearly equal elements.

mod helpers;

use autograd::array::DType;
use autograd::operators::grad::{jvp, one};
use autograd::operators::jacobian::hessian;
use autograd::operators::tree::{Tree, leaves};
use autograd::ops::elementwise;
use autograd::ops::masked::{Kind, Options, reduce as reduce_masked};
use autograd::ops::statistics::{self, Outside, Weights};
use autograd::ops::{nan, polynomial, reduce, scan};
use autograd::trace::{Array, Context};
use helpers::*;

fn single(cx: &Context, values: &[f64]) -> Array {
    elementwise::astype(cx, &vector(cx, values), DType::F32)
}

fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{got:?}, not {want:?}");
    for (g, w) in got.iter().zip(want) {
        let same = g == w || (g - w).abs() <= tolerance * w.abs() || g.is_nan() && w.is_nan();
        assert!(same, "{got:?}, not {want:?}");
    }
}

/// Every function of several arrays, with one argument in single precision: the digits are those of double precision.
#[test]
fn mixed_precision_is_computed_in_double() {
    let cx = Context::new();
    // Of these the single precision is exact, of their quotients it isn't.
    let (a, b) = ([1.0, 2.0, 5.0], [0.1, 0.7, 1.3]);
    let (a32, a64, b64) = (single(&cx, &a), vector(&cx, &a), vector(&cx, &b));
    let tenth = Array::from(0.1);
    let both = |f: &dyn Fn(&Array) -> Array| {
        let (mixed, double) = (f(&a32), f(&a64));
        assert_eq!(mixed.dtype(), DType::F64);
        close(&reals(&cx, &mixed), &reals(&cx, &double), 0.0);
    };
    both(&|x| statistics::interp(&cx, &vector(&cx, &[1.1, 3.3]), x, &b64, &Outside::default()).unwrap());
    both(&|fp| statistics::interp(&cx, &vector(&cx, &[0.2, 1.1]), &b64, fp, &Outside::default()).unwrap());
    both(&|x| statistics::interp(&cx, x, &vector(&cx, &[0.3, 2.7, 9.1]), x, &Outside::default()).unwrap());
    both(&|x| {
        let outside = Outside { left: Some(&tenth), ..Outside::default() };
        let third = statistics::average(&cx, x, None, &[0], false).unwrap();
        let at = elementwise::binary(&cx, &elementwise::DIV, x, &third);
        // The coordinates themselves have the precision that they were computed in.
        let at = elementwise::astype(&cx, &elementwise::astype(&cx, &at, DType::F32), x.dtype());
        statistics::interp(&cx, &at, x, x, &outside).unwrap()
    });
    let weights = Weights { importance: Some(&b64), frequencies: None };
    both(&|x| statistics::cov(&cx, x, None, true, 1.0, &weights).unwrap());
    both(&|x| statistics::cov(&cx, x, Some(&b64), true, 1.0, &Weights::default()).unwrap());
    both(&|x| statistics::average(&cx, x, Some(&b64), &[0], false).unwrap());
    let thirds = |x: &Array| elementwise::binary(&cx, &elementwise::SUB, x, &Array::weak(0.5));
    both(&|x| scan::ediff1d(&cx, &thirds(x), Some(&tenth), None).unwrap());
    both(&|x| scan::trapezoid(&cx, x, &b64, 0).unwrap());
    both(&|p| polynomial::polyint(&cx, p, 1, &tenth));
    both(&|p| polynomial::polyval(&cx, p, &b64));
    both(&|p| polynomial::polydiv(&cx, p, &vector(&cx, &[3.0, 0.1])).0);
    both(&|x| autograd::ops::einsum::einsum(&cx, "i,i,i->", &[x, x, &b64]));
    both(&|x| elementwise::astype(&cx, &autograd::ops::bilinear::kron(&cx, x, &b64), DType::F64));
}

#[test]
fn nan_is_not_lost_in_a_level_part() {
    let cx = Context::new();
    let (xp, fp) = (vector(&cx, &[0.0, 1.0, 2.0]), vector(&cx, &[3.0, 3.0, 3.0]));
    let x = vector(&cx, &[f64::NAN, 0.5, f64::INFINITY, f64::NEG_INFINITY]);
    let of = |period| {
        let outside = Outside { period, ..Outside::default() };
        reals(&cx, &statistics::interp(&cx, &x, &xp, &fp, &outside).unwrap())
    };
    close(&of(None), &[f64::NAN, 3.0, 3.0, 3.0], 0.0);
    close(&of(Some(2.5)), &[f64::NAN, 3.0, f64::NAN, f64::NAN], 0.0);
}

type Deviation<'a> = (&'a str, &'a dyn Fn(&Context, &Array) -> Array);

/// Every standard deviation there is, of a vector: NumPy's, that without NaN, that with a mask.
fn deviations(check: impl Fn(&str, &dyn Fn(&Context, &Array) -> Array)) {
    let plain = |cx: &Context, x: &Array| reduce::std(cx, x, &[0], 0.0, false);
    let columns = |cx: &Context, x: &Array| {
        let n = x.size();
        let pair = autograd::ops::shape::stack(cx, &[x, x], 1);
        let y = reduce::std(cx, &pair, &[0], 0.0, false);
        assert_eq!(pair.shape(), [n, 2]);
        elementwise::binary(cx, &elementwise::MUL, &total(cx, &y), &Array::weak(0.5))
    };
    let without_nan = |cx: &Context, x: &Array| {
        let with = autograd::ops::shape::concatenate(cx, &[x, &vector(cx, &[f64::NAN])], 0);
        nan::std(cx, &elementwise::astype(cx, &with, x.dtype()), &[0], 0.0, false)
    };
    let masked = |cx: &Context, x: &Array| {
        let with = autograd::ops::shape::concatenate(cx, &[x, &vector(cx, &[7e3])], 0);
        let with = elementwise::astype(cx, &with, x.dtype());
        let mask: Array = cx
            .engine
            .build::<bool>(with.shape(), |d| {
                d.fill(true);
                d[x.size()] = false;
            })
            .unwrap()
            .into();
        let options = Options { axes: &[0], keepdims: false, mask: &mask, initial: &Array::Null, ddof: 0.0 };
        reduce_masked(cx, "std", Kind::Std, &with, &options)
    };
    let all: [Deviation<'_>; 4] = [("std", &plain), ("axis", &columns), ("nanstd", &without_nan), ("where", &masked)];
    for (name, f) in all {
        check(name, f);
    }
}

/// Elements that are equal have no deviation, whatever their mean is rounded to: the derivative is 0, at every order and in
/// every sequence of modes.
#[test]
fn deviations_of_equal_elements() {
    for values in [vec![0.1; 3], vec![0.1; 10], vec![1e-30; 7], vec![1.0 / 3.0; 1001], vec![0.3]] {
        deviations(|name, f| {
            for dtype in [DType::F64, DType::F32] {
                let cx = Context::new();
                let x = elementwise::astype(&cx, &vector(&cx, &values), dtype);
                let zeros = vec![0.0; values.len()];
                let what = format!("{name} of {} times {}, {}", values.len(), values[0], dtype.name());
                assert_eq!(number(&cx, &f(&cx, &x)), 0.0, "{what}");
                assert_eq!(reals(&cx, &grad(&cx, |cx, x| f(cx, x), &x)), zeros, "{what}");
                let ones = autograd::ops::create::full(&cx, dtype, x.shape(), 1.0);
                let along = |cx: &Context, g: &dyn Fn(&Context, &Array) -> Array, x: &Array| {
                    jvp(cx, &one(|cx, a| g(cx, &a[0])), std::slice::from_ref(x), &[0], std::slice::from_ref(&ones))
                        .1
                        .pop()
                        .unwrap()
                };
                assert_eq!(number(&cx, &along(&cx, &|cx, x| f(cx, x), &x)), 0.0, "{what}");
                let twice = |cx: &Context, x: &Array| grad(cx, |cx, x| f(cx, x), x);
                assert_eq!(reals(&cx, &grad(&cx, |cx, x| total(cx, &twice(cx, x)), &x)), zeros, "{what}");
                assert_eq!(reals(&cx, &along(&cx, &twice, &x)), zeros, "{what}");
                assert_eq!(number(&cx, &along(&cx, &|cx, x| along(cx, &|cx, x| f(cx, x), x), &x)), 0.0, "{what}");
                assert_eq!(reals(&cx, &grad(&cx, |cx, x| along(cx, &|cx, x| f(cx, x), x), &x)), zeros, "{what}");
                if values.len() <= 10 {
                    let h = hessian(&cx, &one(|cx: &Context, a: &[Array]| f(cx, &a[0])), std::slice::from_ref(&x), 0);
                    assert!(reals(&cx, &h).iter().all(|h| *h == 0.0), "{what}");
                }
            }
        });
    }
}

/// Squares that are no numbers.
#[test]
fn deviations_of_any_size() {
    for (scale, dtype) in
        [(1e-200, DType::F64), (1e-310, DType::F64), (1e200, DType::F64), (3e-25, DType::F32), (1e25, DType::F32)]
    {
        deviations(|name, f| {
            // The masked element must not matter; in the other tests it does not overflow either.
            let cx = Context::new();
            let x = elementwise::astype(&cx, &vector(&cx, &[scale, 2.0 * scale]), dtype);
            let tolerance = if dtype == DType::F32 { 1e-6 } else { 1e-13 };
            let exact = reals(&cx, &x);
            let want = (exact[1] - exact[0]) / 2.0;
            let got = number(&cx, &f(&cx, &x));
            assert!((got / want - 1.0).abs() < tolerance, "{name} at {scale}: {got}, not {want}");
            close(&reals(&cx, &grad(&cx, |cx, x| f(cx, x), &x)), &[-0.5, 0.5], tolerance);
        });
    }
    // Nearly equal ones: the mean is rounded by more than they differ.
    let cx = Context::new();
    let (a, b) = (0.1, 0.1 + 2.0 * f64::EPSILON * 0.0625);
    let x = vector(&cx, &[a, a, b, b]);
    let y = number(&cx, &reduce::std(&cx, &x, &[0], 0.0, false));
    assert!((y / ((b - a) / 2.0) - 1.0).abs() < 1e-15);
    close(
        &reals(&cx, &grad(&cx, |cx, x| reduce::std(cx, x, &[0], 0.0, false), &x)),
        &[-0.25, -0.25, 0.25, 0.25],
        1e-15,
    );
}

/// The norm of a tree of any size, with its gradient.
#[test]
fn norms_of_any_size() {
    for (scale, dtype) in [(1.0, DType::F64), (1e200, DType::F64), (1e-200, DType::F64), (1e25, DType::F32)] {
        let cx = Context::new();
        let norm = |cx: &Context, x: &Array| leaves::norm(cx, &Tree::from(x.clone()));
        let x = elementwise::astype(&cx, &vector(&cx, &[3.0 * scale, -4.0 * scale]), dtype);
        close(&reals(&cx, &norm(&cx, &x)), &[5.0 * scale], 1e-6);
        close(&reals(&cx, &grad(&cx, norm, &x)), &[0.6, -0.8], 1e-6);
    }
}

/// What is looked at before products in rules: no infinity and no NaN is overlooked, in any place and type.
#[test]
fn finite_elements() {
    use autograd::array::Element;
    use num_complex::{Complex32, Complex64};
    let ordinary = [0.0, -0.0, 1.0, -5e-324, f64::MAX, f64::MIN, f64::MIN_POSITIVE];
    assert!(f64::all_finite(&ordinary) && f64::all_finite(&[]));
    assert!(f32::all_finite(&ordinary.map(|x| (x as f32).clamp(f32::MIN, f32::MAX))));
    assert!(Complex64::all_finite(&ordinary.map(|x| Complex64::new(x, -x))) && i64::all_finite(&[i64::MIN, i64::MAX]));
    for odd in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)] {
        for at in 0..21 {
            let mut x = [1.5; 21];
            x[at] = odd;
            let single = x.map(|x| x as f32);
            assert!(!f64::all_finite(&x) && !f32::all_finite(&single), "{odd} at {at}");
            assert!(!Complex64::all_finite(&x.map(|x| Complex64::new(0.0, x))));
            assert!(!Complex32::all_finite(&single.map(|x| Complex32::new(x, 0.0))));
        }
    }
}
