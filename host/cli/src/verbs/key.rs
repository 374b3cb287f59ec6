//! `key new`: a signing key pair.

use std::path::Path;

use serde_json::json;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_keys::{Algorithm, PrivateKey};

use crate::args::Key;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

pub(crate) fn run(context: &Context, verb: &Key) -> anyhow::Result<Code> {
    let Key::New {
        name,
        passphrase_file,
    } = verb;
    let passphrase = operator::new_passphrase(passphrase_file.as_deref(), "signing key")?;
    let key = PrivateKey::generate(Algorithm::default())?;
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
    }
    Ok(Code::Done)
}

fn ending(name: &Path, extension: &str) -> std::path::PathBuf {
    let mut full = name.as_os_str().to_owned();
    full.push(".");
    full.push(extension);
    full.into()
}
