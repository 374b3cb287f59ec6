//! What is signed, and what claims to be: bundles, statements, revocation lists.

use std::sync::OnceLock;

use jiff::Timestamp;
use vouchsafe_keys::statement::{self, Envelope};
use vouchsafe_package::signing::{
    Artifact, Expected, REVOCATIONS_TYPE, Revocations, Signer, Trust, verify, verify_bundle,
};
use vouchsafe_package::{Digest, ReadLimits};
use vouchsafe_policy::apply::{PAYLOAD_TYPE, Statement};
use vouchsafe_policy::{Files, InForce, Since};

use crate::keys;

/// What every seed bundle is about.
const SIGNED: &[u8] = b"a payload of the seeds\n";

/// A Sigstore root that names no log and no authority, so that a key decides alone.
const NO_ROOT: &str = include_str!("../../corpus/no-root.json");

/// A bundle, asked about by a key, by an identity, and as a package's. These bytes are no package, so
/// the last never succeeds.
pub fn bundle(bytes: &[u8]) {
    let artifact = Artifact::Bytes(SIGNED);
    let by_key = verify_bundle(bytes, Some(NO_ROOT), Expected::Key(keys::KNOWN), artifact);
    if let Err(error) = by_key {
        drop(error.to_string());
    }
    let identity = Expected::Identity {
        identity: "fuzz@example.com",
        issuer: "https://issuer.example",
    };
    let by_identity = verify_bundle(bytes, Some(NO_ROOT), identity, artifact);
    by_identity.expect_err("there is no authority");
    let limits = ReadLimits::default();
    let now = Timestamp::UNIX_EPOCH;
    let vouched = verify(SIGNED, bytes, trust(), &Revocations::none(), &limits, now);
    drop(vouched.map(drop).expect_err("it is no package").to_string());
}

/// Trusts the seeds' key alone.
fn trust() -> &'static Trust {
    static TRUST: OnceLock<Trust> = OnceLock::new();
    TRUST.get_or_init(|| {
        let known = keys::KNOWN;
        let text = format!(
            "[publishers.fuzz]\nnamespaces = [\"fuzz\"]\ntransparency = \"none\"\nkey = \"\"\"\n{known}\"\"\"\n"
        );
        Trust::parse(&text).expect("trust")
    })
}

/// An applied statement: as an envelope that nobody signed, and as the payload of one that was.
pub fn statement(bytes: &[u8]) {
    let enrolled = keys::enrolled();
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(bytes) {
        let believed = statement::verify(&envelope, PAYLOAD_TYPE, &enrolled);
        believed.expect_err("no seed is an applied statement of an enrolled key");
    }
    let parsed = Statement::parse(bytes);
    if let Ok(parsed) = &parsed {
        assert_eq!(parsed.payload().expect("it serialises"), bytes);
    }
    let signed = statement::sign(PAYLOAD_TYPE, bytes, keys::operator()).expect("a signature");
    let accepted = InForce::accept(&signed, &enrolled, &Files::new(), Since::Nothing);
    if let Ok(accepted) = accepted {
        let parsed = parsed.expect("what is in force was a statement");
        assert_eq!((parsed.serial, parsed.prev), (1, None));
        assert!(accepted.statement().files.is_empty(), "files without bytes");
    }
}

/// A revocation list: as an envelope, and as the payload of one that an operator signed.
pub fn revocations(bytes: &[u8]) {
    let enrolled = keys::enrolled();
    drop(Revocations::accept(bytes, &enrolled, 0));
    let signed = statement::sign(REVOCATIONS_TYPE, bytes, keys::operator()).expect("a signature");
    let envelope = serde_json::to_vec(&signed).expect("an envelope is JSON");
    let Ok(list) = Revocations::accept(&envelope, &enrolled, 0) else {
        return;
    };
    let signer = Signer::Identity {
        identity: "fuzz@example.com".to_owned(),
        issuer: "https://issuer.example".to_owned(),
    };
    drop(list.check(&Digest::of(bytes), &signer));
    let higher = list.number().saturating_add(1);
    if higher > list.number() {
        let again = Revocations::accept(&envelope, &enrolled, higher);
        again.expect_err("an older list came back");
    }
}
