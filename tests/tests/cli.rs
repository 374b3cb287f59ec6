//! What a person at the command line sees: words, exit codes, JSON, and the ways round a home.
#![cfg(test)]

#[path = "cli/begun.rs"]
mod begun;
#[path = "cli/convert.rs"]
mod convert;
#[path = "cli/drafts.rs"]
mod drafts;
#[path = "cli/words.rs"]
mod words;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::{answers, says, text};
use vouchsafe_tests::{Home, Run, Sketch, Socket, wasm};

fn pay(version: &str, answer: u32) -> Sketch {
    Sketch::new("acme:pay", version, answer)
}

/// What was printed, without what differs from run to run.
fn shown(home: &Home, run: &Run) -> String {
    let all = format!(
        "exit {}\n{}{}{}",
        run.code,
        run.stdout,
        if run.stderr.is_empty() { "" } else { "--\n" },
        run.stderr
    );
    let place = home.path("").display().to_string();
    let all = all.replace(place.trim_end_matches('/'), "DIR");
    let user = fs::metadata(home.path("")).unwrap().uid();
    let all = all.replace(&format!("uid-{user} "), "uid-N ");
    let lines: Vec<_> = all.lines().map(|line| masked(line.trim_end())).collect();
    lines.join("\n")
}

/// Eight hexadecimal digits and more are a digest, a fingerprint or a key's hint.
fn masked(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let hex = rest
            .find(|c: char| !matches!(c, '0'..='9' | 'a'..='f'))
            .unwrap_or(rest.len());
        let digits = rest[..hex].contains(|c: char| c.is_ascii_digit());
        if hex >= 8 && digits {
            out.push_str("HEX");
            rest = &rest[hex..];
        } else {
            let step = hex.max(first.len_utf8());
            out.push_str(&rest[..step]);
            rest = &rest[step..];
        }
    }
    out
}

