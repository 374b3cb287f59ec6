//! The pages are true, as far as a machine can tell: what they show is read by the real parsers, what
//! they name exists, what they count is counted again, and the author's five minutes are gone through.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use vouchsafe_keys::{Algorithm, PrivateKey};
use vouchsafe_package::signing::{RevocationList, Trust};
use vouchsafe_package::value::{Caps, Value, parse_strict};
use vouchsafe_package::{Case, Field, Manifest, Type, inert};
use vouchsafe_policy::approval::Approver;
use vouchsafe_policy::cedar::Written;
use vouchsafe_policy::convert::{About, convert};
use vouchsafe_policy::{Agent, Grant, Role, Settings, Way};
use vouchsafe_tests::{home, wasm};

const PAGES: [&str; 14] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "docs/manifest.md",
    "docs/grants.md",
    "docs/json.md",
    "docs/audit.md",
    "docs/secrets.md",
    "docs/policies.md",
    "docs/approvals.md",
    "docs/convert.md",
    "docs/serve.md",
];

fn page(name: &str) -> String {
    std::fs::read_to_string(wasm::root().join(name)).unwrap()
}

/// A fenced block: its page, its info string and its text.
struct Block {
    page: &'static str,
    info: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for name in PAGES {
        let text = page(name);
        let mut open: Option<Block> = None;
        for line in text.lines() {
            match (line.strip_prefix("```"), &mut open) {
                (Some(info), None) => {
                    open = Some(Block {
                        page: name,
                        info: info.to_owned(),
                        text: String::new(),
                    });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{name} has a block without an end");
    }
    blocks
}

#[test]
fn every_file_that_the_pages_show_is_read_by_the_host() {
    let mut kinds = BTreeSet::new();
    for Block { page, info, text } in blocks() {
        let wrong = |error: &dyn std::fmt::Display| panic!("{page}: {error}\n{text}");
        match info.as_str() {
            "toml manifest" => drop(Manifest::parse(&text).map_err(|error| wrong(&error))),
            "toml grant" => drop(Grant::parse("grants/a.toml", &text).map_err(|e| wrong(&e))),
            "toml agent" => {
                drop(Agent::parse("agents/a.toml", &text).map_err(|error| wrong(&error)));
            }
            "toml role" => drop(Role::parse("roles/a.toml", &text).map_err(|error| wrong(&error))),
            "toml settings" => {
                drop(Settings::parse("vouchsafe.toml", &text).map_err(|error| wrong(&error)));
            }
            "toml approver" => {
                drop(Approver::parse("approvers/a.toml", &text).map_err(|error| wrong(&error)));
            }
            "toml egress" => drop(Way::parse("egress.toml", &text).map_err(|error| wrong(&error))),
            "cedar policies" => {
                drop(Written::parse("policies/a.cedar", &text).map_err(|error| wrong(&error)));
            }
            "toml trust" => drop(Trust::parse(&text).map_err(|error| wrong(&error))),
            "json revocations" => {
                let list: RevocationList = serde_json::from_str(&text).unwrap();
                let operator = PrivateKey::generate(Algorithm::default()).unwrap();
                drop(list.sign(&operator).map_err(|error| wrong(&error)));
            }
            "json guide" => {
                let document = parse_strict(text.as_bytes(), &Caps::default()).unwrap();
                drop(convert(&document, &About::default()).map_err(|all| wrong(&all[0])));
            }
            "console" | "sh" | "text" | "wit" => continue,
            other => panic!("{page}: nobody checks a block of kind `{other}`"),
        }
        kinds.insert(info);
    }
    assert_eq!(kinds.len(), 11, "{kinds:?}");
}

/// A key that is not there is an error that lists those that are; each must be on the page.
#[test]
fn every_key_of_every_file_is_on_its_page() {
    let grant = |text: &str| Grant::parse("f", text).unwrap_err().to_string();
    let role = |text: &str| Role::parse("f", text).unwrap_err().to_string();
    let settings = |text: &str| Settings::parse("f", text).unwrap_err().to_string();
    let approver = |text: &str| Approver::parse("f", text).unwrap_err().to_string();
    let agent = |text: &str| Agent::parse("f", text).unwrap_err().to_string();
    let way = |text: &str| Way::parse("f", text).unwrap_err().to_string();
    let trust = |text: &str| Trust::parse(text).err().unwrap().to_string();
    let manifest = |text: &str| Manifest::parse(text).unwrap_err().to_string();
    let lists = [
        ("docs/grants.md", grant("nokey = 1")),
        ("docs/grants.md", grant("[tools]\nx = { nokey = 1 }")),
        ("docs/grants.md", grant("[http.x]\nnokey = 1")),
        (
            "docs/grants.md",
            grant("[tools]\nx = { confirm = { nokey = 1 } }"),
        ),
        ("docs/grants.md", grant("[http.x]\nlimits = { nokey = 1 }")),
        ("docs/grants.md", grant("[upstream.x]\nnokey = 1")),
        ("docs/grants.md", grant("[http.x.token]\nnokey = 1")),
        ("docs/grants.md", way("nokey = 1")),
        ("docs/grants.md", settings("nokey = 1")),
        (
            "docs/grants.md",
            settings("[confirm.x]\npeople = 1\nnokey = 1"),
        ),
        ("docs/serve.md", settings("[agents]\nnokey = 1")),
        ("docs/serve.md", agent("nokey = 1")),
        ("docs/grants.md", approver("nokey = 1")),
        ("docs/grants.md", role("nokey = 1")),
        ("docs/grants.md", role("[bus]\nnokey = 1")),
        ("docs/grants.md", role("[agents]\nnokey = 1")),
        ("docs/grants.md", role("skills = [\"nokey\"]")),
        ("docs/grants.md", trust("nokey = 1")),
        ("docs/grants.md", trust("[publishers.a]\nnokey = 1")),
        ("docs/grants.md", trust("[revocations]\nnokey = 1")),
        ("docs/manifest.md", manifest("nokey = 1")),
        ("docs/manifest.md", manifest("[tools.x]\nnokey = 1")),
        (
            "docs/manifest.md",
            manifest("[tools.x]\neffect = \"nokey\""),
        ),
        ("docs/manifest.md", manifest("[http.x]\nnokey = 1")),
        ("docs/manifest.md", manifest("[settings.x]\nnokey = 1")),
        ("docs/manifest.md", manifest("[prompts.x]\nnokey = 1")),
        ("docs/manifest.md", manifest("[sql.x.y]\nnokey = 1")),
        ("docs/manifest.md", manifest("[upstream.x]\nnokey = 1")),
        ("docs/manifest.md", manifest("[bus]\nnokey = 1")),
        ("docs/manifest.md", manifest("[limits]\nnokey = 1")),
    ];
    for (name, said) in lists {
        let (_, expected) = said
            .split_once("expected ")
            .unwrap_or_else(|| panic!("{said}"));
        let keys: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        assert!(!keys.is_empty(), "{said}");
        let text = page(name);
        for key in keys {
            assert!(names(&text, key), "{name} does not name `{key}`");
        }
    }
}

/// Whether `key` stands in `text` as a word of its own.
fn names(text: &str, key: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(key)
        .any(|(at, _)| !text[..at].ends_with(word) && !text[at + key.len()..].starts_with(word))
}

#[test]
fn the_table_of_values_says_what_the_host_does() {
    let text = page("docs/json.md");
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| WIT type"));
    let rows: Vec<_> = rows
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 20);
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [ty, taken, answered] = cells.as_slice() else {
            panic!("{row}")
        };
        let ty = wit(ty.trim_matches('`'));
        let caps = Caps::default();
        for taken in taken.split(" or ") {
            let json = parse_strict(taken.trim_matches('`').as_bytes(), &caps).unwrap();
            let value =
                Value::from_json(&ty, &json, &caps).unwrap_or_else(|e| panic!("{row}: {e}"));
            let written = value.to_json(&caps).unwrap().to_string();
            assert_eq!(written, answered.trim_matches('`'), "{row}");
        }
    }
}

/// The types of the table.
fn wit(text: &str) -> Type {
    let field = |name: &str, ty| Field {
        name: name.into(),
        docs: None,
        ty,
    };
    let case = |name: &str, ty| Case {
        name: name.into(),
        docs: None,
        ty,
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
    let result = |ok: Option<Type>| Type::Result {
        ok: ok.map(Box::new),
        err: Some(Box::new(Type::String)),
    };
    match text {
        "bool" => Type::Bool,
        "u8" => Type::U8,
        "s16" => Type::S16,
        "u32" => Type::U32,
        "u64" => Type::U64,
        "s64" => Type::S64,
        "f64" => Type::F64,
        "char" => Type::Char,
        "string" => Type::String,
        "list<u8>" => Type::Bytes,
        "list<string>" => Type::List(Box::new(Type::String)),
        "option<u32>" => Type::Option(Box::new(Type::U32)),
        "option<option<bool>>" => Type::Option(Box::new(Type::Option(Box::new(Type::Bool)))),
        "result<u32, string>" => result(Some(Type::U32)),
        "result<_, string>" => result(None),
        "tuple<s16, string>" => Type::Tuple(vec![Type::S16, Type::String]),
        "record { a: u8, b: option<u8> }" => Type::Record(vec![
            field("a", Type::U8),
            field("b", Type::Option(Box::new(Type::U8))),
        ]),
        "variant { none, some(string) }" => {
            Type::Variant(vec![case("none", None), case("some", Some(Type::String))])
        }
        "enum { red, green }" => Type::Enum(names(&["red", "green"])),
        "flags { a, b, c }" => Type::Flags(names(&["a", "b", "c"])),
        other => panic!("`{other}` is not known here"),
    }
}

#[test]
fn the_inert_list_of_the_page_is_the_list_and_its_tests_exist() {
    let text = page("ARCHITECTURE.md");
    let (_, section) = text.split_once("\n## The inert list\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let words: BTreeSet<&str> = section.split('`').skip(1).step_by(2).collect();
    let on_page: BTreeSet<&str> = words
        .iter()
        .copied()
        .filter(|word| word.starts_with("wasi:"))
        .collect();
    let listed: BTreeSet<&str> = inert::LIST.iter().map(|line| line.interface).collect();
    assert_eq!(on_page, listed);
    let tests: String = ["inert", "compute"]
        .map(|name| page(&format!("host/runtime/src/tests/{name}.rs")))
        .concat();
    let functions = words
        .iter()
        .filter(|word| word.contains('_') && !word.contains(['.', '/']));
    assert!(functions.clone().count() > 5);
    for function in functions {
        assert!(
            tests.contains(&format!("fn {function}(")),
            "no test `{function}`"
        );
    }
}

/// Places such as `host/daemon/src/call.rs`, and the pages that links lead to.
#[test]
fn what_the_pages_name_is_there() {
    let mut seen = 0;
    for name in PAGES {
        let text = page(name);
        // What is to come is not there.
        let text = text
            .split("\n## Where it will grow")
            .next()
            .unwrap()
            .to_owned();
        let outside_blocks: String = text.split("```").step_by(2).collect();
        let ticked = outside_blocks.split('`').skip(1).step_by(2);
        for path in ticked.filter(|word| is_path(word)) {
            assert!(wasm::root().join(path).exists(), "{name} names `{path}`");
            seen += 1;
        }
        let here = Path::new(name).parent().unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let local = !link.contains("://");
            assert!(
                !local || wasm::root().join(here).join(link).exists(),
                "{name} links {link}"
            );
        }
    }
    assert!(seen > 30, "{seen}");
}

fn is_path(word: &str) -> bool {
    let roots = [
        "host/", "sdk/", "tests/", "fuzz/", "benches/", "xtask/", "skills/", "wit/",
    ];
    let named = roots.iter().any(|root| word.starts_with(root));
    named && !word.contains(['{', '*', ' '])
}

/// `name` in "the rooms", lowest first, and what each depends on.
#[test]
fn a_crate_uses_only_those_above_it_on_the_page() {
    let text = page("ARCHITECTURE.md");
    let rows = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `host/"));
    let rooms: Vec<&str> = rows.filter_map(|rest| rest.split('`').next()).collect();
    let on_disk = std::fs::read_dir(wasm::root().join("host"))
        .unwrap()
        .count();
    assert_eq!(rooms.len(), on_disk, "{rooms:?}");
    for (place, room) in rooms.iter().enumerate() {
        let manifest = page(&format!("host/{room}/Cargo.toml"));
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
        let dependencies = dependencies.split("\n[").next().unwrap();
        for line in dependencies.lines() {
            let Some(other) = line.strip_prefix("vouchsafe-") else {
                continue;
            };
            let other = other.split(['.', ' ']).next().unwrap();
            let beside = ["build", "wit"].contains(&other);
            assert!(
                beside || rooms[..place].contains(&other),
                "{room} uses {other}"
            );
        }
    }
}

/// The command of the page, and its table. A tenth either way is let pass, so that a small change of code
/// is not always one of the page.
#[test]
fn the_trusted_code_is_as_long_as_the_page_says() {
    let text = page("ARCHITECTURE.md");
    let command = blocks()
        .into_iter()
        .find(|block| block.info == "sh")
        .unwrap();
    let printed = Command::new("sh")
        .arg("-c")
        .arg(&command.text)
        .current_dir(wasm::root())
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let (mut lines, mut with_comments) = (0, 0);
    for row in printed.lines() {
        let cells: Vec<&str> = row.split(' ').collect();
        let (code, all) = (cells[1].parse().unwrap(), cells[2].parse().unwrap());
        compare(&text, cells[0], code, all);
        lines += code;
        with_comments += all;
    }
    compare(&text, "all", lines, with_comments);
}

fn compare(text: &str, name: &str, code: u64, all: u64) {
    let row = text.lines().find(|line| {
        line.starts_with(&format!("| {name} | ")) && line.chars().any(|c| c.is_ascii_digit())
    });
    let row = row.unwrap_or_else(|| panic!("no row `{name}`"));
    let said: Vec<u64> = row
        .split('|')
        .filter_map(|cell| cell.trim().replace(',', "").parse().ok())
        .collect();
    for (said, found) in said.iter().zip([code, all]) {
        assert!(
            said.abs_diff(found) * 10 <= found,
            "{row}: found {code} and {all}"
        );
    }
    assert_eq!(said.len(), 2, "{row}");
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let help = Command::new(home::program())
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap().replace('\n', " ");
    let text = page("README.md");
    let (_, table) = text.split_once("### Exit codes").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter(|row| row.starts_with(|c: char| c.is_ascii_digit()));
    let mut count = 0;
    for row in rows.take_while(|row| row.len() < 100) {
        let (code, meaning) = row.trim_end_matches(" |").split_once(" | ").unwrap();
        let first = meaning.split([':', ',']).next().unwrap();
        assert!(help.contains(&format!("{code} {first}")), "{row}: {help}");
        count += 1;
    }
    assert_eq!(count, 6);
}

/// Each command in the pages' words and blocks: the verb is one, and so are its options.
#[test]
fn every_command_that_the_pages_name_is_one() {
    let mut seen = BTreeSet::new();
    for name in PAGES {
        for command in commands(&page(name)) {
            let words: Vec<&str> = command.split_whitespace().collect();
            let nested = matches!(
                words.first(),
                Some(&("agent" | "key" | "keys" | "audit" | "approver" | "secret"))
            );
            let verb = words.iter().take(if nested { 2 } else { 1 });
            let verb: Vec<&str> = verb.copied().filter(|word| is_verb(word)).collect();
            let help = Command::new(home::program())
                .args(&verb)
                .arg("--help")
                .output();
            let help = help.unwrap();
            assert!(help.status.success(), "{name}: `vouchsafe {command}`");
            let help = String::from_utf8(help.stdout).unwrap();
            for option in words.iter().filter(|word| word.contains("--")) {
                let option = option.trim_matches(|c: char| !c.is_ascii_lowercase());
                assert!(
                    help.contains(&format!("--{option}")),
                    "{name}: `vouchsafe {command}`"
                );
            }
            seen.insert(verb.join(" "));
        }
    }
    assert!(seen.len() > 15, "{seen:?}");
}

fn is_verb(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-')
}

/// What follows `vouchsafe ` in code, up to a comment.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| {
        let line = line
            .strip_prefix("    ")
            .or_else(|| line.strip_prefix("$ "))?;
        line.strip_prefix("vouchsafe ")
    });
    let ticked = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let ticked = ticked.filter_map(|code| code.strip_prefix("vouchsafe "));
    let commands = lines
        .chain(ticked)
        .map(|command| command.split(" #").next().unwrap());
    commands
        .map(str::to_owned)
        .filter(|command| command.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

/// The README's `console` block, command by command: what it shows is printed, in that order. Digests and
/// costs differ from machine to machine, and cargo's own lines are not shown.
#[test]
fn the_authors_five_minutes_go_as_the_readme_shows() {
    let block = blocks()
        .into_iter()
        .find(|block| block.text.starts_with("$ vouchsafe new"))
        .unwrap();
    let mut directory = wasm::root().join("target/docs");
    drop(std::fs::remove_dir_all(directory.join("hello")));
    std::fs::create_dir_all(&directory).unwrap();
    for step in block.text.split("\n$ ") {
        let mut lines = step.trim_start_matches("$ ").lines();
        let command = lines.next().unwrap();
        if let Some(folder) = command.strip_prefix("cd ") {
            directory.push(folder);
            continue;
        }
        let printed = normal(&run(&directory, command));
        let mut rest = printed.as_str();
        for line in lines.map(normal) {
            let found = rest.find(&line);
            let at = found.unwrap_or_else(|| panic!("`{command}` prints no `{line}`:\n{printed}"));
            rest = &rest[at + line.len()..];
        }
    }
}

fn run(directory: &Path, command: &str) -> String {
    let program = home::program();
    let mut command = command.to_owned();
    if command.ends_with(" build") {
        // What was compiled for an earlier run is still good.
        let shared: PathBuf = wasm::root().join("target/docs/shared");
        command.push_str(&format!(" --target-dir {}", shared.display()));
    }
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("exec 2>&1; {command}"))
        .current_dir(directory)
        .env(
            "PATH",
            format!("{}:{path}", program.parent().unwrap().display()),
        )
        .env("VOUCHSAFE_HOME", directory.join("no-home"))
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{command}: {printed}");
    printed
}

/// Without digests, costs and sizes.
fn normal(text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("fuel ") {
            return "fuel ...".to_owned();
        }
        match line.split_once("sha256:") {
            Some((before, _)) if line.ends_with('"') => format!("{before}\""),
            Some((before, _)) => before.trim_end().to_owned(),
            None => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
