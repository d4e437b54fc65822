//! `i0`, the modified Bessel function of the first kind and order 0, with all its derivatives.
//!
//! I_n' = (I_(n-1) + I_(n+1)) / 2 (DLMF 10.29.1) with I_(-1) = I_1, so the functions of whole order are closed under
//! differentiation.

use super::elementwise::{self, binary, cast};
use super::number::{map, only_real};
use crate::array::DType;
use crate::error::Result;
use crate::trace::{Array, Context, Kept, Primitive, apply};
use std::f64::consts::TAU;

/// `numpy.i0`.
pub fn i0(cx: &Context, x: &Array) -> Array {
    apply(cx, &Bessel(0), &[&elementwise::astype(cx, x, x.dtype().inexact())])
}

/// The function of this order.
#[derive(Clone)]
struct Bessel(u32);

impl Bessel {
    fn number(&self, x: f64) -> f64 {
        let n = f64::from(self.0);
        let (u, odd) = (x.abs(), self.0 % 2 == 1);
        let value = if u.is_nan() || u == f64::INFINITY {
            u
        } else if u <= 30.0 + n * n {
            self.series(u)
        } else {
            self.far(u)
        };
        if odd && x < 0.0 { -value } else { value }
    }

    /// The sum of (x/2)^(2k + n) / (k! (k + n)!), DLMF 10.25.2: all terms have one sign, so nothing cancels. Each is made of
    /// the one before, so their rounding errors are carried along.
    fn series(&self, x: f64) -> f64 {
        let (half, n) = (x / 2.0, f64::from(self.0));
        let mut term = (1..=self.0).fold(1.0, |t, j| t * half / f64::from(j));
        let square = half * half;
        let square_low = half.mul_add(half, -square);
        let (mut sum, mut low, mut term_low, mut k) = (0.0, 0.0, 0.0, 1.0);
        while term > sum * 1e-17 {
            let (total, divisor) = (sum + term, k * (k + n));
            let before = total - term;
            low += (sum - before) + (term - (total - before)) + term_low;
            sum = total;
            let product = term * square;
            term_low = term_low.mul_add(square, term.mul_add(square_low, term.mul_add(square, -product)));
            term = product / divisor;
            term_low = (term_low + term.mul_add(-divisor, product)) / divisor;
            k += 1.0;
        }
        sum + low
    }

    /// exp(x) / sqrt(2 pi x) times the sum of (-1)^k a_k / x^k with a_k = (4n^2 - 1) (4n^2 - 9) ... / (k! 8^k), DLMF
    /// 10.40.1. For x > 30 + n^2 the terms fall below the last digit before they grow again.
    fn far(&self, x: f64) -> f64 {
        let mu = 4.0 * f64::from(self.0) * f64::from(self.0);
        let (mut term, mut sum, mut k) = (1.0f64, 0.0, 1.0);
        while term.abs() > f64::abs(sum) * 1e-17 && k < 60.0 {
            sum += term;
            term *= -(mu - (2.0 * k - 1.0) * (2.0 * k - 1.0)) / (8.0 * k * x);
            k += 1.0;
        }
        // In two factors, since exp(x) overflows before the whole does.
        let root = (x / 2.0).exp();
        root * (sum / (TAU.sqrt() * x.sqrt())) * root
    }
}

impl Primitive for Bessel {
    fn name(&self) -> &str {
        "ag_i0"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        only_real(&args[0])?;
        let dtype = args[0].dtype();
        let x = cast(cx, cx.lazy_tensor(&args[0])?, DType::F64)?;
        cx.engine.force(&x)?;
        Ok(cast(cx, map(cx, &x, |x: f64| self.number(x))?, dtype)?.into())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let of = |n: u32| apply(cx, &Bessel(n), &[kept.arg(0)]);
        let slope = match self.0 {
            0 => of(1),
            n => {
                binary(cx, &elementwise::MUL, &binary(cx, &elementwise::ADD, &of(n - 1), &of(n + 1)), &Array::weak(0.5))
            }
        };
        binary(cx, &elementwise::SCALED, g, &slope)
    }
}
