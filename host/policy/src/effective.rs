//! `effective = declared ∩ granted`: what a skill really gets.
//!
//! A grant that names what the skill does not declare, or that would lower an effect or raise a
//! limit, is not silently cut to size: it is a fault that names the line.

mod files;
mod settings;
mod state;

pub use files::{Folder, Folders};
pub use state::StoreBounds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use url::Url;
use vouchsafe_package::assemble::{MAX_TOOL_NAME, tool_name};
use vouchsafe_package::manifest::{
    AskedLimits, Auth, ByteSize, Confirm, Http, Manifest, Placement, Route, Span,
};
use vouchsafe_package::{Digest, Effect, Limits, Package, Param, SkillName, Tool, Version};

use crate::grant::{
    Condition, Confirmation, Grant, HttpGrant, SecretSource, SkillGrant, ToolGrant,
};
use crate::http::{Base, Destinations, HttpBounds, Private, own};
use crate::model::{self, Models};
use crate::place::{At, Fault, Faults, Place};
use crate::route;
use crate::sql::{self, Databases};
use crate::token::{self, EffectiveToken};
use crate::upstream::{self, Upstreams};

/// What one granted skill may do: never more than it declares, never more than was granted.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The first part of its tools' names.
    pub prefix: String,
    /// The tools that agents may call, by WIT name.
    pub tools: BTreeMap<String, Arc<EffectiveTool>>,
    /// The destinations that it may reach.
    pub http: Arc<Destinations>,
    /// The models that its prompts may go to.
    pub models: Arc<Models>,
    /// The tools of external servers that it may call.
    pub upstreams: Arc<Upstreams>,
    /// The databases that its statements run in.
    pub databases: Arc<Databases>,
    /// Who answers the interfaces of other skills that it calls.
    pub skills: BTreeMap<String, SkillGrant>,
    /// What it finds in `wasi:config`, by name.
    pub settings: Arc<BTreeMap<String, String>>,
    /// The stores that it keeps.
    pub state: Arc<BTreeMap<String, StoreBounds>>,
    /// The folders that it finds.
    pub files: Arc<Folders>,
    /// The bounds of a call.
    pub limits: Limits,
}

/// A tool that agents may call.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveTool {
    /// The WIT function.
    pub name: String,
    /// What agents call it.
    pub mcp_name: String,
    /// The most that the host lets a call do: the effect that the author declared.
    pub ceiling: Effect,
    /// What a call is treated as: the ceiling, or more if the grant says so.
    pub effect: Effect,
    /// Its arguments.
    pub params: Vec<Param>,
    /// When the author wants a person to decide.
    pub author_confirm: Option<Confirm>,
    /// The author's condition, if there is one and it fits the arguments.
    pub author_condition: Option<Condition>,
    /// When the operator wants a person to decide.
    pub confirm: Option<At<Confirmation>>,
    /// The line that grants it.
    pub place: Place,
    /// The line that raises its effect.
    pub raised: Option<Place>,
}

/// A destination that the skill may reach.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectiveHttp {
    /// Where it is, as the grant writes it.
    pub url: Url,
    /// Where it is, as requests are held against it.
    pub base: Base,
    /// The requests that may be made.
    pub allow: Vec<Route>,
    /// Those of them that only read, though their method is POST.
    pub reads: Vec<Route>,
    /// The tools that may make them; all if `None`.
    pub tools: Option<BTreeSet<String>>,
    /// Which private addresses it may resolve to.
    pub private: Vec<Private>,
    /// Certificates (DER) that vouch for it, besides the public ones.
    pub roots: Arc<[Vec<u8>]>,
    /// How much a call may send and receive.
    pub bounds: HttpBounds,
    /// The credential, as the skill declares it, and where it is kept.
    pub auth: Option<(Auth, SecretSource)>,
    /// What gives the tokens that go there instead of the credential.
    pub token: Option<Arc<EffectiveToken>>,
    /// The line that grants it.
    pub place: Place,
}

/// What a package declares, as far as a grant is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// The component's bytes.
    pub digest: Digest,
    /// The skill.
    pub name: &'a SkillName,
    /// Its version.
    pub version: &'a Version,
    /// What it is for, in the author's words.
    pub about: &'a str,
    /// Its tools.
    pub tools: &'a [Arc<Tool>],
    /// What it asks for, by name.
    pub manifest: &'a Manifest,
    /// What it imports, inert imports aside.
    pub imports: &'a [String],
}

