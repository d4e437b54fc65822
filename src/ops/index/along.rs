//! `numpy.take_along_axis` and its derivatives: every element says where along an axis it is read. Views are read as they
//! lie, and nothing is kept but the positions.

use super::write::{Accumulate, Change, batch_operands, batch_size, own, prepared};
use super::*;
use crate::kernels::memory;
use crate::ops::take::integers;
use std::ops::Range;

/// Some neighbours among the elements read.
struct Run {
    range: Range<usize>,
    /// Where a run begins that comes a little later.
    later: Option<usize>,
    /// The place of position 0 for the first one, and the distance that each next one has by itself.
    begin: isize,
    step: isize,
}

impl Run {
    /// Asks for what the later run needs of these, which the processor doesn't see coming.
    #[inline]
    fn prefetch<T>(&self, x: &[T]) {
        if let Some(later) = self.later {
            memory::prefetch(x.as_ptr().wrapping_add(later), memory::ALIGN);
        }
    }
}

/// Positions along an axis.
#[derive(Clone)]
pub struct Along {
    axis: usize,
    /// The shape of the array. Its other axes are those of the positions, or have extent 1.
    from: Shape,
    /// Row-major, in range; of the shape of what is read.
    at: Tensor,
}

impl Along {
    /// Checks positions `at` along an axis of arrays of the shape `from`: the other axes of both broadcast.
    pub fn new(cx: &Context, from: &[usize], at: &Array, axis: i64) -> Result<Along> {
        if at.ndim() != from.len() {
            return Err(Error::value("`indices` and `arr` must have the same number of dimensions"));
        }
        let axis = shape::normalize_axis(axis, from.len())?;
        if at.dtype() != DType::I64 {
            return Err(Error::index(format!("`indices` must be an integer array, not {}", at.dtype().name())));
        }
        let at = integers(cx, at)?;
        let mut others = Shape::from_slice(from);
        others[axis] = at.shape()[axis];
        let to = shape::broadcast(&others, at.shape()).map_err(|_| {
            Error::index(format!(
                "shape mismatch: indexing arrays could not be broadcast together with shapes {} {}",
                Show(at.shape()),
                Show(from)
            ))
        })?;
        shape::checked_size(&to, 8)?;
        let steps = shape::broadcast_strides(at.shape(), at.strides(), &to).expect("broadcast above");
        let at = cx.engine.contiguous(&at.view_as(to, at.offset(), steps))?;
        let extent = from[axis];
        let at = if all_below(at.elements(), extent) {
            at
        } else {
            let mut wrong = None;
            let counted = cx.engine.build::<i64>(at.shape(), |d| {
                for (d, &i) in d.iter_mut().zip(at.elements::<i64>()) {
                    match in_range(i, axis, extent) {
                        Ok(i) => *d = i,
                        Err(e) => wrong = wrong.take().or(Some(e)),
                    }
                }
            })?;
            wrong.map_or(Ok(counted), Err)?
        };
        Ok(Along { axis, from: from.into(), at })
    }

    /// The elements of `x` at the positions.
    pub fn take(&self, cx: &Context, x: &Array) -> Array {
        apply(cx, &Take(self.clone()), &[x])
    }

    /// `x` with `values` added to these elements; those that are named several times get all of theirs.
    fn put(&self, cx: &Context, x: &Array, values: &Array) -> Array {
        apply(cx, &Put(self.clone()), &[x, values])
    }

    /// Zeros with `values` added.
    fn put_in_zeros(&self, cx: &Context, values: &Array) -> Array {
        self.put(cx, &zeros(cx, &Meta { dtype: values.dtype(), shape: self.from.clone() }), values)
    }

    /// Calls `each` for runs of positions, in some order, of an array with such a layout.
    ///
    /// Reading rows of a large array here and there is slow: each line of the cache is gone before its next element is asked
    /// for. So parts of all rows that are as wide as such a `line` (elements) go one below the other.
    fn runs(&self, offset: usize, strides: &[isize], line: usize, mut each: impl FnMut(Run)) {
        const LARGE: usize = 1 << 17;
        const AHEAD: usize = 16;
        let mut others = Strides::from_slice(strides);
        for (k, s) in others.iter_mut().enumerate() {
            if k == self.axis || self.from[k] == 1 {
                *s = 0;
            }
        }
        let layout = Layout::new(self.at.shape(), &others, offset);
        let (&(length, step), outer) = layout.axes.split_last().expect("a layout has an axis");
        let (lines, outer) = outer.split_last().map_or(((1, 0), outer), |(&lines, outer)| (lines, outer));
        if length == 0 {
            return;
        }
        let narrow = step.abs() == 1 && lines.0 > AHEAD && lines.0 * length >= LARGE;
        let part = if narrow { line } else { length };
        let mut done = 0;
        for_each_offset(outer.iter().copied(), offset as isize, |begin| {
            for first in (0..length).step_by(part) {
                let n = part.min(length - first);
                let mut begin = begin + first as isize * step;
                let mut at = done + first;
                for _ in 0..lines.0 {
                    each(Run { range: at..at + n, later: narrow.then_some(at + AHEAD * length), begin, step });
                    begin += lines.1;
                    at += length;
                }
            }
            done += lines.0 * length;
        });
    }

