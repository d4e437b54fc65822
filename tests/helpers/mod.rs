//! What the tests of operations and derivatives share: making arrays, reading them, comparing them.
#![allow(dead_code)]

use autograd::array::{DType, Tensor, shape};
use autograd::operators::grad::{one, record};
use autograd::ops::create::{Random, random};
use autograd::ops::elementwise::{self, binary, unary};
use autograd::ops::{complex, index, reduce, shape as shapes};
use autograd::registry::{Arg, Domain};
use autograd::trace::{Array, Arrays, Context};
use num_complex::Complex64;

/// A context that puts off all work on more than `small` elements, however few pay in practice.
pub fn deferring(small: usize) -> Context {
    let cx = Context::new();
    cx.engine.set_small(small);
    cx
}

/// Reads the elements, in row-major order.
pub fn elements(cx: &Context, x: &Array) -> Vec<Complex64> {
    assert!(!cx.failed(), "{:?}", cx.error());
    let t = cx.tensor(&elementwise::astype(cx, &x.plain(), DType::C128)).expect("computable");
    t.view::<Complex64>().iter().copied().collect()
}

/// Reads the real elements.
pub fn reals(cx: &Context, x: &Array) -> Vec<f64> {
    elements(cx, x).iter().map(|z| z.re).collect()
}

pub fn number(cx: &Context, x: &Array) -> f64 {
    let all = reals(cx, x);
    assert_eq!(all.len(), 1);
    all[0]
}

pub fn array(cx: &Context, shape: &[usize], values: &[f64]) -> Array {
    cx.engine.build::<f64>(shape, |d| d.copy_from_slice(values)).unwrap().into()
}

pub fn vector(cx: &Context, values: &[f64]) -> Array {
    array(cx, &[values.len()], values)
}

pub fn ints(cx: &Context, shape: &[usize], values: &[i64]) -> Tensor {
    cx.engine.build::<i64>(shape, |d| d.copy_from_slice(values)).unwrap()
}

/// A number as an array of rank 0 with a buffer, where it would be stored inline.
pub fn rank0(cx: &Context, x: f64) -> Array {
    Array::Plain(cx.engine.build::<f64>(&[], |d| d[0] = x).unwrap())
}

pub fn add(cx: &Context, a: &Array, b: &Array) -> Array {
    binary(cx, &elementwise::ADD, a, b)
}
pub fn sub(cx: &Context, a: &Array, b: &Array) -> Array {
    binary(cx, &elementwise::SUB, a, b)
}
pub fn mul(cx: &Context, a: &Array, b: &Array) -> Array {
    binary(cx, &elementwise::MUL, a, b)
}
pub fn div(cx: &Context, a: &Array, b: &Array) -> Array {
    binary(cx, &elementwise::DIV, a, b)
}
pub fn sin(cx: &Context, a: &Array) -> Array {
    unary(cx, &elementwise::SIN, a)
}
pub fn exp(cx: &Context, a: &Array) -> Array {
    unary(cx, &elementwise::EXP, a)
}
pub fn total(cx: &Context, x: &Array) -> Array {
    reduce::sum(cx, x, &reduce::all_axes(x), false)
}
pub fn get(cx: &Context, x: &Array, text: &str) -> Array {
    let items = index::parse(text).unwrap();
    let plan = index::Plan::new(cx, x.shape(), &items).unwrap();
    index::get(cx, x, &plan)
}

/// The gradient of the sum of `f`, which has one argument.
pub fn grad(cx: &Context, f: impl Fn(&Context, &Array) -> Array, x: &Array) -> Array {
    autograd::operators::grad::grad(
        cx,
        "grad",
        &one(|cx: &Context, a: &[Array]| f(cx, &a[0])),
        std::slice::from_ref(x),
        0,
    )
}

/// Derivative of a function of a number.
pub fn derivative(cx: &Context, f: impl Fn(&Context, &Array) -> Array, x: &Array) -> Array {
    grad(cx, f, x)
}

/// VJP of all arguments at once.
pub fn vjp(cx: &Context, f: &dyn Fn(&Context, &[Array]) -> Array, args: &[Array], g: &Array) -> Arrays {
    let all: Vec<usize> = (0..args.len()).collect();
    let recorded = record(cx, &one(f), args, &all);
    let result = recorded.pull(cx, std::slice::from_ref(g), true);
    autograd::operators::grad::close(cx, recorded);
    result
}

