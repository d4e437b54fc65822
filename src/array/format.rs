//! Arrays as text, in the manner of NumPy: `array([[1. , 2.5],\n       [3. , 4. ]], dtype=float64)`.
//!
//! Numbers get the fewest digits that tell them apart, eight after the point at most, and a common width; when the
//! largest and the smallest are too far apart (or too large) all are written with exponents. Long arrays show three
//! elements at each end of each axis.

use super::{DType, Element, Tensor};
use crate::with_dtype;
use ndarray::{ArrayViewD, Axis};
use num_complex::Complex64;
use std::fmt::Write;

/// Digits after the point.
const PRECISION: usize = 8;
/// Arrays with more elements are cut.
const THRESHOLD: usize = 1000;
/// Elements shown at each end of an axis that is cut.
const EDGE: usize = 3;
const PREFIX: &str = "array(";

/// A ready array as text; `suffix` goes before the closing parenthesis.
pub fn format(t: &Tensor, suffix: &str) -> String {
    let dtype = t.dtype();
    let mut out = String::from(PREFIX);
    if t.size() == 0 {
        let _ = write!(out, "[], shape={}", super::shape::Show(t.shape()));
    } else {
        with_dtype!(dtype, T => {
            let view = t.view::<T>();
            let cut = t.size() > THRESHOLD;
            let mut shown = Vec::new();
            visit(&view, cut, &mut |x: T| shown.push(x.to_complex()));
            let style = Style::of(dtype, &shown);
            write_axis(&view, cut, PREFIX.len(), &mut out, &|x: T| style.number(x.to_complex()));
        });
    }
    let _ = write!(out, ", dtype={}{suffix})", dtype.name());
    out
}

/// The positions shown along an axis; `None` stands for the dots.
fn positions(length: usize, cut: bool) -> Vec<Option<usize>> {
    if cut && length > 2 * EDGE {
        (0..EDGE).map(Some).chain([None]).chain((length - EDGE..length).map(Some)).collect()
    } else {
        (0..length).map(Some).collect()
    }
}

/// Calls `f` with each element shown.
fn visit<T: Element>(view: &ArrayViewD<'_, T>, cut: bool, f: &mut impl FnMut(T)) {
    if view.ndim() == 0 {
        return f(*view.first().expect("an array of rank 0 has an element"));
    }
    for i in positions(view.len_of(Axis(0)), cut).into_iter().flatten() {
        visit(&view.index_axis(Axis(0), i), cut, f);
    }
}

fn write_axis<T: Element>(
    view: &ArrayViewD<'_, T>,
    cut: bool,
    indent: usize,
    out: &mut String,
    number: &impl Fn(T) -> String,
) {
    if view.ndim() == 0 {
        return out.push_str(&number(*view.first().expect("an array of rank 0 has an element")));
    }
    out.push('[');
    for (k, i) in positions(view.len_of(Axis(0)), cut).into_iter().enumerate() {
        if k > 0 {
            out.push(',');
            if view.ndim() == 1 {
                out.push(' ');
            } else {
                out.push_str(&"\n".repeat(view.ndim() - 1));
                out.push_str(&" ".repeat(indent + 1));
            }
        }
        match i {
            Some(i) => write_axis(&view.index_axis(Axis(0), i), cut, indent + 1, out, number),
            None => out.push_str("..."),
        }
    }
    out.push(']');
}

/// How the numbers of one array are written.
struct Style {
    dtype: DType,
    re: Part,
    im: Part,
}

/// How real numbers are written: digits after the point, with exponent or not, width.
struct Part {
    digits: usize,
    exponent: bool,
    width: usize,
}

impl Style {
    fn of(dtype: DType, shown: &[Complex64]) -> Style {
        let re: Vec<f64> = shown.iter().map(|z| z.re).collect();
        let im: Vec<f64> = shown.iter().map(|z| z.im.abs()).collect();
        let single = matches!(dtype, DType::F32 | DType::C64);
        Style { dtype, re: Part::of(&re, single, dtype), im: Part::of(&im, single, dtype) }
    }

    fn number(&self, z: Complex64) -> String {
        match self.dtype {
            DType::Bool if z.re != 0.0 => format!("{:>w$}", "True", w = self.re.width),
            DType::Bool => format!("{:>w$}", "False", w = self.re.width),
            DType::I64 => format!("{:>w$}", z.re as i64, w = self.re.width),
            DType::F32 | DType::F64 => self.re.number(z.re),
            DType::C64 | DType::C128 => {
                let sign = if z.im.is_sign_negative() { '-' } else { '+' };
                format!("{}{sign}{}j", self.re.number(z.re), self.im.number(z.im.abs()).trim_start())
            }
        }
    }
}

