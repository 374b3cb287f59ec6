//! What servers listed, kept to be read by a person: the last of each granted tool, and each that was accepted and seen.
//!
//! Nothing is decided by it. What is accepted stands in the grant; this holds the words to a digest, and what is read
//! back is held against its digest again.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_package::{Digest, SkillName};
use vouchsafe_policy::upstream::Definition;

/// The most bytes of a file here.
const MOST: u64 = 1 << 20;

/// A directory of definitions. It holds two files at most for each line that an operator signed.
#[derive(Debug)]
pub struct Shelf {
    directory: PathBuf,
}

impl Shelf {
    /// In `directory`, which is made when there is something to keep.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Keeps what the server listed last as the tool that `skill` calls `name`.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn listed(
        &self,
        skill: &SkillName,
        name: &str,
        definition: &Definition,
    ) -> Result<(), FileError> {
        self.keep(self.last(skill, name), definition)
    }

    /// Keeps what was accepted, once it was seen.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn accepted(&self, definition: &Definition) -> Result<(), FileError> {
        self.keep(self.of(&definition.digest()), definition)
    }

    /// What the server listed last as the tool that `skill` calls `name`, if it was asked.
    #[must_use]
    pub fn last_listed(&self, skill: &SkillName, name: &str) -> Option<Definition> {
        self.read(&self.last(skill, name))
    }

    /// What `digest` is the digest of, if it was seen.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<Definition> {
        self.read(&self.of(digest))
            .filter(|kept| kept.digest() == *digest)
    }

    /// Neither a skill's name nor a tool's has a dot, nor has the namespace.
    fn last(&self, skill: &SkillName, name: &str) -> PathBuf {
        let skill = skill.to_string().replace(':', ".");
        self.directory.join(format!("{skill}.{name}.json"))
    }

    fn of(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string().replace(':', "-");
        self.directory.join(format!("{name}.json"))
    }

    fn keep(&self, file: PathBuf, definition: &Definition) -> Result<(), FileError> {
        if self.read(&file).is_some_and(|kept| kept == *definition) {
            return Ok(());
        }
        files::create_private_directory(&self.directory)?;
        files::write_atomic(&file, &definition.canonical(), Access::Private)
    }

    fn read(&self, file: &Path) -> Option<Definition> {
        let text = files::read_bounded(file, MOST).ok()?;
        let json: Json = serde_json::from_slice(&text).ok()?;
        Definition::of(&json).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_listed_and_accepted_is_read_back_and_what_was_changed_on_disk_is_not_taken_for_it()
    {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf::at(directory.path().join("upstream"));
        let (skill, one): (SkillName, _) = ("acme:desk".parse().unwrap(), "one");
        let definition = |words: &str| {
            let listed = json!({ "name": "a", "description": words, "inputSchema": {} });
            Definition::of(&listed).unwrap()
        };
        let (old, new) = (definition("old"), definition("new"));
        assert_eq!(shelf.last_listed(&skill, one), None);
        shelf.listed(&skill, one, &old).unwrap();
        shelf.accepted(&old).unwrap();
        shelf.listed(&skill, one, &new).unwrap();
        assert_eq!(shelf.last_listed(&skill, one), Some(new.clone()));
        assert_eq!(shelf.get(&old.digest()), Some(old.clone()));
        assert_eq!(shelf.get(&new.digest()), None);
        let file = shelf.of(&old.digest());
        files::write_atomic(&file, &new.canonical(), Access::Private).unwrap();
        assert_eq!(shelf.get(&old.digest()), None);
        shelf.accepted(&old).unwrap();
        assert_eq!(shelf.get(&old.digest()), Some(old));
    }
}
