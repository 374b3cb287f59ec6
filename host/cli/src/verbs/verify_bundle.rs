//! `verify-bundle`: one bundle and one expected signer, as the Sigstore conformance protocol asks.

use std::path::Path;

use vouchsafe_ambient::files;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::store::MAX_BUNDLE;
use vouchsafe_package::signing::{
    Artifact, Expected, STAGING_ROOT, digest_argument, verify_bundle,
};

use crate::args::VerifyBundle;
use crate::exit::Code;

/// The largest artifact, in bytes: more than any skill, since any file may be asked about.
const MAX_ARTIFACT: u64 = 1 << 30;

pub(crate) fn run(args: &VerifyBundle) -> anyhow::Result<Code> {
    let bundle = files::read_bounded(&args.bundle, MAX_BUNDLE)?;
    let given = args.trusted_root.as_deref().map(text).transpose()?;
    let root = given.as_deref().or(args.staging.then_some(STAGING_ROOT));
    let key = args.key.as_deref().map(text).transpose()?;
    let expected = match (
        &key,
        &args.certificate_identity,
        &args.certificate_oidc_issuer,
    ) {
        (Some(key), None, None) => Expected::Key(key),
        (None, Some(identity), Some(issuer)) => Expected::Identity { identity, issuer },
        _ => {
            let message =
                "give either --key, or --certificate-identity and --certificate-oidc-issuer";
            return Err(Failure::usage(message).into());
        }
    };
    // A file of that very name wins over a digest that is spelled the same.
    let file = files::read_if_present(Path::new(&args.file_or_digest), MAX_ARTIFACT)?;
    let artifact = match (&file, digest_argument(&args.file_or_digest)) {
        (Some(bytes), _) => Artifact::Bytes(bytes),
        (None, Some(digest)) => Artifact::Digest(digest),
        (None, None) => {
            let message = format!(
                "`{}` is neither a file nor `sha256:HEX`",
                args.file_or_digest
            );
            return Err(Failure::usage(message).into());
        }
    };
    verify_bundle(&bundle, root, expected, artifact)
        .map_err(|error| Failure::refused(error.to_string()))?;
    Ok(Code::Done)
}

fn text(path: &Path) -> anyhow::Result<String> {
    Ok(String::from_utf8(files::read_bounded(path, MAX_BUNDLE)?)?)
}
