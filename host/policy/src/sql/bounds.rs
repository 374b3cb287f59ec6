//! How much may be asked of a database.

use serde::Deserialize;
use vouchsafe_package::manifest::{ByteSize, Span};

use crate::http::bounds::within_reach;

/// Bounds of what one call asks of one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseBounds {
    /// Statements that are run.
    pub statements: u64,
    /// Rows that one statement gives.
    pub rows: u64,
    /// Bytes that come from the database, in all.
    pub bytes: u64,
    /// One statement, from its first step to its last row; the call's own deadline ends it sooner.
    pub time_ms: u64,
}

impl Default for DatabaseBounds {
    fn default() -> Self {
        Self {
            statements: 64,
            rows: 1_000,
            bytes: 1 << 20,
            time_ms: 5_000,
        }
    }
}

/// What a grant can raise them to.
const MOST: DatabaseBounds = DatabaseBounds {
    statements: 10_000,
    rows: 100_000,
    bytes: 64 << 20,
    time_ms: 15 * 60_000,
};

/// `limits = { ... }` of a database; what is absent keeps its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedDatabaseBounds {
    statements: Option<u64>,
    rows: Option<u64>,
    bytes: Option<ByteSize>,
    time: Option<Span>,
}

impl AskedDatabaseBounds {
    pub(crate) fn read(self) -> Result<DatabaseBounds, String> {
        let usual = DatabaseBounds::default();
        let asked = DatabaseBounds {
            statements: self.statements.unwrap_or(usual.statements),
            rows: self.rows.unwrap_or(usual.rows),
            bytes: self.bytes.map_or(usual.bytes, |size| size.0),
            time_ms: self.time.map_or(usual.time_ms, |span| span.0),
        };
        let number = |key, asked, most: u64| (key, asked, most, most.to_string());
        let within = [
            number("statements", asked.statements, MOST.statements),
            number("rows", asked.rows, MOST.rows),
            (
                "bytes",
                asked.bytes,
                MOST.bytes,
                ByteSize(MOST.bytes).to_string(),
            ),
            (
                "time",
                asked.time_ms,
                MOST.time_ms,
                Span(MOST.time_ms).to_string(),
            ),
        ];
        within_reach(&within, "database")?;
        Ok(asked)
    }
}
