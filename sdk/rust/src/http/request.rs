//! A request on its way.

use serde::Serialize;

use super::destination::{Destination, Place};
use super::error::Error;
use super::host;
use super::path::escape;
use super::response::Response;

/// A request that is not sent yet.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    destination: Destination,
    #[cfg_attr(
        not(target_family = "wasm"),
        expect(
            dead_code,
            reason = "only inside a host is there anything to send it with"
        )
    )]
    pub(super) method: &'static str,
    path: String,
    query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Result<Vec<u8>, String>,
}

impl Request {
    pub(super) fn new(destination: Destination, method: &'static str, path: String) -> Self {
        Self {
            destination,
            method,
            path,
            query: String::new(),
            headers: Vec::new(),
            body: Ok(Vec::new()),
        }
    }

    /// With a parameter in the query; both parts are escaped.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query
            .push(if self.query.is_empty() { '?' } else { '&' });
        escape(name, &mut self.query);
        self.query.push('=');
        escape(value, &mut self.query);
        self
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body of this media type.
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Ok(body.into());
        self.header("content-type", media_type)
    }

    /// With `value` as its body, as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        self.body = serde_json::to_vec(value).map_err(|error| error.to_string());
        self.header("content-type", "application/json")
    }

    /// Where it goes, once the host has said where its destination is.
    ///
    /// # Errors
    /// [`Error::NotGranted`] where the host names no such destination, [`Error::NoHost`] where there is none.
    pub fn url(&self) -> Result<String, Error> {
        let base = match &self.destination.place {
            Place::At(url) => url.clone(),
            Place::Named(name) => {
                host::place(name)?.ok_or_else(|| Error::NotGranted(name.clone()))?
            }
        };
        let base = match &self.destination.label {
            Some(label) => base.replacen("://*.", &format!("://{label}."), 1),
            None => base,
        };
        let base = base.strip_suffix('/').unwrap_or(&base);
        Ok(format!("{base}{}{}", self.path, self.query))
    }

    /// Sends it and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send(self) -> Result<Response, Error> {
        let url = self.url()?;
        host::send(&self, &url)
    }
}
