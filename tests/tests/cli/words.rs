//! The words of one command: arguments as a person writes them, whose turn `why` asks for, and what the
//! log says of who changed what.

use std::fs;

use serde_json::{Value as Json, json};
use vouchsafe_package::Digest;
use vouchsafe_tests::say::{says, text};
use vouchsafe_tests::{Home, Socket};

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
    says(&run.code(2), "write `roles/nobody.toml`");
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
