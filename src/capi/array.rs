//! Making and reading arrays.

use super::context::text_of;
use super::{ag_array, ag_context, guard, guard_as, one, slice, store};
use crate::array::{Buffer, DType, Shape, Strides, Tensor, format, shape};
use crate::error::{Error, Result};
use crate::kernels::copy::copy;
use crate::kernels::memory::{Foreign, with_room};
use crate::kernels::stack;
use crate::ops::{complex, create, elementwise};
use crate::trace::{Array, Context};
use crate::with_dtype;
use num_complex::Complex64;
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// bool, one byte per element.
pub const AG_BOOL: i32 = 0;
/// int64_t.
pub const AG_I64: i32 = 1;
/// float.
pub const AG_F32: i32 = 2;
/// double.
pub const AG_F64: i32 = 3;
/// Two floats, real part first.
pub const AG_C64: i32 = 4;
/// Two doubles, real part first.
pub const AG_C128: i32 = 5;

/// Called once when memory that was lent, or data that was handed over, is no longer needed. It must not call the
/// library. May be NULL.
pub type ag_drop = Option<unsafe extern "C" fn(user: *mut c_void)>;

impl ag_context {
    pub(super) fn dtype(&self, name: &'static str, code: i32) -> Option<DType> {
        let found =
            DType::from_code(code).ok_or_else(|| Error::dtype(format!("{code} is no dtype (AG_BOOL to AG_C128)")));
        self.check(name, found)
    }

    /// A shape from C: extents from 0.
    pub(super) fn shape(&self, name: &'static str, shape: *const i64, ndim: usize) -> Option<Shape> {
        if ndim > shape::MAX_NDIM {
            let e =
                Error::value(format!("maximum supported dimension for an array is {}, found {ndim}", shape::MAX_NDIM));
            return self.check(name, Err(e));
        }
        // SAFETY: the caller's promise for every shape it passes.
        let extents = unsafe { slice(self, name, "shape", shape, ndim) }?;
        let bad = extents.iter().find(|&&d| d < 0);
        if let Some(d) = bad {
            return self.check(name, Err(Error::value(format!("negative dimensions are not allowed, found {d}"))));
        }
        Some(extents.iter().map(|&d| d as usize).collect())
    }

    fn put_tensor(&self, name: &'static str, t: Result<Tensor>) -> ag_array {
        match self.check(name, t) {
            Some(t) => self.put(t.into()),
            None => ag_array::NULL,
        }
    }

    /// The plain value of a handle for reading its elements; refused inside rules that are being differentiated.
    pub(super) fn readable(&self, name: &'static str, x: ag_array) -> Option<Array> {
        let value = self.get(name, x);
        if value.is_null() {
            return None;
        }
        if !self.core.readable(&value) {
            let e = Error::traced(
                "a derivative rule that is itself being differentiated cannot read the elements of a recorded value, \
                 because the next derivative would miss what it does with them; use ag_ operations, or ag_value to detach",
            );
            return self.check(name, Err(e));
        }
        self.core.refuse_saved(&value);
        if self.core.failed() {
            return None;
        }
        Some(value.plain())
    }

    fn tensor(&self, name: &'static str, x: ag_array) -> Option<Tensor> {
        let value = self.readable(name, x)?;
        self.check(name, self.core.tensor(&value))
    }
}

/// A new array with the elements copied from `data`, in row-major order. Complex elements are pairs (real, imaginary);
/// booleans are bytes, of which those that aren't 0 are true.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_array_new(
    cx: *mut ag_context,
    dtype: i32,
    shape: *const i64,
    ndim: usize,
    data: *const c_void,
) -> ag_array {
    const NAME: &str = "ag_array_new";
    guard(cx, ag_array::NULL, |c| {
        let Some((dtype, shape)) = c.dtype(NAME, dtype).zip(c.shape(NAME, shape, ndim)) else { return ag_array::NULL };
        let Some(n) = c.check(NAME, shape::checked_size(&shape, dtype.size())) else { return ag_array::NULL };
        // SAFETY: `data` points at this many bytes, the caller's promise. Bytes have no alignment.
        let Some(bytes) = (unsafe { slice(c, NAME, "data", data.cast::<u8>(), n * dtype.size()) }) else {
            return ag_array::NULL;
        };
        c.put_tensor(NAME, copied(c, dtype, shape, bytes))
    })
}

