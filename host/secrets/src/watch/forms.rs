//! The forms of a credential that are looked for as they are.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Raw, percent-encoded, base64, hex and JSON-escaped.
pub(super) fn of(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_vec()];
    forms.extend(percent(value));
    forms.extend(encoded(value));
    forms.extend(json(value));
    forms.sort();
    forms.dedup();
    forms
}

/// Those of which nothing of the value itself is to be seen: base64 and hex.
pub(super) fn encoded(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = base64(value);
    forms.push(hex::encode(value).into());
    forms
}

fn percent(value: &[u8]) -> Vec<Vec<u8>> {
    let with = |upper: bool, keep: fn(u8) -> bool, blank: &str| {
        let mut text = String::new();
        for byte in value {
            match byte {
                b' ' if !blank.is_empty() => text.push_str(blank),
                byte if keep(*byte) => text.push(char::from(*byte)),
                byte if upper => drop(write!(text, "%{byte:02X}")),
                byte => drop(write!(text, "%{byte:02x}")),
            }
        }
        text.into_bytes()
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let none = |_: u8| false;
    let mut forms = vec![
        with(true, unreserved, ""),
        with(true, unreserved, "+"),
        with(false, unreserved, ""),
    ];
    forms.extend([with(true, none, ""), with(false, none, "")]);
    forms
}

/// The characters that `value` alone decides, wherever it stands in what was encoded, in both alphabets.
fn base64(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let padded = [vec![0; before], value.to_vec()].concat();
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for encoded in [
            STANDARD_NO_PAD.encode(&padded),
            URL_SAFE_NO_PAD.encode(&padded),
        ] {
            forms.extend(encoded.as_bytes().get(first..last).map(<[u8]>::to_vec));
        }
    }
    forms
}

/// As JSON writers escape it: what must be, slashes too, beyond ASCII too, and everything.
fn json(value: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(value) else {
        return Vec::new();
    };
    let quoted = serde_json::Value::from(text).to_string();
    let plain = quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default()
        .to_owned();
    let all = |upper: bool| {
        let mut escaped = String::new();
        for unit in text.encode_utf16() {
            match upper {
                true => drop(write!(escaped, "\\u{unit:04X}")),
                false => drop(write!(escaped, "\\u{unit:04x}")),
            }
        }
        escaped.into_bytes()
    };
    vec![
        plain.replace('/', "\\/").into_bytes(),
        plain.into_bytes(),
        all(false),
        all(true),
    ]
}
