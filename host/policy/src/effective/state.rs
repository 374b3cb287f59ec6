//! The stores that a call finds: those that the skill declares and the grant names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Declared;
use crate::grant::{Grant, MOST_STATE, STORE_BYTES, StateGrant};
use crate::place::{Fault, Place};

/// One store of a skill.
#[derive(Debug, Clone)]
pub struct StoreBounds {
    /// The line of the grant that names it.
    pub place: Place,
    /// Whose skill keeps it: the same name from another publisher is another skill.
    pub publisher: Arc<str>,
    /// The most that it holds.
    pub bytes: u64,
}

/// The store `name`, if the skill declares it and asks for no less.
pub(super) fn store(
    declared: &Declared<'_>,
    publisher: &str,
    name: &str,
    granted: &StateGrant,
) -> Result<StoreBounds, Fault> {
    let Some(asked) = declared.manifest.state.get(name) else {
        let problem = format!("the skill declares no store `{name}`");
        return Err(Fault::new(granted.place.clone(), problem)
            .with_fix(format!("take `[state.{name}]` out")));
    };
    let asked = asked.size.map_or(STORE_BYTES, |size| size.0);
    let bytes = granted.size.as_ref().map_or(asked, |at| at.value);
    if bytes > asked {
        let problem = format!("the skill asks for {asked} bytes in `{name}`, and no more");
        return Err(Fault::new(granted.place.clone(), problem).with_fix("lower `size`"));
    }
    Ok(StoreBounds {
        place: granted.place.clone(),
        publisher: publisher.into(),
        bytes,
    })
}

/// That all stores together are within what a skill may keep.
pub(super) fn too_much(grant: &Grant, stores: &BTreeMap<String, StoreBounds>) -> Option<Fault> {
    let sizes = stores.values().map(|store| store.bytes);
    let all = sizes.fold(0, u64::saturating_add);
    let last = stores.values().last().filter(|_| all > MOST_STATE)?;
    let problem = format!(
        "the stores of `{}` hold {all} bytes; all of a skill's may hold {MOST_STATE}",
        grant.skill.value
    );
    Some(Fault::new(last.place.clone(), problem).with_fix("give each a lower `size`"))
}
