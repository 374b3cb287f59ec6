//! One request in the queue.

use std::fmt;
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::watch;
use vouchsafe_audit::Seq;
use vouchsafe_package::Digest;
use vouchsafe_policy::Principal;
use vouchsafe_policy::approval::{ApprovalRequest, Heard, Vote};

use super::Moment;

/// What has become of a request.
#[derive(Debug)]
pub enum Found<R> {
    /// Nobody has decided; until then.
    Pending(Timestamp),
    /// It was approved and made: its answer, this once.
    Answer(R),
    /// It will not be made.
    Ended(Standing),
}

/// Why a request will not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Somebody said no: the log says who.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// What was shown is no longer so.
    Void(String),
    /// It was made, or begun, and its answer is not here any more: the host ended in between.
    Made,
}

impl Standing {
    /// In one word, which anybody may read.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Void(_) => "void",
            Self::Made => "executed",
        }
    }
}

impl Standing {
    /// What the record tells besides the word.
    pub(super) fn told(&self) -> &str {
        match self {
            Self::Void(why) => why,
            Self::Denied | Self::Expired | Self::Made => "",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("was denied"),
            Self::Expired => f.write_str("was not decided in time"),
            Self::Void(why) => write!(f, "can't be approved any more: {why}"),
            Self::Made => f.write_str(
                "was approved and made, or begun, before the host ended; the log says how it ended",
            ),
        }
    }
}

pub(super) enum State<R> {
    /// It is being kept and recorded.
    Asking,
    Waiting,
    /// Its one approval was handed out.
    Executing,
    Answered(R),
    Ended(Standing),
}

pub(super) struct Entry<R> {
    pub(super) request: ApprovalRequest,
    pub(super) digest: Digest,
    /// Of the canonical arguments; never leaves the memory.
    input: Digest,
    pub(super) asked: Seq,
    pub(super) votes: Vec<Vote>,
    since: Instant,
    until: Instant,
    pub(super) state: State<R>,
    /// When it came to its end.
    pub(super) closed: Option<Instant>,
    pub(super) changed: watch::Sender<()>,
}

impl<R> Entry<R> {
    pub(super) fn new(
        request: ApprovalRequest,
        digest: Digest,
        input: Digest,
        now: Moment,
    ) -> Self {
        let left = request.decide_by.duration_since(now.wall);
        // What is past is late at once.
        let left = std::time::Duration::try_from(left).unwrap_or_default();
        let until = now.instant.checked_add(left).unwrap_or(now.instant);
        Self {
            request,
            digest,
            input,
            asked: 0,
            votes: Vec::new(),
            since: now.instant,
            until,
            state: State::Asking,
            closed: None,
            changed: watch::Sender::new(()),
        }
    }

    /// Whether it is too late to decide: at the boundary it is, and a clock that steps back changes nothing.
    pub(super) fn is_late(&self, now: Moment) -> bool {
        now.instant >= self.until || now.wall >= self.request.decide_by
    }

    /// Whether `request` with this input is for the same call. Under which rules is not asked: what waits is under those
    /// of now, and an answer is one whatever changed since.
    pub(super) fn is_same(&self, request: &ApprovalRequest, input: Digest) -> bool {
        let call = |one: &ApprovalRequest| {
            let who = (one.tenant.clone(), one.principal.clone());
            (
                who,
                one.skill.clone(),
                one.publisher.clone(),
                one.tool.clone(),
            )
        };
        self.input == input && call(&self.request) == call(request)
    }

    /// Whether an agent of `principal` asked.
    pub(super) fn is_of(&self, principal: &Principal) -> bool {
        let asker = (&*self.request.tenant, &*self.request.principal);
        asker == (&*principal.tenant, &*principal.id)
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(
            self.state,
            State::Asking | State::Waiting | State::Executing
        )
    }

    /// Whether the person of `vote` said yes before, by this key or another.
    pub(super) fn has_yes_of(&self, vote: &Vote) -> bool {
        self.votes.iter().any(|said| said.person() == vote.person())
    }

    /// Ends it: from here on it is something to fetch, and its arguments are nobody's any more.
    pub(super) fn close(&mut self, state: State<R>, now: Moment) {
        self.votes.clear();
        self.request.arguments = Vec::new();
        self.state = state;
        self.closed = Some(now.instant);
        self.changed.send_replace(());
    }

    /// Why nobody's word changes anything any more, if so.
    pub(super) fn over(&self) -> Option<String> {
        match &self.state {
            State::Waiting => None,
            State::Asking => Some("is not asked yet".to_owned()),
            State::Executing | State::Answered(_) => Some("was approved already".to_owned()),
            State::Ended(standing) => Some(standing.to_string()),
        }
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        let heard = self.votes.iter().map(|vote| Heard {
            person: vote.person().to_owned(),
            at: vote.at(),
        });
        heard.collect()
    }

    /// Since it was asked, or since the host was started again.
    pub(super) fn waited_ms(&self, now: Moment) -> u128 {
        now.instant
            .saturating_duration_since(self.since)
            .as_millis()
    }
}
