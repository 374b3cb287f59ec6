//! Puts a credential into the one place of a request where it belongs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::utf8_percent_encode;
use url::form_urlencoded;
use vouchsafe_ambient::clock;
use vouchsafe_package::manifest::{Auth, Placement};
use vouchsafe_policy::grant::SecretSource;
use zeroize::Zeroizing;

use crate::lease::Lease;
use crate::provider::Unavailable;
use crate::sign::{self, RESERVED, Whole};
use crate::strength;

/// What a credential adds to a request besides headers; nothing for most.
#[derive(Default)]
pub struct Put {
    /// Of its address: `name=value`, escaped.
    pub extra: Option<Zeroizing<String>>,
    /// The signature that it made. It is worth what it signs, so it is watched for as the credential is.
    pub signature: Option<String>,
}

/// Puts `lease` where `auth` says, or signs `request` with it. `source` says whose it is.
///
/// # Errors
/// When this value can't stand there, or this request can't be signed.
pub fn put(
    lease: &Lease,
    auth: &Auth,
    source: &SecretSource,
    request: &Whole<'_>,
    headers: &mut HeaderMap,
) -> Result<Put, Unavailable> {
    let wrong =
        |why: &str| Unavailable::new(format!("the credential `{}` {why}", lease.reference()), "");
    let text = std::str::from_utf8(lease.value()).map_err(|_| wrong("is not text"))?;
    let user = lease.user().or(source.user.as_deref());
    match &auth.placement {
        Placement::Header { name, format } => {
            let whole = Zeroizing::new(format.replace("{}", text));
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("has no such header"))?;
            headers.insert(
                name,
                value(&whole).ok_or_else(|| wrong("has characters that no header holds"))?,
            );
        }
        Placement::Basic => {
            let (user, password) = pair(text, user).ok_or_else(|| unpaired(lease))?;
            headers.insert(
                AUTHORIZATION,
                basic(user, password).ok_or_else(|| wrong("can't be a header"))?,
            );
        }
        Placement::OAuth { .. } => {
            let (user, password) = pair(text, user).ok_or_else(|| unpaired(lease))?;
            // RFC 6749, 2.3.1: each is escaped as in a form.
            let escaped = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let (user, password): (String, Zeroizing<String>) =
                (escaped(user), Zeroizing::new(escaped(password)));
            headers.insert(
                AUTHORIZATION,
                basic(&user, &password).ok_or_else(|| wrong("can't be a header"))?,
            );
        }
        Placement::Query { name } => {
            let extra = Zeroizing::new(format!("{name}={}", *escaped(text)));
            return Ok(Put {
                extra: Some(extra),
                ..Put::default()
            });
        }
        Placement::Hmac(signature) => {
            let signed = sign::with_hmac(lease.value(), signature, request, clock::now(), headers);
            let signature = signed.ok_or_else(|| wrong("can't sign this request"))?;
            return Ok(Put {
                signature: Some(signature),
                ..Put::default()
            });
        }
        Placement::Aws { service } => {
            let (id, secret) = pair(text, user).ok_or_else(|| unpaired(lease))?;
            let region = source.region.as_deref().unwrap_or_default();
            let key = sign::Key {
                id,
                secret,
                region,
                service,
            };
            let signed = sign::for_aws(&key, request, clock::now(), headers);
            let signature = signed.ok_or_else(|| wrong("can't sign this request"))?;
            return Ok(Put {
                signature: Some(signature),
                ..Put::default()
            });
        }
    }
    Ok(Put::default())
}

/// RFC 7617.
fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    value(&Zeroizing::new(format!(
        "Basic {}",
        BASE64.encode(pair.as_bytes())
    )))
}

fn unpaired(lease: &Lease) -> Unavailable {
    let why = format!(
        "the credential `{}` is not `user:password` with a password of at least {} bytes",
        lease.reference(),
        strength::SHORTEST
    );
    let fix = "keep it as `user:password`, or add `user = \"...\"` to `auth` in the grant";
    Unavailable::new(why, fix)
}

/// User and password (RFC 7617), of which the password can be watched for.
/// Whose a credential is and what it is, for where one signs in with both.
///
/// # Errors
/// When it is not text, or nothing says whose it is.
pub fn login<'a>(
    lease: &'a Lease,
    source: &'a SecretSource,
) -> Result<(&'a str, &'a str), Unavailable> {
    let text = std::str::from_utf8(lease.value()).map_err(|_| unpaired(lease))?;
    let user = lease.user().or(source.user.as_deref());
    pair(text, user).ok_or_else(|| unpaired(lease))
}

fn pair<'a>(text: &'a str, user: Option<&'a str>) -> Option<(&'a str, &'a str)> {
    match user {
        Some(user) => Some((user, text)),
        None => {
            let pair = text.split_once(':');
            pair.filter(|(_, password)| password.len() >= strength::SHORTEST)
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

/// With escapes for everything but what RFC 3986 calls unreserved.
fn escaped(text: &str) -> Zeroizing<String> {
    Zeroizing::new(utf8_percent_encode(text, RESERVED).to_string())
}

#[cfg(test)]
mod tests {
    use vouchsafe_keys::Secret;
    use vouchsafe_policy::grant::KeptIn;
    use vouchsafe_policy::http::Destination;

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

    fn put(
        lease: &Lease,
        auth: &Auth,
        user: Option<&str>,
        headers: &mut HeaderMap,
    ) -> Result<Put, Unavailable> {
        let source = SecretSource {
            kept: KeptIn::Sealed {
                name: "x".to_owned(),
            },
            user: user.map(str::to_owned),
            query: false,
            region: None,
        };
        let request = Whole {
            method: "GET",
            to: &Destination::parse("https", "bank.test", "/").unwrap(),
            body: b"",
        };
        super::put(lease, auth, &source, &request, headers)
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
        .extra
        .unwrap();
        assert_eq!(&**extra, "key=a%26b%3Dc%2F%C3%A9%20x");
    }
}
