//! The keystore: one sealed file with the root of every symmetric key of this host.
//!
//! The file is JSON: a readable header and the sealed roots, one per generation. The header is
//! authenticated with them, so an edit of any byte is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::Prk;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access, FileError};
use zeroize::Zeroizing;

use crate::derived::prk;
use crate::seal::{self, SealHeader};
use crate::{MacKey, Seal, SealingKey, SigningKey};

/// What a derived key may be used for. Keys of two purposes tell nothing about each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Commitments in the log to inputs and outputs.
    LogCommitments,
    /// Pseudonyms of people in the log.
    LogPseudonyms,
    /// Signs the log's checkpoints.
    LogCheckpoints,
    /// Authenticates how far the log had come.
    LogMark,
    /// Authenticates compiled code on disk.
    CodeCache,
    /// Authenticates what reading a component gave.
    ReadMarks,
    /// Authenticates the highest version seen of each skill.
    VersionMemory,
    /// Authenticates what `apply` put in force.
    AppliedState,
    /// Seals small private values at rest.
    Sealing,
    /// Seals the credentials that skills use.
    Credentials,
    /// Signs agents' certificates, and the host's own.
    AgentAuthority,
}

impl Purpose {
    /// Every purpose, in the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::LogCommitments,
        Self::LogPseudonyms,
        Self::LogCheckpoints,
        Self::LogMark,
        Self::CodeCache,
        Self::ReadMarks,
        Self::VersionMemory,
        Self::AppliedState,
        Self::Sealing,
        Self::Credentials,
        Self::AgentAuthority,
    ];

    /// Its name, as in `keys list` and the log: `log-commitments`.
    pub fn name(self) -> &'static str {
        self.info().trim_start_matches("vouchsafe/v1/")
    }

    /// The HKDF info string. Changing one changes its keys: add a version instead.
    fn info(self) -> &'static str {
        match self {
            Self::LogCommitments => "vouchsafe/v1/log-commitments",
            Self::LogPseudonyms => "vouchsafe/v1/log-pseudonyms",
            Self::LogCheckpoints => "vouchsafe/v1/log-checkpoints",
            Self::LogMark => "vouchsafe/v1/log-mark",
            Self::CodeCache => "vouchsafe/v1/code-cache",
            Self::ReadMarks => "vouchsafe/v1/read-marks",
            Self::VersionMemory => "vouchsafe/v1/version-memory",
            Self::AppliedState => "vouchsafe/v1/applied-state",
            Self::Sealing => "vouchsafe/v1/sealing",
            Self::Credentials => "vouchsafe/v1/credentials",
            Self::AgentAuthority => "vouchsafe/v1/agent-authority",
        }
    }

    /// What no longer works when its key is lost.
    fn loss(self) -> &'static str {
        match self {
            Self::LogCommitments => {
                "what was committed to in the log can no longer be shown to match"
            }
            Self::LogPseudonyms => "people in old records can no longer be found by name",
            Self::LogCheckpoints => {
                "a new key has to be told to those who check the log; old proofs hold"
            }
            Self::LogMark => "an older state of the log is no longer noticed as one",
            Self::CodeCache => "every component is compiled again",
            Self::ReadMarks => "every component is read again",
            Self::VersionMemory => "an older signed version is no longer noticed as a rollback",
            Self::AppliedState => "grants, roles and trust must be applied again",
            Self::Sealing => "sealed values are gone",
            Self::Credentials => "credentials must be set again",
            Self::AgentAuthority => "every agent has to be invited again",
        }
    }
}

/// What went wrong with a keystore.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file or the key file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Creating over an existing keystore would destroy its keys.
    #[error("a keystore is already at `{}`", .0.display())]
    Exists(PathBuf),
    /// Not a keystore, or one of another version.
    #[error("not a keystore of this version: {0}")]
    Malformed(String),
    /// The key file or passphrase is another one, or the file was edited.
    #[error("the key file or passphrase does not open this keystore, or the keystore was edited")]
    WrongSeal,
    /// The keystore wants another kind of seal.
    #[error("this keystore is sealed by a {needs}")]
    OtherSeal {
        /// `key-file` or `passphrase`.
        needs: &'static str,
    },
    /// Others than the owner may read or write the key file.
    #[error("the key file `{path}` is open to others; run `chmod 600 {path}`", path = .0.display())]
    OpenToOthers(PathBuf),
    /// The key file is not 32 bytes in hex.
    #[error("`{}` is not a key file: it must hold 64 hex digits", .0.display())]
    NotAKeyFile(PathBuf),
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The cryptographic library refused.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl From<Unspecified> for KeystoreError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

