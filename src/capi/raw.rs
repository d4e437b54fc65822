//! Primitives written as kernels on memory, for C code that exists already.
//!
//! A kernel gets views of its arguments and of its results, which the library has made with the shapes that the layout
//! function says. A raw VJP (or JVP) is itself a small primitive here, linear in the cotangents: it can be transposed
//! (which takes a call per element), but has no derivative with respect to the arguments. That takes another primitive
//! as rule (`ag_defvjp_primitive`).

use super::array::ag_drop;
use super::primitive::{Forward, Registered, User, VjpRule, name_of, register_raw, transpose};
use super::{ag_context, ag_primitive, guard, guard_always, slice};
use crate::array::{DType, Shape, Tensor, shape};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::ops::{fit_cotangent, zeros};
use crate::trace::{ALL, Array, Kept, Meta, Primitive, apply_multi};
use crate::with_dtype;
use smallvec::SmallVec;
use std::ffi::{c_char, c_void};
use std::rc::Rc;

/// Axes at most, of arrays given to raw kernels.
pub const AG_MAX_RAW_NDIM: usize = 32;

/// Memory of an array, as a raw kernel sees it. Arguments must not be written to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_view {
    /// The first element. NULL in a layout function, and if the array is empty.
    pub data: *mut c_void,
    /// Extents, ndim of them.
    pub shape: *const i64,
    /// Distances between neighbours along each axis, in elements.
    pub strides: *const i64,
    pub ndim: usize,
    /// The number of elements.
    pub size: usize,
    pub dtype: i32,
    /// Whether the elements lie one after the other in row-major order.
    pub contiguous: bool,
}

/// What a result looks like.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_layout {
    pub dtype: i32,
    pub ndim: usize,
    pub shape: [i64; 32],
}

/// A kernel: reads args, writes every element of results (row-major, made by the library). Returns 0, or an error code
/// of its own. It must not call the library.
pub type ag_raw_function = Option<
    unsafe extern "C" fn(
        args: *const ag_view,
        nargs: usize,
        results: *const ag_view,
        nresults: usize,
        user: *mut c_void,
    ) -> i32,
>;

/// Says what the results look like; the data of args is NULL. Returns 0, or an error code of its own.
pub type ag_raw_layout_function = Option<
    unsafe extern "C" fn(
        args: *const ag_view,
        nargs: usize,
        results: *mut ag_layout,
        nresults: usize,
        user: *mut c_void,
    ) -> i32,
>;

/// A primitive written as kernels. Set struct_size to sizeof(ag_raw_primitive_def) and everything that isn't used to 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_raw_primitive_def {
    pub struct_size: usize,
    /// For messages; copied.
    pub name: *const c_char,
    pub nargs: usize,
    /// 0 means 1.
    pub nresults: usize,
    /// NULL: every result looks like argument 0.
    pub layout: ag_raw_layout_function,
    pub forward: ag_raw_function,
    /// The VJP of argument k as a kernel of (g..., ans..., args...), with a result like args[k]. A NULL entry means zero;
    /// beyond nvjps there is no rule. For orders above one use ag_defvjp_primitive.
    pub vjps: *const ag_raw_function,
    pub nvjps: usize,
    /// The JVP of argument k as a kernel of (tangent, ans..., args...), with results like ans. A NULL entry, or none, is
    /// derived from the VJP, with one call of it per element of the results.
    pub jvps: *const ag_raw_function,
    pub njvps: usize,
    /// Whether the kernels take any strides; else they get row-major copies where needed.
    pub strided: bool,
    /// Passed to all kernels.
    pub user: *mut c_void,
    /// Called once with `user` when the primitive is no longer needed (also if the registration fails).
    pub drop_user: ag_drop,
}

