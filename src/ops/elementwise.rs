//! Element-wise functions of one and two arguments: the tables, and how a row is applied.
//!
//! A row is a function: its name, its kernel, its derivative, the domain its gradient is tested on. The derivative is
//! a rule over [`Elem`], linear in `g`; under this library's complex convention one rule is both the VJP (with `g` the
//! cotangent of the result) and the JVP (with `g` the tangent of the argument) of a holomorphic function.

mod convert;
mod forward;
mod levels;
mod plain;
mod replace;
mod shared;
mod short;
mod sinc;

pub use convert::{astype, cast};
pub use plain::*;
pub use replace::{clip, nan_to_num, select};
pub use short::{binary as short_binary, unary as short_unary};
pub use sinc::sinc;

use super::algebra::{Elem, Expr, Uses, with_exprs};
use super::domain::Domain::{self, *};
use super::{accumulate, accumulate_short, broadcast_tangent};
use crate::array::{DType, Op, Operand, Shape, Tensor, shape};
use crate::error::{Error, Result};
use crate::kernels::math::{self, BinaryKernel, Pair, UnaryKernel};
use crate::trace::short::Argument;
use crate::trace::{
    Alike, Array, Context, Kept, NO_NODE, Number, Primitive, StorePrimitive, StoredPrimitive, apply, full,
};
use shared::{EXPIT_FROM_VALUE, FromValue, SLOPED_EXPIT, SLOPED_TANH, Sloped, TANH_FROM_VALUE};
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LOG2_E, LOG10_E, PI};

/// A derivative in the three algebras.
pub struct Rule<const N: usize> {
    /// `(g, x, ..., y)` with `y` the result.
    pub number: fn([f64; N]) -> f64,
    array: for<'c> fn([Expr<'c>; N]) -> Expr<'c>,
    uses: fn([Uses; N]) -> Uses,
    kind: RuleKind,
    /// The same for small plain arrays `(g, v)` in one loop, `v` being the one of `x` and `y` that the rule reads.
    loops: Option<RuleLoops>,
}

/// What a rule does: a rule of the first two kinds needs no algebra.
#[derive(Clone, Copy, PartialEq)]
enum RuleKind {
    /// `g` itself.
    Passes,
    /// `g` times the argument of this number, see [`Elem::scaled`].
    Times(usize),
    Other,
}

/// Loops of `(g, v)`.
#[derive(Clone, Copy)]
struct RuleLoops {
    /// Of two arrays into a third one.
    apart: fn(&mut [f64], &[f64], &[f64]),
    /// In the place of `g`.
    in_place: fn(&mut [f64], &[f64]),
    /// In the place of `g`, with one `v` for all.
    by_number: fn(&mut [f64], f64),
}

macro_rules! rule {
    (|$($arg:pat_param),+| $body:expr) => {{
        // `k` makes a constant of the algebra.
        fn number([$($arg),+]: [f64; rule!(@count $($arg),+)]) -> f64 {
            #[allow(dead_code)]
            fn k(x: f64) -> f64 {
                x
            }
            $body
        }
        fn array<'c>([$($arg),+]: [Expr<'c>; rule!(@count $($arg),+)]) -> Expr<'c> {
            #[allow(dead_code)]
            fn k<'c>(x: f64) -> Expr<'c> {
                Expr::Number(x)
            }
            $body
        }
        fn uses([$($arg),+]: [Uses; rule!(@count $($arg),+)]) -> Uses {
            #[allow(dead_code)]
            fn k(_: f64) -> Uses {
                Uses(0)
            }
            $body
        }
        Rule { number, array, uses, kind: RuleKind::Other, loops: rule!(@loops $($arg),+ => $body) }
    }};
    // Of a function of one argument.
    (@loops $g:pat_param, $x:pat_param, $y:pat_param => $body:expr) => {{
        struct Loop;
        impl math::Op2 for Loop {
            type In = f64;
            type Out = f64;
            #[inline(always)]
            fn eval<const FMA: bool>(g: f64, v: f64) -> f64 {
                #[allow(dead_code)]
                fn k(x: f64) -> f64 {
                    x
                }
                let ($g, $x, $y) = (g, v, v);
                $body
            }
        }
        Some(RuleLoops {
            apart: math::map_vv::<Loop>,
            in_place: math::map_in_place::<Loop, f64>,
            by_number: math::map_in_place_by::<Loop, f64>,
        })
    }};
    (@loops $g:pat_param, $x:pat_param, $y:pat_param, $z:pat_param => $body:expr) => { None };
    (@count $a:pat_param, $b:pat_param, $c:pat_param) => { 3 };
    (@count $a:pat_param, $b:pat_param, $c:pat_param, $d:pat_param) => { 4 };
}
use rule;

