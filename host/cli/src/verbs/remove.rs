//! `remove`: forgets a skill, and takes its grant out of force.

use serde_json::{Value as Json, json};
use vouchsafe_ambient::files;
use vouchsafe_daemon::protocol::Request;

use crate::args::Remove;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, output};

pub(crate) fn run(context: &Context, args: &Remove) -> anyhow::Result<Code> {
    let mut owner = context.owner()?;
    let listed = owner.ask(&Request::List)?;
    let removed = owner.ask(&Request::Remove {
        skill: args.skill.clone(),
    })?;
    let grant = grant_file(&listed, &removed);
    if let Some(grant) = grant {
        let path = context.home.config().join(grant);
        if path.exists() {
            files::remove(&path)?;
            applying::apply(context, &args.proof)?;
        }
    }
    if context.json {
        output::print_json(&json!({ "removed": removed }));
    } else {
        output::done(format!("`{}` is forgotten", args.skill));
    }
    Ok(Code::Done)
}

/// The grant of the skill whose component was removed.
fn grant_file(listed: &Json, removed: &Json) -> Option<String> {
    let digest = removed.pointer("/removed/0")?;
    let skill = listed
        .as_array()?
        .iter()
        .find(|skill| skill.get("digest") == Some(digest))?;
    let name = skill.get("skill")?.as_str()?.replace(':', ".");
    Some(format!("grants/{name}.toml"))
}
