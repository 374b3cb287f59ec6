//! The witnesses of `[witnesses]` are asked by themselves: before a start, which none of them may contradict, and after
//! each checkpoint. Nobody waits for the latter; who is without a quorum for long hears it in the owner's log, from
//! `doctor` and from `audit`.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;
use vouchsafe_ambient::clock;
use vouchsafe_audit::Failing;
use vouchsafe_policy::settings::{Witness, Witnesses};

use crate::owner::Owner;
use crate::witnessing::Trouble;

/// How often witnesses are asked that have not seen all records. As often as checkpoints are published.
const EVERY: Duration = Duration::from_secs(10);

/// Why an owner does not start.
#[derive(Debug, thiserror::Error)]
pub enum NoStart {
    /// A witness has seen what is not here.
    #[error(
        "{why} (the witness `{name}`); put the newest copy of the whole `audit` directory back, or, where this log is to go on from here, have that witness's operator forget it"
    )]
    Contradicted {
        /// The witness.
        name: String,
        /// What it says.
        why: String,
    },
    /// `required`, and too few have signed.
    #[error(
        "`required` in `[witnesses]` wants {quorum} of its witnesses to sign for the log before a start, and {signed} did: {why}"
    )]
    TooFew {
        /// How many are wanted.
        quorum: usize,
        /// How many signed.
        signed: usize,
        /// What became of the others.
        why: String,
    },
}

/// What witnesses said last, by their keys.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    by: BTreeMap<String, One>,
    /// Since when there are records that no quorum has signed for.
    short: Option<Timestamp>,
    /// That the operator was warned of it.
    warned: bool,
    /// The failure to publish that the operator was warned of.
    unpublished: Option<Failing>,
}

#[derive(Debug, Clone, Default)]
struct One {
    /// It has signed for so many records,
    records: u64,
    /// at this time,
    at: Option<Timestamp>,
    /// and did not, the last time.
    trouble: Option<Trouble>,
}

impl Heard {
    fn of(&self, witness: &Witness) -> One {
        let one = self.by.get(&witness.key.to_string());
        one.cloned().unwrap_or_default()
    }

    /// The first so many records have the signatures of a quorum.
    fn covered(&self, wanted: &Witnesses) -> u64 {
        let mut records: Vec<_> = wanted.ask.iter().map(|one| self.of(one).records).collect();
        records.sort_unstable_by(|one, other| other.cmp(one));
        let last = wanted.quorum.saturating_sub(1);
        records.get(last).copied().unwrap_or_default()
    }

    /// Since when there is no quorum, if that is longer than one is patient.
    fn late(&self, wanted: &Witnesses, now: Timestamp) -> Option<Timestamp> {
        let patience = i64::try_from(wanted.patience.0).unwrap_or(i64::MAX);
        let patience = SignedDuration::from_millis(patience);
        self.short
            .filter(|since| now.duration_since(*since) >= patience)
    }

    /// Takes in how it went with a witness; what is new about it is told in the owner's log.
    fn take(&mut self, witness: &Witness, answer: Result<u64, Trouble>) {
        let one = self.by.entry(witness.key.to_string()).or_default();
        match answer {
            Ok(records) => {
                *one = One {
                    records,
                    at: Some(clock::now()),
                    trouble: None,
                };
            }
            Err(trouble) => {
                if one.trouble.as_ref() != Some(&trouble) {
                    let name = witness.key.name();
                    tracing::warn!(witness = name, why = %trouble, "a witness did not sign for the log");
                }
                one.trouble = Some(trouble);
            }
        }
    }
}

/// Asks the witnesses of `owner`, as long as it lives.
pub(crate) async fn watch(owner: Weak<Owner>) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        every.tick().await;
        let Some(owner) = owner.upgrade() else { return };
        owner.tell_unpublished();
        let rules = owner.rules();
        if let Some(wanted) = rules.witnesses() {
            owner.ask_witnesses(wanted).await;
        }
    }
}

impl Owner {
    /// That no witness which answers contradicts the log, and, where that is required, that a quorum signs for it.
    pub(crate) async fn is_believed(self: &Arc<Self>) -> Result<(), NoStart> {
        let rules = self.rules();
        let Some(wanted) = rules.witnesses() else {
            return Ok(());
        };
        self.ask_witnesses(wanted).await;
        let heard = self.heard();
        let mut silent = Vec::new();
        for witness in &wanted.ask {
            let name = witness.key.name();
            match heard.of(witness).trouble {
                Some(Trouble::Contradicts(why)) => {
                    let name = name.to_owned();
                    return Err(NoStart::Contradicted { name, why });
                }
                Some(Trouble::Unasked(why)) => silent.push(format!("{name}: {why}")),
                None => {}
            }
        }
        let (quorum, signed) = (wanted.quorum, wanted.ask.len() - silent.len());
        if wanted.required && signed < quorum {
            let why = silent.join("; ");
            return Err(NoStart::TooFew {
                quorum,
                signed,
                why,
            });
        }
        Ok(())
    }

