//! How things are printed: colour only on a terminal, progress only on a terminal.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value as Json;
use vouchsafe_package::words::is_unseen;

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Prints one JSON document. What a terminal obeys or an eye does not see is escaped in it: it means
/// the same to who parses it, and a pipe would lose it otherwise.
pub(crate) fn print_json(facts: &Json) {
    let text = escaped(&format!("{facts:#}"), |c, text| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    });
    anstream::println!("{text}");
}

/// `text` with what is not seen as it is replaced by what `escape` writes for it.
fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    out
}

/// Prints text. Whoever had a say in it, nothing in it is obeyed.
pub(crate) fn line(text: impl std::fmt::Display) {
    anstream::println!("{}", harmless(text));
}

/// Prints that something was done.
pub(crate) fn done(text: impl std::fmt::Display) {
    anstream::println!("{GOOD}ok{GOOD:#} {}", harmless(text));
}

/// Prints a remark, to standard error.
pub(crate) fn note(text: impl std::fmt::Display) {
    anstream::eprintln!("{DIM}{}{DIM:#}", harmless(text));
}

/// Prints what went wrong and what would mend it, to standard error.
pub(crate) fn error(message: &str, fix: Option<&str>) {
    anstream::eprintln!("{BAD}error:{BAD:#} {}", foreign(message));
    if let Some(fix) = fix {
        anstream::eprintln!("{GOOD}  fix:{GOOD:#} {}", foreign(fix));
    }
}

/// Text in which a skill or a file may have had its say: nothing in it is obeyed, and none of its
/// further lines looks like one of ours.
pub(crate) fn foreign(text: &str) -> String {
    harmless(text).trim_end().replace('\n', "\n     | ")
}

/// `text` without what moves the cursor, turns the reading direction or is not seen.
fn harmless(text: impl std::fmt::Display) -> String {
    let escape = |c: char, text: &mut String| text.extend(c.escape_unicode());
    escaped(&text.to_string(), escape)
}

/// A table without lines, for a terminal or a pipe.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table
}

/// Does slow `work` under a spinner.
pub(crate) fn during<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let progress = progress(what);
    let done = work();
    progress.finish_and_clear();
    done
}

/// A spinner for slow work; silent when standard error is not a terminal.
fn progress(what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_line_of_an_error_does_not_look_like_ours() {
        assert_eq!(
            foreign("bad\nok installed\u{1b}[2J\r\n"),
            "bad\n     | ok installed\\u{1b}[2J\\u{d}"
        );
    }
}
