//! The credential of one request: put in, and watched for in what comes back.

use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use hyper::ext::ReasonPhrase;
use vouchsafe_package::manifest::Auth;
use vouchsafe_policy::grant::SecretSource;
use vouchsafe_secrets::{Lease, Put, Unavailable, Watch, Whole, put};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// A credential that is in a request.
pub(crate) struct Credential {
    lease: Arc<Lease>,
    extra: Option<Zeroizing<String>>,
    watch: Arc<Watch>,
}

impl Credential {
    /// Puts `lease` into `headers`, or signs `request` with it, and asks for an answer that can be watched.
    pub(crate) fn put(
        lease: Arc<Lease>,
        auth: &Auth,
        source: &SecretSource,
        request: &Whole<'_>,
        headers: &mut HeaderMap,
    ) -> Result<Self, Unavailable> {
        let Put { extra, signature } = put(&lease, auth, source, request, headers)?;
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let watch = match signature {
            Some(signature) => lease.watch_with(&signature),
            None => Arc::clone(lease.watch()),
        };
        Ok(Self {
            lease,
            extra,
            watch,
        })
    }

    /// What it adds to the address.
    pub(crate) fn extra(&self) -> Option<&str> {
        self.extra.as_ref().map(|extra| extra.as_str())
    }

    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// Where it is kept, and which value it is.
    pub(crate) fn version(&self) -> (String, String) {
        (
            self.lease.reference().to_owned(),
            self.lease.version().to_owned(),
        )
    }
}

/// Looks for the credential in what comes before a body, and whether the body can be watched at all.
pub(crate) fn watch_head<B>(watch: &Watch, response: &Response<B>) -> Result<(), Failure> {
    let reason = response.extensions().get::<ReasonPhrase>();
    let said = reason.is_some_and(|reason| watch.finds(reason.as_bytes()));
    if said || is_in(watch, response.headers()) {
        return Err(Failure::Echo);
    }
    let codings = [
        (CONTENT_ENCODING, "identity"),
        (TRANSFER_ENCODING, "chunked"),
    ];
    match codings
        .iter()
        .all(|(name, plain)| has_only(response.headers(), name, plain))
    {
        true => Ok(()),
        false => Err(Failure::Unwatched),
    }
}

/// Whether it is in the name or value of a header.
pub(crate) fn is_in(watch: &Watch, headers: &HeaderMap) -> bool {
    let mut headers = headers.iter();
    headers
        .any(|(name, value)| watch.finds(name.as_str().as_bytes()) || watch.finds(value.as_bytes()))
}

fn has_only(headers: &HeaderMap, name: &HeaderName, plain: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    values.all(|value| {
        value
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(plain.as_bytes())
    })
}
