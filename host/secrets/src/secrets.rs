//! The one who hands credentials to requests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use vouchsafe_clearance::{Action, Cleared};
use vouchsafe_keys::SealingKey;
use vouchsafe_policy::grant::KeptIn;
use vouchsafe_policy::settings::Vault as VaultSettings;

use crate::lease::Lease;
use crate::provider::{Provider, Unavailable};
use crate::sealed::Sealed;
use crate::vault::Vault;

/// All stores of this host.
pub struct Secrets {
    file: File,
    vault: RwLock<Option<Arc<Vault>>>,
    /// How often what the sealed file holds was changed.
    changes: AtomicU64,
    /// Every value that was handed out and is still held, to keep it out of logs.
    out: Mutex<Vec<Weak<Lease>>>,
}

/// The sealed file, opened credential by credential.
struct File {
    key: Option<SealingKey>,
    sealed: RwLock<Sealed>,
    open: Mutex<HashMap<String, Arc<Lease>>>,
}

impl Secrets {
    /// A host whose sealed file is `sealed`, which `key` opens.
    #[must_use]
    pub fn new(key: SealingKey, sealed: Sealed) -> Self {
        Self::with(Some(key), sealed)
    }

    /// A host without credentials.
    #[must_use]
    pub fn none() -> Self {
        Self::with(None, Sealed::default())
    }

    fn with(key: Option<SealingKey>, sealed: Sealed) -> Self {
        Self {
            file: File {
                key,
                sealed: RwLock::new(sealed),
                open: Mutex::default(),
            },
            vault: RwLock::default(),
            changes: AtomicU64::new(0),
            out: Mutex::default(),
        }
    }

    /// What the sealed file holds.
    #[must_use]
    pub fn sealed(&self) -> Sealed {
        let sealed = self.file.sealed.read();
        sealed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up a later sealed file: from the next request on its values are used.
    pub fn take_up(&self, sealed: Sealed) {
        let mut open = self.file.open();
        let mut held = self
            .file
            .sealed
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *held = sealed;
        open.clear();
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// How often that has happened.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// The credential that is kept `at`, for what was cleared.
    ///
    /// # Errors
    /// Why it can't be had, and what would mend it.
    pub async fn lease<A: Action>(
        &self,
        cleared: &Cleared<A>,
        at: &KeptIn,
    ) -> Result<Arc<Lease>, Unavailable> {
        let valid = cleared.still_valid();
        valid.map_err(|refusal| Unavailable::new(refusal.why, ""))?;
        let lease = match at {
            KeptIn::Sealed { .. } => self.file.lease(at).await?,
            KeptIn::Vault { .. } => self.manager()?.lease(at).await?,
        };
        self.note(&lease);
        Ok(lease)
    }

    /// A credential of the sealed file, for what this host itself does at its operator's word.
    pub(crate) fn own(&self, at: &KeptIn) -> Result<Arc<Lease>, Unavailable> {
        let KeptIn::Sealed { name } = at else {
            return Err(Unavailable::new("it is not kept in the sealed file", ""));
        };
        let lease = self.file.read(at, name)?;
        self.note(&lease);
        Ok(lease)
    }

    /// Whoever was to take `lease` does not know it: if it was leased, the next who asks gets another.
    pub async fn refused(&self, at: &KeptIn, lease: &Arc<Lease>) {
        if let Ok(manager) = self.manager() {
            manager.refused(at, lease).await;
        }
    }

    /// The secrets manager, where one is set up.
    ///
    /// # Errors
    /// When none is.
    pub fn manager(&self) -> Result<Arc<Vault>, Unavailable> {
        let vault = self.vault.read().unwrap_or_else(PoisonError::into_inner);
        vault.clone().ok_or_else(|| {
            Unavailable::new(
                "no secrets manager is set up",
                "add `[vault]` with `address` and `login` to vouchsafe.toml",
            )
        })
    }

    /// Asks the secrets manager that `settings` name from now on, and lets go of what is held and not among `used`.
    /// What was leased of another manager is given back.
    pub fn configure<'a>(
        &self,
        settings: Option<&VaultSettings>,
        used: impl Iterator<Item = &'a KeptIn>,
    ) {
        let mut vault = self.vault.write().unwrap_or_else(PoisonError::into_inner);
        if vault.as_ref().map(|vault| vault.settings()) != settings {
            let old = std::mem::replace(&mut *vault, settings.cloned().map(Vault::new));
            if let (Some(old), Ok(runtime)) = (old, tokio::runtime::Handle::try_current()) {
                runtime.spawn(async move { old.end().await });
            }
        }
        if let Some(vault) = &*vault {
            let paths = used.filter_map(|kept| match kept {
                KeptIn::Vault { path, .. } => Some(&**path),
                KeptIn::Sealed { .. } => None,
            });
            vault.keep_only(&paths.collect());
        }
    }

    /// Gives everything back that is on lease.
    pub async fn end(&self) {
        let vault = self.vault.write().map(|mut vault| vault.take());
        if let Ok(Some(vault)) = vault {
            vault.end().await;
        }
    }

    /// `text` without any credential that is in use, if it holds one.
    #[must_use]
    pub fn blank(&self, text: &str) -> Option<String> {
        let leases: Vec<_> = self.out().iter().filter_map(Weak::upgrade).collect();
        let mut blanked = None;
        for lease in leases {
            let text = blanked.as_deref().unwrap_or(text);
            if let Some(without) = lease.watch().blank(text) {
                blanked = Some(without);
            }
        }
        blanked
    }

    /// Keeps `lease` out of logs as long as it is held.
    pub fn note(&self, lease: &Arc<Lease>) {
        let mut out = self.out();
        let is_known = out.iter().any(|known| known.as_ptr() == Arc::as_ptr(lease));
        if !is_known {
            out.retain(|known| known.strong_count() > 0);
            out.push(Arc::downgrade(lease));
        }
    }

    fn out(&self) -> MutexGuard<'_, Vec<Weak<Lease>>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File {
    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Lease>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, at: &KeptIn, name: &str) -> Result<Arc<Lease>, Unavailable> {
        let mut open = self.open();
        if let Some(lease) = open.get(name) {
            return Ok(Arc::clone(lease));
        }
        let sealed = self.sealed.read().unwrap_or_else(PoisonError::into_inner);
        let fix = || format!("run `vouchsafe secret set {name}`");
        let missing = || Unavailable::new(format!("the credential `{at}` is missing"), fix());
        let entry = sealed.get(name).ok_or_else(missing)?;
        let key = self.key.as_ref().ok_or_else(missing)?;
        let value = sealed.open(name, key).ok_or_else(missing)?;
        let value = value.map_err(|error| {
            Unavailable::new(
                format!("the credential `{at}` does not open: {error}"),
                fix(),
            )
        })?;
        let lease = Arc::new(Lease::new(at.to_string(), entry.number.to_string(), value)?);
        open.insert(name.to_owned(), Arc::clone(&lease));
        Ok(lease)
    }
}

impl Provider for File {
    fn lease<'a>(&'a self, at: &'a KeptIn) -> BoxFuture<'a, Result<Arc<Lease>, Unavailable>> {
        let found = match at {
            KeptIn::Sealed { name } => self.read(at, name),
            KeptIn::Vault { .. } => Err(Unavailable::new("it is not kept in the sealed file", "")),
        };
        futures::future::ready(found).boxed()
    }
}
