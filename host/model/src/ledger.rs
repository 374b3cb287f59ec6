//! How many tokens a grant has used of a model within a day.
//!
//! The log is the truth: what an earlier process used is read there, once, before the first question of this one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;
use vouchsafe_ambient::clock;
use vouchsafe_audit::{Kind, Log, LogError, Record, Seq};

use crate::tokens::Exhausted;

/// How far back a budget looks.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// What ended within so long is one entry: a skill that asks without end takes no memory without end.
const STRETCH: SignedDuration = SignedDuration::from_mins(5);
/// More than a question takes, so that one that ended within the day is read from its beginning.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// What all skills have used of their models. Make one for the process.
pub struct Ledger {
    log: Arc<Log>,
    read: OnceCell<()>,
    accounts: Mutex<Accounts>,
}

/// Whose tokens: a skill's, of a model by the grant's name for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Account {
    pub(crate) skill: String,
    pub(crate) model: String,
}

#[derive(Debug, Default)]
struct Accounts {
    entries: HashMap<Account, VecDeque<Entry>>,
    next: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    id: u64,
    /// When the first of what it counts began, and the last.
    from: Timestamp,
    at: Timestamp,
    is_open: bool,
    /// `None` if nobody saw how many: then all that a call may use.
    tokens: Option<u64>,
}

/// Tokens that count as used until it is known how many were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Booked {
    account: Account,
    id: u64,
}

impl Ledger {
    /// Of what `log` holds.
    #[must_use]
    pub fn new(log: Arc<Log>) -> Self {
        Self {
            log,
            read: OnceCell::new(),
            accounts: Mutex::default(),
        }
    }

    /// Reads what was used before this process, if that has not been done.
    ///
    /// # Errors
    /// When the log can't be read: then nobody knows what is left.
    pub(crate) async fn ready(&self) -> Result<(), LogError> {
        let read = self.read.get_or_try_init(|| async {
            let log = Arc::clone(&self.log);
            let since = clock::now() - DAY - LONGEST;
            let found = tokio::task::spawn_blocking(move || used_since(&log, since));
            let found = found
                .await
                .map_err(|error| LogError::Poisoned(error.to_string().into()))??;
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            for (account, at, tokens) in found {
                let booked = accounts.add(account, at, tokens);
                accounts.close(&booked);
            }
            Ok::<(), LogError>(())
        });
        read.await?;
        Ok(())
    }

    /// Books `tokens` if no more than `most` are then used within a day. A question whose cost nobody saw counts as
    /// `unseen`.
    pub(crate) fn book(
        &self,
        account: &Account,
        tokens: u64,
        most: u64,
        unseen: u64,
    ) -> Result<Booked, Exhausted> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.book(account, clock::now(), tokens, (most, unseen))
    }

    /// Replaces what was booked by what was used.
    pub(crate) fn settle(&self, booked: &Booked, used: u64) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.settle(booked, used);
    }
}

impl Accounts {
    fn add(&mut self, account: Account, at: Timestamp, tokens: Option<u64>) -> Booked {
        let id = self.next;
        self.next += 1;
        let entries = self.entries.entry(account.clone()).or_default();
        entries.push_back(Entry {
            id,
            from: at,
            at,
            is_open: true,
            tokens,
        });
        Booked { account, id }
    }

    fn book(
        &mut self,
        account: &Account,
        now: Timestamp,
        tokens: u64,
        (most, unseen): (u64, u64),
    ) -> Result<Booked, Exhausted> {
        let entries = self.entries.entry(account.clone()).or_default();
        // A clock that was set back makes an entry count for longer, never for less.
        while entries.front().is_some_and(|entry| entry.at < now - DAY) {
            entries.pop_front();
        }
        let used = entries.iter().map(|entry| entry.tokens.unwrap_or(unseen));
        let used = used.fold(tokens, u64::saturating_add);
        if used > most {
            return Err(Exhausted("daily"));
        }
        Ok(self.add(account.clone(), now, Some(tokens)))
    }

    fn settle(&mut self, booked: &Booked, used: u64) {
        let entries = self.entries.get_mut(&booked.account);
        let entry = entries.and_then(|all| all.iter_mut().find(|entry| entry.id == booked.id));
        if let Some(entry) = entry {
            entry.tokens = Some(used);
        }
        self.close(booked);
    }

