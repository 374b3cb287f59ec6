//! Configuration of the hardening guide that people come from, turned into files of ours.
//!
//! ```text
//! {"role": ..., "permissions": {...}}    roles/NAME.toml
//! {"requiresConfirmation": {...}}        grants/SKILL.toml, and a tier in vouchsafe.toml
//! {"ssrfProtection": {...}}              grants/SKILL.toml
//! {"identity": {...}}                    told what it would be
//! ```
//!
//! What comes out is read by the very parsers that `apply` uses, and is never wider than what went in: where the guide
//! says less than a file of ours needs, the file gives less. Every value of the input is in [`Converted::told`], with the
//! line that it became, or why it became none; what is not known is an error (INVARIANT (told)).

mod confirm;
mod egress;
mod identity;
mod page;
mod reader;
mod role;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use vouchsafe_package::SkillName;

use crate::grant::Notice;
use crate::role::Scope;
use confirm::Confirmation;
use egress::Egress;
use page::Pages;
use reader::Reader;

/// What the guide's files do not say and ours need.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Tools that a role is about; what is said of a tool is about the only one.
    pub tools: Vec<Scope>,
    /// Whose skill that tool is of, as in `trust.toml`.
    pub publisher: Option<String>,
}

/// What the guide's configuration came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Converted {
    /// The files, by their paths in a configuration directory.
    pub files: Vec<File>,
    /// What became of each value of the input, by its place there.
    pub told: Vec<Told>,
    /// What lines of the files do less of than one may expect.
    pub notices: Vec<Notice>,
}

/// A file of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its path in a configuration directory.
    pub path: String,
    /// What stands in it.
    #[serde(skip)]
    pub text: String,
}

/// What became of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Told {
    /// Where it stands in the input: a JSON pointer (RFC 6901).
    pub key: String,
    /// What it became.
    #[serde(flatten)]
    pub became: Became,
}

/// What a value became.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Became {
    /// This line of this file, such as `roles/clerk.toml:2`.
    Line(Line),
    /// No line, because it is so without one.
    Already(String),
    /// No line: why not, and what to write instead.
    Not(String),
}

/// A line of a converted file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The file's path.
    pub file: String,
    /// From one.
    pub line: usize,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why the input is not converted at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {why}")]
pub struct Wrong {
    /// Where in the input, or which word of the command line.
    pub key: String,
    /// What is wrong there.
    pub why: String,
}

impl Converted {
    /// Whether something of the input became nothing.
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        let out = |told: &Told| matches!(told.became, Became::Not(_));
        self.told.iter().any(out)
    }
}

/// Turns a file of the guide's into files of ours.
///
/// # Errors
/// Everything in it that is not known, or that the parsers of our files refuse. Then nothing of it is converted.
pub fn convert(document: &Json, about: &About) -> Result<Converted, Vec<Wrong>> {
    let mut reader = Reader::default();
    let known = [
        "identity",
        "permissions",
        "requiresConfirmation",
        "role",
        "ssrfProtection",
    ];
    let top = reader.object("", document, &known);
    let mut pages = Pages::default();
    identity::convert(&mut reader, &mut pages, &top);
    role::convert(&mut reader, &mut pages, &top, about);
    let confirmation = confirm::read(&mut reader, &top);
    let egress = egress::read(&mut reader, &top);
    if let Some(confirmation) = &confirmation {
        confirm::tier(&mut pages, confirmation);
    }
    match about.tool() {
        Ok(tool) => grant(&mut pages, &tool, confirmation.as_ref(), egress.as_ref()),
        Err(why) => {
            pages.leave_out(confirmation.iter().flat_map(Confirmation::places), why);
            pages.leave_out(egress.iter().flat_map(Egress::places), why);
        }
    }
    reader.finish()?;
    pages.finish()
}

/// The tool that something is said of.
struct Tool<'a> {
    skill: &'a SkillName,
    name: &'a str,
    publisher: &'a str,
}

impl About {
    fn tool(&self) -> Result<Tool<'_>, &'static str> {
        match (self.tools.as_slice(), &self.publisher) {
            ([Scope::Tool(skill, name)], Some(publisher)) => Ok(Tool {
                skill,
                name,
                publisher,
            }),
            _ => Err(
                "it is about a tool: convert again with `--tool NAMESPACE:SKILL/TOOL --publisher NAME`",
            ),
        }
    }
}

/// The grant of `tool`, if anything is said of it.
fn grant(
    pages: &mut Pages,
    tool: &Tool<'_>,
    confirmation: Option<&Confirmation<'_>>,
    egress: Option<&Egress<'_>>,
) {
    if confirmation.is_none() && egress.is_none() {
        return;
    }
    let Tool {
        skill,
        name,
        publisher,
    } = tool;
    let file = format!("grants/{}.{}.toml", skill.namespace(), skill.name());
    let page = pages.page(&file);
    page.line(format!("skill     = {}", page::quoted(&skill.to_string())));
    page.of(
        ["--publisher"],
        format!("publisher = {}", page::quoted(publisher)),
    );
    page.line("# No component has this digest: `vouchsafe install` writes the true one.");
    page.line(format!("digest    = \"sha256:{}\"", "0".repeat(64)));
    page.line("");
    page.line("[tools]");
    match confirmation {
        Some(confirmation) => confirmation.write(page, name),
        None => page.line(format!("{name} = {{}}")),
    }
    if let Some(egress) = egress {
        egress.write(pages, &file, name);
    }
}
