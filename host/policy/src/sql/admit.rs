//! Which line of a grant lets a statement run.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_package::manifest::{Manifest, Statement};
use vouchsafe_package::{Digest, Effect};

use super::effective::EffectiveDatabase;
use crate::http::for_tool;
use crate::http::{Admission, NotAdmitted};
use crate::place::amend;

/// The statements of one granted skill, and the databases that they run in.
#[derive(Debug, Clone, Default)]
pub struct Databases {
    file: Arc<str>,
    /// By the statement's name, which no two databases share; with the database's.
    statements: BTreeMap<String, (String, Arc<Statement>)>,
    granted: BTreeMap<String, Arc<EffectiveDatabase>>,
}

/// A statement that a grant lets run: which, and where. [`Databases::admit`] alone makes one.
#[derive(Debug, Clone)]
pub struct Prepared {
    name: String,
    statement: Arc<Statement>,
    database: Arc<EffectiveDatabase>,
    admission: Admission,
}

impl Databases {
    pub(crate) fn new(
        file: Arc<str>,
        manifest: &Manifest,
        granted: BTreeMap<String, Arc<EffectiveDatabase>>,
    ) -> Self {
        let all = manifest.sql.iter().flat_map(|(database, statements)| {
            statements.iter().map(move |(name, statement)| {
                let statement = Arc::new(statement.clone());
                (name.clone(), (database.clone(), statement))
            })
        });
        Self {
            file,
            statements: all.collect(),
            granted,
        }
    }

    /// Each database that a grant gives.
    pub fn all(&self) -> impl Iterator<Item = &EffectiveDatabase> {
        self.granted.values().map(|database| &**database)
    }

    /// Whether there is none, so that nothing can be run.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// Those that `tool` may ask.
    pub fn of_tool(&self, tool: &str) -> impl Iterator<Item = &EffectiveDatabase> {
        self.all().filter(move |one| one.http.is_for(tool))
    }

    /// The line that lets `tool` run the statement called `statement`.
    ///
    /// # Errors
    /// Why there is none, and the line that would be.
    pub fn admit(&self, tool: &str, statement: &str) -> Result<Prepared, NotAdmitted> {
        let Some((name, (database, statement))) = self.statements.get_key_value(statement) else {
            return Err(NotAdmitted {
                why: "the skill has no such statement".to_owned(),
                fix: "nothing in a grant: skill.toml declares no statement of this name".to_owned(),
            });
        };
        let Some(granted) = self.granted.get(database) else {
            return Err(NotAdmitted {
                why: format!("`{database}`, which the statement `{name}` is for, is not granted"),
                fix: amend(
                    &self.file,
                    format_args!("add `[sql.{database}]` with `url` and `auth`"),
                ),
            });
        };
        if !granted.http.is_for(tool) {
            return Err(NotAdmitted {
                why: format!("the database `{database}` is not for `{tool}`"),
                fix: for_tool(&granted.http, &format!("sql.{database}"), tool),
            });
        }
        Ok(Prepared {
            name: name.clone(),
            statement: Arc::clone(statement),
            database: Arc::clone(granted),
            admission: Admission::of_database(granted),
        })
    }
}

impl Prepared {
    /// What the skill calls the statement.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The statement, as it was signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.statement.text
    }

    /// The most that the skill says it does, which the database is held to.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.statement.effect
    }

    /// The database, as it was granted.
    #[must_use]
    pub fn database(&self) -> &EffectiveDatabase {
        &self.database
    }

    /// The connection that carries it.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Database and statement, as the record names them.
    #[must_use]
    pub fn rule(&self) -> String {
        let digest = Digest::of(self.statement.text.as_bytes());
        format!(
            "sql.{}: statement {} {digest}",
            self.database.name, self.name
        )
    }
}
