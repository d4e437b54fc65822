//! Training loops and minimizers.

use super::callback::ag_function;
use super::tree_operators::ag_tree_function;
use super::{ag_array, ag_context, ag_tree, guard, guard_as};
use crate::error::{Error, Result};
use crate::operators::optimize::first_order::{self, Method, Options};
use crate::operators::optimize::{Outcome, Status, lbfgs, newton_cg, on_trees};
use crate::operators::tree::Tree;
use crate::operators::tree::derive::TreeFunction;
use crate::ops::elementwise::astype;
use crate::trace::{Array, Context};
use std::ffi::{CStr, c_char, c_void};

/// Gradient descent with momentum: v = mass v - (1 - mass) g; x = x + step_size v.
pub const AG_SGD: i32 = 0;
/// s = gamma s + (1 - gamma) g^2, from 1 on; x = x - step_size g / (sqrt(s) + eps).
pub const AG_RMSPROP: i32 = 1;
/// D. Kingma, J. Ba, Adam: a method for stochastic optimization (2015).
pub const AG_ADAM: i32 = 2;

/// The gradient is small enough.
pub const AG_STOP_GRADIENT: i32 = 0;
/// The last step changed little enough.
pub const AG_STOP_CHANGE: i32 = 1;
/// As many iterations as allowed.
pub const AG_STOP_ITERATIONS: i32 = 2;
/// As many evaluations as allowed.
pub const AG_STOP_EVALUATIONS: i32 = 3;
/// The callback wanted it.
pub const AG_STOP_CALLBACK: i32 = 4;
/// No step makes the value smaller: the precision is exhausted, or the gradient is wrong.
pub const AG_STOP_LINE_SEARCH: i32 = 5;
/// The value fell as far as a line search may look: the objective has no lower bound, it seems. What is returned is the
/// best point found.
pub const AG_STOP_UNBOUNDED: i32 = 6;

/// What a loop is to minimize: a function of the number of the step (for the choice of a batch) and of the parameters,
/// which are borrowed for the call. The result is real and has one element. As ag_function in everything else.
pub type ag_objective =
    Option<unsafe extern "C" fn(cx: *mut ag_context, i: usize, x: ag_tree, user: *mut c_void) -> ag_array>;

/// An iteration that is about to make its step.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_iteration {
    /// How long the struct is; grows with versions.
    pub struct_size: usize,
    pub iteration: usize,
    pub value: f64,
    /// Euclidean, over all leaves; of the projected gradient where there are bounds.
    pub gradient_norm: f64,
    /// The parameters, and the gradient in their form: borrowed for the call. Of a function of an array a leaf.
    pub x: ag_tree,
    pub gradient: ag_tree,
}

/// Called before each step. Another result than 0 stops the loop, and so does an error. As ag_function it runs in a
/// scope of its own; ag_tree_set hands what it makes to handles from outside.
pub type ag_iteration_function =
    Option<unsafe extern "C" fn(cx: *mut ag_context, iteration: *const ag_iteration, user: *mut c_void) -> i32>;

/// A method with its numbers. Set struct_size to sizeof(ag_optimizer_options) and everything that isn't used to 0, which
/// stands for the default (see ag_optimizer_defaults); of mass, gamma, b1, b2 and eps a negative number stands for 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_optimizer_options {
    pub struct_size: usize,
    /// AG_SGD, AG_RMSPROP or AG_ADAM.
    pub method: i32,
    /// Steps of ag_optimize.
    pub num_iters: usize,
    pub step_size: f64,
    /// Of AG_SGD.
    pub mass: f64,
    /// Of AG_RMSPROP.
    pub gamma: f64,
    /// Of AG_ADAM.
    pub b1: f64,
    pub b2: f64,
    /// Of AG_RMSPROP and AG_ADAM.
    pub eps: f64,
    /// Of ag_optimize; may be NULL.
    pub callback: ag_iteration_function,
    pub callback_user: *mut c_void,
}

