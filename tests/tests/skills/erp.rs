//! Documents come to an ERP once each, with a credential that only the host knows, and a wrong answer is called what it is.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde_json::{Value as Json, json};
use vouchsafe_tests::bao::{Bao, skipped};
use vouchsafe_tests::rest::{Answer, said};
use vouchsafe_tests::wasm::{component, skill_source};
use vouchsafe_tests::{Home, Run};

use super::erp_service::Erp;

const FIRST: &str = "tok-first-8fK2mZq0Lr5v";
const SECOND: &str = "tok-second-3Hd9xWc7Tn1y";

/// Longer than a value is used without asking whether it was rotated.
const ROTATED: Duration = Duration::from_millis(5_500);

struct Office {
    home: Home,
    bao: Bao,
    erp: Erp,
}

/// A home whose `erp-integrator` may use an ERP, whose token a real OpenBao keeps.
fn office() -> Option<Office> {
    let bao = match Bao::start() {
        Ok(bao) => bao,
        Err(why) => {
            skipped(&why);
            return None;
        }
    };
    let erp = Erp::open(FIRST, &partners());
    let home = Home::trusting(&["vouchsafe-skills"]);
    let packed = home.path("erp-integrator.wasm");
    home.pack(
        &skill_source("erp-integrator"),
        &component("erp-integrator"),
        &packed,
    )
    .ok();
    home.sign(&packed);
    let digest = format!("sha256:{}", "0".repeat(64)); // `install` writes the true one
    let grant = format!(
        "skill = \"vouchsafe-skills:erp-integrator\"\npublisher = \"publisher\"\ndigest = \"{digest}\"\n\n\
         [tools]\nfind-partners = {{}}\nlist-documents = {{}}\nread-document = {{}}\npost-document = {{}}\n\n\
         [http.erp]\n{}auth = {{ vault = \"secret/erp/integrator\", field = \"token\" }}\n\
         limits = {{ received = \"2 MiB\", time = \"5s\" }}\n",
        erp.rest.place()
    );
    let file = home.config("grants/vouchsafe-skills.erp-integrator.toml");
    std::fs::write(file, grant).unwrap();
    std::fs::write(home.config("vouchsafe.toml"), bao.settings()).unwrap();
    home.install(&packed).ok();
    let office = Office { home, bao, erp };
    office.keeps(FIRST);
    Some(office)
}

fn partners() -> Vec<Json> {
    let partner = |id: &str, kind: &str, name: &str| json!({ "id": id, "kind": kind, "name": name, "tax_id": format!("NO{id}"), "blocked": false });
    vec![
        partner("V-1", "supplier", "Acme Paper"),
        partner("V-2", "supplier", "Acme Steel"),
        partner("C-1", "customer", "Acme Retail"),
        partner("V-3", "supplier", "Acme Tools"),
        partner("V-4", "supplier", "Borg"),
    ]
}

fn invoice(amount: &str) -> Json {
    json!({
        "number": "INV-2031", "issued": "2026-11-22", "due": "2026-12-22", "currency": "EUR", "amount": amount, "order": null
    })
}

impl Office {
    /// Keeps the token in OpenBao.
    fn keeps(&self, token: &str) {
        let value = format!("token={token}");
        self.bao.ok(&["kv", "put", "secret/erp/integrator", &value]);
    }

    fn call(&self, tool: &str, arguments: &Json) -> Run {
        let called = self.home.call(&format!("erp-integrator_{tool}"), arguments);
        for token in [FIRST, SECOND] {
            assert!(!called.stdout.contains(token) && !called.stderr.contains(token));
        }
        called
    }

    #[track_caller]
    fn find(&self, by: &Json, from: &Json) -> Json {
        let asked = json!({ "kind": "supplier", "by": by, "from": from });
        self.call("find-partners", &asked).ok().json()["output"].clone()
    }

    fn post(&self, kind: &str, document: &Json) -> Run {
        let asked = json!({ "kind": kind, "partner": "V-1", "document": document });
        self.call("post-document", &asked)
    }

    /// What a call that failed came to.
    #[track_caller]
    fn fails(&self, tool: &str, asked: &Json, problem: &str, why: &str) {
        let failed = self.call(tool, asked).code(5);
        let said = failed.json()["error"].to_string();
        assert!(
            said.contains(problem) && said.contains(why),
            "want {problem}, {why}: {said}"
        );
    }

    /// Neither records nor the owner's log hold a token.
    fn holds_no_token(&self) {
        let records = Json::from(self.home.records(1000)).to_string();
        let log = std::fs::read_to_string(self.home.data("owner.log")).unwrap_or_default();
        assert!(records.contains("secret/erp/integrator"), "{records}");
        for token in [FIRST, SECOND] {
            assert!(!records.contains(token) && !log.contains(token));
        }
    }
}

