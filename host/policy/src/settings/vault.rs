//! `[vault]`: the secrets manager that this host asks for credentials, and how it signs in there.
//!
//! ```toml
//! [vault]
//! address = "https://vault.corp.example:8200"
//! login   = { kubernetes = "vouchsafe" }
//! ```

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;
use url::{Host, Url};
use vouchsafe_package::manifest::Span;

use crate::grant::certificates;
use crate::place::{At, Fault, Source};

/// A secrets manager that speaks Vault's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vault {
    /// Scheme, host and port. In the clear on loopback alone.
    pub address: Url,
    /// The namespace that all paths are in.
    pub namespace: Option<String>,
    /// Certificates (DER) that vouch for it; the public ones where there is none.
    pub roots: Vec<Vec<u8>>,
    /// How this host signs in.
    pub login: Login,
    /// How long a leased credential is kept after its last use, before it is revoked.
    pub idle: Span,
}

/// How this host signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The role there; with AppRole, the role's id.
    pub role: String,
    /// Where the method is mounted.
    pub mount: String,
    /// What proves that it is this host.
    pub proof: LoginProof,
}

/// What proves that it is this host. Files are read anew at each sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginProof {
    /// The token of a Kubernetes service account, in a file.
    Kubernetes(PathBuf),
    /// A JSON Web Token, in a file.
    Jwt(PathBuf),
    /// The AppRole's secret id, in a file.
    AppRole(PathBuf),
    /// A client certificate and its key, in files of PEM.
    Certificate {
        /// The certificate and what leads to its root.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// Where Kubernetes puts a service account's token.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// How long a leased credential is kept after its last use, in milliseconds.
const IDLE: Span = Span(60_000);

/// Longer than any task that shares a credential.
const LONGEST_IDLE: u64 = 24 * 3_600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawVault {
    address: Spanned<String>,
    namespace: Option<Spanned<String>>,
    roots: Option<Spanned<String>>,
    login: Spanned<RawLogin>,
    idle: Option<Spanned<Span>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLogin {
    kubernetes: Option<String>,
    jwt: Option<String>,
    approle: Option<String>,
    cert: Option<String>,
    mount: Option<String>,
    file: Option<PathBuf>,
    key: Option<PathBuf>,
}

pub(super) fn read(source: &Source<'_>, raw: RawVault) -> Result<Vault, Fault> {
    let namespace = raw
        .namespace
        .map(|text| source.at(text).try_map(|text| plain(text, "namespace")));
    let roots = raw
        .roots
        .map(|text| source.at(text).try_map(certificates))
        .transpose()?;
    let idle = raw.idle.map(|idle| source.at(idle).try_map(time));
    Ok(Vault {
        address: source.at(raw.address).try_map(address)?.value,
        namespace: namespace.transpose()?.map(|at| at.value),
        roots: roots.map_or_else(Vec::new, |at| at.value),
        login: login(source.at(raw.login))?,
        idle: idle.transpose()?.map_or(IDLE, |at| at.value),
    })
}

fn address(text: String) -> Result<Url, String> {
    let wrong = |why: &str| Err(format!("`address` {why}"));
    let Ok(url) = Url::parse(&text) else {
        return wrong("wants one such as `https://vault.corp.example:8200`");
    };
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return wrong("wants `https`: credentials travel there");
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return wrong("is scheme, host and port alone; a namespace has its own key");
    }
    Ok(url)
}

fn login(raw: At<RawLogin>) -> Result<Login, Fault> {
    raw.try_map(|raw| {
        let absolute = |file: Option<PathBuf>, key: &str| match file {
            Some(file) if file.is_absolute() => Ok(file),
            _ => Err(format!(
                "`login` wants `{key}`, the absolute path of a file"
            )),
        };
        let named = [
            ("kubernetes", raw.kubernetes),
            ("jwt", raw.jwt),
            ("approle", raw.approle),
            ("cert", raw.cert),
        ];
        let mut given = named
            .into_iter()
            .filter_map(|(method, role)| Some((method, role?)));
        let (Some((method, role)), None) = (given.next(), given.next()) else {
            return Err(
                "`login` is one of `kubernetes`, `jwt`, `approle` and `cert`, with the role"
                    .to_owned(),
            );
        };
        let key_is_for_certificates = || "`key` is for `cert`".to_owned();
        if method != "cert" && raw.key.is_some() {
            return Err(key_is_for_certificates());
        }
        let proof = match method {
            "kubernetes" => {
                let file = raw.file.or_else(|| Some(SERVICE_ACCOUNT.into()));
                LoginProof::Kubernetes(absolute(file, "file")?)
            }
            "jwt" => LoginProof::Jwt(absolute(raw.file, "file")?),
            "approle" => LoginProof::AppRole(absolute(raw.file, "file")?),
            _ => LoginProof::Certificate {
                certificate: absolute(raw.file, "file")?,
                key: absolute(raw.key, "key")?,
            },
        };
        let mount = raw.mount.unwrap_or_else(|| method.to_owned());
        Ok(Login {
            role: plain(role, "role")?,
            mount: plain(mount, "mount")?,
            proof,
        })
    })
    .map(|at| at.value)
}

fn time(idle: Span) -> Result<Span, String> {
    match idle.0 {
        1_000..=LONGEST_IDLE => Ok(idle),
        _ => Err("`idle` is from 1s to 24h".to_owned()),
    }
}

fn plain(text: String, what: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let is_plain = !text.is_empty() && text.len() <= 200 && text.bytes().all(plain);
    let walks = text.split('/').any(|part| matches!(part, "" | "." | ".."));
    match is_plain && !walks {
        true => Ok(text),
        false => Err(format!(
            "`{what}` wants letters, digits, `-`, `_`, `.` and single `/`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn read(text: &str) -> Result<super::Vault, String> {
        let settings = Settings::parse("vouchsafe.toml", &format!("[vault]\n{text}\n"));
        settings
            .map(|settings| settings.vault.unwrap().value)
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn each_way_to_sign_in_is_read() {
        let cases = [
            ("{ kubernetes = 'r' }", "kubernetes"),
            ("{ jwt = 'r', file = '/t', mount = 'oidc/a' }", "oidc/a"),
            ("{ approle = 'r', file = '/t' }", "approle"),
            ("{ cert = 'r', file = '/c', key = '/k' }", "cert"),
        ];
        for (login, mount) in cases {
            let vault = read(&format!(
                "address = 'https://v.example:8200'\nlogin = {login}"
            ));
            let vault = vault.unwrap();
            assert_eq!((&*vault.login.mount, &*vault.login.role), (mount, "r"));
            assert_eq!(vault.idle.0, 60_000);
        }
        let here = read("address = 'http://127.0.0.1:8200'\nlogin = { kubernetes = 'r' }");
        assert!(here.is_ok());
    }

    #[test]
    fn what_is_no_manager_is_refused() {
        for wrong in [
            "address = 'http://v.example'\nlogin = { kubernetes = 'r' }",
            "address = 'http://localhost:8200'\nlogin = { kubernetes = 'r' }",
            "address = 'https://v.example/v1'\nlogin = { kubernetes = 'r' }",
            "address = 'https://a:b@v.example'\nlogin = { kubernetes = 'r' }",
            "address = 'https://v.example'",
            "address = 'https://v.example'\nlogin = {}",
            "address = 'https://v.example'\nlogin = { kubernetes = 'r', jwt = 'r', file = '/t' }",
            "address = 'https://v.example'\nlogin = { jwt = 'r' }",
            "address = 'https://v.example'\nlogin = { jwt = 'r', file = 't' }",
            "address = 'https://v.example'\nlogin = { jwt = 'r', file = '/t', key = '/k' }",
            "address = 'https://v.example'\nlogin = { cert = 'r', file = '/t' }",
            "address = 'https://v.example'\nlogin = { approle = 'r', file = '/t', mount = '../sys' }",
            "address = 'https://v.example'\nlogin = { kubernetes = 'r' }\nidle = '0s'",
            "address = 'https://v.example'\nlogin = { kubernetes = 'r' }\nroots = 'x'",
            "address = 'https://v.example'\nlogin = { kubernetes = 'r', token = 'hvs.x' }",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
