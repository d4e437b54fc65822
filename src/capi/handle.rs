//! Handles as C has them: numbers. Those of arrays and trees are a stamp and the number of a slot (`slots`), those of scopes,
//! tapes and primitives a kind and a serial number; `stamps` says why neither is taken for another context's.

/// An array: a plain value, or one that is being differentiated. A number to pass around; the context owns the value. For
/// bindings: this and the other handles are, and stay, a struct of one uint64_t, passed as such a struct is; its bits are
/// to be copied and compared only, and 0 is the null array. It belongs to the scope in which it was made and is valid until that is left.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_array {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A tape begun with `ag_tape_begin`, or a pullback made with `ag_make_vjp`. Valid until `ag_tape_end`, or until the
/// scope in which it was made is left. `{0}` is null.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_tape {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A primitive: a function of the caller's with its derivative rules. Valid until `ag_primitive_free` or the end of the
/// context. `{0}` is null.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_primitive {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A tree: a tuple, list or dict, nested, with arrays as leaves; or one array. Like an array it is immutable, belongs to the
/// scope in which it was made, and is valid until that is left. `{0}` is null.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_tree {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

/// A scope entered with `ag_scope_enter`. Valid until it is left.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ag_scope {
    /// What tells it from others; 0 for null.
    pub bits: u64,
}

impl ag_array {
    pub const NULL: ag_array = ag_array { bits: 0 };
}

impl ag_tree {
    pub const NULL: ag_tree = ag_tree { bits: 0 };
}

/// Bits of a slot's number, the lowest of a handle.
pub(super) const SLOT_BITS: u32 = 28;
pub(super) const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;
/// Set in handles with a serial number.
pub(super) const SERIAL: u64 = 1 << 63;
pub(super) const KIND_SHIFT: u32 = 61;
pub(super) const KIND_MASK: u64 = 3;

/// What a handle with a serial number stands for.
#[derive(Clone, Copy, PartialEq)]
#[repr(u64)]
pub enum Kind {
    Tape = 1,
    Primitive = 2,
    Scope = 3,
}

/// What is wrong with a handle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Problem {
    Null,
    Foreign,
    Kind,
    Stale { slot: u64, generation: u64 },
}

impl Problem {
    #[cold]
    pub fn message(self, what: &str) -> String {
        match self {
            Problem::Null => format!("expected a handle of type {what}, got the null handle"),
            Problem::Foreign => format!("this {what} handle belongs to another context, or is no handle at all"),
            Problem::Kind => format!("expected a handle of type {what}, got one of another type"),
            Problem::Stale { slot, generation } => format!(
                "stale {what} handle (slot {slot}, generation {generation}): it was released, or its scope was left"
            ),
        }
    }
}

/// Packs a handle with a serial number.
pub fn pack_serial(kind: Kind, serial: u64) -> u64 {
    SERIAL | (kind as u64) << KIND_SHIFT | serial
}
