//! The slots behind handles of arrays and trees.
//!
//! A slot gets another stamp each time it is filled, and a handle counts only while the stamps agree, so null, stale,
//! foreign and random bits are found out.
//!
//! Slots are a stack. A scope remembers where the stack ended when it was entered, and leaving it cuts the stack back
//! there: no list is walked for values that stay inside, nothing is counted. Two things keep a slot from being just an
//! element of a stack: `ag_keep` gives it to an outer scope, which then leaves it standing; and a released slot is a
//! hole, filled again first (each scope has its list of holes).

use super::handle::{Problem, SERIAL, SLOT_BITS, SLOT_MASK, ag_array, ag_tree};
use super::stamps::{Stamps, goes_on};
use crate::kernels::memory::try_push;
use crate::operators::tree::Tree;
use crate::trace::{Array, Number};
use std::cell::RefCell;

#[cfg(test)]
mod tests;

/// No slot.
const NO_SLOT: u32 = u32::MAX;

/// What is in a slot.
pub enum Content {
    /// Empty; the next hole of the same scope. Of a slot that is used up: the end of a run of such slots.
    Hole {
        next: u32,
    },
    /// An integer, of which no array is made until one is asked for: most are positions, and are looked at once.
    Integer(i64),
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
    /// Its slots that have held more than a number lie here: what leaving it has to drop.
    owning: Range,
}

impl Scope {
    fn new(serial: u64, base: u32) -> Scope {
        Scope { serial, base, holes: NO_SLOT, kept: false, live: 0, owning: Range::EMPTY }
    }
}

/// Slots from `first` on and before `end`.
#[derive(Clone, Copy)]
struct Range {
    first: u32,
    end: u32,
}

impl Range {
    const EMPTY: Range = Range { first: u32::MAX, end: 0 };

    #[inline(always)]
    fn include(&mut self, i: u32) {
        self.first = self.first.min(i);
        self.end = self.end.max(i + 1);
    }

    fn is_empty(self) -> bool {
        self.first >= self.end
    }

    /// What lies in a part of the stack.
    fn within(self, first: u32, end: u32) -> std::ops::Range<usize> {
        let (first, end) = (self.first.max(first), self.end.min(end));
        first.min(end) as usize..end as usize
    }
}

/// Whether dropping the value gives something back.
#[inline]
fn owns(value: &Array) -> bool {
    !matches!(value, Array::Number { .. } | Array::Variable { .. } | Array::Dual { .. } | Array::Null)
}

/// Whether dropping what is in a slot gives something back.
#[inline]
fn holds(content: &Content) -> bool {
    match content {
        Content::Hole { .. } | Content::Integer(_) => false,
        Content::Value(value) => owns(value),
        Content::Tree(_) => true,
    }
}

/// Drops what is in a slot, which holds nothing then, if no callback runs for that.
#[inline(always)]
fn clear_quietly(content: &mut Content) -> bool {
    match content {
        Content::Value(Array::Plain(t) | Array::Recorded { value: t, .. }) if !t.drops_quietly() => return false,
        Content::Value(Array::Nested(_)) | Content::Tree(_) => return false,
        Content::Value(value) => value.clear(),
        Content::Hole { .. } | Content::Integer(_) => {}
    }
    true
}

/// The same, where it is not worth its code.
#[inline(never)]
fn cleared(content: &mut Content) -> bool {
    clear_quietly(content)
}

/// Where the run of slots that are used up and empty ends which begins at `i`, as far as is known.
#[inline]
fn run_end(i: u32, content: &Content) -> u32 {
    match content {
        Content::Hole { next } if *next != NO_SLOT && *next > i => *next,
        _ => i + 1,
    }
}

