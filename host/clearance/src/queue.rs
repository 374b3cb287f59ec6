//! The calls that wait for people. The log is the truth: what stands here is an index of it, and of each request
//! there is one [`Approval`] at most.

mod entry;
mod moment;
mod record;
mod restore;
mod waits;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use vouchsafe_audit::{Log, LogError, Recorded};
use vouchsafe_keys::statement::Envelope;
use vouchsafe_package::Digest;
use vouchsafe_policy::approval::{ApprovalId, ApprovalRequest, Heard, Says, Vote, VoteError};
use vouchsafe_policy::{People, Principal};

use crate::{Approval, Code, Refusal};
use entry::{Entry, State};

pub use entry::{Found, Standing};
pub use moment::Moment;
pub use restore::Kept;
pub use waits::Waits;

/// How long an answer, or the news that there is none, is there to be fetched.
const FETCH_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// How many may wait.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Requests of one principal.
    pub of_one: usize,
    /// Requests in all.
    pub in_all: usize,
    /// What one principal has to fetch and did not, the oldest of which is dropped.
    pub unfetched: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            of_one: 16,
            in_all: 256,
            unfetched: 64,
        }
    }
}

/// Keeps what waits beyond the life of the process, sealed.
pub trait Keeper: Send + Sync {
    /// Keeps `kept` until it is forgotten; on stable storage when this returns.
    ///
    /// # Errors
    /// In words for the operator. Nothing is asked then.
    fn keep(&self, kept: &Kept) -> Result<(), String>;

    /// Drops what was kept under `id`.
    fn forget(&self, id: &ApprovalId);
}

/// What becomes of a call that people have to decide on.
#[derive(Debug)]
pub enum Asking {
    /// It is asked now; release nothing before the record is durable.
    New(ApprovalId, Recorded),
    /// The same call of the same principal is here already.
    Known(ApprovalId),
}

/// A yes or no that was counted. Say so, and act on it, when its record is durable.
#[derive(Debug)]
pub struct Counted {
    /// The record.
    pub recorded: Recorded,
    /// What it led to.
    pub voted: Voted,
}

/// What a yes or no led to.
#[derive(Debug)]
pub enum Voted {
    /// Others have to say yes too.
    Waiting,
    /// It will not be made.
    Denied,
    /// It is to be made now.
    Approved(Box<Approval>),
}

