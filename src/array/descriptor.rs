//! What arrays have in common: dtype and shape, and what follows from them. Most arrays of a program share the descriptor
//! of another one. So descriptors are counted, and looked for before they are made: arrays are told to be alike by comparing
//! two pointers.

use super::DType;
use super::dims::same;
use super::pool::small_class;
use super::shape::{self, Shape, Strides};
use crate::kernels::memory::try_push;
use std::cell::RefCell;
use std::rc::Rc;

/// The descriptor of an array: what it is, but for the memory it lies in.
pub struct Descriptor {
    pub dtype: DType,
    /// Of the memory that the elements take, row-major; the highest value where cells don't keep it.
    pub class: u8,
    pub size: usize,
    pub shape: Shape,
    /// Row-major.
    pub strides: Strides,
}

/// No class of small memory.
const LARGE: u8 = u8::MAX;

impl Descriptor {
    fn new(dtype: DType, shape: &[usize]) -> Descriptor {
        let size = shape::size_of(shape);
        // What has more elements than fit the address space repeats them.
        let bytes = size.saturating_mul(dtype.size());
        let class = small_class(bytes).map_or(LARGE, |class| class as u8);
        Descriptor { dtype, class, size, shape: shape.into(), strides: shape::contiguous(shape) }
    }

    /// Whether both have the same extents.
    #[inline]
    pub fn same_shape(&self, other: &Descriptor) -> bool {
        self.size == other.size && same(&self.shape, &other.shape)
    }

    #[inline(always)]
    fn is(&self, dtype: DType, shape: &[usize]) -> bool {
        self.dtype == dtype && same(&self.shape, shape)
    }
}

/// The descriptors of a context.
pub struct Descriptors {
    /// The last one of each hash.
    known: RefCell<[Option<Rc<Descriptor>>; KNOWN]>,
    /// Unreferenced descriptors, for reuse.
    spare: RefCell<Vec<Rc<Descriptor>>>,
}

/// A power of two.
const KNOWN: usize = 256;
/// More spare descriptors than this are given back.
const SPARE: usize = 1 << 10;

impl Default for Descriptors {
    fn default() -> Descriptors {
        Descriptors { known: RefCell::new([const { None }; KNOWN]), spare: RefCell::default() }
    }
}

impl Descriptors {
    /// The descriptor of arrays of this dtype and shape.
    #[inline]
    pub fn of(&self, dtype: DType, shape: &[usize]) -> Rc<Descriptor> {
        // The golden ratio's digits spread what differs in a few low bits over the high ones.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let start = dtype as u64 ^ (shape.len() as u64) << 8;
        let words = shape.iter().fold(start, |hash, &d| hash.wrapping_mul(SPREAD) ^ d as u64);
        let hash = words.wrapping_mul(SPREAD);
        let mut known = self.known.borrow_mut();
        let known = &mut known[(hash >> (64 - KNOWN.ilog2())) as usize];
        match known {
            Some(descriptor) if descriptor.is(dtype, shape) => descriptor.clone(),
            _ => self.make(known, dtype, shape),
        }
    }

    #[cold]
    fn make(&self, known: &mut Option<Rc<Descriptor>>, dtype: DType, shape: &[usize]) -> Rc<Descriptor> {
        if let Some(old) = known.take() {
            self.release(old);
        }
        let descriptor = match self.spare.borrow_mut().pop() {
            Some(mut rc) => {
                *Rc::get_mut(&mut rc).expect("a spare descriptor has no other reference") =
                    Descriptor::new(dtype, shape);
                rc
            }
            None => Rc::new(Descriptor::new(dtype, shape)),
        };
        *known = Some(descriptor.clone());
        descriptor
    }

    /// Takes back what an array doesn't need any more.
    #[inline]
    pub fn release(&self, descriptor: Rc<Descriptor>) {
        if Rc::strong_count(&descriptor) == 1 {
            let mut spare = self.spare.borrow_mut();
            if spare.len() < SPARE {
                let _ = try_push(&mut *spare, descriptor);
            }
        }
    }

    /// Gives back what isn't in use.
    pub fn trim(&self) {
        self.known.borrow_mut().fill(None);
        self.spare.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_has_one_descriptor() {
        let descriptors = Descriptors::default();
        let descriptor = descriptors.of(DType::F64, &[2, 3]);
        assert!(Rc::ptr_eq(&descriptor, &descriptors.of(DType::F64, &[2, 3])));
        let others: [(DType, &[usize]); 5] = [
            (DType::F32, &[2, 3]),
            (DType::F64, &[3, 2]),
            (DType::F64, &[6]),
            (DType::F64, &[2, 3, 1]),
            (DType::F64, &[]),
        ];
        for (dtype, shape) in others {
            let other = descriptors.of(dtype, shape);
            assert!(!Rc::ptr_eq(&descriptor, &other));
            assert_eq!((other.dtype, other.shape.as_slice()), (dtype, shape));
            assert_eq!(other.same_shape(&descriptor), shape == [2, 3]);
        }
        assert_eq!((descriptor.size, descriptor.strides.as_slice()), (6, [3, 1].as_slice()));
    }

    #[test]
    fn unreferenced_descriptors_are_filled_again() {
        let descriptors = Descriptors::default();
        for round in 0..3 {
            for n in 0..2000 {
                let descriptor = descriptors.of(DType::F64, &[n, n + round]);
                assert_eq!(
                    (descriptor.shape.as_slice(), descriptor.size),
                    ([n, n + round].as_slice(), n * (n + round))
                );
                descriptors.release(descriptor);
            }
        }
        // Each is either the last one of its hash or was filled again: there are no more than one for each hash, and one.
        assert!(descriptors.spare.borrow().len() <= 1);
    }
}
