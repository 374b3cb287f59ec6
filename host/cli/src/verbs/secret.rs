//! `secret`: the credentials that skills use and never see.
//!
//! A value is typed or piped, never an argument: arguments are in the list of processes. It is sealed here, and what
//! goes to the owner is sealed and signed by the operator.

use std::io::{IsTerminal as _, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_daemon::setup;
use vouchsafe_keys::{Purpose, Secret};
use vouchsafe_package::Digest;
use vouchsafe_policy::grant::is_secret_name;
use vouchsafe_secrets::{Change, strength};

use crate::args::{self, Proof};
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

pub(crate) fn run(context: &Context, verb: &args::Secret) -> anyhow::Result<Code> {
    match verb {
        args::Secret::Set {
            name,
            accept_weak,
            proof,
        } => set(context, name, *accept_weak, proof),
        args::Secret::List => list(context),
        args::Secret::Remove { name, proof } => remove(context, name, proof),
        args::Secret::Check => check(context),
    }
}

fn set(context: &Context, name: &str, accept_weak: bool, proof: &Proof) -> anyhow::Result<Code> {
    if !is_secret_name(name) {
        let message = format!("`{name}` is no name");
        return Err(Failure::usage(message)
            .with_fix("give lower-case words with single hyphens, such as `bank-token`")
            .into());
    }
    let value = value(name)?;
    strength::fit(value.expose()).map_err(|unfit| Failure::usage(unfit.to_string()))?;
    let is_weak = strength::is_weak(value.expose());
    if is_weak && !accept_weak {
        return Err(Failure::refused("it is weak: whoever can try often enough guesses it")
            .with_fix("let the other side make a longer, random one; or accept the risk with `--accept-weak`")
            .into());
    }
    let keystore = setup::open_keystore(&context.home)?;
    let next = Next::ask(context)?;
    let sealed = keystore.sealer(Purpose::Credentials).seal(
        value.expose(),
        &vouchsafe_secrets::context(name, next.number),
    )?;
    let change = Made {
        name,
        next,
        sealed: Some(sealed),
        weak: is_weak,
    };
    change.send(context, proof)?;
    told(context, name, "is sealed; the next request uses it");
    Ok(Code::Done)
}

fn remove(context: &Context, name: &str, proof: &Proof) -> anyhow::Result<Code> {
    let change = Made {
        name,
        next: Next::ask(context)?,
        sealed: None,
        weak: false,
    };
    change.send(context, proof)?;
    told(
        context,
        name,
        "is forgotten; requests that need it are refused",
    );
    Ok(Code::Done)
}

fn told(context: &Context, name: &str, what: &str) {
    if context.json {
        output::print_json(&json!({ "name": name }));
    } else {
        output::done(format!("`{name}` {what}"));
    }
}

/// A change that is about to be signed.
struct Made<'a> {
    name: &'a str,
    next: Next,
    sealed: Option<Vec<u8>>,
    weak: bool,
}

impl Made<'_> {
    fn send(self, context: &Context, proof: &Proof) -> anyhow::Result<()> {
        let key = operator::unlock(&context.home, proof)?;
        let change = Change {
            version: Change::VERSION,
            number: self.next.number,
            after: self.next.after,
            operator: key.public().fingerprint(),
            at: clock::now(),
            name: self.name.to_owned(),
            sealed: self.sealed.as_deref().map(Digest::of),
            weak: self.weak,
        };
        let request = Request::Credential {
            change: change.sign(&key)?,
            sealed: self.sealed.map(|bytes| BASE64.encode(bytes)),
        };
        context.owner()?.ask(&request)?;
        Ok(())
    }
}

/// What the owner expects the next change to name.
struct Next {
    number: u64,
    after: Digest,
}

impl Next {
    fn ask(context: &Context) -> anyhow::Result<Self> {
        let survey = context.owner()?.ask(&Request::Credentials)?;
        let number = survey.get("number").and_then(Json::as_u64);
        let after = survey.get("state").and_then(Json::as_str);
        Ok(Self {
            number: number.unwrap_or(0).saturating_add(1),
            after: after.unwrap_or_default().parse()?,
        })
    }
}

