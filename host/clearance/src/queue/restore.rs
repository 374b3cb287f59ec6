//! After a restart: what waited waits on, as far as the log says so. Nothing is made by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vouchsafe_audit::{Kind, LogError, Record, Seq};
use vouchsafe_keys::statement::{Envelope, Signature};
use vouchsafe_package::Digest;
use vouchsafe_package::value::canonical;
use vouchsafe_policy::People;
use vouchsafe_policy::approval::{ApprovalId, ApprovalRequest, PAYLOAD_TYPE, Says, Vote};

use super::entry::{Entry, Standing, State};
use super::{Moment, Queue, record};

/// A request as it is kept beyond the life of the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The request, arguments and all.
    pub request: ApprovalRequest,
    /// Its record comes after this one.
    pub after: Seq,
}

/// What the log tells of one kept request.
#[derive(Default)]
struct Told {
    asked: Option<Seq>,
    votes: Vec<Envelope>,
    over: Option<Standing>,
}

impl<R> Queue<R> {
    /// Takes up what `kept` tells and the log confirms. What was never recorded is forgotten. What was consumed or
    /// decided is only told, once, to who asks for it again; what everybody had said yes to when the host ended is
    /// void, since nobody knows why it was not made.
    ///
    /// # Errors
    /// When the log can't be read.
    pub fn restore(&self, kept: Vec<Kept>, people: &People, now: Moment) -> Result<(), LogError> {
        let Some(from) = kept.iter().map(|kept| kept.after).min() else {
            return Ok(());
        };
        let mut told: BTreeMap<ApprovalId, (Kept, Told)> = kept
            .into_iter()
            .map(|kept| (kept.request.id.clone(), (kept, Told::default())))
            .collect();
        let mut latest = now.wall;
        for record in self.log.records(from.max(1)) {
            let record = record?;
            // A clock that was set back meanwhile leaves nobody more time.
            latest = latest.max(record.time.parse().unwrap_or(Timestamp::MIN));
            take_in(&mut told, &record);
        }
        let now = Moment {
            wall: latest,
            ..now
        };
        for (id, (kept, told)) in told {
            match told.asked {
                Some(asked) => self.take_up(kept.request, asked, told, people, now),
                None => self.keeper.forget(&id),
            }
        }
        Ok(())
    }

    fn take_up(
        &self,
        request: ApprovalRequest,
        asked: Seq,
        told: Told,
        people: &People,
        now: Moment,
    ) {
        let Ok(digest) = request.digest() else {
            return self.keeper.forget(&request.id);
        };
        let input = Digest::of(&canonical(&request.input()));
        let id = request.id.clone();
        let mut entry = Entry::new(request, digest, input, now);
        (entry.asked, entry.state) = (asked, State::Waiting);
        // Whoever is not enrolled any more has not said anything.
        let votes = told.votes.iter();
        let votes = votes.filter_map(|vote| Vote::verify(vote, people, &digest).ok());
        let (yes, no): (Vec<_>, Vec<_>) = votes.partition(|vote| vote.says() == Says::Approve);
        for vote in yes {
            if !entry.has_yes_of(&vote) {
                entry.votes.push(vote);
            }
        }
        if let Some(standing) = told.over {
            entry.close(State::Ended(standing), now);
        } else if !no.is_empty() {
            self.end(&mut entry, Standing::Denied, now);
        } else if entry.request.wanted.is_met(&entry.votes, people) {
            let why = "the host ended before it was made".to_owned();
            self.end(&mut entry, Standing::Void(why), now);
        }
        self.entries().insert(id, entry);
    }
}

fn take_in(told: &mut BTreeMap<ApprovalId, (Kept, Told)>, record: &Record) {
    if record.kind == Kind::Intent {
        if let Some(consumed) = record.approval {
            let named = told
                .values_mut()
                .find(|(_, told)| told.asked == Some(consumed));
            if let Some((_, told)) = named {
                told.over = Some(Standing::Made);
            }
        }
        return;
    }
    let fact = |name: &str| record.facts.get(name).map(String::as_str);
    let id = fact("approval").and_then(|id| id.parse::<ApprovalId>().ok());
    let Some((kept, told)) = id.and_then(|id| told.get_mut(&id)) else {
        return;
    };
    match record.action.as_deref() {
        Some(record::ASKED) if is_of(kept, fact("request")) => told.asked = Some(record.seq),
        Some(record::VOTED) => told.votes.extend(envelope(fact)),
        Some(record::ENDED) if told.over.is_none() => told.over = Some(standing(fact)),
        _ => {}
    }
}

/// How it ended, by its record.
fn standing<'a>(fact: impl Fn(&str) -> Option<&'a str>) -> Standing {
    let told = fact("told").unwrap_or_default().to_owned();
    match fact("how") {
        Some("executed") => Standing::Made,
        Some("denied") => Standing::Denied,
        Some("expired") => Standing::Expired,
        _ => Standing::Void(told),
    }
}

fn is_of(kept: &Kept, request: Option<&str>) -> bool {
    let digest = kept.request.digest().ok();
    digest.is_some_and(|digest| request == Some(&digest.to_string()))
}

/// The decision as it was signed.
fn envelope<'a>(fact: impl Fn(&str) -> Option<&'a str>) -> Option<Envelope> {
    Some(Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: fact("payload")?.to_owned(),
        signatures: vec![Signature {
            keyid: fact("key")?.to_owned(),
            sig: fact("signature")?.to_owned(),
        }],
    })
}
