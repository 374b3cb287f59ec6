//! Who signed a file, as far as the trust in force says.

use std::path::Path;

use vouchsafe_ambient::{clock, files};
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::store::{MAX_BUNDLE, MAX_COMPONENT};
use vouchsafe_package::inspect::SignatureFacts;
use vouchsafe_package::signing::{self, Verified, VerifyError, bundle_path};
use vouchsafe_package::{Package, ReadError, ReadLimits};
use vouchsafe_policy::apply::Proposal;

use crate::applying::Current;
use crate::context::Context;

/// A packed skill and what its signature is worth.
pub(crate) struct Signed {
    pub(crate) package: Package,
    /// The verified skill and the trust it rests on, or why it is refused.
    pub(crate) verified: Result<(Verified, SignatureFacts), Failure>,
}

/// Reads `file` and checks the bundle beside it, or `bundle`, against the trust in force.
///
/// # Errors
/// When the file is no packed skill.
pub(crate) fn read(
    context: &Context,
    file: &Path,
    bundle: Option<&Path>,
) -> anyhow::Result<Signed> {
    let bytes = files::read_bounded(file, MAX_COMPONENT)?;
    let package = Package::read(&bytes, &ReadLimits::default());
    let package = package.map_err(|error| unreadable(file, &error))?;
    let bundle = bundle.map_or_else(|| bundle_path(file), Path::to_owned);
    let bundle = files::read_if_present(&bundle, MAX_BUNDLE)?;
    Ok(Signed {
        verified: verify(context, bytes, bundle, file),
        package,
    })
}

/// That `file` is no packed skill.
pub(crate) fn unreadable(file: &Path, error: &ReadError) -> Failure {
    Failure::refused(format!("`{}`: {error}", file.display()))
}

fn verify(
    context: &Context,
    bytes: Vec<u8>,
    bundle: Option<Vec<u8>>,
    file: &Path,
) -> Result<(Verified, SignatureFacts), Failure> {
    let bundle = bundle.ok_or_else(|| unsigned(file))?;
    let in_force = in_force(context)?;
    let content = in_force.proposal.content();
    let (trust, revocations) = (content.trust(), content.revocations());
    let limits = ReadLimits::default();
    let verified = signing::verify(bytes, &bundle, trust, revocations, &limits, clock::now());
    let verified = verified.map_err(|error| {
        if in_force.trust_was_edited {
            Failure::refused(format!(
                "{error}; `trust.toml` was edited since it was applied"
            ))
            .with_fix("look at it, then run `vouchsafe apply`")
        } else if trust.publishers().is_empty() {
            nobody(context)
        } else {
            Failure::refused(error.to_string())
        }
    })?;
    let facts = verified.facts(trust, &file.display().to_string());
    Ok((verified, facts))
}

/// That nobody signed `file`.
pub(crate) fn unsigned(file: &Path) -> Failure {
    let fix = format!(
        "put its author's bundle there, or run `vouchsafe sign {} --key FILE` with a key of yours",
        file.display()
    );
    Failure::refused(VerifyError::Unsigned.to_string()).with_fix(fix)
}

fn nobody(context: &Context) -> Failure {
    let trust = context.home.config().join("trust.toml");
    Failure::refused("nobody is trusted here yet").with_fix(format!(
        "say in {} whom you trust, then run `vouchsafe apply`",
        trust.display()
    ))
}

struct InForce {
    proposal: Proposal,
    trust_was_edited: bool,
}

/// The trust in force; a home that was never set up trusts nobody.
fn in_force(context: &Context) -> Result<InForce, Failure> {
    if !context.home.is_initialised() {
        return Err(nobody(context));
    }
    let said = |error: anyhow::Error| Failure::refused(error.to_string());
    let mut owner: Client = context.owner().map_err(|error| said(error.into()))?;
    let current = Current::ask(context, &mut owner).map_err(said)?;
    let content = current.content().map_err(said)?;
    Ok(InForce {
        proposal: content.ok_or_else(|| nobody(context))?,
        trust_was_edited: current.edited().iter().any(|file| file == "trust.toml"),
    })
}
