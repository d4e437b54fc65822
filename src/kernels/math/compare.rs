//! Comparisons, logical connectives, tests, and real functions of complex
//! numbers.
//!
//! Complex numbers are ordered lexicographically. As in NumPy, an ordering
//! comparison is false when a NaN decides it: with equal real parts the
//! imaginary parts decide, and a NaN imaginary part next to different real
//! parts makes the result false. Results are exact; the modulus has at most
//! 1 ULP error (see `hypot`).

use super::dispatch::{map1, one1, one2};
use super::power::hypot;
use super::table::{CompareKernel, TestKernel, ToRealKernel, loops, op1, op2};
use num_complex::{Complex, Complex32, Complex64};

/// a > b for complex numbers.
#[inline(always)]
pub(crate) fn complex_gt<T: PartialOrd + Copy>(a: Complex<T>, b: Complex<T>) -> bool {
    (a.re > b.re && ordered(a, b)) || (a.re == b.re && a.im > b.im)
}

/// a >= b for complex numbers.
#[inline(always)]
pub(crate) fn complex_ge<T: PartialOrd + Copy>(a: Complex<T>, b: Complex<T>) -> bool {
    (a.re > b.re && ordered(a, b)) || (a.re == b.re && a.im >= b.im)
}

/// a <= b for complex numbers.
#[inline(always)]
pub(crate) fn complex_le<T: PartialOrd + Copy>(a: Complex<T>, b: Complex<T>) -> bool {
    complex_ge(b, a)
}

/// Neither imaginary part is NaN.
#[inline(always)]
fn ordered<T: PartialOrd + Copy>(a: Complex<T>, b: Complex<T>) -> bool {
    a.im.partial_cmp(&a.im).is_some() && b.im.partial_cmp(&b.im).is_some()
}

/// A truth value as NumPy's: anything but zero.
trait Truth: Copy {
    fn truth(self) -> bool;
}

macro_rules! truth {
    ($($t:ty, $zero:expr);*) => {
        $(impl Truth for $t {
            #[inline(always)]
            fn truth(self) -> bool {
                self != $zero
            }
        })*
    };
}
truth!(f64, 0.0; f32, 0.0; i64, 0; bool, false);

impl<T: Truth> Truth for Complex<T> {
    #[inline(always)]
    fn truth(self) -> bool {
        self.re.truth() | self.im.truth()
    }
}

