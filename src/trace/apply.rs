//! Applying a primitive: strip a level, recurse, record. See the essay at the head of the folder.

use super::context::Context;
use super::operations;
use super::tape::{Meta, NO_NODE, Tape};
use super::value::Array;
use super::watch;
use crate::array::Tensor;
use crate::array::shape::Show;
use crate::error::{self, Error, Result};
use crate::kernels::stack;

use smallbox::{SmallBox, smallbox, space::S16};
use smallvec::SmallVec;
use std::ops::Deref;

/// A primitive as a node stores it.
pub enum StoredPrimitive {
    /// One that is always there, such as a row of a table of functions.
    Static(&'static dyn Primitive),
    /// With its parameters: in the node where it is small enough.
    Owned(SmallBox<dyn Primitive, S16>),
}

impl Deref for StoredPrimitive {
    type Target = dyn Primitive;

    #[inline]
    fn deref(&self) -> &(dyn Primitive + 'static) {
        match self {
            StoredPrimitive::Static(primitive) => *primitive,
            StoredPrimitive::Owned(primitive) => &**primitive,
        }
    }
}

/// Bit of [`Primitive::keeps`] for the results; bit `i` is for argument `i`.
pub const ANS: u64 = 1 << 63;
/// All arguments and all results.
pub const ALL: u64 = u64::MAX;

/// An operation with its parameters: how it is computed, and how it is differentiated.
///
/// A rule may return cotangents and tangents that have yet to be summed over broadcast axes, brought to the argument's
/// precision, or stripped of an imaginary part that a real argument has no use for: whoever called it does that. The
/// null value stands for zero.
///
/// Of each of the pairs [`eval`](Primitive::eval) and [`eval_all`](Primitive::eval_all), [`vjp`](Primitive::vjp) and
/// [`vjp_all`](Primitive::vjp_all), [`jvp`](Primitive::jvp) and [`jvp_all`](Primitive::jvp_all) one is to be written: the
/// other one calls it. What is element-wise may leave both of the last pair to `vjp`.
pub trait Primitive: StorePrimitive {
    /// The name that error messages begin with.
    fn name(&self) -> &str;

    /// A failure of it. An operation that C has no name for is a part of one that the caller knows.
    fn failure(&self, e: Error) -> Error {
        let name = self.name();
        e.within(if name.starts_with("ag_") { name } else { error::PART })
    }

    /// The only result (of several the first), for arguments of which none is boxed.
    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        Ok(self.eval_all(cx, args)?.into_iter().next().unwrap_or_default())
    }

    /// Value and partial derivatives for numbers; `None` where numbers are nothing special.
    fn number(&self, _args: &[f64]) -> Option<(f64, [f64; 2])> {
        None
    }

    /// The parameters as text, for traces: `axis=0`.
    fn parameters(&self) -> String {
        String::new()
    }

