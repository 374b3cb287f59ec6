//! What a skill is called: its WIT package's namespace and name.

use crate::as_text::serde_as_text;
use std::fmt;
use std::str::FromStr;

/// Longest namespace or name: file names are made of both.
pub const MAX_PART: usize = 64;

/// `namespace:name`, both in lower-case kebab-case, as in WIT.
///
/// The name alone says nothing about who made the skill: the publisher is
/// always compared too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkillName {
    namespace: String,
    name: String,
}

impl SkillName {
    /// A name of these two parts, if both are kebab-case.
    pub fn new(namespace: &str, name: &str) -> Result<Self, NameError> {
        for part in [namespace, name] {
            if !is_kebab(part) {
                return Err(NameError {
                    text: shorten(&format!("{namespace}:{name}")),
                });
            }
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The part that a publisher owns, such as `acme`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The part after the colon, such as `payments`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Why a text is not a skill's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a skill's name: want `namespace:name`, each of lower-case letters, digits and single hyphens, \
     beginning with a letter, at most 64 long"
)]
pub struct NameError {
    text: String,
}

/// Whether `text` is lower-case kebab-case: `[a-z][a-z0-9]*(-[a-z0-9]+)*`, at
/// most [`MAX_PART`] long. Skills, destinations, settings and the rest are all
/// named so.
#[must_use]
pub fn is_kebab(text: &str) -> bool {
    text.len() <= MAX_PART
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

fn shorten(text: &str) -> String {
    text.chars().take(2 * MAX_PART).collect()
}

impl FromStr for SkillName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once(':') {
            Some((namespace, name)) => Self::new(namespace, name),
            None => Err(NameError {
                text: shorten(text),
            }),
        }
    }
}

impl fmt::Display for SkillName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.name)
    }
}

impl fmt::Debug for SkillName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(SkillName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_kebab_case_on_both_sides() {
        let name: SkillName = "acme:invoice-intake2".parse().unwrap();
        assert_eq!((name.namespace(), name.name()), ("acme", "invoice-intake2"));
        assert_eq!(name.to_string(), "acme:invoice-intake2");
        let long = format!("acme:{}", "a".repeat(65));
        for wrong in [
            "",
            ":",
            "acme",
            "acme:",
            ":x",
            "Acme:x",
            "acme:x_y",
            "acme:x--y",
            "acme:-x",
            "acme:x-",
            "acme:1x",
            "acme:x:y",
            "acme:../x",
            "acmé:x",
            "acme:x@1",
            " acme:x",
            &long,
        ] {
            assert!(wrong.parse::<SkillName>().is_err(), "{wrong}");
        }
    }
}
