//! The words of one command: arguments as a person writes them, whose turn `why` asks for, and what the
//! log says of who changed what.

use std::fs;

use serde_json::{Value as Json, json};
use vouchsafe_package::Digest;
use vouchsafe_tests::say::{says, text};
use vouchsafe_tests::{Home, Sketch, Socket};

use super::pay;

#[test]
fn an_argument_is_what_the_tool_s_type_makes_of_it() {
    let home = Home::trusting(&["guests"]);
    home.with_guest("types");
    let result = |arguments: &[&str]| -> Json {
        let arguments = [&["call", "types_fallible", "--json"], arguments].concat();
        home.run(&arguments).ok().json()["output"]["result"].clone()
    };
    // A text stays one, whatever else it could be.
    for word in ["5", "true", "null", "{}", "\"quoted\"", "a=b", ""] {
        let pair = format!("text={word}");
        assert_eq!(result(&["fail=false", &pair]), json!(word));
    }
    assert_eq!(result(&["fail:=false", "text:=\"a\\u0062\""]), json!("ab"));
    let file = home.path("text");
    fs::write(&file, "5").unwrap();
    let pair = format!("text=@{}", text(&file));
    assert_eq!(result(&["fail=false", &pair]), json!("5"));
    let record = r#"value={"letter":"x","text":"5","bytes":"aGk="}"#;
    let run = home.run(&["call", "types_same-texts", record, "--json"]);
    assert_eq!(run.ok().json()["output"]["text"], "5");
    let run = home.run(&["call", "types_fallible", "fail=false", "text:=5"]);
    says(&run.code(2), "expected a string, found `5`");
    let run = home.run(&["call", "types_fallible", "fail=false", "other=5"]);
    says(&run.code(2), "`other`");
}

#[test]
fn why_asks_for_another_s_turn_and_with_their_arguments() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    let role = "role = \"ops\"\nskills = [\"execute\"]\ntools = [\"acme:other/*\"]\n";
    fs::write(home.config("roles/ops.toml"), role).unwrap();
    home.apply().ok();
    let run = home.run(&["why", "pay_sum", "--as", "ops/bob"]).code(4);
    says(&run, "for bob (role ops)");
    says(&run, "roles/ops.toml");
    let run = home.run(&["why", "pay", "sum", "--as", "bob"]).ok();
    says(&run, "for bob (role local)");
    let input = home.path("input.json");
    fs::write(&input, "{}").unwrap();
    let run = home.run(&["why", "pay_sum", "--input", text(&input)]);
    assert!(run.ok().stdout.starts_with("allowed"));
    let run = home.run(&["why", "pay_sum", "--as", "nobody/bob"]);
    says(&run.code(2), "roles/nobody.toml: write it");
}

#[test]
fn the_log_says_who_changed_what() {
    let home = Home::trusting(&["acme"]);
    let one = pay("1.0.0", 7).install(&home, "one");
    home.run(&["disable", "pay"]).ok();
    home.prove(&["remove", "pay"]).ok();
    home.prove(&["keys", "rotate"]).ok();
    let run = home.run(&["audit", "show"]).ok();
    let operator = home.run(&["keys", "list"]).ok().stdout;
    let at = operator.find("sha256:").unwrap();
    let (operator, digest) = (&operator[at..at + 15], Digest::of(&fs::read(&one).unwrap()));
    let digest = &digest.to_string()[..15];
    let lines: Vec<&str> = run.stdout.lines().collect();
    let says = |action: &str, words: &[&str]| {
        let line = lines.iter().find(|line| line.contains(action)).unwrap();
        for word in words {
            assert!(line.contains(word), "want `{word}` in `{line}`");
        }
    };
    says("apply", &["statement 1", operator]);
    says("keep", &["acme:pay 1.0.0", digest, "p-"]);
    says("disable", &["acme:pay", digest, "p-"]);
    says("remove", &["acme:pay", digest, "p-"]);
    says("rotate-keys", &["generation 2", operator]);
}

#[test]
fn what_the_log_does_not_show_it_says() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    home.call("pay_summ", &json!({})).code(2);
    home.stop();
    let show = |arguments: &[&str]| home.run(&[&["audit", "show"], arguments].concat()).ok();
    let (all, total) = (show(&["--json"]).json(), home.records(100).len());
    assert_eq!(all.as_array().unwrap().len(), total);
    for running in [false, true] {
        if running {
            home.run(&["list"]).ok();
        }
        says(
            &show(&["--limit", "2"]),
            &format!("the last 2 of {total} records; `--all` shows all of them"),
        );
        says(
            &show(&["--from", "1", "--limit", "2"]),
            "2 records; `--from 3` goes on",
        );
        let from = (total - 1).to_string();
        for whole in [
            &["--all"][..],
            &["--limit", "1001"],
            &["--from", &from, "--limit", "2"],
        ] {
            let run = show(whole);
            assert!(
                !run.stderr.contains("records;"),
                "{whole:?}: {}",
                run.stderr
            );
            assert!(
                !show(&[whole, &["--json"]].concat())
                    .stdout
                    .contains("records;")
            );
        }
        // What was asked for stands there, though no skill has it.
        says(&show(&["--all"]), "call pay_summ");
    }
}