/// The derivative of what passes an argument on as it is.
const fn passes() -> Rule<4> {
    Rule { kind: RuleKind::Passes, ..rule!(|g, _, _, _| g) }
}

/// The derivatives of a product.
const fn times_second() -> Rule<4> {
    Rule { kind: RuleKind::Times(1), ..rule!(|g, _, y, _| g.scaled(y)) }
}

const fn times_first() -> Rule<4> {
    Rule { kind: RuleKind::Times(0), ..rule!(|g, x, _, _| g.scaled(x)) }
}

/// Value and derivative in one loop, and the rule of a node that keeps the derivative.
#[derive(Clone, Copy)]
struct Shared {
    pair: &'static Pair,
    rule: fn() -> &'static Sloped,
    /// The rule of a node whose values are within [`math::FROM_VALUE`].
    from_value: fn() -> &'static FromValue,
}

/// A differentiable function of one argument.
pub struct Unary {
    pub name: &'static str,
    pub kernel: &'static UnaryKernel,
    pub rule: Rule<3>,
    pub domain: Domain,
    /// Value and derivative of a number where they share their work.
    both: Option<fn(f64) -> (f64, f64)>,
    /// Value and derivative of small arrays, with the rule of a node that keeps the derivative.
    shared: Option<Shared>,
    /// The row itself, as a node refers to it.
    this: fn() -> &'static Unary,
}

impl Unary {
    /// Value and derivative of a number.
    #[inline(always)]
    pub fn of_number(&self, x: f64) -> (f64, f64) {
        if let Some(both) = self.both {
            return both(x);
        }
        let y = (self.kernel.scalar)(x);
        (y, (self.rule.number)([1.0, x, y]))
    }

    /// With a kernel of value and derivative together.
    const fn sharing(
        self,
        pair: &'static Pair,
        rule: fn() -> &'static Sloped,
        from_value: fn() -> &'static FromValue,
    ) -> Unary {
        Unary { both: Some(pair.scalar), shared: Some(Shared { pair, rule, from_value }), ..self }
    }

    const fn with(self, both: fn(f64) -> (f64, f64)) -> Unary {
        Unary { both: Some(both), ..self }
    }
}

/// A differentiable function of two arguments.
pub struct Binary {
    pub name: &'static str,
    pub kernel: &'static BinaryKernel,
    pub rules: [Rule<4>; 2],
    pub domains: [Domain; 2],
    this: fn() -> &'static Binary,
}

macro_rules! table {
    // Of rows that know where they stand.
    ($list:ident: $kind:ident, this; $($id:ident = $row:ident($($arg:expr),*)$(.$more:ident($($m:expr),*))*;)*) => {
        table! { $list: $kind; $($id = $row(|| &$id, $($arg),*)$(.$more($($m),*))*;)* }
    };
    ($list:ident: $kind:ident; $($id:ident = $row:expr;)*) => {
        $(pub static $id: $kind = $row;)*
        /// The rows of this table.
        pub static $list: &[&$kind] = &[$(&$id),*];
    };
}

const fn unary_row(
    this: fn() -> &'static Unary,
    name: &'static str,
    kernel: &'static UnaryKernel,
    rule: Rule<3>,
    domain: Domain,
) -> Unary {
    Unary { name, kernel, rule, domain, both: None, shared: None, this }
}

fn cos_of_number(x: f64) -> (f64, f64) {
    let (sin, cos) = math::sincos_of(x);
    (cos, -sin)
}

