//! Requests that change something.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_clearance::StillHeld;
use vouchsafe_keys::statement::Envelope;
use vouchsafe_package::signing::{self, Verified};
use vouchsafe_package::{Digest, ReadLimits};

use crate::caller::Caller;
use crate::owner::Owner;
use crate::protocol::Failure;
use crate::rules::{Found, Rules};
use crate::store::Unverified;
use crate::switches::Target;

/// Keeps a component that trust in force lets in. It can't be called until it is granted.
pub(super) async fn keep(
    owner: &Owner,
    caller: &Caller,
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
    let facts = json!({ "digest": digest, "publisher": verified.publisher() });
    let (owner, caller) = (owner.shared()?, caller.clone());
    to_the_end(async move {
        owner
            .keep(&caller, &unverified, &verified, allow_rollback)
            .await
    })
    .await?;
    Ok(facts)
}

/// Does `work` to its end, even if the client that asked for it is gone meanwhile.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|error| Err(Failure::internal(error.to_string())))
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
) -> Result<Json, Failure> {
    let owner = owner.shared()?;
    let applied = to_the_end(async move { owner.apply(statement, files).await }).await?;
    let (rules, StillHeld(under_way)) = applied;
    let in_force = rules.in_force.as_ref();
    Ok(json!({
        "serial": in_force.map(|in_force| in_force.statement().serial),
        "statement": in_force.map(|in_force| in_force.digest()),
        "under_way": under_way,
    }))
}

/// Switches off a skill with all its versions, or one component where its digest is given.
pub(super) async fn disable(owner: &Owner, caller: &Caller, skill: &str) -> Result<Json, Failure> {
    let alone = skill.parse::<Digest>().is_ok();
    let found = find(&owner.rules(), skill)?;
    let target = |found: &Found| Target {
        digest: found.digest,
        whole: found.whole().filter(|_| !alone),
    };
    let targets: Vec<_> = found.iter().map(target).collect();
    let digests: Vec<_> = targets.iter().map(|target| target.digest).collect();
    let (owner, caller) = (owner.shared()?, caller.clone());
    let StillHeld(under_way) =
        to_the_end(async move { owner.disable(&caller, &targets).await }).await?;
    Ok(json!({ "disabled": digests, "under_way": under_way }))
}

/// Switches off all skills of a publisher, those to come among them, or everything.
pub(super) async fn halt(
    owner: &Owner,
    caller: &Caller,
    publisher: Option<String>,
) -> Result<Json, Failure> {
    let (owner, caller, whose) = (owner.shared()?, caller.clone(), publisher.clone());
    let StillHeld(under_way) =
        to_the_end(async move { owner.halt(&caller, whose.as_deref()).await }).await?;
    Ok(json!({ "halted": publisher, "under_way": under_way }))
}

/// Keeps an agent out.
pub(super) async fn revoke_agent(
    owner: &Owner,
    caller: &Caller,
    agent: &str,
) -> Result<Json, Failure> {
    let name = vouchsafe_policy::agent::name(agent.to_owned()).map_err(Failure::usage)?;
    let (owner, caller, agent) = (owner.shared()?, caller.clone(), name.clone());
    let StillHeld(under_way) =
        to_the_end(async move { owner.revoke_agent(&caller, &agent).await }).await?;
    Ok(json!({ "revoked": name, "under_way": under_way }))
}

/// Forgets a skill's components.
pub(super) async fn remove(owner: &Owner, caller: &Caller, skill: &str) -> Result<Json, Failure> {
    let found = find(&owner.rules(), skill)?;
    let digests: Vec<_> = found.iter().map(|found| found.digest).collect();
    let facts = json!({ "removed": digests });
    let (owner, caller) = (owner.shared()?, caller.clone());
    to_the_end(async move { owner.remove(&caller, &digests).await }).await?;
    Ok(facts)
}

/// Sets a credential, or takes one away.
pub(super) async fn credential(
    owner: &Owner,
    caller: &Caller,
    signed: Envelope,
    sealed: Option<String>,
) -> Result<Json, Failure> {
    let bytes = sealed.map(|text| BASE64.decode(text)).transpose();
    let bytes = bytes.map_err(|error| Failure::usage(error.to_string()))?;
    let (owner, caller) = (owner.shared()?, caller.clone());
    let change = to_the_end(async move {
        owner
            .change_credential(&caller, &signed, bytes.as_deref())
            .await
    })
    .await?;
    Ok(json!({ "name": change.name, "number": change.number }))
}

/// The digests of the components that `skill` means.
pub(super) fn find_digests(owner: &Owner, skill: &str) -> Result<Json, Failure> {
    let found = find(&owner.rules(), skill)?;
    let digests: Vec<_> = found.iter().map(|found| found.digest).collect();
    Ok(json!({ "found": digests }))
}

fn find(rules: &Rules, skill: &str) -> Result<Vec<Found>, Failure> {
    let found = rules.called(skill);
    if !found.is_empty() {
        return Ok(found);
    }
    let found = rules.whose_digest_begins(skill);
    match found.len() {
        1 => Ok(found),
        0 => {
            let message = format!("no skill `{skill}` is installed");
            Err(Failure::usage(message).with_fix("run `vouchsafe list`"))
        }
        several => {
            let message = format!("`{skill}` begins the digests of {several} components");
            Err(Failure::usage(message).with_fix("give more digits"))
        }
    }
}
