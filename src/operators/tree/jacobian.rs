//! Jacobians and Hessians of functions of trees: those of functions of vectors, cut into blocks.
//!
//! Real and complex leaves mean different derivatives, so they are vectors of their own. Of a Hessian, a block and the one
//! across the diagonal are one computation: the leaves are cut into a few groups, and a group's columns are tangents of the
//! gradient with respect to the leaves from there on only. That is less than half of the work where leaves are in the
//! order of use, as the layers of a net are: tangents of the last layer touch no other. (Between complex leaves the
//! blocks across the diagonal are no transposes, because a row is the derivative of a real part.)

use super::derive::{TreeFunction, Variables, with_one_result};
use super::leaves::{flatten_as, unflatten_as};
use super::{Form, Leaves, Tree};
use crate::array::{Axes, DType, Shape};
use crate::operators::again::alike_trees;
use crate::operators::grad;
use crate::operators::jacobian::{Mode, jacobian as of_arrays};
use crate::ops::{self, elementwise, shape};
use crate::trace::{Array, Arrays, Context, Meta};
use smallvec::SmallVec;
use std::cell::RefCell;

/// Functions of the leaves that are differentiated.
type OfLeaves<'f> = dyn Fn(&Context, &[Array]) -> Leaves + 'f;

fn size(m: &Meta) -> usize {
    m.shape.iter().product()
}

fn outer(a: &[usize], b: &[usize]) -> Shape {
    a.iter().chain(b).copied().collect()
}

fn common_dtype(metas: &[Meta]) -> DType {
    metas.iter().map(|m| m.dtype).reduce(DType::promote).unwrap_or(DType::F64).inexact()
}

/// The Jacobian of all results, as one vector, by the leaves `group`, as one vector; and what the results are.
fn matrix(
    cx: &Context,
    name: &str,
    f: &OfLeaves<'_>,
    values: &[Array],
    group: &[usize],
    mode: Mode,
) -> Option<(Array, Vec<Meta>)> {
    let members: Arrays = group.iter().map(|&j| values[j].clone()).collect();
    let metas: Vec<Meta> = members.iter().map(Meta::of).collect();
    let seen: RefCell<Option<Vec<Meta>>> = RefCell::new(None);
    let function = grad::one(|cx: &Context, flat: &[Array]| {
        let mut values: Arrays = values.into();
        for (&j, part) in group.iter().zip(unflatten_as(cx, name, &metas, &flat[0])) {
            values[j] = part;
        }
        let found = f(cx, &values);
        if cx.failed() {
            return Array::Null;
        }
        grad::check_any_differentiable(cx, name, found.iter());
        let results: Vec<Meta> = found.iter().map(Meta::of).collect();
        let dtype = common_dtype(&results);
        *seen.borrow_mut() = Some(results);
        flatten_as(cx, &found, dtype)
    });
    let flat = flatten_as(cx, &members, common_dtype(&metas));
    let found = of_arrays(cx, &function, &[flat], 0, mode);
    seen.take().filter(|_| !cx.failed()).map(|results| (found, results))
}

/// Blocks by result and leaf: `None` where nothing was to be differentiated.
struct Blocks {
    found: Vec<Option<Array>>,
    columns: usize,
}

impl Blocks {
    fn new(rows: usize, columns: usize) -> Blocks {
        Blocks { found: vec![None; rows * columns], columns }
    }

    fn put(&mut self, i: usize, j: usize, block: Array) {
        self.found[i * self.columns + j] = Some(block);
    }

    /// Cuts a matrix. Its rows and columns belong to the leaves with these numbers.
    fn cut(&mut self, cx: &Context, matrix: &Array, of_rows: &[(usize, Meta)], of_columns: &[(usize, Meta)]) {
        let mut row = 0;
        for (i, y) in of_rows {
            let part = shape::slice_axis(cx, matrix, 0, row, size(y));
            row += size(y);
            let mut column = 0;
            for (j, x) in of_columns {
                let block = shape::slice_axis(cx, &part, 1, column, size(x));
                column += size(x);
                let block = shape::reshape(cx, &block, &outer(&y.shape, &x.shape));
                let dtype = if y.dtype.is_complex() { x.dtype.complex() } else { x.dtype };
                self.put(*i, *j, elementwise::astype(cx, &block, dtype));
            }
        }
    }

    /// Block (j, i) from block (i, j), where these are the two leaves.
    fn mirror(&mut self, cx: &Context, (i, y): &(usize, Meta), (j, x): &(usize, Meta)) {
        let Some(block) = &self.found[i * self.columns + j] else { return };
        let m = y.shape.len();
        let axes: Axes = (m..m + x.shape.len()).chain(0..m).collect();
        let block = shape::transpose(cx, block, &axes);
        let dtype = if x.dtype.is_complex() { y.dtype.complex() } else { y.dtype };
        let block = elementwise::astype(cx, &block, dtype);
        self.put(*j, *i, block);
    }

    /// The blocks in a tree of the results' form, each leaf of it a tree of the argument's; zeros where nothing was found.
    fn tree(self, cx: &Context, name: &str, form: &Form, results: &[Shape], x: &Tree) -> Option<Tree> {
        if cx.failed() {
            return None;
        }
        let columns = self.columns;
        let leaves = self.found.into_iter().enumerate().map(|(k, block)| {
            block.unwrap_or_else(|| {
                let (y, x) = (&results[k / columns], &x.leaves[k % columns]);
                ops::zeros(cx, &Meta { dtype: x.dtype().inexact(), shape: outer(y, x.shape()) })
            })
        });
        let leaves: Leaves = leaves.collect();
        grad::settle(cx, leaves.iter());
        match form.graft(&x.form) {
            Ok(form) if !cx.failed() => Some(Tree::new(form, leaves.into_iter().map(grad::normal))),
            Ok(_) => None,
            Err(e) => {
                cx.fail(e.within(name));
                None
            }
        }
    }
}