#[rustfmt::skip]
table! { UNARY: Unary, this;
    //                           name                kernel                   dy, from (g, x, y)                                                domain
    NEG              = unary_row("ag_neg",           &math::NEGATIVE,         rule!(|g, _, _| -g),                                              Real);
    FABS             = unary_row("ag_fabs",          &math::ABSOLUTE,         rule!(|g, x, _| g.scaled(x.sign())),                              Nonzero);
    RECIPROCAL       = unary_row("ag_reciprocal",    &math::RECIPROCAL,       rule!(|g, _, y| -g.scaled(y).scaled(y)),                          Nonzero);
    EXP              = unary_row("ag_exp",           &math::EXP,              rule!(|g, _, y| g.scaled(y)),                                     Real);
    EXP2             = unary_row("ag_exp2",          &math::EXP2,             rule!(|g, _, y| g.scaled(k(LN_2) * y)),                           Real);
    EXPM1            = unary_row("ag_expm1",         &math::EXPM1,            rule!(|g, x, _| g.scaled(x.exp())),                               Real);
    LOG              = unary_row("ag_log",           &math::LOG,              rule!(|g, x, _| g.over(x)),                                       Positive);
    LOG2             = unary_row("ag_log2",          &math::LOG2,             rule!(|g, x, _| (g * k(LOG2_E)).over(x)),                         Positive);
    LOG10            = unary_row("ag_log10",         &math::LOG10,            rule!(|g, x, _| (g * k(LOG10_E)).over(x)),                        Positive);
    LOG1P            = unary_row("ag_log1p",         &math::LOG1P,            rule!(|g, x, _| g.over(x + k(1.0))),                              Positive);
    SIN              = unary_row("ag_sin",           &math::SIN,              rule!(|g, x, _| g.scaled(x.cos())),                               Real).with(math::sincos_of);
    COS              = unary_row("ag_cos",           &math::COS,              rule!(|g, x, _| -g.scaled(x.sin())),                              Real).with(cos_of_number);
    TAN              = unary_row("ag_tan",           &math::TAN,              rule!(|g, x, _| g.scaled(x.sec2())),                              Unit);
    ARCSIN           = unary_row("ag_arcsin",        &math::ARCSIN,           rule!(|g, x, _| g.over(x.cos_arcsin())),                          Unit);
    ARCCOS           = unary_row("ag_arccos",        &math::ARCCOS,           rule!(|g, x, _| -g.over(x.cos_arcsin())),                         Unit);
    ARCTAN           = unary_row("ag_arctan",        &math::ARCTAN,           rule!(|g, x, _| { let h = x.cosh_arcsinh(); g.over(h).over(h) }), Unit);
    SINH             = unary_row("ag_sinh",          &math::SINH,             rule!(|g, x, _| g.scaled(x.cosh())),                              Real);
    COSH             = unary_row("ag_cosh",          &math::COSH,             rule!(|g, x, _| g.scaled(x.sinh())),                              Real);
    TANH             = unary_row("ag_tanh",          &math::TANH,             rule!(|g, x, _| g.scaled(x.sech2())),                             Real).sharing(&math::TANH_AND_SLOPE, || &SLOPED_TANH, || &TANH_FROM_VALUE);
    ARCSINH          = unary_row("ag_arcsinh",       &math::ARCSINH,          rule!(|g, x, _| g.over(x.cosh_arcsinh())),                        Unit);
    ARCCOSH          = unary_row("ag_arccosh",       &math::ARCCOSH,          rule!(|g, x, _| g.over(x.sinh_arccosh())),                        AboveOne);
    ARCTANH          = unary_row("ag_arctanh",       &math::ARCTANH,          rule!(|g, x, _| { let h = x.cos_arcsin(); g.over(h).over(h) }),   Unit);
    RAD2DEG          = unary_row("ag_rad2deg",       &math::RAD2DEG,          rule!(|g, _, _| g * k(180.0 / PI)),                               Real);
    DEG2RAD          = unary_row("ag_deg2rad",       &math::DEG2RAD,          rule!(|g, _, _| g * k(PI / 180.0)),                               Real);
    SQUARE           = unary_row("ag_square",        &math::SQUARE,           rule!(|g, x, _| (g * k(2.0)).scaled(x)),                          Real);
    SQRT             = unary_row("ag_sqrt",          &math::SQRT,             rule!(|g, _, y| g.over(y + y)),                                   Positive);
    // d erf(x) / dx = 2 / sqrt(pi) exp(-x^2), DLMF 7.2.1.
    ERF              = unary_row("ag_erf",           &math::ERF,              rule!(|g, x, _| g.scaled(k(FRAC_2_SQRT_PI) * x.gaussian())),      Real);
    ERFC             = unary_row("ag_erfc",          &math::ERFC,             rule!(|g, x, _| -g.scaled(k(FRAC_2_SQRT_PI) * x.gaussian())),     Real);
    CBRT             = unary_row("ag_cbrt",          &math::CBRT,             rule!(|g, _, y| g.over(k(3.0) * y * y)),                          Nonzero);
    EXPIT            = unary_row("ag_expit",         &math::EXPIT,            rule!(|g, x, _| g.scaled(x.logistic_density())),                  Real).sharing(&math::EXPIT_AND_SLOPE, || &SLOPED_EXPIT, || &EXPIT_FROM_VALUE);
    // What these derivatives are made of, see `kernels/math/slopes.rs`; not exported.
    SECH2            = unary_row("sech2",            &math::SECH2,            rule!(|g, x, y| (g * k(-2.0)).scaled(x.tanh()).scaled(y)),        Real);
    SEC2             = unary_row("sec2",             &math::SEC2,             rule!(|g, x, y| (g * k(2.0)).scaled(x.tan()).scaled(y)),          Unit);
    LOGISTIC_DENSITY = unary_row("logistic_density", &math::LOGISTIC_DENSITY, rule!(|g, x, y| -g.scaled((x * k(0.5)).tanh()).scaled(y)),        Real);
    GAUSSIAN         = unary_row("gaussian",         &math::GAUSSIAN,         rule!(|g, x, y| (g * k(-2.0)).scaled(x.scaled(y))),               Real);
    COS_ARCSIN       = unary_row("cos_arcsin",       &math::COS_ARCSIN,       rule!(|g, x, y| -g.scaled(x).over(y)),                            Unit);
    COSH_ARCSINH     = unary_row("cosh_arcsinh",     &math::COSH_ARCSINH,     rule!(|g, x, y| g.scaled(x).over(y)),                             Unit);
    SINH_ARCCOSH     = unary_row("sinh_arccosh",     &math::SINH_ARCCOSH,     rule!(|g, x, y| g.scaled(x).over(y)),                             AboveOne);
}

