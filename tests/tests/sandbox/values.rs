//! What goes in and comes out is exactly what was meant, or it is refused; nothing between.

use super::wire::{Wire, error_code, result, text};
use super::{Module, call, code, run, with};
use serde_json::{Value as Json, json};
use vouchsafe_tests::Home;

/// Arguments with `d` as these very characters.
fn integers(d: &str) -> String {
    format!(r#"{{"value":{{"a":1,"b":1,"c":1,"d":{d},"e":1,"f":1,"g":1,"h":1,"yes":true}}}}"#)
}

#[test]
fn integers_are_exact_or_refused() {
    let home = with(&["types"]);
    let mut wire = Wire::open(&home);
    let mut with_d = |d: &str| wire.called_with("types_same-integers", &integers(d));
    for (d, exact) in [
        ("0", "0"),
        ("-0", "0"),
        ("9007199254740991", "9007199254740991"),
        (r#""9007199254740993""#, "9007199254740993"),
        (r#""18446744073709551615""#, "18446744073709551615"),
    ] {
        let answer = with_d(d);
        assert_eq!(
            answer["result"]["structuredContent"]["d"], exact,
            "{d}: {answer}"
        );
    }
    for d in [
        "9007199254740992",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
        r#""18446744073709551616""#,
        "-1",
        r#""-1""#,
        "1.5",
        r#""1.0""#,
        r#""0x10""#,
        r#""+1""#,
        r#"" 1""#,
        r#""""#,
        r#""１""#,
        "null",
        "true",
        "[1]",
        "{}",
    ] {
        let answer = with_d(d);
        assert_eq!(error_code(&answer), "ARGUMENTS", "{d}");
        assert!(text(&answer).contains("/value/d"), "{d}: {}", text(&answer));
    }
    let intents = home
        .records(1000)
        .iter()
        .filter(|record| record["kind"] == "intent")
        .count();
    assert_eq!(intents, 5, "what is refused runs nothing");
}

#[test]
fn floats_are_finite_and_zero_has_one_form() {
    let home = with(&["types"]);
    let mut wire = Wire::open(&home);
    let mut with_double = |double: &str| {
        wire.called_with(
            "types_same-floats",
            &format!(r#"{{"value":{{"single":0.5,"double":{double}}}}}"#),
        )
    };
    for (double, same) in [
        ("-0", "0"),
        ("-0.0", "0"),
        ("0.1", "0.1"),
        ("5e-324", "5e-324"),
        ("1e308", "1e308"),
    ] {
        let answer = with_double(double);
        let got = &answer["result"]["structuredContent"]["double"];
        let same: f64 = same.parse().unwrap();
        assert_eq!(
            got.as_f64().map(f64::to_bits),
            Some(same.to_bits()),
            "{double}: {answer}"
        );
    }
    for double in ["1e400", "-1e400", r#""NaN""#, r#""1""#, "null"] {
        let answer = with_double(double);
        assert!(
            answer.get("error").is_some() || error_code(&answer) == "ARGUMENTS",
            "{double}: {answer}"
        );
    }
    // A single that does not hold the number would be another number.
    let wide = wire.called_with(
        "types_same-floats",
        r#"{"value":{"single":1e39,"double":0}}"#,
    );
    assert_eq!(error_code(&wide), "ARGUMENTS");
}

#[test]
fn what_has_no_form_in_json_or_is_no_text_does_not_come_out() {
    let home = Home::trusting(&["guests"]);
    Module {
        name: "odd",
        functions: &[
            ("nan", "f64"),
            ("infinite", "f32"),
            ("minus-zero", "f64"),
            ("surrogate", "char"),
            ("broken", "string"),
            ("beyond", "string"),
        ],
        limits: "",
        body: r#"
            (memory (export "memory") 1)
            (data (i32.const 0) "\20\00\00\00\04\00\00\00" "\20\00\00\00\ff\ff\ff\7f")
            (data (i32.const 32) "ok\f0\9f")
            (func (export "nan") (result f64) (f64.const nan:0x4000000000001))
            (func (export "infinite") (result f32) (f32.const inf))
            (func (export "minus-zero") (result f64) (f64.const -0))
            (func (export "surrogate") (result i32) (i32.const 0xd800))
            (func (export "broken") (result i32) (i32.const 0))
            (func (export "beyond") (result i32) (i32.const 8))"#,
    }
    .install(&home);
    for (tool, end) in [
        ("nan", "OUTPUT"),
        ("infinite", "OUTPUT"),
        ("surrogate", "TRAP"),
        ("broken", "TRAP"),
        ("beyond", "TRAP"),
    ] {
        assert_eq!(code(&run(&home, &format!("odd_{tool}"))), end, "{tool}");
    }
    let zero = home.call("odd_minus-zero", &json!({})).ok();
    assert!(
        !zero.stdout.contains('-') || !zero.stdout.contains("-0"),
        "{}",
        zero.stdout
    );
}

#[test]
fn a_key_that_is_said_twice_is_refused_and_nothing_runs() {
    let home = with(&["echo"]);
    let mut wire = Wire::open(&home);
    for arguments in [
        r#"{"text":"a","text":"b"}"#,
        r#"{"text":"a","te\u0078t":"b"}"#,
    ] {
        let params = format!(r#"{{"name":"echo_say","arguments":{arguments}}}"#);
        wire.ask_in_words("tools/call", &params);
        let answer = wire.hear().unwrap();
        assert!(answer.get("error").is_some(), "{answer}");
    }
    wire.ask_in_words(
        "tools/call",
        r#"{"name":"other","name":"echo_say","arguments":{"text":"a"}}"#,
    );
    assert!(wire.hear().unwrap().get("error").is_some());
    wire.ping();
    let input = home.path("twice.json");
    std::fs::write(&input, r#"{"text":"a","text":"b"}"#).unwrap();
    let twice = home.run(&["call", "echo_say", "--input", input.to_str().unwrap()]);
    assert_ne!(twice.code, 0);
    home.run(&["call", "echo_say", "text=a", "text=b"]).code(2);
    assert!(
        home.records(1000)
            .iter()
            .all(|record| record["kind"] != "intent")
    );
    assert_eq!(
        call(&home, "echo_say", &json!({ "text": "once" })),
        Ok(json!("once"))
    );
}

#[test]
fn deep_or_broken_messages_get_an_error_and_the_session_lives() {
    let home = with(&["types", "echo"]);
    let mut wire = Wire::open(&home);
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let call = |arguments: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{{"name":"echo_say","arguments":{arguments}}}}}"#
        )
    };
    let broken: Vec<Vec<u8>> = vec![
        deep(100_000).into_bytes(),
        call(&format!(r#"{{"text":{}}}"#, deep(200))).into_bytes(),
        call(&format!(r#"{{"text":{}}}"#, deep(100_000))).into_bytes(),
        call(&r#"{"text":"#.repeat(50_000)).into_bytes(),
        call(r#"{"text":NaN}"#).into_bytes(),
        call(r#"{"text":Infinity}"#).into_bytes(),
        call(r#"{"text":"a}"#).into_bytes(),
        call(r#"{"text":"\ud800"}"#).into_bytes(),
        b"{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"ping\",\"params\":{\"x\":\"\xff\xfe\"}}"
            .to_vec(),
        b"\x00\x01\x02".to_vec(),
        vec![b'x'; 9 << 20],
    ];
    for line in broken {
        let begins = String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
        wire.say(&line);
        let answer = wire
            .hear()
            .unwrap_or_else(|| panic!("no answer to {begins}"));
        assert!(
            answer.get("error").is_some() || answer["result"]["isError"] == true,
            "{begins}: {answer}"
        );
        wire.ping();
    }
    let intents = home
        .records(1000)
        .iter()
        .filter(|record| record["kind"] == "intent")
        .count();
    assert_eq!(intents, 0);
    // The deepest that a type of ours goes is no trouble.
    let value = json!({ "leaves": [], "best": null, "outcome": { "error": "red" } });
    let answer = wire.called_with("types_same-branch", &json!({ "value": value }).to_string());
    assert_ne!(answer["result"]["isError"], true, "{answer}");
}

#[test]
fn arguments_are_the_declared_ones_and_all_of_them() {
    let home = with(&["echo"]);
    let mut wire = Wire::open(&home);
    for arguments in [
        "{}",
        r#"{"text":null}"#,
        r#"{"text":1}"#,
        r#"{"text":["a"]}"#,
        r#"{"text":"a","more":1}"#,
        r#"{"Text":"a"}"#,
        r#"{"text ":"a"}"#,
        r#"{"text":"a","":null}"#,
    ] {
        let answer = wire.called_with("echo_say", arguments);
        assert_eq!(error_code(&answer), "ARGUMENTS", "{arguments}");
    }
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat((4 << 20) + 1));
    assert_eq!(
        error_code(&wire.called_with("echo_say", &large)),
        "ARGUMENTS"
    );
    let no_tool = wire.called_with("echo_say\\u0000", r#"{"text":"a"}"#);
    assert!(no_tool.get("error").is_some(), "{no_tool}");
    assert!(
        home.records(1000)
            .iter()
            .all(|record| record["kind"] != "intent")
    );
    assert_eq!(
        *result(&wire.called_with("echo_say", r#"{"text":"a"}"#)),
        json!("a")
    );
}

#[test]
fn a_text_is_whole_or_refused_wherever_the_limit_falls_in_its_characters() {
    let home = Home::trusting(&["guests"]);
    home.with_limited_guest("huge-output", "output = \"1 KiB\"");
    let mut wire = Wire::open(&home);
    let (mut whole, mut refused) = (0, 0);
    for count in 250..262_u32 {
        let answer = wire.called_with(
            "huge-output_letters",
            &json!({ "count": count }).to_string(),
        );
        if answer["result"]["isError"] == true {
            assert_eq!(error_code(&answer), "OUTPUT");
            refused += 1;
        } else {
            let expected = format!("a{}", "🧾".repeat(count as usize));
            assert_eq!(*result(&answer), Json::from(expected));
            assert_eq!(refused, 0, "more is never let out where less was refused");
            whole += 1;
        }
    }
    assert!(whole > 0 && refused > 0, "{whole} whole, {refused} refused");
}
