//! The reverse sweep: from cotangents of results to cotangents of inputs, one loop down the tape.
//!
//! ```text
//! cotangent[y] = g
//! for node in y, y - 1, ..., the earliest input wanted:
//!     for each parent:  cotangent[parent] += rule(cotangent[node])
//! ```
//! A tape of numbers alone is swept with plain arithmetic on the partial derivatives that its nodes hold. On any other
//! tape cotangents are arrays and the rules are the library's own operations, so that a sweep whose values are boxed
//! at an outer level is recorded there.

use super::operations::{
    accumulate, accumulate_element, accumulate_total, all_axes_of, gathered, scaled, spread, unbroadcast,
};
use super::short::ShortNode;
use super::watch::Pull;
use super::{Alike, Array, Arrays, Context, Kept, Link, Meta, NO_NODE, Primitive, Tape};
use crate::array::Tensor;
use crate::error::{self, Error};
use crate::kernels::memory::{try_list, try_push};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Larger lists of cotangents are given back after the sweep.
const KEEP: usize = 1 << 22;

/// Cotangents of `inputs` (nodes of the tape) for the given cotangents of results; null for an input that none of the
/// results depends on. A consumed tape's nodes are dropped on the way, which frees what they kept.
pub fn pull_back(
    cx: &Context,
    tape: &Rc<RefCell<Tape>>,
    seeds: &[(u32, Array)],
    inputs: &[u32],
    consume: bool,
) -> Arrays {
    let none = || Array::nulls(inputs.len());
    let (Some(last), Some(first)) = (seeds.iter().map(|s| s.0).max(), inputs.iter().copied().min()) else {
        return none();
    };
    if cx.failed() || first > last {
        return none();
    }
    // What fails in a rule is a failure of the operation whose rule it is, not of whoever sweeps, if it has a name.
    let calling = cx.calling("");
    let found = sweep(cx, tape, seeds, (first, last), inputs, consume);
    drop(calling);
    if cx.failed() {
        cx.amend_error(|e| if e.is_of(error::PART) { e.of(cx.called()) } else { e });
    }
    found
}

fn sweep(
    cx: &Context,
    tape: &Rc<RefCell<Tape>>,
    seeds: &[(u32, Array)],
    (first, last): (u32, u32),
    inputs: &[u32],
    consume: bool,
) -> Arrays {
    let numbers: Option<SmallVec<[(u32, f64); 2]>> = seeds
        .iter()
        .map(|(node, g)| match g {
            Array::Number { value, .. } => Some((*node, *value)),
            _ => None,
        })
        .collect();
    if let Some(numbers) = numbers
        && !cx.unusual()
        && tape.borrow().is_numbers()
    {
        return sweep_numbers(cx, &tape.borrow(), &numbers, last, first, inputs);
    }
    sweep_arrays(cx, tape, seeds, last, first, inputs, consume)
}

#[cold]
fn no_memory(cx: &Context) {
    cx.fail(Error::memory("no memory for the cotangents of the tape's nodes"));
}

fn sweep_numbers(cx: &Context, tape: &Tape, seeds: &[(u32, f64)], last: u32, first: u32, inputs: &[u32]) -> Arrays {
    let n = last as usize + 1;
    let mut cotangents = cx.number_cotangents.take();
    cotangents.clear();
    if cotangents.try_reserve(n).is_err() {
        no_memory(cx);
        return Arrays::new();
    }
    cotangents.resize(n, 0.0);
    for &(node, g) in seeds {
        cotangents[node as usize] += g;
    }
    // Dependence is not the same as a cotangent that isn't 0: it goes along as a mark only where the question arises.
    for i in (first as usize..n).rev() {
        let g = cotangents[i];
        if g == 0.0 {
            continue;
        }
        let Link::Number(parents, partials) = tape.heads[i].link() else { continue };
        // As `Elem::scaled` does: a partial derivative of 0 lets nothing through, not even an infinity.
        if parents[0] != NO_NODE && partials[0] != 0.0 {
            cotangents[parents[0] as usize] += g * partials[0];
        }
        if parents[1] != NO_NODE && partials[1] != 0.0 {
            cotangents[parents[1] as usize] += g * partials[1];
        }
    }
    let result = inputs
        .iter()
        .map(|&i| match cotangents.get(i as usize) {
            Some(&g) if g != 0.0 || depends(cx, tape, seeds, first, i) => Array::from(g),
            _ => Array::Null,
        })
        .collect();
    if cotangents.len() <= KEEP {
        cx.number_cotangents.set(cotangents);
    }
    result
}