/// When a minimizer stops. Set struct_size to sizeof(ag_minimize_options) and everything that isn't used to 0, which stands
/// for the default (see ag_minimize_defaults); of gtol, ftol and xtol a negative number never stops.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_minimize_options {
    pub struct_size: usize,
    pub max_iterations: usize,
    /// Evaluations of value and gradient.
    pub max_evaluations: usize,
    /// Stop where the largest element of the (projected) gradient is not above this.
    pub gtol: f64,
    /// L-BFGS: stop where a step makes the value smaller by no more than this times max(|value|, 1).
    pub ftol: f64,
    /// Newton-CG: stop where a step moves the variables by no more than this on average.
    pub xtol: f64,
    /// L-BFGS: steps remembered.
    pub memory: usize,
    /// L-BFGS: evaluations in one search along a line.
    pub max_line_search: usize,
    /// May be NULL.
    pub callback: ag_iteration_function,
    pub callback_user: *mut c_void,
}

/// How a loop ended. Set struct_size to sizeof(ag_minimize_result) before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_minimize_result {
    pub struct_size: usize,
    /// AG_STOP_GRADIENT and so on. The first two are what was wanted; the others are no errors either.
    pub status: i32,
    pub iterations: usize,
    /// Evaluations of value and gradient.
    pub evaluations: usize,
    /// Products with the Hessian.
    pub products: usize,
    /// The value at the result; of ag_optimize that at the beginning of the last step.
    pub value: f64,
    /// The norm there, see ag_iteration.
    pub gradient_norm: f64,
    /// The status in words. Valid forever.
    pub message: *const c_char,
}

fn method(code: i32) -> Result<Method> {
    match code {
        AG_SGD => Ok(Method::Sgd),
        AG_RMSPROP => Ok(Method::RmsProp),
        AG_ADAM => Ok(Method::Adam),
        _ => Err(Error::argument(format!("{code} is no method (AG_SGD to AG_ADAM)"))),
    }
}

fn message(status: Status) -> &'static CStr {
    match status {
        Status::Gradient => c"converged: the gradient is small enough",
        Status::Change => c"converged: the last step changed little enough",
        Status::Iterations => c"as many iterations as allowed",
        Status::Evaluations => c"as many evaluations as allowed",
        Status::Callback => c"stopped by the callback",
        Status::LineSearch => c"no step makes the value smaller",
        Status::Unbounded => c"the objective seems to be unbounded below",
    }
}

/// A struct whose first field says how long it is, at least as long as this version's.
///
/// # Safety
/// NULL, or as long as it says.
unsafe fn sized<T: Copy>(what: &str, p: *const T) -> Result<T> {
    // SAFETY: the caller's promise.
    let size = unsafe { p.cast::<usize>().as_ref() }.copied().unwrap_or(0);
    if p.is_null() {
        return Err(Error::argument(format!("the argument {what} is NULL")));
    }
    if size < size_of::<T>() {
        return Err(Error::argument(format!("struct_size of {what} is {size}, expected {}", size_of::<T>())));
    }
    // SAFETY: a whole struct, by its size.
    Ok(unsafe { p.read() })
}

/// Writes as much of a struct as the caller knows; `to` may be NULL.
///
/// # Safety
/// NULL, or `size` bytes may be written.
unsafe fn fill<T>(to: *mut T, size: usize, value: &T) {
    if !to.is_null() {
        // SAFETY: the caller's promise; no more than there is.
        unsafe {
            std::ptr::copy_nonoverlapping(std::ptr::from_ref(value).cast::<u8>(), to.cast(), size.min(size_of::<T>()));
        }
    }
}

impl ag_optimizer_options {
    fn new(method: Method) -> ag_optimizer_options {
        let o = Options::new(method);
        ag_optimizer_options {
            struct_size: size_of::<ag_optimizer_options>(),
            method: method as i32,
            num_iters: o.iterations,
            step_size: o.step_size,
            mass: o.mass,
            gamma: o.gamma,
            b1: o.b1,
            b2: o.b2,
            eps: o.eps,
            callback: None,
            callback_user: std::ptr::null_mut(),
        }
    }

    fn read(&self) -> Result<Options> {
        let default = Options::new(method(self.method)?);
        let or = |x: f64, default: f64| if x == 0.0 { default } else { x };
        let from_0 = |x: f64, default: f64| if x < 0.0 { 0.0 } else { or(x, default) };
        Ok(Options {
            iterations: if self.num_iters == 0 { default.iterations } else { self.num_iters },
            step_size: or(self.step_size, default.step_size),
            mass: from_0(self.mass, default.mass),
            gamma: from_0(self.gamma, default.gamma),
            b1: from_0(self.b1, default.b1),
            b2: from_0(self.b2, default.b2),
            eps: from_0(self.eps, default.eps),
            ..default
        })
    }
}

