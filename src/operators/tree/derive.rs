//! Differential operators on functions of trees: each calls the operator on functions of arrays, with the leaves.
//!
//! Differentiated are the real and complex leaves of the arguments asked for. Integers and booleans among them (sizes,
//! lists of positions, masks) reach the function as they are, and their part of a gradient is zeros.

use super::leaves::{check_like, flatten_as, unflatten_as};
use super::{Form, Kind, Leaves, Tree};
use crate::array::{DType, Shape};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::operators::check::{Options, check_grads as check_on_leaves};
use crate::operators::checkpoint::{Stored, checkpoint_all};
use crate::operators::grad::{self, Arrays, Recorded};
use crate::operators::jacobian as of_arrays;
use crate::ops::{self, complex, create, elementwise as rows, shape};
use crate::trace::{Array, Meta};
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

    /// The leaves at the same places of a tree like the one argument.
    pub fn pick(&self, tree: &Tree) -> Arrays {
        self.places.iter().map(|&(_, i)| tree.leaves[i].clone()).collect()
    }

    /// The arguments with other values for these leaves.
    pub fn put(&self, args: &[Tree], values: &[Array]) -> SmallVec<[Tree; 4]> {
        let mut args: SmallVec<[Tree; 4]> = args.into();
        for (&(k, i), x) in self.places.iter().zip(values) {
            args[k].leaves[i] = x.clone();
        }
        args
    }

    /// Trees like the arguments `argnums` with `found` at these leaves, and zeros at the others.
    pub fn trees(&self, cx: &Context, args: &[Tree], argnums: &[usize], found: Arrays) -> Option<Vec<Tree>> {
        if cx.failed() {
            return None;
        }
        let mut found = found.into_iter();
        let mut pick = |x: &Array| match x.dtype().is_inexact() {
            true => found.next().unwrap_or_default(),
            false => ops::zeros(cx, &Meta::of(x)),
        };
        Some(argnums.iter().map(|&k| args[k].with(args[k].leaves.iter().map(&mut pick).collect())).collect())
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
                *form.borrow_mut() = result.form;
                result.leaves
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
) -> Option<(Array, Vec<Tree>)> {
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

/// A call recorded for products with its Jacobian from the left.
pub struct Pullback {
    pub recorded: Recorded,
    /// The result, one level down.
    pub value: Tree,
    args: Vec<Tree>,
    argnum: usize,
}

/// Calls `f` with an argument boxed. Close the level when done, also where this fails.
pub fn record(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Pullback {
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let recorded = grad::record(cx, &variables.function(f, args, &form), &variables.values, &variables.all());
    let value = if cx.failed() {
        Tree::from(Array::Null)
    } else {
        Tree::new(form.take(), recorded.values().cloned().collect())
    };
    Pullback { recorded, value, args: args.into(), argnum }
}

impl Pullback {
    /// The cotangent of the argument for cotangents of the result's leaves (null for zero).
    pub fn pull(&self, cx: &Context, gs: &[Array], consume: bool) -> Option<Tree> {
        let argnums = [self.argnum];
        let found = self.recorded.pull(cx, gs, consume);
        grad::settle(cx, found.iter());
        let found = found.into_iter().map(grad::normal).collect();
        Variables::of(&self.args, &argnums).trees(cx, &self.args, &argnums, found)?.pop()
    }

    /// The cotangent of the argument for one of the result, which must be like the result.
    pub fn vjp(&self, cx: &Context, g: &Tree) -> Result<Option<Tree>> {
        check_like("the cotangent", &self.value, g)?;
        Ok(self.pull(cx, &g.leaves, false))
    }
}

/// The sums of the Jacobian's columns, over all leaves of the result.
pub fn elementwise_grad(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    let pullback = record(cx, f, args, argnum);
    let mut result = None;
    if pullback.value.leaves.iter().any(|y| y.dtype().is_complex()) {
        let e = Error::dtype("only functions with real output have an element-wise gradient");
        cx.fail(e.within("ag_tree_elementwise_grad"));
    } else if !cx.failed() {
        let ones: Arrays = pullback.value.leaves.iter().map(|y| create::full(cx, y.dtype(), y.shape(), 1.0)).collect();
        result = pullback.pull(cx, &ones, true);
    }
    grad::close(cx, pullback.recorded);
    result
}

/// Gradient of the first item of a function's result, which has two, and both items.
pub fn grad_and_aux(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<(Tree, Tree, Array)> {
    const NAME: &str = "ag_tree_grad_and_aux";
    let pullback = record(cx, f, args, argnum);
    let result = (|| {
        if cx.failed() {
            return None;
        }
        let form = &pullback.value.form;
        let pair = matches!(form.kind(), Kind::Tuple | Kind::List) && form.len() == 2;
        let first = pair.then(|| pullback.value.item(0).ok()?.array().cloned()).flatten();
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
        let mut gs: Arrays = Array::nulls(pullback.value.leaves.len());
        gs[0] = create::full(cx, value.dtype(), value.shape(), 1.0);
        let gradient = pullback.pull(cx, &gs, true)?;
        let aux = pullback.value.item(1).ok()?;
        grad::settle(cx, std::iter::once(&value).chain(&aux.leaves));
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
    check_like("the tangent", &args[argnum], tangent)?;
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let tangents: Arrays = variables.pick(tangent);
    let f = variables.function(f, args, &form);
    let (values, found) = grad::push_forward(cx, "ag_tree_jvp", &f, &variables.values, &variables.all(), &tangents);
    if cx.failed() {
        return Ok(None);
    }
    let form = form.take();
    Ok(Some((Tree::new(form.clone(), values.into_iter().collect()), Tree::new(form, found.into_iter().collect()))))
}

/// The Hessian with respect to one argument times `v`: forward over reverse.
pub fn hvp(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize, v: &Tree) -> Result<Option<Tree>> {
    check_like("the vector", &args[argnum], v)?;
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let f = with_one_result("ag_tree_hvp", f);
    let vs: Arrays = variables.pick(v);
    let f = variables.function(&f, args, &form);
    let found = grad::hvps(cx, &f, &variables.values, &variables.all(), &vs);
    Ok(variables.trees(cx, args, &[argnum], found).and_then(|mut t| t.pop()))
}

/// The Jacobian with respect to one argument: a tree like the result with, for each leaf, a tree like the argument,
/// whose leaves have the axes of the result's leaf, then those of the argument's.
pub fn jacobian(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    let variables = Variables::of(args, &[argnum]);
    let x = &args[argnum];
    // One Jacobian of vectors for the real leaves and one for the complex ones: they mean different derivatives.
    let mut blocks: Vec<Option<Array>> = Vec::new();
    let mut outside: Option<(Form, Vec<Meta>)> = None;
    for is_complex in [false, true] {
        let group: SmallVec<[usize; 8]> =
            variables.all().into_iter().filter(|&j| variables.values[j].dtype().is_complex() == is_complex).collect();
        let last = is_complex && outside.is_none();
        if group.is_empty() && !last {
            continue;
        }
        let members: Arrays = group.iter().map(|&j| variables.values[j].clone()).collect();
        let metas: Vec<Meta> = members.iter().map(Meta::of).collect();
        let dtype = metas.iter().map(|m| m.dtype).reduce(DType::promote).unwrap_or(DType::F64);
        let seen: RefCell<Option<(Form, Vec<Meta>)>> = RefCell::new(None);
        let flat_function = grad::one(|cx: &Context, flat: &[Array]| {
            let mut values = variables.values.clone();
            for (&j, part) in group.iter().zip(unflatten_as(cx, "ag_tree_jacobian", &metas, &flat[0])) {
                values[j] = part;
            }
            let Some(y) = f(cx, &variables.put(args, &values)).filter(|_| !cx.failed()) else { return Array::Null };
            let found: Vec<Meta> = y.leaves.iter().map(Meta::of).collect();
            let dtype = found.iter().map(|m| m.dtype).reduce(DType::promote).unwrap_or(DType::F64);
            *seen.borrow_mut() = Some((y.form, found));
            flatten_as(cx, &y.leaves, dtype.inexact())
        });
        let flat = flatten_as(cx, &members, dtype);
        let matrix = of_arrays::jacobian(cx, &flat_function, &[flat], 0, of_arrays::Mode::Automatic);
        let (form, results) = seen.take().filter(|_| !cx.failed())?;
        blocks.resize(results.len() * x.leaves.len(), None);
        let mut row = 0;
        for (i, y) in results.iter().enumerate() {
            let rows_of = y.shape.iter().product::<usize>();
            let part = shape::slice_axis(cx, &matrix, 0, row, rows_of);
            row += rows_of;
            let mut column = 0;
            for (&j, m) in group.iter().zip(&metas) {
                let columns = m.shape.iter().product::<usize>();
                let block = shape::slice_axis(cx, &part, 1, column, columns);
                column += columns;
                let block = shape::reshape(cx, &block, &outer(&y.shape, &m.shape));
                let dtype = if y.dtype.is_complex() { m.dtype.complex() } else { m.dtype };
                blocks[i * x.leaves.len() + variables.places[j].1] = Some(rows::astype(cx, &block, dtype));
            }
        }
        outside = Some((form, results));
    }
    let (form, results) = outside?;
    let leaves = blocks.into_iter().enumerate().map(|(k, block)| {
        block.unwrap_or_else(|| {
            let (y, x) = (&results[k / x.leaves.len()], &x.leaves[k % x.leaves.len()]);
            let dtype = x.dtype().inexact();
            ops::zeros(cx, &Meta { dtype, shape: outer(&y.shape, x.shape()) })
        })
    });
    let leaves: Leaves = leaves.collect();
    grad::settle(cx, leaves.iter());
    let form = match form.graft(&x.form) {
        Ok(form) => form,
        Err(e) => {
            cx.fail(e.within("ag_tree_jacobian"));
            return None;
        }
    };
    if cx.failed() { None } else { Some(Tree::new(form, leaves.into_iter().map(grad::normal).collect())) }
}

fn outer(a: &[usize], b: &[usize]) -> Shape {
    a.iter().chain(b).copied().collect()
}

/// The Hessian with respect to one argument: a tree like the argument of trees like the argument.
pub fn hessian(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    let gradient = |cx: &Context, args: &[Tree]| grad(cx, "ag_tree_hessian", f, args, argnum);
    jacobian(cx, &gradient, args, argnum)
}

/// `f(args)`, keeping the arguments only, as [`crate::operators::checkpoint`] says.
pub fn checkpoint(cx: &Context, f: &StoredTree, args: &[Tree]) -> Option<Tree> {
    let form = Rc::new(RefCell::new(Form::default()));
    let (forms, f, seen): (Vec<Form>, _, _) = (args.iter().map(|t| t.form.clone()).collect(), f.clone(), form.clone());
    let stored: Stored = Rc::new(move |cx: &Context, leaves: &[Array]| {
        let mut start = 0;
        let args: Vec<Tree> = forms
            .iter()
            .map(|form| {
                start += form.count();
                Tree::new(form.clone(), leaves[start - form.count()..start].into())
            })
            .collect();
        let Some(result) = f(cx, &args).filter(|_| !cx.failed()) else { return Leaves::new() };
        *seen.borrow_mut() = result.form;
        result.leaves
    });
    let leaves: Vec<Array> = args.iter().flat_map(|t| t.leaves.iter().cloned()).collect();
    let found = checkpoint_all(cx, &stored, &leaves);
    if cx.failed() { None } else { Some(Tree::new(form.take(), found)) }
}

/// Compares derivatives with respect to all real and complex leaves of all arguments with differences.
pub fn check_grads(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], options: Options) -> Result<()> {
    let all: SmallVec<[usize; 4]> = (0..args.len()).collect();
    let (variables, form) = (Variables::of(args, &all), RefCell::default());
    check_on_leaves(cx, &variables.function(f, args, &form), &variables.values, options)
}
