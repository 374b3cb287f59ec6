//! Lines that proofs are written in: numbers without leading zeros, hashes in base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::hash::Hash;

/// The most hashes of a path: one for each level that a tree can have.
const DEEPEST: usize = 63;

/// A number as it is written in one way alone.
pub(crate) fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash a line, at most as many as a path has.
pub(crate) fn path<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Vec<Hash>> {
    let lines = lines.take(DEEPEST + 1);
    let path: Vec<Hash> = lines.map(hash).collect::<Option<_>>()?;
    (path.len() <= DEEPEST).then_some(path)
}

/// A hash.
pub(crate) fn hash(line: &str) -> Option<Hash> {
    BASE64.decode(line).ok()?.try_into().ok()
}

/// Writes `path` as [`path`] reads it.
pub(crate) fn write_path(path: &[Hash], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    path.iter()
        .try_for_each(|hash| writeln!(out, "{}", BASE64.encode(hash)))
}
