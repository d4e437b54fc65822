//! Primitives of the caller's: functions with derivative rules, written with operations of the library (this file) or as
//! kernels on memory (`raw`). Once applied they are like any built-in operation.
//!
//! A rule may be missing, zero, a function, a raw kernel, or another primitive. A JVP that is missing is derived from
//! the VJP: that is a linear map of the cotangent, and pulling a tangent back through it is its transpose, the JVP.

use super::array::ag_drop;
use super::function::ag_function;
use super::handle::{Kind, pack_serial, serial};
use super::raw::{RawRule, ag_raw_function, ag_raw_layout_function};
use super::{ag_array, ag_context, ag_primitive, guard, guard_always, slice};
use crate::array::Element;
use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::operators::sweep::pull_back;
use crate::ops::elementwise::{self as rows, unary};
use crate::ops::{accumulate, complex, fit_cotangent, reduce, shape, zeros};
use crate::trace::{ALL, Array, Kept, Meta, Primitive, apply_multi};
use crate::with_dtype;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::rc::Rc;

/// The VJP of one argument: the cotangent of args[k] from the cotangent `g` of the result `ans`, in which it is linear.
/// Written with ag_ operations it can be differentiated again. One that reads elements gives first derivatives, in both
/// modes; while it is being differentiated itself, as it is for ag_make_jvp, that is AG_ERR_TRACED. All handles are borrowed
/// for the call, the result escapes by itself.
pub type ag_vjp_function = Option<
    unsafe extern "C" fn(
        cx: *mut ag_context,
        g: ag_array,
        ans: ag_array,
        args: *const ag_array,
        nargs: usize,
        user: *mut c_void,
    ) -> ag_array,
>;

/// The JVP of one argument: the tangent of the result from the tangent of args[k]; as ag_vjp_function.
pub type ag_jvp_function = Option<
    unsafe extern "C" fn(
        cx: *mut ag_context,
        tangent: ag_array,
        ans: ag_array,
        args: *const ag_array,
        nargs: usize,
        user: *mut c_void,
    ) -> ag_array,
>;

/// A function with several results: writes results[0] to results[nresults - 1]. Returns 0, or an error code (raised for
/// it if it hasn't done so itself).
pub type ag_multi_function = Option<
    unsafe extern "C" fn(
        cx: *mut ag_context,
        args: *const ag_array,
        nargs: usize,
        results: *mut ag_array,
        nresults: usize,
        user: *mut c_void,
    ) -> i32,
>;

/// The VJPs of several arguments together: grads[i] for args[argnums[i]], from the cotangents gs of all results.
pub type ag_vjp_argnums_function = Option<
    unsafe extern "C" fn(
        cx: *mut ag_context,
        argnums: *const usize,
        n: usize,
        gs: *const ag_array,
        ans: *const ag_array,
        nresults: usize,
        args: *const ag_array,
        nargs: usize,
        grads: *mut ag_array,
        user: *mut c_void,
    ) -> i32,
>;

/// The JVPs of several arguments together: tangents of all results in out, from tangents[i] of args[argnums[i]].
pub type ag_jvp_argnums_function = Option<
    unsafe extern "C" fn(
        cx: *mut ag_context,
        argnums: *const usize,
        tangents: *const ag_array,
        n: usize,
        ans: *const ag_array,
        nresults: usize,
        args: *const ag_array,
        nargs: usize,
        out: *mut ag_array,
        user: *mut c_void,
    ) -> i32,
>;

