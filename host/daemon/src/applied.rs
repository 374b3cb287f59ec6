//! What the operator applied, kept so that a restart finds the same in force and an older state
//! can't be put back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouchsafe_keys::statement::Envelope;
use vouchsafe_keys::{MacKey, PublicKey};
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
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Applied {
    mark: Mark,
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

    /// What was in force when the host ended last, signed and complete; `None` before the first `apply`.
    ///
    /// # Errors
    /// When the file is not this host's, or the statement no longer holds.
    pub(crate) fn load(
        home: &Home,
        key: &MacKey,
        operators: &[PublicKey],
    ) -> Result<Option<InForce>, AppliedError> {
        let Some(kept) = authenticated::read::<Option<Self>>(&home.applied(), key)? else {
            return Ok(None);
        };
        let files = bytes(&kept.files);
        let since = Since::Exactly(&kept.mark);
        Ok(Some(InForce::accept(
            &kept.statement,
            operators,
            &files,
            since,
        )?))
    }

    /// The texts of the files in force.
    ///
    /// # Errors
    /// When the state file is not this host's.
    pub(crate) fn texts(
        home: &Home,
        key: &MacKey,
    ) -> Result<BTreeMap<String, String>, AuthenticatedError> {
        let kept = authenticated::read::<Option<Self>>(&home.applied(), key)?;
        Ok(kept.map(|kept| kept.files).unwrap_or_default())
    }

    /// Accepts `statement` as the next after `last` and keeps it. It is in force when this returns.
    ///
    /// # Errors
    /// When it is not signed by an operator, not the next, or a file is faulty; nothing changes then.
    pub(crate) fn accept(
        home: &Home,
        key: &MacKey,
        operators: &[PublicKey],
        statement: Envelope,
        files: BTreeMap<String, String>,
        last: Option<&InForce>,
    ) -> Result<InForce, AppliedError> {
        let last = last.map(InForce::mark);
        let since = last.as_ref().map_or(Since::Nothing, Since::After);
        let accepted = InForce::accept(&statement, operators, &bytes(&files), since)?;
        let kept = Self {
            mark: accepted.mark(),
            statement,
            files,
        };
        authenticated::write(&home.applied(), &Some(kept), key)?;
        Ok(accepted)
    }
}

fn bytes(files: &BTreeMap<String, String>) -> Files {
    let bytes = |(path, text): (&String, &String)| (path.clone(), text.clone().into_bytes());
    files.iter().map(bytes).collect()
}
