//! The measure of the engine: one expression with its derivative, written out by hand as one loop of these same kernels.
//! `benches/elementwise.rs` sets the engine beside it; nothing else uses it.

use super::exp::exp;
use super::hyperbolic::tanh;
use super::log::log1p;
use super::reduce::sum_f64;
use super::trig::sincos;

const BLOCK: usize = 512;

/// The sum of `tanh(x) exp(-x^2) + log1p(x^2) sin(x)` and its gradient, for moderate `x`.
pub fn elementwise_by_hand(x: &[f64], g: &mut [f64]) -> f64 {
    let mut values = [0.0; BLOCK];
    let blocks = x.chunks(BLOCK).zip(g.chunks_mut(BLOCK));
    blocks
        .map(|(x, g)| {
            block(x, g, &mut values[..x.len()]);
            sum_f64(&values[..x.len()])
        })
        .sum()
}

super::dispatch::dispatch!(fn block[](x: &[f64], g: &mut [f64], values: &mut [f64]) = block_body);

#[inline(always)]
fn block_body<const FMA: bool>(x: &[f64], g: &mut [f64], values: &mut [f64]) {
    for ((value, g), &x) in values.iter_mut().zip(g).zip(x) {
        let square = x * x;
        let (t, e, l) = (tanh::<FMA>(x), exp::<FMA>(-square), log1p::<FMA>(square));
        let (sin, cos) = sincos::<FMA>(x);
        *value = t * e + l * sin;
        *g = (1.0 - t * t) * e - 2.0 * x * t * e + 2.0 * x / (1.0 + square) * sin + l * cos;
    }
}