/// A primitive written with operations of the library. Set struct_size to sizeof(ag_primitive_def) and everything that
/// isn't used to 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_primitive_def {
    pub struct_size: usize,
    /// For messages; copied.
    pub name: *const c_char,
    /// The function itself; it gets plain arrays and may read their elements. What a rule needs besides its arguments and
    /// results should be a result: arrays that this function puts aside (by ag_set or ag_keep) serve the first derivative,
    /// and are AG_ERR_TRACED in a rule that is itself being differentiated, unless they go through ag_value.
    pub forward: ag_function,
    /// The VJP of each argument. A NULL entry means that the derivative is zero; an argument beyond nvjps has no rule,
    /// which is an error when its derivative is taken.
    pub vjps: *const ag_vjp_function,
    pub nvjps: usize,
    /// The JVP of each argument. A NULL entry, or none, is derived from the VJP: from a recorded call of it, or, if it reads
    /// elements of g, from a call for each element of the results (ag_jacobian computes rows then, one call each).
    pub jvps: *const ag_jvp_function,
    pub njvps: usize,
    /// The function, if it has several results (then with vjp_argnums as rule); instead of forward. nresults 0: their number
    /// is found out by the call. Then the function gets room for AG_MOST_RESULTS handles (all null at first), and writes
    /// those it has, one at least.
    pub forward_multi: ag_multi_function,
    pub nresults: usize,
    /// Instead of vjps.
    pub vjp_argnums: ag_vjp_argnums_function,
    /// Instead of jvps.
    pub jvp_argnums: ag_jvp_argnums_function,
    /// The function is linear in each argument: its JVP is the function itself.
    pub linear: bool,
    /// Passed to all functions.
    pub user: *mut c_void,
    /// Called once with `user` when the primitive is no longer needed (also if the registration fails).
    pub drop_user: ag_drop,
}

/// Results at most of a function whose number of results is found out by the call.
pub const AG_MOST_RESULTS: usize = 64;

/// The rule of one argument.
#[derive(Clone, Copy)]
pub enum VjpRule {
    Missing,
    Zero,
    Function(
        unsafe extern "C" fn(*mut ag_context, ag_array, ag_array, *const ag_array, usize, *mut c_void) -> ag_array,
    ),
    Raw(unsafe extern "C" fn(*const super::raw::ag_view, usize, *const super::raw::ag_view, usize, *mut c_void) -> i32),
    /// Serial number of another primitive. Not a reference: primitives may name each other in circles.
    Primitive(u64),
}

/// How the values are computed.
#[derive(Clone, Copy)]
pub enum Forward {
    Arrays { one: ag_function, multi: ag_multi_function },
    Raw { forward: ag_raw_function, layout: ag_raw_layout_function, nargs: usize, strided: bool },
}

/// A registered primitive.
pub struct Registered {
    pub cx: *const ag_context,
    pub name: String,
    pub forward: Forward,
    pub nresults: usize,
    vjps: RefCell<Vec<VjpRule>>,
    jvps: RefCell<Vec<VjpRule>>,
    vjp_argnums: ag_vjp_argnums_function,
    jvp_argnums: ag_jvp_argnums_function,
    linear: bool,
    pub user: User,
}

/// The caller's pointer, and what is called when it is no longer needed.
pub struct User {
    pub pointer: *mut c_void,
    pub drop: ag_drop,
}

impl User {
    pub fn new(pointer: *mut c_void, drop: ag_drop) -> User {
        User { pointer, drop }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(drop) = self.drop.take() {
            // SAFETY: the caller's function with the caller's pointer, once.
            unsafe { drop(self.pointer) }
        }
    }
}

/// All primitives of a context, by serial number.
#[derive(Default)]
pub struct Primitives {
    entries: Vec<Option<Rc<Registered>>>,
}

impl ag_context {
    fn put_primitive(&self, p: Registered) -> ag_primitive {
        let mut primitives = self.primitives.borrow_mut();
        primitives.entries.push(Some(Rc::new(p)));
        ag_primitive { bits: pack_serial(self.tag, Kind::Primitive, primitives.entries.len() as u64) }
    }

    fn primitive_serial(&self, p: ag_primitive) -> std::result::Result<u64, String> {
        let serial = serial(self.tag, Kind::Primitive, p.bits).map_err(|p| p.message("primitive"))?;
        match self.primitive_by_serial(serial) {
            Some(_) => Ok(serial),
            None => Err("stale primitive handle: the primitive was freed".into()),
        }
    }

    fn primitive_by_serial(&self, serial: u64) -> Option<Rc<Registered>> {
        let index = usize::try_from(serial).ok()?.checked_sub(1)?;
        self.primitives.borrow().entries.get(index)?.clone()
    }

    fn primitive(&self, name: &str, p: ag_primitive) -> Option<Rc<Registered>> {
        match self.primitive_serial(p) {
            Ok(serial) => self.primitive_by_serial(serial),
            Err(message) => {
                self.core.fail(Error::handle(message).within(name));
                None
            }
        }
    }
}

