//! Switching off: first in memory, so that it waits for no disk; then recorded, and kept.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use vouchsafe_audit::Control;
use vouchsafe_clearance::{Advanced, StillHeld};
use vouchsafe_package::Digest;

use super::Owner;
use crate::approvals;
use crate::caller::Caller;
use crate::payloads;
use crate::protocol::Failure;
use crate::records::told;
use crate::switches::{HALT, Switches, Target, Whole};

/// How long who switches off waits for what is under way to end, before it is told what still is.
const LAST_EFFECTS: Duration = Duration::from_secs(1);

impl Owner {
    /// Switches `targets` off, whatever grants say, and ends their calls. That waits for no disk; then
    /// it is recorded and kept. Tells how much of them has not ended by then.
    pub(crate) async fn disable(
        &self,
        caller: &Caller,
        targets: &[Target],
    ) -> Result<StillHeld, Failure> {
        let of_them = |digest: &Digest, whole: &Whole| {
            let mut targets = targets.iter();
            targets.any(|target| target.digest == *digest || target.whole.as_ref() == Some(whole))
        };
        let mut records = Vec::new();
        for target in targets {
            records.push(told("disable", Some(caller), target.facts()));
        }
        self.switch_off(|switches| switches.disable(targets), of_them, records)
            .await
    }

    /// The same for all skills of a publisher, or for everything, until an operator's statement lifts it.
    pub(crate) async fn halt(
        &self,
        caller: &Caller,
        publisher: Option<&str>,
    ) -> Result<StillHeld, Failure> {
        let of_them = |_: &Digest, (whose, _): &Whole| publisher.is_none_or(|one| one == whose);
        let facts = publisher.map(|publisher| ("publisher".to_owned(), publisher.to_owned()));
        let told = told(HALT, Some(caller), facts.into_iter().collect());
        self.switch_off(|switches| switches.halt(publisher), of_them, vec![told])
            .await
    }

    async fn switch_off(
        &self,
        change: impl FnOnce(&mut Switches),
        of_them: impl Fn(&Digest, &Whole) -> bool,
        told: Vec<Control>,
    ) -> Result<StillHeld, Failure> {
        let before = self.rules();
        {
            let mut switches = self.switches();
            change(&mut switches);
            self.switched_off.fetch_add(1, Ordering::Relaxed);
            let rules = self.rules().without_disabled(&switches);
            self.rules.send_replace(Arc::new(rules));
        }
        let advanced = self.clearance.epoch().advance();
        self.running.end(&of_them);
        self.end_void_requests();
        let mut recorded = Ok(());
        for entry in told {
            let record = self.record(entry).await;
            recorded = recorded.and(record.map(drop));
        }
        let was_theirs = |digest: &Digest| {
            let whole = before.kept(digest).and_then(|kept| kept.whole());
            whole.is_none_or(|whole| of_them(digest, &whole))
        };
        let under_way = drained(advanced, was_theirs).await;
        let _one_after_another = self.changing.lock().await;
        let kept = self.keep_switches().map(|()| under_way);
        recorded.and(kept).map_err(|failure| Failure {
            message: format!("switched off, but: {}", failure.message),
            ..failure
        })
    }

    /// Records the refusals that were only counted so far, and ends requests that came too late: now and then, and at
    /// the end.
    pub fn tidy(&self) {
        self.clearance.flush_refusals();
        payloads::sync(&self.payloads);
        self.end_void_requests();
    }

    /// Ends the requests that can't be approved any more.
    pub(super) fn end_void_requests(&self) {
        let rules = self.rules();
        self.approvals
            .sweep(approvals::now(), |request| approvals::void(&rules, request));
    }
}

/// Waits, but not long, for the components that `whose` says to have ended what they did under older rules.
pub(crate) async fn drained(advanced: Advanced, whose: impl Fn(&Digest) -> bool) -> StillHeld {
    let drained = advanced.drained(LAST_EFFECTS, whose).await;
    drained.err().unwrap_or(StillHeld(0))
}
