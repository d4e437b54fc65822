//! Tapes: what was done, in the order in which it was done. See the essay at the head of the folder.

use super::apply::{Primitive, StoredPrimitive};
use super::short::{ShortNode, ShortNodes};
use super::value::Array;
use super::watch::Notes;
use crate::array::Pool;
use crate::array::shape::size_of;
use crate::array::{DType, Shape, dims::same};
use crate::kernels::memory::{prefetch, try_push};
use smallvec::SmallVec;
use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;

/// Shape and dtype of a node's value: what a cotangent of it must look like.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    pub dtype: DType,
    pub shape: Shape,
}

impl Meta {
    pub fn of(x: &Array) -> Meta {
        Meta { dtype: x.dtype(), shape: Shape::from_slice(x.shape()) }
    }
}

/// No node: what isn't recorded, and the second parent of a function of one argument.
pub const NO_NODE: u32 = u32::MAX;
/// The node is described in `general`, under the number in the second field.
const GENERAL: u32 = NO_NODE - 1;
/// The node is one of the short way, described in `short`, under the number in the second field.
const SHORT: u32 = NO_NODE - 3;
/// A further result of the multi-result node described there.
const RESULT: u32 = NO_NODE - 2;
/// An element of the array in the second field; its row-major position is in the bits of the first partial derivative.
const ELEMENT: u32 = NO_NODE - 4;
/// The sum of the array of numbers in the second field.
const TOTAL: u32 = NO_NODE - 5;
/// The number of nodes that fit a tape.
const MAX_NODES: usize = (NO_NODE - 16) as usize;

/// A node as the tape stores it: parents and partial derivatives of a number, or a reference to `general`.
#[derive(Clone, Copy)]
pub struct Head {
    parents: [u32; 2],
    partials: [f64; 2],
}

/// What a node is.
#[derive(Clone, Copy)]
pub enum Link {
    /// A number: parents ([`NO_NODE`] for none) and partial derivatives.
    Number([u32; 2], [f64; 2]),
    General(u32),
    Short(u32),
    /// An element of an array of numbers: the array's node, and a row-major position.
    Element(u32, usize),
    /// The sum of an array of numbers: the array's node.
    Total(u32),
    /// A further result of a general node.
    Result,
}

impl Head {
    pub fn link(&self) -> Link {
        match self.parents[0] {
            GENERAL => Link::General(self.parents[1]),
            SHORT => Link::Short(self.parents[1]),
            RESULT => Link::Result,
            ELEMENT => Link::Element(self.parents[1], self.partials[0].to_bits() as usize),
            TOTAL => Link::Total(self.parents[1]),
            _ => Link::Number(self.parents, self.partials),
        }
    }
}

/// A node with everything its rule needs. Nodes are filled where they lie and used again: they are large.
#[derive(Default)]
pub struct General {
    /// `None` for an input.
    pub rule: Option<StoredPrimitive>,
    /// The recorded arguments: number of the argument, node.
    pub parents: SmallVec<[(u32, u32); 2]>,
    /// The values that the rule reads, see [`super::Kept`].
    pub kept: SmallVec<[Array; 3]>,
    pub mask: u64,
    /// One per result.
    pub metas: SmallVec<[Meta; 1]>,
}

impl General {
    /// Drops what the node holds.
    pub fn clear(&mut self) {
        self.rule = None;
        self.parents.clear();
        self.kept.clear();
        self.metas.clear();
    }
}

/// The record of one reverse level.
#[derive(Default)]
pub struct Tape {
    pub heads: Vec<Head>,
    /// `None` while a sweep is using the entry, and after a sweep that consumed the tape.
    pub general: Vec<Option<Box<General>>>,
    /// Nodes of small operations, see `trace::short`.
    pub short: ShortNodes,
    /// What watchers say of nodes; empty otherwise.
    pub notes: Notes,
    /// Emptied nodes.
    #[expect(clippy::vec_box, reason = "they move in and out of the record whole")]
    spare: Vec<Box<General>>,
    /// Where its memory is counted, and how much of it is.
    pool: Option<Rc<Pool>>,
    claimed: usize,
}

impl Drop for Tape {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.disclaim(self.claimed);
        }
    }
}