impl<'a> From<&'a Package> for Declared<'a> {
    fn from(package: &'a Package) -> Self {
        Self {
            digest: package.digest,
            name: &package.name,
            version: &package.version,
            about: &package.about,
            tools: &package.tools,
            manifest: &package.manifest,
            imports: &package.imports.declared,
        }
    }
}

/// What `package` gets under `grant`: the intersection. The digest is not compared here.
///
/// # Errors
/// Every line of the grant that does not fit the package.
pub fn effective(package: &Package, grant: &Grant) -> Result<Effective, Faults> {
    meet(&Declared::from(package), grant)
}

/// As [`effective()`], of what a package declares.
///
/// # Errors
/// Every line of the grant that does not fit.
pub fn meet(declared: &Declared<'_>, grant: &Grant) -> Result<Effective, Faults> {
    let mut faults = Vec::new();
    if *declared.name != grant.skill.value {
        let problem = format!(
            "this grant is for `{}`, not `{}`",
            grant.skill.value, declared.name
        );
        faults.push(Fault::new(grant.skill.place.clone(), problem));
    }
    let tools = fitting(&grant.tools, &mut faults, |name, granted| {
        tool(declared, grant, name, granted).map(Arc::new)
    });
    let http = fitting(&grant.http, &mut faults, |name, granted| {
        destination(declared, name, granted).map(Arc::new)
    });
    faults.extend(same_place(&http));
    let models = fitting(&grant.model, &mut faults, |name, granted| {
        model::effective::meet(declared, name, granted).map(Arc::new)
    });
    let upstreams = fitting(&grant.upstream, &mut faults, |name, granted| {
        upstream::effective::meet(declared, name, granted).map(Arc::new)
    });
    let asked = models
        .iter()
        .map(|(name, model)| ("model", &**name, &*model.http));
    let reached = upstreams
        .iter()
        .map(|(name, upstream)| ("upstream", &**name, &*upstream.http));
    faults.extend(own::reachable_otherwise(asked.chain(reached), &http));
    faults.extend(token::reachable_otherwise(&http));
    let databases = fitting(&grant.sql, &mut faults, |name, granted| {
        sql::effective::meet(declared, name, granted).map(Arc::new)
    });
    let skills = fitting(&grant.skills, &mut faults, |name, granted| {
        called(declared, name, granted)
    });
    let settings = settings::settings(declared, grant, &mut faults);
    let state = fitting(&grant.state, &mut faults, |name, granted| {
        state::store(declared, &grant.publisher.value, name, granted)
    });
    faults.extend(state::too_much(grant, &state));
    let folders = fitting(&grant.files, &mut faults, |name, granted| {
        files::folder(declared, name, granted)
    });
    faults.extend(files::nested(&folders));
    let limits = limits(&declared.manifest.limits(), grant, &mut faults);
    if !faults.is_empty() {
        return Err(Faults::from(faults));
    }
    Ok(Effective {
        prefix: grant.prefix().to_owned(),
        tools,
        http: Arc::new(Destinations {
            file: Arc::clone(&grant.file),
            declared: routes_of(declared.manifest),
            granted: http,
        }),
        models: Arc::new(Models::new(
            Arc::clone(&grant.file),
            declared.manifest,
            models,
        )),
        upstreams: Arc::new(Upstreams::new(
            Arc::clone(&grant.file),
            declared.manifest,
            upstreams,
        )),
        databases: Arc::new(Databases::new(
            Arc::clone(&grant.file),
            declared.manifest,
            databases,
        )),
        skills,
        settings: Arc::new(settings),
        state: Arc::new(state),
        files: Arc::new(Folders {
            file: Arc::clone(&grant.file),
            declared: (declared.manifest.files.iter())
                .map(|(name, asked)| (name.clone(), asked.access))
                .collect(),
            granted: folders,
        }),
        limits,
    })
}

fn routes_of(manifest: &Manifest) -> BTreeMap<String, Vec<Route>> {
    let all = manifest.http.iter();
    all.map(|(name, http)| (name.clone(), http.allow.clone()))
        .collect()
}

/// Destinations that one request could be at: which of them decides would be chance.
fn same_place(http: &BTreeMap<String, Arc<EffectiveHttp>>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, (name, one)) in http.iter().enumerate() {
        let mut others = http.iter().skip(index + 1);
        if let Some((other, two)) = others.find(|(_, two)| one.base.overlaps(&two.base)) {
            let problem = format!("`{other}` is at the same place as `{name}` ({})", one.place);
            let fault = Fault::new(two.place.clone(), problem);
            faults.push(
                fault.with_fix("give each a `url` of its own, or a path of its own below it"),
            );
        }
    }
    faults
}