const fn binary_row(
    this: fn() -> &'static Binary,
    name: &'static str,
    kernel: &'static BinaryKernel,
    x: Rule<4>,
    y: Rule<4>,
    domains: [Domain; 2],
) -> Binary {
    Binary { name, kernel, rules: [x, y], domains, this }
}

#[rustfmt::skip]
table! { BINARY: Binary, this;
    //                          name              kernel                 d/dx, from (g, x, y, z)                            d/dy                                                 domains
    ADD            = binary_row("ag_add",         &math::ADD,            passes(),                                          passes(),                                            [Real, Real]);
    SUB            = binary_row("ag_sub",         &math::SUBTRACT,       passes(),                                          rule!(|g, _, _, _| -g),                              [Real, Real]);
    MUL            = binary_row("ag_mul",         &math::MULTIPLY,       times_second(),                                    times_first(),                                       [Real, Real]);
    DIV            = binary_row("ag_div",         &math::DIVIDE,         rule!(|g, _, y, _| g.over(y)),                     rule!(|g, _, y, z| -(g.over(y)).scaled(z)),          [Real, Nonzero]);
    // At 0^0 the factor y is 0, so any other base serves (elsewhere not: the derivative of y x^(y-1) by y is wanted,
    // too); at x = 0 the limit of log(x) x^y for positive y is 0.
    POW            = binary_row("ag_pow",         &math::POWER,
        rule!(|g, x, y, _| g.scaled(y * y.is(k(0.0)).choose(x.is(k(0.0)).choose(k(1.0), x), x).pow_less_1(y))),
        rule!(|g, x, _, z| g.scaled(z.scaled(x.is(k(0.0)).choose(k(1.0) + x, x).ln()))),
        [Positive, Real]);
    MOD            = binary_row("ag_mod",         &math::MOD,            passes(),                                          rule!(|g, x, y, _| -g.scaled(x.floor_divide(y))),    [Real, Nonzero]);
    FMOD           = binary_row("ag_fmod",        &math::FMOD,           passes(),                                          rule!(|g, x, y, z| -g.scaled(((x - z) / y).rint())), [Real, Nonzero]);
    // |x| with another sign: at x = 0 as |x|.
    COPYSIGN       = binary_row("ag_copysign",    &math::COPYSIGN,       rule!(|g, x, _, z| g.scaled(x.sign() * z.sign())), rule!(|_, _, _, _| k(0.0)),                          [Nonzero, Nonzero]);
    // A tie gives half to each; elsewhere all goes to the one chosen, nothing to NaN.
    MAXIMUM        = binary_row("ag_maximum",     &math::MAXIMUM,        half(),                                            half_of_second(),                                    [Real, Real]);
    MINIMUM        = binary_row("ag_minimum",     &math::MINIMUM,        half(),                                            half_of_second(),                                    [Real, Real]);
    FMAX           = binary_row("ag_fmax",        &math::FMAX,           half(),                                            half_of_second(),                                    [Real, Real]);
    FMIN           = binary_row("ag_fmin",        &math::FMIN,           half(),                                            half_of_second(),                                    [Real, Real]);
    // Not from the rounded result. Where both are -infinity the weights have no limit; 0 is the choice, as in logsumexp.
    LOGADDEXP      = binary_row("ag_logaddexp",   &math::LOGADDEXP,      rule!(|g, x, y, _| g.scaled(x.weight(y))),         rule!(|g, x, y, _| g.scaled(y.weight(x))),           [Real, Real]);
    LOGADDEXP2     = binary_row("ag_logaddexp2",  &math::LOGADDEXP2,     rule!(|g, x, y, _| g.scaled(x.weight2(y))),        rule!(|g, x, y, _| g.scaled(y.weight2(x))),          [Real, Real]);
    // Angle and length have no derivative at the origin; 0 is the one that helps.
    ARCTAN2        = binary_row("ag_arctan2",     &math::ARCTAN2,        rule!(|g, x, y, _| g.scaled(y.inversion(x))),      rule!(|g, x, y, _| -g.scaled(x.inversion(y))),       [Nonzero, Nonzero]);
    HYPOT          = binary_row("ag_hypot",       &math::HYPOT,          rule!(|g, x, y, _| g.scaled(x.direction(y))),      rule!(|g, x, y, _| g.scaled(y.direction(x))),        [Nonzero, Nonzero]);
    // Products and quotients for rules, where a zero cotangent stays zero: see `Elem::scaled`.
    SCALED         = binary_row("scaled",         &math::SCALED,         times_second(),                                    times_first(),                                       [Real, Real]);
    OVER           = binary_row("over",           &math::OVER,           rule!(|g, _, y, _| g.over(y)),                     rule!(|g, _, y, z| -(g.over(y)).scaled(z)),          [Real, Nonzero]);
    // Of these, see `kernels/math/slopes.rs`.
    DIRECTION      = binary_row("direction",      &math::DIRECTION,
        rule!(|g, x, y, _| g.scaled(y.inversion(x)).scaled(y.direction(x))),
        rule!(|g, x, y, z| -g.scaled(y.inversion(x)).scaled(z)),
        [Nonzero, Nonzero]);
    // Of which softmax is made.
    EXP_DIFFERENCE = binary_row("exp_difference", &math::EXP_DIFFERENCE, rule!(|g, _, _, z| g.scaled(z)),                   rule!(|g, _, _, z| -g.scaled(z)),                    [Real, Real]);
    // By x (y - x)(y + x) / (x^2 + y^2)^2, of halves that do not overflow.
    INVERSION      = binary_row("inversion",      &math::INVERSION,
        rule!(|g, x, y, _| {
            let (a, b, r) = (x * k(0.5), y * k(0.5), x.hypot(y));
            g.scaled((b - a).over(r).over(r) * k(4.0)).scaled((b + a).over(r).over(r))
        }),
        rule!(|g, x, y, z| (g * k(-2.0)).scaled(z).scaled(y.inversion(x))),
        [Nonzero, Nonzero]);
    WEIGHT         = binary_row("weight",         &math::WEIGHT,
        rule!(|g, x, y, z| g.scaled(z).scaled(y.weight(x))),    rule!(|g, x, y, z| -g.scaled(z).scaled(y.weight(x))),
        [Real, Real]);
    WEIGHT2        = binary_row("weight2",        &math::WEIGHT2,
        rule!(|g, x, y, z| (g * k(LN_2)).scaled(z).scaled(y.weight2(x))),
        rule!(|g, x, y, z| -(g * k(LN_2)).scaled(z).scaled(y.weight2(x))),
        [Real, Real]);
    POWER_LESS_1   = binary_row("power_less_1",   &math::POWER_LESS_1,
        rule!(|g, x, y, _| g.scaled((y - k(1.0)) * y.is(k(1.0)).choose(x.is(k(0.0)).choose(k(1.0), x), x).pow_less_2(y))),
        rule!(|g, x, _, z| g.scaled(z.scaled(x.is(k(0.0)).choose(k(1.0) + x, x).ln()))),
        [Positive, Positive]);
    POWER_LESS_2   = binary_row("power_less_2",   &math::POWER_LESS_2,
        rule!(|g, x, y, _| g.scaled((y - k(2.0)) * y.is(k(2.0)).choose(x.is(k(0.0)).choose(k(1.0), x), x).pow(y - k(3.0)))),
        rule!(|g, x, _, z| g.scaled(z.scaled(x.is(k(0.0)).choose(k(1.0) + x, x).ln()))),
        [Positive, Positive]);
}

