//! Element types: their sizes, their names, and NumPy's rules for mixing them.

use num_complex::{Complex32, Complex64};

/// The type of an array's elements. The numbers are those of the C constants `AG_BOOL` to `AG_C128`; the order is
/// that of promotion, but for `F32`/`F64` against `C64`, see [`DType::promote`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DType {
    Bool = 0,
    I64 = 1,
    F32 = 2,
    F64 = 3,
    C64 = 4,
    C128 = 5,
}

impl DType {
    pub const ALL: [DType; 6] = [DType::Bool, DType::I64, DType::F32, DType::F64, DType::C64, DType::C128];

    pub fn from_code(code: i32) -> Option<DType> {
        usize::try_from(code).ok().and_then(|i| DType::ALL.get(i).copied())
    }

    /// Bytes per element.
    pub const fn size(self) -> usize {
        match self {
            DType::Bool => 1,
            DType::F32 => 4,
            DType::I64 | DType::F64 | DType::C64 => 8,
            DType::C128 => 16,
        }
    }

    /// NumPy's name.
    pub const fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I64 => "int64",
            DType::F32 => "float32",
            DType::F64 => "float64",
            DType::C64 => "complex64",
            DType::C128 => "complex128",
        }
    }

    pub const fn is_complex(self) -> bool {
        matches!(self, DType::C64 | DType::C128)
    }

    /// Real or complex floating point: what can be differentiated.
    pub const fn is_inexact(self) -> bool {
        !matches!(self, DType::Bool | DType::I64)
    }

    /// The real type of the same precision (`float64` for integers and booleans).
    pub const fn real(self) -> DType {
        match self {
            DType::F32 | DType::C64 => DType::F32,
            _ => DType::F64,
        }
    }

    /// The complex type of the same precision.
    pub const fn complex(self) -> DType {
        match self {
            DType::F32 | DType::C64 => DType::C64,
            _ => DType::C128,
        }
    }

    /// The floating type of a function such as `sin`: integers and booleans become `float64`.
    pub const fn inexact(self) -> DType {
        if self.is_inexact() { self } else { DType::F64 }
    }

    /// `numpy.promote_types`.
    pub fn promote(self, other: DType) -> DType {
        use DType::*;
        if self == other {
            return self;
        }
        let (lo, hi) = if (self as u8) < (other as u8) { (self, other) } else { (other, self) };
        match (lo, hi) {
            (Bool, t) => t,
            (I64, F32) => F64,
            (I64, C64) | (F64, C64) => C128,
            (_, t) => t,
        }
    }

    /// Promotion with a number that has no type of its own, as Python's `float` in NumPy 2: `float32` stays.
    pub const fn promote_weak(self) -> DType {
        self.inexact()
    }
}

/// A Rust type that is the element type of arrays.
pub trait Element: Copy + Default + Send + Sync + PartialEq + std::fmt::Debug + 'static {
    const DTYPE: DType;
    fn from_f64(x: f64) -> Self;
    fn to_complex(self) -> Complex64;
    /// Whether none is an infinity or a NaN.
    fn all_finite(_: &[Self]) -> bool {
        true
    }
}

/// One bit of work per element, and none waits for another: an exponent of all ones carries into the sign.
macro_rules! all_finite {
    ($bits:ty, $one:expr, $mask:expr, $x:expr) => {
        $x.fold(0 as $bits, |odd, x| odd | (x.to_bits() & $mask).wrapping_add($one)) >> (<$bits>::BITS - 1) == 0
    };
}

macro_rules! element {
    ($t:ty, $d:ident, $from:expr, $to:expr $(, $finite:item)?) => {
        impl Element for $t {
            const DTYPE: DType = DType::$d;
            fn from_f64(x: f64) -> Self {
                ($from)(x)
            }
            fn to_complex(self) -> Complex64 {
                ($to)(self)
            }
            $(
                #[inline]
                $finite
            )?
        }
    };
}
element!(bool, Bool, |x| x != 0.0, |x: bool| Complex64::new(x as u8 as f64, 0.0));
element!(i64, I64, |x| x as i64, |x| Complex64::new(x as f64, 0.0));
element!(
    f32,
    F32,
    |x| x as f32,
    |x| Complex64::new(x as f64, 0.0),
    fn all_finite(x: &[f32]) -> bool {
        all_finite!(u32, 1 << 23, 0x7f80_0000, x.iter())
    }
);
element!(
    f64,
    F64,
    |x| x,
    |x| Complex64::new(x, 0.0),
    fn all_finite(x: &[f64]) -> bool {
        all_finite!(u64, 1 << 52, 0x7ff0_0000_0000_0000, x.iter())
    }
);
element!(
    Complex32,
    C64,
    |x| Complex32::new(x as f32, 0.0),
    |x: Complex32| Complex64::new(x.re as f64, x.im as f64),
    fn all_finite(x: &[Complex32]) -> bool {
        all_finite!(u32, 1 << 23, 0x7f80_0000, x.iter().flat_map(|z| [z.re, z.im]))
    }
);
element!(
    Complex64,
    C128,
    |x| Complex64::new(x, 0.0),
    |x| x,
    fn all_finite(x: &[Complex64]) -> bool {
        all_finite!(u64, 1 << 52, 0x7ff0_0000_0000_0000, x.iter().flat_map(|z| [z.re, z.im]))
    }
);

/// Runs `$body` with the type alias `$t` standing for the Rust type of `$dtype`.
#[macro_export]
#[doc(hidden)]
macro_rules! with_dtype {
    ($dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            $crate::dtype::DType::Bool => {
                type $t = bool;
                $body
            }
            $crate::dtype::DType::I64 => {
                type $t = i64;
                $body
            }
            $crate::dtype::DType::F32 => {
                type $t = f32;
                $body
            }
            $crate::dtype::DType::F64 => {
                type $t = f64;
                $body
            }
            $crate::dtype::DType::C64 => {
                type $t = num_complex::Complex32;
                $body
            }
            $crate::dtype::DType::C128 => {
                type $t = num_complex::Complex64;
                $body
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::DType::*;

    #[test]
    fn promotion_follows_numpy() {
        for (a, b, r) in [
            (Bool, I64, I64),
            (Bool, F32, F32),
            (I64, F32, F64),
            (I64, C64, C128),
            (F32, F64, F64),
            (F32, C64, C64),
            (F64, C64, C128),
            (C64, C128, C128),
        ] {
            assert_eq!(a.promote(b), r);
            assert_eq!(b.promote(a), r);
        }
    }
}
