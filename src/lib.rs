//! Automatic differentiation of ordinary functions of n-d arrays, behind a C ABI.
//!
//! The map, from the bottom up; a module uses those above it in this list:
//!
//! | module | what is in it |
//! |---|---|
//! | [`error`] | codes and messages |
//! | [`mod@array`] | plain arrays: dtype, shape, memory, values still to be computed |
//! | [`kernels`] | loops over memory |
//! | [`engine`] | computes plain arrays, element-wise ones deferred and fused |
//! | [`trace`] | levels and tapes: how an operation is recorded; the essay on nesting |
//! | [`context`] | what one user owns |
//! | [`ops`] | the operations, each with its derivatives |
//! | [`operators`] | what is done with derivatives: sweeps, Jacobians, checks; trees, optimizers |
//! | [`files`] | arrays and trees in NumPy's files |
//! | [`capi`] | the exported C functions: check, convert, call |
//!
//! `trace` and `ops` know each other: recording needs the sum of two tangents, and rules are made of operations.
//!
//! C programs use `include/autograd.h`; Rust programs may use the modules, without a promise of stability.

#![deny(unsafe_op_in_unsafe_fn)]

pub mod array;
#[cfg(feature = "capi")]
pub mod capi;
pub mod context;
pub mod engine;
pub mod error;
pub mod files;
pub mod kernels;
pub mod operators;
pub mod ops;
mod panics;
pub mod trace;
