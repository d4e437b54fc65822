//! Chains of arithmetic: neighbouring instructions of the register machine in one walk.
//!
//! An addition of two blocks in the first-level cache costs two loads and a store, of which the store is the slowest. In
//! a chain the result of one step is the left operand of the next and stays in vector registers, eight of them at a time:
//!
//! ```text
//! for each strip of eight vectors:          valley = 100 (right - left^2)^2
//!     for each step:                        load left; square; subtract from right; square; multiply 100; store
//!         acc = acc op operand
//! ```
//! Steps are interpreted, so nothing has to be compiled for an expression; the same few steps come again for every strip,
//! and the processor predicts them. All of them are correctly rounded, so the results are the same bits as those of the
//! instructions one by one. A sum, too: it adds in the lanes that the sum of a block has (`math::reduce`).

use super::machine::BLOCK;
use super::math::{Level, SUM_LANES, lanes_f32, lanes_f64, level};
use super::vector::Vector;
use crate::dtype::DType;
use std::marker::PhantomData;

/// What happens to `acc`; `x` is the operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChainOp {
    /// `x`
    Load,
    /// The operand becomes `acc`.
    Store,
    /// `acc + x`
    Add,
    /// `acc - x`
    Subtract,
    /// `x - acc`
    SubtractFrom,
    /// `acc * x`
    Multiply,
    /// `acc * x`, but zero where either is.
    Scaled,
    /// `acc / x`
    Divide,
    /// `x / acc`
    DivideInto,
    /// `acc / x`, but zero where `acc` is.
    Over,
    /// `x / acc`, but zero where `x` is.
    OverInto,
    /// `-acc`
    Negative,
    /// `acc * acc`
    Square,
    /// `acc` is added up; it stays.
    Sum,
    /// `acc` is added to the operand.
    AddTo,
}

/// Where an operand is.
#[derive(Clone, Copy)]
pub enum Source {
    Memory(*const u8),
    /// A table of the strips' beginnings.
    Strips(*const *mut u8),
    Number(f64),
}

/// An operation with its operand; `Negative`, `Square` and `Sum` have none that is looked at.
#[derive(Clone, Copy)]
pub struct Link {
    pub op: ChainOp,
    pub operand: Source,
}

/// Vectors of a strip: as many as leave registers for operands everywhere.
const VECTORS: usize = 8;
/// Strips of a block, at most.
pub const MAX_STRIPS: usize = BLOCK / (VECTORS * 4);

/// Elements of a strip, if there are chains of this dtype at all.
pub fn strip(dtype: DType) -> Option<usize> {
    let register = match level() {
        Level::Avx512 => 64,
        Level::Avx2 => 32,
        Level::Baseline => return None,
    };
    matches!(dtype, DType::F64 | DType::F32).then(|| VECTORS * register / dtype.size())
}

/// Runs `links` on `n` elements of f64. Returns what the step `Sum` added up, as the sum of one block does; there is at
/// most one such step, and only where the elements are whole strips ([`crate::kernels::machine::BLOCK`] are).
///
/// # Safety
/// Operands in memory hold `n` elements, which nothing else writes meanwhile, initialised if only by an earlier `Store`;
/// strips are as many as `n` elements have. What is stored is at the same places as another operand or has none in common
/// with it, what is added to is no operand of other steps.
pub unsafe fn run_f64(links: &[Link], n: usize) -> f64 {
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found that the processor has these features; the rest is the caller's promise.
        Level::Avx512 => unsafe { avx512::<f64, std::arch::x86_64::__m512d>(links, n) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2::<f64, std::arch::x86_64::__m256d>(links, n) },
        // SAFETY: the caller's promise; numbers need no features.
        _ => unsafe { strips::<f64, f64>(links, n) },
    }
}

