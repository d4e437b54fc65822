//! Indexing as in NumPy: integers, slices, new axes, an ellipsis, integer arrays, boolean masks; reading, assigning and
//! adding. Assignment returns the changed array, arrays being immutable.
//!
//! An index is resolved against a shape to a [`Plan`]: a strided *window* for everything basic, and, if there are index
//! arrays, the positions along the axes they replace. Reading a window is a view; reading positions gathers rows; the
//! derivative of reading is adding to zeros at the same places (so that repeated indices accumulate), and the
//! derivative of that is reading again.

mod along;
mod element;
mod lines;
mod mask;
mod write;

pub use crate::array::selection::Plan;
pub use along::Along;
pub use element::{accumulate_element, element, element_number, flat_element, gathered, places_of};
pub use write::{add, set};

use super::elementwise::cast;
use super::shape::{behind, broadcast_to, reshape, with_ndim};
use super::{elementwise, zeros};
use crate::array::selection::{Positions, Window};
use crate::array::{DType, Element, Shape, Shared, Strides, Tensor, dims::same, shape};
use crate::error::{Error, Result, excerpt};
use crate::kernels::copy::copy;
use crate::kernels::rows::{Offsets, Padding, all_below, gather, gather_transposed, strip_room};
use crate::kernels::strided::Layout;
use crate::kernels::transpose::Columns;
use crate::trace::{Alike, Array, Context, Kept, Meta, NO_NODE, Number, Primitive, apply};
use crate::with_dtype;
use num_complex::{Complex32, Complex64};
use shape::Show;
use smallvec::SmallVec;
use std::cell::OnceCell;
use write::add_to;

/// One entry of an index.
#[derive(Clone)]
pub enum Item {
    Int(i64),
    /// Start, stop, step.
    Slice(Option<i64>, Option<i64>, Option<i64>),
    NewAxis,
    Ellipsis,
    /// Integers, or a mask.
    Array(Tensor),
}

/// Reads `"3, :, 2:4, ..., ::-1, None"`.
pub fn parse(text: &str) -> Result<SmallVec<[Item; 4]>> {
    let bad = |entry: &str| {
        Error::index(format!(
            "cannot read \"{}\" in the index \"{}\": expected an integer, start:stop:step, ..., or None",
            excerpt(entry),
            excerpt(text)
        ))
    };
    let text = text.trim();
    if text.contains(['[', ']']) {
        return Err(Error::index(format!(
            "cannot read the index \"{}\": it is written without brackets, and lists of positions are items \
             (ag_index_items)",
            excerpt(text)
        )));
    }
    let mut items = SmallVec::new();
    let mut entries: SmallVec<[&str; 8]> = text.split(',').map(str::trim).collect();
    if entries.len() > 1 && entries.last() == Some(&"") {
        entries.pop();
    }
    for entry in entries {
        let int = |s: &str| s.trim().parse::<i64>().map_err(|_| bad(entry));
        items.push(match entry {
            "..." => Item::Ellipsis,
            "None" | "newaxis" | "np.newaxis" => Item::NewAxis,
            _ if entry.contains(':') => {
                let mut parts = entry.split(':').map(|s| if s.trim().is_empty() { Ok(None) } else { int(s).map(Some) });
                let mut next = || parts.next().unwrap_or(Ok(None));
                let slice = Item::Slice(next()?, next()?, next()?);
                if parts.next().is_some() {
                    return Err(bad(entry));
                }
                slice
            }
            _ => Item::Int(int(entry)?),
        });
    }
    Ok(items)
}