/// Fills in the defaults of a method, which are those of autograd.misc.optimizers: `size` is
/// sizeof(ag_optimizer_options).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_optimizer_defaults(
    cx: *mut ag_context,
    method: i32,
    options: *mut ag_optimizer_options,
    size: usize,
) {
    const NAME: &str = "ag_optimizer_defaults";
    guard_as(cx, NAME, (), |c| {
        if let Some(method) = c.check(NAME, self::method(method))
            && defaults_fit(c, NAME, options.is_null(), size)
        {
            let filled = ag_optimizer_options { struct_size: size, ..ag_optimizer_options::new(method) };
            // SAFETY: `size` bytes, the caller's promise.
            unsafe { fill(options, size, &filled) };
        }
    });
}

fn defaults_fit(c: &ag_context, name: &'static str, null: bool, size: usize) -> bool {
    let fits = !null && size >= size_of::<usize>();
    if !fits {
        let what = if null { "the argument options is NULL".to_string() } else { format!("size is {size}") };
        c.core.fail(Error::argument(what).within(name));
    }
    fits
}

/// The defaults of the minimizers, which are those of scipy.optimize.minimize: for L-BFGS-B, and xtol of Newton-CG.
/// `size` is sizeof(ag_minimize_options). (Newton-CG allows 200 iterations per variable and has gtol 0 there; here
/// both minimizers have these numbers.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_minimize_defaults(cx: *mut ag_context, options: *mut ag_minimize_options, size: usize) {
    guard(cx, (), |c| {
        if defaults_fit(c, "ag_minimize_defaults", options.is_null(), size) {
            // SAFETY: `size` bytes, the caller's promise.
            unsafe { fill(options, size, &ag_minimize_options { struct_size: size, ..DEFAULTS }) };
        }
    });
}

const DEFAULTS: ag_minimize_options = ag_minimize_options {
    struct_size: size_of::<ag_minimize_options>(),
    max_iterations: 15000,
    max_evaluations: 15000,
    gtol: 1e-5,
    ftol: 2.220_446_049_250_313e-9,
    xtol: 1e-5,
    memory: 10,
    max_line_search: 20,
    callback: None,
    callback_user: std::ptr::null_mut(),
};

impl ag_context {
    /// What a loop calls before each step: hands the iteration to the caller's function, and says whether to stop.
    fn watch(
        &self,
        name: &'static str,
        callback: ag_iteration_function,
        user: *mut c_void,
    ) -> Option<impl FnMut(usize, f64, f64, &Tree, &Tree) -> bool> {
        let callback = callback?;
        Some(move |iteration, value, gradient_norm, x: &Tree, gradient: &Tree| {
            let stop = self.inside_of(name, || {
                self.framed(|cx| {
                    let (x, gradient) = (self.put_tree(x.clone()), self.put_tree(gradient.clone()));
                    if self.core.failed() {
                        return None;
                    }
                    let struct_size = size_of::<ag_iteration>();
                    let seen = ag_iteration { struct_size, iteration, value, gradient_norm, x, gradient };
                    // SAFETY: the caller's function, with a live context, live handles and the caller's pointer.
                    Some(unsafe { callback(cx, &seen, user) } != 0)
                })
            });
            stop.unwrap_or(true)
        })
    }

    /// Writes what a loop came to.
    ///
    /// # Safety
    /// `result` is NULL or as long as it says.
    unsafe fn report(&self, result: *mut ag_minimize_result, o: &Outcome) {
        // SAFETY: the caller's promise.
        let Some(size) = (unsafe { result.cast::<usize>().as_ref() }).copied() else { return };
        let filled = ag_minimize_result {
            struct_size: size,
            status: o.status as i32,
            iterations: o.iterations,
            evaluations: o.evaluations,
            products: o.products,
            value: o.value,
            gradient_norm: o.gradient_norm,
            message: message(o.status).as_ptr(),
        };
        // SAFETY: as above.
        unsafe { fill(result, size, &filled) };
    }
}

/// Whether the place for a result is one, before the work.
///
/// # Safety
/// NULL, or as long as it says.
unsafe fn result_fits(result: *const ag_minimize_result) -> Result<()> {
    // SAFETY: the caller's promise.
    match unsafe { result.cast::<usize>().as_ref() } {
        Some(&size) if size < size_of::<usize>() => {
            let expected = size_of::<ag_minimize_result>();
            Err(Error::argument(format!("struct_size of result is {size}, expected {expected}")))
        }
        _ => Ok(()),
    }
}

