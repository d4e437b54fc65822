//! The four operations that recording needs itself. They are made of recorded operations in their turn, so that tangents and
//! batches of any order are computed by them. Here alone a lower layer uses a higher one.

/// A value of a batch and a batch of values: for what is done value by value.
pub(super) use crate::ops::shape::{element, stack};
/// The sum of two tangents, and a tangent in its value's form: `jvp` of what has several arguments, and of what broadcasts.
pub(super) use crate::ops::{accumulate, fit_tangent};
