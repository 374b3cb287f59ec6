//! `approvals`: the calls that wait for people.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_daemon::protocol::{Failure, Request};
use vouchsafe_policy::approval::{self, ApprovalId, ApprovalRequest, Heard};

use crate::context::Context;
use crate::exit::Code;
use crate::output;

/// One waiting call, and who said yes to it.
#[derive(Debug, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) request: ApprovalRequest,
    pub(crate) heard: Vec<Heard>,
}

impl Waiting {
    /// Asks the owner for the one called `id`.
    ///
    /// # Errors
    /// When none waits under that name, or it is not in this program's form.
    pub(crate) fn ask(context: &Context, id: &ApprovalId) -> anyhow::Result<Self> {
        let request = Request::Approval { id: id.clone() };
        let waiting = context.owner()?.ask(&request)?;
        Ok(serde_json::from_value(waiting)?)
    }

    /// What a person sees before they decide.
    pub(crate) fn text(&self) -> String {
        approval::text(&self.request, &self.heard, clock::now())
    }

    fn facts(&self) -> anyhow::Result<Json> {
        Ok(json!({
            "request": self.request,
            "digest": self.request.digest()?,
            "heard": self.heard,
            "text": self.text(),
        }))
    }

    fn row(&self) -> [String; 6] {
        let request = &self.request;
        let left = request.decide_by.duration_since(clock::now()).as_secs();
        [
            request.id.to_string(),
            format!("{} / {}", request.skill, request.tool),
            request.effect.to_string(),
            request.principal.clone(),
            format!("{} min", left.max(0).unsigned_abs().div_ceil(60)),
            format!("{}, {} so far", request.wanted.who(), self.heard.len()),
        ]
    }
}

pub(crate) fn run(context: &Context, id: Option<&ApprovalId>) -> anyhow::Result<Code> {
    match id {
        Some(id) => show(context, &Waiting::ask(context, id)?),
        None => list(context),
    }
}

fn show(context: &Context, waiting: &Waiting) -> anyhow::Result<Code> {
    if context.json {
        output::print_json(&waiting.facts()?);
    } else {
        output::line(waiting.text().trim_end());
    }
    Ok(Code::Done)
}

fn list(context: &Context) -> anyhow::Result<Code> {
    let waiting = context.owner()?.ask(&Request::Approvals)?;
    let waiting: Vec<Waiting> = serde_json::from_value(waiting)
        .map_err(|error| Failure::internal(format!("the owner's answer: {error}")))?;
    if context.json {
        let facts: anyhow::Result<Vec<_>> = waiting.iter().map(Waiting::facts).collect();
        output::print_json(&Json::Array(facts?));
    } else if waiting.is_empty() {
        output::note("no call waits for anybody");
    } else {
        let columns = ["ID", "TOOL", "EFFECT", "ASKED BY", "LEFT", "NEEDS"];
        output::line(output::table(columns, waiting.iter().map(Waiting::row)));
        output::note("`vouchsafe approvals ID` shows one whole");
    }
    Ok(Code::Done)
}
