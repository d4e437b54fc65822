//! What is done with derivatives: sweeps over tapes, gradients, Jacobians, products with Hessians, checks.

pub mod check;
pub mod grad;
pub mod sweep;
