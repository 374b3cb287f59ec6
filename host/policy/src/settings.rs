//! `vouchsafe.toml`: what the operator sets for the whole host. One module a section.

pub mod confirm;
pub mod network;
pub mod notify;
pub mod vault;
pub mod witnesses;
pub mod works_for;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

pub use confirm::Tiers;
pub use network::Network;
pub use notify::Notify;
pub use vault::{Login, LoginProof, Vault};
pub use witnesses::{Witness, Witnesses};
pub use works_for::WorksFor;

use crate::place::{At, Fault, Source};

/// The host's settings; without the file, each section's default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// `listen`, `probe`, `[agents]`: where agents come in, when the host serves.
    pub network: Network,
    /// `[confirm.NAME]`: the operator's own tiers of confirmation.
    pub confirm: Tiers,
    /// `[works-for]`: the person for whom each agent works.
    pub works_for: WorksFor,
    /// `[notify]`: who hears that a call waits, if anybody.
    pub notify: Option<At<Notify>>,
    /// `[vault]`: the secrets manager, where there is one.
    pub vault: Option<At<Vault>>,
    /// `[witnesses]`: who signs for what the log was, if anybody.
    pub witnesses: Option<At<Witnesses>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawSettings {
    listen: Option<Spanned<String>>,
    probe: Option<Spanned<String>>,
    #[serde(default)]
    agents: network::RawAgents,
    #[serde(default)]
    confirm: BTreeMap<Spanned<String>, confirm::RawTier>,
    #[serde(default)]
    works_for: BTreeMap<Spanned<String>, Spanned<String>>,
    notify: Option<Spanned<notify::RawNotify>>,
    vault: Option<Spanned<vault::RawVault>>,
    witnesses: Option<Spanned<witnesses::RawWitnesses>>,
}

impl Settings {
    /// The file's name in the configuration directory.
    pub const FILE: &str = "vouchsafe.toml";

    /// Reads the text of `vouchsafe.toml`.
    ///
    /// # Errors
    /// The first thing wrong, with its place: unknown keys are.
    pub fn parse(file: &str, text: &str) -> Result<Self, Fault> {
        let source = Source::new(file, text);
        let raw: RawSettings = source.toml()?;
        let vault = raw.vault.map(|raw| {
            let place = source.place(raw.span().start);
            vault::read(&source, raw.into_inner()).map(|value| At { value, place })
        });
        let notify = raw.notify.map(|raw| {
            let place = source.place(raw.span().start);
            notify::read(&source, raw.into_inner()).map(|value| At { value, place })
        });
        let witnesses = raw.witnesses.map(|raw| {
            let place = source.place(raw.span().start);
            witnesses::read(&source, raw.into_inner()).map(|value| At { value, place })
        });
        Ok(Self {
            network: network::read(&source, raw.listen, raw.probe, raw.agents)?,
            notify: notify.transpose()?,
            vault: vault.transpose()?,
            witnesses: witnesses.transpose()?,
            confirm: confirm::read(&source, raw.confirm)?,
            works_for: works_for::read(&source, raw.works_for)?,
        })
    }
}