impl EffectiveHttp {
    /// Whether `tool` may reach it.
    #[must_use]
    pub fn is_for(&self, tool: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.contains(tool))
    }
}

/// What `read` makes of each entry; what does not fit goes to `faults`.
fn fitting<T, U>(
    table: &BTreeMap<String, T>,
    faults: &mut Vec<Fault>,
    read: impl Fn(&str, &T) -> Result<U, Fault>,
) -> BTreeMap<String, U> {
    let mut fit = BTreeMap::new();
    for (name, entry) in table {
        match read(name, entry) {
            Ok(value) => drop(fit.insert(name.clone(), value)),
            Err(fault) => faults.push(fault),
        }
    }
    fit
}

fn tool(
    declared: &Declared<'_>,
    grant: &Grant,
    name: &str,
    granted: &ToolGrant,
) -> Result<EffectiveTool, Fault> {
    let fault = |problem: String| Fault::new(granted.place.clone(), problem);
    let Some(tool) = declared.tools.iter().find(|tool| tool.name == name) else {
        let names: Vec<_> = declared
            .tools
            .iter()
            .map(|tool| format!("`{}`", tool.name))
            .collect();
        return Err(fault(format!(
            "the skill has no tool `{name}`; it has {}",
            names.join(", ")
        )));
    };
    let mcp_name = tool_name(grant.prefix(), name);
    if mcp_name.len() > MAX_TOOL_NAME {
        let problem =
            format!("`{mcp_name}` is longer than the {MAX_TOOL_NAME} characters that agents take");
        return Err(Fault::new(grant.prefix_place().clone(), problem)
            .with_fix("write a shorter `alias = \"...\"`"));
    }
    if let Some(At {
        value: Confirmation::When { condition, .. },
        place,
    }) = &granted.confirm
    {
        condition.fits(&tool.params).map_err(|problem| {
            Fault::new(
                place.clone(),
                format!("`{condition}` does not fit `{name}`: {problem}"),
            )
        })?;
    }
    let raised = granted
        .effect
        .as_ref()
        .filter(|effect| effect.value != tool.effect);
    if let Some(lower) = raised.filter(|effect| effect.value < tool.effect) {
        let problem = format!(
            "`{name}` is {}; a grant may raise an effect, never lower it to {}",
            tool.effect, lower.value
        );
        return Err(Fault::new(lower.place.clone(), problem).with_fix("leave `effect` out"));
    }
    Ok(EffectiveTool {
        name: name.to_owned(),
        mcp_name,
        ceiling: tool.effect,
        effect: raised.map_or(tool.effect, |effect| effect.value),
        params: tool.params.clone(),
        author_condition: author_condition(tool),
        author_confirm: tool.confirm.clone(),
        confirm: granted.confirm.clone(),
        place: granted.place.clone(),
        raised: raised.map(|effect| effect.place.clone()),
    })
}

fn author_condition(tool: &Tool) -> Option<Condition> {
    let condition: Condition = tool.confirm.as_ref()?.when.as_ref()?.parse().ok()?;
    condition.fits(&tool.params).ok().map(|()| condition)
}

fn destination(
    declared: &Declared<'_>,
    name: &str,
    granted: &HttpGrant,
) -> Result<EffectiveHttp, Fault> {
    let Some(asked) = declared.manifest.http.get(name) else {
        return Err(Fault::new(
            granted.place.clone(),
            format!("the skill declares no destination `{name}`"),
        )
        .with_fix(format!("take `[http.{name}]` out")));
    };
    let url = url(name, asked, granted)?;
    let allow = routes(name, asked, granted)?;
    let at = granted.url.as_ref().map_or(&granted.place, |at| &at.place);
    let auth = auth(name, asked, granted)?;
    let token = token::meet(name, asked, granted, auth.as_ref())?;
    let auth = match &token {
        // The credential goes to where tokens come from, and the token here.
        Some(_) => auth.map(|(auth, source)| (own::bearer(&auth.secret), source)),
        None => auth,
    };
    if auth.is_some() && url.scheme() != "https" {
        let problem = format!("`{name}` needs a credential, and is not encrypted");
        return Err(Fault::new(at.clone(), problem).with_fix("write `https://`"));
    }
    Ok(EffectiveHttp {
        base: Base::of(&url).map_err(|problem| Fault::new(at.clone(), problem))?,
        url,
        reads: reads(name, &allow, granted)?,
        allow,
        tools: tools(declared, granted)?,
        private: granted.private.iter().map(|range| range.value).collect(),
        roots: granted
            .roots
            .iter()
            .flat_map(|at| at.value.iter().cloned())
            .collect(),
        bounds: granted
            .bounds
            .as_ref()
            .map_or_else(HttpBounds::default, |at| at.value),
        auth,
        token,
        place: granted.place.clone(),
    })
}

