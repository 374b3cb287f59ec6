//! A token that a service gives for a credential (RFC 6749, 5), and that stands for it until it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value as Json;
use vouchsafe_keys::{Secret, never_implements};
use vouchsafe_policy::grant::KeptIn;

use crate::lease::Lease;
use crate::provider::Unavailable;

/// How long a token is used whose end is not said, and at the longest.
const UNSAID: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// So long before its end it counts as ended, or a tenth of its time if that is less: a request may take a while.
const BEFORE: Duration = Duration::from_secs(60);

/// The errors that a service may name (RFC 6749, 5.2). What else it says is not repeated.
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// A token in hand.
pub struct Token {
    lease: Arc<Lease>,
    until: Instant,
}

never_implements!(Token: std::fmt::Debug, std::fmt::Display, Clone, serde::Serialize);

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: Option<Json>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Token {
    /// What the service has answered with `status` and `body`, for the credential that is kept `at`.
    ///
    /// # Errors
    /// When it gives none, or none that can be used.
    pub fn read(status: u16, body: &[u8], at: &KeptIn) -> Result<Self, Unavailable> {
        let none = |why: &str| {
            let why = format!("there is no token for the credential `{at}`: {why}");
            Unavailable::new(why, "")
        };
        if status != 200 {
            let named = serde_json::from_slice::<Refusal>(body).ok();
            let known =
                named.and_then(|named| ERRORS.into_iter().find(|known| *known == named.error));
            let named = known.map_or(String::new(), |known| format!(", `{known}`"));
            return Err(none(&format!(
                "the service that gives it answered {status}{named}"
            )));
        }
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|_| none("the service that gives it answered with something else"))?;
        let value = Secret::from(answer.access_token);
        if !answer.token_type.eq_ignore_ascii_case("bearer") {
            return Err(none("it is no bearer token"));
        }
        let lasts = answer.expires_in.as_ref().map_or(Some(UNSAID), seconds);
        let lasts = lasts
            .ok_or_else(|| none("its end is no number of seconds"))?
            .min(LONGEST);
        Ok(Self {
            lease: Arc::new(Lease::new(format!("a token for {at}"), number(), value)?),
            until: Instant::now() + lasts.saturating_sub(BEFORE.min(lasts / 10)),
        })
    }

    /// It, to be put into a request.
    #[must_use]
    pub fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Whether it can be used for a while.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        Instant::now() < self.until
    }
}

/// Some services write the number as text.
fn seconds(said: &Json) -> Option<Duration> {
    let number = said.as_u64().or_else(|| said.as_str()?.parse().ok());
    number.map(Duration::from_secs)
}

/// Another for each token of this process.
fn number() -> String {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    GIVEN.fetch_add(1, Ordering::Relaxed).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Token, String> {
        let at = KeptIn::Sealed {
            name: "bank-client".to_owned(),
        };
        Token::read(status, body.as_bytes(), &at).map_err(|error| error.why)
    }

    fn lasts(expires_in: &str) -> Option<u64> {
        let body = format!(
            "{{\"access_token\": \"tok-12345678\", \"token_type\": \"Bearer\"{expires_in}}}"
        );
        let token = read(200, &body).ok()?;
        let left = token.until.saturating_duration_since(Instant::now());
        Some(u64::try_from((left + Duration::from_millis(500)).as_millis()).unwrap() / 1000)
    }

    #[test]
    fn a_token_ends_a_little_before_its_end() {
        assert_eq!(lasts(", \"expires_in\": 3600"), Some(3540));
        assert_eq!(
            lasts(", \"expires_in\": \"100\", \"scope\": \"other\""),
            Some(90)
        );
        assert_eq!(lasts(""), Some(270));
        assert_eq!(lasts(", \"expires_in\": 99999999999"), Some(3600 - 60));
        assert_eq!(lasts(", \"expires_in\": -1"), None);
        assert!(
            !read(
                200,
                "{\"access_token\":\"tok-12345678\",\"token_type\":\"bearer\",\"expires_in\":0}"
            )
            .unwrap_or_else(|why| panic!("{why}"))
            .is_fresh()
        );
    }

    #[test]
    fn what_is_no_token_is_none_and_says_no_more_than_is_known() {
        for (status, body, says) in [
            (
                401,
                "{\"error\": \"invalid_client\", \"error_description\": \"hunter2\"}",
                "answered 401, `invalid_client`",
            ),
            (400, "{\"error\": \"hunter2\"}", "answered 400"),
            (500, "hunter2", "answered 500"),
            (200, "hunter2", "something else"),
            (200, "{\"token_type\": \"bearer\"}", "something else"),
            (
                200,
                "{\"access_token\": \"hunter2-hunter2\", \"token_type\": \"mac\"}",
                "no bearer token",
            ),
            (
                200,
                "{\"access_token\": \"hunter2\", \"token_type\": \"bearer\"}",
                "shorter than",
            ),
        ] {
            let why = read(status, body).err().unwrap();
            assert!(why.contains(says) && !why.contains("hunter2"), "{why}");
        }
    }
}
