//! Values as diagnosis sees them: what is wrong with one, its form and its elements as short text.

use crate::array::{DType, Shape, Tensor};
use crate::kernels::stack;
use crate::trace::Array;
use crate::with_dtype;
use ndarray::Slice;
use num_complex::Complex64;
use std::fmt::{Display, Formatter, Write};

/// The first element that is no finite number.
#[derive(Clone, Debug, PartialEq)]
pub struct Bad {
    value: Complex64,
    complex: bool,
    /// Where it is; empty for a number.
    index: Vec<usize>,
    /// Which value of a batch it is in.
    row: Option<usize>,
}

impl Bad {
    /// `NaN` or `infinite`.
    pub fn named(&self) -> &'static str {
        if self.value.re.is_nan() || self.value.im.is_nan() { "NaN" } else { "infinite" }
    }
}

impl Display for Bad {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&number(self.value, self.complex))?;
        if !self.index.is_empty() {
            write!(f, " at {:?}", self.index)?;
        }
        if let Some(row) = self.row {
            write!(f, " of value {row} of a batch")?;
        }
        Ok(())
    }
}

/// A value's form: `f64[2, 3]`.
pub fn kind(dtype: DType, shape: &[usize]) -> String {
    let name = match dtype {
        DType::Bool => "bool",
        DType::I64 => "i64",
        DType::F32 => "f32",
        DType::F64 => "f64",
        DType::C64 => "c64",
        DType::C128 => "c128",
    };
    format!("{name}{shape:?}")
}

/// The elements of a value, if it has any and they have been computed.
fn ready(x: &Array) -> Option<Tensor> {
    match x.plain() {
        Array::Plain(t) if t.is_ready() => Some(t),
        _ => None,
    }
}

/// The first element that is NaN (or infinite, if that isn't allowed). Pending values are not looked at.
pub fn first_bad(x: &Array, nan_only: bool) -> Option<Bad> {
    if let Array::Number { value, .. } | Array::Variable { value, .. } | Array::Dual { value, .. } = *x {
        let bad = value.is_nan() || !nan_only && value.is_infinite();
        return bad.then(|| Bad { value: value.into(), complex: false, index: Vec::new(), row: None });
    }
    if let Array::Nested(n) = x {
        if stack::is_short() {
            return None;
        }
        let mut bad = first_bad(&n.primal, nan_only)?;
        if n.batch && !bad.index.is_empty() {
            bad.row = Some(bad.index.remove(0));
        }
        return Some(bad);
    }
    let t = ready(x).filter(|t| t.dtype().is_inexact() && t.size() > 0)?;
    let bad = |x: f64| x.is_nan() || !nan_only && x.is_infinite();
    // Elements that are repeated are looked at once: a broadcast view may have more of them than anybody can walk through.
    let once = |a: usize| if t.strides()[a] == 0 { 1 } else { t.shape()[a] };
    let shape: Shape = (0..t.ndim()).map(once).collect();
    let (at, value) = with_dtype!(t.dtype(), T => {
        let complex = |x: T| crate::array::Element::to_complex(x);
        let test = |x: &T| {
            let z = complex(*x);
            bad(z.re) || bad(z.im)
        };
        let mut view = t.view::<T>();
        view.slice_each_axis_inplace(|axis| Slice::from(..once(axis.axis.index())));
        let at = view.iter().position(test)?;
        (at, complex(*view.iter().nth(at).expect("it was found there")))
    });
    let mut index = vec![0; t.ndim()];
    let mut rest = at;
    for (i, &d) in index.iter_mut().zip(&shape).rev() {
        *i = rest % d;
        rest /= d;
    }
    Some(Bad { value, complex: t.dtype().is_complex(), index, row: None })
}

/// Bytes of values, computed or not.
pub fn bytes<'a>(values: impl Iterator<Item = &'a Array>) -> usize {
    values.filter(|x| !x.is_null()).map(|x| x.size() * x.dtype().size()).sum()
}

