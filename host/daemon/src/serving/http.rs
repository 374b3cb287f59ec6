//! Requests and answers as all routes have them: bounded bodies, problems by RFC 9457.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde_json::{Value as Json, json};

/// An answer, whole or as it comes.
pub(super) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// How long a client may take for a request's body.
const BODY: Duration = Duration::from_secs(30);

/// The whole body, of at most `most` bytes.
///
/// # Errors
/// The answer to who sent more, or took too long.
pub(super) async fn whole(body: Incoming, most: usize) -> Result<Bytes, Answer> {
    let body = Limited::new(body, most).collect();
    match tokio::time::timeout(BODY, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            let says = format!("the body is longer than {most} bytes");
            Err(problem(StatusCode::PAYLOAD_TOO_LARGE, &says))
        }
        Ok(Err(_)) => Err(problem(StatusCode::BAD_REQUEST, "the body broke off")),
        Err(_) => Err(problem(
            StatusCode::REQUEST_TIMEOUT,
            "the body took too long",
        )),
    }
}

/// A problem (RFC 9457).
pub(super) fn problem(status: StatusCode, says: &str) -> Answer {
    let title = status.canonical_reason().unwrap_or_default();
    let problem = json!({ "title": title, "status": status.as_u16(), "detail": says });
    typed(status, "application/problem+json", &problem)
}

/// An answer in JSON.
pub(super) fn json(status: StatusCode, content: &Json) -> Answer {
    typed(status, "application/json", content)
}

fn typed(status: StatusCode, kind: &'static str, content: &Json) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(content.to_string())).boxed());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
