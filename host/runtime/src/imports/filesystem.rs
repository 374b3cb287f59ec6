//! `wasi:filesystem`: the folders that the grant opens, each as `/NAME`; without one there is none, and so no file.
//!
//! Reading is `wasmtime-wasi`'s, within the folder. Whatever changes one is cleared here, and made by [`crate::files`].

use crate::files::{CHANGES, Change, Disk, Fs, Held, LISTINGS, Open, Opening, Output, Writer};
use crate::state::State;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use vouchsafe_clearance::{About, Cleared, EffectGate, EffectKind, Part};
use vouchsafe_package::value::canonical;
use vouchsafe_policy::amend;
use vouchsafe_policy::effective::Folder;
use wasmtime::StoreContextMut;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Filesize, HostDescriptor, HostDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode, WasiView as _};

type Fd = Resource<Descriptor>;

/// The folders of a call, and its handles.
pub(crate) struct Files<'a> {
    fs: &'a mut Fs,
    table: &'a mut ResourceTable,
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = Files<'a>;
}

pub(crate) fn add_types(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasFiles>(linker, |state| {
        let (fs, table) = state.files();
        Files { fs, table }
    })
}

pub(crate) fn add_preopens(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut preopens = linker.instance("wasi:filesystem/preopens@0.2.12")?;
    preopens.func_wrap_async("get-directories", |context, (): ()| {
        Box::new(directories(context))
    })
}

/// The folders that the grant opens. Of each that it does not, the record has the line that would.
async fn directories(
    mut context: StoreContextMut<'_, State>,
) -> wasmtime::Result<(Vec<(Fd, String)>,)> {
    let mut found = Vec::new();
    let Some(gate) = context.data_mut().files().0.gate.clone() else {
        return Ok((found,));
    };
    let folders = Arc::clone(gate.permit().files());
    for name in folders.declared.keys() {
        let Some(folder) = folders.granted.get(name) else {
            let line = format_args!("add `[files.{name}]` with `path = \"/...\"`");
            let fix = amend(&folders.file, line);
            refuse(&context, name, "no such folder is granted", &fix);
            continue;
        };
        if let Some((held, folder)) = open(&mut context, &gate, name, folder).await {
            let fd = context
                .data_mut()
                .ctx()
                .table
                .push(Descriptor::Dir(folder))?;
            context.data_mut().files().0.held.insert(fd.rep(), held);
            found.push((fd, format!("/{name}")));
        }
    }
    Ok((found,))
}

