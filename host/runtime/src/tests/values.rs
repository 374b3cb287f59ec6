//! Every value that JSON can hold goes into a guest and comes back the same.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::fmt::Write as _;
use vouchsafe_package::{Case, Field};

#[path = "../../../package/src/value/tests/any.rs"]
mod any;
use any::{types, values};

/// A component whose `echo` takes and returns a list of `ty`: the memory of the list is the
/// answer's, so any type works.
fn echo(ty: &Type) -> String {
    let mut types = Types::default();
    let name = types.name(ty);
    format!(
        r#"(component
        {}
        (core module $m
            (memory (export "memory") 16)
            (global $top (mut i32) (i32.const 16))
            (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and
                    (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                    (i32.sub (i32.const 0) (local.get $align))))
                (global.set $top (i32.add (local.get $at) (local.get $size)))
                (local.get $at))
            (func (export "echo") (param i32 i32) (result i32)
                (i32.store (i32.const 0) (local.get 0))
                (i32.store (i32.const 4) (local.get 1))
                (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "echo") (param "x" (list {name})) (result (list {name}))
            (canon lift (core func $i "echo") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#,
        types.text
    )
}

/// Definitions of types in WAT. Records and the like must be exported to have a name.
#[derive(Default)]
struct Types {
    text: String,
    count: usize,
}

impl Types {
    fn name(&mut self, ty: &Type) -> String {
        let definition = match ty {
            Type::Bool => return "bool".to_owned(),
            Type::U8 => return "u8".to_owned(),
            Type::U16 => return "u16".to_owned(),
            Type::U32 => return "u32".to_owned(),
            Type::U64 => return "u64".to_owned(),
            Type::S8 => return "s8".to_owned(),
            Type::S16 => return "s16".to_owned(),
            Type::S32 => return "s32".to_owned(),
            Type::S64 => return "s64".to_owned(),
            Type::F32 => return "f32".to_owned(),
            Type::F64 => return "f64".to_owned(),
            Type::Char => return "char".to_owned(),
            Type::String => return "string".to_owned(),
            Type::Bytes => return "(list u8)".to_owned(),
            Type::List(element) => return format!("(list {})", self.name(element)),
            Type::Option(some) => return format!("(option {})", self.name(some)),
            Type::Tuple(types) => {
                let types: Vec<_> = types.iter().map(|ty| self.name(ty)).collect();
                return format!("(tuple {})", types.join(" "));
            }
            Type::Result { ok, err } => {
                let ok = ok.as_ref().map_or(String::new(), |ty| self.name(ty));
                let err = err
                    .as_ref()
                    .map_or(String::new(), |ty| format!("(error {})", self.name(ty)));
                return format!("(result {ok} {err})");
            }
            Type::Record(fields) => {
                let fields: String = fields
                    .iter()
                    .map(|f| format!("(field \"{}\" {})", f.name, self.name(&f.ty)))
                    .collect();
                format!("(record {fields})")
            }
            Type::Variant(cases) => {
                let cases: String = cases
                    .iter()
                    .map(|c| {
                        format!(
                            "(case \"{}\" {})",
                            c.name,
                            c.ty.as_ref().map_or(String::new(), |ty| self.name(ty))
                        )
                    })
                    .collect();
                format!("(variant {cases})")
            }
            Type::Enum(names) => format!("(enum {})", quoted(names)),
            Type::Flags(names) => format!("(flags {})", quoted(names)),
        };
        self.count += 1;
        let n = self.count;
        writeln!(
            self.text,
            r#"(type $d{n} {definition}) (export $t{n} "t{n}" (type $d{n}))"#
        )
        .unwrap();
        format!("$t{n}")
    }
}

fn quoted(names: &[Name]) -> String {
    names.iter().map(|name| format!("\"{name}\" ")).collect()
}

/// What the tool's parameter and result are: a list of bytes is bytes.
fn listed(ty: &Type, values: Vec<Value>) -> (Type, Value) {
    match ty {
        Type::U8 => {
            let byte = |value| match value {
                Value::U8(byte) => byte,
                other => panic!("{other:?}"),
            };
            (
                Type::Bytes,
                Value::Bytes(values.into_iter().map(byte).collect()),
            )
        }
        ty => (Type::List(Box::new(ty.clone())), Value::List(values)),
    }
}

#[test]
fn any_value_comes_back_from_a_guest_as_it_went_in() {
    let engine = engine(|_| ());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let strategy = types().prop_flat_map(|ty| {
        let some = prop::collection::vec(values(&ty), 0..4);
        (Just(ty), some)
    });
    let cases = Config {
        cases: 48, // each compiles a component
        ..Config::default()
    };
    TestRunner::new(cases)
        .run(&strategy, |(ty, some)| {
            let (list, value) = listed(&ty, some);
            let tools = [tool("echo", &[("x", list.clone())], Some(list))];
            let skill = skill(&engine, &echo(&ty), &tools);
            let ran = runtime.block_on(engine.run(job(&skill, "echo", vec![value.clone()])));
            prop_assert_eq!(ran.result, Ok(Some(value)));
            Ok(())
        })
        .unwrap();
}
