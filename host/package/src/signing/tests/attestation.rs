//! Attestations: what the statement says, and each kind of log entry that can hold its envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};

use super::mini::{Hand, IDENTITY, ISSUED, ISSUER, Mini, Wish, bundle, hashed, hashed_second, key};
use crate::Digest;
use crate::signing::{Artifact, EvidenceError, Expected, VerifyBundleError, verify_bundle};

const BYTES: &[u8] = b"a skill";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const NOW: i64 = ISSUED + 60;

/// What the log keeps of an envelope.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// The envelope, as the first clients wrote it.
    InToto,
    /// Its payload's hash and its signatures.
    Dsse,
    /// The hash of what is signed, in the first log.
    Hashed,
    /// The same, in the second.
    HashedSecond,
}

const KINDS: [Kind; 4] = [Kind::InToto, Kind::Dsse, Kind::Hashed, Kind::HashedSecond];

#[derive(Clone)]
struct Envelope {
    payload: Vec<u8>,
    payload_type: &'static str,
    signature: Vec<u8>,
}

impl Envelope {
    fn new(signer: &Hand, statement: &Json) -> Self {
        Self::of_type(signer, statement, IN_TOTO)
    }

    fn of_type(signer: &Hand, statement: &Json, payload_type: &'static str) -> Self {
        let mut envelope = Self {
            payload: statement.to_string().into_bytes(),
            payload_type,
            signature: Vec::new(),
        };
        envelope.signature = signer.key.sign(&envelope.encoding()).unwrap();
        envelope
    }

    /// What is signed (DSSE's PAE).
    fn encoding(&self) -> Vec<u8> {
        let (kind, payload) = (self.payload_type, &self.payload);
        let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
        [head.as_bytes(), payload].concat()
    }

    fn json(&self) -> Json {
        json!({
            "payload": BASE64.encode(&self.payload),
            "payloadType": self.payload_type,
            "signatures": [{ "sig": BASE64.encode(&self.signature), "keyid": "" }],
        })
    }

    fn entry(&self, mini: &Mini, kind: Kind, signer: &Hand) -> Json {
        let hash =
            |bytes: &[u8]| json!({ "algorithm": "sha256", "value": Digest::of(bytes).hex() });
        let encoding = Digest::of(&self.encoding());
        let signature = BASE64.encode(&self.signature);
        let verifier = BASE64.encode(signer.pem());
        match kind {
            Kind::InToto => {
                let signatures =
                    json!([{ "publicKey": verifier, "sig": BASE64.encode(signature) }]);
                let content = json!({
                    "envelope": { "payloadType": self.payload_type, "signatures": signatures },
                    "hash": hash(b"an envelope"),
                    "payloadHash": hash(&self.payload),
                });
                let body = json!({ "apiVersion": "0.0.2", "kind": "intoto", "spec": { "content": content } });
                mini.first(("intoto", "0.0.2"), &body, NOW)
            }
            Kind::Dsse => {
                let spec = json!({
                    "envelopeHash": hash(b"an envelope"),
                    "payloadHash": hash(&self.payload),
                    "signatures": [{ "signature": signature, "verifier": verifier }],
                });
                let body = json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": spec });
                mini.first(("dsse", "0.0.1"), &body, NOW)
            }
            Kind::Hashed => {
                let body = hashed(encoding, &self.signature, &signer.pem());
                mini.first(("hashedrekord", "0.0.1"), &body, NOW)
            }
            Kind::HashedSecond => mini.second(&hashed_second(
                encoding,
                &self.signature,
                &signer.verifier(),
            )),
        }
    }
}

fn statement() -> Json {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "skill", "digest": { "sha256": Digest::of(BYTES).hex() } }],
        "predicateType": "https://example.com/p",
        "predicate": {},
    })
}

fn with(field: &str, value: Json) -> Json {
    let mut statement = statement();
    statement[field] = value;
    statement
}

/// `shown`, with the log's entry for `logged`.
fn attested(mini: &Mini, kind: Kind, signer: &Hand, shown: &Envelope, logged: &Envelope) -> Json {
    let entry = logged.entry(mini, kind, signer);
    let stamp = mini.stamp(&shown.signature, NOW);
    bundle(signer, ("dsseEnvelope", shown.json()), &[entry], &[stamp])
}

fn ask(
    mini: &Mini,
    bundle: &Json,
    signer: &Hand,
    artifact: Artifact<'_>,
) -> Result<(), VerifyBundleError> {
    let pem = signer.key.public().to_pem();
    let expected = match bundle["verificationMaterial"].get("certificate") {
        Some(_) => Expected::Identity {
            identity: IDENTITY,
            issuer: ISSUER,
        },
        None => Expected::Key(&pem),
    };
    let root = mini.trusted_root();
    verify_bundle(
        bundle.to_string().as_bytes(),
        Some(&root),
        expected,
        artifact,
    )
}

/// Asks about `statement`, signed and logged as it should be, in each way: what was said.
fn everywhere(statement: &Json) -> Vec<(String, Result<(), String>)> {
    let mini = Mini::new();
    let mut said = Vec::new();
    for signer in [mini.hand(&Wish::default()), Hand::plain(key())] {
        let envelope = Envelope::new(&signer, statement);
        for kind in KINDS {
            let bundle = attested(&mini, kind, &signer, &envelope, &envelope);
            for artifact in [Artifact::Bytes(BYTES), Artifact::Digest(Digest::of(BYTES))] {
                let asked = ask(&mini, &bundle, &signer, artifact).map_err(|e| e.to_string());
                said.push((format!("{kind:?} {artifact:?}"), asked));
            }
        }
    }
    said
}

#[track_caller]
fn verifies(statement: &Json) {
    for (how, said) in everywhere(statement) {
        assert_eq!(said, Ok(()), "{how}");
    }
}

