//! What `policy diff` says two directories of rules decide differently, held against what calls then meet.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use vouchsafe_tests::say::{says, text};
use vouchsafe_tests::{Home, Run, Sketch};

use super::{paying, post};

/// Files of rules, by their paths.
type Rules = BTreeMap<String, String>;

/// Lays `rules` down beside the home.
fn lay(home: &Home, name: &str, rules: &Rules) -> PathBuf {
    let directory = home.path(name);
    drop(fs::remove_dir_all(&directory));
    fs::create_dir_all(&directory).unwrap();
    for (path, text) in rules {
        let file = directory.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    directory
}

fn diff(home: &Home, old: &Rules, new: &Rules, more: &[&str]) -> Run {
    let (old, new) = (lay(home, "old", old), lay(home, "new", new));
    let command = ["policy", "diff", text(&old), text(&new)];
    home.run(&[&command[..], more].concat())
}

/// The rules in force in `home`, with a role and a policy besides.
fn of(home: &Home) -> Rules {
    let read = |name: &str| fs::read_to_string(home.config(name)).unwrap();
    let policy = "@reason(\"too much\")\nforbid (principal, action, resource == Tool::\"acme:pay/post\")\nwhen { context.input.amount > 1000 };\n";
    let role = "role = \"clerk\"\nskills = [\"read\", \"execute\"]\ntools = [\"acme:pay/sum\"]\n";
    [
        ("trust.toml", read("trust.toml")),
        ("grants/acme.pay.toml", read("grants/acme.pay.toml")),
        ("roles/clerk.toml", role.to_owned()),
        ("policies/house.cedar", policy.to_owned()),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into()
}

fn edited(rules: &Rules, path: &str, old: &str, new: &str) -> Rules {
    let mut rules = rules.clone();
    let text = rules.get_mut(path).unwrap();
    assert!(text.contains(old), "{text}");
    *text = text.replace(old, new);
    rules
}

fn put_into_force(home: &Home, rules: &Rules) {
    for (path, text) in rules {
        let file = home.config(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    home.apply().ok();
}

#[test]
fn what_is_told_as_more_is_what_calls_then_meet() {
    let home = paying();
    let old = of(&home);
    let raised = edited(&old, "policies/house.cedar", "> 1000", "> 2000");
    let new = edited(
        &edited(
            &raised,
            "grants/acme.pay.toml",
            "post = {}",
            "post = { confirm = { when = \"input.amount < 10\" } }",
        ),
        "roles/clerk.toml",
        "acme:pay/sum",
        "acme:pay/*",
    );
    let shown = diff(&home, &old, &new, &[]).code(3);
    insta::assert_snapshot!("diff", shown.stdout);

    put_into_force(&home, &old);
    post(&home, "1000").ok();
    post(&home, "5").ok();
    says(&post(&home, "1001").code(4), "NOT_ALLOWED");
    put_into_force(&home, &new);
    post(&home, "2000").ok();
    says(&post(&home, "5").code(4), "NOT_APPROVED");
    says(&post(&home, "2001").code(4), "NOT_ALLOWED");
    // The other way round, and of the same.
    diff(&home, &raised, &old, &[]).ok();
    let same = diff(&home, &old, &old, &[]).ok();
    says(&same, "0 MORE, 0 LESS");
}

#[test]
fn the_facts_are_exact_in_json() {
    let home = paying();
    let old = of(&home);
    let new = edited(&old, "policies/house.cedar", "> 1000", "> 2000");
    let json = diff(&home, &old, &new, &["--json"]).code(3).json();
    let class = |call: &Json| {
        let of = |key: &str| call[key].clone();
        (
            of("direction"),
            of("role"),
            of("tool"),
            of("when"),
            of("example"),
        )
    };
    let calls: Vec<_> = json["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(class)
        .collect();
    let example = json!({ "agent": "another-agent", "input": { "amount": "1001" } });
    let when = json!(["input.amount is from 1001 to 2000"]);
    assert_eq!(
        calls,
        [(json!("MORE"), json!("local"), json!("post"), when, example)]
    );
    let call = &json["calls"][0];
    assert_eq!(call["before"], json!({ "decision": "refused" }));
    assert_eq!(call["after"], json!({ "decision": "allowed" }));
    assert_eq!(
        (&json["widens"], &json["inexact"]),
        (&json!(true), &json!([]))
    );
    // The policy's line is there, and does not count beside the calls.
    let counts: Vec<_> = json["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["counts"])
        .collect();
    assert_eq!(counts, [&json!(false), &json!(false)]);
}

#[test]
fn text_of_rules_is_shown_and_not_obeyed() {
    let home = paying();
    let old = of(&home);
    let odd = "context.agent != \"a\u{202e}b\\u{1b}[2Jc\\nMORE\"";
    let new = edited(
        &old,
        "policies/house.cedar",
        "context.input.amount > 1000",
        odd,
    );
    let shown = diff(&home, &old, &new, &[]).code(3);
    let bad = |c: char| matches!(c, '\u{202e}' | '\u{1b}');
    assert!(!shown.stdout.contains(bad), "{}", shown.stdout);
    says(&shown, "a\\u{202e}b\\u{1b}[2Jc\\nMORE");
    let json = diff(&home, &old, &new, &["--json"]).code(3);
    assert!(!json.stdout.contains(bad));
}

#[test]
fn what_can_t_be_compared_is_an_error_that_says_what_would_mend_it() {
    let home = paying();
    let old = of(&home);
    let mut other = old.clone();
    let grant = other.get_mut("grants/acme.pay.toml").unwrap();
    let from = grant.find("sha256:").unwrap() + "sha256:".len();
    grant.replace_range(from..from + 8, "00000000");
    let absent = diff(&home, &old, &other, &[]).code(4);
    says(&absent, "is not at hand");
    says(&absent, "add `--component FILE`");
    let misfit = edited(&old, "policies/house.cedar", "amount", "sum");
    says(
        &diff(&home, &old, &misfit, &[]).code(4),
        "policies/house.cedar:1:1: it does not fit `acme:pay/post`",
    );
    let mut stranger = old.clone();
    stranger.insert("role/clerk.toml".to_owned(), String::new());
    says(
        &diff(&home, &old, &stranger, &[]).code(4),
        "`role` in the configuration directory is no file of rules",
    );
    let literals = |quote: &str| {
        let each: Vec<_> = (0..1200)
            .map(|n| format!("{quote}{}{quote}", n * 10))
            .collect();
        format!("[{}]", each.join(", "))
    };
    let many = format!(
        "{}.contains(context.agent) || {}.contains(context.input.amount)",
        literals("\""),
        literals("")
    );
    let many = edited(
        &old,
        "policies/house.cedar",
        "context.input.amount > 1000",
        &many,
    );
    says(
        &diff(&home, &many, &many, &[]).code(4),
        "at most 2000000 are: `acme:pay/post`",
    );
    let missing = home.path("nowhere");
    home.run(&["policy", "diff", text(&missing), text(&missing)])
        .code(2);
}

/// Numbers that look chosen by chance, the same ones in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A change of `rules` after which more is allowed.
fn loosened(rules: &Rules, dice: &mut Dice) -> (&'static str, Rules) {
    let (house, grant) = ("policies/house.cedar", "grants/acme.pay.toml");
    let more = 1001 + dice.below(1 << 40);
    let widen = |what, path, old: &str, new: &str| (what, edited(rules, path, old, new));
    match dice.below(10) {
        0 => widen("a limit goes up", house, "> 1000", &format!("> {more}")),
        1 => widen(
            "a policy is of fewer agents",
            house,
            "> 1000",
            &format!("> 1000 && context.agent != \"uid-{more}\""),
        ),
        2 => widen(
            "a policy asks and does not refuse",
            house,
            "action,",
            "action == Action::\"call_unattended\",",
        ),
        3 => {
            let mut without = rules.clone();
            without.remove(house);
            ("a policy is gone", without)
        }
        4 => widen("another tier is asked", grant, "two-people", "confirm"),
        5 => widen(
            "nobody is asked",
            grant,
            "{ confirm = \"two-people\" }",
            "{}",
        ),
        6 => widen(
            "fewer people are asked",
            "vouchsafe.toml",
            "people = 3",
            "people = 2",
        ),
        7 => widen(
            "a role has a tool more",
            "roles/clerk.toml",
            "acme:pay/sum",
            "acme:pay/*",
        ),
        8 => widen(
            "a role may execute",
            "roles/reader.toml",
            "[\"read\"]",
            "[\"read\", \"execute\"]",
        ),
        _ => widen("a tool is granted", grant, "#sum", "sum"),
    }
}

#[test]
fn no_loosening_of_two_hundred_is_missed_and_its_reverse_is_none() {
    let home = Home::empty();
    let packed = Sketch::new("acme:pay", "1.0.0", 7)
        .with_amount("post", "write", 8)
        .pack(&home, "pay");
    let digest = vouchsafe_package::Digest::of(&fs::read(&packed).unwrap());
    let grant = format!(
        "skill = \"acme:pay\"\npublisher = \"acme\"\ndigest = \"{digest}\"\n[tools]\npost = {{ confirm = \"two-people\" }}\n"
    );
    let policy = "forbid (principal, action, resource == Tool::\"acme:pay/post\")\nwhen { context.input.amount > 1000 };\n";
    let role = |name: &str, tools: &str, skills: &str| {
        format!("role = \"{name}\"\nskills = [{skills}]\ntools = [\"{tools}\"]\n")
    };
    let base: Rules = [
        ("grants/acme.pay.toml", format!("{grant}#sum = {{}}\n")),
        (
            "vouchsafe.toml",
            "[confirm.two-people]\npeople = 3\n".to_owned(),
        ),
        (
            "roles/clerk.toml",
            role("clerk", "acme:pay/sum", "\"execute\""),
        ),
        ("roles/reader.toml", role("reader", "acme:*", "\"read\"")),
        ("policies/house.cedar", policy.to_owned()),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into();
    let component = ["--component", text(Path::new(&packed))];
    for seed in 0..200 {
        let mut dice = Dice(seed);
        dice.below(1);
        let (what, looser) = loosened(&base, &mut dice);
        let run = diff(&home, &base, &looser, &component);
        assert_eq!(
            run.code, 3,
            "seed {seed}: {what}\n{}{}",
            run.stdout, run.stderr
        );
        assert!(run.stdout.starts_with("MORE"), "{}", run.stdout);
        let back = diff(&home, &looser, &base, &component);
        assert_eq!(
            back.code, 0,
            "seed {seed}: {what}, back\n{}{}",
            back.stdout, back.stderr
        );
        assert!(back.stdout.starts_with("LESS"), "{}", back.stdout);
    }
}
