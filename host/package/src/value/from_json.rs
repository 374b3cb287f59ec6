//! JSON to a value of a type: strict, bounded, and naming the place of what does not fit.

use super::{Caps, MAX_SAFE_INTEGER, Problem, Value, ValueError};
use crate::wit_type::{Case, Field, Name, Type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};

/// Most characters of a wrong name that an error repeats.
const EXCERPT: usize = 60;

impl Value {
    /// Reads `json` as a value of type `ty`.
    ///
    /// # Errors
    /// When `json` is not of that type or exceeds `caps`; the error names the place.
    pub fn from_json(ty: &Type, json: &Json, caps: &Caps) -> Result<Self, ValueError> {
        Reader::new(caps).value(ty, json)
    }
}

/// Reads values and counts what they cost.
pub(super) struct Reader<'a> {
    caps: &'a Caps,
    depth: usize,
    nodes: usize,
    bytes: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(caps: &'a Caps) -> Self {
        Self {
            caps,
            depth: 0,
            nodes: 0,
            bytes: 0,
        }
    }

    pub(super) fn value(&mut self, ty: &Type, json: &Json) -> Result<Value, ValueError> {
        self.nodes += 1;
        if self.nodes > self.caps.nodes {
            return Err(Problem::TooMany(self.caps.nodes).into());
        }
        if self.depth >= self.caps.depth {
            return Err(Problem::TooDeep(self.caps.depth).into());
        }
        self.depth += 1;
        let value = self.inner(ty, json);
        self.depth -= 1;
        value
    }

    fn inner(&mut self, ty: &Type, json: &Json) -> Result<Value, ValueError> {
        match ty {
            Type::Bool => json
                .as_bool()
                .map(Value::Bool)
                .ok_or_else(|| ValueError::expected("true or false", describe(json))),
            Type::U8 => small(json, "an integer from 0 to 255").map(Value::U8),
            Type::U16 => small(json, "an integer from 0 to 65535").map(Value::U16),
            Type::U32 => small(json, "an integer from 0 to 4294967295").map(Value::U32),
            Type::S8 => small(json, "an integer from -128 to 127").map(Value::S8),
            Type::S16 => small(json, "an integer from -32768 to 32767").map(Value::S16),
            Type::S32 => small(json, "an integer from -2147483648 to 2147483647").map(Value::S32),
            Type::U64 => wide(json, U64).map(Value::U64),
            Type::S64 => wide(json, S64).map(Value::S64),
            Type::F32 => float32(json).map(Value::F32),
            Type::F64 => float64(json).map(Value::F64),
            Type::Char => character(json).map(Value::Char),
            Type::String => self.string(json).map(Value::String),
            Type::Bytes => self.base64(json).map(Value::Bytes),
            Type::List(element) => self.list(element, json).map(Value::List),
            Type::Option(some) => self.option(some, json),
            Type::Result { ok, err } => self.result(ok.as_deref(), err.as_deref(), json),
            Type::Tuple(types) => self.tuple(types, json).map(Value::Tuple),
            Type::Record(fields) => self.record(fields, json).map(Value::Record),
            Type::Variant(cases) => self.variant(cases, json),
            Type::Enum(names) => enumeration(names, json).map(Value::Enum),
            Type::Flags(names) => self.flags(names, json).map(Value::Flags),
        }
    }

    /// Counts `bytes` more against the cap.
    fn charge(&mut self, bytes: usize) -> Result<(), ValueError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.caps.bytes {
            return Err(Problem::TooLarge(self.caps.bytes).into());
        }
        Ok(())
    }

    fn string(&mut self, json: &Json) -> Result<String, ValueError> {
        let text = text(json, "a string")?;
        self.charge(text.len())?;
        Ok(text.to_owned())
    }

    fn base64(&mut self, json: &Json) -> Result<Vec<u8>, ValueError> {
        const EXPECTED: &str = "bytes in base64 with padding";
        let text = text(json, EXPECTED)?;
        self.charge(text.len() / 4 * 3)?;
        STANDARD.decode(text).map_err(|error| {
            ValueError::expected(EXPECTED, format!("a string that is not ({error})"))
        })
    }

    fn list(&mut self, element: &Type, json: &Json) -> Result<Vec<Value>, ValueError> {
        let items = array(json, "an array")?;
        if items.len() > self.caps.nodes {
            return Err(Problem::TooMany(self.caps.nodes).into());
        }
        items
            .iter()
            .enumerate()
            .map(|(index, item)| self.value(element, item).map_err(|e| e.at_index(index)))
            .collect()
    }

    fn tuple(&mut self, types: &[Type], json: &Json) -> Result<Vec<Value>, ValueError> {
        let expected = || format!("an array of {}", types.len());
        let items = json
            .as_array()
            .ok_or_else(|| ValueError::expected(expected(), describe(json)))?;
        if items.len() != types.len() {
            let found = format!("an array of {}", items.len());
            return Err(ValueError::expected(expected(), found));
        }
        let pairs = types.iter().zip(items).enumerate();
        pairs
            .map(|(index, (ty, item))| self.value(ty, item).map_err(|e| e.at_index(index)))
            .collect()
    }

    fn option(&mut self, some: &Type, json: &Json) -> Result<Value, ValueError> {
        if json.is_null() {
            return Ok(Value::Option(None));
        }
        let value = if some.is_nullable() {
            let inner = sole(json, "null or an object with the one field `some`")?;
            match inner {
                ("some", inner) => self.value(some, inner).map_err(|e| e.within("some"))?,
                (other, _) => return Err(Problem::UnknownField(excerpt(other)).into()),
            }
        } else {
            self.value(some, json)?
        };
        Ok(Value::Option(Some(Box::new(value))))
    }

    fn result(
        &mut self,
        ok: Option<&Type>,
        err: Option<&Type>,
        json: &Json,
    ) -> Result<Value, ValueError> {
        match sole(json, "an object with the one field `ok` or `error`")? {
            ("ok", inner) => {
                let payload = self.payload(ok, inner).map_err(|e| e.within("ok"))?;
                Ok(Value::Result(Ok(payload)))
            }
            ("error", inner) => {
                let payload = self.payload(err, inner).map_err(|e| e.within("error"))?;
                Ok(Value::Result(Err(payload)))
            }
            (other, _) => Err(Problem::UnknownField(excerpt(other)).into()),
        }
    }

    /// A side of a result; a side without a type is `null`.
    fn payload(
        &mut self,
        ty: Option<&Type>,
        json: &Json,
    ) -> Result<Option<Box<Value>>, ValueError> {
        match ty {
            Some(ty) => Ok(Some(Box::new(self.value(ty, json)?))),
            None if json.is_null() => Ok(None),
            None => Err(ValueError::expected("null", describe(json))),
        }
    }

    /// The fields of a record or the arguments of a tool.
    pub(super) fn record(
        &mut self,
        fields: &[Field],
        json: &Json,
    ) -> Result<Vec<(Name, Value)>, ValueError> {
        let object = json
            .as_object()
            .ok_or_else(|| ValueError::expected("an object", describe(json)))?;
        let mut found = 0;
        let mut record = Vec::with_capacity(fields.len());
        for field in fields {
            found += usize::from(object.contains_key(&*field.name));
            let value = self.field(&field.name, &field.ty, object)?;
            record.push((field.name.clone(), value));
        }
        if found != object.len() {
            return Err(unknown(object, |key| {
                fields.iter().any(|f| &*f.name == key)
            }));
        }
        Ok(record)
    }

    pub(super) fn field(
        &mut self,
        name: &Name,
        ty: &Type,
        object: &Map<String, Json>,
    ) -> Result<Value, ValueError> {
        self.charge(name.len())?;
        match object.get(&**name) {
            Some(json) => self.value(ty, json).map_err(|e| e.at_name(name)),
            None if ty.is_nullable() => Ok(Value::Option(None)),
            None => Err(Problem::MissingField(name.to_string()).into()),
        }
    }

    fn variant(&mut self, cases: &[Case], json: &Json) -> Result<Value, ValueError> {
        if let Json::String(name) = json {
            let bare = cases
                .iter()
                .find(|case| &*case.name == name && case.ty.is_none());
            let case = bare.ok_or_else(|| wrong_case(cases, name))?;
            return Ok(Value::Variant {
                case: case.name.clone(),
                payload: None,
            });
        }
        let (name, inner) = sole(json, "the name of a case, or an object with one case")?;
        let case = cases.iter().find(|case| &*case.name == name);
        let Some((case, ty)) = case.and_then(|case| Some((case, case.ty.as_ref()?))) else {
            return Err(wrong_case(cases, name));
        };
        let payload = self.value(ty, inner).map_err(|e| e.at_name(name))?;
        Ok(Value::Variant {
            case: case.name.clone(),
            payload: Some(Box::new(payload)),
        })
    }

    fn flags(&mut self, names: &[Name], json: &Json) -> Result<Vec<Name>, ValueError> {
        let items = array(json, "an array of names")?;
        let mut set = vec![false; names.len()];
        for (index, item) in items.iter().enumerate() {
            let text = text(item, "the name of a flag").map_err(|e| e.at_index(index))?;
            let known = names
                .iter()
                .zip(&mut set)
                .find(|(name, _)| &***name == text);
            match known {
                Some((_, is_set)) if !*is_set => *is_set = true,
                Some(_) => {
                    let problem = Problem::RepeatedFlag(text.to_owned());
                    return Err(ValueError::from(problem).at_index(index));
                }
                None => {
                    let error = ValueError::expected(one_of(names.iter()), quoted(text));
                    return Err(error.at_index(index));
                }
            }
        }
        let kept = names.iter().zip(set).filter(|(_, is_set)| *is_set);
        Ok(kept.map(|(name, _)| name.clone()).collect())
    }
}