/// Registers a primitive written as kernels; as ag_primitive_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_raw_primitive_new(cx: *mut ag_context, def: *const ag_raw_primitive_def) -> ag_primitive {
    const NAME: &str = "ag_raw_primitive_new";
    let null = ag_primitive { bits: 0 };
    // SAFETY: NULL or a definition whose first field says how long it is, the caller's promise.
    let size = unsafe { def.cast::<usize>().as_ref() }.copied().unwrap_or(0);
    if size < size_of::<ag_raw_primitive_def>() {
        return guard_always(cx, null, |c| {
            let e = Error::argument(if def.is_null() {
                "the argument def is NULL".to_string()
            } else {
                format!("struct_size is {size}, expected {}", size_of::<ag_raw_primitive_def>())
            });
            c.core.fail(e.within(NAME));
            null
        });
    }
    // SAFETY: a whole definition, by its size.
    let def = unsafe { *def };
    let user = User { pointer: def.user, drop: def.drop_user };
    guard(cx, null, |c| {
        if def.forward.is_none() || def.nargs > 1 << 16 || def.nresults > 1 << 16 {
            let what = if def.forward.is_none() { "forward is NULL" } else { "nargs and nresults are at most 65536" };
            c.core.fail(Error::argument(what).within(NAME));
            return null;
        }
        if def.name.is_null() {
            c.core.fail(Error::argument("the name is NULL").within(NAME));
            return null;
        }
        if def.layout.is_none() && def.nargs == 0 {
            c.core.fail(Error::argument("without arguments a layout function is needed").within(NAME));
            return null;
        }
        // SAFETY: as many kernels as stated, the caller's promise.
        let rules =
            unsafe { (slice(c, NAME, "vjps", def.vjps, def.nvjps), slice(c, NAME, "jvps", def.jvps, def.njvps)) };
        let (Some(vjps), Some(jvps)) = rules else { return null };
        let vjps = vjps.iter().map(|f| f.map_or(VjpRule::Zero, VjpRule::Raw)).collect();
        let jvps = jvps.iter().map(|f| f.map_or(VjpRule::Missing, VjpRule::Raw)).collect();
        let forward = Forward::Raw { forward: def.forward, layout: def.layout, nargs: def.nargs, strided: def.strided };
        // SAFETY: a C string, the caller's promise.
        let name = unsafe { name_of(def.name) };
        register_raw(c, name, forward, def.nresults.max(1), vjps, jvps, user)
    })
}

type Kernel = unsafe extern "C" fn(*const ag_view, usize, *const ag_view, usize, *mut c_void) -> i32;

/// Shapes and strides as C sees them, and the views that point at them.
struct Views {
    shapes: SmallVec<[SmallVec<[i64; 4]>; 8]>,
    strides: SmallVec<[SmallVec<[i64; 4]>; 8]>,
    views: SmallVec<[ag_view; 8]>,
}

impl Views {
    fn new() -> Views {
        Views { shapes: SmallVec::new(), strides: SmallVec::new(), views: SmallVec::new() }
    }

    fn push(&mut self, t: &Tensor, data: *mut c_void) {
        self.shapes.push(t.shape().iter().map(|&d| d as i64).collect());
        self.strides.push(t.strides().iter().map(|&s| s as i64).collect());
        self.views.push(ag_view {
            data,
            shape: std::ptr::null(),
            strides: std::ptr::null(),
            ndim: t.ndim(),
            size: t.size(),
            dtype: t.dtype() as i32,
            contiguous: t.is_contiguous(),
        });
    }

    /// Points the views at shapes and strides; nothing may be pushed any more.
    fn finish(&mut self) {
        for ((view, shape), strides) in self.views.iter_mut().zip(&self.shapes).zip(&self.strides) {
            view.shape = shape.as_ptr();
            view.strides = strides.as_ptr();
        }
    }
}

fn pointer(t: &Tensor) -> *mut c_void {
    if t.size() == 0 {
        return std::ptr::null_mut();
    }
    with_dtype!(t.dtype(), T => t.memory::<T>()[t.offset()..].as_ptr().cast_mut().cast())
}