    /// All results.
    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        Ok(SmallVec::from_buf([self.eval(cx, args)?]))
    }

    /// What the VJPs of the arguments `argnums` read: bits of arguments, and [`ANS`].
    fn keeps(&self, argnums: &[usize]) -> u64;

    /// Whether each element of the result depends on the arguments' elements at its place alone. Then a batch is more elements,
    /// and the JVP is the VJP, since both multiply by the same derivative. Where there is none (of the conjugate, say) or the
    /// dtype changes, `jvp` is written.
    fn is_elementwise(&self) -> bool {
        false
    }

    /// The contribution to the cotangent of argument `argnum`, from the cotangent `g` of the result.
    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        self.vjp_all(cx, &[argnum], std::slice::from_ref(g), &[Meta::of(g)], kept).pop().unwrap_or_default()
    }

    /// The contribution to the tangent of the result, from the tangent `t` of argument `argnum`.
    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if self.is_elementwise() {
            return self.vjp(cx, argnum, t, kept);
        }
        self.jvp_all(cx, &[argnum], std::slice::from_ref(t), kept).into_iter().next().unwrap_or_default()
    }

    /// The cotangents of several arguments together, from those of all results (null for zero). By default only
    /// the cotangent of the first result counts.
    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _metas: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let mut parts = SmallVec::new();
        for &k in argnums {
            parts.push(if gs[0].is_null() { Array::Null } else { self.vjp(cx, k, &gs[0], kept) });
        }
        parts
    }

    /// The results of a batch at once, with its number along their first axis as it is along that of the arguments marked in
    /// `lead`. `None`: it is done value by value. Not asked of what is element-wise.
    fn batched(&self, _cx: &Context, _args: &[Array], _lead: &[bool]) -> Option<Array> {
        None
    }

    /// Adds the contribution to the cotangent of argument `argnum`, from the plain cotangent `g` of the only result, to `sum`
    /// in place; `alike` says what the argument has in common with the result. `sum` is null yet, or of the argument's dtype and
    /// shape. `false` where that can't be done, and `sum` is as it was. A primitive of the short way of recording calls no
    /// callback here and fails at nothing, since the tape is borrowed.
    fn vjp_into(
        &self,
        _cx: &Context,
        _argnum: usize,
        _g: &Array,
        _kept: &Kept<'_>,
        _alike: Alike,
        _sum: &mut Array,
    ) -> bool {
        false
    }

    /// The cotangent of argument `argnum`, the only recorded one and of the result's dtype and shape, made in the place of
    /// `g`, to which there is no other reference: the same bits as of [`Primitive::vjp_into`] beside it. `false` where that can't be done, and `g`
    /// is as it was.
    fn vjp_in_place(&self, _cx: &Context, _argnum: usize, _g: &mut Tensor, _kept: &Kept<'_>) -> bool {
        false
    }

    /// If the result is a run of the only argument's elements, in row-major order: where it begins, and how long it is. Then
    /// the cotangents of many of them may be put together at once, see `trace::sweep`.
    fn run(&self) -> Option<(usize, usize)> {
        None
    }

    /// The tangents of all results, from those of the arguments `argnums`.
    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let mut sum = Array::Null;
        for (&k, t) in argnums.iter().zip(ts) {
            let part = self.jvp(cx, k, t, kept);
            sum = operations::accumulate(cx, sum, part);
        }
        SmallVec::from_buf([sum])
    }
}

/// What is known of dtype and shape of an argument.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alike {
    Unknown,
    /// It has the dtype of the result.
    Dtype,
    /// It has dtype and shape of the result.
    DtypeAndShape,
}

/// Puts a copy of itself into a node; implemented for everything that can be cloned.
pub trait StorePrimitive {
    fn stored(&self) -> StoredPrimitive;
}

impl<P: Primitive + Clone + 'static> StorePrimitive for P {
    fn stored(&self) -> StoredPrimitive {
        StoredPrimitive::Owned(smallbox!(self.clone()))
    }
}

/// The values a rule may read.
pub enum Kept<'a> {
    /// Everything, while the operation is being applied.
    All { args: &'a [Array], ans: &'a [Array] },
    /// From a node: the arguments of the mask, then the results if it says so.
    Some { mask: u64, items: &'a [Array] },
}

impl Kept<'_> {
    #[inline]
    pub fn arg(&self, i: usize) -> &Array {
        match self {
            Kept::All { args, .. } => &args[i],
            Kept::Some { mask: ALL, items } => &items[i],
            Kept::Some { mask, items } => {
                debug_assert!(mask >> i & 1 == 1, "the rule reads argument {i} but doesn't keep it");
                // Counting bits is no single instruction everywhere.
                let before = if i < 2 { mask & i as u64 } else { u64::from((mask & ((1 << i) - 1)).count_ones()) };
                &items[before as usize]
            }
        }
    }

    /// The result, of a primitive with one.
    pub fn ans(&self) -> &Array {
        match self {
            Kept::All { ans, .. } => &ans[0],
            Kept::Some { items, .. } => items.last().expect("the rule reads the result but doesn't keep it"),
        }
    }

    /// Arguments and results, of a primitive that keeps [`ALL`] and has `nargs` arguments.
    pub fn all(&self, nargs: usize) -> (&[Array], &[Array]) {
        match self {
            Kept::All { args, ans } => (args, ans),
            Kept::Some { items, .. } => items.split_at(nargs),
        }
    }
}

