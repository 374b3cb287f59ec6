//! Arguments as a person writes them, `name=word`: what a word means is said by the parameter's type.

use serde_json::{Map, Value as Json};

use super::{Caps, parse_strict};
use crate::{Param, Type};

/// The JSON that `word` means for the parameter `name` of a tool: the text as it stands where the type is a
/// text, and JSON otherwise. What is no JSON, and the word of a parameter that there is not, stays a text, so
/// that [`arguments_from_json`](super::arguments_from_json) says what is wrong with it.
fn argument_from_word(params: &[Param], name: &str, word: &str) -> Json {
    let param = params.iter().find(|param| &*param.name == name);
    let text = || Json::String(word.to_owned());
    match param {
        Some(param) if !is_text(&param.ty) => {
            parse_strict(word.as_bytes(), &Caps::default()).unwrap_or_else(|_| text())
        }
        _ => text(),
    }
}

/// `arguments` with what `words` mean beside them.
pub fn arguments_with_words<'a>(
    params: &[Param],
    mut arguments: Map<String, Json>,
    words: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Map<String, Json> {
    for (name, word) in words {
        arguments.insert(name.clone(), argument_from_word(params, name, word));
    }
    arguments
}

/// Whether all its values are strings in JSON, but for the `null` of an option.
fn is_text(ty: &Type) -> bool {
    match ty {
        Type::String | Type::Char | Type::Bytes | Type::Enum(_) => true,
        Type::Option(inner) => is_text(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_word_is_what_its_parameter_s_type_makes_of_it() {
        let rows = [
            (Type::String, "5", json!("5")),
            (Type::String, "null", json!("null")),
            (Type::String, "\"a\"", json!("\"a\"")),
            (Type::Option(Box::new(Type::String)), "true", json!("true")),
            (Type::Char, "7", json!("7")),
            (Type::Enum(vec!["true".into()]), "true", json!("true")),
            (Type::Bytes, "1234", json!("1234")),
            (Type::U32, "5", json!(5)),
            (Type::Bool, "true", json!(true)),
            (Type::Option(Box::new(Type::U32)), "null", json!(null)),
            (
                Type::U64,
                "18446744073709551615",
                json!("18446744073709551615"),
            ),
            (Type::List(Box::new(Type::String)), "[\"a\"]", json!(["a"])),
            (Type::U32, "five", json!("five")),
        ];
        for (ty, word, means) in rows {
            let params = [Param {
                name: "x".into(),
                docs: None,
                ty,
            }];
            assert_eq!(argument_from_word(&params, "x", word), means, "{word}");
        }
        assert_eq!(argument_from_word(&[], "x", "5"), json!("5"));
    }
}
