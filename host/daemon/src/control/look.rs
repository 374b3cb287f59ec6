//! Requests that only look.

use serde_json::{Value as Json, json};
use vouchsafe_package::SkillName;
use vouchsafe_package::value::{Caps, arguments_from_json, arguments_to_json};
use vouchsafe_policy::approval::{ApprovalId, ApprovalRequest, Heard};
use vouchsafe_policy::upstream::Definition;
use vouchsafe_policy::{Answer, EffectiveUpstream, Principal, Request, amend};
use vouchsafe_upstream::Shelf;

use crate::approvals;
use crate::caller::Caller;
use crate::owner::Owner;
use crate::protocol::Failure;
use crate::rules::{Off, Rules};
use crate::skill::InstalledSkill;

/// What is in force, which files were edited since, and what the next statement must follow.
pub(super) fn in_force(owner: &Owner) -> Result<Json, Failure> {
    let rules = owner.rules();
    // What can't be listed was edited. It keeps nobody from revoking.
    let edited = rules
        .watch
        .edited()
        .unwrap_or_else(|error| vec![error.to_string()]);
    let operators: Vec<_> = owner.operators().iter().map(|key| key.to_pem()).collect();
    let Some(in_force) = &rules.in_force else {
        return Ok(json!({ "serial": 0, "edited": edited, "operators": operators }));
    };
    let statement = in_force.statement();
    Ok(json!({
        "serial": statement.serial,
        "mark": in_force.mark(),
        "applied_at": statement.applied_at,
        "operator": statement.operator,
        "files": statement.files,
        "statement": rules.applied.as_ref().map(|applied| applied.statement()),
        "texts": rules.applied.as_ref().map(|applied| applied.texts()),
        "edited": edited,
        "operators": operators,
    }))
}

/// The kept skills, those that can be called and those that can't.
pub(super) fn list(owner: &Owner, caller: &Caller) -> Result<Json, Failure> {
    let rules = owner.rules();
    let on = rules.on.iter();
    let on = on.map(|skill| describe_on(&rules, caller.principal(), skill));
    let off = rules.off.iter().map(|off| describe_off(&rules, off));
    Ok(Json::Array(on.chain(off).collect()))
}

/// The tools of external servers: what was accepted of each, what its server listed last, and how they differ.
pub(super) fn upstreams(owner: &Owner) -> Json {
    let (rules, shelf) = (owner.rules(), Shelf::at(owner.home().upstream()));
    let of = |skill: &InstalledSkill| -> Vec<Json> {
        let all = skill.granted().effective().upstreams.all();
        all.map(|upstream| describe_upstream(&shelf, &skill.package().name, upstream))
            .collect()
    };
    rules.on.iter().flat_map(|skill| of(skill)).collect()
}

fn describe_upstream(shelf: &Shelf, skill: &SkillName, upstream: &EffectiveUpstream) -> Json {
    let listed = shelf.last_listed(skill, &upstream.name);
    let changed = listed.clone().map(|listed| upstream.accept(listed));
    let state = match (&changed, upstream.accepted) {
        (None, _) => "not seen",
        (Some(Ok(_)), _) => "accepted",
        (Some(Err(_)), Some(_)) => "changed",
        (Some(Err(_)), None) => "not accepted",
    };
    let changed = changed.and_then(Result::err);
    let was = upstream.accepted.and_then(|digest| shelf.get(&digest));
    let differences = listed.iter().filter(|_| changed.is_some());
    let differences = differences.flat_map(|listed| listed.since(was.as_ref()));
    json!({
        "skill": skill, "name": upstream.name, "tool": upstream.tool,
        "url": upstream.http.url.as_str(), "effect": upstream.effect, "grant": upstream.place,
        "state": state, "accepted": upstream.accepted,
        "listed": listed.as_ref().map(Definition::digest),
        "differences": differences.map(|one| one.to_string()).collect::<Vec<_>>(),
        "fix": changed.map(|changed| changed.line),
    })
}

/// One that is on, unless calls of it by `principal` are refused as things are.
fn describe_on(rules: &Rules, principal: &Principal, skill: &InstalledSkill) -> Json {
    let package = skill.package();
    let tools: Vec<String> = skill.tools().map(|(name, _)| name).collect();
    let contested: Vec<_> = tools
        .iter()
        .filter(|name| rules.contested.contains(name))
        .collect();
    let refused = crate::call::still_in_force(rules, principal, skill).err();
    let reason = match (refused, contested.as_slice()) {
        (Some(refusal), _) => Some(refusal.detail()),
        (None, [_, ..]) => Some(format!(
            "another skill claims the same tool names; add `alias = \"...\"` to {}",
            skill.grant_file()
        )),
        _ => None,
    };
    json!({
        "skill": package.name, "version": package.version, "digest": package.digest,
        "publisher": skill.granted().verified().publisher(),
        "state": if reason.is_some() { "refused" } else { "on" },
        "tier": package.tier, "tools": tools, "reason": reason,
        "grant": skill.grant_file(),
        "followed": skill.granted().was_followed(),
    })
}

