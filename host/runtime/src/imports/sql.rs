//! `vouchsafe:skill/sql`: what a skill may ask of databases.
//!
//! Nothing is decided here. A statement's name and its values are put to `vouchsafe_sql` as the guest said them; what
//! comes back is rows, or a refusal that tells the guest little and the operator everything.

use super::Import;
use super::types::Refusal;
use crate::door::Door;
use crate::state::State;
use vouchsafe_clearance::EffectKind;
use vouchsafe_egress::Refused;
use vouchsafe_package::Effect;
use vouchsafe_sql::{Databases, Failure};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

pub(crate) const IMPORTS: &[Import] = &[("vouchsafe:skill/sql", add_to_linker)];

#[derive(Debug, Clone, ComponentType, Lift, Lower)]
#[component(variant)]
enum Value {
    #[component(name = "null")]
    Null,
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "real")]
    Real(f64),
    #[component(name = "text")]
    Text(String),
    #[component(name = "bytes")]
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone, ComponentType, Lower)]
#[component(record)]
struct Rows {
    columns: Vec<String>,
    values: Vec<Vec<Value>>,
    changed: u64,
    truncated: bool,
}

#[derive(Debug, Clone, ComponentType, Lower)]
#[component(variant)]
enum Error {
    #[component(name = "refused")]
    Refused(Refusal),
    #[component(name = "failed")]
    Failed(String),
    #[component(name = "unknown")]
    Unknown,
}

type Answer = Result<Rows, Error>;

fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("vouchsafe:skill/sql@0.1.0")?;
    interface.func_wrap_async(
        "run",
        |store: StoreContextMut<'_, State>, (statement, values): (String, Vec<Value>)| {
            let state = store.data();
            let (door, databases) = (state.door.clone(), state.databases.clone());
            Box::new(async move { Ok((run(&door, databases, &statement, values).await,)) })
        },
    )
}

async fn run(
    door: &Door,
    databases: Option<Databases>,
    statement: &str,
    values: Vec<Value>,
) -> Answer {
    let Some(databases) = databases else {
        let why = "this host asks no databases";
        door.refuse(&EffectKind::Sql(Effect::Read), "", why, "");
        return Err(Error::Refused(Refusal::Denied));
    };
    let values = values.into_iter().map(vouchsafe_sql::Value::from).collect();
    let rows = databases.run(statement, values).await;
    rows.map(Rows::from).map_err(|failure| told(door, failure))
}

/// What the guest hears, once a refusal is recorded.
fn told(door: &Door, failure: Failure) -> Error {
    let refuse = |refused: &Refused| {
        door.refuse(&refused.kind, &refused.place, &refused.why, &refused.fix);
    };
    match failure {
        Failure::Refused(refused) => {
            refuse(&refused);
            Error::Refused(Refusal::Denied)
        }
        Failure::Exhausted(refused) => {
            refuse(&refused);
            Error::Refused(Refusal::Exhausted)
        }
        Failure::NotCleared(_) => Error::Refused(Refusal::Denied),
        Failure::Failed(why) => Error::Failed(why),
        Failure::Unknown => Error::Unknown,
    }
}

impl From<Value> for vouchsafe_sql::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Boolean(value),
            Value::Integer(value) => Self::Integer(value),
            Value::Real(value) => Self::Real(value),
            Value::Text(value) => Self::Text(value),
            Value::Bytes(value) => Self::Bytes(value),
        }
    }
}

impl From<vouchsafe_sql::Value> for Value {
    fn from(value: vouchsafe_sql::Value) -> Self {
        use vouchsafe_sql::Value as Of;
        match value {
            Of::Null => Self::Null,
            Of::Boolean(value) => Self::Boolean(value),
            Of::Integer(value) => Self::Integer(value),
            Of::Real(value) => Self::Real(value),
            Of::Text(value) => Self::Text(value),
            Of::Bytes(value) => Self::Bytes(value),
        }
    }
}

impl From<vouchsafe_sql::Rows> for Rows {
    fn from(rows: vouchsafe_sql::Rows) -> Self {
        let row = |row: Vec<vouchsafe_sql::Value>| row.into_iter().map(Value::from).collect();
        Self {
            columns: rows.columns,
            values: rows.values.into_iter().map(row).collect(),
            changed: rows.changed,
            truncated: rows.truncated,
        }
    }
}
