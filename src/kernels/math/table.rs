//! The types of the kernel tables, and the macros that fill them.
//!
//! Every function is one `static` of function pointers, one pointer for each
//! element type that NumPy defines the function for. Where no f32 formula of
//! its own is given, f32 is computed in f64 inside the same vector loop; c64 is
//! always computed in c128. Both are then correctly rounded but for double
//! rounding.

use num_complex::{Complex32, Complex64};

/// A loop over one operand.
pub type Map<T, U = T> = fn(&mut [U], &[T]);

/// One function of one argument, the same type in and out. Lengths must agree.
pub struct UnaryKernel {
    pub name: &'static str,
    pub f64: fn(&mut [f64], &[f64]),
    pub f32: fn(&mut [f32], &[f32]),
    pub c128: Option<Map<Complex64>>,
    pub c64: Option<Map<Complex32>>,
    /// Present where NumPy gives an integer result; wraps.
    pub i64: Option<Map<i64>>,
    /// Why booleans are refused, where NumPy refuses them.
    pub no_bool: Option<&'static str>,
    /// The same formula on one number.
    pub scalar: fn(f64) -> f64,
    /// Approximate nanoseconds per f64 element with 512 bit vectors.
    pub cost: f32,
}

/// Two functions of one argument that share their work: the bits of each by itself.
pub struct Pair {
    pub first: &'static UnaryKernel,
    pub second: &'static UnaryKernel,
    /// Whether the second results may be had from the first ones, see [`super::FROM_VALUE`].
    pub f64: fn(&mut [f64], &mut [f64], &[f64]) -> bool,
    /// As `f64`.
    pub f32: fn(&mut [f32], &mut [f32], &[f32]) -> bool,
    pub scalar: fn(f64) -> (f64, f64),
}

/// The three operand shapes of a function of two arguments.
pub struct Binary<T: 'static, Z: 'static = T> {
    pub vv: fn(&mut [Z], &[T], &[T]),
    pub vs: fn(&mut [Z], &[T], T),
    pub sv: fn(&mut [Z], T, &[T]),
}

/// One function of two arguments.
pub struct BinaryKernel {
    pub name: &'static str,
    pub f64: Binary<f64>,
    pub f32: Binary<f32>,
    pub c128: Option<Binary<Complex64>>,
    pub c64: Option<Binary<Complex32>>,
    pub i64: Option<Binary<i64>>,
    pub bool: Option<Binary<bool>>,
    /// Why booleans are refused, where NumPy refuses them.
    pub no_bool: Option<&'static str>,
    /// Whether a negative second argument is refused for integers.
    pub no_negative_integer: bool,
    pub scalar: fn(f64, f64) -> f64,
    pub cost: f32,
}

impl UnaryKernel {
    pub(crate) const fn without_bool(self, why: &'static str) -> UnaryKernel {
        UnaryKernel { no_bool: Some(why), ..self }
    }
}

impl BinaryKernel {
    pub(crate) const fn without_bool(self, why: &'static str) -> BinaryKernel {
        BinaryKernel { no_bool: Some(why), ..self }
    }

    pub(crate) const fn without_negative_integer(self) -> BinaryKernel {
        BinaryKernel { no_negative_integer: true, ..self }
    }
}

/// The three operand shapes of a comparison.
pub type Compare<T> = Binary<T, bool>;

/// A comparison or a logical connective. Complex numbers compare
/// lexicographically, as in NumPy.
pub struct CompareKernel {
    pub name: &'static str,
    pub f64: Compare<f64>,
    pub f32: Compare<f32>,
    pub c128: Compare<Complex64>,
    pub c64: Compare<Complex32>,
    pub i64: Compare<i64>,
    pub bool: Compare<bool>,
    pub scalar: fn(f64, f64) -> bool,
}