    /// Asks those that have not signed for all records, all at once.
    async fn ask_witnesses(self: &Arc<Self>, wanted: &Witnesses) {
        let records = self.log().head().seq;
        let mut asked = JoinSet::new();
        for witness in wanted.ask.iter().cloned() {
            let one = self.heard().of(&witness);
            if one.at.is_none() || one.trouble.is_some() || one.records < records {
                let owner = Arc::clone(self);
                asked.spawn(async move {
                    let answer = owner
                        .ask_witness(witness.url.as_str(), &witness.key, one.records)
                        .await;
                    (witness, answer.map(|(_, records)| records))
                });
            }
        }
        while let Some(answered) = asked.join_next().await {
            if let Ok((witness, answer)) = answered {
                self.heard().take(&witness, answer);
            }
        }
        self.look_for_quorum(wanted, records);
    }

    fn look_for_quorum(&self, wanted: &Witnesses, records: u64) {
        let mut heard = self.heard();
        if heard.covered(wanted) >= records {
            (heard.short, heard.warned) = (None, false);
            return;
        }
        let now = clock::now();
        heard.short.get_or_insert(now);
        if !heard.warned && heard.late(wanted, now).is_some() {
            heard.warned = true;
            tracing::warn!(
                "too few witnesses sign for the log; `vouchsafe doctor` says which do not"
            );
        }
    }

    /// Says in the owner's log that nothing can be published, once for each time that it begins.
    fn tell_unpublished(&self) {
        let failing = self.log().failing();
        let mut heard = self.heard();
        let since = |failing: &Option<Failing>| failing.as_ref().map(|failing| failing.since);
        if let Some(failing) = &failing
            && since(&heard.unpublished) != Some(failing.since)
        {
            tracing::warn!(since = %failing.since, why = %failing.why, "the log can't be published");
        }
        heard.unpublished = failing;
    }

    /// What keeps the log from being published, and what its witnesses say. `null` where there is nothing to say.
    pub(crate) fn log_state(&self) -> Json {
        let failing = self.log().failing();
        let rules = self.rules();
        let witnesses = rules.witnesses().map(|wanted| self.witnesses_told(wanted));
        json!({
            "unpublished": failing.map(|failing| json!({
                "since": failing.since.to_string(),
                "why": failing.why,
            })),
            "witnesses": witnesses,
            "lines": self.log_lines(),
        })
    }

    fn witnesses_told(&self, wanted: &Witnesses) -> Json {
        let heard = self.heard();
        let each = wanted.ask.iter().map(|witness| {
            let one = heard.of(witness);
            json!({
                "name": witness.key.name(),
                "url": witness.url.as_str(),
                "records": one.records,
                "at": one.at.map(|at| at.to_string()),
                "trouble": one.trouble.map(|trouble| trouble.to_string()),
            })
        });
        json!({
            "quorum": wanted.quorum,
            "records": heard.covered(wanted),
            "short_since": heard.short.map(|since| since.to_string()),
            "late": heard.late(wanted, clock::now()).is_some(),
            "each": each.collect::<Vec<_>>(),
        })
    }

    /// The same in words; nothing where all is well and nobody is asked.
    pub(crate) fn log_lines(&self) -> Vec<String> {
        let unpublished = self.log().failing().map(|failing| {
            format!(
                "unpublished since {}: {}; it is tried again every ten seconds",
                failing.since, failing.why
            )
        });
        let rules = self.rules();
        let witnessed = rules.witnesses().map(|wanted| {
            let heard = self.heard();
            let covered = heard.covered(wanted);
            let (quorum, all) = (wanted.quorum, wanted.ask.len());
            let trouble = wanted.ask.iter().filter_map(|witness| {
                let trouble = heard.of(witness).trouble?;
                Some(format!("; {}: {trouble}", witness.key.name()))
            });
            let trouble: String = trouble.collect();
            match heard.short {
                None => format!("witnessed the first {covered} records, by {quorum} of {all} or more{trouble}"),
                Some(since) => format!(
                    "witnessed the first {covered} records alone, by {quorum} of {all}: since {since} there are others{trouble}"
                ),
            }
        });
        unpublished.into_iter().chain(witnessed).collect()
    }
}
