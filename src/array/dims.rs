//! A short list of extents, strides or axes. Every operation copies several of them, so a copy must cost a few moves:
//! four entries lie in the list itself, which is copied whole whatever its length; longer ones have a heap block.

use std::ops::{Deref, DerefMut};

/// Entries that need no heap block.
const INLINE: usize = 4;

/// A list of numbers, most often at most four.
#[derive(Default)]
pub struct Dims<T: Copy + Default> {
    len: usize,
    few: [T; INLINE],
    /// All entries, as soon as there were more than four.
    #[expect(clippy::box_collection, reason = "one word in the list, for what is rare")]
    many: Option<Box<Vec<T>>>,
}

impl<T: Copy + Default> Clone for Dims<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        match &self.many {
            None => Dims { len: self.len, few: self.few, many: None },
            Some(many) => Dims { len: self.len, few: self.few, many: Some(many.clone()) },
        }
    }
}

impl<T: Copy + Default> Dims<T> {
    #[inline]
    pub fn new() -> Self {
        Dims::default()
    }

    #[inline]
    pub fn from_slice(entries: &[T]) -> Self {
        let mut few = [T::default(); INLINE];
        if entries.len() > INLINE {
            return Dims { len: 0, few, many: Some(Box::new(entries.to_vec())) };
        }
        // Spelt out: the compiler turns a loop into a call of the C library's memcpy, which costs more than the moves.
        match *entries {
            [a] => few[0] = a,
            [a, b] => [few[0], few[1]] = [a, b],
            [a, b, c] => [few[0], few[1], few[2]] = [a, b, c],
            [a, b, c, d] => few = [a, b, c, d],
            _ => {}
        }
        Dims { len: entries.len(), few, many: None }
    }

    #[inline]
    pub fn from_elem(entry: T, n: usize) -> Self {
        if n > INLINE {
            return Dims { len: 0, few: [entry; INLINE], many: Some(Box::new(vec![entry; n])) };
        }
        Dims { len: n, few: [entry; INLINE], many: None }
    }

    #[inline]
    pub fn as_slice(&self) -> &[T] {
        match &self.many {
            None => &self.few[..self.len.min(INLINE)],
            Some(many) => many,
        }
    }

    #[inline]
    fn as_mut_slice(&mut self) -> &mut [T] {
        match &mut self.many {
            None => &mut self.few[..self.len.min(INLINE)],
            Some(many) => many,
        }
    }

    #[inline]
    pub fn push(&mut self, entry: T) {
        match &mut self.many {
            None if self.len < INLINE => {
                self.few[self.len] = entry;
                self.len += 1;
            }
            None => {
                let mut many = self.few.to_vec();
                many.push(entry);
                self.many = Some(Box::new(many));
            }
            Some(many) => many.push(entry),
        }
    }

    pub fn pop(&mut self) -> Option<T> {
        match &mut self.many {
            None => {
                self.len = self.len.checked_sub(1)?;
                Some(self.few[self.len])
            }
            Some(many) => many.pop(),
        }
    }

    /// Puts an entry before entry `at`.
    pub fn insert(&mut self, at: usize, entry: T) {
        self.push(entry);
        self.as_mut_slice()[at..].rotate_right(1);
    }

    /// Takes entry `at` out.
    pub fn remove(&mut self, at: usize) -> T {
        self.as_mut_slice()[at..].rotate_left(1);
        self.pop().expect("entry `at` was there")
    }

    pub fn truncate(&mut self, n: usize) {
        match &mut self.many {
            None => self.len = self.len.min(n),
            Some(many) => many.truncate(n),
        }
    }

    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
        self.many = None;
    }

    pub fn extend_from_slice(&mut self, entries: &[T]) {
        self.extend(entries.iter().copied());
    }
}

impl<T: Copy + Default> Deref for Dims<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T: Copy + Default> DerefMut for Dims<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        self.as_mut_slice()
    }
}

impl<T: Copy + Default> From<&[T]> for Dims<T> {
    #[inline]
    fn from(entries: &[T]) -> Self {
        Dims::from_slice(entries)
    }
}

impl<T: Copy + Default> Extend<T> for Dims<T> {
    #[inline]
    fn extend<I: IntoIterator<Item = T>>(&mut self, entries: I) {
        for entry in entries {
            self.push(entry);
        }
    }
}

impl<T: Copy + Default> FromIterator<T> for Dims<T> {
    #[inline]
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut dims = Dims::new();
        dims.extend(entries);
        dims
    }
}

impl<'a, T: Copy + Default> IntoIterator for &'a Dims<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Copy + Default + PartialEq> PartialEq for Dims<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        same(self, other)
    }
}

impl<T: Copy + Default + Eq> Eq for Dims<T> {}

impl<T: Copy + Default + std::hash::Hash> std::hash::Hash for Dims<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl<T: Copy + Default + std::fmt::Debug> std::fmt::Debug for Dims<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// Whether two short lists are equal, without the call that a comparison of slices makes.
#[inline]
pub fn same<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_like_a_vector() {
        let mut seed = 7u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below
        };
        let (mut dims, mut vector) = (Dims::<usize>::new(), Vec::new());
        for step in 0..20_000 {
            match next(8) {
                0 | 1 if vector.len() < 9 => (dims.push(step), vector.push(step)).1,
                2 if vector.len() < 9 => {
                    let at = next(vector.len() + 1);
                    (dims.insert(at, step), vector.insert(at, step)).1
                }
                3 if !vector.is_empty() => {
                    let at = next(vector.len());
                    assert_eq!(dims.remove(at), vector.remove(at));
                }
                4 => assert_eq!(dims.pop(), vector.pop()),
                5 => {
                    let n = next(10);
                    (dims.truncate(n), vector.truncate(n)).1
                }
                6 => dims = Dims::from_slice(&vector),
                _ => dims = dims.iter().copied().collect(),
            }
            assert_eq!(dims.as_slice(), vector.as_slice());
            assert_eq!(dims, dims.clone());
        }
        assert_eq!(Dims::from_elem(3, 6).as_slice(), &[3; 6]);
        dims.clear();
        assert!(dims.is_empty());
    }
}
