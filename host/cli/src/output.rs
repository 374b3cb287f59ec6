//! How things are printed: colour only on a terminal, progress only on a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value as Json;

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Prints one JSON document.
pub(crate) fn print_json(facts: &Json) {
    anstream::println!("{facts:#}");
}

/// Prints a line of text.
pub(crate) fn line(text: impl std::fmt::Display) {
    anstream::println!("{text}");
}

/// Prints that something was done.
pub(crate) fn done(text: impl std::fmt::Display) {
    anstream::println!("{GOOD}ok{GOOD:#} {text}");
}

/// Prints a remark, to standard error.
pub(crate) fn note(text: impl std::fmt::Display) {
    anstream::eprintln!("{DIM}{text}{DIM:#}");
}

/// Prints what went wrong and what would mend it, to standard error.
pub(crate) fn error(message: &str, fix: Option<&str>) {
    anstream::eprintln!("{BAD}error:{BAD:#} {message}");
    if let Some(fix) = fix {
        anstream::eprintln!("{GOOD}  fix:{GOOD:#} {fix}");
    }
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

/// A spinner for slow work; silent when standard error is not a terminal.
pub(crate) fn progress(what: &str) -> ProgressBar {
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
