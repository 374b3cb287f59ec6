//! `vouchsafe why`: which lines decide on a call, without making it.

use std::fmt;

use serde::Serialize;
use vouchsafe_package::{Digest, SkillName, Version};

use crate::approval::{Ask, Wanted};
use crate::decide::Request;
use crate::granted::{Granted, NotGranted, Terms};
use crate::judge::{Judgement, Line, Verdict, judge};
use crate::role::Role;

/// What would be decided on a call, and by which lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What would happen.
    pub answer: Answer,
    /// The skill.
    pub skill: SkillName,
    /// Its version.
    pub version: Version,
    /// Its bytes.
    pub digest: Digest,
    /// The WIT function.
    pub tool: String,
    /// Who would ask.
    pub principal: String,
    /// With which role.
    pub role: String,
    /// The lines that decide, in the order in which they are asked.
    pub lines: Vec<Line>,
    /// What would change it.
    pub fix: Option<String>,
}

/// What would happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It would be made.
    Allowed,
    /// A person would have to decide.
    NeedsPerson,
    /// It would be refused.
    Denied,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allowed => "allowed",
            Self::NeedsPerson => "needs a person",
            Self::Denied => "denied",
        })
    }
}

/// What [`decide`](crate::decide()) would say to `request`, and why.
#[must_use]
pub fn why(granted: &Granted, request: &Request<'_>) -> Explanation {
    of_terms(granted.terms(), request)
}

pub(crate) fn of_terms(terms: &Terms, request: &Request<'_>) -> Explanation {
    let judgement = judge(terms, request);
    let mut lines = in_favour(terms, request.role, &judgement);
    lines.extend(judgement.content);
    let (answer, fix) = match judgement.verdict {
        Verdict::Allowed(_) => (Answer::Allowed, None),
        Verdict::Asked(_, asks) => {
            let fix = whom(terms, request, &asks);
            lines.extend(asks.into_iter().map(|ask| ask.line));
            (Answer::NeedsPerson, Some(fix))
        }
        Verdict::Denied { why, fix } => {
            lines.push(Line {
                place: "denied".to_owned(),
                says: why,
            });
            (Answer::Denied, Some(fix))
        }
    };
    Explanation {
        answer,
        skill: terms.skill.clone(),
        version: terms.version.clone(),
        digest: terms.digest,
        tool: request.tool.to_owned(),
        principal: request.principal.id.to_string(),
        role: request.principal.role.to_string(),
        lines,
        fix,
    }
}

fn in_favour(terms: &Terms, role: &Role, judgement: &Judgement<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |place: String, says: String| lines.push(Line { place, says });
    if let Some(follow) = terms.grant.follow.as_ref().filter(|_| terms.followed) {
        line(
            follow.place.to_string(),
            format!("follows to {}", terms.version),
        );
    }
    if let Some(place) = judgement.role {
        line(
            role.shown(place),
            format!("role `{}` may call it", role.name.value),
        );
    }
    if let Some(tool) = judgement.tool {
        line(
            tool.place.to_string(),
            format!("`{}` is granted; its effect is {}", tool.name, tool.effect),
        );
    }
    for (name, http) in judgement
        .tool
        .iter()
        .flat_map(|tool| terms.effective.http.of_tool(&tool.name))
    {
        let routes: Vec<_> = http.allow.iter().map(ToString::to_string).collect();
        line(
            http.place.to_string(),
            format!(
                "it may reach `{name}` = {}: {}",
                http.url,
                routes.join(", ")
            ),
        );
    }
    for model in judgement
        .tool
        .iter()
        .flat_map(|tool| terms.effective.models.of_tool(&tool.name))
    {
        line(
            model.http.place.to_string(),
            format!(
                "it may ask `{}` = {} at {}",
                model.name, model.model, model.http.url
            ),
        );
    }
    for upstream in judgement
        .tool
        .iter()
        .flat_map(|tool| terms.effective.upstreams.of_tool(&tool.name))
    {
        let (name, tool, url) = (&upstream.name, &upstream.tool, &upstream.http.url);
        let effect = upstream.effect;
        line(
            upstream.place.to_string(),
            match &upstream.accepted {
                Some(digest) => {
                    format!("it may call `{name}` = {tool} at {url}, {effect}, as {digest}")
                }
                None => format!("it may call `{name}` = {tool} at {url} once a `digest` is here"),
            },
        );
    }
    for database in judgement
        .tool
        .iter()
        .flat_map(|tool| terms.effective.databases.of_tool(&tool.name))
    {
        let (name, place) = (&database.name, database.place());
        line(
            database.http.place.to_string(),
            format!("it may run its statements of `{name}` = {place}"),
        );
    }
    for (name, callee) in &terms.effective.skills {
        let (skill, publisher) = (&callee.skill.value, &callee.publisher.value);
        line(
            callee.place.to_string(),
            format!(
                "it may call `{name}` of `{skill}` of `{publisher}`, within what that one was granted"
            ),
        );
    }
    if let Some((tool, raised)) = judgement
        .tool
        .and_then(|tool| Some((tool, tool.raised.as_ref()?)))
    {
        line(
            raised.to_string(),
            format!(
                "treated as {}, though declared {}",
                tool.effect, tool.ceiling
            ),
        );
    }
    lines
}

/// Who would be asked, or why nobody can be.
fn whom(terms: &Terms, request: &Request<'_>, asks: &[Ask]) -> String {
    let principal = &*request.principal.id;
    let wanted = match Wanted::of(asks, &terms.people, principal) {
        Ok(wanted) => wanted,
        Err(tier) => return format!("vouchsafe.toml: add `[confirm.{tier}]`"),
    };
    match wanted.obstacle(&terms.people, principal) {
        Some((why, fix)) => format!("nobody can be asked: {why}; {fix}"),
        None => format!(
            "{} would have to say yes, within {}",
            wanted.who(),
            wanted.within
        ),
    }
}

impl Explanation {
    /// As [`why`], of a component that no grant in force lets in.
    #[must_use]
    pub fn not_granted(
        package: &vouchsafe_package::Package,
        error: &NotGranted,
        request: &Request<'_>,
    ) -> Self {
        let said = error.to_string();
        let (says, fix) = said
            .split_once("\n  fix: ")
            .unwrap_or((&said, "run `vouchsafe grant FILE`"));
        Self {
            answer: Answer::Denied,
            skill: package.name.clone(),
            version: package.version.clone(),
            digest: package.digest,
            tool: request.tool.to_owned(),
            principal: request.principal.id.to_string(),
            role: request.principal.role.to_string(),
            lines: vec![Line {
                place: "not granted".to_owned(),
                says: says.to_owned(),
            }],
            fix: Some(fix.to_owned()),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            answer,
            skill,
            version,
            digest,
            tool,
            principal,
            role,
            ..
        } = self;
        writeln!(
            f,
            "{answer}: {skill} {version} / {tool}, for {principal} (role {role})"
        )?;
        writeln!(f, "  bytes {digest}")?;
        let width = self
            .lines
            .iter()
            .map(|line| line.place.chars().count())
            .max()
            .unwrap_or(0);
        for Line { place, says } in &self.lines {
            writeln!(f, "  {place:width$}  {says}")?;
        }
        match &self.fix {
            Some(fix) => writeln!(f, "  {:width$}  {fix}", "->"),
            None => Ok(()),
        }
    }
}
