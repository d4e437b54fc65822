//! Handles and the slots behind them.
//!
//! A handle is a number: context tag, kind, generation, slot. A slot's generation goes up each time it is filled; a
//! handle counts only while tag, kind and generation agree, so null, stale, foreign and random bits are found out. A
//! slot whose generations are used up is never filled again, so a stale handle cannot come to life.
//!
//! Slots are a stack. A scope remembers where the stack ended when it was entered, and leaving it cuts the stack back
//! there: no list is walked for values that stay inside, nothing is counted. Two things keep a slot from being just an
//! element of a stack: `ag_keep` gives it to an outer scope, which then leaves it standing; and a released slot is a
//! hole, filled again first (each scope has its list of holes).

use crate::kernels::memory::try_push;
use crate::operators::tree::Tree;
use crate::trace::{Array, Number};

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
const GENERATION_BITS: u32 = 24;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;
const KIND_SHIFT: u32 = SLOT_BITS + GENERATION_BITS;
const KIND_BITS: u32 = 3;
const KIND_MASK: u64 = (1 << KIND_BITS) - 1;
const TAG_SHIFT: u32 = KIND_SHIFT + KIND_BITS;
/// Tags are 1 to 511.
pub const TAGS: u64 = (1 << (64 - TAG_SHIFT)) - 1;

/// What a handle stands for.
#[derive(Clone, Copy, PartialEq)]
#[repr(u64)]
pub enum Kind {
    Array = 0,
    Tape = 1,
    Primitive = 2,
    Scope = 3,
    Tree = 4,
}

/// Packs a handle.
pub fn pack(tag: u64, kind: Kind, generation: u64, slot: u64) -> u64 {
    tag << TAG_SHIFT | (kind as u64) << KIND_SHIFT | generation << SLOT_BITS | slot
}

/// Packs a handle with a serial number instead of slot and generation.
pub fn pack_serial(tag: u64, kind: Kind, serial: u64) -> u64 {
    tag << TAG_SHIFT | (kind as u64) << KIND_SHIFT | serial & ((1 << KIND_SHIFT) - 1)
}

/// The serial number of such a handle, if tag and kind are right.
pub fn serial(tag: u64, kind: Kind, bits: u64) -> Result<u64, Problem> {
    if bits == 0 {
        return Err(Problem::Null);
    }
    if bits >> TAG_SHIFT != tag {
        return Err(Problem::Foreign);
    }
    if bits >> KIND_SHIFT & KIND_MASK != kind as u64 {
        return Err(Problem::Kind);
    }
    Ok(bits & ((1 << KIND_SHIFT) - 1))
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
    /// Empty; the next hole of the same scope.
    Hole {
        next: u32,
    },
    Value(Array),
    Tree(Tree),
}

struct Slot {
    generation: u32,
    /// Depth of the scope it belongs to.
    owner: u32,
    content: Content,
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

/// All handles of arrays and trees of a context.
pub struct Slots {
    tag: u64,
    slots: Vec<Slot>,
    /// Slots from here on are empty.
    top: u32,
    scopes: Vec<Scope>,
    next_scope: u64,
    live: usize,
    /// The generation that a slot seen for the first time starts after.
    first_generation: u32,
}

impl Slots {
    pub fn new(tag: u64) -> Slots {
        Slots {
            tag,
            slots: Vec::new(),
            top: 0,
            scopes: vec![Scope::new(0, 0)],
            next_scope: 1,
            live: 0,
            first_generation: 0,
        }
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
        let (slot, generation) = (bits & SLOT_MASK, bits >> SLOT_BITS & GENERATION_MASK);
        if bits >> KIND_SHIFT == self.tag << KIND_BITS
            && slot < u64::from(self.top)
            && let Slot { generation: g, content: Content::Value(_), .. } = &self.slots[slot as usize]
            && u64::from(*g) == generation
        {
            return Ok(slot as usize);
        }
        Err(self.diagnose(bits))
    }

    /// The slot of a handle of a tree.
    fn find_tree(&self, bits: u64) -> Result<usize, Problem> {
        let (slot, generation) = ((bits & SLOT_MASK) as usize, bits >> SLOT_BITS & GENERATION_MASK);
        serial(self.tag, Kind::Tree, bits)?;
        match self.slots.get(slot).filter(|_| slot < self.top as usize) {
            Some(Slot { generation: g, content: Content::Tree(_), .. }) if u64::from(*g) == generation => Ok(slot),
            _ => Err(Problem::Stale { slot: slot as u64, generation }),
        }
    }

