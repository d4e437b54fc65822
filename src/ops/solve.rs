//! The solution of a small dense system, for operators that are defined by equations.

use super::elementwise::{self, binary, cast, unary};
use super::shape::{reshape, transpose};
use crate::array::DType;
use crate::error::{Error, Result};
use crate::kernels::{lu, memory::copied};
use crate::trace::{ANS, Array, Context, Kept, Primitive, apply};

/// x with a x = b, or a^T x = b if `transposed`; a real square matrix and a vector.
pub fn solve(cx: &Context, a: &Array, b: &Array, transposed: bool) -> Array {
    apply(cx, &Solve { transposed }, &[a, b])
}

/// d(a^-1 b) = a^-1 (db - da x); the cotangent of b is a^-T g, that of a is -(a^-T g) x^T.
#[derive(Clone)]
struct Solve {
    transposed: bool,
}

/// All products of two vectors.
fn outer(cx: &Context, x: &Array, y: &Array) -> Array {
    binary(cx, &elementwise::MUL, &reshape(cx, x, &[x.size(), 1]), &reshape(cx, y, &[1, y.size()]))
}

impl Primitive for Solve {
    fn name(&self) -> &str {
        "solve"
    }

    fn parameters(&self) -> String {
        if self.transposed { "the first one transposed".into() } else { String::new() }
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        let double = |x: &Array| cx.engine.contiguous(&cast(cx, cx.lazy_tensor(x)?, DType::F64)?);
        let dtype = args[0].dtype().promote(args[1].dtype());
        let (a, b) = (double(&args[0])?, double(&args[1])?);
        let n = b.size();
        let mut factors = copied(a.elements::<f64>())?;
        if self.transposed {
            for i in 0..n {
                (0..i).for_each(|j| factors.swap(i * n + j, j * n + i));
            }
        }
        let mut regular = true;
        let x = cx.engine.build::<f64>(&[n], |x| {
            x.copy_from_slice(b.elements::<f64>());
            regular = lu::solve(&mut factors, x);
        })?;
        if !regular {
            return Err(Error::value("Singular matrix"));
        }
        Ok(cast(cx, x, dtype)?.into())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1 | ANS
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let u = solve(cx, kept.arg(0), g, !self.transposed);
        if argnum == 1 {
            return u;
        }
        let (x, u) = (kept.ans(), unary(cx, &elementwise::NEG, &u));
        if self.transposed { outer(cx, x, &u) } else { outer(cx, &u, x) }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if argnum == 1 {
            return solve(cx, kept.arg(0), t, self.transposed);
        }
        let t = if self.transposed { transpose(cx, t, &[1, 0]) } else { t.clone() };
        let moved = super::product::dot(cx, &t, kept.ans());
        unary(cx, &elementwise::NEG, &solve(cx, kept.arg(0), &moved, self.transposed))
    }
}
