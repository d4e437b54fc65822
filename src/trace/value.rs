//! The value that operations take and return: a number, a plain array, or either of them on a tape.

use super::tape::{NO_NODE, Trace};
use crate::array::{DType, Descriptor, Tensor};
use smallvec::SmallVec;
use std::rc::Rc;

/// A value of any kind. Cloning is cheap; the value never changes.
///
/// Numbers (rank 0, `float64`) live here without a buffer. The null value stands for a result that could not be
/// computed; the reason is in the context.
#[derive(Clone, Default)]
pub enum Array {
    #[default]
    Null,
    /// A plain number. A *weak* one takes the precision of what it is combined with, as Python's `float`.
    Number {
        value: f64,
        weak: bool,
    },
    /// A number recorded on one tape, over a plain number.
    Variable {
        node: u32,
        level: u64,
        value: f64,
    },
    /// A number in forward mode on one level, over a plain number. The levels of a program that opens more than 2^32 are
    /// layers from then on.
    Dual {
        level: u32,
        tangent: f64,
        value: f64,
    },
    Plain(Tensor),
    /// An array recorded on one tape, over a plain array.
    Recorded {
        node: u32,
        level: u64,
        value: Tensor,
    },
    /// Everything else: on several levels, in forward mode, or a batch.
    Nested(Rc<Nested>),
}

/// Values in the order of the arguments they belong to.
pub type Arrays = SmallVec<[Array; 8]>;

/// A number that is plain (level 0) or recorded on one tape: what most values of a scalar program are.
#[derive(Clone, Copy)]
pub struct Number {
    pub node: u32,
    pub level: u64,
    pub value: f64,
}

impl Number {
    pub fn plain(value: f64) -> Number {
        Number { node: NO_NODE, level: 0, value }
    }
}

/// The level of [`Array::saved`], which is never open.
const SAVED: u64 = u64::MAX;

/// A layer of one level around any primal.
pub struct Nested {
    pub level: u64,
    /// The node, on a tape.
    pub node: u32,
    /// The tangent, in forward mode; null for zero.
    pub tangent: Array,
    pub primal: Array,
    /// Whether the first axis of the primal numbers the elements of a batch, and is none of the value.
    pub batch: bool,
    /// How many layers from here on inwards are batches.
    batches: u16,
    /// The descriptor of the array inside of everything, where layers lie between: to look for it through all of them would
    /// make whatever is done at `n` levels take `n` times `n` steps.
    descriptor: Option<Rc<Descriptor>>,
}

impl Nested {
    fn new(level: u64, node: u32, tangent: Array, primal: Array, batch: bool) -> Nested {
        let (inner, descriptor) = match &primal {
            Array::Nested(inner) => (inner.batches, inner.descriptor()),
            _ => (0, None),
        };
        Nested { level, node, tangent, batch, batches: inner + u16::from(batch), descriptor, primal }
    }

    /// The descriptor of the array inside of everything; numbers have none.
    fn descriptor(&self) -> Option<Rc<Descriptor>> {
        match &self.primal {
            Array::Plain(t) | Array::Recorded { value: t, .. } => Some(t.descriptor().clone()),
            _ => self.descriptor.clone(),
        }
    }

    /// The same layer around another primal.
    pub fn around(&self, primal: Array) -> Array {
        Array::nested(Nested::new(self.level, self.node, self.tangent.clone(), primal, self.batch))
    }

    fn is_number(&self) -> bool {
        !matches!(self.primal, Array::Plain(_) | Array::Recorded { .. })
            && self.batches == 0
            && self.descriptor.is_none()
    }

    fn shape(&self) -> &[usize] {
        let all = match (&self.descriptor, &self.primal) {
            (Some(descriptor), _) => &descriptor.shape,
            (None, Array::Nested(_)) => &[][..],
            (None, primal) => primal.shape(),
        };
        &all[usize::from(self.batches)..]
    }

    fn dtype(&self) -> DType {
        match (&self.descriptor, &self.primal) {
            (Some(descriptor), _) => descriptor.dtype,
            (None, Array::Nested(_)) => DType::F64,
            (None, primal) => primal.dtype(),
        }
    }
}

