//! A connection to a database, for one call: signed in to with a credential that the call never sees.

use std::sync::Arc;

use futures::StreamExt as _;
use pkcs8::LineEnding;
use pkcs8::der::pem;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Either, Executor as _, PgConnection, SqlSafeStr as _,
    Statement as _, raw_sql,
};
use vouchsafe_egress::Stream;
use vouchsafe_package::Effect;
use vouchsafe_policy::EffectiveDatabase;
use vouchsafe_policy::sql::Prepared;
use vouchsafe_secrets::{Lease, login};

use crate::bridge::Bridge;
use crate::failure::Trouble;
use crate::value::{self, Rows, Value};

/// What TLS and signing in may take of what comes back, besides rows.
const HANDSHAKE: u64 = 64 << 10;

/// One that is signed in, and after which nothing is left that was not committed.
pub(crate) struct Connection {
    database: PgConnection,
    bridge: Bridge,
    lease: Arc<Lease>,
}

impl Connection {
    /// Signs in over `stream`, with TLS for the host's name.
    pub(crate) async fn open(
        stream: Stream,
        granted: &EffectiveDatabase,
        lease: Arc<Lease>,
    ) -> Result<Self, Trouble> {
        let (host, port) = granted.server();
        let most = granted.bounds.bytes.saturating_add(HANDSHAKE);
        let bridge = Bridge::new(stream, port, most).map_err(|_| Trouble::Broken)?;
        let (user, password) = login(&lease, &granted.login)
            .map_err(|missing| Trouble::NoLogin(missing.why, missing.fix))?;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(bridge.socket())
            .host(&host)
            .port(port)
            .username(user)
            .password(password)
            .database(&granted.database)
            .application_name("vouchsafe")
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert_from_pem(certificates(&granted.http.roots))
            .disable_statement_logging();
        let database = options.connect().await;
        let database = database.map_err(|error| not_taken(&error, granted))?;
        let mut connection = Self {
            database,
            bridge,
            lease,
        };
        // What a statement takes ends there as well, when nobody waits for it any more.
        let time = granted.bounds.time_ms;
        let settings = format!(
            "set client_min_messages = error; set statement_timeout = {time}; set idle_in_transaction_session_timeout = {time}"
        );
        connection.tell(settings).await?;
        Ok(connection)
    }

    /// Whether it was signed in to with `lease`.
    pub(crate) fn is_of(&self, lease: &Arc<Lease>) -> bool {
        Arc::ptr_eq(&self.lease, lease)
    }

    /// Runs a statement in a transaction that is still open afterwards. After an error the connection is of no use.
    pub(crate) async fn run(
        &mut self,
        prepared: &Prepared,
        parameters: &[Value],
    ) -> Result<Rows, Trouble> {
        // The first query of a transaction settles whether it may write: no statement can change that.
        let begin = match prepared.effect() {
            Effect::Read => "begin read only; select 1",
            Effect::Write | Effect::Irreversible => "begin",
        };
        self.tell(begin.to_owned()).await?;
        let rows = self.rows(prepared, parameters).await;
        rows.map_err(|trouble| self.full(trouble))
    }

    /// Ends the transaction with what was done in it.
    pub(crate) async fn commit(&mut self) -> Result<(), Trouble> {
        match self.tell("commit".to_owned()).await {
            Err(Trouble::Said(code)) if !is_unclear(&code) => Err(Trouble::Said(code)),
            Err(_) => Err(Trouble::Unknown),
            Ok(()) => Ok(()),
        }
    }

    async fn rows(&mut self, prepared: &Prepared, parameters: &[Value]) -> Result<Rows, Trouble> {
        let of = |error: sqlx::Error| Trouble::of(&error);
        let text = AssertSqlSafe(prepared.text().to_owned()).into_sql_str();
        let types = value::types(parameters);
        let statement = self.database.prepare_with(text, &types).await.map_err(of)?;
        value::readable(statement.columns())?;
        let mut rows = Rows {
            columns: names(statement.columns()),
            ..Rows::default()
        };
        let most = prepared.database().bounds.rows;
        let bound = value::bound(parameters).map_err(|_| Trouble::Broken)?;
        let query = statement.query_with(bound);
        let mut found = (&mut self.database).fetch_many(query);
        while let Some(next) = found.next().await {
            match next.map_err(of)? {
                Either::Left(done) => rows.changed += done.rows_affected(),
                Either::Right(_) if rows.values.len() as u64 == most => {
                    rows.truncated = true;
                    break;
                }
                Either::Right(row) => rows.values.push(value::read(&row)?),
            }
        }
        drop(found);
        if prepared.effect() == Effect::Read {
            rows.changed = 0;
        } else if rows.truncated {
            return Err(Trouble::TooMuch("more rows than the grant lets through"));
        }
        let watch = self.lease.watch();
        let echoes = |value: &Value| watch.finds(value.written());
        match rows.values.iter().flatten().any(echoes) {
            true => Err(Trouble::Echo),
            false => Ok(rows),
        }
    }

    /// The host's own words, without parameters.
    async fn tell(&mut self, words: String) -> Result<(), Trouble> {
        let told = raw_sql(AssertSqlSafe(words))
            .execute(&mut self.database)
            .await;
        told.map(drop).map_err(|error| Trouble::of(&error))
    }

    /// `trouble`, or what was behind it.
    fn full(&self, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Broken if self.bridge.is_full() => {
                Trouble::TooMuch("more bytes than the grant lets through")
            }
            other => other,
        }
    }
}

fn names(columns: &[sqlx::postgres::PgColumn]) -> Vec<String> {
    use sqlx::Column as _;
    columns
        .iter()
        .map(|column| column.name().to_owned())
        .collect()
}

/// Whether the server may have committed before it said this: when it is stopped (57), or something outside it (58) or
/// within it (XX) fails.
fn is_unclear(code: &str) -> bool {
    ["57", "58", "XX"]
        .iter()
        .any(|class| code.starts_with(class))
}

/// Classes 28 (SQLSTATE) are about who signs in.
fn not_taken(error: &sqlx::Error, granted: &EffectiveDatabase) -> Trouble {
    let place = granted.place();
    match (Trouble::of(error), error) {
        (Trouble::Said(code), _) if code.starts_with("28") => Trouble::NoLogin(
            format!(
                "{place} does not take the credential `{}` ({code})",
                granted.login.kept
            ),
            String::new(),
        ),
        (Trouble::Said(code), _) => Trouble::Said(code),
        (_, sqlx::Error::Tls(error)) => {
            Trouble::NotSent(vouchsafe_egress::Failure::Tls(error.to_string()))
        }
        (_, sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            Trouble::NotSent(vouchsafe_egress::Failure::Tls(error.to_string()))
        }
        (trouble, _) => trouble,
    }
}

/// As the client reads them.
fn certificates(roots: &[Vec<u8>]) -> Vec<u8> {
    let each = roots.iter();
    let each = each.filter_map(|der| pem::encode_string("CERTIFICATE", LineEnding::LF, der).ok());
    each.collect::<String>().into_bytes()
}
