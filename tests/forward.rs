//! Values against those that NumPy and SciPy gave, recorded by `tests/reference/make_numpy.py`.

mod helpers;
mod support;

use autograd::array::{Axes, DType, Shape, shape as arithmetic};
use autograd::context::Context;
use autograd::error::{Error, Result, code};
use autograd::ops::elementwise::{self as rows, BINARY, COMPARISONS, STEPS, TESTS, UNARY};
use autograd::ops::index::{self, Item, Plan};
use autograd::ops::index_reduce::{self, Combine};
use autograd::ops::{complex, create, product, reduce, shape};
use autograd::trace::Array;
use helpers::{deferring, elements};
use num_complex::{Complex32, Complex64};
use std::collections::HashMap;
use support::{distance, distance32};

/// `dtype[shape]:elements`
fn parse_array(cx: &Context, text: &str) -> Array {
    let (dtype, rest) = text.split_once('[').expect("an array");
    let (dims, values) = rest.split_once("]:").expect("an array");
    let list = |text: &str| -> Vec<String> {
        if text.is_empty() { Vec::new() } else { text.split(',').map(String::from).collect() }
    };
    let dims: Vec<usize> = list(dims).iter().map(|d| d.parse().unwrap()).collect();
    let values = list(values);
    let real = |s: &String| s.parse::<f64>().unwrap();
    let complex = |s: &String| {
        let (re, im) = s.split_once('&').unwrap();
        Complex64::new(re.parse().unwrap(), im.parse().unwrap())
    };
    macro_rules! fill {
        ($t:ty, $f:expr) => {
            cx.engine.build::<$t>(&dims, |d| d.iter_mut().zip(&values).for_each(|(d, s)| *d = $f(s)))
        };
    }
    let tensor = match dtype {
        "float64" => fill!(f64, real),
        "float32" => fill!(f32, |s: &String| s.parse::<f32>().unwrap()),
        "complex128" => fill!(Complex64, complex),
        "complex64" => fill!(Complex32, |s| {
            let z = complex(s);
            Complex32::new(z.re as f32, z.im as f32)
        }),
        "int64" => fill!(i64, |s: &String| s.parse::<i64>().unwrap()),
        "bool" => fill!(bool, |s: &String| s == "1"),
        other => panic!("dtype {other}"),
    };
    tensor.unwrap().into()
}

struct Call<'a> {
    name: &'a str,
    parameters: HashMap<&'a str, &'a str>,
    args: Vec<Array>,
}

impl Call<'_> {
    fn integers(&self, key: &str) -> Vec<i64> {
        let text = self.parameters[key];
        text.split(',').filter(|t| !t.is_empty()).map(|t| t.parse().unwrap()).collect()
    }

    fn integer(&self, key: &str) -> i64 {
        self.integers(key)[0]
    }

    fn axes(&self, key: &str, ndim: usize) -> Result<Axes> {
        if self.parameters[key] == "all" {
            return Ok((0..ndim).collect());
        }
        arithmetic::normalize_axes(&self.integers(key), ndim)
    }

    fn plan(&self, cx: &Context, from: &[usize], arrays: &[Array]) -> Result<autograd::array::Shared<Plan>> {
        let mut arrays = arrays.iter();
        let mut items: Vec<Item> = Vec::new();
        for entry in self.parameters["at"].split(',') {
            match entry.trim() {
                "@" => items.push(Item::Array(cx.tensor(arrays.next().unwrap())?)),
                entry => items.extend(index::parse(entry)?),
            }
        }
        Plan::new(cx, from, &items)
    }
}

fn lengths(request: &[i64]) -> Shape {
    request.iter().map(|&d| d as usize).collect()
}