async fn open(
    context: &mut StoreContextMut<'_, State>,
    gate: &EffectGate,
    name: &str,
    folder: &Folder,
) -> Option<(Held, Dir)> {
    gate.check(&EffectKind::FileRead, name).ok()?;
    let Some(disk) = context.data_mut().files().0.disk.clone() else {
        refuse(context, name, "this host opens no folders", "");
        return None;
    };
    let (disk, of): (Arc<Disk>, Folder) = (disk, folder.clone());
    let opened = match spawn_blocking(move || disk.open(&of)).await {
        Ok(opened) => opened.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let (file, used) = match opened {
        Ok(opened) => opened,
        Err(why) => {
            let line = format_args!("under `[files.{name}]`, name another folder");
            let fix = amend(&folder.place, line);
            refuse(context, name, &why, &fix);
            return None;
        }
    };
    let (perms, mode) = match used.is_some() && gate.covers(&EffectKind::FileWrite) {
        true => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
        false => (FsPerms::ReadOnly, OpenMode::READ),
    };
    let open = Open::new(name, folder, used, &context.data().door);
    let held = Held {
        open: Arc::new(open),
        writer: None,
    };
    Some((held, Dir::new(file, perms, mode, false)))
}

fn refuse(context: &StoreContextMut<'_, State>, name: &str, why: &str, fix: &str) {
    let door = &context.data().door;
    door.refuse(&EffectKind::FileRead, name, why, fix);
}

impl Files<'_> {
    fn wasi(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.fs.context,
            table: self.table,
        }
    }

    fn held(&self, fd: &Fd) -> FsResult<Held> {
        let held = self.fs.held.get(&fd.rep()).cloned();
        Ok(held.ok_or(ErrorCode::BadDescriptor)?)
    }

    fn writer(&self, fd: &Fd) -> FsResult<Arc<Writer>> {
        let held = self.held(fd)?;
        Ok(held.writer.ok_or(ErrorCode::NotPermitted)?)
    }

    fn folder(&self, fd: &Fd) -> FsResult<Dir> {
        match self.table.get(fd)? {
            Descriptor::Dir(folder) => Ok(folder.clone()),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    /// Has `change` of the folder `fd` cleared and made.
    async fn change(&mut self, fd: &Fd, change: Change, into: Option<Dir>) -> FsResult<Option<Fd>> {
        let Held { open, .. } = self.held(fd)?;
        let folder = self.folder(fd)?;
        let cleared = self.clear(&open, change).await?;
        let by = Arc::clone(&open);
        let made = spawn_blocking(move || by.change(cleared, &folder, into.as_ref())).await;
        let made = made.map_err(|_| ErrorCode::Io)?;
        if let Err(error) = &made
            && matches!(error.downcast_ref(), Some(ErrorCode::Quota))
        {
            open.is_full();
        }
        let Some((opened, writer)) = made? else {
            return Ok(None);
        };
        Ok(Some(self.hold(opened, Held { open, writer })?))
    }

    fn hold(&mut self, opened: Descriptor, held: Held) -> FsResult<Fd> {
        let fd = self.table.push(opened)?;
        self.fs.held.insert(fd.rep(), held);
        Ok(fd)
    }

    /// The one way to a change: the tool's effect covers it, the grant lets it, and its intent is durable.
    async fn clear(&mut self, open: &Open, change: Change) -> FsResult<Cleared<Part<Change>>> {
        let (Some(gate), true) = (&self.fs.gate, open.room.is_some()) else {
            open.only_read();
            return Err(ErrorCode::NotPermitted.into());
        };
        if self.fs.changes >= CHANGES {
            open.refuse("a call makes so many changes and no more", "");
            return Err(ErrorCode::Quota.into());
        }
        self.fs.changes += 1;
        let input = gate.commit(&canonical(&change.to_json()));
        let about = About {
            kind: &EffectKind::FileWrite,
            place: &open.name,
            rule: Some(open.rule.clone()),
            input: Some(input.map_err(|_| ErrorCode::Io)?),
        };
        let cleared = gate
            .clear(change, about)
            .map_err(|_| ErrorCode::NotPermitted)?;
        cleared
            .durable()
            .await
            .map_err(|_| ErrorCode::NotPermitted)?;
        Ok(cleared)
    }

    fn output(&mut self, fd: &Fd, at: Option<u64>) -> FsResult<Resource<DynOutputStream>> {
        let writer = self.writer(fd)?;
        let output: DynOutputStream = Box::new(Output::new(writer, at));
        Ok(self.table.push(output)?)
    }
}

impl types::Host for Files<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.wasi().convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        if let Some(code) = self.table.get(&error)?.downcast_ref::<ErrorCode>() {
            return Ok(Some(*code));
        }
        self.wasi().filesystem_error_code(error)
    }
}

/// What `wasmtime-wasi` does as it is: nothing of it changes anything.
macro_rules! as_it_is {
    ($(fn $name:ident($($argument:ident: $ty:ty),*) -> $gives:ty;)*) => {
        $(async fn $name(&mut self, $($argument: $ty),*) -> $gives {
            self.wasi().$name($($argument),*).await
        })*
    };
}

