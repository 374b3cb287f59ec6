//! The ledger that the skill of this name books in: what is on its server, and how one signs in.

use crate::authority::Authority;
use crate::bao::Bao;
use crate::postgres::Postgres;

/// A table of entries, each supplier's number once, and a role that books in it.
const LEDGER: &str = "
    create table ledger_entries (
        id bigint generated always as identity primary key,
        supplier text not null,
        number text not null,
        issued date not null,
        due date,
        currency char(3) not null,
        amount numeric not null,
        paid boolean not null default false,
        unique (supplier, number)
    );
    create role bookkeepers;
    grant select, insert on ledger_entries to bookkeepers;
    ";

/// Lays the ledger out on `postgres`, and has `bao` make who signs in to it.
///
/// # Panics
/// When either refuses.
pub fn open(postgres: &Postgres, bao: &Bao) {
    postgres.query(LEDGER);
    bao.database(postgres);
    bao.role("ledger", "1h", "grant bookkeepers to \"{{name}}\";");
}

/// What a grant says of it.
#[must_use]
pub fn grant(postgres: &Postgres, authority: &Authority) -> String {
    format!(
        "[sql.books]\nurl     = \"postgres://127.0.0.1:{port}/postgres\"\nprivate = [\"127.0.0.1:{port}\"]\n\
         auth    = {{ vault = \"database/creds/ledger\", field = \"password\", user_field = \"username\" }}\nroots   = \"\"\"\n{pem}\"\"\"\n",
        port = postgres.port,
        pem = authority.pem,
    )
}
