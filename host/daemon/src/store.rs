//! Installed components and their bundles, by digest. Kept is not trusted: every use verifies again.

use std::path::{Path, PathBuf};

use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_package::Digest;
use vouchsafe_package::signing::bundle_path;

/// The largest component that is kept, in bytes; the package reader's own limit is not higher.
pub const MAX_COMPONENT: u64 = 64 << 20;

/// The largest bundle, in bytes; real ones are under 20 KiB.
pub const MAX_BUNDLE: u64 = 1 << 20;

/// A component as read from a file, with the bundle beside it if there is one.
pub struct Unverified {
    /// The component, read once: what is checked is what is used.
    pub component: Vec<u8>,
    /// The bundle at `FILE.sigstore.json`.
    pub bundle: Option<Vec<u8>>,
}

impl Unverified {
    /// Reads `file` and the bundle beside it.
    ///
    /// # Errors
    /// When a file is too large or can't be read; a missing bundle is no error.
    pub fn read(file: &Path) -> Result<Self, FileError> {
        Ok(Self {
            component: files::read_bounded(file, MAX_COMPONENT)?,
            bundle: files::read_if_present(&bundle_path(file), MAX_BUNDLE)?,
        })
    }

    /// The component's digest.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.component)
    }
}

/// The directory of kept components.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// The store in `directory`, which exists.
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Keeps `unverified`; a component that is there already gets the new bundle.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn keep(&self, unverified: &Unverified) -> Result<(), FileError> {
        let file = self.file(&unverified.digest());
        files::write_atomic(&file, &unverified.component, Access::Private)?;
        match &unverified.bundle {
            Some(bundle) => files::write_atomic(&bundle_path(&file), bundle, Access::Private),
            None => Ok(()),
        }
    }

    /// Reads back what was kept as `digest`; `None` when it is not here.
    ///
    /// # Errors
    /// When a file can't be read. Bytes that no longer have that digest are refused by the
    /// grant's pin, like any others.
    pub fn load(&self, digest: &Digest) -> Result<Option<Unverified>, FileError> {
        match Unverified::read(&self.file(digest)) {
            Ok(unverified) => Ok(Some(unverified)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads back the component that was kept as `digest`, without its bundle.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn component(&self, digest: &Digest) -> Result<Vec<u8>, FileError> {
        files::read_bounded(&self.file(digest), MAX_COMPONENT)
    }

    /// Forgets `digest`; fine if it is not here.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn remove(&self, digest: &Digest) -> Result<(), FileError> {
        let file = self.file(digest);
        files::remove(&bundle_path(&file))?;
        files::remove(&file)
    }

    /// The digests kept here; files of other names are left out.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn digests(&self) -> Result<Vec<Digest>, FileError> {
        let names = files::list(&self.directory)?;
        let digest = |name: &String| {
            let hex = name.strip_suffix(".wasm")?;
            format!("sha256:{hex}").parse().ok()
        };
        Ok(names.iter().filter_map(digest).collect())
    }

    fn file(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{}.wasm", digest.hex()))
    }
}