    /// Nothing more changes what was booked: it goes if it is nothing, and else takes in what ended shortly before. That
    /// counts for as long as it does itself, so longer and never less.
    fn close(&mut self, booked: &Booked) {
        let Some(entries) = self.entries.get_mut(&booked.account) else {
            return;
        };
        let Some(at) = entries.iter().position(|entry| entry.id == booked.id) else {
            return;
        };
        let before = at.checked_sub(1).and_then(|before| entries.get(before));
        let before = before.cloned();
        let Some(entry) = entries.get_mut(at) else {
            return;
        };
        entry.is_open = false;
        let Some(tokens) = entry.tokens else {
            return;
        };
        if tokens == 0 {
            entries.remove(at);
            return;
        }
        let joins = |before: &Entry| {
            let stretch = entry.at.duration_since(before.from);
            !before.is_open && stretch.abs() < STRETCH
        };
        if let Some(before) = before.filter(joins)
            && let Some(more) = before.tokens
        {
            entry.tokens = Some(tokens.saturating_add(more));
            entry.from = before.from;
            entry.at = entry.at.max(before.at);
            entries.remove(at - 1);
        }
    }
}

type Used = (Account, Timestamp, Option<u64>);

fn used_since(log: &Log, since: Timestamp) -> Result<Vec<Used>, LogError> {
    let records = log.records(first_since(log, since)?);
    records.collect::<Result<Vec<_>, _>>().map(used)
}

/// The number of a record from which on all that is newer than `since` stands.
fn first_since(log: &Log, since: Timestamp) -> Result<Seq, LogError> {
    first_newer(log.head().seq.saturating_add(1), |seq| {
        let record = log.records(seq).next().transpose()?;
        let at = record.and_then(|record| time(&record));
        Ok(at.is_none_or(|at| at >= since))
    })
}

