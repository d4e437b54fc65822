//! Polynomials as vectors of coefficients, the highest power first: values, arithmetic, derivatives, integrals, the
//! polynomial with given roots, and matrices of powers. All are made of other operations.
//!
//! Leading zeros stay where they are, also in products: the shape of a result must not depend on values that may be
//! differentiated.

use super::complex;
use super::convolve::{self, Mode, correlation, flipped};
use super::elementwise::{self, astype, binary};
use super::index::{self, Item, Plan};
use super::reduce::sum;
use super::shape::{broadcast_to, concatenate, pad_axis, reshape, slice_axis, stack};
use super::{create, zeros};
use crate::array::{DType, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::convolve::Axis;
use crate::kernels::matmul::Product;
use crate::trace::{Array, Context, Kept, Meta, Primitive, apply};
use num_complex::Complex64;
use shape::Show;

fn run(cx: &Context, name: &str, f: impl FnOnce() -> Result<Array>) -> Array {
    if cx.failed() { Array::Null } else { cx.take(name, f()) }
}

/// Coefficients; a number is a constant polynomial.
fn coefficients(cx: &Context, p: &Array) -> Result<Array> {
    if p.ndim() > 1 {
        return Err(Error::value(format!("expected a vector of coefficients, found shape {}", Show(p.shape()))));
    }
    Ok(reshape(cx, p, &[p.size()]))
}

/// `numpy.polyval`, by Horner's rule. Coefficients with more axes than one are those of several polynomials, along the first axis;
/// the others broadcast with the axes of `x`.
pub fn polyval(cx: &Context, p: &Array, x: &Array) -> Array {
    run(cx, "ag_polyval", || {
        let p = if p.ndim() > 1 { p.clone() } else { coefficients(cx, p)? };
        if cx.failed() {
            return Ok(Array::Null);
        }
        let dtype = elementwise::promote(&p, x);
        let (n, to) = (p.shape()[0], shape::broadcast(&p.shape()[1..], x.shape())?);
        let p = astype(cx, &p, dtype);
        if n == 0 {
            return Ok(zeros(cx, &Meta { dtype: if p.ndim() > 1 { dtype } else { x.dtype() }, shape: to }));
        }
        let coefficient = |i: usize| match Plan::new(cx, p.shape(), &[Item::Int(i as i64)]) {
            Ok(plan) => index::get(cx, &p, &plan),
            Err(e) => cx.fail(e),
        };
        let mut y = broadcast_to(cx, &coefficient(0), &to);
        for i in 1..n {
            y = binary(cx, &elementwise::ADD, &binary(cx, &elementwise::MUL, &y, x), &coefficient(i));
            if cx.failed() {
                break;
            }
        }
        Ok(y)
    })
}

/// `numpy.polyadd`, `numpy.polysub`.
pub fn combine(cx: &Context, name: &str, row: &'static elementwise::Binary, a: &Array, b: &Array) -> Array {
    run(cx, name, || {
        let (a, b) = (coefficients(cx, a)?, coefficients(cx, b)?);
        let n = a.size().max(b.size());
        let padded = |x: &Array| pad_axis(cx, x, 0, n - x.size(), 0);
        Ok(binary(cx, row, &padded(&a), &padded(&b)))
    })
}

/// `numpy.polymul`.
pub fn polymul(cx: &Context, a: &Array, b: &Array) -> Array {
    run(cx, "ag_polymul", || Ok(convolve::convolve(cx, &coefficients(cx, a)?, &coefficients(cx, b)?, Mode::Full)))
}

/// A vector of the numbers `f(0), f(1), ...`.
fn numbers(cx: &Context, dtype: DType, n: usize, f: impl Fn(usize) -> f64) -> Result<Array> {
    let t = cx.engine.build::<f64>(&[n], |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = f(i)))?;
    Ok(astype(cx, &t.into(), if dtype == DType::Bool { DType::I64 } else { dtype }))
}

/// `numpy.polydiv`: quotient and remainder, by long division. The quotient has the difference of the degrees, 0 at least, the
/// remainder one less than the divisor, or is the dividend if that is shorter.
pub fn polydiv(cx: &Context, u: &Array, v: &Array) -> (Array, Array) {
    let divide = || {
        let (u, v) = (coefficients(cx, u)?, coefficients(cx, v)?);
        let dtype = elementwise::promote(&u, &v).inexact();
        let (u, v) = (astype(cx, &u, dtype), astype(cx, &v, dtype));
        let (m, n) = (u.size(), v.size());
        if m == 0 || n == 0 {
            return Err(Error::value("an empty array has no coefficients to divide"));
        }
        let zero = zeros(cx, &Meta { dtype, shape: [1].as_slice().into() });
        if m < n {
            return Ok((zero, u));
        }
        let (first, others) = (slice_axis(cx, &v, 0, 0, 1), slice_axis(cx, &v, 0, 1, n - 1));
        let (mut rest, mut quotient) = (u, Vec::with_capacity(m - n + 1));
        while rest.size() >= n && !cx.failed() {
            let q = binary(cx, &elementwise::DIV, &slice_axis(cx, &rest, 0, 0, 1), &first);
            rest = slice_axis(cx, &rest, 0, 1, rest.size() - 1);
            if n > 1 {
                let part = pad_axis(cx, &binary(cx, &elementwise::MUL, &q, &others), 0, 0, rest.size() + 1 - n);
                rest = binary(cx, &elementwise::SUB, &rest, &part);
            }
            quotient.push(q);
        }
        let quotient = concatenate(cx, &quotient.iter().collect::<Vec<&Array>>(), 0);
        Ok((quotient, if n > 1 { rest } else { zero }))
    };
    if cx.failed() {
        return (Array::Null, Array::Null);
    }
    divide().unwrap_or_else(|e| (cx.fail(e.within("ag_polydiv")), Array::Null))
}

