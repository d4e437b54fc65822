//! Values that equations define, as trees: fixed points, roots, solutions of differential equations.
//!
//! The unknown is one vector for the operators on arrays, the leaves of the other arguments are arguments of their own. So
//! derivatives are with respect to every leaf, and integers among the leaves of the others reach the function as they are.
//! Those of the unknown are where a real number begins, and become `float64`.

use super::derive::StoredTree;
use super::leaves::{check_like, flatten_as, unflatten_as};
use super::{Form, Leaves, Tree};
use crate::array::{DType, Shape};
use crate::error::{Error, Result, excerpt};
use crate::operators::checkpoint::Stored;
use crate::operators::implicit::{self, Stop};
use crate::operators::odeint::{self, Options};
use crate::ops::{elementwise, shape};
use crate::trace::{Array, Context, Meta};
use std::rc::Rc;

/// The unknown as a vector.
struct Unknown {
    form: Form,
    metas: Vec<Meta>,
    dtype: DType,
}

impl Unknown {
    fn of(what: &str, x: &Tree) -> Result<Unknown> {
        if let Some(i) = x.leaves.iter().position(|x| x.dtype().is_complex()) {
            let path = x.form.path(i);
            let place = if path.is_empty() { path } else { format!(" at {}", excerpt(&path)) };
            let found = x.leaves[i].dtype().name();
            return Err(Error::dtype(format!("{what} takes real arrays, found {found}{place}")));
        }
        let inexact = |x: &Array| Meta { dtype: x.dtype().inexact(), shape: Shape::from_slice(x.shape()) };
        let metas: Vec<Meta> = x.leaves.iter().map(inexact).collect();
        let dtype = metas.iter().map(|m| m.dtype).reduce(DType::promote).unwrap_or(DType::F64);
        Ok(Unknown { form: x.form.clone(), metas, dtype })
    }

    /// Whether some leaf has digits for a coarse tolerance only, though the vector has more.
    fn is_coarse(&self) -> bool {
        self.metas.iter().any(|m| m.dtype == DType::F32)
    }

    /// `f` as a function of the vector and of the leaves of the other arguments, whose forms these are.
    fn function(self: &Rc<Self>, name: &'static str, f: &StoredTree, forms: Vec<Form>) -> Stored {
        let (unknown, f) = (self.clone(), f.clone());
        Rc::new(move |cx: &Context, flat: &[Array]| {
            let x = Tree::new(unknown.form.clone(), unflatten_as(cx, name, &unknown.metas, &flat[0]));
            let mut rest = &flat[1..];
            let mut args = vec![x];
            for form in &forms {
                let (leaves, others) = rest.split_at(form.count());
                args.push(Tree::new(form.clone(), leaves.iter().cloned()));
                rest = others;
            }
            if cx.failed() {
                return Leaves::new();
            }
            let Some(y) = f(cx, &args).filter(|_| !cx.failed()) else { return Leaves::new() };
            if let Err(e) = unknown.check(&args[0], &y) {
                cx.fail(e.within(name));
                return Leaves::new();
            }
            Leaves::from_iter([flatten_as(cx, &y.leaves, unknown.dtype)])
        })
    }

    fn check(&self, x: &Tree, y: &Tree) -> Result<()> {
        check_like("the result of the function", x, y)?;
        match y.leaves.iter().find(|y| y.dtype().is_complex()) {
            Some(_) => Err(Error::dtype("the function returned complex numbers for a real unknown")),
            None => Ok(()),
        }
    }

    fn flat(&self, cx: &Context, x: &Tree) -> Array {
        flatten_as(cx, &x.leaves, self.dtype)
    }
}

/// An iteration on trees: the unknown is the first argument.
fn iterate(
    cx: &Context,
    name: &'static str,
    what: &str,
    f: &StoredTree,
    args: &[Tree],
    stop: Stop,
    run: impl FnOnce(&Context, &'static str, &Stored, &[Array], Stop) -> Array,
) -> Result<Option<Tree>> {
    let (x, others) = args.split_first().expect("there is an unknown");
    let unknown = Rc::new(Unknown::of(what, x)?);
    let stored = unknown.function(name, f, others.iter().map(|t| t.form.clone()).collect());
    let leaves = others.iter().flat_map(|t| t.leaves.iter().cloned());
    let all: Vec<Array> = std::iter::once(unknown.flat(cx, x)).chain(leaves).collect();
    let found = run(cx, name, &stored, &all, if unknown.is_coarse() { stop.or_single() } else { stop });
    let leaves = unflatten_as(cx, name, &unknown.metas, &found);
    Ok(if cx.failed() { None } else { Some(x.with(leaves)) })
}

/// x with x = f(x, a), from `args[0]` on; f returns a tree like x.
pub fn fixed_point(
    cx: &Context,
    name: &'static str,
    f: &StoredTree,
    args: &[Tree],
    stop: Stop,
) -> Result<Option<Tree>> {
    iterate(cx, name, "a fixed point", f, args, stop, implicit::fixed_point_as)
}

/// x with f(x, a) = 0, from `args[0]` on; f returns a tree like x.
pub fn root(cx: &Context, name: &'static str, f: &StoredTree, args: &[Tree], stop: Stop) -> Result<Option<Tree>> {
    iterate(cx, name, "a root", f, args, stop, implicit::root_as)
}

/// How a differential equation is solved.
pub enum Method {
    Adaptive(Options),
    /// With this number of steps from each time to the next.
    Rk4(usize),
}

/// The solution at the times `t`: a tree like `y0` whose leaves have an axis more, in front.
pub fn odeint(
    cx: &Context,
    name: &'static str,
    f: &StoredTree,
    y0: &Tree,
    t: &Array,
    args: &[Tree],
    method: Method,
) -> Result<Option<Tree>> {
    let unknown = Rc::new(Unknown::of("a state", y0)?);
    let forms = std::iter::once(Form::default()).chain(args.iter().map(|t| t.form.clone())).collect();
    let stored = unknown.function(name, f, forms);
    let leaves: Vec<Array> = args.iter().flat_map(|t| t.leaves.iter().cloned()).collect();
    let flat = unknown.flat(cx, y0);
    let found = match method {
        Method::Adaptive(options) => {
            let options = if unknown.is_coarse() { options.or_single() } else { options };
            odeint::odeint_as(cx, name, &stored, &flat, t, &leaves, options)
        }
        Method::Rk4(steps) => odeint::rk4_as(cx, name, &stored, &flat, t, &leaves, steps),
    };
    let mut start = 0;
    let mut parts = Leaves::new();
    for meta in &unknown.metas {
        if cx.failed() {
            return Ok(None);
        }
        let n = meta.shape.iter().product();
        let part = shape::slice_axis(cx, &found, 1, start, n);
        let part = shape::reshape(cx, &part, &shape::behind(t.size(), &meta.shape));
        parts.push(elementwise::astype(cx, &part, meta.dtype));
        start += n;
    }
    Ok(if cx.failed() { None } else { Some(y0.with(parts)) })
}