    #[cold]
    fn diagnose(&self, bits: u64) -> Problem {
        match serial(self.tag, Kind::Array, bits) {
            Err(problem) => problem,
            Ok(_) => Problem::Stale { slot: bits & SLOT_MASK, generation: bits >> SLOT_BITS & GENERATION_MASK },
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
        let generation = bits >> SLOT_BITS & GENERATION_MASK;
        if bits >> KIND_SHIFT != self.tag << KIND_BITS
            || i >= u64::from(self.top)
            || u64::from(slot.generation) != generation
        {
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
        self.scopes[self.slots[i].owner as usize].owns |= owns(&value);
        match std::mem::replace(&mut self.slots[i].content, Content::Value(value)) {
            Content::Value(old) => Ok(old),
            _ => Ok(Array::Null),
        }
    }

    /// The depth of the scope that a handle belongs to.
    pub fn owner(&self, handle: ag_array) -> Result<usize, Problem> {
        self.find(handle).map(|i| self.slots[i].owner as usize)
    }

    pub fn owner_tree(&self, handle: ag_tree) -> Result<usize, Problem> {
        self.find_tree(handle.bits).map(|i| self.slots[i].owner as usize)
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
        ag_tree { bits: pack(self.tag, Kind::Tree, u64::from(slot.generation), u64::from(i)) }
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
        scope.holes == NONE && !holds(&slot.content) && u64::from(slot.generation) < GENERATION_MASK
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
        slot.owner = depth as u32;
        slot.generation += 1;
        // What was there owns nothing.
        std::mem::forget(std::mem::replace(&mut slot.content, content));
        let bits = pack(self.tag, Kind::Array, u64::from(slot.generation), u64::from(self.top));
        self.top += 1;
        self.live += 1;
        ag_array { bits }
    }

    /// An empty slot that now belongs to the innermost scope.
    #[inline(always)]
    fn vacant(&mut self) -> Option<u32> {
        let depth = self.scopes.len() as u32 - 1;
        let scope = self.scopes.last_mut().expect("the root scope stays");
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
        self.scopes[depth as usize].live += 1;
        self.live += 1;
        let slot = &mut self.slots[i as usize];
        slot.generation += 1;
        slot.owner = depth;
        Some(i)
    }

    #[inline(always)]
    fn handle(&self, i: u32) -> ag_array {
        let generation = self.slots[i as usize].generation;
        ag_array { bits: pack(self.tag, Kind::Array, u64::from(generation), u64::from(i)) }
    }

    /// The next slot of the stack, passing over those that are used up.
    #[inline]
    fn grow(&mut self) -> Option<u32> {
        loop {
            let i = self.top;
            if i as usize == self.slots.len() {
                if u64::from(i) > SLOT_MASK || self.slots.try_reserve(1).is_err() {
                    return None;
                }
                let generation = self.first_generation;
                self.slots.push(Slot { generation, owner: 0, content: Content::Hole { next: NONE } });
            }
            self.top += 1;
            if u64::from(self.slots[i as usize].generation) < GENERATION_MASK {
                return Some(i);
            }
        }
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
        let owner = self.slots[i].owner as usize;
        // A slot that was kept out of a scope still open lies in that scope's part of the stack: leaving the scope
        // gives it to the outer one, or cuts it off.
        let inside = self.scopes.get(owner + 1).is_none_or(|inner| (i as u32) < inner.base);
        let scope = &mut self.scopes[owner];
        let usable = inside && u64::from(self.slots[i].generation) < GENERATION_MASK;
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
        let serial = self.next_scope;
        try_push(&mut self.scopes, Scope::new(serial, self.top)).ok()?;
        self.next_scope += 1;
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
        let outer = depth.saturating_sub(1) as u32;
        let owner = self.slots[i].owner;
        if owner > outer {
            self.slots[i].owner = outer;
            self.scopes[owner as usize].live -= 1;
            self.scopes[outer as usize].live += 1;
            self.scopes[outer as usize].owns |= self.scopes[owner as usize].owns;
            self.scopes[depth..].iter_mut().for_each(|s| s.kept = true);
        }
    }

    /// Leaves the innermost scope. The values are moved to `dropped`, to be dropped outside of the borrow.
    pub fn leave(&mut self, dropped: &mut Vec<Content>) {
        if self.scopes.len() == 1 {
            return;
        }
        let scope = self.scopes.pop().expect("more than the root scope");
        let depth = self.scopes.len() as u32;
        self.live -= scope.live as usize;
        if !scope.kept && !scope.owns {
            // Numbers only: what stays in the slots is out of reach, and is overwritten when they are filled again.
            self.top = scope.base;
            return;
        }
        let mine = &mut self.slots[scope.base as usize..self.top as usize];
        let stays = |slot: &Slot| slot.owner < depth && !matches!(slot.content, Content::Hole { .. });
        let last = if scope.kept { mine.iter().rposition(stays) } else { None };
        self.top = scope.base + last.map_or(0, |last| last as u32 + 1);
        // What is empty between kept slots is the outer scope's to fill.
        let outer = self.scopes.last_mut().expect("the root scope stays");
        for (i, slot) in (scope.base..).zip(mine) {
            let between = i < self.top;
            if !matches!(slot.content, Content::Hole { .. }) {
                if between && slot.owner < depth {
                    continue;
                }
                if !clear_quietly(&mut slot.content) {
                    dropped.push(std::mem::replace(&mut slot.content, Content::Hole { next: NONE }));
                }
            }
            let mut next = NONE;
            if between && u64::from(slot.generation) < GENERATION_MASK {
                next = std::mem::replace(&mut outer.holes, i);
            }
            // Nothing is left to drop.
            std::mem::forget(std::mem::replace(&mut slot.content, Content::Hole { next }));
        }
    }

    /// Gives the memory of empty slots back; the generations of what comes in their place start above theirs.
    pub fn trim(&mut self) {
        let highest = self.slots[self.top as usize..].iter().map(|s| s.generation).max().unwrap_or(0);
        if u64::from(highest) < GENERATION_MASK / 2 {
            self.first_generation = self.first_generation.max(highest);
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
        let mut s = Slots::new(5);
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
        let mut s = Slots::new(1);
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
            let mut s = Slots::new(3);
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
        let mut s = Slots::new(1);
        let mut x = s.put(Array::from(0.0));
        for i in 0..10_000 {
            let y = s.put(Array::from(i as f64));
            s.release(x).unwrap();
            x = y;
        }
        assert!(s.slots.len() <= 3);
    }

    #[test]
    fn used_up_slots_retire() {
        let mut s = Slots::new(1);
        let first = s.put(Array::from(0.0));
        s.release(first).unwrap();
        s.slots[0].generation = GENERATION_MASK as u32 - 1;
        let last = s.put(Array::from(1.0));
        assert_eq!(last.bits & SLOT_MASK, 0);
        s.release(last).unwrap();
        let next = s.put(Array::from(2.0));
        assert_eq!(next.bits & SLOT_MASK, 1);
    }

    #[test]
    fn trees_are_no_arrays() {
        let mut s = Slots::new(9);
        let array = s.put(Array::from(1.0));
        s.enter();
        let tree = s.put_tree(Array::from(2.0).into());
        let lost = s.put_tree(Array::from(3.0).into());
        assert_eq!(s.get(ag_array { bits: tree.bits }).err(), Some(Problem::Kind));
        assert_eq!(s.get_tree(ag_tree { bits: array.bits }).err(), Some(Problem::Kind));
        // An array's handle with the kind of a tree.
        let wrong = ag_tree { bits: array.bits & !(KIND_MASK << KIND_SHIFT) | (Kind::Tree as u64) << KIND_SHIFT };
        assert_eq!(s.get_tree(wrong).err(), Some(Problem::Stale { slot: 0, generation: 1 }));
        let wrong = ag_array { bits: tree.bits & !(KIND_MASK << KIND_SHIFT) };
        assert_eq!(s.get(wrong).err(), Some(Problem::Stale { slot: 1, generation: 1 }));
        s.keep_tree(tree, 1).unwrap();
        let mut dropped = Vec::new();
        s.leave(&mut dropped);
        assert_eq!((dropped.len(), s.live()), (1, 2));
        assert!(s.get_tree(lost).is_err() && s.get_tree(tree).is_ok());
        assert!(s.release_tree(tree).is_ok() && s.release_tree(tree).is_err());
    }

    #[test]
    fn wrong_handles_are_told_apart() {
        let mut s = Slots::new(7);
        let h = s.put(Array::from(1.0));
        assert_eq!(s.get(ag_array::NULL).err(), Some(Problem::Null));
        assert_eq!(s.get(ag_array { bits: h.bits ^ 1 << TAG_SHIFT }).err(), Some(Problem::Foreign));
        assert_eq!(s.get(ag_array { bits: h.bits | 1 << KIND_SHIFT }).err(), Some(Problem::Kind));
        assert_eq!(s.get(ag_array { bits: h.bits + 1 }).err(), Some(Problem::Stale { slot: 1, generation: 1 }));
    }
}