/// Why a yes or no changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotCounted {
    /// There is no such request, or no longer.
    #[error("no call waits under the name `{0}`")]
    Unknown(ApprovalId),
    /// It was decided, or it is too late.
    #[error("`{id}` {why}")]
    Over {
        /// The request.
        id: ApprovalId,
        /// Since when or why.
        why: String,
    },
    /// The signature.
    #[error(transparent)]
    Vote(#[from] VoteError),
    /// It is signed, but not by somebody whose yes is wanted.
    #[error("{person} is not among those who are asked: {who}")]
    NotAsked {
        /// Whose word it is.
        person: String,
        /// Who is asked.
        who: String,
    },
    /// The log.
    #[error("not recorded: {0}")]
    NotRecorded(#[from] LogError),
}

/// The queue. `R` is the answer that an approved call had.
pub struct Queue<R> {
    log: Arc<Log>,
    keeper: Box<dyn Keeper>,
    caps: Caps,
    waits: Waits,
    entries: Mutex<BTreeMap<ApprovalId, Entry<R>>>,
}

impl<R> Queue<R> {
    /// An empty queue before `log`.
    pub fn new(log: Arc<Log>, keeper: Box<dyn Keeper>, caps: Caps) -> Self {
        Self {
            log,
            keeper,
            caps,
            waits: Waits::default(),
            entries: Mutex::default(),
        }
    }

    /// Asks for `request`, whose canonical input is `input`, unless the same call is here already. Nobody can decide on
    /// it before it is kept.
    ///
    /// # Errors
    /// When too many wait, or it can't be kept or recorded.
    pub fn ask(
        &self,
        request: ApprovalRequest,
        input: &[u8],
        now: Moment,
        void: impl Fn(&ApprovalRequest) -> Option<String>,
    ) -> Result<Asking, Refusal> {
        let failed = |why: String| Refusal::new(Code::NotRecorded, why, "");
        let digest = request.digest();
        let digest = digest.map_err(|error| failed(error.to_string()))?;
        let id = request.id.clone();
        {
            let mut entries = self.entries();
            self.end_what_is_over(&mut entries, now, &void);
            let input = Digest::of(input);
            let same = entries.values().find(|one| one.is_same(&request, input));
            if let Some(same) = same {
                return Ok(Asking::Known(same.request.id.clone()));
            }
            self.has_room(&entries, &request)?;
            let entry = Entry::new(request.clone(), digest, input, now);
            entries.insert(id.clone(), entry);
        }
        // Without the lock: a disk that is slow holds up nobody else.
        let recorded = self.keep(&request, digest);
        let mut entries = self.entries();
        match recorded {
            Ok(recorded) => {
                if let Some(entry) = entries.get_mut(&id) {
                    entry.asked = recorded.seq();
                    entry.state = State::Waiting;
                }
                Ok(Asking::New(id, recorded))
            }
            Err(refusal) => {
                entries.remove(&id);
                Err(refusal)
            }
        }
    }

    fn keep(&self, request: &ApprovalRequest, digest: Digest) -> Result<Recorded, Refusal> {
        let kept = Kept {
            request: request.clone(),
            after: self.log.head().seq,
        };
        let kept = self.keeper.keep(&kept);
        kept.map_err(|why| Refusal::new(Code::NotRecorded, why, ""))?;
        record::asked(&self.log, request, digest).map_err(|error| {
            self.keeper.forget(&request.id);
            Refusal::not_recorded(&error)
        })
    }

    fn has_room(
        &self,
        entries: &BTreeMap<ApprovalId, Entry<R>>,
        request: &ApprovalRequest,
    ) -> Result<(), Refusal> {
        let open = || entries.values().filter(|entry| entry.is_open());
        let theirs = open().filter(|entry| entry.request.principal == request.principal);
        if theirs.count() >= self.caps.of_one || open().count() >= self.caps.in_all {
            let why = "too many calls wait for people already";
            return Err(Refusal::new(
                Code::NotApproved,
                why,
                "run `vouchsafe approvals`",
            ));
        }
        Ok(())
    }

    /// Takes somebody's word. `void` says why a request can't be approved any more, if so.
    ///
    /// # Errors
    /// When it changes nothing, and why.
    pub fn vote(
        &self,
        id: &ApprovalId,
        envelope: &Envelope,
        people: &People,
        now: Moment,
        void: impl Fn(&ApprovalRequest) -> Option<String>,
    ) -> Result<Counted, NotCounted> {
        let mut entries = self.entries();
        self.end_what_is_over(&mut entries, now, &void);
        let entry = entries
            .get_mut(id)
            .ok_or_else(|| NotCounted::Unknown(id.clone()))?;
        if let Some(why) = entry.over() {
            let id = id.clone();
            return Err(NotCounted::Over { id, why });
        }
        let vote = Vote::verify(envelope, people, &entry.digest)?;
        let wanted = &entry.request.wanted;
        let heard = match vote.says() {
            Says::Approve => wanted.counts(&vote, people),
            Says::Deny => wanted.heeds(&vote, people),
        };
        if !heard {
            return Err(NotCounted::NotAsked {
                person: vote.person().to_owned(),
                who: entry.request.wanted.who(),
            });
        }
        if vote.says() == Says::Approve && entry.has_yes_of(&vote) {
            let why = format!("has the yes of {} already", vote.person());
            let id = id.clone();
            return Err(NotCounted::Over { id, why });
        }
        let recorded = record::voted(&self.log, entry, &vote, envelope, now)?;
        let voted = self.counted(entry, vote, people, now);
        Ok(Counted { recorded, voted })
    }

    fn counted(&self, entry: &mut Entry<R>, vote: Vote, people: &People, now: Moment) -> Voted {
        if vote.says() == Says::Deny {
            self.end(entry, Standing::Denied, now);
            return Voted::Denied;
        }
        entry.votes.push(vote);
        if !entry.request.wanted.is_met(&entry.votes, people) {
            return Voted::Waiting;
        }
        entry.state = State::Executing;
        let votes = std::mem::take(&mut entry.votes);
        let within = Duration::from_millis(entry.request.execute_within.0);
        let execute_by = now.instant + within;
        Voted::Approved(Box::new(Approval::new(
            entry.request.clone(),
            entry.asked,
            votes,
            execute_by,
        )))
    }

    /// Notes how an approved call ended, for who asked for it to fetch once. `told` stands in the record.
    pub fn conclude(&self, id: &ApprovalId, answer: R, told: &str, now: Moment) {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(id) {
            record::ended(&self.log, entry, "executed", told, None);
            entry.close(State::Answered(answer), now);
        }
        self.drop_old_answers(&mut entries, now);
    }

    /// Notes that an approved call is not made, or that nobody knows how it ended: the log does.
    pub fn give_up(&self, id: &ApprovalId, standing: Standing, now: Moment) {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(id).filter(|entry| entry.is_open()) {
            self.end(entry, standing, now);
        }
    }

    /// What has become of `id`, if `principal` asked for it. An answer is handed out once, and so is the news that
    /// there will be none.
    pub fn fetch(&self, id: &ApprovalId, principal: &Principal) -> Option<Found<R>> {
        let mut entries = self.entries();
        let entry = entries.get(id).filter(|entry| entry.is_of(principal))?;
        if entry.is_open() {
            return Some(Found::Pending(entry.request.decide_by));
        }
        let entry = entries.remove(id)?;
        drop(entries);
        self.keeper.forget(id);
        Some(match entry.state {
            State::Answered(answer) => Found::Answer(answer),
            State::Ended(standing) => Found::Ended(standing),
            State::Asking | State::Waiting | State::Executing => {
                Found::Pending(entry.request.decide_by)
            }
        })
    }

    /// Tells when something becomes of `id`.
    pub fn changes(&self, id: &ApprovalId) -> Option<watch::Receiver<()>> {
        let entries = self.entries();
        entries.get(id).map(|entry| entry.changed.subscribe())
    }

    /// The right of a call of `principal` to stay open while people decide; `None` when too many do.
    pub fn may_wait(&self, principal: &str) -> Option<waits::Waiting> {
        self.waits.take(principal)
    }

    /// What `each` makes of the requests that wait, oldest first.
    pub fn waiting<T>(
        &self,
        now: Moment,
        void: impl Fn(&ApprovalRequest) -> Option<String>,
        each: impl Fn(&ApprovalRequest, &[Heard]) -> T,
    ) -> Vec<T> {
        let mut entries = self.entries();
        self.end_what_is_over(&mut entries, now, &void);
        let waits = |entry: &&Entry<R>| matches!(entry.state, State::Waiting);
        let mut open: Vec<_> = entries.values().filter(waits).collect();
        open.sort_by_key(|entry| entry.asked);
        let each = |entry: &Entry<R>| each(&entry.request, &entry.heard());
        open.into_iter().map(each).collect()
    }

    /// The request called `id`, if it waits, and who said yes to it.
    pub fn one(
        &self,
        id: &ApprovalId,
        now: Moment,
        void: impl Fn(&ApprovalRequest) -> Option<String>,
    ) -> Option<(ApprovalRequest, Vec<Heard>)> {
        let mut entries = self.entries();
        self.end_what_is_over(&mut entries, now, &void);
        let entry = entries.get(id);
        let entry = entry.filter(|entry| matches!(entry.state, State::Waiting))?;
        Some((entry.request.clone(), entry.heard()))
    }

    /// Ends what is too late or can't be approved any more.
    pub fn sweep(&self, now: Moment, void: impl Fn(&ApprovalRequest) -> Option<String>) {
        self.end_what_is_over(&mut self.entries(), now, &void);
    }

    fn end_what_is_over(
        &self,
        entries: &mut BTreeMap<ApprovalId, Entry<R>>,
        now: Moment,
        void: &impl Fn(&ApprovalRequest) -> Option<String>,
    ) {
        for entry in entries.values_mut() {
            if !matches!(entry.state, State::Waiting) {
                continue;
            }
            if entry.is_late(now) {
                self.end(entry, Standing::Expired, now);
            } else if let Some(why) = void(&entry.request) {
                self.end(entry, Standing::Void(why), now);
            }
        }
        self.drop_old_answers(entries, now);
    }

    /// Nothing waits for the log here: what can't be recorded is ended all the same.
    fn end(&self, entry: &mut Entry<R>, standing: Standing, now: Moment) {
        record::ended(
            &self.log,
            entry,
            standing.word(),
            standing.told(),
            Some(now),
        );
        entry.close(State::Ended(standing), now);
    }

    /// What is there to fetch is there for a day, and of one principal only so much of it.
    fn drop_old_answers(&self, entries: &mut BTreeMap<ApprovalId, Entry<R>>, now: Moment) {
        let mut closed: Vec<_> = entries
            .values()
            .filter_map(|entry| Some((entry.closed?, entry)))
            .map(|(at, entry)| {
                (
                    at,
                    entry.request.principal.clone(),
                    entry.request.id.clone(),
                )
            })
            .collect();
        closed.sort_by_key(|(at, ..)| Reverse(*at)); // the newest first
        let mut of_each: BTreeMap<String, usize> = BTreeMap::new();
        for (at, principal, id) in closed {
            let count = of_each.entry(principal).or_default();
            *count += 1;
            let is_old = now.instant.saturating_duration_since(at) >= FETCH_WITHIN;
            if is_old || *count > self.caps.unfetched {
                self.keeper.forget(&id);
                entries.remove(&id);
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<ApprovalId, Entry<R>>> {
        // An entry changes its state in one step.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
