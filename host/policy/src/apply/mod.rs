//! `apply`: files are proposals; only what an operator signed is in force.
//!
//! ```text
//! files --Proposal::read--> Proposal --statement, sign--> Envelope --InForce::accept--> InForce
//! ```

mod callees;
mod changes;
mod content;
mod in_force;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vouchsafe_keys::PublicKey;
use vouchsafe_package::Digest;

pub use changes::{Change, Direction, changes};
pub use content::Content;
pub use in_force::{InForce, Refused, Since};
pub use statement::{Mark, PAYLOAD_TYPE, Statement, StatementFault};

use crate::grant::Notice;
use crate::place::Faults;

/// Files below the configuration directory, by relative path with `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Files that could be put into force: each is of a known kind and free of faults.
#[derive(Debug)]
pub struct Proposal {
    content: Content,
    digests: BTreeMap<String, Digest>,
}

impl Proposal {
    /// Reads every file. `operators` are the enrolled operators' keys, and `seen` the number of the
    /// highest revocation list that was ever in force.
    ///
    /// # Errors
    /// Everything that is wrong in any file, with its line.
    pub fn read(files: &Files, operators: &[PublicKey], seen: u64) -> Result<Self, Faults> {
        Ok(Self {
            content: Content::read(files, operators, seen)?,
            digests: digests(files),
        })
    }

    /// What the files say.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The files' digests.
    #[must_use]
    pub fn digests(&self) -> &BTreeMap<String, Digest> {
        &self.digests
    }

    /// What the files say that this build does less of than one may expect.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.content.notices()
    }

    /// What `operator` would sign, at this time and after `last`, to put the files into force.
    #[must_use]
    pub fn statement(
        &self,
        last: Option<&Mark>,
        operator: &PublicKey,
        applied_at: Timestamp,
    ) -> Statement {
        Statement {
            version: Statement::VERSION,
            serial: last.map_or(1, |mark| mark.serial.saturating_add(1)),
            prev: last.map(|mark| mark.digest),
            operator: operator.fingerprint(),
            applied_at,
            files: self.digests.clone(),
            enable: BTreeSet::new(),
            resume: false,
        }
    }
}

/// The digest of each file.
#[must_use]
pub fn digests(files: &Files) -> BTreeMap<String, Digest> {
    files
        .iter()
        .map(|(path, bytes)| (path.clone(), Digest::of(bytes)))
        .collect()
}

#[cfg(test)]
mod tests;
