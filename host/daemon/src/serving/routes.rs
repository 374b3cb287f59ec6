//! What an agent can ask for: `/mcp`, and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as _, Incoming};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use vouchsafe_identity::{Issued, Peer, Token};
use vouchsafe_package::value;

use super::http::{Answer, json as json_answer, problem, whole};
use super::sessions::Sessions;
use crate::agents::Known;
use crate::owner::Owner;
use crate::protocol::{Failure, FailureKind};

/// The longest message from an agent, in bytes.
const MAX_MESSAGE: usize = 8 << 20;

/// A message up to which one is small, in bytes.
const SMALL: u64 = 16 << 10;

/// The longest request for a certificate, in bytes.
const MAX_REQUEST: usize = 64 << 10;

/// Answers one request of `peer`, or of somebody who showed no certificate.
pub(super) async fn answer(
    owner: &Owner,
    sessions: &Sessions,
    peer: Option<&Peer>,
    request: Request<Incoming>,
) -> Answer {
    if let Err(refused) = is_for_us(owner, &request) {
        return refused;
    }
    let answered = match request.uri().path() {
        "/mcp" => mcp(owner, sessions, peer, request).await,
        "/enrol" => enrol(owner, request).await,
        "/renew" => renew(owner, peer, request).await,
        _ => Err(problem(StatusCode::NOT_FOUND, "there is nothing here")),
    };
    answered.unwrap_or_else(|refused| refused)
}

/// Against pages that have a browser call here under another name (DNS rebinding), or from another page.
fn is_for_us(owner: &Owner, request: &Request<Incoming>) -> Result<(), Answer> {
    if request.headers().contains_key(ORIGIN) {
        return Err(problem(StatusCode::FORBIDDEN, "pages can't call this host"));
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let (header, another) = (hosts.next().map(|host| host.to_str()), hosts.next());
    let called = match (request.uri().authority(), header) {
        _ if another.is_some() => return Err(two_hosts()),
        (Some(authority), None) => authority.to_string(),
        (None, Some(Ok(host))) => host.to_owned(),
        (Some(authority), Some(Ok(host))) if authority.as_str() == host => host.to_owned(),
        _ => return Err(two_hosts()),
    };
    let (names, port) = owner.called();
    let is_ours = |name: &String| {
        let url = crate::agents::url(name, port);
        let name = url.strip_prefix("https://").unwrap_or(&url);
        called.eq_ignore_ascii_case(name)
            || port == 443 && Some(&*called) == name.strip_suffix(":443")
    };
    match names.iter().any(is_ours) {
        true => Ok(()),
        false => Err(problem(
            StatusCode::MISDIRECTED_REQUEST,
            "this host is not called so",
        )),
    }
}

fn two_hosts() -> Answer {
    problem(StatusCode::BAD_REQUEST, "the request names no host, or two")
}

/// Who is there; the reason why not is the operator's alone.
fn known(owner: &Owner, peer: Option<&Peer>) -> Result<Known, Answer> {
    let Some(peer) = peer else {
        let says = "show a client certificate: `vouchsafe connect` does";
        let mut refused = problem(StatusCode::UNAUTHORIZED, says);
        // RFC 9110, 15.5.2: a 401 has a challenge; that of a certificate is in TLS itself.
        let challenge = HeaderValue::from_static("Mutual realm=\"vouchsafe\"");
        refused.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        return Err(refused);
    };
    owner.recognise(peer).map_err(|why| {
        tracing::warn!(%why, "refused an agent");
        problem(StatusCode::FORBIDDEN, "this agent may not come in")
    })
}

async fn mcp(
    owner: &Owner,
    sessions: &Sessions,
    peer: Option<&Peer>,
    request: Request<Incoming>,
) -> Result<Answer, Answer> {
    let agent = sessions.of(&known(owner, peer)?.name);
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let request = Request::from_parts(parts, Empty::new().boxed());
        return Ok(agent.answer(request, false).await);
    }
    // Held until the message is understood: large ones go few at a time.
    let _large = match body.size_hint().upper() {
        Some(..=SMALL) => None,
        _ => Some(agent.large().await),
    };
    let body = whole(body, MAX_MESSAGE).await?;
    // One meaning or none: before any reader that would take the last of two keys.
    let message = value::parse_message(&body, &value::Caps::default()).map_err(|error| {
        let error = json!({ "code": -32700, "message": error.to_string() });
        let says = json!({ "jsonrpc": "2.0", "id": null, "error": error });
        json_answer(StatusCode::BAD_REQUEST, &says)
    })?;
    let begins = message
        .get("method")
        .is_some_and(|method| method == "initialize");
    let request = Request::from_parts(parts, Full::new(body).boxed());
    // A body takes its time. Whoever is revoked from here on has its sessions ended, this one too.
    known(owner, peer)?;
    Ok(agent.answer(request, begins).await)
}

async fn enrol(owner: &Owner, request: Request<Incoming>) -> Result<Answer, Answer> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Enrolment {
        invitation: String,
        request: String,
    }
    let Enrolment {
        invitation,
        request,
    } = read(request).await?;
    let token = Token::parse(&invitation)
        .map_err(|error| problem(StatusCode::FORBIDDEN, &error.to_string()))?;
    let issued = owner.enrol(&token, &der(&request)?).await;
    told(owner, issued)
}

async fn renew(
    owner: &Owner,
    peer: Option<&Peer>,
    request: Request<Incoming>,
) -> Result<Answer, Answer> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Renewal {
        request: String,
    }
    let known = known(owner, peer)?;
    let Some(peer) = peer else {
        return Err(problem(
            StatusCode::UNAUTHORIZED,
            "show a client certificate",
        ));
    };
    let Renewal { request } = read(request).await?;
    let issued = owner.renew((&known, peer), &der(&request)?).await;
    told(owner, issued)
}

async fn read<T: for<'de> Deserialize<'de>>(request: Request<Incoming>) -> Result<T, Answer> {
    if request.method() != Method::POST {
        return Err(problem(StatusCode::METHOD_NOT_ALLOWED, "it wants POST"));
    }
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    if kind != Some(b"application/json") {
        return Err(problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "it wants application/json",
        ));
    }
    let body = whole(request.into_body(), MAX_REQUEST).await?;
    let malformed =
        |error: &dyn std::fmt::Display| problem(StatusCode::BAD_REQUEST, &error.to_string());
    let json =
        value::parse_message(&body, &value::Caps::default()).map_err(|error| malformed(&error))?;
    serde_json::from_value::<T>(json).map_err(|error| malformed(&error))
}

fn der(base64: &str) -> Result<Vec<u8>, Answer> {
    let says = "`request` is a PKCS#10 request in base64";
    BASE64
        .decode(base64)
        .map_err(|_| problem(StatusCode::BAD_REQUEST, says))
}

fn told(owner: &Owner, issued: Result<Issued, Failure>) -> Result<Answer, Answer> {
    let refused = |failure: Failure| {
        tracing::warn!(why = %failure, "issued no certificate");
        let status = match failure.kind {
            FailureKind::Refused => StatusCode::FORBIDDEN,
            FailureKind::Usage => StatusCode::BAD_REQUEST,
            FailureKind::Tool | FailureKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // What is wrong with the host itself is the operator's.
        if status.is_server_error() {
            return problem(status, "the host can't do it now");
        }
        problem(status, &failure.message)
    };
    let Issued { pem, until } = issued.map_err(refused)?;
    let told: Json =
        json!({ "certificate": pem, "root": owner.door().authority().root_pem(), "until": until });
    Ok(json_answer(StatusCode::OK, &told))
}
