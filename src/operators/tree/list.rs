//! The leaves of a tree: shared by the trees that have them, in memory that is used again.
//!
//! A step of a training loop makes a few trees and drops as many. Lists without a reference stay with the thread
//! that dropped them, emptied, and become the next ones.

use super::Leaves;
use crate::trace::Array;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

/// Emptied lists kept by a thread, and the room that each may have.
const KEPT: usize = 32;
const ROOM: usize = 4096;

thread_local! {
    static SPARE: RefCell<Vec<Rc<Vec<Array>>>> = const { RefCell::new(Vec::new()) };
}

/// A list that is shared until it is written.
#[derive(Clone, Default)]
pub struct List(Option<Rc<Vec<Array>>>);

impl List {
    /// From a list that was asked for.
    pub fn of(list: Vec<Array>) -> List {
        List(Some(Rc::new(list)))
    }

    /// The elements, to be written: a copy of the list if others have it, too.
    pub fn make_mut(&mut self) -> &mut [Array] {
        if self.0.as_mut().is_some_and(|list| Rc::get_mut(list).is_none()) {
            *self = self.iter().cloned().collect();
        }
        self.0.as_mut().and_then(Rc::get_mut).map_or(&mut [], |list| list)
    }

    /// The elements by themselves.
    pub fn take(mut self) -> Leaves {
        match self.0.as_mut().and_then(Rc::get_mut) {
            Some(list) => list.drain(..).collect(),
            None => self.iter().cloned().collect(),
        }
    }
}

impl Deref for List {
    type Target = [Array];

    fn deref(&self) -> &[Array] {
        self.0.as_ref().map_or(&[], |list| list)
    }
}

impl FromIterator<Array> for List {
    fn from_iter<I: IntoIterator<Item = Array>>(items: I) -> List {
        let mut list = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten().unwrap_or_default();
        // The iterator may run the user's functions, which make and drop trees.
        Rc::get_mut(&mut list).expect("there is no other reference").extend(items);
        List(Some(list))
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let Some(mut list) = self.0.take() else { return };
        let Some(items) = Rc::get_mut(&mut list) else { return };
        // Outside of the borrow: what a leaf held may be the user's.
        items.clear();
        if items.capacity() <= ROOM {
            let _ = SPARE.try_with(|spare| {
                let mut spare = spare.borrow_mut();
                if spare.len() < KEPT {
                    spare.push(list);
                }
            });
        }
    }
}

/// Gives back what this thread keeps.
pub fn trim() {
    let _ = SPARE.try_with(|spare| std::mem::take(&mut *spare.borrow_mut()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(list: &[Array]) -> Vec<f64> {
        list.iter().map(|x| if let Array::Number { value, .. } = x { *value } else { f64::NAN }).collect()
    }

    #[test]
    fn shared_until_written_and_used_again() {
        trim();
        let mut a: List = [1.0, 2.0].map(Array::from).into_iter().collect();
        let b = a.clone();
        a.make_mut()[0] = Array::from(3.0);
        assert_eq!((numbers(&a), numbers(&b)), (vec![3.0, 2.0], vec![1.0, 2.0]));
        let memory = a.as_ptr();
        assert_eq!(numbers(&b.clone().take()), [1.0, 2.0]);
        assert_eq!(numbers(&a.take()), [3.0, 2.0]);
        let c: List = [4.0, 5.0].map(Array::from).into_iter().collect();
        assert_eq!(c.as_ptr(), memory);
        assert!(List::default().is_empty() && List::default().make_mut().is_empty());
    }
}
