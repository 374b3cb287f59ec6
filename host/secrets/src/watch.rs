//! Finds a credential in what comes back, in the forms that servers and libraries give it.
//!
//! A destination is trusted with its credential. This keeps a server that echoes it, by mistake or in an error page, from
//! handing it to the skill; a server that means to can always find a form that nobody looks for.

mod decode;
mod forms;

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use bytes::Bytes;
use vouchsafe_keys::never_implements;
use zeroize::Zeroizing;

/// Finds one credential.
pub struct Watch {
    forms: Finder,
    /// The plain forms, for text that was unescaped.
    plain: Finder,
    /// Both, whatever the case: names of headers come in lower case.
    folded: Finder,
}

never_implements!(Watch: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

/// The credential was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential came back")]
pub struct Echoed;

struct Finder {
    /// `None` where it could not be built: then everything is a hit.
    automaton: Option<AhoCorasick>,
    patterns: Zeroizing<Vec<Vec<u8>>>,
    begins: [bool; 256],
    longest: usize,
}

impl Finder {
    fn new(patterns: Vec<Vec<u8>>, any_case: bool) -> Self {
        let patterns = Zeroizing::new(patterns);
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .kind(Some(AhoCorasickKind::DFA))
            .ascii_case_insensitive(any_case)
            .build(patterns.iter());
        let mut begins = [false; 256];
        for first in patterns.iter().filter_map(|pattern| pattern.first()) {
            if let Some(begins) = begins.get_mut(usize::from(*first)) {
                *begins = true;
            }
        }
        Self {
            automaton: automaton.ok(),
            begins,
            longest: patterns.iter().map(Vec::len).max().unwrap_or(0),
            patterns,
        }
    }

    fn finds(&self, bytes: &[u8]) -> bool {
        self.automaton
            .as_ref()
            .is_none_or(|automaton| automaton.is_match(bytes))
    }

    /// Where the first beginning of a form stands that the end of `bytes` cuts; their length where none does.
    fn cut(&self, bytes: &[u8]) -> usize {
        let from = bytes.len().saturating_sub(self.longest.saturating_sub(1));
        let rest = bytes.get(from..).unwrap_or_default();
        let is_begun = |at: &usize| {
            let tail = rest.get(*at..).unwrap_or_default();
            let can = tail
                .first()
                .and_then(|first| self.begins.get(usize::from(*first)));
            can == Some(&true)
                && self
                    .patterns
                    .iter()
                    .any(|pattern| pattern.starts_with(tail))
        };
        (0..rest.len())
            .find(is_begun)
            .map_or(bytes.len(), |at| from + at)
    }
}

impl Watch {
    /// For `values`, which are one credential, whole and in parts.
    #[must_use]
    pub fn new(values: &[&[u8]]) -> Self {
        let forms: Vec<_> = values.iter().flat_map(|value| forms::of(value)).collect();
        let plain: Vec<_> = values.iter().map(|value| value.to_vec()).collect();
        Self {
            folded: Finder::new(forms.clone(), true),
            forms: Finder::new(forms, false),
            plain: Finder::new(plain, false),
        }
    }

    /// Whether it is in `bytes`.
    #[must_use]
    pub fn finds(&self, bytes: &[u8]) -> bool {
        self.forms.finds(bytes)
            || decode::unescaped(bytes).is_some_and(|text| self.plain.finds(&text.bytes))
    }

    /// Whether it is in the name or value of a header, or in another line of a head, in whatever case.
    #[must_use]
    pub fn finds_in_head(&self, bytes: &[u8]) -> bool {
        self.folded.finds(bytes) || self.finds(bytes)
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
        let blanked = self.forms.automaton.as_ref().and_then(found);
        // In a mixture of escapes, the whole line goes.
        Some(
            blanked
                .filter(|blanked| !self.finds(blanked.as_bytes()))
                .unwrap_or_else(|| BLANK.to_owned()),
        )
    }

    /// Follows a body.
    #[must_use]
    pub fn stream(self: &Arc<Self>) -> Stream {
        Stream {
            watch: Arc::clone(self),
            held: Zeroizing::default(),
        }
    }

    fn cut(&self, bytes: &[u8]) -> usize {
        let plain = self.forms.cut(bytes);
        decode::unescaped(bytes).map_or(plain, |text| {
            plain.min(text.at(self.plain.cut(&text.bytes)))
        })
    }
}

/// What stands where a credential was.
const BLANK: &str = "[credential]";

/// A body on its way to a guest. What may be the beginning of a credential is held until it is known to be none.
pub struct Stream {
    watch: Arc<Watch>,
    held: Zeroizing<Vec<u8>>,
}

impl Stream {
    /// The next part, as far as no credential is in it or begins in it.
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
        let cut = self.watch.cut(&whole);
        self.held = Zeroizing::new(whole.get(cut..).unwrap_or_default().to_vec());
        Ok(whole.slice(..cut.min(whole.len())))
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