/// The name of a definition.
///
/// # Safety
/// A C string.
pub unsafe fn name_of(name: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Registers a primitive; it belongs to the context until ag_primitive_free. The definition is copied. The null
/// primitive on error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_primitive_new(cx: *mut ag_context, def: *const ag_primitive_def) -> ag_primitive {
    const NAME: &str = "ag_primitive_new";
    // SAFETY: NULL or a definition whose first field says how long it is, the caller's promise.
    let size = unsafe { def.cast::<usize>().as_ref() }.copied().unwrap_or(0);
    if size < size_of::<ag_primitive_def>() {
        return guard_always(cx, ag_primitive { bits: 0 }, |c| {
            let e = Error::argument(if def.is_null() {
                "the argument def is NULL".to_string()
            } else {
                format!("struct_size is {size}, expected {}", size_of::<ag_primitive_def>())
            });
            c.core.fail(e.within(NAME));
            ag_primitive { bits: 0 }
        });
    }
    // SAFETY: a whole definition, by its size.
    let def = unsafe { *def };
    // From here on every way out drops the caller's pointer, unless the primitive has it.
    let user = User { pointer: def.user, drop: def.drop_user };
    guard(cx, ag_primitive { bits: 0 }, |c| {
        let null = ag_primitive { bits: 0 };
        let fail = |message: &str| {
            c.core.fail(Error::argument(message.to_string()).within(NAME));
            null
        };
        if def.name.is_null() {
            return fail("the name is NULL");
        }
        if def.forward.is_some() == def.forward_multi.is_some() {
            return fail("exactly one of forward and forward_multi must be given");
        }
        let nresults = if def.forward_multi.is_some() { def.nresults } else { 1 };
        if nresults > 1 << 16 {
            return fail("nresults is at most 65536");
        }
        if def.forward_multi.is_some() && nresults != 1 && (def.nvjps > 0 || def.njvps > 0) {
            return fail("vjps and jvps are for primitives with one result; use vjp_argnums and jvp_argnums");
        }
        // SAFETY: as many rules as stated, the caller's promise.
        let rules =
            unsafe { (slice(c, NAME, "vjps", def.vjps, def.nvjps), slice(c, NAME, "jvps", def.jvps, def.njvps)) };
        let (Some(vjps), Some(jvps)) = rules else { return null };
        // SAFETY: a C string, the caller's promise.
        let name = unsafe { name_of(def.name) };
        c.put_primitive(Registered {
            cx: c,
            name,
            forward: Forward::Arrays { one: def.forward, multi: def.forward_multi },
            nresults,
            vjps: RefCell::new(vjps.iter().map(|f| f.map_or(VjpRule::Zero, VjpRule::Function)).collect()),
            jvps: RefCell::new(jvps.iter().map(|f| f.map_or(VjpRule::Missing, VjpRule::Function)).collect()),
            vjp_argnums: def.vjp_argnums,
            jvp_argnums: def.jvp_argnums,
            linear: def.linear,
            user,
        })
    })
}

/// The raw counterpart, from `raw`.
pub(super) fn register_raw(
    c: &ag_context,
    name: String,
    forward: Forward,
    nresults: usize,
    vjps: Vec<VjpRule>,
    jvps: Vec<VjpRule>,
    user: User,
) -> ag_primitive {
    c.put_primitive(Registered {
        cx: c,
        name,
        forward,
        nresults,
        vjps: RefCell::new(vjps),
        jvps: RefCell::new(jvps),
        vjp_argnums: None,
        jvp_argnums: None,
        linear: false,
        user,
    })
}

/// Gives a primitive up. What tapes have recorded of it stays differentiable until they end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_primitive_free(cx: *mut ag_context, p: ag_primitive) {
    guard_always(cx, (), |c| match c.primitive_serial(p) {
        Ok(serial) => {
            let gone = c.primitives.borrow_mut().entries[serial as usize - 1].take();
            drop(gone);
        }
        Err(message) => {
            c.core.fail(Error::handle(message).within("ag_primitive_free"));
        }
    });
}

/// Applies a primitive with one result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_apply(
    cx: *mut ag_context,
    p: ag_primitive,
    args: *const ag_array,
    nargs: usize,
) -> ag_array {
    let mut result = ag_array::NULL;
    apply_to(cx, "ag_apply", p, args, nargs, &mut result, 1);
    result
}

