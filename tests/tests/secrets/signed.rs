//! Requests that the host signs: what others make of the bytes that arrived is the signature that arrived with them.

use serde_json::{Value as Json, json};
use vouchsafe_tests::authority::Authority;
use vouchsafe_tests::python;
use vouchsafe_tests::say::text;
use vouchsafe_tests::wasm;

use super::echo::is_cut;
use super::parrot::{DENIED, House, Parrot, TOKEN, header, whole};

const HMAC: &str = "auth = { secret = 'bank-token', hmac = '{method}.{timestamp}.{body}', header = 'x-signature', \
                    format = 'v1={}', timestamp = 'x-time' }";
const AWS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// What another implementation signs `asked` with; nothing, and why, where it can't be had.
fn signature_of(asked: &Json) -> Option<String> {
    let python = match python::program("python") {
        Ok(python) => python,
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            return None;
        }
    };
    let script = wasm::root().join("tests/python/signature.py");
    let made = python::run(text(&python), &[text(&script), &asked.to_string()]);
    Some(made.unwrap().trim().to_owned())
}

#[test]
fn an_hmac_is_over_the_very_bytes_that_are_sent() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::new(
        &server,
        &authority,
        HMAC,
        "auth = { sealed = \"bank-token\" }",
    );
    house.set("bank-token", TOKEN).ok();
    let body = "{\"amount\": 10} \u{2713}".repeat(2000);
    house.post("/api/pay", &[], &body).unwrap();
    let (head, sent) = (&server.heads()[0], &server.bodies()[0]);
    assert_eq!(sent, body.as_bytes());
    let time = header(head, "x-time").unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(now - time.parse::<u64>().unwrap() < 60, "{time}");
    let asked = json!({ "key": TOKEN, "before": format!("POST.{time}."), "body": hex(sent) });
    if let Some(signature) = signature_of(&asked) {
        assert_eq!(
            header(head, "x-signature"),
            Some(&*format!("v1={signature}"))
        );
    }
    house.get("/api/look", &[]).unwrap();
    assert!(header(&server.heads()[1], "x-signature").is_some());
    house.holds_nowhere(TOKEN);
}

#[test]
fn a_request_to_aws_is_signed_as_their_own_client_signs_it() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    for service in ["s3", "execute-api"] {
        let declares = format!("auth = {{ secret = 'aws-key', aws = '{service}' }}");
        let grants =
            "auth = { sealed = \"aws-key\", user = \"AKIDEXAMPLE\", region = \"eu-central-1\" }";
        let house = House::new(&server, &authority, &declares, grants);
        house.set("aws-key", AWS_KEY).ok();
        let own = [
            ("content-type", "text/plain"),
            ("x-amz-meta-note", "two  words"),
            ("x-other", "1"),
        ];
        for path in ["/api/plain", "/api/a%20b/c?list-type=2&prefix=a%2Fb&empty="] {
            let before = server.heads().len();
            house.post(path, &own, "some bytes").unwrap();
            house.get(path, &[]).unwrap();
            for (head, body) in server.heads().iter().zip(server.bodies()).skip(before) {
                let method = head.split(' ').next().unwrap();
                let lines = head
                    .lines()
                    .skip(1)
                    .filter_map(|line| line.split_once(": "));
                let asked = json!({
                    "key": AWS_KEY, "id": "AKIDEXAMPLE", "region": "eu-central-1", "service": service,
                    "method": method, "url": format!("https://bank.test:{}{path}", server.port),
                    "headers": lines.collect::<Vec<_>>(), "body": hex(&body),
                });
                let said = header(head, "authorization").unwrap();
                assert!(said.contains("Credential=AKIDEXAMPLE/"), "{said}");
                let Some(signature) = signature_of(&asked) else {
                    continue;
                };
                assert!(
                    said.ends_with(&format!("Signature={signature}")),
                    "{said}: {signature}"
                );
            }
        }
        house.holds_nowhere(AWS_KEY);
    }
}

