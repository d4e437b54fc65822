//! What can go wrong, as a code for programs and a sentence for people.

use std::borrow::Cow;

/// Error codes, the same numbers as the C constants `AG_OK` to `AG_ERR_FILE`. Positive and append-only.
pub mod code {
    pub const OK: i32 = 0;
    pub const CONTEXT: i32 = 1;
    pub const HANDLE: i32 = 2;
    pub const SHAPE: i32 = 3;
    pub const DTYPE: i32 = 4;
    pub const VALUE: i32 = 5;
    pub const INDEX: i32 = 6;
    pub const MEMORY: i32 = 7;
    pub const TRACED: i32 = 8;
    pub const CALLBACK: i32 = 9;
    pub const DERIVATIVE: i32 = 10;
    pub const SCOPE: i32 = 11;
    pub const TAPE: i32 = 12;
    pub const BUSY: i32 = 13;
    pub const CHECK: i32 = 14;
    pub const ARGUMENT: i32 = 15;
    pub const PANIC: i32 = 16;
    pub const ANOMALY: i32 = 17;
    pub const FILE: i32 = 18;
    pub const USER: i32 = 1000;
}

/// A failure. The message says what was expected and what came; the operation's name is put before it by the
/// function that was called.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    pub code: i32,
    pub message: Cow<'static, str>,
}

pub type Result<T> = std::result::Result<T, Error>;

/// How much of a text that the caller gave a message quotes, in bytes.
pub const QUOTED: usize = 120;

/// The beginning of a text from outside, which may have any length, for a message.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    excerpt_of(text, QUOTED)
}

/// The same with another length.
pub fn excerpt_of(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    let end = (0..=most).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    format!("{}...", &text[..end]).into()
}

/// In place of the name of an operation that C has no name for, until what it is a part of is known, see [`Error::of`].
pub const PART: &str = "ag_";

/// What stands between a message and the operator in whose function it happened.
const INSIDE: &str = "; in the function given to ";

macro_rules! constructors {
    ($($name:ident $code:ident;)*) => {
        impl Error {
            $(pub fn $name(message: impl Into<Cow<'static, str>>) -> Error {
                Error { code: code::$code, message: message.into() }
            })*
        }
    };
}
constructors! {
    handle HANDLE;
    shape SHAPE;
    dtype DTYPE;
    value VALUE;
    index INDEX;
    memory MEMORY;
    traced TRACED;
    callback CALLBACK;
    derivative DERIVATIVE;
    scope SCOPE;
    tape TAPE;
    check CHECK;
    argument ARGUMENT;
    anomaly ANOMALY;
    file FILE;
}

impl Error {
    /// There is no memory for a list of so many arrays.
    pub fn too_many(n: usize) -> Error {
        Error::memory(format!("no memory for a list of {n} arrays"))
    }

    /// There is no memory for so many bytes.
    pub fn too_large(bytes: usize) -> Error {
        Error::memory(format!("cannot allocate {bytes} bytes"))
    }

    /// The same failure, seen from `operation`.
    pub fn within(mut self, operation: &str) -> Error {
        // A primitive's name is the caller's.
        self.message = format!("{}: {}", excerpt(operation), self.message).into();
        self
    }

    /// The same failure of something that the function called which was given to `operator`; the innermost one is named.
    pub fn inside_of(mut self, operator: &str) -> Error {
        if ["the callback", "callbacks are", "result "].iter().any(|begin| self.message.starts_with(begin)) {
            self = self.within(operator);
        }
        if !self.message.contains(INSIDE) {
            self.message = format!("{}{INSIDE}{operator}", self.message).into();
        }
        self
    }

    /// Whether the message begins with this name.
    pub fn is_of(&self, operation: &str) -> bool {
        self.message.strip_prefix(operation).is_some_and(|rest| rest.starts_with(": "))
    }

    /// The same failure with the name of the function that the caller called, instead of that of an operation it consists
    /// of.
    pub fn of(mut self, called: &str) -> Error {
        if let Some((name, text)) = self.message.split_once(": ")
            && !called.is_empty()
            && name != called
            && name.strip_prefix("ag_").is_some_and(|n| n.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()))
        {
            self.message = format!("{called}: {text}").into();
        }
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_end_between_characters() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"a".repeat(QUOTED)), "a".repeat(QUOTED));
        assert_eq!(excerpt(&"a".repeat(QUOTED + 1)), "a".repeat(QUOTED) + "...");
        // A character of three bytes doesn't end at byte 4.
        assert_eq!(excerpt_of(&"\u{20ac}".repeat(9), 4), "\u{20ac}...");
        assert_eq!(excerpt_of("\u{20ac}\u{20ac}", 2), "...");
    }
}
