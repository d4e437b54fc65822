//! Functions without a derivative: piecewise constant ones, tests of elements, comparisons. They return plain arrays.

use super::*;
use crate::kernels::math::{CompareKernel, TestKernel};

/// A piecewise constant function: its derivative is zero wherever there is one, so it returns plain arrays.
pub struct PiecewiseConstant {
    pub name: &'static str,
    pub kernel: &'static UnaryKernel,
}

/// A test of each element.
pub struct Test {
    pub name: &'static str,
    pub kernel: &'static TestKernel,
}

/// A comparison, or a logical function of two arguments.
pub struct Comparison {
    pub name: &'static str,
    pub kernel: &'static CompareKernel,
}

macro_rules! plain_tables {
    ($list:ident: $kind:ident; $($id:ident $name:literal $kernel:ident;)*) => {
        $(pub static $id: $kind = $kind { name: $name, kernel: &math::$kernel };)*
        /// The rows of this table.
        pub static $list: &[&$kind] = &[$(&$id),*];
    };
}
plain_tables! { PIECEWISE_CONSTANT: PiecewiseConstant;
    SIGN "ag_sign" SIGN;
    FLOOR "ag_floor" FLOOR;
    CEIL "ag_ceil" CEIL;
    TRUNC "ag_trunc" TRUNC;
    RINT "ag_rint" RINT;
}
plain_tables! { TESTS: Test;
    ISNAN "ag_isnan" ISNAN;
    ISINF "ag_isinf" ISINF;
    ISFINITE "ag_isfinite" ISFINITE;
    LOGICAL_NOT "ag_logical_not" LOGICAL_NOT;
}
plain_tables! { COMPARISONS: Comparison;
    EQUAL "ag_equal" EQUAL;
    NOT_EQUAL "ag_not_equal" NOT_EQUAL;
    LESS "ag_less" LESS;
    LESS_EQUAL "ag_less_equal" LESS_EQUAL;
    GREATER "ag_greater" GREATER;
    GREATER_EQUAL "ag_greater_equal" GREATER_EQUAL;
    LOGICAL_AND "ag_logical_and" LOGICAL_AND;
    LOGICAL_OR "ag_logical_or" LOGICAL_OR;
    LOGICAL_XOR "ag_logical_xor" LOGICAL_XOR;
}

/// `numpy.floor_divide`.
pub fn floor_divide(cx: &Context, x: &Array, y: &Array) -> Array {
    plain(cx, "ag_floor_divide", |cx| binary_kernel(cx, &math::FLOOR_DIVIDE, &x.plain(), &y.plain()), &[x, y])
}

/// A piecewise constant function.
pub fn piecewise_constant(cx: &Context, row: &'static PiecewiseConstant, x: &Array) -> Array {
    // Booleans are whole as they are, and stay booleans; `numpy.rint` makes floating numbers of them.
    if x.dtype() == DType::Bool && [&FLOOR, &CEIL, &TRUNC].iter().any(|&r| std::ptr::eq(r, row)) {
        return plain(cx, row.name, |_| Ok(x.plain()), &[x]);
    }
    plain(cx, row.name, |cx| unary_kernel(cx, row.kernel, &x.plain()), &[x])
}

/// A test of each element.
pub fn test(cx: &Context, row: &'static Test, x: &Array) -> Array {
    plain(
        cx,
        row.name,
        |cx| {
            let t = cx.lazy_tensor(x)?;
            let (dtype, shape) = (t.dtype(), Shape::from_slice(t.shape()));
            let operands = [Operand::Array(t), Operand::None, Operand::None];
            Ok(cx.engine.elementwise(Op::Test(row.kernel), dtype, DType::Bool, &shape, operands)?.into())
        },
        &[x],
    )
}

/// A comparison or a logical function.
pub fn compare(cx: &Context, row: &'static Comparison, x: &Array, y: &Array) -> Array {
    plain(
        cx,
        row.name,
        |cx| {
            let (x, y) = (x.plain(), y.plain());
            let dtype = promote(&x, &y);
            let shape = shape::broadcast(x.shape(), y.shape())?;
            let operands = [operand(cx, &x, dtype)?, operand(cx, &y, dtype)?, Operand::None];
            let operands = materialise_numbers(cx, operands, dtype)?;
            Ok(cx.engine.elementwise(Op::Compare(row.kernel), dtype, DType::Bool, &shape, operands)?.into())
        },
        &[x, y],
    )
}