#[test]
fn help_says_what_there_is() {
    let home = Home::empty();
    let mut all = String::new();
    for arguments in [
        &["--help"][..],
        &["install", "--help"],
        &["revoke", "--help"],
        &["call", "--help"],
    ] {
        let output = home
            .command(arguments)
            .env("COLUMNS", "100")
            .env_remove("VOUCHSAFE_HOME")
            .output()
            .unwrap();
        assert!(output.status.success());
        all.push_str(&String::from_utf8(output.stdout).unwrap());
        all.push_str("-----\n");
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_skill_s_life_in_words() {
    let home = Home::trusting(&["acme"]);
    let one = pay("1.0.0", 7)
        .with("wire", "irreversible", 8)
        .pack(&home, "one");
    let two = pay("1.1.0", 7)
        .with("wire", "irreversible", 8)
        .with("drain", "write", 9);
    let two = two.saying("Gives the sum, and more.").sign(&home, "two");
    let mut all = String::new();
    let mut step = |title: &str, run: Run| {
        all.push_str(&format!("$ {title}\n{}\n\n", shown(&home, &run)));
    };
    step("inspect ONE", home.run(&["inspect", text(&one)]));
    step("verify ONE", home.run(&["verify", text(&one)]));
    home.sign(&one);
    step("verify ONE", home.run(&["verify", text(&one)]));
    step("inspect ONE", home.run(&["inspect", text(&one)]));
    step("list", home.run(&["list"]));
    step("install ONE", home.install(&one));
    step("list", home.run(&["list"]));
    step("diff ONE TWO", home.run(&["diff", text(&one), text(&two)]));
    let grant = home.config("grants/acme.pay.toml");
    step(
        "diff --grant GRANT TWO",
        home.run(&["diff", "--grant", text(&grant), text(&two)]),
    );
    step("diff ONE ONE", home.run(&["diff", text(&one), text(&one)]));
    let same = pay("1.0.1", 9).with("wire", "irreversible", 8);
    let same = same.sign(&home, "same");
    step(
        "diff ONE SAME",
        home.run(&["diff", text(&one), text(&same)]),
    );
    step("why pay sum", home.run(&["why", "pay", "sum"]));
    step("why pay_sum", home.run(&["why", "pay_sum"]));
    step("why pay wire", home.run(&["why", "pay", "wire"]));
    step("why pay nothing", home.run(&["why", "pay", "nothing"]));
    step("why pay", home.run(&["why", "pay"]));
    step(
        "why pay_sum --as ops/bob",
        home.run(&["why", "pay_sum", "--as", "ops/bob"]),
    );
    step(
        "why nobody nothing",
        home.run(&["why", "nobody", "nothing"]),
    );
    let written = fs::read_to_string(&grant).unwrap();
    fs::write(
        &grant,
        written.replace("sum  = {}", "sum  = { confirm = \"always\" }"),
    )
    .unwrap();
    step("list", home.run(&["list"]));
    step("why pay sum", home.run(&["why", "pay", "sum"]));
    step("apply", home.apply());
    step("call pay_sum", home.run(&["call", "pay_sum"]));
    step(
        "revoke ONE",
        home.prove(&["revoke", "--digest", text(&one)]),
    );
    step("list", home.run(&["list"]));
    step("call pay_sum", home.run(&["call", "pay_sum"]));
    step("disable pay", home.run(&["disable", "pay"]));
    step("remove pay", home.prove(&["remove", "pay"]));
    insta::assert_snapshot!(all);
}

#[test]
fn errors_say_what_would_mend_them_and_exit_codes_are_as_documented() {
    let home = Home::trusting(&["guests", "acme"]);
    home.with_guest("types");
    let file = pay("1.0.0", 7).sign(&home, "pay");
    let file = text(&file).to_owned();
    let more = pay("1.1.0", 7).with("drain", "write", 9);
    let more = text(&more.sign(&home, "more")).to_owned();
    let unsigned = text(&pay("2.0.0", 7).pack(&home, "unsigned")).to_owned();
    let missing = text(&home.path("missing.wasm")).to_owned();
    let key = text(&home.path("publisher.key")).to_owned();
    let (name, public) = (
        text(&home.path("publisher")).to_owned(),
        text(&home.path("publisher.pub")).to_owned(),
    );
    let proof = home.passphrase().to_owned();
    let mut all = String::new();
    let mut expect = |code: i32, arguments: &[&str]| {
        let run = home.run(arguments).code(code);
        let command = arguments.join(" ");
        let command = command.replace(text(&home.path("")).trim_end_matches('/'), "DIR");
        all.push_str(&format!("$ {command}\n{}\n\n", shown(&home, &run)));
    };
    expect(0, &["list"]);
    expect(1, &["inspect", &missing]);
    expect(1, &["install", &missing]);
    expect(2, &["frobnicate"]);
    expect(2, &["call", "types_nothing", "odd"]);
    expect(2, &["call", "nothing_there"]);
    expect(2, &["disable", "nobody"]);
    expect(2, &["init"]);
    expect(2, &["new", "Nonsense"]);
    expect(2, &["diff", &file]);
    expect(2, &["revoke"]);
    expect(2, &["call", "types_fallible", "fail:=maybe"]);
    expect(2, &["call", "types_fallible", "fail=true", "fail:=true"]);
    expect(3, &["diff", &file, &more]);
    expect(1, &["key", "new", &name, "--passphrase-file", &proof]);
    expect(1, &["build", &name]);
    expect(2, &["call", "types_nothing", "--input", &proof]);
    expect(4, &["inspect", &key]);
    expect(
        4,
        &["sign", &key, "--key", &key, "--passphrase-file", &proof],
    );
    expect(4, &["verify", &unsigned, "--key", &public]);
    expect(4, &["verify", &unsigned]);
    expect(4, &["install", &unsigned]);
    expect(4, &["why", "types_absent"]);
    expect(2, &["call", "types_fallible", "fail=true", "fail=false"]);
    expect(2, &["call", "types_fallible", "fail=maybe", "text=no"]);
    expect(4, &["install", &file]);
    expect(4, &["install", &file, "--yes"]);
    expect(0, &["apply"]);
    expect(5, &["call", "types_fallible", "fail=true", "text=no"]);
    expect(
        4,
        &[
            "audit",
            "verify",
            "--expect",
            "1:0000000000000000000000000000000000000000000000000000000000000000",
        ],
    );
    expect(2, &["audit", "verify", "--expect", "nonsense"]);
    insta::assert_snapshot!(all);

    let nothing = Home::empty();
    says(&nothing.run(&["list"]).code(1), "run `vouchsafe init`");
    for verb in [
        &["keys", "list"][..],
        &["audit", "show"],
        &["audit", "verify"],
        &["backup", "b"],
    ] {
        says(&nothing.run(verb).code(1), "run `vouchsafe init`");
    }
    let doctor = nothing.run(&["doctor"]).code(1);
    says(&doctor, "run `vouchsafe init`");
    assert_eq!(doctor.stderr.lines().count(), 2, "{}", doctor.stderr);
    says(
        &nothing.run(&["init"]).code(4),
        "there is no terminal to ask for it",
    );
    let short = nothing.path("short");
    fs::write(&short, "short").unwrap();
    let run = nothing.run(&["init", "--passphrase-file", text(&short)]);
    says(&run.code(2), "at least 8 characters");
    assert!(!nothing.home().join("data").exists(), "nothing was begun");
}

#[test]
fn facts_are_json_when_asked_for() {
    let home = Home::empty();
    let passphrase = home.passphrase().to_owned();
    let proof = ["--yes", "--passphrase-file", &passphrase];
    let ask = |arguments: &[&str]| -> Json {
        let run = home.run(&[arguments, &["--json"]].concat()).ok();
        let facts = run.json();
        assert!(!facts.is_null(), "{arguments:?}");
        facts
    };
    let prove = |arguments: &[&str]| ask(&[arguments, &proof].concat());
    let key = home.path("publisher");
    let init = ask(&["init", "--passphrase-file", &passphrase]);
    assert!(init["operator"].as_str().unwrap().starts_with("sha256:"));
    let made = ask(&["key", "new", text(&key), "--passphrase-file", &passphrase]);
    assert!(made["fingerprint"].as_str().unwrap().starts_with("sha256:"));
    home.write_trust("publisher", &["acme"]);
    assert_eq!(prove(&["apply"])["in_force"]["serial"], 2);

    let (old, new) = (
        pay("1.0.0", 7).sign(&home, "old"),
        pay("1.0.1", 8).lay(&home, "new"),
    );
    let packed = home.path("new.wasm");
    let facts = ask(&[
        "pack",
        text(&new.join("component.wasm")),
        "--manifest",
        text(&new.join("skill.toml")),
        "--wit",
        text(&new.join("wit")),
        "--output",
        text(&packed),
    ]);
    assert_eq!(facts["skill"], "acme:pay");
    let key = home.path("publisher.key");
    let facts = ask(&[
        "sign",
        text(&packed),
        "--key",
        text(&key),
        "--passphrase-file",
        &passphrase,
    ]);
    assert_eq!(facts["key"], made["fingerprint"]);
    assert!(ask(&["verify", text(&old)])["verified"].is_string());
    assert_eq!(
        ask(&["inspect", text(&old)])["inspection"]["name"],
        "acme:pay"
    );
    assert_eq!(
        ask(&["diff", text(&old), text(&packed)])["same_publisher"],
        true
    );
    assert_eq!(prove(&["install", text(&old)])["in_force"]["serial"], 3);
    assert_eq!(ask(&["list"])[0]["state"], "on");
    assert_eq!(ask(&["call", "pay_sum"])["output"]["result"], 7);
    assert_eq!(ask(&["why", "pay", "sum"])["allowed"], true);
    assert_eq!(prove(&["grant", text(&packed)])["in_force"]["serial"], 4);
    assert!(ask(&["audit", "show"]).as_array().unwrap().len() > 3);
    assert_eq!(ask(&["audit", "verify"])["ok"], true);
    assert!(ask(&["keys", "list"])["operators"].is_array());
    assert_eq!(
        prove(&["keys", "rotate"])["keystore"]["generations"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(prove(&["revoke", "--renew"])["in_force"]["serial"], 5);
    assert!(ask(&["disable", "pay"])["disabled"].is_array());
    assert!(prove(&["remove", "pay"])["removed"].is_array());
    assert!(
        ask(&["doctor"])
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["ok"] == true)
    );
    let backup = home.path("backup");
    assert!(
        ask(&[
            "backup",
            text(&backup),
            "--backup-passphrase-file",
            &passphrase
        ])["backup"]
            .is_string()
    );
    assert_eq!(
        ask(&[
            "new",
            "acme:slips",
            "--directory",
            text(&home.path("slips"))
        ])["skill"],
        "acme:slips"
    );
    assert_eq!(ask(&["stop"])["stopped"], false);
    assert!(ask(&["mcp", "--print", "claude"])["mcpServers"].is_object());
    let usage = home.run(&["revoke", "--json"]).code(2).json();
    assert!(usage["error"].as_str().unwrap().contains("--digest"));
    assert!(
        usage["fix"]
            .as_str()
            .unwrap()
            .contains("Usage: vouchsafe revoke")
    );
    home.write_trust("publisher", &["other"]);
    let refused = home.run(&["apply", "--json", "--yes"]).code(4).json();
    assert!(refused["error"].is_string() && refused["fix"].is_string());
}

#[test]
fn completions_know_the_verbs_and_not_the_hidden_ones() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish"] {
        let run = home.run(&["completions", shell]).ok();
        assert!(
            run.stdout.contains("revoke") && run.stdout.contains("install"),
            "{shell}"
        );
        assert!(!run.stdout.contains("verify-bundle"), "{shell}");
    }
    home.run(&["completions", "nonsense"]).code(2);
}

#[test]
fn a_new_skill_is_built_and_called_and_nothing_of_it_is_trusted_afterwards() {
    let home = Home::empty();
    let directory = home.path("slips");
    home.run(&["new", "acme:pay-slips", "--directory", text(&directory)])
        .ok();
    home.run(&["new", "acme:pay-slips", "--directory", text(&directory)])
        .code(2);
    // The versions that are tested here, and no look at a registry.
    fs::copy(
        wasm::root().join("skills/Cargo.lock"),
        directory.join("Cargo.lock"),
    )
    .unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-skill");
    home.run(&["build", text(&directory), "--target-dir", text(&target)])
        .ok();
    let run = home.command(&["call", "--dev", "greet", "name=Anna"]);
    let run = in_directory(run, &directory);
    says(&run, "Anna");
    says(&run, "granted:");
    says(&run.ok(), "skill     = \"acme:pay-slips\"");
    let run = home.command(&["call", "--dev", "gret", "name=Anna"]);
    let run = in_directory(run, &directory).code(2);
    says(&run, "call one that it has: `greet`");
    assert!(!home.home().exists(), "there is no home, and none was made");
}

fn in_directory(mut command: std::process::Command, directory: &Path) -> Run {
    let output = command.current_dir(directory).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().unwrap_or(-1);
    Run {
        code,
        stdout,
        stderr,
    }
}

fn applied(home: &Home) -> Json {
    let file: Json = serde_json::from_slice(&fs::read(home.data("applied.json")).unwrap()).unwrap();
    serde_json::from_str(file["body"].as_str().unwrap()).unwrap()
}

fn backup(home: &Home) -> PathBuf {
    let file = home.path("backup.tar");
    home.run(&[
        "backup",
        text(&file),
        "--backup-passphrase-file",
        home.passphrase(),
    ])
    .ok();
    file
}

fn restore(home: &Home, file: &Path, passphrase: &str) -> Run {
    home.prove(&[
        "restore",
        text(file),
        "--backup-passphrase-file",
        passphrase,
    ])
}

#[test]
fn a_restored_home_works_and_replays_nothing_that_once_followed() {
    let first = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&first, "pay");
    answers(&first, "pay_sum", 7);
    let file = backup(&first);
    // What the operator applied after the backup, and took back since.
    pay("1.1.0", 666).install(&first, "bad");
    let later = applied(&first);
    answers(&first, "pay_sum", 666);

    let second = Home::empty();
    let wrong = second.path("wrong");
    fs::write(&wrong, "battery staple\n").unwrap();
    says(
        &restore(&second, &file, text(&wrong)).code(4),
        "the backup did not open",
    );
    restore(&second, &file, second.passphrase()).ok();
    answers(&second, "pay_sum", 7);
    says(&second.run(&["audit", "verify"]).ok(), "records");
    let replay = json!({ "do": "apply", "statement": later["statement"], "files": later["files"] });
    let failure = Socket::open(&second).ask(&replay).unwrap_err();
    assert!(
        failure["message"]
            .as_str()
            .unwrap()
            .contains("the statement has serial"),
        "{failure}"
    );
    answers(&second, "pay_sum", 7);
    restore(&second, &file, second.passphrase()).code(2);
    // The backup holds no key that opens it.
    let bytes = fs::read(&file).unwrap();
    let seal = fs::read(first.data("seal.key")).unwrap();
    assert!(!bytes.windows(seal.len()).any(|window| window == seal));
}

