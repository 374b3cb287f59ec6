//! Reads and writes files, and tries what it may not.

use bindings::wasi::filesystem::preopens;
use bindings::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags, filesystem_error_code,
};
use bindings::wasi::io::streams::{OutputStream, StreamError};
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::Write;

vouchsafe_sdk::skill!(Filer);

struct Filer;

fn say(error: impl Display) -> String {
    error.to_string()
}

fn name(code: ErrorCode) -> String {
    code.name().to_owned()
}

fn folder(name: &str) -> Result<Descriptor, String> {
    let mut all = preopens::get_directories().into_iter();
    let found = all.find(|(_, path)| path == name);
    found.map(|(folder, _)| folder).ok_or_else(|| "no such folder".to_owned())
}

fn to_the_end(path: &str) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// A stream to the end of a file right in a folder.
fn stream(path: &str) -> Result<(Descriptor, OutputStream), String> {
    let (at, path) = path.rsplit_once('/').ok_or("no folder")?;
    let (how, mode) = (OpenFlags::CREATE, DescriptorFlags::WRITE);
    let file = folder(at)?.open_at(PathFlags::empty(), path, how, mode);
    let file = file.map_err(name)?;
    let stream = file.append_via_stream().map_err(name)?;
    Ok((file, stream))
}

fn pour(stream: &OutputStream, bytes: u32) -> (u32, String) {
    let mut written = 0;
    while written < bytes {
        match stream.blocking_write_and_flush(&[b'x'; 1000]) {
            Ok(()) => written += 1000,
            Err(StreamError::LastOperationFailed(error)) => {
                let code = filesystem_error_code(&error);
                return (written, code.map_or("no code".to_owned(), name));
            }
            Err(StreamError::Closed) => return (written, "closed".to_owned()),
        }
    }
    (written, String::new())
}

impl files::Guest for Filer {
    fn read(path: String) -> Result<String, String> {
        fs::read_to_string(path).map_err(say)
    }
    fn names(path: String) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(say)? {
            names.push(entry.map_err(say)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
    fn listings(at: String, times: u32) -> Result<u32, String> {
        let folder = folder(&at)?;
        let all = (0..times).map_while(|_| folder.read_directory().ok());
        let all: Vec<_> = all.collect();
        Ok(all.len() as u32)
    }
    fn write_in_read(path: String, text: String) -> Result<(), String> {
        fs::write(path, text).map_err(say)
    }
    fn open_raw(at: String, path: String, follow: bool) -> Result<String, String> {
        let flags = match follow {
            true => PathFlags::SYMLINK_FOLLOW,
            false => PathFlags::empty(),
        };
        let (how, mode) = (OpenFlags::empty(), DescriptorFlags::READ);
        let opened = folder(&at)?.open_at(flags, &path, how, mode).map_err(name)?;
        let (bytes, _) = opened.read(1000, 0).map_err(name)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
    fn write(path: String, text: String) -> Result<(), String> {
        fs::write(path, text).map_err(say)
    }
    fn remove(path: String) -> Result<(), String> {
        fs::remove_file(path).map_err(say)
    }
    fn rename(at: String, old: String, other: String, new: String) -> Result<(), String> {
        folder(&at)?.rename_at(&old, &folder(&other)?, &new).map_err(name)
    }
    fn make_folder(path: String) -> Result<(), String> {
        fs::create_dir(path).map_err(say)
    }
    fn link(at: String, old: String, new: String) -> Result<(), String> {
        let folder = folder(&at)?;
        folder.link_at(PathFlags::empty(), &old, &folder, &new).map_err(name)
    }
    fn symlink(at: String, target: String, path: String) -> Result<(), String> {
        folder(&at)?.symlink_at(&target, &path).map_err(name)
    }
    fn grow(path: String, bytes: u32) -> (u32, String) {
        match stream(&path) {
            Ok((_file, stream)) => pour(&stream, bytes),
            Err(error) => (0, error),
        }
    }
    fn stretch(path: String, bytes: u64) -> Result<(), String> {
        to_the_end(&path).and_then(|file| file.set_len(bytes)).map_err(say)
    }
    fn fill(folder: String, files: u32) -> (u32, String) {
        for n in 0..files {
            if let Err(error) = fs::write(format!("{folder}/{n}"), "") {
                return (n, say(error));
            }
        }
        (files, String::new())
    }
    fn hide(path: String, bytes: u32) -> Result<(), String> {
        let mut file = to_the_end(&path).map_err(say)?;
        file.write_all(&vec![b'x'; bytes as usize]).map_err(say)?;
        fs::remove_file(path).map_err(say)
    }
    fn write_and_trap(path: String, text: String) -> Result<(), String> {
        let mut file = to_the_end(&path).map_err(say)?;
        file.write_all(text.as_bytes()).map_err(say)?;
        panic!("after it wrote")
    }
}
