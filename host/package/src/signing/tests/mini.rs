//! A whole Sigstore in a box: a certificate authority, a certificate log, a time stamp authority and a
//! transparency log with one leaf, so that each proof can be left out or made wrong.

mod log;
mod stamps;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use serde_json::{Value as Json, json};
use vouchsafe_keys::{Algorithm, PrivateKey, PublicKey};

pub(super) use self::log::{hashed, hashed_second};
use self::stamps::Stamps;
use crate::Digest;

pub(super) const IDENTITY: &str =
    "https://github.com/acme/skills/.github/workflows/release.yml@refs/tags/v1.2.0";
pub(super) const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// 2026-01-01T00:00:00Z, when certificates are issued here. They hold for ten minutes.
pub(super) const ISSUED: i64 = 1_767_225_600;
const LIFETIME: i64 = 600;

pub(super) struct Mini {
    authority: Issuer<'static, KeyPair>,
    authority_der: Vec<u8>,
    certificates: PrivateKey,
    log: PrivateKey,
    stamps: Stamps,
}

/// What is asked of the box; the default is a sound signature.
pub(super) struct Wish {
    pub(super) identity: &'static str,
    pub(super) issuer: Option<&'static str>,
    /// When the log says it took the entry.
    pub(super) logged_at: i64,
    /// Whether the certificate log's promise stands in the certificate.
    pub(super) sct: bool,
    /// For code signing, as Fulcio says.
    pub(super) code_signing: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            identity: IDENTITY,
            issuer: Some(ISSUER),
            logged_at: ISSUED + 60,
            sct: true,
            code_signing: true,
        }
    }
}

impl Mini {
    pub(super) fn new() -> Self {
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let authority_der = params.self_signed(&pair).unwrap().der().to_vec();
        Self {
            authority: Issuer::new(params, pair),
            authority_der,
            certificates: key(),
            log: key(),
            stamps: Stamps::new(),
        }
    }

    /// The `trusted_root.json` of this box.
    pub(super) fn trusted_root(&self) -> String {
        let window = json!({ "start": "2020-01-01T00:00:00Z" });
        let log = |name: &str, key: &PublicKey| {
            json!({
                "baseUrl": format!("https://{name}.example"),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": BASE64.encode(key.spki()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": window,
                },
                "logId": { "keyId": key_id(key) },
            })
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log("rekor", &self.log.public())],
            "ctlogs": [log("ct", &self.certificates.public())],
            "certificateAuthorities": [{
                "subject": { "organization": "mini", "commonName": "mini" },
                "uri": "https://fulcio.example",
                "certChain": { "certificates": [{ "rawBytes": BASE64.encode(&self.authority_der) }] },
                "validFor": window,
            }],
            "timestampAuthorities": [self.stamps.authority()],
        })
        .to_string()
    }

    /// A bundle with a certificate, as keyless signing makes it.
    pub(super) fn sign(&self, bytes: &[u8], wish: &Wish) -> Json {
        self.sign_as(&self.hand(wish), bytes, wish.logged_at)
    }

    /// A bundle for a plain key, logged.
    pub(super) fn sign_with(&self, bytes: &[u8], signer: &Hand) -> Json {
        self.sign_as(signer, bytes, ISSUED)
    }

    fn sign_as(&self, signer: &Hand, bytes: &[u8], at: i64) -> Json {
        let signature = signer.key.sign(bytes).unwrap();
        let body = hashed(Digest::of(bytes), &signature, &signer.pem());
        let entry = self.first(("hashedrekord", "0.0.1"), &body, at);
        bundle(signer, message(bytes, &signature), &[entry], &[])
    }

    /// As the second log has it: an entry without a time, and time stamps of `stamped`.
    pub(super) fn sign_second(&self, bytes: &[u8], stamped: &[i64]) -> Json {
        let signer = self.hand(&Wish::default());
        let signature = signer.key.sign(bytes).unwrap();
        let body = hashed_second(Digest::of(bytes), &signature, &signer.verifier());
        let stamps: Vec<Json> = stamped
            .iter()
            .map(|at| self.stamp(&signature, *at))
            .collect();
        bundle(
            &signer,
            message(bytes, &signature),
            &[self.second(&body)],
            &stamps,
        )
    }

    /// Who may sign until ten minutes from [`ISSUED`].
    pub(super) fn hand(&self, wish: &Wish) -> Hand {
        let key = key();
        let certificate = Some(self.certificate(&key.public(), wish));
        Hand { key, certificate }
    }

    /// That the box's authority saw `signature` at `at`.
    pub(super) fn stamp(&self, signature: &[u8], at: i64) -> Json {
        self.stamps.stamp(signature, at)
    }

    /// `bundle` in the form of version 0.2: a chain of certificates, with the root if wished.
    pub(super) fn with_chain(&self, bundle: &Json, root: bool) -> Json {
        let mut bundle = bundle.clone();
        let material = bundle["verificationMaterial"].as_object_mut().unwrap();
        let mut chain = vec![material.remove("certificate").unwrap()];
        if root {
            chain.push(json!({ "rawBytes": BASE64.encode(&self.authority_der) }));
        }
        material.insert(
            "x509CertificateChain".into(),
            json!({ "certificates": chain }),
        );
        bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.2");
        bundle
    }

    fn certificate(&self, key: &PublicKey, wish: &Wish) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let issued = date_time_ymd(2026, 1, 1);
        params.not_before = issued;
        params.not_after = issued + Duration::from_secs(LIFETIME.unsigned_abs());
        params.serial_number = Some(SerialNumber::from(42));
        params.distinguished_name = DistinguishedName::new();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if wish.code_signing {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        }
        let identity = wish.identity.try_into().unwrap();
        params.subject_alt_names = vec![if wish.identity.contains("://") {
            SanType::URI(identity)
        } else {
            SanType::Rfc822Name(identity)
        }];
        if let Some(issuer) = wish.issuer {
            let value = der(0x0c, issuer.as_bytes());
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(ISSUER_OID, value));
        }
        let subject = Subject(key.clone());
        let without = params
            .signed_by(&subject, &self.authority)
            .unwrap()
            .der()
            .to_vec();
        if !wish.sct {
            return without;
        }
        let promise = der(0x04, &self.promise(inner(inner_of_certificate(&without))));
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(SCT_OID, promise));
        params
            .signed_by(&subject, &self.authority)
            .unwrap()
            .der()
            .to_vec()
    }

    /// The list with the one promise of the certificate log (RFC 6962) over a certificate's inner part.
    fn promise(&self, inner: &[u8]) -> Vec<u8> {
        let time = (ISSUED * 1000).to_be_bytes();
        let authority = Digest::of(&self.authority.key().subject_public_key_info());
        let length = u32::try_from(inner.len()).unwrap().to_be_bytes();
        let signed = [
            &[0, 0],
            &time[..],
            &[0, 1],
            authority.as_bytes(),
            &length[1..],
            inner,
            &[0, 0],
        ]
        .concat();
        let signature = self.certificates.sign(&signed).unwrap();
        let log = Digest::of(self.certificates.public().spki());
        let one = [
            &[0],
            &log.as_bytes()[..],
            &time,
            &[0, 0, 4, 3],
            &sized(&signature),
        ]
        .concat();
        sized(&sized(&one))
    }
}

