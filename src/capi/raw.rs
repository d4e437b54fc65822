//! Primitives written as kernels on memory, for C code that exists already.
//!
//! A kernel gets views of its arguments and of its results, which the library has made with the shapes that the layout
//! function says. A raw VJP (or JVP) is itself a small primitive here, linear in the cotangents: it can be transposed
//! (which takes a call per element), but has no derivative with respect to the arguments. That takes another primitive
//! as rule (`ag_defvjp_primitive`).

use super::array::ag_drop;
use super::primitive::{Forward, Registered, User, VjpRule, name_of, register_raw, transpose};
use super::{ag_context, ag_primitive, guard, guard_always, returned, slice};
use crate::array::{DType, Shape, Tensor, shape};
use crate::error::{Error, Result, excerpt};
use crate::ops::elementwise::astype;
use crate::ops::{accumulate, unbroadcast, zeros};
use crate::trace::{ALL, Array, Context, Kept, Meta, Primitive, apply_multi};
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

/// What a code of the kernels' own means: called with it right after a kernel or the layout function has failed. The text is
/// copied at once; NULL says nothing. `user` is that of the primitive, so a kernel may have written it there. It must not call
/// the library.
pub type ag_raw_message_function = Option<unsafe extern "C" fn(code: i32, user: *mut c_void) -> *const c_char>;

/// In place of a dtype: the kernels take any.
pub const AG_ANY_DTYPE: i32 = -1;

/// A primitive written as kernels. Set struct_size to sizeof(ag_raw_primitive_def) and everything that isn't used to 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_raw_primitive_def {
    pub struct_size: usize,
    /// For messages, which begin with it; not empty, copied.
    pub name: *const c_char,
    pub nargs: usize,
    /// 0 means 1.
    pub nresults: usize,
    /// NULL: every result looks like argument 0, as the kernel gets it.
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
    /// The dtypes that the kernels take: dtypes[k] for args[k], ndtypes of them, one for each argument; or one for all. Others
    /// are converted where NumPy calls it safe (float32 to float64, integers to float64), else they are AG_ERR_DTYPE. An entry
    /// AG_ANY_DTYPE takes arrays as they come: the kernels look at the dtypes of their views. NULL: AG_F64 for all.
    /// Cotangents and tangents are like what they belong to, as the kernels get it.
    pub dtypes: *const i32,
    pub ndtypes: usize,
    /// Instead of vjps: the VJPs of all arguments in one call, as a kernel of (g..., ans..., args...) with a result like
    /// each of args. It writes all of them, whichever are wanted. ag_defvjp_primitive replaces it for one argument.
    pub vjp_all: ag_raw_function,
    /// Says what the codes of failures mean, for messages. NULL: these have the code alone.
    pub message: ag_raw_message_function,
}

/// Registers a primitive written as kernels; as ag_primitive_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_raw_primitive_new(cx: *mut ag_context, def: *const ag_raw_primitive_def) -> ag_primitive {
    const NAME: &str = "ag_raw_primitive_new";
    let null = ag_primitive { bits: 0 };
    // SAFETY: NULL or a definition whose first field says how long it is, the caller's promise.
    let size = unsafe { def.cast::<usize>().as_ref() }.copied().unwrap_or(0);
    // What the first version of the struct had; what it didn't have counts as 0.
    if size < std::mem::offset_of!(ag_raw_primitive_def, dtypes) {
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
    let mut whole = std::mem::MaybeUninit::<ag_raw_primitive_def>::zeroed();
    // SAFETY: as many bytes as both structs have; zeros are a value of every field.
    let def = unsafe {
        let bytes = size.min(size_of::<ag_raw_primitive_def>());
        std::ptr::copy_nonoverlapping(def.cast::<u8>(), whole.as_mut_ptr().cast(), bytes);
        whole.assume_init()
    };
    let user = User { pointer: def.user, drop: def.drop_user };
    guard(cx, null, |c| {
        if def.forward.is_none() || def.nargs > 1 << 16 || def.nresults > 1 << 16 {
            let what = if def.forward.is_none() { "forward is NULL" } else { "nargs and nresults are at most 65536" };
            c.core.fail(Error::argument(what).within(NAME));
            return null;
        }
        // SAFETY: NULL or a C string, the caller's promise.
        let Some(name) = c.check(NAME, unsafe { name_of(def.name) }) else { return null };
        if def.layout.is_none() && def.nargs == 0 {
            c.core.fail(Error::argument("without arguments a layout function is needed").within(NAME));
            return null;
        }
        // SAFETY: as many kernels as stated, the caller's promise.
        let rules =
            unsafe { (slice(c, NAME, "vjps", def.vjps, def.nvjps), slice(c, NAME, "jvps", def.jvps, def.njvps)) };
        // SAFETY: as many numbers as stated, the caller's promise.
        let dtypes = unsafe { slice(c, NAME, "dtypes", def.dtypes, def.ndtypes) };
        let (Some(vjps), Some(jvps), Some(dtypes)) = (rules.0, rules.1, dtypes) else { return null };
        if def.vjp_all.is_some() && !vjps.is_empty() {
            c.core.fail(Error::argument("vjps and vjp_all are both given: expected one of them").within(NAME));
            return null;
        }
        let dtypes = match takes(dtypes, def.nargs) {
            Ok(dtypes) => dtypes,
            Err(e) => {
                c.core.fail(e.within(NAME));
                return null;
            }
        };
        let kernels = Kernels { dtypes, vjp_all: def.vjp_all, message: def.message };
        let vjps = vjps.iter().map(|f| f.map_or(VjpRule::Zero, VjpRule::Raw)).collect();
        let jvps = jvps.iter().map(|f| f.map_or(VjpRule::Missing, VjpRule::Raw)).collect();
        let forward = Forward::Raw { forward: def.forward, layout: def.layout, nargs: def.nargs, strided: def.strided };
        register_raw(c, name, forward, def.nresults.max(1), (vjps, jvps), kernels, user)
    })
}

