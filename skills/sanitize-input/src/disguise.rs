//! Encodings under which instructions hide. What decodes to something that is found is cut as a whole.

use std::borrow::Cow;
use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use crate::cut::Cut;

/// Shorter runs hold no instruction.
const SHORTEST: usize = 20;

/// What is found by `read` in what parts of the text decode to.
pub(crate) fn look(text: &str, read: &dyn Fn(&str) -> Vec<Cut>) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut try_out = |range: Range<usize>, name: &'static str, decoded: Option<String>| {
        // One encoding within another is decoded once more.
        let found = decoded.and_then(|decoded| {
            let inside = runs(&decoded, in_base64).into_iter();
            let twice = inside.filter_map(|range| base64(decoded.get(range)?));
            let mut all = read(&decoded);
            all.extend(twice.flat_map(|text| read(&text)));
            all.into_iter().next()
        });
        cuts.extend(found.map(|cut| Cut {
            range,
            disguise: Some(name),
            ..cut
        }));
    };
    let at = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    for range in runs(text, in_base64) {
        try_out(range.clone(), "hex", hex(at(&range)));
        try_out(range.clone(), "base64", base64(at(&range)));
    }
    for range in runs(text, in_escapes) {
        try_out(range.clone(), "percent-encoding", percent(at(&range)));
        try_out(range.clone(), "escapes", escapes(at(&range)));
    }
    for range in paragraphs(text) {
        let part = at(&range);
        let references = htmlize::unescape(part);
        if let Cow::Owned(decoded) = references {
            try_out(range.clone(), "character references", Some(decoded));
        }
    }
    cuts
}

fn in_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')
}

fn in_escapes(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '<' | '>' | '"')
}

/// Runs of characters of a kind that are long enough.
fn runs(text: &str, of: fn(char) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    let ends = std::iter::once((text.len(), ' '));
    for (index, c) in text.char_indices().chain(ends) {
        if of(c) && index < text.len() {
            start.get_or_insert(index);
        } else if let Some(from) = start
            .take()
            .filter(|from| index.saturating_sub(*from) >= SHORTEST)
        {
            runs.push(from..index);
        }
    }
    runs
}

/// Parts between borders of formats and empty lines.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut line_was_empty = false;
    for (index, c) in text.char_indices() {
        let borders = matches!(c, '<' | '>' | '"') || (c == '\n' && line_was_empty);
        line_was_empty = c == '\n' || (line_was_empty && c.is_whitespace());
        if borders {
            parts.push(start..index);
            start = index.saturating_add(c.len_utf8());
        }
    }
    parts.push(start..text.len());
    parts.retain(|part| part.len() >= SHORTEST);
    parts
}

fn text_of(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let odd = text
        .chars()
        .filter(|c| c.is_control() && !c.is_whitespace())
        .count();
    (odd.saturating_mul(10) < text.len()).then_some(text)
}

fn base64(run: &str) -> Option<String> {
    // Padding is no part of the run; one letter too many is a letter of something else.
    let whole = run.len().saturating_sub(usize::from(run.len() % 4 == 1));
    let run = run.get(..whole)?.as_bytes();
    let loose = |encoding: &data_encoding::Encoding| {
        let mut spec = encoding.specification();
        spec.check_trailing_bits = false;
        spec.encoding().ok()?.decode(run).ok()
    };
    loose(&BASE64_NOPAD)
        .or_else(|| loose(&BASE64URL_NOPAD))
        .and_then(text_of)
}

fn hex(run: &str) -> Option<String> {
    HEXLOWER_PERMISSIVE
        .decode(run.as_bytes())
        .ok()
        .and_then(text_of)
}

fn percent(run: &str) -> Option<String> {
    run.contains('%').then_some(())?;
    text_of(percent_encoding::percent_decode_str(run).collect())
}

/// `\u0041`, `\x41` and `\u{41}`, as programs write them.
fn escapes(run: &str) -> Option<String> {
    run.contains('\\').then_some(())?;
    let mut decoded = String::new();
    let mut rest = run;
    while let Some((before, after)) = rest.split_once('\\') {
        decoded.push_str(before);
        match escape(after) {
            Some((c, left)) => {
                decoded.push(c);
                rest = left;
            }
            None => rest = after,
        }
    }
    decoded.push_str(rest);
    Some(decoded)
}

fn escape(after: &str) -> Option<(char, &str)> {
    let (digits, left) = if let Some(braced) = after.strip_prefix("u{") {
        braced.split_once('}')?
    } else if let Some(four) = after.strip_prefix('u') {
        four.split_at_checked(4)?
    } else {
        after.strip_prefix('x')?.split_at_checked(2)?
    };
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(code)?, left))
}
