//! Requests over HTTP: where one goes, and which line of a grant allows it. Pure.
//!
//! ```text
//! scheme, authority, path --Destination::parse--> Destination --Destinations::admit--> Admission
//!                                                     addresses --address::check--> dialled
//! ```
//!
//! INVARIANT (one spelling): a destination has one spelling. What is not in it is refused or, where
//! RFC 3986 says that two spellings are the same, brought into it before anything is matched; what
//! was matched is what is sent.

pub mod address;
mod admit;
mod base;
pub(crate) mod bounds;
mod destination;
pub(crate) mod header;
mod host;
pub(crate) mod own;
mod path;

pub use address::{Private, UnsafeAddress};
pub(crate) use admit::for_tool;
pub use admit::{Admission, Destinations, NotAdmitted, known_method};
pub use base::{Base, HostRule};
pub use bounds::HttpBounds;
pub use destination::{BadDestination, Destination, Scheme};
pub use header::{BadHeader, Headers};
pub use host::Host;
pub use path::Path;
