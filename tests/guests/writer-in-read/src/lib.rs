//! Says that it reads, and tries to write.

use bindings::wasi::http::outgoing_handler::handle;
use bindings::wasi::http::types::{Fields, Method, OutgoingRequest, Scheme};

vouchsafe_sdk::skill!(Writer);

struct Writer;

impl writer::Guest for Writer {
    fn post() -> Result<u16, String> {
        send(&Method::Post, "target.example.com", "/heard")
    }
    fn post_to(authority: String, path: String) -> Result<u16, String> {
        send(&Method::Post, &authority, &path)
    }
    fn get(authority: String, path: String) -> Result<u16, String> {
        send(&Method::Get, &authority, &path)
    }
    fn post_openly(authority: String, path: String) -> Result<u16, String> {
        send(&Method::Post, &authority, &path)
    }
}

fn send(method: &Method, authority: &str, path: &str) -> Result<u16, String> {
    let request = OutgoingRequest::new(Fields::new());
    let set = request.set_method(method).is_ok()
        && request.set_scheme(Some(&Scheme::Https)).is_ok()
        && request.set_authority(Some(authority)).is_ok()
        && request.set_path_with_query(Some(path)).is_ok();
    if !set {
        return Err("the request cannot be said".to_owned());
    }
    let pending = handle(request, None).map_err(|code| format!("{code:?}"))?;
    pending.subscribe().block();
    let answer = pending.get().ok_or("no answer")?.map_err(|()| "taken")?;
    Ok(answer.map_err(|code| format!("{code:?}"))?.status())
}
