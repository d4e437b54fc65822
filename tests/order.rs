//! Sorting, selecting and gathering of many elements: what is computed for a derivative is what is computed without one, and
//! both are what obviously right loops give, NaN, infinities, signed zeros and ties included.

mod helpers;

use autograd::ops::take::{Outside, take};
use autograd::ops::{order, pad, quantile, reduce, shape};
use autograd::trace::{Array, Context};
use helpers::*;
use std::cell::RefCell;

/// Numbers of `kind`: all different, few different ones, some of them NaN, zeros of both signs.
fn numbers(n: usize, kind: usize) -> Vec<f64> {
    let mut state = 11u64;
    let mut noise = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let number = |_| match kind {
        0 => noise(),
        1 => (noise() * 6.0).round(),
        2 => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, noise()][((noise() + 0.5) * 4.0) as usize],
        _ => [0.0, -0.0, 1.0, -1.0][((noise() + 0.5) * 4.0) as usize],
    };
    (0..n).map(number).collect()
}

/// The positions in NumPy's order.
fn stable(row: &[f64]) -> Vec<usize> {
    let mut at: Vec<usize> = (0..row.len()).collect();
    at.sort_by(|&i, &j| row[i].partial_cmp(&row[j]).unwrap_or_else(|| row[i].is_nan().cmp(&row[j].is_nan())));
    at
}

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn sorting_is_stable_to_the_last_bit() {
    let cx = Context::new();
    for n in [1, 5, 8, 9, 31, 100, 128, 129, 257, 1000, 5000] {
        for kind in 0..4 {
            let row = numbers(n, kind);
            let want = stable(&row);
            let x = vector(&cx, &row);
            let sorted = order::sort(&cx, &x, 0).unwrap();
            let in_order: Vec<f64> = want.iter().map(|&i| row[i]).collect();
            assert_eq!(bits(&reals(&cx, &sorted)), bits(&in_order), "{n} {kind}");
            let at: Vec<usize> = reals(&cx, &order::argsort(&cx, &x, 0).unwrap()).iter().map(|&i| i as usize).collect();
            assert_eq!(at, want);
            let ks = [0, n / 2, n - 1];
            let at = order::argpartition(&cx, &x, &ks.map(|k| k as i64), 0).unwrap();
            let parts = reals(&cx, &order::partition(&cx, &x, &ks.map(|k| k as i64), 0).unwrap());
            for k in ks {
                assert_eq!(reals(&cx, &at)[k] as usize, want[k], "{n} {kind} {k}");
                assert_eq!(parts[k].to_bits(), in_order[k].to_bits());
            }
        }
    }
}

#[test]
fn quantiles_are_the_same_with_and_without_a_derivative() {
    let cx = Context::new();
    for n in [1, 2, 99, 100, 700] {
        for kind in [0, 1, 3] {
            let rows = numbers(4 * n, kind);
            let x = shape::reshape(&cx, &vector(&cx, &rows), &[4, n]);
            let median = |x: &Array| quantile::median(&cx, x, &[1], false, false).unwrap();
            let alone = reals(&cx, &median(&x));
            for (row, got) in rows.chunks(n).zip(&alone) {
                let at = stable(row);
                assert_eq!(*got, 0.5 * (row[at[(n - 1) / 2]] + row[at[n / 2]]));
            }
            let recorded = RefCell::new(Vec::new());
            let f = |cx: &Context, args: &[Array]| {
                let y = median(&args[0]);
                *recorded.borrow_mut() = reals(cx, &y.plain());
                y
            };
            let gradient = reals(&cx, &vjp(&cx, &f, &[x], &vector(&cx, &[1.0, 2.0, 3.0, 4.0]))[0]);
            assert_eq!(*recorded.borrow(), alone);
            for (k, (row, gradient)) in rows.chunks(n).zip(gradient.chunks(n)).enumerate() {
                let (at, mut want) = (stable(row), vec![0.0; n]);
                want[at[(n - 1) / 2]] += 0.5 * (k + 1) as f64;
                want[at[n / 2]] += 0.5 * (k + 1) as f64;
                assert_eq!(gradient, want, "of equal elements the first one counts: {n} {kind}");
            }
        }
    }
}

