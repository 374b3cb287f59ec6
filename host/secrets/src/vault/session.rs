//! Being signed in at a secrets manager.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vaultrs::api::{AuthInfo, EndpointMiddleware};
use vaultrs::auth::{approle, cert, kubernetes, oidc};
use vaultrs::client::{Client as _, VaultClient, VaultClientSettings};
use vaultrs::token;
use vouchsafe_ambient::files;
use vouchsafe_policy::settings::{Login, LoginProof, Vault as Settings};
use zeroize::Zeroizing;

use super::api::Fault;
use crate::provider::Unavailable;
use crate::tls::{self, Identity};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(2);

/// The longest file that proves who this host is, in bytes.
const LONGEST_PROOF: u64 = 64 << 10;

/// A token, and until when it is good.
pub(super) struct Session {
    pub(super) client: Arc<VaultClient>,
    good: Good,
}

struct Good {
    since: Instant,
    /// None for a token that never ends.
    lasts: Option<Duration>,
    renewable: bool,
}

impl Good {
    fn of(info: &AuthInfo) -> Self {
        Self {
            since: Instant::now(),
            lasts: (info.lease_duration > 0).then(|| Duration::from_secs(info.lease_duration)),
            renewable: info.renewable,
        }
    }

    /// Whether a token that was not renewed, for this reason, is good all the same.
    fn is_still(&self, fault: &Fault) -> bool {
        let is_away = matches!(fault, Fault::Unreachable(_) | Fault::Sealed);
        is_away && self.lasts.is_none_or(|lasts| self.since.elapsed() < lasts)
    }

    /// Whether the first half of its time has gone by.
    fn is_half_over(&self) -> bool {
        self.lasts
            .is_some_and(|lasts| self.since.elapsed() >= lasts / 2)
    }
}

impl Session {
    /// Signs in.
    pub(super) async fn begin(settings: &Settings) -> Result<Self, Unavailable> {
        let mut client = connection(settings)?;
        let info = sign_in(&client, &settings.login).await?.map_err(|fault| {
            let Login { role, mount, .. } = &settings.login;
            let unavailable = fault.clone().about(
                &format!("the sign-in as `{role}` at auth/{mount}"),
                settings.address.as_str(),
            );
            match fault {
                Fault::Forbidden | Fault::Absent | Fault::Answered(..) => Unavailable::new(
                    unavailable.why,
                    "mend `login` under `[vault]` in vouchsafe.toml, or the role there",
                ),
                _ => unavailable,
            }
        })?;
        client.set_token(&info.client_token);
        Ok(Self {
            client: Arc::new(client),
            good: Good::of(&info),
        })
    }

    /// Makes the token last. False when it can't: whatever was leased by it ends with it.
    pub(super) async fn keep(&mut self) -> bool {
        if !self.good.is_half_over() {
            return true;
        }
        if !self.good.renewable {
            return false;
        }
        let before = self.good.lasts;
        match token::renew_self(&*self.client, None).await {
            Ok(info) => {
                self.good = Good::of(&info);
                // Near its last end, renewing adds ever less.
                self.good
                    .lasts
                    .zip(before)
                    .is_none_or(|(now, before)| now >= before / 2)
            }
            Err(error) => self.good.is_still(&Fault::from(error)),
        }
    }

    /// Whether the manager still knows the token.
    pub(super) async fn is_known(&self) -> bool {
        token::lookup_self(&*self.client).await.is_ok()
    }

    /// Gives the token back, and with it everything that was leased by it.
    pub(super) async fn end(self) {
        if let Err(error) = token::revoke_self(&*self.client).await {
            tracing::warn!(%error, "the token at the secrets manager was not given back; it ends by itself");
        }
    }
}

/// A client that asks no environment for anything, and follows nobody elsewhere.
fn connection(settings: &Settings) -> Result<VaultClient, Unavailable> {
    let failed = |error: String| {
        Unavailable::new(
            format!("no connection to the secrets manager can be made: {error}"),
            "",
        )
    };
    let identity = match &settings.login.proof {
        LoginProof::Certificate { certificate, key } => {
            let (certificate, key) = (proof(certificate)?, proof(key)?);
            Some(Identity::from_pem(&certificate, &key).map_err(failed)?)
        }
        _ => None,
    };
    let http = tls::http(&settings.roots, identity, PATIENCE, CONNECT).map_err(failed)?;
    let address = settings.address.as_str();
    Ok(VaultClient {
        http: rustify::clients::reqwest::Client::new(address, http),
        middle: EndpointMiddleware {
            token: String::new(),
            version: "v1".to_owned(),
            wrap: None,
            namespace: settings.namespace.clone(),
        },
        settings: VaultClientSettings {
            address: settings.address.clone(),
            ca_certs: Vec::new(),
            identity: None,
            timeout: Some(PATIENCE),
            token: String::new(),
            verify: true,
            version: 1,
            wrapping: false,
            namespace: settings.namespace.clone(),
            proxy: None,
        },
    })
}

async fn sign_in(
    client: &VaultClient,
    login: &Login,
) -> Result<Result<AuthInfo, Fault>, Unavailable> {
    let Login { role, mount, proof } = login;
    let signed_in = match proof {
        LoginProof::Kubernetes(file) => kubernetes::login(client, mount, role, &token(file)?).await,
        LoginProof::Jwt(file) => {
            oidc::login(client, mount, &token(file)?, Some(role.clone())).await
        }
        LoginProof::AppRole(file) => approle::login(client, mount, role, &token(file)?).await,
        LoginProof::Certificate { .. } => cert::login(client, mount, role).await,
    };
    Ok(signed_in.map_err(Fault::from))
}

fn proof(file: &Path) -> Result<Zeroizing<Vec<u8>>, Unavailable> {
    let bytes = files::read_bounded(file, LONGEST_PROOF);
    bytes.map(Zeroizing::new).map_err(|error| {
        Unavailable::new(
            format!("this host can't sign in at the secrets manager: {error}"),
            "put the file there, or mend `login` under `[vault]` in vouchsafe.toml",
        )
    })
}

fn token(file: &Path) -> Result<Zeroizing<String>, Unavailable> {
    let bytes = proof(file)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.trim_end().to_owned())),
        Err(_) => Err(Unavailable::new(
            format!("{} is no text", file.display()),
            "",
        )),
    }
}
