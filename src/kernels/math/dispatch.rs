//! Run-time choice of the instruction set, and the loops behind every kernel.
//!
//! A kernel is a branch-free scalar function, generic over `const FMA: bool`.
//! The loop around it is compiled once per level with `#[target_feature]`, so
//! the compiler vectorises the same source for 128, 256 and 512 bit registers.
//! Fused multiply-add is a parameter because `f64::mul_add` without hardware
//! support is a library call, far slower than a multiplication and an addition.
//!
//! Functions whose fast formula holds only on part of the line (the argument
//! reduction of sine, the special cases of `pow`) are *guarded*: a block with
//! an element outside goes element by element, the others stay vectorised.
//!
//! The destination is always a separate slice. If it could alias an operand the
//! run-time overlap check would select the scalar version of the loop.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

/// Instruction set for which a loop was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// What the target guarantees (SSE2 on x86-64, NEON on aarch64).
    Baseline = 1,
    /// AVX2 with fused multiply-add.
    Avx2 = 2,
    /// AVX-512 F, DQ, VL, BW; and POPCNT, which is older.
    Avx512 = 3,
}

/// 0 until the first kernel runs.
static LEVEL: AtomicU8 = AtomicU8::new(0);
static OVERRIDE: Mutex<()> = Mutex::new(());

/// Fused multiply-add belongs to the baseline of every aarch64 processor.
pub(crate) const BASE_FMA: bool = cfg!(target_arch = "aarch64");

#[cold]
fn detect() -> Level {
    let level = best_level();
    LEVEL.store(level as u8, Ordering::Relaxed);
    level
}

/// The widest level the processor supports.
pub fn best_level() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("popcnt")
            {
                return Level::Avx512;
            }
            return Level::Avx2;
        }
    }
    Level::Baseline
}

/// The level in use.
#[inline]
pub fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        1 => Level::Baseline,
        2 => Level::Avx2,
        3 => Level::Avx512,
        _ => detect(),
    }
}

/// Runs `f` with the level forced to `l`, or to the best one below it.
///
/// The level is global, so kernels running meanwhile on other threads use it
/// too; that changes their speed and last bits, never their validity.
#[doc(hidden)]
pub fn with_level<R>(l: Level, f: impl FnOnce() -> R) -> R {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            LEVEL.store(best_level() as u8, Ordering::Relaxed);
        }
    }
    let _turn = OVERRIDE.lock().unwrap_or_else(|poison| poison.into_inner());
    let _restore = Restore;
    LEVEL.store(l.min(best_level()) as u8, Ordering::Relaxed);
    f()
}

/// Compiles `$body::<.., FMA>` for each level and calls the right one.
macro_rules! dispatch {
    (fn $name:ident [$($g:ident $(: $b:path)?),*] ($($a:ident : $t:ty),*) $(-> $r:ty)? = $body:ident) => {
        pub(crate) fn $name<$($g $(: $b)?),*>($($a: $t),*) $(-> $r)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn avx2<$($g $(: $b)?),*>($($a: $t),*) $(-> $r)? {
                    $body::<$($g,)* true>($($a),*)
                }
                #[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw,popcnt")]
                fn avx512<$($g $(: $b)?),*>($($a: $t),*) $(-> $r)? {
                    $body::<$($g,)* true>($($a),*)
                }
                match $crate::kernels::math::dispatch::level() {
                    // SAFETY: `level` returns Avx512 only where the processor has these features.
                    $crate::kernels::math::dispatch::Level::Avx512 => return unsafe { avx512::<$($g),*>($($a),*) },
                    // SAFETY: likewise for AVX2 and FMA.
                    $crate::kernels::math::dispatch::Level::Avx2 => return unsafe { avx2::<$($g),*>($($a),*) },
                    $crate::kernels::math::dispatch::Level::Baseline => {}
                }
            }
            $body::<$($g,)* { $crate::kernels::math::dispatch::BASE_FMA }>($($a),*)
        }
    };
}
pub(crate) use dispatch;

/// A function of one argument.
pub(crate) trait Op1 {
    type In: Copy;
    type Out: Copy;
    /// Whether `regular` has to be asked.
    const GUARDED: bool = false;
    fn eval<const FMA: bool>(x: Self::In) -> Self::Out;
    /// Whether `eval` is valid at `x`.
    #[inline(always)]
    fn regular<const FMA: bool>(_x: Self::In) -> bool {
        true
    }
    /// The function where `eval` is not valid.
    fn slow(x: Self::In) -> Self::Out {
        Self::eval::<false>(x)
    }
}

/// A function of two arguments.
pub(crate) trait Op2 {
    type In: Copy;
    type Out: Copy;
    const GUARDED: bool = false;
    fn eval<const FMA: bool>(a: Self::In, b: Self::In) -> Self::Out;
    #[inline(always)]
    fn regular<const FMA: bool>(_a: Self::In, _b: Self::In) -> bool {
        true
    }
    fn slow(a: Self::In, b: Self::In) -> Self::Out {
        Self::eval::<false>(a, b)
    }
}

/// A function of two arguments of this type, and in it.
pub(crate) trait Of<T>: Op2<In = T, Out = T> {}
impl<T, O: Op2<In = T, Out = T>> Of<T> for O {}

/// Elements per guarded block: long enough to amortise the test, short enough
/// that one irregular element does not make many others slow.
const BLOCK: usize = 64;

