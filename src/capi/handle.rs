//! Handles and the slots behind them.
//!
//! A handle of an array or a tree is a number: stamp and slot. A slot gets another stamp each time it is filled, and a
//! handle counts only while the stamps agree, so null, stale, foreign and random bits are found out.
//!
//! No stamp is given twice to slots of one number, in whichever context. So a context leases stamps, [`LEASE`] at a time,
//! from one counter for all: a short life needs one lease, and a slot that has used up one goes on with the next. There are
//! leases for [`LEASES`] such lives before the first one comes round again. One context gets no more than [`MOST_LEASES`];
//! a slot that has used up all of them is never filled again, so a stale handle cannot come to life.
//!
//! What is found by searching (scopes, tapes, primitives) has a serial number instead, unique in the same way: a context
//! takes blocks of 2^32 serial numbers.
//!
//! Slots are a stack. A scope remembers where the stack ended when it was entered, and leaving it cuts the stack back
//! there: no list is walked for values that stay inside, nothing is counted. Two things keep a slot from being just an
//! element of a stack: `ag_keep` gives it to an outer scope, which then leaves it standing; and a released slot is a
//! hole, filled again first (each scope has its list of holes).

use crate::kernels::memory::try_push;
use crate::operators::tree::Tree;
use crate::trace::{Array, Number};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// An array: a plain value, or one that is being differentiated. A number to pass around; the context owns the value. For
/// bindings: this and the other handles are, and stay, a struct of one uint64_t, passed as such a struct is; its bits are
/// to be copied and compared only, and 0 is the null array. It belongs to the scope in which it was made and is valid until that is left.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_array {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A tape begun with `ag_tape_begin`, or a pullback made with `ag_make_vjp`. Valid until `ag_tape_end`, or until the
/// scope in which it was made is left. `{0}` is null.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_tape {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A primitive: a function of the caller's with its derivative rules. Valid until `ag_primitive_free` or the end of the
/// context. `{0}` is null.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_primitive {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A tree: a tuple, list or dict, nested, with arrays as leaves; or one array. Like an array it is immutable, belongs to the
/// scope in which it was made, and is valid until that is left. `{0}` is null.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_tree {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A scope entered with `ag_scope_enter`. Valid until it is left.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_scope {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

impl ag_array {
    pub const NULL: ag_array = ag_array { bits: 0 };
}

impl ag_tree {
    pub const NULL: ag_tree = ag_tree { bits: 0 };
}

const SLOT_BITS: u32 = 28;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;
/// Set in handles with a serial number.
const SERIAL: u64 = 1 << 63;

const LEASE_BITS: u32 = 12;
/// Stamps of a lease.
const LEASE: u64 = 1 << LEASE_BITS;
/// All leases there are.
const LEASES: u64 = 1 << (63 - SLOT_BITS - LEASE_BITS);
/// The leases of one context: a slot is filled some 2^24 times.
const MOST_LEASES: usize = 1 << 12;

const KIND_SHIFT: u32 = 61;
const KIND_MASK: u64 = 3;
const BLOCK_BITS: u32 = 32;
/// All blocks of serial numbers there are.
const BLOCKS: u64 = 1 << (KIND_SHIFT - BLOCK_BITS);

/// The next lease and the next block: the only things that contexts share.
static NEXT_LEASE: AtomicU64 = AtomicU64::new(0);
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(0);

/// What a handle with a serial number stands for.
#[derive(Clone, Copy, PartialEq)]
#[repr(u64)]
pub enum Kind {
    Tape = 1,
    Primitive = 2,
    Scope = 3,
}

/// What is wrong with a handle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Problem {
    Null,
    Foreign,
    Kind,
    Stale { slot: u64, generation: u64 },
}

impl Problem {
    #[cold]
    pub fn message(self, what: &str) -> String {
        match self {
            Problem::Null => format!("expected a handle of type {what}, got the null handle"),
            Problem::Foreign => format!("this {what} handle belongs to another context, or is no handle at all"),
            Problem::Kind => format!("expected a handle of type {what}, got one of another type"),
            Problem::Stale { slot, generation } => format!(
                "stale {what} handle (slot {slot}, generation {generation}): it was released, or its scope was left"
            ),
        }
    }
}

/// No slot.
const NONE: u32 = u32::MAX;

/// What is in a slot.
pub enum Content {
    /// Empty; the next hole of the same scope. Of a slot that is used up: the end of a run of such slots.
    Hole {
        next: u32,
    },
    Value(Array),
    Tree(Tree),
}

struct Slot {
    /// The stamp, shifted as in a handle, and the depth of the scope it belongs to in the bits below.
    word: u64,
    content: Content,
}

impl Slot {
    #[inline(always)]
    fn stamp(&self) -> u64 {
        self.word >> SLOT_BITS
    }

