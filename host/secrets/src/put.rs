//! Puts a credential into the one place of a request where it belongs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use vouchsafe_package::manifest::{Auth, Placement};
use zeroize::Zeroizing;

use crate::lease::Lease;
use crate::provider::Unavailable;
use crate::strength;

/// What a credential adds to a request's address: `name=value`, escaped; nothing for most.
pub type Extra = Option<Zeroizing<String>>;

/// Puts `lease` where `auth` says. `user` is for basic authentication.
///
/// # Errors
/// When this value can't stand there.
pub fn put(
    lease: &Lease,
    auth: &Auth,
    user: Option<&str>,
    headers: &mut HeaderMap,
) -> Result<Extra, Unavailable> {
    let wrong =
        |why: &str| Unavailable::new(format!("the credential `{}` {why}", lease.reference()), "");
    let text = std::str::from_utf8(lease.value()).map_err(|_| wrong("is not text"))?;
    match &auth.placement {
        Placement::Header { name, format } => {
            let whole = Zeroizing::new(format.replace("{}", text));
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("has no such header"))?;
            headers.insert(
                name,
                value(&whole).ok_or_else(|| wrong("has characters that no header holds"))?,
            );
            Ok(None)
        }
        Placement::Basic => {
            let pair = pair(text, lease.user().or(user)).ok_or_else(|| {
                let why = format!("the credential `{}` is not `user:password` with a password of at least {} bytes", lease.reference(), strength::SHORTEST);
                Unavailable::new(why, "keep it as `user:password`, or add `user = \"...\"` to `auth` in the grant")
            })?;
            let whole = Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())));
            headers.insert(
                AUTHORIZATION,
                value(&whole).ok_or_else(|| wrong("can't be a header"))?,
            );
            Ok(None)
        }
        Placement::Query { name } => {
            let mut extra = Zeroizing::new(format!("{name}="));
            escape(text.as_bytes(), &mut extra);
            Ok(Some(extra))
        }
    }
}

/// `user:password` (RFC 7617), with a password that can be watched for.
fn pair(text: &str, user: Option<&str>) -> Option<Zeroizing<String>> {
    match user {
        Some(user) => Some(Zeroizing::new(format!("{user}:{text}"))),
        None => {
            let (_, password) = text.split_once(':')?;
            (password.len() >= strength::SHORTEST).then(|| Zeroizing::new(text.to_owned()))
        }
    }
}

/// Visible ASCII and blanks; marked so that HTTP/2 keeps it out of its tables (RFC 7541, 7.1.3).
fn value(text: &str) -> Option<HeaderValue> {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut value = HeaderValue::from_str(text).ok().filter(|_| plain)?;
    value.set_sensitive(true);
    Some(value)
}

/// Everything but what RFC 3986 calls unreserved.
fn escape(bytes: &[u8], into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| {
        HEX.get(usize::from(nibble))
            .map_or('0', |digit| char::from(*digit))
    };
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            into.push(char::from(*byte));
        } else {
            into.push('%');
            into.push(digit(byte >> 4));
            into.push(digit(byte & 15));
        }
    }
}

#[cfg(test)]
mod tests {
    use vouchsafe_keys::Secret;

    use super::*;

    fn lease(value: &str) -> Lease {
        Lease::new(
            "sealed x".to_owned(),
            "1".to_owned(),
            Secret::from(value.to_owned()),
        )
        .unwrap_or_else(|_| panic!())
    }

    fn auth(placement: Placement) -> Auth {
        Auth {
            secret: "x".to_owned(),
            placement,
            placeholder: false,
        }
    }

    fn header(value: &str, format: &str) -> Result<HeaderMap, Unavailable> {
        let placement = Placement::Header {
            name: "x-key".to_owned(),
            format: format.to_owned(),
        };
        let mut headers = HeaderMap::new();
        put(&lease(value), &auth(placement), None, &mut headers).map(|_| headers)
    }

    #[test]
    fn each_form_has_its_place() {
        assert_eq!(
            header("abcdefgh", "Bearer {}").unwrap()["x-key"],
            "Bearer abcdefgh"
        );
        assert!(header("abcdefgh", "{}").unwrap()["x-key"].is_sensitive());
        assert!(header("abcdefgé", "{}").is_err());
        let basic = |value: &str, user: Option<&str>| {
            let mut headers = HeaderMap::new();
            put(&lease(value), &auth(Placement::Basic), user, &mut headers)
                .map(|_| headers["authorization"].clone())
        };
        assert_eq!(
            basic("Aladdin:open sesame", None).unwrap(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(
            basic("open sesame", Some("Aladdin")).unwrap(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert!(basic("open sesame", None).is_err());
        assert!(basic("Aladdin:open", None).is_err());
        let query = Placement::Query {
            name: "key".to_owned(),
        };
        let extra = put(
            &lease("a&b=c/é x"),
            &auth(query),
            None,
            &mut HeaderMap::new(),
        )
        .unwrap()
        .unwrap();
        assert_eq!(&**extra, "key=a%26b%3Dc%2F%C3%A9%20x");
    }
}
