//! For each element of a row the product of all others, without a division, so that zeros are no problem: what the
//! derivative of a product is made of.
//!
//! Of the halves a and b of a row, and the products o of others among the numbers a * b, those of a are o * b and those of
//! b are o * a. So a row is halved down to one number and doubled up again. Long rows go block by block, which stay in the
//! first cache: the same with the products of the blocks says what each is to be multiplied by.

use super::math::dispatch::dispatch;
use super::reduce::{Fold, Reduce};

/// Elements of a block.
const BLOCK: usize = 512;
/// A block is halved so often, at most.
const LEVELS: usize = BLOCK.ilog2() as usize + 1;

// Fills `dst` for rows of `n` elements, which is not 0; `one` is the product of what is outside of them.
dispatch!(fn others[T: Reduce](x: &[T], n: usize, one: T, dst: &mut [T]) = others_body);

#[inline(always)]
fn others_body<T: Reduce, const FMA: bool>(x: &[T], n: usize, one: T, dst: &mut [T]) {
    for (x, dst) in x.chunks_exact(n).zip(dst.chunks_exact_mut(n)) {
        if n <= BLOCK {
            block(x, one, dst);
            continue;
        }
        let products: Vec<T> = x.chunks(BLOCK).map(|block| T::row(Fold::Prod, block)).collect();
        let mut outside = vec![one; products.len()];
        others(&products, products.len(), one, &mut outside);
        for ((x, dst), &o) in x.chunks(BLOCK).zip(dst.chunks_mut(BLOCK)).zip(&outside) {
            block(x, o, dst);
        }
    }
}

/// One block; `o` is the product of what is outside of it.
#[inline(always)]
fn block<T: Reduce>(x: &[T], o: T, dst: &mut [T]) {
    // The products of halves, level after level: BLOCK / 2 of them, BLOCK / 4, ... and one more each if there is a rest.
    let mut products = [o; BLOCK + LEVELS];
    let mut levels = [(0, 0); LEVELS + 1];
    let (mut depth, mut n, mut end) = (0, x.len(), 0);
    while n > 1 {
        let (half, from) = (n / 2, end);
        let (done, new) = products.split_at_mut(from);
        let source = if depth == 0 { x } else { &done[levels[depth - 1].0..][..n] };
        let (a, b) = source.split_at(half);
        times(a, b, new);
        if n % 2 == 1 {
            new[half] = b[half];
        }
        levels[depth] = (from, n);
        (depth, n, end) = (depth + 1, n - half, from + n - half);
    }
    let (mut these, mut next) = ([o; BLOCK], [o; BLOCK]);
    for k in (1..depth).rev() {
        let (from, n) = (levels[k - 1].0, levels[k].1);
        double(&products[from..from + n], &these, &mut next[..n]);
        std::mem::swap(&mut these, &mut next);
    }
    match depth {
        0 => dst.fill(o),
        _ => double(x, &these, dst),
    }
}

/// From the products of others among pairs of halves those among the elements.
#[inline(always)]
fn double<T: Reduce>(x: &[T], o: &[T], dst: &mut [T]) {
    let n = x.len();
    let half = n / 2;
    let ((a, b), (of_a, of_b)) = (x.split_at(half), dst.split_at_mut(half));
    times(&o[..half], b, of_a);
    times(&o[..half], a, of_b);
    if n % 2 == 1 {
        of_b[half] = o[half];
    }
}

/// Products of as many pairs as the shorter one has, where both have so many.
#[inline(always)]
fn times<T: Reduce>(a: &[T], b: &[T], dst: &mut [T]) {
    for ((d, &a), &b) in dst.iter_mut().zip(a).zip(b) {
        *d = T::combine(Fold::Prod, a, b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_all_others() {
        for n in [1, 2, 3, 7, 64, 511, 512, 513, 1500, 40_000] {
            // Powers of two, whose products are exact, and a few zeros.
            for zeros in 0..3 {
                let mut x: Vec<f64> = (0..2 * n).map(|i| [2.0, 0.5, -1.0, 4.0, 0.25][i * 7 % 5]).collect();
                for k in 0..zeros.min(n) {
                    x[n + (k * 37 + 5) % n] = 0.0;
                }
                let mut dst = vec![f64::NAN; 2 * n];
                others(&x, n, 1.0, &mut dst);
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
