//! The guide's JSON, read strictly: what is not known and what is not of its type is named with its place.

use serde_json::{Map, Value as Json};
use vouchsafe_package::words::is_unseen;

use super::Wrong;

/// Reads on after a fault, to name them all.
#[derive(Debug, Default)]
pub(super) struct Reader {
    wrong: Vec<Wrong>,
}

/// The members of an object, and where it stands.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    at: String,
    members: Option<&'a Map<String, Json>>,
}

/// A value and where it stands.
pub(super) type At<T> = (String, T);

/// Texts and where each stands.
pub(super) type Texts<'a> = Vec<At<&'a str>>;

impl Reader {
    /// The object `value`, whose members are all `known`.
    pub(super) fn object<'a>(&mut self, at: &str, value: &'a Json, known: &[&str]) -> Object<'a> {
        let Some(members) = value.as_object() else {
            self.wrong(at, "want an object");
            return Object::default();
        };
        for name in members
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
        {
            let why = format!("it is not known here: want {}", known.join(", "));
            self.wrong(&pointer(at, name), why);
        }
        Object {
            at: at.to_owned(),
            members: Some(members),
        }
    }

    /// The object that `object` has under `name`, if any.
    pub(super) fn below<'a>(
        &mut self,
        object: &Object<'a>,
        name: &str,
        known: &[&str],
    ) -> Option<Object<'a>> {
        let (at, value) = object.get(name)?;
        Some(self.object(&at, value, known))
    }

    /// A text on one line.
    pub(super) fn text<'a>(&mut self, object: &Object<'a>, name: &str) -> Option<At<&'a str>> {
        let (at, value) = object.get(name)?;
        self.line(at, value)
    }

    /// A list of such texts, each with its place, and the list's own place.
    pub(super) fn texts<'a>(&mut self, object: &Object<'a>, name: &str) -> Option<At<Texts<'a>>> {
        let (at, value) = object.get(name)?;
        let Some(list) = value.as_array() else {
            self.wrong(&at, "want a list of texts");
            return None;
        };
        let numbered = list.iter().enumerate();
        let texts = numbered.filter_map(|(number, text)| self.line(format!("{at}/{number}"), text));
        let texts = texts.collect();
        Some((at, texts))
    }

    pub(super) fn boolean(&mut self, object: &Object<'_>, name: &str) -> Option<At<bool>> {
        let (at, value) = object.get(name)?;
        if value.as_bool().is_none() {
            self.wrong(&at, "want true or false");
        }
        Some((at, value.as_bool()?))
    }

    /// A whole number that is not negative.
    pub(super) fn whole(&mut self, object: &Object<'_>, name: &str) -> Option<At<u64>> {
        let (at, value) = object.get(name)?;
        if value.as_u64().is_none() {
            self.wrong(&at, "want a whole number");
        }
        Some((at, value.as_u64()?))
    }

    pub(super) fn wrong(&mut self, key: &str, why: impl Into<String>) {
        self.wrong.push(Wrong {
            key: key.to_owned(),
            why: why.into(),
        });
    }

    pub(super) fn finish(self) -> Result<(), Vec<Wrong>> {
        match self.wrong.is_empty() {
            true => Ok(()),
            false => Err(self.wrong),
        }
    }

    fn line<'a>(&mut self, at: String, value: &'a Json) -> Option<At<&'a str>> {
        match value.as_str() {
            Some(text)
                if text.is_empty() || text.contains(|c: char| c.is_control() || is_unseen(c)) =>
            {
                self.wrong(&at, "want a line of characters that are seen as they are");
                None
            }
            Some(text) => Some((at, text)),
            None => {
                self.wrong(&at, "want a text");
                None
            }
        }
    }
}

impl<'a> Object<'a> {
    /// Where it stands.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    pub(super) fn get(&self, name: &str) -> Option<At<&'a Json>> {
        let value = self.members?.get(name)?;
        Some((pointer(&self.at, name), value))
    }
}

/// A JSON pointer, one step down.
fn pointer(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}
