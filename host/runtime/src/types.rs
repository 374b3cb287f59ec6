//! The types that the engine sees, in the words of the package, to compare the two.

use vouchsafe_package::{Case, Field, Name, Param, Type};
use wasmtime::component::types::{ComponentFunc, Type as Seen};

/// Checks that `seen` has exactly these parameters and this result.
///
/// # Errors
/// Where they differ, in words.
pub(crate) fn check(
    expected: &[Param],
    result: Option<&Type>,
    seen: &ComponentFunc,
) -> Result<(), String> {
    if seen.async_() {
        return Err("it is asynchronous".to_owned());
    }
    let params: Vec<_> = seen.params().collect();
    if params.len() != expected.len() {
        let (expected, found) = (expected.len(), params.len());
        return Err(format!("{found} parameters, not {expected}"));
    }
    for (param, (name, ty)) in expected.iter().zip(&params) {
        if *param.name != **name {
            return Err(format!("a parameter `{name}`, not `{}`", param.name));
        }
        compare(&format!("parameter `{name}`"), &param.ty, ty)?;
    }
    let results: Vec<_> = seen.results().collect();
    match (result, results.as_slice()) {
        (None, []) => Ok(()),
        (Some(ty), [seen]) => compare("result", ty, seen),
        (None, _) => Err("a result, not none".to_owned()),
        (Some(_), _) => Err("no result".to_owned()),
    }
}

fn compare(what: &str, expected: &Type, seen: &Seen) -> Result<(), String> {
    match translate(seen) {
        Some(found) if found.same_shape(expected) => Ok(()),
        Some(found) => Err(format!("{what} of type `{found}`, not `{expected}`")),
        None => Err(format!("{what} of a type that is not data")),
    }
}

/// The type in the words of the package; `None` for what is not data.
fn translate(seen: &Seen) -> Option<Type> {
    Some(match seen {
        Seen::Bool => Type::Bool,
        Seen::S8 => Type::S8,
        Seen::U8 => Type::U8,
        Seen::S16 => Type::S16,
        Seen::U16 => Type::U16,
        Seen::S32 => Type::S32,
        Seen::U32 => Type::U32,
        Seen::S64 => Type::S64,
        Seen::U64 => Type::U64,
        Seen::Float32 => Type::F32,
        Seen::Float64 => Type::F64,
        Seen::Char => Type::Char,
        Seen::String => Type::String,
        Seen::List(list) => match translate(&list.ty())? {
            Type::U8 => Type::Bytes,
            element => Type::List(Box::new(element)),
        },
        Seen::Option(option) => Type::Option(Box::new(translate(&option.ty())?)),
        Seen::Result(result) => Type::Result {
            ok: side(result.ok())?,
            err: side(result.err())?,
        },
        Seen::Tuple(tuple) => Type::Tuple(
            tuple
                .types()
                .map(|ty| translate(&ty))
                .collect::<Option<_>>()?,
        ),
        Seen::Record(record) => Type::Record(
            record
                .fields()
                .map(|field| self::field(field.name, &field.ty))
                .collect::<Option<_>>()?,
        ),
        Seen::Variant(variant) => Type::Variant(
            variant
                .cases()
                .map(|case| self::case(case.name, case.ty.as_ref()))
                .collect::<Option<_>>()?,
        ),
        Seen::Enum(names) => Type::Enum(names.names().map(Name::from).collect()),
        Seen::Flags(names) => Type::Flags(names.names().map(Name::from).collect()),
        Seen::Map(_)
        | Seen::Own(_)
        | Seen::Borrow(_)
        | Seen::Future(_)
        | Seen::Stream(_)
        | Seen::ErrorContext
        | Seen::FixedLengthList(_) => return None,
    })
}

fn side(seen: Option<Seen>) -> Option<Option<Box<Type>>> {
    match seen {
        None => Some(None),
        Some(seen) => Some(Some(Box::new(translate(&seen)?))),
    }
}

fn field(name: &str, seen: &Seen) -> Option<Field> {
    Some(Field {
        name: Name::from(name),
        docs: None,
        ty: translate(seen)?,
    })
}

fn case(name: &str, seen: Option<&Seen>) -> Option<Case> {
    let ty = match seen {
        None => None,
        Some(seen) => Some(translate(seen)?),
    };
    Some(Case {
        name: Name::from(name),
        docs: None,
        ty,
    })
}
