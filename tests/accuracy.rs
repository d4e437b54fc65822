//! How accurate the element-wise functions and their derivatives are: values recorded by
//! `tests/reference/make_accuracy.py` beside what the library computes, for numbers and arrays, in every sequence of modes,
//! on every level of the kernels. `docs/accuracy.md` is a rendering of what was found:
//! `AUTOGRAD_UPDATE_DOCS=1 cargo test --test accuracy` writes it, and without that nothing may be worse than it says.

mod helpers;
mod support;

use autograd::array::DType;
use autograd::kernels::math::{Level, best_level, with_level};
use autograd::operators::grad::{jvp, one};
use autograd::operators::jacobian::hessian;
use autograd::ops::elementwise::{self, BINARY, UNARY, binary, unary};
use autograd::ops::{bessel, complex, create, logsumexp, reduce, statistics};
use autograd::trace::{Array, Context};
use helpers::*;
use num_complex::Complex64;
use std::collections::BTreeMap;
use support::LEVELS;

type Function = dyn Fn(&Context, &[Array]) -> Array;

/// Functions of one dtype: arguments, then value and derivatives as they ought to be, column by column.
struct Block {
    name: String,
    dtype: DType,
    domain: String,
    args: Vec<Vec<Complex64>>,
    /// The value, derivatives by each argument, second ones by each pair.
    want: Vec<Vec<Complex64>>,
}

fn blocks() -> Vec<Block> {
    let text = include_str!("reference/accuracy.txt");
    let mut list: Vec<Block> = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        if let Some(head) = line.strip_prefix("function ") {
            let mut words = head.splitn(3, ' ');
            let mut word = || words.next().unwrap().to_string();
            let (name, dtype, domain) = (word(), word(), word());
            let dtype =
                [DType::F64, DType::F32, DType::C128, DType::C64].into_iter().find(|d| d.name() == dtype).unwrap();
            list.push(Block { name, dtype, domain, args: Vec::new(), want: Vec::new() });
            continue;
        }
        let block = list.last_mut().unwrap();
        let parts: Vec<f64> = line.split(' ').map(|v| v.parse().unwrap()).collect();
        let numbers: Vec<Complex64> = if block.dtype.is_complex() {
            parts.chunks_exact(2).map(|p| Complex64::new(p[0], p[1])).collect()
        } else {
            parts.iter().map(|&v| Complex64::new(v, 0.0)).collect()
        };
        let nargs = if numbers.len() == 4 { 1 } else { 2 };
        block.args.resize(nargs, Vec::new());
        block.want.resize(if nargs == 1 { 3 } else { 6 }, Vec::new());
        assert_eq!(numbers.len(), block.args.len() + block.want.len(), "{line}");
        block.args.iter_mut().chain(&mut block.want).zip(numbers).for_each(|(column, v)| column.push(v));
    }
    list
}

fn function(name: &str) -> Box<Function> {
    let name = format!("ag_{name}");
    if let Some(row) = UNARY.iter().find(|row| row.name == name) {
        return Box::new(move |cx, a| unary(cx, row, &a[0]));
    }
    if let Some(row) = BINARY.iter().find(|row| row.name == name) {
        return Box::new(move |cx, a| binary(cx, row, &a[0], &a[1]));
    }
    match name.as_str() {
        "ag_sinc" => Box::new(|cx, a| elementwise::sinc(cx, &a[0])),
        "ag_i0" => Box::new(|cx, a| bessel::i0(cx, &a[0])),
        _ => panic!("{name} is not known"),
    }
}

/// The derivative by one argument, element by element: in forward mode, or as the gradient of the sum.
fn derivative_by(cx: &Context, f: &Function, args: &[Array], k: usize, forward: bool) -> Array {
    if forward {
        let t = elementwise::astype(cx, &create::full(cx, DType::F64, args[k].shape(), 1.0), args[k].dtype());
        return jvp(cx, &one(f), args, &[k], &[t]).1.pop().unwrap();
    }
    // Of the real part, which for a holomorphic function is the derivative by the library's convention.
    let sum = one(|cx: &Context, a: &[Array]| total(cx, &complex::real(cx, &f(cx, a))));
    autograd::operators::grad::grad(cx, "grad", &sum, args, k)
}

