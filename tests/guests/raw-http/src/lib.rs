//! Says requests word for word, so that the host is asked for what the SDK would never ask.

use bindings::wasi::config::store;
use bindings::wasi::http::outgoing_handler::handle;
use bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
    http_error_code,
};
use bindings::wasi::io::streams::StreamError;

vouchsafe_sdk::skill!(Sender);

struct Sender;

impl sender::Guest for Sender {
    fn send(request: Request, times: u32) -> Result<Response, String> {
        for _ in 1..times {
            exchange(&request)?;
        }
        exchange(&request)
    }

    fn look(request: Request) -> Result<Response, String> {
        exchange(&request)
    }

    fn upload(request: Request, bytes: u64, trailers: bool) -> Result<Response, String> {
        let (outgoing, body) = said(&request)?;
        let pending = handle(outgoing, None).map_err(code)?;
        let written = write(&body, bytes);
        let trailers = trailers.then(|| {
            let fields = Fields::new();
            drop(fields.append("x-trailer", b"1"));
            fields
        });
        let finished = OutgoingBody::finish(body, trailers).map_err(code);
        let answer = read(&pending);
        match written.and(finished) {
            Err(error) if answer.is_ok() => Err(error),
            _ => answer,
        }
    }

    fn wait(request: Request) -> Result<Response, String> {
        let (outgoing, body) = said(&request)?;
        let pending = handle(outgoing, None).map_err(code)?;
        OutgoingBody::finish(body, None).map_err(code)?;
        pending.subscribe().block();
        loop {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    fn where_is(name: String) -> (Option<String>, Vec<String>) {
        println!("{name}");
        let all = store::get_all().unwrap_or_default();
        let names = all.into_iter().map(|(name, _)| name).collect();
        (store::get(&name).unwrap_or_default(), names)
    }
}

fn exchange(request: &Request) -> Result<Response, String> {
    let (outgoing, body) = said(request)?;
    let pending = handle(outgoing, None).map_err(code)?;
    if !request.body.is_empty() {
        let stream = body.write().map_err(|()| "no stream")?;
        for chunk in request.body.as_bytes().chunks(4096) {
            drop(stream.blocking_write_and_flush(chunk)); // the answer tells
        }
    }
    let finished = OutgoingBody::finish(body, None).map_err(code);
    let answer = read(&pending)?;
    finished.map(|()| answer)
}

fn said(request: &Request) -> Result<(OutgoingRequest, OutgoingBody), String> {
    let headers = Fields::new();
    for (name, value) in &request.headers {
        let set = headers.append(name, filled(value).as_bytes());
        set.map_err(|error| format!("header: {error:?}"))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let cannot = |what: &str| format!("cannot say this {what}");
    outgoing
        .set_method(&method(&request.method))
        .map_err(|()| cannot("method"))?;
    outgoing
        .set_scheme(Some(&scheme(&request.scheme)))
        .map_err(|()| cannot("scheme"))?;
    outgoing
        .set_authority(Some(&request.authority))
        .map_err(|()| cannot("authority"))?;
    outgoing
        .set_path_with_query(Some(&filled(&request.path)))
        .map_err(|()| cannot("path"))?;
    let body = outgoing.body().map_err(|()| cannot("body"))?;
    Ok((outgoing, body))
}

/// With what the configuration says for `{NAME}`.
fn filled(value: &str) -> String {
    let name = value.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    match name {
        Some((name, _)) => {
            let known = store::get(name).unwrap_or_default().unwrap_or_default();
            value.replace(&format!("{{{name}}}"), &known)
        }
        None => value.to_owned(),
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "CONNECT" => Method::Connect,
        other => Method::Other(other.to_owned()),
    }
}

fn scheme(name: &str) -> Scheme {
    match name {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    }
}

fn write(body: &OutgoingBody, bytes: u64) -> Result<(), String> {
    let stream = body.write().map_err(|()| "no stream")?;
    let mut left = bytes;
    while left > 0 {
        let chunk = left.min(4096);
        let bytes = vec![b'x'; usize::try_from(chunk).unwrap_or(0)];
        stream
            .blocking_write_and_flush(&bytes)
            .map_err(|error| format!("{error:?}"))?;
        left -= chunk;
    }
    Ok(())
}

fn read(pending: &FutureIncomingResponse) -> Result<Response, String> {
    pending.subscribe().block();
    let answer = pending
        .get()
        .ok_or("no answer")?
        .map_err(|()| "taken")?
        .map_err(code)?;
    let headers = answer.headers().entries().into_iter();
    let headers = headers
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let status = answer.status();
    let body = answer.consume().map_err(|()| "read before")?;
    let stream = body.stream().map_err(|()| "read before")?;
    let (mut beginning, mut length) = (Vec::new(), 0);
    loop {
        match stream.blocking_read(32 << 10) {
            Ok(bytes) => {
                length += bytes.len() as u64;
                if beginning.len() < 16 << 10 {
                    beginning.extend(bytes);
                }
            }
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let said = http_error_code(&error).map_or_else(|| error.to_debug_string(), code);
                return Err(format!("after {length} bytes: {said}"));
            }
        }
    }
    let body = String::from_utf8_lossy(&beginning).into_owned();
    Ok(Response {
        status,
        headers,
        body,
        length,
    })
}

fn code(code: ErrorCode) -> String {
    format!("{code:?}")
}
