//! Plain arrays: element types, shapes, memory, and values that may still have to be computed.

mod descriptor;
pub mod dims;
mod format;
mod pending;
mod pool;
pub mod selection;
pub mod shape;
mod shared;
mod tensor;

pub use crate::dtype::{DType, Element};
pub use crate::kernels::op::Op;
pub use descriptor::Descriptor;
pub use format::format;
pub use pending::{Operand, Pending};
pub use pool::{Buffer, Pool, Stats};
pub use shape::{Axes, Shape, Strides};
pub use shared::{Home, Shared};
pub use tensor::{Heap, HeapOwner, Tensor};
