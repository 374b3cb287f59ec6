//! Words that people and agents read: which characters they are made of.

/// Why `text` cannot be shown as it is, if it cannot: characters that move the cursor, turn the
/// reading direction or are not seen let a text show something else than it says.
#[must_use]
pub fn problem(text: &str) -> Option<String> {
    let found = text.chars().find(|&c| is_unseen(c))?;
    let line = text
        .split(found)
        .next()
        .unwrap_or_default()
        .matches('\n')
        .count()
        + 1;
    Some(format!(
        "line {line} of the text has the character U+{:04X}, which is not seen as it is",
        u32::from(found)
    ))
}

/// Whether a reader does not see `c` as it is. Line ends and tabs are seen.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    if c == '\n' || c == '\t' {
        return false;
    }
    c.is_control()
        || matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{E000}'..='\u{F8FF}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{10FFFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_refused() {
        assert_eq!(problem("Pay an invoice.\n\tÜber, 支払い, 42 €"), None);
        for wrong in [
            "a\u{202E}b",
            "a\u{200B}b",
            "\u{1b}[31m",
            "a\rb",
            "\u{feff}a",
            "a\u{E0041}",
            "a\0",
            "\u{85}",
            "a\u{1D173}",
            "a\u{2800}",
        ] {
            assert!(problem(wrong).is_some(), "{wrong:?}");
        }
        assert!(problem("one\ntwo\u{7}").unwrap().contains("line 2"));
    }
}
