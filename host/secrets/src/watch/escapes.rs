//! A credential in text of which any character is escaped, in any way: `%41`, `\u0041`, `\/`.

use std::fmt::Write as _;

use regex::bytes::{Regex, RegexBuilder};

use super::forms;

/// Room for every form of [`super::END`] bytes, and for what searching them remembers.
const ROOM: usize = 64 << 20;

/// Whether `text` has an escape at all.
pub(super) fn are_in(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'%' | b'\\'))
}

/// Finds each of `values`, and their base64 and hex; `None` where that can't be built.
pub(super) fn of(values: &[&[u8]]) -> Option<Regex> {
    let mut ways = Vec::new();
    for value in values {
        let encoded = forms::encoded(value);
        let texts = encoded
            .iter()
            .filter_map(|form| std::str::from_utf8(form).ok());
        let text = std::str::from_utf8(value).ok()?;
        ways.extend(texts.chain([text]).map(way));
    }
    let built = RegexBuilder::new(&ways.join("|"))
        .case_insensitive(true)
        .unicode(false)
        .size_limit(ROOM)
        .dfa_size_limit(ROOM)
        .build();
    built.ok()
}

/// `text` with each of its characters as it is or escaped.
fn way(text: &str) -> String {
    text.chars().map(character).collect()
}

fn character(character: char) -> String {
    let (mut plain, mut percent, mut units) = (String::new(), String::new(), String::new());
    let mut bytes = [0; 4];
    for byte in character.encode_utf8(&mut bytes).bytes() {
        let _ = write!(plain, r"\x{byte:02X}");
        let _ = write!(percent, "%{byte:02X}");
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        let _ = write!(units, r"\\u{unit:04X}");
    }
    let blank = if character == ' ' { r"|\+" } else { "" };
    format!(r"(?:\\?{plain}|{percent}|{units}{blank})")
}