/// An open keystore. Dropping it wipes the roots.
pub struct Keystore {
    path: PathBuf,
    header: Header,
    /// One root of [`ROOT`] bytes per generation, oldest first.
    roots: Zeroizing<Vec<u8>>,
    keys: Keys,
}

impl Keystore {
    /// Makes a new keystore at `path` with a fresh root.
    ///
    /// # Errors
    /// [`KeystoreError::Exists`] rather than replacing one.
    pub fn create(path: &Path, seal: &Seal) -> Result<Self, KeystoreError> {
        if files::read_if_present(path, MAX_FILE)?.is_some() {
            return Err(KeystoreError::Exists(path.to_owned()));
        }
        let created = clock::now().to_string();
        let header = Header {
            format: FORMAT.into(),
            version: VERSION,
            created: created.clone(),
            seal: seal::prepare(seal)?,
            generations: vec![GenerationFacts { number: 1, created }],
        };
        let roots = Zeroizing::new(seal::random()?.to_vec());
        let store = Self::from_parts(path.to_owned(), header, roots)?;
        files::write_new(path, &store.to_file(seal)?, Access::Private)?;
        Ok(store)
    }

    /// Opens the keystore at `path`.
    ///
    /// # Errors
    /// [`KeystoreError::WrongSeal`] for another seal and for any edit of the file.
    pub fn open(path: &Path, seal: &Seal) -> Result<Self, KeystoreError> {
        let bytes = files::read_bounded(path, MAX_FILE)?;
        let file: File =
            serde_json::from_slice(&bytes).map_err(|e| KeystoreError::Malformed(e.to_string()))?;
        file.header.check()?;
        let sealed = BASE64
            .decode(&file.sealed)
            .map_err(|e| KeystoreError::Malformed(e.to_string()))?;
        let roots = seal::unwrap(seal, &file.header.seal, &file.header.canonical()?, &sealed)?;
        Self::from_parts(path.to_owned(), file.header, roots)
    }

    /// The authentication key of `purpose`.
    pub fn mac(&self, purpose: Purpose) -> MacKey {
        self.keys.of(purpose).mac.clone()
    }

    /// The sealing key of `purpose`.
    pub fn sealer(&self, purpose: Purpose) -> SealingKey {
        self.keys.of(purpose).sealing.clone()
    }

    /// The same keystore with a fresh root to be used from now on, sealed under `seal`; not yet in the place of
    /// this one. What older roots sealed still opens with it; what they authenticated does not verify, and is to
    /// be authenticated anew.
    ///
    /// # Errors
    /// When the seal can't be written, or the file would be larger than is read (16 MiB, some 100 000 rotations).
    pub fn rotated(&self, seal: &Seal) -> Result<Rotation, KeystoreError> {
        let mut header = self.header.clone();
        header.seal = seal::prepare(seal)?;
        header.generations.push(GenerationFacts {
            number: self.header.newest().saturating_add(1),
            created: clock::now().to_string(),
        });
        header.check()?;
        let mut roots = Zeroizing::new(Vec::with_capacity(self.roots.len().saturating_add(ROOT)));
        roots.extend_from_slice(&self.roots);
        roots.extend_from_slice(seal::random()?.as_slice());
        let next = Self::from_parts(self.path.clone(), header, roots)?;
        let file = next.to_file(seal)?;
        if file.len() as u64 > MAX_FILE {
            return Err(KeystoreError::Malformed("it is full".into()));
        }
        Ok(Rotation { next, file })
    }

    /// Seals the same roots under `seal`, such as a new passphrase. The old one opens only old copies of the file.
    ///
    /// # Errors
    /// When the seal or the file can't be written; the keystore is then as before.
    pub fn reseal(&mut self, seal: &Seal) -> Result<(), KeystoreError> {
        let mut header = self.header.clone();
        header.seal = seal::prepare(seal)?;
        let roots = self.roots.clone();
        self.replace(seal, header, roots)
    }

