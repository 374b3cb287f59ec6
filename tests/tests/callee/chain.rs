//! Chains of skills that call one another: short, never round, and one tree on record.

use super::*;
use vouchsafe_tests::Run;

/// The most skills that may stand below the first of a chain.
const DEEPEST: u32 = 4;

/// Writes, packs and grants `guests:link-N`, which answers one more than the link that it calls, or 1.
fn link(home: &Home, number: u32, calls: Option<u32>) -> Run {
    let (skill, source) = (
        format!("link-{number}"),
        home.path(&format!("link-{number}")),
    );
    let write = |name: &str, text: &str| {
        let file = source.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    let mut manifest = "[tools.go]\neffect = \"read\"\n".to_owned();
    let mut grant = format!(
        "skill = \"guests:{skill}\"\npublisher = \"publisher\"\ndigest = \"sha256:{}\"\n\n[tools]\ngo = {{}}\n",
        "0".repeat(64) // `install` writes the true one
    );
    let wit = |of: u32| {
        format!(
            "package guests:link-{of}@0.1.0;\n\ninterface step {{\n  /// Goes on.\n  go: func() -> u32;\n}}\n"
        )
    };
    let mut import = String::new();
    if let Some(below) = calls {
        let interface = format!("guests:link-{below}/step");
        manifest.push_str(&format!("\n[skills.\"{interface}\"]\n"));
        grant.push_str(&format!(
            "\n[skills.\"{interface}\"]\nskill = \"guests:link-{below}\"\npublisher = \"publisher\"\n"
        ));
        import = format!("  import {interface}@0.1.0;\n");
        write(&format!("wit/deps/link-{below}.wit"), &wit(below));
    }
    let world = format!("\nworld skill {{\n{import}  export step;\n}}\n");
    write("wit/world.wit", &(wit(number) + &world));
    write("skill.toml", &manifest);
    let component = source.join("component.wasm");
    std::fs::write(&component, wat::parse_str(wat(number, calls)).unwrap()).unwrap();
    std::fs::write(home.config(&format!("grants/guests.{skill}.toml")), grant).unwrap();
    let packed = home.path(&format!("{skill}.wasm"));
    home.pack(&source, &component, &packed).ok();
    home.sign(&packed);
    home.install(&packed)
}

fn wat(number: u32, calls: Option<u32>) -> String {
    let export = format!("guests:link-{number}/step@0.1.0");
    let (import, with, go) = match calls {
        Some(below) => (
            format!(
                "(import \"guests:link-{below}/step@0.1.0\" (instance $below (export \"go\" (func (result u32)))))
                 (core func $on (canon lower (func $below \"go\")))"
            ),
            "(with \"below\" (instance (export \"go\" (func $on))))",
            "(import \"below\" \"go\" (func $on (result i32)))
             (func (export \"go\") (result i32) (i32.add (call $on) (i32.const 1)))",
        ),
        None => (
            String::new(),
            "",
            "(func (export \"go\") (result i32) i32.const 1)",
        ),
    };
    format!(
        "(component {import}
           (core module $m {go})
           (core instance $i (instantiate $m {with}))
           (func $go (result u32) (canon lift (core func $i \"go\")))
           (instance $step (export \"go\" (func $go)))
           (export \"{export}\" (instance $step)))"
    )
}

/// A chain with `below` skills below the first, the last of them installed first.
fn chain(home: &Home, below: u32) -> Run {
    link(home, below, None).ok();
    for number in (1..below).rev() {
        link(home, number, Some(number + 1)).ok();
    }
    link(home, 0, Some(1))
}

#[test]
fn the_longest_chain_answers_and_is_one_tree_under_one_correlation() {
    let home = Home::trusting(&["guests"]);
    chain(&home, DEEPEST).ok();
    let answer = home.call("link-0_go", &json!({})).ok().json();
    assert_eq!(answer["output"]["result"], json!(DEEPEST + 1));
    let records = home.records(2 * (DEEPEST as usize + 1));
    let (intents, outcomes) = records.split_at(DEEPEST as usize + 1);
    for (number, intent) in intents.iter().enumerate() {
        assert_eq!(intent["skill"], json!(format!("guests:link-{number}")));
        assert_eq!(intent["correlation"], intents[0]["correlation"]);
        let above = number.checked_sub(1).map(|above| &intents[above]["seq"]);
        assert_eq!(&intent["parent"], above.unwrap_or(&Json::Null));
    }
    let fuel: Vec<_> = outcomes.iter().map(|it| it["fuel"].as_u64()).collect();
    assert!(fuel.is_sorted_by(|below, above| below < above), "{fuel:?}");
}

#[test]
fn a_longer_chain_can_t_be_applied() {
    let home = Home::trusting(&["guests"]);
    let run = chain(&home, DEEPEST + 1);
    assert_ne!(run.code, 0);
    let why = "more than 4 skills would stand below this one";
    assert!(run.stderr.contains(why), "{}", run.stderr);
    let called = home.call("link-0_go", &json!({}));
    assert_ne!(called.code, 0, "{}", called.stdout);
}

#[test]
fn skills_that_would_call_one_another_can_t_be_applied() {
    let home = Home::trusting(&["guests"]);
    link(&home, 0, Some(1)).ok();
    let run = link(&home, 1, Some(0));
    assert_ne!(run.code, 0);
    let round = "a skill would call itself: guests:link-0 -> guests:link-1 -> guests:link-0";
    assert!(run.stderr.contains(round), "{}", run.stderr);
    let answer = home.call("link-0_go", &json!({})).json();
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains("NOT_ALLOWED"), "{error}");
}