/// Distance from what it ought to be: in representable numbers, of complex ones in epsilons of the norm.
fn distance(dtype: DType, got: Complex64, want: Complex64) -> f64 {
    match dtype {
        DType::F64 => support::distance(got.re, want.re) as f64,
        DType::F32 => support::distance32(got.re as f32, want.re as f32) as f64,
        _ if got.is_nan() => f64::INFINITY,
        _ if got == want => 0.0,
        // A norm that is not a square, which may overflow.
        _ => {
            let d = got - want;
            d.re.hypot(d.im)
                / want.re.hypot(want.im)
                / if dtype == DType::C128 { f64::EPSILON } else { f64::from(f32::EPSILON) }
        }
    }
}

/// The worst distance of value, first and second derivatives, each with where it was found.
#[derive(Default, Clone)]
struct Found([(f64, String); 3]);

impl Found {
    fn note(&mut self, block: &Block, column: usize, what: &str, got: &[Complex64], first: usize) {
        let nargs = block.args.len();
        let order = usize::from(column > 0) + usize::from(column > nargs);
        for (i, &got) in (first..).zip(got) {
            let want = block.want[column][i];
            let d = distance(block.dtype, got, want);
            if d > self.0[order].0 {
                let at: Vec<String> = block.args.iter().map(|a| format!("{:e}", a[i])).collect();
                self.0[order] = (d, format!("{what}: {got:e}, not {want:e} at {}", at.join(", ")));
            }
        }
    }
}

/// Everything of one block by the kernels of one level.
fn measure(block: &Block, found: &mut Found) {
    let cx = Context::new();
    let f = function(&block.name);
    let n = block.args[0].len();
    let nargs = block.args.len();
    let argument = |values: &[Complex64]| -> Array {
        let t = cx.engine.build::<Complex64>(&[values.len()], |d| d.copy_from_slice(values)).unwrap();
        elementwise::astype(&cx, &t.into(), block.dtype)
    };
    let args: Vec<Array> = block.args.iter().map(|a| argument(a)).collect();
    let mut check = |column: usize, what: String, got: &Array| {
        let got = elements(&cx, got);
        assert_eq!(got.len(), n, "{} {what}", block.name);
        found.note(block, column, &what, &got, 0);
    };
    check(0, "value".into(), &f(&cx, &args));
    for forward in [false, true] {
        for k in 0..nargs {
            check(1 + k, format!("by {k}, forward {forward}"), &derivative_by(&cx, &*f, &args, k, forward));
        }
        for outer in [false, true] {
            for (column, (k, l)) in [(0, 0), (0, 1), (1, 1)].into_iter().filter(|p| p.1 < nargs).enumerate() {
                let f = function(&block.name);
                let inner = move |cx: &Context, a: &[Array]| derivative_by(cx, &*f, a, k, forward);
                let got = derivative_by(&cx, &inner, &args, l, outer);
                check(1 + nargs + column, format!("by {k}, forward {forward}, then by {l}, forward {outer}"), &got);
            }
        }
    }
    if block.dtype != DType::F64 {
        return;
    }
    // Numbers have formulas of their own.
    for i in 0..n {
        let args: Vec<Array> = block.args.iter().map(|a| Array::from(a[i].re)).collect();
        for k in 0..nargs {
            let got = elements(&cx, &derivative_by(&cx, &*f, &args, k, false));
            found.note(block, 1 + k, &format!("number by {k}"), &got, i);
        }
    }
}

/// Why a function is less accurate than 8 units in the last place, its second derivative than 64.
const WHY: &[(&str, &str)] = &[
    ("sinc float64", "a zero of the second derivative, the difference of two terms"),
    ("logaddexp float64", "a value near 0, the difference of two terms"),
    ("logaddexp2 float64", "a value near 0, the difference of two terms"),
];

/// The steps in which the document speaks.
const STEPS: [u64; 14] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128];