/// A test of one argument.
pub struct TestKernel {
    pub name: &'static str,
    pub f64: fn(&mut [bool], &[f64]),
    pub f32: fn(&mut [bool], &[f32]),
    pub c128: fn(&mut [bool], &[Complex64]),
    pub c64: fn(&mut [bool], &[Complex32]),
    pub i64: fn(&mut [bool], &[i64]),
    pub bool: fn(&mut [bool], &[bool]),
    pub scalar: fn(f64) -> bool,
}

/// A real function of a complex (or real) argument.
pub struct ToRealKernel {
    pub name: &'static str,
    pub c128: fn(&mut [f64], &[Complex64]),
    pub c64: fn(&mut [f32], &[Complex32]),
    pub f64: fn(&mut [f64], &[f64]),
    pub f32: fn(&mut [f32], &[f32]),
    pub scalar: fn(f64) -> f64,
}

/// c64 to c128.
#[inline(always)]
pub(crate) fn widen(z: Complex32) -> Complex64 {
    Complex64::new(f64::from(z.re), f64::from(z.im))
}

/// c128 to c64.
#[inline(always)]
pub(crate) fn narrow(z: Complex64) -> Complex32 {
    Complex32::new(z.re as f32, z.im as f32)
}

/// Names a type that implements `Op1` by a function or an expression.
/// The optional tail gives the guard: `regular` test and `slow` function.
macro_rules! op1 {
    ($n:ident, $t:ty => $u:ty, |$fma:ident, $x:ident| $e:expr $(, if $r:expr, else $s:expr)?) => {
        struct $n;
        impl $crate::kernels::math::dispatch::Op1 for $n {
            type In = $t;
            type Out = $u;
            #[inline(always)]
            fn eval<const $fma: bool>($x: $t) -> $u {
                $e
            }
            $(
                const GUARDED: bool = true;
                #[inline(always)]
                fn regular<const $fma: bool>($x: $t) -> bool {
                    $r
                }
                fn slow($x: $t) -> $u {
                    $s
                }
            )?
        }
    };
}
pub(crate) use op1;

/// Names a type that implements `Op2`.
macro_rules! op2 {
    ($n:ident, $t:ty => $u:ty, |$fma:ident, $a:ident, $b:ident| $e:expr $(, if $r:expr, else $s:expr)?) => {
        struct $n;
        impl $crate::kernels::math::dispatch::Op2 for $n {
            type In = $t;
            type Out = $u;
            #[inline(always)]
            fn eval<const $fma: bool>($a: $t, $b: $t) -> $u {
                $e
            }
            $(
                const GUARDED: bool = true;
                #[inline(always)]
                fn regular<const $fma: bool>($a: $t, $b: $t) -> bool {
                    $r
                }
                fn slow($a: $t, $b: $t) -> $u {
                    $s
                }
            )?
        }
    };
}
pub(crate) use op2;

