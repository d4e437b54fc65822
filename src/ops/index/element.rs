//! One element of an array of numbers, as a number: what programs do that walk through an array in a loop.
//!
//! Such a node is a parent and a position on the tape, nothing more. In a sweep its cotangent is added to the parent's in
//! place; where that is recorded at an outer level, elements are collected until the parent's turn comes, and then put
//! together at once (`trace::sweep`). So a loop over n elements takes n steps in every mode and at every order.

use super::*;
use crate::kernels::stack::is_short;

/// `x[places]` of a real array in double precision, with a place for each axis, in range. `None` for anything else, and
/// while somebody watches.
pub fn element(cx: &Context, x: &Array, places: &[i64]) -> Option<Array> {
    if cx.unusual() || x.dtype() != DType::F64 || x.ndim() != places.len() || places.is_empty() {
        return None;
    }
    of_layers(cx, x, places)
}

/// The same, of an array that lies in order and is plain or recorded on the innermost tape; integers count from the end of
/// their axes, too. It only looks, and takes less time than the lists of the general way.
#[inline]
pub fn element_number(cx: &Context, x: &Array, ints: &[i64]) -> Option<Number> {
    if ints.is_empty() || ints.len() != x.ndim() {
        return None;
    }
    let mut at = 0;
    for (&i, &n) in ints.iter().zip(x.shape()) {
        let i = if i < 0 { i + n as i64 } else { i };
        if i < 0 || i >= n as i64 {
            return None;
        }
        at = at * n + i as usize;
    }
    flat_element(cx, x, at)
}

/// The element at a row-major position of an array of any rank, under the same conditions.
#[inline]
pub fn flat_element(cx: &Context, x: &Array, at: usize) -> Option<Number> {
    let (node, level, t) = match x {
        Array::Plain(t) => (NO_NODE, 0, t),
        Array::Recorded { node, level, value } => (*node, *level, value),
        _ => return None,
    };
    if cx.unusual() || t.ndim() == 0 {
        return None;
    }
    let value = *t.owned_slice::<f64>()?.get(at)?;
    if level == 0 {
        return Some(Number::plain(value));
    }
    let node = cx.trace.top_tape(level)?.borrow_mut().push_element(node, at)?;
    Some(Number { node, level, value })
}

fn of_layers(cx: &Context, x: &Array, places: &[i64]) -> Option<Array> {
    match x {
        Array::Plain(t) => value(cx, t, places).map(Array::from),
        Array::Recorded { node, level, value: t } if cx.trace.is_live(*level) => {
            let y = value(cx, t, places)?;
            recorded(cx, *level, *node, t.shape(), places, Array::from(y))
        }
        // Layers are many only where something else finds that the stack doesn't hold them.
        Array::Nested(layer) if !layer.batch && cx.trace.is_live(layer.level) && !is_short() => {
            let y = of_layers(cx, &layer.primal, places)?;
            if layer.node != NO_NODE {
                return recorded(cx, layer.level, layer.node, layer.primal.shape(), places, y);
            }
            let t = match &layer.tangent {
                Array::Null => Array::Null,
                t if same(t.shape(), x.shape()) && t.dtype() == DType::F64 => of_layers(cx, t, places)?,
                _ => return None,
            };
            Some(Array::dual(layer.level, t, y))
        }
        _ => None,
    }
}

fn value(cx: &Context, t: &Tensor, places: &[i64]) -> Option<f64> {
    cx.engine.force(t).ok()?;
    let at = places.iter().zip(t.strides()).fold(t.offset() as isize, |at, (&i, &s)| at + i as isize * s);
    Some(t.memory::<f64>()[at as usize])
}

fn recorded(cx: &Context, level: u64, node: u32, shape: &[usize], places: &[i64], y: Array) -> Option<Array> {
    let at = places.iter().zip(shape).fold(0, |at, (&i, &n)| at * n + i as usize);
    let node = match cx.trace.top_tape(level) {
        Some(tape) => tape.borrow_mut().push_element(node, at),
        None => cx.trace.with_tape(level, |tape| tape.push_element(node, at)).flatten(),
    }?;
    Some(Array::boxed(level, node, y))
}

