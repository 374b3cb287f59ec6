//! What a skill gets of a granted database: no more than its statements say.

use std::sync::Arc;

use super::bounds::DatabaseBounds;
use crate::effective::{Declared, EffectiveHttp};
use crate::grant::{DatabaseGrant, SecretSource};
use crate::http::{Base, Destination, HttpBounds};
use crate::place::{At, Fault};

/// A database that the skill's statements run in.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveDatabase {
    /// The skill's and the grant's name for it.
    pub name: String,
    /// The server's name for it.
    pub database: String,
    /// How much a call may ask of it.
    pub bounds: DatabaseBounds,
    /// Where its user and password are kept.
    pub login: SecretSource,
    /// Where its server is, and how one gets there.
    pub http: Arc<EffectiveHttp>,
    pub(crate) destination: Destination,
}

impl EffectiveDatabase {
    /// Its server's host and port.
    #[must_use]
    pub fn server(&self) -> (String, u16) {
        (self.destination.host().to_string(), self.destination.port())
    }

    /// Its address, as records and pages tell it: without a user.
    #[must_use]
    pub fn place(&self) -> String {
        let (host, port) = (self.destination.host(), self.destination.port());
        format!("postgres://{host}:{port}/{}", self.database)
    }
}

pub(crate) fn meet(
    declared: &Declared<'_>,
    name: &str,
    granted: &DatabaseGrant,
) -> Result<EffectiveDatabase, Fault> {
    let place = &granted.http.place;
    if !declared.manifest.sql.contains_key(name) {
        let problem = format!("no statement of the skill is for a database `{name}`");
        return Err(Fault::new(place.clone(), problem).with_fix(format!("take `[sql.{name}]` out")));
    }
    let Some(At { value: url, place }) = &granted.http.url else {
        let problem = format!("nothing says where `{name}` is");
        let fix = format!("under `[sql.{name}]`, add `url = \"postgres://.../NAME\"`");
        return Err(Fault::new(place.clone(), problem).with_fix(fix));
    };
    let fault = |problem: String| Fault::new(place.clone(), problem);
    let Some(auth) = &granted.http.auth else {
        let problem = format!("nothing says who signs in to `{name}`");
        let fix = "add `auth = { vault = \"database/creds/ROLE\", field = \"password\", user_field = \"username\" }`";
        return Err(fault(problem).with_fix(fix));
    };
    if auth.value.query || auth.value.region.is_some() {
        let problem = format!("`{name}` is signed in to with a user and a password alone");
        return Err(
            Fault::new(auth.place.clone(), problem).with_fix("leave `query` and `region` out")
        );
    }
    let http = EffectiveHttp {
        url: url.clone(),
        base: Base::of(url).map_err(fault)?,
        allow: Vec::new(),
        reads: Vec::new(),
        tools: crate::effective::tools(declared, &granted.http)?,
        private: granted.http.private.iter().map(|at| at.value).collect(),
        roots: granted
            .http
            .roots
            .iter()
            .flat_map(|at| at.value.iter().cloned())
            .collect(),
        bounds: HttpBounds::default(),
        auth: None,
        token: None,
        place: granted.http.place.clone(),
    };
    Ok(EffectiveDatabase {
        name: name.to_owned(),
        database: granted.database.clone(),
        bounds: granted
            .bounds
            .as_ref()
            .map_or_else(DatabaseBounds::default, |at| at.value),
        login: auth.value.clone(),
        http: Arc::new(http),
        destination: Destination::at(url, "").map_err(fault)?,
    })
}