/// Runs a kernel on plain arguments; results of the given shapes and dtypes.
fn run(
    cx: &Context,
    of: &Registered,
    (kernel, what): (Kernel, &str),
    args: &[Tensor],
    metas: &[Meta],
) -> Result<SmallVec<[Array; 1]>> {
    let mut inputs = Views::new();
    args.iter().for_each(|t| inputs.push(t, pointer(t)));
    inputs.finish();
    let mut results: SmallVec<[Tensor; 1]> = SmallVec::new();
    let mut outputs = Views::new();
    for meta in metas {
        // What a kernel forgets to write is 0, not what was there before.
        let mut data = std::ptr::null_mut();
        let t = with_dtype!(meta.dtype, T => cx.engine.build::<T>(&meta.shape, |d| {
            d.fill(T::default());
            data = d.as_mut_ptr().cast();
        })?);
        outputs.push(&t, if t.size() == 0 { std::ptr::null_mut() } else { data });
        results.push(t);
    }
    outputs.finish();
    let (a, r) = (&inputs.views, &outputs.views);
    // SAFETY: the caller's kernel on views of live memory; the results are new and nobody else knows them.
    let status = unsafe { kernel(a.as_ptr(), a.len(), r.as_ptr(), r.len(), of.user.pointer) };
    if status != 0 {
        let given: Vec<String> = args.iter().map(|t| format!("{}{:?}", t.dtype().name(), t.shape())).collect();
        let message = format!("{what} failed with code {status}; it was given {}", given.join(", "));
        return Err(Error { code: status, message: message.into() });
    }
    // Bytes that are no booleans would be undefined behaviour to read as such.
    for (t, view) in results.iter().zip(r).filter(|(t, _)| t.dtype() == DType::Bool) {
        let n = t.size();
        if n > 0 {
            // SAFETY: the result's own bytes, still known to nobody else.
            unsafe { std::slice::from_raw_parts_mut(view.data.cast::<u8>(), n) }
                .iter_mut()
                .for_each(|b| *b = u8::from(*b != 0));
        }
    }
    Ok(results.into_iter().map(Array::from).collect())
}

/// The arguments as kernels take them.
fn prepared(cx: &Context, args: &[Array], strided: bool) -> Result<SmallVec<[Tensor; 4]>> {
    args.iter()
        .map(|a| {
            let t = cx.tensor(a)?;
            if t.ndim() > AG_MAX_RAW_NDIM {
                return Err(Error::value(format!(
                    "raw kernels take arrays of up to {AG_MAX_RAW_NDIM} axes, not {}",
                    t.ndim()
                )));
            }
            if strided { Ok(t) } else { cx.engine.contiguous(&t) }
        })
        .collect()
}

/// The forward pass of a raw primitive.
pub fn forward(of: &Registered, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
    let Forward::Raw { forward: Some(kernel), layout, strided, .. } = of.forward else {
        unreachable!("registered with a kernel")
    };
    let args = prepared(cx, args, strided)?;
    let metas: SmallVec<[Meta; 1]> = match layout {
        None => SmallVec::from_elem(Meta { dtype: args[0].dtype(), shape: args[0].shape().into() }, of.nresults),
        Some(layout) => {
            let mut views = Views::new();
            args.iter().for_each(|t| views.push(t, std::ptr::null_mut()));
            views.finish();
            let mut out = vec![ag_layout { dtype: -1, ndim: 0, shape: [0; 32] }; of.nresults];
            let v = &views.views;
            // SAFETY: the caller's function, with room for the results' layouts.
            let status = unsafe { layout(v.as_ptr(), v.len(), out.as_mut_ptr(), out.len(), of.user.pointer) };
            if status != 0 {
                return Err(Error {
                    code: status,
                    message: format!("the layout function failed with code {status}").into(),
                });
            }
            out.iter().map(meta_of).collect::<Result<_>>()?
        }
    };
    run(cx, of, (kernel, "the forward kernel"), &args, &metas)
}