/// Integers counted from the end of their axes or not, if there is one for each axis and all are in range.
pub fn places_of(from: &[usize], ints: impl Iterator<Item = i64>) -> Option<SmallVec<[i64; 4]>> {
    let mut places = SmallVec::new();
    let mut axes = from.iter();
    for i in ints {
        let n = *axes.next()? as i64;
        if i < -n || i >= n {
            return None;
        }
        places.push(if i < 0 { i + n } else { i });
    }
    axes.next().is_none().then_some(places)
}

impl Plan {
    /// The position along each axis, if the index is an integer for each.
    pub(super) fn places(&self) -> Option<SmallVec<[i64; 4]>> {
        let ints = self.to.is_empty() && self.positions.is_none() && self.masked == 0;
        ints.then(|| self.window.iter().map(|w| w.start).collect())
    }
}

impl Plan {
    /// If the selection is a run of elements in row-major order: where it begins, and how long it is.
    pub(super) fn run(&self) -> Option<(usize, usize)> {
        if self.positions.is_some() || self.masked > 0 {
            return None;
        }
        let (mut start, mut partial) = (0, false);
        for (k, w) in self.window.iter().enumerate() {
            let axis = w.source.filter(|&axis| axis == k)?;
            let whole = w.start == 0 && w.step == 1 && w.length == self.from[axis];
            // Behind a slice of an axis all others must be whole, before it there must be one place.
            if !(whole && partial || !partial && (w.step == 0 || w.step == 1)) {
                return None;
            }
            partial |= w.step == 1;
            start = start * self.from[axis] + w.start as usize;
        }
        Some((start, shape::size_of(&self.to)))
    }
}

/// The cotangent of an array of which runs of elements were read, from where these begin and theirs.
pub fn gathered(cx: &Context, meta: &Meta, list: &[(usize, Array)]) -> Array {
    use super::super::shape::{concatenate, listed, stack};
    let size = shape::size_of(&meta.shape);
    let build = || -> Result<Array> {
        let total: usize = list.iter().map(|(_, g)| g.size()).sum();
        let positions = cx.engine.build::<i64>(&[total], |d| {
            let mut d = d.iter_mut();
            for (at, g) in list {
                (*at as i64..).zip(d.by_ref().take(g.size())).for_each(|(i, d)| *d = i);
            }
        })?;
        let plan = Plan::new(cx, &[size], &[Item::Array(positions)])?;
        let values = if list.iter().all(|(_, g)| g.ndim() == 0) {
            stack(cx, &listed(list.iter().map(|(_, g)| g))?, 0)
        } else {
            let parts = listed(list.iter().map(|(_, g)| reshape(cx, g, &[g.size()])))?;
            concatenate(cx, &listed(parts.iter())?, 0)
        };
        let sum = add(cx, &zeros(cx, &Meta { dtype: values.dtype(), shape: [size].as_slice().into() }), &plan, &values);
        Ok(reshape(cx, &sum, &meta.shape))
    };
    cx.take("ag_index", build())
}

/// Adds a number to the element at a row-major position of a plain cotangent, which is null yet or of the form `meta`; in
/// place where there is no other reference to it. `false` where that can't be done, and nothing has changed.
pub fn accumulate_element(cx: &Context, sum: &mut Array, meta: impl FnOnce() -> Meta, at: usize, g: f64) -> bool {
    match sum {
        Array::Null => {
            let meta = meta();
            let Ok(t) = cx.engine.build::<f64>(&meta.shape, |d| {
                d.fill(0.0);
                d[at] = g;
            }) else {
                return false;
            };
            *sum = Array::Plain(t);
            true
        }
        Array::Plain(t) if t.dtype() == DType::F64 => {
            if let Some(d) = t.unique_mut::<f64>() {
                d[at] += g;
                return true;
            }
            // A copy that is ours alone; the elements lie in row-major order then.
            let own = cx.engine.force(t).and_then(|()| write::own(cx, t.clone()));
            let Ok(mut own) = own else { return false };
            let Some(d) = own.unique_mut::<f64>() else { return false };
            d[at] += g;
            *t = own;
            true
        }
        _ => false,
    }
}
