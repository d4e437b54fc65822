//! Sums, products and extrema of segments, as in `jax.ops`: rows of an array that belong together have the same number.
//!
//! A sum adds rows to zeros. For the others the rows of one segment become a row of a matrix, see [`super::index_reduce`], and
//! are reduced by operations whose derivatives know about zeros and ties.

use super::elementwise;
use super::index::{self, Item, Plan};
use super::index_reduce::{Combine, at, classes, neutral};
use super::reduce::{extremum, prod};
use super::shape::{concatenate, reshape};
use super::take::integers;
use super::zeros;
use crate::array::{DType, Shape, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context, Meta};
use shape::Show;

/// What is made of a segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Sum,
    Prod,
    Max,
    Min,
}

/// A row for each of `n` segments: of the rows of `x` whose number in `ids` is its own. The axes of `ids` are the first ones of
/// `x`. Of none a sum is 0, a product 1, a maximum the least number there is.
pub fn segment(cx: &Context, kind: Kind, x: &Array, ids: &Array, n: i64) -> Result<Array> {
    let ids = integers(cx, ids)?;
    let lead = ids.ndim();
    if lead == 0 || lead > x.ndim() || ids.shape() != &x.shape()[..lead] {
        let (a, b) = (Show(ids.shape()), Show(x.shape()));
        return Err(Error::shape(format!("the segments' numbers of shape {a} are not those of the rows of shape {b}")));
    }
    let count =
        usize::try_from(n).map_err(|_| Error::value(format!("num_segments must not be negative, found {n}")))?;
    let list = ids.elements::<i64>();
    if let Some(k) = list.iter().find(|&&k| k < 0 || k >= n) {
        return Err(Error::index(format!("{k} is no number of a segment: there are {n}")));
    }
    // Booleans are counted.
    let counts = x.dtype() == DType::Bool && matches!(kind, Kind::Sum | Kind::Prod);
    let x = if counts { elementwise::astype(cx, x, DType::I64) } else { x.clone() };
    let (dtype, row) = (x.dtype(), Shape::from_slice(&x.shape()[lead..]));
    let mut to = Shape::from_slice(&[count]);
    to.extend_from_slice(&row);
    shape::checked_size(&to, dtype.size())?;
    let mut flat = Shape::from_slice(&[list.len()]);
    flat.extend_from_slice(&row);
    let x = reshape(cx, &x, &flat);
    let how = match kind {
        Kind::Sum => {
            let places = ids.view_as(Shape::from_slice(&[list.len()]), ids.offset(), shape::contiguous(&[list.len()]));
            let plan = Plan::new(cx, &to, &[Item::Array(places)])?;
            return Ok(index::add(cx, &zeros(cx, &Meta { dtype, shape: to }), &plan, &x));
        }
        Kind::Prod => Combine::Mul,
        Kind::Max => Combine::Max,
        Kind::Min => Combine::Min,
    };
    let mut result = neutral(cx, how, dtype, &to)?;
    flat[0] = 1;
    let with_neutral = concatenate(cx, &[&x, &neutral(cx, how, dtype, &flat)?], 0);
    for class in classes(list)? {
        let height = class.places.len();
        let chosen = index::get(cx, &with_neutral, &at(cx, with_neutral.shape(), &class.values)?);
        let mut folded = Shape::from_slice(&[height, class.values.len() / height]);
        folded.extend_from_slice(&row);
        let chosen = reshape(cx, &chosen, &folded);
        let reduced = match how {
            Combine::Mul => prod(cx, &chosen, &[1], false),
            Combine::Max => extremum(cx, true, &chosen, &[1], false),
            Combine::Min => extremum(cx, false, &chosen, &[1], false),
        };
        result = index::set(cx, &result, &at(cx, &to, &class.places)?, &elementwise::astype(cx, &reduced, dtype));
    }
    Ok(result)
}