/// Applies a primitive with several results: results[0] to results[nresults - 1]; nresults must be what the primitive
/// says. Where it says 0, nresults is the room there is: the results that the call had come first, then null arrays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_apply_multi(
    cx: *mut ag_context,
    p: ag_primitive,
    args: *const ag_array,
    nargs: usize,
    results: *mut ag_array,
    nresults: usize,
) {
    apply_to(cx, "ag_apply_multi", p, args, nargs, results, nresults);
}

fn apply_to(
    cx: *mut ag_context,
    name: &str,
    p: ag_primitive,
    args: *const ag_array,
    nargs: usize,
    results: *mut ag_array,
    nresults: usize,
) {
    if !results.is_null() && nresults <= 1 << 16 {
        // SAFETY: room for `nresults` handles, the caller's promise. Null unless all goes well.
        unsafe { (0..nresults).for_each(|i| results.add(i).write(ag_array::NULL)) };
    }
    guard(cx, (), |c| {
        let Some(p) = c.primitive(name, p) else { return };
        // SAFETY: `nargs` handles, the caller's promise.
        let Some(args) = (unsafe { slice(c, name, "args", args, nargs) }) else { return };
        if results.is_null() || nresults != p.nresults && p.nresults > 0 {
            let e = Error::argument(if results.is_null() {
                "the argument results is NULL".to_string()
            } else {
                format!("nresults is {nresults}, but {} has {} result(s)", p.name, p.nresults)
            });
            c.core.fail(e.within(name));
            return;
        }
        if let Forward::Raw { nargs: expected, .. } = p.forward
            && nargs != expected
        {
            c.core.fail(
                Error::argument(format!("nargs is {nargs}, but {} has {expected} argument(s)", p.name)).within(name),
            );
            return;
        }
        let args = c.get_all(name, args);
        if c.core.failed() {
            return;
        }
        let references: SmallVec<[&Array; 4]> = args.iter().collect();
        let found = apply_multi(&c.core, &Applied(p, nargs), &references);
        if found.len() > nresults {
            let e = format!("there is room for {nresults} result(s), the call had {}", found.len());
            c.core.fail(Error::argument(e).within(name));
            return;
        }
        for (i, y) in found.into_iter().enumerate() {
            // SAFETY: as above; there are `nresults` of them at most.
            unsafe { results.add(i).write(c.put(y)) };
        }
    });
}

/// Gives argument `argnum` a VJP, or replaces it; NULL means that the derivative is zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_defvjp(cx: *mut ag_context, p: ag_primitive, argnum: usize, vjp: ag_vjp_function) {
    define(cx, "ag_defvjp", p, argnum, true, |_| Some(vjp.map_or(VjpRule::Zero, VjpRule::Function)));
}

/// Gives argument `argnum` a JVP, or replaces it; NULL means that it is derived from the VJP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_defjvp(cx: *mut ag_context, p: ag_primitive, argnum: usize, jvp: ag_jvp_function) {
    define(cx, "ag_defjvp", p, argnum, false, |_| Some(jvp.map_or(VjpRule::Missing, VjpRule::Function)));
}

/// Makes another primitive the VJP of argument `argnum`: it is applied to (g..., ans..., args...) and recorded, so its own
/// rules give the next order. Primitives may name each other, and themselves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_defvjp_primitive(cx: *mut ag_context, p: ag_primitive, argnum: usize, vjp: ag_primitive) {
    const NAME: &str = "ag_defvjp_primitive";
    define(cx, NAME, p, argnum, true, |c| named(c, NAME, vjp));
}

/// Makes another primitive the JVP of argument `argnum`: it is applied to (tangent, ans..., args...) and recorded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_defjvp_primitive(cx: *mut ag_context, p: ag_primitive, argnum: usize, jvp: ag_primitive) {
    const NAME: &str = "ag_defjvp_primitive";
    define(cx, NAME, p, argnum, false, |c| named(c, NAME, jvp));
}

fn named(c: &ag_context, name: &str, rule: ag_primitive) -> Option<VjpRule> {
    c.primitive(name, rule)?;
    c.primitive_serial(rule).ok().map(VjpRule::Primitive)
}

