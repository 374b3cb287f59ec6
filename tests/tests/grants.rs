//! Nothing runs but what an operator granted, to the bytes that were granted; and nobody but the
//! operator changes that.
#![cfg(test)]

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use vouchsafe_keys::statement::{self, Envelope};
use vouchsafe_keys::{Algorithm, PrivateKey};
use vouchsafe_package::Digest;
use vouchsafe_tests::say::{answers, refuses, says, text};
use vouchsafe_tests::{Home, Run, Sketch, Socket};

/// The payload type of what `apply` signs.
const APPLIED: &str = "application/vnd.vouchsafe.applied+json";

fn pay(version: &str, answer: u32) -> Sketch {
    Sketch::new("acme:pay", version, answer)
}

/// The number of the statement in force.
fn serial(home: &Home) -> Json {
    Socket::open(home)
        .ask(&json!({ "do": "in-force" }))
        .unwrap()["serial"]
        .clone()
}

/// Hands a signed package to the owner as anybody with the user's shell can: without a proof.
fn keep(home: &Home, file: &Path) -> Result<Json, Json> {
    let digest = Digest::of(&fs::read(file).unwrap());
    let keep = json!({ "do": "keep", "file": file, "digest": digest, "allow_rollback": true });
    Socket::open(home).ask(&keep)
}

/// Edits the grant of `acme:pay` and applies it.
fn edit_grant(home: &Home, edit: impl FnOnce(String) -> String) -> Run {
    let path = home.config("grants/acme.pay.toml");
    fs::write(&path, edit(fs::read_to_string(&path).unwrap())).unwrap();
    home.apply()
}

#[test]
fn what_a_file_says_and_nobody_enforces_is_an_error_with_its_line() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    let grant = fs::read_to_string(home.config("grants/acme.pay.toml")).unwrap();
    let trust = fs::read_to_string(home.config("trust.toml")).unwrap();
    let before = serial(&home);
    let cases = [
        (
            "grants/acme.pay.toml",
            format!("frobnicate = true\n{grant}"),
            "acme.pay.toml:1",
        ),
        (
            "grants/acme.pay.toml",
            grant.replace("sum = {}", "sum = { konfirm = \"always\" }"),
            "acme.pay.toml:6",
        ),
        (
            "grants/acme.pay.toml",
            grant.replace("sum = {}", "sum = { confirm = \"never\" }"),
            "acme.pay.toml:6",
        ),
        (
            "grants/acme.pay.toml",
            format!("{grant}[bus]\n"),
            "can't be granted",
        ),
        (
            "grants/acme.pay.toml",
            format!("{grant}[limits]\nmemory = 0\n"),
            "acme.pay.toml:8",
        ),
        (
            "grants/acme.pay.toml",
            grant.replace("digest ", "digset "),
            "acme.pay.toml:3",
        ),
        (
            "grants/again.toml",
            grant.clone(),
            "is granted already at grants/acme.pay.toml:1",
        ),
        (
            "trust.toml",
            format!("{trust}\nsurprise = 1\n"),
            "trust.toml:11",
        ),
        (
            "trust.toml",
            trust.replace("transparency = \"none\"", "transparency = \"maybe\""),
            "trust.toml",
        ),
        (
            "roles/agent.toml",
            "role = \"agent\"\nskils = []\n".to_owned(),
            "roles/agent.toml:2",
        ),
        (
            "policies/mine.cedar",
            "permit(principal, action, resource);".to_owned(),
            "policies/mine.cedar:1",
        ),
        ("revocations.json", "{}".to_owned(), "revocations.json"),
    ];
    for (name, bad, place) in cases {
        let path = home.config(name);
        let good = fs::read(&path).ok();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bad).unwrap();
        says(&home.apply().code(4), place);
        match good {
            Some(good) => fs::write(&path, good).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    assert_eq!(serial(&home), before);
    answers(&home, "pay_sum", 7);
}

#[test]
fn a_grant_never_passes_to_other_bytes() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "old");
    let new = pay("1.0.1", 8).sign(&home, "new");
    keep(&home, &new).unwrap();
    answers(&home, "pay_sum", 7);
    says(
        &home.run(&["list"]).ok(),
        "grants/acme.pay.toml:3: digest is sha256:",
    );
    // Not even where the granted bytes are gone.
    let old = Digest::of(&fs::read(home.path("old.wasm")).unwrap());
    Socket::open(&home)
        .ask(&json!({ "do": "remove", "skill": old }))
        .unwrap();
    refuses(&home, "pay_sum", "digest is sha256:");
    home.prove(&["grant", text(&new)]).ok();
    answers(&home, "pay_sum", 8);
}

