//! What reading a component gave, kept under a key of the host, so that the same bytes need not be
//! taken apart again at each start.
//!
//! What [`Package::read`] says depends on the bytes and on the reader alone. A mark is that answer,
//! bound to the digest of the bytes and to the source of the reader, and authenticated: whoever
//! could write one would choose what a component is taken for. It says nothing of who signed, who is
//! trusted and what is revoked, which is judged each time. Whatever is off in any way counts as
//! absent, and the bytes are read.

use std::path::PathBuf;

use vouchsafe_ambient::files::{self, FileError};
use vouchsafe_keys::MacKey;

use super::{Package, ReadError};
use crate::{Digest, ReadLimits};

/// The largest mark. What it holds was within the limits of sections and types.
const MAX: u64 = 32 << 20;

/// What a file is, and of which form.
const MAGIC: &[u8; 16] = b"vouchsafe mark 1";

/// The reader: its source and the crates that it is built with, hashed by `build.rs`. Another one may
/// read the same bytes otherwise.
const READER: &[u8; 16] = include_bytes!(concat!(env!("OUT_DIR"), "/reader"));

const TAG: usize = 32;
/// Magic, digest of the component, reader.
const HEADER: usize = 16 + 32 + 16;

/// The marks that this host made before.
pub struct Marks {
    directory: PathBuf,
    key: MacKey,
}

impl Marks {
    /// The marks in `directory`, which exists, authenticated with `key`.
    #[must_use]
    pub fn at(directory: PathBuf, key: MacKey) -> Self {
        Self { directory, key }
    }

    /// As [`Package::read`] with the default limits, from the mark if this host made one for exactly
    /// these bytes with this reader.
    ///
    /// # Errors
    /// Those of [`Package::read`].
    pub fn read(&self, bytes: &[u8]) -> Result<Package, ReadError> {
        self.read_as(Digest::of(bytes), bytes)
    }

    /// As [`Marks::read`] of `bytes` whose digest is known.
    pub(crate) fn read_as(&self, digest: Digest, bytes: &[u8]) -> Result<Package, ReadError> {
        if let Some(package) = self.find(digest) {
            return Ok(package);
        }
        let package = Package::read_as(digest, bytes, &ReadLimits::default())?;
        self.keep(&package);
        Ok(package)
    }

    /// Removes the mark of the component `digest`; fine if there is none.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn forget(&self, digest: &Digest) -> Result<(), FileError> {
        files::remove(&self.path(digest))
    }

    fn find(&self, digest: Digest) -> Option<Package> {
        let path = self.path(&digest);
        let bytes = files::read_if_present(&path, MAX).ok().flatten()?;
        let Some(signed) = self.authentic(&bytes) else {
            tracing::warn!(path = %path.display(), "this is not as this host wrote it under its present keys; the component is read again");
            return None;
        };
        let json = about(signed, &digest)?;
        serde_json::from_slice(json).ok()
    }

    /// Without the file the next start is slower, and nothing else.
    fn keep(&self, package: &Package) {
        let Some(json) = written(package) else {
            tracing::warn!(skill = %package.name, "what it says does not read back the same, and is not kept");
            return;
        };
        let path = self.path(&package.digest);
        let written = files::write_cached(&path, &self.seal(&package.digest, &json));
        if let Err(error) = written {
            tracing::warn!(%error, "what reading a component gave is not kept");
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string().replace(':', "-");
        self.directory.join(format!("{name}.mark"))
    }

    fn seal(&self, digest: &Digest, json: &[u8]) -> Vec<u8> {
        let signed = [header(digest).as_slice(), json].concat();
        [self.key.tag(&signed).as_slice(), &signed].concat()
    }

    fn authentic<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (tag, signed) = bytes.split_at_checked(TAG)?;
        self.key.verify(signed, tag).then_some(signed)
    }
}

fn header(digest: &Digest) -> Vec<u8> {
    [MAGIC.as_slice(), digest.as_bytes(), READER].concat()
}

/// What is said, if it is about `digest` and by this reader.
fn about<'b>(signed: &'b [u8], digest: &Digest) -> Option<&'b [u8]> {
    let (found, json) = signed.split_at_checked(HEADER)?;
    (found == header(digest)).then_some(json)
}

/// `package` as JSON, if that reads back as the same package.
fn written(package: &Package) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(package).ok()?;
    let back: Package = serde_json::from_slice(&json).ok()?;
    (back == *package).then_some(json)
}

#[cfg(test)]
mod tests;
