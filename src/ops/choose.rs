//! Choosing by conditions: which array each element comes from. What isn't chosen has no influence, whatever it holds.

use super::create;
use super::elementwise::{self, select as either};
use super::shape::{broadcast_to, concatenate, reshape};
use super::take::{Outside, integers, pick};
use crate::array::{DType, Shape, Strides, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};

/// The shape to which all broadcast.
fn together<'a>(shapes: impl Iterator<Item = &'a [usize]>) -> Result<Shape> {
    let mut to = Shape::new();
    for s in shapes {
        to = shape::broadcast(&to, s)?;
    }
    shape::checked_size(&to, 16)?;
    Ok(to)
}

/// `numpy.choose`: each element from the array whose number stands in its place.
pub fn choose(cx: &Context, numbers: &Array, choices: &[&Array], outside: Outside) -> Result<Array> {
    let Some(first) = choices.first() else { return Err(Error::value("choose needs at least one array")) };
    let numbers = integers(cx, numbers)?;
    let to = together(choices.iter().map(|c| c.shape()).chain([numbers.shape()]))?;
    let dtype = choices.iter().fold(first.dtype(), |d, c| d.promote(c.dtype()));
    let flat: Vec<Array> =
        choices.iter().map(|c| reshape(cx, &elementwise::astype(cx, c, dtype), &[c.size()])).collect();
    // All choices lie one after the other; where each begins, and how it broadcasts.
    let mut begin = 0;
    let places: Vec<(isize, Strides)> = choices
        .iter()
        .map(|c| {
            let strides = shape::broadcast_strides(c.shape(), &shape::contiguous(c.shape()), &to);
            let at = begin;
            begin += c.size() as isize;
            (at, strides.expect("broadcast above"))
        })
        .collect();
    let steps = shape::broadcast_strides(numbers.shape(), numbers.strides(), &to).expect("broadcast above");
    let numbers = cx.engine.contiguous(&numbers.view_as(to.clone(), numbers.offset(), steps))?;
    let n = choices.len() as i64;
    let mut wrong = None;
    let list = cx.engine.build::<i64>(&to, |d| {
        let row_major = shape::contiguous(&to);
        for (i, (d, &k)) in d.iter_mut().zip(numbers.elements::<i64>()).enumerate() {
            let k = match outside {
                _ if (0..n).contains(&k) => k,
                Outside::Raise => {
                    wrong = Some(k);
                    0
                }
                Outside::Wrap => k.rem_euclid(n),
                Outside::Clip => k.clamp(0, n - 1),
            };
            let (begin, strides) = &places[k as usize];
            let offset = |(axis, &step): (usize, &isize)| (i / row_major[axis] as usize % to[axis]) as isize * step;
            *d = (begin + strides.iter().enumerate().map(offset).sum::<isize>()) as i64;
        }
    })?;
    if let Some(k) = wrong {
        return Err(Error::value(format!("invalid entry in choice array: {k}, with {n} choices")));
    }
    pick(cx, &concatenate(cx, &flat.iter().collect::<Vec<&Array>>(), 0), list)
}

/// `numpy.select`: the choice of the first condition that holds, else the default.
pub fn select(cx: &Context, conditions: &[&Array], choices: &[&Array], default: &Array) -> Result<Array> {
    if conditions.len() != choices.len() {
        return Err(Error::value("list of cases must be same length as list of conditions"));
    }
    if conditions.is_empty() {
        return Err(Error::value("select with an empty condition list is not possible"));
    }
    if let Some(i) = conditions.iter().position(|c| c.dtype() != DType::Bool) {
        return Err(Error::dtype(format!("invalid entry {i} in condlist: should be boolean ndarray")));
    }
    together(conditions.iter().chain(choices).map(|a| a.shape()).chain([default.shape()]))?;
    let mut y = default.clone();
    for (c, x) in conditions.iter().zip(choices).rev() {
        y = either(cx, c, x, &y);
    }
    Ok(y)
}

/// `numpy.piecewise` with values instead of functions: where conditions hold, the value of the last one; elsewhere the
/// additional value, or 0.
pub fn piecewise(cx: &Context, x: &Array, conditions: &[&Array], values: &[&Array]) -> Result<Array> {
    let (n, m) = (conditions.len(), values.len());
    if m != n && m != n + 1 {
        return Err(Error::value(format!(
            "with {n} condition(s), either {n} or {} functions are expected, found {m}",
            n + 1
        )));
    }
    let mut y = match values.get(n) {
        Some(rest) => (*rest).clone(),
        None => create::full(cx, x.dtype(), &[], 0.0),
    };
    for (c, v) in conditions.iter().zip(values) {
        let c = elementwise::astype(cx, &c.plain(), DType::Bool);
        y = either(cx, &c, v, &y);
    }
    if y.shape() == x.shape() { Ok(y) } else { Ok(broadcast_to(cx, &y, x.shape())) }
}
