//! Indexing, as text and as a list of items.

use super::{ag_array, ag_context, guard, guard_as, slice};
use crate::array::Shared;
use crate::error::{Error, Result};
use crate::ops::index::{self, Item, Plan};
use crate::ops::index_reduce::{self, Combine};
use crate::trace::Array;
use smallvec::SmallVec;
use std::ffi::{CStr, c_char};

/// An absent start, stop or step.
pub const AG_NONE: i64 = i64::MIN;
/// An integer, in `start`: the axis goes.
pub const AG_INDEX_INT: i32 = 0;
/// start:stop:step, each of which may be AG_NONE.
pub const AG_INDEX_SLICE: i32 = 1;
/// A new axis of extent 1.
pub const AG_INDEX_NEWAXIS: i32 = 2;
/// As many whole axes as are needed.
pub const AG_INDEX_ELLIPSIS: i32 = 3;
/// An array of integers, or a boolean mask, in `array`.
pub const AG_INDEX_ARRAY: i32 = 4;

/// One entry of an index.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_index_item {
    /// AG_INDEX_INT to AG_INDEX_ARRAY.
    pub kind: i32,
    pub start: i64,
    pub stop: i64,
    pub step: i64,
    pub array: ag_array,
}

/// An index from C.
enum Source {
    Text(*const c_char),
    Items(*const ag_index_item, usize),
    Array(ag_array),
}

fn items(c: &ag_context, name: &'static str, source: Source) -> Result<SmallVec<[Item; 4]>> {
    let noted = || Error::argument("not seen: the first error stays");
    let array = |h: ag_array| -> Result<Item> {
        let x = c.get(name, h);
        if x.is_null() {
            return Err(noted());
        }
        Ok(Item::Array(c.core.tensor(&x)?))
    };
    match source {
        Source::Text(text) => {
            if text.is_null() {
                return Err(Error::argument("the argument index is NULL"));
            }
            // SAFETY: a C string, the caller's promise.
            let text = unsafe { CStr::from_ptr(text) };
            index::parse(text.to_str().map_err(|_| Error::index("the index is not UTF-8"))?)
        }
        Source::Array(h) => Ok(SmallVec::from_elem(array(h)?, 1)),
        Source::Items(data, n) => {
            // SAFETY: `n` items, the caller's promise.
            let list = unsafe { slice(c, name, "items", data, n) }.ok_or_else(noted)?;
            list.iter()
                .map(|item| {
                    let part = |x: i64| (x != AG_NONE).then_some(x);
                    Ok(match item.kind {
                        AG_INDEX_INT => Item::Int(item.start),
                        AG_INDEX_SLICE => Item::Slice(part(item.start), part(item.stop), part(item.step)),
                        AG_INDEX_NEWAXIS => Item::NewAxis,
                        AG_INDEX_ELLIPSIS => Item::Ellipsis,
                        AG_INDEX_ARRAY => array(item.array)?,
                        other => {
                            return Err(Error::index(format!(
                                "{other} is no kind of index (AG_INDEX_INT to AG_INDEX_ARRAY)"
                            )));
                        }
                    })
                })
                .collect()
        }
    }
}

fn indexed(
    cx: *const ag_context,
    name: &'static str,
    x: ag_array,
    source: Source,
    values: Option<ag_array>,
    f: impl FnOnce(&ag_context, &Array, &Shared<Plan>, &Array) -> Array,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let x = c.get(name, x);
        let values = values.map_or(Array::from(0.0), |v| c.get(name, v));
        if c.core.failed() {
            return ag_array::NULL;
        }
        let plan = items(c, name, source).and_then(|items| Plan::new(&c.core, x.shape(), &items));
        c.check(name, plan).map_or(ag_array::NULL, |plan| c.put(f(c, &x, &plan, &values)))
    })
}

fn get(c: &ag_context, x: &Array, plan: &Shared<Plan>, _: &Array) -> Array {
    index::get(&c.core, x, plan)
}

fn set(c: &ag_context, x: &Array, plan: &Shared<Plan>, values: &Array) -> Array {
    index::set(&c.core, x, plan, values)
}

fn add(c: &ag_context, x: &Array, plan: &Shared<Plan>, values: &Array) -> Array {
    index::add(&c.core, x, plan, values)
}

fn combine(how: Combine) -> impl FnOnce(&ag_context, &Array, &Shared<Plan>, &Array) -> Array {
    move |c, x, plan, values| index_reduce::combine(&c.core, how, x, plan, values)
}

/// Up to four integers.
struct Ints {
    list: [i64; 4],
    count: usize,
}

impl Ints {
    fn of(entries: impl Iterator<Item = Option<i64>>) -> Option<Ints> {
        let mut ints = Ints { list: [0; 4], count: 0 };
        for entry in entries {
            *ints.list.get_mut(ints.count)? = entry?;
            ints.count += 1;
        }
        Some(ints)
    }

    /// Those of a text that consists of nothing else.
    fn of_text(text: &[u8]) -> Option<Ints> {
        Ints::of(text.split(|&b| b == b',').map(|entry| {
            let (negative, digits) = match entry.trim_ascii() {
                [b'-', digits @ ..] => (true, digits),
                digits => (false, digits),
            };
            // Of longer ones the general way says what is wrong.
            if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let i = digits.iter().fold(0, |i, digit| i * 10 + i64::from(digit - b'0'));
            Some(if negative { -i } else { i })
        }))
    }
}