fn define(
    cx: *mut ag_context,
    name: &str,
    p: ag_primitive,
    argnum: usize,
    vjp: bool,
    rule: impl FnOnce(&ag_context) -> Option<VjpRule>,
) {
    guard(cx, (), |c| {
        let Some(p) = c.primitive(name, p) else { return };
        if argnum >= 1 << 16 {
            c.core.fail(Error::argument(format!("argnum is {argnum}, at most 65535 is possible")).within(name));
            return;
        }
        let Some(rule) = rule(c) else { return };
        let mut list = if vjp { p.vjps.borrow_mut() } else { p.jvps.borrow_mut() };
        if list.len() <= argnum {
            list.resize(argnum + 1, VjpRule::Missing);
        }
        list[argnum] = rule;
    });
}

/// A registered primitive applied to so many arguments, as the library's own.
#[derive(Clone)]
struct Applied(Rc<Registered>, usize);

impl Applied {
    fn context(&self) -> &ag_context {
        // SAFETY: a primitive is applied, and its rules run, only through its context, which is alive then.
        unsafe { &*self.0.cx }
    }

    /// What a callback returned, with the primitive's name before its message.
    fn called(
        &self,
        values: &[Array],
        results: usize,
        run: impl FnOnce(*mut ag_context, &[ag_array], &mut [ag_array]),
    ) -> SmallVec<[Array; 1]> {
        let c = self.context();
        let differentiated = values.iter().any(|v| v.level(&c.core.trace) > 0);
        let outer = c.core.rule_differentiated.replace(differentiated);
        let found = match results {
            0 => c.frame_up_to(values, 1, AG_MOST_RESULTS, run),
            results => c.frame(values, results, run),
        };
        c.core.rule_differentiated.set(outer);
        if c.core.failed() {
            c.core.amend_error(|e| e.within(&self.0.name));
        }
        found
    }

    /// The same of the forward function: values that outlive it are marked, see [`Array::saved`].
    fn called_forward(
        &self,
        values: &[Array],
        results: usize,
        run: impl FnOnce(*mut ag_context, &[ag_array], &mut [ag_array]),
    ) -> SmallVec<[Array; 1]> {
        self.context().forward.set(true);
        self.called(values, results, run)
    }

    fn rule(&self, vjp: bool, argnum: usize) -> VjpRule {
        let list = if vjp { self.0.vjps.borrow() } else { self.0.jvps.borrow() };
        list.get(argnum).copied().unwrap_or(VjpRule::Missing)
    }

    /// (gs or tangent, ans, args) in one list, as rules of raw kernels and primitives take them.
    fn together(first: &[Array], ans: &[Array], args: &[Array]) -> SmallVec<[Array; 4]> {
        first.iter().chain(ans).chain(args).cloned().collect()
    }

    fn by_primitive(&self, serial: u64, values: &[Array]) -> SmallVec<[Array; 1]> {
        let c = self.context();
        let Some(rule) = c.primitive_by_serial(serial) else {
            c.core.fail(Error::derivative("the primitive that is its rule was freed").within(&self.0.name));
            return SmallVec::new();
        };
        let references: SmallVec<[&Array; 4]> = values.iter().collect();
        apply_multi(&c.core, &Applied(rule, values.len()), &references)
    }

    /// The VJP of one argument, of a primitive without vjp_argnums.
    fn vjp_of(&self, cx: &Context, argnum: usize, gs: &[Array], args: &[Array], ans: &[Array]) -> Array {
        match self.rule(true, argnum) {
            VjpRule::Zero => Array::Null,
            VjpRule::Missing => cx.fail(
                Error::derivative(format!("the VJP with respect to argument {argnum} is not defined"))
                    .within(&self.0.name),
            ),
            VjpRule::Function(f) => {
                let values = Self::together(&gs[..1], ans, args);
                self.called(&values, 1, |cx, h, out| {
                    // SAFETY: the caller's rule, with live handles for g, ans and the arguments.
                    out[0] = unsafe { f(cx, h[0], h[1], h[2..].as_ptr(), h.len() - 2, self.0.user.pointer) };
                })
                .pop()
                .unwrap_or_default()
            }
            VjpRule::Raw(kernel) => {
                let values = Self::together(gs, ans, args);
                let like = self.0.nresults * 2 + argnum;
                let rule =
                    RawRule { of: self.0.clone(), kernel, vjp: true, argnum, like: SmallVec::from_elem(like, 1) };
                let references: SmallVec<[&Array; 4]> = values.iter().collect();
                apply_multi(cx, &rule, &references).pop().unwrap_or_default()
            }
            VjpRule::Primitive(serial) => {
                self.by_primitive(serial, &Self::together(gs, ans, args)).pop().unwrap_or_default()
            }
        }
    }

