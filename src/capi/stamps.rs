//! What tells a context's handles from those of all others: the stamps that slots are given, and serial numbers.
//!
//! No stamp is given twice to slots of one number, in whichever context. So a context leases stamps, [`LEASE`] at a time,
//! from one counter for all: a short life needs one lease, and a slot that has used up one goes on with the next. There are
//! leases for [`LEASES`] such lives before the first one comes round again. One context gets no more than [`MOST_LEASES`];
//! a slot that has used up all of them is never filled again, so a stale handle cannot come to life.
//!
//! What is found by searching (scopes, tapes, primitives) has a serial number instead, unique in the same way: a context
//! takes blocks of 2^32 serial numbers.

use super::handle::{KIND_MASK, KIND_SHIFT, Kind, Problem, SERIAL, SLOT_BITS};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const LEASE_BITS: u32 = 12;
/// Stamps of a lease.
pub(super) const LEASE: u64 = 1 << LEASE_BITS;
/// All leases there are.
const LEASES: u64 = 1 << (63 - SLOT_BITS - LEASE_BITS);
/// The leases of one context: a slot is filled some 2^24 times.
const MOST_LEASES: usize = 1 << 12;

pub(super) const BLOCK_BITS: u32 = 32;
/// All blocks of serial numbers there are.
const BLOCKS: u64 = 1 << (KIND_SHIFT - BLOCK_BITS);

/// The next lease and the next block: the only things that contexts share.
static NEXT_LEASE: AtomicU64 = AtomicU64::new(0);
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(0);

/// Whether the next stamp is of the same lease.
#[inline(always)]
pub(super) fn goes_on(stamp: u64) -> bool {
    stamp % LEASE != LEASE - 1
}

/// The leases and blocks of a context.
pub struct Stamps {
    /// The numbers of the leases, in the order in which slots go through them.
    leases: Vec<u64>,
    most_leases: usize,
    /// The blocks that serial numbers are taken from, the last one at the moment, and the last serial number.
    blocks: Vec<u64>,
    last_serial: u64,
}

impl Stamps {
    pub fn new() -> Stamps {
        Stamps::of_leases(MOST_LEASES)
    }

    /// With another bound on the leases.
    pub fn of_leases(most_leases: usize) -> Stamps {
        let lease = NEXT_LEASE.fetch_add(1, Relaxed) % LEASES;
        let mut stamps = Stamps { leases: vec![lease], most_leases, blocks: Vec::new(), last_serial: 0 };
        stamps.take_block();
        stamps
    }

    /// The stamp that slots start after.
    pub fn first(&self) -> u64 {
        self.leases[0] * LEASE
    }

    /// Stamps that a slot may go through.
    pub fn most(&self) -> u64 {
        self.most_leases as u64 * LEASE
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
    pub fn is_mine(&self, bits: u64) -> bool {
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
    pub fn ordinal(&self, stamp: u64) -> u64 {
        self.lease_at(stamp).map_or(0, |at| at as u64 * LEASE + stamp % LEASE)
    }

    /// The stamp after this one, of the next lease if need be; `None` where the slot is used up.
    #[cold]
    pub fn following(&mut self, stamp: u64) -> Option<u64> {
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
    pub fn may_be_used_up(&self) -> bool {
        self.leases.len() >= self.most_leases
    }

    /// Whether a slot with this stamp cannot be filled any more.
    #[inline]
    pub fn is_used_up(&self, stamp: u64) -> bool {
        !goes_on(stamp) && self.may_be_used_up() && self.leases.last() == Some(&(stamp / LEASE))
    }
}

#[cfg(test)]
impl Stamps {
    /// How many leases there are so far.
    pub fn leases(&self) -> usize {
        self.leases.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::handle::pack_serial;
    use super::*;

    #[test]
    fn serial_numbers_go_from_block_to_block() {
        let mut s = Stamps::new();
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