/// Whether a result depends on node `input`: asked only where the derivative is 0.
fn depends(cx: &Context, tape: &Tape, seeds: &[(u32, f64)], first: u32, input: u32) -> bool {
    let last = seeds.iter().map(|s| s.0).max().unwrap_or(0);
    let count = (last - first) as usize + 1;
    let Some(mut reached) = try_list(count) else {
        no_memory(cx);
        return false;
    };
    reached.resize(count, false);
    seeds.iter().filter(|s| s.0 >= first).for_each(|s| reached[(s.0 - first) as usize] = true);
    for i in (first..=last).rev() {
        if !reached[(i - first) as usize] {
            continue;
        }
        if i == input {
            return true;
        }
        if let Link::Number(parents, _) = tape.heads[i as usize].link() {
            for p in parents.into_iter().filter(|&p| p != NO_NODE && p >= first) {
                reached[(p - first) as usize] = true;
            }
        }
    }
    false
}

fn sweep_arrays(
    cx: &Context,
    tape: &Rc<RefCell<Tape>>,
    seeds: &[(u32, Array)],
    last: u32,
    first: u32,
    inputs: &[u32],
    consume: bool,
) -> Arrays {
    // A list of nulls, left like that by the sweep before.
    let mut list = cx.cotangents.take();
    let n = tape.borrow().heads.len().max(last as usize + 1);
    if list.len() < n {
        if list.try_reserve(n - list.len()).is_err() {
            no_memory(cx);
            return Arrays::new();
        }
        list.resize_with(n, Array::default);
    }
    let cotangents = &mut list[..n];
    for (node, g) in seeds {
        let old = std::mem::take(&mut cotangents[*node as usize]);
        cotangents[*node as usize] = accumulate(cx, old, g.clone());
    }
    let wanted = Wanted { inputs, highest: inputs.iter().copied().max().unwrap_or(0) };
    let mut collected = Collected::default();
    // One past the next node.
    let mut i = last + 1;
    while i > first {
        i -= 1;
        if cx.failed() {
            break;
        }
        collected.settle(cx, tape, i, cotangents);
        let head = tape.borrow().heads[i as usize];
        let of_numbers = matches!(head.link(), Link::Number(..) | Link::Element(..) | Link::Total(..));
        if of_numbers && collected.elements.is_empty() && !cx.unusual() {
            let next = pull_numbers(cx, &tape.borrow(), cotangents, i, first, wanted);
            if next <= i {
                i = next;
                continue;
            }
        }
        match head.link() {
            Link::Result => {}
            Link::Element(parent, at) => {
                if cotangents[i as usize].is_null() {
                    continue;
                }
                let g = take_unless(cotangents, i, wanted);
                if !cx.watched() {
                    collected.add(cx, tape, parent, at, g, cotangents);
                    continue;
                }
                let (gs, parents) = (std::slice::from_ref(&g), [(0, parent)]);
                let pull = Pull { tape, node: i, name: Some("ag_index"), primitive: None, gs, parents: &parents };
                watched(cx, &pull, cotangents, &mut |cotangents| {
                    collected.add(cx, tape, parent, at, g.clone(), cotangents);
                    collected.settle(cx, tape, parent, cotangents);
                });
            }
            Link::Total(parent) => {
                if cotangents[i as usize].is_null() {
                    continue;
                }
                let g = take_unless(cotangents, i, wanted);
                if !cx.watched() {
                    pull_total(cx, tape, &g, parent, cotangents);
                    continue;
                }
                let (gs, parents) = (std::slice::from_ref(&g), [(0, parent)]);
                let pull = Pull { tape, node: i, name: Some("ag_sum"), primitive: None, gs, parents: &parents };
                watched(cx, &pull, cotangents, &mut |c| pull_total(cx, tape, &g, parent, c));
            }
            Link::Number(parents, partials) => {
                if cotangents[i as usize].is_null() {
                    continue;
                }
                let g = take_unless(cotangents, i, wanted);
                if parents == [NO_NODE; 2] {
                    continue;
                }
                if !cx.watched() {
                    pull_number(cx, &g, parents, partials, cotangents);
                    continue;
                }
                let known: SmallVec<[(u32, u32); 2]> = (0..).zip(parents).filter(|(_, p)| *p != NO_NODE).collect();
                let gs = std::slice::from_ref(&g);
                let pull = Pull { tape, node: i, name: None, primitive: None, gs, parents: &known };
                watched(cx, &pull, cotangents, &mut |c| pull_number(cx, &g, parents, partials, c));
            }
            Link::Short(k) => {
                if cotangents[i as usize].is_null() {
                    continue;
                }
                let array = tape.borrow().short[k as usize].descriptor().is_some();
                if array && !cx.unusual() && matches!(cotangents[i as usize], Array::Plain(_)) {
                    i = pull_short(cx, tape, cotangents, i, first, wanted, consume);
                    continue;
                }
                let g = take_unless(cotangents, i, wanted);
                if !array && !cx.unusual() {
                    pull_short_number(cx, tape, k, &g, cotangents, consume);
                    continue;
                }
                let (rule, meta, parents, taken) = {
                    let tape = tape.borrow();
                    let node = &tape.short[k as usize];
                    (node.rule, node.meta(), node.recorded(), node.taken())
                };
                let Some(rule) = rule else {
                    swept(cx);
                    break;
                };
                let node = Node { rule, parents: &parents, kept: taken.kept(), metas: &[meta] };
                pull_node(cx, tape, i, &node, std::slice::from_ref(&g), cotangents, &mut collected);
                if consume {
                    let kept = tape.borrow_mut().short[k as usize].take();
                    drop(kept);
                }
            }
            Link::General(k) => {
                let count = {
                    let tape = tape.borrow();
                    tape.prefetch_before(k as usize);
                    match &tape.general[k as usize] {
                        Some(g) if g.rule.is_some() => g.metas.len(),
                        Some(_) => {
                            drop(tape);
                            drop(take_unless(cotangents, i, wanted));
                            continue;
                        }
                        None => {
                            drop(tape);
                            swept(cx);
                            break;
                        }
                    }
                };
                let results = i..i + count as u32;
                if results.clone().all(|j| cotangents[j as usize].is_null()) {
                    continue;
                }
                let mut gs: SmallVec<[Array; 1]> = SmallVec::new();
                for j in results {
                    gs.push(take_unless(cotangents, j, wanted));
                }
                let mut node = tape.borrow_mut().general[k as usize].take().expect("it was there");
                let rule = node.rule.as_deref().expect("inputs are passed over");
                let kept = Kept::Some { mask: node.mask, items: &node.kept };
                let view = Node { rule, parents: &node.parents, kept, metas: &node.metas };
                pull_node(cx, tape, i, &view, &gs, cotangents, &mut collected);
                if consume {
                    node.clear();
                    tape.borrow_mut().recycle(node);
                } else {
                    tape.borrow_mut().general[k as usize] = Some(node);
                }
            }
        }
    }
    let result = inputs
        .iter()
        .map(|&i| if cx.failed() { Array::Null } else { std::mem::take(&mut cotangents[i as usize]) })
        .collect();
    // Those of swept nodes were taken.
    let rest = if cx.failed() { n } else { first as usize };
    cotangents[..rest].iter_mut().filter(|g| !g.is_null()).for_each(Array::clear);
    debug_assert!(cotangents.iter().all(Array::is_null));
    if list.len() <= KEEP {
        cx.cotangents.set(list);
    }
    result
}

