//! `restore`: brings a backup into an empty home.
//!
//! The operator signs the restored files anew as the next statement. So an old statement that had
//! once followed the backed-up one can't be put into force a second time.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::home::Home;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::setup;
use vouchsafe_keys::{Keystore, Seal};

use crate::args::Restore;
use crate::context::Context;
use crate::exit::Code;
use crate::verbs::backup::DATA;
use crate::{applying, operator, output};

/// The largest backup, in bytes.
const MAX_BACKUP: u64 = 16 << 30;

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

/// Unpacks the two directories; anything else in the archive is an error, and what was unpacked by
/// then stands in no one's way.
fn unpack(home: &Home, file: &Path) -> anyhow::Result<()> {
    home.create()?;
    let mut archive = tar::Archive::new(files::open_to_read(file)?.take(MAX_BACKUP));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let target = place(home, &path).ok_or_else(|| {
            Failure::refused(format!("`{}` is not part of a backup", path.display()))
        })?;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            files::create_private_directory(&target)?;
        } else if kind.is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            // Whatever mode the archive names, it is the owner's alone; what is there already stays.
            files::write_new(&target, &bytes, Access::Private)?;
        } else {
            let message = format!("`{}` is neither file nor directory", path.display());
            return Err(Failure::refused(message).into());
        }
    }
    Ok(())
}

/// Where what a backup names `path` belongs, if a backup holds that name.
fn place(home: &Home, path: &Path) -> Option<PathBuf> {
    let mut parts = Vec::new();
    for part in path.components() {
        let Component::Normal(part) = part else {
            return None;
        };
        parts.push(part.to_str()?);
    }
    let (root, below) = match parts.split_first()? {
        (&"data", below) => {
            let first = below.first()?;
            let known = *first == "keystore.json" || DATA.contains(first);
            (known.then(|| home.data())?, below)
        }
        (&"config", below) => (home.config(), below),
        _ => return None,
    };
    Some(root.join(below.iter().collect::<PathBuf>()))
}
