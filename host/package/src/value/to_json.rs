//! A value to its one JSON form, bounded.

use super::{Caps, Problem, Value, ValueError};
use crate::wit_type::Name;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};

impl Value {
    /// The JSON form of this value.
    ///
    /// # Errors
    /// For a number that is not finite, and beyond `caps`; the error names the place.
    pub fn to_json(&self, caps: &Caps) -> Result<Json, ValueError> {
        Writer::new(caps).value(self)
    }
}

/// Writes values and counts what they cost.
pub(super) struct Writer<'a> {
    caps: &'a Caps,
    depth: usize,
    nodes: usize,
    bytes: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(caps: &'a Caps) -> Self {
        Self {
            caps,
            depth: 0,
            nodes: 0,
            bytes: 0,
        }
    }

    pub(super) fn value(&mut self, value: &Value) -> Result<Json, ValueError> {
        self.nodes += 1;
        if self.nodes > self.caps.nodes {
            return Err(Problem::TooMany(self.caps.nodes).into());
        }
        if self.depth >= self.caps.depth {
            return Err(Problem::TooDeep(self.caps.depth).into());
        }
        self.depth += 1;
        let json = self.inner(value);
        self.depth -= 1;
        json
    }

    fn inner(&mut self, value: &Value) -> Result<Json, ValueError> {
        Ok(match value {
            Value::Bool(value) => Json::Bool(*value),
            Value::U8(value) => Json::from(*value),
            Value::U16(value) => Json::from(*value),
            Value::U32(value) => Json::from(*value),
            Value::S8(value) => Json::from(*value),
            Value::S16(value) => Json::from(*value),
            Value::S32(value) => Json::from(*value),
            Value::U64(value) => Json::String(value.to_string()),
            Value::S64(value) => Json::String(value.to_string()),
            Value::F32(value) => float(f64::from(*value))?,
            Value::F64(value) => float(*value)?,
            Value::Char(value) => Json::String(value.to_string()),
            Value::String(text) => self.text(text)?,
            Value::Bytes(bytes) => {
                self.charge(bytes.len())?;
                Json::String(STANDARD.encode(bytes))
            }
            Value::List(items) | Value::Tuple(items) => self.items(items)?,
            Value::Option(inner) => self.option(inner.as_deref())?,
            Value::Result(Ok(inner)) => self.side("ok", inner.as_deref())?,
            Value::Result(Err(inner)) => self.side("error", inner.as_deref())?,
            Value::Record(fields) => Json::Object(self.fields(fields)?),
            Value::Variant { case, payload } => match payload {
                None => self.text(case)?,
                Some(inner) => self.side(case, Some(inner))?,
            },
            Value::Enum(name) => self.text(name)?,
            Value::Flags(names) => {
                let texts: Result<_, _> = names.iter().map(|name| self.text(name)).collect();
                Json::Array(texts?)
            }
        })
    }

    fn charge(&mut self, bytes: usize) -> Result<(), ValueError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.caps.bytes {
            return Err(Problem::TooLarge(self.caps.bytes).into());
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<Json, ValueError> {
        self.charge(text.len())?;
        Ok(Json::String(text.to_owned()))
    }

    fn items(&mut self, items: &[Value]) -> Result<Json, ValueError> {
        let written: Result<_, _> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.value(item).map_err(|e| e.at_index(index)))
            .collect();
        Ok(Json::Array(written?))
    }

    fn option(&mut self, inner: Option<&Value>) -> Result<Json, ValueError> {
        match inner {
            None => Ok(Json::Null),
            // The inner value may itself be `null`, so it is wrapped.
            Some(inner @ Value::Option(_)) => self.side("some", Some(inner)),
            Some(inner) => self.value(inner),
        }
    }

    /// An object with the one field `name`.
    fn side(&mut self, name: &str, inner: Option<&Value>) -> Result<Json, ValueError> {
        self.charge(name.len())?;
        let json = match inner {
            None => Json::Null,
            Some(inner) => self.value(inner).map_err(|e| e.at_name(name))?,
        };
        let mut object = Map::with_capacity(1);
        object.insert(name.to_owned(), json);
        Ok(Json::Object(object))
    }

    fn fields(&mut self, fields: &[(Name, Value)]) -> Result<Map<String, Json>, ValueError> {
        let mut object = Map::with_capacity(fields.len());
        for (name, value) in fields {
            self.field(&mut object, name, value)?;
        }
        Ok(object)
    }

    pub(super) fn field(
        &mut self,
        object: &mut Map<String, Json>,
        name: &str,
        value: &Value,
    ) -> Result<(), ValueError> {
        self.charge(name.len())?;
        let json = self.value(value).map_err(|e| e.at_name(name))?;
        object.insert(name.to_owned(), json);
        Ok(())
    }
}

/// Finite, and -0 as 0: JSON readers differ on it, so no two values may differ by it.
fn float(value: f64) -> Result<Json, ValueError> {
    Number::from_f64(value + 0.0)
        .map(Json::Number)
        .ok_or_else(|| Problem::NotFinite.into())
}
