//! `check_grads`: compares derivatives with differences, for any function, in both modes and to any order.
//!
//! With random directions v and w the reverse mode must satisfy <v, vjp(w)> = <w, difference along v>, and the forward
//! mode must give the difference itself. For higher orders the derivative is a function like any other, of the
//! arguments and of the direction, and is checked in the same way; so all combinations of modes are covered.

use super::again::alike;
use super::grad::{Function, close, jvp, record};
use crate::array::DType;
use crate::error::Error;
use crate::ops::create::{Random, random};
use crate::ops::{complex, elementwise, reduce};
use crate::trace::{Array, Arrays, Context};
use num_complex::Complex64;
use smallvec::SmallVec;
use std::cell::Cell;

/// Which modes are checked.
#[derive(Clone, Copy, Debug)]
pub struct Modes {
    pub reverse: bool,
    pub forward: bool,
}

/// Options of [`check_grads`]. 0 for the defaults of the precision where numbers are meant.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub order: u32,
    pub modes: Modes,
    /// Of the sum of both absolute values.
    pub rtol: f64,
    pub atol: f64,
    /// The step of the differences.
    pub step: f64,
    /// Of the random directions.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        let modes = Modes { reverse: true, forward: true };
        Options { order: 2, modes, rtol: 0.0, atol: 0.0, step: 0.0, seed: 0 }
    }
}

struct Check<'c> {
    cx: &'c Context,
    options: Options,
    seed: Cell<u64>,
    step: f64,
    rtol: f64,
    atol: f64,
}

/// At most this many elements of an argument are looked at one by one to find where a gradient is wrong.
const MOST_ELEMENTS: usize = 2000;

