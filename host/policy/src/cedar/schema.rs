//! What a policy can say of one tool: a schema with its arguments, by their types.

use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use serde_json::{Map, Value as Json, json};
use vouchsafe_package::{Param, SkillName, Type};

use super::written::Written;
use super::{CALL, NAMESPACE, ROLE, SKILL, TOOL, UNATTENDED};
use crate::place::Fault;

/// Each of `policies` that can match the tool and does not fit its types.
pub(crate) fn misfits<'a>(
    policies: impl Iterator<Item = &'a Written>,
    skill: &SkillName,
    tool: &str,
    params: &[Param],
) -> Vec<Fault> {
    let mut schema = None;
    let mut faults = Vec::new();
    for written in policies.filter(|written| written.scope.tools.has(skill, tool)) {
        let schema = schema.get_or_insert_with(|| schema_of(params));
        let problem = match schema {
            Ok(schema) => problem(schema.clone(), written),
            Err(error) => Some(error.clone()),
        };
        if let Some(problem) = problem {
            let problem = format!("it does not fit `{skill}/{tool}`: {problem}");
            faults.push(Fault::new(written.place.clone(), problem));
        }
    }
    faults
}

fn problem(schema: Schema, written: &Written) -> Option<String> {
    let mut set = PolicySet::new();
    if let Err(error) = set.add(written.policy.clone()) {
        return Some(error.to_string());
    }
    let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
    let mut errors = result.validation_errors();
    errors.next().map(ToString::to_string)
}

fn schema_of(params: &[Param]) -> Result<Schema, String> {
    let actions = [CALL, UNATTENDED].map(|action| {
        let context = json!({ "type": "Record", "attributes": {
            "agent": { "type": "String" },
            "input": record(params.iter().map(|param| (&*param.name, &param.ty))),
        }});
        let applies =
            json!({ "principalTypes": [ROLE], "resourceTypes": [TOOL], "context": context });
        (action.to_owned(), json!({ "appliesTo": applies }))
    });
    let tool = json!({ "type": "Record", "attributes": { "effect": { "type": "String" } } });
    let schema = json!({ "": {
        "entityTypes": {
            (ROLE): {},
            (NAMESPACE): {},
            (SKILL): { "memberOfTypes": [NAMESPACE] },
            (TOOL): { "memberOfTypes": [SKILL], "shape": tool },
        },
        "actions": actions.into_iter().collect::<Map<String, Json>>(),
    }});
    Schema::from_json_value(schema).map_err(|error| error.to_string())
}

/// The type of an argument; none for what Cedar has no type for, such as fractions, and what it
/// would have to be told apart by, such as variants.
pub(super) fn of(ty: &Type) -> Option<Json> {
    let named = |name: &str| Some(json!({ "type": name }));
    match ty {
        Type::Bool => named("Boolean"),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => named("Long"),
        Type::S8 | Type::S16 | Type::S32 | Type::S64 => named("Long"),
        Type::String | Type::Char | Type::Enum(_) => named("String"),
        Type::List(element) => {
            let element = of(element).filter(|_| !matches!(**element, Type::Option(_)))?;
            Some(json!({ "type": "Set", "element": element }))
        }
        Type::Option(some) => of(some).filter(|_| !matches!(**some, Type::Option(_))),
        Type::Record(fields) => Some(record(fields.iter().map(|field| (&*field.name, &field.ty)))),
        _ => None,
    }
}

fn record<'a>(fields: impl Iterator<Item = (&'a str, &'a Type)>) -> Json {
    let typed = fields.filter_map(|(name, ty)| {
        let mut attribute = of(ty)?;
        let required = !matches!(ty, Type::Option(_));
        let members = attribute.as_object_mut()?;
        members.insert("required".to_owned(), Json::Bool(required));
        Some((name.to_owned(), attribute))
    });
    json!({ "type": "Record", "attributes": typed.collect::<Map<String, Json>>() })
}
