//! Credentials: used and never seen.
//!
//! ```text
//! Cleared + SecretSource --Secrets::lease--> Lease --put--> header, address or signature of that one request
//!                                              └--watch--> Stream: what comes back, without it
//! ```
//!
//! INVARIANT (unseen): a credential's bytes are in [`Lease`]s, in the requests that were cleared to carry them, and
//! nowhere else. Records, logs and errors name where it is kept. Nothing with the bytes in it has `Debug`, `Display`,
//! `Clone` or `Serialize`.

mod change;
mod lease;
mod notice;
mod placeholder;
mod provider;
mod put;
mod sealed;
mod secrets;
mod sign;
pub mod strength;
pub mod tls;
mod token;
mod vault;
mod watch;

pub use change::{Change, ChangeError, ChangeFault, PAYLOAD_TYPE};
pub use lease::Lease;
pub use placeholder::{Misplaced, Placeholders};
pub use provider::{Provider, Unavailable};
pub use put::{Put, login, put};
pub use sealed::{Entry, Sealed, context};
pub use secrets::Secrets;
pub use sign::Whole;
pub use token::Token;
pub use vault::Vault;
pub use watch::{Echoed, Stream, Watch};
