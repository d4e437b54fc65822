//! Results don't depend on the number of threads: random shapes of everything that is divided among them, values, gradients
//! and tangents, with 1 to 8 threads. `AUTOGRAD_ATTACK` says how many times as many shapes are drawn (`make attack`).

mod helpers;

use autograd::array::{DType, Element, Tensor};
use autograd::operators::grad::{jvp, one};
use autograd::ops::convolve::{self, Mode, Pairs};
use autograd::ops::create::{self, Random};
use autograd::ops::elementwise::{self, BINARY, UNARY, binary, unary};
use autograd::ops::{
    bilinear, complex, einsum, nan, order, pooling, product, quantile, reduce, scan, segment, shape, solve, statistics,
    take,
};
use autograd::registry::Domain;
use autograd::trace::{Array, Context};
use helpers::vjp;
use std::ops::Range;

/// The generator of Steele, Lea and Flood (SplitMix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    fn within(&mut self, range: Range<usize>) -> usize {
        range.start + (self.next() % (range.end - range.start) as u64) as usize
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.within(0..all.len())].clone()
    }

    fn flip(&mut self) -> bool {
        self.within(0..2) == 0
    }

    /// `n` extents whose product is about `size`: small and large ones, in any order.
    fn extents(&mut self, n: usize, size: usize) -> Vec<usize> {
        let mut left = size as f64;
        let mut found: Vec<usize> = (0..n)
            .map(|i| {
                let share = if i + 1 == n { left } else { left.powf(self.within(0..1000) as f64 / 1000.0) };
                left = (left / share.floor().max(1.0)).max(1.0);
                // An odd one out, so that what remains is seldom a multiple of anything.
                let odd = self.within(0..3);
                (share as usize).max(1) + if share > 8.0 { odd } else { 0 }
            })
            .collect();
        found.rotate_left(self.within(0..n));
        if n > 1 && self.flip() {
            found.swap(0, 1);
        }
        found
    }

    /// Some axes of so many, at least one of them.
    fn axes(&mut self, n: usize) -> Vec<usize> {
        let set = self.within(1..1 << n);
        (0..n).filter(|i| set >> i & 1 == 1).collect()
    }
}

/// An argument: uniform numbers, in the order of memory or transposed.
#[derive(Debug)]
struct Input {
    shape: Vec<usize>,
    dtype: DType,
    domain: Domain,
    transposed: bool,
    seed: u64,
}

impl Input {
    fn new(draw: &mut Draw, dtype: DType, shape: &[usize]) -> Input {
        let transposed = draw.within(0..3) == 0;
        Input { shape: shape.to_vec(), dtype, domain: Domain::Real, transposed, seed: draw.next() }
    }

    fn make(&self, cx: &Context) -> Array {
        let (low, high) = match self.domain {
            Domain::Real => (-1.5, 1.5),
            Domain::Nonzero => (0.3, 1.3),
            Domain::Positive => (0.3, 2.3),
            Domain::Unit => (0.1, 0.8),
            Domain::AboveOne => (1.3, 3.3),
            Domain::Distinct => (-100.0, 100.0),
        };
        let mut lying = self.shape.clone();
        if self.transposed {
            lying.reverse();
        }
        let real = |seed, low, high| -> Array {
            create::random(cx, seed, self.dtype.real(), &lying, Random::Uniform(low, high)).unwrap().into()
        };
        let x = real(self.seed, low, high);
        let x = if self.dtype.is_complex() { complex::join(cx, &x, &real(!self.seed, 0.2, 0.8)) } else { x };
        if self.transposed { shape::transpose(cx, &x, &shape::reversed(lying.len())) } else { x }
    }
}

type Run = Box<dyn Fn(&Context, &[Array]) -> Array>;

struct Case {
    name: String,
    args: Vec<Input>,
    run: Run,
    /// Whether there are gradients; else values only.
    differentiable: bool,
}

impl Case {
    fn new(name: impl Into<String>, args: Vec<Input>, run: impl Fn(&Context, &[Array]) -> Array + 'static) -> Case {
        Case { name: name.into(), args, run: Box::new(run), differentiable: true }
    }

    fn constant(self) -> Case {
        Case { differentiable: false, ..self }
    }
}

