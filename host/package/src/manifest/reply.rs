//! `reply` of a prompt: the JSON Schema that a model's answer must fit.
//!
//! A part of JSON Schema 2020-12 in which every keyword is enforced and every object is closed, so that what is not
//! described is not passed on. Keywords beyond it are errors, not comments.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Schemas inside one another.
const DEPTH: usize = 16;
/// Longest, as JSON.
const BYTES: usize = 16 << 10;

/// A schema of an object, closed at every level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Json>", into = "Map<String, Json>")]
pub struct ReplySchema {
    written: Map<String, Json>,
}

impl ReplySchema {
    /// As validators read it: with `additionalProperties: false` in every object.
    #[must_use]
    pub fn closed(&self) -> Json {
        close(&Json::Object(self.written.clone()))
    }

    /// As the author wrote it.
    #[must_use]
    pub fn written(&self) -> &Map<String, Json> {
        &self.written
    }
}

impl TryFrom<Map<String, Json>> for ReplySchema {
    type Error = String;

    fn try_from(written: Map<String, Json>) -> Result<Self, String> {
        let length = serde_json::to_string(&written).map_or(usize::MAX, |text| text.len());
        if length > BYTES {
            return Err(format!(
                "`reply` has {length} bytes, at most {BYTES} are read by anyone"
            ));
        }
        if written.get("type") != Some(&Json::from("object")) {
            return Err("`reply` wants `type = \"object\"` at its top".to_owned());
        }
        check(&written, "reply", 0)?;
        Ok(Self { written })
    }
}

impl From<ReplySchema> for Map<String, Json> {
    fn from(schema: ReplySchema) -> Self {
        schema.written
    }
}

fn check(schema: &Map<String, Json>, at: &str, depth: usize) -> Result<(), String> {
    if depth >= DEPTH {
        return Err(format!("`{at}` is nested deeper than {DEPTH} levels"));
    }
    if !["type", "enum", "const"]
        .iter()
        .any(|key| schema.contains_key(*key))
    {
        return Err(format!(
            "`{at}` fits anything: want `type`, `enum` or `const`"
        ));
    }
    for (key, value) in schema {
        keyword(key, value).map_err(|why| format!("`{at}.{key}`: {why}"))?;
    }
    let is = |name: &str| types(schema).any(|ty| ty == name);
    if !is("object") && schema.contains_key("properties") {
        return Err(format!(
            "`{at}` has `properties`, and is not `type = \"object\"`"
        ));
    }
    if is("array") != schema.contains_key("items") {
        return Err(format!(
            "`{at}`: `type = \"array\"` and `items` go together"
        ));
    }
    let properties = schema.get("properties").and_then(Json::as_object);
    let named: BTreeSet<&str> = properties
        .into_iter()
        .flat_map(|map| map.keys().map(String::as_str))
        .collect();
    let required = schema.get("required").and_then(Json::as_array);
    let mut required = required.into_iter().flatten().filter_map(Json::as_str);
    if let Some(unknown) = required.find(|name| !named.contains(name)) {
        return Err(format!(
            "`{at}` requires `{unknown}`, which it does not describe"
        ));
    }
    for (name, inner) in properties.into_iter().flatten() {
        below(inner, &format!("{at}.{name}"), depth)?;
    }
    match schema.get("items") {
        Some(items) => below(items, &format!("{at}.items"), depth),
        None => Ok(()),
    }
}

fn below(schema: &Json, at: &str, depth: usize) -> Result<(), String> {
    match schema {
        Json::Object(schema) => check(schema, at, depth + 1),
        _ => Err(format!("`{at}` is not a schema")),
    }
}

const TYPES: [&str; 7] = [
    "object", "array", "string", "number", "integer", "boolean", "null",
];

fn types(schema: &Map<String, Json>) -> impl Iterator<Item = &str> {
    let (one, several) = match schema.get("type") {
        Some(Json::Array(several)) => (None, several.as_slice()),
        Some(one) => (Some(one), [].as_slice()),
        None => (None, [].as_slice()),
    };
    one.into_iter().chain(several).filter_map(Json::as_str)
}