    /// Cotangents that have the shape of their argument, or are to be summed to it over axes along which the result
    /// was broadcast; else an error.
    fn fitting(
        &self,
        cx: &Context,
        argnums: &[usize],
        parts: SmallVec<[Array; 2]>,
        args: &[Array],
        ans: &[Array],
    ) -> SmallVec<[Array; 2]> {
        for (&k, part) in argnums.iter().zip(&parts) {
            let (shape, expected) = (part.shape(), args[k].shape());
            let broadcast = ans.iter().any(|y| y.shape() == shape)
                && crate::array::shape::broadcast(expected, shape).is_ok_and(|s| s.as_slice() == shape);
            if !part.is_null() && shape != expected && !broadcast {
                cx.fail(
                    Error::shape(format!(
                        "the VJP with respect to argument {k} returned shape {}, the argument has {}",
                        crate::array::shape::Show(shape),
                        crate::array::shape::Show(expected)
                    ))
                    .within(&self.0.name),
                );
            }
        }
        parts
    }

    /// Tangents that have the shape of their result, or that of an argument which was broadcast to it; else an error.
    fn fitting_tangents(
        &self,
        cx: &Context,
        parts: SmallVec<[Array; 1]>,
        args: &[Array],
        ans: &[Array],
    ) -> SmallVec<[Array; 1]> {
        for (k, (part, y)) in parts.iter().zip(ans).enumerate() {
            let (shape, expected) = (part.shape(), y.shape());
            let broadcast = args.iter().any(|a| a.shape() == shape)
                && crate::array::shape::broadcast(shape, expected).is_ok_and(|s| s.as_slice() == expected);
            if !part.is_null() && shape != expected && !broadcast {
                let (shape, expected) = (crate::array::shape::Show(shape), crate::array::shape::Show(expected));
                let e = Error::shape(format!("the JVP returned shape {shape} for result {k}, which has {expected}"));
                cx.fail(e.within(&self.0.name));
            }
        }
        parts
    }

    /// The tangents of the results for the tangent of one argument, of a primitive without jvp_argnums.
    fn jvp_of(&self, cx: &Context, argnum: usize, t: &Array, args: &[Array], ans: &[Array]) -> SmallVec<[Array; 1]> {
        if matches!(self.rule(true, argnum), VjpRule::Zero) && matches!(self.rule(false, argnum), VjpRule::Missing) {
            return Array::nulls(ans.len());
        }
        match self.rule(false, argnum) {
            VjpRule::Zero => Array::nulls(ans.len()),
            VjpRule::Missing if self.0.linear => {
                let mut values: SmallVec<[&Array; 4]> = args.iter().collect();
                values[argnum] = t;
                apply_multi(cx, self, &values)
            }
            VjpRule::Missing => self.transposed(cx, argnum, t, args, ans),
            VjpRule::Function(f) => {
                let values = Self::together(std::slice::from_ref(t), ans, args);
                let parts = self.called(&values, 1, |cx, h, out| {
                    // SAFETY: as for the VJP.
                    out[0] = unsafe { f(cx, h[0], h[1], h[2..].as_ptr(), h.len() - 2, self.0.user.pointer) };
                });
                self.fitting_tangents(cx, parts, args, ans)
            }
            VjpRule::Raw(kernel) => {
                let values = Self::together(std::slice::from_ref(t), ans, args);
                let like = (1..=ans.len()).collect();
                let rule = RawRule { of: self.0.clone(), kernel, vjp: false, argnum, like };
                let references: SmallVec<[&Array; 4]> = values.iter().collect();
                apply_multi(cx, &rule, &references)
            }
            VjpRule::Primitive(serial) => {
                self.by_primitive(serial, &Self::together(std::slice::from_ref(t), ans, args))
            }
        }
    }

