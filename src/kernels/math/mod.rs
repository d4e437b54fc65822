//! Element-wise kernels: one static table per function, named as in NumPy.
//!
//! Every loop exists for the target's baseline, for AVX2 with FMA and for
//! AVX-512, and the widest one that the processor supports is used. The
//! destination never aliases an operand; lengths must agree, or the call
//! panics.
#![deny(unsafe_op_in_unsafe_fn)]
// Coefficients are written with the digits that determine the double, and some
// happen to be close to named constants.
#![allow(clippy::excessive_precision, clippy::approx_constant)]

mod arithmetic;
mod cast;
mod compare;
mod complex;
mod complex_inverse;
pub(crate) mod dispatch;
mod erf;
mod exp;
#[doc(hidden)]
pub mod fused;
mod hyperbolic;
mod inverse_trig;
pub(super) mod log;
mod num;
mod power;
mod reduce;
mod select;
pub(super) mod single;
pub(super) mod slopes;
mod table;
mod trig;

pub use arithmetic::{
    ABSOLUTE, ADD, CEIL, CONJ, COPYSIGN, DEG2RAD, DIVIDE, FLOOR, FMAX, FMIN, MAXIMUM, MINIMUM, MULTIPLY, NEGATIVE,
    OVER, POSITIVE, RAD2DEG, RECIPROCAL, RINT, SCALED, SIGN, SQRT, SQUARE, SUBTRACT, TRUNC,
};
pub use cast::{CastTo, cast};
pub use compare::{
    ABS_COMPLEX, ANGLE, EQUAL, GREATER, GREATER_EQUAL, IMAG, ISFINITE, ISINF, ISNAN, LESS, LESS_EQUAL, LOGICAL_AND,
    LOGICAL_NOT, LOGICAL_OR, LOGICAL_XOR, NOT_EQUAL, REAL, SIGNBIT,
};
pub(crate) use complex::sincos_pi;
pub use dispatch::{Level, best_level, level, with_level};
pub(crate) use dispatch::{Op2, map_in_place, map_in_place_by, map_vv};
pub use erf::{CBRT, ERF, ERFC};
pub use exp::{EXP, EXP2, EXPIT, EXPIT_AND_SLOPE, EXPM1, FROM_VALUE, TANH_AND_SLOPE};
pub use hyperbolic::{ARCCOSH, ARCSINH, ARCTANH, COSH, SINH, TANH};
pub use inverse_trig::{ARCCOS, ARCSIN, ARCTAN, ARCTAN2};
pub use log::{LOG, LOG1P, LOG2, LOG10, LOGADDEXP, LOGADDEXP2};
pub use power::{FLOOR_DIVIDE, FMOD, HYPOT, MOD, POWER};
pub(crate) use reduce::short_sum;
pub use reduce::{
    SUM_LANES, dot_f32, dot_f64, lanes_f32, lanes_f64, max_f32, max_f64, min_f32, min_f64, sum_f32, sum_f64,
};
pub use select::{Branch, select};
pub use single::sincos_f32;
pub use slopes::{
    COS_ARCSIN, COSH_ARCSINH, DIRECTION, EXP_DIFFERENCE, GAUSSIAN, INVERSION, LOGISTIC_DENSITY, POWER_LESS_1,
    POWER_LESS_2, SEC2, SECH2, SINH_ARCCOSH, WEIGHT, WEIGHT2,
};
pub use table::{Binary, BinaryKernel, Compare, CompareKernel, Map, Pair, TestKernel, ToRealKernel, UnaryKernel};
pub use trig::{COS, SIN, SIN_AND_COS, SINC, SINC_DERIVATIVE, TAN, sincos_f64, sincos_of};

/// The pairs of functions that a pass computes together where it wants both.
pub static PAIRS: [&Pair; 3] = [&SIN_AND_COS, &TANH_AND_SLOPE, &EXPIT_AND_SLOPE];
