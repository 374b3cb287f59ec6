//! `revoke`: the next list of what must not run, whoever signed it.
//!
//! It is put into force alone: files that were edited meanwhile stay out, faulty or not, since
//! revoking can't wait for them.

use std::path::Path;

use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::store::{MAX_BUNDLE, MAX_COMPONENT};
use vouchsafe_keys::PublicKey;
use vouchsafe_package::Digest;
use vouchsafe_package::signing::RevocationList;

use crate::applying::{Current, Next};
use crate::args::Revoke;
use crate::context::Context;
use crate::exit::Code;
use crate::operator;

const FILE: &str = "revocations.json";

pub(crate) fn run(context: &Context, args: &Revoke) -> anyhow::Result<Code> {
    let mut owner = context.owner()?;
    let current = Current::ask(context, &mut owner)?;
    let list = next(&current, args)?;
    let key = operator::unlock(&context.home, &args.proof)?;
    let signed = list.sign(&key);
    let signed = signed.map_err(|error| Failure::usage(error.to_string()))?;
    let text = serde_json::to_string_pretty(&signed)?;
    let next = Next::with(owner, current, FILE, text.clone());
    let applied = next.put_into_force(&args.proof, !context.json, || Ok(key))?;
    // Until the file is there too, every call is refused.
    let path = context.home.config().join(FILE);
    files::write_atomic(&path, text.as_bytes(), Access::Private)?;
    super::apply::report(context, &applied);
    Ok(Code::Done)
}

/// The list after the one in force: all that it revokes, and what is asked for.
fn next(current: &Current, args: &Revoke) -> anyhow::Result<RevocationList> {
    let in_force = current.content()?;
    let last = in_force
        .as_ref()
        .and_then(|content| content.content().revocations().list().cloned());
    let now = clock::now();
    let mut list = last.unwrap_or(RevocationList {
        version: RevocationList::VERSION,
        number: 0,
        issued: now,
        expires: None,
        digests: [].into(),
        keys: [].into(),
        identities: [].into(),
    });
    list.number = list.number.saturating_add(1);
    // Good for as long as the one before was.
    let length = list
        .expires
        .map(|expires| expires.duration_since(list.issued));
    list.expires = length.map(|length| now.checked_add(length)).transpose()?;
    list.issued = now;
    for digest in &args.digests {
        list.digests.insert(digest_of(digest)?);
    }
    for key in &args.keys {
        list.keys.insert(fingerprint_of(key)?);
    }
    list.identities.extend(args.identities.iter().cloned());
    Ok(list)
}

/// A digest as it is written, or that of a file.
fn digest_of(text: &str) -> anyhow::Result<Digest> {
    match (text.parse(), read(text, MAX_COMPONENT)?) {
        (Ok(digest), _) => Ok(digest),
        (Err(_), Some(bytes)) => Ok(Digest::of(&bytes)),
        (Err(error), None) => Err(Failure::usage(format!("{error}"))
            .with_fix("give `sha256:...`, or the packed skill")
            .into()),
    }
}

/// A fingerprint as it is written, or that of a public key file.
fn fingerprint_of(text: &str) -> anyhow::Result<String> {
    match (text.parse::<Digest>(), read(text, MAX_BUNDLE)?) {
        (Ok(fingerprint), _) => Ok(fingerprint.to_string()),
        (Err(_), Some(pem)) => Ok(PublicKey::from_pem(&String::from_utf8(pem)?)?.fingerprint()),
        (Err(_), None) => Err(Failure::usage(format!("`{text}` is no key's fingerprint"))
            .with_fix("give `sha256:...`, or the public key file")
            .into()),
    }
}

fn read(path: &str, limit: u64) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(files::read_if_present(Path::new(path), limit)?)
}
