//! What each fuzz target does with bytes that somebody else sent. A target panics when a promise is
//! broken; returning is success, whatever the bytes were.
//!
//! [`ALL`] names them. `fuzz/` drives each with libfuzzer; a test here replays every file of
//! `fuzz/corpus/TARGET/`, so that what was found once is looked at in each build.
#![expect(
    clippy::expect_used,
    reason = "a fuzz target: what fails here is the finding"
)]

pub mod approvals;
mod keys;
pub mod log;
pub mod packages;
pub mod prompts;
pub mod proofs;
pub mod requests;
pub mod rules;
pub mod signatures;
pub mod upstream;
pub mod values;

/// A target.
pub type Target = fn(&[u8]);

/// Every target by the name of its corpus.
pub const ALL: [(&str, Target); 29] = [
    ("add_checkpoint", proofs::add_checkpoint),
    ("approval_request", approvals::request),
    ("bundle", signatures::bundle),
    ("cedar_context", rules::cedar_context),
    ("component", packages::component),
    ("convert", rules::convert),
    ("destination", requests::destination),
    ("entries", proofs::entries),
    ("events", upstream::events),
    ("grant", rules::grant),
    ("header", requests::header),
    ("json", values::json),
    ("log", log::log),
    ("manifest", packages::manifest),
    ("manifest_embedded", packages::manifest_embedded),
    ("note", proofs::note),
    ("path_rule", requests::path_rule),
    ("placeholder", requests::placeholder),
    ("policies", rules::policies),
    ("prompt", prompts::prompt),
    ("receipt", proofs::receipt),
    ("reply", prompts::reply),
    ("revocations", signatures::revocations),
    ("role", rules::role),
    ("statement", signatures::statement),
    ("token", requests::token),
    ("tool_definition", upstream::tool_definition),
    ("trust", rules::trust),
    ("vote", approvals::vote),
];

/// The bytes as text, or nothing to do.
fn text(bytes: &[u8], then: impl FnOnce(&str)) {
    if let Ok(text) = str::from_utf8(bytes) {
        then(text);
    }
}