#[inline(always)]
fn guarded1<O: Op1, const FMA: bool>(x: O::In) -> O::Out {
    if O::GUARDED && !O::regular::<FMA>(x) { O::slow(x) } else { O::eval::<FMA>(x) }
}

#[inline(always)]
fn guarded2<O: Op2, const FMA: bool>(a: O::In, b: O::In) -> O::Out {
    if O::GUARDED && !O::regular::<FMA>(a, b) { O::slow(a, b) } else { O::eval::<FMA>(a, b) }
}

#[inline(always)]
fn body1<O: Op1, const FMA: bool>(dst: &mut [O::Out], x: &[O::In]) {
    assert_eq!(dst.len(), x.len());
    if !O::GUARDED {
        for (d, &x) in dst.iter_mut().zip(x) {
            *d = O::eval::<FMA>(x);
        }
        return;
    }
    for (d, x) in dst.chunks_mut(BLOCK).zip(x.chunks(BLOCK)) {
        let bad = x.iter().fold(0u64, |s, &x| s | u64::from(!O::regular::<FMA>(x)));
        if bad == 0 {
            for (d, &x) in d.iter_mut().zip(x) {
                *d = O::eval::<FMA>(x);
            }
        } else {
            for (d, &x) in d.iter_mut().zip(x) {
                *d = guarded1::<O, FMA>(x);
            }
        }
    }
}

#[inline(always)]
fn body_vv<O: Op2, const FMA: bool>(dst: &mut [O::Out], a: &[O::In], b: &[O::In]) {
    assert!(dst.len() == a.len() && dst.len() == b.len());
    if !O::GUARDED {
        for ((d, &a), &b) in dst.iter_mut().zip(a).zip(b) {
            *d = O::eval::<FMA>(a, b);
        }
        return;
    }
    for ((d, a), b) in dst.chunks_mut(BLOCK).zip(a.chunks(BLOCK)).zip(b.chunks(BLOCK)) {
        let bad = a.iter().zip(b).fold(0u64, |s, (&a, &b)| s | u64::from(!O::regular::<FMA>(a, b)));
        if bad == 0 {
            for ((d, &a), &b) in d.iter_mut().zip(a).zip(b) {
                *d = O::eval::<FMA>(a, b);
            }
        } else {
            for ((d, &a), &b) in d.iter_mut().zip(a).zip(b) {
                *d = guarded2::<O, FMA>(a, b);
            }
        }
    }
}

/// One operand fixed; `FLIP` says that it is the first one.
#[inline(always)]
fn body_vs<O: Op2, const FLIP: bool, const FMA: bool>(dst: &mut [O::Out], x: &[O::In], s: O::In) {
    assert_eq!(dst.len(), x.len());
    let order = |x: O::In| if FLIP { (s, x) } else { (x, s) };
    if !O::GUARDED {
        for (d, &x) in dst.iter_mut().zip(x) {
            let (a, b) = order(x);
            *d = O::eval::<FMA>(a, b);
        }
        return;
    }
    for (d, x) in dst.chunks_mut(BLOCK).zip(x.chunks(BLOCK)) {
        let bad = x.iter().fold(0u64, |t, &x| {
            let (a, b) = order(x);
            t | u64::from(!O::regular::<FMA>(a, b))
        });
        if bad != 0 {
            for (d, &x) in d.iter_mut().zip(x) {
                let (a, b) = order(x);
                *d = guarded2::<O, FMA>(a, b);
            }
        } else {
            for (d, &x) in d.iter_mut().zip(x) {
                let (a, b) = order(x);
                *d = O::eval::<FMA>(a, b);
            }
        }
    }
}

#[inline(always)]
fn body_xs<O: Op2, const FMA: bool>(dst: &mut [O::Out], x: &[O::In], s: O::In) {
    body_vs::<O, false, FMA>(dst, x, s);
}

#[inline(always)]
fn body_sx<O: Op2, const FMA: bool>(dst: &mut [O::Out], s: O::In, x: &[O::In]) {
    body_vs::<O, true, FMA>(dst, x, s);
}

/// The first operand in its own place.
#[inline(always)]
fn body_in_place<O: Of<T>, T: Copy, const FMA: bool>(a: &mut [T], b: &[T]) {
    assert_eq!(a.len(), b.len());
    for (a, &b) in a.iter_mut().zip(b) {
        *a = guarded2::<O, FMA>(*a, b);
    }
}

/// The same beside one number.
#[inline(always)]
fn body_in_place_by<O: Of<T>, T: Copy, const FMA: bool>(a: &mut [T], b: T) {
    for a in a {
        *a = guarded2::<O, FMA>(*a, b);
    }
}

dispatch!(fn map1[O: Op1](dst: &mut [O::Out], x: &[O::In]) = body1);
dispatch!(fn map_vv[O: Op2](dst: &mut [O::Out], a: &[O::In], b: &[O::In]) = body_vv);
dispatch!(fn map_in_place[O: Of<T>, T: Copy](a: &mut [T], b: &[T]) = body_in_place);
dispatch!(fn map_in_place_by[O: Of<T>, T: Copy](a: &mut [T], b: T) = body_in_place_by);
dispatch!(fn map_vs[O: Op2](dst: &mut [O::Out], a: &[O::In], b: O::In) = body_xs);
dispatch!(fn map_sv[O: Op2](dst: &mut [O::Out], a: O::In, b: &[O::In]) = body_sx);
dispatch!(fn one1[O: Op1](x: O::In) -> O::Out = guarded1);
dispatch!(fn one2[O: Op2](a: O::In, b: O::In) -> O::Out = guarded2);
