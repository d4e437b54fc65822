//! Functions that an operator calls more than once: their results must be of the same form each time, since parts of what
//! the calls give are put together. A function is a callback, and nothing makes it one but this comparison.

use super::checkpoint::Stored;
use super::grad::Function;
use super::tree::derive::TreeFunction;
use super::tree::{Form, Tree};
use crate::array::shape::Show;
use crate::error::{Error, Result};
use crate::trace::{Array, Context, Meta, numbered, same_results};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

/// What results are.
pub type Metas = SmallVec<[Meta; 2]>;

/// Fails, as an error of the operator `name`, if something is wrong with what its function returned. Where a derivative
/// calls the function, the message begins with what was called, and says whose function it is.
pub fn insist(cx: &Context, name: &str, checked: Result<()>) -> bool {
    let Err(e) = checked else { return true };
    let own = format!("{name}: ");
    cx.fail(e.within(name));
    cx.amend_error(|e| if e.message.starts_with(&own) { e } else { e.inside_of(name) });
    false
}

/// Results that were promised to be these, from a function that was called before.
pub fn insist_on(cx: &Context, name: &str, before: &[Meta], now: &[Array]) -> bool {
    !cx.failed() && insist(cx, name, same_results(before, now, numbered(before.len())))
}

/// What a function returned when it was called first, and what was wrong later. That is remembered: an operator that
/// tries one way and then another must not take the second for the first.
struct Seen<T> {
    first: RefCell<Option<T>>,
    wrong: RefCell<Option<Error>>,
}

impl<T> Seen<T> {
    fn new() -> Seen<T> {
        Seen { first: RefCell::default(), wrong: RefCell::default() }
    }

    /// Whether the function is still believed.
    fn believed(&self, cx: &Context, name: &str) -> bool {
        let wrong = self.wrong.borrow().clone();
        !cx.failed() && insist(cx, name, wrong.map_or(Ok(()), Err))
    }

    /// Notes what the first call returned (`first`), and compares what others do (`same`).
    fn compare(
        &self,
        cx: &Context,
        name: &str,
        first: impl FnOnce() -> T,
        same: impl FnOnce(&T) -> Result<()>,
    ) -> bool {
        if cx.failed() {
            return false;
        }
        let mut seen = self.first.borrow_mut();
        let checked = match &*seen {
            Some(before) => same(before),
            None => {
                *seen = Some(first());
                Ok(())
            }
        };
        self.wrong.replace(checked.clone().err());
        insist(cx, name, checked)
    }
}

/// `f`, whose results must be alike each time it is called.
pub fn alike<'f>(name: &'f str, f: &'f Function<'f>) -> impl Fn(&Context, &[Array]) -> SmallVec<[Array; 1]> + 'f {
    let seen: Seen<Metas> = Seen::new();
    move |cx, args| {
        if !seen.believed(cx, name) {
            return SmallVec::from_elem(Array::Null, 1);
        }
        let results = f(cx, args);
        let metas = || results.iter().map(Meta::of).collect();
        if cx.failed() || seen.compare(cx, name, metas, |b| same_results(b, &results, numbered(b.len()))) {
            return results;
        }
        SmallVec::from_elem(Array::Null, 1)
    }
}

/// The same of a function of trees.
pub fn alike_trees<'f>(name: &'f str, f: &'f TreeFunction<'f>) -> impl Fn(&Context, &[Tree]) -> Option<Tree> + 'f {
    let seen: Seen<(Form, Metas)> = Seen::new();
    move |cx, args| {
        if !seen.believed(cx, name) {
            return None;
        }
        let y = f(cx, args).filter(|_| !cx.failed())?;
        seen.compare(cx, name, || of_tree(&y), |before| same_tree(before, &y)).then_some(y)
    }
}

/// Structure and leaves of a result.
pub fn of_tree(y: &Tree) -> (Form, Metas) {
    (y.form().clone(), y.leaves().iter().map(Meta::of).collect())
}

/// Whether a result has structure and leaves of the one before.
pub fn same_tree((form, metas): &(Form, Metas), now: &Tree) -> Result<()> {
    if let Some(difference) = form.difference(now.form()) {
        return Err(Error::value(format!("called again, the function returned another structure: {difference}")));
    }
    same_results(metas, now.leaves(), |i| match form.path(i) {
        path if path.is_empty() => path,
        path => format!(" at {path}"),
    })
}

/// A function of an unknown, its first argument, whose only result is real and has the shape of that, whoever calls it.
pub fn of_unknown(name: &'static str, what: &'static str, f: &Stored) -> Stored {
    let f = f.clone();
    Rc::new(move |cx: &Context, args: &[Array]| {
        let results = f(cx, args);
        if cx.failed() {
            return results;
        }
        let checked = match results.first() {
            Some(y) if y.shape() != args[0].shape() => {
                let (found, expected) = (Show(y.shape()), Show(args[0].shape()));
                Err(Error::shape(format!("the function returned shape {found}, {what} has shape {expected}")))
            }
            Some(y) if y.dtype().is_complex() => {
                Err(Error::dtype(format!("the function returned complex numbers, {what} is real")))
            }
            Some(_) => Ok(()),
            None => Err(Error::callback("the function returned nothing")),
        };
        if insist(cx, name, checked) { results } else { SmallVec::from_elem(Array::Null, 1) }
    })
}
