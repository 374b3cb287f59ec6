//! XML as an invoice needs it: bounded, without document types, elements by name whatever their prefix.

use roxmltree::{Document, Error, Node, ParsingOptions};

use crate::{Misread, Problem, Syntax};

/// Longer than any invoice seen, attachments included, and parsed within the default limits.
const LARGEST: usize = 4 * 1024 * 1024;

/// More elements and texts than thousands of lines have, and a tree that fits the default memory.
const MOST_NODES: u32 = 300_000;

const COMMON: &str = "urn:oasis:names:specification:ubl:schema:xsd:Common";

/// The document less what mail and editors put before it: a byte order mark, white space.
pub(crate) fn clean(document: &str) -> Result<&str, Problem> {
    if document.len() > LARGEST {
        return Err(Problem::TooLarge(
            u32::try_from(LARGEST).unwrap_or(u32::MAX),
        ));
    }
    Ok(document.trim_start_matches('\u{feff}').trim_start())
}

/// The tree of a document without a document type.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Problem> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| match error {
        Error::DtdDetected => Problem::DocumentType,
        Error::NodesLimitReached => Problem::TooComplex("elements".to_owned()),
        other => {
            let at = other.pos();
            Problem::NotXml(Syntax {
                line: at.row,
                column: at.col,
                reason: reason(&other),
            })
        }
    })
}

/// The parser's words without the place, which is told apart.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at ")
        .map_or(text.clone(), |(before, _)| before.to_owned())
}

/// An element of an invoice. It knows the way to it, which errors name.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    node: Node<'a, 'a>,
    root: Node<'a, 'a>,
}

impl<'a> Element<'a> {
    pub(crate) fn root(node: Node<'a, 'a>) -> Self {
        Self { node, root: node }
    }

    /// All child elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Self> + use<'a> {
        let root = self.root;
        let children = self.node.children().filter(Node::is_element);
        children.map(move |node| Self { node, root })
    }

    /// All children called `name`, of UBL's common vocabularies.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = Self> + use<'a> {
        let root = self.root;
        let children = self.node.children().filter(move |child| is(*child, name));
        children.map(move |node| Self { node, root })
    }

    /// The only child called `name`, if there is one.
    ///
    /// # Errors
    /// When there are several: which one another program takes is anybody's guess.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<Self>, Problem> {
        let mut found = self.all(name);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Problem::Repeated(self.path_to(name))),
            (only, _) => Ok(only),
        }
    }

    /// The only child called `name`.
    pub(crate) fn required(&self, name: &'static str) -> Result<Self, Problem> {
        self.optional(name)?.ok_or_else(|| self.missing(name))
    }

    /// The element at the end of a way of only children, if all of it is there.
    pub(crate) fn at(&self, names: &[&'static str]) -> Result<Option<Self>, Problem> {
        let mut here = Some(*self);
        for name in names {
            here = match here {
                Some(element) => element.optional(name)?,
                None => None,
            };
        }
        Ok(here)
    }

    /// The text at the end of a way; none when it is absent or blank.
    pub(crate) fn text_at(&self, names: &[&'static str]) -> Result<Option<String>, Problem> {
        Ok(self
            .at(names)?
            .map(|element| element.text())
            .filter(|text| !text.is_empty()))
    }

    /// The text of the only child called `name`, which may not be blank.
    pub(crate) fn required_text(&self, name: &'static str) -> Result<String, Problem> {
        let element = self.required(name)?;
        let text = element.text();
        if text.is_empty() {
            return Err(self.missing(name));
        }
        Ok(text)
    }

    /// The texts of all children called `name` that are not blank.
    pub(crate) fn texts(&self, name: &'static str) -> Vec<String> {
        self.all(name)
            .map(|element| element.text())
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// All text directly in the element (comments and CDATA limits fall away), trimmed.
    pub(crate) fn text(&self) -> String {
        let parts = self
            .node
            .children()
            .filter(Node::is_text)
            .filter_map(|part| part.text());
        parts.collect::<String>().trim().to_owned()
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let value = self.node.attribute(name).map(str::trim);
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Such as `Invoice/LegalMonetaryTotal/PayableAmount`, whatever the prefixes.
    fn path(&self) -> String {
        let above = self.node.ancestors().take_while(|node| *node != self.root);
        let mut names: Vec<_> = above.map(|node| node.tag_name().name()).collect();
        names.push(self.root.tag_name().name());
        names.reverse();
        names.join("/")
    }

    fn path_to(&self, name: &str) -> String {
        format!("{}/{name}", self.path())
    }

    /// The error that something under this element is not there.
    pub(crate) fn missing(&self, what: &str) -> Problem {
        Problem::Missing(self.path_to(what))
    }

    /// The error that this element does not say what it should.
    pub(crate) fn misread(&self, expected: &str) -> Problem {
        Problem::Misread(Misread {
            path: self.path(),
            text: self.text().chars().take(80).collect(),
            expected: expected.to_owned(),
        })
    }
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    let tag = node.tag_name();
    node.is_element()
        && tag.name() == name
        && tag
            .namespace()
            .is_some_and(|space| space.starts_with(COMMON))
}