/// Makes room for `more` items, whose memory is counted first; `None` where there is none.
#[inline(always)]
fn make_room<T>(pool: &Option<Rc<Pool>>, claimed: &mut usize, list: &mut Vec<T>, more: usize) -> Option<()> {
    if list.capacity() - list.len() >= more { Some(()) } else { grow(pool, claimed, list, more) }
}

#[cold]
fn grow<T>(pool: &Option<Rc<Pool>>, claimed: &mut usize, list: &mut Vec<T>, more: usize) -> Option<()> {
    let before = list.capacity();
    let after = (list.len() + more).max(2 * before).max(16);
    let bytes = (after - before).checked_mul(std::mem::size_of::<T>())?;
    if let Some(pool) = pool
        && !pool.claim(bytes)
    {
        return None;
    }
    if list.try_reserve_exact(after - list.len()).is_err() {
        pool.iter().for_each(|pool| pool.disclaim(bytes));
        return None;
    }
    *claimed += bytes;
    Some(())
}

/// More nodes than this don't fit the nearest cache.
const COLD: usize = 100;
/// Emptied nodes kept.
const SPARE_NODES: usize = 1 << 16;

impl Tape {
    /// Records a number with its partial derivatives.
    #[inline(always)]
    pub fn push_number(&mut self, parents: [u32; 2], partials: [f64; 2]) -> Option<u32> {
        let node = self.heads.len();
        if node >= MAX_NODES {
            return None;
        }
        make_room(&self.pool, &mut self.claimed, &mut self.heads, 1)?;
        self.heads.push(Head { parents, partials });
        Some(node as u32)
    }

    /// Records an element of the array of numbers that is node `parent`, at a row-major position.
    #[inline]
    pub fn push_element(&mut self, parent: u32, position: usize) -> Option<u32> {
        self.push_number([ELEMENT, parent], [f64::from_bits(position as u64), 0.0])
    }

    /// Records the sum of the array of numbers that is node `parent`.
    #[inline]
    pub fn push_total(&mut self, parent: u32) -> Option<u32> {
        self.push_number([TOTAL, parent], [0.0; 2])
    }

    /// Records a general node; its results are this many nodes from the returned one on.
    pub fn push(&mut self, general: Box<General>) -> Option<u32> {
        let node = self.heads.len();
        if node + general.metas.len() >= MAX_NODES {
            return None;
        }
        let index = self.general.len() as u32;
        make_room(&self.pool, &mut self.claimed, &mut self.heads, general.metas.len())?;
        make_room(&self.pool, &mut self.claimed, &mut self.general, 1)?;
        for k in 0..general.metas.len() {
            let kind = if k == 0 { GENERAL } else { RESULT };
            self.heads.push(Head { parents: [kind, index], partials: [k as f64, 0.0] });
        }
        self.general.push(Some(general));
        Some(node as u32)
    }

    /// Records a node of the short way, to be filled.
    #[inline(always)]
    pub fn push_short(&mut self) -> Option<(u32, &mut ShortNode)> {
        let node = self.heads.len();
        if node >= MAX_NODES {
            return None;
        }
        let Tape { heads, short, pool, claimed, .. } = self;
        make_room(pool, claimed, heads, 1)?;
        let head = Head { parents: [SHORT, short.count() as u32], partials: [0.0; 2] };
        let short = short.push(|nodes| make_room(pool, claimed, nodes, 1))?;
        heads.push(head);
        Some((node as u32, short))
    }

    /// Records a number on several levels. Takes the arguments that the rule reads.
    #[inline]
    pub fn push_short_number(
        &mut self,
        rule: &'static dyn Primitive,
        parents: [u32; 2],
        mask: u64,
        primals: &mut [Array],
        ans: &Array,
    ) -> Option<u32> {
        let (node, short) = self.push_short()?;
        short.fill_number(rule, parents, mask, primals, ans);
        Some(node)
    }

    /// The node of the short way that a node is, if it is one.
    #[inline]
    pub fn short(&self, node: u32) -> Option<&ShortNode> {
        match self.heads[node as usize].link() {
            Link::Short(k) => Some(&self.short[k as usize]),
            _ => None,
        }
    }