/// Compares the derivatives of `f` with respect to all `args` with central differences; `Err` says what differs.
pub fn check_grads(cx: &Context, f: &Function<'_>, args: &[Array], options: Options) -> Result<(), Error> {
    let single = args.iter().any(|a| matches!(a.dtype(), DType::F32 | DType::C64));
    let or = |x: f64, default: f64| if x > 0.0 { x } else { default };
    let check = Check {
        cx,
        options,
        seed: Cell::new(if options.seed == 0 { 1 } else { options.seed }),
        step: or(options.step, if single { 1e-2 } else { 1e-6 }),
        rtol: or(options.rtol, if single { 2e-2 } else { 1e-6 }),
        atol: or(options.atol, if single { 2e-2 } else { 1e-6 }),
    };
    let args: Arrays = args
        .iter()
        .map(|a| if a.dtype().is_inexact() { a.clone() } else { elementwise::astype(cx, a, DType::F64) })
        .collect();
    check.check(&alike("ag_check_grads", f), &args, options.order, "")
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
            if !self.close(analytic, numeric) {
                let mut text = format!(
                    "{path} derivative: projection on random directions: analytic {analytic:.15e}, numeric \
                     {numeric:.15e}, difference {:.3e}",
                    (analytic - numeric).abs()
                );
                if let Some(place) = self.locate(f, args, &weights, &pulled)? {
                    text += &place;
                }
                return Err(Error::check(text));
            }
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
            self.seed.set(self.seed.get().wrapping_add(1));
            let t = random(self.cx, self.seed.get(), DType::F64, x.shape(), Random::Normal(0.0, 1.0));
            self.cx.take("ag_check_grads", t.map(Array::from))
        };
        let re = draw();
        let value = if x.dtype().is_complex() { complex::join(self.cx, &re, &draw()) } else { re };
        elementwise::astype(self.cx, &value, x.dtype().inexact())
    }

    fn covector(&self, x: &Array) -> Array {
        complex::conj(self.cx, x)
    }

    /// The real inner product.
    fn inner(&self, x: &Array, y: &Array) -> Result<f64, Error> {
        let product = elementwise::binary(self.cx, &elementwise::MUL, &complex::conj(self.cx, x), y);
        let sum = reduce::sum(self.cx, &product, &reduce::all_axes(&product), false);
        let sum = elementwise::astype(self.cx, &complex::real(self.cx, &sum), DType::F64);
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
                    let step = elementwise::binary(self.cx, &elementwise::MUL, v, &Array::weak(h));
                    elementwise::binary(self.cx, &elementwise::ADD, a, &step)
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
                let d = elementwise::binary(self.cx, &elementwise::SUB, u, d);
                elementwise::binary(self.cx, &elementwise::DIV, &d, &Array::weak(self.step))
            })
            .collect();
        self.pending()?;
        Ok((values, differences))
    }

    fn close(&self, a: f64, b: f64) -> bool {
        let difference = (a - b).abs();
        difference < self.atol || difference < self.rtol * (a.abs() + b.abs())
    }

    /// Where a gradient differs most from differences along single elements, as the end of a message; `None` if the
    /// arguments are too large to try.
    fn locate(
        &self,
        f: &Function<'_>,
        args: &[Array],
        weights: &[Array],
        pulled: &[Array],
    ) -> Result<Option<String>, Error> {
        if args.iter().map(Array::size).sum::<usize>() > MOST_ELEMENTS {
            return Ok(None);
        }
        let mut worst: Option<(f64, String)> = None;
        for (k, x) in args.iter().enumerate() {
            let gradient = self.parts(&pulled[k])?;
            for (i, g) in gradient.iter().enumerate() {
                let along = |z: Complex64| -> Result<f64, Error> {
                    let unit = self.cx.engine.build::<Complex64>(x.shape(), |d| {
                        d.fill(Complex64::default());
                        d[i] = z;
                    });
                    let unit = Array::from(unit?);
                    let unit = if x.dtype().is_complex() { unit } else { complex::real(self.cx, &unit) };
                    let mut directions: Arrays =
                        args.iter().map(|a| crate::ops::zeros(self.cx, &crate::trace::Meta::of(a))).collect();
                    directions[k] = elementwise::astype(self.cx, &unit, x.dtype().inexact());
                    let (_, differences) = self.difference(f, args, &directions)?;
                    weights.iter().zip(&differences).map(|(w, d)| self.inner(w, d)).sum()
                };
                let re = along(Complex64::new(1.0, 0.0))?;
                let im = if x.dtype().is_complex() { -along(Complex64::new(0.0, 1.0))? } else { 0.0 };
                let numeric = Complex64::new(re, im);
                let difference = (g - numeric).norm();
                // NaN is the worst of all.
                if worst.as_ref().is_none_or(|w| difference > w.0 || difference.is_nan() && !w.0.is_nan()) {
                    let text = format!(
                        "; the largest difference is at {} of argument {k}: analytic {}, numeric {}",
                        index_text(i, x.shape()),
                        number_text(*g, x.dtype()),
                        number_text(numeric, x.dtype())
                    );
                    worst = Some((difference, text));
                }
            }
        }
        Ok(worst.map(|w| w.1))
    }

    /// The elements of an array.
    fn parts(&self, x: &Array) -> Result<Vec<Complex64>, Error> {
        let x = elementwise::astype(self.cx, x, DType::C128);
        let t = self.cx.tensor(&x)?;
        Ok(t.view::<Complex64>().iter().copied().collect())
    }

    fn compare_arrays(&self, path: &str, analytic: &Array, numeric: &Array) -> Result<(), Error> {
        if analytic.shape() != numeric.shape() {
            return Err(Error::check(format!(
                "{path} derivative: the tangent has shape {:?}, the result {:?}",
                analytic.shape(),
                numeric.shape()
            )));
        }
        if analytic.dtype() != numeric.dtype() {
            return Err(Error::check(format!(
                "{path} derivative: the tangent has dtype {}, the result {}",
                analytic.dtype().name(),
                numeric.dtype().name()
            )));
        }
        let scale = |x: &[Complex64]| x.iter().fold(0.0, |m: f64, z| m.max(z.norm()));
        let (a, n) = (self.parts(analytic)?, self.parts(numeric)?);
        // The error of a difference is that of the largest intermediate; one element alone has no scale.
        let allowed = 10.0 * self.atol.max(self.rtol * scale(&n));
        let mut worst: Option<(f64, usize)> = None;
        for (i, (x, y)) in a.iter().zip(&n).enumerate().filter(|(_, (x, y))| x.re != y.re || x.im != y.im) {
            let difference = if (x - y).norm().is_nan() { f64::INFINITY } else { (x - y).norm() };
            if worst.is_none_or(|w| difference > w.0) {
                worst = Some((difference, i));
            }
        }
        match worst {
            Some((difference, i)) if difference > allowed => Err(Error::check(format!(
                "{path} derivative: the largest difference is at {} of the result: analytic {}, numeric {}, difference \
                 {difference:.3e}",
                index_text(i, analytic.shape()),
                number_text(a[i], analytic.dtype()),
                number_text(n[i], analytic.dtype())
            ))),
            _ => Ok(()),
        }
    }
}

/// The index of an element: `[1, 2]`, or `[]` of a number.
fn index_text(mut i: usize, shape: &[usize]) -> String {
    let mut index = vec![0; shape.len()];
    for (k, &d) in index.iter_mut().zip(shape).rev() {
        *k = i % d;
        i /= d;
    }
    format!("{index:?}")
}

fn number_text(z: Complex64, dtype: DType) -> String {
    if dtype.is_complex() { format!("{:.15e}{:+.15e}j", z.re, z.im) } else { format!("{:.15e}", z.re) }
}

/// [`check_grads`] for every choice of one argument from each list (autograd's `combo_check`).
pub fn combo_check(cx: &Context, f: &Function<'_>, lists: &[Vec<Array>], options: Options) -> Result<(), Error> {
    let mut choice = vec![0; lists.len()];
    if lists.iter().any(Vec::is_empty) {
        return Err(Error::argument("a list of arguments is empty, so there is nothing to check"));
    }
    loop {
        let args: Arrays = choice.iter().zip(lists).map(|(&i, list)| list[i].clone()).collect();
        check_grads(cx, f, &args, options).map_err(|e| e.within(&format!("combination {choice:?}")))?;
        // The last list turns fastest.
        let Some(k) = (0..lists.len()).rev().find(|&k| choice[k] + 1 < lists[k].len()) else { return Ok(()) };
        choice[k] += 1;
        choice[k + 1..].fill(0);
    }
}