const fn half() -> Rule<4> {
    rule!(|g, x, y, z| x.is(y).choose(g * k(0.5), x.is(z).choose(g, k(0.0))))
}

const fn half_of_second() -> Rule<4> {
    rule!(|g, x, y, z| x.is(y).choose(g * k(0.5), y.is(z).choose(g, k(0.0))))
}

/// Applies a differentiable function of one argument to a number. Fails by the context's error alone.
#[inline(always)]
pub fn unary_number(cx: &Context, row: &'static Unary, x: Number) -> Number {
    if x.level == 0 || !cx.trace.is_live(x.level) {
        return Number::plain((row.kernel.scalar)(x.value));
    }
    let (y, partial) = row.of_number(x.value);
    recorded(cx, row, x.level, [x.node, NO_NODE], [partial, 0.0], y)
}

/// The same of two arguments; `None` if they are recorded on different tapes.
#[inline(always)]
pub fn binary_numbers(cx: &Context, row: &'static Binary, x: Number, y: Number) -> Option<Number> {
    let on = |v: Number| if v.level != 0 && cx.trace.is_live(v.level) { (v.level, v.node) } else { (0, NO_NODE) };
    let ((v, m), (w, n)) = (on(x), on(y));
    if v != w && v != 0 && w != 0 {
        return None;
    }
    let (a, b) = (x.value, y.value);
    let z = (row.kernel.scalar)(a, b);
    if v == 0 && w == 0 {
        return Some(Number::plain(z));
    }
    let partial = |side: usize, node: u32| if node == NO_NODE { 0.0 } else { (row.rules[side].number)([1.0, a, b, z]) };
    Some(recorded(cx, row, v.max(w), [m, n], [partial(0, m), partial(1, n)], z))
}