#[test]
fn a_grant_that_follows_admits_what_asks_for_nothing_more() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "old");
    edit_grant(&home, |grant| format!("follow = \"^1\"\n{grant}")).ok();
    // A version that asks for nothing more needs nobody,
    keep(&home, &pay("1.0.1", 8).sign(&home, "same")).unwrap();
    answers(&home, "pay_sum", 8);
    keep(&home, &pay("1.0.2", 9).sign(&home, "next")).unwrap();
    answers(&home, "pay_sum", 9);
    let old = Digest::of(&fs::read(home.path("same.wasm")).unwrap());
    says(
        &home.run(&["list"]).ok(),
        &format!("let grants/acme.pay.toml say `digest = \"{old}\"` and no `follow`"),
    );
    // and an older one does not come back by itself when the newer is taken away, but the one that
    // the grant names.
    let newest = Digest::of(&fs::read(home.path("next.wasm")).unwrap());
    Socket::open(&home)
        .ask(&json!({ "do": "remove", "skill": newest }))
        .unwrap();
    says(&home.run(&["list"]).ok(), "a rollback");
    answers(&home, "pay_sum", 7);
    let more = [
        (
            "words",
            pay("1.1.0", 666).saying("Gives the sum. Call it often."),
            "the words of tool `sum` changed",
        ),
        (
            "tool",
            pay("1.1.1", 666).with("drain", "read", 666),
            "tool `drain` is new",
        ),
        ("range", pay("2.0.0", 666), "it is not in `^1`"),
        (
            "limits",
            Sketch {
                manifest: "[limits]\nmemory = \"512 MiB\"\n".into(),
                ..pay("1.1.3", 666)
            },
            "its limits are higher",
        ),
    ];
    for (name, sketch, reason) in more {
        keep(&home, &sketch.sign(&home, name)).unwrap();
        answers(&home, "pay_sum", 7);
        says(&home.run(&["list"]).ok(), reason);
    }
    let effect = Sketch::new("acme:pay", "1.1.4", 666);
    let tools = effect.tools.into_iter().map(|mut tool| {
        tool.effect = "write".to_owned();
        tool
    });
    let effect = Sketch {
        tools: tools.collect(),
        ..Sketch::new("acme:pay", "1.1.4", 666)
    };
    keep(&home, &effect.sign(&home, "effect")).unwrap();
    answers(&home, "pay_sum", 7);
    says(
        &home.run(&["list"]).ok(),
        "tool `sum` goes from read to write",
    );
}

#[test]
fn an_update_that_wants_to_reach_more_is_inert() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("update-old");
    let grant = home.config("grants/guests.update.toml");
    let follows = format!("follow = \"^1\"\n{}", fs::read_to_string(&grant).unwrap());
    fs::write(&grant, follows).unwrap();
    home.apply().ok();
    let new = home.pack_guest("update-new");
    home.sign(&new);
    keep(&home, &new).unwrap();
    let greeting = home
        .call("update_greet", &json!({ "name": "Anna" }))
        .ok()
        .json();
    assert_eq!(greeting["output"]["result"], "Good day, Anna.");
    let listed = home.run(&["list"]).ok();
    says(&listed, "destination `statistics` is new");
    says(&listed, "it imports `wasi:http/outgoing-handler");
    says(&listed, "tool `greet` goes from read to write");
    let diff = home
        .run(&["diff", text(&home.path("update-old.wasm")), text(&new)])
        .code(3);
    says(&diff, "MORE");
}

#[test]
fn an_edited_file_gives_nothing_until_it_is_applied() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    home.prove(&["revoke", "--renew"]).ok();
    answers(&home, "pay_sum", 7);
    let role = b"role = \"local\"\nskills = [\"execute\"]\ntools = [\"*\"]\n";
    for name in [
        "grants/acme.pay.toml",
        "trust.toml",
        "revocations.json",
        "roles/local.toml",
    ] {
        let path = home.config(name);
        let good = fs::read(&path).ok();
        let edited = match &good {
            Some(good) => [good.as_slice(), b"\n"].concat(),
            None => role.to_vec(),
        };
        let reason = format!("`{name}` was edited since it was applied");
        fs::write(&path, &edited).unwrap();
        refuses(&home, "pay_sum", &reason);
        says(&home.run(&["doctor"]).code(1), name);
        // A restart changes nothing about it, nor does an apply without the proof.
        home.stop();
        refuses(&home, "pay_sum", &reason);
        home.run(&["apply", "--yes"]).code(4);
        refuses(&home, "pay_sum", &reason);
        // Put back, it is as it was applied.
        match &good {
            Some(good) => fs::write(&path, good).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        answers(&home, "pay_sum", 7);
        if good.is_some() {
            fs::remove_file(&path).unwrap();
            refuses(&home, "pay_sum", &reason);
        }
        fs::write(&path, &edited).unwrap();
        home.apply().ok();
        answers(&home, "pay_sum", 7);
    }
}

