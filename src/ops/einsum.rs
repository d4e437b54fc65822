//! `einsum`: sums of products over named axes.
//!
//! A request is read into a list of labels per operand, one per axis, and one for the result; the axes under an ellipsis
//! get labels of their own, counted from the right. Then every operand is brought to a plain form: a label that occurs
//! twice becomes a diagonal, an axis of extent 1 that meets a longer one is dropped (that is broadcasting), and a
//! label that one operand alone has and the result hasn't is summed over. Pairs are contracted in the order that costs least: labels that both
//! have fall into those that stay (a stack), those that are summed (the inner axis), and those of one side (rows,
//! columns), so that a pair is one product of stacked matrices. Everything is written with operations of the library,
//! and so are its derivatives.

use super::elementwise::{self, astype, binary};
use super::product::{in_groups, stacked};
use super::reduce::sum;
use super::shape::{broadcast_to, contiguous, reshape, transpose};
use crate::array::{Axes, DType, Shape, Strides, shape};
use crate::error::{Error, Result, excerpt_of};
use crate::trace::{Array, Context, Kept, Primitive, apply};
use crate::with_dtype;
use smallvec::SmallVec;

/// Names of axes: letters count from 0 (`A`), axes under an ellipsis from [`ELLIPSIS`] on, rightmost first.
type Labels = SmallVec<[u8; 8]>;
/// A set of labels, as bits.
type Set = u128;
const ELLIPSIS: u8 = 58;
/// Up to this many operands every order of contraction is tried; the number of orders grows like a factorial.
const EXHAUSTIVE: usize = 5;
/// Up to this many, pairs are chosen one after the other; of more the first ones are contracted as they come.
const GREEDY: usize = 64;

fn set(labels: &[u8]) -> Set {
    labels.iter().fold(0, |s, &l| s | 1 << l)
}

/// A part of the request for one array: labels, and where the ellipsis stands.
struct Part {
    labels: Labels,
    ellipsis: Option<usize>,
}

/// Reads the subscripts of one array; `place` names it in messages.
fn part(text: &str, place: &str) -> Result<Part> {
    let mut labels = Labels::new();
    let mut ellipsis = None;
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphabetic() {
            labels.push(c as u8 - b'A');
        } else if c == '.' {
            if !rest.starts_with("...") || ellipsis.is_some() {
                return Err(Error::value(format!(
                    "einstein sum subscripts string contains a '.' that is not part of an ellipsis ('...') in {place}"
                )));
            }
            ellipsis = Some(labels.len());
            rest = &rest[2..];
        } else {
            return Err(Error::value(format!(
                "invalid subscript '{c}' in einstein sum subscripts string, subscripts must be letters"
            )));
        }
        rest = rest[c.len_utf8()..].trim_start();
    }
    Ok(Part { labels, ellipsis })
}

impl Part {
    /// The labels with `n` axes in the ellipsis's place.
    fn complete(self, n: usize) -> Labels {
        let mut labels = self.labels;
        if let Some(at) = self.ellipsis {
            labels.insert_from_slice(at, &(0..n).rev().map(|r| ELLIPSIS + r as u8).collect::<Labels>());
        }
        labels
    }
}

/// The labels of the operands' axes, and of the result's.
fn parse(text: &str, operands: &[&Array]) -> Result<(Vec<Labels>, Labels)> {
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (text, None),
    };
    let parts: Vec<&str> = inputs.split(',').collect();
    if parts.len() != operands.len() {
        let which = if parts.len() > operands.len() { "fewer" } else { "more" };
        return Err(Error::value(format!(
            "{which} operands provided to einstein sum function than specified in the subscripts string"
        )));
    }
    let mut labels = Vec::with_capacity(parts.len());
    // How many axes the longest ellipsis stands for.
    let mut widest = 0;
    for (k, (text, x)) in parts.iter().zip(operands).enumerate() {
        let part = part(text, &format!("operand {k}"))?;
        let Some(hidden) = x.ndim().checked_sub(part.labels.len()) else {
            return Err(Error::value(format!(
                "einstein sum subscripts string contains too many subscripts for operand {k}"
            )));
        };
        if hidden > 0 && part.ellipsis.is_none() {
            return Err(Error::value(
                "operand has more dimensions than subscripts given in einstein sum, but no '...' ellipsis provided to \
                 broadcast the extra dimensions",
            ));
        }
        widest = widest.max(hidden);
        labels.push(part.complete(hidden));
    }
    let all: Labels = labels.iter().flatten().copied().collect();
    let output = match output {
        Some(text) => {
            let part = part(text, "the output")?;
            for (i, &l) in part.labels.iter().enumerate() {
                let name = char::from(b'A' + l);
                if part.labels[..i].contains(&l) {
                    return Err(Error::value(format!(
                        "einstein sum subscripts string includes output subscript '{name}' multiple times"
                    )));
                }
                if !all.contains(&l) {
                    return Err(Error::value(format!(
                        "einstein sum subscripts string included output subscript '{name}' which never appeared in an \
                         input"
                    )));
                }
            }
            if widest > 0 && part.ellipsis.is_none() {
                return Err(Error::value(
                    "output has more dimensions than subscripts given in einstein sum, but no '...' ellipsis provided \
                     to broadcast the extra dimensions",
                ));
            }
            part.complete(widest)
        }
        None => {
            let once = |l: &u8| all.iter().filter(|m| *m == l).count() == 1;
            let mut letters: Labels = all.iter().copied().filter(|&l| l < ELLIPSIS).filter(once).collect();
            letters.sort_unstable();
            Part { labels: letters, ellipsis: Some(0) }.complete(widest)
        }
    };
    Ok((labels, output))
}

