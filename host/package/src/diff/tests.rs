use super::*;
use crate::testing::{PAYMENTS, PAYMENTS_TOML, package, skill, world};

fn of(old: (&str, &str), new: (&str, &str)) -> Diff {
    diff(&package(old.0, old.1), &package(new.0, new.1))
}

fn manifests(old: &str, new: &str) -> Diff {
    let text = world(
        "import wasi:http/outgoing-handler@0.2.12;\n import wasi:filesystem/preopens@0.2.6;\n export run: func(a: u8);",
    );
    let base = "[http.a]\nallow = ['GET /']\n";
    let with = |more: &str| {
        if more.contains("http.") || more.contains("[http") {
            more.to_owned()
        } else {
            format!("{base}{more}")
        }
    };
    of((&text, &with(old)), (&text, &with(new)))
}

#[test]
fn an_update_that_asks_for_more_is_shown_as_in_the_documentation() {
    let text = PAYMENTS
        .replace("@1.2.0", "@1.3.0")
        .replace(" Cannot be undone.", "");
    let manifest = "[tools.initiate]\neffect = 'irreversible'\ntargets = ['iban', 'amount']\nconfirm = 'always'\n\
        [tools.status]\neffect = 'write'\n[http.bank]\nallow = ['POST /payments']\n\
        auth = { secret = 'bank-token', header = 'authorization', format = 'Bearer {}' }\n\
        [http.events]\nallow = ['POST /events']\n";
    let mut diff = of((PAYMENTS, PAYMENTS_TOML), (&text, manifest));
    diff.same_publisher = Some(true);
    assert_eq!(diff.exit_code(), 3);
    insta::assert_snapshot!(diff.to_string());
}

#[test]
fn the_same_skill_changes_nothing() {
    let diff = of((PAYMENTS, PAYMENTS_TOML), (PAYMENTS, PAYMENTS_TOML));
    assert_eq!(diff.exit_code(), 0);
    assert!(!diff.code_changed);
    insta::assert_snapshot!(diff.to_string());
}

#[test]
fn asking_for_less_needs_nobody() {
    let less = PAYMENTS_TOML.replace("\"GET /payments/*\", ", "");
    let diff = of((PAYMENTS, PAYMENTS_TOML), (PAYMENTS, &less));
    assert_eq!(diff.exit_code(), 0);
    assert!(
        diff.to_string()
            .contains("LESS   http      bank          - GET /payments/*"),
        "{diff}"
    );
}

