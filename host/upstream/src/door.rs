//! The external tools of one call.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use vouchsafe_audit::{Resources, Status, Why};
use vouchsafe_clearance::{About, Cleared, EffectGate, EffectKind, Ending, Part, Refusal};
use vouchsafe_egress::{Failure as NotSent, Refused, Requests};
use vouchsafe_package::value::canonical;
use vouchsafe_policy::upstream::{Accepted, Changed, Definition};

use crate::call::Call;
use crate::message::Reply;
use crate::schema::{Unfit, fits};
use crate::session::{Session, Trouble};
use crate::shelf::Shelf;

/// What one call may call.
#[derive(Clone)]
pub struct Upstreams {
    requests: Requests,
    gate: EffectGate,
    shelf: Arc<Shelf>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rules don't allow it, or the tool is not what was accepted: it was not called. Its record is to be made.
    #[error("refused: {}", .0.why)]
    Refused(Box<Refused>),
    /// The gate didn't let it through, and has recorded why.
    #[error("not cleared: {0}")]
    NotCleared(Refusal),
    /// A request that carries it was refused. Its record is to be made.
    #[error("refused: {}", .0.why)]
    NotSent(Box<Refused>),
    /// It came to nothing, and may have had effects. That is recorded; what the server said is for the skill alone.
    #[error("failed")]
    Failed(Json),
}

/// How an exchange ended.
enum Ended {
    Result(Json),
    /// The tool's own error, or the server's.
    Error(Json),
    /// It was not called, for `why`; the line `fix` would mend that.
    Refused {
        why: String,
        fix: String,
    },
    /// It was not called, because something went wrong before.
    Before(Trouble),
    /// It was called, and nobody knows what came of it.
    After(Trouble),
    /// It was called, and what came of it is not passed on.
    Unfit(String),
}

impl Upstreams {
    /// For the call whose gate is `gate` and whose requests are `requests`; what servers list is kept on `shelf`.
    #[must_use]
    pub fn new(requests: Requests, gate: EffectGate, shelf: Arc<Shelf>) -> Self {
        Self {
            requests,
            gate,
            shelf,
        }
    }

    /// Finds the line of the grant that lets the call call the tool `name`, and reads its arguments.
    ///
    /// # Errors
    /// [`Failure::Refused`], with the line that would allow it. It is not recorded yet.
    pub fn judge(&self, name: &str, input: &str) -> Result<Call, Failure> {
        let permit = self.gate.permit();
        let calling = permit.upstreams().admit(&permit.tool().name, name);
        let calling = calling.map_err(|not| {
            let kind = EffectKind::Upstream(vouchsafe_package::Effect::Read);
            Failure::Refused(refused(kind, "", not.why, not.fix))
        })?;
        let kind = EffectKind::Upstream(calling.effect());
        let place = calling.message().destination().place();
        Call::new(calling, input)
            .map_err(|bad| Failure::Refused(refused(kind, &place, bad.to_string(), String::new())))
    }

    /// Clears a call, holds what its server lists against what was accepted, calls the tool, and gives its result: what
    /// somebody else's server says, and no more to be trusted for having the promised form.
    ///
    /// # Errors
    /// [`Failure`]. Whatever was cleared has its end in the log.
    pub async fn call(&self, call: Call) -> Result<Json, Failure> {
        let kind = EffectKind::Upstream(call.calling().effect());
        let place = call.calling().message().destination().place();
        let input = self.gate.commit(&call.canonical());
        let about = About {
            kind: &kind,
            place: &place,
            rule: Some(call.calling().rule()),
            input: Some(input.map_err(Failure::NotCleared)?),
        };
        let cleared = self.gate.clear(call, about);
        let cleared = cleared.map_err(Failure::NotCleared)?;
        let ended = self.exchange(&cleared).await;
        conclude(cleared, ended, kind, &place)
    }

    async fn exchange(&self, cleared: &Cleared<Part<Call>>) -> Ended {
        let call = cleared.action().effect();
        let requests = self.requests.inside(self.gate.inside(cleared));
        let mut session = match Session::open(&requests, call.calling()).await {
            Ok(session) => session,
            Err(trouble) => return Ended::Before(trouble),
        };
        let ended = self.within(&mut session, call).await;
        session.end().await;
        ended
    }

    async fn within(&self, session: &mut Session<'_>, call: &Call) -> Ended {
        let listed = match session.definition().await {
            Ok(listed) => listed,
            Err(trouble) => return Ended::Before(trouble),
        };
        let (name, judged) = (
            call.calling().upstream().name.clone(),
            call.calling().upstream().accept(listed.clone()),
        );
        if let Err(why) = self.keep(name, listed, judged.is_ok()).await {
            return refuse(why, String::new());
        }
        let accepted = match judged {
            Ok(accepted) => accepted,
            Err(Changed { not, .. }) => return refuse(not.why, not.fix),
        };
        let schema = accepted.definition().input_schema();
        if let Err(unfit) = held(schema, call.input()).await {
            return refuse(
                format!("arguments and `inputSchema`: {unfit}"),
                String::new(),
            );
        }
        match session.call(&accepted, call.input()).await {
            Ok(Reply::Result(result)) => read(&accepted, result).await,
            Ok(Reply::Error(error)) => Ended::Error(error),
            Err(trouble) => Ended::After(trouble),
        }
    }