fn run(cx: &Context, call: &Call<'_>) -> Result<Array> {
    let a = &call.args;
    let full = format!("ag_{}", call.name);
    let x = a.first();
    if let Some(row) = UNARY.iter().find(|r| r.name == full) {
        return Ok(rows::unary(cx, row, &a[0]));
    }
    if let Some(row) = BINARY.iter().find(|r| r.name == full) {
        return Ok(rows::binary(cx, row, &a[0], &a[1]));
    }
    if let Some(row) = STEPS.iter().find(|r| r.name == full) {
        return Ok(rows::step(cx, row, &a[0]));
    }
    if let Some(row) = TESTS.iter().find(|r| r.name == full) {
        return Ok(rows::test(cx, row, &a[0]));
    }
    if let Some(row) = COMPARISONS.iter().find(|r| r.name == full) {
        return Ok(rows::compare(cx, row, &a[0], &a[1]));
    }
    let reduction = |f: &dyn Fn(&Array, &[usize], bool) -> Array| -> Result<Array> {
        let axes = call.axes("axis", a[0].ndim())?;
        Ok(f(&a[0], &axes, call.parameters["keepdims"] == "1"))
    };
    let ddof = call.parameters.get("ddof").map_or(0.0, |d| d.parse().unwrap());
    let number = |key: &str| call.parameters[key].parse::<f64>().unwrap();
    let ndim = x.map_or(0, |x| x.ndim());
    let references: Vec<&Array> = a.iter().collect();
    Ok(match call.name {
        "abs" => complex::abs(cx, &a[0]),
        "real" => complex::real(cx, &a[0]),
        "imag" => complex::imag(cx, &a[0]),
        "conj" => complex::conj(cx, &a[0]),
        "angle" => complex::angle(cx, &a[0]),
        "sinc" => rows::sinc(cx, &a[0]),
        "nan_to_num" => rows::nan_to_num(cx, &a[0]),
        "floor_divide" => rows::floor_divide(cx, &a[0], &a[1]),
        "where" => rows::select(cx, &a[0], &a[1], &a[2]),
        "clip" => rows::clip(cx, &a[0], number("low"), number("high")),
        "astype" => {
            let to = DType::ALL.into_iter().find(|d| d.name() == call.parameters["to"]).unwrap();
            rows::astype(cx, &a[0], to)
        }
        "sum" => reduction(&|x, axes, keep| reduce::sum(cx, x, axes, keep))?,
        "mean" => reduction(&|x, axes, keep| reduce::mean(cx, x, axes, keep))?,
        "max" => reduction(&|x, axes, keep| reduce::extremum(cx, true, x, axes, keep))?,
        "min" => reduction(&|x, axes, keep| reduce::extremum(cx, false, x, axes, keep))?,
        "prod" => reduction(&|x, axes, keep| reduce::prod(cx, x, axes, keep))?,
        "var" => reduction(&|x, axes, keep| reduce::var(cx, x, axes, ddof, keep))?,
        "std" => reduction(&|x, axes, keep| reduce::std(cx, x, axes, ddof, keep))?,
        "logsumexp" => reduction(&|x, axes, keep| reduce::logsumexp(cx, x, axes, keep))?,
        "all" => reduction(&|x, axes, keep| reduce::all_any(cx, true, x, axes, keep))?,
        "any" => reduction(&|x, axes, keep| reduce::all_any(cx, false, x, axes, keep))?,
        "argmax" | "argmin" => {
            let axis = match call.parameters["axis"] {
                "all" => None,
                _ => Some(call.axes("axis", ndim)?[0]),
            };
            reduce::argbest(cx, call.name == "argmax", &a[0], axis, false)
        }
        "dot" => product::dot(cx, &a[0], &a[1]),
        "matmul" => product::matmul(cx, &a[0], &a[1]),
        "inner" => product::inner(cx, &a[0], &a[1]),
        "outer" => product::outer(cx, &a[0], &a[1]),
        "tensordot" if call.parameters.contains_key("n") => {
            product::tensordot_n(cx, &a[0], &a[1], call.integer("n") as usize)
        }
        "tensordot" => {
            let (i, j) = (call.axes("a", ndim)?, call.axes("b", a[1].ndim())?);
            product::tensordot(cx, "ag_tensordot", &a[0], &a[1], &i, &j)
        }
        "reshape" => shape::reshape(cx, &a[0], &shape::resolve(&call.integers("to"), a[0].size())?),
        "transpose" => shape::transpose(cx, &a[0], &call.axes("axes", ndim)?),
        "broadcast_to" => shape::broadcast_to(cx, &a[0], &lengths(&call.integers("to"))),
        "expand_dims" => shape::expand_dims(cx, &a[0], arithmetic::normalize_axis(call.integer("axis"), ndim + 1)?),
        "squeeze" => shape::squeeze(cx, &a[0], &call.axes("axis", ndim)?),
        "concatenate" => shape::concatenate(cx, &references, arithmetic::normalize_axis(call.integer("axis"), ndim)?),
        "stack" => shape::stack(cx, &references, call.integer("axis")),
        "arange" => create::arange(cx, DType::F64, number("start"), number("stop"), number("step"))?.into(),
        "linspace" => create::linspace(cx, number("start"), number("stop"), call.integer("num"))?.into(),
        "eye" => {
            create::eye(cx, DType::F64, call.integer("n") as usize, call.integer("m") as usize, call.integer("k"))?
                .into()
        }
        "index" => index::get(cx, &a[0], &call.plan(cx, a[0].shape(), &a[1..])?),
        "index_set" => index::set(cx, &a[0], &call.plan(cx, a[0].shape(), &a[2..])?, &a[1]),
        "index_mul" | "index_max" | "index_min" => {
            let how = match call.name {
                "index_mul" => Combine::Mul,
                "index_max" => Combine::Max,
                _ => Combine::Min,
            };
            index_reduce::combine(cx, how, &a[0], &call.plan(cx, a[0].shape(), &a[2..])?, &a[1])
        }
        "index_add" => index::add(cx, &a[0], &call.plan(cx, a[0].shape(), &a[2..])?, &a[1]),
        other => panic!("no operation {other}"),
    })
}

