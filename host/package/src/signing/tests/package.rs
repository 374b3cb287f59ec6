//! From bytes and a bundle to `Verified`: each way of being somebody else's, too old, or changed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use vouchsafe_keys::{Algorithm, PrivateKey};

use super::mini::{Hand, ISSUER, Mini, Wish, key};
use crate::signing::{
    EvidenceError, Recognised, RevocationList, Revocations, SignedBytes, Signer, Transparency,
    Trust, Verified, VerifyError, sign, still_trusted, verify, verify_signer,
};
use crate::testing::{PAYMENTS, PAYMENTS_TOML, packed};
use crate::{Digest, ReadLimits};

fn payments() -> Vec<u8> {
    packed(PAYMENTS, PAYMENTS_TOML)
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

fn publisher(name: &str, namespace: &str, key: &PrivateKey) -> String {
    let pem = key.public().to_pem();
    format!(
        "[publishers.{name}]\nnamespaces = [\"{namespace}\"]\ntransparency = \"none\"\nkey = \"\"\"\n{pem}\"\"\"\n"
    )
}

fn trust(text: &str) -> Trust {
    Trust::parse(text).unwrap()
}

fn ask(bytes: &[u8], bundle: &str, trust: &Trust) -> Result<Verified, VerifyError> {
    verify(
        bytes,
        bundle.as_bytes(),
        trust,
        &Revocations::none(),
        &ReadLimits::default(),
        now(),
    )
}

fn signed(bytes: &[u8], key: &PrivateKey) -> String {
    sign(bytes, key).unwrap().as_json().to_owned()
}

fn list() -> RevocationList {
    RevocationList {
        version: 1,
        number: 9,
        issued: "2026-05-01T00:00:00Z".parse().unwrap(),
        expires: None,
        digests: BTreeSet::new(),
        keys: BTreeSet::new(),
        identities: BTreeSet::new(),
    }
}

fn accepted(list: &RevocationList) -> Revocations {
    let operator = key();
    let envelope = serde_json::to_vec(&list.sign(&operator).unwrap()).unwrap();
    Revocations::accept(&envelope, &[operator.public()], 0).unwrap()
}

#[test]
fn a_publisher_key_vouches_for_its_namespace() {
    for algorithm in [Algorithm::EcdsaP256, Algorithm::Ed25519] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let bytes = payments();
        let verified = ask(
            &bytes,
            &signed(&bytes, &key),
            &trust(&publisher("acme", "acme", &key)),
        )
        .unwrap();
        assert_eq!(verified.publisher(), "acme");
        assert_eq!(verified.package().name.to_string(), "acme:payments");
        assert_eq!(
            verified.signer(),
            &Signer::Key {
                fingerprint: key.public().fingerprint()
            }
        );
        assert_eq!(verified.transparency(), Transparency::None);
        assert_eq!(
            SignedBytes::of(&verified, bytes.clone())
                .unwrap()
                .as_slice(),
            bytes
        );
        let changed = [bytes.as_slice(), b"!"].concat();
        assert!(SignedBytes::of(&verified, changed).is_err());
    }
}

#[test]
fn unsigned_is_refused() {
    let key = key();
    let trust = trust(&publisher("acme", "acme", &key));
    assert!(matches!(
        ask(&payments(), "", &trust),
        Err(VerifyError::Unsigned)
    ));
    assert!(matches!(
        ask(&payments(), "\n", &trust),
        Err(VerifyError::Unsigned)
    ));
    assert!(matches!(
        ask(&payments(), "{}", &trust),
        Err(VerifyError::Bundle(_))
    ));
    assert!(matches!(
        ask(&payments(), "[[[[", &trust),
        Err(VerifyError::Bundle(_))
    ));
}