impl Plan {
    /// The index as text, for traces: `[1:3, :, [0, 2]]`.
    fn text(&self) -> String {
        const SHOWN: usize = 6;
        let list = |list: &Tensor| match list.is_ready() && list.size() <= SHOWN && list.ndim() < 2 {
            true if list.ndim() == 0 => list.first::<i64>().to_string(),
            true => {
                let items: Vec<String> = list.view::<i64>().iter().map(i64::to_string).collect();
                format!("[{}]", items.join(", "))
            }
            false => format!("i64{:?}", list.shape()),
        };
        let along = self.positions.as_ref().map_or(&[][..], |p| &p.along);
        let mask = (self.masked > 0).then(|| format!("mask of {}", self.to[0]));
        let items = (self.window.iter().enumerate().skip(self.masked)).map(|(k, w)| {
            match (along.iter().find(|a| a.0 == k), w.source) {
                (Some((_, positions)), _) => list(positions),
                (None, None) => "None".into(),
                (None, Some(_)) if w.step == 0 => w.start.to_string(),
                (None, Some(axis)) if w.step == 1 && w.length == self.from[axis] => ":".into(),
                (None, Some(_)) => {
                    let stop = w.start + w.step * w.length as i64;
                    let stop = if stop < 0 { String::new() } else { stop.to_string() };
                    let step = if w.step == 1 { String::new() } else { format!(":{}", w.step) };
                    format!("{}:{stop}{step}", w.start)
                }
            }
        });
        let items: Vec<String> = mask.into_iter().chain(items).collect();
        format!("[{}]", items.join(", "))
    }

    /// Resolves an index; checks everything.
    pub fn new(cx: &Context, from: &[usize], items: &[Item]) -> Result<Shared<Plan>> {
        let consumed: usize = items
            .iter()
            .map(|i| match i {
                Item::Int(_) | Item::Slice(..) => 1,
                Item::NewAxis | Item::Ellipsis => 0,
                Item::Array(t) if t.dtype() == DType::Bool => t.ndim(),
                Item::Array(_) => 1,
            })
            .sum();
        if consumed > from.len() {
            return Err(Error::index(format!(
                "too many indices for array: array is {}-dimensional, but {consumed} were indexed",
                from.len()
            )));
        }
        if items.iter().filter(|i| matches!(i, Item::Ellipsis)).count() > 1 {
            return Err(Error::index("an index can only have a single ellipsis ('...')"));
        }
        if let [Item::Array(mask)] | [Item::Array(mask), Item::Ellipsis] = items
            && mask.dtype() == DType::Bool
            && mask.ndim() > 0
        {
            return Plan::of_mask(cx, from, mask);
        }
        let advanced = items.iter().any(|i| matches!(i, Item::Array(_)));
        let mut window: SmallVec<[Window; 4]> = SmallVec::new();
        // Axes of the window with their index arrays; where in the item list they stood.
        let mut arrays: SmallVec<[(usize, Tensor); 2]> = SmallVec::new();
        let mut places: SmallVec<[usize; 2]> = SmallVec::new();
        let mut axis = 0;
        let whole = |axis: usize| Window { source: Some(axis), start: 0, step: 1, length: from[axis] };
        let has_ellipsis = items.iter().any(|i| matches!(i, Item::Ellipsis));
        let implied = [Item::Ellipsis];
        let all = items.iter().chain(if has_ellipsis { &[] } else { &implied[..] });
        for (place, item) in all.enumerate() {
            match item {
                Item::NewAxis => window.push(Window { source: None, start: 0, step: 0, length: 1 }),
                Item::Ellipsis => {
                    for _ in 0..from.len() - consumed {
                        window.push(whole(axis));
                        axis += 1;
                    }
                }
                Item::Slice(start, stop, step) => {
                    window.push(slice(axis, from[axis], *start, *stop, *step)?);
                    axis += 1;
                }
                Item::Int(i) => {
                    let at = in_range(*i, axis, from[axis])?;
                    if advanced {
                        arrays.push((window.len(), cx.engine.build::<i64>(&[], |d| d[0] = at)?));
                        places.push(place);
                        window.push(whole(axis));
                    } else {
                        window.push(Window { source: Some(axis), start: at, step: 0, length: 0 });
                    }
                    axis += 1;
                }
                Item::Array(t) if t.dtype() == DType::Bool => {
                    mask::check(t, &from[axis..axis + t.ndim()])?;
                    if t.ndim() == 0 {
                        // One truth value picks from a new axis of extent 1: all or nothing.
                        cx.engine.force(t)?;
                        let all = t.view::<bool>().iter().any(|&b| b);
                        arrays.push((window.len(), cx.engine.build::<i64>(&[usize::from(all)], |d| d.fill(0))?));
                        places.push(place);
                        window.push(Window { source: None, start: 0, step: 0, length: 1 });
                    }
                    for along in mask::along_axes(cx, &mask::nonzero(cx, t)?, t.shape())? {
                        arrays.push((window.len(), along));
                        places.push(place);
                        window.push(whole(axis));
                        axis += 1;
                    }
                }
                Item::Array(t) => {
                    if t.dtype() != DType::I64 {
                        return Err(Error::index(format!(
                            "arrays used as indices must be of integer (or boolean) type, not {}",
                            t.dtype().name()
                        )));
                    }
                    arrays.push((window.len(), t.clone()));
                    places.push(place);
                    window.push(whole(axis));
                    axis += 1;
                }
            }
        }
        let new_axes = window.iter().filter(|w| w.source.is_none()).count();
        if new_axes > shape::MAX_NDIM {
            let many =
                format!("number of dimensions must be within [0, {}], indexing would add {new_axes}", shape::MAX_NDIM);
            return Err(Error::index(many));
        }
        // A bit for each entry of the window that an array replaces: there are at most 64 old axes and as many new ones.
        let replaced = arrays.iter().fold(0u128, |bits, (k, _)| bits | 1 << k);
        let positions = if arrays.is_empty() { None } else { Some(positions(cx, from, &window, &arrays, &places)?) };
        // Axes that an integer takes away have step 0; axes that positions replace come together at `at`.
        let mut to = Shape::new();
        for (k, w) in window.iter().enumerate() {
            if replaced >> k & 1 == 0 && (w.source.is_none() || w.step != 0) {
                to.push(w.length);
            }
        }
        if let Some(p) = &positions {
            for (i, &d) in p.shape.iter().enumerate() {
                to.insert(p.at + i, d);
            }
        }
        shape::checked_size(&to, 16)?;
        let plan = Plan { from: from.into(), to, window, positions, masked: 0, list: OnceCell::new() };
        Ok(Shared::new(&cx.plans, plan))
    }

