//! The one-form invariant over random types and values, and the edges by name.

use super::*;
use crate::wit_type::{Case, Field, Type};
use proptest::prelude::*;
use serde_json::json;

pub(crate) mod any;
use any::{types, values};

fn name(text: &str) -> Name {
    Name::from(text)
}

fn names(count: usize) -> Vec<Name> {
    (0..count).map(|i| Name::from(format!("n{i}"))).collect()
}

/// A type with two of its values.
fn typed() -> impl Strategy<Value = (Type, Value, Value)> {
    types().prop_flat_map(|ty| {
        let (a, b) = (values(&ty), values(&ty));
        (Just(ty), a, b)
    })
}

proptest! {
    #[test]
    fn a_value_survives_its_json_form_and_its_text((ty, value, _) in typed()) {
        let caps = Caps::default();
        let json = value.to_json(&caps).unwrap();
        prop_assert_eq!(&Value::from_json(&ty, &json, &caps).unwrap(), &value);
        let text = canonical(&json);
        let parsed = parse_strict(&text, &caps).unwrap();
        prop_assert_eq!(&Value::from_json(&ty, &parsed, &caps).unwrap(), &value);
        prop_assert_eq!(canonical(&parsed), text);
    }

    #[test]
    fn distinct_values_have_distinct_canonical_bytes((_, a, b) in typed()) {
        let caps = Caps::default();
        let bytes = |v: &Value| canonical(&v.to_json(&caps).unwrap());
        prop_assert_eq!(bytes(&a) == bytes(&b), a == b);
    }

    #[test]
    fn neighbouring_wide_integers_stay_apart(n in 0..u64::MAX) {
        let bytes = |n| canonical(&Value::U64(n).to_json(&Caps::default()).unwrap());
        prop_assert_ne!(bytes(n), bytes(n + 1));
    }

    #[test]
    fn the_canonical_form_is_its_own_canonical_form(f in any::<f64>(), n in any::<u64>()) {
        for json in [json!(f), json!(n), json!([n.to_string(), f])] {
            let once = canonical(&json);
            prop_assert_eq!(canonical(&parse_strict(&once, &Caps::default()).unwrap()), once);
        }
    }

    #[test]
    fn neighbouring_bare_integers_stay_apart(n in 0..u64::MAX) {
        prop_assert_ne!(canonical(&json!(n)), canonical(&json!(n + 1)));
    }

    #[test]
    fn the_strict_parser_agrees_with_serde_on_what_it_takes(text in "[\\[\\]{}:,\"a0-9.eE+ -]{0,40}") {
        if let Ok(json) = parse_strict(text.as_bytes(), &Caps::default()) {
            prop_assert_eq!(json, serde_json::from_str::<Json>(&text).unwrap());
        }
    }

    #[test]
    fn any_document_is_taken_or_refused_without_a_panic((ty, _, _) in typed(), (_, other, _) in typed()) {
        let caps = Caps { depth: 8, nodes: 50, bytes: 200 };
        if let Ok(json) = other.to_json(&caps)
            && let Ok(value) = Value::from_json(&ty, &json, &Caps::default())
        {
            let again = value.to_json(&Caps::default()).unwrap();
            prop_assert_eq!(Value::from_json(&ty, &again, &Caps::default()).unwrap(), value);
        }
    }
}

fn read(ty: &Type, json: Json) -> Result<Value, String> {
    Value::from_json(ty, &json, &Caps::default()).map_err(|e| e.to_string())
}

#[test]
fn wide_integers_are_safe_numbers_or_decimal_strings() {
    let max_safe = 9_007_199_254_740_991_u64;
    assert_eq!(read(&Type::U64, json!(max_safe)), Ok(Value::U64(max_safe)));
    assert_eq!(
        read(&Type::U64, json!("9007199254740993")),
        Ok(Value::U64(max_safe + 2))
    );
    assert_eq!(
        read(&Type::U64, json!("18446744073709551615")),
        Ok(Value::U64(u64::MAX))
    );
    assert_eq!(
        read(&Type::S64, json!("-9223372036854775808")),
        Ok(Value::S64(i64::MIN))
    );
    assert_eq!(
        read(&Type::S64, json!(-(max_safe as i64))),
        Ok(Value::S64(-(max_safe as i64)))
    );
    for wrong in [
        json!(max_safe + 1),
        json!(max_safe + 2),
        json!(u64::MAX),
        json!(9.007_199_254_740_992e15),
        json!(1.5),
        json!(-1),
        json!("18446744073709551616"),
        json!("+1"),
        json!("01"),
        json!("-0"),
        json!(" 1"),
        json!("1e3"),
        json!(""),
        json!(null),
    ] {
        assert!(read(&Type::U64, wrong.clone()).is_err(), "{wrong}");
    }
    assert!(read(&Type::S64, json!("-9223372036854775809")).is_err());
}