#[test]
fn another_key_is_refused_also_when_it_borrows_the_hint() {
    let (ours, theirs) = (key(), key());
    let bytes = payments();
    let trust = trust(&publisher("acme", "acme", &ours));
    let bundle = signed(&bytes, &theirs);
    assert!(matches!(
        ask(&bytes, &bundle, &trust),
        Err(VerifyError::OtherKey { .. })
    ));
    let mut borrowed: Json = serde_json::from_str(&bundle).unwrap();
    let honest: Json = serde_json::from_str(&signed(&bytes, &ours)).unwrap();
    borrowed["verificationMaterial"] = honest["verificationMaterial"].clone();
    assert!(matches!(
        ask(&bytes, &borrowed.to_string(), &trust),
        Err(VerifyError::OtherKey { .. })
    ));
    assert!(matches!(
        ask(&bytes, &bundle, &Trust::nobody()),
        Err(VerifyError::OtherKey { .. })
    ));
}

#[test]
fn a_key_inside_the_envelope_is_not_believed() {
    let stranger = key();
    let bytes = payments();
    let trust = trust(&publisher("acme", "acme", &key()));
    let mut bundle: Json = serde_json::from_str(&signed(&bytes, &stranger)).unwrap();
    bundle["verificationMaterial"]["publicKey"]["rawBytes"] = json!(stranger.public().to_pem());
    assert!(matches!(
        ask(&bytes, &bundle.to_string(), &trust),
        Err(VerifyError::Bundle(_))
    ));
    // A certificate, sound in its own Sigstore, where nobody is trusted by identity.
    let own = Mini::new().sign(&bytes, &Wish::default());
    assert!(matches!(
        ask(&bytes, &own.to_string(), &trust),
        Err(VerifyError::OwnCertificate)
    ));
}

#[test]
fn a_bundle_for_other_bytes_is_refused() {
    let key = key();
    let bytes = payments();
    let other = packed(&PAYMENTS.replace("1.2.0", "1.2.1"), PAYMENTS_TOML);
    let trust = trust(&publisher("acme", "acme", &key));
    assert!(matches!(
        ask(&other, &signed(&bytes, &key), &trust),
        Err(VerifyError::OtherBytes { .. })
    ));
    // With the digest put right, the signature still is not.
    let mut bundle: Json = serde_json::from_str(&signed(&bytes, &key)).unwrap();
    let honest: Json = serde_json::from_str(&signed(&other, &key)).unwrap();
    bundle["messageSignature"]["messageDigest"] =
        honest["messageSignature"]["messageDigest"].clone();
    assert!(matches!(
        ask(&other, &bundle.to_string(), &trust),
        Err(VerifyError::OtherKey { .. })
    ));
}

#[test]
fn a_publisher_signs_no_namespace_but_its_own() {
    let (acme, evil) = (key(), key());
    let bytes = payments();
    let both = publisher("acme", "acme", &acme) + &publisher("evil", "evil", &evil);
    match ask(&bytes, &signed(&bytes, &evil), &trust(&both)) {
        Err(why @ VerifyError::NotTheirs { .. }) => insta::assert_snapshot!(why),
        other => panic!("{other:?}"),
    }
    let alone = trust(&publisher("evil", "evil", &evil));
    assert!(matches!(
        ask(&bytes, &signed(&bytes, &evil), &alone),
        Err(VerifyError::NotTheirs { .. })
    ));
}

#[test]
fn one_key_of_two_publishers_is_told_apart_by_namespace() {
    let key = key();
    let bytes = payments();
    let both = publisher("labs", "labs", &key) + &publisher("acme", "acme", &key);
    let verified = ask(&bytes, &signed(&bytes, &key), &trust(&both)).unwrap();
    assert_eq!(verified.publisher(), "acme");
}

#[test]
fn what_is_signed_but_is_no_package_is_refused() {
    let key = key();
    let trust = trust(&publisher("acme", "acme", &key));
    for bytes in [b"not wasm".as_slice(), b"\0asm\x0d\0\x01\0", b""] {
        assert!(matches!(
            ask(bytes, &signed(bytes, &key), &trust),
            Err(VerifyError::Read(_))
        ));
    }
}