    /// The key that signs for `purpose`.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn signer(&self, purpose: Purpose) -> Result<SigningKey, KeystoreError> {
        let roots: Vec<Prk> = self.roots.chunks_exact(ROOT).rev().map(prk).collect();
        Ok(SigningKey::derive(&roots, purpose.info().as_bytes())?)
    }

    /// What `keys list` shows: no secret in it.
    pub fn facts(&self) -> Facts {
        let purpose = |purpose: Purpose| PurposeFacts {
            purpose,
            if_lost: purpose.loss(),
        };
        Facts {
            created: self.header.created.clone(),
            sealed_by: self.header.seal.kind(),
            generations: self.header.generations.clone(),
            purposes: Purpose::ALL.map(purpose).to_vec(),
        }
    }

    fn replace(
        &mut self,
        seal: &Seal,
        header: Header,
        roots: Zeroizing<Vec<u8>>,
    ) -> Result<(), KeystoreError> {
        let next = Self::from_parts(self.path.clone(), header, roots)?;
        files::write_atomic(&self.path, &next.to_file(seal)?, Access::Private)?;
        *self = next;
        Ok(())
    }

    fn from_parts(
        path: PathBuf,
        header: Header,
        roots: Zeroizing<Vec<u8>>,
    ) -> Result<Self, KeystoreError> {
        let keys = Keys::derive(&header, &roots)?;
        Ok(Self {
            path,
            header,
            roots,
            keys,
        })
    }

    fn to_file(&self, seal: &Seal) -> Result<Vec<u8>, KeystoreError> {
        let sealed = seal::wrap(
            seal,
            &self.header.seal,
            &self.header.canonical()?,
            &self.roots,
        )?;
        let file = File {
            header: self.header.clone(),
            sealed: BASE64.encode(sealed),
        };
        let mut text = serde_json::to_vec_pretty(&file)
            .map_err(|e| KeystoreError::Malformed(e.to_string()))?;
        text.push(b'\n');
        Ok(text)
    }
}

/// A keystore that is about to take the place of the one it came from.
#[must_use = "nothing is rotated before `commit`"]
pub struct Rotation {
    next: Keystore,
    file: Vec<u8>,
}

impl Rotation {
    /// What it will be, for what has to be authenticated anew before.
    pub fn keystore(&self) -> &Keystore {
        &self.next
    }

    /// Writes it into the place of the old one, in one step.
    ///
    /// # Errors
    /// When the file can't be written; the old keystore is then still there.
    pub fn commit(self) -> Result<Keystore, KeystoreError> {
        files::write_atomic(&self.next.path, &self.file, Access::Private)?;
        Ok(self.next)
    }
}

/// What a keystore says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// When it was made (RFC 3339).
    pub created: String,
    /// `key-file` or `passphrase`.
    pub sealed_by: &'static str,
    /// Its roots, oldest first; the last is in use.
    pub generations: Vec<GenerationFacts>,
    /// What keys are derived for.
    pub purposes: Vec<PurposeFacts>,
}

/// One root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationFacts {
    /// From 1, rising.
    pub number: u32,
    /// When it was made (RFC 3339).
    pub created: String,
}

/// One purpose.
#[derive(Clone, Debug, Serialize)]
pub struct PurposeFacts {
    /// Which.
    pub purpose: Purpose,
    /// What no longer works when its key is lost.
    pub if_lost: &'static str,
}

const FORMAT: &str = "vouchsafe-keystore";
const VERSION: u32 = 1;
const ROOT: usize = 32;
/// Room for a rotation each hour of ten years. Old roots stay, since the log's commitments open with them.
const MAX_FILE: u64 = 16 << 20;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    created: String,
    seal: SealHeader,
    generations: Vec<GenerationFacts>,
}

impl Header {
    fn check(&self) -> Result<(), KeystoreError> {
        let bad = |why: &str| Err(KeystoreError::Malformed(why.into()));
        if self.format != FORMAT {
            return bad("`format` is not `vouchsafe-keystore`");
        }
        if self.version != VERSION {
            return bad(&format!(
                "`version` is {}, this program reads {VERSION}",
                self.version
            ));
        }
        let numbered = (1u32..).zip(&self.generations).all(|(n, g)| g.number == n);
        if !numbered || self.generations.is_empty() {
            return bad("the generations are not numbered from 1");
        }
        Ok(())
    }

    fn newest(&self) -> u32 {
        self.generations.last().map_or(0, |g| g.number)
    }

    fn canonical(&self) -> Result<Vec<u8>, KeystoreError> {
        serde_json_canonicalizer::to_vec(self).map_err(|e| KeystoreError::Malformed(e.to_string()))
    }
}

#[derive(Serialize, Deserialize)]
struct File {
    header: Header,
    sealed: String,
}

/// Derived once, when the keystore is opened.
struct Keys {
    log_commitments: Pair,
    log_pseudonyms: Pair,
    log_checkpoints: Pair,
    log_mark: Pair,
    code_cache: Pair,
    read_marks: Pair,
    version_memory: Pair,
    applied_state: Pair,
    sealing: Pair,
    credentials: Pair,
    agent_authority: Pair,
}

