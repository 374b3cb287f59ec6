//! Only what a trusted publisher signed, and nobody revoked, is let in; and the reason is said.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::{answers, says, text};
use vouchsafe_tests::{Home, Sketch};

fn pay(version: &str) -> Sketch {
    Sketch::new("acme:pay", version, 7)
}

fn bundle_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.sigstore.json", file.display()))
}

fn edit_bundle(file: &Path, edit: impl FnOnce(&mut Json)) {
    let path = bundle_of(file);
    let mut bundle = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut bundle);
    fs::write(path, bundle.to_string()).unwrap();
}

/// `file` is refused by `verify`, by `install` with the operator's proof, and is not kept.
#[track_caller]
fn refused(home: &Home, file: &Path, reason: &str) {
    for run in [home.run(&["verify", text(file)]), home.install(file)] {
        let run = run.code(4);
        assert!(run.stderr.contains(reason), "{}", run.stderr);
    }
    assert_eq!(home.run(&["list", "--json"]).ok().json(), json!([]));
}

/// The next call is refused for `reason`.
#[track_caller]
fn stopped(home: &Home, reason: &str) {
    let run = home.call("pay_sum", &json!({})).code(4);
    assert!(run.stdout.contains(reason), "{}", run.stdout);
}

#[test]
fn what_a_trusted_publisher_signed_is_let_in_and_nothing_else_is() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0").pack(&home, "pay");
    refused(&home, &file, "unsigned: there is no bundle");
    fs::write(bundle_of(&file), "").unwrap();
    refused(&home, &file, "unsigned");
    fs::write(bundle_of(&file), "{}").unwrap();
    refused(&home, &file, "the signature can't be read");

    let stranger = home.new_key("stranger");
    home.sign_with(&file, &stranger);
    refused(&home, &file, "signed by another key");

    let other = Sketch::new("acme:pay", "1.0.1", 8).sign(&home, "other");
    fs::copy(bundle_of(&other), bundle_of(&file)).unwrap();
    refused(&home, &file, "the signature is for sha256:");

    home.sign(&file);
    says(
        &home.run(&["verify", text(&file)]).ok(),
        "trusted here as `publisher`",
    );
    home.install(&file).ok();
    answers(&home, "pay_sum", 7);
}

#[test]
fn a_key_inside_the_envelope_proves_nothing() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0").sign(&home, "pay");
    let good: Json = serde_json::from_slice(&fs::read(bundle_of(&file)).unwrap()).unwrap();
    let hint = good["verificationMaterial"]["publicKey"]["hint"].clone();

    let stranger = home.new_key("stranger");
    home.sign_with(&file, &stranger);
    let pem = fs::read_to_string(home.path("stranger.pub")).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();

    edit_bundle(&file, |bundle| {
        bundle["verificationMaterial"]["publicKey"]["hint"] = hint;
    });
    refused(&home, &file, "signed by another key");
    edit_bundle(&file, |bundle| {
        bundle["verificationMaterial"]["publicKey"]["rawBytes"] = json!(der);
    });
    refused(&home, &file, "`publicKey` has no field `rawBytes`");
    edit_bundle(&file, |bundle| bundle["publicKey"] = json!(pem));
    refused(&home, &file, "the bundle has no field `publicKey`");
    home.sign_with(&file, &stranger);
    edit_bundle(&file, |bundle| {
        bundle["verificationMaterial"] =
            json!({ "certificate": { "rawBytes": der }, "tlogEntries": [] });
    });
    let run = home.install(&file).code(4);
    assert!(!run.stderr.is_empty());
    assert_eq!(home.run(&["list", "--json"]).ok().json(), json!([]));
}

