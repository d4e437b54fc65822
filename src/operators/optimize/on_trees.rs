//! The minimizers on functions of one tree: its real and complex leaves are varied.

use super::first_order::Watch;
use super::{Callback, Outcome, Problem, Progress};
use crate::error::{Error, Result};
use crate::operators::tree::Tree;
use crate::operators::tree::derive::{TreeFunction, Variables, with_one_result};
use crate::trace::{Array, Arrays, Context};
use std::cell::RefCell;

/// Bounds of all variables, from a tree of those of the leaves; infinite without one.
pub type BoundsOf<'b> = dyn Fn(&str, Option<&Tree>) -> Result<Vec<f64>> + 'b;

/// Lets `run` minimize `f` from `x0` on. It gets the problem, bounds on demand, the numbers that are varied, and what
/// is to be called before each step.
pub fn minimize(
    cx: &Context,
    name: &str,
    f: &TreeFunction<'_>,
    x0: &Tree,
    watch: Option<&mut Watch<'_>>,
    run: impl FnOnce(&mut Problem<'_>, &BoundsOf<'_>, &mut [f64], Option<&mut Callback<'_>>) -> Result<Outcome>,
) -> Result<(Tree, Outcome)> {
    let args = std::slice::from_ref(x0);
    let (variables, form) = (Variables::of(args, &[0]), RefCell::default());
    let f = with_one_result(name, f);
    let f = variables.function(&f, args, &form);
    let (mut problem, mut x) = Problem::new(cx, name, &f, &variables.values)?;
    let packer = Problem::new(cx, name, &f, &variables.values)?.0;
    let bounds = |what: &str, tree: Option<&Tree>| {
        let infinite = if what == "lower" { f64::NEG_INFINITY } else { f64::INFINITY };
        let arrays: Arrays = match tree {
            Some(tree) => {
                if let Some(d) = x0.form().difference(tree.form()) {
                    return Err(Error::value(format!("the {what} bounds have another structure: {d}")));
                }
                variables.pick(tree)
            }
            None => variables.values.iter().map(|_| Array::from(infinite)).collect(),
        };
        packer.bounds(&format!("the {what} bounds"), &arrays)
    };
    let mut callback = watch.map(|watch| {
        |p: &Progress<'_>| {
            let (x, gradient) = (variables.put(args, p.x).pop(), variables.trees(cx, args, &[0], p.gradient.into()));
            let gradient = gradient.and_then(|mut g| g.pop());
            x.zip(gradient).is_none_or(|(x, g)| watch(p.iteration, p.value, p.gradient_norm, &x, &g))
        }
    });
    let callback = callback.as_mut().map(|c| c as &mut Callback<'_>);
    let outcome = run(&mut problem, &bounds, &mut x, callback)?;
    let found = problem.unpack(&x)?;
    let tree = variables.put(args, &found).pop().unwrap_or_default();
    Ok((tree, outcome))
}
