//! `remove`: forgets a skill, and takes its grant out of force.

use serde_json::{Value as Json, json};
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::Request;

use crate::args::Remove;
use crate::context::Context;
use crate::exit::Code;
use crate::{applying, output};

/// The largest grant file, in bytes.
const MAX_GRANT: u64 = 1 << 20;

pub(crate) fn run(context: &Context, args: &Remove) -> anyhow::Result<Code> {
    let mut owner = context.owner()?;
    let listed = owner.ask(&Request::List)?;
    let removed = owner.ask(&Request::Remove {
        skill: args.skill.clone(),
    })?;
    if let Some(grant) = grant_file(&listed, &removed) {
        let path = context.home.config().join(grant);
        if path.exists() {
            let before = files::read_bounded(&path, MAX_GRANT)?;
            files::remove(&path)?;
            if let Err(error) = applying::apply(context, &args.proof) {
                files::write_atomic(&path, &before, Access::Private)?;
                output::note("its components are gone; its grant is still in force");
                return Err(error);
            }
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
    Some(skill.get("grant")?.as_str()?.to_owned())
}
