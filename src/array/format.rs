//! Arrays as text, as NumPy's `repr` prints them, but always with the dtype:
//!
//! ```text
//! array([[1. , 2.5],
//!        [3. , 4. ]], dtype=float64)
//! ```
//!
//! Numbers get the fewest digits that tell them from their neighbours, eight after the point at most, and stand below
//! each other; if they are too large, too small or too far apart for that, all have exponents. Lines end before column
//! 75. Of long arrays three elements at each end of each axis are shown, and the shape.

use super::{DType, Element, Tensor, shape::Show};
use ndarray::{ArrayViewD, Axis};
use num_complex::Complex64;
use std::fmt::Write;

/// Digits after the point.
const PRECISION: usize = 8;
/// Arrays with more elements are cut.
const THRESHOLD: usize = 1000;
/// Elements shown at each end of an axis that is cut.
const EDGE: usize = 3;
/// Columns.
const WIDTH: usize = 75;
const PREFIX: &str = "array(";

/// A ready array as text; `suffix` goes before the closing parenthesis.
pub fn format(t: &Tensor, suffix: &str) -> String {
    let dtype = t.dtype();
    let mut out = String::from(PREFIX);
    match dtype {
        _ if t.size() == 0 => out.push_str("[]"),
        DType::Bool => write(t, &mut out, |_| {
            let truth = if t.ndim() == 0 { "True" } else { " True" };
            move |x: bool| if x { truth.into() } else { "False".into() }
        }),
        DType::I64 => write(t, &mut out, |shown: &[i64]| {
            let width = shown.iter().map(|x| x.to_string().len()).max().unwrap_or(0);
            move |x| format!("{x:width$}")
        }),
        DType::F32 => real::<f32>(t, &mut out),
        DType::F64 => real::<f64>(t, &mut out),
        DType::C64 => complex::<num_complex::Complex32>(t, &mut out),
        DType::C128 => complex::<Complex64>(t, &mut out),
    }
    let shape = match t.shape() {
        [0] => String::new(),
        all if t.size() == 0 || t.size() > THRESHOLD => format!("shape={}, ", Show(all)),
        _ => String::new(),
    };
    let extras = format!("{shape}dtype={}{suffix})", dtype.name());
    out.push(',');
    let column = out.len() - out.rfind('\n').map_or(0, |i| i + 1);
    if column + extras.len() + 1 > WIDTH {
        let _ = write!(out, "\n{:1$}", "", PREFIX.len());
    } else {
        out.push(' ');
    }
    out + &extras
}

fn real<T: Element>(t: &Tensor, out: &mut String) {
    write(t, out, |shown: &[T]| {
        let numbers: Vec<f64> = shown.iter().map(|x| x.to_complex().re).collect();
        let style = Style::of(&numbers, t.dtype() == DType::F32, false);
        move |x| style.number(x.to_complex().re)
    });
}

fn complex<T: Element>(t: &Tensor, out: &mut String) {
    write(t, out, |shown: &[T]| {
        let single = t.dtype() == DType::C64;
        let part = |f: fn(Complex64) -> f64| shown.iter().map(|x| f(x.to_complex())).collect::<Vec<f64>>();
        let (re, im) = (Style::of(&part(|z| z.re), single, false), Style::of(&part(|z| z.im), single, true));
        move |x| {
            let z = x.to_complex();
            let im = im.number(z.im);
            // The blanks that line points up come after the j.
            let digits = im.trim_end();
            format!("{}{digits}j{}", re.number(z.re), &im[digits.len()..])
        }
    });
}

/// Writes the brackets and what is between them; `style` sees the elements that are shown and returns how each is
/// written.
fn write<T: Element, F: Fn(T) -> String>(t: &Tensor, out: &mut String, style: impl FnOnce(&[T]) -> F) {
    let view = t.view::<T>();
    let mut shown = Vec::new();
    visit(&view, t.size() > THRESHOLD, &mut |x| shown.push(x));
    Writer { cut: t.size() > THRESHOLD, number: style(&shown) }.axis(&view, PREFIX.len(), WIDTH - 1, out);
}

