//! The arguments of a call as Cedar sees them.

use cedar_policy::RestrictedExpression;
use serde_json::{Map, Value as Json};
use vouchsafe_package::{Param, Type};

use vouchsafe_package::condition::whole;

/// Arguments that Cedar can't hold exactly: its whole numbers end at 2^63 - 1. What looks at them is
/// then taken to have failed, which never allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inexact;

/// `context.input`: each argument that has a type in Cedar, where it has a value.
pub(crate) fn input(params: &[Param], input: &Json) -> Result<RestrictedExpression, Inexact> {
    let fields = params.iter().map(|param| (&*param.name, &param.ty));
    match input {
        Json::Object(object) => record(fields, object),
        _ => Err(Inexact),
    }
}

fn record<'a>(
    fields: impl Iterator<Item = (&'a str, &'a Type)>,
    object: &Map<String, Json>,
) -> Result<RestrictedExpression, Inexact> {
    let mut pairs = Vec::new();
    for (name, ty) in fields.filter(|(_, ty)| super::schema::of(ty).is_some()) {
        match (object.get(name), ty) {
            (None | Some(Json::Null), Type::Option(_)) => {}
            (Some(json), Type::Option(ty)) => pairs.push((name.to_owned(), value(ty, json)?)),
            (Some(json), ty) => pairs.push((name.to_owned(), value(ty, json)?)),
            (None, _) => return Err(Inexact),
        }
    }
    RestrictedExpression::new_record(pairs).map_err(|_| Inexact)
}

fn value(ty: &Type, json: &Json) -> Result<RestrictedExpression, Inexact> {
    let text = || json.as_str().map(str::to_owned).ok_or(Inexact);
    Ok(match ty {
        Type::Bool => RestrictedExpression::new_bool(json.as_bool().ok_or(Inexact)?),
        Type::String | Type::Char | Type::Enum(_) => RestrictedExpression::new_string(text()?),
        Type::List(element) => {
            let all = json.as_array().ok_or(Inexact)?.iter();
            let values: Result<Vec<_>, _> = all.map(|json| value(element, json)).collect();
            RestrictedExpression::new_set(values?)
        }
        Type::Record(fields) => {
            let fields = fields.iter().map(|field| (&*field.name, &field.ty));
            record(fields, json.as_object().ok_or(Inexact)?)?
        }
        _ => {
            let number = whole(json).and_then(|number| i64::try_from(number).ok());
            RestrictedExpression::new_long(number.ok_or(Inexact)?)
        }
    })
}
