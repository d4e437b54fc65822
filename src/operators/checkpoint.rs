//! Checkpoints: functions whose inner values are not kept for the derivative but computed again when it is taken.
//!
//! A checkpointed call is one operation on the tape. It keeps its arguments; its derivative calls the function again,
//! records that call on a tape of its own, and sweeps that. So a loop cut into pieces needs memory for the states between
//! the pieces, and for what happens inside of one piece: with pieces as long as there are pieces, for about twice the
//! square root of its steps, at the price of one more evaluation (R. Chen et al., Training Deep Nets with Sublinear
//! Memory Cost, 2016).

use super::again::insist_on;
use super::grad::{close, push_forward, record};
use crate::error::{Error, Result};
use crate::trace::{ALL, Array, Context, Kept, Meta, Primitive, apply_multi};
use smallvec::SmallVec;
use std::rc::Rc;

/// A function that can be called again later.
pub type Stored = Rc<dyn Fn(&Context, &[Array]) -> SmallVec<[Array; 1]>>;
/// A step of a loop: its number and the arguments, of which the first is the state.
pub type LoopBody = Rc<dyn Fn(&Context, usize, &[Array]) -> Array>;

/// `f(args)`, keeping the arguments only. The function must depend on nothing that is being differentiated but its
/// arguments, and do the same each time.
pub fn checkpoint(cx: &Context, f: &Stored, args: &[Array]) -> Array {
    checkpoint_all(cx, f, args).pop().unwrap_or_default()
}

/// The same with all results of the function.
pub fn checkpoint_all(cx: &Context, f: &Stored, args: &[Array]) -> SmallVec<[Array; 1]> {
    if args.iter().all(|a| a.level(&cx.trace) == 0) {
        return f(cx, args);
    }
    let args: SmallVec<[&Array; 4]> = args.iter().collect();
    apply_multi(cx, &Checkpoint { f: f.clone(), nargs: args.len() }, &args)
}

/// `steps` times `state = step(i, [state, ...])`, from the state `args[0]` on, with checkpoints so that memory grows with the
/// square root of the steps.
pub fn checkpoint_loop(cx: &Context, body: &LoopBody, args: &[Array], steps: usize) -> Array {
    let body = body.clone();
    let body: Rc<StepOf<Array>> = Rc::new(move |cx, i, args| Some(body(cx, i, args)).filter(|_| !cx.failed()));
    let run = |piece: Rc<PieceOf<Array>>, args: &[Array]| {
        let piece: Stored = Rc::new(move |cx: &Context, args: &[Array]| piece(cx, args).into_iter().collect());
        Some(checkpoint(cx, &piece, args))
    };
    in_pieces(cx, &body, args, steps, run).unwrap_or_default()
}

/// A step, and some of them, with a state of any kind. `None`: the context knows why.
type StepOf<T> = dyn Fn(&Context, usize, &[T]) -> Option<T>;
type PieceOf<T> = dyn Fn(&Context, &[T]) -> Option<T>;

/// A loop cut into pieces of about as many steps as there are pieces; each is given to `run`, which checkpoints it.
pub(super) fn in_pieces<T: Clone + 'static>(
    cx: &Context,
    step: &Rc<StepOf<T>>,
    args: &[T],
    steps: usize,
    run: impl Fn(Rc<PieceOf<T>>, &[T]) -> Option<T>,
) -> Option<T> {
    let mut args: SmallVec<[T; 4]> = args.into();
    let length = (steps as f64).sqrt().ceil().max(1.0) as usize;
    let mut first = 0;
    while first < steps && !cx.failed() {
        let (step, end) = (step.clone(), (first + length).min(steps));
        let piece = Rc::new(move |cx: &Context, args: &[T]| {
            let mut args: SmallVec<[T; 4]> = args.into();
            for i in first..end {
                args[0] = step(cx, i, &args)?;
            }
            Some(args.swap_remove(0))
        });
        args[0] = run(piece, &args)?;
        first = end;
    }
    if cx.failed() { None } else { Some(args.swap_remove(0)) }
}

/// Runs what calls a function of the user's, as if no rule were running: what it reads decides what is computed. The flag of
/// independence is the caller's.
pub(super) fn undisturbed<R>(cx: &Context, run: impl FnOnce() -> R) -> R {
    let (outer, independent) = (cx.leave_all_rules(), cx.independent.get());
    let result = run();
    cx.leave_rule(outer);
    cx.independent.set(independent);
    result
}

/// The results of a function of plain values, which must not depend on anything that is being differentiated.
fn values(cx: &Context, f: &Stored, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
    let results = f(cx, args);
    if results.iter().any(|y| y.level(&cx.trace) != 0) {
        return Err(Error::argument(
            "the function depends on a value that is being differentiated and is none of its arguments: pass it as one",
        ));
    }
    Ok(results.iter().map(Array::plain).collect())
}

/// The same of a function with one.
pub(super) fn value(cx: &Context, f: &Stored, args: &[Array]) -> Result<Array> {
    Ok(values(cx, f, args)?.pop().unwrap_or_default())
}

#[derive(Clone)]
struct Checkpoint {
    f: Stored,
    nargs: usize,
}

const NAME: &str = "ag_checkpoint";

impl Checkpoint {
    fn args(&self, kept: &Kept<'_>) -> SmallVec<[Array; 4]> {
        (0..self.nargs).map(|k| kept.arg(k).clone()).collect()
    }
}

impl Primitive for Checkpoint {
    fn name(&self) -> &str {
        NAME
    }

    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        undisturbed(cx, || values(cx, &self.f, args))
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        if self.nargs < 63 { (1 << self.nargs) - 1 } else { ALL }
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        metas: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let args = self.args(kept);
        undisturbed(cx, || {
            let recorded = record(cx, &|cx, args| (self.f)(cx, args), &args, argnums);
            let values: SmallVec<[Array; 1]> = recorded.values().cloned().collect();
            insist_on(cx, NAME, metas, &values);
            let found = if cx.failed() { Default::default() } else { recorded.pull(cx, gs, true) };
            close(cx, recorded);
            if cx.failed() { Array::nulls(argnums.len()) } else { found.into_iter().collect() }
        })
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let args = self.args(kept);
        let before: Option<SmallVec<[Meta; 1]>> = match kept {
            Kept::All { ans, .. } => Some(ans.iter().map(Meta::of).collect()),
            Kept::Some { .. } => None,
        };
        undisturbed(cx, || {
            let (values, ts) = push_forward(cx, NAME, &|cx, args| (self.f)(cx, args), &args, argnums, ts);
            if let Some(before) = before {
                insist_on(cx, NAME, &before, &values);
            }
            ts.into_iter().collect()
        })
    }
}
