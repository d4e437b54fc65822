//! Values that are defined by equations: fixed points and roots. Their derivatives come from the implicit function theorem,
//! not from the iterations that found them, so that these cost no memory.
//!
//! For x = f(x, a) the tangents satisfy dx = f_x dx + f_a da, which is a fixed point again, of a linear function; the
//! cotangent of a is f_a^T w with w = g + f_x^T w (the fixed-point form in B. Christianson, Reverse accumulation and
//! attractive fixed points, Optimization Methods and Software 3, 1994). For f(x, a) = 0 they are f_x dx = -f_a da, and f_a^T w
//! with f_x^T w = -g. Rules are made of fixed points, solutions and derivatives of the function, each an operation with
//! rules of its own, so every order follows.

use super::again::of_unknown;
use super::checkpoint::{Stored, undisturbed, value};
use super::grad::{close, push_forward, record};
use super::jacobian::{Mode, jacobian};
use super::norm::{is_short, length};
use crate::array::DType;
use crate::error::{Error, Result};
use crate::kernels::lu;
use crate::kernels::memory::{collected, copied};
use crate::ops::elementwise::{self, astype, binary, unary};
use crate::ops::solve::solve;
use crate::ops::{accumulate, shape};
use crate::trace::{ALL, Array, Arrays, Context, Kept, Meta, Primitive, apply};
use smallvec::SmallVec;
use std::rc::Rc;

/// When an iteration ends.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// A step ends it whose length is at most this times one plus that of x.
    pub tolerance: f64,
    /// More steps without that are a failure.
    pub steps: usize,
}

impl Stop {
    /// The tolerance, or what the precision of `x` allows with some digits to spare.
    fn tolerance(&self, x: &Array) -> f64 {
        let epsilon = if x.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        if self.tolerance > 0.0 { self.tolerance } else { epsilon.powf(0.75) }
    }

    /// With the tolerance of single precision, unless one was asked for.
    pub fn or_single(self) -> Stop {
        let tolerance = if self.tolerance > 0.0 { self.tolerance } else { f64::from(f32::EPSILON).powf(0.75) };
        Stop { tolerance, ..self }
    }
}

type Args = SmallVec<[Array; 4]>;

/// Elements as numbers.
fn numbers(cx: &Context, x: &Array) -> Result<Vec<f64>> {
    if let Some(e) = cx.error() {
        return Err(e);
    }
    let t = cx.engine.contiguous(&cx.tensor(&astype(cx, x, DType::F64))?)?;
    copied(t.elements::<f64>())
}

fn check_real(args: &[Array], what: &str) -> Result<()> {
    if let Some(a) = args.iter().find(|a| a.dtype().is_complex()) {
        return Err(Error::dtype(format!("{what} takes real arrays, found {}", a.dtype().name())));
    }
    Ok(())
}

const UNKNOWN: &str = "its first argument";

/// x with x = f(x, a), by iteration from `args[0]` on; the other arguments are a.
pub fn fixed_point(cx: &Context, f: &Stored, args: &[Array], stop: Stop) -> Array {
    fixed_point_as(cx, "ag_fixed_point", f, args, stop)
}

/// The same, under another name.
pub fn fixed_point_as(cx: &Context, name: &'static str, f: &Stored, args: &[Array], stop: Stop) -> Array {
    let op = FixedPoint { name, f: of_unknown(name, UNKNOWN, f), nargs: args.len(), stop };
    apply(cx, &op, &args.iter().collect::<SmallVec<[&Array; 4]>>())
}

/// x with f(x, a) = 0, by Newton's method from `args[0]` on; the other arguments are a.
pub fn root(cx: &Context, f: &Stored, args: &[Array], stop: Stop) -> Array {
    root_as(cx, "ag_root", f, args, stop)
}

/// The same, under another name.
pub fn root_as(cx: &Context, name: &'static str, f: &Stored, args: &[Array], stop: Stop) -> Array {
    let op = Root { name, f: of_unknown(name, UNKNOWN, f), nargs: args.len(), stop };
    apply(cx, &op, &args.iter().collect::<SmallVec<[&Array; 4]>>())
}

/// Solution and parameters, as the function takes them.
fn at(kept: &Kept<'_>, nargs: usize) -> Args {
    let (args, ans) = kept.all(nargs);
    std::iter::once(&ans[0]).chain(&args[1..]).cloned().collect()
}

