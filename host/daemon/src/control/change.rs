//! Requests that change something.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_keys::statement::Envelope;
use vouchsafe_package::signing::{self, Verified};
use vouchsafe_package::{Digest, ReadLimits};

use crate::caller::Caller;
use crate::owner::{Owner, control};
use crate::protocol::Failure;
use crate::rules::Rules;
use crate::store::Unverified;

/// Keeps a component that trust in force lets in. It can't be called until it is granted.
pub(super) fn keep(
    owner: &Owner,
    file: &Path,
    digest: &Digest,
    allow_rollback: bool,
) -> Result<Json, Failure> {
    let unverified = Unverified::read(file).map_err(|error| Failure::usage(error.to_string()))?;
    if unverified.digest() != *digest {
        let message = format!("`{}` changed after it was shown", file.display());
        return Err(Failure::refused(message).with_fix("look at it again, then install it"));
    }
    let verified = verify(owner, &unverified)?;
    owner
        .admit_version(&verified, allow_rollback)
        .map_err(|error| {
            Failure::refused(error.to_string())
                .with_fix("add --allow-rollback to install it all the same")
        })?;
    owner
        .store()
        .keep(&unverified)
        .map_err(|error| Failure::internal(error.to_string()))?;
    owner.components_changed()?;
    Ok(json!({ "digest": digest, "publisher": verified.publisher() }))
}

fn verify(owner: &Owner, unverified: &Unverified) -> Result<Verified, Failure> {
    let rules = owner.rules();
    let in_force = rules.in_force.as_ref().ok_or_else(|| {
        Failure::refused("nothing is in force yet")
            .with_fix("write `trust.toml`, then run `vouchsafe apply`")
    })?;
    let bundle = unverified.bundle.as_deref();
    let bundle =
        bundle.ok_or_else(|| Failure::refused(signing::VerifyError::Unsigned.to_string()))?;
    let content = in_force.content();
    signing::verify(
        unverified.component.as_slice(),
        bundle,
        content.trust(),
        content.revocations(),
        &ReadLimits::default(),
        clock::now(),
    )
    .map_err(|error| Failure::refused(error.to_string()))
}

/// Puts files into force, and switches components on again.
pub(super) async fn apply(
    owner: &Owner,
    statement: Envelope,
    files: BTreeMap<String, String>,
    enable: &[Digest],
) -> Result<Json, Failure> {
    let rules = owner.apply(statement, files, enable).await?;
    let in_force = rules.in_force.as_ref();
    Ok(json!({
        "serial": in_force.map(|in_force| in_force.statement().serial),
        "statement": in_force.map(|in_force| in_force.digest()),
    }))
}

/// Switches a skill off.
pub(super) async fn disable(owner: &Owner, caller: &Caller, skill: &str) -> Result<Json, Failure> {
    let digests = find(&owner.rules(), skill)?;
    owner.disable(&digests)?;
    let names = join(&digests);
    let facts = [("digests", names)];
    owner
        .record(control("disable", Some(caller), facts))
        .await?;
    Ok(json!({ "disabled": digests }))
}

/// Forgets a skill's components.
pub(super) async fn remove(owner: &Owner, caller: &Caller, skill: &str) -> Result<Json, Failure> {
    let digests = find(&owner.rules(), skill)?;
    for digest in &digests {
        let removed = owner.store().remove(digest);
        removed.map_err(|error| Failure::internal(error.to_string()))?;
    }
    owner.components_changed()?;
    let facts = [("digests", join(&digests))];
    owner.record(control("remove", Some(caller), facts)).await?;
    Ok(json!({ "removed": digests }))
}

fn find(rules: &Rules, skill: &str) -> Result<Vec<Digest>, Failure> {
    let on = rules
        .on
        .iter()
        .filter(|on| on.is_called(skill))
        .map(|on| on.digest());
    let off = rules
        .off
        .iter()
        .filter(|off| off.is_called(skill))
        .map(|off| off.digest);
    let found: Vec<_> = on.chain(off).collect();
    if found.is_empty() {
        let message = format!("no skill `{skill}` is installed");
        return Err(Failure::usage(message).with_fix("vouchsafe list"));
    }
    Ok(found)
}

fn join(digests: &[Digest]) -> String {
    let names: Vec<String> = digests.iter().map(Digest::to_string).collect();
    names.join(" ")
}
