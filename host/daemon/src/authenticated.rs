//! Small state files that only this host can have written: a body and its MAC in one JSON file.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_keys::MacKey;

/// The largest such file, in bytes.
const MAX: u64 = 32 << 20;

/// The format's version.
const VERSION: u32 = 1;

/// Why a state file can't be used. Everything that depends on it is refused.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticatedError {
    /// The file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not what this host wrote.
    #[error("`{}` was not written by this host, or was changed since: restore it from a backup", .0.display())]
    Forged(PathBuf),
    /// The body can't be written as JSON.
    #[error("`{}`: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the format says.
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    version: u32,
    /// The body as the text that was authenticated.
    body: String,
    tag: String,
}

/// Writes `body` to `path`, replacing what was there.
///
/// # Errors
/// When the file can't be written.
pub fn write<T: Serialize>(path: &Path, body: &T, key: &MacKey) -> Result<(), AuthenticatedError> {
    let format = |source| AuthenticatedError::Format {
        path: path.to_owned(),
        source,
    };
    let body = serde_json::to_string(body).map_err(format)?;
    let tag = hex::encode(key.tag(&bound(path, &body)));
    let envelope = Envelope {
        version: VERSION,
        body,
        tag,
    };
    let bytes = serde_json::to_vec(&envelope).map_err(format)?;
    Ok(files::write_atomic(path, &bytes, Access::Private)?)
}

/// Reads what [`write()`] wrote to `path` under the same key.
///
/// # Errors
/// [`AuthenticatedError::Forged`] for anything else than that, absence included.
pub fn read<T: DeserializeOwned>(path: &Path, key: &MacKey) -> Result<T, AuthenticatedError> {
    let forged = || AuthenticatedError::Forged(path.to_owned());
    let Some(bytes) = files::read_if_present(path, MAX)? else {
        return Err(forged());
    };
    let envelope: Envelope = serde_json::from_slice(&bytes).map_err(|_| forged())?;
    let tag = hex::decode(&envelope.tag).map_err(|_| forged())?;
    if envelope.version != VERSION || !key.verify(&bound(path, &envelope.body), &tag) {
        return Err(forged());
    }
    serde_json::from_str(&envelope.body).map_err(|_| forged())
}

/// The body bound to the file's name, so that one state file can't stand in for another.
fn bound(path: &Path, body: &str) -> Vec<u8> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    [name, b"\0", body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouchsafe_keys::{Keystore, Purpose, Seal};

    fn key(directory: &Path) -> MacKey {
        let seal = Seal::KeyFile(directory.join("seal.key"));
        let store = Keystore::create(&directory.join("keystore.json"), &seal).unwrap();
        store.mac(Purpose::AppliedState)
    }

    #[test]
    fn a_changed_or_exchanged_or_missing_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let key = key(directory.path());
        let (a, b) = (directory.path().join("a"), directory.path().join("b"));
        write(&a, &vec![1, 2], &key).unwrap();
        assert_eq!(read::<Vec<i32>>(&a, &key).unwrap(), [1, 2]);
        let bytes = files::read_bounded(&a, MAX).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            files::write_atomic(&a, &changed, Access::Private).unwrap();
            assert!(read::<Vec<i32>>(&a, &key).is_err(), "byte {at}");
        }
        files::write_atomic(&b, &bytes, Access::Private).unwrap();
        assert!(matches!(
            read::<Vec<i32>>(&b, &key),
            Err(AuthenticatedError::Forged(_))
        ));
        assert!(read::<Vec<i32>>(&directory.path().join("c"), &key).is_err());
    }
}