/// The extent that each label stands for, by label.
fn extents(operands: &[&Array], labels: &[Labels], output: &[u8]) -> Result<[usize; 128]> {
    let mut extent = [1; 128];
    for (k, (x, own)) in operands.iter().zip(labels).enumerate() {
        for (i, (&l, &d)) in own.iter().zip(x.shape()).enumerate() {
            // Within one operand even an axis of extent 1 has to agree.
            if let Some(first) = own[..i].iter().position(|&m| m == l)
                && x.shape()[first] != d
            {
                return Err(Error::value(format!(
                    "dimensions in operand {k} for collapsing index '{}' don't match ({} != {d})",
                    char::from(b'A' + l),
                    x.shape()[first]
                )));
            }
            let known = &mut extent[l as usize];
            if *known == 1 {
                *known = d;
            } else if d != 1 && d != *known {
                return Err(mismatch(operands, labels, output));
            }
        }
    }
    Ok(extent)
}

/// NumPy's message: every operand with its axes in the order of the result's labels, then of the summed ones.
fn mismatch(operands: &[&Array], labels: &[Labels], output: &[u8]) -> Error {
    let mut order = Labels::from_slice(output);
    let mut summed: Labels = labels.iter().flatten().copied().filter(|l| !output.contains(l)).collect();
    summed.sort_unstable();
    summed.dedup();
    order.extend(summed);
    let mut text = String::from("operands could not be broadcast together with remapped shapes [original->remapped]:");
    for (x, own) in operands.iter().zip(labels) {
        let original: Vec<String> = x.shape().iter().map(usize::to_string).collect();
        let first = order.iter().position(|l| own.contains(l)).unwrap_or(order.len());
        let axis = |l| own.iter().position(|m| m == l).map_or("newaxis".into(), |i| x.shape()[i].to_string());
        let remapped: Vec<String> = order[first..].iter().map(axis).collect();
        let comma = if original.len() == 1 { "," } else { "" };
        text += &format!(" ({}{comma})->({})", original.join(","), remapped.join(","));
    }
    // Of many operands the first ones.
    Error::shape(excerpt_of(&text, 500).into_owned())
}

/// An operand with its labels, each once.
struct Operand {
    x: Array,
    labels: Labels,
}

impl Operand {
    /// Leaves out axes along which a plain array repeats its elements, where another operand has the label, too: the
    /// product is the same, and less has to be read.
    fn drop_repeated(&mut self, others: Set) {
        let Array::Plain(t) = &self.x else { return };
        if !t.is_ready() || t.size() == 0 {
            return;
        }
        let repeated = |a: usize| t.strides()[a] == 0 && t.shape()[a] > 1 && others >> self.labels[a] & 1 == 1;
        let kept: Axes = (0..t.ndim()).filter(|&a| !repeated(a)).collect();
        if kept.len() == t.ndim() {
            return;
        }
        let shape = kept.iter().map(|&a| t.shape()[a]).collect();
        let once = t.view_as(shape, t.offset(), kept.iter().map(|&a| t.strides()[a]).collect());
        self.labels = kept.iter().map(|&a| self.labels[a]).collect();
        self.x = once.into();
    }
}