/// What kernels have besides themselves.
#[derive(Default)]
pub struct Kernels {
    /// The dtype that each argument is brought to; `None`: it stays as it is.
    dtypes: SmallVec<[Option<DType>; 4]>,
    pub vjp_all: ag_raw_function,
    message: ag_raw_message_function,
}

/// The dtypes of so many arguments, from what a definition says.
fn takes(dtypes: &[i32], nargs: usize) -> Result<SmallVec<[Option<DType>; 4]>> {
    let one = |&code: &i32| match DType::from_code(code) {
        None if code != AG_ANY_DTYPE => Err(Error::dtype(format!("dtypes has {code}, which is no dtype"))),
        dtype => Ok(dtype),
    };
    match dtypes {
        [] => Ok(SmallVec::from_elem(Some(DType::F64), nargs)),
        [all] => Ok(SmallVec::from_elem(one(all)?, nargs)),
        each if each.len() == nargs => each.iter().map(one).collect(),
        each => Err(Error::argument(format!("ndtypes is {}, expected 1 or nargs, which is {nargs}", each.len()))),
    }
}

impl Registered {
    /// The failure of a kernel or of the layout function, with what the code means.
    fn failed(&self, what: &str, status: i32, behind: &str) -> Error {
        let text = self.kernels.message.and_then(|message| {
            // SAFETY: the caller's function with the caller's pointer; the text is copied before anything else is called.
            unsafe {
                let text = message(status, self.user.pointer);
                (!text.is_null()).then(|| std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned())
            }
        });
        let text = text.filter(|t| !t.is_empty()).map(|t| format!(": {t}")).unwrap_or_default();
        returned(status, format!("{what} failed with code {status}{text}{behind}"))
    }

    /// The arguments as kernels take them, behind the first `before`, which are like what they belong to.
    fn prepared(&self, cx: &Context, args: &[Array], before: usize) -> Result<SmallVec<[Tensor; 4]>> {
        let Forward::Raw { strided, .. } = self.forward else { unreachable!("registered with a kernel") };
        let mut found = SmallVec::new();
        for (i, a) in args.iter().enumerate() {
            let wanted = i.checked_sub(before).and_then(|k| self.kernels.dtypes.get(k).copied().flatten());
            let a = match wanted {
                Some(to) if a.dtype() != to => &self.converted(cx, a, i - before, to)?,
                _ => a,
            };
            let t = cx.tensor(a)?;
            if t.ndim() > AG_MAX_RAW_NDIM {
                return Err(Error::value(format!(
                    "raw kernels take arrays of up to {AG_MAX_RAW_NDIM} axes, not {}",
                    t.ndim()
                )));
            }
            found.push(if strided { t } else { cx.engine.contiguous(&t)? });
        }
        Ok(found)
    }

