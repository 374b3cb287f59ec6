//! Signed statements: one DSSE envelope for everything that an operator signs.
//!
//! The signature covers the payload's type and bytes together (pre-authentication encoding), so a
//! statement of one kind can't pass for one of another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::{KeyError, PrivateKey, PublicKey};

/// A DSSE envelope as it stands in a file. Says nothing until [`verify`] has read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    /// What kind of statement it is, a media type.
    pub payload_type: String,
    /// The statement's bytes in base64.
    pub payload: String,
    /// Who signed it.
    pub signatures: Vec<Signature>,
}

/// One signature of an [`Envelope`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The signer's [`PublicKey::fingerprint`]: a hint, never trusted.
    pub keyid: String,
    /// The signature in base64.
    pub sig: String,
}

/// Why a statement was not made or not believed.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A statement of another kind.
    #[error("this is a `{found}`, not a `{expected}`")]
    OtherType {
        /// What it should be.
        expected: String,
        /// What it says it is.
        found: String,
    },
    /// Not base64, or no or too many signatures.
    #[error("the envelope is malformed: {0}")]
    Malformed(&'static str),
    /// No signature names an enrolled key.
    #[error("signed by `{keyid}`, which is not an enrolled key")]
    NotEnrolled {
        /// Who it says signed it.
        keyid: String,
    },
    /// The signature is not over these bytes.
    #[error("the signature does not match: the statement was changed after it was signed")]
    BadSignature,
}

/// Signs `payload` as a `payload_type`.
///
/// # Errors
/// When the key can't sign.
pub fn sign(
    payload_type: &str,
    payload: &[u8],
    key: &PrivateKey,
) -> Result<Envelope, StatementError> {
    let signature = key.sign(&pre_authentication_encoding(payload_type, payload))?;
    Ok(Envelope {
        payload_type: payload_type.to_owned(),
        payload: BASE64.encode(payload),
        signatures: vec![Signature {
            keyid: key.public().fingerprint(),
            sig: BASE64.encode(signature),
        }],
    })
}

/// The payload of `envelope`, given that it is a `payload_type` signed by one of `keys`.
///
/// # Errors
/// Each reason of [`StatementError`].
pub fn verify(
    envelope: &Envelope,
    payload_type: &str,
    keys: &[PublicKey],
) -> Result<Vec<u8>, StatementError> {
    verify_signer(envelope, payload_type, keys).map(|(payload, _)| payload)
}

/// As [`verify`], and which of `keys` signed.
///
/// # Errors
/// Each reason of [`StatementError`].
pub fn verify_signer<'a>(
    envelope: &Envelope,
    payload_type: &str,
    keys: &'a [PublicKey],
) -> Result<(Vec<u8>, &'a PublicKey), StatementError> {
    if envelope.payload_type != payload_type {
        return Err(StatementError::OtherType {
            expected: payload_type.to_owned(),
            found: envelope.payload_type.clone(),
        });
    }
    let payload = decode(&envelope.payload)?;
    let signed = pre_authentication_encoding(payload_type, &payload);
    let signer = find_signer(envelope, &signed, keys)?;
    Ok((payload, signer))
}

/// More than any statement here has, few enough to check quickly.
const MAX_SIGNATURES: usize = 16;

fn find_signer<'a>(
    envelope: &Envelope,
    signed: &[u8],
    keys: &'a [PublicKey],
) -> Result<&'a PublicKey, StatementError> {
    if envelope.signatures.len() > MAX_SIGNATURES {
        return Err(StatementError::Malformed("it has too many signatures"));
    }
    let first = envelope
        .signatures
        .first()
        .ok_or(StatementError::Malformed("it has no signature"))?;
    let mut known = false;
    for signature in &envelope.signatures {
        let bytes = decode(&signature.sig)?;
        let mut named = keys
            .iter()
            .filter(|key| key.is_called(&signature.keyid))
            .peekable();
        known |= named.peek().is_some();
        if let Some(key) = named.find(|key| key.verify(signed, &bytes)) {
            return Ok(key);
        }
    }
    if known {
        return Err(StatementError::BadSignature);
    }
    Err(StatementError::NotEnrolled {
        keyid: first.keyid.clone(),
    })
}

/// PAE of the DSSE protocol, version 1.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

fn decode(text: &str) -> Result<Vec<u8>, StatementError> {
    BASE64
        .decode(text)
        .map_err(|_| StatementError::Malformed("it is not base64"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Algorithm;

    const KIND: &str = "application/vnd.vouchsafe.test+json";

    fn key() -> PrivateKey {
        PrivateKey::generate(Algorithm::EcdsaP256).unwrap()
    }

    /// The example of the DSSE protocol's own page.
    #[test]
    fn the_encoding_is_that_of_the_protocol() {
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            encoded,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_statement_is_believed_from_an_enrolled_key() {
        let key = key();
        let envelope = sign(KIND, b"{}", &key).unwrap();
        let keys = [self::key().public(), key.public()];
        let (payload, signer) = verify_signer(&envelope, KIND, &keys).unwrap();
        assert_eq!(
            (payload.as_slice(), signer),
            (b"{}".as_slice(), &key.public())
        );
    }

    #[test]
    fn a_key_that_is_not_enrolled_is_named() {
        let envelope = sign(KIND, b"{}", &key()).unwrap();
        let refused = verify(&envelope, KIND, &[key().public()]);
        assert!(
            matches!(refused, Err(StatementError::NotEnrolled { keyid }) if keyid == envelope.signatures[0].keyid)
        );
        assert!(matches!(
            verify(&envelope, KIND, &[]),
            Err(StatementError::NotEnrolled { .. })
        ));
    }

    #[test]
    fn another_kind_is_refused_also_when_relabelled() {
        let key = key();
        let mut envelope = sign("other", b"{}", &key).unwrap();
        let keys = [key.public()];
        assert!(matches!(
            verify(&envelope, KIND, &keys),
            Err(StatementError::OtherType { .. })
        ));
        envelope.payload_type = KIND.into();
        assert!(matches!(
            verify(&envelope, KIND, &keys),
            Err(StatementError::BadSignature)
        ));
    }

    #[test]
    fn none_and_too_many_signatures_are_refused() {
        let key = key();
        let mut envelope = sign(KIND, b"{}", &key).unwrap();
        let one = envelope.signatures[0].clone();
        envelope.signatures.clear();
        assert!(matches!(
            verify(&envelope, KIND, &[key.public()]),
            Err(StatementError::Malformed(_))
        ));
        envelope.signatures = vec![one; 17];
        assert!(matches!(
            verify(&envelope, KIND, &[key.public()]),
            Err(StatementError::Malformed(_))
        ));
    }

    proptest! {
        #[test]
        fn any_changed_byte_of_the_file_is_refused(at: prop::sample::Index, flip in 1..=255u8) {
            let key = key();
            let mut file = serde_json::to_vec(&sign(KIND, b"{\"a\":1}", &key).unwrap()).unwrap();
            let at = at.index(file.len());
            file[at] ^= flip;
            let read = serde_json::from_slice::<Envelope>(&file);
            prop_assert!(read.is_err() || verify(&read.unwrap(), KIND, &[key.public()]).is_err());
        }
    }
}
