//! `auth = { ... }` of a destination: where its credential is kept. Never the credential.

use std::fmt;

use serde::Deserialize;
use vouchsafe_package::name::is_kebab;

/// Where a credential is kept. Never the credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "RawSource")]
pub struct SecretSource {
    /// Which store, and where in it.
    pub kept: KeptIn,
    /// With basic authentication: whose password it is; with AWS: the access key's id. Without it, the credential is
    /// `user:password` itself.
    pub user: Option<String>,
    /// Whether servers' logs may get it, as they get every query string.
    pub query: bool,
    /// The region that requests to AWS are signed for.
    pub region: Option<String>,
}

/// A store of credentials, and where in it one is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeptIn {
    /// This host's own sealed file.
    Sealed {
        /// As `vouchsafe secret set` named it.
        name: String,
    },
    /// A secrets manager that speaks Vault's API.
    Vault {
        /// The path there, such as `secret/payments/bank`.
        path: String,
        /// The field there.
        field: String,
        /// The field there that holds the user of basic authentication.
        user_field: Option<String>,
        /// Whether a value that looks easy to guess is taken all the same.
        accept_weak: bool,
    },
}

impl fmt::Display for KeptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealed { name } => write!(f, "sealed {name}"),
            Self::Vault { path, field, .. } => write!(f, "vault {path} {field}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    sealed: Option<String>,
    vault: Option<String>,
    field: Option<String>,
    user_field: Option<String>,
    #[serde(default)]
    accept_weak: bool,
    user: Option<String>,
    #[serde(default)]
    query: bool,
    region: Option<String>,
}

const WANTED: &str = "`auth` wants `{ sealed = \"bank-token\" }`, or a path and a field such as `{ vault = \"secret/payments/bank\", field = \"token\" }`";

impl TryFrom<RawSource> for SecretSource {
    type Error = String;

    fn try_from(raw: RawSource) -> Result<Self, String> {
        let of_vault = raw.user_field.is_some() || raw.accept_weak;
        let kept = match (raw.sealed, raw.vault, raw.field) {
            (Some(name), None, None) if is_secret_name(&name) && !of_vault => {
                KeptIn::Sealed { name }
            }
            (None, Some(path), Some(field)) if is_path(&path) && is_plain(&field) => {
                if raw.user.is_some() && raw.user_field.is_some() {
                    return Err("`user` or `user_field`, not both".to_owned());
                }
                KeptIn::Vault {
                    path,
                    field,
                    user_field: raw.user_field,
                    accept_weak: raw.accept_weak,
                }
            }
            _ => return Err(WANTED.to_owned()),
        };
        if let Some(user) = raw.user.as_deref().filter(|user| !is_user(user)) {
            let shown: String = user.chars().take(60).collect();
            return Err(format!("`{shown}` is no user: it is plain, without `:`"));
        }
        if let Some(region) = raw.region.as_deref().filter(|region| !is_kebab(region)) {
            let shown: String = region.chars().take(60).collect();
            return Err(format!("`{shown}` is no region, such as `eu-central-1`"));
        }
        Ok(Self {
            kept,
            user: raw.user,
            query: raw.query,
            region: raw.region,
        })
    }
}

/// Whether `vouchsafe secret set` takes `name`: words in lower case with single hyphens.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    name.len() <= 64 && is_kebab(name)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A user name of basic authentication ends at the first colon (RFC 7617, 2).
fn is_user(user: &str) -> bool {
    user.len() <= 200
        && user
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':')
}

fn is_path(path: &str) -> bool {
    let mut parts = path.split('/');
    is_plain(path)
        && !parts.any(|part| matches!(part, "" | "." | ".."))
        && !path.contains(['?', '#', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SecretSource, toml::de::Error> {
        #[derive(Deserialize)]
        struct Table {
            auth: SecretSource,
        }
        toml::from_str::<Table>(&format!("auth = {text}")).map(|table| table.auth)
    }

    #[test]
    fn a_credential_is_kept_in_one_place() {
        let sealed = read("{ sealed = 'bank-token' }").unwrap();
        assert_eq!(sealed.kept.to_string(), "sealed bank-token");
        let vault =
            read("{ vault = 'secret/payments/bank', field = 'token', user = 'shop' }").unwrap();
        assert_eq!(vault.kept.to_string(), "vault secret/payments/bank token");
        assert_eq!(vault.user.as_deref(), Some("shop"));
        for wrong in [
            "{}",
            "{ sealed = 'a', vault = 'b', field = 'c' }",
            "{ sealed = 'Bank' }",
            "{ sealed = '../a' }",
            "{ sealed = 'a', field = 'b' }",
            "{ vault = 'secret/a' }",
            "{ vault = 'secret/../a', field = 'b' }",
            "{ vault = '/secret/a', field = 'b' }",
            "{ vault = 'secret/a?b', field = 'b' }",
            "{ vault = 'secret/a', field = '' }",
            "{ sealed = 'a', user = 'b:c' }",
            "{ sealed = 'a', value = 'b' }",
            "{ sealed = 'a', region = 'eu/central' }",
            "{ sealed = 'a', user_field = 'b' }",
            "{ sealed = 'a', accept_weak = true }",
            "{ vault = 'secret/a', field = 'b', user = 'c', user_field = 'd' }",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