#[test]
fn what_is_too_long_to_be_signed_or_breaks_its_promise_is_not_sent() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let bounded = "auth = { sealed = \"bank-token\" }\nlimits = { sent = \"64 KiB\" }";
    let house = House::new(&server, &authority, HMAC, bounded);
    house.set("bank-token", TOKEN).ok();
    house.upload("/api/x", 64 << 10).unwrap();
    assert_eq!(server.bodies()[0].len(), 64 << 10);
    house.upload("/api/x", (64 << 10) + 1).unwrap_err();
    house
        .post("/api/x", &[("content-length", "5")], "four")
        .unwrap_err();
    assert_eq!(server.heads().len(), 1);
    let outcomes = house.records(100);
    assert!(
        outcomes.iter().any(|record| record["status"] == "limit"),
        "{outcomes:?}"
    );
}

#[test]
fn a_guest_says_nothing_that_belongs_to_the_signature() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let sealed = "auth = { sealed = \"bank-token\" }";
    let house = House::new(&server, &authority, HMAC, sealed);
    house.set("bank-token", TOKEN).ok();
    for name in ["x-signature", "X_Signature", "x-time"] {
        assert_eq!(
            house.post("/api/x", &[(name, "1")], "").unwrap_err(),
            DENIED,
            "{name}"
        );
    }
    let aws = "auth = { secret = 'aws-key', aws = 's3' }";
    let granted = "auth = { sealed = \"aws-key\", region = \"eu-central-1\" }";
    let house = House::new(&server, &authority, aws, granted);
    house.set("aws-key", &format!("AKIDEXAMPLE:{AWS_KEY}")).ok();
    for name in ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"] {
        assert_eq!(
            house.post("/api/x", &[(name, "1")], "").unwrap_err(),
            DENIED,
            "{name}"
        );
    }
    for name in [
        "x-amz-copy-source",
        "x-amz-acl",
        "X_Amz_Target",
        "x-amz-grant-read",
    ] {
        let said = house.post("/api/x", &[(name, "1")], "");
        assert_eq!(said.unwrap_err(), DENIED, "{name}");
    }
    // What is no text would be signed as another.
    assert_eq!(house.post("/api/x?a=%FF", &[], "").unwrap_err(), DENIED);
    let own = "/api/x?X-Amz-Signature=1";
    assert_eq!(house.post(own, &[], "").unwrap_err(), DENIED);
    assert!(server.heads().is_empty());
    house.post("/api/x", &[], "").unwrap();
    house.holds_nowhere(AWS_KEY);
}

#[test]
fn a_region_is_for_aws_alone_and_needed_there() {
    let authority = Authority::new();
    let server = Parrot::quiet(&authority);
    let house = House::usual(&server, &authority);
    let refused = house.try_grant(
        &authority,
        "auth = { sealed = \"bank-token\", region = \"eu-central-1\" }",
    );
    assert!(
        refused.stderr.contains("takes no `region`"),
        "{}",
        refused.stderr
    );
    let aws = "auth = { secret = 'aws-key', aws = 's3' }";
    let house = House::new(
        &server,
        &authority,
        aws,
        "auth = { sealed = \"aws-key\", region = \"eu-central-1\" }",
    );
    let refused = house.try_grant(&authority, "auth = { sealed = \"aws-key\" }");
    assert!(
        refused.stderr.contains("which region's"),
        "{}",
        refused.stderr
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_signature_that_comes_back_ends_the_response() {
    let authority = Authority::new();
    let server = Parrot::new(&authority, |head| {
        let signature = header(head, "x-signature").unwrap_or_default();
        let bare = signature.strip_prefix("v1=").unwrap_or_default();
        vec![whole("text/plain", bare.as_bytes())]
    });
    let house = House::new(
        &server,
        &authority,
        HMAC,
        "auth = { sealed = \"bank-token\" }",
    );
    house.set("bank-token", TOKEN).ok();
    let said = house.get("/api/echo", &[]).unwrap_err();
    assert!(is_cut(&said), "{said}");
}