impl From<f64> for Array {
    fn from(value: f64) -> Array {
        Array::Number { value, weak: false }
    }
}

impl From<Number> for Array {
    fn from(Number { node, level, value }: Number) -> Array {
        if level == 0 { Array::from(value) } else { Array::Variable { node, level, value } }
    }
}

impl From<Tensor> for Array {
    /// Numbers that are there become [`Array::Number`].
    fn from(t: Tensor) -> Array {
        if t.ndim() == 0 && t.dtype() == DType::F64 && t.is_ready() {
            Array::from(t.first::<f64>())
        } else {
            Array::Plain(t)
        }
    }
}

/// Layers without another reference go one after the other: levels may be many, and the stack small.
impl Drop for Nested {
    fn drop(&mut self) {
        let is_nested = |x: &Array| matches!(x, Array::Nested(_));
        if !is_nested(&self.primal) && !is_nested(&self.tangent) {
            return;
        }
        let mut left: SmallVec<[Array; 4]> = SmallVec::new();
        left.extend([std::mem::take(&mut self.primal), std::mem::take(&mut self.tangent)]);
        while let Some(x) = left.pop() {
            if let Array::Nested(layer) = x
                && let Some(mut layer) = Rc::into_inner(layer)
            {
                left.extend([std::mem::take(&mut layer.primal), std::mem::take(&mut layer.tangent)]);
            }
        }
    }
}

impl Array {
    /// A number as a value of any kind.
    #[inline(always)]
    pub fn of_number(x: Number) -> Array {
        if x.level == 0 {
            Array::Number { value: x.value, weak: false }
        } else {
            Array::Variable { node: x.node, level: x.level, value: x.value }
        }
    }

    /// A number without a type of its own.
    pub fn weak(value: f64) -> Array {
        Array::Number { value, weak: true }
    }

    /// The value as a number, if it is one with a type of its own, plain or recorded on one tape.
    #[inline(always)]
    pub fn strong_number(&self) -> Option<Number> {
        match *self {
            Array::Number { value, weak: false } => Some(Number::plain(value)),
            Array::Variable { node, level, value } => Some(Number { node, level, value }),
            _ => None,
        }
    }

    /// Whether this is a number on any levels, and not an array of rank 0.
    pub fn is_number(&self) -> bool {
        match self {
            Array::Number { .. } | Array::Variable { .. } | Array::Dual { .. } => true,
            Array::Nested(layer) => layer.is_number(),
            _ => false,
        }
    }

    /// This many null values.
    pub fn nulls<C: FromIterator<Array>>(n: usize) -> C {
        (0..n).map(|_| Array::Null).collect()
    }

    /// Becomes null. As the assignment does, but the end of what is most common needs no call.
    #[inline(always)]
    pub fn clear(&mut self) {
        #[cold]
        fn end(x: &mut Array) {
            *x = Array::Null;
        }
        // An arm for each kind, so that no value is copied to the stack before its tensor is dropped.
        match self {
            Array::Null => {}
            Array::Number { .. } | Array::Variable { .. } | Array::Dual { .. } => {
                std::mem::forget(std::mem::take(self));
            }
            Array::Plain(_) => {
                if let Array::Plain(t) = std::mem::take(self) {
                    drop(t);
                }
            }
            Array::Recorded { .. } => {
                if let Array::Recorded { value, .. } = std::mem::take(self) {
                    drop(value);
                }
            }
            Array::Nested(_) => end(self),
        }
    }

