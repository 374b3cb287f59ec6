//! What tests say of a home again and again.

use std::path::Path;

use serde_json::json;

use crate::{Home, Run};

/// Fails unless `reason` was printed.
#[track_caller]
pub fn says(run: &Run, reason: &str) {
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(all.contains(reason), "want `{reason}` in:\n{all}");
}

/// Fails unless `tool` can be called and answers `number`.
#[track_caller]
pub fn answers(home: &Home, tool: &str, number: u32) {
    let answer = home.call(tool, &json!({})).ok().json();
    assert_eq!(answer.pointer("/output/result"), Some(&json!(number)));
}

/// Fails unless a call of `tool` is refused with `reason`, as its operator reads it.
#[track_caller]
pub fn refuses(home: &Home, tool: &str, reason: &str) {
    says(&home.call(tool, &json!({})).code(4), reason);
}

/// `path` as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a Unicode path")
}
