//! Finds a credential in what comes back, in the forms that servers and libraries give it.
//!
//! A destination is trusted with its credential. This keeps a server that echoes it, by mistake or in an error page, from
//! handing it to the skill; a server that means to can always find a form that nobody looks for.
//!
//! INVARIANT (silent): what is let through, and when, depends on the credential's length and on whether all of it was
//! there, and on nothing else. Else a skill whose own words come back could ask for it character by character.

mod escapes;
mod forms;

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use bytes::Bytes;
use regex::bytes::Regex;
use vouchsafe_keys::never_implements;
use zeroize::Zeroizing;

/// Finds one credential, whatever the case: names of headers come in lower case.
pub struct Watch {
    /// Its forms. `None` where it could not be built: then everything is a hit.
    forms: Option<AhoCorasick>,
    /// Its forms with any of their characters escaped. `None` as above.
    escaped: Option<Regex>,
    /// More than any way to write it takes, in bytes.
    longest: usize,
    /// Whether what is looked for is all of it.
    is_whole: bool,
}

never_implements!(Watch: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

/// The credential was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential came back")]
pub struct Echoed;

/// So much of a credential is looked for, in bytes: its end, since many begin alike.
const END: usize = 64;

/// The most bytes that a way to write one byte takes: two digits, each as `\u0041`.
const WIDEST: usize = 12;

impl Watch {
    /// For `values`, which are one credential, whole and in parts.
    #[must_use]
    pub fn new(values: &[&[u8]]) -> Self {
        let ends: Vec<_> = values.iter().map(|value| end(value)).collect();
        let forms = Zeroizing::new(
            ends.iter()
                .flat_map(|end| forms::of(end))
                .collect::<Vec<_>>(),
        );
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .ascii_case_insensitive(true)
            .build(forms.iter());
        let length = values.iter().map(|value| value.len()).max().unwrap_or(0);
        Self {
            forms: automaton.ok(),
            escaped: escapes::of(&ends),
            longest: WIDEST * (length + 2),
            is_whole: values
                .iter()
                .zip(&ends)
                .all(|(value, end)| value.len() == end.len()),
        }
    }

    /// Whether it is in `bytes`.
    #[must_use]
    pub fn finds(&self, bytes: &[u8]) -> bool {
        let in_forms = |forms: &AhoCorasick| forms.is_match(bytes);
        let escaped = |escaped: &Regex| escapes::are_in(bytes) && escaped.is_match(bytes);
        self.forms.as_ref().is_none_or(in_forms) || self.escaped.as_ref().is_none_or(escaped)
    }

    /// `text` without it, if it is there.
    pub(crate) fn blank(&self, text: &str) -> Option<String> {
        if !self.finds(text.as_bytes()) {
            return None;
        }
        let found = |automaton: &AhoCorasick| {
            automaton.is_match(text).then(|| {
                let blanks = vec![BLANK; automaton.patterns_len()];
                automaton.replace_all(text, &blanks)
            })
        };
        let blanked = self
            .forms
            .as_ref()
            .filter(|_| self.is_whole)
            .and_then(found);
        // In a mixture of escapes, or where only its end is known, the whole line goes.
        let blanked = blanked.filter(|blanked| !self.finds(blanked.as_bytes()));
        Some(blanked.unwrap_or_else(|| BLANK.to_owned()))
    }

    /// Follows a body.
    #[must_use]
    pub fn stream(self: &Arc<Self>) -> Stream {
        Stream {
            watch: Arc::clone(self),
            held: Zeroizing::default(),
        }
    }
}

/// The end of `value` that is looked for, from a character's first byte on.
fn end(value: &[u8]) -> &[u8] {
    let mut from = value.len().saturating_sub(END);
    while value.get(from).is_some_and(|byte| byte & 0xc0 == 0x80) {
        from += 1;
    }
    value.get(from..).unwrap_or_default()
}

/// What stands where a credential was.
const BLANK: &str = "[credential]";

/// A body on its way to a guest. Its last bytes are held, as many as could be a credential, until more comes or it ends.
pub struct Stream {
    watch: Arc<Watch>,
    held: Zeroizing<Vec<u8>>,
}

impl Stream {
    /// The next part, as far as no credential can begin in it.
    ///
    /// # Errors
    /// When one was found. Nothing of it was let through.
    pub fn push(&mut self, part: Bytes) -> Result<Bytes, Echoed> {
        let whole = match self.held.is_empty() {
            true => part,
            false => Bytes::from([self.held.as_slice(), &part].concat()),
        };
        if self.watch.finds(&whole) {
            return Err(Echoed);
        }
        let through = whole.len().saturating_sub(self.watch.longest);
        self.held = Zeroizing::new(whole.get(through..).unwrap_or_default().to_vec());
        Ok(whole.slice(..through))
    }

    /// What it looks for.
    #[must_use]
    pub fn of(&self) -> &Watch {
        &self.watch
    }

    /// What was held until the end, and was no credential after all.
    #[must_use]
    pub fn end(&mut self) -> Option<Bytes> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then(|| Bytes::copy_from_slice(&held))
    }
}

#[cfg(test)]
mod tests;