fn stated(found: f64) -> u64 {
    let found = found.ceil() as u64;
    STEPS.into_iter().find(|&s| s >= found).unwrap_or(found.next_power_of_two())
}

const HEAD: &str = "\
# Accuracy

Rendered by `AUTOGRAD_UPDATE_DOCS=1 cargo test --test accuracy` from values that `tests/reference/make_accuracy.py` computed
with 60 digits; the test asserts that nothing is worse.

What is counted is the distance to the recorded value, which is the true one rounded once: for real numbers in representable
numbers (units in the last place), for complex ones in machine epsilons of the norm. It is the greatest one over some hundred
arguments of all sizes, from 1e-300 to 1.5e308 (float32: as far as it goes), near zeros, poles, branch points and on both
sides of the cuts; over numbers and arrays, reverse and forward mode (second derivatives: every sequence of the two), the
baseline, AVX2 and AVX-512. Arguments are taken as they are: a function that amplifies their rounding does so elsewhere. Near a zero that
is the difference of two terms the accuracy is absolute: so for derivatives of sinc, and for the mixed one of pow near
x^y = 1/e.

The aim is 8 for a first and 64 for a second derivative. Where a function misses it the last column says why.

| function | dtype | domain | value | first | second | why |
|---|---|---|---|---|---|---|
";

#[test]
fn derivatives_are_as_accurate_as_the_document_says() {
    let mut text = String::from(HEAD);
    let mut failures = Vec::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/accuracy.md");
    let update = std::env::var_os("AUTOGRAD_UPDATE_DOCS").is_some();
    let document = std::fs::read_to_string(path).unwrap_or_default();
    let said: BTreeMap<(&str, &str), [u64; 3]> = document
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let number = |k: usize| cells.get(k)?.parse::<u64>().ok();
            Some(((cells.get(1).copied()?, cells.get(2).copied()?), [number(4)?, number(5)?, number(6)?]))
        })
        .collect();
    let best = best_level();
    for block in blocks() {
        let mut found = Found::default();
        for level in LEVELS.into_iter().filter(|&l: &Level| l <= best) {
            with_level(level, || measure(&block, &mut found));
        }
        let bounds = [0, 1, 2].map(|k| stated(found.0[k].0));
        let what = format!("{} {}", block.name, block.dtype.name());
        let why = WHY.iter().find(|w| w.0 == what).map_or("", |w| w.1);
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {why} |\n",
            block.name,
            block.dtype.name(),
            block.domain,
            bounds[0],
            bounds[1],
            bounds[2]
        );
        for k in 0..3 {
            println!("{what} order {k}: {:.1} ({})", found.0[k].0, found.0[k].1);
        }
        let bad = |k: usize, limit: u64| bounds[k] > limit && why.is_empty();
        for (k, limit) in [(0, 8), (1, 8), (2, 64)] {
            if bad(k, limit) {
                failures.push(format!("{what} order {k}: {:.1} ({})", found.0[k].0, found.0[k].1));
            }
        }
        match said.get(&(block.name.as_str(), block.dtype.name())) {
            _ if update => {}
            Some(said) => (0..3).filter(|&k| bounds[k] > said[k]).for_each(|k| {
                failures
                    .push(format!("{what} order {k}: {} said, {:.1} found ({})", said[k], found.0[k].0, found.0[k].1));
            }),
            None => failures.push(format!("{what} is not in docs/accuracy.md")),
        }
    }
    if update {
        std::fs::write(path, text).unwrap();
    } else {
        assert!(document.starts_with(HEAD), "docs/accuracy.md has another head: render it anew");
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}

/// The gradient of a function of one array.
fn gradient(cx: &Context, f: impl Fn(&Context, &Array) -> Array, x: &Array) -> Vec<f64> {
    reals(cx, &grad(cx, |cx, x| total(cx, &f(cx, x)), x))
}

