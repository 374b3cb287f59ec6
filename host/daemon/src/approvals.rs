//! Calls that wait for people: what is asked, and what is kept of it beyond the life of the process.

use std::path::PathBuf;
use std::time::Instant;

use aws_lc_rs::rand;
use serde::Serialize;
use serde_json::Value as Json;
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access, FileError};
use vouchsafe_clearance::{Code, Keeper, Kept, Moment, Refusal};
use vouchsafe_keys::SealingKey;
use vouchsafe_package::manifest::Span;
use vouchsafe_package::value::canonical;
use vouchsafe_package::{Digest, Tool};
use vouchsafe_policy::Asked as Needed;
use vouchsafe_policy::approval::{ApprovalId, ApprovalRequest, Argument};

use crate::rules::Rules;
use crate::skill::InstalledSkill;

/// The longest arguments that people are asked about, in bytes: what nobody reads nobody can approve.
const LONGEST: usize = 64 << 10;

/// The largest kept request, in bytes.
const MAX: u64 = 1 << 20;

/// Where a call stands that people decide on, for who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// What people call it.
    pub id: ApprovalId,
    /// `pending`, `denied`, `expired`, `void` or `executed`.
    pub state: &'static str,
    /// When it is too late to decide, as RFC 3339 has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decide_by: Option<String>,
}

/// Now, by both clocks.
pub(crate) fn now() -> Moment {
    Moment {
        instant: Instant::now(),
        wall: clock::now(),
    }
}

/// The drawer in which requests lie sealed, a file each.
pub(crate) struct Drawer {
    directory: PathBuf,
    key: SealingKey,
}

impl Drawer {
    pub(crate) fn at(directory: PathBuf, key: SealingKey) -> Self {
        Self { directory, key }
    }

    /// Everything that lies here and is ours. What is not, waits for nobody.
    ///
    /// # Errors
    /// When the directory can't be listed.
    pub(crate) fn all(&self) -> Result<Vec<Kept>, FileError> {
        let names = files::list(&self.directory)?;
        let ids = names
            .iter()
            .filter_map(|name| name.parse::<ApprovalId>().ok());
        Ok(ids.filter_map(|id| self.open(&id)).collect())
    }

    fn open(&self, id: &ApprovalId) -> Option<Kept> {
        let sealed = files::read_bounded(&self.path(id), MAX).ok()?;
        let plain = self.key.open(&sealed, &context(id)).ok()?;
        let kept: Kept = serde_json::from_slice(&plain).ok()?;
        (kept.request.id == *id).then_some(kept)
    }

    fn path(&self, id: &ApprovalId) -> PathBuf {
        self.directory.join(id.to_string())
    }
}

impl Keeper for Drawer {
    fn keep(&self, kept: &Kept) -> Result<(), String> {
        let id = &kept.request.id;
        files::create_private_directory(&self.directory).map_err(|error| error.to_string())?;
        let plain = serde_json::to_vec(kept).map_err(|error| error.to_string())?;
        let sealed = self.key.seal(&plain, &context(id));
        let sealed = sealed.map_err(|error| error.to_string())?;
        files::write_atomic(&self.path(id), &sealed, Access::Private)
            .map_err(|error| error.to_string())
    }

    fn forget(&self, id: &ApprovalId) {
        if let Err(error) = files::remove(&self.path(id)) {
            // The log says what became of it, whatever lies here.
            tracing::warn!(%error, %id, "a request that is over is still kept");
        }
    }
}

fn context(id: &ApprovalId) -> Vec<u8> {
    format!("approval {id}").into_bytes()
}

