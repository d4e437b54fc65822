//! `sgd`, `rmsprop` and `adam` of `autograd.misc.optimizers`, with its formulas and defaults, over the leaves of trees.
//!
//! The state of a method is a tree as well, so that it can be kept in a file. Updates are written with the library's
//! operations: a loop of them can be differentiated. Complex parameters go along the conjugate of their gradient, and
//! its magnitude is what is squared. Integer and boolean leaves stay as they are.

use super::{Outcome, Status, not_a_number};
use crate::array::{DType, Shape};
use crate::error::Result;
use crate::operators::grad::settle;
use crate::operators::tree::derive::{self, TreeFunction};
use crate::operators::tree::leaves::{check_like, dot};
use crate::operators::tree::{Form, Kind, Tree};
use crate::ops::{complex, create, elementwise};
use crate::trace::{Array, Context};

/// The methods. The numbers are those of the C constants `AG_SGD` to `AG_ADAM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Method {
    /// v = mass v - (1 - mass) g; x = x + step v.
    Sgd = 0,
    /// s = gamma s + (1 - gamma) g^2, from 1 on; x = x - step g / (sqrt(s) + eps).
    RmsProp = 1,
    /// D. Kingma, J. Ba, Adam: a method for stochastic optimization (2015).
    Adam = 2,
}

/// The numbers of a method, and how many steps a loop makes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub method: Method,
    pub iterations: usize,
    pub step_size: f64,
    pub mass: f64,
    pub gamma: f64,
    pub b1: f64,
    pub b2: f64,
    pub eps: f64,
}

impl Options {
    /// autograd's defaults.
    pub fn new(method: Method) -> Options {
        let (iterations, step_size) = match method {
            Method::Sgd => (200, 0.1),
            Method::RmsProp => (100, 0.1),
            Method::Adam => (100, 0.001),
        };
        Options { method, iterations, step_size, mass: 0.9, gamma: 0.9, b1: 0.9, b2: 0.999, eps: 1e-8 }
    }
}

/// A part of a method's state.
struct Part {
    key: &'static str,
    /// What its elements are at first; `None` for one number, how many steps were made.
    first: Option<f64>,
    /// Whether it is real where the parameters are complex.
    real: bool,
}

impl Method {
    /// By ascending keys, as in a dict.
    fn parts(self) -> &'static [Part] {
        match self {
            Method::Sgd => &[Part { key: "velocity", first: Some(0.0), real: false }],
            Method::RmsProp => &[Part { key: "square", first: Some(1.0), real: true }],
            Method::Adam => &[
                Part { key: "iteration", first: None, real: true },
                Part { key: "mean", first: Some(0.0), real: false },
                Part { key: "square", first: Some(0.0), real: true },
            ],
        }
    }
}

/// The state before the first step.
pub fn init(cx: &Context, method: Method, x: &Tree) -> Result<Tree> {
    let filled = |value: f64, real: bool| {
        x.with(x.leaves().iter().map(|x| {
            let dtype = if real && x.dtype().is_complex() { x.dtype().real() } else { x.dtype() };
            create::full(cx, dtype, &Shape::from_slice(x.shape()), value)
        }))
    };
    let part = |part: &Part| match part.first {
        Some(value) => filled(value, part.real),
        None => Array::from(0.0).into(),
    };
    Tree::dict(method.parts().iter().map(|p| (p.key.into(), part(p))).collect())
}

/// Whether a state is one of this method for parameters like `x`, without making one.
fn fits(method: Method, x: &Tree, state: &Tree) -> bool {
    let (parts, form) = (method.parts(), state.form());
    let (number, n) = (Form::default(), x.leaves().len());
    let mut start = 0;
    form.kind() == Kind::Dict
        && form.len() == parts.len()
        && parts.iter().enumerate().all(|(i, part)| {
            let (like, count) = if part.first.is_some() { (x.form(), n) } else { (&number, 1) };
            let leaves = state.leaves().get(start..start + count).unwrap_or_default();
            start += count;
            let shapes = || leaves.iter().zip(x.leaves()).all(|(s, x)| s.shape() == x.shape());
            form.key(i) == Some(part.key)
                && form.item(i).is_some_and(|item| like.difference(item).is_none())
                && if part.first.is_some() { shapes() } else { leaves.iter().all(|s| s.ndim() == 0) }
        })
}

/// a x + b y, in the precision of the arrays.
fn blend(cx: &Context, a: f64, x: &Array, b: f64, y: &Array) -> Array {
    let x = elementwise::binary(cx, &elementwise::MUL, x, &Array::weak(a));
    elementwise::binary(cx, &elementwise::ADD, &x, &elementwise::binary(cx, &elementwise::MUL, y, &Array::weak(b)))
}

/// x - step y / (sqrt(s) + eps).
fn descend(cx: &Context, x: &Array, step: f64, y: &Array, s: &Array, eps: f64) -> Array {
    let scale =
        elementwise::binary(cx, &elementwise::ADD, &elementwise::unary(cx, &elementwise::SQRT, s), &Array::weak(eps));
    let y = elementwise::binary(cx, &elementwise::DIV, y, &scale);
    elementwise::binary(cx, &elementwise::SUB, x, &elementwise::binary(cx, &elementwise::MUL, &y, &Array::weak(step)))
}

