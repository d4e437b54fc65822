//! Gradients and directional derivatives of functions. Each operator may be used inside a function that is itself being
//! differentiated.

use crate::array::{Shape, dims::same, shape};
use crate::error::{Error, Result};
use crate::ops::{self, complex, create, elementwise};
use crate::trace::sweep::pull_back;
use crate::trace::{Array, Arrays, Context, Meta, NO_NODE, Tape};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

/// A function of several arrays with several results.
pub type Function<'f> = dyn Fn(&Context, &[Array]) -> SmallVec<[Array; 1]> + 'f;

/// Boxes a value on an open tape. Integers become `float64`: a derivative with respect to them is asked for.
pub fn box_on(cx: &Context, level: u64, x: &Array) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    let x = if x.dtype().is_inexact() { x.clone() } else { elementwise::astype(cx, x, x.dtype().inexact()) };
    let Some(tape) = cx.trace.level(level).and_then(|l| l.tape) else {
        return cx.fail(Error::tape("the tape has ended").within("ag_box"));
    };
    if x.level(&cx.trace) > level {
        return cx.fail(Error::tape("the value is recorded on a tape begun after this one").within("ag_box"));
    }
    let x = match x {
        Array::Number { value, .. } => Array::from(value),
        // Already on this tape: a new input.
        x => x.layer(level).map_or(x, |(_, primal)| primal),
    };
    // A number that has a name is recorded as any other, once the name has been found by it.
    let named = cx.watcher().is_some().then(|| x.clone());
    let x = normal(x);
    let node = match &x {
        Array::Number { .. } => tape.borrow_mut().push_number([NO_NODE; 2], [0.0; 2]),
        x => {
            let mut tape = tape.borrow_mut();
            let mut input = tape.blank();
            input.metas.push(Meta::of(x));
            tape.push(input)
        }
    };
    if let (Some(watcher), Some(node)) = (cx.watcher(), node) {
        watcher.boxed(named.as_ref().unwrap_or(&x), &tape, node);
    }
    match node {
        Some(node) => Array::boxed(level, node, x),
        None => cx.fail(Error::memory("the tape is full: it holds 2^32 nodes at most").within("ag_box")),
    }
}

/// The cotangents of `xs` on an open tape for the cotangent `g` of `y`; without `g`, the gradients of the scalar `y`.
pub fn pull_on(cx: &Context, name: &str, level: u64, y: &Array, g: Option<Array>, xs: &[Array]) -> Arrays {
    let Some(tape): Option<Rc<RefCell<Tape>>> = cx.trace.level(level).and_then(|l| l.tape) else {
        cx.fail(Error::tape("the tape has ended").within(name));
        return Arrays::new();
    };
    let (mut nodes, mut metas): (SmallVec<[u32; 8]>, SmallVec<[Meta; 8]>) = Default::default();
    for (i, x) in xs.iter().enumerate() {
        let Some(((node, _), primal)) = x.layer(level) else {
            cx.fail(Error::tape(format!("array {i} of xs is not recorded on this tape")).within(name));
            return Arrays::new();
        };
        nodes.push(node);
        metas.push(Meta::of(&primal));
    }
    let (seeds, value): (SmallVec<[(u32, Array); 1]>, Array) = match y.layer(level) {
        None if !check_differentiable(cx, name, y) => return Arrays::new(),
        None => (SmallVec::new(), y.clone()),
        Some(((node, _), primal)) => {
            let g = match g {
                Some(g) => {
                    let meta = Meta::of(&primal);
                    if let Err(e) = check_direction("the cotangent", &g, "the result", &meta) {
                        cx.fail(e.within(name));
                        return Arrays::new();
                    }
                    ops::unbroadcast(cx, g, &meta)
                }
                None if !check_scalar(cx, name, &primal) => return Arrays::new(),
                None => create::full(cx, primal.dtype(), primal.shape(), 1.0),
            };
            (smallvec::smallvec![(node, g)], primal)
        }
    };
    let found = pull_back(cx, &tape, &seeds, &nodes, false);
    let grads = finish(cx, found, &metas);
    settle(cx, std::iter::once(&value).chain(&grads));
    if cx.failed() { Arrays::new() } else { grads }
}

