//! Minimizing functions: first-order methods for training ([`first_order`]), L-BFGS with bounds ([`lbfgs`]) and
//! Newton's method with conjugate gradients ([`newton_cg`]) for smooth functions of any number of variables.
//!
//! The latter two work on one vector of `f64`, in which a complex number is a pair: the real and imaginary parts of
//! all leaves are variables like others. [`Problem`] translates. The gradient by (x, y) of a real function of z = x +
//! iy is the conjugate of what a gradient is in this library.

pub mod first_order;
pub mod lbfgs;
mod line_search;
pub mod newton_cg;
pub mod on_trees;

use super::grad::{self, Function, Recorded};
use super::linear::make_hvp;
use super::norm::length;
use crate::array::{DType, Element};
use crate::error::{Error, Result};
use crate::kernels::memory::repeated;
use crate::ops::{complex, elementwise, shape};
use crate::trace::{Array, Arrays, Context, Meta};
use num_complex::{Complex32, Complex64};
use smallvec::SmallVec;

/// Why a loop ended. The numbers are those of the C constants `AG_STOP_GRADIENT` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// The gradient is small enough.
    Gradient = 0,
    /// The last step changed little enough.
    Change = 1,
    Iterations = 2,
    Evaluations = 3,
    /// The callback wanted it.
    Callback = 4,
    /// No step makes the value smaller: the precision is exhausted, or the gradient is wrong.
    LineSearch = 5,
    /// The value falls as far as one may look: there is no lower bound, or it is very far.
    Unbounded = 6,
}

/// What a loop came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub status: Status,
    pub iterations: usize,
    /// Of value and gradient together.
    pub evaluations: usize,
    /// Products with the Hessian.
    pub products: usize,
    pub value: f64,
    /// Euclidean, of the projected gradient where there are bounds.
    pub gradient_norm: f64,
}

/// What a callback sees: the iteration, and the values at its beginning.
pub struct Progress<'a> {
    pub iteration: usize,
    pub value: f64,
    pub gradient_norm: f64,
    /// The leaves that are varied.
    pub x: &'a [Array],
    pub gradient: &'a [Array],
}

/// Returns whether to stop.
pub type Callback<'c> = dyn FnMut(&Progress<'_>) -> bool + 'c;

/// A function of arrays as one of a vector of numbers.
pub struct Problem<'p> {
    cx: &'p Context,
    name: &'p str,
    f: &'p Function<'p>,
    metas: SmallVec<[Meta; 8]>,
    all: SmallVec<[usize; 8]>,
    /// The number of variables.
    pub n: usize,
    pub evaluations: usize,
    pub products: usize,
}

/// The numbers of a value of this form.
fn parts(meta: &Meta) -> usize {
    meta.shape.iter().product::<usize>() * if meta.dtype.is_complex() { 2 } else { 1 }
}

impl<'p> Problem<'p> {
    /// The problem and its starting point; `x0` are real or complex.
    pub fn new(cx: &'p Context, name: &'p str, f: &'p Function<'p>, x0: &[Array]) -> Result<(Problem<'p>, Vec<f64>)> {
        for x in x0 {
            if !cx.readable(x) {
                return Err(Error::traced("a derivative rule that is being differentiated cannot minimize a function"));
            }
        }
        let metas: SmallVec<[Meta; 8]> = x0.iter().map(Meta::of).collect();
        let n = metas.iter().map(parts).sum();
        let problem = Problem { cx, name, f, metas, all: (0..x0.len()).collect(), n, evaluations: 0, products: 0 };
        let mut x = zeros(n)?;
        problem.pack(x0, false, &mut x)?;
        Ok((problem, x))
    }

    /// The arrays of a vector of numbers.
    pub fn unpack(&self, x: &[f64]) -> Result<Arrays> {
        let mut start = 0;
        let mut out = Arrays::new();
        for meta in &self.metas {
            let part = &x[start..start + parts(meta)];
            start += part.len();
            let engine = &self.cx.engine;
            let pairs = || part.chunks_exact(2);
            let t = match meta.dtype {
                DType::F32 => {
                    engine.build::<f32>(&meta.shape, |d| d.iter_mut().zip(part).for_each(|(d, &x)| *d = x as f32))
                }
                DType::C64 => engine.build::<Complex32>(&meta.shape, |d| {
                    d.iter_mut().zip(pairs()).for_each(|(d, z)| *d = Complex32::new(z[0] as f32, z[1] as f32));
                }),
                DType::C128 => engine.build::<Complex64>(&meta.shape, |d| {
                    d.iter_mut().zip(pairs()).for_each(|(d, z)| *d = Complex64::new(z[0], z[1]));
                }),
                _ => engine.build::<f64>(&meta.shape, |d| d.copy_from_slice(part)),
            };
            out.push(Array::from(t?));
        }
        Ok(out)
    }

    /// The numbers of arrays of the problem's form; of gradients conjugated.
    fn pack(&self, arrays: &[Array], gradient: bool, out: &mut [f64]) -> Result<()> {
        let mut start = 0;
        let sign = if gradient { -1.0 } else { 1.0 };
        for (x, meta) in arrays.iter().zip(&self.metas) {
            let part = &mut out[start..start + parts(meta)];
            start += part.len();
            let t = self.cx.engine.contiguous(&self.cx.tensor(x)?)?;
            let mut pairs = |z: &mut dyn Iterator<Item = Complex64>| {
                for (to, z) in part.chunks_exact_mut(2).zip(z) {
                    to.copy_from_slice(&[z.re, sign * z.im]);
                }
            };
            match meta.dtype {
                DType::F32 => part.iter_mut().zip(t.elements::<f32>()).for_each(|(to, &x)| *to = f64::from(x)),
                DType::C64 => pairs(&mut t.elements::<Complex32>().iter().map(|z| z.to_complex())),
                DType::C128 => pairs(&mut t.elements::<Complex64>().iter().copied()),
                _ => part.copy_from_slice(t.elements::<f64>()),
            }
        }
        Ok(())
    }