/// Applies a primitive with one result.
pub fn apply(cx: &Context, p: &dyn Primitive, args: &[&Array]) -> Array {
    let plain = |a: &Array| matches!(a, Array::Number { .. } | Array::Plain(_));
    // Nothing to record: most of what a derivative rule does.
    let result = match *args {
        _ if cx.unusual() => return watch::apply(cx, p, args),
        [a] if plain(a) => p.eval(cx, std::slice::from_ref(a)),
        [a, b] if plain(a) && plain(b) => p.eval(cx, &[a.clone(), b.clone()]),
        [a] => match record_flat(cx, p, [a]) {
            Some(ans) => return ans,
            None => return apply_one(cx, p, args),
        },
        [a, b] => match record_flat(cx, p, [a, b]) {
            Some(ans) => return ans,
            None => return apply_one(cx, p, args),
        },
        _ => return apply_one(cx, p, args),
    };
    match result {
        Ok(ans) if !cx.failed() => ans,
        Ok(_) => Array::Null,
        Err(e) => cx.fail(p.failure(e)),
    }
}

/// Applies a primitive with one result, whether or not somebody watches.
pub(super) fn apply_one(cx: &Context, p: &dyn Primitive, args: &[&Array]) -> Array {
    apply_with(cx, p, args, &|p, primals| p.eval(cx, primals)).unwrap_or_default()
}

/// An operation whose arguments are plain, or recorded on one open tape over plain values: what nearly all operations of
/// a first derivative are. `None` for all others.
fn record_flat<const N: usize>(cx: &Context, p: &dyn Primitive, args: [&Array; N]) -> Option<Array> {
    let mut top = 0;
    for a in args {
        match *a {
            Array::Number { .. } | Array::Plain(_) => {}
            Array::Variable { level, .. } | Array::Recorded { level, .. } if top == 0 || top == level => top = level,
            _ => return None,
        }
    }
    if !cx.trace.is_live(top) {
        return None;
    }
    let (mut argnums, mut parents, mut count) = ([0; N], [(0, 0); N], 0);
    let mut parent = |k: usize, node: u32| {
        (argnums[count], parents[count]) = (k, (k as u32, node));
        count += 1;
    };
    let mut k = 0;
    let mut primals = args.map(|a| {
        k += 1;
        match a {
            Array::Variable { node, value, .. } => {
                parent(k - 1, *node);
                Array::from(*value)
            }
            Array::Recorded { node, value, .. } => {
                parent(k - 1, *node);
                Array::Plain(value.clone())
            }
            plain => plain.clone(),
        }
    });
    let ans = match p.eval(cx, &primals) {
        Ok(ans) if !cx.failed() => ans,
        Ok(_) => return Some(Array::Null),
        Err(e) => return Some(cx.fail(p.failure(e))),
    };
    let noted = cx.trace.with_tape(top, |tape| {
        note(tape, p, &argnums[..count], &parents[..count], &mut primals, std::slice::from_ref(&ans))
    });
    Some(match noted.flatten() {
        None => ans,
        Some(None) => cx.fail(p.failure(full())),
        Some(Some(node)) => Array::boxed(top, node, ans),
    })
}

/// There is no room for a node.
#[cold]
pub fn full() -> Error {
    Error::memory("the tape cannot grow: there is no memory for it, or it holds 2^32 nodes")
}

