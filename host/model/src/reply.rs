//! What a model answers: read strictly, held to the schema, trusted in nothing.

use jsonschema::Validator;
use serde_json::{Map, Value as Json};
use vouchsafe_package::manifest::ReplySchema;
use vouchsafe_package::value::{Caps, parse_message, parse_strict};

/// Why a reply is not passed on. None of it says what the model said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The service did not do it.
    #[error("the service answered with status {0}")]
    Status(u16),
    /// It is longer than the grant lets.
    #[error("the reply is longer than the grant lets")]
    TooLong,
    /// It is not what an OpenAI-compatible service answers.
    #[error("the service's answer is no completion: {0}")]
    NoCompletion(&'static str),
    /// The model went on for longer than its tokens let.
    #[error("the reply was cut off")]
    CutOff,
    /// The model wants to call a tool, and it was given none.
    #[error("the model calls a tool, and has none")]
    Tool,
    /// The model would not.
    #[error("the model refused")]
    Refused,
    /// It is not one JSON object.
    #[error("the reply is not one JSON object")]
    NotJson,
    /// It is not as the prompt's schema says.
    #[error("the reply does not fit the schema")]
    Schema,
}

impl Unfit {
    /// Whether the same question may get a reply that fits.
    #[must_use]
    pub fn may_be_asked_again(&self) -> bool {
        matches!(
            self,
            Self::CutOff | Self::Tool | Self::NotJson | Self::Schema | Self::NoCompletion(_)
        )
    }
}

/// What a service says that a model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The model's words, or why there are none to look at.
    pub content: Result<String, Unfit>,
    /// Tokens in and out, if the service says.
    pub tokens: Option<u64>,
}

/// Reads a service's answer.
#[must_use]
pub fn completion(body: &[u8]) -> Completion {
    let Ok(answer) = parse_message(body, &Caps::default()) else {
        return Completion {
            content: Err(Unfit::NoCompletion("it is not JSON")),
            tokens: None,
        };
    };
    Completion {
        content: content(&answer),
        tokens: tokens(&answer),
    }
}

fn content(answer: &Json) -> Result<String, Unfit> {
    let choices = answer.get("choices").and_then(Json::as_array);
    let Some([choice]) = choices.map(Vec::as_slice) else {
        return Err(Unfit::NoCompletion("it has not one choice"));
    };
    let Some(message) = choice.get("message").and_then(Json::as_object) else {
        return Err(Unfit::NoCompletion("it has no message"));
    };
    if message.get("role").is_some_and(|role| role != "assistant") {
        return Err(Unfit::NoCompletion("it is in another role"));
    }
    if says(message, "tool_calls") || says(message, "function_call") {
        return Err(Unfit::Tool);
    }
    if says(message, "refusal") {
        return Err(Unfit::Refused);
    }
    match choice.get("finish_reason").and_then(Json::as_str) {
        Some("stop") => {}
        Some("length") => return Err(Unfit::CutOff),
        Some("tool_calls" | "function_call") => return Err(Unfit::Tool),
        Some("content_filter") => return Err(Unfit::Refused),
        _ => return Err(Unfit::NoCompletion("it has no known end")),
    }
    match message.get("content").and_then(Json::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Unfit::NoCompletion("it has no text")),
    }
}

