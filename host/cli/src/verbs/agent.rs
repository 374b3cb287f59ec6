//! `agent`: those who come over the network.

use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::rand;
use serde::Deserialize;
use serde_json::json;
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_identity::Invitation;
use vouchsafe_package::manifest::Span;
use vouchsafe_policy::{Agent, agent};

use crate::args;
use crate::context::Context;
use crate::exit::Code;
use crate::{operator, output};

/// The longest that an invitation holds, in milliseconds: a week.
const LONGEST: u64 = 7 * 24 * 3_600_000;

/// What an owner tells of agents.
#[derive(Deserialize)]
struct Told {
    agents: Vec<Known>,
    url: Option<String>,
    root: String,
    head: u64,
}

#[derive(Deserialize)]
struct Known {
    agent: String,
    role: String,
    revoked: Option<u64>,
    /// What records call it.
    principal: String,
}

pub(crate) fn run(context: &Context, verb: &args::Agent) -> anyhow::Result<Code> {
    match verb {
        args::Agent::Add { name, role } => add(context, name, role),
        args::Agent::List => list(context),
        args::Agent::Invite {
            name,
            within,
            output,
            proof,
        } => invite(context, (name, within), output.as_deref(), proof),
        args::Agent::Revoke { name } => revoke(context, name),
    }
}

fn add(context: &Context, name: &str, role: &str) -> anyhow::Result<Code> {
    context.set_up()?;
    let name = agent::name(name.to_owned()).map_err(Failure::usage)?;
    let file = format!("agents/{name}.toml");
    let text = format!("agent = {}\nrole = {}\n", json!(name), json!(role));
    // What is written is what is read: nothing that `apply` would refuse for its form.
    Agent::parse(&file, &text).map_err(|fault| Failure::usage(fault.problem))?;
    files::create_private_directory(&context.home.config().join("agents"))?;
    let path = context.home.config().join(&file);
    files::write_new(&path, text.as_bytes(), Access::Private)?;
    if context.json {
        output::print_json(&json!({ "file": path }));
    } else {
        output::done(path.display());
        output::note(format!(
            "`vouchsafe apply` puts it into force, and `vouchsafe agent invite {name}` brings it in"
        ));
    }
    Ok(Code::Done)
}

fn told(context: &Context) -> anyhow::Result<Told> {
    Ok(Told::deserialize(context.owner()?.ask(&Request::Agents)?)?)
}

fn list(context: &Context) -> anyhow::Result<Code> {
    let agents = told(context)?.agents;
    if context.json {
        let facts = agents
            .iter()
            .map(|one| json!({ "agent": one.agent, "role": one.role, "revoked": one.revoked, "principal": one.principal }));
        output::print_json(&facts.collect());
    } else if agents.is_empty() {
        output::note("no agent is in force: `vouchsafe agent add NAME --role ROLE`");
    } else {
        let revoked =
            |at: Option<u64>| at.map_or_else(String::new, |seq| format!("by record {seq}"));
        output::line(output::table(
            ["AGENT", "ROLE", "IN THE LOG", "REVOKED"],
            agents
                .into_iter()
                .map(|one| [one.agent, one.role, one.principal, revoked(one.revoked)]),
        ));
    }
    Ok(Code::Done)
}

fn invite(
    context: &Context,
    (name, within): (&str, &str),
    to: Option<&Path>,
    proof: &args::Proof,
) -> anyhow::Result<Code> {
    let told = told(context)?;
    if !told.agents.iter().any(|known| known.agent == name) {
        let message = format!("no agent `{name}` is in force");
        let fix = format!("run `vouchsafe agent add {name} --role ROLE`, then `vouchsafe apply`");
        return Err(Failure::refused(message).with_fix(fix).into());
    }
    let url = told.url.ok_or_else(|| {
        Failure::refused("nothing says what agents call this host").with_fix(
            "vouchsafe.toml: add `names = [\"HOST\"]` to `[agents]`, then `vouchsafe apply`",
        )
    })?;
    let within = Span::parse(within).filter(|span| (1..=LONGEST).contains(&span.0));
    let within = within
        .ok_or_else(|| Failure::usage("`--within` is a time such as `1h`, of 168h at most"))?;
    let key = operator::unlock(&context.home, proof)?;
    let mut id = [0; 16];
    rand::fill(&mut id).context("no randomness")?;
    let until = clock::now() + jiff::SignedDuration::from_millis(i64::try_from(within.0)?);
    let until = jiff::Timestamp::from_second(until.as_second())?;
    let invitation = Invitation {
        agent: name.to_owned(),
        id: hex::encode(id),
        until,
        url: url.clone(),
        root: told.root,
        after: told.head,
    };
    let token = invitation.sign(&key)?;
    if let Some(file) = to {
        files::write_new(
            file,
            format!("{}\n", token.expose()).as_bytes(),
            Access::Private,
        )?;
    }
    let shown = to.is_none().then(|| token.expose());
    if context.json {
        output::print_json(
            &json!({ "agent": name, "until": until, "url": url, "invitation": shown, "file": to }),
        );
        return Ok(Code::Done);
    }
    match to {
        Some(file) => output::done(file.display()),
        None => output::line(token.expose()),
    }
    let file = to.map_or_else(|| "FILE".to_owned(), |file| file.display().to_string());
    output::note(format!(
        "who holds it first is `{name}`, until {until}: `vouchsafe connect {url} --invitation {file}`"
    ));
    Ok(Code::Done)
}

fn revoke(context: &Context, name: &str) -> anyhow::Result<Code> {
    let is_there = told(context)?
        .agents
        .iter()
        .any(|known| known.agent == name);
    let agent = name.to_owned();
    let facts = context.owner()?.ask(&Request::RevokeAgent { agent })?;
    if context.json {
        output::print_json(&facts);
    } else {
        if !is_there {
            output::note(format!("no agent `{name}` is in force: is it spelt so?"));
        }
        output::done(format!(
            "{name} is out; `vouchsafe agent invite {name}` brings it back"
        ));
        if let Some(left @ 1..) = facts.get("under_way").and_then(serde_json::Value::as_u64) {
            output::note(format!("{left} calls had not ended a second later"));
        }
    }
    Ok(Code::Done)
}
