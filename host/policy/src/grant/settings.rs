//! `[settings]`: the values that an operator gives to the names of `wasi:config`.

use vouchsafe_package::words;

/// Longest value, in bytes. Every value is shown when it comes into force, and copied into each call
/// that reads it: 16 KiB holds a page of text, and is as much as a skill's own default may have.
pub const MAX_SETTING: usize = 16 << 10;

/// A value as it may stand in a grant. An empty one is a line that was not filled in yet.
pub(super) fn value(text: String) -> Result<String, String> {
    if text.is_empty() {
        return Err("the value is empty: write one, or take the line out".to_owned());
    }
    if text.len() > MAX_SETTING {
        let length = text.len();
        return Err(format!(
            "the value has {length} bytes; at most {MAX_SETTING} are given"
        ));
    }
    match words::problem(&text) {
        Some(why) => Err(why),
        None => Ok(text),
    }
}
