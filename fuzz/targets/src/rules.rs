//! What operators write: grants, roles, trust.

use serde_json::Value as Json;
use vouchsafe_package::signing::Trust;
use vouchsafe_package::value::{Caps, parse_strict};
use vouchsafe_package::{Field, Param, Type};
use vouchsafe_policy::cedar::{Written, holds_exactly};
use vouchsafe_policy::convert::{About, File};
use vouchsafe_policy::{Grant, Role, Settings};

/// A grant: an error has its place, and what parses can say what it does not do yet.
pub fn grant(bytes: &[u8]) {
    crate::text(bytes, |text| match Grant::parse("grants/fuzz.toml", text) {
        Ok(grant) => {
            for notice in grant.notices() {
                drop(notice.to_string());
            }
            assert!(!grant.prefix().is_empty());
        }
        Err(fault) => assert!(fault.to_string().starts_with("grants/fuzz.toml:")),
    });
}

/// A role: as a grant.
pub fn role(bytes: &[u8]) {
    crate::text(bytes, |text| match Role::parse("roles/fuzz.toml", text) {
        Ok(role) => {
            for notice in role.notices() {
                drop(notice.to_string());
            }
        }
        Err(fault) => assert!(fault.to_string().starts_with("roles/fuzz.toml:")),
    });
}

/// `trust.toml`: no namespace ever has two owners.
pub fn trust(bytes: &[u8]) {
    crate::text(bytes, |text| match Trust::parse(text) {
        Ok(trust) => {
            for publisher in trust.publishers() {
                for namespace in publisher.namespaces() {
                    let owner = trust.owner(namespace).expect("the owner");
                    assert_eq!(owner.name(), publisher.name());
                }
            }
        }
        Err(error) => assert!(error.to_string().starts_with("trust.toml")),
    });
}

/// Policies: an error has its place, and what parses stands where it says.
pub fn policies(bytes: &[u8]) {
    crate::text(bytes, |text| {
        match Written::parse("policies/fuzz.cedar", text) {
            Ok(all) => {
                let mut last = None;
                for one in all {
                    let first = one
                        .text
                        .lines()
                        .next()
                        .expect("a policy is not empty")
                        .trim_end();
                    let line = text.lines().nth(one.place.line - 1).expect("its line");
                    assert!(line.contains(first), "{}: {line}", one.place);
                    assert!(last <= Some(one.place.clone()), "in order");
                    last = Some(one.place);
                }
            }
            Err(fault) => assert!(fault.to_string().starts_with("policies/fuzz.cedar:")),
        }
    });
}

/// The guide's configuration: what comes out is read by the parsers of our files, stands where a configuration directory
/// has such files, and every value is told of.
pub fn convert(bytes: &[u8]) {
    let Ok(document) = parse_strict(bytes, &Caps::default()) else {
        return;
    };
    let tool = "acme:payments/initiate".parse().expect("a tool");
    let named = About {
        tools: vec![tool],
        publisher: Some("acme".to_owned()),
    };
    for about in [About::default(), named] {
        let Ok(converted) = vouchsafe_policy::convert::convert(&document, &about) else {
            continue;
        };
        for File { path, text } in &converted.files {
            match path.split_once('/') {
                Some(("grants", "acme.payments.toml")) => {
                    drop(Grant::parse(path, text).expect("a grant"))
                }
                Some(("roles", name)) => {
                    assert!(!name.contains(['/', '\\']), "{path}");
                    drop(Role::parse(path, text).expect("a role"));
                }
                _ => {
                    assert_eq!(path, Settings::FILE);
                    drop(Settings::parse(path, text).expect("settings"));
                }
            }
        }
        for place in scalars(String::new(), &document) {
            assert!(
                converted.told.iter().any(|told| told.key == place),
                "{place}"
            );
        }
    }
}

/// Where values stand that are neither objects nor lists.
fn scalars(at: String, json: &Json) -> Vec<String> {
    match json {
        Json::Object(members) => {
            let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
            let below = members
                .iter()
                .flat_map(|(name, value)| scalars(format!("{at}/{}", escaped(name)), value));
            below.collect()
        }
        Json::Array(values) => {
            let numbered = values.iter().enumerate();
            numbered
                .flat_map(|(number, value)| scalars(format!("{at}/{number}"), value))
                .collect()
        }
        _ => vec![at],
    }
}

/// Arguments as Cedar sees them: never a panic, no number beyond what it holds, nothing of another kind than its
/// type says, and no difference made by what has no type there.
pub fn cedar_context(bytes: &[u8]) {
    crate::text(bytes, |text| {
        let Ok(input) = serde_json::from_str::<Json>(text) else {
            return;
        };
        let typed = typed_params();
        let held = holds_exactly(&typed, &input);
        let untyped = [("ratio", Type::F64), ("raw", Type::Bytes)].map(param);
        let all: Vec<_> = typed.into_iter().chain(untyped).collect();
        assert_eq!(held, holds_exactly(&all, &input), "of what has no type");
        if held {
            let at = |pointer: &str| input.pointer(pointer).unwrap_or(&Json::Null);
            let all = at("/all").as_array().expect("a list");
            all.iter().chain([at("/amount")]).for_each(fits);
            let note = at("/note");
            assert!(note.is_null() || note.is_string(), "{note}");
            if !at("/payer").is_null() {
                fits(at("/payer/number"));
                assert!(at("/payer/known").is_boolean() && at("/payer/kind").is_string());
            }
        }
    });
}

/// That Cedar's whole numbers hold `number`, in its one spelling.
fn fits(number: &Json) {
    let text = number
        .as_str()
        .map_or_else(|| number.to_string(), str::to_owned);
    assert_eq!(text.parse::<i64>().expect("64 bits").to_string(), text);
}

fn typed_params() -> Vec<Param> {
    let payer = [
        ("number", Type::U64),
        ("known", Type::Bool),
        ("kind", Type::Enum(vec!["person".into(), "firm".into()])),
    ];
    let payer = payer.map(|(name, ty)| Field {
        name: name.into(),
        docs: None,
        ty,
    });
    let params = [
        ("amount", Type::U64),
        ("all", Type::List(Box::new(Type::S64))),
        ("note", Type::Option(Box::new(Type::String))),
        ("payer", Type::Option(Box::new(Type::Record(payer.into())))),
    ];
    params.map(param).into()
}

fn param((name, ty): (&str, Type)) -> Param {
    Param {
        name: name.into(),
        docs: None,
        ty,
    }
}
