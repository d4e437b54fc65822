//! What is done with derivatives: sweeps over tapes, gradients, Jacobians, products with Hessians, checkpoints, checks;
//! the same for functions of trees; optimizers; functions along an axis.

mod again;
pub mod along;
pub mod check;
pub mod checkpoint;
pub mod diagnosis;
pub mod grad;
pub mod implicit;
pub mod jacobian;
pub mod linear;
pub mod norm;
pub mod odeint;
pub mod optimize;
pub mod tensor;
pub mod tree;
