//! The few environment variables that the host reads. None ever reaches a guest.

use std::path::PathBuf;

/// The value of `name`, if it is set, valid Unicode and not empty.
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The directory in `name`, if it is set and absolute (the XDG specification ignores relative ones).
pub fn directory(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(name)?);
    path.is_absolute().then_some(path)
}

/// The path of the running program.
///
/// # Errors
/// When the operating system cannot tell.
pub fn current_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}