impl Part {
    fn of(numbers: &[f64], single: bool, dtype: DType) -> Part {
        let mut part = Part { digits: 0, exponent: false, width: 0 };
        match dtype {
            DType::Bool => part.width = if numbers.contains(&0.0) { 5 } else { 4 },
            DType::I64 => {
                part.width = numbers.iter().map(|&x| (x as i64).to_string().len()).max().unwrap_or(0);
            }
            _ => {
                let finite = || numbers.iter().copied().filter(|x| x.is_finite());
                let nonzero = || finite().map(f64::abs).filter(|&x| x != 0.0);
                let (low, high) = (nonzero().fold(f64::INFINITY, f64::min), nonzero().fold(0.0, f64::max));
                part.exponent = high >= 1e8 || low < 1e-4 || high / low > 1e3;
                part.digits = finite().map(|x| digits(x, single, part.exponent)).max().unwrap_or(0);
                part.width = numbers.iter().map(|&x| part.plain(x).len()).max().unwrap_or(0);
            }
        }
        part
    }

    /// Without padding on the left.
    fn plain(&self, x: f64) -> String {
        if x.is_nan() {
            return "nan".into();
        }
        if x.is_infinite() {
            return if x > 0.0 { "inf".into() } else { "-inf".into() };
        }
        if !self.exponent {
            let text = format!("{x:.d$}", d = self.digits);
            let shown = if self.digits == 0 { text + "." } else { text };
            // Digits that say nothing are blanks, so that points stand below each other.
            let trimmed = shown.trim_end_matches('0');
            let blanks = shown.len() - trimmed.len();
            return if shown.contains('.') { format!("{trimmed}{}", " ".repeat(blanks)) } else { shown };
        }
        let text = format!("{x:.d$e}", d = self.digits);
        let (mantissa, power) = text.split_once('e').expect("written with an exponent");
        let point = if self.digits == 0 { "." } else { "" };
        let (sign, power) = power.strip_prefix('-').map_or(('+', power), |p| ('-', p));
        format!("{mantissa}{point}e{sign}{power:0>2}")
    }

    fn number(&self, x: f64) -> String {
        let text = self.plain(x);
        if self.width > 0 { format!("{text:>w$}", w = self.width) } else { text }
    }
}

/// How many digits after the point tell `x` from its neighbours, eight at most.
fn digits(x: f64, single: bool, exponent: bool) -> usize {
    let shortest = match (single, exponent) {
        (true, true) => format!("{:e}", x as f32),
        (true, false) => format!("{}", x as f32),
        (false, true) => format!("{x:e}"),
        (false, false) => format!("{x}"),
    };
    let mantissa = shortest.split('e').next().unwrap_or("");
    let rounded = if exponent { format!("{x:.PRECISION$e}") } else { format!("{x:.PRECISION$}") };
    let rounded = rounded.split('e').next().unwrap_or("").trim_end_matches('0').to_string();
    let after = |s: &str| s.split_once('.').map_or(0, |(_, d)| d.len());
    after(mantissa).min(after(&rounded)).min(PRECISION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Heap;

    fn text<T: Element>(shape: &[usize], data: &[T]) -> String {
        let heap = Heap::new();
        format(&Tensor::build::<T>(&heap, shape, |d| d.copy_from_slice(data)).unwrap(), "")
    }

    /// What NumPy 2.4 prints for these, with the dtype added.
    #[test]
    fn as_numpy_prints() {
        assert_eq!(text(&[3], &[1.0, 2.5, -3.0]), "array([ 1. ,  2.5, -3. ], dtype=float64)");
        assert_eq!(text(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), "array([[1., 2.],\n       [3., 4.]], dtype=float64)");
        assert_eq!(text::<f64>(&[0, 3], &[]), "array([], shape=(0, 3), dtype=float64)");
        assert_eq!(text(&[], &[0.1f32]), "array(0.1, dtype=float32)");
        assert_eq!(text(&[2], &[true, false]), "array([ True, False], dtype=bool)");
        assert_eq!(text(&[3], &[1i64, -20, 3]), "array([  1, -20,   3], dtype=int64)");
        assert_eq!(text(&[2], &[1e-10, 1.0]), "array([1.e-10, 1.e+00], dtype=float64)");
        assert_eq!(text(&[2], &[f64::NAN, f64::INFINITY]), "array([nan, inf], dtype=float64)");
        assert_eq!(text(&[1], &[1.0 / 3.0]), "array([0.33333333], dtype=float64)");
        let z = Complex64::new(1.0, -2.0);
        assert_eq!(text(&[1], &[z]), "array([1.-2.j], dtype=complex128)");
        let planes = text(&[2, 1, 2], &[1i64, 2, 3, 4]);
        assert_eq!(planes, "array([[[1, 2]],\n\n       [[3, 4]]], dtype=int64)");
        let long: Vec<i64> = (0..2000).collect();
        assert_eq!(text(&[2000], &long), "array([   0,    1,    2, ..., 1997, 1998, 1999], dtype=int64)");
    }
}