/// A run of elements waits for others if it is this many times smaller than its array: for a few long ones the general way is
/// shorter.
const FEW: usize = 16;

fn node_size(tape: &Rc<RefCell<Tape>>, node: u32) -> usize {
    tape.borrow().meta(node).map_or(1, |meta| meta.shape.iter().product())
}

/// Cotangents of elements that could not be added to that of their array in place, by array: they wait until it is the
/// array's turn, and are put together at once.
#[derive(Default)]
struct Collected {
    elements: HashMap<u32, Vec<(usize, Array)>>,
}

impl Collected {
    /// The cotangent `g` of the element at a row-major position of `parent`.
    fn add(
        &mut self,
        cx: &Context,
        tape: &Rc<RefCell<Tape>>,
        parent: u32,
        at: usize,
        g: Array,
        cotangents: &mut [Array],
    ) {
        let sum = &mut cotangents[parent as usize];
        if let Array::Number { value, .. } = g {
            let meta = || tape.borrow().meta(parent).expect("an array has a descriptor");
            if accumulate_element(cx, sum, meta, at, value) {
                return;
            }
        }
        if try_push(self.elements.entry(parent).or_default(), (at, g)).is_err() {
            no_memory(cx);
        }
    }

    /// It is the turn of node `i`.
    #[inline]
    fn settle(&mut self, cx: &Context, tape: &Rc<RefCell<Tape>>, i: u32, cotangents: &mut [Array]) {
        if self.elements.is_empty() {
            return;
        }
        let Some(list) = self.elements.remove(&i) else { return };
        let meta = tape.borrow().meta(i).expect("an array has a descriptor");
        let part = gathered(cx, &meta, &list);
        add(cx, tape, i, part, cotangents);
    }
}

