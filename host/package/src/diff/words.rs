//! Changes in what a package says, sentence by sentence.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Area, Changes, Sort};
use crate::tool::Tool;

/// The sentences that `new` has more or fewer than `old`.
pub(super) fn text(changes: &mut Changes, item: &str, old: &str, new: &str) {
    if old == new {
        return;
    }
    let (before, now) = (sentences(old), sentences(new));
    let gone = before.iter().filter(|sentence| !now.contains(sentence));
    let come = now.iter().filter(|sentence| !before.contains(sentence));
    let gone = gone.map(|sentence| format!("{sentence:?} removed"));
    let come = come.map(|sentence| format!("{sentence:?} added"));
    let mut lines: Vec<_> = gone.chain(come).collect();
    if lines.is_empty() {
        lines.push("in another order".to_owned());
    }
    for line in lines {
        changes.add(Sort::Words, Area::Tool, item, line);
    }
}

/// The words on parameters, fields, cases and results.
pub(super) fn schemas(changes: &mut Changes, old: &Tool, new: &Tool) {
    let (before, now) = (descriptions(old), descriptions(new));
    let nothing = String::new();
    for path in before
        .keys()
        .chain(now.keys().filter(|path| !before.contains_key(*path)))
    {
        let was = before.get(path).unwrap_or(&nothing);
        let is = now.get(path).unwrap_or(&nothing);
        text(changes, &format!("{} {path}", new.name), was, is);
    }
}

fn sentences(text: &str) -> Vec<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.split_inclusive(". ")
        .map(|sentence| sentence.trim().to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}

fn descriptions(tool: &Tool) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    collect(&tool.input_schema(), "", &mut found);
    if let Some(output) = tool.output_schema() {
        collect(&output, "->", &mut found);
    }
    found
}

/// A schema is generated, so what stands under `properties` are names and every other object is a
/// schema or part of one.
fn collect(schema: &Json, path: &str, into: &mut BTreeMap<String, String>) {
    match schema {
        Json::Object(fields) => {
            if let Some(Json::String(text)) = fields.get("description") {
                into.insert(path.to_owned(), text.clone());
            }
            for (key, inner) in fields {
                match (key.as_str(), inner) {
                    ("properties", Json::Object(properties)) => {
                        for (name, schema) in properties {
                            collect(schema, &join(path, name), into);
                        }
                    }
                    _ => collect(inner, path, into),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| match item.get("const") {
            Some(Json::String(name)) => collect(item, &join(path, name), into),
            _ => collect(item, path, into),
        }),
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
