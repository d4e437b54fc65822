//! Distances between floating-point numbers, shared by the kernel tests.
#![allow(dead_code)]

use autograd::kernels::math::Level;

pub const LEVELS: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

/// Position on the line of representable numbers; both zeros are 0.
fn ordinal(x: f64) -> i64 {
    let b = x.to_bits() as i64;
    if b < 0 { i64::MIN.wrapping_sub(b) } else { b }
}

fn ordinal32(x: f32) -> i64 {
    let b = i64::from(x.to_bits() as i32);
    if b < 0 { i64::from(i32::MIN) - b } else { b }
}

pub fn distance(a: f64, b: f64) -> u64 {
    if a.is_nan() && b.is_nan() {
        0
    } else if a.is_nan() || b.is_nan() {
        u64::MAX
    } else {
        ordinal(a).abs_diff(ordinal(b))
    }
}

pub fn distance32(a: f32, b: f32) -> u64 {
    if a.is_nan() && b.is_nan() {
        0
    } else if a.is_nan() || b.is_nan() {
        u64::MAX
    } else {
        ordinal32(a).abs_diff(ordinal32(b))
    }
}