/// The state of a method before its first step: a dict, which can be saved as any tree.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_optimizer_init(
    cx: *mut ag_context,
    x: ag_tree,
    options: *const ag_optimizer_options,
) -> ag_tree {
    const NAME: &str = "ag_optimizer_init";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        // SAFETY: the caller's promise.
        let options = unsafe { sized("options", options) }.and_then(|o| o.read());
        let Some((o, x)) = c.check(NAME, options).zip(c.get_tree(NAME, x)) else { return ag_tree::NULL };
        c.check(NAME, first_order::init(&c.core, o.method, &x)).map_or(ag_tree::NULL, |t| c.put_tree(t))
    })
}

/// A step: parameters `x` and `state` (of ag_optimizer_init, or of the step before) are replaced behind their handles,
/// as ag_tree_set does. The gradient is a tree like the parameters. Differentiable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_optimizer_update(
    cx: *mut ag_context,
    x: ag_tree,
    gradient: ag_tree,
    state: ag_tree,
    options: *const ag_optimizer_options,
) {
    const NAME: &str = "ag_optimizer_update";
    guard_as(cx, NAME, (), |c| {
        // SAFETY: the caller's promise.
        let options = unsafe { sized("options", options) }.and_then(|o| o.read());
        let Some(o) = c.check(NAME, options) else { return };
        let trees = [x, gradient, state].map(|t| c.get_tree(NAME, t));
        let [Some(old), Some(gradient), Some(before)] = trees else { return };
        let Some((new, after)) = c.check(NAME, first_order::update(&c.core, &o, &old, &gradient, &before)) else {
            return;
        };
        if !c.core.failed() {
            c.set_tree(NAME, x, new);
            c.set_tree(NAME, state, after);
        }
    });
}

/// A training loop: `num_iters` steps from `x0` on, a scope for each. Returns the last parameters; what else there is
/// to say goes to *result, which may be NULL. AG_ERR_VALUE if the objective is NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_optimize(
    cx: *mut ag_context,
    f: ag_objective,
    user: *mut c_void,
    x0: ag_tree,
    options: *const ag_optimizer_options,
    result: *mut ag_minimize_result,
) -> ag_tree {
    const NAME: &str = "ag_optimize";
    guard_as(cx, NAME, ag_tree::NULL, |c| {
        // SAFETY: the caller's promises.
        let options = unsafe { sized("options", options).and_then(|o| result_fits(result).map(|()| o)) };
        let Some(options) = c.check(NAME, options) else { return ag_tree::NULL };
        let Some((o, x0)) = c.check(NAME, options.read()).zip(c.get_tree(NAME, x0)) else { return ag_tree::NULL };
        let Some(f) = f else {
            c.core.fail(Error::argument("the function f is NULL").within(NAME));
            return ag_tree::NULL;
        };
        let objective = |_: &Context, i: usize, x: &Tree| {
            c.inside_of(NAME, || {
                c.framed(|cx| {
                    let x = c.put_tree(x.clone());
                    if c.core.failed() {
                        return None;
                    }
                    // SAFETY: the caller's function, with a live context, a live handle and the caller's pointer.
                    let y = unsafe { f(cx, i, x, user) };
                    if c.core.failed() {
                        return None;
                    }
                    let found = c.value(y);
                    found.map_err(|problem| c.wrong_result(y.bits, problem, None, "array")).ok()
                })
            })
        };
        let mut watch = c.watch(NAME, options.callback, options.callback_user);
        let watch = watch.as_mut().map(|w| w as &mut first_order::Watch<'_>);
        let found = first_order::optimize(&c.core, NAME, &objective, &x0, &o, watch);
        let Some((x, outcome)) = c.check(NAME, found).flatten() else { return ag_tree::NULL };
        // SAFETY: the caller's promise.
        unsafe { c.report(result, &outcome) };
        c.put_tree(x)
    })
}

/// Which minimizer.
enum Minimizer<'a> {
    Lbfgs { lower: Option<&'a Tree>, upper: Option<&'a Tree> },
    NewtonCg,
}

