//! What guests ask for: where requests go, what their headers say, which rule they fall under.

use http::{HeaderMap, HeaderName, HeaderValue};
use vouchsafe_package::manifest::{Auth, Placement, Route};
use vouchsafe_policy::grant::KeptIn;
use vouchsafe_policy::http::{Destination, Headers, Path};
use vouchsafe_policy::route;
use vouchsafe_secrets::{Placeholders, Token};

/// Scheme, authority and path, a line each: what is read is written in the one spelling that is read
/// as the same, and a record says no more than its beginning.
pub fn destination(bytes: &[u8]) {
    crate::text(bytes, |text| {
        let mut lines = text.splitn(3, '\n');
        let mut line = || lines.next().unwrap_or_default();
        let (scheme, authority, path) = (line(), line(), line());
        match Destination::parse(scheme, authority, path) {
            Ok(one) => {
                let again = Destination::parse(scheme, &one.authority(), &one.path_and_query());
                assert_eq!(again.as_ref(), Ok(&one));
                assert!(one.port() > 0);
                assert!(one.to_string().bytes().all(|byte| byte.is_ascii_graphic()));
                let place = one.place();
                assert!(one.to_string().starts_with(&place) && !place.contains(['@', '?', '#']));
            }
            Err(error) => drop(error.to_string()),
        }
    });
}

/// Headers, a line each with `: ` after the name: what passes has one length and nothing of the host's.
pub fn header(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n');
    let split = |line: &[u8]| -> Option<(String, Vec<u8>)> {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = str::from_utf8(line.get(..colon)?).ok()?;
        Some((
            name.to_owned(),
            line.get(colon + 2..).unwrap_or_default().to_vec(),
        ))
    };
    let all: Vec<_> = lines.filter_map(split).collect();
    let each = all
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()));
    if Headers::check(each).is_ok() {
        for (name, value) in &all {
            let name = name.replace('_', "-");
            let ours = [
                "host",
                "connection",
                "transfer-encoding",
                "authorization",
                "cookie",
            ];
            assert!(
                !ours.contains(&name.as_str())
                    && !name.starts_with("proxy-")
                    && !name.starts_with("x-forwarded-")
            );
            assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
        }
        let lengths = all
            .iter()
            .filter(|(name, _)| name == "content-length")
            .count();
        assert!(lengths <= 1);
    }
}

/// What a service answers who is asked for a token: why there is none repeats nothing of it but what the RFC knows.
pub fn token(bytes: &[u8]) {
    let at = KeptIn::Sealed {
        name: "client".to_owned(),
    };
    let status = if bytes.first() == Some(&b'{') {
        200
    } else {
        400
    };
    if let Err(none) = Token::read(status, bytes, &at) {
        assert!(none.why.len() < 300 && none.why.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
}

/// A request's path and its headers, a line each, where `{}` is the call's placeholder: it is taken from its own header
/// alone, and what passes holds none.
pub fn placeholder(bytes: &[u8]) {
    let call = Placeholders::new(["token"].into_iter());
    let (_, held) = call.all().next().expect("randomness");
    crate::text(bytes, |text| {
        let text = text.replace("{}", held);
        let (target, lines) = text.split_once('\n').unwrap_or((&text, ""));
        let lines = lines.lines().filter_map(|line| line.split_once(": "));
        let read = lines.filter_map(|(name, value)| {
            Some((
                name.parse::<HeaderName>().ok()?,
                value.parse::<HeaderValue>().ok()?,
            ))
        });
        let said: HeaderMap = read.collect();
        let auth = Auth {
            secret: "token".to_owned(),
            placement: Placement::Header {
                name: "x-key".to_owned(),
                format: "Key {}".to_owned(),
            },
            placeholder: true,
        };
        let holds = |value: &HeaderValue| {
            value
                .as_bytes()
                .windows(held.len())
                .any(|part| part == held.as_bytes())
        };
        let mut left = said.clone();
        if call.take(Some(&auth), &mut left, target).is_ok() {
            assert!(!target.contains(held) && !left.values().any(holds));
            if left != said {
                let whole = format!("Key {held}");
                assert_eq!(
                    said.get("x-key").map(HeaderValue::as_bytes),
                    Some(whole.as_bytes())
                );
                assert_eq!(said.len(), left.len() + 1);
            }
        }
        let mut elsewhere = said.clone();
        let passes = call.take(None, &mut elsewhere, target).is_ok();
        assert!(!passes || elsewhere == said && !said.values().any(holds));
    });
}

/// A route and a path, a line each: a path that a route without stars allows is that route's own, and
/// no path that is allowed leaves the words before the first star, however often it is decoded.
pub fn path_rule(bytes: &[u8]) {
    crate::text(bytes, |text| {
        let (rule, spelt) = text.split_once('\n').unwrap_or((text, ""));
        let (Ok(rule), Ok(path)) = (rule.parse::<Route>(), Path::parse(spelt)) else {
            return;
        };
        assert_eq!(Path::parse(path.as_str()).as_ref(), Ok(&path));
        if !route::matches(&rule, &rule.method, path.as_str()) {
            return;
        }
        let fixed = rule.path.split('*').next().unwrap_or_default();
        assert!(path.as_str().starts_with(fixed));
        if !rule.path.contains('*') {
            assert_eq!(path.as_str(), rule.path);
        }
        let decoded = path
            .as_str()
            .replace("%2E", ".")
            .replace("%2F", "/")
            .replace("%5C", "\\");
        assert!(!decoded.split(['/', '\\']).any(|segment| segment == ".."));
    });
}
