//! One address that the host itself words requests to: a model's, an external server's.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::manifest::{Auth, Placement, Route};

use super::{Base, Destination, HostRule, HttpBounds};
use crate::effective::{Declared, EffectiveHttp};
use crate::grant::HttpGrant;
use crate::place::{At, Fault};

/// What is to be at one address.
pub(crate) struct Own<'a> {
    /// The kind of table that grants it: `model`.
    pub(crate) kind: &'static str,
    /// The table's name.
    pub(crate) name: &'a str,
    /// An address such as it may have.
    pub(crate) example: &'static str,
    /// The path below its `url`; empty for that itself.
    pub(crate) below: &'static str,
    /// How much a call sends there.
    pub(crate) bounds: HttpBounds,
}

impl Own<'_> {
    /// How it is asked.
    pub(crate) fn route(below: &str) -> Route {
        Route {
            method: "POST".to_owned(),
            path: if below.is_empty() { "/" } else { below }.to_owned(),
        }
    }

    /// The one address that `granted` gives it.
    pub(crate) fn meet(
        &self,
        declared: &Declared<'_>,
        granted: &HttpGrant,
    ) -> Result<(Arc<EffectiveHttp>, Destination), Fault> {
        let Self { kind, name, .. } = self;
        let Some(At { value: url, place }) = &granted.url else {
            let problem = format!("nothing says where `{name}` is");
            let fix = format!("under `[{kind}.{name}]`, add `url = \"{}\"`", self.example);
            return Err(Fault::new(granted.place.clone(), problem).with_fix(fix));
        };
        let fault = |problem: String| Fault::new(place.clone(), problem);
        let base = Base::of(url).map_err(fault)?;
        if !matches!(base.host(), HostRule::Exactly(_)) {
            return Err(fault(format!("`{kind}.{name}` is at one host")));
        }
        if granted.auth.is_some() && url.scheme() != "https" {
            let problem = format!("`{name}` needs a credential, and is not encrypted");
            return Err(fault(problem).with_fix("write `https://`"));
        }
        if let Some(At { value, place }) = &granted.auth
            && (value.user.is_some() || value.query || value.region.is_some())
        {
            let problem = format!("the credential of `{name}` goes into a header, without a user");
            let fix = "leave `user`, `query` and `region` out";
            return Err(Fault::new(place.clone(), problem).with_fix(fix));
        }
        let destination = Destination::at(url, self.below).map_err(fault)?;
        let auth = granted.auth.as_ref();
        let http = EffectiveHttp {
            url: url.clone(),
            base,
            allow: vec![Self::route(self.below)],
            reads: vec![Self::route(self.below)],
            tools: crate::effective::tools(declared, granted)?,
            private: granted.private.iter().map(|range| range.value).collect(),
            roots: granted
                .roots
                .iter()
                .flat_map(|at| at.value.iter().cloned())
                .collect(),
            bounds: self.bounds,
            auth: auth.map(|at| (bearer(name), at.value.clone())),
            token: None,
            place: granted.place.clone(),
        };
        Ok((Arc::new(http), destination))
    }
}

/// Where such a service wants its key, and every other its token.
pub(crate) fn bearer(name: &str) -> Auth {
    Auth {
        secret: name.to_owned(),
        placement: Placement::Header {
            name: "authorization".to_owned(),
            format: "Bearer {}".to_owned(),
        },
        placeholder: false,
    }
}

/// Of `own`, by kind and name, what a destination of `http` would reach too: there a skill could word its own request.
pub(crate) fn reachable_otherwise<'a>(
    own: impl Iterator<Item = (&'static str, &'a str, &'a EffectiveHttp)>,
    http: &BTreeMap<String, Arc<EffectiveHttp>>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (kind, name, place) in own {
        let mut destinations = http.iter();
        let found = destinations.find(|(_, other)| other.base.overlaps(&place.base));
        if let Some((other_name, other)) = found {
            let problem = format!(
                "`http.{other_name}` is at the same place as `{kind}.{name}` ({}): the skill could send its own words there",
                place.place
            );
            let fix = "give each a `url` of its own, or a path of its own below it";
            faults.push(Fault::new(other.place.clone(), problem).with_fix(fix));
        }
    }
    faults
}
