//! A request that a grant allows, as it is cleared and sent.

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value as Json, json};
use vouchsafe_clearance::{EffectGate, EffectKind};
use vouchsafe_package::manifest::{Auth, Placement};
use vouchsafe_package::value::canonical;
use vouchsafe_policy::http::{Admission, Destination, Headers, known_method};
use vouchsafe_secrets::{Placeholders, Unavailable};

use crate::failure::{Failure, Refused};

/// A request that a grant allows: destination, line and headers. Its body follows. [`judge`] makes one of what a guest
/// says, [`Outgoing::own`] one in the host's own words.
#[derive(Debug, Clone)]
pub struct Outgoing {
    admission: Admission,
    headers: HeaderMap,
    length: Option<u64>,
}

/// Reads a guest's request once, and finds the line of the grant that allows it.
pub(crate) fn judge(
    gate: &EffectGate,
    placeholders: &Placeholders,
    mut head: Parts,
) -> Result<Outgoing, Refused> {
    let method = head.method.as_str().to_owned();
    let unread = |why: String| Refused {
        kind: kind(&method, false),
        place: place(&head),
        why,
        fix: String::new(),
    };
    let destination = destination(&head).map_err(|error| unread(error.to_string()))?;
    let place = destination.place();
    let permit = gate.permit();
    let admission = permit
        .http()
        .admit(&permit.tool().name, &method, destination);
    let admission = admission.map_err(|refused| Refused {
        kind: kind(&method, false),
        place: place.clone(),
        why: refused.why,
        fix: refused.fix,
    })?;
    let refused = |why: String| Refused {
        kind: kind(&method, admission.reads()),
        place: place.clone(),
        why,
        fix: String::new(),
    };
    let auth = admission.http().auth.as_ref().map(|(auth, _)| auth);
    let target = admission.destination().to_string();
    let taken = placeholders.take(auth, &mut head.headers, &target);
    taken.map_err(|misplaced| refused(misplaced.to_string()))?;
    let all = head.headers.iter();
    let headers = Headers::check(all.map(|(name, value)| (name.as_str(), value.as_bytes())));
    let Headers { length } = headers.map_err(|error| refused(error.to_string()))?;
    if let Some((auth, _)) = &admission.http().auth {
        leaves_its_place(auth, &head, admission.destination())
            .map_err(|why| refused(why.to_owned()))?;
    }
    if !may_have_a_body(&method) && length.is_some_and(|length| length > 0) {
        return Err(refused(BODY.to_owned()));
    }
    Ok(Outgoing {
        admission,
        headers: head.headers,
        length,
    })
}

/// Where the host puts a credential, a guest puts nothing: a server would read one of the two.
fn leaves_its_place(auth: &Auth, head: &Parts, to: &Destination) -> Result<(), &'static str> {
    let (headers, parameters) = (auth.placement.headers(), auth.placement.parameters());
    if headers.iter().any(|name| has_header(head, name)) {
        return Err("the header is the credential's, which the host puts there");
    }
    if matches!(auth.placement, Placement::Aws { .. }) && head.headers.keys().any(asks_for_more) {
        return Err("the service reads more than method and path there, which no route judges");
    }
    if parameters.iter().any(|name| to.has_query(name)) {
        return Err("the query is the credential's, which the host puts there");
    }
    Ok(())
}

/// Headers of AWS's own with which a signed request copies, publishes or is another operation. Metadata and checksums
/// are a request's own.
fn asks_for_more(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    let harmless = ["x-amz-meta-", "x-amz-checksum-", "x-amz-sdk-checksum-"];
    name.starts_with("x-amz-") && !harmless.iter().any(|own| name.starts_with(own))
}

/// Some servers read `_` as `-`.
fn has_header(head: &Parts, name: &str) -> bool {
    let plain = |name: &str| name.replace('_', "-");
    let mut names = head.headers.keys();
    names.any(|found| plain(found.as_str()) == plain(name))
}

/// The most bytes of a body that is signed, and so kept until all of it is there: more than a part of an upload in parts
/// has to have at the least.
const SIGNED: u64 = 8 << 20;

/// Why a body is refused.
pub(crate) const BODY: &str = "a GET or HEAD has no body";

/// RFC 9110 gives a body of GET and HEAD no meaning, and some readers take it for the next request.
fn may_have_a_body(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD")
}

fn destination(head: &Parts) -> Result<Destination, vouchsafe_policy::http::BadDestination> {
    let uri = &head.uri;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    Destination::parse(uri.scheme_str().unwrap_or(""), authority, path)
}

fn kind(method: &str, reads: bool) -> EffectKind {
    EffectKind::Http {
        method: known_method(method).to_owned(),
        reads,
    }
}

/// Scheme, host and port of what can't be read further: the rest may hold secrets.
fn place(head: &Parts) -> String {
    let scheme = head.uri.scheme_str().unwrap_or("https");
    let host = head.uri.host().unwrap_or_default();
    match head.uri.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

impl Outgoing {
    /// What policy has admitted, with headers and a body of `length` bytes that the host itself words.
    pub(crate) fn own(admission: Admission, mut headers: HeaderMap, length: u64) -> Self {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        Self {
            admission,
            headers,
            length: Some(length),
        }
    }

    /// Where it goes, and which line lets it.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// What the guest set.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How long its body is, if the guest says so.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    pub(crate) fn has_a_body(&self) -> bool {
        may_have_a_body(self.admission.method())
    }

    /// The most bytes of its body if all of it must be there before any is sent, because it is signed.
    pub(crate) fn signed(&self) -> Option<u64> {
        let http = self.admission.http();
        let (auth, _) = http.auth.as_ref()?;
        auth.placement.signs().then(|| http.bounds.sent.min(SIGNED))
    }

    /// A refusal of it, for `why`, that no line of a grant would change.
    pub(crate) fn refused(&self, why: &str) -> Refused {
        Refused {
            kind: self.kind(),
            place: self.admission.destination().place(),
            why: why.to_owned(),
            fix: String::new(),
        }
    }

    /// The refusal of it for lack of its credential.
    pub(crate) fn without(&self, missing: Unavailable) -> Failure {
        let refused = Refused {
            fix: missing.fix,
            ..self.refused(&missing.why)
        };
        Failure::Refused(Box::new(refused))
    }

    pub(crate) fn kind(&self) -> EffectKind {
        kind(self.admission.method(), self.admission.reads())
    }

    /// Destination and route, as the record names them.
    pub(crate) fn rule(&self) -> String {
        let rule = format!("{}: {}", self.admission.name(), self.admission.rule());
        match &self.admission.http().auth {
            Some((_, source)) => format!("{rule}, with the credential {}", source.kept),
            None => rule,
        }
    }

    /// What the record commits to: all of it but the body, which has not come yet.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers: Vec<Json> = self
            .headers
            .iter()
            .map(|(name, value)| json!([name.as_str(), text(value)]))
            .collect();
        canonical(&json!({
            "method": self.admission.method(),
            "url": self.admission.destination().to_string(),
            "headers": headers,
            "credential": self.admission.http().auth.as_ref().map(|(_, source)| source.kept.to_string()),
        }))
    }

    /// Bytes of its first line and headers, roughly.
    pub(crate) fn head_bytes(&self) -> u64 {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        let line = self.admission.destination().path_and_query().len()
            + self.admission.method().len()
            + 12;
        (headers + line) as u64
    }
}