/// `numpy.polyder`: the `m`-th derivative.
pub fn polyder(cx: &Context, p: &Array, m: i64) -> Array {
    run(cx, "ag_polyder", || {
        let m = usize::try_from(m)
            .map_err(|_| Error::value(format!("Order of derivative must be positive (see polyint), found {m}")))?;
        let p = coefficients(cx, p)?;
        let n = p.size().saturating_sub(m);
        // The power q leaves q (q - 1) ... (q - m + 1), and q = n - 1 - i + m.
        let factor = |i: usize| rising(n - i, m);
        Ok(binary(cx, &elementwise::MUL, &slice_axis(cx, &p, 0, 0, n), &numbers(cx, p.dtype(), n, factor)?))
    })
}

/// n (n + 1) ... (n + m - 1)
fn rising(n: usize, m: usize) -> f64 {
    let mut product = 1.0;
    for j in 0..m {
        product *= (n + j) as f64;
        if product == f64::INFINITY {
            break;
        }
    }
    product
}

/// `numpy.polyint`: the `m`-th integral, with `k` the constants of integration, the first one first (null for zeros, one
/// number for all).
pub fn polyint(cx: &Context, p: &Array, m: i64, k: &Array) -> Array {
    run(cx, "ag_polyint", || {
        let m = usize::try_from(m)
            .map_err(|_| Error::value(format!("Order of integral must be positive (see polyder), found {m}")))?;
        let p = coefficients(cx, p)?;
        if m == 0 {
            return Ok(p);
        }
        let k = if k.is_null() { astype(cx, &Array::from(0.0), p.dtype()) } else { k.clone() };
        let k = coefficients(cx, &k)?;
        let k = if k.size() == 1 { broadcast_to(cx, &k, &[m]) } else { k };
        if k.size() < m {
            return Err(Error::value(format!(
                "k must be a scalar or a rank-1 array of length 1 or >m, found {} constants for {m} integrals",
                k.size()
            )));
        }
        // The power q becomes x^(q + m) / ((q + 1) ... (q + m)), and the constant after which r integrations follow x^r / r!.
        let n = p.size();
        let dtype = p.dtype().inexact().promote(k.dtype());
        let (p, k) = (astype(cx, &p, dtype), astype(cx, &k, dtype));
        let powers = binary(cx, &elementwise::DIV, &p, &numbers(cx, p.dtype(), n, |i| rising(n - i, m))?);
        let factorials = numbers(cx, k.dtype().inexact(), m, |i| rising(1, m - 1 - i))?;
        let constants = binary(cx, &elementwise::DIV, &slice_axis(cx, &k, 0, 0, m), &factorials);
        Ok(concatenate(cx, &[&powers, &constants], 0))
    })
}

/// `numpy.vander`: the powers of every element of a vector, the highest first unless `increasing`.
pub fn vander(cx: &Context, x: &Array, n: i64, increasing: bool) -> Array {
    run(cx, "ag_vander", || {
        if x.ndim() != 1 {
            return Err(Error::value(format!(
                "x must be a one-dimensional array or sequence, found shape {}",
                Show(x.shape())
            )));
        }
        let n = usize::try_from(n)
            .map_err(|_| Error::value(format!("negative dimensions are not allowed, found {n} columns")))?;
        let dtype = if x.dtype() == DType::Bool { DType::I64 } else { x.dtype() };
        let powers = powers(cx, &astype(cx, x, dtype), n);
        Ok(if increasing { powers } else { flipped(cx, &powers, &[1]) })
    })
}

/// The powers 0 to n - 1 of the elements of a vector.
fn powers(cx: &Context, x: &Array, n: usize) -> Array {
    apply(cx, &Powers(n), &[x])
}

#[derive(Clone)]
struct Powers(usize);

impl Powers {
    /// The derivative of every power.
    fn slopes(&self, cx: &Context, x: &Array) -> Array {
        let factors = numbers(cx, x.dtype(), self.0 - 1, |i| (i + 1) as f64);
        let factors = cx.take(self.name(), factors);
        let slopes = binary(cx, &elementwise::MUL, &powers(cx, x, self.0 - 1), &factors);
        if cx.failed() { Array::Null } else { pad_axis(cx, &slopes, 1, 1, 0) }
    }
}