trait Bits: Element {
    fn bits(self, into: &mut Vec<u64>);
}
macro_rules! bits {
    ($($T:ty: $x:ident => $($part:expr),+;)*) => {$(impl Bits for $T {
        fn bits(self, into: &mut Vec<u64>) {
            let $x = self;
            $(into.push($part as u64);)+
        }
    })*};
}
bits! {
    f64: x => x.to_bits();
    f32: x => x.to_bits();
    num_complex::Complex64: x => x.re.to_bits(), x.im.to_bits();
    num_complex::Complex32: x => x.re.to_bits(), x.im.to_bits();
    i64: x => x;
    bool: x => x;
}

fn bits_of(cx: &Context, x: &Array) -> Vec<u64> {
    fn read<T: Bits>(t: &Tensor) -> Vec<u64> {
        let mut found = Vec::with_capacity(2 * t.size());
        t.elements::<T>().iter().for_each(|x| x.bits(&mut found));
        found
    }
    let t = cx.engine.contiguous(&cx.tensor(&x.plain()).unwrap()).unwrap();
    match t.dtype() {
        DType::F64 => read::<f64>(&t),
        DType::F32 => read::<f32>(&t),
        DType::C128 => read::<num_complex::Complex64>(&t),
        DType::C64 => read::<num_complex::Complex32>(&t),
        DType::I64 => read::<i64>(&t),
        DType::Bool => read::<bool>(&t),
    }
}

/// The arguments, the value, gradients for random cotangents, and sometimes tangents.
fn outcome(cx: &Context, case: &Case, tangents: bool) -> Vec<(&'static str, Vec<u64>)> {
    let args: Vec<Array> = case.args.iter().map(|a| a.make(cx)).collect();
    let mut found: Vec<(&str, Vec<u64>)> = args.iter().map(|a| ("argument", bits_of(cx, a))).collect();
    let value = (case.run)(cx, &args);
    assert!(!cx.failed(), "{} {:?}: {:?}", case.name, case.args, cx.error());
    found.push(("value", bits_of(cx, &value)));
    if !case.differentiable {
        return found;
    }
    let (dtype, shape) = (value.dtype(), value.shape().to_vec());
    let g = Input { shape, dtype, domain: Domain::Real, transposed: false, seed: 5 }.make(cx);
    for pulled in vjp(cx, &case.run, &args, &g) {
        assert!(!cx.failed(), "{} {:?}: {:?}", case.name, case.args, cx.error());
        found.push(("gradient", bits_of(cx, &pulled)));
    }
    if tangents {
        let all: Vec<usize> = (0..args.len()).collect();
        let (_, pushed) = jvp(cx, &one(&case.run), &args, &all, &args);
        assert!(!cx.failed(), "{} {:?}: {:?}", case.name, case.args, cx.error());
        found.extend(pushed.iter().map(|t| ("tangent", bits_of(cx, t))));
    }
    // Shapes are many, and each has left memory of its size.
    drop((args, value));
    cx.trim();
    found
}

/// Draws cases until there are enough, and does each with every number of threads.
fn same_bits(name: &str, count: usize, draw_case: impl Fn(&mut Draw, DType) -> Case) {
    let count = count * std::env::var("AUTOGRAD_ATTACK").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let draw = &mut Draw(name.bytes().map(u64::from).sum());
    let teams: Vec<Context> = (1..=8)
        .map(|n| {
            let cx = Context::new();
            cx.engine.set_threads(n);
            cx
        })
        .collect();
    let mut names = std::collections::BTreeSet::new();
    for i in 0..count {
        let dtype = [DType::F64, DType::F32, DType::C128, DType::C64][i % 4];
        let case = draw_case(draw, dtype);
        let tangents = draw.within(0..3) == 0;
        let want = outcome(&teams[0], &case, tangents);
        for (cx, threads) in teams[1..].iter().zip(2..) {
            let found = outcome(cx, &case, tangents);
            for ((what, want), (_, found)) in want.iter().zip(&found) {
                let differing = want.iter().zip(found).filter(|(a, b)| a != b).count();
                assert!(
                    want.len() == found.len() && differing == 0,
                    "{name} {i}, {}: {differing} of {} numbers of a {what} differ with {threads} threads: {:?}",
                    case.name,
                    want.len(),
                    case.args
                );
            }
        }
        names.insert(case.name.split(' ').next().unwrap_or_default().to_string());
    }
    println!("{name}: {count} shapes, {names:?}");
}

