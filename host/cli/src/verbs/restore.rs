//! `restore`: brings a backup into an empty home.
//!
//! The operator signs the restored files anew as the next statement. So an old statement that had
//! once followed the backed-up one can't be put into force a second time.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde_json::Value as Json;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::home::Home;
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_daemon::{restoring, setup};
use vouchsafe_keys::{Keystore, PrivateKey, Seal, Secret};

use crate::applying::{Applied, Current};
use crate::args::{Proof, Restore};
use crate::context::Context;
use crate::exit::Code;
use crate::verbs::backup::{DATA, MAX_BACKUP, most};
use crate::{applying, operator, output};

/// The keystore's name in a backup and in a home.
const KEYSTORE: &str = "keystore.json";

pub(crate) fn run(context: &Context, args: &Restore) -> anyhow::Result<Code> {
    let home = &context.home;
    if home.is_initialised() {
        let message = format!("`{}` is set up already", home.data().display());
        return Err(Failure::usage(message)
            .with_fix("restore into an empty one with `--home DIR`")
            .into());
    }
    if let Some(name) = first_in(home.config())? {
        let message = format!("`{}` is there already", home.config().join(name).display());
        return Err(Failure::usage(message)
            .with_fix("restore into an empty one with `--home DIR`")
            .into());
    }
    let file = args.backup_passphrase_file.as_deref();
    let passphrase = operator::passphrase(file, operator::BACKUP, "Passphrase of the backup: ")?;
    let fresh = home.data().join("restoring");
    let unpacked = bring_in(home, &fresh, args, passphrase);
    // Of what was not brought in, nothing stays to stand in the way of the next try.
    files::remove_directory(&fresh)?;
    let applied = Applied {
        is_new: true,
        changes: Vec::new(),
        facts: unpacked?,
    };
    super::apply::report(context, &applied);
    let current = Current::ask(context, &mut context.owner()?)?;
    if let [_, ..] = current.edited() {
        output::note(format!(
            "not in force, since they are not as they were applied: {}; look at them, then run `vouchsafe apply`",
            current.edited().join(", ")
        ));
    }
    output::note(
        "a log head that was kept elsewhere tells whether records are missing: `vouchsafe audit verify --expect HEAD`",
    );
    Ok(Code::Done)
}

/// Unpacks into `fresh`, and only what opens comes to where it belongs, once an operator who is enrolled
/// in it has shown the key: the keystore last, because with it the home counts as set up.
fn bring_in(home: &Home, fresh: &Path, args: &Restore, passphrase: Secret) -> anyhow::Result<Json> {
    home.create()?;
    files::remove_directory(fresh)?;
    let (data, config) = (fresh.join("data"), fresh.join("config"));
    files::create_private_directory(&data)?;
    files::create_private_directory(&config)?;
    unpack(fresh, &args.file)?;
    let mut keystore = Keystore::open(&data.join(KEYSTORE), &Seal::Passphrase(passphrase))
        .map_err(|error| Failure::refused(format!("the backup did not open: {error}")))?;
    let unpacked = Home::at(fresh);
    let key = prove(&unpacked, &keystore, &args.proof)?;
    keystore.reseal(&setup::seal(&unpacked))?;
    drop(keystore);
    let facts = restoring::sign_anew(&unpacked, &key)?;
    for name in files::everything(&config)? {
        files::rename(&config.join(&name), &home.config().join(&name))?;
    }
    for name in DATA.into_iter().chain(["seal.key"]) {
        if files::everything(&data)?.iter().any(|there| there == name) {
            files::rename(&data.join(name), &home.data().join(name))?;
        }
    }
    files::rename(&data.join(KEYSTORE), &home.keystore())?;
    Ok(facts)
}

