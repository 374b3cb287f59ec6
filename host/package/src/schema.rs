//! JSON Schema 2020-12 for WIT types: what agents are told a tool takes and answers.
//!
//! Packages carry their schemas, and a reader derives them again and refuses a difference. The
//! derivation of [`FORMAT`] 1 is therefore frozen: whoever changes what is written here adds a
//! format and keeps this one for the packages that have it.

use serde_json::{Map, Value as Json, json};

use crate::tool::Param;
use crate::value::MAX_SAFE_INTEGER;
use crate::wit::Signature;
use crate::wit_type::{Case, Name, Type};

/// The version of the derivation.
pub const FORMAT: u32 = 1;

/// Which way the data goes. Only 64-bit integers differ: they are answered as decimal strings and
/// taken as integers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// The schema of what a tool answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Always an object's.
    pub schema: Json,
    /// Whether the value stands under `result`, being no object by itself.
    pub wraps: bool,
}

/// The schema of the arguments object.
#[must_use]
pub fn input(params: &[Param]) -> Json {
    let fields = params
        .iter()
        .map(|param| (&param.name, &param.docs, &param.ty));
    object(fields, Way::In)
}

/// The schema of a successful answer, if there is anything to answer. At this level a
/// `result<T, E>` answers T; E is the tool's error.
#[must_use]
pub fn output(signature: &Signature) -> Option<Output> {
    let ty = answered(signature.result.as_ref()?)?;
    let mut schema = schema(ty, Way::Out);
    describe(&mut schema, signature.result_docs.as_deref());
    let wraps = !matches!(ty, Type::Record(_));
    if wraps {
        schema = json!({
            "type": "object",
            "properties": { "result": schema },
            "required": ["result"],
            "additionalProperties": false,
        });
    }
    Some(Output { schema, wraps })
}

/// The type of a successful answer.
#[must_use]
pub fn answered(result: &Type) -> Option<&Type> {
    match result {
        Type::Result { ok, .. } => ok.as_deref(),
        ty => Some(ty),
    }
}

fn schema(ty: &Type, way: Way) -> Json {
    match ty {
        Type::Bool => json!({ "type": "boolean" }),
        Type::U8 => integer(0, u8::MAX.into()),
        Type::U16 => integer(0, u16::MAX.into()),
        Type::U32 => integer(0, u32::MAX.into()),
        Type::S8 => integer(i8::MIN.into(), i8::MAX.into()),
        Type::S16 => integer(i16::MIN.into(), i16::MAX.into()),
        Type::S32 => integer(i32::MIN.into(), i32::MAX.into()),
        Type::U64 => long(0, "^(0|[1-9][0-9]{0,19})$", way),
        Type::S64 => long(-SAFE, "^(0|-?[1-9][0-9]{0,18})$", way),
        Type::F32 => json!({ "type": "number", "minimum": f32::MIN, "maximum": f32::MAX }),
        Type::F64 => json!({ "type": "number" }),
        Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Type::String => json!({ "type": "string" }),
        Type::Bytes => json!({
            "type": "string",
            "contentEncoding": "base64",
            "pattern": "^[A-Za-z0-9+/]*={0,2}$",
        }),
        Type::List(item) => json!({ "type": "array", "items": schema(item, way) }),
        Type::Option(some) => option(some, way),
        Type::Result { ok, err } => json!({
            "oneOf": [side("ok", ok.as_deref(), way), side("error", err.as_deref(), way)],
        }),
        Type::Tuple(items) => json!({
            "type": "array",
            "prefixItems": items.iter().map(|item| schema(item, way)).collect::<Vec<_>>(),
            "items": false,
            "minItems": items.len(),
        }),
        Type::Record(fields) => object(
            fields
                .iter()
                .map(|field| (&field.name, &field.docs, &field.ty)),
            way,
        ),
        Type::Variant(cases) => json!({
            "oneOf": cases.iter().map(|case| one_case(case, way)).collect::<Vec<_>>(),
        }),
        Type::Enum(names) => json!({ "type": "string", "enum": texts(names) }),
        Type::Flags(names) => json!({
            "type": "array",
            "items": { "type": "string", "enum": texts(names) },
            "uniqueItems": true,
        }),
    }
}

/// The largest integer that every JSON reader keeps exactly.
#[expect(clippy::cast_possible_wrap, reason = "2^53 - 1 fits")]
const SAFE: i64 = MAX_SAFE_INTEGER as i64;

fn integer(minimum: i64, maximum: i64) -> Json {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum })
}

fn long(minimum: i64, pattern: &str, way: Way) -> Json {
    let text = json!({ "type": "string", "pattern": pattern });
    match way {
        Way::In => json!({ "anyOf": [integer(minimum, SAFE), text] }),
        Way::Out => text,
    }
}

fn option(some: &Type, way: Way) -> Json {
    let some = if some.is_nullable() {
        side("some", Some(some), way)
    } else {
        schema(some, way)
    };
    json!({ "anyOf": [some, { "type": "null" }] })
}

/// An object with one field, or with `null` in it where there is nothing to carry.
fn side(name: &str, ty: Option<&Type>, way: Way) -> Json {
    let inner = ty.map_or_else(|| json!({ "type": "null" }), |ty| schema(ty, way));
    json!({
        "type": "object",
        "properties": { name: inner },
        "required": [name],
        "additionalProperties": false,
    })
}

fn one_case(case: &Case, way: Way) -> Json {
    let mut schema = match &case.ty {
        None => json!({ "const": &*case.name }),
        Some(ty) => side(&case.name, Some(ty), way),
    };
    describe(&mut schema, case.docs.as_deref());
    schema
}

fn object<'a>(
    fields: impl Iterator<Item = (&'a Name, &'a Option<String>, &'a Type)>,
    way: Way,
) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, docs, ty) in fields {
        let mut schema = schema(ty, way);
        describe(&mut schema, docs.as_deref());
        properties.insert(name.to_string(), schema);
        if !matches!(ty, Type::Option(_)) {
            required.push(Json::from(&**name));
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn describe(schema: &mut Json, docs: Option<&str>) {
    if let (Json::Object(fields), Some(docs)) = (schema, docs) {
        fields.insert("description".to_owned(), docs.into());
    }
}

fn texts(names: &[Name]) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}

#[cfg(test)]
mod tests;
