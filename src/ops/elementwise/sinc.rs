//! `sinc` and its derivatives, which no table row can hold: each is a function of its own.

use super::*;

/// `numpy.sinc`, sin(pi x) / (pi x).
pub fn sinc(cx: &Context, x: &Array) -> Array {
    apply(cx, &Sinc(0), &[x])
}

/// A derivative of `sinc`. With u = pi x and s = sin(u) / u, differentiating u s = sin u n times gives
/// u s_n + n s_(n-1) = sin^(n) u, which is stable upwards for |u| > n; below, the power series is used.
#[derive(Clone)]
struct Sinc(u32);

impl Sinc {
    fn number(&self, x: f64) -> f64 {
        let n = self.0;
        let u = PI * x;
        if u.abs() <= f64::from(n) + 1.0 {
            // s = sum over j of (-1)^j u^(2j) / (2j + 1)!; its n-th derivative begins at 2j >= n.
            let first = n.div_ceil(2);
            let power = 2 * first - n;
            let factorial = |m: u32| (1..=m).map(f64::from).product::<f64>();
            let sign = if first.is_multiple_of(2) { 1.0 } else { -1.0 };
            let mut term = sign * u.powi(power as i32) / factorial(power) / f64::from(2 * first + 1);
            let mut sum = 0.0;
            let mut j = f64::from(first);
            let n = f64::from(n);
            while term != 0.0 && (term.abs() > 1e-18 * f64::abs(sum) || j < n) {
                sum += term;
                term *= -u * u * (2.0 * j + 1.0) / ((2.0 * j + 3.0) * (2.0 * j + 2.0 - n) * (2.0 * j + 1.0 - n));
                j += 1.0;
            }
            return sum * PI.powi(self.0 as i32);
        }
        let (sin, cos) = u.sin_cos();
        let mut s = sin / u;
        for m in 1..=n {
            let derivative = [sin, cos, -sin, -cos][m as usize % 4];
            s = (derivative - f64::from(m) * s) / u;
        }
        s * PI.powi(n as i32)
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
        if args[0].dtype().is_complex() {
            // Away from 0 the closed form in the library's own operations serves; at 0 the real value does.
            return complex_sinc_derivative(cx, self.0, &args[0]);
        }
        let x = cast(cx, cx.lazy_tensor(&args[0])?, args[0].dtype().inexact())?;
        let dtype = x.dtype();
        let x = cx.engine.contiguous(&cast(cx, x, DType::F64)?)?;
        let y = cx.engine.build::<f64>(x.shape(), |y| {
            for (y, &x) in y.iter_mut().zip(x.elements::<f64>()) {
                *y = self.number(x);
            }
        })?;
        Ok(cast(cx, y, dtype)?.into())
    }

    fn batched(&self, cx: &Context, args: &[Array], lead: &[bool]) -> Option<Array> {
        batched_elementwise(cx, self, args, lead)
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &SCALED, g, &apply(cx, &Sinc(self.0 + 1), &[kept.arg(0)]))
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        self.vjp(cx, argnum, t, kept)
    }
}

fn complex_sinc_derivative(cx: &Context, n: u32, x: &Array) -> Result<Array> {
    let u = binary(cx, &MUL, x, &Array::weak(PI));
    let zero = compare(cx, &EQUAL, x, &Array::weak(0.0));
    let u = select(cx, &zero, &Array::weak(1.0), &u);
    let (sin, cos) = (unary(cx, &SIN, &u), unary(cx, &COS, &u));
    let mut s = binary(cx, &DIV, &sin, &u);
    for m in 1..=n {
        let derivative = if m % 2 == 0 { &sin } else { &cos };
        let derivative = if m % 4 >= 2 { unary(cx, &NEG, derivative) } else { derivative.clone() };
        let rest = binary(cx, &SUB, &derivative, &binary(cx, &MUL, &s, &Array::weak(f64::from(m))));
        s = binary(cx, &DIV, &rest, &u);
    }
    let s = binary(cx, &MUL, &s, &Array::weak(PI.powi(n as i32)));
    Ok(select(cx, &zero, &Array::weak(Sinc(n).number(0.0)), &s))
}
