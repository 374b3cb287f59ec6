//! Certificates and logs, each proof left out or made wrong once.

use serde_json::{Value as Json, json};
use vouchsafe_keys::PrivateKey;

use super::mini::{Hand, IDENTITY, ISSUED, ISSUER, Mini, Wish, key};
use crate::Digest;
use crate::signing::{Artifact, EvidenceError, Expected, VerifyBundleError, sign, verify_bundle};

const BYTES: &[u8] = b"a skill";

fn ask(mini: &Mini, bundle: &Json, expected: Expected<'_>) -> Result<(), VerifyBundleError> {
    let bundle = bundle.to_string();
    verify_bundle(
        bundle.as_bytes(),
        Some(&mini.trusted_root()),
        expected,
        Artifact::Bytes(BYTES),
    )
}

fn by(identity: &str) -> Expected<'_> {
    Expected::Identity {
        identity,
        issuer: ISSUER,
    }
}

fn refused(mini: &Mini, bundle: &Json) -> EvidenceError {
    match ask(mini, bundle, by(IDENTITY)) {
        Err(VerifyBundleError::Evidence(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sound_bundle_verifies_as_bytes_and_as_digest() {
    let mini = Mini::new();
    let bundle = mini.sign(BYTES, &Wish::default());
    ask(&mini, &bundle, by(IDENTITY)).unwrap();
    let text = bundle.to_string();
    let ask = |digest| {
        verify_bundle(
            text.as_bytes(),
            Some(&mini.trusted_root()),
            by(IDENTITY),
            Artifact::Digest(digest),
        )
    };
    ask(Digest::of(BYTES)).unwrap();
    assert!(ask(Digest::of(b"another skill")).is_err());
}

#[test]
fn another_identity_or_issuer_is_refused() {
    let mini = Mini::new();
    let bundle = mini.sign(BYTES, &Wish::default());
    for expected in [
        by("https://github.com/evil/skills/.github/workflows/release.yml@refs/tags/v1.2.0"),
        by(&IDENTITY[..IDENTITY.len() - 1]),
        by(""),
        Expected::Identity {
            identity: IDENTITY,
            issuer: "https://issuer.example",
        },
    ] {
        assert!(
            matches!(
                ask(&mini, &bundle, expected),
                Err(VerifyBundleError::OtherSigner(_))
            ),
            "{expected:?}"
        );
    }
}

#[test]
fn a_certificate_used_before_or_after_its_time_is_refused() {
    let mini = Mini::new();
    let at = |logged_at| {
        mini.sign(
            BYTES,
            &Wish {
                logged_at,
                ..Wish::default()
            },
        )
    };
    ask(&mini, &at(ISSUED), by(IDENTITY)).unwrap();
    ask(&mini, &at(ISSUED + 600), by(IDENTITY)).unwrap();
    assert!(matches!(
        refused(&mini, &at(ISSUED - 1)),
        EvidenceError::NotYetValid(_)
    ));
    assert!(matches!(
        refused(&mini, &at(ISSUED + 601)),
        EvidenceError::Expired(_)
    ));
}

#[test]
fn an_entry_from_the_future_is_refused() {
    let mini = Mini::new();
    let far = Wish {
        logged_at: 4_102_444_800,
        ..Wish::default()
    };
    assert!(matches!(
        refused(&mini, &mini.sign(BYTES, &far)),
        EvidenceError::Log(_)
    ));
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let (mini, other) = (Mini::new(), Mini::new());
    let bundle = other.sign(BYTES, &Wish::default());
    assert!(ask(&mini, &bundle, by(IDENTITY)).is_err());
    // Even if the entry is logged where it should be, the certificate is a stranger's.
    let mut mixed = mini.sign(BYTES, &Wish::default());
    mixed["verificationMaterial"]["certificate"] =
        bundle["verificationMaterial"]["certificate"].clone();
    assert!(matches!(
        refused(&mini, &mixed),
        EvidenceError::Certificate(_)
    ));
}

#[test]
fn a_certificate_that_is_not_in_the_certificate_log_is_refused() {
    let mini = Mini::new();
    let bundle = mini.sign(
        BYTES,
        &Wish {
            sct: false,
            ..Wish::default()
        },
    );
    assert!(matches!(
        refused(&mini, &bundle),
        EvidenceError::Certificate(_)
    ));
}

#[test]
fn a_certificate_for_another_use_is_refused() {
    let mini = Mini::new();
    let bundle = mini.sign(
        BYTES,
        &Wish {
            code_signing: false,
            ..Wish::default()
        },
    );
    assert!(matches!(
        refused(&mini, &bundle),
        EvidenceError::Certificate(_)
    ));
}

#[test]
fn a_missing_log_proof_is_refused() {
    let mini = Mini::new();
    let sound = mini.sign(BYTES, &Wish::default());
    let without = |remove: &dyn Fn(&mut Json)| {
        let mut bundle = sound.clone();
        remove(&mut bundle["verificationMaterial"]);
        bundle
    };
    let entry = |material: &mut Json, field: &str| {
        material["tlogEntries"][0]
            .as_object_mut()
            .unwrap()
            .remove(field)
            .unwrap();
    };
    for bundle in [
        without(&|material| drop(material.as_object_mut().unwrap().remove("tlogEntries"))),
        without(&|material| material["tlogEntries"] = json!([])),
        without(&|material| entry(material, "inclusionProof")),
        without(&|material| entry(material, "inclusionPromise")),
    ] {
        assert!(
            matches!(refused(&mini, &bundle), EvidenceError::Log(_)),
            "{bundle}"
        );
    }
    let bare = without(&|material| {
        entry(material, "inclusionProof");
        entry(material, "inclusionPromise");
    });
    assert!(matches!(
        ask(&mini, &bare, by(IDENTITY)),
        Err(VerifyBundleError::Bundle(_))
    ));
}

#[test]
fn the_entry_of_another_signature_is_refused() {
    let mini = Mini::new();
    let mut bundle = mini.sign(BYTES, &Wish::default());
    let other = mini.sign(BYTES, &Wish::default());
    bundle["verificationMaterial"]["tlogEntries"] =
        other["verificationMaterial"]["tlogEntries"].clone();
    assert!(matches!(refused(&mini, &bundle), EvidenceError::Log(_)));
}

#[test]
fn a_second_entry_must_be_about_this_signature_too() {
    let mini = Mini::new();
    let mut bundle = mini.sign(BYTES, &Wish::default());
    let other = mini.sign(b"another skill", &Wish::default());
    let entries = bundle["verificationMaterial"]["tlogEntries"]
        .as_array_mut()
        .unwrap();
    entries.push(other["verificationMaterial"]["tlogEntries"][0].clone());
    assert!(ask(&mini, &bundle, by(IDENTITY)).is_err());
}

#[test]
fn a_certificate_without_an_issuer_names_nobody() {
    let mini = Mini::new();
    let bundle = mini.sign(
        BYTES,
        &Wish {
            issuer: None,
            ..Wish::default()
        },
    );
    assert!(matches!(
        ask(&mini, &bundle, by(IDENTITY)),
        Err(VerifyBundleError::OtherSigner(_))
    ));
}

#[test]
fn a_managed_key_is_asked_for_by_its_key_and_needs_the_log() {
    let mini = Mini::new();
    let signer = Hand::plain(key());
    let pem = signer.key.public().to_pem();
    let mut bundle = mini.sign_with(BYTES, &signer);
    ask(&mini, &bundle, Expected::Key(&pem)).unwrap();
    assert!(ask(&mini, &bundle, Expected::Key(&key().public().to_pem())).is_err());
    assert!(ask(&mini, &bundle, by(IDENTITY)).is_err());
    bundle["verificationMaterial"]["tlogEntries"] = json!([]);
    assert!(ask(&mini, &bundle, Expected::Key(&pem)).is_err());
    let keyless = mini.sign(BYTES, &Wish::default());
    assert!(ask(&mini, &keyless, Expected::Key(&pem)).is_err());
}

#[test]
fn where_the_root_names_no_log_a_key_decides_alone_and_a_certificate_never() {
    let mini = Mini::new();
    let signer = key();
    let bundle = sign(BYTES, &signer).unwrap();
    let logless = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    let ask = |root: Option<&str>, key: &PrivateKey, artifact| {
        let pem = key.public().to_pem();
        verify_bundle(
            bundle.as_json().as_bytes(),
            root,
            Expected::Key(&pem),
            artifact,
        )
    };
    ask(Some(logless), &signer, Artifact::Bytes(BYTES)).unwrap();
    ask(Some(logless), &signer, Artifact::Digest(Digest::of(BYTES))).unwrap();
    assert!(ask(Some(logless), &key(), Artifact::Bytes(BYTES)).is_err());
    assert!(ask(Some(logless), &signer, Artifact::Bytes(b"other")).is_err());
    assert!(
        ask(
            Some(logless),
            &signer,
            Artifact::Digest(Digest::of(b"other"))
        )
        .is_err()
    );
    assert!(ask(None, &signer, Artifact::Bytes(BYTES)).is_err());
    assert!(ask(Some(&mini.trusted_root()), &signer, Artifact::Bytes(BYTES)).is_err());
    let mut keyless = mini.sign(BYTES, &Wish::default());
    keyless["verificationMaterial"]["tlogEntries"] = json!([]);
    let keyless = keyless.to_string();
    for expected in [by(IDENTITY), Expected::Key(&signer.public().to_pem())] {
        assert!(
            verify_bundle(
                keyless.as_bytes(),
                Some(logless),
                expected,
                Artifact::Bytes(BYTES)
            )
            .is_err()
        );
    }
}

#[test]
fn a_bundle_that_two_readers_would_read_differently_is_refused() {
    let mini = Mini::new();
    let sound = mini.sign(BYTES, &Wish::default());
    let mut both = sound.clone();
    both["verificationMaterial"]["publicKey"] = json!({ "hint": "" });
    let mut two = sound.clone();
    two["dsseEnvelope"] = json!({});
    let mut extra = sound.clone();
    extra["verificationMaterial"]["rawKey"] = json!("MFkw");
    for bundle in [both, two, extra] {
        assert!(
            matches!(
                ask(&mini, &bundle, by(IDENTITY)),
                Err(VerifyBundleError::Bundle(_))
            ),
            "{bundle}"
        );
    }
    let repeated = sound.to_string().replacen('{', "{\"mediaType\":\"x\",", 1);
    let root = mini.trusted_root();
    let asked = verify_bundle(
        repeated.as_bytes(),
        Some(&root),
        by(IDENTITY),
        Artifact::Bytes(BYTES),
    );
    assert!(matches!(asked, Err(VerifyBundleError::Bundle(_))));
}

#[test]
fn a_checkpoint_must_be_signed_by_the_log_that_it_names() {
    let mini = Mini::new();
    let sound = mini.sign(BYTES, &Wish::default()).to_string();
    let renamed = sound.replace("\u{2014} rekor.example", "\u{2014} other.example");
    assert_ne!(renamed, sound);
    let renamed = serde_json::from_str(&renamed).unwrap();
    assert!(matches!(
        ask(&mini, &renamed, by(IDENTITY)),
        Err(VerifyBundleError::Bundle(_))
    ));
}

#[test]
fn a_chain_must_not_bring_its_root_or_be_empty() {
    let mini = Mini::new();
    let bundle = mini.sign(BYTES, &Wish::default());
    ask(&mini, &mini.with_chain(&bundle, false), by(IDENTITY)).unwrap();
    assert!(ask(&mini, &mini.with_chain(&bundle, true), by(IDENTITY)).is_err());
    let mut empty = mini.with_chain(&bundle, false);
    empty["verificationMaterial"]["x509CertificateChain"]["certificates"] = json!([]);
    assert!(ask(&mini, &empty, by(IDENTITY)).is_err());
}

#[test]
fn a_root_that_means_nothing_is_refused() {
    let mini = Mini::new();
    let bundle = mini.sign(BYTES, &Wish::default()).to_string();
    let mut unbounded: Json = serde_json::from_str(&mini.trusted_root()).unwrap();
    unbounded["tlogs"][0]["publicKey"]["validFor"] = json!({});
    for root in ["", "{}", "null", &unbounded.to_string()] {
        let asked = verify_bundle(
            bundle.as_bytes(),
            Some(root),
            by(IDENTITY),
            Artifact::Bytes(BYTES),
        );
        assert!(asked.is_err(), "{root}");
    }
    // Not our box: the production root is the default.
    assert!(
        verify_bundle(
            bundle.as_bytes(),
            None,
            by(IDENTITY),
            Artifact::Bytes(BYTES)
        )
        .is_err()
    );
}