/// The positions shown along an axis; `None` stands for the dots.
fn positions(length: usize, cut: bool) -> impl Iterator<Item = Option<usize>> {
    let cut = cut && length > 2 * EDGE;
    let (head, tail) = if cut { (EDGE, length - EDGE) } else { (length, length) };
    (0..head).map(Some).chain(cut.then_some(None)).chain((tail..length).map(Some))
}

fn element<T: Element>(view: &ArrayViewD<'_, T>) -> T {
    *view.first().expect("an array of rank 0 has an element")
}

/// Calls `f` with each element shown.
fn visit<T: Element>(view: &ArrayViewD<'_, T>, cut: bool, f: &mut impl FnMut(T)) {
    if view.ndim() == 0 {
        return f(element(view));
    }
    for i in positions(view.len_of(Axis(0)), cut).flatten() {
        visit(&view.index_axis(Axis(0), i), cut, f);
    }
}

struct Writer<F> {
    cut: bool,
    number: F,
}

impl<F> Writer<F> {
    /// `indent` columns stand before the bracket; the elements and their commas end before column `width`.
    fn axis<T: Element>(&self, view: &ArrayViewD<'_, T>, indent: usize, width: usize, out: &mut String)
    where
        F: Fn(T) -> String,
    {
        if view.ndim() == 0 {
            return out.push_str(&(self.number)(element(view)));
        }
        out.push('[');
        let (indent, row) = (indent + 1, view.ndim() == 1);
        let mut column = indent;
        for (k, i) in positions(view.len_of(Axis(0)), self.cut).enumerate() {
            let start = out.len();
            match i {
                Some(i) => self.axis(&view.index_axis(Axis(0), i), indent, width - 1, out),
                None => out.push_str("..."),
            }
            let length = out.len() - start;
            column += length;
            if k > 0 {
                column += 2;
                let lines = if !row { view.ndim() - 1 } else { usize::from(column >= width) };
                let gap = if lines > 0 { "\n".repeat(lines) + &" ".repeat(indent) } else { " ".into() };
                out.insert_str(start, &format!(",{gap}"));
                if lines > 0 {
                    column = indent + length;
                }
            }
        }
        out.push(']');
    }
}

/// How the real numbers of an array, or the real or imaginary parts, are written.
struct Style {
    single: bool,
    /// Whether numbers that aren't negative have a sign.
    plus: bool,
    /// With exponents: the digits after the point, which all have, and the digits of the exponent.
    exponent: Option<(usize, usize)>,
    /// Characters before the point.
    left: usize,
    /// Characters after the point.
    right: usize,
}

impl Style {
    fn of(numbers: &[f64], single: bool, plus: bool) -> Style {
        let finite = || numbers.iter().copied().filter(|x| x.is_finite());
        let nonzero = || finite().map(f64::abs).filter(|&x| x != 0.0);
        let (low, high) = (nonzero().fold(f64::INFINITY, f64::min), nonzero().fold(0.0, f64::max));
        // In the precision of the numbers, as NumPy compares.
        let apart = if single {
            high >= 1e6 || (low as f32) < 1e-4 || high as f32 / low as f32 > 1e3
        } else {
            high >= 1e8 || low < 1e-4 || high / low > 1e3
        };
        let mut style = Style { single, plus, exponent: None, left: 0, right: 0 };
        for x in finite() {
            let (whole, fraction, power) = style.digits(x, apart);
            style.left = style.left.max(whole.len());
            style.right = style.right.max(fraction.len());
            if apart {
                let (_, digits) = style.exponent.unwrap_or((0, 2));
                style.exponent = Some((style.right, digits.max(power.trim_start_matches('-').len())));
            }
        }
        if let Some((digits, power)) = style.exponent {
            // The `e` and the sign after it.
            style.right = digits + 2 + power;
        }
        if !numbers.iter().all(|x| x.is_finite()) {
            // "nan" and "inf" and their signs, as wide as a number with its point.
            let sign = usize::from(plus || numbers.contains(&f64::NEG_INFINITY));
            style.left = style.left.max((3 + sign).saturating_sub(style.right + 1));
        }
        style
    }

