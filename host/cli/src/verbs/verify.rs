//! `verify`: checks a signature against `trust.toml` in force, or against one expected signer.

use serde_json::json;
use vouchsafe_ambient::files;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::store::{MAX_BUNDLE, MAX_COMPONENT};
use vouchsafe_keys::PublicKey;
use vouchsafe_package::Digest;
use vouchsafe_package::signing::{
    Artifact, Expected, Recognised, bundle_path, verify_bundle, verify_signer,
};

use crate::args::Verify;
use crate::context::Context;
use crate::exit::Code;
use crate::{output, signature};

pub(crate) fn run(context: &Context, args: &Verify) -> anyhow::Result<Code> {
    match (
        &args.key,
        &args.certificate_identity,
        &args.certificate_oidc_issuer,
    ) {
        (Some(key), _, _) => against_key(context, args, key),
        (None, Some(identity), Some(issuer)) => against_identity(context, args, identity, issuer),
        _ => against_trust(context, args),
    }
}

fn against_trust(context: &Context, args: &Verify) -> anyhow::Result<Code> {
    let signed = signature::read(context, &args.file, args.bundle.as_deref())?;
    let digest = signed.package.digest;
    let (verified, facts) = signed.verified?;
    let place = facts.trusted.as_ref().map(|trusted| trusted.place.as_str());
    report(
        context,
        digest,
        &format!(
            "signed by {}, trusted here as `{}` ({})",
            facts.signer,
            verified.publisher(),
            place.unwrap_or_default(),
        ),
    );
    Ok(Code::Done)
}

fn against_key(context: &Context, args: &Verify, key: &std::path::Path) -> anyhow::Result<Code> {
    let pem = String::from_utf8(files::read_bounded(key, MAX_BUNDLE)?)?;
    let key = PublicKey::from_pem(&pem)?;
    let (bytes, bundle) = read(args)?;
    let signer = verify_signer(&bytes, &bundle, &Recognised::Keys(vec![key]), None)
        .map_err(|error| Failure::refused(error.to_string()))?;
    report(
        context,
        Digest::of(&bytes),
        &format!("signed by {signer}; no log was asked for"),
    );
    Ok(Code::Done)
}

fn against_identity(
    context: &Context,
    args: &Verify,
    identity: &str,
    issuer: &str,
) -> anyhow::Result<Code> {
    let (bytes, bundle) = read(args)?;
    let root = args.trusted_root.as_deref();
    let root = root
        .map(|path| files::read_bounded(path, MAX_BUNDLE))
        .transpose()?;
    let root = root.map(String::from_utf8).transpose()?;
    let expected = Expected::Identity { identity, issuer };
    verify_bundle(&bundle, root.as_deref(), expected, Artifact::Bytes(&bytes))
        .map_err(|error| Failure::refused(error.to_string()))?;
    report(
        context,
        Digest::of(&bytes),
        &format!("signed by {identity} ({issuer}), and in the log"),
    );
    Ok(Code::Done)
}

fn read(args: &Verify) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let bundle = args
        .bundle
        .clone()
        .unwrap_or_else(|| bundle_path(&args.file));
    let bytes = files::read_bounded(&args.file, MAX_COMPONENT)?;
    let bundle = files::read_if_present(&bundle, MAX_BUNDLE)?;
    let bundle = bundle.ok_or_else(|| signature::unsigned(&args.file))?;
    Ok((bytes, bundle))
}

/// Of the bytes that were checked: the file may be another by now.
fn report(context: &Context, digest: Digest, text: &str) {
    if context.json {
        output::print_json(&json!({ "verified": text, "digest": digest }));
    } else {
        output::done(text);
    }
}
