//! `check_grads`: compares derivatives with differences, for any function, in both modes and to any order.
//!
//! With random directions v and w the reverse mode must satisfy <v, vjp(w)> = <w, difference along v>, and the forward
//! mode must give the difference itself. For higher orders the derivative is a function like any other, of the
//! arguments and of the direction, and is checked in the same way; so all combinations of modes are covered.

use super::grad::{Arrays, Function, close, jvp, record};
use crate::array::DType;
use crate::context::Context;
use crate::error::Error;
use crate::ops::create::{Random, random};
use crate::ops::{complex, elementwise as rows, reduce};
use crate::trace::Array;
use smallvec::SmallVec;
use std::cell::Cell;

/// Which modes are checked.
#[derive(Clone, Copy, Debug)]
pub struct Modes {
    pub reverse: bool,
    pub forward: bool,
}

/// Options of [`check_grads`].
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub order: u32,
    pub modes: Modes,
    /// Relative and absolute tolerance; the step of the differences. 0 for the defaults of the precision.
    pub tolerance: f64,
    pub step: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { order: 2, modes: Modes { reverse: true, forward: true }, tolerance: 0.0, step: 0.0 }
    }
}

struct Check<'c> {
    cx: &'c Context,
    options: Options,
    seed: Cell<u64>,
    step: f64,
    tolerance: f64,
}

/// Compares the derivatives of `f` with respect to all `args` with central differences; `Err` says what differs.
pub fn check_grads(cx: &Context, f: &Function<'_>, args: &[Array], options: Options) -> Result<(), Error> {
    let single = args.iter().any(|a| matches!(a.dtype(), DType::F32 | DType::C64));
    let or = |x: f64, default: f64| if x > 0.0 { x } else { default };
    let check = Check {
        cx,
        options,
        seed: Cell::new(1),
        step: or(options.step, if single { 1e-2 } else { 1e-6 }),
        tolerance: or(options.tolerance, if single { 2e-2 } else { 1e-6 }),
    };
    let args: Arrays =
        args.iter().map(|a| if a.dtype().is_inexact() { a.clone() } else { rows::astype(cx, a, DType::F64) }).collect();
    check.check(f, &args, options.order, "")
}

