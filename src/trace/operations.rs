//! What recording and sweeping need of the operations. They are recorded in their turn, so that tangents, cotangents and batches of
//! any order are computed by them. Here alone a lower layer uses a higher one.

/// Cotangents added up where they lie: of elements and sums of arrays of numbers.
pub(super) use crate::ops::index::{accumulate_element, gathered};
pub(super) use crate::ops::reduce::{accumulate_total, all_axes_of, spread};
/// Batches of what is element-wise; a value of a batch and a batch of values, for what is done value by value.
pub(super) use crate::ops::shape::{batched_elementwise, element, stack};
/// The sum of two tangents, and a tangent in its value's form: `jvp` of what has several arguments, and of what broadcasts.
pub(super) use crate::ops::{accumulate, broadcast_tangent};
/// A cotangent in its value's form, and a cotangent times a number.
pub(super) use crate::ops::{scaled, unbroadcast};