/// A call recorded on a tape of its own.
pub struct Recorded {
    pub level: u64,
    tape: Rc<RefCell<Tape>>,
    /// Nodes of the arguments differentiated.
    inputs: SmallVec<[u32; 8]>,
    /// The arguments, for zeros like them.
    metas: SmallVec<[Meta; 8]>,
    /// Node of each result, `None` if it doesn't depend on the tape, and its value one level down.
    results: SmallVec<[(Option<u32>, Array); 1]>,
}

/// Calls `f` with the arguments `argnums` boxed. Close the level when done, also after a failure.
pub fn record(cx: &Context, f: &Function<'_>, args: &[Array], argnums: &[usize]) -> Recorded {
    let mark = 0u8;
    let level = cx.trace.open_at(true, std::ptr::from_ref(&mark) as usize);
    let tape = cx.trace.level(level).and_then(|l| l.tape).expect("just opened");
    let mut boxed: SmallVec<[Array; 4]> = args.into();
    let (mut inputs, mut metas) = (SmallVec::new(), SmallVec::new());
    for &k in argnums {
        boxed[k] = box_on(cx, level, &args[k]);
        if let Some(((node, _), primal)) = boxed[k].layer(level) {
            inputs.push(node);
            metas.push(Meta::of(&primal));
        }
    }
    let mut results = SmallVec::new();
    if !cx.failed() {
        for y in f(cx, &boxed) {
            results.push(match y.layer(level) {
                Some(((node, _), primal)) => (Some(node), primal),
                None => (None, y),
            });
        }
    }
    Recorded { level, tape, inputs, metas, results }
}

impl Recorded {
    /// The values of the results.
    pub fn values(&self) -> impl Iterator<Item = &Array> + Clone {
        self.results.iter().map(|r| &r.1)
    }

    /// The results' value, of a function with one.
    pub fn value(&self) -> Array {
        self.results.first().map(|r| r.1.clone()).unwrap_or_default()
    }

    /// Elements of the largest array on the tape.
    pub fn largest(&self) -> usize {
        self.tape.borrow().largest()
    }

    /// Cotangents of the arguments from those of the results (of their shapes). Zeros, and the context's flag, where
    /// nothing depends on an argument.
    pub fn pull(&self, cx: &Context, gs: &[Array], consume: bool) -> Arrays {
        let seeds: SmallVec<[(u32, Array); 2]> = self
            .results
            .iter()
            .zip(gs)
            .filter(|(_, g)| !g.is_null())
            .filter_map(|((node, y), g)| node.map(|n| (n, ops::unbroadcast(cx, g.clone(), &Meta::of(y)))))
            .collect();
        let found = pull_back(cx, &self.tape, &seeds, &self.inputs, consume);
        finish(cx, found, &self.metas)
    }
}

/// Zeros for what nothing depends on.
pub fn finish(cx: &Context, found: Arrays, metas: &[Meta]) -> Arrays {
    cx.independent.set(found.iter().any(Array::is_null));
    if cx.failed() {
        return Array::nulls(metas.len());
    }
    found.into_iter().zip(metas).map(|(g, meta)| if g.is_null() { ops::zeros(cx, meta) } else { g }).collect()
}

/// Computes several values together: value and gradient share most of their work.
pub fn settle<'a>(cx: &Context, values: impl Iterator<Item = &'a Array>) {
    let pending = values.filter_map(|v| match v {
        Array::Plain(t) if !t.is_ready() => Some(t),
        _ => None,
    });
    if let Err(e) = cx.engine.force_all(pending) {
        cx.fail(e);
    }
}

/// A pending number that was computed becomes a number.
pub fn normal(x: Array) -> Array {
    match x {
        Array::Plain(t) => Array::from(t),
        x => x,
    }
}

