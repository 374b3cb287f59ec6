//! The sealed keystore, signing keys, signed statements.
//!
//! Three things live here and nothing else does cryptography with the host's own keys:
//! - [`Keystore`]: one sealed file, from whose root every symmetric key is derived, each for one [`Purpose`];
//! - [`PrivateKey`] and [`PublicKey`]: what publishers and operators sign with, encrypted at rest;
//! - [`statement`]: the one form of everything that an operator signs (a DSSE envelope).
//!
//! Nothing here prompts, and no secret byte can be printed, cloned or serialised: see [`Secret`].

mod data_key;
mod derived;
mod keystore;
mod private;
mod public;
mod seal;
mod secret;
mod signing;
pub mod statement;

pub use data_key::DataKey;
pub use derived::{MacKey, SealError, SealingKey};
pub use keystore::{
    Facts, GenerationFacts, Keystore, KeystoreError, Purpose, PurposeFacts, Rotation,
};
pub use private::{Algorithm, KeyError, PrivateKey};
pub use public::{Hashed, PublicKey};
pub use seal::Seal;
pub use secret::Secret;
pub use signing::SigningKey;
