//! The booking: the invoice goes into a real ledger, with a credential made for this host that nobody sees.

use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::bao::Bao;
use vouchsafe_tests::ledger;
use vouchsafe_tests::postgres::Postgres;

use crate::PROOF;
use crate::agent::{Agent, show};
use crate::payment::head;
use crate::stage::Stage;

/// A real OpenBao and a real PostgreSQL.
pub(crate) struct Office {
    bao: Bao,
    postgres: Postgres,
    authority: Authority,
}

impl Office {
    /// Opens one where this machine has both, or says what it has not.
    pub(crate) fn open() -> Result<Self, String> {
        let authority = Authority::new();
        let (bao, postgres) = (Bao::start()?, Postgres::start_for(&authority)?);
        ledger::open(&postgres, &bao);
        Ok(Self {
            bao,
            postgres,
            authority,
        })
    }

    /// What `vouchsafe.toml` says of the secrets manager, with the proof of who signs in there on the stage.
    pub(crate) fn settings(&self, stage: &Stage) -> String {
        let (theirs, ours) = (self.bao.path("secret-id"), stage.path("secret-id"));
        self.bao
            .settings()
            .replace(&theirs, &ours.display().to_string())
    }

    /// Books `invoice`.
    pub(crate) fn books(&self, stage: &Stage, agent: &Agent, invoice: &Json) -> Result<()> {
        stage.heading("The ledger gets it, with a role of the database that is made for this host and ends with it");
        stage.brings_skill("ledger", PROOF)?;
        let sql = ledger::grant(&self.postgres, &self.authority);
        let grant = format!(
            "{}\n[tools]\nbook = {{}}\nfind = {{}}\n\n{sql}",
            head("vouchsafe-skills:ledger")
        );
        stage.write("home/config/grants/vouchsafe-skills.ledger.toml", &grant)?;
        stage.bring(self.bao.path("secret-id").as_ref(), "secret-id")?;
        let settings = format!("{}\n{}", agent.settings(), self.settings(stage));
        stage.write("home/config/vouchsafe.toml", &settings)?;
        stage.vouchsafe(&format!("install ledger.wasm --yes {PROOF}"), 0)?;
        for _ in 0..2 {
            let reply = agent.calls("ledger_book", json!({ "entry": entry(invoice)? }))?;
            show(&reply.structured_content.context("it was not booked")?);
        }
        let booked = self.postgres.query("select count(*) from ledger_entries");
        ensure!(booked == "1", "the ledger has {booked} entries");
        stage.vouchsafe("audit show --limit 4", 0)?;
        let role = self
            .postgres
            .query("select rolname from pg_roles where rolname like 'v-%'");
        let log = stage
            .command("audit show --limit 1000 --json")
            .output()?
            .stdout;
        let log = String::from_utf8(log)?;
        ensure!(
            !role.is_empty() && !log.contains(&role),
            "the record holds the credential"
        );
        anstream::println!("the ledger has one entry, booked by a role of which no record tells");
        Ok(())
    }
}

/// What the ledger is told of an invoice.
fn entry(invoice: &Json) -> Result<Json> {
    let text = |pointer: &str| {
        let found = invoice.pointer(pointer).and_then(Json::as_str);
        found.with_context(|| format!("the invoice has no {pointer}"))
    };
    Ok(json!({
        "supplier": text("/seller/name")?,
        "number": text("/number")?,
        "issued": text("/issued")?,
        "due": invoice.pointer("/due").cloned().unwrap_or_default(),
        "currency": text("/currency")?,
        "amount": text("/totals/payable")?,
    }))
}