/// Between ends of any size: values, slopes and curvatures by the first end, start^(1-w) stop^w, where they are numbers.
#[test]
fn geometric_sequences_between_any_ends() {
    use autograd::ops::linspace::geomspace;
    for (a, b) in [(1.0, 16.0), (1e-200, 1e100), (1e-300, 1e300), (1e300, 1.5e300), (3e-310, 2e-300), (-2.0, -1e150)] {
        let cx = Context::new();
        let middle = |cx: &Context, x: &Array| {
            let y = geomspace(cx, x, &Array::from(b), 5, true, 0);
            autograd::ops::shape::element(cx, &cx.take("geomspace", y), 1)
        };
        let slope = |cx: &Context, x: &Array| grad(cx, middle, x);
        let x = Array::from(a);
        let ratio: f64 = b / a;
        let root = if ratio.is_finite() && ratio > 0.0 {
            ratio.powf(0.25)
        } else {
            (b.abs().ln() / 4.0 - a.abs().ln() / 4.0).exp()
        };
        let close = |got: f64, want: f64| got == want || (got / want - 1.0).abs() < 1e-12;
        let (y, first) = (reals(&cx, &middle(&cx, &x))[0], reals(&cx, &slope(&cx, &x))[0]);
        assert!(close(y, a * root) && close(first, 0.75 * root), "{a}: {y} {first}");
        let second = reals(&cx, &grad(&cx, slope, &x))[0];
        assert!(close(second, -0.1875 * root / a), "{a}: {second}");
    }
}

/// Correlations have no unit: neither value nor gradient over- or underflows on the way. Values from the same numbers times 1.
#[test]
fn correlations_of_numbers_of_any_size() {
    let want = [-0.233_804_9, 0.350_707_3, -0.116_902_4];
    for (scale, dtype) in [(1.0, DType::F64), (1e-170, DType::F64), (1e200, DType::F64), (1e25, DType::F32)] {
        let cx = Context::new();
        let y = elementwise::astype(&cx, &vector(&cx, &[1.0, 3.0, 2.0]), dtype);
        let x = elementwise::astype(&cx, &vector(&cx, &[scale, 2.0 * scale, 4.0 * scale]), dtype);
        let both = |cx: &Context, x: &Array| cx.take("corrcoef", statistics::corrcoef(cx, x, Some(&y), true));
        let near = |a: f64, b: f64| (a - b).abs() <= if dtype == DType::F32 { 1e-6 } else { 1e-7 };
        let c = reals(&cx, &both(&cx, &x));
        assert!(near(c[1], 0.327_326_835) && near(c[2], c[1]) && near(c[0], 1.0) && near(c[3], 1.0), "{c:?}");
        let g = gradient(&cx, |cx, x| autograd::ops::shape::element(cx, &both(cx, x), 1), &x);
        assert!(g.iter().zip(want).all(|(g, w)| near(g * scale, w)), "{g:?} at {scale}");
    }
}

#[test]
fn weights_of_logsumexp_come_from_the_elements() {
    let all = |cx: &Context, x: &Array| reduce::logsumexp(cx, x, &reduce::all_axes(x), false);
    let cx = Context::new();
    for (dtype, large) in [(DType::F32, -1e9), (DType::F64, 1e17), (DType::F64, -1e300)] {
        let x = elementwise::astype(&cx, &vector(&cx, &[large; 4]), dtype);
        assert_eq!(gradient(&cx, all, &x), [0.25; 4], "{large}");
        // The same by columns, and in forward mode.
        let columns = elementwise::astype(&cx, &array(&cx, &[4, 2], &[large; 8]), dtype);
        let by_axis = |cx: &Context, x: &Array| reduce::logsumexp(cx, x, &[0], false);
        assert_eq!(gradient(&cx, by_axis, &columns), [0.25; 8], "{large}");
        let t = elementwise::astype(&cx, &vector(&cx, &[1.0, 2.0, 3.0, 4.0]), dtype);
        let (_, t) = jvp(&cx, &one(|cx: &Context, a: &[Array]| all(cx, &a[0])), &[x], &[0], &[t]);
        assert_eq!(reals(&cx, &t[0]), [2.5]);
    }
    // One row longer than a block, and many short ones.
    let long: Vec<f64> = (0..700).map(|i| 1e12 + f64::from(i % 7)).collect();
    let sum: f64 = long.iter().map(|v| (v - 1e12).exp()).sum();
    for (g, v) in gradient(&cx, all, &vector(&cx, &long)).iter().zip(&long) {
        assert!((g - (v - 1e12).exp() / sum).abs() <= 4e-15 * g, "{g}");
    }
    let rows_of = |cx: &Context, x: &Array| reduce::logsumexp(cx, x, &[1], false);
    let g = gradient(&cx, rows_of, &array(&cx, &[175, 4], &long));
    for (g, v) in g.chunks(4).zip(long.chunks(4)) {
        let sum: f64 = v.iter().map(|v| (v - 1e12).exp()).sum();
        g.iter().zip(v).for_each(|(g, v)| assert!((g - (v - 1e12).exp() / sum).abs() <= 1e-15, "{g}"));
    }
    // Complex elements: a common imaginary part changes nothing.
    let z = complex::join(&cx, &vector(&cx, &[1e17; 3]), &vector(&cx, &[2.0; 3]));
    let g = grad(&cx, |cx, z| complex::real(cx, &all(cx, z)), &z);
    for w in elements(&cx, &g) {
        assert!((w - 1.0 / 3.0).norm() <= 1e-15, "{w}");
    }
}

