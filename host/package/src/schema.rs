//! JSON Schema 2020-12 for WIT types: what agents are told a tool takes and answers.
//!
//! Packages carry their schemas, and a reader derives them again and refuses a difference. The
//! derivation of [`FORMAT`] 1 is therefore frozen: whoever changes what is written here adds a
//! format and keeps this one for the packages that have it.

use serde_json::{Map, Value as Json, json};

use crate::tool::Param;
use crate::value::MAX_SAFE_INTEGER;
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

/// The schema of the arguments object.
#[must_use]
pub fn input(params: &[Param]) -> Json {
    let fields = params
        .iter()
        .map(|param| (&param.name, &param.docs, &param.ty));
    object(fields, Way::In)
}

/// The schema of a successful answer, always an object's, if there is anything to answer. At this
/// level a `result<T, E>` answers T; E is the tool's error. `docs` are the words on the result.
#[must_use]
pub fn output(result: Option<&Type>, docs: Option<&str>) -> Option<Json> {
    let mut schema = schema(answered(result?)?, Way::Out);
    describe(&mut schema, docs);
    if wraps(result) {
        schema = closed(of([("result", schema)]), vec!["result".into()]);
    }
    Some(schema)
}

/// Whether a successful answer stands under `result`, being no object by itself.
#[must_use]
pub fn wraps(result: Option<&Type>) -> bool {
    result
        .and_then(answered)
        .is_some_and(|ty| !matches!(ty, Type::Record(_)))
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
        Type::Bool => plain("boolean"),
        Type::U8 => integer(0, u8::MAX.into()),
        Type::U16 => integer(0, u16::MAX.into()),
        Type::U32 => integer(0, u32::MAX.into()),
        Type::S8 => integer(i8::MIN.into(), i8::MAX.into()),
        Type::S16 => integer(i16::MIN.into(), i16::MAX.into()),
        Type::S32 => integer(i32::MIN.into(), i32::MAX.into()),
        Type::U64 => long(0, "^(0|[1-9][0-9]{0,19})$", way),
        Type::S64 => long(-SAFE, "^(0|-?[1-9][0-9]{0,18})$", way),
        Type::F32 => json!({ "type": "number", "minimum": f32::MIN, "maximum": f32::MAX }),
        Type::F64 => plain("number"),
        Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Type::String => plain("string"),
        Type::Bytes => json!({
            "type": "string",
            "contentEncoding": "base64",
            "pattern": "^[A-Za-z0-9+/]*={0,2}$",
        }),
        Type::List(item) => of([("type", "array".into()), ("items", schema(item, way))]),
        Type::Option(some) => option(some, way),
        Type::Result { ok, err } => one_of([
            side("ok", ok.as_deref(), way),
            side("error", err.as_deref(), way),
        ]),
        Type::Tuple(items) => of([
            ("type", "array".into()),
            (
                "prefixItems",
                items.iter().map(|item| schema(item, way)).collect(),
            ),
            ("items", false.into()),
            ("minItems", items.len().into()),
        ]),
        Type::Record(fields) => object(
            fields
                .iter()
                .map(|field| (&field.name, &field.docs, &field.ty)),
            way,
        ),
        Type::Variant(cases) => one_of(cases.iter().map(|case| one_case(case, way))),
        Type::Enum(names) => one_of_names(names),
        Type::Flags(names) => of([
            ("type", "array".into()),
            ("items", one_of_names(names)),
            ("uniqueItems", true.into()),
        ]),
    }
}

/// The largest integer that every JSON reader keeps exactly.
#[expect(clippy::cast_possible_wrap, reason = "2^53 - 1 fits")]
const SAFE: i64 = MAX_SAFE_INTEGER as i64;

/// An object of these fields, in this order. They are moved: `json!` writes what is put into it out
/// anew, so that each level of a schema would be written once for every level above it.
fn of<const N: usize>(fields: [(&str, Json); N]) -> Json {
    let mut object = Map::with_capacity(N + 1); // room for a description
    for (name, value) in fields {
        object.insert(name.to_owned(), value);
    }
    Json::Object(object)
}

fn plain(ty: &str) -> Json {
    of([("type", ty.into())])
}

fn one_of(schemas: impl IntoIterator<Item = Json>) -> Json {
    of([("oneOf", schemas.into_iter().collect())])
}

fn integer(minimum: i64, maximum: i64) -> Json {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum })
}

fn long(minimum: i64, pattern: &str, way: Way) -> Json {
    let text = json!({ "type": "string", "pattern": pattern });
    match way {
        Way::In => of([("anyOf", vec![integer(minimum, SAFE), text].into())]),
        Way::Out => text,
    }
}

fn option(some: &Type, way: Way) -> Json {
    let some = if some.is_nullable() {
        side("some", Some(some), way)
    } else {
        schema(some, way)
    };
    of([("anyOf", vec![some, plain("null")].into())])
}

/// An object with one field, or with `null` in it where there is nothing to carry.
fn side(name: &str, ty: Option<&Type>, way: Way) -> Json {
    let inner = ty.map_or_else(|| plain("null"), |ty| schema(ty, way));
    closed(of([(name, inner)]), vec![name.into()])
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
    let mut properties = Map::with_capacity(fields.size_hint().0);
    let mut required = Vec::new();
    for (name, docs, ty) in fields {
        let mut schema = schema(ty, way);
        describe(&mut schema, docs.as_deref());
        properties.insert(name.to_string(), schema);
        if !matches!(ty, Type::Option(_)) {
            required.push(Json::from(&**name));
        }
    }
    closed(properties.into(), required)
}

/// The schema of an object with these properties and no others.
fn closed(properties: Json, required: Vec<Json>) -> Json {
    of([
        ("type", "object".into()),
        ("properties", properties),
        ("required", required.into()),
        ("additionalProperties", false.into()),
    ])
}

fn describe(schema: &mut Json, docs: Option<&str>) {
    if let (Json::Object(fields), Some(docs)) = (schema, docs) {
        fields.insert("description".to_owned(), docs.into());
    }
}

fn one_of_names(names: &[Name]) -> Json {
    let names = names.iter().map(|name| Json::from(&**name));
    of([("type", "string".into()), ("enum", names.collect())])
}

#[cfg(test)]
mod tests;
