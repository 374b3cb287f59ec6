//! Characters that people don't see: taken out, and read for what they spell.

use crate::Family;
use crate::cut::Cut;

/// Whether people don't see `c`, and no language needs it to be read rightly. The joiners of emoji and of Persian
/// are left where they are, and are no part of any word.
pub(crate) fn is_hidden(c: char) -> bool {
    is_removed(c)
        || matches!(
            c,
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{34f}'
        )
}

/// Whether `c` is taken out.
fn is_removed(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
    }
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
        || c.is_control()
}

/// Fewer letters spell no instruction.
const SHORTEST: usize = 10;

/// Runs of such characters; one that spells something which `read` finds is called after that.
pub(crate) fn look(text: &str, read: &dyn Fn(&str) -> Vec<Cut>) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    for (index, c) in text.char_indices().filter(|(_, c)| is_removed(*c)) {
        let end = index.saturating_add(c.len_utf8());
        match cuts.last_mut().filter(|last| last.range.end == index) {
            Some(last) => last.range.end = end,
            None => cuts.push(Cut::new(
                Family::Hidden,
                "characters that people don't see",
                index..end,
            )),
        }
    }
    for cut in &mut cuts {
        let spelt: String = text
            .get(cut.range.clone())
            .unwrap_or_default()
            .chars()
            .filter_map(spells)
            .collect();
        if spelt.len() < SHORTEST {
            continue;
        }
        if let Some(found) = read(&spelt).into_iter().next() {
            (cut.family, cut.rule, cut.disguise) =
                (found.family, found.rule, Some("tag characters"));
        }
    }
    cuts
}

/// The ASCII that a tag character, or a variation selector used as a byte, stands for.
fn spells(c: char) -> Option<char> {
    let code = u32::from(c);
    let ascii = match code {
        0xe0020..=0xe007e => code.checked_sub(0xe0000)?,
        0xe0100..=0xe01ef => code.checked_sub(0xe0100)?.checked_add(16)?,
        _ => return None,
    };
    char::from_u32(ascii).filter(char::is_ascii)
}