    #[inline(always)]
    fn owner(&self) -> usize {
        (self.word & SLOT_MASK) as usize
    }

    #[inline(always)]
    fn set(&mut self, stamp: u64, owner: usize) {
        self.word = stamp << SLOT_BITS | owner as u64;
    }

    /// Whether the next stamp is of the same lease.
    #[inline(always)]
    fn may_go_on(&self) -> bool {
        goes_on(self.stamp())
    }
}

#[inline(always)]
fn goes_on(stamp: u64) -> bool {
    stamp % LEASE != LEASE - 1
}

struct Scope {
    serial: u64,
    /// Where the stack ended when the scope was entered.
    base: u32,
    /// First hole.
    holes: u32,
    /// Whether some slot above `base` may belong to an outer scope.
    kept: bool,
    /// Values that belong to it.
    live: u32,
    /// Whether one of its slots has held more than a number, so that leaving it has something to drop.
    owns: bool,
}

impl Scope {
    fn new(serial: u64, base: u32) -> Scope {
        Scope { serial, base, holes: NONE, kept: false, live: 0, owns: false }
    }
}

/// Whether dropping the value gives something back.
#[inline]
fn owns(value: &Array) -> bool {
    !matches!(value, Array::Number { .. } | Array::Variable { .. } | Array::Null)
}

/// Whether dropping what is in a slot gives something back.
#[inline]
fn holds(content: &Content) -> bool {
    match content {
        Content::Hole { .. } => false,
        Content::Value(value) => owns(value),
        Content::Tree(_) => true,
    }
}

/// Drops what is in a slot, which holds nothing then, if nobody is called for that.
#[inline]
fn clear_quietly(content: &mut Content) -> bool {
    match content {
        Content::Value(Array::Plain(t) | Array::Recorded { value: t, .. }) if !t.drops_quietly() => return false,
        Content::Value(Array::Nested(_)) | Content::Tree(_) => return false,
        Content::Value(value) => value.clear(),
        Content::Hole { .. } => {}
    }
    true
}

/// Where the run of slots that are used up and empty ends which begins at `i`, as far as is known.
#[inline]
fn run_end(i: u32, content: &Content) -> u32 {
    match content {
        Content::Hole { next } if *next != NONE && *next > i => *next,
        _ => i + 1,
    }
}

/// Packs a handle with a serial number.
pub fn pack_serial(kind: Kind, serial: u64) -> u64 {
    SERIAL | (kind as u64) << KIND_SHIFT | serial
}

/// All handles of arrays and trees of a context.
pub struct Slots {
    /// The numbers of the leases, in the order in which slots go through them.
    leases: Vec<u64>,
    most_leases: usize,
    /// The blocks that serial numbers are taken from, the last one at the moment, and the last serial number.
    blocks: Vec<u64>,
    last_serial: u64,
    slots: Vec<Slot>,
    /// Slots from here on are empty.
    top: u32,
    scopes: Vec<Scope>,
    live: usize,
    /// The stamp that a slot seen for the first time starts after.
    first_stamp: u64,
}

impl Default for Slots {
    fn default() -> Slots {
        Slots::new()
    }
}

impl Slots {
    pub fn new() -> Slots {
        let lease = NEXT_LEASE.fetch_add(1, Relaxed) % LEASES;
        let mut slots = Slots {
            leases: vec![lease],
            most_leases: MOST_LEASES,
            blocks: Vec::new(),
            last_serial: 0,
            slots: Vec::new(),
            top: 0,
            scopes: vec![Scope::new(0, 0)],
            live: 0,
            first_stamp: lease * LEASE,
        };
        slots.take_block();
        slots
    }

    fn take_block(&mut self) {
        let block = NEXT_BLOCK.fetch_add(1, Relaxed) % BLOCKS;
        self.blocks.push(block);
        self.last_serial = block << BLOCK_BITS;
    }

    /// A serial number that no other context has.
    #[inline]
    pub fn next_serial(&mut self) -> u64 {
        self.last_serial += 1;
        if self.last_serial.is_multiple_of(1 << BLOCK_BITS) {
            self.take_block();
            self.last_serial += 1;
        }
        self.last_serial
    }

    /// The serial number of something that is counted from 1 in this context.
    pub fn counted_serial(&self, count: u64) -> u64 {
        self.blocks[0] << BLOCK_BITS | count
    }

    /// What [`Slots::counted_serial`] was made of, if it was.
    pub fn count_of(&self, serial: u64) -> Option<u64> {
        (serial >> BLOCK_BITS == self.blocks[0]).then_some(serial % (1 << BLOCK_BITS))
    }

