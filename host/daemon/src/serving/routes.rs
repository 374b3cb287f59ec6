//! What an agent can ask for: `/mcp`, and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
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
    let header = request.headers().get(HOST).map(|host| host.to_str());
    let called = match (request.uri().authority(), header) {
        (Some(authority), None) => authority.to_string(),
        (None, Some(Ok(host))) => host.to_owned(),
        (Some(authority), Some(Ok(host))) if authority.as_str() == host => host.to_owned(),
        _ => {
            return Err(problem(
                StatusCode::BAD_REQUEST,
                "the request names no host, or two",
            ));
        }
    };
    let network = owner.network();
    let urls = network
        .names
        .iter()
        .map(|name| crate::agents::url(name, network.listen.port()));
    let is_ours = |url: String| {
        let name = url.strip_prefix("https://").unwrap_or(&url);
        called.eq_ignore_ascii_case(name)
            || network.listen.port() == 443 && Some(&*called) == name.strip_suffix(":443")
    };
    match urls.into_iter().any(is_ours) {
        true => Ok(()),
        false => Err(problem(
            StatusCode::MISDIRECTED_REQUEST,
            "this host is not called so",
        )),
    }
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
    let known = known(owner, peer)?;
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let request = Request::from_parts(parts, Empty::new().boxed());
        return Ok(sessions.answer(&known, request).await);
    }
    let body = whole(body, MAX_MESSAGE).await?;
    // One meaning or none: before any reader that would take the last of two keys.
    value::parse_message(&body, &value::Caps::default()).map_err(|error| {
        let error = json!({ "code": -32700, "message": error.to_string() });
        let says = json!({ "jsonrpc": "2.0", "id": null, "error": error });
        json_answer(StatusCode::BAD_REQUEST, &says)
    })?;
    let request = Request::from_parts(parts, Full::new(body).boxed());
    Ok(sessions.answer(&known, request).await)
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
    let Renewal { request } = read(request).await?;
    let issued = owner.renew(&known, &der(&request)?).await;
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
        let status = match failure.kind {
            FailureKind::Refused => StatusCode::FORBIDDEN,
            FailureKind::Usage => StatusCode::BAD_REQUEST,
            FailureKind::Tool | FailureKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        problem(status, &failure.message)
    };
    let Issued { pem, until } = issued.map_err(refused)?;
    let told: Json =
        json!({ "certificate": pem, "root": owner.door().authority().root_pem(), "until": until });
    Ok(json_answer(StatusCode::OK, &told))
}