    /// The same index into each of `n` arrays along a new first axis.
    fn batched(&self, cx: &Context, n: usize) -> Result<Shared<Plan>> {
        if self.masked > 0 {
            return self.unmasked(cx)?.batched(cx, n);
        }
        let mut window: SmallVec<[Window; 4]> =
            SmallVec::from_elem(Window { source: Some(0), start: 0, step: 1, length: n }, 1);
        window.extend(self.window.iter().map(|w| Window { source: w.source.map(|a| a + 1), ..*w }));
        let positions = self.positions.as_ref().map(|p| Positions {
            shape: p.shape.clone(),
            along: p.along.iter().map(|(k, list)| (k + 1, list.clone())).collect(),
            at: p.at + 1,
        });
        let (from, to) = (behind(n, &self.from), behind(n, &self.to));
        let plan = Plan { from, to, window, positions, masked: 0, list: OnceCell::new() };
        Ok(Shared::new(&cx.plans, plan))
    }

    /// The window over a ready array of shape `from`: strides and offset; axes that an integer takes are left out,
    /// axes that positions replace are there.
    fn over(&self, offset: isize, strides: &[isize]) -> (Shape, Strides, isize) {
        let (mut shape, mut out, mut at) = (Shape::new(), Strides::new(), offset);
        for w in &self.window {
            let Some(source) = w.source else {
                shape.push(1);
                out.push(0);
                continue;
            };
            at += w.start as isize * strides[source];
            if w.step != 0 {
                shape.push(w.length);
                out.push(w.step as isize * strides[source]);
            }
        }
        (shape, out, at)
    }