fn copied(c: &ag_context, dtype: DType, shape: Shape, bytes: &[u8]) -> Result<Tensor> {
    let heap = &c.core.engine.heap;
    if dtype == DType::Bool {
        return c.core.engine.build::<bool>(&shape, |d| d.iter_mut().zip(bytes).for_each(|(d, &b)| *d = b != 0));
    }
    let mut buffer = heap.pool.take_bytes(bytes.len())?;
    // The other element types are any bit pattern, so the bytes can be copied as they are.
    let words = bytes.len() / 4;
    let to = buffer.slice_mut::<f32>(words);
    for (to, from) in to.iter_mut().zip(bytes.chunks_exact(4)) {
        *to = f32::from_bits(u32::from_ne_bytes([from[0], from[1], from[2], from[3]]));
    }
    Ok(Tensor::from_buffer(heap, dtype, shape, buffer))
}

/// An array over memory that stays the caller's: nothing is copied (booleans are, and what isn't aligned). `strides` are
/// in elements and may be negative or 0; NULL means row-major. The memory must stay unchanged until `drop(user)` is
/// called, which happens exactly once: when the last array that uses it is gone (arrays on tapes count), or at once if
/// the call fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_from_buffer(
    cx: *mut ag_context,
    dtype: i32,
    shape: *const i64,
    strides: *const i64,
    ndim: usize,
    data: *const c_void,
    user: *mut c_void,
    drop: ag_drop,
) -> ag_array {
    const NAME: &str = "ag_from_buffer";
    // Dropped, and with it the caller's function called, wherever this function ends without using the memory.
    // SAFETY: of no bytes nothing is read.
    let mut owner = Some(unsafe { Foreign::new(NonNull::dangling(), 0, user, drop) });
    guard(cx, ag_array::NULL, move |c| {
        let Some((dtype, shape)) = c.dtype(NAME, dtype).zip(c.shape(NAME, shape, ndim)) else { return ag_array::NULL };
        let strides: Strides = if strides.is_null() {
            shape::contiguous(&shape)
        } else {
            // SAFETY: `ndim` strides, the caller's promise.
            let Some(s) = (unsafe { slice(c, NAME, "strides", strides, ndim) }) else { return ag_array::NULL };
            s.iter().map(|&s| s as isize).collect()
        };
        let Some(start) = NonNull::new(data.cast_mut().cast::<u8>()) else {
            c.core.fail(Error::argument("the argument data is NULL").within(NAME));
            return ag_array::NULL;
        };
        let tensor = c.check(NAME, reach(&shape, &strides, dtype)).and_then(|(low, high)| {
            // SAFETY: the lowest element lies `low` elements before `data`, in the caller's memory.
            let base = unsafe { start.offset(-(low as isize) * dtype.size() as isize) };
            let bytes = (low + high + 1) * dtype.size();
            let empty = shape.contains(&0);
            let aligned = (base.as_ptr() as usize).is_multiple_of(dtype.size().min(8)) && dtype != DType::Bool;
            if empty || !aligned {
                // SAFETY: these bytes are the caller's, as above; none if the array is empty.
                let bytes = unsafe { std::slice::from_raw_parts(base.as_ptr(), if empty { 0 } else { bytes }) };
                return c.check(NAME, gathered(c, dtype, &shape, &strides, low, bytes));
            }
            let mut lent = owner.take()?;
            // SAFETY: the caller promises that the memory stays until `drop`; aligned as tested.
            unsafe { lent.reset(base, bytes) };
            Some(Tensor::from_strided(&c.core.engine.heap, dtype, shape.clone(), Buffer::foreign(lent), low, strides))
        });
        tensor.map_or(ag_array::NULL, |t| c.put(t.into()))
    })
}

/// How many elements before and after the first one the strides reach.
fn reach(shape: &[usize], strides: &[isize], dtype: DType) -> Result<(usize, usize)> {
    shape::checked_size(shape, dtype.size())?;
    let (mut low, mut high) = (0usize, 0usize);
    for (&d, &s) in shape.iter().zip(strides) {
        let far = d.saturating_sub(1).checked_mul(s.unsigned_abs());
        let side = if s < 0 { &mut low } else { &mut high };
        *side = far
            .and_then(|f| side.checked_add(f))
            .filter(|&f| f < isize::MAX as usize / 64)
            .ok_or_else(|| Error::memory("the strides reach beyond the address space"))?;
    }
    Ok((low, high))
}

