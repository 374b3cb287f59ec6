//! Records of the log as a person reads them.

use serde_json::Value as Json;

use crate::output;

/// What [`row`] gives.
pub(crate) const HEADER: [&str; 9] = [
    "SEQ", "TIME", "KIND", "WHAT", "RESULT", "MS", "FUEL", "KIB", "WHO",
];

/// Prints `records` as a table, and below it why what was refused was.
pub(crate) fn print(records: &[Json]) {
    output::line(output::table(HEADER, records.iter().map(row)));
    for record in records {
        if let Some(detail) = record.get("detail").and_then(Json::as_str) {
            output::note(format!(" {}  {detail}", text(record, "seq")));
        }
    }
}

/// One record.
pub(crate) fn row(record: &Json) -> [String; 9] {
    let time: String = text(record, "time").chars().take(23).collect();
    let duration = number(record, "duration_us").map(|us| format!("{:.1}", us / 1000.0));
    let memory = number(record, "peak_memory").map(|bytes| format!("{:.0}", bytes / 1024.0));
    [
        text(record, "seq"),
        time.replacen('T', " ", 1),
        text(record, "kind"),
        what(record),
        result(record),
        duration.unwrap_or_default(),
        text(record, "fuel"),
        memory.unwrap_or_default(),
        who(record),
    ]
}

/// Who asked, by pseudonym; or whose key was the proof, as `keys list` has it.
fn who(record: &Json) -> String {
    let operator = fact(record, "operator").and_then(short);
    operator.unwrap_or_else(|| text(record, "principal").chars().take(10).collect())
}

/// `sha256:` and eight digits.
fn short(digest: &str) -> Option<String> {
    digest.get(..15).map(str::to_owned)
}

fn fact<'a>(record: &'a Json, name: &str) -> Option<&'a str> {
    record.get("facts")?.get(name)?.as_str()
}

/// The tool that was called, or what was done to the host.
fn what(record: &Json) -> String {
    let action = text(record, "action");
    let place = text(record, "place");
    let tool = match (text(record, "skill"), text(record, "tool")) {
        // What was asked for, where no skill in force has such a tool.
        (skill, tool) if skill.is_empty() => tool,
        (skill, tool) => format!("{skill}/{tool}"),
    };
    let inside = match text(record, "parent") {
        parent if parent.is_empty() => String::new(),
        parent => format!("in {parent}"),
    };
    let approved = match text(record, "approval") {
        asked if asked.is_empty() => String::new(),
        asked => format!("as asked in {asked}"),
    };
    let parts = [action, tool, place, done_to(record), inside, approved];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// What of the host was changed: a statement, a skill, a credential, the keystore.
fn done_to(record: &Json) -> String {
    let fact = |name| fact(record, name).map(str::to_owned);
    let words = |word: &str, value: Option<String>| value.map(|value| format!("{word} {value}"));
    let parts = [
        fact("approval"),
        words("statement", fact("serial")),
        fact("skill"),
        fact("version"),
        fact("digest").and_then(|digest| short(&digest)),
        words("credential", fact("name")),
        words("generation", fact("to")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// How it ended; of something refused, the code and how often.
fn result(record: &Json) -> String {
    let words = [
        text(record, "status"),
        text(record, "code"),
        text(record, "why"),
        fact(record, "says").unwrap_or_default().to_owned(),
        fact(record, "how").unwrap_or_default().to_owned(),
    ];
    let word = words.into_iter().find(|word| !word.is_empty());
    let word = word.unwrap_or_default();
    match number(record, "count") {
        Some(count) if count > 1.0 => format!("{word} x{count}"),
        _ => word,
    }
}

fn text(record: &Json, field: &str) -> String {
    match record.get(field) {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn number(record: &Json, field: &str) -> Option<f64> {
    record.get(field).and_then(Json::as_f64)
}
