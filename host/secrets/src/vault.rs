//! Credentials of a secrets manager that speaks Vault's API: read anew while they are used, renewed while they are on
//! lease, and given back when nobody uses them any more.
//!
//! INVARIANT (given back): a lease is revoked when the last [`Lease`] of it is dropped: after its destination was not
//! used for `idle`, when no grant in force names it, and when the owner ends. The last also gives the token back, and
//! with it whatever is left.

mod api;
mod held;
mod session;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::sync::{Mutex as Turn, OnceCell};
use vaultrs::client::VaultClient;
use vouchsafe_policy::grant::KeptIn;
use vouchsafe_policy::settings::Vault as Settings;

use self::api::{Answer, Asked, Fault};
use self::held::{Grip, Held};
use self::session::Session;
use crate::lease::Lease;
use crate::provider::{Provider, Unavailable};

/// A secrets manager, and what is held of it.
pub struct Vault {
    settings: Settings,
    session: Turn<Signed>,
    places: Mutex<HashMap<String, Arc<Place>>>,
    this: Weak<Self>,
}

/// Whether this host is signed in, and how often it was: what was leased ends with its token.
#[derive(Default)]
struct Signed {
    session: Option<Session>,
    times: u64,
}

/// A path there.
#[derive(Default)]
struct Place {
    engine: OnceCell<Engine>,
    /// Who looks waits for who asks, so that a path is asked for once.
    held: Turn<Option<Held>>,
}

/// What keeps a path.
enum Engine {
    /// Values with versions, read at this path.
    Versioned(String),
    /// Values.
    Kept,
    /// It makes a credential for each who asks.
    Issuing,
}