/// A copy of strided bytes, without requirements of alignment.
fn gathered(
    c: &ag_context,
    dtype: DType,
    shape: &Shape,
    strides: &[isize],
    low: usize,
    bytes: &[u8],
) -> Result<Tensor> {
    let n = shape::checked_size(shape, dtype.size())?;
    let size = dtype.size();
    let mut rows = with_room(n * size)?;
    for i in 0..n {
        let mut rest = i;
        let mut at = low as isize;
        for (&d, &s) in shape.iter().zip(strides).rev() {
            at += (rest % d) as isize * s;
            rest /= d;
        }
        rows.extend_from_slice(&bytes[at as usize * size..(at as usize + 1) * size]);
    }
    copied(c, dtype, shape.clone(), &rows)
}

/// A number: an array of rank 0 and dtype f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_scalar(cx: *mut ag_context, x: f64) -> ag_array {
    guard(cx, ag_array::NULL, |c| c.put(Array::from(x)))
}

/// A complex number: an array of rank 0 and dtype c128.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_scalar_complex(cx: *mut ag_context, re: f64, im: f64) -> ag_array {
    guard(cx, ag_array::NULL, |c| c.put(complex::number(&c.core, re, im)))
}

/// An integer: an array of rank 0 and dtype i64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_scalar_int(cx: *mut ag_context, x: i64) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let handle = c.slots.borrow_mut().put_integer(x);
        c.made(handle)
    })
}

/// A vector of `n` numbers, copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_vector(cx: *mut ag_context, data: *const f64, n: usize) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        // SAFETY: `n` numbers, the caller's promise.
        let Some(data) = (unsafe { slice(c, "ag_vector", "data", data, n) }) else { return ag_array::NULL };
        c.put_tensor("ag_vector", c.core.engine.build::<f64>(&[n], |d| copy(d, data)))
    })
}

/// A matrix of `rows` times `cols` numbers in row-major order, copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_matrix(cx: *mut ag_context, data: *const f64, rows: usize, cols: usize) -> ag_array {
    guard(cx, ag_array::NULL, |c| {
        let Some(n) = c.check("ag_matrix", shape::checked_size(&[rows, cols], 8)) else { return ag_array::NULL };
        // SAFETY: `rows * cols` numbers, the caller's promise.
        let Some(data) = (unsafe { slice(c, "ag_matrix", "data", data, n) }) else { return ag_array::NULL };
        c.put_tensor("ag_matrix", c.core.engine.build::<f64>(&[rows, cols], |d| copy(d, data)))
    })
}

fn full(cx: *mut ag_context, name: &'static str, dtype: i32, shape: *const i64, ndim: usize, value: f64) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let Some((dtype, shape)) = c.dtype(name, dtype).zip(c.shape(name, shape, ndim)) else { return ag_array::NULL };
        // Absurd sizes are refused although one number in memory would do: the first use would fail.
        if c.check(name, shape::checked_size(&shape, dtype.size())).is_none() {
            return ag_array::NULL;
        }
        let bytes = shape::size_of(&shape).saturating_mul(dtype.size());
        if bytes > MAX_SPLAT {
            c.core.fail(Error::too_large(bytes).within(name));
            return ag_array::NULL;
        }
        if c.check(name, create::as_element(dtype, value)).is_none() {
            return ag_array::NULL;
        }
        c.put(create::full(&c.core, dtype, &shape, value))
    })
}

/// Constant arrays are one number in memory; this is where they are refused nevertheless.
const MAX_SPLAT: usize = 1 << 40;

/// Zeros.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_zeros(cx: *mut ag_context, dtype: i32, shape: *const i64, ndim: usize) -> ag_array {
    full(cx, "ag_zeros", dtype, shape, ndim, 0.0)
}

/// Ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ones(cx: *mut ag_context, dtype: i32, shape: *const i64, ndim: usize) -> ag_array {
    full(cx, "ag_ones", dtype, shape, ndim, 1.0)
}

/// `value` everywhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_full(
    cx: *mut ag_context,
    dtype: i32,
    shape: *const i64,
    ndim: usize,
    value: f64,
) -> ag_array {
    full(cx, "ag_full", dtype, shape, ndim, value)
}

/// Zeros of the shape and dtype of `x`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_zeros_like(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_zeros_like", x, |c, x| create::full(c, x.dtype(), x.shape(), 0.0))
}

/// Ones of the shape and dtype of `x`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ones_like(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_ones_like", x, |c, x| create::full(c, x.dtype(), x.shape(), 1.0))
}

