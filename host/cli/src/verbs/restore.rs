//! `restore`: brings a backup into an empty home.
//!
//! The operator signs the restored files anew as the next statement. So an old statement that had
//! once followed the backed-up one can't be put into force a second time.

use std::path::Path;

use vouchsafe_ambient::files;
use vouchsafe_daemon::home::Home;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::setup;
use vouchsafe_keys::{Keystore, Seal};

use crate::args::Restore;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, operator, output};

pub(crate) fn run(context: &Context, args: &Restore) -> anyhow::Result<Code> {
    let home = &context.home;
    if home.is_initialised() {
        let message = format!("`{}` is set up already", home.data().display());
        return Err(Failure::usage(message)
            .with_fix("restore into an empty one with --home DIR")
            .into());
    }
    let file = args.backup_passphrase_file.as_deref();
    let passphrase = operator::passphrase(file, "Passphrase of the backup: ")?;
    unpack(home, &args.file)?;
    let resealed = Keystore::open(&home.keystore(), &Seal::Passphrase(passphrase))
        .and_then(|mut keystore| keystore.reseal(&setup::seal(home)));
    if let Err(error) = resealed {
        // Without its key the rest is of no use, and would stand in the way of the next try.
        files::remove(&home.keystore())?;
        return Err(Failure::refused(format!("the backup did not open: {error}")).into());
    }
    let applied = applying::apply(context, &args.proof)?;
    super::apply::report(context, &applied);
    output::note(
        "a log head that was kept elsewhere tells whether records are missing: `vouchsafe audit verify --expect HEAD`",
    );
    Ok(Code::Done)
}

/// Unpacks the two directories; anything else in the archive is an error.
fn unpack(home: &Home, file: &Path) -> anyhow::Result<()> {
    home.create()?;
    let mut archive = tar::Archive::new(files::open_to_read(file)?);
    archive.set_preserve_permissions(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let (root, rest) = match (path.strip_prefix("data"), path.strip_prefix("config")) {
            (Ok(rest), _) => (home.data(), rest.to_owned()),
            (_, Ok(rest)) => (home.config(), rest.to_owned()),
            _ => {
                return Err(Failure::refused(format!(
                    "`{}` is not part of a backup",
                    path.display()
                ))
                .into());
            }
        };
        if rest
            .components()
            .any(|part| !matches!(part, std::path::Component::Normal(_)))
        {
            return Err(Failure::refused(format!("`{}` leads elsewhere", path.display())).into());
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            files::create_private_directory(&root.join(rest))?;
        } else if kind.is_file() {
            entry.unpack(root.join(rest))?;
        } else {
            return Err(Failure::refused(format!(
                "`{}` is neither file nor directory",
                path.display()
            ))
            .into());
        }
    }
    Ok(())
}