/// A matrix as it lies, transposed, backwards, and so on.
fn matrices(cx: &Context, rows: usize, columns: usize) -> Vec<(&'static str, Array)> {
    layouts(cx, &array(cx, &[rows, columns], &numbers(rows * columns, 1)))
}

#[test]
fn lines_are_gathered_and_scattered() {
    let cx = Context::new();
    let (rows, columns) = (37, 60);
    for count in [3, 8, 50, 200] {
        let list: Vec<i64> = (0..count).map(|i| i * 7 % columns as i64).collect();
        let at = Array::from(ints(&cx, &[list.len()], &list));
        for (name, x) in matrices(&cx, rows, columns) {
            let all = reals(&cx, &x);
            let f = |cx: &Context, args: &[Array]| take(cx, &args[0], &at, 1, Outside::Raise).unwrap();
            let got = reals(&cx, &f(&cx, std::slice::from_ref(&x)));
            let want: Vec<f64> =
                all.chunks(columns).flat_map(|row| list.iter().map(|&j| row[j as usize]).collect::<Vec<_>>()).collect();
            assert_eq!(got, want, "{name}");
            let g: Vec<f64> = (0..want.len()).map(|i| i as f64).collect();
            let gradient = reals(&cx, &vjp(&cx, &f, &[x], &array(&cx, &[rows, list.len()], &g))[0]);
            let mut want = vec![0.0; rows * columns];
            for (i, line) in g.chunks(list.len()).enumerate() {
                list.iter().zip(line).for_each(|(&j, &g)| want[i * columns + j as usize] += g);
            }
            assert_eq!(gradient, want, "{name}");
        }
    }
}

#[test]
fn extrema_are_found_in_every_layout() {
    let cx = Context::new();
    for (name, x) in matrices(&cx, 37, 60) {
        let all = reals(&cx, &x);
        let first =
            |list: Vec<f64>| list.iter().enumerate().rev().fold(0, |b, (i, &v)| if v >= list[b] { i } else { b });
        let column = |j: usize| all.iter().skip(j).step_by(60).copied().collect();
        let cases: [(Option<usize>, Vec<usize>); 3] = [
            (None, vec![first(all.clone())]),
            (Some(0), (0..60).map(|j| first(column(j))).collect()),
            (Some(1), all.chunks(60).map(|row| first(row.to_vec())).collect()),
        ];
        for (axis, want) in cases {
            let got = reals(&cx, &reduce::argbest(&cx, true, &x, axis, false));
            assert_eq!(got, want.iter().map(|&i| i as f64).collect::<Vec<f64>>(), "{name} {axis:?}");
        }
    }
}

#[test]
fn padding_copies_and_its_gradient_adds_up() {
    let cx = Context::new();
    let (rows, columns) = (13, 20);
    let widths = [[4, 2], [3, 25]];
    let modes = [pad::Mode::Edge, pad::Mode::Wrap];
    for (name, x) in matrices(&cx, rows, columns) {
        let all = reals(&cx, &x);
        for mode in modes {
            let source = |k: usize, before: usize, n: usize| match mode {
                pad::Mode::Edge => k.saturating_sub(before).min(n - 1),
                _ => (k + 10 * n - before) % n,
            };
            let (high, wide) = (rows + 6, columns + 28);
            let from: Vec<usize> =
                (0..high * wide).map(|i| source(i / wide, 4, rows) * columns + source(i % wide, 3, columns)).collect();
            let f = |cx: &Context, args: &[Array]| pad::pad(cx, &args[0], &widths, mode, None).unwrap();
            let got = reals(&cx, &f(&cx, std::slice::from_ref(&x)));
            assert_eq!(got, from.iter().map(|&i| all[i]).collect::<Vec<f64>>(), "{name} {mode:?}");
            let g: Vec<f64> = (0..from.len()).map(|i| i as f64).collect();
            let gradient = reals(&cx, &vjp(&cx, &f, std::slice::from_ref(&x), &array(&cx, &[high, wide], &g))[0]);
            let mut want = vec![0.0; all.len()];
            from.iter().zip(&g).for_each(|(&i, &g)| want[i] += g);
            assert_eq!(gradient, want, "{name} {mode:?}");
        }
    }
}
