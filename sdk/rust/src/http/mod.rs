//! Requests to the destinations that an operator granted. Blocking, and no more than skills need.
//!
//! A skill that uses this imports two interfaces in its `wit/world.wit`,
//!
//! ```wit
//! import wasi:http/outgoing-handler@0.2.12;
//! import wasi:config/store@0.2.0-rc.1;
//! ```
//!
//! and names its destinations in `skill.toml`; where they are, the operator says:
//!
//! ```toml
//! [http.bank]
//! allow = ["GET /payments/*", "POST /payments"]
//! ```
//!
//! ```
//! use vouchsafe_sdk::http::{Destination, Error, Response};
//!
//! fn status(payment: &str) -> Result<String, Error> {
//!     let answer = Destination::named("bank").get(["payments", payment]).send()?;
//!     let answer: serde_json::Value = answer.success()?.json()?;
//!     Ok(answer["status"].to_string())
//! }
//!
//! fn pay(minor: u64) -> Result<Response, Error> {
//!     let order = serde_json::json!({ "minor": minor, "currency": "EUR" });
//!     Destination::named("bank").post("/payments").json(&order).send()
//! }
//! # // In a skill's own tests there is no host to send anything.
//! # assert_eq!(status("4711").unwrap_err(), Error::NoHost);
//! # assert_eq!(pay(1).unwrap_err(), Error::NoHost);
//! ```
//!
//! The host refuses what no line of the grant allows, and says no more of it than [`Error::Denied`];
//! the operator reads the reason in the log. Redirects are answers like any other. Credentials are
//! the host's: a skill sets neither `authorization` nor `cookie`.

mod destination;
mod error;
mod host;
mod path;
mod request;
mod response;

pub use destination::Destination;
pub use error::Error;
pub use path::Path;
pub use request::Request;
pub use response::Response;