/// A step of the sweep in the hands of whoever watches.
#[cold]
fn watched(cx: &Context, pull: &Pull<'_>, cotangents: &mut [Array], run: &mut dyn FnMut(&mut [Array])) {
    match cx.watcher() {
        Some(watcher) => watcher.pull(cx, pull, cotangents, run),
        None => run(cotangents),
    }
}

/// The steps of numbers, elements and sums, from `last` down as long as they are such, and all cotangents are plain numbers, or
/// arrays with one reference. Returns the node that comes after the next one, as the loop of the sweep counts.
fn pull_numbers(cx: &Context, tape: &Tape, cotangents: &mut [Array], last: u32, first: u32, wanted: Wanted<'_>) -> u32 {
    let heads = &tape.heads;
    let mut i = last;
    loop {
        let value = match cotangents[i as usize] {
            Array::Null => None,
            Array::Number { value, .. } => Some(value),
            _ => return i + 1,
        };
        let done = match (heads[i as usize].link(), value) {
            (Link::Number(..) | Link::Element(..) | Link::Total(_), None) => true,
            (Link::Number(parents, partials), Some(g)) => add_numbers(cotangents, g, parents, partials),
            (Link::Element(parent, at), Some(g)) => match &mut cotangents[parent as usize] {
                Array::Plain(t) => t.unique_mut::<f64>().and_then(|d| d.get_mut(at)).map(|d| *d += g).is_some(),
                _ => false,
            },
            (Link::Total(parent), Some(g)) => {
                let descriptor = || tape.short(parent).and_then(ShortNode::descriptor);
                accumulate_total(cx, &mut cotangents[parent as usize], descriptor, g)
            }
            _ => false,
        };
        if !done {
            return i + 1;
        }
        if value.is_some() && !wanted.has(i) {
            cotangents[i as usize].clear();
        }
        if i == first {
            return i;
        }
        i -= 1;
    }
}

fn pull_number(cx: &Context, g: &Array, parents: [u32; 2], partials: [f64; 2], cotangents: &mut [Array]) {
    if let Array::Number { value, .. } = *g
        && add_numbers(cotangents, value, parents, partials)
    {
        return;
    }
    for (p, partial) in parents.into_iter().zip(partials).filter(|(p, _)| *p != NO_NODE) {
        let part = scaled(cx, g, partial);
        let old = std::mem::take(&mut cotangents[p as usize]);
        cotangents[p as usize] = accumulate(cx, old, part);
    }
}

/// The step of a sum's node: its cotangent goes to all elements of the array.
fn pull_total(cx: &Context, tape: &Rc<RefCell<Tape>>, g: &Array, parent: u32, cotangents: &mut [Array]) {
    let meta = tape.borrow().meta(parent).expect("an array has a descriptor");
    let part = spread(cx, g, &meta.shape, &all_axes_of(meta.shape.len()));
    add(cx, tape, parent, part, cotangents);
}

/// The step of a number's node in plain arithmetic, if all cotangents that it adds to are numbers.
fn add_numbers(cotangents: &mut [Array], g: f64, parents: [u32; 2], partials: [f64; 2]) -> bool {
    let is_number = |p: u32| p == NO_NODE || matches!(cotangents[p as usize], Array::Null | Array::Number { .. });
    if !is_number(parents[0]) || !is_number(parents[1]) {
        return false;
    }
    for (p, partial) in parents.into_iter().zip(partials).filter(|(p, _)| *p != NO_NODE) {
        // As `Elem::scaled` does: 0 lets nothing through.
        let part = if g == 0.0 || partial == 0.0 { 0.0 } else { g * partial };
        match &mut cotangents[p as usize] {
            Array::Number { value, weak } => (*value, *weak) = (*value + part, false),
            null => null.fill(Array::from(0.0 + part)),
        }
    }
    true
}