/// NumPy's exceptions and our codes.
fn same_kind(exception: &str, e: &Error) -> bool {
    match exception {
        "ValueError" => matches!(e.code, code::VALUE | code::SHAPE),
        "IndexError" => e.code == code::INDEX,
        "TypeError" => e.code == code::DTYPE,
        _ => false,
    }
}

/// Real numbers to 8 units in the last place with the same infinities, NaN and signs of zero; complex ones relative to
/// their size; sums and products relative to the largest element.
fn compare(cx: &Context, name: &str, got: &Array, want: &Array) -> std::result::Result<(), String> {
    if got.dtype() != want.dtype() {
        return Err(format!("dtype {}, not {}", got.dtype().name(), want.dtype().name()));
    }
    if got.shape() != want.shape() {
        return Err(format!("shape {:?}, not {:?}", got.shape(), want.shape()));
    }
    let (a, b) = (elements(cx, got), elements(cx, want));
    let single = matches!(want.dtype(), DType::F32 | DType::C64);
    // Which of two zeros is greater is nobody's promise.
    let either_zero = ["maximum", "minimum", "fmax", "fmin"].contains(&name);
    let exact_zero =
        !either_zero && (UNARY.iter().any(|r| r.name[3..] == *name) || BINARY.iter().any(|r| r.name[3..] == *name));
    let sums =
        ["sum", "mean", "prod", "var", "std", "dot", "matmul", "inner", "tensordot", "logsumexp"].contains(&name);
    let largest = b.iter().map(|z| z.norm()).filter(|n| n.is_finite()).fold(0.0, f64::max);
    for (i, (x, y)) in a.iter().zip(&b).enumerate() {
        let near = if sums || want.dtype().is_complex() {
            let eps = if single { 2e-6 } else { 2e-14 };
            let part = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= eps * largest.max(1e-3);
            // Complex infinities have many faces; those that matter are compared with C99 in kernels_complex.rs.
            let both_infinite = want.dtype().is_complex() && !x.is_finite() && !y.is_finite();
            both_infinite || part(x.re, y.re) && part(x.im, y.im)
        } else if name == "sinc" {
            (x.re - y.re).abs() <= if single { 1e-7 } else { 1e-15 }
        } else if single {
            distance32(x.re as f32, y.re as f32) <= 4
        } else {
            distance(x.re, y.re) <= 8
        };
        let zero = !exact_zero
            || want.dtype().is_complex()
            || x.re != 0.0
            || x.re.is_sign_negative() == y.re.is_sign_negative();
        if !near || !zero {
            return Err(format!("element {i}: {x}, not {y}"));
        }
    }
    Ok(())
}

fn check_file(text: &str, at_least: usize) {
    let mut failures = Vec::new();
    let mut cases = 0;
    for small in [1024, 0] {
        let cx = deferring(small);
        let mut names: HashMap<&str, Array> = HashMap::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("let ") {
                let (name, value) = rest.split_once(" = ").unwrap();
                names.insert(name, parse_array(&cx, value));
                continue;
            }
            let (call, want) = line.split_once(" => ").unwrap();
            let mut words = call.split('|');
            let mut call = Call { name: words.next().unwrap(), parameters: HashMap::new(), args: Vec::new() };
            for word in words {
                if let Some(name) = word.strip_prefix('@').filter(|n| names.contains_key(n)) {
                    call.args.push(names[name].clone());
                } else if let Some((key, value)) = word.split_once('=') {
                    call.parameters.insert(key, value);
                } else {
                    call.args.push(parse_array(&cx, word));
                }
            }
            cases += 1;
            let result = run(&cx, &call).and_then(|y| match cx.clear_error() {
                Some(e) => Err(e),
                None => Ok(y),
            });
            cx.clear_error();
            let verdict = match (want.strip_prefix('!'), result) {
                (Some(kind), Err(e)) if same_kind(kind, &e) => Ok(()),
                (Some(kind), Err(e)) => Err(format!("error {} ({e}), not {kind}", e.code)),
                (Some(kind), Ok(y)) => Err(format!("shape {:?} {:?}, not {kind}", y.shape(), y.dtype())),
                (None, Err(e)) => Err(format!("error {e}, not {want}")),
                (None, Ok(y)) => compare(&cx, call.name, &y, &parse_array(&cx, want)),
            };
            if let Err(e) = verdict {
                let start: String = line.chars().take(150).collect();
                failures.push(format!("{start}\n    {e}"));
            }
        }
    }
    println!("{cases} cases");
    assert!(failures.is_empty(), "{} of {cases} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(cases >= at_least, "only {cases} cases");
}

#[test]
fn elementwise() {
    check_file(include_str!("reference/numpy_elementwise.txt"), 1000);
}

#[test]
fn reductions() {
    check_file(include_str!("reference/numpy_reductions.txt"), 4000);
}

#[test]
fn products_and_shapes() {
    check_file(include_str!("reference/numpy_shapes.txt"), 1500);
}

#[test]
fn indexing() {
    check_file(include_str!("reference/numpy_indexing.txt"), 700);
}
