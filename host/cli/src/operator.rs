//! The operator's proof: the private key that an agent with the user's shell can't unlock.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context as _;
use vouchsafe_ambient::files;
use vouchsafe_daemon::home::Home;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_keys::{PrivateKey, Secret};

use crate::args::Proof;

/// The largest key or passphrase file, in bytes.
const MAX_KEY_FILE: u64 = 64 << 10;

/// What a backup's passphrase is of: it has an option of its own, beside the operator's.
pub(crate) const BACKUP: &str = "backup";

/// Unlocks the operator's key: by passphrase at a terminal or from a file, or a key file in CI.
///
/// # Errors
/// A refusal when there is neither a terminal nor a file to take the proof from.
pub(crate) fn unlock(home: &Home, proof: &Proof) -> anyhow::Result<PrivateKey> {
    let path = proof
        .operator_key
        .clone()
        .unwrap_or_else(|| home.operator_key());
    unlock_key(&path, proof.passphrase_file.as_deref(), "operator key")
}

/// Unlocks the private key in `path`, asking for a passphrase only if it is encrypted.
///
/// # Errors
/// A refusal when a passphrase is needed and can't be asked for.
pub(crate) fn unlock_key(
    path: &Path,
    passphrase_file: Option<&Path>,
    what: &str,
) -> anyhow::Result<PrivateKey> {
    let bytes = files::read_file_or_pipe(path, MAX_KEY_FILE)
        .with_context(|| format!("the {what} is needed for this"))?;
    let pem = String::from_utf8(bytes).context("a private key file is PEM text")?;
    if !pem.contains("ENCRYPTED") {
        return Ok(PrivateKey::from_pem(&pem, None)?);
    }
    let prompt = format!("Passphrase of the {what} {}: ", path.display());
    let passphrase = passphrase(passphrase_file, what, &prompt)?;
    PrivateKey::from_pem(&pem, Some(&passphrase))
        .map_err(|error| Failure::refused(format!("the {what} did not open: {error}")).into())
}

/// A new passphrase: from a file, or typed twice.
///
/// # Errors
/// A refusal without a terminal; an error when the two differ or it is too short.
pub(crate) fn new_passphrase(file: Option<&Path>, what: &str) -> anyhow::Result<Secret> {
    let first = passphrase(file, what, &format!("New passphrase for the {what}: "))?;
    if first.expose().len() < 8 {
        return Err(Failure::usage("a passphrase has at least 8 characters").into());
    }
    if file.is_none() {
        let second = passphrase(None, what, "The same again: ")?;
        if first.expose() != second.expose() {
            return Err(Failure::usage("the two passphrases differ").into());
        }
    }
    Ok(first)
}

/// The passphrase of `what`, from a file, or typed at the terminal.
///
/// # Errors
/// A refusal without either.
pub(crate) fn passphrase(file: Option<&Path>, what: &str, prompt: &str) -> anyhow::Result<Secret> {
    if let Some(file) = file {
        let mut bytes = files::read_file_or_pipe(file, MAX_KEY_FILE)?;
        while bytes
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
        {
            bytes.pop();
        }
        return Ok(Secret::new(bytes));
    }
    if !std::io::stdin().is_terminal() {
        let message = format!(
            "this needs the passphrase of the {what}, and there is no terminal to ask for it"
        );
        let option = match what {
            BACKUP => "--backup-passphrase-file",
            _ => "--passphrase-file",
        };
        let fix =
            format!("run it at a terminal, or name a file that holds it with `{option} FILE`");
        return Err(Failure::refused(message).with_fix(fix).into());
    }
    Ok(Secret::from(rpassword::prompt_password(prompt)?))
}
