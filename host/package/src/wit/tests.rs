use super::binary::exported;
use super::source::Source;
use super::*;
use crate::reader::{ReadLimits, ReaderError, read};
use crate::testing::{component, files, package, skill};

const EVERYTHING: &str = r"
package acme:all@1.0.0;
interface all {
  /// A number of cents.
  type cents = u64;
  record line { price: cents, names: list<string> }
  /// What to do.
  enum action {
    /// Put in.
    add,
    remove,
  }
  flags rights { read, write }
  variant outcome { done(tuple<u8, s8>), failed(option<string>), unknown }
  everything: func(
    a: bool, b: u8, c: u16, d: u32, e: u64, f: s8, g: s16, h: s32, i: s64, j: f32, k: f64, l: char, m: string,
    n: list<u8>, o: list<line>, p: option<cents>, q: result, r: result<u8>, s: result<_, string>,
    t: result<u8, string>, u: tuple<u8, string>, v: line, w: outcome, x: action, y: rights,
  ) -> outcome;
}
world skill { export all; }
";

#[test]
fn binary_and_text_have_the_same_types() {
    let bytes = component(EVERYTHING);
    let limits = ReadLimits::default();
    let from_binary = exported(&read(&bytes, &limits).unwrap(), &limits).unwrap();
    let from_text = Source::parse(&files(EVERYTHING)).unwrap().exported();
    let (binary, text) = (&from_binary[0], &from_text[0].exported);
    assert_eq!(binary.export, text.export);
    let (binary, text) = (
        binary.signature.as_ref().unwrap(),
        text.signature.as_ref().unwrap(),
    );
    assert!(binary.same_shape(text));
    insta::assert_snapshot!(binary.to_string());
}

#[test]
fn words_come_from_where_they_stand() {
    let package = package(EVERYTHING, "[tools.everything]\neffect = 'read'\n");
    let schema = &package.tools[0].input_schema()["properties"];
    assert_eq!(schema["p"]["description"], "A number of cents.");
    assert_eq!(
        schema["v"]["properties"]["price"]["description"],
        "A number of cents."
    );
    assert_eq!(
        schema["o"]["items"]["properties"]["price"]["description"],
        "A number of cents."
    );
    assert_eq!(schema["x"]["description"], "What to do.\n`add`: Put in.");
}

#[test]
fn words_are_laid_back_where_they_were_taken() {
    let text = Source::parse(&files(EVERYTHING)).unwrap().exported();
    let original = text[0].exported.signature.clone().unwrap();
    let mut bare = original.clone();
    let parts = docs::take(&mut bare);
    assert!(!parts.is_empty() && bare != original);
    assert_eq!(docs::lay(&mut bare, parts), Ok(()));
    assert_eq!(bare, original);
}

#[test]
fn types_written_out_are_bounded() {
    let bytes = component(EVERYTHING);
    let limits = ReadLimits {
        tool_types: 30,
        ..ReadLimits::default()
    };
    let error = exported(&read(&bytes, &limits).unwrap(), &limits).unwrap_err();
    assert!(matches!(
        error,
        ReaderError::TooMuch {
            what: "types in its functions",
            ..
        }
    ));
}

#[test]
fn types_go_so_deep_and_no_deeper() {
    let nested = |levels: usize| {
        skill(&format!(
            "run: func(x: {}u16{})",
            "list<".repeat(levels),
            ">".repeat(levels)
        ))
    };
    let limits = ReadLimits::default();
    let read = |levels: usize| {
        exported(
            &read(&component(&nested(levels)), &limits).unwrap(),
            &limits,
        )
    };
    assert!(read(31).is_ok());
    assert!(matches!(
        read(32),
        Err(ReaderError::TooMuch {
            what: "levels of types in a function",
            ..
        })
    ));
}

#[test]
fn the_world_called_skill_is_the_skill() {
    let two = "package acme:two@1.0.0;\nworld other { export a: func(); }\nworld skill { export b: func(); }\n";
    let found = Source::parse(&files(two)).unwrap().exported();
    assert_eq!(found[0].exported.export.function, "b");
    let unclear = two.replace("world skill", "world third");
    let error = Source::parse(&files(&unclear)).err().unwrap().to_string();
    assert!(
        error.contains("`other`, `third`") && error.contains("`skill`"),
        "{error}"
    );
    let none = Source::parse(&files("package acme:none@1.0.0;\ninterface i {}\n"))
        .err()
        .unwrap();
    assert!(none.to_string().contains("has no world"));
    let only_deps = &files(&skill("run: func()"))[1..];
    assert!(
        Source::parse(only_deps)
            .err()
            .unwrap()
            .to_string()
            .contains("no WIT file declares a package")
    );
}

#[test]
fn each_sort_of_thing_that_is_no_data_is_named() {
    let cases = [
        (
            "resource r;\n run: func(x: borrow<r>);",
            "a borrowed resource",
        ),
        ("resource r;\n run: func(x: list<option<r>>);", "a resource"),
        ("run: async func();", "an async function"),
        ("run: func(x: future<u8>);", "a future"),
        ("run: func() -> stream<u8>;", "a stream"),
        ("run: func(x: list<u8, 4>);", "a list of fixed length"),
        ("run: func(x: map<string, u8>);", "a map"),
        ("run: func(x: error-context);", "an error context"),
    ];
    for (items, what) in cases {
        let text = format!(
            "package acme:no@1.0.0;\ninterface i {{\n {items}\n}}\nworld skill {{ export i; }}\n"
        );
        let source = Source::parse(&files(&text)).unwrap_or_else(|error| panic!("{error}"));
        let run = source
            .exported()
            .into_iter()
            .find(|found| found.exported.export.function == "run")
            .unwrap();
        let why = run.exported.signature.unwrap_err();
        assert_eq!(why.what, what);
        let line = if items.starts_with("resource") { 4 } else { 3 };
        assert_eq!(why.place, Some(format!("wit/world.wit:{line}")), "{why}");
    }
}