/// Runs `links` on `n` elements of f32, as [`run_f64`] does.
///
/// # Safety
/// As for [`run_f64`].
pub unsafe fn run_f32(links: &[Link], n: usize) -> f32 {
    match level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found that the processor has these features; the rest is the caller's promise.
        Level::Avx512 => unsafe { avx512::<f32, std::arch::x86_64::__m512>(links, n) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2::<f32, std::arch::x86_64::__m256>(links, n) },
        // SAFETY: the caller's promise; numbers need no features.
        _ => unsafe { strips::<f32, f32>(links, n) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn avx512<T: Number, V: Arithmetic<T>>(links: &[Link], n: usize) -> T {
    // SAFETY: the vectors' instructions are among this function's features; the rest is the caller's promise.
    unsafe { strips::<T, V>(links, n) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<T: Number, V: Arithmetic<T>>(links: &[Link], n: usize) -> T {
    // SAFETY: as above.
    unsafe { strips::<T, V>(links, n) }
}

/// # Safety
/// The processor has the instructions of `V`; operands as for [`run_f64`].
#[inline(always)]
unsafe fn strips<T: Number, V: Arithmetic<T>>(links: &[Link], n: usize) -> T {
    let strip = VECTORS * V::LANES;
    let whole = n - n % strip;
    // SAFETY: the caller's promise; `start + strip <= n`.
    unsafe {
        let mut sums = [V::splat(T::of(0.0)); VECTORS];
        for start in (0..whole).step_by(strip) {
            run_strip::<T, V, true>(links, start, strip, &mut sums);
        }
        if whole < n {
            run_strip::<T, V, false>(links, whole, n - whole, &mut sums);
        }
        if links.iter().all(|l| l.op != ChainOp::Sum) {
            return T::of(0.0);
        }
        assert!(whole == n && strip >= SUM_LANES, "a sum of parts of strips");
        let mut lanes = [T::of(0.0); SUM_LANES];
        for (lanes, v) in lanes.chunks_exact_mut(V::LANES).zip(sums) {
            v.store(lanes.as_mut_ptr());
        }
        T::total(lanes)
    }
}

/// The elements `start..start + n`, a whole strip if `WHOLE`.
///
/// # Safety
/// As for [`strips`].
#[inline(always)]
unsafe fn run_strip<T: Number, V: Arithmetic<T>, const WHOLE: bool>(
    links: &[Link],
    start: usize,
    n: usize,
    sums: &mut [V; VECTORS],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut acc = [V::splat(T::of(0.0)); VECTORS];
        for link in links {
            let x = Operand::<T, WHOLE> { source: link.operand, start, n, of: PhantomData };
            match link.op {
                ChainOp::Load => x.each(&mut acc, |_, x| x),
                ChainOp::Store => {
                    let p = x.pointer::<V>();
                    acc.iter().enumerate().for_each(|(j, &a)| x.put(p, j, a));
                }
                ChainOp::AddTo => {
                    let p = x.pointer::<V>();
                    acc.iter().enumerate().for_each(|(j, &a)| x.put(p, j, x.load::<V>(p, j).add(a)));
                }
                ChainOp::Add => x.each(&mut acc, |a, x| a.add(x)),
                ChainOp::Subtract => x.each(&mut acc, |a, x| a.sub(x)),
                ChainOp::SubtractFrom => x.each(&mut acc, |a, x| x.sub(a)),
                ChainOp::Multiply => x.each(&mut acc, |a, x| a.mul(x)),
                // The fused zero makes zeros positive, as the product with a zero is to be, and changes nothing else.
                ChainOp::Scaled if matches!(x.source, Source::Number(c) if T::is_factor(c)) => {
                    x.each(&mut acc, |a, x| V::splat(T::of(0.0)).add_product(a, x))
                }
                ChainOp::Scaled => x.each(&mut acc, |a, x| a.scaled(x)),
                ChainOp::Divide => x.each(&mut acc, |a, x| a.div(x)),
                ChainOp::DivideInto => x.each(&mut acc, |a, x| x.div(a)),
                ChainOp::Over => x.each(&mut acc, |a, x| a.div(x).zero_with(a)),
                ChainOp::OverInto => x.each(&mut acc, |a, x| x.div(a).zero_with(x)),
                ChainOp::Negative => acc.iter_mut().for_each(|a| *a = a.negative()),
                ChainOp::Square => acc.iter_mut().for_each(|a| *a = a.mul(*a)),
                ChainOp::Sum => {
                    // A strip is one or several groups of all lanes, added one after the other.
                    let group = (SUM_LANES / V::LANES).min(VECTORS);
                    for acc in acc.chunks_exact(group) {
                        sums.iter_mut().zip(acc).for_each(|(s, &a)| *s = s.add(a));
                    }
                }
            }
        }
    }
}

/// The operand of a step on a strip.
struct Operand<T, const WHOLE: bool> {
    source: Source,
    start: usize,
    n: usize,
    of: PhantomData<T>,
}

impl<T: Number, const WHOLE: bool> Operand<T, WHOLE> {
    /// # Safety
    /// As for [`strips`].
    #[inline(always)]
    unsafe fn each<V: Arithmetic<T>>(self, acc: &mut [V; VECTORS], f: impl Fn(V, V) -> V) {
        // SAFETY: the caller's promise.
        unsafe {
            if let Source::Number(x) = self.source {
                let x = V::splat(T::of(x));
                for a in acc {
                    *a = f(*a, x);
                }
            } else {
                let p = self.pointer::<V>();
                for (j, acc) in acc.iter_mut().enumerate() {
                    *acc = f(*acc, self.load(p, j));
                }
            }
        }
    }

    /// Where the strip lies.
    ///
    /// # Safety
    /// As for [`strips`].
    #[inline(always)]
    unsafe fn pointer<V: Vector<T>>(&self) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe {
            match self.source {
                Source::Memory(p) => p.cast::<T>().cast_mut().add(self.start),
                Source::Strips(table) => (*table.add(self.start / (VECTORS * V::LANES))).cast(),
                Source::Number(_) => unreachable!("a number is nowhere"),
            }
        }
    }

    /// Vector `j` of the strip at `p`.
    ///
    /// # Safety
    /// As for [`strips`].
    #[inline(always)]
    unsafe fn load<V: Vector<T>>(&self, p: *const T, j: usize) -> V {
        let before = j * V::LANES;
        // SAFETY: the caller's promise.
        unsafe {
            if WHOLE {
                V::load(p.add(before))
            } else {
                V::load_first(p.wrapping_add(before), self.n.saturating_sub(before))
            }
        }
    }

    /// Makes `z` vector `j` of the strip at `p`.
    ///
    /// # Safety
    /// As for [`strips`].
    #[inline(always)]
    unsafe fn put<V: Vector<T>>(&self, p: *mut T, j: usize, z: V) {
        let before = j * V::LANES;
        // SAFETY: the caller's promise.
        unsafe {
            if WHOLE {
                z.store(p.add(before));
            } else {
                z.store_first(p.wrapping_add(before), self.n.saturating_sub(before));
            }
        }
    }
}

/// An element type that chains are made of.
trait Number: Copy {
    fn of(x: f64) -> Self;
    /// The sum of the lanes of a block.
    fn total(lanes: [Self; SUM_LANES]) -> Self;
    /// Whether `x` is neither NaN nor infinite nor zero in this type.
    fn is_factor(x: f64) -> bool;
}

/// # Safety
/// As for [`Vector`].
unsafe trait Arithmetic<T>: Vector<T> {
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    unsafe fn negative(self) -> Self;
    /// The product; +0 in lanes where one of them is a zero.
    unsafe fn scaled(self, other: Self) -> Self;
    /// +0 in lanes where `other` is a zero.
    unsafe fn zero_with(self, other: Self) -> Self;
}

macro_rules! plain {
    ($($t:ident, $lanes:ident);*) => {$(
        impl Number for $t {
            fn of(x: f64) -> Self {
                x as $t
            }
            fn total(lanes: [$t; SUM_LANES]) -> $t {
                $lanes(lanes)
            }
            fn is_factor(x: f64) -> bool {
                (x as $t).is_finite() && x as $t != 0.0
            }
        }

        // SAFETY: one lane; the methods do what the trait says.
        unsafe impl Arithmetic<$t> for $t {
            unsafe fn sub(self, other: Self) -> Self {
                self - other
            }
            unsafe fn mul(self, other: Self) -> Self {
                self * other
            }
            unsafe fn div(self, other: Self) -> Self {
                self / other
            }
            unsafe fn negative(self) -> Self {
                -self
            }
            unsafe fn scaled(self, other: Self) -> Self {
                if self == 0.0 || other == 0.0 { 0.0 } else { self * other }
            }
            unsafe fn zero_with(self, other: Self) -> Self {
                if other == 0.0 { 0.0 } else { self }
            }
        }
    )*};
}
plain!(f64, lanes_f64; f32, lanes_f32);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Arithmetic;
    use std::arch::x86_64::*;

    macro_rules! arithmetic {
        ($v:ident, $t:ident, $features:literal, $sub:ident, $mul:ident, $div:ident, |$a:ident| $negative:expr,
         |$b:ident, $c:ident| $scaled:expr, |$x:ident, $zero:ident| $zero_with:expr) => {
            // SAFETY: each method is compiled for the features its instructions need and does what the trait says.
            unsafe impl Arithmetic<$t> for $v {
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn sub(self, other: Self) -> Self {
                    $sub(self, other)
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn mul(self, other: Self) -> Self {
                    $mul(self, other)
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn div(self, other: Self) -> Self {
                    $div(self, other)
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn negative(self) -> Self {
                    let $a = self;
                    $negative
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn scaled(self, other: Self) -> Self {
                    let ($b, $c) = (self, other);
                    $scaled
                }
                #[inline]
                #[target_feature(enable = $features)]
                unsafe fn zero_with(self, other: Self) -> Self {
                    let ($x, $zero) = (self, other);
                    $zero_with
                }
            }
        };
    }
    // Comparisons are "not equal or unordered": NaN is no zero.
    arithmetic!(
        __m512d,
        f64,
        "avx512f,avx512dq",
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_div_pd,
        |a| _mm512_xor_pd(a, _mm512_set1_pd(-0.0)),
        |a, x| {
            let (zero, nonzero) = (_mm512_setzero_pd(), _mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(a, _mm512_setzero_pd()));
            _mm512_maskz_mul_pd(_mm512_mask_cmp_pd_mask::<_CMP_NEQ_UQ>(nonzero, x, zero), a, x)
        },
        |x, y| _mm512_maskz_mov_pd(_mm512_cmp_pd_mask::<_CMP_NEQ_UQ>(y, _mm512_setzero_pd()), x)
    );
    arithmetic!(
        __m512,
        f32,
        "avx512f,avx512dq",
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_div_ps,
        |a| _mm512_xor_ps(a, _mm512_set1_ps(-0.0)),
        |a, x| {
            let (zero, nonzero) = (_mm512_setzero_ps(), _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(a, _mm512_setzero_ps()));
            _mm512_maskz_mul_ps(_mm512_mask_cmp_ps_mask::<_CMP_NEQ_UQ>(nonzero, x, zero), a, x)
        },
        |x, y| _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(y, _mm512_setzero_ps()), x)
    );
    arithmetic!(
        __m256d,
        f64,
        "avx2,fma",
        _mm256_sub_pd,
        _mm256_mul_pd,
        _mm256_div_pd,
        |a| _mm256_xor_pd(a, _mm256_set1_pd(-0.0)),
        |a, x| {
            let zero = _mm256_setzero_pd();
            let nonzero = _mm256_and_pd(_mm256_cmp_pd::<_CMP_NEQ_UQ>(a, zero), _mm256_cmp_pd::<_CMP_NEQ_UQ>(x, zero));
            _mm256_and_pd(_mm256_mul_pd(a, x), nonzero)
        },
        |x, y| _mm256_and_pd(_mm256_cmp_pd::<_CMP_NEQ_UQ>(y, _mm256_setzero_pd()), x)
    );
    arithmetic!(
        __m256,
        f32,
        "avx2,fma",
        _mm256_sub_ps,
        _mm256_mul_ps,
        _mm256_div_ps,
        |a| _mm256_xor_ps(a, _mm256_set1_ps(-0.0)),
        |a, x| {
            let zero = _mm256_setzero_ps();
            let nonzero = _mm256_and_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(a, zero), _mm256_cmp_ps::<_CMP_NEQ_UQ>(x, zero));
            _mm256_and_ps(_mm256_mul_ps(a, x), nonzero)
        },
        |x, y| _mm256_and_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(y, _mm256_setzero_ps()), x)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::machine::BLOCK;
    use crate::kernels::math::{self, BinaryKernel, with_level};

    /// Numbers of all kinds, in an order that brings each beside many others.
    fn numbers(n: usize, stride: usize) -> Vec<f64> {
        let kinds = [0.0, -0.0, 1.0, -1.5, 3.25, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, 1e300, -7e-20];
        (0..n).map(|i| kinds[(i * stride + i / 11) % kinds.len()]).collect()
    }

    /// What the instructions do one by one.
    fn expected(op: ChainOp, a: &[f64], x: &[f64]) -> Vec<f64> {
        let mut z = vec![0.0; a.len()];
        let mut binary = |k: &BinaryKernel, a: &[f64], b: &[f64]| (k.f64.vv)(&mut z, a, b);
        match op {
            ChainOp::Load => z.copy_from_slice(x),
            ChainOp::Store => z.copy_from_slice(a),
            ChainOp::Add => binary(&math::ADD, a, x),
            ChainOp::Subtract => binary(&math::SUBTRACT, a, x),
            ChainOp::SubtractFrom => binary(&math::SUBTRACT, x, a),
            ChainOp::Multiply => binary(&math::MULTIPLY, a, x),
            ChainOp::Scaled => binary(&math::SCALED, a, x),
            ChainOp::Divide => binary(&math::DIVIDE, a, x),
            ChainOp::DivideInto => binary(&math::DIVIDE, x, a),
            ChainOp::Over => binary(&math::OVER, a, x),
            ChainOp::OverInto => binary(&math::OVER, x, a),
            ChainOp::Negative => (math::NEGATIVE.f64)(&mut z, a),
            ChainOp::Square => (math::SQUARE.f64)(&mut z, a),
            ChainOp::Sum | ChainOp::AddTo => unreachable!("these have tests of their own"),
        }
        z
    }

    fn same(a: f64, b: f64) -> bool {
        a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
    }

    const OPS: [ChainOp; 12] = [
        ChainOp::Load,
        ChainOp::Add,
        ChainOp::Subtract,
        ChainOp::SubtractFrom,
        ChainOp::Multiply,
        ChainOp::Scaled,
        ChainOp::Divide,
        ChainOp::DivideInto,
        ChainOp::Over,
        ChainOp::OverInto,
        ChainOp::Negative,
        ChainOp::Square,
    ];

    #[test]
    fn each_step_is_its_instruction() {
        for l in [Level::Baseline, Level::Avx2, Level::Avx512] {
            with_level(l, || {
                for n in (0..70).chain([127, 128, 129, 200, 512]) {
                    let (a, x) = (numbers(n, 1), numbers(n, 3));
                    for op in OPS {
                        let mut z = vec![77.0; n + 1];
                        let at = |v: &[f64]| Source::Memory(v.as_ptr().cast());
                        let second = Source::Memory(z.as_mut_ptr().cast());
                        let links = [
                            Link { op: ChainOp::Load, operand: at(&a) },
                            Link { op, operand: at(&x) },
                            Link { op: ChainOp::Store, operand: second },
                        ];
                        // SAFETY: `n` elements each.
                        unsafe { run_f64(&links, n) };
                        let want = expected(op, &a, &x);
                        assert!(z[..n].iter().zip(&want).all(|(&z, &w)| same(z, w)), "{op:?} {n} {l:?}");
                        assert_eq!(z[n], 77.0, "a write behind the end");
                        // A number, in single precision.
                        let narrow: Vec<f32> = a.iter().map(|&a| a as f32).collect();
                        let mut z = vec![77f32; n + 1];
                        let links = [
                            Link { op: ChainOp::Load, operand: Source::Memory(narrow.as_ptr().cast()) },
                            Link { op, operand: Source::Number(-2.5) },
                            Link { op: ChainOp::Store, operand: Source::Memory(z.as_mut_ptr().cast()) },
                        ];
                        // SAFETY: `n` elements each.
                        unsafe { run_f32(&links, n) };
                        let wide: Vec<f64> = narrow.iter().map(|&a| f64::from(a)).collect();
                        let want = expected(op, &wide, &vec![-2.5; n]);
                        let all = z[..n].iter().zip(&want).all(|(&z, &w)| same(f64::from(z), f64::from(w as f32)));
                        assert!(all, "{op:?} {n} {l:?} in single precision");
                        assert_eq!(z[n], 77.0, "a write behind the end");
                    }
                }
            });
        }
    }

    #[test]
    fn a_sum_is_that_of_the_block() {
        for l in [Level::Avx2, Level::Avx512] {
            with_level(l, || {
                for seed in 1..20u64 {
                    let x: Vec<f64> = (0..BLOCK as u64).map(|i| ((i * i * seed) % 1013) as f64 / 7.0 - 70.0).collect();
                    let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
                    let links = |x: *const u8| {
                        [ChainOp::Load, ChainOp::Square, ChainOp::Sum, ChainOp::Negative]
                            .map(|op| Link { op, operand: Source::Memory(x) })
                    };
                    let want: Vec<f64> = x.iter().map(|x| x * x).collect();
                    let want32: Vec<f32> = narrow.iter().map(|x| x * x).collect();
                    // SAFETY: a block each.
                    let (sum, sum32) = unsafe {
                        (run_f64(&links(x.as_ptr().cast()), BLOCK), run_f32(&links(narrow.as_ptr().cast()), BLOCK))
                    };
                    assert_eq!(sum.to_bits(), math::sum_f64(&want).to_bits());
                    assert_eq!(sum32.to_bits(), math::sum_f32(&want32).to_bits());
                }
            });
        }
    }

    #[test]
    fn strips_are_read_and_added_to_where_they_lie() {
        for l in [Level::Avx2, Level::Avx512] {
            with_level(l, || {
                let width = strip(DType::F64).unwrap();
                let x: Vec<f64> = (0..4 * width).map(|i| i as f64 - 50.0).collect();
                let mut z = vec![0.5; 3 * width];
                let (from, to) = ([3, 0, 2], [1, 0, 1]);
                let mut want = z.clone();
                for (f, t) in from.into_iter().zip(to) {
                    (0..width).for_each(|k| want[t * width + k] += x[f * width + k] * x[f * width + k]);
                }
                // SAFETY: strips inside of the lists.
                unsafe {
                    let from = from.map(|f| x.as_ptr().add(f * width).cast_mut().cast::<u8>());
                    let memory = z.as_mut_ptr();
                    let to = to.map(|t| memory.add(t * width).cast::<u8>());
                    let links = [
                        Link { op: ChainOp::Load, operand: Source::Strips(from.as_ptr()) },
                        Link { op: ChainOp::Square, operand: Source::Number(0.0) },
                        Link { op: ChainOp::AddTo, operand: Source::Strips(to.as_ptr()) },
                    ];
                    run_f64(&links, 3 * width);
                }
                assert_eq!(z, want);
            });
        }
    }
}
