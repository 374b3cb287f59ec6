//! A home whose skill may call a tool of an external server.

use std::net::SocketAddr;

use serde_json::{Value as Json, json};
use vouchsafe_policy::upstream::Definition;
use vouchsafe_tests::Home;
use vouchsafe_tests::authority::Authority;

use super::server::{Manner, Server, ticket};

/// A home with the guest `upcaller`, and the server that its `tickets` is at.
pub(crate) struct House {
    pub(crate) home: Home,
    pub(crate) server: Server,
}

pub(crate) const FILE: &str = "grants/guests.upcaller.toml";

/// What the skill hears when it is refused.
pub(crate) const DENIED: &str = "TOOL_ERROR: \"Denied\"";

impl House {
    /// Whose operator has accepted [`ticket`].
    pub(crate) fn new(manner: Manner) -> Self {
        Self::accepting(manner, &digest(&ticket()))
    }

    /// Whose operator has accepted what `digest` is the digest of.
    pub(crate) fn accepting(manner: Manner, digest: &str) -> Self {
        Self::granting(
            manner,
            &format!("effect = \"write\"\ndigest = \"{digest}\"\n"),
        )
    }

    /// With `rest` below the place in the grant.
    pub(crate) fn granting(manner: Manner, rest: &str) -> Self {
        let authority = Authority::new();
        let server = Server::new(&authority, manner);
        let home = Home::trusting(&["guests"]);
        let granted = granted(&server.address, &authority, rest);
        home.with_granted_guest("upcaller", &granted);
        Self { home, server }
    }

    /// Makes a ticket; the tool's result, or the error that its caller hears.
    #[track_caller]
    pub(crate) fn file(&self, title: &str) -> Result<Json, String> {
        self.call(
            "upcaller_file",
            "tickets",
            &json!({ "title": title }).to_string(),
        )
    }

    /// Calls a tool of the guest, which calls `name`.
    #[track_caller]
    pub(crate) fn call(&self, tool: &str, name: &str, input: &str) -> Result<Json, String> {
        call(&self.home, tool, name, input)
    }

    /// Replaces `old` in the grant, and applies it.
    #[track_caller]
    pub(crate) fn amend(&self, old: &str, new: &str) -> String {
        let file = self.home.config(FILE);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(old), "{text}");
        std::fs::write(&file, text.replace(old, new)).unwrap();
        let applied = self.home.apply().ok();
        format!("{}{}", applied.stdout, applied.stderr)
    }

    /// Another home, made from a backup of this one.
    #[track_caller]
    pub(crate) fn restored(&self) -> Home {
        let (other, file) = (Home::empty(), self.home.path("backup.tar"));
        let file = file.to_str().unwrap();
        let passphrase = ["--backup-passphrase-file", self.home.passphrase()];
        let backup = [&["backup", file], &passphrase[..]].concat();
        self.home.run(&backup).ok();
        other
            .prove(&[&["restore", file], &passphrase[..]].concat())
            .ok();
        other
    }

    /// The records of `kind`, oldest first.
    pub(crate) fn records(&self, kind: &str) -> Vec<Json> {
        let all = self.home.records(500).into_iter();
        all.filter(|record| record["kind"] == kind).collect()
    }
}

#[track_caller]
pub(crate) fn call(home: &Home, tool: &str, name: &str, input: &str) -> Result<Json, String> {
    let answer = home
        .call(tool, &json!({ "name": name, "input": input }))
        .json();
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => {
            let said = answer["output"]["result"].as_str().unwrap();
            Ok(serde_json::from_str(said).unwrap())
        }
    }
}

/// The digest that the grant has to name.
pub(crate) fn digest(listed: &Json) -> String {
    Definition::of(listed).unwrap().digest().to_string()
}

pub(crate) fn granted(address: &SocketAddr, authority: &Authority, rest: &str) -> String {
    format!(
        "[upstream.tickets]\nurl = \"https://{address}/mcp\"\nprivate = [\"{address}\"]\nroots = \"\"\"\n{pem}\"\"\"\n{rest}\n",
        pem = authority.pem,
    )
}