#[test]
fn logsumexp_near_0_has_the_digits_of_log1p() {
    let cx = Context::new();
    // By mpmath, with 60 digits.
    for (x, want) in [
        (vec![-1e-10, -23.025850929940457], 4.999956916675204e-21),
        (vec![-23.025850929940457, -40.0, -1e-10], 4.2533542122082644e-18),
        (vec![-1e-5, -11.5, -30.0], 1.301436835715838e-7),
    ] {
        let twice: Vec<f64> = x.iter().flat_map(|&v| [v, v]).collect();
        for got in [
            reduce::logsumexp(&cx, &vector(&cx, &x), &[0], false),
            reduce::logsumexp(&cx, &array(&cx, &[x.len(), 2], &twice), &[0], false),
        ] {
            let got = reals(&cx, &got)[0];
            // The greatest element is half a unit in its last place away from what is added to it.
            assert!(
                (got - want).abs() <= 2e-16 * x.iter().fold(0.0, |m: f64, v| if *v > -1.0 { v.abs() } else { m }),
                "{got:e} {want:e}"
            );
        }
    }
}

#[test]
fn second_derivatives_of_logsumexp_do_not_cancel() {
    // w (1 - w) of a weight that rounds to 1.
    let all = |cx: &Context, x: &Array| reduce::logsumexp(cx, x, &reduce::all_axes(x), false);
    let weighted = |cx: &Context, x: &Array| {
        let (weights, mask) = (&vector(cx, &[3.0, 3.0]), &Array::Null);
        let options = logsumexp::Options { axes: &[], all: true, keepdims: false, weights, mask, signed: false };
        logsumexp::logsumexp_with(cx, x, &options).0
    };
    type Way<'a> = &'a dyn Fn(&Context, &Array) -> Array;
    for f in [&all as Way<'_>, &weighted] {
        for x in [[0.0, -40.0], [-40.0, 0.0]] {
            let cx = Context::new();
            let h = reals(&cx, &hessian(&cx, &one(|cx: &Context, a: &[Array]| f(cx, &a[0])), &[vector(&cx, &x)], 0));
            let w = (-40f64).exp() / (1.0 + (-40f64).exp()).powi(2);
            for (h, want) in h.iter().zip([w, -w, -w, w]) {
                assert!((h - want).abs() <= 1e-14 * w, "{h:e} {want:e}");
            }
        }
    }
}

