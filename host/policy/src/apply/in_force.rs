//! What is in force: files that an operator signed, in their order. The proof that `apply` makes.

use std::collections::BTreeMap;

use vouchsafe_keys::PublicKey;
use vouchsafe_keys::statement::{self, Envelope, StatementError};
use vouchsafe_package::Digest;

use super::statement::{Mark, PAYLOAD_TYPE, Statement, StatementFault};
use super::{Content, Files, digests};
use crate::place::Faults;

/// What is in force. [`InForce::accept`] alone makes one; it is not `Clone`.
#[derive(Debug)]
pub struct InForce {
    statement: Statement,
    digest: Digest,
    content: Content,
}

/// Which statement is expected.
#[derive(Debug, Clone, Copy)]
pub enum Since<'a> {
    /// The first ever.
    Nothing,
    /// The next one.
    After(&'a Mark),
    /// The same as was accepted last, after a restart.
    Exactly(&'a Mark),
}

/// Why files are not put into force.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The signature, its key or its kind.
    #[error("what was applied is not believed: {0}")]
    NotSigned(#[from] StatementError),
    /// The statement's form.
    #[error(transparent)]
    Statement(#[from] StatementFault),
    /// Signed by one operator in the name of another.
    #[error("the statement names operator `{named}`, but `{signer}` signed it")]
    OtherOperator {
        /// Whom it names.
        named: String,
        /// Who signed.
        signer: String,
    },
    /// Not the next one: an old state, or one that somebody else applied meanwhile.
    #[error(
        "the statement has serial {found} after `{found_prev}`, expected {expected} after `{expected_prev}`; propose it again with `vouchsafe apply`"
    )]
    OutOfOrder {
        /// Its serial.
        found: u64,
        /// The statement it follows.
        found_prev: String,
        /// The serial that would do.
        expected: u64,
        /// The statement that it must follow.
        expected_prev: String,
    },
    /// After a restart, another statement than the one accepted last.
    #[error(
        "statement {serial} is not the one that was in force (serial {expected}): an old state was put back"
    )]
    NotTheLast {
        /// Its serial.
        serial: u64,
        /// The serial that was in force.
        expected: u64,
    },
    /// A file that is not the one that was signed.
    #[error("`{path}` is not as it was applied; run `vouchsafe apply` to see what changed")]
    Edited {
        /// The file.
        path: String,
    },
    /// The files.
    #[error(transparent)]
    Faults(#[from] Faults),
}

impl InForce {
    /// Puts `files` into force: an enrolled operator signed exactly them, the statement is the one
    /// expected, and nothing is wrong in any of them.
    ///
    /// # Errors
    /// Each reason of [`Refused`].
    pub fn accept(
        envelope: &Envelope,
        operators: &[PublicKey],
        files: &Files,
        since: Since<'_>,
    ) -> Result<Self, Refused> {
        let (payload, signer) = statement::verify_signer(envelope, PAYLOAD_TYPE, operators)?;
        let statement = Statement::parse(&payload)?;
        let digest = Digest::of(&payload);
        named_by_its_signer(&statement, signer)?;
        since.expects(&statement, &digest)?;
        if let Some(path) = edited(&statement.files, &digests(files)).into_iter().next() {
            return Err(Refused::Edited { path });
        }
        let content = Content::read(files, operators, since.revocations())?;
        Ok(Self {
            statement,
            digest,
            content,
        })
    }

    /// The grants, roles, trust and revocations.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What the operator signed.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The digest of what the operator signed: the name of this state in records.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What to remember, authenticated, for [`Since`].
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            serial: self.statement.serial,
            digest: self.digest,
            revocations: self.content.revocations().number(),
        }
    }

    /// The files that are no longer as they were applied: changed, gone or new.
    #[must_use]
    pub fn edited(&self, current: &BTreeMap<String, Digest>) -> Vec<String> {
        edited(&self.statement.files, current)
    }
}

impl Since<'_> {
    fn expects(self, statement: &Statement, digest: &Digest) -> Result<(), Refused> {
        let (serial, prev) = match self {
            Self::Nothing => (1, None),
            Self::After(mark) => (mark.serial.saturating_add(1), Some(mark.digest)),
            Self::Exactly(mark) if mark.digest == *digest => return Ok(()),
            Self::Exactly(mark) => {
                return Err(Refused::NotTheLast {
                    serial: statement.serial,
                    expected: mark.serial,
                });
            }
        };
        if (statement.serial, statement.prev) == (serial, prev) {
            return Ok(());
        }
        let shown = |prev: Option<Digest>| {
            prev.map_or_else(|| "nothing".to_owned(), |digest| digest.short())
        };
        Err(Refused::OutOfOrder {
            found: statement.serial,
            found_prev: shown(statement.prev),
            expected: serial,
            expected_prev: shown(prev),
        })
    }

    fn revocations(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::After(mark) | Self::Exactly(mark) => mark.revocations,
        }
    }
}

fn named_by_its_signer(statement: &Statement, signer: &PublicKey) -> Result<(), Refused> {
    let signer = signer.fingerprint();
    if statement.operator == signer {
        return Ok(());
    }
    Err(Refused::OtherOperator {
        named: statement.operator.clone(),
        signer,
    })
}

fn edited(applied: &BTreeMap<String, Digest>, current: &BTreeMap<String, Digest>) -> Vec<String> {
    let gone_or_changed = applied
        .iter()
        .filter(|(path, digest)| current.get(*path) != Some(digest));
    let new = current
        .iter()
        .filter(|(path, _)| !applied.contains_key(*path));
    let mut paths: Vec<String> = gone_or_changed
        .chain(new)
        .map(|(path, _)| path.clone())
        .collect();
    paths.sort();
    paths
}
