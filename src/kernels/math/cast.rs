//! Conversions between the six element types, as NumPy's `astype`.
//!
//! Complex to real drops the imaginary part, anything to bool tests for
//! nonzero, and float to integer truncates; values outside the integer range
//! saturate and NaN becomes 0, where NumPy leaves the result undefined.

use super::dispatch::{Op1, map1};
use num_complex::{Complex32, Complex64};
use std::marker::PhantomData;

mod sealed {
    pub trait Sealed {}
}

/// Element type that converts to `U`.
pub trait CastTo<U: Copy>: Copy + sealed::Sealed {
    fn cast(self) -> U;
}

macro_rules! casts {
    ($($from:ty: |$x:ident| f64 $d:expr, f32 $s:expr, i64 $i:expr, bool $b:expr, im $im:expr;)*) => {
        $(
            impl sealed::Sealed for $from {}
            casts!(@one $from, f64, $x, $d);
            casts!(@one $from, f32, $x, $s);
            casts!(@one $from, i64, $x, $i);
            casts!(@one $from, bool, $x, $b);
            casts!(@one $from, Complex64, $x, Complex64::new($d, $im as f64));
            casts!(@one $from, Complex32, $x, Complex32::new($s, $im as f32));
        )*
    };
    (@one $from:ty, $to:ty, $x:ident, $e:expr) => {
        impl CastTo<$to> for $from {
            #[inline(always)]
            fn cast(self) -> $to {
                let $x = self;
                $e
            }
        }
    };
}

casts! {
    f64: |x| f64 x, f32 x as f32, i64 x as i64, bool x != 0.0, im 0.0;
    f32: |x| f64 f64::from(x), f32 x, i64 x as i64, bool x != 0.0, im 0.0;
    i64: |x| f64 x as f64, f32 x as f32, i64 x, bool x != 0, im 0.0;
    bool: |x| f64 f64::from(u8::from(x)), f32 f32::from(u8::from(x)), i64 i64::from(x), bool x, im 0.0;
    Complex64: |x| f64 x.re, f32 x.re as f32, i64 x.re as i64, bool (x.re != 0.0) | (x.im != 0.0), im x.im;
    Complex32: |x| f64 f64::from(x.re), f32 x.re, i64 x.re as i64, bool (x.re != 0.0) | (x.im != 0.0), im x.im;
}

struct Cast<T, U>(PhantomData<(T, U)>);

impl<T: CastTo<U>, U: Copy> Op1 for Cast<T, U> {
    type In = T;
    type Out = U;
    #[inline(always)]
    fn eval<const FMA: bool>(x: T) -> U {
        x.cast()
    }
}

/// Converts every element.
pub fn cast<T: CastTo<U>, U: Copy>(dst: &mut [U], x: &[T]) {
    map1::<Cast<T, U>>(dst, x);
}