    /// The selection as rows of the array, if index arrays stand for its first axes and all others are whole: the number
    /// of each row, in the order of the result. Made once: reading and its derivative use the same one.
    fn row_list(&self, cx: &Context) -> Result<Option<&Tensor>> {
        if let Some(list) = self.list.get() {
            return Ok(list.as_ref());
        }
        let list = self.new_row_list(cx)?;
        Ok(self.list.get_or_init(|| list).as_ref())
    }

    /// The selection, if it is a list of rows, many of them, of an array whose columns lie one after the other in memory.
    fn transposed_rows(&self, cx: &Context, t: &Tensor) -> Result<Option<Array>> {
        if !self.names_rows() || !t.is_ready() || 4 * shape::size_of(&self.to) < t.size() {
            return Ok(None);
        }
        let layout = Layout::new(t.shape(), t.strides(), t.offset());
        let [(rows, row_step), (columns, column_step)] = layout.axes[..] else { return Ok(None) };
        if !layout.is_transposed() || columns != self.row() {
            return Ok(None);
        }
        let Some(list) = self.row_list(cx)? else { return Ok(None) };
        let at = t.offset() as isize;
        let matrix = Columns { at, row_step, column_step, rows, columns, ahead: 0, past: false };
        with_dtype!(t.dtype(), T => {
            let n = strip_room(matrix);
            let mut room = cx.engine.heap.pool.take::<T>(n)?;
            let room = room.slice_mut::<T>(n);
            let fill = |d: &mut [T]| gather_transposed(matrix, t.memory::<T>(), list.elements(), d, room);
            Ok(Some(cx.engine.build(&self.to, fill)?.into()))
        })
    }

    /// Whether all elements are selected, along each axis in one order or the other.
    fn undoes_itself(&self) -> bool {
        let (n, positions) = (self.from.len(), self.positions.is_some() || self.masked > 0);
        let all = |(i, w): (usize, &Window)| w.source == Some(i) && w.length == self.from[i] && w.step.abs() == 1;
        !positions && self.window.len() == n && self.window.iter().enumerate().all(all)
    }

    /// Whether index arrays stand for the first axes and all others are whole.
    fn names_rows(&self) -> bool {
        let Some(p) = &self.positions else { return false };
        let leading = p.along.iter().enumerate().all(|(i, (k, _))| i == *k);
        let whole =
            |(i, w): (usize, &Window)| w.source == Some(i) && w.start == 0 && w.step == 1 && w.length == self.from[i];
        leading && p.at == 0 && self.window.iter().enumerate().all(whole)
    }

    fn new_row_list(&self, cx: &Context) -> Result<Option<Tensor>> {
        let Some(p) = self.positions.as_ref().filter(|_| self.names_rows()) else { return Ok(None) };
        if let [(_, list)] = &p.along[..] {
            return Ok(Some(list.clone()));
        }
        let [(_, first), rest @ ..] = &p.along[..] else { return Ok(None) };
        let list = cx.engine.build::<i64>(&p.shape, |d| {
            d.copy_from_slice(first.elements::<i64>());
            for (k, list) in rest {
                let extent = self.from[*k] as i64;
                d.iter_mut().zip(list.elements::<i64>()).for_each(|(d, &i)| *d = *d * extent + i);
            }
        });
        list.map(Some)
    }

    /// Elements of a row that [`Plan::row_list`] counts.
    fn row(&self) -> usize {
        let named = self.positions.as_ref().map_or(0, |p| p.along.len());
        shape::size_of(&self.from[named.max(self.masked)..])
    }