/// Multiplications of a product that is divided among threads, most times.
fn work(draw: &mut Draw) -> usize {
    draw.within(200_000..3_000_000)
}

fn size(draw: &mut Draw) -> usize {
    draw.within(5_000..150_000)
}

#[test]
fn products_of_matrices() {
    same_bits("products of matrices", 8, |draw, dtype| {
        let work = work(draw);
        let mut e = draw.extents(3, work);
        if draw.within(0..4) == 0 {
            // A vector on either side.
            e[draw.one_of(&[0, 2])] = 1;
            e[1] = e[1].clamp(1, 20_000);
        }
        let [m, k, n] = [e[0], e[1], e[2]];
        let args = vec![Input::new(draw, dtype, &[m, k]), Input::new(draw, dtype, &[k, n])];
        Case::new("matmul", args, |cx, a| product::matmul(cx, &a[0], &a[1]))
    });
}

#[test]
fn stacks_of_products() {
    same_bits("stacks of products", 5, |draw, dtype| {
        let work = work(draw);
        let stack = draw.within(2..30);
        let e = draw.extents(3, work / stack);
        let [m, k, n] = [e[0], e[1], e[2]];
        let (c, d) = (draw.within(1..4), stack.div_ceil(3));
        let mut given =
            |left: &[usize], right: &[usize]| vec![Input::new(draw, dtype, left), Input::new(draw, dtype, right)];
        let forms = [
            given(&[stack, m, k], &[stack, k, n]),
            given(&[stack, m, k], &[k, n]),
            given(&[m, k], &[stack, k, n]),
            given(&[c, 1, m, k], &[d, k, n]),
            given(&[1, d, m, k], &[c, 1, k, n]),
            given(&[stack, m, k], &[k]),
            given(&[k], &[stack, k, n]),
        ];
        let which = draw.within(0..forms.len());
        let args = forms.into_iter().nth(which).expect("one of them");
        Case::new("matmul", args, |cx, a| product::matmul(cx, &a[0], &a[1]))
    });
}

#[test]
fn contractions() {
    // What is multiplied and summed; the extents of the letters are drawn.
    const TEXTS: &[&str] = &[
        "ij,jk->ik",
        "ij,kj->ki",
        "bij,bjk->bik",
        "bij,bkj->bik",
        "ij,j->i",
        "i,ij->j",
        "bi,bi->b",
        "ij,ij->ij",
        "ij,ij->",
        "i,j->ij",
        "bac,dcb->da",
        "ij,jk,kl->il",
        "ij,i,j->",
        "aibj,ij->ab",
        "ij->j",
        "ij->ji",
        "ijk->k",
        "iij->j",
        "abc,cd->dab",
        "ij,jk->",
        "b,bij->ij",
    ];
    same_bits("contractions", 10, |draw, dtype| match draw.within(0..8) {
        0 | 1 => {
            let (ra, rb) = (draw.within(1..4), draw.within(1..4));
            let common = draw.within(0..ra.min(rb) + 1);
            let work = work(draw);
            let e = draw.extents(ra + rb - common, work);
            let a: Vec<usize> = e[..ra].to_vec();
            // The last axes of the one are the first ones of the other, in reverse order.
            let (axes_a, axes_b): (Vec<usize>, Vec<usize>) = (0..common).map(|i| (ra - 1 - i, i)).unzip();
            let b: Vec<usize> = axes_a.iter().map(|&i| e[i]).chain(e[ra..].iter().copied()).collect();
            let args = vec![Input::new(draw, dtype, &a), Input::new(draw, dtype, &b)];
            Case::new("tensordot", args, move |cx, a| {
                product::tensordot(cx, "tensordot", &a[0], &a[1], &axes_a, &axes_b)
            })
        }
        _ => {
            let text = draw.one_of(TEXTS);
            let operands = text.split_once("->").expect("explicit").0;
            let mut letters: Vec<char> = operands.chars().filter(char::is_ascii_alphabetic).collect();
            letters.sort_unstable();
            letters.dedup();
            let work = work(draw) / 2;
            let extents = draw.extents(letters.len(), work);
            let args = operands.split(',').map(|operand| {
                let of = |c| extents[letters.iter().position(|&l| l == c).expect("one of them")];
                let mut shape: Vec<usize> = operand.chars().map(of).collect();
                // A diagonal of matrices that aren't too large.
                if operand.starts_with("ii") {
                    shape[0] = shape[0].min(40);
                    shape[1] = shape[0];
                    shape[2] = shape[2].min(1000);
                }
                Input::new(draw, dtype, &shape)
            });
            let args = args.collect();
            Case::new(format!("einsum {text}"), args, move |cx, a| {
                einsum::einsum(cx, text, &a.iter().collect::<Vec<_>>())
            })
        }
    });
}