impl HostDescriptor for Files<'_> {
    as_it_is! {
        fn advise(fd: Fd, offset: Filesize, length: Filesize, advice: Advice) -> FsResult<()>;
        fn sync_data(fd: Fd) -> FsResult<()>;
        fn sync(fd: Fd) -> FsResult<()>;
        fn get_flags(fd: Fd) -> FsResult<DescriptorFlags>;
        fn get_type(fd: Fd) -> FsResult<DescriptorType>;
        fn read(fd: Fd, length: Filesize, offset: Filesize) -> FsResult<(Vec<u8>, bool)>;
        fn stat(fd: Fd) -> FsResult<DescriptorStat>;
        fn stat_at(fd: Fd, flags: PathFlags, path: String) -> FsResult<DescriptorStat>;
        fn readlink_at(fd: Fd, path: String) -> FsResult<String>;
        fn is_same_object(one: Fd, other: Fd) -> wasmtime::Result<bool>;
        fn metadata_hash(fd: Fd) -> FsResult<MetadataHashValue>;
        fn metadata_hash_at(fd: Fd, flags: PathFlags, path: String) -> FsResult<MetadataHashValue>;
    }

    fn read_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        self.wasi().read_via_stream(fd, offset)
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<DirectoryEntryStream>> {
        if self.fs.listings >= LISTINGS {
            return Err(ErrorCode::InsufficientMemory.into());
        }
        let listing = self.wasi().read_directory(fd).await?;
        self.fs.listings += 1;
        Ok(listing)
    }

    async fn open_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        how: OpenFlags,
        mode: DescriptorFlags,
    ) -> FsResult<Fd> {
        let opening = Opening {
            flags,
            path,
            how,
            mode,
        };
        if opening.is_change() {
            let opened = self.change(&fd, Change::Open(opening), None).await?;
            return Ok(opened.ok_or(ErrorCode::Io)?);
        }
        let Held { open, .. } = self.held(&fd)?;
        let gate = self.fs.gate.as_ref().ok_or(ErrorCode::NotPermitted)?;
        let checked = gate.check(&EffectKind::FileRead, &open.name);
        checked.map_err(|_| ErrorCode::NotPermitted)?;
        let (by, folder) = (Arc::clone(&open), self.folder(&fd)?);
        let opened = spawn_blocking(move || by.read(&folder, &opening)).await;
        let opened = opened.map_err(|_| ErrorCode::Io)??;
        self.hold(opened, Held { open, writer: None })
    }

    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        let writer = self.writer(&fd)?;
        let written = spawn_blocking(move || writer.write(&bytes, Some(offset))).await;
        Ok(written.map_err(|_| ErrorCode::Io)??)
    }

    async fn set_size(&mut self, fd: Fd, size: Filesize) -> FsResult<()> {
        let writer = self.writer(&fd)?;
        let resized = spawn_blocking(move || writer.set_size(size)).await;
        Ok(resized.map_err(|_| ErrorCode::Io)??)
    }

    fn write_via_stream(&mut self, fd: Fd, at: Filesize) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, Some(at))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, None)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let made = self.change(&fd, Change::MakeFolder(path), None).await;
        made.map(drop)
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let removed = self.change(&fd, Change::RemoveFolder(path), None).await;
        removed.map(drop)
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let removed = self.change(&fd, Change::Remove(path), None).await;
        removed.map(drop)
    }

    async fn rename_at(&mut self, fd: Fd, from: String, into: Fd, to: String) -> FsResult<()> {
        let (here, there) = (self.held(&fd)?, self.held(&into)?);
        if here.open.name != there.open.name {
            return Err(ErrorCode::CrossDevice.into()); // each folder has a quota of its own
        }
        let into = self.folder(&into)?;
        let renamed = self.change(&fd, Change::Rename(from, to), Some(into)).await;
        renamed.map(drop)
    }

    async fn link_at(&mut self, fd: Fd, _: PathFlags, _: String, _: Fd, _: String) -> FsResult<()> {
        self.no_links(&fd)
    }

    async fn symlink_at(&mut self, fd: Fd, _: String, _: String) -> FsResult<()> {
        self.no_links(&fd)
    }

    async fn set_times(&mut self, _: Fd, _: NewTimestamp, _: NewTimestamp) -> FsResult<()> {
        Err(ErrorCode::Unsupported.into())
    }

    async fn set_times_at(
        &mut self,
        _: Fd,
        _: PathFlags,
        _: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> FsResult<()> {
        Err(ErrorCode::Unsupported.into())
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        if let Some(Held {
            writer: Some(writer),
            ..
        }) = self.fs.held.remove(&fd.rep())
        {
            writer.close();
        }
        HostDescriptor::drop(&mut self.wasi(), fd)
    }
}

impl Files<'_> {
    /// A link could lead whoever else reads the folder to where it does not want to go.
    fn no_links(&self, fd: &Fd) -> FsResult<()> {
        self.held(fd)?.open.refuse("skills make no links", "");
        Err(ErrorCode::NotPermitted.into())
    }
}

impl HostDirectoryEntryStream for Files<'_> {
    as_it_is! {
        fn read_directory_entry(stream: Resource<DirectoryEntryStream>) -> FsResult<Option<DirectoryEntry>>;
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.wasi(), stream)?;
        self.fs.listings = self.fs.listings.saturating_sub(1);
        Ok(())
    }
}