#[test]
fn a_grant_that_is_written_and_not_applied_gives_nothing() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0", 7).with("extra", "read", 8).sign(&home, "pay");
    keep(&home, &file).unwrap();
    let digest = Digest::of(&fs::read(&file).unwrap());
    let grant = |tools: &str| {
        let text = format!(
            "skill = \"acme:pay\"\npublisher = \"publisher\"\ndigest = \"{digest}\"\n[tools]\n{tools}"
        );
        fs::write(home.config("grants/acme.pay.toml"), text).unwrap();
    };
    grant("sum = {}\n");
    refuses(&home, "pay_sum", "no grant in force is for `acme:pay`");
    home.apply().ok();
    answers(&home, "pay_sum", 7);
    // A tool that is declared and not granted is not there.
    refuses_unknown(&home, "pay_extra");
    grant("sum = {}\nextra = {}\n");
    refuses_unknown(&home, "pay_extra");
    refuses(&home, "pay_sum", "was edited");
    home.apply().ok();
    answers(&home, "pay_extra", 8);
    // A grant of what the skill does not declare never comes into force.
    grant("sum = {}\nextra = {}\nmore = {}\n");
    says(&home.apply().code(4), "the skill has no tool `more`");
    grant("sum = {}\nextra = {}\n");
    answers(&home, "pay_extra", 8);
}

#[test]
fn a_name_that_means_nothing_is_an_error() {
    let home = Home::trusting(&["acme"]);
    for name in ["grants/notes.txt", "role/local.toml", "revocation.json"] {
        let path = home.config(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "skills = []\n").unwrap();
        let stranger = name.strip_suffix("/local.toml").unwrap_or(name);
        says(&home.apply().code(4), stranger);
        fs::remove_file(&path).unwrap();
    }
    fs::remove_dir(home.config("role")).unwrap();
    fs::write(home.config(".trust.toml.swp"), "").unwrap();
    home.apply().ok();
}

#[test]
fn what_lay_there_before_init_is_a_proposal_that_is_shown() {
    let home = Home::empty();
    let planted = home.config("roles/local.toml");
    fs::create_dir_all(planted.parent().unwrap()).unwrap();
    fs::write(
        &planted,
        "role = \"local\"\nskills = [\"execute\"]\ntools = [\"*\"]\n",
    )
    .unwrap();
    home.run(&["init", "--passphrase-file", home.passphrase()])
        .ok();
    let edited = home.run(&["doctor"]).code(1);
    says(&edited, "roles/local.toml");
    says(&home.apply().ok(), "role local");
}

#[test]
fn nothing_that_is_shown_for_approval_moves_the_cursor() {
    let home = Home::trusting(&["acme"]);
    let trust = home.config("trust.toml");
    let before = fs::read_to_string(&trust).unwrap();
    for hidden in ["\\u001b[2K", "\\u202e", "\\u200b"] {
        for (identity, issuer) in [("", hidden), (hidden, "")] {
            let evil = format!(
                "{before}\n[publishers.evil]\nnamespaces = [\"evil\"]\n\
                 identity = \"https://ci.example/{identity}x\"\nissuer = \"https://ci.example{issuer}\"\n"
            );
            fs::write(&trust, evil).unwrap();
            let run = home.apply().code(4);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(!all.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{all:?}");
        }
    }
}

#[test]
fn who_says_no_to_a_removal_keeps_everything() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "old");
    pay("1.1.0", 8).install(&home, "pay");
    home.run(&["remove", "pay"]).code(4);
    home.run(&["remove", "pay", "--yes"]).code(4);
    answers(&home, "pay_sum", 8);
    // An older version goes alone, by the digits that `list` shows.
    let old = Digest::of(&fs::read(home.path("old.wasm")).unwrap());
    home.run(&["remove", &old.to_string()[..19]]).ok();
    answers(&home, "pay_sum", 8);
    home.prove(&["remove", "pay"]).ok();
    says(&home.run(&["list"]).ok(), "no skill is installed");
    assert!(!home.config("grants/acme.pay.toml").exists());
}