    /// The serial number of a handle that has one, if the kind is right and this context gave it.
    pub fn serial(&self, kind: Kind, bits: u64) -> Result<u64, Problem> {
        if bits == 0 {
            return Err(Problem::Null);
        }
        if !self.is_mine(bits) {
            return Err(Problem::Foreign);
        }
        if bits & SERIAL == 0 || bits >> KIND_SHIFT & KIND_MASK != kind as u64 {
            return Err(Problem::Kind);
        }
        Ok(bits & ((1 << KIND_SHIFT) - 1))
    }

    /// Whether this context gave the handle.
    fn is_mine(&self, bits: u64) -> bool {
        if bits & SERIAL == 0 {
            return self.lease_at(bits >> SLOT_BITS).is_some();
        }
        self.blocks.contains(&((bits & ((1 << KIND_SHIFT) - 1)) >> BLOCK_BITS))
    }

    /// The place of a stamp's lease among those of the context.
    fn lease_at(&self, stamp: u64) -> Option<usize> {
        // Slots that are filled often have a late one.
        self.leases.iter().rposition(|&lease| lease == stamp / LEASE)
    }

    /// How many stamps a slot has gone through.
    fn ordinal(&self, stamp: u64) -> u64 {
        self.lease_at(stamp).map_or(0, |at| at as u64 * LEASE + stamp % LEASE)
    }

    /// The stamp after this one, of the next lease if need be; `None` where the slot is used up.
    #[cold]
    fn following(&mut self, stamp: u64) -> Option<u64> {
        let next = self.lease_at(stamp)? + 1;
        if next == self.leases.len() {
            if next >= self.most_leases || self.leases.try_reserve(1).is_err() {
                return None;
            }
            let fresh = std::iter::repeat_with(|| NEXT_LEASE.fetch_add(1, Relaxed) % LEASES);
            let lease = fresh.into_iter().find(|lease| !self.leases.contains(lease))?;
            self.leases.push(lease);
        }
        Some(self.leases[next] * LEASE)
    }

    /// Whether some slot may be used up.
    #[inline]
    fn may_be_used_up(&self) -> bool {
        self.leases.len() >= self.most_leases
    }

    /// Whether a slot with this stamp cannot be filled any more.
    #[inline]
    fn is_used_up(&self, stamp: u64) -> bool {
        !goes_on(stamp) && self.may_be_used_up() && self.leases.last() == Some(&(stamp / LEASE))
    }

    pub fn live(&self) -> usize {
        self.live
    }

    /// The number of open scopes, the context's own included.
    pub fn depth(&self) -> usize {
        self.scopes.len()
    }

    #[inline]
    fn find(&self, handle: ag_array) -> Result<usize, Problem> {
        let bits = handle.bits;
        let slot = bits & SLOT_MASK;
        if slot < u64::from(self.top)
            && let Slot { word, content: Content::Value(_) } = &self.slots[slot as usize]
            && (word ^ bits) >> SLOT_BITS == 0
        {
            return Ok(slot as usize);
        }
        Err(self.diagnose(bits))
    }

    /// The slot of a handle of a tree.
    fn find_tree(&self, bits: u64) -> Result<usize, Problem> {
        let slot = bits & SLOT_MASK;
        if slot < u64::from(self.top)
            && let Slot { word, content: Content::Tree(_) } = &self.slots[slot as usize]
            && (word ^ bits) >> SLOT_BITS == 0
        {
            return Ok(slot as usize);
        }
        Err(self.diagnose(bits))
    }

    /// What is wrong with a handle that was not found.
    #[cold]
    fn diagnose(&self, bits: u64) -> Problem {
        let (slot, stamp) = (bits & SLOT_MASK, bits >> SLOT_BITS);
        if bits == 0 {
            return Problem::Null;
        }
        if !self.is_mine(bits) {
            return Problem::Foreign;
        }
        if bits & SERIAL != 0 {
            return Problem::Kind;
        }
        match self.slots.get(slot as usize).filter(|_| slot < u64::from(self.top)) {
            Some(Slot { word, content: Content::Value(_) | Content::Tree(_) }) if word >> SLOT_BITS == stamp => {
                Problem::Kind
            }
            _ => Problem::Stale { slot, generation: self.ordinal(stamp) },
        }
    }

    #[inline]
    pub fn get(&self, handle: ag_array) -> Result<&Array, Problem> {
        let i = self.find(handle)?;
        match &self.slots[i].content {
            Content::Value(value) => Ok(value),
            _ => Err(self.diagnose(handle.bits)),
        }
    }

    pub fn get_tree(&self, handle: ag_tree) -> Result<&Tree, Problem> {
        let i = self.find_tree(handle.bits)?;
        match &self.slots[i].content {
            Content::Tree(tree) => Ok(tree),
            _ => Err(self.diagnose(handle.bits)),
        }
    }