    /// Whether all nodes are numbers.
    pub fn is_numbers(&self) -> bool {
        self.general.is_empty() && self.short.is_empty()
    }

    /// An empty node, to be filled and pushed.
    pub fn blank(&mut self) -> Box<General> {
        let blank = self.spare.pop().unwrap_or_default();
        if let (Some(next), COLD..) = (self.spare.last(), self.spare.len()) {
            prefetch(&raw const **next, std::mem::size_of::<General>());
        }
        blank
    }

    /// A sweep is at general node `k`: asks for what it needs next, the node before and, of the one before that, the
    /// record alone.
    pub fn prefetch_before(&self, k: usize) {
        if k < COLD {
            return;
        }
        if let Some(Some(node)) = k.checked_sub(2).map(|k| &self.general[k]) {
            prefetch(&raw const **node, std::mem::size_of::<General>());
        }
        if let Some(Some(node)) = k.checked_sub(1).map(|k| &self.general[k]) {
            for kept in &node.kept {
                if let Array::Plain(t) = kept {
                    t.prefetch();
                }
            }
        }
    }

    /// Takes a node back that is not needed any more, emptied.
    pub fn recycle(&mut self, node: Box<General>) {
        if self.spare.len() < SPARE_NODES {
            let _ = try_push(&mut self.spare, node);
        }
    }

    /// Shape and dtype of a node's value; `None` stands for a number.
    pub fn meta(&self, node: u32) -> Option<Meta> {
        match self.heads[node as usize].link() {
            Link::Short(k) => Some(self.short[k as usize].meta()),
            _ => self.general_meta(node).cloned(),
        }
    }

    /// Whether a cotangent has dtype and shape of a node's value.
    #[inline]
    pub fn fits(&self, node: u32, g: &Array) -> bool {
        match self.heads[node as usize].link() {
            Link::Short(k) => {
                let (dtype, shape) = self.short[k as usize].form();
                dtype == g.dtype() && same(shape, g.shape())
            }
            _ => self.general_meta(node).is_some_and(|meta| meta.dtype == g.dtype() && same(&meta.shape, g.shape())),
        }
    }

    fn general_meta(&self, node: u32) -> Option<&Meta> {
        let head = &self.heads[node as usize];
        match head.parents[0] {
            GENERAL | RESULT => {
                let general = self.general[head.parents[1] as usize].as_ref()?;
                general.metas.get(head.partials[0] as usize)
            }
            _ => None,
        }
    }

    /// Elements of the largest value.
    pub fn largest(&self) -> usize {
        let general = self.general.iter().flatten().flat_map(|g| &g.metas).map(|m| size_of(&m.shape));
        general.chain(self.short.iter().map(|short| size_of(short.form().1))).max().unwrap_or(1)
    }

    fn clear(&mut self) {
        self.heads.clear();
        self.short.clear();
        let Tape { general, notes, spare, .. } = self;
        notes.clear();
        for mut node in general.drain(..).flatten() {
            node.clear();
            if spare.len() < SPARE_NODES {
                let _ = try_push(spare, node);
            }
        }
    }
}

/// An open level.
#[derive(Clone)]
pub struct Level {
    pub serial: u64,
    /// Of a reverse level.
    pub tape: Option<Rc<RefCell<Tape>>>,
    /// Elements of a batch level. A level with neither is one of forward mode.
    pub batch: Option<usize>,
    /// An address on the stack, not below the frame of the operator that opened the level; 0 where that isn't one.
    pub frame: usize,
}

/// The open levels of a context.
#[derive(Default)]
pub struct Trace {
    /// In ascending order.
    levels: RefCell<Vec<Level>>,
    /// The last of them, for the usual question.
    top: Cell<u64>,
    serial: Cell<u64>,
    /// Emptied tapes with their memory.
    spare: RefCell<Vec<Rc<RefCell<Tape>>>>,
    /// Where the memory of tapes is counted.
    pool: Option<Rc<Pool>>,
}

/// Emptied tapes kept.
const SPARE: usize = 8;

impl Trace {
    /// With the memory of tapes counted by `pool`.
    pub fn new(pool: Rc<Pool>) -> Trace {
        Trace { pool: Some(pool), ..Trace::default() }
    }