/// All handles of arrays and trees of a context.
pub struct Slots {
    pub stamps: Stamps,
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
        Slots::with(Stamps::new())
    }

    fn with(stamps: Stamps) -> Slots {
        let first_stamp = stamps.first();
        Slots { stamps, slots: Vec::new(), top: 0, scopes: vec![Scope::new(0, 0)], live: 0, first_stamp }
    }

    pub fn live(&self) -> usize {
        self.live
    }

    /// The number of open scopes, the context's own included.
    pub fn depth(&self) -> usize {
        self.scopes.len()
    }

    /// The slot of a handle of an array.
    #[inline]
    fn find(&self, handle: ag_array) -> Result<usize, Problem> {
        if self.value(handle).is_some() || self.integer(handle).is_some() {
            return Ok((handle.bits & SLOT_MASK) as usize);
        }
        Err(self.diagnose(handle.bits))
    }

    /// Whether a handle stands for an array.
    pub fn is_array(&self, handle: ag_array) -> bool {
        self.find(handle).is_ok()
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
        if !self.stamps.is_mine(bits) {
            return Problem::Foreign;
        }
        if bits & SERIAL != 0 {
            return Problem::Kind;
        }
        match self.slots.get(slot as usize).filter(|_| slot < u64::from(self.top)) {
            Some(Slot { word, content }) if word >> SLOT_BITS == stamp && !matches!(content, Content::Hole { .. }) => {
                Problem::Kind
            }
            _ => Problem::Stale { slot, generation: self.stamps.ordinal(stamp) },
        }
    }

    /// The value of a handle. That of an integer, whose array is made by `made`, is there from then on.
    #[inline]
    pub fn get(slots: &RefCell<Slots>, handle: ag_array, made: impl FnOnce(i64) -> Array) -> Result<Array, Problem> {
        if let Some(value) = slots.borrow().value(handle) {
            return Ok(value.clone());
        }
        let integer = slots.borrow().integer(handle);
        let Some(integer) = integer else { return Err(slots.borrow().diagnose(handle.bits)) };
        let value = made(integer);
        if !value.is_null() {
            slots.borrow_mut().replace(handle, value.clone())?;
        }
        Ok(value)
    }

    /// The integer of a handle of which no array has been made.
    #[inline(always)]
    pub fn integer(&self, handle: ag_array) -> Option<i64> {
        let (bits, i) = (handle.bits, handle.bits & SLOT_MASK);
        match self.slots.get(i as usize)? {
            Slot { word, content: Content::Integer(value) }
                if i < u64::from(self.top) && (word ^ bits) >> SLOT_BITS == 0 =>
            {
                Some(*value)
            }
            _ => None,
        }
    }

    /// The array of a handle, `None` for one that is wrong or an integer without an array.
    #[inline(always)]
    pub fn value(&self, handle: ag_array) -> Option<&Array> {
        let (bits, i) = (handle.bits, handle.bits & SLOT_MASK);
        match self.slots.get(i as usize)? {
            Slot { word, content: Content::Value(value) }
                if i < u64::from(self.top) && (word ^ bits) >> SLOT_BITS == 0 =>
            {
                Some(value)
            }
            _ => None,
        }
    }

    pub fn get_tree(&self, handle: ag_tree) -> Result<&Tree, Problem> {
        let i = self.find_tree(handle.bits)?;
        match &self.slots[i].content {
            Content::Tree(tree) => Ok(tree),
            _ => Err(self.diagnose(handle.bits)),
        }
    }

    /// The value of a handle, if it is a number that takes part in nothing but one tape. The stamp is asked for before the
    /// content, unlike in [`Slots::value`]: chains of numbers were slower by two percent the other way round.
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
        if owns(&value) {
            self.scopes[self.slots[i].owner()].owning.include(i as u32);
        }
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
        if owns(&value) {
            self.scopes.last_mut().expect("the root scope stays").owning.include(i);
        }
        self.slots[i as usize].content = Content::Value(value);
        self.handle(i)
    }

    /// The same for a tree.
    pub fn put_tree(&mut self, tree: Tree) -> ag_tree {
        let Some(i) = self.vacant() else { return ag_tree::NULL };
        self.scopes.last_mut().expect("the root scope stays").owning.include(i);
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

    /// A new handle for an integer.
    #[inline]
    pub fn put_integer(&mut self, x: i64) -> ag_array {
        if self.has_room() {
            return self.fill_next(Content::Integer(x));
        }
        let Some(i) = self.vacant() else { return ag_array::NULL };
        self.slots[i as usize].content = Content::Integer(x);
        self.handle(i)
    }

    /// Whether the next slot may be filled as it is: there is one, and nothing has to be dropped for it.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        let (Some(scope), Some(slot)) = (self.scopes.last(), self.slots.get(self.top as usize)) else { return false };
        scope.holes == NO_SLOT && !holds(&slot.content) && slot.may_go_on()
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
        if holds(&content) {
            scope.owning.include(self.top);
        }
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
        let i = if scope.holes != NO_SLOT {
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
        let next = if goes_on(stamp) { stamp + 1 } else { self.stamps.following(stamp)? };
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
            self.slots.push(Slot { word: self.first_stamp << SLOT_BITS, content: Content::Hole { next: NO_SLOT } });
        } else if self.stamps.is_used_up(self.slots[i as usize].stamp()) {
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
            && self.stamps.is_used_up(slot.stamp())
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
        let usable = inside && !self.stamps.is_used_up(stamp);
        let scope = &mut self.scopes[owner];
        let hole = Content::Hole { next: if usable { scope.holes } else { NO_SLOT } };
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
        let serial = self.stamps.next_serial();
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
            if holds(&self.slots[i].content) {
                self.scopes[outer].owning.include(i as u32);
            }
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
        let depth = self.scopes.len() - 1;
        let owning = scope.owning.within(from.max(scope.base), self.top);
        for i in owning.clone() {
            if dropped.len() >= most {
                return i as u32;
            }
            let slot = &mut self.slots[i];
            if slot.owner() >= depth && holds(&slot.content) && !clear_quietly(&mut slot.content) {
                dropped.push(std::mem::replace(&mut slot.content, Content::Value(Array::Null)));
            }
        }
        owning.end as u32
    }

    /// Leaves the innermost scope. The values are moved to `dropped`, to be dropped outside of the borrow.
    pub fn leave(&mut self, dropped: &mut Vec<Content>) {
        if self.scopes.len() == 1 {
            return;
        }
        let scope = self.scopes.pop().expect("more than the root scope");
        let depth = self.scopes.len();
        self.live -= scope.live as usize;
        if !scope.kept && scope.owning.is_empty() {
            // Numbers only: what stays in the slots is out of reach, and is overwritten when they are filled again.
            self.top = scope.base;
            return;
        }
        let runs = self.stamps.may_be_used_up();
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
        while i < self.top {
            let used_up = runs && self.stamps.is_used_up(self.slots[i as usize].stamp());
            let slot = &mut self.slots[i as usize];
            match slot.content {
                Content::Hole { .. } if used_up => {
                    i = run_end(i, &slot.content);
                    continue;
                }
                Content::Hole { .. } => {}
                _ if slot.owner() < depth => {
                    i += 1;
                    continue;
                }
                _ => {
                    if !cleared(&mut slot.content) {
                        dropped.push(std::mem::replace(&mut slot.content, Content::Hole { next: NO_SLOT }));
                    }
                }
            }
            let mut next = NO_SLOT;
            if !used_up {
                next = std::mem::replace(&mut holes, i);
            }
            // Nothing is left to drop.
            std::mem::forget(std::mem::replace(&mut slot.content, Content::Hole { next }));
            i += 1;
        }
        self.scopes[depth - 1].holes = holes;
        // What lies above needs no holes: it is filled again from below.
        for slot in &mut self.slots[scope.owning.within(self.top, end)] {
            if holds(&slot.content) && !clear_quietly(&mut slot.content) {
                dropped.push(std::mem::replace(&mut slot.content, Content::Hole { next: NO_SLOT }));
            }
        }
        #[cfg(test)]
        assert!(!self.slots[self.top as usize..].iter().any(|slot| holds(&slot.content)));
    }

    /// Gives the memory of empty slots back; the stamps of what comes in their place follow theirs.
    pub fn trim(&mut self) {
        let above = &self.slots[self.top as usize..];
        let highest =
            above.iter().map(|s| (self.stamps.ordinal(s.stamp()), s.stamp())).max().unwrap_or((0, self.first_stamp));
        if highest.0 < self.stamps.most() / 2 {
            if highest.0 > self.stamps.ordinal(self.first_stamp) {
                self.first_stamp = highest.1;
            }
            self.slots.truncate(self.top as usize);
            self.slots.shrink_to_fit();
        }
    }

    /// All values, when the context ends. What is put in afterwards, by who is told of that, gets stamps that no handle has.
    pub fn drain(&mut self) -> Vec<Content> {
        self.live = 0;
        self.top = 0;
        self.scopes.truncate(1);
        self.scopes[0] = Scope::new(0, 0);
        let later = |a: u64, b: u64| if self.stamps.ordinal(b) > self.stamps.ordinal(a) { b } else { a };
        self.first_stamp = self.slots.iter().map(Slot::stamp).fold(self.first_stamp, later);
        std::mem::take(&mut self.slots).into_iter().map(|s| s.content).filter(holds).collect()
    }
}
