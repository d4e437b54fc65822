//! What is done with derivatives: sweeps over tapes, gradients, Jacobians, products with Hessians, checkpoints, checks.

pub mod check;
pub mod checkpoint;
pub mod grad;
pub mod sweep;
pub mod tensor;
