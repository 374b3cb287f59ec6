//! What goes to a language model, and what comes back.

use std::sync::LazyLock;

use serde_json::Value as Json;
use vouchsafe_model::{Boundary, Schema, completion, render};
use vouchsafe_package::manifest::{Prompt, ReplySchema, Template};

const SEPARATOR: &str = "\n---\n";

/// A template, a line of dashes, and data: what is rendered has the data marked off, in one message, on one line.
pub fn prompt(bytes: &[u8]) {
    crate::text(bytes, |text| {
        let (template, data) = text.split_once(SEPARATOR).unwrap_or((text, ""));
        let Ok(template) = template.parse::<Template>() else {
            return;
        };
        let again: Template = template
            .to_string()
            .parse()
            .expect("what is written reads back");
        assert_eq!(again, template);
        let prompt = Prompt {
            template,
            ..signed()
        };
        let draw = || Boundary::draw([data].into_iter()).expect("randomness");
        let (boundary, other) = (draw(), draw());
        let filled = render(&prompt, |_| data, &boundary);
        let empty = render(&prompt, |_| "", &other);
        let slots = prompt.template.slots().count();
        assert_eq!(
            filled.user.matches(&boundary.to_string()).count(),
            2 * slots
        );
        assert_eq!(filled.user.lines().count(), empty.user.lines().count());
        let plain = |text: &str, of: &Boundary| text.replace(&of.to_string(), "");
        assert_eq!(
            plain(&filled.system, &boundary),
            plain(&empty.system, &other)
        );
        let body: Json = serde_json::from_slice(&filled.body("m", 1)).expect("JSON");
        assert_eq!(
            body.pointer("/messages")
                .and_then(Json::as_array)
                .map(Vec::len),
            Some(2)
        );
        let user = body.pointer("/messages/1/content");
        assert_eq!(user.and_then(Json::as_str), Some(&*filled.user));
    });
}

fn signed() -> Prompt {
    Prompt {
        model: "reader".to_owned(),
        system: "Say what it is.".to_owned(),
        template: "".parse().expect("a template"),
        reply: reply_schema(),
        tokens: None,
    }
}

fn reply_schema() -> ReplySchema {
    let schema = r#"{"type":"object","required":["kind"],"properties":{"kind":{"enum":["invoice","letter"]},"lines":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"}}}}}}"#;
    let written = serde_json::from_str::<serde_json::Map<String, Json>>(schema).expect("JSON");
    ReplySchema::try_from(written).expect("a schema")
}

/// A service's answer: what is taken of it is an object with the fields that the schema has, and no others.
pub fn reply(bytes: &[u8]) {
    static SCHEMA: LazyLock<Schema> =
        LazyLock::new(|| Schema::of(&reply_schema()).expect("a schema"));
    let Ok(content) = completion(bytes).content else {
        return;
    };
    let Ok(json) = SCHEMA.read(&content) else {
        return;
    };
    let object = json.as_object().expect("an object");
    assert!(
        object
            .keys()
            .all(|key| ["kind", "lines"].contains(&key.as_str()))
    );
    let kind = object.get("kind").and_then(Json::as_str);
    assert!(kind == Some("invoice") || kind == Some("letter"));
    let lines = object.get("lines").and_then(Json::as_array);
    let fields = lines.into_iter().flatten().filter_map(Json::as_object);
    assert!(fields.flat_map(|line| line.keys()).all(|key| key == "n"));
}