/// Exactly what people are asked: `input` in its one form, for `skill`'s `tool`, as `asked` wants it.
///
/// # Errors
/// When there is no randomness, or a time beyond all clocks.
pub(crate) fn request(
    skill: &InstalledSkill,
    tool: &Tool,
    input: &Json,
    asked: &Needed,
) -> Result<ApprovalRequest, Refusal> {
    let failed = |why: &str| Refusal::new(Code::NotApproved, why, "");
    if canonical(input).len() > LONGEST {
        return Err(failed(
            "its arguments are longer than anybody can be asked about",
        ));
    }
    let (mut name, mut nonce) = ([0; 5], [0; 32]);
    rand::fill(&mut name).map_err(|_| failed("no randomness"))?;
    rand::fill(&mut nonce).map_err(|_| failed("no randomness"))?;
    let (permit, package) = (asked.proposed(), skill.package());
    let asked_at = clock::now();
    let Span(within) = asked.wanted().within;
    let decide_by = asked_at
        .checked_add(std::time::Duration::from_millis(within))
        .map_err(|_| failed("the time to decide is beyond all clocks"))?;
    Ok(ApprovalRequest {
        version: ApprovalRequest::VERSION,
        id: ApprovalId::of(name),
        nonce: hex::encode(nonce),
        asked_at,
        decide_by,
        execute_within: ApprovalRequest::EXECUTE_WITHIN,
        tenant: permit.principal().tenant.to_string(),
        principal: permit.principal().id.to_string(),
        role: permit.principal().role.to_string(),
        skill: package.name.clone(),
        publisher: skill.granted().verified().publisher().to_owned(),
        skill_version: package.version.clone(),
        digest: package.digest,
        tool: tool.name.clone(),
        schema: schema(tool),
        effect: permit.tool().effect,
        grant: permit.grant(),
        policy: permit.policy(),
        arguments: arguments(tool, input),
        reach: reach(skill, tool),
        wanted: asked.wanted().clone(),
    })
}

/// The digest of what agents are told of a tool's shape.
pub(crate) fn schema(tool: &Tool) -> Digest {
    let output = tool.output_schema().unwrap_or_default();
    Digest::of(&canonical(&Json::Array(vec![tool.input_schema(), output])))
}

fn arguments(tool: &Tool, input: &Json) -> Vec<Argument> {
    let argument = |param: &vouchsafe_package::Param| Argument {
        name: param.name.to_string(),
        ty: param.ty.to_string(),
        target: tool.targets.iter().any(|target| **target == *param.name),
        value: input.get(&*param.name).cloned().unwrap_or_default(),
    };
    tool.params.iter().map(argument).collect()
}

/// Everything beyond the skill that a call of `tool` can act on.
fn reach(skill: &InstalledSkill, tool: &Tool) -> Vec<String> {
    let effective = skill.granted().effective();
    let places = effective.http.of_tool(&tool.name);
    let places = places.map(|(name, http)| format!("{name} = {}", http.url));
    let models = effective.models.of_tool(&tool.name);
    let models = models.map(|model| format!("a model at {}", model.http.url));
    let upstreams = effective.upstreams.of_tool(&tool.name);
    let upstreams = upstreams.map(|upstream| {
        format!(
            "{} = {} of {}",
            upstream.name, upstream.tool, upstream.http.url
        )
    });
    let databases = effective.databases.of_tool(&tool.name);
    let databases = databases.map(|database| format!("{} = {}", database.name, database.place()));
    let skills = effective.skills.values();
    let skills = skills.map(|callee| {
        let (skill, publisher) = (&callee.skill.value, &callee.publisher.value);
        format!("the skill {skill} of {publisher}, and what that can reach")
    });
    let places = places.chain(models).chain(upstreams).chain(databases);
    places.chain(skills).collect()
}

/// Why `request` can't be approved any more under `rules`, if so.
pub(crate) fn void(rules: &Rules, request: &ApprovalRequest) -> Option<String> {
    let in_force = rules.in_force.as_ref().map(|in_force| in_force.digest());
    if in_force != Some(request.policy) {
        return Some("the rules changed since it was asked".to_owned());
    }
    let on = rules
        .on
        .iter()
        .any(|skill| skill.digest() == request.digest);
    (!on).then(|| "its skill is off, or another version took its place".to_owned())
}