/// Records what was done: the first result's node, or `None` in its place if the tape is full. Nothing at all for what
/// cannot be differentiated (integers, say). Takes the arguments that the rule reads.
fn note(
    tape: &mut Tape,
    p: &dyn Primitive,
    argnums: &[usize],
    parents: &[(u32, u32)],
    primals: &mut [Array],
    ans: &[Array],
) -> Option<Option<u32>> {
    if !ans.iter().any(|a| a.dtype().is_inexact()) {
        return None;
    }
    let mask = p.keeps(argnums);
    let stored = p.stored();
    if let (StoredPrimitive::Static(rule), [ans], 1..=2) = (&stored, ans, primals.len())
        && ans.is_number()
        && mask.count_ones() <= 2
    {
        let mut nodes = [NO_NODE; 2];
        for &(argnum, node) in parents {
            nodes[argnum as usize] = node;
        }
        return Some(tape.push_short_number(*rule, nodes, mask, primals, ans));
    }
    let mut general = tape.blank();
    if primals.len() > MANY
        && (general.parents.try_reserve(parents.len()).is_err()
            || general.kept.try_reserve(primals.len() + ans.len()).is_err())
        || ans.len() > MANY && general.metas.try_reserve(ans.len()).is_err()
    {
        return Some(None);
    }
    general.rule = Some(stored);
    general.parents.extend_from_slice(parents);
    general.mask = mask;
    for (k, primal) in primals.iter_mut().enumerate() {
        if mask == ALL || k < 63 && mask >> k & 1 == 1 {
            general.kept.push(std::mem::take(primal));
        }
    }
    for a in ans {
        if mask & ANS != 0 {
            general.kept.push(a.clone());
        }
        general.metas.push(Meta::of(a));
    }
    Some(tape.push(general))
}

/// Applies a primitive; no results at all when something is wrong.
pub fn apply_multi(cx: &Context, p: &dyn Primitive, args: &[&Array]) -> SmallVec<[Array; 1]> {
    if cx.unusual() { watch::apply_multi(cx, p, args) } else { apply_all(cx, p, args) }
}

pub(super) fn apply_all(cx: &Context, p: &dyn Primitive, args: &[&Array]) -> SmallVec<[Array; 1]> {
    apply_with(cx, p, args, &|p, primals| p.eval_all(cx, primals)).unwrap_or_default()
}

/// One result or several of them; the former is worth a path without lists.
trait Results: Sized {
    fn as_slice(&self) -> &[Array];
    fn map(self, f: impl FnMut(Array) -> Array) -> Self;
    /// From at least one value.
    fn of(values: SmallVec<[Array; 1]>) -> Self;
    /// From values in the same number.
    fn zip(self, other: SmallVec<[Array; 1]>, f: impl FnMut(Array, Array) -> Array) -> Self;
}

impl Results for Array {
    fn as_slice(&self) -> &[Array] {
        std::slice::from_ref(self)
    }
    fn map(self, mut f: impl FnMut(Array) -> Array) -> Array {
        f(self)
    }
    fn of(mut values: SmallVec<[Array; 1]>) -> Array {
        values.pop().unwrap_or_default()
    }
    fn zip(self, mut other: SmallVec<[Array; 1]>, mut f: impl FnMut(Array, Array) -> Array) -> Array {
        f(self, other.pop().unwrap_or_default())
    }
}

impl Results for SmallVec<[Array; 1]> {
    fn as_slice(&self) -> &[Array] {
        self
    }
    fn map(self, f: impl FnMut(Array) -> Array) -> Self {
        self.into_iter().map(f).collect()
    }
    fn of(values: SmallVec<[Array; 1]>) -> Self {
        values
    }
    fn zip(self, other: SmallVec<[Array; 1]>, mut f: impl FnMut(Array, Array) -> Array) -> Self {
        self.into_iter().zip(other).map(|(a, b)| f(a, b)).collect()
    }
}

/// Lists of so many arguments are asked for before they are filled.
const MANY: usize = 64;

type Eval<'e, R> = &'e dyn Fn(&dyn Primitive, &[Array]) -> Result<R>;

