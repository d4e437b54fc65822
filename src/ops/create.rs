//! Arrays from nothing: constants, ranges, random numbers. None of them depends on anything, so none has a derivative.

use crate::array::{DType, Element, Tensor, shape};
use crate::error::{Error, Result};
use crate::trace::{Array, Context};
use crate::with_dtype;
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use rand_pcg::Pcg64Mcg;

/// `numpy.full`: one element in memory, whatever the shape.
pub fn full(cx: &Context, dtype: DType, shape: &[usize], value: f64) -> Array {
    if shape.is_empty() && dtype == DType::F64 {
        return Array::from(value);
    }
    cx.take("ag_full", cx.engine.full(dtype, shape, value).map(Array::from))
}

/// The number, if the dtype has one like it: an integer is cut off, but no integer is NaN, infinite or beyond 64 bits.
pub fn as_element(dtype: DType, value: f64) -> Result<f64> {
    if dtype == DType::I64 && !(-LIMIT..LIMIT).contains(&value) {
        return Err(Error::value(format!("{value} is no int64")));
    }
    Ok(value)
}

/// 2^63: the integers end before it.
pub const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// `numpy.eye`: ones on the `k`-th diagonal.
pub fn eye(cx: &Context, dtype: DType, n: usize, m: usize, k: i64) -> Result<Tensor> {
    with_dtype!(dtype, T => cx.engine.build::<T>(&[n, m], |d| {
        d.fill(T::default());
        if m == 0 {
            return;
        }
        for (i, row) in (0i64..).zip(d.chunks_exact_mut(m)) {
            let one = i.checked_add(k).and_then(|j| usize::try_from(j).ok());
            if let Some(one) = one.and_then(|j| row.get_mut(j)) {
                *one = T::from_f64(1.0);
            }
        }
    }))
}

/// `numpy.arange`.
pub fn arange(cx: &Context, dtype: DType, start: f64, stop: f64, step: f64) -> Result<Tensor> {
    if step == 0.0 || step.is_nan() {
        return Err(Error::value(format!("the step must not be {}", if step == 0.0 { "zero" } else { "NaN" })));
    }
    let n = ((stop - start) / step).ceil();
    if !n.is_finite() {
        return Err(Error::value(format!("the range from {start} to {stop} by {step} is not finite")));
    }
    if n > isize::MAX as f64 {
        return Err(Error::memory(format!("a range of {n} elements is larger than the address space")));
    }
    let n = n.max(0.0) as usize;
    shape::checked_size(&[n], dtype.size())?;
    if dtype == DType::I64 {
        as_element(dtype, start)?;
        as_element(dtype, start + n.saturating_sub(1) as f64 * step)?;
        // Beyond 2^53 sums of whole numbers are exact as integers only.
        if start.fract() == 0.0 && step.fract() == 0.0 && step.abs() < LIMIT {
            let (start, step) = (start as i64, step as i64);
            return cx.engine.build::<i64>(&[n], |d| {
                (0i64..).zip(d).for_each(|(i, d)| *d = start.wrapping_add(i.wrapping_mul(step)));
            });
        }
    }
    with_dtype!(dtype, T => cx.engine.build::<T>(&[n], |d| {
        d.iter_mut().enumerate().for_each(|(i, d)| *d = T::from_f64(start + i as f64 * step));
    }))
}

/// `numpy.linspace`, the end included.
pub fn linspace(cx: &Context, start: f64, stop: f64, num: i64) -> Result<Tensor> {
    let n =
        usize::try_from(num).map_err(|_| Error::value(format!("number of samples, {num}, must be non-negative")))?;
    let step = (stop - start) / (n.max(2) - 1) as f64;
    cx.engine.build::<f64>(&[n], |d| {
        d.iter_mut().enumerate().for_each(|(i, d)| *d = start + i as f64 * step);
        // As NumPy does, since the last sum may round.
        if n > 1 {
            d[n - 1] = stop;
        }
    })
}

/// Which random numbers.
#[derive(Clone, Copy, PartialEq)]
pub enum Random {
    /// Uniform in [a, b).
    Uniform(f64, f64),
    /// Normal with mean a and standard deviation b.
    Normal(f64, f64),
}

/// Random numbers; the same seed gives the same numbers on every machine.
pub fn random(cx: &Context, seed: u64, dtype: DType, shape: &[usize], which: Random) -> Result<Tensor> {
    match which {
        Random::Uniform(low, high) if !(low <= high && (high - low).is_finite()) => {
            return Err(Error::value(format!(
                "expected finite bounds of which low is not above high, found {low} and {high}"
            )));
        }
        Random::Normal(mean, std) if !(std >= 0.0 && std.is_finite() && mean.is_finite()) => {
            return Err(Error::value(format!(
                "expected a finite mean and a finite standard deviation from 0 on, found {mean} and {std}"
            )));
        }
        _ => {}
    }
    let mut state = u128::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    state ^= state >> 64;
    let mut rng = Pcg64Mcg::new(state | 1);
    let mut draw = || match which {
        Random::Uniform(a, b) => {
            let u: f64 = StandardUniform.sample(&mut rng);
            a + (b - a) * u
        }
        Random::Normal(a, b) => {
            let z: f64 = StandardNormal.sample(&mut rng);
            a + b * z
        }
    };
    match dtype {
        DType::F64 => cx.engine.build::<f64>(shape, |d| d.iter_mut().for_each(|d| *d = draw())),
        DType::F32 => cx.engine.build::<f32>(shape, |d| d.iter_mut().for_each(|d| *d = draw() as f32)),
        other => Err(Error::dtype(format!("random numbers are float32 or float64, not {}", other.name()))),
    }
}