    /// The value of a handle, if it is a number that takes part in nothing but one tape.
    #[inline(always)]
    pub fn number(&self, handle: ag_array) -> Option<Number> {
        let bits = handle.bits;
        let i = bits & SLOT_MASK;
        let slot = self.slots.get(i as usize)?;
        if i >= u64::from(self.top) || (slot.word ^ bits) >> SLOT_BITS != 0 {
            return None;
        }
        match &slot.content {
            Content::Value(value) => value.strong_number(),
            _ => None,
        }
    }

    /// Puts another value behind a handle; the old one is returned to be dropped outside of the borrow.
    pub fn replace(&mut self, handle: ag_array, value: Array) -> Result<Array, Problem> {
        let i = self.find(handle)?;
        self.scopes[self.slots[i].owner()].owns |= owns(&value);
        match std::mem::replace(&mut self.slots[i].content, Content::Value(value)) {
            Content::Value(old) => Ok(old),
            _ => Ok(Array::Null),
        }
    }

    /// The depth of the scope that a handle belongs to.
    pub fn owner(&self, handle: ag_array) -> Result<usize, Problem> {
        self.find(handle).map(|i| self.slots[i].owner())
    }

    pub fn owner_tree(&self, handle: ag_tree) -> Result<usize, Problem> {
        self.find_tree(handle.bits).map(|i| self.slots[i].owner())
    }

    /// The same for a tree.
    pub fn replace_tree(&mut self, handle: ag_tree, tree: Tree) -> Result<Content, Problem> {
        let i = self.find_tree(handle.bits)?;
        Ok(std::mem::replace(&mut self.slots[i].content, Content::Tree(tree)))
    }

    /// A new handle of the innermost scope; null when there are too many.
    #[inline(always)]
    pub fn put(&mut self, value: Array) -> ag_array {
        if self.has_room() {
            return self.fill_next(Content::Value(value));
        }
        self.put_elsewhere(value)
    }

    fn put_elsewhere(&mut self, value: Array) -> ag_array {
        let Some(i) = self.vacant() else { return ag_array::NULL };
        self.scopes.last_mut().expect("the root scope stays").owns |= owns(&value);
        self.slots[i as usize].content = Content::Value(value);
        self.handle(i)
    }

    /// The same for a tree.
    pub fn put_tree(&mut self, tree: Tree) -> ag_tree {
        let Some(i) = self.vacant() else { return ag_tree::NULL };
        self.scopes.last_mut().expect("the root scope stays").owns = true;
        let slot = &mut self.slots[i as usize];
        slot.content = Content::Tree(tree);
        ag_tree { bits: slot.stamp() << SLOT_BITS | u64::from(i) }
    }

    /// The same for a number: written where it belongs, not moved there.
    #[inline(always)]
    pub fn put_number(&mut self, x: Number) -> ag_array {
        let Some(i) = self.vacant() else { return ag_array::NULL };
        let content = &mut self.slots[i as usize].content;
        if x.level == 0 {
            *content = Content::Value(Array::Number { value: x.value, weak: false });
        } else {
            *content = Content::Value(Array::Variable { node: x.node, level: x.level, value: x.value });
        }
        self.handle(i)
    }