#[test]
fn an_attestation_about_the_package_does_not_vouch_for_it() {
    let key = key();
    let bytes = payments();
    let mut bundle: Json = serde_json::from_str(&signed(&bytes, &key)).unwrap();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "payments", "digest": { "sha256": Digest::of(&bytes).hex() } }],
        "predicateType": "https://example.com/found-malware/v1",
        "predicate": {},
    });
    let kind = "application/vnd.in-toto+json";
    let envelope =
        vouchsafe_keys::statement::sign(kind, statement.to_string().as_bytes(), &key).unwrap();
    bundle.as_object_mut().unwrap().remove("messageSignature");
    bundle["dsseEnvelope"] = json!(envelope);
    let asked = ask(
        &bytes,
        &bundle.to_string(),
        &trust(&publisher("acme", "acme", &key)),
    );
    assert!(matches!(asked, Err(VerifyError::Kind(_))));
}

#[test]
fn revoked_bytes_and_keys_are_refused_at_load_and_later() {
    let key = key();
    let bytes = payments();
    let trust = trust(&publisher("acme", "acme", &key));
    let bundle = signed(&bytes, &key);
    let verified = ask(&bytes, &bundle, &trust).unwrap();
    let mut by_digest = list();
    by_digest.digests.insert(Digest::of(&bytes));
    let mut by_key = list();
    by_key.keys.insert(key.public().fingerprint());
    for list in [by_digest, by_key] {
        let revocations = accepted(&list);
        let load = verify(
            &*bytes,
            bundle.as_bytes(),
            &trust,
            &revocations,
            &ReadLimits::default(),
            now(),
        );
        assert!(matches!(load, Err(VerifyError::Revoked(_))));
        let call = still_trusted(&verified, &trust, &revocations, now());
        assert!(matches!(call, Err(VerifyError::Revoked(_))));
    }
    still_trusted(&verified, &trust, &accepted(&list()), now()).unwrap();
}

#[test]
fn a_missing_or_stale_list_is_refused_at_load_and_later() {
    let key = key();
    let bytes = payments();
    let lax = publisher("acme", "acme", &key);
    let verified = ask(&bytes, &signed(&bytes, &key), &trust(&lax)).unwrap();
    let strict = trust(&format!(
        "{lax}[revocations]\nrequired = true\nmax_age = \"30d\"\n"
    ));
    let stale = accepted(&list());
    for revocations in [&Revocations::none(), &stale] {
        let bundle = signed(&bytes, &key);
        let load = verify(
            &*bytes,
            bundle.as_bytes(),
            &strict,
            revocations,
            &ReadLimits::default(),
            now(),
        );
        assert!(matches!(load, Err(VerifyError::Stale(_))));
        assert!(matches!(
            still_trusted(&verified, &strict, revocations, now()),
            Err(VerifyError::Stale(_))
        ));
    }
    still_trusted(
        &verified,
        &strict,
        &stale,
        "2026-05-20T00:00:00Z".parse().unwrap(),
    )
    .unwrap();
}

#[test]
fn what_trust_no_longer_says_stops_what_is_loaded() {
    let signer = key();
    let bytes = payments();
    let text = publisher("acme", "acme", &signer);
    let verified = ask(&bytes, &signed(&bytes, &signer), &trust(&text)).unwrap();
    still_trusted(&verified, &trust(&text), &Revocations::none(), now()).unwrap();
    let moved = publisher("labs", "acme", &signer);
    let shrunk = publisher("acme", "acme-labs", &signer);
    let rekeyed = publisher("acme", "acme", &key());
    let logged = text.replace("\"none\"", "\"required\"");
    for changed in [String::new(), moved, shrunk, rekeyed, logged] {
        let call = still_trusted(&verified, &trust(&changed), &Revocations::none(), now());
        assert!(
            matches!(call, Err(VerifyError::NoLongerTrusted { .. })),
            "{changed}"
        );
    }
}

const PATTERN: &str = "https://github.com/acme/skills/.github/workflows/release.yml@refs/tags/*";

fn keyless(mini: &Mini, pattern: &str, issuer: &str) -> Trust {
    let root = mini.trusted_root();
    let text = format!(
        "[publishers.acme]\nnamespaces = [\"acme\"]\nidentity = \"{pattern}\"\nissuer = \"{issuer}\"\n\
         [sigstore]\ntrusted_root = \"root.json\"\n"
    );
    Trust::parse_with(&text, &|_| Ok(root.clone())).unwrap()
}