/// An argument of a test case: the same one for the same seed.
pub fn draw(cx: &Context, arg: &Arg, dtype: DType, seed: u64) -> Array {
    let n = shape::size_of(arg.shape);
    let uniform = |seed: u64| -> Vec<f64> {
        let t = random(cx, seed, DType::F64, &[n], Random::Uniform(0.0, 1.0)).unwrap();
        t.view::<f64>().iter().copied().collect()
    };
    let values = |seed: u64| -> Vec<f64> {
        let u = uniform(seed);
        let sign = uniform(seed + 1000);
        let signed = |i: usize, x: f64| if sign[i] < 0.5 { -x } else { x };
        match arg.domain {
            Domain::Real => u.iter().map(|u| 3.0 * u - 1.5).collect(),
            Domain::Nonzero => u.iter().enumerate().map(|(i, u)| signed(i, 0.3 + u)).collect(),
            Domain::Positive => u.iter().map(|u| 0.3 + 2.0 * u).collect(),
            Domain::Unit => u.iter().enumerate().map(|(i, u)| signed(i, 0.1 + 0.7 * u)).collect(),
            Domain::AboveOne => u.iter().map(|u| 1.3 + 2.0 * u).collect(),
            Domain::Distinct => {
                let mut order: Vec<usize> = (0..n).collect();
                order.sort_by(|&a, &b| u[a].total_cmp(&u[b]));
                let mut x = vec![0.0; n];
                let step = 3.0 / (n.max(1) as f64).sqrt();
                order.iter().enumerate().for_each(|(rank, &i)| x[i] = (rank as f64 - n as f64 / 2.0) * step + 0.17);
                x
            }
        }
    };
    let re = array(cx, arg.shape, &values(seed));
    let value = if dtype.is_complex() {
        let im: Vec<f64> = uniform(seed + 5000).iter().map(|u| 0.2 + 0.6 * u).collect();
        complex::join(cx, &re, &array(cx, arg.shape, &im))
    } else {
        re
    };
    elementwise::astype(cx, &value, dtype)
}

/// The same values in other layouts: reversed, transposed, every second element of a larger array.
pub fn layouts(cx: &Context, x: &Array) -> Vec<(&'static str, Array)> {
    let n = x.ndim();
    if n == 0 {
        return Vec::new();
    }
    let backwards = vec!["::-1"; n].join(", ");
    let copy = |x: &Array| Array::Plain(cx.engine.contiguous(&cx.tensor(x).unwrap()).unwrap());
    let reversed = get(cx, &copy(&get(cx, x, &backwards)), &backwards);
    let order = shapes::reversed(n);
    let transposed = shapes::transpose(cx, &copy(&shapes::transpose(cx, x, &order)), &order);
    let axis = n - 1;
    let spaced = {
        let e = shapes::expand_dims(cx, x, n);
        let pairs = shapes::concatenate(cx, &[&e, &e], n);
        let mut shape = x.shape().to_vec();
        shape[axis] *= 2;
        get(cx, &shapes::reshape(cx, &pairs, &shape), "..., 1::2")
    };
    vec![("reversed", reversed), ("transposed", transposed), ("spaced", spaced)]
}

/// The first element along every axis repeated, with strides of 0; other values than `x`.
pub fn repeated(cx: &Context, x: &Array) -> Option<Array> {
    if x.ndim() == 0 || x.size() == 0 {
        return None;
    }
    let first = get(cx, x, &vec!["0"; x.ndim()].join(", "));
    Some(shapes::broadcast_to(cx, &first, x.shape()))
}

/// The largest distance of the elements in units of `eps` times the larger of the element and `scale`.
pub fn distance(a: &[Complex64], b: &[Complex64], eps: f64, scale: f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let part = |x: f64, y: f64, size: f64| {
        if x == y || x.is_nan() && y.is_nan() { 0.0 } else { (x - y).abs() / (eps * size) }
    };
    a.iter().zip(b).fold(0.0, |m: f64, (x, y)| {
        let size = x.norm().max(y.norm()).max(scale);
        let d = part(x.re, y.re, size).max(part(x.im, y.im, size));
        if d.is_nan() { f64::INFINITY } else { m.max(d) }
    })
}

pub fn epsilon(dtype: DType) -> f64 {
    if matches!(dtype, DType::F32 | DType::C64) { f64::from(f32::EPSILON) } else { f64::EPSILON }
}
