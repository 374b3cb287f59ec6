//! What a skill gets of a granted tool of an external server.

use std::sync::Arc;

use vouchsafe_package::{Digest, Effect};

use crate::effective::{Declared, EffectiveHttp};
use crate::grant::UpstreamGrant;
use crate::http::own::Own;
use crate::http::{Destination, HttpBounds};
use crate::place::{Fault, Place};

/// A tool of an external server that a skill may call.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveUpstream {
    /// The skill's and the grant's name for it.
    pub name: String,
    /// What its server calls it.
    pub tool: String,
    /// What a call of it does, by the operator's word: what the server says of itself is a claim.
    pub effect: Effect,
    /// The definition that the operator accepted; without one, no call is made.
    pub accepted: Option<Digest>,
    /// The line that accepts it, or that would.
    pub place: Place,
    /// Where its server is, and how one gets there.
    pub http: Arc<EffectiveHttp>,
    pub(crate) destination: Destination,
}

pub(crate) fn meet(
    declared: &Declared<'_>,
    name: &str,
    granted: &UpstreamGrant,
) -> Result<EffectiveUpstream, Fault> {
    let Some(asked) = declared.manifest.upstream.get(name) else {
        let problem = format!("the skill calls no tool `{name}` of an external server");
        return Err(Fault::new(granted.http.place.clone(), problem)
            .with_fix(format!("take `[upstream.{name}]` out")));
    };
    if granted.effect.value > asked.effect {
        let problem = format!(
            "the skill asks for no more than `{}` of `{name}`, and this says that it is `{}`",
            asked.effect, granted.effect.value
        );
        return Err(
            Fault::new(granted.effect.place.clone(), problem).with_fix(format!(
                "take `[upstream.{name}]` out: only its author can declare more"
            )),
        );
    }
    let bounds = granted.http.bounds.as_ref();
    let own = Own {
        kind: "upstream",
        name,
        example: "https://.../mcp",
        below: "",
        bounds: bounds.map_or_else(HttpBounds::default, |at| at.value),
    };
    let (http, destination) = own.meet(declared, &granted.http)?;
    let (tool, accepted) = (granted.tool.as_ref(), granted.digest.as_ref());
    Ok(EffectiveUpstream {
        name: name.to_owned(),
        tool: tool.map_or_else(|| asked.tool.clone(), |tool| tool.value.clone()),
        effect: granted.effect.value,
        accepted: accepted.map(|at| at.value),
        place: accepted.map_or(&granted.http.place, |at| &at.place).clone(),
        http,
        destination,
    })
}
