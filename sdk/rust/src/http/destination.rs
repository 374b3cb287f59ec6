//! Where requests go.

use super::path::Path;
use super::request::Request;

/// A destination of the skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub(super) place: Place,
    pub(super) label: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// As `skill.toml` calls it; the operator says where it is.
    Named(String),
    /// At this address.
    At(String),
}

impl Destination {
    /// What `skill.toml` calls `[http.NAME]`.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            place: Place::Named(name.into()),
            label: None,
        }
    }

    /// A base URL, such as one that an earlier answer named. It must be granted all the same.
    ///
    /// ```
    /// # use vouchsafe_sdk::http::Destination;
    /// let erp = Destination::at("https://erp.example/api");
    /// let request = erp.get(["customers", "a/b c", "notes"]).query("since", "2026-01-01");
    /// assert_eq!(request.url().unwrap(), "https://erp.example/api/customers/a%2Fb%20c/notes?since=2026-01-01");
    /// ```
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            place: Place::At(url.into()),
            label: None,
        }
    }

    /// Which host below a destination that was granted as `*.`.
    ///
    /// ```
    /// # use vouchsafe_sdk::http::Destination;
    /// let files = Destination::at("https://*.files.example").label("eu");
    /// assert_eq!(files.get("/2026").url().unwrap(), "https://eu.files.example/2026");
    /// ```
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// A GET request.
    pub fn get(&self, path: impl Path) -> Request {
        self.request("GET", path)
    }

    /// A HEAD request.
    pub fn head(&self, path: impl Path) -> Request {
        self.request("HEAD", path)
    }

    /// A POST request.
    pub fn post(&self, path: impl Path) -> Request {
        self.request("POST", path)
    }

    /// A PUT request.
    pub fn put(&self, path: impl Path) -> Request {
        self.request("PUT", path)
    }

    /// A PATCH request.
    pub fn patch(&self, path: impl Path) -> Request {
        self.request("PATCH", path)
    }

    /// A DELETE request.
    pub fn delete(&self, path: impl Path) -> Request {
        self.request("DELETE", path)
    }

    fn request(&self, method: &'static str, path: impl Path) -> Request {
        Request::new(self.clone(), method, path.encode())
    }
}
