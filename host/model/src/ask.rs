//! The questions of one call.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value as Json;
use vouchsafe_audit::{Resources, Status};
use vouchsafe_clearance::{About, Cleared, EffectGate, EffectKind, Ending, Part, Refusal};
use vouchsafe_egress::{Failure as NotSent, Received, Refused, Requests};
use vouchsafe_package::value::canonical;
use vouchsafe_policy::amend;
use vouchsafe_policy::model::{EffectiveModel, TRIES};

use crate::fence::Boundary;
use crate::ledger::{Account, Ledger};
use crate::prompt::render;
use crate::question::Question;
use crate::reply::{Schema, Unfit, completion};
use crate::tokens::{Budget, Exhausted};

/// What one call may ask.
#[derive(Clone)]
pub struct Models {
    requests: Requests,
    gate: EffectGate,
    budget: Budget,
    ledger: Arc<Ledger>,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rules don't allow it. Its record is to be made.
    #[error("refused: {}", .0.why)]
    Refused(Box<Refused>),
    /// The grant allows no more of it in this call. Its record is to be made.
    #[error("used up: {}", .0.why)]
    Exhausted(Box<Refused>),
    /// The gate didn't let it through, and has recorded why.
    #[error("not cleared: {0}")]
    NotCleared(Refusal),
    /// A request that carries it was refused. Its record is to be made.
    #[error("refused: {}", .0.why)]
    NotSent(Box<Refused>),
    /// The model was asked, and gave no reply that fits. That is recorded.
    #[error("no reply that fits: {0}")]
    NoReply(String),
}

/// How one request of a question ended.
enum Tried {
    Fits(Json),
    Unfit(Unfit),
    NotSent(NotSent),
    Exhausted(Exhausted),
    NoRandomness,
}

/// What a question has used.
#[derive(Default)]
struct Spent {
    requests: u64,
    tokens: u64,
}

impl Models {
    /// For the call whose gate is `gate` and whose requests are `requests`; `ledger` knows what earlier ones used.
    #[must_use]
    pub fn new(requests: Requests, gate: EffectGate, ledger: Arc<Ledger>) -> Self {
        Self {
            requests,
            gate,
            budget: Budget::default(),
            ledger,
        }
    }

    /// Finds the line of the grant that lets the call ask by `prompt`, and fills it in.
    ///
    /// # Errors
    /// [`Failure::Refused`], with the line that would allow it. It is not recorded yet.
    pub fn judge(&self, prompt: &str, slots: Vec<(String, String)>) -> Result<Question, Failure> {
        let permit = self.gate.permit();
        let asking = permit.models().admit(&permit.tool().name, prompt);
        let asking = asking.map_err(|not| Failure::Refused(refused("", not.why, not.fix)))?;
        let place = asking.admission().destination().place();
        let question = Question::new(asking, slots);
        question
            .map_err(|error| Failure::Refused(refused(&place, error.to_string(), String::new())))
    }

    /// Clears a question, asks it, and gives the reply: one JSON object that fits the prompt's schema, and is not to
    /// be trusted even then.
    ///
    /// # Errors
    /// [`Failure`]. Whatever was cleared has its end in the log.
    pub async fn ask(&self, question: Question) -> Result<Json, Failure> {
        let model = question.asking().model().clone();
        let place = question.asking().admission().destination().place();
        self.budget
            .ask(&model.name, &model.bounds)
            .map_err(|bound| used_up(&model, &place, bound))?;
        let read = self.ledger.ready().await;
        read.map_err(|error| Failure::NotCleared(Refusal::not_recorded(&error)))?;
        let input = self.gate.commit(&question.canonical());
        let about = About {
            kind: &EffectKind::Model,
            place: &place,
            rule: Some(question.asking().rule()),
            input: Some(input.map_err(Failure::NotCleared)?),
        };
        let cleared = self.gate.clear(question, about);
        let cleared = cleared.map_err(Failure::NotCleared)?;
        let mut spent = Spent::default();
        let ended = self.put(&cleared, &mut spent).await;
        conclude(cleared, ended, &spent, &model, &place)
    }

    /// Asks until a reply fits, or has not for [`TRIES`] times.
    async fn put(&self, cleared: &Cleared<Part<Question>>, spent: &mut Spent) -> Tried {
        let question = cleared.action().effect();
        let requests = self.requests.inside(self.gate.inside(cleared));
        let Ok(schema) = Schema::of(&question.asking().prompt().reply) else {
            return Tried::Unfit(Unfit::Schema);
        };
        let mut tried = self.once(question, &requests, &schema, spent).await;
        for _ in 1..TRIES {
            match &tried {
                Tried::Unfit(unfit) if unfit.may_be_asked_again() => {
                    tried = self.once(question, &requests, &schema, spent).await;
                }
                _ => break,
            }
        }
        tried
    }

