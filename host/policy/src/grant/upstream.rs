//! `[upstream.NAME]`: which tool of which external MCP server a skill calls, what a call of it does, and the exact
//! definition that was accepted.

use serde::Deserialize;
use toml::Spanned;
use vouchsafe_package::{Digest, Effect};

use super::http::{HttpGrant, RawHttp};
use crate::http::bounds::AskedBounds;
use crate::place::{At, Fault, Place, Source};

/// What a grant says of one tool of an external server.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamGrant {
    /// Where its server is, for which tools, how much of it, and with which credential. Without routes: a server is
    /// spoken to in one way.
    pub http: HttpGrant,
    /// What the server calls it; absent when it is as the skill says.
    pub tool: Option<At<String>>,
    /// What a call of it does, by the operator's word.
    pub effect: At<Effect>,
    /// The definition that was accepted; absent until one is.
    pub digest: Option<At<Digest>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUpstream {
    url: Option<Spanned<String>>,
    tool: Option<Spanned<String>>,
    effect: Option<Spanned<Effect>>,
    digest: Option<Spanned<String>>,
    #[serde(default)]
    private: Vec<Spanned<String>>,
    r#for: Option<Vec<Spanned<String>>>,
    roots: Option<Spanned<String>>,
    limits: Option<Spanned<AskedBounds>>,
    auth: Option<Spanned<super::SecretSource>>,
}

impl RawUpstream {
    pub(super) fn read(self, source: &Source<'_>, place: Place) -> Result<UpstreamGrant, Fault> {
        let effect = self.effect.ok_or_else(|| {
            Fault::new(place.clone(), "nothing says what a call of it does").with_fix(
                "add `effect = \"...\"`, which is yours to say: what the server says of itself is a claim",
            )
        })?;
        let bounds = self.limits.map(|limits| source.at(limits));
        let http = RawHttp::of_place(self.url, self.private, self.r#for, self.roots, self.auth);
        Ok(UpstreamGrant {
            http: HttpGrant {
                bounds: bounds
                    .map(|bounds| bounds.try_map(AskedBounds::read))
                    .transpose()?,
                ..http.read(source, place)?
            },
            tool: super::raw::optional(source, self.tool, server_name)?,
            effect: source.at(effect),
            digest: super::raw::optional(source, self.digest, digest)?,
        })
    }
}

fn digest(text: String) -> Result<Digest, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// What servers call their tools: at most 128 of these characters, as the protocol has it since 2025-11-25.
fn server_name(text: String) -> Result<String, String> {
    match crate::upstream::is_tool_name(&text) {
        true => Ok(text),
        false => Err(
            "`tool` is what the server calls it: letters, digits and `-._/`, at most 128"
                .to_owned(),
        ),
    }
}
