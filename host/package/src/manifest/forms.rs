//! The parts of a manifest that can be written in two ways.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity::Span;
use super::{Confirm, ToolDeclaration, ToolEntry};

impl Serialize for ToolEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hidden => serializer.serialize_bool(false),
            Self::Tool(declaration) => declaration.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ToolEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ToolEntryVisitor)
    }
}

struct ToolEntryVisitor;

impl<'de> Visitor<'de> for ToolEntryVisitor {
    type Value = ToolEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with `effect`, or `false` for an exported function that is no tool")
    }

    fn visit_bool<E: Error>(self, shown: bool) -> Result<ToolEntry, E> {
        if shown {
            return Err(E::custom(
                "a tool needs a table with its `effect`: `read`, `write` or `irreversible`",
            ));
        }
        Ok(ToolEntry::Hidden)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ToolEntry, A::Error> {
        ToolDeclaration::deserialize(MapAccessDeserializer::new(map)).map(ToolEntry::Tool)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within: Option<Span>,
}

impl Serialize for Confirm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::default() {
            return serializer.serialize_str("always");
        }
        let Self {
            when,
            channel,
            within,
        } = self.clone();
        ConfirmTable {
            when,
            channel,
            within,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Confirm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConfirmVisitor)
    }
}

struct ConfirmVisitor;

impl<'de> Visitor<'de> for ConfirmVisitor {
    type Value = Confirm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"always\"` or a table with `when`, `channel`, `within`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Confirm, E> {
        match text {
            "always" => Ok(Confirm::default()),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Confirm, A::Error> {
        let table = ConfirmTable::deserialize(MapAccessDeserializer::new(map))?;
        let ConfirmTable {
            when,
            channel,
            within,
        } = table;
        Ok(Confirm {
            when,
            channel,
            within,
        })
    }
}