/// A function with one result.
pub fn one(f: impl Fn(&Context, &[Array]) -> Array) -> impl Fn(&Context, &[Array]) -> SmallVec<[Array; 1]> {
    move |cx, args| smallvec::smallvec![f(cx, args)]
}

/// Whether `y` has a derivative: a floating or complex result. Else an error of `name`: booleans and integers are
/// piecewise constant, and zeros in their place would hide that nothing is differentiated.
pub fn check_differentiable(cx: &Context, name: &str, y: &Array) -> bool {
    if cx.failed() {
        return false;
    }
    if !y.dtype().is_inexact() {
        let e =
            format!("only floating or complex results have a derivative, this function returned {}", y.dtype().name());
        cx.fail(Error::dtype(e).within(name));
        return false;
    }
    true
}

/// The same of several results, of which one at least has a derivative.
pub fn check_any_differentiable<'a>(cx: &Context, name: &str, mut ys: impl Iterator<Item = &'a Array> + Clone) {
    if let Some(first) = ys.clone().next()
        && !ys.any(|y| y.dtype().is_inexact())
    {
        check_differentiable(cx, name, first);
    }
}

/// Whether `y` has a gradient: real, one element. Else an error of `name`.
pub fn check_scalar(cx: &Context, name: &str, y: &Array) -> bool {
    if !check_differentiable(cx, name, y) {
        return false;
    }
    if y.dtype().is_complex() {
        let e = Error::dtype(format!(
            "only real functions have a gradient, this one returned {} (try ag_holomorphic_grad or ag_jacobian)",
            y.dtype().name()
        ));
        cx.fail(e.within(name));
        return false;
    }
    if y.size() != 1 {
        let e = Error::shape(format!(
            "only scalar functions have a gradient, this one returned shape {} (try ag_jacobian or \
             ag_elementwise_grad)",
            crate::array::shape::Show(y.shape())
        ));
        cx.fail(e.within(name));
        return false;
    }
    true
}

/// Value and gradients with respect to the arguments `argnums`.
pub fn value_and_grads(
    cx: &Context,
    name: &str,
    f: &Function<'_>,
    args: &[Array],
    argnums: &[usize],
) -> (Array, Arrays) {
    let recorded = record(cx, f, args, argnums);
    let value = recorded.value();
    let mut grads = Arrays::new();
    if check_scalar(cx, name, &value) {
        let seed = create::full(cx, value.dtype(), value.shape(), 1.0);
        grads = recorded.pull(cx, &[seed], true);
    }
    close(cx, recorded);
    settle(cx, std::iter::once(&value).chain(&grads));
    if cx.failed() {
        return (Array::Null, Array::nulls(argnums.len()));
    }
    (normal(value), grads.into_iter().map(normal).collect())
}

/// Ends the level of a recorded call.
pub fn close(cx: &Context, recorded: Recorded) {
    let level = recorded.level;
    drop(recorded);
    cx.trace.close(level);
}

/// Gradient with respect to one argument.
pub fn grad(cx: &Context, name: &str, f: &Function<'_>, args: &[Array], argnum: usize) -> Array {
    value_and_grads(cx, name, f, args, &[argnum]).1.pop().unwrap_or_default()
}

/// The sums of the Jacobian's columns: the derivative, for a function that works element by element.
pub fn elementwise_grad(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize) -> Array {
    let recorded = record(cx, f, args, &[argnum]);
    let value = recorded.value();
    let mut result = Array::Null;
    if check_differentiable(cx, "ag_elementwise_grad", &value) {
        if value.dtype().is_complex() {
            let e = Error::dtype("only functions with real output have an element-wise gradient");
            cx.fail(e.within("ag_elementwise_grad"));
        } else {
            let seed = create::full(cx, value.dtype(), value.shape(), 1.0);
            result = recorded.pull(cx, &[seed], true).pop().unwrap_or_default();
        }
    }
    close(cx, recorded);
    settle(cx, std::iter::once(&result));
    normal(result)
}

