//! Values of WIT types, and the one JSON form that each has.
//!
//! An approval, a commitment and a signature bind to bytes, so every value has exactly one JSON
//! form and distinct values have distinct ones. INVARIANT (one form): `from_json(ty, to_json(v)) == v`,
//! and `canonical(to_json(a)) == canonical(to_json(b))` only when `a == b`.

mod arguments;
mod error;
mod from_json;
mod parse;
#[cfg(test)]
pub(crate) mod tests;
mod to_json;
mod words;

use crate::wit_type::Name;
use serde_json::{Number, Value as Json};

pub use arguments::{arguments_from_json, arguments_to_json};
pub use error::{Problem, ValueError};
pub use parse::{ParseError, parse_message, parse_strict};
pub use words::arguments_with_words;

/// The largest integer that every JSON reader keeps exactly: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// How large a value may be, whoever sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Values inside one another.
    pub depth: usize,
    /// Values in all, counting each record, list and scalar as one.
    pub nodes: usize,
    /// Bytes of all strings, names of fields and byte lists together.
    pub bytes: usize,
}

impl Caps {
    /// These caps with another number of bytes.
    #[must_use]
    pub const fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }
}

impl Default for Caps {
    /// Ample for what agents send and small for the host: 64 deep, 200,000 values, 4 MiB.
    fn default() -> Self {
        Self {
            depth: 64,
            nodes: 200_000,
            bytes: 4 << 20,
        }
    }
}

/// A value of a WIT type. It does not carry its type; [`Value::from_json`] is given one.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `bool`
    Bool(bool),
    /// `u8`
    U8(u8),
    /// `u16`
    U16(u16),
    /// `u32`
    U32(u32),
    /// `u64`: a decimal string in JSON.
    U64(u64),
    /// `s8`
    S8(i8),
    /// `s16`
    S16(i16),
    /// `s32`
    S32(i32),
    /// `s64`: a decimal string in JSON.
    S64(i64),
    /// `f32`
    F32(f32),
    /// `f64`
    F64(f64),
    /// `char`: a string of one scalar value in JSON.
    Char(char),
    /// `string`
    String(String),
    /// `list<u8>`: base64 in JSON.
    Bytes(Vec<u8>),
    /// `list<T>`
    List(Vec<Value>),
    /// `option<T>`: the value or `null`; `{"some": ...}` where the value itself may be `null`.
    Option(Option<Box<Value>>),
    /// `result<T, E>`: `{"ok": ...}` or `{"error": ...}`.
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    /// `tuple<...>`: an array of fixed length.
    Tuple(Vec<Value>),
    /// `record`: every field of the type, in its order.
    Record(Vec<(Name, Value)>),
    /// `variant`: `"case"`, or `{"case": ...}` for a case with a payload.
    Variant {
        /// Which case.
        case: Name,
        /// What the case carries.
        payload: Option<Box<Value>>,
    },
    /// `enum`: the name of the case.
    Enum(Name),
    /// `flags`: those that are set, in the order of the type.
    Flags(Vec<Name>),
}

/// The canonical bytes of `json` (RFC 8785).
///
/// JCS numbers are doubles, so that 2^53 and 2^53 + 1 would share bytes. This never lets two
/// integers do that: one that a double does not keep is written as a decimal string, which is how
/// [`Value::to_json`] writes 64-bit integers anyway. [`parse_strict`] takes no such integer at all.
pub fn canonical(json: &Json) -> Vec<u8> {
    let written = if has_lossy_integer(json) {
        serde_json_canonicalizer::to_vec(&with_safe_integers(json))
    } else {
        serde_json_canonicalizer::to_vec(json)
    };
    // A `serde_json::Value` has string keys, each once, and no number that is not finite, and these
    // are all the reasons for which the canonicaliser refuses. Empty bytes would still be harmless:
    // they are the canonical form of nothing.
    written.unwrap_or_default()
}

fn has_lossy_integer(json: &Json) -> bool {
    match json {
        Json::Number(number) => is_lossy(number),
        Json::Array(items) => items.iter().any(has_lossy_integer),
        Json::Object(fields) => fields.values().any(has_lossy_integer),
        Json::Null | Json::Bool(_) | Json::String(_) => false,
    }
}

/// Whether `number` is an integer that its canonical form, a double, would change.
fn is_lossy(number: &Number) -> bool {
    let magnitude = number
        .as_u64()
        .or_else(|| number.as_i64().map(i64::unsigned_abs));
    magnitude.is_some_and(|magnitude| magnitude > MAX_SAFE_INTEGER)
        && serde_json_canonicalizer::to_string(number).ok() != Some(number.to_string())
}

fn with_safe_integers(json: &Json) -> Json {
    match json {
        Json::Number(number) if is_lossy(number) => Json::String(number.to_string()),
        Json::Array(items) => items.iter().map(with_safe_integers).collect(),
        Json::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), with_safe_integers(value)))
            .collect(),
        other => other.clone(),
    }
}
