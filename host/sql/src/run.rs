//! The statements of one call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tokio::sync::Mutex as Turn;
use tokio::time::timeout_at;
use vouchsafe_audit::{Resources, Status, Why};
use vouchsafe_clearance::{About, Cleared, EffectGate, EffectKind, Ending, Part};
use vouchsafe_egress::{Egress, Failure as NotSent, Refused};
use vouchsafe_package::value::canonical;
use vouchsafe_policy::sql::Prepared;
use vouchsafe_policy::{EffectiveDatabase, amend};
use vouchsafe_secrets::Lease;

use crate::connection::Connection;
use crate::failure::{Failure, Trouble};
use crate::value::{Rows, Value};

/// What one call may ask of databases. Its connections are its own, and end with it.
#[derive(Clone)]
pub struct Databases(Arc<During>);

struct During {
    egress: Arc<Egress>,
    gate: EffectGate,
    deadline: Instant,
    /// How many statements were run, by database.
    run: Mutex<HashMap<String, u64>>,
    open: Turn<HashMap<String, Connection>>,
}

/// A statement with its values: what was cleared is what is run.
#[derive(Debug, Clone)]
struct Bound {
    prepared: Prepared,
    values: Vec<Value>,
}

impl Databases {
    /// For the call whose gate is `gate`, which ends at `deadline`.
    #[must_use]
    pub fn new(egress: Arc<Egress>, gate: EffectGate, deadline: Instant) -> Self {
        Self(Arc::new(During {
            egress,
            gate,
            deadline,
            run: Mutex::default(),
            open: Turn::default(),
        }))
    }

    /// Runs the statement of this name with `values` bound to it, in a transaction of its own.
    ///
    /// # Errors
    /// [`Failure`]. Whatever was cleared has its end in the log.
    pub async fn run(&self, statement: &str, values: Vec<Value>) -> Result<Rows, Failure> {
        let gate = &self.0.gate;
        let permit = gate.permit();
        let prepared = permit.databases().admit(&permit.tool().name, statement);
        let prepared = prepared.map_err(|not| {
            // Which statement there is not is the guest's word: it is not told.
            Failure::Refused(refused(
                EffectKind::Sql(vouchsafe_package::Effect::Read),
                "",
                not.why,
                not.fix,
            ))
        })?;
        self.count(&prepared)?;
        let (kind, place) = (
            EffectKind::Sql(prepared.effect()),
            prepared.database().place(),
        );
        let input = gate.commit(&canonical(&said(&prepared, &values)));
        let about = About {
            kind: &kind,
            place: &place,
            rule: Some(prepared.rule()),
            input: Some(input.map_err(Failure::NotCleared)?),
        };
        let cleared = gate.clear(Bound { prepared, values }, about);
        let cleared = cleared.map_err(Failure::NotCleared)?;
        let ended = self.transact(&cleared).await;
        conclude(cleared, ended)
    }

    /// Counts a statement against the grant.
    fn count(&self, prepared: &Prepared) -> Result<(), Failure> {
        let database = prepared.database();
        let most = database.bounds.statements;
        let mut run = self.0.run.lock().unwrap_or_else(PoisonError::into_inner);
        let run = run.entry(database.name.clone()).or_default();
        if *run >= most {
            let why = format!(
                "a call has at most {most} `statements` of `{}`",
                database.name
            );
            let line = format_args!(
                "under `[sql.{}]`, write `limits = {{ statements = {} }}`",
                database.name,
                most.saturating_mul(2)
            );
            let fix = amend(&database.http.place, line);
            let kind = EffectKind::Sql(prepared.effect());
            return Err(Failure::Exhausted(refused(
                kind,
                &database.place(),
                why,
                fix,
            )));
        }
        *run += 1;
        Ok(())
    }

    /// Runs what was cleared and commits it. A connection on which anything went wrong is not used again.
    async fn transact(&self, cleared: &Cleared<Part<Bound>>) -> Result<Rows, Trouble> {
        let Bound { prepared, values } = cleared.action().effect();
        let database = prepared.database();
        let time = Duration::from_millis(database.bounds.time_ms);
        let until = self.0.deadline.min(Instant::now() + time).into();
        let mut open = self.0.open.lock().await;
        let kept = open.remove(&database.name);
        let ran = timeout_at(until, async {
            let mut connection = self.connection(cleared, kept).await?;
            let rows = connection.run(prepared, values).await?;
            Ok((connection, rows))
        });
        let (mut connection, rows) = ran.await.unwrap_or(Err(Trouble::TooSlow))?;
        // The last look before it is done.
        still_valid(cleared)?;
        if rows.truncated {
            return Ok(rows);
        }
        let committed = timeout_at(until, connection.commit()).await;
        committed.unwrap_or(Err(Trouble::Unknown))?;
        open.insert(database.name.clone(), connection);
        Ok(rows)
    }

