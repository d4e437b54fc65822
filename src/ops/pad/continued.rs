//! Arrays continued by their own elements along all axes in one walk through memory, and the transpose: what was copied
//! is added up where it came from.

use super::broadcast_cotangent;
use crate::array::{Shape, Tensor, shape};
use crate::error::Result;
use crate::kernels::copy::copy_apart;
use crate::kernels::reduce::{Fold, Reduce};
use crate::kernels::strided::{self, StridedView};
use crate::ops::shape::linear;
use crate::trace::{Array, Context, Kept, Primitive, apply};
use crate::with_dtype;
use std::rc::Rc;

/// One axis: `before` new elements, the `n` of the array, and other new ones, `total` altogether; `ends` says which
/// elements the new ones are (unless the array is empty).
#[derive(Clone)]
pub(super) struct PaddedAxis {
    pub n: usize,
    pub before: usize,
    pub total: usize,
    pub ends: Vec<usize>,
}

impl PaddedAxis {
    /// The element that stands at place `k`.
    fn source(&self, k: usize) -> usize {
        match k.checked_sub(self.before) {
            None => self.ends[k],
            Some(inside) if inside < self.n => inside,
            Some(_) => self.ends[k - self.n],
        }
    }
}

#[derive(Clone)]
struct Continued {
    padded: Rc<[PaddedAxis]>,
    from: Shape,
    to: Shape,
    /// The other way: `to` becomes `from`.
    transposed: bool,
}

/// `x` with its axes continued, each as `padded` says.
pub(super) fn continued(cx: &Context, x: &Array, padded: Vec<PaddedAxis>) -> Array {
    let to = padded.iter().map(|l| l.total).collect();
    apply(cx, &Continued { padded: padded.into(), from: x.shape().into(), to, transposed: false }, &[x])
}

impl Continued {
    /// Calls `each` for the lines of the larger array in their order, with the place where the source of each begins, in
    /// an array of such strides.
    fn rows(&self, strides: &[isize], mut each: impl FnMut(usize)) {
        let outer = self.to.len().saturating_sub(1);
        let count: usize = self.to[..outer].iter().product();
        let mut index = Shape::from_elem(0, outer);
        for _ in 0..count {
            let axes = index.iter().zip(&self.padded[..outer]).zip(strides);
            each(axes.map(|((&k, padded), &s)| padded.source(k) as isize * s).sum::<isize>() as usize);
            for (k, &d) in index.iter_mut().zip(&self.to[..outer]).rev() {
                *k += 1;
                if *k < d {
                    break;
                }
                *k = 0;
            }
        }
    }

    fn forward<T: Reduce>(&self, cx: &Context, t: &Tensor) -> Result<Tensor> {
        let strides = shape::contiguous(&self.to);
        let step = |axis: usize| strides[axis] as usize;
        let offset = self.padded.iter().enumerate().map(|(axis, padded)| padded.before * step(axis)).sum();
        let (from, to) =
            (StridedView { offset: t.offset(), strides: t.strides() }, StridedView { offset, strides: &strides });
        cx.engine.build::<T>(&self.to, |d| {
            if d.is_empty() {
                return;
            }
            strided::copy_to(t.shape(), t.memory::<T>(), from, d, to);
            // The last axis in all lines of the array, then the one before it, whose elements are such lines, and so on.
            for (axis, padded) in self.padded.iter().enumerate().rev() {
                let size = step(axis);
                self.inside(axis, |at| {
                    for (k, &source) in padded.ends.iter().enumerate() {
                        let k = if k < padded.before { k } else { k + padded.n };
                        let source = at + (padded.before + source) * size;
                        if size == 1 {
                            d[at + k] = d[source];
                        } else {
                            copy_apart(d, source, at + k * size, size);
                        }
                    }
                });
            }
        })
    }

    /// Calls `each` for the part of the array in the larger one, cut at the axes before this one: where the axis begins.
    fn inside(&self, axis: usize, mut each: impl FnMut(usize)) {
        let strides = shape::contiguous(&self.to);
        let count: usize = self.padded[..axis].iter().map(|l| l.n).product();
        for k in 0..count {
            let (mut rest, mut at) = (k, 0);
            for (padded, &step) in self.padded[..axis].iter().zip(&strides).rev() {
                at += (padded.before + rest % padded.n) * step as usize;
                rest /= padded.n;
            }
            each(at);
        }
    }

    fn backward<T: Reduce>(&self, cx: &Context, g: &Tensor) -> Result<Tensor> {
        let Some(last) = self.padded.last() else { return Ok(g.clone()) };
        let g = cx.engine.contiguous(g)?;
        cx.engine.build::<T>(&self.from, |d| {
            d.fill(T::from_f64(0.0));
            if g.size() == 0 {
                return;
            }
            let mut rest = g.elements::<T>().chunks_exact(last.total);
            self.rows(&shape::contiguous(&self.from), |at| {
                let (Some(g), d) = (rest.next(), &mut d[at..at + last.n]) else { return };
                let middle = &g[last.before..last.before + last.n];
                d.iter_mut().zip(middle).for_each(|(d, &g)| *d = T::combine(Fold::Sum, *d, g));
                for (&k, &g) in last.ends.iter().zip(g[..last.before].iter().chain(&g[last.before + last.n..])) {
                    d[k] = T::combine(Fold::Sum, d[k], g);
                }
            });
        })
    }

    fn transposed(&self) -> Continued {
        Continued { transposed: !self.transposed, ..self.clone() }
    }

    /// For each of `n` arrays along a new first axis.
    fn for_each(&self, n: usize) -> Continued {
        let padded = std::iter::once(PaddedAxis { n, before: 0, total: n, ends: Vec::new() })
            .chain(self.padded.iter().cloned())
            .collect();
        let behind = |shape: &Shape| crate::ops::shape::behind(n, shape);
        Continued { padded, from: behind(&self.from), to: behind(&self.to), transposed: self.transposed }
    }
}

linear! { Continued "ag_pad" |self, cx, t| {
    with_dtype!(t.dtype(), T => if self.transposed { self.backward::<T>(cx, &t)? } else { self.forward::<T>(cx, &t)? })
}, |cx, g| {
    let shape = if self.transposed { &self.from } else { &self.to };
    apply(cx, &self.transposed(), &[&broadcast_cotangent(cx, g, shape)])
}, batch |cx, x, n| apply(cx, &self.for_each(n), &[x]) }