#[test]
fn a_publisher_signs_its_own_namespaces_only() {
    let home = Home::trusting(&["acme"]);
    let other = home.new_key("other");
    let key = fs::read_to_string(home.path("other.pub")).unwrap();
    let mut trust = fs::read_to_string(home.config("trust.toml")).unwrap();
    trust.push_str(&format!(
        "[publishers.other]\nnamespaces = [\"other\"]\ntransparency = \"none\"\nkey = \"\"\"\n{key}\"\"\"\n"
    ));
    fs::write(home.config("trust.toml"), trust).unwrap();
    home.apply().ok();
    let file = pay("1.0.0").pack(&home, "pay");
    home.sign_with(&file, &other);
    refused(
        &home,
        &file,
        "`other` (trust.toml:10) signed it, but may not sign namespace `acme`, which is `publisher`'s (trust.toml:1)",
    );
    let nobody = Sketch::new("nobody:pay", "1.0.0", 7).pack(&home, "nobody");
    home.sign(&nobody);
    refused(&home, &nobody, "may not sign namespace `nobody`");
}

#[test]
fn a_flipped_byte_is_refused_wherever_it_is() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0").sign(&home, "pay");
    let good = fs::read(&file).unwrap();
    let bundle = fs::read(bundle_of(&file)).unwrap();
    for part in 0..12 {
        let mut bad = good.clone();
        let at = part * (good.len() - 1) / 11;
        bad[at] ^= 1;
        fs::write(&file, &bad).unwrap();
        home.run(&["verify", text(&file)]).code(4);
        home.install(&file).code(4);
    }
    fs::write(&file, &good).unwrap();
    let signature = String::from_utf8(bundle.clone()).unwrap();
    let at = signature.find("\"signature\":").unwrap() + 24;
    let mut bad = bundle.clone();
    bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
    fs::write(bundle_of(&file), bad).unwrap();
    refused(&home, &file, "changed after signing");
    fs::write(bundle_of(&file), bundle).unwrap();
    home.install(&file).ok();
}

#[test]
fn a_revoked_skill_stops_at_the_next_call_and_stays_stopped() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0").install(&home, "pay");
    answers(&home, "pay_sum", 7);
    home.prove(&["revoke", "--digest", text(&file)]).ok();
    stopped(&home, "is revoked (revocation list 1)");
    refused_install(&home, &file, "is revoked (revocation list 1)");
    home.stop();
    says(&home.run(&["list"]).ok(), "is revoked (revocation list 1)");
    // Without the list, or with the one before, what it revokes would come back.
    let path = home.config("revocations.json");
    let first = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    says(
        &home.apply().code(4),
        "list 1 was in force: what it revokes would come back",
    );
    fs::write(&path, &first).unwrap();
    home.prove(&["revoke", "--renew"]).ok();
    fs::write(&path, &first).unwrap();
    says(
        &home.apply().code(4),
        "is older than 2, which was in use before: a rollback",
    );
}

#[track_caller]
fn refused_install(home: &Home, file: &Path, reason: &str) {
    says(&home.install(file).code(4), reason);
}

#[test]
fn a_revoked_key_stops_all_that_it_signed() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0").install(&home, "pay");
    answers(&home, "pay_sum", 7);
    let key = home.path("publisher.pub");
    // An edited grant does not hold a revocation up, and is not put into force by it.
    let grant = home.config("grants/acme.pay.toml");
    let good = fs::read_to_string(&grant).unwrap();
    fs::write(&grant, "nonsense").unwrap();
    home.prove(&["revoke", "--key", text(&key)]).ok();
    fs::write(&grant, good).unwrap();
    stopped(&home, "is revoked (revocation list 1)");
    let next = pay("1.0.1").sign(&home, "next");
    refused_install(&home, &next, "is revoked (revocation list 1)");
    // What else is revoked later is added to the list, not put in its place.
    home.prove(&["revoke", "--identity", "https://github.com/acme/skills/*"])
        .ok();
    stopped(&home, "is revoked (revocation list 2)");
}