/// A file below `directory`, if there is one.
fn first_in(directory: &Path) -> anyhow::Result<Option<String>> {
    if !directory.exists() {
        return Ok(None);
    }
    for name in files::everything(directory)? {
        let path = directory.join(&name);
        if !path.is_dir() {
            return Ok(Some(name));
        }
        if let Some(below) = first_in(&path)? {
            return Ok(Some(format!("{name}/{below}")));
        }
    }
    Ok(None)
}

/// Takes the proof for what was unpacked at `fresh`, after saying what that is.
fn prove(fresh: &Home, keystore: &Keystore, proof: &Proof) -> anyhow::Result<PrivateKey> {
    let operators = setup::operators(fresh, keystore)?;
    if let Some(last) = setup::last_applied(fresh, keystore)? {
        output::note(format!("the backup's {last}"));
    }
    applying::confirm(proof)?;
    let key = operator::unlock(fresh, proof)?;
    if operators.contains(&key.public()) {
        return Ok(key);
    }
    let fingerprint = key.public().fingerprint();
    let message = format!("{fingerprint} is no operator's key in this backup");
    Err(Failure::refused(message).into())
}

/// Unpacks the two directories below `fresh`; anything else in the archive is an error.
fn unpack(fresh: &Path, file: &Path) -> anyhow::Result<()> {
    let mut archive = tar::Archive::new(files::open_to_read(file)?.take(MAX_BACKUP));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let target = place(&path).ok_or_else(|| {
            Failure::refused(format!("`{}` is not part of a backup", path.display()))
        })?;
        if entry.size() > most(&target.to_string_lossy()) {
            let message = format!("`{}` is larger than a backup holds", path.display());
            return Err(Failure::refused(message).into());
        }
        let target = fresh.join(target);
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            files::create_private_directory(&target)?;
        } else if kind.is_file() {
            // Whatever mode the archive names, it is the owner's alone; what is there already stays.
            files::copy_new(&target, &mut entry, Access::Private)?;
        } else {
            let message = format!("`{}` is neither file nor directory", path.display());
            return Err(Failure::refused(message).into());
        }
    }
    Ok(())
}

/// `path` made of its plain parts, if a backup holds that name.
fn place(path: &Path) -> Option<PathBuf> {
    let mut parts = Vec::new();
    for part in path.components() {
        let Component::Normal(part) = part else {
            return None;
        };
        parts.push(part.to_str()?);
    }
    let known = match parts.as_slice() {
        ["data", KEYSTORE] => true,
        ["data", name, ..] => DATA.contains(name),
        ["config", ..] => true,
        _ => false,
    };
    known.then(|| parts.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_unpacked_up_to_what_the_host_reads_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let unpacked = |name: &str, bytes: u64| {
            let file = directory.path().join("backup.tar");
            let mut archive = tar::Builder::new(files::open_private(&file).unwrap());
            for directory in ["config", "data/audit"] {
                archive.append_dir(directory, "/").unwrap();
            }
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes);
            header.set_mode(0o600);
            let zeros = std::io::repeat(0).take(bytes);
            archive.append_data(&mut header, name, zeros).unwrap();
            archive.finish().unwrap();
            let fresh = tempfile::tempdir().unwrap();
            unpack(fresh.path(), &file)
        };
        let more = (64 << 20) + 1;
        unpacked("config/notes", more - 1).unwrap();
        let error = unpacked("config/notes", more).unwrap_err();
        assert!(error.to_string().contains("larger"), "{error:#}");
        unpacked("data/audit/records.log", more).unwrap();
    }

    #[test]
    fn only_what_a_backup_holds_is_unpacked() {
        for name in [
            "data/keystore.json",
            "data/skills/a",
            "config",
            "config/x/y",
        ] {
            assert_eq!(place(Path::new(name)), Some(PathBuf::from(name)));
        }
        for name in [
            "data/seal.key",
            "data/owner.sock",
            "data",
            "/data/skills",
            "config/../x",
            "x",
        ] {
            assert_eq!(place(Path::new(name)), None, "{name}");
        }
    }
}
