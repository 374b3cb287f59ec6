//! Values of the host to values of the engine and back.

use vouchsafe_package::value::Value;
use vouchsafe_package::{Case, Field, Name, Type};
use wasmtime::component::Val;

/// The engine's form of `value`.
pub(crate) fn to_val(value: Value) -> Val {
    match value {
        Value::Bool(value) => Val::Bool(value),
        Value::U8(value) => Val::U8(value),
        Value::U16(value) => Val::U16(value),
        Value::U32(value) => Val::U32(value),
        Value::U64(value) => Val::U64(value),
        Value::S8(value) => Val::S8(value),
        Value::S16(value) => Val::S16(value),
        Value::S32(value) => Val::S32(value),
        Value::S64(value) => Val::S64(value),
        Value::F32(value) => Val::Float32(value),
        Value::F64(value) => Val::Float64(value),
        Value::Char(value) => Val::Char(value),
        Value::String(text) => Val::String(text),
        Value::Bytes(bytes) => Val::List(bytes.into_iter().map(Val::U8).collect()),
        Value::List(items) => Val::List(items.into_iter().map(to_val).collect()),
        Value::Tuple(items) => Val::Tuple(items.into_iter().map(to_val).collect()),
        Value::Option(inner) => Val::Option(boxed(inner)),
        Value::Result(Ok(inner)) => Val::Result(Ok(boxed(inner))),
        Value::Result(Err(inner)) => Val::Result(Err(boxed(inner))),
        Value::Record(fields) => {
            let fields = fields.into_iter();
            Val::Record(
                fields
                    .map(|(name, value)| (name.to_string(), to_val(value)))
                    .collect(),
            )
        }
        Value::Variant { case, payload } => Val::Variant(case.to_string(), boxed(payload)),
        Value::Enum(name) => Val::Enum(name.to_string()),
        Value::Flags(names) => Val::Flags(names.iter().map(Name::to_string).collect()),
    }
}

/// What `value` takes in the engine's form, roughly.
pub(crate) fn bytes(value: &Value) -> u64 {
    const ONE: u64 = size_of::<Val>() as u64;
    let names = |names: &[Name]| names.iter().map(|name| ONE + name.len() as u64).sum();
    let inner = match value {
        Value::String(text) => text.len() as u64,
        Value::Bytes(bytes) => ONE.saturating_mul(bytes.len() as u64),
        Value::List(items) | Value::Tuple(items) => items.iter().map(bytes).sum(),
        Value::Option(inner) | Value::Result(Ok(inner) | Err(inner)) => {
            inner.as_deref().map_or(0, bytes)
        }
        Value::Record(fields) => {
            let field = |(name, value): &(Name, Value)| ONE + name.len() as u64 + bytes(value);
            fields.iter().map(field).sum()
        }
        Value::Variant { case, payload } => case.len() as u64 + payload.as_deref().map_or(0, bytes),
        Value::Enum(name) => name.len() as u64,
        Value::Flags(flags) => names(flags),
        _ => 0,
    };
    ONE.saturating_add(inner)
}

fn boxed(inner: Option<Box<Value>>) -> Option<Box<Val>> {
    inner.map(|value| Box::new(to_val(*value)))
}

/// The host's form of `val`, of type `ty`; `None` if it is of another type, which the engine has
/// ruled out by then.
pub(crate) fn from_val(ty: &Type, val: Val) -> Option<Value> {
    Some(match (ty, val) {
        (Type::Bool, Val::Bool(value)) => Value::Bool(value),
        (Type::U8, Val::U8(value)) => Value::U8(value),
        (Type::U16, Val::U16(value)) => Value::U16(value),
        (Type::U32, Val::U32(value)) => Value::U32(value),
        (Type::U64, Val::U64(value)) => Value::U64(value),
        (Type::S8, Val::S8(value)) => Value::S8(value),
        (Type::S16, Val::S16(value)) => Value::S16(value),
        (Type::S32, Val::S32(value)) => Value::S32(value),
        (Type::S64, Val::S64(value)) => Value::S64(value),
        (Type::F32, Val::Float32(value)) => Value::F32(value),
        (Type::F64, Val::Float64(value)) => Value::F64(value),
        (Type::Char, Val::Char(value)) => Value::Char(value),
        (Type::String, Val::String(text)) => Value::String(text),
        (Type::Bytes, Val::List(items)) => {
            let byte = |item| match item {
                Val::U8(byte) => Some(byte),
                _ => None,
            };
            Value::Bytes(items.into_iter().map(byte).collect::<Option<_>>()?)
        }
        (Type::List(element), Val::List(items)) => {
            let items = items.into_iter().map(|item| from_val(element, item));
            Value::List(items.collect::<Option<_>>()?)
        }
        (Type::Tuple(types), Val::Tuple(items)) if types.len() == items.len() => {
            let items = types.iter().zip(items).map(|(ty, item)| from_val(ty, item));
            Value::Tuple(items.collect::<Option<_>>()?)
        }
        (Type::Option(some), Val::Option(inner)) => Value::Option(match inner {
            None => None,
            Some(inner) => Some(Box::new(from_val(some, *inner)?)),
        }),
        (Type::Result { ok, .. }, Val::Result(Ok(inner))) => {
            Value::Result(Ok(payload(ok.as_deref(), inner)?))
        }
        (Type::Result { err, .. }, Val::Result(Err(inner))) => {
            Value::Result(Err(payload(err.as_deref(), inner)?))
        }
        (Type::Record(fields), Val::Record(values)) => Value::Record(record(fields, values)?),
        (Type::Variant(cases), Val::Variant(name, inner)) => variant(cases, &name, inner)?,
        (Type::Enum(names), Val::Enum(name)) => Value::Enum(known(names, &name)?),
        (Type::Flags(names), Val::Flags(set)) => Value::Flags(
            set.iter()
                .map(|name| known(names, name))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

type Payload = Option<Box<Value>>;

/// A payload, there exactly if its type is.
fn payload(ty: Option<&Type>, inner: Option<Box<Val>>) -> Option<Payload> {
    match (ty, inner) {
        (None, None) => Some(None),
        (Some(ty), Some(inner)) => Some(Some(Box::new(from_val(ty, *inner)?))),
        _ => None,
    }
}

fn record(fields: &[Field], values: Vec<(String, Val)>) -> Option<Vec<(Name, Value)>> {
    if fields.len() != values.len() {
        return None;
    }
    let pairs = fields.iter().zip(values);
    pairs
        .map(|(field, (name, val))| {
            let value = (*field.name == *name).then(|| from_val(&field.ty, val))??;
            Some((field.name.clone(), value))
        })
        .collect()
}

fn variant(cases: &[Case], name: &str, inner: Option<Box<Val>>) -> Option<Value> {
    let case = cases.iter().find(|case| *case.name == *name)?;
    Some(Value::Variant {
        case: case.name.clone(),
        payload: payload(case.ty.as_ref(), inner)?,
    })
}

fn known(names: &[Name], name: &str) -> Option<Name> {
    names.iter().find(|known| ***known == *name).cloned()
}
