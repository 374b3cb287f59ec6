//! The versions of the bundle's form, the times in a trusted root, and the kinds of keys.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};
use vouchsafe_keys::{Algorithm, PrivateKey};

use super::mini::{IDENTITY, ISSUED, ISSUER, Mini, Wish, pem};
use crate::Digest;
use crate::signing::{Artifact, EvidenceError, Expected, VerifyBundleError, sign, verify_bundle};

const BYTES: &[u8] = b"a skill";

fn ask(root: &str, bundle: &Json) -> Result<(), VerifyBundleError> {
    let expected = Expected::Identity {
        identity: IDENTITY,
        issuer: ISSUER,
    };
    let bundle = bundle.to_string();
    verify_bundle(
        bundle.as_bytes(),
        Some(root),
        expected,
        Artifact::Bytes(BYTES),
    )
}

fn media_type(bundle: &Json, text: &str) -> Json {
    let mut bundle = bundle.clone();
    bundle["mediaType"] = json!(text);
    bundle
}

fn without(bundle: &Json, place: &str, field: &str) -> Json {
    let mut bundle = bundle.clone();
    let fields = bundle.pointer_mut(place).unwrap().as_object_mut().unwrap();
    fields.remove(field).unwrap();
    bundle
}

#[test]
fn each_version_is_read_and_no_other() {
    let mini = Mini::new();
    let root = mini.trusted_root();
    let newest = mini.sign(BYTES, &Wish::default());
    let older = mini.with_chain(&newest, false);
    let form = |number: &str| format!("application/vnd.dev.sigstore.bundle+json;version={number}");
    ask(&root, &newest).unwrap();
    ask(&root, &media_type(&newest, &form("0.3"))).unwrap();
    ask(&root, &media_type(&older, &form("0.2"))).unwrap();
    ask(&root, &media_type(&older, &form("0.1"))).unwrap();
    // From the third on, nothing but the signer's own certificate is brought.
    assert!(ask(&root, &media_type(&older, &form("0.3"))).is_err());
    for unknown in [&form("99.9"), &form("0.4"), "", "application/json"] {
        let asked = ask(&root, &media_type(&newest, unknown));
        assert!(
            matches!(asked, Err(VerifyBundleError::Bundle(_))),
            "{unknown}"
        );
    }
    for bundle in [&newest, &older] {
        let asked = ask(&root, &without(bundle, "", "mediaType"));
        assert!(matches!(asked, Err(VerifyBundleError::Bundle(_))));
    }
}

#[test]
fn an_unsigned_proof_proves_nothing_and_the_first_version_does_not_need_one() {
    let mini = Mini::new();
    let root = mini.trusted_root();
    let older = mini.with_chain(&mini.sign(BYTES, &Wish::default()), false);
    let first = media_type(
        &older,
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
    );
    let entry = "/verificationMaterial/tlogEntries/0";
    let proof = format!("{entry}/inclusionProof");
    ask(&root, &without(&first, entry, "inclusionProof")).unwrap();
    let unsigned = without(&first, &proof, "checkpoint");
    ask(&root, &unsigned).unwrap();
    assert!(ask(&root, &without(&older, &proof, "checkpoint")).is_err());
    assert!(ask(&root, &without(&first, entry, "inclusionPromise")).is_err());
    assert!(ask(&root, &without(&unsigned, entry, "inclusionPromise")).is_err());
    // A promise is believed only as far as it is signed.
    let mut changed = unsigned.clone();
    changed.pointer_mut(entry).unwrap()["integratedTime"] = json!((ISSUED + 61).to_string());
    assert!(ask(&root, &changed).is_err());
}

#[test]
fn what_can_not_be_is_not_read() {
    let mini = Mini::new();
    let root = mini.trusted_root();
    let sound = mini.sign(BYTES, &Wish::default());
    for (place, value) in [
        ("/verificationMaterial/tlogEntries/0/logIndex", "-1"),
        (
            "/verificationMaterial/tlogEntries/0/inclusionProof/logIndex",
            "-1",
        ),
        ("/messageSignature/signature", "not base64!"),
        ("/verificationMaterial/certificate/rawBytes", "MIIB"),
    ] {
        let mut bundle = sound.clone();
        *bundle.pointer_mut(place).unwrap() = json!(value);
        assert!(ask(&root, &bundle).is_err(), "{place}");
    }
    let mut proof = sound.clone();
    proof["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"] =
        json!([BASE64.encode([0; 32])]);
    assert!(matches!(
        ask(&root, &proof),
        Err(VerifyBundleError::Evidence(EvidenceError::Log(_)))
    ));
}

/// The box's root with `window` for `place`.
fn within(mini: &Mini, place: &str, window: Json) -> String {
    let mut root: Json = serde_json::from_str(&mini.trusted_root()).unwrap();
    *root.pointer_mut(place).unwrap() = window;
    root.to_string()
}