    /// Argument `k` in the dtype that the kernels take, if every value of its own dtype is one of that.
    fn converted(&self, cx: &Context, a: &Array, k: usize, to: DType) -> Result<Array> {
        let from = a.dtype();
        if from.promote(to) != to {
            let (from, to) = (from.name(), to.name());
            return Err(Error::dtype(format!(
                "argument {k} has dtype {from}, the kernels take {to}, to which it cannot be converted safely"
            )));
        }
        let converted = astype(cx, a, to);
        if let Some(e) = cx.error() { Err(e) } else { Ok(converted) }
    }
}

pub type Kernel = unsafe extern "C" fn(*const ag_view, usize, *const ag_view, usize, *mut c_void) -> i32;

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
        return Err(of.failed(what, status, &format!("; it was given {}", excerpt(&given.join(", ")))));
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

/// The forward pass of a raw primitive.
pub fn forward(of: &Registered, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
    let Forward::Raw { forward: Some(kernel), layout, .. } = of.forward else {
        unreachable!("registered with a kernel")
    };
    let args = of.prepared(cx, args, 0)?;
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
                return Err(of.failed("the layout function", status, ""));
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
    /// The argument differentiated; `None`: all of them at once, a VJP.
    pub argnum: Option<usize>,
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
        let whose = self.argnum.map_or("its arguments".into(), |k| format!("argument {k}"));
        let e = Error::derivative(format!(
            "the derivative of order 2 with respect to {whose} is not defined, because its rule is a raw kernel; \
             give it a primitive as rule with {}",
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

    /// The transpose in a linear argument: element j is the product of the rule's results for the j-th unit with `gs`.
    fn pulled(&self, cx: &Context, argnum: usize, gs: &[Array], kept: &Kept<'_>) -> Array {
        if argnum >= self.linear() {
            return self.undefined(cx);
        }
        let (args, _) = kept.all(self.nargs());
        let meta = Meta::of(&args[argnum]);
        if cx.no_elements.get() {
            return cx.fail(Error::derivative("the JVP takes a VJP for each element").within(self.name()));
        }
        let mut sum = Array::Null;
        for (i, g) in gs.iter().enumerate().filter(|(_, g)| !g.is_null()) {
            let part = transpose(cx, self.name(), &meta, g, &mut |unit| {
                self.part(cx, argnum, &unit, args).get(i).cloned().unwrap_or_default()
            });
            sum = accumulate(cx, sum, part);
        }
        sum
    }
}

impl Primitive for RawRule {
    fn name(&self) -> &str {
        &self.of.name
    }

    fn failure(&self, e: Error) -> Error {
        e.within(&self.of.name)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        Ok(self.eval_all(cx, args)?.pop().unwrap_or_default())
    }

    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        let before = self.linear() + self.of.nresults;
        let mut tensors = self.of.prepared(cx, args, before)?;
        // Kernels count on the cotangent's being like the result, and the tangent's like the argument.
        for k in 0..self.linear() {
            let model = if self.vjp { self.linear() + k } else { before + self.argnum.unwrap_or(0) };
            let g = unbroadcast(cx, args[k].clone(), &Meta::of(&Array::from(tensors[model].clone())));
            tensors[k] = self.of.prepared(cx, &[g], 1)?.remove(0);
        }
        let metas: SmallVec<[Meta; 1]> = self
            .like
            .iter()
            .map(|&k| Meta { dtype: tensors[k].dtype(), shape: Shape::from_slice(tensors[k].shape()) })
            .collect();
        let what = match self.argnum {
            Some(k) => format!("the {} kernel of argument {k}", if self.vjp { "VJP" } else { "JVP" }),
            None => "the VJP kernel of all arguments".into(),
        };
        run(cx, &self.of, (self.kernel, &what), &tensors, &metas)
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        self.pulled(cx, argnum, std::slice::from_ref(g), kept)
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        _: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        argnums.iter().map(|&k| self.pulled(cx, k, gs, kept)).collect()
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        self.jvp_all(cx, &[argnum], std::slice::from_ref(t), kept).pop().unwrap_or_default()
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let mut sums: SmallVec<[Array; 1]> = Array::nulls(self.like.len());
        for (&argnum, t) in argnums.iter().zip(ts) {
            if argnum >= self.linear() {
                self.undefined(cx);
                return sums;
            }
            let (args, _) = kept.all(self.nargs());
            for (sum, part) in sums.iter_mut().zip(self.part(cx, argnum, t, args)) {
                *sum = accumulate(cx, std::mem::take(sum), part);
            }
        }
        sums
    }
}