/// The first key of `object` that is not `known`.
pub(super) fn unknown(object: &Map<String, Json>, known: impl Fn(&str) -> bool) -> ValueError {
    let key = object.keys().find(|key| !known(key));
    Problem::UnknownField(key.map(|key| excerpt(key)).unwrap_or_default()).into()
}

pub(super) fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => format!("`{value}`"),
        Json::Number(value) => format!("`{value}`"),
        Json::String(_) => "a string".to_owned(),
        Json::Array(_) => "an array".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

fn small<T: TryFrom<i64>>(json: &Json, expected: &'static str) -> Result<T, ValueError> {
    json.as_number()
        .and_then(integer)
        .and_then(|value| T::try_from(value).ok())
        .ok_or_else(|| ValueError::expected(expected, describe(json)))
}

/// `number` as an integer, if it is one that every JSON reader keeps. `1.0` is an integer, as in JSON Schema.
fn integer(number: &Number) -> Option<i64> {
    if let Some(value) = number.as_i64() {
        return (value.unsigned_abs() <= MAX_SAFE_INTEGER).then_some(value);
    }
    let value = number.as_f64()?;
    let safe = value.fract() == 0.0 && value.abs() <= MAX_SAFE_INTEGER as f64;
    safe.then_some(value as i64)
}

