//! Running extrema: `numpy.maximum.accumulate` and `numpy.minimum.accumulate`. Which element is the extremum so far is found out
//! on the plain values; the elements are then picked, so that derivatives follow them.

use super::super::order::Ordered;
use super::super::take::pick;
use super::{ScanAxis, scan_axis};
use crate::array::{DType, Tensor};
use crate::error::Result;
use crate::trace::{Array, Context};
use crate::with_dtype;
use std::cmp::Ordering::{Greater, Less};

/// The running maxima (`max`) or minima along an axis. Of equal elements the first one is taken, and so is the first NaN, which
/// nothing supersedes.
pub fn cumulative_extremum(cx: &Context, max: bool, x: &Array, axis: usize) -> Array {
    let name = if max { "ag_cummax" } else { "ag_cummin" };
    if cx.failed() { Array::Null } else { cx.take(name, run(cx, max, x, axis)) }
}

fn run(cx: &Context, max: bool, x: &Array, axis: usize) -> Result<Array> {
    let (t, scan) = (cx.engine.contiguous(&cx.tensor(&x.plain())?)?, scan_axis(x, axis));
    if matches!(x, Array::Plain(_)) || x.dtype() == DType::I64 || x.dtype() == DType::Bool {
        return Ok(elements(cx, max, &t, &scan)?.into());
    }
    pick(cx, x, places(cx, max, &t, &scan)?)
}

/// Whether an element takes the place of the extremum of those before it.
fn supersedes<T: Ordered>(max: bool, new: &T, old: &T) -> bool {
    !old.is_nan() && (new.is_nan() || new.order(old) == if max { Greater } else { Less })
}

/// The extrema themselves, where it isn't asked where they came from.
fn elements(cx: &Context, max: bool, t: &Tensor, scan: &ScanAxis) -> Result<Tensor> {
    with_dtype!(t.dtype(), T => {
        let x = t.elements::<T>();
        let better = |old: T, new: T| if supersedes(max, &new, &old) { new } else { old };
        cx.engine.build::<T>(t.shape(), |d| scan.walk(|at, before, len| match before {
            None => d[at..at + len].copy_from_slice(&x[at..at + len]),
            Some(before) => (0..len).for_each(|i| d[at + i] = better(d[before + i], x[at + i])),
        }))
    })
}

/// The row-major place of the extremum so far, for every element.
fn places(cx: &Context, max: bool, t: &Tensor, scan: &ScanAxis) -> Result<Tensor> {
    with_dtype!(t.dtype(), T => {
        let x = t.elements::<T>();
        cx.engine.build::<i64>(t.shape(), |d| scan.walk(|at, before, len| {
            for i in at..at + len {
                d[i] = match before {
                    Some(before) if !supersedes(max, &x[i], &x[d[before + i - at] as usize]) => d[before + i - at],
                    _ => i as i64,
                };
            }
        }))
    })
}
