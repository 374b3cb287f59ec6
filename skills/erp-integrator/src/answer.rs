//! What an answer comes to, and what none comes to.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use vouchsafe_sdk::http::{Error, Response};

use crate::{Draft, Problem, Receipt, draft, wire};

/// Bytes of an answer that is read.
const LARGEST: usize = 1 << 20;

/// Characters of the ERP's own words that are passed on.
const WORDS: usize = 300;

/// What is read of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    status: u16,
    media_type: &'a str,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    pub(crate) fn of(answer: &'a Response) -> Self {
        let media_type = answer.header("content-type").unwrap_or_default();
        Self {
            status: answer.status(),
            media_type: media_type.split(';').next().unwrap_or_default().trim(),
            body: answer.bytes(),
        }
    }

    /// The body, where it is JSON of that shape, and says so.
    fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        if !self.media_type.eq_ignore_ascii_case("application/json") {
            return Err("the ERP's answer is not called JSON".to_owned());
        }
        if self.body.len() > LARGEST {
            return Err(format!("the ERP's answer is larger than {LARGEST} bytes"));
        }
        // What does not fit is not repeated: only where, and what was wanted.
        serde_json::from_slice(self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("the ERP's answer does not fit (line {line}, column {column})")
        })
    }

    /// Why the ERP says no, in its words (RFC 9457), of which nothing is obeyed.
    fn reason(&self) -> String {
        #[derive(Deserialize)]
        struct Reason {
            title: Option<String>,
            detail: Option<String>,
        }
        let is_problem = self
            .media_type
            .eq_ignore_ascii_case("application/problem+json");
        let said: Option<Reason> = match is_problem && self.body.len() <= LARGEST {
            true => serde_json::from_slice(self.body).ok(),
            false => None,
        };
        let words = said.and_then(|said| said.detail.or(said.title));
        let words = words.unwrap_or_default();
        let seen = words.chars().filter(|c| !c.is_control()).take(WORDS);
        match seen.collect::<String>() {
            none if none.is_empty() => self.said(),
            words => format!("{}: {words}", self.said()),
        }
    }

    fn said(&self) -> String {
        format!("the ERP answered {}", self.status)
    }

    fn elsewhere(&self) -> String {
        format!("{}, which leads elsewhere and is not followed", self.said())
    }
}

/// What was asked for, or `null` where the ERP answered `none`.
///
/// # Errors
/// When it is something else.
pub(crate) fn read<T: DeserializeOwned>(
    answer: &Answer<'_>,
    none: Option<u16>,
) -> Result<T, Problem> {
    match answer.status {
        200 => answer.json().map_err(Problem::Unexpected),
        status if Some(status) == none => {
            serde_json::from_str("null").map_err(|_| Problem::Unexpected(answer.said()))
        }
        300..=399 => Err(Problem::Unexpected(answer.elsewhere())),
        401 | 403 => Err(Problem::Forbidden(answer.said())),
        400 | 422 => Err(Problem::Rejected(answer.reason())),
        408 | 429 | 500..=599 => Err(Problem::Unavailable(answer.said())),
        _ => Err(Problem::Unexpected(answer.said())),
    }
}

/// What posting `document` came to. Only what says so clearly was posted, and only what says so clearly was not.
///
/// # Errors
/// When it was not posted, or may not have been.
pub(crate) fn posted(
    answer: &Answer<'_>,
    partner: &str,
    document: &Draft,
) -> Result<Receipt, Problem> {
    match answer.status {
        200 | 201 => {
            let made: wire::Document = answer.json().map_err(Problem::Unknown)?;
            let made = made
                .into_one_of(partner, Some(&document.number))
                .map_err(|problem| Problem::Unknown(words(problem)))?;
            if !draft::is_same(&made.says, document) {
                let why = "the ERP answered with a document that was not posted";
                return Err(Problem::Unknown(why.to_owned()));
            }
            let again = answer.status == 200;
            Ok(Receipt { id: made.id, again })
        }
        300..=399 => Err(Problem::Unknown(answer.elsewhere())),
        409 => Err(Problem::Conflict),
        401 | 403 => Err(Problem::Forbidden(answer.said())),
        429 => Err(Problem::Unavailable(answer.said())),
        408 => Err(Problem::Unknown(answer.said())),
        400..=499 => Err(Problem::Rejected(answer.reason())),
        _ => Err(Problem::Unknown(answer.said())),
    }
}

/// What a question without an answer comes to.
pub(crate) fn unread(error: &Error) -> Problem {
    match error {
        Error::Invalid(_) => Problem::Invalid(error.to_string()),
        Error::TooLarge | Error::Unexpected(_) => Problem::Unexpected(error.to_string()),
        _ => Problem::Unavailable(error.to_string()),
    }
}