#[test]
fn products_of_vectors_and_arrays() {
    type Binary = fn(&Context, &Array, &Array) -> Array;
    same_bits("products of vectors and arrays", 6, |draw, dtype| {
        let size = size(draw);
        let (e, long) = (draw.extents(2, size), draw.within(20_000..100_000));
        let [m, k] = [e[0], e[1]];
        let small = [draw.within(1..5), draw.within(1..5)];
        let (name, f, a, b): (&str, Binary, Vec<usize>, Vec<usize>) = draw.one_of(&[
            ("dot", product::dot, vec![long], vec![long]),
            ("dot", product::dot, vec![m, k], vec![k]),
            ("inner", product::inner, vec![m, k], vec![small[0], k]),
            ("outer", product::outer, vec![m], vec![k.min(1000)]),
            ("kron", bilinear::kron, vec![m, k], small.to_vec()),
            ("vdot", bilinear::vdot, vec![m, k], vec![m, k]),
            ("vecdot", |cx, a, b| bilinear::vecdot(cx, a, b, -1), vec![m, k], vec![m, k]),
            ("vecdot", |cx, a, b| bilinear::vecdot(cx, a, b, 0), vec![m, k], vec![m, k]),
            ("matvec", bilinear::matvec, vec![small[0], m, k], vec![k]),
            ("vecmat", bilinear::vecmat, vec![m], vec![small[0], m, k]),
            ("cross", |cx, a, b| bilinear::cross(cx, a, b, [-1; 3]), vec![size / 3, 3], vec![3]),
        ]);
        let args = vec![Input::new(draw, dtype, &a), Input::new(draw, dtype, &b)];
        Case::new(name, args, move |cx, a| f(cx, &a[0], &a[1]))
    });
}

#[test]
fn covariances_and_solutions() {
    same_bits("covariances and solutions", 5, |draw, dtype| {
        let variables = draw.within(1..60);
        let samples = draw.within(2..2 + 60_000 / variables);
        let rowvar = draw.flip();
        let shape = if rowvar { [variables, samples] } else { [samples, variables] };
        let x = Input::new(draw, dtype, &shape);
        match draw.within(0..7) {
            0 | 1 => Case::new("cov", vec![x], move |cx, a| {
                statistics::cov(cx, &a[0], None, rowvar, 1.0, &Default::default()).expect("fits")
            }),
            2 => {
                let y = Input::new(draw, dtype, &shape);
                Case::new("cov of two", vec![x, y], move |cx, a| {
                    statistics::cov(cx, &a[0], Some(&a[1]), rowvar, 0.0, &Default::default()).expect("fits")
                })
            }
            3 => {
                let w = Input { domain: Domain::Positive, ..Input::new(draw, dtype.real(), &[samples]) };
                Case::new("cov weighted", vec![x, w], move |cx, a| {
                    let weights = statistics::Weights { importance: Some(&a[1]), ..Default::default() };
                    statistics::cov(cx, &a[0], None, rowvar, 1.0, &weights).expect("fits")
                })
            }
            4 | 5 => Case::new("corrcoef", vec![x], move |cx, a| {
                statistics::corrcoef(cx, &a[0], None, rowvar).expect("fits")
            }),
            _ => {
                let n = draw.within(2..120);
                let real = dtype.real();
                let args = vec![Input::new(draw, real, &[n, n]), Input::new(draw, real, &[n])];
                let transposed = draw.flip();
                Case::new("solve", args, move |cx, a| solve::solve(cx, &a[0], &a[1], transposed))
            }
        }
    });
}

