//! The harness of the end-to-end tests and of the demo: homes, skills, MCP clients, all real.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test harness: what fails here fails the test"
)]

pub mod authority;
pub mod bank;
pub mod bao;
pub mod home;
pub mod hook;
pub mod ledger;
pub mod mcp;
pub mod postgres;
pub mod proxy;
pub mod python;
pub mod rest;
pub mod say;
pub mod served;
pub mod sketch;
pub mod socket;
pub mod wasm;
pub mod wire;

pub use home::{Home, Run};
pub use sketch::Sketch;
pub use socket::Socket;