/// Ones on the k-th diagonal of an `n` by `m` matrix (k > 0: above the main one), zeros elsewhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_eye(cx: *mut ag_context, dtype: i32, n: i64, m: i64, k: i64) -> ag_array {
    const NAME: &str = "ag_eye";
    guard(cx, ag_array::NULL, |c| {
        let Some((dtype, shape)) = c.dtype(NAME, dtype).zip(c.shape(NAME, [n, m].as_ptr(), 2)) else {
            return ag_array::NULL;
        };
        c.put_tensor(NAME, create::eye(&c.core, dtype, shape[0], shape[1], k))
    })
}

/// start, start + step, ... up to but not including stop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_arange(cx: *mut ag_context, dtype: i32, start: f64, stop: f64, step: f64) -> ag_array {
    const NAME: &str = "ag_arange";
    guard(cx, ag_array::NULL, |c| {
        let Some(dtype) = c.dtype(NAME, dtype) else { return ag_array::NULL };
        c.put_tensor(NAME, create::arange(&c.core, dtype, start, stop, step))
    })
}

/// `num` numbers in equal steps from start to stop, both included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_linspace(cx: *mut ag_context, start: f64, stop: f64, num: i64) -> ag_array {
    guard(cx, ag_array::NULL, |c| c.put_tensor("ag_linspace", create::linspace(&c.core, start, stop, num)))
}

fn random(
    cx: *mut ag_context,
    name: &'static str,
    seed: u64,
    dtype: i32,
    shape: *const i64,
    ndim: usize,
    which: create::Random,
) -> ag_array {
    guard_as(cx, name, ag_array::NULL, |c| {
        let Some((dtype, shape)) = c.dtype(name, dtype).zip(c.shape(name, shape, ndim)) else { return ag_array::NULL };
        c.put_tensor(name, create::random(&c.core, seed, dtype, &shape, which))
    })
}

/// Random numbers, uniform in [low, high), of dtype f32 or f64. The same seed gives the same numbers on every machine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_random_uniform(
    cx: *mut ag_context,
    seed: u64,
    dtype: i32,
    shape: *const i64,
    ndim: usize,
    low: f64,
    high: f64,
) -> ag_array {
    random(cx, "ag_random_uniform", seed, dtype, shape, ndim, create::Random::Uniform(low, high))
}

/// Random numbers, normal with the given mean and standard deviation, of dtype f32 or f64. The same seed gives the same
/// numbers on every machine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_random_normal(
    cx: *mut ag_context,
    seed: u64,
    dtype: i32,
    shape: *const i64,
    ndim: usize,
    mean: f64,
    std: f64,
) -> ag_array {
    random(cx, "ag_random_normal", seed, dtype, shape, ndim, create::Random::Normal(mean, std))
}

/// The number of axes; 0 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_ndim(cx: *mut ag_context, x: ag_array) -> usize {
    guard(cx, 0, |c| c.get("ag_ndim", x).ndim())
}

/// The number of elements; 0 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_size(cx: *mut ag_context, x: ag_array) -> usize {
    guard(cx, 0, |c| {
        let x = c.get("ag_size", x);
        if x.is_null() { 0 } else { x.size() }
    })
}

/// As many zeros as an array can have axes: what is read of an array that isn't there.
static ZEROS: [i64; shape::MAX_NDIM] = [0; shape::MAX_NDIM];

/// The extents of the axes, ag_ndim of them; valid as long as the handle. Never NULL: zeros on error, 64 of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_shape(cx: *mut ag_context, x: ag_array) -> *const i64 {
    guard(cx, ZEROS.as_ptr(), |c| {
        let x = c.get("ag_shape", x);
        if x.ndim() == 0 {
            return ZEROS.as_ptr();
        }
        // The extents lie in the array's cell, which lives as long as the handle refers to it.
        const { assert!(size_of::<usize>() == size_of::<i64>(), "extents are passed as they are") };
        x.shape().as_ptr().cast()
    })
}

/// The extent of one axis; a negative one counts from the end. 0 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_dim(cx: *mut ag_context, x: ag_array, axis: i64) -> i64 {
    const NAME: &str = "ag_dim";
    guard(cx, 0, |c| {
        let x = c.get(NAME, x);
        if x.is_null() {
            return 0;
        }
        c.check(NAME, shape::normalize_axis(axis, x.ndim())).map_or(0, |axis| x.shape()[axis] as i64)
    })
}

