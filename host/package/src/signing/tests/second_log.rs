//! Bundles of the second log: checkpoints with witnesses, and time stamps in place of promises.

use serde_json::{Value as Json, json};

use super::mini::{IDENTITY, ISSUED, ISSUER, Mini};
use crate::signing::{Artifact, EvidenceError, Expected, VerifyBundleError, verify_bundle};

const BYTES: &[u8] = b"a skill";
/// When the box's certificates run out.
const EXPIRES: i64 = ISSUED + 600;
const CHECKPOINT: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";

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

fn refused(root: &str, bundle: &Json) -> EvidenceError {
    match ask(root, bundle) {
        Err(VerifyBundleError::Evidence(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// `bundle` with its checkpoint's text and signatures rewritten.
fn rewritten(bundle: &Json, rewrite: impl FnOnce(&str, &str) -> String) -> Json {
    let mut bundle = bundle.clone();
    let checkpoint = bundle.pointer_mut(CHECKPOINT).unwrap();
    let (note, signatures) = checkpoint.as_str().unwrap().split_once("\n\n").unwrap();
    *checkpoint = rewrite(note, signatures).into();
    bundle
}

/// A signature that nobody here can check, as a witness leaves it.
fn cosignature(name: &str) -> String {
    let other = Mini::new().sign_second(BYTES, &[]);
    let checkpoint = other.pointer(CHECKPOINT).unwrap().as_str().unwrap();
    let (_, signatures) = checkpoint.split_once("\n\n").unwrap();
    signatures.replace("rekor.example", name)
}

#[test]
fn witnesses_may_sign_a_checkpoint_too_in_any_order() {
    let mini = Mini::new();
    let (root, sound) = (mini.trusted_root(), mini.sign_second(BYTES, &[ISSUED]));
    ask(&root, &sound).unwrap();
    for (before, after) in [
        (vec![], vec!["witness.example"]),
        (vec![], vec!["witness.example/w", "other.example"]),
        (vec!["witness.example"], vec![]),
        (vec![], vec!["rekor.example"]),
        (vec!["rekor.example"], vec!["witness.example"]),
    ] {
        let lines = |names: &[&str]| {
            names
                .iter()
                .map(|name| cosignature(name))
                .collect::<String>()
        };
        let bundle = rewritten(&sound, |note, own| {
            format!("{note}\n\n{}{own}{}", lines(&before), lines(&after))
        });
        ask(&root, &bundle).unwrap_or_else(|why| panic!("{before:?} {after:?}: {why}"));
    }
}

#[test]
fn a_checkpoint_lacks_nothing() {
    let mini = Mini::new();
    let (root, sound) = (mini.trusted_root(), mini.sign_second(BYTES, &[ISSUED]));
    for missing in 0..3 {
        let bundle = rewritten(&sound, |note, own| {
            let mut lines: Vec<&str> = note.lines().collect();
            lines.remove(missing);
            format!("{}\n\n{own}", lines.join("\n"))
        });
        assert!(matches!(
            ask(&root, &bundle),
            Err(VerifyBundleError::Bundle(_))
        ));
    }
    for signatures in [String::new(), cosignature("witness.example")] {
        let bundle = rewritten(&sound, |note, _| format!("{note}\n\n{signatures}"));
        assert!(matches!(
            ask(&root, &bundle),
            Err(VerifyBundleError::Bundle(_))
        ));
    }
    let stranger = cosignature("rekor.example");
    let bundle = rewritten(&sound, |note, _| format!("{note}\n\n{stranger}"));
    assert!(matches!(refused(&root, &bundle), EvidenceError::Log(_)));
    let other = mini.sign_second(b"another skill", &[ISSUED]);
    let mut bundle = sound.clone();
    *bundle.pointer_mut(CHECKPOINT).unwrap() = other.pointer(CHECKPOINT).unwrap().clone();
    assert!(matches!(refused(&root, &bundle), EvidenceError::Log(_)));
}

#[test]
fn an_entry_needs_its_proof_and_a_known_kind() {
    let mini = Mini::new();
    let (root, sound) = (mini.trusted_root(), mini.sign_second(BYTES, &[ISSUED]));
    let entry = "/verificationMaterial/tlogEntries/0";
    let mut bare = sound.clone();
    let fields = bare.pointer_mut(entry).unwrap().as_object_mut().unwrap();
    fields.remove("inclusionProof").unwrap();
    assert!(matches!(
        ask(&root, &bare),
        Err(VerifyBundleError::Bundle(_))
    ));
    // The second log held envelopes once; what it holds now is their signature.
    for (kind, version) in [("dsse", "0.0.2"), ("hashedrekord", "0.0.3"), ("", "")] {
        let mut unknown = sound.clone();
        unknown.pointer_mut(entry).unwrap()["kindVersion"] =
            json!({ "kind": kind, "version": version });
        assert!(matches!(
            ask(&root, &unknown),
            Err(VerifyBundleError::Bundle(_))
        ));
    }
}

#[test]
fn each_time_stamp_must_lie_within_the_certificate_s_time() {
    let mini = Mini::new();
    let root = mini.trusted_root();
    let sign = |stamped: &[i64]| mini.sign_second(BYTES, stamped);
    for good in [&[ISSUED][..], &[EXPIRES], &[ISSUED, ISSUED + 5]] {
        ask(&root, &sign(good)).unwrap();
    }
    assert!(matches!(refused(&root, &sign(&[])), EvidenceError::Log(_)));
    for early in [
        &[ISSUED - 1][..],
        &[ISSUED - 1, ISSUED],
        &[ISSUED, ISSUED - 1],
    ] {
        let why = refused(&root, &sign(early));
        assert!(matches!(why, EvidenceError::NotYetValid(_)), "{early:?}");
    }
    for late in [
        &[EXPIRES + 1][..],
        &[EXPIRES, EXPIRES + 1],
        &[EXPIRES + 1, ISSUED],
    ] {
        let why = refused(&root, &sign(late));
        assert!(matches!(why, EvidenceError::Expired(_)), "{late:?}");
    }
}

#[test]
fn a_time_stamp_must_be_of_this_signature_and_by_a_trusted_authority() {
    let (mini, other) = (Mini::new(), Mini::new());
    let root = mini.trusted_root();
    let sound = mini.sign_second(BYTES, &[ISSUED]);
    let stamps = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";
    let signature = sound["messageSignature"]["signature"].as_str().unwrap();
    let signature = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, signature);
    let signature = signature.unwrap();
    let own = mini.stamp(&signature, ISSUED);
    let foreign = mini.stamp(BYTES, ISSUED);
    let stranger = other.stamp(&signature, ISSUED);
    for bad in [json!([foreign]), json!([stranger]), json!([own, stranger])] {
        let mut bundle = sound.clone();
        *bundle.pointer_mut(stamps).unwrap() = bad;
        assert!(matches!(refused(&root, &bundle), EvidenceError::Time(_)));
    }
    let with = |authorities: Json| {
        let mut changed: Json = serde_json::from_str(&root).unwrap();
        changed["timestampAuthorities"] = authorities;
        changed.to_string()
    };
    assert!(matches!(
        refused(&with(json!([])), &sound),
        EvidenceError::Time(_)
    ));
    // When the authority's own certificate was not valid.
    let before = mini.sign_second(BYTES, &[ISSUED - 2 * 365 * 86_400]);
    assert!(matches!(refused(&root, &before), EvidenceError::Time(_)));
}

#[test]
fn an_authority_is_asked_within_its_own_time_only() {
    let mini = Mini::new();
    let sound = mini.sign_second(BYTES, &[ISSUED]);
    let root: Json = serde_json::from_str(&mini.trusted_root()).unwrap();
    let other: Json = serde_json::from_str(&Mini::new().trusted_root()).unwrap();
    let ending = |end: &str, more: &[Json]| {
        let mut root = root.clone();
        let authorities = root["timestampAuthorities"].as_array_mut().unwrap();
        authorities[0]["validFor"]["end"] = json!(end);
        authorities.extend_from_slice(more);
        root.to_string()
    };
    let stranger = other["timestampAuthorities"][0].clone();
    let mut nobody = stranger.clone();
    nobody["certChain"]["certificates"] = json!([]);
    ask(&ending("2026-01-01T00:00:00Z", &[]), &sound).unwrap();
    let ended = "2025-12-31T23:59:59Z";
    for more in [&[][..], &[stranger]] {
        let why = refused(&ending(ended, more), &sound);
        assert!(matches!(why, EvidenceError::Time(_)), "{why}");
    }
    let lent = ask(&ending(ended, &[nobody]), &sound);
    assert!(matches!(lent, Err(VerifyBundleError::Root(_))));
}