/// What a document without an answer comes to.
pub(crate) fn unposted(error: &Error) -> Problem {
    match error {
        Error::Invalid(_) => Problem::Invalid(error.to_string()),
        Error::NotGranted(_) | Error::Denied | Error::Unavailable | Error::NoHost => {
            Problem::Unavailable(error.to_string())
        }
        _ => Problem::Unknown(error.to_string()),
    }
}

fn words(problem: Problem) -> String {
    match problem {
        Problem::Unexpected(why) => why,
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::tests::draft;

    const MADE: &str = r#"{"id":"I-1","partner":"V-1","number":"INV-2031","issued":"2026-11-22","due":"2026-12-22",
        "currency":"EUR","amount":"42.5","order":"O-7","state":"open"}"#;

    fn answer(status: u16, media_type: &'static str, body: &'static str) -> Answer<'static> {
        let body = body.as_bytes();
        Answer {
            status,
            media_type,
            body,
        }
    }

    fn of(status: u16) -> Result<Receipt, Problem> {
        posted(&answer(status, "application/json", "{}"), "V-1", &draft())
    }

    #[test]
    fn what_may_have_been_posted_is_never_called_refused() {
        for unsure in [100, 202, 204, 302, 303, 307, 408, 500, 502, 503, 504] {
            assert!(matches!(of(unsure), Err(Problem::Unknown(_))), "{unsure}");
        }
        for unlike in [200, 201] {
            assert!(matches!(of(unlike), Err(Problem::Unknown(_))), "{unlike}");
        }
        for error in [
            Error::Timeout,
            Error::TooLarge,
            Error::Broken("x".to_owned()),
            Error::Status(500),
        ] {
            assert!(matches!(unposted(&error), Problem::Unknown(_)), "{error}");
        }
        for unsent in [Error::Denied, Error::Unavailable, Error::NoHost] {
            assert!(
                matches!(unposted(&unsent), Problem::Unavailable(_)),
                "{unsent}"
            );
        }
        assert_eq!(of(409), Err(Problem::Conflict));
        assert!(matches!(of(401), Err(Problem::Forbidden(_))));
        assert!(matches!(of(422), Err(Problem::Rejected(_))));
        assert!(matches!(of(429), Err(Problem::Unavailable(_))));
    }

    #[test]
    fn a_receipt_is_for_the_document_that_was_posted() {
        let json =
            |status, body| posted(&answer(status, "application/json", body), "V-1", &draft());
        let receipt = |again| {
            Ok(Receipt {
                id: "I-1".to_owned(),
                again,
            })
        };
        assert_eq!(
            (json(201, MADE), json(200, MADE)),
            (receipt(false), receipt(true))
        );
        let plain = posted(&answer(201, "text/html", MADE), "V-1", &draft());
        assert!(matches!(plain, Err(Problem::Unknown(why)) if why.contains("not called JSON")));
        let others = posted(&answer(201, "application/json", MADE), "V-2", &draft());
        assert!(matches!(others, Err(Problem::Unknown(why)) if why.contains("not asked for")));
        let unlike = Draft {
            amount: "4250".to_owned(),
            ..draft()
        };
        let unlike = posted(&answer(201, "application/json", MADE), "V-1", &unlike);
        assert!(matches!(unlike, Err(Problem::Unknown(why)) if why.contains("was not posted")));
    }

    #[test]
    fn only_what_was_agreed_means_that_there_is_none() {
        let read = |status, media_type| {
            read::<Option<wire::Document>>(&answer(status, media_type, "{}"), Some(404))
                .map(|found| found.is_none())
        };
        assert_eq!(read(404, "text/html"), Ok(true));
        for (status, media_type) in [
            (200, "application/json"),
            (200, "text/html"),
            (204, ""),
            (302, ""),
            (410, ""),
        ] {
            assert!(
                matches!(read(status, media_type), Err(Problem::Unexpected(_))),
                "{status}"
            );
        }
        for status in [408, 429, 500, 503] {
            assert!(
                matches!(read(status, ""), Err(Problem::Unavailable(_))),
                "{status}"
            );
        }
    }

    #[test]
    fn the_erps_own_words_are_a_short_line() {
        let reason = |body| answer(422, "application/problem+json", body).reason();
        assert_eq!(
            reason("{\"title\":\"no\",\"detail\":\"period\\n 2026-10 is closed\"}"),
            "the ERP answered 422: period 2026-10 is closed"
        );
        assert_eq!(reason("{\"title\":7}"), "the ERP answered 422");
        let long = format!("{{\"detail\":\"{}\"}}", "x".repeat(5000));
        assert_eq!(reason(Box::leak(long.into_boxed_str())).len(), 22 + WORDS);
        assert_eq!(
            answer(422, "text/html", "<h1>no</h1>").reason(),
            "the ERP answered 422"
        );
    }
}
