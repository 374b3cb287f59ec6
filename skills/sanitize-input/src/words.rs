//! A text as words, each in the forms under which it could be read.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

use crate::hidden::is_hidden;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// In bytes of the text.
    pub(crate) range: Range<usize>,
    /// Lower case without accents; then as it looks, and with figures read as letters, where these differ.
    pub(crate) forms: Vec<String>,
}

/// The words of a text, in order. Characters that people don't see are no part of them and part none.
pub(crate) fn of(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut current: Option<(Range<usize>, String)> = None;
    for (index, c) in text.char_indices() {
        let end = index.saturating_add(c.len_utf8());
        // Most text is plain, and each look into a table costs.
        let plain = c.is_ascii_alphanumeric() || matches!(c, ' ' | '\n');
        if !plain && (is_hidden(c) || is_mark(c)) {
            continue;
        }
        if c.is_alphanumeric() || matches!(c, '@' | '$') {
            let (range, letters) = current.get_or_insert((index..end, String::new()));
            range.end = end;
            letters.push(c);
        } else {
            words.extend(current.take().map(|(range, letters)| word(range, &letters)));
        }
    }
    words.extend(current.map(|(range, letters)| word(range, &letters)));
    words
}

/// An accent by itself.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

fn word(range: Range<usize>, letters: &str) -> Word {
    let plain = folded(letters);
    let mut forms = vec![plain.clone()];
    let mut also = |form: String| {
        if !forms.contains(&form) {
            forms.push(form);
        }
    };
    if !letters.is_ascii() {
        also(folded(&looks(letters)));
        also(looks(&plain));
    }
    if plain.bytes().any(|byte| byte.is_ascii_alphabetic()) && plain.bytes().any(is_figure) {
        also(spelt(&plain, 'i'));
        also(spelt(&plain, 'l'));
    }
    Word { range, forms }
}

/// Lower case, compatibility forms resolved, without accents.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|c| !is_mark(*c));
    plain.flat_map(char::to_lowercase).collect()
}

/// Each letter as the one that it looks like (UTS 39).
pub(crate) fn looks(text: &str) -> String {
    skeleton(text).flat_map(char::to_lowercase).collect()
}

/// Whether a byte is one that stands for a letter in such writing.
pub(crate) fn is_figure(byte: u8) -> bool {
    matches!(byte, b'0' | b'1' | b'3' | b'4' | b'5' | b'7' | b'@' | b'$')
}

/// Figures as the letters that they stand for, `1` as `one`.
pub(crate) fn spelt(text: &str, one: char) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}