    /// The JVP as the transpose of the VJP: of one that is recorded as a function of its cotangent, or, where it reads
    /// elements of that and so cannot be recorded, of its values for all unit vectors.
    fn transposed(
        &self,
        cx: &Context,
        argnum: usize,
        t: &Array,
        args: &[Array],
        ans: &[Array],
    ) -> SmallVec<[Array; 1]> {
        match cx.attempted(|| self.transposed_record(cx, argnum, t, args, ans)) {
            Ok(Some(result)) => result,
            Err(e) if e.code != code::TRACED || cx.no_elements.get() => {
                cx.fail(e);
                Array::nulls(ans.len())
            }
            _ => {
                let metas: SmallVec<[Meta; 1]> = ans.iter().map(Meta::of).collect();
                let result = |k: usize| {
                    transpose(cx, &self.0.name, &metas[k], t, &mut |unit| {
                        let mut gs: SmallVec<[Array; 2]> = Array::nulls(metas.len());
                        gs[k] = unit;
                        self.vjp_all(cx, &[argnum], &gs, &metas, &Kept::All { args, ans }).pop().unwrap_or_default()
                    })
                };
                (0..ans.len()).map(|k| if metas[k].dtype.is_inexact() { result(k) } else { Array::Null }).collect()
            }
        }
    }

    /// The transpose of the recorded VJP. `None` where the VJP has a value that doesn't depend on the cotangent, as far as
    /// the record knows: it must have read it.
    fn transposed_record(
        &self,
        cx: &Context,
        argnum: usize,
        t: &Array,
        args: &[Array],
        ans: &[Array],
    ) -> Option<SmallVec<[Array; 1]>> {
        let level = cx.trace.open(true);
        let metas: SmallVec<[Meta; 1]> = ans.iter().map(Meta::of).collect();
        let mut nodes: SmallVec<[u32; 1]> = SmallVec::new();
        let gs: SmallVec<[Array; 2]> = metas
            .iter()
            .map(|meta| {
                let g = crate::operators::grad::box_on(cx, level, &zeros(cx, meta));
                if let Some(((node, _), _)) = g.layer(level) {
                    nodes.push(node);
                }
                g
            })
            .collect();
        // Reading the cotangent is forbidden from here on.
        let (rule, outer) = (cx.enter_rule(), cx.transposing.replace(level));
        let u = self.vjp_all(cx, &[argnum], &gs, &metas, &Kept::All { args, ans }).pop().unwrap_or_default();
        cx.leave_rule(rule);
        cx.transposing.set(outer);
        let mut result = Some(Array::nulls(ans.len()));
        if !cx.failed() && !u.is_null() {
            let u = fit_cotangent(cx, u, &Meta::of(&args[argnum]));
            result =
                u.layer(level).zip(cx.trace.level(level).and_then(|l| l.tape)).map(|(((node, _), primal), tape)| {
                    let t = fit_cotangent(cx, t.clone(), &Meta::of(&primal));
                    pull_back(cx, &tape, &[(node, t)], &nodes, true).into_iter().collect()
                });
        }
        cx.trace.close(level);
        result
    }
}

/// The transpose of a map `f` that is linear over the real numbers, applied to `t`: what pairs with each `g` of the form `meta` as
/// `f(g)` does with `t`, the pairing being Re(sum of g y), as everywhere. It takes a call per element, and another one where
/// these are complex. Operations of the library's take `f(g)` and `t` together, so either may be recorded.
pub(super) fn transpose(cx: &Context, name: &str, meta: &Meta, t: &Array, f: &mut dyn FnMut(Array) -> Array) -> Array {
    let n = crate::array::shape::size_of(&meta.shape);
    let mut pair = |j: usize, turned: bool| {
        let unit = with_dtype!(meta.dtype, T => cx.engine.build::<T>(&meta.shape, |d| {
            d.fill(T::default());
            d[j] = T::from_f64(1.0);
        }));
        let unit = cx.take(name, unit.map(Array::from));
        let y = f(if turned { complex::times_i(cx, &unit, 1.0) } else { unit });
        if y.is_null() {
            return if cx.failed() { y } else { Array::from(0.0) };
        }
        let product = rows::binary(cx, &rows::MUL, &y, t);
        let sum = reduce::sum(cx, &product, &reduce::all_axes(&product), false);
        if sum.dtype().is_complex() { complex::real(cx, &sum) } else { sum }
    };
    let mut elements: Vec<Array> = Vec::with_capacity(n.min(1 << 16));
    for j in 0..n {
        let re = pair(j, false);
        elements.push(if meta.dtype.is_complex() {
            let im = pair(j, true);
            complex::join(cx, &re, &unary(cx, &rows::NEG, &im))
        } else {
            re
        });
        if cx.failed() {
            return Array::Null;
        }
    }
    if elements.is_empty() {
        return Array::Null;
    }
    let joined = shape::stack(cx, &elements.iter().collect::<Vec<_>>(), 0);
    rows::astype(cx, &shape::reshape(cx, &joined, &meta.shape), meta.dtype)
}

