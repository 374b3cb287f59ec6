//! What a skill gets of a granted model: no more than its prompts ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::manifest::{Auth, Placement, Route};

use super::bounds::ModelBounds;
use crate::effective::{Declared, EffectiveHttp};
use crate::grant::ModelGrant;
use crate::http::{Base, Destination, HostRule};
use crate::place::{At, Fault};

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
const ROUTE: &str = "/chat/completions";

pub(crate) fn route() -> Route {
    Route {
        method: "POST".to_owned(),
        path: ROUTE.to_owned(),
    }
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
    let Some(At { value: url, place }) = &granted.http.url else {
        let problem = format!("nothing says where `{name}` is");
        let fix = format!("under `[model.{name}]`, add `url = \"https://.../v1\"`");
        return Err(Fault::new(granted.http.place.clone(), problem).with_fix(fix));
    };
    let fault = |problem: String| Fault::new(place.clone(), problem);
    let base = Base::of(url).map_err(fault)?;
    if !matches!(base.host(), HostRule::Exactly(_)) {
        return Err(fault("a model is at one host".to_owned()));
    }
    if granted.http.auth.is_some() && url.scheme() != "https" {
        let problem = format!("`{name}` needs a credential, and is not encrypted");
        return Err(fault(problem).with_fix("write `https://`"));
    }
    if let Some(At { value, place }) = &granted.http.auth
        && (value.user.is_some() || value.query || value.region.is_some())
    {
        let problem = format!("the credential of `{name}` goes into a header, without a user");
        let fix = "leave `user`, `query` and `region` out";
        return Err(Fault::new(place.clone(), problem).with_fix(fix));
    }
    let bounds = granted
        .bounds
        .as_ref()
        .map_or_else(ModelBounds::default, |at| at.value);
    let destination = Destination::at(url, ROUTE).map_err(fault)?;
    let http = EffectiveHttp {
        url: url.clone(),
        base,
        allow: vec![route()],
        reads: vec![route()],
        tools: crate::effective::tools(declared, &granted.http)?,
        private: granted
            .http
            .private
            .iter()
            .map(|range| range.value)
            .collect(),
        roots: granted
            .http
            .roots
            .iter()
            .flat_map(|at| at.value.iter().cloned())
            .collect(),
        bounds: bounds.of_requests(),
        auth: granted
            .http
            .auth
            .as_ref()
            .map(|at| (key(name), at.value.clone())),
        token: None,
        place: granted.http.place.clone(),
    };
    Ok(EffectiveModel {
        name: name.to_owned(),
        model: granted.model.value.clone(),
        bounds,
        http: Arc::new(http),
        destination,
    })
}

/// Where every service of this kind wants its key, and every other its token.
pub(crate) fn key(name: &str) -> Auth {
    Auth {
        secret: name.to_owned(),
        placement: Placement::Header {
            name: "authorization".to_owned(),
            format: "Bearer {}".to_owned(),
        },
        placeholder: false,
    }
}

/// Models that a destination of `http` would reach too: there a skill could word its own request, past its prompts.
pub(crate) fn reachable_otherwise(
    models: &BTreeMap<String, Arc<EffectiveModel>>,
    http: &BTreeMap<String, Arc<EffectiveHttp>>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for model in models.values() {
        let mut destinations = http.iter();
        let found = destinations.find(|(_, other)| other.base.overlaps(&model.http.base));
        if let Some((name, other)) = found {
            let problem = format!(
                "`http.{name}` is at the same place as `model.{}` ({}): the skill could send its own words there",
                model.name, model.http.place
            );
            let fix = "give each a `url` of its own, or a path of its own below it";
            faults.push(Fault::new(other.place.clone(), problem).with_fix(fix));
        }
    }
    faults
}
