//! Lines for the operator. A skill that uses them imports `vouchsafe:skill/log@0.1.0`.
//!
//! The host bounds their number and length, escapes them, and marks them as the skill's words.
//! Natively, in a skill's own tests, they go to stderr.

/// Something for the author.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref());
}

/// Something that went as it should.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref());
}

/// Something that an operator should look at in time.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref());
}

/// Something that an operator should look at now.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref());
}

#[allow(
    warnings,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated"
)]
mod generated {
    vouchsafe_sdk_macro::import!("vouchsafe:skill/log@0.1.0");
}

use generated::vouchsafe::skill::log::Level;

/// More of a message than the host keeps in all; far more would end the call.
#[cfg(target_family = "wasm")]
const MESSAGE_BYTES: usize = 32 << 10;

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str) {
    let end = message.floor_char_boundary(MESSAGE_BYTES);
    generated::vouchsafe::skill::log::write(level, message.get(..end).unwrap_or_default());
}

#[cfg(not(target_family = "wasm"))]
fn write(level: Level, message: &str) {
    eprintln!("{level:?}: {message}");
}