/// A float32 argument beside a float64 one is exact; so the derivatives have the digits of float64.
#[test]
fn mixed_dtypes_are_computed_in_the_common_one() {
    let (x, y) = (f64::from(1.3f32), 0.7);
    for row in BINARY {
        for flip in [false, true] {
            let cx = Context::new();
            let narrow = |v: f64| elementwise::astype(&cx, &vector(&cx, &[v, v]), DType::F32);
            let wide = |v: f64| vector(&cx, &[v, v]);
            let f = |cx: &Context, a: &[Array]| binary(cx, row, &a[0], &a[1]);
            let (a, b) = if flip { (y, x) } else { (x, y) };
            let want = [0, 1].map(|k| reals(&cx, &derivative_by(&cx, &f, &[wide(a), wide(b)], k, false))[0]);
            let (mixed, wides) = if flip { ([wide(a), narrow(b)], [0]) } else { ([narrow(a), wide(b)], [1]) };
            for forward in [false, true] {
                let k = wides[0];
                let got = derivative_by(&cx, &f, &mixed, k, forward);
                assert_eq!(got.dtype(), DType::F64);
                let got = reals(&cx, &got)[0];
                assert!(support::distance(got, want[k]) <= 2, "{} by {k}, {forward}: {got:e} {}", row.name, want[k]);
            }
            // A number of float64 beside the narrow array.
            let mixed = if flip { [Array::from(a), narrow(b)] } else { [narrow(a), Array::from(b)] };
            let k = wides[0];
            let got = reals(&cx, &derivative_by(&cx, &f, &mixed, k, false))[0] / 2.0;
            assert!(
                (got - want[k]).abs() <= 4.0 * f64::EPSILON * want[k].abs(),
                "{} number: {got:e} {}",
                row.name,
                want[k]
            );
        }
    }
    // A negative base of a complex power has a complex logarithm.
    let cx = Context::new();
    let y = complex::number(&cx, 0.3, 0.2);
    for x in [Array::from(-2.0), Array::weak(-2.0), vector(&cx, &[-2.0])] {
        let f = |cx: &Context, y: &Array| total(cx, &complex::real(cx, &binary(cx, &elementwise::POW, &x, y)));
        let got = elements(&cx, &grad(&cx, f, &y))[0];
        let log = Complex64::new(2f64.ln(), std::f64::consts::PI);
        let want = log * (Complex64::new(0.3, 0.2) * log).exp();
        assert!((got - want).norm() <= 1e-14 * want.norm(), "{got} {want}");
    }
}

/// What a complex modulus, its angle and its direction do with squares that leave the range.
#[test]
fn complex_lengths_of_all_sizes() {
    for size in [1e-200, 1.0, 1e200] {
        let cx = Context::new();
        let z = complex::number(&cx, 3.0 * size, 4.0 * size);
        let close = |got: Array, want: Complex64| {
            let got = elements(&cx, &got)[0];
            assert!((got - want).norm() <= 4.0 * f64::EPSILON * want.norm(), "{size:e}: {got:e} {want:e}");
        };
        close(grad(&cx, complex::abs, &z), Complex64::new(0.6, -0.8));
        close(grad(&cx, complex::angle, &z), Complex64::new(-0.8, -0.6) / (5.0 * size));
        close(complex::sign(&cx, &z), Complex64::new(0.6, 0.8));
        // d Re(z/|z|): y^2/|z|^3 by x, -xy/|z|^3 by y.
        let re = |cx: &Context, z: &Array| complex::real(cx, &complex::sign(cx, z));
        close(grad(&cx, re, &z), Complex64::new(0.64, 0.48) / (5.0 * size));
        // The Hessian of the modulus is that.
        let slope = |cx: &Context, z: &Array| complex::real(cx, &grad(cx, complex::abs, z));
        close(grad(&cx, slope, &z), Complex64::new(0.64, 0.48) / (5.0 * size));
    }
}

/// The Bessel function grows like exp(x) / sqrt(x): both ends of the range.
#[test]
fn i0_at_the_ends_of_the_range() {
    for (x, want) in
        [(1.7e308, f64::INFINITY), (-f64::MAX, f64::INFINITY), (f64::INFINITY, f64::INFINITY), (5e-324, 1.0)]
    {
        let cx = Context::new();
        let x = Array::from(x);
        assert_eq!(number(&cx, &bessel::i0(&cx, &x)), want);
        assert_eq!(number(&cx, &grad(&cx, bessel::i0, &x)).abs(), if want == 1.0 { 0.0 } else { want });
    }
}
