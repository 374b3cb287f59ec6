//! What is done in one folder, on a thread that may block.

use futures::FutureExt as _;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, HostDescriptor, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::count::Identity;

/// One folder that the guest has open, for the operations of `wasmtime-wasi` made at once.
pub(super) struct Here {
    context: WasiFilesystemCtx,
    table: ResourceTable,
    folder: u32,
}

/// What `operation` gives: a folder that may block has no reason to wait.
fn now<T>(operation: impl Future<Output = FsResult<T>>) -> FsResult<T> {
    operation
        .now_or_never()
        .unwrap_or_else(|| Err(ErrorCode::WouldBlock.into()))
}

impl Here {
    pub(super) fn new(folder: &Dir) -> FsResult<Self> {
        let mut here = Self {
            context: WasiFilesystemCtx::default(),
            table: ResourceTable::new(),
            folder: 0,
        };
        here.folder = here.also(folder)?;
        Ok(here)
    }

    fn also(&mut self, folder: &Dir) -> FsResult<u32> {
        let file = folder.dir.try_clone().map_err(ErrorCode::from)?;
        let folder = Dir::new(file, folder.perms, folder.open_mode, true);
        Ok(self.table.push(Descriptor::Dir(folder))?.rep())
    }

    fn with(&mut self) -> (WasiFilesystemCtxView<'_>, Resource<Descriptor>) {
        let view = WasiFilesystemCtxView {
            ctx: &mut self.context,
            table: &mut self.table,
        };
        (view, Resource::new_borrow(self.folder))
    }

    pub(super) fn stat(&mut self, flags: PathFlags, path: &str) -> FsResult<DescriptorStat> {
        let (mut view, folder) = self.with();
        now(view.stat_at(folder, flags, path.to_owned()))
    }

    /// What stands at `path` itself, where there is something.
    pub(super) fn found(&mut self, path: &str) -> FsResult<Option<(Identity, u64)>> {
        let stat = match self.stat(PathFlags::empty(), path) {
            Ok(stat) => stat,
            Err(error) => return absent(error).map(|()| None),
        };
        let bytes = match stat.type_ {
            DescriptorType::RegularFile => stat.size,
            _ => 0,
        };
        let (mut view, folder) = self.with();
        let hash = view.metadata_hash_at(folder, PathFlags::empty(), path.to_owned());
        let hash = now(hash)?;
        Ok(Some(((hash.lower, hash.upper), bytes)))
    }

    pub(super) fn open(
        &mut self,
        flags: PathFlags,
        path: &str,
        how: OpenFlags,
        mode: DescriptorFlags,
    ) -> FsResult<Descriptor> {
        let (mut view, folder) = self.with();
        let opened = now(view.open_at(folder, flags, path.to_owned(), how, mode))?;
        Ok(self.table.delete(opened)?)
    }

    /// Which file it is.
    pub(super) fn identity(&mut self, file: &File) -> FsResult<Identity> {
        let own = file.file.try_clone()?;
        let own = File::new(own, file.perms, file.open_mode, true);
        let own = self.table.push(Descriptor::File(own))?;
        let (mut view, _) = self.with();
        let hash = now(view.metadata_hash(own))?;
        Ok((hash.lower, hash.upper))
    }

    pub(super) fn make_folder(&mut self, path: &str) -> FsResult<()> {
        let (mut view, folder) = self.with();
        now(view.create_directory_at(folder, path.to_owned()))
    }

    pub(super) fn remove_folder(&mut self, path: &str) -> FsResult<()> {
        let (mut view, folder) = self.with();
        now(view.remove_directory_at(folder, path.to_owned()))
    }

    pub(super) fn remove(&mut self, path: &str) -> FsResult<()> {
        let (mut view, folder) = self.with();
        now(view.unlink_file_at(folder, path.to_owned()))
    }

    pub(super) fn rename(&mut self, from: &str, into: &Dir, to: &str) -> FsResult<()> {
        let into = Resource::new_borrow(self.also(into)?);
        let (mut view, folder) = self.with();
        now(view.rename_at(folder, from.to_owned(), into, to.to_owned()))
    }
}

/// Nothing, if `error` says that there is nothing.
pub(super) fn absent(error: FsError) -> FsResult<()> {
    match error.downcast_ref() {
        Some(ErrorCode::NoEntry) => Ok(()),
        _ => Err(error),
    }
}
