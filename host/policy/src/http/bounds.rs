//! How much may be sent and received.

use serde::Deserialize;
use vouchsafe_package::manifest::{ByteSize, Span};

/// Bounds of what one call does with one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpBounds {
    /// Requests.
    pub requests: u64,
    /// Bytes of request bodies, in all.
    pub sent: u64,
    /// Bytes of response bodies, in all.
    pub received: u64,
    /// One request, from its first step to the last byte of its response; the call's own deadline
    /// ends it sooner.
    pub time_ms: u64,
}

impl Default for HttpBounds {
    fn default() -> Self {
        Self {
            requests: 64,
            sent: 4 << 20,
            received: 16 << 20,
            time_ms: 30_000,
        }
    }
}

/// What a grant can raise them to.
const MOST: HttpBounds = HttpBounds {
    requests: 10_000,
    sent: 1 << 30,
    received: 1 << 30,
    time_ms: 15 * 60_000,
};

/// `limits = { ... }` of a destination; what is absent keeps its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedBounds {
    requests: Option<u64>,
    sent: Option<ByteSize>,
    received: Option<ByteSize>,
    time: Option<Span>,
}

impl AskedBounds {
    pub(crate) fn read(self) -> Result<HttpBounds, String> {
        let usual = HttpBounds::default();
        let asked = HttpBounds {
            requests: self.requests.unwrap_or(usual.requests),
            sent: self.sent.map_or(usual.sent, |size| size.0),
            received: self.received.map_or(usual.received, |size| size.0),
            time_ms: self.time.map_or(usual.time_ms, |span| span.0),
        };
        let within = [
            (
                "requests",
                asked.requests,
                MOST.requests,
                MOST.requests.to_string(),
            ),
            (
                "sent",
                asked.sent,
                MOST.sent,
                ByteSize(MOST.sent).to_string(),
            ),
            (
                "received",
                asked.received,
                MOST.received,
                ByteSize(MOST.received).to_string(),
            ),
            (
                "time",
                asked.time_ms,
                MOST.time_ms,
                Span(MOST.time_ms).to_string(),
            ),
        ];
        within_reach(&within, "destination")?;
        Ok(asked)
    }
}

/// Holds each bound, as key, what is asked, the most there is and how that is written, against the most; and only
/// `sent` may be nothing. `what` is what to take out instead.
pub(crate) fn within_reach(bounds: &[(&str, u64, u64, String)], what: &str) -> Result<(), String> {
    for (key, asked, most, shown) in bounds {
        if asked > most {
            return Err(format!("`{key}` is more than {shown}"));
        }
        if *asked == 0 && *key != "sent" {
            return Err(format!(
                "`{key}` of nothing lets nothing happen: take the {what} out instead"
            ));
        }
    }
    Ok(())
}