/// `numpy.einsum`.
pub fn einsum(cx: &Context, text: &str, operands: &[&Array]) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    let request = || -> Result<_> {
        if operands.is_empty() {
            return Err(Error::value(
                "must specify the einstein sum subscripts string and at least one operand, but there is none",
            ));
        }
        let (labels, output) = parse(text, operands)?;
        let extent = extents(operands, &labels, &output)?;
        Ok((labels, output, extent))
    };
    let (labels, output, extent) = match request() {
        Ok(request) => request,
        Err(e) => return cx.fail(e.within("ag_einsum")),
    };
    let dtype = operands.iter().fold(operands[0].dtype(), |d, x| d.promote(x.dtype()));
    // Sums of booleans are logical: as integers, then compared with 0.
    let inner = if dtype == DType::Bool { DType::I64 } else { dtype };
    let mut left: Vec<Operand> = Vec::with_capacity(operands.len());
    for (x, own) in operands.iter().zip(&labels) {
        let x = astype(cx, x, inner);
        left.push(single(cx, x, own, &extent));
    }
    for k in 0..left.len() {
        let others = left.iter().enumerate().filter(|&(j, _)| j != k).fold(0, |s, (_, o)| s | set(&o.labels));
        left[k].drop_repeated(others);
    }
    // What only one operand has and the result hasn't.
    for i in 0..left.len() {
        let others = left.iter().enumerate().filter(|&(j, _)| j != i);
        let wanted = others.fold(set(&output), |s, (_, o)| s | set(&o.labels));
        let axes: Axes = (0..left[i].labels.len()).filter(|&a| wanted >> left[i].labels[a] & 1 == 0).collect();
        if !axes.is_empty() && !cx.failed() {
            left[i].x = sum(cx, &left[i].x, &axes, false);
            left[i].labels.retain(|l| wanted >> *l & 1 == 1);
        }
    }
    let sets: Vec<Set> = left.iter().map(|o| set(&o.labels)).collect();
    for (i, j) in order(sets, set(&output), &extent) {
        let b = left.remove(j);
        let a = left.remove(i);
        let wanted = left.iter().fold(set(&output), |s, o| s | set(&o.labels));
        left.push(contract(cx, a, b, wanted, &extent));
        if cx.failed() {
            return Array::Null;
        }
    }
    let Operand { x, labels } = left.remove(0);
    let y = transpose(cx, &x, &axes_of(&output, &labels));
    if dtype == DType::Bool { astype(cx, &y, DType::Bool) } else { y }
}

/// Diagonals for labels that occur twice, and without the axes of extent 1 that are broadcast.
fn single(cx: &Context, x: Array, labels: &[u8], extent: &[usize; 128]) -> Operand {
    let (mut distinct, mut to) = (Labels::new(), Axes::new());
    for &l in labels {
        let at = distinct.iter().position(|&m| m == l).unwrap_or_else(|| {
            distinct.push(l);
            distinct.len() - 1
        });
        to.push(at);
    }
    let x = if distinct.len() < labels.len() { diagonal(cx, &x, &to) } else { x };
    let shape = Shape::from_slice(x.shape());
    let stays = |i: &usize| shape[*i] == extent[distinct[*i] as usize];
    let kept: SmallVec<[usize; 8]> = (0..shape.len()).filter(stays).collect();
    Operand {
        x: reshape(cx, &x, &kept.iter().map(|&i| shape[i]).collect::<Shape>()),
        labels: kept.iter().map(|&i| distinct[i]).collect(),
    }
}

/// Where the labels `wanted` are among `labels`.
fn axes_of(wanted: &[u8], labels: &[u8]) -> Axes {
    wanted.iter().filter_map(|l| labels.iter().position(|m| m == l)).collect()
}

// ---------------------------------------------------------------------------------------------- the order of pairs

/// Pairs to contract one after the other; a pair is taken out of the list and its result put at the end.
fn order(sets: Vec<Set>, output: Set, extent: &[usize; 128]) -> Vec<(usize, usize)> {
    if sets.len() <= EXHAUSTIVE {
        let mut best = (f64::INFINITY, Vec::new());
        exhaustive(&sets, output, extent, 0.0, &mut Vec::new(), &mut best);
        return best.1;
    }
    // Greedy: the pair that makes the arrays shrink most, of equals the one with the least work.
    let (mut sets, mut path) = (sets, Vec::new());
    while sets.len() > GREEDY {
        sets = next(&sets, 0, 1, output);
        path.push((0, 1));
    }
    while sets.len() > 1 {
        let mut best = (f64::INFINITY, f64::INFINITY, 0, 1);
        for j in 1..sets.len() {
            for i in 0..j {
                let after = volume(merged(&sets, i, j, output), extent);
                let growth = after - volume(sets[i], extent) - volume(sets[j], extent);
                let work = volume(sets[i] | sets[j], extent);
                if (growth, work) < (best.0, best.1) {
                    best = (growth, work, i, j);
                }
            }
        }
        let (_, _, i, j) = best;
        sets = next(&sets, i, j, output);
        path.push((i, j));
    }
    path
}

