//! A time stamp authority (RFC 3161) whose clock says what a test wants.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use serde_json::{Value as Json, json};
use vouchsafe_keys::PrivateKey;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::{Subject, der, key};
use crate::Digest;

pub(super) struct Stamps {
    key: PrivateKey,
    leaf: Vec<u8>,
    root: Vec<u8>,
}

impl Stamps {
    pub(super) fn new() -> Self {
        let pair = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = authority.self_signed(&pair).unwrap().der().to_vec();
        let key = key();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params.serial_number = Some(SerialNumber::from(7));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::TimeStamping];
        let issuer = Issuer::new(authority, pair);
        let leaf = params.signed_by(&Subject(key.public()), &issuer).unwrap();
        let leaf = leaf.der().to_vec();
        Self { key, leaf, root }
    }

    /// What a trusted root says of it.
    pub(super) fn authority(&self) -> Json {
        let certificate = |der: &[u8]| json!({ "rawBytes": BASE64.encode(der) });
        json!({
            "subject": { "organization": "mini", "commonName": "stamps" },
            "uri": "https://stamps.example",
            "certChain": { "certificates": [certificate(&self.leaf), certificate(&self.root)] },
            "validFor": { "start": "2020-01-01T00:00:00Z" },
        })
    }

    /// That `signature` was there at `at`.
    pub(super) fn stamp(&self, signature: &[u8], at: i64) -> Json {
        let token = self.signed(&info(signature, at));
        let granted = sequence(&[&der(INTEGER, &[0])]);
        json!({ "signedTimestamp": BASE64.encode(sequence(&[&granted, &token])) })
    }

    /// `content` as CMS signed data (RFC 5652).
    fn signed(&self, content: &[u8]) -> Vec<u8> {
        let digest = Digest::of(content);
        let attributes = [
            sequence(&[CONTENT_TYPE, &der(SET, STAMP_INFO)]),
            sequence(&[MESSAGE_DIGEST, &der(SET, &der(OCTETS, digest.as_bytes()))]),
        ]
        .concat();
        let signature = self.key.sign(&der(SET, &attributes)).unwrap();
        let leaf = Certificate::from_der(&self.leaf).unwrap().tbs_certificate;
        let signer = sequence(&[
            &der(INTEGER, &[1]),
            &sequence(&[
                &leaf.issuer.to_der().unwrap(),
                &leaf.serial_number.to_der().unwrap(),
            ]),
            &sequence(&[SHA256]),
            &der(TAGGED_0, &attributes),
            &sequence(&[ECDSA_SHA256]),
            &der(OCTETS, &signature),
        ]);
        let content = sequence(&[STAMP_INFO, &der(TAGGED_0, &der(OCTETS, content))]);
        let data = sequence(&[
            &der(INTEGER, &[3]),
            &der(SET, &sequence(&[SHA256])),
            &content,
            &der(SET, &signer),
        ]);
        sequence(&[SIGNED_DATA, &der(TAGGED_0, &data)])
    }
}

/// The statement (`TSTInfo`) that is signed.
fn info(signature: &[u8], at: i64) -> Vec<u8> {
    let time = Timestamp::from_second(at).unwrap();
    let time = time.strftime("%Y%m%d%H%M%SZ").to_string();
    let imprint = Digest::of(signature);
    sequence(&[
        &der(INTEGER, &[1]),
        POLICY,
        &sequence(&[&sequence(&[SHA256]), &der(OCTETS, imprint.as_bytes())]),
        &der(INTEGER, &[1]),
        &der(GENERALIZED_TIME, time.as_bytes()),
    ])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const GENERALIZED_TIME: u8 = 0x18;
const SET: u8 = 0x31;
const TAGGED_0: u8 = 0xa0;

/// Object identifiers, in DER.
const POLICY: &[u8] = b"\x06\x03\x2a\x03\x04";
const SHA256: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const ECDSA_SHA256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const CONTENT_TYPE: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
const MESSAGE_DIGEST: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const STAMP_INFO: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";