/// An element, if the index is an integer for each axis.
fn element(cx: *const ag_context, name: &'static str, x: ag_array, source: &Source) -> Option<ag_array> {
    guard(cx, None, |c| {
        let ints = match *source {
            // SAFETY: not NULL, and a C string by the caller's promise.
            Source::Text(text) if !text.is_null() => Ints::of_text(unsafe { CStr::from_ptr(text) }.to_bytes())?,
            Source::Items(items, n) if n > 0 && n <= 4 && !items.is_null() && items.is_aligned() => {
                // SAFETY: not NULL, aligned, and `n` items by the caller's promise.
                let items = unsafe { std::slice::from_raw_parts(items, n) };
                Ints::of(items.iter().map(|item| (item.kind == AG_INDEX_INT).then_some(item.start)))?
            }
            _ => return None,
        };
        let ints = &ints.list[..ints.count];
        let number = c.slots.borrow().value(x).and_then(|x| index::element_number(&c.core, x, ints));
        if let Some(number) = number {
            return Some(c.put_number(number));
        }
        let x = c.slots.borrow().value(x)?.clone();
        let places = index::places_of(x.shape(), ints.iter().copied())?;
        let _calling = c.core.calling(name);
        index::element(&c.core, &x, &places).map(|y| c.put(y))
    })
}

/// x[index] in NumPy's notation, without brackets: "3, :, 2:4, ..., ::-1, None". A view, where no copy is needed. Lists of
/// positions and masks are items: ag_index_array, ag_index_items.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index(cx: *mut ag_context, x: ag_array, index: *const c_char) -> ag_array {
    const NAME: &str = "ag_index";
    let source = Source::Text(index);
    element(cx, NAME, x, &source).unwrap_or_else(|| indexed(cx, NAME, x, source, None, get))
}

/// The array that x would be after x[index] = values, which are broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_set(
    cx: *mut ag_context,
    x: ag_array,
    index: *const c_char,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_set", x, Source::Text(index), Some(values), set)
}

/// The array that x would be after x[index] += values, which are broadcast.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_add(
    cx: *mut ag_context,
    x: ag_array,
    index: *const c_char,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_add", x, Source::Text(index), Some(values), add)
}

/// x[items], with integer and boolean index arrays as in NumPy: they are broadcast together, and their axes stand where the
/// first of them stood if they are side by side, else in front.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_items(
    cx: *mut ag_context,
    x: ag_array,
    items: *const ag_index_item,
    nitems: usize,
) -> ag_array {
    const NAME: &str = "ag_index_items";
    let source = Source::Items(items, nitems);
    element(cx, NAME, x, &source).unwrap_or_else(|| indexed(cx, NAME, x, source, None, get))
}

/// The array that x would be after x[items] = values. Of several values for one place the last one stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_items_set(
    cx: *mut ag_context,
    x: ag_array,
    items: *const ag_index_item,
    nitems: usize,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_items_set", x, Source::Items(items, nitems), Some(values), set)
}

/// x with values added at items; a place that occurs several times gets all of its values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_items_add(
    cx: *mut ag_context,
    x: ag_array,
    items: *const ag_index_item,
    nitems: usize,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_items_add", x, Source::Items(items, nitems), Some(values), add)
}

/// x[index] with one array of integers, or one boolean mask, for the first axis (the first axes).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_array(cx: *mut ag_context, x: ag_array, index: ag_array) -> ag_array {
    indexed(cx, "ag_index_array", x, Source::Array(index), None, get)
}

/// The array that x would be after x[index] *= values; values are broadcast, and a place that occurs several times gets all of
/// its values (numpy.multiply.at).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_mul(
    cx: *mut ag_context,
    x: ag_array,
    index: *const c_char,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_mul", x, Source::Text(index), Some(values), combine(Combine::Mul))
}

/// The array that x would be after x[items] *= values; values are broadcast, and a place that occurs several times gets
/// all of its values (numpy.multiply.at).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_items_mul(
    cx: *mut ag_context,
    x: ag_array,
    items: *const ag_index_item,
    nitems: usize,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_items_mul", x, Source::Items(items, nitems), Some(values), combine(Combine::Mul))
}

/// The array that x would be after x[index] = maximum(x[index], values); values are broadcast, and a place that occurs several times gets all of
/// its values (numpy.maximum.at). Where several attain it, they share the cotangent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_max(
    cx: *mut ag_context,
    x: ag_array,
    index: *const c_char,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_max", x, Source::Text(index), Some(values), combine(Combine::Max))
}

/// The array that x would be after x[items] = maximum(x[items], values); values are broadcast, and a place that occurs
/// several times gets all of its values (numpy.maximum.at). Where several attain it, they share the cotangent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_items_max(
    cx: *mut ag_context,
    x: ag_array,
    items: *const ag_index_item,
    nitems: usize,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_items_max", x, Source::Items(items, nitems), Some(values), combine(Combine::Max))
}

/// The array that x would be after x[index] = minimum(x[index], values); values are broadcast, and a place that occurs several times gets all of
/// its values (numpy.minimum.at). Where several attain it, they share the cotangent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_min(
    cx: *mut ag_context,
    x: ag_array,
    index: *const c_char,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_min", x, Source::Text(index), Some(values), combine(Combine::Min))
}

/// The array that x would be after x[items] = minimum(x[items], values); values are broadcast, and a place that occurs
/// several times gets all of its values (numpy.minimum.at). Where several attain it, they share the cotangent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_index_items_min(
    cx: *mut ag_context,
    x: ag_array,
    items: *const ag_index_item,
    nitems: usize,
    values: ag_array,
) -> ag_array {
    indexed(cx, "ag_index_items_min", x, Source::Items(items, nitems), Some(values), combine(Combine::Min))
}
