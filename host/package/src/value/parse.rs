//! JSON text to a document, strictly: one meaning or none.

use super::{Caps, is_lossy};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};
use std::fmt;

/// Why a text is not taken as JSON.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Longer than the caps allow.
    #[error("the JSON text is {length} bytes, at most {limit} are taken")]
    TooLong {
        /// Its length.
        length: usize,
        /// The cap.
        limit: usize,
    },
    /// Not JSON, a repeated key, or beyond a cap; says where.
    #[error("the JSON text is refused: {0}")]
    Refused(#[from] serde_json::Error),
}

/// Parses `text`, refusing repeated keys and integers that a double does not keep (two readers
/// would see two documents), numbers out of range, anything after the document, and whatever exceeds `caps`. The text itself may be at most
/// twice `caps.bytes`, which leaves room for punctuation and escapes.
///
/// # Errors
/// [`ParseError`], with line and column.
pub fn parse_strict(text: &[u8], caps: &Caps) -> Result<Json, ParseError> {
    parse(text, caps, Integers::Portable)
}

/// As [`parse_strict`], but takes every 64-bit integer, for a document whose integers are judged by
/// their types next: the error can then say which argument is meant.
///
/// # Errors
/// [`ParseError`], with line and column.
pub fn parse_message(text: &[u8], caps: &Caps) -> Result<Json, ParseError> {
    parse(text, caps, Integers::Any)
}

/// Which integers are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Integers {
    /// Those that a double keeps.
    Portable,
    /// Those of 64 bits.
    Any,
}

fn parse(text: &[u8], caps: &Caps, integers: Integers) -> Result<Json, ParseError> {
    let limit = caps.bytes.saturating_mul(2);
    if text.len() > limit {
        return Err(ParseError::TooLong {
            length: text.len(),
            limit,
        });
    }
    let mut budget = Budget {
        caps,
        integers,
        nodes: 0,
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let seed = Node {
        budget: &mut budget,
        depth: 0,
    };
    let document = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(document)
}

struct Budget<'a> {
    caps: &'a Caps,
    integers: Integers,
    nodes: usize,
}

/// One value of the document, at a depth.
struct Node<'b, 'a> {
    budget: &'b mut Budget<'a>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        let caps = self.budget.caps;
        self.budget.nodes += 1;
        if self.budget.nodes > caps.nodes {
            return Err(D::Error::custom(format_args!(
                "more than {} values",
                caps.nodes
            )));
        }
        if self.depth >= caps.depth {
            return Err(D::Error::custom(format_args!(
                "nested deeper than {} levels",
                caps.depth
            )));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Json, E> {
        integer(value.into(), self.budget.integers)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Json, E> {
        integer(value.into(), self.budget.integers)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let depth = self.depth + 1;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Node {
            budget: &mut *self.budget,
            depth,
        })? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let depth = self.depth + 1;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom("an object has the same key twice"));
            }
            let value = members.next_value_seed(Node {
                budget: &mut *self.budget,
                depth,
            })?;
            object.insert(key, value);
        }
        Ok(Json::Object(object))
    }
}

/// Readers with doubles would see another number than readers without, so such an integer has to
/// come as a decimal string.
fn integer<E: serde::de::Error>(number: Number, taken: Integers) -> Result<Json, E> {
    if taken == Integers::Portable && is_lossy(&number) {
        return Err(E::custom(format_args!(
            "the integer `{number}` is one that a double does not keep; send it as a decimal string"
        )));
    }
    Ok(Json::Number(number))
}
