//! `sinc` and its derivatives, which no table row can hold: each is a function of its own.

use super::*;
use num_complex::Complex64;

/// `numpy.sinc`, sin(pi x) / (pi x).
pub fn sinc(cx: &Context, x: &Array) -> Array {
    apply(cx, &Sinc(0), &[x])
}

/// A derivative of `sinc`. With u = pi x and s = sin(u) / u, differentiating u s = sin u n times gives
/// u s_n + n s_(n-1) = sin^(n) u, which is stable upwards for |u| > n; below, the power series is used. Near the zeros of
/// a derivative the difference leaves an absolute accuracy.
#[derive(Clone)]
struct Sinc(u32);

impl Sinc {
    fn number(&self, x: f64) -> f64 {
        let n = self.0;
        if (PI * x).abs() <= f64::from(n) + 1.0 {
            return self.series(Complex64::new(x, 0.0)).re;
        }
        if x.is_infinite() {
            return 0.0;
        }
        // Whole numbers are taken off the argument, exactly, before it is multiplied by pi.
        let r = x - x.round_ties_even();
        let flip = if (0.5 * x.round_ties_even()).fract() == 0.0 { 1.0 } else { -1.0 };
        let cos = if r.abs() > 0.25 { (PI * (0.5 - r.abs())).sin() } else { (PI * r).cos() };
        let (sin, cos) = (flip * (PI * r).sin(), flip * cos);
        let u = PI * x;
        let mut s = sin / u;
        for m in 1..=n {
            let derivative = [sin, cos, -sin, -cos][m as usize % 4];
            s = (derivative - f64::from(m) * s) / u;
        }
        s * PI.powi(n as i32)
    }

    fn complex(&self, z: Complex64) -> Complex64 {
        let (n, u) = (self.0, z * PI);
        if u.norm() <= f64::from(n) + 1.0 {
            return self.series(z);
        }
        let (sin, cos) = math::sincos_pi(z);
        let mut s = sin / u;
        for m in 1..=n {
            let derivative = [sin, cos, -sin, -cos][m as usize % 4];
            s = (derivative - s * f64::from(m)) / u;
        }
        s * PI.powi(n as i32)
    }

    /// s = sum over j of (-1)^j u^(2j) / (2j + 1)!; its n-th derivative begins at 2j >= n.
    fn series(&self, z: Complex64) -> Complex64 {
        let (n, u) = (self.0, z * PI);
        let first = n.div_ceil(2);
        let power = 2 * first - n;
        let factorial = |m: u32| (1..=m).map(f64::from).product::<f64>();
        let sign = if first.is_multiple_of(2) { 1.0 } else { -1.0 };
        let start = if power == 0 { Complex64::new(1.0, 0.0) } else { u };
        let mut term = start * (sign / factorial(power) / f64::from(2 * first + 1));
        let mut sum = Complex64::new(0.0, 0.0);
        let mut j = f64::from(first);
        let (square, n) = (u * u, f64::from(n));
        while term.norm() > 1e-18 * sum.norm() {
            sum += term;
            term *= -square * ((2.0 * j + 1.0) / ((2.0 * j + 3.0) * (2.0 * j + 2.0 - n) * (2.0 * j + 1.0 - n)));
            j += 1.0;
        }
        sum * PI.powi(self.0 as i32)
    }
}

impl Primitive for Sinc {
    fn name(&self) -> &str {
        "ag_sinc"
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        if self.0 == 0 {
            return unary_kernel(cx, &math::SINC, &args[0]);
        }
        let x = cast(cx, cx.lazy_tensor(&args[0])?, args[0].dtype().inexact())?;
        let (dtype, wide) = (x.dtype(), if x.dtype().is_complex() { DType::C128 } else { DType::F64 });
        let x = cx.engine.contiguous(&cast(cx, x, wide)?)?;
        let y = if wide == DType::C128 {
            cx.engine.build::<Complex64>(x.shape(), |y| {
                y.iter_mut().zip(x.elements::<Complex64>()).for_each(|(y, &x)| *y = self.complex(x));
            })?
        } else {
            cx.engine.build::<f64>(x.shape(), |y| {
                y.iter_mut().zip(x.elements::<f64>()).for_each(|(y, &x)| *y = self.number(x));
            })?
        };
        Ok(cast(cx, y, dtype)?.into())
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &SCALED, g, &apply(cx, &Sinc(self.0 + 1), &[kept.arg(0)]))
    }
}
