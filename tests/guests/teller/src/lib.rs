//! A skill that asks a database, by any name that it has a statement for or not.

use vouchsafe_sdk::sql::{self, Statement};

vouchsafe_sdk::skill!(Teller);

struct Teller;

impl asking::Guest for Teller {
    fn look(statement: String, values: Vec<Value>) -> Result<Answer, String> {
        run(statement, values)
    }

    fn change(statement: String, values: Vec<Value>) -> Result<Answer, String> {
        run(statement, values)
    }

    fn again(times: u32, statement: String) -> u32 {
        let once = || run(statement.clone(), Vec::new()).is_ok();
        (0..times).map(|_| u32::from(once())).sum()
    }
}

fn run(statement: String, values: Vec<Value>) -> Result<Answer, String> {
    let bound = values
        .into_iter()
        .fold(Statement::named(statement), |statement, value| {
            statement.bind(said(value))
        });
    let rows = bound.run().map_err(|error| format!("{error:?}"))?;
    let row = |row: Vec<sql::Value>| row.into_iter().map(heard).collect();
    Ok(Answer {
        columns: rows.columns,
        rows: rows.values.into_iter().map(row).collect(),
        changed: rows.changed,
        truncated: rows.truncated,
    })
}

fn said(value: Value) -> sql::Value {
    match value {
        Value::Null => sql::Value::Null,
        Value::Boolean(value) => sql::Value::Boolean(value),
        Value::Integer(value) => sql::Value::Integer(value),
        Value::Real(value) => sql::Value::Real(value),
        Value::Text(value) => sql::Value::Text(value),
        Value::Bytes(value) => sql::Value::Bytes(value),
    }
}

fn heard(value: sql::Value) -> Value {
    match value {
        sql::Value::Null => Value::Null,
        sql::Value::Boolean(value) => Value::Boolean(value),
        sql::Value::Integer(value) => Value::Integer(value),
        sql::Value::Real(value) => Value::Real(value),
        sql::Value::Text(value) => Value::Text(value),
        sql::Value::Bytes(value) => Value::Bytes(value),
    }
}