    /// What stands before the point, after it (eight digits at most, no zeros at the end), and after the `e`.
    fn digits(&self, x: f64, exponent: bool) -> (String, String, String) {
        let shortest = match (self.single, exponent) {
            (true, true) => format!("{:e}", x as f32),
            (true, false) => format!("{}", x as f32),
            (false, true) => format!("{x:e}"),
            (false, false) => format!("{x}"),
        };
        // Only its length counts: of two numbers equally near it has the larger one, NumPy the even one.
        let after =
            shortest.split('e').next().and_then(|s| s.split_once('.')).map_or(0, |(_, fraction)| fraction.len());
        let n = after.min(PRECISION);
        let text = if exponent { format!("{x:.n$e}") } else { format!("{x:.n$}") };
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, ""));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        (self.signed(whole), fraction.trim_end_matches('0').into(), power.into())
    }

    fn signed(&self, text: &str) -> String {
        let sign = if self.plus && !text.starts_with('-') { "+" } else { "" };
        format!("{sign}{text}")
    }

    fn number(&self, x: f64) -> String {
        let (left, right) = (self.left, self.right);
        if !x.is_finite() {
            let name = if x.is_nan() { "nan".into() } else { x.to_string() };
            return format!("{:>1$}", self.signed(&name), left + 1 + right);
        }
        let Some((digits, power)) = self.exponent else {
            let (whole, fraction, _) = self.digits(x, false);
            return format!("{whole:>left$}.{fraction:<right$}");
        };
        let text = format!("{x:.digits$e}");
        let (mantissa, exponent) = text.split_once('e').expect("written with an exponent");
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
        format!("{:>left$}.{fraction}e{sign}{exponent:0>power$}", self.signed(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Heap;
    use num_complex::{c32, c64 as c};

    fn check<T: Element>(shape: &[usize], data: &[T], expected: &str) {
        let heap = Heap::new();
        let t = Tensor::build::<T>(&heap, shape, |d| d.copy_from_slice(data)).unwrap();
        assert_eq!(format(&t, ""), expected, "{shape:?}");
    }

    fn count(n: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..n).map(|i| f(i as f64)).collect()
    }

    // What NumPy 2.4.6 prints, with its rule overruled that leaves the dtype out where the digits imply it.

    #[test]
    fn real_numbers() {
        check(&[2, 2], &[1.0, 2.0, 3.0, 4.0], "array([[1., 2.],\n       [3., 4.]], dtype=float64)");
        check(
            &[2, 2, 2],
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
            "array([[[0., 1.],\n        [2., 3.]],\n\n       [[4., 5.],\n        [6., 7.]]], dtype=float64)",
        );
        check(&[0, 3], &[] as &[f64], "array([], shape=(0, 3), dtype=float64)");
        check(&[0], &[] as &[f64], "array([], dtype=float64)");
        check(&[], &[1.5], "array(1.5, dtype=float64)");
        check(&[], &[-0.0], "array(-0., dtype=float64)");
        check(&[], &[1e10], "array(1.e+10, dtype=float64)");
        check(&[], &[1.0 / 3.0], "array(0.33333333, dtype=float64)");
        check(&[3], &[1.0, 2.5, -3.0], "array([ 1. ,  2.5, -3. ], dtype=float64)");
        check(&[3], &[1.0 / 3.0, 2.0 / 3.0, 1.0], "array([0.33333333, 0.66666667, 1.        ], dtype=float64)");
        check(&[2], &[1e-10, 1.0], "array([1.e-10, 1.e+00], dtype=float64)");
        check(&[2], &[1e-100, 1.0], "array([1.e-100, 1.e+000], dtype=float64)");
        check(&[1], &[100000000.0], "array([1.e+08], dtype=float64)");
        check(&[1], &[99999999.0], "array([99999999.], dtype=float64)");
        check(&[2], &[1.0, 1001.0], "array([1.000e+00, 1.001e+03], dtype=float64)");
        check(&[2], &[1.0, 1000.0], "array([   1., 1000.], dtype=float64)");
        check(&[1], &[0.0001], "array([0.0001], dtype=float64)");
        check(&[1], &[9e-05], "array([9.e-05], dtype=float64)");
        check(&[2], &[f64::NAN, f64::INFINITY], "array([nan, inf], dtype=float64)");
        check(&[2], &[f64::NAN, f64::NEG_INFINITY], "array([ nan, -inf], dtype=float64)");
        check(&[2], &[f64::NAN, 1.0], "array([nan,  1.], dtype=float64)");
        check(&[2], &[f64::NEG_INFINITY, 100.25], "array([  -inf, 100.25], dtype=float64)");
        check(&[2], &[f64::NAN, 1e-09], "array([   nan, 1.e-09], dtype=float64)");
        check(&[2], &[-0.0, 1.0], "array([-0.,  1.], dtype=float64)");
        check(&[2], &[1e300, 1e-300], "array([1.e+300, 1.e-300], dtype=float64)");
        check(&[2], &[123456.789, 1000.0], "array([123456.789,   1000.   ], dtype=float64)");
        check(
            &[12],
            &[1.23456789e-20; 12],
            "array([1.23456789e-20, 1.23456789e-20, 1.23456789e-20, 1.23456789e-20,\n       1.23456789e-20, 1.23456789e-20, 1.23456789e-20, 1.23456789e-20,\n       1.23456789e-20, 1.23456789e-20, 1.23456789e-20, 1.23456789e-20],\n      dtype=float64)",
        );
        check(&[1, 1, 1, 1], &[0.0], "array([[[[0.]]]], dtype=float64)");
        check(&[12], &[0.0; 12], "array([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.], dtype=float64)");
        check(
            &[14],
            &[0.0; 14],
            "array([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.],\n      dtype=float64)",
        );
        check(&[2], &[100.1f32, 0.12345679], "array([100.1       ,   0.12345679], dtype=float32)");
        check(&[2], &[0.1f32, 1.2345678e-09], "array([1.0000000e-01, 1.2345678e-09], dtype=float32)");
        check(&[1], &[1.0e06f32], "array([1.e+06], dtype=float32)");
        check(&[1], &[999999.0f32], "array([999999.], dtype=float32)");
        check(&[1], &[1.6777216e07f32], "array([1.6777216e+07], dtype=float32)");
        check(&[], &[0.1f32], "array(0.1, dtype=float32)");
        check(&[1], &[1.0e-04f32], "array([0.0001], dtype=float32)");
        check(&[1], &[1.0e-45f32], "array([1.e-45], dtype=float32)");
        // Halfway between two numbers of eight digits: the even one.
        check(&[1], &[1.0f32 + 85.0 / 256.0], "array([1.3320312], dtype=float32)");
    }

    #[test]
    fn complex_numbers() {
        check(&[1], &[c(1.0, -2.0)], "array([1.-2.j], dtype=complex128)");
        check(&[2], &[c(1.0, 10.0), c(1.0, -2.0)], "array([1.+10.j, 1. -2.j], dtype=complex128)");
        check(&[2], &[c(1.5, 2.0), c(-3.0, -0.25)], "array([ 1.5+2.j  , -3. -0.25j], dtype=complex128)");
        check(&[2], &[c(f64::NAN, 1.0), c(1.0, f64::NEG_INFINITY)], "array([nan +1.j,  1.-infj], dtype=complex128)");
        check(&[1], &[c(0.0, 0.0)], "array([0.+0.j], dtype=complex128)");
        check(
            &[2],
            &[c(1e-09, 1.0), c(2.0, 1000000000.0)],
            "array([1.e-09+1.e+00j, 2.e+00+1.e+09j], dtype=complex128)",
        );
        check(&[], &[c(1.5, -2.0)], "array(1.5-2.j, dtype=complex128)");
        check(
            &[2, 2],
            &[c(1.0, 2.0), c(3.0, 0.0), c(4.0, 0.0), c(0.0, 5.0)],
            "array([[1.+2.j, 3.+0.j],\n       [4.+0.j, 0.+5.j]], dtype=complex128)",
        );
        check(
            &[14],
            &[
                c(0.0, 1.0),
                c(1.0, 1.0),
                c(2.0, 1.0),
                c(3.0, 1.0),
                c(4.0, 1.0),
                c(5.0, 1.0),
                c(6.0, 1.0),
                c(7.0, 1.0),
                c(8.0, 1.0),
                c(9.0, 1.0),
                c(10.0, 1.0),
                c(11.0, 1.0),
                c(12.0, 1.0),
                c(13.0, 1.0),
            ],
            "array([ 0.+1.j,  1.+1.j,  2.+1.j,  3.+1.j,  4.+1.j,  5.+1.j,  6.+1.j,\n        7.+1.j,  8.+1.j,  9.+1.j, 10.+1.j, 11.+1.j, 12.+1.j, 13.+1.j],\n      dtype=complex128)",
        );
        check(&[2, 0, 4], &[] as &[Complex64], "array([], shape=(2, 0, 4), dtype=complex128)");
        check(&[1], &[c32(1.0, 2.0)], "array([1.+2.j], dtype=complex64)");
    }

    #[test]
    fn integers_and_booleans() {
        check(&[2], &[true, false], "array([ True, False], dtype=bool)");
        check(&[2], &[true, true], "array([ True,  True], dtype=bool)");
        check(&[1], &[false], "array([False], dtype=bool)");
        check(&[], &[true], "array(True, dtype=bool)");
        check(&[2, 2], &[true, false, false, true], "array([[ True, False],\n       [False,  True]], dtype=bool)");
        check(&[3], &[1i64, -20, 3], "array([  1, -20,   3], dtype=int64)");
        check(&[1], &[9007199254740993i64], "array([9007199254740993], dtype=int64)");
        check(&[], &[7i64], "array(7, dtype=int64)");
        check(&[2, 2], &[1i64, -2, 30, 4], "array([[ 1, -2],\n       [30,  4]], dtype=int64)");
        check(&[2], &[i64::MAX, i64::MIN], "array([ 9223372036854775807, -9223372036854775808], dtype=int64)");
    }

    #[test]
    fn long_lines_and_long_arrays() {
        check(
            &[1001],
            &(0..1001).collect::<Vec<i64>>(),
            "array([   0,    1,    2, ...,  998,  999, 1000],\n      shape=(1001,), dtype=int64)",
        );
        check(
            &[2000],
            &count(2000, |i| i / 2.0),
            "array([0.000e+00, 5.000e-01, 1.000e+00, ..., 9.985e+02, 9.990e+02,\n       9.995e+02], shape=(2000,), dtype=float64)",
        );
        check(
            &[100, 100],
            &count(10_000, |i| i),
            "array([[0.000e+00, 1.000e+00, 2.000e+00, ..., 9.700e+01, 9.800e+01,\n        9.900e+01],\n       [1.000e+02, 1.010e+02, 1.020e+02, ..., 1.970e+02, 1.980e+02,\n        1.990e+02],\n       [2.000e+02, 2.010e+02, 2.020e+02, ..., 2.970e+02, 2.980e+02,\n        2.990e+02],\n       ...,\n       [9.700e+03, 9.701e+03, 9.702e+03, ..., 9.797e+03, 9.798e+03,\n        9.799e+03],\n       [9.800e+03, 9.801e+03, 9.802e+03, ..., 9.897e+03, 9.898e+03,\n        9.899e+03],\n       [9.900e+03, 9.901e+03, 9.902e+03, ..., 9.997e+03, 9.998e+03,\n        9.999e+03]], shape=(100, 100), dtype=float64)",
        );
        check(
            &[7, 2, 100],
            &count(1400, |i| i),
            "array([[[0.000e+00, 1.000e+00, 2.000e+00, ..., 9.700e+01, 9.800e+01,\n         9.900e+01],\n        [1.000e+02, 1.010e+02, 1.020e+02, ..., 1.970e+02, 1.980e+02,\n         1.990e+02]],\n\n       [[2.000e+02, 2.010e+02, 2.020e+02, ..., 2.970e+02, 2.980e+02,\n         2.990e+02],\n        [3.000e+02, 3.010e+02, 3.020e+02, ..., 3.970e+02, 3.980e+02,\n         3.990e+02]],\n\n       [[4.000e+02, 4.010e+02, 4.020e+02, ..., 4.970e+02, 4.980e+02,\n         4.990e+02],\n        [5.000e+02, 5.010e+02, 5.020e+02, ..., 5.970e+02, 5.980e+02,\n         5.990e+02]],\n\n       ...,\n\n       [[8.000e+02, 8.010e+02, 8.020e+02, ..., 8.970e+02, 8.980e+02,\n         8.990e+02],\n        [9.000e+02, 9.010e+02, 9.020e+02, ..., 9.970e+02, 9.980e+02,\n         9.990e+02]],\n\n       [[1.000e+03, 1.001e+03, 1.002e+03, ..., 1.097e+03, 1.098e+03,\n         1.099e+03],\n        [1.100e+03, 1.101e+03, 1.102e+03, ..., 1.197e+03, 1.198e+03,\n         1.199e+03]],\n\n       [[1.200e+03, 1.201e+03, 1.202e+03, ..., 1.297e+03, 1.298e+03,\n         1.299e+03],\n        [1.300e+03, 1.301e+03, 1.302e+03, ..., 1.397e+03, 1.398e+03,\n         1.399e+03]]], shape=(7, 2, 100), dtype=float64)",
        );
        check(
            &[600, 2],
            &count(1200, |i| -i),
            "array([[-0.000e+00, -1.000e+00],\n       [-2.000e+00, -3.000e+00],\n       [-4.000e+00, -5.000e+00],\n       ...,\n       [-1.194e+03, -1.195e+03],\n       [-1.196e+03, -1.197e+03],\n       [-1.198e+03, -1.199e+03]], shape=(600, 2), dtype=float64)",
        );
        check(
            &[2, 15],
            &count(30, |i| i / 7.0),
            "array([[0.        , 0.14285714, 0.28571429, 0.42857143, 0.57142857,\n        0.71428571, 0.85714286, 1.        , 1.14285714, 1.28571429,\n        1.42857143, 1.57142857, 1.71428571, 1.85714286, 2.        ],\n       [2.14285714, 2.28571429, 2.42857143, 2.57142857, 2.71428571,\n        2.85714286, 3.        , 3.14285714, 3.28571429, 3.42857143,\n        3.57142857, 3.71428571, 3.85714286, 4.        , 4.14285714]],\n      dtype=float64)",
        );
    }

    #[test]
    fn the_suffix_counts_for_the_line() {
        let heap = Heap::new();
        let t = Tensor::splat::<f64>(&heap, &[12], 0.0).unwrap();
        let zeros = "array([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.],";
        assert_eq!(format(&t, ""), format!("{zeros} dtype=float64)"));
        assert_eq!(format(&t, ", level=1"), format!("{zeros}\n      dtype=float64, level=1)"));
    }

    #[test]
    fn views() {
        let heap = Heap::new();
        let t = Tensor::build::<i64>(&heap, &[6], |d| d.copy_from_slice(&[0, 1, 2, 3, 4, 5])).unwrap();
        let columns = t.view_as([3, 2].as_slice().into(), 0, [1, 3].as_slice().into());
        assert_eq!(format(&columns, ""), "array([[0, 3],\n       [1, 4],\n       [2, 5]], dtype=int64)");
    }
}