fn called(declared: &Declared<'_>, name: &str, granted: &SkillGrant) -> Result<SkillGrant, Fault> {
    if declared.manifest.skills.contains_key(name) {
        return Ok(granted.clone());
    }
    let problem = format!("the skill imports no `{name}` of another skill");
    Err(Fault::new(granted.place.clone(), problem)
        .with_fix(format!("take `[skills.\"{name}\"]` out")))
}

fn url(name: &str, asked: &Http, granted: &HttpGrant) -> Result<Url, Fault> {
    let declared = asked.url.as_deref().map(Url::parse).transpose();
    let declared = declared.map_err(|error| {
        Fault::new(
            granted.place.clone(),
            format!("the skill's own address of `{name}`: {error}"),
        )
    })?;
    match (declared, &granted.url) {
        (Some(fixed), Some(other)) if fixed != other.value => {
            let problem = format!("the skill fixes `{name}` at `{fixed}`; a grant can't move it");
            Err(Fault::new(other.place.clone(), problem).with_fix("leave `url` out"))
        }
        (Some(fixed), _) => Ok(fixed),
        (None, Some(place)) => Ok(place.value.clone()),
        (None, None) => Err(Fault::new(
            granted.place.clone(),
            format!("nothing says where `{name}` is"),
        )
        .with_fix(format!(
            "under `[http.{name}]`, add `url = \"https://...\"`"
        ))),
    }
}

/// The granted routes, each of which a declared one must cover; all declared if none is named.
fn routes(name: &str, asked: &Http, granted: &HttpGrant) -> Result<Vec<Route>, Fault> {
    let Some(allow) = &granted.allow else {
        return Ok(asked.allow.clone());
    };
    let wider = allow.iter().find(|route| {
        !asked
            .allow
            .iter()
            .any(|outer| route::covers(outer, &route.value))
    });
    match wider {
        Some(wider) => {
            let problem = format!(
                "`{}` is more than the skill declares of `{name}`",
                wider.value
            );
            let declared: Vec<_> = asked
                .allow
                .iter()
                .map(|route| format!("\"{route}\""))
                .collect();
            Err(Fault::new(wider.place.clone(), problem)
                .with_fix(format!("write `allow = [{}]` or less", declared.join(", "))))
        }
        None => Ok(allow.iter().map(|route| route.value.clone()).collect()),
    }
}

/// The granted words that a POST only reads, each within what is allowed.
fn reads(name: &str, allow: &[Route], granted: &HttpGrant) -> Result<Vec<Route>, Fault> {
    let beyond = |at: &&At<Route>| !allow.iter().any(|outer| route::covers(outer, &at.value));
    if let Some(At { value, place }) = granted.reads.iter().find(beyond) {
        let problem = format!("`{value}` is not among what `allow` lets happen at `{name}`");
        return Err(Fault::new(place.clone(), problem).with_fix("take it out of `reads`"));
    }
    Ok(granted.reads.iter().map(|at| at.value.clone()).collect())
}

pub(crate) fn tools(
    declared: &Declared<'_>,
    granted: &HttpGrant,
) -> Result<Option<BTreeSet<String>>, Fault> {
    let Some(tools) = &granted.tools else {
        return Ok(None);
    };
    let has = |at: &&At<String>| declared.tools.iter().any(|tool| tool.name == at.value);
    match tools.iter().find(|at| !has(at)) {
        Some(At { value, place }) => Err(Fault::new(
            place.clone(),
            format!("the skill has no tool `{value}`"),
        )),
        None => Ok(Some(tools.iter().map(|at| at.value.clone()).collect())),
    }
}

