//! The folders that a call finds: those that the skill declares and the grant opens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use vouchsafe_package::manifest::Access;

use super::Declared;
use crate::grant::{FilesGrant, Quota};
use crate::place::{Fault, Place};

/// The folders of a skill.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The grant's file.
    pub file: Arc<str>,
    /// What the skill declares, by name.
    pub declared: BTreeMap<String, Access>,
    /// What the grant opens of that.
    pub granted: BTreeMap<String, Folder>,
}

/// One folder of a skill.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// The line of the grant that opens it.
    pub place: Place,
    /// The folder on this host.
    pub path: PathBuf,
    /// What it may hold, where the skill may change it.
    pub quota: Option<Quota>,
}

/// The folder `name`, if the skill declares it and asks for no less.
pub(super) fn folder(
    declared: &Declared<'_>,
    name: &str,
    granted: &FilesGrant,
) -> Result<Folder, Fault> {
    let fault = |problem| Fault::new(granted.place.clone(), problem);
    let Some(asked) = declared.manifest.files.get(name) else {
        let problem = format!("the skill declares no folder `{name}`");
        return Err(fault(problem).with_fix(format!("take `[files.{name}]` out")));
    };
    if granted.quota.is_some() && asked.access == Access::Read {
        let problem = format!("the skill only reads `{name}`");
        return Err(fault(problem)
            .with_fix("write `access = \"read\"`, without `max_bytes` and `max_files`"));
    }
    Ok(Folder {
        place: granted.place.clone(),
        path: granted.path.value.clone(),
        quota: granted.quota,
    })
}

/// A folder inside another one of the same skill: which quota is its own would be chance.
pub(super) fn nested(folders: &BTreeMap<String, Folder>) -> Option<Fault> {
    folders.iter().find_map(|(name, inner)| {
        let mut others = folders.iter().filter(|(other, _)| *other != name);
        let (outer, _) = others.find(|(_, outer)| inner.path.starts_with(&outer.path))?;
        let problem = format!("`{name}` lies in `{outer}`");
        Some(
            Fault::new(inner.place.clone(), problem)
                .with_fix("give each a folder beside the other"),
        )
    })
}
