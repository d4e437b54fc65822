//! What is done with derivatives: sweeps over tapes, gradients, Jacobians, products with Hessians, checks;
//! and functions along an axis.

pub mod along;
pub mod check;
pub mod grad;
pub mod sweep;