#[test]
fn nobody_revokes_without_the_operator_s_proof_or_in_nonsense() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0").install(&home, "pay");
    let key = home.path("publisher.pub");
    let key = text(&key);
    for arguments in [
        &["revoke", "--key", key][..],
        &["revoke", "--key", key, "--yes"],
    ] {
        says(
            &home.run(arguments).code(4),
            "passphrase of the operator key",
        );
    }
    home.prove(&["revoke"]).code(2);
    says(
        &home.prove(&["revoke", "--key", "sha256:12"]).code(2),
        "is no key's fingerprint",
    );
    says(
        &home.prove(&["revoke", "--digest", "pay"]).code(2),
        "sha256:",
    );
    home.prove(&["revoke", "--identity", ""]).code(2);
    assert!(!home.config("revocations.json").exists());
    answers(&home, "pay_sum", 7);
}

#[test]
fn a_publisher_who_is_no_longer_trusted_stops_at_the_next_call() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0").install(&home, "pay");
    answers(&home, "pay_sum", 7);
    home.new_key("successor");
    home.write_trust("successor", &["acme"]);
    home.apply().ok();
    home.call("pay_sum", &json!({})).code(4);
    says(&home.run(&["list"]).ok(), "signed by another key");
}

#[test]
fn an_older_version_than_one_seen_is_a_rollback() {
    let home = Home::trusting(&["acme"]);
    let old = pay("1.0.0").sign(&home, "old");
    pay("1.1.0").install(&home, "new");
    refused_install(
        &home,
        &old,
        "acme:pay 1.0.0 is older than 1.1.0, which `publisher` published before: a rollback",
    );
    // Forgetting the skill does not forget its version.
    home.prove(&["remove", "acme:pay"]).ok();
    refused_install(&home, &old, "a rollback");
    home.stop();
    refused_install(&home, &old, "a rollback");
    let run = home.prove(&["install", text(&old), "--allow-rollback"]);
    run.ok();
    answers(&home, "pay_sum", 7);
}

/// What the Sigstore client conformance suite asks, and in which words.
#[test]
fn a_bundle_is_asked_about_as_the_conformance_protocol_has_it() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0").sign(&home, "pay");
    let bundle = bundle_of(&file);
    let root = home.path("root.json");
    let names_no_log =
        r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    fs::write(&root, names_no_log).unwrap();
    let (key, stranger) = (home.path("publisher.pub"), home.new_key("stranger"));
    let stranger = stranger.with_extension("pub");
    let digest = vouchsafe_package::Digest::of(&fs::read(&file).unwrap()).to_string();
    let ask = |options: &[&str], artifact: &str| {
        let mut words = vec!["verify-bundle", "--bundle", text(&bundle)];
        words.extend_from_slice(options);
        words.push(artifact);
        let run = home.run(&words);
        assert_eq!(run.stdout, "", "{words:?}");
        run
    };
    let own = ["--key", text(&key), "--trusted-root", text(&root)];
    let other_order = ["--trusted-root", text(&root), "--key", text(&key)];
    ask(&own, text(&file)).ok();
    ask(&other_order, &digest).ok();
    ask(&own, &digest.to_uppercase().replace("SHA256", "sha256")).ok();
    let changed = home.path("changed.wasm");
    fs::write(&changed, "other bytes").unwrap();
    says(
        &ask(&own, text(&changed)).code(4),
        "the bundle is for other bytes",
    );
    let theirs = ["--key", text(&stranger), "--trusted-root", text(&root)];
    says(
        &ask(&theirs, &digest).code(4),
        "the signature does not match",
    );
    // Without that root the log is asked for, in either of the built-in ones.
    says(
        &ask(&["--key", text(&key)], &digest).code(4),
        "transparency log",
    );
    says(
        &ask(&["--staging", "--key", text(&key)], &digest).code(4),
        "transparency log",
    );

    let identity = ["--certificate-identity", "anna@corp.example"];
    let issuer = ["--certificate-oidc-issuer", "https://issuer.example"];
    ask(&[identity, issuer].concat(), &digest).code(4);
    for senseless in [
        [&own[..], &identity, &issuer].concat(),
        [&own[..], &identity].concat(),
        identity.to_vec(),
        vec![],
    ] {
        says(&ask(&senseless, &digest).code(2), "give either --key");
    }
    for nothing in ["sha256:00", "sha512:00", "absent.wasm"] {
        says(&ask(&own, nothing).code(2), "neither a file nor");
    }
}
