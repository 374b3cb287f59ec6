//! Refusals on their way to the log. The first of a kind is recorded at once, equal ones are counted and recorded
//! together, and kinds beyond a number are counted as one: a flood fills no disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use vouchsafe_audit::{Entry, Log, Refusal as Record};

/// Equal refusals within this time are one record, or two: the first, and the count of the rest.
const WINDOW: Duration = Duration::from_secs(60);
/// So many kinds of refusal of one principal, and of one skill that it calls, are told apart in a window.
const KINDS_OF_ONE: usize = 32;
/// So many kinds in all.
const KINDS: usize = 256;

/// What a principal was refused, and how often since it was last recorded.
pub(crate) struct Refusals {
    log: Arc<Log>,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    counted: HashMap<Key, Counted>,
    kinds_of: HashMap<[String; 3], usize>,
}

/// What makes two refusals equal.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: String,
    principal: String,
    code: String,
    /// Skill, tool, place and detail; `None` for kinds beyond the number.
    about: Option<[String; 4]>,
}

struct Counted {
    refusal: Record,
    more: u64,
}

impl Refusals {
    pub(crate) fn new(log: Arc<Log>) -> Self {
        Self {
            log,
            window: Mutex::new(Window::begin()),
        }
    }

    /// Records `refusal`, now or with its like. Never waits, and never fails: a refusal that the log does not take
    /// is a refusal all the same, and its count is kept.
    pub(crate) fn note(&self, refusal: Record) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.elapsed() >= WINDOW {
            self.record_counts(&mut window);
            *window = Window::begin();
        }
        let key = window.key(&refusal);
        if let Some(counted) = window.counted.get_mut(&key) {
            counted.more += 1;
            return;
        }
        let refusal = generalised(refusal, &key);
        let recorded = self.log.append(Entry::Refusal(refusal.clone())).is_ok();
        let more = u64::from(!recorded);
        window.counted.insert(key, Counted { refusal, more });
    }

    /// Records what was counted so far.
    pub(crate) fn flush(&self) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        self.record_counts(&mut window);
    }

    fn record_counts(&self, window: &mut Window) {
        for counted in window
            .counted
            .values_mut()
            .filter(|counted| counted.more > 0)
        {
            let refusal = Record {
                count: counted.more,
                ..counted.refusal.clone()
            };
            if self.log.append(Entry::Refusal(refusal)).is_ok() {
                counted.more = 0;
            }
        }
    }
}

/// What was counted is recorded before the log is closed.
impl Drop for Refusals {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Window {
    fn begin() -> Self {
        Self {
            began: Instant::now(),
            counted: HashMap::new(),
            kinds_of: HashMap::new(),
        }
    }

    /// The kind of `refusal`: its own while there is room for kinds, else the one for all others of its principal,
    /// else the one for all others.
    fn key(&mut self, refusal: &Record) -> Key {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut key = Key {
            tenant: refusal.subject.tenant.clone(),
            principal: refusal.subject.principal.clone(),
            code: refusal.code.clone(),
            about: Some([
                text(&refusal.skill),
                // Names of no tool are the caller's own words, and would be kinds without end.
                refusal
                    .skill
                    .as_ref()
                    .map_or_else(String::new, |_| text(&refusal.tool)),
                text(&refusal.place),
                refusal.detail.clone(),
            ]),
        };
        if self.counted.contains_key(&key) {
            return key;
        }
        // Neither what callers ask for nor what one skill does takes kinds away from what another does.
        let skill = refusal.parent.and(refusal.skill.clone());
        let skill = skill.unwrap_or_default();
        let whose = [key.tenant.clone(), key.principal.clone(), skill];
        let kinds = self.kinds_of.get(&whose).copied().unwrap_or_default();
        if kinds >= KINDS_OF_ONE || self.counted.len() >= KINDS {
            key.about = None;
            if !self.counted.contains_key(&key) && self.counted.len() >= 2 * KINDS {
                key.tenant.clear();
                key.principal.clear();
            }
        } else {
            self.kinds_of.insert(whose, kinds + 1);
        }
        key
    }
}

/// What `refusal` still says when it stands for all kinds beyond the number.
fn generalised(refusal: Record, key: &Key) -> Record {
    if key.about.is_some() {
        return refusal;
    }
    let mut subject = refusal.subject;
    subject.tenant.clone_from(&key.tenant);
    subject.principal.clone_from(&key.principal);
    subject.correlation.clear();
    Record {
        subject,
        action: refusal.action,
        code: refusal.code,
        detail: "refusals of many kinds, counted together".to_owned(),
        ..Record::default()
    }
}