/// Numbers of the complex or of the real ones of the variables.
fn of_kind(values: &[Array], is_complex: bool) -> SmallVec<[usize; 8]> {
    (0..values.len()).filter(|&j| values[j].dtype().is_complex() == is_complex).collect()
}

/// The Jacobian with respect to one argument: a tree like the result with, for each leaf, a tree like the argument,
/// whose leaves have the axes of the result's leaf, then those of the argument's.
pub fn jacobian(
    cx: &Context,
    name: &str,
    f: &TreeFunction<'_>,
    args: &[Tree],
    argnum: usize,
    mode: Mode,
) -> Option<Tree> {
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    // It is called for each kind of leaf, and what is found is one table.
    let f = alike_trees(name, f);
    let f = variables.function(&f, args, &form);
    let values = &variables.values;
    let mut groups: SmallVec<[SmallVec<[usize; 8]>; 2]> =
        [false, true].map(|is_complex| of_kind(values, is_complex)).into_iter().filter(|g| !g.is_empty()).collect();
    if groups.is_empty() {
        // Called once, for the structure of the result.
        groups.push(SmallVec::new());
    }
    let x = &args[argnum];
    let mut blocks: Option<(Blocks, Vec<(usize, Meta)>)> = None;
    for group in groups {
        let (matrix, results) = matrix(cx, name, &f, values, &group, mode)?;
        let (blocks, results) = blocks.get_or_insert_with(|| {
            (Blocks::new(results.len(), x.leaves.len()), results.into_iter().enumerate().collect())
        });
        let columns: Vec<(usize, Meta)> = group.iter().map(|&j| (variables.leaf(j), Meta::of(&values[j]))).collect();
        blocks.cut(cx, &matrix, results, &columns);
    }
    let (blocks, results) = blocks?;
    let shapes: Vec<Shape> = results.into_iter().map(|(_, m)| m.shape).collect();
    blocks.tree(cx, name, &form.take(), &shapes, x)
}

/// A group of leaves has at least this part of all elements, and so many: each group is one more evaluation of the function.
const PART: usize = 6;
const LEAST: usize = 32;

/// Cuts a list of leaves into consecutive groups.
fn groups(leaves: &[(usize, Meta)]) -> Vec<std::ops::Range<usize>> {
    let all: usize = leaves.iter().map(|(_, m)| size(m)).sum();
    let (mut found, mut start, mut elements) = (Vec::new(), 0, 0);
    for (k, (_, m)) in leaves.iter().enumerate() {
        elements += size(m);
        if elements >= LEAST.max(all.div_ceil(PART)) || k + 1 == leaves.len() {
            found.push(start..k + 1);
            (start, elements) = (k + 1, 0);
        }
    }
    found
}

/// The Hessian with respect to one argument: a tree like the argument of trees like the argument.
pub fn hessian(cx: &Context, f: &TreeFunction<'_>, args: &[Tree], argnum: usize) -> Option<Tree> {
    const NAME: &str = "ag_tree_hessian";
    let (variables, form) = (Variables::of(args, &[argnum]), RefCell::default());
    let f = alike_trees(NAME, f);
    let f = with_one_result(NAME, &f);
    let f = variables.function(&f, args, &form);
    let (x, values) = (&args[argnum], &variables.values);
    let gradients = |of: &[usize]| {
        let (of, f): (SmallVec<[usize; 8]>, _) = (of.into(), &f);
        move |cx: &Context, values: &[Array]| {
            grad::value_and_grads(cx, NAME, f, values, &of).1.into_iter().collect::<Leaves>()
        }
    };
    let leaves_of = |of: &[usize]| -> Vec<(usize, Meta)> {
        of.iter().map(|&j| (variables.leaf(j), Meta::of(&values[j]))).collect()
    };
    let (real, complex) = (of_kind(values, false), of_kind(values, true));
    let mut blocks = Blocks::new(x.leaves.len(), x.leaves.len());
    let leaves = leaves_of(&real);
    for group in groups(&leaves) {
        let (members, from) = (&real[group.clone()], &leaves[group.start..]);
        let f = gradients(&real[group.start..]);
        // A primitive may have a rule for reverse mode only.
        let by_tangents = cx.attempt_columns(|| matrix(cx, NAME, &f, values, members, Mode::Forward)).flatten();
        let (matrix, _) = by_tangents.or_else(|| matrix(cx, NAME, &f, values, members, Mode::Reverse))?;
        blocks.cut(cx, &matrix, from, &leaves[group.clone()]);
        for y in &leaves[group.end..] {
            leaves[group.clone()].iter().for_each(|x| blocks.mirror(cx, y, x));
        }
    }
    if !complex.is_empty() || real.is_empty() {
        let all: SmallVec<[usize; 8]> = real.iter().chain(&complex).copied().collect();
        let (matrix, _) = matrix(cx, NAME, &gradients(&all), values, &complex, Mode::Automatic)?;
        let others = leaves_of(&complex);
        blocks.cut(cx, &matrix, &leaves_of(&all), &others);
        for y in &leaves {
            others.iter().for_each(|x| blocks.mirror(cx, y, x));
        }
    }
    let shapes: Vec<Shape> = x.leaves.iter().map(|x| Shape::from_slice(x.shape())).collect();
    blocks.tree(cx, NAME, &x.form, &shapes, x)
}
