//! A new root secret under a new key file: the state is authenticated anew beside the old, the log takes a
//! record of it, the keystore takes its place in one step, and key file and state follow. Cut short anywhere, it
//! is either not begun or ended at the next opening.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use vouchsafe_ambient::files::{self, Access, Lock};
use vouchsafe_audit::{Entry, HANDED_OVER, Log, LogError, Options};
use vouchsafe_keys::{Keystore, PrivateKey, Purpose, Rotation, Seal};
use vouchsafe_package::signing::VersionMemory;
use vouchsafe_secrets::Sealed;

use crate::authenticated;
use crate::credentials;
use crate::home::Home;
use crate::owner;
use crate::records;
use crate::setup::{self, SetupError};

/// Why there is no new root secret.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The proof is somebody else's.
    #[error("`{0}` is not the key of an operator of this home")]
    NotAnOperator(String),
    /// The home, or what belongs to it.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// It could not be recorded.
    #[error("not recorded: {0}")]
    Log(#[from] LogError),
    /// The thread that waits for the log.
    #[error("waiting for the log: {0}")]
    Io(#[from] std::io::Error),
}

/// Gives `home` a new root secret, sealed by a new key file, and authenticates its state anew with it. Compiled
/// code, which the old root authenticated, is forgotten. `operator` is the proof, `alone` the owner's lock.
///
/// The record `rotate-keys` stands in the log before anything changes: a rotation without one can't be, and one
/// that was recorded and then cut short is either not begun or ended at the next opening.
///
/// # Errors
/// When `operator` is not enrolled, the state is not this host's, or a file can't be written. What was there is
/// then still in force.
pub fn rotate(home: &Home, operator: &PrivateKey, alone: &Lock) -> Result<Keystore, RotationError> {
    let old = setup::open_keystore_alone(home, alone)?;
    let operator = operator.public().fingerprint();
    let operators = setup::operators(home, &old)?;
    if !operators.iter().any(|one| one.fingerprint() == operator) {
        return Err(RotationError::NotAnOperator(operator));
    }
    let rotation = prepare(home, &old)?;
    record(home, &old, rotation.keystore(), operator)?;
    rotation.commit().map_err(SetupError::from)?;
    Ok(setup::open_keystore_alone(home, alone)?)
}

/// Lays key file and state of the next root beside those of `old`.
fn prepare(home: &Home, old: &Keystore) -> Result<Rotation, SetupError> {
    files::create_private_directory(&home.rotating())?;
    let rotation = old.rotated(&Seal::KeyFile(home.next_seal_key()))?;
    authenticate_anew(home, old, rotation.keystore())?;
    Ok(rotation)
}

/// Records which keys change, from which generation to which, and whose proof that had.
fn record(
    home: &Home,
    old: &Keystore,
    next: &Keystore,
    operator: String,
) -> Result<(), RotationError> {
    let newest = |keystore: &Keystore| {
        let generations = keystore.facts().generations;
        generations.last().map_or(0, |newest| newest.number)
    };
    let log = Log::open(&home.audit(), owner::log_keys(old)?, Options::default())?;
    let next_key = log.verifier_key_of(&owner::log_keys(next)?)?;
    let facts = [
        ("from", newest(old).to_string()),
        ("to", newest(next).to_string()),
        ("purposes", Purpose::ALL.map(Purpose::name).join(" ")),
        ("seal", "new key file".to_owned()),
        // Signed for by the key that it follows.
        ("log_key", next_key.to_string()),
        ("operator", operator),
    ];
    let entry = Entry::Control(records::control("rotate-keys", None, facts));
    let recorded = log.append(entry)?;
    let waiting = tokio::runtime::Builder::new_current_thread().build()?;
    waiting.block_on(log.durable(&recorded))?;
    // The old key signs for the record that names the one after it; that one for all there is, from now on.
    log.publish()?;
    for (name, text) in log.hand_over(&owner::log_keys(next)?)? {
        let place = beside(home, &home.audit().join(name));
        files::write_atomic(&place, text.as_bytes(), Access::Private).map_err(SetupError::from)?;
    }
    Ok(())
}

/// Ends what [`rotate`] began: with its keystore in place the state moves in, else it is thrown away.
/// Nothing is taken but what `keystore` itself authenticates.
///
/// # Errors
/// When a file can't be moved, or what waits belongs to another keystore while what is in place does too.
pub(crate) fn finish(home: &Home, keystore: &Keystore, _alone: &Lock) -> Result<(), SetupError> {
    if !home.rotating().is_dir() {
        return Ok(());
    }
    if is_of(home, keystore) {
        for (next, place) in moves(home) {
            files::rename(&next, &place)?;
        }
        for code in files::list(&home.cache())? {
            files::remove(&home.cache().join(code))?;
        }
    } else {
        // The last to move in: while it is this keystore's, so is the rest, and nothing is lost.
        let state = keystore.mac(Purpose::AppliedState);
        authenticated::read::<Json>(&home.operator(), &state)?;
    }
    Ok(files::remove_directory(&home.rotating())?)
}

/// Whether all that still waits was authenticated with the newest root of `keystore`.
fn is_of(home: &Home, keystore: &Keystore) -> bool {
    let state = keystore.mac(Purpose::AppliedState);
    moves(home).all(|(next, place)| {
        if handed_over(home).contains(&place) {
            // Whoever opens the log asks who signed it.
            true
        } else if place == home.versions() {
            VersionMemory::open(&next, keystore.mac(Purpose::VersionMemory)).is_ok()
        } else {
            authenticated::read::<Json>(&next, &state).is_ok()
        }
    })
}

/// What waits, and where it goes, in the order in which it does.
fn moves(home: &Home) -> impl Iterator<Item = (PathBuf, PathBuf)> {
    let waits = |place: PathBuf| (beside(home, &place), place);
    let places = handed_over(home)
        .into_iter()
        .chain([home.versions(), home.credentials()])
        .chain(states(home));
    let moves: Vec<_> = places.map(waits).collect();
    moves.into_iter().filter(|(next, _)| next.exists())
}

fn authenticate_anew(home: &Home, old: &Keystore, next: &Keystore) -> Result<(), SetupError> {
    let state = |keystore: &Keystore| keystore.mac(Purpose::AppliedState);
    let sealed: Option<Sealed> = credentials::read(home, &state(old))?;
    if let Some(sealed) = sealed {
        let key = |keystore: &Keystore| keystore.sealer(Purpose::Credentials);
        let sealed = sealed.resealed(&key(old), &key(next))?;
        authenticated::write(&beside(home, &home.credentials()), &sealed, &state(next))?;
    }
    for place in states(home) {
        // Only a statement that was about to be in force may be absent.
        if place != home.applied_next() || place.exists() {
            let body: Json = authenticated::read(&place, &state(old))?;
            authenticated::write(&beside(home, &place), &body, &state(next))?;
        }
    }
    let versions = VersionMemory::open(&home.versions(), old.mac(Purpose::VersionMemory))?;
    let place = beside(home, &home.versions());
    versions.rekey(&place, next.mac(Purpose::VersionMemory))?;
    Ok(())
}

/// Where the state that belongs to `place` waits.
fn beside(home: &Home, place: &Path) -> PathBuf {
    home.rotating().join(place.file_name().unwrap_or_default())
}

/// What the log's keys say of it.
fn handed_over(home: &Home) -> [PathBuf; 2] {
    HANDED_OVER.map(|name| home.audit().join(name))
}

/// State files in the envelope of [`authenticated`].
fn states(home: &Home) -> [PathBuf; 4] {
    [
        home.applied_next(),
        home.applied(),
        home.disabled(),
        home.operator(),
    ]
}
