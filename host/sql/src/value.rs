//! What goes into a statement and comes out of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgColumn, PgRow, PgTypeInfo};
use sqlx::{Arguments as _, Column as _, Decode, Postgres, Row as _, Type, TypeInfo as _};

use crate::failure::Trouble;

/// One value. What a database keeps beyond these travels as text: the statement casts it (`amount::text`, `$1::date`).
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// `boolean`.
    Boolean(bool),
    /// `smallint`, `integer`, `bigint`; bound as `bigint`.
    Integer(i64),
    /// `real`, `double precision`; bound as the latter.
    Real(f64),
    /// `text` and its like.
    Text(String),
    /// `bytea`.
    Bytes(Vec<u8>),
}

/// What a statement gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// A row each.
    pub values: Vec<Vec<Value>>,
    /// Rows that were changed, by a statement that may change any.
    pub changed: u64,
    /// Whether there are more rows than the grant lets through.
    pub truncated: bool,
}

/// The types of `values`, as they are bound.
pub(crate) fn types(values: &[Value]) -> Vec<PgTypeInfo> {
    let of = |value: &Value| match value {
        Value::Boolean(_) => <bool as Type<Postgres>>::type_info(),
        Value::Integer(_) => <i64 as Type<Postgres>>::type_info(),
        Value::Real(_) => <f64 as Type<Postgres>>::type_info(),
        Value::Null | Value::Text(_) => <String as Type<Postgres>>::type_info(),
        Value::Bytes(_) => <Vec<u8> as Type<Postgres>>::type_info(),
    };
    values.iter().map(of).collect()
}

/// `values` as parameters.
pub(crate) fn bound(values: &[Value]) -> Result<PgArguments, BoxDynError> {
    let mut all = PgArguments::default();
    for value in values {
        match value {
            Value::Null => all.add(None::<String>)?,
            Value::Boolean(value) => all.add(*value)?,
            Value::Integer(value) => all.add(*value)?,
            Value::Real(value) => all.add(*value)?,
            Value::Text(value) => all.add(value.as_str())?,
            Value::Bytes(value) => all.add(value.as_slice())?,
        }
    }
    Ok(all)
}

/// Whether every column is of a type that has a value here.
///
/// # Errors
/// Which is not, and what the statement should say.
pub(crate) fn readable(columns: &[PgColumn]) -> Result<(), Trouble> {
    match columns.iter().find(|column| kind(column).is_none()) {
        None => Ok(()),
        Some(column) => Err(Trouble::Said(format!(
            "`{}` is {}: the statement must give it as text, with `::text`",
            column.name(),
            column.type_info().name()
        ))),
    }
}

/// How the values of a column are read.
enum Kind {
    Boolean,
    Short,
    Integer,
    Long,
    Single,
    Double,
    Text,
    Bytes,
}

fn kind(column: &PgColumn) -> Option<Kind> {
    Some(match column.type_info().name() {
        "BOOL" => Kind::Boolean,
        "INT2" => Kind::Short,
        "INT4" => Kind::Integer,
        "INT8" => Kind::Long,
        "FLOAT4" => Kind::Single,
        "FLOAT8" => Kind::Double,
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => Kind::Text,
        "BYTEA" => Kind::Bytes,
        _ => return None,
    })
}

/// The values of `row`.
pub(crate) fn read(row: &PgRow) -> Result<Vec<Value>, Trouble> {
    let columns = row.columns().iter();
    columns.map(|column| one(row, column)).collect()
}

fn one(row: &PgRow, column: &PgColumn) -> Result<Value, Trouble> {
    match kind(column).ok_or(Trouble::Broken)? {
        Kind::Boolean => get(row, column, Value::Boolean),
        Kind::Short => get(row, column, |value: i16| Value::Integer(value.into())),
        Kind::Integer => get(row, column, |value: i32| Value::Integer(value.into())),
        Kind::Long => get(row, column, Value::Integer),
        Kind::Single => get(row, column, |value: f32| Value::Real(value.into())),
        Kind::Double => get(row, column, Value::Real),
        Kind::Text => get(row, column, Value::Text),
        Kind::Bytes => get(row, column, Value::Bytes),
    }
}

fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    column: &PgColumn,
    value: impl Fn(T) -> Value,
) -> Result<Value, Trouble> {
    let found: Option<T> = row
        .try_get_unchecked(column.ordinal())
        .map_err(|error| Trouble::of(&error))?;
    Ok(found.map_or(Value::Null, value))
}

impl Value {
    /// Its bytes, if it has any that somebody wrote.
    pub(crate) fn written(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// As the record commits to it: each kind apart, so that no two values are one.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => json!(value),
            Self::Integer(value) => json!({ "integer": value.to_string() }),
            Self::Real(value) => json!({ "real": value.to_bits().to_string() }),
            Self::Text(value) => json!(value),
            Self::Bytes(value) => json!({ "bytes": BASE64.encode(value) }),
        }
    }
}

impl Rows {
    /// As the record commits to it.
    pub(crate) fn to_json(&self) -> Json {
        let rows = self.values.iter();
        let rows = rows.map(|row| row.iter().map(Value::to_json).collect::<Json>());
        json!({ "columns": self.columns, "rows": rows.collect::<Json>(), "changed": self.changed })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        // Texts that look like what other kinds come to.
        let text = prop_oneof![
            any::<String>(),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<i64>().prop_map(|number| format!("{{\"integer\":\"{number}\"}}")),
            Just("null".to_owned()),
        ];
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Integer),
            any::<u64>().prop_map(|bits| Value::Real(f64::from_bits(bits))),
            text.prop_map(Value::Text),
            any::<Vec<u8>>().prop_map(Value::Bytes),
        ]
    }

    /// What a record's commitment was made of.
    fn back(json: &Json) -> Value {
        let field = |name: &str| json.get(name).and_then(Json::as_str);
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Boolean(*value),
            Json::String(text) => Value::Text(text.clone()),
            _ => match (field("integer"), field("real"), field("bytes")) {
                (Some(number), None, None) => Value::Integer(number.parse().unwrap()),
                (None, Some(bits), None) => Value::Real(f64::from_bits(bits.parse().unwrap())),
                (None, None, Some(bytes)) => Value::Bytes(BASE64.decode(bytes).unwrap()),
                _ => panic!("{json}"),
            },
        }
    }

    fn is_same(one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Real(one), Value::Real(other)) => one.to_bits() == other.to_bits(),
            (one, other) => one == other,
        }
    }

    proptest! {
        #[test]
        fn what_a_record_commits_to_is_one_value_and_each_value_is_bound(
            values in proptest::collection::vec(value(), 0..8)
        ) {
            for value in &values {
                prop_assert!(is_same(&back(&value.to_json()), value), "{value:?}");
            }
            prop_assert_eq!(bound(&values).unwrap().len(), values.len());
            prop_assert_eq!(types(&values).len(), values.len());
        }
    }
}
