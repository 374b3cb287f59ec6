//! AWS's Signature Version 4, as its page "Create a signed AWS API request" has it.

use aws_lc_rs::{digest, hmac};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{RESERVED, Whole, insert};

/// The access key, and what its signatures are for.
pub(crate) struct Key<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// All that is escaped, in a path.
const RESERVED_IN_PATHS: &AsciiSet = &RESERVED.remove(b'/');

/// Puts the signature and what it needs into `headers`, and gives it; nothing where a header or the address is not plain text.
pub(crate) fn sign(
    key: &Key<'_>,
    request: &Whole<'_>,
    at: Timestamp,
    headers: &mut HeaderMap,
) -> Option<String> {
    let time = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let date = time.get(..8)?;
    let payload = hex::encode(digest::digest(&digest::SHA256, request.body));
    insert(headers, "x-amz-date", &time)?;
    insert(headers, "x-amz-content-sha256", &payload)?;
    let (names, lines) = signed(request, headers)?;
    let canonical = [
        request.method,
        &path(key.service, request.to.path().as_str())?,
        &query(&request.to.path_and_query())?,
        &lines,
        &names,
        &payload,
    ]
    .join("\n");
    let scope = [date, key.region, key.service, "aws4_request"];
    let hashed = hex::encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
    let wanted = [ALGORITHM, &time, &scope.join("/"), &hashed].join("\n");
    let signature = hex::encode(&*tag(&derived(key.secret, &scope), wanted.as_bytes()));
    let credential = format!("{}/{}", key.id, scope.join("/"));
    let whole = format!(
        "{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    );
    insert(headers, "authorization", &whole)?;
    Some(signature)
}

/// The key of one day, region and service.
fn derived(secret: &str, scope: &[&str]) -> Zeroizing<Vec<u8>> {
    let first = Zeroizing::new(format!("AWS4{secret}").into_bytes());
    scope
        .iter()
        .fold(first, |key, part| tag(&key, part.as_bytes()))
}

fn tag(key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    Zeroizing::new(hmac::sign(&key, message).as_ref().to_vec())
}

/// Names and lines of the headers that are signed: the host, and those whose meaning the service looks at.
fn signed(request: &Whole<'_>, headers: &HeaderMap) -> Option<(String, String)> {
    let counts = |name: &&HeaderName| *name == CONTENT_TYPE || name.as_str().starts_with("x-amz-");
    let mut lines = vec![("host", request.to.authority())];
    for name in headers.keys().filter(counts) {
        let values = headers.get_all(name).iter();
        let values: Option<Vec<_>> = values
            .map(|value| Some(plain(value.to_str().ok()?)))
            .collect();
        lines.push((name.as_str(), values?.join(",")));
    }
    lines.sort();
    let names: Vec<_> = lines.iter().map(|(name, _)| *name).collect();
    let all = lines
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"));
    Some((names.join(";"), all.collect()))
}

/// Without blanks around it, and one where more stand together.
fn plain(value: &str) -> String {
    value
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// S3 reads a path's escapes before it writes its own; the others escape what they got. What is no text could be signed
/// as another.
fn path(service: &str, path: &str) -> Option<String> {
    let escaped = match service {
        "s3" => percent_decode_str(path)
            .decode_utf8()
            .ok()?
            .split('/')
            .map(|segment| utf8_percent_encode(segment, RESERVED).to_string())
            .collect::<Vec<_>>()
            .join("/"),
        _ => utf8_percent_encode(path, RESERVED_IN_PATHS).to_string(),
    };
    Some(escaped)
}

fn query(path_and_query: &str) -> Option<String> {
    let query = path_and_query
        .split_once('?')
        .map_or("", |(_, query)| query);
    percent_decode_str(query).decode_utf8().ok()?;
    let escaped = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut pairs: Vec<_> = pairs
        .map(|(name, value)| (escaped(&name), escaped(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Some(pairs.join("&"))
}