/// Records a number.
#[inline(always)]
fn recorded(
    cx: &Context,
    row: &dyn Primitive,
    level: u64,
    parents: [u32; 2],
    partials: [f64; 2],
    value: f64,
) -> Number {
    match cx.trace.push_number(level, parents, partials) {
        Some(node) => Number { node, level, value },
        None => {
            cx.fail(row.failure(full()));
            Number::plain(value)
        }
    }
}

/// Applies a differentiable function of one argument.
#[inline]
pub fn unary(cx: &Context, row: &'static Unary, x: &Array) -> Array {
    match *x {
        Array::Number { value, weak } if !cx.unusual() => Array::Number { value: (row.kernel.scalar)(value), weak },
        Array::Variable { node, level, value } if !cx.unusual() => {
            Array::of_number(unary_number(cx, row, Number { node, level, value }))
        }
        Array::Dual { .. } | Array::Nested(_) => {
            forward::unary(cx, row, x).or_else(|| levels::unary(cx, row, x)).unwrap_or_else(|| apply(cx, row, &[x]))
        }
        _ => short::unary(cx, row, x).map_or_else(|| apply(cx, row, &[x]), |y| y.array(cx)),
    }
}

/// Applies a differentiable function of two arguments.
#[inline]
pub fn binary(cx: &Context, row: &'static Binary, x: &Array, y: &Array) -> Array {
    let number = |v: &Array| match *v {
        Array::Number { value, .. } => Some(Number::plain(value)),
        Array::Variable { node, level, value } => Some(Number { node, level, value }),
        _ => None,
    };
    if let (Some(a), Some(b)) = (number(x), number(y))
        && !cx.unusual()
        && let Some(z) = binary_numbers(cx, row, a, b)
    {
        return if x.is_weak() && y.is_weak() { Array::weak(z.value) } else { Array::of_number(z) };
    }
    if let Some(z) = short::binary(cx, row, x, y) {
        return z.array(cx);
    }
    if let Some(z) = forward::binary(cx, row, x, y).or_else(|| levels::binary(cx, row, x, y)) {
        return z;
    }
    if short::is_square(row, x, y) {
        return unary(cx, &SQUARE, x);
    }
    apply(cx, row, &[x, y])
}

impl StorePrimitive for Unary {
    fn stored(&self) -> StoredPrimitive {
        StoredPrimitive::Static((self.this)())
    }
}

impl Unary {
    /// The derivative for small plain arrays in one loop, where there is one.
    #[inline]
    fn short_vjp(&self, cx: &Context, g: &Array, kept: &Kept<'_>) -> Option<Tensor> {
        let Array::Plain(g) = g else { return None };
        let (loops, v) = self.short_rule(cx, kept)?;
        cx.engine.small_pair(loops.apart, g, v)
    }

    /// The loops of the derivative, and what they read beside the cotangent.
    #[inline]
    fn short_rule<'k>(&self, cx: &Context, kept: &'k Kept<'_>) -> Option<(RuleLoops, &'k Tensor)> {
        let used = (self.rule.uses)([Uses(0), Uses(1), Uses(2)]);
        let v = match (used.has(1), used.has(2)) {
            (true, false) => kept.arg(0),
            (false, true) => kept.ans(),
            _ => return None,
        };
        match (self.rule.loops, v) {
            (Some(loops), Array::Plain(v)) if !used.functions() && !cx.unusual() => Some((loops, v)),
            _ => None,
        }
    }
}

impl Primitive for Unary {
    fn name(&self) -> &str {
        self.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        // Unlike abs, fabs is of floating type whatever it is applied to.
        if std::ptr::eq(self, &FABS) && !args[0].dtype().is_inexact() {
            return unary_kernel(cx, self.kernel, &astype(cx, &args[0], DType::F64));
        }
        unary_kernel(cx, self.kernel, &args[0])
    }

    fn number(&self, x: &[f64]) -> Option<(f64, [f64; 2])> {
        let (y, partial) = self.of_number(x[0]);
        Some((y, [partial, 0.0]))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        mask((self.rule.uses)([Uses(0), Uses(1), Uses(2)]).0, 1)
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        if let Some(part) = self.short_vjp(cx, g, kept) {
            return Array::Plain(part);
        }
        let rule = &self.rule;
        let used = (rule.uses)([Uses(0), Uses(1), Uses(2)]);
        let x = used.has(1).then(|| kept.arg(0));
        let y = used.has(2).then(|| kept.ans());
        with_exprs(cx, [Some(g), x, y], rule.array)
    }