fn exhaustive(
    sets: &[Set],
    output: Set,
    extent: &[usize; 128],
    cost: f64,
    path: &mut Vec<(usize, usize)>,
    best: &mut (f64, Vec<(usize, usize)>),
) {
    // The first complete order is taken even where the cost overflows.
    if cost >= best.0 && !best.1.is_empty() {
        return;
    }
    if sets.len() == 1 {
        *best = (cost, path.clone());
        return;
    }
    for j in 1..sets.len() {
        for i in 0..j {
            path.push((i, j));
            let work = volume(sets[i] | sets[j], extent);
            exhaustive(&next(sets, i, j, output), output, extent, cost + work, path, best);
            path.pop();
        }
    }
}

/// What is left of a pair: the labels that the result or another operand has.
fn merged(sets: &[Set], i: usize, j: usize, output: Set) -> Set {
    let others = sets.iter().enumerate().filter(|&(k, _)| k != i && k != j);
    (sets[i] | sets[j]) & others.fold(output, |s, (_, &o)| s | o)
}

fn next(sets: &[Set], i: usize, j: usize, output: Set) -> Vec<Set> {
    let mut rest: Vec<Set> = (0..sets.len()).filter(|&k| k != i && k != j).map(|k| sets[k]).collect();
    rest.push(merged(sets, i, j, output));
    rest
}

fn volume(set: Set, extent: &[usize; 128]) -> f64 {
    (0..128).filter(|&l| set >> l & 1 == 1).map(|l| extent[l] as f64).product()
}

// ------------------------------------------------------------------------------------------------------- one pair

/// Elements of a sum from which on a product of matrices is faster than one element by element.
const LONG: usize = 256;

/// The product of two operands, summed over the labels that are not `wanted`.
fn contract(cx: &Context, a: Operand, b: Operand, wanted: Set, extent: &[usize; 128]) -> Operand {
    let (in_a, in_b) = (set(&a.labels), set(&b.labels));
    let of = |labels: &[u8], s: Set| -> Labels { labels.iter().copied().filter(|&l| s >> l & 1 == 1).collect() };
    // The larger operand says in which order, so that it is the one that need not be copied.
    let leading = if a.x.size() >= b.x.size() { &a.labels } else { &b.labels };
    let stack = of(leading, in_a & in_b & wanted);
    let inner = of(leading, in_a & in_b & !wanted);
    let (rows, columns) = (of(&a.labels, in_a & !in_b), of(&b.labels, in_b & !in_a));
    let size = |labels: &[u8]| labels.iter().map(|&l| extent[l as usize]).product::<usize>();
    let mut labels = stack.clone();
    labels.extend_from_slice(&rows);
    labels.extend_from_slice(&columns);
    // Long sums of a few products each are left to the products of matrices.
    let last = |labels: &[u8]| labels.ends_with(&inner);
    let long = size(&inner) >= LONG && last(&a.labels) && last(&b.labels);
    let x = if size(&inner) == 1 || size(&rows) == 1 && size(&columns) == 1 && !stack.is_empty() && !long {
        // Element by element, which broadcasts without copies and fuses with what comes before and after.
        let mut all = labels.clone();
        all.extend_from_slice(&inner);
        let product = binary(cx, &elementwise::MUL, &aligned(cx, &a, &all, extent), &aligned(cx, &b, &all, extent));
        let axes: Axes = (labels.len()..all.len()).collect();
        if cx.failed() { Array::Null } else { sum(cx, &product, &axes, false) }
    } else {
        let vectors = size(&rows) == 1 && size(&columns) == 1 && in_groups(size(&inner));
        let a = matrices(cx, &a, [&stack, &rows, &inner], size, vectors);
        let b = matrices(cx, &b, [&stack, &inner, &columns], size, vectors);
        let c = stacked(cx, &a, &b);
        reshape(cx, &c, &labels.iter().map(|&l| extent[l as usize]).collect::<Shape>())
    };
    Operand { x, labels }
}