    /// Where the selection stands in the array, if it is a forward slice of one axis that covers half of it or more: then
    /// putting it inside zeros costs no more than adding to zeros does.
    fn padding(&self) -> Option<Padding> {
        if self.positions.is_some() || 2 * shape::size_of(&self.to) < shape::size_of(&self.from) {
            return None;
        }
        let mut found = None;
        for (i, w) in self.window.iter().enumerate() {
            let whole = w.start == 0 && w.step == 1 && w.source.is_some_and(|a| w.length == self.from[a]);
            if w.source != Some(i) || w.step < 1 {
                return None;
            }
            if !whole {
                if found.is_some() {
                    return None;
                }
                found = Some((i, w));
            }
        }
        let (axis, w) = found?;
        Some(Padding {
            total: self.from[axis],
            start: w.start as usize,
            step: w.step as usize,
            length: w.length,
            inner: shape::size_of(&self.from[axis + 1..]),
        })
    }

    /// Calls `each` for every row, in the order of the result, with its position in memory, its length and the
    /// distance of its elements. Rows are what remains of the trailing axes after collapsing.
    fn rows(&self, offset: isize, strides: &[isize], mut each: impl FnMut(isize, usize, isize)) {
        let (shape, strides, at) = self.over(offset, strides);
        let p = self.positions.as_ref().expect("only for index arrays");
        let is_replaced = |k: &usize| p.along.iter().any(|(a, _)| a == k);
        let others: SmallVec<[usize; 4]> = (0..shape.len()).filter(|k| !is_replaced(k)).collect();
        let (before, after) = others.split_at(p.at);
        let axes = |list: &[usize]| -> (Shape, Strides) {
            (list.iter().map(|&k| shape[k]).collect(), list.iter().map(|&k| strides[k]).collect())
        };
        let (outer_shape, outer_strides) = axes(before);
        let (inner_shape, inner_strides) = axes(after);
        let inner = Layout::new(&inner_shape, &inner_strides, 0);
        let (&(row, step), middle) = inner.axes.split_last().expect("a layout has an axis");
        if others.iter().any(|&k| shape[k] == 0) {
            return;
        }
        let count: usize = p.shape.iter().product();
        let lists: SmallVec<[(usize, &[i64]); 4]> = p.along.iter().map(|(k, t)| (*k, t.elements::<i64>())).collect();
        for_each_offset(outer_shape.iter().copied().zip(outer_strides.iter().copied()), at, |outer| {
            if let ([(axis, list)], []) = (&lists[..], middle) {
                // By far the most frequent kind.
                let stride = strides[*axis];
                return list.iter().for_each(|&i| each(outer + i as isize * stride, row, step));
            }
            for i in 0..count {
                let place = lists.iter().fold(outer, |at, (axis, list)| at + list[i] as isize * strides[*axis]);
                for_each_offset(middle.iter().copied(), place, |at| each(at, row, step));
            }
        });
    }
}

/// All offsets of a strided box, the last axis fastest.
pub(super) fn for_each_offset(axes: impl Iterator<Item = (usize, isize)>, start: isize, mut each: impl FnMut(isize)) {
    let axes: SmallVec<[(usize, isize); 4]> = axes.collect();
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
    let mut at = start;
    if axes.iter().any(|&(d, _)| d == 0) {
        return;
    }
    'next: loop {
        each(at);
        for (i, &(d, s)) in index.iter_mut().zip(&axes).rev() {
            *i += 1;
            at += s;
            if *i < d {
                continue 'next;
            }
            *i = 0;
            at -= s * d as isize;
        }
        return;
    }
}

fn in_range(i: i64, axis: usize, length: usize) -> Result<i64> {
    let n = length as i64;
    if i < -n || i >= n {
        return Err(Error::index(format!("index {i} is out of bounds for axis {axis} with size {length}")));
    }
    Ok(if i < 0 { i + n } else { i })
}