#[test]
fn an_identity_vouches_with_every_proof() {
    let mini = Mini::new();
    let bytes = payments();
    let bundle = mini.sign(&bytes, &Wish::default()).to_string();
    let verified = ask(&bytes, &bundle, &keyless(&mini, PATTERN, ISSUER)).unwrap();
    assert_eq!(verified.transparency(), Transparency::Required);
    assert_eq!(
        verified.signer().to_string(),
        "github.com/acme/skills release.yml, tag v1.2.0"
    );
}

#[test]
fn another_identity_or_issuer_is_no_publisher() {
    let mini = Mini::new();
    let bytes = payments();
    let bundle = mini.sign(&bytes, &Wish::default()).to_string();
    for (pattern, issuer) in [
        (
            PATTERN.replace("acme/skills", "acme/other").as_str(),
            ISSUER,
        ),
        (PATTERN.replace("tags", "heads").as_str(), ISSUER),
        (PATTERN, "https://issuer.example"),
    ] {
        let asked = ask(&bytes, &bundle, &keyless(&mini, pattern, issuer));
        assert!(
            matches!(asked, Err(VerifyError::OtherIdentity { .. })),
            "{pattern} {issuer}"
        );
    }
}

#[test]
fn an_identity_without_its_proofs_is_refused() {
    let mini = Mini::new();
    let bytes = payments();
    let trust = keyless(&mini, PATTERN, ISSUER);
    let why = |bundle: &Json| match ask(&bytes, &bundle.to_string(), &trust) {
        Err(VerifyError::Evidence(why)) => why,
        other => panic!("{other:?}"),
    };
    let issued = Wish::default().logged_at - 60;
    let at = |logged_at| {
        mini.sign(
            &bytes,
            &Wish {
                logged_at,
                ..Wish::default()
            },
        )
    };
    assert!(matches!(
        why(&at(issued - 1)),
        EvidenceError::NotYetValid(_)
    ));
    assert!(matches!(why(&at(issued + 601)), EvidenceError::Expired(_)));
    assert!(matches!(
        why(&Mini::new().sign(&bytes, &Wish::default())),
        EvidenceError::Log(_)
    ));
    let mut unlogged = at(issued);
    unlogged["verificationMaterial"]["tlogEntries"] = json!([]);
    assert!(matches!(why(&unlogged), EvidenceError::Log(_)));
    let uncertified = mini.sign(
        &bytes,
        &Wish {
            sct: false,
            ..Wish::default()
        },
    );
    assert!(matches!(why(&uncertified), EvidenceError::Certificate(_)));
    let nameless = mini.sign(
        &bytes,
        &Wish {
            issuer: None,
            ..Wish::default()
        },
    );
    assert_eq!(why(&nameless), EvidenceError::Nameless);
}

#[test]
fn a_revoked_identity_is_refused() {
    let mini = Mini::new();
    let bytes = payments();
    let trust = keyless(&mini, PATTERN, ISSUER);
    let bundle = mini.sign(&bytes, &Wish::default()).to_string();
    let mut list = list();
    list.identities.insert(PATTERN.into());
    let asked = verify(
        &*bytes,
        bundle.as_bytes(),
        &trust,
        &accepted(&list),
        &ReadLimits::default(),
        now(),
    );
    assert!(matches!(asked, Err(VerifyError::Revoked(_))));
}

#[test]
fn a_key_that_must_be_logged_is_not_believed_without_the_log() {
    let mini = Mini::new();
    let hand = Hand::plain(key());
    let signer = &hand.key;
    let bytes = payments();
    let root = mini.trusted_root();
    let text = publisher("acme", "acme", signer).replace("\"none\"", "\"required\"")
        + "[sigstore]\ntrusted_root = \"root.json\"\n";
    let trust = Trust::parse_with(&text, &|_| Ok(root.clone())).unwrap();
    let unlogged = ask(&bytes, &signed(&bytes, signer), &trust);
    assert!(matches!(
        unlogged,
        Err(VerifyError::Evidence(EvidenceError::Log(_)))
    ));
    let logged = mini.sign_with(&bytes, &hand).to_string();
    assert_eq!(
        ask(&bytes, &logged, &trust).unwrap().transparency(),
        Transparency::Required
    );
    let elsewhere = Mini::new().sign_with(&bytes, &hand).to_string();
    assert!(ask(&bytes, &elsewhere, &trust).is_err());
}

