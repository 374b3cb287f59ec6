//! An installed skill: verified, granted, and compiled when it is first called.

use std::sync::Arc;

use tokio::sync::OnceCell;
use vouchsafe_package::assemble::tool_name;
use vouchsafe_package::{Digest, Effect, Package, Tool};
use vouchsafe_policy::Granted;
use vouchsafe_runtime::{Engine, LoadError, Skill};

use crate::store::Store;

/// A skill that agents can call.
pub struct InstalledSkill {
    granted: Granted,
    /// Where its bytes are read from when they are compiled; to hold all skills' would take more
    /// memory than all the rest.
    store: Store,
    code: OnceCell<Arc<Skill>>,
}

impl InstalledSkill {
    /// A granted skill; nothing is compiled yet.
    pub fn new(granted: Granted, store: Store) -> Self {
        Self {
            granted,
            store,
            code: OnceCell::new(),
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

    /// Its compiled code; the first call compiles, or takes it from the cache.
    ///
    /// # Errors
    /// When its bytes are not those that were verified, or can't be compiled within the limits. The next call tries again.
    pub async fn code(&self, engine: &Engine) -> Result<&Arc<Skill>, LoadError> {
        self.code
            .get_or_try_init(|| engine.load(&self.granted, || self.store.component(&self.digest())))
            .await
    }
}
