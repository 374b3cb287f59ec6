//! Statements of a database, by name. A skill that uses them imports `vouchsafe:skill/sql@0.1.0`.
//!
//! A statement stands in `skill.toml` and is signed with the skill; a call only binds values to it, so that no value is
//! ever part of what is asked. The grant says where the database is, and the host signs in.
//!
//! ```toml
//! [sql.books.find-invoice]
//! text   = "select id, amount::text from invoices where supplier = $1"
//! effect = "read"                         # the database is held to it
//! ```
//!
//! ```
//! use vouchsafe_sdk::sql::{Error, Statement};
//!
//! fn amounts(supplier: &str) -> Result<Vec<String>, Error> {
//!     let rows = Statement::named("find-invoice").bind(supplier).run()?;
//!     let amounts = rows.iter().map(|row| row.text("amount").map(str::to_owned));
//!     Ok(amounts.flatten().collect())
//! }
//! # fn main() {
//! assert_eq!(amounts("ACME"), Err(Error::NoHost)); // natively there is none
//! # }
//! ```
//!
//! Numbers are `bigint` or `double precision`. Exact decimals, dates, times, UUIDs and JSON travel as text, which the
//! statement casts: `amount::text` on the way out, `$2::numeric` on the way in. What comes back is data that somebody
//! wrote: it is not to be trusted.

use std::fmt;

/// A statement of the manifest, and what is bound to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    name: String,
    values: Vec<Value>,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number that is not exact.
    Real(f64),
    /// Text, and whatever is written as text.
    Text(String),
    /// Bytes.
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

/// One row of [`Rows`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

/// Why there are no rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Not granted, or no such statement. Nothing was done.
    Denied,
    /// It needed a person's approval, and did not get it. Nothing was done.
    Declined,
    /// An allowance in the grant is used up. Nothing was done.
    Exhausted,
    /// The database said no, by this code (SQLSTATE), or could not be asked. Nothing of the statement remains.
    Failed(String),
    /// Whether it was done is not known.
    Unknown,
    /// There is no host: this runs natively.
    NoHost,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("the database may not be asked this"),
            Self::Declined => f.write_str("a person declined"),
            Self::Exhausted => f.write_str("the allowance for the database is used up"),
            Self::Failed(why) => write!(f, "the database said no: {why}"),
            Self::Unknown => f.write_str("whether the database did it is not known"),
            Self::NoHost => f.write_str("there is no host to ask a database"),
        }
    }
}

impl std::error::Error for Error {}

impl Statement {
    /// The statement that the manifest calls `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            values: Vec::new(),
        }
    }

    /// Binds the next value: the first is `$1`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it, in a transaction of its own.
    ///
    /// # Errors
    /// [`Error`].
    pub fn run(self) -> Result<Rows, Error> {
        host::run(self)
    }
}

impl Rows {
    /// Row by row.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.values.iter().map(|values| Row {
            columns: &self.columns,
            values,
        })
    }
}

impl<'a> Row<'a> {
    /// The value in `column`, if there is such a column.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&'a Value> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.values.get(at)
    }

    /// The text in `column`, if it is one.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&'a str> {
        match self.get(column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number in `column`, if it is a whole one.
    #[must_use]
    pub fn integer(&self, column: &str) -> Option<i64> {
        match self.get(column)? {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// What `column` says of yes or no, if it does.
    #[must_use]
    pub fn boolean(&self, column: &str) -> Option<bool> {
        match self.get(column)? {
            Value::Boolean(answer) => Some(*answer),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($from:ty => $kind:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(value.into())
            }
        })*
    };
}

from! {
    bool => Boolean, i64 => Integer, i32 => Integer, u32 => Integer, f64 => Real,
    &str => Text, String => Text, Vec<u8> => Bytes, &[u8] => Bytes,
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(target_family = "wasm")]
#[allow(
    warnings,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated"
)]
mod generated {
    vouchsafe_sdk_macro::import!("vouchsafe:skill/sql@0.1.0");
}

#[cfg(target_family = "wasm")]
mod host {
    use super::generated::vouchsafe::skill::sql::{self, Value as Of};
    use super::generated::vouchsafe::skill::types::Refusal;
    use super::{Error, Rows, Statement, Value};

    pub(super) fn run(statement: Statement) -> Result<Rows, Error> {
        let values: Vec<Of> = statement.values.into_iter().map(Of::from).collect();
        let rows = sql::run(&statement.name, &values).map_err(|error| match error {
            sql::Error::Refused(Refusal::Denied) => Error::Denied,
            sql::Error::Refused(Refusal::Declined) => Error::Declined,
            sql::Error::Refused(Refusal::Exhausted) => Error::Exhausted,
            sql::Error::Failed(why) => Error::Failed(why),
            sql::Error::Unknown => Error::Unknown,
        })?;
        let row = |row: Vec<Of>| row.into_iter().map(Value::from).collect();
        Ok(Rows {
            columns: rows.columns,
            values: rows.values.into_iter().map(row).collect(),
            changed: rows.changed,
            truncated: rows.truncated,
        })
    }

    impl From<Value> for Of {
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

    impl From<Of> for Value {
        fn from(value: Of) -> Self {
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
}

#[cfg(not(target_family = "wasm"))]
mod host {
    use super::{Error, Rows, Statement};

    pub(super) fn run(_statement: Statement) -> Result<Rows, Error> {
        Err(Error::NoHost)
    }
}
