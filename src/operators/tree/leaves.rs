//! What is done leaf by leaf: one vector of all leaves and back, arithmetic, inner products.

use super::{Leaves, Tree};
use crate::array::shape::Show;
use crate::array::{DType, Shape};
use crate::error::{Error, Result, excerpt};
use crate::ops::{self, complex, create, elementwise, reduce, shape};
use crate::trace::{Array, Context, Meta};

/// Checks that `other` has the form of `tree`, and leaves of the same shapes.
pub fn check_like(what: &str, tree: &Tree, other: &Tree) -> Result<()> {
    if let Some(difference) = tree.form.difference(&other.form) {
        return Err(Error::value(format!("{what} has another structure: {difference}")));
    }
    for (i, (x, y)) in tree.leaves.iter().zip(other.leaves.iter()).enumerate() {
        if x.shape() != y.shape() {
            let path = tree.form.path(i);
            let place = if path.is_empty() { String::new() } else { format!(" at {}", excerpt(&path)) };
            return Err(Error::shape(format!(
                "{what} has shape {}{place}, expected {}",
                Show(y.shape()),
                Show(x.shape())
            )));
        }
    }
    Ok(())
}

/// The same of cotangents and tangents, and that no leaf is complex where what it belongs to is real.
pub fn check_direction(what: &str, tree: &Tree, other: &Tree) -> Result<()> {
    check_like(what, tree, other)?;
    for (i, (x, y)) in tree.leaves.iter().zip(other.leaves.iter()).enumerate() {
        if y.dtype().is_complex() && !x.dtype().is_complex() {
            let path = tree.form.path(i);
            let place = if path.is_empty() { String::new() } else { format!(" at {}", excerpt(&path)) };
            let (found, expected) = (y.dtype().name(), x.dtype().name());
            return Err(Error::dtype(format!(
                "{what} has dtype {found}{place}, expected {expected}: its imaginary part has no use"
            )));
        }
    }
    Ok(())
}

/// `flatten`: the leaves as one vector, of the dtype that holds all of them.
pub fn flatten(cx: &Context, tree: &Tree) -> Array {
    let dtype = tree.leaves.iter().map(Array::dtype).reduce(DType::promote).unwrap_or(DType::F64);
    flatten_as(cx, &tree.leaves, dtype)
}

/// The leaves as one vector of this dtype.
pub fn flatten_as(cx: &Context, leaves: &[Array], dtype: DType) -> Array {
    if leaves.is_empty() {
        return create::full(cx, dtype, &[0], 0.0);
    }
    let rows: Vec<Array> =
        leaves.iter().map(|x| shape::reshape(cx, &elementwise::astype(cx, x, dtype), &[x.size()])).collect();
    if cx.failed() {
        return Array::Null;
    }
    match &rows[..] {
        [one] => one.clone(),
        all => shape::concatenate(cx, &all.iter().collect::<Vec<_>>(), 0),
    }
}

/// The inverse of [`flatten`]: leaves of these shapes and dtypes from one vector.
pub fn unflatten_as(cx: &Context, name: &str, metas: &[Meta], flat: &Array) -> Leaves {
    let size = |m: &Meta| m.shape.iter().product::<usize>();
    let wanted: usize = metas.iter().map(size).sum();
    if !cx.failed() && flat.shape() != [wanted] {
        let e = Error::shape(format!("expected a vector of {wanted} elements, got shape {}", Show(flat.shape())));
        cx.fail(e.within(name));
    }
    let mut start = 0;
    let mut leaves = Leaves::new();
    for meta in metas {
        if cx.failed() {
            return Array::nulls(metas.len());
        }
        let n = size(meta);
        let part = if n == wanted { flat.clone() } else { shape::slice_axis(cx, flat, 0, start, n) };
        leaves.push(elementwise::astype(cx, &shape::reshape(cx, &part, &meta.shape), meta.dtype));
        start += n;
    }
    leaves
}