/// Python's rules for slices.
fn slice(axis: usize, length: usize, start: Option<i64>, stop: Option<i64>, step: Option<i64>) -> Result<Window> {
    let (n, step) = (length as i64, step.unwrap_or(1));
    if step == 0 {
        return Err(Error::value("slice step cannot be zero"));
    }
    let clamp = |i: i64, low: i64, high: i64| (if i < 0 { i.saturating_add(n) } else { i }).clamp(low, high);
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let start = start.map_or(if step > 0 { 0 } else { n - 1 }, |i| clamp(i, low, high));
    let stop = stop.map_or(if step > 0 { n } else { -1 }, |i| clamp(i, low, high));
    let span = if step > 0 { stop - start } else { start - stop };
    let count = if span <= 0 { 0 } else { (span - 1) / step.saturating_abs() + 1 };
    // A longer step than the axis leads nowhere else, and might be too long to be multiplied by a stride.
    let step = step.clamp(-n.max(1), n.max(1));
    // An empty window must not point outside of the array.
    let start = if count == 0 { 0 } else { start };
    Ok(Window { source: Some(axis), start, step, length: count as usize })
}

fn positions(
    cx: &Context,
    from: &[usize],
    window: &[Window],
    arrays: &[(usize, Tensor)],
    places: &[usize],
) -> Result<Positions> {
    let mut shape = Shape::new();
    for (_, t) in arrays {
        shape = shape::broadcast(&shape, t.shape()).map_err(|_| {
            let shapes: Vec<String> = arrays.iter().map(|(_, t)| Show(t.shape()).to_string()).collect();
            Error::index(format!(
                "shape mismatch: indexing arrays could not be broadcast together with shapes {}",
                shapes.join(" ")
            ))
        })?;
    }
    shape::checked_size(&shape, 8)?;
    let mut along: SmallVec<[(usize, Tensor); 2]> = SmallVec::new();
    for (k, t) in arrays {
        cx.engine.force(t)?;
        let axis = window[*k].source;
        if let Some(axis) = axis
            && t.shape() == shape.as_slice()
            && t.slice::<i64>().is_some_and(|list| all_below(list, from[axis]))
        {
            along.push((*k, t.clone()));
            continue;
        }
        let strides = shape::broadcast_strides(t.shape(), t.strides(), &shape).expect("broadcast above");
        let mut wrong = None;
        let list = cx.engine.build::<i64>(&shape, |list| {
            if list.is_empty() {
                return;
            }
            Layout::new(&shape, &strides, t.offset()).read(t.memory::<i64>(), 0, list);
            // Positions along a new axis are all 0.
            let Some(axis) = axis else { return };
            for i in list {
                match in_range(*i, axis, from[axis]) {
                    Ok(at) => *i = at,
                    Err(e) => wrong = wrong.take().or(Some(e)),
                }
            }
        })?;
        if let Some(e) = wrong {
            return Err(e);
        }
        along.push((*k, list));
    }
    // Side by side they stay where they are, apart they go to the front.
    let adjacent = places.windows(2).all(|w| w[1] - w[0] <= 1);
    let at = if adjacent { arrays[0].0 } else { 0 };
    Ok(Positions { shape, along, at })
}

/// `x[index]`.
pub fn get(cx: &Context, x: &Array, plan: &Shared<Plan>) -> Array {
    if let Some(y) = plan.places().and_then(|places| element(cx, x, &places)) {
        return y;
    }
    apply(cx, &Get(plan.clone()), &[x])
}

#[derive(Clone)]
struct Get(Shared<Plan>);