/// A number with six digits.
fn number(z: Complex64, complex: bool) -> String {
    let real = |x: f64| {
        if x == 0.0 || x.is_finite() && (1e-4..1e6).contains(&x.abs()) {
            let decimals = if x == 0.0 { 0 } else { (5 - x.abs().log10().floor() as i32).max(0) as usize };
            let text = format!("{x:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
        } else if x.is_finite() {
            format!("{x:.3e}")
        } else {
            format!("{x}")
        }
    };
    if complex { format!("{}{}{}j", real(z.re), if z.im < 0.0 { "" } else { "+" }, real(z.im)) } else { real(z.re) }
}

/// The elements as text in one line: `[[1, 2], [3, 4]]`. `None` if they are pending.
pub fn elements(x: &Array) -> Option<String> {
    if let Array::Number { value, .. } | Array::Variable { value, .. } | Array::Dual { value, .. } = *x {
        return Some(number(value.into(), false));
    }
    let plain = x.plain();
    if let Array::Number { value, .. } = plain {
        return Some(number(value.into(), false));
    }
    let t = ready(&plain)?;
    let complex = t.dtype().is_complex();
    let all: Vec<String> = with_dtype!(t.dtype(), T => {
        t.view::<T>().iter().map(|x| number(crate::array::Element::to_complex(*x), complex)).collect()
    });
    let mut text = String::new();
    let blocks: Vec<usize> = (0..t.ndim()).map(|i| t.shape()[i..].iter().product()).collect();
    if all.is_empty() {
        return Some("[]".into());
    }
    for (i, element) in all.iter().enumerate() {
        let opened = blocks.iter().filter(|&&b| i % b == 0).count();
        let separator = if i == 0 { "" } else { ", " };
        let closed = blocks.iter().filter(|&&b| (i + 1) % b == 0).count();
        let _ = write!(text, "{separator}{}{element}{}", "[".repeat(opened), "]".repeat(closed));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Context;

    #[test]
    fn elements_and_anomalies_of_arrays() {
        let cx = Context::new();
        let t = cx.engine.build::<f64>(&[2, 2], |d| d.copy_from_slice(&[1.0, -2.5, f64::NAN, f64::INFINITY])).unwrap();
        // A row of it, and both repeated more often than anybody can count: the first one is named.
        for (row, want) in [(0, None), (1, Some(vec![0, 0, 0]))] {
            let row = crate::ops::shape::slice_axis(&cx, &Array::Plain(t.clone()), 0, row, 1);
            let repeated = crate::ops::shape::broadcast_to(&cx, &row, &[1 << 40, 1, 2]);
            assert_eq!(first_bad(&repeated, false).map(|b| b.index), want);
            assert_eq!(first_bad(&row, false).map(|b| b.index), want.map(|_| vec![0, 0]));
        }
        let x = Array::Plain(t);
        assert_eq!(elements(&x).unwrap(), "[[1, -2.5], [NaN, inf]]");
        assert_eq!(first_bad(&x, false).unwrap().to_string(), "NaN at [1, 0]");
        let i = Array::from(f64::NEG_INFINITY);
        assert_eq!(first_bad(&i, false).unwrap().to_string(), "-inf");
        assert_eq!(first_bad(&i, true), None);
        let batch = Array::batch(7, x);
        assert_eq!(first_bad(&batch, false).unwrap().to_string(), "NaN at [0] of value 1 of a batch");
        assert_eq!(kind(DType::C64, &[2, 3]), "c64[2, 3]");
    }

    #[test]
    fn numbers_are_short() {
        let text = |x: f64| number(x.into(), false);
        assert_eq!(
            [0.0, 1.0, 0.1, 123456.7, -1.0 / 3.0, 1e-9].map(text),
            ["0", "1", "0.1", "123457", "-0.333333", "1.000e-9"]
        );
        assert_eq!(number(Complex64::new(1.0, -2.0), true), "1-2j");
    }
}