/// An answer with this status, header and body.
fn raw(status: u16, (name, value): (&'static str, &str), body: &str) -> Answer {
    let built = Response::builder().status(status).header(name, value);
    built
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .unwrap()
}

#[test]
fn partners_are_found_page_by_page_and_an_invoice_is_posted_once() {
    let Some(office) = office() else { return };
    let ids = |page: &Json| -> Vec<String> {
        let found = page["found"].as_array().unwrap();
        found
            .iter()
            .map(|partner| partner["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = office.find(&json!({ "name": "acme" }), &Json::Null);
    assert_eq!(
        (ids(&first), &first["next"]),
        (vec!["V-1".to_owned(), "V-2".to_owned()], &json!("2"))
    );
    let second = office.find(&json!({ "name": "acme" }), &first["next"]);
    assert_eq!(
        (ids(&second), &second["next"]),
        (vec!["V-3".to_owned()], &Json::Null)
    );
    let by_number = office.find(&json!({ "tax-id": "NOV-4" }), &Json::Null);
    assert_eq!(ids(&by_number), ["V-4"]);

    let order = json!({ "number": "PO-7", "issued": "2026-11-01", "due": null, "currency": "EUR", "amount": "100", "order": null });
    let order = office.post("order", &order).ok().json()["output"].clone();
    assert_eq!(order, json!({ "id": "ORDERS-1", "again": false }));
    let mut about = invoice("42.50");
    about["order"] = order["id"].clone();
    let made = office.post("invoice", &about).ok().json()["output"].clone();
    assert_eq!(made, json!({ "id": "INVOICES-2", "again": false }));
    about["amount"] = json!("42.5");
    let again = office.post("invoice", &about).ok().json()["output"].clone();
    assert_eq!(again, json!({ "id": "INVOICES-2", "again": true }));
    let other = json!({ "kind": "invoice", "partner": "V-1", "document": invoice("99") });
    office.fails("post-document", &other, "conflict", "");
    assert_eq!(office.erp.posted().len(), 2);
    assert_eq!(office.erp.posted()[1]["amount"], "42.5");

    let list = json!({ "kind": "invoice", "partner": "V-1", "number": "INV-2031", "from": null });
    let listed = office.call("list-documents", &list).ok().json()["output"].clone();
    assert_eq!(listed["found"][0]["says"]["order"], "ORDERS-1");
    let read = |id: &str| {
        let asked = json!({ "kind": "invoice", "id": id });
        office.call("read-document", &asked).ok().json()["output"]["result"].clone()
    };
    assert_eq!(read("INVOICES-2"), listed["found"][0]);
    assert_eq!(read("INVOICES-9"), Json::Null);
    office.holds_no_token();
}

#[test]
fn a_rotated_credential_is_picked_up_and_one_that_is_not_accepted_posts_nothing() {
    let Some(office) = office() else { return };
    office.find(&json!({ "name": "acme" }), &Json::Null);
    office.erp.asks_for(SECOND);
    let asked = json!({ "kind": "invoice", "partner": "V-1", "document": invoice("42.50") });
    office.fails("post-document", &asked, "forbidden", "401");
    assert!(office.erp.posted().is_empty());
    office.keeps(SECOND);
    std::thread::sleep(ROTATED);
    office.post("invoice", &invoice("42.50")).ok();
    assert_eq!(office.erp.posted().len(), 1);

    office.bao.ok(&["kv", "delete", "secret/erp/integrator"]);
    std::thread::sleep(ROTATED);
    let before = office.erp.asked().len();
    office.fails("post-document", &asked, "unavailable", "the host refused");
    assert_eq!(office.erp.asked().len(), before);
    office.holds_no_token();
}

#[test]
fn a_wrong_answer_is_called_what_it_is_and_leaks_nothing() {
    let Some(office) = office() else { return };
    let elsewhere = Erp::open(FIRST, &[]);
    let there = format!("https://{}/api/orders/O-1", elsewhere.rest.address);
    let json = ("content-type", "application/json");
    let good = r#"{"id":"O-1","partner":"V-1","number":"1","issued":"2026-11-22","currency":"EUR","amount":"1","state":"open"}"#;
    let long = |kibibytes: usize| format!("{{\"id\":\"{}\"}}", "x".repeat(kibibytes << 10));
    let echo = format!("could not sign in with Bearer {FIRST}");
    let asked = json!({ "kind": "order", "id": "O-1" });
    let post = json!({ "kind": "invoice", "partner": "V-1", "document": invoice("42.50") });
    let wrong = [
        (
            raw(200, ("content-type", "text/html"), good),
            "unexpected",
            "not called JSON",
        ),
        (
            raw(200, ("x-none", "1"), good),
            "unexpected",
            "not called JSON",
        ),
        (
            raw(200, json, &good.replace("O-1", "O-2")),
            "unexpected",
            "another document",
        ),
        (
            raw(200, json, &good.replace("open", "opened")),
            "unexpected",
            "does not fit",
        ),
        (raw(200, json, "{\"id\":"), "unexpected", "does not fit"),
        (raw(200, json, &long(1500)), "unexpected", "larger than"),
        (raw(200, json, &long(2500)), "unavailable", "exceeds limit"),
        (
            raw(307, ("location", &there), ""),
            "unexpected",
            "leads elsewhere",
        ),
        (
            raw(302, ("location", &there), good),
            "unexpected",
            "leads elsewhere",
        ),
        (
            said(
                hyper::StatusCode::INTERNAL_SERVER_ERROR,
                &json!({ "trace": "secret" }),
            ),
            "unavailable",
            "answered 500",
        ),
        (
            raw(500, ("content-type", "text/plain"), &echo),
            "unavailable",
            "",
        ),
    ];
    for (answer, problem, why) in wrong {
        office.erp.says_once(answer.clone());
        office.fails("read-document", &asked, problem, why);
        office.erp.says_once(answer);
        // Of a post nobody knows then whether it was made, so that is what is said.
        office.fails("post-document", &post, "unknown", "");
    }
    let closed = raw(
        422,
        ("content-type", "application/problem+json"),
        "{\"detail\":\"period is closed\"}",
    );
    office.erp.says_once(closed);
    office.fails("post-document", &post, "rejected", "period is closed");
    assert!(office.erp.posted().is_empty() && elsewhere.asked().is_empty());
    office.post("invoice", &invoice("42.50")).ok();
    office.holds_no_token();
}
