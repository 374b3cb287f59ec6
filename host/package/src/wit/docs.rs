//! The author's words, apart from the types they are about.
//!
//! A component's binary has types but no words. `pack` takes the words from WIT and keeps them in
//! a section of their own, by path; when the package is read they are laid on the types that the
//! binary has. A path that leads nowhere is refused, so there is no room for words that nobody
//! is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Signature;
use crate::wit_type::Type;

/// The version of the section's form.
pub const FORMAT: u32 = 1;

/// All that the author says, by tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Docs {
    /// [`FORMAT`]
    pub format: u32,
    /// What the skill is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// By WIT function name.
    #[serde(default)]
    pub tools: BTreeMap<String, ToolDocs>,
}

impl Default for Docs {
    fn default() -> Self {
        Self {
            format: FORMAT,
            about: String::new(),
            tools: BTreeMap::new(),
        }
    }
}

/// What the author says of one tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDocs {
    /// What it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What its parameters, fields and cases mean, by path: `amount.minor`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
}

/// The path of a result's own words.
const RESULT: &str = "->";

/// The words in `signature`, by path.
#[must_use]
pub fn take(signature: &mut Signature) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    visit(signature, &mut |path, docs| {
        if let Some(text) = docs.take() {
            parts.insert(path.to_owned(), text);
        }
    });
    parts
}

/// Lays words on a signature. Returns the first path that leads nowhere, if one does.
pub fn lay(signature: &mut Signature, mut parts: BTreeMap<String, String>) -> Result<(), String> {
    visit(signature, &mut |path, docs| *docs = parts.remove(path));
    match parts.into_keys().next() {
        Some(path) => Err(path),
        None => Ok(()),
    }
}

type Visitor<'v> = dyn FnMut(&str, &mut Option<String>) + 'v;

fn visit(signature: &mut Signature, visitor: &mut Visitor<'_>) {
    for param in &mut signature.params {
        visitor(&param.name, &mut param.docs);
        visit_type(&mut param.ty, &param.name.clone(), visitor);
    }
    visitor(RESULT, &mut signature.result_docs);
    if let Some(ty) = &mut signature.result {
        visit_type(ty, RESULT, visitor);
    }
}

fn visit_type(ty: &mut Type, path: &str, visitor: &mut Visitor<'_>) {
    match ty {
        Type::List(item) => visit_type(item, &join([path, "[]"]), visitor),
        Type::Option(some) => visit_type(some, path, visitor),
        Type::Result { ok, err } => {
            for (side, name) in [(ok, "ok"), (err, "error")] {
                if let Some(ty) = side {
                    visit_type(ty, &join([path, name]), visitor);
                }
            }
        }
        Type::Tuple(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                visit_type(item, &join([path, &index.to_string()]), visitor);
            }
        }
        Type::Record(fields) => {
            for field in fields {
                let path = join([path, &field.name]);
                visitor(&path, &mut field.docs);
                visit_type(&mut field.ty, &path, visitor);
            }
        }
        Type::Variant(cases) => {
            for case in cases {
                let path = join([path, &case.name]);
                visitor(&path, &mut case.docs);
                if let Some(ty) = &mut case.ty {
                    visit_type(ty, &path, visitor);
                }
            }
        }
        _ => {}
    }
}

/// `order`, `lines`, `[]`, `price` as `order.lines[].price`.
pub(crate) fn join<'a>(steps: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for step in steps {
        if !path.is_empty() && step != "[]" {
            path.push('.');
        }
        path.push_str(step);
    }
    path
}