    /// Bounds as numbers: arrays that broadcast to the leaves. An infinity where there is none.
    pub fn bounds(&self, what: &str, bounds: &[Array]) -> Result<Vec<f64>> {
        let mut out = zeros(self.n)?;
        let mut start = 0;
        for (b, meta) in bounds.iter().zip(&self.metas) {
            let part = &mut out[start..start + parts(meta)];
            start += part.len();
            let b = elementwise::astype(self.cx, &b.plain(), b.dtype().promote(DType::F64));
            // Rounded to the precision of the variable, so that a variable can be at its bound.
            let b = elementwise::astype(self.cx, &b, if meta.dtype == DType::F32 { DType::F32 } else { b.dtype() });
            let b = if b.shape() == &meta.shape[..] { b } else { shape::broadcast_to(self.cx, &b, &meta.shape) };
            let b = elementwise::astype(self.cx, &b, b.dtype().promote(DType::F64));
            self.pending()?;
            let t = self.cx.engine.contiguous(&self.cx.tensor(&b)?)?;
            let infinite = t.dtype() == DType::F64 && t.elements::<f64>().iter().all(|b| b.is_infinite());
            if t.dtype().is_complex() || meta.dtype.is_complex() && !infinite {
                return Err(Error::dtype("complex numbers have no bounds but infinite ones"));
            }
            let each = part.len() / t.size().max(1);
            part.chunks_exact_mut(each.max(1)).zip(t.elements::<f64>()).for_each(|(to, b)| to.fill(*b));
        }
        if out.iter().any(|b| b.is_nan()) {
            return Err(Error::value(format!("{what}: one of them is NaN")));
        }
        Ok(out)
    }

    fn pending(&self) -> Result<()> {
        match self.cx.error() {
            Some(e) if self.cx.failed() => Err(e),
            _ => Ok(()),
        }
    }

    /// The value at `x`; the gradient goes to `g`.
    pub fn value_and_grad(&mut self, x: &[f64], g: &mut [f64]) -> Result<f64> {
        self.evaluations += 1;
        let x = self.unpack(x)?;
        let (value, gradients) = grad::value_and_grads(self.cx, self.name, self.f, &x, &self.all);
        self.pending()?;
        self.pack(&gradients, true, g)?;
        self.number(&value)
    }

    fn number(&self, value: &Array) -> Result<f64> {
        let value = elementwise::astype(self.cx, &complex::real(self.cx, &value.plain()), DType::F64);
        Ok(self.cx.tensor(&value)?.first::<f64>())
    }

    /// The Hessian at `x`, to be multiplied with; close it with [`Problem::close`].
    pub fn hessian(&self, x: &[f64]) -> Result<Recorded> {
        let (_, recorded) = make_hvp(self.cx, self.f, &self.unpack(x)?, &self.all);
        self.pending()?;
        recorded.ok_or_else(|| Error::callback("the function returned nothing"))
    }

    /// The Hessian times `v`.
    pub fn product(&mut self, hessian: &Recorded, v: &[f64], out: &mut [f64]) -> Result<()> {
        self.products += 1;
        // With v = p + iq and a gradient a - ib, Re(v (a - ib)) = pa + qb: the cotangent is v itself.
        let found = hessian.pull(self.cx, &self.unpack(v)?, false);
        grad::settle(self.cx, found.iter());
        self.pending()?;
        self.pack(&found, true, out)
    }

    pub fn close(&self, hessian: Recorded) {
        grad::close(self.cx, hessian);
    }

    /// What a callback is to see; whether it wants to stop.
    fn ask(
        &self,
        callback: Option<&mut Callback<'_>>,
        k: usize,
        value: f64,
        x: &[f64],
        g: &[f64],
        norm: f64,
    ) -> Result<bool> {
        let Some(callback) = callback else { return Ok(false) };
        let (x, mut gradient) = (self.unpack(x)?, self.unpack(g)?);
        gradient.iter_mut().for_each(|g| *g = complex::conj(self.cx, g));
        let stop = callback(&Progress { iteration: k, value, gradient_norm: norm, x: &x, gradient: &gradient });
        self.pending()?;
        Ok(stop)
    }

    fn outcome(&self, status: Status, iterations: usize, value: f64, gradient_norm: f64) -> Outcome {
        Outcome { status, iterations, evaluations: self.evaluations, products: self.products, value, gradient_norm }
    }
}

/// The error of an objective that is no number where it has to be one.
fn not_a_number(iteration: usize) -> Error {
    Error::value(format!("the objective or its gradient is NaN at iteration {iteration}"))
}

/// Where bounds and variables part.
pub fn check_bounds(lower: &[f64], upper: &[f64]) -> Result<()> {
    match lower.iter().zip(upper).position(|(l, u)| l > u) {
        Some(i) => Err(Error::value(format!(
            "the lower bound {} of variable {i} is greater than the upper bound {}",
            lower[i], upper[i]
        ))),
        None => Ok(()),
    }
}

/// `n` zeros, or an error.
fn zeros(n: usize) -> Result<Vec<f64>> {
    repeated(0.0, n)
}

// Sums in lanes, so that the loop is one of vectors.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in xs.zip(ys) {
        for k in 0..LANES {
            sums[k] += x[k] * y[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn norm(x: &[f64]) -> f64 {
    let squares = dot(x, x);
    // What a sum in lanes makes of ordinary numbers; others need more care.
    if (1e-270..1e300).contains(&squares) { squares.sqrt() } else { length(x) }
}

/// y += a x
fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}
