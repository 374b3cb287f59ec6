//! Changes of a folder: what was cleared is made, counted and recorded, on a thread that may block.

use serde_json::{Value as Json, json};
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use vouchsafe_audit::{Resources, Status};
use vouchsafe_clearance::{Cleared, Ending, Part};
use vouchsafe_policy::grant::Quota;
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

use super::Open;
use super::count::Count;
use super::here::{Here, absent};

/// One change of a folder.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A file is opened to be written to, and made where the guest says so.
    Open(Opening),
    MakeFolder(String),
    RemoveFolder(String),
    Remove(String),
    Rename(String, String),
}

/// How a file or folder is opened.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub(crate) flags: PathFlags,
    pub(crate) path: String,
    pub(crate) how: OpenFlags,
    pub(crate) mode: DescriptorFlags,
}

/// What was opened, and the right to write to it.
pub(crate) type Opened = (Descriptor, Option<Arc<Writer>>);

/// The right to write to one open file, until the guest closes it. Whatever ends it before leaves an `unknown`.
pub(crate) struct Writer {
    cleared: Mutex<Option<Cleared<Part<Change>>>>,
    file: Arc<std::fs::File>,
    open: Arc<Open>,
}

impl Change {
    /// What is committed to.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Open(opening) => json!(["write", opening.path]),
            Self::MakeFolder(path) => json!(["make-folder", path]),
            Self::RemoveFolder(path) => json!(["remove-folder", path]),
            Self::Remove(path) => json!(["remove", path]),
            Self::Rename(from, to) => json!(["rename", from, to]),
        }
    }
}

impl Opening {
    pub(crate) fn is_change(&self) -> bool {
        let made = OpenFlags::CREATE | OpenFlags::TRUNCATE;
        self.how.intersects(made) || self.mode.contains(DescriptorFlags::WRITE)
    }

    /// Opens what is there, if it is a file or a folder: nothing else can be waited on for ever, or is a device.
    fn existing(&self, here: &mut Here, count: Option<&mut Count>) -> FsResult<Descriptor> {
        let stat = here.stat(self.flags, &self.path)?;
        let is_linked = stat.type_ == DescriptorType::RegularFile && stat.link_count > 1;
        match stat.type_ {
            // Who made the other name of this file did not give it to this folder's skills to write to.
            _ if is_linked && self.is_change() => return Err(ErrorCode::NotPermitted.into()),
            DescriptorType::RegularFile | DescriptorType::Directory => {}
            DescriptorType::SymbolicLink => return Err(ErrorCode::Loop.into()),
            _ => return Err(ErrorCode::NotPermitted.into()),
        }
        let how = self.how & OpenFlags::DIRECTORY;
        self.opened(here, how, count)
    }

    fn opened(
        &self,
        here: &mut Here,
        how: OpenFlags,
        count: Option<&mut Count>,
    ) -> FsResult<Descriptor> {
        let opened = here.open(self.flags, &self.path, how, self.mode)?;
        if let (Descriptor::File(file), Some(count)) = (&opened, count) {
            let which = here.identity(file)?;
            count.opened(which, Arc::downgrade(&file.file));
        }
        Ok(opened)
    }

    /// Opens it to be written to.
    fn written(&self, here: &mut Here, count: &mut Count, quota: Quota) -> FsResult<Descriptor> {
        if !self.how.contains(OpenFlags::EXCLUSIVE) {
            match self.existing(here, Some(&mut *count)) {
                Ok(opened) => return self.emptied(opened, count),
                Err(error) if self.how.contains(OpenFlags::CREATE) => absent(error)?,
                Err(error) => return Err(error),
            }
        }
        count.fits(quota, 0, 1)?;
        let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        let opened = self.opened(here, how, Some(&mut *count))?;
        count.made();
        Ok(opened)
    }

    /// What was opened, without what was in it where the guest says so.
    fn emptied(&self, opened: Descriptor, count: &mut Count) -> FsResult<Descriptor> {
        if let (true, Descriptor::File(file)) = (self.how.contains(OpenFlags::TRUNCATE), &opened) {
            let before = file.file.metadata()?.len();
            file.file.set_len(0)?;
            count.resized(before, 0);
        }
        Ok(opened)
    }
}

impl Open {
    /// Opens for reading alone. Blocks.
    pub(crate) fn read(&self, folder: &Dir, opening: &Opening) -> FsResult<Descriptor> {
        let mut here = Here::new(folder)?;
        match &self.room {
            Some((_, used)) => opening.existing(&mut here, Some(&mut used.alone())),
            None => opening.existing(&mut here, None),
        }
    }

    /// Makes the change that was cleared; `into` is where a rename leads. Blocks, and is not to be cut: what is done is
    /// counted and recorded here.
    pub(crate) fn change(
        self: &Arc<Self>,
        cleared: Cleared<Part<Change>>,
        folder: &Dir,
        into: Option<&Dir>,
    ) -> FsResult<Option<Opened>> {
        let made = self.make(&cleared, folder, into);
        match made {
            Ok(Some(Descriptor::File(file))) => {
                let writer = Writer {
                    cleared: Mutex::new(Some(cleared)),
                    file: Arc::clone(&file.file),
                    open: Arc::clone(self),
                };
                Ok(Some((Descriptor::File(file), Some(Arc::new(writer)))))
            }
            Ok(opened) => {
                ended(cleared, Status::Ok, None)?;
                Ok(opened.map(|opened| (opened, None)))
            }
            Err(error) => {
                let why = error.downcast_ref().map(|code| code.name().to_owned());
                ended(cleared, Status::Failed, why)?;
                Err(error)
            }
        }
    }

