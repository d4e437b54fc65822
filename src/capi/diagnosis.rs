//! Finding out what went wrong: anomalies, pictures and traces of tapes, profiles.

use super::callback::{ag_function, arguments};
use super::context::text_of;
use super::{ag_array, ag_context, ag_tape, guard, guard_always, options, string};
use crate::error::{Error, code};
use crate::operators::diagnosis::graph::{Graph, Shown};
use crate::operators::diagnosis::{Anomaly, svg, text};
use crate::trace::{Array, Tape};
use std::ffi::{CString, c_char, c_void};

/// For ag_anomaly_begin: stops at NaN only, infinities are let through.
pub const AG_NAN_ONLY: i32 = 1;
/// For ag_anomaly_begin: looks at what derivative rules return, not at results of operations.
pub const AG_DERIVATIVES_ONLY: i32 = 2;

/// What pictures and texts of a tape show. Set struct_size to sizeof(ag_graph_options) and everything that isn't used
/// to 0; NULL is allowed for all 0.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct ag_graph_options {
    pub struct_size: usize,
    pub hide_values: bool,
    /// Files and lines.
    pub hide_places: bool,
    /// Arguments that are not recorded.
    pub hide_constants: bool,
    /// Of ag_tape_to_svg: more nodes are an error; 0 for 600.
    pub max_nodes: usize,
}

/// An operation in a profile. Set struct_size to sizeof(ag_profile_row) before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ag_profile_row {
    pub struct_size: usize,
    /// Valid until the next ag_profile_end.
    pub name: *const c_char,
    /// How often it was applied; of the row "fused passes", how many passes over memory there were.
    pub calls: u64,
    /// How often its derivative rule ran, in either mode.
    pub rule_calls: u64,
    /// Time of the operation itself, and of its derivative rule.
    pub seconds: f64,
    pub rule_seconds: f64,
    /// Bytes of its results, and of what its derivative rule returned.
    pub bytes: u64,
    pub rule_bytes: u64,
    /// Of the row "fused passes": how many operations they held.
    pub fused_operations: u64,
}

impl ag_context {
    /// The settings that were open when the running callback began.
    fn settings(&self) -> usize {
        self.frames.borrow().last().map_or(0, |f| f.settings)
    }
}

/// From here to ag_anomaly_end the first NaN or infinity, in an operation or in a derivative rule, is AG_ERR_ANOMALY;
/// the message names the operation, its arguments, and where it was called (ag_here). Computes every operation at once,
/// so it is slower. `flags`: 0, or AG_NAN_ONLY | AG_DERIVATIVES_ONLY. Nests like scopes, the innermost counts; a
/// callback ends what it begins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_anomaly_begin(cx: *mut ag_context, flags: i32) {
    guard(cx, (), |c| {
        if !(0..=3).contains(&flags) {
            c.core.fail(Error::argument(format!("flags is {flags} (0 to 3)")).within("ag_anomaly_begin"));
            return;
        }
        let anomaly =
            Anomaly { nan_only: flags & AG_NAN_ONLY != 0, derivatives_only: flags & AG_DERIVATIVES_ONLY != 0 };
        c.diagnosis.begin_anomaly(&c.core, anomaly);
    });
}

/// Ends the innermost ag_anomaly_begin. Works while an error is pending. AG_ERR_SCOPE if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_anomaly_end(cx: *mut ag_context) {
    guard_always(cx, (), |c| {
        if !c.diagnosis.end_anomaly(&c.core, c.settings()) {
            let e = Error::scope("there is no ag_anomaly_begin to end, or it is outside of this callback");
            c.core.fail(e.within("ag_anomaly_end"));
        }
    });
}

/// From here to ag_detail_end tapes also remember what pictures and texts of them can show: names of operations on
/// numbers, arguments that are not recorded, where operations were called, what is NaN, and values of up to `elements`
/// elements. Computes every operation at once. Nests like scopes. ag_anomaly_begin does the same with 0 elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_detail_begin(cx: *mut ag_context, elements: usize) {
    guard(cx, (), |c| c.diagnosis.begin_detail(&c.core, elements));
}

/// Ends the innermost ag_detail_begin. Works while an error is pending. AG_ERR_SCOPE if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_detail_end(cx: *mut ag_context) {
    guard_always(cx, (), |c| {
        if !c.diagnosis.end_detail(&c.core, c.settings()) {
            let e = Error::scope("there is no ag_detail_begin to end, or it is outside of this callback");
            c.core.fail(e.within("ag_detail_end"));
        }
    });
}