macro_rules! compare {
    ($(#[$m:meta])* $st:ident, $name:literal, |$a:ident, $b:ident| real: $e:expr; complex: $c:expr; bool: $o:expr) => {
        $(#[$m])*
        pub static $st: CompareKernel = {
            op2!(D, f64 => bool, |FMA, $a, $b| $e);
            op2!(S, f32 => bool, |FMA, $a, $b| $e);
            op2!(Z, Complex64 => bool, |FMA, $a, $b| $c);
            op2!(C, Complex32 => bool, |FMA, $a, $b| $c);
            op2!(I, i64 => bool, |FMA, $a, $b| $e);
            op2!(O, bool => bool, |FMA, $a, $b| $o);
            CompareKernel {
                name: $name,
                f64: loops!(Compare, D),
                f32: loops!(Compare, S),
                c128: loops!(Compare, Z),
                c64: loops!(Compare, C),
                i64: loops!(Compare, I),
                bool: loops!(Compare, O),
                scalar: one2::<D>,
            }
        };
    };
}

compare!(EQUAL, "equal", |a, b| real: a == b; complex: a == b; bool: a == b);
compare!(NOT_EQUAL, "not_equal", |a, b| real: a != b; complex: a != b; bool: a ^ b);
compare!(LESS, "less", |a, b| real: a < b; complex: complex_gt(b, a); bool: !a & b);
compare!(LESS_EQUAL, "less_equal", |a, b| real: a <= b; complex: complex_ge(b, a); bool: !a | b);
compare!(GREATER, "greater", |a, b| real: a > b; complex: complex_gt(a, b); bool: a & !b);
compare!(GREATER_EQUAL, "greater_equal", |a, b| real: a >= b; complex: complex_ge(a, b); bool: a | !b);
compare!(LOGICAL_AND, "logical_and", |a, b|
    real: a.truth() & b.truth(); complex: a.truth() & b.truth(); bool: a & b);
compare!(LOGICAL_OR, "logical_or", |a, b|
    real: a.truth() | b.truth(); complex: a.truth() | b.truth(); bool: a | b);
compare!(LOGICAL_XOR, "logical_xor", |a, b|
    real: a.truth() ^ b.truth(); complex: a.truth() ^ b.truth(); bool: a ^ b);

macro_rules! test {
    ($st:ident, $name:literal, |$x:ident| real: $e:expr; complex: $c:expr; integer: $i:expr; bool: $o:expr) => {
        pub static $st: TestKernel = {
    op1!(D, f64 => bool, |FMA, $x| $e);
    op1!(S, f32 => bool, |FMA, $x| $e);
    op1!(Z, Complex64 => bool, |FMA, $x| $c);
    op1!(C, Complex32 => bool, |FMA, $x| $c);
    op1!(I, i64 => bool, |FMA, $x| $i);
    op1!(O, bool => bool, |FMA, $x| $o);
            TestKernel {
                name: $name,
                f64: map1::<D>,
                f32: map1::<S>,
                c128: map1::<Z>,
                c64: map1::<C>,
                i64: map1::<I>,
                bool: map1::<O>,
                scalar: one1::<D>,
            }
        };
    };
}

test!(ISNAN, "isnan", |x|
    real: x.is_nan(); complex: x.re.is_nan() | x.im.is_nan(); integer: { let _ = x; false }; bool: { let _ = x; false });
test!(ISINF, "isinf", |x|
    real: x.is_infinite(); complex: x.re.is_infinite() | x.im.is_infinite(); integer: { let _ = x; false }; bool: { let _ = x; false });
test!(ISFINITE, "isfinite", |x|
    real: x.is_finite(); complex: x.re.is_finite() & x.im.is_finite(); integer: { let _ = x; true }; bool: { let _ = x; true });
test!(SIGNBIT, "signbit", |x|
    real: x.is_sign_negative(); complex: x.re.is_sign_negative(); integer: x < 0; bool: { let _ = x; false });
test!(LOGICAL_NOT, "logical_not", |x|
    real: x == 0.0; complex: (x.re == 0.0) & (x.im == 0.0); integer: x == 0; bool: !x);

/// Modulus in f32, where f64 cannot overflow.
#[inline(always)]
fn modulus32(z: Complex32) -> f32 {
    let (a, b) = (f64::from(z.re), f64::from(z.im));
    let r = (a * a + b * b).sqrt() as f32;
    if z.re.is_infinite() || z.im.is_infinite() { f32::INFINITY } else { r }
}

/// 0 or pi by the sign bit; NaN stays.
#[inline(always)]
fn angle_real(x: f64) -> f64 {
    let a = if x.is_sign_negative() { std::f64::consts::PI } else { 0.0 };
    if x.is_nan() { x } else { a }
}

macro_rules! to_real {
    ($st:ident, $name:literal, |$fma:ident, $x:ident| c128: $z:expr; c64: $c:expr; f64: $d:expr; f32: $s:expr) => {
        pub static $st: ToRealKernel = {
    op1!(Z, Complex64 => f64, |$fma, $x| $z);
    op1!(C, Complex32 => f32, |$fma, $x| $c);
    op1!(D, f64 => f64, |$fma, $x| $d);
    op1!(S, f32 => f32, |$fma, $x| $s);
            ToRealKernel {
                name: $name,
                c128: map1::<Z>,
                c64: map1::<C>,
                f64: map1::<D>,
                f32: map1::<S>,
                scalar: one1::<D>,
            }
        };
    };
}

to_real!(ABS_COMPLEX, "absolute", |FMA, x|
    c128: hypot::<FMA>(x.re, x.im); c64: modulus32(x); f64: x.abs(); f32: x.abs());
to_real!(REAL, "real", |FMA, x| c128: x.re; c64: x.re; f64: x; f32: x);
to_real!(IMAG, "imag", |FMA, x| c128: x.im; c64: x.im; f64: { let _ = x; 0.0 }; f32: { let _ = x; 0.0 });
to_real!(ANGLE, "angle", |FMA, x|
    c128: super::inverse_trig::atan2::<FMA>(x.im, x.re);
    c64: super::inverse_trig::atan2::<FMA>(f64::from(x.im), f64::from(x.re)) as f32;
    f64: angle_real(x);
    f32: angle_real(f64::from(x)) as f32);