#[test]
fn convolutions() {
    same_bits("convolutions", 8, |draw, dtype| {
        let mode = draw.one_of(&[Mode::Full, Mode::Same, Mode::Valid]);
        match draw.within(0..8) {
            0 | 1 => {
                let (long, short) = (draw.within(500..40_000), draw.within(1..120));
                let args = vec![Input::new(draw, dtype, &[long]), Input::new(draw, dtype, &[short])];
                let correlate = draw.flip();
                Case::new(if correlate { "correlate" } else { "convolve" }, args, move |cx, a| {
                    let f = if correlate { convolve::correlate } else { convolve::convolve };
                    f(cx, &a[0], &a[1], mode)
                })
            }
            2 => {
                let (size, rank) = (draw.within(1_000..40_000), draw.within(1..4));
                let a = draw.extents(rank, size);
                let b: Vec<usize> = a.iter().map(|&n| draw.within(1..n.min(6) + 1)).collect();
                let args = vec![Input::new(draw, dtype, &a), Input::new(draw, dtype, &b)];
                Case::new("signal_convolve", args, move |cx, a| {
                    convolve::convolve_all(cx, "signal_convolve", &a[0], &a[1], mode)
                })
            }
            3 => {
                let (channels, others) = (draw.within(1..20), [draw.within(1..12), draw.within(1..12)]);
                let (long, short) = (draw.within(10..300), draw.within(1..9));
                let a = Input::new(draw, dtype, &[others[0], channels, long]);
                let b = Input::new(draw, dtype, &[others[1], channels, short]);
                Case::new("convolve_axes", vec![a, b], move |cx, a| {
                    let (conv, dot) = (Pairs { a: &[2], b: &[2] }, Pairs { a: &[1], b: &[1] });
                    convolve::convolve_axes(cx, "convolve_axes", &a[0], &a[1], conv, dot, mode)
                })
            }
            4..=6 => {
                let groups = draw.one_of(&[1, 1, 1, 2, 3]);
                let (each, of_each, images) = (draw.within(1..9), draw.within(1..9), draw.within(1..6));
                let kernel = [draw.within(1..6), draw.within(1..6)];
                let mut three = || [0; 2].map(|_| draw.within(1..4) as i64);
                let (stride, dilation, padding) = (three(), three(), three());
                let extents: Vec<usize> =
                    (0..2).map(|i| (kernel[i] - 1) * dilation[i] as usize + draw.within(1..40)).collect();
                let x = Input::new(draw, dtype, &[images, groups * each, extents[0], extents[1]]);
                let w = Input::new(draw, dtype, &[groups * of_each, each, kernel[0], kernel[1]]);
                Case::new(format!("conv2d {stride:?} {padding:?} {dilation:?} {groups}"), vec![x, w], move |cx, a| {
                    convolve::conv2d(cx, &a[0], &a[1], stride, padding, dilation, groups as i64)
                })
            }
            _ => {
                let (images, e) = (draw.within(1..8), draw.extents(2, 8_000));
                let window = [draw.within(1..e[0].min(4) + 1) as i64, draw.within(1..e[1].min(4) + 1) as i64];
                let stride = [draw.within(1..4) as i64, draw.within(1..4) as i64];
                let which = draw.one_of(&[pooling::Pooling::Max, pooling::Pooling::Mean]);
                let x = Input { domain: Domain::Distinct, ..Input::new(draw, dtype.real(), &[images, e[0], e[1]]) };
                Case::new(format!("pool2d {window:?} {stride:?}"), vec![x], move |cx, a| {
                    pooling::pool2d(cx, which, &a[0], window, stride, [0; 2])
                })
            }
        }
    });
}