fn apply_with<R: Results>(cx: &Context, p: &dyn Primitive, args: &[&Array], eval: Eval<'_, R>) -> Option<R> {
    if cx.failed() {
        return None;
    }
    let mut top = 0;
    for a in args {
        match a {
            Array::Number { .. } | Array::Plain(_) => {}
            Array::Null => {
                cx.fail(p.failure(Error::handle("an argument is the null array")));
                return None;
            }
            boxed => {
                cx.refuse_saved(boxed);
                top = top.max(boxed.level(&cx.trace));
            }
        }
    }
    if cx.failed() {
        return None;
    }
    let computed = |primals: &[Array]| match eval(p, primals) {
        Ok(ans) if !cx.failed() => Some(ans),
        Ok(_) => None,
        Err(e) => {
            cx.fail(p.failure(e));
            None
        }
    };
    let mut primals: SmallVec<[Array; 3]> = SmallVec::new();
    let mut argnums: SmallVec<[usize; 3]> = SmallVec::new();
    let mut parents: SmallVec<[(u32, u32); 3]> = SmallVec::new();
    let mut tangents: SmallVec<[Array; 3]> = SmallVec::new();
    let n = args.len();
    if n > MANY
        && (primals.try_reserve(n).is_err()
            || argnums.try_reserve(n).is_err()
            || parents.try_reserve(n).is_err()
            || tangents.try_reserve(n).is_err())
    {
        cx.fail(p.failure(Error::too_many(n)));
        return None;
    }
    if top == 0 {
        for a in args {
            primals.push(a.plain());
        }
        return computed(&primals);
    }
    let level = cx.trace.level(top).expect("a live level is open");
    if let Some(n) = level.batch {
        return over_batch(cx, p, (top, n), args, eval);
    }
    let mut lower = false;
    for (k, a) in args.iter().enumerate() {
        let primal = match a.layer(top) {
            Some(((node, tangent), primal)) => {
                argnums.push(k);
                parents.push((k as u32, node));
                if level.tape.is_none() {
                    tangents.push(tangent);
                }
                primal
            }
            None => (*a).clone(),
        };
        lower |= !matches!(primal, Array::Number { .. } | Array::Plain(_));
        primals.push(primal);
    }
    let ans = if lower {
        if stack::is_short() {
            let left = stack::left();
            let e = Error::tape(format!("levels are nested too deep: {left} bytes of the thread's stack are left"));
            cx.fail(p.failure(e));
            return None;
        }
        apply_with(cx, p, &primals.iter().collect::<SmallVec<[&Array; 3]>>(), eval)?
    } else {
        computed(&primals)?
    };
    let Some(tape) = level.tape else {
        return forward(cx, p, top, &argnums, tangents, &primals, ans);
    };
    let Some(node) = note(&mut tape.borrow_mut(), p, &argnums, &parents, &mut primals, ans.as_slice()) else {
        return Some(ans);
    };
    let Some(mut node) = node else {
        cx.fail(p.failure(full()));
        return None;
    };
    Some(ans.map(|a| {
        node += 1;
        Array::boxed(top, node - 1, a)
    }))
}

/// A primitive on batches: at once if it says how, else value by value.
fn over_batch<R: Results>(
    cx: &Context,
    p: &dyn Primitive,
    (level, n): (u64, usize),
    args: &[&Array],
    eval: Eval<'_, R>,
) -> Option<R> {
    let mut lead: SmallVec<[bool; 3]> = SmallVec::new();
    let primals: SmallVec<[Array; 3]> = args
        .iter()
        .map(|a| {
            let layer = a.layer(level);
            lead.push(layer.is_some());
            layer.map_or_else(|| (*a).clone(), |(_, primal)| primal)
        })
        .collect();
    let at_once = if p.is_elementwise() {
        operations::batched_elementwise(cx, p, &primals, &lead)
    } else {
        p.batched(cx, &primals, &lead)
    };
    if let Some(ans) = at_once {
        return (!cx.failed()).then(|| R::of(SmallVec::from_buf([Array::batch(level, ans)])));
    }
    let mut columns: SmallVec<[Vec<Array>; 1]> = SmallVec::new();
    let mut metas: SmallVec<[Meta; 1]> = SmallVec::new();
    for i in 0..n {
        let one: SmallVec<[Array; 3]> = primals
            .iter()
            .zip(&lead)
            .map(|(x, &lead)| if lead { operations::element(cx, x, i) } else { x.clone() })
            .collect();
        let ans = apply_with(cx, p, &one.iter().collect::<SmallVec<[&Array; 3]>>(), eval)?;
        if i == 0 {
            columns.resize_with(ans.as_slice().len(), Vec::new);
            metas = ans.as_slice().iter().map(Meta::of).collect();
        } else if let Err(e) = same_results(&metas, ans.as_slice(), numbered(metas.len())) {
            // What the library computes is alike; what a primitive of the caller's returns need not be.
            cx.fail(p.failure(e));
            return None;
        }
        columns.iter_mut().zip(ans.as_slice()).for_each(|(c, a)| c.push(a.clone()));
    }
    let stacked = columns.iter().map(|c| Array::batch(level, operations::stack(cx, &c.iter().collect::<Vec<_>>(), 0)));
    let stacked: SmallVec<[Array; 1]> = stacked.collect();
    (!cx.failed()).then(|| R::of(stacked))
}