impl Primitive for Applied {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        Ok(self.eval_all(cx, args)?.pop().unwrap_or_default())
    }

    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        let found = match self.0.forward {
            Forward::Raw { .. } => return super::raw::forward(&self.0, cx, args),
            Forward::Arrays { one: Some(f), .. } => self.called_forward(args, 1, |cx, h, out| {
                // SAFETY: the caller's function, with live handles.
                out[0] = unsafe { f(cx, h.as_ptr(), h.len(), self.0.user.pointer) };
            }),
            Forward::Arrays { multi: Some(f), .. } => self.called_forward(args, self.0.nresults, |raw, h, out| {
                // SAFETY: as above, with room for the results.
                let status = unsafe { f(raw, h.as_ptr(), h.len(), out.as_mut_ptr(), out.len(), self.0.user.pointer) };
                if status != 0 {
                    cx.fail(Error { code: status, message: format!("the callback failed with code {status}").into() });
                }
            }),
            Forward::Arrays { .. } => unreachable!("checked at the registration"),
        };
        if found.iter().any(|y| y.level(&cx.trace) > 0) {
            return Err(Error::callback(
                "the forward function returned a recorded array: it must compute from its arguments alone",
            ));
        }
        Ok(found.iter().map(Array::plain).collect())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let (args, ans) = kept.all(self.1);
        self.vjp_of(cx, argnum, std::slice::from_ref(g), args, ans)
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let (args, ans) = kept.all(self.1);
        self.jvp_of(cx, argnum, t, args, ans).pop().unwrap_or_default()
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        metas: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let (args, ans) = kept.all(self.1);
        let gs: SmallVec<[Array; 2]> =
            gs.iter().zip(metas).map(|(g, meta)| if g.is_null() { zeros(cx, meta) } else { g.clone() }).collect();
        let Some(f) = self.0.vjp_argnums else {
            let parts = argnums.iter().map(|&k| self.vjp_of(cx, k, &gs, args, ans)).collect();
            return self.fitting(cx, argnums, parts, args, ans);
        };
        let values = Self::together(&gs, ans, args);
        let n = ans.len();
        let found = self.called(&values, argnums.len(), |raw, h, out| {
            // SAFETY: the caller's rule, with live handles and room for the gradients.
            let status = unsafe {
                f(
                    raw,
                    argnums.as_ptr(),
                    argnums.len(),
                    h.as_ptr(),
                    h[n..].as_ptr(),
                    n,
                    h[2 * n..].as_ptr(),
                    h.len() - 2 * n,
                    out.as_mut_ptr(),
                    self.0.user.pointer,
                )
            };
            if status != 0 {
                cx.fail(Error { code: status, message: format!("the callback failed with code {status}").into() });
            }
        });
        if cx.failed() {
            return Array::nulls(argnums.len());
        }
        self.fitting(cx, argnums, found.into_iter().collect(), args, ans)
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let (args, ans) = kept.all(self.1);
        let Some(f) = self.0.jvp_argnums else {
            let mut sum: SmallVec<[Array; 1]> = Array::nulls(ans.len());
            for (&k, t) in argnums.iter().zip(ts) {
                let parts = self.jvp_of(cx, k, t, args, ans);
                for (s, part) in sum.iter_mut().zip(parts) {
                    *s = accumulate(cx, std::mem::take(s), part);
                }
            }
            return sum;
        };
        let values = Self::together(ts, ans, args);
        let (n, m) = (ts.len(), ans.len());
        let parts = self.called(&values, m, |raw, h, out| {
            // SAFETY: as for the VJP.
            let status = unsafe {
                f(
                    raw,
                    argnums.as_ptr(),
                    h.as_ptr(),
                    n,
                    h[n..].as_ptr(),
                    m,
                    h[n + m..].as_ptr(),
                    h.len() - n - m,
                    out.as_mut_ptr(),
                    self.0.user.pointer,
                )
            };
            if status != 0 {
                cx.fail(Error { code: status, message: format!("the callback failed with code {status}").into() });
            }
        });
        self.fitting_tangents(cx, parts, args, ans)
    }
}
