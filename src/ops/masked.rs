//! Reductions of the elements that a mask selects, and with an initial value: NumPy's `where=` and `initial=`.
//!
//! What is not selected is replaced by what does not change the result, so that it has no influence on any derivative.

use super::create;
use super::elementwise::{self, astype, binary, select};
use super::reduce::{self, sum};
use super::shape::broadcast_to;
use crate::array::{DType, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};
use shape::Show;

/// Which reduction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Sum,
    Prod,
    Max,
    Min,
    Mean,
    Var,
    Std,
    All,
    Any,
}

/// How it is done.
pub struct Options<'a> {
    pub axes: &'a [usize],
    pub keepdims: bool,
    /// Broadcasts to the array; null for everything.
    pub mask: &'a Array,
    /// A number that the reduction begins with, null for none: of sums, products and extrema.
    pub initial: &'a Array,
    /// Of variances: the divisor is the number of elements less this.
    pub ddof: f64,
}

/// The reduction of the selected elements.
pub fn reduce(cx: &Context, name: &str, kind: Kind, x: &Array, options: &Options<'_>) -> Array {
    if cx.failed() { Array::Null } else { cx.take(name, run(cx, kind, x, options)) }
}

fn run(cx: &Context, kind: Kind, x: &Array, options: &Options<'_>) -> Result<Array> {
    let &Options { axes, keepdims, mask, initial, ddof } = options;
    let begins = matches!(kind, Kind::Sum | Kind::Prod | Kind::Max | Kind::Min);
    if !mask.is_null() {
        if mask.dtype() != DType::Bool {
            let name = mask.dtype().name();
            return Err(Error::dtype(format!("Cannot cast array data from dtype('{name}') to dtype('bool')")));
        }
        if shape::broadcast(mask.shape(), x.shape()).ok().as_deref() != Some(x.shape()) {
            return Err(Error::shape(format!(
                "the mask of shape {} does not broadcast to the array of shape {}",
                Show(mask.shape()),
                Show(x.shape())
            )));
        }
    }
    if !initial.is_null() && (!begins || initial.ndim() != 0) {
        return Err(Error::value(if begins {
            format!("the initial value must be a number, found shape {}", Show(initial.shape()))
        } else {
            "only sums, products and extrema have an initial value".into()
        }));
    }
    let selected = |x: &Array, other: f64| {
        if mask.is_null() {
            return x.clone();
        }
        let other = create::full(cx, x.dtype(), &[], other);
        select(cx, mask, x, &other)
    };
    let whole = |x: &Array| if mask.is_null() { Array::Null } else { broadcast_to(cx, &mask.plain(), x.shape()) };
    let begun = |row: &'static elementwise::Binary, y: Array| {
        if initial.is_null() { y } else { binary(cx, row, &y, &astype(cx, initial, y.dtype())) }
    };
    // Sums and products of booleans are integers.
    let counted = |x: &Array| if x.dtype() == DType::Bool { astype(cx, x, DType::I64) } else { x.clone() };
    Ok(match kind {
        Kind::Sum => begun(&elementwise::ADD, sum(cx, &selected(&counted(x), 0.0), axes, keepdims)),
        Kind::Prod => begun(&elementwise::MUL, reduce::prod(cx, &selected(&counted(x), 1.0), axes, keepdims)),
        Kind::Max | Kind::Min => {
            let (max, row, word) = match kind {
                Kind::Max => (true, &elementwise::MAXIMUM, "maximum"),
                _ => (false, &elementwise::MINIMUM, "minimum"),
            };
            if initial.is_null() {
                if mask.is_null() {
                    return Ok(reduce::extremum(cx, max, x, axes, keepdims));
                }
                return Err(Error::value(format!(
                    "reduction operation '{word}' does not have an identity, so to use a where mask one has to specify \
                     'initial'"
                )));
            }
            let start = astype(cx, initial, x.dtype());
            if axes.iter().any(|&a| x.shape()[a] == 0) {
                return Ok(broadcast_to(cx, &start, &shape::reduced(x.shape(), axes, keepdims)));
            }
            let least = match (x.dtype(), max) {
                (DType::Bool, max) => f64::from(u8::from(!max)),
                (_, true) => f64::NEG_INFINITY,
                (_, false) => f64::INFINITY,
            };
            let x = selected(x, least);
            let extremum = reduce::extremum(cx, max, &x, axes, keepdims);
            binary(cx, row, &extremum, &start)
        }
        Kind::Mean => {
            let x = astype(cx, x, x.dtype().inexact());
            let total = sum(cx, &selected(&x, 0.0), axes, keepdims);
            binary(cx, &elementwise::DIV, &total, &count(cx, &x, options, 0.0, keepdims))
        }
        Kind::Std => {
            let x = astype(cx, x, x.dtype().inexact());
            let (count, freedom) = (count(cx, &x, options, 0.0, true), count(cx, &x, options, ddof, true));
            reduce::std_of(cx, &x, axes, keepdims, reduce::Sample { mask: whole(&x), count, freedom })
        }
        Kind::Var => {
            let x = astype(cx, x, x.dtype().inexact());
            let n = count(cx, &x, options, 0.0, true);
            let total = reduce::squares_about_mean(cx, &x, axes, keepdims, whole(&x), n);
            binary(cx, &elementwise::DIV, &total, &count(cx, &x, options, ddof, keepdims))
        }
        Kind::All | Kind::Any => {
            let all = kind == Kind::All;
            let truth = astype(cx, &x.plain(), DType::Bool);
            reduce::all_any(cx, all, &selected(&truth, f64::from(u8::from(all))), axes, keepdims)
        }
    })
}

/// How many elements are selected, less `ddof`, not less than 0; in the precision of `x`.
fn count(cx: &Context, x: &Array, options: &Options<'_>, ddof: f64, keepdims: bool) -> Array {
    let axes = options.axes;
    if options.mask.is_null() {
        let n: usize = axes.iter().map(|&a| x.shape()[a]).product();
        return Array::weak((n as f64 - ddof).max(0.0));
    }
    let ones = astype(cx, options.mask, DType::F64);
    let n = sum(cx, &broadcast_to(cx, &ones, x.shape()), axes, keepdims);
    let n = binary(cx, &elementwise::SUB, &n, &Array::weak(ddof));
    astype(cx, &binary(cx, &elementwise::MAXIMUM, &n, &Array::weak(0.0)), x.dtype().real())
}