/// Who signs: a key, with a certificate for it or by itself.
pub(super) struct Hand {
    pub(super) key: PrivateKey,
    certificate: Option<Vec<u8>>,
}

impl Hand {
    pub(super) fn plain(key: PrivateKey) -> Self {
        let certificate = None;
        Self { key, certificate }
    }

    /// What the first log's entries call the signer.
    pub(super) fn pem(&self) -> String {
        match &self.certificate {
            Some(der) => pem("CERTIFICATE", der),
            None => self.key.public().to_pem(),
        }
    }

    /// What the second log's entries call the signer.
    pub(super) fn verifier(&self) -> Json {
        let (name, der) = match &self.certificate {
            Some(der) => ("x509Certificate", der.clone()),
            None => ("publicKey", self.key.public().spki().to_vec()),
        };
        json!({
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            name: { "rawBytes": BASE64.encode(der) },
        })
    }

    fn material(&self) -> Json {
        match &self.certificate {
            Some(der) => json!({ "certificate": { "rawBytes": BASE64.encode(der) } }),
            None => json!({ "publicKey": { "hint": key_id(&self.key.public()) } }),
        }
    }
}

const ISSUER_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 57264, 1, 8];
const SCT_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

pub(super) fn key() -> PrivateKey {
    PrivateKey::generate(Algorithm::EcdsaP256).unwrap()
}

pub(super) fn bundle(
    signer: &Hand,
    content: (&str, Json),
    entries: &[Json],
    stamps: &[Json],
) -> Json {
    let mut material = signer.material();
    material["tlogEntries"] = json!(entries);
    if !stamps.is_empty() {
        material["timestampVerificationData"] = json!({ "rfc3161Timestamps": stamps });
    }
    let (name, content) = content;
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": material,
        name: content,
    })
}

fn message(bytes: &[u8], signature: &[u8]) -> (&'static str, Json) {
    let digest = BASE64.encode(Digest::of(bytes).as_bytes());
    let content = json!({
        "messageDigest": { "algorithm": "SHA2_256", "digest": digest },
        "signature": BASE64.encode(signature),
    });
    ("messageSignature", content)
}

fn key_id(key: &PublicKey) -> String {
    BASE64.encode(Digest::of(key.spki()).as_bytes())
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

struct Subject(PublicKey);

impl PublicKeyData for Subject {
    fn der_bytes(&self) -> &[u8] {
        let spki = self.0.spki();
        &spki[spki.len() - 65..]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// With its length in two bytes before it, as TLS writes vectors.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn der(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let length = match (high, low) {
        (0, short) if short < 128 => vec![short],
        (0, long) => vec![0x81, long],
        (high, low) => vec![0x82, high, low],
    };
    [&[tag], length.as_slice(), bytes].concat()
}

/// The contents of the outermost DER value, whose length takes two bytes.
fn inner_of_certificate(der: &[u8]) -> &[u8] {
    assert_eq!(der[..2], [0x30, 0x82]);
    &der[4..]
}

/// The first DER value in `der`, whose length takes two bytes, with its head.
fn inner(der: &[u8]) -> &[u8] {
    assert_eq!(der[..2], [0x30, 0x82]);
    &der[..4 + usize::from(u16::from_be_bytes([der[2], der[3]]))]
}
