//! `grants/*.toml`: what an operator lets one skill of one publisher do.
//!
//! Strict: an unknown key is an error, and so is a line that this build can't enforce. A grant
//! that was read says nothing yet; only what was applied is in force.

mod auth;
mod confirm;
mod files;
mod follow;
mod http;
mod model;
mod notices;
mod propose;
mod raw;
mod settings;
mod skills;
mod sql;
mod state;
mod upstream;

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::VersionReq;
use vouchsafe_package::manifest::{ByteSize, Span};
use vouchsafe_package::{Digest, Effect, SkillName};

pub use auth::{KeptIn, SecretSource, is_secret_name};
pub use confirm::Confirmation;
pub use files::{FilesGrant, MOST_FILES, Quota};
pub use follow::{NotFollowed, follows};
pub use http::HttpGrant;
pub(crate) use http::certificates;
pub use model::ModelGrant;
pub use notices::Notice;
pub use propose::{blanks, file_for, propose, renew};
pub use settings::MAX_SETTING;
pub use skills::SkillGrant;
pub use sql::DatabaseGrant;
pub use state::{MOST_STATE, STORE_BYTES, StateGrant};
pub use upstream::UpstreamGrant;
pub use vouchsafe_package::condition::{Condition, Literal, Operator};

use crate::place::{At, Fault, Place, Source};

/// What an operator lets one skill do, with the line of each word.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// The file that it was read from.
    pub file: Arc<str>,
    /// Whom it is for.
    pub skill: At<SkillName>,
    /// Whose skill of that name; the same name from elsewhere is another skill.
    pub publisher: At<String>,
    /// These bytes.
    pub digest: At<Digest>,
    /// Later versions that need no new grant, if they ask for nothing more.
    pub follow: Option<At<VersionReq>>,
    /// What its tools are called by, instead of the skill's own name.
    pub alias: Option<At<String>>,
    /// The tools that agents may call.
    pub tools: BTreeMap<String, ToolGrant>,
    /// The destinations that it may reach.
    pub http: BTreeMap<String, HttpGrant>,
    /// The models that its prompts may go to.
    pub model: BTreeMap<String, ModelGrant>,
    /// The tools of external servers that it may call.
    pub upstream: BTreeMap<String, UpstreamGrant>,
    /// The databases that its statements run in.
    pub sql: BTreeMap<String, DatabaseGrant>,
    /// Who answers the interfaces of other skills that it imports.
    pub skills: BTreeMap<String, SkillGrant>,
    /// The values of settings that it declares.
    pub settings: BTreeMap<String, At<String>>,
    /// The stores that it keeps.
    pub state: BTreeMap<String, StateGrant>,
    /// The folders that it finds.
    pub files: BTreeMap<String, FilesGrant>,
    /// Bounds below the skill's own.
    pub limits: LimitsGrant,
}

/// What a grant says of one tool.
#[derive(Debug, Clone)]
pub struct ToolGrant {
    /// Where the tool is named.
    pub place: Place,
    /// When a person is to decide.
    pub confirm: Option<At<Confirmation>>,
    /// How its calls are to be treated, if more strictly than declared.
    pub effect: Option<At<Effect>>,
}

impl PartialEq for ToolGrant {
    fn eq(&self, other: &Self) -> bool {
        self.confirm == other.confirm && self.effect == other.effect
    }
}

/// Bounds that a grant sets; what is absent stays as declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitsGrant {
    /// Linear memory.
    pub memory: Option<At<ByteSize>>,
    /// From the call to its answer.
    pub time: Option<At<Span>>,
    /// Instructions, roughly.
    pub fuel: Option<At<u64>>,
    /// The answer, as JSON.
    pub output: Option<At<ByteSize>>,
    /// The arguments, as JSON.
    pub input: Option<At<ByteSize>>,
}

impl Grant {
    /// Reads the text of `file` (`grants/acme.payments.toml`).
    ///
    /// # Errors
    /// The first thing wrong, with its place: an unknown key, a value of the wrong form, a line
    /// that this build can't enforce.
    pub fn parse(file: &str, text: &str) -> Result<Self, Fault> {
        raw::read(&Source::new(file, text))
    }

    /// The first part of its tools' names: the alias, else the skill's own name.
    #[must_use]
    pub fn prefix(&self) -> &str {
        match &self.alias {
            Some(alias) => &alias.value,
            None => self.skill.value.name(),
        }
    }

    /// The line that decides [`Grant::prefix`].
    #[must_use]
    pub fn prefix_place(&self) -> &Place {
        self.alias
            .as_ref()
            .map_or(&self.skill.place, |alias| &alias.place)
    }

    /// The credentials that a secrets manager keeps.
    pub(crate) fn managed(&self) -> impl Iterator<Item = &At<SecretSource>> {
        let models = self.model.values().map(|model| &model.http);
        let upstreams = self.upstream.values().map(|upstream| &upstream.http);
        let databases = self.sql.values().map(|database| &database.http);
        let auths = self
            .http
            .values()
            .chain(models)
            .chain(upstreams)
            .chain(databases)
            .filter_map(|http| http.auth.as_ref());
        auths.filter(|auth| matches!(auth.value.kept, KeptIn::Vault { .. }))
    }

    /// What it says that this build does less of than one may expect; never more.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        notices::of(self)
    }
}

#[cfg(test)]
mod tests;
