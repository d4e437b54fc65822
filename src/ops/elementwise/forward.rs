//! Numbers in forward mode on one level: value and tangent by the rows' own loops for numbers, without the lists that the
//! general way needs.

use super::*;

/// Whether a value is in forward mode, or on several levels.
pub fn has_layer(x: &Array) -> bool {
    matches!(x, Array::Dual { .. } | Array::Nested(_))
}

/// A number with its tangent on a level; no level for a plain one.
fn dual(cx: &Context, x: &Array) -> Option<(u64, Option<f64>, f64)> {
    if let Array::Number { value, .. } = *x {
        return Some((0, None, value));
    }
    x.dual_number().filter(|(level, ..)| cx.trace.is_live(*level))
}

/// A function of one number.
pub fn unary(cx: &Context, row: &'static Unary, x: &Array) -> Option<Array> {
    if cx.unusual() {
        return None;
    }
    let (level, t, a) = x.dual_number().filter(|(level, ..)| cx.trace.is_live(*level))?;
    let y = (row.kernel.scalar)(a);
    let t = t.map_or(Array::Null, |t| Array::from((row.rule.number)([t, a, y])));
    Some(Array::dual(level, t, Array::from(y)))
}

/// A function of two numbers.
pub fn binary(cx: &Context, row: &'static Binary, x: &Array, y: &Array) -> Option<Array> {
    if cx.unusual() || !has_layer(x) && !has_layer(y) {
        return None;
    }
    let ((v, s, a), (w, t, b)) = (dual(cx, x)?, dual(cx, y)?);
    if v != w && v != 0 && w != 0 {
        return None;
    }
    let z = (row.kernel.scalar)(a, b);
    let part = |side: usize, t: f64| (row.rules[side].number)([t, a, b, z]);
    let t = match (s.map(|s| part(0, s)), t.map(|t| part(1, t))) {
        (Some(s), Some(t)) => Array::from(s + t),
        (Some(t), None) | (None, Some(t)) => Array::from(t),
        (None, None) => Array::Null,
    };
    Some(Array::dual(v.max(w), t, Array::from(z)))
}
