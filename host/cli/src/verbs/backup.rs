//! `backup`: everything but compiled code in one file, its keystore sealed under a passphrase.

use std::fs::File;
use std::path::Path;

use serde_json::json;
use vouchsafe_ambient::files::{self, Access, Lock};
use vouchsafe_daemon::client::Client;
use vouchsafe_daemon::home::Home;
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_daemon::setup;
use vouchsafe_daemon::store::MAX_COMPONENT;
use vouchsafe_keys::{Keystore, Seal};

use crate::args::Backup;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

/// A statement that was about to be in force; not always there.
const NEXT: &str = "applied-next.json";

/// Sealed credentials; not always there.
const CREDENTIALS: &str = "credentials.json";

/// What skills keep; not there before one does.
const STATE: &str = "state";

/// What external servers listed; not there before one did. An operator compares what comes next with it.
const UPSTREAM: &str = "upstream";

/// What is kept of the data directory beside the keystore.
pub(crate) const DATA: [&str; 10] = [
    "operator.json",
    CREDENTIALS,
    "applied.json",
    NEXT,
    "disabled.json",
    "versions.json",
    "skills",
    STATE,
    UPSTREAM,
    "audit",
];

/// The largest backup, in bytes.
pub(crate) const MAX_BACKUP: u64 = 16 << 30;

/// The most that one file of a backup has, in bytes: the log is as long as it is, and of others the host reads no more.
pub(crate) fn most(name: &str) -> u64 {
    match name.starts_with("data/audit/") {
        true => MAX_BACKUP,
        false => MAX_COMPONENT,
    }
}

/// The largest keystore, in bytes.
const MAX_KEYSTORE: u64 = 16 << 20;

pub(crate) fn run(context: &Context, args: &Backup) -> anyhow::Result<Code> {
    context.set_up()?;
    let passphrase =
        operator::new_passphrase(args.backup_passphrase_file.as_deref(), operator::BACKUP)?;
    // Without an owner nothing changes while it is copied.
    let no_owner = stop_owner(&context.home)?;
    // A rotation that was cut short is ended first, or state and keystore would not be of one kind.
    setup::open_keystore_alone(&context.home, &no_owner)?;
    let staging = tempfile::tempdir()?;
    let keystore = staging.path().join("keystore.json");
    let sealed = files::read_bounded(&context.home.keystore(), MAX_KEYSTORE)?;
    files::write_new(&keystore, &sealed, Access::Private)?;
    Keystore::open(&keystore, &Seal::KeyFile(context.home.seal_key()))?
        .reseal(&Seal::Passphrase(passphrase))?;
    output::during("writing the backup", || {
        write(&context.home, &keystore, &args.file)
    })?;
    if context.json {
        output::print_json(&json!({ "backup": args.file }));
    } else {
        let file = args.file.display();
        output::done(format!("{file}; keep it and its passphrase apart"));
    }
    Ok(Code::Done)
}

/// Ends the owner if there is one, and keeps another from starting while the lock is held.
pub(crate) fn stop_owner(home: &Home) -> anyhow::Result<Lock> {
    if let Some(mut owner) = Client::connect_if_running(home) {
        owner.ask(&Request::Stop)?;
    }
    for _ in 0..200 {
        match Lock::take(&home.owner_lock()) {
            Err(files::FileError::Locked(_)) => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            other => return Ok(other?),
        }
    }
    Ok(Lock::take(&home.owner_lock())?)
}

fn write(home: &Home, keystore: &Path, target: &Path) -> anyhow::Result<()> {
    files::write_new(target, &[], Access::Private)?;
    let written = archive(home, keystore, target);
    if written.is_err() {
        // Half a backup is worse than none: it looks like one.
        files::remove(target)?;
    }
    written
}

fn archive(home: &Home, keystore: &Path, target: &Path) -> anyhow::Result<()> {
    let file: File = files::open_private(target)?;
    let mut archive = tar::Builder::new(file);
    archive.follow_symlinks(false);
    archive.append_path_with_name(keystore, "data/keystore.json")?;
    for name in DATA {
        let path = home.data().join(name);
        if ![NEXT, CREDENTIALS, STATE, UPSTREAM].contains(&name) || path.exists() {
            add(&mut archive, &path, &format!("data/{name}"))?;
        }
    }
    add(&mut archive, home.config(), "config")?;
    archive.into_inner()?.sync_all()?;
    Ok(())
}

/// Adds a file, or a directory with all in it. A link would bring in what is not part of the home.
fn add(archive: &mut tar::Builder<File>, path: &Path, name: &str) -> anyhow::Result<()> {
    if path.is_symlink() {
        let message = format!("`{}` is a link, which a backup can't hold", path.display());
        return Err(Failure::refused(message)
            .with_fix("put a file or directory there")
            .into());
    }
    if !path.is_dir() {
        let mut file = files::open_to_read(path)?;
        if file.metadata()?.len() > most(name) {
            let message = format!("`{}` is larger than a backup holds", path.display());
            return Err(Failure::refused(message).with_fix("take it away").into());
        }
        archive.append_file(name, &mut file)?;
        return Ok(());
    }
    archive.append_dir(name, path)?;
    for entry in files::everything(path)? {
        add(archive, &path.join(&entry), &format!("{name}/{entry}"))?;
    }
    Ok(())
}
