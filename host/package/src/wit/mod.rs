//! The functions of a component: from its binary, which is what runs, and from WIT text, which
//! has the words.

pub mod binary;
pub mod docs;
pub mod source;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::tool::{Export, Param, Tool};
use crate::wit_type::Type;

/// A function that a component exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Where.
    pub export: Export,
    /// Its types, or why it can be no tool.
    pub signature: Result<Signature, NotData>,
}

/// An imported interface and the functions that are used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// Such as `acme:erp/records@1.0.0`.
    pub interface: String,
    /// Its functions.
    pub functions: Vec<Provided>,
}

/// A function that another skill is to provide: plain data goes in and comes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provided {
    /// Where the other skill exports it.
    pub export: Export,
    /// Its types.
    pub signature: Signature,
}

/// A function's types.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// What it returns, if anything.
    pub result: Option<Type>,
    /// The words that WIT has for the type of what it returns.
    pub result_docs: Option<String>,
}

impl Signature {
    /// Whether the two take and return the same values under the same names.
    #[must_use]
    pub fn same_shape(&self, other: &Self) -> bool {
        self.is_of(&other.params, other.result.as_ref())
    }

    /// Whether `tool` takes and returns the same values under the same names.
    #[must_use]
    pub fn fits(&self, tool: &Tool) -> bool {
        self.is_of(&tool.params, tool.result.as_ref())
    }

    fn is_of(&self, params: &[Param], result: Option<&Type>) -> bool {
        let same_param = |(a, b): (&Param, &Param)| a.name == b.name && a.ty.same_shape(&b.ty);
        let same_result = match (&self.result, result) {
            (Some(a), Some(b)) => a.same_shape(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.params.len() == params.len()
            && self.params.iter().zip(params).all(same_param)
            && same_result
    }
}

/// As WIT writes it: `func(payment string) -> result<string, _>`.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("func(")?;
        for (index, param) in self.params.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", param.name, param.ty)?;
        }
        f.write_str(")")?;
        match &self.result {
            Some(ty) => write!(f, " -> {ty}"),
            None => Ok(()),
        }
    }
}

/// Something in a function's types is no data, so agents cannot send or receive it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{function}` can be no tool: `{path}` is {what}, and a tool's values are plain data{}", At(place.as_deref()))]
pub struct NotData {
    /// The exported function.
    pub function: String,
    /// Where in its types, such as `order.lines[].document`.
    pub path: String,
    /// What stands there.
    pub what: &'static str,
    /// The file and line that say so, where WIT text is at hand.
    pub place: Option<String>,
}

struct At<'a>(Option<&'a str>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

/// `acme:payments/payments@1.2.0#initiate`, or `initiate` for a function of the world.
impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(interface) = &self.interface {
            write!(f, "{interface}#")?;
        }
        f.write_str(&self.function)
    }
}
