//! `key new`: a signing key pair.

use std::path::Path;

use serde_json::json;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_keys::{Algorithm, PrivateKey, PublicKey};

use crate::args::Key;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

pub(crate) fn run(context: &Context, verb: &Key) -> anyhow::Result<Code> {
    let Key::New {
        name,
        ed25519,
        passphrase_file,
    } = verb;
    let passphrase = operator::new_passphrase(passphrase_file.as_deref(), "signing key")?;
    let algorithm = match ed25519 {
        true => Algorithm::Ed25519,
        false => Algorithm::default(),
    };
    let key = PrivateKey::generate(algorithm)?;
    let (private, public) = (ending(name, "key"), ending(name, "pub"));
    files::write_new(
        &private,
        key.to_encrypted_pem(&passphrase)?.as_bytes(),
        Access::Private,
    )?;
    files::write_new(&public, key.public().to_pem().as_bytes(), Access::Shared)?;
    if context.json {
        output::print_json(&json!({
            "private": private, "public": public, "fingerprint": key.public().fingerprint(),
        }));
    } else {
        output::done(format!(
            "{} (encrypted) and {}",
            private.display(),
            public.display()
        ));
        output::line(format!("   {}", key.public().fingerprint()));
        output::note(format!(
            "to sign skills with it: who is to trust them writes this into trust.toml, with the namespaces that are yours, and runs `vouchsafe apply`:\n{}\nto approve calls with it: who operates the host runs `vouchsafe approver enrol NAME --person WHO --key {}`, then `vouchsafe apply`",
            publisher(&public, &key.public()),
            public.display()
        ));
    }
    Ok(Code::Done)
}

/// What `trust.toml` says of a publisher with this key.
fn publisher(file: &Path, key: &PublicKey) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let pem = key.to_pem();
    format!(
        "[publishers.{name}]\nnamespaces = [\"...\"]\ntransparency = \"none\"\nkey = \"\"\"\n{pem}\"\"\""
    )
}

fn ending(name: &Path, extension: &str) -> std::path::PathBuf {
    let mut full = name.as_os_str().to_owned();
    full.push(".");
    full.push(extension);
    full.into()
}
