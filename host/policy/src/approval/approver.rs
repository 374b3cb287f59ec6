//! `approvers/*.toml`: a person's key, by which they say yes or no.

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_keys::PublicKey;
use vouchsafe_package::name::is_kebab;

use crate::place::{At, Fault, Source};

/// One key of one person. A person may have several; they count once.
#[derive(Debug, Clone)]
pub struct Approver {
    /// What the file calls this key.
    pub name: At<String>,
    /// Whose it is, by a subject that never passes to somebody else.
    pub person: At<String>,
    /// The groups that the person is of.
    pub groups: Vec<At<String>>,
    /// The key.
    pub key: At<PublicKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApprover {
    name: Option<Spanned<String>>,
    person: Option<Spanned<String>>,
    #[serde(default)]
    groups: Vec<Spanned<String>>,
    key: Option<Spanned<String>>,
}

impl Approver {
    /// Reads the text of `approvers/NAME.toml`.
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, Fault> {
        let source = Source::new(file, text);
        let raw: RawApprover = source.toml()?;
        let key = source.required(raw.key, "key = \"\"\"-----BEGIN PUBLIC KEY-----...\"\"\"")?;
        let groups = raw
            .groups
            .into_iter()
            .map(|group| source.at(group).try_map(|text| kebab(text, "a group")));
        Ok(Self {
            name: source
                .required(raw.name, "name = \"bo\"")?
                .try_map(|text| kebab(text, "a name"))?,
            person: source
                .required(raw.person, "person = \"bo@corp.example\"")?
                .try_map(person)?,
            groups: groups.collect::<Result<_, _>>()?,
            key: key.try_map(|pem| PublicKey::from_pem(&pem).map_err(|error| error.to_string()))?,
        })
    }

    /// Whether the person is of `group`; everybody is of none.
    #[must_use]
    pub fn is_of(&self, group: Option<&str>) -> bool {
        group.is_none_or(|group| self.groups.iter().any(|at| at.value == group))
    }
}

/// The subject of a person or an agent. It has one spelling, so that nobody is two people.
///
/// # Errors
/// For anything but 1 to 128 of `a-z 0-9 . _ - @ + :`.
pub fn person(text: String) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-@+:".contains(&b);
    if (1..=128).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text);
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!(
        "`{shown}` names nobody: want lower-case letters, digits and any of `._-@+:`, such as `bo@corp.example`"
    ))
}

fn kebab(text: String, what: &str) -> Result<String, String> {
    if is_kebab(&text) {
        return Ok(text);
    }
    let shown: String = text.chars().take(80).collect();
    Err(format!(
        "`{shown}` is not {what}: want lower-case letters, digits and single hyphens"
    ))
}
