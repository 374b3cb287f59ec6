//! Which line of a grant allows a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::manifest::Route;

use super::destination::Destination;
use super::own::Own;
use crate::effective::EffectiveHttp;
use crate::model::EffectiveModel;
use crate::place::amend;
use crate::route;
use crate::sql::EffectiveDatabase;
use crate::token::EffectiveToken;
use crate::upstream::EffectiveUpstream;

/// The destinations of one granted skill.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    /// The grant's file.
    pub(crate) file: Arc<str>,
    /// What the skill asks for, granted or not.
    pub(crate) declared: BTreeMap<String, Vec<Route>>,
    pub(crate) granted: BTreeMap<String, Arc<EffectiveHttp>>,
}

/// A request that a grant allows: where, and by which line. [`Destinations::admit`] makes one,
/// [`Models::admit`](crate::Models::admit) for the request that asks a model, and [`Admission::of_token`] for the one that
/// asks for a destination's token.
#[derive(Debug, Clone)]
pub struct Admission {
    destination: Destination,
    method: String,
    name: String,
    http: Arc<EffectiveHttp>,
    rule: Route,
    reads: bool,
}

/// A request that no line allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAdmitted {
    /// Why not. It names no path and no query.
    pub why: String,
    /// The line that would allow it; empty where none would.
    pub fix: String,
}

impl Destinations {
    /// The destination called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&EffectiveHttp> {
        self.granted.get(name).map(|http| &**http)
    }

    /// Whether there is none, so that nothing can leave.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &EffectiveHttp)> {
        let all = self.granted.iter();
        all.map(|(name, http)| (name.as_str(), &**http))
    }

    /// Those that `tool` may reach, by name.
    pub fn of_tool(&self, tool: &str) -> impl Iterator<Item = (&str, &EffectiveHttp)> {
        let all = self
            .granted
            .iter()
            .map(|(name, http)| (name.as_str(), &**http));
        all.filter(move |(_, http)| http.is_for(tool))
    }

    /// The one line that lets `tool` make a request of `method` to `to`.
    ///
    /// # Errors
    /// Why there is none, and the line that would be.
    pub fn admit(
        &self,
        tool: &str,
        method: &str,
        to: Destination,
    ) -> Result<Admission, NotAdmitted> {
        let (name, http, path) = self.place_of(&to)?;
        if !http.is_for(tool) {
            return Err(self.not_for(name, http, tool));
        }
        let allows = |route: &&Route| route::matches(route, method, path);
        let Some(rule) = http.allow.iter().find(allows) else {
            return Err(self.no_route(name, http, method, path));
        };
        Ok(Admission {
            rule: rule.clone(),
            reads: http.reads.iter().any(|route| allows(&route)),
            name: name.to_owned(),
            method: method.to_owned(),
            http: Arc::clone(http),
            destination: to,
        })
    }

    fn place_of<'a>(
        &'a self,
        to: &'a Destination,
    ) -> Result<(&'a str, &'a Arc<EffectiveHttp>, &'a str), NotAdmitted> {
        let there = |(_, http): &(&String, &Arc<EffectiveHttp>)| http.base.is_at(to);
        let mut at_the_place = self.granted.iter().filter(there).peekable();
        if at_the_place.peek().is_none() {
            return Err(self.nowhere(to));
        }
        let mut below = at_the_place
            .filter_map(|(name, http)| Some((name.as_str(), http, http.base.path_of(to)?)));
        match (below.next(), below.next()) {
            (Some(only), None) => Ok(only),
            (Some((one, ..)), Some((other, ..))) => Err(NotAdmitted {
                why: format!("`{one}` and `{other}` are at the same place"),
                fix: amend(&self.file, "give each a `url` of its own"),
            }),
            (None, _) => Err(self.not_below(to)),
        }
    }

    fn nowhere(&self, to: &Destination) -> NotAdmitted {
        let place = to.place();
        let why = format!("`{place}` is no destination of the grant");
        let missing = self
            .declared
            .keys()
            .find(|name| !self.granted.contains_key(*name));
        let fix = match (missing, self.granted.iter().next()) {
            (Some(name), _) => amend(
                &self.file,
                format_args!("add `[http.{name}]` with `url = \"{place}\"`"),
            ),
            (None, Some((name, http))) => amend(
                &http.place,
                format_args!("under `[http.{name}]`, write `url = \"{place}\"` if it is there"),
            ),
            (None, None) => "nothing in a grant: the skill declares no destination".to_owned(),
        };
        NotAdmitted { why, fix }
    }

    fn not_below(&self, to: &Destination) -> NotAdmitted {
        let there = self.granted.iter().find(|(_, http)| http.base.is_at(to));
        let (name, place) = there.map_or(("", String::new()), |(name, http)| {
            (name, http.place.to_string())
        });
        NotAdmitted {
            why: format!("the path is not below that of `{name}`"),
            fix: amend(
                place,
                format_args!(
                    "under `[http.{name}]`, write `url = \"{}\"` without a path",
                    to.place()
                ),
            ),
        }
    }

    fn not_for(&self, name: &str, http: &EffectiveHttp, tool: &str) -> NotAdmitted {
        NotAdmitted {
            why: format!("`{name}` is not for `{tool}`"),
            fix: for_tool(http, &format!("http.{name}"), tool),
        }
    }

    fn no_route(&self, name: &str, http: &EffectiveHttp, method: &str, path: &str) -> NotAdmitted {
        let declared = self.declared.get(name).into_iter().flatten();
        let mut declared = declared.filter(|route| route::matches(route, method, path));
        let why = format!(
            "no route of `{name}` allows this `{}`",
            known_method(method)
        );
        let fix = match declared.next() {
            Some(route) => amend(
                &http.place,
                format_args!("under `[http.{name}]`, add `\"{route}\"` to `allow`"),
            ),
            None => format!(
                "nothing in a grant: skill.toml, under `[http.{name}]`, declares no such route"
            ),
        };
        NotAdmitted { why, fix }
    }
}