#[test]
fn small_integers_keep_their_ranges() {
    assert_eq!(read(&Type::U8, json!(255)), Ok(Value::U8(255)));
    assert_eq!(read(&Type::U8, json!(255.0)), Ok(Value::U8(255)));
    assert_eq!(read(&Type::S8, json!(-128)), Ok(Value::S8(-128)));
    for wrong in [
        json!(256),
        json!(-1),
        json!("1"),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
    ] {
        assert!(read(&Type::U8, wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn floats_are_finite_and_have_one_zero() {
    let minus_zero = read(&Type::F64, json!(-0.0)).unwrap();
    assert_eq!(
        canonical(&minus_zero.to_json(&Caps::default()).unwrap()),
        b"0"
    );
    assert_eq!(
        canonical(&Value::F64(-0.0).to_json(&Caps::default()).unwrap()),
        b"0"
    );
    assert!(read(&Type::F32, json!(1e39)).is_err());
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Value::F64(value).to_json(&Caps::default()).unwrap_err();
        assert_eq!(*error.problem(), Problem::NotFinite);
    }
    assert!(Value::F32(f32::NAN).to_json(&Caps::default()).is_err());
}

#[test]
fn an_option_of_an_option_is_told_apart() {
    let twice = Type::Option(Box::new(Type::Option(Box::new(Type::U8))));
    let some = |v| Value::Option(Some(Box::new(v)));
    for (json, value) in [
        (json!(null), Value::Option(None)),
        (json!({ "some": null }), some(Value::Option(None))),
        (json!({ "some": 3 }), some(some(Value::U8(3)))),
    ] {
        assert_eq!(read(&twice, json.clone()), Ok(value.clone()));
        assert_eq!(value.to_json(&Caps::default()).unwrap(), json);
    }
    assert!(read(&twice, json!(3)).is_err());
}

fn amount() -> Type {
    let field = |text, ty| Field {
        name: name(text),
        docs: None,
        ty,
    };
    Type::Record(vec![
        field("minor", Type::U64),
        field("currency", Type::String),
        field("note", Type::Option(Box::new(Type::String))),
    ])
}

#[test]
fn a_record_takes_its_fields_and_no_other() {
    let value = read(&amount(), json!({ "currency": "EUR", "minor": 4250 })).unwrap();
    let json = value.to_json(&Caps::default()).unwrap();
    assert_eq!(
        String::from_utf8(canonical(&json)).unwrap(),
        r#"{"currency":"EUR","minor":"4250","note":null}"#
    );
}

#[test]
fn errors_name_the_place_in_words_a_person_reads() {
    let lines = Type::List(Box::new(amount()));
    let of = |json| read(&lines, json).unwrap_err();
    let variant = Type::Variant(vec![
        Case {
            name: name("rejected"),
            docs: None,
            ty: Some(Type::String),
        },
        Case {
            name: name("unknown"),
            docs: None,
            ty: None,
        },
    ]);
    let all = [
        of(json!([{ "minor": 1, "currency": "EUR" }, { "minor": -1, "currency": "EUR" }])),
        of(json!([{ "minor": 1 }])),
        of(json!([{ "minor": 1, "currency": "EUR", "evil\u{202e}": 1 }])),
        of(json!({})),
        read(&variant, json!("rejected")).unwrap_err(),
        read(&variant, json!({ "unknown": null })).unwrap_err(),
        read(&variant, json!({ "rejected": 1 })).unwrap_err(),
        read(&Type::Enum(names(2)), json!("n7")).unwrap_err(),
        read(&Type::Flags(names(2)), json!(["n1", "n1"])).unwrap_err(),
        read(&Type::Char, json!("ab")).unwrap_err(),
        read(&Type::Bytes, json!("AB")).unwrap_err(),
        read(&Type::Tuple(vec![Type::Bool]), json!([])).unwrap_err(),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn flags_are_a_set_with_one_order() {
    let ty = Type::Flags(names(3));
    let one = read(&ty, json!(["n2", "n0"])).unwrap();
    assert_eq!(one, read(&ty, json!(["n0", "n2"])).unwrap());
    assert_eq!(one.to_json(&Caps::default()).unwrap(), json!(["n0", "n2"]));
}

#[test]
fn chars_and_cuts_respect_scalar_values() {
    assert_eq!(read(&Type::Char, json!("😀")), Ok(Value::Char('😀')));
    assert!(read(&Type::Char, json!("")).is_err());
    assert!(
        read(&Type::Char, json!("e\u{301}")).is_err(),
        "two scalar values"
    );
    let long = "é".repeat(500);
    assert!(read(&Type::Enum(names(1)), json!(long)).unwrap_err().len() < 400);
}

#[test]
fn base64_has_one_form() {
    assert_eq!(
        read(&Type::Bytes, json!("/+8=")),
        Ok(Value::Bytes(vec![0xff, 0xef]))
    );
    for wrong in ["/+8", "/+9=", "_-8=", "/+8=\n", "/+8=="] {
        assert!(read(&Type::Bytes, json!(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn caps_hold_in_both_directions() {
    let list = |ty| Type::List(Box::new(ty));
    let nested = list(list(list(Type::Bool)));
    let caps = |depth, nodes, bytes| Caps {
        depth,
        nodes,
        bytes,
    };
    let problem = |ty: &Type, json, caps: Caps| {
        let value = Value::from_json(ty, &json, &Caps::default()).unwrap();
        let written = value.to_json(&caps).unwrap_err();
        let read = Value::from_json(ty, &json, &caps).unwrap_err();
        assert_eq!(read.problem(), written.problem());
        read.problem().clone()
    };
    assert_eq!(
        problem(&nested, json!([[[true]]]), caps(3, 99, 99)),
        Problem::TooDeep(3)
    );
    assert_eq!(
        problem(&list(Type::Bool), json!([true, true]), caps(9, 2, 99)),
        Problem::TooMany(2)
    );
    assert_eq!(
        problem(&Type::String, json!("éé"), caps(9, 9, 3)),
        Problem::TooLarge(3)
    );
    assert_eq!(
        problem(&Type::Bytes, json!("AAAA"), caps(9, 9, 2)),
        Problem::TooLarge(2)
    );
}

#[test]
fn the_strict_parser_refuses_two_meanings_and_too_much() {
    let caps = Caps {
        depth: 4,
        nodes: 10,
        bytes: 40,
    };
    let refused = |text: &str| parse_strict(text.as_bytes(), &caps).is_err();
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        "[[[[1]]]]",
        "[1,2,3,4,5,6,7,8,9,10]",
        "NaN",
        "9007199254740993",
        "-9007199254740993",
        "18446744073709551615",
        "1e999",
        "1 2",
        "",
        "\"\\ud800\"",
        "{\"a\":1,}",
    ] {
        assert!(refused(text), "{text}");
    }
    assert!(refused(&format!("\"{}\"", "a".repeat(90))));
    assert!(parse_strict(&[b'"', 0xff, b'"'], &caps).is_err());
    assert!(!refused(r#"{"a":[1,{"b":2}]}"#));
    let deep = "[".repeat(100_000);
    let wide = Caps {
        bytes: usize::MAX,
        ..Caps::default()
    };
    assert!(parse_strict(deep.as_bytes(), &wide).is_err());
}

#[test]
fn canonical_never_lets_two_integers_share_bytes() {
    assert_ne!(
        canonical(&json!(9_007_199_254_740_992_u64)),
        canonical(&json!(9_007_199_254_740_993_u64))
    );
    assert_eq!(
        canonical(&json!({ "b": u64::MAX, "a": [i64::MIN, 1] })),
        br#"{"a":["-9223372036854775808",1],"b":"18446744073709551615"}"#
    );
    assert_eq!(
        canonical(&json!({ "ö": "\u{1f600}", "z": 1e21, "a": 1.0 })),
        "{\"a\":1,\"z\":1e+21,\"ö\":\"😀\"}".as_bytes()
    );
}