    /// Opens a level and returns its number.
    pub fn open(&self, reverse: bool) -> u64 {
        self.open_at(reverse, 0)
    }

    /// The same, for an operator whose frame is at this address.
    pub fn open_at(&self, reverse: bool, frame: usize) -> u64 {
        let made = || {
            let tape = Rc::<RefCell<Tape>>::default();
            tape.borrow_mut().pool.clone_from(&self.pool);
            tape
        };
        let tape = reverse.then(|| self.spare.borrow_mut().pop().unwrap_or_else(made));
        self.push(tape, None, frame)
    }

    /// Opens a level for batches of `n` values.
    pub fn open_batch(&self, n: usize) -> u64 {
        self.push(None, Some(n), 0)
    }

    fn push(&self, tape: Option<Rc<RefCell<Tape>>>, batch: Option<usize>, frame: usize) -> u64 {
        let serial = self.serial.get() + 1;
        self.serial.set(serial);
        self.levels.borrow_mut().push(Level { serial, tape, batch, frame });
        self.top.set(serial);
        serial
    }

    /// Ends a level; `false` if it isn't open. The tape's contents go, its memory stays.
    pub fn close(&self, serial: u64) -> bool {
        let level = {
            let mut levels = self.levels.borrow_mut();
            let Ok(at) = levels.binary_search_by_key(&serial, |l| l.serial) else { return false };
            let level = levels.remove(at);
            self.top.set(levels.last().map_or(0, |l| l.serial));
            level
        };
        if let Some(tape) = level.tape
            && Rc::strong_count(&tape) == 1
        {
            // What was kept is dropped here, outside of every borrow but this one's own.
            let mut contents = std::mem::take(&mut *tape.borrow_mut());
            contents.clear();
            *tape.borrow_mut() = contents;
            let mut spare = self.spare.borrow_mut();
            if spare.len() < SPARE {
                spare.push(tape);
            }
        }
        true
    }

    #[inline(always)]
    pub fn is_live(&self, serial: u64) -> bool {
        serial == self.top.get()
            || (serial < self.top.get() && self.levels.borrow().binary_search_by_key(&serial, |l| l.serial).is_ok())
    }

    /// The number of the youngest open level, 0 for none.
    pub fn top(&self) -> u64 {
        self.top.get()
    }

    /// The number that the last level got.
    pub fn last_serial(&self) -> u64 {
        self.serial.get()
    }

    pub fn level(&self, serial: u64) -> Option<Level> {
        let levels = self.levels.borrow();
        let at = levels.binary_search_by_key(&serial, |l| l.serial).ok()?;
        Some(levels[at].clone())
    }

    /// The tape of the youngest open level, if that is `serial` and has one.
    #[inline(always)]
    pub fn top_tape(&self, serial: u64) -> Option<Ref<'_, RefCell<Tape>>> {
        Ref::filter_map(self.levels.borrow(), |levels| {
            levels.last().filter(|top| top.serial == serial).and_then(|top| top.tape.as_deref())
        })
        .ok()
    }

    /// Runs `f` on an open tape; `None` where the level has none.
    pub fn with_tape<R>(&self, serial: u64, f: impl FnOnce(&mut Tape) -> R) -> Option<R> {
        let levels = self.levels.borrow();
        let at = levels.binary_search_by_key(&serial, |l| l.serial).ok()?;
        Some(f(&mut levels[at].tape.as_ref()?.borrow_mut()))
    }

    /// Records a number on an open tape; `None` where the level has no tape or no room.
    #[inline(always)]
    pub fn push_number(&self, serial: u64, parents: [u32; 2], partials: [f64; 2]) -> Option<u32> {
        let levels = self.levels.borrow();
        let level = match levels.last() {
            Some(last) if last.serial == serial => last,
            _ => &levels[levels.binary_search_by_key(&serial, |l| l.serial).ok()?],
        };
        level.tape.as_ref()?.borrow_mut().push_number(parents, partials)
    }

    /// Gives the memory of emptied tapes back.
    pub fn trim(&self) {
        self.spare.borrow_mut().clear();
    }
}