fn auth(
    name: &str,
    asked: &Http,
    granted: &HttpGrant,
) -> Result<Option<(Auth, SecretSource)>, Fault> {
    match (&asked.auth, &granted.auth) {
        (None, None) => Ok(None),
        (Some(asked), Some(source)) => {
            fits(name, &asked.placement, &source.value).map_err(|(problem, fix)| {
                Fault::new(source.place.clone(), problem).with_fix(fix)
            })?;
            Ok(Some((asked.clone(), source.value.clone())))
        }
        (None, Some(source)) => {
            let problem = format!("the skill declares no credential for `{name}`");
            Err(Fault::new(source.place.clone(), problem).with_fix("leave `auth` out"))
        }
        (Some(asked), None) => {
            let problem = format!(
                "`{name}` needs the credential `{}`, and nothing says where it is kept",
                asked.secret
            );
            let fix = format!(
                "under `[http.{name}]`, add `auth = {{ sealed = \"{0}\" }}`, and run `vouchsafe secret set {0}`",
                asked.secret
            );
            Err(Fault::new(granted.place.clone(), problem).with_fix(fix))
        }
    }
}

/// Whether a credential can go where the skill says that it goes.
fn fits(name: &str, placement: &Placement, source: &SecretSource) -> Result<(), (String, String)> {
    let (basic, query, aws) = (
        matches!(placement, Placement::Basic | Placement::OAuth { .. }),
        matches!(placement, Placement::Query { .. }),
        matches!(placement, Placement::Aws { .. }),
    );
    for header in placement.headers() {
        crate::http::header::may_hold(header).map_err(|bad| {
            let problem = format!(
                "the credential of `{name}` can't stand in `{header}`: {}",
                bad.why
            );
            (
                problem,
                "nothing in a grant: the skill's author chose it".to_owned(),
            )
        })?;
    }
    if source.user.is_some() && !basic && !aws {
        let problem = format!("`{name}` takes no `user`: it has no basic authentication");
        return Err((problem, "leave `user` out".to_owned()));
    }
    match (aws, &source.region) {
        (true, None) => {
            let problem = format!("nothing says which region's requests to `{name}` are");
            return Err((
                problem,
                "add `region = \"eu-central-1\"`, or whichever it is".to_owned(),
            ));
        }
        (false, Some(_)) => {
            let problem = format!("`{name}` takes no `region`: it is not signed for AWS");
            return Err((problem, "leave `region` out".to_owned()));
        }
        _ => {}
    }
    match (query, source.query) {
        (true, false) => Err((
            format!("`{name}` wants its credential in the address, which servers and proxies log"),
            "if that is accepted, add `query = true`".to_owned(),
        )),
        (false, true) => Err((
            format!("`{name}` does not take its credential in the address"),
            "leave `query` out".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn limits(declared: &Limits, grant: &Grant, faults: &mut Vec<Fault>) -> Limits {
    let granted = &grant.limits;
    let asked = AskedLimits {
        memory: granted.memory.as_ref().map(|at| at.value),
        time: granted.time.as_ref().map(|at| at.value),
        fuel: granted.fuel.as_ref().map(|at| at.value),
        output: granted.output.as_ref().map(|at| at.value),
        input: granted.input.as_ref().map(|at| at.value),
    };
    let wanted = asked.over(declared);
    let bytes = |size| ByteSize(size).to_string();
    let (time, fuel) = (
        Span(declared.wall_ms).to_string(),
        declared.fuel.to_string(),
    );
    let bounds = [
        (
            "memory",
            wanted.memory_bytes > declared.memory_bytes,
            bytes(declared.memory_bytes),
            place(&granted.memory),
        ),
        (
            "time",
            wanted.wall_ms > declared.wall_ms,
            time,
            place(&granted.time),
        ),
        (
            "fuel",
            wanted.fuel > declared.fuel,
            fuel,
            place(&granted.fuel),
        ),
        (
            "output",
            wanted.output_bytes > declared.output_bytes,
            bytes(declared.output_bytes),
            place(&granted.output),
        ),
        (
            "input",
            wanted.input_bytes > declared.input_bytes,
            bytes(declared.input_bytes),
            place(&granted.input),
        ),
    ];
    for (key, raised, most, place) in bounds {
        if let (true, Some(place)) = (raised, place) {
            let problem =
                format!("`{key}` is more than the skill's own {most}; a grant may only lower it");
            faults.push(
                Fault::new(place, problem)
                    .with_fix(format!("write at most {most}, or leave it out")),
            );
        }
    }
    wanted.meet(declared)
}

fn place<T>(at: &Option<At<T>>) -> Option<Place> {
    at.as_ref().map(|at| at.place.clone())
}

#[cfg(test)]
mod tests;
