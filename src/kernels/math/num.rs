//! Building blocks shared by the kernels: multiply-add, polynomial evaluation,
//! rounding and powers of two without conversion instructions.
//!
//! Adding 1.5 * 2^52 rounds a number below 2^51 to the nearest integer (ties to
//! even) and leaves that integer in the low bits of the sum. This replaces the
//! conversions between f64 and i64, which AVX2 does not have. The technique is
//! standard; see J.-M. Muller et al., "Handbook of Floating-Point Arithmetic",
//! 2nd ed., chapter 11, and T. J. Dekker, Numer. Math. 18 (1971) for the
//! error-free sum and product.

/// 1.5 * 2^52.
pub(crate) const MAGIC: f64 = 6755399441055744.0;
/// 1.5 * 2^23.
pub(crate) const MAGIC32: f32 = 12582912.0;
/// 2^52.
pub(crate) const TWO52: f64 = 4503599627370496.0;

/// ln 2 in two parts; the first has 42 bits, so its product with an exponent is exact.
pub(crate) const LN2_HI: f64 = 0.6931471805598903;
pub(crate) const LN2_LO: f64 = 5.497923018708371e-14;
/// pi/2 beyond double precision.
pub(crate) const PIO2_LO: f64 = 6.123233995736766e-17;

/// a * b + c.
#[inline(always)]
pub(crate) fn madd<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// a * b + c.
#[inline(always)]
pub(crate) fn madd32<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Polynomial by Horner's scheme, coefficients from the constant term up.
macro_rules! horner {
    ($madd:ident, $f:ident, $x:expr; $c:expr) => { $c };
    ($madd:ident, $f:ident, $x:expr; $c:expr, $($d:expr),+ $(,)?) => {
        $madd::<$f>(horner!($madd, $f, $x; $($d),+), $x, $c)
    };
}
pub(crate) use horner;

/// 2^n for an integral `n` in [-1023, 1024]; -1023 gives 0 and 1024 gives infinity.
#[inline(always)]
pub(crate) fn pow2(n: f64) -> f64 {
    f64::from_bits((n + (MAGIC + 1023.0)).to_bits() << 52)
}

/// 2^n for an integral `n` in [-127, 128].
#[inline(always)]
pub(crate) fn pow2f(n: f32) -> f32 {
    f32::from_bits((n + (MAGIC32 + 127.0)).to_bits() << 23)
}

/// Nearest integer, ties to even, for every f64; the sign of zero is kept.
#[inline(always)]
pub(crate) fn rint<const FMA: bool>(x: f64) -> f64 {
    if FMA {
        return x.round_ties_even();
    }
    let a = x.abs();
    let r = (a + TWO52) - TWO52;
    (if a < TWO52 { r } else { a }).copysign(x)
}

/// Integer part towards zero. SSE2 has no rounding instruction.
#[inline(always)]
pub(crate) fn trunc<const FMA: bool>(x: f64) -> f64 {
    if FMA {
        return x.trunc();
    }
    let a = x.abs();
    let r = (a + TWO52) - TWO52;
    let r = if r > a { r - 1.0 } else { r };
    (if a < TWO52 { r } else { a }).copysign(x)
}

/// Largest integer not above `x`.
#[inline(always)]
pub(crate) fn floor<const FMA: bool>(x: f64) -> f64 {
    if FMA {
        return x.floor();
    }
    let r = rint::<false>(x);
    (if r > x { r - 1.0 } else { r }).copysign(x)
}

/// Smallest integer not below `x`.
#[inline(always)]
pub(crate) fn ceil<const FMA: bool>(x: f64) -> f64 {
    if FMA {
        return x.ceil();
    }
    let r = rint::<false>(x);
    (if r < x { r + 1.0 } else { r }).copysign(x)
}

/// Product as the unevaluated sum of its rounded value and the rounding error.
#[inline(always)]
pub(crate) fn two_prod<const FMA: bool>(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    if FMA {
        return (p, a.mul_add(b, -p));
    }
    // Masking keeps 26 bits, and unlike Dekker's multiplication by 2^27 + 1 cannot overflow.
    let head = |v: f64| f64::from_bits(v.to_bits() & 0xffff_ffff_f800_0000);
    let (ah, bh) = (head(a), head(b));
    let (al, bl) = (a - ah, b - bh);
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

/// Sum and rounding error; `a` is zero or not smaller than `b` in magnitude.
#[inline(always)]
pub(crate) fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// Sum and rounding error, any order.
#[inline(always)]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// `x` limited to [lo, hi]; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp(x: f64, lo: f64, hi: f64) -> f64 {
    let x = if x > hi { hi } else { x };
    if x < lo { lo } else { x }
}

/// `x` limited to [lo, hi]; NaN stays NaN.
#[inline(always)]
pub(crate) fn clampf(x: f32, lo: f32, hi: f32) -> f32 {
    let x = if x > hi { hi } else { x };
    if x < lo { lo } else { x }
}