/// Cotangents of the arguments `argnums` of `f` at `args` for the cotangent `w` of its result; none for the first one.
fn pulled(cx: &Context, f: &Stored, args: &[Array], argnums: &[usize], w: &Array) -> SmallVec<[Array; 2]> {
    let wanted: SmallVec<[usize; 4]> = argnums.iter().copied().filter(|&k| k > 0).collect();
    let mut found = if wanted.is_empty() { Default::default() } else { pull(cx, f, args, &wanted, w) }.into_iter();
    argnums.iter().map(|&k| if k == 0 { Array::Null } else { found.next().unwrap_or_default() }).collect()
}

fn pull(cx: &Context, f: &Stored, args: &[Array], argnums: &[usize], w: &Array) -> Arrays {
    undisturbed(cx, || {
        let recorded = record(cx, &|cx, args| f(cx, args), args, argnums);
        let found =
            if cx.failed() { Array::nulls(argnums.len()) } else { recorded.pull(cx, std::slice::from_ref(w), true) };
        close(cx, recorded);
        found
    })
}

/// The tangent of the result of `f` at `args`, for those of the arguments `argnums`.
fn push(cx: &Context, name: &str, f: &Stored, args: &[Array], argnums: &[usize], ts: &[Array]) -> Array {
    undisturbed(cx, || push_forward(cx, name, &|cx, args| f(cx, args), args, argnums, ts).1.pop().unwrap_or_default())
}

#[derive(Clone)]
struct FixedPoint {
    name: &'static str,
    f: Stored,
    nargs: usize,
    stop: Stop,
}

impl Primitive for FixedPoint {
    fn name(&self) -> &str {
        self.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        check_real(args, "a fixed point")?;
        undisturbed(cx, || {
            let mut args: Args = args.into();
            args[0] = astype(cx, &args[0], args[0].dtype().inexact());
            let tolerance = self.stop.tolerance(&args[0]);
            let mut old = numbers(cx, &args[0])?;
            let mut step = f64::NAN;
            let mut taken = 0;
            while taken < self.stop.steps {
                taken += 1;
                let x = value(cx, &self.f, &args)?;
                let new = numbers(cx, &x)?;
                let change: Vec<f64> = collected(new.iter().zip(&old).map(|(x, y)| x - y))?;
                step = length(&change);
                if !step.is_finite() {
                    // An infinite step would be small beside what it leads to.
                    break;
                }
                args[0] = x;
                if is_short(&change, &new, tolerance) {
                    return Ok(std::mem::take(&mut args[0]));
                }
                old = new;
            }
            Err(Error::value(format!("no fixed point was reached in {taken} steps: the last one had length {step:e}")))
        })
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        if argnums == [0] {
            return SmallVec::from_iter([Array::Null]);
        }
        let solution = at(kept, self.nargs);
        let f = self.f.clone();
        // w = g + f_x^T w, as a function of w, g, x, a.
        let adjoint: Stored = Rc::new(move |cx: &Context, args: &[Array]| {
            let part = pull(cx, &f, &args[2..], &[0], &args[0]).pop().unwrap_or_default();
            SmallVec::from_iter([accumulate(cx, args[1].clone(), part)])
        });
        let args: Args = [&gs[0], &gs[0]].into_iter().chain(&solution).cloned().collect();
        let w = fixed_point_as(cx, self.name, &adjoint, &args, self.stop);
        pulled(cx, &self.f, &solution, argnums, &w)
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let solution = at(kept, self.nargs);
        let (argnums, ts) = but_the_first(argnums, ts);
        if argnums.is_empty() {
            return SmallVec::from_iter([Array::Null]);
        }
        let f = self.f.clone();
        let offset = push(cx, self.name, &f, &solution, &argnums, &ts);
        let name = self.name;
        // dx = f_x dx + f_a da, as a function of dx, f_a da, x, a.
        let tangent: Stored = Rc::new(move |cx: &Context, args: &[Array]| {
            let part = push(cx, name, &f, &args[2..], &[0], &args[..1]);
            SmallVec::from_iter([accumulate(cx, args[1].clone(), part)])
        });
        let args: Args = [&offset, &offset].into_iter().chain(&solution).cloned().collect();
        SmallVec::from_iter([fixed_point_as(cx, name, &tangent, &args, self.stop)])
    }
}