/// The line that would let `tool` reach what `table` grants.
pub(crate) fn for_tool(granted: &EffectiveHttp, table: &str, tool: &str) -> String {
    let line = format_args!("under `[{table}]`, add `\"{tool}\"` to `for`");
    amend(&granted.place, line)
}

/// `method` as it may be told and recorded: a guest may choose any token as its method.
#[must_use]
pub fn known_method(method: &str) -> &str {
    let known = vouchsafe_package::manifest::capability::METHODS;
    match known.contains(&method) {
        true => method,
        false => "other method",
    }
}

impl Admission {
    /// The one request by which a granted model is asked. It only reads: a model is given no tools.
    pub(crate) fn of_model(model: &EffectiveModel) -> Self {
        Self {
            destination: model.destination.clone(),
            method: "POST".to_owned(),
            // Not a name that a destination can have.
            name: format!("model.{}", model.name),
            http: Arc::clone(&model.http),
            rule: crate::model::effective::route(),
            reads: true,
        }
    }

    /// The one request that asks for a token of `token`, for the destination `name`. It only reads: what may be done with
    /// the token is judged when it is used.
    #[must_use]
    pub fn of_token(name: &str, token: &EffectiveToken) -> Self {
        Self {
            destination: token.destination.clone(),
            method: "POST".to_owned(),
            // Not a name that a destination can have.
            name: format!("token.{name}"),
            http: Arc::clone(&token.http),
            rule: crate::token::route(),
            reads: true,
        }
    }

    /// The one way to the server of a granted tool: `method` is POST, or DELETE for a session's end. What is done there
    /// is judged by the tool's own effect.
    pub(crate) fn of_upstream(upstream: &EffectiveUpstream, method: &str) -> Self {
        Self {
            destination: upstream.destination.clone(),
            method: method.to_owned(),
            // Not a name that a destination can have.
            name: format!("upstream.{}", upstream.name),
            http: Arc::clone(&upstream.http),
            rule: Own::route(""),
            reads: true,
        }
    }

    /// The one connection to a granted database. What is done there is judged by statement.
    pub(crate) fn of_database(database: &EffectiveDatabase) -> Self {
        Self {
            destination: database.destination.clone(),
            method: "CONNECT".to_owned(),
            // Not a name that a destination can have.
            name: format!("sql.{}", database.name),
            http: Arc::clone(&database.http),
            rule: Route {
                method: "CONNECT".to_owned(),
                path: "/".to_owned(),
            },
            reads: true,
        }
    }

    /// The table of the grant that gives it: `http.bank`.
    #[must_use]
    pub fn table(&self) -> String {
        match self.name.split_once('.') {
            Some(("token", name)) => format!("http.{name}.token"),
            Some(_) => self.name.clone(),
            None => format!("http.{}", self.name),
        }
    }

    /// Where the request goes.
    #[must_use]
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// What grant and skill call the destination.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What holds there.
    #[must_use]
    pub fn http(&self) -> &Arc<EffectiveHttp> {
        &self.http
    }

    /// The route that allows it.
    #[must_use]
    pub fn rule(&self) -> &Route {
        &self.rule
    }

    /// Whether the operator says that this request only reads, whatever its method.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.reads
    }
}

#[cfg(test)]
mod tests;