/// Gives an array a name for messages, pictures and traces: recorded ones on their tapes, plain ones wherever they are an
/// argument or become an input of a tape. A name stays with this value: not with what is computed from it. Returns `x`,
/// the same handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_label(cx: *mut ag_context, x: ag_array, name: *const c_char) -> ag_array {
    const NAME: &str = "ag_label";
    guard(cx, ag_array::NULL, |c| {
        // SAFETY: NULL or a C string, the caller's promise.
        let Some(label) = (unsafe { string(c, NAME, "name", name) }) else { return ag_array::NULL };
        let value = c.get(NAME, x);
        if value.is_null() {
            return ag_array::NULL;
        }
        match value {
            // A number has no identity that a name could stick to. An array of rank 0 has, and counts as the number.
            Array::Number { value, .. } => {
                let Some(named) = c.check(NAME, c.core.engine.build::<f64>(&[], |d| d[0] = value)) else {
                    return ag_array::NULL;
                };
                c.diagnosis.label(&c.core, &Array::Plain(named.clone()), label);
                let old = c.slots.borrow_mut().replace(x, Array::Plain(named));
                if let Err(p) = old {
                    c.core.fail(Error::handle(p.message("array")).within(NAME));
                }
            }
            value => c.diagnosis.label(&c.core, &value, label),
        }
        x
    })
}

/// Says where the program is: calls from here on are made at this line. The messages of errors say it, and those of
/// ag_anomaly_begin and the texts of ag_detail_begin. Returns `cx`. Best used as the macro AG_HERE of autograd_debug.h, which
/// can also put it into every call; it costs some nanoseconds. `file` is copied; NULL ends it. A
/// callback's lines end with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_here(cx: *mut ag_context, file: *const c_char, line: i32) -> *mut ag_context {
    guard(cx, (), |c| {
        if file.is_null() {
            c.core.nowhere();
        // SAFETY: a C string, the caller's promise.
        } else if let Some(file) = unsafe { string(c, "ag_here", "file", file) } {
            let line = line.max(0) as u32;
            c.core.here(file, line);
            if c.core.watched() {
                c.diagnosis.here(file, line);
            }
        }
    });
    cx
}

fn shown(o: &ag_graph_options) -> Shown {
    Shown { hide_values: o.hide_values, hide_places: o.hide_places, hide_constants: o.hide_constants }
}

/// A text made of a tape; works while an error is pending.
fn of_tape(
    cx: *mut ag_context,
    name: &'static str,
    tape: ag_tape,
    given: *const ag_graph_options,
    make: impl FnOnce(&Tape, &ag_graph_options) -> crate::error::Result<String>,
) -> *const c_char {
    text_of(cx, |c| {
        // SAFETY: NULL, or a struct whose first field says how long it is: the caller's promise.
        let options = unsafe { options(c, name, given, ag_graph_options::default()) }?;
        let (_, level, _) = c.find_tape(name, tape)?;
        let tape = c.core.trace.level(level).and_then(|l| l.tape).ok_or_else(|| Error::tape("the tape has ended"));
        let made = make(&c.check(name, tape)?.borrow(), &options);
        c.check(name, made)
    })
}

/// A tape as text, a line per operation: `v3 : f64[2, 3] = ag_tanh(v2)`. Also of what ag_make_vjp returned. More is
/// known of what was recorded after ag_detail_begin. `options` may be NULL. Valid until the innermost scope is left. Never
/// NULL: on error its message. Works while an error is pending.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_to_text(
    cx: *mut ag_context,
    tape: ag_tape,
    options: *const ag_graph_options,
) -> *const c_char {
    of_tape(cx, "ag_tape_to_text", tape, options, |tape, o| Ok(text::tape_to_text(tape, shown(o))))
}

/// A tape as a graph in the DOT language of Graphviz, as ag_tape_to_text in everything else. The first NaN or infinity
/// is red.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_to_dot(
    cx: *mut ag_context,
    tape: ag_tape,
    options: *const ag_graph_options,
) -> *const c_char {
    of_tape(cx, "ag_tape_to_dot", tape, options, |tape, o| Ok(Graph::of(tape).to_dot(shown(o))))
}

/// A tape as a picture: an SVG document. As ag_tape_to_dot in everything else; AG_ERR_VALUE if there are too many nodes
/// for a picture (max_nodes).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_tape_to_svg(
    cx: *mut ag_context,
    tape: ag_tape,
    options: *const ag_graph_options,
) -> *const c_char {
    of_tape(cx, "ag_tape_to_svg", tape, options, |tape, o| {
        let most = if o.max_nodes == 0 { svg::MOST_NODES } else { o.max_nodes };
        svg::of_tape(tape, shown(o), most)
    })
}