const U64: &str =
    "an integer from 0 to 18446744073709551615, as a decimal string beyond 9007199254740991";
const S64: &str = "an integer from -9223372036854775808 to 9223372036854775807, as a decimal string beyond 9007199254740991";

fn wide<T>(json: &Json, expected: &'static str) -> Result<T, ValueError>
where
    T: TryFrom<i64> + std::str::FromStr + ToString,
{
    let Json::String(text) = json else {
        return small(json, expected);
    };
    let read: Option<T> = text.parse().ok();
    // One form only: no `+`, no leading zeros, no `-0`.
    read.filter(|value| value.to_string() == *text)
        .ok_or_else(|| ValueError::expected(expected, "a string that is not one"))
}

fn float64(json: &Json) -> Result<f64, ValueError> {
    let value = json.as_f64().filter(|value| value.is_finite());
    value
        .map(|value| value + 0.0) // -0 becomes 0
        .ok_or_else(|| ValueError::expected("a number", describe(json)))
}

fn float32(json: &Json) -> Result<f32, ValueError> {
    let value = float64(json)?;
    let narrow = value as f32; // rounded, as the type asks
    if !narrow.is_finite() {
        return Err(ValueError::expected("a number within f32", describe(json)));
    }
    Ok(narrow + 0.0)
}

fn character(json: &Json) -> Result<char, ValueError> {
    const EXPECTED: &str = "a string of one character (one Unicode scalar value)";
    let mut chars = text(json, EXPECTED)?.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(ValueError::expected(EXPECTED, "an empty string")),
        _ => Err(ValueError::expected(EXPECTED, "a longer string")),
    }
}

fn enumeration(names: &[Name], json: &Json) -> Result<Name, ValueError> {
    let Json::String(text) = json else {
        return Err(ValueError::expected(one_of(names.iter()), describe(json)));
    };
    let known = names.iter().find(|name| &***name == text);
    known
        .cloned()
        .ok_or_else(|| ValueError::expected(one_of(names.iter()), quoted(text)))
}

fn wrong_case(cases: &[Case], found: &str) -> ValueError {
    let forms = cases.iter().map(|case| match case.ty {
        None => format!("\"{}\"", case.name),
        Some(_) => format!("{{\"{}\": ...}}", case.name),
    });
    ValueError::expected(one_of(forms), quoted(found))
}

fn one_of<T: ToString>(names: impl Iterator<Item = T>) -> String {
    let names: Vec<String> = names
        .map(|name| format!("`{}`", name.to_string()))
        .collect();
    format!("one of {}", names.join(", "))
}

fn text<'j>(json: &'j Json, expected: &'static str) -> Result<&'j str, ValueError> {
    json.as_str()
        .ok_or_else(|| ValueError::expected(expected, describe(json)))
}

fn array<'j>(json: &'j Json, expected: &'static str) -> Result<&'j [Json], ValueError> {
    let items = json.as_array().map(Vec::as_slice);
    items.ok_or_else(|| ValueError::expected(expected, describe(json)))
}

/// The only field of an object.
fn sole<'j>(json: &'j Json, expected: &'static str) -> Result<(&'j str, &'j Json), ValueError> {
    let mut fields = json.as_object().into_iter().flatten();
    match (fields.next(), fields.next()) {
        (Some((key, value)), None) => Ok((key, value)),
        (None, _) => Err(ValueError::expected(expected, describe(json))),
        _ => Err(ValueError::expected(expected, "an object with more fields")),
    }
}

fn quoted(text: &str) -> String {
    format!("`{}`", excerpt(text))
}

/// The beginning of a foreign name, cut between characters and without anything that a terminal obeys.
fn excerpt(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(EXCERPT)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}