    fn make(
        &self,
        cleared: &Cleared<Part<Change>>,
        folder: &Dir,
        into: Option<&Dir>,
    ) -> FsResult<Option<Descriptor>> {
        let (quota, used) = self.room.as_ref().ok_or(ErrorCode::NotPermitted)?;
        let mut here = Here::new(folder)?;
        let mut count = used.counted()?;
        let count = &mut *count;
        cleared.still_valid().map_err(|_| ErrorCode::NotPermitted)?;
        match cleared.action().effect() {
            Change::Open(opening) => return Ok(Some(opening.written(&mut here, count, *quota)?)),
            Change::MakeFolder(path) => {
                count.fits(*quota, 0, 1)?;
                here.make_folder(path)?;
                count.made();
            }
            Change::RemoveFolder(path) => {
                here.remove_folder(path)?;
                count.removed(0);
            }
            Change::Remove(path) => {
                let bytes = closed(&mut here, count, path)?.unwrap_or(0);
                here.remove(path)?;
                count.removed(bytes);
            }
            Change::Rename(from, to) => {
                let into = into.ok_or(ErrorCode::BadDescriptor)?;
                let mut there = Here::new(into)?;
                let source = here.found(from)?.map(|(which, _)| which);
                let target = there.found(to)?.map(|(which, _)| which);
                let replaced = match source == target {
                    true => None,
                    false => closed(&mut there, count, to)?,
                };
                here.rename(from, into, to)?;
                if let Some(bytes) = replaced {
                    count.removed(bytes);
                }
            }
        }
        Ok(None)
    }
}

/// The bytes of what stands at `path`, which nobody may have open: what is open keeps its bytes on the disk.
fn closed(here: &mut Here, count: &Count, path: &str) -> FsResult<Option<u64>> {
    match here.found(path)? {
        Some((which, _)) if count.is_open(which) => Err(ErrorCode::Busy.into()),
        found => Ok(found.map(|(_, bytes)| bytes)),
    }
}

impl Writer {
    /// Writes `bytes` at an offset, or at the end. Blocks.
    ///
    /// # Errors
    /// `quota` where it does not fit, `not-permitted` where the file is closed or the rules have changed, or what the
    /// operating system says.
    pub(crate) fn write(&self, bytes: &[u8], at: Option<u64>) -> Result<u64, ErrorCode> {
        let length = u64::try_from(bytes.len()).map_err(|_| ErrorCode::Overflow)?;
        self.resizing(
            |before| {
                let at = at.unwrap_or(before);
                let end = at.checked_add(length).ok_or(ErrorCode::Overflow)?;
                Ok((end.max(before), at))
            },
            |at| self.file.write_all_at(bytes, at),
        )?;
        Ok(length)
    }

    /// Makes the file so long. Blocks.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub(crate) fn set_size(&self, size: u64) -> Result<(), ErrorCode> {
        self.resizing(|_| Ok((size, size)), |size| self.file.set_len(size))
    }

    /// Does `what` with what `plan` gives of the file's length, if the new length fits.
    fn resizing(
        &self,
        plan: impl FnOnce(u64) -> Result<(u64, u64), ErrorCode>,
        what: impl FnOnce(u64) -> std::io::Result<()>,
    ) -> Result<(), ErrorCode> {
        let (quota, used) = self.open.room.as_ref().ok_or(ErrorCode::NotPermitted)?;
        let mut count = used.counted()?;
        let cleared = self.cleared.lock().unwrap_or_else(PoisonError::into_inner);
        let cleared = cleared.as_ref().ok_or(ErrorCode::NotPermitted)?;
        cleared.still_valid().map_err(|_| ErrorCode::NotPermitted)?;
        let before = self.file.metadata()?.len();
        let (after, with) = plan(before)?;
        let more = after.saturating_sub(before);
        count
            .fits(*quota, more, 0)
            .inspect_err(|_| self.open.is_full())?;
        cleared.note_sent(more);
        let done = what(with);
        count.resized(before, self.file.metadata()?.len());
        Ok(done?)
    }

    /// Ends the right to write, as the guest says.
    pub(crate) fn close(&self) {
        let mut cleared = self.cleared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cleared) = cleared.take() {
            // A log that takes no outcome stops what comes next.
            let _ = ended(cleared, Status::Ok, None);
        }
    }
}

fn ended(
    cleared: Cleared<Part<Change>>,
    status: Status,
    detail: Option<String>,
) -> Result<(), ErrorCode> {
    let ending = Ending {
        status,
        detail,
        output: None,
        resources: Resources::default(),
    };
    let recorded = cleared.finish(ending);
    recorded.map(drop).map_err(|_| ErrorCode::Io)
}