    async fn once(
        &self,
        question: &Question,
        requests: &Requests,
        schema: &Schema,
        spent: &mut Spent,
    ) -> Tried {
        let (asking, model) = (question.asking(), question.asking().model());
        let Ok(boundary) = Boundary::draw(question.all_data()) else {
            return Tried::NoRandomness;
        };
        let messages = render(asking.prompt(), |name| question.data(name), &boundary);
        let most = asking.prompt().reply_tokens();
        let at_most = messages.tokens_at_most().saturating_add(most.into());
        let reserved = match self.budget.reserve(&model.name, at_most, &model.bounds) {
            Ok(reserved) => reserved,
            Err(bound) => return Tried::Exhausted(bound),
        };
        let account = Account {
            skill: self.gate.skill().to_string(),
            model: model.name.clone(),
        };
        let (daily, unseen) = (model.bounds.daily, model.bounds.tokens);
        let booked = match self.ledger.book(&account, at_most, daily, unseen) {
            Ok(booked) => booked,
            Err(bound) => {
                reserved.settle(Some(0));
                return Tried::Exhausted(bound);
            }
        };
        spent.requests += 1;
        let body = Bytes::from(messages.body(&model.model, most));
        let sent = requests.send_own(asking.admission().clone(), headers(), body);
        let answered = match sent.await {
            Ok(response) => read(response, model.bounds.reply).await,
            Err(failure) => Err(Tried::NotSent(failure)),
        };
        let body = match answered {
            Ok(body) => body,
            Err(tried) => {
                // What was booked stands: nobody knows what the service did with it.
                spent.tokens = spent.tokens.saturating_add(reserved.settle(None));
                return tried;
            }
        };
        let completion = completion(&body);
        let counted = reserved.settle(completion.tokens);
        self.ledger.settle(&booked, counted);
        spent.tokens = spent.tokens.saturating_add(counted);
        let reply = completion.content.and_then(|content| schema.read(&content));
        reply.map_or_else(Tried::Unfit, Tried::Fits)
    }
}

fn headers() -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(CONTENT_TYPE, json.clone()), (ACCEPT, json)])
}

/// The body of a response, if it is one of success and at most `most` bytes long.
async fn read(response: Response<Received>, most: u64) -> Result<Vec<u8>, Tried> {
    if response.status() != StatusCode::OK {
        return Err(Tried::Unfit(Unfit::Status(response.status().as_u16())));
    }
    let mut body = response.into_body();
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Tried::NotSent)?;
        if let Some(data) = frame.data_ref() {
            all.extend_from_slice(data);
        }
        if all.len() as u64 > most {
            return Err(Tried::Unfit(Unfit::TooLong));
        }
    }
    Ok(all)
}

/// Records how a question ended, and says it.
fn conclude(
    cleared: Cleared<Part<Question>>,
    ended: Tried,
    spent: &Spent,
    model: &EffectiveModel,
    place: &str,
) -> Result<Json, Failure> {
    let (status, said, result) = match ended {
        Tried::Fits(reply) => (Status::Ok, String::new(), Ok(reply)),
        Tried::Unfit(unfit) => {
            let said = unfit.to_string();
            (Status::Failed, said.clone(), Err(Failure::NoReply(said)))
        }
        Tried::Exhausted(bound) => {
            let failure = match spent.requests {
                0 => used_up(model, place, bound),
                _ => Failure::NoReply(format!("`{}` are used up", bound.0)),
            };
            (Status::Limit, failure.to_string(), Err(failure))
        }
        Tried::NoRandomness => {
            let said = "the system has no randomness".to_owned();
            (Status::Failed, said.clone(), Err(Failure::NoReply(said)))
        }
        Tried::NotSent(failure) => not_sent(failure),
    };
    let detail = format!(
        "{}: {} requests, {} tokens{}{said}",
        model.model,
        spent.requests,
        spent.tokens,
        if said.is_empty() { "" } else { "; " }
    );
    let output = result.as_ref().ok().map(canonical);
    let output = output.and_then(|reply| cleared.commit(&reply).ok());
    let ending = Ending {
        status,
        detail: Some(detail),
        output,
        resources: Resources {
            tokens: Some(spent.tokens),
            ..Resources::default()
        },
    };
    // A log that does not take it has stopped all effects; opening it again concludes this one.
    drop(cleared.finish(ending));
    result
}

fn not_sent(failure: NotSent) -> (Status, String, Result<Json, Failure>) {
    let said = failure.to_string();
    let (status, failure) = match failure {
        NotSent::Refused(refused) => (Status::Failed, Failure::NotSent(refused)),
        NotSent::NotCleared(refusal) => (Status::Killed, Failure::NotCleared(refusal)),
        NotSent::TooSlow(_) => (Status::Deadline, Failure::NoReply(said.clone())),
        NotSent::TooMuch(_) => (Status::Limit, Failure::NoReply(said.clone())),
        _ => (Status::Failed, Failure::NoReply(said.clone())),
    };
    (status, said, Err(failure))
}

fn used_up(model: &EffectiveModel, place: &str, bound: Exhausted) -> Failure {
    let (name, Exhausted(key)) = (&model.name, bound);
    let (most, of) = match key {
        "asks" => (model.bounds.asks, "a call has at most"),
        "daily" => (model.bounds.daily, "24 hours have at most"),
        _ => (model.bounds.tokens, "a call has at most"),
    };
    let why = format!("{of} {most} `{key}` of `{name}`");
    let line = format_args!(
        "under `[model.{name}]`, write `limits = {{ {key} = {} }}`",
        most.saturating_mul(2)
    );
    let fix = amend(&model.http.place, line);
    Failure::Exhausted(refused(place, why, fix))
}

fn refused(place: &str, why: String, fix: String) -> Box<Refused> {
    Box::new(Refused {
        kind: EffectKind::Model,
        place: place.to_owned(),
        why,
        fix,
    })
}
