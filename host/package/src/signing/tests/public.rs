//! Real bundles of the public Sigstore: those that ship with the crates that read them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value as Json;
use sigstore_trust_root::{
    SIGSTORE_PRODUCTION_TRUSTED_ROOT as PRODUCTION, SIGSTORE_STAGING_TRUSTED_ROOT as STAGING,
};
use sigstore_types::{Bundle, SignatureContent};

use crate::Digest;
use crate::signing::{Artifact, Expected, verify_bundle};

struct Case {
    bundle: String,
    root: String,
    digest: Digest,
}

impl Case {
    fn of(file: &str, root: &str) -> Self {
        let bundle = read(file);
        let digest = signed_digest(&bundle).unwrap_or_else(|| panic!("{file} has no digest"));
        Self {
            bundle,
            root: root.to_owned(),
            digest,
        }
    }

    /// Asks for exactly the identity that the certificate names.
    fn verifies(&self, bundle: &str) -> bool {
        let Some((identity, issuer)) = named(&self.bundle) else {
            return false;
        };
        let expected = Expected::Identity {
            identity: &identity,
            issuer: &issuer,
        };
        verify_bundle(
            bundle.as_bytes(),
            Some(&self.root),
            expected,
            Artifact::Digest(self.digest),
        )
        .is_ok()
    }
}

fn good() -> Vec<(&'static str, Case)> {
    let multi = read("sigstore-verify/test_data/sct-multi-intermediate/staging_trusted_root.json");
    let stamped = read("sigstore-verify/test_data/timestamps/valid_trusted_root.json");
    [
        ("sigstore-verify/test_data/bundles/cosign-v3-blob.sigstore.json", PRODUCTION),
        ("sigstore-verify/test_data/bundles/conda-attestation.sigstore.json", PRODUCTION),
        ("sigstore-verify/test_data/bundles/bundle_v3_github.whl.sigstore", PRODUCTION),
        ("sigstore-verify/test_data/bundles/conda-attestation-rekor2.sigstore.json", STAGING),
        ("sigstore-verify/test_data/upstream/sigstore-python/staging-rekor-v2.txt.sigstore.json", STAGING),
        ("sigstore-verify/test_data/upstream/sigstore-python/a.dsse.staging-rekor-v2.txt.sigstore.json", STAGING),
        ("sigstore-verify/test_data/sct-multi-intermediate/staging_bundle.sigstore.json", &multi),
        ("sigstore-verify/test_data/timestamps/valid_bundle.json", &stamped),
        ("sigstore-verify/test_data/invalid-ct-key_fail/bundle.sigstore.json", PRODUCTION),
        ("sigstore-bundle/tests/fixtures/happy-path.json", PRODUCTION),
    ]
    .map(|(file, root)| (file, Case::of(file, root)))
    .into()
}

#[test]
fn good_bundles_verify() {
    let failed: Vec<&str> = good()
        .iter()
        .filter(|(_, case)| !case.verifies(&case.bundle))
        .map(|(file, _)| *file)
        .collect();
    assert_eq!(failed, [""; 0]);
}

#[test]
fn good_bundles_do_not_verify_for_others() {
    for (file, mut case) in good() {
        let expected = Expected::Identity {
            identity: "anna@corp.example",
            issuer: "https://accounts.google.com",
        };
        let artifact = Artifact::Digest(case.digest);
        assert!(
            verify_bundle(case.bundle.as_bytes(), Some(&case.root), expected, artifact).is_err(),
            "{file}"
        );
        case.digest = Digest::of(b"other bytes");
        assert!(!case.verifies(&case.bundle), "{file}");
        STAGING.clone_into(&mut case.root);
        assert!(!case.verifies(&case.bundle), "{file}");
    }
}

#[test]
fn bad_bundles_do_not_verify() {
    let invalid_ct = read("sigstore-verify/test_data/invalid-ct-key_fail/trusted_root.json");
    let stamped = read("sigstore-verify/test_data/timestamps/valid_trusted_root.json");
    for (file, root) in [
        (
            "sigstore-verify/test_data/bundles/bundle_cve_2022_36056.txt.sigstore",
            STAGING,
        ),
        (
            "sigstore-verify/test_data/bundles/bundle_invalid_version.txt.sigstore",
            STAGING,
        ),
        (
            "sigstore-verify/test_data/bundles/bundle_no_cert_v1.txt.sigstore",
            STAGING,
        ),
        (
            "sigstore-verify/test_data/bundles/bundle_no_checkpoint.txt.sigstore",
            STAGING,
        ),
        (
            "sigstore-verify/test_data/bundles/bundle_no_log_entry.txt.sigstore",
            STAGING,
        ),
        (
            "sigstore-verify/test_data/bundles/bundle_v3_no_signed_time.txt.sigstore.json",
            STAGING,
        ),
        (
            "sigstore-verify/test_data/bundles/dsse-2sigs.sigstore.json",
            STAGING,
        ),
        (
            "sigstore-verify/test_data/bundles/github-private-attestation.sigstore.json",
            PRODUCTION,
        ),
        (
            "sigstore-verify/test_data/invalid-ct-key_fail/bundle.sigstore.json",
            &invalid_ct,
        ),
        (
            "sigstore-tsa/test_data/timestamps/payload_mismatch_bundle.json",
            &stamped,
        ),
    ] {
        let bundle = read(file);
        let digest = signed_digest(&bundle).unwrap_or(Digest::of(b""));
        let case = Case {
            bundle,
            root: root.to_owned(),
            digest,
        };
        assert!(!case.verifies(&case.bundle), "{file}");
    }
}