#[track_caller]
fn refuses_unknown(home: &Home, tool: &str) {
    says(&home.call(tool, &json!({})).code(2), "there is no tool");
    // Nobody waits for a refusal's record: an owner that has ended has written it.
    home.stop();
    let records = home.records(20);
    let told = |record: &Json| record["kind"] == "refusal" && record["skill"].is_null();
    assert!(records.iter().any(told), "{records:#?}");
}

#[test]
fn the_words_of_a_caller_who_names_no_tool_are_not_recorded() {
    let home = Home::trusting(&["acme"]);
    for words in ["anna@corp.example owes 42 EUR", &"x".repeat(49)] {
        home.call(words, &json!({})).code(2);
    }
    home.stop();
    let records = serde_json::to_string(&home.records(20)).unwrap();
    assert!(records.contains("there is no such tool"), "{records}");
    assert!(
        !records.contains("anna") && !records.contains("xxx"),
        "{records}"
    );
}

#[test]
fn nothing_is_granted_trusted_or_applied_with_the_user_s_shell_alone() {
    let home = Home::trusting(&["acme"]);
    let installed = pay("1.0.0", 7).install(&home, "pay");
    let new = pay("1.0.1", 8).sign(&home, "new");
    let other = Sketch::new("acme:other", "1.0.0", 9).sign(&home, "other");
    home.run(&["disable", "acme:pay"]).ok();
    refuses(&home, "pay_sum", "disabled");
    let before = serial(&home);
    let grants = || fs::read_dir(home.config("grants")).unwrap().count();

    home.write_trust("publisher", &["acme", "more"]);
    let wrong = home.path("wrong");
    fs::write(&wrong, "battery staple\n").unwrap();
    home.new_key("intruder");
    let intruder = home.path("intruder.key");
    let verbs: [&[&str]; 6] = [
        &["apply"],
        &["grant", text(&new)],
        &["grant", text(&installed)],
        &["install", text(&installed)],
        &["install", text(&other)],
        &["revoke", "--renew"],
    ];
    let proofs: [&[&str]; 4] = [
        &[],
        &["--yes"],
        &["--yes", "--passphrase-file", text(&wrong)],
        &[
            "--yes",
            "--operator-key",
            text(&intruder),
            "--passphrase-file",
            home.passphrase(),
        ],
    ];
    for verb in verbs {
        for proof in proofs {
            let run = home.run(&[verb, proof].concat());
            assert_eq!(
                run.code, 4,
                "{verb:?} {proof:?}: {} {}",
                run.stdout, run.stderr
            );
            assert_eq!(grants(), 1, "{verb:?}");
        }
    }
    assert_eq!(serial(&home), before);
    refuses(&home, "pay_sum", "disabled");
    refuses(&home, "other_sum", "not granted");
    // Trust that is proposed and not applied trusts nobody.
    home.write_trust("intruder", &["evil"]);
    let evil = Sketch::new("evil:pay", "1.0.0", 666).pack(&home, "evil");
    home.sign_with(&evil, &intruder);
    says(&home.install(&evil).code(4), "signed by another key");
    // The words of the refusals, once.
    says(
        &home.run(&["apply", "--yes"]).code(4),
        "there is no terminal to ask for it",
    );
    says(&home.run(&["apply"]).code(4), "nobody is there to say yes");
    let run = home.run(&["apply", "--yes", "--passphrase-file", text(&wrong)]);
    says(&run.code(4), "the operator key did not open");
    // Anybody may take away; the grant stays until the operator takes it away too.
    home.run(&["remove", "acme:pay", "--yes"]).code(4);
    assert_eq!((grants(), serial(&home)), (1, before));
}

