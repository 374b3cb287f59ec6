//! What `inspect` says of a signature, and how to check it without this program.

use super::identity::Signer;
use super::trust::{Transparency, Trust};
use super::verify::Verified;
use crate::inspect::{SignatureFacts, Trusted};

impl Verified {
    /// The facts for `inspect`; `file` is the component's name as the reader has it.
    #[must_use]
    pub fn facts(&self, trust: &Trust, file: &str) -> SignatureFacts {
        let trusted = trust.publisher(self.publisher()).map(|publisher| Trusted {
            publisher: publisher.name().to_owned(),
            place: publisher.place(),
        });
        let transparency = match self.transparency() {
            Transparency::Required => "rekor",
            Transparency::None => "none",
        };
        SignatureFacts {
            signer: self.signer().to_string(),
            trusted,
            transparency: transparency.to_owned(),
            check: Some(check(self.signer(), self.transparency(), file)),
        }
    }
}

/// The command that checks the signature with cosign.
fn check(signer: &Signer, transparency: Transparency, file: &str) -> String {
    let who = match signer {
        Signer::Key { .. } => "--key KEY.pub".to_owned(),
        Signer::Identity { identity, issuer } => format!(
            "--certificate-identity {} --certificate-oidc-issuer {}",
            word(identity),
            word(issuer)
        ),
    };
    let log = match transparency {
        Transparency::Required => "",
        Transparency::None => " --insecure-ignore-tlog",
    };
    let bundle = word(&format!("{file}.sigstore.json"));
    format!(
        "cosign verify-blob {who} --bundle {bundle}{log} {}",
        word(file)
    )
}

/// `text` as one word of a shell.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_who_and_where() {
        let key = Signer::Key {
            fingerprint: "sha256:00".into(),
        };
        assert_eq!(
            check(&key, Transparency::None, "a.wasm"),
            "cosign verify-blob --key KEY.pub --bundle a.wasm.sigstore.json --insecure-ignore-tlog a.wasm"
        );
        let person = Signer::Identity {
            identity: "an'na@x".into(),
            issuer: "https://i.example".into(),
        };
        assert_eq!(
            check(&person, Transparency::Required, "my skill.wasm"),
            "cosign verify-blob --certificate-identity 'an'\\''na@x' --certificate-oidc-issuer https://i.example \
             --bundle 'my skill.wasm.sigstore.json' 'my skill.wasm'"
        );
    }
}
