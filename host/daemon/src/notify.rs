//! Tells a service of the operator's that a call waits for people. What it is told decides nothing: who hears it has
//! still to look and to sign.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::json;
use vouchsafe_ambient::clock;
use vouchsafe_policy::approval::{ApprovalId, ApprovalRequest};
use vouchsafe_policy::settings::Notify;

use crate::approvals;
use crate::owner::Owner;
use crate::records::control;

/// Between one try and the next; after the last it is given up.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

impl Owner {
    /// Tells of the call `id`, if it waits and somebody is to be told; in the background, and again until it is taken.
    pub(crate) fn notify(&self, id: &ApprovalId) {
        if self.rules().notify().is_some()
            && let Ok(owner) = self.shared()
        {
            let id = id.clone();
            self.io().spawn(tell(Arc::downgrade(&owner), id));
        }
    }
}

async fn tell(owner: Weak<Owner>, id: ApprovalId) {
    let mut pauses = PAUSES.into_iter();
    loop {
        let Some(owner) = owner.upgrade() else { return };
        // Each time anew: it may have been decided, and whoever is told may be another.
        let Some((request, to)) = waiting(&owner, &id) else {
            return;
        };
        let name = format!("approval-{id}");
        let told = owner
            .secrets()
            .notify(&to, &name, clock::now(), notice(&request));
        let trouble = match told.await {
            Ok(()) => {
                return owner
                    .note(control("notified", None, [("approval", id.to_string())]))
                    .await;
            }
            Err(trouble) => trouble,
        };
        tracing::warn!(approval = %id, why = %trouble.why, "nobody was told that a call waits");
        let Some(pause) = pauses.next() else {
            return owner
                .note(control(
                    "not-notified",
                    None,
                    [("approval", id.to_string())],
                ))
                .await;
        };
        drop(owner);
        tokio::time::sleep(pause).await;
    }
}

/// The call, as long as it waits, and who is told.
fn waiting(owner: &Owner, id: &ApprovalId) -> Option<(ApprovalRequest, Notify)> {
    let rules = owner.rules();
    let to = rules.notify()?.clone();
    let void = |request: &ApprovalRequest| approvals::void(&rules, request);
    let (request, _) = owner.approvals().one(id, approvals::now(), void)?;
    Some((request, to))
}

/// What is told: which call, whose and until when; never its arguments, which are for who looks.
fn notice(request: &ApprovalRequest) -> String {
    json!({
        "type": "approval.waiting",
        "timestamp": request.asked_at,
        "data": {
            "id": request.id,
            "skill": request.skill,
            "publisher": request.publisher,
            "version": request.skill_version,
            "tool": request.tool,
            "effect": request.effect,
            "principal": request.principal,
            "wanted": request.wanted.who(),
            "decide_by": request.decide_by,
        },
    })
    .to_string()
}
