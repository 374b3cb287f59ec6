//! `policies/*.cedar`: what an operator forbids beyond roles and grants. Nothing in such a file can
//! permit anything.

use cedar_policy::{Effect, Policy, PolicyId, PolicySet};
use miette::Diagnostic;
use serde_json::Value as Json;
use vouchsafe_package::SkillName;
use vouchsafe_package::name::is_kebab;

use super::scope::Scope;
use super::{CALL, UNATTENDED};
use crate::approval::Tier;
use crate::place::{Fault, Place, Source};

/// One policy of a file.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its first line.
    pub place: Place,
    /// What it asks for.
    pub demand: Demand,
    /// Why, in its `@reason`.
    pub reason: Option<String>,
    /// Itself, as it was written, without comments.
    pub text: String,
    pub(crate) scope: Scope,
    pub(crate) policy: Policy,
    /// Whether it looks at the arguments.
    pub(crate) looks_at_input: bool,
}

/// What a policy asks for where it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// That the call is refused.
    Refusal,
    /// That people of this tier decide; `confirm` where the policy names none.
    Person(String),
}

/// More policies than a person writes into one file.
const MAX_POLICIES: usize = 2_000;

impl Written {
    /// Reads the text of `file` (`policies/house.cedar`).
    ///
    /// # Errors
    /// The first thing wrong, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Vec<Self>, Fault> {
        let source = Source::new(file, text);
        let text = &without_comments(text);
        let set: PolicySet = text
            .parse()
            .map_err(|errors| unreadable(&source, &errors))?;
        if let Some(template) = set.templates().next() {
            let problem = format!("a template (`{}`) is linked by nobody", template.id());
            return Err(Fault::new(source.place(0), problem).with_fix("name the role or the tool"));
        }
        let mut policies: Vec<Policy> = set.policies().cloned().collect();
        if policies.len() > MAX_POLICIES {
            let problem = format!("there are more than {MAX_POLICIES} policies");
            return Err(Fault::new(source.place(0), problem));
        }
        policies.sort_by_key(|policy| number(policy.id()));
        let mut from = 0;
        let read = |policy: Policy| {
            let own = policy.to_cedar().unwrap_or_default();
            let at = text.get(from..).and_then(|rest| rest.find(&own));
            let at = from + at.unwrap_or_default();
            from = at + own.len();
            Self::of(policy, source.place(at), own)
        };
        policies.into_iter().map(read).collect()
    }

    fn of(policy: Policy, place: Place, text: String) -> Result<Self, Fault> {
        let fault = |problem: String| Fault::new(place.clone(), problem);
        if policy.effect() == Effect::Permit {
            let problem = "a policy can't permit: roles and grants do, and policies take away";
            return Err(fault(problem.to_owned()).with_fix(format!(
                "write `forbid`; for `forbid(..., action == Action::\"{UNATTENDED}\", ...)` a person is asked"
            )));
        }
        let scope = Scope::of(&policy).map_err(fault)?;
        let demand = demand(&policy, &scope).map_err(fault)?;
        let json = policy.to_json().map_err(|error| fault(error.to_string()))?;
        Ok(Self {
            demand,
            reason: policy.annotation("reason").map(str::to_owned),
            looks_at_input: looks_at_input(&json),
            policy: policy.new_id(PolicyId::new(place.spot())),
            scope,
            place,
            text,
        })
    }

    /// What it does, in words.
    #[must_use]
    pub fn says(&self) -> String {
        let demand = match &self.demand {
            Demand::Refusal => "a policy forbids it".to_owned(),
            Demand::Person(tier) => format!("a policy wants it confirmed (`{tier}`)"),
        };
        match &self.reason {
            Some(reason) => format!("{demand}: {reason}"),
            None => demand,
        }
    }

    /// Whether it can match a call of `tool` by agents of `role`.
    pub(crate) fn can_match(&self, role: &str, skill: &SkillName, tool: &str) -> bool {
        self.scope.can_match(role, skill, tool)
    }
}

fn demand(policy: &Policy, scope: &Scope) -> Result<Demand, String> {
    let known = ["confirm", "reason"];
    if let Some((name, _)) = policy.annotations().find(|(name, _)| !known.contains(name)) {
        return Err(format!(
            "`@{name}` says nothing here; want `@confirm` or `@reason`"
        ));
    }
    let tier = policy.annotation("confirm");
    match (scope.call, tier) {
        (true, None) => Ok(Demand::Refusal),
        (true, Some(_)) => Err(format!(
            "`@confirm` asks a person, and the policy forbids `{CALL}`; write `action == Action::\"{UNATTENDED}\"`"
        )),
        (false, None) => Ok(Demand::Person(Tier::CONFIRM.to_owned())),
        (false, Some(tier)) if is_kebab(tier) => Ok(Demand::Person(tier.to_owned())),
        (false, Some(tier)) => Err(format!("`{tier}` is not a tier of confirmation")),
    }
}

/// `text` with blanks where comments are, so that no policy is looked for in one.
fn without_comments(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let (mut quoted, mut comment) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        comment = !matches!(c, '\n' | '\r')
            && (comment || (!quoted && c == '/' && chars.peek() == Some(&'/')));
        if comment {
            bare.extend(std::iter::repeat_n(' ', c.len_utf8()));
            continue;
        }
        bare.push(c);
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => bare.extend(chars.next()),
            _ => {}
        }
    }
    bare
}

/// Cedar names the policies of one text `policy0`, `policy1`, ...
fn number(id: &PolicyId) -> usize {
    let id: &str = id.as_ref();
    let digits = id.strip_prefix("policy").and_then(|text| text.parse().ok());
    digits.unwrap_or(usize::MAX)
}

fn unreadable(source: &Source<'_>, errors: &cedar_policy::ParseErrors) -> Fault {
    let first = errors.iter().next();
    let offset = first.and_then(|error| error.labels()?.next().map(|label| label.offset()));
    Fault::new(source.place(offset.unwrap_or_default()), errors.to_string())
}

/// Whether the policy reads `context` otherwise than by an attribute that is not `input`.
fn looks_at_input(json: &Json) -> bool {
    match json {
        Json::Object(object) => object.iter().any(|(key, value)| {
            let of_context = value
                .pointer("/left/Var")
                .is_some_and(|var| var == "context");
            let attribute = value.pointer("/attr").and_then(Json::as_str);
            match (key.as_str(), of_context, attribute) {
                ("." | "has", true, Some(attribute)) => attribute == "input",
                ("Var", ..) => value == "context",
                _ => looks_at_input(value),
            }
        }),
        Json::Array(all) => all.iter().any(looks_at_input),
        _ => false,
    }
}
