//! A home whose skill may ask a database.

use serde_json::{Value as Json, json};
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::postgres::Postgres;
use vouchsafe_tests::{Home, bao};

/// A home with the guest `teller`, and the server that its `books` are on.
pub(crate) struct House {
    pub(crate) home: Home,
    pub(crate) postgres: Postgres,
    pub(crate) authority: Authority,
}

/// How `teller` signs in.
pub(crate) const PASSWORD: &str = "Zk3-w9Qf.71xLmT0pa";
pub(crate) const SEALED: &str = "auth = { sealed = \"books\", user = \"teller\" }";

/// What is on the server: two invoices, and a role that may read and add.
const BOOKS: &str = "
    create table invoices (id int generated always as identity primary key, supplier text not null, amount numeric not null, paid boolean);
    create table names (name text, constraint once unique (name) deferrable initially deferred);
    insert into invoices (supplier, amount, paid) values ('acme', 12.50, true), ('acme', 99999999999999999999.01, null), ('other', 1, false);
    create function add_one() returns int language sql as $$ insert into invoices (supplier, amount) values ('sly', 1) returning id $$;
    create function at_the_end() returns trigger language plpgsql as $$ begin if new.name = 'slow' then perform pg_sleep(60); end if; return new; end $$;
    create constraint trigger at_the_end after insert on names deferrable initially deferred for each row execute function at_the_end();
    create role teller login password 'Zk3-w9Qf.71xLmT0pa';
    grant select, insert on invoices, names to teller;
    ";

impl House {
    /// `more` stands below the database in the grant. Nothing where this machine has no such server.
    pub(crate) fn new(more: &str) -> Option<Self> {
        Self::with_settings("", &format!("{SEALED}\n{more}"))
    }

    /// `settings` is what `vouchsafe.toml` says, `granted` what stands below the database in the grant.
    pub(crate) fn with_settings(settings: &str, granted: &str) -> Option<Self> {
        let authority = Authority::new();
        let postgres = match Postgres::start_for(&authority) {
            Ok(postgres) => postgres,
            Err(why) => {
                bao::skipped(&why);
                return None;
            }
        };
        Some(Self::on(postgres, authority, settings, granted))
    }

    pub(crate) fn on(
        postgres: Postgres,
        authority: Authority,
        settings: &str,
        granted: &str,
    ) -> Self {
        postgres.query(BOOKS);
        let home = Home::trusting(&["guests"]);
        if !settings.is_empty() {
            std::fs::write(home.config("vouchsafe.toml"), settings).unwrap();
        }
        home.with_granted_guest("teller", &table(&postgres, &authority, granted));
        let house = Self {
            home,
            postgres,
            authority,
        };
        house.home.keep("books", PASSWORD);
        house
    }

    /// Other words below the database in the grant, applied.
    #[track_caller]
    pub(crate) fn grant(&self, granted: &str) {
        let path = self.home.config("grants/guests.teller.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let head = text.split("[sql.books]").next().unwrap();
        let table = table(&self.postgres, &self.authority, granted);
        std::fs::write(&path, format!("{head}{table}")).unwrap();
        self.home.apply().ok();
    }

    /// Calls a tool; its result, or its error.
    #[track_caller]
    pub(crate) fn call(&self, tool: &str, arguments: &Json) -> Result<Json, String> {
        let answer = self.home.call(tool, arguments).json();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            // A record is the output itself.
            None => Ok(match answer["output"].get("result") {
                Some(result) => result.clone(),
                None => answer["output"].clone(),
            }),
        }
    }

    /// Runs a statement by the tool that reads.
    #[track_caller]
    pub(crate) fn look(&self, statement: &str, values: &Json) -> Result<Json, String> {
        self.call(
            "teller_look",
            &json!({ "statement": statement, "values": values }),
        )
    }

    /// Runs a statement by the tool that writes.
    #[track_caller]
    pub(crate) fn change(&self, statement: &str, values: &Json) -> Result<Json, String> {
        self.call(
            "teller_change",
            &json!({ "statement": statement, "values": values }),
        )
    }

    /// How many invoices there are.
    pub(crate) fn invoices(&self) -> String {
        self.postgres.query("select count(*) from invoices")
    }

    /// The records of `kind`, oldest first.
    pub(crate) fn records(&self, kind: &str) -> Vec<Json> {
        let all = self.home.records(500).into_iter();
        all.filter(|record| record["kind"] == kind).collect()
    }
}

fn table(postgres: &Postgres, authority: &Authority, granted: &str) -> String {
    format!(
        "[sql.books]\nurl = \"postgres://127.0.0.1:{port}/postgres\"\nprivate = [\"127.0.0.1:{port}\"]\nroots = \"\"\"\n{pem}\"\"\"\n{granted}\n",
        port = postgres.port,
        pem = authority.pem,
    )
}

/// What `look` and `change` call a text.
pub(crate) fn text(text: &str) -> Json {
    json!({ "text": text })
}

/// What the skill hears.
pub(crate) const DENIED: &str = "TOOL_ERROR: \"Denied\"";

/// What the skill hears of a database that said no.
pub(crate) fn failed(why: &str) -> String {
    format!("TOOL_ERROR: \"Failed(\\\"{why}\\\")\"")
}