/// Each pair goes from what stands first to what stands second; going there is more, and going
/// back is less or more, never nothing.
#[test]
fn each_way_to_widen_is_more() {
    let tool = "[tools.run]\neffect = 'read'\n";
    let cases = [
        (tool.to_owned(), tool.replace("read", "write")),
        (
            tool.replace("read", "write"),
            tool.replace("read", "irreversible"),
        ),
        (format!("{tool}targets = ['a']\n"), tool.to_owned()),
        (format!("{tool}subjects = ['a']\n"), tool.to_owned()),
        (format!("{tool}confirm = 'always'\n"), tool.to_owned()),
        (
            format!("{tool}confirm = 'always'\n"),
            format!("{tool}confirm = {{ when = 'input.a > 7' }}\n"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']"),
            format!("{tool}[http.a]\nallow = ['GET /', 'POST /']"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']"),
            format!("{tool}[http.a]\nallow = ['GET /*']"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']"),
            format!("{tool}[http.a]\nallow = ['GET /']\n[http.b]\nallow = ['GET /']"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']\nurl = 'https://a.com'"),
            format!("{tool}[http.a]\nallow = ['GET /']\nurl = 'https://b.com'"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']"),
            format!("{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', basic = true }}"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', basic = true }}"),
            format!("{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', query = 'key' }}"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', basic = true }}"),
            format!("{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 't', basic = true }}"),
        ),
        (
            format!("{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', header = 'x' }}"),
            format!(
                "{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', header = 'x', placeholder = true }}"
            ),
        ),
        (
            format!(
                "{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', hmac = 'a{{body}}', header = 'x' }}"
            ),
            format!(
                "{tool}[http.a]\nallow = ['GET /']\nauth = {{ secret = 's', hmac = 'b{{body}}', header = 'x' }}"
            ),
        ),
        (
            tool.to_owned(),
            format!("{tool}[files.inbox]\naccess = 'read'\n"),
        ),
        (
            format!("{tool}[files.inbox]\naccess = 'read'\n"),
            format!("{tool}[files.inbox]\naccess = 'write'\n"),
        ),
        (
            tool.to_owned(),
            format!("{tool}[limits]\nmemory = '65 MiB'\n"),
        ),
        (tool.to_owned(), format!("{tool}[limits]\ntime = '21s'\n")),
        (
            tool.to_owned(),
            format!("{tool}[limits]\nfuel = 1000000001\n"),
        ),
        (
            tool.to_owned(),
            format!("{tool}[limits]\noutput = '5 MiB'\n"),
        ),
        (
            tool.to_owned(),
            format!("{tool}[limits]\ninput = '5 MiB'\n"),
        ),
    ];
    for (narrow, wide) in cases {
        let wider = manifests(&narrow, &wide);
        assert!(
            wider.changes.iter().any(|change| change.sort == Sort::More),
            "{wide}: {wider}"
        );
        assert_eq!(wider.exit_code(), 3);
        assert!(!manifests(&wide, &narrow).changes.is_empty(), "{wide}");
    }
}

#[test]
fn every_kind_of_capability_is_compared() {
    let run = "tools.run = { effect = \"read\" }\n";
    let cases = [
        (
            "wasi:config/store@0.2.0-rc.1",
            "settings.a = { default = 'x' }",
            "settings.a = { default = 'y' }",
        ),
        (
            "wasi:keyvalue/store@0.2.0-draft2",
            "state.a = { size = 7 }",
            "state.a = { size = 8 }",
        ),
        (
            "wasi:keyvalue/store@0.2.0-draft2",
            "state.a = { size = 7 }",
            "state.a = {}",
        ),
        (
            "vouchsafe:skill/sql@0.1.0",
            "sql.d.a = { text = 'x', effect = 'read' }",
            "sql.d.a = { text = 'y', effect = 'read' }",
        ),
        (
            "vouchsafe:skill/sql@0.1.0",
            "sql.d.a = { text = 'x', effect = 'read' }",
            "sql.d.a = { text = 'x', effect = 'write' }",
        ),
        (
            "vouchsafe:skill/model@0.1.0",
            "prompts.a = { model = 'm', system = 'x', template = '', reply = { type = 'object' } }",
            "prompts.a = { model = 'm', system = 'y', template = '', reply = { type = 'object' } }",
        ),
        (
            "vouchsafe:skill/upstream@0.1.0",
            "upstream.a = { tool = 'x', effect = 'read' }",
            "upstream.a = { tool = 'y', effect = 'read' }",
        ),
        (
            "vouchsafe:skill/bus@0.1.0",
            "bus.publish = ['a']",
            "bus.publish = ['a', 'b']",
        ),
    ];
    for (import, old, new) in cases {
        let text = world(&format!("import {import};\n export run: func();"));
        let diff = of(
            (&text, &format!("{run}{old}")),
            (&text, &format!("{run}{new}")),
        );
        assert_eq!(diff.exit_code(), 3, "{new}: {diff}");
    }
    let text = |import: &str| world(&format!("{import}\n export run: func();"));
    let skills = format!("{run}skills.\"acme:erp/records\" = {{}}");
    let diff = of(
        (&text(""), run),
        (&text("import acme:erp/records@1.0.0;"), &skills),
    );
    insta::assert_snapshot!(diff.to_string());
}

#[test]
fn other_types_are_more() {
    let manifest = "[tools.run]\neffect = 'read'\n";
    for new in [
        "run: func(a: u16)",
        "run: func(a: u8, b: u8)",
        "run: func()",
        "run: func(a: u8) -> u8",
        "run: func(b: u8)",
    ] {
        let diff = of(
            (&skill("run: func(a: u8)"), manifest),
            (&skill(new), manifest),
        );
        assert_eq!(diff.exit_code(), 3, "{new}: {diff}");
        assert!(diff.code_changed);
    }
}

#[test]
fn words_on_anything_are_words() {
    let text = PAYMENTS
        .replace("In the currency's smallest unit", "Always in cents")
        .replace("Payments by", "All payments by");
    let diff = of((PAYMENTS, PAYMENTS_TOML), (&text, PAYMENTS_TOML));
    assert_eq!(diff.exit_code(), 3);
    insta::assert_snapshot!(diff.to_string());
}
