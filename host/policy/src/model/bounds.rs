//! How much may be asked of a model.

use serde::Deserialize;
use vouchsafe_package::manifest::{ByteSize, Span};

use crate::http::HttpBounds;
use crate::http::bounds::within_reach;

/// Requests that one question may take: the first, and two more when a reply does not fit.
pub const TRIES: u64 = 3;

/// Bounds of what one call asks of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelBounds {
    /// Questions. Each takes [`TRIES`] requests at most.
    pub asks: u64,
    /// Tokens in and out, as the service counts them, in all.
    pub tokens: u64,
    /// Tokens of all calls of the skill within 24 hours.
    pub daily: u64,
    /// Bytes of one reply.
    pub reply: u64,
    /// One request, from its first step to the last byte of its reply; the call's own deadline ends it sooner.
    pub time_ms: u64,
}

impl Default for ModelBounds {
    fn default() -> Self {
        Self {
            asks: 16,
            tokens: 100_000,
            daily: 1_000_000,
            reply: 256 << 10,
            time_ms: 60_000,
        }
    }
}

/// What a grant can raise them to.
const MOST: ModelBounds = ModelBounds {
    asks: 1_000,
    tokens: 100_000_000,
    daily: 10_000_000_000,
    reply: 4 << 20,
    time_ms: 15 * 60_000,
};

impl ModelBounds {
    /// The same for the requests that carry the questions.
    pub(crate) fn of_requests(&self) -> HttpBounds {
        let requests = self.asks.saturating_mul(TRIES);
        HttpBounds {
            requests,
            sent: HttpBounds::default().sent.saturating_mul(requests),
            received: self.reply.saturating_mul(requests),
            time_ms: self.time_ms,
        }
    }
}

/// `limits = { ... }` of a model; what is absent keeps its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedModelBounds {
    asks: Option<u64>,
    tokens: Option<u64>,
    daily: Option<u64>,
    reply: Option<ByteSize>,
    time: Option<Span>,
}

impl AskedModelBounds {
    pub(crate) fn read(self) -> Result<ModelBounds, String> {
        let usual = ModelBounds::default();
        let asked = ModelBounds {
            asks: self.asks.unwrap_or(usual.asks),
            tokens: self.tokens.unwrap_or(usual.tokens),
            daily: self.daily.unwrap_or(usual.daily),
            reply: self.reply.map_or(usual.reply, |size| size.0),
            time_ms: self.time.map_or(usual.time_ms, |span| span.0),
        };
        let within = [
            ("asks", asked.asks, MOST.asks, MOST.asks.to_string()),
            ("tokens", asked.tokens, MOST.tokens, MOST.tokens.to_string()),
            ("daily", asked.daily, MOST.daily, MOST.daily.to_string()),
            (
                "reply",
                asked.reply,
                MOST.reply,
                ByteSize(MOST.reply).to_string(),
            ),
            (
                "time",
                asked.time_ms,
                MOST.time_ms,
                Span(MOST.time_ms).to_string(),
            ),
        ];
        within_reach(&within, "model")?;
        Ok(asked)
    }
}
