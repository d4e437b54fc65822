//! Nodes of functions whose derivative is computed with the value, by one kernel: the short way of tanh and of the
//! logistic function.

use super::*;

/// The rule of a node of the short way that keeps the derivative itself, in the place of its argument: it was computed with
/// the value, of a plain array.
pub struct Sloped(&'static Unary);

pub(super) static SLOPED_TANH: Sloped = Sloped(&TANH);
pub(super) static SLOPED_EXPIT: Sloped = Sloped(&EXPIT);

impl StorePrimitive for Sloped {
    fn stored(&self) -> StoredPrimitive {
        StoredPrimitive::Static(if std::ptr::eq(self.0, &TANH) { &SLOPED_TANH } else { &SLOPED_EXPIT })
    }
}

impl Primitive for Sloped {
    fn name(&self) -> &str {
        self.0.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        self.0.eval(cx, args)
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        1
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        binary(cx, &SCALED, g, kept.arg(0))
    }

    /// What has dtype and shape of `g` is added as it is.
    fn vjp_into(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>, alike: Alike, sum: &mut Array) -> bool {
        let part = match (SCALE.loops, g, kept.arg(0)) {
            (Some(loops), Array::Plain(g), Array::Plain(slope)) if alike == Alike::DtypeAndShape && !cx.unusual() => {
                cx.engine.small_pair(loops.apart, g, slope).or_else(|| short::scaled(cx, g, kept.arg(0)))
            }
            _ => None,
        };
        part.is_some_and(|part| accumulate_short(cx, sum, part).is_ok())
    }

    fn vjp_in_place(&self, cx: &Context, _: usize, g: &mut Tensor, kept: &Kept<'_>) -> bool {
        scale(cx, g, kept.arg(0))
    }
}

/// A cotangent times a slope.
static SCALE: Rule<3> = rule!(|g, s, _| g.scaled(s));

/// The product of a cotangent and a factor in the cotangent's place; `false` where that can't be done.
pub(super) fn scale(cx: &Context, g: &mut Tensor, by: &Array) -> bool {
    match (SCALE.loops, by) {
        _ if cx.unusual() => false,
        (Some(loops), Array::Plain(by)) => cx.engine.small_in_place(loops.in_place, g, by),
        (Some(loops), &Array::Number { value, .. }) => cx.engine.small_in_place_by(loops.by_number, g, value),
        _ => false,
    }
}

/// The rule of a node of the short way whose values are within [`math::FROM_VALUE`]: the derivative from the value, as the
/// kernels of the derivative compute it there.
pub struct FromValue {
    of: &'static Unary,
    rule: Rule<3>,
}

pub(super) static TANH_FROM_VALUE: FromValue =
    FromValue { of: &TANH, rule: rule!(|g, _, y| g.scaled((k(1.0) - y) * (k(1.0) + y))) };
pub(super) static EXPIT_FROM_VALUE: FromValue =
    FromValue { of: &EXPIT, rule: rule!(|g, _, y| g.scaled(y * (k(1.0) - y))) };

impl StorePrimitive for FromValue {
    fn stored(&self) -> StoredPrimitive {
        StoredPrimitive::Static(if std::ptr::eq(self.of, &TANH) { &TANH_FROM_VALUE } else { &EXPIT_FROM_VALUE })
    }
}

impl Primitive for FromValue {
    fn name(&self) -> &str {
        self.of.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        self.of.eval(cx, args)
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        crate::trace::ANS
    }

    fn vjp(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>) -> Array {
        with_exprs(cx, [Some(g), None, Some(kept.ans())], self.rule.array)
    }

    /// What has dtype and shape of `g` is added as it is.
    fn vjp_into(&self, cx: &Context, _: usize, g: &Array, kept: &Kept<'_>, alike: Alike, sum: &mut Array) -> bool {
        let part = match (self.rule.loops, g, kept.ans()) {
            (Some(loops), Array::Plain(g), Array::Plain(y)) if alike == Alike::DtypeAndShape && !cx.unusual() => {
                cx.engine.small_pair(loops.apart, g, y)
            }
            _ => None,
        };
        part.is_some_and(|part| accumulate_short(cx, sum, part).is_ok())
    }

    fn vjp_in_place(&self, cx: &Context, _: usize, g: &mut Tensor, kept: &Kept<'_>) -> bool {
        match (self.rule.loops, kept.ans()) {
            (Some(loops), Array::Plain(y)) if !cx.unusual() => cx.engine.small_in_place(loops.in_place, g, y),
            _ => false,
        }
    }
}