/// Whether `value` is one that the keyword can have.
fn keyword(key: &str, value: &Json) -> Result<(), &'static str> {
    let known = |value: &Json| value.as_str().is_some_and(|ty| TYPES.contains(&ty));
    let strings = |list: &Vec<Json>| list.iter().all(Json::is_string);
    let (fits, wanted) = match key {
        "type" => (
            known(value)
                || value
                    .as_array()
                    .is_some_and(|list| !list.is_empty() && list.iter().all(known)),
            "want a type, or a list of some",
        ),
        "properties" | "items" => (value.is_object(), "want a table"),
        "required" => (
            value.as_array().is_some_and(strings),
            "want a list of names",
        ),
        "additionalProperties" => (
            *value == Json::Bool(false),
            "a reply has no fields that are not described: want `false`, or leave it out",
        ),
        "enum" => (
            value.as_array().is_some_and(|list| !list.is_empty()),
            "want a list of values",
        ),
        "const" => (true, ""),
        "minimum" | "maximum" => (value.is_number(), "want a number"),
        "minLength" | "maxLength" | "minItems" | "maxItems" => (value.is_u64(), "want a count"),
        "title" | "description" => (
            value
                .as_str()
                .is_some_and(|text| crate::words::problem(text).is_none()),
            "want text without characters that are not seen",
        ),
        _ => (
            false,
            "no keyword of a reply; there are type, properties, required, items, enum, const, minimum, maximum, minLength, maxLength, minItems, maxItems, title and description",
        ),
    };
    if fits { Ok(()) } else { Err(wanted) }
}

fn close(schema: &Json) -> Json {
    let Json::Object(schema) = schema else {
        return schema.clone();
    };
    let mut closed = schema.clone();
    if let Some(Json::Object(properties)) = closed.get_mut("properties") {
        for inner in properties.values_mut() {
            *inner = close(inner);
        }
    }
    if let Some(items) = closed.get_mut("items") {
        *items = close(items);
    }
    if types(schema).any(|ty| ty == "object") {
        closed.insert("additionalProperties".to_owned(), Json::Bool(false));
    }
    Json::Object(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<ReplySchema, String> {
        #[derive(Deserialize)]
        struct Table {
            reply: ReplySchema,
        }
        let table: Result<Table, _> = toml::from_str(&format!("reply = {toml}"));
        table
            .map(|table| table.reply)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn every_object_is_closed_and_nothing_else_is_changed() {
        let schema = read(
            "{ type = 'object', required = ['a'], properties = { a = { type = 'array', items = { type = ['object', 'null'] } } } }",
        );
        let closed = serde_json::json!({
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": { "a": { "type": "array", "items": { "type": ["object", "null"], "additionalProperties": false } } },
        });
        assert_eq!(schema.unwrap().closed(), closed);
    }

    #[test]
    fn what_is_not_enforced_is_not_taken() {
        for wrong in [
            "{}",
            "{ type = 'string' }",
            "{ type = ['object'] }",
            "{ type = 'object', additionalProperties = true }",
            "{ type = 'object', patternProperties = {} }",
            "{ type = 'object', properties = { a = {} } }",
            "{ type = 'object', properties = { a = true } }",
            "{ type = 'object', properties = { a = { type = 'array' } } }",
            "{ type = 'object', properties = { a = { type = 'string', pattern = '(a+)+$' } } }",
            "{ type = 'object', properties = { a = { '$ref' = 'https://example.com/schema' } } }",
            "{ type = 'object', properties = { a = { type = 'text' } } }",
            "{ type = 'object', properties = { a = { enum = [] } } }",
            "{ type = 'object', properties = { a = { type = 'string', properties = {} } } }",
            "{ type = 'object', properties = { a = { anyOf = [] } } }",
            "{ type = 'object', required = ['a'] }",
            "{ type = 'object', description = \"a\\u202Eb\" }",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let deep = (0..20).fold("{ type = 'null' }".to_owned(), |inner, _| {
            format!("{{ type = 'object', properties = {{ a = {inner} }} }}")
        });
        assert!(read(&deep).unwrap_err().contains("deeper"));
    }
}
