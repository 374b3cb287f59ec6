//! A home whose skill may send, and what it says to its owner about it.

use std::time::Duration;

use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;

use super::dns::Dns;
use super::server::{Authority, Server};

/// A home with the guest `raw-http`, whose grant has `http` after its tools.
pub(crate) struct House {
    pub(crate) home: Home,
}

impl House {
    /// Names are looked up at `dns`, if there is one.
    pub(crate) fn new(http: &str, dns: Option<&Dns>) -> Self {
        Self::of("raw-http", http, dns)
    }

    /// As [`House::new`], with another guest.
    pub(crate) fn of(guest: &str, http: &str, dns: Option<&Dns>) -> Self {
        let house = Self {
            home: Home::trusting(&["guests"]),
        };
        if let Some(dns) = dns {
            let way = format!("dns = [\"{}\"]\n", dns.address);
            std::fs::write(house.home.config("egress.toml"), way).unwrap();
        }
        house.home.with_granted_guest(guest, http);
        house
    }

    /// A house whose `target` is `server`, as `localhost.test` with TLS by `authority`.
    pub(crate) fn at(server: &Server, authority: &Authority, more: &str) -> (Self, Dns) {
        let dns = Dns::answering(&[("bank.test", &[&["127.0.0.1"]])]);
        let house = Self::new(&target(server, authority, more), Some(&dns));
        (house, dns)
    }

    pub(crate) fn grant_file(&self, guest: &str) -> std::path::PathBuf {
        self.home.config(&format!("grants/guests.{guest}.toml"))
    }

    /// Changes the grant of `raw-http`, and applies it.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let file = self.grant_file("raw-http");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(&file, text.replace(from, to)).unwrap();
        self.home.apply().ok();
    }

    /// Calls a tool; its result, or its error.
    #[track_caller]
    pub(crate) fn call(&self, tool: &str, arguments: &Json) -> Result<Json, String> {
        let answer = self.home.call(tool, arguments).json();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(match answer["output"].get("result") {
                Some(wrapped) => wrapped.clone(),
                None => answer["output"].clone(),
            }),
        }
    }

    /// Sends `request` with the tool that may write.
    #[track_caller]
    pub(crate) fn send(&self, request: &Ask) -> Result<Json, String> {
        self.call(
            "raw-http_send",
            &json!({ "request": request.json(), "times": 1 }),
        )
    }

    /// Sends `request` with the tool that only reads.
    #[track_caller]
    pub(crate) fn look(&self, request: &Ask) -> Result<Json, String> {
        self.call("raw-http_look", &json!({ "request": request.json() }))
    }

    /// The last `count` records.
    pub(crate) fn records(&self, count: usize) -> Vec<Json> {
        self.home.records(count)
    }

    /// The last `count` records, once everything that began has ended.
    #[track_caller]
    pub(crate) fn settled(&self, count: usize) -> Vec<Json> {
        for _ in 0..100 {
            let records = self.records(500);
            let is = |record: &Json, kind: &str| record["kind"] == kind;
            let intents = records.iter().filter(|record| is(record, "intent")).count();
            let ends = records
                .iter()
                .filter(|record| is(record, "outcome") || is(record, "unknown"))
                .count();
            if intents == ends {
                let before = records.len().saturating_sub(count);
                return records[before..].to_vec();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("something has no end")
    }
}

/// The `[http.target]` of a grant for `server`, which listens on loopback.
pub(crate) fn target(server: &Server, authority: &Authority, more: &str) -> String {
    format!(
        "[http.target]\nurl = \"https://bank.test:{port}/api\"\nprivate = [\"{address}\"]\nroots = \"\"\"\n{pem}\"\"\"\n{more}\n",
        port = server.port(),
        address = server.address,
        pem = authority.pem,
    )
}

/// What the guest is asked to say.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) scheme: String,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Ask {
    pub(crate) fn get(server: &Server, path: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            scheme: "https".to_owned(),
            authority: format!("bank.test:{}", server.port()),
            path: path.to_owned(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn post(server: &Server, path: &str, body: &str) -> Self {
        Self {
            method: "POST".to_owned(),
            body: body.to_owned(),
            ..Self::get(server, path)
        }
    }

    #[must_use]
    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    #[must_use]
    pub(crate) fn scheme(mut self, scheme: &str) -> Self {
        scheme.clone_into(&mut self.scheme);
        self
    }

    #[must_use]
    pub(crate) fn to(mut self, authority: &str) -> Self {
        authority.clone_into(&mut self.authority);
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(&self) -> Json {
        json!({
            "method": self.method, "scheme": self.scheme, "authority": self.authority, "path": self.path,
            "headers": self.headers, "body": self.body,
        })
    }
}

/// What the skill hears of a refusal.
pub(crate) const DENIED: &str = "TOOL_ERROR: \"ErrorCode::HttpRequestDenied\"";

impl Ask {
    /// A GET to `/` of a host at its scheme's own port.
    pub(crate) fn get_at(authority: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            scheme: "https".to_owned(),
            authority: authority.to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            body: String::new(),
        }
    }
}