#[test]
fn a_managed_key_verifies_its_own_bytes_alone() {
    let bundle = read("sigstore-verify/test_data/managed-key/bundle.sigstore.json");
    let key = read("sigstore-verify/test_data/managed-key/key.pub");
    let artifact = read("sigstore-verify/test_data/managed-key/artifact.txt");
    let other = super::mini::key().public().to_pem();
    let ask = |bundle: &str, key: &str, bytes: &str| {
        verify_bundle(
            bundle.as_bytes(),
            None,
            Expected::Key(key),
            Artifact::Bytes(bytes.as_bytes()),
        )
        .is_ok()
    };
    assert!(ask(&bundle, &key, &artifact));
    assert!(!ask(&bundle, &other, &artifact));
    assert!(!ask(&bundle, &key, "other bytes"));
    assert!(!ask(&bundle, "no key", &artifact));
    let changed = changes(&bundle)
        .into_iter()
        .filter(|(_, text)| ask(text, &key, &artifact));
    assert_eq!(
        changed.map(|(place, _)| place).collect::<Vec<_>>(),
        ["/verificationMaterial/publicKey/hint"]
    );
}

/// Fields that nobody signed and that decide nothing, by the format's own rules: key ids, and what an
/// entry of the second log repeats of its checkpoint or has no use for.
fn decides_nothing(bundle: &str, place: &str) -> bool {
    let document: Json = serde_json::from_str(bundle).unwrap();
    let kind = &document["verificationMaterial"]["tlogEntries"][0]["kindVersion"];
    let second_log = kind["kind"] == "hashedrekord" && kind["version"] == "0.0.2";
    let repeated = [
        "/rootHash",
        "/treeSize",
        "/inclusionProof/logIndex",
        "/logId/keyId",
        "/integratedTime",
    ];
    place.ends_with("/keyid") || (second_log && repeated.iter().any(|end| place.ends_with(end)))
}

#[test]
fn each_field_changed_is_refused() {
    let mut passed = Vec::new();
    for (file, case) in good() {
        for (place, changed) in changes(&case.bundle) {
            if case.verifies(&changed) && !decides_nothing(&case.bundle, &place) {
                passed.push(format!("{file} {place}"));
            }
        }
    }
    assert_eq!(passed, [""; 0]);
}

/// `bundle` with one scalar changed, for each scalar, and where.
fn changes(bundle: &str) -> Vec<(String, String)> {
    let document: Json = serde_json::from_str(bundle).unwrap();
    let mut places = Vec::new();
    scalars(&document, String::new(), &mut places);
    places
        .into_iter()
        .map(|place| {
            let mut changed = document.clone();
            change(changed.pointer_mut(&place).unwrap());
            (place, changed.to_string())
        })
        .collect()
}

fn scalars(value: &Json, at: String, places: &mut Vec<String>) {
    match value {
        Json::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| scalars(value, format!("{at}/{name}"), places)),
        Json::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, value)| scalars(value, format!("{at}/{i}"), places));
        }
        Json::String(text) if text.is_empty() => {}
        _ => places.push(at),
    }
}

/// Another value of the same form.
fn change(value: &mut Json) {
    if let Some(number) = value.as_i64() {
        *value = (number + 1).into();
        return;
    }
    let mut text: Vec<char> = value.as_str().unwrap().chars().collect();
    let at = changed_character(&text);
    text[at] = match text[at] {
        '1' => '2',
        '0'..='9' => '1',
        'A' => 'B',
        _ => 'A',
    };
    *value = text.into_iter().collect::<String>().into();
}

/// Which character to change: of a checkpoint the first, as witnesses are not asked; of anything long one near the end, where signatures stand and not the
/// certificates that a timestamp brings along; else the middle.
fn changed_character(text: &[char]) -> usize {
    match text.len() {
        _ if text.contains(&'\n') => 0,
        long if long > 400 => long - 12,
        short => short / 2,
    }
}

fn named(bundle: &str) -> Option<(String, String)> {
    let bundle = Bundle::from_json(bundle).ok()?;
    let info = sigstore_crypto::parse_certificate_info(bundle.signing_certificate()?).ok()?;
    Some((info.identity?.as_str().to_owned(), info.issuer?))
}

fn signed_digest(bundle: &str) -> Option<Digest> {
    match &Bundle::from_json(bundle).ok()?.content {
        SignatureContent::MessageSignature(content) => {
            let digest = content
                .message_digest
                .as_ref()?
                .digest
                .as_bytes()
                .try_into()
                .ok()?;
            Some(Digest::from_bytes(digest))
        }
        SignatureContent::DsseEnvelope(envelope) => {
            let statement: Json = serde_json::from_slice(envelope.payload.as_bytes()).ok()?;
            let hex = statement.pointer("/subject/0/digest/sha256")?.as_str()?;
            format!("sha256:{hex}").parse().ok()
        }
        _ => None,
    }
}

/// A file of a crate that this one is built with, as `CRATE/PATH`.
#[expect(
    clippy::disallowed_methods,
    reason = "test data of the crates that this one is built with"
)]
fn read(file: &str) -> String {
    let (name, path) = file.split_once('/').unwrap();
    let path = source_of(name).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo knows where it keeps the sources of the crates it built"
)]
fn source_of(name: &str) -> PathBuf {
    static METADATA: OnceLock<Json> = OnceLock::new();
    let metadata = METADATA.get_or_init(|| {
        // Of other platforms' crates a fresh machine has none.
        let here = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline"])
            .args(["--filter-platform", &here, "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    });
    let package = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == name)
        .unwrap();
    Path::new(package["manifest_path"].as_str().unwrap())
        .parent()
        .unwrap()
        .to_owned()
}