/// `unflatten`: a tree like this one from one vector.
pub fn unflatten(cx: &Context, like: &Tree, flat: &Array) -> Tree {
    let metas: Vec<Meta> = like.leaves.iter().map(Meta::of).collect();
    like.with(unflatten_as(cx, "ag_tree_unflatten", &metas, flat))
}

/// `f` of each leaf.
pub fn map(tree: &Tree, f: impl FnMut(&Array) -> Array) -> Tree {
    tree.with(tree.leaves.iter().map(f))
}

/// `f` of the leaves of two trees of one form.
pub fn zip(x: &Tree, y: &Tree, mut f: impl FnMut(&Array, &Array) -> Array) -> Tree {
    x.with(x.leaves.iter().zip(y.leaves.iter()).map(|(x, y)| f(x, y)))
}

/// An operation of two arrays for each pair of leaves.
pub fn binary(cx: &Context, row: &'static elementwise::Binary, x: &Tree, y: &Tree) -> Tree {
    zip(x, y, |x, y| elementwise::binary(cx, row, x, y))
}

/// Each leaf times a number, in the leaf's precision.
pub fn scale(cx: &Context, x: &Tree, factor: f64) -> Tree {
    map(x, |x| elementwise::binary(cx, &elementwise::MUL, x, &Array::weak(factor)))
}

/// The real inner product: the sum of conj(x) y over all leaves, its real part.
pub fn dot(cx: &Context, x: &[Array], y: &[Array]) -> Array {
    x.iter().zip(y).fold(Array::from(0.0), |sum, (x, y)| {
        let product = complex::real(cx, &elementwise::binary(cx, &elementwise::MUL, &complex::conj(cx, x), y));
        let product = elementwise::astype(cx, &product, DType::F64);
        let part = reduce::sum(cx, &product, &reduce::all_axes(&product), false);
        elementwise::binary(cx, &elementwise::ADD, &sum, &part)
    })
}

/// The root of the sum of all squared magnitudes; also where the squares are beyond the range of numbers.
pub fn norm(cx: &Context, x: &Tree) -> Array {
    let root = |leaves: &[Array]| elementwise::unary(cx, &elementwise::SQRT, &dot(cx, leaves, leaves));
    let plain = root(&x.leaves);
    // So small or large a root of squares has lost digits, or everything.
    let safe = if plain.dtype() == DType::F32 { 1e-15..1e18 } else { 1e-135..1e150 };
    let value = |y: &Array| cx.tensor(&elementwise::astype(cx, &y.plain(), DType::F64)).map(|t| t.first::<f64>());
    if cx.failed() || plain.plain().is_null() || value(&plain).is_ok_and(|v| safe.contains(&v)) {
        return plain;
    }
    let mut largest = 0.0f64;
    for leaf in x.leaves.iter().filter(|leaf| leaf.size() > 0) {
        let size = complex::abs(cx, &leaf.plain());
        match value(&reduce::extremum(cx, true, &size, &reduce::all_axes(&size), false)) {
            Ok(v) => largest = largest.max(v),
            Err(e) => return cx.fail(e),
        }
    }
    if largest == 0.0 {
        // As of `hypot` at the origin, every derivative is 0.
        let zero = elementwise::compare(cx, &elementwise::EQUAL, &plain, &Array::weak(0.0));
        return elementwise::select(cx, &zero, &Array::weak(0.0), &plain);
    }
    if !largest.is_finite() {
        return plain;
    }
    // A power of two, a constant: no digit and no derivative depends on it.
    let scale = Array::weak(largest.log2().floor().exp2());
    let leaves: Leaves = x.leaves.iter().map(|leaf| elementwise::binary(cx, &elementwise::DIV, leaf, &scale)).collect();
    elementwise::binary(cx, &elementwise::MUL, &root(&leaves), &scale)
}

/// Zeros like each leaf.
pub fn zeros_like(cx: &Context, x: &Tree) -> Tree {
    map(x, |x| ops::zeros(cx, &Meta { dtype: x.dtype(), shape: Shape::from_slice(x.shape()) }))
}
