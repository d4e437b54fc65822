//! Differential operators on functions of trees: each calls the operator on functions of arrays, with the leaves.
//!
//! Differentiated are the real and complex leaves of the arguments asked for. Integers and booleans among them (sizes,
//! lists of positions, masks) reach the function as they are, and their part of a gradient is zeros.

use super::leaves::check_direction;
use super::{Form, Kind, Leaves, Tree, Trees};
use crate::error::{Error, Result};
use crate::operators::again::{Metas, alike_trees, insist, of_tree, same_tree};
use crate::operators::check::{Options, check_grads as check_on_leaves};
use crate::operators::checkpoint::{Stored, checkpoint_all, in_pieces};
use crate::operators::grad::{self, Recorded};
use crate::operators::{linear, tensor};
use crate::ops::{self, complex, create};
use crate::trace::{Array, Arrays, Context, Meta};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

/// A function of trees. `None`: it failed, and the context knows why.
pub type TreeFunction<'f> = dyn Fn(&Context, &[Tree]) -> Option<Tree> + 'f;
/// The same to be called again later.
pub type StoredTree = Rc<dyn Fn(&Context, &[Tree]) -> Option<Tree>>;

/// The leaves that are differentiated.
#[derive(Clone)]
pub struct Variables {
    /// Argument and number of the leaf.
    places: SmallVec<[(usize, usize); 8]>,
    pub values: Arrays,
}

impl Variables {
    pub fn of(args: &[Tree], argnums: &[usize]) -> Variables {
        let mut found = Variables { places: SmallVec::new(), values: Arrays::new() };
        for &k in argnums {
            for (i, x) in args[k].leaves.iter().enumerate().filter(|(_, x)| x.dtype().is_inexact()) {
                found.places.push((k, i));
                found.values.push(x.clone());
            }
        }
        found
    }

    fn all(&self) -> SmallVec<[usize; 8]> {
        (0..self.values.len()).collect()
    }

    /// The number that variable `j` has among the leaves of its argument.
    pub fn leaf(&self, j: usize) -> usize {
        self.places[j].1
    }

    /// The leaves at the same places of a tree like the one argument.
    pub fn pick(&self, tree: &Tree) -> Arrays {
        self.places.iter().map(|&(_, i)| tree.leaves[i].clone()).collect()
    }

    /// The arguments with other values for these leaves.
    pub fn put(&self, args: &[Tree], values: &[Array]) -> SmallVec<[Tree; 4]> {
        let mut args: SmallVec<[Tree; 4]> = args.into();
        for (&(k, i), x) in self.places.iter().zip(values) {
            args[k].leaves.make_mut()[i] = x.clone();
        }
        args
    }

    /// Trees like the arguments `argnums` with `found` at these leaves, and zeros at the others.
    pub fn trees(&self, cx: &Context, args: &[Tree], argnums: &[usize], found: Arrays) -> Option<Trees> {
        if cx.failed() {
            return None;
        }
        let mut found = found.into_iter();
        let mut pick = |x: &Array| match x.dtype().is_inexact() {
            true => found.next().unwrap_or_default(),
            false => ops::zeros(cx, &Meta::of(x)),
        };
        Some(argnums.iter().map(|&k| args[k].with(args[k].leaves.iter().map(&mut pick))).collect())
    }

    /// `f` as a function of these leaves; the form of its result goes to `form`.
    pub fn function<'a>(
        &'a self,
        f: &'a TreeFunction<'a>,
        args: &'a [Tree],
        form: &'a RefCell<Form>,
    ) -> impl Fn(&Context, &[Array]) -> Leaves + 'a {
        move |cx, values| match f(cx, &self.put(args, values)) {
            Some(result) if !cx.failed() => {
                form.replace(result.form.clone());
                result.into_leaves()
            }
            _ => Leaves::new(),
        }
    }
}

/// A function whose result is one array, whatever it is in: what has a gradient.
pub fn with_one_result<'a>(name: &'a str, f: &'a TreeFunction<'a>) -> impl Fn(&Context, &[Tree]) -> Option<Tree> + 'a {
    move |cx, args| {
        let result = f(cx, args)?;
        if result.leaves.len() != 1 {
            let what = result.form.describe();
            let e = Error::shape(format!(
                "only scalar functions have a gradient, this one returned {what} with {} arrays (try ag_tree_jacobian)",
                result.leaves.len()
            ));
            cx.fail(e.within(name));
            return None;
        }
        Some(result)
    }
}

