//! Text as the rules look at it: words in lower case, the first lines apart.

use crate::Problem;

const LARGEST: usize = 1024 * 1024;

/// Lines with something in them that count as heading, and how long they may be altogether.
const HEADING_LINES: usize = 6;
const HEADING_BYTES: usize = 600;

/// A document made ready for the rules.
pub(crate) struct Text {
    raw: String,
    words: String,
    heading: usize,
}

impl Text {
    pub(crate) fn of(document: &str) -> Result<Self, Problem> {
        if document.len() > LARGEST {
            return Err(Problem::TooLarge(
                u32::try_from(LARGEST).unwrap_or(u32::MAX),
            ));
        }
        if document.contains('\0')
            || document.starts_with("%PDF-")
            || document.starts_with("PK\u{3}\u{4}")
        {
            return Err(Problem::NotText);
        }
        let raw: String = document.chars().filter(|c| !is_invisible(*c)).collect();
        let mut text = Self {
            words: String::with_capacity(raw.len()),
            heading: 0,
            raw,
        };
        text.fold();
        if text.words.trim().is_empty() {
            return Err(Problem::Empty);
        }
        Ok(text)
    }

    /// As it came, less what can't be seen.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// Its words in lower case without punctuation, with a space before and after each.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// Whether a place in [`Text::words`] is among the first lines.
    pub(crate) fn is_heading(&self, at: usize) -> bool {
        at < self.heading
    }

    fn fold(&mut self) {
        let lines = self
            .raw
            .lines()
            .filter(|line| line.contains(char::is_alphanumeric));
        self.words.push(' ');
        for (index, line) in lines.enumerate() {
            let words = line
                .split(|c| !is_of_word(c))
                .map(|word| word.trim_matches(['-', '\'', '’']));
            for word in words.filter(|word| !word.is_empty()) {
                self.words.extend(
                    word.chars()
                        .flat_map(char::to_lowercase)
                        .map(|c| if c == '’' { '\'' } else { c }),
                );
                self.words.push(' ');
            }
            if index < HEADING_LINES && self.words.len() <= HEADING_BYTES {
                self.heading = self.words.len();
            }
        }
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '\'' | '’')
}

/// Soft hyphens, zero-width and direction marks split words for a program and not for a reader.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