/// Defines a `UnaryKernel`. Each entry is the body of a closure over `x`;
/// `FMA` is in scope.
macro_rules! unary {
    ($(#[$m:meta])* $st:ident, $name:literal, $cost:literal, |$fma:ident, $x:ident|
        f64: $e:expr $(, if $r:expr, else $s:expr)?;
        f32: $e32:expr $(, if $r32:expr, else $s32:expr)?;
        $(c128: $c:expr;)?
        $(i64: $i:expr;)?
        $(.$without:ident($($why:literal)?);)?
    ) => {
        $(#[$m])*
        pub static $st: $crate::kernels::math::UnaryKernel = {
            use $crate::kernels::math::dispatch::{map1, one1};
            use $crate::kernels::math::table::{Map, op1};
            op1!(D, f64 => f64, |$fma, $x| $e $(, if $r, else $s)?);
            op1!(S, f32 => f32, |$fma, $x| $e32 $(, if $r32, else $s32)?);
            #[allow(unused_mut)]
            const EXTRA: (
                Option<Map<num_complex::Complex64>>,
                Option<Map<num_complex::Complex32>>,
                Option<Map<i64>>,
            ) = {
                let mut extra: (
                    Option<Map<num_complex::Complex64>>,
                    Option<Map<num_complex::Complex32>>,
                    Option<Map<i64>>,
                ) = (None, None, None);
                $(
                    op1!(Z, num_complex::Complex64 => num_complex::Complex64, |$fma, $x| $c);
                    op1!(C, num_complex::Complex32 => num_complex::Complex32, |$fma, $x| {
                        let $x = $crate::kernels::math::table::widen($x);
                        $crate::kernels::math::table::narrow($c)
                    });
                    extra.0 = Some(map1::<Z>);
                    extra.1 = Some(map1::<C>);
                )?
                $(
                    op1!(I, i64 => i64, |$fma, $x| $i);
                    extra.2 = Some(map1::<I>);
                )?
                extra
            };
            $crate::kernels::math::UnaryKernel {
                name: $name,
                f64: map1::<D>,
                f32: map1::<S>,
                c128: EXTRA.0,
                c64: EXTRA.1,
                i64: EXTRA.2,
                no_bool: None,
                scalar: one1::<D>,
                cost: $cost,
            }
            $(.$without($($why)?))?
        };
    };
}
pub(crate) use unary;

/// The three loops of one `Op2`.
macro_rules! loops {
    ($kind:ident, $op:ty) => {
        $crate::kernels::math::$kind {
            vv: $crate::kernels::math::dispatch::map_vv::<$op>,
            vs: $crate::kernels::math::dispatch::map_vs::<$op>,
            sv: $crate::kernels::math::dispatch::map_sv::<$op>,
        }
    };
}
pub(crate) use loops;

/// Defines a `BinaryKernel`, in the manner of `unary!`.
macro_rules! binary {
    ($(#[$m:meta])* $st:ident, $name:literal, $cost:literal, |$fma:ident, $a:ident, $b:ident|
        f64: $e:expr $(, if $r:expr, else $s:expr)?;
        f32: $e32:expr $(, if $r32:expr, else $s32:expr)?;
        $(c128: $c:expr;)?
        $(i64: $i:expr;)?
        $(bool: $o:expr;)?
        $(.$without:ident($($why:literal)?);)?
    ) => {
        $(#[$m])*
        pub static $st: $crate::kernels::math::BinaryKernel = {
            use $crate::kernels::math::table::{loops, op2};
            use $crate::kernels::math::Binary;
            use num_complex::{Complex32, Complex64};
            op2!(D, f64 => f64, |$fma, $a, $b| $e $(, if $r, else $s)?);
            op2!(S, f32 => f32, |$fma, $a, $b| $e32 $(, if $r32, else $s32)?);
            #[allow(unused_mut)]
            const EXTRA: (
                Option<Binary<Complex64>>,
                Option<Binary<Complex32>>,
                Option<Binary<i64>>,
                Option<Binary<bool>>,
            ) = {
                let mut extra = (None, None, None, None);
                $(
                    op2!(Z, Complex64 => Complex64, |$fma, $a, $b| $c);
                    op2!(C, Complex32 => Complex32, |$fma, $a, $b| {
                        let ($a, $b) = (
                            $crate::kernels::math::table::widen($a),
                            $crate::kernels::math::table::widen($b),
                        );
                        $crate::kernels::math::table::narrow($c)
                    });
                    extra.0 = Some(loops!(Binary, Z));
                    extra.1 = Some(loops!(Binary, C));
                )?
                $(
                    op2!(I, i64 => i64, |$fma, $a, $b| $i);
                    extra.2 = Some(loops!(Binary, I));
                )?
                $(
                    op2!(O, bool => bool, |$fma, $a, $b| $o);
                    extra.3 = Some(loops!(Binary, O));
                )?
                extra
            };
            $crate::kernels::math::BinaryKernel {
                name: $name,
                f64: loops!(Binary, D),
                f32: loops!(Binary, S),
                c128: EXTRA.0,
                c64: EXTRA.1,
                i64: EXTRA.2,
                bool: EXTRA.3,
                no_bool: None,
                no_negative_integer: false,
                scalar: $crate::kernels::math::dispatch::one2::<D>,
                cost: $cost,
            }
            $(.$without($($why)?))?
        };
    };
}
pub(crate) use binary;