impl Primitive for Get {
    fn name(&self) -> &str {
        "ag_index"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.lazy_tensor(&args[0])?;
        let plan = &self.0;
        if let Some(rows) = plan.transposed_rows(cx, &t)? {
            return Ok(rows);
        }
        if cx.engine.defers(shape::size_of(&plan.to))
            && let Some(list) = plan.row_list(cx)?
        {
            return Ok(cx.engine.rows(&t, list, &plan.to)?.into());
        }
        cx.engine.force(&t)?;
        // Few elements of a view are looked for one by one; for many, it is better brought in order.
        let many = 4 * shape::size_of(&plan.to) >= t.size();
        let transposed = || Layout::new(t.shape(), t.strides(), t.offset()).is_transposed();
        let t = if t.is_contiguous() {
            t
        } else if many && (plan.masked > 0 || plan.names_rows() && transposed()) {
            cx.engine.contiguous(&t)?
        } else if plan.masked > 0 {
            return Get(plan.unmasked(cx)?).eval(cx, &[t.into()]);
        } else {
            t
        };
        if t.is_contiguous()
            && let Some(list) = plan.row_list(cx)?
        {
            return with_dtype!(t.dtype(), T => Ok(cx.engine.build::<T>(&plan.to, |d| {
                if !d.is_empty() {
                    gather(t.elements::<T>(), list.elements::<i64>(), plan.row(), 0, d);
                }
            })?.into()));
        }
        if plan.positions.is_none() {
            let (shape, strides, at) = plan.over(t.offset() as isize, t.strides());
            return Ok(t.view_as(shape, at as usize, strides).into());
        }
        if let Some(lines) = plan.lines(cx, t.offset() as isize, t.strides())? {
            return with_dtype!(t.dtype(), T => Ok(cx.engine.build::<T>(&plan.to, |d| {
                let (memory, places) = (t.memory::<T>(), Offsets::new(lines.places.elements::<i64>()));
                let mut rest = d.chunks_exact_mut(lines.places.size());
                lines.for_each_beginning(|at| {
                    rest.next().into_iter().for_each(|line| places.pick(memory, at, line));
                });
            })?.into()));
        }
        with_dtype!(t.dtype(), T => {
            let memory = t.memory::<T>();
            Ok(cx.engine.build::<T>(&plan.to, |d| {
                let mut rest = d;
                plan.rows(t.offset() as isize, t.strides(), |at, row, step| {
                    if row == 1 {
                        let (d, tail) = std::mem::take(&mut rest).split_first_mut().expect("a place for each element");
                        *d = memory[at as usize];
                        rest = tail;
                        return;
                    }
                    let (line, tail) = std::mem::take(&mut rest).split_at_mut(row);
                    rest = tail;
                    if step == 1 {
                        copy(line, &memory[at as usize..at as usize + row]);
                    } else {
                        line.iter_mut().enumerate().for_each(|(i, d)| *d = memory[(at + i as isize * step) as usize]);
                    }
                });
            })?.into())
        })
    }

    fn batched(&self, cx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
        let plan = self.0.batched(cx, args[0].shape()[0]);
        Some(plan.map_or_else(|e| cx.fail(e.within(self.name())), |plan| get(cx, &args[0], &plan)))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        let g = if same(g.shape(), &self.0.to) { g.clone() } else { broadcast_to(cx, g, &self.0.to) };
        if self.0.undoes_itself() {
            return get(cx, &g, &self.0);
        }
        let zero = zeros(cx, &Meta { dtype: g.dtype(), shape: self.0.from.clone() });
        add(cx, &zero, &self.0, &g)
    }

    fn run(&self) -> Option<(usize, usize)> {
        self.0.run()
    }

    /// Adds to what is there already, in place.
    fn vjp_into(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>, _: Alike, sum: &mut Array) -> bool {
        let Array::Plain(there) = sum else { return false };
        let fused = cx.engine.defers(there.size()) && self.0.padding().is_some();
        if fused || g.dtype() != there.dtype() || !matches!(g, Array::Plain(_) | Array::Number { .. }) {
            return false;
        }
        let forced = cx.engine.force(there);
        // There must be no other reference while it is changed.
        let Array::Plain(there) = std::mem::take(sum) else { return false };
        let added = forced.and_then(|()| add_to(cx, there, &self.0, g));
        *sum = added.map_or_else(|e| cx.fail(e.within(self.name())), Array::Plain);
        true
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        get(cx, t, &self.0)
    }
}