/// The distances between neighbours along each axis, in elements; valid as long as the handle. Never NULL: zeros on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_strides(cx: *mut ag_context, x: ag_array) -> *const i64 {
    guard(cx, ZEROS.as_ptr(), |c| match c.get("ag_strides", x).plain() {
        Array::Plain(t) if t.ndim() > 0 && c.check("ag_strides", c.core.engine.force(&t)).is_some() => {
            t.strides().as_ptr().cast()
        }
        _ => ZEROS.as_ptr(),
    })
}

/// The dtype; -1 on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_dtype(cx: *mut ag_context, x: ag_array) -> i32 {
    guard(cx, -1, |c| {
        let x = c.get("ag_dtype", x);
        if x.is_null() { -1 } else { x.dtype() as i32 }
    })
}

fn item(c: &ag_context, name: &'static str, x: ag_array) -> Option<Complex64> {
    if let Some(Array::Number { value, .. }) = c.slots.borrow().value(x) {
        return Some(Complex64::new(*value, 0.0));
    }
    let value = c.readable(name, x)?;
    if let Array::Number { value, .. } = value {
        return Some(Complex64::new(value, 0.0));
    }
    if value.size() != 1 {
        let e = Error::shape(format!(
            "only an array with one element is a number, this one has shape {}",
            shape::Show(value.shape())
        ));
        return c.check(name, Err(e));
    }
    let t = c.check(name, c.core.tensor(&value))?;
    Some(with_dtype!(t.dtype(), T => crate::array::Element::to_complex(t.first::<T>())))
}

/// The number in an array with one element. NaN on error, and AG_ERR_DTYPE for a complex one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_item(cx: *mut ag_context, x: ag_array) -> f64 {
    const NAME: &str = "ag_item";
    guard(cx, f64::NAN, |c| {
        let Some(z) = item(c, NAME, x) else { return f64::NAN };
        let complex = c.slots.borrow().value(x).is_some_and(|x| x.dtype().is_complex());
        if complex {
            c.core.fail(Error::dtype("the number is complex; use ag_item_complex").within(NAME));
            return f64::NAN;
        }
        z.re
    })
}

/// The number in an array with one element, as real and imaginary part (either may be NULL). NaN on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_item_complex(cx: *mut ag_context, x: ag_array, re: *mut f64, im: *mut f64) {
    let nan = Complex64::new(f64::NAN, f64::NAN);
    let z = guard(cx, nan, |c| item(c, "ag_item_complex", x).unwrap_or(nan));
    // SAFETY: NULL or writable, the caller's promise.
    unsafe {
        store(re, z.re);
        store(im, z.im);
    }
}

/// The elements in row-major order; valid as long as the handle, and until ag_set changes it. NULL on error and for an
/// empty array. Not to be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_data(cx: *mut ag_context, x: ag_array) -> *const c_void {
    guard(cx, std::ptr::null(), |c| data(c, "ag_data", x, None))
}

/// The elements of an array of dtype f64 in row-major order, see ag_data. AG_ERR_DTYPE for other dtypes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_data_f64(cx: *mut ag_context, x: ag_array) -> *const f64 {
    guard(cx, std::ptr::null(), |c| data(c, "ag_data_f64", x, Some(DType::F64)).cast())
}

fn data(c: &ag_context, name: &'static str, x: ag_array, expected: Option<DType>) -> *const c_void {
    let Some(t) = c.tensor(name, x) else { return std::ptr::null() };
    if let Some(expected) = expected.filter(|&d| d != t.dtype()) {
        let e = Error::dtype(format!("expected dtype {}, the array has {}", expected.name(), t.dtype().name()));
        c.core.fail(e.within(name));
        return std::ptr::null();
    }
    let Some(t) = c.check(name, c.core.engine.contiguous(&t)) else { return std::ptr::null() };
    if t.size() == 0 {
        return std::ptr::null();
    }
    let pointer = with_dtype!(t.dtype(), T => t.elements::<T>().as_ptr().cast());
    // The handle has to own the memory pointed at: numbers and views get a row-major value of their own.
    let value = c.get(name, x);
    let owner = rebuilt(&value, t);
    if let Some(owner) = owner {
        let old = c.slots.borrow_mut().replace(x, owner);
        drop(old);
    }
    pointer
}

