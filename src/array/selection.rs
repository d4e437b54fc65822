//! What an index selects, resolved against a shape: plain data. `ops::index` makes it and reads by it.

use super::{Shape, Tensor};
use smallvec::SmallVec;
use std::cell::OnceCell;

/// An index against a shape.
pub struct Plan {
    /// The shape indexed.
    pub from: Shape,
    /// The shape of the selection.
    pub to: Shape,
    /// The window in the array: shape, start and step along source axes (as multiples of the source's strides).
    pub window: SmallVec<[Window; 4]>,
    pub positions: Option<Positions>,
    /// The number of first axes for which a mask stands, which is all of the index: then `list` names the rows, and there
    /// are no positions along single axes.
    pub masked: usize,
    /// The rows that the positions name, once asked for: see `ops::index`.
    pub list: OnceCell<Option<Tensor>>,
}

/// An axis of the window: `None` of the source for a new axis.
#[derive(Clone, Copy)]
pub struct Window {
    pub source: Option<usize>,
    pub start: i64,
    pub step: i64,
    pub length: usize,
}

/// Index arrays, broadcast together.
pub struct Positions {
    pub shape: Shape,
    /// Axes of the window that they replace, with the positions along each, all of `shape`, in range.
    pub along: SmallVec<[(usize, Tensor); 2]>,
    /// Where their axes stand among the other ones of the result.
    pub at: usize,
}
