//! Automatic differentiation of ordinary functions of n-d arrays, behind a C ABI.
//!
//! The map, from the bottom up; a module uses those above it in this list:
//!
//! | module | what is in it |
//! |---|---|
//! | [`error`], [`dtype`] | codes and messages; element types |
//! | [`kernels`] | loops over memory |
//! | [`mod@array`] | plain arrays: shape, memory, values still to be computed |
//! | [`engine`] | computes plain arrays, element-wise ones deferred and fused |
//! | [`trace`] | levels and tapes: how an operation is recorded and swept; the essay on nesting; what one user owns |
//! | [`ops`] | the operations, each with its derivatives |
//! | [`registry`] | every operation with the cases in which it is tested |
//! | [`operators`] | what is done with derivatives: gradients, Jacobians, checks; trees, optimizers |
//! | [`files`] | arrays and trees in NumPy's files |
//! | [`capi`] | the exported C functions: check, convert, call |
//!
//! `trace` and `ops` know each other in one file: recording and sweeping need a dozen operations (`trace/operations.rs`).
//!
//! C programs use `include/autograd.h`; Rust programs may use the modules, without a promise of stability.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod array;
#[cfg(feature = "capi")]
pub mod capi;
pub mod dtype;
pub mod engine;
pub mod error;
pub mod files;
pub mod kernels;
pub mod operators;
pub mod ops;
mod panics;
pub mod registry;
pub mod trace;
