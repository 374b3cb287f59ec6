//! The revocation list: what must not run whoever signed it. Signed by the operator, numbered upwards.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vouchsafe_keys::statement::{self, Envelope, StatementError};
use vouchsafe_keys::{PrivateKey, PublicKey};

use super::identity::{IdentityError, IdentityPattern, Signer};
use crate::Digest;
use crate::value::{Caps, ParseError, parse_strict};

/// The DSSE payload type of a revocation list.
pub const PAYLOAD_TYPE: &str = "application/vnd.vouchsafe.revocations.v1+json";

/// A revocation list as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationList {
    /// The form: 1.
    pub version: u32,
    /// Higher than every list before it.
    pub number: u64,
    /// When it was made.
    pub issued: Timestamp,
    /// Until when it may be relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Components.
    #[serde(default)]
    pub digests: BTreeSet<Digest>,
    /// Keys, by fingerprint.
    #[serde(default)]
    pub keys: BTreeSet<String>,
    /// Identities in certificates, exact or with `*` as in `trust.toml`.
    #[serde(default)]
    pub identities: BTreeSet<String>,
}

impl RevocationList {
    /// The next form's number.
    pub const VERSION: u32 = 1;

    /// Signs the list.
    ///
    /// # Errors
    /// When an entry is malformed or the key can't sign.
    pub fn sign(&self, operator: &PrivateKey) -> Result<Envelope, RevocationError> {
        patterns(self)?;
        let payload = serde_json_canonicalizer::to_vec(self)
            .map_err(|e| RevocationError::Malformed(e.to_string()))?;
        Ok(statement::sign(PAYLOAD_TYPE, &payload, operator)?)
    }
}

/// The list in use. Only a list signed by an enrolled operator, and no older one, becomes this.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    list: Option<RevocationList>,
    identities: Vec<IdentityPattern>,
}

/// Why a revocation list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// Not JSON, too large, or with a repeated key.
    #[error(transparent)]
    Json(#[from] ParseError),
    /// The signature, its key or its kind.
    #[error("revocation list: {0}")]
    Statement(#[from] StatementError),
    /// Signed, but not of this form.
    #[error("revocation list: {0}")]
    Malformed(String),
    /// An identity that is none.
    #[error("revocation list: {0}")]
    Identity(#[from] IdentityError),
    /// An older list than one already seen would bring revoked things back.
    #[error("revocation list {number} is older than {seen}, which was in use before: a rollback")]
    Rollback {
        /// Its number.
        number: u64,
        /// The highest number seen.
        seen: u64,
    },
}

impl Revocations {
    /// No list. Whether that will do is for [`RevocationPolicy`](super::RevocationPolicy) to say.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes the list in `envelope` (DSSE JSON) that one of `operators` signed. `seen` is the highest
    /// number seen before, from [`VersionMemory`](super::VersionMemory).
    ///
    /// # Errors
    /// Each reason of [`RevocationError`].
    pub fn accept(
        envelope: &[u8],
        operators: &[PublicKey],
        seen: u64,
    ) -> Result<Self, RevocationError> {
        parse_strict(envelope, &CAPS)?;
        let malformed = |e: serde_json::Error| RevocationError::Malformed(e.to_string());
        let envelope: Envelope = serde_json::from_slice(envelope).map_err(malformed)?;
        let payload = statement::verify(&envelope, PAYLOAD_TYPE, operators)?;
        let document = parse_strict(&payload, &CAPS)?;
        let list: RevocationList = serde_json::from_value(document).map_err(malformed)?;
        if list.version != RevocationList::VERSION {
            return Err(RevocationError::Malformed(format!(
                "`version` {} is not known here",
                list.version
            )));
        }
        if list.number < seen {
            return Err(RevocationError::Rollback {
                number: list.number,
                seen,
            });
        }
        let identities = patterns(&list)?;
        Ok(Self {
            list: Some(list),
            identities,
        })
    }

    /// The list itself, for who makes the next one.
    #[must_use]
    pub fn list(&self) -> Option<&RevocationList> {
        self.list.as_ref()
    }

    /// The list's number; 0 when there is none.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.list.as_ref().map_or(0, |list| list.number)
    }

    /// When the list was issued.
    #[must_use]
    pub fn issued(&self) -> Option<Timestamp> {
        self.list.as_ref().map(|list| list.issued)
    }

    /// Until when the list may be relied on.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.list.as_ref().and_then(|list| list.expires)
    }

    /// Whether these bytes or who signed them are revoked.
    ///
    /// # Errors
    /// [`Revoked`], naming which.
    pub fn check(&self, digest: &Digest, signer: &Signer) -> Result<(), Revoked> {
        let Some(list) = &self.list else {
            return Ok(());
        };
        let what = if list.digests.contains(digest) {
            format!("component {digest}")
        } else {
            match signer {
                Signer::Key { fingerprint } if list.keys.contains(fingerprint) => {
                    format!("key {fingerprint}")
                }
                Signer::Identity { identity, .. }
                    if self.identities.iter().any(|p| p.matches(identity)) =>
                {
                    format!("identity `{identity}`")
                }
                _ => return Ok(()),
            }
        };
        Err(Revoked {
            what,
            number: list.number,
        })
    }
}