/// The operations of f(args) as text, as ag_tape_to_text; values of up to `elements` elements are shown. Calls f once.
/// Valid until the innermost scope is left. Never NULL: on error its message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_function_to_text(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    elements: usize,
) -> *const c_char {
    const NAME: &str = "ag_function_to_text";
    text_of(cx, |c| {
        if c.core.failed() {
            return None;
        }
        let _calling = c.core.calling(NAME);
        // SAFETY: the caller's promise about `args`.
        let args = unsafe { arguments(c, NAME, f, args, nargs, None) }?;
        text::trace(&c.diagnosis, &c.core, &c.function(NAME, f, user), &args, elements)
    })
}

/// The operations of the gradient of f with respect to args[argnum], those of f itself among them; as
/// ag_function_to_text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_grad_to_text(
    cx: *mut ag_context,
    f: ag_function,
    user: *mut c_void,
    args: *const ag_array,
    nargs: usize,
    argnum: usize,
    elements: usize,
) -> *const c_char {
    const NAME: &str = "ag_grad_to_text";
    text_of(cx, |c| {
        if c.core.failed() {
            return None;
        }
        let _calling = c.core.calling(NAME);
        // SAFETY: the caller's promise about `args`.
        let args = unsafe { arguments(c, NAME, f, args, nargs, Some(argnum)) }?;
        text::trace_grad(&c.diagnosis, &c.core, &c.function(NAME, f, user), &args, argnum, elements)
    })
}

/// Begins to count operations and derivative rules, and to take their times; the profile before is forgotten. With
/// `eager` every operation is computed at once, so that all times belong to operations. Otherwise element-wise
/// operations on large arrays are fused as ever, and the passes that compute them have a row of their own.
/// AG_ERR_ARGUMENT if a profile is being taken already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_profile_begin(cx: *mut ag_context, eager: bool) {
    guard(cx, (), |c| {
        c.check("ag_profile_begin", c.diagnosis.begin_profile(&c.core, eager));
    });
}

/// Ends the profile and returns it as a table, the longest time first. Valid until the innermost scope is left; never NULL:
/// on error its message. Works while an error is pending. AG_ERR_ARGUMENT if no profile is being taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_profile_end(cx: *mut ag_context) -> *const c_char {
    text_of(cx, |c| {
        c.check("ag_profile_end", c.diagnosis.end_profile(&c.core))?;
        let rows = c.diagnosis.profile.rows();
        let names = rows.iter().map(|r| CString::new(r.name.replace('\0', "?")).unwrap_or_default());
        *c.profile_names.borrow_mut() = names.collect();
        Some(c.diagnosis.profile.table())
    })
}

/// How many rows the last profile has that ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_profile_count(cx: *mut ag_context) -> usize {
    guard_always(cx, 0, |c| c.profile_names.borrow().len())
}

/// Fills in row `i` of the last profile that ended, as far as struct_size reaches; the rows are in the order of the
/// table. Returns whether all went well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ag_profile_get(cx: *mut ag_context, i: usize, row: *mut ag_profile_row) -> bool {
    const NAME: &str = "ag_profile_get";
    guard_always(cx, false, |c| {
        // SAFETY: NULL, or a struct whose first field says how long it is: the caller's promise.
        let size = unsafe { row.cast::<usize>().as_ref() }.copied().unwrap_or(0);
        let rows = c.diagnosis.profile.rows();
        let (Some(found), Some(name)) = (rows.get(i), c.profile_names.borrow().get(i).map(|n| n.as_ptr())) else {
            let e = Error { code: code::INDEX, message: format!("row {i} of a profile of {} rows", rows.len()).into() };
            c.core.fail(e.within(NAME));
            return false;
        };
        if size < 2 * size_of::<usize>() {
            let e = Error::argument(format!("struct_size is {size}, expected {}", size_of::<ag_profile_row>()));
            c.core.fail(e.within(NAME));
            return false;
        }
        let filled = ag_profile_row {
            struct_size: size,
            name,
            calls: found.calls,
            rule_calls: found.rule_calls,
            seconds: found.seconds,
            rule_seconds: found.rule_seconds,
            bytes: found.bytes,
            rule_bytes: found.rule_bytes,
            fused_operations: found.fused_operations,
        };
        // SAFETY: a program built with an older, shorter struct gets the fields that it knows.
        unsafe {
            let bytes = size.min(size_of::<ag_profile_row>());
            std::ptr::copy_nonoverlapping((&raw const filled).cast::<u8>(), row.cast(), bytes);
        }
        true
    })
}
