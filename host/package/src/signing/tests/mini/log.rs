//! The box's transparency log, with one leaf: of the first kind, which promises and tells the time, and of
//! the second, which does neither.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};

use super::{Mini, key_id};
use crate::Digest;
use crate::value::canonical;

/// The first log's entry for a signature over bytes of `digest`, whose signer is `verifier` in PEM.
pub(in crate::signing::tests) fn hashed(digest: Digest, signature: &[u8], verifier: &str) -> Json {
    json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": { "hash": { "algorithm": "sha256", "value": digest.hex() } },
            "signature": {
                "content": BASE64.encode(signature),
                "publicKey": { "content": BASE64.encode(verifier) },
            },
        },
    })
}

/// The second log's entry for the same.
pub(in crate::signing::tests) fn hashed_second(
    digest: Digest,
    signature: &[u8],
    verifier: &Json,
) -> Json {
    json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": { "hashedRekordV002": {
            "data": { "algorithm": "SHA2_256", "digest": BASE64.encode(digest.as_bytes()) },
            "signature": { "content": BASE64.encode(signature), "verifier": verifier },
        } },
    })
}

impl Mini {
    /// An entry of the first log, taken at `at`.
    pub(in crate::signing::tests) fn first(
        &self,
        (kind, version): (&str, &str),
        body: &Json,
        at: i64,
    ) -> Json {
        let body = BASE64.encode(canonical(body));
        let log = Digest::of(self.log.public().spki()).hex();
        let promised = json!({ "body": body, "integratedTime": at, "logIndex": 0, "logID": log });
        let promise = self.log.sign(&canonical(&promised)).unwrap();
        let mut entry = self.entry("rekor.example - 1", "rekor.example", &body);
        entry["kindVersion"] = json!({ "kind": kind, "version": version });
        entry["integratedTime"] = json!(at.to_string());
        entry["inclusionPromise"] = json!({ "signedEntryTimestamp": BASE64.encode(promise) });
        entry
    }

    /// An entry of the second log.
    pub(in crate::signing::tests) fn second(&self, body: &Json) -> Json {
        let body = BASE64.encode(canonical(body));
        let mut entry = self.entry("rekor.example", "rekor.example", &body);
        entry["kindVersion"] = json!({ "kind": "hashedrekord", "version": "0.0.2" });
        entry
    }

    /// The only leaf of a tree, whose head is signed.
    fn entry(&self, origin: &str, name: &str, body: &str) -> Json {
        let leaf = [&[0], BASE64.decode(body).unwrap().as_slice()].concat();
        let root = BASE64.encode(Digest::of(&leaf).as_bytes());
        let note = format!("{origin}\n1\n{root}\n");
        let id = Digest::of(self.log.public().spki());
        let signed = [
            &id.as_bytes()[..4],
            &self.log.sign(note.as_bytes()).unwrap(),
        ]
        .concat();
        let checkpoint = format!("{note}\n\u{2014} {name} {}\n", BASE64.encode(signed));
        json!({
            "logIndex": "0",
            "logId": { "keyId": key_id(&self.log.public()) },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": root,
                "treeSize": "1",
                "hashes": [],
                "checkpoint": { "envelope": checkpoint },
            },
            "canonicalizedBody": body,
        })
    }
}