#[test]
fn reductions() {
    type Reduce = fn(&Context, &Array, &[usize]) -> Array;
    const EVERY: &[(&str, Reduce)] = &[
        ("sum", |cx, x, axes| reduce::sum(cx, x, axes, false)),
        ("mean", |cx, x, axes| reduce::mean(cx, x, axes, true)),
        ("prod", |cx, x, axes| reduce::prod(cx, x, axes, false)),
        ("var", |cx, x, axes| reduce::var(cx, x, axes, 0.0, false)),
        ("std", |cx, x, axes| reduce::std(cx, x, axes, 0.0, false)),
        ("nansum", |cx, x, axes| nan::sum(cx, x, axes, false)),
        ("nanvar", |cx, x, axes| nan::var(cx, x, axes, 0.0, false)),
    ];
    const REAL: &[(&str, Reduce)] = &[
        ("max", |cx, x, axes| reduce::extremum(cx, true, x, axes, false)),
        ("min", |cx, x, axes| reduce::extremum(cx, false, x, axes, true)),
        ("logsumexp", |cx, x, axes| reduce::logsumexp(cx, x, axes, false)),
        ("ptp", |cx, x, axes| statistics::ptp(cx, x, axes, false)),
        ("nanmax", |cx, x, axes| nan::extremum(cx, true, x, axes, false)),
    ];
    const CONSTANT: &[(&str, Reduce)] = &[
        ("argmax", |cx, x, axes| reduce::argbest(cx, true, x, Some(axes[0]), false)),
        ("argmin", |cx, x, _| reduce::argbest(cx, false, x, None, false)),
        ("count_nonzero", |cx, x, axes| order::count_nonzero(cx, x, axes, false)),
        ("all", |cx, x, axes| reduce::all_any(cx, true, x, axes, false)),
    ];
    same_bits("reductions", 12, |draw, dtype| {
        let (rank, size) = (draw.within(1..5), size(draw));
        let shape = draw.extents(rank, size);
        let axes = draw.axes(rank);
        // Of a product of many numbers nothing would be left otherwise.
        let domain = draw.one_of(&[Domain::Real, Domain::Nonzero]);
        let (table, dtype) = match draw.within(0..4) {
            0 | 1 => (EVERY, dtype),
            2 => (REAL, dtype.real()),
            _ => (CONSTANT, dtype.real()),
        };
        let (name, f) = draw.one_of(table);
        let x = Input { domain, ..Input::new(draw, dtype, &shape) };
        let inner = draw.flip();
        let case = Case::new(format!("{name} {axes:?}"), vec![x], move |cx, a| {
            // Of what is still to be computed, too.
            if inner { f(cx, &unary(cx, &elementwise::SQUARE, &a[0]), &axes) } else { f(cx, &a[0], &axes) }
        });
        if std::ptr::eq(table, CONSTANT) { case.constant() } else { case }
    });
}

#[test]
fn scans_and_orders() {
    type Along = fn(&Context, &Array, usize) -> Array;
    fn quantiles(cx: &Context, x: &Array, axis: usize) -> Array {
        let (quantiles, method) = (&[0.1, 0.5, 0.93], quantile::Method::Linear);
        let request = quantile::Request { quantiles, axes: &[axis], method, ignore_nan: false, keepdims: false };
        quantile::quantiles(cx, x, &request).expect("between 0 and 1")
    }
    const EVERY: &[(&str, Along)] = &[
        ("cumsum", scan::cumsum),
        ("cumprod", scan::cumprod),
        ("diff", |cx, x, axis| scan::diff(cx, x, 1, axis as i64, None, None).expect("fits")),
    ];
    const REAL: &[(&str, Along)] = &[
        ("cummax", |cx, x, axis| scan::cumulative_extremum(cx, true, x, axis)),
        ("logcumsumexp", scan::logcumsumexp),
        ("sort", |cx, x, axis| order::sort(cx, x, axis as i64).expect("an axis")),
        ("partition", |cx, x, axis| order::partition(cx, x, &[0], axis as i64).expect("an axis")),
        ("topk", |cx, x, axis| order::topk(cx, x, 1, axis as i64).expect("an axis").0),
        ("quantiles", quantiles),
        ("median", |cx, x, axis| quantile::median(cx, x, &[axis], false, false).expect("an axis")),
    ];
    const CONSTANT: &[(&str, Along)] = &[
        ("argsort", |cx, x, axis| order::argsort(cx, x, axis as i64).expect("an axis")),
        ("argpartition", |cx, x, axis| order::argpartition(cx, x, &[0], axis as i64).expect("an axis")),
    ];
    same_bits("scans and orders", 8, |draw, dtype| {
        let (rank, size) = (draw.within(1..4), size(draw));
        let shape = draw.extents(rank, size);
        let axis = draw.within(0..rank);
        let (table, dtype) = match draw.within(0..5) {
            0 | 1 => (EVERY, dtype),
            2 | 3 => (REAL, dtype.real()),
            _ => (CONSTANT, dtype.real()),
        };
        let (name, f) = draw.one_of(table);
        let domain = if std::ptr::eq(table, EVERY) { Domain::Nonzero } else { Domain::Distinct };
        let x = Input { domain, ..Input::new(draw, dtype, &shape) };
        let case = Case::new(format!("{name} {axis}"), vec![x], move |cx, a| f(cx, &a[0], axis));
        if std::ptr::eq(table, CONSTANT) { case.constant() } else { case }
    });
}