/// Looks for it by halves among those before `end`. A clock that was wrong for a while leaves older times after newer
/// ones, so it is looked for again before what was found, at twice the distance each time, until nothing newer is there.
fn first_newer(
    end: Seq,
    is_newer: impl Fn(Seq) -> Result<bool, LogError>,
) -> Result<Seq, LogError> {
    let mut first = end;
    loop {
        let (mut low, mut high) = (1, first);
        while low < high {
            let middle = low + (high - low) / 2;
            match is_newer(middle)? {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        first = low;
        let mut distance = 1;
        let mut newer = None;
        while distance < first {
            if is_newer(first - distance)? {
                newer = Some(first - distance);
            }
            distance *= 2;
        }
        match newer {
            Some(newer) => first = newer,
            None => return Ok(first),
        }
    }
}

/// The questions that ended among `records`, and what they used. One that has not ended is of this process.
fn used(records: impl IntoIterator<Item = Record>) -> Vec<Used> {
    let mut open = HashMap::new();
    let mut used = Vec::new();
    for record in records {
        match (record.kind, record.of) {
            (Kind::Intent, _) if record.action.as_deref() == Some("model") => {
                if let Some(account) = account(&record) {
                    open.insert(record.seq, account);
                }
            }
            (Kind::Outcome | Kind::Unknown, Some(of)) => {
                if let (Some(account), Some(at)) = (open.remove(&of), time(&record)) {
                    used.push((account, at, record.tokens));
                }
            }
            _ => {}
        }
    }
    used
}

fn account(intent: &Record) -> Option<Account> {
    let rule = intent.rule.as_deref()?.strip_prefix("model.")?;
    Some(Account {
        skill: intent.skill.clone()?,
        model: rule.split(':').next()?.to_owned(),
    })
}

fn time(record: &Record) -> Option<Timestamp> {
    record.time.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            skill: "acme:a".to_owned(),
            model: "reader".to_owned(),
        }
    }

    fn at(hour: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour)
    }

    #[test]
    fn what_was_used_counts_for_a_day() {
        let mut accounts = Accounts::default();
        let mut book = |hour, tokens| accounts.book(&account(), at(hour), tokens, (100, 50));
        book(0, 60).unwrap();
        assert_eq!(book(24, 41), Err(Exhausted("daily")));
        book(24, 40).unwrap();
        assert_eq!(book(24, 1), Err(Exhausted("daily")));
        book(25, 60).unwrap();
        // A clock that was set back gives nothing back.
        assert_eq!(book(3, 1), Err(Exhausted("daily")));
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_loses_nothing() {
        let first = |newer: &[bool]| {
            let end = newer.len() as Seq + 1;
            first_newer(end, |seq| Ok(newer[usize::try_from(seq).unwrap() - 1])).unwrap()
        };
        let of = |parts: &[(bool, usize)]| -> Vec<bool> {
            let parts = parts.iter();
            parts
                .flat_map(|(newer, times)| vec![*newer; *times])
                .collect()
        };
        assert_eq!(first(&of(&[])), 1);
        assert_eq!(first(&of(&[(false, 500), (true, 70)])), 501);
        assert_eq!(first(&of(&[(false, 500)])), 501);
        // Set back for as long as 100 records, and right again.
        let set_back = of(&[(false, 300), (true, 100), (false, 100), (true, 100)]);
        assert_eq!(first(&set_back), 301);
        assert_eq!(first(&of(&[(true, 100), (false, 200), (true, 1)])), 1);
    }

    #[test]
    fn questions_without_end_are_few_entries_that_count_for_a_day_all_the_same() {
        let mut accounts = Accounts::default();
        let begin = at(0);
        let second = |second: i64| begin + SignedDuration::from_secs(second);
        let most = (10_000, 1);
        for n in 0..9_000 {
            for used in [0, 1] {
                let booked = accounts.book(&account(), second(n), 1, most).unwrap();
                accounts.settle(&booked, used);
            }
        }
        assert!(accounts.entries[&account()].len() <= 31);
        let left = |accounts: &mut Accounts, now, tokens| {
            let booked = accounts.book(&account(), now, tokens, most);
            booked.map(|booked| accounts.settle(&booked, 0))
        };
        let day = 24 * 3600;
        assert!(left(&mut accounts, second(day - 1), 1001).is_err());
        left(&mut accounts, second(day - 1), 1000).unwrap();
        // What was used in the first half hour is gone, but for one stretch.
        assert!(left(&mut accounts, second(day + 1800), 1000 + 1801).is_err());
        left(&mut accounts, second(day + 1800), 1000 + 1500).unwrap();
    }

    #[test]
    fn what_is_known_replaces_what_was_booked() {
        let mut accounts = Accounts::default();
        let booked = accounts.book(&account(), at(0), 100, (100, 50)).unwrap();
        accounts.settle(&booked, 10);
        accounts.book(&account(), at(0), 90, (100, 50)).unwrap();
        let other = Account {
            skill: "acme:b".to_owned(),
            ..account()
        };
        accounts.book(&other, at(0), 100, (100, 50)).unwrap();
    }

    #[test]
    fn the_log_tells_what_ended_and_what_nobody_saw() {
        let record = |json: serde_json::Value| -> Record {
            let mut all = serde_json::json!({ "v": 1, "prev": "", "time": "2026-01-01T00:00:00Z" });
            all.as_object_mut()
                .unwrap()
                .extend(json.as_object().unwrap().clone());
            serde_json::from_value(all).unwrap()
        };
        let intent = |seq: u64, action: &str| {
            let rule = "model.reader: prompt classify sha256:00";
            record(
                serde_json::json!({ "kind": "intent", "seq": seq, "action": action, "skill": "acme:a", "rule": rule }),
            )
        };
        let end = |seq: u64, kind: &str, of: u64, tokens: Option<u64>| {
            record(serde_json::json!({ "kind": kind, "seq": seq, "of": of, "tokens": tokens }))
        };
        let found = used([
            intent(1, "model"),
            intent(2, "http"),
            end(3, "outcome", 2, None),
            end(4, "outcome", 1, Some(7)),
            intent(5, "model"),
            end(6, "unknown", 5, None),
            intent(7, "model"),
        ]);
        let tokens: Vec<_> = found
            .into_iter()
            .map(|(of, _, tokens)| (of, tokens))
            .collect();
        assert_eq!(tokens, [(account(), Some(7)), (account(), None)]);

        let mut accounts = Accounts::default();
        accounts.add(account(), at(0), None);
        assert!(accounts.book(&account(), at(0), 51, (100, 50)).is_err());
        accounts.book(&account(), at(0), 50, (100, 50)).unwrap();
    }
}
