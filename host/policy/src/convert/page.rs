//! Files as they are written, and which value of the input each line is from.

use std::collections::BTreeMap;

use super::{Became, Converted, File, Line, Told, Wrong};
use crate::grant::{Grant, Notice};
use crate::place::Fault;
use crate::role::Role;
use crate::settings::Settings;

/// What is told of values that became no line, and the files.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: BTreeMap<String, Page>,
    told: Vec<Told>,
}

/// A file.
#[derive(Debug, Default)]
pub(super) struct Page {
    lines: Vec<Written>,
}

#[derive(Debug)]
struct Written {
    text: String,
    /// Places in the input, or words of the command line.
    of: Vec<String>,
}

impl Page {
    /// A line of nobody's.
    pub(super) fn line(&mut self, text: impl Into<String>) {
        self.of([], text);
    }

    /// A line that these became.
    pub(super) fn of<'a>(
        &mut self,
        keys: impl IntoIterator<Item = &'a str>,
        text: impl Into<String>,
    ) {
        self.lines.push(Written {
            text: text.into(),
            of: keys.into_iter().map(str::to_owned).collect(),
        });
    }

    fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| format!("{}\n", line.text));
        lines.collect()
    }

    /// What the file's own parser says of it.
    fn parsed(&self, path: &str) -> Result<Vec<Notice>, Wrong> {
        let text = self.text();
        let parsed = match path.split_once('/') {
            Some(("roles", _)) => Role::parse(path, &text).map(|role| role.notices()),
            Some(("grants", _)) => Grant::parse(path, &text).map(|grant| grant.notices()),
            _ => Settings::parse(path, &text).map(|_| Vec::new()),
        };
        parsed.map_err(|fault| self.wrong(fault))
    }

    /// A fault of a line, where the line came from.
    fn wrong(&self, fault: Fault) -> Wrong {
        let line = self.lines.get(fault.place.line.saturating_sub(1));
        let key = line.and_then(|line| line.of.first());
        let key = key.cloned().unwrap_or_else(|| fault.place.to_string());
        let why = match fault.fix {
            Some(fix) => format!("{} ({fix})", fault.problem),
            None => fault.problem,
        };
        Wrong { key, why }
    }
}

impl Pages {
    /// The file at `path`, begun with a word on what it is.
    pub(super) fn page(&mut self, path: &str) -> &mut Page {
        self.pages.entry(path.to_owned()).or_insert_with(|| {
            let mut page = Page::default();
            page.line("# Made by `vouchsafe convert`. A proposal, until `vouchsafe apply`.");
            page
        })
    }

    /// Tells why the values at `places` became no line.
    pub(super) fn leave_out<'a>(
        &mut self,
        places: impl IntoIterator<Item = &'a String>,
        why: &str,
    ) {
        for at in places {
            self.tell(at, Became::Not(why.to_owned()));
        }
    }

    /// Tells what the value at `key` became.
    pub(super) fn tell(&mut self, key: &str, became: Became) {
        self.told.push(Told {
            key: key.to_owned(),
            became,
        });
    }

    /// The files, each read by its own parser.
    ///
    /// # Errors
    /// What the parsers refuse.
    pub(super) fn finish(mut self) -> Result<Converted, Vec<Wrong>> {
        let (mut files, mut notices, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for (path, page) in &self.pages {
            match page.parsed(path) {
                Ok(more) => notices.extend(more),
                Err(fault) => wrong.push(fault),
            }
            for (number, line) in (1..).zip(&page.lines) {
                for key in line.of.iter().filter(|key| key.starts_with('/')) {
                    let file = path.clone();
                    let became = Became::Line(Line { file, line: number });
                    let key = key.clone();
                    self.told.push(Told { key, became });
                }
            }
            let (path, text) = (path.clone(), page.text());
            files.push(File { path, text });
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        self.told.sort();
        let told = self.told;
        Ok(Converted {
            files,
            told,
            notices,
        })
    }
}

/// `text` as TOML has it, on one line. It has no control characters: the reader refused them.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

/// `name` as a key, quoted where it has to be.
pub(super) fn key(name: &str) -> String {
    toml_edit::Key::new(name).to_string()
}

/// A list of them.
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}
