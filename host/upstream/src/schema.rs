//! Values held to a schema that a stranger wrote.
//!
//! A schema can refer to its own parts, so that a few hundred bytes stand for more work than will ever be done. One is
//! read here as if each reference were written out, and only what is small then is held to.

use jsonschema::PatternOptions;
use serde_json::Value as Json;

/// The most values of a schema with its references written out.
const MOST: usize = 10_000;
/// The most of them inside one another.
const DEEP: usize = 200;

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The value does not.
    #[error("it does not fit")]
    Value,
    /// The schema is none, or not one that ends.
    #[error(
        "its schema can't be held to: it is none, refers to itself or to another document, is too large when written out, or has a pattern that takes more than linear time"
    )]
    Schema,
}

/// Whether `value` fits `schema` (JSON Schema 2020-12, or the draft that it names).
///
/// # Errors
/// [`Unfit`].
pub fn fits(schema: &Json, value: &Json) -> Result<(), Unfit> {
    let mut reader = Reader {
        whole: schema,
        left: MOST,
        open: vec!["#"],
    };
    reader.read(schema, 0)?;
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    let built = options.build(schema).map_err(|_| Unfit::Schema)?;
    match built.is_valid(value) {
        true => Ok(()),
        false => Err(Unfit::Value),
    }
}

/// Reads a schema as if its references were written out.
struct Reader<'a> {
    whole: &'a Json,
    left: usize,
    /// References that are being read.
    open: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, part: &'a Json, depth: usize) -> Result<(), Unfit> {
        self.left = self.left.checked_sub(1).ok_or(Unfit::Schema)?;
        if depth > DEEP {
            return Err(Unfit::Schema);
        }
        match part {
            Json::Array(items) => items.iter().try_for_each(|item| self.read(item, depth + 1)),
            Json::Object(fields) => fields
                .iter()
                .try_for_each(|(key, value)| self.field(key, value, depth + 1)),
            _ => Ok(()),
        }
    }

    fn field(&mut self, key: &str, value: &'a Json, depth: usize) -> Result<(), Unfit> {
        match (key, value) {
            ("$ref", Json::String(to)) => self.follow(to, depth),
            // What these mean depends on the way by which one came, or changes what references mean.
            ("$dynamicRef" | "$recursiveRef", Json::String(_)) => Err(Unfit::Schema),
            ("$id", Json::String(_)) if depth > 1 => Err(Unfit::Schema),
            // Older drafts have `id` for `$id`, which is a word of many examples.
            ("$schema", Json::String(draft)) if draft.contains("draft-04") => Err(Unfit::Schema),
            (_, value) => self.read(value, depth),
        }
    }

    fn follow(&mut self, to: &'a str, depth: usize) -> Result<(), Unfit> {
        let part = to.strip_prefix('#');
        let part = part.and_then(|pointer| self.whole.pointer(pointer));
        let part = part.filter(|_| !self.open.contains(&to));
        let part = part.ok_or(Unfit::Schema)?;
        self.open.push(to);
        self.read(part, depth)?;
        self.open.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_held_to_with_its_own_parts() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://tools.example/ticket",
            "type": "object",
            "$defs": { "Queue": { "enum": ["it", "hr"] }, "Route": { "properties": { "queue": { "$ref": "#/$defs/Queue" } } } },
            "properties": { "route": { "$ref": "#/$defs/Route" }, "id": { "type": "string", "default": "x" } },
            "additionalProperties": false,
        });
        assert_eq!(
            fits(&schema, &json!({ "route": { "queue": "it" } })),
            Ok(())
        );
        for wrong in [
            json!({ "route": { "queue": "other" } }),
            json!({ "id": 1 }),
            json!({ "more": 1 }),
            json!([]),
        ] {
            assert_eq!(fits(&schema, &wrong), Err(Unfit::Value), "{wrong}");
        }
    }

    #[test]
    fn a_schema_that_does_not_end_or_looks_elsewhere_is_not_held_to() {
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "properties": { "a": { "$ref": "#/properties/a" } } }),
            json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" }),
            json!({ "$dynamicRef": "#" }),
            json!({ "$ref": "https://elsewhere.example/a" }),
            json!({ "$ref": "file:///etc/passwd" }),
            json!({ "$ref": "#/$defs/absent" }),
            json!({ "$anchor": "a", "$ref": "#a" }),
            json!({ "$schema": "https://elsewhere.example/a" }),
            json!({ "properties": { "a": { "$id": "https://elsewhere.example/b" } } }),
            json!({ "type": "nothing" }),
            json!({ "pattern": "(?=a)b" }),
            json!({ "pattern": "(a{1000}){1000}" }),
        ] {
            assert_eq!(fits(&schema, &json!({})), Err(Unfit::Schema), "{schema}");
        }
    }

    #[test]
    fn a_few_references_that_stand_for_endless_work_end_at_once() {
        let mut parts = serde_json::Map::new();
        for n in 0..60 {
            let next = json!({ "$ref": format!("#/$defs/{}", n + 1) });
            parts.insert(
                n.to_string(),
                json!({ "allOf": [next, { "allOf": [next] }] }),
            );
        }
        parts.insert("60".to_owned(), json!({ "type": "object" }));
        let schema = json!({ "$defs": parts, "$ref": "#/$defs/0" });
        assert_eq!(fits(&schema, &json!({})), Err(Unfit::Schema));
        let deep = (0..300).fold(json!({}), |inner, _| json!({ "not": inner }));
        assert_eq!(fits(&deep, &json!({})), Err(Unfit::Schema));
    }
}