    /// The null value becomes `x`. As the assignment does, without looking at what was there.
    #[inline(always)]
    pub fn fill(&mut self, x: Array) {
        debug_assert!(self.is_null());
        std::mem::forget(std::mem::replace(self, x));
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Array::Null)
    }

    pub fn is_weak(&self) -> bool {
        matches!(self, Array::Number { weak: true, .. })
    }

    #[inline]
    pub fn shape(&self) -> &[usize] {
        match self {
            Array::Null | Array::Number { .. } | Array::Variable { .. } | Array::Dual { .. } => &[],
            Array::Plain(t) | Array::Recorded { value: t, .. } => t.shape(),
            Array::Nested(n) => n.shape(),
        }
    }

    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    pub fn size(&self) -> usize {
        self.shape().iter().product()
    }

    #[inline]
    pub fn dtype(&self) -> DType {
        match self {
            Array::Null | Array::Number { .. } | Array::Variable { .. } | Array::Dual { .. } => DType::F64,
            Array::Plain(t) | Array::Recorded { value: t, .. } => t.dtype(),
            Array::Nested(n) => n.dtype(),
        }
    }

    /// All layers off; null for a batch, which is no single value.
    pub fn plain(&self) -> Array {
        match self {
            Array::Variable { value, .. } | Array::Dual { value, .. } => Array::from(*value),
            Array::Recorded { value, .. } => Array::Plain(value.clone()),
            Array::Nested(n) => {
                let mut layer = n;
                loop {
                    match &layer.primal {
                        _ if layer.batch => return Array::Null,
                        Array::Nested(inner) => layer = inner,
                        primal => return primal.plain(),
                    }
                }
            }
            other => other.clone(),
        }
    }

    /// The highest level that is still open, 0 for none.
    pub fn level(&self, trace: &Trace) -> u64 {
        match self {
            Array::Variable { level, .. } | Array::Recorded { level, .. } if trace.is_live(*level) => *level,
            Array::Dual { level, .. } if trace.is_live(u64::from(*level)) => u64::from(*level),
            Array::Nested(n) => {
                let mut layer = n;
                loop {
                    if trace.is_live(layer.level) {
                        return layer.level;
                    }
                    match &layer.primal {
                        Array::Nested(inner) => layer = inner,
                        other => return other.level(trace),
                    }
                }
            }
            _ => 0,
        }
    }

    /// How many open levels the value is on.
    pub fn depth(&self, trace: &Trace) -> usize {
        let mut depth = 0;
        let mut value = self.clone();
        loop {
            let level = value.level(trace);
            if level == 0 {
                return depth;
            }
            depth += 1;
            value = value.layer(level).expect("it is on this level").1;
        }
    }

    /// If the value is boxed at `level`: its node and tangent there, and its primal. Layers of ended levels above are
    /// passed over.
    pub fn layer(&self, level: u64) -> Option<((u32, Array), Array)> {
        match self {
            Array::Variable { node, level: l, value } if *l == level => {
                Some(((*node, Array::Null), Array::from(*value)))
            }
            Array::Recorded { node, level: l, value } if *l == level => {
                Some(((*node, Array::Null), Array::Plain(value.clone())))
            }
            Array::Dual { level: l, tangent, value } if u64::from(*l) == level => {
                Some(((NO_NODE, Array::from(*tangent)), Array::from(*value)))
            }
            Array::Nested(n) => {
                let mut layer = n;
                loop {
                    if layer.level == level {
                        return Some(((layer.node, layer.tangent.clone()), layer.primal.clone()));
                    }
                    if layer.level < level {
                        return None;
                    }
                    match &layer.primal {
                        Array::Nested(inner) => layer = inner,
                        other => return other.layer(level),
                    }
                }
            }
            _ => None,
        }
    }

    /// A layer of a tape around `primal`.
    pub fn boxed(level: u64, node: u32, primal: Array) -> Array {
        match primal {
            Array::Number { value, .. } => Array::Variable { node, level, value },
            Array::Plain(value) => Array::Recorded { node, level, value },
            primal => Array::nested(Nested::new(level, node, Array::Null, primal, false)),
        }
    }

    /// A layer of forward mode around `primal`.
    #[inline]
    pub fn dual(level: u64, tangent: Array, primal: Array) -> Array {
        if let (Array::Number { value: tangent, weak: false }, Array::Number { value, weak: false }, Ok(level)) =
            (&tangent, &primal, u32::try_from(level))
        {
            return Array::Dual { level, tangent: *tangent, value: *value };
        }
        Array::nested(Nested::new(level, NO_NODE, tangent, primal, false))
    }

    /// Level, tangent (`None` for zero) and value of a number in forward mode, where nothing else is known of it.
    #[inline]
    pub fn dual_number(&self) -> Option<(u64, Option<f64>, f64)> {
        if let Array::Dual { level, tangent, value } = *self {
            return Some((u64::from(level), Some(tangent), value));
        }
        let Array::Nested(n) = self else { return None };
        let Array::Number { value, weak: false } = n.primal else { return None };
        let tangent = match n.tangent {
            Array::Null => None,
            Array::Number { value, weak: false } => Some(value),
            _ => return None,
        };
        (n.node == NO_NODE && !n.batch && n.level != SAVED).then_some((n.level, tangent, value))
    }

    /// The values of a batch level, side by side along the first axis of `primal`.
    pub fn batch(level: u64, primal: Array) -> Array {
        if primal.is_null() {
            return primal;
        }
        Array::nested(Nested::new(level, NO_NODE, Array::Null, primal, true))
    }

    /// A plain value that the forward function of a primitive has put aside. It counts as plain everywhere, but that a rule which
    /// is itself being differentiated must not use it: how it depends on the arguments is recorded nowhere.
    pub fn saved(primal: Array) -> Array {
        match primal {
            Array::Null => Array::Null,
            x if x.is_saved() => x,
            primal => Array::nested(Nested::new(SAVED, NO_NODE, Array::Null, primal, false)),
        }
    }

    pub fn is_saved(&self) -> bool {
        matches!(self, Array::Nested(n) if n.level == SAVED)
    }

    fn nested(layer: Nested) -> Array {
        Array::Nested(Rc::new(layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Context;

    /// No layer has to be passed for the shape and the dtype, however many there are.
    #[test]
    fn every_layer_knows_the_form_inside() {
        let cx = Context::new();
        let t = cx.engine.build::<f32>(&[2, 3], |d| d.fill(1.0)).unwrap();
        let mut x = Array::Plain(t.clone());
        for level in 1..=1000 {
            x = match level % 7 {
                1 => Array::dual(level, Array::from(1.0), x),
                _ => Array::boxed(level, 0, x),
            };
            if level == 500 {
                x = Array::batch(level, x);
            }
            let Array::Nested(layer) = &x else { panic!("the first level is one of forward mode") };
            assert!(
                matches!(layer.primal, Array::Plain(_))
                    || Rc::ptr_eq(layer.descriptor.as_ref().unwrap(), t.descriptor())
            );
            assert_eq!((x.dtype(), x.shape()), (DType::F32, if level < 500 { &[2, 3][..] } else { &[3] }));
        }
        // A number inside has no descriptor, and the layers around it say what it is.
        let mut x = Array::from(2.0);
        for level in 1..=10 {
            x = Array::dual(level, Array::Null, x);
            assert_eq!((x.dtype(), x.shape().len()), (DType::F64, 0));
        }
    }

    /// A number in forward mode has a cell only where its level's number, or what it is made of, asks for one.
    #[test]
    fn duals_with_and_without_a_cell_are_the_same() {
        let far = u64::from(u32::MAX) + 1;
        for level in [1, far - 1, far, far + 1] {
            let x = Array::dual(level, Array::from(3.0), Array::from(2.0));
            assert_eq!(matches!(x, Array::Dual { .. }), level < far, "{level}");
            assert_eq!(x.dual_number(), Some((level, Some(3.0), 2.0)));
            assert!(x.is_number() && x.layer(level + 1).is_none());
            let ((node, tangent), primal) = x.layer(level).expect("its level");
            assert_eq!(node, NO_NODE);
            assert!(matches!((tangent, primal), (Array::Number { value: 3.0, .. }, Array::Number { value: 2.0, .. })));
            assert!(matches!(x.plain(), Array::Number { value: 2.0, .. }));
        }
        let zero = Array::dual(1, Array::Null, Array::from(2.0));
        assert_eq!(zero.dual_number(), Some((1, None, 2.0)));
    }
}