    /// Whether the next slot may be filled as it is: there is one, and nothing has to be dropped for it.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        let (Some(scope), Some(slot)) = (self.scopes.last(), self.slots.get(self.top as usize)) else { return false };
        scope.holes == NONE && !holds(&slot.content) && slot.may_go_on()
    }

    /// [`Slots::put_number`] where there is room as [`Slots::has_room`] says.
    #[inline(always)]
    pub fn put_in_room(&mut self, Number { node, level, value }: Number) -> ag_array {
        self.fill_next(Content::Value(if level == 0 {
            Array::Number { value, weak: false }
        } else {
            Array::Variable { node, level, value }
        }))
    }

    /// Fills the slot on top of the stack, where there is room.
    #[inline(always)]
    fn fill_next(&mut self, content: Content) -> ag_array {
        let depth = self.scopes.len() - 1;
        let (scope, slot) = (&mut self.scopes[depth], &mut self.slots[self.top as usize]);
        scope.live += 1;
        scope.owns |= holds(&content);
        let stamp = slot.stamp() + 1;
        slot.set(stamp, depth);
        // What was there owns nothing.
        std::mem::forget(std::mem::replace(&mut slot.content, content));
        let bits = stamp << SLOT_BITS | u64::from(self.top);
        self.top += 1;
        self.live += 1;
        ag_array { bits }
    }

    /// An empty slot that now belongs to the innermost scope.
    #[inline(always)]
    fn vacant(&mut self) -> Option<u32> {
        let depth = self.scopes.len() - 1;
        let scope = &mut self.scopes[depth];
        let i = if scope.holes != NONE {
            let i = scope.holes;
            let Content::Hole { next } = self.slots[i as usize].content else {
                unreachable!("the list has holes only")
            };
            scope.holes = next;
            i
        } else {
            self.grow()?
        };
        let stamp = self.slots[i as usize].stamp();
        let next = if goes_on(stamp) { stamp + 1 } else { self.following(stamp)? };
        self.scopes[depth].live += 1;
        self.live += 1;
        self.slots[i as usize].set(next, depth);
        Some(i)
    }

    #[inline(always)]
    fn handle(&self, i: u32) -> ag_array {
        ag_array { bits: self.slots[i as usize].stamp() << SLOT_BITS | u64::from(i) }
    }

    /// The next slot of the stack, passing over those that are used up.
    #[inline]
    fn grow(&mut self) -> Option<u32> {
        let i = self.top;
        if i as usize == self.slots.len() {
            if u64::from(i) > SLOT_MASK || self.slots.try_reserve(1).is_err() {
                return None;
            }
            self.slots.push(Slot { word: self.first_stamp << SLOT_BITS, content: Content::Hole { next: NONE } });
        } else if self.is_used_up(self.slots[i as usize].stamp()) {
            self.top = self.after_used_up(i);
            return self.grow();
        }
        self.top = i + 1;
        Some(i)
    }

    /// The end of a run of slots that are used up and lie on top of the stack. The first one remembers it, so that a
    /// loop which has used up many doesn't look at them all each time.
    #[cold]
    fn after_used_up(&mut self, first: u32) -> u32 {
        let mut end = first;
        while let Some(slot) = self.slots.get(end as usize)
            && self.is_used_up(slot.stamp())
        {
            end = run_end(end, &slot.content);
        }
        // Nothing there holds anything.
        self.slots[first as usize].content = Content::Hole { next: end };
        end
    }

    /// Empties a slot; the value is returned to be dropped outside of the borrow.
    pub fn release(&mut self, handle: ag_array) -> Result<Content, Problem> {
        let i = self.find(handle)?;
        Ok(self.release_slot(i))
    }

    /// The same for a tree.
    pub fn release_tree(&mut self, handle: ag_tree) -> Result<Content, Problem> {
        let i = self.find_tree(handle.bits)?;
        Ok(self.release_slot(i))
    }

    fn release_slot(&mut self, i: usize) -> Content {
        let (owner, stamp) = (self.slots[i].owner(), self.slots[i].stamp());
        // A slot that was kept out of a scope still open lies in that scope's part of the stack: leaving the scope
        // gives it to the outer one, or cuts it off.
        let inside = self.scopes.get(owner + 1).is_none_or(|inner| (i as u32) < inner.base);
        let usable = inside && !self.is_used_up(stamp);
        let scope = &mut self.scopes[owner];
        let hole = Content::Hole { next: if usable { scope.holes } else { NONE } };
        if usable {
            scope.holes = i as u32;
        }
        scope.live -= 1;
        self.live -= 1;
        std::mem::replace(&mut self.slots[i].content, hole)
    }

    /// Enters a scope and returns its serial number; `None` where there is no memory for one more.
    pub fn enter(&mut self) -> Option<u64> {
        // The depth has its place in a slot.
        if self.scopes.len() >= SLOT_MASK as usize {
            return None;
        }
        let serial = self.next_serial();
        try_push(&mut self.scopes, Scope::new(serial, self.top)).ok()?;
        Some(serial)
    }

    /// The depth of an open scope.
    pub fn depth_of(&self, serial: u64) -> Option<usize> {
        self.scopes.iter().rposition(|s| s.serial == serial)
    }

    /// Gives a handle to the scope outside of the one at `depth`.
    pub fn keep(&mut self, handle: ag_array, depth: usize) -> Result<(), Problem> {
        let i = self.find(handle)?;
        self.keep_slot(i, depth);
        Ok(())
    }

    /// The same for a tree.
    pub fn keep_tree(&mut self, handle: ag_tree, depth: usize) -> Result<(), Problem> {
        let i = self.find_tree(handle.bits)?;
        self.keep_slot(i, depth);
        Ok(())
    }

    fn keep_slot(&mut self, i: usize, depth: usize) {
        let outer = depth.saturating_sub(1);
        let (owner, stamp) = (self.slots[i].owner(), self.slots[i].stamp());
        if owner > outer {
            self.slots[i].set(stamp, outer);
            self.scopes[owner].live -= 1;
            self.scopes[outer].live += 1;
            self.scopes[outer].owns |= self.scopes[owner].owns;
            self.scopes[depth..].iter_mut().for_each(|s| s.kept = true);
        }
    }

    /// How many slots the innermost scope may have filled.
    pub fn extent(&self) -> usize {
        self.scopes.last().map_or(0, |scope| (self.top - scope.base) as usize)
    }

    /// Moves up to `most` values of the innermost scope, which is about to be left, to `dropped`, from slot `from` on: so a large
    /// scope needs no list of all its values. Returns the slot to go on from.
    pub fn take_some(&mut self, from: u32, most: usize, dropped: &mut Vec<Content>) -> u32 {
        let Some(scope) = self.scopes.last() else { return from };
        let (depth, mut i) = (self.scopes.len() - 1, from.max(scope.base));
        while i < self.top && dropped.len() < most {
            let slot = &mut self.slots[i as usize];
            if slot.owner() >= depth && holds(&slot.content) && !clear_quietly(&mut slot.content) {
                dropped.push(std::mem::replace(&mut slot.content, Content::Value(Array::Null)));
            }
            i += 1;
        }
        i
    }

    /// Leaves the innermost scope. The values are moved to `dropped`, to be dropped outside of the borrow.
    pub fn leave(&mut self, dropped: &mut Vec<Content>) {
        if self.scopes.len() == 1 {
            return;
        }
        let scope = self.scopes.pop().expect("more than the root scope");
        let depth = self.scopes.len();
        self.live -= scope.live as usize;
        if !scope.kept && !scope.owns {
            // Numbers only: what stays in the slots is out of reach, and is overwritten when they are filled again.
            self.top = scope.base;
            return;
        }
        let runs = self.may_be_used_up();
        let end = self.top;
        let stays = |slot: &Slot| slot.owner() < depth && !matches!(slot.content, Content::Hole { .. });
        let last = match scope.kept {
            true => self.slots[scope.base as usize..end as usize].iter().rposition(stays),
            false => None,
        };
        self.top = scope.base + last.map_or(0, |last| last as u32 + 1);
        // What is empty between kept slots is the outer scope's to fill.
        let mut holes = self.scopes[depth - 1].holes;
        let mut i = scope.base;
        while i < end {
            let used_up = runs && self.is_used_up(self.slots[i as usize].stamp());
            let slot = &mut self.slots[i as usize];
            let between = i < self.top;
            match slot.content {
                Content::Hole { .. } if used_up => {
                    i = run_end(i, &slot.content);
                    continue;
                }
                Content::Hole { .. } => {}
                _ if between && slot.owner() < depth => {
                    i += 1;
                    continue;
                }
                _ => {
                    if !clear_quietly(&mut slot.content) {
                        dropped.push(std::mem::replace(&mut slot.content, Content::Hole { next: NONE }));
                    }
                }
            }
            let mut next = NONE;
            if between && !used_up {
                next = std::mem::replace(&mut holes, i);
            }
            // Nothing is left to drop.
            std::mem::forget(std::mem::replace(&mut slot.content, Content::Hole { next }));
            i += 1;
        }
        self.scopes[depth - 1].holes = holes;
    }

    /// Gives the memory of empty slots back; the stamps of what comes in their place follow theirs.
    pub fn trim(&mut self) {
        let above = &self.slots[self.top as usize..];
        let highest = above.iter().map(|s| (self.ordinal(s.stamp()), s.stamp())).max().unwrap_or((0, self.first_stamp));
        if highest.0 < self.most_leases as u64 * LEASE / 2 {
            if highest.0 > self.ordinal(self.first_stamp) {
                self.first_stamp = highest.1;
            }
            self.slots.truncate(self.top as usize);
            self.slots.shrink_to_fit();
        }
    }

    /// All values, when the context ends.
    pub fn drain(&mut self) -> Vec<Content> {
        self.live = 0;
        self.top = 0;
        self.scopes.truncate(1);
        std::mem::take(&mut self.slots).into_iter().map(|s| s.content).filter(holds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(slots: &Slots, h: ag_array) -> Option<f64> {
        match slots.get(h) {
            Ok(Array::Number { value, .. }) => Some(*value),
            _ => None,
        }
    }

    #[test]
    fn a_slot_is_32_bytes() {
        assert_eq!(size_of::<Slot>(), 32);
    }

    #[test]
    fn scopes_cut_the_stack_and_keep_what_was_kept() {
        let mut s = Slots::new();
        let a = s.put(Array::from(1.0));
        s.enter();
        let b = s.put(Array::from(2.0));
        let c = s.put(Array::from(3.0));
        let d = s.put(Array::from(4.0));
        s.keep(c, 1).unwrap();
        s.leave(&mut Vec::new());
        assert_eq!([a, b, c, d].map(|h| number(&s, h)), [Some(1.0), None, Some(3.0), None]);
        assert_eq!(s.live(), 2);
        // The hole before `c` is filled first, with a new generation.
        let e = s.put(Array::from(5.0));
        assert_eq!((e.bits & SLOT_MASK, number(&s, b)), (1, None));
        assert_eq!(s.release(e).map(|_| ()), Ok(()));
        assert_eq!(s.release(e).map(|_| ()).unwrap_err(), Problem::Stale { slot: 1, generation: 2 });
    }

    #[test]
    fn kept_and_released_before_its_scope_is_left() {
        let mut s = Slots::new();
        s.enter();
        let x = s.put(Array::from(1.0));
        let y = s.put(Array::from(2.0));
        s.keep(x, 1).unwrap();
        s.keep(y, 1).unwrap();
        s.release(x).unwrap();
        s.leave(&mut Vec::new());
        s.release(y).unwrap();
        let made: Vec<ag_array> = (0..5).map(|i| s.put(Array::from(f64::from(i)))).collect();
        let read: Vec<Option<f64>> = made.iter().map(|&h| number(&s, h)).collect();
        assert_eq!(read, (0..5).map(|i| Some(f64::from(i))).collect::<Vec<_>>());
        assert_eq!(s.live(), 5);

        // The same with nothing left standing above.
        s.enter();
        let z = s.put(Array::from(3.0));
        s.keep(z, 1).unwrap();
        s.release(z).unwrap();
        s.leave(&mut Vec::new());
        let w = s.put(Array::from(4.0));
        assert_eq!((number(&s, w), number(&s, z), s.live()), (Some(4.0), None, 6));
    }

    /// Any order of operations does what a list of (handle, value, depth of its scope) does.
    #[test]
    fn random_operations_agree_with_a_list() {
        let mut state = 1u64;
        let mut random = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        for round in 0..200 {
            let mut s = Slots::new();
            let mut list: Vec<(ag_array, f64, usize)> = Vec::new();
            let mut gone: Vec<ag_array> = Vec::new();
            let mut depth = 0;
            for step in 0..200 {
                match random(8) {
                    0 if depth < 4 => {
                        s.enter();
                        depth += 1;
                    }
                    1 if depth > 0 => {
                        s.leave(&mut Vec::new());
                        list.retain(|&(h, _, owner)| {
                            let stays = owner < depth;
                            if !stays {
                                gone.push(h);
                            }
                            stays
                        });
                        depth -= 1;
                    }
                    2 if depth > 0 && !list.is_empty() => {
                        let (k, from) = (random(list.len()), 1 + random(depth));
                        s.keep(list[k].0, from).unwrap();
                        list[k].2 = list[k].2.min(from - 1);
                    }
                    3 | 4 if !list.is_empty() => {
                        let (h, ..) = list.swap_remove(random(list.len()));
                        s.release(h).unwrap();
                        gone.push(h);
                    }
                    5 => {
                        let value = f64::from(step);
                        list.push((s.put_number(Number::plain(value)), value, depth));
                    }
                    _ => {
                        let value = f64::from(step);
                        list.push((s.put(Array::from(value)), value, depth));
                    }
                }
                assert_eq!(s.live(), list.len(), "round {round}, step {step}");
                for &(h, value, _) in &list {
                    assert_eq!(number(&s, h), Some(value), "round {round}, step {step}");
                }
                assert!(gone.iter().all(|&h| s.get(h).is_err()), "round {round}, step {step}");
            }
        }
    }

    #[test]
    fn loops_without_scopes_do_not_grow() {
        let mut s = Slots::new();
        let mut x = s.put(Array::from(0.0));
        for i in 0..10_000 {
            let y = s.put(Array::from(i as f64));
            s.release(x).unwrap();
            x = y;
        }
        assert!(s.slots.len() <= 3);
    }

    /// Slots that may be filled `LEASE` times at most.
    fn soon_used_up() -> Slots {
        Slots { most_leases: 1, ..Slots::new() }
    }

    #[test]
    fn a_slot_goes_from_lease_to_lease() {
        let mut s = Slots::new();
        let mut before = ag_array::NULL;
        for i in 0..3 * LEASE {
            s.enter();
            let h = s.put(Array::from(i as f64));
            assert_eq!((h.bits & SLOT_MASK, number(&s, h), number(&s, before)), (0, Some(i as f64), None));
            s.leave(&mut Vec::new());
            assert_eq!(s.get(h).err(), Some(Problem::Stale { slot: 0, generation: i + 1 }));
            before = h;
        }
        assert_eq!(s.leases.len(), 4);
        // What comes in the place of slots that were given back has later stamps.
        s.trim();
        assert!(s.slots.is_empty());
        let h = s.put(Array::from(1.0));
        assert!(s.ordinal(h.bits >> SLOT_BITS) > 3 * LEASE);
    }

    #[test]
    fn used_up_slots_retire() {
        let mut s = soon_used_up();
        for i in 1..LEASE {
            let h = s.put(Array::from(0.0));
            assert_eq!(h.bits & SLOT_MASK, 0, "{i}");
            s.release(h).unwrap();
        }
        let next = s.put(Array::from(2.0));
        assert_eq!((next.bits & SLOT_MASK, number(&s, next)), (1, Some(2.0)));
    }

    /// A loop of scopes uses up its slots side by side; they are passed over in one step.
    #[test]
    fn runs_of_used_up_slots_are_passed_over() {
        for owning in [false, true] {
            let mut s = soon_used_up();
            let kept = s.put(Array::from(7.0));
            let mut given = std::collections::HashSet::new();
            for i in 0..20 * LEASE {
                s.enter();
                let (x, y) = (s.put(Array::from(1.0)), s.put(Array::from(2.0)));
                let tree = owning.then(|| s.put_tree(Array::from(3.0).into()));
                assert!(given.insert(x.bits) && given.insert(y.bits) && tree.is_none_or(|t| given.insert(t.bits)));
                let keeps = i % 1000 == 0 && i < 4000;
                if keeps {
                    s.release(x).unwrap();
                    s.keep(y, 1).unwrap();
                }
                s.leave(&mut Vec::new());
                assert!(s.get(x).is_err() && keeps == s.get(y).is_ok());
                if keeps {
                    s.release(y).unwrap();
                }
            }
            assert_eq!((s.live(), number(&s, kept)), (1, Some(7.0)));
            let slots = 2 + usize::from(owning);
            assert!(s.slots.len() < 30 * slots, "{} slots", s.slots.len());
            let first = s.slots.iter().position(|slot| s.is_used_up(slot.stamp())).expect("some are used up");
            let Content::Hole { next } = s.slots[first].content else { panic!("it is empty") };
            assert!(next as usize > first + 10 * slots, "from {first} to {next}");
        }
    }

    #[test]
    fn trees_are_no_arrays() {
        let mut s = Slots::new();
        let array = s.put(Array::from(1.0));
        s.enter();
        let tree = s.put_tree(Array::from(2.0).into());
        let lost = s.put_tree(Array::from(3.0).into());
        assert_eq!(s.get(ag_array { bits: tree.bits }).err(), Some(Problem::Kind));
        assert_eq!(s.get_tree(ag_tree { bits: array.bits }).err(), Some(Problem::Kind));
        s.keep_tree(tree, 1).unwrap();
        let mut dropped = Vec::new();
        s.leave(&mut dropped);
        assert_eq!((dropped.len(), s.live()), (1, 2));
        assert!(s.get_tree(lost).is_err() && s.get_tree(tree).is_ok());
        assert!(s.release_tree(tree).is_ok() && s.release_tree(tree).is_err());
    }

    #[test]
    fn wrong_handles_are_told_apart() {
        let (mut s, mut other) = (Slots::new(), Slots::new());
        let (h, foreign) = (s.put(Array::from(1.0)), other.put(Array::from(1.0)));
        assert_eq!(s.get(ag_array::NULL).err(), Some(Problem::Null));
        assert_eq!(s.get(foreign).err(), Some(Problem::Foreign));
        assert_eq!(s.get(ag_array { bits: h.bits + 1 }).err(), Some(Problem::Stale { slot: 1, generation: 1 }));
        let (mine, theirs) = (s.next_serial(), other.next_serial());
        let tape = pack_serial(Kind::Tape, mine);
        assert_eq!(s.serial(Kind::Tape, tape), Ok(mine));
        assert_eq!(s.serial(Kind::Scope, tape), Err(Problem::Kind));
        assert_eq!(s.serial(Kind::Scope, h.bits), Err(Problem::Kind));
        assert_eq!(s.get(ag_array { bits: tape }).err(), Some(Problem::Kind));
        assert_eq!(s.serial(Kind::Tape, pack_serial(Kind::Tape, theirs)), Err(Problem::Foreign));
        assert_eq!(s.get(ag_array { bits: pack_serial(Kind::Tape, theirs) }).err(), Some(Problem::Foreign));
    }

    #[test]
    fn serial_numbers_go_from_block_to_block() {
        let mut s = Slots::new();
        s.last_serial |= (1 << BLOCK_BITS) - 2;
        let serials = [s.next_serial(), s.next_serial(), s.next_serial()];
        assert_eq!(s.blocks.len(), 2);
        assert!(serials[0] != serials[1] && serials[1] != serials[2]);
        for serial in serials {
            assert_eq!(s.serial(Kind::Scope, pack_serial(Kind::Scope, serial)), Ok(serial));
        }
        assert_eq!(s.count_of(s.counted_serial(3)), Some(3));
    }
}
