use super::*;
use std::time::{Duration, Instant};
use wit_component::StringEncoding;

fn read_wat(text: &str) -> Result<(), ReaderError> {
    read_bytes(&wat::parse_str(text).unwrap())
}

fn read_bytes(bytes: &[u8]) -> Result<(), ReaderError> {
    read(bytes, &ReadLimits::default()).map(drop)
}

fn too_much(result: Result<(), ReaderError>) -> &'static str {
    match result {
        Err(ReaderError::TooMuch { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

/// Four magic bytes, version 13, layer 1: how a component begins.
const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).unwrap();
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn section(id: u8, data: &[u8]) -> Vec<u8> {
    [&[id], leb(data.len()).as_slice(), data].concat()
}

#[test]
fn what_compilers_write_is_read() {
    let bytes = crate::testing::component(crate::testing::PAYMENTS);
    let raw = read(&bytes, &ReadLimits::default()).unwrap();
    assert_eq!(raw.imports.len(), 3);
    assert_eq!(raw.exports.len(), 1);
    assert!(raw.sections.is_empty());
}

#[test]
fn only_components_are_read() {
    assert_eq!(read_wat("(module)"), Err(ReaderError::NotComponent));
    for bytes in [
        &b""[..],
        b"\0",
        b"\0asm",
        b"not wasm at all",
        HEADER.split_at(6).0,
        &[0xff; 4096],
    ] {
        assert!(read_bytes(bytes).is_err());
    }
    assert_eq!(read_bytes(HEADER), Ok(()));
}

#[test]
fn too_many_bytes_are_not_looked_at() {
    let limits = ReadLimits {
        bytes: 7,
        ..ReadLimits::default()
    };
    assert_eq!(too_much(read(HEADER, &limits).map(drop)), "bytes");
}

#[test]
fn each_count_has_its_limit() {
    let limits = ReadLimits {
        functions: 1,
        types: 2,
        modules: 2,
        instances: 1,
        imports: 1,
        exports: 2,
        memories: 1,
        tables: 1,
        custom_sections: 1,
        body_bytes: 20,
        name_bytes: 20,
        ..ReadLimits::default()
    };
    let cases = [
        ("(core module (func) (func))", "functions"),
        (
            "(core module (type (func)) (type (func (param i32))) (type (func (result i32))))",
            "types",
        ),
        ("(type u8) (type u8) (type u8)", "types"),
        ("(type (instance (type u8) (type u8)))", "types"),
        (
            "(core module) (component) (core module)",
            "nested modules and components",
        ),
        (
            "(core module $m) (core instance (instantiate $m)) (core instance (instantiate $m))",
            "instances",
        ),
        (
            "(core module (import \"a\" \"a\" (func)) (import \"a\" \"b\" (func)))",
            "imports",
        ),
        ("(import \"a\" (func)) (import \"b\" (func))", "imports"),
        (
            "(core module (func (export \"a\") (export \"b\") (export \"c\")))",
            "exports",
        ),
        ("(core module (memory 0) (memory 0))", "memories"),
        (
            "(core module (table 0 funcref) (table 0 funcref))",
            "tables",
        ),
        (
            "(@custom \"a\" \"\") (@custom \"b\" \"\")",
            "custom sections",
        ),
        (
            &format!("(core module (func {}))", "nop ".repeat(30)),
            "bytes in one function",
        ),
        (
            &format!("(core module (func (export \"{}\")))", "x".repeat(21)),
            "bytes in one name",
        ),
        (
            &format!("(core module (import \"{}\" \"\" (func)))", "x".repeat(21)),
            "bytes in one name",
        ),
        (
            &format!("(import \"{}\" (func))", "x".repeat(21)),
            "bytes in one name",
        ),
        (
            &format!("(@custom \"{}\" \"\")", "x".repeat(21)),
            "bytes in one name",
        ),
    ];
    for (text, what) in cases {
        let bytes = wat::parse_str(format!("(component {text})")).unwrap();
        assert_eq!(too_much(read(&bytes, &limits).map(drop)), what, "{text}");
    }
}

/// Ten instances of what makes ten instances, and so on, `levels` deep.
fn tenfold(levels: usize) -> String {
    let module = format!(
        "(core module $m) {}",
        "(core instance (instantiate $m)) ".repeat(10)
    );
    (1..levels).fold(module, |inner, _| {
        format!(
            "(component $c {inner}) {}",
            "(instance (instantiate $c)) ".repeat(10)
        )
    })
}

#[test]
fn instances_multiply_through_nested_components() {
    let what = "instances that its components make of one another";
    assert_eq!(read_wat(&format!("(component {})", tenfold(2))), Ok(()));
    assert_eq!(
        too_much(read_wat(&format!("(component {})", tenfold(4)))),
        what
    );
    let thousand =
        "(component $big (component $c (core module $m) (core instance (instantiate $m)))"
            .to_owned()
            + &"(instance (instantiate $c))".repeat(400)
            + ")";
    for again in [
        "(export $e \"e\" (component $big)) (instance (instantiate $e)) (instance (instantiate $e))",
        "(component (alias outer 1 $big (component $o)) (instance (instantiate $o)) (instance (instantiate $o)))",
        "(component $x (alias outer 1 $big (component $o)) (export \"y\" (component $o)))
         (instance $x (instantiate $x)) (alias export $x \"y\" (component $y))
         (instance (instantiate $y)) (instance (instantiate $y))",
    ] {
        let text = format!("(component {thousand} {again})");
        let result = read_wat(&text);
        if again.starts_with("(export") {
            assert!(result.is_err(), "{again}"); // nor may a skill export a component
        } else {
            assert_eq!(too_much(result), what, "{again}");
        }
    }
    let passed =
        "(component (component (import \"c\" (component $c)) (instance (instantiate $c))))";
    assert!(matches!(
        read_wat(passed),
        Err(ReaderError::Outer {
            kind: "a component",
            ..
        })
    ));
}

#[test]
fn memory_and_tables_at_the_start_are_added_up() {
    let memories = "(core module (memory 9000))".repeat(2);
    assert_eq!(
        too_much(read_wat(&format!("(component {memories})"))),
        "bytes of memory at the start"
    );
    let tables = "(core module (table 600000 funcref))".repeat(2);
    assert_eq!(
        too_much(read_wat(&format!("(component {tables})"))),
        "table elements at the start"
    );
}

#[test]
fn functions_with_very_many_parameters_are_refused() {
    let text = format!(
        "(component (core module (type (func (result {})))))",
        "i32 ".repeat(129)
    );
    assert_eq!(
        too_much(read_wat(&text)),
        "parameters or results of one function"
    );
}

#[test]
fn branch_tables_are_counted_over_the_whole_component() {
    let limits = ReadLimits {
        branch_targets: 150,
        ..ReadLimits::default()
    };
    let function = format!("(func (block i32.const 0 br_table {}))", "0 ".repeat(101));
    let bytes = wat::parse_str(format!("(component (core module {function} {function}))")).unwrap();
    assert_eq!(too_much(read(&bytes, &limits).map(drop)), "branch targets");
}

#[test]
fn nesting_is_bounded_before_anything_recurses() {
    let deep = (0..1000).fold(HEADER.to_vec(), |inner, _| {
        [HEADER, &section(4, &inner)].concat()
    });
    assert_eq!(too_much(read_bytes(&deep)), "levels of nesting");
}

#[test]
fn types_within_types_do_not_overflow_the_stack() {
    for kind in [0x41, 0x42] {
        let mut types = vec![1];
        for _ in 0..300_000 {
            types.extend_from_slice(&[kind, 1, 1]);
        }
        let bytes = [HEADER, &section(7, &types)].concat();
        assert_eq!(too_much(read_bytes(&bytes)), "levels of types inside types");
    }
}

#[test]
fn a_deep_chain_of_types_is_refused() {
    let mut types = leb(20_000);
    types.push(0x7d);
    for index in 0..19_999 {
        types.push(0x70);
        types.extend_from_slice(&leb(index));
    }
    let bytes = [HEADER, &section(7, &types)].concat();
    assert!(read_bytes(&bytes).is_err());
}

#[test]
fn a_type_that_doubles_is_refused_soon() {
    let mut text = String::from("(component (type $t0 u8)");
    for n in 0..60 {
        text += &format!("(type $t{} (tuple $t{n} $t{n}))", n + 1);
    }
    text += "(import \"f\" (func (param \"x\" $t60))))";
    let start = Instant::now();
    assert!(read_wat(&text).is_err());
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn counts_that_promise_more_than_is_there_cost_nothing() {
    for id in [1, 2, 3, 5, 6, 7, 8, 9, 10, 11] {
        let bytes = [HEADER, &section(id, &[0xff, 0xff, 0xff, 0xff, 0x0f])].concat();
        let start = Instant::now();
        assert!(read_bytes(&bytes).is_err(), "section {id}");
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn strings_in_other_encodings_are_refused() {
    let text = crate::testing::PAYMENTS;
    for (encoding, name) in [
        (StringEncoding::UTF16, "utf16"),
        (StringEncoding::CompactUTF16, "latin1+utf16"),
    ] {
        let bytes = crate::testing::component_with(text, encoding);
        let error = read_bytes(&bytes);
        assert!(
            matches!(error, Err(ReaderError::StringEncoding { encoding, .. }) if encoding == name),
            "{error:?}"
        );
    }
}

#[test]
fn an_encoding_within_a_nested_component_is_refused() {
    let text = r#"(component (component (import "f" (func $f (param "s" string)))
        (core module $m (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable))
        (core instance $i (instantiate $m))
        (core func (canon lower (func $f) string-encoding=utf16
            (memory (core memory $i "m")) (realloc (core func $i "r"))))))"#;
    assert!(matches!(
        read_wat(text),
        Err(ReaderError::StringEncoding { .. })
    ));
}

#[test]
fn proposals_that_skills_may_not_use_are_refused() {
    for text in [
        "(core module (memory 1 1 shared))",
        "(core module (memory i64 1))",
        "(core module (type (struct)))",
        "(core module (func (param externref)))",
        "(core module (tag))",
        "(type (future u8))",
        "(type (stream u8))",
        "(type (list u8 4))",
        "(type error-context)",
        "(import \"f\" (func async))",
        "(import \"v\" (value u8))",
    ] {
        let bytes = wat::parse_str(format!("(component {text})")).unwrap();
        assert!(read_bytes(&bytes).is_err(), "{text}");
    }
}

#[test]
fn code_that_does_not_validate_is_refused() {
    let text = "(component (core module (func (result i32) i64.const 1)))";
    assert!(matches!(read_wat(text), Err(ReaderError::Malformed { .. })));
}

#[test]
fn a_component_has_interfaces_functions_and_types_outside_and_nothing_else() {
    for text in [
        "(import \"m\" (core module))",
        "(import \"c\" (component))",
        "(import \"r\" (type (sub resource)))",
        "(core module $m) (export \"m\" (core module $m))",
        "(component $c) (export \"c\" (component $c))",
    ] {
        let error = read_wat(&format!("(component {text})"));
        assert!(matches!(error, Err(ReaderError::Outer { .. })), "{error:?}");
    }
}

#[test]
fn sections_of_ours_stand_outside_only() {
    for nested in [
        "(core module (@custom \"vouchsafe:manifest\" \"{}\"))",
        "(component (@custom \"vouchsafe:docs\" \"{}\"))",
    ] {
        let error = read_wat(&format!("(component {nested})"));
        assert!(
            matches!(error, Err(ReaderError::NestedSection { .. })),
            "{error:?}"
        );
    }
    assert_eq!(
        read_wat("(component (core module (@custom \"producers\" \"\")))"),
        Ok(())
    );
}

static PACKED: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    crate::testing::packed(crate::testing::PAYMENTS, crate::testing::PAYMENTS_TOML)
});

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), id in 0_u8..14) {
        let _ = read_bytes(&bytes);
        let _ = read_bytes(&[HEADER, &bytes].concat());
        let _ = read_bytes(&[HEADER, &section(id, &bytes)].concat());
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..4096, with: [u8; 3]) {
        let mut bytes = PACKED.clone();
        let at = at % (bytes.len() - 3);
        bytes[at..at + 3].copy_from_slice(&with);
        let _ = crate::Package::read(&bytes, &ReadLimits::default());
    }
}