/// What was revoked, and by which list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is revoked (revocation list {number})")]
pub struct Revoked {
    what: String,
    number: u64,
}

/// Tens of thousands of entries.
const CAPS: Caps = Caps {
    depth: 8,
    nodes: 100_000,
    bytes: 16 << 20,
};

/// The identities as patterns; checks the keys' form on the way.
fn patterns(list: &RevocationList) -> Result<Vec<IdentityPattern>, RevocationError> {
    // A fingerprint has a digest's form. One of another form would match nothing and revoke nothing.
    if let Some(key) = list.keys.iter().find(|key| key.parse::<Digest>().is_err()) {
        return Err(RevocationError::Malformed(format!(
            "`{key}` is not a key's fingerprint"
        )));
    }
    Ok(list
        .identities
        .iter()
        .map(|text| IdentityPattern::parse(text))
        .collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use vouchsafe_keys::Algorithm;

    use super::*;
    use crate::signing::{RevocationPolicy, StaleError};

    fn key() -> PrivateKey {
        PrivateKey::generate(Algorithm::EcdsaP256).unwrap()
    }

    fn list(number: u64) -> RevocationList {
        RevocationList {
            version: 1,
            number,
            issued: "2026-03-01T00:00:00Z".parse().unwrap(),
            expires: None,
            digests: BTreeSet::new(),
            keys: BTreeSet::new(),
            identities: BTreeSet::new(),
        }
    }

    fn accepted(list: &RevocationList) -> Revocations {
        let operator = key();
        Revocations::accept(&signed(list, &operator), &[operator.public()], 0).unwrap()
    }

    fn signed(list: &RevocationList, operator: &PrivateKey) -> Vec<u8> {
        serde_json::to_vec(&list.sign(operator).unwrap()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn digests_keys_and_identities_are_revoked() {
        let digest = Digest::of(b"bad");
        let fingerprint = key().public().fingerprint();
        let mut list = list(3);
        list.digests.insert(digest);
        list.keys.insert(fingerprint.clone());
        list.identities
            .insert("https://github.com/acme/skills/.github/workflows/*@refs/tags/v1".into());
        let revocations = accepted(&list);
        let fine = Digest::of(b"fine");
        let some_key = Signer::Key {
            fingerprint: key().public().fingerprint(),
        };
        let identity = |file: &str| Signer::Identity {
            identity: format!(
                "https://github.com/acme/skills/.github/workflows/{file}@refs/tags/v1"
            ),
            issuer: "https://issuer.example".into(),
        };
        assert!(revocations.check(&fine, &some_key).is_ok());
        assert!(revocations.check(&digest, &some_key).is_err());
        assert!(
            revocations
                .check(&fine, &Signer::Key { fingerprint })
                .is_err()
        );
        let refused = revocations
            .check(&fine, &identity("release.yml"))
            .unwrap_err();
        assert!(refused.to_string().contains("release.yml"), "{refused}");
        assert!(refused.to_string().contains("list 3"), "{refused}");
        assert!(Revocations::none().check(&digest, &some_key).is_ok());
    }

    #[test]
    fn only_an_enrolled_operator_revokes() {
        let operator = key();
        let envelope = signed(&list(1), &operator);
        assert!(Revocations::accept(&envelope, &[operator.public()], 0).is_ok());
        assert!(matches!(
            Revocations::accept(&envelope, &[key().public()], 0),
            Err(RevocationError::Statement(
                StatementError::NotEnrolled { .. }
            ))
        ));
    }

    #[test]
    fn an_older_list_is_a_rollback() {
        let operator = key();
        let envelope = signed(&list(4), &operator);
        let accept = |seen| Revocations::accept(&envelope, &[operator.public()], seen);
        assert!(accept(4).is_ok());
        assert!(matches!(
            accept(5),
            Err(RevocationError::Rollback { number: 4, seen: 5 })
        ));
    }

    #[test]
    fn a_list_of_another_form_is_refused() {
        let operator = key();
        let accept = |payload: &str| {
            let envelope = statement::sign(PAYLOAD_TYPE, payload.as_bytes(), &operator).unwrap();
            Revocations::accept(
                &serde_json::to_vec(&envelope).unwrap(),
                &[operator.public()],
                0,
            )
        };
        let fine = r#"{"version":1,"number":1,"issued":"2026-03-01T00:00:00Z"}"#;
        assert!(accept(fine).is_ok());
        for wrong in [
            fine.replace("\"version\":1", "\"version\":2"),
            fine.replace("\"number\":1", "\"number\":1,\"number\":9"),
            fine.replace("\"number\":1", "\"number\":-1"),
            fine.replace('}', ",\"hosts\":[]}"),
            fine.replace('}', ",\"keys\":[\"abc\"]}"),
            fine.replace('}', ",\"digests\":[\"abc\"]}"),
            fine.replace('}', ",\"identities\":[\"*\"]}"),
            String::new(),
        ] {
            assert!(accept(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stale_list_does_not_do() {
        let policy = RevocationPolicy {
            required: true,
            max_age: Some(SignedDuration::from_hours(48)),
        };
        let revocations = accepted(&list(7));
        assert_eq!(
            policy.check(&revocations, at("2026-03-02T23:59:59Z")),
            Ok(())
        );
        assert!(matches!(
            policy.check(&revocations, at("2026-03-03T00:00:01Z")),
            Err(StaleError::TooOld { number: 7, .. })
        ));
        assert!(matches!(
            policy.check(&revocations, at("2026-02-28T00:00:00Z")),
            Err(StaleError::FromTheFuture { .. })
        ));
        assert_eq!(
            policy.check(&Revocations::none(), at("2026-03-01T00:00:00Z")),
            Err(StaleError::Missing)
        );
        assert_eq!(
            RevocationPolicy::default().check(&Revocations::none(), at("2026-03-01T00:00:00Z")),
            Ok(())
        );
    }

    #[test]
    fn a_list_holds_until_it_expires_whatever_the_policy() {
        let mut list = list(7);
        list.expires = Some(at("2026-03-05T00:00:00Z"));
        let revocations = accepted(&list);
        let policy = RevocationPolicy::default();
        assert_eq!(
            policy.check(&revocations, at("2026-03-04T23:59:59Z")),
            Ok(())
        );
        assert!(matches!(
            policy.check(&revocations, at("2026-03-05T00:00:00Z")),
            Err(StaleError::Expired { .. })
        ));
    }
}