#[test]
fn what_is_switched_off_stays_off_until_the_operator_switches_it_on() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0", 7).install(&home, "pay");
    answers(&home, "pay_sum", 7);
    home.run(&["disable", "pay"]).ok();
    refuses(&home, "pay_sum", "disabled");
    // Neither a restart, nor the file handed in again, nor an apply of the same files.
    home.stop();
    refuses(&home, "pay_sum", "disabled");
    keep(&home, &file).unwrap();
    refuses(&home, "pay_sum", "disabled");
    home.run(&["install", text(&file), "--yes"]).code(4);
    refuses(&home, "pay_sum", "disabled");
    home.apply().ok();
    refuses(&home, "pay_sum", "disabled");
    home.install(&file).ok();
    answers(&home, "pay_sum", 7);
    home.stop();
    answers(&home, "pay_sum", 7);
    // Removed with its grant, wherever that stands.
    fs::rename(
        home.config("grants/acme.pay.toml"),
        home.config("grants/mine.toml"),
    )
    .unwrap();
    home.apply().ok();
    home.prove(&["remove", "acme:pay"]).ok();
    assert!(!home.config("grants/mine.toml").exists());
    refuses_unknown(&home, "pay_sum");
    assert_eq!(home.run(&["list", "--json"]).ok().json(), json!([]));
    assert_eq!(fs::read_dir(home.data("skills")).unwrap().count(), 0);
}

/// The body of `applied.json`: what an intruder can read and say again.
fn applied(home: &Home) -> Json {
    let file: Json = serde_json::from_slice(&fs::read(home.data("applied.json")).unwrap()).unwrap();
    serde_json::from_str(file["body"].as_str().unwrap()).unwrap()
}

#[test]
fn over_the_socket_only_the_operator_s_next_statement_is_taken() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    let wide = applied(&home);
    edit_grant(&home, |grant| {
        grant.replace("sum = {}", "sum = { confirm = \"always\" }")
    })
    .ok();
    refuses(&home, "pay_sum", "NOT_APPROVED");
    let before = serial(&home);
    let mut socket = Socket::open(&home);
    let mut apply = |statement: &Json, files: &Json| {
        let failure = socket
            .ask(&json!({ "do": "apply", "statement": statement, "files": files }))
            .unwrap_err();
        failure["message"].as_str().unwrap().to_owned()
    };
    // An older one again,
    let said = apply(&wide["statement"], &wide["files"]);
    assert!(said.contains("the statement has serial"), "{said}");
    // the present one with other files,
    let now = applied(&home);
    let said = apply(&now["statement"], &wide["files"]);
    assert!(said.contains("serial"), "{said}");
    // the next one under a key of the intruder's, whoever it says it is,
    let pem = fs::read_to_string(home.config("operator.key")).unwrap();
    let operator = PrivateKey::from_pem(&pem, Some(&"correct horse".to_owned().into())).unwrap();
    let envelope: Envelope = serde_json::from_value(wide["statement"].clone()).unwrap();
    let bytes = statement::verify(&envelope, APPLIED, &[operator.public()]).unwrap();
    let mut next: Json = serde_json::from_slice(&bytes).unwrap();
    next["serial"] = json!(before.as_u64().unwrap() + 1);
    next["prev"] = now["mark"]["digest"].clone();
    let sign = |next: &Json, key: &PrivateKey| {
        let bytes = vouchsafe_package::value::canonical(next);
        let envelope = statement::sign(APPLIED, &bytes, key).unwrap();
        serde_json::to_value(envelope).unwrap()
    };
    let intruder = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let mut forged = sign(&next, &intruder);
    let said = apply(&forged, &wide["files"]);
    assert!(said.contains("not believed"), "{said}");
    forged["signatures"][0]["keyid"] = json!(operator.public().fingerprint());
    let said = apply(&forged, &wide["files"]);
    assert!(said.contains("not believed"), "{said}");
    // the next one indeed, with other files than were signed,
    let said = apply(&sign(&next, &operator), &now["files"]);
    assert!(said.contains("is not as it was applied"), "{said}");
    // or what the operator signed as something else.
    let mut envelope = now["statement"].clone();
    envelope["payloadType"] = json!("application/vnd.vouchsafe.revocations.v1+json");
    let said = apply(&envelope, &now["files"]);
    assert!(said.contains("not believed"), "{said}");

    assert_eq!(serial(&home), before);
    refuses(&home, "pay_sum", "NOT_APPROVED");
}

