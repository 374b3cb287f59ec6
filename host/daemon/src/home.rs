//! Where things live: the data and configuration directories of one installation.

use std::path::{Path, PathBuf};

use vouchsafe_ambient::{env, files};

/// The two directories of an installation, and the names inside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    data: PathBuf,
    config: PathBuf,
}

/// No home directory was named and none could be found.
#[derive(Debug, thiserror::Error)]
#[error("no home directory: set `HOME`, or name one with `--home DIR`")]
pub struct NoHome;

impl Home {
    /// Everything below one directory: `DIR/data` and `DIR/config`.
    pub fn at(directory: &Path) -> Self {
        Self {
            data: directory.join("data"),
            config: directory.join("config"),
        }
    }

    /// A person's own directories by the XDG base directory specification.
    ///
    /// # Errors
    /// When neither the XDG variables nor `HOME` are set.
    pub fn of_this_user() -> Result<Self, NoHome> {
        let base = |variable: &str, fallback: &str| {
            env::directory(variable)
                .or_else(|| env::directory("HOME").map(|home| home.join(fallback)))
                .map(|base| base.join("vouchsafe"))
                .ok_or(NoHome)
        };
        Ok(Self {
            data: base("XDG_DATA_HOME", ".local/share")?,
            config: base("XDG_CONFIG_HOME", ".config")?,
        })
    }

    /// The directory that only the owner process writes.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The directory with the proposals that people edit.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The sealed keystore.
    pub fn keystore(&self) -> PathBuf {
        self.data.join("keystore.json")
    }

    /// The keystore of a home that is being set up, until everything else is there.
    pub fn next_keystore(&self) -> PathBuf {
        self.data.join("keystore-next.json")
    }

    /// The file that unseals the keystore when no passphrase does.
    pub fn seal_key(&self) -> PathBuf {
        self.data.join("seal.key")
    }

    /// The enrolled operator's public key, authenticated by the keystore.
    pub fn operator(&self) -> PathBuf {
        self.data.join("operator.json")
    }

    /// What the operator applied last, authenticated by the keystore.
    pub fn applied(&self) -> PathBuf {
        self.data.join("applied.json")
    }

    /// What is about to take its place, once it is recorded.
    pub fn applied_next(&self) -> PathBuf {
        self.data.join("applied-next.json")
    }

    /// State under a new root, until all of it has taken its place.
    pub fn rotating(&self) -> PathBuf {
        self.data.join("rotating")
    }

    /// The key file of a keystore under a new root, until it takes the place of [`Home::seal_key`].
    pub fn next_seal_key(&self) -> PathBuf {
        self.rotating().join("seal.key")
    }

    /// The skills that are switched off, authenticated by the keystore.
    pub fn disabled(&self) -> PathBuf {
        self.data.join("disabled.json")
    }

    /// Sealed credentials, authenticated by the keystore.
    pub fn credentials(&self) -> PathBuf {
        self.data.join("credentials.json")
    }

    /// The highest versions and revocation numbers seen.
    pub fn versions(&self) -> PathBuf {
        self.data.join("versions.json")
    }

    /// Installed components and their bundles, by digest.
    pub fn skills(&self) -> PathBuf {
        self.data.join("skills")
    }

    /// What skills keep, sealed: a file for each skill and tenant.
    pub fn states(&self) -> PathBuf {
        self.data.join("state")
    }

    /// Calls that wait for people, sealed: a file for each.
    pub fn approvals(&self) -> PathBuf {
        self.data.join("approvals")
    }

    /// What external servers listed, as it is to be read and compared.
    pub fn upstream(&self) -> PathBuf {
        self.data.join("upstream")
    }

    /// Compiled code.
    pub fn cache(&self) -> PathBuf {
        self.data.join("cache")
    }

    /// The log.
    pub fn audit(&self) -> PathBuf {
        self.data.join("audit")
    }

    /// What its records commit to, sealed, and the keys of that.
    pub fn payloads(&self) -> PathBuf {
        self.data.join("payloads")
    }

    /// What the owner process prints.
    pub fn owner_log(&self) -> PathBuf {
        self.data.join("owner.log")
    }

    /// Held by the one owner process.
    pub fn owner_lock(&self) -> PathBuf {
        self.data.join("owner.lock")
    }

    /// The owner's socket.
    pub fn socket(&self) -> PathBuf {
        self.data.join("owner.sock")
    }

    /// The operator's own private key, encrypted; with `init --operator-key` it is elsewhere.
    pub fn operator_key(&self) -> PathBuf {
        self.config.join("operator.key")
    }

    /// Grants that only the operator can complete, while older ones are in force.
    pub fn drafts(&self) -> PathBuf {
        self.config.join("drafts")
    }

    /// Whether `init` has been run here.
    pub fn is_initialised(&self) -> bool {
        self.keystore().exists()
    }

    /// Makes the directories, closed to other users.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(&self) -> Result<(), files::FileError> {
        for directory in [
            self.data.clone(),
            self.config.clone(),
            self.config.join("grants"),
            self.config.join("roles"),
            self.skills(),
            self.cache(),
            self.audit(),
        ] {
            files::create_private_directory(&directory)?;
        }
        Ok(())
    }
}
