//! `diff`: what a new version asks for beyond an old one, or beyond what is granted.

use std::path::Path;

use anyhow::Context as _;
use vouchsafe_ambient::files;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::store::{MAX_COMPONENT, Store};
use vouchsafe_package::{Package, ReadLimits, diff};
use vouchsafe_policy::Grant;

use crate::args::Diff;
use crate::context::Context;
use crate::exit::Code;
use crate::{output, signature};

pub(crate) fn run(context: &Context, args: &Diff) -> anyhow::Result<Code> {
    let (old, new) = match (&args.grant, &args.new) {
        (Some(grant), _) => (granted(context, grant)?, args.old.as_path()),
        (None, Some(new)) => (
            signature::read(context, &args.old, None)?.package,
            new.as_path(),
        ),
        (None, None) => return Err(Failure::usage("give two files, or --grant and one").into()),
    };
    let signed = signature::read(context, new, None)?;
    same_skill(&old, &signed.package)?;
    let mut found = diff::diff(&old, &signed.package);
    found.same_publisher = same_publisher(context, args, &signed);
    if context.json {
        output::print_json(&serde_json::to_value(&found)?);
    } else {
        output::line(&found);
        if let Some(advice) = advice(new, &old, &signed.package, &found) {
            output::line(advice);
        }
    }
    Ok(if found.needs_approval() {
        Code::More
    } else {
        Code::Done
    })
}

/// That these are two versions of one skill: of two skills everything differs, and nothing follows from it.
fn same_skill(old: &Package, new: &Package) -> anyhow::Result<()> {
    if old.name == new.name {
        return Ok(());
    }
    let message = format!(
        "these are two skills, not two versions of one: {} and {}",
        old.name, new.name
    );
    Err(Failure::usage(message)
        .with_fix("look at each with `vouchsafe inspect FILE`")
        .into())
}

/// The component that a grant file pins, from the store.
fn granted(context: &Context, grant: &Path) -> anyhow::Result<Package> {
    let text = String::from_utf8(files::read_bounded(grant, 1 << 20)?)?;
    let grant = Grant::parse(&grant.display().to_string(), &text)?;
    let digest = grant.digest.value;
    let kept = Store::at(context.home.skills()).load(&digest)?;
    let kept = kept.with_context(|| format!("{digest}, which the grant pins, is not installed"))?;
    Ok(Package::read(&kept.component, &ReadLimits::default())?)
}

/// Both by one publisher, where both signatures are believed; not known otherwise.
fn same_publisher(context: &Context, args: &Diff, new: &signature::Signed) -> Option<bool> {
    let old = match &args.grant {
        Some(grant) => publisher_of_grant(grant)?,
        None => publisher(&signature::read(context, &args.old, None).ok()?)?,
    };
    Some(publisher(new)? == old)
}

fn publisher(signed: &signature::Signed) -> Option<String> {
    let (verified, _) = signed.verified.as_ref().ok()?;
    Some(verified.publisher().to_owned())
}

fn publisher_of_grant(path: &Path) -> Option<String> {
    let text = String::from_utf8(files::read_bounded(path, MAX_COMPONENT).ok()?).ok()?;
    let grant = Grant::parse(&path.display().to_string(), &text).ok()?;
    Some(grant.publisher.value)
}

/// What there is to do about the new one, if anything.
fn advice(file: &Path, old: &Package, new: &Package, found: &diff::Diff) -> Option<String> {
    let file = file.display();
    if found.needs_approval() {
        return Some(format!(
            "{} stays off until somebody accepts this. To accept: vouchsafe grant {file}",
            found.to
        ));
    }
    let same = old.digest == new.digest;
    (!same).then(|| format!("It asks for nothing more. To install it: vouchsafe install {file}"))
}
