//! Primitives of the caller's: functions with derivative rules, written with operations of the library (this file) or as
//! kernels on memory (`raw`). Once applied they are like any built-in operation.
//!
//! A rule may be missing, zero, a function, a raw kernel, or another primitive. A JVP that is missing is derived from
//! the VJP: that is a linear map of the cotangent, and pulling a tangent back through it is its transpose, the JVP.

mod applied;

use super::array::ag_drop;
use super::callback::ag_function;
use super::handle::{Kind, pack_serial};
use super::raw::{Kernels, RawRule, ag_raw_function, ag_raw_layout_function};
use super::{ag_array, ag_context, ag_primitive, guard, guard_always, returned, slice};
use crate::array::Element;
use crate::error::{Error, Result, code, excerpt};
use crate::ops::elementwise::{self, unary};
use crate::ops::{accumulate, complex, reduce, shape, unbroadcast, zeros};
use crate::trace::sweep::pull_back;
use crate::trace::{ALL, Array, Context, Kept, Meta, Primitive, apply_multi};
use crate::with_dtype;
use applied::Applied;
pub(super) use applied::transpose;
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
    /// For messages, which begin with it; not empty, copied.
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
    /// What raw kernels have besides.
    pub kernels: Kernels,
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
        let serial = self.slots.borrow().stamps.counted_serial(primitives.entries.len() as u64);
        ag_primitive { bits: pack_serial(Kind::Primitive, serial) }
    }

    fn primitive_serial(&self, p: ag_primitive) -> std::result::Result<u64, String> {
        let slots = self.slots.borrow();
        let serial = slots.stamps.serial(Kind::Primitive, p.bits).map_err(|p| p.message("primitive"))?;
        match slots.stamps.count_of(serial).filter(|&count| self.primitive_by_serial(count).is_some()) {
            Some(count) => Ok(count),
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

/// The name of a definition, or what is wrong with it: messages begin with it, so there must be one.
///
/// # Safety
/// NULL or a C string.
pub unsafe fn name_of(name: *const c_char) -> Result<String> {
    if name.is_null() {
        return Err(Error::argument("the name is NULL"));
    }
    // SAFETY: not NULL, and the caller's promise.
    let name = unsafe { CStr::from_ptr(name) };
    if name.is_empty() { Err(Error::argument("the name is empty")) } else { Ok(name.to_string_lossy().into_owned()) }
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
        // SAFETY: NULL or a C string, the caller's promise.
        let Some(name) = c.check(NAME, unsafe { name_of(def.name) }) else { return null };
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
            kernels: Kernels::default(),
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
    (vjps, jvps): (Vec<VjpRule>, Vec<VjpRule>),
    kernels: Kernels,
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
        kernels,
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
                format!("nresults is {nresults}, but {} has {} result(s)", excerpt(&p.name), p.nresults)
            });
            c.core.fail(e.within(name));
            return;
        }
        if let Forward::Raw { nargs: expected, .. } = p.forward
            && nargs != expected
        {
            c.core.fail(
                Error::argument(format!("nargs is {nargs}, but {} has {expected} argument(s)", excerpt(&p.name)))
                    .within(name),
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
