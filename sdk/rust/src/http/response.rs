//! An answer.

use serde::de::DeserializeOwned;

use super::error::Error;

/// An answer, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Itself, if its status says success.
    ///
    /// # Errors
    /// [`Error::Status`]. A redirect is none: follow it knowingly, if it is granted.
    pub fn success(self) -> Result<Self, Error> {
        match self.status {
            200..=299 => Ok(self),
            other => Err(Error::Status(other)),
        }
    }

    /// The first header of this name that is text; case does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// Its body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Its body as text.
    ///
    /// # Errors
    /// [`Error::Unexpected`] where it is not UTF-8.
    pub fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.body).map_err(|error| Error::Unexpected(error.to_string()))
    }

    /// Its body, read as JSON.
    ///
    /// # Errors
    /// [`Error::Unexpected`] where it is not that.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Unexpected(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_what_it_is() {
        let answer = Response {
            status: 201,
            headers: vec![
                ("location".to_owned(), b"/payments/1".to_vec()),
                ("x-raw".to_owned(), vec![0xff]),
            ],
            body: br#"{"id":1}"#.to_vec(),
        };
        assert_eq!(answer.header("Location"), Some("/payments/1"));
        assert_eq!(answer.header("x-raw"), None);
        assert_eq!(answer.json::<serde_json::Value>().unwrap()["id"], 1);
        assert!(answer.json::<Vec<u8>>().is_err());
        let moved = Response {
            status: 302,
            ..answer.clone()
        };
        assert_eq!(moved.success(), Err(Error::Status(302)));
        assert_eq!(answer.success().unwrap().text(), Ok(r#"{"id":1}"#));
    }
}
