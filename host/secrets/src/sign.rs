//! Signs a request with a credential that both sides have and that never travels.
//!
//! INVARIANT (as sent): what is signed is what is sent. A [`Whole`] is made of the very values that go out, its body
//! buffered to the end.

mod aws;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use vouchsafe_package::manifest::{Encoding, Part, Signature};
use vouchsafe_policy::http::Destination;

pub(crate) use aws::{Key, sign as for_aws};

/// All but what RFC 3986 calls unreserved.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request as it will be sent.
pub struct Whole<'a> {
    /// Its method.
    pub method: &'a str,
    /// Where it goes.
    pub to: &'a Destination,
    /// All of its body.
    pub body: &'a [u8],
}

/// Puts an HMAC over the parts of `request` that `signature` names into `headers`, and gives it; nothing where that can't be.
pub(crate) fn with_hmac(
    key: &[u8],
    signature: &Signature,
    request: &Whole<'_>,
    at: Timestamp,
    headers: &mut HeaderMap,
) -> Option<String> {
    let time = at.as_second().to_string();
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in signature.over.parts() {
        match part {
            Part::Text(text) => mac.update(text.as_bytes()),
            Part::Slot(name) => match &**name {
                "method" => mac.update(request.method.as_bytes()),
                "host" => mac.update(request.to.authority().as_bytes()),
                "target" => mac.update(request.to.path_and_query().as_bytes()),
                "timestamp" => mac.update(time.as_bytes()),
                "body" => mac.update(request.body),
                _ => return None,
            },
        }
    }
    let tag = mac.sign();
    let written = match signature.encoding {
        Encoding::Hex => hex::encode(tag),
        Encoding::Base64 => BASE64.encode(tag),
    };
    if let Some(name) = &signature.timestamp {
        insert(headers, name, &time)?;
    }
    insert(
        headers,
        &signature.header,
        &signature.format.replace("{}", &written),
    )?;
    Some(written)
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Option<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Some(())
}

#[cfg(test)]
mod tests;
