//! What looks like a credential. A package is read by everybody who gets it, so one in there is
//! one that is lost.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// A place that looks like a credential. The text itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}{} looks like {kind}; credentials are bound to names by the grant and never packed", Line(*line))]
pub struct Credential {
    /// Of which file or part.
    pub place: String,
    /// Counted from one, where lines mean something.
    pub line: Option<usize>,
    /// What it looks like.
    pub kind: &'static str,
}

struct Line(Option<usize>);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// Forms so particular that they mean one thing wherever they stand.
const FORMS: &[(&str, &str)] = &[
    (
        "a private key",
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----[\sA-Za-z0-9+/=:,\\.-]{64}",
    ),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    (
        "a GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60})",
    ),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{20}"),
    (
        "a Slack webhook",
        r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16}",
    ),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{20}"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a Google OAuth secret", r"\bGOCSPX-[A-Za-z0-9_-]{28}"),
    ("an API key", r"\bsk-(?:ant|proj|or)-[A-Za-z0-9_-]{32}"),
    ("a Vault token", r"\bhv[sbr]\.[A-Za-z0-9_-]{24}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a PyPI token", r"\bpypi-AgEIcHlwaS[A-Za-z0-9_-]{50}"),
    (
        "a SendGrid key",
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    (
        "a signed token (JWT)",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}",
    ),
    ("an age key", r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}"),
];

/// In a binary, texts stand one after the other with nothing between them.
const BOUNDARY: &str = r"\b";

/// A value given to a word that means a credential, and a password in a URL.
const ASSIGNED: &str = r#"(?i)(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization|bearer)["']?\s*(?:[:=]|\s)\s*["']?(?:(?:bearer|basic)\s+)?([A-Za-z0-9+/_=.~-]{12,})"#;
const IN_URL: &str = r#"[a-z][a-z0-9+.-]*://[^\s/@:"']*:([^\s/@"'{}]{3,})@"#;

struct Patterns {
    forms: Vec<(&'static str, Regex)>,
    anywhere: Vec<(&'static str, Regex)>,
    assigned: Option<Regex>,
    in_url: Option<Regex>,
}

// A pattern that does not compile would be left out; a test holds that all do.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    forms: compile(str::to_owned),
    anywhere: compile(|form| form.replace(BOUNDARY, "")),
    assigned: Regex::new(ASSIGNED).ok(),
    in_url: Regex::new(IN_URL).ok(),
});

fn compile(form: impl Fn(&str) -> String) -> Vec<(&'static str, Regex)> {
    let compiled =
        |(kind, text): &(&'static str, &str)| Some((*kind, Regex::new(&form(text)).ok()?));
    FORMS.iter().filter_map(compiled).collect()
}

/// Looks for credentials in a text that people wrote.
pub fn check_text(place: &str, text: &str) -> Result<(), Credential> {
    let bytes = text.as_bytes();
    let found = form(&PATTERNS.forms, bytes)
        .or_else(|| password(bytes))
        .or_else(|| assigned(bytes));
    match found {
        Some((kind, start)) => {
            let before = bytes.get(..start).unwrap_or_default();
            let line = Some(before.iter().filter(|&&b| b == b'\n').count() + 1);
            Err(Credential {
                place: place.to_owned(),
                line,
                kind,
            })
        }
        None => Ok(()),
    }
}

/// Looks for credentials in a binary: only for forms that mean one thing.
pub fn check_binary(place: &str, bytes: &[u8]) -> Result<(), Credential> {
    match form(&PATTERNS.anywhere, bytes) {
        Some((kind, _)) => Err(Credential {
            place: place.to_owned(),
            line: None,
            kind,
        }),
        None => Ok(()),
    }
}

fn form(forms: &[(&'static str, Regex)], bytes: &[u8]) -> Option<(&'static str, usize)> {
    forms
        .iter()
        .find_map(|(kind, form)| Some((*kind, form.find(bytes)?.start())))
}

fn password(bytes: &[u8]) -> Option<(&'static str, usize)> {
    let found = PATTERNS.in_url.as_ref()?.captures(bytes)?.get(1)?;
    Some(("a password in a URL", found.start()))
}

fn assigned(bytes: &[u8]) -> Option<(&'static str, usize)> {
    let mut found = PATTERNS
        .assigned
        .as_ref()?
        .captures_iter(bytes)
        .filter_map(|found| found.get(1));
    let found = found.find(|value| is_random(value.as_bytes()))?;
    Some(("a credential", found.start()))
}

/// Whether a value is random rather than words: letters and digits mixed, long, and hardly any
/// character often.
fn is_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let mixed = digits >= 2 && letters >= 2;
    let is_hex = value.iter().all(u8::is_ascii_hexdigit);
    let wanted = if is_hex { 2.8 } else { 3.3 };
    mixed && value.len() >= 16 && bits_per_byte(value) >= wanted
}

/// Shannon entropy of the bytes.
fn bits_per_byte(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let share = |count: &u32| f64::from(*count) / total;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(share)
        .map(|p| -p * p.log2())
        .sum()
}

#[cfg(test)]
mod tests;
