//! The one rendering of a request for people. What a skill, a model or an agent chose stands only where
//! values stand, in quotes, escaped and cut; everything round it is the host's.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use vouchsafe_package::words::is_unseen;
use vouchsafe_package::{Digest, Effect};

use super::{ApprovalRequest, Argument};

/// Who has said yes already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// The person.
    pub person: String,
    /// When, by their clock.
    pub at: Timestamp,
}

/// The longest text that is shown whole where it is no target, in characters.
const LONGEST: usize = 160;

/// How many destinations are named.
const PLACES: usize = 20;

/// What a person sees before they say yes or no. Times are UTC.
#[must_use]
pub fn text(request: &ApprovalRequest, heard: &[Heard], now: Timestamp) -> String {
    let mut page = head(request, now);
    let width = request
        .arguments
        .iter()
        .map(|one| named(one).chars().count())
        .max()
        .unwrap_or(0);
    for argument in &request.arguments {
        let (name, value) = (named(argument), shown(argument));
        let _ = writeln!(page, "  {name:width$}  {value}");
    }
    let for_whom = request
        .wanted
        .requester
        .as_deref()
        .unwrap_or("nobody that vouchsafe.toml names");
    let _ = writeln!(
        page,
        "Asked by   agent {}, role {}, for {}",
        plain(&request.principal),
        plain(&request.role),
        plain(for_whom)
    );
    let _ = writeln!(page, "Can reach  {}", reach(request));
    let _ = writeln!(page, "Why asked  {}", why(request));
    let _ = writeln!(
        page,
        "Needs      {}.{}",
        request.wanted.who(),
        so_far(heard)
    );
    page.push_str("Approving makes exactly this call, once, now. No answer means no.\n");
    let id = &request.id;
    let _ = writeln!(
        page,
        "  vouchsafe approve {id} --key FILE    |    vouchsafe deny {id} --key FILE        (FILE: your own private key)"
    );
    page
}

fn head(request: &ApprovalRequest, now: Timestamp) -> String {
    let effect = match request.effect {
        Effect::Irreversible => "IRREVERSIBLE",
        Effect::Write => "WRITE",
        Effect::Read => "READ",
    };
    let seconds = request.decide_by.duration_since(now).as_secs().max(0);
    let minutes = seconds.unsigned_abs().div_ceil(60);
    let until = request.decide_by.strftime("%Y-%m-%d %H:%M:%SZ");
    let digest = request.digest.hex();
    let bytes = digest.get(..16).unwrap_or(&digest);
    format!(
        "APPROVAL {}    {effect}    decide by {until} (in {minutes} min)\n{} {} / {}    signed by {}, bytes {bytes}...\n",
        request.id,
        request.skill,
        request.skill_version,
        plain(&request.tool),
        plain(&request.publisher)
    )
}

fn named(argument: &Argument) -> String {
    let mark = if argument.target { " !" } else { "" };
    format!("{}{mark}", plain(&argument.name))
}

/// The value as JSON on one line. Of a long text that decides over nobody the beginning, and what tells it from any
/// other: everything else stands there whole, so that nothing hides behind something long.
fn shown(argument: &Argument) -> String {
    let longest = if argument.target { usize::MAX } else { LONGEST };
    let mut line = String::new();
    show(&mut line, &argument.value, longest);
    plain(&line)
}

fn show(line: &mut String, value: &Json, longest: usize) {
    match value {
        Json::String(text) => quote(line, text, longest),
        Json::Array(items) => {
            line.push('[');
            for (at, item) in items.iter().enumerate() {
                line.push_str(if at == 0 { "" } else { "," });
                show(line, item, longest);
            }
            line.push(']');
        }
        Json::Object(members) => {
            line.push('{');
            for (at, (name, item)) in members.iter().enumerate() {
                line.push_str(if at == 0 { "" } else { "," });
                quote(line, name, usize::MAX);
                line.push(':');
                show(line, item, longest);
            }
            line.push('}');
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => line.push_str(&value.to_string()),
    }
}

fn quote(line: &mut String, text: &str, longest: usize) {
    let length = text.chars().count();
    let start: String = text.chars().take(longest).collect();
    line.push_str(&Json::from(start).to_string());
    if length > longest {
        let digest = Digest::of(text.as_bytes());
        // Outside the quotes, where no value can write.
        let _ = write!(line, " [CUT: {length} characters in all, {digest}]");
    }
}

fn reach(request: &ApprovalRequest) -> String {
    if request.reach.is_empty() {
        return "nothing outside this host".to_owned();
    }
    let mut places: Vec<_> = request
        .reach
        .iter()
        .take(PLACES)
        .map(|place| plain(place))
        .collect();
    if let Some(more) = request
        .reach
        .len()
        .checked_sub(PLACES)
        .filter(|more| *more > 0)
    {
        places.push(format!("{more} more"));
    }
    format!("{}, and nothing else", places.join(", "))
}

/// The lines by their places, never by their words: a condition may be the skill's.
fn why(request: &ApprovalRequest) -> String {
    let lines = request.wanted.asked_by.iter();
    let lines: Vec<_> = lines
        .map(|(place, tier)| format!("{} ({})", plain(tier), plain(place)))
        .collect();
    lines.join("; ")
}

fn so_far(heard: &[Heard]) -> String {
    if heard.is_empty() {
        return String::new();
    }
    let heard: Vec<_> = heard
        .iter()
        .map(|one| format!("{}, {}", plain(&one.person), one.at.strftime("%H:%M")))
        .collect();
    format!("    So far: {}", heard.join("; "))
}

/// On one line, with nothing that moves the cursor, turns the reading direction or is not seen.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) || matches!(c, '\n' | '\t') {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}
