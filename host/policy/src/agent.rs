//! `agents/*.toml`: an agent that comes over the network, and its role.
//!
//! ```toml
//! agent = "invoice-3"
//! role  = "invoice-processing-agent"
//! ```

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::name::is_kebab;

use crate::place::{At, Fault, Source};

/// An agent whom this host knows by its certificate. What it may do is its role's alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Its name, in decisions, records and certificates.
    pub name: At<String>,
    /// The name of its role.
    pub role: At<String>,
}

/// What the names of this machine's own callers begin with, which no agent's does.
const LOCAL: &str = "uid-";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAgent {
    agent: Option<Spanned<String>>,
    role: Option<Spanned<String>>,
}

impl Agent {
    /// Reads the text of `agents/NAME.toml`.
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, Fault> {
        let source = Source::new(file, text);
        let raw: RawAgent = source.toml()?;
        let role = source.required(raw.role, "role = \"name\"")?;
        Ok(Self {
            name: source
                .required(raw.agent, "agent = \"name\"")?
                .try_map(name)?,
            role: role.try_map(|text| kebab(text, "a role"))?,
        })
    }
}

/// The name of an agent.
///
/// # Errors
/// For anything but 1 to 63 lower-case letters, digits and single hyphens, and for what the callers of this
/// machine are called.
pub fn name(text: String) -> Result<String, String> {
    let text = kebab(text, "an agent")?;
    match text {
        text if text.len() > 63 => Err("an agent's name has at most 63 characters".to_owned()),
        text if text.starts_with(LOCAL) => Err(format!(
            "`{text}`: what begins with `{LOCAL}` is a user of this machine"
        )),
        text => Ok(text),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Agent, String> {
        Agent::parse("agents/a.toml", text).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_agent_has_a_name_and_a_role() {
        let agent = read("agent = 'invoice-3'\nrole = 'invoices'").unwrap();
        assert_eq!(
            (&*agent.name.value, &*agent.role.value),
            ("invoice-3", "invoices")
        );
        assert_eq!(agent.role.place.line, 2);
    }

    #[test]
    fn what_names_nobody_or_a_user_of_the_machine_is_a_fault() {
        let long = format!("agent = '{}'\nrole = 'r'", "a".repeat(64));
        for wrong in [
            "",
            "agent = 'a'",
            "role = 'r'",
            "agent = 'uid-0'\nrole = 'r'",
            "agent = 'A'\nrole = 'r'",
            "agent = 'a/b'\nrole = 'r'",
            "agent = 'a'\nrole = 'R'",
            "agent = 'a'\nrole = 'r'\nid = 'x'",
            &long,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