/// |g|^2, real.
fn squared(cx: &Context, g: &Array) -> Array {
    if !g.dtype().is_complex() {
        return elementwise::unary(cx, &elementwise::SQUARE, g);
    }
    complex::real(cx, &elementwise::binary(cx, &elementwise::MUL, &complex::conj(cx, g), g))
}

/// Parameters and state after a step along the gradient.
pub fn update(cx: &Context, o: &Options, x: &Tree, gradient: &Tree, state: &Tree) -> Result<(Tree, Tree)> {
    check_like("the gradient", x, gradient)?;
    if !fits(o.method, x, state) {
        check_like("the state", &init(cx, o.method, x)?, state)?;
    }
    let (n, old) = (x.leaves().len(), state.leaves());
    // Copies that share the leaves, of which those that change are replaced.
    let (mut moved_tree, mut new_tree) = (x.clone(), state.clone());
    let (moved, new) = (moved_tree.leaves_mut(), new_tree.leaves_mut());
    let mut number = 0.0;
    if o.method == Method::Adam {
        let iteration = cx.tensor(&elementwise::astype(cx, &old[0].plain(), DType::F64))?;
        number = iteration.first::<f64>() + 1.0;
        new[0] = Array::from(number);
    }
    for i in (0..n).filter(|&i| x.leaves()[i].dtype().is_inexact()) {
        let (x, g) = (&x.leaves()[i], complex::conj(cx, &gradient.leaves()[i]));
        match o.method {
            Method::Sgd => {
                new[i] = blend(cx, o.mass, &old[i], o.mass - 1.0, &g);
                moved[i] = blend(cx, 1.0, x, o.step_size, &new[i]);
            }
            Method::RmsProp => {
                new[i] = blend(cx, o.gamma, &old[i], 1.0 - o.gamma, &squared(cx, &g));
                moved[i] = descend(cx, x, o.step_size, &g, &new[i], o.eps);
            }
            Method::Adam => {
                let (mean, square) = (1 + i, 1 + n + i);
                new[mean] = blend(cx, o.b1, &old[mean], 1.0 - o.b1, &g);
                new[square] = blend(cx, o.b2, &old[square], 1.0 - o.b2, &squared(cx, &g));
                let unbiased = |x: &Array, b: f64| {
                    elementwise::binary(cx, &elementwise::DIV, x, &Array::weak(1.0 - b.powf(number)))
                };
                let (m, s) = (unbiased(&new[mean], o.b1), unbiased(&new[square], o.b2));
                moved[i] = descend(cx, x, o.step_size, &m, &s, o.eps);
            }
        }
    }
    settle(cx, moved.iter().chain(new.iter()));
    Ok((moved_tree, new_tree))
}

/// What the callback of a loop sees, before the step: iteration, value, norm of the gradient, parameters, gradient.
/// Returns whether to stop.
pub type Watch<'w> = dyn FnMut(usize, f64, f64, &Tree, &Tree) -> bool + 'w;

/// `iterations` steps from `x0` on. `f` gets the number of the step and the parameters.
pub fn optimize(
    cx: &Context,
    name: &str,
    f: &dyn Fn(&Context, usize, &Tree) -> Option<Array>,
    x0: &Tree,
    o: &Options,
    mut watch: Option<&mut Watch<'_>>,
) -> Result<Option<(Tree, Outcome)>> {
    let (mut x, mut state) = (x0.clone(), init(cx, o.method, x0)?);
    let (mut value, mut gradient_norm) = (f64::NAN, f64::NAN);
    for k in 0..=o.iterations {
        let ended = |status, value, gradient_norm| Outcome {
            status,
            iterations: k,
            evaluations: k,
            products: 0,
            value,
            gradient_norm,
        };
        if k == o.iterations {
            return Ok(Some((x, ended(Status::Iterations, value, gradient_norm))));
        }
        let function: &TreeFunction<'_> = &|cx: &Context, args: &[Tree]| f(cx, k, &args[0]).map(Tree::from);
        let Some((y, mut gradients)) = derive::value_and_grads(cx, name, function, std::slice::from_ref(&x), &[0])
        else {
            return Ok(None);
        };
        let gradient = gradients.pop().unwrap_or_default();
        value = number(cx, &y)?;
        if value.is_nan() {
            return Err(not_a_number(k));
        }
        if watch.is_some() || k + 1 == o.iterations {
            gradient_norm = number(
                cx,
                &elementwise::unary(cx, &elementwise::SQRT, &dot(cx, gradient.leaves(), gradient.leaves())),
            )?;
        }
        if let Some(watch) = watch.as_deref_mut() {
            let stop = watch(k, value, gradient_norm, &x, &gradient);
            if cx.failed() {
                return Ok(None);
            }
            if stop {
                return Ok(Some((x, Outcome { evaluations: k + 1, ..ended(Status::Callback, value, gradient_norm) })));
            }
        }
        (x, state) = update(cx, o, &x, &gradient, &state)?;
        if cx.failed() {
            return Ok(None);
        }
    }
    unreachable!("the loop ends inside")
}

fn number(cx: &Context, x: &Array) -> Result<f64> {
    let x = elementwise::astype(cx, &x.plain(), DType::F64);
    Ok(cx.tensor(&x)?.first::<f64>())
}
