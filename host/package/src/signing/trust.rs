//! `trust.toml`: which publisher may sign which namespace, and how that is proven.

mod file;

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sigstore_verify::Verifier;
use vouchsafe_keys::PublicKey;

use super::identity::{IdentityPattern, Signer};
use super::revocation::Revocations;

/// What `trust.toml` says. Every publisher has namespaces of its own and one way to be recognised.
#[derive(Clone)]
pub struct Trust {
    publishers: Vec<Publisher>,
    revocations: RevocationPolicy,
    /// There when a publisher needs it.
    sigstore: Option<Arc<Verifier>>,
}

impl Trust {
    /// Reads `trust.toml` whose keys stand in the file itself.
    ///
    /// # Errors
    /// [`TrustError`] with the line, also for a key or root in another file: see [`Trust::parse_with`].
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        Self::parse_with(text, &|_| {
            Err("it must stand in `trust.toml` itself here".into())
        })
    }

    /// As [`Trust::parse`]; `read` gives the text of a file that a `key` or `trusted_root` names.
    ///
    /// # Errors
    /// [`TrustError`] with the line.
    pub fn parse_with(
        text: &str,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, TrustError> {
        file::parse(text, read)
    }

    /// Trusts nobody.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            publishers: Vec::new(),
            revocations: RevocationPolicy::default(),
            sigstore: None,
        }
    }

    /// Trusts whoever is `expected`, for no namespace: good for asking who signed, not for vouching.
    pub(crate) fn expecting(
        expected: &Recognised,
        trusted_root: Option<&str>,
    ) -> Result<Self, TrustError> {
        let transparency = match expected {
            Recognised::Keys(_) => Transparency::None,
            Recognised::Identity { .. } => Transparency::Required,
        };
        let sigstore = match transparency {
            Transparency::None => None,
            Transparency::Required => {
                Some(file::verifier(trusted_root).map_err(|why| TrustError { line: None, why })?)
            }
        };
        let publisher = Publisher {
            name: "expected".into(),
            line: 0,
            namespaces: Vec::new(),
            recognised: expected.clone(),
            transparency,
        };
        Ok(Self {
            publishers: vec![publisher],
            revocations: RevocationPolicy::default(),
            sigstore,
        })
    }

    /// The publishers, in the order of the file.
    #[must_use]
    pub fn publishers(&self) -> &[Publisher] {
        &self.publishers
    }

    /// The publisher called `name`.
    #[must_use]
    pub fn publisher(&self, name: &str) -> Option<&Publisher> {
        self.publishers
            .iter()
            .find(|publisher| publisher.name == name)
    }

    /// The publisher whose `namespace` is.
    #[must_use]
    pub fn owner(&self, namespace: &str) -> Option<&Publisher> {
        self.publishers
            .iter()
            .find(|publisher| publisher.owns(namespace))
    }

    /// What is demanded of the revocation list.
    #[must_use]
    pub fn revocations(&self) -> &RevocationPolicy {
        &self.revocations
    }

    pub(crate) fn sigstore(&self) -> Option<&Verifier> {
        self.sigstore.as_deref()
    }
}

/// One `[publishers.NAME]`.
#[derive(Clone, Debug)]
pub struct Publisher {
    name: String,
    line: usize,
    namespaces: Vec<String>,
    recognised: Recognised,
    transparency: Transparency,
}

impl Publisher {
    /// Its name, which grants use.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line of `trust.toml` where it stands, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Where it stands: `trust.toml:4`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{FILE}:{}", self.line)
    }

    /// The namespaces that it alone may sign.
    #[must_use]
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Whether it may sign `namespace`.
    #[must_use]
    pub fn owns(&self, namespace: &str) -> bool {
        self.namespaces.iter().any(|own| own == namespace)
    }

    /// How it is recognised.
    #[must_use]
    pub fn recognised(&self) -> &Recognised {
        &self.recognised
    }

    /// Whether its signatures must be in the transparency log.
    #[must_use]
    pub fn transparency(&self) -> Transparency {
        self.transparency
    }

    /// Whether `signer`, already proven, is this publisher.
    #[must_use]
    pub fn is(&self, signer: &Signer) -> bool {
        match (&self.recognised, signer) {
            (Recognised::Keys(keys), Signer::Key { fingerprint }) => {
                keys.iter().any(|key| key.is_called(fingerprint))
            }
            (
                Recognised::Identity {
                    pattern,
                    issuer: expected,
                },
                Signer::Identity { identity, issuer },
            ) => issuer == expected && pattern.matches(identity),
            _ => false,
        }
    }
}

/// How a publisher is recognised.
#[derive(Clone, Debug)]
pub enum Recognised {
    /// By one of these keys.
    Keys(Vec<PublicKey>),
    /// By a certificate of the pinned Sigstore instance for such an identity.
    Identity {
        /// The identity.
        pattern: IdentityPattern,
        /// Who must have authenticated it.
        issuer: String,
    },
}

/// Whether signatures must be in the public log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transparency {
    /// Each has a proof that the log holds it: a stolen key can't be used unseen.
    Required,
    /// The key alone decides.
    None,
}

impl fmt::Display for Transparency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Required => "required",
            Self::None => "none",
        })
    }
}

/// `[revocations]`: what is demanded of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationPolicy {
    /// Nothing runs without a list.
    pub required: bool,
    /// Nothing runs on an older list.
    pub max_age: Option<SignedDuration>,
}

/// Why the list in use does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaleError {
    /// There is none.
    #[error("there is no revocation list, and `[revocations] required` ({FILE}) demands one")]
    Missing,
    /// It says itself until when it holds.
    #[error("revocation list {number} expired at {expired}; fetch and apply a newer one")]
    Expired {
        /// Its number.
        number: u64,
        /// Until when it held.
        expired: Timestamp,
    },
    /// Older than `max_age`.
    #[error(
        "revocation list {number} was issued at {issued}, longer ago than `max_age` ({FILE}) allows"
    )]
    TooOld {
        /// Its number.
        number: u64,
        /// When it was issued.
        issued: Timestamp,
    },
    /// Its age can't be told.
    #[error(
        "revocation list {number} was issued at {issued}, which is in the future: set the clock right"
    )]
    FromTheFuture {
        /// Its number.
        number: u64,
        /// When it says it was issued.
        issued: Timestamp,
    },
}

/// Clocks of two machines differ by so much.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

impl RevocationPolicy {
    /// Whether `list` still does at `now`.
    ///
    /// # Errors
    /// Each reason of [`StaleError`].
    pub fn check(&self, list: &Revocations, now: Timestamp) -> Result<(), StaleError> {
        let Some(issued) = list.issued() else {
            return if self.required {
                Err(StaleError::Missing)
            } else {
                Ok(())
            };
        };
        let number = list.number();
        let age = now.duration_since(issued);
        if age < -CLOCK_SKEW {
            return Err(StaleError::FromTheFuture { number, issued });
        }
        if let Some(expired) = list.expires().filter(|expires| now >= *expires) {
            return Err(StaleError::Expired { number, expired });
        }
        if self.max_age.is_some_and(|most| age > most) {
            return Err(StaleError::TooOld { number, issued });
        }
        Ok(())
    }
}

/// What is wrong with `trust.toml`, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustError {
    line: Option<usize>,
    why: String,
}

impl TrustError {
    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{FILE}:{line}: {}", self.why),
            None => write!(f, "{FILE}: {}", self.why),
        }
    }
}

impl std::error::Error for TrustError {}

const FILE: &str = "trust.toml";
