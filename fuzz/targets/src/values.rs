//! What agents send: JSON for a WIT type.

use std::sync::OnceLock;

use vouchsafe_package::value::{Caps, Value, canonical, parse_strict};
use vouchsafe_package::{Case, Field, Name, Type};

/// The first byte chooses a type, the rest is JSON. What is taken as a value of the type has one form,
/// and reading that form gives the same value and the same bytes.
pub fn json(bytes: &[u8]) {
    let Some((which, text)) = bytes.split_first() else {
        return;
    };
    let types = types();
    let ty = types
        .get(usize::from(*which) % types.len())
        .expect("a type");
    let caps = Caps::default();
    let json = match parse_strict(text, &caps) {
        Ok(json) => json,
        Err(error) => return drop(error.to_string()),
    };
    let value = match Value::from_json(ty, &json, &caps) {
        Ok(value) => value,
        Err(error) => return drop(error.to_string()),
    };
    let written = value
        .to_json(&caps.with_bytes(usize::MAX))
        .expect("a value has a form");
    let again = Value::from_json(ty, &written, &caps.with_bytes(usize::MAX));
    assert_eq!(again.expect("its own form is read"), value);
    let bytes = canonical(&written);
    let reread = parse_strict(&bytes, &caps.with_bytes(usize::MAX / 4)).expect("it is JSON");
    assert_eq!(
        canonical(&reread),
        bytes,
        "the canonical form is not stable"
    );
}

/// One type for each rule of the JSON form, by the first byte: `@` is 64 and so the first, `A` the next.
fn types() -> &'static [Type] {
    static TYPES: OnceLock<Vec<Type>> = OnceLock::new();
    TYPES.get_or_init(|| {
        vec![
            Type::Bool,
            Type::U8,
            Type::U64,
            Type::S64,
            Type::F32,
            Type::F64,
            Type::Char,
            Type::String,
            Type::Bytes,
            list(Type::String),
            option(option(Type::Bool)),
            option(Type::U32),
            tree(),
            Type::Enum(vec![name("red"), name("green")]),
            Type::Flags(vec![name("a"), name("b"), name("c")]),
            Type::Tuple(vec![Type::S16, Type::String]),
        ]
    })
}

/// Everything in one: records, variants and results inside one another.
fn tree() -> Type {
    let result = Type::Result {
        ok: Some(Box::new(list(Type::U64))),
        err: None,
    };
    let shape = Type::Variant(vec![
        case("none", None),
        case("some", Some(option(Type::String))),
        case("both", Some(result)),
    ]);
    Type::Record(vec![
        field("shape", shape),
        field("maybe", option(Type::S32)),
        field("blob", Type::Bytes),
    ])
}

fn list(ty: Type) -> Type {
    Type::List(Box::new(ty))
}

fn option(ty: Type) -> Type {
    Type::Option(Box::new(ty))
}

fn name(text: &str) -> Name {
    Name::from(text)
}

fn field(text: &str, ty: Type) -> Field {
    Field {
        name: name(text),
        docs: None,
        ty,
    }
}

fn case(text: &str, ty: Option<Type>) -> Case {
    Case {
        name: name(text),
        docs: None,
        ty,
    }
}