/// # Safety
/// `options` and `result` are NULL or as long as they say.
unsafe fn minimize(
    c: &ag_context,
    name: &'static str,
    f: &TreeFunction<'_>,
    x0: &Tree,
    minimizer: &Minimizer<'_>,
    options: *const ag_minimize_options,
    result: *mut ag_minimize_result,
) -> Option<Tree> {
    // SAFETY: the caller's promises.
    let fits = unsafe { result_fits(result) };
    c.check(name, fits)?;
    // SAFETY: the same.
    let o = if options.is_null() { Ok(DEFAULTS) } else { unsafe { sized("options", options) } };
    let o = c.check(name, o)?;
    let count = |n: usize, default: usize| if n == 0 { default } else { n };
    let or = |x: f64, default: f64| if x == 0.0 { default } else { x };
    let o = ag_minimize_options {
        max_iterations: count(o.max_iterations, DEFAULTS.max_iterations),
        max_evaluations: count(o.max_evaluations, DEFAULTS.max_evaluations),
        gtol: or(o.gtol, DEFAULTS.gtol),
        ftol: or(o.ftol, DEFAULTS.ftol),
        xtol: or(o.xtol, DEFAULTS.xtol),
        memory: count(o.memory, DEFAULTS.memory),
        max_line_search: count(o.max_line_search, DEFAULTS.max_line_search),
        ..o
    };
    if o.memory > 1000 {
        return c.check(name, Err(Error::argument(format!("memory is {}, at most 1000", o.memory))));
    }
    let mut watch = c.watch(name, o.callback, o.callback_user);
    let watch = watch.as_mut().map(|w| w as &mut first_order::Watch<'_>);
    let found = on_trees::minimize(&c.core, name, f, x0, watch, |problem, bounds, x, callback| match minimizer {
        Minimizer::Lbfgs { lower, upper } => {
            let o = lbfgs::Options {
                memory: o.memory,
                max_iterations: o.max_iterations,
                max_evaluations: o.max_evaluations,
                max_line_search: o.max_line_search,
                ftol: o.ftol,
                gtol: o.gtol,
            };
            if lower.is_none() && upper.is_none() {
                return lbfgs::minimize(problem, x, None, &o, callback);
            }
            let (lower, upper) = (bounds("lower", *lower)?, bounds("upper", *upper)?);
            crate::operators::optimize::check_bounds(&lower, &upper)?;
            lbfgs::minimize(problem, x, Some(&lbfgs::Bounds { lower: &lower, upper: &upper }), &o, callback)
        }
        Minimizer::NewtonCg => {
            let o = newton_cg::Options {
                max_iterations: o.max_iterations,
                max_evaluations: o.max_evaluations,
                xtol: o.xtol,
                gtol: o.gtol,
            };
            newton_cg::minimize(problem, x, &o, callback)
        }
    });
    let (x, outcome) = c.check(name, found)?;
    // SAFETY: as above.
    unsafe { c.report(result, &outcome) };
    Some(x)
}

/// A function of an array as one of a tree, and its starting point.
fn of_array<'a>(
    c: &'a ag_context,
    name: &'static str,
    f: ag_function,
    user: *mut c_void,
    x0: ag_array,
) -> Option<(Box<TreeFunction<'a>>, Tree)> {
    if f.is_none() {
        c.core.fail(Error::argument("the function f is NULL").within(name));
        return None;
    }
    let x0 = c.get(name, x0);
    if x0.is_null() {
        return None;
    }
    let x0 = astype(&c.core, &x0, x0.dtype().inexact());
    let function = c.function(name, f, user);
    let on_leaf = move |cx: &Context, args: &[Tree]| function(cx, args[0].leaves()).pop().map(Tree::from);
    Some((Box::new(on_leaf), x0.into()))
}

fn array(c: &ag_context, x: Option<Tree>) -> ag_array {
    let x: Option<Array> = x.and_then(|x| x.array().cloned());
    x.map_or(ag_array::NULL, |x| c.put(x))
}

/// Minimizes a function of one array from `x0` on with L-BFGS, within bounds: `lower` and `upper` broadcast to x0 and
/// have infinities where there is no bound; the null array for none at all (J. Nocedal, S. Wright, Numerical
/// Optimization; R. Byrd, P. Lu, J. Nocedal, C. Zhu, 1995). Returns the minimizer, a constant for derivatives; how the
/// search ended goes to *result. `options` and `result` may be NULL. Complex numbers are varied in both parts. A
/// search that doesn't converge is no error; a value that is NaN at the start, or at all points of a line, is
/// AG_ERR_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_minimize_lbfgs(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    x0: ag_array,
    lower: ag_array,
    upper: ag_array,
    options: *const ag_minimize_options,
    result: *mut ag_minimize_result,
) -> ag_array {
    const NAME: &str = "ag_minimize_lbfgs";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        let Some((f, x0)) = of_array(c, NAME, f, user, x0) else { return ag_array::NULL };
        let bound = |b: ag_array| (b.bits != 0).then(|| Tree::from(c.get(NAME, b)));
        let (lower, upper) = (bound(lower), bound(upper));
        if c.core.failed() {
            return ag_array::NULL;
        }
        let minimizer = Minimizer::Lbfgs { lower: lower.as_ref(), upper: upper.as_ref() };
        // SAFETY: the caller's promises.
        array(c, unsafe { minimize(c, NAME, &f, &x0, &minimizer, options, result) })
    })
}

