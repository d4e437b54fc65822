//! Plain arrays: element types, shapes, memory, and values that may still have to be computed.

mod descriptor;
pub mod dims;
mod dtype;
mod format;
mod pending;
mod pool;
pub mod shape;
mod shared;
mod tensor;

pub use descriptor::Descriptor;
pub use dtype::{DType, Element};
pub use format::format;
pub use pending::{Op, Operand, Pending};
pub use pool::{Buffer, Pool, Stats};
pub use shape::{Axes, Shape, Strides};
pub use shared::{Home, Shared};
pub use tensor::{Heap, HeapOwner, Tensor};
