//! `approvals`: the calls that wait for people.

use jiff::Timestamp;
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
        let waiting: Self = serde_json::from_value(context.owner()?.ask(&request)?)?;
        if waiting.request.id != *id {
            let other = &waiting.request.id;
            return Err(Failure::refused(format!("the host shows `{other}` for `{id}`")).into());
        }
        Ok(waiting)
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
}

/// One waiting call in short.
#[derive(Debug, Deserialize)]
struct Row {
    id: ApprovalId,
    skill: String,
    tool: String,
    effect: String,
    principal: String,
    decide_by: Timestamp,
    needs: String,
    heard: usize,
}

impl Row {
    fn cells(&self) -> [String; 6] {
        let left = self.decide_by.duration_since(clock::now()).as_secs();
        [
            self.id.to_string(),
            format!("{} / {}", self.skill, self.tool),
            self.effect.clone(),
            self.principal.clone(),
            format!("{} min", left.max(0).unsigned_abs().div_ceil(60)),
            format!("{}, {} so far", self.needs, self.heard),
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
    if context.json {
        output::print_json(&waiting);
        return Ok(Code::Done);
    }
    let rows: Vec<Row> = serde_json::from_value(waiting)
        .map_err(|error| Failure::internal(format!("the owner's answer: {error}")))?;
    if rows.is_empty() {
        output::note("no call waits for anybody");
    } else {
        let columns = ["ID", "TOOL", "EFFECT", "ASKED BY", "LEFT", "NEEDS"];
        output::line(output::table(columns, rows.iter().map(Row::cells)));
        output::note("`vouchsafe approvals ID` shows one whole");
    }
    Ok(Code::Done)
}
