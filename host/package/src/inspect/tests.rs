use super::*;
use crate::testing::{self, PAYMENTS, PAYMENTS_TOML, skill, world};

/// A package whose digest and size do not depend on the tool that built it.
fn package(text: &str, manifest: &str) -> Package {
    Package {
        digest: Digest::of(b""),
        size: 626_600,
        ..testing::package(text, manifest)
    }
}

fn signature() -> SignatureFacts {
    SignatureFacts {
        signer: "github.com/acme/skills release.yml, tag payments-1.2.0".to_owned(),
        trusted: Some(Trusted {
            publisher: "acme".to_owned(),
            place: "trust.toml:4".to_owned(),
        }),
        transparency: "rekor".to_owned(),
        check: Some(
            "cosign verify-blob --bundle payments-1.2.0.wasm.sigstore.json ... payments-1.2.0.wasm"
                .to_owned(),
        ),
    }
}

#[test]
fn a_reviewer_reads_one_page() {
    let text = facts(&package(PAYMENTS, PAYMENTS_TOML), Some(&signature())).to_string();
    insta::assert_snapshot!(text);
}

#[test]
fn a_skill_that_only_computes_asks_for_nothing() {
    let package = package(
        &skill("run: func()"),
        "[tools.run]\neffect = 'read'\n[limits]\ntime = '1500ms'\nfuel = 1234567\n",
    );
    insta::assert_snapshot!(facts(&package, None).to_string());
}

#[test]
fn everything_that_can_be_asked_for_is_shown() {
    let imports = [
        "wasi:http/outgoing-handler@0.2.12",
        "wasi:config/store@0.2.0-rc.1",
        "wasi:keyvalue/store@0.2.0-draft2",
        "wasi:filesystem/preopens@0.2.6",
        "vouchsafe:skill/sql@0.1.0",
        "vouchsafe:skill/model@0.1.0",
        "vouchsafe:skill/upstream@0.1.0",
        "vouchsafe:skill/bus@0.1.0",
        "vouchsafe:skill/log@0.1.0",
        "acme:erp/records@1.0.0",
    ];
    let imports: Vec<_> = imports
        .iter()
        .map(|import| format!("import {import};"))
        .collect();
    let text = world(&format!(
        "{}\n export run: func(amount: u32); export vouchsafe:skill/subscriber@0.1.0;",
        imports.join("\n")
    ));
    let manifest = r#"
        tools.run = { effect = "write", confirm = { when = "input.amount > 100", within = "1h" } }
        http.maps = { url = "https://api.vendor.com", allow = ["GET /*"], auth = { secret = "maps-key", query = "key" } }
        http.own = { allow = ["POST /a"], auth = { secret = "own-login", basic = true } }
        settings.currency = { default = "EUR", about = "What to count in." }
        settings.region = {}
        files.inbox = { access = "read" }
        state.seen = { size = "1 MiB" }
        prompts.sum-up = { model = "writer", system = "Sum up.\n  In one line.", template = "The text: {text}", reply = { type = "object" } }
        skills."acme:erp/records" = {}
        upstream.ticket = { tool = "create_issue", effect = "write" }
        bus = { publish = ["document.classified"], subscribe = ["document.incoming"] }
        [sql.erp.find-invoice]
        text = "select id from invoice where number = ?"
        effect = "read"
    "#;
    insta::assert_snapshot!(facts(&package(&text, manifest), None).to_string());
}

#[test]
fn facts_are_also_for_machines() {
    insta::assert_json_snapshot!(facts(&package(PAYMENTS, PAYMENTS_TOML), Some(&signature())));
}

#[test]
fn round_numbers_are_short() {
    let limits = Limits {
        fuel: 2_500_000_000,
        memory_bytes: 128 << 20,
        ..Limits::default()
    };
    let mut inspection = facts(&package(PAYMENTS, PAYMENTS_TOML), None);
    inspection.limits = limits;
    assert!(
        inspection
            .to_string()
            .contains("Limits    128 MiB, 20 s, 25e8 fuel, 4 MiB out; asked for\n"),
        "{inspection}"
    );
}
