//! For each element of a row the product of all others, without a division, so that zeros are no problem: what the
//! derivative of a product is made of.
//!
//! It is the product of those before times the product of those behind. A row goes in lanes side by side: of each lane
//! the elements before and behind, and what begins the products behind is the product of all other lanes. Long rows go
//! block by block, which stay in the first cache: the same with the products of the blocks says what each is to be
//! multiplied by.

use super::math::dispatch::dispatch;
use super::reduce::{Fold, Reduce};

/// Lanes: four of the widest registers, so that the next product needn't wait for the last one.
const LANES: usize = 32;
/// Lines of a block, of one element for each lane.
const LINES: usize = 32;
const BLOCK: usize = LANES * LINES;

// Fills `dst` for rows of `n` elements, which is not 0.
dispatch!(fn products_excluding_one[T: Reduce](x: &[T], n: usize, one: T, dst: &mut [T]) = products_body);

#[inline(always)]
fn products_body<T: Reduce, const FMA: bool>(x: &[T], n: usize, one: T, dst: &mut [T]) {
    for (x, dst) in x.chunks_exact(n).zip(dst.chunks_exact_mut(n)) {
        if n < LANES {
            single_lane(x, one, dst);
        } else if n <= BLOCK {
            block(x, one, one, dst);
        } else {
            let products: Vec<T> = x.chunks(BLOCK).map(|block| T::row(Fold::Prod, block)).collect();
            let mut outside = vec![one; products.len()];
            products_excluding_one(&products, products.len(), one, &mut outside);
            for ((x, dst), &o) in x.chunks(BLOCK).zip(dst.chunks_mut(BLOCK)).zip(&outside) {
                block(x, o, one, dst);
            }
        }
    }
}

#[inline(always)]
fn times<T: Reduce>(a: T, b: T) -> T {
    T::combine(Fold::Prod, a, b)
}

/// In `dst` first what is behind each element, then all.
#[inline(always)]
fn single_lane<T: Reduce>(x: &[T], one: T, dst: &mut [T]) {
    let mut product = one;
    for (d, &x) in dst.iter_mut().zip(x).rev() {
        *d = product;
        product = times(product, x);
    }
    product = one;
    for (d, &x) in dst.iter_mut().zip(x) {
        *d = times(product, *d);
        product = times(product, x);
    }
}

/// One block; `o` is the product of what is outside of it.
#[inline(always)]
fn block<T: Reduce>(x: &[T], o: T, one: T, dst: &mut [T]) {
    let (lines, rest) = x.as_chunks::<LANES>();
    let mut last = [one; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let mut product = last;
    for line in lines {
        multiply(&mut product, line);
    }
    product = other_lanes(product, o);
    let mut behind = [[one; LANES]; LINES];
    let behind_last = product;
    multiply(&mut product, &last);
    for (behind, line) in behind.iter_mut().zip(lines).rev() {
        *behind = product;
        multiply(&mut product, line);
    }
    product = [one; LANES];
    let (to, rest) = dst.as_chunks_mut::<LANES>();
    for ((d, line), behind) in to.iter_mut().zip(lines).zip(&behind) {
        *d = product;
        multiply(d, behind);
        multiply(&mut product, line);
    }
    multiply(&mut product, &behind_last);
    rest.copy_from_slice(&product[..rest.len()]);
}

#[inline(always)]
fn multiply<T: Reduce>(a: &mut [T; LANES], b: &[T; LANES]) {
    a.iter_mut().zip(b).for_each(|(a, &b)| *a = times(*a, b));
}

/// For each lane `o` times the product of all others: of the halves a and b of them, and the products o of others among
/// the numbers a * b, those of a are o * b and those of b are o * a.
#[inline(always)]
fn other_lanes<T: Reduce>(lanes: [T; LANES], o: T) -> [T; LANES] {
    const DEPTH: usize = LANES.ilog2() as usize;
    let mut levels = [lanes; DEPTH];
    for k in 1..DEPTH {
        for i in 0..LANES >> k {
            levels[k][i] = times(levels[k - 1][i], levels[k - 1][i + (LANES >> k)]);
        }
    }
    let mut others = [o; LANES];
    for k in (0..DEPTH).rev() {
        let half = LANES >> (k + 1);
        for i in 0..half {
            let (pair, a, b) = (others[i], levels[k][i], levels[k][i + half]);
            (others[i], others[i + half]) = (times(pair, b), times(pair, a));
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_all_other_elements() {
        for n in [1, 2, 3, 31, 32, 33, 64, 100, 1023, 1024, 1025, 1500, 40_000] {
            // Powers of two, whose products are exact, and a few zeros.
            for zeros in 0..3 {
                let mut x: Vec<f64> = (0..2 * n).map(|i| [2.0, 0.5, -1.0, 4.0, 0.25][i * 7 % 5]).collect();
                for k in 0..zeros.min(n) {
                    x[n + (k * 37 + 5) % n] = 0.0;
                }
                let mut dst = vec![f64::NAN; 2 * n];
                products_excluding_one(&x, n, 1.0, &mut dst);
                for (x, dst) in x.chunks(n).zip(dst.chunks(n)) {
                    let product = |from: &[f64]| from.iter().product::<f64>();
                    for k in (0..n).step_by(n / 50 + 1) {
                        assert_eq!(dst[k], product(&x[..k]) * product(&x[k + 1..]), "{k} of {n}");
                    }
                }
            }
        }
    }
}
