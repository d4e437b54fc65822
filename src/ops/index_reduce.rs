//! Multiplying and comparing at places of an array, as `numpy.multiply.at`, `maximum.at` and `minimum.at` do, where a place
//! may occur many times.
//!
//! The places are found once, as numbers; what belongs to one place becomes a row of a matrix (what the array has there,
//! then the values), and rows are reduced by `prod`, `max` or `min`, whose derivatives know about zeros and ties. Rows of
//! about the same length, within a factor of two, share a matrix, so that all of them together have at most twice as many
//! entries as there are values, however the places repeat.

use super::elementwise;
use super::index::{self, Item, Plan};
use super::reduce::{extremum, prod};
use super::shape::{broadcast_to, concatenate, reshape};
use crate::array::{DType, Shared, shape};
use crate::error::{Error, Result};
use crate::kernels::memory::{collected, try_push};
use crate::trace::{Array, Context};
use shape::Show;

/// How values are combined with what is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Combine {
    Mul,
    Max,
    Min,
}

impl Combine {
    pub fn name(self) -> &'static str {
        match self {
            Combine::Mul => "ag_index_mul",
            Combine::Max => "ag_index_max",
            Combine::Min => "ag_index_min",
        }
    }
}

/// `x` with `values` combined in at the index; a place that occurs several times gets all of its values.
pub fn combine(cx: &Context, how: Combine, x: &Array, plan: &Shared<Plan>, values: &Array) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    // As in NumPy values may have more axes than the selection, of extent 1.
    let extra = values.ndim().saturating_sub(plan.to.len());
    let ones = values.shape()[..extra].iter().all(|&d| d == 1);
    let values = if ones { &reshape(cx, values, &values.shape()[extra..]) } else { values };
    if shape::broadcast(values.shape(), &plan.to).ok().as_ref() != Some(&plan.to) {
        let e = Error::shape(format!(
            "could not broadcast input array from shape {} into shape {}",
            Show(values.shape()),
            Show(&plan.to)
        ));
        return cx.fail(e.within(how.name()));
    }
    match combined(cx, how, x, plan, values) {
        Ok(y) => y,
        Err(e) => cx.fail(e.within(how.name())),
    }
}

fn combined(cx: &Context, how: Combine, x: &Array, plan: &Shared<Plan>, values: &Array) -> Result<Array> {
    let dtype = elementwise::promote(x, values);
    let flat = reshape(cx, &elementwise::astype(cx, x, dtype), &[x.size()]);
    let values = broadcast_to(cx, &elementwise::astype(cx, values, dtype), &plan.to);
    let values = reshape(cx, &values, &[shape::size_of(&plan.to)]);
    let values = concatenate(cx, &[&values, &neutral(cx, how, dtype, &[1])?], 0);
    // The number of each value's place.
    let numbers = cx.engine.build::<i64>(&plan.from, |d| d.iter_mut().enumerate().for_each(|(i, d)| *d = i as i64))?;
    let places = cx.tensor(&index::get(cx, &numbers.into(), plan))?;
    let places = cx.engine.contiguous(&places)?;
    let mut result = flat.clone();
    for class in classes(places.elements::<i64>())? {
        let (height, where_) = (class.places.len(), at(cx, flat.shape(), &class.places)?);
        let there = reshape(cx, &index::get(cx, &flat, &where_), &[height, 1]);
        let chosen = index::get(cx, &values, &at(cx, values.shape(), &class.values)?);
        let chosen = reshape(cx, &chosen, &[height, class.values.len() / height]);
        let matrix = concatenate(cx, &[&there, &chosen], 1);
        let reduced = match how {
            Combine::Mul => prod(cx, &matrix, &[1], false),
            Combine::Max => extremum(cx, true, &matrix, &[1], false),
            Combine::Min => extremum(cx, false, &matrix, &[1], false),
        };
        // The product of booleans is an integer.
        result = index::set(cx, &result, &where_, &elementwise::astype(cx, &reduced, dtype));
    }
    Ok(reshape(cx, &result, &plan.from))
}

/// What changes nothing that it is combined with. Integers and booleans have a least and a greatest one of their own.
pub(super) fn neutral(cx: &Context, how: Combine, dtype: DType, shape: &[usize]) -> Result<Array> {
    let t = match (how, dtype) {
        (Combine::Max, DType::I64) => cx.engine.build::<i64>(shape, |d| d.fill(i64::MIN))?,
        (Combine::Min, DType::I64) => cx.engine.build::<i64>(shape, |d| d.fill(i64::MAX))?,
        (Combine::Max, DType::Bool) => cx.engine.full(dtype, shape, 0.0)?,
        (Combine::Mul, _) => cx.engine.full(dtype, shape, 1.0)?,
        (Combine::Max, _) => cx.engine.full(dtype, shape, f64::NEG_INFINITY)?,
        (Combine::Min, _) => cx.engine.full(dtype, shape, f64::INFINITY)?,
    };
    Ok(t.into())
}

/// An index by a list along the first axis.
pub(super) fn at(cx: &Context, shape: &[usize], list: &[i64]) -> Result<Shared<Plan>> {
    let list = cx.engine.build::<i64>(&[list.len()], |d| d.copy_from_slice(list))?;
    Plan::new(cx, shape, &[Item::Array(list)])
}

/// Places with about the same number of values.
pub(super) struct Class {
    pub places: Vec<i64>,
    /// A row of values' numbers for each place; where there are no more, the number past the last value.
    pub values: Vec<i64>,
}

/// Places and their values, by the power of two that is not below their number.
pub(super) fn classes(places: &[i64]) -> Result<Vec<Class>> {
    let mut order: Vec<usize> = collected(0..places.len())?;
    order.sort_unstable_by_key(|&i| (places[i], i));
    let mut classes: Vec<Option<Class>> = Vec::new();
    for run in order.chunk_by(|&i, &j| places[i] == places[j]) {
        let width = run.len().next_power_of_two();
        let k = width.trailing_zeros() as usize;
        if classes.len() <= k {
            classes.resize_with(k + 1, || None);
        }
        let class = classes[k].get_or_insert_with(|| Class { places: Vec::new(), values: Vec::new() });
        let full = || Error::too_large(size_of_val(places));
        try_push(&mut class.places, places[run[0]]).map_err(|_| full())?;
        class.values.try_reserve(width).map_err(|_| full())?;
        class.values.extend(run.iter().map(|&i| i as i64));
        class.values.resize(class.places.len() * width, places.len() as i64);
    }
    Ok(classes.into_iter().flatten().collect())
}
