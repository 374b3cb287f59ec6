//! An agent's key and certificate: had by an invitation, kept, and renewed in time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use vouchsafe_ambient::clock;
use vouchsafe_ambient::files::{self, Access};
use vouchsafe_daemon::protocol::Failure;
use vouchsafe_identity::{Invitation, Token};
use vouchsafe_secrets::tls;

use super::door::Door;

/// What is kept: one file, so that key and certificate are of one piece.
const FILE: &str = "agent.json";

/// The longest such file, in bytes.
const MAX: u64 = 256 << 10;

/// How long before its end a certificate is renewed; a third of what is left where that is sooner.
const BEFORE: SignedDuration = SignedDuration::from_hours(1);

/// How long to wait after a renewal that failed.
const AGAIN: Duration = Duration::from_secs(15);

/// How long the host may take for a certificate.
const PATIENCE: Duration = Duration::from_secs(30);

/// Being an agent of a host.
pub(crate) struct Membership {
    url: String,
    place: PathBuf,
    papers: Papers,
    door: Door,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Papers {
    /// The private key (PKCS#8 PEM).
    key: String,
    certificate: String,
    root: String,
    from: Timestamp,
    until: Timestamp,
    /// The invitation that it came by.
    invitation: Option<String>,
}

/// What the host answers with a certificate.
#[derive(Deserialize)]
struct Issued {
    certificate: String,
    root: String,
    until: Timestamp,
}

impl Membership {
    /// The membership that is kept in `place`, or a new one by `invitation` where there is none that holds.
    pub(crate) async fn of(
        url: &str,
        place: &Path,
        invitation: Option<&Token>,
    ) -> anyhow::Result<Self> {
        let new = invitation.map(Token::unverified).transpose()?;
        let holds = |kept: &Papers| {
            let is_of = |new: &Invitation| kept.invitation.as_ref() == Some(&new.id);
            kept.until > clock::now() && new.as_ref().is_none_or(is_of)
        };
        let kept = kept(place)?.filter(holds);
        let papers = match (kept, invitation) {
            (Some(kept), _) => kept,
            (None, Some(invitation)) => enrol(url, invitation).await?,
            (None, None) => {
                let fix = format!(
                    "ask the operator there for `vouchsafe agent invite NAME`, and run `vouchsafe connect {url} --invitation FILE`"
                );
                return Err(
                    Failure::refused(format!("this is no agent of {url}, or no longer"))
                        .with_fix(fix)
                        .into(),
                );
            }
        };
        keep(place, &papers)?;
        Ok(Self {
            url: url.to_owned(),
            place: place.to_owned(),
            door: Door::new(papers.client(None)?),
            papers,
        })
    }

    /// Where the host answers MCP.
    pub(super) fn mcp(&self) -> String {
        format!("{}/mcp", self.url)
    }

    /// The way in, with the certificate of the moment.
    pub(super) fn door(&self) -> &Door {
        &self.door
    }

