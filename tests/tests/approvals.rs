//! A person's yes: who may give it, to exactly what, and that it is good for one call.
#![cfg(test)]

#[path = "approvals/changed.rs"]
mod changed;
#[path = "approvals/enrolled.rs"]
mod enrolled;
#[path = "approvals/notice.rs"]
mod notice;
#[path = "approvals/once.rs"]
mod once;
#[path = "approvals/queue.rs"]
mod queue;
#[path = "approvals/room.rs"]
mod room;
#[path = "approvals/session.rs"]
mod session;
