//! Walks files of recorded values: a line is `name|parameter=value|...|argument|... => result`, see
//! `tests/reference/recording.py`. Every line is computed at once and put off.
#![allow(dead_code)]

use super::helpers::{deferring, elements};
use super::support::{distance, distance32};
use autograd::array::{Axes, DType, shape as arithmetic};
use autograd::error::{Error, Result, code};
use autograd::ops::index::{self, Item, Plan};
use autograd::trace::{Array, Context};
use num_complex::{Complex32, Complex64};
use std::collections::HashMap;

/// `dtype[shape]:elements`
pub fn parse_array(cx: &Context, text: &str) -> Array {
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

pub struct Call<'a> {
    pub name: &'a str,
    pub parameters: HashMap<&'a str, &'a str>,
    pub args: Vec<Array>,
}

impl Call<'_> {
    pub fn integers(&self, key: &str) -> Vec<i64> {
        let text = self.parameters[key];
        text.split(',').filter(|t| !t.is_empty()).map(|t| t.parse().unwrap()).collect()
    }

    pub fn integer(&self, key: &str) -> i64 {
        self.integers(key)[0]
    }

    pub fn number(&self, key: &str) -> f64 {
        self.parameters[key].parse().unwrap()
    }

    pub fn flag(&self, key: &str) -> bool {
        self.parameters[key] == "1"
    }

    /// Axes as NumPy takes them, `all` for all.
    pub fn axes(&self, key: &str, ndim: usize) -> Result<Axes> {
        if self.parameters[key] == "all" {
            return Ok((0..ndim).collect());
        }
        arithmetic::normalize_axes(&self.integers(key), ndim)
    }

    pub fn plan(&self, cx: &Context, from: &[usize], arrays: &[Array]) -> Result<autograd::array::Shared<Plan>> {
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

/// NumPy's exceptions and our codes.
fn same_kind(exception: &str, e: &Error) -> bool {
    match exception {
        "ValueError" => matches!(e.code, code::VALUE | code::SHAPE),
        "IndexError" => e.code == code::INDEX,
        "TypeError" => e.code == code::DTYPE,
        _ => false,
    }
}

/// How near a result has to be.
#[derive(Clone, Copy, PartialEq)]
pub enum Near {
    /// 8 units in the last place (4 in single precision), the same infinities, NaN and signs of zero.
    Elements,
    /// The same with zeros of either sign.
    EitherZero,
    /// Relative to the largest element: sums and products.
    Sums,
    /// Relative to 1.
    Absolute,
}

fn compare(cx: &Context, near: Near, got: &Array, want: &Array) -> std::result::Result<(), String> {
    if got.dtype() != want.dtype() {
        return Err(format!("dtype {}, not {}", got.dtype().name(), want.dtype().name()));
    }
    if got.shape() != want.shape() {
        return Err(format!("shape {:?}, not {:?}", got.shape(), want.shape()));
    }
    let (a, b) = (elements(cx, got), elements(cx, want));
    let single = matches!(want.dtype(), DType::F32 | DType::C64);
    let largest = b.iter().map(|z| z.norm()).filter(|n| n.is_finite()).fold(0.0, f64::max);
    for (i, (x, y)) in a.iter().zip(&b).enumerate() {
        let right = if near == Near::Sums || want.dtype().is_complex() {
            let eps = if single { 2e-6 } else { 2e-14 };
            let part = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= eps * largest.max(1e-3);
            // Complex infinities have many faces; those that matter are compared with C99 in kernels_complex.rs.
            let both_infinite = want.dtype().is_complex() && !x.is_finite() && !y.is_finite();
            both_infinite || part(x.re, y.re) && part(x.im, y.im)
        } else if near == Near::Absolute {
            (x.re - y.re).abs() <= if single { 1e-7 } else { 1e-15 }
        } else {
            let signed = near == Near::Elements && x.re == 0.0;
            let zero = !signed || x.re.is_sign_negative() == y.re.is_sign_negative();
            zero && if single { distance32(x.re as f32, y.re as f32) <= 4 } else { distance(x.re, y.re) <= 8 }
        };
        if !right {
            return Err(format!("element {i}: {x}, not {y}"));
        }
    }
    Ok(())
}

/// Runs every line of a file, at once and put off.
pub fn walk(text: &str, at_least: usize, near: Near, run: impl Fn(&Context, &Call<'_>) -> Result<Array>) {
    walk_by(text, at_least, |_| near, run);
}

/// The same where it depends on the operation how near its results have to be.
pub fn walk_by(
    text: &str,
    at_least: usize,
    near: impl Fn(&str) -> Near,
    run: impl Fn(&Context, &Call<'_>) -> Result<Array>,
) {
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
                (None, Ok(y)) => compare(&cx, near(call.name), &y, &parse_array(&cx, want)),
            };
            if let Err(e) = verdict {
                let start: String = line.chars().take(200).collect();
                failures.push(format!("{start}\n    {e}"));
            }
        }
    }
    println!("{cases} cases");
    assert!(failures.is_empty(), "{} of {cases} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(cases >= at_least, "only {cases} cases");
}