/// Minimizes a function of one array with Newton's method and conjugate gradients, with exact products with the Hessian
/// (J. Nocedal, S. Wright, Numerical Optimization, algorithm 7.1). As ag_minimize_lbfgs in everything else.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_minimize_newton_cg(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    x0: ag_array,
    options: *const ag_minimize_options,
    result: *mut ag_minimize_result,
) -> ag_array {
    const NAME: &str = "ag_minimize_newton_cg";
    guard_as(cx, NAME, ag_array::NULL, |c| {
        let Some((f, x0)) = of_array(c, NAME, f, user, x0) else { return ag_array::NULL };
        // SAFETY: the caller's promises.
        array(c, unsafe { minimize(c, NAME, &f, &x0, &Minimizer::NewtonCg, options, result) })
    })
}

/// ag_minimize_lbfgs for a function of one tree; the bounds are trees of its structure, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_minimize_lbfgs(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    x0: ag_tree,
    lower: ag_tree,
    upper: ag_tree,
    options: *const ag_minimize_options,
    result: *mut ag_minimize_result,
) -> ag_tree {
    const NAME: &str = "ag_tree_minimize_lbfgs";
    on_tree(cx, NAME, f, x0, |c, x0| {
        let bound = |b: ag_tree| if b.bits == 0 { None } else { c.get_tree(NAME, b) };
        let (lower, upper) = (bound(lower), bound(upper));
        if c.core.failed() {
            return None;
        }
        let minimizer = Minimizer::Lbfgs { lower: lower.as_ref(), upper: upper.as_ref() };
        // SAFETY: the caller's promises.
        unsafe { minimize(c, NAME, &c.tree_function(NAME, f, user), x0, &minimizer, options, result) }
    })
}

/// ag_minimize_newton_cg for a function of one tree.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tree_minimize_newton_cg(
    cx: *mut ag_context,
    f: ag_tree_function,
    user: *mut c_void,
    x0: ag_tree,
    options: *const ag_minimize_options,
    result: *mut ag_minimize_result,
) -> ag_tree {
    const NAME: &str = "ag_tree_minimize_newton_cg";
    on_tree(cx, NAME, f, x0, |c, x0| {
        // SAFETY: the caller's promises.
        unsafe { minimize(c, NAME, &c.tree_function(NAME, f, user), x0, &Minimizer::NewtonCg, options, result) }
    })
}

fn on_tree(
    cx: *mut ag_context,
    name: &'static str,
    f: ag_tree_function,
    x0: ag_tree,
    run: impl FnOnce(&ag_context, &Tree) -> Option<Tree>,
) -> ag_tree {
    guard_as(cx, name, ag_tree::NULL, |c| {
        if f.is_none() {
            c.core.fail(Error::argument("the function f is NULL").within(name));
        }
        let x = c.get_tree(name, x0).and_then(|x0| run(c, &x0));
        x.map_or(ag_tree::NULL, |x| c.put_tree(x))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_library() {
        assert_eq!([Method::Sgd, Method::RmsProp, Method::Adam].map(|m| m as i32), [AG_SGD, AG_RMSPROP, AG_ADAM]);
        use Status::{Callback, Change, Evaluations, Gradient, Iterations, LineSearch, Unbounded};
        assert_eq!(
            [Gradient, Change, Iterations, Evaluations, Callback, LineSearch, Unbounded].map(|s| s as i32),
            [
                AG_STOP_GRADIENT,
                AG_STOP_CHANGE,
                AG_STOP_ITERATIONS,
                AG_STOP_EVALUATIONS,
                AG_STOP_CALLBACK,
                AG_STOP_LINE_SEARCH,
                AG_STOP_UNBOUNDED
            ]
        );
    }
}
