//! What is taken out of a text, and how much round it.

use std::ops::Range;

use crate::{Family, Finding};

/// What stands where something was taken out.
pub(crate) const REMOVED: &str = "[removed]";

/// Something to be taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) family: Family,
    pub(crate) rule: String,
    /// In bytes, at the borders of characters.
    pub(crate) range: Range<usize>,
    pub(crate) disguise: Option<&'static str>,
}

impl Cut {
    pub(crate) fn new(family: Family, rule: &str, range: Range<usize>) -> Self {
        Self {
            family,
            rule: rule.to_owned(),
            range,
            disguise: None,
        }
    }

    /// All of a text that can't be read.
    pub(crate) fn whole(text: &str) -> Self {
        Self::new(Family::Template, "unreadable", 0..text.len())
    }

    pub(crate) fn finding(&self) -> Finding {
        let bytes = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Finding {
            family: self.family,
            rule: self.rule.clone(),
            offset: bytes(self.range.start),
            length: bytes(self.range.len()),
            disguise: self.disguise.map(str::to_owned),
        }
    }

    /// Phrases are cut with what they belong to: an instruction goes on after the words that give it away. A mark
    /// or a run of hidden characters is a thing of its own.
    fn widened(mut self, text: &str, from: usize) -> Self {
        let alone = matches!(
            self.family,
            Family::Template | Family::Hidden | Family::Exfiltration
        );
        let encoded = self
            .disguise
            .is_some_and(|name| !matches!(name, "rot13" | "reversed"));
        if !alone && !encoded {
            let start = before(text, self.range.start).max(from);
            let end = after(text, self.range.end);
            self.range = start..end;
        }
        self
    }
}

/// Widens cuts and joins those that meet. The first of them gives its name.
pub(crate) fn apart(text: &str, mut cuts: Vec<Cut>) -> Vec<Cut> {
    cuts.sort_by_key(|cut| (cut.range.start, cut.family == Family::Hidden));
    let mut apart: Vec<Cut> = Vec::new();
    for cut in cuts {
        let Some(last) = apart.last_mut() else {
            apart.push(cut.widened(text, 0));
            continue;
        };
        if cut.range.start >= last.range.end {
            let from = last.range.end;
            apart.push(cut.widened(text, from));
            continue;
        }
        let end = match cut.range.end <= last.range.end {
            true => last.range.end,
            false => cut.clone().widened(text, last.range.start).range.end,
        };
        last.range.end = end;
        if last.family == Family::Hidden {
            (last.family, last.rule, last.disguise) = (cut.family, cut.rule, cut.disguise);
        }
    }
    apart
}

/// The text without what `cuts`, which are apart and in order, take out.
pub(crate) fn apply(text: &str, cuts: Vec<Cut>) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for cut in cuts {
        left.push_str(text.get(at..cut.range.start).unwrap_or_default());
        if cut.family != Family::Hidden {
            left.push_str(REMOVED);
        }
        at = cut.range.end;
    }
    left.push_str(text.get(at..).unwrap_or_default());
    left
}

/// Where a format begins or ends a value, so that a cut leaves XML and JSON well formed.
const OF_FORMATS: [char; 4] = ['<', '>', '"', '\0'];
/// An instruction longer than this is cut in parts.
const FAR: usize = 2000;

/// The start of the sentence.
fn before(text: &str, at: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    let border = head.char_indices().rev().take(FAR).find(|(index, c)| {
        let next = head
            .get(index.saturating_add(c.len_utf8())..)
            .unwrap_or_default();
        OF_FORMATS.contains(c) || *c == '\n' || (ends(*c) && spaced(next))
    });
    let near = head
        .char_indices()
        .rev()
        .take(FAR)
        .last()
        .map_or(at, |(index, _)| index);
    let start = border.map_or(near, |(index, c)| index.saturating_add(c.len_utf8()));
    let rest = text.get(start..at).unwrap_or_default();
    start.saturating_add(rest.len().saturating_sub(rest.trim_start().len()))
}

/// The end of the paragraph.
fn after(text: &str, at: usize) -> usize {
    let tail = text.get(at..).unwrap_or_default();
    let mut line_was_empty = false;
    for (index, c) in tail.char_indices() {
        if OF_FORMATS.contains(&c) || index > FAR {
            return at.saturating_add(index);
        }
        if c == '\n' {
            if line_was_empty {
                return at.saturating_add(index);
            }
            line_was_empty = true;
        } else if !c.is_whitespace() {
            line_was_empty = false;
        }
    }
    text.len()
}

fn ends(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '。' | '！' | '？' | '।' | '؟')
}

fn spaced(next: &str) -> bool {
    next.is_empty() || next.starts_with(char::is_whitespace)
}