    /// The connection that the call has, if the credential is still the same; another, where not.
    async fn connection(
        &self,
        cleared: &Cleared<Part<Bound>>,
        kept: Option<Connection>,
    ) -> Result<Connection, Trouble> {
        let prepared = &cleared.action().effect().prepared;
        let database = prepared.database();
        let durable = cleared.durable().await;
        durable.map_err(|refusal| Trouble::NotSent(NotSent::NotCleared(refusal)))?;
        still_valid(cleared)?;
        let lease = self.lease(cleared, database).await?;
        if let Some(connection) = kept.filter(|kept| kept.is_of(&lease)) {
            return Ok(connection);
        }
        let stream = self.0.egress.connect(cleared, prepared.admission()).await;
        let stream = stream.map_err(Trouble::NotSent)?;
        let opened = Connection::open(stream, database, Arc::clone(&lease)).await;
        if let Err(Trouble::NoLogin(..)) = &opened {
            let secrets = self.0.egress.secrets();
            secrets.refused(&database.login.kept, &lease).await;
        }
        opened
    }

    async fn lease(
        &self,
        cleared: &Cleared<Part<Bound>>,
        database: &EffectiveDatabase,
    ) -> Result<Arc<Lease>, Trouble> {
        let lease = self.0.egress.secrets().lease(cleared, &database.login.kept);
        lease
            .await
            .map_err(|missing| Trouble::NoLogin(missing.why, missing.fix))
    }
}

fn still_valid(cleared: &Cleared<Part<Bound>>) -> Result<(), Trouble> {
    let valid = cleared.still_valid();
    valid.map_err(|refusal| Trouble::NotSent(NotSent::NotCleared(refusal)))
}

/// What the record commits to.
fn said(prepared: &Prepared, values: &[Value]) -> Json {
    let values: Vec<_> = values.iter().map(Value::to_json).collect();
    json!({ "statement": prepared.name(), "values": values })
}

/// Records how a statement ended, and says it.
fn conclude(cleared: Cleared<Part<Bound>>, ended: Result<Rows, Trouble>) -> Result<Rows, Failure> {
    let trouble = match ended {
        Ok(rows) => {
            let more = if rows.truncated { ", and more" } else { "" };
            let detail = format!("{} rows{more}, {} changed", rows.values.len(), rows.changed);
            let output = cleared.commit(&canonical(&rows.to_json())).ok();
            finish(cleared, Status::Ok, detail, output);
            return Ok(rows);
        }
        Err(trouble) => trouble,
    };
    let (told, kind) = (
        trouble.told(),
        EffectKind::Sql(cleared.action().effect().prepared.effect()),
    );
    let place = cleared.action().effect().prepared.database().place();
    match &trouble {
        Trouble::Unknown => cleared.give_up(Why::Deadline),
        trouble => finish(cleared, trouble.status(), trouble.say(), None),
    }
    // Who could mend it is told the line, too.
    Err(match trouble {
        Trouble::NotSent(NotSent::Refused(refusal)) => {
            Failure::Refused(refused(kind, &place, refusal.why, refusal.fix))
        }
        Trouble::NoLogin(why, fix) => Failure::Refused(refused(kind, &place, why, fix)),
        _ => told,
    })
}

fn finish(
    cleared: Cleared<Part<Bound>>,
    status: Status,
    detail: String,
    output: Option<vouchsafe_audit::Commitment>,
) {
    let ending = Ending {
        status,
        detail: Some(detail),
        output,
        resources: Resources::default(),
    };
    // A log that does not take it has stopped all effects; opening it again concludes this one.
    drop(cleared.finish(ending));
}

fn refused(kind: EffectKind, place: &str, why: String, fix: String) -> Box<Refused> {
    Box::new(Refused {
        kind,
        place: place.to_owned(),
        why,
        fix,
    })
}
