//! What agents are told of a tool beside its description: all of it is shown to who grants it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::tool::Tool;

/// The words on parameters, fields, cases and results, by path; those of the result begin with `->`.
pub(crate) fn descriptions(tool: &Tool) -> BTreeMap<String, String> {
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
                // Nothing that is said twice in one place hides the other.
                let said = into.entry(path.to_owned()).or_default();
                if !said.is_empty() {
                    said.push(' ');
                }
                said.push_str(text);
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
