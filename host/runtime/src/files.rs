//! Folders of the host that skills find: opened by their grants, within quotas, each change cleared and recorded.
//!
//! What a path leads to, and that it leads nowhere else, is for `wasmtime-wasi` to say. Here it is said who may change
//! what: each change is made by one closure that runs to its end whatever becomes of the call, alone in its folder, so
//! that what is counted is what is there. No links are made; and nothing is removed that anybody has open, so that no
//! quota is kept by files that nobody sees any more.

mod change;
mod count;
mod here;
mod output;

pub(crate) use change::{Change, Opening, Writer};
pub(crate) use count::Used;
pub(crate) use output::Output;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use vouchsafe_ambient::files::{self, FileError};
use vouchsafe_clearance::{EffectGate, EffectKind};
use vouchsafe_policy::amend;
use vouchsafe_policy::effective::Folder;
use vouchsafe_policy::grant::Quota;
use wasmtime_wasi::filesystem::WasiFilesystemCtx;

use crate::door::Door;

/// Changes in one call: each waits for its record to be durable.
pub(crate) const CHANGES: u32 = 1000;

/// Listings of folders that a call may have open at once: each holds the names of its folder in the host's memory.
pub(crate) const LISTINGS: u32 = 8;

/// The folders of this host, as far as skills have them open.
pub struct Disk {
    /// The host's own, which is opened to nobody.
    own: Vec<PathBuf>,
    used: Mutex<HashMap<PathBuf, Weak<Used>>>,
}

/// Why a folder is not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    #[error("{0}; it has to be there, spelled without links")]
    File(#[from] FileError),
    #[error("`{}` holds what is the host's own, or lies in it", .0.display())]
    Own(PathBuf),
}

impl Disk {
    /// This host's, without the directories `own`, of which nothing is opened.
    #[must_use]
    pub fn without(own: impl IntoIterator<Item = PathBuf>) -> Self {
        // What is not there has no links to resolve.
        let resolved = own
            .into_iter()
            .map(|path| files::canonical(&path).unwrap_or(path));
        Self {
            own: resolved.collect(),
            used: Mutex::default(),
        }
    }

    /// Blocks. The folder, and what it holds where it may be changed.
    pub(crate) fn open(&self, folder: &Folder) -> Result<(File, Option<Arc<Used>>), NotOpened> {
        let path = &folder.path;
        let touches = |own: &Path| own.starts_with(path) || path.starts_with(own);
        if self.own.iter().any(|own| touches(own)) {
            return Err(NotOpened::Own(path.clone()));
        }
        let file = files::open_directory(path)?;
        Ok((file, folder.quota.map(|_| self.used(path))))
    }

    /// One count for whoever changes the folder at the same time.
    fn used(&self, path: &Path) -> Arc<Used> {
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, used| used.strong_count() > 0);
        if let Some(used) = all.get(path).and_then(Weak::upgrade) {
            return used;
        }
        let used = Arc::new(Used::of(path.to_owned()));
        all.insert(path.to_owned(), Arc::downgrade(&used));
        used
    }
}

/// A folder that a call has open.
pub(crate) struct Open {
    pub(crate) name: String,
    /// The line of the grant.
    pub(crate) rule: String,
    /// What may be put there; without it the folder is only read.
    pub(crate) room: Option<(Quota, Arc<Used>)>,
    door: Door,
}

impl Open {
    pub(crate) fn new(name: &str, folder: &Folder, used: Option<Arc<Used>>, door: &Door) -> Self {
        Self {
            name: name.to_owned(),
            rule: folder.place.to_string(),
            room: folder.quota.zip(used),
            door: door.clone(),
        }
    }

    /// Records that the skill may not change the folder, and the line that would let it.
    pub(crate) fn only_read(&self) {
        let line = format_args!("under `[files.{}]`, write `access = \"write\"`", self.name);
        let fix = amend(&self.rule, line);
        self.refuse("the grant opens it for reading", &fix);
    }

    /// Records that the folder has no room left for what the skill would put there.
    pub(crate) fn is_full(&self) {
        let line = format_args!(
            "under `[files.{}]`, raise `max_bytes` or `max_files`",
            self.name
        );
        let fix = amend(&self.rule, line);
        self.refuse("the folder would hold more than its grant gives", &fix);
    }

    pub(crate) fn refuse(&self, why: &str, fix: &str) {
        self.door
            .refuse(&EffectKind::FileWrite, &self.name, why, fix);
    }
}

/// What a descriptor of the guest stands for.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) open: Arc<Open>,
    /// The right to write, of a file that was opened for it.
    pub(crate) writer: Option<Arc<Writer>>,
}

/// The folders of one call.
#[derive(Default)]
pub(crate) struct Fs {
    pub(crate) disk: Option<Arc<Disk>>,
    pub(crate) gate: Option<EffectGate>,
    /// By the number of the guest's descriptor.
    pub(crate) held: BTreeMap<u32, Held>,
    pub(crate) changes: u32,
    pub(crate) listings: u32,
    pub(crate) context: WasiFilesystemCtx,
}