    /// Keeps what was listed, so that who decides on it can read it.
    async fn keep(&self, name: String, listed: Definition, accepted: bool) -> Result<(), String> {
        let (shelf, skill) = (Arc::clone(&self.shelf), self.gate.skill().clone());
        let kept = tokio::task::spawn_blocking(move || {
            shelf.listed(&skill, &name, &listed)?;
            match accepted {
                true => shelf.accepted(&listed),
                false => Ok(()),
            }
        });
        match kept.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("what is listed can't be kept: {error}")),
            Err(_) => Err("what is listed can't be kept".to_owned()),
        }
    }
}

fn refuse(why: String, fix: String) -> Ended {
    Ended::Refused { why, fix }
}

/// What the skill gets of a result: its contents, in the form that was promised (MCP 2025-11-25, "Output Schema").
async fn read(accepted: &Accepted, mut result: Map<String, Json>) -> Ended {
    result.retain(|key, _| matches!(key.as_str(), "content" | "structuredContent" | "isError"));
    if result.get("isError") == Some(&Json::Bool(true)) {
        return Ended::Error(Json::Object(result));
    }
    let held = match (
        accepted.definition().output_schema(),
        result.get("structuredContent"),
    ) {
        (None, _) => Ok(()),
        (Some(promised), Some(content)) => held(promised, content).await,
        (Some(_), None) => Err(Unfit::Value),
    };
    match held {
        Ok(()) => Ended::Result(Json::Object(result)),
        Err(unfit) => Ended::Unfit(format!("result and `outputSchema`: {unfit}")),
    }
}

/// As [`fits`], beside the threads that serve everybody: a long value and a long schema take a while.
async fn held(schema: &Json, value: &Json) -> Result<(), Unfit> {
    let (schema, value) = (schema.clone(), value.clone());
    let held = tokio::task::spawn_blocking(move || fits(&schema, &value));
    held.await.unwrap_or(Err(Unfit::Schema))
}

/// Records how an exchange ended, and says it. The record quotes nothing that a server wrote.
fn conclude(
    cleared: Cleared<Part<Call>>,
    ended: Ended,
    kind: EffectKind,
    place: &str,
) -> Result<Json, Failure> {
    let output = match &ended {
        Ended::Result(json) | Ended::Error(json) => cleared.commit(&canonical(json)).ok(),
        _ => None,
    };
    let (status, detail, result) = match ended {
        Ended::Result(result) => (Status::Ok, None, Ok(result)),
        Ended::Error(error) => (
            Status::ToolError,
            Some("the tool answered with an error of its own".to_owned()),
            Err(Failure::Failed(error)),
        ),
        Ended::Unfit(why) => (Status::ToolError, Some(why.clone()), Err(nothing(&why))),
        Ended::Refused { why, fix } => {
            let detail = format!("not called: {why}");
            let failure = Failure::Refused(refused(kind, place, why, fix));
            (Status::Failed, Some(detail), Err(failure))
        }
        Ended::Before(trouble) => before(trouble),
        Ended::After(trouble) if left_nothing(&trouble) => before(trouble),
        Ended::After(trouble) => {
            let failure = nothing("the tool was called, and gave no answer");
            match trouble {
                Trouble::NotSent(NotSent::TooSlow(_)) => {
                    return unknown(cleared, Why::Deadline, failure);
                }
                Trouble::NotSent(NotSent::Broken(_)) => {
                    return unknown(cleared, Why::Dropped, failure);
                }
                other => (Status::ToolError, Some(other.to_string()), Err(failure)),
            }
        }
    };
    let ending = Ending {
        status,
        detail,
        output,
        resources: Resources::default(),
    };
    // A log that does not take it has stopped all effects; opening it again concludes this one.
    drop(cleared.finish(ending));
    result
}

/// Whether it is known that the request did not leave.
fn left_nothing(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::NotSent(
            NotSent::Refused(_)
                | NotSent::Unresolved(_)
                | NotSent::NotCleared(_)
                | NotSent::NoConnection(_)
                | NotSent::Tls(_)
        )
    )
}

fn unknown(cleared: Cleared<Part<Call>>, why: Why, failure: Failure) -> Result<Json, Failure> {
    cleared.give_up(why);
    Err(failure)
}

/// How it ended when it is known that the tool was not called.
fn before(trouble: Trouble) -> (Status, Option<String>, Result<Json, Failure>) {
    let said = format!("not called: {trouble}");
    let (status, failure) = match trouble {
        Trouble::NotSent(NotSent::Refused(refused) | NotSent::Unresolved(refused)) => {
            (Status::Failed, Failure::NotSent(refused))
        }
        Trouble::NotSent(NotSent::NotCleared(refusal)) => {
            (Status::Killed, Failure::NotCleared(refusal))
        }
        Trouble::NotSent(NotSent::TooSlow(_)) => (Status::Deadline, nothing("too slow")),
        Trouble::NotSent(NotSent::TooMuch(_)) => (Status::Limit, nothing("too much")),
        _ => (Status::Failed, nothing("the server could not be asked")),
    };
    (status, Some(said), Err(failure))
}

/// What the skill hears where there is no error of the tool's own.
fn nothing(message: &str) -> Failure {
    Failure::Failed(json!({ "message": message }))
}

fn refused(kind: EffectKind, place: &str, why: String, fix: String) -> Box<Refused> {
    Box::new(Refused {
        kind,
        place: place.to_owned(),
        why,
        fix,
    })
}