/// The cotangent of node `i`; it stays in the list if it is wanted in the end.
#[inline(always)]
fn take_unless(cotangents: &mut [Array], i: u32, wanted: Wanted<'_>) -> Array {
    let g = &mut cotangents[i as usize];
    if wanted.has(i) { g.clone() } else { std::mem::take(g) }
}

/// The nodes whose cotangents are asked for.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    inputs: &'a [u32],
    highest: u32,
}

impl Wanted<'_> {
    #[inline(always)]
    fn has(&self, node: u32) -> bool {
        node <= self.highest && self.inputs.contains(&node)
    }
}

/// Whether a cotangent has dtype and shape of its node's value already.
fn fits(tape: &Rc<RefCell<Tape>>, node: u32, g: &Array) -> bool {
    !g.is_weak() && tape.borrow().fits(node, g)
}

#[cold]
fn swept(cx: &Context) {
    cx.fail(Error::tape("the tape was consumed, or is being swept already").within("ag_tape_vjp"));
}

/// With this many short nodes before, what the next ones keep is not in the nearest cache any more.
const COLD: usize = 64;

/// A sweep is at short node `k`: asks for the elements that the one before reads, and for the cells of one still before.
#[inline(always)]
fn prefetch_before(nodes: &[ShortNode], k: usize) {
    if k < COLD {
        return;
    }
    nodes[k - 3].tensors().for_each(Tensor::prefetch_head);
    nodes[k - 1].tensors().for_each(Tensor::prefetch_elements);
}

/// The steps of short nodes, from `last` down as long as they are such and have plain cotangents, or none; returns the first node
/// that was done. The tape stays borrowed: the short way calls no callback.
fn pull_short(
    cx: &Context,
    tape: &Rc<RefCell<Tape>>,
    cotangents: &mut [Array],
    last: u32,
    first: u32,
    wanted: Wanted<'_>,
    consume: bool,
) -> u32 {
    let mut borrowed = tape.borrow_mut();
    let mut i = last;
    loop {
        let Tape { heads, short, .. } = &mut *borrowed;
        let Link::Short(k) = heads[i as usize].link() else { return i + 1 };
        // Parents stand before it.
        let (earlier, rest) = cotangents.split_at_mut(i as usize);
        let g = &mut rest[0];
        match g {
            Array::Plain(_) if short[k as usize].descriptor().is_some() => {
                prefetch_before(short, k as usize);
                let node = &mut short[k as usize];
                let Some(rule) = node.rule else {
                    drop(borrowed);
                    swept(cx);
                    return i;
                };
                // Bits of the arguments whose rules have to go the general way.
                let mut left = 0;
                let kept = node.kept();
                if let Some((argnum, parent)) = node.only_parent()
                    && node.alike[argnum] == Alike::DtypeAndShape
                    && earlier[parent as usize].is_null()
                    && !wanted.has(i)
                    && let Array::Plain(t) = g
                    && rule.vjp_in_place(cx, argnum, t, &kept)
                {
                    earlier[parent as usize].fill(std::mem::take(g));
                } else {
                    for (argnum, &parent) in node.parents.iter().enumerate() {
                        let alike = node.alike[argnum];
                        if parent != NO_NODE
                            && !rule.vjp_into(cx, argnum, g, &kept, alike, &mut earlier[parent as usize])
                        {
                            left |= 1 << argnum;
                        }
                    }
                }
                let quiet = if let Array::Plain(t) = &*g { t.drops_quietly() } else { true };
                if left == 0 && quiet && (!consume || node.end()) {
                    if !wanted.has(i) {
                        g.clear();
                    }
                } else {
                    // Nothing may be borrowed while a rule runs that may fail, or when somebody is told of the end of memory.
                    let (parents, taken) = (node.parents, node.taken());
                    let loud = if consume { node.take() } else { Default::default() };
                    drop(borrowed);
                    for (argnum, parent) in parents.into_iter().enumerate().filter(|&(k, _)| left >> k & 1 == 1) {
                        add(cx, tape, parent, rule.vjp(cx, argnum, g, &taken.kept()), earlier);
                    }
                    drop(loud);
                    if !wanted.has(i) {
                        *g = Array::Null;
                    }
                    return i;
                }
            }
            Array::Null => {}
            _ => return i + 1,
        }
        if i == first {
            return i;
        }
        i -= 1;
    }
}