    /// The row-major place of each element that is read.
    pub fn places(&self, cx: &Context) -> Result<Tensor> {
        let strides = shape::contiguous(&self.from);
        let stride = strides[self.axis] as i64;
        cx.engine.build::<i64>(self.at.shape(), |d| {
            let positions = self.at.elements::<i64>();
            self.runs(0, &strides, usize::MAX, |run| {
                let mut place = run.begin as i64;
                for (d, &k) in d[run.range.clone()].iter_mut().zip(&positions[run.range]) {
                    *d = place + k * stride;
                    place += run.step as i64;
                }
            });
        })
    }

    fn read<T: Element>(&self, t: &Tensor, d: &mut [T]) {
        let (source, stride, positions) = (t.memory::<T>(), t.strides()[self.axis], self.at.elements::<i64>());
        self.runs(t.offset(), t.strides(), memory::ALIGN / size_of::<T>(), |run| {
            run.prefetch(positions);
            run.prefetch(d);
            let (d, positions) = (&mut d[run.range.clone()], &positions[run.range]);
            if (stride, run.step) == (1, 0) {
                return Offsets::new(positions).pick(source, run.begin as usize, d);
            }
            let mut place = run.begin;
            for (d, &k) in d.iter_mut().zip(positions) {
                *d = source[(place + k as isize * stride) as usize];
                place += run.step;
            }
        });
    }

    fn add<T: Element>(&self, d: &mut [T], values: &[T])
    where
        Accumulate: Change<T>,
    {
        let strides = shape::contiguous(&self.from);
        let (stride, positions) = (strides[self.axis], self.at.elements::<i64>());
        self.runs(0, &strides, memory::ALIGN / size_of::<T>(), |run| {
            run.prefetch(positions);
            run.prefetch(values);
            let mut place = run.begin;
            for (&v, &k) in values[run.range.clone()].iter().zip(&positions[run.range]) {
                Accumulate::change(&mut d[(place + k as isize * stride) as usize], v);
                place += run.step;
            }
        });
    }

    /// `x` with `values` added where this one reads.
    fn add_to(&self, cx: &Context, x: Tensor, values: &Array) -> Result<Tensor> {
        let v = prepared(cx, self.at.shape(), values, x.dtype())?;
        let mut x = own(cx, x)?;
        with_dtype!(x.dtype(), T => self.add::<T>(x.unique_mut::<T>().expect("made unique"), v.elements::<T>()));
        Ok(x)
    }

    /// The same in each of `n` arrays along a new first axis.
    fn batched(&self, cx: &Context, n: usize) -> Result<Along> {
        let strides = std::iter::once(0).chain(self.at.strides().iter().copied()).collect();
        let many = self.at.view_as(behind(n, self.at.shape()), self.at.offset(), strides);
        Ok(Along { axis: self.axis + 1, from: behind(n, &self.from), at: cx.engine.contiguous(&many)? })
    }

    fn text(&self) -> String {
        format!("axis={}, indices=i64{:?}", self.axis, self.at.shape())
    }
}

#[derive(Clone)]
struct Take(Along);

impl Primitive for Take {
    fn name(&self) -> &str {
        "ag_take_along_axis"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let t = cx.tensor(&args[0])?;
        with_dtype!(t.dtype(), T => Ok(cx.engine.build::<T>(self.0.at.shape(), |d| self.0.read(&t, d))?.into()))
    }

    fn batched(&self, cx: &Context, args: &[Array], _: &[bool]) -> Option<Array> {
        let along = self.0.batched(cx, args[0].shape()[0]);
        Some(along.map_or_else(|e| cx.fail(e.within(self.name())), |along| along.take(cx, &args[0])))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>) -> Array {
        self.0.put_in_zeros(cx, g)
    }

    /// Adds to what is there already, in place.
    fn vjp_into(&self, cx: &Context, _: usize, g: &Array, _: &Kept<'_>, _: Alike, sum: &mut Array) -> bool {
        let Array::Plain(there) = sum else { return false };
        if g.dtype() != there.dtype() || !matches!(g, Array::Plain(_) | Array::Number { .. }) {
            return false;
        }
        let forced = cx.engine.force(there);
        // There must be no other reference while it is changed.
        let Array::Plain(there) = std::mem::take(sum) else { return false };
        let added = forced.and_then(|()| self.0.add_to(cx, there, g));
        *sum = added.map_or_else(|e| cx.fail(e.within(self.name())), Array::Plain);
        true
    }

    fn jvp(&self, cx: &Context, _: usize, t: &Array, _: &Kept<'_>) -> Array {
        self.0.take(cx, t)
    }
}

#[derive(Clone)]
struct Put(Along);

impl Primitive for Put {
    fn name(&self) -> &str {
        "ag_index_add"
    }

    fn parameters(&self) -> String {
        self.0.text()
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let x = cast(cx, cx.tensor(&args[0])?, elementwise::promote(&args[0], &args[1]))?;
        cx.engine.force(&x)?;
        Ok(self.0.add_to(cx, x, &args[1])?.into())
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        let n = batch_size(args, lead)?;
        let along = self.0.batched(cx, n);
        Some(along.map_or_else(
            |e| cx.fail(e.within(self.name())),
            |along| {
                let [x, values] = batch_operands(cx, args, lead, &along.from, self.0.from.len());
                along.put(cx, &x, &values)
            },
        ))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        0
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, _: &Kept<'_>) -> Array {
        let g = if same(g.shape(), &self.0.from) { g.clone() } else { broadcast_to(cx, g, &self.0.from) };
        if argnum == 0 { g } else { self.0.take(cx, &g) }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, _: &Kept<'_>) -> Array {
        if argnum == 0 { t.clone() } else { self.0.put_in_zeros(cx, t) }
    }
}
