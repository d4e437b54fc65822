//! What is done with derivatives: sweeps over tapes, gradients, Jacobians, products with Hessians, checkpoints, checks;
//! and functions along an axis.

pub mod along;
pub mod check;
pub mod checkpoint;
pub mod diagnosis;
pub mod grad;
pub mod implicit;
pub mod jacobian;
pub mod odeint;
pub mod sweep;
pub mod tensor;
