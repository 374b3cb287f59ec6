//! How many requests of a session may be under way, and the queue of those that have to wait.
//!
//! What is not a request, such as the cancellation of one, overtakes those that wait; so does a ping,
//! which asks whether anybody is there and not for work.

use std::collections::VecDeque;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{
    ClientNotification, ClientRequest, GetExtensions, JsonRpcMessage, JsonRpcRequest, RequestId,
};
use rmcp::service::RxJsonRpcMessage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests under way at most; large ones count for several.
const UNDER_WAY: u32 = 64;

/// One more for each so many bytes, so that the largest requests go one at a time.
const BYTES_OF_ONE: usize = 128 << 10;

/// Bytes of waiting requests before nothing more is read.
const MAX_WAITING: usize = 1 << 20;

/// The least that a waiting request counts for: it is more than its bytes.
const LEAST: usize = 1 << 10;

/// A session's requests, by their order.
pub(super) struct Intake {
    slots: Arc<Semaphore>,
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

struct Waiting {
    request: JsonRpcRequest<ClientRequest>,
    bytes: usize,
}

/// A slot, held by the request's own extensions and so until its handler is done, however it ends.
#[derive(Clone)]
struct Slot {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(UNDER_WAY as usize)),
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl Intake {
    /// Takes in a message of `bytes` bytes. Gives back what need not wait for anything.
    pub(super) fn take(
        &mut self,
        message: RxJsonRpcMessage<RoleServer>,
        bytes: usize,
    ) -> Option<RxJsonRpcMessage<RoleServer>> {
        match message {
            JsonRpcMessage::Request(request)
                if !matches!(request.request, ClientRequest::PingRequest(_)) =>
            {
                self.bytes += bytes.max(LEAST);
                self.waiting.push_back(Waiting { request, bytes });
                None
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.forget(id);
                }
                Some(JsonRpcMessage::Notification(notification))
            }
            other => Some(other),
        }
    }

    /// Whether more may be read.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MAX_WAITING
    }

    /// Whether a request waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The first request that waits, once there is a slot for it; never when there is none. May be
    /// dropped at any time.
    pub(super) async fn next(&mut self) -> RxJsonRpcMessage<RoleServer> {
        let Some(first) = self.waiting.front() else {
            return std::future::pending().await;
        };
        let weight = u32::try_from(first.bytes / BYTES_OF_ONE).unwrap_or(UNDER_WAY);
        let weight = weight.saturating_add(1).min(UNDER_WAY);
        let permit = self.slots.clone().acquire_many_owned(weight).await;
        let (Ok(permit), Some(first)) = (permit, self.waiting.pop_front()) else {
            return std::future::pending().await;
        };
        self.bytes -= first.bytes.max(LEAST);
        let mut request = first.request;
        request.request.extensions_mut().insert(Slot {
            _permit: Arc::new(permit),
        });
        JsonRpcMessage::Request(request)
    }

    fn forget(&mut self, id: &RequestId) {
        let bytes = &mut self.bytes;
        self.waiting.retain(|waiting| {
            let keep = waiting.request.id != *id;
            if !keep {
                *bytes -= waiting.bytes.max(LEAST);
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use serde_json::json;

    fn message(json: serde_json::Value) -> RxJsonRpcMessage<RoleServer> {
        serde_json::from_value(json).unwrap()
    }

    fn request(id: u32) -> RxJsonRpcMessage<RoleServer> {
        let params = json!({ "name": "t", "arguments": {} });
        message(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }))
    }

    fn take(intake: &mut Intake, ids: std::ops::Range<u32>, bytes: usize) {
        for id in ids {
            assert!(intake.take(request(id), bytes).is_none());
        }
    }

    fn given(intake: &mut Intake) -> Vec<RxJsonRpcMessage<RoleServer>> {
        std::iter::from_fn(|| intake.next().now_or_never()).collect()
    }

    #[test]
    fn requests_beyond_the_bound_wait_for_one_that_is_done() {
        let mut intake = Intake::default();
        take(&mut intake, 0..UNDER_WAY + 3, 100);
        let mut under_way = given(&mut intake);
        assert_eq!(under_way.len(), UNDER_WAY as usize);
        drop(under_way.pop());
        assert_eq!(given(&mut intake).len(), 1);
        assert!(!intake.is_empty());
    }

    #[test]
    fn the_largest_requests_go_one_at_a_time() {
        let mut intake = Intake::default();
        take(&mut intake, 0..2, 8 << 20);
        assert!(!intake.has_room());
        assert_eq!(given(&mut intake).len(), 1);
    }

    #[test]
    fn a_cancellation_overtakes_and_takes_out_what_waits() {
        let mut intake = Intake::default();
        take(&mut intake, 0..UNDER_WAY + 1, 100);
        let under_way = given(&mut intake);
        let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": { "requestId": UNDER_WAY } });
        assert!(intake.take(message(cancelled), 100).is_some());
        assert!(intake.is_empty());
        assert_eq!(intake.bytes, 0);
        drop(under_way);
    }
}
