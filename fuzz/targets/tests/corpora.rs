//! Every file of every corpus, as in each run of the fuzzer.
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads its corpora from the checkout"
)]

use std::path::{Path, PathBuf};

use vouchsafe_fuzz_targets::ALL;

fn corpus(target: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../corpus").join(target)
}

#[test]
fn every_seed_and_every_past_finding_passes() {
    for (name, target) in ALL {
        let seeds =
            std::fs::read_dir(corpus(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut count = 0;
        for seed in seeds {
            let path = seed.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let outcome = std::panic::catch_unwind(|| target(&bytes));
            assert!(outcome.is_ok(), "{}", path.display());
            count += 1;
        }
        assert!(count > 0, "`{name}` has no seeds");
    }
}

#[test]
fn a_target_has_a_driver_and_a_driver_a_target() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let driver = |name: &str| format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"");
    for (name, _) in ALL {
        assert!(manifest.contains(&driver(name)), "no driver for `{name}`");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), ALL.len());
}

/// A corpus whose seeds are all refused at the first byte would test nothing.
#[test]
fn every_target_is_reached_by_a_seed_that_is_accepted() {
    use vouchsafe_package::manifest::Template;
    use vouchsafe_package::signing::Trust;
    use vouchsafe_package::{Manifest, Package, ReadLimits};
    use vouchsafe_policy::approval::{ApprovalRequest, VoteStatement};
    use vouchsafe_policy::http::Destination;
    use vouchsafe_policy::{Grant, Role, apply::Statement, route};
    let text =
        |target: &str, name: &str| std::fs::read_to_string(corpus(target).join(name)).unwrap();
    let bytes = |target: &str, name: &str| std::fs::read(corpus(target).join(name)).unwrap();
    Manifest::parse(&text("manifest", "everything.toml")).unwrap();
    Manifest::from_embedded(&bytes("manifest_embedded", "two-tools.json")).unwrap();
    Package::read(&bytes("component", "package.wasm"), &ReadLimits::default()).unwrap();
    Grant::parse("grants/a.toml", &text("grant", "everything.toml")).unwrap();
    Role::parse("roles/a.toml", &text("role", "everything.toml")).unwrap();
    assert!(route::matches(
        &"GET /payments/*".parse().unwrap(),
        "GET",
        text("path_rule", "plain").split_once('\n').unwrap().1
    ));
    let plain = text("destination", "plain");
    let parts: Vec<_> = plain.split('\n').collect();
    Destination::parse(parts[0], parts[1], parts[2]).unwrap();
    let tool = serde_json::from_slice(&bytes("tool_definition", "ticket.json")).unwrap();
    let tool = vouchsafe_policy::upstream::Definition::of(&tool).unwrap();
    let ticket = serde_json::json!({ "title": "x", "queue": "it" });
    assert_eq!(
        vouchsafe_upstream::fits(tool.input_schema(), &ticket),
        Ok(())
    );
    let mut events = vouchsafe_upstream::Events::default();
    let messages = events.push(&bytes("events", "reply")).unwrap();
    assert!(
        messages
            .iter()
            .any(|message| matches!(vouchsafe_upstream::reply(message, 1), Ok(Some(_))))
    );
    let prompt = text("prompt", "hostile");
    let (template, _) = prompt.split_once("\n---\n").unwrap();
    assert_eq!(template.parse::<Template>().unwrap().slots().count(), 2);
    let reply = vouchsafe_model::completion(&bytes("reply", "fits.json"));
    assert!(reply.content.is_ok() && reply.tokens == Some(7));
    Trust::parse(&text("trust", "both-kinds.toml")).unwrap();
    Statement::parse(&bytes("statement", "first.json")).unwrap();
    VoteStatement::parse(&bytes("vote", "approve.json")).unwrap();
    for shown in ["payment.json", "hostile.json"] {
        serde_json::from_slice::<ApprovalRequest>(&bytes("approval_request", shown)).unwrap();
    }
}
