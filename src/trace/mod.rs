//! Levels, tapes, and how an operation finds out what to record: the heart of the library.
//!
//! # Nesting
//!
//! Each derivative that is being taken opens a *level*: reverse mode records on a tape, forward mode carries tangents
//! along. Levels are numbered in the order of opening. An array that takes part in a derivative is *boxed*: it is a
//! triple (level, node of that level's tape or tangent, primal), and the primal may itself be boxed at a lower level.
//!
//! An operation looks for the highest level among its arguments, takes that one layer off, and calls *itself* on the
//! primals. So the recursion goes down the levels (there are as many as derivatives are nested, never along the graph)
//! until nothing is boxed and the numbers are computed; on the way back every level records its node:
//!
//! ```text
//! apply(op, args):
//!     top = highest live level among args, 0 if none
//!     if top == 0:  return op.eval(args)                       -- plain arrays: compute
//!     primals = args with the layer `top` taken off            -- args of lower levels stay as they are
//!     ans     = apply(op, primals)                             -- lower levels record here
//!     reverse:  node = (op, parents, what op's rule uses);     return box(top, node, ans)
//!     forward:  t = sum of op.jvp(argnum, tangent) over boxed; return box(top, t, ans)
//! ```
//!
//! A derivative rule works on the primals with ordinary operations. If these are boxed at a lower level, the rule is
//! thereby recorded there: that is all there is to higher derivatives, to closures over variables of an outer
//! derivative, and to forward-over-reverse. Perturbation confusion cannot arise, since two derivatives never share a
//! level.
//!
//! # Batches
//!
//! A level may also stand for many values at once: the rows of a Jacobian are one sweep with a batch of cotangents. Such a
//! value has the shape of one of them; its primal has one axis more, in front. An operation takes the layer off like any
//! other and applies itself to the primals with its axes moved by one ([`Primitive::batched`]), or, where it doesn't say
//! how, to one value after the other. Only cotangents and tangents are ever batches, so values that decide what a
//! function does are what they always are; a rule that reads the elements of a cotangent fails, and the rows are computed
//! one by one.
//!
//! When a level ends, boxes that still refer to it count as their primals from then on. They need not be found.
//!
//! # Ways
//!
//! A general way serves every value ([`apply`]). Others do the same with less around it for what programs do most, and give
//! the case back where it isn't theirs; `Context::set_short_ways` turns them off, and `tests/short_way.rs` compares.
//!
//! | value | recorded | by | swept by | why |
//! |---|---|---|---|---|
//! | number, plain or on one tape | [`Tape::push_number`] | `capi::elementwise`, from slot to slot; `ops::elementwise` inside of rules | [`sweep`], in plain arithmetic | a node is 24 bytes, no value is copied |
//! | number, in forward mode on one level | a dual | `ops::elementwise::forward` | | no lists of one |
//! | element or sum of an array of numbers | [`Link::Element`], [`Link::Total`] | `ops::index`, `ops::reduce` | as numbers, added in place | loops over elements stay linear |
//! | small array, plain or on the innermost tape | [`short`] | `ops::elementwise::short`, `ops::product`; loops in `engine::small_elementwise` | as it lies on the tape, which stays borrowed | what surrounds a loop costs more than it |
//! | any array, plain or on one tape over plain values | a [`General`] node | [`apply`], without levels | by its rule's operations | most of what a rule does |
//! | on several levels, in forward mode, a batch | a node or a tangent for each level | [`apply`], layer by layer | by its rule's operations, which are recorded below | nesting |
//! | any of them, watched | notes beside the nodes | [`watch`], around [`apply`] | node by node, in the watcher's hands | diagnosis |
//!
//! # Memory
//!
//! A tape is flat. Numbers (rank 0, `f64`, one level) are nodes of 24 bytes that hold their partial derivatives; all
//! other nodes hold the operation with its parameters, parents as indices, and *only* those arguments and results that
//! the rule reads. Nothing refers to a node but by index, so a tape of ten million nodes is freed by emptying a vector.

mod apply;
mod context;
mod operations;
pub mod short;
pub mod sweep;
mod tape;
mod value;
pub mod watch;

pub use apply::{
    ALL, ANS, Alike, Kept, Primitive, StorePrimitive, StoredPrimitive, apply, apply_multi, full, jvp_of, numbered,
    same_results,
};
pub use context::{Calling, Context, Hook};
pub use tape::{General, Head, Level, Link, Meta, NO_NODE, Tape, Trace};
pub use value::{Array, Arrays, Nested, Number};
pub use watch::{Entry, Note, Notes, SourceLine, Watcher};