/// f'(z) of a holomorphic function: the gradient of its real part.
pub fn holomorphic_grad(cx: &Context, f: &Function<'_>, args: &[Array], argnum: usize) -> Array {
    let real = one(|cx: &Context, args: &[Array]| complex::real(cx, &f(cx, args).pop().unwrap_or_default()));
    grad(cx, "ag_holomorphic_grad", &real, args, argnum)
}

/// Values and tangents of `f` along `tangents` of the arguments `argnums`.
pub fn jvp(cx: &Context, f: &Function<'_>, args: &[Array], argnums: &[usize], tangents: &[Array]) -> (Arrays, Arrays) {
    let (values, tangents) = push_forward(cx, "ag_jvp", f, args, argnums, tangents);
    check_any_differentiable(cx, "ag_jvp", values.iter());
    if cx.failed() { Default::default() } else { (values, tangents) }
}

/// Whether a cotangent or a tangent, `what`, has the form of `whose` value. The precision may be another one, but what is
/// real has no use for an imaginary part.
pub fn check_direction(what: &str, t: &Array, whose: &str, value: &Meta) -> Result<()> {
    if !same(t.shape(), &value.shape) {
        let (found, expected) = (shape_of(t), shape::Show(&value.shape));
        return Err(Error::shape(format!("{what} has shape {found}, {whose} {expected}")));
    }
    if t.dtype().is_complex() && !value.dtype.is_complex() {
        let (found, expected) = (t.dtype().name(), value.dtype.name());
        return Err(Error::dtype(format!(
            "{what} has dtype {found}, {whose} {expected}: its imaginary part has no use"
        )));
    }
    Ok(())
}

/// The same, with errors of `name`.
pub fn push_forward(
    cx: &Context,
    name: &str,
    f: &Function<'_>,
    args: &[Array],
    argnums: &[usize],
    tangents: &[Array],
) -> (Arrays, Arrays) {
    let level = cx.trace.open(false);
    let mut boxed: SmallVec<[Array; 4]> = args.into();
    for (&k, t) in argnums.iter().zip(tangents) {
        let x = &args[k];
        let x = if x.dtype().is_inexact() { x.clone() } else { elementwise::astype(cx, x, x.dtype().inexact()) };
        if !cx.failed()
            && let Err(e) = check_direction("the tangent", t, &format!("argument {k}"), &Meta::of(&x))
        {
            cx.fail(e.within(name));
        }
        let t = ops::broadcast_tangent(cx, t, &x);
        boxed[k] = Array::dual(level, t, x);
    }
    let (mut values, mut out) = (Arrays::new(), Arrays::new());
    if !cx.failed() {
        for y in f(cx, &boxed) {
            let (t, primal) = match y.layer(level) {
                Some(((_, t), primal)) => (t, primal),
                None => (Array::Null, y),
            };
            cx.independent.set(t.is_null());
            out.push(if t.is_null() && !cx.failed() { ops::zeros(cx, &tangent_meta(&primal)) } else { t });
            values.push(primal);
        }
    }
    cx.trace.close(level);
    settle(cx, values.iter().chain(&out));
    (values.into_iter().map(normal).collect(), out.into_iter().map(normal).collect())
}

fn tangent_meta(x: &Array) -> Meta {
    Meta { dtype: x.dtype().inexact(), shape: Shape::from_slice(x.shape()) }
}

fn shape_of(x: &Array) -> String {
    crate::array::shape::Show(x.shape()).to_string()
}

/// Products of the Hessian over the arguments `argnums` with `vs`: forward over reverse.
pub fn hvps(cx: &Context, f: &Function<'_>, args: &[Array], argnums: &[usize], vs: &[Array]) -> Arrays {
    let gradients =
        |cx: &Context, args: &[Array]| value_and_grads(cx, "ag_hvp", f, args, argnums).1.into_iter().collect();
    push_forward(cx, "ag_hvp", &gradients, args, argnums, vs).1
}