fn meta_of(layout: &ag_layout) -> Result<Meta> {
    let dtype = DType::from_code(layout.dtype)
        .ok_or_else(|| Error::dtype(format!("the layout function gave {}, which is no dtype", layout.dtype)))?;
    let extents = layout.shape.get(..layout.ndim).ok_or_else(|| {
        Error::value(format!("the layout function gave {} axes, at most {AG_MAX_RAW_NDIM} are possible", layout.ndim))
    })?;
    if extents.iter().any(|&d| d < 0) {
        return Err(Error::value("the layout function gave a negative extent"));
    }
    let shape: Shape = extents.iter().map(|&d| d as usize).collect();
    shape::checked_size(&shape, dtype.size())?;
    Ok(Meta { dtype, shape })
}

/// A raw derivative rule as a primitive of (gs or tangent, ans, args).
#[derive(Clone)]
pub struct RawRule {
    pub of: Rc<Registered>,
    pub kernel: Kernel,
    /// Whether it is a VJP; else a JVP.
    pub vjp: bool,
    /// The argument differentiated.
    pub argnum: usize,
    /// The arguments (of the rule) that its results look like.
    pub like: SmallVec<[usize; 1]>,
}

impl RawRule {
    /// How many of its arguments it is linear in: the cotangents, or the tangent.
    fn linear(&self) -> usize {
        if self.vjp { self.of.nresults } else { 1 }
    }

    fn nargs(&self) -> usize {
        let Forward::Raw { nargs, .. } = self.of.forward else { unreachable!("a raw rule is of a raw primitive") };
        self.linear() + self.of.nresults + nargs
    }

    fn undefined(&self, cx: &Context) -> Array {
        let e = Error::derivative(format!(
            "the derivative of order 2 with respect to argument {} is not defined, because its rule is a raw kernel; \
             give it a primitive as rule with {}",
            self.argnum,
            if self.vjp { "ag_defvjp_primitive" } else { "ag_defjvp_primitive" }
        ));
        cx.fail(e.within(&self.of.name))
    }

    /// The results for one of the linear arguments alone, the others being zero.
    fn part(&self, cx: &Context, argnum: usize, value: &Array, args: &[Array]) -> SmallVec<[Array; 1]> {
        let mut values: SmallVec<[Array; 4]> = args.into();
        for (k, v) in values.iter_mut().enumerate().take(self.linear()) {
            *v = if k == argnum { value.clone() } else { zeros(cx, &Meta::of(v)) };
        }
        let references: SmallVec<[&Array; 4]> = values.iter().collect();
        apply_multi(cx, self, &references)
    }
}

impl Primitive for RawRule {
    fn name(&self) -> &str {
        &self.of.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        Ok(self.eval_all(cx, args)?.pop().unwrap_or_default())
    }

    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        let Forward::Raw { strided, .. } = self.of.forward else { unreachable!("a raw rule is of a raw primitive") };
        let mut args: SmallVec<[Array; 4]> = args.into();
        // Kernels count on the cotangent's being like the result, and the tangent's like the argument.
        for k in 0..self.linear() {
            let model = if self.vjp { self.linear() + k } else { self.linear() + self.of.nresults + self.argnum };
            args[k] = fit_cotangent(cx, args[k].clone(), &Meta::of(&args[model]));
        }
        let metas: SmallVec<[Meta; 1]> = self.like.iter().map(|&k| Meta::of(&args[k])).collect();
        let what = format!("the {} kernel of argument {}", if self.vjp { "VJP" } else { "JVP" }, self.argnum);
        run(cx, &self.of, (self.kernel, &what), &prepared(cx, &args, strided)?, &metas)
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    /// The transpose in a linear argument: element j is the product of the rule's result for the j-th unit with `g`.
    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        if argnum >= self.linear() {
            return self.undefined(cx);
        }
        let (args, _) = kept.all(self.nargs());
        let meta = Meta::of(&args[argnum]);
        if cx.no_elements.get() {
            return cx.fail(Error::derivative("the JVP takes a VJP for each element").within(self.name()));
        }
        transpose(cx, self.name(), &meta, g, &mut |unit| self.part(cx, argnum, &unit, args).pop().unwrap_or_default())
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        if argnum >= self.linear() {
            return self.undefined(cx);
        }
        let (args, _) = kept.all(self.nargs());
        self.part(cx, argnum, t, args).pop().unwrap_or_default()
    }
}