impl Vault {
    /// Nobody is asked before the first credential is needed.
    #[must_use]
    pub fn new(settings: Settings) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            settings,
            session: Turn::default(),
            places: Mutex::default(),
            this: this.clone(),
        })
    }

    /// Where it is, and how this host signs in.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    async fn leased(&self, at: &KeptIn) -> Result<Arc<Lease>, Unavailable> {
        let KeptIn::Vault { path, .. } = at else {
            return Err(Unavailable::new("it is not kept in a secrets manager", ""));
        };
        let place = self.place(path);
        let mut held = place.held.lock().await;
        let times = self.client().await?.1;
        let is_good = match held.as_mut() {
            Some(held) if held.is_of(times) => self.keep(held).await,
            _ => false,
        };
        if !is_good {
            let read = self.read(path, &place).await;
            let read = read.inspect_err(|_| *held = None)?;
            match held.as_mut() {
                Some(held) if held.is_same(&read) => held.was_read(),
                _ => {
                    self.watch(path, &read);
                    *held = Some(read);
                }
            }
        }
        match held.as_mut() {
            Some(held) => held.lease(at),
            None => Err(Unavailable::new("it is not held", "")),
        }
    }

    /// Lets go of `lease`, unless another took its place.
    pub(crate) async fn refused(&self, at: &KeptIn, lease: &Arc<Lease>) {
        let KeptIn::Vault { path, .. } = at else {
            return;
        };
        let place = self.place(path);
        let mut held = place.held.lock().await;
        let now = held.as_mut().and_then(|held| held.lease(at).ok());
        if now.is_some_and(|now| Arc::ptr_eq(&now, lease)) {
            *held = None;
        }
    }

    /// Whether it could be had, and since when it is what it is. What is made for each who asks is not asked for.
    ///
    /// # Errors
    /// Why it can't be had.
    pub async fn look(&self, at: &KeptIn) -> Result<Option<Timestamp>, Unavailable> {
        let KeptIn::Vault { path, .. } = at else {
            return Ok(None);
        };
        let place = self.place(path);
        if matches!(self.engine(path, &place).await?, Engine::Issuing) {
            return Ok(None);
        }
        let mut read = self.read(path, &place).await?;
        read.lease(at).map(|_| read.set())
    }

    /// Lets go of what no grant in force names any more.
    pub(crate) fn keep_only(&self, paths: &HashSet<&str>) {
        self.places().retain(|path, _| paths.contains(&**path));
    }

    /// Gives everything back.
    pub(crate) async fn end(&self) {
        let session = self.session.lock().await.session.take();
        self.places().clear();
        if let Some(session) = session {
            session.end().await;
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, path: &str) -> Arc<Place> {
        let mut places = self.places();
        Arc::clone(places.entry(path.to_owned()).or_default())
    }

    /// Who is signed in, and how often somebody was.
    async fn client(&self) -> Result<(Arc<VaultClient>, u64), Unavailable> {
        let mut signed = self.session.lock().await;
        if let Some(session) = signed.session.as_mut()
            && session.keep().await
        {
            return Ok((Arc::clone(&session.client), signed.times));
        }
        signed.session = None;
        let session = Session::begin(&self.settings).await?;
        let client = Arc::clone(&session.client);
        signed.session = Some(session);
        signed.times += 1;
        Ok((client, signed.times))
    }

    /// Asks, once more where the token was not known any more.
    async fn ask(&self, path: &str, body: Option<Json>) -> Result<(Answer, u64), Trouble> {
        let asked = || match &body {
            Some(body) => Asked::change(path, body.clone()),
            None => Asked::read(path.to_owned()),
        };
        let (client, times) = self.client().await?;
        match api::ask(&client, asked()).await {
            Err(Fault::Forbidden) if !self.is_known(times).await => {
                let (client, times) = self.client().await?;
                Ok((api::ask(&client, asked()).await?, times))
            }
            answered => Ok((answered?, times)),
        }
    }

    /// Whether the token of this sign-in is still known; one that is not is forgotten.
    async fn is_known(&self, times: u64) -> bool {
        let mut signed = self.session.lock().await;
        if signed.times != times {
            return false;
        }
        let is_known = match &signed.session {
            Some(session) => session.is_known().await,
            None => false,
        };
        if !is_known {
            signed.session = None;
        }
        is_known
    }

    async fn engine<'a>(&self, path: &str, place: &'a Place) -> Result<&'a Engine, Unavailable> {
        let found = place.engine.get_or_try_init(|| async {
            let mounts = format!("sys/internal/ui/mounts/{path}");
            let (answer, _) = self.ask(&mounts, None).await?;
            Ok(Engine::of(&answer.data, path))
        });
        found.await.map_err(|trouble| self.told(trouble, path))
    }

    async fn read(&self, path: &str, place: &Place) -> Result<Held, Unavailable> {
        let (at, versioned) = match self.engine(path, place).await? {
            Engine::Versioned(at) => (&**at, true),
            Engine::Kept | Engine::Issuing => (path, false),
        };
        let answered = self.ask(at, None).await;
        let (answer, times) = answered.map_err(|trouble| self.told(trouble, path))?;
        let grip = (!answer.lease_id.is_empty()).then(|| Grip {
            id: answer.lease_id.clone(),
            times,
            vault: self.this.clone(),
        });
        Ok(Held::of(answer, versioned, grip))
    }

    /// Whether what is held can still be used.
    async fn keep(&self, held: &mut Held) -> bool {
        let Some((id, due)) = held.on_lease() else {
            return held.is_fresh();
        };
        if !due {
            return true;
        }
        let body = json!({ "lease_id": id });
        match self.ask("sys/leases/renew", Some(body)).await {
            Ok((answer, _)) => held.renewed(&answer),
            Err(_) => held.is_good_for_a_while(),
        }
    }

    /// Revokes a lease of this sign-in, unless the sign-in has ended, and it with it.
    async fn revoke(&self, id: &str, times: u64) {
        let client = {
            let signed = self.session.lock().await;
            let session = signed.session.as_ref().filter(|_| signed.times == times);
            session.map(|session| Arc::clone(&session.client))
        };
        let Some(client) = client else { return };
        let asked = Asked::change("sys/leases/revoke", json!({ "lease_id": id, "sync": true }));
        if let Err(fault) = api::ask(&client, asked).await {
            let why = self.told(Trouble::Fault(fault), "sys/leases/revoke");
            tracing::warn!(%why, "a leased credential was not given back; it ends by itself");
        }
    }

    /// Lets go of a leased credential when it was not used for a while.
    fn watch(&self, path: &str, held: &Held) {
        if held.on_lease().is_none() {
            return;
        }
        let (this, path) = (self.this.clone(), path.to_owned());
        let idle = Duration::from_millis(self.settings.idle.0);
        tokio::spawn(async move {
            let mut left = Some(idle);
            while let Some(wait) = left {
                tokio::time::sleep(wait).await;
                let Some(vault) = this.upgrade() else { return };
                let Some(place) = vault.places().get(&path).cloned() else {
                    return;
                };
                let mut held = place.held.lock().await;
                left = held.as_ref().and_then(|held| held.left(idle));
                if left.is_none() {
                    *held = None;
                }
            }
        });
    }

    fn told(&self, trouble: Trouble, path: &str) -> Unavailable {
        match trouble {
            Trouble::SignedOut(unavailable) => unavailable,
            Trouble::Fault(fault) => {
                fault.about(&format!("`{path}`"), self.settings.address.as_str())
            }
        }
    }
}

impl Provider for Vault {
    fn lease<'a>(&'a self, at: &'a KeptIn) -> BoxFuture<'a, Result<Arc<Lease>, Unavailable>> {
        self.leased(at).boxed()
    }
}

/// Why there is no answer.
enum Trouble {
    SignedOut(Unavailable),
    Fault(Fault),
}

impl From<Unavailable> for Trouble {
    fn from(unavailable: Unavailable) -> Self {
        Self::SignedOut(unavailable)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Engine {
    /// Which engine a mount has, as the manager says it.
    fn of(mount: &Json, path: &str) -> Self {
        let text = |at| mount.pointer(at).and_then(Json::as_str).unwrap_or_default();
        let mounted = text("/path");
        match (text("/type"), text("/options/version")) {
            ("kv", "2") => {
                let rest = path.strip_prefix(mounted).unwrap_or(path);
                Self::Versioned(format!("{mounted}data/{rest}"))
            }
            ("kv" | "generic" | "cubbyhole", _) => Self::Kept,
            _ => Self::Issuing,
        }
    }
}
