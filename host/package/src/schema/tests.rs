use super::*;
use crate::value::tests::any::{types, values};
use crate::value::{Caps, Value};
use crate::wit_type::Field;
use proptest::prelude::*;

fn param(name: &str, ty: Type) -> Param {
    Param {
        name: name.into(),
        docs: None,
        ty,
    }
}

fn takes(ty: &Type, value: &Json) -> bool {
    let schema = input(&[param("x", ty.clone())]);
    jsonschema::draft202012::is_valid(&schema, &json!({ "x": value }))
}

fn boxed(ty: Type) -> Box<Type> {
    Box::new(ty)
}

#[test]
fn integers_have_their_ranges() {
    let ranges = [
        (Type::U8, 0, i64::from(u8::MAX)),
        (Type::S8, i64::from(i8::MIN), i64::from(i8::MAX)),
        (Type::U16, 0, i64::from(u16::MAX)),
        (Type::S16, i64::from(i16::MIN), i64::from(i16::MAX)),
        (Type::U32, 0, i64::from(u32::MAX)),
        (Type::S32, i64::from(i32::MIN), i64::from(i32::MAX)),
        (Type::U64, 0, SAFE),
        (Type::S64, -SAFE, SAFE),
    ];
    for (ty, least, most) in ranges {
        assert!(
            takes(&ty, &least.into()) && takes(&ty, &most.into()),
            "{ty}"
        );
        assert!(
            !takes(&ty, &(least - 1).into()) && !takes(&ty, &(most + 1).into()),
            "{ty}"
        );
        assert!(!takes(&ty, &json!(0.5)) && !takes(&ty, &Json::Null), "{ty}");
    }
}

#[test]
fn sixty_four_bits_are_taken_as_text_and_answered_as_text() {
    for text in ["0", "18446744073709551615", "9007199254740993"] {
        assert!(takes(&Type::U64, &text.into()), "{text}");
    }
    for text in [
        "",
        "-1",
        "01",
        "1.0",
        "1e3",
        " 1",
        "+1",
        "123456789012345678901",
    ] {
        assert!(!takes(&Type::U64, &text.into()), "{text}");
    }
    assert!(takes(&Type::S64, &"-9223372036854775808".into()));
    assert!(!takes(&Type::S64, &"-0".into()));
    let record = Type::Record(vec![Field {
        name: "n".into(),
        docs: None,
        ty: Type::U64,
    }]);
    let answer = output(Some(&record), None).unwrap();
    assert!(jsonschema::draft202012::is_valid(
        &answer,
        &json!({ "n": "7" })
    ));
    assert!(!jsonschema::draft202012::is_valid(
        &answer,
        &json!({ "n": 7 })
    ));
}

#[test]
fn unknown_and_missing_fields_are_invalid() {
    let field = |name: &str, ty| Field {
        name: name.into(),
        docs: None,
        ty,
    };
    let ty = Type::Record(vec![
        field("a", Type::Bool),
        field("b", Type::Option(boxed(Type::Bool))),
    ]);
    assert!(takes(&ty, &json!({ "a": true })));
    assert!(takes(&ty, &json!({ "a": true, "b": null })));
    assert!(!takes(&ty, &json!({ "b": true })));
    assert!(!takes(&ty, &json!({ "a": true, "c": true })));
    let schema = input(&[param("x", Type::Bool)]);
    assert!(!jsonschema::draft202012::is_valid(
        &schema,
        &json!({ "x": true, "y": true })
    ));
    assert!(!jsonschema::draft202012::is_valid(&schema, &json!({})));
}

#[test]
fn options_of_options_can_be_told_apart() {
    let ty = Type::Option(boxed(Type::Option(boxed(Type::Bool))));
    assert!(
        takes(&ty, &Json::Null)
            && takes(&ty, &json!({ "some": null }))
            && takes(&ty, &json!({ "some": true }))
    );
    assert!(!takes(&ty, &json!(true)));
}

#[test]
fn variants_results_tuples_and_flags_have_one_shape_each() {
    let case = |name: &str, ty| Case {
        name: name.into(),
        docs: None,
        ty,
    };
    let variant = Type::Variant(vec![case("none", None), case("some", Some(Type::U8))]);
    assert!(takes(&variant, &json!("none")) && takes(&variant, &json!({ "some": 7 })));
    assert!(!takes(&variant, &json!("some")) && !takes(&variant, &json!({ "none": null })));
    let result = Type::Result {
        ok: None,
        err: Some(boxed(Type::String)),
    };
    assert!(takes(&result, &json!({ "ok": null })) && takes(&result, &json!({ "error": "no" })));
    assert!(!takes(&result, &json!({ "ok": null, "error": "no" })));
    let tuple = Type::Tuple(vec![Type::U8, Type::String]);
    assert!(takes(&tuple, &json!([1, "a"])));
    assert!(!takes(&tuple, &json!([1])) && !takes(&tuple, &json!([1, "a", 2])));
    let flags = Type::Flags(vec!["r".into(), "w".into()]);
    assert!(takes(&flags, &json!([])) && takes(&flags, &json!(["w", "r"])));
    assert!(!takes(&flags, &json!(["r", "r"])) && !takes(&flags, &json!(["x"])));
    assert!(
        takes(&Type::Char, &json!("é"))
            && takes(&Type::Char, &json!("🦀"))
            && !takes(&Type::Char, &json!("ab"))
    );
    assert!(takes(&Type::Bytes, &json!("AAE=")) && !takes(&Type::Bytes, &json!("A-E_")));
}

#[test]
fn roots_are_objects() {
    let answer = |result| output(Some(&result), None);
    let fails = |ok: Option<Type>| Type::Result {
        ok: ok.map(boxed),
        err: Some(boxed(Type::String)),
    };
    assert!(wraps(Some(&Type::String)));
    assert!(wraps(Some(&fails(Some(Type::U8)))));
    assert!(!wraps(Some(&fails(Some(Type::Record(vec![]))))));
    assert!(!wraps(Some(&fails(None))) && !wraps(None));
    assert_eq!(answer(fails(None)), None);
    assert_eq!(output(None, None), None);
    for schema in [answer(Type::String).unwrap(), input(&[])] {
        assert_eq!(schema["type"], "object");
        assert!(jsonschema::meta::is_valid(&schema));
    }
}

fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    types().prop_flat_map(|ty| values(&ty).prop_map(move |value| (ty.clone(), value)))
}

proptest! {
    #[test]
    fn every_value_fits_the_schema_of_its_type((ty, value) in typed_value()) {
        let json = value.to_json(&Caps::default()).unwrap();
        let answer = output(Some(&Type::Tuple(vec![ty.clone()])), None).unwrap();
        prop_assert!(jsonschema::draft202012::is_valid(&answer, &json!({ "result": [json] })), "{answer}\n{json}");
        prop_assert!(takes(&ty, &json), "{ty}\n{json}");
    }

    #[test]
    fn what_the_schema_takes_is_taken((ty, value) in typed_value()) {
        let json = value.to_json(&Caps::default()).unwrap();
        prop_assert!(takes(&ty, &json));
        prop_assert!(Value::from_json(&ty, &json, &Caps::default()).is_ok());
    }

    #[test]
    fn every_schema_is_a_schema(ty in types()) {
        prop_assert!(jsonschema::meta::is_valid(&input(&[param("x", ty)])));
    }
}