fn describe_off(rules: &Rules, off: &Off) -> Json {
    let claims = off.claims.as_ref();
    let grant = rules.in_force.as_ref().and_then(|in_force| {
        let content = in_force.content();
        let pins = content
            .grants()
            .find(|grant| grant.digest.value == off.digest);
        pins.or_else(|| {
            let (skill, publisher) = (&claims?.skill, off.publisher.as_deref()?);
            content
                .grant_for(skill, publisher)
                .map(|(grant, _)| &**grant)
        })
    });
    let grant = grant.map(|grant| &grant.file);
    json!({
        "skill": claims.map(|claims| &claims.skill),
        "version": claims.map(|claims| &claims.version),
        "digest": off.digest,
        "publisher": off.publisher,
        "state": off.state, "reason": off.reason, "grant": grant,
    })
}

/// The calls that wait for people, oldest first, in short.
pub(super) fn approvals(owner: &Owner) -> Json {
    let rules = owner.rules();
    let void = |request: &ApprovalRequest| approvals::void(&rules, request);
    let row = |request: &ApprovalRequest, heard: &[Heard]| {
        json!({
            "id": request.id, "skill": request.skill, "publisher": request.publisher,
            "tool": request.tool, "effect": request.effect, "principal": request.principal,
            "decide_by": request.decide_by, "needs": request.wanted.who(), "heard": heard.len(),
        })
    };
    owner
        .approvals()
        .waiting(approvals::now(), void, row)
        .into()
}

/// The one called `id`, whole.
pub(super) fn approval(owner: &Owner, id: &ApprovalId) -> Result<Json, Failure> {
    let rules = owner.rules();
    let void = |request: &ApprovalRequest| approvals::void(&rules, request);
    let one = owner.approvals().one(id, approvals::now(), void);
    let (request, heard) = one.ok_or_else(|| {
        Failure::refused(format!("no call waits under the name `{id}`"))
            .with_fix("run `vouchsafe approvals`")
    })?;
    Ok(json!({ "request": request, "heard": heard }))
}

/// Which lines decide a call.
pub(super) fn why(
    owner: &Owner,
    caller: &Caller,
    skill: &str,
    tool: &str,
    principal: Option<&str>,
    input: &Json,
) -> Result<Json, Failure> {
    let rules = owner.rules();
    let principal =
        principal.map_or_else(|| caller.principal().clone(), |text| named(&rules, text));
    let Some(installed) = rules.on.iter().find(|installed| installed.is_called(skill)) else {
        return Ok(not_on(&rules, skill));
    };
    if let Err(refusal) = crate::call::still_in_force(&rules, &principal, installed) {
        return Ok(json!({ "allowed": false, "text": refusal.detail() }));
    }
    let role = rules.role(&principal);
    let role = role.ok_or_else(|| {
        let message = format!("no role `{}` is in force", principal.role);
        let file = format_args!("roles/{}.toml", principal.role);
        Failure::usage(message).with_fix(amend(file, "write it"))
    })?;
    let input = &canonical(installed, tool, input);
    let request = Request {
        principal: &principal,
        role: &role,
        tool,
        input,
    };
    let explanation = vouchsafe_policy::why(installed.granted(), &request);
    Ok(json!({
        "allowed": explanation.answer == Answer::Allowed,
        "explanation": explanation,
        "text": explanation.to_string(),
    }))
}

/// The agent that `text` means: `AGENT`, with its role where a file in force gives it one and the local role where not,
/// or `ROLE/AGENT`.
fn named(rules: &Rules, text: &str) -> Principal {
    match text.split_once('/') {
        Some((role, agent)) => Principal {
            role: role.into(),
            ..Principal::local(agent)
        },
        None => {
            let content = rules.in_force.as_deref().map(|in_force| in_force.content());
            let agent = content.and_then(|content| content.agent(text));
            agent.map_or_else(
                || Principal::local(text),
                |agent| Principal::agent(text, &agent.role.value),
            )
        }
    }
}

/// The arguments as a call of the tool would be judged by; as they are where it would be refused for them.
fn canonical(installed: &InstalledSkill, tool: &str, input: &Json) -> Json {
    let mut tools = installed.package().tools.iter();
    let read = tools.find(|one| one.name == tool).and_then(|one| {
        let values = arguments_from_json(&one.params, input, &Caps::default()).ok()?;
        arguments_to_json(&one.params, &values, &Caps::default()).ok()
    });
    read.unwrap_or_else(|| input.clone())
}

fn not_on(rules: &Rules, skill: &str) -> Json {
    let off = rules.off.iter().find(|off| off.is_called(skill));
    let text = match off {
        Some(off) => format!("refused: `{skill}` is {}: {}", off.state, off.reason),
        None => format!("refused: no skill `{skill}` is installed; run `vouchsafe install FILE`"),
    };
    json!({ "allowed": false, "text": text })
}
