//! Which line of a grant lets a tool of an external server be called, and as which definition.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::manifest::Manifest;
use vouchsafe_package::{Digest, Effect};

use super::definition::Definition;
use super::effective::EffectiveUpstream;
use crate::http::for_tool;
use crate::http::{Admission, NotAdmitted};
use crate::place::amend;

/// The tools of external servers that one granted skill may call.
#[derive(Debug, Clone, Default)]
pub struct Upstreams {
    file: Arc<str>,
    declared: Vec<String>,
    granted: BTreeMap<String, Arc<EffectiveUpstream>>,
}

/// A call that a grant allows, if the server still lists the tool as it was accepted. [`Upstreams::admit`] alone makes
/// one.
#[derive(Debug, Clone)]
pub struct Calling {
    upstream: Arc<EffectiveUpstream>,
}

/// A definition that is the accepted one, to the byte. [`EffectiveUpstream::accept`] alone makes one, and nothing is sent to a tool
/// without.
#[derive(Debug, Clone)]
pub struct Accepted {
    definition: Definition,
}

/// A tool that its server lists otherwise than it was accepted, or that was never accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .not.why)]
pub struct Changed {
    /// What was accepted.
    pub accepted: Option<Digest>,
    /// What the server lists.
    pub listed: Digest,
    /// Both in words, and what to do.
    pub not: NotAdmitted,
    /// The line that would accept it.
    pub line: String,
}

impl Upstreams {
    pub(crate) fn new(
        file: Arc<str>,
        manifest: &Manifest,
        granted: BTreeMap<String, Arc<EffectiveUpstream>>,
    ) -> Self {
        Self {
            file,
            declared: manifest.upstream.keys().cloned().collect(),
            granted,
        }
    }

    /// Each tool that a grant gives.
    pub fn all(&self) -> impl Iterator<Item = &EffectiveUpstream> {
        self.granted.values().map(|upstream| &**upstream)
    }

    /// Whether there is none, so that nothing can be called.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// Those that `tool` may call.
    pub fn of_tool(&self, tool: &str) -> impl Iterator<Item = &EffectiveUpstream> {
        self.all().filter(move |one| one.http.is_for(tool))
    }

    /// The line that lets `tool` call the external tool called `name`.
    ///
    /// # Errors
    /// Why there is none, and the line that would be.
    pub fn admit(&self, tool: &str, name: &str) -> Result<Calling, NotAdmitted> {
        if !self.declared.iter().any(|declared| declared == name) {
            return Err(NotAdmitted {
                why: "the skill has no such tool of an external server".to_owned(),
                fix: "nothing in a grant: skill.toml declares no `upstream` of this name"
                    .to_owned(),
            });
        }
        let Some(upstream) = self.granted.get(name) else {
            return Err(NotAdmitted {
                why: format!("`{name}` is not granted"),
                fix: amend(
                    &self.file,
                    format_args!("add `[upstream.{name}]` with `url` and `effect`"),
                ),
            });
        };
        if !upstream.http.is_for(tool) {
            return Err(NotAdmitted {
                why: format!("`{name}` is not for `{tool}`"),
                fix: for_tool(&upstream.http, &format!("upstream.{name}"), tool),
            });
        }
        Ok(Calling {
            upstream: Arc::clone(upstream),
        })
    }
}

impl Calling {
    /// The tool, as it was granted.
    #[must_use]
    pub fn upstream(&self) -> &EffectiveUpstream {
        &self.upstream
    }

    /// What a call of it does, by the operator's word.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.upstream.effect
    }

    /// The request that carries a message to the server.
    #[must_use]
    pub fn message(&self) -> Admission {
        Admission::of_upstream(&self.upstream, "POST")
    }

    /// The request that ends a session there.
    #[must_use]
    pub fn end(&self) -> Admission {
        Admission::of_upstream(&self.upstream, "DELETE")
    }

    /// Server, tool and accepted definition, as the record names them.
    #[must_use]
    pub fn rule(&self) -> String {
        let EffectiveUpstream {
            name,
            tool,
            accepted,
            ..
        } = &*self.upstream;
        match accepted {
            Some(digest) => format!("upstream.{name}: {tool} as {digest}"),
            None => format!("upstream.{name}: {tool}, not accepted yet"),
        }
    }
}

impl EffectiveUpstream {
    /// Holds what the server lists now against what the operator accepted.
    ///
    /// # Errors
    /// [`Changed`], with the line that would accept it.
    pub fn accept(&self, listed: Definition) -> Result<Accepted, Changed> {
        let digest = listed.digest();
        let (accepted, name) = (self.accepted, &self.name);
        if accepted == Some(digest) {
            return Ok(Accepted { definition: listed });
        }
        let tool = &self.tool;
        let why = match accepted {
            Some(old) => format!("`{tool}` was accepted as {old}, and its server lists {digest}"),
            None => format!("nobody has accepted `{tool}`, which its server lists as {digest}"),
        };
        let line = format_args!("under `[upstream.{name}]`, write `digest = \"{digest}\"`");
        let line = amend(&self.place, line);
        let fix = format!("read `vouchsafe upstream`, and if that is right: {line}");
        Err(Changed {
            accepted,
            listed: digest,
            not: NotAdmitted { why, fix },
            line,
        })
    }
}

impl Accepted {
    /// The definition.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.definition
    }
}