    /// What has dtype and shape of `g` is added as it is.
    fn vjp_into(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>, alike: Alike, sum: &mut Array) -> bool {
        let part = if alike == Alike::DtypeAndShape { self.short_vjp(cx, g, kept) } else { None };
        part.is_some_and(|part| accumulate_short(cx, sum, part).is_ok())
    }

    fn vjp_in_place(&self, cx: &Context, _: usize, g: &mut Tensor, kept: &Kept<'_>) -> bool {
        self.short_rule(cx, kept).is_some_and(|(loops, v)| cx.engine.small_in_place(loops.in_place, g, v))
    }
}

impl StorePrimitive for Binary {
    fn stored(&self) -> StoredPrimitive {
        StoredPrimitive::Static((self.this)())
    }
}

impl Binary {
    #[inline(always)]
    fn uses(&self, argnum: usize) -> u8 {
        let rule = &self.rules[argnum];
        match rule.kind {
            RuleKind::Passes => 0,
            RuleKind::Times(k) => 1 << k,
            RuleKind::Other => (rule.uses)([Uses(0), Uses(1), Uses(2), Uses(4)]).0,
        }
    }
}

impl Primitive for Binary {
    fn name(&self) -> &str {
        self.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        binary_kernel(cx, self.kernel, &args[0], &args[1])
    }

    fn number(&self, x: &[f64]) -> Option<(f64, [f64; 2])> {
        let z = (self.kernel.scalar)(x[0], x[1]);
        Some((z, [0, 1].map(|side| (self.rules[side].number)([1.0, x[0], x[1], z]))))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, argnums: &[usize]) -> u64 {
        mask(argnums.iter().fold(0, |used, &k| used | self.uses(k)), 2)
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        match self.rules[argnum].kind {
            RuleKind::Passes => return g.clone(),
            RuleKind::Times(k) => return binary(cx, &SCALED, g, kept.arg(k)),
            RuleKind::Other => {}
        }
        let used = self.uses(argnum);
        let x = (used & 1 != 0).then(|| kept.arg(0));
        let y = (used & 2 != 0).then(|| kept.arg(1));
        let z = (used & 4 != 0).then(|| kept.ans());
        let rule = self.rules[argnum].array;
        // A narrower argument beside a wider one is as exact as that one: the rule computes in the dtype of both.
        let dtype = match [x, y, z].iter().flatten().filter(|a| !a.is_weak()).map(|a| a.dtype()).reduce(DType::promote)
        {
            Some(dtype) if dtype.is_inexact() => dtype,
            _ => return with_exprs(cx, [Some(g), x, y, z], rule),
        };
        // So is a number, unless it is the base of a complex power.
        let narrow = |a: &&Array| match a {
            Array::Number { value, .. } => *value < 0.0 && dtype.is_complex() && std::ptr::eq(self, &POW),
            a => !a.is_weak() && a.dtype() != dtype,
        };
        if ![x, y, z].iter().flatten().any(narrow) {
            return with_exprs(cx, [Some(g), x, y, z], rule);
        }
        let [x, y, z] = [x, y, z].map(|a| a.map(|a| if narrow(&a) { astype(cx, a, dtype) } else { a.clone() }));
        with_exprs(cx, [Some(g), x.as_ref(), y.as_ref(), z.as_ref()], rule)
    }

    /// What has dtype and shape of `g` is added as it is.
    fn vjp_into(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>, alike: Alike, sum: &mut Array) -> bool {
        if alike != Alike::DtypeAndShape || cx.unusual() {
            return false;
        }
        let part = match (self.rules[argnum].kind, g) {
            (RuleKind::Passes, Array::Plain(g)) => Some(g.clone()),
            (RuleKind::Times(k), Array::Plain(g)) => short::scaled(cx, g, kept.arg(k)),
            _ => None,
        };
        part.is_some_and(|part| accumulate_short(cx, sum, part).is_ok())
    }

    fn vjp_in_place(&self, cx: &Context, argnum: usize, g: &mut Tensor, kept: &Kept<'_>) -> bool {
        match self.rules[argnum].kind {
            RuleKind::Passes => !cx.unusual(),
            RuleKind::Times(k) => shared::scale(cx, g, kept.arg(k)),
            RuleKind::Other => false,
        }
    }
}

/// From the bits of [`Uses`] (arguments, then the result) to those of [`Primitive::keeps`].
fn mask(used: u8, nargs: u8) -> u64 {
    let ans = if used >> nargs & 1 == 1 { crate::trace::ANS } else { 0 };
    u64::from(used & ((1 << nargs) - 1)) | ans
}

