//! `grant`: writes the grant that a skill asks for, shows what changes, and applies it.

use std::path::Path;

use serde_json::Value as Json;
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_package::Package;
use vouchsafe_package::diff::diff;
use vouchsafe_package::inspect::SignatureFacts;

use crate::args::{Grant, Proof};
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, granting, output, signature};

pub(crate) fn run(context: &Context, args: &Grant) -> anyhow::Result<Code> {
    let kept = keep(context, &args.file, args.allow_rollback)?;
    grant(context, &kept.package, &kept.publisher, &args.proof)
}

/// What the owner keeps: what was read and verified here, byte for byte.
pub(crate) struct Kept {
    pub(crate) package: Package,
    pub(crate) signature: SignatureFacts,
    pub(crate) publisher: String,
}

/// Hands the file to the owner, which keeps it if it is signed by somebody trusted and still has the bytes that
/// were read here.
pub(crate) fn keep(context: &Context, file: &Path, allow_rollback: bool) -> anyhow::Result<Kept> {
    let signed = signature::read(context, file, None)?;
    let (_, signature) = signed.verified?;
    let package = signed.package;
    let request = Request::Keep {
        file: std::path::absolute(file)?,
        digest: package.digest,
        allow_rollback,
    };
    let mut owner = context.owner()?;
    let kept = output::during("checking the skill", || owner.ask(&request))?;
    let publisher = kept.get("publisher").and_then(Json::as_str);
    Ok(Kept {
        package,
        signature,
        publisher: publisher.unwrap_or_default().to_owned(),
    })
}

/// What the skill asks for beyond the version that is granted now.
fn show_difference(context: &Context, package: &Package) -> anyhow::Result<()> {
    // A grant that can't be read is told of when it is renewed.
    let Ok(Some(old)) = granting::granted_now(&context.home, &package.name) else {
        return Ok(());
    };
    if old.digest != package.digest {
        output::line(diff(&old, package));
    }
    Ok(())
}

/// Writes the grant and applies it; without the proof or a yes, the file is put back.
pub(crate) fn grant(
    context: &Context,
    package: &Package,
    publisher: &str,
    proof: &Proof,
) -> anyhow::Result<Code> {
    if !context.json {
        show_difference(context, package)?;
    }
    let proposed = granting::proposed(&context.home, package, publisher)?;
    if proposed.is_incomplete {
        let message = format!(
            "{} is not granted yet: only you know the rest of its grant",
            package.name
        );
        let fix = proposed.draft(&context.home)?;
        return Err(Failure::refused(message).with_fix(fix).into());
    }
    proposed.write()?;
    match applying::enabling(context, proof, package.digest) {
        Ok(applied) => {
            super::apply::report(context, &applied);
            Ok(Code::Done)
        }
        Err(error) => {
            proposed.take_back()?;
            output::note("the grant was put back as it was");
            Err(error)
        }
    }
}
