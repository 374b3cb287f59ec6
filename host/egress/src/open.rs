//! A request whose end is not recorded yet. Whatever becomes of it, one end is.

use std::sync::Arc;
use std::time::Instant;

use aws_lc_rs::digest;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use vouchsafe_audit::{Commitment, Resources, Status, Why};
use vouchsafe_clearance::{Cleared, Ending, Part};
use vouchsafe_package::value::canonical;

use crate::outgoing::Outgoing;
use crate::sent::Tally;

/// What to do about it.
const ECHO: &str = "look at that destination, and set another credential";

/// A cleared request on its way.
pub(crate) struct Open {
    cleared: Option<Cleared<Part<Outgoing>>>,
    tally: Arc<Tally>,
    /// When the call itself ends.
    deadline: Instant,
    cancel: CancellationToken,
    /// Bytes of the head, once it was handed to a connection.
    handed: Option<u64>,
    answer: Option<Answer>,
}

/// What has come back.
struct Answer {
    status: u16,
    bytes: u64,
    hash: digest::Context,
}

impl Open {
    pub(crate) fn new(
        cleared: Cleared<Part<Outgoing>>,
        tally: Arc<Tally>,
        deadline: Instant,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            cleared: Some(cleared),
            tally,
            deadline,
            cancel,
            handed: None,
            answer: None,
        }
    }

    pub(crate) fn cleared(&self) -> Option<&Cleared<Part<Outgoing>>> {
        self.cleared.as_ref()
    }

    /// From here on something may have left the process.
    pub(crate) fn handed(&mut self, head_bytes: u64) {
        self.handed = Some(head_bytes);
    }

    /// Nothing has left after all.
    pub(crate) fn handed_back(&mut self) {
        self.handed = None;
    }

    /// The head of the response came.
    pub(crate) fn answered(&mut self, status: u16) {
        self.answer = Some(Answer {
            status,
            bytes: 0,
            hash: digest::Context::new(&digest::SHA256),
        });
    }

    /// Some of its body came.
    pub(crate) fn received(&mut self, data: &[u8]) {
        if let Some(answer) = &mut self.answer {
            answer.bytes += data.len() as u64;
            answer.hash.update(data);
        }
    }

    /// It came to its end.
    pub(crate) fn complete(&mut self) {
        let (detail, output) = self.account("");
        self.finish(Status::Ok, detail, output);
    }

    /// It ends here, for a reason that is known. If something may have left, what came of it is not.
    pub(crate) fn end(&mut self, status: Status, why: Why, detail: String) {
        match self.handed {
            None => self.finish(status, detail, None),
            Some(_) => self.give_up(why),
        }
    }

    /// The host ended it after it was sent.
    pub(crate) fn cut(&mut self, status: Status, detail: &str) {
        let (account, output) = self.account(detail);
        self.finish(status, account, output);
    }

    /// Its credential came back. Whoever keeps the host has to look.
    pub(crate) fn echoed(&mut self) {
        if let Some(cleared) = &self.cleared {
            let outgoing = cleared.action().effect();
            let place = outgoing.admission().destination().place();
            tracing::error!(%place, record = cleared.seq(), rule = outgoing.rule(), "a credential came back in a response, which was cut off: {ECHO}");
        }
        self.cut(Status::Echo, ECHO);
    }

    pub(crate) fn give_up(&mut self, why: Why) {
        let handed = self.handed;
        if let Some(cleared) = self.cleared.take() {
            if let Some(head) = handed {
                cleared.note_sent(head + self.tally.bytes());
            }
            cleared.give_up(why);
        }
    }

    /// What is said of an answer, and the commitment to it.
    fn account(&mut self, but: &str) -> (String, Option<Commitment>) {
        let sent = self.handed.unwrap_or(0) + self.tally.bytes();
        let Some(answer) = self.answer.take() else {
            return (format!("no answer; {sent} bytes sent; {but}"), None);
        };
        let but = if but.is_empty() {
            String::new()
        } else {
            format!("; {but}")
        };
        let detail = format!(
            "{}; {sent} bytes sent, {} received{but}",
            answer.status, answer.bytes
        );
        let output = canonical(&json!({
            "status": answer.status,
            "sent": self.tally.digest(),
            "received": hex::encode(answer.hash.finish()),
        }));
        let commitment = self
            .cleared
            .as_ref()
            .and_then(|cleared| cleared.commit(&output).ok());
        (detail, commitment)
    }

    fn finish(&mut self, status: Status, detail: String, output: Option<Commitment>) {
        let Some(cleared) = self.cleared.take() else {
            return;
        };
        let ending = Ending {
            status,
            detail: Some(detail),
            output,
            resources: Resources::default(),
        };
        // A log that does not take it has stopped all effects; opening it again concludes this one.
        drop(cleared.finish(ending));
    }
}

/// Dropped by the guest, or with the whole call.
impl Drop for Open {
    fn drop(&mut self) {
        let Some(cleared) = &self.cleared else { return };
        let why = match () {
            () if std::thread::panicking() => Why::Panic,
            () if cleared.still_valid().is_err() => Why::Kill,
            () if Instant::now() >= self.deadline => Why::Deadline,
            () if self.cancel.is_cancelled() => Why::Cancel,
            () if self.answer.is_some() => {
                let (detail, output) = self.account("not read to its end");
                return self.finish(Status::Ok, detail, output);
            }
            () => Why::Cancel,
        };
        self.end(
            Status::Cancelled,
            why,
            "given up before it was sent".to_owned(),
        );
    }
}