struct Pair {
    mac: MacKey,
    sealing: SealingKey,
}

impl Keys {
    fn derive(header: &Header, roots: &[u8]) -> Result<Self, KeystoreError> {
        if roots.len() != header.generations.len().saturating_mul(ROOT) {
            return Err(KeystoreError::Malformed(
                "there is not one root per generation".into(),
            ));
        }
        let roots: Vec<(u32, Prk)> = header
            .generations
            .iter()
            .zip(roots.chunks_exact(ROOT))
            .map(|(generation, root)| (generation.number, prk(root)))
            .rev()
            .collect();
        let newest_first: Arc<[(u32, Prk)]> = roots.into();
        let pair = |purpose| Pair::derive(purpose, &newest_first);
        Ok(Self {
            log_commitments: pair(Purpose::LogCommitments)?,
            log_pseudonyms: pair(Purpose::LogPseudonyms)?,
            log_checkpoints: pair(Purpose::LogCheckpoints)?,
            log_mark: pair(Purpose::LogMark)?,
            code_cache: pair(Purpose::CodeCache)?,
            read_marks: pair(Purpose::ReadMarks)?,
            version_memory: pair(Purpose::VersionMemory)?,
            applied_state: pair(Purpose::AppliedState)?,
            sealing: pair(Purpose::Sealing)?,
            credentials: pair(Purpose::Credentials)?,
            agent_authority: pair(Purpose::AgentAuthority)?,
        })
    }

    fn of(&self, purpose: Purpose) -> &Pair {
        match purpose {
            Purpose::LogCommitments => &self.log_commitments,
            Purpose::LogPseudonyms => &self.log_pseudonyms,
            Purpose::LogCheckpoints => &self.log_checkpoints,
            Purpose::LogMark => &self.log_mark,
            Purpose::CodeCache => &self.code_cache,
            Purpose::ReadMarks => &self.read_marks,
            Purpose::VersionMemory => &self.version_memory,
            Purpose::AppliedState => &self.applied_state,
            Purpose::Sealing => &self.sealing,
            Purpose::Credentials => &self.credentials,
            Purpose::AgentAuthority => &self.agent_authority,
        }
    }
}