/// Value and gradients with respect to the arguments `argnums`.
pub fn value_and_grads(
    cx: &Context,
    name: &str,
    f: &TreeFunction<'_>,
    args: &[Tree],
    argnums: &[usize],
) -> Option<(Array, Trees)> {
    let (variables, form) = (Variables::of(args, argnums), RefCell::default());
    let f = with_one_result(name, f);
    let f = variables.function(&f, args, &form);
    let (value, found) = grad::value_and_grads(cx, name, &f, &variables.values, &variables.all());
    Some((value, variables.trees(cx, args, argnums, found)?))
}

/// Gradient with respect to one argument.
pub fn grad(cx: &Context, name: &str, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    value_and_grads(cx, name, f, args, &[argnum])?.1.pop()
}

/// f'(z) of a holomorphic function: the gradient of its real part.
pub fn holomorphic_grad(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    let real = |cx: &Context, args: &[Tree]| f(cx, args).map(|y| super::leaves::map(&y, |y| complex::real(cx, y)));
    grad(cx, "ag_tree_holomorphic_grad", &real, args, argnum)
}

/// A call recorded as a linear map, from trees like one to trees like another.
pub struct Pullback {
    pub recorded: Recorded,
    from: Space,
    to: Space,
}

/// What a linear map takes or gives.
#[derive(Clone)]
struct Space {
    like: Tree,
    /// Of an argument real and complex leaves only, with zeros in place of the others; of a result all.
    argument: bool,
}

impl Space {
    fn argument(x: &Tree) -> Space {
        Space { like: x.clone(), argument: true }
    }

    fn result(y: &Tree) -> Space {
        Space { like: y.clone(), argument: false }
    }

    fn leaves(&self, t: &Tree) -> Arrays {
        if self.argument {
            Variables::of(std::slice::from_ref(&self.like), &[0]).pick(t)
        } else {
            t.leaves.iter().cloned().collect()
        }
    }

    fn tree(&self, cx: &Context, found: Arrays) -> Option<Tree> {
        if cx.failed() {
            return None;
        }
        if !self.argument {
            return Some(self.like.with(found));
        }
        let args = std::slice::from_ref(&self.like);
        Variables::of(args, &[0]).trees(cx, args, &[0], found)?.pop()
    }
}

/// A tree of the values of a call's results.
fn results(cx: &Context, form: &RefCell<Form>, values: impl Iterator<Item = Array>) -> Tree {
    if cx.failed() { Tree::from(Array::Null) } else { Tree::new(form.take(), values) }
}

