//! An installed skill: verified, granted, and compiled when it is first called.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::task::JoinError;
use vouchsafe_package::assemble::tool_name;
use vouchsafe_package::{Digest, Effect, Package, Tool};
use vouchsafe_policy::Granted;
use vouchsafe_runtime::{Engine, LoadError, Skill};

use crate::owner::Owner;
use crate::store::Store;

/// A skill that agents can call.
pub struct InstalledSkill {
    granted: Granted,
    /// Where its bytes are read from when they are compiled; to hold all skills' would take more
    /// memory than all the rest.
    store: Store,
    code: OnceCell<Arc<Skill>>,
    failed: Mutex<Option<(Instant, Arc<LoadError>)>>,
}

/// How long a component that did not load is not tried again: each try may take all a compiler is allowed. What
/// is applied is judged anew, and tried anew.
const BACK_OFF: Duration = Duration::from_secs(60);

impl InstalledSkill {
    /// A granted skill; nothing is compiled yet.
    pub fn new(granted: Granted, store: Store) -> Self {
        Self {
            granted,
            store,
            code: OnceCell::new(),
            failed: Mutex::new(None),
        }
    }

    /// The proof that it may run.
    pub fn granted(&self) -> &Granted {
        &self.granted
    }

    /// What it is.
    pub fn package(&self) -> &Package {
        self.granted.package()
    }

    /// Its bytes' digest.
    pub fn digest(&self) -> Digest {
        self.package().digest
    }

    /// The grant's file, such as `grants/acme.payments.toml`.
    pub fn grant_file(&self) -> &str {
        &self.granted.grant().file
    }

    /// Its granted tools under the name that its grant gives it.
    pub fn tools(&self) -> impl Iterator<Item = (String, &Arc<Tool>)> {
        let alias = self.granted.grant().alias.as_ref();
        let name = alias.map_or(self.package().name.name(), |alias| alias.value.as_str());
        let granted = &self.granted.effective().tools;
        let tools = self.package().tools.iter();
        tools
            .filter(|tool| granted.contains_key(&tool.name))
            .map(move |tool| (tool_name(name, &tool.name), tool))
    }

    /// The effect of `tool` under the grant, which may be above the declared one.
    pub fn effect(&self, tool: &Tool) -> Effect {
        let granted = self.granted.effective().tools.get(&tool.name);
        granted.map_or(Effect::Irreversible, |granted| granted.effect)
    }

    /// Whether `name` means this skill: its full name, its short name or alias, or its digest.
    pub fn is_called(&self, name: &str) -> bool {
        let alias = self.granted.grant().alias.as_ref();
        self.package().name.to_string() == name
            || self.package().name.name() == name
            || alias.is_some_and(|alias| alias.value == name)
            || self.digest().to_string() == name
    }

    /// Its compiled code; the first call compiles, or takes it from the cache. That goes on when nobody waits
    /// any more, once at a time, so that the next call finds it done.
    ///
    /// # Errors
    /// When its bytes are not those that were verified, or can't be compiled within the limits; then also for a
    /// minute after, without another try.
    pub(crate) async fn code(
        self: &Arc<Self>,
        owner: Arc<Owner>,
    ) -> Result<Arc<Skill>, Arc<LoadError>> {
        if let Some(code) = self.code.get() {
            return Ok(Arc::clone(code));
        }
        let skill = Arc::clone(self);
        let loading = tokio::spawn(async move { skill.load(owner.engine()).await });
        let ended = |error: JoinError| Arc::new(LoadError::Engine(error.to_string()));
        loading.await.map_err(ended)?
    }

    async fn load(&self, engine: &Engine) -> Result<Arc<Skill>, Arc<LoadError>> {
        let load = || async {
            if let Some(error) = self.failed_lately() {
                return Err(error);
            }
            let read = || self.store.component(&self.digest());
            let loaded = engine.load(&self.granted, read).await.map_err(Arc::new);
            if let Err(error) = &loaded {
                *self.failed() = Some((Instant::now(), Arc::clone(error)));
            }
            loaded
        };
        self.code.get_or_try_init(load).await.map(Arc::clone)
    }

    fn failed_lately(&self) -> Option<Arc<LoadError>> {
        let failed = self.failed();
        let lately = failed
            .as_ref()
            .filter(|(when, _)| when.elapsed() < BACK_OFF);
        lately.map(|(_, error)| Arc::clone(error))
    }

    fn failed(&self) -> MutexGuard<'_, Option<(Instant, Arc<LoadError>)>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
