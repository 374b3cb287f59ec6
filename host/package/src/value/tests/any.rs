//! Any type, and any value of it that JSON can hold: for property tests here and, by path, in other crates.

use super::{Case, Field, Name, Type, Value};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample;

/// A type, with some of what is inside it documented.
pub(crate) fn types() -> impl Strategy<Value = Type> {
    leaf().prop_recursive(3, 16, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed()
                .prop_filter("`list<u8>` is bytes", |ty| **ty != Type::U8)
                .prop_map(Type::List),
            boxed().prop_map(Type::Option),
            (option::of(boxed()), option::of(boxed()))
                .prop_map(|(ok, err)| Type::Result { ok, err }),
            vec(inner.clone(), 1..4).prop_map(Type::Tuple),
            (names(1..4), vec((docs(), inner.clone()), 4)).prop_map(record),
            (names(1..4), vec((docs(), option::of(inner)), 4)).prop_map(variant),
        ]
    })
}

/// A value of `ty`.
pub(crate) fn values(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::U8 => any::<u8>().prop_map(Value::U8).boxed(),
        Type::U16 => any::<u16>().prop_map(Value::U16).boxed(),
        Type::U32 => any::<u32>().prop_map(Value::U32).boxed(),
        Type::U64 => any::<u64>().prop_map(Value::U64).boxed(),
        Type::S8 => any::<i8>().prop_map(Value::S8).boxed(),
        Type::S16 => any::<i16>().prop_map(Value::S16).boxed(),
        Type::S32 => any::<i32>().prop_map(Value::S32).boxed(),
        Type::S64 => any::<i64>().prop_map(Value::S64).boxed(),
        // JSON has no other numbers, and one zero.
        Type::F32 => any::<f32>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(|f| Value::F32(f + 0.0))
            .boxed(),
        Type::F64 => any::<f64>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(|f| Value::F64(f + 0.0))
            .boxed(),
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Bytes => any::<Vec<u8>>().prop_map(Value::Bytes).boxed(),
        Type::Enum(names) => sample::select(names.clone()).prop_map(Value::Enum).boxed(),
        Type::Flags(names) => sample::subsequence(names.clone(), 0..=names.len())
            .prop_map(Value::Flags)
            .boxed(),
        Type::List(element) => vec(values(element), 0..4).prop_map(Value::List).boxed(),
        Type::Option(some) => side(Some(some)).prop_map(Value::Option).boxed(),
        Type::Result { ok, err } => prop_oneof![
            side(ok.as_deref()).prop_map(|v| Value::Result(Ok(v))),
            side(err.as_deref()).prop_map(|v| Value::Result(Err(v))),
        ]
        .boxed(),
        Type::Tuple(types) => types
            .iter()
            .map(values)
            .collect::<Vec<_>>()
            .prop_map(Value::Tuple)
            .boxed(),
        Type::Record(fields) => fields
            .iter()
            .map(|field| (Just(field.name.clone()), values(&field.ty)))
            .collect::<Vec<_>>()
            .prop_map(Value::Record)
            .boxed(),
        Type::Variant(cases) => sample::select(cases.clone())
            .prop_flat_map(|Case { name, ty, .. }| {
                side(ty.as_ref()).prop_map(move |payload| Value::Variant {
                    case: name.clone(),
                    payload,
                })
            })
            .boxed(),
    }
}

fn side(ty: Option<&Type>) -> BoxedStrategy<Option<Box<Value>>> {
    match ty {
        None => Just(None).boxed(),
        Some(ty) => values(ty).prop_map(|value| Some(Box::new(value))).boxed(),
    }
}

fn leaf() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::Bool),
        Just(Type::U8),
        Just(Type::U16),
        Just(Type::U32),
        Just(Type::U64),
        Just(Type::S8),
        Just(Type::S16),
        Just(Type::S32),
        Just(Type::S64),
        Just(Type::F32),
        Just(Type::F64),
        Just(Type::Char),
        Just(Type::String),
        Just(Type::Bytes),
        names(1..5).prop_map(Type::Enum),
        // More than 8 and more than 16 are wider in memory.
        names(1..20).prop_map(Type::Flags),
    ]
}

fn names(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Name>> {
    let name = "[a-z][a-z0-9]{1,4}(-[a-z][a-z0-9]{0,2})?".prop_map(Name::from);
    btree_set(name, count).prop_map(|names| names.into_iter().collect())
}

fn docs() -> impl Strategy<Value = Option<String>> {
    option::of("[a-z ]{0,9}")
}

/// With the words that WIT has for it.
type Documented<T> = (Option<String>, T);

fn record((names, rest): (Vec<Name>, Vec<Documented<Type>>)) -> Type {
    let fields = names.into_iter().zip(rest);
    Type::Record(
        fields
            .map(|(name, (docs, ty))| Field { name, docs, ty })
            .collect(),
    )
}

fn variant((names, rest): (Vec<Name>, Vec<Documented<Option<Type>>>)) -> Type {
    let cases = names.into_iter().zip(rest);
    Type::Variant(
        cases
            .map(|(name, (docs, ty))| Case { name, docs, ty })
            .collect(),
    )
}
