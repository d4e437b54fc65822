//! Counted references whose cells are used again, for values that are made and dropped in every step of a loop.

use crate::kernels::memory::try_push;
use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

struct Cell<T> {
    /// `None` while the cell is free.
    value: Option<T>,
    home: Option<Rc<Home<T>>>,
}

/// Free cells are kept here.
pub struct Home<T> {
    free: RefCell<Vec<Rc<Cell<T>>>>,
}

impl<T> Default for Home<T> {
    fn default() -> Home<T> {
        Home { free: RefCell::new(Vec::new()) }
    }
}

/// More free cells than this are given back.
const FREE: usize = 256;

/// A counted reference to an immutable value.
pub struct Shared<T> {
    /// `None` only while being dropped.
    cell: Option<Rc<Cell<T>>>,
}

impl<T> Shared<T> {
    pub fn new(home: &Rc<Home<T>>, value: T) -> Shared<T> {
        let recycled = home.free.borrow_mut().pop();
        let cell = match recycled {
            Some(mut rc) => {
                let cell = Rc::get_mut(&mut rc).expect("a free cell has no other reference");
                cell.value = Some(value);
                cell.home = Some(home.clone());
                rc
            }
            None => Rc::new(Cell { value: Some(value), home: Some(home.clone()) }),
        };
        Shared { cell: Some(cell) }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared { cell: self.cell.clone() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.cell.as_ref().and_then(|c| c.value.as_ref()).expect("a live reference has its value")
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let Some(mut rc) = self.cell.take() else { return };
        let Some(cell) = Rc::get_mut(&mut rc) else { return };
        // The last reference. The value is dropped before the home is borrowed: it may hold cells of the same kind.
        drop(cell.value.take());
        let Some(home) = cell.home.take() else { return };
        let mut free = home.free.borrow_mut();
        if free.len() < FREE {
            let _ = try_push(&mut *free, rc);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_when_the_last_reference_goes() {
        let home = Rc::new(Home::default());
        let a = Shared::new(&home, 1);
        let b = a.clone();
        drop(a);
        assert_eq!((*b, home.free.borrow().len()), (1, 0));
        drop(b);
        assert_eq!(home.free.borrow().len(), 1);
        let c = Shared::new(&home, 2);
        assert_eq!((*c, home.free.borrow().len()), (2, 0));
    }
}