/// Without the first argument, from which nothing depends on where an iteration began.
fn but_the_first(argnums: &[usize], ts: &[Array]) -> (SmallVec<[usize; 4]>, Args) {
    argnums.iter().zip(ts).filter(|(k, _)| **k > 0).map(|(k, t)| (*k, t.clone())).unzip()
}

#[derive(Clone)]
struct Root {
    name: &'static str,
    f: Stored,
    nargs: usize,
    stop: Stop,
}

impl Root {
    /// f_x as a matrix.
    fn matrix(&self, cx: &Context, args: &[Array]) -> Array {
        let n = args[0].size();
        let j = undisturbed(cx, || jacobian(cx, &|cx, args| (self.f)(cx, args), args, 0, Mode::Automatic));
        if cx.failed() { Array::Null } else { shape::reshape(cx, &j, &[n, n]) }
    }
}

fn flat(cx: &Context, x: &Array) -> Array {
    shape::reshape(cx, x, &[x.size()])
}

impl Primitive for Root {
    fn name(&self) -> &str {
        self.name
    }

    /// Newton's method; steps are halved until the residual falls (J. Nocedal, S. J. Wright, Numerical Optimization, section
    /// 11.2).
    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        check_real(args, "a root")?;
        undisturbed(cx, || {
            let mut args: Args = args.into();
            args[0] = astype(cx, &args[0], args[0].dtype().inexact());
            let tolerance = self.stop.tolerance(&args[0]);
            let dims = args[0].shape().to_vec();
            let of = |args: &[Array]| -> Result<(Array, f64)> {
                let y = value(cx, &self.f, args)?;
                let norm = length(&numbers(cx, &y)?);
                Ok((y, norm))
            };
            let (mut y, mut residual) = of(&args)?;
            for _ in 0..self.stop.steps {
                if residual == 0.0 {
                    return Ok(std::mem::take(&mut args[0]));
                }
                let mut step = numbers(cx, &y)?;
                if !lu::solve(&mut numbers(cx, &self.matrix(cx, &args))?, &mut step) {
                    return Err(Error::value(format!(
                        "no root was found: the Jacobian is singular where the residual has length {residual:e}"
                    )));
                }
                // Close to the root the residual is rounding alone, and falls no more.
                let close = is_short(&step, &numbers(cx, &args[0])?, tolerance);
                let step: Array = cx.engine.build::<f64>(&dims, |d| d.copy_from_slice(&step))?.into();
                let step = astype(cx, &step, args[0].dtype());
                let x = args[0].clone();
                let mut fraction = 1.0;
                loop {
                    let part = binary(cx, &elementwise::MUL, &step, &Array::weak(fraction));
                    args[0] = binary(cx, &elementwise::SUB, &x, &part);
                    let (new, norm) = of(&args)?;
                    if norm < residual || close {
                        (y, residual) = (new, norm);
                        if close {
                            return Ok(std::mem::take(&mut args[0]));
                        }
                        break;
                    }
                    fraction /= 2.0;
                    if fraction < 1e-10 {
                        return Err(Error::value(format!(
                            "no root was found: no step from here makes the residual of length {residual:e} smaller"
                        )));
                    }
                }
            }
            Err(Error::value(format!(
                "no root was found in {} steps: the residual has length {residual:e}",
                self.stop.steps
            )))
        })
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        if argnums == [0] {
            return SmallVec::from_iter([Array::Null]);
        }
        let solution = at(kept, self.nargs);
        let g = unary(cx, &elementwise::NEG, &gs[0]);
        let w = solve(cx, &self.matrix(cx, &solution), &flat(cx, &g), true);
        let w = shape::reshape(cx, &w, solution[0].shape());
        pulled(cx, &self.f, &solution, argnums, &w)
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let solution = at(kept, self.nargs);
        let (argnums, ts) = but_the_first(argnums, ts);
        if argnums.is_empty() {
            return SmallVec::from_iter([Array::Null]);
        }
        let moved = push(cx, self.name, &self.f, &solution, &argnums, &ts);
        let x = solve(cx, &self.matrix(cx, &solution), &flat(cx, &unary(cx, &elementwise::NEG, &moved)), false);
        SmallVec::from_iter([shape::reshape(cx, &x, solution[0].shape())])
    }
}
