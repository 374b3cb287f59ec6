//! Making a home: keystore, the operator's enrolment, nothing disabled.

use serde::{Deserialize, Serialize};
use vouchsafe_keys::{KeyError, Keystore, KeystoreError, PublicKey, Purpose, Seal, SealError};

use crate::applied::Applied;
use crate::authenticated::{self, AuthenticatedError};
use crate::home::Home;
use crate::rotation;
use crate::switches::Switches;
use vouchsafe_ambient::files::{self, FileError, Lock};
use vouchsafe_package::signing::{MemoryError, VersionMemory};

/// Why a home can't be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// There is one already.
    #[error("`{0}` is already set up")]
    Exists(String),
    /// State of a home is there, and its keystore is not.
    #[error(
        "`{0}` is left of a home whose keystore is gone: restore a backup elsewhere, or take it away"
    )]
    Remains(String),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The keystore failed.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// A state file failed.
    #[error(transparent)]
    State(#[from] AuthenticatedError),
    /// A sealed credential does not open.
    #[error("a sealed credential: {0}")]
    Credential(#[from] SealError),
    /// The memory of versions failed.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The enrolled operator key is unusable.
    #[error("the enrolled operator key: {0}")]
    Operator(#[from] KeyError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operators {
    /// Public keys, PEM.
    keys: Vec<String>,
}

/// Makes the directories and the keystore, and enrols `operator`. The keystore takes its place last: until then
/// there is no home, and whoever was cut short begins again.
///
/// # Errors
/// [`SetupError::Exists`] where there is a keystore already, [`SetupError::Remains`] where there was one; nothing is
/// then changed.
pub fn initialise(home: &Home, operator: &PublicKey) -> Result<(), SetupError> {
    if home.is_initialised() {
        return Err(SetupError::Exists(home.data().display().to_string()));
    }
    begin_again(home)?;
    home.create()?;
    let keystore = Keystore::create(&home.next_keystore(), &seal(home))?;
    let state = keystore.mac(Purpose::AppliedState);
    let operators = Operators {
        keys: vec![operator.to_pem()],
    };
    authenticated::write(&home.operator(), &operators, &state)?;
    authenticated::write(&home.disabled(), &Switches::default(), &state)?;
    Applied::write_none(home, &state)?;
    VersionMemory::create(&home.versions(), keystore.mac(Purpose::VersionMemory))?;
    Ok(files::rename(&home.next_keystore(), &home.keystore())?)
}

/// Takes away what an [`initialise`] that was cut short left; its keystore last, since that tells it.
fn begin_again(home: &Home) -> Result<(), SetupError> {
    let state = [
        home.operator(),
        home.disabled(),
        home.applied(),
        home.versions(),
    ];
    let next = home.next_keystore();
    if next.exists() {
        for path in state.iter().chain([&next]) {
            files::remove(path)?;
        }
        return Ok(());
    }
    match state.iter().find(|path| path.exists()) {
        Some(path) => Err(SetupError::Remains(path.display().to_string())),
        None => Ok(()),
    }
}

/// Opens the keystore of `home`, and ends a rotation that was cut short, unless an owner runs: that does it.
///
/// # Errors
/// When it can't be unsealed.
pub fn open_keystore(home: &Home) -> Result<Keystore, SetupError> {
    match Lock::take(&home.owner_lock()) {
        Ok(lock) => open_keystore_alone(home, &lock),
        Err(FileError::Locked(_)) => Ok(unseal(home)?.0),
        Err(error) => Err(error.into()),
    }
}

/// As [`open_keystore`], for who holds the owner's lock.
///
/// # Errors
/// As [`open_keystore`].
pub fn open_keystore_alone(home: &Home, alone: &Lock) -> Result<Keystore, SetupError> {
    let (keystore, seal) = unseal(home)?;
    if seal == Unsealed::ByTheNext {
        files::rename(&home.next_seal_key(), &home.seal_key())?;
    }
    rotation::finish(home, &keystore, alone)?;
    Ok(keystore)
}

#[derive(PartialEq)]
enum Unsealed {
    ByItsKey,
    /// By the key file that a rotation made, which has not taken its place yet.
    ByTheNext,
}

fn unseal(home: &Home) -> Result<(Keystore, Unsealed), SetupError> {
    match Keystore::open(&home.keystore(), &seal(home)) {
        Err(KeystoreError::WrongSeal) if home.next_seal_key().exists() => {
            let next = Seal::KeyFile(home.next_seal_key());
            Ok((
                Keystore::open(&home.keystore(), &next)?,
                Unsealed::ByTheNext,
            ))
        }
        opened => Ok((opened?, Unsealed::ByItsKey)),
    }
}

/// The public keys whose statements are the operator's.
///
/// # Errors
/// When the enrolment was not written by this host.
pub fn operators(home: &Home, keystore: &Keystore) -> Result<Vec<PublicKey>, SetupError> {
    let state = keystore.mac(Purpose::AppliedState);
    let operators: Operators = authenticated::read(&home.operator(), &state)?;
    let keys = operators.keys.iter().map(|pem| PublicKey::from_pem(pem));
    Ok(keys.collect::<Result<_, _>>()?)
}

/// What an operator applied last in `home`, in words; `None` before the first time.
///
/// # Errors
/// When the state was not written by this host.
pub fn last_applied(home: &Home, keystore: &Keystore) -> Result<Option<String>, SetupError> {
    let state = keystore.mac(Purpose::AppliedState);
    let operators = operators(home, keystore)?;
    let applied = Applied::load(home, &state)?;
    let in_force = applied.and_then(|applied| applied.in_force(&operators).ok());
    Ok(in_force.map(|in_force| {
        let (statement, mark) = (in_force.statement(), in_force.mark());
        format!(
            "last statement is number {}, applied at {:.0}, with revocation list {}",
            statement.serial, statement.applied_at, mark.revocations
        )
    }))
}

/// How the keystore of `home` is sealed: by a key file that only its user can read.
pub fn seal(home: &Home) -> Seal {
    Seal::KeyFile(home.seal_key())
}