/// The same value with its elements in `t`; `None` if they lie there already, or the stack doesn't hold the layers.
fn rebuilt(value: &Array, t: Tensor) -> Option<Array> {
    match value {
        Array::Plain(own) | Array::Recorded { value: own, .. } if own.same(&t) => None,
        Array::Number { .. } | Array::Plain(_) => Some(Array::Plain(t)),
        Array::Variable { node, level, .. } | Array::Recorded { node, level, .. } => {
            Some(Array::Recorded { node: *node, level: *level, value: t })
        }
        Array::Dual { level, tangent, .. } => {
            Some(Array::dual(u64::from(*level), Array::from(*tangent), Array::Plain(t)))
        }
        Array::Nested(_) if stack::is_short() => None,
        Array::Nested(n) => rebuilt(&n.primal, t).map(|primal| n.around(primal)),
        Array::Null => None,
    }
}

/// Copies the elements in row-major order to `dst`, which has room for `nbytes` bytes. Returns the bytes written; 0 on
/// error, such as too little room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_copy_to(cx: *mut ag_context, x: ag_array, dst: *mut c_void, nbytes: usize) -> usize {
    const NAME: &str = "ag_copy_to";
    guard(cx, 0, |c| {
        let t = c.tensor(NAME, x).and_then(|t| c.check(NAME, c.core.engine.contiguous(&t)));
        let Some(t) = t else { return 0 };
        let needed = t.size() * t.dtype().size();
        if needed > nbytes || dst.is_null() && needed > 0 {
            let e = Error::argument(if dst.is_null() {
                "the argument dst is NULL".to_string()
            } else {
                format!("the array needs {needed} bytes, dst has room for {nbytes}")
            });
            c.core.fail(e.within(NAME));
            return 0;
        }
        if needed > 0 {
            // SAFETY: `dst` has room for `nbytes >= needed` bytes, the caller's promise; the elements are ours, and
            // the caller's memory doesn't overlap them, for it cannot write there.
            with_dtype!(t.dtype(), T => unsafe {
                let from: *const MaybeUninit<u8> = t.elements::<T>().as_ptr().cast();
                copy(from_raw_parts_mut(dst.cast(), needed), from_raw_parts(from, needed));
            });
        }
        needed
    })
}

/// The array as text, in the manner of NumPy's repr, with its dtype; long ones are cut in the middle. A recorded one
/// tells on how many levels it is. Valid until the innermost scope is left, so that several may be printed together. Never
/// NULL: while an error is pending, its message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_to_string(cx: *mut ag_context, x: ag_array) -> *const c_char {
    text_of(cx, |c| {
        if c.core.failed() {
            return None;
        }
        // Looking at a value is not using it: allowed in rules, too.
        let value = c.get("ag_to_string", x);
        if value.is_null() {
            return None;
        }
        let t = c.check("ag_to_string", c.core.tensor(&value))?;
        let depth = value.depth(&c.core.trace);
        let suffix = if depth > 0 { format!(", level={depth}") } else { String::new() };
        Some(format(&t, &suffix))
    })
}

/// The value of `x` without its history: no derivative goes through it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_value(cx: *mut ag_context, x: ag_array) -> ag_array {
    one(cx, "ag_value", x, detached)
}

/// `x` without its history.
pub(super) fn detached(cx: &Context, x: &Array) -> Array {
    // A cotangent without its history would make a JVP that is made from this VJP 0.
    if cx.transposing.get() != 0 && x.layer(cx.transposing.get()).is_some() {
        return cx.fail(Error::traced("the history of a cotangent is needed here, to make a JVP of this VJP"));
    }
    x.plain()
}

/// On how many open tape levels `x` is recorded; 0 for a plain array and on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_level(cx: *mut ag_context, x: ag_array) -> usize {
    guard(cx, 0, |c| c.get("ag_level", x).depth(&c.core.trace))
}

/// `x` in another dtype. From complex to real the imaginary part is dropped. Differentiable between floating dtypes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_astype(cx: *mut ag_context, x: ag_array, dtype: i32) -> ag_array {
    const NAME: &str = "ag_astype";
    guard(cx, ag_array::NULL, |c| {
        let (Some(dtype), x) = (c.dtype(NAME, dtype), c.get(NAME, x)) else { return ag_array::NULL };
        if x.is_null() { ag_array::NULL } else { c.put(elementwise::astype(&c.core, &x, dtype)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dtypes_are_those_of_the_library() {
        let codes = [AG_BOOL, AG_I64, AG_F32, AG_F64, AG_C64, AG_C128];
        assert_eq!(codes.map(Some), DType::ALL.map(|d| Some(d as i32)));
    }
}
