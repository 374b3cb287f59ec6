//! What a skill gets of a granted model: no more than its prompts ask for.

use std::sync::Arc;

use vouchsafe_package::manifest::Route;

use super::bounds::ModelBounds;
use crate::effective::{Declared, EffectiveHttp};
use crate::grant::ModelGrant;
use crate::http::Destination;
use crate::http::own::Own;
use crate::place::Fault;

/// A model that the skill's prompts may go to.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveModel {
    /// The skill's and the grant's name for it.
    pub name: String,
    /// What the service calls it.
    pub model: String,
    /// How much a call may ask of it.
    pub bounds: ModelBounds,
    /// Where it is, and how one gets there.
    pub http: Arc<EffectiveHttp>,
    /// The one address that requests go to.
    pub(crate) destination: Destination,
}

/// How every model is asked, below its `url`.
const BELOW: &str = "/chat/completions";

pub(crate) fn route() -> Route {
    Own::route(BELOW)
}

pub(crate) fn meet(
    declared: &Declared<'_>,
    name: &str,
    granted: &ModelGrant,
) -> Result<EffectiveModel, Fault> {
    let mut prompts = declared.manifest.prompts.values();
    if !prompts.any(|prompt| prompt.model == name) {
        let problem = format!("no prompt of the skill goes to a model `{name}`");
        return Err(Fault::new(granted.http.place.clone(), problem)
            .with_fix(format!("take `[model.{name}]` out")));
    }
    let bounds = granted
        .bounds
        .as_ref()
        .map_or_else(ModelBounds::default, |at| at.value);
    let own = Own {
        kind: "model",
        name,
        example: "https://.../v1",
        below: BELOW,
        bounds: bounds.of_requests(),
    };
    let (http, destination) = own.meet(declared, &granted.http)?;
    Ok(EffectiveModel {
        name: name.to_owned(),
        model: granted.model.value.clone(),
        bounds,
        http,
        destination,
    })
}
