//! What a skill says to the operator: its log lines, stdout and stderr, bounded and made harmless.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vouchsafe_package::words::is_unseen;
use vouchsafe_secrets::Secrets;

/// Lines kept of one call; more are counted and dropped.
const LINES: usize = 200;

/// Bytes kept of one line, before escapes.
const LINE_BYTES: usize = 2048;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `vouchsafe:skill/log`, level debug.
    Debug,
    /// `vouchsafe:skill/log`, level info.
    Info,
    /// `vouchsafe:skill/log`, level warn.
    Warn,
    /// `vouchsafe:skill/log`, level error.
    Error,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Source {
    /// The word for it in the operator's log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line of a skill's own words, without anything that a terminal or a reader's eye obeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it came from.
    pub source: Source,
    /// The words, escaped.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.text)
    }
}

/// All that a call said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// The first lines, in order.
    pub kept: Vec<Line>,
    /// How many more there were.
    pub dropped: u64,
}

impl<'a> IntoIterator for &'a Lines {
    type Item = &'a Line;
    type IntoIter = std::slice::Iter<'a, Line>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Where the guest's words are put, from several streams of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    lines: Lines,
    /// Lines of standard output and standard error that have not ended yet.
    open: [Vec<u8>; 2],
}

impl Book {
    /// Adds a message of the log interface; each of its lines is one line.
    pub(crate) fn log(&self, source: Source, message: &str) {
        let mut pages = self.pages();
        for line in message.lines() {
            pages.lines.add(source, line.as_bytes());
        }
    }

    /// Adds what was written to a stream, line by line.
    pub(crate) fn write(&self, source: Source, bytes: &[u8]) {
        let mut pages = self.pages();
        let Pages { lines, open } = &mut *pages;
        let [stdout, stderr] = open;
        let open = if source == Source::Stderr {
            stderr
        } else {
            stdout
        };
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LINE_BYTES.saturating_add(1).saturating_sub(open.len());
            open.extend(piece.iter().take(room));
            if pieces.peek().is_some() {
                lines.add(source, open);
                open.clear();
            }
        }
    }

    /// All that was said. Lines that never ended count.
    pub(crate) fn take(&self) -> Lines {
        let mut pages = self.pages();
        let Pages { lines, open } = &mut *pages;
        for (source, rest) in [Source::Stdout, Source::Stderr].into_iter().zip(open) {
            if !rest.is_empty() {
                lines.add(source, rest);
                rest.clear();
            }
        }
        std::mem::take(lines)
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    /// Takes credentials that are in use out of what was said.
    pub(crate) fn blank(&mut self, secrets: &Secrets) {
        for line in &mut self.kept {
            if let Some(without) = secrets.blank(&line.text) {
                line.text = without;
            }
        }
    }

    /// The lines that were kept, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Line> {
        self.kept.iter()
    }

    fn add(&mut self, source: Source, bytes: &[u8]) {
        if self.kept.len() >= LINES {
            self.dropped += 1;
            return;
        }
        let text = plain(bytes);
        self.kept.push(Line { source, text });
    }
}

/// The text of `bytes`, cut to the limit between characters, with escapes for what is not plain.
pub(crate) fn plain(bytes: &[u8]) -> String {
    let cut = bytes.get(..LINE_BYTES).unwrap_or(bytes);
    let mut text = String::with_capacity(cut.len());
    for chunk in cut.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_plain(c) {
                text.push(c);
            } else {
                text.extend(c.escape_unicode());
            }
        }
        // A character that the limit cut in two is left out; any other broken byte shows.
        if !chunk.invalid().is_empty() && cut.len() == bytes.len() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    if cut.len() < bytes.len() {
        text.push('…');
    }
    text
}

/// Whether `c` shows as itself on one line.
fn is_plain(c: char) -> bool {
    !c.is_control() && !is_unseen(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(lines: &Lines) -> Vec<&str> {
        lines.kept.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn streams_become_lines_whatever_the_pieces() {
        let book = Book::default();
        book.write(Source::Stdout, b"one\ntw");
        book.write(Source::Stderr, b"err");
        book.write(Source::Stdout, b"o\n\nlast");
        let lines = book.take();
        assert_eq!(texts(&lines), ["one", "two", "", "last", "err"]);
        assert!(book.take().kept.is_empty());
    }

    #[test]
    fn words_that_a_terminal_or_an_eye_obeys_are_escaped() {
        let book = Book::default();
        book.log(Source::Info, "\x1b[2Jclear\u{202e}desrever\u{200b}\r");
        assert_eq!(
            texts(&book.take()),
            ["\\u{1b}[2Jclear\\u{202e}desrever\\u{200b}\\u{d}"]
        );
    }

    #[test]
    fn number_and_length_are_bounded() {
        let book = Book::default();
        book.write(Source::Stdout, "é\n".repeat(LINES + 5).as_bytes());
        let lines = book.take();
        assert_eq!((lines.kept.len(), lines.dropped), (LINES, 5));
        for pad in 0..4 {
            let book = Book::default();
            let long = format!("{}{}", "x".repeat(pad), "😀".repeat(LINE_BYTES));
            book.write(Source::Stdout, long.as_bytes());
            book.write(Source::Stdout, long.as_bytes());
            let lines = book.take();
            let [line] = lines.kept.as_slice() else {
                panic!("{lines:?}");
            };
            assert!(line.text.len() <= LINE_BYTES + '…'.len_utf8());
            assert!(line.text.ends_with("😀…"), "{}", line.text);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_plain_bounded_lines(pieces: Vec<Vec<u8>>) {
            let book = Book::default();
            for piece in &pieces {
                book.write(Source::Stdout, piece);
            }
            let whole = Book::default();
            whole.write(Source::Stdout, &pieces.concat());
            let lines = book.take();
            prop_assert!(lines.kept.iter().all(|line| line.text.chars().all(is_plain)));
            prop_assert_eq!(lines, whole.take());
        }
    }
}