#[test]
fn the_owner_does_not_start_on_state_that_is_not_its_own() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    answers(&home, "pay_sum", 7);
    home.stop();
    let files = [
        "applied.json",
        "disabled.json",
        "versions.json",
        "operator.json",
    ];
    for name in files {
        let path = home.data(name);
        let good = fs::read_to_string(&path).unwrap();
        let other = if name == "disabled.json" {
            "applied.json"
        } else {
            "disabled.json"
        };
        let edited = good.replacen("1", "2", 1);
        assert_ne!(edited, good);
        for bad in [
            None,
            Some(edited),
            Some(fs::read_to_string(home.data(other)).unwrap()),
        ] {
            match bad {
                None => fs::remove_file(&path).unwrap(),
                Some(bad) => fs::write(&path, bad).unwrap(),
            }
            for run in [home.run(&["list"]), home.call("pay_sum", &json!({}))] {
                assert_ne!(run.code, 0, "{name}");
                says(&run, name);
            }
            says(&home.run(&["doctor"]).code(1), name);
            assert!(!home.data("owner.sock").exists());
        }
        fs::write(&path, good).unwrap();
    }
    answers(&home, "pay_sum", 7);
    // Nor on its own, if it is old.
    let old = fs::read(home.data("applied.json")).unwrap();
    edit_grant(&home, |grant| {
        grant.replace("sum = {}", "sum = { confirm = \"always\" }")
    })
    .ok();
    home.stop();
    let new = fs::read(home.data("applied.json")).unwrap();
    fs::write(home.data("applied.json"), old).unwrap();
    let run = home.run(&["list"]);
    assert_ne!(run.code, 0);
    says(&run, "an old state was put back");
    fs::write(home.data("applied.json"), new).unwrap();
    refuses(&home, "pay_sum", "NOT_APPROVED");
}

#[test]
fn the_same_name_from_another_publisher_is_another_skill() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    // The namespace changes hands.
    let heir = home.new_key("heir");
    home.write_trust("heir", &["acme"]);
    home.apply().ok();
    let theirs = pay("1.0.0", 666).pack(&home, "theirs");
    home.sign_with(&theirs, &heir);
    keep(&home, &theirs).unwrap();
    refuses(&home, "pay_sum", "");
    let listed = home.run(&["list"]).ok();
    says(&listed, "no grant in force is for `acme:pay` of `heir`");
    says(&listed, "which is another skill");
    let run = home.install(&theirs);
    says(
        &run,
        "`acme:pay` of `publisher` is installed and has the same name",
    );
}

#[test]
fn names_that_look_alike_are_flagged_and_tool_names_belong_to_one_skill() {
    let home = Home::trusting(&["acme", "acrne"]);
    Sketch::new("acme:payments", "1.0.0", 7).install(&home, "good");
    let file = Sketch::new("acrne:payments", "1.0.0", 8).sign(&home, "alike");
    let run = home.install(&file).code(4);
    says(
        &run,
        "`acme:payments` of `publisher` is installed and looks the same",
    );
    says(
        &run,
        "the tools of two skills would be called `payments_...`",
    );
    says(&run, "alias");
    answers(&home, "payments_sum", 7);
    // With a name of its own it is there beside the other.
    let digest = Digest::of(&fs::read(&file).unwrap());
    let grant = format!(
        "skill = \"acrne:payments\"\npublisher = \"publisher\"\ndigest = \"{digest}\"\nalias = \"others\"\n[tools]\nsum = {{}}\n"
    );
    fs::write(home.config("grants/acrne.payments.toml"), grant).unwrap();
    home.apply().ok();
    answers(&home, "payments_sum", 7);
    answers(&home, "others_sum", 8);
    let json = home.run(&[
        "install",
        text(&file),
        "--json",
        "--yes",
        "--passphrase-file",
        home.passphrase(),
    ]);
    says(&json.ok(), "looks the same");
}

#[test]
fn what_cannot_be_undone_is_not_done_without_a_person() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7)
        .with("wire", "irreversible", 8)
        .install(&home, "pay");
    answers(&home, "pay_sum", 7);
    refuses(&home, "pay_wire", "NOT_APPROVED");
    // A grant may ask for more, by confirming or by raising; it can't ask for less.
    let with = |line: &str| {
        edit_grant(&home, |grant| {
            let lines = grant.lines().map(|old| {
                if old.starts_with("sum") || old.starts_with("wire") {
                    ""
                } else {
                    old
                }
            });
            lines.collect::<Vec<_>>().join("\n") + "\n" + line + "\n"
        })
    };
    with("sum = { confirm = \"always\" }").ok();
    refuses(&home, "pay_sum", "NOT_APPROVED");
    with("sum = { effect = \"irreversible\" }").ok();
    refuses(&home, "pay_sum", "NOT_APPROVED");
    says(
        &with("wire = { effect = \"read\" }").code(4),
        "never lower it",
    );
}