#[test]
fn what_a_root_trusts_it_trusts_up_to_and_including_the_end() {
    let mini = Mini::new();
    let wish = Wish {
        logged_at: ISSUED,
        ..Wish::default()
    };
    let sound = mini.sign(BYTES, &wish);
    for place in [
        "/tlogs/0/publicKey/validFor",
        "/ctlogs/0/publicKey/validFor",
        "/certificateAuthorities/0/validFor",
    ] {
        let until = |end: &str| {
            let window = json!({ "start": "2020-01-01T00:00:00Z", "end": end });
            ask(&within(&mini, place, window), &sound)
        };
        until("2026-01-01T00:00:00Z").unwrap_or_else(|why| panic!("{place}: {why}"));
        assert!(until("2025-12-31T23:59:59Z").is_err(), "{place}");
        let endless = within(&mini, place, json!({ "end": "2030-01-01T00:00:00Z" }));
        let asked = ask(&endless, &sound);
        assert!(matches!(asked, Err(VerifyBundleError::Root(_))), "{place}");
    }
}

#[test]
fn a_namesake_of_the_authority_does_not_hide_it() {
    let (mini, namesake) = (Mini::new(), Mini::new());
    let sound = mini.sign(BYTES, &Wish::default());
    let other: Json = serde_json::from_str(&namesake.trusted_root()).unwrap();
    let mut root: Json = serde_json::from_str(&mini.trusted_root()).unwrap();
    let authorities = root["certificateAuthorities"].as_array_mut().unwrap();
    authorities.insert(0, other["certificateAuthorities"][0].clone());
    ask(&root.to_string(), &sound).unwrap();
    authorities_of(&mut root).truncate(1);
    assert!(ask(&root.to_string(), &sound).is_err());
}

fn authorities_of(root: &mut Json) -> &mut Vec<Json> {
    root["certificateAuthorities"].as_array_mut().unwrap()
}

#[test]
fn a_document_that_is_no_trusted_root_is_not_read_as_one() {
    let mini = Mini::new();
    let sound = mini.sign(BYTES, &Wish::default());
    let asked = ask(
        &within(&mini, "/mediaType", json!("application/json")),
        &sound,
    );
    assert!(matches!(asked, Err(VerifyBundleError::Root(_))));
}

/// A bundle without a log for what `signature` over `BYTES` is, hashed with `hash`.
fn logless(signature: &[u8], hash: (&str, &[u8])) -> Json {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": "" } },
        "messageSignature": {
            "messageDigest": { "algorithm": hash.0, "digest": BASE64.encode(hash.1) },
            "signature": BASE64.encode(signature),
        },
    })
}

fn by_key(bundle: &Json, key: &str, artifact: Artifact<'_>) -> bool {
    let root = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    let bundle = bundle.to_string();
    verify_bundle(bundle.as_bytes(), Some(root), Expected::Key(key), artifact).is_ok()
}

#[test]
fn every_kind_of_key_verifies_with_the_hash_that_the_bundle_names() {
    let random = SystemRandom::new();
    let (bytes, digest) = (Artifact::Bytes(BYTES), Artifact::Digest(Digest::of(BYTES)));
    let sha256 = ("SHA2_256", Digest::of(BYTES));
    let sha256 = (sha256.0, sha256.1.as_bytes().as_slice());

    let edwards = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let bundle = serde_json::from_str(sign(BYTES, &edwards).unwrap().as_json()).unwrap();
    let key = edwards.public().to_pem();
    assert!(by_key(&bundle, &key, bytes));
    // This kind signs the artifact and not a hash of it.
    assert!(!by_key(&bundle, &key, digest));

    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; rsa.public_modulus_len()];
    rsa.sign(&RSA_PKCS1_SHA256, &random, BYTES, &mut signature)
        .unwrap();
    let der: PublicKeyX509Der<'_> = rsa.public_key().as_der().unwrap();
    let key = pem("PUBLIC KEY", der.as_ref());
    assert!(by_key(&logless(&signature, sha256), &key, bytes));
    assert!(by_key(&logless(&signature, sha256), &key, digest));
    assert!(!by_key(
        &logless(&signature, sha256),
        &key,
        Artifact::Bytes(b"other")
    ));

    let large = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let signature = large.sign(&random, BYTES).unwrap();
    let der: PublicKeyX509Der<'_> = large.public_key().as_der().unwrap();
    let key = pem("PUBLIC KEY", der.as_ref());
    let sha384 = sigstore_crypto::sha384(BYTES);
    let sha384 = ("SHA2_384", sha384.as_bytes().as_slice());
    assert!(by_key(&logless(signature.as_ref(), sha384), &key, bytes));
    assert!(!by_key(&logless(signature.as_ref(), sha384), &key, digest));
    assert!(!by_key(&logless(signature.as_ref(), sha256), &key, bytes));
    let wrong = ("SHA2_384", &[0; 48][..]);
    assert!(!by_key(&logless(signature.as_ref(), wrong), &key, bytes));
}