/// The value: typed where there is a terminal, else all of standard input without its last line break.
fn value(name: &str) -> anyhow::Result<Secret> {
    if std::io::stdin().is_terminal() {
        return Ok(Secret::from(rpassword::prompt_password(format!(
            "Value of `{name}`: "
        ))?));
    }
    // Room for all of it at once, so that no copy is left behind by growing.
    let mut bytes = Vec::with_capacity(2 * strength::LONGEST);
    let most = u64::try_from(strength::LONGEST)
        .unwrap_or(u64::MAX)
        .saturating_add(2);
    std::io::stdin().take(most).read_to_end(&mut bytes)?;
    while bytes
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        bytes.pop();
    }
    Ok(Secret::new(bytes))
}

fn list(context: &Context) -> anyhow::Result<Code> {
    let survey = context.owner()?.ask(&Request::Credentials)?;
    if context.json {
        output::print_json(&json!(rows(&survey, "kept")));
        return Ok(Code::Done);
    }
    let kept = rows(&survey, "kept");
    if kept.is_empty() {
        output::note("no credential is kept; `vouchsafe secret set NAME` keeps one");
        return Ok(Code::Done);
    }
    output::line(output::table(
        ["NAME", "SET", "AGE", "USES", ""],
        kept.iter().map(|one| {
            [
                text(one, "name"),
                text(one, "set").chars().take(10).collect(),
                days(one),
                one["uses"].to_string(),
                remarks(one),
            ]
        }),
    ));
    Ok(Code::Done)
}

fn check(context: &Context) -> anyhow::Result<Code> {
    let survey = context.owner()?.ask(&Request::Credentials)?;
    let uses = rows(&survey, "uses");
    let missing = uses.iter().any(|one| one["state"] == "missing");
    if context.json {
        output::print_json(&survey);
    } else if uses.is_empty() {
        output::note("no skill in force uses a credential");
    } else {
        say(uses, rows(&survey, "kept"));
    }
    Ok(if missing { Code::Refused } else { Code::Done })
}

fn say(uses: &[Json], kept: &[Json]) {
    output::line(output::table(
        [
            "SKILL",
            "DESTINATION",
            "SECRET",
            "KEPT",
            "AGE",
            "STATE",
            "GRANT",
        ],
        uses.iter().map(|one| {
            [
                text(one, "skill"),
                text(one, "destination"),
                text(one, "secret"),
                text(one, "kept"),
                days(one),
                text(one, "state"),
                text(one, "grant"),
            ]
        }),
    ));
    for one in uses.iter().filter(|one| one["state"] != "ok") {
        let why = one["why"].as_str().unwrap_or("it is due for another");
        output::note(format!(
            "{}: {why}; {}",
            text(one, "kept"),
            text(one, "fix")
        ));
    }
    for one in kept.iter().filter(|one| one["uses"] == 0) {
        output::note(format!(
            "`{}` is kept and nothing uses it",
            text(one, "name")
        ));
    }
}

fn remarks(one: &Json) -> String {
    let due = one["due"] == true;
    let weak = one["weak"] == true;
    let remarks = [(due, "due"), (weak, "weak")];
    let remarks: Vec<_> = remarks
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, word)| *word)
        .collect();
    remarks.join(", ")
}

fn days(one: &Json) -> String {
    one["age_days"]
        .as_i64()
        .map_or_else(String::new, |days| format!("{days} days"))
}

fn rows<'a>(survey: &'a Json, of: &str) -> &'a [Json] {
    let rows = survey.get(of).and_then(Json::as_array);
    rows.map(Vec::as_slice).unwrap_or_default()
}

fn text(one: &Json, key: &str) -> String {
    one[key].as_str().unwrap_or_default().to_owned()
}
