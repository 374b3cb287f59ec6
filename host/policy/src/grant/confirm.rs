//! `confirm`: when a person decides, by tier or by condition.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use vouchsafe_package::manifest::Span;

use super::raw::kebab;
use crate::approval::Tier;
use crate::place::{At, Fault, Source};
use vouchsafe_package::condition::Condition;

/// When a person is to decide on a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Confirmation {
    /// Each time, as this tier says: `always`, `four-eyes`, or one of the operator's own.
    Tier(String),
    /// When the arguments are so.
    When {
        /// What must hold of the arguments.
        condition: Condition,
        /// Who is asked: a tier.
        channel: Option<String>,
        /// How long they have.
        within: Option<Span>,
    },
}

impl Confirmation {
    /// The tier that is asked for; a condition without a `channel` asks for the one that needs no file.
    #[must_use]
    pub fn tier(&self) -> &str {
        match self {
            Self::Tier(tier) => tier,
            Self::When { channel, .. } => channel.as_deref().unwrap_or(Tier::CONFIRM),
        }
    }
}

impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tier(tier) => write!(f, "confirm = \"{tier}\""),
            Self::When { condition, .. } => write!(f, "confirm = {{ when = \"{condition}\" }}"),
        }
    }
}

/// Words that would have to mean "ask nobody", which no grant can say.
const NOBODY: [&str; 5] = ["never", "none", "no", "off", "false"];

pub(super) enum RawConfirm {
    Tier(String),
    Table(RawTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    when: Spanned<String>,
    channel: Option<Spanned<String>>,
    within: Option<Span>,
}

impl RawConfirm {
    pub(super) fn read(source: &Source<'_>, raw: Spanned<Self>) -> Result<At<Confirmation>, Fault> {
        let At { value, place } = source.at(raw);
        let value = match value {
            Self::Tier(tier) if NOBODY.contains(&tier.as_str()) => {
                return Err(Fault::new(
                    place,
                    format!("`{tier}`: a grant can ask for more confirmation, never for less"),
                )
                .with_fix("leave `confirm` out"));
            }
            Self::Tier(tier) => match kebab(tier, "a tier of confirmation") {
                Ok(tier) => Confirmation::Tier(tier),
                Err(problem) => {
                    return Err(Fault::new(place, problem).with_fix("write `confirm = \"always\"`"));
                }
            },
            Self::Table(table) => table.read(source)?,
        };
        Ok(At { value, place })
    }
}

impl RawTable {
    fn read(self, source: &Source<'_>) -> Result<Confirmation, Fault> {
        let condition = source
            .at(self.when)
            .try_map(|text| text.parse::<Condition>())?;
        let channel = self
            .channel
            .map(|name| source.at(name).try_map(|text| kebab(text, "a channel")));
        Ok(Confirmation::When {
            condition: condition.value,
            channel: channel.transpose()?.map(|name| name.value),
            within: self.within,
        })
    }
}

impl<'de> Deserialize<'de> for RawConfirm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConfirmVisitor)
    }
}

struct ConfirmVisitor;

impl<'de> Visitor<'de> for ConfirmVisitor {
    type Value = RawConfirm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tier such as `\"always\"`, or a table with `when`, `channel`, `within`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawConfirm, E> {
        Ok(RawConfirm::Tier(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawConfirm, A::Error> {
        RawTable::deserialize(MapAccessDeserializer::new(map)).map(RawConfirm::Table)
    }
}
