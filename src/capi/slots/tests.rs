use super::super::handle::Kind;
use super::super::handle::pack_serial;
use super::super::stamps::LEASE;
use super::*;
use crate::array::{Heap, Tensor};

fn number(slots: &Slots, h: ag_array) -> Option<f64> {
    match look(slots, h) {
        Ok(Array::Number { value, .. }) => Some(*value),
        _ => None,
    }
}

fn look(slots: &Slots, h: ag_array) -> Result<&Array, Problem> {
    slots.value(h).ok_or_else(|| slots.diagnose(h.bits))
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
            assert!(gone.iter().all(|&h| look(&s, h).is_err()), "round {round}, step {step}");
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
    Slots::with(Stamps::of_leases(1))
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
        assert_eq!(look(&s, h).err(), Some(Problem::Stale { slot: 0, generation: i + 1 }));
        before = h;
    }
    assert_eq!(s.stamps.leases(), 4);
    // What comes in the place of slots that were given back has later stamps.
    s.trim();
    assert!(s.slots.is_empty());
    let h = s.put(Array::from(1.0));
    assert!(s.stamps.ordinal(h.bits >> SLOT_BITS) > 3 * LEASE);
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
            assert!(look(&s, x).is_err() && keeps == look(&s, y).is_ok());
            if keeps {
                s.release(y).unwrap();
            }
        }
        assert_eq!((s.live(), number(&s, kept)), (1, Some(7.0)));
        let slots = 2 + usize::from(owning);
        assert!(s.slots.len() < 30 * slots, "{} slots", s.slots.len());
        let first = s.slots.iter().position(|slot| s.stamps.is_used_up(slot.stamp())).expect("some are used up");
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
    assert_eq!(look(&s, ag_array { bits: tree.bits }).err(), Some(Problem::Kind));
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
    assert_eq!(look(&s, ag_array::NULL).err(), Some(Problem::Null));
    assert_eq!(look(&s, foreign).err(), Some(Problem::Foreign));
    assert_eq!(look(&s, ag_array { bits: h.bits + 1 }).err(), Some(Problem::Stale { slot: 1, generation: 1 }));
    let (mine, theirs) = (s.stamps.next_serial(), other.stamps.next_serial());
    let tape = pack_serial(Kind::Tape, mine);
    assert_eq!(s.stamps.serial(Kind::Tape, tape), Ok(mine));
    assert_eq!(s.stamps.serial(Kind::Scope, tape), Err(Problem::Kind));
    assert_eq!(s.stamps.serial(Kind::Scope, h.bits), Err(Problem::Kind));
    assert_eq!(look(&s, ag_array { bits: tape }).err(), Some(Problem::Kind));
    assert_eq!(s.stamps.serial(Kind::Tape, pack_serial(Kind::Tape, theirs)), Err(Problem::Foreign));
    assert_eq!(look(&s, ag_array { bits: pack_serial(Kind::Tape, theirs) }).err(), Some(Problem::Foreign));
}

#[test]
fn the_array_of_an_integer_is_made_once() {
    let heap = Heap::new();
    let slots = RefCell::new(Slots::new());
    let h = slots.borrow_mut().put_integer(-7);
    assert_eq!(
        (slots.borrow().integer(h), slots.borrow().value(h).is_none(), slots.borrow().is_array(h)),
        (Some(-7), true, true)
    );
    // Where there is no memory, it can be asked for again.
    assert!(Slots::get(&slots, h, |_| Array::Null).is_ok_and(|x| x.is_null()));
    let made = |n: i64| Array::Plain(Tensor::build::<i64>(&heap, &[], |d| d[0] = n).unwrap());
    assert!(matches!(Slots::get(&slots, h, made), Ok(Array::Plain(t)) if t.first::<i64>() == -7));
    assert!(Slots::get(&slots, h, |_| unreachable!("it is there")).is_ok());
    assert_eq!(slots.borrow().integer(h), None);
    slots.borrow_mut().release(h).unwrap();
    assert!(matches!(Slots::get(&slots, h, |_| unreachable!("no integer")), Err(Problem::Stale { .. })));

    // One that was never looked at ends with its scope, and outlives it where it is kept.
    let mut s = slots.into_inner();
    s.enter();
    let (a, b) = (s.put_integer(1), s.put_integer(2));
    assert!(matches!(s.diagnose(b.bits), Problem::Kind));
    s.keep(b, 1).unwrap();
    s.leave(&mut Vec::new());
    assert_eq!((s.integer(a), s.integer(b), s.live()), (None, Some(2), 1));
    assert!(matches!(s.replace(b, Array::from(3.0)), Ok(Array::Null)));
    assert_eq!((s.integer(b), number(&s, b)), (None, Some(3.0)));
}