impl Pair {
    fn derive(purpose: Purpose, newest_first: &Arc<[(u32, Prk)]>) -> Result<Self, KeystoreError> {
        let info = purpose.info().as_bytes();
        let (_, newest) = newest_first.first().ok_or(KeystoreError::Crypto)?;
        Ok(Self {
            mac: MacKey::derive(newest, info)?,
            sealing: SealingKey::derive(newest_first, info)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn home() -> (tempfile::TempDir, PathBuf, Seal) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keystore.json");
        let seal = Seal::KeyFile(dir.path().join("seal.key"));
        (dir, path, seal)
    }

    #[test]
    fn a_reopened_keystore_has_the_same_keys() {
        let (_dir, path, seal) = home();
        let made = Keystore::create(&path, &seal).unwrap();
        let opened = Keystore::open(&path, &seal).unwrap();
        for purpose in Purpose::ALL {
            assert!(
                opened
                    .mac(purpose)
                    .verify(b"m", &made.mac(purpose).tag(b"m"))
            );
            let sealed = made.sealer(purpose).seal(b"s", b"c").unwrap();
            assert_eq!(opened.sealer(purpose).open(&sealed, b"c").unwrap(), b"s");
        }
    }

    #[test]
    fn no_two_purposes_share_a_key() {
        let (_dir, path, seal) = home();
        let store = Keystore::create(&path, &seal).unwrap();
        let tags: std::collections::BTreeSet<_> =
            Purpose::ALL.map(|p| store.mac(p).tag(b"m")).into();
        assert_eq!(tags.len(), Purpose::ALL.len());
    }

    #[test]
    fn both_files_are_private() {
        let (dir, path, seal) = home();
        Keystore::create(&path, &seal).unwrap();
        assert!(!files::is_open_to_others(&path).unwrap());
        assert!(!files::is_open_to_others(&dir.path().join("seal.key")).unwrap());
    }

    #[test]
    fn creating_never_replaces() {
        let (_dir, path, seal) = home();
        Keystore::create(&path, &seal).unwrap();
        assert!(matches!(
            Keystore::create(&path, &seal),
            Err(KeystoreError::Exists(_))
        ));
    }

    #[test]
    fn another_key_file_does_not_open_it() {
        let (dir, path, seal) = home();
        Keystore::create(&path, &seal).unwrap();
        let other = dir.path().join("other.key");
        files::write_new(&other, "0".repeat(64).as_bytes(), Access::Private).unwrap();
        assert!(matches!(
            Keystore::open(&path, &Seal::KeyFile(other)),
            Err(KeystoreError::WrongSeal)
        ));
    }

    #[test]
    fn a_key_file_open_to_others_is_refused() {
        let (dir, path, _) = home();
        let open = dir.path().join("open.key");
        files::write_new(&open, "0".repeat(64).as_bytes(), Access::Shared).unwrap();
        assert!(matches!(
            Keystore::create(&path, &Seal::KeyFile(open)),
            Err(KeystoreError::OpenToOthers(_))
        ));
    }

    #[test]
    fn a_passphrase_opens_only_what_it_sealed() {
        let (_dir, path, file) = home();
        let seal = Seal::Passphrase(Secret::from("correct horse".to_owned()));
        Keystore::create(&path, &seal).unwrap();
        assert!(Keystore::open(&path, &seal).is_ok());
        let wrong = Seal::Passphrase(Secret::from("wrong horse".to_owned()));
        assert!(matches!(
            Keystore::open(&path, &wrong),
            Err(KeystoreError::WrongSeal)
        ));
        assert!(matches!(
            Keystore::open(&path, &file),
            Err(KeystoreError::OtherSeal {
                needs: "passphrase"
            })
        ));
        let none = Seal::Passphrase(Secret::from(String::new()));
        assert!(matches!(
            Keystore::create(&path.with_extension("2"), &none),
            Err(KeystoreError::EmptyPassphrase)
        ));
    }

    #[test]
    fn any_edit_of_the_header_is_refused() {
        let (_dir, path, seal) = home();
        Keystore::create(&path, &seal).unwrap();
        let text = String::from_utf8(files::read_bounded(&path, MAX_FILE).unwrap()).unwrap();
        let (head, _) = text.split_once("\"sealed\"").unwrap();
        for (at, byte) in head
            .bytes()
            .enumerate()
            .filter(|(_, b)| b.is_ascii_alphanumeric())
        {
            let mut edited = text.clone().into_bytes();
            edited[at] = if byte == b'9' { b'8' } else { byte + 1 };
            files::write_atomic(&path, &edited, Access::Private).unwrap();
            assert!(Keystore::open(&path, &seal).is_err(), "byte {at}");
        }
    }

    #[test]
    fn an_older_generation_opens_and_no_longer_verifies() {
        let (_dir, path, seal) = home();
        let store = Keystore::create(&path, &seal).unwrap();
        let tag = store.mac(Purpose::CodeCache).tag(b"m");
        let sealed = store.sealer(Purpose::Sealing).seal(b"s", b"").unwrap();
        let rotation = store.rotated(&seal).unwrap();
        let store = Keystore::open(&path, &seal).unwrap();
        assert!(store.mac(Purpose::CodeCache).verify(b"m", &tag));
        rotation.commit().unwrap();
        let store = Keystore::open(&path, &seal).unwrap();
        assert_eq!(store.facts().generations.len(), 2);
        assert!(!store.mac(Purpose::CodeCache).verify(b"m", &tag));
        assert_ne!(store.mac(Purpose::CodeCache).tag(b"m"), tag);
        assert_eq!(
            store.sealer(Purpose::Sealing).open(&sealed, b"").unwrap(),
            b"s"
        );
    }

    #[test]
    fn rotating_often_loses_nothing_that_was_sealed() {
        let (_dir, path, seal) = home();
        let mut store = Keystore::create(&path, &seal).unwrap();
        let sealed = store.sealer(Purpose::Sealing).seal(b"s", b"").unwrap();
        for _ in 0..300 {
            store = store.rotated(&seal).unwrap().commit().unwrap();
        }
        let store = Keystore::open(&path, &seal).unwrap();
        assert_eq!(store.facts().generations.len(), 301);
        let sealer = store.sealer(Purpose::Sealing);
        assert_eq!(sealer.open(&sealed, b"").unwrap(), b"s");
    }

    #[test]
    fn after_resealing_the_old_seal_is_refused() {
        let (dir, path, seal) = home();
        let mut store = Keystore::create(&path, &seal).unwrap();
        let tag = store.mac(Purpose::CodeCache).tag(b"m");
        let new = Seal::KeyFile(dir.path().join("new.key"));
        store.reseal(&new).unwrap();
        assert!(matches!(
            Keystore::open(&path, &seal),
            Err(KeystoreError::WrongSeal)
        ));
        assert_eq!(
            Keystore::open(&path, &new)
                .unwrap()
                .mac(Purpose::CodeCache)
                .tag(b"m"),
            tag
        );
    }
}
