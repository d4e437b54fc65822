//! Fits by least squares: `numpy.polyfit`.
//!
//! Powers of the coordinates are nearly dependent, and a system of equations for their coefficients loses twice as many
//! digits as the problem has. So the data are projected on polynomials that are orthogonal on the coordinates, one after
//! the other, each made of the two before it (G. E. Forsythe, "Generation and use of orthogonal polynomials for
//! data-fitting with a digital computer", J. SIAM 5, 1957): with (f, g) the weighted sum of f g over the coordinates,
//!
//! ```text
//! p[k + 1] = (x - a) p[k] - b p[k - 1],  a = (x p[k], p[k]) / (p[k], p[k]),  b = (p[k], p[k]) / (p[k - 1], p[k - 1])
//! ```
//!
//! What is left of the data is projected, not the data, so that errors of orthogonality don't add up. The coefficients of
//! these polynomials go along. All of it is made of other operations, and so differentiable by coordinates, data and
//! weights.

use super::create;
use super::elementwise::{self, astype, binary};
use super::reduce::sum;
use super::shape::{expand_dims, pad_axis, slice_axis};
use crate::array::DType;
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// The coefficients, the highest power first, of the polynomial of a degree for which the sum of (w (y - p(x)))^2 is least;
/// for every column if `y` is a matrix.
pub fn polyfit(cx: &Context, x: &Array, y: &Array, degree: i64, w: Option<&Array>) -> Result<Array> {
    let degree = checked(cx, x, y, degree, w)?;
    let dtype = elementwise::promote(x, y).inexact();
    let real = dtype.real();
    let (x, y) = (astype(cx, x, real), astype(cx, y, dtype));
    let times = |a: &Array, b: &Array| binary(cx, &elementwise::MUL, a, b);
    let minus = |a: &Array, b: &Array| binary(cx, &elementwise::SUB, a, b);
    // A power of 2 brings the coordinates between -1 and 1, so that nothing overflows, and nothing is rounded.
    let scale = scale(cx, &x)?;
    let x = times(&x, &Array::weak(scale));
    let square = w.map(|w| astype(cx, w, real)).map(|w| times(&w, &w));
    let weighted = |f: &Array| square.as_ref().map_or_else(|| f.clone(), |square| times(square, f));
    // A vector that is to be broadcast along the columns of y.
    let as_column = |f: &Array| if y.ndim() == 2 { expand_dims(cx, f, 1) } else { f.clone() };
    let (n, total) = (degree + 1, |f: &Array| sum(cx, f, &[0], false));
    let mut left = y.clone();
    let mut result: Option<Array> = None;
    let mut p = create::full(cx, real, x.shape(), 1.0);
    let mut q = pad_axis(cx, &create::full(cx, real, &[1], 1.0), 0, degree, 0);
    let mut before: Option<(Array, Array, Array)> = None;
    for k in 0..n {
        let of_p = weighted(&p);
        let norm = total(&times(&of_p, &p));
        let c = binary(cx, &elementwise::DIV, &total(&times(&as_column(&of_p), &left)), &norm);
        left = minus(&left, &times(&as_column(&p), &c));
        let part = times(&as_column(&q), &c);
        result = Some(result.map_or_else(|| part.clone(), |sum| binary(cx, &elementwise::ADD, &sum, &part)));
        if k == degree || cx.failed() {
            break;
        }
        let a = binary(cx, &elementwise::DIV, &total(&times(&of_p, &times(&x, &p))), &norm);
        let mut next = times(&minus(&x, &a), &p);
        let by_x = pad_axis(cx, &slice_axis(cx, &q, 0, 1, degree), 0, 0, 1);
        let mut next_q = minus(&by_x, &times(&a, &q));
        if let Some((p, q, norm_before)) = &before {
            let b = binary(cx, &elementwise::DIV, &norm, norm_before);
            next = minus(&next, &times(&b, p));
            next_q = minus(&next_q, &times(&b, q));
        }
        before = Some((std::mem::replace(&mut p, next), std::mem::replace(&mut q, next_q), norm));
    }
    let powers: Vec<f64> = (0..n).rev().map(|k| scale.powi(k as i32)).collect();
    let powers = Array::from(cx.engine.build::<f64>(&[n], |d| d.copy_from_slice(&powers))?);
    Ok(times(&result.expect("a degree is not negative"), &as_column(&astype(cx, &powers, real))))
}

/// The degree, if shapes, dtypes and coordinates are right.
fn checked(cx: &Context, x: &Array, y: &Array, degree: i64, w: Option<&Array>) -> Result<usize> {
    let degree = usize::try_from(degree).map_err(|_| Error::value(format!("expected deg >= 0, found {degree}")))?;
    if x.dtype().is_complex() || w.is_some_and(|w| w.dtype().is_complex()) {
        return Err(Error::dtype("expected real coordinates and weights, found complex ones"));
    }
    if x.ndim() != 1 || x.size() == 0 {
        return Err(Error::value("expected a vector of coordinates that is not empty"));
    }
    if y.ndim() == 0 || y.ndim() > 2 {
        return Err(Error::value("expected a vector or a matrix of data"));
    }
    if y.shape()[0] != x.size() {
        return Err(Error::value(format!("expected as many data as coordinates: {} and {}", y.shape()[0], x.size())));
    }
    if let Some(w) = w
        && w.shape() != x.shape()
    {
        return Err(Error::value(format!("expected a weight for each of {} coordinates", x.size())));
    }
    let numbers = |x: &Array| -> Result<Vec<f64>> {
        let t = cx.tensor(&astype(cx, &x.plain(), DType::F64))?;
        Ok(t.view::<f64>().iter().copied().collect())
    };
    let mut at = numbers(x)?;
    if let Some(w) = w {
        let mut weights = numbers(w)?.into_iter();
        at.retain(|_| weights.next() != Some(0.0));
    }
    // Zeros of both signs are one place.
    at.iter_mut().for_each(|x| *x += 0.0);
    at.sort_by(f64::total_cmp);
    at.dedup();
    if at.len() <= degree {
        return Err(Error::value(format!(
            "a polynomial of degree {degree} needs {} different coordinates with a weight, found {}",
            degree as u128 + 1,
            at.len()
        )));
    }
    Ok(degree)
}

/// The power of 2 that brings the largest coordinate next to 1; 1 if there is none.
fn scale(cx: &Context, x: &Array) -> Result<f64> {
    let t = cx.tensor(&astype(cx, &x.plain(), DType::F64))?;
    let largest = t.view::<f64>().iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let most = if x.dtype() == DType::F32 { 120.0 } else { 1000.0 };
    let power = if largest > 0.0 && largest.is_finite() { largest.log2().ceil().clamp(-most, most) } else { 0.0 };
    Ok((-power).exp2())
}