#[test]
fn a_skill_whose_calls_are_refused_is_not_told_to_be_on() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    says(&home.run(&["doctor"]), "1 of 1 can be called");
    for name in ["grants/acme.pay.toml", "trust.toml", "roles/local.toml"] {
        let good = fs::read(home.config(name)).ok();
        fs::write(home.config(name), "# edited\n").unwrap();
        let listed = home.run(&["list", "--json"]).ok().json();
        assert_eq!(listed[0]["state"], "refused", "{name}");
        let reason = format!("`{name}` was edited since it was applied");
        says(&home.run(&["list"]).ok(), &reason);
        says(&home.run(&["doctor"]).code(1), "0 of 1 can be called");
        match good {
            Some(good) => fs::write(home.config(name), good).unwrap(),
            None => fs::remove_file(home.config(name)).unwrap(),
        }
    }
    says(&home.run(&["doctor"]), "1 of 1 can be called");
}

#[test]
fn what_mends_a_fault_is_told_as_all_else_that_mends() {
    let home = Home::trusting(&["acme"]);
    pay("1.0.0", 7).install(&home, "pay");
    let path = home.config("grants/acme.pay.toml");
    let grant = fs::read_to_string(&path).unwrap();
    let bad = grant.replace("sum = {}", "sum = { confirm = \"never\" }");
    fs::write(&path, &bad).unwrap();
    let run = home.run(&["policy", "check"]).code(4);
    says(&run, "\n  fix: leave `confirm` out\n");
    let told = home.run(&["policy", "check", "--json"]).code(4).json();
    assert_eq!(told["fix"], "leave `confirm` out");
    assert!(!told["error"].as_str().unwrap().contains("fix:"));
    // Of several, each with its place.
    fs::write(
        home.config("grants/other.toml"),
        bad.replace("acme:pay", "acme:other"),
    )
    .unwrap();
    let told = home.run(&["policy", "check", "--json"]).code(4).json();
    let fixes: Vec<_> = told["fix"].as_str().unwrap().lines().collect();
    assert_eq!(
        fixes,
        [
            "grants/acme.pay.toml:6:19: leave `confirm` out",
            "grants/other.toml:6:19: leave `confirm` out"
        ]
    );
    assert_eq!(told["error"].as_str().unwrap().lines().count(), 2);
}

#[test]
fn who_has_no_terminal_is_told_the_option_that_there_is() {
    let home = Home::trusting(&["acme"]);
    let file = text(&home.path("b")).to_owned();
    let run = home.run(&["backup", &file]).code(4);
    says(&run, "with `--backup-passphrase-file FILE`");
    let run = home.run(&[
        "backup",
        &file,
        "--backup-passphrase-file",
        home.passphrase(),
    ]);
    run.ok();
    let run = home.run(&["revoke", "--renew", "--yes"]).code(4);
    says(&run, "with `--passphrase-file FILE`");
}

#[test]
fn two_skills_are_not_two_versions() {
    let home = Home::trusting(&["acme"]);
    let one = pay("1.0.0", 7).sign(&home, "one");
    let other = Sketch::new("acme:other", "1.0.0", 7).sign(&home, "other");
    let run = home.run(&["diff", text(&one), text(&other)]).code(2);
    says(
        &run,
        "these are two skills, not two versions of one: acme:pay and acme:other",
    );
    assert!(!run.stdout.contains("MORE"), "{}", run.stdout);
}

#[test]
fn a_new_key_says_what_each_use_of_it_takes() {
    let home = Home::empty();
    let run = home.run(&[
        "key",
        "new",
        text(&home.path("bo")),
        "--passphrase-file",
        home.passphrase(),
    ]);
    let run = run.ok();
    says(&run, "[publishers.bo]");
    let enrol = format!(
        "vouchsafe approver enrol NAME --person WHO --key {}",
        text(&home.path("bo.pub"))
    );
    says(&run, &enrol);
    home.run(&["init", "--passphrase-file", home.passphrase()])
        .ok();
    let words: Vec<_> = enrol.split(' ').skip(1).collect();
    home.run(
        &words
            .iter()
            .map(|word| match *word {
                "NAME" => "bo",
                "WHO" => "bo@corp.example",
                word => word,
            })
            .collect::<Vec<_>>(),
    )
    .ok();
    home.apply().ok();
}

/// What is shown is what is kept, and what is kept is what is granted: the file is another one by the time
/// that the grant is in force.
#[test]
fn install_shows_what_it_keeps_and_grants_what_it_showed() {
    let home = Home::trusting(&["acme"]);
    let file = pay("1.0.0", 7).sign(&home, "pay");
    let digest = Digest::of(&fs::read(&file).unwrap()).to_string();
    let run = home.install(&file).ok();
    let first = run.stdout.lines().next().unwrap();
    assert!(first.starts_with("acme:pay 1.0.0"), "{first}");
    assert!(first.contains(&digest), "{first}");
    fs::write(&file, "something else").unwrap();
    let (hex, kept) = (digest.strip_prefix("sha256:").unwrap(), home.data("skills"));
    let kept = fs::read(kept.join(format!("{hex}.wasm"))).unwrap();
    assert_eq!(Digest::of(&kept).to_string(), digest);
    let listed = home.run(&["list", "--json"]).ok().json();
    assert_eq!(listed[0]["digest"], *digest);
    let in_force = Socket::open(&home)
        .ask(&json!({ "do": "in-force" }))
        .unwrap();
    let grant = in_force["texts"]["grants/acme.pay.toml"].as_str().unwrap();
    assert!(grant.contains(&digest), "{grant}");
    assert_eq!(
        grant,
        fs::read_to_string(home.config("grants/acme.pay.toml")).unwrap()
    );
}
