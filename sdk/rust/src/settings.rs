//! What the operator set. A skill that uses it imports `wasi:config/store@0.2.0-rc.1` and names each
//! setting in `skill.toml`:
//!
//! ```toml
//! [settings.currency]
//! default = "EUR"
//! about   = "What amounts are in when an invoice does not say."
//! ```
//!
//! The operator's grant gives the value; without one it is the default, and a setting without a default
//! has to be granted. Nothing else is there. Natively, in a skill's own tests, there are no settings:
//!
//! ```
//! use vouchsafe_sdk::settings::{self, Error};
//!
//! /// With the setting, so that a test can call it natively.
//! fn price(minor: u64, currency: &str) -> String {
//!     format!("{}.{:02} {currency}", minor / 100, minor % 100)
//! }
//!
//! fn tool(minor: u64) -> Result<String, Error> {
//!     let currency: String = settings::read("currency")?;
//!     Ok(price(minor, &currency))
//! }
//!
//! assert_eq!(price(1250, "EUR"), "12.50 EUR");
//! assert_eq!(tool(1250), Err(Error::NoHost));
//! ```

use std::fmt;
use std::str::FromStr;

/// Why there is no setting, or not one that was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// `skill.toml` declares no setting of this name.
    Absent(String),
    /// The operator's value is not what the skill can use.
    Malformed {
        /// The setting.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The host could not read it.
    Broken(String),
    /// There is no host: this runs natively, in a test.
    NoHost,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(name) => write!(f, "there is no setting `{name}`"),
            Self::Malformed { name, why } => write!(f, "the setting `{name}`: {why}"),
            Self::Broken(why) => write!(f, "settings can't be read: {why}"),
            Self::NoHost => f.write_str("there is no host that has settings"),
        }
    }
}

impl std::error::Error for Error {}

/// The setting `name`, read as a `T`: a text, a number, or whatever else has [`FromStr`].
///
/// # Errors
/// When there is none, or it is no `T`.
pub fn read<T: FromStr<Err: fmt::Display>>(name: &str) -> Result<T, Error> {
    let value = get(name)?.ok_or_else(|| Error::Absent(name.to_owned()))?;
    value.parse().map_err(|why: T::Err| Error::Malformed {
        name: name.to_owned(),
        why: why.to_string(),
    })
}

/// The setting `name`, if there is one.
///
/// # Errors
/// When the host can't read it.
pub fn get(name: &str) -> Result<Option<String>, Error> {
    host::get(name)
}

/// All settings by name, and where each granted destination is by its name.
///
/// # Errors
/// When the host can't read them.
pub fn all() -> Result<Vec<(String, String)>, Error> {
    host::all()
}

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::Error;

    pub(super) fn get(_name: &str) -> Result<Option<String>, Error> {
        Err(Error::NoHost)
    }

    pub(super) fn all() -> Result<Vec<(String, String)>, Error> {
        Err(Error::NoHost)
    }
}

#[cfg(target_family = "wasm")]
mod host {
    use super::Error;
    use super::generated::wasi::config::store;

    pub(super) fn get(name: &str) -> Result<Option<String>, Error> {
        store::get(name).map_err(|error| Error::Broken(format!("{error:?}")))
    }

    pub(super) fn all() -> Result<Vec<(String, String)>, Error> {
        store::get_all().map_err(|error| Error::Broken(format!("{error:?}")))
    }
}

#[cfg(target_family = "wasm")]
#[allow(
    warnings,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated"
)]
mod generated {
    vouchsafe_sdk_macro::import!("wasi:config/store@0.2.0-rc.1");
}
