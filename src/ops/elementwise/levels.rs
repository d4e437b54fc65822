//! Numbers on several levels, or in forward mode: a layer is taken off, the function applied to what is inside, and the layer
//! put around the result, as [`apply`] does it, without the lists that arguments of any number need. Rules and nodes are the
//! same, and so are the results.

use super::*;
use crate::kernels::stack;
use crate::trace::Nested;

/// An argument, apart from its layer of a level.
struct Peeled {
    /// [`NO_NODE`] for one that isn't recorded there.
    node: u32,
    /// Null for zero.
    tangent: Array,
    primal: Array,
}

/// The outermost level of a number, 0 for a plain one. `None` where the general way has something to find out: it isn't a
/// number, or its level has ended, or stands for a batch.
fn level(cx: &Context, x: &Array) -> Option<u64> {
    let level = match x {
        Array::Number { .. } => return Some(0),
        Array::Variable { level, .. } => *level,
        Array::Dual { level, .. } => u64::from(*level),
        Array::Nested(layer) if x.is_number() && !layer.batch => layer.level,
        _ => return None,
    };
    cx.trace.is_live(level).then_some(level)
}

fn peel(x: &Array, top: u64) -> Peeled {
    match x {
        Array::Variable { node, level, value } if *level == top => {
            Peeled { node: *node, tangent: Array::Null, primal: Array::from(*value) }
        }
        Array::Dual { level, tangent, value } if u64::from(*level) == top => {
            Peeled { node: NO_NODE, tangent: Array::from(*tangent), primal: Array::from(*value) }
        }
        Array::Nested(layer) if layer.level == top => {
            let Nested { node, tangent, primal, .. } = &**layer;
            Peeled { node: *node, tangent: tangent.clone(), primal: primal.clone() }
        }
        lower => Peeled { node: NO_NODE, tangent: Array::Null, primal: lower.clone() },
    }
}

/// What is around the result of `p`: a node on the level's tape, or the sum of the tangents' parts.
fn around<const N: usize>(
    cx: &Context,
    top: u64,
    p: &'static dyn Primitive,
    mask: u64,
    args: [Peeled; N],
    ans: Array,
) -> Array {
    if ans.is_null() {
        return ans;
    }
    let nodes = [0, 1].map(|k| args.get(k).map_or(NO_NODE, |arg| arg.node));
    let mut tangents = [const { Array::Null }; N];
    let mut k = 0;
    let mut primals = args.map(|arg| {
        tangents[k] = arg.tangent;
        k += 1;
        arg.primal
    });
    if let Some(node) = cx.trace.with_tape(top, |tape| tape.push_short_number(p, nodes, mask, &mut primals, &ans)) {
        return match node {
            Some(node) => Array::boxed(top, node, ans),
            None => cx.fail(p.failure(full())),
        };
    }
    let outer = cx.enter_rule();
    let kept = Kept::All { args: &primals, ans: std::slice::from_ref(&ans) };
    let mut sum = Array::Null;
    for (k, t) in tangents.iter().enumerate().filter(|(_, t)| !t.is_null()) {
        sum = accumulate(cx, sum, p.jvp(cx, k, t, &kept));
    }
    cx.leave_rule(outer);
    if cx.failed() {
        return Array::Null;
    }
    let fits = sum.is_null() || sum.is_number() && !sum.is_weak();
    Array::dual(top, if fits { sum } else { broadcast_tangent(cx, &sum, &ans) }, ans)
}

/// A function of a number.
pub fn unary(cx: &Context, row: &'static Unary, x: &Array) -> Option<Array> {
    if cx.unusual() || stack::is_short() {
        return None;
    }
    let top = level(cx, x)?;
    let x = peel(x, top);
    let ans = super::unary(cx, row, &x.primal);
    Some(around(cx, top, row, row.keeps(&[0]), [x], ans))
}

/// A function of two numbers of which one has a layer.
pub fn binary(cx: &Context, row: &'static Binary, x: &Array, y: &Array) -> Option<Array> {
    if !forward::has_layer(x) && !forward::has_layer(y) || cx.unusual() || stack::is_short() {
        return None;
    }
    let top = level(cx, x)?.max(level(cx, y)?);
    let args = [peel(x, top), peel(y, top)];
    let used = |k: usize| if args[k].node == NO_NODE { 0 } else { row.uses(k) };
    let mask = mask(used(0) | used(1), 2);
    if mask.count_ones() > 2 {
        return None;
    }
    let ans = super::binary(cx, row, &args[0].primal, &args[1].primal);
    Some(around(cx, top, row, mask, args, ans))
}