#[test]
fn a_restore_needs_the_operator_s_proof_and_a_whole_backup() {
    let first = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&first, "pay");
    let file = backup(&first);
    let second = Home::empty();
    let passphrase = second.passphrase();
    let run = second.run(&[
        "restore",
        text(&file),
        "--backup-passphrase-file",
        passphrase,
        "--yes",
    ]);
    says(&run.code(4), "passphrase of the operator key");

    let third = Home::empty();
    let mut bad = fs::read(&file).unwrap();
    let at = bad
        .windows(12)
        .position(|window| window == b"applied.json")
        .unwrap()
        + 600;
    bad[at] ^= 1;
    let edited = third.path("edited.tar");
    fs::write(&edited, bad).unwrap();
    let run = restore(&third, &edited, third.passphrase());
    assert_ne!(run.code, 0);
    says(&run, "applied.json");
}

#[test]
fn the_host_s_keys_are_listed_and_rotated_and_what_they_sealed_still_opens() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    answers(&home, "pay_sum", 7);
    let before = fs::read(home.data("keystore.json")).unwrap();
    says(&home.run(&["keys", "list"]).ok(), "operator  sha256:");
    home.prove(&["keys", "rotate"]).ok();
    assert_ne!(fs::read(home.data("keystore.json")).unwrap(), before);
    answers(&home, "pay_sum", 7);
    home.run(&["disable", "pay"]).ok();
    home.stop();
    home.call("pay_sum", &json!({})).code(4);
    home.install(&home.path("pay.wasm")).ok();
    answers(&home, "pay_sum", 7);
    home.prove(&["keys", "rotate"]).ok();
    answers(&home, "pay_sum", 7);
    assert_eq!(
        home.run(&["audit", "verify", "--json"]).ok().json()["ok"],
        true
    );
    let facts = home.run(&["keys", "list", "--json"]).ok().json();
    assert_eq!(
        facts["keystore"]["generations"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn doctor_finds_what_is_wrong() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    says(&home.run(&["doctor"]).ok(), "1 of 1 can be called");
    let data = home.home().join("data");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    says(&home.run(&["doctor"]).code(1), "chmod 700");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(home.config("trust.toml"), "").unwrap();
    says(
        &home.run(&["doctor"]).code(1),
        "edited since they were applied: trust.toml",
    );
}
