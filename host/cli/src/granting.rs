//! The grant that a skill asks for, as a proposal in the configuration directory.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_daemon::home::Home;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::store::Store;
use vouchsafe_package::{Digest, Package, ReadLimits, SkillName};
use vouchsafe_policy::effective::Declared;
use vouchsafe_policy::grant::{blanks, file_for, propose, renew};
use vouchsafe_policy::{Faults, Grant};

/// The largest grant file, in bytes.
const MAX_GRANT: u64 = 1 << 20;

/// A grant that a skill asks for. Nothing is written yet.
pub(crate) struct Proposed {
    path: PathBuf,
    before: Option<String>,
    digest: Digest,
    /// The whole file.
    pub(crate) text: String,
    /// Whether only the operator can fill in the rest, such as where a destination is.
    pub(crate) is_incomplete: bool,
}

/// The grant for `NAMESPACE.NAME`: everything that `package` asks for, pinned to its bytes. A grant that is there
/// keeps what its operator wrote, and gets what is new.
///
/// # Errors
/// When the file there is no grant.
pub(crate) fn proposed(
    home: &Home,
    package: &Package,
    publisher: &str,
) -> anyhow::Result<Proposed> {
    let name = file_for(&package.name);
    let path = home.config().join(&name);
    let before = read(&path)?;
    let declared = Declared::from(package);
    let text = match &before {
        None => propose(&declared, publisher),
        Some(text) => {
            let pinned = pinned(home, &name, text)?;
            let pinned = pinned.as_ref().map(Declared::from);
            renew(&name, text, pinned.as_ref(), &declared)
                .map_err(|fault| Failure::from(Faults::from(fault)))?
        }
    };
    Ok(Proposed {
        is_incomplete: Grant::parse(&name, &text).is_err(),
        digest: package.digest,
        path,
        before,
        text,
    })
}

impl Proposed {
    /// Writes it among the grants.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn write(&self) -> Result<(), FileError> {
        files::write_atomic(&self.path, self.text.as_bytes(), Access::Private)
    }

    /// Puts the file back as it was.
    pub(crate) fn take_back(&self) -> Result<(), FileError> {
        match &self.before {
            Some(before) => files::write_atomic(&self.path, before.as_bytes(), Access::Private),
            None => files::remove(&self.path),
        }
    }

    /// Lays one that is incomplete beside the grants, since a faulty file among them keeps every `apply` back. What lies
    /// there already may have been filled in, and stays. Says what the operator has to do.
    ///
    /// # Errors
    /// When a file can't be read or written.
    pub(crate) fn draft(&self, home: &Home) -> anyhow::Result<String> {
        let draft = home
            .drafts()
            .join(self.path.file_name().unwrap_or_default());
        let kept = read(&draft)?.filter(|kept| *kept != self.text);
        if kept.is_none() {
            files::create_private_directory(&home.drafts())?;
            files::write_atomic(&draft, self.text.as_bytes(), Access::Private)?;
        }
        let (draft, grant) = (draft.display(), self.path.display());
        let text = kept.as_deref().unwrap_or(&self.text);
        let missing = self.missing(text);
        let enforce = format!("then run `mv {draft} {grant}` and `vouchsafe apply`");
        Ok(match (kept, missing.as_str()) {
            (None, missing) => format!("fill in {missing} in {draft}, {enforce}"),
            (Some(_), missing) => {
                let todo = match missing {
                    "" => "look at it".to_owned(),
                    missing => format!("fill in {missing} there"),
                };
                format!(
                    "{draft} is there already and was left as it is: {todo}, {enforce}; to start afresh, run `rm {draft}`, then this again"
                )
            }
        })
    }

    /// What the draft `text` lacks.
    fn missing(&self, text: &str) -> String {
        let pin = format!("digest = \"{}\"", self.digest);
        let other_bytes = !text.contains(&self.digest.to_string());
        let missing = other_bytes.then_some(pin).into_iter().chain(blanks(text));
        let missing: Vec<_> = missing.map(|one| format!("`{one}`")).collect();
        missing.join(", ")
    }
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let bytes = files::read_if_present(path, MAX_GRANT)?;
    let text = bytes.map(String::from_utf8).transpose();
    text.with_context(|| format!("`{}`", path.display()))
}

/// The component that the grant of `skill` pins now, where there is one and it is kept.
///
/// # Errors
/// When the file or the store can't be read.
pub(crate) fn granted_now(home: &Home, skill: &SkillName) -> anyhow::Result<Option<Package>> {
    let name = file_for(skill);
    match read(&home.config().join(&name))? {
        Some(text) => pinned(home, &name, &text),
        None => Ok(None),
    }
}

/// The component that the grant in `text` pins, if it is still kept.
fn pinned(home: &Home, name: &str, text: &str) -> anyhow::Result<Option<Package>> {
    let grant = Grant::parse(name, text).map_err(|fault| Failure::from(Faults::from(fault)))?;
    let digest = grant.digest.value;
    let kept = Store::at(home.skills()).load(&digest)?;
    let read = |kept: vouchsafe_daemon::store::Unverified| {
        Package::read(&kept.component, &ReadLimits::default()).ok()
    };
    Ok(kept.and_then(read))
}
