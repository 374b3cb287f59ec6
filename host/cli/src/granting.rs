//! The grant that a skill asks for, as a proposal in the configuration directory.

use std::path::PathBuf;

use anyhow::Context as _;
use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_daemon::home::Home;
use vouchsafe_daemon::store::Store;
use vouchsafe_package::{Package, ReadLimits, SkillName};
use vouchsafe_policy::Grant;
use vouchsafe_policy::effective::Declared;
use vouchsafe_policy::grant::{file_for, propose, renew};

/// The largest grant file, in bytes.
const MAX_GRANT: u64 = 1 << 20;

/// A grant that was written, and how to take it back.
pub(crate) struct Written {
    path: PathBuf,
    before: Option<String>,
    /// What was written.
    pub(crate) text: String,
    /// Whether only the operator can fill in the rest, such as where a destination is.
    pub(crate) is_incomplete: bool,
}

impl Written {
    /// What the operator has to do to a grant that is incomplete. Where one is in force, that one
    /// stays, and the new one lies beside it: an edited grant would switch off what runs under it.
    ///
    /// # Errors
    /// When a file can't be written.
    pub(crate) fn left_to_do(&self, home: &Home) -> anyhow::Result<String> {
        if self.before.is_none() {
            let path = self.path.display();
            return Ok(format!("fill in {path}, then run `vouchsafe apply`"));
        }
        let name = self.path.file_name().unwrap_or_default();
        let draft = home.drafts().join(name);
        files::create_private_directory(&home.drafts())?;
        files::write_atomic(&draft, self.text.as_bytes(), Access::Private)?;
        self.take_back()?;
        Ok(format!(
            "fill in {}, put it in the place of {}, then run `vouchsafe apply`",
            draft.display(),
            self.path.display()
        ))
    }

    /// Puts the file back as it was.
    pub(crate) fn take_back(&self) -> Result<(), FileError> {
        match &self.before {
            Some(before) => files::write_atomic(&self.path, before.as_bytes(), Access::Private),
            None => files::remove(&self.path),
        }
    }
}

/// Writes `grants/NAMESPACE.NAME.toml`: everything that `package` asks for, pinned to its bytes.
/// A grant that is there keeps what its operator wrote, and gets what is new.
///
/// # Errors
/// When the file there is no grant, or can't be written.
pub(crate) fn write(home: &Home, package: &Package, publisher: &str) -> anyhow::Result<Written> {
    let name = file_for(&package.name);
    let path = home.config().join(&name);
    let before = files::read_if_present(&path, MAX_GRANT)?;
    let before = before.map(String::from_utf8).transpose();
    let before = before.with_context(|| format!("`{}`", path.display()))?;
    let declared = Declared::from(package);
    let text = match &before {
        None => propose(&declared, publisher),
        Some(text) => {
            let pinned = pinned(home, &name, text)?;
            let pinned = pinned.as_ref().map(Declared::from);
            renew(&name, text, pinned.as_ref(), &declared)?
        }
    };
    files::write_atomic(&path, text.as_bytes(), Access::Private)?;
    Ok(Written {
        is_incomplete: Grant::parse(&name, &text).is_err(),
        path,
        before,
        text,
    })
}

/// The component that the grant of `skill` pins now, where there is one and it is kept.
///
/// # Errors
/// When the file or the store can't be read.
pub(crate) fn granted_now(home: &Home, skill: &SkillName) -> anyhow::Result<Option<Package>> {
    let name = file_for(skill);
    let Some(text) = files::read_if_present(&home.config().join(&name), MAX_GRANT)? else {
        return Ok(None);
    };
    pinned(home, &name, &String::from_utf8(text)?)
}

/// The component that the grant in `text` pins, if it is still kept.
fn pinned(home: &Home, name: &str, text: &str) -> anyhow::Result<Option<Package>> {
    let digest = Grant::parse(name, text)?.digest.value;
    let kept = Store::at(home.skills()).load(&digest)?;
    let read = |kept: vouchsafe_daemon::store::Unverified| {
        Package::read(&kept.component, &ReadLimits::default()).ok()
    };
    Ok(kept.and_then(read))
}
