//! `approve` and `deny`: a person's signed word on exactly what is shown.

use serde_json::Value as Json;
use vouchsafe_ambient::clock;
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_policy::approval::{Says, VoteStatement};

use crate::args::Decide;
use crate::context::Context;
use crate::exit::Code;
use crate::verbs::approvals::Waiting;
use crate::{operator, output};

pub(crate) fn run(context: &Context, args: &Decide, says: Says) -> anyhow::Result<Code> {
    let waiting = Waiting::ask(context, &args.id)?;
    // The page and what is signed are made here of the same request: who signs need not believe the owner's words.
    if !context.json {
        output::line(waiting.text().trim_end());
    }
    let key = operator::unlock_key(&args.key, args.passphrase_file.as_deref(), "approver's key")?;
    let vote = VoteStatement::sign(waiting.request.digest()?, says, clock::now(), &key)?;
    let facts = context.owner()?.ask(&Request::Vote {
        id: args.id.clone(),
        vote,
    })?;
    if context.json {
        output::print_json(&facts);
        return Ok(Code::Done);
    }
    let id = &args.id;
    let fact = |name: &str| facts.get(name).and_then(Json::as_str);
    if fact("state") == Some("void") {
        let why = fact("how").unwrap_or("the log says why");
        return Err(Failure::refused(format!("{id} was not made: {why}")).into());
    }
    output::done(match fact("state") {
        Some("denied") => format!("{id} is denied"),
        Some("executed") => format!("{id} is approved and made: {}", how(fact("how"))),
        _ => format!("{id} has your yes, and waits for others"),
    });
    Ok(Code::Done)
}

/// How the call ended, in words: its answer is for who asked.
fn how(told: Option<&str>) -> String {
    match told {
        Some("ok") => "it went well".to_owned(),
        Some(code) => format!("it ended with {code}"),
        None => "the log says how it ended".to_owned(),
    }
}
