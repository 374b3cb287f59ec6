//! `[prompts.NAME]`: what a language model is told. A prepared statement: its words are signed with the skill, and
//! a call fills in its slots.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::reply::ReplySchema;
use crate::as_text::serde_as_text;
use crate::digest::Digest;
use crate::name::is_kebab;
use crate::value::canonical;

/// Most tokens of a reply where the prompt does not say.
pub const REPLY_TOKENS: u32 = 1024;
/// Most tokens of a reply that a prompt can ask for.
pub const MOST_REPLY_TOKENS: u32 = 32 << 10;
/// Most slots of a prompt.
const SLOTS: usize = 32;

/// `[prompts.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// The skill's name for the model; the grant says which it is and where.
    pub model: String,
    /// The instructions. No data ever stands among them.
    pub system: String,
    /// The request, with `{name}` where data go.
    pub template: Template,
    /// What a reply must fit.
    pub reply: ReplySchema,
    /// Most tokens of a reply; [`REPLY_TOKENS`] if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u32>,
}

impl Prompt {
    /// Most tokens of a reply.
    #[must_use]
    pub fn reply_tokens(&self) -> u32 {
        self.tokens.unwrap_or(REPLY_TOKENS)
    }

    /// Names all of it, for records: another word is another digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        // Strings, integers and maps with string keys always serialise.
        let json = serde_json::to_value(self).unwrap_or_default();
        Digest::of(&canonical(&json))
    }
}

/// Text with slots: `Classify this: {document}`. Each slot stands there once; `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words that are signed with the skill.
    Text(String),
    /// Where a call's data of this name go.
    Slot(String),
}

impl Template {
    /// Words and slots, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The names of the slots, in order.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut template = Self { parts: Vec::new() };
        let mut words = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            words.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                words.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                words.push('}');
                rest = after;
            } else {
                let (name, after) = slot(brace)?;
                template.words(&mut words);
                template.slot(name)?;
                rest = after;
            }
        }
        words.push_str(rest);
        template.words(&mut words);
        Ok(template)
    }
}

impl Template {
    fn words(&mut self, words: &mut String) {
        if !words.is_empty() {
            self.parts.push(Part::Text(std::mem::take(words)));
        }
    }

    fn slot(&mut self, name: &str) -> Result<(), String> {
        if self.slots().any(|known| known == name) {
            return Err(format!("the slot `{{{name}}}` stands there twice"));
        }
        if self.slots().count() >= SLOTS {
            return Err(format!("there are more than {SLOTS} slots"));
        }
        self.parts.push(Part::Slot(name.to_owned()));
        Ok(())
    }
}

/// The name in braces that `text` begins with, and what follows.
fn slot(text: &str) -> Result<(&str, &str), String> {
    let inner = text.strip_prefix('{').and_then(|text| text.split_once('}'));
    match inner {
        Some((name, after)) if is_kebab(name) => Ok((name, after)),
        _ => Err(
            "a brace stands alone: want a slot such as `{document}`, or `{{` and `}}` for braces"
                .to_owned(),
        ),
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::Slot(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

serde_as_text!(Template);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_and_slots_are_told_apart() {
        let template: Template = "As {{json}}: {document}, in {language}.".parse().unwrap();
        assert_eq!(
            template.slots().collect::<Vec<_>>(),
            ["document", "language"]
        );
        assert_eq!(
            template.parts().first(),
            Some(&Part::Text("As {json}: ".to_owned()))
        );
        for wrong in [
            "{",
            "}",
            "{}",
            "{Document}",
            "{a b}",
            "{a}{a}",
            "{{a}",
            "{a}}",
            "x { y",
        ] {
            assert!(wrong.parse::<Template>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_word_of_a_prompt_is_in_its_digest() {
        let prompt = |text: &str| -> Prompt { toml::from_str(text).unwrap() };
        let text = "model = 'm'\nsystem = 's'\ntemplate = 't {a}'\ntokens = 9\nreply = { type = 'object' }\n";
        let one = prompt(text);
        for (from, to) in [
            ("'m'", "'n'"),
            ("'s'", "'r'"),
            ("{a}", "{b}"),
            ("9", "8"),
            ("{ type = 'object' }", "{ type = 'object', title = 'x' }"),
        ] {
            assert_ne!(one.digest(), prompt(&text.replace(from, to)).digest());
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again(text in "[a-z{} ]{0,24}") {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.to_string().parse::<Template>().unwrap(), template.clone());
                prop_assert_eq!(template.to_string(), text);
            }
        }
    }
}