/// Whether `key` is there and is not empty.
fn says(message: &Map<String, Json>, key: &str) -> bool {
    match message.get(key) {
        None | Some(Json::Null) => false,
        Some(Json::Array(items)) => !items.is_empty(),
        Some(Json::String(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

fn tokens(answer: &Json) -> Option<u64> {
    let usage = answer.get("usage")?;
    let count = |key: &str| usage.get(key).and_then(Json::as_u64);
    let both = count("prompt_tokens")?.saturating_add(count("completion_tokens")?);
    Some(both.max(count("total_tokens").unwrap_or(0)))
}

/// What replies to a prompt must fit.
pub struct Schema(Validator);

impl Schema {
    /// Of a prompt's `reply`.
    ///
    /// # Errors
    /// When it is no schema; `pack` refuses such a one.
    pub fn of(reply: &ReplySchema) -> Result<Self, Unfit> {
        let built = jsonschema::draft202012::new(&reply.closed());
        built.map(Self).map_err(|_| Unfit::Schema)
    }

    /// The reply in `content`: one JSON object, read strictly, with nothing around it, that fits.
    ///
    /// # Errors
    /// When it is not.
    pub fn read(&self, content: &str) -> Result<Json, Unfit> {
        let read = parse_strict(content.as_bytes(), &Caps::default());
        let json = read.map_err(|_| Unfit::NotJson)?;
        match self.0.is_valid(&json) {
            true => Ok(json),
            false => Err(Unfit::Schema),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        let reply = json!({
            "type": "object", "required": ["kind"],
            "properties": {
                "kind": { "enum": ["invoice", "letter"] },
                "lines": { "type": "array", "maxItems": 2, "items": { "type": "object", "properties": { "n": { "type": "integer", "minimum": 0 } } } },
            },
        });
        let Json::Object(reply) = reply else {
            unreachable!()
        };
        Schema::of(&ReplySchema::try_from(reply).unwrap()).unwrap()
    }

    #[test]
    fn what_fits_is_read_and_nothing_else_is() {
        let schema = schema();
        for right in [
            r#"{"kind":"invoice"}"#,
            " {\"kind\":\"letter\",\"lines\":[{\"n\":1},{}]}\n",
        ] {
            schema.read(right).unwrap();
        }
        for (wrong, why) in [
            (r#"{"kind":"invoice","pay":true}"#, Unfit::Schema),
            (
                r#"{"kind":"invoice","lines":[{"n":1,"m":2}]}"#,
                Unfit::Schema,
            ),
            (r#"{"kind":"invoice","lines":[{},{},{}]}"#, Unfit::Schema),
            (r#"{"kind":"invoice","lines":[{"n":-1}]}"#, Unfit::Schema),
            (r#"{"kind":"order"}"#, Unfit::Schema),
            ("{}", Unfit::Schema),
            ("[]", Unfit::Schema),
            ("null", Unfit::Schema),
            (r#"{"kind":"invoice","kind":"letter"}"#, Unfit::NotJson),
            ("```json\n{\"kind\":\"invoice\"}\n```", Unfit::NotJson),
            (r#"Sure: {"kind":"invoice"}"#, Unfit::NotJson),
            (r#"{"kind":"invoice"} {}"#, Unfit::NotJson),
            ("", Unfit::NotJson),
        ] {
            assert_eq!(schema.read(wrong), Err(why), "{wrong}");
        }
    }

    fn answer(choice: Json) -> Completion {
        completion(
            json!({ "choices": [choice], "usage": { "prompt_tokens": 5, "completion_tokens": 2 } })
                .to_string()
                .as_bytes(),
        )
    }

    #[test]
    fn a_completion_has_one_choice_that_came_to_its_end_without_tools() {
        let said = |more: Json| {
            let mut message = json!({ "role": "assistant", "content": "{}" });
            message
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            json!({ "finish_reason": "stop", "message": message, "index": 0 })
        };
        assert_eq!(
            answer(said(json!({ "tool_calls": [], "refusal": null }))),
            Completion {
                content: Ok("{}".into()),
                tokens: Some(7)
            }
        );
        for (choice, why) in [
            (said(json!({ "tool_calls": [{}] })), Unfit::Tool),
            (
                said(json!({ "function_call": { "name": "pay" } })),
                Unfit::Tool,
            ),
            (said(json!({ "refusal": "no" })), Unfit::Refused),
            (
                said(json!({ "role": "system" })),
                Unfit::NoCompletion("it is in another role"),
            ),
            (
                said(json!({ "content": null })),
                Unfit::NoCompletion("it has no text"),
            ),
            (
                json!({ "finish_reason": "length", "message": {} }),
                Unfit::CutOff,
            ),
            (
                json!({ "message": { "content": "{}" } }),
                Unfit::NoCompletion("it has no known end"),
            ),
        ] {
            assert_eq!(answer(choice.clone()).content, Err(why), "{choice}");
        }
        for text in [
            "",
            "[]",
            "{\"choices\":[]}",
            "{\"choices\":[{},{}]}",
            "{\"choices\":1,\"choices\":2}",
        ] {
            assert!(completion(text.as_bytes()).content.is_err(), "{text}");
        }
    }

    #[test]
    fn tokens_are_what_the_service_counts_at_most() {
        let of = |usage: Json| completion(json!({ "usage": usage }).to_string().as_bytes()).tokens;
        assert_eq!(
            of(json!({ "prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 9 })),
            Some(9)
        );
        assert_eq!(
            of(json!({ "prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 0 })),
            Some(7)
        );
        assert_eq!(
            of(json!({ "prompt_tokens": u64::MAX, "completion_tokens": 2 })),
            Some(u64::MAX)
        );
        assert_eq!(of(json!({ "total_tokens": 9 })), None);
        assert_eq!(
            of(json!({ "prompt_tokens": -5, "completion_tokens": 2 })),
            None
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            let _ = completion(&bytes);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = schema().read(text);
            }
        }
    }
}
