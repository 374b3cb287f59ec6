//! A home that was unpacked from a backup, before it is anybody's: the operator signs what was in force in it
//! once more, so that no statement that followed it elsewhere can follow it here.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{FileError, Lock};
use vouchsafe_keys::PrivateKey;
use vouchsafe_policy::apply::{Files, Proposal};

use crate::home::Home;
use crate::owner::{OpenError, Owner};
use crate::protocol::Failure;

/// Why what was unpacked can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Its state is not whole.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its lock.
    #[error(transparent)]
    Lock(#[from] FileError),
    /// The threads.
    #[error("the threads: {0}")]
    Io(#[from] std::io::Error),
    /// The statement is refused.
    #[error(transparent)]
    Refused(#[from] Failure),
}

/// Puts the files that were in force in `home` into force again, by a new statement under `key`. What lies in its
/// configuration directory is not asked: nothing vouches for it.
///
/// # Errors
/// When the state is not whole, or the key is no operator's in it.
pub fn sign_anew(home: &Home, key: &PrivateKey) -> Result<Json, RestoreError> {
    let alone = Lock::take(&home.owner_lock())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let owner = Owner::open(home.clone(), &alone)?;
        let facts = apply_again(&owner, key).await?;
        owner.tidy();
        Ok(facts)
    })
}

async fn apply_again(owner: &Owner, key: &PrivateKey) -> Result<Json, RestoreError> {
    let refused = |why: String| RestoreError::Refused(Failure::refused(why));
    let rules = owner.rules();
    let Some(standing) = rules.standing() else {
        return Err(refused("nothing is in force in this backup".to_owned()));
    };
    let files: BTreeMap<String, String> = standing.applied.texts().clone();
    let bytes = |(path, text): (&String, &String)| (path.clone(), text.clone().into_bytes());
    let bytes: Files = files.iter().map(bytes).collect();
    let mark = standing.in_force.mark();
    let proposal = Proposal::read(&bytes, owner.operators(), mark.revocations)
        .map_err(|faults| refused(faults.to_string()))?;
    let statement = proposal
        .statement(Some(&mark), &key.public(), clock::now())
        .sign(key)
        .map_err(|error| refused(error.to_string()))?;
    let (rules, _) = owner.apply(statement, files).await?;
    let in_force = rules.in_force.as_ref();
    Ok(json!({
        "serial": in_force.map(|in_force| in_force.statement().serial),
        "statement": in_force.map(|in_force| in_force.digest()),
    }))
}