/// The operand with its axes in the order of `all`, with extent 1 where it has none.
fn aligned(cx: &Context, operand: &Operand, all: &[u8], extent: &[usize; 128]) -> Array {
    // New axes come first and are moved then: in this order an array in row-major memory is not copied.
    let mut labels = operand.labels.clone();
    labels.extend(all.iter().copied().filter(|l| !operand.labels.contains(l)));
    let has = |l: &u8| operand.labels.contains(l);
    let shape: Shape = labels.iter().map(|l| if has(l) { extent[*l as usize] } else { 1 }).collect();
    let x = reshape(cx, &operand.x, &shape);
    transpose(cx, &x, &axes_of(all, &labels))
}

/// The operand as a stack of matrices, from the labels of stack, rows and columns. Of two stacks of `vectors` the product
/// takes any order of elements.
fn matrices(
    cx: &Context,
    operand: &Operand,
    groups: [&[u8]; 3],
    size: impl Fn(&[u8]) -> usize,
    vectors: bool,
) -> Array {
    let [stack, rows, columns] = groups;
    let listed = |order: [&[u8]; 3]| -> Labels { order.iter().flat_map(|g| g.iter().copied()).collect() };
    if listed([stack, columns, rows]) == operand.labels && listed(groups) != operand.labels {
        // The other orientation is there already, and the product takes either.
        let x = reshape(cx, &operand.x, &[size(stack), size(columns), size(rows)]);
        return transpose(cx, &x, &[0, 2, 1]);
    }
    let mut x = transpose(cx, &operand.x, &axes_of(&listed(groups), &operand.labels));
    if !vectors && (size(rows) == 1 || size(columns) == 1) {
        // Vectors are read once, but by lines.
        x = contiguous(cx, &x);
    }
    reshape(cx, &x, &[size(stack), size(rows), size(columns)])
}

// ------------------------------------------------------------------------------------------------------- diagonals

/// Axis `i` of `x` runs along axis `to[i]` of the result, so that axes with the same target give a diagonal.
fn diagonal(cx: &Context, x: &Array, to: &[usize]) -> Array {
    apply(cx, &Diagonal { to: to.into(), whole: x.shape().into() }, &[x])
}

#[derive(Clone)]
struct Diagonal {
    to: Axes,
    /// The shape that the diagonal is taken of.
    whole: Shape,
}

impl Diagonal {
    fn text(&self) -> String {
        format!("axes to {:?}", self.to.as_slice())
    }

    /// The diagonal's shape, and its strides in an array of shape `whole` with the strides given.
    fn of(&self, strides: &[isize]) -> (Shape, Strides) {
        let n = self.to.iter().max().map_or(0, |m| m + 1);
        let (mut shape, mut along) = (Shape::from_elem(1, n), Strides::from_elem(0, n));
        for (i, &j) in self.to.iter().enumerate() {
            shape[j] = self.whole[i];
            along[j] += strides[i];
        }
        (shape, along)
    }
}

impl Primitive for Diagonal {
    fn name(&self) -> &str {
        "ag_einsum"
    }

    fn parameters(&self) -> String {
        self.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.tensor(&args[0])?;
        let (shape, strides) = self.of(t.strides());
        Ok(t.view_as(shape, t.offset(), strides).into())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        apply(cx, &Embed(self.clone()), &[g])
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        apply(cx, self, &[t])
    }
}

/// The transpose of [`Diagonal`]: zeros with the argument on the diagonal.
#[derive(Clone)]
struct Embed(Diagonal);

impl Primitive for Embed {
    fn name(&self) -> &str {
        "ag_einsum"
    }

    fn parameters(&self) -> String {
        format!("{}, transposed", self.0.text())
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let (shape, strides) = self.0.of(&shape::contiguous(&self.0.whole));
        let t = cx.tensor(&broadcast_to(cx, &args[0], &shape))?;
        let t = cx.engine.contiguous(&t)?;
        with_dtype!(t.dtype(), T => Ok(cx.engine.build::<T>(&self.0.whole, |out| {
            out.fill(T::default());
            let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, shape.len());
            let mut at = 0isize;
            for &v in t.elements::<T>() {
                out[at as usize] = v;
                for ((i, &d), &s) in index.iter_mut().zip(&shape).zip(&strides).rev() {
                    *i += 1;
                    at += s;
                    if *i < d {
                        break;
                    }
                    *i = 0;
                    at -= s * d as isize;
                }
            }
        })?.into()))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        apply(cx, &self.0, &[g])
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        apply(cx, self, &[t])
    }
}
