//! A skill and one version of it, as a WIT package writes it.

use crate::as_text::serde_as_text;
use std::fmt;
use std::str::FromStr;

use semver::Version;

use crate::name::{NameError, SkillName};

/// `acme:payments@1.2.0`: a name and a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId {
    /// The part before the `@`.
    pub name: SkillName,
    /// The part after it.
    pub version: Version,
}

/// Why a text is not a package with its version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageIdError {
    /// There is no `@`.
    #[error("`{0}` has no version: want `namespace:name@1.2.3`")]
    NoVersion(String),
    /// What stands before the `@` is not a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What stands after the `@` is not a version.
    #[error("`{0}` is not a version: want three numbers such as `1.2.3`")]
    Version(String),
}

impl FromStr for PackageId {
    type Err = PackageIdError;

    fn from_str(text: &str) -> Result<Self, PackageIdError> {
        let shorten = |text: &str| text.chars().take(160).collect::<String>();
        let (name, version) = text
            .split_once('@')
            .ok_or_else(|| PackageIdError::NoVersion(shorten(text)))?;
        let name = name.parse()?;
        let version =
            Version::parse(version).map_err(|_| PackageIdError::Version(shorten(version)))?;
        Ok(Self { name, version })
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

serde_as_text!(PackageId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_name_and_a_version() {
        let id: PackageId = "acme:payments@1.2.0-rc.1".parse().unwrap();
        assert_eq!(id.to_string(), "acme:payments@1.2.0-rc.1");
        for wrong in [
            "acme:payments",
            "acme@1.0.0",
            "acme:payments@1",
            "acme:payments@",
            "@1.0.0",
        ] {
            assert!(wrong.parse::<PackageId>().is_err(), "{wrong}");
        }
    }
}