/// Runs an operation that is not differentiated.
pub fn plain(cx: &Context, name: &str, run: impl FnOnce(&Context) -> Result<Array>, args: &[&Array]) -> Array {
    if cx.failed() {
        return Array::Null;
    }
    if args.iter().any(|a| a.is_null()) {
        return cx.fail(Error::handle("an argument is the null array").within(name));
    }
    if let Some(watcher) = cx.watcher() {
        return crate::trace::watch::plain(cx, &*watcher, name, args, || cx.take(name, run(cx)));
    }
    let result = run(cx);
    cx.take(name, result)
}

pub(super) fn unary_kernel(cx: &Context, kernel: &'static UnaryKernel, x: &Array) -> Result<Array> {
    let t = match x {
        Array::Number { value, weak } => return Ok(Array::Number { value: (kernel.scalar)(*value), weak: *weak }),
        Array::Plain(t) => t,
        _ => return Err(Error::handle("the null array has no elements")),
    };
    if let Some(y) = cx.engine.small_unary(kernel, t) {
        return Ok(Array::Plain(y));
    }
    let t = t.clone();
    let dtype = match (t.dtype(), kernel.no_bool) {
        (DType::Bool, Some(why)) => return Err(Error::dtype(why)),
        (DType::Bool | DType::I64, _) if kernel.i64.is_some() => DType::I64,
        (d, _) => d.inexact(),
    };
    let has_loop = match dtype {
        DType::C128 => kernel.c128.is_some(),
        DType::C64 => kernel.c64.is_some(),
        _ => true,
    };
    if !has_loop {
        return Err(unsupported(kernel.name, dtype));
    }
    let shape = Shape::from_slice(t.shape());
    let operands = [Operand::Array(cast(cx, t, dtype)?), Operand::None, Operand::None];
    Ok(cx.engine.elementwise(Op::Unary(kernel), dtype, dtype, &shape, operands)?.into())
}

fn unsupported(name: &str, dtype: DType) -> Error {
    Error::dtype(format!("{name} is not defined for dtype {}", dtype.name()))
}

fn binary_kernel(cx: &Context, kernel: &'static BinaryKernel, x: &Array, y: &Array) -> Result<Array> {
    if let (Array::Number { value: a, weak: v }, Array::Number { value: b, weak: w }) = (x, y) {
        return Ok(Array::Number { value: (kernel.scalar)(*a, *b), weak: *v && *w });
    }
    if let (Some(a), Some(b)) = (Argument::of(x), Argument::of(y))
        && let Some(z) = short::small(cx, kernel, [a.value, b.value])
    {
        return Ok(Array::Plain(z));
    }
    let mut dtype = promote(x, y);
    if dtype == DType::Bool && kernel.bool.is_none() {
        if let Some(why) = kernel.no_bool {
            return Err(Error::dtype(why));
        }
        dtype = DType::I64;
    }
    if dtype == DType::I64 && kernel.i64.is_none() {
        dtype = DType::F64;
    }
    let has_loop = match dtype {
        DType::C128 => kernel.c128.is_some(),
        DType::C64 => kernel.c64.is_some(),
        _ => true,
    };
    if !has_loop {
        return Err(unsupported(kernel.name, dtype));
    }
    let shape = shape::broadcast(x.shape(), y.shape())?;
    let operands = [operand(cx, x, dtype)?, operand(cx, y, dtype)?, Operand::None];
    if dtype == DType::I64
        && kernel.no_negative_integer
        && let Operand::Array(exponents) = &operands[1]
    {
        cx.engine.force(exponents)?;
        if exponents.view::<i64>().iter().any(|&e| e < 0) {
            return Err(Error::value("integers to negative integer powers are not allowed"));
        }
    }
    let operands = materialise_numbers(cx, operands, dtype)?;
    Ok(cx.engine.elementwise(Op::Binary(kernel), dtype, dtype, &shape, operands)?.into())
}

/// The dtype of a combination; a weak number has no say but makes integers floating.
pub fn promote(x: &Array, y: &Array) -> DType {
    match (x.is_weak(), y.is_weak()) {
        (true, false) => y.dtype().promote_weak(),
        (false, true) => x.dtype().promote_weak(),
        _ => x.dtype().promote(y.dtype()),
    }
}

/// A plain value as operand of a loop over `dtype`.
fn operand(cx: &Context, x: &Array, dtype: DType) -> Result<Operand> {
    Ok(match x {
        Array::Number { value, .. } => Operand::Number(*value),
        Array::Plain(t) => Operand::Array(cast(cx, t.clone(), dtype)?),
        _ => return Err(Error::handle("the null array has no elements")),
    })
}

/// Loops take one number at most; two of them (a comparison of numbers) become an array each.
fn materialise_numbers(cx: &Context, operands: [Operand; 3], dtype: DType) -> Result<[Operand; 3]> {
    Ok(match operands {
        [Operand::Number(a), Operand::Number(b), rest] => {
            let array = |v| cx.engine.full(dtype, &[], v).map(Operand::Array);
            [array(a)?, array(b)?, rest]
        }
        other => other,
    })
}
