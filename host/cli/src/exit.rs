//! Exit codes, and how an error is told.

use std::process::ExitCode;

use serde_json::json;
use vouchsafe_daemon::client::ClientError;
use vouchsafe_daemon::protocol::{Failure, FailureKind};

use crate::output;

/// How the command ended; documented in `vouchsafe --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// It was done.
    Done = 0,
    /// Something failed.
    Error = 1,
    /// The command line or the request made no sense.
    Usage = 2,
    /// `diff` found more capabilities or changed words, or `policy diff` more that is allowed.
    More = 3,
    /// A check said no.
    Refused = 4,
    /// The tool ran and failed.
    Tool = 5,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Prints `error` with its causes and its mend, and gives its exit code.
pub(crate) fn report(error: &anyhow::Error, as_json: bool) -> ExitCode {
    let failure = failure(error);
    let code = failure.as_ref().map_or(Code::Error, |f| code_of(f.kind));
    let message = chain(error);
    let fix = failure.and_then(|f| f.fix).or_else(|| mend(error));
    if as_json {
        output::print_json(&json!({ "error": message, "fix": fix }));
    } else {
        output::error(&message, fix.as_deref());
    }
    code.into()
}

/// Prints what is wrong with a command line, or the help that was asked for, and gives its exit code.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // What could not be parsed does not say whether it wanted JSON.
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if !error.use_stderr() || !wants_json {
        error.exit();
    }
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let (message, usage) = text.split_once("\n\n").unwrap_or((text, ""));
    output::print_json(&json!({ "error": message, "fix": usage.trim_end() }));
    Code::Usage.into()
}

fn failure(error: &anyhow::Error) -> Option<Failure> {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return Some(failure.clone());
        }
        if let Some(ClientError::Failed(failure)) = cause.downcast_ref::<ClientError>() {
            return Some(failure.clone());
        }
    }
    None
}

/// What to do where there is no home yet, or a file is in the way.
fn mend(error: &anyhow::Error) -> Option<String> {
    let no_home = |cause: &ClientError| matches!(cause, ClientError::NotInitialised(_));
    if error
        .chain()
        .filter_map(|cause| cause.downcast_ref())
        .any(no_home)
    {
        return Some("run `vouchsafe init`".to_owned());
    }
    let in_the_way = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::AlreadyExists);
    in_the_way.then(|| "name another file, or take that one away".to_owned())
}

/// What an operating system's error says, without its number.
fn plain(text: &str) -> String {
    let numbered = text
        .split_once(" (os error ")
        .and_then(|(before, rest)| Some((before, rest.split_once(')')?.1)));
    numbered.map_or_else(
        || text.to_owned(),
        |(before, after)| format!("{before}{after}"),
    )
}

/// All causes in one line; a cause that the line before already tells is left out.
fn chain(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = plain(&cause.to_string());
        if !parts.last().is_some_and(|last| last.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

fn code_of(kind: FailureKind) -> Code {
    match kind {
        FailureKind::Usage => Code::Usage,
        FailureKind::Refused => Code::Refused,
        FailureKind::Tool => Code::Tool,
        FailureKind::Internal => Code::Error,
    }
}
