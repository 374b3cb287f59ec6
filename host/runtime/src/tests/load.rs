//! What is refused before anything runs.

use super::*;
use crate::error::LoadError;
use proptest::prelude::*;

fn load(engine: &Engine, wat: &str, tools: &[Tool]) -> Result<Skill, LoadError> {
    let component = Component::new(&engine.wasm, wat::parse_str(wat).unwrap()).unwrap();
    Skill::new(
        &engine.wasm,
        Digest::of(b""),
        &component,
        &shared(tools),
        &[],
    )
}

const ADD: &str = r#"(component
    (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
    (core instance $i (instantiate $m))
    (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
    (instance $math (export "add" (func $add)))
    (export "acme:math/sums@1.0.0" (instance $math)))"#;

fn add(a: Type, b: (&str, Type), result: Option<Type>) -> Tool {
    let mut add = tool("add", &[("a", a), b], result);
    add.export.interface = Some("acme:math/sums@1.0.0".to_owned());
    add
}

#[tokio::test]
async fn a_function_of_an_interface_is_called() {
    let engine = engine(|_| ());
    let skill = skill(
        &engine,
        ADD,
        &[add(Type::U32, ("b", Type::U32), Some(Type::U32))],
    );
    let ran = engine
        .run(job(&skill, "add", vec![Value::U32(40), Value::U32(2)]))
        .await;
    assert_eq!(ran.result, Ok(Some(Value::U32(42))));
    let ran = engine.run(job(&skill, "subtract", vec![])).await;
    assert_eq!(error(ran), CallError::NoTool("subtract".to_owned()));
}

#[test]
fn types_other_than_the_package_says_are_refused() {
    let engine = engine(|_| ());
    let u32s = ("b", Type::U32);
    for (tool, why) in [
        (
            add(Type::S32, u32s.clone(), Some(Type::U32)),
            "parameter `a` of type `u32`, not `s32`",
        ),
        (
            add(Type::U32, ("c", Type::U32), Some(Type::U32)),
            "a parameter `b`, not `c`",
        ),
        (
            add(Type::U32, u32s.clone(), Some(Type::U64)),
            "result of type `u32`, not `u64`",
        ),
        (add(Type::U32, u32s.clone(), None), "a result, not none"),
        (tool_of_three(), "2 parameters, not 3"),
    ] {
        match load(&engine, ADD, &[tool]) {
            Err(LoadError::OtherTypes { why: found, .. }) => assert_eq!(found, why),
            other => panic!("{:?}", other.err()),
        }
    }
}

fn tool_of_three() -> Tool {
    let mut tool = add(Type::U32, ("b", Type::U32), Some(Type::U32));
    tool.params.push(tool.params[0].clone());
    tool
}

#[test]
fn a_function_that_is_not_there_is_refused() {
    let engine = engine(|_| ());
    let of_the_world = tool("add", &[], None);
    assert!(matches!(
        load(&engine, ADD, &[of_the_world]),
        Err(LoadError::NoFunction(_))
    ));
    let mut elsewhere = add(Type::U32, ("b", Type::U32), Some(Type::U32));
    elsewhere.export.interface = Some("acme:math/other@1.0.0".to_owned());
    assert!(matches!(
        load(&engine, ADD, &[elsewhere]),
        Err(LoadError::NoFunction(_))
    ));
}

#[test]
fn an_import_that_the_host_does_not_have_is_refused_by_name() {
    let engine = engine(|_| ());
    for import in [
        "acme:erp/records@1.0.0",
        "wasi:nn/graph@0.2.0",
        "wasi:sockets/raw@0.2.0",
    ] {
        let wat = format!(r#"(component (import "{import}" (instance)))"#);
        match load(&engine, &wat, &[]) {
            Err(LoadError::Import(name)) => assert_eq!(name, import),
            other => panic!("{:?}", other.err()),
        }
    }
}

#[test]
fn features_that_the_reader_refuses_the_engine_refuses_too() {
    let engine = engine(|_| ());
    for body in [
        "(memory i64 1)",
        "(memory 1 1 shared)",
        "(type (struct (field i32)))",
        "(tag)",
        "(memory 1 (pagesize 1))",
    ] {
        let bytes = wat::parse_str(format!("(component (core module {body}))")).unwrap();
        assert!(Component::new(&engine.wasm, bytes).is_err(), "{body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn broken_components_are_refused_without_a_panic(at in any::<prop::sample::Index>(), with: u8, cut in any::<prop::sample::Index>()) {
        let engine = wasmtime::Engine::new(&config()).unwrap();
        let mut bytes = wat::parse_str(ADD).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = with;
        let tools = [add(Type::U32, ("b", Type::U32), Some(Type::U32))];
        for _ in 0..2 {
            if let Ok(component) = Component::new(&engine, &bytes) {
                drop(Skill::new(&engine, Digest::of(b""), &component, &shared(&tools), &[]));
            }
            bytes.truncate(cut.index(bytes.len() + 1));
        }
    }
}
