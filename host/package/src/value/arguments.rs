//! The arguments of a tool: one JSON object, one member for each parameter.

use super::from_json::{Reader, describe, unknown};
use super::to_json::Writer;
use super::{Caps, Value, ValueError};
use crate::Param;
use serde_json::{Map, Value as Json};

/// Reads the arguments object of a tool, in the order of its parameters. An absent object is an
/// empty one, and an absent optional argument is none.
///
/// # Errors
/// For a missing, unknown or ill-typed argument, and beyond `caps`; the error names the place.
pub fn arguments_from_json(
    params: &[Param],
    json: &Json,
    caps: &Caps,
) -> Result<Vec<Value>, ValueError> {
    let empty = Map::new();
    let object = match json {
        Json::Object(object) => object,
        Json::Null => &empty,
        other => {
            return Err(ValueError::expected(
                "an object of arguments",
                describe(other),
            ));
        }
    };
    let is_param = |key: &str| params.iter().any(|param| &*param.name == key);
    if !object.keys().all(|key| is_param(key)) {
        return Err(unknown(object, is_param));
    }
    let mut reader = Reader::new(caps);
    let values = params
        .iter()
        .map(|param| reader.field(&param.name, &param.ty, object));
    values.collect()
}

/// The arguments object of a tool, complete and in the one form of each value: what an approval
/// shows and a commitment binds.
///
/// # Errors
/// As [`Value::to_json`].
pub fn arguments_to_json(
    params: &[Param],
    values: &[Value],
    caps: &Caps,
) -> Result<Json, ValueError> {
    let mut object = Map::with_capacity(values.len());
    let mut writer = Writer::new(caps);
    for (param, value) in params.iter().zip(values) {
        writer.field(&mut object, &param.name, value)?;
    }
    Ok(Json::Object(object))
}