/// Calls `f` with an argument boxed: products with the Jacobian from the left, and the value, one level down. Close the
/// level when done, also where this fails.
pub fn record(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> (Tree, Pullback) {
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let recorded = grad::record(cx, &variables.function(f, args, &form), &variables.values, &variables.all());
    grad::check_any_differentiable(cx, "ag_tree_make_vjp", recorded.values());
    let value = results(cx, &form, recorded.values().cloned());
    let (from, to) = (Space::result(&value), Space::argument(&args[argnum]));
    (value, Pullback { recorded, from, to })
}

/// The value of `f`, and products with its Jacobian from the right, as [`linear::make_jvp`].
pub fn make_jvp(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<(Tree, Pullback)> {
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let f = variables.function(f, args, &form);
    let (values, recorded) = linear::make_jvp(cx, &f, &variables.values, &variables.all());
    let value = results(cx, &form, values.into_iter());
    let (from, to) = (Space::argument(&args[argnum]), Space::result(&value));
    recorded.map(|recorded| (value, Pullback { recorded, from, to }))
}

/// The gradient of `f`, and products with its Hessian, as [`linear::make_hvp`].
pub fn make_hvp(
    cx: &Context,
    name: &str,
    f: &TreeFunction<'_>,
    args: &[Tree],
    argnum: usize,
) -> Option<(Tree, Pullback)> {
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let f = with_one_result(name, f);
    let f = variables.function(&f, args, &form);
    let (found, recorded) = linear::make_hvp(cx, &f, &variables.values, &variables.all());
    let space = Space::argument(&args[argnum]);
    let gradient = space.tree(cx, found);
    recorded.map(|recorded| (gradient.unwrap_or_default(), Pullback { recorded, from: space.clone(), to: space }))
}

impl Pullback {
    fn pull(&self, cx: &Context, gs: &[Array], consume: bool) -> Option<Tree> {
        let found = self.recorded.pull(cx, gs, consume);
        grad::settle(cx, found.iter());
        self.to.tree(cx, found.into_iter().map(grad::normal).collect())
    }

    /// The product with a tree, which must be like what the map takes.
    pub fn product(&self, cx: &Context, t: &Tree) -> Result<Option<Tree>> {
        check_direction(if self.from.argument { "the vector" } else { "the cotangent" }, &self.from.like, t)?;
        Ok(self.pull(cx, &self.from.leaves(t), false))
    }
}

/// The sums of the Jacobian's columns, over all leaves of the result.
pub fn elementwise_grad(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    let (value, pullback) = record(cx, f, args, argnum);
    let mut result = None;
    if value.leaves.iter().any(|y| y.dtype().is_complex()) {
        let e = Error::dtype("only functions with real output have an element-wise gradient");
        cx.fail(e.within("ag_tree_elementwise_grad"));
    } else if !cx.failed() {
        let ones: Arrays = value.leaves.iter().map(|y| create::full(cx, y.dtype(), y.shape(), 1.0)).collect();
        result = pullback.pull(cx, &ones, true);
    }
    grad::close(cx, pullback.recorded);
    result
}

/// Gradient of the first item of a function's result, which has two, and both items.
pub fn grad_and_aux(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<(Tree, Tree, Array)> {
    const NAME: &str = "ag_tree_grad_and_aux";
    let (values, pullback) = record(cx, f, args, argnum);
    let result = (|| {
        if cx.failed() {
            return None;
        }
        let form = values.form();
        let pair = matches!(form.kind(), Kind::Tuple | Kind::List) && form.len() == 2;
        let first = pair.then(|| values.item(0).ok()?.array().cloned()).flatten();
        let Some(value) = first else {
            let e = Error::value(format!(
                "expected a function that returns a tuple of an array and of what else is wanted, this one returned {}",
                form.describe()
            ));
            cx.fail(e.within(NAME));
            return None;
        };
        if !grad::check_scalar(cx, NAME, &value) {
            return None;
        }
        let mut gs: Arrays = Array::nulls(values.leaves.len());
        gs[0] = create::full(cx, value.dtype(), value.shape(), 1.0);
        let gradient = pullback.pull(cx, &gs, true)?;
        let aux = values.item(1).ok()?;
        grad::settle(cx, std::iter::once(&value).chain(aux.leaves.iter()));
        Some((gradient, super::leaves::map(&aux, |x| grad::normal(x.clone())), grad::normal(value)))
    })();
    grad::close(cx, pullback.recorded);
    if cx.failed() { None } else { result }
}

/// Value, and tangent along a tangent of one argument.
pub fn jvp(
    cx: &Context,
    f: &TreeFunction<'_>,
    args: &[Tree],
    argnum: usize,
    tangent: &Tree,
) -> Result<Option<(Tree, Tree)>> {
    check_direction("the tangent", &args[argnum], tangent)?;
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let tangents = Space::argument(&args[argnum]).leaves(tangent);
    let f = variables.function(f, args, &form);
    let (values, found) = grad::push_forward(cx, "ag_tree_jvp", &f, &variables.values, &variables.all(), &tangents);
    grad::check_any_differentiable(cx, "ag_tree_jvp", values.iter());
    if cx.failed() {
        return Ok(None);
    }
    let form = form.take();
    Ok(Some((Tree::new(form.clone(), values), Tree::new(form, found))))
}

/// The tangent of the result for a tangent of ones: the derivative, for a function that works element by element.
pub fn deriv(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    let ones = |x: &Array| create::full(cx, x.dtype().inexact(), x.shape(), 1.0);
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let ones: Arrays = variables.values.iter().map(ones).collect();
    let f = variables.function(f, args, &form);
    let (values, found) = grad::push_forward(cx, "ag_tree_deriv", &f, &variables.values, &variables.all(), &ones);
    grad::check_any_differentiable(cx, "ag_tree_deriv", values.iter());
    if cx.failed() { None } else { Some(results(cx, &form, found.into_iter())) }
}

/// The Hessian with respect to the arguments `argnums` together, times `vs`, of which each is like its argument: forward
/// over reverse.
pub fn hvps(
    cx: &Context,
    name: &str,
    f: &TreeFunction<'_>,
    args: &[Tree],
    argnums: &[usize],
    vs: &[Tree],
) -> Result<Option<Trees>> {
    for (&k, v) in argnums.iter().zip(vs) {
        check_direction("the vector", &args[k], v)?;
    }
    let (variables, form) = (Variables::of(args, argnums), RefCell::default());
    let f = with_one_result(name, f);
    let vs: Arrays = argnums.iter().zip(vs).flat_map(|(&k, v)| Space::argument(&args[k]).leaves(v)).collect();
    let f = variables.function(&f, args, &form);
    let found = grad::hvps(cx, &f, &variables.values, &variables.all(), &vs);
    Ok(variables.trees(cx, args, argnums, found))
}

/// The same with respect to one.
pub fn hvp(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize, v: &Tree) -> Result<Option<Tree>> {
    Ok(hvps(cx, "ag_tree_hvp", f, args, &[argnum], std::slice::from_ref(v))?.and_then(|mut t| t.pop()))
}

/// J^T H J v, with J the Jacobian of `f` with respect to an argument and H the Hessian of `g` at the result of `f`.
pub fn ggnvp(
    cx: &Context,
    f: &TreeFunction<'_>,
    g: &TreeFunction<'_>,
    args: &[Tree],
    argnum: usize,
    v: &Tree,
) -> Result<Option<Tree>> {
    const NAME: &str = "ag_tree_ggnvp";
    check_direction("the vector", &args[argnum], v)?;
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let g = with_one_result(NAME, g);
    // The same function is called for its tangent and for its cotangent.
    let f = alike_trees(NAME, f);
    let inner = variables.function(&f, args, &form);
    let outer = |cx: &Context, ys: &[Array]| {
        let y = Tree::new(form.borrow().clone(), ys.iter().cloned());
        g(cx, &[y]).map_or_else(Leaves::new, Tree::into_leaves)
    };
    let all = variables.all();
    let found = tensor::ggnvps(cx, &inner, &outer, &variables.values, &all, &Space::argument(&args[argnum]).leaves(v));
    Ok(variables.trees(cx, args, &[argnum], found).and_then(|mut t| t.pop()))
}

/// `f(args)`, keeping the arguments only, as [`crate::operators::checkpoint`] says.
pub fn checkpoint(cx: &Context, f: &StoredTree, args: &[Tree]) -> Option<Tree> {
    const NAME: &str = "ag_tree_checkpoint";
    let form: Rc<RefCell<Option<(Form, Metas)>>> = Rc::default();
    let (forms, f, seen): (Vec<Form>, _, _) = (args.iter().map(|t| t.form.clone()).collect(), f.clone(), form.clone());
    let stored: Stored = Rc::new(move |cx: &Context, leaves: &[Array]| {
        let mut start = 0;
        let args: Vec<Tree> = forms
            .iter()
            .map(|form| {
                start += form.count();
                Tree::new(form.clone(), leaves[start - form.count()..start].iter().cloned())
            })
            .collect();
        let Some(result) = f(cx, &args).filter(|_| !cx.failed()) else { return Leaves::new() };
        let mut seen = seen.borrow_mut();
        let before = seen.get_or_insert_with(|| of_tree(&result));
        if !insist(cx, NAME, same_tree(before, &result)) {
            return Leaves::new();
        }
        result.into_leaves()
    });
    let leaves: Vec<Array> = args.iter().flat_map(|t| t.leaves.iter().cloned()).collect();
    let found = checkpoint_all(cx, &stored, &leaves);
    let form = form.borrow().as_ref().map(|seen| seen.0.clone());
    if cx.failed() { None } else { form.map(|form| Tree::new(form, found)) }
}

/// A step of a loop: its number and the arguments, of which the first is the state.
pub type TreeStep = Rc<dyn Fn(&Context, usize, &[Tree]) -> Option<Tree>>;

/// A loop over a state that is a tree, as [`crate::operators::checkpoint::checkpoint_loop`].
pub fn checkpoint_loop(cx: &Context, step: &TreeStep, args: &[Tree], steps: usize) -> Option<Tree> {
    in_pieces(cx, step, args, steps, |piece, args| checkpoint(cx, &piece, args))
}

/// Compares derivatives with respect to all real and complex leaves of all arguments with differences.
pub fn check_grads(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], options: Options) -> Result<()> {
    let all: SmallVec<[usize; 4]> = (0..args.len()).collect();
    let (variables, form) = (Variables::of(args, &all), RefCell::default());
    let f = alike_trees("ag_tree_check_grads", f);
    check_on_leaves(cx, &variables.function(&f, args, &form), &variables.values, options)
}