impl Check<'_> {
    fn check(&self, f: &Function<'_>, args: &[Array], order: u32, path: &str) -> Result<(), Error> {
        let all: SmallVec<[usize; 4]> = (0..args.len()).collect();
        if order == 0 {
            return Ok(());
        }
        let directions: Arrays = args.iter().map(|a| self.like(a)).collect();
        let (values, differences) = self.difference(f, args, &directions)?;
        if self.options.modes.reverse {
            let path = format!("{path}reverse");
            let weights: Arrays = values.iter().map(|y| self.like(y)).collect();
            let recorded = record(self.cx, f, args, &all);
            let pulled = recorded.pull(self.cx, &weights.iter().map(|w| self.covector(w)).collect::<Arrays>(), true);
            close(self.cx, recorded);
            self.pending()?;
            for (k, (g, a)) in pulled.iter().zip(args).enumerate() {
                if g.shape() != a.shape() || g.dtype() != a.dtype() {
                    return Err(Error::check(format!(
                        "{path}: the gradient with respect to argument {k} has shape {:?} and dtype {}, the argument \
                         {:?} and {}",
                        g.shape(),
                        g.dtype().name(),
                        a.shape(),
                        a.dtype().name()
                    )));
                }
            }
            let analytic: f64 = pulled
                .iter()
                .zip(&directions)
                .map(|(g, v)| self.inner(v, &self.covector(g)))
                .sum::<Result<f64, Error>>()?;
            let numeric: f64 =
                weights.iter().zip(&differences).map(|(w, d)| self.inner(w, d)).sum::<Result<f64, Error>>()?;
            self.compare(&path, "projection on random directions", analytic, numeric)?;
            if order > 1 {
                let n = args.len();
                let vjp = |cx: &Context, xs: &[Array]| {
                    let recorded = record(cx, f, &xs[..n], &all);
                    let pulled = recorded.pull(cx, &xs[n..], true);
                    close(cx, recorded);
                    pulled.into_iter().collect()
                };
                let args: Arrays = args.iter().chain(&weights).cloned().collect();
                self.check(&vjp, &args, order - 1, &format!("{path} of "))?;
            }
        }
        if self.options.modes.forward {
            let path = format!("{path}forward");
            let (_, tangents) = jvp(self.cx, f, args, &all, &directions);
            self.pending()?;
            for (t, d) in tangents.iter().zip(&differences) {
                self.compare_arrays(&path, t, d)?;
            }
            if order > 1 {
                let n = args.len();
                let push = |cx: &Context, xs: &[Array]| jvp(cx, f, &xs[..n], &all, &xs[n..]).1.into_iter().collect();
                let args: Arrays = args.iter().chain(&directions).cloned().collect();
                self.check(&push, &args, order - 1, &format!("{path} of "))?;
            }
        }
        Ok(())
    }

    /// The pending failure, if there is one, as this check's.
    fn pending(&self) -> Result<(), Error> {
        if self.cx.failed() {
            Err(self.cx.error().unwrap_or_else(|| Error::check("the function failed")))
        } else {
            Ok(())
        }
    }

    /// Random numbers of the form of `x`.
    fn like(&self, x: &Array) -> Array {
        let draw = || {
            self.seed.set(self.seed.get() + 1);
            let t = random(self.cx, self.seed.get(), DType::F64, x.shape(), Random::Normal(0.0, 1.0));
            self.cx.take("ag_check_grads", t.map(Array::from))
        };
        let re = draw();
        let value = if x.dtype().is_complex() { complex::join(self.cx, &re, &draw()) } else { re };
        rows::astype(self.cx, &value, x.dtype().inexact())
    }

    fn covector(&self, x: &Array) -> Array {
        complex::conj(self.cx, x)
    }

    /// The real inner product.
    fn inner(&self, x: &Array, y: &Array) -> Result<f64, Error> {
        let product = rows::binary(self.cx, &rows::MUL, &complex::conj(self.cx, x), y);
        let sum = reduce::sum(self.cx, &product, &reduce::all_axes(&product), false);
        let sum = rows::astype(self.cx, &complex::real(self.cx, &sum), DType::F64);
        self.pending()?;
        let t = self.cx.tensor(&sum)?;
        Ok(t.first::<f64>())
    }

    /// Values at `args` and central differences along `directions`.
    fn difference(&self, f: &Function<'_>, args: &[Array], directions: &[Array]) -> Result<(Arrays, Arrays), Error> {
        let at = |h: f64| -> Arrays {
            let moved: Arrays = args
                .iter()
                .zip(directions)
                .map(|(a, v)| {
                    let step = rows::binary(self.cx, &rows::MUL, v, &Array::weak(h));
                    rows::binary(self.cx, &rows::ADD, a, &step)
                })
                .collect();
            f(self.cx, &moved).into_iter().collect()
        };
        let values: Arrays = f(self.cx, args).into_iter().collect();
        let (up, down) = (at(self.step / 2.0), at(-self.step / 2.0));
        let differences = up
            .iter()
            .zip(&down)
            .map(|(u, d)| {
                let d = rows::binary(self.cx, &rows::SUB, u, d);
                rows::binary(self.cx, &rows::DIV, &d, &Array::weak(self.step))
            })
            .collect();
        self.pending()?;
        Ok((values, differences))
    }

    fn close(&self, a: f64, b: f64) -> bool {
        let difference = (a - b).abs();
        difference < self.tolerance || difference < self.tolerance * (a.abs() + b.abs())
    }

    fn compare(&self, path: &str, what: &str, analytic: f64, numeric: f64) -> Result<(), Error> {
        if self.close(analytic, numeric) {
            return Ok(());
        }
        Err(Error::check(format!(
            "{path} derivative: {what}: analytic {analytic:.15e}, numeric {numeric:.15e}, difference {:.3e}",
            (analytic - numeric).abs()
        )))
    }

    fn compare_arrays(&self, path: &str, analytic: &Array, numeric: &Array) -> Result<(), Error> {
        if analytic.shape() != numeric.shape() {
            return Err(Error::check(format!(
                "{path} derivative: the tangent has shape {:?}, the result {:?}",
                analytic.shape(),
                numeric.shape()
            )));
        }
        let parts = |x: &Array| -> Result<Vec<num_complex::Complex64>, Error> {
            let x = rows::astype(self.cx, x, DType::C128);
            let t = self.cx.tensor(&x)?;
            Ok(t.view::<num_complex::Complex64>().iter().copied().collect())
        };
        let scale = |x: &[num_complex::Complex64]| x.iter().fold(0.0, |m: f64, z| m.max(z.norm()));
        let (a, n) = (parts(analytic)?, parts(numeric)?);
        // The error of a difference is that of the largest intermediate; one element alone has no scale.
        let size = scale(&n).max(1.0);
        for (i, (x, y)) in a.iter().zip(&n).enumerate() {
            let same = x.re == y.re && x.im == y.im || (x - y).norm() <= 10.0 * self.tolerance * size;
            if !same {
                return Err(Error::check(format!(
                    "{path} derivative: element {i} of {}: analytic {x:.15e}, numeric {y:.15e}",
                    a.len()
                )));
            }
        }
        Ok(())
    }
}
