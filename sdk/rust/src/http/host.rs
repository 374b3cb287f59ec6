//! What the host does for a request. Natively there is none.

#[cfg(not(target_family = "wasm"))]
use super::{Error, Request, Response};

/// Where the destination `name` is.
#[cfg(not(target_family = "wasm"))]
pub(super) fn place(_name: &str) -> Result<Option<String>, Error> {
    Err(Error::NoHost)
}

#[cfg(not(target_family = "wasm"))]
pub(super) fn send(_request: &Request, _url: &str) -> Result<Response, Error> {
    Err(Error::NoHost)
}

#[cfg(target_family = "wasm")]
pub(super) use imported::{place, send};

#[cfg(target_family = "wasm")]
mod imported {
    use super::generated::wasi::config::store;
    use super::generated::wasi::http::outgoing_handler::handle;
    use super::generated::wasi::http::types::{
        ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
        Scheme,
    };
    use super::generated::wasi::io::streams::StreamError;
    use crate::http::{Error, Request, Response};

    /// What one write to a stream takes (`wasi:io/streams`, `blocking-write-and-flush`).
    const WRITE: usize = 4096;
    /// What one read asks for.
    const READ: u64 = 32 << 10;

    pub(in crate::http) fn place(name: &str) -> Result<Option<String>, Error> {
        store::get(name).map_err(|error| Error::Broken(format!("{error:?}")))
    }

    pub(in crate::http) fn send(request: &Request, url: &str) -> Result<Response, Error> {
        let body = request
            .body
            .as_ref()
            .map_err(|why| Error::Invalid(why.clone()))?;
        let outgoing = said(request, url, body.len())?;
        let sink = outgoing
            .body()
            .map_err(|()| Error::Invalid("a body".to_owned()))?;
        let pending = handle(outgoing, None).map_err(|code| heard(&code))?;
        // What the host refuses it also does not read: the answer tells why.
        let written = write(sink, body);
        pending.subscribe().block();
        let answer = pending
            .get()
            .ok_or_else(|| Error::Broken("no answer".to_owned()))?;
        let answer = answer.map_err(|()| Error::Broken("it was taken".to_owned()))?;
        let answer = answer.map_err(|code| heard(&code))?;
        written?;
        read(&answer)
    }

    fn said(request: &Request, url: &str, length: usize) -> Result<OutgoingRequest, Error> {
        let invalid = |what: &str| Error::Invalid(what.to_owned());
        let headers = Fields::new();
        for (name, value) in &request.headers {
            headers
                .append(name, value.as_bytes())
                .map_err(|error| Error::Invalid(format!("header `{name}`: {error:?}")))?;
        }
        if length > 0 || matches!(request.method, "POST" | "PUT" | "PATCH") {
            let length = length.to_string();
            headers
                .append("content-length", length.as_bytes())
                .map_err(|error| Error::Invalid(format!("{error:?}")))?;
        }
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| invalid("its address"))?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => Scheme::Other(other.to_owned()),
        };
        let outgoing = OutgoingRequest::new(headers);
        outgoing
            .set_method(&method(request.method))
            .map_err(|()| invalid("its method"))?;
        outgoing
            .set_scheme(Some(&scheme))
            .map_err(|()| invalid("its scheme"))?;
        outgoing
            .set_authority(Some(authority))
            .map_err(|()| invalid("its authority"))?;
        outgoing
            .set_path_with_query(Some(path))
            .map_err(|()| invalid("its path"))?;
        Ok(outgoing)
    }

    fn method(name: &str) -> Method {
        match name {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            other => Method::Other(other.to_owned()),
        }
    }

    fn write(sink: OutgoingBody, body: &[u8]) -> Result<(), Error> {
        let broken = |_: StreamError| Error::Broken("the body was not taken".to_owned());
        {
            let stream = sink
                .write()
                .map_err(|()| Error::Invalid("a body".to_owned()))?;
            for chunk in body.chunks(WRITE) {
                stream.blocking_write_and_flush(chunk).map_err(broken)?;
            }
        }
        OutgoingBody::finish(sink, None).map_err(|code| heard(&code))
    }

    fn read(answer: &IncomingResponse) -> Result<Response, Error> {
        let headers = answer.headers().entries();
        let body = answer
            .consume()
            .map_err(|()| Error::Broken("it was read".to_owned()))?;
        Ok(Response {
            status: answer.status(),
            headers,
            body: drain(&body)?,
        })
    }

    fn drain(body: &IncomingBody) -> Result<Vec<u8>, Error> {
        let stream = body
            .stream()
            .map_err(|()| Error::Broken("it was read".to_owned()))?;
        let mut all = Vec::new();
        loop {
            match stream.blocking_read(READ) {
                Ok(bytes) => all.extend(bytes),
                Err(StreamError::Closed) => return Ok(all),
                Err(StreamError::LastOperationFailed(error)) => {
                    let code = super::generated::wasi::http::types::http_error_code(&error);
                    return Err(code.map_or_else(
                        || Error::Broken(error.to_debug_string()),
                        |code| heard(&code),
                    ));
                }
            }
        }
    }

    fn heard(code: &ErrorCode) -> Error {
        match code {
            ErrorCode::HttpRequestDenied => Error::Denied,
            ErrorCode::DestinationUnavailable | ErrorCode::TlsCertificateError => {
                Error::Unavailable
            }
            ErrorCode::HttpResponseTimeout => Error::Timeout,
            ErrorCode::HttpResponseBodySize(_) | ErrorCode::HttpRequestBodySize(_) => {
                Error::TooLarge
            }
            other => Error::Broken(format!("{other:?}")),
        }
    }
}

#[cfg(target_family = "wasm")]
#[allow(
    warnings,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated"
)]
mod generated {
    vouchsafe_sdk_macro::import!(
        "wasi:http/outgoing-handler@0.2.12",
        "wasi:config/store@0.2.0-rc.1"
    );
}
