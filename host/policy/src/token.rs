//! Where a token comes from that stands for a credential: the client-credentials grant of OAuth 2.0 (RFC 6749, 4.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::manifest::{Auth, Http, Placement, Route};

use crate::effective::EffectiveHttp;
use crate::grant::{HttpGrant, SecretSource};
use crate::http::{Base, Destination, HostRule, HttpBounds};
use crate::place::{At, Fault};
use crate::route;

/// The service that gives a destination's tokens, for a credential that goes nowhere else.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveToken {
    /// What the skill asks to be let do, in that service's words; may be empty.
    pub scope: String,
    /// Where it is, and how one gets there.
    pub http: Arc<EffectiveHttp>,
    /// The one address that requests go to.
    pub(crate) destination: Destination,
}

/// How every such service is asked, at its own address.
pub(crate) fn route() -> Route {
    Route {
        method: "POST".to_owned(),
        path: "/".to_owned(),
    }
}

/// What gives the tokens of `name`, if its skill wants tokens there.
pub(crate) fn meet(
    name: &str,
    asked: &Http,
    granted: &HttpGrant,
    auth: Option<&(Auth, SecretSource)>,
) -> Result<Option<Arc<EffectiveToken>>, Fault> {
    let placement = asked.auth.as_ref().map(|auth| &auth.placement);
    match (placement, &granted.token, auth) {
        (Some(Placement::OAuth { scope }), Some(token), Some(auth)) => {
            endpoint(name, scope, token, auth).map(|token| Some(Arc::new(token)))
        }
        (Some(Placement::OAuth { .. }), None, _) => {
            let problem = format!("nothing says where the tokens of `{name}` come from");
            let fix = format!("under `[http.{name}]`, add `token = {{ url = \"https://...\" }}`");
            Err(Fault::new(granted.place.clone(), problem).with_fix(fix))
        }
        (_, Some(token), _) => {
            let problem = format!("the skill wants no tokens for `{name}`");
            Err(Fault::new(token.place.clone(), problem).with_fix("leave `token` out"))
        }
        (_, None, _) => Ok(None),
    }
}

fn endpoint(
    name: &str,
    scope: &str,
    token: &HttpGrant,
    auth: &(Auth, SecretSource),
) -> Result<EffectiveToken, Fault> {
    let Some(At { value: url, place }) = &token.url else {
        let problem = format!("nothing says where the tokens of `{name}` come from");
        return Err(
            Fault::new(token.place.clone(), problem).with_fix("add `url = \"https://...\"`")
        );
    };
    let fault = |problem: String| Fault::new(place.clone(), problem);
    if url.scheme() != "https" {
        let problem =
            format!("the tokens of `{name}` are worth a credential, and are not encrypted");
        return Err(fault(problem).with_fix("write `https://`"));
    }
    let base = Base::of(url).map_err(fault)?;
    if !matches!(base.host(), HostRule::Exactly(_)) {
        return Err(fault("tokens come from one host".to_owned()));
    }
    let http = EffectiveHttp {
        url: url.clone(),
        base,
        allow: vec![route()],
        reads: vec![route()],
        tools: None,
        private: token.private.iter().map(|range| range.value).collect(),
        roots: token
            .roots
            .iter()
            .flat_map(|at| at.value.iter().cloned())
            .collect(),
        bounds: HttpBounds::default(),
        auth: Some(auth.clone()),
        token: None,
        place: token.place.clone(),
    };
    Ok(EffectiveToken {
        scope: scope.to_owned(),
        http: Arc::new(http),
        destination: Destination::at(url, "").map_err(fault)?,
    })
}

/// Destinations where the skill itself could ask for tokens, with the one that it was given.
pub(crate) fn reachable_otherwise(http: &BTreeMap<String, Arc<EffectiveHttp>>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for token in http.values().filter_map(|http| http.token.as_ref()) {
        let lets = |other: &EffectiveHttp| {
            let path = other.base.path_of(&token.destination);
            let path = path.filter(|_| other.base.is_at(&token.destination));
            path.is_some_and(|path| other.allow.iter().any(|allow| is_like(allow, path)))
        };
        if let Some((name, other)) = http.iter().find(|(_, other)| lets(other)) {
            let problem = format!(
                "`http.{name}` lets the skill itself ask for tokens, at {}",
                token.http.place
            );
            let fix = format!("under `[http.{name}]`, name the routes that it needs in `allow`");
            faults.push(Fault::new(other.place.clone(), problem).with_fix(fix));
        }
    }
    faults
}

/// Whether `allow` leads to `path` where servers look neither at the method, nor at case, nor at a `/` at its end.
fn is_like(allow: &Route, path: &str) -> bool {
    let any = Route {
        method: "POST".to_owned(),
        path: allow.path.to_lowercase(),
    };
    let path = path.to_lowercase();
    let bare = path.trim_end_matches('/');
    [&path, bare, &format!("{bare}/")]
        .into_iter()
        .any(|path| route::matches(&any, "POST", path))
}
