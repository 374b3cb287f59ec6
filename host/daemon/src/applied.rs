//! What the operator applied, kept so that a restart finds the same in force and an older state
//! can't be put back.
//!
//! A statement is written beside the last one, recorded, and only then takes its place. The log says
//! which statement is in force: where the two differ at the start, the one beside is taken if the
//! log's last record of an `apply` names it, and nothing is served otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouchsafe_ambient::files;
use vouchsafe_audit::Seq;
use vouchsafe_keys::statement::Envelope;
use vouchsafe_keys::{MacKey, PublicKey};
use vouchsafe_package::Digest;
use vouchsafe_policy::apply::{Files, InForce, Mark, Refused, Since};

use crate::authenticated::{self, AuthenticatedError};
use crate::home::Home;

/// Why what was applied can't be taken up.
#[derive(Debug, thiserror::Error)]
pub enum AppliedError {
    /// The state file.
    #[error(transparent)]
    State(#[from] AuthenticatedError),
    /// The statement or the files.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// A statement and its files as they are kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Applied {
    mark: Mark,
    /// Its record; 0 before it is recorded.
    record: Seq,
    statement: Envelope,
    files: BTreeMap<String, String>,
}

impl Applied {
    /// Keeps nothing yet: the state of a home in which nothing was ever applied.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn write_none(home: &Home, key: &MacKey) -> Result<(), AuthenticatedError> {
        authenticated::write(&home.applied(), &None::<Self>, key)
    }

    /// What was in force when the host ended last; `None` before the first `apply`.
    ///
    /// # Errors
    /// When the file is not this host's.
    pub(crate) fn load(home: &Home, key: &MacKey) -> Result<Option<Self>, AuthenticatedError> {
        authenticated::read(&home.applied(), key)
    }

    /// What was about to be in force under the name `statement`, if it was written.
    ///
    /// # Errors
    /// When there is a file that is not this host's.
    pub(crate) fn load_next(
        home: &Home,
        key: &MacKey,
        statement: &str,
    ) -> Result<Option<Self>, AuthenticatedError> {
        let path = home.applied_next();
        if !path.exists() {
            return Ok(None);
        }
        let next: Self = authenticated::read(&path, key)?;
        Ok((next.mark.digest.to_string() == statement).then_some(next))
    }

    /// Accepts `statement` as the next after `last`. Nothing is written.
    ///
    /// # Errors
    /// When it is not signed by an operator, not the next, or a file is faulty.
    pub(crate) fn accept(
        operators: &[PublicKey],
        statement: Envelope,
        files: BTreeMap<String, String>,
        last: Option<&InForce>,
    ) -> Result<(InForce, Self), Refused> {
        let last = last.map(InForce::mark);
        let since = last.as_ref().map_or(Since::Nothing, Since::After);
        let accepted = InForce::accept(&statement, operators, &bytes(&files), since)?;
        let kept = Self {
            mark: accepted.mark(),
            record: 0,
            statement,
            files,
        };
        Ok((accepted, kept))
    }

    /// The same again after a restart, signed and complete.
    ///
    /// # Errors
    /// When the statement no longer holds.
    pub(crate) fn in_force(&self, operators: &[PublicKey]) -> Result<InForce, Refused> {
        let since = Since::Exactly(&self.mark);
        InForce::accept(&self.statement, operators, &bytes(&self.files), since)
    }

    /// The same, as recorded.
    pub(crate) fn recorded(mut self, record: Seq) -> Self {
        self.record = record;
        self
    }

    /// Writes it to stand beside what is in force.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn write_next(&self, home: &Home, key: &MacKey) -> Result<(), AuthenticatedError> {
        authenticated::write(&home.applied_next(), self, key)
    }

    /// Puts it into the place of what was in force.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn write(&self, home: &Home, key: &MacKey) -> Result<(), AuthenticatedError> {
        authenticated::write(&home.applied(), &Some(self), key)?;
        Ok(files::remove(&home.applied_next())?)
    }

    /// The number of its record.
    pub(crate) fn record(&self) -> Seq {
        self.record
    }

    /// The name of the statement in records.
    pub(crate) fn digest(&self) -> Digest {
        self.mark.digest
    }

    /// What the operator signed.
    pub(crate) fn statement(&self) -> &Envelope {
        &self.statement
    }

    /// The texts of the files.
    pub(crate) fn texts(&self) -> &BTreeMap<String, String> {
        &self.files
    }
}

fn bytes(files: &BTreeMap<String, String>) -> Files {
    let bytes = |(path, text): (&String, &String)| (path.clone(), text.clone().into_bytes());
    files.iter().map(bytes).collect()
}
