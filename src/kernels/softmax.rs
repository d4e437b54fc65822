//! log(sum(exp(row))) and exp(row)/sum(exp(row)) of each row, together or one of them.
//!
//! The greatest element is taken out first, and is the 1 of log(1 + rest), so nothing overflows and a small rest keeps its
//! digits. The quotients are made of the same powers, not of the rounded logarithm. Short rows are transposed, so that each
//! lane of the registers has a row of its own: no row has a remainder, and nothing is added across lanes.

use super::math::{log, single, slopes};
use super::reduce::{Fold, Real};

/// Real types with exponentials.
pub trait Exponential: Real {
    const NEG_INFINITY: Self;
    /// e^(a - b), 1 where the two are equal, infinities included.
    fn power<const FMA: bool>(a: Self, b: Self) -> Self;
    fn log1p<const FMA: bool>(x: Self) -> Self;
}

macro_rules! exponential {
    ($t:ident, $slopes:ident, $log:ident) => {
        impl Exponential for $t {
            const NEG_INFINITY: $t = $t::NEG_INFINITY;
            #[inline(always)]
            fn power<const FMA: bool>(a: $t, b: $t) -> $t {
                $slopes::exp_difference::<FMA>(a, b)
            }
            #[inline(always)]
            fn log1p<const FMA: bool>(x: $t) -> $t {
                $log::log1p::<FMA>(x)
            }
        }
    };
}
exponential!(f64, slopes, log);
exponential!(f32, single, single);

/// What is asked of rows of `length` elements (at least one): the logarithm of each, a quotient for each element; an empty
/// slice if one of the two is not. A row of nothing but -infinity has quotients of 0.
pub fn softmax<T: Exponential>(x: &[T], length: usize, logs: &mut [T], quotients: &mut [T]) {
    let rows = x.len() / length;
    assert!(x.len() == rows * length && [0, rows].contains(&logs.len()) && [0, x.len()].contains(&quotients.len()));
    if length <= SHORT && rows >= SEVERAL {
        transposed(x, length, logs, quotients);
    } else {
        row_by_row(x, length, logs, quotients);
    }
}

/// Elements of a row that is transposed, and rows that are worth it.
const SHORT: usize = 48;
const SEVERAL: usize = 4;
const LANES: usize = 16;

super::math::dispatch::dispatch!(fn transposed[T: Exponential](x: &[T], length: usize, logs: &mut [T], quotients: &mut [T]) = transposed_body);
super::math::dispatch::dispatch!(fn row_by_row[T: Exponential](x: &[T], length: usize, logs: &mut [T], quotients: &mut [T]) = row_by_row_body);

/// Each lane of what is counted and added up for a row.
struct Lanes<T> {
    /// The powers that are 1, and the sum of the others.
    ones: [T; LANES],
    rest: [T; LANES],
}

impl<T: Exponential> Lanes<T> {
    fn new() -> Lanes<T> {
        Lanes { ones: [T::default(); LANES], rest: [T::default(); LANES] }
    }

    #[inline(always)]
    fn add(&mut self, powers: &[T]) {
        let (zero, one) = (T::default(), T::from_f64(1.0));
        for ((ones, rest), &p) in self.ones.iter_mut().zip(&mut self.rest).zip(powers) {
            let is = p == one;
            *ones += if is { one } else { zero };
            *rest += if is { zero } else { p };
        }
    }
}

/// The logarithm of a row, and the factor of its powers.
#[inline(always)]
fn finish<T: Exponential, const FMA: bool>(ones: T, rest: T, top: T) -> (T, T) {
    let log = T::combine(Fold::Sum, T::log1p::<FMA>(T::combine(Fold::Sum, rest, ones - T::from_f64(1.0))), top);
    let (zero, one) = (T::default(), T::from_f64(1.0));
    (log, if top == T::NEG_INFINITY { zero } else { one / T::combine(Fold::Sum, rest, ones) })
}

#[inline(always)]
fn transposed_body<T: Exponential, const FMA: bool>(x: &[T], length: usize, logs: &mut [T], quotients: &mut [T]) {
    let mut memory = [[T::default(); LANES]; SHORT];
    let powers = &mut memory[..length];
    for (k, rows) in x.chunks(LANES * length).enumerate() {
        let first = k * LANES;
        // Lanes without a row compute what was there.
        for (lane, row) in rows.chunks_exact(length).enumerate() {
            powers.iter_mut().zip(row).for_each(|(p, &v)| p[lane] = v);
        }
        let mut tops = powers[0];
        for line in &powers[1..] {
            tops.iter_mut().zip(line).for_each(|(top, &v)| *top = T::combine(Fold::Max, *top, v));
        }
        let mut lanes = Lanes::new();
        for line in powers.iter_mut() {
            line.iter_mut().zip(&tops).for_each(|(p, &top)| *p = T::power::<FMA>(*p, top));
            lanes.add(line);
        }
        let (mut found, mut factors) = ([T::default(); LANES], [T::default(); LANES]);
        for i in 0..LANES {
            (found[i], factors[i]) = finish::<T, FMA>(lanes.ones[i], lanes.rest[i], tops[i]);
        }
        if let Some(logs) = logs.get_mut(first..) {
            logs.iter_mut().zip(found).for_each(|(d, log)| *d = log);
        }
        if let Some(quotients) = quotients.get_mut(first * length..) {
            for line in powers.iter_mut() {
                line.iter_mut().zip(&factors).for_each(|(p, &factor)| *p = *p * factor);
            }
            for (lane, row) in quotients.chunks_exact_mut(length).take(LANES).enumerate() {
                row.iter_mut().zip(powers.iter()).for_each(|(d, p)| *d = p[lane]);
            }
        }
    }
}

#[inline(always)]
fn row_by_row_body<T: Exponential, const FMA: bool>(x: &[T], length: usize, logs: &mut [T], quotients: &mut [T]) {
    const BLOCK: usize = 512;
    let mut room = [T::default(); BLOCK];
    for (k, row) in x.chunks_exact(length).enumerate() {
        let top = T::row(Fold::Max, row);
        let mut quotients = quotients.get_mut(k * length..(k + 1) * length);
        let (mut ones, mut rest) = (T::default(), T::default());
        for (b, part) in row.chunks(BLOCK).enumerate() {
            let powers = match &mut quotients {
                Some(quotients) => &mut quotients[b * BLOCK..][..part.len()],
                None => &mut room[..part.len()],
            };
            powers.iter_mut().zip(part).for_each(|(p, &v)| *p = T::power::<FMA>(v, top));
            let mut lanes = Lanes::new();
            let (groups, remainder) = powers.as_chunks::<LANES>();
            groups.iter().for_each(|group| lanes.add(group));
            lanes.add(remainder);
            ones += T::short_sum(&lanes.ones);
            rest += T::short_sum(&lanes.rest);
        }
        let (log, factor) = finish::<T, FMA>(ones, rest, top);
        if let Some(d) = logs.get_mut(k) {
            *d = log;
        }
        if let Some(quotients) = quotients {
            quotients.iter_mut().for_each(|q| *q = *q * factor);
        }
    }
}