impl Primitive for Powers {
    fn name(&self) -> &str {
        "ag_vander"
    }

    fn parameters(&self) -> String {
        format!("n={}", self.0)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        fn fill<T: Product>(cx: &Context, x: &Tensor, n: usize) -> Result<Array> {
            let y = cx.engine.build::<T>(&[x.size(), n], |y| {
                for (row, &x) in y.chunks_exact_mut(n.max(1)).zip(x.elements::<T>()) {
                    let mut power = T::from_f64(1.0);
                    for y in row {
                        *y = power;
                        power = power * x;
                    }
                }
            });
            Ok(y?.into())
        }
        let x = cx.engine.contiguous(&cx.tensor(&args[0])?)?;
        match x.dtype() {
            DType::F64 => fill::<f64>(cx, &x, self.0),
            DType::F32 => fill::<f32>(cx, &x, self.0),
            DType::C128 => fill::<Complex64>(cx, &x, self.0),
            DType::C64 => fill::<num_complex::Complex32>(cx, &x, self.0),
            DType::I64 | DType::Bool => {
                let wrapping = |y: &mut [i64]| {
                    for (row, &x) in y.chunks_exact_mut(self.0.max(1)).zip(x.elements::<i64>()) {
                        let mut power = 1i64;
                        for y in row {
                            *y = power;
                            power = power.wrapping_mul(x);
                        }
                    }
                };
                Ok(cx.engine.build::<i64>(&[x.size(), self.0], wrapping)?.into())
            }
        }
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        if self.0 == 0 {
            return Array::Null;
        }
        sum(cx, &binary(cx, &elementwise::SCALED, g, &self.slopes(cx, kept.arg(0))), &[1], false)
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if self.0 == 0 {
            return Array::Null;
        }
        binary(cx, &elementwise::SCALED, &reshape(cx, t, &[t.size(), 1]), &self.slopes(cx, kept.arg(0)))
    }
}

/// `numpy.poly` of roots: the coefficients of the product of all x - root. Real where the roots are real or come in
/// conjugate pairs.
pub fn poly(cx: &Context, roots: &Array) -> Array {
    run(cx, "ag_poly", || {
        if roots.ndim() > 1 {
            return Err(Error::value(format!("expected a vector of roots, found shape {}", Show(roots.shape()))));
        }
        let roots = astype(cx, &reshape(cx, roots, &[roots.size()]), roots.dtype().inexact());
        let (n, dtype) = (roots.size(), roots.dtype());
        if n == 0 {
            return Ok(Array::from(1.0));
        }
        // Rows are polynomials, to begin with x - root; half of them are multiplied by the other half until one is left.
        // To make their number a power of 2 there are rows that mean 1.
        let count = n.checked_next_power_of_two().ok_or_else(|| Error::memory("too many roots"))?;
        let ones = create::full(cx, dtype, &[n], 1.0);
        let minus = elementwise::unary(cx, &elementwise::NEG, &roots);
        let x = stack(cx, &[&pad_axis(cx, &ones, 0, 0, count - n), &pad_ones(cx, &minus, count)], 1);
        let mut x = reshape(cx, &x, &[1, count, 1, 2]);
        let mut rows_left = count;
        while rows_left > 1 && !cx.failed() {
            rows_left /= 2;
            let length = x.shape()[3];
            let a = slice_axis(cx, &x, 1, 0, rows_left);
            let b = reshape(cx, &slice_axis(cx, &x, 1, rows_left, rows_left), &[rows_left, 1, 1, length]);
            let (output, before) = (2 * length - 1, length - 1);
            let axis = Axis { input: length, kernel: length, output, stride: 1, dilation: 1, before };
            x = correlation(cx, "ag_poly", &a, &flipped(cx, &b, &[3]), &[axis]);
        }
        let y = slice_axis(cx, &reshape(cx, &x, &[count + 1]), 0, count - n, n + 1);
        Ok(if dtype.is_complex() && conjugate_pairs(cx, &roots)? { complex::real(cx, &y) } else { y })
    })
}

/// The vector with ones behind, up to `n` elements.
fn pad_ones(cx: &Context, x: &Array, n: usize) -> Array {
    concatenate(cx, &[x, &create::full(cx, x.dtype(), &[n - x.size()], 1.0)], 0)
}

/// Whether the conjugates of the roots are the roots.
fn conjugate_pairs(cx: &Context, roots: &Array) -> Result<bool> {
    let t = cx.tensor(&astype(cx, &roots.plain(), DType::C128))?;
    let sorted = |conjugate: bool| -> Vec<Complex64> {
        let mut all: Vec<Complex64> = t.view::<Complex64>().iter().copied().collect();
        if conjugate {
            all.iter_mut().for_each(|z| *z = z.conj());
        }
        // Zeros of both signs are one value.
        all.sort_by(|a, b| (a.re + 0.0).total_cmp(&(b.re + 0.0)).then((a.im + 0.0).total_cmp(&(b.im + 0.0))));
        all
    };
    Ok(sorted(false) == sorted(true))
}