/// Passes of one function, or of several that are fused, with operands that are broadcast.
#[test]
fn elements() {
    same_bits("elements", 12, |draw, dtype| {
        let (rank, size) = (draw.within(1..4), size(draw));
        let shape = draw.extents(rank, size);
        let complex = dtype.is_complex();
        let first = draw.one_of(UNARY);
        let second = draw.one_of(BINARY);
        let dtype =
            if complex && (first.kernel.c128.is_none() || second.kernel.c128.is_none()) { dtype.real() } else { dtype };
        let mut other = shape.clone();
        if draw.flip() {
            draw.axes(rank).into_iter().for_each(|i| other[i] = 1);
        }
        let x = Input { domain: first.domain, ..Input::new(draw, dtype, &shape) };
        let y = Input { domain: second.domains[0], ..Input::new(draw, dtype, &shape) };
        let z = Input { domain: second.domains[1], ..Input::new(draw, dtype, &other) };
        let axes = draw.axes(rank);
        let summed = draw.flip();
        Case::new(
            format!("{} and {}, summed {summed} {axes:?}", first.name, second.name),
            vec![x, y, z],
            move |cx, a| {
                let u = unary(cx, first, &a[0]);
                let w = binary(cx, second, &a[1], &a[2]);
                let all = binary(cx, &elementwise::ADD, &binary(cx, &elementwise::MUL, &u, &w), &a[0]);
                if summed { reduce::sum(cx, &all, &axes, false) } else { all }
            },
        )
    });
}

/// Rows by a list, their sums by segments, joins.
#[test]
fn places() {
    same_bits("places", 5, |draw, dtype| {
        let size = size(draw);
        let e = draw.extents(2, size);
        let [n, m] = [e[0], e[1]];
        let seed = draw.next();
        let count = draw.within(1..n + 1);
        let list = move |cx: &Context, below: usize, length: usize| -> Array {
            let draw = &mut Draw(seed);
            let fill = |d: &mut [i64]| d.iter_mut().for_each(|d| *d = draw.within(0..below) as i64);
            cx.engine.build::<i64>(&[length], fill).unwrap().into()
        };
        let x = Input { domain: Domain::Nonzero, ..Input::new(draw, dtype, &[n, m]) };
        match draw.within(0..4) {
            0 => Case::new("take", vec![x], move |cx, a| {
                let rows = take::take(cx, &a[0], &list(cx, n, count), 0, take::Outside::Raise).expect("inside");
                unary(cx, &elementwise::SQUARE, &rows)
            }),
            1 => Case::new("segment_sum", vec![x], move |cx, a| {
                let squares = unary(cx, &elementwise::SQUARE, &a[0]);
                segment::segment(cx, segment::Kind::Sum, &squares, &list(cx, count, n), count as i64).expect("inside")
            }),
            2 => Case::new("segment_prod", vec![x], move |cx, a| {
                segment::segment(cx, segment::Kind::Prod, &a[0], &list(cx, count, n), count as i64).expect("inside")
            }),
            _ => {
                let y = Input::new(draw, dtype, &[count, m]);
                Case::new("concatenate", vec![x, y], |cx, a| {
                    shape::concatenate(cx, &[&unary(cx, &elementwise::SQUARE, &a[0]), &a[1]], 0)
                })
            }
        }
    });
}

/// Random numbers of either distribution; what else is drawn here is uniform.
#[test]
fn random_numbers() {
    same_bits("random numbers", 2, |draw, dtype| {
        let size = size(draw);
        let (shape, seed) = (draw.extents(2, size), draw.next());
        Case::new("normal", Vec::new(), move |cx, _| {
            create::random(cx, seed, dtype.real(), &shape, Random::Normal(0.5, 2.0)).unwrap().into()
        })
        .constant()
    });
}
