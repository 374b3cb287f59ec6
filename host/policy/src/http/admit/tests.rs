use proptest::prelude::*;

use super::*;
use crate::effective::meet;
use crate::fixture::{FILE, Skill};
use crate::grant::Grant;

const MANIFEST: &str = r#"
[tools.initiate]
effect = "write"
[tools.status]
effect = "read"
[http.bank]
allow = ["GET /payments/*", "POST /payments", "POST /search", "DELETE /payments/*"]
[http.files]
allow = ["GET /*"]
[http.events]
allow = ["POST /events"]
"#;

const GRANT: &str = r#"skill     = "acme:payments"
publisher = "acme"
digest    = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

[tools]
initiate = {}
status   = {}

[http.bank]
url   = "https://bank.example:8443/api"
allow = ["GET /payments/*", "POST /payments", "POST /search"]
reads = ["POST /search"]

[http.files]
url = "https://*.files.example"
for = ["status"]
"#;

fn destinations() -> Arc<Destinations> {
    let grant = Grant::parse(FILE, GRANT).unwrap();
    let effective = meet(&Skill::of(MANIFEST).declared(), &grant).unwrap();
    effective.http
}

fn ask(tool: &str, method: &str, url: &str) -> Result<Admission, NotAdmitted> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let to = Destination::parse(scheme, authority, &format!("/{path}")).unwrap();
    destinations().admit(tool, method, to)
}

#[test]
fn a_request_is_admitted_by_one_line() {
    let paid = ask(
        "initiate",
        "POST",
        "https://bank.example:8443/api/payments?x=1",
    )
    .unwrap();
    assert_eq!(
        (paid.name(), paid.rule().to_string().as_str(), paid.reads()),
        ("bank", "POST /payments", false)
    );
    let searched = ask("status", "POST", "https://bank.example:8443/api/search").unwrap();
    assert!(searched.reads());
    let read = ask("status", "GET", "https://eu.files.example/2026/invoice").unwrap();
    assert_eq!(
        (read.name(), read.rule().to_string().as_str()),
        ("files", "GET /*")
    );
    assert_eq!(
        read.destination().to_string(),
        "https://eu.files.example/2026/invoice"
    );
}

#[test]
fn what_no_line_admits_is_refused_with_the_line_that_would() {
    let asked = [
        ("initiate", "POST", "https://evil.example/collect?secret=1"),
        ("initiate", "POST", "http://bank.example:8443/api/payments"),
        ("initiate", "POST", "https://bank.example/api/payments"),
        ("initiate", "POST", "https://bank.example:8443/payments"),
        (
            "initiate",
            "DELETE",
            "https://bank.example:8443/api/payments/SECRET",
        ),
        (
            "initiate",
            "PUT",
            "https://bank.example:8443/api/payments/SECRET",
        ),
        (
            "initiate",
            "X-SECRET",
            "https://bank.example:8443/api/payments/SECRET",
        ),
        ("initiate", "GET", "https://bank.example:8443/api/payments"),
        ("initiate", "GET", "https://eu.files.example/x"),
        ("status", "GET", "https://files.example/x"),
        ("status", "GET", "https://a.b.files.example/x"),
    ];
    let mut page = String::new();
    for (tool, method, url) in asked {
        let NotAdmitted { why, fix } = ask(tool, method, url).expect_err(url);
        page.push_str(&format!("{tool} {method} {url}\n  {why}\n  {fix}\n"));
        assert!(
            !why.contains("SECRET") && !fix.contains("SECRET") && !why.contains("collect"),
            "{why} {fix}"
        );
    }
    insta::assert_snapshot!("not_admitted", page);
}

#[test]
fn two_destinations_at_one_place_are_a_fault() {
    for url in [
        "https://bank.example:8443/api/v2",
        "https://bank.example:8443",
    ] {
        let text = GRANT.replace("https://*.files.example", url);
        let faults = meet(
            &Skill::of(MANIFEST).declared(),
            &Grant::parse(FILE, &text).unwrap(),
        )
        .unwrap_err();
        assert!(
            faults
                .to_string()
                .contains("is at the same place as `bank`"),
            "{faults}"
        );
    }
}

/// The model: everything that the grant above allows, as whole words.
fn allowed(tool: &str, method: &str, host: &str, path: &[&str]) -> bool {
    match host {
        "bank.example:8443" => matches!(
            (method, path),
            ("GET", ["api", "payments", _, ..]) | ("POST", ["api", "payments" | "search"])
        ),
        "eu.files.example" => tool == "status" && method == "GET",
        _ => false,
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["api", "payments", "search", "1"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_admitted_is_what_the_grant_says(
        tool in prop::sample::select(vec!["initiate", "status"]),
        method in prop::sample::select(vec!["GET", "POST", "DELETE", "get"]),
        host in prop::sample::select(vec!["bank.example:8443", "bank.example", "eu.files.example", "files.example", "evil.example"]),
        path in prop::collection::vec(word(), 0..4),
    ) {
        let url = format!("https://{host}/{}", path.join("/"));
        prop_assert_eq!(ask(tool, method, &url).is_ok(), allowed(tool, method, host, &path));
    }
}