    /// Renews the certificate, again and again.
    pub(super) async fn renew(mut self) {
        loop {
            tokio::time::sleep(self.papers.renew_in(clock::now())).await;
            if let Err(error) = self.renew_once().await {
                tracing::warn!(error = format!("{error:#}"), until = %self.papers.until, "the certificate was not renewed");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    async fn renew_once(&mut self) -> anyhow::Result<()> {
        let key = KeyPair::generate()?;
        let client = self.papers.client(Some(PATIENCE))?;
        let papers = ask(&client, &format!("{}/renew", self.url), &key, None).await?;
        let papers = Papers {
            invitation: self.papers.invitation.clone(),
            ..papers
        };
        keep(&self.place, &papers)?;
        self.door.is_now(papers.client(None)?);
        self.papers = papers;
        Ok(())
    }
}

impl Papers {
    fn renew_in(&self, now: Timestamp) -> Duration {
        let left = self.until.duration_since(now);
        let third = self.until.duration_since(self.from) / 3;
        let wait = left - BEFORE.min(third);
        Duration::try_from(wait).unwrap_or_default()
    }

    /// A client that shows the certificate, and knows the host by its root alone.
    fn client(&self, patience: Option<Duration>) -> anyhow::Result<reqwest::Client> {
        let identity = tls::Identity::from_pem(self.certificate.as_bytes(), self.key.as_bytes());
        let identity = identity.map_err(anyhow::Error::msg)?;
        client(&self.root, Some(identity), patience)
    }
}

fn client(
    root: &str,
    identity: Option<tls::Identity>,
    patience: Option<Duration>,
) -> anyhow::Result<reqwest::Client> {
    let root = CertificateDer::from_pem_slice(root.as_bytes()).context("the host's certificate")?;
    let tls = tls::client(RootCertStore::empty(), &[root.to_vec()], identity)
        .map_err(anyhow::Error::msg)?;
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .connect_timeout(PATIENCE);
    let builder = patience
        .into_iter()
        .fold(builder, reqwest::ClientBuilder::timeout);
    Ok(builder.build()?)
}

async fn enrol(url: &str, invitation: &Token) -> anyhow::Result<Papers> {
    let says = invitation.unverified()?;
    if says.url != url {
        let message = format!("the invitation is to {}", says.url);
        return Err(Failure::refused(message)
            .with_fix(format!("run `vouchsafe connect {}`", says.url))
            .into());
    }
    let key = KeyPair::generate()?;
    let client = client(&says.root, None, Some(PATIENCE))?;
    ask(&client, &format!("{url}/enrol"), &key, Some(invitation)).await
}

/// Asks for a certificate for `key`, which never leaves.
async fn ask(
    client: &reqwest::Client,
    url: &str,
    key: &KeyPair,
    invitation: Option<&Token>,
) -> anyhow::Result<Papers> {
    let request = CertificateParams::default().serialize_request(key)?;
    let mut what = json!({ "request": BASE64.encode(request.der()) });
    if let (Some(fields), Some(invitation)) = (what.as_object_mut(), invitation) {
        fields.insert("invitation".to_owned(), invitation.expose().into());
    }
    let from = clock::now();
    let answer = client.post(url).json(&what).send().await?;
    if !answer.status().is_success() {
        let problem: Json = answer.json().await.unwrap_or_default();
        let detail = problem.get("detail").and_then(Json::as_str);
        let detail = detail.unwrap_or("it says no");
        return Err(Failure::refused(format!("{url}: {}", crate::output::foreign(detail))).into());
    }
    let Issued {
        certificate,
        root,
        until,
    } = answer.json().await?;
    Ok(Papers {
        key: key.serialize_pem(),
        certificate,
        root,
        from,
        until,
        invitation: invitation
            .map(Token::unverified)
            .transpose()?
            .map(|new| new.id),
    })
}

fn kept(place: &Path) -> anyhow::Result<Option<Papers>> {
    let file = place.join(FILE);
    let bytes = files::read_if_present(&file, MAX)?;
    let papers = bytes.map(|bytes| serde_json::from_slice(&bytes));
    papers
        .transpose()
        .with_context(|| format!("`{}`", file.display()))
}

fn keep(place: &Path, papers: &Papers) -> anyhow::Result<()> {
    let bytes = serde_json::to_vec_pretty(papers)?;
    Ok(files::write_atomic(
        &place.join(FILE),
        &bytes,
        Access::Private,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_an_hour_or_a_third_before_its_end() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let papers = |until| Papers {
            key: String::new(),
            certificate: String::new(),
            root: String::new(),
            from: at(0),
            until,
            invitation: None,
        };
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(papers(at(24)).renew_in(at(0)), hours(23));
        assert_eq!(papers(at(24)).renew_in(at(20)), hours(3));
        assert_eq!(papers(at(24)).renew_in(at(30)), Duration::ZERO);
        assert_eq!(papers(at(1)).renew_in(at(0)), Duration::from_secs(2400));
    }
}
