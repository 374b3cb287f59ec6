//! Where in which file something stands, and what is wrong with it there.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use toml::Spanned;

/// A line of a file in the configuration directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the configuration directory.
    pub file: Arc<str>,
    /// From one.
    pub line: usize,
    /// From one, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}:{}", self.file, self.line))
    }
}

impl Place {
    /// With the column: no two things begin there.
    pub(crate) fn spot(&self) -> String {
        format!("{self}:{}", self.column)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value and the place where it was written. Equal when the values are.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub place: Place,
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> At<T> {
    pub(crate) fn try_map<U>(
        self,
        read: impl FnOnce(T) -> Result<U, String>,
    ) -> Result<At<U>, Fault> {
        let Self { value, place } = self;
        match read(value) {
            Ok(value) => Ok(At { value, place }),
            Err(problem) => Err(Fault::new(place, problem)),
        }
    }
}

/// The one form of a line that would allow something: where it stands or would stand, what to write there, and that it has
/// to be applied.
pub fn amend(place: impl fmt::Display, what: impl fmt::Display) -> String {
    format!("{place}: {what}, then `vouchsafe apply`")
}

/// Something wrong in a file, where, and the line that would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub problem: String,
    /// What to write or run instead.
    pub fix: Option<String>,
}

impl Fault {
    pub(crate) fn new(place: Place, problem: impl Into<String>) -> Self {
        Self {
            place,
            problem: problem.into(),
            fix: None,
        }
    }

    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            problem,
            fix,
        } = self;
        write!(
            f,
            "{}:{}:{}: {problem}",
            place.file, place.line, place.column
        )?;
        match fix {
            Some(fix) => write!(f, "\n  fix: {fix}"),
            None => Ok(()),
        }
    }
}

/// Everything wrong that was found, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// In the order of the files.
    pub all: Vec<Fault>,
}

impl From<Vec<Fault>> for Faults {
    fn from(mut all: Vec<Fault>) -> Self {
        all.sort_by(|a, b| a.place.cmp(&b.place));
        Self { all }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self { all: vec![fault] }
    }
}

impl Faults {
    /// What is wrong, a line each.
    #[must_use]
    pub fn problems(&self) -> String {
        let lines = self.all.iter().map(|fault| {
            let Place { file, line, column } = &fault.place;
            format!("{file}:{line}:{column}: {}", fault.problem)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What would mend it, as far as that is known; a line each and with its place, where several things are wrong.
    #[must_use]
    pub fn fix(&self) -> Option<String> {
        if let [only] = self.all.as_slice() {
            return only.fix.clone();
        }
        let lines = self.all.iter().filter_map(|Fault { place, fix, .. }| {
            let fix = fix.as_ref()?;
            Some(format!(
                "{}:{}:{}: {fix}",
                place.file, place.line, place.column
            ))
        });
        let lines: Vec<_> = lines.collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.all.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{fault}")?;
        }
        Ok(())
    }
}

/// The longest file that is read, in bytes: a thousand times what people write.
pub(crate) const MAX_FILE: usize = 1 << 20;

/// A file's text, to say where a part of it stands.
#[derive(Debug, Clone)]
pub(crate) struct Source<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &str, text: &'a str) -> Self {
        Self {
            file: file.into(),
            text,
        }
    }

    /// The bytes as text, if they are short enough and UTF-8.
    pub(crate) fn of_bytes(file: &str, bytes: &'a [u8]) -> Result<Self, Fault> {
        let fault = |problem: &str| Fault::new(Self::new(file, "").start(), problem);
        if bytes.len() > MAX_FILE {
            return Err(fault("the file is longer than 1 MiB"));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(file, text)),
            Err(_) => Err(fault("the file is not UTF-8")),
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The file's first character.
    pub(crate) fn start(&self) -> Place {
        self.place(0)
    }

    pub(crate) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
        }
    }

    pub(crate) fn at<T>(&self, spanned: Spanned<T>) -> At<T> {
        let place = self.place(spanned.span().start);
        At {
            value: spanned.into_inner(),
            place,
        }
    }

    /// Reads the whole file as TOML; what serde refuses becomes a fault at its place.
    pub(crate) fn toml<T: serde::de::DeserializeOwned>(&self) -> Result<T, Fault> {
        if self.text.len() > MAX_FILE {
            return Err(Fault::new(self.start(), "the file is longer than 1 MiB"));
        }
        toml::from_str(self.text).map_err(|error| {
            let start = error.span().map_or(0, |Range { start, .. }| start);
            Fault::new(self.place(start), error.message())
        })
    }

    /// The value of a key that the file must have.
    pub(crate) fn required<T>(
        &self,
        found: Option<Spanned<T>>,
        example: &str,
    ) -> Result<At<T>, Fault> {
        let key = example.split(' ').next().unwrap_or(example);
        found.map(|spanned| self.at(spanned)).ok_or_else(|| {
            Fault::new(self.start(), format!("`{key}` is missing"))
                .with_fix(format!("add the line `{example}`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source::new("f", "ab\né=1\n");
        let at = |offset| {
            let place = source.place(offset);
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(5), (2, 2));
        assert_eq!(at(999), (3, 1));
    }

    #[test]
    fn a_cut_inside_a_character_is_no_panic() {
        assert_eq!(Source::new("f", "é\n").place(1).line, 2);
    }
}