/// Whether results have the number, the shapes and the dtypes they had before; `place` names one of them.
pub fn same_results(before: &[Meta], now: &[Array], place: impl Fn(usize) -> String) -> Result<()> {
    if before.len() != now.len() {
        let (now, before) = (now.len(), before.len());
        return Err(Error::value(format!("called again, the function returned {now} results instead of {before}")));
    }
    for (i, (y, before)) in now.iter().zip(before).enumerate() {
        let what = if y.shape() != &before.shape[..] {
            let (now, before) = (Show(y.shape()), Show(&before.shape));
            Error::shape(format!("called again, the function returned shape {now}{} instead of {before}", place(i)))
        } else if y.dtype() != before.dtype {
            let (now, before) = (y.dtype().name(), before.dtype.name());
            Error::dtype(format!("called again, the function returned dtype {now}{} instead of {before}", place(i)))
        } else {
            continue;
        };
        return Err(what);
    }
    Ok(())
}

/// Where a result of several stands.
pub fn numbered(of: usize) -> impl Fn(usize) -> String {
    move |i| if of > 1 { format!(" as result {i}") } else { String::new() }
}

fn forward<R: Results>(
    cx: &Context,
    p: &dyn Primitive,
    level: u64,
    argnums: &[usize],
    tangents: SmallVec<[Array; 3]>,
    primals: &[Array],
    ans: R,
) -> Option<R> {
    let (mut live, mut ts): (SmallVec<[usize; 3]>, SmallVec<[Array; 3]>) = Default::default();
    for (&k, t) in argnums.iter().zip(tangents) {
        if !t.is_null() {
            live.push(k);
            ts.push(t);
        }
    }
    if live.is_empty() || !ans.as_slice().iter().any(|a| a.dtype().is_inexact()) {
        return Some(ans.map(|a| Array::dual(level, Array::Null, a)));
    }
    let tangents = jvp_of(cx, p, &live, &ts, &Kept::All { args: primals, ans: ans.as_slice() });
    if cx.failed() {
        return None;
    }
    Some(ans.zip(tangents, |a, t| {
        let t = if t.is_null() { t } else { operations::broadcast_tangent(cx, &t, &a) };
        Array::dual(level, t, a)
    }))
}

/// The tangents of a primitive's results, while its rules run: values must not be read there, see
/// [`Context::enter_rule`].
pub fn jvp_of(
    cx: &Context,
    p: &dyn Primitive,
    argnums: &[usize],
    ts: &[Array],
    kept: &Kept<'_>,
) -> SmallVec<[Array; 1]> {
    let push = || {
        let outer = cx.enter_rule();
        let result = p.jvp_all(cx, argnums, ts, kept);
        cx.leave_rule(outer);
        result
    };
    match cx.watcher() {
        None => push(),
        Some(watcher) => watch::push(cx, &*watcher, p, ts, push),
    }
}