#[test]
fn a_logged_bundle_does_for_a_plain_key_too() {
    let hand = Hand::plain(key());
    let signer = &hand.key;
    let bytes = payments();
    let bundle = Mini::new().sign_with(&bytes, &hand).to_string();
    assert!(ask(&bytes, &bundle, &trust(&publisher("acme", "acme", signer))).is_ok());
}

#[test]
fn one_expected_signer_is_asked_for_without_trust() {
    let mini = Mini::new();
    let bytes = payments();
    let signer = key();
    let ours = Recognised::Keys(vec![signer.public()]);
    let theirs = Recognised::Keys(vec![key().public()]);
    let bundle = signed(&bytes, &signer);
    let asked = verify_signer(&bytes, bundle.as_bytes(), &ours, None).unwrap();
    assert_eq!(
        asked,
        Signer::Key {
            fingerprint: signer.public().fingerprint()
        }
    );
    let asked = verify_signer(&bytes, bundle.as_bytes(), &theirs, None);
    assert!(matches!(asked, Err(VerifyError::OtherKey { .. })));
    assert!(verify_signer(b"other", bundle.as_bytes(), &ours, None).is_err());
    let pattern = crate::signing::IdentityPattern::parse(PATTERN).unwrap();
    let identity = Recognised::Identity {
        pattern,
        issuer: ISSUER.into(),
    };
    let keyless = mini.sign(&bytes, &Wish::default()).to_string();
    let root = mini.trusted_root();
    assert!(verify_signer(&bytes, keyless.as_bytes(), &identity, Some(&root)).is_ok());
    assert!(verify_signer(&bytes, keyless.as_bytes(), &identity, None).is_err());
    assert!(verify_signer(&bytes, keyless.as_bytes(), &ours, Some(&root)).is_err());
}

#[test]
fn inspect_shows_who_signed() {
    let mini = Mini::new();
    let bytes = payments();
    let trust = keyless(&mini, PATTERN, ISSUER);
    let verified = ask(
        &bytes,
        &mini.sign(&bytes, &Wish::default()).to_string(),
        &trust,
    )
    .unwrap();
    let facts = verified.facts(&trust, "payments-1.2.0.wasm");
    assert_eq!(facts.transparency, "rekor");
    assert_eq!(facts.trusted.unwrap().place, "trust.toml:1");
    insta::assert_snapshot!(facts.check.unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_changed_byte_of_the_component_is_refused(at: prop::sample::Index, flip in 1..=255u8) {
        let key = key();
        let mut bytes = payments();
        let bundle = signed(&bytes, &key);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let asked = ask(&bytes, &bundle, &trust(&publisher("acme", "acme", &key)));
        prop_assert!(matches!(asked, Err(VerifyError::OtherBytes { .. })), "{asked:?}");
    }

    #[test]
    fn any_changed_byte_of_the_signature_is_refused(at: prop::sample::Index, flip in 1..=255u8) {
        let key = key();
        let bytes = payments();
        let bundle = signed(&bytes, &key);
        let start = bundle.find("\"messageSignature\"").unwrap();
        let at = start + at.index(bundle.len() - start);
        let mut changed = bundle.into_bytes();
        changed[at] ^= flip;
        let trust = trust(&publisher("acme", "acme", &key));
        let asked = verify(&*bytes, &changed, &trust, &Revocations::none(), &ReadLimits::default(), now());
        prop_assert!(asked.is_err());
    }

    #[test]
    fn any_bytes_for_a_bundle_are_refused_without_panic(junk: Vec<u8>) {
        let trust = trust(&publisher("acme", "acme", &key()));
        let asked = verify(&b"x"[..], &junk, &trust, &Revocations::none(), &ReadLimits::default(), now());
        prop_assert!(asked.is_err());
    }
}