#[track_caller]
fn verifies_nowhere(statement: &Json) {
    for (how, said) in everywhere(statement) {
        assert!(said.is_err(), "{how}: {statement}");
    }
}

fn refused(mini: &Mini, bundle: &Json, signer: &Hand) -> EvidenceError {
    match ask(mini, bundle, signer, Artifact::Bytes(BYTES)) {
        Err(VerifyBundleError::Evidence(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_attestation_verifies_whichever_entry_holds_it() {
    verifies(&statement());
    verifies(&with("_type", json!("https://in-toto.io/Statement/v0.1")));
}

#[test]
fn a_statement_of_an_unknown_type_is_refused() {
    for unknown in [
        json!("https://in-toto.io/Statement/v2"),
        json!("https://in-toto.io/Statement/v1/"),
        json!(""),
        json!(null),
        json!(1),
    ] {
        verifies_nowhere(&with("_type", unknown));
    }
    let mut without = statement();
    without.as_object_mut().unwrap().remove("_type").unwrap();
    verifies_nowhere(&without);
}

#[test]
fn a_statement_must_be_about_the_artifact() {
    let other = Digest::of(b"another skill").hex();
    for subject in [
        json!([]),
        json!([{ "name": "skill", "digest": { "sha256": other } }]),
        json!([{ "name": "skill", "digest": { "sha1": "00" } }]),
        json!([{ "name": Digest::of(BYTES).hex(), "digest": { "sha256": other } }]),
    ] {
        verifies_nowhere(&with("subject", subject));
    }
    let both = json!([
        { "name": "other", "digest": { "sha256": other } },
        { "name": "skill", "digest": { "sha256": Digest::of(BYTES).hex() } },
    ]);
    verifies(&with("subject", both));
    let long = hex::encode(sigstore_crypto::sha512(BYTES).as_bytes());
    let long = with(
        "subject",
        json!([{ "name": "skill", "digest": { "sha512": long } }]),
    );
    for (how, said) in everywhere(&long) {
        // Of an artifact that is not there itself only this one digest is known.
        assert_eq!(said.is_ok(), how.contains("Bytes"), "{how}: {said:?}");
    }
}

#[test]
fn an_envelope_of_another_type_is_refused() {
    let mini = Mini::new();
    let signer = mini.hand(&Wish::default());
    let envelope = Envelope::of_type(&signer, &statement(), "application/json");
    for kind in KINDS {
        let bundle = attested(&mini, kind, &signer, &envelope, &envelope);
        let why = refused(&mini, &bundle, &signer);
        assert!(
            matches!(why, EvidenceError::Unverifiable(_)),
            "{kind:?} {why}"
        );
    }
}

#[test]
fn the_log_must_hold_this_envelope_and_this_signature() {
    let mini = Mini::new();
    for signer in [mini.hand(&Wish::default()), Hand::plain(key())] {
        let shown = Envelope::new(&signer, &statement());
        let other = Envelope::new(&signer, &with("predicate", json!({ "other": true })));
        let again = Envelope::new(&signer, &statement());
        assert_ne!(shown.signature, again.signature);
        for kind in KINDS {
            for logged in [&other, &again] {
                let bundle = attested(&mini, kind, &signer, &shown, logged);
                let why = refused(&mini, &bundle, &signer);
                let named = matches!(why, EvidenceError::Log(_) | EvidenceError::OtherBytes(_));
                assert!(named, "{kind:?} {why}");
            }
        }
    }
}

#[test]
fn an_envelope_that_another_key_signed_is_refused() {
    let mini = Mini::new();
    for signer in [mini.hand(&Wish::default()), Hand::plain(key())] {
        let mut envelope = Envelope::new(&signer, &statement());
        envelope.signature = key().sign(&envelope.encoding()).unwrap();
        for kind in KINDS {
            let bundle = attested(&mini, kind, &signer, &envelope, &envelope);
            let why = refused(&mini, &bundle, &signer);
            assert!(matches!(why, EvidenceError::Signature(_)), "{kind:?} {why}");
        }
    }
}

#[test]
fn an_envelope_has_exactly_one_signature() {
    let mini = Mini::new();
    let signer = mini.hand(&Wish::default());
    let envelope = Envelope::new(&signer, &statement());
    let sound = attested(&mini, Kind::Dsse, &signer, &envelope, &envelope);
    let one = sound["dsseEnvelope"]["signatures"][0].clone();
    for signatures in [json!([]), json!([one, one])] {
        let mut bundle = sound.clone();
        bundle["dsseEnvelope"]["signatures"] = signatures;
        let asked = ask(&mini, &bundle, &signer, Artifact::Bytes(BYTES));
        assert!(matches!(asked, Err(VerifyBundleError::Bundle(_))));
    }
}

#[test]
fn a_key_that_decides_alone_decides_about_attestations_too() {
    let signer = Hand::plain(key());
    let logless = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    let ask = |statement: &Json, signer: &Hand, by: &Hand| {
        let envelope = Envelope::new(signer, statement).json();
        let bundle = bundle(signer, ("dsseEnvelope", envelope), &[], &[]).to_string();
        let pem = by.key.public().to_pem();
        let artifact = Artifact::Bytes(BYTES);
        verify_bundle(
            bundle.as_bytes(),
            Some(logless),
            Expected::Key(&pem),
            artifact,
        )
        .is_ok()
    };
    assert!(ask(&statement(), &signer, &signer));
    assert!(!ask(&statement(), &signer, &Hand::plain(key())));
    assert!(!ask(&with("subject", json!([])), &signer, &signer));
    let unknown = with("_type", json!("https://in-toto.io/Statement/v2"));
    assert!(!ask(&unknown, &signer, &signer));
}
