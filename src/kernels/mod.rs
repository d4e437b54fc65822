//! Loops over memory: element-wise functions, products, reductions, and what they stand on (blocks, threads).
//!
//! Nothing here knows of tapes or derivatives. `unsafe` is allowed in this folder (and in `capi`), each time with
//! the reason why it holds.

pub mod argbest;
pub mod chain;
pub mod convolve;
pub mod copy;
pub mod environment;
pub mod lock;
pub mod lu;
pub mod machine;
pub mod math;
pub mod matmul;
mod matvec;
pub mod memory;
pub mod op;
pub mod pooling;
pub mod products_excluding_one;
pub mod reduce;
pub mod reserve;
pub mod rows;
mod small_matmul;
pub mod softmax;
pub mod sort;
pub mod stack;
pub mod strided;
pub mod threads;
pub mod transpose;
mod vector;