/// The step of a number on several levels, by its rule.
fn pull_short_number(
    cx: &Context,
    tape: &Rc<RefCell<Tape>>,
    k: u32,
    g: &Array,
    cotangents: &mut [Array],
    consume: bool,
) {
    let step = tape.borrow_mut().short[k as usize].step(consume);
    let Some(step) = step else { return swept(cx) };
    let (parents, kept) = (step.parents, step.kept());
    let outer = cx.enter_rule();
    let parts = [0, 1].map(|k| if parents[k] == NO_NODE { Array::Null } else { step.rule.vjp(cx, k, g, &kept) });
    cx.leave_rule(outer);
    for (parent, part) in parents.into_iter().zip(parts) {
        add(cx, tape, parent, part, cotangents);
    }
}

/// A node with a rule, wherever it is stored.
struct Node<'a> {
    rule: &'a dyn Primitive,
    /// The recorded arguments: number of the argument, node.
    parents: &'a [(u32, u32)],
    kept: Kept<'a>,
    /// One per result.
    metas: &'a [Meta],
}

/// The step of node `i` by its rule, from the cotangents of its results.
fn pull_node(
    cx: &Context,
    tape: &Rc<RefCell<Tape>>,
    i: u32,
    node: &Node<'_>,
    gs: &[Array],
    cotangents: &mut [Array],
    collected: &mut Collected,
) {
    if !cx.watched() {
        return pull_rule(cx, tape, node, gs, cotangents, collected);
    }
    let (name, primitive, parents) = (Some(node.rule.name()), Some(node.rule), node.parents);
    let pull = Pull { tape, node: i, name, primitive, gs, parents };
    watched(cx, &pull, cotangents, &mut |c| pull_rule(cx, tape, node, gs, c, collected));
}

fn pull_rule(
    cx: &Context,
    tape: &Rc<RefCell<Tape>>,
    node: &Node<'_>,
    gs: &[Array],
    cotangents: &mut [Array],
    collected: &mut Collected,
) {
    let Node { rule, parents, kept, metas } = node;
    if let (
        [g @ (Array::Recorded { .. } | Array::Variable { .. } | Array::Dual { .. } | Array::Nested(_))],
        &[(_, parent)],
    ) = (gs, *parents)
        && !cx.watched()
        && let Some((start, length)) = rule.run()
        && g.size() == length
        && length.saturating_mul(FEW) <= node_size(tape, parent)
        && tape.borrow().meta(parent).is_some_and(|meta| meta.dtype == g.dtype())
    {
        if try_push(collected.elements.entry(parent).or_default(), (start, g.clone())).is_err() {
            no_memory(cx);
        }
        return;
    }
    let outer = cx.enter_rule();
    // What can't be added in place.
    let (mut argnums, mut left): (SmallVec<[usize; 2]>, SmallVec<[u32; 2]>) = Default::default();
    for &(argnum, parent) in *parents {
        let argnum = argnum as usize;
        let sum = &mut cotangents[parent as usize];
        let added = match gs {
            [g @ (Array::Plain(_) | Array::Number { .. })] => rule.vjp_into(cx, argnum, g, kept, Alike::Unknown, sum),
            _ => false,
        };
        if !added {
            argnums.push(argnum);
            left.push(parent);
        }
    }
    if argnums.is_empty() {
        cx.leave_rule(outer);
        return;
    }
    let parts = rule.vjp_all(cx, &argnums, gs, metas, kept);
    cx.leave_rule(outer);
    for (parent, part) in left.into_iter().zip(parts) {
        add(cx, tape, parent, part, cotangents);
    }
}

/// Adds a rule's contribution to the cotangent of `parent`, brought to its dtype and shape.
fn add(cx: &Context, tape: &Rc<RefCell<Tape>>, parent: u32, part: Array, cotangents: &mut [Array]) {
    if part.is_null() {
        return;
    }
    let part = if fits(tape, parent, &part) {
        part
    } else {
        let meta = tape.borrow().meta(parent).unwrap_or_else(|| Meta::of(&Array::from(0.0)));
        unbroadcast(cx, part, &meta)
    };
    let old = std::mem::take(&mut cotangents[parent as usize]);
    cotangents[parent as usize] = accumulate(cx, old, part);
}
